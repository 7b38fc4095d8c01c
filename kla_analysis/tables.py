"""Tables for notebooks: a caption, named columns, aligned figures, a source under each.

Each takes the frame that it shows, then the case. Beside what is written stands the value itself.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.tables.component_table(case.components, case).cells[0][:2]
['Kelembagaan', '106,98']
"""

from __future__ import annotations

from kla_analysis.showing.country import (
    component_shares_table,
    moves_table,
    national_table,
    province_table,
    transition_table,
)
from kla_analysis.showing.followup import followup_table
from kla_analysis.showing.forecast import (
    answer_flip_table,
    calibration_table,
    cases_table,
    earlier_table,
    predicate_table,
    sensitivity_table,
    steps_table,
    weight_flip_table,
)
from kla_analysis.showing.losses import agency_table, question_table, selected_table, unanswered_table
from kla_analysis.showing.meeting import meeting_sheets
from kla_analysis.showing.method import band_table, data_table, glossary_table, instrument_table, source_table
from kla_analysis.showing.own_rounds import copied_table, own_rounds_table
from kla_analysis.showing.peers import peers_table
from kla_analysis.showing.plan import (
    component_change_table,
    core_table,
    cut_table,
    evidence_table,
    order_table,
    plan_table,
    regret_table,
    spending_table,
    stair_table,
    staircase_table,
)
from kla_analysis.showing.quality import (
    audit_table,
    completeness_table,
    contradictions_table,
    own_audit,
    reference_audit,
    repair_table,
    source_doubts_table,
)
from kla_analysis.showing.round_state import delivered_table, moved_table, state_table, work_cost_table, work_table
from kla_analysis.showing.scorecard import component_table, history_table, indicator_table
from kla_analysis.showing.target import (
    closing_set_table,
    conditions_table,
    difference_table,
    least_share_table,
    set_questions_table,
    trace_table,
)
from kla_analysis.showing.verified import (
    cut_agencies_table,
    field_day_table,
    stage_forecasts_table,
    two_day_table,
    verified_table,
)

__all__ = [
    "agency_table",
    "answer_flip_table",
    "audit_table",
    "band_table",
    "calibration_table",
    "cases_table",
    "closing_set_table",
    "completeness_table",
    "component_change_table",
    "component_shares_table",
    "component_table",
    "conditions_table",
    "contradictions_table",
    "copied_table",
    "core_table",
    "cut_agencies_table",
    "cut_table",
    "data_table",
    "glossary_table",
    "delivered_table",
    "difference_table",
    "earlier_table",
    "evidence_table",
    "field_day_table",
    "followup_table",
    "history_table",
    "indicator_table",
    "instrument_table",
    "least_share_table",
    "meeting_sheets",
    "moved_table",
    "moves_table",
    "national_table",
    "order_table",
    "own_audit",
    "own_rounds_table",
    "peers_table",
    "plan_table",
    "predicate_table",
    "province_table",
    "question_table",
    "reference_audit",
    "regret_table",
    "repair_table",
    "selected_table",
    "sensitivity_table",
    "set_questions_table",
    "source_doubts_table",
    "source_table",
    "spending_table",
    "stage_forecasts_table",
    "stair_table",
    "staircase_table",
    "state_table",
    "steps_table",
    "trace_table",
    "transition_table",
    "two_day_table",
    "unanswered_table",
    "verified_table",
    "weight_flip_table",
    "work_cost_table",
    "work_table",
]


def __dir__() -> list[str]:
    return __all__
