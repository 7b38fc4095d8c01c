"""The state of a round: answered, proven and late by agency and cluster, what hangs on evidence, what moved, what to do first."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.round_state import KEPT, deliveries_until, left_by_evidence
from kla_analysis.evidence.proof import state_name
from kla_analysis.language import day, number, percent, t
from kla_analysis.planning.actions import load_catalogue
from kla_analysis.showing.collection import deliveries_table
from kla_analysis.showing.figure import (
    BLUE,
    LOST,
    PAD,
    UNKNOWN,
    Chart,
    beside,
    drawn_table,
    finished,
    label_bars,
    new_figure,
    put_rows,
    row_names,
    source_line,
    styled,
    width,
)
from kla_analysis.showing.plan import costs_in_words, money_column
from kla_analysis.showing.table import Column, Table, count_column, number_column, of_sheet, question_columns
from kla_analysis.showing.text import Text, needs


@needs("question")
def state_in_words(table: pd.DataFrame, case: Position, *, as_of: datetime.date | None = None) -> Text:
    """Say how far the round is, and how many points hang on evidence (`kla.evidence_of`); or that the sheet does not say."""
    if table.empty:
        told = t(
            "Lembar ini tidak mencatat keadaan bukti. Keadaan itu terisi dari lembar kerja instansi yang kembali, atau dari "
            "kolom bukti di lembar sendiri."
        )
        return Text((told,), kind="remark")
    left, unknown = left_by_evidence(table), int(table["evidence_state"].isna().sum())
    said = [
        t(
            "Keadaan {day}: dari {count} pertanyaan {answered} terjawab, {proven} berbukti, {late} lewat tenggat tanpa bukti.",
            day=day(as_of or datetime.date.today()),
            count=len(table),
            answered=int(table["answered"].sum()),
            proven=int(table["with_evidence"].sum()),
            late=int(table["overdue"].sum()),
        ),
        t(
            "Menurut bukti hari ini verifikasi menyisakan kira-kira {left} dari {score}; {risk} poin dapat diselamatkan dengan "
            "melengkapi bukti.",
            left=case.ladder.written(left, decimals=0),
            score=case.ladder.written(case.span),
            risk=number(table["at_risk_points"].sum(), decimals=0),
        ),
    ]
    if unknown:
        said.append(
            t("Dari {count} pertanyaan keadaan buktinya belum disebut; karena itu sebuah rentang.", count=unknown)
        )
    return Text((*said, _rates()))


def _rates() -> str:
    return t(
        "Asumsi: dari bukti yang lengkap bertahan {full}, yang belum lengkap {half}, tanpa bukti tidak ada.",
        full=percent(KEPT["complete"]),
        half=percent(KEPT["incomplete"]),
    )


@styled
def evidence_chart(table: pd.DataFrame, case: Position) -> Chart | Text:
    """By component: the points that today's evidence would keep, those at risk, and those nobody has spoken of (`kla.evidence_of`)."""
    if table.empty:  # the sentence above it has said so
        return Text(())
    unknown = table["low"].where(table["evidence_state"].isna(), 0.0)
    sums = table.assign(unknown=unknown).groupby("component_code", sort=False)
    sums = sums[["kept_points", "at_risk_points", "unknown"]].sum()
    names_of = case.instrument.components["name"].reindex(sums.index)
    most = sums["at_risk_points"].idxmax()
    source = source_line(case)
    title = t(
        "Paling banyak bergantung pada bukti: {name}, {points} poin",
        name=names_of[most],
        points=number(sums.at[most, "at_risk_points"], decimals=0),
    )
    how = t(
        "Penuh: bertahan menurut bukti hari ini. Garis miring: dapat diselamatkan. Titik: buktinya belum disebut. Angka: "
        "dapat diselamatkan."
    )
    left = beside(2.4)
    names, row = row_names(names_of, left)
    figure, ax = new_figure(title, case, source, tall=row * len(sums), left=left, how=how)
    at, ends = range(len(sums)), sums.sum(axis=1)
    ax.barh(at, ends, **UNKNOWN, height=0.58)
    ax.barh(at, sums["kept_points"] + sums["at_risk_points"], **LOST, height=0.58)
    ax.barh(at, sums["kept_points"], color=BLUE, height=0.58)
    put_rows(ax, names)
    labels = [number(points, decimals=1) for points in sums["at_risk_points"]]
    label_bars(ax, ends, labels, width() - left - PAD)
    told = "; ".join(f"{name} {label}" for name, label in zip(names_of, labels, strict=True))
    twin = drawn_table(
        case,
        t("Poin menurut keadaan bukti, per komponen"),
        (
            Column("name", t("Komponen")),
            number_column("kept", t("Bertahan")),
            number_column("risk", t("Dapat diselamatkan")),
            number_column("unknown", t("Belum disebut")),
        ),
        zip(names_of, *(sums[name] for name in sums), strict=True),
        source,
    )
    return finished(
        title, t("Diagram batang poin yang dapat diselamatkan per komponen: {told}.", told=told), source, figure, twin
    )


def state_table(groups: pd.DataFrame, case: Position, *, top: int = 40) -> Table | Text:
    """How far each agency or cluster is (`kla.state_by`)."""
    if groups.empty:
        return Text(())
    of_components = groups.index.name == "component_code"
    names = case.instrument.components["name"] if of_components else pd.Series(dtype=object)
    frame = groups.head(top).assign(name=[names.get(code, code) for code in groups.index[:top]])
    return of_sheet(
        case,
        t("Keadaan putaran per klaster") if of_components else t("Keadaan putaran per penanggung jawab"),
        (
            Column("name", t("Komponen") if of_components else t("Penanggung jawab")),
            count_column("questions", t("Pertanyaan")),
            count_column("answered", t("Terjawab")),
            count_column("with_evidence", t("Berbukti")),
            count_column("overdue", t("Lewat tenggat")),
            count_column("unknown", t("Bukti belum disebut")),
            number_column("at_risk_points", t("Dapat diselamatkan")),
        ),
        frame,
        notes=(_rates(),)
        if of_components
        else (t("Pertanyaan bersama dihitung pada setiap instansinya, kecuali pengampunya disebut."),),
    )


def work_table(work: pd.DataFrame, case: Position, *, top: int = 20) -> Table | Text:
    """What to do first: most points per day left (`kla.work_order`)."""
    if work.empty:
        return Text((t("Tidak ada poin yang tercatat bergantung pada bukti yang belum lengkap."),), kind="remark")
    frame = work.head(top).reset_index()
    frame["state"] = frame["evidence_state"].map(state_name)
    frame["days"] = frame["days_left"].astype(object).where(frame["days_left"].notna(), None)
    note = t(
        "Poin per hari: yang dapat diselamatkan dibagi hari yang tersisa; yang jatuh tempo atau lewat dihitung satu hari."
    )
    if work["days_left"].isna().any():
        note += " " + t("{count} tanpa tenggat berada di belakang.", count=int(work["days_left"].isna().sum()))
    return of_sheet(
        case,
        t("Urutan kerja: {count} bukti yang dilengkapi lebih dulu", count=len(frame)),
        question_columns(
            Column("state", t("Bukti")),
            Column("days", t("Hari tersisa"), "number", _days),
            number_column("at_risk_points", t("Dapat diselamatkan")),
            number_column("points_per_day", t("Poin per hari")),
            whose="responsible",
        ),
        frame,
        notes=(note,),
    )


def _days(value: Any) -> str:
    if pd.isna(value):
        return "–"
    return number(value, decimals=0) if value >= 0 else t("lewat {days} hari", days=number(-value, decimals=0))


def work_cost_table(work: pd.DataFrame, case: Position, *, top: int = 10) -> Table | Text:
    """Which actions make missing evidence, most points per rupiah first (`kla.work_by_cost`)."""
    if work.empty:
        return Text(())
    return of_sheet(
        case,
        t("Kegiatan yang melahirkan bukti yang kurang, per rupiah"),
        (
            Column("action_code", t("Kode")),
            Column("name", t("Kegiatan")),
            Column("agency", t("Penanggung jawab")),
            count_column("questions", t("Pertanyaan")),
            number_column("at_risk_points", t("Dapat diselamatkan")),
            money_column("cost_likely", t("Biaya")),
            number_column("points_per_million", t("Poin per juta rupiah"), ""),
        ),
        work.head(top).rename_axis("action_code").reset_index(),
        notes=(costs_in_words(load_catalogue("", case.instrument)),),
    )


def delivered_table(case: Position) -> Table | Text:
    """Who has handed in a worksheet, sub-districts too; nothing where none are kept."""
    found = deliveries_until(case)
    return Text(()) if found is None else deliveries_table(found)


def moved_in_words(moved: pd.DataFrame, case: Position, since: str) -> Text:
    """Say what came in since the last meeting, and from whom (`kla.moved_since`)."""
    if not since:
        said = t("Belum ada rapat yang dicatat, jadi tidak ada keadaan terakhir untuk dibandingkan.")
        return Text((said,), kind="remark")
    when = day(datetime.date.fromisoformat(since))
    if deliveries_until(case) is None:
        said = t(
            "Sejak rapat {day} tidak ada lembar kerja yang dapat dibandingkan; perubahan nilai laporan ada di halaman "
            "Perubahan.",
            day=when,
        )
        return Text((said,), kind="remark")
    if moved.empty:
        return Text((t("Sejak rapat {day} tidak ada yang bergerak.", day=when),))
    up = (moved["score_after"].fillna(0) - moved["score_before"].fillna(0)).sum()
    by = moved["responsible"].explode().value_counts().head(3)
    said = t(
        "Sejak rapat {day} {count} pertanyaan bergerak, bersama {points} poin; terbanyak dari {who}.",
        day=when,
        count=len(moved),
        points=number(up),
        who=", ".join(f"{name} ({count})" for name, count in by.items()),
    )
    return Text((said,))


def moved_table(moved: pd.DataFrame, case: Position, *, top: int = 30) -> Table | Text:
    """What moved since the last meeting, question by question (`kla.moved_since`)."""
    if moved.empty:
        return Text(())
    frame = moved.assign(
        **{name: [_state(state) for state in moved[name]] for name in ("state_before", "state_after")},
    )
    return of_sheet(
        case,
        t("Yang bergerak sejak rapat terakhir"),
        question_columns(
            number_column("score_before", t("Nilai waktu itu")),
            number_column("score_after", t("Sekarang")),
            Column("state_before", t("Bukti waktu itu")),
            Column("state_after", t("Bukti sekarang")),
            whose="responsible",
        ),
        frame.head(top).rename_axis("question_code").reset_index(),
    )


def _state(state: object) -> str:
    return state_name(str(state)) if isinstance(state, str) and state else "–"
