"""Trace: follow any number of a sheet down to its questions, its rule and its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from kla_analysis.analysis.scoring import RollUp
from kla_analysis.errors import ParameterError, did_you_mean
from kla_analysis.instrument.instrument import Instrument, level_name, standing_name
from kla_analysis.language import number, t


@dataclass(frozen=True)
class Trace:
    """One number and where it comes from.

    Attributes:
        code, name: what the number belongs to.
        points, points_high, max_points: the number, its other end where answers are missing, and its maximum.
        answers: how many answers of the sheet it is made of; none where nobody has answered.
        rule: how it was made, in one sentence.
        source: where its maximum (and for a question its score) comes from.
        parts: the numbers it is made of, one level down.
    """

    code: str
    name: str
    points: float
    points_high: float
    max_points: float
    answers: int
    rule: str
    source: str
    parts: tuple[Trace, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Trace]]:
        """Yield this number and everything below it, each with its depth."""
        yield depth, self
        for part in self.parts:
            yield from part.walk(depth + 1)

    def _repr_html_(self) -> str:
        return self.to_frame().to_html(index=False)

    def to_frame(self) -> pd.DataFrame:
        """Return the whole trace as a table, one row per number, with its depth."""
        return pd.DataFrame(
            [
                {
                    "depth": depth,
                    "code": item.code,
                    "name": item.name,
                    "points": item.points,
                    "points_high": item.points_high,
                    "max_points": item.max_points,
                    "answers": item.answers,
                    "rule": item.rule,
                    "source": item.source,
                }
                for depth, item in self.walk()
            ]
        )


def trace(rollup: RollUp, code: str = "total", *, sheet: str = "") -> Trace:
    """Follow a number down.

    Args:
        code: `total`, or the code of a component, an indicator or a question.
        sheet: how to name the sheet that the answers stand in.

    Raises:
        ParameterError: there is no such code at a level that the sheet has.
    """
    if code == "total":
        placement = rollup.placement
        return Trace(
            code="total",
            name=t("Nilai total"),
            points=rollup.total.low,
            points_high=rollup.total.high,
            max_points=rollup.instrument.ladder.max_total,
            answers=int(rollup.components["answers"].sum()),
            rule=t(
                "jumlah {count} komponen; predikat {name} karena batas bawahnya tercapai",
                count=len(rollup.components),
                name=placement.name,
            ),
            source=t("Instrumen {id}", id=rollup.instrument.id),
            parts=tuple(_item(rollup, "component", one, sheet) for one in rollup.components.index),
        )
    levels = _levels_of(rollup)
    for level in levels:
        if code in rollup.table(level).index:
            return _item(rollup, level, code, sheet)
    known = ["total", *(one for level in levels for one in rollup.table(level).index)]
    raise ParameterError(t("Kode “{code}” tidak ada dalam lembar ini.", code=code), advice=did_you_mean(code, known))


def _levels_of(rollup: RollUp) -> list[str]:
    """Return the levels that a sheet has, the coarsest first."""
    return [level for level in ("component", "indicator", "question") if getattr(rollup, f"{level}s") is not None]


def _item(rollup: RollUp, level: str, code: str, sheet: str) -> Trace:
    """Follow a component, an indicator or a question down."""
    row = rollup.table(level).loc[code]
    below = next(iter(_levels_of(rollup)[_levels_of(rollup).index(level) + 1 :]), None)
    parts: tuple[Trace, ...] = ()
    if below is not None:
        table = rollup.table(below)
        children = table.index[table[f"{level}_code"] == code]
        parts = tuple(_item(rollup, below, child, sheet) for child in children)
    if below is not None and parts:
        rule = t("jumlah {count} {level} di bawahnya", count=len(parts), level=level_name(below))
        if level == "indicator" and code in rollup.capped:
            rule += "; " + t("dibatasi maksimum indikator, {maximum}", maximum=number(row["max_points"]))
    else:
        rule = t("belum ada jawaban") if code in rollup.missing else t("nilai yang tertulis di lembar")
    source = _source_of(rollup.instrument, level, code)
    return Trace(
        code=code,
        name=row["name"],
        points=float(row["low"]),
        points_high=float(row["high"]),
        max_points=float(row["max_points"]),
        answers=int(row["answers"]),
        rule=rule,
        source=f"{sheet}; {source}" if sheet and not parts else source,
        parts=parts,
    )


def _source_of(instrument: Instrument, level: str, code: str) -> str:
    row = instrument.table(level).loc[code]
    source = instrument.sources.get(row["source"])
    return f"{source.title if source else row['source']} ({standing_name(row['standing'])})"
