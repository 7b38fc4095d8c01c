"""Strict reading of tables: every file is checked against the Table Schema that describes it.

The columns, types and ranges are written once, in `data/datapackage.json`, and every cell is held against them. All
problems of a file are collected and raised together.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from kla_analysis.errors import DataError, OutputError, ParameterError, Problem, called, did_you_mean
from kla_analysis.files import read_plain, why_not
from kla_analysis.language import LANGUAGES, current_language, t

if TYPE_CHECKING:
    import pandas as pd

#: How a cell begins that a spreadsheet would run; after these an apostrophe of our own.
_FORMULA_BEGINS = tuple("=+-@\t\r|%＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class TableSchema:
    """What one table must look like: its fields as Table Schema describes them."""

    name: str
    fields: tuple[dict[str, Any], ...]
    primary_key: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return [field["name"] for field in self.fields]

    def with_code_column(self, column: str) -> TableSchema:
        """Return the schema with its `question_code` column under another name.

        An assessment may stop at indicators or components; everything else in it stays as it is.
        """
        fields = tuple(
            {"name": column, "type": "string", "constraints": {"required": True}}
            if field["name"] == "question_code"
            else field
            for field in self.fields
        )
        keys = tuple(column if key == "question_code" else key for key in self.primary_key)
        return replace(self, fields=fields, primary_key=keys)


@lru_cache(maxsize=8)
def _package(path: Path, changed: tuple[int, int]) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def schema_of(name: str, data: Path) -> TableSchema:
    """Return the schema of a resource of the data package.

    Args:
        name: name or path of the resource, `assessment` for any assessment sheet with what it may say of evidence,
            or `mapping` for any mapping between two instruments.
        data: the data folder.

    Raises:
        DataError: the data package does not describe such a table.
    """
    package = _package(data / "datapackage.json", stamp(data / "datapackage.json"))
    if name in package["kla:schemas"]:
        return TableSchema(name=name, fields=tuple(package["kla:schemas"][name]["fields"]))
    wanted = package["kla:assessment_schema"] if name == "assessment" else name
    for resource in package["resources"]:
        if wanted in (resource["name"], resource["path"]):
            schema = resource["schema"]
            key = schema.get("primaryKey", [])
            further = package["kla:schemas"]["evidence"]["fields"] if name == "assessment" else []
            return TableSchema(
                name=resource["name"],
                fields=(*schema["fields"], *further),
                primary_key=(key,) if isinstance(key, str) else tuple(key),
            )
    raise DataError(
        t("Tabel {name} belum diuraikan di data/datapackage.json.", name=name),
        advice=t("Salin uraian tabel yang serupa di berkas itu dan ganti name serta path-nya."),
    )


def resources(data: Path) -> Iterable[str]:
    """Return the paths of all tables that the data package describes, relative to `data`."""
    return [
        resource["path"]
        for resource in _package(data / "datapackage.json", stamp(data / "datapackage.json"))["resources"]
    ]


def read_header(path: Path) -> list[str]:
    """Return the column names of a CSV file; empty when the file is empty."""
    text = _read_text(path, path.name)
    return next(csv.reader(io.StringIO(text), delimiter=delimiter_of(text)), [])


def delimiter_of(text: str) -> str:
    """Return what separates the columns of a CSV text: a comma or, where a spreadsheet saved it again, `;` or a tab.

    >>> delimiter_of("a,b,c"), delimiter_of("a;b;c"), delimiter_of("a")
    (',', ';', ',')
    """
    head = text.split("\n", 1)[0]
    return max((",", ";", "\t"), key=head.count)


def read_resource(
    relative: str, data: Path, *, also: Callable[[pd.DataFrame, Path], list[Problem]] | None = None
) -> pd.DataFrame:
    """Read a table of the project's own data by its path in the data package, once for as long as it stays.

    Args:
        also: further rules, a function of a module; is given the table and `data` (see `read_table`).
    """
    return _resource(relative, data, also, stamp(data / relative), stamp(data / "datapackage.json")).copy()


@lru_cache(maxsize=64)
def _resource(
    relative: str,
    data: Path,
    also: Callable[[pd.DataFrame, Path], list[Problem]] | None,
    *stamps: tuple[int, int],
) -> pd.DataFrame:
    return read_table(
        data / relative,
        schema_of(relative, data),
        shown=f"data/{relative}",
        also=lambda frame: also(frame, data) if also else [],
    )


def read_yaml(path: Path) -> Any:
    """Read a YAML file of the project's own data.

    The parser in C is ten times as fast, but one that is nested without end takes the process with it: what may come
    from elsewhere, such as the origin note of a sheet, is read by `yaml.safe_load`.

    Raises:
        DataError: it is not there, or no YAML.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - it is the safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(
            t("{file} tidak dapat dibaca: {why}.", file=path.name, why=str(error).splitlines()[0]),
            advice=t("Pulihkan berkas itu dari salinan proyek yang utuh."),
        ) from None


def stamp(path: Path) -> tuple[int, int]:
    """Return what changes when somebody writes to a file; zeros when there is none."""
    try:
        about = path.stat()
    except (OSError, ValueError):
        return (0, 0)
    return (about.st_mtime_ns, about.st_size)


def read_table(
    path: Path,
    schema: TableSchema,
    *,
    shown: str | None = None,
    also: Callable[[pd.DataFrame], list[Problem]] = lambda frame: [],
) -> pd.DataFrame:
    """Read a CSV file that must follow a schema.

    Args:
        path: the file, UTF-8, comma separated, decimal point, or as Excel with Indonesian settings saves it again.
        schema: what it must look like.
        shown: how to name the file in messages.
        also: further rules; is given the table (cells already found wrong are missing in it) and
            returns the problems that it finds, which are told together with all others.

    Returns:
        The columns of the schema, typed. The index, `row`, is the line of each record as a
        spreadsheet counts it (the header is 1). Columns that the schema does not know are left out.

    Raises:
        DataError: with every problem of the file, each with row, column, value and advice.
    """
    import pandas as pd

    shown = shown or path.name
    text = _read_text(path, shown)
    header, records = _split(text, schema, shown)
    problems: list[Problem] = []
    columns: dict[str, list[Any]] = {}
    for field in schema.fields:
        name = field["name"]
        if name not in header:  # only an optional column can be missing here
            columns[name] = [None] * len(records)
            continue
        at = header.index(name)
        columns[name] = [
            _convert(cells[at], field, Problem("", "", shown, row, name, cells[at]), problems) for row, cells in records
        ]
    frame = pd.DataFrame(columns, index=pd.Index([row for row, _ in records], name="row"))
    frame = frame.astype({field["name"]: _DTYPES[field.get("type", "string")] for field in schema.fields})
    broken = {(problem.row, problem.column) for problem in problems}
    further = [*_cell_problems(frame, schema, shown), *_key_problems(frame, schema, shown), *also(frame)]
    problems += [problem for problem in further if (problem.row, problem.column) not in broken]
    if problems:
        refuse(shown, problems)
    return frame


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: UTF-8, comma, decimal point, whole or not at all.

    Text that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves mark
    text; numbers stay numbers, negative ones too. `read_table` takes the apostrophe off again.
    """
    write_whole(path, table_bytes(frame))


def refuse_existing(path: Path, option: str = "out") -> None:
    """Refuse to write where a file is; `option` names what another place is given with.

    Raises:
        OutputError: there is one.
    """
    if path.exists():
        raise OutputError(
            t("{path} sudah ada.", path=path.name),
            advice=t("Hapus dulu, atau pilih nama lain dengan {out}.", out=called(option)),
        )


def require_kind(path: Path, kind: str) -> None:
    """Refuse to write a kind of file under the name of another.

    Raises:
        ParameterError: the name does not end as it must.
    """
    if path.suffix.casefold() != kind:
        raise ParameterError(
            t("“{name}” bukan {kind}.", name=path.name, kind=kind), advice=t("Akhiri namanya dengan {kind}.", kind=kind)
        )


def write_new(path: Path, make: Callable[[], bytes], kind: str) -> Path:
    """Write a file that somebody asked for, and return where it is; `make` is only called where no file is in the way.

    Args:
        kind: how its name must end, such as `.xlsx`.

    Raises:
        ParameterError: the name ends otherwise.
        OutputError: it can not be written, or would replace a file.
    """
    require_kind(path, kind)
    refuse_existing(path)
    content = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=path.name, why=why_not(error)),
            advice=t("Pilih tempat lain dengan {out}.", out=called("out")),
        ) from error
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    import os

    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def table_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as `write_table` writes it."""
    safe = frame.rename(columns=as_text).map(lambda value: as_text(value) if isinstance(value, str) else value)
    return safe.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()


def as_text(value: str) -> str:
    """Return a text that no spreadsheet takes for a formula when it opens a CSV file.

    >>> as_text("=1+1"), as_text("-5"), as_text("Dinkes")
    ("'=1+1", '-5', 'Dinkes')
    """
    # A carriage return would be written bare and begin a new row when the file is read again.
    value = value.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return f"'{value}" if _would_run(value) and not _NUMBER.fullmatch(value) else value


def _would_run(text: str) -> bool:
    return text.lstrip("'").lstrip()[:1] in _FORMULA_BEGINS


def in_language(table: pd.DataFrame, stem: str) -> pd.Series:
    """Return a text column in the language in force; where a cell has none, in Indonesian (`name_en`, else `name_id`)."""
    own = f"{stem}_{current_language()}"
    return table[own].fillna(table[f"{stem}_id"]) if own in table.columns else table[f"{stem}_id"]


def refuse(shown: str, problems: list[Problem]) -> NoReturn:
    """Raise one error that lists every problem of a file, in the order of its rows."""
    ordered = sorted(problems, key=lambda problem: (problem.row or 0, problem.column or ""))
    raise DataError(
        t("{file} ditolak: {count} masalah.", file=shown, count=len(ordered)),
        advice=t("Perbaiki yang berikut lalu jalankan lagi; tidak ada yang ditulis."),
        problems=ordered,
    )


# Remarks are for people, and so are names in another language: a sheet without them loses nothing.
_MAY_BE_ABSENT = {"note", *(f"name_{lang}" for lang in LANGUAGES[1:])}
#: The moment that every file we make carries, so that equal ones have equal bytes; what people save has another.
MADE = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
_DTYPES = {"string": "object", "number": "float64", "integer": "Int64", "boolean": "boolean", "date": "object"}


def _read_text(path: Path, shown: str) -> str:
    try:
        raw = read_plain(path, shown=shown)
    except FileNotFoundError:
        there = [one.name for one in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        advice = did_you_mean(path.name, there) if there else t("Periksa nama dan foldernya.")
        raise DataError(t("Berkas {file} tidak ada.", file=shown), advice=advice) from None
    if not raw.strip():
        raise DataError(
            t("{file}: berkas kosong.", file=shown), advice=t("Isi berkas itu, atau ekspor ulang dari sumbernya.")
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            t("{file}: bukan teks UTF-8 (bita ke-{at}).", file=shown, at=error.start),
            advice=t("Di Excel pilih Simpan Sebagai → CSV UTF-8."),
        ) from None
    if "\0" in text:
        raise DataError(
            t("{file}: berisi bita NUL, jadi bukan CSV.", file=shown),
            advice=t("Di Excel pilih Simpan Sebagai → CSV UTF-8."),
        )
    return text


def _split(text: str, schema: TableSchema, shown: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Cut a CSV text into its header and its records, each with the line it begins on.

    Excel with Indonesian settings saves a table with semicolons and decimal commas, and leaves out empty last columns.
    """
    delimiter = delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    try:
        header = [name.strip() for name in next(reader)]
        records: list[tuple[int, list[str]]] = []
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            t("{file}: CSV rusak di sekitar baris {row} ({why}).", file=shown, row=reader.line_num, why=error),
            advice=t("Periksa tanda kutip yang tidak ditutup."),
        ) from None
    records = [(row, _fitted(cells, header, schema)) for row, cells in records]
    problems = [*_header_problems(header, schema, shown), *_length_problems(records, header, shown)]
    if not records and not problems:
        problems.append(Problem(t("tidak ada baris data"), t("Isi tabel di bawah kepalanya."), shown, 2))
    if problems:
        refuse(shown, problems)
    return header, records if delimiter == "," else _with_points(header, records, schema)


def _header_problems(header: list[str], schema: TableSchema, shown: str) -> Iterator[Problem]:
    """Find columns that must be there and are not, and columns that are there twice."""
    unused = [name for name in header if name and name not in schema.columns]
    for field in schema.fields:
        if field["name"] in header or field["name"] in _MAY_BE_ABSENT or field.get("kla:optional", False):
            continue
        advice = t("Kolom yang terbaca: {names}. Pemisahnya harus koma.", names=", ".join(header))
        if unused and len(header) > 1:
            advice = did_you_mean(field["name"], unused)
        yield Problem(t("kolom wajib ini tidak ada"), advice, file=shown, row=1, column=field["name"])
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        yield Problem(t("nama kolom muncul lebih dari sekali"), t("Hapus satu."), shown, 1, name)


def _length_problems(records: list[tuple[int, list[str]]], header: list[str], shown: str) -> Iterator[Problem]:
    for row, cells in records:
        if len(cells) != len(header):
            what = t("baris ini berisi {found} sel, kepala tabel {wanted}", found=len(cells), wanted=len(header))
            yield Problem(what, t("Teks yang memuat koma harus diapit tanda kutip."), file=shown, row=row)


def _fitted(cells: list[str], header: list[str], schema: TableSchema) -> list[str]:
    """Add the empty last cells that a spreadsheet leaves out, of columns that may be empty; take off empty ones too many."""
    must = {field["name"] for field in schema.fields if field.get("constraints", {}).get("required")}
    missing = header[len(cells) :]
    if missing and not must & set(missing) and "score" not in missing:
        return [*cells, *[""] * len(missing)]
    return cells if any(cell.strip() for cell in cells[len(header) :]) else cells[: len(header)]


def _with_points(
    header: list[str], records: list[tuple[int, list[str]]], schema: TableSchema
) -> list[tuple[int, list[str]]]:
    """Write numbers with a decimal point and without groups, where a spreadsheet wrote commas and groups.

    A text such as 1.250 is a group in a column of whole numbers; elsewhere only where the file has decimal commas.
    """
    kinds = {field["name"]: field.get("type", "string") for field in schema.fields}
    numbers = [at for at, name in enumerate(header) if kinds.get(name) in ("number", "integer")]
    commas = any(re.fullmatch(r"-?[\d.]*\d,\d+", cells[at].strip()) for _, cells in records for at in numbers)
    changed = []
    for row, cells in records:
        own = list(cells)
        for at in numbers:
            text = own[at].strip()
            grouped = re.fullmatch(r"-?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?", text)
            if (grouped and (commas or kinds[header[at]] == "integer")) or re.fullmatch(r"-?\d+,\d+", text):
                own[at] = text.replace(".", "").replace(",", ".")
        changed.append((row, own))
    return changed


def _convert(cell: str, field: dict[str, Any], place: Problem, problems: list[Problem]) -> Any:
    """Turn one cell into its type; note a problem and return None when it is not of that type."""
    text = cell.strip()
    if not text:
        return None
    kind = field.get("type", "string")
    if kind == "string":
        return text[1:] if text[:1] == "'" and _would_run(text) else text
    if kind == "date" and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) and _is_day(text):
        return text
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind in ("integer", "number") and (value := _number(text, kind)) is not None:
        return value
    problems.append(_misfit(kind, text, place))
    return None


def _number(text: str, kind: str) -> float | int | None:
    """Return a number of the kind; None where the text is none."""
    if _NUMBER.fullmatch(text):
        value = float(text)
        if value not in (float("inf"), float("-inf")) and (kind == "number" or value == int(value)):
            return value if kind == "number" else int(value)
    return None


def _misfit(kind: str, text: str, place: Problem) -> Problem:
    """Say that a cell is not of its type, and how to write it."""
    if kind == "date":
        return replace(place, what=t("bukan tanggal"), advice=t("Tulis tanggal seperti 2025-03-31."))
    if kind == "boolean":
        return replace(place, what=t("bukan true atau false"), advice=t("Tulis true atau false."))
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        advice = t("Pakai titik sebagai tanda desimal: {value}.", value=text.replace(",", "."))
    else:
        advice = t("Isi dengan angka, atau kosongkan bila belum ada jawaban (kosong tidak sama dengan nol).")
    return replace(place, what=t("bukan angka"), advice=advice)


def _is_day(text: str) -> bool:
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _cell_problems(frame: pd.DataFrame, schema: TableSchema, shown: str) -> Iterator[Problem]:
    """Yield what breaks a field's constraints, cell by cell."""
    for field in schema.fields:
        name, rule = field["name"], field.get("constraints", {})
        filled = frame[name].dropna()
        if rule.get("required"):
            for row in frame.index.difference(filled.index):
                yield Problem(t("kosong, padahal wajib diisi"), t("Isi sel ini."), shown, int(row), name)
        if rule.get("unique"):
            for row, value in filled[filled.duplicated(keep=False)].items():
                twice = t("muncul lebih dari sekali"), t("Hapus salah satu.")
                yield Problem(*twice, shown, int(row), name, _shown_value(value))
        for row, value in filled.items():
            for what, advice in _broken(value, rule):
                yield Problem(what, advice, shown, int(row), name, _shown_value(value))


def _broken(value: Any, rule: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield which constraints a value breaks: what is wrong, and what to do."""
    if "minimum" in rule and value < rule["minimum"]:
        yield t("kurang dari {bound}", bound=rule["minimum"]), t("Periksa angka ini.")
    if "maximum" in rule and value > rule["maximum"]:
        yield t("lebih dari {bound}", bound=rule["maximum"]), t("Periksa angka ini.")
    if "enum" in rule and value not in rule["enum"]:
        yield t("tidak ada dalam daftar"), did_you_mean(str(value), [str(choice) for choice in rule["enum"]])
    if "pattern" in rule and not re.fullmatch(rule["pattern"], value):
        yield t("bentuknya tidak sesuai"), t("Bentuk yang benar: {pattern}", pattern=rule["pattern"])


def _key_problems(frame: pd.DataFrame, schema: TableSchema, shown: str) -> Iterator[Problem]:
    """Yield the records whose primary key stands further up already."""
    if not schema.primary_key:
        return
    keys = frame[list(schema.primary_key)]
    for row in frame.index[keys.duplicated(keep="first")]:
        same = keys.index[(keys == keys.loc[row]).all(axis=1)]
        yield Problem(
            t("sudah ada di baris {first}", first=same[0]),
            t("Hapus salah satu; satu pertanyaan hanya dinilai sekali."),
            shown,
            int(row),
            schema.primary_key[-1],
            str(keys.loc[row].iloc[-1]),
        )


def _shown_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
