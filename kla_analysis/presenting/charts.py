"""Charts: few, with the finding as title, text beside the marks, and the source inside the picture.

Every chart is drawn on a figure of its own and in a style of its own, so nothing leaks from one to
the next or from a notebook's settings into a chart. Colour never speaks alone: what is missing is
hatched, points differ by marker, values stand beside their marks. Text is measured before it is
set, so that a long name wraps instead of running out of the picture.
"""

from __future__ import annotations

import base64
import io
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pandas as pd

from kla_analysis.analysis.comparison import gap_to, smallest_set
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.weakness import lost_by_agency, lost_points
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import level_name, standing_name
from kla_analysis.language import number, percent, signed, t
from kla_analysis.presenting.wording import needs, points, predicate_of, source_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

INK = "#1b2733"
SOFT = "#52606d"
BLUE = "#1f4e79"
AMBER = "#a85400"
MISSING = "#6f8498"
GRID = "#d5dce2"
PAPER = "#ffffff"
#: Tints behind the bands, from no award to the top: only a background, the names stand on them.
ZONES = ("#f3f4f6", "#e8eff6", "#d9e6f2", "#c9dcee", "#b8d1e9", "#a6c5e3")
#: The two ends of the heatmap, 0 and 100 %: light enough for dark text on every cell between them.
HEAT = ("#f4f8fc", "#6fa8d8")

#: Inches: narrow enough that text stays readable when a phone shrinks the picture.
WIDTH = 6.4
DPI = 160
#: Points. Nothing is written smaller than `SMALL`.
HEAD, TEXT, NAME, SMALL = 13.0, 10.5, 9.75, 9.0

_PAD = 0.12
_LOST = {"facecolor": PAPER, "edgecolor": MISSING, "hatch": "////", "linewidth": 0.8}
_KNOWN_RANGE = {"facecolor": PAPER, "edgecolor": BLUE, "hatch": "////", "linewidth": 1.4}
_STYLE = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "hatch.linewidth": 0.8,
    "savefig.facecolor": "auto",
    "savefig.edgecolor": "auto",
    "savefig.bbox": None,
    "savefig.transparent": False,
    "path.effects": [],
    "path.sketch": None,
    "axes.grid": False,
    "axes.axisbelow": True,
    "text.antialiased": True,
}
#: Years in which the ministry gave no award.
_NO_AWARD_YEARS = (2020, 2024)


@dataclass(frozen=True, eq=False, repr=False)
class Chart:
    """A finished chart: the finding, the picture, and the same in words for those who do not see it.

    Attributes:
        title: the finding, one sentence; it also stands above the picture.
        alt: what kind of chart it is and its key numbers.
        source: where the numbers come from and how sure they are; it also stands below the picture.
    """

    title: str
    alt: str
    source: str
    figure: Figure

    def png(self, dpi: int = DPI) -> bytes:
        """Return the picture; the same data give the same bytes."""
        from matplotlib import rc_context

        buffer = io.BytesIO()
        with rc_context(_STYLE):
            self.figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
        return buffer.getvalue()

    def save(self, path: str | Path, dpi: int = DPI) -> Path:
        """Write the picture to a file and return where it is."""
        path = Path(path)
        path.write_bytes(self.png(dpi))
        return path

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[dict, dict]:
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt}
        return data, {"image/png": {"alt": self.alt, "title": self.title, "width": round(WIDTH * 100)}}

    def __repr__(self) -> str:
        return self.title


def _styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw in the charts' own style, whatever the notebook has set."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        from matplotlib import rc_context

        with rc_context(_STYLE):
            return draw(*args, **kwargs)

    return styled


@_styled
def ladder(position: Position, target: str) -> Chart:
    """The ladder of bands with the published span or score, the sheet's score, and the gap to the target."""
    rules, fact, span = position.instrument.ladder, position.published, position.span
    goal, gap = gap_to(target, span, position.instrument)
    area = position.area.name
    values = {"area": area, "goal": goal.name, "gap": points(gap)}
    if gap.high <= 0:
        title = (
            t("{area} sudah mencapai {goal} menurut lembar ilustratif", **values)
            if position.illustrative
            else t("{area} sudah mencapai {goal}", **values)
        )
    else:
        title = (
            t("{area}: {gap} lagi ke {goal} menurut lembar ilustratif", **values)
            if position.illustrative
            else t("{area}: {gap} lagi ke {goal}", **values)
        )

    rows: list[tuple[str, Span, bool]] = []
    if fact is not None:
        name = rules.name(fact.predicate) if fact.predicate else rules.place(fact.span.low).name
        label = t("Terbit ({stage}): {name} {span}", stage=_stage(position, fact.stage), name=name, span=str(fact.span))
        _, published_gap = gap_to(target, fact.span, position.instrument)
        if position.roll_up is not None and published_gap.high > 0:
            label = t("{label}, {gap} ke {goal}", label=label, gap=points(published_gap), goal=goal.name)
        rows.append((label, fact.span, True))
    if position.roll_up is not None:
        sheet = t("Lembar ilustratif") if position.illustrative else t("Lembar nilai")
        label = t("{sheet}: {name} {span}", sheet=sheet, name=predicate_of(position), span=str(span))
        rows.append((label, span, False))

    source = _source(position, published=fact is not None)
    tall = 0.5 + 0.62 * len(rows) + (0.6 if gap.high > 0 else 0.1)
    figure, ax = _figure(title, position, source, tall=tall, left=0.28, right=0.28, under=0.26)
    lowest = min(each.low for _, each, _ in rows)
    floor = 400.0 if lowest >= 430 else 0.0
    ax.set(xlim=(floor, rules.max_total), ylim=(0, tall))
    wide = WIDTH - 0.56

    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    names = [t("tanpa penghargaan"), *(band.name for band in rules.bands)]
    for colour, name, low, high in zip(ZONES, names, edges, edges[1:], strict=False):
        ax.axvspan(low, high, color=colour, zorder=0, linewidth=0)
        room = (high - low) / (rules.max_total - floor) * wide - 0.04
        size = 9.5 if floor else SMALL
        _write(ax, (low + high) / 2, tall - 0.24, _fit(name, room, size), ha="center", linespacing=1.05, fontsize=size)

    def inside(text: str, x: float, size: float = TEXT) -> float:
        """Centre a text on a mark, but keep it inside the picture."""
        half = (_width(text, size, "bold") / 2 + 0.04) / wide * (rules.max_total - floor)
        return min(max(x, floor + half), rules.max_total - half)

    for at, (label, each, published) in enumerate(rows):
        y = tall - 0.62 - 0.62 * at
        label = _fit(label, wide - 0.1, TEXT, lines=1)
        _write(ax, inside(label, each.middle), y, label, ha="center")
        # The line of the target stands beside the marks only, so that it crosses no text.
        ax.plot([goal.lower] * 2, [y - 0.48, y - 0.12], color=AMBER, linewidth=2, zorder=2)
        if not each.is_exact:
            style = _KNOWN_RANGE if published else {"color": BLUE}
            ax.barh(y - 0.27, each.high - each.low, left=each.low, height=0.2, zorder=3, **style)
        else:
            ax.plot(
                each.low,
                y - 0.27,
                marker="D" if published else "o",
                markersize=11,
                color=BLUE,
                linestyle="none",
                markeredgecolor=PAPER,
                markeredgewidth=1.5,
                zorder=3,
            )
    if gap.high > 0:
        # A bracket from the score, or from the low end of what is known, up to the target.
        ax.plot([span.low, span.low, goal.lower, goal.lower], [0.52, 0.45, 0.45, 0.52], color=AMBER, linewidth=1.8)
        label = t("{gap} ke {goal} ({lower})", gap=points(gap), goal=goal.name, lower=number(goal.lower))
        _write(
            ax,
            inside(label, (span.low + goal.lower) / 2),
            0.22,
            label,
            ha="center",
            color=AMBER,
            fontweight="bold",
            bbox=_patch(PAPER, AMBER),
        )
    ax.set_yticks([])
    ax.set_xticks(edges, [number(edge) for edge in edges], fontsize=TEXT - 0.5, color=INK)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    told = "; ".join(label for label, _, _ in rows)
    alt = t(
        "Tangga predikat dari {floor} sampai {top}; di bawah {first} tanpa penghargaan. {told}. {goal} mulai di "
        "{lower}; jaraknya {gap}.",
        floor=number(floor),
        top=number(rules.max_total),
        first=number(rules.bands[0].lower),
        told=told,
        goal=goal.name,
        lower=number(goal.lower),
        gap=points(gap),
    )
    return _chart(title, alt, source, figure)


@needs("component")
@_styled
def components(position: Position) -> Chart:
    """Filled and missing points of each component, in the order of the sheet."""
    table, source = position.roll_up.components, _source(position)
    most = lost_points(position.roll_up, "component").iloc[0]
    title = t(
        "{name} kehilangan paling banyak: {lost} dari {max} poin",
        name=most["name"],
        lost=number(most["lost_points"]),
        max=number(most["max_points"]),
    )
    if most["lost_points"] <= 0:
        title = t("Semua komponen bernilai penuh")
    unanswered = bool((table["high"] > table["low"]).any())
    how = t("Penuh: nilai tercapai. Berarsir: nilai yang hilang.")
    if unanswered:
        how += " " + t("Bertitik: belum terjawab.")
    names, row = _row_names(table["name"], 2.2)
    figure, ax = _figure(title, position, source, tall=row * len(table), left=2.2, how=how)
    ends, labels = table["max_points"].tolist(), []
    for y, one in enumerate(table.itertuples()):
        ax.barh(y, one.low, color=BLUE, height=0.58)
        ax.barh(y, one.high - one.low, left=one.low, **(_LOST | {"hatch": "...."}), height=0.58)
        ax.barh(y, one.max_points - one.high, left=one.high, **_LOST, height=0.58)
        labels.append(t("{reached} dari {max}", reached=str(Span(one.low, one.high)), max=number(one.max_points)))
    _rows(ax, names)
    _label_bars(ax, ends, labels, WIDTH - 2.2 - _PAD)
    told = "; ".join(f"{name} {label}" for name, label in zip(table["name"], labels, strict=True))
    alt = t("Diagram batang nilai tercapai (penuh) dan hilang (berarsir) per komponen: {told}.", told=told)
    return _chart(title, alt, source, figure)


@needs("indicator")
@_styled
def indicator_heatmap(position: Position, component: str | None = None) -> Chart:
    """Every indicator as a cell: the darker, the larger the share of its maximum that is reached.

    Args:
        component: show the indicators of one component only, one in each row with its name.
    """
    import numpy as np
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    source, parts = _source(position), position.roll_up.components
    table = position.roll_up.indicators
    if component is not None:
        table = table[table["component_code"] == position.instrument.component(component).code]
    ranked = table.assign(at=range(len(table))).sort_values(["share", "at"])
    weakest = ranked[ranked["share"] < 1].head(5 if component is None else 1)
    title = t("Semua indikator bernilai penuh")
    if len(weakest):
        title = t(
            "Capaian terendah: indikator {code}, {share} dari maksimum ({name})",
            code=weakest.index[0],
            name=weakest["name"].iloc[0],
            share=percent(weakest["share"].iloc[0]),
        )

    if component is None:
        groups = [table[table["component_code"] == code] for code in parts.index]
        names, left = parts["name"], 2.2
    else:
        groups = [table.loc[[code]] for code in table.index]
        names, left = [f"{code}  {name}" for code, name in table["name"].items()], 3.6
    shape = len(groups), max(len(group) for group in groups)
    shares, texts = np.full(shape, np.nan), np.full(shape, "", dtype=object)
    marked = []
    for y, group in enumerate(groups):
        for x, one in enumerate(group.itertuples()):
            shares[y, x] = one.share
            value = percent(one.share)
            reached = t("{reached} dari {max}", reached=number(one.low), max=number(one.max_points))
            texts[y, x] = f"{one.Index}\n{value}" if component is None else f"{value} · {reached}"
            if one.Index in weakest.index:
                marked.append((x, y))
    how = t("Makin gelap, makin besar bagian yang tercapai.")
    if len(weakest):
        how += " " + (
            t("Bergaris tepi: yang terendah.")
            if len(weakest) == 1
            else t("Bergaris tepi: {count} terendah.", count=len(weakest))
        )
    wrapped, row = _row_names(names, left, least=0.5)
    figure, ax = _figure(title, position, source, tall=row * len(groups), left=left, how=how)
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
    for x, y in marked:
        ax.add_patch(Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, fill=False, edgecolor=AMBER, linewidth=2))
    _rows(ax, wrapped, at=[y + 0.5 for y in range(len(groups))])
    ax.set_ylim(len(groups), 0)
    ax.set_xlim(0, shape[1])
    ax.spines[:].set_visible(False)
    where = t("per komponen") if component is None else parts.loc[component, "name"]
    told = "; ".join(f"{code} {percent(share)}" for code, share in ranked["share"].head(5).items())
    alt = t(
        "Peta panas {count} indikator menurut bagian nilai maksimum yang tercapai, {where}. Terendah: {told}. "
        "Tertinggi: {code} {share}.",
        count=len(table),
        where=where,
        told=told,
        code=ranked.index[-1],
        share=percent(ranked["share"].iloc[-1]),
    )
    return _chart(title, alt, source, figure)


@needs("indicator")
@_styled
def pareto(position: Position, level: str = "indicator", top: int = 15) -> Chart:
    """The largest losses of a level as bars, with the running share of the whole loss as a line beside them."""
    source = _source(position)
    ranked = lost_points(position.roll_up, level)
    loss = ranked["lost_points"].sum()
    if loss <= 0:
        return _said(t("Tidak ada poin yang hilang di tingkat {level}", level=level_name(level)), position, source)
    half = int((ranked["cumulative_share"] < 0.5).sum()) + 1
    title = t(
        "{count} dari {all} {level} memuat separuh dari {loss} poin yang hilang",
        count=half,
        all=len(ranked),
        level=level_name(level),
        loss=number(loss),
    )
    losing = ranked[ranked["lost_points"] > 0]
    shown = losing.head(top)
    how = t("Batang: poin yang hilang. Garis: bagian kumulatif dari semua yang hilang.")
    if len(losing) > len(shown):
        how += " " + t("Ditunjukkan {shown} terbesar dari {all}.", shown=len(shown), all=len(losing))
    left, bars = 2.75, 1.95
    names, row = _row_names((f"{code}  {name}" for code, name in shown["name"].items()), left, lines=2)
    # The divider below the half gets a row of its own, so that it crosses no number.
    divided = half < len(shown)
    at = [y + (0.6 if divided and y >= half else 0.0) for y in range(len(shown))]
    figure, ax = _figure(
        title, position, source, tall=row * (at[-1] + 1), left=left, how=how, right=WIDTH - left - bars
    )
    line = figure.add_axes((0, 0, 1, 1))
    box = ax.get_position()
    line.set_position(((left + bars + 0.12) / WIDTH, box.y0, (WIDTH - left - bars - 0.12 - 0.58) / WIDTH, box.height))
    for y, (place, value) in enumerate(zip(at, shown["lost_points"], strict=True)):
        ax.barh(place, value, color=BLUE if y < half else MISSING, height=0.6)
    _rows(ax, names, at=at)
    _label_bars(ax, shown["lost_points"], [number(value) for value in shown["lost_points"]], bars, at=at)
    line.plot(shown["cumulative_share"], at, color=AMBER, linewidth=1.6, marker="o", markersize=5)
    for place, share in zip(at, shown["cumulative_share"], strict=True):
        _write(line, share, place, percent(share), fontsize=9.5, xytext=(7, 0))
    line.set(xlim=(0, 1), ylim=ax.get_ylim(), xticks=[], yticks=[], facecolor="none")
    line.spines[:].set_visible(False)
    if divided:
        y = half - 0.2
        ends = (ax.transData.transform((0, y))[1] / figure.bbox.height,) * 2
        figure.add_artist(_line((_PAD / WIDTH, 1 - _PAD / WIDTH), ends))
        figure.text(
            _PAD / WIDTH,
            ends[0],
            t("separuh dari yang hilang"),
            ha="left",
            va="center",
            fontsize=SMALL,
            color=AMBER,
            fontweight="bold",
            parse_math=False,
            bbox=_patch(PAPER),
        )
    told = "; ".join(
        f"{code} {name} {number(lost)}" for code, name, lost in shown[["name", "lost_points"]].head(4).itertuples()
    )
    alt = t(
        "Diagram Pareto poin yang hilang per {level}: {count} dari {all} memuat separuh dari {loss} poin. "
        "Terbesar: {told}.",
        level=level_name(level),
        count=half,
        all=len(ranked),
        loss=number(loss),
        told=told,
    )
    return _chart(title, alt, source, figure)


@needs("question")
@_styled
def agencies(position: Position, top: int = 12) -> Chart:
    """Lost points by agency: everything it has a hand in, and its equal share of each question."""
    source = _source(position)
    ranked = lost_by_agency(position.roll_up)
    if ranked.empty:
        return _said(t("Tidak ada poin yang hilang"), position, source)
    shown, first = ranked.head(top), ranked.index[0]
    most = number(ranked["involved_points"].iloc[0])
    title = t("{agency} ikut menjawab pertanyaan dengan {lost} poin yang hilang", agency=first, lost=most)
    if first == t("(belum ada penanggung jawab)"):
        title = t("{lost} poin hilang di pertanyaan tanpa penanggung jawab", lost=most)
    how = t(
        "Berarsir: semua yang ikut dijawab; satu pertanyaan sering milik beberapa instansi, jadi jangan "
        "dijumlahkan. Penuh: bagian rata tiap pertanyaan (asumsi)."
    )
    if len(ranked) > len(shown):
        how += " " + t("Ditunjukkan {shown} terbesar dari {all}.", shown=len(shown), all=len(ranked))
    names, row = _row_names(shown.index, 1.75, least=0.33)
    columns = 1.6
    figure, ax = _figure(
        title, position, source, tall=row * (len(shown) + 1.2), left=1.75, how=how, right=columns + _PAD
    )
    heads = (t("ikut\nmenjawab"), t("bagian\nrata"))
    wide = WIDTH - 1.75 - columns - _PAD
    for head, right in zip(heads, (0.9, columns), strict=True):
        _write(
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
        ax.barh(y, involved, **_LOST, height=0.62)
        ax.barh(y, shared, color=BLUE, height=0.62)
        for value, right in ((involved, 0.9), (shared, columns)):
            _write(ax, 1 + right / wide, y, number(value, decimals=2), ha="right", transform=ax.get_yaxis_transform())
    _rows(ax, names)
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
    return _chart(title, alt, source, figure)


@needs("question")
@_styled
def waterfall(position: Position, target: str) -> Chart:
    """From today's score to the target: what each component adds in the smallest set of questions."""
    source, start = _source(position), position.span.low
    goal, gap = gap_to(target, position.span, position.instrument)
    chosen = smallest_set(position.roll_up, gap.high)
    parts = position.roll_up.components["name"]
    steps = chosen.questions.groupby("component_code")["gain_points"].agg(["sum", "size"]).reindex(parts.index).dropna()
    reached = round(start + chosen.gain_points, 6)
    if gap.high <= 0:
        title = t(
            "{goal} sudah tercapai: nilai {score}, batasnya {lower}",
            goal=goal.name,
            score=number(start),
            lower=number(goal.lower),
        )
    elif chosen.closes:
        title = t(
            "{count} pertanyaan di {components} komponen, bila terjawab penuh, cukup untuk {goal}",
            count=len(chosen.questions),
            components=len(steps),
            goal=goal.name,
        )
    else:
        title = t(
            "Semua pertanyaan bersama belum cukup untuk {goal}: hanya sampai {reached}",
            goal=goal.name,
            reached=number(reached),
        )
    bottom, high = min(start, goal.lower), max(reached, goal.lower)
    low = max(0.0, bottom - 0.3 * max(high - bottom, 10.0))
    high += 0.04 * (high - low)
    how = t("Sumbu mulai di {low}, bukan nol: batang biru terpotong.", low=number(low, decimals=0)) if low > 0 else ""

    rows: list[tuple[str, float, float, str, str]] = [(t("Sekarang"), 0.0, start, number(start), "")]
    running = start
    for code, step in steps.iterrows():
        count = t("{count} pertanyaan", count=int(step["size"]))
        rows.append((parts[code], running, step["sum"], signed(step["sum"]), count))
        running = round(running + step["sum"], 6)
    if len(steps):
        rows.append((t("Sesudahnya"), 0.0, reached, number(reached), ""))
    left, column = 2.2, 1.15
    names, row = _row_names((name for name, *_ in rows), left, least=0.4)
    figure, ax = _figure(title, position, source, tall=row * (len(rows) + 0.7), left=left, right=column + _PAD, how=how)
    wide = WIDTH - left - column - _PAD
    ax.set_xlim(low, high)
    for y, (_, begin, length, value, count) in enumerate(rows):
        from_here = max(begin, low)
        ax.barh(y, begin + length - from_here, left=from_here, color=AMBER if count else BLUE, height=0.6)
        text = f"{value}\n{count}" if count else value
        _write(
            ax,
            1 + 0.1 / wide,
            y,
            text,
            transform=ax.get_yaxis_transform(),
            linespacing=1.15,
            fontweight="normal" if count else "bold",
        )
        if not count and low > 0:  # two cuts through a bar that does not begin at zero
            for cut in (0.05, 0.075):
                x = low + cut * (high - low)
                ax.plot(
                    [x - 0.012 * (high - low), x + 0.012 * (high - low)],
                    [y + 0.36, y - 0.36],
                    color=PAPER,
                    linewidth=2.2,
                    solid_capstyle="butt",
                )
        if 0 < y < len(rows):
            ax.plot([max(begin, low) if count else begin + length] * 2, [y - 1, y], color=SOFT, linewidth=0.8, zorder=0)
    _rows(ax, names)
    ax.set_ylim(len(rows) - 0.4, -1.1)
    ax.plot([goal.lower] * 2, [-0.6, len(rows) - 0.4], color=AMBER, linewidth=1.8, linestyle=(0, (4, 2)))
    label = f"{goal.name} {number(goal.lower)}"
    half = (_width(label, TEXT, "bold") / 2) / wide * (high - low)
    _write(
        ax,
        min(goal.lower, high - half + 0.5 / wide * (high - low)),
        -0.85,
        label,
        ha="center",
        color=AMBER,
        fontweight="bold",
    )
    told = "; ".join(" ".join(filter(None, (name, value, count))) for name, _, _, value, count in rows)
    alt = t(
        "Diagram air terjun dari nilai sekarang ke {goal} ({lower}); sumbu mulai di {low}. {told}.",
        goal=goal.name,
        lower=number(goal.lower),
        low=number(low, decimals=0),
        told=told,
    )
    return _chart(title, alt, source, figure)


@_styled
def history(position: Position) -> Chart:
    """The published results of the area over the years, scores as points and bare predicates as ranges."""
    rules = position.instrument.ladder
    rows = position.history
    known = rows[rows["score"].notna() | rows["predicate"].notna()]
    area = position.area.name
    if known.empty:
        return _said(t("Belum ada hasil {area} yang terbit di data ini", area=area), position, "")
    source = t(
        "Sumber: {hosts}. Status: {standing}.", hosts=_hosts(known["source_url"]), standing=standing_name("published")
    )
    final = known[(known["stage"] == "final") & known["predicate"].notna()]
    title = t("Belum ada penghargaan {area} yang terbit", area=area)
    if len(final):
        last, year = final["predicate"].iloc[-1], int(final["award_year"].iloc[-1])
        title = t(
            "{area}: penghargaan terakhir yang terbit {name} pada {year}", area=area, name=rules.name(last), year=year
        )
        if last == rules.no_award_code:
            title = t("{area} belum memperoleh penghargaan pada {year}", area=area, year=year)

    years = sorted(set(known["award_year"].astype(int)))
    years = sorted({*years, *(year for year in _NO_AWARD_YEARS if years[0] < year < years[-1])})
    floor = 400.0 if known["score"].dropna().ge(420).all() else 0.0
    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    left, tall = 1.4, 4.1
    kinds = known.loc[known["score"].notna(), "stage"].nunique() + int(known["score"].isna().any())
    over = 0.12 + 0.19 * -(-kinds // 2)
    figure, ax = _figure(title, position, source, tall=tall, left=left, under=0.28, over=over, badge=False)
    ax.set(xlim=(-0.5, len(years) - 0.5), ylim=(floor, rules.max_total))
    for colour, low, high in zip(ZONES, edges, edges[1:], strict=False):
        ax.axhspan(low, high, color=colour, zorder=0, linewidth=0)
    step = (rules.max_total - floor) / tall  # points in one inch
    wide = (WIDTH - left - _PAD) / len(years)
    keys: dict[str, Any] = {}
    told: list[str] = []
    for x, year in enumerate(years):
        _year(ax, position, known[known["award_year"] == year], x, floor, step, wide, keys, told)
    ax.set_xticks(range(len(years)), [str(year) for year in years], fontsize=TEXT, color=INK)
    ax.set_yticks(
        [(low + high) / 2 for low, high in itertools.pairwise(edges)],
        [
            t("di bawah {lower}", lower=number(edges[1])),
            *(f"{band.name}\n{number(band.lower)}–{number(band.printed_upper)}" for band in rules.bands),
        ],
        fontsize=9.5,
        color=INK,
        parse_math=False,
        linespacing=1.1,
    )
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.legend(
        keys.values(),
        keys.keys(),
        loc="lower left",
        ncols=2,
        fontsize=9.5,
        frameon=False,
        labelcolor=INK,
        bbox_to_anchor=(-(left - _PAD) / (WIDTH - left - _PAD), 1.0),
        borderaxespad=0.3,
        handletextpad=0.5,
        columnspacing=1.6,
    )
    alt = t("Hasil {area} yang terbit per tahun di atas tangga predikat: {told}.", area=area, told="; ".join(told))
    return _chart(title, alt, source, figure)


def _year(
    ax: Axes,
    position: Position,
    rows: pd.DataFrame,
    x: int,
    floor: float,
    step: float,
    wide: float,
    keys: dict[str, Any],
    told: list[str],
) -> None:
    """Draw one year of the history: `step` is points in an inch, `wide` the inches of a year."""
    from matplotlib.patches import Patch

    rules = position.instrument.ladder
    if rows.empty:
        text, narrow = t("tidak ada penghargaan"), wide < 0.95
        text = text if narrow else _fit(text, wide - 0.04, SMALL)
        style = {"fontsize": SMALL, "color": SOFT, "rotation": 90 if narrow else 0}
        _write(ax, x, floor + 0.08 * step, text, ha="center", va="bottom", **style)
        return
    year = int(rows["award_year"].iloc[0])
    order = {stage.code: stage.order for stage in position.instrument.stages}
    rows = rows.assign(order=rows["stage"].map(order).fillna(1.5)).sort_values("order", kind="stable")
    scored = rows[rows["score"].notna()].sort_values("score", ascending=False, kind="stable")
    scores = scored["score"].tolist()
    # Results too near each other for a label between them stand side by side, labelled above and below.
    near = any(one - other < 0.45 * step for one, other in itertools.pairwise(scores))
    markers = {"self_assessment": "^", "administrative_verification": "D", "final": "o"}
    taken: list[float] = []
    if len(scores) > 1 and not near:
        ends = [scores[-1] + 0.31 * step, scores[0] - 0.1 * step]
        ax.plot([x, x], ends, color=SOFT, linewidth=0.9, zorder=1)
    for at, (stage, score) in enumerate(zip(scored["stage"], scores, strict=True)):
        own = stage == "self_assessment"
        place = x + (0.16 * (at - (len(scores) - 1) / 2) / wide if near else 0)
        (keys[_stage(position, stage, sentence=True)],) = ax.plot(
            place,
            score,
            marker=markers.get(stage, "s"),
            color=BLUE,
            markersize=10 if own else 9,
            linestyle="none",
            markerfacecolor=PAPER if own else BLUE,
            markeredgewidth=1.8,
            zorder=3,
        )
        # Above the mark, unless there is no room up there or another mark is near.
        up = at == 0 if near else True
        y = score + 0.2 * step if up else min(scores) - (0.2 + 0.17 * (at - 1)) * step
        if y > rules.max_total - 0.02 * step:
            y = score - 0.2 * step
        _write(ax, x, y, number(score), ha="center", zorder=4)
        taken += [score, y]
    for row in rows.itertuples():
        stage = _stage(position, row.stage)
        if pd.notna(row.score):
            told.append(t("{year} {stage} {score}", year=year, stage=stage, score=number(row.score)))
            continue
        span = rules.span_of(row.predicate)
        low = max(span.low, floor)
        ax.bar(x, span.high - low, bottom=low, width=min(0.62, 0.5 / wide), zorder=2, **_KNOWN_RANGE)
        keys[t("Hanya predikat, tanpa nilai")] = Patch(**_KNOWN_RANGE)
        name = rules.name(row.predicate)
        if row.predicate == rules.no_award_code:
            name = t("di bawah {lower}", lower=number(span.high))
        # In the middle of the range, or where no score is in the way; a name too wide is left to the axis.
        free = {
            spot: min([abs(spot - other) for other in taken], default=step)
            for spot in (low + (span.high - low) * part for part in (0.5, 0.3, 0.7))
        }
        y = next((spot for spot, room in free.items() if room > 0.16 * step), None)
        size = next((size for size in (TEXT, 9.5, SMALL) if _width(name, size) <= wide - 0.02), None)
        if y is not None and size is not None:
            _write(ax, x, y, name, ha="center", zorder=4, bbox=_patch(PAPER), fontsize=size)
        told.append(t("{year} {name} ({stage}, nilai tidak diumumkan)", year=year, name=name, stage=stage))


def _chart(title: str, alt: str, source: str, figure: Figure) -> Chart:
    return Chart(title, textwrap.shorten(alt, 590, placeholder=" …"), source, figure)


def _said(title: str, position: Position, source: str) -> Chart:
    """Make a chart that has nothing to draw and says so."""
    figure, ax = _figure(title, position, source, tall=0.12, left=_PAD)
    ax.set(xticks=[], yticks=[])
    ax.set_axis_off()
    return _chart(title, title + ".", source, figure)


def _source(position: Position, *, published: bool = False) -> str:
    """Say where the numbers come from: the sheet's origin, and the publication where it is drawn too."""
    fact = position.published
    note = source_note(position) if position.assessment is not None else ""
    if fact is not None and (published or not note):
        line = t(
            "Sumber: {hosts}. Status: {standing}.", hosts=_hosts([fact.source_url]), standing=standing_name("published")
        )
        note = t("{note} Hasil terbit: {hosts}.", note=note, hosts=_hosts([fact.source_url])) if note else line
    return note


def _hosts(addresses: Iterable[str]) -> str:
    """Name the sites of web addresses, each once; the full addresses stand in the tables."""
    found = (re.search(r"(?:https?://)?(?:www\.)?([^/\s]+)", address) for address in addresses if address)
    return ", ".join(dict.fromkeys(match[1] for match in found if match)) or "–"


def _stage(position: Position, code: str, *, sentence: bool = False) -> str:
    names = {stage.code: stage.name for stage in position.instrument.stages}
    name = names.get(code, t("Selama verifikasi"))
    return name if sentence else name.lower()


def _figure(
    title: str,
    position: Position,
    source: str,
    *,
    tall: float,
    left: float,
    right: float = _PAD,
    under: float = 0.0,
    over: float = 0.0,
    how: str = "",
    badge: bool = True,
) -> tuple[Figure, Axes]:
    """Make a figure with the finding above and the source below, as high as its content (inches).

    Args:
        tall: height of the plot itself; `left` and `right` are the margins beside it.
        under, over: room below and above the plot for its axis or legend.
        how: one sentence under the title on how to read the marks.
        badge: show the mark of an illustrative sheet.
    """
    from matplotlib.figure import Figure

    badge = badge and position.illustrative
    wide = WIDTH - 2 * _PAD
    title = _fit(title, wide, HEAD, "bold", 3)
    how = _fit(how, wide, SMALL + 0.5)
    word = t("ILUSTRATIF")
    source = _fit(source, wide - (_width(word, SMALL, "bold") + 0.25 if badge else 0), SMALL, lines=3)
    head = 0.1 + 0.225 * (title.count("\n") + 1) + 0.1
    top = head + (0.165 * (how.count("\n") + 1) + 0.1 if how else 0) + over
    foot = max(0.12 + 0.155 * (source.count("\n") + 1) if source else 0.1, 0.34 if badge else 0) + 0.1
    height = top + tall + under + foot
    figure = Figure(figsize=(WIDTH, height), facecolor=PAPER)
    ax = figure.add_axes((left / WIDTH, (foot + under) / height, 1 - (left + right) / WIDTH, tall / height))
    ax.set_facecolor("none")

    def put(x: float, y: float, text: str, size: float, **style: Any) -> None:
        style = {"color": INK, "va": "top", "linespacing": 1.22, "parse_math": False} | style
        figure.text(x / WIDTH, y / height, text, fontsize=size, **style)

    put(_PAD, height - 0.1, title, HEAD, fontweight="bold")
    put(_PAD, height - head, how, SMALL + 0.5, color=SOFT)
    put(_PAD, 0.09, source, SMALL, color=SOFT, va="bottom")
    if badge:
        put(
            WIDTH - _PAD - 0.05,
            0.12,
            word,
            SMALL,
            color=AMBER,
            va="bottom",
            ha="right",
            fontweight="bold",
            bbox={"boxstyle": "round,pad=0.25", "facecolor": PAPER, "edgecolor": AMBER},
        )
    return figure, ax


def _row_names(names: Iterable[object], left: float, *, lines: int = 3, least: float = 0.36) -> tuple[list[str], float]:
    """Wrap the names of rows into the margin, and return the height that a row then needs (inches)."""
    wrapped = [_fit(str(name), left - _PAD - 0.1, NAME, lines=lines) for name in names]
    most = max(name.count("\n") + 1 for name in wrapped)
    return wrapped, max(least, 0.16 * most + 0.1)


def _rows(ax: Axes, names: Sequence[str], at: Sequence[float] | None = None) -> None:
    """Name the rows, the first at the top, and leave no axis: values stand beside their bars."""
    at = list(range(len(names))) if at is None else at
    ax.set_yticks(at, names, fontsize=NAME, color=INK, parse_math=False, linespacing=1.05, rotation=0)
    ax.set_ylim(at[-1] + 0.5, at[0] - 0.5)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(GRID)


def _label_bars(
    ax: Axes, ends: Iterable[float], labels: Sequence[str], wide: float, at: Sequence[float] | None = None
) -> None:
    """Write each label at the end of its bar and make the axis long enough for all of them."""
    ends = list(ends)
    ax.set_xlim(
        0, max(end * wide / (wide - 0.1 - _width(label, TEXT)) for end, label in zip(ends, labels, strict=True))
    )
    for y, end, label in zip(at or range(len(ends)), ends, labels, strict=True):
        _write(ax, end, y, label, xytext=(4, 0))


def _write(ax: Axes, x: float, y: float, text: str, *, xytext: tuple[float, float] | None = None, **style: Any) -> None:
    """Write a text as it is (nothing in it is a formula); `xytext` moves it by points."""
    style = {"color": INK, "fontsize": TEXT, "va": "center", "parse_math": False} | style
    if xytext is None:
        ax.text(x, y, text, **style)
    else:
        ax.annotate(text, (x, y), xytext=xytext, textcoords="offset points", annotation_clip=False, **style)


def _patch(face: str, edge: str = "none") -> dict[str, Any]:
    return {"boxstyle": "round,pad=0.2" if edge != "none" else "square,pad=0.12", "facecolor": face, "edgecolor": edge}


def _line(xs: tuple[float, float], ys: tuple[float, float]) -> Any:
    from matplotlib.lines import Line2D

    return Line2D(xs, ys, color=AMBER, linewidth=1.4, linestyle=(0, (4, 3)))


def _fit(text: str, wide: float, size: float, weight: str = "normal", lines: int = 9) -> str:
    """Wrap a text to a width in inches; a word that is too long is cut, a last line too many ends in `…`."""
    out: list[str] = []
    for word in text.split():
        if out and _width(f"{out[-1]} {word}", size, weight) <= wide:
            out[-1] += f" {word}"
            continue
        while len(word) > 1 and _width(word, size, weight) > wide:
            cut = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or _width(word[:n], size, weight) <= wide)
            out.append(word[:cut])
            word = word[cut:]
        out.append(word)
    if len(out) > lines:
        out = out[:lines]
        while out[-1] and _width(out[-1] + " …", size, weight) > wide:
            out[-1] = out[-1][:-1]
        out[-1] = out[-1].rstrip(" ,;(/-") + " …"
    return "\n".join(out)


@lru_cache(maxsize=8192)
def _width(text: str, size: float, weight: str = "normal") -> float:
    """Measure a line of text in inches, with a little room for the rounding of its letters to pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72 * 1.04
