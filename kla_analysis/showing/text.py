"""Words: the block of text, its conditions, and phrases that every page says the same way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from kla_analysis.analysis.forecast import Retention
from kla_analysis.analysis.position import Position
from kla_analysis.errors import ParameterError
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument, level_name, standing_name
from kla_analysis.language import number, t
from kla_analysis.showing.records import BLOCK_TYPE, Bundle, Record, Shown

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Text(Shown):
    """Paragraphs made from data, shown as they are: nothing in them is ever read as markup.

    Attributes:
        values: gives the plain values behind the words. In a notebook they stand with the output, where whoever
            runs the notebook finds them and need not compute them again.
    """

    paragraphs: tuple[str, ...]
    heading: str = ""
    kind: str = ""
    values: Callable[[], Mapping[str, Any]] | None = None

    def record(self) -> Record:
        """Return the words as plain data."""
        return {"kind": "text", "heading": self.heading, "paragraphs": list(self.paragraphs), "style": self.kind}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        values = {"values": dict(self.values())} if self.values else {}
        return {BLOCK_TYPE: self.record() | values}, {}

    def __repr__(self) -> str:
        return "\n\n".join(filter(None, (self.heading, *self.paragraphs)))


def unless(
    why_not: Callable[[Position, tuple[Any, ...]], Text | None],
) -> Callable[[Callable[P, R]], Callable[P, R | Text]]:
    """Make a function that shows something say in words why it can not, where that is so.

    One of the function's arguments is the position. A notebook then reads the same for an area of which little is known.

    Args:
        why_not: returns the words, if any, for the position and all that the function is given.
    """

    def wrap(show: Callable[P, R]) -> Callable[P, R | Text]:
        @wraps(show)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R | Text:
            given: tuple[Any, ...] = args
            return why_not(_case(given, show), given) or show(*args, **kwargs)

        return shown

    return wrap


def needs(level: str = "") -> Callable[[Callable[P, R]], Callable[P, R | Text]]:
    """Make a function that shows a sheet say so in words where there is no sheet, or a shallower one.

    Without a level it is that of the table, the first argument.
    """

    def why_not(position: Position, given: tuple[Any, ...]) -> Text | None:
        roll_up = position.roll_up
        if roll_up is None:
            why = t("Tidak ditunjukkan: untuk putaran ini tidak ada lembar nilai.")
        elif getattr(roll_up, f"{level or str(given[0].index.name).removesuffix('_code')}s", roll_up) is None:
            why = t("Tidak ditunjukkan: lembar ini berhenti di tingkat {level}.", level=level_name(roll_up.level))
        else:
            return None
        return Text((why,), kind="remark")

    return unless(why_not)


def _case(args: tuple[Any, ...], show: Callable[..., Any]) -> Position:
    """Return the position that a function was given, beside its table where it takes one.

    Raises:
        ParameterError: one of the two was not given.
    """
    named = list(signature(show).parameters.values())
    asked = f"{show.__name__}({', '.join(each.name for each in named)})"
    found = next((arg for arg in args if isinstance(arg, Position)), None)
    if found is None:
        raise ParameterError(
            t("{asked} perlu kasusnya.", asked=asked), advice=t('Buka dulu: case = kla.open("63.10", 2022).')
        )
    if named[0].annotation == "pd.DataFrame" and not isinstance(args[0], pd.DataFrame):
        raise ParameterError(
            t("{asked} mulai dengan sebuah tabel.", asked=asked),
            advice=t("Misalnya case.components, atau sebagian barisnya; contohnya: help(kla.charts.components)."),
        )
    return found


def no_forecast(position: Position) -> Text | None:
    """Say in words why there is no forecast; None where there is one."""
    if not position.score_known:
        why = t("Tidak ditunjukkan: hanya predikatnya yang diketahui, bukan nilainya.")
    elif position.span.low <= 0:
        why = t("Tidak ditunjukkan: nilainya nol.")
    else:
        return no_cases(position.instrument)
    return Text((why,), kind="remark")


def no_cases(rules: Instrument) -> Text | None:
    """Say in words that no published case was scored by an instrument; None where some were."""
    if rules.verifiers:
        return None
    why = t("Tidak ditunjukkan: tidak ada kasus terbit menurut instrumen {id} untuk prakiraan.", id=rules.id)
    return Text((why,), kind="remark")


#: Make a function say so in words where there is no forecast to work from, or no published case of its instrument.
needs_forecast = unless(lambda position, _: no_forecast(position))
needs_cases = unless(lambda position, _: no_cases(position.instrument))


def points(span: Span) -> str:
    """Write a number of points, or the span it lies in.

    >>> points(Span(1, 100)), points(Span(50.5, 50.5))
    ('antara 1 dan 100 poin', '50,5 poin')
    """
    if span.is_exact:
        return t("{points} poin", points=number(span.low, beside=(0,)))
    return t("antara {low} dan {high} poin", low=number(span.low, beside=(0,)), high=number(span.high, beside=(0,)))


def without_scheme(address: str) -> str:
    """Write a web address as people read it; a report names its sources but links to nothing outside.

    >>> without_scheme("https://www.example.go.id/kla")
    'example.go.id/kla'
    """
    return re.sub(r"https?://(www\.)?", "", address)


def source_note(position: Position) -> str:
    """Say where the numbers of a position come from and how sure they are."""
    if position.assessment is None:
        fact = position.fact
        return t(
            "Sumber: {url}. Status: {standing}.",
            url=without_scheme(fact.source),
            standing=standing_name(fact.standing),
        )
    origin, rolled = position.assessment.origin, position.rolled
    unknown = (
        " "
        + t(
            "{count} {level} belum dijawab ({points} poin): bukan nol dan bukan kehilangan.",
            count=len(rolled.unanswered),
            level=level_name(rolled.level),
            points=number(rolled.unknown_points),
        )
        if rolled.unanswered
        else ""
    )
    if origin.illustrative:
        said = t(
            "Sumber: {title}. Status: ilustratif ({standing}); bukan nilai indikator {area} yang sebenarnya.",
            title=origin.title,
            standing=standing_name(origin.standing),
            area=position.area.name,
        )
    else:
        said = t("Sumber: {title}. Status: {standing}.", title=origin.title, standing=standing_name(origin.standing))
    return said + unknown


def low_end(position: Position) -> tuple[str, ...]:
    """Say, where answers are missing, that what is shown counts on none of them."""
    return (t("Itu bila yang belum dijawab tidak bernilai."),) if position.unknown_points else ()


def forecast_note(retention: Retention) -> str:
    """Say what a forecast of the award rests on."""
    if retention.cases == 0:
        return t("Bagian nilai yang bertahan sampai penghargaan: asumsi pengguna.")
    return t("Prakiraan: turunan dari {count} kasus yang terbit, bukan sampel acak.", count=retention.cases)


def settled(position: Position) -> bool:
    """Whether the total is that of the award, so that only the next round is still open."""
    return any(stage.code == position.stage and stage.carries_award for stage in position.instrument.stages)


def next_round(position: Position) -> str:
    """Name the round after a position's, and say where it is over, as something of it or a later one is published."""
    after = t("putaran sesudah {year}", year=position.award_year)
    over = len(position.history) and position.history["award_year"].max() > position.award_year
    return t("{round} (sudah lewat)", round=after) if over else after


def predicate_of(position: Position) -> str:
    """Name the predicate of a position; both ends where missing answers leave it open."""
    ladder = position.instrument.ladder
    if position.roll_up is None and position.fact.name is not None:
        return position.fact.name
    return predicates_in_words(position.span, ladder)


def predicates_in_words(span: Span, ladder: Ladder) -> str:
    """Name the predicates that a span of points may be."""
    low, high = (ladder.place(value).name for value in (span.low, span.high))
    return low if low == high else t("{low} sampai {high}", low=low, high=high)


def gap_in_words(gap: Span, goal: str, basis: str) -> str:
    """Say how far the target is, and by what it was counted."""
    if gap.high <= 0:
        return t("{goal} sudah tercapai {basis}.", goal=goal, basis=basis)
    return t("Jarak ke {goal} {basis}: {gap}.", goal=goal, basis=basis, gap=points(gap))


def stage_in_words(position: Position, code: str) -> str:
    """Name a stage in a running text."""
    names = {stage.code: stage.name for stage in position.instrument.stages}
    return names.get(code, code).lower() if code in names else code
