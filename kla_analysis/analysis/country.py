"""What the country did: how often one predicate followed another, and where a province stands.

The published results are gathered from the press, which does not report every district. So what comes from
a province that is shown entire is told apart from the rest, and a district that is in the facts several
times counts as one district in every interval.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from statistics import NormalDist

import pandas as pd

from kla_analysis.evidence.history import load_history
from kla_analysis.evidence.published import AWARD_STAGE, load_national_counts, load_province_counts
from kla_analysis.instrument.bands import Ladder


def published_pairs(*, until: int | None = None, data: Path | None = None) -> pd.DataFrame:
    """Return the published pairs of consecutive rounds (`consecutive`); `until` leaves out later rounds.

    >>> len(published_pairs(until=2022))
    133
    """
    results = load_history(data=data)
    if until is not None:
        results = results[results["award_year"] <= until]
    return consecutive(results, load_national_counts(data=data), load_province_counts(data=data))


def consecutive(results: pd.DataFrame, national: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """Pair each final result whose predicate is named with the same district's in the next award round.

    Two rounds follow each other when no award was held in any year between them; a year of which that
    is not known parts them. Each district counts once per pair of rounds.

    Args:
        results, national, provinces: as `evidence.published` loads them.

    Returns:
        One row per pair: `area_code`, `area_name`, `province`, `before_year`, `after_year`, `before`,
        `after` (predicate codes), and `whole`: the later round of the province is published entire.
    """
    final = results[(results["stage"] == AWARD_STAGE) & results["predicate"].notna()]
    years = sorted(final["award_year"].unique())
    silent = set(national.loc[~national["held"], "award_year"])
    following = {
        year: later
        for year, later in itertools.pairwise(years)
        if all(between in silent for between in range(year + 1, later))
    }
    left = final.assign(after_year=final["award_year"].map(following)).dropna(subset="after_year")
    left = left.astype({"after_year": int}).rename(columns={"award_year": "before_year", "predicate": "before"})
    right = final[["area_code", "award_year", "predicate"]]
    right = right.rename(columns={"award_year": "after_year", "predicate": "after"})
    pairs = left[["area_code", "area_name", "province", "before_year", "after_year", "before"]].merge(
        right, on=["area_code", "after_year"]
    )
    entire = set(provinces.loc[provinces["whole"], ["province", "award_year"]].itertuples(index=False, name=None))
    return pairs.assign(whole=[key in entire for key in zip(pairs["province"], pairs["after_year"], strict=True)])


def transitions(pairs: pd.DataFrame, ladder: Ladder, *, level: float = 0.95) -> pd.DataFrame:
    """Count which predicate followed which in the next award round of the same district.

    Args:
        pairs: from `published_pairs` or `consecutive`.
        level: of the interval of each share.

    Returns:
        Indexed by `before` and `after` (predicate codes, rising): `count`, `of` (pairs that begin at
        `before`), `districts` (how many districts those are), `share`, `low`, `high` (see `interval`).
        Transitions that never occurred are left out, and so are predicates that the ladder does not have.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> int(kla.transitions(kla.published_pairs(until=2022), case.ladder)["count"].sum())
    133
    """
    order = _rising(ladder)
    rows = {}
    for before, here in _known(pairs, order).groupby("before"):
        for after, count in here["after"].value_counts().items():
            low, high = interval(here["after"] == after, here["area_code"], level)
            districts = here["area_code"].nunique()
            rows[before, after] = (count, len(here), districts, count / len(here), low, high)
    index = sorted(rows, key=lambda key: (order.index(key[0]), order.index(key[1])))
    columns = ["before", "after", "count", "of", "districts", "share", "low", "high"]
    return pd.DataFrame([(*key, *rows[key]) for key in index], columns=columns).set_index(["before", "after"])


def moves(pairs: pd.DataFrame, ladder: Ladder, *, level: float = 0.95) -> pd.DataFrame:
    """Count how many rose, stayed and fell, entire provinces apart from press reports.

    Returns:
        Indexed by `before` (predicate code, rising) and `whole`: `rose`, `stayed`, `fell`, `of`,
        `districts`, `share` (that rose), `low`, `high` (see `interval`).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> moved = kla.moves(kla.published_pairs(until=2022), case.ladder)
    >>> int(moved.loc[("madya", True), "rose"]), int(moved.loc[("madya", True), "of"])
    (2, 6)
    """
    order = _rising(ladder)
    pairs = _known(pairs, order)
    step = pairs["after"].map(order.index) - pairs["before"].map(order.index)
    rows = {}
    for (before, whole), here in pairs.assign(step=step).groupby(["before", "whole"]):
        rose = here["step"] > 0
        low, high = interval(rose, here["area_code"], level)
        stayed, fell = int((here["step"] == 0).sum()), int((here["step"] < 0).sum())
        districts = here["area_code"].nunique()
        rows[before, bool(whole)] = (int(rose.sum()), stayed, fell, len(here), districts, rose.mean(), low, high)
    index = sorted(rows, key=lambda key: (order.index(key[0]), not key[1]))
    columns = ["before", "whole", "rose", "stayed", "fell", "of", "districts", "share", "low", "high"]
    return pd.DataFrame([(*key, *rows[key]) for key in index], columns=columns).set_index(["before", "whole"])


def interval(hits: pd.Series, districts: pd.Series, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a share when the same district was observed several times.

    The variance of the share between districts (the ratio estimator of cluster sampling, Cochran 1977,
    chapter 9) says how many independent observations the pairs are worth: never more than there are
    pairs, and no more than there are districts where they all agree. Wilson's interval is taken at that
    number.

    >>> import pandas as pd
    >>> [round(end, 3) for end in interval(pd.Series([True] * 4), pd.Series(["Depok"] * 4))]
    [0.207, 1.0]
    """
    count, share = len(hits), float(hits.mean())
    surplus = (hits - share).groupby(districts).sum()
    groups = len(surplus)
    spread = float((surplus**2).sum()) * groups / max(groups - 1, 1) / count**2
    worth = min(count, share * (1 - share) / spread) if spread > 1e-12 else groups
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = share + z**2 / (2 * worth)
    half = z * (share * (1 - share) / worth + z**2 / (4 * worth**2)) ** 0.5
    scale = 1 + z**2 / worth
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def province_standing(results: pd.DataFrame, province: str, ladder: Ladder) -> pd.DataFrame:
    """Return the last published award of each area of a province, best first.

    Returns:
        Indexed by `area_code`: `area_name`, `award_year`, `predicate`, `score` (points, often
        missing), `rank` of the predicate (1 is the best; equal predicates share it); `later_year`,
        `at_least`, `at_most`: what is known of a later award whose predicate is not named.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.province_standing(kla.load_history(), "Kalimantan Selatan", case.ladder)["rank"]["63.10"].item()
    6
    """
    order = _rising(ladder)
    final = results[(results["province"] == province) & (results["stage"] == AWARD_STAGE)].sort_values("award_year")
    last = final[final["predicate"].isin(order)].groupby("area_code").tail(1).set_index("area_code")
    bounds = final[final["predicate"].isna()].groupby("area_code").tail(1).set_index("area_code")
    bounds = bounds[["award_year", "at_least", "at_most"]].rename(columns={"award_year": "later_year"})
    last = last[["area_name", "award_year", "predicate", "score"]].join(bounds)
    earlier = ~(last["later_year"] > last["award_year"]).fillna(False).astype(bool)
    last.loc[earlier, ["later_year", "at_least", "at_most"]] = None
    last = last.assign(step=last["predicate"].map(order.index))
    last["rank"] = last["step"].rank(ascending=False, method="min").astype(int)
    return last.sort_values(["step", "award_year", "area_name"], ascending=[False, False, True]).drop(columns="step")


def _rising(ladder: Ladder) -> list[str]:
    """Return the codes of the predicates as they rise, none first."""
    return [ladder.no_award_code, *(band.code for band in ladder.bands)]


def _known(pairs: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    return pairs[pairs["before"].isin(order) & pairs["after"].isin(order)]
