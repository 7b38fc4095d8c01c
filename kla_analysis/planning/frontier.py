"""The staircase: every budget at which the best total rises, each with its plan, exactly.

Actions that share no question, group, prerequisite or full indicator do not touch each other. So
the catalogue falls apart into clusters; each small cluster is tried out in full, and the clusters'
staircases are added up, keeping only steps that no cheaper plan reaches. Nothing is approximated:
the result is every breakpoint. A ceiling on an agency, a
funding source or a year ties its clusters together, and so do the points that a component must have
at least; inside such a group the money spent under the ceiling, and what the component still lacks,
are kept track of as well. Money is whole rupiah and points are whole millionths: no sum is rounded.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from kla_analysis.planning.expected import DECIMALS, expected_gain
from kla_analysis.planning.model import NO_LIMITS, Limits, Model, joined
from kla_analysis.planning.plan import Plan, Prover, Status, checked, most_points

#: Points are counted in whole millionths.
MICRO = 10**DECIMALS

# A cluster of this many actions is tried out in full: a million sets.
_LARGEST_CLUSTER = 20
# So many sets of actions are kept track of under ceilings before the solver is quicker.
_MOST_OPTIONS = 8_000
_CHUNK = 256
Progress = Callable[[float], None]
#: What sets of actions of a cluster (positions; sets × members) are worth, in whole numbers.
Worth = Callable[[list[int], np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Staircase:
    """Every breakpoint of budget against total.

    Attributes:
        steps: one row per breakpoint, rising: `cost` (whole rupiah), `total` (points), `actions`
            (tuple of codes).
        status: `optimal`: every breakpoint is there and each step is best; otherwise what the least
            proven of its plans is.
        prover: what proved it.
    """

    model: Model
    limits: Limits
    steps: pd.DataFrame
    status: Status = "optimal"
    prover: Prover = "enumeration"

    def at(self, budget: int) -> pd.Series | None:
        """Return the best step within a budget; None when even the first costs more."""
        at = np.searchsorted(self.steps["cost"], budget, side="right") - 1
        return self.steps.iloc[at] if at >= 0 else None

    def plan(self, step: pd.Series, limits: Limits, bound: float) -> Plan:
        """Return a step of proven stairs as a plan; `bound` is what no plan can beat."""
        return checked(self.model, limits, self.model.indices(step["actions"]), "optimal", bound, self.prover)

    def cheapest(self, target: float) -> pd.Series | None:
        """Return the cheapest step that reaches a target; None when none does."""
        at = np.searchsorted(self.steps["total"], target - 1e-9, side="left")
        return self.steps.iloc[at] if at < len(self.steps) else None

    def after(self, budget: int) -> pd.Series | None:
        """Return the next step above a budget: what a little more money would buy."""
        at = np.searchsorted(self.steps["cost"], budget, side="right")
        return self.steps.iloc[at] if at < len(self.steps) else None


def staircase(model: Model, limits: Limits = NO_LIMITS, *, progress: Progress = lambda share: None) -> Staircase:
    """Compute every breakpoint of budget against total.

    Args:
        limits: a budget in them ends the stairs. Ceilings are kept track of inside the group of
            clusters that they tie together, and so are the points that a component must have; where
            that grows too large the solver climbs instead.
        progress: is told the share that is done.
    """
    quick = quick_staircase(model, limits, progress=progress)
    return quick if quick is not None else _climb(model, limits, progress)


def quick_staircase(model: Model, limits: Limits, *, progress: Progress = lambda share: None) -> Staircase | None:
    """Compute every breakpoint without a solver; None where that would take longer than solving.

    Raises:
        ParameterError: an unknown action, agency, funding source or year in the limits.
    """
    model.require_known(limits)
    found = _options(model, limits, lambda cluster, member: gained(model, cluster, member).sum(axis=1), progress)
    if found is None:
        return None
    totals = model.totals_of(found.sets)
    steps = pd.DataFrame(
        {"cost": found.costs, "total": totals, "actions": [found.codes(model, at) for at in range(len(totals))]},
        columns=["cost", "total", "actions"],
    )
    return Staircase(model, limits, steps)


def steps_by(model: Model, limits: Limits, worth: Worth) -> list[tuple[int, frozenset[int]]]:
    """Return the steps of a staircase that climbs by another worth than points: cost (rupiah) and positions.

    Args:
        worth: of sets of actions of a cluster (sets × members), as whole numbers that add up over clusters.

    Returns none where the catalogue is too entangled to be tried out.
    """
    found = _options(model, limits, worth, lambda share: None)
    if found is None:
        return []
    return [(int(cost), frozenset(chosen)) for cost, chosen in zip(found.costs, found.sets, strict=True)]


def _options(model: Model, limits: Limits, worth: Worth, progress: Progress) -> _Options | None:
    """Merge all clusters; None where that would take longer than solving."""
    clusters = clusters_of(model, limits)
    if max(map(len, clusters), default=0) > _LARGEST_CLUSTER:
        return None
    all_in_all, done = _Options.nothing(0), 0
    for members, watched in _groups(model, limits, clusters):
        group = _Options.nothing(len(watched.most))
        for cluster in members:
            group = group.plus(_try_out(model, limits, cluster, watched, worth), limits.budget, watched)
            if len(watched.most) and len(group.sets) > _MOST_OPTIONS:
                return None
            done += 1
            progress(done / len(clusters))
        all_in_all = all_in_all.plus(group.without_spent(watched), limits.budget, watched.only(()))
    return all_in_all


@dataclass(frozen=True, eq=False)
class _Watched:
    """What ties clusters together: ceilings on money, and the points that components must have.

    Points that a component gains are written as money that is given back: what may be spent at most is
    then what it lacks, below zero.

    Attributes:
        paid: what each action takes from each ceiling, rupiah: actions × ceilings; zeros for a component.
        most: rupiah; for a component minus the millionths of points that it lacks before any action.
        component: position of the component; -1 for money.
    """

    paid: np.ndarray
    most: np.ndarray
    component: np.ndarray

    def only(self, columns: Iterable[int]) -> _Watched:
        """Keep some of them."""
        at = sorted(columns)
        return _Watched(self.paid[:, at], self.most[at], self.component[at])

    def within(self, spent: np.ndarray) -> np.ndarray:
        """Return which rows break no ceiling; what a component lacks may still come."""
        return np.all((spent <= self.most) | (self.component >= 0), axis=1)

    def enough(self, spent: np.ndarray) -> np.ndarray:
        """Return what was spent, where points beyond what a component lacks are worth nothing more."""
        return np.where(self.component >= 0, np.maximum(spent, self.most), spent)


@dataclass(frozen=True, eq=False)
class _Options:
    """What a part of the catalogue can do: the sets of actions that no other set beats.

    `costs` (rupiah) and `gains` (millionths of points) have one whole number for each, `spent` one column for
    everything that is watched.
    """

    costs: np.ndarray
    spent: np.ndarray
    gains: np.ndarray
    sets: list[tuple[int, ...]]

    def codes(self, model: Model, at: int) -> tuple[str, ...]:
        """Return the actions of one option."""
        return tuple(model.codes[each] for each in sorted(self.sets[at]))

    @classmethod
    def nothing(cls, ceilings: int) -> _Options:
        """Return the one option of doing nothing."""
        return cls(
            np.zeros(1, dtype=np.int64), np.zeros((1, ceilings), dtype=np.int64), np.zeros(1, dtype=np.int64), [()]
        )

    def plus(self, other: _Options, budget: int | None, watched: _Watched) -> _Options:
        """Combine with another part, and keep what fits and is not beaten."""
        width = len(other.costs)
        costs = (self.costs[:, None] + other.costs).ravel()
        spent = watched.enough((self.spent[:, None] + other.spent).reshape(len(costs), self.spent.shape[1]))
        gains = (self.gains[:, None] + other.gains).ravel()
        fits = watched.within(spent)
        if budget is not None:
            fits &= costs <= budget
        at = np.flatnonzero(fits)
        kept = at[undominated(costs[at], spent[at], gains[at])]
        sets = [self.sets[k // width] + other.sets[k % width] for k in kept]
        return _Options(costs[kept], spent[kept], gains[kept], sets)

    def without_spent(self, watched: _Watched) -> _Options:
        """Forget the ceilings once everything under them is in; what is still lacking then is not allowed."""
        at = np.flatnonzero((self.spent <= watched.most).all(axis=1))
        kept = at[undominated(self.costs[at], self.spent[at, :0], self.gains[at])]
        return _Options(self.costs[kept], self.spent[kept, :0], self.gains[kept], [self.sets[at] for at in kept])


def _watched(model: Model, limits: Limits) -> _Watched:
    """Collect the ceilings beside the budget and what components lack."""
    ceilings = model.ceilings(replace(limits, budget=None))
    start = model.components(np.array([], dtype=int))
    lacking = {code: math.ceil(least * MICRO - 1e-3) - _micro(start[code]) for code, least in limits.components.items()}
    lacking = {code: points for code, points in lacking.items() if points > 0}
    none = np.zeros(len(model.codes), dtype=np.int64)
    first = np.empty((len(none), 0), dtype=np.int64)  # there may be neither ceilings nor components
    return _Watched(
        paid=np.column_stack([first, *(each.paid for each in ceilings), *[none] * len(lacking)]),
        most=np.array([*(each.most for each in ceilings), *(-points for points in lacking.values())], dtype=np.int64),
        component=np.array([-1] * len(ceilings) + [start.index.get_loc(code) for code in lacking], dtype=np.int64),
    )


def _groups(model: Model, limits: Limits, clusters: list[list[int]]) -> list[tuple[list[list[int]], _Watched]]:
    """Group the clusters that ceilings and components tie together, each group with what ties it."""
    watched = _watched(model, limits)
    instrument = model.rollup.instrument
    indicator_of = instrument.indicators.index.get_indexer(instrument.questions["indicator_code"])
    own = instrument.components.index.get_indexer(instrument.indicators["component_code"])[indicator_of]
    touches = watched.paid != 0
    for at in np.flatnonzero(watched.component >= 0):
        touches[:, at] = (model.gains[:, own == watched.component[at]] > 0).any(axis=1)
    groups: list[tuple[list[list[int]], set[int]]] = []
    for cluster in clusters:
        members, ties = [cluster], set(np.flatnonzero(touches[cluster].any(axis=0)).tolist())
        for group in [group for group in groups if group[1] & ties or (not ties and not group[1])]:
            groups.remove(group)
            members, ties = group[0] + members, ties | group[1]
        groups.append((members, ties))
    tied = set().union(*(ties for _, ties in groups))
    for at in np.flatnonzero(watched.component >= 0):
        if at not in tied:  # nothing helps this component: nothing is allowed
            groups.append(([], {int(at)}))
    return [(members, watched.only(ties)) for members, ties in groups]


def clusters_of(model: Model, limits: Limits) -> list[list[int]]:
    """Split the actions into clusters of which none asks what another one does.

    Tied together are actions that answer one question or fill one indicator, that exclude each other, and that need each
    other. Ceilings on money tie no clusters: they are kept where clusters are put together.

    Returns:
        Positions of actions, in the order of the catalogue; every action is in one cluster.
    """
    together = [*model.clusters, *(model.indices(group).tolist() for group, _ in model.groups(limits))]
    together += [[at, *itertools.chain(*choices)] for at, choices in enumerate(model.needs)]
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
    for group, exactly in model.groups(limits):
        inside = [place[at] for at in model.indices(group) if at in place]
        if inside:
            count = member[:, inside].sum(axis=1)
            allowed &= (count == 1) if exactly else (count <= 1)
    for at in cluster:
        for choice in model.needs[at]:
            allowed &= ~member[:, place[at]] | member[:, [place[needed] for needed in choice]].any(axis=1)
    return member[allowed]


def _try_out(model: Model, limits: Limits, cluster: list[int], watched: _Watched, worth: Worth) -> _Options:
    """Try every allowed subset of a cluster; none may be left."""
    member = allowed_sets(model, limits, cluster)
    cost = member @ model.costs[cluster]
    spent = member @ watched.paid[cluster]
    tied = np.flatnonzero(watched.component >= 0)
    if len(tied):
        spent[:, tied] = -gained(model, cluster, member)[:, watched.component[tied]]
    spent, gain = watched.enough(spent), worth(cluster, member)
    kept = undominated(cost, spent, gain)
    sets = [tuple(cluster[k] for k in np.flatnonzero(member[at])) for at in kept]
    return _Options(cost[kept], spent[kept], gain[kept], sets)


def gained(model: Model, cluster: list[int], member: np.ndarray) -> np.ndarray:
    """Return what every set of actions of a cluster adds to each component, millionths of points: sets × components."""
    instrument = model.rollup.instrument
    indicators = instrument.indicators
    indicator_of = indicators.index.get_indexer(instrument.questions["indicator_code"])
    added = np.zeros((len(member), len(indicators)), dtype=np.int64)
    if model.acceptance == "full":
        gains = _micro(model.gains[cluster])
        for question in np.flatnonzero((gains > 0).any(axis=0)):
            best = np.zeros(len(member), dtype=np.int64)
            for k in np.flatnonzero(gains[:, question] > 0):
                np.maximum(best, gains[k, question] * member[:, k], out=best)
            added[:, indicator_of[question]] += best
    else:
        funded = np.zeros((len(member), len(model.codes)), dtype=bool)
        funded[:, cluster] = member
        for answered in model.answered:
            if set(answered.actions) & set(cluster):
                kept = np.array([model.kept_share])
                added[:, answered.position] += _micro(expected_gain(answered, kept, model.chance, funded)[0])
    sums = np.zeros(len(indicators), dtype=np.int64)
    np.add.at(sums, indicator_of, _micro(model.base))
    maxima = _micro(indicators["max_points"].to_numpy())
    gain = np.minimum(sums + added, maxima) - np.minimum(sums, maxima)
    component_of = instrument.components.index.get_indexer(indicators["component_code"])
    return gain @ (component_of[:, None] == np.arange(len(instrument.components))).astype(np.int64)


def _micro(points: ArrayLike) -> Any:
    """Return points in whole millionths."""
    return np.rint(np.asarray(points, dtype=float) * MICRO).astype(np.int64)


def undominated(costs: np.ndarray, spent: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Return the positions of the sets that no other beats in cost, points and all that is spent, by rising cost."""
    order = np.lexsort((*spent.T, -gains, costs))
    gains, spent = gains[order], spent[order]
    if not spent.any():
        best = np.maximum.accumulate(np.r_[np.iinfo(np.int64).min, gains[:-1]])
        return order[gains > best]
    kept = np.empty(0, dtype=int)
    for start in range(0, len(order), _CHUNK):
        chunk = np.arange(start, min(start + _CHUNK, len(order)))
        rivals = np.r_[kept, chunk]
        beaten = gains[rivals] >= gains[chunk, None]
        for column in range(spent.shape[1]):
            beaten &= spent[rivals, column] <= spent[chunk, None, column]
        beaten &= rivals < chunk[:, None]  # the earlier in the order is never dearer
        kept = np.r_[kept, chunk[~beaten.any(axis=1)]]
    return order[kept]


def _climb(model: Model, limits: Limits, progress: Progress) -> Staircase:
    """Walk down from the best plan: each time with one rupiah less than the last plan cost."""
    steps = []
    status: Status = "optimal"
    budget = limits.budget if limits.budget is not None else int(model.costs.sum())
    top = max(budget, 1)
    while budget >= 0:
        plan = most_points(model, replace(limits, budget=budget))
        if plan.status == "infeasible":
            break
        status = plan.status if status == "optimal" else status
        steps.append({"cost": plan.cost, "total": plan.total, "actions": plan.actions})
        progress(1 - plan.cost / top)
        budget = plan.cost - 1
    frame = pd.DataFrame(steps[::-1], columns=["cost", "total", "actions"])
    # A plan that was not proven can be beaten by a cheaper one.
    rises = frame["total"] > frame["total"].cummax().shift(fill_value=-np.inf)
    return Staircase(model, limits, frame[rises].reset_index(drop=True), status, "HiGHS" if status == "optimal" else "")
