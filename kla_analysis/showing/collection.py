"""The state of a collection: who has delivered, where answers differ, what was not taken; for the terminal, Excel and machines."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.errors import OutputError, ParameterError
from kla_analysis.evidence.collect import Collected, Difference, Standing
from kla_analysis.evidence.deliveries import SCORE, STATE, Value
from kla_analysis.evidence.proof import state_name
from kla_analysis.evidence.worksheets import AGENCY, COORDINATOR, Round
from kla_analysis.files import why_not
from kla_analysis.language import day, number, t
from kla_analysis.project import find_project
from kla_analysis.reading import refuse_existing, write_whole
from kla_analysis.showing.excel import AUTHOR, sheet_of, workbook
from kla_analysis.showing.table import Column, Table, count_column

#: Rows that a terminal shows of one table; files have them all.
_SHOWN = 40


def standing_name(one: Standing) -> str:
    """Say how far a unit is: nothing delivered, a part, everything; late where it is."""
    if not one.files:
        return t("belum menyerahkan")
    far = t("lengkap") if one.answered >= one.questions else t("sebagian")
    return t("{far}, terlambat", far=far) if one.late else far


def field_name(name: str) -> str:
    """Name a field of an answer."""
    return {
        SCORE: t("nilai"),
        STATE: t("status bukti"),
        "evidence_link": t("tautan"),
        "legal_basis": t("dasar hukum"),
        "note": t("keterangan"),
        "lead": t("pengampu"),
        "contributing": t("pendukung"),
        "due": t("tenggat"),
    }[name]


def decided_name(one: Difference) -> str:
    """Say what holds and by whose word."""
    if not one.by:
        return t("belum diputuskan; dikosongkan")
    value = _written(one.field, one.decided)
    return {
        "coordinator": t("{value}, menurut koordinator", value=value),
        "lead": t("{value}, menurut pengampu", value=value),
        "weakest": t("{value}, yang paling lemah", value=value),
        "later": t("{value}, yang terakhir", value=value),
    }[one.by]


def _written(name: str, value: Value | None) -> str:
    if isinstance(value, float | int):
        return number(value)
    return state_name(str(value)) if name == STATE else str(value or "–")


def deliveries_table(found: Collected) -> Table:
    """Who has delivered and who has not: one row a unit."""
    rows = [
        {
            "name": one.unit.name,
            "state": standing_name(one),
            "answered": one.answered,
            "questions": one.questions,
            "proven": one.with_evidence,
            "sent": one.sent,
        }
        for one in found.standings
    ]
    return _table(t("Siapa sudah menyerahkan"), _delivery_columns(), rows, found)


def _delivery_columns() -> tuple[Column, ...]:
    return (
        Column("name", t("Lembaga")),
        Column("state", t("Penyerahan")),
        count_column("answered", t("Terjawab")),
        count_column("questions", t("Pertanyaan")),
        count_column("proven", t("Berbukti")),
        Column("sent", t("Terakhir"), write=lambda sent: day(datetime.date.fromisoformat(sent)) if sent else "–"),
    )


def differences_table(found: Collected) -> Table:
    """Where answers differ: every value, and what holds; open ones first."""
    rows = [
        {
            "code": one.code,
            "field": field_name(one.field),
            "values": "; ".join(f"{who}: {_written(one.field, value)}" for who, value in one.values),
            "decided": decided_name(one),
        }
        for one in sorted(found.differences, key=lambda one: bool(one.by))
    ]
    columns = (
        Column("code", t("Pertanyaan")),
        Column("field", t("Bagian")),
        Column("values", t("Jawaban")),
        Column("decided", t("Yang berlaku")),
    )
    return _table(t("Jawaban yang berbeda"), columns, rows, found)


def refused_table(found: Collected) -> Table:
    """Files and rows that were not taken, each with the reason and what to do."""
    rows = [
        {
            "file": one.file,
            "cell": one.cell or "–",
            "code": one.code or "–",
            "reason": one.reason,
            "advice": one.advice or "–",
        }
        for one in found.refused
    ]
    columns = (
        Column("file", t("Berkas")),
        Column("cell", t("Sel")),
        Column("code", t("Pertanyaan")),
        Column("reason", t("Mengapa tidak diambil")),
        Column("advice", t("Yang dapat dilakukan")),
    )
    return _table(t("Yang tidak diambil"), columns, rows, found)


def _table(caption: str, columns: tuple[Column, ...], rows: list[dict[str, Any]], found: Collected) -> Table:
    source = t("Sumber: lembar kerja {area} {year} yang diserahkan.", area=found.round.area.name, year=found.round.year)
    return Table(caption, columns, pd.DataFrame(rows, columns=[column.key for column in columns]), source=source)


def tables_of(found: Collected) -> list[Table]:
    """Return the tables that have rows, the long one of all deliveries last."""
    short = [table for table in (differences_table(found), refused_table(found)) if len(table.frame)]
    return [*short, deliveries_table(found)]


def collected_in_words(found: Collected) -> list[str]:
    """Say in a few sentences how far the round is."""
    delivered = [one for one in found.standings if one.files]
    said = [
        t("{delivered} dari {units} lembaga sudah menyerahkan.", delivered=len(delivered), units=len(found.standings))
    ]
    if found.files[0]:
        said.insert(0, t("{new} berkas baru dari {count} yang dilihat.", new=found.files[1], count=found.files[0]))
    if len(found.frame):
        answered = int(found.frame["score"].notna().sum())
        said.append(
            t(
                "{answered} dari {questions} pertanyaan terjawab, jumlahnya {total} poin.",
                answered=answered,
                questions=len(found.round.rules.questions),
                total=number(found.total),
            )
        )
    if late := [_short(one) for one in delivered if one.late]:
        said.append(t("Terlambat: {names}.", names=", ".join(late)))
    waited = [_short(one) for one in found.standings if not one.files and one.unit.kind != COORDINATOR]
    if delivered and waited:
        said.append(t("Belum menyerahkan: {names}.", names=", ".join(waited)))
    if found.files[2]:
        said.append(t("{count} lembar kerja masih kosong.", count=found.files[2]))
    if found.open:
        said.append(t("{count} jawaban berbeda belum diputuskan dan dikosongkan.", count=len(found.open)))
    if found.refused:
        said.append(t("{count} berkas atau baris tidak diambil.", count=len(found.refused)))
    return said


def _short(one: Standing) -> str:
    """Name a unit as people do: an agency by its short name, which the table writes out."""
    return one.unit.code if one.unit.kind == AGENCY else one.unit.name


def collected_lines(found: Collected) -> list[str]:
    """Return it for a terminal: the sentences, then the tables, shortened."""
    lines = collected_in_words(found)
    for table in tables_of(found):
        lines += ["", table.caption]
        lines += ["  " + " · ".join(row) for row in table.cells[:_SHOWN]]
        if len(table.cells) > _SHOWN:
            lines.append("  " + t("… dan {count} lagi.", count=len(table.cells) - _SHOWN))
    if found.path is not None:
        lines += ["", t("Ditulis: {path}", path=find_project().shown(found.path))]
    return lines


def collected_record(found: Collected) -> dict[str, Any]:
    """Return it for machines."""
    return {
        "area_code": found.round.area.code,
        "award_year": found.round.year,
        "stage": found.round.stage,
        "instrument": found.round.rules.id,
        "written": str(found.path) if found.path else None,
        "total": found.total,
        "answered": int(found.frame["score"].notna().sum()),
        "files": {"seen": found.files[0], "new": found.files[1], "blank": found.files[2]},
        "deliveries": [
            {
                "kind": one.unit.kind,
                "unit": one.unit.code,
                "name": one.unit.name,
                "files": one.files,
                "sent": one.sent or None,
                "due": one.due or None,
                "late": one.late,
                "questions": one.questions,
                "answered": one.answered,
                "with_evidence": one.with_evidence,
                "refused": one.refused,
            }
            for one in found.standings
        ],
        "differences": [
            {
                "code": one.code,
                "field": one.field,
                "values": [list(pair) for pair in one.values],
                "decided": one.decided,
                "by": one.by or None,
            }
            for one in found.differences
        ],
        "refused": [vars(one) for one in found.refused],
    }


def collection_workbook(found: Collected) -> bytes:
    """Return the tables as an Excel workbook."""
    title = t("Pengumpulan lembar kerja {area} {year}", area=found.round.area.name, year=found.round.year)
    sheets = [sheet_of(table.record(), t("Pengumpulan")) for table in tables_of(found)]
    return workbook(title, collected_in_words(found), {t("Instrumen"): found.round.rules.id}, sheets)


def refuse_to_write_over(table: Path, own: Round, read: Iterable[Path]) -> None:
    """Refuse a table in the place of a sheet that is read, or of a file that is no earlier table.

    Raises:
        OutputError: something is there that must stay.
    """
    if table.exists() and (any(table.samefile(path) for path in read) or not _earlier(table, own)):
        refuse_existing(table, "table")


def _earlier(table: Path, own: Round) -> bool:
    """Whether a file is such a table of an earlier run of this round, in any language."""
    from openpyxl import load_workbook

    # What can not be read so is none.
    with contextlib.suppress(Exception):
        match table.suffix.casefold():
            case ".xlsx":
                about = load_workbook(table, read_only=True).properties
                return about.creator == AUTHOR and (about.title or "").endswith(f" {own.area.name} {own.year}")
            case ".json":
                return {"deliveries", "differences", "refused"} <= json.loads(table.read_text(encoding="utf-8")).keys()
            case _:
                return (
                    table.read_text(encoding="utf-8-sig").partition("\n")[0].count(";") == len(_delivery_columns()) - 1
                )
    return False


def write_collection(found: Collected, path: Path) -> None:
    """Write the tables: all of them into a workbook (.xlsx) or as JSON (.json), the deliveries alone as .csv.

    Raises:
        ParameterError: another kind of file is asked for.
        OutputError: it can not be written there.
    """
    kinds = {
        ".xlsx": lambda: collection_workbook(found),
        ".csv": lambda: deliveries_table(found).csv(),
        ".json": lambda: (json.dumps(collected_record(found), ensure_ascii=False, indent=2) + "\n").encode(),
    }
    if path.suffix.casefold() not in kinds:
        raise ParameterError(
            t("“{name}” bukan .xlsx, .csv, atau .json.", name=path.name),
            advice=t("Akhiri namanya dengan salah satunya."),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, kinds[path.suffix.casefold()]())
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=path.name, why=why_not(error)),
            advice=t("Tutup berkas itu di program lain, atau pilih tempat lain."),
        ) from error
