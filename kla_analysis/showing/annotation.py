"""The annotated copy: a district's sheet as it was read, with what was found written on its cells.

Made from the cells that were read, not from the file: it holds no formula, macro, link or picture of the original.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kla_analysis.evidence.intake.grid import NUMBER, PERCENT, Cell, Grid
from kla_analysis.evidence.intake.repairs import NORMALISED, REFUSED, SKIPPED, Repair, action_name
from kla_analysis.evidence.intake.sheet import Intake
from kla_analysis.evidence.personal import masked
from kla_analysis.language import t
from kla_analysis.showing.template import new_workbook, row_height

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


#: Fill and letter colour per action; the words stand in the comment, so that colour never speaks alone.
_COLOURS = {REFUSED: ("#F8D0C8", "#7A1500"), NORMALISED: ("#FFF1C2", "#4A3800"), SKIPPED: ("#E6E6E6", "#333333")}
#: Filled cells up to which a copy is made; a larger sheet is mended faster from the list.
MOST_CELLS = 300_000
#: What a sheet of Excel holds at most.
_COLUMNS, _ROWS = 16_384, 1_048_576


def annotated_workbook(intake: Intake) -> bytes | None:
    """Return the copy as an Excel file: a list in front, then each sheet; None where it would be too large."""
    if sum(len(cells) for grid in intake.book.grids for cells in grid.rows.values()) > MOST_CELLS:
        return None
    book, buffer = new_workbook(t("Salinan beranotasi"))
    formats = {
        action: book.add_format(
            {
                "bg_color": fill,
                "font_color": letters,
                "border": 1,
                "border_color": letters,
                "text_wrap": True,
                "valign": "top",
            }
        )
        for action, (fill, letters) in _COLOURS.items()
    }
    plain, loose = book.add_format({"text_wrap": True, "valign": "top"}), book.add_format({"valign": "top"})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    bold = book.add_format({"bold": True, "font_size": 14})
    names = _sheet_names(intake.book.grids)
    _list_sheet(book.add_worksheet(t("Perbaikan")), intake, bold, head, plain, formats)
    by_sheet: dict[str, dict[tuple[int, int], list[Repair]]] = defaultdict(lambda: defaultdict(list))
    for item in intake.repairs.items:
        by_sheet[item.sheet][item.row, item.column].append(item)
    for grid, name in zip(intake.book.grids, names, strict=True):
        _copy(book.add_worksheet(name), grid, by_sheet.get(grid.name, {}), formats, plain, loose)
    book.close()
    return buffer.getvalue()


def _list_sheet(
    sheet: Worksheet, intake: Intake, bold: Format, head: Format, plain: Format, formats: dict[str, Format]
) -> None:
    sheet.write_string(0, 0, t("Yang ditemukan di {file}", file=masked(intake.file)), bold)
    columns = (
        (t("Tindakan"), 18),
        (t("Lembar"), 20),
        (t("Sel"), 8),
        (t("Semula"), 30),
        (t("Menjadi"), 16),
        (t("Alasan"), 50),
        (t("Saran"), 60),
    )
    for at, (title, width) in enumerate(columns):
        sheet.write_string(2, at, title, head)
        sheet.set_column(at, at, width)
    order = (REFUSED, NORMALISED, SKIPPED, "noted")
    for row, item in enumerate(
        sorted(intake.repairs.items, key=lambda item: (order.index(item.action), item.row)), start=3
    ):
        style = formats.get(item.action, plain)
        values = (action_name(item.action), item.sheet, item.cell, item.old, item.new, item.reason, item.advice)
        sheet.set_row(row, max(row_height(value, width) for value, (_, width) in zip(values, columns, strict=True)))
        for at, value in enumerate(values):
            sheet.write_string(row, at, value, style if at == 0 else plain)
    sheet.freeze_panes(3, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _copy(
    sheet: Worksheet,
    grid: Grid,
    found: dict[tuple[int, int], list[Repair]],
    formats: dict[str, Format],
    wrapped: Format,
    loose: Format,
) -> None:
    places = {(row, column) for row, cells in grid.rows.items() for column in cells}
    for row, column in sorted(places | {(row, column) for row, column in found if row}):
        if column > _COLUMNS or row > _ROWS:
            continue
        cells = grid.rows.get(row, {})
        items = found.get((row, column), [])
        worst = _worst(items)
        style = formats.get(worst, wrapped if len(cells) > 1 else loose)
        at = (row - 1, max(column, 1) - 1)
        # What was found about a whole row stands at its first cell.
        _write(sheet, *at, cells.get(column or 1), style)
        if worst:
            sheet.write_comment(*at, _comment(items), {"x_scale": 2.2, "y_scale": 1.4, "author": "kla_analysis"})
    _sizes(sheet, grid)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _worst(items: list[Repair]) -> str:
    """Return the action that decides how a cell looks; empty where nothing was done to it."""
    done = {item.action for item in items}
    return next((action for action in (REFUSED, NORMALISED, SKIPPED) if action in done), "")


def _sizes(sheet: Worksheet, grid: Grid) -> None:
    """Make columns as wide, and rows as high, as what they hold; a title runs over its neighbours and widens nothing."""
    rows = {row: cells for row, cells in grid.rows.items() if len(cells) > 1 and row <= _ROWS}
    widths: dict[int, int] = {}
    for cells in rows.values():
        for column, cell in cells.items():
            if column <= _COLUMNS:
                widths[column] = max(widths.get(column, 8), min(len(cell.text), 50))
    for column, width in widths.items():
        sheet.set_column(column - 1, column - 1, width + 2)
    for row, cells in rows.items():
        sheet.set_row(row - 1, max(row_height(cell.text, widths.get(column, 8)) for column, cell in cells.items()))


def _comment(items: list[Repair]) -> str:
    lines = []
    for item in items:
        new = f" {item.new}" if item.new and item.action == NORMALISED else ""
        lines.append(
            f"{action_name(item.action).capitalize()}{new}: {item.reason}." + (f" {item.advice}" if item.advice else "")
        )
    return "\n".join(lines)[:2000]


def _write(sheet: Worksheet, row: int, column: int, cell: Cell | None, style: Format) -> None:
    if cell is None:
        sheet.write_blank(row, column, None, style)
        return
    if cell.kind in (NUMBER, PERCENT) and len(cell.text) < 16:
        sheet.write_number(row, column, float(cell.text), style)
    else:
        sheet.write_string(row, column, masked(cell.text)[:32000], style)


def _sheet_names(grids: tuple[Grid, ...]) -> list[str]:
    """Return names that Excel takes: 31 characters, none twice."""
    names: list[str] = []
    taken = {t("Perbaikan").casefold()}
    for grid in grids:
        base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", masked(grid.name)).strip("' ")[:28] or t("Lembar")
        name, count = base, 2
        while name.casefold() in taken:
            name, count = f"{base[:25]} {count}", count + 1
        taken.add(name.casefold())
        names.append(name)
    return names
