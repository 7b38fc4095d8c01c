"""The plan: what it does, costs and reaches, in words, tables and a chart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import likely, money, number, percent, signed, t
from kla_analysis.planning.actions import Catalogue, catalogue_for
from kla_analysis.planning.plan import Plan
from kla_analysis.planning.scenario import Scenario
from kla_analysis.planning.simulation import NEXT_STEP, Simulation, difference, simulate
from kla_analysis.planning.simulation import difference as difference_of
from kla_analysis.showing.excel import sheet_of, workbook
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    PAD,
    PAPER,
    SOFT,
    Chart,
    finished,
    new_figure,
    put_rows,
    row_names,
    styled,
    write,
)
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.text import Text, forecast_note, needs, no_forecast, source_note, unless

P = ParamSpec("P")
R = TypeVar("R")


def _no_catalogue(position: Position, given: tuple[Any, ...]) -> Text | None:
    rules, scenario = position.instrument, next(one for one in given if isinstance(one, Scenario))
    if scenario.catalogue or catalogue_for(rules) is not None:
        return None
    why = t("Tidak ditunjukkan: belum ada katalog kegiatan untuk instrumen {id}.", id=rules.id)
    return Text((why,), kind="remark")


#: Make a function that works with a scenario's catalogue say so in words where none answers the position's instrument.
needs_catalogue = unless(_no_catalogue)


def badges(position: Position, example: bool) -> str:
    """Say beside a table that its sheet is an illustration, and that its costs come from an example."""
    marks = {t("ILUSTRATIF"): position.illustrative, t("KATALOG CONTOH"): example}
    return " · ".join(mark for mark, there in marks.items() if there)


def costs_in_words(catalogue: Catalogue) -> str:
    """Say where costs and chances come from and how sure they are."""
    if catalogue.example:
        return t("Biaya dan peluang dari katalog contoh: asumsi, bukan anggaran daerah mana pun.")
    return t(
        "Biaya dan peluang dari {title}: {standing}.", title=catalogue.title, standing=standing_name(catalogue.standing)
    )


class NoPlan(Text):
    """Words in place of a plan; its tables, named as those of `Simulation`, have no rows."""

    funded = components = order = cuts = core = regret = evidence = sure = property(lambda self: pd.DataFrame())

    def spending(self, column: str) -> pd.DataFrame:
        """Return no rows."""
        return pd.DataFrame(columns=[column])


def plan_for(position: Position, scenario: Scenario, target: str) -> Simulation | NoPlan:
    """Answer a scenario, or say in words why nothing can be planned for this position.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.plan_for(case, kla.open_scenario(), case.target).plan.cost
    600000000
    """
    answer = _simulated(position, scenario, target)
    return NoPlan(answer.paragraphs, kind=answer.kind) if isinstance(answer, Text) else answer


@needs("question")
@needs_catalogue
def _simulated(position: Position, scenario: Scenario, target: str) -> Simulation:
    # A report says one thing: the plan leads where its title leads, also where the scenario's own target is reached.
    leads = scenario.model_copy(update={"target": target}) if scenario.target else scenario
    return simulate(position, leads, target)


def needs_plan(show: Callable[P, R]) -> Callable[P, R | Text]:
    """Make a function that shows a plan pass on what is said in words where there is none.

    One of its arguments is the answer.
    """

    @wraps(show)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R | Text:
        answer = next(arg for arg in args if isinstance(arg, Simulation | Text))
        if isinstance(answer, Text):
            return answer
        if answer.infeasible:
            return plan_in_words(answer)
        return show(*args, **kwargs)

    return shown


def plan_note(answer: Simulation) -> str:
    """Say where the numbers of a plan come from and how sure they are."""
    said = f"{source_note(answer.ground.position)} {costs_in_words(answer.model.catalogue)}"
    return said if answer.ground.retention is None else f"{said} {forecast_note(answer.ground.retention)}"


def given_in_words(position: Position, given: Mapping[str, Any]) -> str:
    """Say on what the chance of a plan depends (`Simulation.given`), to stand in the same sentence."""
    score = position.instrument.ladder.written(given["points"])
    if given["kept"] == "all":
        return t("bila nilai {score} hari ini bertahan", score=score)
    if given["kept"] == "share":
        return t("bila {share} dari nilai {score} hari ini bertahan", share=percent(given["share"]), score=score)
    return t("menurut prakiraan untuk nilai {score}", score=score)


def finding(answer: Simulation) -> str:
    """Say the answer in one sentence."""
    plan, goal = answer.plan, answer.goal
    ladder = answer.ground.position.instrument.ladder
    words = {
        "cost": money(plan.cost) + (t(" (biaya contoh)") if answer.model.catalogue.example else ""),
        "total": ladder.written(plan.total),
        "goal": goal.name,
        "chance": likely(answer.chance.probability),
        "given": given_in_words(answer.ground.position, answer.given),
        "count": len(plan.actions),
        "name": answer.placement.name,
    }
    if plan.status == "infeasible":
        return plan.why
    if not plan.actions and plan.total >= goal.lower:
        return t("{goal} sudah tercapai tanpa kegiatan: nilai {total}", **words)
    if not plan.actions:
        return t("Tanpa kegiatan: nilai {total}, {name}", **words)
    if plan.total >= goal.lower:
        return t("{cost} untuk {count} kegiatan: nilai {total}, peluang {goal} {chance} {given}", **words)
    return t("{cost} untuk {count} kegiatan: nilai {total}, {name}; belum {goal}", **words)


def proof(plan: Plan) -> str:
    """Say how well the plan is proven, and by what."""
    if plan.status == "optimal":
        how = t("semua gabungan dicoba") if plan.prover == "enumeration" else t("penyelesai {name}", name=plan.prover)
        return t("Terbukti terbaik ({how}): tidak ada pilihan lain dalam batas ini yang lebih baik.", how=how)
    if plan.status == "time_limit":
        return _out_of_time(plan)
    if plan.status == "unproven":
        return t(
            "Rencana terbaik yang ditemukan; buktinya tidak lulus pemeriksaan ulang, jadi mungkin ada yang lebih baik."
        )
    if plan.status == "sampled":
        bound = t(" Dalam 100 simulasi, tidak ada yang di bawah {bound}.", bound=money(plan.bound))
        return t("Termurah yang ditemukan; tidak terbukti termurah.") + (bound if plan.bound == plan.bound else "")
    return ""


def _out_of_time(plan: Plan) -> str:
    if plan.saves and plan.bound > plan.cost - 1:
        return t("Biayanya terbukti termurah; waktu habis sebelum terbukti bahwa untuk uang itu poinnya terbanyak.")
    if not plan.saves and plan.bound < plan.total + 1e-6:
        return t(
            "Poinnya terbukti terbanyak; waktu habis sebelum terbukti bahwa tidak ada yang sama baik dan lebih murah."
        )
    return t(
        "Waktu habis: rencana terbaik sejauh ini; batas yang tidak dapat dilampaui: {bound}.",
        bound=money(math.ceil(plan.bound)) if plan.saves else number(plan.bound),
    )


def plan_in_words(answer: Simulation | Text) -> Text:
    """Say the plan, what it leads to, how sure that is, and what a little more would buy."""
    if isinstance(answer, Text):
        return answer
    plan = answer.plan
    if answer.infeasible:
        nearest = (
            t(
                "Target terdekat yang dapat dicapai: {total} poin ({name}).",
                total=answer.ground.position.instrument.ladder.written(plan.reachable),
                name=answer.ground.position.instrument.ladder.place(plan.reachable).name,
            )
            if plan.reachable is not None
            else t("Longgarkan salah satu batas.")
        )
        said = (plan.why, nearest, *done_in_words(answer), *unknown_in_words(answer))
        return Text(said, kind="remark", values=answer.record)
    first = finding(answer) + "."
    if plan.actions:
        first += " " + t(
            "Nilai naik {points} poin dari {before}.",
            points=number(plan.total - answer.before),
            before=answer.ground.position.instrument.ladder.written(answer.before),
        )
    sure = t(
        "Peluang mencapai {target} poin {given}: {chance}, ketelitian ±{error} poin persentase ({draws} simulasi); penerimaan "
        "tiap kegiatan adalah asumsi.",
        given=given_in_words(answer.ground.position, answer.given),
        target=number(answer.target),
        chance=likely(answer.chance.probability),
        error=number(2 * answer.chance.error * 100),
        draws=number(answer.chance.draws),
    )
    if answer.chance.plans > 1:
        sure += " " + t(
            "Simulasi yang sama menilai {count} rencana, jadi peluang rencana yang terpilih sedikit terlalu tinggi.",
            count=number(answer.chance.plans),
        )
    said = (first, *done_in_words(answer), sure, next_step_in_words(answer), *unknown_in_words(answer), proof(plan))
    return Text(said, values=answer.record)


def done_in_words(answer: Simulation) -> list[str]:
    """Say what is done already and so no part of a plan: which actions, what was spent, what that adds to the sheet."""
    done = answer.ground.done
    if not done:
        return []
    said: list[str] = []
    known = [code for code in done.actions if code in answer.ground.catalogue.actions.index]
    if known:
        said.append(
            t(
                "Sudah selesai menurut catatan keputusan, jadi tidak dipilih dan tidak dibayar lagi: {codes}.",
                codes=", ".join(known),
            )
        )
    if done.spent_rupiah:
        said.append(t("Yang tercatat terpakai, di luar biaya rencana ini: {money}.", money=money(done.spent_rupiah)))
    if done.added_points:
        said.append(
            t(
                "Nilai yang tercatat sesudahnya menambah {points} poin pada lembar; yang sudah ada di lembar tidak "
                "dihitung lagi.",
                points=number(done.added_points, beside=(0,)),
            )
        )
    elif known:
        said.append(t("Lembar sudah memuat nilainya, atau nilainya belum dicatat: tidak ada poin yang ditambahkan."))
    if strange := [code for code in done.actions if code not in known]:
        said.append(
            t(
                "Selesai, tetapi tidak ada di katalog {id}: {codes}.",
                id=answer.ground.catalogue.id,
                codes=", ".join(strange),
            )
        )
    return [" ".join(said)]


def unknown_in_words(answer: Simulation) -> list[str]:
    """Say what a plan leaves open where answers are missing, and the other end of it; nothing where none is."""
    if answer.at_best is None:
        return []
    return [
        t(
            "{points} poin belum diketahui karena pertanyaannya belum dijawab; rencana ini tidak menghitungnya, dan tidak "
            "menganggapnya dapat diraih dengan kegiatan. Bila ternyata penuh: {finding}.",
            points=number(answer.ground.position.unknown_points),
            finding=finding(answer.at_best).rstrip("."),
        )
    ]


def next_step_in_words(answer: Simulation) -> str:
    """Say what `NEXT_STEP` more would buy, by planning again."""
    step = answer.next_step
    more = money(NEXT_STEP)
    if step["points"] <= 0:
        return t("Dengan {more} lagi nilai tidak naik.", more=more)
    come, go = _named(answer, step["come"]), _named(answer, step["go"])
    if go:
        return t(
            "Dengan {more} lagi nilai naik {points} poin: ditambah {come}, tanpa {go}.",
            more=more,
            points=number(step["points"]),
            come=come,
            go=go,
        )
    return t(
        "Dengan {more} lagi nilai naik {points} poin: ditambah {come}.",
        more=more,
        points=number(step["points"]),
        come=come,
    )


def _named(answer: Simulation, codes: Sequence[str]) -> str:
    """Name actions, each with its code."""
    names = answer.model.catalogue.actions["name"]
    return ", ".join(f"{names[code]} ({code})" for code in codes)


def plan_lines(answer: Simulation) -> list[str]:
    """Return one line per action of the plan, for a terminal."""
    table = answer.plan.table
    return [
        f"{code:5} {money(row['cost']):>14}  {row['agency']:18}  {row['year']}  {row['name']}"
        for code, row in table.iterrows()
    ]


def difference_in_words(one: Simulation, other: Simulation) -> Text:
    """Say what tells two scenarios apart."""
    gone = [code for code in one.plan.actions if code not in other.plan.actions]
    come = [code for code in other.plan.actions if code not in one.plan.actions]
    return Text(
        (
            t(
                "Dibanding {one}: {other} bernilai {points} poin, biaya {money} berbanding {before}, peluang {chance} "
                "berbanding {was}.",
                one=_name(one),
                other=_name(other),
                points=signed(round(other.plan.total - one.plan.total, 6)),
                money=money(other.plan.cost),
                before=money(one.plan.cost),
                chance=likely(other.chance.probability),
                was=likely(one.chance.probability),
            ),
            t("Masuk: {come}. Keluar: {gone}.", come=_named(other, come) or "–", gone=_named(one, gone) or "–"),
        ),
    )


@needs_plan
def cuts_in_words(answer: Simulation) -> Text:
    """Say what falls first when the money is cut, and what the safe order costs."""
    if not answer.plan.actions:
        return Text((t("Tidak ada kegiatan yang dapat dipotong."),))
    if answer.scenario.budgets:
        return _budgets_in_words(answer)
    row = answer.cuts.iloc[0]
    return Text(
        (
            t(
                "Urutan ini disusun agar yang dikerjakan lebih dulu tetap berguna bila anggaran dipotong. Bila {cut} dipotong, yang "
                "dilepas {dropped}: nilainya {total}; bila memilih ulang, {free}.",
                cut=percent(row["cut"]),
                dropped=_named(answer, row["dropped"]) or t("tidak ada"),
                total=number(row["total"]),
                free=number(row["free_total"]),
            ),
            t(
                "Urutan ini rata-rata {loss} poin di bawah rencana terbaik untuk tiap anggaran sampai biaya rencana "
                "ini; pada potongan di bawah paling jauh {most} poin.",
                loss=number(answer.ranking.loss),
                most=number((answer.cuts["free_total"] - answer.cuts["total"]).max()),
            ),
        )
    )


def _budgets_in_words(answer: Simulation) -> Text:
    """Say what the list for weighted budgets is worth, and how far it is proven."""
    cuts, ranking = answer.cuts, answer.ranking
    value = (cuts["weight"] * cuts["total"]).sum()
    told = "; ".join(
        t(
            "{money} (bobot {weight}): {total}",
            money=money(row.budget),
            weight=percent(row.weight),
            total=number(row.total),
        )
        for row in cuts.itertuples()
    )
    proven = (
        t("Terbukti: tidak ada urutan lain dengan rata-rata yang lebih tinggi.")
        if ranking.status == "optimal"
        else t("Urutan terbaik yang ditemukan; tidak terbukti terbaik.")
    )
    return Text(
        (
            t(
                "Kerjakan menurut urutan ini, berapa pun anggaran yang turun: rata-rata {value} poin menurut bobotnya. "
                "{told}. Dibanding memilih ulang sesudah anggarannya pasti, hilang {loss} poin.",
                value=number(value),
                told=told,
                loss=number(ranking.loss),
            ),
            proven,
        )
    )


@needs_plan
def core_in_words(answer: Simulation) -> Text:
    """Say which actions stay in the plan whatever the assumptions."""
    if not answer.plan.actions:
        return Text((t("Rencana ini kosong."),))
    draws = number(answer.core.attrs["draws"])
    core = [code for code, share in answer.core.items() if share >= 0.9]
    outside = [code for code, share in answer.core.items() if share >= 0.5 and code not in answer.plan.actions]
    said = (
        t(
            "Kegiatan inti, terpilih dalam sedikitnya 90% dari {draws} simulasi: {codes}.",
            draws=draws,
            codes=_named(answer, core),
        )
        if core
        else t("Tidak satu kegiatan pun terpilih dalam 90% dari {draws} simulasi.", draws=draws)
    )
    if outside:
        said += " " + t(
            "Layak dipertimbangkan, terpilih dalam lebih dari separuhnya: {codes}.", codes=_named(answer, outside)
        )
    worst = answer.regret.loc[answer.regret["regret"].idxmax()]
    return Text(
        (
            said,
            t(
                "Di antara hasil verifikasi pada tabel di bawah, rencana ini paling jauh {regret} poin di bawah yang terbaik.",
                regret=number(worst["regret"]),
            ),
        )
    )


@needs_plan
def evidence_in_words(answer: Simulation) -> Text:
    """Say what it is worth to secure the evidence of claimed points before buying new ones."""
    if missing := no_forecast(answer.ground.position):
        return missing
    table = answer.evidence
    half, all_of_it = table[table["secured"] == 0.5].iloc[0], table.iloc[-1]
    why = (
        t("Lembar ini sudah hasil akhir; hitungan ini menganggapnya baru nilai mandiri putaran berikutnya.")
        if answer.ground.retention is None
        else ""
    )
    if table["cost"].isna().iloc[0]:
        said = t(
            "Tanpa mengamankan bukti, {goal} tidak tercapai dengan seluruh katalog; dengan semuanya diamankan, {cost}.",
            goal=answer.goal.name,
            cost=money(all_of_it["cost"]),
        )
    else:
        said = t(
            "Mengamankan bukti separuh poin yang terancam ({points} poin) menghemat {saved} menuju {goal}; "
            "semuanya, {all}. Sampai sebesar itu, uang untuk bukti lebih berguna daripada untuk kegiatan baru.",
            points=number(half["points"]),
            saved=money(half["saved"]),
            goal=answer.goal.name,
            all=money(all_of_it["saved"]),
        )
    return Text(tuple(filter(None, (why, said))))


def _name(answer: Simulation) -> str:
    return answer.scenario.title or t("skenario ini")


def money_column(key: str, title: str) -> Column:
    """Return a column of amounts in rupiah."""
    return Column(key, title, "number", _money_cell, "rupiah")


def _money_cell(value: Any) -> str:
    return "–" if pd.isna(value) else money(value)


def _table(
    answer: Simulation,
    caption: str,
    columns: Sequence[Column],
    frame: pd.DataFrame,
    total: Sequence[Any] = (),
    note: str = "",
) -> Table:
    return Table(
        caption,
        tuple(columns),
        frame,
        " ".join(filter(None, (note, plan_note(answer)))),
        badges(answer.ground.position, answer.model.catalogue.example),
        tuple(total),
    )


@needs_plan
def plan_table(funded: pd.DataFrame, answer: Simulation) -> Table | Text:
    """The funded actions (`answer.funded`, or some rows): who, when, for how much, and what is lost without each."""
    if funded.empty:
        return Text((t("Tidak ada kegiatan dalam rencana ini."),), kind="remark")
    frame = funded.reset_index()
    rules = answer.ground.position.instrument
    frame["component_code"] = [rules.short_name(code) for code in frame["component_code"]]
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
        Column("given_up", t("Selisih dari rencana terbaik"), "number", unit="points"),
    )
    return _table(
        answer,
        t("Urutan kerja bila anggaran dapat dipotong"),
        columns,
        order.reset_index(),
        note=t("Selisih: tepat pada biaya sampai di baris itu; di antaranya dapat lebih."),
    )


@needs_plan
def cut_table(cuts: pd.DataFrame, answer: Simulation) -> Table | Text:
    """What falls when the money is cut (`answer.cuts`)."""
    if cuts.empty:
        return Text((t("Tidak ada kegiatan yang dapat dipotong."),), kind="remark")
    weighted = bool(answer.scenario.budgets)
    first = (
        Column("weight", t("Bobot"), "number", percent, "share")
        if weighted
        else Column("cut", t("Dipotong"), "number", percent, "share")
    )
    columns = (
        first,
        money_column("budget", t("Anggaran yang turun") if weighted else t("Tersisa")),
        Column("dropped", t("Yang dilepas"), "text", lambda codes: _named(answer, codes) or "–"),
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
        Column("share", t("Terpilih dalam simulasi"), "number", percent, "share"),
        Column("in_plan", t("Ada di rencana ini")),
    )
    caption = t(
        "Kegiatan yang terpilih dalam {draws} simulasi, untuk uang yang sama",
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
        Column("regret", t("Selisih dari rencana terbaik"), "number", unit="points"),
    )
    return _table(answer, t("Rencana ini di samping rencana terbaik, menurut ketatnya verifikator"), columns, regret)


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
    return _table(answer, t("Mengamankan bukti sebelum kegiatan baru"), columns, evidence)


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
        Column("probability", t("Peluang"), "number", likely, "share"),
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
        Column("probability", t("Peluang {goal}", goal=answer.goal.name), "number", likely, "share"),
    )
    return _table(answer, t("Yang digambar: nilai pada tiap anggaran"), columns, frame)


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


@styled
def difference_chart(one: Simulation, other: Simulation) -> Chart:
    """From one scenario's total to another's: what each component adds or takes."""
    table = difference(one, other)
    moved = table[table["difference"] != 0]
    first, second = one.scenario.title or t("Skenario ini"), other.scenario.title or t("Skenario lain")
    change = round(other.plan.total - one.plan.total, 6)
    title = (
        t(
            "{second}: {change} poin dibanding {first}",
            second=second,
            change=signed(change),
            first=first[:1].lower() + first[1:],
        )
        if change
        else t("{second} sama nilainya dengan {first}", second=second, first=first[:1].lower() + first[1:])
    )
    rows = [(first, 0.0, one.plan.total, _total(one), BLUE)]
    running = one.plan.total
    for _, row in moved.iterrows():
        low, high = sorted((running, running + row["difference"]))
        rows.append((row["name"], low, high, signed(row["difference"]), AMBER if row["difference"] > 0 else PAPER))
        running = round(running + row["difference"], 6)
    rows.append((second, 0.0, other.plan.total, _total(other), BLUE))
    inner = [value for _, low, high, *_ in rows[1:-1] for value in (low, high)] + [one.plan.total, other.plan.total]
    room = max(max(inner) - min(inner), 10.0)
    floor = max(0.0, min(inner) - 0.35 * room)
    names, row_high = row_names((name for name, *_ in rows), 2.2, least=0.4)
    how = t("Sumbu mulai di {low}, bukan nol. Jingga: bertambah; putih: berkurang.", low=number(floor, decimals=0))
    figure, ax = new_figure(
        title, other.ground.position, plan_note(other), tall=row_high * len(rows), left=2.2, right=0.9 + PAD, how=how
    )
    for y, (_, low, high, value, colour) in enumerate(rows):
        start = max(low, floor)
        ax.barh(y, high - start, left=start, color=colour, edgecolor=AMBER if colour == PAPER else colour, height=0.6)
        write(ax, 1.02, y, value, transform=ax.get_yaxis_transform(), fontweight="bold" if colour == BLUE else "normal")
    running = one.plan.total
    for y, change in enumerate(moved["difference"], start=1):
        ax.plot([running] * 2, [y - 1, y], color=SOFT, linewidth=0.8, zorder=0)
        running += change
    ax.plot([running] * 2, [len(rows) - 2, len(rows) - 1], color=SOFT, linewidth=0.8, zorder=0)
    put_rows(ax, names)
    ax.set_xlim(floor, max(inner) + 0.05 * room)
    told = "; ".join(f"{name} {value}" for name, _, _, value, _ in rows)
    alt = t("Diagram air terjun antara dua skenario: {told}.", told=told)
    return finished(title, alt, plan_note(other), figure, difference_table(one, other))


def _total(answer: Simulation) -> str:
    return answer.ground.position.instrument.ladder.written(answer.plan.total)


def plan_workbook(answer: Simulation) -> bytes:
    """Return a plan as an Excel file: a cover in words, then one table a sheet, numbers as numbers."""
    tables = (
        plan_table(answer.funded, answer),
        component_change_table(answer.components, answer),
        spending_table(answer.spending("agency"), answer),
        spending_table(answer.spending("year"), answer),
        order_table(answer.order, answer),
        cut_table(answer.cuts, answer),
        stair_table(answer.sure, answer),
    )
    title = t("Rencana {area}", area=answer.ground.position.area.name)
    sheets = [sheet_of(table.record(), t("Rencana")) for table in tables if isinstance(table, Table)]
    badge = badges(answer.ground.position, answer.model.catalogue.example)
    return workbook(title, plan_in_words(answer).paragraphs, {t("Sumber"): plan_note(answer)}, sheets, badge=badge)
