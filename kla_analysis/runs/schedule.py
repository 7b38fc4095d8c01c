"""Schedules: reports made by themselves, at night, by cron, systemd or Windows, from one configuration file.

When they are made is kept by what starts `kla schedule run FILE`, which also catches a missed night up; a run is a batch,
so whatever is done already and has not changed is passed over, and two never run at a time.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kla_analysis.errors import DataError, KlaError, OutputError, ParameterError, Problem, did_you_mean
from kla_analysis.files import read_plain, why_not
from kla_analysis.language import current_language, language, t
from kla_analysis.project import Project, find_project
from kla_analysis.report.parameters import ReportParameters, begin, check_parameters
from kla_analysis.runs import notices
from kla_analysis.runs.batch import BatchRun, job_of, run_batch
from kla_analysis.terminal import as_plain

#: Days of the week as people write them.
WEEKDAYS = ("senin", "selasa", "rabu", "kamis", "jumat", "sabtu", "minggu")
ALL_AREAS = "all"
_LARGEST = 100_000
Say = Callable[[str], None]


class When(BaseModel):
    """When the reports are made: every day, or one day of the week or of the month."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, strict=True)

    time: str = Field(description='jam dan menit setempat, misalnya "02:00"')
    weekday: str = Field(default="", description="senin sampai minggu; kosong = setiap hari")
    day: int = Field(default=0, ge=0, le=28, description="tanggal 1 sampai 28; 0 = tidak dipakai")

    @field_validator("time")
    @classmethod
    def _clock(cls, value: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise PydanticCustomError(
                "words", "{why}", {"why": t('Tulis jam seperti "02:00", dari 00:00 sampai 23:59.')}
            )
        return value

    @field_validator("weekday")
    @classmethod
    def _named(cls, value: str) -> str:
        if value and value.casefold() not in WEEKDAYS:
            raise PydanticCustomError("words", "{why}", {"why": did_you_mean(value, WEEKDAYS)})
        return value.casefold()

    @model_validator(mode="after")
    def _one_of_both(self) -> When:
        if self.weekday and self.day:
            raise PydanticCustomError("words", "{why}", {"why": t("Pilih weekday atau day, jangan keduanya.")})
        return self

    @property
    def clock(self) -> tuple[int, int]:
        """Hour and minute."""
        return int(self.time[:2]), int(self.time[3:])


class Schedule(BaseModel):
    """A configuration file: which areas, what about, when, where to.

    `report` holds the parameters of `kla report` but the area; paths are relative to the file's folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, strict=True)

    areas: list[str] | Literal["all"] = Field(description='daftar kode wilayah, misalnya ["63.10"], atau "all"')
    out: str = Field(default="", description="folder laporan; kosong = reports proyek")
    report: dict[str, Any] = Field(default_factory=dict, description="tabel parameter laporan")
    when: When = Field(description='tabel waktu, misalnya time = "02:00"')
    mail: Literal["failure", "always"] = Field(
        default="failure", description='surel: "failure" bila gagal, "always" juga bila berhasil'
    )


@dataclass(frozen=True)
class Plan:
    """A schedule that has been read and checked.

    Attributes:
        path: the configuration file.
        reports: the parameters of every report.
        folder: where the reports go; each to `<folder>/<area>/<year>`.
        mails_always: whether success is worth a mail too.
    """

    path: Path
    when: When
    reports: tuple[ReportParameters, ...]
    folder: Path
    mails_always: bool = False

    @property
    def name(self) -> str:
        """A name for units, tasks and state: that of the file, with what tells two of one name apart."""
        return _name_of(self.path)

    def folder_of(self, parameters: ReportParameters) -> Path:
        """Return where one report goes."""
        return self.folder / parameters.area / str(parameters.year)


def _name_of(path: Path) -> str:
    plain = re.sub(r"[^A-Za-z0-9-]+", "-", path.stem).strip("-")[:40] or "jadwal"
    return f"kla-{plain}-{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"


@dataclass(frozen=True)
class Night:
    """What one start of a schedule did.

    Attributes:
        batch: how its reports went.
        failures: those that are not there, as those in charge are told of them.
        mailed: whether a mail went out; `mail_problem` says why it did not although it should have.
    """

    batch: BatchRun
    failures: tuple[notices.Failure, ...]
    mailed: bool = False
    mail_problem: str = ""


def load_schedule(path: str | Path) -> Plan:
    """Read and check a configuration file; all that is wrong is told at once.

    Raises:
        ParameterError: it is not there, is no TOML, or names or values are refused, with the nearest name.
    """
    path = Path(path).expanduser().resolve()
    try:
        content = read_plain(path, most=_LARGEST)
    except (FileNotFoundError, DataError) as error:
        why = error.what if isinstance(error, DataError) else t("tidak ada.")
        raise ParameterError(
            t("Jadwal {file} tidak dapat dibaca: {why}", file=path.name, why=why),
            advice=t("Sebutkan berkas jadwal (TOML); contohnya: kla schedule example."),
        ) from None
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParameterError(
            t("{file} bukan TOML yang sah: {why}.", file=path.name, why=str(error)),
            advice=t(
                'Teks ditulis di antara tanda kutip, misalnya target = "nindya"; alamat Windows di antara tanda kutip '
                "tunggal, misalnya 'C:\\data\\nilai.csv'."
            ),
        ) from None
    try:
        schedule = Schedule(**values)
    except ValidationError as error:
        problems = [_in_words({**item}, path.name) for item in error.errors()]
        raise ParameterError(t("Jadwal ditolak."), problems=problems) from None
    if problems := list(_orders(values, path.name)):
        raise ParameterError(t("Jadwal ditolak."), problems=problems)
    if "area" in schedule.report:
        raise ParameterError(t("Jadwal ditolak: area tidak ditulis di [report]."), advice=t("Tulis di areas."))
    about = {**schedule.report, **_paths(schedule.report, path.parent)}
    project = find_project()
    year = check_parameters(about).year
    areas = _areas_with_data(project, year) if schedule.areas == ALL_AREAS else list(dict.fromkeys(schedule.areas))
    if not areas:
        raise ParameterError(t("Tidak ada daerah di jadwal ini."), advice=t('Isi areas, misalnya ["63.10"].'))
    return Plan(
        path=path,
        when=schedule.when,
        reports=tuple(check_parameters({**about, "area": area}) for area in areas),
        folder=(path.parent / Path(schedule.out).expanduser()).resolve() if schedule.out else project.reports,
        mails_always=schedule.mail == "always",
    )


def check(plan: Plan) -> None:
    """Check beforehand what a run would meet: every area, year, sheet and scenario, and the place of the reports.

    Raises:
        ParameterError, DataError: with all that is wrong at once; the kind of the first.
        OutputError: the folder of the reports can not be written.
    """
    refused: dict[str, KlaError] = {}
    for parameters in plan.reports:
        try:
            with language(current_language()):
                begin(**parameters.model_dump())
        except KlaError as error:
            refused.setdefault(str(error), error)
    if refused:
        first = next(iter(refused.values()))
        problems = [
            problem
            for error in refused.values()
            for problem in error.problems or [Problem(error.what, error.advice, plan.path.name)]
        ]
        raise type(first)(t("Jadwal ini akan gagal."), problems=problems)
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=plan.folder):
            pass
    except OSError as error:
        raise _not_writable(plan, error) from error


def _not_writable(plan: Plan, error: OSError) -> OutputError:
    return OutputError(
        t("{folder} tidak dapat ditulis: {why}.", folder=plan.folder.name, why=why_not(error)),
        advice=t("Periksa izin dan sisa ruang cakram, atau ganti out di berkas jadwal."),
    )


def _orders(values: Any, file: str, where: str = "") -> Iterator[Problem]:
    """Find texts with control characters: what TOML makes of a backslash between double quotes."""
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _orders(value, file, f"{where}.{name}" if where else name)
    elif isinstance(values, list):
        for value in values:
            yield from _orders(value, file, where)
    elif isinstance(values, str) and not values.isprintable():
        yield Problem(
            t("memuat karakter kendali"),
            t("Garis miring terbalik punya arti sendiri di antara tanda kutip ganda; pakai tanda kutip tunggal."),
            file,
            column=where,
            value=repr(values)[1:-1],
        )


def day_names() -> list[str]:
    """Return the days of `WEEKDAYS` as the reader calls them."""
    from babel.dates import get_day_names

    names = get_day_names("wide", locale=current_language())
    return [names[day] for day in range(7)]


def example() -> str:
    """Return a small configuration file to begin with."""
    return "\n".join(
        [
            t("# Jadwal laporan. Setiap daerah mendapat laporannya sendiri di <out>/<wilayah>/<tahun>."),
            'areas = ["63.10"]        # ' + t('kode wilayah, atau areas = "all"'),
            'out = ""                 # ' + t("kosong: folder reports proyek"),
            'mail = "failure"         # ' + t('surel bila gagal; "always": juga bila berhasil'),
            "",
            "[report]                 # " + t("parameter kla report"),
            "year = 2022",
            'target = "nindya"',
            'scenario = ""            # ' + t("skenario anggaran: nama di data/scenarios atau berkas"),
            "",
            "[when]",
            'time = "02:00"           # ' + t("waktu setempat"),
            'weekday = "senin"        # ' + t("kosong: setiap hari; atau ganti dengan day = 1 sampai 28"),
            "",
        ]
    )


def _areas_with_data(project: Project, year: int) -> list[str]:
    """Return the areas of which anything is known for a year: a sheet, or a published result."""
    from kla_analysis.evidence.areas import REFERENCE_CODE
    from kla_analysis.evidence.rounds import known_rounds

    known = known_rounds(data=project.data)
    return sorted(set(known.loc[known["award_year"] == year, "area_code"]) - {REFERENCE_CODE})


def _paths(report: dict[str, Any], base: Path) -> dict[str, str]:
    """Return the paths of a file's parameters, taken from the folder of the file and not from here."""
    found = {}
    if isinstance(report.get("assessment"), str) and report["assessment"]:
        found["assessment"] = str((base / report["assessment"]).resolve())
    if isinstance(report.get("scenario"), str):
        names = [name.strip() for name in report["scenario"].split(",") if name.strip()]
        found["scenario"] = ",".join(str(base / name) if (base / name).is_file() else name for name in names)
    return found


def _in_words(item: dict[str, Any], file: str) -> Problem:
    """Put one of pydantic's findings into words."""
    where = ".".join(str(part) for part in item["loc"] if part not in ("list[str]", "literal['all']"))
    name = str(item["loc"][-1])
    fields = When.model_fields if len(item["loc"]) > 1 and item["loc"][0] == "when" else Schedule.model_fields
    if item["type"] == "extra_forbidden":
        return Problem(t("nama ini tidak dikenal"), did_you_mean(name, fields), file, column=where)
    if item["type"] == "missing":
        return Problem(t("belum diisi"), t("Isi {what}.", what=fields[name].description), file, column=where)
    value = None if isinstance(item["input"], dict | list) else str(item["input"])
    if item["type"] == "words":
        return Problem(t("tidak dapat dipakai"), item["ctx"]["why"], file, column=where or "when", value=value)
    about = fields.get(str(item["loc"][0]) if fields is Schedule.model_fields else name)
    advice = t("Isi {what}.", what=about.description) if about else t("Lihat contohnya: kla schedule example.")
    return Problem(t("nilai ini tidak dapat dipakai"), advice, file, column=where, value=value)


def run(plan: Plan, *, make: Callable[..., BatchRun] = run_batch, say: Say = lambda line: None) -> Night:
    """Make the reports of a schedule that are not there or no longer true, and tell those in charge of what failed.

    Args:
        make: makes them; as `batch.run_batch`.
        say: is told, line by line, what is going on.

    Raises:
        LockedError: they are being made already.
        OutputError: the folder of the reports can not be written.
    """
    batch = make([job_of(parameters) for parameters in plan.reports], out=plan.folder, progress=say)
    failures = tuple(
        notices.Failure(
            one.parameters, one.exit_code, f"{one.why} {one.advice}".strip(), plan.folder_of(one.parameters)
        )
        for one in batch.outcomes
        if one.status in ("failed", "stopped")
    )
    for one in failures:  # also where a sheet or parameter was refused: nobody is watching
        notices.leave_page(one)
    mailed, problem = False, ""
    try:
        mailed = notices.send_mail(failures)
        if plan.mails_always and not failures:
            text = "\n".join(f"{notices.about(one)}: {plan.folder_of(one)}" for one in plan.reports)
            mailed = notices.send(t("KLA: {count} laporan dibuat", count=len(plan.reports)), text + "\n")
    except Exception as error:  # whatever it is, the reports are there
        problem = str(error) if isinstance(error, KlaError) else f"{type(error).__name__}"
    return Night(batch, failures, mailed, problem)


def refused(file: Path, error: KlaError, *, now: datetime.datetime | None = None) -> str:
    """Tell those in charge that a schedule is refused: a page in the reports, and one mail a day for one reason.

    Returns:
        Why no mail could be sent although it should have; empty when all is well.
    """
    project, now = find_project(), now or datetime.datetime.now()
    name = _name_of(Path(file).expanduser().resolve())
    notices.leave_words(project.reports / f"{name}-gagal.html", t("jadwal {file}", file=Path(file).name), error)
    state = project.reports / f".{name}-ditolak.json"
    told = {"day": f"{now:%Y-%m-%d}", "why": hashlib.sha256(str(error).encode()).hexdigest()}
    if _read(state) == told:
        return ""
    try:
        notices.send(t("KLA: jadwal {file} ditolak", file=as_plain(Path(file).name)), f"{error}\n")
    except ParameterError as problem:
        return str(problem)
    with contextlib.suppress(OSError):
        _write(state, told)
    return ""


def accepted(plan: Plan) -> None:
    """Take away what told of a refusal."""
    reports = find_project().reports
    for left in (reports / f"{plan.name}-gagal.html", reports / f".{plan.name}-ditolak.json"):
        with contextlib.suppress(OSError):
            left.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, state: dict[str, Any]) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(state) + "\n", encoding="utf-8")
    os.replace(draft, path)
