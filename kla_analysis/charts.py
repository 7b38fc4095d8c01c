"""Charts for notebooks: few, with the finding as title, text beside the marks, and the source inside the picture.

Each takes the frame that it draws, then the case. Colour never speaks alone: what is missing is hatched, points differ
by marker, values stand beside their marks.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.charts.components(case.components, case).save("komponen.png")  # doctest: +SKIP
"""

from __future__ import annotations

from kla_analysis.showing.board import board
from kla_analysis.showing.country import flow, province
from kla_analysis.showing.country import moves_chart as moves
from kla_analysis.showing.forecast import award_total, kept_shares, said_and_came, tornado
from kla_analysis.showing.losses import agencies, pareto
from kla_analysis.showing.own_rounds import own_rounds_chart as own_rounds
from kla_analysis.showing.plan import difference_chart as plan_difference
from kla_analysis.showing.round_state import evidence_chart as evidence
from kla_analysis.showing.scorecard import components, history, indicator_heatmap, ladder
from kla_analysis.showing.target import waterfall
from kla_analysis.showing.verified import cut_chart as cuts

__all__ = [
    "agencies",
    "award_total",
    "board",
    "components",
    "cuts",
    "evidence",
    "flow",
    "history",
    "indicator_heatmap",
    "kept_shares",
    "ladder",
    "moves",
    "own_rounds",
    "pareto",
    "plan_difference",
    "province",
    "said_and_came",
    "tornado",
    "waterfall",
]


def __dir__() -> list[str]:
    return __all__
