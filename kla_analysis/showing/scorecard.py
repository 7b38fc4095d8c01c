"""The scorecard: score, predicate, components, indicators and the history of a district."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.comparison import gap_to
from kla_analysis.analysis.forecast import forecastable, outlook
from kla_analysis.analysis.position import Position, PublishedFact
from kla_analysis.evidence.published import AWARD_STAGE, ladder_of, load_national_counts
from kla_analysis.instrument.bands import Band, Ladder, Span
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import number, percent, t
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    HEAT,
    INK,
    KNOWN_RANGE,
    LOST,
    PAD,
    PAPER,
    SMALL,
    SOFT,
    TEXT,
    UNKNOWN,
    Chart,
    Style,
    beside,
    drawn_table,
    finished,
    fit,
    hosts,
    label_bars,
    new_figure,
    no_award,
    on_phone,
    patch,
    put_rows,
    row_names,
    said,
    source_line,
    stage_name,
    standings,
    styled,
    text_width,
    width,
    write,
    zones,
)
from kla_analysis.showing.forecast import award_at_best, award_in_words
from kla_analysis.showing.losses import ranked_by_loss, unanswered_in_words
from kla_analysis.showing.quality import contradictions_in_words
from kla_analysis.showing.table import (
    Column,
    Table,
    number_column,
    of_sheet,
    score_of,
    share_column,
    share_of,
    shown_points,
    unknown_column,
)
from kla_analysis.showing.target import conditions_in_brief
from kla_analysis.showing.text import (
    Text,
    gap_in_words,
    needs,
    points,
    predicate_of,
    settled,
    stage_in_words,
    without_scheme,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        paragraphs.append(gap_in_words(gap, goal, basis))
    if position.roll_up is not None:
        total = position.roll_up.total
        _, gap = gap_to(target, total, position.instrument)
        opening = t("Lembar ilustratif") if position.illustrative else t("Lembar nilai")
        paragraphs.append(
            t(
                "{sheet} ({stage}) berjumlah {score} dari {maximum}: predikat {predicate}.",
                sheet=opening,
                stage=stage_in_words(position, position.stage),
                score=ladder.written(total),
                maximum=number(ladder.max_total),
                predicate=predicate_of(position),
            )
        )
        paragraphs.append(gap_in_words(gap, goal, t("menurut lembar ini")))
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


def remarks(position: Position) -> Text:
    """Say everything a reader must know beside the score: gaps, missing answers, caps."""
    lines: list[str] = []
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
            t(
                "Kehilangan terbesar ada di {name}: {lost} poin, {share} dari semua yang hilang.",
                name=most["name"],
                lost=number(most["lost_points"]),
                share=percent(most["share_of_loss"]),
            ),
            t("Capaian terendah ada di {name}: baru {share} dari nilai maksimumnya.", name=least["name"], share=share),
            *unanswered_in_words(case).paragraphs,
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
        "stage": stage_in_words(position, fact.stage),
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
            f"{stage_in_words(position, row.stage)} {row.known if row.low < row.high else number(row.low)}",
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


@needs("component")
def component_table(components: pd.DataFrame, case: Position) -> Table:
    """Points reached and lost per component (`case.components`, or some of its rows)."""
    frame = shown_points(components).reset_index()
    total, maximum = Span(*components[["low", "high"]].sum().round(6)), components["max_points"].sum()
    unknown = unknown_column(frame)
    shares = dict.fromkeys(percent(end / maximum) for end in (total.low, total.high))
    return of_sheet(
        case,
        t("Nilai per komponen"),
        (
            Column("name", t("Komponen")),
            number_column("score", t("Nilai")),
            number_column("max_points", t("Maksimum")),
            share_column("reached", t("Tercapai")),
            number_column("lost", t("Hilang")),
            *unknown,
        ),
        frame,
        total=(
            t("Total"),
            total.low if total.is_exact else case.ladder.written(total),
            maximum,
            total.low / maximum if total.is_exact else "–".join(shares),
            maximum - total.high,
            *([components["unknown_points"].sum().round(6)] if unknown else ()),
        ),
    )


@needs("indicator")
def indicator_table(indicators: pd.DataFrame, case: Position, *, top: int | None = None) -> Table:
    """Points reached and lost per indicator (`case.indicators`, or some of its rows), in the order of the table."""
    frame, parts = shown_points(indicators[:top]), indicators["component_code"].unique()
    caption = t("Indikator")
    if len(indicators) == len(case.indicators) and indicators["lost_points"].is_monotonic_decreasing:
        caption = t("Semua indikator, dari yang paling banyak kehilangan poin")
    elif len(parts) == 1:
        caption = t("Indikator {name}", name=case.instrument.component(parts[0]).name)
    if len(frame) < len(indicators):
        words = {"caption": caption, "top": len(frame), "count": len(indicators)}
        caption = t("{caption}: {top} dari {count} dengan kehilangan terbesar", **words)
    return of_sheet(
        case,
        caption,
        (
            Column("indicator_code", t("Kode")),
            Column("name", t("Indikator")),
            number_column("score", t("Nilai")),
            number_column("max_points", t("Maksimum")),
            share_column("reached", t("Tercapai")),
            number_column("lost", t("Hilang")),
            *unknown_column(frame),
        ),
        frame.reset_index(),
    )


def history_table(history: pd.DataFrame, case: Position) -> Table:
    """The published results of the area (`case.history`); where no score is, the range that is known of it."""
    stages = {stage.code: stage.name for stage in case.instrument.stages}
    frame = history.assign(
        stage=history["stage"].map(stages).fillna(t("Selama verifikasi")),
        known=[
            row.known if row.low == row.high else " ".join(filter(None, (row.known, f"({Span(row.low, row.high)})")))
            for row in history.itertuples()
        ],
        standing=[standing_name(code) for code in history["standing"]],
    )
    return Table(
        t("Hasil {area} yang terbit", area=case.area.name),
        (
            Column("award_year", t("Tahun"), write=str),
            Column("stage", t("Tahap")),
            number_column("score", t("Nilai")),
            Column("known", t("Predikat")),
            Column("standing", t("Status")),
            Column("note", t("Catatan"), "long"),
            Column("source", t("Sumber"), "kla-link", without_scheme),
        ),
        frame,
        source=t("Di dalam kurung: rentang nilai bila angkanya tidak diumumkan. Tanda – berarti tidak diumumkan."),
    )


@styled
def ladder(totals: pd.DataFrame, case: Position, target: str) -> Chart:
    """The ladder of bands with the published span or score, the sheet's score, and the gap to the target.

    Args:
        totals: `case.totals`, or some of its rows: `low` and `high` (points) by `basis`.
        target: code of a predicate.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.charts.ladder(case.totals, case, case.target)
    Kab. Tanah Bumbu: 50,5 poin lagi ke Nindya menurut lembar ilustratif
    """
    rules = case.ladder
    spans = {row.Index: Span(row.low, row.high) for row in totals.itertuples()}
    span = spans.get("sheet") or next(iter(spans.values()))
    goal, gap = gap_to(target, span, case.instrument)
    labels = {basis: _on_the_ladder(basis, spans[basis], case, target) for basis in spans}
    source = source_line(case, published="published" in spans)
    tall = 0.5 + 0.62 * len(spans) + (0.6 if gap.high > 0 else 0.1)
    figure, ax = new_figure(_ladder_title(case, goal, gap), case, source, tall=tall, left=0.28, right=0.28, under=0.26)
    floor = rules.drawn_from(min(each.low for each in spans.values()))
    ax.set(xlim=(floor, rules.max_total), ylim=(0, tall))
    edges = _draw_bands(ax, rules, floor, tall)
    for at, (basis, each) in enumerate(spans.items()):
        _draw_total(ax, labels[basis], each, tall - 0.62 - 0.62 * at, goal.lower, published=basis == "published")
    if gap.high > 0:
        # A bracket from the score, or from the low end of what is known, up to the target.
        ax.plot([span.low, span.low, goal.lower, goal.lower], [0.52, 0.45, 0.45, 0.52], color=AMBER, linewidth=1.8)
        label = t("{gap} ke {goal} ({lower})", gap=points(gap), goal=goal.name, lower=number(goal.lower))
        style: Style = {"ha": "center", "color": AMBER, "fontweight": "bold", "bbox": patch(PAPER, AMBER)}
        size = TEXT if text_width(label, TEXT, "bold") < width() - 0.8 else SMALL
        write(ax, _inside(ax, label, (span.low + goal.lower) / 2, size), 0.22, label, fontsize=size, **style)
    ax.set_yticks([])
    ax.set_xticks(edges, [number(edge) for edge in edges], fontsize=TEXT - 0.5, color=INK)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    alt = t(
        "Rentang predikat dari {floor} sampai {top}; di bawah {first} tanpa penghargaan. {told}. {goal} "
        "mulai di {lower}; jaraknya {gap}.",
        floor=number(floor),
        top=number(rules.max_total),
        first=number(rules.bands[0].lower),
        told="; ".join(labels.values()),
        goal=goal.name,
        lower=number(goal.lower),
        gap=points(gap),
    )
    return finished(_ladder_title(case, goal, gap), alt, source, figure, _ladder_twin(spans, case, goal, source))


def _ladder_title(case: Position, goal: Band, gap: Span) -> str:
    values = {"area": case.area.name, "goal": goal.name, "gap": points(gap)}
    if gap.high > 0:
        if case.illustrative:
            return t("{area}: {gap} lagi ke {goal} menurut lembar ilustratif", **values)
        return t("{area}: {gap} lagi ke {goal}", **values)
    if case.illustrative:
        return t("{area} sudah mencapai {goal} menurut lembar ilustratif", **values)
    if settled(case):
        return t("{area} sudah mencapai {goal}", **values)
    stage = stage_name(case, case.stage)
    return t("{area}: nilai {stage} mencapai batas {goal}; itu belum penghargaan", stage=stage, **values)


def _on_the_ladder(basis: str, span: Span, case: Position, target: str) -> str:
    """Say what a total is and whose."""
    rules = case.ladder
    if basis != "published":
        values = {"sheet": _sheet(case), "name": predicate_of(case), "span": rules.written(span)}
        return t("{sheet}: {name} {span}", **values)
    fact = case.fact
    name = fact.name or rules.place(fact.span.low).name
    label = t(
        "Terbit ({stage}): {name} {span}", stage=stage_name(case, fact.stage), name=name, span=rules.written(span)
    )
    goal, gap = gap_to(target, span, case.instrument)
    if case.roll_up is not None and gap.high > 0:
        label = t("{label}, {gap} ke {goal}", label=label, gap=points(gap), goal=goal.name)
    return label


def _sheet(case: Position) -> str:
    return t("Lembar ilustratif") if case.illustrative else t("Lembar nilai")


def _draw_bands(ax: Axes, rules: Ladder, floor: float, tall: float) -> list[float]:
    """Tint the bands and name them at the top; return where each begins and the last ends."""
    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    names = [no_award(rules.bands[0].lower), *(band.name for band in rules.bands)]
    for colour, name, (low, high) in zip(zones(len(names)), names, itertools.pairwise(edges), strict=True):
        ax.axvspan(low, high, color=colour, zorder=0, linewidth=0)
        room = (high - low) / (rules.max_total - floor) * (width() - 0.56) - (0 if on_phone() else 0.04)
        size = 9.5 if floor and not on_phone() else SMALL
        if on_phone() and text_width(name, size) > room:
            continue
        write(ax, (low + high) / 2, tall - 0.24, fit(name, room, size), ha="center", linespacing=1.05, fontsize=size)
    return edges


def _inside(ax: Axes, text: str, x: float, size: float = TEXT) -> float:
    """Centre a text on a mark, but keep it inside the picture."""
    left, right = ax.get_xlim()
    half = (text_width(text, size, "bold") / 2 + 0.04) / (width() - 0.56) * (right - left)
    return min(max(x, left + half), right - half)


def _draw_total(ax: Axes, label: str, span: Span, y: float, lower: float, *, published: bool) -> None:
    """Draw a total with its label above, and the line of the target beside it."""
    label = fit(label, width() - 0.56 - 0.1, TEXT, lines=1)
    write(ax, _inside(ax, label, span.middle), y, label, ha="center")
    # The line of the target stands beside the marks only, so that it crosses no text.
    ax.plot([lower] * 2, [y - 0.48, y - 0.12], color=AMBER, linewidth=2, zorder=2)
    if not span.is_exact:
        bar = KNOWN_RANGE if published else {"color": BLUE}
        ax.barh(y - 0.27, span.high - span.low, left=span.low, height=0.2, zorder=3, **bar)
        return
    style: Style = {"marker": "D" if published else "o", "markersize": 11, "color": BLUE, "linestyle": "none"}
    ax.plot(span.low, y - 0.27, **style, markeredgecolor=PAPER, markeredgewidth=1.5, zorder=3)


def _ladder_twin(spans: dict[str, Span], case: Position, goal: Band, source: str) -> Table:
    to_goal = t("Jarak ke {goal} ({lower})", goal=goal.name, lower=number(goal.lower))
    return drawn_table(
        case,
        t("Yang digambar: posisi di antara predikat"),
        (
            Column("what", t("Dasar")),
            Column("low", t("Nilai, sedikitnya"), "number", unit="points"),
            Column("high", t("Nilai, sebanyaknya"), "number", unit="points"),
            Column("gap", to_goal, "number"),
        ),
        (
            (
                t("Terbit") if basis == "published" else _sheet(case),
                each.low,
                each.high,
                case.ladder.written(case.ladder.points_to(goal.code, each)),
            )
            for basis, each in spans.items()
        ),
        source,
    )


def draw_points(ax: Axes, table: pd.DataFrame) -> list[str]:
    """Draw a bar a row: reached, unknown for want of an answer, and lost; return what is said at its end."""
    labels = []
    for y, one in enumerate(table.itertuples()):
        ax.barh(y, one.low, color=BLUE, height=0.58)
        ax.barh(y, one.high - one.low, left=one.low, **UNKNOWN, height=0.58)
        ax.barh(y, one.max_points - one.high, left=one.high, **LOST, height=0.58)
        labels.append(reached_in_words(one))
    return labels


def reached_in_words(row: Any) -> str:
    """Say the points of a row of its maximum, or that nobody has answered."""
    score = score_of(row.low, row.high, row.answers)
    if not row.answers:
        return t("{unanswered}, maksimum {max}", unanswered=score, max=number(row.max_points))
    score = score if isinstance(score, str) else number(score)
    return t("{reached} dari {max}", reached=score, max=number(row.max_points))


@needs("component")
@styled
def components(components: pd.DataFrame, case: Position) -> Chart:
    """Filled and missing points of each component, in the order of the table.

    Args:
        components: `case.components`, or some of its rows, in any order.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> kla.charts.components(case.components.sort_values("share"), case)
    Klaster II Lingkungan Keluarga dan Pengasuhan Alternatif kehilangan paling banyak: 76,91 dari 156 poin
    """
    source, most = source_line(case), components.loc[components["lost_points"].idxmax()]
    title = t(
        "{name} kehilangan paling banyak: {lost} dari {max} poin",
        name=most["name"],
        lost=number(most["lost_points"]),
        max=number(most["max_points"]),
    )
    unknown = components["unknown_points"].sum() > 0
    if most["lost_points"] <= 0:
        title = t("Tidak ada poin yang hilang") if unknown else t("Semua komponen bernilai penuh")
    how = t("Penuh: nilai tercapai. Berarsir: nilai yang hilang.")
    if unknown:
        how += " " + t("Bertitik: belum dijawab.")
    left = beside(2.2)
    names, row = row_names(components["name"], left)
    figure, ax = new_figure(title, case, source, tall=row * len(components), left=left, how=how)
    labels = draw_points(ax, components)
    put_rows(ax, names)
    label_bars(ax, components["max_points"].tolist(), labels, width() - left - PAD)
    told = "; ".join(f"{name} {label}" for name, label in zip(components["name"], labels, strict=True))
    alt = t("Diagram batang nilai tercapai (penuh) dan hilang (berarsir) per komponen: {told}.", told=told)
    return finished(title, alt, source, figure, component_table(components, case))


@needs("indicator")
@styled
def indicator_heatmap(indicators: pd.DataFrame, case: Position) -> Chart:
    """Every indicator as a cell: the darker, the larger the share of its maximum that is reached.

    Args:
        indicators: `case.indicators`, or some of its rows. Those of one component stand one in each row, with its name.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> kla.charts.indicator_heatmap(case.indicators.query("component_code == 'K2'"), case).alt[:22]
    'Peta panas 5 indikator'
    """
    source = source_line(case)
    present = [code for code in case.instrument.components.index if (indicators["component_code"] == code).any()]
    alone = present[0] if len(present) == 1 else None
    # An indicator that may still be full is not weak; one that nobody has answered has no share to show.
    ranked = indicators.assign(at=range(len(indicators))).sort_values(["share_high", "share", "at"])
    ranked = ranked[ranked["answers"] > 0]
    weakest = ranked[ranked["share_high"] < 1].head(1 if alone else 5)
    title = _heat_title(weakest, case)
    if alone:
        groups = [indicators.loc[[code]] for code in indicators.index]
        names, left = [f"{code}  {name}" for code, name in indicators["name"].items()], beside(3.6)
    else:
        groups = [indicators[indicators["component_code"] == code] for code in present]
        names, left = case.instrument.components["name"][present], beside(2.2)
    wrapped, row = row_names(names, left, least=0.5)
    at = [y + 0.5 for y in range(len(groups))]
    if on_phone():  # every second row is left free for a name
        groups, row = [rows for group in groups for rows in (group.head(0), group)], 0.42
        at = [2 * y + 1 for y in range(len(groups) // 2)]
    how = _heat_legend(indicators, len(weakest), one_row_each=alone is not None)
    figure, ax = new_figure(title, case, source, tall=row * len(groups), left=left, how=how)
    _draw_heat(ax, groups, set(weakest.index), alone is not None)
    put_rows(ax, wrapped, at=at)
    ax.set_ylim(len(groups), 0)
    ax.set_xlim(0, max(len(group) for group in groups))
    ax.spines[:].set_visible(False)
    where = case.instrument.components.loc[alone, "name"] if alone else t("per komponen")
    alt = _heat_alt(indicators, ranked, where)
    return finished(title, alt, source, figure, indicator_table(ranked_by_loss(indicators), case))


def _heat_title(weakest: pd.DataFrame, case: Position) -> str:
    """Name the weakest indicator; where none is weak, say that."""
    if weakest.empty:
        return t("Tidak ada poin yang hilang") if case.unknown_points else t("Semua indikator bernilai penuh")
    words = {"code": weakest.index[0], "name": weakest["name"].iloc[0], "share": _share_of_cell(weakest.iloc[0])}
    return t("Capaian terendah: indikator {code}, {share} dari maksimum ({name})", **words)


def _heat_legend(indicators: pd.DataFrame, weakest: int, *, one_row_each: bool) -> str:
    """Say how the cells are read."""
    said = [t("Makin gelap, makin besar bagian yang tercapai.")]
    if weakest:
        said.append(
            t("Bergaris tepi: yang terendah.") if weakest == 1 else t("Bergaris tepi: {count} terendah.", count=weakest)
        )
    if (indicators["answers"] == 0).any():
        said.append(t("Bertitik: belum dijawab.") if one_row_each else t("Bertitik, ?: belum dijawab."))
    if ((indicators["answers"] > 0) & (indicators["unknown_points"] > 0)).any() and not one_row_each:
        said.append(t("≥: sebagian belum dijawab."))
    return " ".join(said)


def _draw_heat(ax: Axes, groups: list[pd.DataFrame], weakest: set[str], one_row_each: bool) -> None:
    """Draw the cells, one row a group, and mark the weakest and those without an answer."""
    import numpy as np
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    cells = [(x, y, one) for y, group in enumerate(groups) for x, one in enumerate(group.itertuples())]
    shape = len(groups), max(len(group) for group in groups)
    shares, texts = np.full(shape, np.nan), np.full(shape, "", dtype=object)
    for x, y, one in cells:
        shares[y, x] = one.share if one.answers else 0.0
        texts[y, x] = _in_the_cell(one, one_row_each)
    sns.heatmap(
        shares,
        mask=np.isnan(shares),
        annot=texts,
        fmt="",
        vmin=0,
        vmax=1,
        cbar=False,
        ax=ax,
        cmap=LinearSegmentedColormap.from_list("heat", HEAT),
        linewidths=2,
        linecolor=PAPER,
        annot_kws={"fontsize": 9.5, "linespacing": 1.15, "color": INK, "parse_math": False},
    )
    empty = [(x, y) for x, y, one in cells if not one.answers]
    for x, y in empty:
        ax.add_patch(Rectangle((x, y), 1, 1, **UNKNOWN, zorder=1))
    for text in ax.texts:
        if tuple(int(at) for at in text.get_position()) in empty:
            text.set_bbox(patch(PAPER))
    for x, y, one in cells:
        if one.Index in weakest:
            ax.add_patch(Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, fill=False, edgecolor=INK, linewidth=2))


def _in_the_cell(one: Any, one_row_each: bool) -> str:
    if one_row_each:
        return f"{_share_of_cell(one)} · {reached_in_words(one)}" if one.answers else reached_in_words(one)
    if not one.answers:
        return f"{one.Index}\n?"
    return f"{one.Index}\n{'≥' if one.unknown_points else ''}{percent(one.share)}"


def _heat_alt(indicators: pd.DataFrame, ranked: pd.DataFrame, where: str) -> str:
    alt = t(
        "Peta panas {count} indikator menurut bagian nilai maksimum yang tercapai, {where}. Terendah: {told}. "
        "Tertinggi: {code} {share}.",
        count=len(indicators),
        where=where,
        told="; ".join(f"{row.Index} {_share_of_cell(row)}" for row in ranked.head(5).itertuples()),
        code=ranked.index[-1] if len(ranked) else "–",
        share=_share_of_cell(ranked.iloc[-1]) if len(ranked) else "–",
    )
    unanswered = ", ".join(indicators.index[indicators["answers"] == 0])
    return alt + (" " + t("Belum dijawab: {codes}.", codes=unanswered) if unanswered else "")


def _share_of_cell(row: Any) -> str:
    """Write the share of a row, both ends where answers are missing."""
    share = share_of(row)
    return share if isinstance(share, str) else percent(share)


@styled
def history(results: pd.DataFrame, case: Position) -> Chart:
    """The published results of the area over the years, scores as points and bare predicates as ranges.

    Args:
        results: `case.history`, or some of its rows.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> kla.charts.history(case.history[case.history["award_year"] < 2025], case)
    Kab. Tanah Bumbu: penghargaan terakhir yang diketahui Madya pada 2023
    """
    area = case.area.name
    if results.empty:
        return said(t("Belum ada hasil {area} yang terbit di data ini", area=area), case, "")
    source = t(
        "Sumber: {hosts}. Status: {standing}.", hosts=hosts(results["source"]), standing=standings(results["standing"])
    )
    rules = ladder_of(int(results["award_year"].max()))
    years = sorted(set(results["award_year"].astype(int)))
    held = load_national_counts().set_index("award_year")["held"]
    years = sorted({*years, *(year for year in held.index if years[0] < year < years[-1])})
    floor = rules.drawn_from(results["score"].min() if results["score"].notna().any() else rules.max_total)
    left, tall, keys_in_row = (1.05, 4.1, 1) if on_phone() else (1.4, 4.1, 2)
    kinds = results.loc[results["score"].notna(), "stage"].nunique() + int(results["score"].isna().any())
    over = 0.12 + 0.19 * -(-kinds // keys_in_row)
    title = _history_title(results, rules, area)
    figure, ax = new_figure(title, case, source, tall=tall, left=left, under=0.28, over=over, badge=False)
    ax.set(xlim=(-0.5, len(years) - 0.5), ylim=(floor, rules.max_total))
    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    for colour, (low, high) in zip(zones(len(edges) - 1), itertools.pairwise(edges), strict=True):
        ax.axhspan(low, high, color=colour, zorder=0, linewidth=0)
    step = (rules.max_total - floor) / tall  # points in one inch
    wide = (width() - left - PAD) / len(years)
    keys: dict[str, Any] = {}
    told: list[str] = []
    for x, year in enumerate(years):
        rows = results[results["award_year"] == year]
        if len(rows):
            told += _Year(ax, case, x, floor, step, wide, keys).draw(rows)
        else:
            text, narrow = t("tidak diketahui") if held[year] else t("tidak ada penghargaan"), wide < 0.95
            text = text if narrow else fit(text, wide - 0.04, SMALL)
            style: Style = {"fontsize": SMALL, "color": SOFT, "rotation": 90 if narrow else 0}
            write(ax, x, floor + 0.08 * step, text, ha="center", va="bottom", **style)
    _history_axes(ax, years, edges, rules)
    place: Style = {
        "loc": "lower left",
        "bbox_to_anchor": (-(left - PAD) / (width() - left - PAD), 1.0),
        "ncols": keys_in_row,
    }
    style = {"fontsize": 9.5, "frameon": False, "labelcolor": INK, "borderaxespad": 0.3}
    ax.legend(keys.values(), keys.keys(), **place, **style, handletextpad=0.5, columnspacing=1.6)
    alt = t("Hasil {area} yang terbit per tahun, di atas rentang predikat: {told}.", area=area, told="; ".join(told))
    return finished(title, alt, source, figure, history_table(results, case))


def _history_title(results: pd.DataFrame, rules: Ladder, area: str) -> str:
    final = results[results["stage"] == AWARD_STAGE]
    if final.empty:
        return t("Belum ada penghargaan {area} yang terbit", area=area)
    last, year = final["known"].iloc[-1], int(final["award_year"].iloc[-1])
    if final["predicate"].iloc[-1] == rules.no_award_code:
        return t("{area} belum memperoleh penghargaan pada {year}", area=area, year=year)
    return t("{area}: penghargaan terakhir yang diketahui {name} pada {year}", area=area, name=last, year=year)


def _history_axes(ax: Axes, years: list[int], edges: list[float], rules: Ladder) -> None:
    """Name the years and the bands."""
    ax.set_xticks(
        range(len(years)),
        [f"’{year % 100:02}" if on_phone() else str(year) for year in years],
        fontsize=TEXT,
        color=INK,
    )
    bands = [f"{band.name}\n{number(band.lower)}–{number(band.printed_upper)}" for band in rules.bands]
    ax.set_yticks(
        [(low + high) / 2 for low, high in itertools.pairwise(edges)],
        [t("di bawah {lower}", lower=number(edges[1])), *bands],
        fontsize=9.5,
        color=INK,
        parse_math=False,
        linespacing=1.1,
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


@dataclass
class _Year:
    """One year of the history.

    Attributes:
        x: where it stands. floor: where the axis begins (points). step: points in an inch. wide: inches of a year.
        keys: what the legend explains, over all years.
    """

    ax: Axes
    case: Position
    x: int
    floor: float
    step: float
    wide: float
    keys: dict[str, Any]

    def draw(self, rows: pd.DataFrame) -> list[str]:
        """Draw its results; return what is said of each."""
        order = {stage.code: stage.order for stage in self.case.instrument.stages}
        rows = rows.assign(order=rows["stage"].map(order).fillna(1.5)).sort_values("order", kind="stable")
        scored = rows[rows["score"].notna()].sort_values("score", ascending=False, kind="stable")
        taken = self._scores(scored["stage"], scored["score"].tolist())
        told = []
        for row in rows.itertuples():
            stage, year = stage_name(self.case, row.stage), int(row.award_year)
            if pd.notna(row.score):
                told.append(t("{year} {stage} {score}", year=year, stage=stage, score=number(row.score)))
            else:
                name = self._range(row, taken)
                told.append(t("{year} {name} ({stage}, nilai tidak diumumkan)", year=year, name=name, stage=stage))
        return told

    def _scores(self, stages: pd.Series, scores: list[float]) -> list[float]:
        """Draw the scores, highest first; return where marks and labels stand."""
        # Results too near each other for a label between them stand side by side, labelled above and below.
        near = any(one - other < 0.45 * self.step for one, other in itertools.pairwise(scores))
        claimed, top = self.case.instrument.claimed_stage.code, self.ax.get_ylim()[1]
        markers = {claimed: "^", AWARD_STAGE: "o"}
        taken: list[float] = []
        if len(scores) > 1 and not near:
            below = 0.31 if self._over(scores[0]) else 0.1
            ends = [scores[-1] + 0.31 * self.step, scores[0] - below * self.step]
            self.ax.plot([self.x, self.x], ends, color=SOFT, linewidth=0.9, zorder=1)
        for at, (stage, score) in enumerate(zip(stages, scores, strict=True)):
            own = stage == claimed
            place = self.x + (0.16 * (at - (len(scores) - 1) / 2) / self.wide if near else 0)
            style: Style = {"marker": markers.get(stage, "D"), "color": BLUE, "markersize": 10 if own else 9}
            face = PAPER if own else BLUE
            (self.keys[stage_name(self.case, stage, sentence=True)],) = self.ax.plot(
                place, score, **style, linestyle="none", markerfacecolor=face, markeredgewidth=1.8, zorder=3
            )
            # Above the mark, unless there is no room up there or another mark is near.
            up = at == 0 if near else True
            y = score + 0.2 * self.step if up else min(scores) - (0.2 + 0.17 * (at - 1)) * self.step
            y = score - 0.2 * self.step if up and self._over(score) else min(y, top - 0.09 * self.step)
            write(self.ax, self.x, y, number(score), ha="center", zorder=4)
            taken += [score, y]
        return taken

    def _over(self, score: float) -> bool:
        """Whether a label above a mark would run out of the picture: it is 0.18 inches high."""
        return score + 0.24 * self.step > self.ax.get_ylim()[1]

    def _range(self, row: Any, taken: list[float]) -> str:
        """Draw a result of which only a range is known, and return its name."""
        from matplotlib.patches import Patch

        low = max(row.low, self.floor)
        wide = min(0.62, 0.5 / self.wide)
        self.ax.bar(self.x, row.high - low, bottom=low, width=wide, zorder=2, **KNOWN_RANGE)
        self.keys[t("Hanya predikat atau rentang, tanpa nilai")] = Patch(**KNOWN_RANGE)
        name = row.known or t("antara {low} dan {high}", low=number(row.low), high=number(row.high))
        if row.predicate == ladder_of(int(row.award_year)).no_award_code:
            name = t("di bawah {lower}", lower=number(row.high))
        # In the middle of the range, or where no score is in the way; a name too wide is left to the axis.
        free = {
            spot: min([abs(spot - other) for other in taken], default=self.step)
            for spot in (low + (row.high - low) * part for part in (0.5, 0.3, 0.7))
        }
        y = next((spot for spot, room in free.items() if room > 0.16 * self.step), None)
        written = name if pd.notna(row.predicate) else name.replace(" ", "\n")
        widest = max(written.split("\n"), key=len)
        size = next((size for size in (TEXT, 9.5, SMALL) if text_width(widest, size) <= self.wide - 0.02), None)
        if y is not None and size is not None:
            write(self.ax, self.x, y, written, ha="center", zorder=4, bbox=patch(PAPER), fontsize=size)
        return name
