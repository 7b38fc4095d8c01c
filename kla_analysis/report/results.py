"""Results: every number that a report shows at the top, as a record for machines and for the next run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kla_analysis.analysis.forecast import forecastable, outlook
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.round_state import evidence_of
from kla_analysis.analysis.target import aim
from kla_analysis.analysis.weakness import weak_questions
from kla_analysis.instrument.instrument import split_agencies
from kla_analysis.planning.scenario import open_scenario
from kla_analysis.planning.simulation import Simulation
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.showing.plan import plan_for
from kla_analysis.showing.text import settled

FILE = "results.json"
VERSION = 1
#: How many of the weakest questions stand in the record.
TOP = 10


def results_of(
    parameters: ReportParameters, position: Position, plan: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the results of a report as plain values (points, rupiah, shares of one).

    `answers` holds the sheet itself, by code: the next run needs it to tell new answers from new rules.

    Args:
        plan: the record of the plan where a notebook has made it already; it is planned here when not given.
    """
    ladder = position.instrument.ladder
    span, rolled = position.span, position.roll_up
    gap = ladder.points_to(aim(position), span)
    placed = ladder.place(span.low)
    record = {
        "version": VERSION,
        "area": {"code": position.area.code, "name": position.area.name},
        "year": position.award_year,
        "stage": position.stage,
        "instrument": position.instrument.id,
        "standing": position.standing,
        "illustrative": position.illustrative,
        "total": {"low": span.low, "high": span.high},
        "unknown_points": position.unknown_points,
        "unanswered": list(rolled.unanswered) if rolled else [],
        "printed_contradicts": position.contradictions,
        "predicate": {
            "code": placed.predicate,
            "name": placed.name,
            "in_gap": placed.in_gap,
            "at_disputed_bound": placed.at_disputed_bound,
            "high": ladder.place(span.high).predicate,
        },
        "target": {
            "code": aim(position),
            "asked": parameters.target,
            "points": ladder.band(aim(position)).lower,
        },
        "gap": {"low": gap.low, "high": gap.high},
        "components": _level(rolled and rolled.components),
        "indicators": _level(rolled and rolled.indicators),
        "weak_questions": _weak(position),
        "forecast": forecast_of(position),
        "plan": plan or _plan(parameters, position),
        "level": rolled.level if rolled else None,
        "answers": _answers(position),
    }
    return _plain(record)


def as_json(record: Mapping[str, Any]) -> bytes:
    """Return a record as the bytes of its file; equal records give equal bytes."""
    return (json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _level(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    if table is None:
        return []
    return [
        {
            "code": code,
            "name": row["name"],
            "low": row["low"] if row["answers"] else None,
            "high": row["high"],
            "max_points": row["max_points"],
            "unknown_points": row["unknown_points"],
        }
        for code, row in table.iterrows()
    ]


def _weak(position: Position) -> list[dict[str, Any]]:
    if position.roll_up is None or position.roll_up.questions is None:
        return []
    return [
        {
            "code": code,
            "name": row["name"],
            "low": row["low"],
            "max_points": row["max_points"],
            "recoverable_points": row["recoverable_points"],
            "agencies": list(split_agencies(row["agencies"])),
        }
        for code, row in weak_questions(position.roll_up, top=TOP).iterrows()
    ]


def forecast_of(position: Position) -> dict[str, Any] | None:
    """Return which award the total becomes, as the report says it.

    `supposed` says that the total is settled: so much would come if the same were claimed again in the next round.
    """
    if not forecastable(position):
        return None
    told, best = outlook(position), outlook(position.at_best)
    return {
        "supposed": settled(position),
        "stage": told.stage,
        "score": told.claimed,
        "previous": told.previous,
        "verified_by": told.verifier,
        "median": told.median,
        "low": told.interval.low,
        "high": told.interval.high,
        "level": told.level,
        "probability_of_target": told.probability_at_least(aim(position)),
        "high_at_best": best.interval.high,
        "probability_of_target_at_best": best.probability_at_least(aim(position)),
        "predicates": dict(told.predicates),
    }


def beside_others(position: Position, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is compared between many reports: how far the sheet is, its claim and results, its forecast, its losses.

    Args:
        record: `results_of`.
    """
    evidence, rolled, told = evidence_of(position), position.roll_up, record["forecast"] or {}
    known = len(evidence) > 0
    return _plain(
        {
            "questions": sum(rolled.table(rolled.level)["answers"] + rolled.table(rolled.level)["unanswered"])
            if rolled
            else 0,
            "answered": sum(rolled.table(rolled.level)["answers"]) if rolled else 0,
            "with_evidence": evidence["with_evidence"].sum() if known else None,
            "at_risk": evidence["at_risk_points"].sum() if known else None,
            "stages": {stage: [sheet.span.low, sheet.span.high] for stage, sheet in position.sheets.items()},
            **{name: told.get(name) for name in ("median", "low", "high", "probability_of_target")},
            "instrument": position.instrument.id,
            "lost": position.indicators["lost_points"].to_dict(),
        }
    )


def _plan(parameters: ReportParameters, position: Position) -> dict[str, Any] | None:
    answer = plan_for(position, open_scenario(parameters.scenario), aim(position))
    return answer.record() if isinstance(answer, Simulation) else None


def _answers(position: Position) -> dict[str, float | None]:
    return position.assessment.scores.to_dict() if position.assessment is not None else {}


def _plain(value: Any) -> Any:
    """Return a value of plain types only; what is not a number is none."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
