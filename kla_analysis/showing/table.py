"""Tables: one table ready to be read, its columns, and how points and shares are written in them."""

from __future__ import annotations

import csv
import io
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.errors import ParameterError
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import CODE_COLUMNS
from kla_analysis.language import number, percent, t
from kla_analysis.showing.records import Record, Shown
from kla_analysis.showing.text import source_note


@dataclass(frozen=True)
class Column:
    """One column: where its values stand in the frame, its heading, how they are written, what they count.

    `unit` is `points`, `share` (of one), `rupiah`, `times` or "" (a bare number); tables on paper have
    it in their headings, a workbook beside them.
    """

    key: str
    title: str
    kind: str = "text"
    write: Callable[[Any], str] | None = None
    unit: str = ""

    def cell(self, value: Any) -> str:
        """Write one value; a text in a column of numbers stands for a number that is not known."""
        if isinstance(value, str) and self.kind == "number":
            return value
        if self.write is not None:
            return self.write(value)
        if value is None or (not isinstance(value, str | tuple) and pd.isna(value)):
            return "–"
        # Points are written so that something is never written as nothing.
        return number(value, beside=(0,) if self.unit == "points" else ()) if self.kind == "number" else str(value)

    def value(self, value: Any) -> float | int | None:
        """Return what a machine reads in a cell: the number itself; None where there is none, or only a bound."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real) or pd.isna(value):
            return None
        if self.cell(value).startswith(("<", ">")):
            return None
        return int(value) if isinstance(value, numbers.Integral) else float(value)


@dataclass(frozen=True, eq=False, repr=False)
class Table(Shown):
    """A table ready to be read; `frame` keeps the values behind it for further work.

    In `total`, the row at the foot, a number is written as its column writes it, a text as it is.
    """

    caption: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    source: str = ""
    badge: str = ""
    total: tuple[Any, ...] = ()

    @property
    def cells(self) -> list[list[str]]:
        """The rows as they are written."""
        return [[text for text, _ in row] for row in self.rows]

    @property
    def rows(self) -> list[list[tuple[str, float | int | None]]]:
        """The rows: each cell as it is written, and its value for machines."""
        frame = self.frame[[c.key for c in self.columns]]
        return [
            [(c.cell(v), c.value(v)) for c, v in zip(self.columns, values, strict=True)]
            for values in frame.itertuples(index=False, name=None)
        ]

    @property
    def foot(self) -> list[tuple[str, float | int | None]]:
        """The row at the foot, like one of `rows`; empty when there is none."""
        return [
            (v, None) if isinstance(v, str) else (c.cell(v), c.value(v))
            for c, v in zip(self.columns, self.total, strict=bool(self.total))
        ]

    def csv(self) -> bytes:
        """Write it as Excel opens it where a comma is decimal; a text that looks like a formula gets a quote before it."""
        lines = [[column.title for column in self.columns]]
        lines += [[_csv_cell(text, value) for text, value in row] for row in self.rows]
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(lines)
        return buffer.getvalue().encode("utf-8-sig")

    def record(self) -> Record:
        """Return it as plain data: values, and every cell as it is written."""
        rows = self.rows
        columns = [[row[at] for row in rows] for at in range(len(self.columns))]
        return {
            "kind": "table",
            "title": self.caption,
            "schema": {"fields": [_field(*pair) for pair in zip(self.columns, columns, strict=True)]},
            "data": [
                {column.key: _datum(column, *cell) for column, cell in zip(self.columns, row, strict=True)}
                for row in rows
            ],
            "written": [[text for text, _ in row] for row in rows],
            "total": [list(cell) for cell in self.foot],
            "source": self.source,
            "badge": self.badge,
        }

    def __repr__(self) -> str:
        return f"{self.caption} ({len(self.frame)} × {len(self.columns)})"


@dataclass(frozen=True, eq=False, repr=False)
class Several(Shown):
    """Several tables and texts that belong together, shown one below the other."""

    parts: tuple[Shown, ...] = field(default_factory=tuple)

    def record(self) -> Record:
        """Return the records of its parts."""
        return {"kind": "several", "blocks": [part.record() for part in self.parts]}

    def __repr__(self) -> str:
        return "\n".join(repr(part) for part in self.parts)


def _field(column: Column, cells: Sequence[tuple[str, float | int | None]]) -> Record:
    """Describe a column as a field of Table Schema; `kind` says how it is set."""
    kinds = {type(value) for _, value in cells if value is not None}
    if column.kind != "number" and kinds and any(value is None for _, value in cells):
        shown = "any"
    else:
        shown = "string" if not kinds else "integer" if kinds == {int} else "number"
    return {"name": column.key, "title": column.title, "type": shown, "unit": column.unit, "kind": column.kind}


def _datum(column: Column, text: str, value: float | int | None) -> float | int | str | None:
    return text if value is None and column.kind != "number" else value


def _csv_cell(text: str, value: float | int | None) -> str:
    if value is not None:
        return str(value).replace(".", ",")
    return f"'{text}" if text[:1] in "=+-@\t\r\0" and text else text


def number_column(key: str, title: str, unit: str = "points") -> Column:
    """Return a column of numbers, points unless another unit is named."""
    return Column(key, title, "number", unit=unit)


def count_column(key: str, title: str) -> Column:
    """Return a column of bare numbers."""
    return number_column(key, title, "")


def share_column(key: str, title: str, write: Callable[[Any], str] = percent) -> Column:
    """Return a column of shares of one, written as percentages."""
    return Column(key, title, "number", write, "share")


def question_columns(*between: Column, whose: str = "owners") -> tuple[Column, ...]:
    """Return the columns of a table of questions: which one it is first, whose it is last."""
    last = Column(whose, t("Penanggung jawab"), write=owners_cell)
    return (Column("question_code", t("Kode")), Column("name", t("Pertanyaan")), *between, last)


def owners_cell(names: Sequence[str]) -> str:
    """Write the agencies of a row by name, or that nobody is named."""
    return ", ".join(names) or t("belum ada penanggung jawab")


def level_of(table: pd.DataFrame) -> str:
    """Return the level of a table of a case by the name of its index: `question`, `indicator` or `component`.

    Raises:
        ParameterError: it is none of those.
    """
    level = str(table.index.name).removesuffix("_code")
    if level not in CODE_COLUMNS:
        raise ParameterError(
            t("Tabel ini bukan tabel pertanyaan, indikator, atau komponen."),
            advice=t("Mulai dari case.questions, case.indicators, atau case.components."),
        )
    return level


def score_of(low: float, high: float, answers: int) -> float | str:
    """Return what is shown of points: the score, both ends of it, or in words that nobody has answered."""
    if not answers:
        return t("belum dijawab")
    return low if high == low else str(Span(low, high))


def share_of(row: Any) -> float | str:
    """Return what is shown of a row's share of its maximum, like `score_of`."""
    if not row.answers or not row.max_points:
        return "–"
    low, high = row.low / row.max_points, row.high / row.max_points
    return low if low == high else "–".join(dict.fromkeys((percent(low), percent(high))))


def shown_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Add to rows of a roll-up what is shown of them: `score`, `reached` (share) and `lost`, never 0 for no answer."""
    rows = list(frame.itertuples())
    return frame.assign(
        score=pd.Series([score_of(row.low, row.high, row.answers) for row in rows], frame.index, dtype=object),
        reached=pd.Series([share_of(row) for row in rows], frame.index, dtype=object),
        lost=pd.Series([row.lost_points if row.answers else "–" for row in rows], frame.index, dtype=object),
    )


def unknown_column(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the column of the points that hang on missing answers; none where nothing is missing."""
    return (number_column("unknown_points", t("Belum diketahui")),) if (frame["unknown_points"] > 0).any() else ()


def of_sheet(
    case: Position,
    caption: str,
    columns: Sequence[Column],
    frame: pd.DataFrame,
    total: Sequence[Any] = (),
    notes: Sequence[str] = (),
) -> Table:
    """A table made from the case's sheet: with its source, what else to know, and a badge when it is illustrative."""
    return Table(
        caption=caption,
        columns=tuple(columns),
        frame=frame,
        source=" ".join((source_note(case), *notes)),
        badge=t("ILUSTRATIF") if case.illustrative else "",
        total=tuple(total),
    )


def whole_number(value: float) -> str:
    """Write a number without decimals."""
    return number(value, decimals=0)
