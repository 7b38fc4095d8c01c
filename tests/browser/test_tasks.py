"""Ten things that people come for, each done by hand from the first page within six actions.

Each on the screen that its people hold, a projector or a phone, and by `make thorough` on both. What was on the screen at
the end is kept in tests/browser/screenshots/.
"""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Iterator
from pathlib import Path

import people
import pytest
import rounds
from browser.driving import App, Hand, Server, Window, counted, serving_launcher, until, window_of
from browser.test_access import findings, fits
from conftest import ROOT, often
from playwright.sync_api import Browser

import kla_analysis as kla
from kla_analysis.evidence.worksheets import open_round
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.runs.runner import run_report
from kla_analysis.showing.worksheets import worksheet

#: The chapters of the reports that are made here; the tasks that look something up do so in the sample.
CHAPTERS = ("01_rapor", "02_kelemahan_klaster")
SHEET = "data/assessments/63.10/2022-final.csv"
#: A hand that is quicker than any: it opens the first door as soon as it is there.
AT_ONCE = """new MutationObserver((_, hand) => {
  const door = document.querySelector(".kla-doors button");
  if (door) { hand.disconnect(); setTimeout(() => door.click(), 100); }
}).observe(document, {childList: true, subtree: true})"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two rounds, the sample report, and the same report made again after its sheet had changed."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "data", home / "data")
    (home / "notebooks").mkdir()
    for name in (*CHAPTERS, "beranda"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", home / "notebooks")
    for folder in ("contoh", "63.10/2022"):
        shutil.copytree(ROOT / "reports" / "contoh", home / "reports" / folder)
    text = (home / SHEET).read_text(encoding="utf-8")
    later = text.replace(",2022,final,", ",2025,self_assessment,").replace(",1.1,10.11,", ",1.1,12,")
    folder = (home / SHEET).parent
    (folder / "2025-self_assessment.csv").write_text(later, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KLA_HOME", str(home))
        (home / SHEET).write_text(text.replace(",1.1,10.11,", ",1.1,12,"), encoding="utf-8")
        run_report(ReportParameters())
    return home


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_launcher(tmp_path_factory.mktemp("server"), home) as server:
        yield server


on_a_phone, at_a_desk = (
    pytest.mark.parametrize("window", often([size], ["1366", "390"]), indirect=True) for size in ("390", "1366")
)


@pytest.fixture(scope="module")
def window(request: pytest.FixtureRequest, browser: Browser, server: Server) -> Iterator[Window]:
    with window_of(browser, request.param) as context:
        yield Window(request.param, context, server.url)


@pytest.fixture
def task(window: Window, request: pytest.FixtureRequest) -> Iterator[Hand]:
    """A hand on the first page; at the end its actions are counted, and the screen is kept."""
    with counted(window.page(), f"{request.node.originalname.removeprefix('test_')}-{window.size}") as hand:
        yield hand


@on_a_phone
def test_open_the_sample_report(task):
    task.button("Buat laporan")
    task.button("Laporan yang ada")
    task.open("Buka laporan: Contoh: Kab. Tanah Bumbu 2022")
    assert "Tanah Bumbu" in task.page.title()
    assert "650,5" in task.page.locator("body").inner_text()


@at_a_desk
def test_run_a_report(task, window, home):
    task.button("Buat laporan")
    task.choose("Tahun", "2025")
    if window.size == "390":  # the other window has made the one that is offered
        task.choose("Target", "Utama")
    task.button("Buat laporan sekarang")
    task.page.get_by_text("[1/2]").wait_for()
    task.page.get_by_text("Selesai dalam").wait_for()
    task.open("Buka laporan: Kab. Tanah Bumbu 2025")
    assert (home / "reports/63.10/2025/laporan.xlsx").is_file()
    assert "2025" in task.page.locator("body").inner_text()


@on_a_phone
def test_change_the_language(task):
    task.button("English")
    task.button("Make a report")
    assert task.page.get_by_label("Language", exact=True).input_value() == "English"
    until(lambda: task.page.locator("html").get_attribute("lang") == "en")
    assert "Daerah" not in task.page.locator(".kla-app").inner_text()


@on_a_phone
def test_move_the_slider_and_export_the_picture(task):
    task.button("Coba anggaran")
    app = App(task.page)
    before = app.shown
    task.hold("ArrowRight", app.handle, 20)
    until(lambda: app.shown[1] != before[1])
    task.button("Siapkan unduhan")
    assert task.download("rencana.png").read_bytes().startswith(b"\x89PNG")


@at_a_desk
def test_compare_two_rounds(task):
    task.button("Buat laporan")
    task.button("Bandingkan dua putaran")
    task.choose("Yang lama", "63.10 Kab. Tanah Bumbu, 2022, Hasil akhir")
    task.choose("Yang baru", "Daerah rujukan (tanpa nama), 2024, Evaluasi mandiri")
    told = "Daerah rujukan (tanpa nama) 2024 (Evaluasi mandiri): 771,81 poin (Nindya). Selisihnya +119,42 poin."
    task.page.get_by_text(told).wait_for()
    task.look_at(task.page.get_by_role("table"))


@on_a_phone
def test_find_the_weakest_cluster(task):
    task.button("Buat laporan")
    task.button("Laporan yang ada")
    task.open("Buka laporan: Contoh: Kab. Tanah Bumbu 2022")
    task.click(task.page.get_by_role("link", name="Rapor", exact=True).first)
    worst = kla.open_position("63.10", 2022).roll_up.components["lost_points"].idxmax()
    name = kla.load_instrument().component(worst).name
    told = task.page.get_by_text(f"Kehilangan terbesar ada di {name}")
    assert told.is_visible()
    task.look_at(told)


@at_a_desk
def test_find_the_formula_of_a_score(task):
    task.button("Buat laporan")
    task.button("Laporan yang ada")
    task.open("Buka laporan: Contoh: Kab. Tanah Bumbu 2022")
    task.click(task.page.get_by_role("link", name="Metode dan sumber").first)
    rule = task.page.get_by_text("indikator = min(maksimum indikator, Σ nilai pertanyaan)")
    task.look_at(rule)
    assert rule.is_visible()


@at_a_desk
def test_mend_a_bad_cell_from_its_message(task, window, tmp_path, instrument, reference, home):
    year = {"1366": "2023", "390": "2024"}[window.size]
    titles = (*people.TITLES[:2], (f"TAHUN {year}",), ())
    scores = reference.scores.astype(object)
    scores["1.1"] = "dua belas"
    page = people.recapitulation(instrument, scores, reference.printed, titles=titles)
    bad = people.write_xlsx(tmp_path / "Rapor KLA.xlsx", [page])
    task.button("Periksa data")
    task.upload("Pilih lembar", bad)
    told = task.page.locator(".kla-problem")
    assert "lembar “Rekap”, D8: isinya “dua belas”: bukan angka" in told.inner_text()
    task.fill("Isi D8", "12")
    task.button("Periksa lagi")
    task.button("Simpan sebagai penilaian")
    path = f"data/assessments/63.10/{year}-self_assessment.csv"
    task.page.get_by_text(f"Disimpan: {path}").wait_for()
    assert kla.load_assessment(home / path, instrument).scores["1.1"] == 12


@on_a_phone
def test_collect_worksheets_and_see_who_is_missing(task, window, tmp_path, home):
    year = {"1366": 2026, "390": 2027}[window.size]
    own = open_round("63.10", year, due=f"{year}-03-31")
    unit = next(one for one in own.units if one.code == "DLH")
    (tmp_path / "asal.xlsx").write_bytes(worksheet(own, unit))
    filled = rounds.fill(
        tmp_path / "asal.xlsx", tmp_path / "kiriman dinas.xlsx", rounds.half(own, unit), f"{year}-04-02"
    )
    task.button("Kumpulkan lembar kerja")
    task.fill("Daerah", "63.10 Kab. Tanah Bumbu")
    task.fill("Tahun", str(year))
    task.upload("Lembar yang kembali", filled)
    told = task.page.get_by_text(f"1 dari {len(own.units)} lembaga sudah menyerahkan")
    told.wait_for()
    task.look_at(told)
    said = task.page.locator(".kla-app").inner_text()
    assert "Terlambat: DLH." in said
    assert "Belum menyerahkan: Dinas PPPA, Dinkes" in said
    sheet = kla.load_assessment(home / f"data/assessments/63.10/{year}-self_assessment.csv", own.rules)
    assert sheet.scores.notna().sum() == 5


@at_a_desk
def test_make_a_schedule(task, home):
    task.button("Buat laporan")
    task.button("Jadwal")
    task.choose("Hari", "setiap hari")
    task.button("Siapkan jadwal")
    text = task.page.locator(".kla-app textarea").input_value()
    task.look_at(task.page.get_by_role("textbox").last)
    assert "kla schedule run" in text
    assert 'areas = ["63.10"]' in (home / "jadwal/63.10-2022.toml").read_text()


@on_a_phone
def test_find_what_changed(task):
    task.button("Buat laporan")
    task.button("Laporan yang ada")
    card = task.page.locator(".kla-card").filter(
        has=task.page.get_by_role("heading", name="Kab. Tanah Bumbu 2022", exact=True)
    )
    task.click(card.get_by_text("Apa yang berubah"))
    assert "Nilai total +1,89 poin, semuanya karena jawaban di lembar" in card.inner_text()


def test_back_leads_to_the_first_page_however_soon_a_door_was_opened(context, server):
    page = context.new_page()
    page.add_init_script(AT_ONCE)
    page.goto(server.url)
    page.get_by_role("heading", name="Periksa data").wait_for()
    until(lambda: "page=check" in page.evaluate("location.search"))
    page.go_back()
    page.locator(".kla-shelf").wait_for()


@pytest.mark.parametrize(
    ("language", "first"),
    [("Bahasa Indonesia", "Periksa data"), ("English", "Check data")][: often(1, 2)],
)
def test_every_door_is_for_everyone(context, server, language, first, tmp_path, instrument, reference):
    """Axe finds nothing behind any door, a message with its field included, and nothing is cut at 320 px."""
    page = context.new_page()
    page.goto(server.url)
    page.get_by_role("button", name=language).click()
    until(lambda: ("lang=en" in page.evaluate("location.search")) == (language == "English"))
    page.get_by_role("button", name=first, exact=True).click()
    doors = page.locator(".kla-doors button")
    scores = reference.scores.astype(object)
    scores["1.1"] = "dua belas"
    bad = people.write_xlsx(tmp_path / "a.xlsx", [people.recapitulation(instrument, scores, reference.printed)])
    with page.expect_file_chooser() as chooser:
        page.locator(".widget-upload").click()
    chooser.value.set_files(bad)
    page.locator(".kla-problem").wait_for()
    assert findings(page) == []
    doors.nth(1).click()
    inner = page.locator(".kla-small button")
    until(lambda: inner.count() == doors.count() + 4)
    for button in inner.all()[doors.count() :]:
        button.click()
        page.wait_for_timeout(300)
        assert findings(page) == []
    doors.nth(2).click()
    App(page)
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page) == []
    page.go_back()  # to the first page it is one step each
    page.go_back()
    page.go_back()
    page.locator(".kla-shelf").wait_for()
    assert findings(page) == []
    fits(page)


@pytest.mark.parametrize(
    ("path", "with_key"),
    [
        ("", 200),
        ("api/kernels/00000000-0000-0000-0000-000000000000", 404),
        ("voila/files/63.10/2022/index.html", 200),
        ("voila/files/contoh/rapat-K0.html", 200),
        ("voila/files/63.10/2022/manifest.json", 403),
        ("voila/files/kla.jsonl", 403),
        ("voila/files/63.10/2022/..%2f..%2fkla.log", 403),
        ("voila/files/../data/areas.csv", 403),
    ],
)
def test_without_its_key_it_opens_for_nobody_and_with_it_hands_out_finished_reports_only(server, path, with_key):
    """The folder of the reports may be closed to other users of the machine; its server must not open it to them."""

    def ask(**headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(server.host, timeout=60)
        connection.request("GET", f"/{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")

    for headers in ({}, {"Authorization": "token falsch"}, {"Cookie": f"username-{server.host.replace(':', '-')}=x"}):
        status, told = ask(**headers)
        assert status in (302, 403, 404), told[:300]
        assert "kla" not in told.casefold().replace(path.casefold(), "")
    status, told = ask(Authorization=f"token {server.key}")
    assert status == with_key or (with_key == 403 and status in (400, 404)), told[:300]
