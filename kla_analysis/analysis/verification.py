"""Verification: what a self-assessed score is likely to be worth once it is verified.

A district's own score falls on the way to the award. How far is known only from a few published
pairs of self-assessed (EM) and administratively verified (VA) scores.

**The model.** The share that verification keeps, `r = VA / EM`, lies between 0 and 1; its logit is
taken as normally distributed over districts. With the mean `m` and the standard deviation `s` of
the logits of `n` pairs, the next district's logit follows Student's t with `n − 1` degrees of
freedom around `m` with scale `s · sqrt(1 + 1/n)`: the usual prediction interval, which is wide
because the pairs are few. So P(verified ≥ x) = 1 − F_t((logit(x / EM) − m) / scale).

**What it assumes.** The pairs stand for the next district (they come from the press, several from
one province and one round, and one district three times: they are neither random nor independent);
the share does not depend on the size of the score; rules and verifiers stay as they were. Whether
the intervals deserve trust is measured by leaving each pair out in turn (`leave_one_out`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kla_analysis.errors import DataError, ParameterError, did_you_mean
from kla_analysis.evidence.cases import load_stage_scores
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import number, t

if TYPE_CHECKING:
    from kla_analysis.analysis.position import Position
    from kla_analysis.analysis.scoring import RollUp

#: Fewer pairs than this say nothing about how much districts differ.
FEWEST_PAIRS = 3
DRAWS = 100_000
SEED = 2024


@dataclass(frozen=True)
class Retention:
    """The share of a self-assessed score that verification keeps.

    Attributes:
        center, scale: of the logit of the share; `scale` is 0 when the share is taken as certain.
        degrees: degrees of freedom of the t distribution; infinite for an own assumption.
        pairs: how many published pairs it was fitted on; 0 for an own assumption.
    """

    center: float
    scale: float
    degrees: float
    pairs: int

    @property
    def median(self) -> float:
        """The share that is as likely passed as missed."""
        return _expit(self.center)

    def quantile(self, probability: float) -> float:
        """Return the share below which verification stays with a probability."""
        from scipy import stats

        if self.scale == 0:
            return self.median
        return _expit(self.center + self.scale * float(stats.t.ppf(probability, self.degrees)))

    def probability_at_least(self, share: float) -> float:
        """Return the probability that verification keeps at least a share."""
        from scipy import stats

        if share <= 0:
            return 1.0
        if share > 1:
            return 0.0
        if self.scale == 0:
            return float(self.median >= share)
        if share == 1:
            return 0.0
        return float(stats.t.sf((_logit(share) - self.center) / self.scale, self.degrees))

    def draw(self, count: int = DRAWS, *, seed: int = SEED) -> np.ndarray:
        """Draw shares, reproducibly."""
        random = np.random.default_rng(seed)
        if self.scale == 0:
            return np.full(count, self.median)
        standard = random.standard_normal(count) if math.isinf(self.degrees) else random.standard_t(self.degrees, count)
        return 1 / (1 + np.exp(-(self.center + self.scale * standard)))


@dataclass(frozen=True, eq=False)
class Verified:
    """The verified total as far as it can be known beforehand.

    Attributes:
        claimed: the score before verification, points.
        certain: whether it was verified already, so that nothing more is cut.
        median: points.
        interval: points; the verified total lies inside with probability `level`.
        predicates: probability of each predicate, `none` first, adding up to one.
    """

    claimed: float
    certain: bool
    median: float
    interval: Span
    level: float
    predicates: dict[str, float]
    retention: Retention | None
    ladder: Ladder = field(repr=False)

    def probability_at_least(self, target: str) -> float:
        """Return the probability of a target predicate or better.

        Raises:
            ParameterError: there is no such predicate.
        """
        lower = self.ladder.band(target).lower
        if self.certain:
            return float(self.claimed >= lower)
        return self.retention.probability_at_least(lower / self.claimed) if self.claimed else 0.0

    def break_even(self, target: str) -> float | None:
        """Return the share that verification must keep for the target; None when none is enough.

        The target is lost when verification keeps less than this.
        """
        lower = self.ladder.band(target).lower
        return None if self.claimed < lower else lower / self.claimed


def fit_retention(pairs: pd.DataFrame) -> Retention:
    """Fit the share that verification keeps on published pairs.

    Args:
        pairs: columns `self_assessment` and `administrative_verification`, points.

    Raises:
        DataError: fewer than three pairs, or a share that is not between 0 and 1.
    """
    pairs = pairs.dropna(subset=["self_assessment", "administrative_verification"])
    if len(pairs) < FEWEST_PAIRS:
        raise DataError(
            t("Hanya {count} pasangan nilai; sedikitnya {fewest} diperlukan.", count=len(pairs), fewest=FEWEST_PAIRS),
            advice=t("Tambahkan pasangan di data/published/stage_scores.csv, atau isi bagian sendiri."),
        )
    shares = (pairs["administrative_verification"] / pairs["self_assessment"]).to_numpy()
    if not ((shares > 0) & (shares < 1)).all():
        raise DataError(
            t("Ada pasangan yang nilainya tidak turun, atau turun sampai nol."),
            advice=t("Periksa kedua nilainya; model ini hanya mengenal bagian di antara 0 dan 1."),
        )
    logits = np.log(shares / (1 - shares))
    count = len(shares)
    return Retention(
        center=float(logits.mean()),
        scale=float(logits.std(ddof=1) * math.sqrt(1 + 1 / count)),
        degrees=count - 1,
        pairs=count,
    )


def own_retention(share: float) -> Retention:
    """Take the share that verification keeps as known.

    Raises:
        ParameterError: the share is not between 0 and 1.
    """
    _require_share(share)
    if share in (0.0, 1.0):
        return Retention(center=math.inf if share else -math.inf, scale=0.0, degrees=math.inf, pairs=0)
    return Retention(center=_logit(share), scale=0.0, degrees=math.inf, pairs=0)


def verify(claimed: float, stage: str, retention: Retention, instrument: Instrument, *, level: float = 0.8) -> Verified:
    """Say what a score is worth once verified.

    Args:
        claimed: the total at its stage, points.
        stage: the stage of that total. A verified or final score is not cut again.
        retention: what verification keeps.
        level: probability that the interval holds the verified total.

    Raises:
        ParameterError: the stage does not exist, or the total is impossible.
    """
    ladder = instrument.ladder
    placed = ladder.place(claimed)
    codes = [ladder.no_award_code, *(band.code for band in ladder.bands)]
    if not instrument.stage(stage).claimed:
        known = {code: float(code == placed.predicate) for code in codes}
        return Verified(claimed, True, claimed, Span(claimed, claimed), level, known, None, ladder)
    at_least = [1.0]
    at_least += [retention.probability_at_least(band.lower / claimed) if claimed else 0.0 for band in ladder.bands]
    at_least.append(0.0)
    return Verified(
        claimed=claimed,
        certain=False,
        median=round(claimed * retention.median, 2),
        interval=Span(
            round(claimed * retention.quantile((1 - level) / 2), 2),
            round(claimed * retention.quantile((1 + level) / 2), 2),
        ),
        level=level,
        predicates={code: at_least[at] - at_least[at + 1] for at, code in enumerate(codes)},
        retention=retention,
        ladder=ladder,
    )


def leave_one_out(pairs: pd.DataFrame, *, level: float = 0.8) -> pd.DataFrame:
    """Leave each pair out in turn, predict it from the others, and see whether the interval holds it.

    Returns:
        The pairs with `share` (kept), `low`, `median`, `high` (points, predicted) and `inside`.

    Raises:
        DataError: too few pairs remain to fit on.
    """
    pairs = pairs.dropna(subset=["self_assessment", "administrative_verification"]).reset_index(drop=True)
    rows = []
    for at in pairs.index:
        fitted = fit_retention(pairs.drop(index=at))
        claimed, verified = pairs.loc[at, ["self_assessment", "administrative_verification"]]
        low, middle, high = (claimed * fitted.quantile(p) for p in ((1 - level) / 2, 0.5, (1 + level) / 2))
        rows.append((verified / claimed, low, middle, high, bool(low <= verified <= high)))
    return pairs.assign(**dict(zip(("share", "low", "median", "high", "inside"), zip(*rows, strict=True), strict=True)))


def _require_share(share: float) -> None:
    if math.isnan(share) or not 0 <= share <= 1:
        raise ParameterError(
            t("Bagian {share} tidak mungkin.", share=number(share)),
            advice=t("Bagian yang dipertahankan verifikasi berada di antara 0 dan 1."),
        )


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


# --- question by question --------------------------------------------------------------------------

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
            _require_share(share)
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


# --- of a position -----------------------------------------------------------------------------------


def retention_for(position: Position) -> Retention:
    """Take what the user says that verification keeps, or fit it on the pairs of all others.

    The area's own pair of that round is left out: a prediction must not have seen its answer.
    """
    if position.kept_share is not None:
        return own_retention(position.kept_share)
    pairs = load_stage_scores()
    own = (pairs["area_code"] == position.area.code) & (pairs["award_year"] == position.award_year)
    return fit_retention(pairs[~own])


def verify_position(position: Position, *, as_claim: bool = False, level: float = 0.8) -> Verified:
    """Say what a position is worth once verified.

    Args:
        as_claim: treat the total as self-assessed, whatever its stage: what it would be worth if
            the district had only claimed it.
    """
    stage = position.instrument.claimed_stage.code if as_claim else position.stage
    return verify(position.span.low, stage, retention_for(position), position.instrument, level=level)


def needed_claim(target: str, probability: float, retention: Retention, instrument: Instrument) -> float | None:
    """Return the self-assessed total at which a target is reached with a probability, in points.

    Rounded up to hundredths: the claim that is named is never too small. Returns None when not even a full
    sheet is enough.
    """
    kept = retention.quantile(1 - probability)
    needed = instrument.ladder.band(target).lower / kept if kept > 0 else math.inf
    claim = math.ceil(round(needed * 100, 6)) / 100 if math.isfinite(needed) else math.inf
    return claim if claim <= instrument.ladder.max_total else None
