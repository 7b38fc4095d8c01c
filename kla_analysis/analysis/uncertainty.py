"""Uncertainty: which assumption decides the predicate, and how little would flip it.

Verification treats the components of a sheet partly alike (one province, one team, one year) and partly each in its own
way. Of the spread of the total's forecast (`analysis.forecast`) a part `common` is shared by all components, the rest
belongs to each by its weight `w` in the claim:

    z = ( sqrt(common) · z0 + sqrt(1 − common) · Σ w_c · z_c ) / sqrt( common + (1 − common) · Σ w_c² )

`z` is standard normal, and the total is the forecast's quantile there: what the components do always sums to the
forecast's own spread. `common` is published nowhere: it is assumed, one half unless the user says otherwise, and
the result says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.forecast import SEED, Retention
from kla_analysis.analysis.scoring import RollUp
from kla_analysis.errors import ParameterError
from kla_analysis.language import t

#: The part of the variance of the kept share that all components have in common: assumed.
ASSUMED_COMMON = 0.5
#: Name of the input that stands for how strict verification is towards the whole sheet.
COMMON = "common"
#: As SALib writes it: `("unif", low, high)` or `("norm", mean, standard deviation)`.
Distribution = tuple[str, float, float]
NORMAL: Distribution = ("norm", 0.0, 1.0)
SAMPLES = 4096
_INDEX_COLUMNS = ["first", "first_low", "first_high", "total", "total_low", "total_high"]


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How much of the variance of a result each input explains.

    Attributes:
        indices: indexed by input; `first` (alone), `total` (with everything it touches), each with
            `_low` and `_high`, a bootstrap confidence interval.
        of: what was explained: `score`, or a predicate code for the event of reaching it.
        common: the assumed shared part of the variance.
    """

    indices: pd.DataFrame
    of: str
    common: float
    samples: int
    level: float


def total_of(
    rollup: RollUp, retention: Retention, *, common: float = ASSUMED_COMMON
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the award's total as a function of standard normal inputs.

    Args:
        rollup: the sheet.
        retention: the share kept of its total.
        common: shared part of the variance, 0 to 1.

    Returns:
        A function of an array (1 + components) × draws; the first row is the shared input. It
        returns draws totals in points.

    Raises:
        ParameterError: `common` is not between 0 and 1.
    """
    if not 0 <= common <= 1:
        raise ParameterError(
            t("Bagian bersama {common} tidak mungkin.", common=common), advice=t("Isi angka di antara 0 dan 1.")
        )
    claimed = rollup.components["low"].to_numpy()
    whole = float(claimed.sum())
    weights = math.sqrt(1 - common) * claimed / max(whole, 1e-9)
    inputs_weighted = np.array([math.sqrt(common), *weights])
    inputs_weighted /= max(float(np.sqrt((inputs_weighted**2).sum())), 1e-9)

    def total(inputs: np.ndarray) -> np.ndarray:
        from scipy.special import ndtr

        return whole * retention.at(ndtr(inputs_weighted @ inputs))

    return total


def sobol(
    function: Callable[[np.ndarray], np.ndarray],
    inputs: Mapping[str, Distribution],
    *,
    samples: int = SAMPLES,
    level: float = 0.95,
    seed: int = SEED,
) -> pd.DataFrame:
    """Compute first-order and total Sobol indices with bootstrap confidence intervals (SALib).

    Args:
        function: takes inputs × draws, returns draws.
        inputs: distributions by name.
        samples: a power of two; the function is evaluated `samples · (inputs + 2)` times.
        level: of the intervals.

    Returns:
        Indexed by name: `first`, `first_low`, `first_high`, `total`, `total_low`, `total_high`.
    """
    from SALib.analyze import sobol as analysis

    kinds = tuple(inputs.values())
    results = function(drawn(kinds, samples, seed).T)
    if np.ptp(results) == 0:  # nothing varies, so nothing explains it
        return pd.DataFrame(0.0, index=pd.Index(list(inputs), name="input"), columns=_INDEX_COLUMNS)
    found = analysis.analyze(_problem(kinds), results, calc_second_order=False, conf_level=level, seed=seed)
    table = pd.DataFrame(index=pd.Index(list(inputs), name="input"))
    for name, key in (("first", "S1"), ("total", "ST")):
        table[name] = found[key]
        table[f"{name}_low"] = found[key] - found[f"{key}_conf"]
        table[f"{name}_high"] = found[key] + found[f"{key}_conf"]
    return table


@lru_cache(maxsize=4)
def drawn(kinds: tuple[Distribution, ...], samples: int = SAMPLES, seed: int = SEED) -> np.ndarray:
    """Return the draws of inputs so distributed, draws × inputs (SALib); they are the same for every sheet."""
    from SALib.sample import sobol as sampling

    return sampling.sample(_problem(kinds), samples, calc_second_order=False, seed=seed)


def _problem(kinds: Sequence[Distribution]) -> dict[str, Any]:
    bounds = [[one, other] for _, one, other in kinds]
    names = [f"x{at}" for at in range(len(kinds))]
    return {"num_vars": len(kinds), "names": names, "bounds": bounds, "dists": [kind for kind, *_ in kinds]}


def sensitivity(
    rollup: RollUp,
    retention: Retention,
    *,
    target: str | None = None,
    common: float = ASSUMED_COMMON,
    samples: int = SAMPLES,
    level: float = 0.95,
    seed: int = SEED,
) -> Sensitivity:
    """Say which component's verification explains how much of the score, or of reaching a target.

    Args:
        target: a predicate; explains the event of reaching it instead of the score.
    """
    total = total_of(rollup, retention, common=common)
    function = total
    if target is not None:
        lower = rollup.instrument.ladder.band(target).lower

        def function(inputs: np.ndarray) -> np.ndarray:
            return (total(inputs) >= lower).astype(float)

    inputs = dict.fromkeys((COMMON, *rollup.components.index), NORMAL)
    indices = sobol(function, inputs, samples=samples, level=level, seed=seed)
    return Sensitivity(indices, target or "score", common, samples, level)


def tornado(
    rollup: RollUp, retention: Retention, *, level: float = 0.8, common: float = ASSUMED_COMMON
) -> pd.DataFrame:
    """Move one component at a time from a strict to a lenient verification, all others at the median.

    Returns:
        Indexed by component code, widest first: `name`, `low`, `high`, `width` (points of the total).
    """
    from scipy.special import ndtri

    total = total_of(rollup, retention, common=common)
    moved = np.vstack([np.zeros(len(rollup.components)), np.eye(len(rollup.components))]) * float(
        ndtri((1 + level) / 2)
    )
    table = pd.DataFrame({"name": rollup.components["name"], "low": total(-moved), "high": total(moved)})
    table["width"] = table["high"] - table["low"]
    return table.sort_values("width", ascending=False, kind="stable").round(6)


def flips_by_answer(rollup: RollUp) -> pd.DataFrame:
    """Find the single answers whose rejection would cost the predicate, nearest first.

    Returns:
        Indexed by question code: `name`, `agencies`, `low` (points claimed), `total_without`,
        `predicate_without`, and `share_needed`: the predicate is lost when less than this share of
        the answer is kept; the highest share (the nearest flip) first. Empty when no single answer
        can do it.
    """
    ladder = rollup.instrument.ladder
    placed = ladder.place(rollup.total.low)
    lower = 0.0 if placed.predicate == ladder.no_award_code else ladder.band(placed.predicate).lower
    margin = rollup.total.low - lower
    questions = rollup.table("question")
    # Points above an indicator's own maximum cost nothing when they are rejected.
    surplus = (questions.groupby("indicator_code")["low"].sum() - rollup.table("indicator")["low"]).clip(lower=0)
    table = questions[["name", "agencies", "low", "indicator_code"]].copy()
    spare = margin + table["indicator_code"].map(surplus)
    table = table[table["low"] > spare]
    table["share_needed"] = 1 - spare[table.index] / table["low"]
    table["total_without"] = (
        rollup.total.low - (table["low"] - table["indicator_code"].map(surplus)).clip(lower=0)
    ).round(6)
    table["predicate_without"] = ladder.place_many(table["total_without"])
    return table.drop(columns="indicator_code").sort_values("share_needed", ascending=False, kind="stable")


def flips_by_weight(rollup: RollUp) -> pd.DataFrame:
    """Find how far each component's weight would have to move to change the predicate, nearest first.

    One component's points are multiplied by a factor, the others stay.

    Returns:
        Indexed by component code: `name`, `low` (points), `factor_down` and `factor_up` (None where
        no factor does it) and `nearest`, the smaller relative change of the two.
    """
    ladder = rollup.instrument.ladder
    placed = ladder.place(rollup.total.low)
    down = (
        rollup.total.low - ladder.band(placed.predicate).lower if placed.predicate != ladder.no_award_code else math.inf
    )
    up = placed.points_to_next if placed.points_to_next is not None else math.inf
    table = rollup.components[["name", "low"]].copy()
    with np.errstate(divide="ignore"):
        factor_down = 1 - down / table["low"]
        factor_up = 1 + up / table["low"]
    table["factor_down"] = factor_down.where(factor_down >= 0)
    table["factor_up"] = factor_up.where(np.isfinite(factor_up))
    table["nearest"] = pd.concat([1 - table["factor_down"], table["factor_up"] - 1], axis=1).min(axis=1)
    return table.sort_values("nearest", kind="stable")
