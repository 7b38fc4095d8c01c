"""Documents of a finished report: PDF, slides, Excel and results, all made from its pages, so that no number differs.

A page carries the value of every figure beside what is written; the workbook takes it from there, and
PDF and slides show the same text and the same pictures. Nothing is drawn or computed twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import t
from kla_analysis.report import html, pdf, results, slides
from kla_analysis.report.html import Frame
from kla_analysis.showing import losses, scorecard
from kla_analysis.showing.excel import Calculation, Sheet, sheet_of, workbook
from kla_analysis.showing.records import Record, tables_in

PDF, EXCEL = "laporan.pdf", "laporan.xlsx"
#: The first page alone, and the deck for the coordination meeting.
BRIEF, SLIDES = "ringkasan.pdf", "rapat.pptx"


def all_documents(
    position: Position,
    pages: Mapping[str, Sequence[Record]],
    frame: Frame,
    record: Mapping[str, Any],
) -> dict[str, bytes]:
    """Make the documents of a report.

    Args:
        pages: the blocks of every page by file name, in the order of reading, the summary first.
        record: the results, from `results.results_of`.

    Returns:
        The documents by file name.
    """
    return {
        PDF: pdf.pdf(pages, frame),
        BRIEF: pdf.pdf({html.INDEX: pages[html.INDEX]}, frame),
        SLIDES: slides.slides(pages, frame),
        EXCEL: report_workbook(position, pages, frame),
        results.FILE: results.as_json(record),
    }


def downloads() -> dict[str, str]:
    """Return the documents that a report will have beside its pages, with what each is."""
    return {
        BRIEF: t("ringkasan satu halaman, untuk dicetak atau dikirim (A4)"),
        SLIDES: t("salindia untuk rapat koordinasi (PowerPoint, paling banyak sepuluh)"),
        PDF: t("seluruh laporan untuk dicetak (A4)"),
        EXCEL: t("semua tabel dan lembar hitung yang menghitung ulang sendiri"),
        results.FILE: t("semua angka untuk mesin"),
    }


def report_workbook(position: Position, pages: Mapping[str, Sequence[Record]], frame: Frame) -> bytes:
    """Return the report as an Excel file: every table of its pages, and a sheet that calculates."""
    badge = t("ILUSTRATIF") if position.illustrative else ""
    words = [
        *scorecard.headline(position, aim(position)).paragraphs,
        *scorecard.remarks(position).paragraphs,
        *([frame.illustrative] if frame.illustrative else []),
    ]
    # The same table on two pages is one sheet; lines to write on by hand are none.
    found = [
        sheet_of(table, frame.short[file])
        for file, shown in pages.items()
        for table in tables_in(shown)
        if any(field["kind"] != "blank" for field in table["schema"]["fields"])
    ]
    sheets = list({(sheet.title, str(sheet.rows)): sheet for sheet in reversed(found)}.values())[::-1]
    sheets.insert(0, _every_question(position))
    sources = {
        t("Sumber: {title}", title=source.title): f"{source.citation} ({standing_name(source.standing)})"
        for source in position.instrument.sources.values()
    }
    return workbook(
        html.title_of(frame),
        words,
        {**frame.colophon, **sources},
        sheets,
        calculation=Calculation(position.roll_up, aim(position), badge) if position.roll_up else None,
        badge=badge,
    )


def _every_question(position: Position) -> Sheet:
    """Return all questions of the instrument as one sheet, so that they can be filtered and sorted."""
    tables = {title: sheet_of(table.record(), "") for title, table in losses.every_question(position).items()}
    first = next(iter(tables.values()))
    return replace(
        first,
        title=t("Semua pertanyaan"),
        headings=(*first.headings[:2], t("Komponen"), *first.headings[2:]),
        units=(*first.units[:2], "", *first.units[2:]),
        rows=[[*row[:2], title, *row[2:]] for title, table in tables.items() for row in table.rows],
    )
