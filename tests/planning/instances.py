"""Small random planning instances, and all their plans by plain arithmetic in whole numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

import kla_analysis as kla
from kla_analysis.planning.actions import Catalogue
from kla_analysis.planning.model import Limits, Model

#: Millionths of points.
MILLION = 10**6
#: How costly all is: as in the example catalogue, fifty times, and a thousand times.
LEVELS = (1, 50, 1000)


def random_instance(rolled, seed: int, most: int = 14) -> tuple[Model, Limits]:
    """Make a small catalogue with overlaps, groups, prerequisites, full indicators and all kinds of limits.

    Money is odd rupiah, as people write it, at one of three levels of cost.
    """
    random, odd = np.random.default_rng(seed), np.random.default_rng(seed + 1_000_000)
    level = LEVELS[seed % len(LEVELS)]

    def rupiah(tens_of_millions: int) -> int:
        return int(tens_of_millions) * 10_000_000 * level + int(odd.integers(10_000_000))

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
        actions[cost] = [rupiah(drawn) for drawn in random.integers(1, 60, count)]
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
    limits = Limits(budget=rupiah(random.integers(0, 200)))
    if random.random() < 0.5:
        limits = Limits(
            budget=limits.budget,
            agencies={actions["agency"].iloc[0]: rupiah(random.integers(0, 80))},
            funding_sources={"CSR": rupiah(random.integers(10, 90))}
            if random.random() < 0.4 and "CSR" in set(actions["funding_source"])
            else {},
            years={int(actions["year"].iloc[0]): rupiah(random.integers(0, 120))},
            must=(codes[0],) if random.random() < 0.2 and not actions["prerequisites"].iloc[0] else (),
            must_not=(codes[-1],) if random.random() < 0.3 else (),
            either_or=((codes[0], codes[-1]),) if random.random() < 0.3 and count > 2 else (),
            components={"K2": float(random.choice([66.0, 70.5]))} if random.random() < 0.3 else {},
        )
    return model, limits


def every_plan(model: Model, limits: Limits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Try every subset: members, cost (rupiah) and total (points) of the allowed ones, counted in whole numbers."""
    actions = model.catalogue.actions
    count = len(actions)
    member = ((np.arange(1 << count)[:, None] >> np.arange(count)) & 1).astype(bool)
    instrument = model.rollup.instrument
    questions = instrument.questions
    base = {code: round(points * model.kept_share * MILLION) for code, points in model.claimed.items()}
    points = {code: np.full(len(member), own, dtype=np.int64) for code, own in base.items()}
    for row in model.catalogue.answers.itertuples():
        action, code = actions.index.get_loc(row.action_code), row.question_code
        gain = max(0.0, row.raised_to * questions.at[code, "max_points"] - base[code] / MILLION)
        gain = round(gain * (row.chance_likely if model.acceptance == "likely" else 1.0) * MILLION)
        np.maximum(points[code], base[code] + gain * member[:, action], out=points[code])
    component = {code: np.zeros(len(member), dtype=np.int64) for code in instrument.components.index}
    for indicator, own in questions.groupby("indicator_code").groups.items():
        row = instrument.indicators.loc[indicator]
        most = round(row["max_points"] * MILLION)
        component[row["component_code"]] += np.minimum(sum(points[code] for code in own), most)

    allowed = np.ones(len(member), dtype=bool)
    costs = member * model.costs
    for column, ceilings in (
        ("agency", limits.agencies),
        ("funding_source", limits.funding_sources),
        ("year", limits.years),
    ):
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
        allowed &= component[code] >= round(least * MILLION)
    return member[allowed], costs.sum(axis=1)[allowed], sum(component.values())[allowed] / MILLION


def two_hundred(catalogue: Catalogue, instrument: kla.Instrument, seed: int = 1) -> Catalogue:
    """Draw 200 actions: the example's agencies, groups and costs, two to eight questions of one indicator each."""
    random = np.random.default_rng(seed)
    rows, answers = [], []
    by_indicator = instrument.questions.groupby("indicator_code").groups
    for at in range(200):
        like = catalogue.actions.iloc[int(random.integers(len(catalogue.actions)))]
        share = random.uniform(0.5, 1.6)
        cost = {
            name: max(1, round(like[name] * share / 10_000_000)) * 10_000_000
            for name in ("cost_low", "cost_likely", "cost_high")
        }
        group = f"g{at // 4}" if at % 12 < 4 else None
        needed = (f"Z{at - 1}",) if at % 10 == 9 else ()
        rows.append({**like.to_dict(), **cost, "group_code": group, "prerequisites": needed})
        questions = list(by_indicator[random.choice(list(by_indicator))])
        for question in random.choice(questions, min(len(questions), int(random.integers(2, 9))), replace=False):
            answers.append((f"Z{at}", question, random.choice([0.6, 0.8, 1.0]), 0.5, 0.7, 0.9))
    index = pd.Index([f"Z{at}" for at in range(200)], name="action_code")
    named = ["action_code", "question_code", "raised_to", "chance_low", "chance_likely", "chance_high"]
    return replaced(catalogue, pd.DataFrame(rows, index=index), pd.DataFrame(answers, columns=named))


def replaced(catalogue: Catalogue, actions: pd.DataFrame, answers: pd.DataFrame) -> Catalogue:
    return Catalogue(catalogue.id, catalogue.title, catalogue.standing, catalogue.note, actions, answers)
