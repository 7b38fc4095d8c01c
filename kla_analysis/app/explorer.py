"""Exploring a sheet: pick a component, an indicator, an agency or a word, and see where the points are lost.

What is shown is made by three functions of a selection: a sentence, a chart and a table. The explorer
only lets a hand choose the selection; a report calls the same functions.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.explorer.parts(case, kla.explorer.at("K2")).index.tolist()
['7', '8', '9', '10', '11']
"""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.scoring import RollUp
from kla_analysis.analysis.weakness import (
    Selection,
    lost_by_agency,
    lost_in,
    nobody,
    selected,
    selected_groups,
    unanswered_questions,
    unknown_in,
)
from kla_analysis.app.controls import Controls, links, look, part
from kla_analysis.instrument.instrument import split_agencies
from kla_analysis.language import number, percent, t
from kla_analysis.showing.figure import (
    PAD,
    WIDTH,
    Chart,
    drawn_table,
    finished,
    label_bars,
    new_figure,
    put_rows,
    row_names,
    said,
    source_line,
    styled,
)
from kla_analysis.showing.losses import ranked_by_loss, selected_table
from kla_analysis.showing.scorecard import draw_points
from kla_analysis.showing.table import Column, level_of, shown_points
from kla_analysis.showing.text import Text, needs

#: What it shows; completion in a notebook lists no more.
__all__ = ["at", "explore", "parts", "selection_chart", "selection_in_words"]


def __dir__() -> list[str]:
    return __all__


#: Bars in the chart, rows in the explorer's table: beyond these a list is searched, not read.
MOST_BARS, MOST_ROWS = 15, 60


def at(cluster: str) -> Selection:
    """Return the selection that a report's parameter `cluster` means: one component, or all."""
    return Selection("" if cluster == "all" else cluster)


def parts(case: Position, chosen: Selection) -> pd.DataFrame:
    """Return what is lost in a selection, one step below it (`selected_groups`); no rows without answers per question."""
    if case.roll_up is None or case.roll_up.questions is None:
        return case.components.iloc[:0]
    return selected_groups(case.roll_up, chosen)[1]


@needs("question")
def selection_in_words(lost_parts: pd.DataFrame, position: Position, chosen: Selection) -> Text:
    """Say how much is lost in a selection, and how much of all loss that is.

    Args:
        lost_parts: `explore.parts(case, chosen)`.
        chosen: what it is a selection of.
    """
    if lost_parts.empty:
        return Text((t("Tidak ada pertanyaan yang cocok dengan pilihan ini."),), kind="remark")
    table = selected(position.rolled, chosen)
    lost, most, everything = lost_in(position.rolled, chosen)
    empty = int((table["answers"] == 0).sum())
    unknown = t(
        "{count} pertanyaan belum dijawab, paling banyak {points} poin.",
        count=empty,
        points=number(unknown_in(position.rolled, chosen)),
    )
    if empty == len(table):
        return Text((f"{_named(position, chosen)}: {unknown}",))
    return Text(
        (
            t(
                "{what}: {count} pertanyaan, {lost} dari {max} poin hilang ({share} dari semua kehilangan), pada {losing} "
                "pertanyaan.",
                what=_named(position, chosen),
                count=len(table),
                lost=number(lost),
                max=number(most),
                share=percent(lost / everything if everything else 0.0),
                losing=int((table["lost_points"] > 0).sum()),
            )
            + (f" {unknown}" if empty else ""),
        )
    )


@needs("question")
@styled
def selection_chart(table: pd.DataFrame, position: Position, chosen: Selection) -> Chart:
    """Points reached and lost in a selection, one step below it: components, indicators or questions.

    Args:
        table: `explore.parts(case, chosen)`, or some of its rows.
        chosen: what it is a selection of.
    """
    source = source_line(position)
    if table.empty:
        return said(t("Tidak ada pertanyaan yang cocok dengan pilihan ini"), position, source)
    level, ranked = level_of(table), ranked_by_loss(table)
    # Components stand in the order of the sheet, here as everywhere.
    shown, first = table if level == "component" else ranked.head(MOST_BARS), ranked.iloc[0]
    title = t(
        "{code} {name} kehilangan {lost} poin",
        code=ranked.index[0],
        name=first["name"],
        lost=number(first["lost_points"]),
    )
    if first["lost_points"] <= 0:
        title = t("{what}: tidak ada poin yang hilang", what=_named(position, chosen))
    if not (table["answers"] > 0).any():
        title = t("{what}: belum dijawab", what=_named(position, chosen))
    how = t("{what}. Penuh: nilai tercapai. Berarsir: nilai yang hilang.", what=_named(position, chosen))
    if (shown["unknown_points"] > 0).any():
        how += " " + t("Bertitik: belum dijawab.")
    if len(table) > len(shown):
        how += " " + t("Ditunjukkan {shown} terbesar dari {all}.", shown=len(shown), all=len(table))
    names, row = row_names((f"{code} {name}" for code, name in shown["name"].items()), 2.6, lines=2)
    figure, ax = new_figure(title, position, source, tall=row * len(shown), left=2.6, how=how)
    labels = draw_points(ax, shown)
    put_rows(ax, names)
    label_bars(ax, shown["max_points"].tolist(), labels, WIDTH - 2.6 - PAD)
    told = "; ".join(f"{code} {label}" for code, label in zip(shown.index, labels, strict=True))
    alt = t("Diagram batang nilai tercapai dan hilang per {level}: {told}.", level=_level(level), told=told)
    twin = drawn_table(
        position,
        t("Yang digambar: tercapai dan hilang per {level}", level=_level(level)),
        (
            Column("code", t("Kode")),
            Column("name", t("Nama")),
            Column("score", t("Nilai"), "number", unit="points"),
            Column("max_points", t("Maksimum"), "number", unit="points"),
            Column("lost", t("Hilang"), "number", unit="points"),
        ),
        shown_points(shown)[["name", "score", "max_points", "lost"]].itertuples(),
        source,
    )
    return finished(title, alt, source, figure, twin)


@needs("question")
def explore(position: Position, cluster: str = "all") -> Explorer:
    """Return the explorer, or say in words why there is nothing to explore."""
    return Explorer(position, cluster)


class Explorer(Controls):
    """Linked lists of components, indicators and questions, an agency, a word to search, and what they show."""

    def __init__(self, position: Position, cluster: str = "all") -> None:
        """Build the explorer for a position, at one component or all."""
        self.position = position
        self._build()
        with self.quietly():
            self.component.value = at(cluster).component
        self._changed()

    @property
    def selection(self) -> Selection:
        """What is chosen now."""
        return Selection(self.component.value, self.indicator.value, self.agency.value, self.words.value)

    def _build(self) -> None:
        import ipywidgets as widgets

        rollup = self.position.rolled
        everyone = t("semua")
        self.words = self.control(
            widgets.Text, t("Cari kata"), placeholder=t("misalnya: forum anak"), continuous_update=True
        )
        self.component = self.control(
            widgets.Dropdown,
            t("Komponen"),
            options=[(everyone, ""), *((f"{code} {row['name']}", code) for code, row in rollup.components.iterrows())],
        )
        self.indicator = self.control(widgets.Dropdown, t("Indikator"), options=[(everyone, "")])
        self.agency = self.control(
            widgets.Dropdown,
            t("Penanggung jawab"),
            options=[(everyone, ""), *((name, name) for name in _owners(rollup))],
        )
        self.question = self.control(widgets.Select, t("Pertanyaan"), options=[("", "")], rows=8)
        self.reset = widgets.Button(description=t("Tampilkan semua"), layout=widgets.Layout(width="auto"))
        self.reset.on_click(lambda _: self._cleared())
        self.export = widgets.Button(
            description=t("Siapkan unduhan"), tooltip=t("PNG, SVG, CSV, Excel"), layout=widgets.Layout(width="auto")
        )
        self.export.on_click(lambda _: self._exported())
        self.files, self.headline, self.picture, self.detail, self.table = (widgets.HTML() for _ in range(5))
        self.headline.add_class("kla-said")
        controls = widgets.VBox(
            [
                self.words,
                self.component,
                self.indicator,
                self.agency,
                self.question,
                widgets.HBox([self.reset, self.export], layout=widgets.Layout(flex_flow="row wrap")),
                self.files,
                self.detail,
            ],
            layout=widgets.Layout(flex="1 1 300px", max_width="400px", min_width="0"),
        )
        seen = widgets.VBox(
            [self.headline, self.picture],
            layout=widgets.Layout(flex="2 1 460px", max_width="680px", min_width="0", margin="0 0 0 12px"),
        )
        row = widgets.Layout(flex_flow="row wrap", align_items="flex-start", width="100%")
        self.widget = widgets.VBox(
            [look(), widgets.HBox([controls, seen], layout=row), self.table],
            layout=widgets.Layout(width="100%"),
        )
        self.widget.add_class("kla-app")

    # --- what people do -------------------------------------------------------------------------

    def _moved(self, change: Any) -> None:
        if self.unheard:
            return
        if change["owner"] is self.question:
            self._show_question()
            return
        if change["owner"] is self.component:
            with self.quietly():
                self.indicator.value = ""
        self._changed()

    def _cleared(self) -> None:
        with self.quietly():
            for control in (self.words, self.component, self.indicator, self.agency):
                control.value = ""
        self._changed()

    # --- what is shown --------------------------------------------------------------------------

    def _changed(self) -> None:
        chosen = self.selection
        table, lost_parts = selected(self.position.rolled, chosen), parts(self.position, chosen)
        self._link(chosen, table)
        self.headline.value = part(selection_in_words(lost_parts, self.position, chosen))
        self.picture.value = part(selection_chart(lost_parts, self.position, chosen))
        listed = selected_table(self._questions(table), self.position, top=MOST_ROWS)
        self.table.value = "" if table.empty else part(listed)
        self.files.value = ""
        self._show_question()

    def _questions(self, chosen: pd.DataFrame) -> pd.DataFrame:
        return self.position.questions.loc[chosen.index]

    def _link(self, chosen: Selection, table: pd.DataFrame) -> None:
        """Let the lists offer what the other choices leave: indicators of the component, questions of all."""
        indicators = self.position.instrument.indicators
        inside = indicators[indicators["component_code"] == chosen.component] if chosen.component else indicators
        before = self.question.value
        with self.quietly():
            self.indicator.options = [
                (t("semua"), ""),
                *((f"{code} {row['name']}", code) for code, row in inside.iterrows()),
            ]
            self.indicator.value = chosen.indicator
            self.question.options = [(f"{code} ({_lost(row)}) {row['name']}", code) for code, row in table.iterrows()]
            codes = list(table.index)
            self.question.value = before if before in codes else (codes[0] if codes else None)

    def _show_question(self) -> None:
        code = self.question.value
        if not code:
            self.detail.value = ""
            return
        row = self.position.rolled.table("question").loc[code]
        owners = ", ".join(split_agencies(row["agencies"])) or t("belum ada penanggung jawab")
        indicator = self.position.instrument.indicators.loc[row["indicator_code"], "name"]
        lines = (
            t(
                "{score} dari {max} poin; {lost} hilang.",
                score=number(row["low"]),
                max=number(row["max_points"]),
                lost=number(row["lost_points"], beside=(0,)),
            )
            if row["answers"]
            else t("Belum dijawab: paling banyak {max} poin, belum tentu hilang.", max=number(row["max_points"])),
            t("Penanggung jawab: {owners}.", owners=owners),
            t("Indikator {code}: {name}.", code=row["indicator_code"], name=indicator),
        )
        said = "".join(f"<p>{escape(line)}</p>" for line in lines)
        self.detail.value = f"<h3>{escape(code)} {escape(row['name'])}</h3>{said}"

    def _exported(self) -> None:
        """Offer what is shown as files that need no server."""
        from kla_analysis.showing.excel import sheet_of, workbook

        chosen = self.selection
        table = selected_table(self._questions(selected(self.position.rolled, chosen)), self.position)
        lost_parts = parts(self.position, chosen)
        chart = selection_chart(lost_parts, self.position, chosen)
        if isinstance(table, Text) or isinstance(chart, Text) or table.frame.empty:
            self.files.value = t("Tidak ada yang dapat diunduh.")
            return
        words = selection_in_words(lost_parts, self.position, chosen).paragraphs
        excel = workbook(table.caption, words, {}, [sheet_of(table.record(), t("Jelajah"))], badge=table.badge)
        self.files.value = links(
            {
                "kelemahan.png": chart.png(),
                "kelemahan.svg": chart.svg(),
                "kelemahan.csv": table.csv(),
                "kelemahan.xlsx": excel,
            }
        )


def _lost(row: pd.Series) -> str:
    """Write what a question loses, or that nobody has answered it."""
    return f"−{number(row['lost_points'], beside=(0,))}" if row["answers"] else t("belum dijawab")


def _owners(rollup: RollUp) -> list[str]:
    """Return everybody who loses points or owes an answer, by name."""
    owed = unanswered_questions(rollup)["agencies"]
    return sorted(
        {*lost_by_agency(rollup).index, *(name for text in owed for name in split_agencies(text) or nobody())}
    )


def _named(position: Position, chosen: Selection) -> str:
    """Name a selection, at the beginning of a sentence."""
    instrument = position.instrument
    parts = []
    if chosen.indicator:
        parts.append(
            t(
                "Indikator {code} {name}",
                code=chosen.indicator,
                name=instrument.indicators.loc[chosen.indicator, "name"],
            )
        )
    elif chosen.component:
        parts.append(instrument.component(chosen.component).name)
    if chosen.agency:
        parts.append(chosen.agency)
    if chosen.words:
        parts.append(t("pertanyaan yang memuat “{words}”", words=chosen.words.strip()))
    named = ", ".join(parts) or t("Semua komponen")
    return named[:1].upper() + named[1:]


def _level(level: str) -> str:
    return {"component": t("komponen"), "indicator": t("indikator"), "question": t("pertanyaan")}[level]
