"""The sheet to fill in: one Excel workbook for one area and year, which `kla import` reads back."""

from __future__ import annotations

import datetime
import io

from kla_analysis.evidence.areas import Area
from kla_analysis.instrument.instrument import Instrument, split_agencies
from kla_analysis.language import number, t

_MADE = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
#: Rows above the table, and its columns: code, name, maximum, score, note, agencies.
_HEAD = 6
_WIDTHS = (13, 54, 10, 10, 28, 32)


def template_workbook(area: Area, year: int, instrument: Instrument, *, stage: str = "") -> bytes:
    """Return a workbook with one row a question, ready to be filled in.

    Scores can only be numbers from 0 to the question's maximum; sums are locked formulas; who answers a question
    stands in its row and in a note on its score.

    Args:
        area, year, stage: whose sheet it is; the district's own scores when no stage is given. It can still be
            chosen from a list.
    """
    import xlsxwriter

    stage = instrument.stage(stage).code if stage else instrument.claimed_stage.code
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": t("Lembar isian KLA {area} {year}", area=area.name, year=year), "created": _MADE})

    def style(**properties: object):
        return book.add_format({"valign": "top", "font_size": 10, **properties})

    title, strong = style(bold=True, font_size=14), style(bold=True)
    head = style(bold=True, bottom=2, text_wrap=True, bg_color="#E8EEF4")
    text, points = style(text_wrap=True), style(num_format="#,##0.##")
    entry = style(num_format="#,##0.##", locked=False, bg_color="#FFFBE6", border=1, border_color="#8A7A2E")
    remark = style(text_wrap=True, locked=False)
    rows = {
        "component": (style(bold=True, bg_color="#D5E0EA", top=1, text_wrap=True),
                      style(bold=True, bg_color="#D5E0EA", top=1, num_format="#,##0.##")),
        "indicator": (style(bold=True, bg_color="#F2F5F8", text_wrap=True),
                      style(bold=True, bg_color="#F2F5F8", num_format="#,##0.##")),
    }  # fmt: skip

    guide = book.add_worksheet(t("Petunjuk"))
    guide.set_column(0, 0, 96, text)
    guide.write_string(0, 0, t("Lembar isian KLA"), title)
    for row, line in enumerate(_guide(instrument), start=2):
        guide.set_row(row, row_height(line, 96))
        guide.write_string(row, 0, line, text)
    guide.set_paper(9)
    guide.fit_to_pages(1, 0)

    sheet = book.add_worksheet(t("Isian"))
    for at, width in enumerate(_WIDTHS):
        sheet.set_column(at, at, width)
    sheet.write_string(0, 0, t("Lembar isian KLA"), title)
    for row, (label, value) in enumerate(
        ((t("Kode wilayah"), area.code), (t("Tahun"), str(year)), (t("Tahap"), instrument.stage(stage).name)), start=1
    ):
        sheet.write_string(row, 0, label, strong)
        sheet.write_string(row, 1, value, style(locked=row != 3, bold=True))
    sheet.data_validation(3, 1, 3, 1, {"validate": "list", "source": [one.name for one in instrument.stages]})
    sheet.write_string(1, 2, area.name, strong)
    titles = (t("Kode"), t("Pertanyaan"), t("Nilai maksimal"), t("Nilai"), t("Keterangan"), t("Penanggung jawab"))
    sheet.set_row(_HEAD - 1, row_height("x" * 12, 9))
    for at, heading in enumerate(titles):
        sheet.write_string(_HEAD - 1, at, heading, head)

    def line(row: int, level: str, code: str, name: str, maximum: float, children: list[int]) -> None:
        words, figures = rows[level]
        sheet.set_row(row, row_height(name, _WIDTHS[1] - 6))
        sheet.write_string(row, 0, code, words)
        sheet.write_string(row, 1, name, words)
        sheet.write_number(row, 2, maximum, figures)
        sheet.write_formula(row, 3, "=" + "+".join(f"D{child + 1}" for child in children), figures, 0)
        sheet.write_blank(row, 4, None, words)
        sheet.write_blank(row, 5, None, words)

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
                _question(sheet, row, code, question, text, points, entry, remark)
                row += 1
            # One range instead of a sum of cells: indicators have up to sixty questions.
            line(at, "indicator", indicator, of_indicator["name"], of_indicator["max_points"], [first])
            sheet.write_formula(at, 3, f"=MIN({of_indicator['max_points']:g},SUM(D{first + 1}:D{row}))",
                                rows["indicator"][1], 0)  # fmt: skip
        line(own, "component", component, about["name"], about["max_points"], indicator_rows)
    words, figures = rows["component"]
    sheet.write_string(row, 0, "", words)
    sheet.write_string(row, 1, t("JUMLAH"), words)
    sheet.write_number(row, 2, instrument.ladder.max_total, figures)
    sheet.write_formula(row, 3, "=" + "+".join(f"D{at + 1}" for at in component_rows), figures, 0)
    sheet.freeze_panes(_HEAD, 2)
    sheet.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD - 1)
    sheet.print_area(0, 0, row, len(_WIDTHS) - 1)
    sheet.activate()
    book.close()
    return buffer.getvalue()


def row_height(text: str, width: float) -> float:
    """Return the height in points that a wrapped text needs in a column of so many characters."""
    return 13.5 * max(1, -(-len(text) // max(int(width), 1))) + 1.5


def _question(sheet, row: int, code: str, question, text, points, entry, remark) -> None:
    maximum = float(question["max_points"])
    agencies = ", ".join(split_agencies(question["agencies"]))
    sheet.set_row(row, max(row_height(question["name"], _WIDTHS[1]), row_height(agencies, _WIDTHS[5])))
    sheet.write_string(row, 0, code, text)
    sheet.write_string(row, 1, question["name"], text)
    sheet.write_number(row, 2, maximum, points)
    sheet.write_blank(row, 3, None, entry)
    sheet.write_blank(row, 4, None, remark)
    sheet.write_string(row, 5, agencies, text)
    sheet.data_validation(
        row, 3, row, 3,
        {
            "validate": "decimal", "criteria": "between", "minimum": 0, "maximum": maximum,
            "error_title": t("Nilai {code}", code=code),
            "error_message": t("Isi angka dari 0 sampai {most}, atau kosongkan.", most=number(maximum)),
        },
    )  # fmt: skip
    sheet.write_comment(
        row, 3,
        t("{code}: 0 sampai {most} poin. Kosong berarti belum ada jawaban, bukan nol.{who}", code=code,
          most=number(maximum), who=" " + t("Dijawab oleh {names}.", names=agencies) if agencies else ""),
        {"author": "kla_analysis", "x_scale": 1.6},
    )  # fmt: skip


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
