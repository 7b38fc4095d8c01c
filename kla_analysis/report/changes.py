"""What changed since the last report: which numbers moved, and whether data, rules or code moved them.

The last report's `results.json` brings its numbers and its answers, its manifest what they were
made from. Where the last answers can be scored again under today's rules and code, the movement of every sum
of points is told apart: what is left when only the answers change is data, the rest is rules or code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.scoring import totals_of
from kla_analysis.errors import KlaError
from kla_analysis.instrument.instrument import load_instrument
from kla_analysis.language import likely, number, signed, t
from kla_analysis.report import results
from kla_analysis.report.manifest import Manifest, input_names, sha256
from kla_analysis.report.store import Place
from kla_analysis.showing.records import Record
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.text import Text

FILE = "changes.json"
VERSION = 1
#: What may move a number, in the order in which it is asked.
CAUSES = ("data", "rules", "code", "parameters", "versions")
#: Points closer than this are the same: scores are written in hundredths.
_SAME = 1e-6
# Which inputs of the manifest stand behind a cause.
_INPUTS = {
    "data": ("assessment", "published", "areas", "partners", "actions", "scenarios", "reference"),
    "rules": ("instrument",),
    "code": ("code", "notebooks"),
}


@dataclass(frozen=True)
class Move:
    """One number that is not what it was.

    Attributes:
        what: its name in the record, such as `components.K2`.
        name: its name for people.
        before, after: the numbers; texts for a predicate; None where there was or is none.
        data_points, rules_points: how many points new answers moved, and how many new rules or code;
            None where that can not be told apart.
    """

    what: str
    name: str
    before: float | str | None
    after: float | str | None
    data_points: float | None = None
    rules_points: float | None = None

    @property
    def difference(self) -> float | None:
        """After minus before, None where one of them is no number."""
        if isinstance(self.before, float | int) and isinstance(self.after, float | int):
            return round(self.after - self.before, 6)
        return None


@dataclass(frozen=True)
class Changes:
    """How a report differs from the last one of the same area and year.

    Attributes:
        first: there is no last report to compare with.
        causes: what else is different, of `CAUSES`, each with what exactly.
        moves: the numbers that moved.
        illustrative: whether the new numbers are an illustration.
    """

    first: bool
    causes: Mapping[str, tuple[str, ...]]
    moves: tuple[Move, ...]
    illustrative: bool = False

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to tell: no last report, or one that is the same."""
        return not self.moves and not self.causes

    @property
    def unexplained(self) -> bool:
        """Whether numbers moved although nothing that they are made from did."""
        return bool(self.moves) and not self.causes

    def record(self) -> dict[str, Any]:
        """Return the changes as plain values."""
        return {
            "version": VERSION,
            "first": self.first,
            "causes": {cause: list(what) for cause, what in self.causes.items()},
            "unexplained": self.unexplained,
            "moves": [{**move.__dict__, "difference": move.difference} for move in self.moves],
        }


def last_report(place: Place) -> tuple[dict[str, Any], Manifest] | None:
    """Return the results of the report that stands at a place, and what they were made from.

    None where there is none, or where somebody has edited it: from that nothing can be concluded.
    """
    made_from, raw = place.manifest(), place.read(results.FILE)
    if made_from is None or raw is None or sha256(raw) != made_from.outputs.get(results.FILE):
        return None
    record = json.loads(raw)
    return (record, made_from) if record.get("version") == results.VERSION else None


def changes_at(place: Place) -> Changes | None:
    """Return how the report at a place differs from the one before it; None where nothing can be trusted there."""
    made_from, raw = place.manifest(), place.read(FILE)
    if made_from is None or raw is None or sha256(raw) != made_from.outputs.get(FILE):
        return None
    record = json.loads(raw)
    if record.get("version") != VERSION:
        return None
    moves = tuple(Move(**{one.name: move[one.name] for one in fields(Move)}) for move in record["moves"])
    causes = {cause: tuple(what) for cause, what in record["causes"].items()}
    return Changes(record["first"], causes, moves, bool(made_from.figures.get("note")))


def compare(last: tuple[Mapping[str, Any], Manifest] | None, record: Mapping[str, Any], made_from: Manifest) -> Changes:
    """Compare a report with the last one.

    Args:
        last: the last report, from `last_report`.
        record: the new results.
        made_from: what they are made from.
    """
    if last is None:
        return Changes(True, {}, ())
    before, old = last
    rescored = _rescored(before, record)
    moves = tuple(_moves(before, record, rescored))
    return Changes(False, _causes(old, made_from), moves, record["illustrative"])


def _causes(old: Manifest, new: Manifest) -> dict[str, tuple[str, ...]]:
    """Return what is different, by cause, with the names of what exactly."""
    names = input_names()
    different = [key for key in names if old.inputs.get(key) != new.inputs.get(key)]
    found = {cause: tuple(names[key] for key in different if key in keys) for cause, keys in _INPUTS.items()}
    found["parameters"] = _different(old.parameters, new.parameters)
    found["versions"] = _different(old.versions, new.versions)
    return {cause: found[cause] for cause in CAUSES if found[cause]}


def _different(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(name for name in {*before, *after} if before.get(name) != after.get(name)))


def _rescored(before: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, float] | None:
    """Score the last answers under today's rules and code: points by `total`, `components.K0` and so on.

    None where that says nothing: no sheet, missing answers, or codes that today's rules do not have.
    """
    level, answers = before.get("level"), before.get("answers") or {}
    if level is None or level != record.get("level") or any(score is None for score in answers.values()):
        return None
    try:
        instrument = load_instrument(record["instrument"])
    except KlaError:
        return None
    order = instrument.table(level).index
    if set(order) != set(answers):
        return None
    sums = totals_of(np.array([[answers[code] for code in order]], dtype=float), instrument, level)
    found = {"total": float(sums["total"][0])}
    for name, table in (("component", instrument.components), ("indicator", instrument.indicators)):
        if name in sums:
            found |= {f"{name}s.{code}": float(value) for code, value in zip(table.index, sums[name][0], strict=True)}
    return found


def _moves(before: Mapping[str, Any], after: Mapping[str, Any], rescored: Mapping[str, float] | None) -> list[Move]:
    moves = []
    old, new = dict(_numbers(before)), dict(_numbers(after))
    for what in dict.fromkeys([*new, *old]):
        was, now = (table.get(what, (None, None)) for table in (old, new))
        if _same(was[1], now[1]):
            continue
        data = rules = None
        middle = rescored.get(what.removesuffix(".low")) if rescored else None
        if middle is not None and isinstance(was[1], float | int) and isinstance(now[1], float | int):
            data, rules = round(now[1] - middle, 6) + 0.0, round(middle - was[1], 6) + 0.0
        moves.append(Move(what, now[0] or was[0] or what, was[1], now[1], data, rules))
    return moves


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=0, abs_tol=_SAME)
    return one == other


def _numbers(record: Mapping[str, Any]) -> list[tuple[str, tuple[str, float | str | None]]]:
    """Return the numbers that are compared: their name in the record, their name for people, their value."""
    open_ended = record["total"]["low"] != record["total"]["high"]
    total = t("Nilai total, bila yang kosong tidak bernilai") if open_ended else t("Nilai total")
    found = [
        ("total.low", (total, record["total"]["low"])),
        ("predicate.name", (t("Predikat"), record["predicate"]["name"])),
        ("target.points", (t("Batas target (poin)"), record["target"]["points"])),
        ("gap.high", (t("Poin yang kurang ke target"), record["gap"]["high"])),
    ]
    if open_ended:
        found.append(("total.high", (t("Nilai total, bila yang kosong penuh"), record["total"]["high"])))
    for level, name in (("components", t("Komponen {code}")), ("indicators", t("Indikator {code}"))):
        for row in record[level]:
            said = name.format(code=row["code"]) + f": {row['name']}"
            score = t("belum dijawab") if row["low"] is None else row["low"]
            found.append((f"{level}.{row['code']}.low", (said, score)))
    if record.get("forecast"):
        worth = record["forecast"]
        found += [
            ("forecast.median", (t("Nilai pada penghargaan menurut prakiraan, tengah"), worth["median"])),
            ("forecast.low", (t("Nilai pada penghargaan menurut prakiraan, rendah"), worth["low"])),
            ("forecast.high", (t("Nilai pada penghargaan menurut prakiraan, tinggi"), worth["high"])),
        ]
    if record["plan"]:
        plan = record["plan"]
        example = plan.get("catalogue", {}).get("example")
        cost = t("Biaya rencana menurut katalog contoh (rupiah)") if example else t("Biaya rencana (rupiah)")
        found += [
            ("plan.cost", (cost, plan["cost"])),
            ("plan.total", (t("Nilai menurut rencana"), plan["total"])),
            ("plan.probability", (t("Peluang rencana mencapai target"), plan["probability"])),
            ("plan.actions", (t("Kegiatan dalam rencana"), ", ".join(plan["actions"]))),
        ]
    return found


def blocks(changed: Changes) -> list[Record]:
    """Return the changes as blocks of a page: words, and a table where numbers moved."""
    return [in_words(changed).record(), *([table(changed).record()] if changed.moves else [])]


def in_words(changed: Changes) -> Text:
    """Say what changed and what changed it."""
    if changed.first:
        return Text((t("Ini laporan pertama untuk daerah dan tahun ini; belum ada yang dapat dibandingkan."),))
    causes = _causes_in_words(changed.causes)
    if not changed.moves:
        if not changed.causes:
            return Text((t("Tidak ada yang berubah sejak laporan sebelumnya: data, aturan, dan kode masih sama."),))
        said = t("Tidak ada angka yang berubah sejak laporan sebelumnya, walau ini berbeda: {causes}.", causes=causes)
        return Text((said,))
    count = len(changed.moves)
    if changed.unexplained:
        why = t(
            "{count} angka berubah, padahal data, aturan, dan kode sama seperti sebelumnya. Itu tidak boleh terjadi: jangan "
            "pakai laporan ini sebelum sebabnya jelas.",
            count=count,
        )
        return Text((why,), kind="warning")
    first = t("{count} angka berubah sejak laporan sebelumnya. Yang berbeda: {causes}.", count=count, causes=causes)
    total = next((move for move in changed.moves if move.what == "total.low"), None)
    if total is None:
        return Text((first,))
    moved, data, rules = total.difference, total.data_points, total.rules_points
    if moved is None or data is None or rules is None:
        return Text((first,))
    words = {"difference": signed(moved), "data": signed(data)}
    if rules == 0:
        return Text((first, t("Nilai total {difference} poin, semuanya karena jawaban di lembar.", **words)))
    by_rules = t(
        "Nilai total {difference} poin: {data} karena jawaban di lembar, {rules} karena {why}.",
        **words,
        rules=signed(rules),
        why=_rules_or_code(changed.causes),
    )
    return Text((first, by_rules))


def table(changed: Changes, top: int = 25) -> Table:
    """The numbers that moved, those at the top of the report first."""
    frame = pd.DataFrame(
        [
            {
                "name": move.name,
                "before": _written(move.what, move.before),
                "after": _written(move.what, move.after),
                "difference": _difference(move),
                "data": move.data_points,
                "rules": move.rules_points,
            }
            for move in changed.moves[:top]
        ],
        dtype=object,
    )
    more = len(changed.moves) - len(frame)
    return Table(
        t("Angka yang berubah sejak laporan sebelumnya"),
        (
            Column("name", t("Angka")),
            Column("before", t("Sebelumnya"), "number", _either),
            Column("after", t("Sekarang"), "number", _either),
            Column("difference", t("Selisih"), "number", _signed),
            Column("data", t("Karena jawaban"), "number", _signed),
            Column("rules", t("Karena aturan atau kode"), "number", _signed),
        ),
        frame,
        badge=t("ILUSTRATIF") if changed.illustrative else "",
        source=t("Sumber: results.json laporan sebelumnya, dihitung ulang dengan aturan dan kode sekarang.")
        + (" " + t("{count} angka lain ada di {file}.", count=more, file=FILE) if more > 0 else ""),
    )


def _written(what: str, value: float | str | None) -> float | str | None:
    """Write a chance as people say it; other numbers as their column does."""
    return likely(value) if what == "plan.probability" and isinstance(value, float | int) else value


def _difference(move: Move) -> float | str | None:
    if move.what != "plan.probability" or move.difference is None:
        return move.difference
    return t("{points} poin persentase", points=signed(round(100 * move.difference)))


def _either(value: float | str | None) -> str:
    return value if isinstance(value, str) else number(value)


def _signed(value: float | None) -> str:
    return "–" if value is None else signed(value)


def _causes_in_words(causes: Mapping[str, Sequence[str]]) -> str:
    names = {
        "data": t("data"),
        "rules": t("aturan (instrumen)"),
        "code": t("kode"),
        "parameters": t("parameter"),
        "versions": t("versi pustaka"),
    }
    return "; ".join(
        names[cause] + (f" ({', '.join(what[:4])}{'…' if len(what) > 4 else ''})" if what else "")
        for cause, what in causes.items()
    )


def _rules_or_code(causes: Mapping[str, Sequence[str]]) -> str:
    """Say which of rules and code may have moved what new answers did not."""
    if "rules" in causes and not {"code", "versions"} & set(causes):
        return t("aturan")
    if {"code", "versions"} & set(causes) and "rules" not in causes:
        return t("kode")
    return t("aturan atau kode")
