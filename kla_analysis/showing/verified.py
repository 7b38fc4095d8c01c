"""Before and after a verification: what was cut from a claim, by whose evidence, what comes back, what is shown that day."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from kla_analysis.analysis.forecast import outlook
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.verified import at_stake, pair_of
from kla_analysis.evidence.statements import Statement
from kla_analysis.instrument.instrument import level_name, standing_name
from kla_analysis.language import chance, number, percent, t
from kla_analysis.showing.figure import (
    BLUE,
    LOST,
    PAD,
    Chart,
    beside,
    drawn_table,
    finished,
    label_bars,
    new_figure,
    put_rows,
    row_names,
    said,
    source_line,
    stage_name,
    styled,
    width,
)
from kla_analysis.showing.table import (
    Column,
    Table,
    count_column,
    level_of,
    number_column,
    of_sheet,
    owners_cell,
    share_column,
    whole_number,
)
from kla_analysis.showing.text import Text, forecast_note, needs_forecast, without_scheme


def verified_in_words(table: pd.DataFrame, case: Position) -> Text:
    """Say what a verification cut from the claim, and where most; or which of the two sheets is missing.

    Args:
        table: `kla.cuts(case)`.
    """
    pair = pair_of(case)
    if pair is None:
        return Text((_what_is_missing(case),), kind="remark")
    claim, after = pair
    known = table.dropna(subset=["cut_points"])
    cut, raised = known[known["cut_points"] > 0], known[known["cut_points"] < 0]
    words = {
        "claimed": claim.ladder.written(claim.span),
        "left": after.ladder.written(after.span),
        "stage": stage_name(case, after.stage),
        "level": level_name(level_of(table)),
    }
    if cut.empty:
        said = t(
            "Dari {claimed} yang diklaim tersisa {left} sesudah {stage}; tidak ada {level} yang dipotong.",
            **words,
        )
        return Text((said,))
    most = cut.sort_values("cut_points", ascending=False, kind="stable").iloc[0]
    paragraphs = [
        t(
            "Dari {claimed} yang diklaim tersisa {left} sesudah {stage}: {share} bertahan. {count} {level} dipotong, "
            "bersama {points} poin; paling banyak {code} {name} ({most} poin).",
            **words,
            share=percent(after.span.low / claim.span.low),
            count=len(cut),
            points=number(cut["cut_points"].sum()),
            code=cut["cut_points"].idxmax(),
            name=most["name"],
            most=number(most["cut_points"]),
        )
    ]
    if len(raised):
        points = number(-raised["cut_points"].sum())
        paragraphs.append(
            t("{count} {level} malah naik, bersama {points} poin.", **words, count=len(raised), points=points)
        )
    if len(known) < len(table):
        count = len(table) - len(known)
        paragraphs.append(
            t("{count} {level} tidak dibandingkan: di salah satu lembar belum ada jawabannya.", **words, count=count)
        )
    return Text(tuple(paragraphs))


def _what_is_missing(case: Position) -> str:
    if not case.sheets:
        return t("Tidak ditunjukkan: untuk putaran ini tidak ada lembar nilai.")
    only = ", ".join(stage_name(case, stage) for stage in case.sheets)
    if any(sheet.claimed for sheet in case.sheets.values()):
        return t(
            "Dari putaran ini hanya ada lembar {stage}. Bila hasil verifikasi sudah ada, impor dengan kla import dan "
            "tahapnya; di sini lalu tampak apa yang dipotong.",
            stage=only,
        )
    return t(
        "Dari putaran ini hanya ada lembar {stage}, tanpa lembar klaimnya; jadi tidak ada yang dibandingkan.",
        stage=only,
    )


@styled
def cut_chart(components: pd.DataFrame, case: Position) -> Chart | Text:
    """What verification left of the claim and what it cut, by component (`kla.cuts(case, "component")`)."""
    pair, known = pair_of(case), components.dropna(subset=["cut_points"])
    if pair is None:  # the sentence above it has said so
        return Text(())
    source = source_line(pair[1])
    if known.empty:
        return said(t("Tidak ada komponen yang utuh di kedua lembar"), case, source)
    name = known.loc[known["cut_points"].astype(float).idxmax(), "name"]
    most = number(known["cut_points"].max())
    title = t("Paling banyak dipotong: {name}, {most} poin", name=name, most=most)
    how = t("Penuh: yang bertahan. Berarsir: yang dipotong dari klaim. Angka: yang dipotong, dan bagian yang bertahan.")
    left = beside(2.4)
    names, row = row_names(known["name"], left)
    figure, ax = new_figure(title, case, source, tall=row * len(known), left=left, how=how)
    ends = known[["claimed", "verified"]].max(axis=1)
    ax.barh(range(len(known)), ends, **LOST, height=0.58)
    ax.barh(range(len(known)), known["verified"], color=BLUE, height=0.58)
    put_rows(ax, names)
    labels = [f"{_change(row.cut_points)}  ({percent(row.kept)})" for row in known.itertuples()]
    label_bars(ax, ends, labels, width() - left - PAD)
    told = "; ".join(f"{row.name} {label}" for row, label in zip(known.itertuples(), labels, strict=True))
    twin = drawn_table(
        pair[1],
        t("Klaim dan hasil verifikasi per komponen"),
        (
            Column("name", t("Komponen")),
            *_point_columns(),
            share_column("kept", t("Bertahan")),
        ),
        known[["name", "claimed", "verified", "cut_points", "kept"]].itertuples(index=False),
        source,
    )
    alt = t(
        "Diagram batang klaim dan hasil verifikasi per komponen; perubahan dan bagian yang bertahan: {told}.", told=told
    )
    return finished(title, alt, source, figure, twin)


def _change(cut: float) -> str:
    """Write a cut as what it does to the points."""
    return f"{'−' if cut > 0 else '+' if cut < 0 else ''}{number(abs(cut))}"


def _point_columns() -> tuple[Column, ...]:
    return (
        number_column("claimed", t("Klaim")),
        number_column("verified", t("Terverifikasi")),
        number_column("cut_points", t("Dipotong")),
    )


def verified_table(table: pd.DataFrame, case: Position, *, top: int = 20) -> Table | Text:
    """What was cut most, with whose evidence it is (`kla.cuts(case)`)."""
    cut = table[table["cut_points"] > 0].sort_values("cut_points", ascending=False, kind="stable")
    if cut.empty:
        return Text(())
    level = level_name(level_of(table))
    caption = t("{count} {level} yang paling banyak dipotong", count=min(top, len(cut)), level=level)
    return _with_owners(cut.head(top), case, caption, _point_columns())


def cut_agencies_table(agencies: pd.DataFrame, case: Position, *, top: int = 15) -> Table | Text:
    """What was cut by the agencies whose evidence it is (`kla.cut_by_agency`)."""
    if agencies.empty:
        return Text(())
    how = t("“Ikut menjawab” menghitung penuh apa yang dijawab bersama; “bagian rata” membaginya sama banyak (asumsi).")
    return of_sheet(
        case,
        t("Yang dipotong menurut penanggung jawab bukti"),
        (
            Column("agency", t("Penanggung jawab")),
            count_column("rows", t("Jumlah")),
            number_column("involved_points", t("Ikut menjawab (poin)")),
            number_column("shared_points", t("Bagian rata (poin)")),
        ),
        agencies.head(top).reset_index(),
        notes=(how,),
    )


def two_days_in_words(listed: pd.DataFrame, case: Position) -> Text:
    """Say by which rule the two-day list is made, and how many points hang on it (`kla.two_day_list`)."""
    if pair_of(case) is None:
        said = t("Daftar dua hari disusun dari klaim dan hasil verifikasi; salah satunya belum ada.")
        return Text((said,), kind="remark")
    if listed.empty:
        return Text((t("Tidak ada potongan yang dapat diperbaiki dengan melengkapi bukti."),))
    said = t(
        "{count} {level} dapat diperbaiki dalam 2 × 24 jam, bersama paling banyak {points} poin. Aturannya: yang diklaim "
        "tetapi dipotong, karena buktinya belum meyakinkan; tanpa pertanyaan yang mengukur kondisi anak, karena itu tidak "
        "berubah dalam dua hari; terbanyak poinnya lebih dulu. Apakah bukti itu memang ada, hanya instansinya yang tahu.",
        count=len(listed),
        level=level_name(level_of(listed)),
        points=number(at_stake(listed, case)),
    )
    return Text((said,))


def two_day_table(listed: pd.DataFrame, case: Position, *, top: int = 30) -> Table | Text:
    """What can be repaired in two days, most points first (`kla.two_day_list`)."""
    if listed.empty:
        return Text(())
    caption = t("Daftar dua hari: {count} bukti yang dilengkapi lebih dulu", count=min(top, len(listed)))
    columns = (
        number_column("claimed", t("Klaim")),
        number_column("verified", t("Terverifikasi")),
        number_column("at_stake_points", t("Bisa kembali")),
    )
    return _with_owners(listed.head(top), case, caption, columns)


def _with_owners(frame: pd.DataFrame, case: Position, caption: str, columns: Sequence[Column]) -> Table:
    name = level_name(level_of(frame)).capitalize()
    return of_sheet(
        case,
        caption,
        (
            Column("code", t("Kode")),
            Column("name", name),
            *columns,
            Column("owners", t("Penanggung jawab"), write=owners_cell),
        ),
        frame.rename_axis("code").reset_index(),
    )


@needs_forecast
def stage_forecasts_in_words(forecasts: pd.DataFrame, case: Position, target: str) -> Text:
    """Say what the newest sheet of the round changed in the forecast (`kla.forecasts_by_stage`)."""
    goal = case.ladder.band(target).name
    if len(forecasts) < 2:
        return Text((t("Prakiraan kedua dibuat begitu lembar tahap berikutnya diimpor."),), kind="remark")
    first, last = forecasts.iloc[0], forecasts.iloc[-1]
    written = whole_number
    said = t(
        "Dari klaim, nilai akhir diprakirakan {first}; sesudah {stage} diketahui, {last} (antara {low} dan {high}). "
        "Peluang {goal} atau lebih: {before}, sekarang {now}.",
        first=written(first["median"]),
        stage=stage_name(case, str(forecasts.index[-1])),
        last=written(last["median"]),
        low=written(last["low"]),
        high=written(last["high"]),
        goal=goal,
        before=chance(first["chance"]),
        now=chance(last["chance"]),
    )
    return Text((said,))


@needs_forecast
def stage_forecasts_table(forecasts: pd.DataFrame, case: Position, target: str) -> Table | Text:
    """What was forecast from each sheet of the round (`kla.forecasts_by_stage`)."""
    if len(forecasts) < 2:
        return Text(())
    frame = forecasts.assign(stage=[stage_name(case, code, sentence=True) for code in forecasts.index])
    goal = case.ladder.band(target).name
    return Table(
        t("Prakiraan nilai akhir, menurut apa yang diketahui"),
        (
            Column("stage", t("Tahap")),
            number_column("total", t("Nilai")),
            Column("median", t("Nilai akhir, tengah"), "number", whole_number, "points"),
            Column("low", t("Rendah (80%)"), "number", whole_number, "points"),
            Column("high", t("Tinggi (80%)"), "number", whole_number, "points"),
            share_column("chance", t("Peluang {goal}", goal=goal), chance),
        ),
        frame,
        source=forecast_note(outlook(case).retention),
        badge=t("ILUSTRATIF") if case.illustrative else "",
    )


@needs_forecast
def own_lessons_in_words(lessons: pd.DataFrame, case: Position, target: str) -> Text:
    """Say what the district's own earlier rounds moved in its forecast, and by how much (`kla.own_lessons`)."""
    if case.kept_share is not None:
        return Text((t("Bagian nilai yang bertahan sampai penghargaan: asumsi pengguna."),))
    if lessons.empty:
        said = t(
            "Tidak ada putaran {area} sendiri yang menggeser prakiraan ini: dari yang selesai sebelum putaran yang diprakirakan "
            "tidak satu pun kedua nilainya diketahui.",
            area=case.area.name,
        )
        return Text((said,))
    told, without = outlook(case), outlook(case, own=False)
    years = ", ".join(str(year) for year in lessons["award_year"])
    goal = case.ladder.band(target).name
    said = t(
        "Putaran {area} sendiri ({years}) ikut mengajari prakiraan ini. Yang bertahan sampai penghargaan, tengah: {before} "
        "tanpa itu, {now} dengan itu; nilai akhir bergeser {moved} poin, peluang {goal} dari {chance} menjadi {then}. "
        "Satu daerah sedikit bobotnya di samping {cases} kasus.",
        area=case.area.name,
        years=years,
        before=_share(without.retention.median),
        now=_share(told.retention.median),
        moved=_change(without.median - told.median),
        goal=goal,
        chance=chance(without.probability_at_least(target)),
        then=chance(told.probability_at_least(target)),
        cases=told.cases,
    )
    return Text((said,))


def _share(value: float) -> str:
    return percent(value, decimals=1)


def field_day_in_words(statements: Sequence[Statement]) -> Text:
    """Say what offices said of the field verification: statements, each with who said it and when."""
    return Text(
        tuple(
            t("{text} ({by}, {said}).", text=one.text.rstrip("."), by=one.by, said=one.said)
            for one in statements
            if not one.indicators
        )
    )


def field_day_table(places: pd.DataFrame, case: Position) -> Table | Text:
    """What can be shown on the day of the field verification, cluster by cluster (`kla.field_day`)."""
    if places.empty:
        return Text((t("Untuk instrumen {id} belum ada daftar tempat.", id=case.instrument.id),), kind="remark")
    names = case.instrument.components["name"]
    frame = places.assign(
        cluster=places["component_code"].map(names),
        indicators=places["indicators"].map(", ".join),
        standing=places["standing"].map(standing_name),
    )
    addresses = ", ".join(dict.fromkeys(without_scheme(one) for one in places["source"]))
    columns = [
        Column("cluster", t("Klaster")),
        Column("name", t("Tempat")),
        Column("said", t("Yang dikatakan")),
        Column("indicators", t("Indikator")),
        number_column("max_points", t("Maks.")),
        Column("owners", t("Yang hadir"), write=owners_cell),
        Column("standing", t("Status")),
    ]
    if places["low"].notna().all():
        columns.insert(4, number_column("low", t("Nilai")))
    return of_sheet(
        case,
        t("{count} tempat yang dapat ditunjukkan pada hari verifikasi lapangan", count=len(places)),
        columns,
        frame,
        notes=(
            t(
                "Tempat: {sources}. “Asumsi”: tidak ada yang menyebutnya; dibaca proyek ini dari indikatornya. “Yang hadir”: "
                "instansi yang menjawab indikator itu.",
                sources=addresses,
            ),
        ),
    )
