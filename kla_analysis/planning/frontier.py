"""The staircase: every budget at which the best total rises, each with its plan, exactly.

Actions that share no question, group, prerequisite or full indicator do not touch each other. So
the catalogue falls apart into clusters; each small cluster is tried out in full, and the clusters'
staircases are added up, keeping only steps that no cheaper plan reaches. Nothing is approximated:
the result is every breakpoint. With ceilings that tie clusters together (an agency, a year), the
solver climbs the stairs one by one instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import most_points

# A cluster of this many actions is tried out in full: a million sets.
_LARGEST_CLUSTER = 20
Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Staircase:
    """Every breakpoint of budget against total.

    Attributes:
        steps: one row per breakpoint, rising: `cost` (whole rupiah), `total` (points), `actions`
            (tuple of codes).
    """

    model: Model
    limits: Limits
    steps: pd.DataFrame

    def at(self, budget: int) -> pd.Series | None:
        """Return the best step within a budget; None when even the first costs more."""
        at = np.searchsorted(self.steps["cost"], budget, side="right") - 1
        return self.steps.iloc[at] if at >= 0 else None

    def cheapest(self, target: float) -> pd.Series | None:
        """Return the cheapest step that reaches a target; None when none does."""
        at = np.searchsorted(self.steps["total"], target - 1e-9, side="left")
        return self.steps.iloc[at] if at < len(self.steps) else None

    def after(self, budget: int) -> pd.Series | None:
        """Return the next step above a budget: what a little more money would buy."""
        at = np.searchsorted(self.steps["cost"], budget, side="right")
        return self.steps.iloc[at] if at < len(self.steps) else None


def staircase(model: Model, limits: Limits = Limits(), *, progress: Progress = lambda share: None) -> Staircase:  # noqa: B008
    """Compute every breakpoint of budget against total.

    Args:
        limits: a budget in them ends the stairs; ceilings by agency, funding source or year and
            component minima are respected by climbing with the solver.
        progress: is told the share that is done.
    """
    clusters = _clusters(model, limits)
    coupled = limits.agencies or limits.funding_sources or limits.years or limits.components
    if coupled or max(map(len, clusters), default=0) > _LARGEST_CLUSTER:
        return Staircase(model, limits, _climb(model, limits, progress))
    base = model.total(np.array([], dtype=int))
    costs = np.zeros(1, dtype=np.int64)
    gains = np.zeros(1)
    sets: list[tuple[int, ...]] = [()]
    for at, cluster in enumerate(clusters):
        own_costs, own_gains, own_sets = _try_out(model, limits, cluster, base)
        all_costs = (costs[:, None] + own_costs[None, :]).ravel()
        all_gains = (gains[:, None] + own_gains[None, :]).ravel().round(6)
        kept = _undominated(all_costs, all_gains)
        if limits.budget is not None:
            kept = kept[all_costs[kept] <= limits.budget]
        sets = [sets[k // len(own_costs)] + own_sets[k % len(own_costs)] for k in kept]
        costs, gains = all_costs[kept], all_gains[kept]
        progress((at + 1) / len(clusters))
    steps = pd.DataFrame(
        {
            "cost": costs,
            "total": [model.total(np.array(sorted(chosen), dtype=int)) for chosen in sets],
            "actions": [tuple(model.codes[at] for at in sorted(chosen)) for chosen in sets],
        }
    )
    return Staircase(model, limits, steps)


def _clusters(model: Model, limits: Limits) -> list[list[int]]:
    """Split the actions into clusters that do not touch each other."""
    count = len(model.codes)
    leader = list(range(count))

    def find(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    def join(members: np.ndarray | list[int]) -> None:
        for other in members[1:]:
            leader[find(int(other))] = find(int(members[0]))

    gains = model.gains > 0
    for question in np.flatnonzero(gains.any(axis=0)):
        join(np.flatnonzero(gains[:, question]))
    for group in model.groups(limits):
        join(model.indices(group))
    for code, needed in model.catalogue.actions["prerequisites"].items():
        join(model.indices([code, *needed]))
    instrument = model.rollup.instrument
    for code, most in instrument.indicators["max_points"].items():
        questions = np.flatnonzero(instrument.questions["indicator_code"] == code)
        could = model.base[questions].sum() + model.gains[:, questions].max(axis=0).sum()
        if could > most + 1e-9:  # its actions compete for what still fits
            touching = np.flatnonzero(gains[:, questions].any(axis=1))
            if len(touching):
                join(touching)
    found: dict[int, list[int]] = {}
    for at in range(count):
        found.setdefault(find(at), []).append(at)
    return list(found.values())


def _try_out(
    model: Model, limits: Limits, cluster: list[int], base: float
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, ...]]]:
    """Try every allowed subset of a cluster; return the undominated ones."""
    size = len(cluster)
    masks = np.arange(1 << size)
    member = ((masks[:, None] >> np.arange(size)) & 1).astype(bool)
    allowed = np.ones(len(masks), dtype=bool)
    place = {at: k for k, at in enumerate(cluster)}
    for at in model.indices(limits.must):
        if at in place:
            allowed &= member[:, place[at]]
    for at in model.indices(limits.must_not):
        if at in place:
            allowed &= ~member[:, place[at]]
    for group in model.groups(limits):
        inside = [place[at] for at in model.indices(group) if at in place]
        if inside:
            allowed &= member[:, inside].sum(axis=1) <= 1
    for at in cluster:
        for needed in model.indices(model.catalogue.actions["prerequisites"].iloc[at]):
            allowed &= ~member[:, place[at]] | member[:, place[int(needed)]]
    member = member[allowed]
    instrument = model.rollup.instrument
    indicator_of = instrument.indicators.index.get_indexer(instrument.questions["indicator_code"])
    touched = np.flatnonzero((model.gains[cluster] > 0).any(axis=0))
    added = np.zeros((len(member), len(instrument.indicators)))
    for question in touched:
        gains = model.gains[cluster, question]
        best = np.zeros(len(member))
        for k in np.flatnonzero(gains > 0):
            np.maximum(best, gains[k] * member[:, k], out=best)
        added[:, indicator_of[question]] += best
    sums = np.bincount(indicator_of, model.base, len(instrument.indicators))
    maxima = instrument.indicators["max_points"].to_numpy()
    gain = (np.minimum(sums + added, maxima) - np.minimum(sums, maxima)).sum(axis=1).round(6)
    cost = member @ model.costs[cluster]
    kept = _undominated(cost, gain)
    sets = [tuple(cluster[k] for k in np.flatnonzero(member[at])) for at in kept]
    return cost[kept], gain[kept], sets


def _undominated(costs: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Return the positions of the steps that no cheaper or equal one reaches, by rising cost."""
    order = np.lexsort((-gains, costs))
    best = np.maximum.accumulate(np.r_[-np.inf, gains[order][:-1]])
    return order[gains[order] > best + 1e-9]


def _climb(model: Model, limits: Limits, progress: Progress) -> pd.DataFrame:
    """Walk down from the best plan: each time with one rupiah less than the last plan cost."""
    steps = []
    budget = limits.budget if limits.budget is not None else int(model.costs.sum())
    top = max(budget, 1)
    while budget >= 0:
        plan = most_points(model, replace(limits, budget=budget))
        if plan.status == "infeasible":
            break
        steps.append({"cost": plan.cost, "total": plan.total, "actions": plan.actions})
        progress(1 - plan.cost / top)
        budget = plan.cost - 1
    return pd.DataFrame(steps[::-1], columns=["cost", "total", "actions"])
