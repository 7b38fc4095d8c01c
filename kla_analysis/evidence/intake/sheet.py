"""The door of the intake: a file from a district becomes tidy assessments, or a list of what to mend."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from kla_analysis.errors import DataError, OutputError, called
from kla_analysis.evidence.assessment import Assessment, Origin
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.assembly import Asked, Assembly, Imported
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.grid import Book
from kla_analysis.evidence.intake.mending import Place, mended
from kla_analysis.evidence.intake.privacy import find_personal_data
from kla_analysis.evidence.intake.repairs import NOTED, REFUSED, Repairs
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import proof_of
from kla_analysis.files import why_not
from kla_analysis.instrument.instrument import (
    CODE_COLUMNS,
    Instrument,
    instrument_in_force,
    known_instruments,
    load_instrument,
)
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import require_kind, write_table

#: Findings of one sort that are listed one by one.
_MOST_FINDINGS = 200


@dataclass(frozen=True, eq=False, repr=False)
class Intake:
    """What became of one file.

    Attributes:
        file, sha256: the file's name and the hash of the bytes that were read.
        assessments: one per area, round and stage; none when the file is refused.
        repairs: every cell that was normalised, passed over or refused, and what else should be known.
        book: the raw sheets, for the annotated copy.
        mended: how many cells somebody corrected while it was checked.
    """

    file: str
    sha256: str
    instrument: Instrument
    assessments: tuple[Imported, ...]
    repairs: Repairs
    book: Book
    mended: int = 0

    @property
    def refused(self) -> bool:
        """Whether something has to be mended first."""
        return bool(self.repairs.refused)

    def require(self) -> Intake:
        """Return itself, or raise when it is refused.

        Raises:
            DataError: with every problem, each with sheet, row, column, value and advice.
        """
        if not self.refused:
            return self
        problems = self.repairs.problems(self.file)
        raise DataError(
            t("{file} ditolak: {count} hal harus diperbaiki.", file=self.file, count=len(problems)),
            advice=t("Perbaiki yang berikut lalu impor lagi; berkas aslinya tidak diubah."),
            problems=problems,
        )

    def assessment(self) -> Assessment:
        """Return the one assessment of the file, as the rest of the library reads it.

        Raises:
            DataError: the file is refused, or holds several.
        """
        self.require()
        if len(self.assessments) != 1:
            raise DataError(
                t("{file} memuat {count} penilaian.", file=self.file, count=len(self.assessments)),
                advice=t("Impor dulu dengan kla import; tiap daerah mendapat berkas sendiri."),
            )
        return self.as_assessment(self.assessments[0])

    def as_assessment(self, one: Imported) -> Assessment:
        """Return one of the assessments of the file as the rest of the library reads it."""
        by_code = one.answers.set_index(CODE_COLUMNS[one.level])
        return Assessment(
            area_code=one.area.code,
            award_year=one.award_year,
            stage=one.stage,
            instrument=self.instrument.id,
            level=one.level,
            scores=by_code["score"].reindex(self.instrument.table(one.level).index).astype(float),
            notes=by_code["note"].dropna(),
            origin=self.origin,
            shown=self.file,
            sha256=self.sha256,
            printed=one.printed,
            repairs=self.repairs.frame(),
            proof=proof_of(by_code),
        )

    @property
    def origin(self) -> Origin:
        """The biography of its assessments."""
        note = t("Diimpor dari {file} (sha256 {hash}…).", file=masked(self.file), hash=self.sha256[:16])
        if self.mended:
            note += " " + t("{count} sel diisi ulang saat diperiksa (lihat daftar perbaikan).", count=self.mended)
        return Origin(
            title=t("Lembar nilai {file}", file=masked(self.file)),
            standing="unverified",
            illustrative=False,
            note=note,
        )


def read_sheet(
    path: str | Path,
    *,
    instrument: str | None = None,
    area: str = "",
    year: int | None = None,
    stage: str = "",
    sheet: str = "",
    column: str = "",
    allow_personal: bool = False,
    mends: Mapping[Place, str] = MappingProxyType({}),
    data: Path | None = None,
    reader: Reader | None = None,
) -> Intake:
    """Read a district's own sheet; the file itself is never touched.

    Args:
        path: an Excel workbook (.xlsx, .xlsm, .xls), .ods, CSV in any dialect, or an HTML table.
        instrument: the rules that it follows; found by its printed maxima when not given.
        area, year, stage: what the sheet is about, where it does not say so itself.
        stage: `all` for every stage that has a column of its own, each an assessment.
        sheet: the name of the one sheet to read, where several hold the same codes.
        column: the title or letter of the column of scores, where there are several.
        allow_personal: read a file with personal data in it; they reach no output all the same.
        mends: cells to read as if they said something else.
        reader: where many files are read, the one process that reads them; else each gets its own.

    Raises:
        DataError: the file as a whole can not be read; what is wrong with single cells stands in the result.
    """
    path = Path(path)
    if reader is None:
        with Reader() as own_reader:
            content, digest, book = _read_unchanged(path, own_reader)
    else:
        content, digest, book = _read_unchanged(path, reader)
    repairs = Repairs()
    for remark in (*content.remarks, *book.remarks):
        repairs.add(NOTED, "", (0, 0), path.name, "", remark)
    book = mended(book, mends, repairs)
    _guard_personal_data(book, repairs, allow_personal)
    ids = [instrument] if instrument else known_instruments(data=data)
    asked = Asked(area, year, stage, sheet, column)
    tried = []
    for identity in ids:
        own = Repairs(list(repairs.items))
        rules = load_instrument(identity, data=data)
        tried.append((*Assembly(book, rules, own, asked, data).run(), own, rules))

    def unfit(one: tuple[Any, ...]) -> tuple[Any, ...]:
        found, contradictions, its, by = one
        strange = sum(instrument_in_force(each.award_year, data=data) != by.id for each in found)
        return contradictions, len(its.refused), strange, -by.valid_from.toordinal()

    # The instrument that the sheet contradicts least; of equals, the one in force in its year, then the newest.
    assessments, _, own, rules = min(tried, key=unfit)
    return Intake(path.name, digest, rules, () if own.refused else tuple(assessments), own, book, len(mends))


def _read_unchanged(path: Path, reader: Reader) -> tuple[guard.Content, str, Book]:
    """Read a file that nobody changes meanwhile; where somebody does, once more, then no more."""
    for _ in range(2):
        raw = guard.read_file(path)
        content = guard.look_at(raw, path.name)
        book = reader.read(path.name, content)
        digest = hashlib.sha256(raw).hexdigest()
        if hashlib.sha256(guard.read_file(path)).hexdigest() == digest:
            return content, digest, book
    raise DataError(
        t("{file} berubah selagi dibaca.", file=path.name), advice=t("Tutup berkas itu di program lain, lalu ulangi.")
    )


def _guard_personal_data(book: Book, repairs: Repairs, allowed: bool) -> None:
    advice = t(
        "Hapus data pribadi dari lembar; bila memang perlu dibaca, pakai {allow_personal}.",
        allow_personal=called("allow_personal"),
    )
    action, advice = (NOTED, "") if allowed else (REFUSED, advice)
    for count, finding in enumerate(find_personal_data(book.grids), start=1):
        if count > _MOST_FINDINGS:
            repairs.add(action, finding.sheet, (0, 0), "", "", t("data pribadi: masih ada lagi"), advice)
            return
        place, reason = (finding.row, finding.column), t("data pribadi: {what}", what=finding.what)
        repairs.add(action, finding.sheet, place, "••••••", "", reason, advice)


def places_of(intake: Intake, *, data: Path | None = None) -> list[Path]:
    """Return where `save` writes each assessment of a file."""
    folder = (data or find_project().data) / "assessments"
    return [folder / one.area.code / f"{one.award_year}-{one.stage}.csv" for one in intake.assessments]


def save(
    intake: Intake,
    *,
    out: Path | None = None,
    replace_old: bool = False,
    keep: Collection[Path] = (),
    data: Path | None = None,
) -> list[Path]:
    """Write the tidy assessments of a file, each with its origin, what it prints and its repairs beside it.

    Args:
        intake: a file that was not refused.
        out: the CSV to write; `data/assessments/<area>/<year>-<stage>.csv` when not given.
        replace_old: write over an assessment that is already there.
        keep: files that are never written over: what is being read, and what was just written.

    Returns:
        The CSV of each assessment.

    Raises:
        DataError: the file is refused, or an assessment is already there.
        ParameterError: `out` is no CSV.
        OutputError: the folder can not be written.
    """
    intake.require()
    places = _free_places(intake, out, replace_old, keep, data)
    for one, path in zip(intake.assessments, places, strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _save_one(intake, one, path)
        except OSError as error:
            raise OutputError(
                t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(path), why=why_not(error)),
                advice=t("Periksa izin dan sisa ruang cakram, atau pilih tempat lain dengan {out}.", out=called("out")),
            ) from error
    return places


def _free_places(
    intake: Intake, out: Path | None, replace_old: bool, keep: Collection[Path], data: Path | None
) -> list[Path]:
    """Return where each assessment of a file goes, once it is sure that nothing there must stay."""
    if out is not None:
        require_kind(out, ".csv")
    if out is not None and len(intake.assessments) > 1:
        count = len(intake.assessments)
        raise DataError(
            t(
                "{file} memuat {count} penilaian, tetapi {out} hanya satu berkas.",
                file=intake.file,
                count=count,
                out=called("out"),
            ),
            advice=t("Jalankan tanpa {out}; tiap daerah mendapat berkas sendiri.", out=called("out")),
        )
    places = places_of(intake, data=data) if out is None else [out]
    kept = {path.resolve() for path in keep}
    if clash := [path for path in places if path.resolve() in kept]:
        raise DataError(
            t(
                "{files} sedang dibaca, atau baru ditulis dari berkas lain.",
                files=", ".join(path.name for path in clash),
            ),
            advice=t("Pilih nama lain dengan {out}, atau impor berkas itu satu per satu.", out=called("out")),
        )
    there = [path for path in places if path.exists()]
    if there and not replace_old:
        raise DataError(
            t("Sudah ada: {files}.", files=", ".join(find_project().shown(path) for path in there)),
            advice=t(
                "Pakai {replace} untuk menggantinya, atau {out} untuk menulis ke tempat lain.",
                replace=called("replace"),
                out=called("out"),
            ),
        )
    return places


def _save_one(intake: Intake, one: Imported, path: Path) -> None:
    """Write the companions first and the sheet itself last, so that what is there is whole."""
    printed = path.with_suffix(".printed.csv")
    if one.printed is not None:
        write_table(one.printed, printed)
    else:
        printed.unlink(missing_ok=True)
    write_table(intake.repairs.frame(), path.with_suffix(".repairs.csv"))
    told = {
        "title": {"id": intake.origin.title},
        "standing": intake.origin.standing,
        "note": {"id": intake.origin.note},
        "producer": one.area.name,
        "source_file": masked(intake.file),
        "source_sha256": intake.sha256,
        "instrument": intake.instrument.id,
        "accessed": datetime.date.today().isoformat(),
        **({"filled_on": one.filled_on} if one.filled_on else {}),
        "kind": "real",
        "personal_data": "none",
    }
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=110)
    path.with_suffix(".origin.yaml").write_text(text, encoding="utf-8", newline="\n")
    write_table(one.answers, path)
