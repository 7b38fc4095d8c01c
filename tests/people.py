"""Sheets as districts really make them, written by code: layouts, containers, dialects, and hostile files.

A `Page` is what stands on one sheet, independent of the container; the writers below put pages into files.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import xlsxwriter

import kla_analysis as kla

Value = str | float | int | None


@dataclass(frozen=True)
class Page:
    """One sheet: rows of values; merged ranges as (row, column, row, column) from 0; what is hidden."""

    name: str
    rows: tuple[tuple[Value, ...], ...]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    hidden_rows: tuple[int, ...] = ()
    hidden_columns: tuple[int, ...] = ()
    hidden: bool = False

    def map(self, change) -> Page:
        """Return the page with every value changed."""
        return replace(self, rows=tuple(tuple(map(change, row)) for row in self.rows))


def page(name: str, rows: Sequence[Sequence[Value]], **about: Any) -> Page:
    width = max(len(row) for row in rows)
    return Page(name, tuple((*row, *[None] * (width - len(row))) for row in rows), **about)


def read_one(name: str, content):
    """Read one file in a process of its own."""
    from kla_analysis.evidence.intake.child import Reader

    with Reader() as reader:
        return reader.read(name, content)


# --- layouts --------------------------------------------------------------------------------------------

TITLES = (
    ("REKAPITULASI EVALUASI MANDIRI KABUPATEN/KOTA LAYAK ANAK",),
    ("KABUPATEN TANAH BUMBU",),
    ("TAHUN 2025",),
    (),
)


def recapitulation(
    instrument: kla.Instrument,
    scores,
    printed,
    *,
    header=None,
    order=(0, 1, 2, 3, 4),
    block_totals=False,
    titles=TITLES,
) -> Page:
    """The RAPOR KLA: blocks per component, indicator headings, questions with maximum and score, totals.

    `printed` holds what the office printed for indicators, components and the total.
    """
    header = header or [("No", "Indikator / Pertanyaan", "Nilai Maksimal", "Nilai", "Keterangan")]
    lines = printed.set_index(["level", "code"])
    body: list[tuple[Value, ...]] = []
    for component, about in instrument.components.iterrows():
        maximum, score = lines.loc[("component", component), ["printed_max", "printed_score"]]
        body.append(
            (
                None,
                about["name"].upper(),
                maximum if not block_totals else None,
                score if not block_totals else None,
                None,
            )
        )
        for indicator, of in instrument.indicators[instrument.indicators["component_code"] == component].iterrows():
            imax, iscore = lines.loc[("indicator", indicator), ["printed_max", "printed_score"]]
            body.append((indicator, of["name"], imax, iscore, None))
            for code, question in instrument.questions[instrument.questions["indicator_code"] == indicator].iterrows():
                value = scores[code]
                body.append((code, question["name"], question["max_points"], None if value != value else value, None))
        if block_totals:
            body.append((None, f"JUMLAH {about['name'].upper()}", maximum, score, None))
    tmax, tscore = lines.loc[("total", "total"), ["printed_max", "printed_score"]]
    body.append((None, "TOTAL" if block_totals else "JUMLAH", tmax, tscore, None))
    body += [
        (),
        (None, None, None, "Mengetahui,"),
        (None, None, None, "Kepala Dinas PPPA"),
        (None, None, None, "NIP. 19700101 199603 1 001"),
    ]
    picked = [tuple(row[at] if at < len(row) else None for at in order) for row in [*header, *body]]
    return page("Rekap", [*titles, *picked])


def indicator_table(instrument: kla.Instrument, printed, *, titles=TITLES, merged=True) -> Page:
    """A plain table of indicators with a running number, and the cluster merged down beside them."""
    lines = printed[printed["level"] == "indicator"].set_index("code")
    rows: list[tuple[Value, ...]] = [("No.", "Klaster", "Indikator", "Bobot", "Nilai Mandiri")]
    ranges = []
    for component, about in instrument.components.iterrows():
        of = instrument.indicators[instrument.indicators["component_code"] == component]
        first = len(titles) + len(rows)
        for at, (code, indicator) in enumerate(of.iterrows()):
            cluster = about["name"] if at == 0 or not merged else None
            rows.append(
                (len(rows), cluster, indicator["name"], indicator["max_points"], lines.loc[code, "printed_score"])
            )
        if merged and len(of) > 1:
            ranges.append((first, 1, first + len(of) - 1, 1))
    rows.append((None, "JUMLAH", None, 1000, round(lines["printed_score"].sum(), 2)))
    return page("Indikator", [*titles, *rows], merged=tuple(ranges))


def tidy(sheet: kla.Assessment, column: str = "question_code") -> Page:
    """The project's own form, as a workbook."""
    rows = [("area_code", "award_year", "stage", column, "score", "note")]
    rows += [("63.10", 2025, "self_assessment", code, value, None) for code, value in sheet.scores.items()]
    return page("Data", rows)


# --- containers -------------------------------------------------------------------------------------------


def write_xlsx(
    path: Path, pages: Sequence[Page], *, as_text: bool = False, formats: dict[str, str] | None = None
) -> Path:
    """Write a workbook. `as_text` stores every number as text with a decimal comma."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    for one in pages:
        sheet = book.add_worksheet(one.name)
        for top, left, bottom, right in one.merged:
            sheet.merge_range(top, left, bottom, right, "")
        for at, row in enumerate(one.rows):
            for column, value in enumerate(row):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    sheet.write_string(at, column, value)
                elif as_text:
                    sheet.write_string(at, column, comma(value))
                else:
                    sheet.write_number(at, column, value)
        for row in one.hidden_rows:
            sheet.set_row(row, None, None, {"hidden": True})
        for column in one.hidden_columns:
            sheet.set_column(column, column, None, None, {"hidden": True})
        if one.hidden:
            sheet.hide()
    if pages and pages[0].hidden:
        book.worksheets()[-1].activate()
        book.worksheets()[-1].set_first_sheet()
    book.close()
    return path


def comma(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def write_xlsm(path: Path, pages: Sequence[Page]) -> Path:
    """A workbook with a macro part; the macro is rubbish, as nobody may ever look into it."""
    write_xlsx(path, pages)
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub AutoOpen()")
    return path


def write_xls(path: Path, pages: Sequence[Page]) -> Path:
    import xlwt

    book = xlwt.Workbook()
    for one in pages:
        sheet = book.add_sheet(one.name)
        sheet.visibility = int(one.hidden)
        for at, row in enumerate(one.rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(at, column, value)
    book.save(str(path))
    return path


def write_ods(path: Path, pages: Sequence[Page], *, prolog: str = "") -> Path:
    space = {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    }

    def cell(value: Value, span: str) -> str:
        if value is None:
            return f"<table:table-cell{span}/>"
        if isinstance(value, str):
            return f'<table:table-cell{span} office:value-type="string"><text:p>{escape(value)}</text:p></table:table-cell>'
        return f'<table:table-cell{span} office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'

    def row(one: Page, at: int) -> str:
        spans = {
            (
                top,
                left,
            ): f' table:number-rows-spanned="{bottom - top + 1}" table:number-columns-spanned="{right - left + 1}"'
            for top, left, bottom, right in one.merged
        }
        cells = (cell(value, spans.get((at, column), "")) for column, value in enumerate(one.rows[at]))
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    tables = "".join(
        f'<table:table table:name="{escape(one.name)}">'
        + "".join(row(one, at) for at in range(len(one.rows)))
        + "</table:table>"
        for one in pages
    )
    names = " ".join(f'xmlns:{short}="{full}"' for short, full in space.items())
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<office:document-content {names} office:version="1.2">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        package.writestr("content.xml", content)
        package.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return path


def write_html(path: Path, pages: Sequence[Page]) -> Path:
    def row(values: tuple[Value, ...]) -> str:
        return (
            "<tr>"
            + "".join(
                f"<td>{'' if v is None else escape(comma(v) if not isinstance(v, str) else v)}</td>" for v in values
            )
            + "</tr>"
        )

    tables = "".join(f"<table border=1>{''.join(map(row, one.rows))}</table>" for one in pages)
    path.write_text(
        f'<html><head><meta charset="utf-8"><script>var x = "<table>";</script></head><body>{tables}</body></html>',
        encoding="utf-8",
    )
    return path


@dataclass(frozen=True)
class Dialect:
    """How an office writes a text file."""

    name: str
    delimiter: str = ";"
    encoding: str = "utf-8"
    newline: str = "\r\n"
    mark: str = ","
    prefix: str = ""
    quote_all: bool = False
    bom: bytes = b""


DIALECTS = (
    Dialect("utf-8, koma, titik desimal", ",", mark=".", newline="\n"),
    Dialect("utf-8, semua dikutip", ",", mark=",", quote_all=True),
    Dialect("BOM utf-8, titik koma", bom=b"\xef\xbb\xbf"),
    Dialect("Excel id-ID", encoding="cp1252"),
    Dialect("baris sep=", prefix="sep=;\r\n"),
    Dialect("Unicode Text", "\t", "utf-16-le", bom=b"\xff\xfe"),
    Dialect("utf-16 besar", "\t", "utf-16-be", bom=b"\xfe\xff"),
    Dialect("utf-16 tanpa BOM", ";", "utf-16-le"),
    Dialect("tab", "\t", mark="."),
    Dialect("garis tegak", "|", newline="\n"),
    Dialect("akhir baris CR", newline="\r"),
    Dialect("akhir baris campur, BOM dan sep=", prefix="sep=;\r\n", newline="mixed", bom=b"\xef\xbb\xbf"),
)


def csv_bytes(one: Page, dialect: Dialect) -> bytes:
    buffer = io.StringIO()
    newline = "\n" if dialect.newline == "mixed" else dialect.newline
    writer = csv.writer(
        buffer,
        delimiter=dialect.delimiter,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL,
    )
    for at, row in enumerate(one.rows):
        writer.writerow(
            ["" if v is None else v if isinstance(v, str) else f"{v:g}".replace(".", dialect.mark) for v in row]
        )
        if dialect.newline == "mixed" and at % 2:
            buffer.seek(buffer.tell() - 1)
            buffer.write("\r\n")
    return dialect.bom + (dialect.prefix + buffer.getvalue()).encode(dialect.encoding)


def write_csv(path: Path, pages: Sequence[Page]) -> Path:
    """Write the first page as Excel with Indonesian settings does."""
    path.write_bytes(csv_bytes(pages[0], DIALECTS[2]))
    return path


# --- hostile files ------------------------------------------------------------------------------------------

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_BOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">{about}'
    '<sheets><sheet name="Rekap" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/></Relationships>'
)


def raw_xlsx(path: Path, sheet: str | bytes, *, extra: dict[str, bytes] | None = None, about: str = "") -> Path:
    """Write a workbook whose only sheet is this XML, whatever it holds."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", _TYPES)
        package.writestr("_rels/.rels", _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml"))
        package.writestr("xl/workbook.xml", _BOOK.format(about=about))
        package.writestr(
            "xl/_rels/workbook.xml.rels", _RELATIONS.format(kind="worksheet", target="worksheets/sheet1.xml")
        )
        package.writestr("xl/worksheets/sheet1.xml", sheet)
        for name, data in (extra or {}).items():
            package.writestr(name, data)
    return path


def sheet_xml(cells: str, *, prolog: str = "", dimension: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{dimension}<sheetData>{cells}</sheetData></worksheet>"
    )


def text_row(row: int, *values: Value) -> str:
    """A row of inline text and numbers, as XML."""
    cells = "".join(
        f'<c r="{chr(65 + at)}{row}" t="inlineStr"><is><t>{escape(str(v))}</t></is></c>'
        if isinstance(v, str)
        else f'<c r="{chr(65 + at)}{row}"><v>{v}</v></c>'
        for at, v in enumerate(values)
        if v is not None
    )
    return f'<row r="{row}">{cells}</row>'


def small_table(rows: int = 4) -> str:
    """The XML of a small valid sheet: title, header and some indicators."""
    codes = [("1", 96, 50.5), ("2", 36, 20), ("3", 32, 10), ("4", 15, 15)]
    return "".join(
        [
            text_row(1, "Evaluasi Mandiri Kabupaten Tanah Bumbu 2025"),
            text_row(2, "Kode Indikator", "Indikator", "Nilai Maksimal", "Nilai"),
            *(
                text_row(3 + at, code, "Indikator " + code, most, score)
                for at, (code, most, score) in enumerate(codes[:rows])
            ),
        ]
    )
