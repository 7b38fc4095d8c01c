"""A whole report of a sheet with fifteen unanswered questions: on pages, paper and in Excel they are never a nought."""

import io
import re
from html import unescape

import openpyxl
import pypdf
import pytest
from conftest import UNANSWERED

from kla_analysis.app import shelf
from kla_analysis.report.manifest import MANIFEST, read_manifest

EMPTY = ("7", "9", "21B")
NOUGHTS = {"0", "0,0", "0,00", "0%", "0.0", "0.00"}


@pytest.fixture
def folder(unanswered):
    return unanswered


@pytest.fixture(scope="module")
def names(instrument):
    """How the unanswered are named: questions and whole indicators."""
    return {instrument.questions.at[code, "name"] for code in UNANSWERED} | {
        instrument.indicators.at[code, "name"] for code in EMPTY
    }


def plain(piece: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", piece)).strip()


def rows_about(rows, names):
    return [row for row in rows if any(cell.removeprefix("· ").strip() in names for cell in row)]


def test_no_page_says_nought_of_them(folder, names):
    pages = "".join(page.read_text(encoding="utf-8") for page in folder.glob("*.html"))
    found = [
        [plain(cell) for cell in re.findall(r"<t[dh][ >].*?</t[dh]>", row, re.DOTALL)]
        for row in re.findall(r"<tr[^>]*>.*?</tr>", pages, re.DOTALL)
    ]
    about = rows_about(found, names)
    assert len(about) > 40
    assert not [row for row in about if NOUGHTS & set(row)]


def test_no_sheet_of_the_workbook_says_nought_of_them(folder, names):
    book = openpyxl.load_workbook(folder / "laporan.xlsx", data_only=True)
    rows = [
        [str(cell) for cell in row if cell is not None] for sheet in book for row in sheet.iter_rows(values_only=True)
    ]
    about = rows_about(rows, names)
    assert len(about) > 40
    assert not [row for row in about if NOUGHTS & set(row)]


def test_paper_says_so_too(folder):
    reader = pypdf.PdfReader(io.BytesIO((folder / "laporan.pdf").read_bytes()))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert text.count("belum dijawab") > 40
    assert "Siapa yang mengisi 15 pertanyaan yang belum dijawab" in re.sub(r"\s+", " ", text)


def test_first_page_record_and_list_say_how_much_is_unknown(folder):
    page = (folder / "index.html").read_text(encoding="utf-8")
    (first,) = re.findall(r"Siapa yang mengisi 15 pertanyaan yang belum dijawab: (.*?)</th>", page, re.DOTALL)
    named = re.findall(r"(\S+) \(", plain(first))
    assert len(named) == 5
    assert set(named) <= set(UNANSWERED)
    assert plain(first).endswith("10 lainnya, di bab Mutu data.")
    made = shelf.Made(folder, read_manifest((folder / MANIFEST).read_bytes()))
    card = shelf.card(made)
    assert "588,42–705,67, Pratama sampai Nindya" in card
    assert "15 jawaban kosong: 117,25 poin belum diketahui." in card
