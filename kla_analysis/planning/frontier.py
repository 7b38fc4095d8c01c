"""The staircase: every budget at which the best total rises, each with its plan, exactly.

Actions that share no question, group, prerequisite or full indicator do not touch each other. So
the catalogue falls apart into clusters; each small cluster is tried out in full, and the clusters'
staircases are added up, keeping only steps that no cheaper plan reaches. Nothing is approximated:
the result is every breakpoint. A ceiling on an agency, a
funding source or a year ties its clusters together; inside such a group the money spent under the
ceiling is kept track of as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kla_analysis.planning.model import Limits, Model, joined
from kla_analysis.planning.plan import most_points

# A cluster of this many actions is tried out in full: a million sets.
_LARGEST_CLUSTER = 20
# So many sets of actions are kept track of under ceilings before the solver is quicker.
_MOST_OPTIONS = 8_000
_CHUNK = 256
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
        limits: a budget in them ends the stairs. Ceilings are kept track of inside the group of
            clusters that they tie together; where that grows too large, or a component must have so
            many points, the solver climbs instead.
        progress: is told the share that is done.
    """
    quick = quick_staircase(model, limits, progress=progress)
    return quick if quick is not None else Staircase(model, limits, _climb(model, limits, progress))


def quick_staircase(model: Model, limits: Limits, *, progress: Progress = lambda share: None) -> Staircase | None:
    """Compute every breakpoint without a solver; None where that would take longer than solving.

    Raises:
        ParameterError: an unknown action, agency, funding source or year in the limits.
    """
    model.require_known(limits)
    clusters = clusters_of(model, limits)
    groups = _groups(model, limits, clusters)
    if limits.components or max(map(len, clusters), default=0) > _LARGEST_CLUSTER:
        return None
    all_in_all, done = _Options.nothing(0), 0
    for members, under, ceilings in groups:
        group = _Options.nothing(len(ceilings))
        for cluster in members:
            own = _try_out(model, limits, cluster, under)
            if own is None:  # what must be can not be
                return Staircase(model, limits, pd.DataFrame(columns=["cost", "total", "actions"]))
            group = group.plus(own, limits.budget, ceilings)
            if len(ceilings) and len(group.sets) > _MOST_OPTIONS:
                return None
            done += 1
            progress(done / len(clusters))
        all_in_all = all_in_all.plus(group.without_spent(), limits.budget, ceilings[:0])
    steps = pd.DataFrame(
        {
            "cost": all_in_all.costs,
            "total": [model.total(np.array(sorted(chosen), dtype=int)) for chosen in all_in_all.sets],
            "actions": [tuple(model.codes[at] for at in sorted(chosen)) for chosen in all_in_all.sets],
        }
    )
    return Staircase(model, limits, steps)


@dataclass(frozen=True, eq=False)
class _Options:
    """What a part of the catalogue can do: the sets of actions that no other set beats.

    `costs` and `gains` have one number for each, `spent` one column for every ceiling that is watched.
    """

    costs: np.ndarray
    spent: np.ndarray
    gains: np.ndarray
    sets: list[tuple[int, ...]]

    @classmethod
    def nothing(cls, ceilings: int) -> _Options:
        """Return the one option of doing nothing."""
        return cls(np.zeros(1, dtype=np.int64), np.zeros((1, ceilings), dtype=np.int64), np.zeros(1), [()])

    def plus(self, other: _Options, budget: int | None, ceilings: np.ndarray) -> _Options:
        """Combine with another part, and keep what fits and is not beaten."""
        width = len(other.costs)
        costs = (self.costs[:, None] + other.costs).ravel()
        spent = (self.spent[:, None] + other.spent).reshape(len(costs), self.spent.shape[1])
        gains = (self.gains[:, None] + other.gains).ravel().round(6)
        fits = (spent <= ceilings).all(axis=1)
        if budget is not None:
            fits &= costs <= budget
        at = np.flatnonzero(fits)
        kept = at[_undominated(costs[at], spent[at], gains[at])]
        sets = [self.sets[k // width] + other.sets[k % width] for k in kept]
        return _Options(costs[kept], spent[kept], gains[kept], sets)

    def without_spent(self) -> _Options:
        """Forget the ceilings once everything under them is in."""
        kept = _undominated(self.costs, self.spent[:, :0], self.gains)
        return _Options(self.costs[kept], self.spent[kept, :0], self.gains[kept], [self.sets[at] for at in kept])


def _groups(
    model: Model, limits: Limits, clusters: list[list[int]]
) -> list[tuple[list[list[int]], np.ndarray, np.ndarray]]:
    """Group the clusters that ceilings tie together.

    Returns:
        Of every group its clusters, the cost of each action under each of its ceilings (actions ×
        ceilings), and those ceilings.
    """
    actions = model.catalogue.actions
    named = [(column, name, money) for column, given in limits.ceilings().items() for name, money in given.items()]
    under = np.column_stack(
        [np.empty((len(actions), 0), dtype=np.int64)]
        + [model.costs * (actions[column] == name).to_numpy() for column, name, _ in named]
    )
    groups: list[tuple[list[list[int]], set[int]]] = []
    for cluster in clusters:
        members, ceilings = [cluster], set(np.flatnonzero(under[cluster].any(axis=0)).tolist())
        for group in [group for group in groups if group[1] & ceilings or (not ceilings and not group[1])]:
            groups.remove(group)
            members, ceilings = group[0] + members, ceilings | group[1]
        groups.append((members, ceilings))
    money = np.array([money for *_, money in named], dtype=np.int64)
    return [(members, under[:, sorted(watched)], money[sorted(watched)]) for members, watched in groups]


def clusters_of(model: Model, limits: Limits) -> list[list[int]]:
    """Split the actions into clusters of which none asks what another one does."""
    together = [*model.clusters, *map(model.indices, model.groups(limits))]
    together += [model.indices([code, *needed]) for code, needed in model.catalogue.actions["prerequisites"].items()]
    return joined(len(model.codes), together)


def allowed_sets(model: Model, limits: Limits, cluster: list[int]) -> np.ndarray:
    """Return every subset of a cluster that its groups, prerequisites and decisions allow: sets × members."""
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
    return member[allowed]


def _try_out(model: Model, limits: Limits, cluster: list[int], under: np.ndarray) -> _Options | None:
    """Try every allowed subset of a cluster; None when none is allowed."""
    member = allowed_sets(model, limits, cluster)
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
    if not len(member):
        return None
    cost = member @ model.costs[cluster]
    spent = member @ under[cluster]
    kept = _undominated(cost, spent, gain)
    sets = [tuple(cluster[k] for k in np.flatnonzero(member[at])) for at in kept]
    return _Options(cost[kept], spent[kept], gain[kept], sets)


def _undominated(costs: np.ndarray, spent: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Return the positions of the sets that no other beats in cost, points and all that is spent, by rising cost."""
    order = np.lexsort((*spent.T, -gains, costs))
    gains, spent = gains[order], spent[order]
    if not spent.any():
        best = np.maximum.accumulate(np.r_[-np.inf, gains[:-1]])
        return order[gains > best + 1e-9]
    kept = np.empty(0, dtype=int)
    for start in range(0, len(order), _CHUNK):
        chunk = np.arange(start, min(start + _CHUNK, len(order)))
        rivals = np.r_[kept, chunk]
        beaten = gains[rivals] >= gains[chunk, None] - 1e-9
        for column in range(spent.shape[1]):
            beaten &= spent[rivals, column] <= spent[chunk, None, column]
        beaten &= rivals < chunk[:, None]  # the earlier in the order is never dearer
        kept = np.r_[kept, chunk[~beaten.any(axis=1)]]
    return order[kept]


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
