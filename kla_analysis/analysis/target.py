"""The target: the predicate that an area aims for, which is always above where it stands."""

from __future__ import annotations

from kla_analysis.analysis.forecast import forecastable, outlook
from kla_analysis.analysis.position import Position


def aim(position: Position, asked: str = "") -> str:
    """Return the code of the predicate that is aimed for.

    It is the one asked for; where that is reached already, or none is asked for, it is the next one above
    where the area stands. At the top it is the highest. A total before the award has reached only what it is
    likely to become: what counts is the middle of the forecast.

    Args:
        asked: code of a predicate; empty for the one that was settled already, else the next one.

    Raises:
        ParameterError: the instrument has no such predicate.
    """
    if not asked and position.target:
        return position.target
    ladder = position.instrument.ladder
    counts = _counted(position)
    if asked and counts < ladder.band(asked).lower:
        return asked
    above = ladder.above(ladder.place(counts).predicate)
    return (above or ladder.bands[-1]).code


def _counted(position: Position) -> float:
    """Return the total that counts, in points; of a bare predicate, the most that it can stand for."""
    if not position.score_known:
        return position.span.high
    if not forecastable(position) or position.instrument.stage(position.stage).carries_award:
        return position.span.low
    return outlook(position).median
