"""Excel workbooks: the tables of a plan with their sources; nothing from data is ever a formula."""

from __future__ import annotations

import datetime
import io
import re
from typing import Any

import pandas as pd

from kla_analysis.language import t
from kla_analysis.planning.simulation import Simulation
from kla_analysis.presenting.plan_tables import (
    component_change_table,
    cut_table,
    order_table,
    plan_table,
    spending_table,
    stair_table,
)
from kla_analysis.presenting.plan_wording import plan_in_words, plan_note
from kla_analysis.presenting.tables import Table

# Excel stores when a file was made; a fixed moment keeps equal workbooks equal, byte for byte.
_MADE = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def plan_workbook(answer: Simulation) -> bytes:
    """Return a plan as an Excel file: a cover in words, then one table a sheet, numbers as numbers."""
    tables = {
        t("Rencana"): plan_table(answer),
        t("Komponen"): component_change_table(answer),
        t("Perangkat daerah"): spending_table(answer, "agency"),
        t("Tahun"): spending_table(answer, "year"),
        t("Urutan aman"): order_table(answer),
        t("Bila dipotong"): cut_table(answer),
        t("Tangga"): stair_table(answer),
    }
    words = [*plan_in_words(answer).paragraphs, plan_note(answer)]
    return workbook(t("Rencana {area}", area=answer.ground.position.area.name), words, tables)


def workbook(title: str, words: list[str], tables: dict[str, Any]) -> bytes:
    """Return an Excel file: a cover in words, then one table a sheet; what is no table is left out."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "created": _MADE})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    head = book.add_format({"bold": True, "font_size": 14})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    formats = {"number": book.add_format({"num_format": "#,##0.##", "valign": "top"}), "text": wrap}
    cover = book.add_worksheet(t("Sampul"))
    cover.set_column(0, 0, 100, wrap)
    cover.write_string(0, 0, title, head)
    for row, text in enumerate(words, start=2):
        cover.write_string(row, 0, text, wrap)
    for name, table in tables.items():
        if not isinstance(table, Table):
            continue
        sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", " ", name)[:31])
        sheet.write_string(0, 0, table.caption + (f" ({table.badge})" if table.badge else ""), head)
        for at, column in enumerate(table.columns):
            sheet.write_string(2, at, column.title, bold)
            values = list(table.frame[column.key])
            for row, value in enumerate(values, start=3):
                _write(sheet, row, at, value, column, formats)
            longest = max((len(str(column.cell(value))) for value in values), default=0)
            sheet.set_column(at, at, min(max(longest, len(column.title) // 2, 8) + 2, 60))
        sheet.write_string(len(table.frame) + 4, 0, table.source)
        sheet.freeze_panes(3, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
    book.close()
    return buffer.getvalue()


def _write(sheet: Any, row: int, at: int, value: Any, column: Any, formats: dict[str, Any]) -> None:
    """Write one cell: a number as a number, anything else as text, never as a formula."""
    number = isinstance(value, int | float) or hasattr(value, "dtype")
    if number and pd.notna(value) and column.kind == "number":
        sheet.write_number(row, at, float(value), formats["number"])
    else:
        sheet.write_string(row, at, column.cell(value), formats["text"])
