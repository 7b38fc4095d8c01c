"""The sheet to fill in: one Excel workbook for one area and year, which `kla import` reads back."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from kla_analysis.evidence.areas import Area
from kla_analysis.instrument.instrument import Instrument, split_agencies
from kla_analysis.language import number, t
from kla_analysis.reading import MADE

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Rows above the table, and its columns: code, name, maximum, score, note, agencies.
_HEAD = 6
_WIDTHS = (13, 54, 10, 10, 28, 32)
_POINTS = "#,##0.##"


class _Styles:
    """How the cells of the workbook look; what is not to be filled in is locked."""

    def __init__(self, book: Workbook) -> None:
        def style(**properties: object) -> Format:
            return book.add_format({"valign": "top", "font_size": 10, **properties})

        self.title, self.strong = style(bold=True, font_size=14), style(bold=True)
        self.head = style(bold=True, bottom=2, text_wrap=True, bg_color="#E8EEF4")
        self.text, self.points = style(text_wrap=True), style(num_format=_POINTS)
        self.entry = style(num_format=_POINTS, locked=False, bg_color="#FFFBE6", border=1, border_color="#8A7A2E")
        self.remark = style(text_wrap=True, locked=False)
        component, indicator = {"bold": True, "bg_color": "#D5E0EA", "top": 1}, {"bold": True, "bg_color": "#F2F5F8"}
        #: By level how the words and the figures of a sum look.
        self.sums = {
            "component": (style(**component, text_wrap=True), style(**component, num_format=_POINTS)),
            "indicator": (style(**indicator, text_wrap=True), style(**indicator, num_format=_POINTS)),
        }
        self.fixed, self.choice = style(bold=True, locked=True), style(bold=True, locked=False)


def template_workbook(area: Area, year: int, instrument: Instrument, *, stage: str = "") -> bytes:
    """Return a workbook with one row a question, ready to be filled in.

    Scores can only be numbers from 0 to the question's maximum; sums are locked formulas; who answers a question
    stands in its row and in a note on its score.

    Args:
        area, year, stage: whose sheet it is; the district's own scores when no stage is given. It can still be
            chosen from a list.
    """
    stage = instrument.stage(stage).code if stage else instrument.claimed_stage.code
    book, buffer = new_workbook(t("Lembar isian KLA {area} {year}", area=area.name, year=year))
    styles = _Styles(book)
    _guide_sheet(book.add_worksheet(t("Petunjuk")), instrument, styles)
    sheet = book.add_worksheet(t("Isian"))
    _head(sheet, area, year, instrument, stage, styles)
    last = _lines(sheet, instrument, styles)
    sheet.freeze_panes(_HEAD, 2)
    sheet.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD - 1)
    sheet.print_area(0, 0, last, len(_WIDTHS) - 1)
    sheet.activate()
    book.close()
    return buffer.getvalue()


def _guide_sheet(sheet: Worksheet, instrument: Instrument, styles: _Styles) -> None:
    sheet.set_column(0, 0, 96, styles.text)
    sheet.write_string(0, 0, t("Lembar isian KLA"), styles.title)
    for row, line in enumerate(_guide(instrument), start=2):
        sheet.set_row(row, row_height(line, 96))
        sheet.write_string(row, 0, line, styles.text)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _head(sheet: Worksheet, area: Area, year: int, instrument: Instrument, stage: str, styles: _Styles) -> None:
    """Write whose sheet it is, where the intake looks for it, and the heads of the columns."""
    for at, width in enumerate(_WIDTHS):
        sheet.set_column(at, at, width)
    sheet.write_string(0, 0, t("Lembar isian KLA"), styles.title)
    for row, label, value, style in (
        (1, t("Kode wilayah"), area.code, styles.fixed),
        (2, t("Tahun"), str(year), styles.fixed),
        (3, t("Tahap"), instrument.stage(stage).name, styles.choice),
    ):
        sheet.write_string(row, 0, label, styles.strong)
        sheet.write_string(row, 1, value, style)
    sheet.data_validation(3, 1, 3, 1, {"validate": "list", "source": [one.name for one in instrument.stages]})
    sheet.write_string(1, 2, area.name, styles.strong)
    titles = (t("Kode"), t("Pertanyaan"), t("Nilai maksimal"), t("Nilai"), t("Keterangan"), t("Penanggung jawab"))
    sheet.set_row(_HEAD - 1, row_height("x" * 12, 9))
    for at, heading in enumerate(titles):
        sheet.write_string(_HEAD - 1, at, heading, styles.head)


def _lines(sheet: Worksheet, instrument: Instrument, styles: _Styles) -> int:
    """Write the questions under their indicators and components, then the total; return its row."""
    row = _HEAD
    component_rows = []
    for component, about in instrument.components.iterrows():
        own, row = row, row + 1
        component_rows.append(own)
        indicators = instrument.indicators[instrument.indicators["component_code"] == component]
        indicator_rows = []
        for indicator, of_indicator in indicators.iterrows():
            at, row = row, row + 1
            indicator_rows.append(at)
            questions = instrument.questions[instrument.questions["indicator_code"] == indicator]
            first = row
            for code, question in questions.iterrows():
                _question(sheet, row, code, question, styles)
                row += 1
            # One range instead of a sum of cells: indicators have up to sixty questions.
            added = f"=MIN({of_indicator['max_points']:g},SUM(D{first + 1}:D{row}))"
            _sum(sheet, at, indicator, of_indicator, added, styles.sums["indicator"])
        _sum(sheet, own, component, about, _added(indicator_rows), styles.sums["component"])
    words, figures = styles.sums["component"]
    sheet.write_string(row, 0, "", words)
    sheet.write_string(row, 1, t("JUMLAH"), words)
    sheet.write_number(row, 2, instrument.ladder.max_total, figures)
    sheet.write_formula(row, 3, _added(component_rows), figures, 0)
    return row


def _added(rows: list[int]) -> str:
    return "=" + "+".join(f"D{row + 1}" for row in rows)


def _sum(sheet: Worksheet, row: int, code: str, about: pd.Series, formula: str, looks: tuple[Format, Format]) -> None:
    """Write the row of an indicator or a component, whose score is a formula."""
    words, figures = looks
    sheet.set_row(row, row_height(about["name"], _WIDTHS[1] - 6))
    sheet.write_string(row, 0, code, words)
    sheet.write_string(row, 1, about["name"], words)
    sheet.write_number(row, 2, about["max_points"], figures)
    sheet.write_formula(row, 3, formula, figures, 0)
    sheet.write_blank(row, 4, None, words)
    sheet.write_blank(row, 5, None, words)


def new_workbook(title: str, **properties: str) -> tuple[Workbook, io.BytesIO]:
    """Return a workbook and where its bytes are once it is closed: text is never a formula, equal ones are equal bytes."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "created": MADE, **properties})
    return book, buffer


def row_height(text: str, width: float) -> float:
    """Return the height in points that a wrapped text needs in a column of so many characters."""
    return 13.5 * max(1, -(-len(text) // max(int(width), 1))) + 1.5


def _question(sheet: Worksheet, row: int, code: str, question: pd.Series, styles: _Styles) -> None:
    maximum = float(question["max_points"])
    agencies = ", ".join(split_agencies(question["agencies"]))
    sheet.set_row(row, max(row_height(question["name"], _WIDTHS[1]), row_height(agencies, _WIDTHS[5])))
    sheet.write_string(row, 0, code, styles.text)
    sheet.write_string(row, 1, question["name"], styles.text)
    sheet.write_number(row, 2, maximum, styles.points)
    sheet.write_blank(row, 3, None, styles.entry)
    sheet.write_blank(row, 4, None, styles.remark)
    sheet.write_string(row, 5, agencies, styles.text)
    bounds = {
        "validate": "decimal",
        "criteria": "between",
        "minimum": 0,
        "maximum": maximum,
        "error_title": t("Nilai {code}", code=code),
        "error_message": t("Isi angka dari 0 sampai {most}, atau kosongkan.", most=number(maximum)),
    }
    sheet.data_validation(row, 3, row, 3, bounds)
    note = t(
        "{code}: 0 sampai {most} poin. Kosong berarti belum ada jawaban, bukan nol.{who}",
        code=code,
        most=number(maximum),
        who=" " + t("Dijawab oleh {names}.", names=agencies) if agencies else "",
    )
    sheet.write_comment(row, 3, note, {"author": "kla_analysis", "x_scale": 1.6})


def _guide(instrument: Instrument) -> list[str]:
    return [
        t("Isi kolom Nilai di lembar “Isian”, satu angka per pertanyaan, dari 0 sampai nilai maksimalnya."),
        t("Kosongkan bila belum ada jawaban: kosong berarti belum tahu, nol berarti dijawab tanpa poin."),
        t("Koma atau titik desimal mengikuti pengaturan Excel Anda; ketik angka saja, tanpa satuan atau persen."),
        t("Jumlah per indikator, komponen, dan seluruhnya dihitung sendiri dan terkunci; jangan menyisipkan baris."),
        t("Jangan menulis nama anak, NIK, atau nomor telepon di lembar ini; berkas yang memuatnya ditolak."),
        t("Sesudah diisi dan disimpan: kla import NAMA-BERKAS.xlsx"),
        t("Instrumen: {id}, {title}. {rule}", id=instrument.id, title=instrument.title, rule=instrument.cap_rule),
    ]
