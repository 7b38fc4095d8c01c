"""kla_analysis: from a district's child-friendly evaluation sheet to its score, its losses, its way up.

The names below are the window of the library: those that the notebooks use, each with an example in its `help`.
They are loaded when first used, so that a command which only needs a band does not wait for pandas and matplotlib.
"""

from importlib import import_module
from typing import Any

_WINDOW = {
    "analysis.calibration": ("coverage", "reliability", "summarise"),
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
    "analysis.comparison": ("closing_sets", "smallest_set"),
    "analysis.country": ("moves", "province_standing", "published_pairs", "transitions"),
    "analysis.crosswalk": ("carry_over", "compare_instruments", "load_mapping"),
    "analysis.forecast": ("learnable_cases", "outlook"),
    "analysis.own_rounds": ("copied", "own_rounds"),
    "analysis.peers": ("behind_peers",),
    "analysis.position": ("Position", "reference_of"),
    "analysis.round_state": ("evidence_of", "last_meeting", "moved_since", "state_by", "work_order"),
    "analysis.scoring": ("roll_up",),
    "analysis.verification": ("draw_by_evidence",),
    "analysis.verified": (
        "cut_by_agency",
        "cuts",
        "field_day",
        "forecasts_by_stage",
        "own_lessons",
        "two_day_list",
    ),
    "analysis.weakness": ("lost_points",),
    "errors": ("DataError", "KlaError", "ParameterError"),
    "evidence.areas": ("find_area",),
    "evidence.cases": ("load_cases",),
    "evidence.contradictions": ("load_contradictions",),
    "evidence.history": ("load_history",),
    "evidence.published": ("load_component_scores", "load_national_counts", "load_participation"),
    "evidence.statements": ("load_statements",),
    "instrument.instrument": ("load_instrument",),
    "planning.actions": ("load_catalogue",),
    "planning.model": ("Limits", "Model"),
    "planning.plan": ("most_points",),
    "planning.proofs": ("work_by_cost",),
    "planning.scenario": ("open_scenario",),
    "app": ("explorer", "planner"),
    "showing": ("meeting", "method"),
    "showing.followup": ("decisions_of",),
    "showing.plan": ("plan_for",),
    "": ("charts", "tables", "wording"),
    "app.home": ("launch",),
    "report.parameters": ("open",),
}
#: Found by name as well, for programs; not in the window.
_BEHIND = {
    "analysis.comparison": ("difference", "gap_to"),
    "analysis.forecast": ("forecast", "learn"),
    "analysis.position": ("open_position",),
    "analysis.scoring": ("RollUp",),
    "analysis.trace": ("trace",),
    "analysis.uncertainty": ("sensitivity",),
    "analysis.weakness": ("lost_by_agency", "unanswered_questions", "weak_questions"),
    "evidence.areas": ("load_areas",),
    "evidence.assessment": ("Assessment", "load_assessment", "scaled_to_total"),
    "evidence.audit": ("audit",),
    "evidence.cases": ("load_stage_scores",),
    "evidence.followup": ("load_followup", "save_followup"),
    "evidence.history": ("history_of",),
    "evidence.intake.sheet": ("Intake", "read_sheet"),
    "evidence.published": ("load_results",),
    "instrument.bands": ("Ladder", "Span"),
    "instrument.instrument": ("Instrument",),
    "planning.scenario": ("Scenario",),
    "planning.simulation": ("Simulator", "simulate"),
}
#: Where the name is that of a module.
_OF_ROOMS = ("", "app", "showing")
_ROOM_OF = {name: room for rooms in (_WINDOW, _BEHIND) for room, names in rooms.items() for name in names}
__all__ = sorted(name for names in _WINDOW.values() for name in names)


def __getattr__(name: str) -> Any:
    if name in _ROOM_OF:
        room = f"kla_analysis.{_ROOM_OF[name]}".rstrip(".")
        return import_module(f"{room}.{name}") if _ROOM_OF[name] in _OF_ROOMS else getattr(import_module(room), name)
    said = f"module 'kla_analysis' has no attribute {name!r}"
    if not name.startswith("_"):
        from kla_analysis.errors import did_you_mean

        said += f". {did_you_mean(name, __all__)}"
    raise AttributeError(said, name=name)


def __dir__() -> list[str]:
    return __all__
