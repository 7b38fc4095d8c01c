"""The sheet of a cluster's coordination meeting: what became of what was decided, what is weak or missing, whose it is, what would raise it, what to decide.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> len(kla.meeting.meeting_sheets(case, "K2").parts)
1
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.evidence.partners import load_partners
from kla_analysis.evidence.proof import state_name
from kla_analysis.instrument.instrument import level_name, standing_name
from kla_analysis.language import money, number, percent, t
from kla_analysis.planning.scenario import open_scenario
from kla_analysis.planning.simulation import Simulation
from kla_analysis.showing.followup import decisions_of, due_day, followup_table
from kla_analysis.showing.losses import question_table, ranked_by_loss, unanswered_table
from kla_analysis.showing.plan import badges, costs_in_words, money_column, plan_for
from kla_analysis.showing.records import Record
from kla_analysis.showing.scorecard import indicator_table
from kla_analysis.showing.table import Column, Several, Table, of_sheet, owners_cell, score_of, share_of
from kla_analysis.showing.text import Text, needs

#: What it shows; completion in a notebook lists no more.
__all__ = ["meeting_sheets"]


def __dir__() -> list[str]:
    return __all__


#: Rows on a sheet, which is to fit on two pages: questions (of those that are answered some at least), actions,
#: decisions of before, lines for those of today; where decisions of before need the room, so many indicators and actions.
QUESTIONS, LEAST, ACTIONS, DECIDED, LINES, CROWDED = 8, 3, 6, 3, 4, 4
#: Evidence in these states is still to be found (`evidence.proof`).
MISSING = ("rejected", "none", "promised", "incomplete")


@dataclass(frozen=True, eq=False, repr=False)
class MeetingSheet(Several):
    """The sheet of one cluster; on paper it begins a page."""

    code: str = ""

    def record(self) -> Record:
        """Return the records of its parts, under the sheet's name."""
        parts = super().record()["blocks"]
        return {"kind": "sheet", "id": f"rapat-{self.code}", "title": parts[0]["heading"], "blocks": parts}


@needs("indicator")
def meeting_sheets(position: Position, cluster: str = "all", scenario: str = "") -> Several:
    """What to lay on the table of each cluster's coordination meeting (one cluster, or all).

    Args:
        scenario: names the catalogue whose actions are shown, as the report's parameter does; those of its plan are
            marked.
    """
    codes = list(position.instrument.components.index) if cluster == "all" else [cluster]
    answer = plan_for(position, open_scenario(scenario), aim(position))
    return Several(tuple(_sheet(position, code, answer) for code in codes))


def _sheet(position: Position, code: str, answer: Simulation | Text) -> MeetingSheet:
    component = position.rolled.components.loc[code]
    indicators = position.indicators[position.indicators["component_code"] == code]
    about = Text((_standing(component, indicators, position), _guests(position, code)), heading=component["name"])
    decided = decisions_of(position, code).head(DECIDED)
    parts = [
        about,
        *([followup_table(decided, position, brief=True)] if len(decided) else []),
        *_missing(position, code, component, indicators),
        indicator_table(ranked_by_loss(indicators), position, top=CROWDED if len(decided) else None),
    ]
    if position.rolled.questions is not None:
        questions = position.questions[position.questions["component_code"] == code]
        room = max(QUESTIONS - int(_lacking(questions).sum()), LEAST)
        weakest = ranked_by_loss(questions[questions["lost_points"] > 0]).head(room)
        caption = t("Kehilangan {name}: {count} pertanyaan terbesar", name=component["name"], count=len(weakest))
        parts.append(question_table(weakest, position, caption=caption))
        parts.append(_actions_table(position, code, answer, CROWDED if len(decided) else ACTIONS))
    else:
        said = t("Pertanyaan dan kegiatan tidak ditunjukkan: untuk itu perlu nilai per pertanyaan.")
        parts.append(Text((said,), kind="remark"))
    parts += [_today(component["name"])]
    return MeetingSheet(tuple(parts), code)


def _today(name: str) -> Table:
    """Return empty lines to write on what is decided, by whom, by when."""
    heads = {"what": t("Keputusan"), "who": t("Siapa"), "when": t("Sampai kapan")}
    columns = tuple(Column(key, head, "blank") for key, head in heads.items())
    empty = pd.DataFrame("", index=range(LINES), columns=list(heads))
    return Table(t("Keputusan rapat ini: {name}", name=name), columns, empty)


def _missing(position: Position, code: str, component: pd.Series, indicators: pd.DataFrame) -> list[Table | Text]:
    """Return what a cluster lacks: answers, and evidence where the sheet says how far it is."""
    if position.rolled.questions is None:
        empty = indicators[indicators["unanswered"] > 0]
        names = "; ".join(f"{at} {name}" for at, name in empty["name"].items())
        return [Text((t("Belum dijawab: {names}.", names=names),))] if len(empty) else []
    questions = position.questions[position.questions["component_code"] == code]
    unanswered = questions[questions["unanswered"] > 0]
    weak = questions[_lacking(questions) & (questions["unanswered"] == 0)]
    found: list[Table | Text] = []
    if len(unanswered):
        found.append(unanswered_table(unanswered, position, points=component["unknown_points"], top=QUESTIONS))
    if len(weak):
        found.append(_evidence_table(weak, position, max(QUESTIONS - len(unanswered), LEAST)))
    elif questions["evidence_state"].isna().all():
        said = t("Lembar ini tidak mencatat bukti per pertanyaan: periksa dalam rapat bukti mana yang belum ada.")
        found.append(Text((said,), kind="remark"))
    return found


def _lacking(questions: pd.DataFrame) -> pd.Series:
    """Return which questions have no answer, or no evidence as far as the sheet says."""
    return (questions["unanswered"] > 0) | questions["evidence_state"].isin(MISSING)


def _evidence_table(weak: pd.DataFrame, position: Position, top: int) -> Table:
    """The questions whose evidence is still to be found, those that are worth most first."""
    shown = weak.sort_values("low", ascending=False, kind="stable").head(top)
    caption = t("Bukti yang masih kurang: {count} pertanyaan", count=len(weak))
    if len(shown) < len(weak):
        caption = t("Bukti yang masih kurang: {count} pertanyaan; {top} yang terbesar", count=len(weak), top=len(shown))
    frame = shown.assign(
        state=shown["evidence_state"].map(state_name),
        who=[row.lead or owners_cell(row.owners) for row in shown.itertuples()],
        due=shown["due"].map(due_day),
    )
    columns = (
        Column("question_code", t("Kode")),
        Column("name", t("Pertanyaan")),
        Column("low", t("Nilai"), "number", unit="points"),
        Column("state", t("Bukti")),
        Column("who", t("Penanggung jawab")),
        Column("due", t("Tenggat")),
    )
    return of_sheet(position, caption, columns, frame.reset_index())


def _standing(component: pd.Series, indicators: pd.DataFrame, position: Position) -> str:
    """Say what a cluster reaches and loses, and what hangs on answers that nobody has given."""
    level = position.rolled.level
    rows = position.questions if level == "question" else indicators
    losing = int((rows.loc[rows["component_code"] == component.name, "lost_points"] > 0).sum())
    if not component["answers"]:
        return t("Belum ada satu jawaban pun; {points} poin belum diketahui.", points=number(component["max_points"]))
    score = score_of(component["low"], component["high"], component["answers"])
    share = share_of(component)
    said = t(
        "Nilai {score} dari {maximum} ({share}); {lost} poin hilang pada {count} {level}.",
        score=score if isinstance(score, str) else number(score),
        maximum=number(component["max_points"]),
        share=share if isinstance(share, str) else percent(share),
        lost=number(component["lost_points"], beside=(0,)),
        count=losing,
        level=level_name(level),
    )
    if not component["unanswered"]:
        return said
    return (
        said
        + " "
        + t(
            "{count} {level} belum dijawab: {points} poin belum diketahui. Putuskan lebih dahulu siapa yang mengisinya, dan kapan.",
            count=component["unanswered"],
            level=level_name(level),
            points=number(component["unknown_points"]),
        )
    )


def _guests(position: Position, code: str) -> str:
    """Say whom the area invites beside those who answer the questions, and how sure that is."""
    partners = load_partners(position.area.code, position.instrument.id)
    partners = partners[partners["component_code"] == code]
    if partners.empty:
        return t(
            "Mitra yang diundang selain penanggung jawab di bawah belum dicatat untuk {area} (data/partners/{code}.csv).",
            area=position.area.name,
            code=position.area.code,
        )
    return t(
        "Undang selain penanggung jawab di bawah: {partners}. Status daftar mitra: {standing}.",
        partners="; ".join(f"{row.partner} ({row.role})" for row in partners.itertuples()),
        standing=", ".join(standing_name(standing) for standing in partners["standing"].unique()),
    )


def _actions_table(position: Position, code: str, answer: Simulation | Text, top: int) -> Table | Text:
    """The catalogue's actions for a cluster: those of the plan, marked, then those that add most; who does them, what they cost."""
    if isinstance(answer, Text):
        return answer
    model, name = answer.model, position.instrument.component(code).name
    actions = model.catalogue.actions
    frame = actions[actions["component_code"] == code].copy()
    nothing = model.total(model.indices([]))
    frame["gain"] = [round(model.total(model.indices([action])) - nothing, 6) for action in frame.index]
    frame["chosen"] = [action in answer.plan.actions for action in frame.index]
    frame = frame[frame["gain"] > 0].sort_values(["chosen", "gain"], ascending=False, kind="stable")
    if frame.empty:
        return Text((t("Katalog tidak memuat kegiatan yang menaikkan klaster ini."),), kind="remark")
    chosen = int(frame["chosen"].sum())
    frame = frame.head(max(top, chosen))
    frame["chosen"] = frame["chosen"].map({True: t("✓ ya"), False: "–"})
    cost = money(answer.plan.cost)
    plan = (
        t("{count} kegiatan klaster ini ada dalam rencana {cost}.", count=chosen, cost=cost)
        if chosen
        else t("Tidak ada kegiatan klaster ini dalam rencana {cost}.", cost=cost)
    )
    return Table(
        t(
            "Kegiatan {name}: {count} yang menaikkan nilai, yang ada dalam rencana lebih dahulu",
            name=name,
            count=len(frame),
        ),
        (
            Column("action_code", t("Kode")),
            Column("name", t("Kegiatan")),
            Column("chosen", t("Dalam rencana")),
            Column("agency", t("Perangkat daerah")),
            money_column("cost_low", t("Biaya, rendah")),
            money_column("cost_high", t("Biaya, tinggi")),
            Column("gain", t("Tambahan bila diterima"), "number", unit="points"),
        ),
        frame.reset_index(),
        source=f"{plan} {costs_in_words(model.catalogue)} {t('Tambahan bila hanya kegiatan itu yang dijalankan.')}",
        badge=badges(position, model.catalogue),
    )
