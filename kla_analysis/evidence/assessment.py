"""An assessment: the points that one area claims or was given, in one round, at one stage."""

from __future__ import annotations

import copy
import csv
import hashlib
import io
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from kla_analysis.errors import DataError, Problem, did_you_mean
from kla_analysis.evidence.proof import nothing, personal_problems, proof_of
from kla_analysis.files import is_plain, read_plain
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument, load_instrument
from kla_analysis.language import by_language, number, t
from kla_analysis.project import find_project
from kla_analysis.reading import TableSchema, delimiter_of, read_header, read_table, schema_of, stamp

#: The kind of a sheet whose numbers were drawn to try out the program.
SYNTHETIC = "synthetic"
#: What may stand beside a sheet: `2022-final.csv` has `2022-final.origin.yaml`.
PRINTED, REPAIRS, ORIGIN = ".printed.csv", ".repairs.csv", ".origin.yaml"
_WORKBOOKS = {".xlsx", ".xlsm", ".xls", ".ods", ".html", ".htm"}


@dataclass(frozen=True)
class Origin:
    """The biography of a sheet: who made it, from what, and how sure it is.

    `standing` is one of published, secondary, derived, assumed; `illustrative` marks numbers that
    are not the area's own: borrowed from another or, where they are `synthetic` too, drawn by a computer.
    """

    title: str
    standing: str
    illustrative: bool
    note: str
    synthetic: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class Assessment:
    """The points of one area, one round and one stage.

    Attributes:
        level: `question`, `indicator` or `component`: how far down the sheet goes.
        scores: points by code, in the order of the instrument. Missing answers are NaN, never 0.
        notes: remarks by code, only where there are any.
        printed: maxima and scores as the sheet prints them for its rows and totals, when it does:
            columns `level`, `code`, `printed_max`, `printed_score` (points).
        repairs: what was done to the cells of a sheet that was imported: columns `action` (refused, skipped,
            normalised, noted), `sheet`, `cell`, `old`, `new`, `reason`, `advice` (text).
        proof: what the sheet says of the evidence, by code, only where it does (`proof.COLUMNS`).
        shown: the file, as messages and reports name it.
        sha256: hash of the file.
    """

    area_code: str
    award_year: int
    stage: str
    instrument: str
    level: str
    scores: pd.Series
    notes: pd.Series
    origin: Origin
    shown: str
    sha256: str
    printed: pd.DataFrame | None = None
    repairs: pd.DataFrame | None = None
    proof: pd.DataFrame = field(default_factory=nothing)

    @property
    def missing(self) -> tuple[str, ...]:
        """Codes without an answer, in the order of the instrument."""
        return tuple(self.scores.index[self.scores.isna()])

    def __repr__(self) -> str:
        return (
            f"Assessment({self.area_code} {self.award_year} {self.stage}: {len(self.scores)} {self.level}s, "
            f"{len(self.missing)} missing, {self.origin.standing})"
        )


def load_assessment(path: str | Path, instrument: Instrument, *, data: Path | None = None) -> Assessment:
    """Load and check a sheet of answers.

    The file is tidy CSV with the columns `area_code`, `award_year`, `stage`, one of `question_code`,
    `indicator_code` or `component_code`, `score` (points, decimal point, empty when unanswered) and,
    if wanted, `note` and the columns of evidence (`proof.COLUMNS`; what is not there is unknown). Questions that the file leaves out count as unanswered.

    Args:
        path: the file.
        instrument: the rules that it follows.

    Raises:
        DataError: with every problem at once, each with file, row, column, value and advice.
    """
    path = Path(path)
    project = find_project()
    shown = project.shown(path)
    if path.suffix.casefold() in _WORKBOOKS and is_plain(path):
        raise DataError(
            t("{file} buku kerja, bukan lembar nilai yang rapi.", file=shown),
            advice=t("Impor dulu: kla import {file}; lalu pakai berkas CSV yang ditulisnya.", file=path.name),
        )
    data = data or project.data
    stamps = tuple(map(stamp, (*files_of(path), data / "datapackage.json")))
    return copy.deepcopy(_loaded(path, instrument, data, shown, stamps))  # whoever asks may change what is theirs


@lru_cache(maxsize=32)
def _loaded(
    path: Path, instrument: Instrument, data: Path, shown: str, changed: tuple[tuple[int, int], ...]
) -> Assessment:
    """Read a sheet once for as long as it stays: every notebook of a report opens the same ones."""
    schema = _schema_for(path, data)
    level = next(level for level, column in CODE_COLUMNS.items() if column in schema.columns)
    column = CODE_COLUMNS[level]
    maxima = instrument.table(level)["max_points"]
    frame = read_table(path, schema, shown=shown, also=lambda frame: _sheet_problems(frame, column, instrument, shown))
    by_code = frame.set_index(column)
    return Assessment(
        area_code=str(frame["area_code"].iloc[0]),
        award_year=int(frame["award_year"].iloc[0]),
        stage=str(frame["stage"].iloc[0]),
        instrument=instrument.id,
        level=level,
        scores=by_code["score"].reindex(maxima.index).astype(float),
        notes=by_code["note"].dropna(),
        origin=_read_origin(path.with_suffix(ORIGIN), shown),
        shown=shown,
        sha256=hashlib.sha256(read_plain(path)).hexdigest(),
        printed=_read_beside(path.with_suffix(PRINTED), "assessments/reference/2024-self_assessment.printed.csv", data),
        repairs=_read_beside(path.with_suffix(REPAIRS), "repairs", data),
        proof=proof_of(by_code),
    )


def files_of(sheet: str | Path) -> list[Path]:
    """Return a sheet and all that may stand beside it, by exact name; they need not exist.

    >>> [path.name for path in files_of("a [1].csv")]
    ['a [1].csv', 'a [1].printed.csv', 'a [1].repairs.csv', 'a [1].origin.yaml']
    """
    path = Path(sheet)
    return [path, *(path.with_suffix(beside) for beside in (PRINTED, REPAIRS, ORIGIN))]


def rules_of(
    path: str | Path, instrument: str | None = None, *, year: int | None = None, data: Path | None = None
) -> Instrument:
    """Load the instrument that a sheet follows: the one that its origin note names, else the one in force in its year.

    Args:
        instrument: id, where somebody names it.
        year: award year, where the sheet does not say it.
    """
    path = Path(path)
    said = _named_instrument(path, stamp(path.with_suffix(ORIGIN)))
    return load_instrument(instrument or said, year=_year_of(path, stamp(path)) or year, data=data)


@lru_cache(maxsize=64)
def _named_instrument(sheet: Path, changed: tuple[int, int]) -> str | None:
    """Return the instrument that the origin note of a sheet names, read once for as long as it stays."""
    try:
        about = yaml.safe_load(read_plain(sheet.with_suffix(ORIGIN)).decode())
    except (OSError, DataError, UnicodeDecodeError, yaml.YAMLError):
        return None
    return about.get("instrument") if isinstance(about, dict) else None


def is_tidy(path: str | Path) -> bool:
    """Whether a file is a sheet in the project's own form, or at least means to be: CSV with its column names."""
    path = Path(path)
    if path.suffix.casefold() != ".csv" or not is_plain(path):
        return False
    first = read_plain(path)[:1000].split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    named = {name.strip().strip('"') for name in first.split(delimiter_of(first))}
    return "score" in named and bool(named & set(CODE_COLUMNS.values())) and "area_code" in named


@lru_cache(maxsize=64)
def _year_of(path: Path, changed: tuple[int, int]) -> int | None:
    """Return the award year that a sheet in the project's own form begins with; None for any other file."""
    if not is_tidy(path):
        return None
    text = read_plain(path).decode("utf-8-sig", "replace")
    lines = io.StringIO(text, newline="")
    year = str(next(csv.DictReader(lines, delimiter=delimiter_of(text)), {}).get("award_year", ""))
    return int(year) if year.isdigit() else None


def list_rounds(area_code: str, *, data: Path | None = None) -> pd.DataFrame:
    """List the sheets that the project holds of an area: `award_year`, `stage`, `path`."""
    folder = (data or find_project().data) / "assessments" / area_code
    rows = []
    for path in sorted(folder.glob("*.csv")):
        year, dash, stage = path.stem.partition("-")
        if dash and year.isdigit() and "." not in stage:
            rows.append({"award_year": int(year), "stage": stage, "path": path})
    return pd.DataFrame(rows, columns=["award_year", "stage", "path"])


def find_sheet(area_code: str, award_year: int, *, stage: str | None = None, data: Path | None = None) -> Path | None:
    """Return the project's sheet of an area and round, at a stage or else the latest there is; None when there is none."""
    rounds = list_rounds(area_code, data=data)
    rounds = rounds[rounds["award_year"] == award_year]
    if stage is not None:
        rounds = rounds[rounds["stage"] == stage]
    if len(rounds) < 2:
        return None if rounds.empty else rounds["path"].iloc[0]
    rules = (rules_of(row.path, year=award_year, data=data) for row in rounds.itertuples())
    order = [own.stage(code).order for own, code in zip(rules, rounds["stage"], strict=True)]
    return rounds["path"].iloc[max(range(len(order)), key=order.__getitem__)]


def sheet_and_rules(
    area_code: str,
    award_year: int,
    *,
    stage: str | None = None,
    assessment: str | Path | None = None,
    instrument: str | None = None,
    data: Path | None = None,
) -> tuple[Path | None, Instrument]:
    """Return the sheet of an area and round, and the instrument by which the round is scored.

    Args:
        assessment: a sheet of the user's own; the project's when not given.
        instrument: id; the one that the sheet follows when not given, else the one in force in that round.
    """
    path = Path(assessment) if assessment else find_sheet(area_code, award_year, stage=stage, data=data)
    if path is None:
        return None, load_instrument(instrument, year=award_year, data=data)
    return path, rules_of(path, instrument, year=award_year, data=data)


def scaled_to_total(scores: pd.Series, maxima: pd.Series, total: float) -> pd.Series:
    """Scale a profile of scores so that it adds up to a wanted total, never above a maximum.

    Every score is multiplied by one factor and cut at its maximum; the factor is the one that makes
    the total right. Scores are then written in hundredths: rounded down, and the hundredths that
    are missing go to the largest remainders, in the order of the sheet among equals.

    Args:
        scores: points by code; `maxima` has the same codes.
        total: wanted sum in points.

    Raises:
        ValueError: no factor reaches the total.

    >>> scaled_to_total(pd.Series({"a": 2.0, "b": 1.0}), pd.Series({"a": 3.0, "b": 3.0}), 1.0).to_dict()
    {'a': 0.67, 'b': 0.33}
    """
    answered = scores > 0
    if not 0 <= total <= float(maxima[answered].sum()):
        raise ValueError(f"no factor brings this profile to {total}")
    low, high = 0.0, float((maxima[answered] / scores[answered]).max())
    points, most = scores.to_numpy(dtype=float), maxima.to_numpy(dtype=float)
    for _ in range(200):
        factor = (low + high) / 2
        low, high = (factor, high) if np.minimum(points * factor, most).sum() < total else (low, factor)
    exact = np.minimum(points * high, most).tolist()
    cents = [(Decimal(repr(value)) * 100).quantize(Decimal(1), ROUND_DOWN) for value in exact]
    left = int((Decimal(repr(total)) * 100) - sum(cents))
    remainders = [Decimal(repr(value)) * 100 - cent for value, cent in zip(exact, cents, strict=True)]
    for at in sorted(range(len(cents)), key=lambda i: (-remainders[i], i))[:left]:
        cents[at] += 1
    return pd.Series([float(cent / 100) for cent in cents], index=scores.index, name=scores.name)


def _sheet_problems(frame: pd.DataFrame, column: str, instrument: Instrument, shown: str) -> list[Problem]:
    """Find unknown codes and stages, scores above their maximum, personal data, and rows of another area, round or stage."""
    problems = personal_problems(frame, shown)
    level = next(level for level, name in CODE_COLUMNS.items() if name == column)
    maxima = instrument.table(level)["max_points"]
    stages = [stage.code for stage in instrument.stages]
    for row, code in frame["stage"].dropna()[lambda codes: ~codes.isin(stages)].items():
        what = t("tahap ini tidak ada di instrumen {id}", id=instrument.id)
        problems.append(Problem(what, did_you_mean(code, stages), shown, row, "stage", code))
    for row, record in frame.dropna(subset=[column]).iterrows():
        code, score = record[column], record["score"]
        if code not in maxima.index:
            problems.append(
                Problem(
                    t("kode ini tidak ada di instrumen {id}", id=instrument.id),
                    did_you_mean(code, maxima.index),
                    shown,
                    row,
                    column,
                    code,
                )
            )
        elif score > maxima[code]:
            problems.append(
                Problem(
                    t("melebihi maksimum {code}, yaitu {maximum}", code=code, maximum=number(maxima[code])),
                    t("Isi paling banyak {maximum}.", maximum=number(maxima[code])),
                    shown,
                    row,
                    "score",
                    f"{score:g}",
                )
            )
    for name in ("area_code", "award_year", "stage"):
        known = frame[name].dropna()
        for row in known.index[known != known.iloc[0]] if len(known) else ():
            problems.append(
                Problem(
                    t("berbeda dari baris pertama ({first})", first=known.iloc[0]),
                    t("Satu berkas memuat satu daerah, satu putaran dan satu tahap; pisahkan."),
                    shown,
                    row,
                    name,
                    str(known[row]),
                )
            )
    return problems


def _schema_for(path: Path, data: Path) -> TableSchema:
    """Choose the schema by the code column that the file has."""
    schema = schema_of("assessment", data)
    header = [name.strip() for name in read_header(path)]
    for column in CODE_COLUMNS.values():
        if column in header:
            return schema if column == "question_code" else schema.with_code_column(column)
    return schema  # the missing column is then reported by name


def _read_origin(path: Path, shown: str) -> Origin:
    """Read the origin note beside a sheet; a sheet without one is the user's own."""
    if not path.exists():
        return Origin(
            title=t("Lembar nilai {file}", file=shown),
            standing="unverified",
            illustrative=False,
            note=t("Lembar ini diberikan pengguna; asal-usulnya tidak dicatat di sampingnya."),
        )
    try:
        about: dict[str, Any] = yaml.safe_load(read_plain(path).decode())
        return Origin(
            title=by_language(about["title"]),
            standing=about["standing"],
            illustrative=about.get("kind") in ("illustrative", SYNTHETIC),
            note=by_language(about["note"]),
            synthetic=about.get("kind") == SYNTHETIC,
        )
    except (UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            t("{file}: catatan asal-usul tidak lengkap ({why}).", file=path.name, why=error),
            advice=t("Isi title, standing dan note, seperti di data/assessments/reference."),
        ) from None


def _read_beside(path: Path, schema: str, data: Path) -> pd.DataFrame | None:
    """Read a table that stands beside a sheet; None when there is none, or it has no rows."""
    if not path.exists() or len(read_plain(path).splitlines()) < 2:
        return None
    return read_table(path, schema_of(schema, data), shown=find_project().shown(path)).reset_index(drop=True)
