"""Comparison: a result with a target predicate, one round or area with another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import pandas as pd

from kla_analysis.analysis.position import Position
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
        shown = self.questions[["name", "low", "max_points", "gain_points"]]
        return f"<p>{escape(repr(self))}</p>{shown.to_html()}"

    def __repr__(self) -> str:
        return f"QuestionSet({self.title}: {len(self.questions)} → +{number(self.gain_points)})"

    @property
    def agencies(self) -> tuple[str, ...]:
        """Everybody who answers at least one of the questions, in alphabetical order."""
        owners = (
            self.questions["owners"] if "owners" in self.questions else self.questions["agencies"].map(split_agencies)
        )
        return tuple(sorted({name for names in owners for name in names}))


def gap_to(target: str, span: Span, instrument: Instrument) -> tuple[Band, Span]:
    """Return the target's band and the points that are missing to it (0 when it is reached).

    Raises:
        ParameterError: there is no such predicate.
    """
    return instrument.ladder.band(target), instrument.ladder.points_to(target, span)


def smallest_set(sheet: RollUp | pd.DataFrame, gap_points: float, *, title: str | None = None) -> QuestionSet:
    """Find the fewest questions whose full answer closes a gap.

    Questions that nobody has answered are not among them: what they would add is unknown. The gap is
    that of the low end, where they count as nothing; for the other end ask `at_best`. Full answers add up inside an
    indicator only as far as its own maximum. The fewest questions are
    found by taking, again and again, the question that adds most: within one indicator the best `k`
    questions are its `k` largest, their gains fall from one to the next, and so the greedy choice
    over all indicators is the exact one.

    Args:
        sheet: the questions that may be chosen (`case.questions`, or some of its rows), or a whole sheet.
        gap_points: points to gain.

    Returns:
        The set; `closes` is False when even all allowed questions together are not enough.

    >>> from kla_analysis.analysis.position import open_position
    >>> smallest_set(open_position("63.10", 2022).questions, 50.5)
    QuestionSet(Semua pertanyaan: 6 → +56,88)
    """
    allowed = lost_points(sheet, "question") if isinstance(sheet, RollUp) else sheet
    allowed = allowed.sort_values("lost_points", ascending=False, kind="stable")
    room = allowed.set_index("indicator_code")["indicator_room"].to_dict()
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


def closing_sets(case: Position, target: str) -> pd.DataFrame:
    """Return the smallest sets of questions that close the gap to a target, seen from several sides.

    All questions, where answers are missing also as if they were full; all but those that measure a condition of
    children (where lower is better), which do not move with a document or an activity within one round; each
    component alone.

    Returns:
        One row a side: `title`, `questions` (count), `gain_points`, `short_points` (0 where the gap is closed),
        `owners` (count).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.closing_sets(case, "nindya")[["questions", "gain_points"]].values.tolist()[0]
    [6.0, 56.88]
    """
    questions, gap = case.questions, gap_to(target, case.span, case.instrument)[1]
    sides = [smallest_set(questions, gap.high)]
    if case.unknown_points:
        best = t("Semua pertanyaan, bila yang belum dijawab ternyata penuh")
        sides.insert(0, smallest_set(case.at_best.questions, gap.low, title=best))
    movable = questions[~questions["lower_is_better"].astype(bool)]
    sides.append(smallest_set(movable, gap.high, title=t("Tanpa butir kondisi anak")))
    for code, name in case.components["name"].items():
        sides.append(smallest_set(questions[questions["component_code"] == code], gap.high, title=name))
    return pd.DataFrame(
        [
            (
                side.title,
                len(side.questions),
                side.gain_points,
                max(0.0, side.gap_points - side.gain_points),
                len(side.agencies),
            )
            for side in sides
        ],
        columns=["title", "questions", "gain_points", "short_points", "owners"],
    )


#: What `difference` says of each code.
DIFFERENCE = (
    *("before", "before_high", "after", "after_high", "change", "change_high"),
    *("before_answers", "after_answers"),
)


def columns_about(table: pd.DataFrame) -> list[str]:
    """Return the columns of a level that say what a code is."""
    return ["name", "max_points", *(name for name in CODE_COLUMNS.values() if name in table)]


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
    return table[columns_about(table)].assign(
        before=earlier["low"],
        before_high=earlier["high"],
        after=table["low"],
        after_high=table["high"],
        change=(table["low"] - earlier["high"]).round(6),
        change_high=(table["high"] - earlier["low"]).round(6),
        before_answers=earlier["answers"],
        after_answers=table["answers"],
    )
