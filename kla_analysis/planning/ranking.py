"""The cut-safe list: one order of actions of which every beginning is a good plan.

Plans for two budgets often hold different actions. A district that starts with the plan for the
larger one and is then cut would have done the wrong things first. The list gives that freedom up:
whatever the money, its first actions are done. What the list loses against a free choice at each
budget (the staircase) is the cost of nesting, and it is shown beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kla_analysis.errors import ParameterError
from kla_analysis.language import t
from kla_analysis.planning.frontier import Staircase, clusters_of
from kla_analysis.planning.model import NO_LIMITS, Limits, Model
from kla_analysis.planning.plan import TIME_LIMIT, Status, nested_plans


@dataclass(frozen=True, eq=False, repr=False)
class Ranking:
    """The list and what it gives up.

    Attributes:
        steps: one row per action in its order, indexed by `action_code`: `cost` (rupiah),
            `cost_so_far`, `total` (points with all actions so far), `best_total` (the free choice for the
            same money), `given_up` (the difference).
        loss: points given up on average, over every budget from 0 to the whole list, or over the weighted
            budgets where the list was made for them.
        status: `optimal` where no list of its kind loses less, proven; a local search proves nothing.
    """

    steps: pd.DataFrame
    loss: float
    status: Status = "unproven"

    def at(self, budget: int) -> pd.DataFrame:
        """Return the actions that a budget (rupiah) still pays for: a beginning of the list."""
        return self.steps[self.steps["cost_so_far"] <= budget]

    def __repr__(self) -> str:
        return f"Ranking({len(self.steps)} actions, loses {self.loss:.2f} points on average)"


def cut_safe(model: Model, stairs: Staircase, limits: Limits = NO_LIMITS, *, among: Sequence[str] = ()) -> Ranking:
    """Order actions so that every beginning of the list is a good plan.

    First by points for the money, each action together with the prerequisites it still needs; then
    single actions are moved to where the list, over all budgets, loses least against the free choice.

    Args:
        stairs: the free choice under the same limits.
        among: only these actions, such as those of one plan; all that are worth anything when empty.
            What must be comes first; a component's least points are not asked of a beginning.
    """
    order = _Order(model, limits, stairs)
    wanted = set(model.indices(among).tolist()) if among else set(range(len(model.codes)))
    found = order.improved(order.greedy(wanted))
    return Ranking(_steps(model, found, stairs), order.loss(found))


def _steps(model: Model, order: list[int], stairs: Staircase) -> pd.DataFrame:
    costs = model.costs[order]
    so_far = np.cumsum(costs)
    totals = [model.total(np.array(sorted(order[: k + 1]), dtype=int)) for k in range(len(order))]
    free = [stairs.at(int(cost)) for cost in so_far]  # None: what must be costs more than that
    best = [total if step is None else float(step["total"]) for step, total in zip(free, totals, strict=True)]
    steps = pd.DataFrame(
        {"cost": costs, "cost_so_far": so_far, "total": totals, "best_total": best},
        index=pd.Index([model.codes[at] for at in order], name="action_code"),
    )
    steps["given_up"] = (steps["best_total"] - steps["total"]).round(6)
    return steps


def weighted_list(
    model: Model,
    stairs: Staircase,
    limits: Limits,
    budgets: Sequence[tuple[int, float]],
    *,
    time_limit: float = TIME_LIMIT,
) -> Ranking:
    """Find the list that is worth most over budgets of which nobody knows yet which one comes.

    For every budget the actions that it pays for hold those of each smaller one: whichever comes, what
    was begun is in the plan. Among all such lists the one with the most points on average is found,
    exactly (Koç, Morton and others: “Prioritizing project selection to hedge against uncertainty”).

    Args:
        budgets: rupiah and weight; the weights add up to 1.

    Raises:
        ParameterError: no list keeps the limits at every budget. NothingFound: the time was over.
    """
    budgets = sorted(budgets)
    nested = nested_plans(model, limits, budgets, time_limit=time_limit)
    if nested is None:
        raise ParameterError(
            t("Tidak ada urutan yang memenuhi semua batas di setiap anggaran."),
            advice=t("Naikkan anggaran terkecil, atau longgarkan batasnya."),
        )
    builder = _Order(model, limits, stairs)
    order: list[int] = []
    for chosen in nested.chosen:
        order = builder.extended(order, set(chosen.tolist()))
    value = sum(weight * model.total(chosen) for chosen, (_, weight) in zip(nested.chosen, budgets, strict=True))
    best = 0.0
    for (budget, weight), chosen in zip(budgets, nested.chosen, strict=True):
        step = stairs.at(budget)
        best += weight * (model.total(chosen) if step is None else float(step["total"]))
    return Ranking(_steps(model, order, stairs), round(best - value, 6), nested.status)


@dataclass(eq=False)
class _Order:
    """Orders of actions and what they are worth, with what a cluster's part adds kept in mind."""

    model: Model
    limits: Limits
    stairs: Staircase
    _added: dict[frozenset[int], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model, limits = self.model, self.limits
        self.base = model.total(np.array([], dtype=int))
        self.cluster_of = {at: k for k, cluster in enumerate(clusters_of(model, limits)) for at in cluster}
        self.needs = model.needs
        self.rivals: dict[int, set[int]] = {}
        self.exactly: list[set[int]] = []
        for group, exactly in model.groups(limits):
            members = set(model.indices(group).tolist())
            self.exactly += [members] if exactly else []
            for at in members:
                self.rivals.setdefault(at, set()).update(members - {at})
        # The area under the free choice up to each of its steps: losses are areas between two stairs.
        self.costs = self.stairs.steps["cost"].to_numpy(dtype=float)
        self.totals = self.stairs.steps["total"].to_numpy()
        self.area = np.r_[0.0, np.cumsum(np.diff(self.costs) * self.totals[:-1])]

    def greedy(self, wanted: set[int]) -> list[int]:
        """Take again and again the bundle with the most points for its money."""
        out = set(self.model.indices(self.limits.must_not).tolist())
        order: list[int] = []
        for at in self.model.indices(self.limits.must):
            order += [each for each in self._bundle(int(at), order) if each not in order]
        for group in self.exactly:  # one of them is decided too: the cheapest that is wanted
            if not group & set(order) and group & wanted - out:
                at = min(group & wanted - out, key=lambda at: (self.model.costs[at], at))
                order += [each for each in self._bundle(at, order) if each not in order]
        self.decided = len(order)
        while True:
            best, most = None, 0.0
            for at in wanted - set(order) - out:
                bundle = self._bundle(at, order)
                if set(bundle) & out or not set(bundle) <= wanted or self._forbidden(bundle, order):
                    continue
                rate = self._gain(order, bundle) / max(self._price(bundle), 1)
                if rate > most:
                    best, most = bundle, rate
            if best is None:
                return order
            order += best

    def extended(self, order: list[int], chosen: set[int]) -> list[int]:
        """Append what is new in a larger plan, the most points for the money first, behind what it needs."""
        order = list(order)
        while rest := sorted(chosen - set(order)):
            begun = [at for at in rest if self._in_order([*order, at])] or rest
            order.append(max(begun, key=lambda at: self._gain(order, [at]) / max(self._price([at]), 1)))
        return order

    def improved(self, order: list[int]) -> list[int]:
        """Move single actions as long as the list loses less; the decided ones stay in front."""
        first = self.decided
        least, moved = self.loss(order), True
        while moved:
            moved = False
            for at in order[first:]:
                rest = [each for each in order if each != at]
                for place in range(first, len(order)):
                    tried = [*rest[:place], at, *rest[place:]]
                    if self._in_order(tried) and (loss := self.loss(tried)) < least - 1e-9:
                        order, least, moved = tried, loss, True
        return order

    def loss(self, order: list[int]) -> float:
        """Return the points given up on average over all budgets up to the whole list."""
        parts: dict[int, frozenset[int]] = {}
        total, spent, under = self.base, 0.0, 0.0
        for at in order:
            cost = float(self.model.costs[at])
            under += cost * total
            spent += cost
            cluster = self.cluster_of[at]
            part = parts.get(cluster, frozenset()) | {at}
            total += self._worth(part) - (self._worth(parts[cluster]) if cluster in parts else 0.0)
            parts[cluster] = part
        return round((self._area_to(spent) - under) / spent, 6) if spent else 0.0

    def _area_to(self, budget: float) -> float:
        at = int(np.searchsorted(self.costs, budget, side="right")) - 1
        if at < 0:  # before the first step nothing is done
            return budget * self.base
        return self.costs[0] * self.base + self.area[at] + (budget - self.costs[at]) * self.totals[at]

    def _bundle(self, at: int, order: list[int]) -> list[int]:
        """Return an action behind the prerequisites that the list does not have yet."""
        bundle: list[int] = []
        for choice in self.needs[at]:
            if not set(choice) & {*order, *bundle}:
                ways = [self._bundle(needed, [*order, *bundle]) for needed in choice]
                bundle += min(ways, key=lambda way: (self._price(way), way))
        return [*bundle, at]

    def _price(self, bundle: Iterable[int]) -> int:
        return int(sum(self.model.costs[at] for at in bundle))

    def _forbidden(self, bundle: list[int], order: list[int]) -> bool:
        chosen = {*order, *bundle}
        if any(self.rivals.get(at, set()) & chosen for at in bundle):
            return True
        return bool(self.model.overspent(np.array(sorted(chosen)), self.limits))

    def _in_order(self, order: list[int]) -> bool:
        seen: set[int] = set()
        for at in order:
            if not all(seen & set(choice) for choice in self.needs[at]):
                return False
            seen.add(at)
        return True

    def _gain(self, order: list[int], bundle: list[int]) -> float:
        gain = 0.0
        for cluster in {self.cluster_of[at] for at in bundle}:
            before = frozenset(at for at in order if self.cluster_of[at] == cluster)
            after = before | {at for at in bundle if self.cluster_of[at] == cluster}
            gain += self._worth(after) - self._worth(before)
        return gain

    def _worth(self, part: frozenset[int]) -> float:
        """Return what some actions of one cluster add."""
        if part not in self._added:
            self._added[part] = self.model.total(np.array(sorted(part), dtype=int)) - self.base
        return self._added[part]
