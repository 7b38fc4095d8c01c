"""Certainty, order, robustness: checked against every plan of small instances and against fresh draws."""

import numpy as np
import pytest
from planning.instances import every_plan, random_instance

from kla_analysis.analysis.verification import fit_retention, own_retention
from kla_analysis.evidence.cases import load_stage_scores
from kla_analysis.planning.certainty import sure_plan
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import Limits
from kla_analysis.planning.outcomes import draw_outcomes
from kla_analysis.planning.plan import most_points
from kla_analysis.planning.ranking import cut_safe
from kla_analysis.planning.robustness import core_actions, regret, worth_of_evidence


def test_a_sure_plan_holds_on_draws_that_it_never_saw(model):
    plan, chance = sure_plan(model, 701, 0.8)
    fresh = draw_outcomes(model, seed=987).chance(model.indices(plan.actions), 701)
    assert chance.draws == 100_000
    assert chance.error == pytest.approx(np.sqrt(chance.probability * (1 - chance.probability) / 100_000))
    assert chance.probability >= 0.8
    assert fresh.probability == pytest.approx(chance.probability, abs=4 * (chance.error + fresh.error))
    assert plan.status == "sampled"
    assert 0 < plan.bound <= plan.cost
    assert sure_plan(model, 701, 0.8)[0].actions == plan.actions  # and the same again, whatever the machine


def test_sure_plans_beside_every_plan(rolled):
    found = within = 0
    for seed in range(24):
        model, limits = random_instance(rolled, seed, most=8)
        members, costs, totals = every_plan(model, limits)
        if not len(costs) or totals.max() <= totals.min() + 1:
            continue
        target = round((totals.min() + totals.max()) / 2, 2)
        check = draw_outcomes(model, draws=20_000, seed=5)
        sure = [check.chance(np.flatnonzero(member), target).probability for member in members]
        asked = 0.6 * max(sure)
        if not 0.02 < asked < 0.98:
            continue
        cheapest = costs[np.array(sure) >= asked].min()
        plan, chance = sure_plan(model, target, asked, limits, check=check)
        assert plan.status == "sampled", seed
        assert chance.probability >= asked, seed
        assert plan.cost >= cheapest, seed  # nothing that holds is cheaper than the cheapest that does
        found += 1
        within += plan.cost == cheapest
    assert found >= 10
    assert within >= 0.8 * found  # the search is no proof; how often it hits is shown here


def test_nobody_is_that_sure(model):
    plan, chance = sure_plan(model, 701, 0.9, Limits(budget=600_000_000))
    assert plan.status == "infeasible"
    assert "paling tinggi" in plan.why
    assert chance.probability < 0.9


def test_retention_lowers_the_chance(model):
    chosen = model.indices(most_points(model, Limits(budget=1_000_000_000)).actions)
    certain = draw_outcomes(model).chance(chosen, 701)
    assert draw_outcomes(model, own_retention(0.9)).chance(chosen, 701).probability < certain.probability


def test_every_beginning_of_the_list_is_a_plan(model):
    limits = Limits(agencies={"Dinas PPPA": 500_000_000}, must=("A03",))
    stairs = staircase(model, limits)
    ranking = cut_safe(model, stairs, limits)
    order = list(ranking.steps.index)
    assert order[0] == "A03"
    for at in range(1, len(order) + 1):
        chosen = model.indices(order[:at])
        assert not model.broken(chosen, limits)
        row = ranking.steps.iloc[at - 1]
        assert row["total"] == model.total(chosen)
        assert row["best_total"] == stairs.at(int(row["cost_so_far"]))["total"] >= row["total"]
    assert list(ranking.at(300_000_000).index) == order[: len(ranking.at(300_000_000))]
    # What the order loses on average is the area between two stairs, here added up rupiah block by rupiah block.
    budgets = np.arange(0, int(ranking.steps["cost_so_far"].iloc[-1]), 10_000_000)
    ends = ranking.steps["cost_so_far"].to_numpy()
    held = np.r_[model.total(np.array([], dtype=int)), ranking.steps["total"]][np.searchsorted(ends, budgets, "right")]
    free = [held[0] if stairs.at(int(b)) is None else stairs.at(int(b))["total"] for b in budgets]
    assert ranking.loss == pytest.approx(np.mean(np.array(free) - held), abs=1e-6)


def test_the_order_is_better_than_points_for_the_money(model):
    stairs = staircase(model)
    ranking = cut_safe(model, stairs)
    alone = model.gains.sum(axis=1) / model.costs
    naive = [model.codes[at] for at in np.argsort(-alone)]
    kept, spent, area = [], 0, 0.0
    total = model.total(np.array([], dtype=int))
    for code in naive:
        trial = model.indices([*kept, code])
        if model.broken(trial, Limits()):
            continue
        area += model.costs[trial[-1]] * total
        spent += model.costs[trial[-1]]
        kept.append(code)
        total = model.total(np.sort(trial))
    budgets = np.r_[stairs.steps["cost"][stairs.steps["cost"] < spent], spent]
    best = float((np.diff(budgets) * stairs.steps["total"][: len(budgets) - 1]).sum())
    assert ranking.loss <= (best - area) / spent + 1e-9


def test_core_actions_stay_whatever_is_drawn(model):
    shares = core_actions(model, Limits(budget=600_000_000), draws=30)
    assert shares.is_monotonic_decreasing
    assert shares.between(0, 1).all()
    assert shares["A03"] == 1.0  # 10.59 points for 70 million: nothing comes near
    assert core_actions(model, Limits(budget=600_000_000, must_not=("A03",)), draws=5)["A03"] == 0


def test_regret_is_what_a_rival_who_knew_would_win(model):
    limits = Limits(budget=600_000_000)
    table = regret(model, most_points(model, limits).actions, limits, retention=fit_retention(load_stage_scores()))
    assert len(table) == 9  # three verifiers, three shares that stay
    assert (table["regret"] >= 0).all()
    assert (table["best_total"] - table["total"]).to_numpy() == pytest.approx(table["regret"].to_numpy(), abs=1e-6)
    empty = regret(model, [], limits)
    assert (empty["regret"] > table["regret"].max()).all()


def test_secured_evidence_never_makes_the_target_dearer(model):
    table = worth_of_evidence(model, 701, Limits(), own_retention(0.85))
    assert table["cost"].is_monotonic_decreasing
    assert table["saved"].iloc[0] == 0
    assert table["total"].iloc[-1] == pytest.approx(650.5)
    assert table["cost"].iloc[-1] == 600_000_000
