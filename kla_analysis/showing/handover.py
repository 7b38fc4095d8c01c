"""The hand-over: what the next person must know of a district's rounds, evidence, decisions, owners, files and assumptions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from kla_analysis.analysis.own_rounds import copied, own_rounds
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.round_state import evidence_of, state_by
from kla_analysis.evidence.assessment import ORIGIN, PRINTED, REPAIRS
from kla_analysis.evidence.followup import FILE, OPEN, OVERDUE
from kla_analysis.evidence.partners import load_partners, partners_path
from kla_analysis.files import read_plain
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import t
from kla_analysis.planning.actions import FILES, catalogue_for, folder_of, load_catalogue
from kla_analysis.project import find_project
from kla_analysis.showing.followup import decisions_in_words, decisions_of, followup_table
from kla_analysis.showing.own_rounds import (
    copied_in_words,
    copied_table,
    own_rounds_chart,
    own_rounds_in_words,
    own_rounds_table,
)
from kla_analysis.showing.plan import costs_in_words
from kla_analysis.showing.records import Shown
from kla_analysis.showing.round_state import state_in_words, state_table
from kla_analysis.showing.scorecard import headline, history_in_words, history_table
from kla_analysis.showing.table import Column, Table, count_column, number_column, of_sheet
from kla_analysis.showing.text import Text, needs, source_note

#: A chapter of the document: its title, and what it shows, each with the heading above it or none.
Chapter = tuple[str, Sequence[tuple[str, Shown]]]


def chapters(case: Position, target: str) -> list[Chapter]:
    """Return what a hand-over says, chapter by chapter; the first is the page that is read first.

    Args:
        target: code of the predicate that the district aims for.
    """
    decisions, rounds, again, evidence = decisions_of(case), own_rounds(case), copied(case), evidence_of(case)
    first = [
        ("", headline(case, target)),
        (t("Keputusan rapat"), decisions_in_words(decisions)),
        (t("Bukti"), state_in_words(evidence, case)),
        (t("Diajukan lagi"), copied_in_words(again, case)),
        (t("Mulai dari sini"), _first_steps(case)),
    ]
    history = [
        (t("Yang terbit"), history_in_words(case.history, case)),
        *([("", history_table(case.history, case))] if len(case.history) else []),
        (t("Lembar sendiri"), own_rounds_in_words(rounds, case)),
        ("", own_rounds_chart(rounds, case)),
        ("", own_rounds_table(rounds, case, "indicator")),
        (t("Diajukan lagi"), copied_table(again, case)),
    ]
    work = [
        (t("Keputusan dan tindak lanjut"), decisions_in_words(decisions)),
        *([("", followup_table(decisions, case))] if len(decisions) else []),
        (t("Siapa memegang apa"), owners_table(case, decisions)),
        (t("Keadaan bukti"), state_in_words(evidence, case)),
        *([("", state_table(state_by(evidence, "responsible"), case))] if len(evidence) else []),
    ]
    return [
        (t("Serah terima: {area}, putaran {year}", area=case.area.name, year=case.award_year), first),
        (t("Riwayat"), history),
        (t("Keputusan, pemegang, dan bukti"), work),
        (t("Berkas dan asumsi"), [("", files_table(case)), ("", assumptions_table(case))]),
    ]


def _first_steps(case: Position) -> Text:
    """Say with which commands the next person begins."""
    area, year = case.area.code, case.award_year
    steps = (
        t("kla report --area {area} --year {year}: laporan lengkap dengan lembar rapat.", area=area, year=year),
        t(
            "kla followup list --area {area}: keputusan yang terbuka; kla followup done mencatat yang selesai.",
            area=area,
        ),
        t("kla import BERKAS: membaca lembar baru; berkas aslinya tidak diubah."),
    )
    return Text(steps)


@needs("question")
def owners_table(case: Position, decisions: pd.DataFrame) -> Table:
    """Who leads and who answers how many questions, what is lost there, and which decisions each still has open."""
    questions = case.questions
    agencies = case.agencies
    leads = questions["lead"].value_counts()
    answers = questions.explode("owners")["owners"].value_counts()
    waiting = decisions[decisions["status"].isin([OPEN, OVERDUE])]
    names = dict.fromkeys([*agencies.index, *answers.index, *leads.index, *waiting["agency"]])
    rows = [
        (
            name,
            int(leads.get(name, 0)),
            int(answers.get(name, 0)),
            float(agencies["shared_points"].get(name, 0.0)),
            ", ".join(waiting.loc[waiting["agency"] == name, "code"]) or "–",
            ", ".join(waiting.loc[(waiting["agency"] == name) & (waiting["status"] == OVERDUE), "code"]) or "–",
        )
        for name in names
        if isinstance(name, str)
    ]
    columns = (
        Column("agency", t("Kantor")),
        count_column("leads", t("Memimpin (pertanyaan)")),
        count_column("answers", t("Ikut menjawab")),
        number_column("lost", t("Poin hilang, bagian rata")),
        Column("open", t("Keputusan terbuka")),
        Column("late", t("Lewat tenggat")),
    )
    frame = pd.DataFrame(rows, columns=[column.key for column in columns])
    notes = (
        t(
            "“Memimpin” menurut lembar daerah; 0 berarti belum ditunjuk di lembar. Poin yang dijawab bersama dibagi rata (asumsi)."
        ),
    )
    return of_sheet(case, t("{area}: siapa memegang apa", area=case.area.name), columns, frame, notes=notes)


def files_table(case: Position) -> Table:
    """The files that the district's work rests on: where they lie, what they are, and their hash."""
    columns = (Column("path", t("Berkas")), Column("what", t("Isi")), Column("sha256", t("sha256, awal")))
    rows = [
        (
            f"data/{path.relative_to(find_project().data).as_posix()}",
            what,
            hashlib.sha256(read_plain(path)).hexdigest()[:16],
        )
        for path, what in _files(case)
        if path.is_file()
    ]
    frame = pd.DataFrame(rows, columns=[column.key for column in columns])
    note = t("Laporan dibuat ulang dari berkas-berkas ini; yang perlu dicadangkan adalah folder data.")
    return Table(t("{area}: berkas", area=case.area.name), columns, frame, source=note)


def _files(case: Position) -> Iterator[tuple[Path, str]]:
    data = find_project().data
    beside = {
        PRINTED: t("jumlah yang tercetak di lembar"),
        REPAIRS: t("daftar perbaikan saat impor"),
        ORIGIN: t("asal-usul lembar"),
    }
    for path in sorted((data / "assessments" / case.area.code).glob("*")):
        kind = next((what for end, what in beside.items() if path.name.endswith(end)), t("lembar nilai"))
        yield path, t("keputusan rapat") if path.name == FILE else kind
    yield partners_path(case.area.code), t("mitra rapat")
    if catalogue := catalogue_for(case.instrument):
        for name in FILES:
            yield folder_of(catalogue, data) / name, t("katalog kegiatan")
    for path in sorted((data / "instruments" / case.instrument.id).glob("*")):
        yield path, t("instrumen")


def assumptions_table(case: Position) -> Table:
    """What is assumed, and how sure each basis is."""
    rows = [(t("Nilai"), standing_name(case.standing), source_note(case))]
    if catalogue_for(case.instrument):
        catalogue = load_catalogue("", case.instrument)
        rows.append(
            (t("Biaya dan peluang"), standing_name(catalogue.standing), f"{costs_in_words(catalogue)} {catalogue.note}")
        )
    partners = load_partners(case.area.code, case.instrument.id)
    for standing, own in partners.groupby("standing"):
        said = t("{count} mitra dalam daftar undangan rapat.", count=len(own))
        rows.append((t("Mitra rapat"), standing_name(standing), said))
    rules = case.instrument
    rows.append((t("Instrumen"), standing_name(rules.standing), f"{rules.id}: {rules.title}"))
    said = t("Dicatat daerah sendiri; biaya dan nilainya belum diperiksa pihak lain.")
    rows.append((t("Keputusan rapat"), standing_name("unverified"), said))
    columns = (Column("what", t("Tentang")), Column("standing", t("Status")), Column("note", t("Catatan"), "long"))
    return Table(
        t("{area}: apa yang diasumsikan", area=case.area.name),
        columns,
        pd.DataFrame(rows, columns=[column.key for column in columns]),
    )
