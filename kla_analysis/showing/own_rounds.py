"""Own rounds: the district's own sheets beside each other, as a chart and tables, and what was claimed again unchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.instrument.bands import Span
from kla_analysis.language import number, percent, t
from kla_analysis.showing.figure import (
    HEAT,
    INK,
    PAD,
    SMALL,
    WIDTH,
    Chart,
    finished,
    fit,
    new_figure,
    put_rows,
    row_names,
    styled,
    write,
)
from kla_analysis.showing.table import Column, Table, number_column, owners_cell
from kla_analysis.showing.text import Text, stage_in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Sheets side by side in one picture or table; more do not fit on paper.
MOST = 6
#: Questions that a table of copied answers lists.
_LISTED = 20
_KEY = ["award_year", "stage"]
#: Shares that differ by less look the same.
_LEAST = 0.005


def own_rounds_in_words(rounds: pd.DataFrame, case: Position) -> Text:
    """Say what the district's own sheets show (`own_rounds`): each total, and what can not be compared in points."""
    totals = rounds[rounds["level"] == "total"]
    if totals.empty:
        return Text((t("Belum ada lembar nilai {area} sendiri di proyek ini.", area=case.area.name),), kind="remark")
    told = "; ".join(
        t(
            "{year} {stage} {score}",
            year=row.award_year,
            stage=stage_in_words(case, row.stage),
            score=Span(row.low, row.high),
        )
        for row in totals.itertuples()
    )
    lines = [t("Lembar {area} di proyek ini: {told}.", area=case.area.name, told=told)]
    if len(totals) == 1:
        lines.append(t("Baru satu lembar, jadi belum ada riwayat; lembar putaran lain ditambahkan dengan kla import."))
    other = totals[~totals["comparable"]]
    if len(other):
        names = ", ".join(f"{row.award_year} ({row.instrument})" for row in other.itertuples())
        lines.append(
            t(
                "{names} memakai instrumen lain: hanya bagian dari maksimumnya yang dibandingkan, bukan poinnya, dan "
                "hanya komponen dengan kode yang sama.",
                names=names,
            )
        )
    carried = totals[totals["carried"]]
    if len(carried):
        names = ", ".join(f"{row.award_year} ({row.instrument})" for row in carried.itertuples())
        lines.append(t("{names} dipindahkan dengan padanan pertanyaan yang dinyatakan.", names=names))
    if totals["illustrative"].any():
        years = ", ".join(str(year) for year in totals.loc[totals["illustrative"], "award_year"])
        lines.append(t("Ilustratif, bukan nilai daerah yang sebenarnya: {years}.", years=years))
    return Text(tuple(lines))


def own_rounds_table(rounds: pd.DataFrame, case: Position, level: str = "component") -> Table | Text:
    """The district's own sheets side by side (`own_rounds`): points, or shares where the instrument was another.

    Args:
        level: `component` or `indicator`.
    """
    sheets = _sheets(rounds)
    own = rounds[rounds["level"] == level]
    if len(sheets) < 2:
        return _too_few()
    table = case.instrument.table(level)
    frame, columns = table[["name", "max_points"]].rename_axis("code").reset_index(), []
    foot: list[Any] = ["", t("Jumlah"), case.ladder.max_total]
    for at, sheet in enumerate(sheets.itertuples()):
        rows = own[(own["award_year"] == sheet.award_year) & (own["stage"] == sheet.stage)].set_index("code")
        key, title = f"sheet_{at}", f"{sheet.award_year} {sheet.stage_name}"
        if sheet.comparable:
            columns.append(number_column(key, title))
            values = [_points(rows, code) for code in frame["code"]]
            foot.append(sheet.low if sheet.low == sheet.high else str(Span(sheet.low, sheet.high)))
        else:
            columns.append(Column(key, t("{title}, bagian ({rules})", title=title, rules=sheet.instrument)))
            values = [percent(rows.at[code, "share"]) if code in rows.index else "–" for code in frame["code"]]
            foot.append(percent(sheet.share))
        frame[key] = pd.Series(values, dtype=object)
    return Table(
        t("{area}: lembar sendiri per putaran", area=case.area.name),
        (Column("code", t("Kode")), Column("name", t("Nama")), number_column("max_points", t("Maksimum")), *columns),
        frame,
        source=_source(sheets),
        badge=t("ILUSTRATIF") if sheets["illustrative"].any() else "",
        total=tuple(foot),
    )


@styled
def own_rounds_chart(rounds: pd.DataFrame, case: Position, level: str = "component") -> Chart | Text:
    """Share of the maximum that each row reached in each of the district's own sheets: the darker, the more.

    Args:
        rounds: `own_rounds`, or some of its rows.
        level: `component` or `indicator`.
    """
    sheets = _sheets(rounds)
    if len(sheets) < 2:
        return _too_few()
    own = rounds[rounds["level"].isin(["total", level])]
    wide = own.pivot_table(index="code", columns=_KEY, values="share", sort=False)
    wide = wide[[(row.award_year, row.stage) for row in sheets.itertuples()]]
    names = case.instrument.table(level)["name"]
    wide = wide.reindex(["total", *(code for code in names.index if code in wide.index)])
    title = _finding(wide, names, sheets, case)
    labels = [t("Seluruhnya"), *(f"{code}  {names[code]}" for code in wide.index[1:])]
    left = 2.5
    wrapped, row = row_names(labels, left, least=0.42)
    how = t("Bagian dari maksimum; makin gelap, makin besar.")
    if not sheets["comparable"].all():
        how += " " + t("* instrumen lain: bandingkan bagiannya saja.")
    figure, ax = new_figure(title, case, _source(sheets), tall=row * len(wide), left=left, over=0.62, how=how)
    each = (WIDTH - left - PAD) / len(sheets)
    _draw(ax, wide, sheets, each)
    put_rows(ax, wrapped, at=[y + 0.5 for y in range(len(wide))])
    told = "; ".join(
        f"{label}: " + ", ".join(_share(value) for value in values)
        for label, values in zip(labels, wide.to_numpy(), strict=True)
    )
    heads = ", ".join(f"{row.award_year} {row.stage_name}" for row in sheets.itertuples())
    alt = t("Bagian dari maksimum per lembar ({heads}): {told}.", heads=heads, told=told)
    table = own_rounds_table(rounds, case, level)
    # A phone has no room for so many columns beside names: it shows the same picture, smaller.
    return replace(finished(title, alt, _source(sheets), figure, table), only_wide=True)


def copied_in_words(copied: pd.DataFrame, case: Position) -> Text:
    """Say how much was claimed again unchanged from the year before (`copied`)."""
    if copied.empty:
        why = t(
            "Tidak dibandingkan: belum ada dua lembar nilai mandiri {area} per pertanyaan dengan instrumen yang sama.",
            area=case.area.name,
        )
        return Text((why,), kind="remark")
    same = copied[copied["copied"]]
    before, year = copied["before_year"].iloc[0], copied["year"].iloc[0]
    if same.empty:
        return Text((t("Tidak ada jawaban {year} yang sama persis dengan {before}.", year=year, before=before),))
    lines = [
        t(
            "{count} dari {all} jawaban {year} ({points} poin) diajukan lagi tanpa perubahan dari {before}: poin, keterangan, "
            "dan tautan buktinya sama. Periksa apakah buktinya dari tahun ini.",
            count=len(same),
            all=len(copied),
            year=year,
            points=number(same["now"].sum()),
            before=before,
        )
    ]
    silent = int(same["silent"].sum())
    if silent:
        lines.append(t("{count} di antaranya tanpa keterangan dan tanpa tautan pada kedua tahun.", count=silent))
    return Text(tuple(lines))


def copied_table(copied: pd.DataFrame, case: Position) -> Table | Text:
    """The answers that were claimed again unchanged (`copied`), those with most points first."""
    same = copied[copied["copied"]] if len(copied) else copied
    if same.empty:
        return copied_in_words(copied, case)
    frame = same.sort_values("now", ascending=False, kind="stable").head(_LISTED).rename_axis("code").reset_index()
    told = t("tanpa keterangan dan tautan"), t("keterangan atau tautan sama")
    return Table(
        t("Diajukan lagi tanpa perubahan: {count} dari {all}", count=len(frame), all=len(same)),
        (
            Column("code", t("Kode")),
            Column("name", t("Pertanyaan")),
            number_column("now", t("Nilai")),
            number_column("max_points", t("Maksimum")),
            Column("before_year", t("Sejak"), write=str),
            Column("why", t("Bukti")),
            Column("owners", t("Penanggung jawab"), write=owners_cell),
        ),
        frame.assign(why=[told[0] if silent else told[1] for silent in frame["silent"]]),
        source=t("Sumber: lembar nilai mandiri {area} dua putaran.", area=case.area.name),
        badge=t("ILUSTRATIF") if case.illustrative else "",
    )


def _too_few() -> Text:
    return Text((t("Tidak ditunjukkan: riwayat perlu dua lembar nilai daerah ini."),), kind="remark")


def _sheets(rounds: pd.DataFrame) -> pd.DataFrame:
    """Return one row per sheet, the newest that fit side by side, oldest first."""
    return rounds[rounds["level"] == "total"].tail(MOST)


def _points(rows: pd.DataFrame, code: str) -> float | str | None:
    if code not in rows.index:
        return None
    low, high = rows.at[code, "low"], rows.at[code, "high"]
    return float(low) if low == high else str(Span(low, high))


def _share(value: float) -> str:
    return "–" if pd.isna(value) else percent(value)


def _source(sheets: pd.DataFrame) -> str:
    notes = [t("Sumber: lembar nilai daerah sendiri, {count} lembar.", count=len(sheets))]
    if not sheets["comparable"].all():
        notes.append(t("Poin instrumen yang berbeda tidak dibandingkan."))
    if sheets["illustrative"].any():
        notes.append(t("Sebagian atau semuanya ilustratif."))
    return " ".join(notes)


def _finding(wide: pd.DataFrame, names: pd.Series, sheets: pd.DataFrame, case: Position) -> str:
    """Say what moved most between the last sheet and the one that it is to be read beside."""
    other, last = _beside(sheets, case), len(sheets) - 1
    moved = (wide.iloc[:, last] - wide.iloc[:, other]).drop("total").dropna()
    old, new = (f"{row.award_year} {row.stage_name.lower()}" for row in (sheets.iloc[other], sheets.iloc[last]))
    if moved.empty or moved.abs().max() < _LEAST:
        return t("Hampir tidak ada yang berubah dari {old} ke {new}", old=old, new=new)
    code = moved.idxmin() if moved.min() < -_LEAST else moved.idxmax()
    was, now = (percent(wide.iloc[:, at][code]) for at in (other, last))
    words = {"name": names[code], "was": was, "now": now, "old": old, "new": new}
    if moved[code] < 0:
        return t("{name} paling turun: {was} ({old}) menjadi {now} ({new})", **words)
    return t("{name} paling naik: {was} ({old}) menjadi {now} ({new})", **words)


def _beside(sheets: pd.DataFrame, case: Position) -> int:
    """Return beside which sheet the last one is read.

    A verified one beside the claim of its round, all others beside the last of the same stage; where there is none, the
    one before.
    """
    stages = {stage.code: stage.claimed for stage in case.instrument.stages}
    last, earlier = sheets.iloc[-1], sheets.iloc[:-1]
    claimed = earlier["stage"].map(lambda code: stages.get(code, False))
    same_round = (claimed & (earlier["award_year"] == last["award_year"])).to_numpy().nonzero()[0]
    same_stage = (earlier["stage"] == last["stage"]).to_numpy().nonzero()[0]
    return int(next((found[-1] for found in (same_round, same_stage) if len(found)), len(earlier) - 1))


def _draw(ax: Axes, wide: pd.DataFrame, sheets: pd.DataFrame, each: float) -> None:
    """Draw a cell per row and sheet, and the sheets' names above."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    shade = LinearSegmentedColormap.from_list("heat", HEAT)
    for x, sheet in enumerate(sheets.itertuples()):
        year = f"{sheet.award_year}{'' if sheet.comparable else '*'}"
        head = fit(sheet.stage_name + (t(" (ilustratif)") if sheet.illustrative else ""), each - 0.06, SMALL, lines=3)
        head = f"{year}\n{head}"
        write(ax, x + 0.5, -0.08, head, ha="center", va="bottom", fontsize=SMALL)
        for y, value in enumerate(wide.iloc[:, x]):
            face = "none" if pd.isna(value) else shade(min(value, 1))
            ax.add_patch(Rectangle((x, y), 1, 1, facecolor=face, edgecolor="white", linewidth=2))
            weight = "bold" if y == 0 else "normal"
            write(ax, x + 0.5, y + 0.5, _share(value), ha="center", va="center", color=INK, fontweight=weight)
    ax.set(xlim=(0, len(sheets)), ylim=(len(wide), 0), xticks=[])
    ax.spines[:].set_visible(False)
