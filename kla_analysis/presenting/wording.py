"""Sentences: what the numbers say, in words, with where they come from.

Every number in a report's prose is produced here from the results themselves, never typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

import jinja2

from kla_analysis.analysis.comparison import gap_to, smallest_set
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.weakness import lost_by_agency, lost_points, weak_questions
from kla_analysis.evidence.audit import Audit
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import level_name, standing_name
from kla_analysis.language import number, percent, t

P = ParamSpec("P")
R = TypeVar("R")

_TEMPLATE = """\
{% if heading %}<h3>{{ heading }}</h3>
{% endif -%}
{% for paragraph in paragraphs %}<p{% if kind %} class="kla-{{ kind }}"{% endif %}>{{ paragraph }}</p>
{% endfor %}"""


@dataclass(frozen=True)
class Text:
    """Paragraphs made from data, shown as they are: nothing in them is ever read as markup."""

    paragraphs: tuple[str, ...]
    heading: str = ""
    kind: str = ""

    def _repr_html_(self) -> str:
        return _template().render(heading=self.heading, paragraphs=self.paragraphs, kind=self.kind)

    def __repr__(self) -> str:
        return "\n\n".join(filter(None, (self.heading, *self.paragraphs)))


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(_TEMPLATE)


def needs(level: str) -> Callable[[Callable[P, R]], Callable[P, R | Text]]:
    """Make a function that shows a sheet say so in words where there is no sheet, or a shallower one.

    The function's first argument is the position. A notebook then reads the same for an area of
    which only the predicate is known.
    """

    def wrap(show: Callable[P, R]) -> Callable[P, R | Text]:
        @wraps(show)
        def shown(*args: P.args, **kwargs: P.kwargs) -> R | Text:
            roll_up = args[0].roll_up
            if roll_up is None:
                return Text((t("Tidak ditunjukkan: untuk putaran ini tidak ada lembar nilai."),), kind="remark")
            if getattr(roll_up, f"{level}s") is None:
                return Text(
                    (t("Tidak ditunjukkan: lembar ini berhenti di tingkat {level}.", level=level_name(roll_up.level)),),
                    kind="remark",
                )
            return show(*args, **kwargs)

        return shown

    return wrap


def points(span: Span) -> str:
    """Write a number of points, or the span it lies in.

    >>> points(Span(1, 100)), points(Span(50.5, 50.5))
    ('antara 1 dan 100 poin', '50,5 poin')
    """
    if span.is_exact:
        return t("{points} poin", points=number(span.low))
    return t("antara {low} dan {high} poin", low=number(span.low), high=number(span.high))


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
            url=without_scheme(fact.source_url),
            standing=standing_name("published"),
        )
    origin = position.assessment.origin
    if origin.illustrative:
        return t(
            "Sumber: {title}. Status: ilustratif ({standing}); bukan nilai indikator {area} yang sebenarnya.",
            title=origin.title,
            standing=standing_name(origin.standing),
            area=position.area.name,
        )
    return t("Sumber: {title}. Status: {standing}.", title=origin.title, standing=standing_name(origin.standing))


def headline(position: Position, target: str) -> Text:
    """Say where the area stands and what separates it from the target: published first, then the sheet."""
    ladder = position.instrument.ladder
    goal = ladder.band(target).name
    paragraphs = []
    fact = position.published
    if fact is not None:
        _, gap = gap_to(target, fact.span, position.instrument)
        stage = _stage_name(position, fact.stage)
        if fact.score_known:
            paragraphs.append(
                t(
                    "Fakta terbit: {area} bernilai {score} pada {year} ({stage}), predikat {predicate}.",
                    area=position.area.name,
                    score=number(fact.span.low),
                    year=position.award_year,
                    stage=stage,
                    predicate=ladder.place(fact.span.low).name,
                )
            )
        else:
            paragraphs.append(
                t(
                    "Fakta terbit: {area} memperoleh predikat {predicate} pada {year} ({stage}); nilainya tidak "
                    "diumumkan, jadi hanya rentang {span} yang diketahui.",
                    area=position.area.name,
                    predicate=ladder.name(fact.predicate),
                    year=position.award_year,
                    stage=stage,
                    span=str(fact.span),
                )
            )
        paragraphs.append(_gap_sentence(gap, goal, t("dari fakta ini saja")))
    if position.roll_up is not None:
        total = position.roll_up.total
        _, gap = gap_to(target, total, position.instrument)
        opening = t("Lembar ilustratif") if position.illustrative else t("Lembar nilai")
        paragraphs.append(
            t(
                "{sheet} ({stage}) berjumlah {score} dari {maximum}: predikat {predicate}.",
                sheet=opening,
                stage=_stage_name(position, position.stage),
                score=str(total),
                maximum=number(ladder.max_total),
                predicate=predicate_of(position),
            )
        )
        paragraphs.append(_gap_sentence(gap, goal, t("menurut lembar ini")))
    return Text(tuple(paragraphs))


def predicate_of(position: Position) -> str:
    """Name the predicate of a position; both ends where missing answers leave it open."""
    ladder = position.instrument.ladder
    low, high = (ladder.place(value).name for value in (position.span.low, position.span.high))
    return low if low == high else t("{low} sampai {high}", low=low, high=high)


def remarks(position: Position) -> Text:
    """Say everything a reader must know beside the score: gaps, missing answers, caps, origin."""
    lines = []
    fact = position.published
    if fact is not None and fact.score_known:
        lines += position.instrument.ladder.place(fact.span.low).remarks
    if position.roll_up is not None:
        lines += position.roll_up.placement.remarks
        lines.append(position.roll_up.missing_in_words())
        if position.roll_up.capped:
            lines.append(
                t(
                    "Pertanyaan di indikator {codes} berjumlah lebih dari maksimum indikatornya; kelebihannya tidak "
                    "dihitung.",
                    codes=", ".join(position.roll_up.capped),
                )
            )
        if position.illustrative:
            lines.append(position.assessment.origin.note)
    else:
        lines.append(
            t(
                "Untuk putaran ini tidak ada lembar nilai per indikator, jadi rincian di bawah tingkat total tidak "
                "dapat ditunjukkan. Sertakan lembar Anda dengan --assessment."
            )
        )
    return Text(tuple(lines), kind="remark")


@needs("component")
def components_in_words(position: Position) -> Text:
    """Name the component that loses most points and the one that reaches the smallest share."""
    ranked = lost_points(position.roll_up, "component")
    most, least = ranked.iloc[0], ranked.sort_values("share").iloc[0]
    return Text(
        (
            t(
                "Kehilangan terbesar ada di {name}: {lost} poin, {share} dari semua yang hilang.",
                name=most["name"],
                lost=number(most["lost_points"]),
                share=percent(most["share_of_loss"]),
            ),
            t(
                "Capaian terendah ada di {name}: baru {share} dari nilai maksimumnya.",
                name=least["name"],
                share=percent(least["share"]),
            ),
        )
    )


@needs("indicator")
def losses_in_words(position: Position) -> Text:
    """Say how few indicators hold half of the loss, and which question loses most."""
    ranked = lost_points(position.roll_up, "indicator")
    half = int((ranked["cumulative_share"] < 0.5).sum()) + 1
    first = ranked.iloc[0]
    return Text(
        (
            t(
                "{count} dari {all} indikator memuat separuh dari poin yang hilang. Yang pertama: {code} {name} "
                "({lost} poin).",
                count=half,
                all=len(ranked),
                code=ranked.index[0],
                name=first["name"],
                lost=number(first["lost_points"]),
            ),
        )
    )


@needs("question")
def agencies_in_words(position: Position) -> Text:
    """Name the agencies that have a hand in most of the loss."""
    ranked = lost_by_agency(position.roll_up)
    loss = weak_questions(position.roll_up)["lost_points"].sum()
    first = ranked.index[0]
    return Text(
        (
            t(
                "{agency} ikut menjawab pertanyaan yang kehilangan {points} poin ({share} dari semua), pada {count} "
                "pertanyaan.",
                agency=first,
                points=number(ranked.loc[first, "involved_points"]),
                share=percent(ranked.loc[first, "involved_points"] / loss),
                count=int(ranked.loc[first, "questions"]),
            ),
        )
    )


@needs("question")
def set_in_words(position: Position, target: str) -> Text:
    """Say what the smallest set of questions that closes the gap does, and who must answer."""
    band, gap = gap_to(target, position.span, position.instrument)
    chosen, goal = smallest_set(position.roll_up, gap.high), band.name
    if chosen.gap_points <= 0:
        return Text((t("{goal} sudah tercapai menurut lembar ini; tidak ada jarak yang harus ditutup.", goal=goal),))
    if not chosen.closes:
        return Text(
            (
                t(
                    "Semua pertanyaan bersama-sama hanya menambah {gain} dari {gap} poin yang diperlukan.",
                    gain=number(chosen.gain_points),
                    gap=number(chosen.gap_points),
                ),
            )
        )
    return Text(
        (
            t(
                "{count} pertanyaan yang terjawab penuh menambah {gain} poin, cukup untuk menutup {gap} poin menuju {goal}. "
                "Penanggung jawabnya: {agencies}.",
                count=len(chosen.questions),
                gain=number(chosen.gain_points),
                gap=number(chosen.gap_points),
                goal=goal,
                agencies=", ".join(chosen.agencies),
            ),
            t("Jawaban penuh belum berarti poin: verifikator yang memutuskan. Sisakan cadangan."),
        )
    )


def audit_in_words(audit: Audit) -> Text:
    """Say whether a sheet agrees with itself, and what is at stake where it does not."""
    if audit.adds_up:
        return Text((t("Semua angka tercetak cocok dengan jumlah di bawahnya."),))
    totals = audit.totals
    return Text(
        (
            t(
                "Lembar {file} bertentangan dengan dirinya sendiri: totalnya {printed} menurut cetakan, {indicators} bila "
                "indikatornya dijumlahkan, {questions} bila pertanyaannya dijumlahkan.",
                file=audit.shown,
                printed=number(totals["printed"]),
                indicators=number(totals["indicators"]),
                questions=number(totals["questions"]),
            ),
            t(
                "Tidak cocok: indikator {indicators}; komponen {components}. Minta pembetulan sebelum verifikasi.",
                indicators=", ".join(audit.indicators_that_do_not_add_up) or "–",
                components=", ".join(audit.components_that_do_not_add_up) or "–",
            ),
        )
    )


def history_in_words(position: Position) -> Text:
    """Say what the published history of the area shows."""
    history = position.history
    if history.empty:
        return Text((t("Tidak ada hasil {area} yang terbit di data proyek ini.", area=position.area.name),))
    final = history[(history["stage"] == "final") & history["predicate"].notna()]
    ladder = position.instrument.ladder
    awards = ", ".join(f"{row.award_year} {ladder.name(row.predicate)}" for row in final.itertuples())
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


def _gap_sentence(gap: Span, goal: str, basis: str) -> str:
    if gap.high <= 0:
        return t("{goal} sudah tercapai {basis}.", goal=goal, basis=basis)
    return t("Jarak ke {goal} {basis}: {gap}.", goal=goal, basis=basis, gap=points(gap))


def _stage_name(position: Position, code: str) -> str:
    names = {stage.code: stage.name for stage in position.instrument.stages}
    return names.get(code, code).lower() if code in names else code
