"""Small random planning instances, and all their plans by plain arithmetic in whole numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

import kla_analysis as kla
from kla_analysis.planning.actions import Catalogue
from kla_analysis.planning.model import Limits, Model

COSTS = ("cost_low", "cost_likely", "cost_high")
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
                ((*dict.fromkeys(codes[int(k)] for k in random.integers(at, size=random.integers(1, 3))),),)
                if at and random.random() < 0.25
                else ()
                for at in range(count)
            ],
        },
        index=pd.Index(codes, name="action_code"),
    )
    drawn = [[rupiah(tens) for tens in random.integers(1, 60, count)] for _ in COSTS]
    actions[list(COSTS)] = np.sort(np.array(drawn).T, axis=1)
    # One group in some instances must have exactly one; some actions are paid in two years from two sources.
    exactly = odd.random() < 0.2
    actions["group_kind"] = ["exactly_one" if exactly and group == "g" else None for group in actions["group_code"]]
    split = []
    for code in codes:
        if odd.random() < 0.25:
            share = odd.random()
            first = {name: int(actions.at[code, name] * share) for name in COSTS}
            rest = {name: int(actions.at[code, name]) - first[name] for name in COSTS}
            split += [{"action_code": code, "year": 2026, "funding_source": "APBD"} | first]
            split += [{"action_code": code, "year": 2027, "funding_source": "CSR"} | rest]
    rows = []
    for code in codes:
        for question in random.choice(pool, int(random.integers(1, 6)), replace=False):
            rows.append((code, question, random.choice([0.5, 0.8, 1.0]), 0.4, random.choice([0.6, 0.9]), 0.95))
    answers = pd.DataFrame(
        rows, columns=["action_code", "question_code", "raised_to", "chance_low", "chance_likely", "chance_high"]
    )
    model = Model(
        rolled,
        Catalogue("acak", "acak", "assumed", "", actions, answers, split=pd.DataFrame(split) if split else None),
        kept_share=float(random.choice([1.0, 0.9])),
        acceptance="likely" if random.random() < 0.4 else "full",
    )
    limits = Limits(budget=rupiah(random.integers(0, 200)))
    if random.random() < 0.5:
        limits = Limits(
            budget=limits.budget,
            agencies={actions["agency"].iloc[0]: rupiah(random.integers(0, 80))},
            funding_sources={"CSR": rupiah(random.integers(10, 90))}
            if random.random() < 0.4 and "CSR" in {*actions["funding_source"], *(["CSR"] if split else [])}
            else {},
            years={int(actions["year"].iloc[0]): rupiah(random.integers(0, 120))},
            must=(codes[0],) if random.random() < 0.2 and not actions["prerequisites"].iloc[0] else (),
            must_not=(codes[-1],) if random.random() < 0.3 else (),
            exactly_one=((codes[1], codes[-1]),) if odd.random() < 0.15 and count > 2 else (),
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
    raised = [
        (
            actions.index.get_loc(row.action_code),
            row.question_code,
            row.chance_likely if likely(model) else 1.0,
            round(row.raised_to * questions.at[row.question_code, "max_points"] * MILLION),
        )
        for row in model.catalogue.answers.itertuples()
    ]
    component = {code: np.zeros(len(member)) for code in instrument.components.index}
    for indicator, own in questions.groupby("indicator_code").groups.items():
        row = instrument.indicators.loc[indicator]
        most = round(row["max_points"] * MILLION)
        answering = [each for each in raised if each[1] in own]
        worth = np.zeros(len(member))
        for chance, passed in outcomes(answering, count):
            points = np.full((len(member), len(own)), [base[code] for code in own], dtype=np.int64)
            for (action, code, *_, to), accepted in zip(answering, passed, strict=True):
                column = points[:, list(own).index(code)]
                np.maximum(column, np.where(member[:, action] & accepted, to, 0), out=column)
            worth += chance * np.minimum(points.sum(axis=1), most)
        component[row["component_code"]] += worth

    allowed = np.ones(len(member), dtype=bool)
    costs = member * model.costs
    for column, name, ceiling in [
        *(("agency", *each) for each in limits.agencies.items()),
        *(("funding_source", *each) for each in limits.funding_sources.items()),
        *(("year", *each) for each in limits.years.items()),
    ]:
        spent = np.zeros(len(member), dtype=np.int64)
        for at, code in enumerate(actions.index):
            split = model.catalogue.split
            own = None if split is None or column == "agency" else split[split["action_code"] == code]
            if own is not None and len(own):
                spent += member[:, at] * int(own.loc[own[column] == name, "cost_likely"].sum())
            elif actions.at[code, column] == name:
                spent += costs[:, at]
        allowed &= spent <= ceiling
    allowed &= costs.sum(axis=1) <= limits.budget
    place = {code: at for at, code in enumerate(actions.index)}
    allowed &= member[:, [place[code] for code in limits.must]].all(axis=1)
    allowed &= ~member[:, [place[code] for code in limits.must_not]].any(axis=1)
    for group in [*actions.groupby("group_code").groups.values(), *limits.either_or]:
        allowed &= member[:, [place[code] for code in group]].sum(axis=1) <= 1
    must = [list(own.index) for _, own in actions[actions["group_kind"].notna()].groupby("group_code")]
    for group in [*must, *limits.exactly_one]:
        allowed &= member[:, [place[code] for code in group]].sum(axis=1) == 1
    for code, needed in actions["prerequisites"].items():
        for choice in needed:
            allowed &= ~member[:, place[code]] | member[:, [place[other] for other in choice]].any(axis=1)
    for code, least in limits.components.items():
        allowed &= component[code].round() >= round(least * MILLION)
    return member[allowed], costs.sum(axis=1)[allowed], (sum(component.values())[allowed] / MILLION).round(6)


def likely(model: Model) -> bool:
    return model.acceptance == "likely"


def outcomes(answering: list[tuple], count: int) -> list[tuple[float, list[bool]]]:
    """Return every outcome of the lots of all actions that answer an indicator: its chance, and which answers pass."""
    found = [(1.0, [True] * len(answering))]
    for action in range(count):
        chances = sorted({each[2] for each in answering if each[0] == action}, reverse=True)
        bounds = [1.0, *chances, 0.0]
        if chances:
            found = [
                (
                    before * (bounds[at] - bounds[at + 1]),
                    [
                        fits and (each[0] != action or each[2] in chances[:at])
                        for fits, each in zip(passed, answering, strict=True)
                    ],
                )
                for before, passed in found
                for at in range(len(chances) + 1)
                if bounds[at] > bounds[at + 1]
            ]
    return found


def two_hundred(catalogue: Catalogue, instrument: kla.Instrument, seed: int = 1, count: int = 200) -> Catalogue:
    """Draw 200 actions (or another count): the example's agencies, groups and costs, two to eight questions of one indicator each."""
    random = np.random.default_rng(seed)
    rows, answers = [], []
    by_indicator = instrument.questions.groupby("indicator_code").groups
    for at in range(count):
        like = catalogue.actions.iloc[int(random.integers(len(catalogue.actions)))]
        share = random.uniform(0.5, 1.6)
        cost = {
            name: max(1, round(like[name] * share / 10_000_000)) * 10_000_000
            for name in ("cost_low", "cost_likely", "cost_high")
        }
        group = f"g{at // 4}" if at % 12 < 4 else None
        needed = ((f"Z{at - 1}",),) if at % 10 == 9 else ()
        rows.append({**like.to_dict(), **cost, "group_code": group, "prerequisites": needed})
        questions = list(by_indicator[random.choice(list(by_indicator))])
        for question in random.choice(questions, min(len(questions), int(random.integers(2, 9))), replace=False):
            answers.append((f"Z{at}", question, random.choice([0.6, 0.8, 1.0]), 0.5, 0.7, 0.9))
    index = pd.Index([f"Z{at}" for at in range(count)], name="action_code")
    named = ["action_code", "question_code", "raised_to", "chance_low", "chance_likely", "chance_high"]
    return replaced(catalogue, pd.DataFrame(rows, index=index), pd.DataFrame(answers, columns=named))


def replaced(catalogue: Catalogue, actions: pd.DataFrame, answers: pd.DataFrame) -> Catalogue:
    return Catalogue(catalogue.id, catalogue.title, catalogue.standing, catalogue.note, actions, answers)
