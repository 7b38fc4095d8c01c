"""The repair list: every cell that was put right, passed over or refused, with its place and the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pandas as pd

from kla_analysis.errors import Problem
from kla_analysis.evidence.intake.grid import NUMBER, Cell, cell_name, clean, column_name
from kla_analysis.evidence.personal import masked
from kla_analysis.language import number, t

#: What may happen to a cell, worst first.
REFUSED, SKIPPED, NORMALISED, NOTED = "refused", "skipped", "normalised", "noted"
COLUMNS = ("action", "sheet", "cell", "old", "new", "reason", "advice")
_MOST_TEXT = 120


def action_name(action: str) -> str:
    """Name what happened to a cell."""
    return {
        REFUSED: t("harus diperbaiki"),
        SKIPPED: t("dilewati"),
        NORMALISED: t("dibaca sebagai"),
        NOTED: t("catatan"),
    }[action]


@dataclass(frozen=True)
class Repair:
    """One thing that was done; `row` and `column` are 0 where it concerns a whole sheet or file.

    `kind` is what several have in common that are worded with different figures; else "", and the reason is it.
    """

    action: str
    sheet: str
    row: int
    column: int
    old: str
    new: str
    reason: str
    advice: str = ""
    kind: str = ""

    @property
    def cell(self) -> str:
        """The place as a spreadsheet names it: `D12`, `D` for a column, `12` for a row."""
        if self.row and self.column:
            return cell_name(self.row, self.column)
        return column_name(self.column) if self.column else str(self.row or "")


@dataclass
class Repairs:
    """The list while a file is being read. Values are shortened, and personal data in them made unreadable."""

    items: list[Repair] = field(default_factory=list)
    _written: set[Repair] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._written = set(self.items)

    def add(
        self,
        action: str,
        sheet: str,
        place: tuple[int, int],
        old: object,
        new: object,
        reason: str,
        advice: str = "",
        *,
        kind: str = "",
    ) -> None:
        """Write one thing down, once."""
        item = Repair(action, sheet, *place, _shown(old), _shown(new), reason, advice, kind)
        if item not in self._written:
            self._written.add(item)
            self.items.append(item)

    def refuse(
        self, sheet: str, place: tuple[int, int], old: object, reason: str, advice: str = "", *, kind: str = ""
    ) -> None:
        """Write down something that has to be mended first."""
        self.add(REFUSED, sheet, place, old, "", reason, advice, kind=kind)

    def note(self, sheet: str, reason: str) -> None:
        """Write down what should be known of a whole sheet, or of the file (`""`)."""
        self.add(NOTED, sheet, (0, 0), "", "", reason)

    @property
    def refused(self) -> list[Repair]:
        """What has to be mended before the sheet can be taken."""
        return [item for item in self.items if item.action == REFUSED]

    def frame(self) -> pd.DataFrame:
        """Return the list as a table: `action`, `sheet`, `cell`, `old`, `new`, `reason`, `advice` (all text)."""
        rows = [[i.action, i.sheet, i.cell, i.old, i.new, i.reason, i.advice] for i in self.items]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)

    def faults(self) -> list[list[Repair]]:
        """Return what was refused, from the top of each sheet to its bottom: each fault with all its places."""
        sheets = list(dict.fromkeys(item.sheet for item in self.items))
        ordered = sorted(self.refused, key=lambda item: (sheets.index(item.sheet), item.row, item.column))
        kinds: dict[tuple[str, str, int], list[Repair]] = {}
        for item in ordered:
            kinds.setdefault((item.sheet, item.kind or item.reason, item.column), []).append(item)
        return list(kinds.values())

    def problems(self, file: str) -> list[Problem]:
        """Return what was refused as problems of a file; a fault in many places is one, with the rows of all."""
        return [self._problem(file, items) for items in self.faults()]

    def _problem(self, file: str, items: list[Repair]) -> Problem:
        item = items[0]
        return Problem(
            reason_of(items),
            item.advice,
            file=t("{file}, lembar “{sheet}”", file=file, sheet=item.sheet) if item.sheet else file,
            row=item.row or None,
            column=column_name(item.column) if item.column else None,
            value=item.old or None,
        )


def reason_of(fault: list[Repair]) -> str:
    """Return what is wrong in the words of the first place, with the rows of the others."""
    first, *others = fault
    rows = [other.row for other in others if other.row != first.row]
    if not rows:
        return first.reason
    return first.reason + t(" (begitu juga baris {rows}: {count} tempat)", rows=ranges(rows), count=len(fault))


def ranges(numbers: Iterable[int]) -> str:
    """Write row numbers shortly.

    >>> ranges([1, 2, 3, 7])
    '1–3, 7'
    """
    parts: list[list[int]] = []
    for at in sorted(set(numbers)):
        if parts and at == parts[-1][1] + 1:
            parts[-1][1] = at
        else:
            parts.append([at, at])
    return ", ".join(f"{a}–{b}" if a != b else str(a) for a, b in parts)


def _shown(value: object) -> str:
    if isinstance(value, Cell):
        # As the spreadsheet shows it here, not as the file stores it; long digits stay as they are.
        plain = value.kind == NUMBER and re.fullmatch(r"-?[\d.]{1,14}", value.text)
        value = number(float(value.text)) if plain else value.text
    text = masked(clean(str(value)))
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
