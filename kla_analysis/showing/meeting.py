"""The sheet of a cluster's coordination meeting: what is weak, whose it is, what would raise it, what it costs.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> len(kla.meeting.meeting_sheets(case, "K2").parts)
1
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.evidence.partners import load_partners
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import number, percent, t
from kla_analysis.planning.actions import catalogue_for, load_catalogue
from kla_analysis.planning.model import Model
from kla_analysis.planning.scenario import open_scenario
from kla_analysis.showing.losses import question_table, ranked_by_loss, unanswered_table
from kla_analysis.showing.plan import badges, costs_in_words, money_column
from kla_analysis.showing.records import Record
from kla_analysis.showing.scorecard import indicator_table
from kla_analysis.showing.table import Column, Several, Table, score_of, share_of
from kla_analysis.showing.text import Text, needs

#: What it shows; completion in a notebook lists no more.
__all__ = ["meeting_sheets"]


def __dir__() -> list[str]:
    return __all__


#: Questions and actions on a sheet: it is to fit on two pages.
QUESTIONS, ACTIONS = 8, 6


@dataclass(frozen=True, eq=False, repr=False)
class MeetingSheet(Several):
    """The sheet of one cluster; on paper it begins a page."""

    code: str = ""

    def record(self) -> Record:
        """Return the records of its parts, under the sheet's name."""
        parts = super().record()["blocks"]
        return {"kind": "sheet", "id": f"rapat-{self.code}", "title": parts[0]["heading"], "blocks": parts}


@needs("question")
def meeting_sheets(position: Position, cluster: str = "all", scenario: str = "") -> Several:
    """What to lay on the table of each cluster's coordination meeting (one cluster, or all).

    Args:
        scenario: names the catalogue whose actions are shown, as the report's parameter does.
    """
    codes = list(position.instrument.components.index) if cluster == "all" else [cluster]
    named = open_scenario(scenario).catalogue or catalogue_for(position.instrument)
    model = Model(position.roll_up, load_catalogue(named, position.instrument)) if named else None
    return Several(tuple(_sheet(position, code, model) for code in codes))


def _sheet(position: Position, code: str, model: Model | None) -> MeetingSheet:
    component = position.roll_up.components.loc[code]
    questions = position.questions[position.questions["component_code"] == code]
    losing = ranked_by_loss(questions[questions["lost_points"] > 0])
    unanswered, weakest = questions[questions["unanswered"] > 0], losing.head(QUESTIONS)
    name = position.instrument.component(code).name
    caption = t("{name}: {count} pertanyaan dengan kehilangan terbesar", name=name, count=len(weakest))
    about = Text(
        heading=component["name"],
        paragraphs=(
            _standing(component, len(losing)),
            _guests(position, code),
        ),
    )
    parts = (
        about,
        *(
            [unanswered_table(unanswered, position, points=component["unknown_points"], top=QUESTIONS)]
            if len(unanswered)
            else []
        ),
        indicator_table(ranked_by_loss(position.indicators[position.indicators["component_code"] == code]), position),
        question_table(weakest, position, caption=caption),
        _actions_table(position, code, model),
    )
    return MeetingSheet(parts, code)


def _standing(component: pd.Series, losing: int) -> str:
    """Say what a cluster reaches and loses, and what hangs on answers that nobody has given."""
    if not component["answers"]:
        return t("Belum ada satu jawaban pun; {points} poin belum diketahui.", points=number(component["max_points"]))
    score = score_of(component["low"], component["high"], component["answers"])
    share = share_of(component)
    said = t(
        "Nilai {score} dari {maximum} ({share}); {lost} poin hilang pada {count} pertanyaan.",
        score=score if isinstance(score, str) else number(score),
        maximum=number(component["max_points"]),
        share=share if isinstance(share, str) else percent(share),
        lost=number(component["lost_points"], beside=(0,)),
        count=losing,
    )
    if not component["unanswered"]:
        return said
    return (
        said
        + " "
        + t(
            "{count} pertanyaan belum dijawab: {points} poin belum diketahui. Putuskan lebih dahulu siapa yang mengisinya, dan kapan.",
            count=component["unanswered"],
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


def _actions_table(position: Position, code: str, model: Model | None) -> Table | Text:
    """The catalogue's actions for a cluster that add most, with who does them and what they cost."""
    if model is None:
        return Text((t("Belum ada katalog kegiatan untuk instrumen {id}.", id=position.instrument.id),), kind="remark")
    actions = model.catalogue.actions
    frame = actions[actions["component_code"] == code].copy()
    nothing = model.total(model.indices([]))
    frame["gain"] = [round(model.total(model.indices([action])) - nothing, 6) for action in frame.index]
    frame = frame[frame["gain"] > 0].sort_values("gain", ascending=False, kind="stable").head(ACTIONS)
    if frame.empty:
        return Text((t("Katalog tidak memuat kegiatan yang menaikkan klaster ini."),), kind="remark")
    catalogue = model.catalogue
    return Table(
        t(
            "{name}: {count} kegiatan yang paling menaikkan nilai",
            name=position.instrument.component(code).name,
            count=len(frame),
        ),
        (
            Column("action_code", t("Kode")),
            Column("name", t("Kegiatan")),
            Column("agency", t("Perangkat daerah")),
            money_column("cost_low", t("Biaya, rendah")),
            money_column("cost_high", t("Biaya, tinggi")),
            Column("gain", t("Tambahan bila diterima"), "number", unit="points"),
        ),
        frame.reset_index(),
        source=f"{costs_in_words(catalogue)} {t('Tambahan bila hanya kegiatan itu yang dijalankan.')}",
        badge=badges(position, catalogue),
    )
