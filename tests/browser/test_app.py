"""The budget app in Voilà, moved by mouse and keys in a real browser, against `kla plan`."""

import http.client
import io
import re
import shutil
from collections.abc import Iterator

import openpyxl
import psutil
import pytest
import yaml
from browser.driving import App, Server, plan, serving_app, until, window_of
from conftest import ROOT, often
from playwright.sync_api import Browser

NINDYA = 600_000_000
#: Open side by side; `make thorough` opens ten.
TABS = often(2, 10)


@pytest.fixture(scope="module")
def kept(browser: Browser, voila: Server) -> Iterator[App]:
    with window_of(browser, "desk") as window:
        page = window.new_page()
        page.goto(voila.url)
        yield App(page)


@pytest.fixture
def app(kept: App) -> App:
    """The app as it opens: one page for many tests, each of which begins again by the button for it."""
    kept.page.get_by_role("button", name="Kembali ke awal").click()
    until(lambda: (kept.shown, kept.budget, kept.said) == ((701.13, NINDYA), NINDYA, ""))
    return kept


def test_pulling_the_slider_shows_the_plan_of_the_command(app):
    assert app.shown == (701.13, NINDYA)
    assert app.budget == NINDYA
    app.drag(0.62)
    until(lambda: app.budget > NINDYA)
    app.shows(plan("--goal", "points", "--budget", str(app.budget)))
    assert app.page.get_by_label("Mencari").input_value() == "poin terbanyak untuk anggaran"
    # The number beside the slider is written as Indonesians write it.
    assert re.search(r"Rp1,\d+ miliar", app.page.locator(".kla-app").inner_text())


def test_fifty_fast_moves_end_on_the_last(app):
    app.handle.focus()
    for _ in range(50):
        app.page.keyboard.press("ArrowRight", delay=0)
    until(lambda: app.budget == NINDYA + 50 * 10_000_000)
    app.shows(plan("--goal", "points", "--budget", str(app.budget)))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("12,5", "12,5 juta atau 12,5 miliar"),
        ("banyak", "bukan jumlah uang"),
        ("-5 juta", "tidak boleh di bawah nol"),
    ],
)
def test_what_can_not_be_a_budget_is_answered_in_words(app, typed, words):
    app.type_budget(typed)
    until(lambda: words in app.said)
    assert app.shown == (701.13, NINDYA)  # nothing moved
    app.drag(0.5)
    until(lambda: app.said == "")


def test_budgets_at_the_ends(app):
    for typed, budget in (("0", "0"), ("29 juta", "29000000"), ("500 miliar", "500000000000")):
        app.type_budget(typed)
        app.shows(plan("--goal", "points", "--budget", budget))
        text = app.page.locator(".kla-app").inner_text()
        assert "nan" not in text.casefold().split()
        assert "Traceback" not in text
    app.type_budget("0")
    until(lambda: "Tanpa kegiatan: nilai 650,5, Madya" in app.headline)


def test_what_can_not_be_reached_says_why_and_what_can(app):
    app.choose("Target", "Utama")
    until(lambda: app.shown[0] >= 801)
    app.page.get_by_label("batasi anggaran").check()
    app.type_budget("600 juta")
    answer = plan("--target", "utama", "--budget", "600000000")
    assert answer["status"] == "infeasible"
    until(lambda: answer["why"] in app.said)
    assert "Target terdekat yang dapat dicapai: 701,13 poin (Nindya)" in app.said


def test_certainty_decisions_and_assumptions_are_those_of_the_command(app):
    app.page.get_by_text("Pagu dan keputusan").click()
    app.page.get_by_label("Dilarang").select_option(label="A01 Perbup payung pemenuhan hak anak")
    app.page.get_by_role("button", name="Tambah").nth(2).click()
    app.shows(plan("--must-not", "A01"))
    app.page.get_by_label("Pagu", exact=True).select_option(label="Dinas PPPA")
    app.page.get_by_label("paling banyak", exact=True).fill("150 juta")
    app.page.get_by_role("button", name="Tambah").first.click()
    app.shows(plan("--must-not", "A01", "--agency", "Dinas PPPA=150 juta"))
    app.choose("Mencari", "biaya termurah yang cukup pasti")
    app.shows(plan("--must-not", "A01", "--agency", "Dinas PPPA=150 juta", "--goal", "certainty"))


def test_undo_reset_and_a_scenario_of_the_project(app):
    app.page.get_by_label("Skenario").select_option(label="anggaran-600-juta")
    app.shows(plan("anggaran-600-juta"))
    app.type_budget("900 juta")
    app.shows(plan("--goal", "points", "--budget", "900 juta"))
    app.page.get_by_role("button", name="Urungkan").click()
    app.shows(plan("anggaran-600-juta"))
    app.page.get_by_role("button", name="Kembali ke awal").click()
    app.shows(plan())


def test_a_saved_scenario_asks_the_command_the_same(app, tmp_path):
    app.type_budget("800 juta")
    wanted = plan("--goal", "points", "--budget", "800 juta")
    app.shows(wanted)
    app.page.get_by_role("button", name="Siapkan unduhan").click()
    files = {}
    for name in ("rencana.png", "rencana.svg", "rencana.xlsx", "skenario.yaml"):
        with app.page.expect_download() as download:
            app.page.get_by_role("link", name=name).click()
        files[name] = tmp_path / name
        download.value.save_as(files[name])
    assert files["rencana.png"].read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in files["rencana.svg"].read_bytes()
    book = openpyxl.load_workbook(io.BytesIO(files["rencana.xlsx"].read_bytes()))
    (sheet,) = [each for each in book if each.title.startswith("1.1 Rencana")]
    codes = [row[0] for row in sheet.iter_rows(values_only=True) if re.fullmatch(r"A\d\d", str(row[0]))]
    assert codes == wanted["actions"]
    again = plan(str(files["skenario.yaml"]))
    assert (again["actions"], again["total"], again["cost"]) == (wanted["actions"], wanted["total"], wanted["cost"])
    # The app reads it back, and refuses one that says what it does not know.
    app.page.get_by_role("button", name="Kembali ke awal").click()
    app.shows(plan())
    app.upload(files["skenario.yaml"])
    app.shows(wanted)
    bad = tmp_path / "buruk.yaml"
    bad.write_text(yaml.safe_dump({"budgt": 5, "certainty": "tinggi"}))
    app.upload(bad)
    until(lambda: "budgt" in app.said and "budget" in app.said and "certainty" in app.said)
    assert app.shown == (wanted["total"], wanted["cost"])


def test_the_address_says_what_is_asked(context, open_app):
    """Reload, back, and a bookmark opened in another tab show the same; what an address can not mean is said in words."""
    app = open_app()
    page = app.page
    app.page.get_by_text("Pagu dan keputusan").click()
    app.page.get_by_label("Pagu", exact=True).select_option(label="Dinas PPPA")
    app.page.get_by_label("paling banyak", exact=True).fill("150 juta")
    app.page.get_by_role("button", name="Tambah pagu").click()
    page.get_by_text("Yang berlaku: Dinas PPPA ≤ Rp150 juta.").wait_for()
    until(lambda: "agencies" in app.address)
    app.type_budget("800 juta")
    wanted = plan("--goal", "points", "--budget", "800 juta", "--agency", "Dinas PPPA=150 juta")
    app.shows(wanted)
    until(lambda: "budget=800000000" in app.address)
    kept = app.address
    page.reload()
    app = App(page)
    app.shows(wanted)
    assert app.budget == 800_000_000
    app.type_budget("300 juta")
    until(lambda: "budget=300000000" in app.address)
    page.go_back()
    app.shows(wanted)
    assert app.address == kept
    page = context.new_page()
    page.goto(kept)
    App(page).shows(wanted)
    page.goto(kept.replace("800000000", "banyak"))
    other = App(page)
    until(lambda: "“banyak” bukan jumlah uang" in other.said)
    assert other.shown == (701.13, NINDYA)


def test_a_button_says_by_name_what_more_money_adds(app):
    more = plan("--goal", "points", "--budget", str(NINDYA + 100_000_000))
    button = app.page.get_by_role("button", name="Tambah Rp100 juta")
    said = button.inner_text()
    assert "+8,03 poin, masuk: Pendampingan dan kemitraan Forum Anak (A17)" in said
    assert "Poin terbanyak" not in app.headline
    button.click()
    app.shows(more)
    until(lambda: app.headline.startswith("Poin terbanyak dengan paling banyak Rp700 juta"))


def test_an_own_action_is_saved_and_planned_with(context, tmp_path):
    """In a project of its own, so that nothing is written into the real one."""
    for name in ("data", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "server").mkdir()
    places = {"KLA_HOME": str(tmp_path), "KLA_DATA": str(tmp_path / "data")}
    with serving_app(tmp_path / "server", **places) as server:
        page = context.new_page()
        page.goto(server.url)
        app = App(page)
        page.get_by_text("Kegiatan sendiri").click()
        page.get_by_label("Kegiatan", exact=True).select_option(label="A17 Pendampingan dan kemitraan Forum Anak")
        cost = page.get_by_label("Biaya biasa", exact=True)
        until(lambda: cost.input_value() == "90.000.000")
        cost.fill("1 juta")
        cost.press("Tab")
        page.get_by_role("button", name="Simpan kegiatan").click()
        page.get_by_text("“Biaya rendah” lebih besar dari “Biaya biasa”").wait_for()
        page.get_by_label("Biaya rendah", exact=True).fill("1 juta")
        page.get_by_role("button", name="Simpan kegiatan").click()
        page.get_by_text("Disimpan: Pendampingan dan kemitraan Forum Anak (A17).").wait_for()
        until(lambda: app.shown[1] < NINDYA)  # a cheap one more: the target costs less
        until(lambda: "catalogue=sendiri" in app.address)
        page.get_by_text("Yang berlaku: katalog sendiri.").wait_for()
        assert "A17" in (tmp_path / "data/actions/sendiri/origin.yaml").read_text()


def test_every_page_of_the_answer_opens(app):
    for name, words in (
        ("Menurut komponen", "Komponen sebelum dan sesudah rencana"),
        ("Siapa dan kapan", "Biaya per tahun"),
        ("Bila dipotong", "Urutan kerja bila anggaran dapat dipotong"),
        ("Seberapa kokoh", "Selisih dari rencana terbaik"),
        ("Bukti", "Mengamankan bukti"),
        ("Bandingkan", "Pilih skenario"),
    ):
        app.page.get_by_role("tab", name=name, exact=True).click()
        app.page.get_by_text(words).locator("visible=true").first.wait_for()
    app.page.get_by_label("Bandingkan").select_option(label="nindya-80-persen")
    app.page.get_by_text("Dibanding").first.wait_for()


def test_a_page_whose_kernel_died_says_so_and_can_be_loaded_again(open_app, voila):
    others = voila.kernels()
    app = open_app()
    (own,) = set(voila.kernels()) - set(others)
    own.kill()
    app.page.get_by_role("alert").get_by_text("tidak tersambung lagi").wait_for()
    app.page.get_by_role("button", name="Muat ulang").click()
    App(app.page).type_budget("600 juta")
    app.shows(plan("--goal", "points", "--budget", "600 juta"))


@pytest.mark.long
def test_many_tabs_keep_their_own_state_and_leave_no_kernel_behind(open_app, voila):
    others = voila.kernels()
    apps: list[App] = [open_app() for _ in range(TABS)]
    for at, app in enumerate(apps):
        app.type_budget(f"{500 + 20 * at} juta")
    for at, app in enumerate(apps):
        app.shows(plan("--goal", "points", "--budget", f"{500 + 20 * at} juta"))
    kernels = list(set(voila.kernels()) - set(others))
    assert len(kernels) == TABS
    for app in apps:
        app.page.close()
    psutil.wait_procs(kernels, timeout=60)
    assert not [kernel for kernel in kernels if kernel.is_running()]


@pytest.mark.parametrize(
    "path",
    [
        "voila/files/data/areas.csv",
        "voila/files/../data/areas.csv",
        "voila/files/..%2f..%2fetc%2fpasswd",
        "voila/files/kla.ipynb",
        "voila/files/",
        "voila/render/lain.ipynb",
        "voila/tree",
        "api/contents",
    ],
)
def test_the_server_hands_out_nothing_but_the_app(voila, path):
    connection = http.client.HTTPConnection(voila.host, timeout=20)
    connection.request("GET", f"/{path}")
    answer = connection.getresponse()
    said = answer.read().decode()
    assert answer.status in (302, 403, 404, 405), said[:300]
    assert "Traceback" not in said
    assert "63.10" not in said
    assert str(ROOT) not in said


def test_an_old_address_leads_on_to_the_first_page(open_app, voila):
    page = open_app().page
    page.goto(f"http://{voila.host}/halaman-lama")
    assert page.get_by_role("heading").inner_text() == "Halaman ini tidak ada"
    page.get_by_role("link").click()
    App(page)
