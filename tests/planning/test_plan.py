"""Plans against brute force: every subset of small random catalogues, tried by the model itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planning.instances import every_plan, random_instance, replaced

from kla_analysis.errors import ParameterError
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import least_money, most_points, solve
from kla_analysis.presenting.plan_wording import proof

INSTANCES = 500
CHANCES = {"chance_low": 0.5, "chance_likely": 0.7, "chance_high": 0.9}


@pytest.mark.parametrize("part", range(5))
def test_exact_on_random_instances(rolled, part):
    for seed in range(part, INSTANCES, 5):
        model, limits = random_instance(rolled, seed, most=10)
        _, costs, totals = every_plan(model, limits)
        best = most_points(model, limits)
        if not len(costs):
            assert best.status == "infeasible", seed
            assert best.why
            continue
        most = totals.max()
        assert best.status == "optimal", seed
        assert best.total == pytest.approx(most, abs=1e-9), seed
        assert best.cost == costs[totals >= most - 1e-9].min(), seed
        assert best.bound >= best.total - 1e-6, seed
        target = min(most, round((totals.min() + 2 * most) / 3, 2))
        cheapest = least_money(model, target, limits)
        assert cheapest.status == "optimal", seed
        assert cheapest.cost == costs[totals >= target - 1e-9].min(), seed
        assert cheapest.total == pytest.approx(totals[costs == cheapest.cost].max(), abs=1e-9), seed
        assert not model.broken(model.indices(cheapest.actions), limits)
        out_of_reach = least_money(model, min(1000, most + 1), limits)
        assert out_of_reach.status == "infeasible", seed
        assert out_of_reach.reachable == pytest.approx(most, abs=1e-9), seed


@pytest.mark.parametrize("part", range(2))
def test_the_staircase_holds_every_breakpoint(rolled, part):
    for seed in range(part, INSTANCES, 2):
        model, limits = random_instance(rolled, seed, most=10)
        stairs = staircase(model, limits)
        steps = stairs.steps
        assert (stairs.status, stairs.prover) == ("optimal", "enumeration")
        _, costs, totals = every_plan(model, limits)
        order = np.lexsort((-totals, costs))
        best = np.maximum.accumulate(np.r_[-np.inf, totals[order]])
        rises = order[totals[order] > best[:-1] + 1e-9]
        assert steps["cost"].to_list() == costs[rises].tolist(), seed
        assert steps["total"].to_numpy() == pytest.approx(totals[rises], abs=1e-9), seed
        for row in steps.itertuples():
            chosen = model.indices(row.actions)
            assert not model.broken(chosen, limits)
            assert int(model.costs[chosen].sum()) == row.cost


def with_costs(model, costs):
    """Return the model with other costs, rupiah: all three of the range."""
    actions = model.catalogue.actions.assign(cost_low=costs, cost_likely=costs, cost_high=costs)
    return replace(model, catalogue=replace(model.catalogue, actions=actions))


@pytest.mark.parametrize(
    ("budget", "total"), [(2_500_000_000, 789.82), (3_000_000_000, 804.99), (3_400_000_000, 816.67)]
)
def test_budgets_as_they_are_written(model, budget, total):
    # Rounded costs with an odd rest; a ceiling that asks nothing leads to another way of solving.
    costs = model.catalogue.actions["cost_likely"] + 12_345 * np.arange(len(model.codes)) + 1
    odd = with_costs(model, costs)
    solved = most_points(odd, Limits(budget=budget))
    vacuous = staircase(odd, Limits(budget=budget, components={"K0": 0.0}))
    assert (solved.total, solved.status, solved.bound, solved.prover) == (total, "optimal", total, "HiGHS")
    assert (vacuous.steps["total"].iloc[-1], vacuous.prover) == (total, "enumeration")
    assert solved.cost == vacuous.steps["cost"].iloc[-1]


def test_five_large_costs(rolled, model):
    costs = [6_056_770_799, 2_498_054_347, 8_157_421_755, 7_450_975_409, 3_865_738_767]
    questions = ["2.1", "5.1", "8.1", "16.1", "22A.1"]
    actions = model.catalogue.actions.iloc[:5].assign(group_code=None, prerequisites=[()] * 5)
    actions = actions.assign(cost_low=costs, cost_likely=costs, cost_high=costs)
    answers = pd.DataFrame({"action_code": actions.index, "question_code": questions, "raised_to": 1.0} | CHANCES)
    five = Model(rolled, replaced(model.catalogue, actions, answers))
    limits = Limits(budget=14_214_192_554)
    _, spent, totals = every_plan(five, limits)
    plan = most_points(five, limits)
    assert (plan.total, plan.status) == (totals.max(), "optimal")
    assert plan.cost == spent[totals == totals.max()].min()


@pytest.mark.parametrize("limits", [Limits(), Limits(components={"K0": 0.0}), Limits(years={2026: 10**12})])
def test_of_equally_cheap_plans_the_one_with_more_points(rolled, model, limits):
    # Both cost the same and reach the target; one raises a question to 0.8, the other another one to its full.
    actions = model.catalogue.actions.iloc[:2].assign(group_code=None, prerequisites=[(), ()], year=2026)
    actions = actions.assign(cost_low=10**8, cost_likely=10**8, cost_high=10**8)
    answers = pd.DataFrame(
        {"action_code": actions.index, "question_code": ["22A.1", "21C.1"], "raised_to": [0.8, 1.0]} | CHANCES
    )
    two = Model(rolled, replaced(model.catalogue, actions, answers))
    most = max(two.total(np.array([at])) for at in (0, 1))
    target = min(two.total(np.array([at])) for at in (0, 1))
    assert target < most
    assert least_money(two, target, limits).total == most
    assert staircase(two, limits).cheapest(target)["total"] == most


def test_a_proof_that_does_not_hold_is_none(model, monkeypatch):
    def boastful(objective, *args, **options):
        values, proven, bound = solve(objective, *args, **options)
        return values, proven, bound + 1000  # the solver claims that nothing reaches what it found

    monkeypatch.setattr("kla_analysis.planning.plan.solve", boastful)
    plan = most_points(model, Limits(budget=600_000_000))
    assert (plan.status, plan.prover) == ("unproven", "")
    assert np.isnan(plan.bound)
    assert "Terbukti" not in proof(plan)


def test_a_second_solve_without_time_is_no_proof(model, monkeypatch):
    runs = []

    def hasty(*args, **options):
        runs.append(1)
        return solve(*args, **options, **({"nodes": 0} if len(runs) > 1 else {}))

    monkeypatch.setattr("kla_analysis.planning.plan.solve", hasty)
    plan = most_points(model, Limits(budget=2_510_000_000))
    assert plan.status == "time_limit"
    assert plan.bound == plan.total
    assert "Poinnya terbukti terbanyak" in proof(plan)


def test_no_point_is_counted_twice(model):
    # A18 raises 7.2 to 0.6 and A19 to 0.9 of its 22 points: together 0.9, once.
    both = model.points(model.indices(["A18", "A19"]))
    at = model.rollup.questions.index.get_loc("7.2")
    assert both[at] == pytest.approx(0.9 * 22)


def test_the_cheapest_way_to_nindya(model):
    plan = least_money(model, 701)
    assert (plan.status, plan.placement.predicate) == ("optimal", "nindya")
    assert plan.cost == staircase(model).cheapest(701)["cost"] == 600_000_000
    assert plan.bound == pytest.approx(plan.cost)
    assert (plan.table["points_without"] > 0).all()
    # No cheaper plan reaches it, as the stairs below show.
    assert staircase(model).at(plan.cost - 1)["total"] < 701


def test_the_budget_at_its_ends(model):
    nothing = most_points(model, Limits(budget=0))
    assert (nothing.actions, nothing.cost, nothing.total) == ((), 0, 650.5)
    assert most_points(model, Limits(budget=29_999_999)).actions == ()  # below the cheapest action
    everything = most_points(model, Limits(budget=10**12))
    assert everything.total == pytest.approx(most_points(model, Limits()).total)


def test_what_can_not_be_says_which_demand_meets_which_ceiling(model):
    plan = least_money(model, 800, Limits(budget=1_000_000_000))
    assert plan.status == "infeasible"
    assert "anggaran Rp1 miliar" in plan.why
    assert plan.reachable == most_points(model, Limits(budget=1_000_000_000)).total
    beyond = least_money(model, 1000)
    assert "semua kegiatan" in beyond.why
    contradiction = most_points(model, Limits(must=("A01", "A02")))  # of one group
    assert contradiction.status == "infeasible"
    assert "wajib A01, A02" in contradiction.why


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(must=("A99",)), "A"),
        (Limits(agencies={"Dinkess": 1}), "Dinkes"),
        (Limits(years={1999: 1}), "2026"),
        (Limits(components={"K9": 1}), "K"),
    ],
)
def test_unknown_names_are_refused(model, limits, words):
    with pytest.raises(ParameterError, match=words):
        most_points(model, limits)


def test_impossible_assumptions_are_refused(rolled, model):
    with pytest.raises(ParameterError, match="tidak mungkin"):
        Model(rolled, model.catalogue, kept_share=1.2)
    with pytest.raises(ParameterError, match="likely"):
        Model(rolled, model.catalogue, cost="likly")
    with pytest.raises(ParameterError, match="tidak mungkin"):
        least_money(model, 1001)
