"""The one-page summary: what a head of department reads in 30 seconds, and what is to be decided now, by whom, by when.

Every sentence is derived from the results: nothing is solved or drawn here that a report has not made already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kla_analysis.analysis.case_tables import award_totals
from kla_analysis.analysis.comparison import gap_to
from kla_analysis.analysis.forecast import forecastable, outlook
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.analysis.uncertainty import flips_by_answer, tornado
from kla_analysis.analysis.weakness import unanswered_questions, weak_questions, weakest_indicators
from kla_analysis.evidence.followup import OPEN, OVERDUE, state_name
from kla_analysis.evidence.published import AWARD_STAGE
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import level_name, split_agencies, standing_name
from kla_analysis.language import chance, likely, money, number, percent, t
from kla_analysis.planning.scenario import Scenario
from kla_analysis.showing.followup import decisions_of, due_day
from kla_analysis.showing.forecast import award_at_best, award_total
from kla_analysis.showing.losses import ranked_by_loss
from kla_analysis.showing.plan import badges, given_in_words, money_column
from kla_analysis.showing.records import Shown
from kla_analysis.showing.scorecard import component_table, ladder, published_in_words, remarks
from kla_analysis.showing.table import Column, Table, number_column, of_sheet, share_column, shown_points
from kla_analysis.showing.target import conditions_in_brief
from kla_analysis.showing.text import Text, forecast_note, next_round, points, predicate_of, settled, stage_in_words

#: Agencies that are named one by one; the others are counted.
_NAMED = 2
#: Sources of money that are named.
_SOURCES = 5
#: Activities of the plan that are named; the others are counted.
_ACTIVITIES = 5
#: Components that are named beside answers that are missing: who gives those comes first, and needs the room.
_COMPONENTS = 4
#: Questions that need a leader, and are named.
_LED = 2
#: Decisions that a page has room for.
_DECISIONS = 5
#: Unanswered questions that are named.
_QUESTIONS = 5


@dataclass(frozen=True)
class Decision:
    """One thing to decide: what, who decides or does it, and by when; no date that nobody has named."""

    what: str
    who: str
    when: str


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
    fact, rungs = position.published, position.instrument.ladder
    basis = _basis(position)
    unknown = (
        [t("{points} poin belum diketahui", points=number(position.unknown_points))] if position.unknown_points else []
    )
    found = [(t("Nilai"), rungs.written(position.span), "; ".join((predicate_of(position), *unknown, basis)))]
    newest = _newest_year(position)
    if newest > position.award_year or (position.roll_up is not None and newest == position.award_year):
        found.insert(0, _newest_figure(position, newest))
    beside = basis
    if position.roll_up is not None and fact is not None:
        _, public = gap_to(target, fact.span, position.instrument)
        beside = t(
            "menurut yang terbit tentang {year}: {gap}",
            year=position.award_year,
            gap=points(public) if public.high > 0 else t("sudah tercapai"),
        )
    reached = t("tercapai bila seluruh nilai mandiri bertahan") if position.claimed else t("tercapai")
    name = t("Jarak ke {goal} ({lower})", goal=goal.name, lower=number(goal.lower))
    found.append((name, reached if gap.high <= 0 else _points(gap), beside))
    if plan is None or plan["cost"] is None:
        return [*found, _at_the_award(position, target)] if forecastable(position) else found
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
    return [*found, (name, money(plan["cost"]), about)]


def _newest_year(position: Position) -> int:
    """Return the last round of which anything is published; 0 where nothing is."""
    return int(position.history["award_year"].max()) if len(position.history) else 0


def _newest(position: Position, year: int) -> list[tuple[str, str]]:
    """Return what is published of a round: each stage and what it came to, the claim first."""
    rows = position.history[position.history["award_year"] == year]
    verifier = position.instrument.verifier_of(year)
    said = []
    for row in rows.itertuples():
        name = t("penghargaan") if row.stage == AWARD_STAGE else stage_in_words(position, row.stage)
        if row.stage == "administrative_verification" and verifier is not None:
            name = t("{stage} oleh {verifier}", stage=name, verifier=verifier.name)
        said.append((name, number(row.low) if row.low == row.high else row.known or points(Span(row.low, row.high))))
    return said


def _newest_figure(position: Position, year: int) -> tuple[str, str, str]:
    stage, last = _newest(position, year)[-1]
    derived = position.history.loc[position.history["award_year"] == year, "standing"].iloc[-1] == "derived"
    return t("Terbaru, turunan") if derived else t("Terbit terbaru"), last[:1].upper() + last[1:], f"{stage} {year}"


def _at_the_award(position: Position, target: str) -> tuple[str, str, str]:
    """Say what the total becomes at the award; of a settled total only what claiming the same again would bring."""
    rungs = position.instrument.ladder
    ends = [outlook(one) for one in (position, position.at_best)]
    left = rungs.written(Span(ends[0].interval.low, ends[1].interval.high), decimals=0)
    if settled(position):
        name = t("Bila {score} diklaim lagi", score=rungs.written(position.span))
        return name, left, t("pada penghargaan berikutnya")
    about = t(
        "peluang {goal} {chance} tanpa kegiatan tambahan", goal=rungs.name(target), chance=_chances(position, target)
    )
    return t("Pada penghargaan"), left, about


def _chances(position: Position, target: str) -> str:
    """Write the chance of the target; both ends where missing answers leave it open."""
    low, high = (chance(outlook(one).probability_at_least(target)) for one in (position, position.at_best))
    return low if low == high else t("{low} sampai {high}", low=low, high=high)


def _points(gap: Span) -> str:
    """Write a gap as short as a figure at the top must be."""
    return t("{points} poin", points="–".join(number(end, beside=(0,)) for end in dict.fromkeys((gap.low, gap.high))))


def standing_in_words(position: Position, target: str) -> Text:
    """Say the newest published fact, then that of this round, and what makes the score doubtful."""
    newest = _newest_year(position)
    found = []
    if newest > position.award_year:
        told = ", ".join(f"{stage} {said}" for stage, said in _newest(position, newest))
        found.append(t("Putaran terbaru yang terbit, {year}: {told}.", year=newest, told=told))
    facts = published_in_words(position, target)
    # What is missing stands among the figures and first in what is to be decided; that nothing is needs no line.
    rolled = position.roll_up
    missing = rolled.missing_in_words() if rolled is not None and (rolled.unanswered or not rolled.missing) else ""
    # Conditions besides the total have a chapter of their own; the page has no room to say why they hold nothing back.
    elsewhere = {missing, *(conditions_in_brief(position) if rolled is not None else ())}
    return Text((*found, *facts, *(line for line in remarks(position).paragraphs if line not in elsewhere)))


def surety_in_words(position: Position, target: str) -> Text:
    """Say how sure the total is: what it may become at the award, and what that rests on."""
    if not forecastable(position):
        return Text((t("Nilainya tidak diketahui, hanya rentangnya; seberapa pasti nilai itu tidak dapat dihitung."),))
    told, rungs = outlook(position), position.instrument.ladder
    words = {
        "score": rungs.written(position.span),
        "stage": stage_in_words(position, position.stage),
        "level": percent(told.level),
        "low": rungs.written(told.interval.low, decimals=0),
        "high": rungs.written(told.interval.high, decimals=0),
        "median": rungs.written(told.median, decimals=0),
        "goal": rungs.name(target),
        "chance": chance(told.probability_at_least(target)),
        "round": next_round(position),
    }
    said = (
        t(
            "Bila nilai {score} diklaim lagi pada {round} tanpa kegiatan baru, penghargaannya kira-kira {median} "
            "(peluang {level} antara {low} dan {high}); peluang {goal} {chance}.",
            **words,
        )
        if settled(position)
        else t(
            "Nilai {score} dari tahap {stage} belum penghargaan: tanpa kegiatan baru penghargaannya kira-kira {median} "
            "(peluang {level} antara {low} dan {high}); peluang {goal} {chance}.",
            **words,
        )
    )
    return Text((" ".join((said, *award_at_best(position, target), forecast_note(told.retention))),))


def picture(position: Position, target: str) -> Shown:
    """Return the picture of the page: how far the total may move until the award; where that is unknown, where it stands."""
    if forecastable(position):
        return award_total(award_totals(position), position, target)
    return ladder(position.totals, position, target)


def weakest_table(position: Position) -> Table | Text:
    """The indicator of every component that loses most, with those who answer it; components where a sheet stops there."""
    rolled = position.rolled
    if rolled.indicators is None:
        return component_table(ranked_by_loss(position.components), position)
    weakest = weakest_indicators(rolled)
    if weakest.empty:
        return Text((t("Tidak ada poin yang hilang."),), kind="remark")
    weakest = weakest.head(_COMPONENTS) if position.unknown_points else weakest
    frame = shown_points(weakest)
    frame["name"] = [f"{code} {name}" for code, name in weakest["name"].items()]
    frame["component"] = [position.instrument.short_name(code) for code in weakest["component_code"]]
    frame["owners"] = [_few(names, _NAMED) or t("belum ada penanggung jawab") for names in weakest["owners"]]
    owners = (Column("owners", t("Penanggung jawab")),) if rolled.questions is not None else ()
    return of_sheet(
        position,
        t("Indikator yang paling banyak kehilangan poin, satu per komponen"),
        (
            Column("component", t("Komponen")),
            Column("name", t("Indikator")),
            share_column("reached", t("Tercapai")),
            number_column("lost", t("Hilang")),
            *owners,
        ),
        frame,
    )


def plan_in_brief(position: Position, plan: Mapping[str, Any] | None) -> Table | Text:
    """The plan's activities by name, who does each, and what it costs; in words why there is none."""
    if plan is None:
        return Text((t("Tidak ada rencana: untuk itu perlu lembar nilai per pertanyaan."),))
    if plan["cost"] is None:
        return Text((plan["why"],))
    if not plan["actions"]:
        total = position.instrument.ladder.written(plan["total"])
        return Text((t("Rencana ini tidak memerlukan kegiatan: nilainya {total}.", total=total),))
    frame = pd.DataFrame(plan["activities"])
    fits = len(frame) <= _ACTIVITIES + 1
    shown, left = (frame, frame[:0]) if fits else (frame[:_ACTIVITIES], frame[_ACTIVITIES:])
    if len(left):
        rest = {"name": t("{count} kegiatan lainnya", count=len(left)), "agency": "–", "cost": left["cost"].sum()}
        shown = pd.concat([shown, pd.DataFrame([rest])])
    return Table(
        t("Rencana: {count} kegiatan", count=len(frame)),
        (Column("name", t("Kegiatan")), Column("agency", t("Pelaksana")), money_column("cost", t("Biaya"))),
        shown,
        badge=badges(position, plan["catalogue"]["example"]),
        total=(t("Jumlah"), "", plan["cost"]),
    )


def costs_in_words(position: Position, plan: Mapping[str, Any] | None) -> Text:
    """Say what the plan brings, what it costs, with which certainty, and what being surer costs."""
    if plan is None or plan["cost"] is None or not plan["actions"]:
        return Text(())
    rungs, goal = position.instrument.ladder, _goal(position, plan)
    words = {
        "cost": money(plan["cost"]),
        "total": rungs.written(plan["total"]),
        "name": rungs.name(plan["predicate"]),
        "before": rungs.written(plan["before"]),
        "given": given_in_words(position, plan["given"]),
        "goal": goal,
        "chance": likely(plan["probability"]),
    }
    said = [
        t(
            "{cost}: nilai naik dari {before} menjadi {total} ({name}) bila verifikator menerima semuanya{lower}.",
            lower=_from_forecast(position, plan),
            **words,
        )
        if plan["given"]["kept"] == "all"
        else t(
            "{cost}: nilai pada penghargaan naik dari kira-kira {before} ({given}) menjadi {total} ({name}) bila verifikator "
            "menerima semua kegiatan.",
            **words,
        ),
        t("Peluang {goal} {chance} {given}{surer}.", surer=_surer(plan), **words),
    ]
    said.append(
        t("Semuanya biaya contoh.")
        if plan["catalogue"]["example"]
        else t("Biaya dan peluang {standing}.", standing=standing_name(plan["costs"]))
    )
    return Text((" ".join((*said, *_plan_at_best(position, plan))),))


def _surer(plan: Mapping[str, Any]) -> str:
    """Say what more certainty costs, on the same condition, to stand behind the chance."""
    sure = plan["sure"]
    if sure is None or plan["probability"] >= sure["probability"]:
        return ""
    return t("; supaya {sure}: {cost}", sure=percent(sure["probability"]), cost=money(sure["cost"]))


def _from_forecast(position: Position, plan: Mapping[str, Any]) -> str:
    """Say what the target costs where today's points do not hold, to stand behind what it costs where they do."""
    lower = plan.get("at_forecast")
    if not lower or lower["before"] >= plan["before"]:
        return ""
    total = position.instrument.ladder.written(lower["before"], decimals=0)
    if lower["cost"] is None:
        return t("; dari prakiraan {total} seluruh katalog pun tidak cukup", total=total)
    return t(
        "; dari prakiraan {total}, {goal} perlu {cost}",
        total=total,
        goal=_goal(position, plan),
        cost=money(lower["cost"]),
    )


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


def decisions_table(position: Position, plan: Mapping[str, Any] | None) -> Table:
    """What is to be decided now: each decision, who decides or does it, and by when."""
    return Table(
        t("Keputusan, siapa, dan sampai kapan"),
        (
            Column("what", t("Keputusan"), "long"),
            Column("who", t("Siapa")),
            Column("when", t("Sampai kapan")),
        ),
        pd.DataFrame([one.__dict__ for one in decisions(position, plan)], columns=["what", "who", "when"]),
    )


def decisions(position: Position, plan: Mapping[str, Any] | None) -> list[Decision]:
    """Return what is to be decided now: what is missing, evidence, money, who leads."""
    rolled = position.roll_up
    if rolled is None:
        said = t(
            "Siapa yang mengisi lembar nilai per pertanyaan: tanpa lembar itu kehilangan, penanggung jawab, dan rencana tidak "
            "dapat ditunjukkan."
        )
        return [Decision(said, _blank(), _dated())]
    decided = decisions_of(position)
    still = decided[decided["status"].isin((OPEN, OVERDUE))]
    found = _from_meetings(still) + _who_answers(position)
    if forecastable(position) and rolled.components is not None:
        found.append(_evidence_first(position))
    found += _money_first(position, plan)
    found += _who_leads(position, led=set(still["question_code"].dropna())) if rolled.questions is not None else []
    return found[:_DECISIONS]


def _from_meetings(still: pd.DataFrame) -> list[Decision]:
    """Return the most urgent of what meetings have decided and nobody has done yet; the others are counted."""
    if still.empty:
        return []
    first = still.iloc[0]
    what = t("Dari rapat, belum selesai: {what}", what=first["what"])
    if len(still) > 1:
        what = f"{what} ({t('{count} lainnya', count=len(still) - 1)})"
    when = due_day(first["due"]) if pd.notna(first["due"]) else _dated()
    return [Decision(what, first["agency"], f"{when}, {state_name(OVERDUE)}" if first["status"] == OVERDUE else when)]


def _blank() -> str:
    """Leave room for a name."""
    return t("nama: ______")


def _dated(before: str = "") -> str:
    """Leave room for a date, after what it must come before, where that is known."""
    return ", ".join(filter(None, (before, t("tanggal: ______"))))


def _before_verification(position: Position) -> str:
    stage = min((one for one in position.instrument.stages if not one.claimed), key=lambda one: one.order)
    return t("sebelum {stage}", stage=stage.name.lower())


def _who_answers(position: Position) -> list[Decision]:
    """Ask who fills in what nobody has answered, and by when: the codes, by owner."""
    rolled = position.rolled
    if not rolled.unanswered:
        return []
    said = t(
        "Siapa yang mengisi {count} {level} yang belum dijawab: nilainya antara {low} dan {high}.",
        count=len(rolled.unanswered),
        level=level_name(rolled.level),
        low=number(position.span.low),
        high=number(position.span.high),
    )
    asked: dict[str, tuple[str, ...]] = dict.fromkeys(rolled.unanswered, ())
    named = list(asked)
    if rolled.questions is not None:
        asked = dict(unanswered_questions(rolled)["agencies"].map(split_agencies))
        nobody = [t("belum ada penanggung jawab")]
        named = [f"{code} ({_few(names or nobody, _NAMED)})" for code, names in asked.items()]
    if len(named) > _QUESTIONS:
        named[_QUESTIONS:] = [t("{count} lainnya, di bab Mutu data", count=len(named) - _QUESTIONS)]
    most = Counter(name for names in asked.values() for name in names).most_common()
    who = _few([name for name, _ in most], _NAMED) or _blank()
    return [Decision(f"{said} {', '.join(named)}.", who, _dated(t("sebelum lembar diajukan")))]


def _few(names: Sequence[str], most: int) -> str:
    """Name the first of many, and count the others."""
    fits = len(names) <= most + 1  # where one is left over, its name is no longer than the count
    shown = [*names] if fits else [*names[:most], t("{count} lainnya", count=len(names) - most)]
    return ", ".join(shown)


def _evidence_first(position: Position) -> Decision:
    """Say which evidence is secured first: the component, and the answer, on which most hangs."""
    rolled = position.rolled
    first = tornado(rolled, outlook(position).retention).iloc[0]
    said = t(
        "Amankan dahulu bukti {name}: di sana paling banyak poin bergantung pada verifikator; bila ia ketat, nilai bisa {width} "
        "poin lebih rendah daripada bila longgar (perkiraan).",
        name=first["name"],
        width=number(first["width"], decimals=0),
    )
    # Where answers are missing, one that is refused may not be what decides: the missing ones are.
    asked = rolled.questions is not None and not position.unknown_points
    if asked and len(flips := flips_by_answer(rolled)):
        said += " " + t(
            "Jawaban {code} ({points} poin) sendirian dapat menghilangkan {name} bila ditolak.",
            code=flips.index[0],
            points=number(flips["low"].iloc[0]),
            name=predicate_of(position),
        )
    who = []
    if rolled.questions is not None:
        own = position.questions[position.questions["component_code"] == first.name].explode("owners")
        who = own.groupby("owners")["low"].sum().sort_values(ascending=False, kind="stable").index.tolist()
    return Decision(said, _few(who, _NAMED) or _blank(), _dated(_before_verification(position)))


def _money_first(position: Position, plan: Mapping[str, Any] | None) -> list[Decision]:
    if plan is None:
        return []
    if plan["cost"] is None:
        what = t("Batas mana yang dilonggarkan, atau target mana yang dipakai: {why}", why=plan["why"])
        return [Decision(what, t("pimpinan daerah"), _dated())]
    if not plan["actions"]:
        return []
    words = {"cost": _cost(plan, plan["cost"]), "sources": _shares(plan["spending"]["funding_source"])}
    said = (
        t("Rencana {cost}: ganti dengan biaya sendiri, lalu setujui atau tidak; dananya {sources}.", **words)
        if plan["catalogue"]["example"]
        else t("Rencana {cost} disetujui atau tidak; dananya {sources}.", **words)
    )
    agencies = [row["name"] for row in plan["spending"]["agency"]]
    who = t("pimpinan daerah dengan {agencies}", agencies=_few(agencies, _NAMED))
    year = min(one["year"] for one in plan["activities"]).split(",")[0]
    return [
        Decision(said, who, _dated(t("sebelum anggaran tahun pertamanya ditetapkan (di katalog: {year})", year=year)))
    ]


def _who_leads(position: Position, *, led: set[str]) -> list[Decision]:
    """Ask who leads the answer to the weakest questions that have several owners or none; not where it is decided."""
    weak = weak_questions(position.rolled)
    weak = weak[~weak.index.isin(led)]
    owners = weak["agencies"].map(split_agencies)
    shared, nobody = weak[owners.map(len) > 1].head(_LED), weak[owners.map(len) == 0].head(_LED)
    found = []
    if len(shared):
        said = t(
            "Siapa yang memimpin jawaban atas {questions}? Instrumen tidak menyebutnya.",
            questions=_named(shared),
        )
        who = list(dict.fromkeys(name for code in shared.index for name in owners[code]))
        found.append(Decision(said, _few(who, _NAMED), _dated(t("rapat berikutnya"))))
    if len(nobody):
        said = t("Siapa penanggung jawab {questions}? Belum ada.", questions=_named(nobody))
        found.append(Decision(said, _blank(), _dated(t("rapat berikutnya"))))
    return found


def _named(questions: pd.DataFrame) -> str:
    return "; ".join(f"{code} {name}" for code, name in questions["name"].items())


def _shares(rows: list[Mapping[str, Any]]) -> str:
    """Name who or what takes which part of the money, the largest first."""
    named = [f"{row['name']} ({money(row['cost'])})" for row in rows[:_SOURCES]]
    if len(rows) > _SOURCES:
        named.append(t("{count} lainnya", count=len(rows) - _SOURCES))
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
    if position.illustrative:
        return t("lembar ilustratif {year}", year=position.award_year)
    return t("lembar nilai, {stage}", stage=stage_in_words(position, position.stage))
