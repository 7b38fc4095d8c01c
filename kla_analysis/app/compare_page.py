"""The page “compare two rounds”: two sheets side by side, in words and as a table."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import ipywidgets as widgets

from kla_analysis.analysis.case_tables import beside
from kla_analysis.analysis.comparison import difference
from kla_analysis.analysis.position import Position, open_position
from kla_analysis.app import choices
from kla_analysis.app.controls import Controls, links, part, status
from kla_analysis.errors import KlaError
from kla_analysis.instrument.instrument import level_name
from kla_analysis.language import signed, t
from kla_analysis.showing.target import difference_table
from kla_analysis.showing.text import Text, predicate_of


class Comparison(Controls):
    """Two lists of sheets, and what lies between them."""

    def __init__(self) -> None:
        """Build the page, with the two newest sheets of one area where there are two."""
        options = choices.sheets()
        self.before = self.control(widgets.Dropdown, t("Yang lama"), options=options)
        self.after = self.control(widgets.Dropdown, t("Yang baru"), options=options)
        self.level = self.control(
            widgets.Dropdown,
            t("Tingkat"),
            options=[(level_name(level), level) for level in ("component", "indicator", "question")],
        )
        self.message, self.result = widgets.HTML(), widgets.HTML()
        hint = t("Lembar lain dapat dibandingkan sesudah diperiksa dan disimpan di “Periksa data”.")
        self.widget = widgets.VBox(
            [
                self.before,
                self.after,
                self.level,
                widgets.HTML(f'<p class="kla-hint">{hint}</p>'),
                self.message,
                self.result,
            ],
            layout=widgets.Layout(width="100%", max_width="760px"),
        )
        with self.quietly():
            if len(options) > 1:
                self.before.value, self.after.value = _two(options)
        self._show()

    def _moved(self, change: Any) -> None:
        if not self.unheard:
            self._show()

    def _show(self) -> None:
        chosen = (self.before.value, self.after.value)
        said, message = "", ""
        if None in chosen or chosen[0] == chosen[1]:
            message = t("Pilih dua lembar yang berbeda.")
        else:
            try:
                said = self._said(*chosen)
            except KlaError as error:
                message = str(error)
        self.message.value, self.result.value = status(message), said

    def _said(self, before: choices.Sheet, after: choices.Sheet) -> str:
        """Return the comparison as HTML."""
        first, second = (open_position(area, year, stage=stage) for area, year, stage in (before, after))
        table = difference_table(beside(second, first, self.level.value), second, first)
        said = f'{part(compared_in_words(first, second))}<div class="kla-scroll">{part(table)}</div>'
        if not isinstance(table, Text):
            said += f"<p>{links({'perbandingan.csv': table.csv()})}</p>"
        return said


def compared_in_words(before: Position, after: Position) -> Text:
    """Say by how many points two sheets differ, and which components moved most.

    Raises:
        DataError: the sheets follow different instruments.
    """
    ladder = after.instrument.ladder
    table = difference(before.rolled, after.rolled, "component")
    said = [
        t(
            "{before}: {old} poin ({p}). {after}: {new} poin ({q}). Selisihnya {change} poin.",
            before=_name(before),
            old=ladder.written(before.span),
            p=predicate_of(before),
            after=_name(after),
            new=ladder.written(after.span),
            q=predicate_of(after),
            change=_between(after.span.low - before.span.high, after.span.high - before.span.low),
        )
    ]
    # Where answers are missing only what moved for sure is named.
    fell, rose = table.sort_values("change_high").iloc[0], table.sort_values("change").iloc[-1]
    if rose["change"] > 0:
        said.append(t("Paling naik: {name} ({change} poin).", name=rose["name"], change=signed(rose["change"])))
    if fell["change_high"] < 0:
        said.append(t("Paling turun: {name} ({change} poin).", name=fell["name"], change=signed(fell["change_high"])))
    said += [one.illustration for one in (before, after) if one.illustrative]
    return Text(tuple(said))


def _name(position: Position) -> str:
    stage = position.instrument.stage(position.stage).name
    return f"{position.area.name} {position.award_year} ({stage})"


def _two(options: choices.Options) -> tuple[Any, Any]:
    """Return two sheets to begin with, the older first: two rounds of one area where there are, else the first two."""
    values = [value for _, value in options]
    for old, new in pairwise(values):
        if old[0] == new[0]:
            return old, new
    old, new = sorted(values[:2], key=lambda sheet: sheet[1])
    return old, new


def _between(low: float, high: float) -> str:
    """Write a change, both ends of it where answers are missing."""
    first, last = (signed(round(end, 6)) for end in (low, high))
    return first if first == last else t("{low} sampai {high}", low=first, high=last)
