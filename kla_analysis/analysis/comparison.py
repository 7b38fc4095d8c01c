"""Comparison: a result with a target predicate, one round or area with another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import pandas as pd

from kla_analysis.analysis.scoring import RollUp
from kla_analysis.analysis.weakness import _require_same_instrument, lost_points
from kla_analysis.instrument.bands import Band, Span
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument, split_agencies
from kla_analysis.language import number, t


@dataclass(frozen=True, eq=False, repr=False)
class QuestionSet:
    """A set of questions that together close the gap to a target, or fall short of it.

    Attributes:
        title: which questions were allowed in.
        questions: the chosen ones, largest gain first, with `gain_points`.
        gain_points: what they add to the total, indicator maxima respected.
        closes: whether that is enough.
    """

    title: str
    questions: pd.DataFrame
    gain_points: float
    gap_points: float
    closes: bool

    def _repr_html_(self) -> str:
        shown = self.questions[["name", "low", "max_points", "gain_points", "agencies"]]
        return f"<p>{escape(repr(self))}</p>{shown.to_html()}"

    def __repr__(self) -> str:
        return f"QuestionSet({self.title}: {len(self.questions)} → +{number(self.gain_points)})"

    @property
    def agencies(self) -> tuple[str, ...]:
        """Everybody who answers at least one of the questions, in alphabetical order."""
        return tuple(sorted({name for text in self.questions["agencies"] for name in split_agencies(text)}))


def gap_to(target: str, span: Span, instrument: Instrument) -> tuple[Band, Span]:
    """Return the target's band and the points that are missing to it (0 when it is reached).

    Raises:
        ParameterError: there is no such predicate.
    """
    return instrument.ladder.band(target), instrument.ladder.points_to(target, span)


def smallest_set(
    rollup: RollUp,
    gap_points: float,
    *,
    component: str | None = None,
    conditions: bool = True,
    title: str | None = None,
) -> QuestionSet:
    """Find the fewest questions whose full answer closes a gap.

    Questions that nobody has answered are not among them: what they would add is unknown. The gap is
    that of the low end, where they count as nothing; for the other end ask `rollup.at_best`. Full answers add up inside an indicator only as far as its own maximum. The fewest questions are
    found by taking, again and again, the question that adds most: within one indicator the best `k`
    questions are its `k` largest, their gains fall from one to the next, and so the greedy choice
    over all indicators is the exact one.

    Args:
        gap_points: points to gain.
        component: allow only the questions of one component.
        conditions: allow questions that measure a condition of children (where lower is better).
            Those do not move with a document or an activity within one round.

    Returns:
        The set; `closes` is False when even all allowed questions together are not enough.
    """
    allowed = lost_points(rollup, "question")
    if component is not None:
        rollup.instrument.component(component)
        allowed = allowed[allowed["component_code"] == component]
    if not conditions:
        allowed = allowed[~allowed["lower_is_better"].astype(bool)]
    indicators = rollup.table("indicator")
    room = (indicators["max_points"] - indicators["low"]).round(6).to_dict()
    gains: dict[str, float] = {}
    for code, question in allowed.iterrows():  # largest loss first
        indicator = question["indicator_code"]
        gains[code] = round(min(question["lost_points"], room[indicator]), 6)
        room[indicator] = round(room[indicator] - gains[code], 6)
    chosen, gained = [], 0.0
    for code in sorted(gains, key=lambda code: -gains[code]):
        if gained >= gap_points or gains[code] <= 0:
            break
        chosen.append(code)
        gained = round(math.fsum(gains[name] for name in chosen), 6)
    picked = allowed.loc[chosen]
    return QuestionSet(
        title=title or t("Semua pertanyaan"),
        questions=picked.assign(gain_points=[gains[code] for code in chosen]),
        gain_points=gained,
        gap_points=gap_points,
        closes=gained >= gap_points,
    )


def closing_sets(rollup: RollUp, gap_points: float) -> tuple[QuestionSet, ...]:
    """Return the smallest sets that close a gap, seen from several sides.

    All questions; all but those that measure a condition of children; each component alone, where
    it can do it alone.
    """
    sets = [
        smallest_set(rollup, gap_points),
        smallest_set(rollup, gap_points, conditions=False, title=t("Tanpa butir kondisi anak")),
    ]
    for code, component in rollup.components.iterrows():
        sets.append(smallest_set(rollup, gap_points, component=code, title=component["name"]))
    return tuple(sets)


def difference(before: RollUp, after: RollUp, level: str) -> pd.DataFrame:
    """Compare two sheets of one instrument, code by code: two rounds, or two areas.

    Returns:
        Indexed by code, in the order of the sheet: the codes of the levels above, `name`, `max_points`,
        and, in points, `before`, `after` and `change` (after minus before), each with `_high`: the other
        end where answers are missing on one side; `before_answers` and `after_answers`, counts.

    Raises:
        DataError: the sheets follow different instruments, or one stops above this level.
    """
    _require_same_instrument(before, after)
    table = after.table(level)
    earlier = before.table(level)
    columns = ["name", "max_points", *(name for name in CODE_COLUMNS.values() if name in table)]
    return table[columns].assign(
        before=earlier["low"],
        before_high=earlier["high"],
        after=table["low"],
        after_high=table["high"],
        change=(table["low"] - earlier["high"]).round(6),
        change_high=(table["high"] - earlier["low"]).round(6),
        before_answers=earlier["answers"],
        after_answers=table["answers"],
    )
