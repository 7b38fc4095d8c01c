"""Excel workbooks: cover, contents, notes, a sheet that calculates and draws, one table a sheet.

Nothing from data is ever a formula: text is written as text, and only the sheet that calculates holds
formulas, all of them ours. Equal answers give equal bytes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kla_analysis.analysis.scoring import RollUp
from kla_analysis.instrument.bands import Ladder
from kla_analysis.instrument.instrument import level_name, split_agencies
from kla_analysis.language import number, t
from kla_analysis.showing.records import Record, rows_of
from kla_analysis.showing.template import new_workbook

#: Who has made a workbook, as its properties say.
AUTHOR = "kla_analysis"
#: What Excel allows: letters in the name of a sheet, and in one cell.
_NAME, _CELL = 31, 32_767
#: How many letters a column may be wide before its text wraps.
_WIDEST = 48
#: A table of more rows can be filtered.
_FILTERED = 20
#: The row of the first answer on the sheet that calculates; what they come to stands above.
_FIRST = 8
Cell = str | float | int


@dataclass(frozen=True)
class Sheet:
    """One table for a workbook: its cells as values, texts as texts.

    Attributes:
        group: the part of the report that it belongs to; the contents are ordered by it. Empty for what stands first.
        units: one per column, as `tables.Column.unit`.
        total: the row at the foot, empty when there is none.
    """

    group: str
    title: str
    headings: tuple[str, ...]
    units: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    source: str = ""
    badge: str = ""


@dataclass(frozen=True)
class Calculation:
    """A sheet of answers that Excel adds up itself: questions to indicators to components to the total."""

    rollup: RollUp
    target: str
    badge: str = ""


def sheet_of(table: Record, group: str) -> Sheet:
    """Return a table's record as a sheet: numbers as the values behind them, everything else as it is written."""
    fields = table["schema"]["fields"]
    return Sheet(
        group=group,
        title=table["title"],
        headings=tuple(field["title"] for field in fields),
        units=tuple(field["unit"] for field in fields),
        rows=[_values(row) for row in rows_of(table)],
        total=_values(table["total"]),
        source=table["source"],
        badge=table["badge"],
    )


def _values(row: Sequence[Sequence[Any]]) -> list[Cell]:
    return [text.strip() if value is None else value for text, value in row]


def workbook(
    title: str,
    words: Sequence[str],
    notes: Mapping[str, str],
    sheets: Sequence[Sheet],
    *,
    calculation: Calculation | None = None,
    badge: str = "",
) -> bytes:
    """Return an Excel file: cover, contents, notes, the sheet that calculates, one table a sheet.

    Args:
        words: paragraphs for the cover.
        notes: what a reader must know of the numbers, by name: standing, sources, parameters.
        badge: stands on the cover when the numbers are not the area's own.
    """
    book, buffer = new_workbook(title, author=AUTHOR, comments=badge)
    book.set_calc_mode("auto")
    writer = _Writer(book, title)
    fixed = [t("Sampul"), t("Isi"), t("Catatan"), *([t("Hitungan")] if calculation else [])]
    names = _names(fixed, sheets)
    writer.cover(fixed[0], words, badge)
    writer.contents(fixed[1], fixed[2:], list(zip(names, sheets, strict=True)))
    writer.notes(fixed[2], notes)
    if calculation is not None:
        writer.calculation(fixed[3], calculation)
    for name, sheet in zip(names, sheets, strict=True):
        writer.table(name, sheet)
    book.close()
    return buffer.getvalue()


class _Writer:
    """Writes the sheets of one workbook in one style."""

    def __init__(self, book: Any, title: str) -> None:
        self.book, self.title = book, title
        top = {"valign": "top"}
        self.head = book.add_format({"bold": True, "font_size": 14, "font_color": "#1F4E79"})
        self.warning = book.add_format(
            {"bold": True, "font_color": "#A85400", "bg_color": "#FFF4E0", "text_wrap": True}
        )
        bold = {"bold": True, "text_wrap": True, "bg_color": "#EEF3F8", "bottom": 1, **top}
        self.bold, self.bold_number = (
            book.add_format({**bold, "indent": 1, "align": "left"}),
            book.add_format({**bold, "align": "right"}),
        )
        self.soft = book.add_format({"font_color": "#52606D", "text_wrap": True, **top})
        self.unit = book.add_format({"font_color": "#52606D", "italic": True, "align": "right"})
        self.text = book.add_format({"text_wrap": True, "indent": 1, "align": "left", **top})
        self.link = book.add_format({"font_color": "#0B5394", "underline": 1, **top})
        # Two decimals, and as many more as it takes to tell a score from a bound.
        patterns = {"points": "#,##0.00####", "share": "0.0%", "rupiah": "#,##0", "times": "#,##0.00", "": "0"}
        self.numbers = {unit: book.add_format({"num_format": pattern, **top}) for unit, pattern in patterns.items()}
        self.totals = {
            unit: book.add_format({"num_format": pattern, "bold": True, "top": 1, **top})
            for unit, pattern in patterns.items()
        }
        self.total_text = book.add_format(
            {"bold": True, "top": 1, "text_wrap": True, "indent": 1, "align": "left", **top}
        )
        self.input = book.add_format({"num_format": patterns["points"], "bg_color": "#FFF4E0", "border": 1, **top})

    def cover(self, name: str, words: Sequence[str], badge: str) -> None:
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 72)
        self._text(sheet, 0, 0, self.title, self.head)
        sheet.set_row(0, 24)
        for row, said in enumerate([badge, *words] if badge else words, start=2):
            self._text(sheet, row, 0, said, self.warning if badge and row == 2 else self.text)
            sheet.set_row(row, _height([(said, 72)]))

    def contents(self, name: str, fixed: Sequence[str], listed: Sequence[tuple[str, Sheet]]) -> None:
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 70)
        self._text(sheet, 0, 0, t("Isi buku kerja"), self.head)
        row, group = 2, ""
        for other in fixed:
            self._link(sheet, row, other)
            row += 1
        for other, table in listed:
            if table.group != group:
                group = table.group
                self._text(sheet, row, 0, group, self.bold)
                self._text(sheet, row, 1, "", self.bold)
                row += 1
            self._link(sheet, row, other)
            self._text(sheet, row, 1, table.title, self.text)
            row += 1

    def notes(self, name: str, notes: Mapping[str, str]) -> None:
        sheet = self._sheet(name)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 90)
        self._text(sheet, 0, 0, t("Catatan"), self.head)
        for row, (what, said) in enumerate(notes.items(), start=2):
            self._text(sheet, row, 0, what, self.bold)
            self._text(sheet, row, 1, said, self.text)
            sheet.set_row(row, _height([(what, 24), (said, 90)]))

    def table(self, name: str, table: Sheet) -> None:
        sheet = self._sheet(name, landscape=True)
        self._text(sheet, 0, 0, table.title + (f" ({table.badge})" if table.badge else ""), self.head)
        units = {"points": t("poin"), "share": t("bagian (%)"), "rupiah": t("rupiah"), "times": t("kali"), "": ""}
        widths = []
        for at, (heading, unit) in enumerate(zip(table.headings, table.units, strict=True)):
            column = [row[at] for row in table.rows]
            numbers = [not isinstance(value, str) for value in column]
            self._text(sheet, 2, at, heading, self.bold_number if any(numbers) else self.bold)
            self._text(sheet, 3, at, units[unit], self.unit)
            for row, value in enumerate(column, start=4):
                self._write(sheet, row, at, value, unit, self.numbers, self.text)
            longest = max((len(value) if isinstance(value, str) else 12 for value in column), default=0)
            widths.append(min(max(longest, 8, *map(len, heading.split())) + 3, _WIDEST))
            sheet.set_column(at, at, widths[-1])
        for row, cells in enumerate([table.headings, (), *table.rows, table.total], start=2):
            sheet.set_row(row, _height([(str(cell), width) for cell, width in zip(cells, widths, strict=bool(cells))]))
        end = 4 + len(table.rows)
        for at, value in enumerate(table.total):
            self._write(sheet, end, at, value, table.units[at], self.totals, self.total_text)
        end += 1 if table.total else 0
        self._foot(sheet, table, end + 1, widths)
        if len(table.rows) > _FILTERED:
            sheet.autofilter(3, 0, 3 + len(table.rows), len(table.headings) - 1)
        sheet.freeze_panes(4, 1)
        sheet.repeat_rows(2, 3)
        sheet.print_area(0, 0, end + 1, max(len(table.headings) - 1, 1))

    def _foot(self, sheet: Any, table: Sheet, row: int, widths: Sequence[float]) -> None:
        """Write the source below a table, merged over its width, so that a long one does not widen the first column."""
        if not table.source:
            return
        sheet.merge_range(row, 0, row, max(len(table.headings) - 1, 1), "", self.soft)
        self._text(sheet, row, 0, table.source, self.soft)
        sheet.set_row(row, _height([(table.source, sum(widths) if len(widths) > 1 else widths[0] + 9)]))

    def calculation(self, name: str, asked: Calculation) -> None:
        """Write the answers and the formulas above them; each formula brings the value that Python found."""
        rollup = asked.rollup
        sheet = self._sheet(name, landscape=True)
        ends = ("low", "high") if rollup.unanswered else ("low",)
        # Who answers stands behind the points; the bands to the right, with a column between.
        owners = 4 + len(ends)
        side = owners + 2
        self._calculation_head(sheet, asked.badge, owners, ranged=len(ends) > 1)
        self._bands(sheet, side, rollup.instrument.ladder)
        lines = _lines(rollup)
        place = {(level, code): row for row, (level, code, _) in enumerate(lines, start=_FIRST)}
        for row, (level, code, parts) in enumerate(lines, start=_FIRST):
            line = rollup.table(level).loc[code]
            self._text(sheet, row, 0, code, self.text)
            self._text(sheet, row, 1, line["name"], self.text if level == "question" else self.bold)
            self._text(sheet, row, 2, level_name(level), self.text)
            sheet.write_number(row, 3, line["max_points"], self.numbers["points"])
            for at, end in enumerate(ends, start=4):
                if parts:
                    self._sum(sheet, row, at, line, end, level, _added(parts, place, at))
                else:
                    self._answer(sheet, row, at, line, end, answered=code not in rollup.unanswered)
            answering = ", ".join(split_agencies(line["agencies"])) if level == "question" else ""
            self._text(sheet, row, owners, answering, self.text)
            depth = {"component": 0, "indicator": 1, "question": 2}[level]
            # The bold names of what has parts are wider.
            height = _height([(line["name"], 64 if depth == 2 else 56), (answering, 34)])
            sheet.set_row(row, height, None, {"level": depth})
        self._calculated_total(sheet, asked, ends, side, [place["component", code] for code in rollup.components.index])
        self._component_chart(sheet, name, rollup, side, place, ranged=len(ends) > 1)
        sheet.autofilter(_FIRST - 1, 0, _FIRST + len(lines) - 1, owners)
        sheet.freeze_panes(_FIRST, 2)
        sheet.repeat_rows(_FIRST - 1)
        sheet.print_area(0, 0, _FIRST + len(lines) - 1, owners)
        sheet.outline_settings(symbols_below=False)

    def _calculation_head(self, sheet: Any, badge: str, owners: int, *, ranged: bool) -> None:
        """Write what the sheet that calculates is for, and the heads of its columns."""
        sheet.set_column(0, 0, 11)
        sheet.set_column(1, 1, 64)
        sheet.set_column(2, owners - 1, 13)
        sheet.set_column(owners, owners, 34)
        self._text(sheet, 0, 0, t("Hitungan langsung") + (f" ({badge})" if badge else ""), self.head)
        said = t(
            "Ubah nilai berlatar kuning: jumlah, predikat, dan jarak di bawah ini menghitung ulang sendiri. Indikator = "
            "jumlah pertanyaannya, paling banyak maksimumnya; komponen dan total = jumlah di bawahnya."
        )
        sheet.merge_range(1, 0, 1, 4, "", self.soft)
        self._text(sheet, 1, 0, said, self.soft)
        sheet.set_row(1, _height([(said, 110)]))
        head = [t("Kode"), t("Nama"), t("Tingkat"), t("Maksimum"), t("Nilai")]
        head += [t("Bila yang kosong penuh")] if ranged else []
        head += [t("Penanggung jawab")]
        for at, heading in enumerate(head):
            self._text(sheet, _FIRST - 1, at, heading, self.bold)
        sheet.set_row(_FIRST - 1, 31)

    def _bands(self, sheet: Any, side: int, ladder: Ladder) -> None:
        """Write where each band begins, and its name."""
        sheet.set_column(side, side + 1, 14)
        self._text(sheet, _FIRST - 1, side, t("Mulai dari"), self.bold)
        self._text(sheet, _FIRST - 1, side + 1, t("Predikat"), self.bold)
        bands = [(0.0, ladder.no_award_name), *((band.lower, band.name) for band in ladder.bands)]
        for row, (lower, band) in enumerate(bands, start=_FIRST):
            sheet.write_number(row, side, lower, self.numbers["points"])
            self._text(sheet, row, side + 1, band, self.text)

    def _component_chart(
        self, sheet: Any, name: str, rollup: RollUp, side: int, place: Mapping[tuple[str, str], int], *, ranged: bool
    ) -> None:
        """Draw what each component has, lacks, and what nobody knows of it, from cells that follow the answers."""
        # To the right of the bands, in the same rows.
        top, side, tops = _FIRST - 1, side + 3, [place["component", code] for code in rollup.components.index]
        series = [
            (t("Nilai"), "#1F4E79"),
            *([(t("Belum diketahui"), "#C9D3DC")] if ranged else []),
            (t("Hilang"), "#E0A060"),
        ]
        sheet.set_column(side, side, 64)
        sheet.set_column(side + 1, side + len(series), 14)
        for at, head in enumerate([t("Komponen"), *(name for name, _ in series)]):
            self._text(sheet, top, side + at, head, self.bold)
        for row, (own, (_, line)) in enumerate(zip(tops, rollup.components.iterrows(), strict=True), start=top + 1):
            low, high, most = (_cell(own, at) for at in (4, 5 if ranged else 4, 3))
            # Where nobody has answered the cell says so, and the bar has no length.
            parts = [(low, float(line["low"]) if line["answers"] else t("belum dijawab"))]
            parts += [(f"ROUND({high}-SUM({low}),6)", round(float(line["unknown_points"]), 6))] if ranged else []
            parts.append((f"ROUND({most}-{high},6)", round(float(line["max_points"] - line["high"]), 6)))
            self._text(sheet, row, side, line["name"], self.text)
            for at, (formula, value) in enumerate(parts, start=side + 1):
                sheet.write_formula(row, at, f"={formula}", self.numbers["points"], value)
        chart = self.book.add_chart({"type": "bar", "subtype": "stacked"})
        last = top + len(tops)
        for at, (_, colour) in enumerate(series, start=1):
            cells = [name, top + 1, side + at, last, side + at]
            about = {"name": [name, top, side + at], "categories": [name, top + 1, side, last, side], "values": cells}
            chart.add_series({**about, "fill": {"color": colour}, "gap": 60})
        title = t("Nilai per komponen (poin)")
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"major_gridlines": {"visible": True, "line": {"color": "#D5DCE2"}}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 640, "height": 360})
        # A filter hides rows beside it, and is not to change the picture.
        chart.show_hidden_data()
        told = "; ".join(f"{line['name']} {number(line['low'])}" for _, line in rollup.components.iterrows())
        said = t(
            "Diagram batang bertumpuk nilai tiap komponen dan yang hilang, dari sel di atasnya: {told}.", told=told
        )
        sheet.insert_chart(last + 2, side, chart, {"description": said, "object_position": 3})

    def _sum(self, sheet: Any, row: int, at: int, line: Any, end: str, level: str, added: str) -> None:
        """Write the sum of the cells that are `added`; an indicator has its maximum at most."""
        formula = f"ROUND(SUM({added}),6)"
        if level == "indicator":
            formula = f"MIN({formula},{_cell(row, 3)})"
        # Where nobody has answered there is no sum: a nought would say that it was answered badly.
        empty = t("belum dijawab")
        value = float(line[end]) if end == "high" or line["answers"] else empty
        formula = f'IF(COUNT({added})=0,"{empty}",{formula})' if end == "low" else formula
        sheet.write_formula(row, at, f"={formula}", self.totals["points"], value)

    def _answer(self, sheet: Any, row: int, at: int, line: Any, end: str, *, answered: bool) -> None:
        """Write an answer, which can be changed; at the high end, what it would be if an empty one were full."""
        if end == "high":
            own = _cell(row, 4)
            formula = f"=IF(ISBLANK({own}),{_cell(row, 3)},{own})"
            sheet.write_formula(row, at, formula, self.numbers["points"], float(line[end]))
            return
        if answered:
            sheet.write_number(row, at, float(line[end]), self.input)
        else:
            sheet.write_blank(row, at, None, self.input)
        bounds = {
            "validate": "decimal",
            "criteria": "between",
            "minimum": 0,
            "maximum": float(line["max_points"]),
            "error_message": t("Isi angka dari 0 sampai maksimum."),
        }
        sheet.data_validation(row, at, row, at, bounds)

    def _calculated_total(
        self, sheet: Any, asked: Calculation, ends: Sequence[str], side: int, tops: Sequence[int]
    ) -> None:
        """Write the total, its predicate and what it lacks, above the rows `tops` of the components."""
        ladder = asked.rollup.instrument.ladder
        goal = ladder.band(asked.target)
        last = _FIRST + len(ladder.bands)
        lowers, names = (_block(_FIRST, column, last, column) for column in (side, side + 1))
        for row, label in (
            (3, t("Nilai total")),
            (4, t("Predikat")),
            (5, t("Poin yang kurang ke {goal}", goal=goal.name)),
        ):
            self._text(sheet, row, 1, label, self.bold)
        for at, end in enumerate(ends, start=4):
            total = getattr(asked.rollup.total, end)
            own = _cell(3, at)
            summed = ",".join(_cell(row, at) for row in tops)
            sheet.write_formula(3, at, f"=ROUND(SUM({summed}),6)", self.totals["points"], total)
            placed = f"=LOOKUP({own},{lowers},{names})"
            sheet.write_formula(4, at, placed, self.total_text, ladder.place(total).name)
            gap = max(0.0, round(goal.lower - total, 6))
            lower = _cell(_FIRST + 1 + ladder.bands.index(goal), side)
            sheet.write_formula(5, at, f"=MAX(0,ROUND({lower}-{own},6))", self.totals["points"], gap)

    def _sheet(self, name: str, *, landscape: bool = False) -> Any:
        sheet = self.book.add_worksheet(name)
        if landscape:
            sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.7)
        shown = self.title.replace("&", "&&")[:150]
        sheet.set_footer(f"&L&8{shown}&R&8{t('Halaman &P dari &N')}")
        sheet.hide_gridlines(2)
        return sheet

    def _link(self, sheet: Any, row: int, name: str) -> None:
        quoted = name.replace("'", "''")
        sheet.write_url(row, 0, f"internal:'{quoted}'!A1", self.link, name)

    def _write(self, sheet: Any, row: int, at: int, value: Cell, unit: str, formats: dict[str, Any], text: Any) -> None:
        """Write one cell: a number as a number, anything else as text, never as a formula."""
        if isinstance(value, str):
            self._text(sheet, row, at, value, text)
        else:
            bare = unit == "" and value != int(value)
            sheet.write_number(row, at, value, formats["points" if bare else unit])

    @staticmethod
    def _text(sheet: Any, row: int, at: int, text: str, style: Any = None) -> None:
        shown = text if len(text) <= _CELL else text[: _CELL - 1] + "…"
        sheet.write_string(row, at, shown, style)


def _lines(rollup: RollUp) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the rows of a calculation: level, code, and the rows that each is the sum of."""
    indicators, questions = rollup.indicators, rollup.questions
    lines: list[tuple[str, str, list[tuple[str, str]]]] = []
    for component in rollup.components.index:
        if indicators is None:
            lines.append(("component", component, []))
            continue
        own = list(indicators.index[indicators["component_code"] == component])
        lines.append(("component", component, [("indicator", code) for code in own]))
        for code in own:
            asked = [] if questions is None else list(questions.index[questions["indicator_code"] == code])
            lines.append(("indicator", code, [("question", question) for question in asked]))
            lines += [("question", question, []) for question in asked]
    return lines


def _added(parts: Sequence[tuple[str, str]], place: Mapping[tuple[str, str], int], column: int) -> str:
    """Return the cells that a sum adds up: questions stand together, of the others each by itself."""
    cells = [_cell(place[part], column) for part in parts]
    return f"{cells[0]}:{cells[-1]}" if parts[0][0] == "question" else ",".join(cells)


def _names(fixed: Sequence[str], sheets: Sequence[Sheet]) -> list[str]:
    """Name the sheets: the number of the group, if any, and of the table, then as much of the title as Excel allows."""
    groups = list(dict.fromkeys(sheet.group for sheet in sheets if sheet.group))
    counts = dict.fromkeys(["", *groups], 0)
    names = []
    for sheet in sheets:
        counts[sheet.group] += 1
        place = f"{groups.index(sheet.group) + 1}.{counts[sheet.group]} " if sheet.group else ""
        names.append((place + _short(sheet.title, _NAME - len(place))).strip(" '"))
    return names


def _short(title: str, room: int) -> str:
    """Return the words of a title that have room, without a comma or a small word at their end."""
    plain = re.sub(r"\s+", " ", re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title)).strip()
    if len(plain) <= room:
        return plain
    words = plain[: room + 1].rsplit(" ", 1)[0].split()
    while len(words) > 1 and words[-1].islower() and len(words[-1]) < 5:
        words.pop()
    return " ".join(words)[:room].rstrip(" ,;.–-(")


def _height(cells: Sequence[tuple[str, float]]) -> float:
    """Return how high a row must be for texts in columns of so many letters: not every program finds out itself."""
    lines = max((math.ceil(len(text) / (0.85 * width)) for text, width in cells if text), default=1)
    return min(15.5 * lines, 409)  # Excel allows no more


def _cell(row: int, column: int) -> str:
    from xlsxwriter.utility import xl_rowcol_to_cell

    return xl_rowcol_to_cell(row, column)


def _block(row: int, column: int, last_row: int, last_column: int) -> str:
    from xlsxwriter.utility import xl_range_abs

    return xl_range_abs(row, column, last_row, last_column)
