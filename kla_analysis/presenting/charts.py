"""Charts: few, with the finding as title, text beside the marks, and the source inside the picture.

Every chart is drawn on a figure of its own, so nothing leaks from one to the next. Colour never
speaks alone: what is missing is hatched, points differ by marker, values stand beside their marks.
"""

from __future__ import annotations

import base64
import io
import itertools
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.comparison import gap_to, smallest_set
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.weakness import lost_by_agency, lost_points
from kla_analysis.instrument.bands import Band, Span
from kla_analysis.language import number, percent, t
from kla_analysis.presenting.wording import needs, points, predicate_of, source_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b2733"
SOFT = "#52606d"
BLUE = "#1f4e79"
AMBER = "#a85400"
MISSING = "#6f8498"
GRID = "#d5dce2"
PAPER = "#ffffff"
#: Tints behind the bands, from no award to the top: only a background, the names stand on them.
ZONES = ("#f3f4f6", "#e8eff6", "#d9e6f2", "#c9dcee", "#b8d1e9", "#a6c5e3")

#: Inches: narrow enough that text stays readable when a phone shrinks the picture.
WIDTH = 6.4
DPI = 160
_HEAD, _FOOT = 0.46, 0.42


@dataclass(frozen=True, eq=False, repr=False)
class Chart:
    """A finished chart: the finding, the picture, and the same in words for those who do not see it."""

    title: str
    alt: str
    figure: Figure

    def png(self, dpi: int = DPI) -> bytes:
        """Return the picture; the same data give the same bytes."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
        return buffer.getvalue()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt, "width": round(WIDTH * 100)}}

    def __repr__(self) -> str:
        return self.title


@needs("component")
def components(position: Position) -> Chart:
    """Filled and missing points of each component, in the order of the sheet."""
    table = position.roll_up.components
    most = lost_points(position.roll_up, "component").iloc[0]
    title = t(
        "{name} kehilangan paling banyak: {lost} dari {max} poin",
        name=most["name"],
        lost=number(most["lost_points"]),
        max=number(most["max_points"]),
    )
    figure, ax = _figure(title, position, rows=len(table), row_height=0.52)
    at = range(len(table))
    ax.barh(at, table["low"], color=BLUE, height=0.56)
    ax.barh(
        at,
        table["max_points"] - table["low"],
        left=table["low"],
        facecolor=PAPER,
        edgecolor=MISSING,
        hatch="////",
        height=0.56,
        linewidth=0.8,
    )
    for y, (_, row) in enumerate(table.iterrows()):
        ax.text(
            row["max_points"] + 4,
            y,
            t("{low} dari {max}", low=number(row["low"]), max=number(row["max_points"])),
            va="center",
            color=INK,
            fontsize=9.5,
            parse_math=False,
        )
    _names(ax, table["name"])
    ax.set_xlim(0, table["max_points"].max() * 1.42)
    _bare(ax)
    rows = "; ".join(
        t("{name} {low} dari {max}", name=row["name"], low=number(row["low"]), max=number(row["max_points"]))
        for _, row in table.iterrows()
    )
    return Chart(
        title, t("Diagram batang nilai tercapai (penuh) dan hilang (berarsir) per komponen: {rows}.", rows=rows), figure
    )


def ladder(position: Position, target: str) -> Chart:
    """The ladder of bands with the published span or score, the sheet's score, and the gap to the target."""
    rules = position.instrument.ladder
    goal, gap = gap_to(target, position.span, position.instrument)
    if gap.high <= 0:
        title = t("{area} sudah mencapai {goal}", area=position.area.name, goal=goal.name)
    else:
        title = t("{area}: {gap} lagi ke {goal}", area=position.area.name, gap=points(gap), goal=goal.name)
    figure, ax = _figure(title, position, rows=4, row_height=0.5, left=0.2, right=0.3)
    floor = min(400.0, position.span.low - 20)
    _zones(ax, rules.bands, floor, rules.max_total)
    rows: list[tuple[str, Span, str]] = []
    fact = position.published
    if fact is not None:
        rows.append((t("Terbit"), fact.span, "published"))
    if position.roll_up is not None:
        rows.append((t("Lembar ilustratif") if position.illustrative else t("Lembar nilai"), position.span, "sheet"))
    for y, (label, span, kind) in enumerate(rows):
        _mark(ax, span, len(rows) - y, label, kind, left=span.low < goal.lower or span.high > 0.85 * rules.max_total)
    ax.axvline(goal.lower, color=AMBER, linewidth=2, ymax=0.8)
    ax.text(
        goal.lower,
        0.12,
        f" {goal.name}: {number(goal.lower)}",
        color=AMBER,
        fontsize=10,
        fontweight="bold",
        ha="left" if goal.lower < 850 else "right",
        va="center",
        parse_math=False,
    )
    if gap.high > 0 and position.span.is_exact:
        ax.annotate(
            "",
            xy=(goal.lower, 0.55),
            xytext=(position.span.low, 0.55),
            arrowprops={"arrowstyle": "->", "color": AMBER, "linewidth": 1.8},
        )
    ax.set_xlim(floor, rules.max_total)
    ax.set_ylim(-0.2, len(rows) + 1.5)
    ax.set_yticks([])
    ax.set_xticks([band.lower for band in rules.bands] + [rules.max_total])
    ax.set_xticklabels([number(band.lower) for band in rules.bands] + [number(rules.max_total)], fontsize=9.5)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    told = "; ".join(f"{label}: {span}" for label, span, _ in rows)
    return Chart(
        title,
        t(
            "Tangga predikat dari 0 sampai {top}. {told} ({predicate}). {goal} mulai {lower}; jaraknya {gap}.",
            top=number(rules.max_total),
            told=told,
            predicate=predicate_of(position),
            goal=goal.name,
            lower=number(goal.lower),
            gap=points(gap),
        ),
        figure,
    )


@needs("indicator")
def indicator_heatmap(position: Position) -> Chart:
    """Every indicator as a cell: the darker, the larger the share of its maximum that is reached."""
    import numpy as np
    import seaborn as sns

    indicators = position.roll_up.indicators
    lowest = indicators["share"].idxmin()
    title = t(
        "Capaian terendah: indikator {code}, {share} dari maksimum",
        code=lowest,
        share=percent(indicators.loc[lowest, "share"]),
    )
    names = position.roll_up.components["name"]
    groups = {code: indicators[indicators["component_code"] == code] for code in names.index}
    width = max(len(group) for group in groups.values())
    values = np.full((len(groups), width), np.nan)
    texts = np.full((len(groups), width), "", dtype=object)
    for y, group in enumerate(groups.values()):
        for x, (code, row) in enumerate(group.iterrows()):
            values[y, x] = row["share"] * 100
            texts[y, x] = f"{code}\n{percent(row['share'])}"
    figure, ax = _figure(title, position, rows=len(groups), row_height=0.56, left=1.75)
    # Only the light half of the palette, so that dark text stays readable on every cell.
    sns.heatmap(
        values,
        mask=np.isnan(values),
        annot=texts,
        fmt="",
        cmap="Blues",
        vmin=0,
        vmax=180,
        cbar=False,
        linewidths=2,
        linecolor=PAPER,
        annot_kws={"fontsize": 9, "linespacing": 1.15, "color": INK},
        ax=ax,
    )
    ax.set_xticks([])
    ax.set_yticks([y + 0.5 for y in range(len(groups))])
    ax.set_yticklabels([_wrap(name, 22, 3) for name in names], fontsize=9, color=INK, rotation=0, parse_math=False)
    ax.tick_params(length=0)
    weak = indicators.sort_values("share").head(5)
    told = ", ".join(f"{code} {percent(row['share'])}" for code, row in weak.iterrows())
    return Chart(
        title,
        t(
            "Peta {count} indikator menurut bagian nilai maksimum yang tercapai, per komponen. Lima terendah: {told}.",
            count=len(indicators),
            told=told,
        ),
        figure,
    )


@needs("indicator")
def pareto(position: Position, top: int = 12) -> Chart:
    """The indicators that lose most points, with the running share of the whole loss."""
    import seaborn as sns

    ranked = lost_points(position.roll_up, "indicator")
    half = int((ranked["cumulative_share"] < 0.5).sum()) + 1
    title = t("{count} dari {all} indikator memuat separuh dari poin yang hilang", count=half, all=len(ranked))
    shown = ranked[ranked["lost_points"] > 0].head(top)
    figure, ax = _figure(title, position, rows=len(shown), row_height=0.44, left=2.75)
    at = list(range(len(shown)))
    sns.barplot(x=shown["lost_points"].to_numpy(), y=at, orient="h", color=BLUE, saturation=1, width=0.62, ax=ax)
    for y, (_, row) in enumerate(shown.iterrows()):
        ax.text(
            row["lost_points"] + 0.4,
            y,
            t(
                "{lost} poin · kumulatif {share}",
                lost=number(row["lost_points"]),
                share=percent(row["cumulative_share"]),
            ),
            va="center",
            color=INK,
            fontsize=9,
            parse_math=False,
        )
    line = min(half, len(shown)) - 0.5
    ax.axhline(line, color=AMBER, linewidth=1.6, linestyle=(0, (4, 3)))
    ax.text(
        1,
        line,
        t("separuh "),
        color=AMBER,
        fontsize=9,
        fontweight="bold",
        ha="right",
        va="bottom",
        transform=ax.get_yaxis_transform(),
        parse_math=False,
    )
    _names(ax, [f"{code}  {row['name']}" for code, row in shown.iterrows()], 36, 2)
    ax.set_xlim(0, shown["lost_points"].max() * 2.1)
    _bare(ax)
    told = "; ".join(f"{code} {row['name']} {number(row['lost_points'])}" for code, row in shown.head(5).iterrows())
    return Chart(title, t("Diagram Pareto poin yang hilang per indikator. Lima terbesar: {told}.", told=told), figure)


@needs("question")
def agencies(position: Position, top: int = 12) -> Chart:
    """Lost points by agency: everything it has a hand in, and its equal share."""
    ranked = lost_by_agency(position.roll_up).head(top)
    title = t(
        "{agency} ikut menjawab pertanyaan dengan {lost} poin yang hilang",
        agency=ranked.index[0],
        lost=number(ranked["involved_points"].iloc[0]),
    )
    figure, ax = _figure(title, position, rows=len(ranked), row_height=0.4, left=1.55)
    for y, (_, row) in enumerate(ranked.iterrows()):
        involved, shared = row["involved_points"], row["shared_points"]
        ax.barh(y, involved, facecolor=PAPER, edgecolor=MISSING, hatch="////", height=0.6, linewidth=0.8)
        ax.barh(y, shared, color=BLUE, height=0.6)
        ax.text(
            involved + ranked["involved_points"].max() * 0.015,
            y,
            f"{number(involved)} · {number(shared)}",
            va="center",
            color=INK,
            fontsize=9,
            parse_math=False,
        )
    _names(ax, ranked.index)
    ax.set_xlim(0, ranked["involved_points"].max() * 1.3)
    ax.text(
        1,
        0.04,
        t("berarsir: ikut menjawab,\ndihitung penuh dan bertumpang tindih\npenuh: bagian rata"),
        ha="right",
        va="bottom",
        fontsize=9,
        color=SOFT,
        transform=ax.transAxes,
        linespacing=1.25,
    )
    _bare(ax)
    told = "; ".join(
        f"{name} {number(row['involved_points'])} ({number(row['shared_points'])})"
        for name, row in ranked.head(6).iterrows()
    )
    return Chart(
        title,
        t(
            "Diagram batang poin yang hilang menurut penanggung jawab, ikut menjawab dan (dalam kurung) "
            "bagian rata: {told}.",
            told=told,
        ),
        figure,
    )


@needs("question")
def waterfall(position: Position, target: str) -> Chart:
    """From today's score to the target: what each component adds in the smallest set of questions."""
    goal, gap = gap_to(target, position.span, position.instrument)
    chosen = smallest_set(position.roll_up, gap.high)
    names = position.roll_up.components["name"]
    steps = chosen.questions.groupby("component_code")["gain_points"].agg(["sum", "size"]).reindex(names.index).dropna()
    start = position.span.low
    reached = round(start + chosen.gain_points, 6)
    if gap.high <= 0:
        title = t("{goal} sudah tercapai; tidak ada langkah yang diperlukan", goal=goal.name)
    elif chosen.closes:
        title = t(
            "{count} pertanyaan di {components} komponen cukup untuk {goal}",
            count=len(chosen.questions),
            components=len(steps),
            goal=goal.name,
        )
    else:
        title = t("Semua pertanyaan bersama belum cukup untuk {goal}", goal=goal.name)
    rows = [(t("Sekarang"), 0.0, start, number(start), BLUE)]
    running = start
    for code, step in steps.iterrows():
        label = t("+{points} dari {count} pertanyaan", points=number(step["sum"]), count=int(step["size"]))
        rows.append((names[code], running, step["sum"], label, AMBER))
        running = round(running + step["sum"], 6)
    if len(steps):
        rows.append((t("Sesudahnya"), 0.0, reached, number(reached), BLUE))
    figure, ax = _figure(title, position, rows=len(rows) + 1, row_height=0.46)
    low = min(start, goal.lower) - 0.35 * max(abs(reached - start), goal.lower - start, 20)
    high = max(reached, goal.lower) + 1.0 * max(reached - start, 20)
    for y, (_, left, length, label, colour) in enumerate(rows):
        begin = max(left, low)
        ax.barh(y, left + length - begin, left=begin, color=colour, height=0.6)
        ax.text(
            left + length + (high - low) * 0.012,
            y,
            label,
            va="center",
            color=INK,
            fontsize=9.5,
            parse_math=False,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
        )
        if 0 < y < len(rows) - 1:
            ax.plot([left, left], [y - 1, y], color=SOFT, linewidth=0.8, zorder=0)
    ax.axvline(goal.lower, color=AMBER, linewidth=1.6, linestyle=(0, (4, 3)), zorder=0)
    ax.text(
        goal.lower,
        len(rows) - 0.25,
        f"{goal.name} {number(goal.lower)}",
        color=AMBER,
        fontsize=9.5,
        fontweight="bold",
        ha="center",
        va="center",
        parse_math=False,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1},
    )
    _names(ax, [name for name, *_ in rows])
    ax.set_xlim(low, high)
    _bare(ax)
    ax.set_ylim(len(rows) + 0.1, -0.6)
    told = "; ".join(f"{name} {label}" for name, _, _, label, _ in rows)
    return Chart(
        title,
        t(
            "Diagram air terjun dari nilai sekarang ke target {goal} ({lower}); sumbu tidak mulai dari nol. {told}.",
            goal=goal.name,
            lower=number(goal.lower),
            told=told,
        ),
        figure,
    )


def history(position: Position) -> Chart:
    """The published results of the area over the years, scores as points and bare predicates as ranges."""
    rules = position.instrument.ladder
    rows = position.history
    known = rows[rows["score"].notna() | rows["predicate"].notna()]
    final = known[(known["stage"] == "final") & known["predicate"].notna()]
    if final.empty:
        title = t("Belum ada penghargaan {area} yang terbit di data ini", area=position.area.name)
    else:
        last = final.iloc[-1]
        title = t(
            "Penghargaan terakhir yang terbit: {name} pada {year}",
            name=rules.name(last["predicate"]),
            year=int(last["award_year"]),
        )
    figure, ax = _figure(title, position, rows=8, row_height=0.5, left=1.35, room=0.5, sheet=False)
    years = known["award_year"].astype(int) if len(known) else pd.Series([position.award_year])
    first, last_year = int(years.min()), int(years.max())
    edges = [400.0, *(band.lower for band in rules.bands), rules.max_total]
    for at, (low, high) in enumerate(itertools.pairwise(edges)):
        ax.axhspan(low, high, color=ZONES[at], zorder=0, linewidth=0)
    stages = {stage.code: stage.name for stage in position.instrument.stages}
    used: dict[str, Any] = {}
    told = []
    labels: dict[int, list[tuple[float, str]]] = {}
    for row in known.itertuples():
        year = int(row.award_year)
        stage = stages.get(row.stage, t("Selama verifikasi"))
        if pd.notna(row.score):
            own = row.stage == "self_assessment"
            marker = {"self_assessment": "^", "administrative_verification": "D", "final": "o"}.get(row.stage, "s")
            (used[stage],) = ax.plot(
                year,
                row.score,
                marker=marker,
                color=BLUE,
                markersize=9,
                linestyle="none",
                markerfacecolor=PAPER if own else BLUE,
                markeredgewidth=1.8,
            )
            y, text = row.score, number(row.score)
            told.append(f"{year} {stage.lower()} {text}")
        else:
            span, text = rules.span_of(row.predicate), rules.name(row.predicate)
            kind = t("Hanya predikat, tanpa nilai")
            (used[kind],) = ax.plot(
                [year, year], [max(span.low, edges[0]), span.high], color=BLUE, linewidth=6, solid_capstyle="butt"
            )
            y = max(span.middle, 450)
            told.append(t("{year} {name}, nilai tidak diumumkan", year=year, name=text))
        near = [at for at, _ in labels.get(year, []) if abs(at - y) < 40]
        labels.setdefault(year, []).append((near[0] if near else y, text))
    for year, beside in labels.items():
        for y in dict.fromkeys(at for at, _ in beside):
            ax.text(
                year + 0.03 * (last_year - first + 2),
                y,
                "\n".join(text for at, text in beside if at == y),  # results too close for a line each share one
                ha="left",
                va="center",
                rotation=90 if last_year - first > 6 else 0,  # many years stand too close for level text
                fontsize=9.5,
                color=INK,
                parse_math=False,
            )
    for year in (2020, 2024):  # no award was given in these years
        if first < year < last_year:
            ax.text(
                year,
                408,
                t("tidak ada\npenghargaan"),
                rotation=90 if last_year - first > 6 else 0,
                ha="center",
                va="bottom",
                fontsize=9,
                color=SOFT,
            )
    ax.set_xlim(first - 0.5, last_year + 0.35 + 0.13 * (last_year - first + 2))
    ax.set_ylim(edges[0], edges[-1])
    ax.set_xticks(range(first, last_year + 1))
    ax.set_yticks([(low + high) / 2 for low, high in itertools.pairwise(edges)])
    ax.set_yticklabels(
        [
            t("di bawah {lower}", lower=number(edges[1])),
            *(f"{band.name} {number(band.lower)}–{number(band.printed_upper)}" for band in rules.bands),
        ],
        fontsize=9,
        color=INK,
    )
    ax.tick_params(length=0, labelsize=9)
    ax.spines[:].set_visible(False)
    if used:
        ax.legend(
            used.values(),
            used.keys(),
            loc="lower left",
            ncols=2,
            fontsize=9,
            frameon=False,
            labelcolor=INK,
            bbox_to_anchor=(-0.02, 1.0),
            handletextpad=0.5,
            columnspacing=1.4,
        )
    return Chart(
        title,
        t("Hasil {area} yang terbit per tahun: {told}.", area=position.area.name, told="; ".join(told) or "–"),
        figure,
    )


def _figure(
    title: str,
    position: Position,
    *,
    rows: int,
    row_height: float,
    left: float = 2.1,
    right: float = 0.12,
    room: float = 0.0,
    sheet: bool = True,
) -> tuple[Figure, Axes]:
    """Make a figure with the finding above and the source below, sized to its rows (inches)."""
    from matplotlib.figure import Figure

    wrapped = _wrap(title, 58, 3)
    head = _HEAD + 0.2 * wrapped.count("\n")
    source = _wrap(
        source_note(position) if sheet else t("Sumber: hasil yang terbit, lihat tabel. Status: terbit."), 92, 3
    )
    foot = _FOOT + 0.14 * source.count("\n")
    height = head + rows * row_height + foot
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
    # The plot ends a little below the title and begins a little above the source; `room` is for what stands on top.
    ax = figure.add_axes(
        (left / WIDTH, (foot + 0.12) / height, 1 - (left + right) / WIDTH, (rows * row_height - 0.12 - room) / height)
    )
    ax.set_facecolor(PAPER)
    figure.text(
        0.12 / WIDTH, 1 - 0.12 / height, wrapped, va="top", fontsize=12, fontweight="bold", color=INK, parse_math=False
    )
    if sheet and position.illustrative:
        figure.text(
            1 - 0.1 / WIDTH,
            0.09 / height,
            t("ILUSTRATIF"),
            ha="right",
            va="bottom",
            fontsize=9,
            fontweight="bold",
            color=AMBER,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.25", "facecolor": PAPER, "edgecolor": AMBER},
        )
        source = _wrap(source_note(position), 76, 3)
    figure.text(
        0.12 / WIDTH, 0.07 / height, source, va="bottom", fontsize=8, color=SOFT, parse_math=False, linespacing=1.2
    )
    return figure, ax


def _zones(ax: Axes, bands: tuple[Band, ...], floor: float, top: float) -> None:
    """Draw the bands side by side as tinted zones with their names above."""
    edges = [floor, *(band.lower for band in bands), top]
    names = ["–", *(band.name for band in bands)]
    for at, (low, high) in enumerate(itertools.pairwise(edges)):
        ax.axvspan(low, high, color=ZONES[at], zorder=0, linewidth=0)
        ax.text(
            (low + high) / 2,
            0.96,
            names[at],
            ha="center",
            va="top",
            fontsize=9.5,
            color=INK,
            transform=ax.get_xaxis_transform(),
            parse_math=False,
            linespacing=1.1,
        )


def _mark(ax: Axes, span: Span, y: float, label: str, kind: str, *, left: bool) -> None:
    """Mark an exact score as a point and a span as a bar, each with its value beside it."""
    text = f"{label}: {span}"
    if span.is_exact:
        ax.plot(
            span.low,
            y,
            marker="o" if kind == "sheet" else "D",
            markersize=11,
            color=BLUE,
            linestyle="none",
            markeredgecolor=PAPER,
            markeredgewidth=1.5,
        )
    else:
        ax.barh(y, span.high - span.low, left=span.low, height=0.34, color=BLUE)
    if left:  # on the side that keeps the text off the target line
        ax.text(span.low - 12, y, text, ha="right", va="center", fontsize=10, color=INK, parse_math=False)
    else:
        ax.text(span.high + 12, y, text, ha="left", va="center", fontsize=10, color=INK, parse_math=False)


def _names(ax: Axes, names: Any, width: int = 27, lines: int = 3) -> None:
    """Name the rows, the first at the top."""
    ax.set_yticks(range(len(names)))
    ax.set_yticklabels(
        [_wrap(str(name), width, lines) for name in names], fontsize=9, color=INK, parse_math=False, linespacing=1.05
    )
    ax.set_ylim(len(names) - 0.4, -0.6)


def _bare(ax: Axes) -> None:
    """Leave only what carries meaning: values stand beside their bars, so no axis is needed."""
    ax.set_xticks([])
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.tick_params(length=0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(GRID)


def _wrap(text: str, width: int, lines: int) -> str:
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" …"))
