"""Tables about a case, for notebooks: without rows where it has no sheet, or no forecast, so that every notebook
reads the same for every district.

The arithmetic stands in the rooms beside this one; here a case (`kla.open`) takes the place of what it needs.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from kla_analysis.analysis.calibration import load_check
from kla_analysis.analysis.comparison import DIFFERENCE, columns_about, difference
from kla_analysis.analysis.conditions import below_share
from kla_analysis.analysis.forecast import STEPS, forecastable, learn, outlook, taught
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.scoring import RollUp
from kla_analysis.analysis.trace import trace
from kla_analysis.analysis.uncertainty import COMMON, flips_by_answer, flips_by_weight, sensitivity, tornado
from kla_analysis.evidence.areas import load_areas
from kla_analysis.evidence.audit import audit


def _rolled(case: Position, level: str) -> RollUp | None:
    """Return the points of a case's sheet where it goes down to a level; else None."""
    return case.roll_up if case.roll_up is not None and getattr(case.roll_up, f"{level}s") is not None else None


def printed_lines(case: Position) -> pd.DataFrame:
    """Return the sums that a sheet prints, compared with what stands below them (`Audit.rows`).

    Returns:
        By `level` and `code`, points: `printed_max`, `summed_max`, `printed_score`, `summed_score`, `questions_score`,
        `at_stake`, and `adds_up`.

    >>> import kla_analysis as kla
    >>> lines = kla.printed_lines(kla.open("reference", 2024))
    >>> int((~lines["adds_up"]).sum())
    9
    """
    if case.assessment is None or case.assessment.printed is None:
        return pd.DataFrame(columns=["printed_max", "summed_max", "printed_score", "summed_score", "adds_up"])
    return audit(case.assessment, case.instrument).rows


def weak_indicators(case: Position, least: float) -> pd.DataFrame:
    """Return the indicators below a share of their maximum (`below_share`); none where the share is 0.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.weak_indicators(case, 0.4).index.tolist()
    ['22A']
    """
    rolled = _rolled(case, "indicator")
    if not least or rolled is None:
        return pd.DataFrame(columns=["name", "low", "high", "max_points", "answers", "short", "certain"])
    return below_share(rolled, least)


def beside(case: Position, other: Position | None, level: str = "component") -> pd.DataFrame:
    """Compare a case with another: another area, or a round before (`difference`: before is the other).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> float(kla.beside(case, kla.reference_of(case.instrument))["change"].sum().round(2))
    -121.31
    """
    before, after = None if other is None else _rolled(other, level), _rolled(case, level)
    if before is None or after is None:
        return pd.DataFrame(columns=[*columns_about(case.instrument.table(level)), *DIFFERENCE])
    return difference(before, after, level)


def made_of(case: Position, code: str = "") -> pd.DataFrame:
    """Return a number of the sheet and everything it is made of, one row each (`Trace.to_frame`).

    Args:
        code: `total`, or the code of a component, an indicator or a question; when empty, the indicator whose
            question (or which itself) loses most.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.made_of(case, "1")["code"].tolist()[:3]
    ['1', '1.1', '1.2a']
    """
    rolled = _rolled(case, "indicator")
    if rolled is None:
        return pd.DataFrame(columns=["depth", "code", "name", "points", "points_high", "max_points", "rule", "source"])
    if not code and rolled.questions is not None:
        code = case.questions.loc[case.questions["lost_points"].idxmax(), "indicator_code"]
    code = code or case.indicators["lost_points"].idxmax()
    return trace(rolled, code, sheet=case.assessment.shown if case.assessment else "").to_frame()


def award_chances(case: Position) -> pd.DataFrame:
    """Return how likely each predicate is at the award (`outlook`).

    Returns:
        By `predicate` (code, rising): `name`, `chance`, and `without`: the chance without the former award.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.award_chances(case)["chance"].round(2).to_dict()["madya"]
    0.28
    """
    if not forecastable(case):
        return pd.DataFrame(columns=["name", "chance", "without"])
    told, without = outlook(case).predicates, outlook(case, former=False).predicates
    rows = [(case.ladder.name(code), chance, without[code]) for code, chance in told.items()]
    return pd.DataFrame(rows, columns=["name", "chance", "without"], index=pd.Index(list(told), name="predicate"))


def award_totals(case: Position, *, step: int = 10) -> pd.DataFrame:
    """Return how likely each total is at the award.

    Args:
        step: width of the classes, points.

    Returns:
        One row a class: `low` and `high` (points), `chance`. They begin a little below what can be expected.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> totals = kla.award_totals(case, step=50)
    >>> float(totals[totals["low"] >= 700]["chance"].sum().round(2))
    0.03
    """
    if not forecastable(case):
        return pd.DataFrame(columns=["low", "high", "chance"], dtype=float)
    told = outlook(case)
    floor = min(300.0, step * (told.claimed * 0.3 // step))
    edges = np.arange(floor, case.ladder.max_total + step, step)
    beyond = np.array([told.retention.probability_at_least(edge / told.claimed) for edge in edges])
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "chance": beyond[:-1] - beyond[1:]})


def kept_by_step(case: Position) -> pd.DataFrame:
    """Return what each step up to the award leaves of the total, without the former award.

    Returns:
        By `steps` (names of the steps, `+` between): `low`, `middle`, `high`, shares (80 % between low and high). None
        where there is no forecast, or the user says what is kept.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.kept_by_step(case)["middle"].round(2).to_dict()
    {'claim': 0.83, 'verified': 0.91, 'claim+verified': 0.75}
    """
    columns = ["low", "middle", "high"]
    if not forecastable(case) or case.kept_share is not None:
        return pd.DataFrame(columns=columns, index=pd.Index([], name="steps"))
    told, rules = outlook(case), case.instrument
    settled = rules.stage(case.stage).carries_award
    area, year = case.area.code, case.award_year + settled
    steps = STEPS if told.stage == rules.claimed_stage.code else STEPS[1:]
    model = taught(rules, area, year, verified=len(steps) == 1) if case.area.province else learn(rules)
    place = {"province": load_areas()["province"].get(area, ""), "year": year, "area": area}
    taken = [(step,) for step in steps] + ([steps] if len(steps) > 1 else [])
    shares = [model.share(some, told.verifier, **place) for some in taken]
    rows = [[math.exp(share.quantile(p)) for p in (0.1, 0.5, 0.9)] for share in shares]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(["+".join(some) for some in taken], name="steps"))


def component_swings(case: Position) -> pd.DataFrame:
    """Return the award's total when one component is verified strictly or leniently, the others as usual (`tornado`).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> float(kla.component_swings(case)["width"].iloc[0].round())
    41.0
    """
    if case.roll_up is None or not forecastable(case):
        return pd.DataFrame(columns=["name", "low", "high", "width"])
    return tornado(case.roll_up, outlook(case).retention)


def what_decides(case: Position, target: str) -> pd.DataFrame:
    """Return how much each input explains of the score, and of reaching a target (`sensitivity`, Sobol indices).

    Returns:
        By `input` (`common`: how strict verification is towards the whole sheet; else a component), largest first:
        `name`, `first` (alone), `total` (with all it touches), `total_low`, `total_high`, and `reach`: `total` for
        reaching the target.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.what_decides(case, "nindya").index[:2].tolist()
    ['common', 'K5']
    """
    if case.roll_up is None or not forecastable(case):
        return pd.DataFrame(columns=["name", "first", "total", "total_low", "total_high", "reach"])
    retention = outlook(case).retention
    score = sensitivity(case.roll_up, retention)
    reach = sensitivity(case.roll_up, retention, target=target).indices["total"]
    names = {COMMON: COMMON, **case.roll_up.components["name"]}
    table = score.indices[["first", "total", "total_low", "total_high"]].assign(reach=reach)
    table.insert(0, "name", [names[code] for code in table.index])
    table.attrs["common"] = score.common
    return table.sort_values("total", ascending=False)


def forecast_check(case: Position) -> pd.DataFrame:
    """Return the forecast beside simpler answers on published cases that it has not seen (`load_check`).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> len(kla.forecast_check(case))
    78
    """
    checked = load_check(case.instrument if case.instrument.verifiers else None)
    return checked if case.instrument.verifiers else checked.iloc[:0]


def answer_flips(case: Position) -> pd.DataFrame:
    """Return the single answers whose rejection would cost the predicate, nearest first (`flips_by_answer`).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.answer_flips(case).empty  # no single answer decides the predicate
    True
    """
    rolled = _rolled(case, "question")
    if rolled is None:
        return pd.DataFrame(columns=["name", "low", "total_without", "predicate_without", "share_needed"])
    return flips_by_answer(rolled)


def weight_flips(case: Position) -> pd.DataFrame:
    """Return how far each component's weight would have to move to change the predicate (`flips_by_weight`).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.weight_flips(case)["nearest"].head(1).round(2).to_dict()
    {'K5': 0.36}
    """
    if case.roll_up is None:
        return pd.DataFrame(columns=["name", "low", "factor_down", "factor_up", "nearest"])
    return flips_by_weight(case.roll_up)
