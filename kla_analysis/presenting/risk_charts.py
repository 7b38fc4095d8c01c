"""Charts of what may still happen: the verified total, what decides it, and what happened to others.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.risk_charts.tornado(kla.component_swings(case), case, case.target)  # doctest: +SKIP
"""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np
import pandas as pd

from kla_analysis.analysis.calibration import LEFT_OUT, load_check
from kla_analysis.analysis.case_tables import award_chances
from kla_analysis.analysis.forecast import learn, outlook
from kla_analysis.analysis.position import Position
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import chance, number, percent, t
from kla_analysis.presenting.canvas import (
    AMBER,
    BLUE,
    GRID,
    INK,
    MISSING,
    NAME,
    PAPER,
    SMALL,
    TEXT,
    Chart,
    drawn_table,
    finished,
    new_figure,
    patch,
    put_rows,
    row_names,
    said,
    source_line,
    styled,
    write,
    zones,
)
from kla_analysis.presenting.forecasting import cases_table, predicate_table
from kla_analysis.presenting.tables import (
    Column,
    moves_table,
    province_table,
    transition_table,
)
from kla_analysis.presenting.wording import (
    forecast_note,
    later_award,
    low_end,
    needs,
    needs_cases,
    needs_forecast,
    settled,
)

#: What it shows; completion in a notebook lists no more.
__all__ = ["award_total", "flow", "kept_shares", "moves", "province", "said_and_came", "tornado"]


def __dir__() -> list[str]:
    return __all__


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
        title = t("Bila {score} diklaim lagi, peluang {goal} atau lebih pada putaran berikutnya {chance}", **words)
    else:
        title = t("Dari nilai {score}, peluang {goal} atau lebih {chance}", **words)
    source = f"{source_line(case)} {forecast_note(told.retention)}"
    how = t(
        "Tinggi batang: peluang nilai akhir jatuh di situ. Garis tebal: {level} peluang ada di dalamnya.",
        level=percent(told.level),
    )
    figure, ax = new_figure(title, case, source, tall=2.2, left=0.25, right=0.3, under=0.3, how=how)
    floor, heights = totals["low"].iloc[0], totals["chance"].to_numpy()
    wide = totals["high"].iloc[0] - floor
    _zones(ax, case, floor)
    ax.bar(totals["low"], heights, width=wide, align="edge", color=BLUE, edgecolor=PAPER, linewidth=0.5)
    low, high = max(told.interval.low, floor), told.interval.high
    ax.plot([low, high], [heights.max() * 1.14] * 2, color=INK, linewidth=3, solid_capstyle="butt")
    style = {"ha": "center", "va": "bottom", "fontsize": NAME, "bbox": patch(zones(len(ladder.bands) + 1)[2])}
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
    by = cases["verified_by"].where(
        cases["verified_by"].notna(), [_verifier(rules, year) for year in cases["award_year"]]
    )
    learnt = learn(rules, without=(case.area.code,)).parameters()["median"]
    middles = {one.code: float(learnt[f"claim_{one.code}"]) for one in rules.verifiers}
    shares = ", ".join(f"{one.name} {percent(middles[one.code])}" for one in rules.verifiers)
    title = t("Yang bertahan dari nilai mandiri di tengah-tengah, menurut pemverifikasi: {shares}", shares=shares)
    source = t("Sumber: {count} kasus yang terbit dengan kedua nilai. Garis putus-putus: tengah menurut model. Turunan.",
               count=len(cases))  # fmt: skip
    how = t(
        "Mendatar: nilai mandiri. Tegak: bagian yang tersisa sesudah verifikasi administrasi. Bulatan: {first}; kotak: {last}.",
        first=rules.verifiers[0].name, last=rules.verifiers[-1].name,
    )  # fmt: skip
    figure, ax = new_figure(title, case, source, tall=3.0, left=0.75, right=0.3, under=0.45, badge=False, how=how)
    for one, colour, marker in zip(rules.verifiers, itertools.cycle((AMBER, BLUE)), itertools.cycle("os")):
        here = (by == one.code).to_numpy()
        style = {"linestyle": "none", "marker": marker, "markersize": 6, "color": colour}
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
        count=len(cases), least=percent(kept.min()), most=percent(kept.max()), shares=shares,
    )  # fmt: skip
    return finished(title, alt, source, figure, cases_table(cases, case))


def _verifier(rules: Instrument, year: int) -> str:
    known = rules.verifier_of(year)
    return known.code if known is not None else rules.verifiers[0].code


@needs_cases
@styled
def said_and_came(table: pd.DataFrame, case: Position) -> Chart:
    """Whether what the forecast says comes about as often as it says, on cases that it has not seen.

    Args:
        table: `kla.reliability` of `kla.forecast_check`.
    """
    cases = int((load_check(case.instrument)["left_out"] == LEFT_OUT[0]).sum())
    apart = float((table["said"] - table["came"]).abs().mul(table["count"]).sum() / table["count"].sum())
    title = t("Yang disebut prakiraan dan yang datang berbeda rata-rata {apart} poin persentase",
              apart=number(100 * apart, decimals=0))  # fmt: skip
    source = t("Sumber: {cases} kasus yang terbit, masing-masing tanpa daerahnya sendiri; data/published/forecast_check.csv. "
               "Turunan.", cases=cases)  # fmt: skip
    how = t(
        "Di garis miring prakiraan tepat. Angka: banyaknya pertanyaan “tercapai atau tidak”; garis tegak: rentang 80%."
    )
    figure, ax = new_figure(title, case, source, tall=2.9, left=0.95, right=0.3, under=0.45, badge=False, how=how)
    ax.plot([0, 1], [0, 1], color=MISSING, linewidth=1.2, linestyle=(0, (4, 3)))
    for row in table.itertuples():
        ax.plot([row.said, row.said], [row.low, row.high], color=BLUE, linewidth=1.6)
        ax.plot(row.said, row.came, marker="o", markersize=7, color=BLUE)
        right = row.said < 0.5
        write(ax, row.said, row.came, str(row.count), xytext=(9 if right else -9, -8 if right else 8),
              ha="left" if right else "right", fontsize=NAME)  # fmt: skip
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
    twin = drawn_table(
        case,
        t("Yang digambar: peluang yang disebut dan yang datang"),
        (
            Column("said", t("Disebut"), "number", percent, "share"),
            Column("came", t("Datang"), "number", percent, "share"),
            Column("count", t("Pertanyaan"), "number"),
            Column("low", t("Rendah"), "number", percent, "share"),
            Column("high", t("Tinggi"), "number", percent, "share"),
        ),
        table[["said", "came", "count", "low", "high"]].itertuples(index=False),
        source,
    )
    return finished(
        title, t("Peluang yang disebut prakiraan dan yang datang: {told}.", told=told), source, figure, twin
    )


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
    title = t("Verifikasi {name} menggeser nilai paling jauh: {width} poin", name=first["name"],
              width=number(first["width"], decimals=0))  # fmt: skip
    retention = outlook(case).retention
    source = f"{source_line(case)} {forecast_note(retention)}"
    how = t("Dari verifikasi yang ketat (kiri) ke yang longgar (kanan), satu komponen setiap kali.")
    how = " ".join((how, *low_end(case)))
    names, row = row_names(table["name"], 2.2)
    figure, ax = new_figure(title, case, source, tall=row * len(table), left=2.2, right=0.3, under=0.3, how=how)
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
            Column("width", t("Selisih"), "number", _whole, "points"),
        ),
        table[["name", "low", "high", "width"]].itertuples(index=False),
        source,
    )
    return finished(title, t("Diagram tornado nilai total per komponen: {told}.", told=told), source, figure, twin)


@styled
def province(table: pd.DataFrame, case: Position) -> Chart:
    """The last published award of every area of the province, on the ladder.

    Args:
        table: `kla.province_standing` of the case's province, or some of its rows.
    """
    ladder = case.ladder
    if table.empty:
        title = t("Belum ada hasil yang terbit dari {province}", province=case.area.province or "–")
        return said(title, case, t("Sumber: data/published/results.csv."))
    own = table.loc[case.area.code] if case.area.code in table.index else None
    title = (
        t("{area}: {predicate}, peringkat {rank} dari {count} hasil {province} yang terbit",
          area=case.area.name, predicate=ladder.name(own["predicate"]), rank=int(own["rank"]), count=len(table),
          province=case.area.province)
        if own is not None
        else t("{count} hasil {province} yang terbit", count=len(table), province=case.area.province)
    )  # fmt: skip
    source = t("Sumber: hasil yang terbit, lihat tabel; tidak lengkap dan dari tahun yang berbeda. Status: terbit.")
    names, row = row_names(table["area_name"], 1.9, least=0.3)
    codes = [ladder.no_award_code, *(band.code for band in ladder.bands)]
    figure, ax = new_figure(title, case, source, tall=row * len(table), left=1.9, over=0.35, badge=False)
    colours = zones(len(codes))
    for at, code in enumerate(codes):
        ax.axvspan(at - 0.5, at + 0.5, color=colours[at], zorder=0, linewidth=0)
        label = t("tanpa\npenghargaan") if code == ladder.no_award_code else ladder.name(code)
        ax.annotate(label, (at, 1), xycoords=("data", "axes fraction"), xytext=(0, 4), textcoords="offset points",
                    ha="center", va="bottom", fontsize=SMALL, color=INK)  # fmt: skip
    for y, (code, line) in enumerate(table.iterrows()):
        here = code == case.area.code
        ax.plot(codes.index(line["predicate"]), y, marker="D" if here else "o", markersize=10 if here else 7,
                color=AMBER if here else BLUE, linestyle="none")  # fmt: skip
        label = "; ".join(filter(None, (str(int(line["award_year"])), later_award(line, ladder))))
        write(ax, codes.index(line["predicate"]), y, label, xytext=(9, 0), fontsize=SMALL,
              fontweight="bold" if here else "normal")  # fmt: skip
    put_rows(ax, names)
    ax.spines[:].set_visible(False)
    ax.set_xlim(-0.5, len(codes) - 0.5)
    told = "; ".join(
        ", ".join(filter(None, (f"{line['area_name']} {ladder.name(line['predicate'])} {int(line['award_year'])}",
                                later_award(line, ladder))))
        for _, line in table.iterrows()
    )  # fmt: skip
    return finished(title, t("Penghargaan terakhir yang terbit di {province}: {told}.",
                             province=case.area.province, told=told), source, figure,
                    province_table(table, case))  # fmt: skip


@styled
def flow(table: pd.DataFrame, case: Position, pairs: pd.DataFrame) -> Chart:
    """How often one predicate was followed by which in the next round, country-wide.

    Args:
        table: `kla.transitions` of the pairs.
        pairs: `kla.published_pairs`, or some of its rows.
    """
    ladder = case.ladder
    if pairs.empty:
        return _no_pairs(case)
    steps = len(pairs)
    codes = [ladder.no_award_code, *(band.code for band in ladder.bands)]
    order = {code: at for at, code in enumerate(codes)}
    up = sum(int(row["count"]) for (before, after), row in table.iterrows() if order[after] > order[before])
    title = t("Dari {steps} peralihan pada {districts} daerah sampai {year}, {up} naik pada putaran berikutnya",
              steps=steps, districts=pairs["area_code"].nunique(), up=up, year=case.award_year)  # fmt: skip
    source = _pairs_source()
    how = t(
        "Kiri: predikat sekarang. Kanan: putaran berikutnya. Tebal garis dan angka: banyaknya peralihan, dari daftar utuh dan berita bersama."
    )
    figure, ax = new_figure(title, case, source, tall=3.4, left=1.75, right=1.75, how=how, badge=False)
    names = [t("tanpa penghargaan"), *(band.name for band in ladder.bands)]
    most = table["count"].max()
    for (before, after), row in table.iterrows():
        y0, y1 = order[before], order[after]
        x = np.linspace(0, 1, 60)
        bend = y0 + (y1 - y0) * (3 * x**2 - 2 * x**3)
        colour = BLUE if y1 > y0 else MISSING if y1 == y0 else AMBER
        style = "-" if y1 >= y0 else (0, (4, 2))
        ax.plot(x, bend, color=colour, linewidth=1.2 + 7 * row["count"] / most, solid_capstyle="butt", linestyle=style,
                alpha=0.9)  # fmt: skip
    for (before, after), row in table.iterrows():
        # Each kind of step carries its number at a place of its own, so that no two numbers meet.
        near = 0.5 if order[after] > order[before] else 0.25 if order[after] == order[before] else 0.75
        bend = order[before] + (order[after] - order[before]) * (3 * near**2 - 2 * near**3)
        write(ax, near, bend, str(int(row["count"])), ha="center", fontsize=NAME, bbox=patch(PAPER, GRID))
    for at, name in enumerate(names):
        write(ax, -0.03, at, name, ha="right", fontsize=TEXT)
        write(ax, 1.03, at, name, ha="left", fontsize=TEXT)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.5, len(codes) - 0.5)
    ax.set_axis_off()
    told = "; ".join(
        t("{before} ke {after} {count} dari {of}", before=ladder.name(before), after=ladder.name(after),
          count=int(row["count"]), of=int(row["of"]))
        for (before, after), row in table.iterrows()
    )  # fmt: skip
    alt = t("Peralihan predikat antarputaran yang berurutan: {told}.", told=told)
    return finished(title, alt, source, figure, transition_table(table, case))


@styled
def moves(table: pd.DataFrame, case: Position) -> Chart:
    """The share that rose from each predicate: provinces that are published entire beside press reports.

    Args:
        table: `kla.moves` of `kla.published_pairs`, or some of its rows.
    """
    ladder = case.ladder
    if table.empty:
        return _no_pairs(case)
    rose = table.groupby("whole")[["rose", "of"]].sum().reindex([True, False], fill_value=0)
    title = t(
        "Naik pada putaran berikutnya: {rose} dari {of} di provinsi yang daftarnya utuh, {others} dari {all} menurut berita",
        rose=int(rose.loc[True, "rose"]), of=int(rose.loc[True, "of"]), others=int(rose.loc[False, "rose"]),
        all=int(rose.loc[False, "of"]),
    )  # fmt: skip
    how = t("Titik: bagian yang naik. Garis: rentang 95%. Penuh: provinsi utuh. Kosong: berita.")
    kinds = {True: t("utuh"), False: t("berita")}
    labels = [f"{ladder.name(before)}, {kinds[whole]}" for before, whole in table.index]
    names, row = row_names(labels, 2.2, least=0.36)
    figure, ax = new_figure(
        title, case, _pairs_source(), tall=row * len(table), left=2.2, right=1.1, under=0.3, how=how, badge=False
    )
    for y, ((_, whole), line) in enumerate(table.iterrows()):
        ax.plot([line["low"], line["high"]], [y, y], color=BLUE, linewidth=2, solid_capstyle="butt")
        ax.plot(line["share"], y, marker="o", markersize=9, color=BLUE, markerfacecolor=BLUE if whole else PAPER,
                markeredgewidth=1.8)  # fmt: skip
        write(ax, 1.03, y, t("{rose} dari {of}", rose=int(line["rose"]), of=int(line["of"])), ha="left", fontsize=NAME)
    put_rows(ax, names)
    ax.set_xlim(-0.03, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], [percent(share) for share in (0, 0.25, 0.5, 0.75, 1)], fontsize=NAME)
    ax.spines[["top", "right", "left"]].set_visible(False)
    told = "; ".join(
        t("{name} {rose} dari {of} ({low} sampai {high})", name=label, rose=int(line["rose"]), of=int(line["of"]),
          low=percent(line["low"]), high=percent(line["high"]))
        for label, (_, line) in zip(labels, table.iterrows(), strict=True)
    )  # fmt: skip
    return finished(
        title, t("Bagian yang naik predikat: {told}.", told=told), _pairs_source(), figure, moves_table(table, case)
    )


def _no_pairs(case: Position) -> Chart:
    title = t("Sampai putaran {year} belum ada peralihan predikat yang terbit", year=case.award_year)
    return said(title, case, _pairs_source())


def _pairs_source() -> str:
    return t("Sumber: hasil yang terbit, putaran yang berurutan saja; bukan sampel acak. Status: terbit dan turunan.")


def _whole(value: float) -> str:
    return number(value, decimals=0)


def _zones(ax: object, case: Position, floor: float) -> None:
    """Tint the bands from left to right and name them at the top."""
    ladder = case.instrument.ladder
    edges = [floor, *(band.lower for band in ladder.bands), ladder.max_total]
    names = [t("tanpa\npenghargaan"), *(band.name for band in ladder.bands)]
    for colour, name, (low, high) in zip(zones(len(names)), names, itertools.pairwise(edges), strict=True):
        ax.axvspan(low, high, color=colour, zorder=0, linewidth=0)
        ax.annotate(name, ((low + high) / 2, 1), xycoords=("data", "axes fraction"), xytext=(0, -5),
                    textcoords="offset points", ha="center", va="top", fontsize=SMALL, color=INK)  # fmt: skip
