"""How far a plan leans on its assumptions: core actions, regret, and the worth of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kla_analysis.analysis.forecast import SEED, Retention
from kla_analysis.planning.choice import Sets, cases_at_once
from kla_analysis.planning.expected import Chance
from kla_analysis.planning.frontier import Progress, quick_staircase
from kla_analysis.planning.model import COSTS, Limits, Model
from kla_analysis.planning.outcomes import between
from kla_analysis.planning.plan import least_money, most_points

#: Draws of costs, chances and retention, each planned anew: enough that chance does not decide what is core.
DRAWS = 1_000
# There is time for fewer where several ceilings are kept in each, and where each needs a solver.
_DRAWS_TIED, _DRAWS_SOLVED = 200, 100
#: Outcomes of verification that a plan is tried on: how strict, and how much of the claims is kept.
STRICTNESS = ("low", "likely", "high")
KEPT = (0.1, 0.5, 0.9)
#: Shares of the points at risk whose evidence is secured.
SECURED = (0.0, 0.25, 0.5, 0.75, 1.0)


def core_actions(
    model: Model,
    limits: Limits,
    *,
    retention: Retention | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    progress: Progress = lambda share: None,
) -> pd.Series:
    """Return, for every action, the share of draws in which the best plan for the budget holds it.

    In each draw the costs, the chances of acceptance and the retention are drawn between their low
    and high values, and the plan with the most expected points within the limits is found anew, exactly
    and to the rupiah. One action's costs in several years are drawn together.

    Args:
        limits: with a budget; without one every useful action would be in every plan.
        draws: fewer are made where ceilings beside the budget, or a solver, make each of them long.

    Returns:
        Shares between 0 and 1, indexed by action code, largest first; `attrs["draws"]` says in how many draws.
    """
    random = np.random.default_rng(seed)
    sets = Sets.of(model, limits)
    most = _DRAWS_SOLVED if sets is None else _DRAWS_TIED if any(limits.ceilings().values()) else draws
    draws = min(draws, most)
    rows = model.catalogue.rows
    lots = random.random((draws, len(model.codes)))
    own = pd.Index(model.codes).get_indexer(rows["action_code"])
    low, likely, high = (rows[f"cost_{level}"].to_numpy(dtype=float) for level in COSTS)
    costs = between(low, likely, high, lots[:, own])
    costs = np.rint(costs).astype(np.int64)
    strict = random.random(draws)
    kept = np.full(draws, model.kept_share)
    if retention is not None:
        kept = retention.draw(draws, seed=seed, strictness=strict)
    if sets is not None:
        held = _held(sets, rows, costs, kept, strict, own, progress)
    else:
        cases = zip(costs, kept.tolist(), strict.tolist(), strict=True)
        held = np.array([_solved(model, limits, *case) for case in cases])
    shares = pd.Series(held.mean(axis=0), index=pd.Index(model.codes, name="action_code"), name="share")
    shares = shares.sort_values(ascending=False, kind="stable")
    shares.attrs["draws"] = draws
    return shares


def _held(
    sets: Sets,
    rows: pd.DataFrame,
    costs: np.ndarray,
    kept: np.ndarray,
    strict: np.ndarray,
    own: np.ndarray,
    progress: Progress,
) -> np.ndarray:
    """Plan every draw without a solver: draws × actions."""
    limits, count = sets.limits, len(sets.model.codes)
    if not sets.possible:
        return np.zeros((len(kept), count), dtype=bool)
    by_action = (own[:, None] == np.arange(count)).astype(np.int64)
    under = [(by_action, limits.budget)] if limits.budget is not None else []
    for column, given in limits.ceilings().items():
        under += [(by_action * (rows[column] == name).to_numpy()[:, None], most) for name, most in given.items()]
    found = []
    for part in cases_at_once(sets, len(kept)):
        gains = sets.gains(kept[part], _chance_of(strict[part]))
        ceilings = [(costs[part] @ of, most) for of, most in under]
        found.append(sets.best(gains, costs[part] @ by_action, ceilings))
        progress(part.stop / len(kept))
    return np.concatenate(found)


def _chance_of(lots: np.ndarray) -> Chance:
    """Return what draws a chance of acceptance for each case: the lot says how strict its verifier is."""
    return lambda chances: between(*chances, lots)


def _solved(model: Model, limits: Limits, costs: np.ndarray, kept: float, strict: float) -> np.ndarray:
    """Plan one draw by the solver: which actions are held."""
    catalogue, answers = model.catalogue, model.catalogue.answers
    rows = catalogue.rows.assign(cost_likely=costs)
    actions = catalogue.actions.assign(cost_likely=rows.groupby("action_code")["cost_likely"].sum())
    low, likely, high = (answers[f"chance_{level}"].to_numpy() for level in COSTS)
    chances = between(low, likely, high, np.full(len(answers), strict))
    drawn = replace(catalogue, actions=actions, answers=answers.assign(chance_likely=chances), split=rows)
    again = Model(model.rollup, drawn, kept, "likely", "likely")
    held = np.zeros(len(model.codes), dtype=bool)
    held[again.indices(most_points(again, limits, cheapest=False).actions)] = True
    return held


def regret(model: Model, actions: Sequence[str], limits: Limits, *, retention: Retention | None = None) -> pd.DataFrame:
    """Return what a plan gives up in each outcome of verification against the best plan for that outcome.

    Args:
        actions: the plan.
        limits: what a rival plan may spend and must hold.
        retention: the kept shares at 10, 50 and 90 percent are tried; only the model's own when not given.

    Returns:
        One row per outcome: `strictness` (which chance of acceptance holds), `kept` (share of the claimed
        points), `total` and `best_total` (expected points), `regret`.
    """
    # A field verification may raise a verified score; no answer is kept more than whole.
    shares = [model.kept_share] if retention is None else [min(retention.quantile(level), 1.0) for level in KEPT]
    cases = [(kept, level) for kept in dict.fromkeys(shares) for level in STRICTNESS]
    own = [
        model
        if (model.kept_share, model.acceptance) == case
        else replace(model, kept_share=case[0], acceptance=case[1])
        for case in cases
    ]
    sets = Sets.of(model, limits)
    if sets is None or not sets.possible:
        best = [most_points(then, limits, cheapest=False).total for then in own]
    else:
        gains = np.concatenate([sets.gains(np.array([then.kept_share]), then.chance) for then in own])
        many = [1] * len(cases)
        ceilings = [(np.outer(many, each.paid), each.most) for each in model.ceilings(limits)]
        held = sets.best(gains, np.outer(many, model.costs), ceilings)
        best = [then.total(np.flatnonzero(funded)) for then, funded in zip(own, held, strict=True)]
    rows = []
    for (kept, level), then, most in zip(cases, own, best, strict=True):
        total = then.total(then.indices(actions))
        rows.append((level, kept, total, most, round(max(most - total, 0.0), 6)))
    return pd.DataFrame(rows, columns=["strictness", "kept", "total", "best_total", "regret"])


def worth_of_evidence(
    model: Model, target: float, limits: Limits, retention: Retention, secured: Sequence[float] = SECURED
) -> pd.DataFrame:
    """Return what it would save to secure the evidence of claimed points before new ones are bought.

    Of the points that verification is expected to cut (at the median of the retention) a share is
    secured; what the target (points) then costs is solved again.

    Args:
        secured: the shares, nothing (0) first.

    Returns:
        One row per share: `secured`, `points` (kept by it), `total` (before any action), `cost` of the
        cheapest plan to the target (rupiah; missing when out of reach), `saved` against securing nothing.
    """
    rows = []
    free = replace(limits, budget=None)
    for share in secured:
        middle = min(retention.median, 1.0)
        kept = middle + (1 - middle) * share
        then = replace(model, kept_share=kept)
        stairs = quick_staircase(then, free)
        total = then.total(np.array([], dtype=int))
        if stairs is not None:
            step = stairs.cheapest(target)
            cost = np.nan if step is None else float(step["cost"])
        else:
            plan = least_money(then, target, free)
            cost = np.nan if plan.status == "infeasible" else float(plan.cost)
        rows.append((share, total, cost))
    table = pd.DataFrame(rows, columns=["secured", "total", "cost"])
    table["points"] = (table["total"] - table["total"].iloc[0]).round(6)
    table["saved"] = table["cost"].iloc[0] - table["cost"]
    return table
