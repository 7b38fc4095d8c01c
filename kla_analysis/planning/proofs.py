"""Proofs and what they cost: which actions make the evidence that is missing, most points per rupiah first."""

from __future__ import annotations

import pandas as pd

from kla_analysis.instrument.instrument import Instrument
from kla_analysis.planning.actions import catalogue_for, load_catalogue

_COLUMNS = ("name", "agency", "cost_likely", "questions", "at_risk_points", "points_per_million")


def work_by_cost(table: pd.DataFrame, rules: Instrument, *, catalogue: str = "") -> pd.DataFrame:
    """Return the actions that answer questions with points at risk, most points per rupiah first.

    Args:
        table: `analysis.round_state.evidence_of`, or some of its rows.
        catalogue: name or folder; the project's own for this instrument when empty.

    Returns:
        Indexed by action: `name`, `agency`, `cost_likely` (rupiah), `questions` (with points at risk, count),
        `at_risk_points` (of them), `points_per_million` (rupiah; missing where an action costs nothing). No rows
        where nothing is at risk, or there is no catalogue.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> work_by_cost(kla.evidence_of(case), case.instrument).empty
    True
    """
    at_risk = table.loc[table["at_risk_points"] > 0, "at_risk_points"].astype(float)
    named = catalogue or catalogue_for(rules)
    if at_risk.empty or not named:
        return pd.DataFrame(columns=list(_COLUMNS), index=pd.Index([], name="action_code"))
    found = load_catalogue(named, rules)
    answers = found.answers[found.answers["question_code"].isin(at_risk.index)]
    points = answers["question_code"].map(at_risk).groupby(answers["action_code"]).agg(["size", "sum"])
    work = found.actions.loc[points.index, ["name", "agency", "cost_likely"]]
    work = work.assign(questions=points["size"], at_risk_points=points["sum"].round(6))
    work["points_per_million"] = work["at_risk_points"] / (work["cost_likely"].where(work["cost_likely"] > 0) / 1e6)
    return work.sort_values("points_per_million", ascending=False, na_position="first", kind="stable")
