"""The way to the target: the gap, the smallest set that closes it, conditions, and where a number comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.comparison import gap_to, smallest_set
from kla_analysis.analysis.conditions import touched
from kla_analysis.analysis.position import Position
from kla_analysis.evidence.statements import Statement, load_statements
from kla_analysis.instrument.bands import Band, Ladder, Span
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import month, number, percent, signed, t
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    PAD,
    PAPER,
    SOFT,
    TEXT,
    Chart,
    Style,
    beside,
    drawn_table,
    finished,
    new_figure,
    put_rows,
    row_names,
    source_line,
    styled,
    text_width,
    width,
    write,
)
from kla_analysis.showing.table import (
    Column,
    Several,
    Table,
    count_column,
    number_column,
    of_sheet,
    question_columns,
    score_of,
)
from kla_analysis.showing.text import Text, needs, points, without_scheme

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def conditions_in_brief(position: Position) -> list[str]:
    """Name the questions of conditions besides the total that the sheet does not answer in full; nothing where it does."""
    found = touched(load_statements(position.instrument), position.rolled)
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
    for one in touched(statements, case.rolled):
        words = {
            "text": one.statement.text,
            "by": one.statement.by,
            "said": month(one.statement.said),
            "codes": ", ".join(one.questions),
            "got": number(one.low) if one.low == one.high else f"{number(one.low)}–{number(one.high)}",
            "maximum": number(one.maximum),
        }
        said = t(
            "{text} Menurut {by} ({said}); bukan pasal yang ditemukan. Di lembar ini pertanyaan {codes} bernilai {got} dari {maximum} poin.",
            **words,
        )
        if len(one.open) == len(one.questions):
            said = t(
                "{text} Menurut {by} ({said}); bukan pasal yang ditemukan. Di lembar ini pertanyaan {codes} belum dijawab.",
                **words,
            )
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
        t(
            "{count} indikator di bawah {share} dari maksimumnya; yang terjauh {code}, {name}.",
            count=len(found),
            share=percent(least),
            code=found.index[0],
            name=found["name"].iloc[0],
        )
    ]
    if certain < len(found):
        lines.append(
            t("{count} di antaranya masih bergantung pada jawaban yang belum ada.", count=len(found) - certain)
        )
    return Text(tuple(lines))


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
        said = t(
            "Semua pertanyaan bersama-sama hanya menambah {gain} dari {gap} poin yang diperlukan.",
            gain=number(gained, beside=(gap.high,)),
            gap=number(gap.high),
        )
        return Text((said,))
    owners = sorted({name for names in gains["owners"] for name in names})
    return Text(
        (
            t(
                "{count} pertanyaan yang terjawab penuh menambah {gain} poin, cukup untuk menutup {gap} poin menuju {goal}. "
                "Penanggung jawabnya: {agencies}.",
                count=len(gains),
                gain=number(gained),
                gap=number(gap.high),
                goal=goal,
                agencies=", ".join(owners),
            ),
            *_set_at_best(case, gap, goal),
            t("Jawaban penuh belum berarti poin: verifikator yang memutuskan. Sisakan cadangan."),
        )
    )


def _set_at_best(case: Position, gap: Span, goal: str) -> list[str]:
    """Say what is left to close when every missing answer turns out full; nothing where none is missing."""
    if not case.unknown_points:
        return []
    if gap.low <= 0:
        return [t("Bila yang belum dijawab ternyata penuh, {goal} sudah tercapai tanpa itu.", goal=goal)]
    found = smallest_set(case.at_best.questions, gap.low)
    return [
        t(
            "Bila yang belum dijawab ternyata penuh, cukup {count} pertanyaan untuk {gap} poin.",
            count=len(found.questions),
            gap=number(gap.low, beside=(0,)),
        )
    ]


def conditions_table(statements: Sequence[Statement]) -> Table:
    """What was said of conditions besides the total and of where predicates begin: who, when, which questions."""
    rows = []
    for one in statements:
        years = (
            t("Aturan {first}–{last}.", first=one.award_years[0], last=one.award_years[-1]) if one.award_years else ""
        )
        rows.append(
            {
                "text": " ".join(filter(None, (one.text, years, one.against))),
                "who": f"{one.by}, {month(one.said)}",
                "codes": ", ".join(one.questions) or "–",
                "standing": standing_name(one.standing),
                "source": one.source,
            }
        )
    return Table(
        t("Syarat di luar nilai total dan batas predikat, seperti yang pernah disebut"),
        (
            Column("text", t("Pernyataan"), "long"),
            Column("who", t("Oleh siapa, kapan")),
            Column("codes", t("Pertanyaan")),
            Column("standing", t("Status")),
            Column("source", t("Sumber"), "kla-link", without_scheme),
        ),
        pd.DataFrame(rows, columns=["text", "who", "codes", "standing", "source"]),
        source=t(
            "Sumber: data/published/conditions.yaml. Pernyataan orang, bukan pasal; tidak ada yang menghalangi laporan ini."
        ),
    )


@needs("indicator")
def least_share_table(below: pd.DataFrame, case: Position, least: float) -> Several | Text:
    """The indicators below a minimum share of their maximum (`kla.weak_indicators`); words where the check is off."""
    if not least:
        return Text((t("Pemeriksaan nilai minimum tiap indikator tidak diminta."),), kind="remark")
    said = least_share_in_words(below, least)
    if below.empty:
        return Several((said,))
    table = of_sheet(
        case,
        t("Indikator di bawah {share} dari maksimumnya", share=percent(least)),
        (
            Column("indicator_code", t("Kode")),
            Column("name", t("Indikator")),
            Column("score", t("Nilai"), "number", unit="points"),
            number_column("max_points", t("Maksimum")),
            number_column("short", t("Kurang")),
        ),
        below.assign(score=[score_of(row.low, row.high, row.answers) for row in below.itertuples()]).reset_index(),
    )
    return Several((said, table))


@needs("question")
def closing_set_table(sides: pd.DataFrame, case: Position, target: str) -> Table:
    """The smallest sets of questions that close the gap to a target, seen from several sides (`kla.closing_sets`)."""
    _, gap = gap_to(target, case.span, case.instrument)
    closes = [
        t("tidak, kurang {gap}", gap=number(short, beside=(0,))) if short else t("ya")
        for short in sides["short_points"]
    ]
    return of_sheet(
        case,
        t("Paling sedikit pertanyaan yang harus terjawab penuh untuk menutup jarak {gap}", gap=points(gap)),
        (
            Column("title", t("Dari")),
            count_column("questions", t("Jumlah pertanyaan")),
            number_column("gain_points", t("Tambahan poin")),
            Column("closes", t("Menutup jarak?")),
            count_column("owners", t("Jumlah penanggung jawab")),
        ),
        sides.assign(closes=closes),
    )


@needs("question")
def set_questions_table(gains: pd.DataFrame, case: Position) -> Table:
    """Questions to be answered in full, with what each adds (`gain_points`, from `kla.smallest_set`) and whose it is."""
    return of_sheet(
        case,
        t("Pertanyaan yang menutup jarak, dari tambahan terbesar"),
        question_columns(
            number_column("low", t("Nilai")),
            number_column("max_points", t("Maks.")),
            number_column("gain_points", t("Tambahan")),
        ),
        gains.reset_index(),
        total=("", t("Jumlah"), "", "", round(math.fsum(gains["gain_points"]), 6), ""),
    )


@needs("component")
def difference_table(both: pd.DataFrame, case: Position, other: Position | None) -> Table | Text:
    """Two sheets side by side, code by code (`kla.beside`): another area or round before, this one after."""
    if other is None:
        return Text((t("Tidak ada lembar rujukan untuk instrumen {id}.", id=case.instrument.id),), kind="remark")
    before, after = (f"{one.area.name} {one.award_year}" for one in (other, case))
    ends = [
        [(row.before, row.before_high, row.before_answers), (row.after, row.after_high, row.after_answers)]
        for row in both.itertuples()
    ]
    columns = zip(*([score_of(*end) for end in pair] for pair in ends), strict=True)
    shown = dict(zip(("before", "after"), columns, strict=True)) | {
        "change": [_change(row) for row in both.itertuples()]
    }
    frame = both.assign(**{name: pd.Series(cells, both.index, dtype=object) for name, cells in shown.items()})
    return of_sheet(
        case,
        t("{before} dibandingkan dengan {after}", before=before, after=after),
        (
            Column("name", t("Nama")),
            number_column("max_points", t("Maksimum")),
            number_column("before", before),
            number_column("after", after),
            Column("change", t("Selisih"), "number", signed, "points"),
        ),
        frame.reset_index(),
    )


def _change(row: Any) -> float | str:
    """Return what is shown of a change between two sheets: both ends where an answer is missing on one side."""
    if not (row.before_answers and row.after_answers):
        return "–"
    return (
        row.change
        if row.change == row.change_high
        else t("{low} sampai {high}", low=signed(row.change), high=signed(row.change_high))
    )


@needs("indicator")
def trace_table(lines: pd.DataFrame, case: Position) -> Table:
    """A number and everything it is made of (`kla.made_of`)."""
    frame = lines.copy()
    frame["name"] = [" · " * depth + name for depth, name in zip(frame["depth"], frame["name"], strict=True)]
    scores = [score_of(*line) for line in zip(frame["points"], frame["points_high"], frame["answers"], strict=True)]
    frame["points"] = pd.Series(scores, frame.index, dtype=object)
    first = scores[0] if isinstance(scores[0], str) else number(scores[0])
    return of_sheet(
        case,
        t("Dari mana {code} = {points} berasal", code=frame["code"].iloc[0], points=first),
        (
            Column("code", t("Kode")),
            Column("name", t("Nama")),
            number_column("points", t("Nilai")),
            number_column("max_points", t("Maks.")),
            Column("rule", t("Cara dihitung")),
            Column("source", t("Sumber")),
        ),
        frame,
    )


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
    counts = {
        "count": len(gains),
        "components": len(steps),
        "score": rules.written(start),
        "reached": rules.written(reached),
    }
    if gap.high <= 0:
        title = t("{goal} sudah tercapai: nilai {score}, batasnya {lower}", **counts, **values)
    elif gained >= gap.high:
        title = t(
            "{count} pertanyaan di {components} komponen, bila terjawab penuh, cukup untuk {goal}", **counts, **values
        )
    else:
        title = t("Semua pertanyaan bersama belum cukup untuk {goal}: hanya sampai {reached}", **counts, **values)
    bottom, high = min(start, goal.lower), max(reached, goal.lower)
    low = max(0.0, bottom - 0.3 * max(high - bottom, 10.0))
    high += 0.04 * (high - low)
    how = t("Sumbu mulai di {low}, bukan nol: batang biru terpotong.", low=number(low, decimals=0)) if low > 0 else ""
    if case.unknown_points:
        how += " " + t(
            "Yang belum dijawab tidak dihitung: sampai {points} poin lebih.", points=number(case.unknown_points)
        )
    rows = _waterfall_rows(start, steps, names, reached, rules)
    left, column = beside(2.2), 1.15
    wrapped, row = row_names((name for name, *_ in rows), left, least=0.4)
    tall, wide = row * (len(rows) + 0.7), width() - left - column - PAD
    figure, ax = new_figure(title, case, source, tall=tall, left=left, right=column + PAD, how=how)
    ax.set_xlim(low, high)
    _draw_waterfall(ax, rows, wide)
    put_rows(ax, wrapped)
    ax.set_ylim(len(rows) - 0.4, -1.1)
    _draw_goal(ax, goal, len(rows), wide)
    told = "; ".join(" ".join(filter(None, (name, value, count))) for name, _, _, value, count in rows)
    alt = t(
        "Diagram air terjun dari nilai sekarang ke {goal} ({lower}); sumbu mulai di {low}. {told}.",
        low=number(low, decimals=0),
        told=told,
        **values,
    )
    return finished(title, alt, source, figure, _drawn_steps(case, steps, rows))


#: A step of the waterfall: its name, where it begins and how long it is (points), its value and how many questions, written.
Step = tuple[str, float, float, str, str]


def _draw_goal(ax: Axes, goal: Band, rows: int, wide: float) -> None:
    """Draw where the target begins; its name stays within the picture, which is so wide (inches)."""
    ax.plot([goal.lower] * 2, [-0.6, rows - 0.4], color=AMBER, linewidth=1.8, linestyle=(0, (4, 2)))
    low, high = ax.get_xlim()
    label = f"{goal.name} {number(goal.lower)}"
    half = (text_width(label, TEXT, "bold") / 2) / wide * (high - low)
    x = min(goal.lower, high - half + 0.5 / wide * (high - low))
    write(ax, x, -0.85, label, ha="center", color=AMBER, fontweight="bold")


def _drawn_steps(case: Position, steps: pd.DataFrame, rows: list[Step]) -> Table:
    return drawn_table(
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
        source_line(case),
    )


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
        style: Style = {"transform": ax.get_yaxis_transform(), "linespacing": 1.15}
        text = f"{value}\n{count}" if count else value
        write(ax, 1 + 0.1 / wide, y, text, **style, fontweight="normal" if count else "bold")
        if not count and low > 0:  # two cuts through a bar that does not begin at zero
            for cut in (0.05, 0.075):
                x, slant = low + cut * (high - low), 0.012 * (high - low)
                style = {"color": PAPER, "linewidth": 2.2, "solid_capstyle": "butt"}
                ax.plot([x - slant, x + slant], [y + 0.36, y - 0.36], **style)
        if 0 < y < len(rows):
            ax.plot([max(begin, low) if count else begin + length] * 2, [y - 1, y], color=SOFT, linewidth=0.8, zorder=0)
