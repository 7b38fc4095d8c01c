"""The grid: the filled cells of one sheet as they stand in the file, nothing interpreted yet."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

#: What a cell holds: text, number, percentage, date, truth value, error, formula that was never computed.
TEXT, NUMBER, PERCENT, DATE, TRUTH, ERROR, FORMULA = "s", "n", "p", "d", "b", "e", "f"


class Cell(NamedTuple):
    """A filled cell: its kind, and its text exactly as stored (numbers keep every digit)."""

    kind: str
    text: str


@dataclass(frozen=True)
class Grid:
    """One sheet.

    Attributes:
        rows: row number (from 1) → column number (from 1) → cell; filled cells only.
        merged: merged ranges as (first row, first column, last row, last column).
        hidden: whether the sheet itself is hidden.
        ragged: rows of a text file that have another number of cells than the rest, with that number.
        width: cells in a row of a text file; 0 for a workbook.
    """

    name: str
    rows: dict[int, dict[int, Cell]]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden: bool = False
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[tuple[int, int], ...] = ()
    ragged: tuple[tuple[int, int], ...] = ()
    width: int = 0


@dataclass(frozen=True)
class Book:
    """All sheets of a file, and what reading it brought to light.

    Attributes:
        properties: what the document says of itself: its custom properties by name, and `modified`, when it was saved.
    """

    grids: tuple[Grid, ...]
    remarks: tuple[str, ...] = field(default=())
    properties: dict[str, str] = field(default_factory=dict)


def cell_name(row: int, column: int) -> str:
    """Name a cell as a spreadsheet does.

    >>> cell_name(12, 4), cell_name(1048576, 16384)
    ('D12', 'XFD1048576')
    """
    return f"{column_name(column)}{row}"


def column_name(column: int) -> str:
    """Name a column as a spreadsheet does.

    >>> column_name(1), column_name(27)
    ('A', 'AA')
    """
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def as_record(book: Book) -> dict[str, Any]:
    """Return a book as plain lists, to be sent from one process to another; each row is columns, kinds and texts."""
    grids = []
    for grid in book.grids:
        rows = [
            [row, list(cells), "".join(kind for kind, _ in cells.values()), [text for _, text in cells.values()]]
            for row, cells in grid.rows.items()
        ]
        grids.append({**grid.__dict__, "rows": rows})
    return {"grids": grids, "remarks": book.remarks, "properties": book.properties}


@lru_cache(maxsize=65_536)
def _cell(kind: str, text: str) -> Cell:
    """Return one cell for all that hold the same: a long sheet has few different ones."""
    return Cell(kind, text)


def from_record(record: dict[str, Any]) -> Book:
    """Return the book that `as_record` wrote."""
    return Book(
        grids=tuple(
            Grid(
                name=grid["name"],
                rows={
                    row: dict(zip(columns, map(_cell, kinds, texts), strict=True))
                    for row, columns, kinds, texts in grid["rows"]
                },
                merged=tuple(map(tuple, grid["merged"])),
                hidden=grid["hidden"],
                hidden_rows=tuple(grid["hidden_rows"]),
                hidden_columns=tuple(map(tuple, grid["hidden_columns"])),
                ragged=tuple(map(tuple, grid["ragged"])),
                width=grid["width"],
            )
            for grid in record["grids"]
        ),
        remarks=tuple(record["remarks"]),
        properties=record["properties"],
    )


def clean(text: str) -> str:
    """Return a text as it looks: composed letters, plain single spaces, nothing invisible.

    >>> clean(" Kab.\\u00a0Tanah\\u200b  Bumbu\\u202e "), clean("e\\u0301") == "é"
    ('Kab. Tanah Bumbu', True)
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    seen = "".join(
        " " if c.isspace() else c
        for c in unicodedata.normalize("NFC", text)
        if unicodedata.category(c) not in ("Cf", "Co", "Cn", "Cs") and (c.isspace() or unicodedata.category(c) != "Cc")
    )
    return re.sub(r" {2,}", " ", seen).strip()


@lru_cache(maxsize=8192)
def words_of(text: str) -> str:
    """Return a text's words in lower case with single spaces: what two spellings of one heading share.

    >>> words_of("Nilai  Maks. (poin)"), words_of("KLASTER-I: Hak Sipil")
    ('nilai maks poin', 'klaster i hak sipil')
    """
    return " ".join(re.findall(r"[^\W_]+", clean(text).casefold().replace("&", " dan ")))
