"""Plans against brute force: every subset of small random catalogues, tried by the model itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kla_analysis as kla
from kla_analysis.analysis.scoring import totals_of
from kla_analysis.errors import ParameterError
from kla_analysis.planning.actions import Catalogue, load_catalogue
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import least_money, most_points

INSTANCES = 200


@pytest.fixture(scope="session")
def rolled(tanah_bumbu, instrument):
    return kla.roll_up(tanah_bumbu, instrument)


@pytest.fixture(scope="session")
def model(rolled, instrument):
    return Model(rolled, load_catalogue("contoh", instrument))


def random_instance(rolled, seed: int, most: int = 14) -> tuple[Model, Limits]:
    """Make a small catalogue with overlaps, groups, prerequisites, full indicators and all kinds of limits."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, most + 1))
    codes = [f"X{at}" for at in range(count)]
    # A narrow choice of questions, 19 and 21B among them, so that actions overlap and indicators fill up.
    pool = [*rolled.questions.index[rolled.questions["indicator_code"].isin(["19", "21B"])], "6.3", "7.2", "8.3"]
    agencies = ["Dinas PPPA", "Dinkes", "Dinsos"]
    actions = pd.DataFrame(
        {
            "name": codes,
            "component_code": "K0",
            "agency": random.choice(agencies, count),
            "funding_source": random.choice(["APBD", "CSR"], count),
            "year": random.choice([2026, 2027], count),
            "group_code": [random.choice(["g", "h"]) if random.random() < 0.3 else None for _ in codes],
            "prerequisites": [
                (codes[int(random.integers(at))],) if at and random.random() < 0.25 else () for at in range(count)
            ],
        },
        index=pd.Index(codes, name="action_code"),
    )
    for cost in ("cost_low", "cost_likely", "cost_high"):
        actions[cost] = random.integers(1, 60, count) * 10_000_000
    rows = []
    for code in codes:
        for question in random.choice(pool, int(random.integers(1, 6)), replace=False):
            rows.append((code, question, random.choice([0.5, 0.8, 1.0]), 0.4, random.choice([0.6, 0.9]), 0.95))
    answers = pd.DataFrame(
        rows, columns=["action_code", "question_code", "raised_to", "chance_low", "chance_likely", "chance_high"]
    )
    model = Model(
        rolled,
        Catalogue("acak", "acak", "assumed", "", actions, answers),
        kept_share=float(random.choice([1.0, 0.9])),
        acceptance="likely" if random.random() < 0.4 else "full",
    )
    limits = Limits(budget=int(random.integers(0, 200)) * 10_000_000)
    if random.random() < 0.5:
        limits = Limits(
            budget=limits.budget,
            agencies={actions["agency"].iloc[0]: int(random.integers(0, 80)) * 10_000_000},
            years={int(actions["year"].iloc[0]): int(random.integers(0, 120)) * 10_000_000},
            must=(codes[0],) if random.random() < 0.2 and not actions["prerequisites"].iloc[0] else (),
            must_not=(codes[-1],) if random.random() < 0.3 else (),
            either_or=((codes[0], codes[-1]),) if random.random() < 0.3 and count > 2 else (),
            components={"K2": 66.0} if random.random() < 0.2 else {},
        )
    return model, limits


def every_plan(model: Model, limits: Limits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Try every subset: members, cost and total of the allowed ones, by plain arithmetic of our own."""
    actions = model.catalogue.actions
    count = len(actions)
    member = ((np.arange(1 << count)[:, None] >> np.arange(count)) & 1).astype(bool)
    instrument = model.rollup.instrument
    points = np.tile(model.base, (len(member), 1))
    for row in model.catalogue.answers.itertuples():
        action = actions.index.get_loc(row.action_code)
        question = instrument.questions.index.get_loc(row.question_code)
        gain = max(0.0, row.raised_to * instrument.questions["max_points"].iloc[question] - model.base[question])
        gain *= row.chance_likely if model.acceptance == "likely" else 1.0
        points[:, question] = np.maximum(points[:, question], model.base[question] + gain * member[:, action])
    reached = totals_of(points, instrument)

    allowed = np.ones(len(member), dtype=bool)
    costs = member * model.costs
    for column, ceilings in (("agency", limits.agencies), ("year", limits.years)):
        for name, ceiling in ceilings.items():
            allowed &= costs[:, actions[column] == name].sum(axis=1) <= ceiling
    allowed &= costs.sum(axis=1) <= limits.budget
    place = {code: at for at, code in enumerate(actions.index)}
    allowed &= member[:, [place[code] for code in limits.must]].all(axis=1)
    allowed &= ~member[:, [place[code] for code in limits.must_not]].any(axis=1)
    own = [list(codes) for codes in actions.groupby("group_code").groups.values()]
    for group in [*own, *limits.either_or]:
        allowed &= member[:, [place[code] for code in group]].sum(axis=1) <= 1
    for code, needed in actions["prerequisites"].items():
        for other in needed:
            allowed &= ~member[:, place[code]] | member[:, place[other]]
    for code, least in limits.components.items():
        allowed &= reached["component"][:, instrument.components.index.get_loc(code)] >= least
    return member[allowed], costs.sum(axis=1)[allowed], reached["total"][allowed]


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
