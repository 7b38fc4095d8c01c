"""Quality of the data: what was read, what contradicts, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from kla_analysis.analysis.case_tables import printed_lines
from kla_analysis.analysis.position import Position, reference_of
from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.audit import Audit, audit
from kla_analysis.evidence.contradictions import Contradiction
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, SKIPPED, action_name
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument, level_name
from kla_analysis.language import number, percent, t
from kla_analysis.showing.table import Column, Several, Table, number_column
from kla_analysis.showing.text import Text, needs, predicates_in_words, source_note


def contradictions_in_words(position: Position) -> list[str]:
    """Say where the sums that a sheet prints and its answers give different predicates; nothing where they agree."""
    return contradictions_said(position.contradictions, position.span, position.instrument.ladder)


def contradictions_said(found: Mapping[str, float], answers: Span, ladder: Ladder) -> list[str]:
    """Say which printed sums (`Audit.contradicting`) give another predicate than the answers; nothing where none does."""
    if not found:
        return []
    ways = {
        "total": t("total tercetak"),
        "component": t("jumlah komponen tercetak"),
        "indicator": t("jumlah indikator tercetak"),
    }
    printed = (
        f"{ways[level]} {ladder.written(total)} ({ladder.place(min(total, ladder.max_total)).name})"
        for level, total in found.items()
    )
    return [
        t(
            "Angka tercetak dan jawaban lembar ini memberi predikat berbeda: {printed}; menurut jawabannya {answers} ({name}). "
            "Yang dihitung jawabannya; minta kejelasan sebelum angka ini dipakai.",
            printed=", ".join(printed),
            answers=ladder.written(answers),
            name=predicates_in_words(answers, ladder),
        )
    ]


def audit_in_words(audit: Audit, *, own: bool = True) -> Text:
    """Say whether a sheet agrees with itself, and what is at stake where it does not.

    Args:
        own: whether the reader can have the sheet put right; the one that the weights are known from is another's.
    """
    if audit.adds_up:
        return Text((t("Semua angka tercetak cocok dengan jumlah di bawahnya."),))
    ways = {
        "printed": t("{total} menurut angka tercetak"),
        "indicators": t("{total} bila indikatornya dijumlahkan"),
        "questions": t("{total} bila pertanyaannya dijumlahkan"),
    }
    totals = ", ".join(ways[way].format(total=number(total)) for way, total in audit.totals.items())
    clash = t(
        "Tidak cocok: indikator {indicators}; komponen {components}.",
        indicators=", ".join(audit.indicators_that_do_not_add_up) or "–",
        components=", ".join(audit.components_that_do_not_add_up) or "–",
    )
    return Text(
        (
            t("Lembar {file} bertentangan dengan dirinya sendiri: totalnya {totals}.", file=audit.shown, totals=totals),
            f"{clash} {t('Minta pembetulan sebelum verifikasi.')}" if own else clash,
        )
    )


def audit_table(wrong: pd.DataFrame, found: Audit, instrument: Instrument) -> Several:
    """The lines of a sheet that do not add up (rows of `Audit.rows`), and its total three ways."""
    names = {**instrument.indicators["name"], **instrument.components["name"], "total": t("Total")}
    wrong = wrong.reset_index()
    wrong["name"] = wrong["code"].map(names)
    wrong["level"] = wrong["level"].map(lambda level: t("total") if level == "total" else level_name(level))
    source = t("Sumber: {file}, dihitung ulang.", file=found.shown)
    lines = Table(
        t("Baris yang tidak cocok dengan jumlah di bawahnya"),
        (
            Column("code", t("Kode")),
            Column("level", t("Tingkat")),
            Column("name", t("Nama")),
            number_column("printed_max", t("Maks. tercetak")),
            number_column("summed_max", t("Maks. dihitung")),
            number_column("printed_score", t("Nilai tercetak")),
            number_column("summed_score", t("Nilai dihitung")),
            number_column("questions_score", t("Nilai dari pertanyaan")),
        ),
        wrong,
        source=source,
    )
    ways = {
        "printed": t("Total tercetak"),
        "indicators": t("Jumlah nilai indikator tercetak"),
        "questions": t("Jumlah nilai pertanyaan"),
    }
    totals = pd.DataFrame(
        {
            "way": [ways[key] for key in found.totals],
            "score": list(found.totals.values()),
            "max": [found.maxima[key] for key in found.totals],
        }
    )
    ladder = instrument.ladder
    # A printed total may be above anything that the instrument allows.
    totals["predicate"] = [ladder.place(s).name if 0 <= s <= ladder.max_total else None for s in totals["score"]]
    return Several(
        (
            Table(
                t("Satu lembar, {count} total", count=number(len(totals))),
                (
                    Column("way", t("Cara menghitung")),
                    number_column("score", t("Nilai")),
                    number_column("max", t("Maksimum")),
                    Column("predicate", t("Predikat")),
                ),
                totals,
                source=source,
            ),
            lines,
        )
    )


def own_audit(wrong: pd.DataFrame, case: Position) -> Several | Text:
    """The lines of a sheet that do not add up (rows of `kla.printed_lines`); words where it prints nothing to compare."""
    if case.assessment is None or case.assessment.printed is None:
        said = t(
            "Lembar ini hanya memuat nilai, tanpa angka tercetak per indikator dan komponen, jadi tidak ada "
            "jumlah yang dapat dicocokkan."
        )
        return Text((said,), kind="remark")
    found = audit(case.assessment, case.instrument)
    own = case.area.code != REFERENCE_CODE
    return Several((audit_in_words(found, own=own), audit_table(wrong, found, case.instrument)))


def reference_audit(case: Position) -> Several | Text:
    """The audit of the sheet from which the weights of the case's instrument are known."""
    reference = reference_of(case.instrument)
    if reference is None:
        return Text((t("Tidak ada lembar rujukan untuk instrumen {id}.", id=case.instrument.id),), kind="remark")
    said = t(
        "Bobot di laporan ini berasal dari satu salinan: {title}. Bila salinan itu bertentangan dengan dirinya sendiri, "
        "pertentangannya dinyatakan di sini, tidak diperbaiki diam-diam.",
        title=reference.sheet.origin.title,
    )
    rows = printed_lines(reference)
    return Several((Text((said,)), own_audit(rows[~rows["adds_up"].astype(bool)], reference)))


def source_doubts_table(instrument: Instrument) -> Table:
    """What the source of the instrument leaves in doubt, beside maxima that do not add up (`discrepancies`)."""
    doubts = [one for one in instrument.discrepancies if one.kind != "max"]
    return Table(
        t("Yang diragukan di sumber instrumen {id}", id=instrument.id),
        (Column("code", t("Kode")), Column("reason", t("Keraguan"), "long")),
        pd.DataFrame([(one.code, one.reason) for one in doubts], columns=["code", "reason"]),
        source=t("Cocokkan dengan kuesioner resmi."),
    )


def contradictions_table(found: Sequence[Contradiction]) -> Table:
    """Where the published facts contradict each other, and what is used (`kla.load_contradictions`)."""
    frame = pd.DataFrame([(one.about, one.readings, one.used) for one in found], columns=["about", "readings", "used"])
    return Table(
        t("Pertentangan antara hasil yang terbit"),
        (
            Column("about", t("Tentang")),
            Column("readings", t("Bacaan"), "long"),
            Column("used", t("Yang dipakai"), "long"),
        ),
        frame,
        source=t("Sumber: data/published/discrepancies.yaml; dinyatakan, tidak diperbaiki diam-diam."),
    )


#: Rows of the repair list that a page shows; the file beside the sheet has them all.
_MOST_ROWS = 60


@needs("component")
def quality_in_words(position: Position) -> Text:
    """How many answers there are, what was put right on the way in, and what the sheet prints of itself."""
    sheet = position.sheet
    answered = len(sheet.scores) - len(sheet.missing)
    lines = [
        t(
            "{answered} dari {all} {level} terjawab ({share}); {missing} kosong. Kosong berarti belum diketahui, bukan nol.",
            answered=number(answered),
            all=number(len(sheet.scores)),
            level=level_name(sheet.level),
            share=percent(answered / len(sheet.scores)),
            missing=number(len(sheet.missing)),
        )
    ]
    if sheet.missing:
        shown = ", ".join(sheet.missing[:30]) + ("…" if len(sheet.missing) > 30 else "")
        lines.append(t("Yang kosong: {codes}.", codes=shown))
    if sheet.repairs is None:
        lines.append(t("Lembar ini tidak diimpor dengan kla import, jadi tidak ada daftar perbaikan sel."))
    else:
        counts: Counter[str] = Counter(sheet.repairs["action"])
        lines.append(
            t(
                "Saat diimpor: {normalised} sel dibaca dalam bentuk lain, {skipped} sel atau kolom dilewati, {noted} catatan.",
                normalised=number(counts[NORMALISED]),
                skipped=number(counts[SKIPPED]),
                noted=number(counts[NOTED]),
            )
        )
    if sheet.printed is None:
        lines.append(t("Lembar ini tidak memuat angka tercetak, jadi jumlahnya tidak dapat dicocokkan."))
    return Text((*lines, source_note(position)))


@needs("indicator")
def completeness_table(answers: pd.DataFrame, position: Position) -> Table:
    """Answers per component: how many there are, and how many are missing.

    Args:
        answers: by component, `name`, `answers`, `unanswered` (of `case.components`) and `asked`, their sum.
    """
    asked, answered = int(answers["asked"].sum()), int(answers["answers"].sum())
    frame = answers.assign(complete=answers["answers"] / answers["asked"])
    counted = {"question": t("Jumlah pertanyaan"), "indicator": t("Jumlah indikator")}
    return Table(
        t("Kelengkapan jawaban per komponen"),
        (
            Column("name", t("Komponen")),
            Column("asked", counted[position.sheet.level], "number"),
            Column("answers", t("Terjawab"), "number"),
            Column("unanswered", t("Kosong"), "number"),
            Column("complete", t("Lengkap"), "number", percent, "share"),
        ),
        frame,
        source=source_note(position),
        badge=t("ILUSTRATIF") if position.illustrative else "",
        total=(t("Jumlah"), asked, answered, asked - answered, answered / asked),
    )


@needs("component")
def repair_table(repairs: pd.DataFrame, position: Position) -> Table | Text:
    """What was done to the cells of an imported sheet, what changes a value first (`case.repairs`)."""
    if repairs.empty:
        return Text((t("Tidak ada sel yang diubah, dilewati, atau ditolak."),), kind="remark")
    order = {NORMALISED: 0, SKIPPED: 1, NOTED: 2}
    frame = repairs.sort_values("action", key=lambda actions: actions.map(order), kind="stable").head(_MOST_ROWS)
    frame = frame.assign(action=frame["action"].map(action_name), place=_places(frame))
    caption = t("Perbaikan sel saat diimpor")
    if len(repairs) > len(frame):
        caption = t("Perbaikan sel saat diimpor ({shown} dari {all})", shown=len(frame), all=number(len(repairs)))
    return Table(
        caption,
        (
            Column("action", t("Tindakan")),
            Column("place", t("Lembar dan sel")),
            Column("old", t("Semula")),
            Column("new", t("Menjadi")),
            Column("reason", t("Alasan"), "long"),
        ),
        frame,
        source=t("Daftar lengkap: berkas .repairs.csv di samping {file}.", file=position.sheet.shown),
    )


def _places(frame: pd.DataFrame) -> list[str]:
    return [" ".join(filter(None, (row.sheet, row.cell))) or "–" for row in frame.fillna("").itertuples()]
