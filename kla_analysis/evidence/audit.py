"""The audit: what a sheet prints, compared with what its own rows add up to, at every level."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

import pandas as pd

from kla_analysis.errors import DataError
from kla_analysis.evidence.assessment import Assessment
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument
from kla_analysis.language import t

# Scores are written in hundredths; anything smaller is binary noise.
_TOLERANCE = 0.005


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """Printed against recomputed.

    Attributes:
        rows: one row per printed line, indexed by `level` and `code`, in points: `printed_max`,
            `summed_max`, `printed_score`, `summed_score` (sum of the printed lines just below; of
            the answers for an indicator), `questions_score` and `questions_max` (sum of the
            answers, at every level), `at_stake` (largest difference of the scores) and `adds_up`.
        totals: the total in up to three ways, as far as the sheet goes: `printed`, `indicators` (sum of the printed
            indicator scores), `questions` (sum of the answers).
        maxima: the maximum in the same ways, and `instrument`.
        readings: the total that follows when the printed scores of a level (`indicator`, `component`, `total`)
            are believed and what is not printed there is added up; levels that print nothing are left out.
    """

    shown: str
    rows: pd.DataFrame
    totals: dict[str, float]
    maxima: dict[str, float]
    readings: dict[str, float]

    @property
    def indicators_that_do_not_add_up(self) -> tuple[str, ...]:
        """Codes of the indicators whose printed maximum or score is not the sum of its questions."""
        return self._failing("indicator")

    @property
    def components_that_do_not_add_up(self) -> tuple[str, ...]:
        """Codes of the components whose printed maximum or score is not the sum of its indicators."""
        return self._failing("component")

    @property
    def adds_up(self) -> bool:
        """Whether the whole sheet agrees with itself."""
        return bool(self.rows["adds_up"].all())

    def contradicting(self, answers: Span, ladder: Ladder) -> dict[str, float]:
        """Return the readings that give another predicate than the answers do (their total, or both ends of it)."""
        steps = [band.lower for band in ladder.bands]
        lowest, highest = (bisect_right(steps, end) for end in (answers.low, answers.high))
        return {
            level: total
            for level, total in self.readings.items()
            if not lowest <= bisect_right(steps, total) <= highest
        }

    def _repr_html_(self) -> str:
        totals = pd.DataFrame({"total": self.totals, "maximum": self.maxima})
        return totals.to_html() + self.rows[~self.rows["adds_up"]].to_html()

    def __repr__(self) -> str:
        return f"Audit({self.shown}: {'adds up' if self.adds_up else 'does not add up'}, totals {self.totals})"

    def _failing(self, level: str) -> tuple[str, ...]:
        rows = self.rows[~self.rows["adds_up"]]
        return tuple(rows.index.get_level_values("code")[rows.index.get_level_values("level") == level])


def audit(assessment: Assessment, instrument: Instrument) -> Audit:
    """Compare the printed lines of a sheet with the sums of what stands below them.

    Maxima and scores in points, each line with the level right below it; half a hundredth is no difference, and a line
    that the sheet does not print contradicts nothing. Nothing is put right.

    Args:
        assessment: a sheet with `printed`, at any level.
        instrument: the rules that it follows.

    Raises:
        DataError: the sheet carries no printed lines to compare.
    """
    if assessment.printed is None:
        raise DataError(
            t("{file} tidak memuat angka tercetak per indikator dan komponen.", file=assessment.shown),
            advice=t(
                "Beri lembar asli yang memuat baris jumlahnya, atau letakkan tabel level,code,printed_max,printed_score di "
                "sampingnya dengan akhiran .printed.csv; contohnya ada di data/assessments/reference."
            ),
        )
    answers = instrument.table(assessment.level).assign(m=lambda table: table["max_points"], s=assessment.scores)
    rows, readings = _compared(assessment.printed, answers, assessment.level, instrument)
    totals, maxima = _totals(rows, answers, assessment.level)
    return Audit(
        shown=assessment.shown,
        rows=rows.round(6),
        totals=totals,
        maxima={**{way: maxima[way] for way in totals}, "instrument": instrument.ladder.max_total},
        readings=readings,
    )


def _compared(
    printed: pd.DataFrame, answers: pd.DataFrame, own: str, instrument: Instrument
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return every printed line beside what stands below it, and what follows for the total from each level."""
    printed = printed.set_index(["level", "code"])[["printed_max", "printed_score"]]
    levels = [*CODE_COLUMNS, "total"]
    parts, below, readings = [], answers, {}
    for level in levels[levels.index(own) + 1 :]:
        column = CODE_COLUMNS.get(level)
        order = instrument.table(level).index if column else pd.Index(["total"])
        lines = printed[printed.index.get_level_values("level") == level].droplevel("level").reindex(order)
        sums, of_answers = _sums(below, column, order), _sums(answers, column, order)
        part = lines.assign(
            summed_max=sums["m"],
            summed_score=sums["s"],
            questions_max=of_answers["m"],
            questions_score=of_answers["s"],
        )
        part.index = pd.MultiIndex.from_product([[level], part.index], names=["level", "code"])
        parts.append(part)
        # What a sheet does not print is what its rows add up to.
        prints = lines["printed_score"].notna().any()
        lines = lines.rename(columns={"printed_max": "m", "printed_score": "s"}).fillna(sums)
        if prints:
            readings[level] = _sum(lines["s"])
        below = lines.assign(component_code=instrument.indicators["component_code"]) if level == "indicator" else lines
    rows = pd.concat(parts)
    differences = pd.DataFrame(
        {
            "max": rows["printed_max"] - rows["summed_max"],
            "score": rows["printed_score"] - rows["summed_score"],
        }
    ).abs()
    spread = rows[["printed_score", "summed_score", "questions_score"]]
    rows["at_stake"] = (spread.max(axis=1) - spread.min(axis=1)).round(6)
    # A line that the sheet does not print can not contradict it.
    rows["adds_up"] = ~(differences > _TOLERANCE).any(axis=1)
    return rows, readings


def _totals(rows: pd.DataFrame, answers: pd.DataFrame, own: str) -> tuple[dict[str, float], dict[str, float]]:
    """Return the total and its maximum, each in the ways that are known."""
    total = rows.loc[("total", "total")]
    totals = {"printed": round(float(total["printed_score"]), 6)}
    maxima = {"printed": round(float(total["printed_max"]), 6)}
    if own != "component":
        indicators = rows.loc["indicator"] if own == "question" else answers
        score, most = ("printed_score", "printed_max") if own == "question" else ("s", "m")
        totals["indicators"], maxima["indicators"] = _sum(indicators[score]), _sum(indicators[most])
    if own == "question":
        totals["questions"], maxima["questions"] = _sum(answers["s"]), _sum(answers["m"])
    known = {way: value for way, value in totals.items() if value == value and (way != "indicators" or value)}
    return known, maxima


def _sums(rows: pd.DataFrame, column: str | None, order: pd.Index | list[str]) -> pd.DataFrame:
    """Add up `m` and `s`, per code of a column or altogether."""
    if column is None:
        return pd.DataFrame({"m": [_sum(rows["m"])], "s": [_sum(rows["s"])]}, index=order)
    return rows.groupby(column)[["m", "s"]].agg(_sum).reindex(order)


def _sum(values: pd.Series) -> float:
    return round(math.fsum(values.dropna()), 6)
