"""Done: actions that a district has finished are no choice any more, and their points are never counted twice.

A decision that is marked done takes its action out of the catalogue: its cost is spent and not asked for again, what needs
it may begin, and where it was one of several alternatives the others fall away. Of points only what is written down counts,
as the score that a question has afterwards (accepted, else claimed): the question stands at that or at what the sheet
says, whichever is more. A sheet that holds the points already is therefore left as it is. Verification cuts them like
all other points of the sheet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.evidence.followup import DONE, load_followup
from kla_analysis.planning.actions import Catalogue
from kla_analysis.planning.model import Limits


@dataclass(frozen=True, eq=False, repr=False)
class Finished:
    """What of a round's decisions is done.

    Attributes:
        table: those decisions (`load_followup`).
        position: the position that they were made about, as its sheet has it.
    """

    table: pd.DataFrame
    position: Position

    def __bool__(self) -> bool:
        return len(self.table) > 0

    @property
    def actions(self) -> list[str]:
        """Codes of the actions that are done, whatever the catalogue."""
        return list(dict.fromkeys(self.table["action_code"].dropna()))

    @property
    def spent_rupiah(self) -> int:
        """What was written down as spent."""
        return int(self.table["spent_rupiah"].sum())

    @property
    def points(self) -> pd.Series:
        """What each question has afterwards, points by code: accepted, else claimed; the most where it is said twice."""
        said = self.table.assign(points=self.table["points_accepted"].fillna(self.table["points_claimed"]))
        return said.dropna(subset=["question_code", "points"]).groupby("question_code")["points"].max()

    @property
    def added_points(self) -> float:
        """How many points that is above the sheet as it is."""
        rolled = self.position.roll_up
        return 0.0 if rolled is None else round(rolled.raised(self.points).total.low - rolled.total.low, 6)

    @property
    def after(self) -> Position:
        """The position with those points in it."""
        rolled = self.position.roll_up
        if rolled is None or self.points.empty:
            return self.position
        return replace(self.position, roll_up=rolled.raised(self.points))

    def without(self, catalogue: Catalogue) -> Catalogue:
        """Return a catalogue of what is still to be chosen: without the actions that are done, needing them no more."""
        done = set(self.actions)
        actions = catalogue.actions[~catalogue.actions.index.isin(done)].copy()
        actions["prerequisites"] = [
            tuple(choice for choice in choices if done.isdisjoint(choice)) for choices in actions["prerequisites"]
        ]
        # The others of a group are no choice any more: nothing is left of the group but that (`limits`).
        actions["group_code"] = actions["group_code"].mask(actions["group_code"].isin(self._groups(catalogue)))
        answers, split = (
            None if table is None else table[~table["action_code"].isin(done)].reset_index(drop=True)
            for table in (catalogue.answers, catalogue.split)
        )
        return replace(catalogue, actions=actions, answers=answers, split=split)

    def limits(self, catalogue: Catalogue, limits: Limits) -> Limits:
        """Return limits about what is still to be chosen: what is done is no longer asked for, its alternatives are shut."""
        done = set(self.actions) & set(catalogue.actions.index)
        if not done:
            return limits
        table = catalogue.actions
        shut = set(table.index[table["group_code"].isin(self._groups(catalogue))])
        settled = {code for group in (*limits.either_or, *limits.exactly_one) if done & set(group) for code in group}
        return replace(
            limits,
            must=tuple(code for code in limits.must if code not in done),
            must_not=tuple(
                code for code in dict.fromkeys((*limits.must_not, *sorted(shut | settled))) if code not in done
            ),
            either_or=tuple(group for group in limits.either_or if done.isdisjoint(group)),
            exactly_one=tuple(group for group in limits.exactly_one if done.isdisjoint(group)),
        )

    def _groups(self, catalogue: Catalogue) -> list[str]:
        """Return the groups of a catalogue of which one action is done."""
        own = catalogue.actions["group_code"].reindex(self.actions)
        return list(own.dropna().unique())


def finished(position: Position) -> Finished:
    """Return what is done of the decisions about a position's round.

    Raises:
        DataError: the file of the decisions is refused; all problems at once.
    """
    table = load_followup(position.area.code)
    return Finished(table[(table["award_year"] == position.award_year) & (table["state"] == DONE)], position)
