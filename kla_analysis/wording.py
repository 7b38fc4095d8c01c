"""Sentences for notebooks: what the numbers say, in words, with where they come from.

Every number in a report's prose is produced from the results themselves, never typed.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.wording.components_in_words(case.components, case).paragraphs[0][:24]
'Kehilangan terbesar ada '
"""

from __future__ import annotations

from kla_analysis.showing.country import province_in_words, transitions_in_words
from kla_analysis.showing.followup import decisions_in_words
from kla_analysis.showing.forecast import (
    calibration_in_words,
    flips_in_words,
    forecast_told,
    former_in_words,
    outlook_in_words,
    own_cases_in_words,
    sensitivity_in_words,
)
from kla_analysis.showing.losses import agencies_in_words, losses_in_words, unanswered_in_words
from kla_analysis.showing.own_rounds import copied_in_words, own_rounds_in_words
from kla_analysis.showing.peers import peers_in_words
from kla_analysis.showing.plan import (
    core_in_words,
    cuts_in_words,
    difference_in_words,
    evidence_in_words,
    plan_in_words,
)
from kla_analysis.showing.quality import audit_in_words, quality_in_words
from kla_analysis.showing.round_state import moved_in_words, state_in_words
from kla_analysis.showing.scorecard import components_in_words, headline, history_in_words, remarks
from kla_analysis.showing.target import conditions_in_words, least_share_in_words, set_in_words
from kla_analysis.showing.verified import (
    field_day_in_words,
    own_lessons_in_words,
    stage_forecasts_in_words,
    two_days_in_words,
    verified_in_words,
)

__all__ = [
    "agencies_in_words",
    "audit_in_words",
    "calibration_in_words",
    "components_in_words",
    "conditions_in_words",
    "copied_in_words",
    "core_in_words",
    "cuts_in_words",
    "decisions_in_words",
    "difference_in_words",
    "evidence_in_words",
    "field_day_in_words",
    "flips_in_words",
    "forecast_told",
    "former_in_words",
    "headline",
    "history_in_words",
    "least_share_in_words",
    "losses_in_words",
    "moved_in_words",
    "outlook_in_words",
    "own_cases_in_words",
    "own_lessons_in_words",
    "own_rounds_in_words",
    "peers_in_words",
    "plan_in_words",
    "province_in_words",
    "quality_in_words",
    "remarks",
    "sensitivity_in_words",
    "set_in_words",
    "stage_forecasts_in_words",
    "state_in_words",
    "transitions_in_words",
    "two_days_in_words",
    "unanswered_in_words",
    "verified_in_words",
]


def __dir__() -> list[str]:
    return __all__
