"""The sheet of a coordination meeting: what was decided, what is missing, what the plan does, lines to write on; two pages."""

from __future__ import annotations

import shutil

import pytest
from conftest import ROOT, UNANSWERED
from report.test_documents import frame

import kla_analysis as kla
from kla_analysis.evidence.followup import add_decision
from kla_analysis.language import LANGUAGES, language
from kla_analysis.report import html, pages
from kla_analysis.showing.meeting import DECIDED, LINES, meeting_sheets

HEAD = "area_code,award_year,stage"
STATES = ["rejected", "none", "promised", "incomplete", "complete"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.setenv("KLA_DATA", str(data))
    return data


@pytest.fixture
def full(data, tmp_path):
    """A case with all that a sheet may hold: unanswered questions, evidence in every state, decisions of before."""
    for cluster in ("K2", "K2", "K2", "K5", None, None):
        what = "Unggah SK gugus tugas dan foto kegiatan setiap kecamatan, lalu kirim tautannya ke sekretariat"
        add_decision(
            "63.10",
            award_year=2022,
            decided_on="2022-10-20",
            what=what,
            agency="Dinkes",
            due="2022-11-30",
            **({"component_code": cluster} if cluster else {}),
        )
    lines = (data / "assessments/63.10/2022-final.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[1:]]
    path = tmp_path / "lembar.csv"
    path.write_text(
        "\n".join(
            [f"{HEAD},question_code,score,note,evidence_state,lead,due"]
            + [
                ",".join(
                    [
                        *row[:4],
                        "" if row[3] in UNANSWERED else row[4],
                        "",
                        STATES[at % 5],
                        "Dinas PPPA" if at % 2 else "",
                        "2022-12-01",
                    ]
                )
                for at, row in enumerate(rows)
            ]
        )
        + "\n",
        encoding="utf-8",
    )
    return kla.open("63.10", 2022, assessment=str(path), target="nindya")


@pytest.fixture
def shallow(tmp_path):
    """A case whose sheet stops at indicators; one of them nobody has answered."""
    scores = kla.open("63.10", 2022).indicators["low"].astype(str)
    scores["8"] = ""
    path = tmp_path / "indikator.csv"
    rows = [f"63.10,2022,final,{code},{score}" for code, score in scores.items()]
    path.write_text("\n".join([f"{HEAD},indicator_code,score", *rows]) + "\n", encoding="utf-8")
    return kla.open("63.10", 2022, assessment=str(path))


def sheets_of(case) -> dict[str, dict]:
    return {sheet["id"].removeprefix("rapat-"): sheet for sheet in pages.sheets([meeting_sheets(case).record()])}


def tables_of(sheet: dict) -> dict[str, dict]:
    return {block["title"]: block for block in sheet["blocks"] if block["kind"] == "table"}


def column(table: dict, name: str) -> list:
    return [row[name] for row in table["data"]]


def test_decisions_come_first_then_what_is_missing_then_the_plan_then_lines_to_write_on(full):
    sheet = sheets_of(full)["K2"]
    tables = tables_of(sheet)
    titles = list(tables)
    assert titles[0] == "Kab. Tanah Bumbu: keputusan rapat dan tindak lanjutnya"
    assert len(tables[titles[0]]["data"]) == DECIDED
    assert titles[1].startswith("8 pertanyaan belum dijawab")
    weak = next(table for title, table in tables.items() if title.startswith("Bukti yang masih kurang"))
    codes = column(weak, "question_code")
    asked = full.questions.loc[codes]
    assert set(asked["evidence_state"]) <= {"rejected", "none", "promised", "incomplete"}
    assert not (asked["unanswered"] > 0).any()
    assert asked["low"].is_monotonic_decreasing
    actions = next(table for title, table in tables.items() if title.startswith("Kegiatan "))
    plan = kla.simulate(full, target="nindya").plan.actions
    marked = [
        code
        for code, mark in zip(column(actions, "action_code"), column(actions, "chosen"), strict=True)
        if mark == "✓ ya"
    ]
    catalogue = kla.simulate(full).model.catalogue.actions
    assert set(marked) == {code for code in plan if catalogue.at[code, "component_code"] == "K2"}
    assert marked == column(actions, "action_code")[: len(marked)]
    assert titles[-1].startswith("Keputusan rapat ini")
    assert tables[titles[-1]]["written"] == [["", "", ""]] * LINES


def test_a_sheet_by_indicator_has_its_meeting_sheets_too(shallow):
    sheet = sheets_of(shallow)["K2"]
    said = " ".join(words for block in sheet["blocks"] if block["kind"] == "text" for words in block["paragraphs"])
    assert "53 poin hilang pada 4 indikator" in said.replace("52,99", "53")
    assert "Belum dijawab: 8 Penguatan Kapasitas" in said
    assert list(tables_of(sheet))[-1].startswith("Keputusan rapat ini")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("which", ["full", "shallow"])
def test_every_sheet_fits_on_two_pages_with_no_table_torn(which, lang, request, paper_pages):
    case = request.getfixturevalue(which)
    with language(lang):
        for code, sheet in sheets_of(case).items():
            shown = frame(sheets={"rapat.html": sheet["title"]}, illustrative="Contoh. " * 30)
            page = html.part_page([pages.alone(sheet)], shown, "rapat.html")
            assert paper_pages(page) <= 2, code
