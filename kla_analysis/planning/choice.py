"""The best plan for many cases at once, without a solver: every cluster's allowed sets are tried out once.

What changes from case to case (costs, chances, what verification keeps) changes only what each set
costs and is worth: arithmetic over arrays. Choosing one set of each cluster within the ceilings is then
done exactly. A price on every ceiling gives a bound for each case; a set that even with the best of all
others stays below a plan already known can not be in the best plan, and what is left is merged cluster by
cluster. Money is whole rupiah and points are whole millionths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kla_analysis.planning.expected import Chance, expected_gain
from kla_analysis.planning.frontier import MICRO, allowed_sets, clusters_of, undominated
from kla_analysis.planning.model import Limits, Model

# Allowed sets of all clusters, and actions in one cluster; beyond that a solver is quicker.
_MOST_SETS, _LARGEST = 20_000, 14
# Numbers in an array of cases × sets.
_MOST_NUMBERS = 2_000_000
# Halvings of the price of one ceiling, and rounds over all of them.
_HALVINGS, _ROUNDS = 40, 3
# Partial plans that are kept side by side before the beaten ones are sorted out.
_MANY = 64


@dataclass(frozen=True, eq=False)
class Sets:
    """Every allowed set of every cluster.

    Attributes:
        member: sets × actions.
        first: where the sets of each cluster begin.
    """

    model: Model
    limits: Limits
    member: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, model: Model, limits: Limits) -> Sets | None:
        """List them; None where they are too many, or where components must have points."""
        clusters = clusters_of(model, limits)
        if limits.components or max(map(len, clusters), default=0) > _LARGEST:
            return None
        parts = []
        for cluster in clusters:
            inside = allowed_sets(model, limits, cluster)
            part = np.zeros((len(inside), len(model.codes)), dtype=bool)
            part[:, cluster] = inside
            parts.append(part)
        counts = [len(part) for part in parts]
        if sum(counts) > _MOST_SETS:
            return None
        return cls(model, limits, np.concatenate(parts), np.cumsum([0, *counts[:-1]]))

    @property
    def possible(self) -> bool:
        """Whether every cluster has a set that its groups, prerequisites and decisions allow."""
        return bool((np.diff(np.r_[self.first, len(self.member)]) > 0).all())

    def gains(self, kept: np.ndarray, chance: Chance) -> np.ndarray:
        """Return what each set adds on average in each case, millionths of points: cases × sets."""
        found = np.zeros((len(kept), len(self.member)), dtype=np.int64)
        for answered in self.model.answered:
            touching = np.flatnonzero(self.member[:, answered.actions].any(axis=1))
            gain = expected_gain(answered, kept, chance, self.member[touching])
            found[:, touching] += np.rint(gain * MICRO).astype(np.int64)
        return found

    def best(self, gains: np.ndarray, costs: np.ndarray, ceilings: list[tuple[np.ndarray, int]]) -> np.ndarray:
        """Return which actions the best plan of each case holds: cases × actions.

        Args:
            gains: of each set, millionths of points: cases × sets.
            costs: of each action, rupiah: cases × actions. Of equally good plans the cheapest is taken.
            ceilings: what each action takes from a ceiling (rupiah; cases × actions), and the ceiling.
        """
        member = self.member.T.astype(np.int64)
        spent = [(paid @ member, most) for paid, most in ceilings]
        paid = costs @ member
        prices, bound, losses = _prices(gains, spent, self.first)
        held = np.zeros(costs.shape, dtype=bool)
        most = np.array([most for _, most in spent])
        for at in range(len(gains)):
            own = np.array([each[at] for each, _ in spent]).reshape(len(spent), -1)
            one = _One(gains[at], paid[at], own, most, self.first)
            for chosen in one.best(bound[at], losses[at], prices[at]):
                held[at] |= self.member[chosen]
        return held


def cases_at_once(sets: Sets, cases: int) -> Iterator[slice]:
    """Cut many cases into parts whose arrays fit into memory."""
    size = max(1, _MOST_NUMBERS // max(len(sets.member), 1))
    for start in range(0, cases, size):
        yield slice(start, min(start + size, cases))


def _prices(
    gains: np.ndarray, spent: list[tuple[np.ndarray, int]], first: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find a price for every ceiling in every case, so that the bound on points is low.

    Returns:
        Prices (cases × ceilings), the bound (cases; no plan has more), and what each set loses against
        it (cases × sets): a plan is worth the bound less what its sets lose and less what it leaves unspent.
    """
    prices = np.zeros((len(gains), len(spent)))
    worth = gains.astype(float)
    for _turn in range(_ROUNDS if len(spent) > 1 else min(len(spent), 1)):
        for k, (paid, most) in enumerate(spent):
            rest = worth + prices[:, k, None] * paid
            low, high = np.zeros(len(gains)), np.full(len(gains), _dearest(gains, paid))
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                too_much = _spent(rest - middle[:, None] * paid, paid, first) > most
                low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
            # Without a price where none is needed, and where none helps: then nothing keeps this ceiling.
            free = _spent(rest, paid, first) <= most
            vain = _spent(rest - high[:, None] * paid, paid, first) > most
            prices[:, k] = np.where(free | vain, 0.0, high)
            worth = rest - prices[:, k, None] * paid
    best = np.maximum.reduceat(worth, first, axis=1)
    bound = best.sum(axis=1) + sum(prices[:, k] * most for k, (_, most) in enumerate(spent))
    counts = np.diff(np.r_[first, worth.shape[1]])
    return prices, bound, np.repeat(best, counts, axis=1) - worth


def _dearest(worth: np.ndarray, paid: np.ndarray) -> float:
    """Return a price at which nothing that costs anything is bought."""
    return float(2 * np.abs(worth).max(initial=1.0) / max(paid[paid > 0].min(initial=1), 1))


def _spent(worth: np.ndarray, paid: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return what the best set of each cluster costs together; of equals the cheapest."""
    counts = np.diff(np.r_[first, worth.shape[1]])
    best = np.repeat(np.maximum.reduceat(worth, first, axis=1), counts, axis=1)
    cheap = np.where(worth >= best, paid, np.iinfo(np.int64).max)
    return np.minimum.reduceat(cheap, first, axis=1).sum(axis=1)


def _ahead(amounts: list[np.ndarray]) -> np.ndarray:
    """Return of every cluster in order what those after it come to: clusters × ceilings."""
    each = np.array(amounts).reshape(len(amounts), -1)
    return np.cumsum(each[::-1], axis=0)[::-1] - each


@dataclass(frozen=True, eq=False)
class _One:
    """One case: what each set is worth, costs, and takes from each ceiling (ceilings × sets)."""

    gains: np.ndarray
    costs: np.ndarray
    spent: np.ndarray
    most: np.ndarray
    first: np.ndarray

    def best(self, bound: float, losses: np.ndarray, prices: np.ndarray) -> list[int]:
        """Return the sets of the best plan; none where nothing keeps the ceilings."""
        ends = np.r_[self.first[1:], len(self.gains)]
        known = self._begin(losses, ends)
        gap = np.inf if known is None else bound - float(self.gains[known].sum())
        return self._merged(gap + 1, ends, losses, prices)

    def _merged(self, gap: float, ends: np.ndarray, losses: np.ndarray, prices: np.ndarray) -> list[int]:
        """Return the best of the plans that lose no more than a gap against the bound; none where there is none."""
        close = np.flatnonzero(losses <= gap)
        at = np.searchsorted(close, np.append(self.first, ends[-1:]))
        counts = np.diff(at)  # none is empty: the best set of a cluster loses nothing
        # Most clusters have one set left: that one is taken, and only the others are merged.
        fixed = close[at[:-1][counts == 1]]
        order = sorted((close[a : a + n] for a, n in zip(at, counts, strict=False) if n > 1), key=len)
        gains, costs, lost = self.gains[fixed].sum()[None], self.costs[fixed].sum()[None], losses[fixed].sum()[None]
        left = (self.most - self.spent[:, fixed].sum(axis=1))[:, None]
        if not order:
            return fixed.tolist() if (left >= 0).all() and lost[0] + prices @ left[:, 0] <= gap else []
        chosen = np.zeros((1, 0), dtype=np.int64)
        # What the clusters still to come take at least and at most: money that stays in the end loses its price.
        least = _ahead([self.spent[:, part].min(axis=1) for part in order])
        most = _ahead([self.spent[:, part].max(axis=1) for part in order])
        for k, part in enumerate(order):
            lost = (lost[:, None] + losses[part]).ravel()
            left = (left[:, :, None] - self.spent[:, None, part]).reshape(len(self.most), -1)
            gains = (gains[:, None] + self.gains[part]).ravel()
            costs = (costs[:, None] + self.costs[part]).ravel()
            unspent = prices @ np.maximum(left - most[k][:, None], 0)
            keep = np.flatnonzero((lost + unspent <= gap) & (left >= least[k][:, None]).all(axis=0))
            if len(keep) > _MANY:
                keep = keep[undominated(costs[keep], -left[:, keep].T, gains[keep])]
            chosen = np.column_stack([chosen[keep // len(part)], part[keep % len(part)]])
            lost, left, gains, costs = lost[keep], left[:, keep], gains[keep], costs[keep]
        if not len(gains):
            return []
        return [*fixed.tolist(), *chosen[np.lexsort((costs, -gains))[0]].tolist()]

    def _begin(self, losses: np.ndarray, ends: np.ndarray) -> np.ndarray | None:
        """Return a good plan that keeps the ceilings, to begin with; None where none is found."""
        scale = self.most.astype(float).clip(1)[:, None]
        cheap = (self.spent / scale).sum(axis=0)
        # The sets that lose least, the least spending first among equals.
        chosen = np.array(
            [a + np.lexsort((cheap[a:b], losses[a:b]))[0] for a, b in zip(self.first, ends, strict=True)], dtype=int
        )
        left = self.most - self.spent[:, chosen].sum(axis=1)
        if (left < 0).any():
            chosen = np.array([a + np.argmin(cheap[a:b]) for a, b in zip(self.first, ends, strict=True)], dtype=int)
            left = self.most - self.spent[:, chosen].sum(axis=1)
            if (left < 0).any():
                return None
        cluster = np.repeat(np.arange(len(self.first)), ends - self.first)
        while True:  # exchange one set for a better one as long as one fits
            more = self.gains - self.gains[chosen][cluster]
            fits = (self.spent - self.spent[:, chosen][:, cluster] <= left[:, None]).all(axis=0)
            at = int(np.argmax(np.where(fits, more, -1)))
            if not fits[at] or more[at] <= 0:
                return chosen
            left = left - (self.spent[:, at] - self.spent[:, chosen[cluster[at]]])
            chosen[cluster[at]] = at
