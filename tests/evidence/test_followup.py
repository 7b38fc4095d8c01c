"""Decisions of meetings: written strictly, changed in Excel and back, never lost, never decided silently."""

import datetime
import shutil

import openpyxl
import pandas as pd
import pytest
from conftest import ROOT, run_json, run_kla

from kla_analysis.errors import DataError, ParameterError
from kla_analysis.evidence.assessment import list_rounds
from kla_analysis.evidence.followup import (
    add_decision,
    became,
    change_decision,
    followup_path,
    load_followup,
    read_followup,
    save_followup,
)
from kla_analysis.language import use_language
from kla_analysis.showing.followup import write_followup_workbook

AREA = "63.10"
RIGHT = {"award_year": 2022, "decided_on": "2026-10-20", "what": "Unggah SK gugus tugas", "agency": "Dinkes"}


@pytest.fixture
def data(tmp_path, monkeypatch):
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.setenv("KLA_DATA", str(data))
    return data


def test_a_workbook_of_another_district_is_refused(data, tmp_path):
    add_decision(AREA, **RIGHT)
    path = write_followup_workbook(AREA, 2022, out=tmp_path / "keluar.xlsx")
    with pytest.raises(DataError, match=r"untuk daerah 63\.10, bukan 63\.05"):
        read_followup("63.05", path)
    assert read_followup(AREA, path).kept == ()
    change_decision(AREA, "T01", spent_rupiah=5_000_000)
    add_decision(AREA, **RIGHT, state="done", done_on="2026-10-30", spent_rupiah=75_000_000)
    spent = run_kla("followup", "list", "--area", AREA, KLA_DATA=str(data)).stdout
    assert "sudah dipakai: Rp80 juta, Rp5 juta di antaranya untuk yang belum selesai" in spent
    said = run_kla("followup", "list", "--area", AREA, "--state", "dropped", KLA_DATA=str(data)).stdout
    assert said.strip() == "Tidak ada keputusan yang dibatalkan."


def test_a_decision_is_written_changed_and_done(data):
    code = add_decision(AREA, **RIGHT, due="30/11/2026", question_code="7.1")
    change_decision(AREA, code, state="done", done_on="26 November 2026", spent_rupiah=75_000_000, points_claimed=4.5)
    row = load_followup(AREA).iloc[0]
    assert row[["code", "state", "due", "done_on"]].tolist() == ["T01", "done", "2026-11-30", "2026-11-26"]
    assert (row["spent_rupiah"], row["points_claimed"]) == (75_000_000, 4.5)
    # The sheets of the area are found as before.
    assert list_rounds(AREA)["stage"].tolist() == ["final"]


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_written(data):
    add_decision(AREA, **RIGHT)
    before = followup_path(AREA).read_bytes()
    wrong = {
        "award_year": 2022,
        "decided_on": "31/02/2026",
        "what": "Hubungi 0812-3456-7890",
        "agency": "Pak Budi",
        "due": "nanti",
        "question_code": "7.1",
        "component_code": "K9",
        "state": "done",
        "points_claimed": 99,
    }
    with pytest.raises(DataError) as refused:
        add_decision(AREA, **wrong)
    found = {problem.column for problem in refused.value.problems}
    assert found == {"decided_on", "what", "agency", "due", "component_code", "done_on", "points_claimed"}
    assert "0812" not in str(refused.value)
    assert followup_path(AREA).read_bytes() == before
    for values in ({"state": "dropped"}, {"points_claimed": 1}, {"award_year": 1999}, {"due": "2026-10-19"}):
        with pytest.raises(DataError):
            add_decision(AREA, **{**RIGHT, **values})
    with pytest.raises(ParameterError, match="T01"):
        change_decision(AREA, "T09", state="open")


def test_the_day_decides_what_is_late(data):
    for due in ("2026-11-29", "2026-11-30", None):
        add_decision(AREA, **RIGHT, due=due)
    seen = became(load_followup(AREA), today=datetime.date(2026, 11, 30))
    assert seen[["code", "status"]].values.tolist() == [["T01", "overdue"], ["T02", "open"], ["T03", "open"]]


def test_a_workbook_goes_out_and_comes_back(data, tmp_path):
    for what, result in (("Satu", None), ("Dua", "sudah dibahas")):
        add_decision(AREA, **{**RIGHT, "what": what, "result": result}, question_code="7.1")
    path = write_followup_workbook(AREA, 2022, out=tmp_path / "keluar.xlsx")
    sheet, lists = openpyxl.load_workbook(path).worksheets
    assert [cell.value for cell in lists[2]][3:] == ["A01", "terbuka"]
    assert (sheet["J5"].value, sheet.row_dimensions[4].hidden, sheet.column_dimensions["P"].hidden) == (
        "terbuka",
        True,
        True,
    )
    use_language("en")  # whoever reads it back may speak another language
    merged = read_followup(AREA, path)
    use_language("id")
    assert (merged.added, merged.changed, merged.kept) == ((), (), ())
    pd.testing.assert_frame_equal(merged.table, load_followup(AREA))
    _fill(
        path,
        {
            "F5": "Bappeda",
            "J5": "Selesai",
            "L5": "26/11/2026",
            "M5": "Rp75 juta",
            "N5": 4.5,
            "C7": "2026-11-27",
            "E7": "=1+1",
            "F7": "dinas kesehatan",
        },
        without=6,
    )
    merged = read_followup(AREA, path)
    assert (merged.added, merged.changed, merged.kept) == (("T03",), ("T01",), ("T02",))
    save_followup(AREA, merged.table)
    table = load_followup(AREA).set_index("code")
    assert table.loc["T01", ["agency", "done_on", "spent_rupiah", "points_claimed"]].tolist() == [
        "Bappeda",
        "2026-11-26",
        75_000_000,
        4.5,
    ]
    assert table["what"].tolist() == ["Satu", "Dua", "=1+1"]
    assert table.at["T03", "agency"] == "Dinkes"


def test_what_was_changed_in_two_places_is_not_decided_silently(data, tmp_path):
    add_decision(AREA, **RIGHT)
    path = write_followup_workbook(AREA, 2022, out=tmp_path / "keluar.xlsx")
    _fill(path, {"E5": "Unggah SK di buku kerja"})
    change_decision(AREA, "T01", what="Unggah SK di sini")
    with pytest.raises(DataError) as refused:
        read_followup(AREA, path)
    assert [(problem.row, problem.column) for problem in refused.value.problems] == [(5, "what")]
    assert {"di sini", "di buku kerja"} <= {word for word in ("di sini", "di buku kerja") if word in str(refused.value)}
    assert read_followup(AREA, path, theirs=True).changed == ("T01",)


def test_what_is_wrong_in_a_workbook_is_told_by_its_row(data, tmp_path):
    add_decision(AREA, **RIGHT)
    path = write_followup_workbook(AREA, 2022, out=tmp_path / "keluar.xlsx")
    _fill(path, {"C7": "besok", "E7": "x", "F7": "Ibu Sari"})
    with pytest.raises(DataError) as refused:
        read_followup(AREA, path)
    assert {(problem.row, problem.column) for problem in refused.value.problems} == {(7, "decided_on"), (7, "agency")}
    _fill(path, {"H7": 7.1})
    with pytest.raises(DataError, match="angka"):
        read_followup(AREA, path)


def test_the_command(data):
    asked = ("followup", "add", "--area", AREA, "--year", "2022", "--what", "Sahkan Perbup", "--agency", "Bagian Hukum")
    assert run_json(*asked, "--action", "A01", "--decided-on", "1/10/2026") == {"code": "T01"}
    assert run_json("followup", "done", "T01", "--area", AREA, "--spent", "170 juta")["code"] == "T01"
    row = run_json("followup", "list", "--area", AREA)["decisions"][0]
    assert (row["status"], row["spent_rupiah"], row["action_code"]) == ("done", 170_000_000, "A01")
    plan = run_json("plan", "--goal", "points", "--budget", "300 juta", "--must", "A01")
    assert "A01" not in plan["actions"]
    assert plan["done"] == {"actions": ["A01"], "spent_rupiah": 170_000_000, "added_points": 0.0}
    refused = run_kla("followup", "add", "--area", AREA, "--year", "2022", "--what", "x", "--agency", "Pak Budi")
    assert (refused.returncode, "kantor" in refused.stderr) == (3, True)
    assert run_json("followup", "change", "T01", "--area", AREA, "--state", "open")
    assert run_json("followup", "list", "--area", AREA)["decisions"][0]["done_on"] is None


def test_a_broken_record_is_refused_before_a_report_is_begun(data, tmp_path):
    add_decision(AREA, **RIGHT)
    path = followup_path(AREA)
    path.write_text(path.read_text(encoding="utf-8").replace("Dinkes", "Pak Budi"), encoding="utf-8")
    refused = run_kla("report", "--area", AREA, "--year", "2022", KLA_REPORTS=str(tmp_path / "reports"))
    assert (refused.returncode, "kantor ini tidak dikenal" in refused.stderr) == (3, True)


def _fill(path, cells, without=None):
    """Fill cells of a workbook as a person does; `without` empties a row."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for name, value in cells.items():
        sheet[name].value = value
        if isinstance(value, str):
            sheet[name].data_type = "s"
    for cell in sheet[without] if without else ():
        cell.value = None
    book.save(path)
