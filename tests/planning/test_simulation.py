"""One answer for all who ask: the notebook, the app, the report and the command."""

import shutil
from dataclasses import replace
from functools import partial

import pytest
from conftest import ROOT
from planning.instances import two_hundred

from kla_analysis.analysis.position import open_position
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import NothingFound, least_money, most_points, solve
from kla_analysis.planning.scenario import Scenario, load_scenario
from kla_analysis.planning.simulation import Simulator, difference, simulate
from kla_analysis.showing.plan import proof


@pytest.mark.parametrize("budget", [0, 29_999_999, 30_000_000, 450_000_000, 2_000_000_000, 10**12])
def test_what_the_staircase_says_is_what_the_solver_says(simulator, model, budget):
    answer = simulator.run(Scenario(goal="points", budget=budget))
    solved = most_points(model, Limits(budget=budget))
    assert (answer.plan.total, answer.plan.cost, answer.plan.status) == (solved.total, solved.cost, "optimal")
    assert answer.record()["probability"] is not None


def test_the_most_points_have_the_whole_budget_a_target_what_its_plan_costs(simulator):
    assert simulator.run(Scenario(goal="points", budget=450_000_001)).budget == 450_000_001
    for asked in (Scenario(goal="points"), Scenario(target="nindya"), Scenario(target="nindya", budget=10**12)):
        answer = simulator.run(asked)
        assert answer.budget == answer.plan.cost


def test_a_target_that_is_reached_already(simulator):
    answer = simulator.run(Scenario(target="madya"))
    assert (answer.plan.actions, answer.plan.cost) == ((), 0)
    assert answer.chance.probability == 1
    assert answer.order.empty
    assert {"rank", "name", "cost", "total"} <= set(answer.order.columns)


def test_under_all_limits_the_answer_is_the_solvers(simulator, model):
    asked = Scenario(
        target="nindya",
        agencies={"Dinas PPPA": "200 juta"},
        funding_sources={"APBD": "700 juta"},
        years={2026: "1 miliar"},
        must=("A04",),
        must_not=("A03",),
        either_or=(("A18", "A25"),),
        components={"K1": 80},
    )
    answer = simulator.run(asked)
    assert answer.plan.cost == least_money(model, 701, asked.limits).cost
    assert not model.broken(model.indices(answer.plan.actions), asked.limits)
    spent = answer.spending("agency")
    assert spent.loc["Dinas PPPA", "cost"] <= spent.loc["Dinas PPPA", "ceiling"] == 200_000_000
    assert spent["cost"].sum() == answer.plan.cost


def test_a_claimed_sheet_is_planned_on_what_verification_leaves():
    answer = simulate(open_position("reference", 2024), Scenario(target="nindya"))
    assert answer.ground.retention is not None
    assert answer.before == pytest.approx(771.81 * answer.model.kept_share, abs=4)
    own = simulate(open_position("reference", 2024), Scenario(target="nindya", retention=0.9))
    assert own.model.kept_share == pytest.approx(0.9)
    assert own.plan.cost < answer.plan.cost


def test_where_answers_are_missing_both_ends_are_planned(blanked):
    case = open_position("63.10", 2022, assessment=blanked(["7.1", "7.2"]))
    answer = simulate(case, Scenario(target="nindya"))
    best = answer.at_best
    assert (answer.before, best.before) == (case.span.low, case.span.high)
    assert best.plan.cost < answer.plan.cost
    assert best.at_best is None
    assert answer.record()["at_best"] == {
        "before": best.before,
        "cost": best.plan.cost,
        "total": best.plan.total,
        "probability": best.chance.probability,
    }


def test_where_the_limits_contradict_each_other_every_table_is_empty(simulator):
    answer = simulator.run(Scenario(target="nindya", exactly_one=(("A01", "A02"),), must_not=("A01", "A02")))
    assert answer.infeasible
    for table in (answer.order, answer.cuts, answer.core, answer.regret, answer.evidence, answer.sure):
        assert table.empty
    record = answer.record()
    assert (record["activities"], record["cost"], record["spending"], record["sure"]) == ([], None, None, None)


def test_the_activities_of_a_record_begin_with_those_without_which_most_is_lost(simulator):
    answer = simulator.run(Scenario(target="nindya"))
    lost = answer.funded["points_without"]
    named = [one["code"] for one in answer.record()["activities"]]
    assert sorted(named) == sorted(answer.plan.actions)
    assert lost[named].is_monotonic_decreasing
    assert sum(one["cost"] for one in answer.record()["activities"]) == answer.plan.cost
    for column, spent in answer.record()["spending"].items():
        assert sum(one["cost"] for one in spent) == answer.plan.cost
        assert {one["name"] for one in spent} == set(answer.spending(column).index)


def test_a_catalogue_that_was_changed_is_read_anew_and_the_others_are_kept(position, tmp_path):
    own = tmp_path / "sendiri"
    shutil.copytree(ROOT / "data/actions/contoh", own)
    simulator = Simulator(position)
    example, mine = (simulator.ground(Scenario(target="nindya", catalogue=name)) for name in ("", str(own)))
    simulator.forget(mine.catalogue.id)
    assert simulator.ground(Scenario(target="nindya")) is example
    assert simulator.ground(Scenario(target="nindya", catalogue=str(own))) is not mine


def test_the_difference_adds_up(simulator):
    one, other = (simulator.run(load_scenario(name)) for name in ("anggaran-600-juta", "nindya-80-persen"))
    table = difference(one, other)
    assert table["difference"].sum() == pytest.approx(other.plan.total - one.plan.total)


def test_the_next_hundred_million_is_planned_again(simulator, model):
    answer = simulator.run(Scenario(goal="points", budget=600_000_000))
    more = most_points(model, Limits(budget=700_000_000))
    assert answer.next_step["points"] == pytest.approx(more.total - answer.plan.total)
    assert set(answer.plan.actions) - set(answer.next_step["go"]) | set(answer.next_step["come"]) == set(more.actions)


def test_a_cut_keeps_what_is_still_paid_for(simulator):
    answer = simulator.run(load_scenario("nindya-termurah"))
    for row in answer.cuts.itertuples():
        kept = [code for code in answer.plan.actions if code not in row.dropped]
        assert answer.model.costs[answer.model.indices(kept)].sum() <= row.budget
        assert row.total <= row.free_total


def test_time_that_is_too_short_is_said(model):
    with pytest.raises(NothingFound, match="Beri waktu lebih lama"):
        most_points(model, Limits(budget=450_000_000), time_limit=1e-9)


def test_time_that_runs_out_leaves_the_best_so_far_with_what_no_plan_can_beat(rolled, instrument, model, monkeypatch):
    many = Model(rolled, two_hundred(model.catalogue, instrument), acceptance="likely")
    limits = Limits(budget=3_000_000_000)
    best = most_points(many, limits)
    # One branch instead of seconds, so that the end comes at the same place on every machine.
    monkeypatch.setattr("kla_analysis.planning.plan.solve", partial(solve, nodes=1))
    plan = most_points(many, limits)
    assert (best.status, plan.status) == ("optimal", "time_limit")
    assert plan.total <= best.total <= plan.bound
    assert not many.broken(many.indices(plan.actions), limits)
    assert "Waktu habis" in proof(plan)


def test_spending_stands_in_the_order_of_the_years_else_the_largest_first(simulator):
    answer = simulator.run(Scenario(goal="points", budget=10**12))
    years, agencies = answer.spending("year"), answer.spending("agency")
    assert list(years.index) == sorted(years.index)
    assert len(years) > 1
    assert agencies["cost"].is_monotonic_decreasing
    assert list(agencies.index) != sorted(agencies.index)
    assert years["cost"].sum() == agencies["cost"].sum() == answer.plan.cost


def test_on_average_an_action_is_worth_its_chance(model):
    full, likely = model.gains, replace(model, acceptance="likely").gains
    answers = model.catalogue.answers
    for action, question, chance in answers[["action_code", "question_code", "chance_likely"]].itertuples(index=False):
        at = model.codes.index(action), model.rollup.questions.index.get_loc(question)
        assert likely[at] == pytest.approx(full[at] * chance, abs=1e-6)
