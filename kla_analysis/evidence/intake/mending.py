"""Mending: cells of a sheet that somebody corrects while it is checked. The file itself is never touched.

What was typed is read by the same rules as what stood there; the repair list keeps old and new.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from kla_analysis.errors import DataError, did_you_mean
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid
from kla_analysis.evidence.intake.numbers import decimal_mark
from kla_analysis.evidence.intake.repairs import NORMALISED, Repairs
from kla_analysis.language import t

#: A cell: the name of its sheet, its row and its column, both from 1.
Place = tuple[str, int, int]


def mended(book: Book, mends: Mapping[Place, str], repairs: Repairs) -> Book:
    """Return a book in which some cells say something else; an empty text empties a cell.

    Args:
        mends: what is typed, by cell.
        repairs: where each change is written down.

    Raises:
        DataError: there is no such sheet.
    """
    grids = {grid.name: grid for grid in book.grids}
    for (sheet, row, column), typed in mends.items():
        if sheet not in grids:
            raise DataError(t("Lembar “{name}” tidak ada.", name=sheet), advice=did_you_mean(sheet, grids))
        grid = grids[sheet]
        cells = dict(grid.rows.get(row, {}))
        old, new = cells.pop(column, None), _with_the_mark_of(grid, row, column, typed.strip())
        if new:
            cells[column] = Cell(TEXT, new)
        rows = {**grid.rows, row: dict(sorted(cells.items()))}
        grids[sheet] = replace(grid, rows=dict(sorted(rows.items())))
        reason = t("diisi ulang saat lembar diperiksa")
        repairs.add(NORMALISED, sheet, (row, column), old or "", typed.strip() or t("(kosong)"), reason)
    return replace(book, grids=tuple(grids.values()))


def _with_the_mark_of(grid: Grid, row: int, column: int, typed: str) -> str:
    """Write a typed number with the decimal mark of its column: who types 12,5 need not know what the file uses."""
    mark = decimal_mark(cells[column] for at, cells in grid.rows.items() if at != row and column in cells).mark
    plain = re.fullmatch(r"(\d+)[.,](\d{1,2})", typed, re.ASCII)
    return f"{plain[1]}{mark}{plain[2]}" if plain and mark else typed
