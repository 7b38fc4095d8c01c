"""OpenDocument sheets (.ods): the cells of each table as a stream, with what calamine leaves out: percentages and formulas."""

from __future__ import annotations

import io
import re
import zipfile

from kla_analysis.evidence.intake.grid import DATE, ERROR, FORMULA, NUMBER, PERCENT, TEXT, TRUTH, Book, Cell, Grid
from kla_analysis.evidence.intake.workbooks import (
    BREAKS,
    ERROR_TEXT,
    MAX_MERGED,
    broken,
    counted,
    local,
    properties_in,
    stream,
)

#: Parts of a table that are not its cells: remarks, drawings, what was deleted while changes were recorded.
_SILENT = {"annotation", "shapes", "tracked-changes", "forms", "dde-links"}
#: Programs that compute a formula before they save it; of any other a result of 0 is no result.
_COMPUTES = re.compile(rb"LibreOffice|OpenOffice|Collabora|Microsoft|Excel|WPS|Google", re.IGNORECASE)
_NUMBERS = {"float", "currency", "percentage"}
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384


def read_ods(data: bytes) -> Book:
    """Read an OpenDocument workbook: filled cells with their kinds, merged ranges, what is hidden."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            meta = package.read("meta.xml") if "meta.xml" in package.namelist() else b""
            reader = _Tables(computed=bool(_COMPUTES.search(meta)))
            with package.open("content.xml") as part:
                stream(part, reader.start, reader.end, reader.text)
            return Book(tuple(reader.grids), properties=properties_in(package, "meta.xml"))
    except (*BREAKS, KeyError):
        raise broken() from None


class _Tables:
    """Collects the tables of a document, element by element."""

    def __init__(self, *, computed: bool) -> None:
        self.computed = computed
        self.grids: list[Grid] = []
        self.hidden_styles: set[str] = set()
        self.style = ""
        self.silent = self.depth = self.cells = 0
        self.about: dict[str, str] | None = None
        self.pieces: list[str] = []
        self.filled: dict[int, Cell] = {}
        self.in_text = 0

    def start(self, tag: str, about: dict[str, str]) -> None:
        name = local(tag)
        if name in _SILENT:
            self.silent += 1
        if self.silent:
            return
        if name == "table":
            self.depth += 1
            if self.depth == 1:
                self._begin(about)
        elif self.depth == 1:
            self._inside(name, about)
        elif name == "style":
            self.style = about.get("style:name", "")
        elif name == "table-properties" and about.get("table:display") == "false":
            self.hidden_styles.add(self.style)

    def _inside(self, name: str, about: dict[str, str]) -> None:
        """Take what begins inside a table."""
        if name == "table-column":
            self._column(about)
        elif name == "table-row":
            self.row_about, self.filled, self.column = about, {}, 0
        elif name in ("table-cell", "covered-table-cell"):
            self.about, self.pieces = {local(key): value for key, value in about.items()}, []
        elif name == "p":
            self.in_text += 1
            if self.pieces:
                self.pieces.append(" ")
        elif name in ("s", "tab", "line-break") and self.in_text:
            self.pieces.append(" ")

    def text(self, data: str) -> None:
        if self.in_text and not self.silent:
            self.pieces.append(data)

    def end(self, tag: str) -> None:
        name = local(tag)
        if name in _SILENT:
            self.silent -= 1
        elif self.silent:
            return
        elif name == "table" and self.depth:
            self.depth -= 1
            if self.depth == 0:
                self._finish()
        elif self.depth != 1:
            return
        elif name == "p":
            self.in_text -= 1
        elif name in ("table-cell", "covered-table-cell") and self.about is not None:
            self._cell(self.about)
            self.about = None
        elif name == "table-row":
            self._row()

    def _begin(self, about: dict[str, str]) -> None:
        self.name, self.is_hidden = about.get("table:name", ""), about.get("table:style-name") in self.hidden_styles
        self.rows: dict[int, dict[int, Cell]] = {}
        self.merged: list[tuple[int, int, int, int]] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[tuple[int, int]] = []
        self.row, self.next_column = 0, 1

    def _column(self, about: dict[str, str]) -> None:
        last = self.next_column + _count(about, "table:number-columns-repeated") - 1
        if about.get("table:visibility", "visible") != "visible":
            self.hidden_columns.append((self.next_column, last))
        self.next_column = last + 1

    def _cell(self, about: dict[str, str]) -> None:
        times = _count(about, "number-columns-repeated")
        cell = self._value(about)
        down, right = _count(about, "number-rows-spanned"), _count(about, "number-columns-spanned")
        if (down > 1 or right > 1) and len(self.merged) < MAX_MERGED:
            at = (self.row + 1, self.column + 1)
            self.merged.append((*at, at[0] + down - 1, at[1] + right - 1))
        if cell is not None:
            if self.column + times > _LAST_COLUMN:
                raise ValueError(times)
            self.cells = counted(self.cells + times)
            self.filled |= dict.fromkeys(range(self.column + 1, self.column + times + 1), cell)
        self.column += times

    def _value(self, about: dict[str, str]) -> Cell | None:
        kind, text = about.get("value-type", ""), "".join(self.pieces)
        if "formula" in about and self._lacks_result(about, kind, text):
            return None if kind == "string" and self.computed else Cell(FORMULA, about["formula"])
        if kind in _NUMBERS:
            value = repr(float(about.get("value", ""))).removesuffix(".0")
            return Cell(PERCENT if kind == "percentage" else NUMBER, value)
        if kind in ("date", "time"):
            return Cell(DATE, about.get("date-value", about.get("time-value", ""))[:10])
        if kind == "boolean":
            return Cell(TRUTH, about.get("boolean-value", "").upper())
        text = text or about.get("string-value", "")
        return Cell(ERROR if ERROR_TEXT.fullmatch(text) else TEXT, text) if text.strip() else None

    def _lacks_result(self, about: dict[str, str], kind: str, text: str) -> bool:
        """Whether no result of a formula is stored, or a 0 by a program that computes none."""
        value = about.get("value", "")
        if not any((value, text, about.get("date-value"), about.get("boolean-value"))):
            return True
        return kind in _NUMBERS and not self.computed and float(value or 0) == 0

    def _row(self) -> None:
        times = _count(self.row_about, "table:number-rows-repeated")
        if self.filled:
            if self.row + times > _LAST_ROW:
                raise ValueError(times)
            self.cells = counted(self.cells + (times - 1) * len(self.filled))
            for row in range(self.row + 1, self.row + times + 1):
                self.rows[row] = dict(self.filled)
            if self.row_about.get("table:visibility", "visible") != "visible":
                self.hidden_rows += range(self.row + 1, self.row + times + 1)
        self.row += times

    def _finish(self) -> None:
        hidden = (tuple(self.hidden_rows), tuple(self.hidden_columns))
        self.grids.append(Grid(self.name, self.rows, tuple(self.merged), self.is_hidden, *hidden))


def _count(about: dict[str, str], name: str) -> int:
    return max(1, int(about.get(name, 1)))
