"""What the country did: how often one predicate followed another, and where a province stands.

The published results are few and gathered from the press: counts are shown as counts, and every
share with its interval.
"""

from __future__ import annotations

import itertools

import pandas as pd

from kla_analysis.evidence.published import AWARD_STAGE
from kla_analysis.instrument.instrument import Instrument


def steps(results: pd.DataFrame) -> pd.DataFrame:
    """Return every published step of an area from one award round to the next.

    Only final results count, and only of rounds that follow each other directly: the years in
    which any final result is known, in order. An area that is known in many rounds has many steps.

    Args:
        results: published results (`evidence.published.load_results`).

    Returns:
        One row per step: `area_code`, `award_year` (of the later round), `before` and `after` (predicate codes).
    """
    final = results[(results["stage"] == AWARD_STAGE) & results["predicate"].notna()]
    years = sorted(final["award_year"].unique())
    following = dict(itertools.pairwise(years))
    left = final[["area_code", "award_year", "predicate"]].assign(award_year=final["award_year"].map(following))
    right = final[["area_code", "award_year", "predicate"]]
    found = left.dropna().merge(right, on=["area_code", "award_year"], suffixes=("_before", "_after"))
    return found.rename(columns={"predicate_before": "before", "predicate_after": "after"})


def without_future(results: pd.DataFrame, area_code: str, award_year: int) -> pd.DataFrame:
    """Leave out what an area was given after a year: what a report of that round asks for must not answer it."""
    return results[(results["area_code"] != area_code) | (results["award_year"] <= award_year)]


def transitions(results: pd.DataFrame, instrument: Instrument, *, level: float = 0.95) -> pd.DataFrame:
    """Count which predicate followed which in the next award round of the same area (`steps`).

    Args:
        results: published results (`evidence.published.load_results`).
        level: of the Wilson interval of each share.

    Returns:
        Indexed by `before` and `after` (predicate codes, rising): `count`, `of` (how often `before`
        was followed by anything known), `areas` (how many districts these are), `share`, `low`, `high`.
        Pairs that never occurred are left out.
    """
    from scipy import stats

    found = steps(results)
    order = [instrument.ladder.no_award_code, *(band.code for band in instrument.ladder.bands)]
    counts = found.groupby(["before", "after"]).size()
    of, areas = found.groupby("before").size(), found.groupby("before")["area_code"].nunique()
    rows = []
    for before in order:
        for after in order:
            count = int(counts.get((before, after), 0))
            if count:
                all_in_all = int(of[before])
                interval = stats.binomtest(count, all_in_all).proportion_ci(level, method="wilson")
                rows.append(
                    (
                        before,
                        after,
                        count,
                        all_in_all,
                        int(areas[before]),
                        count / all_in_all,
                        interval.low,
                        interval.high,
                    )
                )
    columns = ["before", "after", "count", "of", "areas", "share", "low", "high"]
    return pd.DataFrame(rows, columns=columns).set_index(["before", "after"])


def province_standing(results: pd.DataFrame, province: str, instrument: Instrument) -> pd.DataFrame:
    """Return the last published award of each area of a province, best first.

    Returns:
        Indexed by `area_code`: `area_name`, `award_year`, `predicate`, `score` (points, often
        missing), `rank` of the predicate (1 is the best; equal predicates share it).
    """
    order = [instrument.ladder.no_award_code, *(band.code for band in instrument.ladder.bands)]
    final = results[
        (results["province"] == province) & (results["stage"] == AWARD_STAGE) & results["predicate"].isin(order)
    ]
    last = final.sort_values("award_year").groupby("area_code").tail(1).set_index("area_code")
    last = last[["area_name", "award_year", "predicate", "score"]].assign(step=last["predicate"].map(order.index))
    last["rank"] = last["step"].rank(ascending=False, method="min").astype(int)
    return last.sort_values(["step", "award_year", "area_name"], ascending=[False, False, True]).drop(columns="step")
