"""Expected points: what funded actions are worth on average, over what the verifier may accept.

Every funded action has a lot of its own. Where it falls below the action's chance for an answer, the
answer is accepted and counts in full. Of several accepted answers to one question the best counts,
and an indicator never counts above its maximum: both are taken before the average, never after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

#: The three chances of an answer: low, likely, high.
Chances = tuple[float, float, float]
#: What turns the three chances of an answer into one, for each case that is looked at.
Chance = Callable[[Chances], np.ndarray]
#: Points are counted to the millionth, as the one scoring function does.
DECIMALS = 6


@dataclass(frozen=True)
class Way:
    """One action's answer to a question: position of the action, points it raises the question to, chances."""

    action: int
    points: float
    chances: Chances


@dataclass(frozen=True)
class Answered:
    """An indicator some of whose questions are answered by actions.

    Attributes:
        position: of the indicator.
        claimed: points of the whole indicator, and of each of the answered questions, before verification.
        maximum: points.
        fills: whether it could pass its maximum.
        ways: of each answered question its answers, the best first.
    """

    position: int
    claimed: float
    of_questions: tuple[float, ...]
    maximum: float
    fills: bool
    ways: tuple[tuple[Way, ...], ...]

    def question(self, at: int) -> Answered:
        """Return one of its questions alone; only where the indicator can not fill."""
        return replace(self, of_questions=self.of_questions[at : at + 1], ways=self.ways[at : at + 1])

    @property
    def actions(self) -> list[int]:
        """Positions of the actions that answer it."""
        return sorted({way.action for ways in self.ways for way in ways})


def expected_gain(answered: Answered, kept: np.ndarray, chance: Chance, funded: np.ndarray) -> np.ndarray:
    """Return what sets of actions add to an indicator on average, points.

    Args:
        kept: share of the claimed points that verification keeps, one for each case.
        chance: chances of acceptance in these cases.
        funded: sets × actions.

    Returns:
        Cases × sets, to the millionth.
    """
    if answered.fills:
        return _filled(answered, kept, chance, funded).round(DECIMALS)
    total = np.zeros((len(kept), len(funded)))
    for claimed, ways in zip(answered.of_questions, answered.ways, strict=True):
        before = (claimed * kept).round(DECIMALS)
        gain, left = np.zeros_like(total), np.ones_like(total)  # left: the chance that nothing better was accepted
        for way in ways:
            has, accepted = funded[:, way.action], chance(way.chances)[:, None]
            if has.any():
                worth = np.clip(way.points - before, 0, None).round(DECIMALS)[:, None]
                gain += left * accepted * worth * has
                left *= 1 - accepted * has
        total += gain.round(DECIMALS)
    return total


def _filled(answered: Answered, kept: np.ndarray, chance: Chance, funded: np.ndarray) -> np.ndarray:
    """Average over every outcome of acceptance of all actions that answer an indicator."""
    actions = [at for at in answered.actions if funded[:, at].any()]
    if not actions:
        return np.zeros((len(kept), len(funded)))
    steps = [_Steps.of(answered, at, chance) for at in actions]
    shape = [len(each.chances) + 1 for each in steps]
    passed = np.indices(shape).reshape(len(actions), -1)  # of every outcome, how many thresholds each action passed
    place = {at: k for k, at in enumerate(actions)}
    added = np.zeros((len(kept), passed.shape[1]))
    for claimed, ways in zip(answered.of_questions, answered.ways, strict=True):
        before = (claimed * kept).round(DECIMALS)
        best = np.zeros_like(added)
        for way in ways:
            if way.action in place:
                worth = np.clip(way.points - before, 0, None).round(DECIMALS)[:, None]
                accepted = steps[place[way.action]].accepted(way.chances, passed[place[way.action]])
                np.maximum(best, worth * accepted, out=best)
        added += best
    before = (answered.claimed * kept).round(DECIMALS)[:, None]
    value = np.minimum(before + added, answered.maximum) - np.minimum(before, answered.maximum)
    value = value.reshape(len(kept), *shape)
    for axis, each in enumerate(steps, start=1):  # not funded: nothing is passed; funded: the average
        value = np.moveaxis(value, axis, -1)
        value = np.stack([value[..., 0], np.einsum("d...l,dl->d...", value, each.weights)], axis=-1)
        value = np.moveaxis(value, -1, axis)
    bits = 1 << np.arange(len(actions))[::-1]
    return value.reshape(len(kept), -1)[:, funded[:, actions] @ bits]


@dataclass(frozen=True)
class _Steps:
    """The thresholds of one action's lot, and how they lie to each other in each case."""

    chances: Sequence[Chances]
    rank: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, answered: Answered, action: int, chance: Chance) -> _Steps:
        """Order an action's chances in every case: whoever passes a smaller one passes the larger ones too."""
        own = sorted({way.chances for ways in answered.ways for way in ways if way.action == action})
        values = np.column_stack([chance(each) for each in own])
        order = np.argsort(-values, axis=1, kind="stable")
        falling = np.take_along_axis(values, order, axis=1)
        bounds = np.column_stack([np.ones(len(values)), falling, np.zeros(len(values))])
        return cls(own, np.argsort(order, axis=1), bounds[:, :-1] - bounds[:, 1:])

    def accepted(self, chances: Chances, passed: np.ndarray) -> np.ndarray:
        """Return in which outcomes an answer with these chances is accepted: cases × outcomes."""
        return self.rank[:, self.chances.index(chances), None] < passed
