"""The one-page summary: what a head of department reads, and what is to be decided now.

Every sentence is derived from the results: nothing is solved or drawn here that a report has not made already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kla_analysis.analysis.comparison import gap_to
from kla_analysis.analysis.forecast import forecastable, outlook
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.analysis.uncertainty import flips_by_answer, tornado
from kla_analysis.analysis.weakness import unanswered_questions, weak_questions
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import level_name, split_agencies, standing_name
from kla_analysis.language import chance, money, number, percent, t
from kla_analysis.planning.scenario import Scenario
from kla_analysis.showing.forecast import award_at_best
from kla_analysis.showing.losses import question_table, ranked_by_loss
from kla_analysis.showing.plan import given_in_words, likely
from kla_analysis.showing.scorecard import published_in_words, remarks
from kla_analysis.showing.table import Table
from kla_analysis.showing.target import conditions_in_brief
from kla_analysis.showing.text import Text, forecast_note, points, predicate_of, settled

#: How many losses a page has room for.
TOP = 5
#: Agencies that are named one by one; the others are counted.
_NAMED = 5
_TOP_BESIDE_UNANSWERED = 3
#: Unanswered questions that are named, each with so many of its owners.
_QUESTIONS, _OWNERS = 15, 2


def title(position: Position, asked: str = "") -> str:
    """Say what an area aims for; where it has reached what was asked for, that too.

    Args:
        asked: code of the predicate that was asked for, if any.
    """
    ladder, target = position.instrument.ladder, aim(position)
    words = {"area": position.area.name, "now": predicate_of(position), "goal": ladder.name(target)}
    if ladder.above(target) is None and not position.claimed and position.span.low >= ladder.band(target).lower:
        return t("{area} di predikat tertinggi, {goal}", **words)
    if asked and asked != target:
        return t("{area} sudah {now}, menuju {goal}", **words)
    return t("{area} menuju {goal}", **words)


def key_figures(position: Position, target: str, plan: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return the figures at the top: what each is, how much, and what to know beside it.

    Args:
        plan: the plan's record (`Simulation.record`); None where nothing can be planned.
    """
    goal, gap = gap_to(target, position.span, position.instrument)
    fact, ladder = position.published, position.instrument.ladder
    basis = _basis(position)
    unknown = (
        [t("{points} poin belum diketahui", points=number(position.unknown_points))] if position.unknown_points else []
    )
    found = [(t("Nilai"), ladder.written(position.span), "; ".join((predicate_of(position), *unknown, basis)))]
    beside = basis
    if position.roll_up is not None and fact is not None:
        _, public = gap_to(target, fact.span, position.instrument)
        beside = t("menurut yang terbit: {gap}", gap=points(public) if public.high > 0 else t("sudah tercapai"))
    reached = t("tercapai bila seluruh nilai mandiri bertahan") if position.claimed else t("tercapai")
    found.append(
        (
            t("Jarak ke {goal} ({lower})", goal=goal.name, lower=number(goal.lower)),
            reached if gap.high <= 0 else _points(gap),
            beside,
        )
    )
    if forecastable(position):
        found.append(_at_the_award(position, target))
    if plan is not None and plan["cost"] is not None:
        about = t(
            "{count} kegiatan; peluang {goal} {chance} {given}",
            count=len(plan["actions"]),
            goal=_goal(position, plan),
            chance=likely(plan["probability"]),
            given=given_in_words(position, plan["given"]),
        )
        name = _plan_title(plan)
        if plan["catalogue"]["example"]:
            name = t("{plan}, biaya contoh", plan=name)
        found.append((name, money(plan["cost"]), about))
    return found


def _at_the_award(position: Position, target: str) -> tuple[str, str, str]:
    """Say what the total becomes at the award.

    Before the award it is what the district can expect, with the chance of the target; of a settled total it is only
    what claiming the same again would bring, and the one chance of the page is that of its plan.
    """
    ladder = position.instrument.ladder
    ends = [outlook(one) for one in (position, position.at_best)]
    left = ladder.written(Span(ends[0].interval.low, ends[1].interval.high), decimals=0)
    if settled(position):
        return (
            t("Bila {score} diklaim lagi", score=ladder.written(position.span)),
            left,
            t("pada penghargaan berikutnya"),
        )
    low, high = (chance(told.probability_at_least(target)) for told in ends)
    likely_ends = low if low == high else t("{low} sampai {high}", low=low, high=high)
    about = t("peluang {goal} {chance} tanpa kegiatan tambahan", goal=ladder.name(target), chance=likely_ends)
    return t("Pada penghargaan"), left, about


def _points(gap: Span) -> str:
    """Write a gap as short as a figure at the top must be."""
    return t("{points} poin", points="–".join(number(end, beside=(0,)) for end in dict.fromkeys((gap.low, gap.high))))


def standing_in_words(position: Position, target: str) -> Text:
    """Say the published fact, and what makes the score doubtful; the figures stand beside it."""
    facts = published_in_words(position, target)
    # What is missing stands among the figures and first in what is to be decided; that nothing is needs no line.
    rolled = position.roll_up
    missing = rolled.missing_in_words() if rolled is not None and (rolled.unanswered or not rolled.missing) else ""
    # Conditions besides the total have a chapter of their own; the page has no room to say why they hold nothing back.
    elsewhere = {missing, *(conditions_in_brief(position) if rolled is not None else ())}
    doubts = [line for line in remarks(position).paragraphs if line not in elsewhere]
    return Text((*facts, *doubts))


def surety_in_words(position: Position, target: str) -> Text:
    """Say how sure the total is: what it may become at the award, and what that rests on."""
    if not forecastable(position):
        return Text((t("Nilainya tidak diketahui, hanya rentangnya; seberapa pasti nilai itu tidak dapat dihitung."),))
    told, ladder = outlook(position), position.instrument.ladder
    words = {
        "stage": position.instrument.stage(position.stage).name.lower(),
        "level": percent(told.level),
        "low": ladder.written(told.interval.low, decimals=0),
        "high": ladder.written(told.interval.high, decimals=0),
        "median": ladder.written(told.median, decimals=0),
    }
    said = (
        t(
            "Nilai ini hasil akhir. Bila diklaim lagi pada putaran berikutnya, penghargaannya kira-kira {median} ({level}: {low} "
            "sampai {high}).",
            **words,
        )
        if settled(position)
        else t(
            "Nilai ini dari tahap {stage}, bukan penghargaan: di sana kira-kira {median} ({level}: {low} sampai {high}).",
            **words,
        )
    )
    return Text((" ".join((said, *award_at_best(position, target), forecast_note(told.retention))),))


def losses_table(position: Position) -> Table | Text:
    """The largest losses that can come back, with their owners; no more columns than a phone shows."""
    # Where answers are missing, who fills them in comes first, and needs the room.
    questions = ranked_by_loss(position.questions[position.questions["lost_points"] > 0])
    table = question_table(questions.head(TOP if not position.unknown_points else _TOP_BESIDE_UNANSWERED), position)
    if isinstance(table, Text):
        return table
    return replace(table, columns=tuple(column for column in table.columns if column.key not in ("low", "max_points")))


def plan_in_brief(position: Position, plan: Mapping[str, Any] | None) -> Text:
    """Say the plan in two sentences: what it costs and brings, and who does it."""
    if plan is None:
        return Text((t("Tidak ada rencana: untuk itu perlu lembar nilai per pertanyaan."),))
    if plan["cost"] is None:
        return Text((plan["why"],))
    if not plan["actions"]:
        return Text(
            (
                t(
                    "Rencana ini tidak memerlukan kegiatan: nilainya {total}.",
                    total=position.instrument.ladder.written(plan["total"]),
                ),
            )
        )
    words = {
        "total": position.instrument.ladder.written(plan["total"]),
        "name": position.instrument.ladder.name(plan["predicate"]),
        "before": position.instrument.ladder.written(plan["before"]),
        "given": given_in_words(position, plan["given"]),
    }
    gain = (
        t("Nilai naik dari {before} menjadi {total} ({name}) bila verifikator menerima semua kegiatan.", **words)
        if plan["given"]["kept"] == "all"
        else t(
            "Nilai pada penghargaan naik dari kira-kira {before} ({given}) menjadi {total} ({name}) bila verifikator "
            "menerima semua kegiatan.",
            **words,
        )
    )
    words = {"who": _shares(plan["spending"]["agency"]), "standing": standing_name(plan["costs"])}
    who = (
        t("Pelaksana, dengan biaya contoh: {who}.", **words)
        if plan["catalogue"]["example"]
        else t("Pelaksana: {who}. Biaya dan peluang {standing}.", **words)
    )
    return Text((" ".join((gain, who, *_plan_at_best(position, plan))),))


def _plan_at_best(position: Position, plan: Mapping[str, Any]) -> list[str]:
    """Say what the plan costs at the other end, where every missing answer is full."""
    best = plan.get("at_best")
    if not best or best["cost"] is None:
        return []
    return [
        t(
            "Yang belum dijawab tidak dihitung. Bila ternyata penuh, rencananya {cost} dan nilainya {total}.",
            cost=_cost(plan, best["cost"]),
            total=position.instrument.ladder.written(best["total"]),
        )
    ]


def decisions(position: Position, target: str, plan: Mapping[str, Any] | None) -> list[str]:
    """Return what is to be decided now, one sentence each: what is missing, evidence, money, who leads."""
    rolled = position.roll_up
    if rolled is None:
        return [
            t(
                "Siapa yang mengisi lembar nilai per pertanyaan, dan kapan: tanpa lembar itu kehilangan, penanggung jawab, dan "
                "rencana tidak dapat ditunjukkan."
            )
        ]
    found = _who_answers(position)
    if forecastable(position) and rolled.components is not None:
        found.append(_evidence_first(position))
    found += _money_first(position, target, plan)
    if rolled.questions is not None:
        found += _who_leads(position)
    return found


def _who_answers(position: Position) -> list[str]:
    """Ask who fills in what nobody has answered, and by when: the codes, by owner."""
    rolled = position.roll_up
    if not rolled.unanswered:
        return []
    said = t(
        "Siapa yang mengisi {count} {level} yang belum dijawab, dan sampai kapan: nilainya antara {low} dan {high}.",
        count=len(rolled.unanswered),
        level=level_name(rolled.level),
        low=number(position.span.low),
        high=number(position.span.high),
    )
    owners = (
        unanswered_questions(rolled)["agencies"] if rolled.questions is not None else dict.fromkeys(rolled.unanswered)
    )
    named = [
        f"{code} ({_few(split_agencies(text) or [t('belum ada penanggung jawab')])})" if text is not None else code
        for code, text in list(owners.items())[:_QUESTIONS]
    ]
    if len(owners) > _QUESTIONS:
        named.append(t("{count} lainnya, di bab Mutu data", count=len(owners) - _QUESTIONS))
    return [f"{said} {', '.join(named)}."]


def _few(names: Sequence[str]) -> str:
    """Name the first of many, and count the others."""
    fits = len(names) <= _OWNERS + 1  # where one is left over, its name is no longer than the count
    shown = [*names] if fits else [*names[:_OWNERS], t("{count} lainnya", count=len(names) - _OWNERS)]
    return ", ".join(shown)


def _evidence_first(position: Position) -> str:
    """Say which evidence is secured first: the component, and the answer, on which most hangs."""
    first = tornado(position.roll_up, outlook(position).retention).iloc[0]
    said = t(
        "Bukti yang diamankan lebih dahulu: {name}; ketat atau longgarnya verifikasi di sana menggeser nilai {width} poin, "
        "paling jauh dari semua komponen.",
        name=first["name"],
        width=number(first["width"], decimals=0),
    )
    # Where answers are missing, one that is refused may not be what decides: the missing ones are.
    asked = position.roll_up.questions is not None and not position.unknown_points
    flips = flips_by_answer(position.roll_up) if asked else ()
    if len(flips):
        nearest = flips.iloc[0]
        said += " " + t(
            "Jawaban {code} ({points} poin) sendirian dapat menghilangkan {name} bila ditolak.",
            code=flips.index[0],
            points=number(nearest["low"]),
            name=predicate_of(position),
        )
    return said


def _money_first(position: Position, target: str, plan: Mapping[str, Any] | None) -> list[str]:
    if plan is None:
        return []
    goal = _goal(position, plan)
    if plan["cost"] is None:
        return [t("Batas mana yang dilonggarkan, atau target mana yang dipakai: {why}", why=plan["why"])]
    if not plan["actions"]:
        return []
    words = {
        "cost": _cost(plan, plan["cost"]),
        "sources": _shares(plan["spending"]["funding_source"]),
    }
    said = (
        t(
            "Rencana {cost}: ganti dengan biaya sendiri, lalu setujui atau tidak; sumber dananya {sources}.",
            **words,
        )
        if plan["catalogue"]["example"]
        else t("Rencana {cost} disetujui atau tidak; sumber dananya {sources}.", **words)
    )
    sure = plan["sure"]
    if sure is not None and plan["probability"] < sure["probability"]:
        said += " " + t(
            "Supaya peluang {goal} {sure} {given}: {cost}.",
            goal=goal,
            sure=percent(sure["probability"]),
            given=given_in_words(position, plan["given"]),
            cost=_cost(plan, sure["cost"]),
        )
    return [said]


def _who_leads(position: Position) -> list[str]:
    weak = weak_questions(position.roll_up, top=TOP)
    owners = {code: split_agencies(text) for code, text in weak["agencies"].items()}
    shared = [code for code, names in owners.items() if len(names) > 1]
    nobody = [code for code, names in owners.items() if not names]
    found = []
    if shared:
        found.append(
            t(
                "Siapa yang memimpin jawaban {codes}: tiap pertanyaan dijawab beberapa instansi bersama-sama, dan instrumen tidak "
                "menyebut pemimpinnya.",
                codes=", ".join(shared),
            )
        )
    if nobody:
        found.append(t("Siapa penanggung jawab {codes}: belum ada.", codes=", ".join(nobody)))
    return [" ".join(found)] if found else []


def _shares(rows: list[Mapping[str, Any]]) -> str:
    """Name who or what takes which part of the money, the largest first."""
    named = [f"{row['name']} ({money(row['cost'])})" for row in rows[:_NAMED]]
    if len(rows) > _NAMED:
        named.append(t("{count} lainnya", count=len(rows) - _NAMED))
    return ", ".join(named)


def _plan_title(plan: Mapping[str, Any]) -> str:
    """Name the plan by what was asked for."""
    asked = plan["scenario"]
    if asked.get("goal") == "points":
        return t("Rencana untuk {budget}", budget=money(asked["budget"])) if asked.get("budget") else t("Rencana")
    if asked.get("goal") == "certainty":
        sure = percent(asked.get("certainty", Scenario().certainty))
        return t("Rencana termurah yang {sure} pasti", sure=sure)
    return t("Rencana termurah")


def _cost(plan: Mapping[str, Any], rupiah: int) -> str:
    """Write what a plan costs; the cost of an example is named as one."""
    return t("{cost} (biaya contoh)", cost=money(rupiah)) if plan["catalogue"]["example"] else money(rupiah)


def _goal(position: Position, plan: Mapping[str, Any]) -> str:
    return position.instrument.ladder.band(plan["target"]).name


def _basis(position: Position) -> str:
    if position.assessment is None:
        return standing_name(position.standing)
    stage = position.instrument.stage(position.stage).name.lower()
    sheet = t("lembar ilustratif") if position.illustrative else t("lembar nilai")
    return t("{sheet}, {stage}", sheet=sheet, stage=stage)
