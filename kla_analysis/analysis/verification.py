"""Verification answer by answer: what is left of a sheet whose answers are proven well, partly or not at all.

Which award a total becomes is forecast in `analysis.forecast`; here the user says how well each answer is proven.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kla_analysis.analysis.forecast import DRAWS, SEED, own_retention
from kla_analysis.errors import ParameterError, did_you_mean
from kla_analysis.instrument.bands import Ladder
from kla_analysis.language import t

if TYPE_CHECKING:
    from kla_analysis.analysis.scoring import RollUp

#: How well an answer is proven.
EVIDENCE_STATES = ("complete", "partial", "none")


@dataclass(frozen=True)
class EvidenceRate:
    """The share of an answer's points that verification keeps, as a range (assumed by the user)."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        for share in (self.low, self.likely, self.high):
            own_retention(share)
        if not self.low <= self.likely <= self.high:
            raise ParameterError(t("Bagian rendah, mungkin, dan tinggi harus menaik."), advice=t("Urutkan ketiganya."))


#: Where nobody knows better: assumed, and shown as such.
ASSUMED_RATES = {
    "complete": EvidenceRate(0.85, 0.95, 1.0),
    "partial": EvidenceRate(0.30, 0.50, 0.70),
    "none": EvidenceRate(0.0, 0.0, 0.10),
}


def draw_by_evidence(
    rollup: RollUp,
    states: pd.Series | Mapping[str, str],
    *,
    rates: Mapping[str, EvidenceRate] = ASSUMED_RATES,
    draws: int = DRAWS,
    seed: int = SEED,
) -> np.ndarray:
    """Draw verified totals from the state of evidence of every answer.

    How strict the verifier is towards a state is drawn once per draw and holds for all its
    questions (triangular between the low and high rate): one verifier reads the whole sheet, so
    the questions of a state stand or fall together. Indicator maxima stay respected.

    Args:
        states: `complete`, `partial` or `none` by question code; a question left out is `none`.
        rates: what verification keeps of each state.

    Returns:
        `draws` totals, points.

    Raises:
        ParameterError: an unknown question or state.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.draw_by_evidence(case.roll_up, {"1.1": "complete"}, draws=1000).shape
    (1000,)
    """
    instrument = rollup.instrument
    questions = rollup.table("question")
    given = pd.Series(dict(states), dtype=object)
    for code, state in given.items():
        if code not in questions.index:
            instrument.question(code)
        if state not in EVIDENCE_STATES:
            raise ParameterError(
                t("Keadaan bukti “{state}” tidak dikenal.", state=state), advice=did_you_mean(state, EVIDENCE_STATES)
            )
    state_of = given.reindex(questions.index).fillna("none")
    claimed = (
        questions.assign(state=state_of)
        .pivot_table(index="state", columns="indicator_code", values="low", aggfunc="sum", fill_value=0.0)
        .reindex(index=list(EVIDENCE_STATES), columns=instrument.indicators.index, fill_value=0.0)
    )
    random = np.random.default_rng(seed)
    kept = np.column_stack([_triangular(random, rates[state], draws) for state in EVIDENCE_STATES])
    indicators = kept @ claimed.to_numpy()
    np.minimum(indicators, instrument.indicators["max_points"].to_numpy(), out=indicators)
    return indicators.sum(axis=1).round(6)


def probabilities(totals: Sequence[float] | np.ndarray, ladder: Ladder) -> dict[str, float]:
    """Return the share of drawn totals that falls into each predicate, `none` first."""
    edges = [0.0, *(band.lower for band in ladder.bands), math.inf]
    counts = np.histogram(totals, bins=edges)[0] / len(totals)
    return dict(zip([ladder.no_award_code, *(band.code for band in ladder.bands)], counts.tolist(), strict=True))


def _triangular(random: np.random.Generator, rate: EvidenceRate, draws: int) -> np.ndarray:
    if rate.low == rate.high:
        return np.full(draws, rate.likely)
    return random.triangular(rate.low, rate.likely, rate.high, draws)
