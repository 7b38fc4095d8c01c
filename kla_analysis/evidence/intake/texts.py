"""Text files: CSV in the dialects that Excel writes here and abroad, and HTML tables saved as .xls."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from html.parser import HTMLParser

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid
from kla_analysis.evidence.intake.guard import MAX_CELLS
from kla_analysis.language import t

_DELIMITERS = (";", "\t", ",", "|")
_CSV_ADVICE = "Di Excel pilih Simpan Sebagai → CSV UTF-8, atau beri berkas .xlsx."
#: What UTF-8 looks like after it was read as something else.
_MOJIBAKE = re.compile("Ã[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ©]|â€[\x80-\xbf™œ“”¢¦]|Â[\xa0-\xbf]")
_MAX_SPAN = 1000


def read_text(data: bytes) -> Book:
    """Read a CSV file: encoding, delimiter and line ends are found out, never assumed.

    Rows before the widest, most frequent kind of row are titles; after it, a row with another number of cells is
    ragged, and the grid says so instead of shifting columns.
    """
    text, remarks = decode(data)
    if _MOJIBAKE.search(text):
        remarks.append(t("Ada huruf rusak seperti “{sample}”: teks ini pernah dibaca dengan penyandian yang salah.",
                         sample=_MOJIBAKE.search(text)[0]))  # fmt: skip
    first, _, rest = text.partition("\n")
    named = re.fullmatch(r'"?sep=(.)"?\r?', first.strip("\r"), re.IGNORECASE)
    if named:
        text, lines_before, delimiters = rest, 1, (named[1],)
    else:
        lines_before, delimiters = 0, _DELIMITERS
    delimiter = delimiters[0] if named else _delimiter_of(text)
    records, broken = _records(text, delimiter)
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
    rows: dict[int, dict[int, Cell]] = {}
    ragged = []
    begun = False
    cells = 0
    for line, record in records:
        row = line + lines_before
        filled = {at: Cell(TEXT, value) for at, value in enumerate(record, start=1) if value.strip()}
        begun = begun or len(record) == width
        extra = any(value.strip() for value in record[width:])
        title = not begun and len(filled) <= 1
        if filled and not title and (len(record) < width or extra):
            ragged.append((row, len(record)))
        rows[row] = filled
        cells += len(filled)
        if cells > MAX_CELLS:
            raise DataError(t("terlalu besar"), advice=t("Bagi berkas itu menjadi beberapa."))
    return Book((Grid("CSV", {r: c for r, c in rows.items() if c}, ragged=tuple(ragged), width=width),), tuple(remarks))


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


class _Tables(HTMLParser):
    """Collects the cells of every table of a page as text; scripts and styles are no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[dict[int, dict[int, Cell]], list[tuple[int, int, int, int]]]] = []
        self.depth = self.row = self.column = self.count = 0
        self.cell: list[str] | None = None
        self.taken: set[tuple[int, int]] = set()
        self.silent = 0
        self.span = (1, 1)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.silent += 1
        elif tag == "table":
            self.depth += 1
            if self.depth == 1:
                self.tables.append(({}, []))
                self.row, self.taken = 0, set()
        elif tag == "tr" and self.depth == 1:
            self._close()
            self.row += 1
            self.column = 0
        elif tag in ("td", "th") and self.depth == 1:
            self._close()
            self.row = max(self.row, 1)
            self.column += 1
            while (self.row, self.column) in self.taken:
                self.column += 1
            about = dict(attributes)
            self.span = (_span(about.get("rowspan")), _span(about.get("colspan")))
            self.cell = []
        elif tag == "br" and self.cell is not None:
            self.cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.silent = max(0, self.silent - 1)
        elif tag in ("td", "th", "tr") and self.depth == 1:
            self._close()
        elif tag == "table" and self.depth:
            if self.depth == 1:
                self._close()
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.cell is not None and not self.silent:
            self.cell.append(data)

    def _close(self) -> None:
        if self.cell is None:
            return
        text = "".join(self.cell).strip()
        rows, merged = self.tables[-1]
        if text:
            rows.setdefault(self.row, {})[self.column] = Cell(TEXT, text)
        down, right = self.span
        self.count += down * right
        if self.count > MAX_CELLS:
            raise DataError(t("terlalu besar"), advice=t("Simpan tabel penilaiannya saja sebagai .xlsx."))
        if down > 1 or right > 1:
            merged.append((self.row, self.column, self.row + down - 1, self.column + right - 1))
            self.taken |= {(self.row + r, self.column + c) for r in range(down) for c in range(right)}
        self.column += right - 1
        self.cell = None


def _span(text: str | None) -> int:
    return min(int(text), _MAX_SPAN) if text and text.isascii() and text.isdigit() and int(text[:6]) else 1


def read_html(data: bytes) -> Book:
    """Read the tables of an HTML page, as portals export them under the name .xls."""
    text, remarks = decode(data)
    parser = _Tables()
    parser.feed(text)
    parser.close()
    grids = [
        Grid(t("Tabel {at}", at=at), rows, tuple(merged)) for at, (rows, merged) in enumerate(parser.tables, 1) if rows
    ]
    if not grids:
        raise DataError(
            t("ekspor portal tanpa tabel"), advice=t("Buka di Excel, lalu Simpan Sebagai → Excel Workbook (.xlsx).")
        )
    return Book(tuple(grids), tuple(remarks))
