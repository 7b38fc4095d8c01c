"""Charts: few, with the finding as title, text beside the marks, and the source inside the picture.

Every chart is drawn on a figure of its own and in a style of its own, so nothing leaks from one to
the next or from a notebook's settings into a chart. Colour never speaks alone: what is missing is
hatched, points differ by marker, values stand beside their marks. Text is measured before it is
set, so that a long name wraps instead of running out of the picture.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.comparison import gap_to, smallest_set
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.weakness import lost_by_agency, lost_points
from kla_analysis.evidence.published import AWARD_STAGE, ladder_of, load_national_counts
from kla_analysis.instrument.bands import Span
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
    agency_table,
    component_table,
    history_table,
    indicator_table,
    score_of,
    share_of,
)
from kla_analysis.presenting.wording import needs, points, predicate_of, settled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@styled
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
            if settled(position)
            else t(
                "{area}: nilai {stage} mencapai batas {goal}; itu belum penghargaan",
                stage=stage_name(position, position.stage),
                **values,
            )
        )
    else:
        title = (
            t("{area}: {gap} lagi ke {goal} menurut lembar ilustratif", **values)
            if position.illustrative
            else t("{area}: {gap} lagi ke {goal}", **values)
        )

    rows: list[tuple[str, Span, bool]] = []
    if fact is not None:
        name = fact.name or rules.place(fact.span.low).name
        label = t(
            "Terbit ({stage}): {name} {span}",
            stage=stage_name(position, fact.stage),
            name=name,
            span=rules.written(fact.span),
        )
        _, published_gap = gap_to(target, fact.span, position.instrument)
        if position.roll_up is not None and published_gap.high > 0:
            label = t("{label}, {gap} ke {goal}", label=label, gap=points(published_gap), goal=goal.name)
        rows.append((label, fact.span, True))
    sheet = t("Lembar ilustratif") if position.illustrative else t("Lembar nilai")
    if position.roll_up is not None:
        label = t("{sheet}: {name} {span}", sheet=sheet, name=predicate_of(position), span=rules.written(span))
        rows.append((label, span, False))

    source = source_line(position, published=fact is not None)
    tall = 0.5 + 0.62 * len(rows) + (0.6 if gap.high > 0 else 0.1)
    figure, ax = new_figure(title, position, source, tall=tall, left=0.28, right=0.28, under=0.26)
    lowest = min(each.low for _, each, _ in rows)
    floor = rules.drawn_from(lowest)
    ax.set(xlim=(floor, rules.max_total), ylim=(0, tall))
    wide = WIDTH - 0.56

    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    names = [t("tanpa penghargaan"), *(band.name for band in rules.bands)]
    for colour, name, (low, high) in zip(zones(len(names)), names, itertools.pairwise(edges), strict=True):
        ax.axvspan(low, high, color=colour, zorder=0, linewidth=0)
        room = (high - low) / (rules.max_total - floor) * wide - 0.04
        size = 9.5 if floor else SMALL
        write(ax, (low + high) / 2, tall - 0.24, fit(name, room, size), ha="center", linespacing=1.05, fontsize=size)

    def inside(text: str, x: float, size: float = TEXT) -> float:
        """Centre a text on a mark, but keep it inside the picture."""
        half = (text_width(text, size, "bold") / 2 + 0.04) / wide * (rules.max_total - floor)
        return min(max(x, floor + half), rules.max_total - half)

    for at, (label, each, published) in enumerate(rows):
        y = tall - 0.62 - 0.62 * at
        label = fit(label, wide - 0.1, TEXT, lines=1)
        write(ax, inside(label, each.middle), y, label, ha="center")
        # The line of the target stands beside the marks only, so that it crosses no text.
        ax.plot([goal.lower] * 2, [y - 0.48, y - 0.12], color=AMBER, linewidth=2, zorder=2)
        if not each.is_exact:
            style = KNOWN_RANGE if published else {"color": BLUE}
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
        write(
            ax,
            inside(label, (span.low + goal.lower) / 2),
            0.22,
            label,
            ha="center",
            color=AMBER,
            fontweight="bold",
            bbox=patch(PAPER, AMBER),
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
    table = drawn_table(
        position,
        t("Yang digambar: posisi pada tangga predikat"),
        (
            Column("what", t("Dasar")),
            Column("low", t("Nilai, sedikitnya"), "number", unit="points"),
            Column("high", t("Nilai, sebanyaknya"), "number", unit="points"),
            Column("gap", t("Jarak ke {goal} ({lower})", goal=goal.name, lower=number(goal.lower)), "number"),
        ),
        (
            (
                t("Terbit") if published else sheet,
                each.low,
                each.high,
                rules.written(rules.points_to(target, each)),
            )
            for _, each, published in rows
        ),
        source,
    )
    return finished(title, alt, source, figure, table)


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
def components(position: Position) -> Chart:
    """Filled and missing points of each component, in the order of the sheet."""
    table, source = position.roll_up.components, source_line(position)
    most = lost_points(position.roll_up, "component").iloc[0]
    title = t(
        "{name} kehilangan paling banyak: {lost} dari {max} poin",
        name=most["name"],
        lost=number(most["lost_points"]),
        max=number(most["max_points"]),
    )
    if most["lost_points"] <= 0:
        title = t("Tidak ada poin yang hilang") if position.unknown_points else t("Semua komponen bernilai penuh")
    how = t("Penuh: nilai tercapai. Berarsir: nilai yang hilang.")
    if position.unknown_points:
        how += " " + t("Bertitik: belum dijawab.")
    names, row = row_names(table["name"], 2.2)
    figure, ax = new_figure(title, position, source, tall=row * len(table), left=2.2, how=how)
    labels = draw_points(ax, table)
    put_rows(ax, names)
    label_bars(ax, table["max_points"].tolist(), labels, WIDTH - 2.2 - PAD)
    told = "; ".join(f"{name} {label}" for name, label in zip(table["name"], labels, strict=True))
    alt = t("Diagram batang nilai tercapai (penuh) dan hilang (berarsir) per komponen: {told}.", told=told)
    return finished(title, alt, source, figure, component_table(position))


@needs("indicator")
@styled
def indicator_heatmap(position: Position, component: str | None = None) -> Chart:
    """Every indicator as a cell: the darker, the larger the share of its maximum that is reached.

    Args:
        component: show the indicators of one component only, one in each row with its name.
    """
    import numpy as np
    import seaborn as sns
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    source, parts = source_line(position), position.roll_up.components
    table = position.roll_up.indicators
    if component is not None:
        table = table[table["component_code"] == position.instrument.component(component).code]
    # An indicator that may still be full is not weak; one that nobody has answered has no share to show.
    ranked = table.assign(at=range(len(table))).sort_values(["share_high", "share", "at"])
    ranked = ranked[ranked["answers"] > 0]
    weakest = ranked[ranked["share_high"] < 1].head(5 if component is None else 1)
    title = t("Semua indikator bernilai penuh") if not position.unknown_points else t("Tidak ada poin yang hilang")
    if len(weakest):
        title = t(
            "Capaian terendah: indikator {code}, {share} dari maksimum ({name})",
            code=weakest.index[0],
            name=weakest["name"].iloc[0],
            share=_share(weakest.iloc[0]),
        )

    if component is None:
        groups = [table[table["component_code"] == code] for code in parts.index]
        names, left = parts["name"], 2.2
    else:
        groups = [table.loc[[code]] for code in table.index]
        names, left = [f"{code}  {name}" for code, name in table["name"].items()], 3.6
    shape = len(groups), max(len(group) for group in groups)
    shares, texts = np.full(shape, np.nan), np.full(shape, "", dtype=object)
    marked: list[tuple[int, int]] = []
    empty: list[tuple[int, int]] = []
    partly = False
    for y, group in enumerate(groups):
        for x, one in enumerate(group.itertuples()):
            shares[y, x] = one.share if one.answers else 0.0
            ranged = bool(one.answers and one.unknown_points)
            partly |= ranged
            value, reached = _share(one), reached_in_words(one)
            texts[y, x] = f"{value} · {reached}"
            if component is None:
                texts[y, x] = f"{one.Index}\n{'≥' if ranged else ''}{percent(one.share)}"
            if not one.answers:
                texts[y, x] = f"{one.Index}\n?" if component is None else reached
                empty.append((x, y))
            if one.Index in weakest.index:
                marked.append((x, y))
    how = t("Makin gelap, makin besar bagian yang tercapai.")
    if len(weakest):
        how += " " + (
            t("Bergaris tepi: yang terendah.")
            if len(weakest) == 1
            else t("Bergaris tepi: {count} terendah.", count=len(weakest))
        )
    if empty:
        how += " " + (t("Bertitik, ?: belum dijawab.") if component is None else t("Bertitik: belum dijawab."))
    if partly and component is None:
        how += " " + t("≥: sebagian belum dijawab.")
    wrapped, row = row_names(names, left, least=0.5)
    figure, ax = new_figure(title, position, source, tall=row * len(groups), left=left, how=how)
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
    for x, y in empty:
        ax.add_patch(Rectangle((x, y), 1, 1, **UNKNOWN, zorder=1))
    for text in ax.texts:
        if tuple(int(at) for at in text.get_position()) in empty:
            text.set_bbox(patch(PAPER))
    for x, y in marked:
        ax.add_patch(Rectangle((x + 0.05, y + 0.05), 0.9, 0.9, fill=False, edgecolor=INK, linewidth=2))
    put_rows(ax, wrapped, at=[y + 0.5 for y in range(len(groups))])
    ax.set_ylim(len(groups), 0)
    ax.set_xlim(0, shape[1])
    ax.spines[:].set_visible(False)
    where = t("per komponen") if component is None else parts.loc[component, "name"]
    told = "; ".join(f"{row.Index} {_share(row)}" for row in ranked.head(5).itertuples())
    alt = t(
        "Peta panas {count} indikator menurut bagian nilai maksimum yang tercapai, {where}. Terendah: {told}. "
        "Tertinggi: {code} {share}.",
        count=len(table),
        where=where,
        told=told,
        code=ranked.index[-1] if len(ranked) else "–",
        share=_share(ranked.iloc[-1]) if len(ranked) else "–",
    )
    unanswered = ", ".join(table.index[table["answers"] == 0])
    if unanswered:
        alt += " " + t("Belum dijawab: {codes}.", codes=unanswered)
    return finished(title, alt, source, figure, indicator_table(position, component))


def _share(row: Any) -> str:
    """Write the share of a row, both ends where answers are missing."""
    share = share_of(row)
    return share if isinstance(share, str) else percent(share)


@needs("indicator")
@styled
def pareto(position: Position, level: str = "indicator", top: int = 15) -> Chart:
    """The largest losses of a level as bars, with the running share of the whole loss as a line beside them."""
    source = source_line(position)
    ranked = lost_points(position.roll_up, level)
    loss = ranked["lost_points"].sum()
    if loss <= 0:
        return said(t("Tidak ada poin yang hilang di tingkat {level}", level=level_name(level)), position, source)
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
    names, row = row_names((f"{code}  {name}" for code, name in shown["name"].items()), left, lines=2)
    # The divider below the half gets a row of its own, so that it crosses no number.
    divided = half < len(shown)
    at = [y + (0.6 if divided and y >= half else 0.0) for y in range(len(shown))]
    figure, ax = new_figure(
        title, position, source, tall=row * (at[-1] + 1), left=left, how=how, right=WIDTH - left - bars
    )
    line = figure.add_axes((0, 0, 1, 1))
    box = ax.get_position()
    line.set_position(((left + bars + 0.12) / WIDTH, box.y0, (WIDTH - left - bars - 0.12 - 0.58) / WIDTH, box.height))
    for y, (place, value) in enumerate(zip(at, shown["lost_points"], strict=True)):
        ax.barh(place, value, color=BLUE if y < half else MISSING, height=0.6)
    put_rows(ax, names, at=at)
    label_bars(ax, shown["lost_points"], [number(value) for value in shown["lost_points"]], bars, at=at)
    line.plot(shown["cumulative_share"], at, color=AMBER, linewidth=1.6, marker="o", markersize=5)
    for place, share in zip(at, shown["cumulative_share"], strict=True):
        write(line, share, place, percent(share), fontsize=9.5, xytext=(7, 0))
    line.set(xlim=(0, 1), ylim=ax.get_ylim(), xticks=[], yticks=[], facecolor="none")
    line.spines[:].set_visible(False)
    if divided:
        y = half - 0.2
        ends = (ax.transData.transform((0, y))[1] / figure.bbox.height,) * 2
        figure.add_artist(dashed_line((PAD / WIDTH, 1 - PAD / WIDTH), ends))
        figure.text(
            PAD / WIDTH,
            ends[0],
            t("separuh dari yang hilang"),
            ha="left",
            va="center",
            fontsize=SMALL,
            color=AMBER,
            fontweight="bold",
            parse_math=False,
            bbox=patch(PAPER),
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
    table = drawn_table(
        position,
        t("Yang digambar: kehilangan terbesar per {level}", level=level_name(level)),
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


@needs("question")
@styled
def agencies(position: Position, top: int = 12) -> Chart:
    """Lost points by agency: everything it has a hand in, and its equal share of each question."""
    source = source_line(position)
    ranked = lost_by_agency(position.roll_up)
    if ranked.empty:
        return said(t("Tidak ada poin yang hilang"), position, source)
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
    names, row = row_names(shown.index, 1.75, least=0.33)
    columns = 1.6
    figure, ax = new_figure(
        title, position, source, tall=row * (len(shown) + 1.2), left=1.75, how=how, right=columns + PAD
    )
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
    return finished(title, alt, source, figure, agency_table(position))


@needs("question")
@styled
def waterfall(position: Position, target: str) -> Chart:
    """From today's score to the target: what each component adds in the smallest set of questions."""
    source, start = source_line(position), position.span.low
    rules = position.instrument.ladder
    goal, gap = gap_to(target, position.span, position.instrument)
    chosen = smallest_set(position.roll_up, gap.high)
    parts = position.roll_up.components["name"]
    steps = chosen.questions.groupby("component_code")["gain_points"].agg(["sum", "size"]).reindex(parts.index).dropna()
    reached = round(start + chosen.gain_points, 6)
    if gap.high <= 0:
        title = t(
            "{goal} sudah tercapai: nilai {score}, batasnya {lower}",
            goal=goal.name,
            score=rules.written(start),
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
            reached=rules.written(reached),
        )
    bottom, high = min(start, goal.lower), max(reached, goal.lower)
    low = max(0.0, bottom - 0.3 * max(high - bottom, 10.0))
    high += 0.04 * (high - low)
    how = t("Sumbu mulai di {low}, bukan nol: batang biru terpotong.", low=number(low, decimals=0)) if low > 0 else ""
    if position.unknown_points:
        how += " " + t(
            "Yang belum dijawab tidak dihitung: sampai {points} poin lebih.", points=number(position.unknown_points)
        )

    rows: list[tuple[str, float, float, str, str]] = [(t("Sekarang"), 0.0, start, rules.written(start), "")]
    running = start
    for code, step in steps.iterrows():
        count = t("{count} pertanyaan", count=int(step["size"]))
        rows.append((parts[code], running, step["sum"], signed(step["sum"]), count))
        running = round(running + step["sum"], 6)
    if len(steps):
        rows.append((t("Sesudahnya"), 0.0, reached, rules.written(reached), ""))
    left, column = 2.2, 1.15
    names, row = row_names((name for name, *_ in rows), left, least=0.4)
    figure, ax = new_figure(
        title, position, source, tall=row * (len(rows) + 0.7), left=left, right=column + PAD, how=how
    )
    wide = WIDTH - left - column - PAD
    ax.set_xlim(low, high)
    for y, (_, begin, length, value, count) in enumerate(rows):
        from_here = max(begin, low)
        ax.barh(y, begin + length - from_here, left=from_here, color=AMBER if count else BLUE, height=0.6)
        text = f"{value}\n{count}" if count else value
        write(
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
    put_rows(ax, names)
    ax.set_ylim(len(rows) - 0.4, -1.1)
    ax.plot([goal.lower] * 2, [-0.6, len(rows) - 0.4], color=AMBER, linewidth=1.8, linestyle=(0, (4, 2)))
    label = f"{goal.name} {number(goal.lower)}"
    half = (text_width(label, TEXT, "bold") / 2) / wide * (high - low)
    write(
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
    table = drawn_table(
        position,
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


@styled
def history(position: Position) -> Chart:
    """The published results of the area over the years, scores as points and bare predicates as ranges."""
    known = position.history
    area = position.area.name
    if known.empty:
        return said(t("Belum ada hasil {area} yang terbit di data ini", area=area), position, "")
    source = t(
        "Sumber: {hosts}. Status: {standing}.", hosts=hosts(known["source"]), standing=standings(known["standing"])
    )
    rules = ladder_of(int(known["award_year"].max()))
    final = known[known["stage"] == AWARD_STAGE]
    title = t("Belum ada penghargaan {area} yang terbit", area=area)
    if len(final):
        last, year = final["known"].iloc[-1], int(final["award_year"].iloc[-1])
        title = t("{area}: penghargaan terakhir yang terbit {name} pada {year}", area=area, name=last, year=year)
        if final["predicate"].iloc[-1] == rules.no_award_code:
            title = t("{area} belum memperoleh penghargaan pada {year}", area=area, year=year)

    years = sorted(set(known["award_year"].astype(int)))
    held = load_national_counts().set_index("award_year")["held"]
    years = sorted({*years, *(year for year in held.index if years[0] < year < years[-1])})
    floor = rules.drawn_from(known["score"].min() if known["score"].notna().any() else rules.max_total)
    edges = [floor, *(band.lower for band in rules.bands), rules.max_total]
    left, tall = 1.4, 4.1
    kinds = known.loc[known["score"].notna(), "stage"].nunique() + int(known["score"].isna().any())
    over = 0.12 + 0.19 * -(-kinds // 2)
    figure, ax = new_figure(title, position, source, tall=tall, left=left, under=0.28, over=over, badge=False)
    ax.set(xlim=(-0.5, len(years) - 0.5), ylim=(floor, rules.max_total))
    for colour, (low, high) in zip(zones(len(edges) - 1), itertools.pairwise(edges), strict=True):
        ax.axhspan(low, high, color=colour, zorder=0, linewidth=0)
    step = (rules.max_total - floor) / tall  # points in one inch
    wide = (WIDTH - left - PAD) / len(years)
    keys: dict[str, Any] = {}
    told: list[str] = []
    for x, year in enumerate(years):
        rows = known[known["award_year"] == year]
        if len(rows):
            _year(ax, position, rows, x, floor, step, wide, keys, told)
        else:
            text, narrow = t("tidak diketahui") if held[year] else t("tidak ada penghargaan"), wide < 0.95
            text = text if narrow else fit(text, wide - 0.04, SMALL)
            style = {"fontsize": SMALL, "color": SOFT, "rotation": 90 if narrow else 0}
            write(ax, x, floor + 0.08 * step, text, ha="center", va="bottom", **style)
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
        bbox_to_anchor=(-(left - PAD) / (WIDTH - left - PAD), 1.0),
        borderaxespad=0.3,
        handletextpad=0.5,
        columnspacing=1.6,
    )
    alt = t("Hasil {area} yang terbit per tahun di atas tangga predikat: {told}.", area=area, told="; ".join(told))
    return finished(title, alt, source, figure, history_table(position))


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

    year = int(rows["award_year"].iloc[0])
    top = ax.get_ylim()[1]
    order = {stage.code: stage.order for stage in position.instrument.stages}
    rows = rows.assign(order=rows["stage"].map(order).fillna(1.5)).sort_values("order", kind="stable")
    scored = rows[rows["score"].notna()].sort_values("score", ascending=False, kind="stable")
    scores = scored["score"].tolist()
    # Results too near each other for a label between them stand side by side, labelled above and below.
    near = any(one - other < 0.45 * step for one, other in itertools.pairwise(scores))
    claimed = position.instrument.claimed_stage.code
    markers = {claimed: "^", AWARD_STAGE: "o"}
    taken: list[float] = []
    if len(scores) > 1 and not near:
        ends = [scores[-1] + 0.31 * step, scores[0] - (0.31 if _over(scores[0], top, step) else 0.1) * step]
        ax.plot([x, x], ends, color=SOFT, linewidth=0.9, zorder=1)
    for at, (stage, score) in enumerate(zip(scored["stage"], scores, strict=True)):
        own = stage == claimed
        place = x + (0.16 * (at - (len(scores) - 1) / 2) / wide if near else 0)
        (keys[stage_name(position, stage, sentence=True)],) = ax.plot(
            place,
            score,
            marker=markers.get(stage, "D"),
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
        y = score - 0.2 * step if up and _over(score, top, step) else min(y, top - 0.09 * step)
        write(ax, x, y, number(score), ha="center", zorder=4)
        taken += [score, y]
    for row in rows.itertuples():
        stage = stage_name(position, row.stage)
        if pd.notna(row.score):
            told.append(t("{year} {stage} {score}", year=year, stage=stage, score=number(row.score)))
            continue
        low = max(row.low, floor)
        ax.bar(x, row.high - low, bottom=low, width=min(0.62, 0.5 / wide), zorder=2, **KNOWN_RANGE)
        keys[t("Hanya predikat atau rentang, tanpa nilai")] = Patch(**KNOWN_RANGE)
        name = row.known or t("antara {low} dan {high}", low=number(row.low), high=number(row.high))
        if row.predicate == ladder_of(year).no_award_code:
            name = t("di bawah {lower}", lower=number(row.high))
        # In the middle of the range, or where no score is in the way; a name too wide is left to the axis.
        free = {
            spot: min([abs(spot - other) for other in taken], default=step)
            for spot in (low + (row.high - low) * part for part in (0.5, 0.3, 0.7))
        }
        y = next((spot for spot, room in free.items() if room > 0.16 * step), None)
        written = name if pd.notna(row.predicate) else name.replace(" ", "\n")
        widest = max(written.split("\n"), key=len)
        size = next((size for size in (TEXT, 9.5, SMALL) if text_width(widest, size) <= wide - 0.02), None)
        if y is not None and size is not None:
            write(ax, x, y, written, ha="center", zorder=4, bbox=patch(PAPER), fontsize=size)
        told.append(t("{year} {name} ({stage}, nilai tidak diumumkan)", year=year, name=name, stage=stage))


def _over(score: float, top: float, step: float) -> bool:
    """Whether a label above a mark would run out of the picture: it is 0.18 inches high, `step` points an inch."""
    return score + 0.24 * step > top
