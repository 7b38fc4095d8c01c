"""Certainty, order, robustness: checked against every plan of small instances and against fresh draws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planning.instances import every_plan, random_instance, replaced
from scipy import stats

from kla_analysis.analysis.forecast import forecast, own_retention
from kla_analysis.errors import ParameterError
from kla_analysis.planning import certainty as certainty_module
from kla_analysis.planning.certainty import Certainty, sure_plan
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import NO_LIMITS, Limits
from kla_analysis.planning.outcomes import between, draw_outcomes
from kla_analysis.planning.plan import most_points
from kla_analysis.planning.ranking import cut_safe, weighted_list
from kla_analysis.planning.robustness import core_actions, regret, worth_of_evidence
from kla_analysis.planning.scenario import Scenario
from kla_analysis.showing.plan import plan_in_words, stair_table


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


def test_a_plan_is_worth_the_same_whichever_was_asked_for_before(rolled):
    """Totals are counted from the plan before, and of many plans at once: as for each by itself."""
    for seed in range(9):
        model, _ = random_instance(rolled, seed)
        model = replace(model, kept_share=0.7123, acceptance=("full", "likely", "low")[seed % 3])
        random, outcomes = np.random.default_rng(seed), draw_outcomes(model, draws=100)
        plans = [np.flatnonzero(random.random(len(model.codes)) < part) for part in random.random(12)]
        alone = [draw_outcomes(model, draws=100).sums(plan) for plan in plans]
        np.testing.assert_allclose([outcomes.sums(plan) for plan in plans], alone, rtol=0, atol=1e-9)
        assert model.totals_of(plans).tolist() == [model.total(plan) for plan in plans]


def test_sure_plans_beside_every_plan(rolled, monkeypatch):
    # Without trying out small catalogues in full, so that the search itself is what is judged.
    monkeypatch.setattr(certainty_module, "_ALL", 0)
    found = within = refused = 0
    for seed in range(18):
        model, limits = random_instance(rolled, seed, most=8)
        members, costs, totals = every_plan(model, limits)
        if not len(costs) or totals.max() <= totals.min() + 1:
            continue
        target = round((totals.min() + totals.max()) / 2, 2)
        check = draw_outcomes(model, draws=20_000, seed=5)
        sure = np.array([check.chance(np.flatnonzero(member), target).probability for member in members])
        for asked in (0.6 * max(sure), max(sure), max(sure) + 0.01):
            if not 0.02 < asked < 0.98:
                continue
            plan, chance = sure_plan(model, target, asked, limits, check=check)
            if plan.status == "infeasible":
                refused += 1
                proven = "Tidak terbukti" not in plan.why
                assert not (proven and asked <= max(sure)), seed  # never a false “not reachable”
                assert chance.probability <= max(sure), seed
                continue
            assert chance.probability >= asked, seed
            assert not model.broken(model.indices(plan.actions), limits)
            found += 1
            within += plan.cost == costs[sure >= asked].min()
    assert found >= 12
    assert refused >= 4
    assert within >= 0.9 * found  # the search is no proof; how often it hits is shown here


def test_small_catalogues_are_tried_out_in_full(rolled):
    for seed in range(15):
        model, limits = random_instance(rolled, seed, most=6)
        members, costs, totals = every_plan(model, limits)
        if not len(costs) or totals.max() <= totals.min() + 1:
            continue
        target = round((totals.min() + totals.max()) / 2, 2)
        check = draw_outcomes(model, draws=20_000, seed=5)
        sure = np.array([check.chance(np.flatnonzero(member), target).probability for member in members])
        asked = max(sure)
        if 0.02 < asked < 0.98:
            assert sure_plan(model, target, asked, limits, check=check)[0].cost == costs[sure >= asked].min(), seed


def test_two_actions_back_each_other_up(model):
    # Each is accepted in 70 of 100 outcomes; both for one question together in 91.
    two = actions_on(model, ["21C.1", "21C.1"], chance=0.7, cost=10**8)
    target = two.total(np.array([0]))
    plan, chance = sure_plan(two, target, 0.8)
    assert plan.actions == tuple(two.codes)
    assert plan.cost == pytest.approx(plan.bound) == 2 * 10**8  # one alone is not enough on the sample either
    assert chance.probability == pytest.approx(0.91, abs=0.005)
    too_sure = sure_plan(two, target, 0.95)[0]
    assert "semua kegiatan yang boleh pun hanya 9" in too_sure.why


def actions_on(model, questions, *, chance, cost):
    """Return the model with one action for each question that raises it to its maximum."""
    actions = model.catalogue.actions.iloc[: len(questions)].assign(
        group_code=None, prerequisites=[()] * len(questions)
    )
    actions = actions.assign(cost_low=cost, cost_likely=cost, cost_high=cost)
    columns = {"action_code": actions.index, "question_code": questions, "raised_to": 1.0}
    chances = {f"chance_{level}": chance for level in ("low", "likely", "high")}
    return replace(model, catalogue=replaced(model.catalogue, actions, pd.DataFrame(columns | chances)))


def test_what_no_plan_beats_is_counted_within_the_ceilings(model):
    two = actions_on(model, ["21C.1", "21C.1"], chance=0.9, cost=[10**8, 3 * 10**8])
    agencies = ["Dinkes", "Dinsos"]
    two = replace(two, catalogue=replace(two.catalogue, actions=two.catalogue.actions.assign(agency=agencies)))
    target = two.total(np.array([0]))
    for limits, cost in ((NO_LIMITS, 10**8), (Limits(agencies={"Dinkes": 9 * 10**7}), 3 * 10**8)):
        plan, _ = sure_plan(two, target, 0.8, limits)
        assert plan.cost == pytest.approx(plan.bound) == cost


@pytest.mark.parametrize("certainty", [-0.1, 0, 1, 1.5])
def test_what_is_no_probability_is_refused(model, certainty):
    with pytest.raises(ParameterError, match="di antara 0 dan 1"):
        sure_plan(model, 701, certainty)


def test_the_surest_plan_is_surer_than_all_that_were_tried(rolled):
    tried = 0
    for seed in range(12):
        model, limits = random_instance(rolled, seed, most=4)
        _, costs, totals = every_plan(model, limits)
        if len(costs) < 3 or totals.max() <= totals.min() + 1:
            continue
        target = round((totals.min() + totals.max()) / 2, 2)
        search = Certainty(model, target, limits, None, draw_outcomes(model, draws=5_000, seed=5))
        found, chance = search.surest()
        assert not model.broken(np.array(sorted(found), dtype=int), limits)
        assert chance.probability == max(search.check.chance(plan, target).probability for plan in search.known), seed
        tried += len(search.known) <= 20
    assert tried >= 5


def test_the_cheapest_sure_plan_of_the_example(model):
    plan, chance = sure_plan(model, 701, 0.8)
    assert plan.cost <= 1_060_000_000
    assert chance.probability >= 0.8
    assert chance.plans > 1  # how many plans the same draws judged is said


def test_certainty_keeps_the_points_of_components(model):
    for limits, asked in (
        (Limits(budget=1_200_000_000, components={"K4": 82}), 0.3),
        (Limits(budget=2_000_000_000, components={"K3": 116}), 0.5),
    ):
        plan, chance = sure_plan(model, 701, asked, limits)
        if plan.status != "infeasible":
            assert not model.broken(model.indices(plan.actions), limits)
            assert chance.probability >= asked


def test_nobody_is_that_sure(model):
    plan, chance = sure_plan(model, 701, 0.9999, Limits(budget=600_000_000))
    assert plan.status == "infeasible"
    assert "99,99%" in plan.why
    assert "100%" not in plan.why
    assert chance.probability < 0.9999


def test_the_price_of_certainty_is_one_number(simulator):
    answer = simulator.run(Scenario())
    sure = simulator.run(Scenario(goal="certainty", certainty=0.8))
    record = answer.record()
    assert record["sure"]["cost"] == sure.plan.cost == sure.record()["sure"]["cost"] == sure.record()["cost"]
    table = stair_table(answer.sure, answer).frame.set_index("what")
    assert table.at["peluang 80% atau lebih", "cost"] == sure.plan.cost
    assert "menilai" in repr(plan_in_words(sure))


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


def test_of_a_group_that_must_have_one_the_cheapest_wanted_comes_first(model):
    limits = Limits(exactly_one=(("A02", "A05"),))
    stairs = staircase(model, limits)
    wanted = ["A05", *(code for code in stairs.steps["actions"].iloc[-1] if code not in ("A02", "A05"))]
    cheaper = [code for code in wanted if model.costs[model.indices([code])] < model.costs[model.indices(["A05"])]]
    assert cheaper
    order = list(cut_safe(model, stairs, limits, among=tuple(wanted)).steps.index)
    assert order[0] == "A05"
    assert "A02" not in order


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


@pytest.mark.parametrize(
    ("costs", "budget"), [([10**6] * 6, 6 * 10**6), ([0, *[20_000_000] * 5], 10**8), ([1, 2, 3, 4, 5, 6], 21)]
)
def test_cheap_and_free_actions_are_core_where_all_are_paid_for(model, costs, budget):
    actions = model.catalogue.actions.iloc[:6].assign(group_code=None, prerequisites=[()] * 6)
    actions = actions.assign(cost_low=costs, cost_likely=costs, cost_high=costs)
    answers = model.catalogue.answers
    first = answers[answers["action_code"].isin(actions.index)].drop_duplicates("question_code")
    six = replace(model, catalogue=replaced(model.catalogue, actions, first))
    shares = core_actions(six, Limits(budget=budget))
    assert shares.attrs["draws"] == 1000
    assert (shares == 1).all()


def test_without_a_solver_the_plans_are_the_same(rolled):
    for seed in range(20):
        model, limits = random_instance(rolled, seed, most=8)
        limits = replace(limits, components={})
        members, _, _ = every_plan(replace(model, acceptance="full"), limits)
        fast = core_actions(model, limits, retention=own_retention(0.9), draws=4, seed=seed)
        rng = np.random.default_rng(seed)
        # The same draws by hand, each tried out in full.
        lots, rows = rng.random((4, len(model.codes))), model.catalogue.rows
        strict, held = rng.random(4), np.zeros(len(model.codes))
        for at in range(4):
            of = pd.Index(model.codes).get_indexer(rows["action_code"])
            drawn = between(*(rows[f"cost_{level}"].to_numpy() for level in ("low", "likely", "high")), lots[at][of])
            split = rows.assign(cost_likely=np.rint(drawn).astype(np.int64))
            answers = model.catalogue.answers
            chances = between(
                *(answers[f"chance_{level}"].to_numpy() for level in ("low", "likely", "high")),
                np.full(len(answers), strict[at]),
            )
            actions = model.catalogue.actions.assign(cost_likely=split.groupby("action_code")["cost_likely"].sum())
            catalogue = replace(
                model.catalogue, actions=actions, answers=answers.assign(chance_likely=chances), split=split
            )
            again = replace(model, catalogue=catalogue, kept_share=0.9, acceptance="likely")
            members, costs, totals = every_plan(again, limits)
            if len(costs):
                held += members[np.lexsort((costs, -totals.round(5)))[0]]
        expected = pd.Series(held / 4, index=model.codes).sort_index()
        pd.testing.assert_series_equal(fast.sort_index(), expected, check_names=False, obj=str(seed))


def test_regret_of_small_catalogues_is_that_of_plain_enumeration(rolled):
    for seed in range(20):
        model, limits = random_instance(rolled, seed, most=7)
        limits = replace(limits, components={})
        for _, row in regret(model, [], limits).query("strictness == 'likely'").iterrows():
            _, _, totals = every_plan(replace(model, acceptance="likely"), limits)
            if len(totals):
                assert row["best_total"] == pytest.approx(totals.max(), abs=1e-5), seed


def test_regret_is_what_a_rival_who_knew_would_win(model):
    limits = Limits(budget=600_000_000)
    kept = forecast(650.5, "self_assessment", year=2025).retention
    table = regret(model, most_points(model, limits).actions, limits, retention=kept)
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
    assert table["points"].iloc[0] == 0
    assert table["points"].iloc[-1] == pytest.approx(table["total"].iloc[-1] - table["total"].iloc[0])


def test_the_published_list_for_weighted_budgets(model):
    # LOGOS (Idaho National Laboratory), ten projects and ten budgets: the best list is worth 105.628 on average.
    worth, cost = [18, 20, 17, 19, 25, 21, 27, 23, 25, 24], [1, 3, 7, 4, 8, 9, 6, 10, 2, 5]
    weights = [0.012, 0.019, 0.032, 0.052, 0.086, 0.142, 0.235, 0.188, 0.141, 0.093]
    questions = model.rollup.questions
    room = (questions["max_points"] - questions["low"])[lambda open_: open_ >= 2.7]
    chosen = room.groupby(questions["indicator_code"].reindex(room.index)).idxmax().iloc[:10].tolist()
    ten = actions_on(model, chosen, chance=0.5, cost=np.array(cost) * 10**6)
    raised = [
        (questions.at[at, "low"] + value / 10) / questions.at[at, "max_points"]
        for at, value in zip(chosen, worth, strict=True)
    ]
    ten = replace(ten, catalogue=replace(ten.catalogue, answers=ten.catalogue.answers.assign(raised_to=raised)))
    budgets = [(at * 10**6, weight) for at, weight in zip(range(11, 21), weights, strict=True)]
    ranking = weighted_list(ten, staircase(ten), Limits(), budgets)
    before = ten.total(np.array([], dtype=int))
    held = sum(weight * (ranking.at(budget)["total"].iloc[-1] - before) for budget, weight in budgets)
    assert ranking.status == "optimal"
    free = sum(weight * staircase(ten).at(budget)["total"] for budget, weight in budgets)
    assert ranking.loss == pytest.approx(free - before - held, abs=1e-6)
    assert held * 10 == pytest.approx(105.628, abs=1e-6)


def test_what_lies_between_low_and_high_is_triangular():
    lots = np.linspace(0, 1, 101)
    for low, likely, high in ((0.2, 0.5, 0.9), (10, 10, 40), (10, 40, 40)):
        expected = stats.triang.ppf(lots, (likely - low) / (high - low), loc=low, scale=high - low)
        assert between(low, likely, high, lots) == pytest.approx(expected)
    assert between(5, 5, 5, lots) == pytest.approx(5)  # nothing is in doubt
    assert between(0.2, 0.5, 0.9, np.array([3 / 7])) == pytest.approx(0.5)  # the peak


def test_a_list_of_one_bundle_is_that_bundle(model):
    assert list(cut_safe(model, staircase(model), Limits(), among=("A03",)).steps.index) == ["A03"]
    needy = next(at for at, choices in enumerate(model.needs) if choices)
    both = {model.codes[needy], *(model.codes[choice[0]] for choice in model.needs[needy])}
    order = list(cut_safe(model, staircase(model), Limits(), among=tuple(both)).steps.index)
    assert set(order) == both
    assert order[-1] == model.codes[needy]  # behind what it needs


@pytest.mark.parametrize(("target", "certainty"), [(701, 0.8), (801, 0.5)])
def test_no_exchange_of_a_sure_plan_is_cheaper(model, monkeypatch, target, certainty):
    """Where exchanges alone have to find it: each plan that they lead to is as sure, counted anew, and none leads on."""
    monkeypatch.setattr(certainty_module, "_MOST_COLUMNS", 0)
    search = Certainty(model, target, NO_LIMITS, None, draw_outcomes(model, draws=20_000, seed=5))
    climbed = set(search.known)
    best, _ = search.cheapest(certainty)
    learnt = set(search.known) - climbed
    assert learnt
    for plan in learnt:
        assert search.choosing.chance(plan, target).probability >= certainty
    outside = set(range(len(model.codes))) - best
    for away in (best - {out} | into for out in best for into in (set(), *({one} for one in outside))):
        if model.costs[list(away)].sum() < model.costs[list(best)].sum():
            assert search.choosing.chance(away, target).probability < certainty


def given_up(model, stairs, order):
    """Return the points that a list gives up on average over every budget, added up between all steps of both stairs."""
    ends = np.cumsum(model.costs[order])
    totals = [model.total(np.sort(order[:at]).astype(int)) for at in range(len(order) + 1)]
    budgets = np.unique([0, *ends, *stairs.steps["cost"][stairs.steps["cost"] < ends[-1]]])
    held = np.array(totals)[np.searchsorted(ends, budgets[:-1], "right")]
    free = np.array([totals[0] if stairs.at(int(at)) is None else stairs.at(int(at))["total"] for at in budgets[:-1]])
    return float(((free - held) * np.diff(budgets)).sum() / ends[-1])


def in_order(model, order):
    return all(set(order[:at]) & set(choice) for at, one in enumerate(order) for choice in model.needs[one])


def test_no_action_moved_alone_makes_the_list_better(rolled):
    moved = 0
    for seed in range(30):
        model, limits = random_instance(rolled, seed, most=7)
        limits = Limits(either_or=limits.either_or)
        stairs = staircase(model, limits)
        ranking = cut_safe(model, stairs, limits)
        order = model.catalogue.actions.index.get_indexer(ranking.steps.index).tolist()
        if len(order) < 2 or any(model.groups(limits)):
            continue
        assert in_order(model, order), seed
        assert ranking.loss == pytest.approx(given_up(model, stairs, order), abs=1e-5), seed
        for at in order:
            rest = [each for each in order if each != at]
            for place in range(len(order)):
                tried = [*rest[:place], at, *rest[place:]]
                if in_order(model, tried):
                    moved += tried != order
                    assert given_up(model, stairs, tried) >= ranking.loss - 1e-5, seed
    assert moved > 50


def test_a_list_for_weighted_budgets_keeps_what_needs_behind_what_it_needs(rolled):
    needy = 0
    for seed in range(30):
        model, _ = random_instance(rolled, seed, most=7)
        whole = int(model.costs.sum())
        budgets = [(whole // 3, 0.5), (whole // 2, 0.2), (whole, 0.3)]
        if model.catalogue.actions["group_kind"].notna().any():
            continue
        steps = weighted_list(model, staircase(model), Limits(), budgets).steps
        order = model.catalogue.actions.index.get_indexer(steps.index).tolist()
        assert in_order(model, order), seed
        needy += any(model.needs[at] for at in order)
    assert needy >= 3


def test_what_comes_with_one_budget_stands_by_points_for_the_money(model):
    questions = model.rollup.questions
    room = (questions["max_points"] - questions["low"])[lambda open_: open_ > 2]
    chosen = room.groupby(questions["indicator_code"].reindex(room.index)).idxmax().iloc[:6].tolist()
    six = actions_on(model, chosen, chance=0.5, cost=np.array([7, 1, 40, 3, 9, 2]) * 10**7)
    steps = weighted_list(six, staircase(six), NO_LIMITS, [(10**9, 1.0)]).steps
    rates = steps["total"].diff().fillna(steps["total"].iloc[0] - six.total(np.array([], dtype=int))) / steps["cost"]
    assert len(steps) == 6
    assert rates.is_monotonic_decreasing


def test_a_list_that_can_not_be_is_refused(model):
    both = Limits(must=("A03",), must_not=("A03",))
    with pytest.raises(ParameterError, match="Tidak ada urutan"):
        weighted_list(model, staircase(model), both, [(10**9, 1.0)])


def test_where_nothing_can_be_decided_nothing_is_core(model):
    group = tuple(model.catalogue.actions.index[:2])
    limits = Limits(exactly_one=(group,), must_not=group)
    assert most_points(model, limits).status == "infeasible"
    assert (core_actions(model, limits, draws=5) == 0).all()
    assert (regret(model, [], limits)["regret"] == 0).all()
