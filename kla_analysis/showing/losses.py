"""Losses: which indicators, questions and agencies lose points, and what nobody has answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.analysis.weakness import nobody
from kla_analysis.instrument.instrument import level_name
from kla_analysis.language import number, percent, t
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    LOST,
    MISSING,
    PAD,
    PAPER,
    SMALL,
    SOFT,
    Chart,
    Style,
    beside,
    dashed_line,
    drawn_table,
    finished,
    label_bars,
    new_figure,
    patch,
    put_rows,
    row_names,
    said,
    source_line,
    styled,
    width,
    write,
)
from kla_analysis.showing.table import (
    Column,
    Table,
    count_column,
    level_of,
    number_column,
    of_sheet,
    owners_cell,
    question_columns,
    shown_points,
)
from kla_analysis.showing.text import Text, needs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@needs("component")
def unanswered_in_words(position: Position) -> Text:
    """Say how much hangs on what nobody has answered, and where most of it is; nothing where all is answered."""
    rolled = position.rolled
    if not rolled.unanswered:
        return Text(())
    most = rolled.components.sort_values("unknown_points", ascending=False, kind="stable").iloc[0]
    said = t(
        "{count} {level} belum dijawab. Di situ {points} poin yang belum diketahui, terbanyak di {name} ({most}); tidak "
        "dihitung sebagai kehilangan.",
        count=len(rolled.unanswered),
        level=level_name(rolled.level),
        name=most["name"],
        points=number(rolled.unknown_points),
        most=number(most["unknown_points"]),
    )
    return Text((said,))


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
    said = t(
        "{count} dari {all} indikator memuat separuh dari poin yang hilang. Yang pertama: {code} {name} ({lost} poin).",
        count=half,
        all=len(ranked),
        code=ranked.index[0],
        name=first["name"],
        lost=number(first["lost_points"]),
    )
    return Text((said,))


@needs("question")
def agencies_in_words(agencies: pd.DataFrame, case: Position) -> Text:
    """Name the agency that has a hand in most of the loss (`case.agencies`)."""
    if agencies.empty:
        return Text((t("Tidak ada poin yang hilang."),))
    first, loss = agencies.iloc[0], case.questions["lost_points"].sum()
    said = t(
        "{agency} ikut menjawab pertanyaan yang kehilangan {points} poin ({share} dari semua), pada {count} "
        "pertanyaan.",
        agency=agencies.index[0],
        points=number(first["involved_points"]),
        share=percent(first["involved_points"] / loss),
        count=int(first["questions"]),
    )
    return Text((said,))


def ranked_by_loss(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a case's table, largest loss first, equal ones in the order of the sheet."""
    return table.sort_values("lost_points", ascending=False, kind="stable")


@needs("question")
def question_table(questions: pd.DataFrame, case: Position, *, caption: str = "") -> Table:
    """What questions lose, with their owners (rows of `case.questions`), in the order of the table."""
    frame = shown_points(questions)
    frame["recoverable"] = questions["recoverable_points"].astype(object).where(questions["answers"] > 0, "–")
    return of_sheet(
        case,
        caption or t("{count} pertanyaan dengan kehilangan terbesar", count=len(questions)),
        question_columns(
            number_column("score", t("Nilai")),
            number_column("max_points", t("Maks.")),
            number_column("recoverable", t("Bisa diraih")),
        ),
        frame.reset_index(),
    )


def every_question(case: Position) -> dict[str, Table]:
    """Return all questions of the instrument by component, in its order, with what the sheet says of each.

    What nobody has answered says so and is no loss; where there is no sheet per question, nothing is said of points.
    """
    rules, rolled = case.instrument, case.roll_up
    known = rolled is not None and rolled.questions is not None
    frame = shown_points(case.questions) if known else rules.questions.assign(score="–", lost="–")
    if not known:
        frame["owners"] = [[name for name in str(names).split(";") if name] for names in rules.questions["agencies"]]
    indicators = rules.indicators["name"]
    frame["indicator"] = [f"{code} {indicators[code]}" for code in frame["indicator_code"]]
    columns = (
        Column("question_code", t("Kode")),
        Column("name", t("Pertanyaan")),
        Column("indicator", t("Indikator")),
        Column("owners", t("Penanggung jawab"), write=owners_cell),
        number_column("score", t("Nilai")),
        number_column("max_points", t("Maks.")),
        number_column("lost", t("Hilang")),
    )
    return {
        name: of_sheet(case, t("Pertanyaan {name}", name=name), columns, rows.reset_index())
        for code, name in rules.components["name"].items()
        if len(rows := frame[frame["component_code"] == code])
    }


@needs("question")
def selected_table(questions: pd.DataFrame, case: Position, *, top: int | None = None) -> Table:
    """Chosen questions, with their owners (rows of `case.questions`), in the order of the table."""
    frame = shown_points(questions)
    caption = t("{count} pertanyaan terpilih", count=len(frame))
    if top is not None and len(frame) > top:
        caption = t("{count} pertanyaan terpilih, {top} dengan kehilangan terbesar", count=len(frame), top=top)
        frame = frame.head(top)
    return of_sheet(
        case,
        caption,
        question_columns(
            Column("component_code", t("Komponen")),
            Column("indicator_code", t("Indikator")),
            number_column("score", t("Nilai")),
            number_column("max_points", t("Maks.")),
            number_column("lost", t("Hilang")),
        ),
        frame.reset_index(),
    )


@needs("question")
def unanswered_table(
    questions: pd.DataFrame, case: Position, *, points: float | None = None, top: int | None = None
) -> Table | Text:
    """The questions that nobody has answered, with their owners; one sentence where there are none.

    Args:
        questions: rows of `case.questions`.
        points: what they can bring together where that is less than their sum: an indicator never holds more than
            its own maximum. That of the whole sheet when not given.
        top: how many are listed.
    """
    if questions.empty:
        return Text((t("Semua pertanyaan sudah dijawab."),), kind="remark")
    listed = questions if top is None else questions.head(top)
    words = {"count": len(questions), "points": number(case.unknown_points if points is None else points)}
    caption = t("{count} pertanyaan belum dijawab, paling banyak {points} poin", **words)
    if len(listed) < len(questions):
        caption = t(
            "{count} pertanyaan belum dijawab, paling banyak {points} poin; {top} yang pertama",
            top=len(listed),
            **words,
        )
    return of_sheet(
        case,
        caption,
        question_columns(number_column("max_points", t("Maks."))),
        listed.reset_index(),
    )


@needs("question")
def agency_table(agencies: pd.DataFrame, case: Position, *, top: int = 15) -> Table:
    """Lost points by agency (`case.agencies`, or some of its rows): those it has a hand in, and its equal share of them."""
    table = of_sheet(
        case,
        t("Poin yang hilang menurut penanggung jawab"),
        (
            Column("agency", t("Penanggung jawab")),
            Column("full_name", t("Nama lengkap")),
            count_column("questions", t("Jumlah pertanyaan")),
            number_column("involved_points", t("Ikut menjawab (poin)")),
            number_column("shared_points", t("Bagian rata (poin)")),
        ),
        agencies.head(top).reset_index(),
    )
    how = t(
        "“Ikut menjawab” menghitung penuh setiap pertanyaan yang dijawab bersama, jadi jumlahnya melebihi total; "
        "“bagian rata” membaginya sama banyak (asumsi)."
    )
    return replace(table, source=f"{table.source} {how}")


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
    how = t("Batang: poin yang hilang. Garis: bagian dari semua yang hilang, sampai baris itu.")
    if len(losing) > len(shown):
        how += " " + t("Ditunjukkan {shown} terbesar dari {all}.", shown=len(shown), all=len(losing))
    left, bars = beside(2.75), 1.95
    names, row = row_names((f"{code}  {name}" for code, name in shown["name"].items()), left, lines=2)
    # The divider below the half gets a row of its own, so that it crosses no number.
    divided = half < len(shown)
    at = [y + (0.6 if divided and y >= half else 0.0) for y in range(len(shown))]
    tall = row * (at[-1] + 1)
    figure, ax = new_figure(title, case, source, tall=tall, left=left, how=how, right=width() - left - bars)
    line = figure.add_axes((0, 0, 1, 1))
    box = ax.get_position()
    line.set_position(
        ((left + bars + 0.12) / width(), box.y0, (width() - left - bars - 0.12 - 0.58) / width(), box.height)
    )
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
        "Diagram batang poin yang hilang per {level}: {count} dari {all} memuat separuh dari {loss} poin. "
        "Terbesar: {told}.",
        told=told,
        **values,
    )
    return finished(title, alt, source, figure, _drawn_losses(shown, case, level))


def _drawn_losses(shown: pd.DataFrame, case: Position, level: str) -> Table:
    return drawn_table(
        case,
        t("Yang digambar: kehilangan terbesar per {level}", level=level),
        (
            Column("code", t("Kode")),
            Column("name", t("Nama")),
            Column("lost", t("Hilang"), "number", unit="points"),
            Column("share", t("Bagian sampai di sini"), "number", percent, "share"),
        ),
        shown[["name", "lost_points", "cumulative_share"]].itertuples(),
        source_line(case),
    )


def _draw_running_share(line: Axes, shares: pd.Series, at: list[float], ylim: tuple[float, float]) -> None:
    line.plot(shares, at, color=AMBER, linewidth=1.6, marker="o", markersize=5)
    for place, share in zip(at, shares, strict=True):
        write(line, share, place, percent(share), fontsize=9.5, xytext=(7, 0))
    line.set(xlim=(0, 1), ylim=ylim, xticks=[], yticks=[], facecolor="none")
    line.spines[:].set_visible(False)


def _draw_divider(figure: Figure, ax: Axes, y: float) -> None:
    """Draw the line below those that hold half of the loss, across the whole picture."""
    ends = (ax.transData.transform((0, y))[1] / figure.bbox.height,) * 2
    figure.add_artist(dashed_line((PAD / width(), 1 - PAD / width()), ends))
    style: Style = {
        "ha": "left",
        "va": "center",
        "fontsize": SMALL,
        "color": AMBER,
        "fontweight": "bold",
        "parse_math": False,
    }
    figure.text(PAD / width(), ends[0], t("separuh dari yang hilang"), **style, bbox=patch(PAPER))


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
    names, row = row_names(shown.index, beside(1.75), least=0.33)
    columns = 1.6
    figure, ax = new_figure(
        title, case, source, tall=row * (len(shown) + 1.2), left=beside(1.75), how=how, right=columns + PAD
    )
    _shares_of(shown, ax, (0.9, columns), width() - beside(1.75) - columns - PAD)
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


def _shares_of(shown: pd.DataFrame, ax: Axes, columns: tuple[float, float], wide: float) -> None:
    """Draw the bars of agencies, and beside them their two numbers; `columns` and `wide` are inches."""
    beyond: Style = {"ha": "right", "transform": ax.get_yaxis_transform()}
    for head, right in zip((t("ikut\nmenjawab"), t("bagian\nrata")), columns, strict=True):
        write(ax, 1 + right / wide, -0.95, head, color=SOFT, fontsize=SMALL, linespacing=1.05, **beyond)
    for y, numbers in enumerate(zip(shown["involved_points"], shown["shared_points"], strict=True)):
        ax.barh(y, numbers[0], **LOST, height=0.62)
        ax.barh(y, numbers[1], color=BLUE, height=0.62)
        for value, right in zip(numbers, columns, strict=True):
            write(ax, 1 + right / wide, y, number(value, decimals=2), **beyond)
