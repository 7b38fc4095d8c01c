"""The country: a district among its province and the nation, and how awards change from round to round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.evidence.published import AWARD_STAGE
from kla_analysis.instrument.bands import Ladder
from kla_analysis.instrument.instrument import load_instrument
from kla_analysis.language import percent, t
from kla_analysis.showing.figure import (
    AMBER,
    BLUE,
    GRID,
    INK,
    MISSING,
    NAME,
    PAD,
    PAPER,
    SMALL,
    TEXT,
    Chart,
    Style,
    beside,
    finished,
    fit,
    new_figure,
    no_award,
    on_phone,
    patch,
    put_rows,
    row_names,
    said,
    styled,
    width,
    write,
    zones,
)
from kla_analysis.showing.forecast import of_this_report
from kla_analysis.showing.table import Column, Table, count_column, number_column, share_column
from kla_analysis.showing.text import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def province_in_words(table: pd.DataFrame, case: Position) -> Text:
    """Say where the area stands among the published results of its province (`kla.province_standing`)."""
    ladder = case.ladder
    if case.area.code not in table.index:
        told = t(
            "Hasil {area} tidak ada di antara {count} hasil provinsinya yang terbit.",
            area=case.area.name,
            count=len(table),
        )
        return Text((told,))
    own = table.loc[case.area.code]
    said = t(
        "Penghargaan terakhir {area} yang predikatnya terbit: {predicate} pada {year}; {better} dari {count} daerah "
        "{province} berpredikat lebih tinggi.",
        area=case.area.name,
        predicate=ladder.name(own["predicate"]),
        year=int(own["award_year"]),
        better=int(own["rank"]) - 1,
        count=len(table),
        province=case.area.province,
    )
    later = later_award(own, ladder)
    return Text((said, t("Sesudahnya, {later}.", later=later)) if later else (said,))


def later_award(row: Any, ladder: Ladder) -> str | None:
    """Say what is known of an award after the last one whose predicate is named (a row of `province_standing`)."""
    if pd.isna(row.later_year):
        return None
    bounds = (None if pd.isna(code) else code for code in (row.at_least, row.at_most))
    return f"{int(row.later_year)}: {ladder.name_between(*bounds)}"


def transitions_in_words(moved: pd.DataFrame, case: Position) -> Text:
    """Say how often the area's predicate was followed by a higher one, up to the round of the report (`kla.moves`).

    Later rounds are left out: they were not known then, and the area's own would be among them.
    """
    ladder = case.instrument.ladder
    code, year = _predicate_to_start_from(case)
    if code is None:
        never = t(
            "Predikat {area} belum pernah terbit, jadi peralihannya tidak dapat dibandingkan.", area=case.area.name
        )
        return Text((never,))
    rows = moved[moved.index.get_level_values("before") == code]
    if rows.empty:
        words = {"name": ladder.name(code), "year": case.award_year}
        return Text((t("Sampai putaran {year} belum ada peralihan dari {name} yang terbit.", **words),))
    lines = []
    if year != case.award_year:
        lines.append(
            t(
                "Predikat putaran ini belum pasti; yang dipakai predikat terakhir yang terbit, {name} pada {year}.",
                name=ladder.name(code),
                year=year,
            )
        )
    for (_, whole), row in rows.iterrows():
        values = {
            "of": int(row["of"]),
            "name": ladder.name(code),
            "districts": int(row["districts"]),
            "rose": int(row["rose"]),
            "stayed": int(row["stayed"]),
            "fell": int(row["fell"]),
            "low": percent(row["low"]),
            "high": percent(row["high"]),
            "year": case.award_year,
        }
        lines.append(
            t(
                "Di provinsi yang daftarnya utuh terbit {of} peralihan dari {name} pada {districts} daerah sampai putaran "
                "{year}: {rose} naik, {stayed} tetap, {fell} turun; bagian yang naik antara {low} dan {high}.",
                **values,
            )
            if whole
            else t(
                "Berita tentang daerah satu per satu memuat {of} peralihan dari {name} pada {districts} daerah sampai "
                "putaran {year}: {rose} naik, {stayed} tetap, {fell} turun; bagian yang naik antara {low} dan {high}. "
                "Berita tidak memuat semua daerah, jadi keduanya dibaca terpisah.",
                **values,
            )
        )
    return Text(tuple(lines))


def _predicate_to_start_from(position: Position) -> tuple[str | None, int]:
    """Return the predicate that transitions start from, and its year: this round's, else the last one named."""
    if position.roll_up is not None:
        return position.instrument.ladder.place(position.span.low).predicate, position.award_year
    history = position.history
    named = history[
        (history["stage"] == AWARD_STAGE)
        & history["predicate"].notna()
        & (history["award_year"] <= position.award_year)
    ]
    if named.empty:
        return None, position.award_year
    return named["predicate"].iloc[-1], int(named["award_year"].iloc[-1])


def national_table(counts: pd.DataFrame) -> Table:
    """How many districts got each predicate, per award year (`kla.load_national_counts`, with `took_part` where known)."""
    none_given = ", ".join(str(year) for year in counts.loc[~counts["held"], "award_year"])
    frame = counts[counts["held"]]
    bands = [band for band in load_instrument().ladder.bands if band.code in frame]
    return Table(
        t("Jumlah kabupaten/kota penerima penghargaan"),
        (
            Column("award_year", t("Tahun"), write=str),
            count_column("took_part", t("Ikut serta")),
            count_column("awarded_total", t("Penerima")),
            *(count_column(band.code, band.name) for band in bands),
        ),
        frame,
        source=t(
            "Status: terbit, dihimpun dari laporan pers. Tanda – berarti tidak ditemukan; tanpa penghargaan: {years}.",
            years=none_given or "–",
        ),
    )


def province_table(standing: pd.DataFrame, case: Position) -> Table:
    """The last published award of every area of the province (`kla.province_standing`)."""
    ladder = case.ladder
    frame = standing.assign(
        predicate=[ladder.name(code) for code in standing["predicate"]],
        later=[later_award(row, ladder) for row in standing.itertuples()],
    )
    return Table(
        t("Penghargaan terakhir yang terbit di {province}", province=case.area.province or "–"),
        (
            Column("rank", t("Peringkat"), write=str),
            Column("area_name", t("Daerah")),
            Column("award_year", t("Tahun"), write=str),
            Column("predicate", t("Predikat")),
            number_column("score", t("Nilai")),
            Column("later", t("Sesudahnya")),
        ),
        frame,
        source=t("Sumber: data/published/results.csv (terbit), tidak lengkap. Peringkat sama untuk predikat sama."),
    )


def transition_table(steps: pd.DataFrame, case: Position) -> Table:
    """How often one predicate was followed by which, with counts and intervals (`kla.transitions`)."""
    ladder = case.ladder
    frame = steps.reset_index()
    frame["before"] = [ladder.name(code) for code in frame["before"]]
    frame["after"] = [ladder.name(code) for code in frame["after"]]
    frame["range"] = [f"{percent(row.low)}–{percent(row.high)}" for row in frame.itertuples()]
    return Table(
        t("Predikat dan predikat pada putaran berikutnya, sampai putaran {year}", year=case.award_year),
        (
            Column("before", t("Sekarang")),
            Column("after", t("Berikutnya")),
            count_column("count", t("Banyaknya")),
            count_column("of", t("Dari")),
            count_column("districts", t("Pada berapa daerah")),
            Column("range", t("Rentang 95%"), "number"),
        ),
        frame,
        source=_pairs_source(),
    )


def moves_table(moved: pd.DataFrame, case: Position) -> Table:
    """How many rose, stayed and fell, provinces that are published entire apart from press reports (`kla.moves`)."""
    ladder = case.ladder
    frame = moved.reset_index()
    frame["before"] = [ladder.name(code) for code in frame["before"]]
    frame["kind"] = [t("provinsi utuh") if whole else t("berita") for whole in frame["whole"]]
    frame["range"] = [f"{percent(row.low)}–{percent(row.high)}" for row in frame.itertuples()]
    return Table(
        t(
            "Naik, tetap, turun: provinsi yang daftarnya utuh dan berita, sampai putaran {year}",
            year=case.award_year,
        ),
        (
            Column("before", t("Dari predikat")),
            Column("kind", t("Asal hasil")),
            count_column("rose", t("Naik")),
            count_column("stayed", t("Tetap")),
            count_column("fell", t("Turun")),
            count_column("districts", t("Pada berapa daerah")),
            Column("range", t("Bagian yang naik, 95%"), "number"),
        ),
        frame,
        source=_pairs_source(),
    )


def component_shares_table(published: pd.DataFrame, case: Position) -> Table:
    """What districts published of their components (`kla.load_component_scores`), beside the sheet's own if there is one."""
    instrument = case.instrument
    stages = {stage.code: stage.name for stage in instrument.stages}
    codes = list(instrument.components.index)
    published = published[published["component_code"].isin(codes)]
    rows = []
    for key, group in published.groupby(["area_name", "award_year", "stage"], dropna=False, sort=False):
        shares = group.set_index("component_code")["share"]
        stage = t("tahap tidak disebut") if pd.isna(key[2]) else stages.get(key[2], t("Selama verifikasi")).lower()
        rows.append({"who": f"{key[0]} {key[1]}, {stage}", **{code: shares.get(code) for code in codes}})
    if case.roll_up is not None:
        known = case.components[case.components["low"] == case.components["high"]]
        own = known["low"] / known["max_points"]
        rows.insert(0, {"who": of_this_report(case), **own.to_dict()})
    return Table(
        t("Bagian maksimum yang dicapai per komponen, di samping daerah lain"),
        (
            Column("who", t("Daerah dan tahap")),
            *(share_column(code, code) for code in codes),
        ),
        pd.DataFrame(rows, columns=["who", *codes]),
        source=t(
            "Sumber: data/published/component_scores.csv (terbit). Bagian dihitung dengan maksimum yang tercetak, bila tidak ada "
            "dengan maksimum {title} (turunan). Tahap dan tahunnya berbeda, jadi hanya pembanding kasar. {codes}.",
            title=instrument.title,
            codes="; ".join(f"{code}: {instrument.components['name'][code]}" for code in codes),
        ),
        badge=t("ILUSTRATIF") if case.illustrative else "",
    )


def _pairs_source() -> str:
    return t(
        "Sumber: data/published/results.csv dan province_counts.csv (terbit), putaran berurutan saja. Rentang Wilson 95%; "
        "makin sama daerah yang berulang, makin mendekati satu pengamatan per daerah."
    )


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
    words = {"count": len(table), "province": case.area.province}
    title = t("{count} hasil {province} yang terbit", **words)
    if case.area.code in table.index:
        own = table.loc[case.area.code]
        words |= {"area": case.area.name, "predicate": ladder.name(own["predicate"]), "rank": int(own["rank"])}
        title = t("{area}: {predicate}, peringkat {rank} dari {count} hasil {province} yang terbit", **words)
    source = t("Sumber: hasil yang terbit, lihat tabel; tidak lengkap dan dari tahun yang berbeda. Status: terbit.")
    names, row = row_names(table["area_name"], beside(1.9), least=0.3)
    codes = [ladder.no_award_code, *(band.code for band in ladder.bands)]
    figure, ax = new_figure(title, case, source, tall=row * len(table), left=beside(1.9), over=0.35, badge=False)
    _award_zones(ax, codes, ladder)
    for y, (code, line) in enumerate(table.iterrows()):
        wide = (len(codes) - 0.5 - codes.index(line["predicate"])) / len(codes) * (width() - beside(1.9) - PAD)
        _award_mark(
            ax, (codes.index(line["predicate"]), y), _award_said(line, ladder), wide - 0.15, code == case.area.code
        )
    put_rows(ax, names)
    ax.spines[:].set_visible(False)
    ax.set_xlim(-0.5, len(codes) - 0.5)
    told = "; ".join(
        f"{line['area_name']} {ladder.name(line['predicate'])} {_award_said(line, ladder, ', ')}"
        for _, line in table.iterrows()
    )
    alt = t("Penghargaan terakhir yang terbit di {province}: {told}.", province=case.area.province, told=told)
    return finished(title, alt, source, figure, province_table(table, case))


def _award_said(line: pd.Series, ladder: Ladder, between: str = "; ") -> str:
    """Write the year of an award, and what is known to have come after it."""
    return between.join(filter(None, (str(int(line["award_year"])), later_award(line, ladder))))


def _award_zones(ax: Axes, codes: list[str], ladder: Ladder) -> None:
    """Draw a field for every award, with its name above."""
    below = no_award(ladder.bands[0].lower) if on_phone() else t("tanpa\npenghargaan")
    above: Style = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "ha": "center",
        "va": "bottom",
    }
    for at, (code, colour) in enumerate(zip(codes, zones(len(codes)), strict=True)):
        ax.axvspan(at - 0.5, at + 0.5, color=colour, zorder=0, linewidth=0)
        label = below if code == ladder.no_award_code else ladder.name(code)
        ax.annotate(label, (at, 1), xytext=(0, 14 if on_phone() else 4), fontsize=SMALL, color=INK, **above)


def _award_mark(ax: Axes, place: tuple[int, int], label: str, room: float, here: bool) -> None:
    """Draw the mark of one area with its words beside it, right where there is room (inches)."""
    look: Style = (
        {"marker": "D", "markersize": 10, "color": AMBER} if here else {"marker": "o", "markersize": 7, "color": BLUE}
    )
    ax.plot(*place, **look, linestyle="none")
    right, weight = room > 0.5, "bold" if here else "normal"
    if right and on_phone():
        label = fit(label, room, SMALL, weight)
    style: Style = {"xytext": (9, 0), "ha": "left"} if right else {"xytext": (-9, 0), "ha": "right"}
    write(ax, *place, label, fontsize=SMALL, fontweight=weight, **style)


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
    title = t(
        "Dari {steps} peralihan pada {districts} daerah sampai {year}, {up} naik pada putaran berikutnya",
        steps=steps,
        districts=pairs["area_code"].nunique(),
        up=up,
        year=case.award_year,
    )
    source = _pairs_line()
    how = t(
        "Kiri: predikat sekarang. Kanan: putaran berikutnya. Tebal garis dan angka: banyaknya peralihan, dari daftar utuh dan berita bersama."
    )
    side = 1.15 if on_phone() else 1.75
    figure, ax = new_figure(title, case, source, tall=3.4, left=side, right=side, how=how, badge=False)
    names = [t("tanpa penghargaan"), *(band.name for band in ladder.bands)]
    _draw_flow(ax, [(order[before], order[after], int(row["count"])) for (before, after), row in table.iterrows()])
    for at, name in enumerate(names):
        name = fit(name, side - 0.1, TEXT)
        write(ax, -0.03, at, name, ha="right", fontsize=TEXT)
        write(ax, 1.03, at, name, ha="left", fontsize=TEXT)
    ax.set_xlim(0, 1)
    ax.set_ylim(-0.5, len(codes) - 0.5)
    ax.set_axis_off()
    told = "; ".join(
        t(
            "{before} ke {after} {count} dari {of}",
            before=ladder.name(before),
            after=ladder.name(after),
            count=int(row["count"]),
            of=int(row["of"]),
        )
        for (before, after), row in table.iterrows()
    )
    alt = t("Peralihan predikat antarputaran yang berurutan: {told}.", told=told)
    return finished(title, alt, source, figure, transition_table(table, case))


def _draw_flow(ax: Axes, steps: list[tuple[int, int, int]]) -> None:
    """Draw how many went from one place of the ladder to which: a line each, as thick as they are many."""
    most = max(count for _, _, count in steps)
    # Up, level, down: colour, line, and the place of the number, so that no two numbers meet.
    looks = {1: (BLUE, "-", 0.5), 0: (MISSING, "-", 0.25), -1: (AMBER, (0, (4, 2)), 0.75)}
    x = np.linspace(0, 1, 60)
    for before, after, count in steps:
        colour, style, _ = looks[int(np.sign(after - before))]
        bend = before + (after - before) * (3 * x**2 - 2 * x**3)
        thick = 1.2 + 7 * count / most
        ax.plot(x, bend, color=colour, linewidth=thick, solid_capstyle="butt", linestyle=style, alpha=0.9)
    for before, after, count in steps:
        *_, near = looks[int(np.sign(after - before))]
        height = before + (after - before) * (3 * near**2 - 2 * near**3)
        write(ax, near, height, str(count), ha="center", fontsize=NAME, bbox=patch(PAPER, GRID))


@styled
def moves_chart(table: pd.DataFrame, case: Position) -> Chart:
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
        rose=int(rose.loc[True, "rose"]),
        of=int(rose.loc[True, "of"]),
        others=int(rose.loc[False, "rose"]),
        all=int(rose.loc[False, "of"]),
    )
    how = t("Titik: bagian yang naik. Garis: rentang 95%. Penuh: provinsi utuh. Kosong: berita.")
    kinds = {True: t("utuh"), False: t("berita")}
    labels = [f"{ladder.name(before)}, {kinds[whole]}" for before, whole in table.index]
    names, row = row_names(labels, beside(2.2), least=0.36)
    figure, ax = new_figure(
        title, case, _pairs_line(), tall=row * len(table), left=beside(2.2), right=1.1, under=0.3, how=how, badge=False
    )
    for y, ((_, whole), line) in enumerate(table.iterrows()):
        ax.plot([line["low"], line["high"]], [y, y], color=BLUE, linewidth=2, solid_capstyle="butt")
        ax.plot(
            line["share"],
            y,
            marker="o",
            markersize=9,
            color=BLUE,
            markerfacecolor=BLUE if whole else PAPER,
            markeredgewidth=1.8,
        )
        write(ax, 1.03, y, t("{rose} dari {of}", rose=int(line["rose"]), of=int(line["of"])), ha="left", fontsize=NAME)
    put_rows(ax, names)
    ax.set_xlim(-0.03, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], [percent(share) for share in (0, 0.25, 0.5, 0.75, 1)], fontsize=NAME)
    ax.spines[["top", "right", "left"]].set_visible(False)
    told = "; ".join(
        t(
            "{name} {rose} dari {of} ({low} sampai {high})",
            name=label,
            rose=int(line["rose"]),
            of=int(line["of"]),
            low=percent(line["low"]),
            high=percent(line["high"]),
        )
        for label, (_, line) in zip(labels, table.iterrows(), strict=True)
    )
    return finished(
        title, t("Bagian yang naik predikat: {told}.", told=told), _pairs_line(), figure, moves_table(table, case)
    )


def _no_pairs(case: Position) -> Chart:
    title = t("Sampai putaran {year} belum ada peralihan predikat yang terbit", year=case.award_year)
    return said(title, case, _pairs_line())


def _pairs_line() -> str:
    return t("Sumber: hasil yang terbit, putaran yang berurutan saja; bukan sampel acak. Status: terbit dan turunan.")
