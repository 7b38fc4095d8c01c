"""The quality of a sheet's data: how complete it is, and what was done to its cells when it was imported.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.quality.quality_in_words(case)  # doctest: +SKIP
"""

from __future__ import annotations

from collections import Counter

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, SKIPPED, action_name
from kla_analysis.instrument.instrument import level_name
from kla_analysis.language import number, percent, t
from kla_analysis.presenting.tables import Column, Table
from kla_analysis.presenting.wording import Text, needs, source_note

#: What it shows; completion in a notebook lists no more.
__all__ = ["completeness_table", "quality_in_words", "repair_table"]


def __dir__() -> list[str]:
    return __all__


#: Rows of the repair list that a page shows; the file beside the sheet has them all.
_MOST_ROWS = 60


@needs("component")
def quality_in_words(position: Position) -> Text:
    """How many answers there are, what was put right on the way in, and what the sheet prints of itself."""
    sheet = position.assessment
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
        counts = Counter(sheet.repairs["action"])
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
            Column("asked", counted[position.assessment.level], "number"),
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
        source=t("Daftar lengkap: berkas .repairs.csv di samping {file}.", file=position.assessment.shown),
    )


def _places(frame: pd.DataFrame) -> list[str]:
    return [" ".join(filter(None, (row.sheet, row.cell))) or "–" for row in frame.fillna("").itertuples()]
