"""Imports: a file is read, and either its assessments or the list of what to mend are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kla_analysis.analysis.scoring import roll_up
from kla_analysis.errors import DataError, OutputError
from kla_analysis.evidence.areas import find_area
from kla_analysis.evidence.audit import audit
from kla_analysis.evidence.intake.assembly import Imported
from kla_analysis.evidence.intake.guard import inside
from kla_analysis.evidence.intake.repairs import action_name
from kla_analysis.evidence.intake.sheet import Intake, read_sheet, save
from kla_analysis.files import why_not
from kla_analysis.instrument.instrument import load_instrument
from kla_analysis.language import number, t
from kla_analysis.project import find_project
from kla_analysis.reading import write_new, write_table, write_whole
from kla_analysis.showing.annotation import annotated_workbook
from kla_analysis.showing.quality import contradictions_said
from kla_analysis.showing.template import template_workbook

#: Where the lists of refused files are kept, inside the reports.
FOLDER = "impor"
#: Entries shown in a terminal; the file has them all.
_SHOWN = 30


@dataclass(frozen=True)
class ImportDone:
    """An import that went through: what was read, and the files that were written."""

    intake: Intake
    files: tuple[Path, ...]

    def record(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "file": self.intake.file,
            "sha256": self.intake.sha256,
            "instrument": self.intake.instrument.id,
            "assessments": [
                {
                    "area_code": one.area.code,
                    "award_year": one.award_year,
                    "stage": one.stage,
                    "level": one.level,
                    "answers": len(one.answers),
                    "missing": list(one.missing),
                    "total": _counted(self.intake, one),
                    "written": str(path),
                }
                for one, path in zip(self.intake.assessments, self.files, strict=True)
            ],
            "repairs": self.intake.repairs.frame().to_dict("records"),
        }

    def lines(self) -> list[str]:
        """Return it for people, line by line."""
        lines = []
        for one, path in zip(self.intake.assessments, self.files, strict=True):
            lines += assessment_lines(self.intake, one)
            lines.append("  → " + _from_here(path))
        lines += repair_lines(self.intake)
        first = self.intake.assessments[0]
        if len(self.files) == 1:
            lines.append(
                t(
                    "Laporannya: kla report --area {area} --year {year} --assessment {path}",
                    area=first.area.code,
                    year=first.award_year,
                    path=_from_here(self.files[0]),
                )
            )
        return lines


def assessment_lines(intake: Intake, one: Imported) -> list[str]:
    """Return what was read as one assessment, line by line."""
    said = t(
        "{file}: {area} ({code}), {year}, {stage}: {count} nilai, jumlah {total}.",
        file=intake.file,
        area=one.area.name,
        code=one.area.code,
        year=one.award_year,
        stage=intake.instrument.stage(one.stage).name,
        count=int(one.answers["score"].notna().sum()),
        total=number(_counted(intake, one)),
    )
    missing = t("{count} tanpa jawaban (kosong, bukan nol).", count=len(one.missing))
    doubts = contradictions_in_words(intake, one)
    return [said, *(["  " + missing] if one.missing else []), *("  ! " + doubt for doubt in doubts)]


def _counted(intake: Intake, one: Imported) -> float:
    """Return what the answers are worth, points: where an indicator has more rows than points, its maximum."""
    return roll_up(intake.as_assessment(one), intake.instrument).total.low


def contradictions_in_words(intake: Intake, one: Imported) -> list[str]:
    """Say where the sums that a sheet prints and its answers give different predicates; nothing where they agree."""
    sheet, rules = intake.as_assessment(one), intake.instrument
    if sheet.printed is None:
        return []
    answers = roll_up(sheet, rules).total
    return contradictions_said(audit(sheet, rules).contradicting(answers, rules.ladder), answers, rules.ladder)


def _from_here(path: Path) -> str:
    """Write a path as it can be typed again in this folder."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def repair_lines(intake: Intake) -> list[str]:
    """Return what was done to the cells, shortly: counts, then the first entries."""
    items = [item for item in intake.repairs.items if item.action != "refused"]
    if not items:
        return [t("Tidak ada sel yang perlu diubah.")]
    counts = Counter(item.action for item in items)
    lines = [", ".join(f"{action_name(action)}: {count}" for action, count in counts.items())]
    for item in items[:_SHOWN]:
        place = " ".join(filter(None, (item.sheet, item.cell)))
        change = f"“{item.old}” → {item.new}" if item.new else (f"“{item.old}”" if item.old else "")
        lines.append("  " + " · ".join(filter(None, (place, change, item.reason))))
    if len(items) > _SHOWN:
        lines.append("  " + t("… dan {count} lagi di berkas .repairs.csv.", count=len(items) - _SHOWN))
    return lines


def import_file(
    path: Path, *, out: Path | None = None, replace_old: bool = False, keep: Collection[Path] = (), **about: Any
) -> ImportDone:
    """Read one file and write its assessments; where it is refused, write the list and an annotated copy.

    Args:
        path: the file.
        out, replace_old, keep: as for `save`.
        about: as for `read_sheet`.

    Raises:
        DataError: refused; the list of what to mend is in its problems and in reports/impor/.
        OutputError: nothing can be written there.
    """
    intake = read_sheet(path, **about)
    if intake.refused:
        where = _keep_refusal(intake)
        try:
            intake.require()
        except DataError as error:
            raise DataError(
                error.what,
                advice=error.advice + " " + t("Daftar dan salinan beranotasi: {folder}.", folder=_from_here(where)),
                problems=error.problems,
            ) from None
    return ImportDone(intake, tuple(save(intake, out=out, replace_old=replace_old, keep=keep)))


def _keep_refusal(intake: Intake) -> Path:
    """Write what is to be mended into the reports, under a name that can not lead out of them."""
    folder = inside(find_project().reports / FOLDER, intake.file.replace(".", "_"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_table(intake.repairs.frame(), folder / "perbaikan.csv")
        copy, place = annotated_workbook(intake), folder / "anotasi.xlsx"
        if copy is None:
            place.unlink(missing_ok=True)
        else:
            write_whole(place, copy)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(folder), why=why_not(error)),
            advice=t("Tutup berkas itu di program lain, atau periksa izin folder reports."),
        ) from error
    return folder


def write_template_sheet(
    area: str,
    year: int,
    *,
    stage: str = "",
    instrument: str | None = None,
    out: Path | None = None,
) -> Path:
    """Write the sheet to fill in for one area and year, and return where it is.

    Raises:
        ParameterError: the area, stage or instrument is unknown.
        OutputError: it can not be written, or would replace a file.
    """
    place, rules = find_area(area), load_instrument(instrument, year=year)
    path = out or Path(f"lembar-{place.code}-{year}.xlsx")
    return write_new(path, lambda: template_workbook(place, year, rules, stage=stage), ".xlsx")
