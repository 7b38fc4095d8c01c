"""The manifest of a report: what it was made from, how it went, and the hash of every file in it.

It is written last: where it stands, everything it names stands too. A report whose manifest names the
inputs of today needs not be made again.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from kla_analysis.analysis.peers import peer_codes
from kla_analysis.errors import DataError, KlaError
from kla_analysis.evidence.assessment import files_of
from kla_analysis.evidence.partners import partners_path
from kla_analysis.files import files_below, read_plain
from kla_analysis.language import number, t
from kla_analysis.planning import actions
from kla_analysis.planning.scenario import is_file, load_scenario, names, place_of
from kla_analysis.project import Project
from kla_analysis.report.parameters import ReportParameters

MANIFEST = "manifest.json"
#: Every kernel starts numpy's random numbers here (the kernelspec says so).
SEED = 2024
#: The name of a file of a report: no folder, no drive, nothing hidden.
_PLAIN = re.compile(r"(?!\.)[^/\\:\x00-\x1f\x7f]{1,255}")
_PACKAGES = (
    "kla-analysis",
    "pandas",
    "numpy",
    "scipy",
    "highspy",
    "matplotlib",
    "seaborn",
    "papermill",
    "nbconvert",
    "typst",
)


class PageRun(BaseModel):
    """How one notebook went: seconds, CPU seconds and peak memory (MiB) of its kernel, pictures on its page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    notebook: str
    file: str
    seconds: float
    cpu_seconds: float
    peak_mb: int
    images: int
    status: Literal["done"] = "done"


class Manifest(BaseModel):
    """What a report is made from, and what came of it.

    Attributes:
        inputs: sha256 of everything a report depends on, by what it is: `parameters`, `assessment`,
            `instrument`, `published`, `areas`, `actions`, `scenarios`, `reference`, `code`, `notebooks`,
            `versions`.
        instrument, assessment: what was read, with its sha256.
        figures: the numbers at the top of the report, for the table of many reports (points).
        seconds, cpu_seconds, peak_mb: of the whole run; memory of its largest process (MiB).
        outputs: sha256 of every file of the report but this one.
        left_out: of reports made before every machine could make every document; read, never written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[2] = 2
    status: Literal["done"] = "done"
    parameters: dict[str, Any]
    seed: int = SEED
    inputs: dict[str, str]
    versions: dict[str, str]
    created: str
    instrument: dict[str, str] = {}
    assessment: dict[str, str] | None = None
    figures: dict[str, Any] = {}
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: int = 0
    reports: tuple[PageRun, ...] = ()
    outputs: dict[str, str] = {}
    left_out: dict[str, str] = Field(default={}, exclude=True)

    @field_validator("outputs")
    @classmethod
    def _plain_names(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse names that lead out of the folder of the report."""
        if not all(_PLAIN.fullmatch(name) for name in value):
            raise ValueError("a name is none, or leads elsewhere")
        return value

    def text(self) -> str:
        """Return it as it is written."""
        return json.dumps(self.model_dump(), indent=2, ensure_ascii=False) + "\n"


def read_manifest(raw: bytes | None) -> Manifest | None:
    """Read a manifest; None when there is none, or one that can not be trusted."""
    try:
        return Manifest.model_validate_json(raw) if raw else None
    except ValidationError:
        return None


def facts(parameters: ReportParameters, project: Project) -> Manifest:
    """Gather what a report about this would be made from, without reading any of it as data."""
    data = project.data
    sheet = Path(parameters.assessment) if parameters.assessment else None
    # The other sheets of a round stand beside the one that is read, earlier rounds teach the forecast, peers are compared.
    own = [*(files_of(sheet) if sheet else ()), *files_below(data / "assessments" / parameters.area)]
    own += [
        path
        for code in peer_codes(parameters.area, data=data)
        for path in sorted((data / "assessments" / code).glob(f"{parameters.year}-*.csv"))
    ]
    scenarios = _scenarios(parameters.scenario, data)
    shown = shown_parameters(parameters, project)
    versions = _versions()
    inputs = {
        "parameters": _digest(json.dumps(shown, sort_keys=True)),
        "assessment": _hash(own),
        "scenarios": _hash([*scenarios, *_catalogues(scenarios, data)]),
        "partners": _hash([partners_path(parameters.area, data=project.data)]),
        "versions": _digest(json.dumps(versions, sort_keys=True)),
        **_common(project),
    }
    return Manifest(parameters=shown, inputs=inputs, versions=versions, created=now())


def why_stale(old: Manifest | None, new: Manifest) -> list[str]:
    """Say in words why a report must be made (again); empty when nothing that it depends on has changed."""
    if old is None:
        return [t("laporan belum ada")]
    return [
        t("{what} berubah", what=name)
        for key, name in input_names().items()
        if old.inputs.get(key) != new.inputs.get(key)
    ]


def input_names() -> dict[str, str]:
    """Name what a report depends on, by the keys of `Manifest.inputs`."""
    return {
        "parameters": t("parameter"),
        "assessment": t("lembar nilai"),
        "instrument": t("instrumen"),
        "published": t("hasil terbit"),
        "areas": t("daftar wilayah"),
        "partners": t("daftar mitra"),
        "actions": t("katalog kegiatan"),
        "scenarios": t("skenario"),
        "reference": t("lembar rujukan"),
        "code": t("program"),
        "notebooks": t("notebook"),
        "versions": t("versi pustaka"),
    }


def shown_parameters(parameters: ReportParameters, project: Project) -> dict[str, Any]:
    """Return the parameters as a report shows them: never the folders of somebody's machine."""
    shown = parameters.model_dump()
    if parameters.assessment:
        shown["assessment"] = project.shown(Path(parameters.assessment))
    shown["scenario"] = ",".join(
        project.shown(Path(name)) if is_file(name) else name for name in names(parameters.scenario)
    )
    return shown


def sha256(content: bytes) -> str:
    """Return the hash of some bytes."""
    return hashlib.sha256(content).hexdigest()


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _common(project: Project) -> dict[str, str]:
    """Hash what all reports share."""
    data = project.data
    return {
        "instrument": _hash(files_below(data / "instruments")),
        "published": _hash(files_below(data / "published")),
        "areas": _hash([data / "areas.csv", data / "datapackage.json"]),
        "actions": _hash(files_below(data / "actions")),
        "reference": _hash(files_below(data / "assessments" / "reference")),
        "code": hash_of_program(),
        "notebooks": _hash(project.report_notebooks()),
    }


def hash_of_program(folder: Path = Path(__file__).parents[1]) -> str:
    """Hash the program's files by name and content; what Python compiled of them does not count."""
    return _hashed(tuple(_stamps(folder)))


@lru_cache(maxsize=1)
def _hashed(files: tuple[tuple[str, int, int], ...]) -> str:
    """Hash files, once for as long as none of them changes."""
    return _hash(Path(name) for name, *_ in files)


def _stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Yield every file of the program with its time and size; without `Path`, as a batch asks twice for each report."""
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for file in files:
            path = os.path.join(here, file)
            with contextlib.suppress(OSError):  # what vanishes is not there
                about = os.stat(path)
                yield path, about.st_mtime_ns, about.st_size


def _hash(paths: Iterable[Path]) -> str:
    """Hash files by name and content; one that is missing counts as missing."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.as_posix()):
        digest.update(path.name.encode() + b"\0" + _file_hash(path, _stamp(path)) + b"\0")
    return digest.hexdigest()


def _scenarios(named: str, data: Path) -> list[Path]:
    """Return the scenario files that a parameter names."""
    return [place_of(name, data) for name in names(named)]


def _catalogues(scenarios: list[Path], data: Path) -> list[Path]:
    """Return the files of the catalogues that scenarios name."""
    found = []
    for path in scenarios:
        # What is wrong in a scenario is said by the one who reads it; here it only counts as it stands.
        with contextlib.suppress(KlaError, OSError, ValueError):
            folder = actions.folder_of(load_scenario(path).catalogue, data)
            found += [folder / name for name in actions.FILES]
    return found


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        about = path.stat()
    except OSError:
        return (0, 0, 0)
    return (about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(maxsize=4096)
def _file_hash(path: Path, stamp: tuple[int, int, int]) -> bytes:
    """Hash one file, once for as long as its stamp stays."""
    try:
        return hashlib.sha256(read_plain(path)).digest()
    except (OSError, DataError):  # who reads it as data says what is wrong with it
        return b"-"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _versions_found() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version())]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, "–"))
    return tuple(found)


def _versions() -> dict[str, str]:
    return dict(_versions_found())


def total_in_words(figures: Mapping[str, Any], what: str = "total") -> str:
    """Write a total (or `gap`) of a manifest's figures, both ends of it, rounded over no bound; a dash where none is known."""
    bounds = figures.get("bounds", ()) if what == "total" else (0,)
    ends = dict.fromkeys((figures.get(f"{what}_low"), figures.get(f"{what}_high")))
    return "–".join(number(end, beside=bounds) for end in ends)


def predicate_in_words(figures: Mapping[str, Any]) -> str:
    """Name the predicate of a manifest's figures, both ends of it."""
    low = figures.get("predicate") or "–"
    high = figures.get("predicate_high", low)
    return low if low == high else t("{low} sampai {high}", low=low, high=high)


def badge_in_words(figures: Mapping[str, Any]) -> str:
    """Say in one word that the figures of a report are no district's own; empty where they are."""
    return t("SINTETIS") if figures.get("synthetic") else t("ILUSTRATIF") if figures.get("note") else ""


def doubts_in_words(figures: Mapping[str, Any]) -> list[str]:
    """Say what makes the figures of a report doubtful: answers that are missing, printed sums that disagree."""
    found = []
    if figures.get("unanswered"):
        found.append(
            t(
                "{count} jawaban kosong: {points} poin belum diketahui.",
                count=figures["unanswered"],
                points=number(figures["unknown"]),
            )
        )
    if figures.get("printed_contradicts"):
        found.append(t("Angka tercetak dan jawabannya memberi predikat berbeda."))
    return found
