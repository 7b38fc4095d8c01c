"""Tables about plans.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> answer = kla.plan_wording.plan_for(case, kla.open_scenario(), case.target)
>>> kla.plan_tables.plan_table(answer.funded, answer)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kla_analysis.language import money, number, percent, signed, t
from kla_analysis.planning.simulation import Simulation
from kla_analysis.planning.simulation import difference as difference_of
from kla_analysis.presenting.plan_wording import badges, given_in_words, likely, needs_plan, plan_note
from kla_analysis.presenting.tables import Column, Table
from kla_analysis.presenting.wording import Text, no_forecast

#: What it shows; completion in a notebook lists no more.
__all__ = [
    "component_change_table",
    "core_table",
    "cut_table",
    "difference_table",
    "evidence_table",
    "order_table",
    "plan_table",
    "regret_table",
    "spending_table",
    "stair_table",
    "staircase_table",
]


def __dir__() -> list[str]:
    return __all__


def money_column(key: str, title: str) -> Column:
    """Return a column of amounts in rupiah."""
    return Column(key, title, "number", _money_cell, "rupiah")


def _money_cell(value: Any) -> str:
    return "–" if pd.isna(value) else money(value)


def _table(
    answer: Simulation, caption: str, columns: Sequence[Column], frame: pd.DataFrame, total: Sequence[Any] = ()
) -> Table:
    return Table(
        caption,
        tuple(columns),
        frame,
        plan_note(answer),
        badges(answer.ground.position, answer.model.catalogue),
        tuple(total),
    )


@needs_plan
def plan_table(funded: pd.DataFrame, answer: Simulation) -> Table | Text:
    """The funded actions (`answer.funded`, or some rows): who, when, for how much, and what is lost without each."""
    if funded.empty:
        return Text((t("Tidak ada kegiatan dalam rencana ini."),), kind="remark")
    frame = funded.reset_index()
    columns = (
        Column("action_code", t("Kode")),
        Column("name", t("Kegiatan")),
        Column("component_code", t("Komponen")),
        Column("agency", t("Perangkat daerah")),
        Column("funding_source", t("Sumber dana")),
        Column("year", t("Tahun")),
        money_column("cost", t("Biaya")),
        Column("points_without", t("Poin yang hilang tanpanya"), "number", unit="points"),
    )
    return _table(
        answer,
        t("Rencana: {count} kegiatan", count=len(frame)),
        columns,
        frame,
        (t("Jumlah"), "", "", "", "", "", int(funded["cost"].sum()), ""),
    )


@needs_plan
def component_change_table(components: pd.DataFrame, answer: Simulation) -> Table:
    """Every component before and after the plan (`answer.components`)."""
    frame = components.reset_index()
    frame["gain"] = (frame["after"] - frame["before"]).round(6)
    # Where nobody has answered there is nothing to start from, and nothing that an action would surely add.
    empty = frame["component_code"].map(answer.model.rollup.components["answers"]) == 0
    frame[["before", "after"]] = frame[["before", "after"]].astype(object).mask(empty, t("belum dijawab"))
    frame["gain"] = frame["gain"].astype(object).mask(empty, "–")
    columns = (
        Column("component_code", t("Kode")),
        Column("name", t("Komponen")),
        Column("max_points", t("Maksimum"), "number", unit="points"),
        Column("before", t("Sebelum"), "number", unit="points"),
        Column("after", t("Sesudah"), "number", unit="points"),
        Column("gain", t("Tambahan"), "number", signed, "points"),
    )
    total = (
        t("Jumlah"),
        "",
        frame["max_points"].sum(),
        answer.before,
        answer.plan.total,
        round(answer.plan.total - answer.before, 6),
    )
    return _table(answer, t("Komponen sebelum dan sesudah rencana"), columns, frame, total)


@needs_plan
def spending_table(spending: pd.DataFrame, answer: Simulation) -> Table | Text:
    """The plan's money by agency, year or funding source, with the ceilings (`answer.spending("agency")`)."""
    if spending.empty:
        return Text((t("Tidak ada biaya."),), kind="remark")
    titles = {
        "agency": (t("Perangkat daerah"), t("Biaya per perangkat daerah")),
        "year": (t("Tahun"), t("Biaya per tahun")),
        "funding_source": (t("Sumber dana"), t("Biaya per sumber dana")),
    }
    column = str(spending.index.name)
    title, caption = titles[column]
    frame = spending.reset_index()
    columns = [
        Column(column, title, "text", str),
        Column("actions", t("Jumlah kegiatan"), "number"),
        money_column("cost", t("Biaya")),
    ]
    if frame["ceiling"].notna().any():
        columns.append(money_column("ceiling", t("Pagu")))
    total = [t("Jumlah"), frame["actions"].sum(), frame["cost"].sum(), ""][: len(columns)]
    return _table(answer, caption, columns, frame, total)


@needs_plan
def order_table(order: pd.DataFrame, answer: Simulation) -> Table | Text:
    """The plan's actions in the order that can be cut anywhere (`answer.order`)."""
    if order.empty:
        return Text((t("Tidak ada kegiatan dalam rencana ini."),), kind="remark")
    columns = (
        Column("rank", t("Urutan"), "number"),
        Column("action_code", t("Kode")),
        Column("name", t("Kegiatan")),
        money_column("cost", t("Biaya")),
        money_column("cost_so_far", t("Biaya sampai di sini")),
        Column("total", t("Nilai sampai di sini"), "number", unit="points"),
        Column("given_up", t("Kalah dari pilihan bebas"), "number", unit="points"),
    )
    return _table(answer, t("Urutan yang aman dipotong"), columns, order.reset_index())


@needs_plan
def cut_table(cuts: pd.DataFrame, answer: Simulation) -> Table | Text:
    """What falls when the money is cut (`answer.cuts`)."""
    if cuts.empty:
        return Text((t("Tidak ada kegiatan yang dapat dipotong."),), kind="remark")
    weighted = bool(answer.scenario.budgets)
    first = Column("weight", t("Bobot"), "number", percent, "share") if weighted else Column(
        "cut", t("Dipotong"), "number", percent, "share"
    )  # fmt: skip
    columns = (
        first,
        money_column("budget", t("Anggaran yang turun") if weighted else t("Tersisa")),
        Column("dropped", t("Yang gugur"), "text", lambda codes: ", ".join(codes) or "–"),
        Column("total", t("Nilai menurut urutan"), "number", unit="points"),
        Column("free_total", t("Nilai bila memilih ulang"), "number", unit="points"),
    )
    frame = cuts.drop(columns="cut" if weighted else "weight")
    caption = t("Bila anggaran yang lain turun") if weighted else t("Bila anggaran dipotong")
    return _table(answer, caption, columns, frame)


@needs_plan
def core_table(core: pd.Series, answer: Simulation, *, top: int = 12) -> Table:
    """Which actions the best plan holds in how many draws of the assumptions (`answer.core`)."""
    frame = core.head(top).reset_index()
    frame["name"] = frame["action_code"].map(answer.model.catalogue.actions["name"])
    frame["in_plan"] = [t("ya") if code in answer.plan.actions else t("tidak") for code in frame["action_code"]]
    columns = (
        Column("action_code", t("Kode")),
        Column("name", t("Kegiatan")),
        Column("share", t("Ada di rencana undian"), "number", percent, "share"),
        Column("in_plan", t("Ada di rencana ini")),
    )
    caption = t(
        "Kegiatan yang bertahan di {draws} undian asumsi, untuk uang yang sama",
        draws=number(answer.core.attrs["draws"]),
    )
    return _table(answer, caption, columns, frame)


@needs_plan
def regret_table(regret: pd.DataFrame, answer: Simulation) -> Table:
    """What the plan gives up in each outcome of verification (`answer.regret`)."""
    names = {"low": t("ketat"), "likely": t("biasa"), "high": t("longgar")}
    columns = (
        Column("strictness", t("Verifikator"), "text", lambda level: names[level]),
        Column("kept", t("Nilai mandiri yang bertahan"), "number", percent, "share"),
        Column("total", t("Nilai harapan rencana ini"), "number", unit="points"),
        Column("best_total", t("Rencana terbaik untuk hasil itu"), "number", unit="points"),
        Column("regret", t("Kalah dari yang terbaik"), "number", unit="points"),
    )
    return _table(answer, t("Seberapa keliru rencana ini di setiap hasil verifikasi"), columns, regret)


@needs_plan
def evidence_table(evidence: pd.DataFrame, answer: Simulation) -> Table | Text:
    """What it saves to secure the evidence of claimed points first (`answer.evidence`)."""
    if missing := no_forecast(answer.ground.position):
        return missing
    columns = (
        Column("secured", t("Bukti yang diamankan"), "number", percent, "share"),
        Column("points", t("Poin yang selamat"), "number", unit="points"),
        Column("total", t("Nilai sebelum kegiatan"), "number", unit="points"),
        money_column("cost", t("Biaya menuju {goal}", goal=answer.goal.name)),
        money_column("saved", t("Penghematan")),
    )
    return _table(answer, t("Mengamankan bukti sebelum membeli poin baru"), columns, evidence)


@needs_plan
def stair_table(sure: pd.DataFrame, answer: Simulation) -> Table | Text:
    """What it costs to reach the target if all is accepted, and what each certainty costs (`answer.sure`)."""
    if sure.empty:
        return Text((t("{goal} tidak tercapai dengan seluruh katalog.", goal=answer.goal.name),), kind="remark")
    frame = sure.assign(
        what=[
            t("peluang {level} atau lebih", level=percent(level)) if level else t("bila semua diterima")
            for level in sure.index
        ]
    )
    columns = (
        Column("what", t("{goal} tercapai", goal=answer.goal.name)),
        money_column("cost", t("Biaya")),
        Column("total", t("Nilai bila semua diterima"), "number", unit="points"),
        Column("probability", t("Peluang"), "number", _likely, "share"),
    )
    given = given_in_words(answer.ground.position, answer.given)
    caption = t("Rencana termurah yang diketahui mencapai {goal}; peluang {given}", goal=answer.goal.name, given=given)
    return _table(answer, caption, columns, frame)


def staircase_table(answer: Simulation, far: int) -> Table:
    """The steps of the stairs up to a budget (rupiah): the best total for the money, and how sure the target is."""
    frame = answer.chances[answer.chances["cost"] <= far]
    columns = (
        money_column("cost", t("Biaya")),
        Column("total", t("Nilai bila semua diterima"), "number", unit="points"),
        Column("probability", t("Peluang {goal}", goal=answer.goal.name), "number", _likely, "share"),
    )
    return _table(answer, t("Yang digambar: tangga biaya"), columns, frame)


def _likely(probability: float) -> str:
    return "–" if pd.isna(probability) else likely(probability)


def difference_table(one: Simulation, other: Simulation) -> Table:
    """Where two scenarios differ, component by component."""
    columns = (
        Column("component_code", t("Kode")),
        Column("name", t("Komponen")),
        Column("before", one.scenario.title or t("Skenario pertama"), "number", unit="points"),
        Column("after", other.scenario.title or t("Skenario kedua"), "number", unit="points"),
        Column("difference", t("Selisih"), "number", signed, "points"),
    )
    frame = difference_of(one, other).reset_index()
    total = (
        t("Jumlah"),
        "",
        one.plan.total,
        other.plan.total,
        round(other.plan.total - one.plan.total, 6),
    )
    return _table(other, t("Dua skenario berdampingan"), columns, frame, total)
