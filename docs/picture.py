"""Take the pictures of the guides from the sample report and the running app, so that they never show what is not there."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from browser.driving import App, serving_app, serving_launcher, start_chromium
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "reports" / "contoh"


def main() -> int:
    if not (SAMPLE / "index.html").is_file():
        print("Jalankan make sample lebih dahulu.", file=sys.stderr)
        return 2
    with sync_playwright() as playwright:
        browser = start_chromium(playwright)
        of_the_report(browser)
        with tempfile.TemporaryDirectory() as folder, serving_app(Path(folder)) as server:
            page = browser.new_page(viewport={"width": 1180, "height": 900})
            page.goto(server.url)
            of_the_app(App(page))
            page.close()
        with tempfile.TemporaryDirectory() as folder, serving_launcher(Path(folder), ROOT) as server:
            page = browser.new_page(viewport={"width": 1100, "height": 560})
            page.goto(server.url)
            page.get_by_role("button", name="Buat laporan", exact=True).click(timeout=60_000)
            page.get_by_label("Daerah").wait_for()
            page.evaluate("document.activeElement.blur()")
            keep(page, "beranda")
            page.close()
    return 0


def of_the_report(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 1290})
    page.goto((SAMPLE / "index.html").as_uri())
    keep(page, "laporan")
    page.goto((SAMPLE / "02_kelemahan_klaster.html").as_uri())
    page.set_viewport_size({"width": 900, "height": 860})
    page.locator("h3", has_text="Klaster II").first.evaluate("one => window.scrollTo(0, one.offsetTop - 16)")
    keep(page, "klaster")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((SAMPLE / "index.html").as_uri())
    keep(page, "ponsel")
    page.close()


def of_the_app(app: App) -> None:
    app.type_budget("900 juta")
    app.page.wait_for_function("document.querySelector('.kla-app svg[data-total]').dataset.cost <= 900000000")
    app.page.wait_for_timeout(1000)
    app.page.evaluate("document.activeElement.blur()")
    keep(app.page.locator(".kla-app"), "simulasi")


def keep(shown: Page | Locator, name: str) -> None:
    """Write a picture with a palette: a third of the bytes, and nothing that the eye misses."""
    path = ROOT / "docs" / f"{name}.png"
    picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    picture.quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    sys.exit(main())
