"""The checks: what a sheet prints of itself against the sum of its answers, and what can not be at all."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace

import pandas as pd

from kla_analysis.errors import called
from kla_analysis.evidence.intake.grid import FORMULA, NUMBER, PERCENT, Cell, clean
from kla_analysis.evidence.intake.layout import Line, Table
from kla_analysis.evidence.intake.names import Names
from kla_analysis.evidence.intake.repairs import NOTED, SKIPPED, Repairs
from kla_analysis.instrument.instrument import CODE_COLUMNS
from kla_analysis.language import number, t

_TOLERANCE = 0.005
_LEVELS = tuple(CODE_COLUMNS)
#: A part whose printed score is farther from its answers than this share of its maximum was not read as it is meant;
#: less is enough for a row that adds up what stands above it.
_MOST_APART, _MOST_APART_TOTAL = 0.5, 0.05


@dataclass(frozen=True)
class Print:
    """What a sheet prints for a part of the instrument, with where it stands."""

    maximum: float | None
    score: float | None
    table: Table
    line: Line

    @property
    def rounding(self) -> float:
        """How far a score may be off because of the decimals with which it is printed."""
        cell = self.line.score
        text = clean(cell.text) if cell else ""
        decimals = len(found[1]) if (found := re.search(r"[.,](\d+)$", text)) else 0
        exact = cell is not None and cell.kind == NUMBER and decimals >= 2
        return _TOLERANCE if exact else max(_TOLERANCE, 0.5 * 10**-decimals + 1e-9)


@dataclass
class Printed:
    """Everything that a sheet prints for its parts and for the whole."""

    names: Names
    repairs: Repairs
    found: dict[tuple[str, str], Print] = field(default_factory=dict)

    def take(self, table: Table, line: Line) -> None:
        """Take down what one row prints; a second row for the same part that says otherwise is told."""
        maximum = self._value(table, line, line.max, table.max_column)
        score = self._value(table, line, line.score, table.score_column)
        if maximum is None and score is None:
            return
        code = line.code if line.level != "total" else "total"
        place = (line.row, table.score_column)
        if line.is_total:
            reason = t("baris jumlah ({code}): tidak dihitung sebagai nilai, hanya dicocokkan", code=code)
            self.repairs.add(SKIPPED, table.grid.name, place, line.score or "", "", reason)
        before = self.found.get((line.level, code))
        if before is None:
            self.found[line.level, code] = Print(maximum, score, table, line)
            return
        if _differ(before.maximum, maximum) or _differ(before.score, score):
            row = before.line.row
            reason = t("{code} tercetak dua kali dengan angka berbeda (lihat baris {row})", code=code, row=row)
            self.repairs.add(NOTED, table.grid.name, place, line.score or "", "", reason)
        self.found[line.level, code] = replace(
            before,
            maximum=maximum if before.maximum is None else before.maximum,
            score=score if before.score is None else before.score,
        )

    def _value(self, table: Table, line: Line, cell: Cell | None, column: int) -> float | None:
        reading = table.number(cell, column, self.repairs)
        if cell is not None and (reading.refused or reading.is_share or cell.kind in (FORMULA, PERCENT)):
            reason = reading.refused or t("persen, bukan poin")
            self.repairs.add(SKIPPED, table.grid.name, (line.row, column), cell, "", reason)
            return None
        return reading.value

    def check(self, level: str, answers: dict[str, tuple[float | None, str]]) -> None:
        """Compare every printed score with the sum of the answers under it (points), and write down what differs.

        Args:
            level: of the answers.
            answers: by code the points (None without an answer) and the note.

        A sheet may contradict itself; that is told. What it prints for the whole, or for half of a part, may not be
        farther off than its own other contradictions explain: then columns or rows were not read as they are meant.
        """
        sums, unanswered, blank = self._sums(level, answers)
        gaps: dict[tuple[str, str], float] = {}
        for key, one in self.found.items():
            if one.score is not None and (gap := abs(one.score - sums[key])) > _TOLERANCE:
                gaps[key] = gap
                self._say(key[1], one, one.score, round(sums[key], 6))
        for key in gaps:
            one = self.found[key]
            printed = one.score or 0.0
            # Points that nobody has answered for may be what is missing; a row that adds up has only what is there.
            still = blank[key] if one.line.is_total or key[0] == "total" else unanswered[key]
            gap = gaps[key] - (still if printed > sums[key] else 0.0)
            if gap > max(one.rounding, self._explained(key, gaps), self._bearable(key, one)) + _TOLERANCE:
                self._refuse(key[1], one, printed, round(sums[key], 6))

    def _explained(self, key: tuple[str, str], gaps: dict[tuple[str, str], float]) -> float:
        """Return how much of a contradiction the finer ones below it can explain."""
        level, code = key
        finer = [name for name in _LEVELS if level == "total" or _LEVELS.index(name) < _LEVELS.index(level)]
        below = {name: 0.0 for name in finer}
        for (of, part), gap in gaps.items():
            if of in below and (level == "total" or self.names.above[of, part].get(level) == code):
                below[of] += gap
        return max(below.values(), default=0.0)

    def _bearable(self, key: tuple[str, str], one: Print) -> float:
        """Return by how much a part may contradict its answers though nothing below it explains that."""
        if key[0] == "total":
            return 0.0
        return (_MOST_APART_TOTAL if one.line.is_total else _MOST_APART) * self.names.maxima[key][0]

    def _sums(
        self, level: str, answers: dict[str, tuple[float | None, str]]
    ) -> tuple[defaultdict[tuple[str, str], float], ...]:
        """Return for each part the sum of its answers, the most that its unanswered rows, and those left blank, may bring."""
        sums: defaultdict[tuple[str, str], float] = defaultdict(float)
        unanswered: defaultdict[tuple[str, str], float] = defaultdict(float)
        blank: defaultdict[tuple[str, str], float] = defaultdict(float)
        for code, maximum in self.names.instrument.table(level)["max_points"].items():
            value = answers[code][0] if code in answers else None
            for key in (("total", "total"), *self.names.above[level, code].items()):
                if value is not None:
                    sums[key] += value
                    continue
                unanswered[key] += float(maximum)
                blank[key] += float(maximum) if code in answers else 0.0
        return sums, unanswered, blank

    def _say(self, code: str, one: Print, printed: float, summed: float) -> None:
        reason = t(
            "{code}: tercetak {printed}, jumlah jawabannya {summed}, selisih {gap} poin",
            code=code,
            printed=number(printed),
            summed=number(summed),
            gap=number(abs(printed - summed)),
        )
        place = (one.line.row, one.table.score_column)
        self.repairs.add(NOTED, one.table.grid.name, place, number(printed), number(summed), reason)

    def _refuse(self, code: str, one: Print, printed: float, summed: float) -> None:
        reason = t(
            "{code}: tercetak {printed}, tetapi jawaban yang terbaca berjumlah {summed}",
            code=code,
            printed=number(printed),
            summed=number(summed),
        )
        advice = t(
            "Pastikan kolom nilainya benar ({column}); bila angka tercetak itu yang keliru, perbaiki atau hapus barisnya.",
            column=called("column"),
        )
        if self._out_of_order(one.table):
            advice += " " + t(
                "Pertanyaannya tidak menurut urutan instrumen: bila barisnya diurutkan ulang, rumus jumlahnya bergeser; "
                "kembalikan urutannya, atau hapus baris indikator, komponen, dan jumlah."
            )
        place = (one.line.row, one.table.score_column)
        self.repairs.refuse(one.table.grid.name, place, number(printed), reason, advice, kind="contradiction")

    def _out_of_order(self, table: Table) -> bool:
        """Return whether the questions of a table stand otherwise than in the instrument: somebody may have sorted them."""
        order = self.names.instrument.questions.index
        stand = [order.get_loc(line.code) for line in table.lines if line.code in order]
        return stand != sorted(stand)

    def frame(self) -> pd.DataFrame | None:
        """Return it as a table: `level`, `code`, `printed_max`, `printed_score`; None when nothing is printed."""
        if not self.found:
            return None
        order = {level: at for at, level in enumerate((*_LEVELS, "total"))}
        place = {code: at for level in _LEVELS for at, code in enumerate(self.names.instrument.table(level).index)}
        keys = sorted(self.found, key=lambda key: (order[key[0]], place.get(key[1], 0)))
        return pd.DataFrame(
            [[*key, self.found[key].maximum, self.found[key].score] for key in keys],
            columns=["level", "code", "printed_max", "printed_score"],
        ).astype({"printed_max": float, "printed_score": float})


def refuse_sums_above_maxima(
    names: Names, level: str, answers: dict[str, tuple[float | None, str]], repairs: Repairs, sheet: str
) -> None:
    """Refuse answers that add up to more than the whole may have, or a part where its own rows do not allow it.

    Where the source of the instrument gives the rows of a part more than the part itself, full answers exceed it; the
    score is then cut at the part's maximum, and that is told.
    """
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for code, (value, _) in answers.items():
        for key in (("total", "total"), *names.above[level, code].items()):
            sums[key] += value or 0.0
    declared = {(of.level, of.code) for of in names.instrument.discrepancies if of.kind == "max"} - {("total", "total")}
    # What is cut at a part's maximum is not counted further up either; the lowest parts come first.
    for level_, code in sorted(declared & sums.keys(), reverse=True):
        cut = sums[level_, code] - names.maxima[level_, code][0]
        for above in (("total", "total"), *names.above[level_, code].items()) if cut > 0 else ():
            sums[above] -= cut
    for key, summed in sums.items():
        maximum = names.instrument.ladder.max_total if key[0] == "total" else names.maxima[key][0]
        if summed <= maximum + _TOLERANCE:
            continue
        shown = number(round(summed, 6))
        words = t(
            "{code}: jumlah jawaban {summed}, melebihi maksimumnya {maximum}",
            code=key[1],
            summed=shown,
            maximum=number(maximum),
        )
        if key in declared and math.isfinite(summed):
            repairs.add(NOTED, sheet, (0, 0), shown, number(maximum), words)
        else:
            advice = t("Periksa apakah kolom nilai terbaca sebagai maksimum, atau baris dihitung dua kali.")
            repairs.refuse(sheet, (0, 0), shown, words, advice)


def _differ(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) > _TOLERANCE
