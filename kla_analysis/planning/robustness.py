"""How far a plan leans on its assumptions: core actions, regret, and the worth of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from kla_analysis.analysis.forecast import SEED, Retention
from kla_analysis.planning.frontier import Progress
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.outcomes import between
from kla_analysis.planning.plan import least_money, most_points

#: Draws of costs, chances and retention, each planned anew.
DRAWS = 100
# Drawn costs are rounded to this, as the catalogue's are.
_ROUND = 5_000_000
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
    and high values, and the plan with the most expected points within the limits is solved anew.

    Args:
        limits: with a budget; without one every useful action would be in every plan.

    Returns:
        Shares between 0 and 1, indexed by action code, largest first.
    """
    random = np.random.default_rng(seed)
    actions, answers = model.catalogue.actions, model.catalogue.answers
    costs = _triangular(random, actions, "cost", draws)
    strict = random.random(draws)
    kept = np.full(draws, model.kept_share)
    if retention is not None:
        kept = retention.draw(draws, seed=seed, strictness=strict)
    held = np.zeros(len(model.codes))
    for at in range(draws):
        drawn = actions.copy()
        drawn["cost_likely"] = (np.maximum(costs[at] / _ROUND, 1).round() * _ROUND).astype(np.int64)
        chances = answers.copy()
        lots = np.full(len(answers), strict[at])
        chances["chance_likely"] = between(
            *(answers[f"chance_{level}"].to_numpy() for level in ("low", "likely", "high")), lots
        )
        catalogue = replace(model.catalogue, actions=drawn, answers=chances)
        again = Model(model.rollup, catalogue, float(kept[at]), "likely", "likely")
        held[again.indices(most_points(again, limits, cheapest=False).actions)] += 1
        progress((at + 1) / draws)
    shares = pd.Series(held / draws, index=pd.Index(model.codes, name="action_code"), name="share")
    return shares.sort_values(ascending=False, kind="stable")


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
    shares = [model.kept_share] if retention is None else [retention.quantile(level) for level in KEPT]
    rows = []
    for kept in dict.fromkeys(shares):
        for level in STRICTNESS:
            then = replace(model, kept_share=kept, acceptance=level)
            own = then.total(then.indices(actions))
            best = most_points(then, limits, cheapest=False).total
            rows.append((level, kept, own, best, round(max(best - own, 0.0), 6)))
    return pd.DataFrame(rows, columns=["strictness", "kept", "total", "best_total", "regret"])


def worth_of_evidence(model: Model, target: float, limits: Limits, retention: Retention) -> pd.DataFrame:
    """Return what it would save to secure the evidence of claimed points before new ones are bought.

    Of the points that verification is expected to cut (at the median of the retention) a share is
    secured; what the target (points) then costs is solved again.

    Returns:
        One row per share: `secured`, `points` (kept by it), `total` (before any action), `cost` of the
        cheapest plan to the target (rupiah; missing when out of reach), `saved` against securing nothing.
    """
    rows = []
    free = replace(limits, budget=None)
    for share in SECURED:
        kept = retention.median + (1 - retention.median) * share
        then = replace(model, kept_share=kept)
        plan = least_money(then, target, free)
        total = then.total(np.array([], dtype=int))
        rows.append((share, total, np.nan if plan.status == "infeasible" else float(plan.cost)))
    table = pd.DataFrame(rows, columns=["secured", "total", "cost"])
    table["points"] = (table["total"] - table["total"].iloc[0]).round(6)
    table["saved"] = table["cost"].iloc[0] - table["cost"]
    return table


def _triangular(random: np.random.Generator, table: pd.DataFrame, what: str, draws: int) -> np.ndarray:
    low, likely, high = (table[f"{what}_{level}"].to_numpy(dtype=float) for level in ("low", "likely", "high"))
    return between(low, likely, high, random.random((draws, len(table))))
