"""kla_analysis: from a district's child-friendly evaluation sheet to its score, its losses, its way up.

The names below are the shop window for notebooks. They are loaded when first used, so that a
command which only needs a band does not wait for pandas and matplotlib.
"""

from importlib import import_module
from typing import Any

_WINDOW = {
    "analysis.case_tables": (
        "answer_flips",
        "award_chances",
        "award_totals",
        "beside",
        "component_swings",
        "forecast_check",
        "kept_by_step",
        "made_of",
        "printed_lines",
        "weak_indicators",
        "weight_flips",
        "what_decides",
    ),
    "analysis.comparison": ("closing_sets", "difference", "gap_to", "smallest_set"),
    "analysis.country": ("moves", "province_standing", "published_pairs", "transitions"),
    "analysis.crosswalk": ("carry_over", "compare_instruments", "load_mapping"),
    "analysis.calibration": ("coverage", "load_check", "reliability", "summarise"),
    "analysis.forecast": ("forecast", "learn", "learnable_cases", "outlook", "own_retention"),
    "analysis.position": ("Position", "open_position", "reference_of"),
    "analysis.scoring": ("RollUp", "roll_up"),
    "analysis.target": ("aim",),
    "analysis.trace": ("Trace", "trace"),
    "analysis.uncertainty": ("flips_by_answer", "flips_by_weight", "sensitivity", "sobol", "tornado"),
    "analysis.verification": ("draw_by_evidence",),
    "analysis.weakness": (
        "Selection",
        "lost_by_agency",
        "lost_points",
        "selected",
        "unanswered_questions",
        "weak_questions",
    ),
    "errors": ("DataError", "KlaError", "ParameterError"),
    "evidence.areas": ("find_area", "load_areas"),
    "evidence.assessment": ("Assessment", "load_assessment", "scaled_to_total"),
    "evidence.audit": ("Audit", "audit"),
    "evidence.contradictions": ("load_contradictions",),
    "evidence.statements": ("load_statements",),
    "evidence.cases": ("load_cases", "load_stage_scores"),
    "evidence.history": ("history_of", "load_history"),
    "evidence.intake.sheet": ("Intake", "read_sheet"),
    "evidence.published": (
        "load_component_scores",
        "load_national_counts",
        "load_participation",
        "load_province_counts",
        "load_results",
    ),
    "instrument.bands": ("Ladder", "Placement", "Span"),
    "instrument.instrument": ("Instrument", "load_instrument"),
    "planning.actions": ("Catalogue", "load_catalogue"),
    "planning.frontier": ("Staircase", "staircase"),
    "planning.model": ("Limits", "Model"),
    "planning.plan": ("Plan", "least_money", "most_points"),
    "planning.scenario": ("Scenario", "load_scenario", "open_scenario", "stack"),
    "planning.simulation": ("Simulation", "Simulator", "simulate"),
    "presenting": (
        "board",
        "charts",
        "explore",
        "forecasting",
        "meetings",
        "method",
        "plan_charts",
        "plan_tables",
        "plan_wording",
        "quality",
        "risk_charts",
        "tables",
        "whatif",
        "wording",
    ),
    "reporting.launcher": ("launch",),
    "reporting.parameters": ("ReportParameters", "open"),
}
_ROOM_OF = {name: room for room, names in _WINDOW.items() for name in names}
__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'kla_analysis' has no attribute {name!r}")
    room = f"kla_analysis.{_ROOM_OF[name]}"
    return import_module(f"{room}.{name}") if room == "kla_analysis.presenting" else getattr(import_module(room), name)


def __dir__() -> list[str]:
    return __all__
