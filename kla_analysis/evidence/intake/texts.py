"""Text files: CSV in the dialects that Excel writes here and abroad, and HTML tables saved as .xls."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid
from kla_analysis.evidence.intake.guard import MAX_CELLS
from kla_analysis.language import t

_DELIMITERS = (";", "\t", ",", "|")
_CSV_ADVICE = "Di Excel pilih Simpan Sebagai → CSV UTF-8, atau beri berkas .xlsx."
#: What UTF-8 looks like after it was read as something else.
_MOJIBAKE = re.compile("Ã[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ©]|â€[\x80-\xbf™œ“”¢¦]|Â[\xa0-\xbf]")
#: How far an HTML cell may span, how deep tables may stand in tables, how many texts around them are kept.
_MAX_SPAN, _MAX_NESTED, _MOST_TITLES = 1000, 50, 60


def read_text(data: bytes) -> Book:
    """Read a CSV file: encoding, delimiter and line ends are found out, never assumed.

    Rows before the widest, most frequent kind of row are titles; after it, a row with another number of cells is
    ragged, and the grid says so instead of shifting columns.
    """
    text, remarks = decode(data)
    if broken_letters := _MOJIBAKE.search(text):
        remarks.append(
            t(
                "Ada huruf rusak seperti “{sample}”: teks ini pernah dibaca dengan penyandian yang salah.",
                sample=broken_letters[0],
            )
        )
    first, _, rest = text.partition("\n")
    named = re.fullmatch(r'"?sep=(.)"?\r?', first.strip("\r"), re.IGNORECASE)
    text, lines_before = (rest, 1) if named else (text, 0)
    records, broken = _records(text, named[1] if named else _delimiter_of(text))
    if broken:
        raise DataError(
            t("CSV rusak sejak baris {row}", row=broken + lines_before),
            advice=t("Periksa tanda kutip yang tidak ditutup di baris itu."),
        )
    if not records:
        raise DataError(t("berkas kosong"), advice=t("Isi berkas itu, atau ekspor ulang dari sumbernya."))
    width = _usual_width(records)
    if width == 1:
        raise DataError(
            t("hanya satu kolom terbaca; pemisahnya tidak dikenali"),
            advice=t("Pakai titik koma, koma atau tab sebagai pemisah, atau beri berkas .xlsx."),
        )
    return Book((_grid_of(records, width, lines_before),), tuple(remarks))


def _grid_of(records: list[tuple[int, list[str]]], width: int, lines_before: int) -> Grid:
    """Return the filled cells of records, and which of them have more or fewer cells than a row has."""
    rows: dict[int, dict[int, Cell]] = {}
    ragged = []
    begun = False
    count = 0
    for line, record in records:
        row = line + lines_before
        filled = {at: Cell(TEXT, value) for at, value in enumerate(record, start=1) if value.strip()}
        begun = begun or len(record) == width
        extra = any(value.strip() for value in record[width:])
        title = not begun and len(filled) <= 1
        if filled and not title and (len(record) < width or extra):
            ragged.append((row, len(record)))
        rows[row] = filled
        count += len(filled)
        if count > MAX_CELLS:
            raise DataError(t("terlalu besar"), advice=t("Bagi berkas itu menjadi beberapa."))
    return Grid("CSV", {row: cells for row, cells in rows.items() if cells}, ragged=tuple(ragged), width=width)


def decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text of a file and remarks on how it was found.

    Raises:
        DataError: NUL bytes in what is not UTF-16.
    """
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return _without_nul(data[2:].decode(name, "replace")), []
    head = data[:2000]
    for offset, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(head) > 3 and head[offset::2].count(0) > 0.7 * len(head[offset::2]) and 0 not in head[1 - offset :: 2]:
            return _without_nul(data.decode(name, "replace")), []
    try:
        return _without_nul(data.decode("utf-8-sig")), []
    except UnicodeDecodeError:
        pass
    text = _without_nul(data.decode("cp1252", "replace"))
    return text, [t("Berkas ini bukan UTF-8; dibaca sebagai Windows-1252 (huruf é, tanda – dan “ ” ikut terbaca).")]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise DataError(t("berisi bita NUL, jadi bukan CSV"), advice=t(_CSV_ADVICE))
    return text


def _records(text: str, delimiter: str) -> tuple[list[tuple[int, list[str]]], int]:
    """Cut a text into records, each with the line it begins on; blank ones are left out.

    Returns:
        The records, and the line from which on the text can not be cut; 0 when all of it can.
    """
    csv.field_size_limit(1 << 20)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records = []
    begins = 1
    try:
        for record in reader:
            if any(value.strip() for value in record):
                records.append((begins, record))
            begins = reader.line_num + 1
    except csv.Error:
        return records, begins
    return records, 0


def _delimiter_of(text: str) -> str:
    """Choose the delimiter under which most rows have the same number of cells, more than one."""
    sample = text[: 1 << 16]
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        # A comma that only ever stands between digits is a decimal comma.
        if not re.search(rf"(?<!\d){re.escape(delimiter)}|{re.escape(delimiter)}(?!\d)", sample):
            continue
        records, _ = _records(sample, delimiter)
        counts = Counter(len(record) for _, record in records if len(record) > 1)
        if not counts:
            continue
        width, rows = counts.most_common(1)[0]
        score = (round(rows / len(records), 1), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _usual_width(records: list[tuple[int, list[str]]]) -> int:
    """Return how many cells most rows have; what trails empty behind the last filled column does not count."""
    counts = Counter(len(record) for _, record in records)
    most = max(counts.values())
    return max(width for width, rows in counts.items() if rows == most)


@dataclass
class _HtmlTable:
    """A table while it is read: its cells, the merged ranges, and where the next cell goes."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    taken: set[tuple[int, int]] = field(default_factory=set)
    row: int = 0
    column: int = 0
    cell: list[str] | None = None
    span: tuple[int, int] = (1, 1)


class _Tables(HTMLParser):
    """Collects the cells of every table of a page as text, also of tables in tables; what is no text of theirs is left out.

    LibreOffice writes the notes on cells as elements `comment` inside them.
    """

    _SILENT = ("script", "style", "title", "comment")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_HtmlTable] = []
        self.open: list[_HtmlTable] = []
        self.count = self.silent = 0
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in self._SILENT:
            self.silent += 1
        elif tag == "table":
            if len(self.open) >= _MAX_NESTED:
                raise DataError(t("terlalu besar"), advice=t("Simpan tabel penilaiannya saja sebagai .xlsx."))
            self.open.append(_HtmlTable())
            self.tables.append(self.open[-1])
        elif not self.open:
            return
        elif tag == "tr":
            self._close()
            self.open[-1].row += 1
            self.open[-1].column = 0
        elif tag in ("td", "th"):
            self._begin(dict(attributes))
        elif tag == "br" and self.open[-1].cell is not None:
            self.open[-1].cell.append(" ")

    def _begin(self, about: dict[str, str | None]) -> None:
        self._close()
        table = self.open[-1]
        table.row = max(table.row, 1)
        table.column += 1
        while (table.row, table.column) in table.taken:
            table.column += 1
        table.span = (_span(about.get("rowspan")), _span(about.get("colspan")))
        table.cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in self._SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in ("td", "th", "tr") and self.open:
            self._close()
        elif tag == "table" and self.open:
            self._close()
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.silent:
            return
        if self.open and self.open[-1].cell is not None:
            self.open[-1].cell.append(data)
        elif not self.open and data.strip() and len(self.outside) < _MOST_TITLES:
            self.outside.append(data.strip())

    def _close(self) -> None:
        table = self.open[-1]
        if table.cell is None:
            return
        text = "".join(table.cell).strip()
        if text:
            table.rows.setdefault(table.row, {})[table.column] = Cell(TEXT, text)
        down, right = table.span
        self.count += down * right
        if self.count > MAX_CELLS:
            raise DataError(t("terlalu besar"), advice=t("Simpan tabel penilaiannya saja sebagai .xlsx."))
        if down > 1 or right > 1:
            row, column = table.row, table.column
            table.merged.append((row, column, row + down - 1, column + right - 1))
            table.taken |= {(row + r, column + c) for r in range(down) for c in range(right)}
        table.column += right - 1
        table.cell = None


def _span(text: str | None) -> int:
    return min(int(text), _MAX_SPAN) if text and text.isascii() and text.isdigit() and int(text[:6]) else 1


def read_html(data: bytes) -> Book:
    """Read the tables of an HTML page, as portals export them under the name .xls.

    What stands on the page outside of its tables, such as a heading, becomes a sheet of its own: it may name the
    district and the year.
    """
    text, remarks = decode(_page_of(data))
    parser = _Tables()
    parser.feed(text)
    parser.close()
    grids = [
        Grid(t("Tabel {at}", at=at), table.rows, tuple(table.merged))
        for at, table in enumerate(parser.tables, 1)
        if table.rows
    ]
    if not grids:
        raise DataError(
            t("ekspor portal tanpa tabel"), advice=t("Buka di Excel, lalu Simpan Sebagai → Excel Workbook (.xlsx).")
        )
    if parser.outside:
        rows = {row: {1: Cell(TEXT, title)} for row, title in enumerate(parser.outside, 1)}
        grids.append(Grid(t("Halaman"), rows))
    return Book(tuple(grids), tuple(remarks))


def _page_of(data: bytes) -> bytes:
    """Return the page itself: of a page saved with its parts (MHTML) the parts with tables, one after the other."""
    import email
    import email.policy

    if not re.match(rb"\s*(?:mime-version|content-type|from|date|subject|x-[a-z-]+):", data[:200].lower()):
        return data
    message = email.message_from_bytes(data.lstrip(), policy=email.policy.compat32)
    parts = [part for part in message.walk() if part.get_content_type() == "text/html"]
    bodies = [(part.get_payload(decode=True), part.get_content_charset() or "utf-8") for part in parts]
    whole = [(body, charset) for body, charset in bodies if isinstance(body, bytes)]
    try:
        texts = [body.decode(charset, "replace") for body, charset in whole]
    except LookupError:
        texts = [decode(body)[0] for body, _ in whole]
    return "\n".join(texts).encode() or data
