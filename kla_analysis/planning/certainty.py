"""The cheapest plan that reaches a target with a wanted probability.

Where a plan must hold in so many of the drawn outcomes, it is looked for in three ways that help
each other: along the exact staircases (each of their steps is a good plan), by exchanging single
actions, and by the scenario programme: the cheapest plan that holds in so many of a sample of drawn
outcomes, solved exactly as far as the allowed work goes, which also says what no plan can beat on that sample.
A plan that was chosen on some draws looks better on them than it is. So what is returned was checked
on draws that it had never seen, and where it fell short there, more was asked for and it was chosen anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from kla_analysis.analysis.forecast import SEED, Retention
from kla_analysis.errors import ParameterError
from kla_analysis.language import chance as chance_in_words
from kla_analysis.language import number, t
from kla_analysis.planning.frontier import allowed_sets, clusters_of, staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.outcomes import Chance, Outcomes, draw_outcomes
from kla_analysis.planning.plan import TIME_LIMIT, NothingFound, Plan, Row, checked, solve

# Draws to choose on: enough to tell plans apart by a third of a percent; they are not the draws of the check.
_CHOOSING = 20_000
# Outcomes of the scenario programme: more of them bound better and take longer than anybody waits.
_SAMPLE = 100
# Branches that the programme looks at: a bound on work, not on time, so that every machine finds the same plan.
_NODES = 400
# The programme lists every allowed set of every cluster; beyond this it is not tried.
_MOST_COLUMNS = 4_000


def sure_plan(
    model: Model,
    target: float,
    certainty: float,
    limits: Limits = Limits(),  # noqa: B008
    *,
    retention: Retention | None = None,
    time_limit: float = TIME_LIMIT,
    check: Outcomes | None = None,
) -> tuple[Plan, Chance]:
    """Find the cheapest plan whose verified total reaches a target (points) with a probability.

    Args:
        retention: how the claimed points are cut; the model's kept share, as certain, when not given.
        time_limit: seconds for the scenario programme, beyond the work that it is allowed anyway.
        check: the fresh draws to check on; 100,000 when not given.

    Returns:
        The plan and its probability on the fresh draws. `sampled`: the plan holds there, and
        `bound` is the cost (rupiah) below which no plan holds on a sample of 100 outcomes.
        `infeasible`: no plan within the limits is that sure; the surest is named.

    Raises:
        ParameterError: the probability is not between 0 and 1, or an unknown name in the limits.
    """
    if not 0 < certainty < 1:
        raise ParameterError(
            t("Kepastian {given} tidak mungkin.", given=number(certainty)),
            advice=t("Isi angka di antara 0 dan 1, misalnya 0.8 untuk 80%."),
        )
    check = check if check is not None else draw_outcomes(model, retention)
    choosing = draw_outcomes(model, retention, draws=_CHOOSING, seed=SEED + 1)
    candidates = _steps(model, limits)
    asked, bound, programmed = certainty, math.nan, False
    while True:
        found = _cheapest(candidates, choosing, target, asked)
        if found is None:
            return _too_sure(model, limits, candidates, check, target, certainty)
        found = _exchange(found, choosing, limits, target, asked)
        if not programmed:
            programmed = True
            better, bound = _programme(model, limits, retention, target, certainty, found, time_limit)
            if better is not None and choosing.chance(better, target).probability >= asked:
                found = _exchange(better, choosing, limits, target, asked)
        chance = check.chance(found, target)
        if chance.probability >= certainty:
            plan = checked(model, limits, np.array(sorted(found), dtype=int), "sampled", bound)
            return plan, chance
        asked = max(asked + chance.error, choosing.chance(found, target).probability + 1e-9)


def _steps(model: Model, limits: Limits) -> list[tuple[int, frozenset[int]]]:
    """Return the steps of the staircases with full and with expected acceptance: cost and positions."""
    steps = {}
    for acceptance in ("full", "high", "likely", "low"):
        stairs = staircase(replace(model, acceptance=acceptance), limits)
        for step in stairs.steps.itertuples():
            steps[frozenset(model.indices(step.actions).tolist())] = int(step.cost)
    return sorted((cost, chosen) for chosen, cost in steps.items())


def _cheapest(
    candidates: list[tuple[int, frozenset[int]]], outcomes: Outcomes, target: float, asked: float
) -> frozenset[int] | None:
    for _, chosen in candidates:
        if outcomes.chance(chosen, target).probability >= asked:
            return chosen
    return None


def _exchange(found: frozenset[int], outcomes: Outcomes, limits: Limits, target: float, asked: float) -> frozenset[int]:
    """Drop an action or exchange it for a cheaper one, as long as the plan stays sure enough."""
    model = outcomes.model
    while True:
        cost = model.costs[list(found)].sum()
        moves = sorted(_moves(model, found), key=lambda move: model.costs[list(move)].sum())
        for move in moves:
            if model.costs[list(move)].sum() >= cost:
                return found
            if outcomes.chance(move, target).probability >= asked and not model.broken(np.array(sorted(move)), limits):
                found = move
                break
        else:
            return found


def _moves(model: Model, found: frozenset[int]) -> Iterator[frozenset[int]]:
    for out in found:
        yield found - {out}
        for into in range(len(model.codes)):
            if into not in found:
                yield found - {out} | {into}


def _programme(
    model: Model,
    limits: Limits,
    retention: Retention | None,
    target: float,
    certainty: float,
    known: frozenset[int],
    time_limit: float,
) -> tuple[frozenset[int] | None, float]:
    """Solve the scenario programme; return its plan, if one is cheaper than the known one, and its bound (rupiah)."""
    clusters = clusters_of(model, limits)
    if sum(1 << len(cluster) for cluster in clusters) > _MOST_COLUMNS:
        return None, math.nan
    sample = draw_outcomes(model, retention, draws=_SAMPLE, seed=SEED + 2)
    start = sample.totals(())
    unit = int(np.gcd.reduce(model.costs)) or 1
    sets: list[np.ndarray] = []
    rows: list[Row] = []
    for cluster in clusters:
        member = allowed_sets(model, limits, cluster)
        rows.append(({len(sets) + k: 1.0 for k in range(len(member))}, 1.0, 1.0))
        sets += [np.array(cluster)[chosen] for chosen in member]
    costs = np.array([model.costs[chosen].sum() / unit for chosen in sets])
    added = np.array([sample.totals(chosen) - start for chosen in sets])
    for k in range(_SAMPLE):
        missing = target - start[k]
        if missing <= 0:
            continue
        row = {at: float(min(added[at, k], missing)) for at in np.flatnonzero(added[:, k] > 1e-9)}
        rows.append((row | {len(sets) + k: -missing}, 0.0, math.inf))
    rows.append(({len(sets) + k: 1.0 for k in range(_SAMPLE)}, math.ceil(certainty * _SAMPLE - 1e-9), math.inf))
    actions = model.catalogue.actions
    ceilings = [(None, None, limits.budget)] if limits.budget is not None else []
    ceilings += [(column, name, most) for column, given in limits.ceilings().items() for name, most in given.items()]
    for column, name, most in ceilings:
        of = model.costs * (1 if column is None else (actions[column] == name).to_numpy())
        paid = {at: float(of[chosen].sum() / unit) for at, chosen in enumerate(sets) if of[chosen].sum()}
        rows.append((paid, -math.inf, most // unit + 0.5))
    cost = model.costs[list(known)].sum() / unit
    rows.append((dict(enumerate(costs)), -math.inf, cost + 0.5))
    many = len(sets) + _SAMPLE
    objective = np.r_[costs, np.zeros(_SAMPLE)]
    try:
        found = solve(objective, [0.0] * many, [1.0] * many, range(many), rows, time_limit, nodes=_NODES)
    except NothingFound as error:
        return None, max(0.0, error.bound * unit)
    if found is None:  # on this sample even the known plan is not sure enough
        return None, math.nan
    values, _, bound = found
    chosen = frozenset(int(at) for k in np.flatnonzero(values[: len(sets)] > 0.5) for at in sets[k])
    return (chosen if model.costs[list(chosen)].sum() / unit < cost else None), max(0.0, bound * unit)


def _too_sure(
    model: Model,
    limits: Limits,
    candidates: list[tuple[int, frozenset[int]]],
    check: Outcomes,
    target: float,
    certainty: float,
) -> tuple[Plan, Chance]:
    """Say that no plan within the limits is that sure, and name the surest."""
    none = np.array([], dtype=int)
    surest = max((check.chance(chosen, target).probability for _, chosen in candidates), default=0.0)
    why = (
        t(
            "Kepastian {asked} untuk {target} poin tidak tercapai: paling tinggi {surest} dalam batas ini.",
            asked=chance_in_words(certainty),
            target=number(target),
            surest=chance_in_words(surest),
        )
        if candidates
        else t("Tuntutannya bertentangan: tidak ada rencana yang memenuhi semua batas.")
    )
    plan = Plan(model, limits, (), 0, model.total(none), "infeasible", math.nan, why)
    return plan, Chance(surest, math.sqrt(surest * (1 - surest) / len(check.kept)), len(check.kept))
