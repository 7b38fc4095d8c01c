"""Imports through the command: what is written, where, under which names, and what never is."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import openpyxl
import pandas as pd
import people
import pytest
from conftest import ROOT, run_kla

import kla_analysis as kla
from kla_analysis.evidence.assessment import scaled_to_total
from kla_analysis.evidence.intake.guard import inside, safe_name
from kla_analysis.evidence.personal import masked
from kla_analysis.showing.imports import write_template_sheet

ABOUT = ("--area", "63.10", "--year", "2025", "--stage", "self_assessment")
SMALL = [
    ("Kode", "Indikator", "Nilai Maksimal", "Nilai", "Keterangan"),
    ("1", "a", 96, 50, "ok"),
    ("2", "b", 36, 20, ""),
]
NIK, PHONE = "6310010101010001", "0812-3456-7890"


@pytest.fixture
def rapor(tmp_path, instrument, reference) -> Path:
    return people.write_xlsx(
        tmp_path / "Rapor KLA.xlsx", [people.recapitulation(instrument, reference.scores, reference.printed)]
    )


def imported(tmp_path: Path, *arguments: str):
    """Import into the test's own folder, so that a refusal that fails writes nothing into the project's data."""
    out = () if "--out" in arguments else ("--out", str(tmp_path / "out.csv"))
    return run_kla("import", *arguments, *out, KLA_REPORTS=str(tmp_path / "reports"))


def small(folder: Path, *rows) -> Path:
    return people.write_xlsx(folder / "a.xlsx", [people.page("A", [*SMALL, *rows])])


def test_from_the_district_s_workbook_to_its_report(tmp_path, rapor, reference, instrument):
    """Drop the workbook on `kla import`, then ask for the report: the page on data quality lists every repair."""
    out = tmp_path / "hasil.csv"
    done = imported(tmp_path, str(rapor), "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "274 nilai, jumlah 771,81" in done.stdout
    assert "K0: tercetak 127,66, jumlah jawabannya 126,91, selisih 0,75 poin" in done.stdout
    sheet = kla.load_assessment(out, instrument)
    assert sheet.scores.equals(reference.scores)
    assert (sheet.area_code, sheet.award_year, sheet.stage, sheet.origin.standing) == (
        "63.10",
        2025,
        "self_assessment",
        "unverified",
    )
    pd.testing.assert_frame_equal(sheet.printed, reference.printed, check_dtype=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Rapor KLA.xlsx",
        "hasil.csv",
        "hasil.origin.yaml",
        "hasil.printed.csv",
        "hasil.repairs.csv",
    ]
    # A project of its own with only the notebook in question: the whole report is tried elsewhere.
    home, folder = tmp_path / "proyek", tmp_path / "laporan"
    shutil.copytree(ROOT / "data", home / "data")
    (home / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "07_mutu_data.ipynb", home / "notebooks")
    done = run_kla("report", "--year", "2025", "--assessment", str(out), "--out", str(folder), KLA_HOME=str(home))
    assert done.returncode == 0, done.stderr
    page = (folder / "07_mutu_data.html").read_text(encoding="utf-8")
    assert "jumlah jawabannya 126,91" in page
    assert "274 dari 274" in page


def test_printed_sums_of_another_predicate_are_said_at_import(tmp_path, reference, instrument, rapor):
    # Answers of 700.9 points, Madya, under a printed total that is rounded up: 701, Nindya.
    maxima, questions = instrument.questions["max_points"], instrument.questions
    scores = scaled_to_total(reference.scores, maxima, 700.9)
    sums = {"total": scores.sum()} | {
        code: total
        for name in ("indicator", "component")
        for code, total in scores.groupby(questions[f"{name}_code"]).sum().items()
    }
    printed = reference.printed.assign(printed_score=reference.printed["code"].map(sums).round(2))
    printed.loc[printed["level"] == "total", "printed_score"] = 701
    wrong = people.write_xlsx(tmp_path / "beda.xlsx", [people.recapitulation(instrument, scores, printed)])
    said = imported(tmp_path, str(wrong)).stdout
    assert "! Angka tercetak dan jawaban lembar ini memberi predikat berbeda: total tercetak 701 (Nindya)" in said
    assert "menurut jawabannya 700,9 (Madya)" in said
    assert "predikat berbeda" not in imported(tmp_path, str(rapor), "--out", str(tmp_path / "sama.csv")).stdout


def test_a_workbook_given_to_report_says_to_import_it_first(tmp_path, rapor):
    about = ("--year", "2025", "--assessment", str(rapor))
    done = run_kla("report", *about, alone=False, KLA_REPORTS=str(tmp_path / "reports"))
    assert done.returncode == 3
    assert "kla import" in done.stderr


def test_it_goes_where_reports_find_it_and_never_over_another(tmp_path, rapor):
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    about = {"KLA_DATA": str(data), "KLA_REPORTS": str(tmp_path / "reports")}
    assert run_kla("import", str(rapor), **about).returncode == 0
    written = data / "assessments" / "63.10" / "2025-self_assessment.csv"
    assert written.is_file()
    assert run_kla("score", str(written), **about).returncode == 0
    before = written.read_bytes()
    again = run_kla("import", str(rapor), **about)
    assert again.returncode == 3
    assert "--replace" in again.stderr
    assert run_kla("import", str(rapor), "--replace", **about).returncode == 0
    assert written.read_bytes() == before  # the same file gives the same bytes


def test_a_refusal_writes_a_list_and_an_annotated_copy(tmp_path):
    path = small(tmp_path, ("3", "c", 32, "banyak", ""), ("4", "d", 15, 99, ""))
    before = path.read_bytes()
    done = imported(tmp_path, str(path), *ABOUT)
    assert done.returncode == 3
    assert "baris 4, kolom D, nilai “banyak”: bukan angka" in done.stderr
    assert "baris 5, kolom D, nilai “99”: melebihi maksimum 4, yaitu 15" in done.stderr
    folder = tmp_path / "reports" / "impor" / "a_xlsx"
    assert sorted(found.name for found in folder.iterdir()) == ["anotasi.xlsx", "perbaikan.csv"]
    book = openpyxl.load_workbook(folder / "anotasi.xlsx")
    assert "bukan angka" in book["A"]["D4"].comment.text
    assert "Isi paling banyak 15." in book["A"]["D5"].comment.text
    assert book["A"]["D2"].comment is None
    assert book["A"]["D2"].value == 50
    listed = pd.read_csv(folder / "perbaikan.csv")
    assert set(listed.loc[listed["action"] == "refused", "cell"]) == {"D4", "D5"}
    assert path.read_bytes() == before
    said = json.loads(imported(tmp_path, str(path), *ABOUT, "--json").stdout)
    assert said["exit_code"] == 3
    assert {problem["row"] for problem in said["problems"]} == {4, 5}


def test_several_files_at_once(tmp_path):
    good, bad = tmp_path / "masuk" / "baik.xlsx", tmp_path / "masuk" / "buruk.xlsx"
    good.parent.mkdir()
    people.write_xlsx(good, [people.page("A", [("Evaluasi mandiri Kab. Tanah Bumbu 2025",), *SMALL])])
    people.write_xlsx(
        bad, [people.page("A", [("Evaluasi mandiri Kab. Kotabaru 2025",), *SMALL, ("3", "c", 32, "x", "")])]
    )
    (good.parent / "~$baik.xlsx").write_bytes(b"x")
    done = run_kla("import", str(good.parent), KLA_REPORTS=str(tmp_path / "r"), KLA_DATA=str(_copy(tmp_path)))
    assert done.returncode == 3
    assert "baik.xlsx: Kab. Tanah Bumbu" in done.stdout
    assert "buruk.xlsx ditolak" in done.stderr
    assert "~$baik.xlsx dilewati" in done.stderr


def test_what_is_read_is_never_written_over(tmp_path):
    """Not the sheet itself, not another one, not what the same command has just written, whatever is asked for."""
    first = small(tmp_path)
    second = people.write_xlsx(tmp_path / "b.xlsx", [people.page("A", [*SMALL, ("3", "c", 32, 9, "")])])
    text = tmp_path / "c.csv"
    text.write_text("Kode;Indikator;Nilai Maksimal;Nilai\n1;a;96;50\n2;b;36;20\n")
    before = {path: path.read_bytes() for path in (first, second, text)}
    for arguments, code, words in (
        ((first, "--out", first), 2, "bukan .csv"),
        ((first, "--out", second), 2, "bukan .csv"),
        ((text, "--out", text), 3, "sedang dibaca"),
        ((first, second, "--out", tmp_path / "out.csv"), 3, "baru ditulis dari berkas lain"),
        ((first, second), 3, "baru ditulis dari berkas lain"),
    ):
        done = run_kla(
            "import",
            *map(str, arguments),
            *ABOUT,
            "--replace",
            KLA_REPORTS=str(tmp_path / "r"),
            KLA_DATA=str(tmp_path / "data" if (tmp_path / "data").is_dir() else _copy(tmp_path)),
        )
        assert (done.returncode, words in done.stderr) == (code, True), done.stderr
        assert {path: path.read_bytes() for path in before} == before
    assert len(pd.read_csv(tmp_path / "out.csv")) == 2  # what was read first stands


def test_a_template_filled_to_the_last_point_comes_to_1000(tmp_path, instrument):
    path = write_template_sheet("63.10", 2025, out=tmp_path / "penuh.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["Isian"]
    column = next(cell.column for row in sheet.iter_rows() for cell in row if cell.value == "Nilai")
    for row in sheet.iter_rows():
        codes = [str(cell.value) for cell in row if str(cell.value) in instrument.questions.index]
        if codes:
            sheet.cell(row[0].row, column).value = float(instrument.questions.at[codes[0], "max_points"])
    book.save(path)
    done = imported(tmp_path, str(path), *ABOUT)
    assert done.returncode == 0, done.stderr
    assert "274 nilai, jumlah 1.000." in done.stdout
    assert "Total 1.000 dari 1.000" in run_kla("score", str(tmp_path / "out.csv")).stdout


def _copy(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "data", tmp_path / "data")


# --- personal data (T49, T78) -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        ("3", "c", 32, 10, f"NIK {NIK}"),
        ("3", "c", 32, 10, PHONE),
        ("3", "c", 32, 10, "+62 812 3456 7890"),
        (NIK, "Budi", None, None, ""),
    ],
)
def test_personal_data_is_refused_and_repeated_nowhere(tmp_path, row):
    path = small(tmp_path, row)
    done = imported(tmp_path, str(path), *ABOUT)
    assert done.returncode == 3
    assert "data pribadi" in done.stderr
    kept = "".join(str(file.read_bytes()) for file in (tmp_path / "reports").rglob("*") if file.is_file())
    book = openpyxl.load_workbook(tmp_path / "reports/impor/a_xlsx/anotasi.xlsx")
    seen = (
        kept
        + done.stderr
        + done.stdout
        + "".join(str(cell.value) for sheet in book for line in sheet.iter_rows() for cell in line)
    )
    digits = re.sub(r"[ -]", "", seen)
    assert NIK not in digits
    assert "81234567890" not in digits


@pytest.mark.parametrize("heading", ["NIK", "Nama Anak", "No. HP", "Tanggal Lahir", "nama korban"])
def test_a_column_of_personal_data_is_refused_by_its_heading(tmp_path, heading):
    rows = [(*row, extra) for row, extra in zip(SMALL, (heading, "x", "y"), strict=True)]
    path = people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", rows)])
    assert "kolom data pribadi" in imported(tmp_path, str(path), *ABOUT).stderr


def test_with_the_flag_it_is_read_but_still_written_nowhere(tmp_path):
    path = small(tmp_path, ("3", "c", 32, 10, f"NIK {NIK} HP {PHONE}"))
    done = imported(tmp_path, str(path), *ABOUT, "--allow-personal", "--out", str(tmp_path / "out.csv"))
    assert done.returncode == 0, done.stderr
    everything = (
        done.stdout + done.stderr + "".join(file.read_text(encoding="utf-8") for file in tmp_path.glob("out.*"))
    )
    assert NIK not in everything
    assert PHONE not in everything
    assert "NIK •••••• HP ••••••" in everything


@pytest.mark.parametrize(
    "text",
    ["Telp. (0518) 70123", "NIP. 19700101 199603 1 001", "Rp 1.500.000.000", "No. 463/081/DP3A/2025", "2025-01-02"],
)
def test_an_office_s_own_numbers_are_no_personal_data(text):
    assert masked(text) == text


def test_an_id_keeps_all_its_digits(tmp_path):  # T50
    from kla_analysis.evidence.intake.guard import look_at

    path = people.raw_xlsx(
        tmp_path / "a.xlsx", people.sheet_xml('<row r="1"><c r="A1"><v>9007199254740993</v></c></row>')
    )
    assert (
        people.read_one("a.xlsx", look_at(path.read_bytes(), "a.xlsx")).grids[0].rows[1][1].text == "9007199254740993"
    )


# --- names and places (T73, T76) ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../x",
        "..\\..\\x",
        "C:\\x",
        "CON",
        "con.xlsx",
        "a/b",
        ".",
        "..",
        "",
        "x" * 300,
        "x.",
        "x ",
        "\u202ex",
        "\0",
        "~$a",
        "-rf",
        "=1+1",
        "a\nb",
        "é",
        "日本",
    ],
)
def test_a_name_never_leads_out_of_its_folder(name, tmp_path):
    safe = safe_name(name)
    assert re.fullmatch(r"[\w-]+", safe)
    assert len(safe.encode()) <= 80
    assert safe.casefold() not in {"con", "prn", "aux", "nul"}
    assert inside(tmp_path, name).parent == tmp_path


def test_a_file_with_a_hostile_name_keeps_its_list_inside_the_reports(tmp_path):
    path = tmp_path / "..%2f..%2f=1+1 <img>.xlsx"
    people.write_xlsx(path, [people.page("A", [*SMALL, ("3", "c", 32, "x", "")])])
    assert imported(tmp_path, str(path), *ABOUT).returncode == 3
    (folder,) = (tmp_path / "reports" / "impor").iterdir()
    assert re.fullmatch(r"[\w-]+", folder.name)


def test_no_code_that_runs_data():  # T76
    for path in (ROOT / "kla_analysis").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"\b(pickle|marshal|shelve)\b|(?<![\w.])(eval|exec)\(|yaml\.(unsafe_load|full_load)\(|shell=True", text
        ), path


# --- the template -----------------------------------------------------------------------------------------------


def test_the_template_reads_back_to_the_same_numbers(tmp_path, instrument, reference):
    path = write_template_sheet("63.10", 2025, out=tmp_path / "lembar.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["Isian"]
    for row in range(1, sheet.max_row + 1):
        if (code := sheet.cell(row, 1).value) in reference.scores.index:
            sheet.cell(row, 4).value = reference.scores[code]
    book.save(path)
    intake = kla.read_sheet(path).require()
    assessment = intake.assessment()
    assert assessment.scores.equals(reference.scores)
    assert (assessment.area_code, assessment.award_year, assessment.stage) == ("63.10", 2025, "self_assessment")
    assert not [item for item in intake.repairs.items if item.action == "refused"]


def test_the_template_guards_what_is_typed(tmp_path, instrument):
    path = write_template_sheet("63.10", 2025, out=tmp_path / "lembar.xlsx", stage="final")
    sheet = openpyxl.load_workbook(path)["Isian"]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    rows = {sheet.cell(row, 1).value: row for row in range(1, sheet.max_row + 1)}
    for code, maximum in instrument.questions["max_points"].items():
        rule = rules[f"D{rows[code]}"]
        assert (rule.type, float(rule.formula1), float(rule.formula2)) == ("decimal", 0, maximum)
        assert not sheet.cell(rows[code], 4).protection.locked
        assert code in sheet.cell(rows[code], 4).comment.text
    assert sheet.protection.sheet
    formulas = [cell for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
    assert len(formulas) == len(instrument.indicators) + len(instrument.components) + 1
    assert all(cell.protection.locked for cell in formulas)
    assert sheet["B4"].value == "Hasil akhir"
    done = run_kla("template", "--area", "63.10", "--year", "2025", "--out", str(path))
    assert done.returncode == 6  # never over a file that is there
    empty = imported(tmp_path, str(path))
    assert empty.returncode == 3
    assert "semua nilai kosong" in empty.stderr
