"""The deck for the coordination meeting and the summary as a document of its own: they say what page one says."""

from __future__ import annotations

import io
import re
from html import unescape

import pandas as pd
import pptx
import pypdf
import pytest
from pptx.util import Inches
from report.test_documents import HOSTILE, frame, pages_of
from report.test_report import FOLDED, tables_of

from kla_analysis.report import html, slides
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.text import Text


def deck_of(path) -> pptx.presentation.Presentation:
    return pptx.Presentation(io.BytesIO(path) if isinstance(path, bytes) else path)


def words_of(slide) -> str:
    found = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
    tables = [shape.table for shape in slide.shapes if shape.has_table]
    return "\n".join(found + [cell.text for table in tables for row in table.rows for cell in row.cells])


def rows_of(slide) -> list[list[str]]:
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    return [[cell.text for cell in row.cells] for row in table.rows]


@pytest.fixture(params=["report", "english", "unanswered"])
def folder(request):
    return request.getfixturevalue(request.param)


def test_a_deck_is_for_everyone_and_stays_on_its_slides(folder):
    deck = deck_of(folder / "rapat.pptx")
    page = (folder / "index.html").read_text(encoding="utf-8")
    lang, illustrative = re.search(r'<html lang="(\w+)"', page)[1], 'class="kla-warning"' in page
    assert 8 <= len(deck.slides) <= slides.MOST
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert len(set(titles)) == len(titles)
    for slide in deck.slides:
        assert slide.notes_slide.notes_text_frame.text
        assert (("ILUSTRATIF" if lang == "id" else "ILLUSTRATIVE") in words_of(slide)) == illustrative
        spoken = {run.get("lang") for run in slide._element.iter("{*}rPr")}
        assert spoken == {"id-ID" if lang == "id" else "en-US"}
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= deck.slide_width
            assert shape.top + shape.height <= deck.slide_height
            described = shape._element.xpath(".//p:cNvPr")[0].get("descr", "")
            if shape.shape_type == pptx.enum.shapes.MSO_SHAPE_TYPE.PICTURE:
                assert len(described) > 40
            if shape.has_table:
                assert described
                assert shape.table.first_row
                # Rows have the height that their text was measured to need, so that the table ends above the foot.
                assert shape.top + sum(row.height for row in shape.table.rows) <= Inches(6.96)


def test_a_deck_says_what_page_one_says(folder):
    deck = "\n".join(words_of(slide) for slide in deck_of(folder / "rapat.pptx").slides)
    page = (folder / "index.html").read_text(encoding="utf-8")
    figures = re.findall(r"<dd><strong>(.*?)</strong> <span>(.*?)</span>", page)
    tables = tables_of(FOLDED.sub("", page))
    assert figures
    assert len(tables) >= 3
    said = [*sum(figures, ()), *(cell for _, rows in tables for row in rows for cell in row)]
    assert not [one for one in said if unescape(one) not in deck]


def test_the_summary_alone_is_one_page(folder):
    document = pypdf.PdfReader(folder / "ringkasan.pdf")
    (paper,) = document.pages
    assert b"<pdfuaid:part>1</pdfuaid:part>" in document.trailer["/Root"]["/Metadata"].get_data()
    whole = pypdf.PdfReader(folder / "laporan.pdf").pages[0].extract_text()
    assert paper.extract_text().splitlines()[:-1] == whole.splitlines()[:-1]  # the last line counts the pages


def test_rows_without_room_are_counted():
    table = Table(
        "Uji",
        (Column("a", "Isi"), Column("b", "Nilai", "number")),
        pd.DataFrame({"a": [f"baris {at} " + "kata " * 30 for at in range(40)], "b": range(40)}),
        total=("Jumlah", 780),
    )
    made = slides.slides(pages_of(table.record() | {"slide": True}), frame())
    rows = rows_of(deck_of(made).slides[2])
    left = len(rows) - 3
    assert 4 < left < 40
    assert rows[-2] == [f"dan {40 - left} lainnya", ""]
    assert rows[-1] == ["Jumlah", "780"]


def test_where_too_much_is_marked_the_first_give_way():
    def marked(name):
        return Table(name, (Column("a", "Isi"),), pd.DataFrame({"a": [name]})).record() | {"slide": True}

    first = [Text(("Jawaban.",)).record(), Text(("Putuskan.",)).record() | {"above": "Yang diputuskan"}]
    found = pages_of(*(marked(f"Tabel {at}") for at in range(12))) | {html.INDEX: first}
    titles = [slide.shapes.title.text for slide in deck_of(slides.slides(found, frame())).slides]
    assert len(titles) == slides.MOST
    assert titles[2:] == [*(f"Tabel {at}" for at in range(5, 12)), "Yang diputuskan"]


def test_any_text_is_only_text():
    table = Table(
        HOSTILE + "\x00" * 2,
        (Column("a", HOSTILE), Column("b", "x" * 300)),
        pd.DataFrame({"a": [HOSTILE * 30], "b": ["y" * 900]}),
        source=HOSTILE,
    )
    found = pages_of(table.record() | {"slide": True})
    found[html.INDEX] = [Text((HOSTILE, "kata " * 2000)).record()]
    deck = deck_of(slides.slides(found, frame(area=HOSTILE * 9, about=HOSTILE * 9, illustrative=HOSTILE * 40)))
    assert rows_of(deck.slides[2])[0][0] == HOSTILE
    assert HOSTILE in words_of(deck.slides[1])
