"""Trace: follow any number of a sheet down to its questions, its rule and its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from kla_analysis.analysis.scoring import RollUp
from kla_analysis.errors import ParameterError, did_you_mean
from kla_analysis.instrument.instrument import level_name, standing_name
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
    instrument = rollup.instrument
    levels = [level for level in ("component", "indicator", "question") if getattr(rollup, f"{level}s") is not None]

    def source_of(level: str, one: str) -> str:
        row = instrument.table(level).loc[one]
        source = instrument.sources.get(row["source"])
        return f"{source.title if source else row['source']} ({standing_name(row['standing'])})"

    def item(level: str, one: str) -> Trace:
        row = rollup.table(level).loc[one]
        at = levels.index(level)
        parts: tuple[Trace, ...] = ()
        if at + 1 < len(levels):
            below = rollup.table(levels[at + 1])
            parts = tuple(item(levels[at + 1], child) for child in below.index[below[f"{level}_code"] == one])
        if parts:
            rule = t("jumlah {count} {level} di bawahnya", count=len(parts), level=level_name(levels[at + 1]))
            if level == "indicator" and one in rollup.capped:
                rule += "; " + t("dibatasi maksimum indikator, {maximum}", maximum=number(row["max_points"]))
        elif one in rollup.missing:
            rule = t("belum ada jawaban")
        else:
            rule = t("nilai yang tertulis di lembar")
        source = source_of(level, one)
        return Trace(
            one,
            row["name"],
            float(row["low"]),
            float(row["high"]),
            float(row["max_points"]),
            int(row["answers"]),
            rule,
            f"{sheet}; {source}" if sheet and not parts else source,
            parts,
        )

    if code == "total":
        placement = rollup.placement
        return Trace(
            code="total",
            name=t("Nilai total"),
            points=rollup.total.low,
            points_high=rollup.total.high,
            max_points=instrument.ladder.max_total,
            answers=int(rollup.components["answers"].sum()),
            rule=t(
                "jumlah {count} komponen; predikat {name} karena batas bawahnya tercapai",
                count=len(rollup.components),
                name=placement.name,
            ),
            source=t("Instrumen {id}", id=instrument.id),
            parts=tuple(item("component", one) for one in rollup.components.index),
        )
    for level in levels:
        if code in rollup.table(level).index:
            return item(level, code)
    known = ["total", *(one for level in levels for one in rollup.table(level).index)]
    raise ParameterError(t("Kode “{code}” tidak ada dalam lembar ini.", code=code), advice=did_you_mean(code, known))
