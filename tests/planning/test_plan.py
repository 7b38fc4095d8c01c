"""Plans against brute force: every subset of small random catalogues, tried by the model itself."""

from __future__ import annotations

import numpy as np
import pytest
from planning.instances import every_plan, random_instance

from kla_analysis.errors import ParameterError
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import least_money, most_points

INSTANCES = 200


@pytest.mark.parametrize("part", range(4))
def test_exact_on_random_instances(rolled, part):
    for seed in range(part, INSTANCES, 4):
        model, limits = random_instance(rolled, seed)
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
        target = min(most, round((totals.min() + 2 * most) / 3, 2))
        cheapest = least_money(model, target, limits)
        assert cheapest.cost == costs[totals >= target - 1e-9].min(), seed
        assert not model.broken(model.indices(cheapest.actions), limits)
        out_of_reach = least_money(model, min(1000, most + 1), limits)
        assert out_of_reach.status == "infeasible", seed
        assert out_of_reach.reachable == pytest.approx(most, abs=1e-9), seed


@pytest.mark.parametrize("part", range(2))
def test_the_staircase_holds_every_breakpoint(rolled, part):
    for seed in range(part, INSTANCES, 2):
        model, limits = random_instance(rolled, seed, most=10)
        steps = staircase(model, limits).steps
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
