"""Weaknesses: where points are lost, how many of them can come back, and whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kla_analysis.analysis.scoring import RollUp
from kla_analysis.errors import DataError
from kla_analysis.evidence.worksheets import owners_of
from kla_analysis.instrument.instrument import Instrument, split_agencies
from kla_analysis.language import t


def lost_points(rollup: RollUp, level: str, *, peers: Sequence[RollUp] = ()) -> pd.DataFrame:
    """Rank the codes of a level by the points they lose, largest loss first.

    Args:
        rollup: the sheet.
        level: `component`, `indicator` or `question`.
        peers: other sheets to measure against: peer districts, or one reference sheet.

    Returns:
        Indexed by code, ranked: the columns of the roll-up; `recoverable_points`: what may still be
        added to the total, which is less than the loss where an indicator would pass its own maximum (for questions
        `indicator_room`: what their indicator can still gain);
        `share_of_loss` and `cumulative_share` of all loss at this level; with peers also
        `peer_points` (their median; a single reference is its own) and `behind_peers` (points, 0 when
        ahead). What nobody has answered is unknown and no loss: it ranks last.

    Raises:
        DataError: the sheet stops above this level, or a peer follows another instrument.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.lost_points(case.roll_up, "component").index[0]
    'K2'
    """
    table = rollup.table(level).copy()
    table["recoverable_points"] = table["lost_points"]
    if level == "question":
        indicators = rollup.table("indicator")
        room = (indicators["max_points"] - indicators["low"]).round(6)
        table["indicator_room"] = table["indicator_code"].map(room)
        table["recoverable_points"] = np.minimum(table["lost_points"], table["indicator_room"])
    if peers:
        for peer in peers:
            _require_same_instrument(rollup, peer)
        table["peer_points"] = pd.concat([peer.table(level)["low"] for peer in peers], axis=1).median(axis=1)
        table["behind_peers"] = (table["peer_points"] - table["high"]).clip(lower=0).round(6)
    table["_order"] = range(len(table))
    # Equal losses stand in the order of the sheet, so that a ranking never depends on chance.
    table = table.sort_values(["lost_points", "_order"], ascending=[False, True]).drop(columns="_order")
    loss = table["lost_points"].sum()
    table["share_of_loss"] = table["lost_points"] / loss if loss else 0.0
    table["cumulative_share"] = table["share_of_loss"].cumsum()
    return table


def lost_by_agency(rollup: RollUp) -> pd.DataFrame:
    """Rank the agencies by the lost points of the questions that they answer.

    A question often belongs to several agencies and the instrument does not say who leads, so two
    figures stand side by side: all the points an agency has a hand in (the agencies' figures then
    add up to more than the loss) and an equal share of each question. The equal shares add up to what
    the total loses: where the questions of an indicator lose more than the indicator itself can, each
    counts in proportion. The equal split is this project's assumption.

    Returns:
        Indexed by agency: `questions` (count with a loss), `involved_points`, `shared_points`.
        Questions without an agency stand under a name that says so; agencies without a loss are left out.
    """
    questions = rollup.table("question")
    losing = questions[questions["lost_points"] > 0]
    owners = losing["agencies"].map(lambda text: split_agencies(text) or nobody())
    counted = rollup.table("indicator")["lost_points"] / losing.groupby("indicator_code")["lost_points"].sum()
    shared = losing["lost_points"] * losing["indicator_code"].map(counted) / owners.map(len)
    long = losing.assign(agency=owners, shared=shared).explode("agency")
    ranked = long.groupby("agency").agg(
        questions=("lost_points", "size"), involved_points=("lost_points", "sum"), shared_points=("shared", "sum")
    )
    return (
        ranked.reset_index()
        .sort_values(["involved_points", "agency"], ascending=[False, True])
        .set_index("agency")
        .round({"involved_points": 6})
    )


def responsible_for(rules: Instrument, proof: pd.DataFrame) -> pd.Series:
    """Return by question who is asked first: the lead that the district names, else everybody who answers it (a list).

    Args:
        proof: what a sheet says of its evidence, by question (`evidence.proof.COLUMNS`).
    """
    leads = proof.get("lead", pd.Series(dtype=object)).dropna()
    owners = owners_of(rules, proof)
    return pd.Series(
        [[leads[code]] if code in leads else list(names) for code, names in owners.items()], owners.index, dtype=object
    )


def nobody() -> tuple[str]:
    """Return the name under which questions without an agency stand, as the only one that answers them."""
    return (t("(belum ada penanggung jawab)"),)


def weak_questions(rollup: RollUp, component: str | None = None, *, top: int | None = None) -> pd.DataFrame:
    """Return the questions that lose points, largest loss first, of one component or of all."""
    ranked = lost_points(rollup, "question")
    ranked = ranked[ranked["lost_points"] > 0]
    if component is not None:
        rollup.instrument.component(component)
        ranked = ranked[ranked["component_code"] == component]
    return ranked if top is None else ranked.head(top)


def weakest_indicators(rollup: RollUp, *, each: int = 1) -> pd.DataFrame:
    """Return of every component the indicators that lose most, largest loss first; none of a component that loses nothing.

    Args:
        rollup: the sheet.
        each: how many of each component.

    Returns:
        The rows of `lost_points` and `owners`: the agencies that answer what is lost there, whoever shares in most of it
        first (as `lost_by_agency`); empty lists where the sheet stops at indicators.

    >>> import kla_analysis as kla
    >>> found = weakest_indicators(kla.open("63.10", 2022).roll_up)
    >>> found.index.tolist(), found.at["8", "owners"]
    (['1', '26', '6', '8', '21A', '19', '16'], ['Dinas PPPA', 'Dinsos'])
    """
    ranked = lost_points(rollup, "indicator")
    ranked = ranked[ranked["lost_points"] > 0].groupby("component_code", sort=False).head(each)
    owners: dict[str, list[str]] = {}
    if rollup.questions is not None:
        losing = weak_questions(rollup)
        names = losing["agencies"].map(split_agencies)
        long = losing.assign(agency=names, shared=losing["lost_points"] / names.map(len).clip(lower=1)).explode(
            "agency"
        )
        shares = long.dropna(subset=["agency"]).groupby(["indicator_code", "agency"])["shared"].sum()
        for (indicator, agency), _ in shares.sort_values(ascending=False, kind="stable").items():
            owners.setdefault(indicator, []).append(agency)
    return ranked.assign(owners=[owners.get(code, []) for code in ranked.index])


def unanswered_questions(rollup: RollUp, component: str | None = None) -> pd.DataFrame:
    """Return the questions that nobody has answered, in the order of the sheet, of one component or of all."""
    table = rollup.table("question")
    table = table[table["unanswered"] > 0]
    return table if component is None else table[table["component_code"] == component]


@dataclass(frozen=True)
class Selection:
    """Which questions are looked at; what is empty leaves all.

    Attributes:
        component, indicator: codes. agency: one that answers them. words: all of which a question or its code holds.
    """

    component: str = ""
    indicator: str = ""
    agency: str = ""
    words: str = ""


def selected(rollup: RollUp, chosen: Selection = Selection()) -> pd.DataFrame:
    """Return the questions of a selection as `lost_points` ranks them, full ones too.

    Raises:
        DataError: the sheet has no answers per question. KeyError: an unknown component or indicator.
    """
    ranked = lost_points(rollup, "question")
    if chosen.component:
        ranked = ranked[ranked["component_code"] == rollup.instrument.component(chosen.component).code]
    if chosen.indicator:
        ranked = ranked[ranked["indicator_code"] == chosen.indicator]
    if chosen.agency:
        ranked = ranked[ranked["agencies"].map(lambda text: chosen.agency in (split_agencies(text) or nobody()))]
    for word in chosen.words.casefold().split():
        names = ranked.index.str.casefold() + " " + ranked["name"].str.casefold()
        ranked = ranked[names.str.contains(word, regex=False)]
    return ranked


def selected_groups(rollup: RollUp, chosen: Selection = Selection()) -> tuple[str, pd.DataFrame]:
    """Sum a selection one step below it: a component's indicators, an indicator's questions, else components.

    Returns:
        The level, and indexed by its codes in the order of the sheet: `name`, `low`, `high`, `max_points`,
        `lost_points`, `unknown_points`, `answers`. A part that is whole counts as the sheet counts it (no more than its maximum); of a
        part that an agency or a word has thinned out, the questions that are left are added up.
    """
    table = selected(rollup, chosen)
    level = "question" if chosen.indicator else "indicator" if chosen.component else "component"
    columns = ["name", "low", "high", "max_points", "lost_points", "unknown_points", "answers"]
    if level == "question":
        return level, table[columns]
    whole = rollup.table(level)
    if not chosen.agency and not chosen.words.strip():
        inside = whole if level == "component" else whole[whole["component_code"] == chosen.component]
        return level, inside[columns]
    sums = table.groupby(f"{level}_code")[columns[1:]].sum().round(6)
    sums.insert(0, "name", whole["name"].reindex(sums.index))
    return level, sums.reindex([code for code in whole.index if code in sums.index])


def lost_in(rollup: RollUp, chosen: Selection = Selection()) -> tuple[float, float, float]:
    """Return the points lost in a selection, the most it could have, and the points lost in the whole sheet."""
    everything = float(rollup.components["lost_points"].sum())
    table = selected_groups(rollup, chosen)[1]
    if chosen.indicator and not chosen.agency and not chosen.words.strip():
        table = rollup.table("indicator").loc[[chosen.indicator]]
    return round(float(table["lost_points"].sum()), 6), float(table["max_points"].sum()), round(everything, 6)


def unknown_in(rollup: RollUp, chosen: Selection = Selection()) -> float:
    """Return the points that hang on the missing answers of a selection."""
    table = selected_groups(rollup, chosen)[1]
    if chosen.indicator and not chosen.agency and not chosen.words.strip():
        table = rollup.table("indicator").loc[[chosen.indicator]]
    return round(float(table["unknown_points"].sum()), 6)


def _require_same_instrument(one: RollUp, other: RollUp) -> None:
    if one.instrument.id != other.instrument.id:
        raise DataError(
            t(
                "Kedua lembar mengikuti instrumen yang berbeda ({one} dan {other}).",
                one=one.instrument.id,
                other=other.instrument.id,
            ),
            advice=t("Bobot berbeda antartahun; bandingkan hanya lembar dari instrumen yang sama."),
        )
