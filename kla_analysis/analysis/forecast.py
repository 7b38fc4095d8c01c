"""Forecast: which award a score becomes, claimed or verified, and how surely.

**Two steps.** A claim is cut by the verification, and what that leaves by the way to the award (review by the
centre, field verification). Each step keeps a share; its logarithm is the sum of a mean for whoever
verified (the ministry, later the province), an effect of the province's round, an effect of the district,
and chance. Field verification may raise a score: shares above one are possible up to the largest total.

**What it learns from**: every published case (`evidence.cases`). An award of which only the predicate is known
counts as the interval of its band, a score told only roughly as its interval. How large the means and
the effects are is a posterior, not a point (`analysis.posterior`): few cases give wide answers.

**What the district was before**: the chance of each predicate is multiplied by the square root of how often the
published rounds led there from the former award, else by that of the country's shares. Half the evidence, because
the same strengths and weaknesses already stand in the score. The exponent was chosen among 0, ¼, ½, ¾
and 1 by the score on districts left out (`analysis.calibration`).

**What the district itself was before**: how its own claims were cut in rounds that were over counts like any other case,
and through the effect of the district a little more: few own cases move it little.

**What it does not know**: a field verification that is put off means no award whatever the score; its chance is
counted in the same cases. Claims outside the published ones are extrapolated, and it says so.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.own_cases import OwnCases, own_cases
from kla_analysis.analysis.posterior import Mixture, Observations, Posterior, Prior, fit
from kla_analysis.errors import ParameterError, Problem, did_you_mean
from kla_analysis.evidence.areas import find_area, load_areas
from kla_analysis.evidence.cases import SCORES, STAGE_SCORES, fingerprint, former_awards, load_cases
from kla_analysis.evidence.published import RESULTS, load_national_counts, load_participation
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument, load_instrument, require_award_year
from kla_analysis.language import number, t
from kla_analysis.project import find_project
from kla_analysis.reading import stamp

if TYPE_CHECKING:
    from kla_analysis.analysis.position import Position

DRAWS = 100_000
SEED = 2024
#: Steps from a claim to the award, each with its own shares.
STEPS = ("claim", "verified")
#: Assumed before any case is seen: the middle share of each step and the width of its logarithm.
_SHARE_BEFORE = {"claim": (0.78, 0.20), "verified": (0.95, 0.12)}
#: Assumed before any case is seen: chance in each step, rounds of a province in each step, districts.
_SPREADS_BEFORE = (Prior(0.13, 0.4), Prior(0.07, 0.4), Prior(0.06, 0.6), Prior(0.05, 0.6), Prior(0.04, 0.6))
SPREADS = ("chance_claim", "chance_verified", "round_claim", "round_verified", "district")
#: How much the former award (or the country's shares) counts beside the score: see above.
_FORMER_WEIGHT = 0.5
#: Assumed of transitions before any pair is seen: staying, one band, two bands; worth so many pairs a predicate.
_STEP_BEFORE, _STEP_REST, _STEP_PAIRS = (0.6, 0.16, 0.04), 0.003, 10
#: Assumed before any case is seen: one round in fifty ends without an assessment, worth fifty cases.
_PUT_OFF_BEFORE = (1, 50)
#: The grid of the distribution, points.
_GRID = 0.5


@dataclass(frozen=True, eq=False)
class Retention:
    """The share of a score that is kept up to the award, as a distribution.

    Attributes:
        shares, cumulative: the distribution function at rising shares; one share alone is certain.
        cases: how many published cases it was learnt from; 0 for an own assumption.
        linked: how strongly strictness is shared by all that one verifier reads (a correlation, 0 to 1).
    """

    shares: np.ndarray
    cumulative: np.ndarray
    cases: int = 0
    linked: float = 0.0

    @property
    def median(self) -> float:
        """The share that is as likely passed as missed."""
        return self.quantile(0.5)

    @property
    def certain(self) -> bool:
        """Whether the share is taken as known."""
        return len(self.shares) == 1

    def quantile(self, probability: float) -> float:
        """Return the share (of the score, 0 to 1 and above) below which the award stays with a probability."""
        return float(self.at(np.array([probability]))[0])

    def at(self, lots: np.ndarray) -> np.ndarray:
        """Return the shares that belong to lots between 0 and 1."""
        return np.full(len(lots), self.shares[0]) if self.certain else np.interp(lots, self.cumulative, self.shares)

    def probability_at_least(self, share: float) -> float:
        """Return the probability that at least a share of the score is kept; 0 or 1 where the share is certain."""
        if self.certain:
            return float(self.shares[0] >= share)
        return 1.0 - float(np.interp(share, self.shares, self.cumulative))

    def draw(self, count: int = DRAWS, *, seed: int = SEED, strictness: np.ndarray | None = None) -> np.ndarray:
        """Draw shares, reproducibly.

        Args:
            strictness: the verifier's lot per draw, 0 (strictest) to 1: shares hang together with it as strongly as
                the shares of a province's round do in the published cases (`linked`).
        """
        lots = np.random.default_rng(seed).random(count)
        if strictness is None or self.linked == 0:
            return self.at(lots)
        from scipy.special import ndtr, ndtri

        own, shared = ndtri(lots), ndtri(np.clip(strictness, 1e-9, 1 - 1e-9))
        return self.at(ndtr(self.linked * shared + math.sqrt(1 - self.linked**2) * own))


@dataclass(frozen=True, eq=False)
class Forecast:
    """The award of a score as far as it can be known beforehand.

    Attributes:
        claimed: the score at its stage, points.
        certain: whether the score is the award's own, or the share taken as known.
        retention: what is kept of the score.
        level: probability that `interval` holds the award's score.
        previous: the predicate awarded before, None when it is not known or not used.
        verifier: code of who verifies.
        observed: the scores at that stage of which an award is published, points; None when not used.
        cases, pairs: how many cases it was learnt from, and how many pairs of awards.
        put_off: the part of no award that comes from rounds ending without an assessment, whatever the score.
    """

    claimed: float
    stage: str
    certain: bool
    retention: Retention
    level: float
    previous: str | None
    verifier: str
    observed: Span | None
    cases: int
    pairs: int
    ladder: Ladder = field(repr=False)
    put_off: float = 0.0

    @property
    def median(self) -> float:
        """The award's score that is as likely passed as missed, points."""
        return round(self.claimed * self.retention.median, 2)

    @property
    def interval(self) -> Span:
        """Where the award's score lies with probability `level`, points."""
        ends = (self.retention.quantile((1 - self.level) / 2), self.retention.quantile((1 + self.level) / 2))
        return Span(*(round(self.claimed * end, 2) for end in ends))

    @property
    def predicates(self) -> dict[str, float]:
        """The probability of each predicate, `none` first, adding up to one."""
        at_least = [1.0, *(self.probability_at_least(band.code) for band in self.ladder.bands), 0.0]
        codes = codes_of(self.ladder)
        return {code: max(at_least[at] - at_least[at + 1], 0.0) for at, code in enumerate(codes)}

    @property
    def extrapolated(self) -> bool:
        """Whether it lies outside the scores of which awards are published, so that shares are carried over."""
        return self.observed is not None and not self.observed.low <= self.claimed <= self.observed.high

    def probability_at_least(self, target: str) -> float:
        """Return the probability of a predicate or better.

        Raises:
            ParameterError: there is no such predicate.
        """
        lower = self.ladder.band(target).lower
        if self.certain:
            return float(round(self.claimed * self.retention.median, 6) >= lower)
        return self.retention.probability_at_least(lower / _positive(self.claimed))

    def break_even(self, target: str) -> float | None:
        """Return the share that must be kept for the target; None when not even all of it is enough."""
        lower = self.ladder.band(target).lower
        return None if self.claimed < lower else lower / self.claimed


@dataclass(frozen=True, eq=False)
class Model:
    """What the published cases say of both steps (`learn`).

    Attributes:
        cases: those that it was learnt from.
        rounds, districts: whose effects it knows.
        put_off: the chance that a round ends without an assessment.
        transitions: predicates × predicates, rows add up to one: what followed in the next round.
        pairs: how many pairs of awards those were counted from.
        award_years: the rounds in which awards were given.
        awards: published awards of districts, own ones included.
    """

    instrument: Instrument
    cases: pd.DataFrame
    posterior: Posterior
    rounds: tuple[tuple[str, int], ...]
    districts: tuple[str, ...]
    put_off: float
    transitions: np.ndarray
    pairs: int
    award_years: tuple[int, ...]
    awards: pd.DataFrame

    def share(
        self,
        steps: Iterable[str],
        verifier: str,
        *,
        province: str = "",
        year: int = 0,
        area: str = "",
        known_variance: float = 0.0,
    ) -> Mixture:
        """Return the distribution of the logarithm of the share that some steps keep.

        Args:
            steps: some of `STEPS`; both together are one share, from the claim to the award.
            verifier: code of who verifies.
            province, year, area: whose round and district it is, where cases of theirs were seen; effects of others
                are drawn anew.
            known_variance: of the score's logarithm, where the score is known only as an interval.
        """
        taken = np.array([float(step in steps) for step in STEPS])
        verifiers = [known.code for known in self.instrument.verifiers]
        fixed = np.concatenate([taken * (known == verifier) for known in verifiers])
        round_ = np.array([float(known == (province, year)) for known in self.rounds])
        district = np.array([float(known == area) for known in self.districts])
        members = [taken[0] * round_, taken[1] * round_, taken.sum() * district]
        new_round, new_district = not round_.any(), not district.any()
        others = np.array([taken[0] * new_round, taken[1] * new_round, taken.sum() ** 2 * new_district])
        return self.posterior.predict(fixed, members, taken, others=others, known_variance=known_variance)

    def parameters(self, *, level: float = 0.8) -> pd.DataFrame:
        """Return what was learnt: the middle share of each step and verifier, and the spreads.

        Returns:
            Indexed by `parameter` (`claim` or `verified` with the verifier's code, then `SPREADS`): `low`,
            `median`, `high`. The first are shares, the spreads are standard deviations of their logarithms.
        """
        probabilities = ((1 - level) / 2, 0.5, (1 + level) / 2)
        rows = {}
        for at, (verifier, step) in enumerate(_fixed_effects(self.instrument)):
            effect = self.posterior.fixed(at)
            rows[f"{step}_{verifier}"] = [math.exp(effect.quantile(p)) for p in probabilities]
        for at, name in enumerate(SPREADS):
            rows[name] = [self.posterior.spread_quantile(at, p) for p in probabilities]
        return pd.DataFrame(rows.values(), index=pd.Index(rows, name="parameter"), columns=["low", "median", "high"])

    def shared_strictness(self, steps: Iterable[str]) -> float:
        """Return how strongly shares within a province's round hang together: a correlation, 0 to 1."""
        variances = self.posterior.weights @ self.posterior.spreads**2
        chance, rounds = variances[:2], variances[2:4]
        taken = [STEPS.index(step) for step in steps]
        return math.sqrt(rounds[taken].sum() / (chance[taken].sum() + rounds[taken].sum()))

    def former_award(self, area: str, year: int) -> str | None:
        """Return the last predicate that a district was awarded before a round."""
        known = self.awards[(self.awards["area_code"] == area) & (self.awards["award_year"] < year)]
        return None if known.empty else str(known.iloc[-1]["predicate"])

    def after(self, previous: str, rounds: int = 1) -> np.ndarray:
        """Return the chance of each predicate so many rounds after another."""
        at = codes_of(self.instrument.ladder).index(previous)
        return np.linalg.matrix_power(self.transitions, max(rounds, 1))[at]

    def rounds_since(self, area: str, year: int) -> int:
        """Return how many rounds a district's last known award lies back."""
        known = self.awards[(self.awards["area_code"] == area) & (self.awards["award_year"] < year)]
        last = int(known.iloc[-1]["award_year"])
        return sum(last < held < year for held in self.award_years) + 1


def codes_of(ladder: Ladder) -> list[str]:
    """Return the codes of all predicates as they rise, no award first."""
    return [ladder.no_award_code, *(band.code for band in ladder.bands)]


_LEARNT: dict[tuple[str, str, frozenset[str], str], Model] = {}


def learn(
    instrument: Instrument | None = None,
    *,
    without: Iterable[str] = (),
    own: OwnCases | None = None,
    data: Path | None = None,
) -> Model:
    """Learn both steps from the published cases, once for as long as the facts stay.

    Args:
        without: districts whose cases and awards are left out: nothing may forecast itself.
        own: of a district that is left out, what was known of it beforehand all the same.

    Raises:
        DataError: a file of facts is refused.
    """
    data = data or find_project().data
    rules = instrument or load_instrument(data=data)
    cases, awards, facts = _facts(rules.ladder, data, *(stamp(data / file) for file in (RESULTS, STAGE_SCORES)))
    key = (rules.id, facts, frozenset(without), own.hash if own else "")
    if key not in _LEARNT:
        cases, others = (table[~table["area_code"].isin(key[2])] for table in (cases, awards))
        if own is not None:
            cases = pd.concat([cases, own.cases.astype(cases.dtypes)], ignore_index=True)
        _LEARNT[key] = learn_from(cases, others, rules, awards=awards)
    return _LEARNT[key]


@lru_cache(maxsize=8)
def _facts(ladder: Ladder, data: Path, *stamps: tuple[int, int]) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return cases, awards and their hash, read once for as long as the files stay."""
    cases, awards = load_cases(ladder, data=data), former_awards(data=data)
    return cases, awards, fingerprint(cases, awards)


def learnable_cases(instrument: Instrument | None = None, *, data: Path | None = None) -> pd.DataFrame:
    """Return the published cases that a forecast learns from: those of the instrument's verifiers that tell of a step.

    Returns:
        As `evidence.cases.load_cases`; empty where the instrument names nobody who verifies.

    >>> len(learnable_cases())
    42
    """
    rules = instrument or load_instrument(data=data)
    return _telling(load_cases(rules.ladder, data=data), rules)


def _telling(cases: pd.DataFrame, rules: Instrument) -> pd.DataFrame:
    """Keep cases of which two scores are known, or a score and the award that followed from it."""
    usable = cases[cases["award_year"].map(rules.verifier_of).notna()]
    verified = usable["administrative_verification_low"].notna()
    told = (verified & usable["self_assessment_low"].notna()) | (usable["assessed"] & usable["final_low"].notna())
    return usable[told].reset_index(drop=True)


def learn_from(
    cases: pd.DataFrame, pairs_of: pd.DataFrame, rules: Instrument, *, awards: pd.DataFrame | None = None
) -> Model:
    """Learn both steps from given cases.

    Args:
        cases: as `evidence.cases.load_cases` returns them.
        pairs_of: awards (`area_code`, `award_year`, `predicate`) of which transitions are counted.
        awards: awards that former ones are looked up in; the same when not given.
    """
    ended = cases[cases["award_year"].map(rules.verifier_of).notna() & (cases["outcome"].map(len) > 0)]
    put_off = (_PUT_OFF_BEFORE[0] + int((~ended["assessed"]).sum())) / (_PUT_OFF_BEFORE[1] + len(ended))
    usable = _telling(cases, rules)
    observations, rounds, districts = observe(usable, rules)
    years = tuple(sorted(int(year) for year in pairs_of["award_year"].unique()))
    transitions, pairs = _transitions(pairs_of, years, rules.ladder)
    return Model(
        instrument=rules,
        cases=usable,
        posterior=fit(observations),
        rounds=rounds,
        districts=districts,
        put_off=put_off,
        transitions=transitions,
        pairs=pairs,
        award_years=years,
        awards=pairs_of if awards is None else awards,
    )


def observe(
    cases: pd.DataFrame, rules: Instrument
) -> tuple[Observations, tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Turn cases into observations of the logarithm of the share that a step, or both, kept."""
    rows = pd.DataFrame([step for case in cases.to_dict("records") for step in _steps_of(case, rules)])
    verifiers = [known.code for known in rules.verifiers]
    rounds, districts = sorted(set(rows["round"])), sorted(set(rows["area"]))
    taken = np.array(rows["taken"].tolist())
    by, in_round = _indicated(rows["verifier"], verifiers), _indicated(rows["round"], rounds)
    of_district = _indicated(rows["area"], districts)
    before = [_SHARE_BEFORE[step] for _, step in _fixed_effects(rules)]
    with np.errstate(divide="ignore"):
        low, high = np.log(rows[["low", "high"]].to_numpy(dtype=float)).T
    observations = Observations(
        low=low,
        high=high,
        fixed=np.hstack([by[:, [at]] * taken for at in range(len(verifiers))]),
        fixed_mean=np.log([middle for middle, _ in before]),
        fixed_spread=np.array([width for _, width in before]),
        groups=(taken[:, [0]] * in_round, taken[:, [1]] * in_round, taken.sum(axis=1)[:, None] * of_district),
        noise=taken,
        known_variance=rows["variance"].to_numpy(),
        priors=_SPREADS_BEFORE,
    )
    return observations, tuple(rounds), tuple(districts)


def _steps_of(case: dict[str, Any], rules: Instrument) -> Iterator[dict[str, Any]]:
    """Yield what a case tells of each step, or of both together.

    `taken` is one for each of `STEPS` that it took; `low` and `high` are the ends of the share that was kept;
    `variance` is that of its logarithm because scores are known only as intervals.
    """
    claim, verified, award = (
        (case[f"{score}_low"], case[f"{score}_high"])
        for score in ("self_assessment", "administrative_verification", "final")
    )
    about = {
        "area": case["area_code"],
        "round": (case["province"], int(case["award_year"])),
        "verifier": verifier_of_case(case, rules),
    }
    if pd.notna(claim[0]) and pd.notna(verified[0]):
        middle = _middle(verified) / _middle(claim)
        variance = _variance(claim) + _variance(verified)
        yield about | {"taken": (1.0, 0.0), "low": middle, "high": middle, "variance": variance}
    if pd.notna(award[0]) and case["assessed"]:
        of, taken = (verified, (0.0, 1.0)) if pd.notna(verified[0]) else (claim, (1.0, 1.0))
        ends = (award[0] / _middle(of), award[1] / _middle(of))
        top = math.inf if award[1] >= rules.ladder.max_total else ends[1]
        yield about | {"taken": taken, "low": ends[0], "high": top, "variance": _variance(of)}


def _indicated(values: Iterable[object], known: Sequence[object]) -> np.ndarray:
    """Return rows × known values: one where the row has that value, else zero."""
    return np.array([[float(value == other) for other in known] for value in values])


def verifier_of_case(case: Mapping[str, Any], rules: Instrument) -> str:
    """Return who verified a published case: as its source says, else whoever does in that round; "" where nobody knows."""
    known = rules.verifier_of(case["award_year"])
    return str(case["verified_by"]) if pd.notna(case["verified_by"]) else known.code if known is not None else ""


def score_of(case: Mapping[str, Any], rules: Instrument) -> tuple[str, float, float]:
    """Return of a case what its award is forecast from: the verified score, else the claimed one.

    Args:
        case: a row of `evidence.cases.load_cases`.

    Returns:
        Code of the stage; the score in points, of an interval its geometric middle; and the variance of its logarithm,
        as if it could lie anywhere in its interval (0 where it is known exactly).
    """
    name = SCORES[1] if pd.notna(case[f"{SCORES[1]}_low"]) else SCORES[0]
    span = (case[f"{name}_low"], case[f"{name}_high"])
    return name, _middle(span), _variance(span)


def _fixed_effects(rules: Instrument) -> list[tuple[str, str]]:
    return [(verifier.code, step) for verifier in rules.verifiers for step in STEPS]


def _middle(span: tuple[float, float]) -> float:
    return math.sqrt(_positive(span[0]) * _positive(span[1]))


def _variance(span: tuple[float, float]) -> float:
    """Return the variance of the logarithm of a score that may lie anywhere in its interval."""
    return math.log(_positive(span[1]) / _positive(span[0])) ** 2 / 12


def _positive(score: float) -> float:
    return max(score, 0.01)


def _transitions(awards: pd.DataFrame, years: tuple[int, ...], ladder: Ladder) -> tuple[np.ndarray, int]:
    """Return what followed each predicate in the next round, and from how many pairs that was counted."""
    codes = codes_of(ladder)
    apart = np.abs(np.subtract.outer(np.arange(len(codes)), np.arange(len(codes))))
    counts = np.array([*_STEP_BEFORE, *[_STEP_REST] * len(codes)])[apart]
    counts *= _STEP_PAIRS / counts.sum(axis=1, keepdims=True)
    before = awards.assign(award_year=awards["award_year"].map(dict(itertools.pairwise(years))))
    pairs = before.dropna().merge(awards, on=["area_code", "award_year"], suffixes=("_before", "_after"))
    known = pairs[pairs["predicate_before"].isin(codes) & pairs["predicate_after"].isin(codes)]
    at = [known[column].map(codes.index).to_numpy(dtype=int) for column in ("predicate_before", "predicate_after")]
    np.add.at(counts, tuple(at), 1.0)
    return counts / counts.sum(axis=1, keepdims=True), len(known)


def country_shares(ladder: Ladder, year: int, *, data: Path | None = None) -> np.ndarray:
    """Return the share of each predicate among the districts that took part, no award first.

    Of the round, or of the nearest one whose awards were published by predicate (the later of two).
    A predicate that nobody got counts as half a district: not yet is not never.
    """
    data = data or find_project().data
    counted = ("published/national_counts.csv", "published/national_participation.csv")
    return _country_shares(ladder, year, data, *(stamp(data / file) for file in counted))


@lru_cache(maxsize=64)
def _country_shares(ladder: Ladder, year: int, data: Path, *stamps: tuple[int, int]) -> np.ndarray:
    counts = load_national_counts(data=data)
    codes = [code for code in codes_of(ladder)[1:] if code in counts]
    known = counts[counts[codes].notna().all(axis=1)]
    row = known.iloc[_nearest(known["award_year"], year)]
    took = load_participation(data=data)
    took = took[took["measure"] == "took_part"]
    part = float(took.iloc[_nearest(took["award_year"], year)]["value"])
    awarded = np.array([float(row[code]) if code in codes else 0.0 for code in codes_of(ladder)[1:]])
    shares = np.maximum(np.array([part - awarded.sum(), *awarded]), 0.5)
    return shares / shares.sum()


def _nearest(years: pd.Series, year: int) -> int:
    return int(np.lexsort((-years.to_numpy(dtype=int), np.abs(years.to_numpy(dtype=int) - year)))[0])


def own_retention(share: float) -> Retention:
    """Take the share of a score that is kept up to the award as known.

    Raises:
        ParameterError: the share is not between 0 and 1.
    """
    if math.isnan(share) or not 0 <= share <= 1:
        raise ParameterError(
            t("Bagian {share} tidak mungkin.", share=number(share)),
            advice=t("Bagian yang dipertahankan verifikasi berada di antara 0 dan 1."),
        )
    return Retention(np.array([share]), np.array([1.0]))


def forecast(
    score: float,
    stage: str,
    instrument: Instrument | None = None,
    *,
    year: int,
    area: str | None = None,
    previous: str | None = None,
    verified_by: str | None = None,
    former: bool = True,
    own: bool = True,
    kept_share: float | None = None,
    level: float = 0.8,
    data: Path | None = None,
) -> Forecast:
    """Say which award a score becomes.

    Args:
        score: the total at its stage, points.
        stage: code of the stage; a score of the stage that carries the award is certain.
        year: award year: who verifies then, and what the country's shares were.
        area: the district: its former award is looked up, and of its own cases those that were over beforehand.
        previous: the predicate awarded one round before, instead of the published one.
        verified_by: who verifies, instead of whoever does in that round.
        former: whether the former award counts; the country's shares do where it does not.
        own: whether the district's own earlier cases count (`analysis.own_cases`).
        kept_share: an own assumption of the share that is kept up to the award.
        level: probability that the interval holds the award's score.

    Raises:
        ParameterError: with everything that is wrong: unknown stage, area, former award or verifier, impossible score or year.
        DataError: a file of facts is refused.
    """
    rules = instrument or load_instrument(year=year, data=data)
    _require_possible(score, stage, rules, year=year, previous=previous, verified_by=verified_by, area=area, data=data)
    verifier = verified_by or (rules.verifier_of(year) or rules.verifiers[0]).code
    if rules.stage(stage).carries_award:
        kept_share = 1.0
    if kept_share is not None:
        kept = own_retention(kept_share)
        return Forecast(score, stage, True, kept, level, previous, verifier, None, 0, 0, rules.ladder)
    code = None if area is None else find_area(area, data=data).code
    verified = stage != rules.claimed_stage.code
    model = (
        learn(rules, data=data) if code is None else taught(rules, code, year, verified=verified, own=own, data=data)
    )
    return from_model(
        model,
        score,
        stage,
        year=year,
        area=code,
        previous=previous,
        verifier=verifier,
        former=former,
        level=level,
        data=data,
    )


def taught(
    rules: Instrument, area: str, year: int, *, verified: bool, own: bool = True, data: Path | None = None
) -> Model:
    """Learn what was known before a district's round: all others' cases, and its own so far as they were over.

    Args:
        verified: whether its forecast starts from a verified score.
        own: whether its own cases count at all.
    """
    data = data or find_project().data
    cases, _, _ = _facts(rules.ladder, data, *(stamp(data / file) for file in (RESULTS, STAGE_SCORES)))
    known = own_cases(cases, area, year, verified=verified, rules=rules, data=data) if own else None
    return learn(rules, without=(area,), own=known, data=data)


def from_model(
    model: Model,
    score: float,
    stage: str,
    *,
    year: int,
    area: str | None,
    previous: str | None,
    verifier: str,
    former: bool = True,
    level: float = 0.8,
    known_variance: float = 0.0,
    data: Path | None = None,
) -> Forecast:
    """Forecast with a model that was learnt already; all arguments are known to be right (see `forecast`)."""
    shares = country_shares(model.instrument.ladder, year, data=data)
    province = load_areas(data=data)["province"].get(area, "") if area else ""
    given = (previous, verifier) if former else (None, verifier)
    return _told(
        model, score, stage, year, area, *given, former, level, known_variance, province, tuple(shares.tolist())
    )


@lru_cache(maxsize=256)
def _told(
    model: Model,
    score: float,
    stage: str,
    year: int,
    area: str | None,
    previous: str | None,
    verifier: str,
    former: bool,
    level: float,
    known_variance: float,
    province: str,
    shares: tuple[float, ...],
) -> Forecast:
    """Forecast once what is asked for on many pages: everything that it depends on is given."""
    rules = model.instrument
    rounds = 1
    if former and previous is None and area is not None:
        previous = model.former_award(area, year)
        if previous is not None:
            rounds = model.rounds_since(area, year)
    beside = np.array(shares) if previous is None else model.after(previous, rounds)
    steps = STEPS if stage == rules.claimed_stage.code else STEPS[1:]
    logs = model.share(steps, verifier, province=province, year=year, area=area or "", known_variance=known_variance)
    points, cumulative = _over_points(logs, score, beside**_FORMER_WEIGHT, model.put_off, rules.ladder)
    retention = Retention(points / _positive(score), cumulative, len(model.cases), model.shared_strictness(steps))
    return Forecast(
        claimed=score,
        stage=stage,
        certain=False,
        retention=retention,
        level=level,
        previous=previous,
        verifier=verifier,
        observed=_observed(model.cases, steps),
        cases=len(model.cases),
        pairs=model.pairs,
        ladder=rules.ladder,
        put_off=model.put_off,
    )


def _over_points(
    logs: Mixture, score: float, beside: np.ndarray, put_off: float, ladder: Ladder
) -> tuple[np.ndarray, np.ndarray]:
    """Return the award's score as a distribution over points: edges, and the probability below each.

    Each normal of the mixture is weighted by predicate on its own: so a higher score never makes a
    predicate less likely to be reached, whatever the weights.
    """
    lowers = [band.lower for band in ladder.bands]
    edges = np.unique([*np.arange(0.0, ladder.max_total, _GRID), *lowers, ladder.max_total])
    band = np.searchsorted(lowers, edges[:-1], side="right")
    with np.errstate(divide="ignore"):
        mass = np.diff(logs.cumulative(np.log(edges / _positive(score))), axis=1)
    mass *= beside[band]
    mass /= np.maximum(mass.sum(axis=1, keepdims=True), 1e-300)
    spread = logs.weights @ mass
    nothing = (band == 0) * np.diff(edges)
    spread = (1 - put_off) * spread + put_off * nothing / nothing.sum()
    cumulative = np.concatenate([[0.0], np.cumsum(spread)])
    return edges, cumulative / cumulative[-1]


def _observed(cases: pd.DataFrame, steps: Iterable[str]) -> Span:
    """Return from which score on awards are published, and up to which.

    Below the middle 95 % of them a case stands alone and is no guide.
    """
    name = SCORES[0] if tuple(steps) == STEPS else SCORES[1]
    ended = cases[cases["final_low"].notna() & cases[f"{name}_low"].notna()]
    return Span(round(float(ended[f"{name}_low"].quantile(0.025)), 2), float(ended[f"{name}_high"].max()))


def _require_possible(
    score: float,
    stage: str,
    rules: Instrument,
    *,
    year: int,
    previous: str | None,
    verified_by: str | None,
    area: str | None,
    data: Path | None,
) -> None:
    """Raise one error with everything that is wrong."""
    wrong: list[ParameterError] = []

    def tried(check: Callable[..., object], *values: object, **more: object) -> None:
        try:
            check(*values, **more)
        except ParameterError as error:
            wrong.append(error)

    tried(require_award_year, year)
    tried(rules.stage, stage)
    tried(rules.ladder.place, score)
    codes = codes_of(rules.ladder)
    if previous is not None and previous not in codes:
        advice = did_you_mean(previous, codes)
        wrong.append(ParameterError(t("Predikat “{name}” tidak dikenal.", name=previous), advice=advice))
    if verified_by is not None:
        tried(rules.verifier, verified_by)
    if area is not None:
        tried(find_area, area, data=data)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise ParameterError(
            t("{count} isian tidak dapat dipakai.", count=len(wrong)),
            problems=[Problem(error.what, error.advice) for error in wrong],
        )


# --- of a position ---------------------------------------------------------------------------------


def forecastable(position: Position) -> bool:
    """Whether there is a total, and published cases of its instrument's verifiers to forecast it from."""
    return position.span.low > 0 and position.score_known and bool(position.instrument.verifiers)


def outlook(
    position: Position, score: float | None = None, *, former: bool = True, own: bool = True, level: float = 0.8
) -> Forecast:
    """Say which award a position becomes: by what the user says is kept, else by the cases of all others and earlier own.

    A total that carries the award is settled. What is then asked is the next round: the same total claimed again,
    by a district with this award.

    Args:
        score: another total at the same stage, points.
        former: whether the former award counts.
        own: whether the district's own earlier cases do.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> round(kla.outlook(case).median)
    549
    """
    rules, ladder = position.instrument, position.instrument.ladder
    total = position.span.low if score is None else score
    settled = rules.stage(position.stage).carries_award
    return forecast(
        total,
        rules.claimed_stage.code if settled else position.stage,
        rules,
        year=position.award_year + settled,
        area=position.area.code if position.area.province else None,
        previous=ladder.place(position.span.low).predicate if settled else None,
        former=former,
        own=own,
        kept_share=position.kept_share,
        level=level,
    )


def needed_score(position: Position, target: str, probability: float) -> float | None:
    """Return the total, at the stage of the outlook, from which a target is reached with a probability.

    Points, rounded up to hundredths: the total that is named is never too small. None when not even a full sheet is
    enough. Found by halving: a higher total never makes the target less likely.
    """
    low, high = 0, round(position.instrument.ladder.max_total * 100)
    if outlook(position, high / 100).probability_at_least(target) < probability:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        reached = outlook(position, middle / 100).probability_at_least(target) >= probability
        low, high = (low, middle) if reached else (middle, high)
    return high / 100
