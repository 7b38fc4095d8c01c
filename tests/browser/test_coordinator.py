"""What a coordinator of a task force does in a round, each by hand from the first page within six actions.

Beside a projector, at 1366 px. What was on the screen at the end is kept in tests/browser/screenshots/.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pypdf
import pytest
import rounds
from browser.driving import PATIENCE, Hand, Window, counted, serving_launcher, window_of
from conftest import ROOT
from playwright.sync_api import Browser, Page, expect

from kla_analysis.evidence.collect import collect
from kla_analysis.evidence.followup import add_decision
from kla_analysis.evidence.worksheets import Unit, open_round
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.runs.runner import run_report
from kla_analysis.showing.worksheets import worksheet

AREA = "63.10"
CLAIM, VERIFIED = "self_assessment", "administrative_verification"
REPORT = "Buka laporan: Kab. Tanah Bumbu 2025"
#: The chapters that answer a coordinator.
CHAPTERS = ("02_kelemahan_klaster", "05_posisi_daerah", "09_keadaan_putaran")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> rounds.Played:
    return rounds.Played(tmp_path_factory.mktemp("putaran"))


@pytest.fixture(scope="module")
def home(played: rounds.Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in the middle of a round: part of it came in and was verified, a year before almost the same was claimed."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "data", home / "data")
    (home / "notebooks").mkdir()
    for name in (*CHAPTERS, "beranda"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", home / "notebooks")
    shutil.copytree(ROOT / "docs", home / "docs")
    with pytest.MonkeyPatch.context() as patch:
        for name, place in {"HOME": home, "DATA": home / "data", "REPORTS": home / "reports"}.items():
            patch.setenv(f"KLA_{name}", str(place))
        sheet = collect(rounds.first_deliveries(played, home / "kiriman"), played.own).path
        write(sheet, 2024, CLAIM, {"12.2": 1})
        write(sheet, 2025, VERIFIED, {"17.5": None, "8.1": 0, "12.1": 0, "18.1": 1})
        add_decision(AREA, award_year=2025, decided_on="2025-03-01", what="Unggah SK gugus tugas", agency="Dinas PPPA")
        run_report(ReportParameters(year=2025))
    return home


def write(sheet: Path, year: int, stage: str, scores: dict[str, float | None]) -> None:
    """Write a sheet like another one, of another round or stage and with some other scores."""
    table = pd.read_csv(sheet, dtype={"area_code": str, "question_code": str}).set_index("question_code")
    table.loc[list(scores), "score"] = pd.Series(scores, dtype=float)
    table.assign(award_year=year, stage=stage).reset_index().to_csv(sheet.with_name(f"{year}-{stage}.csv"), index=False)


@pytest.fixture(scope="module")
def window(browser: Browser, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """A window before the launcher."""
    with serving_launcher(tmp_path_factory.mktemp("server"), home) as server, window_of(browser, "1366") as context:
        yield Window("1366", context, server.url)


@pytest.fixture
def task(window: Window, request: pytest.FixtureRequest) -> Iterator[Hand]:
    with counted(window.page(), name_of(request)) as hand:
        yield hand


@pytest.fixture(scope="module")
def first_page(window: Window) -> Page:
    return window.page()


@pytest.fixture
def reading(first_page: Page, request: pytest.FixtureRequest) -> Iterator[Hand]:
    """A task that only opens what the first page links to."""
    with counted(first_page, name_of(request), keep=True) as hand:
        yield hand


def name_of(request: pytest.FixtureRequest) -> str:
    return f"coordinator-{request.node.originalname.removeprefix('test_')}"


def sees(task: Hand, *texts: str) -> None:
    """Wait until each text stands on the page, and turn to the first."""
    for text in texts:
        expect(task.page.get_by_text(text).locator("visible=true").first).to_be_visible(timeout=PATIENCE * 1000)
    task.look_at(task.page.get_by_text(texts[0]).locator("visible=true").first)


def row(task: Hand, *cells: str) -> None:
    """Wait until a row of a table holds all of these, and turn to it."""
    found = task.page.get_by_role("row")
    for cell in cells:
        found = found.filter(has_text=cell)
    expect(found.first).to_be_visible(timeout=PATIENCE * 1000)
    task.look_at(found.first)


def test_hand_out_worksheets_to_all(task):
    task.button("Kumpulkan lembar kerja")
    task.fill("Tahun", "2026")
    task.fill("Tenggat", "2026-03-31")
    task.fill("Kecamatan", "Batulicin, Satui")
    task.button("Siapkan lembar kerja")
    with zipfile.ZipFile(task.download("lembar-kerja-63.10-2026.zip")) as archive:
        names = archive.namelist()
        with archive.open(next(name for name in names if "Dinas_Kesehatan" in name)) as file:
            sheet = openpyxl.load_workbook(file)["Isian"]
    assert len(names) == len(open_round(AREA, 2026, subdistricts=("Batulicin", "Satui")).units)
    assert sum("Satui" in name for name in names) == 1
    assert "Dinas Kesehatan" in {str(cell.value) for line in sheet["A1:D12"] for cell in line}


def test_drop_what_came_back_and_see_who_is_missing(task, played, tmp_path):
    late = played.send("agency", "DLH", tmp_path / "kiriman DLH.xlsx", sent="2025-04-02")
    task.button("Kumpulkan lembar kerja")
    task.fill("Tahun", "2025")
    task.upload("Lembar yang kembali", late)
    sees(task, "Belum menyerahkan: ", "1 berkas baru dari 1 yang dilihat")
    row(task, "Dinas Lingkungan Hidup", "lengkap, terlambat", "2 April 2025")
    row(task, "Dinas Perhubungan", "belum menyerahkan")


def test_see_the_day_after_where_two_agencies_contradict_each_other(task):
    task.button("Kumpulkan lembar kerja")
    task.fill("Tahun", "2025")
    sees(task, "Terlambat: Disnaker")
    row(task, "17.5", "Badan Pendapatan Daerah: 1; Dinas Kesehatan: 1,5", "belum diputuskan; dikosongkan")


def test_see_which_file_was_not_taken_and_why(task, played, tmp_path):
    changed = played.send("agency", "Dinas PUPR", tmp_path / "pupr.xlsx", {"16.1": {"max": 99}})
    (tmp_path / "nyasar.xlsx").write_bytes(
        worksheet(open_round("63.09", 2025), Unit("agency", "DLH", "Dinas Lingkungan Hidup"))
    )
    task.button("Kumpulkan lembar kerja")
    task.fill("Tahun", "2025")
    task.upload("Lembar yang kembali", changed, tmp_path / "nyasar.xlsx")
    row(task, "nyasar.xlsx", "63.09")
    row(task, "pupr.xlsx", "16.1", "maksimal")


def test_keep_the_merged_sheet_and_go_on_to_its_report(task, played, tmp_path, home):
    more = played.send("agency", "Polres", tmp_path / "polres.xlsx")
    task.button("Kumpulkan lembar kerja")
    task.fill("Tahun", "2025")
    task.upload("Lembar yang kembali", more)
    sees(task, "Disimpan: data/assessments/63.10/2025-self_assessment.csv")
    merged = task.download("63.10-2025-self_assessment.csv").read_bytes()
    assert merged == (home / "data/assessments/63.10/2025-self_assessment.csv").read_bytes()
    task.button("Buat laporan dari lembar ini")
    task.page.get_by_role("button", name="Buat laporan sekarang").wait_for()
    assert task.page.get_by_label("Tahun", exact=True).locator("option:checked").inner_text() == "2025"


def test_find_which_evidence_is_missing_and_how_many_points_hang_on_it(reading):
    reading.open(REPORT)
    reading.click(reading.page.get_by_role("link", name="Keadaan putaran").first)
    sees(reading, "poin dapat diselamatkan dengan melengkapi bukti")
    row(reading, "8.2", "dijanjikan")


def test_compare_claim_and_verified(reading):
    reading.open(REPORT)
    reading.click(reading.page.get_by_role("link", name="Keadaan putaran").first)
    sees(reading, "3 pertanyaan dipotong")
    row(reading, "18.1")


def test_find_what_to_do_first_in_the_two_days(reading):
    reading.open(REPORT)
    reading.click(reading.page.get_by_role("link", name="Keadaan putaran").first)
    sees(reading, "Daftar dua hari")


def test_write_down_a_decision(task):
    task.button("Tindak lanjut")
    task.fill("Keputusan", "Kumpulkan akta kelahiran per desa")
    task.fill("Kantor", "Disdukcapil")
    task.fill("Tenggat", "2099-11-30")
    task.button("Simpan")
    row(task, "Kumpulkan akta kelahiran per desa", "Disdukcapil", "30 November 2099")


def test_mark_a_decision_as_done_and_take_it_back(task):
    task.button("Tindak lanjut")
    task.choose("Catat, ubah", "T01 Unggah SK gugus tugas")
    task.button("Selesai")
    row(task, "Unggah SK gugus tugas", "selesai")
    task.button("Urungkan")
    row(task, "Unggah SK gugus tugas", "terbuka")


def test_find_the_meeting_sheet_of_cluster_two(reading):
    reading.open(REPORT)
    reading.click(reading.page.get_by_role("link", name="Lembar rapat: Klaster II").first)
    expect(reading.page.get_by_role("heading", level=1)).to_contain_text("Klaster II")


def test_hand_over_to_the_next_person(task):
    task.button("Tindak lanjut")
    task.button("Siapkan serah terima")
    pages = pypdf.PdfReader(task.download("serah-terima-63.10-2025.pdf")).pages
    assert "Serah terima" in pages[0].extract_text()


def test_find_what_was_claimed_again_unchanged(reading):
    reading.open(REPORT)
    reading.click(reading.page.get_by_role("link", name="Posisi daerah").first)
    sees(reading, "diajukan lagi tanpa perubahan")
