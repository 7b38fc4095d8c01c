"""Excel workbooks: .xlsx read part by part as a stream of its own, .xls by calamine."""

from __future__ import annotations

import datetime
import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake.biff import Marks, marks_of
from kla_analysis.evidence.intake.grid import (
    DATE,
    ERROR,
    FORMULA,
    NUMBER,
    PERCENT,
    TEXT,
    TRUTH,
    Book,
    Cell,
    Grid,
)
from kla_analysis.evidence.intake.guard import MAX_CELLS
from kla_analysis.language import number, t

MAX_MERGED = 50_000
#: How a part that is no part of a workbook makes itself known; an encoding that does not exist is a LookupError,
#: a way of packing that zipfile does not know, or a lock, a RuntimeError.
BREAKS = (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, LookupError, ValueError, RuntimeError)
#: Built-in number formats that show a date, and those that show a percentage (ECMA-376, 18.8.30).
_DATE_FORMATS, _PERCENT_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}, {9, 10}
#: A format that shows a date consists of nothing else; “Umum” and “Standar” are what “General” is called elsewhere.
_DATE_CODE = re.compile(r"[ymdhseg\s/.,:;@-]+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
ERROR_TEXT = re.compile(r"#(N/A|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!)")


def read_xlsx(data: bytes) -> Book:
    """Read an Excel workbook (.xlsx, .xlsm): filled cells with their kinds, merged ranges, what is hidden.

    Every part is read as a stream, so that an empty but formatted million of rows costs time, not memory, and what
    a sheet says of its own size is not believed. A document type or an entity ends the reading.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return replace(
                _Xlsx(package).book(), properties=properties_in(package, "docProps/core.xml", "docProps/custom.xml")
            )
    except BREAKS:
        raise broken() from None


def read_xls(data: bytes) -> Book:
    """Read .xls. calamine builds the whole rectangle: only the memory cap bounds it."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    grids, cells = [], 0
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        shares, uncomputed, remarks = _marks_of(data)
        for about in book.sheets_metadata:
            if about.name not in book.sheet_names:
                continue
            sheet = book.get_sheet_by_name(about.name)
            share, empty = shares.get(about.name, set()), uncomputed.get(about.name, {})
            rows = {}
            for at, values in enumerate(sheet.iter_rows(), start=1):
                row = {c: _calamine_cell(v) for c, v in enumerate(values, start=1) if v != "" and v is not None}
                row |= {
                    c: Cell(PERCENT, cell.text) for c, cell in row.items() if (at, c) in share and cell.kind == NUMBER
                }
                row |= {c: Cell(FORMULA, "=") for c in empty.get(at, ())}
                if row:
                    rows[at] = row
                    cells = counted(cells + len(row))
            merged = tuple((a[0] + 1, a[1] + 1, b[0] + 1, b[1] + 1) for a, b in sheet.merged_cell_ranges or ())
            grids.append(Grid(about.name, rows, merged[:MAX_MERGED], about.visible != SheetVisibleEnum.Visible))
    except PasswordError:
        raise DataError(t("berkata sandi"), advice=t("Hapus kata sandinya di Excel, lalu simpan ulang.")) from None
    except (CalamineError, ValueError, OSError):
        raise broken() from None
    return Book(tuple(grids), remarks)


def _marks_of(data: bytes) -> tuple[*Marks, tuple[str, ...]]:
    """Return which cells of an .xls are percentages or formulas without a result; a remark where that is hidden."""
    try:
        return *marks_of(data, lambda at, own: _kind_of_format(at, own) == PERCENT), ()
    except (ValueError, IndexError, struct.error):
        return {}, {}, (t("Format sel berkas .xls ini tidak dapat diperiksa; pastikan nilainya poin, bukan persen."),)


def _calamine_cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return Cell(TRUTH, str(value).upper())
    if isinstance(value, int | float):
        return Cell(NUMBER, repr(int(value)) if value == int(value) else repr(value))
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return Cell(DATE, value.isoformat()[:10] if isinstance(value, datetime.date) else str(value))
    text = str(value)
    return Cell(ERROR if ERROR_TEXT.fullmatch(text) else TEXT, text)


def stream(
    part: Any,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Feed a part to expat, refusing document types and with them every entity."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 65536

    def refuse(*_: Any) -> None:
        raise DataError(
            t("memuat deklarasi entitas XML, yang dipakai untuk menyerang"),
            advice=t("Excel tidak membuat berkas seperti ini; minta ulang dari pengirimnya."),
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    while chunk := part.read(1 << 18):
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


#: How many properties of a document are looked at, and how long one may be.
_MOST_PROPERTIES, _LONGEST_PROPERTY = 64, 500


def properties_in(package: zipfile.ZipFile, *parts: str) -> dict[str, str]:
    """Return what a document says of itself in these parts: custom properties by name, and when it was `modified`."""
    found: dict[str, str] = {}
    name = [""]

    def start(tag: str, about: dict[str, str]) -> None:
        own = local(tag)
        if own in ("modified", "date"):
            name[0] = "modified"
        elif own in ("property", "user-defined"):
            name[0] = next((value for key, value in about.items() if local(key) == "name"), "")

    def text(data: str) -> None:
        if name[0] and (name[0] in found or len(found) < _MOST_PROPERTIES):
            found[name[0]] = (found.get(name[0], "") + data)[:_LONGEST_PROPERTY]

    def end(tag: str) -> None:
        if local(tag) in ("modified", "date", "property", "user-defined"):
            name[0] = ""

    for part in (one for one in parts if one in package.namelist()):
        # A sheet is read even where nothing can be read of what its document says of itself.
        with suppress(*BREAKS), package.open(part) as opened:
            stream(opened, start, end, text)
    return {key: value.strip() for key, value in sorted(found.items())}


#: A numbered row in which every cell is empty: formatting, and nothing else.
_EMPTY_ROW = re.compile(rb'<row\b[^>]*\br="[^>]*(?:/>|(?<!/)>(?:\s*<c\b[^>]*/>)*\s*</row>)')


class _WithoutEmptyRows:
    """A sheet's bytes without its empty rows: people format a million of them, and expat need not see those."""

    def __init__(self, part: Any) -> None:
        self.part = part
        self.carry = b""

    def read(self, size: int) -> bytes:
        """Return the next bytes; b"" only at the end."""
        while chunk := self.part.read(size):
            data = self.carry + chunk
            # What follows the last row that has begun waits for its end, unless it grows out of hand.
            cut = data.rfind(b"<row")
            cut = len(data) if cut < 0 or len(data) - cut > size else cut
            data, self.carry = data[:cut], data[cut:]
            if kept := _EMPTY_ROW.sub(b"", data):
                return kept
        rest, self.carry = self.carry, b""
        return rest


def local(tag: str) -> str:
    """Return the name of an element without its prefix."""
    return tag.rpartition(":")[2]


class _Xlsx:
    """One workbook being read: the parts that its sheets share, then sheet by sheet."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        self.package = package
        self.names = {name.casefold(): name for name in package.namelist()}
        self.workbook = next(
            (name for name in package.namelist() if name.casefold().endswith("/workbook.xml")), "xl/workbook.xml"
        )
        self.cells = 0
        self.epoch_1904 = False
        #: Formulas whose stored result is nothing or 0, and how many have another; what the workbook says of its results.
        self.zeros: list[tuple[dict[int, Cell], int, str]] = []
        self.computed = 0
        self.calculation: dict[str, str] | None = None

    def book(self) -> Book:
        """Read the sheets in the order of the workbook."""
        listed: list[dict[str, str]] = []

        def start(tag: str, about: dict[str, str]) -> None:
            name = local(tag)
            if name == "sheet":
                listed.append({local(key): value for key, value in about.items()} | {"rid": _relation_id(about)})
            elif name == "workbookPr":
                self.epoch_1904 = about.get("date1904") in ("1", "true")
            elif name == "calcPr":
                self.calculation = about

        self._read(self.workbook, start)
        targets = self._targets()
        self.shared = self._shared_strings(targets)
        self.formats = self._formats(targets)
        grids = []
        for about in listed:
            part = targets.get(about["rid"], ("", ""))[1]
            if part.casefold() in self.names and "worksheet" in targets[about["rid"]][0]:
                grids.append(self._sheet(about.get("name", ""), self.names[part.casefold()], about.get("state")))
        if self._lacks_results():
            for cells, column, formula in self.zeros:
                cells[column] = Cell(FORMULA, f"={formula}")
        for grid in grids:
            for row in [row for row, cells in grid.rows.items() if not cells]:
                del grid.rows[row]
        return Book(tuple(grids))

    def _lacks_results(self) -> bool:
        """Whether a stored 0 is what a library writes for a formula that it can not compute.

        Such a workbook asks to be computed when it is opened, or says nothing of its results at all and has none but 0.
        """
        about = self.calculation
        if about is None:
            return self.computed == 0
        return about.get("fullCalcOnLoad") in ("1", "true") or about.get("calcCompleted") in ("0", "false")

    def _read(self, name: str, start: Any, end: Any = lambda tag: None, text: Any = lambda data: None) -> None:
        with self.package.open(name) as part:
            stream(part, start, end, text)

    def _targets(self) -> dict[str, tuple[str, str]]:
        """Return what each relation of the workbook is and where it stands."""
        folder, file = posixpath.split(self.workbook)
        found: dict[str, tuple[str, str]] = {}

        def start(tag: str, about: dict[str, str]) -> None:
            if local(tag) == "Relationship" and about.get("TargetMode") != "External":
                target = about.get("Target", "")
                place = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = about.get("Type", "").rpartition("/")[2]
                found[about.get("Id", "")] = (kind, posixpath.normpath(place))

        self._read(f"{folder}/_rels/{file}.rels", start)
        return found

    def _part(self, targets: dict[str, tuple[str, str]], kind: str) -> str | None:
        return next((self.names.get(place.casefold()) for k, place in targets.values() if k == kind), None)

    def _shared_strings(self, targets: dict[str, tuple[str, str]]) -> list[str]:
        name = self._part(targets, "sharedStrings")
        strings: list[str] = []
        if name is None:
            return strings
        pieces: list[str] = []
        state = {"text": False, "phonetic": False}

        def start(tag: str, _: dict[str, str]) -> None:
            tag = local(tag)
            if tag == "t":
                state["text"] = not state["phonetic"]
            elif tag == "rPh":
                state["phonetic"] = True

        def end(tag: str) -> None:
            tag = local(tag)
            if tag == "t":
                state["text"] = False
            elif tag == "rPh":
                state["phonetic"] = False
            elif tag == "si":
                strings.append("".join(pieces))
                pieces.clear()
                counted(len(strings))

        self._read(name, start, end, lambda data: pieces.append(data) if state["text"] else None)
        return strings

    def _formats(self, targets: dict[str, tuple[str, str]]) -> list[str]:
        """Return for each cell format what a number under it is: a number, a percentage or a date."""
        name = self._part(targets, "styles")
        kinds: list[str] = []
        if name is None:
            return kinds
        own: dict[int, str] = {}
        inside = False

        def start(tag: str, about: dict[str, str]) -> None:
            nonlocal inside
            tag = local(tag)
            if tag == "numFmt":
                own[int(about.get("numFmtId", 0))] = about.get("formatCode", "")
            elif tag == "cellXfs":
                inside = True
            elif tag == "xf" and inside:
                kinds.append(_kind_of_format(int(about.get("numFmtId", 0)), own))

        def end(tag: str) -> None:
            nonlocal inside
            if local(tag) == "cellXfs":
                inside = False

        self._read(name, start, end)
        return kinds

    def _sheet(self, name: str, part: str, state: str | None) -> Grid:
        sheet = _Sheet(self)
        with self.package.open(part) as opened:
            stream(_WithoutEmptyRows(opened), sheet.start, sheet.end, sheet.text)
        return Grid(
            name,
            dict(sorted(sheet.rows.items())),
            tuple(sheet.merged),
            hidden=state in ("hidden", "veryHidden"),
            hidden_rows=tuple(sorted(set(sheet.hidden_rows))),
            hidden_columns=tuple(sheet.hidden_columns),
        )

    def cell(self, kind: str, style: str, value: str | None, formula: str) -> Cell | None:
        """Return what a cell holds; None when that is nothing."""
        if value is None or (value == "" and kind == "n"):
            return Cell(FORMULA, f"={formula}")
        if kind == "s":
            text = self.shared[int(value)] if value.isdecimal() else ""
            return Cell(TEXT, text) if text else None
        if kind in _SPOKEN:
            return _spoken(kind, value)
        digits = value.strip()
        if digits and not _NUMBER.fullmatch(digits):
            return Cell(TEXT, value)
        shown = self.formats[int(style)] if style and int(style) < len(self.formats) else NUMBER
        if shown == DATE:
            return Cell(DATE, from_serial(float(value), self.epoch_1904))
        return Cell(shown, digits) if digits else None


#: Kinds of cells whose value says what it is by itself.
_SPOKEN = frozenset({"str", "inlineStr", "e", "b", "d"})


def _spoken(kind: str, value: str) -> Cell | None:
    if kind == "e":
        return Cell(ERROR, value)
    if kind == "b":
        return Cell(TRUTH, "TRUE" if value == "1" else "FALSE")
    if kind == "d":
        return Cell(DATE, value[:10])
    return Cell(TEXT, value) if value else None


class _Sheet:
    """One sheet of a workbook, element by element."""

    __slots__ = (
        "book",
        "column",
        "formula",
        "has_formula",
        "has_value",
        "hidden_columns",
        "hidden_rows",
        "kind",
        "merged",
        "pieces",
        "row",
        "row_hidden",
        "rows",
        "style",
        "value",
        "wanted",
    )

    def __init__(self, book: _Xlsx) -> None:
        self.book = book
        self.rows: dict[int, dict[int, Cell]] = {}
        self.merged: list[tuple[int, int, int, int]] = []
        self.hidden_rows: list[int] = []
        self.hidden_columns: list[tuple[int, int]] = []
        self.row = self.column = 0
        self.row_hidden = self.wanted = self.has_value = self.has_formula = False
        self.kind = self.style = self.formula = self.value = ""
        self.pieces: list[str] = []

    def start(self, tag: str, about: dict[str, str]) -> None:
        if ":" in tag:
            tag = local(tag)
        if tag in ("v", "t", "f"):
            self.wanted = True
            self.pieces.clear()
        elif tag == "c":
            place = about.get("r")
            self.column = _column_of(place) if place else self.column + 1
            self.kind, self.style = about.get("t", "n"), about.get("s", "")
            self.has_value = self.has_formula = False
            self.formula = self.value = ""
        elif tag == "row":
            self.row = int(about["r"]) if "r" in about else self.row + 1
            self.column = 0
            self.row_hidden = about.get("hidden") in ("1", "true")
        elif tag == "rPh":
            self.wanted = False
        elif tag == "mergeCell" and len(self.merged) < MAX_MERGED:
            self.merged.append(_range_of(about.get("ref", "")))
        elif tag == "col" and about.get("hidden") in ("1", "true"):
            self.hidden_columns.append((int(about.get("min", 0)), int(about.get("max", 0))))

    def end(self, tag: str) -> None:
        if ":" in tag:
            tag = local(tag)
        if tag == "v":
            self.value, self.has_value, self.wanted = "".join(self.pieces), True, False
        elif tag == "t":
            self.value, self.has_value, self.wanted = self.value + "".join(self.pieces), True, False
        elif tag == "f":
            self.formula, self.has_formula, self.wanted = "".join(self.pieces), True, False
        elif tag == "c" and (self.has_value or self.has_formula):
            self._take()

    def text(self, data: str) -> None:
        if self.wanted:
            self.pieces.append(data)

    def _take(self) -> None:
        book, row, column = self.book, self.row, self.column
        if not (0 < row <= 1_048_576 and 0 < column <= 16_384):
            raise ValueError(row, column)
        if self.has_formula and self.has_value:
            if self.value.strip(" 0.") == "":
                book.zeros.append((self.rows.setdefault(row, {}), column, self.formula))
            else:
                book.computed += 1
        cell = book.cell(self.kind, self.style, self.value if self.has_value else None, self.formula)
        if cell is not None:
            self.rows.setdefault(row, {})[column] = cell
            book.cells = counted(book.cells + 1)
            if self.row_hidden and (not self.hidden_rows or self.hidden_rows[-1] != row):
                self.hidden_rows.append(row)


def from_serial(serial: float, epoch_1904: bool = False) -> str:
    """Return the date of an Excel day number as `2024-01-01`; the number itself where there is no such day.

    >>> from_serial(45293), from_serial(45293, epoch_1904=True), from_serial(1)
    ('2024-01-02', '2028-01-03', '1900-01-01')
    """
    day = int(serial)
    # Excel's 1900 has a 29 February.
    first = datetime.date(1904, 1, 1) if epoch_1904 else datetime.date(1899, 12, 31 if day < 60 else 30)
    try:
        return (first + datetime.timedelta(days=day)).isoformat()
    except OverflowError:
        return repr(serial)


def _kind_of_format(number_format: int, own: dict[int, str]) -> str:
    if number_format in _PERCENT_FORMATS:
        return PERCENT
    if number_format in _DATE_FORMATS:
        return DATE
    written = own.get(number_format, "")
    if "%" in written:
        return PERCENT
    code = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.', "", written).lower()
    code = re.sub(r"am/pm|a/p|(?<=s)[.,]0+", "", code)
    return DATE if _DATE_CODE.fullmatch(code) and re.search(r"[ymdhs]", code) else NUMBER


def _relation_id(about: dict[str, str]) -> str:
    return next((value for key, value in about.items() if key.endswith(":id")), "")


def _column_of(place: str) -> int:
    return _column_number(place.rstrip("0123456789"))


@lru_cache(maxsize=1024)
def _column_number(letters: str) -> int:
    column = 0
    for letter in letters:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column


def _range_of(text: str) -> tuple[int, int, int, int]:
    found = re.fullmatch(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?", text)
    if found is None:
        raise ValueError(text)
    a, b, c, d = found.groups()
    return int(b), _column_of(a), int(d or b), _column_of(c or a)


def counted(cells: int) -> int:
    """Return a number of filled cells, as long as a file may have so many."""
    if cells > MAX_CELLS:
        raise DataError(
            t("lebih dari {most} sel terisi", most=number(MAX_CELLS)),
            advice=t("Simpan lembar penilaiannya saja ke berkas sendiri."),
        )
    return cells


def broken() -> DataError:
    """Return the refusal of a file whose parts do not fit together."""
    return DataError(t("rusak atau terpotong"), advice=t("Salin ulang; bila tetap, buka di Excel dan simpan ulang."))
