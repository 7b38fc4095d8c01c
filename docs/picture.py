"""Take the pictures of the guides from the sample report and the running app, so that they never show what is not there."""

from __future__ import annotations

import datetime
import io
import shutil
import sys
import tempfile
from pathlib import Path

import rounds
from browser.driving import App, Hand, serving_app, serving_launcher, start_chromium, until
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from kla_analysis.evidence.followup import add_decision

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "reports" / "contoh"

#: Scrolls a page until something stands a little below its top.
TO_THE_TOP = "one => window.scrollBy(0, one.getBoundingClientRect().top - 4)"


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
            keep(page, "beranda")
            page.close()
        with tempfile.TemporaryDirectory() as folder:
            of_a_round(browser, Path(folder))
    return 0


def of_the_report(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 900, "height": 1290})
    page.goto((SAMPLE / "index.html").as_uri())
    keep(page, "laporan")
    page.goto((SAMPLE / "02_kelemahan_klaster.html").as_uri())
    page.set_viewport_size({"width": 900, "height": 860})
    page.locator("h3", has_text="Klaster II").first.evaluate(TO_THE_TOP)
    keep(page, "klaster")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((SAMPLE / "index.html").as_uri())
    keep(page, "ponsel")
    page.close()


def of_the_app(app: App) -> None:
    before = app.shown
    app.type_budget("900 juta")
    until(lambda: app.shown != before)
    app.page.wait_for_timeout(1000)
    keep(app.page.locator(".kla-app"), "simulasi")


def of_a_round(browser: Browser, folder: Path) -> None:
    """Play a round with made-up answers, from the worksheets to what meetings decided."""
    home = folder / "home"
    shutil.copytree(ROOT / "data", home / "data")
    (home / "notebooks").mkdir()
    for name in ("beranda", "09_keadaan_putaran"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", home / "notebooks")
    played = rounds.Played(folder)
    with serving_launcher(folder, home) as server:
        hand = Hand(browser.new_page(viewport={"width": 1100, "height": 540}))
        hand.page.goto(server.url)
        hand.page.get_by_role("button", name="Tindak lanjut", exact=True).wait_for(timeout=60_000)
        handed_out(hand)
        came_back(hand, rounds.almost_all(played, folder / "kiriman"))
        _say_illustrative(home / "data/assessments/63.10/2025-self_assessment.origin.yaml")
        state_of_the_round(hand)
        decided(home / "data")
        followed_up(Hand(browser.new_page(viewport={"width": 1100, "height": 650})), server.url)


def handed_out(hand: Hand) -> None:
    hand.button("Kumpulkan lembar kerja")
    hand.fill("Daerah", "63.10 Kab. Tanah Bumbu")
    hand.fill("Tahun", "2025")
    hand.fill("Tenggat", rounds.DUE)
    hand.fill("Kecamatan", ", ".join(rounds.SUBDISTRICTS))
    hand.button("Siapkan lembar kerja")
    hand.page.get_by_role("link", name="lembar-kerja-63.10-2025.zip").wait_for()
    keep(hand.page, "putaran-bagikan")


def came_back(hand: Hand, files: list[Path]) -> None:
    hand.upload("Lembar yang kembali", *files)
    hand.page.get_by_text("sudah menyerahkan.").wait_for(timeout=60_000)
    hand.page.set_viewport_size({"width": 1100, "height": 780})
    hand.page.locator(".kla-app .kla-remark").evaluate(TO_THE_TOP)
    keep(hand.page, "putaran-penyerahan")


def _say_illustrative(origin: Path) -> None:
    text = origin.read_text(encoding="utf-8")
    origin.write_text(text.replace("kind: real", "kind: illustrative"), encoding="utf-8")


def state_of_the_round(hand: Hand) -> None:
    hand.button("Buat laporan dari lembar ini")
    hand.button("Buat laporan sekarang")
    hand.page.get_by_text("Selesai dalam").wait_for(timeout=120_000)
    hand.open("Buka laporan: Kab. Tanah Bumbu 2025")
    hand.click(hand.page.get_by_role("link", name="Keadaan putaran").first)
    hand.page.set_viewport_size({"width": 900, "height": 1040})
    hand.page.get_by_role("heading", name="Seberapa jauh putaran ini?").evaluate(TO_THE_TOP)
    keep(hand.page, "putaran-keadaan")


def decided(data: Path) -> None:
    """Write down what a meeting decided a month ago: one late, one open, one done."""
    today = datetime.date.today()
    day = {days: (today + datetime.timedelta(days)).isoformat() for days in (-30, -9, -5, 21)}
    for about in (
        {"what": "Tetapkan SK gugus tugas yang baru", "agency": "Bagian Hukum", "due": day[-5], "component_code": "K0"},
        {
            "what": "Laporan layanan PUSPAGA setahun penuh",
            "agency": "Dinas PPPA",
            "due": day[21],
            "question_code": "8.2",
        },
        {
            "what": "Unggah data akta kelahiran per desa",
            "agency": "Disdukcapil",
            "due": day[-5],
            "question_code": "4.1",
            "state": "done",
            "done_on": day[-9],
        },
    ):
        add_decision("63.10", award_year=2025, decided_on=day[-30], data=data, **about)


def followed_up(hand: Hand, url: str) -> None:
    hand.page.goto(url)
    hand.page.get_by_role("button", name="Tindak lanjut", exact=True).wait_for(timeout=60_000)
    hand.button("Tindak lanjut")
    hand.page.get_by_role("row").filter(has_text="PUSPAGA").wait_for()
    hand.page.get_by_role("heading", name="Tindak lanjut", exact=True).evaluate(TO_THE_TOP)
    keep(hand.page, "putaran-tindak-lanjut")


def keep(shown: Page | Locator, name: str) -> None:
    """Write a picture with a palette: a third of the bytes, and nothing that the eye misses."""
    page = shown if isinstance(shown, Page) else shown.page
    page.evaluate("document.activeElement.blur()")  # no ring around what was pressed last
    path = ROOT / "docs" / f"{name}.png"
    picture = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    picture.quantize(128, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    sys.exit(main())
