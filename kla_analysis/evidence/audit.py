"""The audit: what a sheet prints, compared with what its own rows add up to, at every level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from kla_analysis.errors import DataError
from kla_analysis.evidence.assessment import Assessment
from kla_analysis.instrument.instrument import Instrument
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
        totals: the total three ways: `printed`, `indicators` (sum of the printed indicator scores),
            `questions` (sum of the answers).
        maxima: the maximum three ways, same keys, and `instrument`.
    """

    shown: str
    rows: pd.DataFrame
    totals: dict[str, float]
    maxima: dict[str, float]

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

    def _repr_html_(self) -> str:
        totals = pd.DataFrame({"total": self.totals, "maximum": self.maxima})
        return totals.to_html() + self.rows[~self.rows["adds_up"]].to_html()

    def __repr__(self) -> str:
        return f"Audit({self.shown}: {'adds up' if self.adds_up else 'does not add up'}, totals {self.totals})"

    def _failing(self, level: str) -> tuple[str, ...]:
        rows = self.rows.loc[level]
        return tuple(rows.index[~rows["adds_up"]])


def audit(assessment: Assessment, instrument: Instrument) -> Audit:
    """Compare the printed lines of a sheet with the sums of what stands below them.

    Raises:
        DataError: the sheet carries no printed lines to compare.
    """
    if assessment.printed is None or assessment.level != "question":
        raise DataError(
            t("{file} tidak memuat angka tercetak per indikator dan komponen.", file=assessment.shown),
            advice=t(
                "Letakkan tabel level,code,printed_max,printed_score di sampingnya dengan akhiran .printed.csv; "
                "contohnya ada di data/assessments/reference."
            ),
        )
    printed = assessment.printed.set_index(["level", "code"])[["printed_max", "printed_score"]]
    questions = instrument.questions.assign(score=assessment.scores)
    parts = []
    below: pd.DataFrame = questions.rename(columns={"max_points": "m", "score": "s"})[
        ["indicator_code", "component_code", "m", "s"]
    ]
    for level, column, order in (
        ("indicator", "indicator_code", instrument.indicators.index),
        ("component", "component_code", instrument.components.index),
        ("total", None, ["total"]),
    ):
        lines = printed.loc[level].reindex(order)
        sums = _sums(below, column, order)
        answers = _sums(questions.rename(columns={"max_points": "m", "score": "s"}), column, order)
        part = lines.assign(
            summed_max=sums["m"],
            summed_score=sums["s"],
            questions_max=answers["m"],
            questions_score=answers["s"],
        )
        part.index = pd.MultiIndex.from_product([[level], part.index], names=["level", "code"])
        parts.append(part)
        lines = lines.rename(columns={"printed_max": "m", "printed_score": "s"})
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
    indicators = rows.loc["indicator"]
    total = rows.loc[("total", "total")]
    return Audit(
        shown=assessment.shown,
        rows=rows.round(6),
        totals={
            "printed": round(float(total["printed_score"]), 6),
            "indicators": _sum(indicators["printed_score"]),
            "questions": _sum(questions["score"]),
        },
        maxima={
            "printed": round(float(total["printed_max"]), 6),
            "indicators": _sum(indicators["printed_max"]),
            "questions": _sum(questions["max_points"]),
            "instrument": instrument.ladder.max_total,
        },
    )


def _sums(rows: pd.DataFrame, column: str | None, order: pd.Index | list[str]) -> pd.DataFrame:
    """Add up `m` and `s`, per code of a column or altogether."""
    if column is None:
        return pd.DataFrame({"m": [_sum(rows["m"])], "s": [_sum(rows["s"])]}, index=order)
    return rows.groupby(column)[["m", "s"]].agg(_sum).reindex(order)


def _sum(values: pd.Series) -> float:
    return round(math.fsum(values.dropna()), 6)
