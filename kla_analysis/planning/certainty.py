"""The cheapest plan that reaches a target with a wanted probability.

Plans are looked for along staircases that climb by points, by average points, and by average points less
what their spread takes away; each is then improved by exchanging actions. Small catalogues are tried out in
full. All this is done on draws of its own. Of all plans that were found, the cheapest that holds on the draws of
the check is taken: one number, wherever it is shown. How many plans those draws had to judge is said, because
the chosen one looks a little better on them than it is. The scenario programme, solved as far as the allowed
work goes, says what no plan can beat on a sample of 100 outcomes.

That a certainty can not be reached is said only where even all allowed actions of each cluster together do
not reach it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kla_analysis.analysis.forecast import SEED, Retention
from kla_analysis.errors import ParameterError
from kla_analysis.language import number, t
from kla_analysis.planning.frontier import MICRO, Worth, allowed_sets, clusters_of, gained, staircase, steps_by
from kla_analysis.planning.model import NO_LIMITS, Limits, Model
from kla_analysis.planning.outcomes import Chance, Outcomes, draw_outcomes, share_reached
from kla_analysis.planning.plan import TIME_LIMIT, NothingFound, Plan, Row, checked, solve

# Draws to choose on: enough to tell plans apart by a third of a percent; they are not the draws of the check.
_CHOOSING = 20_000
# How much a point² of spread takes from an average, points.
_SPREAD = (0.0, 0.05, 0.15)
# A catalogue with no more allowed plans than this is tried out in full.
_ALL = 2_000
# How much less sure than the plan at hand an exchange may look before it is counted, standard deviations.
_NEAR = 0.15
# Outcomes of the scenario programme: more of them bound better and take longer than anybody waits.
_SAMPLE = 100
# Branches that the programme looks at: a bound on work, not on time, so that every machine finds the same.
_NODES = 400
# The programme lists every allowed set of every cluster; beyond this it is not tried.
_MOST_COLUMNS = 4_000

Set = frozenset[int]


@dataclass(eq=False)
class Certainty:
    """The search for sure plans under some limits, and what it knows.

    Attributes:
        check: the draws on which a plan must hold.
        tried: how many plans were counted on them.
    """

    model: Model
    target: float
    limits: Limits
    retention: Retention | None
    check: Outcomes
    tried: int = 0
    _held: dict[Set, float] = field(default_factory=dict)

    @cached_property
    def choosing(self) -> Outcomes:
        """The draws on which plans are chosen."""
        return draw_outcomes(self.model, self.retention, draws=_CHOOSING, seed=SEED + 1)

    @cached_property
    def known(self) -> dict[Set, int]:
        """Every plan that was found to keep the limits, and its cost."""
        return {chosen: cost for cost, chosen in self._steps()}

    def cheapest(self, certainty: float) -> tuple[Set, Chance] | None:
        """Return the cheapest plan known that holds on the draws of the check; None where none does."""
        asked = certainty
        while True:
            found = self._first(asked)
            if found is None:
                break
            better = self._exchanged(found, asked)
            chance = self._checked(better)
            if chance >= certainty:
                break
            error = math.sqrt(chance * (1 - chance) / len(self.check.kept))
            asked = max(asked + error, self.choosing.chance(better, self.target).probability + 1e-9)
        best: Set | None = None
        for chosen in sorted(self.known, key=lambda each: (self.known[each], sorted(each))):
            if best is not None and self.known[chosen] > self.known[best]:
                break
            # What is far from sure enough on the other draws need not be counted on these.
            far = self._guess(chosen) < certainty - 0.01
            if (
                not far
                and self._checked(chosen) >= certainty
                and (best is None or self._order(chosen) < self._order(best))
            ):
                best = chosen
        return None if best is None else (best, self._chance(self._checked(best)))

    def surest(self) -> tuple[Set, Chance] | None:
        """Return the surest plan that is found within the limits; None where nothing keeps them."""
        if not self.known:
            return None
        best = max(self.known, key=self._guess)
        while True:
            around = _Around(self, best)
            seen = [(around.looks(out, into), out, into) for out, into in _moves(self.model, best, more=True)]
            better = ((looks, best.difference(out).union(into)) for looks, out, into in seen if looks > around.looks())
            allowed = ((looks, move) for looks, move in better if not self._broken(move))
            _, move = max(allowed, key=lambda one: one[0], default=(0.0, best))
            if self._guess(move) <= self._guess(best):
                break
            best = move
            self.known[move] = self._cost(move)
        near = sorted(self.known, key=self._guess, reverse=True)[:20]
        best = max(near, key=self._checked)
        return best, self._chance(self._checked(best))

    def at_most(self) -> float:
        """Return what no plan can be surer than on the draws of the check, whatever it costs: all that is allowed at once."""
        out = set(self.model.indices(self.limits.must_not).tolist())
        return self.check.chance(set(range(len(self.model.codes))) - out, self.target).probability

    def _steps(self) -> list[tuple[int, Set]]:
        model, limits = self.model, self.limits
        parts = [(cluster, allowed_sets(model, limits, cluster)) for cluster in clusters_of(model, limits)]
        if not all(len(member) for _, member in parts):
            return []  # the limits leave a cluster nothing, not even to do nothing
        if math.prod(len(member) for _, member in parts) <= _ALL:
            return [(self._cost(chosen), chosen) for chosen in _all(parts) if not self._broken(chosen)]
        stairs = staircase(model, limits)
        found = {frozenset(model.indices(step.actions).tolist()): int(step.cost) for step in stairs.steps.itertuples()}
        if sum(len(member) for _, member in parts) <= _MOST_COLUMNS:
            for factor in _SPREAD:
                found |= {chosen: cost for cost, chosen in steps_by(model, limits, self._less_spread(factor))}
        return [(cost, chosen) for chosen, cost in found.items()]

    def _less_spread(self, factor: float) -> Worth:
        """Return what values sets of actions by their average points, less a part of what those spread."""

        def one(chosen: tuple[int, ...]) -> int:
            mean, wide = self._moments(chosen) if chosen else (0.0, 0.0)
            return round((mean - factor * wide) * MICRO)

        def worth(cluster: list[int], member: np.ndarray) -> np.ndarray:
            return np.array([one(tuple(np.array(cluster)[row].tolist())) for row in member], dtype=np.int64)

        return worth

    def _first(self, asked: float) -> Set | None:
        for chosen in sorted(self.known, key=lambda each: (self.known[each], sorted(each))):
            if self._guess(chosen) >= asked:
                return chosen
        return None

    def _exchanged(self, found: Set, asked: float) -> Set:
        """Drop actions, add others or exchange them, as long as the plan gets cheaper and stays sure enough."""
        while (better := self._exchange(found, asked)) is not None:
            found = better
            self.known[found] = self._cost(found)
        return found

    def _exchange(self, found: Set, asked: float) -> Set | None:
        """Return the cheapest plan that is one exchange away and still sure enough; None where that is not cheaper."""
        around = _Around(self, found)
        near = around.looks() - _NEAR
        best: Set | None = None
        for price, out, into in self._cheaper(found):
            if best is not None and price > self._cost(best):
                break
            if around.looks(out, into) < near:
                continue
            move = found.difference(out).union(into)
            if move not in self._held:
                self._held[move] = around.probability(out, into)
            sure = self._held[move] >= asked and not self._broken(move)
            if sure and self._order(move) < self._order(best or found):
                best = move
        return best

    def _cheaper(self, found: Set) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
        """Return the exchanges that cost no more than a plan, the cheapest first: the cost, what goes, what comes."""
        cost, costs = self._cost(found), self._costs
        priced = (
            (cost + sum(costs[at] for at in into) - sum(costs[at] for at in out), out, into)
            for out, into in _moves(self.model, found)
        )
        return sorted(move for move in priced if move[0] <= cost)

    def _moments(self, part: tuple[int, ...]) -> tuple[float, float]:
        if part not in self._parts:
            start = self.choosing.totals(())
            added = self.choosing.totals(part) - start if part else start
            self._parts[part] = float(added.mean()), float(added.var())
        return self._parts[part]

    @cached_property
    def _parts(self) -> dict[tuple[int, ...], tuple[float, float]]:
        return {}

    def _guess(self, chosen: Set) -> float:
        """Return the probability on the draws that plans are chosen on."""
        if chosen not in self._held:
            self._held[chosen] = self.choosing.chance(chosen, self.target).probability
        return self._held[chosen]

    def _checked(self, chosen: Set) -> float:
        if chosen not in self._sure:
            self._sure[chosen] = self.check.chance(chosen, self.target).probability
            self.tried += 1
        return self._sure[chosen]

    @cached_property
    def _sure(self) -> dict[Set, float]:
        return {}

    def _chance(self, probability: float) -> Chance:
        draws = len(self.check.kept)
        return Chance(probability, math.sqrt(probability * (1 - probability) / draws), draws, max(self.tried, 1))

    def _cost(self, chosen: Set) -> int:
        return sum(self._costs[at] for at in chosen)

    @cached_property
    def _costs(self) -> list[int]:
        return self.model.costs.tolist()

    def _order(self, chosen: Set) -> tuple[int, float, list[int]]:
        """The cheapest first, of equally cheap ones that with more points."""
        return self._cost(chosen), -self._total(chosen), sorted(chosen)

    def _total(self, chosen: Set) -> float:
        if chosen not in self._totals:
            self._totals[chosen] = self.model.total(np.array(sorted(chosen), dtype=int))
        return self._totals[chosen]

    @cached_property
    def _totals(self) -> dict[Set, float]:
        return {}

    def _broken(self, chosen: Set) -> bool:
        return bool(self.model.broken(np.array(sorted(chosen), dtype=int), self.limits))


class _Around:
    """What exchanges make of one plan: what the clusters that they leave alone add is summed once, not for each."""

    def __init__(self, search: Certainty, found: Set) -> None:
        self._search, self._found = search, found
        self._clusters = {at: cluster for cluster in search.model.clusters for at in cluster}
        start = search._moments(())
        parts = [search._moments(part) for cluster in search.model.clusters if (part := self._part(cluster))]
        self._mean = start[0] + sum(mean for mean, _ in parts)
        self._wide = start[1] + sum(wide for _, wide in parts)

    @cached_property
    def _before(self) -> np.ndarray:
        return self._search.choosing.sums(self._found)

    def looks(self, out: tuple[int, ...] = (), into: tuple[int, ...] = ()) -> float:
        """Return roughly how many standard deviations the target lies below the average after an exchange."""
        mean, wide = self._mean, self._wide
        for before, after in self._changes(out, into):
            for sign, part in ((-1, before), (1, after)):
                if part:
                    own_mean, own_wide = self._search._moments(part)
                    mean, wide = mean + sign * own_mean, wide + sign * own_wide
        return (mean - self._search.target) / math.sqrt(max(wide, 0.0) + 1e-9)

    def probability(self, out: tuple[int, ...], into: tuple[int, ...]) -> float:
        """Return the probability of the target after an exchange, on the draws that plans are chosen on."""
        sums = self._before
        for before, after in self._changes(out, into):
            if before:
                sums = sums - self._search.choosing.gained(before)
            if after:
                sums = sums + self._search.choosing.gained(after)
        return share_reached(sums, self._search.target)

    def _changes(
        self, out: tuple[int, ...], into: tuple[int, ...]
    ) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Yield what is funded of each cluster that an exchange touches, before it and after."""
        for cluster in dict.fromkeys(tuple(self._clusters[at]) for at in (*out, *into)):
            yield self._part(cluster), self._part(cluster, out, into)

    def _part(self, cluster: Sequence[int], out: tuple[int, ...] = (), into: tuple[int, ...] = ()) -> tuple[int, ...]:
        return tuple(at for at in cluster if at in into or (at in self._found and at not in out))


def sure_plan(
    model: Model,
    target: float,
    certainty: float,
    limits: Limits = NO_LIMITS,
    *,
    retention: Retention | None = None,
    time_limit: float = TIME_LIMIT,
    check: Outcomes | None = None,
    search: Certainty | None = None,
) -> tuple[Plan, Chance]:
    """Find the cheapest plan whose verified total reaches a target (points) with a probability.

    Args:
        retention: how the claimed points are cut; the model's kept share, as certain, when not given.
        time_limit: seconds for the scenario programme, beyond the work that it is allowed anyway.
        check: the draws to check on; 100,000 when not given.
        search: a search under the same assumptions and limits that has begun already.

    Returns:
        The plan and its probability on the draws of the check. `sampled`: the plan holds there, and
        `bound` is the cost (rupiah) below which no plan holds on a sample of 100 outcomes.
        `infeasible`: no plan that sure was found; the surest is named, and whether that is proven.

    Raises:
        ParameterError: the probability is not between 0 and 1, or an unknown name in the limits.
    """
    if not 0 < certainty < 1:
        raise ParameterError(
            t("Kepastian {given} tidak mungkin.", given=number(certainty)),
            advice=t("Isi angka di antara 0 dan 1, misalnya 0.8 untuk 80%."),
        )
    model.require_known(limits)
    search = search or Certainty(model, target, limits, retention, check or draw_outcomes(model, retention))
    found = search.cheapest(certainty)
    if found is None:
        return _too_sure(search, certainty)
    chosen, chance = found
    bound = _bound(model, limits, retention, target, certainty, chosen, time_limit)
    return checked(model, limits, np.array(sorted(chosen), dtype=int), "sampled", bound), chance


def _all(parts: list[tuple[list[int], np.ndarray]]) -> Iterator[Set]:
    """Yield every gathering of one allowed set of each cluster."""
    if not parts:
        yield frozenset()
        return
    (cluster, member), *rest = parts
    for others in _all(rest):
        for row in member:
            yield others | frozenset(int(at) for at in np.array(cluster)[row])


def _moves(model: Model, found: Set, *, more: bool = False) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield exchanges, as what goes out and what comes in.

    One goes and none, one or two come, or two go and one comes; where `more` is wanted, none or one goes and one comes,
    or one goes.
    """
    outside = [at for at in range(len(model.codes)) if at not in found]
    if more:
        yield from (((), (into,)) for into in outside)
    for out in found:
        yield (out,), ()
        for place, into in enumerate(outside):
            yield (out,), (into,)
            if not more:
                yield from (((out,), (into, other)) for other in outside[place + 1 :])
                yield from (((out, other), (into,)) for other in found if other > out)


def _bound(
    model: Model,
    limits: Limits,
    retention: Retention | None,
    target: float,
    certainty: float,
    known: Set,
    time_limit: float,
) -> float:
    """Solve the scenario programme; return the cost (rupiah) that no plan beats on its sample."""
    clusters = clusters_of(model, limits)
    if sum(1 << len(cluster) for cluster in clusters) > _MOST_COLUMNS:
        return math.nan
    sample = draw_outcomes(model, retention, draws=_SAMPLE, seed=SEED + 2)
    sets: list[np.ndarray] = []
    points: list[np.ndarray] = []
    rows: list[Row] = []
    for cluster in clusters:
        member = allowed_sets(model, limits, cluster)
        rows.append(({len(sets) + k: 1.0 for k in range(len(member))}, 1.0, 1.0))
        sets += [np.array(cluster)[chosen] for chosen in member]
        points.append(gained(model, cluster, member) / MICRO)
    unit = 10 ** max(6, len(str(int(model.costs.max(initial=1)))) - 3)
    costs = np.array([model.costs[chosen].sum() / unit for chosen in sets])
    rows += _reached(sample, sets, target, certainty)
    for ceiling in model.ceilings(limits):
        paid = np.array([ceiling.paid[chosen].sum() / unit for chosen in sets])
        rows.append((_nonzero(paid), -math.inf, ceiling.most / unit + 1e-6))
    before, by_component = model.components(np.array([], dtype=int)), np.concatenate(points)
    for code, least in limits.components.items():
        column = by_component[:, before.index.get_loc(code)]
        rows.append((_nonzero(column), least - float(before[code]) - 1e-6, math.inf))
    rows.append((dict(enumerate(costs.tolist())), -math.inf, model.costs[list(known)].sum() / unit + 1e-6))
    many = len(sets) + _SAMPLE
    objective = np.r_[costs, np.zeros(_SAMPLE)]
    try:
        found = solve(objective, [0.0] * many, [1.0] * many, range(many), rows, time_limit, nodes=_NODES)
    except NothingFound as error:
        return max(0.0, error.bound * unit)
    # None: on this sample even the known plan is not sure enough.
    return math.nan if found is None else max(0.0, found[2] * unit)


def _reached(sample: Outcomes, sets: list[np.ndarray], target: float, certainty: float) -> Iterator[Row]:
    """Yield the rows by which the target is reached in so many outcomes: one variable each, behind those of the sets."""
    start = sample.totals(())
    added = np.array([sample.totals(chosen) - start for chosen in sets])
    for k in range(_SAMPLE):
        missing = float(target - start[k])
        if missing > 0:
            useful = np.where(added[:, k] > 1e-9, np.minimum(added[:, k], missing), 0.0)
            yield _nonzero(useful) | {len(sets) + k: -missing}, 0.0, math.inf
    yield {len(sets) + k: 1.0 for k in range(_SAMPLE)}, math.ceil(certainty * _SAMPLE - 1e-9), math.inf


def _nonzero(values: np.ndarray) -> dict[int, float]:
    return {at: float(values[at]) for at in np.flatnonzero(values).tolist()}


def _too_sure(search: Certainty, certainty: float) -> tuple[Plan, Chance]:
    """Say that no plan that sure was found, name the surest, and say whether there can be none."""
    model, found = search.model, search.surest()
    none = np.array([], dtype=int)
    if found is None:
        why = t("Tuntutannya bertentangan: tidak ada rencana yang memenuhi semua batas.")
        return Plan(model, search.limits, (), 0, model.total(none), "infeasible", math.nan, why), search._chance(0.0)
    _, chance = found
    asked = {"asked": _exact(certainty), "target": number(search.target), "surest": _exact(chance.probability)}
    most = search.at_most()
    if most < certainty:
        why = t(
            "Kepastian {asked} untuk {target} poin tidak tercapai: semua kegiatan yang boleh pun hanya {most}. "
            "Yang paling pasti yang ditemukan: {surest}.",
            most=_exact(most),
            **asked,
        )
    else:
        why = t(
            "Tidak ditemukan rencana dengan kepastian {asked} untuk {target} poin dalam batas ini; yang paling pasti "
            "yang ditemukan: {surest}. Tidak terbukti bahwa tidak ada.",
            **asked,
        )
    return Plan(model, search.limits, (), 0, model.total(none), "infeasible", math.nan, why), chance


def _exact(probability: float) -> str:
    """Write a probability so that it is never rounded up to certainty."""
    return f"{number(math.floor(probability * 10_000) / 100)}%"
