"""Plans against brute force: every subset of small random catalogues, tried by the model itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import often
from planning.instances import every_plan, random_instance, replaced

from kla_analysis.errors import ParameterError
from kla_analysis.planning import frontier
from kla_analysis.planning.expected import expected_gain
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import Plan, least_money, most_points, solve
from kla_analysis.showing.plan import proof

INSTANCES = often(100, 500)
# Averages are rounded to the millionth once by us and once by the enumeration.
NEAR = 3e-6
CHANCES = {"chance_low": 0.5, "chance_likely": 0.7, "chance_high": 0.9}


@pytest.mark.parametrize("part", range(5))
def test_exact_on_random_instances(rolled, part):
    for seed in range(part, INSTANCES, 5):
        model, limits = random_instance(rolled, seed, most=8)
        _, costs, totals = every_plan(model, limits)
        assert_every_breakpoint(staircase(model, limits), costs, totals, seed)
        best = most_points(model, limits)
        if not len(costs):
            assert best.status == "infeasible", seed
            assert best.why
            continue
        most = totals.max()
        assert best.status == "optimal", seed
        assert best.total == pytest.approx(most, abs=NEAR), seed
        assert best.cost == costs[totals >= most - NEAR].min(), seed
        assert best.bound >= best.total - 1e-6, seed
        target = min(most, round((totals.min() + 2 * most) / 3, 2))
        cheapest = least_money(model, target, limits)
        assert cheapest.status == "optimal", seed
        assert cheapest.cost == costs[totals >= target - NEAR].min(), seed
        assert cheapest.total == pytest.approx(totals[costs == cheapest.cost].max(), abs=NEAR), seed
        assert not model.broken(model.indices(cheapest.actions), limits)
        out_of_reach = least_money(model, min(1000, most + 1), limits)
        assert out_of_reach.status == "infeasible", seed
        assert out_of_reach.reachable == pytest.approx(most, abs=NEAR), seed


def assert_every_breakpoint(stairs, costs, totals, seed):
    """The staircase holds every cost at which more points can be had, and nothing else."""
    model, limits, steps = stairs.model, stairs.limits, stairs.steps
    assert (stairs.status, stairs.prover) == ("optimal", "enumeration")
    order = np.lexsort((-totals, costs))
    best = np.maximum.accumulate(np.r_[-np.inf, totals[order]])
    rises = order[totals[order] > best[:-1] + NEAR]
    assert steps["cost"].to_list() == costs[rises].tolist(), seed
    assert steps["total"].to_numpy() == pytest.approx(totals[rises], abs=NEAR), seed
    for row in steps.itertuples():
        chosen = model.indices(row.actions)
        assert not model.broken(chosen, limits)
        assert int(model.costs[chosen].sum()) == row.cost


def test_where_it_can_not_be_tried_out_the_solver_climbs_the_same_stairs(rolled, monkeypatch):
    compared = 0
    for seed in range(12):
        model, limits = random_instance(rolled, seed, most=6)
        known = staircase(model, limits)
        monkeypatch.setattr(frontier, "quick_staircase", lambda *given, **options: None)
        climbed = staircase(model, limits)
        monkeypatch.undo()
        assert climbed.steps["cost"].tolist() == known.steps["cost"].tolist(), seed
        assert climbed.steps["total"].to_numpy() == pytest.approx(known.steps["total"].to_numpy(), abs=NEAR), seed
        assert (climbed.status, climbed.prover) == ("optimal", "HiGHS")
        compared += len(known.steps) > 2
    assert compared >= 5


def test_a_dearer_plan_that_is_worth_less_is_no_step(model, monkeypatch):
    """Where the time was over before a plan was proven, a cheaper one may be worth more."""
    made = {300: 660.0, 200: 665.0, 100: 655.0, 0: 655.0}

    def hasty(_, limits):
        cost = max(cost for cost in made if cost <= limits.budget)
        return Plan(model, limits, (), cost, made[cost], "time_limit", np.nan)

    monkeypatch.setattr(frontier, "quick_staircase", lambda *given, **options: None)
    monkeypatch.setattr(frontier, "most_points", hasty)
    climbed = staircase(model, Limits(budget=1000))
    assert climbed.steps[["cost", "total"]].values.tolist() == [[0, 655], [200, 665]]
    assert (climbed.status, climbed.prover) == ("time_limit", "")


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
    alone = [
        dict(answers.groupby("question_code")["raised_to"].max())
        for _, answers in model.catalogue.answers.groupby("action_code")
        if answers["action_code"].iloc[0] in ("A18", "A19")
    ]
    assert {each["7.2"] for each in alone} == {0.6, 0.9}
    questions = model.rollup.questions
    raised = {code: max(each.get(code, 0) for each in alone) for code in set(alone[0]) | set(alone[1])}
    gain = sum(max(0, share * questions.at[c, "max_points"] - questions.at[c, "low"]) for c, share in raised.items())
    assert model.total(model.indices(["A18", "A19"])) == pytest.approx(650.5 + gain)


def some(model, rows, **columns):
    """Return a model of a few actions: `rows` are action, question, share and chance; `columns` of all of them."""
    codes = list(dict.fromkeys(row[0] for row in rows))
    actions = model.catalogue.actions.iloc[: len(codes)].assign(
        group_code=None, prerequisites=[()] * len(codes), **columns
    )
    actions.index = pd.Index(codes, name="action_code")
    answers = pd.DataFrame(
        [(*row, row[3], row[3]) for row in rows],
        columns=["action_code", "question_code", "raised_to", "chance_low", "chance_likely", "chance_high"],
    )
    return replace(model, catalogue=replaced(model.catalogue, actions, answers))


def test_an_expected_value_is_one(model):
    # Two actions of chance 0.7 on one question whose 10 points are all open: 0.91 of them.
    question = next(c for c, row in model.rollup.questions.iterrows() if row["max_points"] == 10)
    nothing = replace(some(model, [("X1", question, 1.0, 0.7), ("X2", question, 1.0, 0.7)]), kept_share=0.0)
    both = replace(nothing, acceptance="likely")
    assert both.total(np.array([0, 1])) == pytest.approx(9.1)
    assert nothing.total(np.array([0, 1])) == 10
    # An indicator that fills: its points count up to its maximum in every outcome, before the average.
    full = model.rollup.indicators.loc["21B", "max_points"]
    inside = model.rollup.questions[model.rollup.questions["indicator_code"] == "21B"]
    rows = [(f"X{at}", code, 1.0, 0.5) for at, code in enumerate(inside.index)]
    average = replace(some(model, rows), kept_share=0.0, acceptance="likely")
    each = inside["max_points"].to_numpy()
    masks = (np.arange(1 << len(each))[:, None] >> np.arange(len(each))) & 1
    wanted = np.minimum(masks @ each, full).mean()
    assert each.sum() > full
    assert average.total(np.arange(len(each))) == pytest.approx(wanted, abs=1e-6)
    assert most_points(average, Limits()).total == pytest.approx(wanted, abs=1e-6)
    assert staircase(average).steps["total"].iloc[-1] == pytest.approx(wanted, abs=1e-6)


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


def test_a_target_that_is_met_exactly_is_met(model):
    stairs = staircase(model)
    step, following = stairs.steps.iloc[3], stairs.steps.iloc[4]
    assert stairs.cheapest(step["total"])["cost"] == step["cost"]
    assert stairs.cheapest(step["total"] + 0.001)["cost"] == following["cost"]
    assert stairs.cheapest(stairs.steps["total"].iloc[-1] + 0.001) is None
    plan = least_money(model, step["total"])
    assert (plan.cost, plan.total, plan.status) == (step["cost"], step["total"], "optimal")
    assert least_money(model, step["total"] + 0.001).cost == following["cost"]
    # Money on the rupiah: what costs just the budget is paid for, one rupiah less does not pay it.
    assert stairs.at(int(step["cost"]))["total"] == step["total"]
    assert stairs.at(int(step["cost"]) - 1)["total"] < step["total"]
    assert most_points(model, Limits(budget=int(step["cost"]))).total == step["total"]
    assert stairs.after(int(step["cost"]))["cost"] == following["cost"]


def test_every_limit_is_kept_on_its_bound_and_broken_beyond_it(model):
    chosen = model.indices(["A03", "A04"])
    spent = int(model.costs[chosen].sum())
    assert model.broken(chosen, Limits(budget=spent)) == []
    assert model.broken(chosen, Limits(budget=spent - 1)) == ["anggaran"]
    for column, attribute in (("agency", "agencies"), ("funding_source", "funding_sources"), ("year", "years")):
        name = model.catalogue.actions[column].iloc[chosen[0]]
        paid = int(model.paid(column, name)[chosen].sum())
        assert paid > 0
        assert model.broken(chosen, Limits(**{attribute: {name: paid}})) == []
        assert len(model.broken(chosen, Limits(**{attribute: {name: paid - 1}}))) == 1
    points = model.components(chosen)["K1"]
    assert model.broken(chosen, Limits(components={"K1": points})) == []
    assert model.broken(chosen, Limits(components={"K1": points + 0.01})) == ["komponen K1"]
    assert model.broken(chosen, Limits(must=("A03",), must_not=("A05",))) == []
    assert model.broken(chosen, Limits(must=("A05",), must_not=("A03",))) == ["wajib A05", "dilarang A03"]
    assert model.broken(chosen, Limits(either_or=(("A03", "A05"),), exactly_one=(("A04", "A05"),))) == []
    assert model.broken(chosen, Limits(either_or=(("A03", "A04"),), exactly_one=(("A05", "A06"),))) == [
        "pilih satu: A03, A04",
        "tepat satu: A05, A06",
    ]
    assert model.broken(chosen, Limits(exactly_one=(("A03", "A04"),))) == ["tepat satu: A03, A04"]


def test_a_prerequisite_is_one_of_its_alternatives(model):
    needy = next(at for at, choices in enumerate(model.needs) if choices)
    first = model.needs[needy][0]
    said = model.broken(np.array([needy]), Limits())
    assert said[0].startswith(f"prasyarat {model.codes[needy]}: {model.codes[first[0]]}")
    helped = np.array(sorted([needy, *(choice[-1] for choice in model.needs[needy])]))
    assert not [each for each in model.broken(helped, Limits()) if each.startswith(f"prasyarat {model.codes[needy]}:")]


def test_points_are_counted_to_the_millionth(rolled, model):
    odd = Model(rolled, model.catalogue, kept_share=1 / 3, acceptance="likely")
    sets = np.eye(len(model.codes), dtype=bool)
    on_average = [
        expected_gain(answered, np.array([1 / 3]), lambda chances: np.array([chances[1] / 7]), sets)
        for answered in model.answered
    ]
    for points in (odd.base, odd.gains, *on_average):
        millionths = points * 1e6
        assert millionths == pytest.approx(np.rint(millionths), rel=0, abs=1e-4)


def test_a_share_of_the_claims_is_between_nothing_and_all(rolled, model):
    assert Model(rolled, model.catalogue, kept_share=0.0).total(np.array([], dtype=int)) == 0
    assert Model(rolled, model.catalogue, kept_share=1.0).total(np.array([], dtype=int)) == 650.5
    for share in (-0.01, 1.01):
        with pytest.raises(ParameterError):
            Model(rolled, model.catalogue, kept_share=share)
    assert least_money(model, 0).actions == ()
    assert least_money(model, 1000).status == "infeasible"
