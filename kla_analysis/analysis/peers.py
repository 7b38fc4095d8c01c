"""Peers: districts of the same province and kind whose sheets of the same round are here; their size is not on record."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.scoring import RollUp, roll_up
from kla_analysis.analysis.weakness import lost_points
from kla_analysis.evidence.areas import load_areas
from kla_analysis.evidence.assessment import find_sheet, load_assessment, rules_of

_COLUMNS = ("name", "component_code", "max_points", "low", "peer_points", "behind_peers")


def peer_codes(area: str, *, data: Path | None = None) -> list[str]:
    """Return the codes of the other districts of a province, or its other cities, for a city; none of an unknown area."""
    areas = load_areas(data=data)
    if area not in areas.index:
        return []
    own = areas.loc[area]
    same = areas[(areas["province_code"] == own["province_code"]) & (areas["kind"] == own["kind"])]
    return [code for code in same.index if code != area]


class Peer(NamedTuple):
    """A peer's name, whether its numbers are an illustration, and its sheet."""

    name: str
    illustrative: bool
    roll_up: RollUp


def peers_of(case: Position) -> list[Peer]:
    """Read the latest sheet of each peer of the case's round that follows the same instrument and goes as far as indicators."""
    names, found = load_areas()["name"], []
    for code in peer_codes(case.area.code):
        path = find_sheet(code, case.award_year)
        if path is not None and rules_of(path, year=case.award_year).id == case.instrument.id:
            sheet = load_assessment(path, case.instrument)
            if sheet.level != "component":
                found.append(Peer(names[code], sheet.origin.illustrative, roll_up(sheet, case.instrument)))
    return found


def behind_peers(case: Position) -> pd.DataFrame:
    """Return the case's indicators beside the middle of its peers, furthest behind first.

    Returns:
        Indexed by indicator: `name`, `component_code`, `max_points`, `low`, `peer_points` (median of the peers),
        `behind_peers` (points, 0 when ahead). No rows where the sheet stops above indicators, or no peer's is here.

    >>> import kla_analysis as kla
    >>> behind_peers(kla.open("63.10", 2022)).empty  # no other district's sheet ships with the project
    True
    """
    rolled, peers = case.roll_up, peers_of(case)
    if rolled is None or rolled.indicators is None or not peers:
        return pd.DataFrame(columns=list(_COLUMNS), index=pd.Index([], name="indicator_code"))
    table = lost_points(rolled, "indicator", peers=[peer.roll_up for peer in peers])
    table = table.sort_values("behind_peers", ascending=False, kind="stable")[list(_COLUMNS)]
    table.attrs["peers"] = [(peer.name, peer.illustrative) for peer in peers]
    return table
