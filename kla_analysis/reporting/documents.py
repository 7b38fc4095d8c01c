"""Documents of a finished report: PDF, Excel and results, all made from its pages, so that no number differs.

A page carries the value of every figure beside what is written; the workbook takes it from there, and
the PDF shows the same text and the same pictures. Nothing is drawn or computed twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import t
from kla_analysis.presenting import wording
from kla_analysis.presenting.workbook import Calculation, Cell, Sheet, workbook
from kla_analysis.reporting import document, paper, results
from kla_analysis.reporting.document import Frame
from kla_analysis.reporting.parameters import ReportParameters

PDF, EXCEL = "laporan.pdf", "laporan.xlsx"
_TABLE = re.compile(
    r'<table class="kla-table">(.*?)</table>\s*</div>(?:\s*<p class="kla-source">(.*?)</p>)?', re.DOTALL
)
_CAPTION = re.compile(r'<caption[^>]*>(.*?)(?:<strong class="kla-badge">(.*?)</strong>)?</caption>', re.DOTALL)


def all_documents(
    parameters: ReportParameters,
    position: Position,
    pages: Mapping[str, str],
    frame: Frame,
    record: Mapping[str, Any],
) -> dict[str, bytes]:
    """Make the documents of a report.

    Args:
        pages: the text of every page by file name, in the order of reading, the summary first.
        record: the results, from `results.results_of`.

    Returns:
        The documents by file name. The PDF is left out where this machine lacks what it needs;
        `left_out` says why.
    """
    made = {} if left_out() else {PDF: paper.pdf(pages, frame)}
    made[EXCEL] = report_workbook(parameters, position, pages, frame)
    made[results.FILE] = results.as_json(record)
    return made


def downloads() -> dict[str, str]:
    """Return the documents that a report will have beside its pages, with what each is."""
    said = {
        PDF: t("seluruh laporan untuk dicetak (A4)"),
        EXCEL: t("semua tabel dan lembar hitung yang menghitung ulang sendiri"),
        results.FILE: t("semua angka untuk mesin"),
    }
    return {file: what for file, what in said.items() if file not in left_out()}


def left_out() -> dict[str, str]:
    """Return which documents can not be made on this machine, with the reason in words."""
    return {PDF: paper.obstacle()} if paper.obstacle() else {}


def report_workbook(parameters: ReportParameters, position: Position, pages: Mapping[str, str], frame: Frame) -> bytes:
    """Return the report as an Excel file: every table of its pages, and a sheet that calculates."""
    badge = t("ILUSTRATIF") if position.illustrative else ""
    words = [
        *wording.headline(position, aim(position)).paragraphs,
        *wording.remarks(position).paragraphs,
        *([frame.illustrative] if frame.illustrative else []),
    ]
    # The same table on two pages is one sheet.
    found = [sheet for file, page in pages.items() for sheet in tables_of(page, frame.short[file])]
    sheets = list({(sheet.title, str(sheet.rows)): sheet for sheet in reversed(found)}.values())[::-1]
    sources = {
        t("Sumber: {title}", title=source.title): f"{source.citation} ({standing_name(source.standing)})"
        for source in position.instrument.sources.values()
    }
    return workbook(
        document.title_of(frame),
        words,
        {**frame.colophon, **sources},
        sheets,
        calculation=Calculation(position.roll_up, aim(position), badge) if position.roll_up else None,
        badge=badge,
    )


def tables_of(page: str, group: str) -> list[Sheet]:
    """Read the tables of a page: numbers as the values behind them, everything else as it is written."""
    found = []
    for body, source in _TABLE.findall(page):
        title, badge = _CAPTION.search(body).groups()
        head, *rows = [document.CELL.findall(row) for row in document.ROW.findall(body)]
        footed = "<tfoot>" in body
        units = [re.search(r'data-unit="(\w+)"', attributes) for attributes, _ in head]
        values = [[_value(attributes, text) for attributes, text in row] for row in rows]
        found.append(
            Sheet(
                group=group,
                title=document.plain(title),
                headings=tuple(document.plain(text) for _, text in head),
                units=tuple(unit[1] if unit else "" for unit in units),
                rows=values[:-1] if footed else values,
                total=values[-1] if footed else (),
                source=document.plain(source),
                badge=document.plain(badge or ""),
            )
        )
    return found


def _value(attributes: str, text: str) -> Cell:
    value = re.search(r'data-value="([^"]+)"', attributes)
    if value is None:
        return document.plain(text)
    return float(value[1]) if re.search(r"[.en]", value[1]) else int(value[1])
