"""The hand-over file: one document (PDF) for whoever takes a district's evaluation over."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from kla_analysis.analysis.position import Position, open_position
from kla_analysis.analysis.target import aim
from kla_analysis.language import t
from kla_analysis.reading import write_new
from kla_analysis.report import pages
from kla_analysis.report.html import Frame
from kla_analysis.report.pdf import pdf
from kla_analysis.showing.handover import chapters
from kla_analysis.showing.records import Record, Shown


def write_handover(
    area: str,
    year: int,
    *,
    stage: str = "",
    assessment: Path | None = None,
    out: Path | None = None,
    today: datetime.date | None = None,
) -> Path:
    """Write the hand-over of a district's round as one PDF, and return where it is.

    Args:
        area, year, stage, assessment: as for `open_position`.
        out: the file; `serah-terima-<area>-<year>.pdf` in this folder when not given.

    Raises:
        ParameterError: nothing is known of the area in that round.
        OutputError: it can not be written, or would replace a file.
    """
    case = open_position(area, year, stage=stage or None, assessment=assessment)
    path = out or Path(f"serah-terima-{case.area.code}-{year}.pdf")
    return write_new(path, lambda: handover(case, today), ".pdf")


def handover(case: Position, today: datetime.date | None = None) -> bytes:
    """Return the hand-over of a district's round as a PDF."""
    found = chapters(case, aim(case))
    files = {f"{at:02d}": list(_records(shown)) for at, (_, shown) in enumerate(found)}
    titles = {f"{at:02d}": title for at, (title, _) in enumerate(found)}
    sheet = case.assessment
    frame = Frame(
        area=case.area.name,
        year=case.award_year,
        titles=titles,
        short=titles,
        leads={},
        illustrative=case.illustration,
        colophon={
            t("Instrumen"): f"{case.instrument.id}: {case.instrument.title}",
            t("Lembar nilai"): f"{sheet.shown} (sha256 {sheet.sha256[:16]}…)" if sheet else t("tidak ada"),
            t("Dibuat oleh"): f"kla_analysis {version('kla-analysis')}",
        },
        version=version("kla-analysis"),
        made=today or datetime.date.today(),
    )
    return pdf(files, frame, title=t("Serah terima KLA"))


def _records(shown: Sequence[tuple[str, Shown]]) -> Iterator[Record]:
    """Yield the records of a chapter; why something is not shown is said once."""
    told = []
    for heading, one in shown:
        record = pages.drawn(one, ())
        if not heading and record in told:
            continue
        told.append(record)
        yield {**record, "above": heading} if heading else record
