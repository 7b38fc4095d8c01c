"""Charts: few, with the finding as title, text beside the marks, and the source inside the picture.

Every chart is drawn on a figure of its own and in a style of its own, so nothing leaks from one to
the next or from a notebook's settings into a chart. Colour never speaks alone: what is missing is
hatched, points differ by marker, values stand beside their marks. Text is measured before it is
set, so that a long name wraps instead of running out of the picture.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.charts.components(case.components, case).save("komponen.png")  # doctest: +SKIP
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.comparison import gap_to
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.weakness import nobody
from kla_analysis.evidence.published import AWARD_STAGE, ladder_of, load_national_counts
from kla_analysis.instrument.bands import Band, Ladder, Span
from kla_analysis.instrument.instrument import level_name
from kla_analysis.language import number, percent, signed, t
from kla_analysis.presenting.canvas import (
    AMBER,
    BLUE,
    HEAT,
    INK,
    KNOWN_RANGE,
    LOST,
    MISSING,
    PAD,
    PAPER,
    SMALL,
    SOFT,
    TEXT,
    UNKNOWN,
    WIDTH,
    Chart,
    dashed_line,
    drawn_table,
    finished,
    fit,
    hosts,
    label_bars,
    new_figure,
    patch,
    put_rows,
    row_names,
    said,
    source_line,
    stage_name,
    standings,
    styled,
    text_width,
    write,
    zones,
)
from kla_analysis.presenting.tables import (
    Column,
    Table,
    agency_table,
    component_table,
    history_table,
    indicator_table,
    level_of,
    ranked_by_loss,
    score_of,
    share_of,
)
from kla_analysis.presenting.wording import needs, points, predicate_of, settled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What it shows; completion in a notebook lists no more.
__all__ = ["agencies", "components", "history", "indicator_heatmap", "ladder", "pareto", "waterfall"]


def __dir__() -> list[str]:
    return __all__


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
        style = {"ha": "center", "color": AMBER, "fontweight": "bold", "bbox": patch(PAPER, AMBER)}
        write(ax, _inside(ax, label, (span.low + goal.lower) / 2), 0.22, label, **style)
    ax.set_yticks([])
    ax.set_xticks(edges, [number(edge) for edge in edges], fontsize=TEXT - 0.5, color=INK)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    alt = t(
        "Tangga predikat dari {floor} sampai {top}; di bawah {first} tanpa penghargaan. {told}. {goal} mulai di "
        "{lower}; jaraknya {gap}.",
        floor=number(floor), top=number(rules.max_total), first=number(rules.bands[0].lower),
        told="; ".join(labels.values()), goal=goal.name, lower=number(goal.lower), gap=points(gap),
    )  # fmt: skip
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
    rules, fact = case.ladder, case.published
    if basis != "published":
        values = {"sheet": _sheet(case), "name": predicate_of(case), "span": rules.written(span)}
        return t("{sheet}: {name} {span}", **values)
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
    names = [t("tanpa penghargaan"), *(band.name for band in rules.bands)]
    for colour, name, (low, high) in zip(zones(len(names)), names, itertools.pairwise(edges), strict=True):
        ax.axvspan(low, high, color=colour, zorder=0, linewidth=0)
        room = (high - low) / (rules.max_total - floor) * (WIDTH - 0.56) - 0.04
        size = 9.5 if floor else SMALL
        write(ax, (low + high) / 2, tall - 0.24, fit(name, room, size), ha="center", linespacing=1.05, fontsize=size)
    return edges


def _inside(ax: Axes, text: str, x: float, size: float = TEXT) -> float:
    """Centre a text on a mark, but keep it inside the picture."""
    left, right = ax.get_xlim()
    half = (text_width(text, size, "bold") / 2 + 0.04) / (WIDTH - 0.56) * (right - left)
    return min(max(x, left + half), right - half)


def _draw_total(ax: Axes, label: str, span: Span, y: float, lower: float, *, published: bool) -> None:
    """Draw a total with its label above, and the line of the target beside it."""
    label = fit(label, WIDTH - 0.56 - 0.1, TEXT, lines=1)
    write(ax, _inside(ax, label, span.middle), y, label, ha="center")
    # The line of the target stands beside the marks only, so that it crosses no text.
    ax.plot([lower] * 2, [y - 0.48, y - 0.12], color=AMBER, linewidth=2, zorder=2)
    if not span.is_exact:
        style = KNOWN_RANGE if published else {"color": BLUE}
        ax.barh(y - 0.27, span.high - span.low, left=span.low, height=0.2, zorder=3, **style)
        return
    style = {"marker": "D" if published else "o", "markersize": 11, "color": BLUE, "linestyle": "none"}
    ax.plot(span.low, y - 0.27, **style, markeredgecolor=PAPER, markeredgewidth=1.5, zorder=3)


def _ladder_twin(spans: dict[str, Span], case: Position, goal: Band, source: str) -> Table:
    to_goal = t("Jarak ke {goal} ({lower})", goal=goal.name, lower=number(goal.lower))
    return drawn_table(
        case,
        t("Yang digambar: posisi pada tangga predikat"),
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
    names, row = row_names(components["name"], 2.2)
    figure, ax = new_figure(title, case, source, tall=row * len(components), left=2.2, how=how)
    labels = draw_points(ax, components)
    put_rows(ax, names)
    label_bars(ax, components["max_points"].tolist(), labels, WIDTH - 2.2 - PAD)
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
    title = t("Semua indikator bernilai penuh") if not case.unknown_points else t("Tidak ada poin yang hilang")
    if len(weakest):
        title = t(
            "Capaian terendah: indikator {code}, {share} dari maksimum ({name})",
            code=weakest.index[0],
            name=weakest["name"].iloc[0],
            share=_share(weakest.iloc[0]),
        )
    if alone:
        groups = [indicators.loc[[code]] for code in indicators.index]
        names, left = [f"{code}  {name}" for code, name in indicators["name"].items()], 3.6
    else:
        groups = [indicators[indicators["component_code"] == code] for code in present]
        names, left = case.instrument.components["name"][present], 2.2
    wrapped, row = row_names(names, left, least=0.5)
    how = _heat_legend(indicators, len(weakest), one_row_each=alone is not None)
    figure, ax = new_figure(title, case, source, tall=row * len(groups), left=left, how=how)
    _draw_heat(ax, groups, set(weakest.index), alone is not None)
    put_rows(ax, wrapped, at=[y + 0.5 for y in range(len(groups))])
    ax.set_ylim(len(groups), 0)
    ax.set_xlim(0, max(len(group) for group in groups))
    ax.spines[:].set_visible(False)
    where = case.instrument.components.loc[alone, "name"] if alone else t("per komponen")
    alt = _heat_alt(indicators, ranked, where)
    return finished(title, alt, source, figure, indicator_table(ranked_by_loss(indicators), case))


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
        return f"{_share(one)} · {reached_in_words(one)}" if one.answers else reached_in_words(one)
    if not one.answers:
        return f"{one.Index}\n?"
    return f"{one.Index}\n{'≥' if one.unknown_points else ''}{percent(one.share)}"


def _heat_alt(indicators: pd.DataFrame, ranked: pd.DataFrame, where: str) -> str:
    alt = t(
        "Peta panas {count} indikator menurut bagian nilai maksimum yang tercapai, {where}. Terendah: {told}. "
        "Tertinggi: {code} {share}.",
        count=len(indicators),
        where=where,
        told="; ".join(f"{row.Index} {_share(row)}" for row in ranked.head(5).itertuples()),
        code=ranked.index[-1] if len(ranked) else "–",
        share=_share(ranked.iloc[-1]) if len(ranked) else "–",
    )
    unanswered = ", ".join(indicators.index[indicators["answers"] == 0])
    return alt + (" " + t("Belum dijawab: {codes}.", codes=unanswered) if unanswered else "")


def _share(row: Any) -> str:
    """Write the share of a row, both ends where answers are missing."""
    share = share_of(row)
    return share if isinstance(share, str) else percent(share)


@needs()
@styled
def pareto(ranked: pd.DataFrame, case: Position, *, top: int = 15) -> Chart:
    """The largest losses as bars, with the running share of the whole loss as a line beside them.

    Args:
        ranked: rows of one level, largest loss first, with `name`, `lost_points` and `cumulative_share`.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> ranked = case.components.sort_values("lost_points", ascending=False)
    >>> ranked["cumulative_share"] = ranked["share_of_loss"].cumsum()
    >>> kla.charts.pareto(ranked, case)
    3 dari 7 komponen memuat separuh dari 349,5 poin yang hilang
    """
    source, level = source_line(case), level_name(level_of(ranked))
    loss = ranked["lost_points"].sum()
    if loss <= 0:
        return said(t("Tidak ada poin yang hilang di tingkat {level}", level=level), case, source)
    half = int((ranked["cumulative_share"] < 0.5).sum()) + 1
    values = {"count": half, "all": len(ranked), "level": level, "loss": number(loss)}
    title = t("{count} dari {all} {level} memuat separuh dari {loss} poin yang hilang", **values)
    losing = ranked[ranked["lost_points"] > 0]
    shown = losing.head(top)
    how = t("Batang: poin yang hilang. Garis: bagian kumulatif dari semua yang hilang.")
    if len(losing) > len(shown):
        how += " " + t("Ditunjukkan {shown} terbesar dari {all}.", shown=len(shown), all=len(losing))
    left, bars = 2.75, 1.95
    names, row = row_names((f"{code}  {name}" for code, name in shown["name"].items()), left, lines=2)
    # The divider below the half gets a row of its own, so that it crosses no number.
    divided = half < len(shown)
    at = [y + (0.6 if divided and y >= half else 0.0) for y in range(len(shown))]
    tall = row * (at[-1] + 1)
    figure, ax = new_figure(title, case, source, tall=tall, left=left, how=how, right=WIDTH - left - bars)
    line = figure.add_axes((0, 0, 1, 1))
    box = ax.get_position()
    line.set_position(((left + bars + 0.12) / WIDTH, box.y0, (WIDTH - left - bars - 0.12 - 0.58) / WIDTH, box.height))
    for y, (place, value) in enumerate(zip(at, shown["lost_points"], strict=True)):
        ax.barh(place, value, color=BLUE if y < half else MISSING, height=0.6)
    put_rows(ax, names, at=at)
    label_bars(ax, shown["lost_points"], [number(value) for value in shown["lost_points"]], bars, at=at)
    _draw_running_share(line, shown["cumulative_share"], at, ax.get_ylim())
    if divided:
        _draw_divider(figure, ax, half - 0.2)
    told = "; ".join(
        f"{code} {name} {number(lost)}" for code, name, lost in shown[["name", "lost_points"]].head(4).itertuples()
    )
    alt = t(
        "Diagram Pareto poin yang hilang per {level}: {count} dari {all} memuat separuh dari {loss} poin. "
        "Terbesar: {told}.",
        told=told,
        **values,
    )
    table = drawn_table(
        case,
        t("Yang digambar: kehilangan terbesar per {level}", level=level),
        (
            Column("code", t("Kode")),
            Column("name", t("Nama")),
            Column("lost", t("Hilang"), "number", unit="points"),
            Column("share", t("Bagian kumulatif"), "number", percent, "share"),
        ),
        shown[["name", "lost_points", "cumulative_share"]].itertuples(),
        source,
    )
    return finished(title, alt, source, figure, table)


def _draw_running_share(line: Axes, shares: pd.Series, at: list[float], ylim: tuple[float, float]) -> None:
    line.plot(shares, at, color=AMBER, linewidth=1.6, marker="o", markersize=5)
    for place, share in zip(at, shares, strict=True):
        write(line, share, place, percent(share), fontsize=9.5, xytext=(7, 0))
    line.set(xlim=(0, 1), ylim=ylim, xticks=[], yticks=[], facecolor="none")
    line.spines[:].set_visible(False)


def _draw_divider(figure: Figure, ax: Axes, y: float) -> None:
    """Draw the line below those that hold half of the loss, across the whole picture."""
    ends = (ax.transData.transform((0, y))[1] / figure.bbox.height,) * 2
    figure.add_artist(dashed_line((PAD / WIDTH, 1 - PAD / WIDTH), ends))
    style = {"ha": "left", "va": "center", "fontsize": SMALL, "color": AMBER, "fontweight": "bold", "parse_math": False}
    figure.text(PAD / WIDTH, ends[0], t("separuh dari yang hilang"), **style, bbox=patch(PAPER))


@needs("question")
@styled
def agencies(ranked: pd.DataFrame, case: Position, *, top: int = 12) -> Chart:
    """Lost points by agency: everything it has a hand in, and its equal share of each question.

    Args:
        ranked: `case.agencies`, or some of its rows, in the order to show: `involved_points`, `shared_points`.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> kla.charts.agencies(case.agencies[case.agencies["questions"] > 9], case)
    Dinas PPPA ikut menjawab pertanyaan dengan 168,16 poin yang hilang
    """
    source = source_line(case)
    if ranked.empty:
        return said(t("Tidak ada poin yang hilang"), case, source)
    shown, first = ranked.head(top), ranked.index[0]
    most = number(ranked["involved_points"].iloc[0])
    title = t("{agency} ikut menjawab pertanyaan dengan {lost} poin yang hilang", agency=first, lost=most)
    if first == nobody()[0]:
        title = t("{lost} poin hilang di pertanyaan tanpa penanggung jawab", lost=most)
    how = t(
        "Berarsir: semua yang ikut dijawab; satu pertanyaan sering milik beberapa instansi, jadi jangan "
        "dijumlahkan. Penuh: bagian rata tiap pertanyaan (asumsi)."
    )
    if len(ranked) > len(shown):
        how += " " + t("Ditunjukkan {shown} terbesar dari {all}.", shown=len(shown), all=len(ranked))
    names, row = row_names(shown.index, 1.75, least=0.33)
    columns = 1.6
    figure, ax = new_figure(title, case, source, tall=row * (len(shown) + 1.2), left=1.75, how=how, right=columns + PAD)
    heads = (t("ikut\nmenjawab"), t("bagian\nrata"))
    wide = WIDTH - 1.75 - columns - PAD
    for head, right in zip(heads, (0.9, columns), strict=True):
        write(
            ax,
            1 + right / wide,
            -0.95,
            head,
            ha="right",
            color=SOFT,
            fontsize=SMALL,
            linespacing=1.05,
            transform=ax.get_yaxis_transform(),
        )
    for y, (involved, shared) in enumerate(zip(shown["involved_points"], shown["shared_points"], strict=True)):
        ax.barh(y, involved, **LOST, height=0.62)
        ax.barh(y, shared, color=BLUE, height=0.62)
        for value, right in ((involved, 0.9), (shared, columns)):
            write(ax, 1 + right / wide, y, number(value, decimals=2), ha="right", transform=ax.get_yaxis_transform())
    put_rows(ax, names)
    ax.set_xlim(0, shown["involved_points"].max() * 1.01)
    ax.set_ylim(len(shown) - 0.5, -1.7)
    told = "; ".join(
        f"{name} {number(involved)} ({number(shared)})"
        for name, involved, shared in shown[["involved_points", "shared_points"]].head(6).itertuples()
    )
    alt = t(
        "Diagram batang poin yang hilang menurut penanggung jawab: yang ikut dijawab dan, dalam kurung, bagian "
        "ratanya. {told}.",
        told=told,
    )
    return finished(title, alt, source, figure, agency_table(ranked, case))


@needs("question")
@styled
def waterfall(gains: pd.DataFrame, case: Position, target: str) -> Chart:
    """From today's score to the target: what each component adds.

    Args:
        gains: the questions that are to be answered in full (`kla.smallest_set(…).questions`, or others), with
            `component_code` and `gain_points`.
        target: code of a predicate.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.charts.waterfall(kla.smallest_set(case.questions, 50.5).questions, case, case.target)
    6 pertanyaan di 5 komponen, bila terjawab penuh, cukup untuk Nindya
    """
    source, start, rules = source_line(case), case.span.low, case.ladder
    goal, gap = gap_to(target, case.span, case.instrument)
    names = case.instrument.components["name"]
    steps = gains.groupby("component_code")["gain_points"].agg(["sum", "size"]).reindex(names.index).dropna()
    gained = round(math.fsum(gains["gain_points"]), 6)
    reached = round(start + gained, 6)
    values = {"goal": goal.name, "lower": number(goal.lower)}
    if gap.high <= 0:
        title = t("{goal} sudah tercapai: nilai {score}, batasnya {lower}", score=rules.written(start), **values)
    elif gained >= gap.high:
        title = t("{count} pertanyaan di {components} komponen, bila terjawab penuh, cukup untuk {goal}",
                  count=len(gains), components=len(steps), **values)  # fmt: skip
    else:
        title = t("Semua pertanyaan bersama belum cukup untuk {goal}: hanya sampai {reached}",
                  reached=rules.written(reached), **values)  # fmt: skip
    bottom, high = min(start, goal.lower), max(reached, goal.lower)
    low = max(0.0, bottom - 0.3 * max(high - bottom, 10.0))
    high += 0.04 * (high - low)
    how = t("Sumbu mulai di {low}, bukan nol: batang biru terpotong.", low=number(low, decimals=0)) if low > 0 else ""
    if case.unknown_points:
        how += " " + t(
            "Yang belum dijawab tidak dihitung: sampai {points} poin lebih.", points=number(case.unknown_points)
        )
    rows = _waterfall_rows(start, steps, names, reached, rules)
    left, column = 2.2, 1.15
    wrapped, row = row_names((name for name, *_ in rows), left, least=0.4)
    tall = row * (len(rows) + 0.7)
    figure, ax = new_figure(title, case, source, tall=tall, left=left, right=column + PAD, how=how)
    wide = WIDTH - left - column - PAD
    ax.set_xlim(low, high)
    _draw_waterfall(ax, rows, wide)
    put_rows(ax, wrapped)
    ax.set_ylim(len(rows) - 0.4, -1.1)
    ax.plot([goal.lower] * 2, [-0.6, len(rows) - 0.4], color=AMBER, linewidth=1.8, linestyle=(0, (4, 2)))
    label = f"{goal.name} {number(goal.lower)}"
    half = (text_width(label, TEXT, "bold") / 2) / wide * (high - low)
    x = min(goal.lower, high - half + 0.5 / wide * (high - low))
    write(ax, x, -0.85, label, ha="center", color=AMBER, fontweight="bold")
    told = "; ".join(" ".join(filter(None, (name, value, count))) for name, _, _, value, count in rows)
    alt = t(
        "Diagram air terjun dari nilai sekarang ke {goal} ({lower}); sumbu mulai di {low}. {told}.",
        low=number(low, decimals=0), told=told, **values,
    )  # fmt: skip
    table = drawn_table(
        case,
        t("Yang digambar: langkah dari nilai sekarang ke target"),
        (
            Column("name", t("Langkah")),
            Column("count", t("Jumlah pertanyaan"), "number"),
            Column("points", t("Poin"), "number", unit="points"),
            Column("running", t("Nilai sampai di sini"), "number", unit="points"),
        ),
        (
            (name, steps["size"].get(code), length, round(begin + length, 6))
            for code, (name, begin, length, *_) in zip([None, *steps.index, None], rows, strict=False)
        ),
        source,
    )
    return finished(title, alt, source, figure, table)


#: A step of the waterfall: its name, where it begins and how long it is (points), its value and how many questions, written.
Step = tuple[str, float, float, str, str]


def _waterfall_rows(start: float, steps: pd.DataFrame, names: pd.Series, reached: float, rules: Ladder) -> list[Step]:
    rows: list[Step] = [(t("Sekarang"), 0.0, start, rules.written(start), "")]
    running = start
    for code, step in steps.iterrows():
        count = t("{count} pertanyaan", count=int(step["size"]))
        rows.append((names[code], running, step["sum"], signed(step["sum"]), count))
        running = round(running + step["sum"], 6)
    if len(steps):
        rows.append((t("Sesudahnya"), 0.0, reached, rules.written(reached), ""))
    return rows


def _draw_waterfall(ax: Axes, rows: list[Step], wide: float) -> None:
    """Draw the steps; `wide` is the width of the plot in inches."""
    low, high = ax.get_xlim()
    for y, (_, begin, length, value, count) in enumerate(rows):
        from_here = max(begin, low)
        ax.barh(y, begin + length - from_here, left=from_here, color=AMBER if count else BLUE, height=0.6)
        style = {"transform": ax.get_yaxis_transform(), "linespacing": 1.15}
        text = f"{value}\n{count}" if count else value
        write(ax, 1 + 0.1 / wide, y, text, **style, fontweight="normal" if count else "bold")
        if not count and low > 0:  # two cuts through a bar that does not begin at zero
            for cut in (0.05, 0.075):
                x, slant = low + cut * (high - low), 0.012 * (high - low)
                style = {"color": PAPER, "linewidth": 2.2, "solid_capstyle": "butt"}
                ax.plot([x - slant, x + slant], [y + 0.36, y - 0.36], **style)
        if 0 < y < len(rows):
            ax.plot([max(begin, low) if count else begin + length] * 2, [y - 1, y], color=SOFT, linewidth=0.8, zorder=0)


@styled
def history(results: pd.DataFrame, case: Position) -> Chart:
    """The published results of the area over the years, scores as points and bare predicates as ranges.

    Args:
        results: `case.history`, or some of its rows.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> kla.charts.history(case.history[case.history["award_year"] < 2025], case)
    Kab. Tanah Bumbu: penghargaan terakhir yang terbit Madya pada 2023
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
    left, tall = 1.4, 4.1
    kinds = results.loc[results["score"].notna(), "stage"].nunique() + int(results["score"].isna().any())
    over = 0.12 + 0.19 * -(-kinds // 2)
    title = _history_title(results, rules, area)
    figure, ax = new_figure(title, case, source, tall=tall, left=left, under=0.28, over=over, badge=False)
    ax.set(xlim=(-0.5, len(years) - 0.5), ylim=(floor, rules.max_total))
    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    for colour, (low, high) in zip(zones(len(edges) - 1), itertools.pairwise(edges), strict=True):
        ax.axhspan(low, high, color=colour, zorder=0, linewidth=0)
    step = (rules.max_total - floor) / tall  # points in one inch
    wide = (WIDTH - left - PAD) / len(years)
    keys: dict[str, Any] = {}
    told: list[str] = []
    for x, year in enumerate(years):
        rows = results[results["award_year"] == year]
        if len(rows):
            told += _Year(ax, case, x, floor, step, wide, keys).draw(rows)
        else:
            text, narrow = t("tidak diketahui") if held[year] else t("tidak ada penghargaan"), wide < 0.95
            text = text if narrow else fit(text, wide - 0.04, SMALL)
            style = {"fontsize": SMALL, "color": SOFT, "rotation": 90 if narrow else 0}
            write(ax, x, floor + 0.08 * step, text, ha="center", va="bottom", **style)
    _history_axes(ax, years, edges, rules)
    place = {"loc": "lower left", "bbox_to_anchor": (-(left - PAD) / (WIDTH - left - PAD), 1.0), "ncols": 2}
    style = {"fontsize": 9.5, "frameon": False, "labelcolor": INK, "borderaxespad": 0.3}
    ax.legend(keys.values(), keys.keys(), **place, **style, handletextpad=0.5, columnspacing=1.6)
    alt = t("Hasil {area} yang terbit per tahun di atas tangga predikat: {told}.", area=area, told="; ".join(told))
    return finished(title, alt, source, figure, history_table(results, case))


def _history_title(results: pd.DataFrame, rules: Ladder, area: str) -> str:
    final = results[results["stage"] == AWARD_STAGE]
    if final.empty:
        return t("Belum ada penghargaan {area} yang terbit", area=area)
    last, year = final["known"].iloc[-1], int(final["award_year"].iloc[-1])
    if final["predicate"].iloc[-1] == rules.no_award_code:
        return t("{area} belum memperoleh penghargaan pada {year}", area=area, year=year)
    return t("{area}: penghargaan terakhir yang terbit {name} pada {year}", area=area, name=last, year=year)


def _history_axes(ax: Axes, years: list[int], edges: list[float], rules: Ladder) -> None:
    """Name the years and the bands."""
    ax.set_xticks(range(len(years)), [str(year) for year in years], fontsize=TEXT, color=INK)
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
            style = {"marker": markers.get(stage, "D"), "color": BLUE, "markersize": 10 if own else 9}
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
