"""Whole reports of a small project: what moved, and the same again."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pypdf
import pytest
from report.conftest import Mini, without_stamp

DOCUMENTS = ["laporan.pdf", "ringkasan.pdf", "rapat.pptx", "laporan.xlsx", "results.json", "changes.json"]


@pytest.fixture
def short(mini) -> Mini:
    """A project with one notebook, whose report is made in a moment."""
    mini.real("07_mutu_data")
    return mini


def text_of(page: Path) -> str:
    return unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")))


def test_the_next_report_says_what_moved_and_takes_the_page_about_the_failure_away(short):
    out = short.reports / "63.10" / "2022"
    short.run()
    assert "laporan pertama" in text_of(out / "index.html")
    (out.parent / "2022-gagal.html").write_text("gagal")
    sheet = short.root / "data/assessments/63.10/2022-final.csv"
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace(",1.1,10.11,", ",1.1,12,"), encoding="utf-8")
    short.run()
    assert not (out.parent / "2022-gagal.html").exists()
    found = json.loads((out / "changes.json").read_text(encoding="utf-8"))
    assert found["causes"] == {"data": ["lembar nilai"]}
    total = next(move for move in found["moves"] if move["what"] == "total.low")
    assert (total["difference"], total["data_points"], total["rules_points"]) == (1.89, 1.89, 0.0)
    assert "Nilai total +1,89 poin, semuanya karena jawaban di lembar." in text_of(out / "index.html")
    page = text_of(out / "perubahan.html")
    assert "Nilai total +1,89 poin, semuanya karena jawaban di lembar." in page
    assert "Angka yang berubah sejak laporan sebelumnya" in page
    pdf = "".join(page.extract_text() for page in pypdf.PdfReader(out / "laporan.pdf").pages)
    assert "+1,89 poin, semuanya karena jawaban" in pdf


@pytest.mark.long
def test_two_reports_of_the_same_are_the_same_files(short, tmp_path):
    """Another folder, clock and language of the machine: equal bytes, in pages all but the stamp."""
    places = [tmp_path / "satu", tmp_path / "dua"]
    short.run(out=places[0])
    done = short.kla("report", "--out", str(places[1]), TZ="Asia/Jayapura", LANG="tr_TR.UTF-8")
    assert done.returncode == 0, done.stderr
    for name in DOCUMENTS:
        assert (places[0] / name).read_bytes() == (places[1] / name).read_bytes(), name
    for name in ("index.html", "perubahan.html", "07_mutu_data.html"):
        one, other = (without_stamp((place / name).read_bytes()) for place in places)
        assert one == other
