"""The state of a round: what is answered and proven, what is late, how many points hang on missing evidence, what to do first.

**Points at risk.** Verification keeps of an answer what its evidence is worth (`verification.ASSUMED_RATES`, assumed):
complete 95 %, incomplete 50 %, none, promised or rejected nothing. At risk is what completing the evidence would save;
of an answer whose evidence nobody has spoken of it is unknown, and no zero. Where the questions of an indicator add up
to more than it can have, each counts in proportion.
"""

from __future__ import annotations

import datetime

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.verification import ASSUMED_RATES
from kla_analysis.analysis.weakness import responsible_for
from kla_analysis.evidence.collect import Collected, collected_until
from kla_analysis.evidence.followup import load_followup
from kla_analysis.evidence.worksheets import open_round
from kla_analysis.instrument.bands import Span

#: What verification keeps of an answer, by the state of its evidence; what was accepted is whole.
_COMPLETE = ASSUMED_RATES["complete"].likely
KEPT = {
    "accepted": 1.0,
    "complete": _COMPLETE,
    "incomplete": ASSUMED_RATES["partial"].likely,
    **dict.fromkeys(("promised", "none", "rejected"), ASSUMED_RATES["none"].likely),
}
_PROVEN = ("complete", "accepted")
_COLUMNS = (
    *("name", "component_code", "indicator_code", "max_points", "low", "lower_is_better", "answered"),
    *("evidence_state", "with_evidence", "due", "days_left", "overdue", "kept_points", "at_risk_points", "responsible"),
)


def evidence_of(case: Position, *, as_of: datetime.date | None = None) -> pd.DataFrame:
    """Return how far each question of the case's sheet is; no rows where it says nothing of evidence.

    Args:
        as_of: the day from which dates are looked at; today when not given.

    Returns:
        Indexed by question, in the order of the sheet: what it is; `low` (points now), `answered`; `evidence_state`
        (missing where nobody has said), `with_evidence` (complete, accepted, or a link where the state is not said);
        `due`, `days_left`, `overdue` (past its day without evidence); `kept_points` and `at_risk_points` (missing where
        the state is not known); `responsible` (the lead, where one is named, else all who answer it).

    >>> import kla_analysis as kla
    >>> kla.evidence_of(kla.open("63.10", 2022)).empty  # the illustrative sheet says nothing of evidence
    True
    """
    sheet = case.assessment
    if sheet is None or sheet.level != "question" or sheet.proof.empty:
        return pd.DataFrame(columns=list(_COLUMNS), index=pd.Index([], name="question_code"))
    table = case.questions
    day = as_of or datetime.date.today()
    state = table["evidence_state"].where(table["evidence_state"].isin(list(KEPT)))
    proven = state.isin(_PROVEN) | (state.isna() & table["evidence_link"].notna())
    due = pd.to_datetime(table["due"], errors="coerce")
    left = (due - pd.Timestamp(day)).dt.days
    sums = table.groupby("indicator_code")["low"].transform("sum")
    counted = table["indicator_code"].map(case.indicators["low"]) / sums.where(sums > 0)
    points, share = (table["low"] * counted).fillna(0.0), state.map(KEPT)
    return table.assign(
        answered=table["unanswered"].eq(0),
        evidence_state=state,
        with_evidence=proven,
        days_left=left,
        overdue=left.lt(0) & ~proven,
        kept_points=(points * share).round(6),
        at_risk_points=(points * (_COMPLETE - share).clip(lower=0.0)).round(6),
        responsible=responsible_for(case.instrument, sheet.proof),
    )[list(_COLUMNS)]


def state_by(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sum the state of a round, by `responsible` (a question of several counts for each) or `component_code`.

    Args:
        table: `evidence_of`, or some of its rows.

    Returns:
        Indexed by group, most points at risk first: `questions`, `answered`, `with_evidence`, `overdue`, `unknown`
        (evidence that nobody has spoken of), counts; `at_risk_points`.

    >>> import kla_analysis as kla
    >>> kla.state_by(kla.evidence_of(kla.open("63.10", 2022)), "responsible").columns.tolist()[:3]
    ['questions', 'answered', 'with_evidence']
    """
    long = table.assign(unknown=table["evidence_state"].isna()).explode(by)
    sums = long.groupby(by, sort=False).agg(
        questions=("name", "size"),
        answered=("answered", "sum"),
        with_evidence=("with_evidence", "sum"),
        overdue=("overdue", "sum"),
        unknown=("unknown", "sum"),
        at_risk_points=("at_risk_points", "sum"),
    )
    return sums.round({"at_risk_points": 6}).sort_values("at_risk_points", ascending=False, kind="stable")


def left_by_evidence(table: pd.DataFrame) -> Span:
    """Return what verification would leave of the sheet by the evidence of today (`KEPT`, assumed), points.

    The ends: evidence that nobody has spoken of is worth nothing, or is complete.

    Args:
        table: `evidence_of`.
    """
    unknown = table["evidence_state"].isna()
    known = float(table["kept_points"].sum())
    return Span(round(known, 2), round(known + _COMPLETE * float(table.loc[unknown, "low"].sum()), 2))


def work_order(table: pd.DataFrame) -> pd.DataFrame:
    """Return the questions with points at risk in the order of the work: most points per day left first.

    What is due today or late counts as one day; what has no date follows, most points first.

    Args:
        table: `evidence_of`, or some of its rows.

    Returns:
        Its rows with `points_per_day`, missing without a date.

    >>> import kla_analysis as kla
    >>> kla.work_order(kla.evidence_of(kla.open("63.10", 2022))).empty
    True
    """
    work = table[table["at_risk_points"] > 0]
    work = work.assign(points_per_day=work["at_risk_points"] / work["days_left"].clip(lower=1))
    return work.sort_values(["points_per_day", "at_risk_points"], ascending=False, na_position="last", kind="stable")


def moved(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compare two states of one round, question by question: what moved, and by whom.

    Args:
        before, after: by question code, `score` (points, missing where unanswered) and `evidence_state`.

    Returns:
        The questions of which one of both is another: `score_before`, `score_after`, `state_before`, `state_after`.
    """
    names = {"score": "score", "evidence_state": "state"}
    then, now = (
        one[list(names)].rename(columns={old: f"{new}_{when}" for old, new in names.items()})
        for one, when in ((before, "before"), (after, "after"))
    )
    pair = now.join(then)
    same = pair["score_before"].fillna(-1.0).eq(pair["score_after"].fillna(-1.0))
    same &= pair["state_before"].fillna("").eq(pair["state_after"].fillna(""))
    return pair.loc[~same, ["score_before", "score_after", "state_before", "state_after"]]


def moved_since(case: Position, since: str) -> pd.DataFrame:
    """Return what came in with the worksheets after a day (`moved`), with whose questions they are.

    Args:
        since: ISO date, such as that of the last meeting; nothing is compared without one.

    Returns:
        As `moved`, with `name`, `low` and `responsible`; no rows where no worksheets are kept.

    >>> import kla_analysis as kla
    >>> kla.moved_since(kla.open("63.10", 2022), "2022-03-01").empty
    True
    """
    columns = ["score_before", "score_after", "state_before", "state_after"]
    then, now = (deliveries_until(case, day) if since else None for day in (since, ""))
    if then is None or now is None or now.frame.empty:
        return case.questions.iloc[:0].reindex(columns=["name", "responsible", *columns])
    changed = moved(_by_question(then), _by_question(now))
    whose = responsible_for(case.instrument, now.frame.set_index("question_code"))
    names = case.instrument.questions["name"].reindex(changed.index)
    return changed.assign(name=names, responsible=whose.reindex(changed.index))[["name", "responsible", *columns]]


def last_meeting(case: Position, *, as_of: datetime.date | None = None) -> str:
    """Return the last day before `as_of` (today when not given) on which a meeting decided something; empty if there is none.

    >>> import kla_analysis as kla
    >>> kla.last_meeting(kla.open("63.10", 2022))
    ''
    """
    days = load_followup(case.area.code)["decided_on"].dropna().astype(str)
    return max((one for one in days if one < (as_of or datetime.date.today()).isoformat()), default="")


def deliveries_until(case: Position, day: str = "") -> Collected | None:
    """Return the worksheets of the case's round that were in on a day (all when empty); None where none are kept."""
    if not case.area.province or not case.claimed:
        return None
    own = open_round(case.area.code, case.award_year, instrument=case.instrument.id)
    return collected_until(own, day)


def _by_question(found: Collected) -> pd.DataFrame:
    if found.frame.empty:
        return pd.DataFrame(columns=["score", "evidence_state"], index=pd.Index([], name="question_code"))
    return found.frame.set_index("question_code").reindex(columns=["score", "evidence_state"])
