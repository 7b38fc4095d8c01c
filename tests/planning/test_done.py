"""What is done is no choice any more, its cost is not asked for again, and no point is counted twice."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.evidence.followup import add_decision
from kla_analysis.planning.done import Finished
from kla_analysis.planning.model import NO_LIMITS, Limits
from kla_analysis.planning.scenario import Scenario
from kla_analysis.planning.simulation import simulate
from kla_analysis.showing.plan import plan_in_words

DECIDED = {"award_year": 2022, "decided_on": "2026-10-20", "what": "x", "agency": "Dinkes", "done_on": "2026-11-01"}


@pytest.fixture
def decide(tmp_path, monkeypatch):
    monkeypatch.setenv("KLA_DATA", str(shutil.copytree(ROOT / "data", tmp_path / "data")))
    return lambda **values: add_decision("63.10", **{**DECIDED, "state": "done", **values})


def test_a_done_action_leaves_the_choice_and_its_cost_is_spent(decide, position):
    before = simulate(position, Scenario(target="nindya"))
    code = before.plan.actions[0]
    decide(action_code=code, spent_rupiah=90_000_000)
    after = simulate(position, Scenario(target="nindya", must=(code,)))
    assert code not in after.model.codes
    assert after.before == before.before == 650.5
    assert after.ground.done.spent_rupiah == 90_000_000
    assert "Rp90 juta" in repr(plan_in_words(after))
    assert after.record()["done"] == {"actions": [code], "spent_rupiah": 90_000_000, "added_points": 0.0}
    assert "done" not in before.record()
    # Nothing was written down of its points, so others must be bought.
    assert after.plan.total >= 701
    assert after.plan.cost > before.plan.cost - before.model.costs[before.model.codes.index(code)]


@pytest.mark.parametrize(
    ("claimed", "accepted", "added"), [(9.0, None, "claimed"), (9.0, 7.0, "accepted"), (1.0, None, "nothing")]
)
def test_points_are_those_of_the_question_and_never_counted_twice(decide, position, claimed, accepted, added):
    sheet = position.questions.loc["7.1"]
    assert 1.0 < sheet["low"] < 7.0
    decide(question_code="7.1", points_claimed=claimed, points_accepted=accepted)
    answer = simulate(position, Scenario(goal="points", budget=0))
    wanted = {"claimed": claimed, "accepted": accepted, "nothing": sheet["low"]}[added]
    assert answer.before == pytest.approx(650.5 + wanted - sheet["low"])
    # Once the sheet holds the points, the decision adds nothing to them.
    scores = position.assessment.scores.where(position.assessment.scores.index != "7.1", wanted)
    newer = replace(position, roll_up=kla.roll_up(replace(position.assessment, scores=scores), position.instrument))
    assert simulate(newer, Scenario(goal="points", budget=0)).before == pytest.approx(answer.before)


def test_an_answer_that_was_missing_is_known_then(decide, blanked):
    decide(question_code="7.1", points_claimed=4.0)
    case = kla.open_position("63.10", 2022, assessment=blanked(["7.1", "7.2"]))
    answer = simulate(case, Scenario(goal="points", budget=0))
    assert answer.ground.position.roll_up.missing == ("7.2",)
    assert answer.before == pytest.approx(case.span.low + 4)


@pytest.mark.parametrize("values", [{"award_year": 2023}, {"state": "open", "done_on": None}])
def test_other_rounds_and_open_decisions_change_no_plan(decide, position, values):
    decide(action_code="A04", **values)
    assert not simulate(position, Scenario(target="nindya")).ground.done


def test_what_needs_it_may_begin_and_alternatives_fall_away(position, instrument):
    catalogue = kla.load_catalogue("contoh", instrument)
    needing = catalogue.actions.index[catalogue.actions["prerequisites"].map(len) > 0][0]
    need = catalogue.actions.at[needing, "prerequisites"][0][0]
    group = catalogue.actions["group_code"].dropna()
    first, *others = group.index[group == group.iloc[0]]
    table = pd.DataFrame({"action_code": [need, first]})
    done = Finished(table, position)
    left, limits = done.without(catalogue), done.limits(catalogue, Limits(must=(need,), exactly_one=((need, "A05"),)))
    assert not {need, first} & (
        set(left.actions.index) | set(left.answers["action_code"]) | set(left.rows["action_code"])
    )
    assert all(need not in choice for choices in left.actions["prerequisites"] for choice in choices)
    assert limits.must == ()
    assert limits.exactly_one == ()
    assert set(limits.must_not) == {*others, "A05"} - {need, first}
    assert left.actions.loc[others, "group_code"].isna().all()
    assert Finished(table.iloc[:0], position).limits(catalogue, NO_LIMITS) is NO_LIMITS
