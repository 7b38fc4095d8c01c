"""Sentences: what the numbers say, in words, with where they come from.

Every number in a report's prose is produced here from the results themselves, never typed.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.wording.components_in_words(case.components, case).paragraphs[0][:24]
'Kehilangan terbesar ada '
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from kla_analysis.analysis.comparison import gap_to, smallest_set
from kla_analysis.analysis.conditions import touched
from kla_analysis.analysis.forecast import Forecast, Retention, forecastable, outlook
from kla_analysis.analysis.position import Position, PublishedFact
from kla_analysis.analysis.uncertainty import COMMON
from kla_analysis.errors import ParameterError
from kla_analysis.evidence.audit import Audit
from kla_analysis.evidence.published import AWARD_STAGE
from kla_analysis.evidence.statements import Statement, load_statements
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument, level_name, standing_name
from kla_analysis.language import chance, month, number, percent, t
from kla_analysis.presenting.records import BLOCK_TYPE, Record, Shown

#: What it shows; completion in a notebook lists no more.
__all__ = [
    "agencies_in_words",
    "components_in_words",
    "conditions_in_words",
    "contradictions_in_words",
    "flips_in_words",
    "headline",
    "history_in_words",
    "losses_in_words",
    "province_in_words",
    "remarks",
    "sensitivity_in_words",
    "set_in_words",
    "transitions_in_words",
    "unanswered_in_words",
]


def __dir__() -> list[str]:
    return __all__


P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Text(Shown):
    """Paragraphs made from data, shown as they are: nothing in them is ever read as markup.

    Attributes:
        values: gives the plain values behind the words. In a notebook they stand with the output, where whoever
            runs the notebook finds them and need not compute them again.
    """

    paragraphs: tuple[str, ...]
    heading: str = ""
    kind: str = ""
    values: Callable[[], Mapping[str, Any]] | None = None

    def record(self) -> Record:
        """Return the words as plain data."""
        return {"kind": "text", "heading": self.heading, "paragraphs": list(self.paragraphs), "style": self.kind}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        values = {"values": dict(self.values())} if self.values else {}
        return {BLOCK_TYPE: self.record() | values}, {}

    def __repr__(self) -> str:
        return "\n\n".join(filter(None, (self.heading, *self.paragraphs)))


def needs(level: str = "") -> Callable[[Callable[P, R]], Callable[P, R | Text]]:
    """Make a function that shows a sheet say so in words where there is no sheet, or a shallower one.

    One of the function's arguments is the position. A notebook then reads the same for an area of
    which only the predicate is known. Without a level it is that of the table, the first argument.
    """

    def wrap(show: Callable[P, R]) -> Callable[P, R | Text]:
        @wraps(show)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R | Text:
            roll_up = _case(args, show).roll_up
            if roll_up is None:
                return Text((t("Tidak ditunjukkan: untuk putaran ini tidak ada lembar nilai."),), kind="remark")
            if getattr(roll_up, f"{level or str(args[0].index.name).removesuffix('_code')}s", roll_up) is None:
                return Text(
                    (t("Tidak ditunjukkan: lembar ini berhenti di tingkat {level}.", level=level_name(roll_up.level)),),
                    kind="remark",
                )
            return show(*args, **kwargs)

        return shown

    return wrap


def _case(args: tuple[Any, ...], show: Callable[..., Any]) -> Position:
    """Return the position that a function was given, beside its table where it takes one.

    Raises:
        ParameterError: one of the two was not given.
    """
    named = list(signature(show).parameters.values())
    asked = f"{show.__name__}({', '.join(each.name for each in named)})"
    found = next((arg for arg in args if isinstance(arg, Position)), None)
    if found is None:
        raise ParameterError(
            t("{asked} perlu kasusnya.", asked=asked), advice=t('Buka dulu: case = kla.open("63.10", 2022).')
        )
    if named[0].annotation == "pd.DataFrame" and not isinstance(args[0], pd.DataFrame):
        raise ParameterError(
            t("{asked} mulai dengan sebuah tabel.", asked=asked),
            advice=t("Misalnya case.components, atau sebagian barisnya; contohnya: help(kla.charts.components)."),
        )
    return found


def no_forecast(position: Position) -> Text | None:
    """Say in words why there is no forecast; None where there is one."""
    if position.roll_up is None and not position.published.score_known:
        why = t("Tidak ditunjukkan: hanya predikatnya yang diketahui, bukan nilainya.")
    elif position.span.low <= 0:
        why = t("Tidak ditunjukkan: nilainya nol.")
    else:
        return no_cases(position.instrument)
    return Text((why,), kind="remark")


def no_cases(rules: Instrument) -> Text | None:
    """Say in words that no published case was scored by an instrument; None where some were."""
    if rules.verifiers:
        return None
    why = t("Tidak ditunjukkan: tidak ada kasus terbit menurut instrumen {id} untuk prakiraan.", id=rules.id)
    return Text((why,), kind="remark")


def needs_cases(show: Callable[P, R]) -> Callable[P, R | Text]:
    """Make a function that shows published cases say in words that its instrument has none.

    One of the function's arguments is the position.
    """

    @wraps(show)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R | Text:
        return no_cases(_case(args, show).instrument) or show(*args, **kwargs)

    return shown


def needs_forecast(show: Callable[P, R]) -> Callable[P, R | Text]:
    """Make a function that works from a forecast say in words why there is none."""

    @wraps(show)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R | Text:
        return no_forecast(_case(args, show)) or show(*args, **kwargs)

    return shown


def points(span: Span) -> str:
    """Write a number of points, or the span it lies in.

    >>> points(Span(1, 100)), points(Span(50.5, 50.5))
    ('antara 1 dan 100 poin', '50,5 poin')
    """
    if span.is_exact:
        return t("{points} poin", points=number(span.low, beside=(0,)))
    return t("antara {low} dan {high} poin", low=number(span.low, beside=(0,)), high=number(span.high, beside=(0,)))


def without_scheme(address: str) -> str:
    """Write a web address as people read it; a report names its sources but links to nothing outside.

    >>> without_scheme("https://www.example.go.id/kla")
    'example.go.id/kla'
    """
    return re.sub(r"https?://(www\.)?", "", address)


def source_note(position: Position) -> str:
    """Say where the numbers of a position come from and how sure they are."""
    if position.assessment is None:
        fact = position.published
        return t(
            "Sumber: {url}. Status: {standing}.",
            url=without_scheme(fact.source),
            standing=standing_name(fact.standing),
        )
    origin, rolled = position.assessment.origin, position.roll_up
    unknown = (
        " " + t("{count} {level} belum dijawab ({points} poin): bukan nol dan bukan kehilangan.",
                count=len(rolled.unanswered), level=level_name(rolled.level), points=number(rolled.unknown_points))
        if rolled.unanswered
        else ""
    )  # fmt: skip
    if origin.illustrative:
        said = t(
            "Sumber: {title}. Status: ilustratif ({standing}); bukan nilai indikator {area} yang sebenarnya.",
            title=origin.title,
            standing=standing_name(origin.standing),
            area=position.area.name,
        )
    else:
        said = t("Sumber: {title}. Status: {standing}.", title=origin.title, standing=standing_name(origin.standing))
    return said + unknown


def low_end(position: Position) -> tuple[str, ...]:
    """Say, where answers are missing, that what is shown counts on none of them."""
    return (t("Itu bila yang belum dijawab tidak bernilai."),) if position.unknown_points else ()


def forecast_note(retention: Retention) -> str:
    """Say what a forecast of the award rests on."""
    if retention.cases == 0:
        return t("Bagian nilai yang bertahan sampai penghargaan: asumsi pengguna.")
    return t("Prakiraan: turunan dari {count} kasus yang terbit, bukan sampel acak.", count=retention.cases)


def award_in_words(told: Forecast, ladder: Ladder) -> str:
    """Say in one or two sentences which award a score becomes, and how likely each predicate is."""
    likely = ", ".join(f"{ladder.name(code)} {chance(p)}" for code, p in told.predicates.items() if p >= 0.005)
    return t(
        "Pada penghargaan nilai {score} kira-kira menjadi {median}; peluangnya {level} berada antara {low} dan {high}. "
        "Peluang predikat: {likely}.",
        score=ladder.written(told.claimed),
        median=ladder.written(told.median, decimals=0),
        level=percent(told.level),
        low=ladder.written(told.interval.low, decimals=0),
        high=ladder.written(told.interval.high, decimals=0),
        likely=likely,
    )


def award_at_best(position: Position, target: str) -> list[str]:
    """Say the other end of a forecast: what comes when every missing answer turns out full; nothing where none is."""
    if not position.unknown_points:
        return []
    ladder, told = position.instrument.ladder, outlook(position.at_best)
    return [
        t("Itu bila yang belum dijawab tidak bernilai. Bila ternyata penuh, nilai {claimed} kira-kira menjadi {median}; "
          "peluang {goal} {chance}.", claimed=ladder.written(told.claimed), goal=ladder.band(target).name,
          median=ladder.written(told.median, decimals=0), chance=chance(told.probability_at_least(target)))
    ]  # fmt: skip


def settled(position: Position) -> bool:
    """Whether the total is that of the award, so that only the next round is still open."""
    return any(stage.code == position.stage and stage.carries_award for stage in position.instrument.stages)


@needs("component")
@needs_forecast
def sensitivity_in_words(decides: pd.DataFrame, case: Position) -> Text:
    """Say which assumption decides the score (`kla.what_decides`)."""
    ranked = decides.drop(index=COMMON)
    return Text((
        t("Yang paling menentukan ialah seberapa ketat verifikasi terhadap seluruh lembar ({share} dari ragam nilai); dari "
          "komponen, {name} ({own}).", share=percent(decides.loc[COMMON, "total"]), name=ranked["name"].iloc[0],
          own=percent(ranked["total"].iloc[0])),
        t("Bagian yang sama bagi semua komponen tidak pernah terbit; di sini diandaikan {common} (asumsi).",
          common=percent(decides.attrs["common"])),
        *low_end(case),
    ))  # fmt: skip


@needs("question")
def flips_in_words(flips: pd.DataFrame, case: Position) -> Text:
    """Say how near the predicate is to flipping by a single answer (`kla.answer_flips`)."""
    name = case.roll_up.placement.name
    if flips.empty:
        said = t("Tidak ada satu jawaban pun yang sendirian dapat menghilangkan {name}.", name=name)
        return Text((said, *low_end(case)))
    first = flips.iloc[0]
    return Text((
        t("{count} jawaban masing-masing dapat menghilangkan {name} bila ditolak. Yang terdekat: {code} {label} ({points} "
          "poin).", count=len(flips), name=name, code=flips.index[0], label=first["name"], points=number(first["low"])),
        *low_end(case),
    ))  # fmt: skip


def province_in_words(table: pd.DataFrame, case: Position) -> Text:
    """Say where the area stands among the published results of its province (`kla.province_standing`)."""
    ladder = case.ladder
    if case.area.code not in table.index:
        return Text((t("Hasil {area} tidak ada di antara {count} hasil provinsinya yang terbit.",
                       area=case.area.name, count=len(table)),))  # fmt: skip
    own = table.loc[case.area.code]
    said = t("Penghargaan terakhir {area} yang predikatnya terbit: {predicate} pada {year}; {better} dari {count} daerah "
             "{province} berpredikat lebih tinggi.", area=case.area.name, predicate=ladder.name(own["predicate"]),
             year=int(own["award_year"]), better=int(own["rank"]) - 1, count=len(table),
             province=case.area.province)  # fmt: skip
    later = later_award(own, ladder)
    return Text((said, t("Sesudahnya, {later}.", later=later)) if later else (said,))


def later_award(row: Any, ladder: Ladder) -> str | None:
    """Say what is known of an award after the last one whose predicate is named (a row of `province_standing`)."""
    if pd.isna(row.later_year):
        return None
    bounds = (None if pd.isna(code) else code for code in (row.at_least, row.at_most))
    return f"{int(row.later_year)}: {ladder.name_between(*bounds)}"


def transitions_in_words(moved: pd.DataFrame, case: Position) -> Text:
    """Say how often the area's predicate was followed by a higher one, up to the round of the report (`kla.moves`).

    Later rounds are left out: they were not known then, and the area's own would be among them.
    """
    ladder = case.instrument.ladder
    code, year = _predicate_to_start_from(case)
    if code is None:
        return Text((t("Predikat {area} belum pernah terbit, jadi peralihannya tidak dapat dibandingkan.",
                       area=case.area.name),))  # fmt: skip
    rows = moved[moved.index.get_level_values("before") == code]
    if rows.empty:
        return Text((t("Sampai putaran {year} belum ada peralihan dari {name} yang terbit.", name=ladder.name(code),
                       year=case.award_year),))  # fmt: skip
    lines = []
    if year != case.award_year:
        lines.append(t("Predikat putaran ini belum pasti; yang dipakai predikat terakhir yang terbit, {name} pada {year}.",
                       name=ladder.name(code), year=year))  # fmt: skip
    for (_, whole), row in rows.iterrows():
        values = {"of": int(row["of"]), "name": ladder.name(code), "districts": int(row["districts"]),
                  "rose": int(row["rose"]), "stayed": int(row["stayed"]), "fell": int(row["fell"]),
                  "low": percent(row["low"]), "high": percent(row["high"]), "year": case.award_year}  # fmt: skip
        lines.append(
            t("Di provinsi yang daftarnya utuh terbit {of} peralihan dari {name} pada {districts} daerah sampai putaran "
              "{year}: {rose} naik, {stayed} tetap, {fell} turun; bagian yang naik antara {low} dan {high}.", **values)
            if whole
            else t("Berita tentang daerah satu per satu memuat {of} peralihan dari {name} pada {districts} daerah sampai "
                   "putaran {year}: {rose} naik, {stayed} tetap, {fell} turun; bagian yang naik antara {low} dan {high}. "
                   "Berita tidak memuat semua daerah, jadi keduanya dibaca terpisah.", **values)
        )  # fmt: skip
    return Text(tuple(lines))


def _predicate_to_start_from(position: Position) -> tuple[str | None, int]:
    """Return the predicate that transitions start from, and its year: this round's, else the last one named."""
    if position.roll_up is not None:
        return position.instrument.ladder.place(position.span.low).predicate, position.award_year
    history = position.history
    named = history[
        (history["stage"] == AWARD_STAGE)
        & history["predicate"].notna()
        & (history["award_year"] <= position.award_year)
    ]
    if named.empty:
        return None, position.award_year
    return named["predicate"].iloc[-1], int(named["award_year"].iloc[-1])


def headline(position: Position, target: str) -> Text:
    """Say where the area stands and what separates it from the target: published first, then the sheet."""
    ladder = position.instrument.ladder
    goal = ladder.band(target).name
    paragraphs = []
    fact = position.published
    if fact is not None:
        _, gap = gap_to(target, fact.span, position.instrument)
        paragraphs += published_in_words(position, target)
        awarded = any(stage.code == fact.stage and stage.carries_award for stage in position.instrument.stages)
        basis = t("dari fakta ini saja") if awarded else t("pada tahap ini, yang belum penghargaan")
        paragraphs.append(_gap_sentence(gap, goal, basis))
    if position.roll_up is not None:
        total = position.roll_up.total
        _, gap = gap_to(target, total, position.instrument)
        opening = t("Lembar ilustratif") if position.illustrative else t("Lembar nilai")
        paragraphs.append(
            t(
                "{sheet} ({stage}) berjumlah {score} dari {maximum}: predikat {predicate}.",
                sheet=opening,
                stage=_stage_name(position, position.stage),
                score=ladder.written(total),
                maximum=number(ladder.max_total),
                predicate=predicate_of(position),
            )
        )
        paragraphs.append(_gap_sentence(gap, goal, t("menurut lembar ini")))
    if not settled(position) and forecastable(position):
        paragraphs += [award_in_words(outlook(position), position.instrument.ladder), *award_at_best(position, target)]
    return Text(tuple(paragraphs))


def published_in_words(position: Position, target: str) -> list[str]:
    """Say what is published of the round: the last fact, its other stages, and a target that it leaves open."""
    fact = position.published
    if fact is None:
        return []
    found = [_fact_sentence(position, fact), *_same_round(position, fact)]
    goal, gap = gap_to(target, fact.span, position.instrument)
    if fact.predicate is None and not fact.score_known and gap.low > 0:
        found.append(
            t("{goal} belum tercapai pada {year}; target itu masih terbuka.", goal=goal.name, year=position.award_year)
        )
    return found


def predicate_of(position: Position) -> str:
    """Name the predicate of a position; both ends where missing answers leave it open."""
    ladder = position.instrument.ladder
    if position.roll_up is None and position.published.name is not None:
        return position.published.name
    return _predicates(position.span, ladder)


def _predicates(span: Span, ladder: Ladder) -> str:
    low, high = (ladder.place(value).name for value in (span.low, span.high))
    return low if low == high else t("{low} sampai {high}", low=low, high=high)


def remarks(position: Position) -> Text:
    """Say everything a reader must know beside the score: gaps, missing answers, caps."""
    lines = []
    fact = position.published
    if fact is not None and fact.score_known:
        lines += position.instrument.ladder.place(fact.span.low).remarks
    if position.roll_up is not None:
        lines += position.roll_up.placement.remarks
        lines += contradictions_in_words(position)
        lines.append(position.roll_up.missing_in_words())
        if position.roll_up.capped:
            lines.append(
                t(
                    "Pertanyaan di indikator {codes} berjumlah lebih dari maksimum indikatornya; kelebihannya tidak "
                    "dihitung.",
                    codes=", ".join(position.roll_up.capped),
                )
            )
        lines += conditions_in_brief(position)
    else:
        lines.append(
            t(
                "Untuk putaran ini tidak ada lembar nilai per indikator, jadi rincian di bawah tingkat total tidak "
                "dapat ditunjukkan. Untuk itu buat laporan ini dengan lembar nilai Anda sendiri."
            )
        )
    return Text(tuple(lines), kind="remark")


def conditions_in_brief(position: Position) -> list[str]:
    """Name the questions of conditions besides the total that the sheet does not answer in full; nothing where it does."""
    found = touched(load_statements(position.instrument), position.roll_up)
    if not found:
        return []
    codes = ", ".join(dict.fromkeys(code for one in found for code in one.questions))
    return [
        t("Pertanyaan {codes} menyentuh syarat yang disebut sebagian verifikator: lihat Jalan ke target.", codes=codes)
    ]


@needs("question")
def conditions_in_words(statements: Sequence[Statement], case: Position) -> Text:
    """Warn where the sheet's answers touch a condition that somebody named besides the total; never a gate."""
    lines = []
    for one in touched(statements, case.roll_up):
        said = t(
            "{text} Menurut {by} ({said}); bukan pasal yang ditemukan. Di lembar ini pertanyaan {codes} bernilai {got} dari {maximum} poin.",
            text=one.statement.text, by=one.statement.by, said=month(one.statement.said), codes=", ".join(one.questions),
            got=number(one.low) if one.low == one.high else f"{number(one.low)}–{number(one.high)}",
            maximum=number(one.maximum),
        )  # fmt: skip
        if len(one.open) == len(one.questions):
            said = t(
                "{text} Menurut {by} ({said}); bukan pasal yang ditemukan. Di lembar ini pertanyaan {codes} belum dijawab.",
                text=one.statement.text, by=one.statement.by, said=month(one.statement.said), codes=", ".join(one.questions),
            )  # fmt: skip
        some = bool(one.open) and len(one.open) < len(one.questions)
        unanswered = t("Belum dijawab: {codes}.", codes=", ".join(one.open)) if some else ""
        lines.append(" ".join(filter(None, (said, unanswered, one.statement.against))))
    if not lines:
        return Text((t("Tidak ada jawaban lembar ini yang menyentuh syarat lain yang pernah disebut."),))
    opening = t(
        "Sebagian verifikator atau kantor menyebut syarat di luar nilai total. Ini peringatan, bukan penghalang."
    )
    return Text((opening, *lines))


def least_share_in_words(found: pd.DataFrame, least: float) -> Text:
    """Say how many indicators lie below a minimum share (`analysis.conditions.below_share`)."""
    if found.empty:
        return Text((t("Semua indikator mencapai sedikitnya {share} dari maksimumnya.", share=percent(least)),))
    certain = int(found["certain"].sum())
    lines = [
        t("{count} indikator di bawah {share} dari maksimumnya; yang terjauh {code}, {name}.", count=len(found),
          share=percent(least), code=found.index[0], name=found["name"].iloc[0])
    ]  # fmt: skip
    if certain < len(found):
        lines.append(
            t("{count} di antaranya masih bergantung pada jawaban yang belum ada.", count=len(found) - certain)
        )
    return Text(tuple(lines))


def contradictions_in_words(position: Position) -> list[str]:
    """Say where the sums that a sheet prints and its answers give different predicates; nothing where they agree."""
    return contradictions_said(position.contradictions, position.span, position.instrument.ladder)


def contradictions_said(found: Mapping[str, float], answers: Span, ladder: Ladder) -> list[str]:
    """Say which printed sums (`Audit.contradicting`) give another predicate than the answers; nothing where none does."""
    if not found:
        return []
    ways = {
        "total": t("total tercetak"),
        "component": t("jumlah komponen tercetak"),
        "indicator": t("jumlah indikator tercetak"),
    }
    printed = (
        f"{ways[level]} {ladder.written(total)} ({ladder.place(min(total, ladder.max_total)).name})"
        for level, total in found.items()
    )
    return [
        t("Angka tercetak dan jawaban lembar ini memberi predikat berbeda: {printed}; menurut jawabannya {answers} ({name}). "
          "Yang dihitung jawabannya; minta kejelasan sebelum angka ini dipakai.", printed=", ".join(printed),
          answers=ladder.written(answers), name=_predicates(answers, ladder))
    ]  # fmt: skip


@needs("component")
def unanswered_in_words(position: Position) -> Text:
    """Say how much hangs on what nobody has answered, and where most of it is; nothing where all is answered."""
    rolled = position.roll_up
    if not rolled.unanswered:
        return Text(())
    most = rolled.components.sort_values("unknown_points", ascending=False, kind="stable").iloc[0]
    return Text((
        t("{count} {level} belum dijawab. Di situ {points} poin yang belum diketahui, terbanyak di {name} ({most}); tidak "
          "dihitung sebagai kehilangan.", count=len(rolled.unanswered), level=level_name(rolled.level), name=most["name"],
          points=number(rolled.unknown_points), most=number(most["unknown_points"])),
    ))  # fmt: skip


@needs("component")
def components_in_words(components: pd.DataFrame, case: Position) -> Text:
    """Name the component that loses most points and the one that reaches the smallest share (`case.components`)."""
    ranked = components.sort_values("lost_points", ascending=False, kind="stable")
    # What is missing may still be full: the weakest is the one that stays weakest whatever it turns out to be.
    most, least = ranked.iloc[0], ranked.sort_values("share_high", kind="stable").iloc[0]
    if most["lost_points"] <= 0:
        return Text((t("Tidak ada poin yang hilang."), *unanswered_in_words(case).paragraphs))
    share = percent(least["share"])
    if least["unknown_points"]:
        share = t("{low} sampai {high}", low=share, high=percent(least["share_high"]))
    return Text(
        (
            t("Kehilangan terbesar ada di {name}: {lost} poin, {share} dari semua yang hilang.", name=most["name"],
              lost=number(most["lost_points"]), share=percent(most["share_of_loss"])),
            t("Capaian terendah ada di {name}: baru {share} dari nilai maksimumnya.", name=least["name"], share=share),
            *unanswered_in_words(case).paragraphs,
        )
    )  # fmt: skip


@needs("indicator")
def losses_in_words(ranked: pd.DataFrame, case: Position) -> Text:
    """Say how few indicators hold half of the loss, and which loses most.

    Args:
        ranked: `case.indicators`, largest loss first, with `cumulative_share`.
    """
    half = int((ranked["cumulative_share"] < 0.5).sum()) + 1
    first = ranked.iloc[0]
    if first["lost_points"] <= 0:
        return Text((t("Tidak ada poin yang hilang."),))
    return Text((
        t("{count} dari {all} indikator memuat separuh dari poin yang hilang. Yang pertama: {code} {name} "
          "({lost} poin).", count=half, all=len(ranked), code=ranked.index[0], name=first["name"],
          lost=number(first["lost_points"])),
    ))  # fmt: skip


@needs("question")
def agencies_in_words(agencies: pd.DataFrame, case: Position) -> Text:
    """Name the agency that has a hand in most of the loss (`case.agencies`)."""
    if agencies.empty:
        return Text((t("Tidak ada poin yang hilang."),))
    first, loss = agencies.iloc[0], case.questions["lost_points"].sum()
    return Text((
        t("{agency} ikut menjawab pertanyaan yang kehilangan {points} poin ({share} dari semua), pada {count} "
          "pertanyaan.", agency=agencies.index[0], points=number(first["involved_points"]),
          share=percent(first["involved_points"] / loss), count=int(first["questions"])),
    ))  # fmt: skip


@needs("question")
def set_in_words(gains: pd.DataFrame, case: Position, target: str) -> Text:
    """Say what answering some questions in full does for the gap, and who must answer.

    Args:
        gains: questions with `gain_points` and `owners` (`kla.smallest_set(…).questions`).
    """
    band, gap = gap_to(target, case.span, case.instrument)
    goal, gained = band.name, round(math.fsum(gains["gain_points"]), 6)
    if gap.high <= 0:
        return Text((t("{goal} sudah tercapai menurut lembar ini; tidak ada jarak yang harus ditutup.", goal=goal),))
    if gained < gap.high:
        said = t("Semua pertanyaan bersama-sama hanya menambah {gain} dari {gap} poin yang diperlukan.",
                 gain=number(gained, beside=(gap.high,)), gap=number(gap.high))  # fmt: skip
        return Text((said,))
    owners = sorted({name for names in gains["owners"] for name in names})
    return Text(
        (
            t("{count} pertanyaan yang terjawab penuh menambah {gain} poin, cukup untuk menutup {gap} poin menuju {goal}. "
              "Penanggung jawabnya: {agencies}.", count=len(gains), gain=number(gained), gap=number(gap.high), goal=goal,
              agencies=", ".join(owners)),
            *_set_at_best(case, gap, goal),
            t("Jawaban penuh belum berarti poin: verifikator yang memutuskan. Sisakan cadangan."),
        )
    )  # fmt: skip


def _set_at_best(case: Position, gap: Span, goal: str) -> list[str]:
    """Say what is left to close when every missing answer turns out full; nothing where none is missing."""
    if not case.unknown_points:
        return []
    if gap.low <= 0:
        return [t("Bila yang belum dijawab ternyata penuh, {goal} sudah tercapai tanpa itu.", goal=goal)]
    found = smallest_set(case.at_best.questions, gap.low)
    return [t("Bila yang belum dijawab ternyata penuh, cukup {count} pertanyaan untuk {gap} poin.",
              count=len(found.questions), gap=number(gap.low, beside=(0,)))]  # fmt: skip


def audit_in_words(audit: Audit, *, own: bool = True) -> Text:
    """Say whether a sheet agrees with itself, and what is at stake where it does not.

    Args:
        own: whether the reader can have the sheet put right; the one that the weights are known from is another's.
    """
    if audit.adds_up:
        return Text((t("Semua angka tercetak cocok dengan jumlah di bawahnya."),))
    ways = {
        "printed": t("{total} menurut cetakan"),
        "indicators": t("{total} bila indikatornya dijumlahkan"),
        "questions": t("{total} bila pertanyaannya dijumlahkan"),
    }
    totals = ", ".join(ways[way].format(total=number(total)) for way, total in audit.totals.items())
    clash = t(
        "Tidak cocok: indikator {indicators}; komponen {components}.",
        indicators=", ".join(audit.indicators_that_do_not_add_up) or "–",
        components=", ".join(audit.components_that_do_not_add_up) or "–",
    )
    return Text(
        (
            t("Lembar {file} bertentangan dengan dirinya sendiri: totalnya {totals}.", file=audit.shown, totals=totals),
            f"{clash} {t('Minta pembetulan sebelum verifikasi.')}" if own else clash,
        )
    )


def history_in_words(history: pd.DataFrame, case: Position) -> Text:
    """Say what the published history of the area shows (`case.history`)."""
    if history.empty:
        return Text((t("Tidak ada hasil {area} yang terbit di data proyek ini.", area=case.area.name),))
    final = history[history["stage"] == AWARD_STAGE]
    awards = ", ".join(f"{row.award_year} {row.known}" for row in final.itertuples())
    lines = [t("Penghargaan yang terbit: {awards}.", awards=awards or "–")]
    for year, rows in history.groupby("award_year"):
        known = rows.set_index("stage")["score"].dropna()
        if {"self_assessment", "administrative_verification"} <= set(known.index):
            own, verified = known["self_assessment"], known["administrative_verification"]
            lines.append(
                t(
                    "Pada {year} nilai mandiri {own} menjadi {verified} setelah verifikasi administrasi: turun {fall} "
                    "poin.",
                    year=year,
                    own=number(own),
                    verified=number(verified),
                    fall=number(own - verified),
                )
            )
    return Text(tuple(lines))


def _fact_sentence(position: Position, fact: PublishedFact) -> str:
    """Say what is published of the round: a score, a predicate, or a range of either."""
    ladder = position.instrument.ladder
    words = {
        "area": position.area.name,
        "year": position.award_year,
        "stage": _stage_name(position, fact.stage),
        "predicate": fact.name or ladder.place(fact.span.low).name,
    }
    if fact.score_known:
        score = ladder.written(fact.span.low)
        return t(
            "Fakta terbit: {area} bernilai {score} pada {year} ({stage}), predikat {predicate}.", score=score, **words
        )
    words["span"] = ladder.written(fact.span)
    if fact.predicate is not None:
        return t(
            "Fakta terbit: {area} memperoleh predikat {predicate} pada {year} ({stage}); nilainya tidak "
            "diumumkan, jadi hanya rentang {span} yang diketahui.",
            **words,
        )
    said = t(
        "Yang diketahui tentang {area} pada {year} ({stage}): {predicate}. Nilainya tidak diumumkan, jadi hanya rentang "
        "{span} yang diketahui ({standing}).",
        standing=standing_name(fact.standing),
        **words,
    )
    return f"{said} {fact.note}".rstrip()


def _same_round(position: Position, fact: PublishedFact) -> list[str]:
    """Say what the other stages of the same round came to, the award after a claim above all."""
    order = {stage.code: stage.order for stage in position.instrument.stages}
    rows = position.history[position.history["award_year"] == position.award_year]
    rows = rows[rows["stage"] != fact.stage]
    said = [
        (
            order.get(row.stage, 0),
            f"{_stage_name(position, row.stage)} {row.known if row.low < row.high else number(row.low)}",
        )
        for row in rows.itertuples()
    ]
    here = order.get(fact.stage, 0)
    found = []
    if before := ", ".join(text for at, text in sorted(said) if at <= here):
        found.append(t("Tahap sebelumnya pada putaran yang sama: {stages}.", stages=before))
    if after := ", ".join(text for at, text in sorted(said) if at > here):
        found.append(t("Tahap sesudahnya pada putaran yang sama: {stages}.", stages=after))
    return found


def _gap_sentence(gap: Span, goal: str, basis: str) -> str:
    if gap.high <= 0:
        return t("{goal} sudah tercapai {basis}.", goal=goal, basis=basis)
    return t("Jarak ke {goal} {basis}: {gap}.", goal=goal, basis=basis, gap=points(gap))


def _stage_name(position: Position, code: str) -> str:
    names = {stage.code: stage.name for stage in position.instrument.stages}
    return names.get(code, code).lower() if code in names else code
