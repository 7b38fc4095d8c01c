"""Conditions besides the total: which answers a statement touches, and indicators below a minimum share.

Nothing here is a gate: no article of law was found for any of them. They are shown, with who said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from kla_analysis.analysis.scoring import RollUp
from kla_analysis.errors import ParameterError
from kla_analysis.evidence.statements import Statement
from kla_analysis.language import t


@dataclass(frozen=True)
class Touched:
    """A statement that a sheet's answers touch: the questions that are not answered in full.

    `open` are those of them that have no answer; `low`, `high` and `maximum` are points, over all
    questions of the statement.
    """

    statement: Statement
    questions: tuple[str, ...]
    open: tuple[str, ...]
    low: float
    high: float
    maximum: float


def touched(statements: Sequence[Statement], rolled: RollUp) -> list[Touched]:
    """Return the statements that speak of the sheet's round and whose questions it does not answer in full.

    A sheet that stops above the questions touches none.
    """
    if rolled.questions is None:
        return []
    found = []
    for statement in statements:
        answers = rolled.questions.loc[list(statement.questions)]
        short = answers.index[answers["low"] < answers["max_points"]]
        if len(short) and statement.holds_in(rolled.award_year):
            sums = answers[["low", "high", "max_points"]].sum()
            unanswered = tuple(code for code in short if code in rolled.unanswered)
            found.append(Touched(statement, tuple(short), unanswered, *map(float, sums)))
    return found


def below_share(rolled: RollUp, least: float) -> pd.DataFrame:
    """Return the indicators that reach less than a share of their maximum, the farthest below first.

    Args:
        least: share of an indicator's maximum, above 0 and at most 1.

    Returns:
        Indexed by `indicator_code`: `name`, `low`, `high`, `max_points`, `answers` (how many it has), `short`
        (points from `low` to the share), `certain` (false where what is unanswered could still lift it there).

    Raises:
        ParameterError: the share is not one.
        DataError: the sheet stops above the indicators.
    """
    if not 0 < least <= 1:
        raise ParameterError(
            t("Bagian terkecil {share} tidak mungkin.", share=f"{least:g}"),
            advice=t("Isi angka di atas 0 dan paling banyak 1, misalnya 0.5 untuk separuh maksimumnya."),
        )
    table = rolled.table("indicator")
    needed = (table["max_points"] * least).round(6)
    below = table[table["low"] < needed]
    found = below[["name", "low", "high", "max_points", "answers"]].assign(
        short=(needed - below["low"]).loc[below.index].round(6), certain=below["high"] < needed.loc[below.index]
    )
    share = found["low"] / found["max_points"]
    return found.loc[share.sort_values(kind="stable").index]
