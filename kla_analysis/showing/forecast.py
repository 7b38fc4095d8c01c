"""The forecast of the award: what a total becomes, how surely, and what decides it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.calibration import ANSWERS, LEFT_OUT, coverage, load_check, summarise
from kla_analysis.analysis.case_tables import award_chances
from kla_analysis.analysis.forecast import STEPS, Forecast, learn, needed_score, outlook, verifier_of_case
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.uncertainty import COMMON
from kla_analysis.evidence.cases import SCORES
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument, standing_name
from kla_analysis.language import chance, number, percent, t
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    INK,
    MISSING,
    NAME,
    PAPER,
    SMALL,
    Chart,
    Style,
    beside,
    drawn_table,
    finished,
    new_figure,
    no_award,
    on_phone,
    patch,
    put_rows,
    row_names,
    source_line,
    styled,
    write,
    zones,
)
from kla_analysis.showing.table import Column, Table, number_column, of_sheet, share_column, shown_points, whole_number
from kla_analysis.showing.text import (
    Text,
    forecast_note,
    low_end,
    needs,
    needs_cases,
    needs_forecast,
    next_round,
    settled,
    stage_in_words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def award_in_words(told: Forecast, ladder: Ladder) -> str:
    """Say in one or two sentences which award a score becomes, and how likely each predicate is."""
    likely = ", ".join(f"{ladder.name(code)} {chance(p)}" for code, p in told.predicates.items() if p >= 0.005)
    return t(
        "Pada penghargaan nilai {score} kira-kira menjadi {median}, dengan peluang {level} antara {low} dan "
        "{high}. Peluang predikat: {likely}.",
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
        t(
            "Itu bila yang belum dijawab tidak bernilai. Bila ternyata penuh, nilai {claimed} kira-kira menjadi {median}; "
            "peluang {goal} {chance}.",
            claimed=ladder.written(told.claimed),
            goal=ladder.band(target).name,
            median=ladder.written(told.median, decimals=0),
            chance=chance(told.probability_at_least(target)),
        )
    ]


@needs("component")
@needs_forecast
def sensitivity_in_words(decides: pd.DataFrame, case: Position) -> Text:
    """Say which assumption decides the score (`kla.what_decides`)."""
    ranked = decides.drop(index=COMMON)
    return Text(
        (
            t(
                "Yang paling menentukan: seberapa ketat verifikasi terhadap seluruh lembar (sekitar {share} dari "
                "naik turunnya nilai); dari komponen, {name} ({own}).",
                share=percent(decides.loc[COMMON, "total"]),
                name=ranked["name"].iloc[0],
                own=percent(ranked["total"].iloc[0]),
            ),
            t(
                "Seberapa sama ketatnya verifikasi di semua komponen tidak pernah terbit; di sini diandaikan "
                "{common} (asumsi).",
                common=percent(decides.attrs["common"]),
            ),
            *low_end(case),
        )
    )


@needs("question")
def flips_in_words(flips: pd.DataFrame, case: Position) -> Text:
    """Say how near the predicate is to flipping by a single answer (`kla.answer_flips`)."""
    name = case.rolled.placement.name
    if flips.empty:
        said = t("Tidak ada satu jawaban pun yang sendirian dapat menghilangkan {name}.", name=name)
        return Text((said, *low_end(case)))
    first = flips.iloc[0]
    return Text(
        (
            t(
                "{count} jawaban masing-masing dapat menghilangkan {name} bila ditolak. Yang terdekat: {code} {label} ({points} "
                "poin).",
                count=len(flips),
                name=name,
                code=flips.index[0],
                label=first["name"],
                points=number(first["low"]),
            ),
            *low_end(case),
        )
    )


@needs("component")
@needs_forecast
def sensitivity_table(decides: pd.DataFrame, case: Position, target: str) -> Table:
    """How much each input explains of the score, and of reaching the target (`kla.what_decides`)."""
    names = {COMMON: t("Ketat-longgarnya verifikasi seluruhnya")}
    frame = decides.assign(
        name=[names.get(code, name) for code, name in decides["name"].items()],
        range=[f"{percent(row.total_low)}–{percent(row.total_high)}" for row in decides.itertuples()],
    )
    return of_sheet(
        case,
        t("Apa yang menentukan nilai pada penghargaan"),
        (
            Column("name", t("Masukan")),
            share_column("first", t("Sendirian")),
            share_column("total", t("Seluruhnya")),
            Column("range", t("Rentang 95%"), "number"),
            share_column("reach", t("Tercapainya {goal}", goal=case.ladder.band(target).name)),
        ),
        frame,
        notes=low_end(case),
    )


@needs("question")
def answer_flip_table(flips: pd.DataFrame, case: Position, *, top: int = 10) -> Table | Text:
    """The single answers whose rejection would cost the predicate, nearest first (`kla.answer_flips`)."""
    if flips.empty:  # the sentence above it has said so
        return Text(())
    frame = flips.head(top).reset_index()
    frame["predicate_without"] = [case.ladder.name(code) for code in frame["predicate_without"]]
    return of_sheet(
        case,
        t("Jawaban yang sendirian dapat mengubah predikat"),
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            number_column("low", t("Nilai")),
            share_column("share_needed", t("Harus bertahan")),
            number_column("total_without", t("Total tanpanya")),
            Column("predicate_without", t("Menjadi")),
        ),
        frame,
        notes=low_end(case),
    )


@needs("component")
def weight_flip_table(flips: pd.DataFrame, case: Position) -> Table:
    """How far each component's weight would have to move to change the predicate, nearest first (`kla.weight_flips`)."""
    return of_sheet(
        case,
        t("Perubahan bobot yang akan mengubah predikat"),
        (
            Column("name", t("Komponen")),
            number_column("score", t("Nilai")),
            number_column("factor_down", t("Turun bila dikali"), "times"),
            number_column("factor_up", t("Naik bila dikali"), "times"),
        ),
        flips.assign(score=shown_points(case.components)["score"]).reset_index(),
        notes=low_end(case),
    )


def of_this_report(case: Position) -> str:
    """Say which report a number belongs to."""
    stage = case.instrument.stage(case.stage).name.lower()
    sheet = t("lembar ilustratif") if case.illustrative else stage
    return f"{case.area.name} {case.award_year}, {sheet}"


def earlier_table(earlier: pd.DataFrame, case: Position) -> Table | Text:
    """What is known of other years' weights (`case.instrument.earlier`) beside today's."""
    instrument = case.instrument
    if earlier.empty:
        return Text((t("Bobot tahun lain tidak diketahui."),), kind="remark")
    frame = earlier.assign(
        name=[instrument.component(code).name for code in earlier["code"]],
        now=[instrument.component(code).max_points for code in earlier["code"]],
        standing=[standing_name(standing) for standing in earlier["standing"]],
        source=[instrument.sources[source].title for source in earlier["source"]],
    )
    return Table(
        t("Bobot tahun lain yang diketahui"),
        (
            Column("name", t("Komponen")),
            Column("award_year", t("Tahun"), write=str),
            number_column("max_points", t("Maksimum waktu itu")),
            number_column("now", instrument.id),
            Column("source", t("Sumber")),
            Column("standing", t("Status")),
        ),
        frame,
    )


@needs_forecast
@styled
def award_total(totals: pd.DataFrame, case: Position, target: str) -> Chart:
    """The award's total that a total leads to, over the bands, with the target.

    Args:
        totals: `kla.award_totals(case)`: `low`, `high` (points) and `chance` of classes of equal width.
        target: code of a predicate.
    """
    ladder, told = case.ladder, outlook(case)
    goal = ladder.band(target)
    words = {"score": number(told.claimed), "goal": goal.name, "chance": chance(told.probability_at_least(target))}
    if settled(case):
        title = t(
            "Bila {score} diklaim lagi, peluang {goal} atau lebih pada {round}: {chance}",
            round=next_round(case),
            **words,
        )
    else:
        title = t("Dari nilai {score}, peluang {goal} atau lebih {chance}", **words)
    source = f"{source_line(case)} {forecast_note(told.retention)}"
    how = t(
        "Tinggi batang: peluang nilai akhir jatuh di situ. Garis tebal: {level} peluang ada di dalamnya.",
        level=percent(told.level),
    )
    figure, ax = new_figure(
        title, case, source, tall=2.7 if on_phone() else 2.2, left=0.25, right=0.3, under=0.3, how=how
    )
    floor, heights = totals["low"].iloc[0], totals["chance"].to_numpy()
    wide = totals["high"].iloc[0] - floor
    _zones(ax, case, floor)
    ax.bar(totals["low"], heights, width=wide, align="edge", color=BLUE, edgecolor=PAPER, linewidth=0.5)
    low, high = max(told.interval.low, floor), told.interval.high
    ax.plot([low, high], [heights.max() * 1.14] * 2, color=INK, linewidth=3, solid_capstyle="butt")
    style: Style = {"ha": "center", "va": "bottom", "fontsize": NAME, "bbox": patch(zones(len(ladder.bands) + 1)[2])}
    write(ax, (low + high) / 2, heights.max() * 1.2, ladder.written(Span(low, high), decimals=0), **style)
    ax.axvline(goal.lower, color=AMBER, linewidth=2, ymax=0.72)
    style = {"color": AMBER, "fontweight": "bold", "ha": "left", "bbox": patch(PAPER, AMBER)}
    write(ax, goal.lower, 0, number(goal.lower), xytext=(3, 8), **style)
    ax.set_xlim(floor, ladder.max_total)
    ax.set_ylim(0, heights.max() * 1.75)
    ax.set_xticks([band.lower for band in ladder.bands] + [ladder.max_total])
    ax.set_xticklabels([number(band.lower) for band in ladder.bands] + [number(ladder.max_total)], fontsize=NAME)
    ax.set_yticks([])
    ax.spines[["top", "right", "left"]].set_visible(False)
    alt = t(
        "Sebaran nilai akhir dari nilai {score}: tengah {median}, {level} peluang antara {low} dan {high}. Peluang predikat: "
        "{told}.",
        score=number(told.claimed),
        median=ladder.written(told.median, decimals=0),
        level=percent(told.level),
        low=ladder.written(told.interval.low, decimals=0),
        high=ladder.written(told.interval.high, decimals=0),
        told="; ".join(f"{ladder.name(code)} {chance(p)}" for code, p in told.predicates.items()),
    )
    return finished(title, alt, source, figure, predicate_table(award_chances(case), case))


@needs_cases
@styled
def kept_shares(cases: pd.DataFrame, case: Position) -> Chart:
    """The share of each published claim that verification kept, against the claim, by who verified.

    Args:
        cases: rows of `kla.load_cases` of which both scores are known, with `kept` (a share).
    """
    rules = case.instrument
    claims, kept = cases["self_assessment_low"], cases["kept"]
    codes = [verifier_of_case(row, rules) or rules.verifiers[0].code for row in cases.to_dict("records")]
    by = pd.Series(codes, cases.index, dtype=object)
    learnt = learn(rules, without=(case.area.code,)).parameters()["median"]
    middles = {one.code: float(learnt[f"claim_{one.code}"]) for one in rules.verifiers}
    shares = ", ".join(f"{one.name} {percent(middles[one.code])}" for one in rules.verifiers)
    title = t("Yang bertahan dari nilai mandiri di tengah-tengah, menurut pemverifikasi: {shares}", shares=shares)
    source = t(
        "Sumber: {count} kasus yang terbit dengan kedua nilai. Garis putus-putus: tengah menurut model. Turunan.",
        count=len(cases),
    )
    how = t(
        "Mendatar: nilai mandiri. Tegak: bagian yang tersisa sesudah verifikasi administrasi. Bulatan: {first}; kotak: {last}.",
        first=rules.verifiers[0].name,
        last=rules.verifiers[-1].name,
    )
    figure, ax = new_figure(title, case, source, tall=3.0, left=0.75, right=0.3, under=0.45, badge=False, how=how)
    for one, colour, marker in zip(rules.verifiers, itertools.cycle((AMBER, BLUE)), itertools.cycle("os")):
        here = (by == one.code).to_numpy()
        style: Style = {"linestyle": "none", "marker": marker, "markersize": 6, "color": colour}
        ax.plot(claims.to_numpy()[here], kept.to_numpy()[here], **style)
        ax.axhline(middles[one.code], color=colour, linewidth=1.4, linestyle=(0, (4, 3)))
        style = {"ha": "right", "color": colour, "fontweight": "bold", "fontsize": NAME, "bbox": patch(PAPER)}
        write(ax, rules.ladder.max_total, middles[one.code], one.name, xytext=(-4, 8), **style)
    ticks = [share for share in (0.4, 0.6, 0.8, 1.0) if share > kept.min() - 0.15]
    ax.set_ylim(kept.min() - 0.06, 1.0)
    ax.set_yticks(ticks, [percent(share) for share in ticks], fontsize=NAME)
    ax.set_xlim(claims.min() - 15, rules.ladder.max_total)
    ax.xaxis.set_major_formatter(lambda score, _: number(score))
    ax.tick_params(axis="x", labelsize=NAME)
    ax.spines[["top", "right"]].set_visible(False)
    alt = t(
        "Titik untuk {count} kasus: nilai mandiri dan bagian yang bertahan sesudah verifikasi, dari {least} sampai {most}. "
        "Tengah: {shares}.",
        count=len(cases),
        least=percent(kept.min()),
        most=percent(kept.max()),
        shares=shares,
    )
    return finished(title, alt, source, figure, cases_table(cases, case))


def _apart(table: pd.DataFrame) -> float:
    """Return how far what is said and what came are apart, on average over all that was asked."""
    return float((table["said"] - table["came"]).abs().mul(table["count"]).sum() / table["count"].sum())


@needs_cases
@styled
def said_and_came(table: pd.DataFrame, case: Position) -> Chart:
    """Whether what the forecast says comes about as often as it says, on cases that it has not seen.

    Args:
        table: `kla.reliability` of `kla.forecast_check`.
    """
    cases = int((load_check(case.instrument)["left_out"] == LEFT_OUT[0]).sum())
    apart = _apart(table)
    title = t(
        "Yang disebut prakiraan dan yang datang berbeda rata-rata {apart} poin persentase",
        apart=number(100 * apart, decimals=0),
    )
    between = table[table["said"].between(0.1, 0.9)]
    if len(between):
        apart = _apart(between)
        title = t("{all}; di antara 10% dan 90%: {apart} poin", all=title, apart=number(100 * apart, decimals=0))
    source = t(
        "Sumber: {cases} kasus yang terbit, masing-masing tanpa daerahnya sendiri; data/published/forecast_check.csv. "
        "Turunan.",
        cases=cases,
    )
    how = t(
        "Di garis miring prakiraan tepat. Angka: berapa kali ditanyakan “tercapai atau tidak”, beberapa kali sekasus; garis tegak: "
        "rentang 80%."
    )
    figure, ax = new_figure(title, case, source, tall=2.9, left=0.95, right=0.3, under=0.45, badge=False, how=how)
    ax.plot([0, 1], [0, 1], color=MISSING, linewidth=1.2, linestyle=(0, (4, 3)))
    for row in table.itertuples():
        ax.plot([row.said, row.said], [row.low, row.high], color=BLUE, linewidth=1.6)
        ax.plot(row.said, row.came, marker="o", markersize=7, color=BLUE)
        right = row.said < 0.5
        write(
            ax,
            row.said,
            row.came,
            str(row.count),
            xytext=(9 if right else -9, -8 if right else 8),
            ha="left" if right else "right",
            fontsize=NAME,
        )
    ticks = [0, 0.25, 0.5, 0.75, 1]
    ax.set_xticks(ticks, [percent(one) for one in ticks], fontsize=NAME)
    ax.set_yticks(ticks, [percent(one) for one in ticks], fontsize=NAME)
    ax.set_xlim(-0.03, 1.03)
    ax.set_ylim(-0.05, 1.08)
    ax.set_xlabel(t("disebut prakiraan"), fontsize=NAME)
    ax.set_ylabel(t("yang datang"), fontsize=NAME)
    ax.spines[["top", "right"]].set_visible(False)
    told = "; ".join(
        t("disebut {said}, datang {came} dari {count}", said=percent(row.said), came=percent(row.came), count=row.count)
        for row in table.itertuples()
    )
    alt = t("Peluang yang disebut prakiraan dan yang datang: {told}.", told=told)
    return finished(title, alt, source, figure, _said_and_came_table(table, case, source))


def _said_and_came_table(table: pd.DataFrame, case: Position, source: str) -> Table:
    columns = (
        Column("said", t("Disebut"), "number", percent, "share"),
        Column("came", t("Datang"), "number", percent, "share"),
        Column("count", t("Berapa kali ditanyakan"), "number"),
        Column("low", t("Rendah"), "number", percent, "share"),
        Column("high", t("Tinggi"), "number", percent, "share"),
    )
    rows = table[[column.key for column in columns]].itertuples(index=False)
    drawn = drawn_table(case, t("Yang digambar: peluang yang disebut dan yang datang"), columns, rows, source)
    return replace(drawn, badge="")  # of published cases, whatever the sheet is


@needs("component")
@needs_forecast
@styled
def tornado(table: pd.DataFrame, case: Position, target: str) -> Chart:
    """One component at a time from a strict to a lenient verification, all others at the middle.

    Args:
        table: `kla.component_swings(case)`, or some of its rows: `name`, `low`, `high`, `width` (points of the total).
        target: code of a predicate.
    """
    first = table.iloc[0]
    title = t(
        "Di antara komponen {name} paling menentukan: {width} poin antara verifikasi ketat dan longgar",
        name=first["name"],
        width=number(first["width"], decimals=0),
    )
    retention = outlook(case).retention
    source = f"{source_line(case)} {forecast_note(retention)}"
    how = t("Dari verifikasi yang ketat (kiri) ke yang longgar (kanan), satu komponen setiap kali.")
    how = " ".join((how, *low_end(case)))
    names, row = row_names(table["name"], beside(2.2))
    figure, ax = new_figure(title, case, source, tall=row * len(table), left=beside(2.2), right=0.3, under=0.3, how=how)
    ladder = case.instrument.ladder
    lower = ladder.band(target).lower
    written = partial(ladder.written, decimals=0)
    base = float(case.components["low"].sum() * retention.median)
    for y, (_, line) in enumerate(table.iterrows()):
        ax.barh(y, base - line["low"], left=line["low"], facecolor=PAPER, edgecolor=MISSING, hatch="////", height=0.55)
        ax.barh(y, line["high"] - base, left=base, color=BLUE, height=0.55)
        write(ax, line["low"], y, written(line["low"]), xytext=(-4, 0), ha="right", fontsize=SMALL)
        write(ax, line["high"], y, written(line["high"]), xytext=(4, 0), ha="left", fontsize=SMALL)
    put_rows(ax, names)
    reach = max(abs(table["low"].min() - base), abs(table["high"].max() - base)) * 1.45
    ax.set_xlim(base - reach, base + reach)
    ax.axvline(base, color=INK, linewidth=1)
    ax.set_xticks([base], [t("{points} bila semua di tengah", points=written(base))], fontsize=NAME)
    if abs(lower - base) < reach:
        ax.axvline(lower, color=AMBER, linewidth=1.6, linestyle=(0, (4, 3)))
    told = "; ".join(f"{line['name']} {written(line['low'])}–{written(line['high'])}" for _, line in table.iterrows())
    twin = drawn_table(
        case,
        t("Yang digambar: nilai total bila verifikasi satu komponen ketat atau longgar"),
        (
            Column("name", t("Komponen")),
            Column("low", t("Ketat"), "number", written, "points"),
            Column("high", t("Longgar"), "number", written, "points"),
            Column("width", t("Selisih"), "number", whole_number, "points"),
        ),
        table[["name", "low", "high", "width"]].itertuples(index=False),
        source,
    )
    return finished(
        title,
        t("Diagram batang nilai total bila verifikasi satu komponen ketat atau longgar: {told}.", told=told),
        source,
        figure,
        twin,
    )


def _zones(ax: Axes, case: Position, floor: float) -> None:
    """Tint the bands from left to right and name them at the top."""
    ladder = case.instrument.ladder
    edges = [floor, *(band.lower for band in ladder.bands), ladder.max_total]
    first = no_award(ladder.bands[0].lower) if on_phone() else t("tanpa\npenghargaan")
    names = [first, *(band.name for band in ladder.bands)]
    for colour, name, (low, high) in zip(zones(len(names)), names, itertools.pairwise(edges), strict=True):
        ax.axvspan(low, high, color=colour, zorder=0, linewidth=0)
        ax.annotate(
            name,
            ((low + high) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -5),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL,
            color=INK,
            rotation=90 if on_phone() else 0,
        )


def basis_in_words(told: Forecast, rules: Instrument) -> str:
    """Say what a forecast rests on."""
    if told.cases == 0:
        return (
            t("Nilai ini menentukan penghargaan.")
            if told.retention.median == 1
            else t("Bagian yang bertahan: asumsi pengguna.")
        )
    before = (
        t("penghargaan sebelumnya tidak diketahui, dipakai bagian nasional")
        if told.previous is None
        else t(
            "penghargaan sebelumnya {name}, dari {pairs} pasang penghargaan yang terbit",
            name=rules.ladder.name(told.previous),
            pairs=told.pairs,
        )
    )
    return t(
        "Turunan dari {cases} kasus yang terbit, bukan sampel acak; diverifikasi {verifier}; {before}.",
        cases=told.cases,
        verifier=rules.verifier(told.verifier).name,
        before=before,
    )


def forecast_told(told: Forecast, rules: Instrument) -> Text:
    """Say which award a score becomes, how surely, and what that rests on."""
    placed = rules.ladder.place(told.claimed)
    stage = rules.stage(told.stage)
    if stage.carries_award:
        said = t("Nilai {score} adalah hasil akhir: {name}.", score=number(told.claimed), name=placed.name)
        return Text((said, *placed.remarks))
    said = t("Nilai ini dari tahap {stage}.", stage=stage.name.lower())
    return Text(
        (
            f"{said} {award_in_words(told, rules.ladder)}",
            basis_in_words(told, rules),
            *_put_off(told, rules.ladder),
            *_carried_over(told),
        )
    )


def _carried_over(told: Forecast) -> list[str]:
    seen = told.observed
    if seen is None or not told.extrapolated:
        return []
    if told.claimed > seen.high:
        return [
            t(
                "Untuk nilai di atas {high} pada tahap ini tidak ada penghargaan yang terbit: prakiraan ini perpanjangan dari "
                "nilai yang lebih rendah.",
                high=number(seen.high),
            )
        ]
    return [
        t(
            "Untuk nilai di bawah {low} hampir tidak ada penghargaan yang terbit: prakiraan ini perpanjangan dari nilai "
            "yang lebih tinggi.",
            low=number(seen.low, decimals=0),
        )
    ]


def _put_off(told: Forecast, ladder: Ladder) -> list[str]:
    """Say which part of no award has nothing to do with the score, and whether that makes it likelier than the lowest."""
    if not told.put_off:
        return []
    lowest = ladder.bands[0]
    none, least = (told.predicates.get(code, 0.0) for code in (ladder.no_award_code, lowest.code))
    words = {"none": ladder.name(ladder.no_award_code), "share": chance(told.put_off), "lowest": lowest.name}
    said = t(
        "“{none}” memuat {share} untuk putaran yang berakhir tanpa penilaian (verifikasi ditunda), berapa pun nilainya.",
        **words,
    )
    # Only where that part alone turns the order round.
    if none - told.put_off < least < none:
        said += " " + t("Karena itu peluangnya lebih besar daripada {lowest}.", **words)
    return [said]


def forecast_record(told: Forecast, rules: Instrument) -> dict[str, Any]:
    """Return a forecast as a plain dictionary, for `--json`."""
    placed = rules.ladder.place(told.claimed)
    return {
        "stage": told.stage,
        "score": told.claimed,
        "predicates": dict(told.predicates),
        "median": told.median,
        "interval": [told.interval.low, told.interval.high],
        "level": told.level,
        "observed_range": None if told.observed is None else [told.observed.low, told.observed.high],
        "extrapolated": told.extrapolated,
        "in_gap": placed.in_gap,
        "remarks": list(placed.remarks),
        "basis": {
            "cases": told.cases,
            "pairs": told.pairs,
            "previous": told.previous,
            "verified_by": told.verifier,
            "instrument": rules.id,
            "standing": "published" if rules.stage(told.stage).carries_award else "derived",
            "text": basis_in_words(told, rules),
        },
    }


@needs_forecast
def outlook_in_words(position: Position, target: str) -> Text:
    """Say which award the total becomes, how likely the target is, and what would have to be kept or claimed for it."""
    ladder = position.instrument.ladder
    goal = ladder.band(target).name
    told = outlook(position)
    score = ladder.written(position.span)
    if not settled(position):
        opening = t(
            "Nilai {score} berasal dari tahap {stage}, bukan penghargaan: sesudahnya nilai masih dapat berubah.",
            score=score,
            stage=stage_in_words(position, position.stage),
        )
    else:
        opening = (
            t("Nilai contoh {score} diperlakukan sebagai hasil akhir.", score=score)
            if position.illustrative
            else t("Nilai {score} adalah hasil akhir dan tidak berubah lagi.", score=score)
        )
        opening += " " + t("Di bawah ini {round}: seandainya nilai yang sama diklaim lagi.", round=next_round(position))
    paragraphs = [opening, award_in_words(told, ladder), *_put_off(told, ladder), *award_at_best(position, target)]
    paragraphs.append(
        t("Peluang {goal} atau lebih: {chance}.", goal=goal, chance=chance(told.probability_at_least(target)))
    )
    share = told.break_even(target)
    paragraphs.append(
        t(
            "Nilai ini lebih rendah dari batas {goal}: {goal} hanya tercapai bila verifikasi lapangan menaikkannya.",
            goal=goal,
        )
        if share is None
        else t(
            "{goal} lepas bila yang bertahan sampai penghargaan kurang dari {share} nilai ini.",
            goal=goal,
            share=percent(share),
        )
    )
    paragraphs += _carried_over(told)
    for probability in (0.5, 0.8):
        needed = needed_score(position, target, probability)
        paragraphs.append(
            t(
                "Agar {goal} tercapai dengan peluang {probability}, nilainya pada tahap itu harus sedikitnya {needed}.",
                goal=goal,
                probability=percent(probability),
                needed=number(math.ceil(needed)),
            )
            if needed is not None
            else t(
                "Peluang {probability} untuk {goal} tidak tercapai hanya dengan mengklaim lebih tinggi: lembar penuh pun belum "
                "cukup. Yang perlu dinaikkan adalah bukti.",
                goal=goal,
                probability=percent(probability),
            )
        )
        if needed is None:  # a higher chance is out of reach as well
            break
    return Text(tuple(paragraphs))


@needs_forecast
def former_in_words(position: Position, target: str) -> Text:
    """Say what the former award adds to the forecast."""
    told = outlook(position)
    if told.previous is None:
        said = t(
            "Penghargaan sebelumnya tidak diketahui atau tidak dipakai; yang menemani nilai ialah bagian nasional."
        )
        return Text((said,))
    without = outlook(position, former=False)
    ladder = position.instrument.ladder
    said = t(
        "Penghargaan sebelumnya {name}. Tanpa itu peluang {goal} atau lebih {without} dan nilai tengahnya {lower}, dengan itu "
        "{chance} dan {middle} (dari {pairs} pasang penghargaan yang terbit, semua putaran).",
        name=ladder.name(told.previous),
        goal=ladder.band(target).name,
        without=chance(without.probability_at_least(target)),
        chance=chance(told.probability_at_least(target)),
        lower=ladder.written(without.median, decimals=0),
        middle=ladder.written(told.median, decimals=0),
        pairs=told.pairs,
    )
    return Text((said,))


@needs_forecast
def predicate_table(chances: pd.DataFrame, case: Position) -> Table:
    """The probability of each predicate, with and without the former award (`kla.award_chances`)."""
    told = outlook(case)
    caption = (
        t("Peluang predikat pada {round} bila {score} diklaim lagi", round=next_round(case), score=number(told.claimed))
        if settled(case)
        else t("Peluang predikat dari nilai {score}", score=number(told.claimed))
    )
    return of_sheet(
        case,
        caption,
        (
            Column("name", t("Predikat")),
            Column("chance", t("Peluang"), "number", chance, "share"),
            Column("without", t("Tanpa penghargaan sebelumnya"), "number", chance, "share"),
        ),
        chances,
        notes=(forecast_note(told.retention),),
    )


@needs_forecast
def steps_table(kept: pd.DataFrame, case: Position) -> Table | Text:
    """What each step up to the award leaves of this total, without the former award (`kla.kept_by_step`)."""
    if case.kept_share is not None:
        return Text((t("Bagian nilai yang bertahan sampai penghargaan: asumsi pengguna."),))
    told, rules = outlook(case), case.instrument
    names = {STEPS[0]: t("Sampai verifikasi administrasi"), STEPS[1]: t("Dari sana sampai penghargaan")}
    frame = pd.DataFrame(
        {
            "step": [names.get(steps, t("Keduanya")) for steps in kept.index],
            "share": kept["middle"].to_numpy(),
            "range": [f"{percent(row.low)}–{percent(row.high)}" for row in kept.itertuples()],
        }
    )
    return Table(
        t("Berapa yang bertahan di tiap langkah; diverifikasi {verifier}", verifier=rules.verifier(told.verifier).name),
        (
            Column("step", t("Langkah")),
            Column("share", t("Bertahan, tengah"), "number", percent, "share"),
            Column("range", t("Rentang 80%"), "number"),
        ),
        frame,
        source=forecast_note(told.retention),
    )


@needs_cases
def cases_table(cases: pd.DataFrame, case: Position) -> Table:
    """Published cases as `kla.load_cases` gives them: scores, and the shares that were kept."""
    frame, rules, ladder = cases.copy(), case.instrument, case.ladder
    for score in SCORES[:2]:
        ends = zip(frame[f"{score}_low"], frame[f"{score}_high"], strict=True)
        frame[score] = [_span(low, high) for low, high in ends]
    verified = frame["administrative_verification_low"].notna()
    of = frame["administrative_verification_low"].where(verified, frame["self_assessment_low"])
    frame["kept"] = frame["administrative_verification_low"] / frame["self_assessment_low"]
    known = frame["outcome"].map(len) > 0
    lows, highs = frame["final_low"] / of, frame["final_high"] / of
    shares = [
        _shares(low, high) if told else "–"
        for low, high, told in zip(lows, highs, known & frame["assessed"], strict=True)
    ]
    awards = [award_name(codes, ladder) for codes in frame["outcome"]]
    names = {verifier.code: verifier.name for verifier in rules.verifiers}
    frame = frame.assign(
        share=shares,
        award=awards,
        who=[names.get(verifier_of_case(row, rules), "–") for row in frame.to_dict("records")],
    )
    return Table(
        t("{count} kasus yang terbit: nilai mandiri, verifikasi, penghargaan", count=len(frame)),
        (
            Column("area_name", t("Daerah")),
            Column("award_year", t("Tahun"), write=str),
            Column("who", t("Pemverifikasi")),
            Column("self_assessment", t("Mandiri"), "number", None, "points"),
            Column("administrative_verification", t("Verifikasi"), "number", None, "points"),
            Column("kept", t("Verifikasi / mandiri"), "number", percent, "share"),
            Column("award", t("Penghargaan")),
            Column("share", t("Penghargaan / nilai sebelumnya"), "number"),
        ),
        frame,
        source=t(
            "Sumber: data/published/stage_scores.csv dan results.csv (terbit). Predikat dihitung sebagai rentangnya. Pemverifikasi "
            "yang tidak disebut sumbernya: menurut tahunnya."
        ),
    )


def award_name(codes: Sequence[str], ladder: Ladder) -> str:
    """Name an award by the predicates that it may have been; a dash where nothing is known."""
    if len(codes) < 2:
        return ladder.name(codes[0]) if codes else "–"
    return ladder.name_between(None if codes[0] == ladder.no_award_code else codes[0], codes[-1])


def _span(low: float, high: float) -> str:
    return "–" if pd.isna(low) else str(Span(low, high))


def _shares(low: float, high: float) -> str:
    if low == high:
        return percent(low)
    return t("di bawah {high}", high=percent(high)) if low == 0 else f"{percent(low)}–{percent(high)}"


@needs_cases
def calibration_in_words(checked: pd.DataFrame, case: Position) -> Text:
    """Say in two sentences, for a head of office, how far the forecast can be trusted (`kla.forecast_check`)."""
    part = checked[checked["left_out"] == LEFT_OUT[0]]
    table = summarise(checked).loc[LEFT_OUT[0]]
    covered = coverage(checked).loc[(LEFT_OUT[0], "all", 0.8)]
    right, country = (math.exp(table.loc[("all", answer), "log"]) for answer in ("forecast", "country"))
    return Text(
        (
            t(
                "Setiap dari {count} kasus yang terbit diprakirakan tanpa melihat daerahnya sendiri: rentang 80% memuat hasilnya pada "
                "{covered}.",
                count=len(part),
                covered=percent(covered["covered"]),
            ),
            t(
                "Kepada predikat yang kemudian datang, prakiraan rata-rata memberi peluang {right}; menjawab dengan bagian nasional "
                "hanya {country}.",
                right=percent(right),
                country=percent(country),
            ),
        )
    )


@needs_cases
def own_cases_in_words(checked: pd.DataFrame, position: Position) -> Text:
    """Say how the forecast would have done on the area's own published cases, each unseen (`kla.forecast_check`)."""
    own = checked[(checked["left_out"] == LEFT_OUT[0]) & (checked["area_code"] == position.area.code)]
    if own.empty:
        return Text((t("Tidak ada kasus {area} sendiri yang terbit.", area=position.area.name),))
    rules, ladder = position.instrument, position.instrument.ladder
    said = []
    for row in own.to_dict("records"):
        said.append(
            t(
                "{area} {year}: nilai {score} ({stage}) menjadi {award}. Tanpa melihat kasus ini, prakiraan memberinya peluang "
                "{chance}.",
                area=position.area.name,
                year=row["award_year"],
                score=number(row["score"]),
                stage=rules.stage(row["stage"]).name.lower(),
                award=award_name(row["outcome"].split(";"), ladder),
                chance=chance(math.exp(row["forecast_log"])),
            )
        )
    return Text(tuple(said))


@needs_cases
def calibration_table(table: pd.DataFrame, covered: pd.DataFrame, case: Position) -> Table:
    """The forecast beside simpler answers on unseen cases: log score, Brier score and coverage, for an analyst.

    Args:
        table, covered: `kla.summarise` and `kla.coverage` of `kla.forecast_check`.
    """
    left_out = {LEFT_OUT[0]: t("satu daerah"), LEFT_OUT[1]: t("satu putaran provinsi")}
    start = {STEPS[1]: t("nilai terverifikasi"), STEPS[0]: t("nilai mandiri")}
    answers = dict(
        zip(
            ANSWERS,
            (t("prakiraan ini"), t("bagian nasional"), t("sama dengan sebelumnya"), t("rumus lama")),
            strict=True,
        )
    )
    rows = []
    for (out, begun, answer), row in table.iterrows():
        if begun not in start:
            continue
        inside = [
            f"{percent(covered.loc[(out, begun, level), 'covered'])} ± {percent(covered.loc[(out, begun, level), 'error'])}"
            for level in (0.5, 0.8, 0.9)
        ]
        inside = inside if answer == ANSWERS[0] else ["–"] * 3
        rows.append(
            (
                left_out[out],
                start[begun],
                answers[answer],
                row["cases"],
                f"{number(row['log'], decimals=2)} ± {number(row['log_error'], decimals=2)}",
                row["brier"],
                *inside,
            )
        )
    columns = ["out", "start", "answer", "cases", "log", "brier", "half", "most", "nearly"]
    return Table(
        t("Prakiraan diuji pada kasus yang tidak dilihatnya, di samping jawaban yang lebih sederhana"),
        (
            Column("answer", t("Jawaban")),
            Column("start", t("Dari")),
            Column("out", t("Yang disisihkan")),
            Column("cases", t("Kasus"), "number"),
            Column("log", t("Skor log"), "number"),
            Column("brier", t("Skor Brier"), "number", _hundredths),
            Column("half", t("Rentang 50%"), "number"),
            Column("most", t("Rentang 80%"), "number"),
            Column("nearly", t("Rentang 90%"), "number"),
        ),
        pd.DataFrame(rows, columns=columns),
        source=t(
            "Skor log: makin dekat nol makin baik; Brier: makin kecil makin baik; ± galat baku antardaerah. Turunan."
        ),
    )


def _hundredths(value: float) -> str:
    return number(value, decimals=2)
