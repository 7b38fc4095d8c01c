"""Claimed and verified: two sheets of one round side by side, what was cut, where, by whose evidence, what comes back.

**The two-day list.** After the field verification two days are left to repair evidence. On the list is what the
verification cut from a claim: the claim says that it is there, only the proof did not convince. Where no result has come
by question yet, what the sheet itself calls rejected, incomplete or promised is on it, with what that puts at risk. Left
out is what measures a condition of children (where lower is better), which does not move in two days, and what has no
evidence by the sheet's own word, since there is nothing to complete. Ranked by the points at stake, which are no more
than their indicator lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kla_analysis.analysis.comparison import difference
from kla_analysis.analysis.forecast import forecastable, learnable_cases, outlook, taught
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.round_state import evidence_of
from kla_analysis.analysis.scoring import RollUp
from kla_analysis.analysis.weakness import nobody
from kla_analysis.evidence.statements import Statement
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument, split_agencies

_PLACE = ("name", "max_points", "component_code", "indicator_code")
_DAY = ("place", "name", "said", "component_code", "indicators", "owners", "low", "max_points", "standing", "source")
_CUTS = ("claimed", "verified", "cut_points", "kept", "owners")


def pair_of(case: Position) -> tuple[Position, Position] | None:
    """Return the claim of a round and what a verification left of it; None where there are not both sheets.

    The verified one is the case's own sheet; where that is the claim, the latest other sheet of the round.
    """
    sheets = list(case.sheets.values())
    claim = next((sheet for sheet in sheets if sheet.claimed), None)
    if claim is None or sheets[-1].claimed:
        return None
    return claim, sheets[-1] if case.claimed else case


def cuts(case: Position, level: str = "") -> pd.DataFrame:
    """Return what a verification cut from the claim of the case's round; no rows where there are not both sheets.

    Args:
        level: `question`, `indicator` or `component`; as far down as both sheets go when empty.

    Returns:
        As `cuts_between`.

    >>> import kla_analysis as kla
    >>> len(cuts(kla.open("63.10", 2022)))
    0
    """
    pair = pair_of(case)
    if pair is None or pair[0].roll_up is None or pair[1].roll_up is None:
        return pd.DataFrame(columns=[*_PLACE, *_CUTS], index=pd.Index([], name=CODE_COLUMNS[level or "question"]))
    table = cuts_between(pair[0].roll_up, pair[1].roll_up, level)
    if table.index.name == "question_code":
        for sheet in (one.assessment for one in pair if one.assessment and one.assessment.level == "question"):
            leads = sheet.proof["lead"].dropna() if len(sheet.proof) else {}
            table["owners"] = [[leads[code]] if code in leads else names for code, names in table["owners"].items()]
    return table


def cuts_between(claim: RollUp, verified: RollUp, level: str = "") -> pd.DataFrame:
    """Return two sheets of one round side by side, at a level or as far down as both go.

    Returns:
        Indexed by code, in the order of the sheet: `name`, `max_points`, the codes of the levels above; `claimed`,
        `verified`, `cut_points` (claimed minus verified, below nothing where it was raised), all missing where one
        side has no whole answer; `kept` (share of the claim); `owners` (a list of agencies).

    Raises:
        DataError: the sheets follow different instruments, or one stops above the level.
    """
    levels = list(CODE_COLUMNS)
    level = level or max(claim.level, verified.level, key=levels.index)
    table = difference(claim, verified, level)
    known = (table["before"] == table["before_high"]) & (table["after"] == table["after_high"])
    claimed, left = table["before"].where(known), table["after"].where(known)
    found = table.assign(
        claimed=claimed,
        verified=left,
        cut_points=(claimed - left).round(6),
        kept=(left / claimed).where(claimed > 0),
        owners=_owners(claim.instrument, level),
    )
    return found[[name for name in (*_PLACE, *_CUTS) if name in found]]


def cut_by_agency(table: pd.DataFrame) -> pd.DataFrame:
    """Sum what was cut by the agencies that answer it, most first.

    An agency stands with all that was cut where it has a hand in (so the agencies add up to more than the cut) and
    with an equal share of each row, which is an assumption.

    Args:
        table: rows of `cuts`.

    Returns:
        Indexed by `agency`: `rows` (count), `involved_points`, `shared_points`.

    >>> import kla_analysis as kla
    >>> cut_by_agency(kla.cuts(kla.open("63.10", 2022))).columns.tolist()
    ['rows', 'involved_points', 'shared_points']
    """
    cut = table[table["cut_points"] > 0]
    owners = cut["owners"].map(lambda names: list(names) or list(nobody()))
    long = cut.assign(agency=owners, shared=cut["cut_points"] / owners.map(len)).explode("agency")
    sums = long.groupby("agency").agg(
        rows=("cut_points", "size"), involved_points=("cut_points", "sum"), shared_points=("shared", "sum")
    )
    return sums.round(6).sort_values(["involved_points", "agency"], ascending=[False, True], kind="stable")


def two_day_list(case: Position) -> pd.DataFrame:
    """Return what can be repaired in the two days after the field verification, most points at stake first.

    Returns:
        Rows of `cuts` that the rule above lets in, with `state` of the evidence (missing where nobody has said) and
        `at_stake_points`: what was cut, where that is more than the indicator (or component) lost, only so much.

    >>> import kla_analysis as kla
    >>> two_day_list(kla.open("63.10", 2022)).empty  # nobody has verified this sheet
    True
    """
    table = cuts(case)
    if pair_of(case) is None:
        table = _weak_evidence(case)
    at_stake = table["cut_points"].astype(float)
    table = table.assign(at_stake_points=at_stake, state=None)
    if table.index.name == "question_code":
        if pair_of(case) is not None:
            table["at_stake_points"] = at_stake.clip(upper=table["indicator_code"].map(_lost_by_indicator(case)))
        table["state"] = _last_word(case).reindex(table.index)
        moves = ~case.instrument.questions["lower_is_better"].astype(bool).reindex(table.index)
        table = table[moves & table["state"].ne("none")]
    table["at_stake_points"] = table["at_stake_points"].round(6)
    return table[table["at_stake_points"] > 0].sort_values("at_stake_points", ascending=False, kind="stable")


def _weak_evidence(case: Position) -> pd.DataFrame:
    """Return the questions whose evidence is weak by the sheet's own word, as `cuts` has them: what may be cut."""
    table = evidence_of(case)
    weak = table[table["evidence_state"].isin(["rejected", "incomplete", "promised"])]
    found = weak.assign(
        claimed=weak["low"],
        verified=None,
        cut_points=weak["at_risk_points"],
        kept=None,
        owners=weak["responsible"],
    )
    return found[[*_PLACE, *_CUTS]]


def _last_word(case: Position) -> pd.Series:
    """Return by question the state of the evidence as the latest sheet of the round has it."""
    words = [sheet.questions["evidence_state"].dropna() for sheet in case.sheets.values()]
    found = pd.concat([one for one in words if len(one)] or [pd.Series(dtype=object)])
    return found[~found.index.duplicated(keep="last")]


def at_stake(listed: pd.DataFrame, case: Position) -> float:
    """Return what rows of a two-day list can bring back together, in points: no indicator more than it lost."""
    if listed.index.name != "question_code" or pair_of(case) is None:
        return round(float(listed["at_stake_points"].sum()), 6)
    sums = listed.groupby("indicator_code")["at_stake_points"].sum()
    return round(float(sums.clip(upper=_lost_by_indicator(case).reindex(sums.index)).sum()), 6)


def _lost_by_indicator(case: Position) -> pd.Series:
    return cuts(case, "indicator")["cut_points"].astype(float).clip(lower=0.0)


def forecasts_by_stage(case: Position, target: str) -> pd.DataFrame:
    """Return what was forecast from each sheet of the round as it became known, in the order of the stages.

    Returns:
        Indexed by stage: `total`, `median`, `low`, `high` (points, 80 % between them), `chance` (of the target or better).

    >>> import kla_analysis as kla
    >>> forecasts_by_stage(kla.open("63.10", 2022), "nindya").empty  # the award is settled
    True
    """
    rows = {}
    for stage, sheet in case.sheets.items():
        if forecastable(sheet) and not sheet.instrument.stage(stage).carries_award:
            told = outlook(sheet)
            rows[stage] = (
                *(told.claimed, told.median, told.interval.low, told.interval.high),
                told.probability_at_least(target),
            )
    columns = ["total", "median", "low", "high", "chance"]
    return pd.DataFrame(rows.values(), columns=columns, index=pd.Index(rows, name="stage"), dtype=float)


def own_lessons(case: Position) -> pd.DataFrame:
    """Return the district's own cases that its forecast learns from, as `evidence.cases.load_cases`, oldest first.

    >>> import kla_analysis as kla
    >>> len(own_lessons(kla.open("63.10", 2022))), len(own_lessons(kla.open("63.10", 2025, stage="self_assessment")))
    (0, 0)
    """
    if not forecastable(case) or not case.area.province or case.kept_share is not None:
        return learnable_cases(case.instrument).iloc[:0]
    settled = case.instrument.stage(case.stage).carries_award
    verified = not settled and case.stage != case.instrument.claimed_stage.code
    model = taught(case.instrument, case.area.code, case.award_year + settled, verified=verified)
    return model.cases[model.cases["area_code"] == case.area.code]


def field_day(case: Position, statements: Sequence[Statement]) -> pd.DataFrame:
    """Return what is shown on the day of the field verification, place by place, in the order of the clusters.

    Args:
        statements: those of the day (`evidence.statements.load_statements` of `FIELD_DAY`); those without a place
            are left out.

    Returns:
        Indexed by place: `name`, `said`, `component_code`, `indicators` (codes), `owners`, `low` (points of those indicators
        now), `max_points`, `standing`, `source`. Without points where the case's sheet stops above indicators.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> said = kla.load_statements(case.instrument, file="published/field_day.yaml")
    >>> len(field_day(case, said))
    13
    """
    points = case.indicators
    rows = []
    for place in (one for one in statements if one.indicators):
        codes = list(place.indicators)
        owners = _owners(case.instrument, "indicator").reindex(codes)
        rows.append(
            {
                "place": place.id,
                "name": place.place,
                "said": place.text,
                "component_code": case.instrument.indicators.at[codes[0], "component_code"],
                "indicators": codes,
                "owners": list(dict.fromkeys(name for names in owners for name in names)),
                "low": float(points["low"].reindex(codes).sum()) if len(points) else None,
                "max_points": float(case.instrument.indicators["max_points"].reindex(codes).sum()),
                "standing": place.standing,
                "source": place.source,
            }
        )
    table = pd.DataFrame(rows, columns=_DAY).set_index("place")
    order = table["component_code"].map(list(case.instrument.components.index).index)
    return table.loc[order.sort_values(kind="stable").index]


def _owners(rules: Instrument, level: str) -> pd.Series:
    """Return the agencies that answer each code of a level."""
    owners = rules.questions["agencies"].map(lambda text: list(split_agencies(text)))
    if level == "question":
        return owners
    parents = rules.questions[CODE_COLUMNS[level]]
    united = owners.groupby(parents).agg(lambda lists: list(dict.fromkeys(name for names in lists for name in names)))
    return united.reindex(rules.table(level).index)
