"""Calibration: how good the forecast is on cases that it has not seen, beside simpler answers.

Each district is left out in turn, with all its rounds and awards, then each province's round; the rest forecasts
what was left out. The answer to every case is scored by the logarithm of the probability that it gave to the
award that came (higher is better, 0 is perfect) and by Brier's score over the predicates (lower is better).

**Coverage** of an interval is counted over the award's score where it is known. Where only the band is, the case
counts with the part of the band's probability that lies inside the interval: what a calibrated forecast
covers on average is then the interval's level (a probability integral transform over an interval).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.forecast import (
    STEPS,
    Model,
    codes_of,
    country_shares,
    from_model,
    learn_from,
    score_of,
    verifier_of_case,
)
from kla_analysis.evidence.cases import fingerprint, former_awards, load_cases
from kla_analysis.evidence.published import load_national_counts, load_participation
from kla_analysis.instrument.instrument import Instrument, load_instrument
from kla_analysis.project import find_project
from kla_analysis.reading import read_resource, read_yaml

RECORD = "published/forecast_check.csv"
#: What is left out at once.
LEFT_OUT = ("district", "province_round")
#: The forecast and the answers that it is compared with.
ANSWERS = ("forecast", "country", "same", "former")
LEVELS = (0.5, 0.8, 0.9)
#: A probability below this counts as this: answers that are certain and wrong would cost infinitely much.
_LEAST = 0.01


def check(instrument: Instrument | None = None, *, data: Path | None = None) -> pd.DataFrame:
    """Forecast every published case from the others; about half a minute.

    Args:
        instrument: whose bands and verifiers count; the newest when not given.

    Returns:
        One row per case and way of leaving out (`LEFT_OUT`): `left_out`, `area_code`, `award_year`, `stage` and
        `score` (points) that was forecast from, `outcome` (codes of what the award may have been, `;` between);
        per answer of `ANSWERS` its `_log` (score) and `_brier`; `below` and `above`, the forecast's probability
        of less than, and of at most, the award; `at_least_<code>`, its probability of each predicate or better.

    Raises:
        DataError: a file of facts is refused.
    """
    rules = instrument or load_instrument(data=data)
    cases, awards = load_cases(rules.ladder, data=data), former_awards(data=data)
    known = cases["outcome"].map(len).gt(0) & cases["assessed"]
    known &= cases["award_year"].map(rules.verifier_of).notna()
    rows = []
    for left_out in LEFT_OUT:
        keys = ["area_code"] if left_out == "district" else ["province", "award_year"]
        for _, group in cases[known].groupby(keys, sort=True):
            own = cases[keys].apply(tuple, axis=1).isin(set(group[keys].apply(tuple, axis=1)))
            unseen = awards["area_code"].isin(group["area_code"])
            unseen &= True if left_out == "district" else awards["award_year"] == group["award_year"].iloc[0]
            model = learn_from(cases[~own], awards[~unseen], rules, awards=awards)
            for case in group.to_dict("records"):
                rows.append({"left_out": left_out, **_checked(case, model, data)})
    return pd.DataFrame(rows).sort_values(["left_out", "area_code", "award_year"], ignore_index=True)


_CHECKED: dict[str, pd.DataFrame] = {}


def load_check(instrument: Instrument | None = None, *, data: Path | None = None) -> pd.DataFrame:
    """Return `check` of the facts at hand: the shipped record, or counted anew (half a minute) where facts differ."""
    data = data or find_project().data
    rules = instrument or load_instrument(data=data)
    facts = fingerprint_of_facts(rules, data=data)
    if facts not in _CHECKED:
        origin = read_yaml((data / RECORD).with_suffix(".origin.yaml"))
        recorded = origin["facts"] == facts
        _CHECKED[facts] = read_resource(RECORD, data).reset_index(drop=True) if recorded else check(rules, data=data)
    return _CHECKED[facts].copy()


def fingerprint_of_facts(rules: Instrument, *, data: Path | None = None) -> str:
    """Return a hash of all facts that the forecast of an instrument's bands rests on."""
    counted = load_national_counts(data=data).drop(columns=["source", "standing"])
    took_part = load_participation(data=data)[["award_year", "measure", "value"]]
    bounds = pd.DataFrame({"bound": [band.lower for band in rules.ladder.bands]})
    return fingerprint(load_cases(rules.ladder, data=data), former_awards(data=data), counted, took_part, bounds)


def record(*, data: Path | None = None) -> None:
    """Count `check` anew and write it beside the facts (`RECORD`), with their hash in its origin note.

    `make calibration` runs it. Whoever changes a published fact runs it again: until then `load_check` counts anew.
    """
    data = data or find_project().data
    rules = load_instrument(data=data)
    check(rules, data=data).to_csv(data / RECORD, index=False, lineterminator="\n")
    path = (data / RECORD).with_suffix(".origin.yaml")
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("facts:")]
    path.write_text("\n".join([*lines, f"facts: {fingerprint_of_facts(rules, data=data)}", ""]), encoding="utf-8")


def _checked(case: dict[str, Any], model: Model, data: Path | None) -> dict[str, Any]:
    """Return how the answers did on one case that the model has not seen."""
    rules = model.instrument
    codes = codes_of(rules.ladder)
    stage, score, variance = score_of(case, rules)
    year, area = int(case["award_year"]), case["area_code"]
    told = from_model(
        model,
        score,
        stage,
        year=year,
        area=area,
        previous=None,
        verifier=verifier_of_case(case, rules),
        known_variance=variance,
        data=data,
    )
    came = np.isin(codes, case["outcome"])
    country = country_shares(rules.ladder, year, data=data)
    answers = {
        "forecast": np.array(list(told.predicates.values())),
        "country": country,
        "same": same_as_last(model, area, year, country),
        "former": former_formula(model.cases, score, stage, rules),
    }
    row = {
        "area_code": area,
        "award_year": year,
        "stage": stage,
        "score": round(score, 2),
        "outcome": ";".join(case["outcome"]),
    }
    for name, chances in answers.items():
        row[f"{name}_log"] = round(math.log(max(float(chances[came].sum()), _LEAST)), 4)
        row[f"{name}_brier"] = round(_brier(chances, came), 4)
    for name, end in (("below", "low"), ("above", "high")):
        row[name] = round(1 - told.retention.probability_at_least(case[f"final_{end}"] / score), 4)
    return row | {
        f"at_least_{band.code}": round(told.probability_at_least(band.code), 4) for band in rules.ladder.bands
    }


def _brier(chances: np.ndarray, came: np.ndarray) -> float:
    """Return Brier's score; an award known only to be one of several counts as the likeliest split of them."""
    truth = np.where(came, chances, 0.0)
    truth = truth / truth.sum() if truth.sum() else came / came.sum()
    return float(((chances - truth) ** 2).sum())


def same_as_last(model: Model, area: str, year: int, country: np.ndarray) -> np.ndarray:
    """Answer with the former award: as likely as it stayed in the published pairs; the rest as the country's shares."""
    previous = model.former_award(area, year)
    if previous is None:
        return country
    at = codes_of(model.instrument.ladder).index(previous)
    stayed = float(model.transitions[at, at])
    rest = np.where(np.arange(len(country)) == at, 0.0, country)
    return np.where(np.arange(len(country)) == at, stayed, (1 - stayed) * rest / rest.sum())


def former_formula(cases: pd.DataFrame, score: float, stage: str, rules: Instrument) -> np.ndarray:
    """Answer as this project did before: one normal for the logit of the kept share, and no cut after verification.

    The share is that of a claim after verification (all verifiers alike), its prediction Student's t; a verified
    score counts as the award's. Kept for comparison only.
    """
    from scipy import stats

    lowers = np.array([band.lower for band in rules.ladder.bands])
    if stage != rules.claimed_stage.code:
        at_least = (score >= lowers).astype(float)
    else:
        pairs = cases.dropna(subset=["self_assessment_low", "administrative_verification_low"])
        shares = (pairs["administrative_verification_low"] / pairs["self_assessment_low"]).to_numpy(dtype=float)
        logits = np.log(shares / (1 - shares))
        needed = np.minimum(lowers / max(score, 0.01), 1.0)
        with np.errstate(divide="ignore"):
            wanted = np.log(needed / (1 - needed))
        scale = logits.std(ddof=1) * math.sqrt(1 + 1 / len(logits))
        at_least = stats.t.sf((wanted - logits.mean()) / scale, len(logits) - 1)
    return -np.diff(np.concatenate([[1.0], at_least, [0.0]]))


def summarise(checked: pd.DataFrame) -> pd.DataFrame:
    """Return how good each answer is.

    Returns:
        Indexed by `left_out`, `from` (`verified`, `claim` or `all`) and `answer`: `cases`, `log`, `log_error` (standard
        error over districts), `gain` and `gain_error` (of the forecast's log score over this answer), `brier`.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.summarise(kla.forecast_check(case)).index[0]
    ('district', 'verified', 'forecast')
    """
    rows = []
    for (left_out, start), part in _parts(checked):
        for answer in ANSWERS:
            gain = part["forecast_log"] - part[f"{answer}_log"]
            log, log_error = _mean(part[f"{answer}_log"], part["area_code"])
            better, error = _mean(gain, part["area_code"])
            rows.append(
                (left_out, start, answer, len(part), log, log_error, better, error, part[f"{answer}_brier"].mean())
            )
    columns = ["left_out", "from", "answer", "cases", "log", "log_error", "gain", "gain_error", "brier"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:3])


def coverage(checked: pd.DataFrame) -> pd.DataFrame:
    """Return how often the forecast's intervals hold the award.

    Returns:
        Indexed by `left_out`, `from` and `level`: `cases`, `covered` (a share) and `error`, its standard error.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> covered = kla.coverage(kla.forecast_check(case))
    >>> sorted(covered.columns)
    ['cases', 'covered', 'error']
    """
    rows = []
    for (left_out, start), part in _parts(checked):
        for level in LEVELS:
            low, high = (1 - level) / 2, (1 + level) / 2
            width = (part["above"] - part["below"]).to_numpy()
            inside = np.clip(np.minimum(part["above"], high) - np.maximum(part["below"], low), 0, None).to_numpy()
            exact = (part["below"] >= low) & (part["below"] <= high)
            covered = np.where(width > 1e-3, inside / np.maximum(width, 1e-3), exact)
            share, error = _mean(pd.Series(covered, index=part.index), part["area_code"])
            rows.append((left_out, start, level, len(part), share, error))
    columns = ["left_out", "from", "level", "cases", "covered", "error"]
    return pd.DataFrame(rows, columns=columns).set_index(columns[:3])


def reliability(checked: pd.DataFrame, rules: Instrument, *, groups: int = 5) -> pd.DataFrame:
    """Compare forecast probabilities with how often what they spoke of came.

    Every case answers one question a predicate: was it reached? A case whose award is not known well enough to tell
    is left out of that question.

    Returns:
        One row per group of probabilities, rising: `said` (their mean), `came` (a share), `count`, `low` and `high`
        (Wilson interval of `came`, 80 %).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.reliability(kla.forecast_check(case), case.instrument)["count"].tolist()
    [99, 15, 3, 14, 62]
    """
    from scipy import stats

    codes = codes_of(rules.ladder)
    said, came = [], []
    for row in checked[checked["left_out"] == LEFT_OUT[0]].to_dict("records"):
        reached = [codes.index(code) for code in row["outcome"].split(";")]
        for at, code in enumerate(codes[1:], start=1):
            if min(reached) >= at or max(reached) < at:
                said.append(row[f"at_least_{code}"])
                came.append(min(reached) >= at)
    at = np.minimum((np.array(said) * groups).astype(int), groups - 1)
    rows = []
    for group in range(groups):
        inside = at == group
        if inside.any():
            hits = int(np.array(came)[inside].sum())
            interval = stats.binomtest(hits, int(inside.sum())).proportion_ci(0.8, method="wilson")
            rows.append(
                (np.array(said)[inside].mean(), hits / inside.sum(), int(inside.sum()), interval.low, interval.high)
            )
    return pd.DataFrame(rows, columns=["said", "came", "count", "low", "high"])


def _parts(checked: pd.DataFrame) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    claim = checked["stage"] == "self_assessment"
    parts = [
        ((left_out, start), checked[(checked["left_out"] == left_out) & chosen])
        for left_out in LEFT_OUT
        for start, chosen in ((STEPS[1], ~claim), (STEPS[0], claim), ("all", claim | ~claim))
    ]
    return [(key, part) for key, part in parts if len(part)]


def _mean(values: pd.Series, districts: pd.Series) -> tuple[float, float]:
    """Return a mean and its standard error; rounds of one district are not independent and count together."""
    apart = (values - values.mean()).groupby(districts).sum()
    return float(values.mean()), float(np.sqrt((apart**2).sum()) / len(values))


if __name__ == "__main__":
    record()
