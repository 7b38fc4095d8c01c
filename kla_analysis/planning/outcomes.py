"""What the verifier may decide: drawn outcomes of acceptance and of retention.

One verifier reads the whole sheet, so how strict it is holds for every action of a draw: its lot
picks the chance of acceptance between the catalogue's low, likely and high value (triangular).
Then each action has a lot of its own: where it falls below that chance, the answer is accepted and
counts in full; otherwise nothing is gained. What was claimed before keeps the share of its draw, which the same
verifier's strictness moves along: as far as the shares of a province's round hang together in the published cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from operator import ne

import numpy as np
from numpy.typing import ArrayLike

from kla_analysis.analysis.forecast import DRAWS, SEED, Retention
from kla_analysis.planning.model import Model


@dataclass(frozen=True)
class Chance:
    """A probability counted in draws, with its standard error; `plans` is how many plans the same draws judged."""

    probability: float
    error: float
    draws: int
    plans: int = 1


@dataclass(frozen=True, eq=False, repr=False)
class Outcomes:
    """Drawn outcomes for one model.

    Attributes:
        kept: the share of claimed points that verification keeps, one per draw.
        strictness: the verifier's lot, 0 (strictest) to 1, one per draw.
        lots: each action's own lot: draws × actions.
    """

    model: Model
    kept: np.ndarray
    strictness: np.ndarray
    lots: np.ndarray
    _added: dict[tuple[int, ...], np.ndarray] = field(default_factory=dict)
    _accepted: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    _last: list[tuple[list[tuple[int, ...]], np.ndarray]] = field(default_factory=list)

    def totals(self, chosen: Iterable[int]) -> np.ndarray:
        """Return the verified total with a set of actions funded, in every draw.

        Args:
            chosen: positions of the actions, in any order.

        Returns:
            Points, one for each draw: claims as far as they are kept, and what was accepted of the actions' answers.
        """
        return self.sums(chosen).round(6)

    def sums(self, chosen: Iterable[int]) -> np.ndarray:
        """Return the totals as they are summed, which the last bits of a number may move."""
        chosen = {int(at) for at in chosen}
        parts = [tuple(at for at in cluster if at in chosen) for cluster in self.model.clusters]
        nothing: list[tuple[int, ...]] = [()] * len(parts)
        known = [(nothing, self._claimed()), *self._last]
        # Plans are asked for in an order in which most differ little from the one before.
        before, sums = min(known, key=lambda each: sum(map(ne, each[0], parts)))
        sums = sums.copy()
        for old, new in zip(before, parts, strict=True):
            if old != new and old:
                sums -= self.gained(old)
            if old != new and new:
                sums += self.gained(new)
        self._last[:] = [(parts, sums)]
        return sums

    def chance(self, chosen: Iterable[int], points: float) -> Chance:
        """Return the probability that a set of actions reaches so many points."""
        reached = share_reached(self.sums(chosen), points)
        return Chance(reached, float(np.sqrt(reached * (1 - reached) / len(self.kept))), len(self.kept))

    def warm(self, plans: Iterable[Iterable[int]]) -> None:
        """Draw what plans share beforehand, so that each of them is then answered at once."""
        for chosen in plans:
            self.totals(chosen)

    def accepted(self, action: str) -> dict[str, np.ndarray]:
        """Return, for every question that an action answers, in which draws the answer is accepted."""
        if action not in self._accepted:
            answers = self.model.catalogue.answers
            rows = answers[answers["action_code"] == action]
            lots = self.lots[:, self.model.codes.index(action)]
            by_chance: dict[tuple[float, float, float], np.ndarray] = {}
            found = {}
            for row in rows.itertuples():
                chances = (row.chance_low, row.chance_likely, row.chance_high)
                if chances not in by_chance:
                    by_chance[chances] = lots < between(*chances, self.strictness)
                found[row.question_code] = by_chance[chances]
            self._accepted[action] = found
        return self._accepted[action]

    def _claimed(self) -> np.ndarray:
        """Return what is left of the claimed points in every draw."""
        if () not in self._added:
            sums, maxima = self._indicators
            self._added[()] = np.minimum(np.outer(self.kept, sums), maxima).sum(axis=1)
        return self._added[()]

    def gained(self, part: tuple[int, ...]) -> np.ndarray:
        """Return what some actions of one cluster add in every draw (points)."""
        if part in self._added:
            return self._added[part]
        raised: dict[str, np.ndarray] = {}
        for action in part:
            accepted = self.accepted(self.model.codes[action])
            for question, most in self._raised[action]:
                points = accepted[question] * most
                raised[question] = np.maximum(raised[question], points) if question in raised else points
        added: dict[int, np.ndarray] = {}
        for question, points in raised.items():
            claimed, at = self._questions[question]
            gain = np.clip(points - claimed * self.kept, 0, None)
            added[at] = added[at] + gain if at in added else gain
        sums, maxima = self._indicators
        total = np.zeros(len(self.kept))
        for at, gain in added.items():
            before = self.kept * sums[at]
            total += np.minimum(before + gain, maxima[at]) - np.minimum(before, maxima[at])
        self._added[part] = total
        return total

    @cached_property
    def _raised(self) -> list[list[tuple[str, float]]]:
        """Of each action the questions that it answers, and to how many points."""
        maxima = self.model.rollup.instrument.questions["max_points"]
        return [
            [(question, share * maxima[question]) for question, share in self.model.raised_to(code).items()]
            for code in self.model.codes
        ]

    @cached_property
    def _questions(self) -> dict[str, tuple[float, int]]:
        """Of each question its claimed points, and the position of its indicator."""
        instrument = self.model.rollup.instrument
        places = instrument.indicators.index.get_indexer(instrument.questions["indicator_code"])
        claimed = self.model.claimed
        return {code: (claimed[code], at) for code, at in zip(instrument.questions.index, places, strict=True)}

    @cached_property
    def _indicators(self) -> tuple[np.ndarray, np.ndarray]:
        instrument = self.model.rollup.instrument
        sums = self.model.claimed.groupby(instrument.questions["indicator_code"]).sum()
        return sums.reindex(instrument.indicators.index).to_numpy(), instrument.indicators["max_points"].to_numpy()


def draw_outcomes(
    model: Model, retention: Retention | None = None, *, draws: int = DRAWS, seed: int = SEED
) -> Outcomes:
    """Draw outcomes, reproducibly.

    Args:
        retention: how claimed points are cut; the model's own share, as certain, when not given.
    """
    random = np.random.default_rng(seed)
    strictness = random.random(draws)
    lots = random.random((draws, len(model.codes)), dtype=np.float32)
    if retention is None:
        return Outcomes(model, np.full(draws, model.kept_share), strictness, lots)
    return Outcomes(model, retention.draw(draws, seed=seed, strictness=strictness), strictness, lots)


def share_reached(sums: np.ndarray, points: float) -> float:
    """Return the share of totals that reach so many points: those that round to them in their sixth decimal have."""
    return float(np.count_nonzero(sums >= points - 5e-7) / len(sums))


def between(low: ArrayLike, likely: ArrayLike, high: ArrayLike, lots: np.ndarray) -> np.ndarray:
    """Return the triangular values between low, likely and high that belong to lots between 0 and 1."""
    low, likely, high = (np.asarray(value, dtype=float) for value in (low, likely, high))
    wide = high - low
    peak = np.divide(likely - low, wide, out=np.zeros_like(wide + 0.0), where=wide > 0)
    rising = low + np.sqrt(lots * wide * (likely - low))
    falling = high - np.sqrt((1 - lots) * wide * (high - likely))
    return np.where(lots < peak, rising, falling)
