"""Follow-up: what a district's meetings decided, who does it by when, and what became of it."""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.errors import DataError, KlaError, OutputError, ParameterError, Problem, called, did_you_mean
from kla_analysis.evidence.assessment import sheet_and_rules
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid, clean
from kla_analysis.evidence.intake.numbers import read_date
from kla_analysis.evidence.partners import load_partners
from kla_analysis.evidence.personal import masked
from kla_analysis.files import why_not
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import LANGUAGES, language, number, read_money, t
from kla_analysis.project import find_project
from kla_analysis.reading import as_text, read_table, refuse, schema_of, table_bytes, write_table

FILE = "followup.csv"
OPEN, DONE, DROPPED = "open", "done", "dropped"
STATES = (OPEN, DONE, DROPPED)
#: An open decision whose day has passed; a row has it only where it is looked at.
OVERDUE = "overdue"
#: The column of a workbook that says what a row was when the workbook was written.
WAS = "was"
_DATES = ("decided_on", "due", "done_on")
_WORDS = ("code", "what", "agency", "result")
_POINTS = ("points_claimed", "points_accepted")
#: What is only known once a decision is done.
AFTER = ("done_on", *_POINTS)
# Rows above the names of the columns that a workbook may have.
_ABOVE = 20


def followup_path(area_code: str, *, data: Path | None = None) -> Path:
    """Return where an area's decisions lie, or would lie: beside its sheets."""
    return (data or find_project().data) / "assessments" / area_code / FILE


def load_followup(area_code: str, *, data: Path | None = None) -> pd.DataFrame:
    """Load what an area's meetings decided.

    Returns:
        One row a decision, in the order of the file: `code`, `award_year` (of the sheet that the meeting looked at),
        `decided_on`, `component_code` (missing for all clusters), `what`, `agency`, `due`, `question_code`,
        `action_code`, `state` (open, done, dropped), `result`, `done_on`, `spent_rupiah`, `points_claimed` and
        `points_accepted` (points that the question has afterwards, not what was added). Days as `2026-11-30`. Empty
        where nothing was decided yet.

    Raises:
        DataError: with every problem at once.

    >>> import kla_analysis as kla
    >>> list(kla.load_followup("63.10").columns[:4])
    ['code', 'award_year', 'decided_on', 'component_code']
    """
    data = data or find_project().data
    path = followup_path(area_code, data=data)
    if not path.exists():
        return _empty(data)
    return _checked(path, area_code, data, find_project().shown(path)).reset_index(drop=True)


def save_followup(area_code: str, table: pd.DataFrame, *, data: Path | None = None) -> Path:
    """Write an area's decisions, once they are known to be right; whole or not at all.

    Args:
        table: as `load_followup` returns it, perhaps changed in a notebook.

    Raises:
        DataError: with every problem at once; nothing is written then.
        OutputError: the folder can not be written.

    >>> import kla_analysis as kla
    >>> decisions = kla.load_followup("63.10")
    >>> kla.save_followup("63.10", decisions.assign(state="done"))  # doctest: +SKIP
    """
    data = data or find_project().data
    path = followup_path(area_code, data=data)
    table = table.reindex(columns=_empty(data).columns)
    if len(table):
        _read_again(table_bytes(table), area_code, data, FILE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, path)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(path), why=why_not(error)),
            advice=t("Tutup berkas itu di program lain, atau periksa izin foldernya."),
        ) from error
    return path


def add_decision(area_code: str, *, data: Path | None = None, **values: Any) -> str:
    """Write down one more decision; return its code.

    Args:
        values: by column; `state` is open unless it is named.

    Raises:
        DataError: something about it is wrong; all problems at once, nothing is written.
    """
    table = load_followup(area_code, data=data)
    code = values.get("code") or next_code(table)
    row = pd.DataFrame([{"state": OPEN, **values, "code": code}])
    save_followup(area_code, _put_together(table, row), data=data)
    return code


def change_decision(area_code: str, code: str, *, data: Path | None = None, **values: Any) -> None:
    """Change one decision; one that is opened again or dropped loses what is only known of one that is done (`AFTER`).

    Args:
        values: the new values by column.

    Raises:
        ParameterError: there is no such decision.
        DataError: something about it is wrong then; all problems at once, nothing is written.
    """
    table = load_followup(area_code, data=data).astype(object)
    rows = table.index[table["code"] == code]
    if not len(rows):
        raise ParameterError(
            t("Keputusan “{code}” tidak ada.", code=code), advice=did_you_mean(code, table["code"].tolist())
        )
    if values.get("state") in (OPEN, DROPPED):
        values = {**dict.fromkeys(AFTER), **values}
    for column, value in values.items():
        table.at[rows[0], column] = value
    save_followup(area_code, table, data=data)


def became(table: pd.DataFrame, *, today: datetime.date | None = None) -> pd.DataFrame:
    """Return decisions with what became of each on a day, the most urgent first.

    Returns:
        The same columns and `status`: overdue, open, done, dropped.
    """
    day = (today or datetime.date.today()).isoformat()
    late = (table["state"] == OPEN) & (table["due"].fillna("9") < day)
    status = table["state"].mask(late, OVERDUE)
    order = {name: at for at, name in enumerate((OVERDUE, *STATES))}
    found = table.assign(status=status, order=status.map(order), last=table["due"].fillna("9"))
    return found.sort_values(["order", "last"], kind="stable").drop(columns=["order", "last"]).reset_index(drop=True)


def next_code(table: pd.DataFrame) -> str:
    """Return the code of the next decision: T01, T02, …

    >>> next_code(pd.DataFrame({"code": ["T01", "T07", "rapat"]}))
    'T08'
    """
    numbers = [int(code[1:]) for code in table["code"] if code[:1] == "T" and code[1:].isascii() and code[1:].isdigit()]
    return f"T{max(numbers, default=0) + 1:02d}"


def offices(area_code: str, rules: Instrument, *, data: Path | None = None) -> list[str]:
    """Return who can be given a decision: the agencies of an instrument and the area's partners. Never a person."""
    partners = load_partners(area_code, rules.id, data=data)["partner"]
    return list(dict.fromkeys([*rules.agencies.index, *partners]))


@dataclass(frozen=True, eq=False)
class Merged:
    """What a workbook brings to the decisions that are there.

    Attributes:
        table: the decisions afterwards.
        added, changed: codes.
        kept: codes that the workbook does not have; they stay.
    """

    table: pd.DataFrame
    added: tuple[str, ...]
    changed: tuple[str, ...]
    kept: tuple[str, ...]


def read_followup(area_code: str, path: Path, *, theirs: bool = False, data: Path | None = None) -> Merged:
    """Read decisions back from a workbook or a CSV file, and lay them over those that are there.

    A decision that both sides have changed since the workbook was written is a conflict: nothing is decided silently.

    Args:
        theirs: in a conflict the workbook's word counts.

    Raises:
        DataError: with every problem at once, conflicts with both values; nothing is written in any case.
    """
    data = data or find_project().data
    content = guard.look_at(guard.read_file(path), path.name)
    with Reader() as reader:
        book = reader.read(path.name, content)
    names = list(_empty(data).columns)
    here, rows = load_followup(area_code, data=data), _rows_of(book, names, path.name, area_code)
    _number(rows, here)
    new = _read_again(_as_csv(rows, names), area_code, data, path.name)
    _require_no_conflict(new, here, {own["code"]: own.get(WAS, "") for own in rows.values()}, path.name, theirs)
    fresh = {row["code"]: row for row in new.to_dict("records")}
    mine = {row["code"]: row for row in here.to_dict("records")}
    both = [code for code in mine if code in fresh]
    table = pd.DataFrame(
        [*(fresh.get(code, row) for code, row in mine.items()), *(fresh[c] for c in fresh if c not in mine)]
    )
    return Merged(
        table.reindex(columns=names).astype(here.dtypes.to_dict()),
        added=tuple(code for code in fresh if code not in mine),
        changed=tuple(code for code in both if fingerprint(fresh[code]) != fingerprint(mine[code])),
        kept=tuple(code for code in mine if code not in fresh),
    )


def _rows_of(book: Book, names: list[str], shown: str, area_code: str) -> dict[int, dict[str, str]]:
    """Return the filled rows of the table of decisions, by their number, as texts by column."""
    grid, head, places = _table_in(book.grids, [*names, WAS], shown)
    above = " ".join(cell.text for row, cells in grid.rows.items() if row < head for cell in cells.values())
    whose = re.search(r"\((\d\d\.\d\d)\)", above)
    if whose is not None and whose[1] != area_code:
        raise DataError(
            t("{file}: buku kerja ini untuk daerah {other}, bukan {area}.", file=shown, other=whose[1], area=area_code),
            advice=t("Sebutkan daerahnya sendiri, atau pakai buku kerja daerah ini."),
        )
    rows = {row: _texts(cells, places) for row, cells in grid.rows.items() if row > head}
    rows = {row: own for row, own in rows.items() if set(own) - {WAS, "award_year", "state"}}
    if not rows:
        raise DataError(t("{file}: tidak ada keputusan.", file=shown), advice=t("Isi tabelnya, lalu ulangi."))
    _require_text_codes(grid, rows, places, shown)
    return rows


def _number(rows: dict[int, dict[str, str]], here: pd.DataFrame) -> None:
    """Give new decisions a code that nobody has, and the state that decisions begin with."""
    known = [*here["code"], *(own["code"] for own in rows.values() if "code" in own)]
    for own in rows.values():
        own.setdefault("state", OPEN)
        if "code" not in own:
            known.append(own.setdefault("code", next_code(pd.DataFrame({"code": known}))))


def state_name(state: str) -> str:
    """Name what became of a decision in the language in force."""
    return {OPEN: t("terbuka"), DONE: t("selesai"), DROPPED: t("dibatalkan"), OVERDUE: t("lewat tenggat")}[state]


def _names_of(state: str) -> list[str]:
    names = []
    for lang in LANGUAGES:
        with language(lang):
            names.append(state_name(state))
    return names


def read_value(column: str, text: str) -> str:
    """Return what somebody typed into a column as the file writes it; what is no number stays for the reader to refuse.

    >>> read_value("spent_rupiah", "Rp75 juta"), read_value("points_claimed", "4,5"), read_value("what", "4,5")
    ('75000000', '4.5', '4,5')
    """
    if column == "state":
        # A workbook written in one language is read whatever the language in force.
        return next((state for state in STATES if text.casefold() in (state, *_names_of(state))), text)
    if column in _POINTS:
        return text.replace(",", ".")
    if column == "spent_rupiah":
        try:
            return str(read_money(text))
        except ValueError:
            return text
    return text


def fingerprint(row: Any) -> str:
    """Return what tells one state of a decision from another."""
    said = [
        "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in row.items()
        if name not in (WAS, "status")
    ]
    return hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:12]


def _empty(data: Path) -> pd.DataFrame:
    kinds = {"integer": "Int64", "number": "float64"}
    fields = schema_of("followup", data).fields
    return pd.DataFrame({one["name"]: pd.Series(dtype=kinds.get(one["type"], "object")) for one in fields})


def _put_together(table: pd.DataFrame, row: pd.DataFrame) -> pd.DataFrame:
    row = row.reindex(columns=table.columns)
    return pd.concat([table.astype(object), row.astype(object)], ignore_index=True)


def _read_again(text: bytes, area_code: str, data: Path, shown: str) -> pd.DataFrame:
    """Check what is to be written as if it lay there already."""
    with tempfile.TemporaryDirectory(prefix="kla-") as folder:
        path = Path(folder) / FILE
        path.write_bytes(text)
        return _checked(path, area_code, data, shown)


def _checked(path: Path, area_code: str, data: Path, shown: str) -> pd.DataFrame:
    """Read decisions strictly; days come out as `2026-11-30` and offices by their code, however they were written."""

    @cache
    def rules_of_round(year: int) -> tuple[Instrument, list[str]]:
        rules = sheet_and_rules(area_code, year, data=data)[1]
        return rules, offices(area_code, rules, data=data)

    def also(frame: pd.DataFrame) -> list[Problem]:
        look = _Look(frame, shown, area_code)
        look.days()
        look.states()
        look.words()
        look.rules(rules_of_round)
        return look.found

    table = read_table(path, schema_of("followup", data), shown=shown, also=also)
    for name in _DATES:
        table[name] = table[name].map(lambda text: _day(text) if isinstance(text, str) else None).astype(object)
    pairs = zip(table["agency"], table["award_year"], strict=True)
    table["agency"] = [rules_of_round(int(year))[0].agency_code(agency) for agency, year in pairs]
    return table


def _day(text: str) -> str | None:
    return read_date(Cell(TEXT, text))


class _Look:
    """What is wrong with decisions beyond the form of single cells."""

    def __init__(self, frame: pd.DataFrame, shown: str, area_code: str) -> None:
        self.frame, self.shown, self.area_code = frame, shown, area_code
        self.found: list[Problem] = []

    def say(self, row: Any, column: str, what: str, advice: str) -> None:
        value = self.frame.at[row, column]
        self.found.append(Problem(what, advice, self.shown, int(row), column, None if pd.isna(value) else str(value)))

    def days(self) -> None:
        """Find days that are none, or stand before the decision."""
        for row, record in self.frame.iterrows():
            read = {name: _day(record[name]) if isinstance(record[name], str) else None for name in _DATES}
            for name in _DATES:
                if isinstance(record[name], str) and read[name] is None:
                    self.say(row, name, t("bukan tanggal"), t("Tulis misalnya 2026-11-30 atau 30/11/2026."))
            for name in ("due", "done_on"):
                if (read[name] or "9") < (read["decided_on"] or ""):
                    self.say(row, name, t("sebelum keputusannya diambil"), t("Periksa kedua tanggalnya."))

    def states(self) -> None:
        """Find states that lack what makes them credible, and results of what is not done."""
        for row, record in self.frame.iterrows():
            state = record["state"]
            if state == DONE and pd.isna(record["done_on"]):
                self.say(row, "done_on", t("selesai tanpa tanggal"), t("Isi tanggal selesainya."))
            if state == DROPPED and pd.isna(record["result"]):
                self.say(row, "result", t("dibatalkan tanpa alasan"), t("Tulis alasannya dalam satu kalimat."))
            if state in (OPEN, DROPPED):
                for name in AFTER:
                    if pd.notna(record[name]):
                        self.say(
                            row, name, t("keputusan ini belum selesai"), t("Kosongkan, atau ubah state menjadi done.")
                        )

    def words(self) -> None:
        """Find personal data, which has no place here."""
        for name in _WORDS:
            given = self.frame[name].dropna()
            for row in given.index[given.map(lambda text: masked(text) != text)]:
                advice = t("Tulis kantor dan kegiatannya saja, tanpa nomor orang.")
                self.found.append(Problem(t("data pribadi"), advice, self.shown, int(row), name, "••••••"))

    def rules(self, rules_of_round: Callable[[int], tuple[Instrument, list[str]]]) -> None:
        """Find clusters, questions and offices that the round does not know, and points above a maximum."""
        for row, record in self.frame.iterrows():
            if pd.isna(record["award_year"]):
                continue
            try:
                rules, known = rules_of_round(int(record["award_year"]))
            except KlaError as error:
                self.say(row, "award_year", error.what, error.advice)
                continue
            self._codes(row, record, rules)
            agency = record["agency"]
            if isinstance(agency, str) and rules.agency_code(agency) not in known:
                advice = t(
                    "Tulis kantor, bukan nama orang; kantor lain ditambahkan di data/partners/{area}.csv. {near}",
                    area=self.area_code,
                    near=did_you_mean(agency, known),
                )
                self.say(row, "agency", t("kantor ini tidak dikenal"), advice)
            self._points(row, record, rules)

    def _codes(self, row: Any, record: pd.Series, rules: Instrument) -> None:
        for name, codes in (("component_code", rules.components.index), ("question_code", rules.questions.index)):
            code = record[name]
            if isinstance(code, str) and code not in codes:
                self.say(row, name, t("kode ini tidak ada di instrumen {id}", id=rules.id), did_you_mean(code, codes))

    def _points(self, row: Any, record: pd.Series, rules: Instrument) -> None:
        for name in _POINTS:
            if pd.isna(record[name]):
                continue
            if pd.isna(record["question_code"]):
                self.say(
                    row, name, t("poin tanpa pertanyaan"), t("Isi question_code: poin adalah nilai satu pertanyaan.")
                )
            elif record["question_code"] in rules.questions.index:
                most = float(rules.questions.at[record["question_code"], "max_points"])
                if record[name] > most:
                    what = t(
                        "melebihi maksimum {code}, yaitu {maximum}", code=record["question_code"], maximum=number(most)
                    )
                    self.say(row, name, what, t("Isi paling banyak {maximum}.", maximum=number(most)))


def _table_in(grids: tuple[Grid, ...], names: list[str], shown: str) -> tuple[Grid, int, dict[int, str]]:
    """Return the sheet that holds the decisions, the row of the names of its columns, and which column is which."""
    for grid in grids:
        for row, cells in list(grid.rows.items())[:_ABOVE]:
            places = {at: clean(cell.text) for at, cell in cells.items() if clean(cell.text) in names}
            if {"what", "agency", "state"} <= set(places.values()):
                return grid, row, places
    raise DataError(
        t("{file}: tabel keputusan tidak ditemukan.", file=shown),
        advice=t("Pakai buku kerja dari kla followup export; baris nama kolomnya (code, what, …) jangan dihapus."),
    )


def _texts(cells: dict[int, Cell], places: dict[int, str]) -> dict[str, str]:
    """Return the cells of a row as the file of decisions writes them."""
    found = {}
    for at, name in places.items():
        cell = cells.get(at)
        if cell is None or not clean(cell.text):
            continue
        text = clean(cell.text)
        if cell.kind == TEXT:
            text = read_value(name, text)
        elif name in ("award_year", "spent_rupiah"):
            text = text.removesuffix(".0")
        found[name] = text
    return found


def _require_text_codes(grid: Grid, rows: Iterable[int], places: dict[int, str], shown: str) -> None:
    """Refuse codes that a spreadsheet has made numbers of: 7.10 and 7.1 look the same then."""
    columns = [at for at, name in places.items() if name == "question_code"]
    advice = t("Format selnya sebagai teks, lalu ketik ulang kodenya.")
    found = [
        Problem(t("kode ini menjadi angka"), advice, shown, row, "question_code", cell.text)
        for row in rows
        for at in columns
        if (cell := grid.rows[row].get(at)) is not None and cell.kind != TEXT
    ]
    if found:
        refuse(shown, found)


def _as_csv(rows: dict[int, dict[str, str]], names: list[str]) -> bytes:
    """Write rows so that each stands on the line that it has in its workbook."""
    buffer, last = io.StringIO(), max(rows)
    write: Callable[[list[str]], Any] = csv.writer(buffer, lineterminator="\n").writerow
    write(names)
    for row in range(2, last + 1):
        own = rows.get(row)
        write([as_text(own.get(name, "")) for name in names]) if own else buffer.write("\n")
    return buffer.getvalue().encode()


def _require_no_conflict(new: pd.DataFrame, here: pd.DataFrame, was: dict[str, str], shown: str, theirs: bool) -> None:
    """Refuse decisions that were changed here and in the workbook, unless the workbook's word counts."""
    own = {row["code"]: row for row in here.to_dict("records")}
    found = []
    for row, record in zip(new.index, new.to_dict("records"), strict=True):
        mine = own.get(record["code"])
        if mine is None or theirs or fingerprint(record) == fingerprint(mine):
            continue
        if was.get(record["code"], "") != fingerprint(mine):
            for name in new.columns:
                if fingerprint({name: record[name]}) != fingerprint({name: mine[name]}):
                    one, other = (t("kosong") if pd.isna(value) else str(value) for value in (mine[name], record[name]))
                    problem = Problem(
                        t("diubah di dua tempat: di sini “{one}”, di buku kerja “{other}”", one=one, other=other),
                        t("Samakan, atau pakai {theirs} agar isi buku kerja yang berlaku.", theirs=called("theirs")),
                        shown,
                        int(row),
                        name,
                    )
                    found.append(replace(problem, value=record["code"]))
    if found:
        refuse(shown, found)
