"""Take the README's picture from the real report, so that it never shows what is not there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "reports" / "63.10" / "2022" / "index.html"
PICTURE = ROOT / "docs" / "laporan.png"


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("Perlu chromium. Debian/Ubuntu: sudo apt install chromium", file=sys.stderr)
        return 2
    if not PAGE.is_file():
        print("Jalankan make report lebih dahulu.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
             "--hide-scrollbars", f"--user-data-dir={profile}", "--window-size=900,1290",
             f"--screenshot={PICTURE}", PAGE.as_uri()],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
