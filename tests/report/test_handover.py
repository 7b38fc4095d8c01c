"""The hand-over: one document with history, decisions, owners, files and assumptions, and nothing that is not so."""

import re
import shutil
from pathlib import Path

import pypdf
import pytest
from conftest import ROOT, run_json, run_kla

from kla_analysis.evidence.followup import add_decision


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.setenv("KLA_DATA", str(data))
    return data


def test_whoever_takes_over_reads_it_in_one_file(data, tmp_path):
    sheet = (data / "assessments/reference/2024-self_assessment.csv").read_text(encoding="utf-8")
    for year in (2024, 2025):
        path = data / "assessments/63.10" / f"{year}-self_assessment.csv"
        path.write_text(sheet.replace("reference,2024,", f"63.10,{year},"), encoding="utf-8")
    for year, what in ((2022, "Susun SK gugus"), (2025, "Unggah bukti PUSPAGA")):
        add_decision("63.10", award_year=year, decided_on="2020-01-05", due="2020-02-01", what=what, agency="Dinkes")
    out = tmp_path / "serah.pdf"
    asked = ("handover", "--area", "63.10", "--year", "2025", "--stage", "self_assessment", "--out", str(out))
    assert run_json(*asked) == {"file": str(out)}
    said = _words(out)
    for part in (
        "2 lewat tenggat",
        "Unggah bukti PUSPAGA",
        "Susun SK gugus",
        "tanpa perubahan dari 2024",
        "data/assessments/63.10/followup.csv",
        "katalog contoh",
        "2025 evaluasi mandiri 771,81",
    ):
        assert part in said, part
    again = run_kla(*asked)
    assert (again.returncode, "sudah ada" in again.stderr) == (6, True)


def test_a_district_with_one_sheet_and_no_decisions_says_so(tmp_path):
    out = tmp_path / "serah.pdf"
    run_json("handover", "--area", "63.10", "--year", "2022", "--out", str(out))
    said = _words(out)
    for part in (
        "ILUSTRATIF",
        "Baru satu lembar",
        "Belum ada keputusan rapat",
        "tidak mencatat keadaan bukti",
    ):
        assert part in said, part
    assert said.count("riwayat perlu dua lembar") == 1
    known = run_kla("handover", "--area", "63.10", "--year", "2023", "--out", str(tmp_path / "2023.pdf"))
    assert known.returncode == 0, known.stderr


def _words(path: Path) -> str:
    pages = pypdf.PdfReader(path).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages)).replace("\u200b", "")
