"""Collecting worksheets: what comes back is read row by row, kept, and merged into one assessment, in whatever order it came.

A delivery is kept beside the assessment, under the hash of its file; the assessment is made anew from all of them. So
nothing is lost when a file is bad or the program is stopped, and collecting again changes nothing.

- Of one unit, the latest delivery that fills a cell counts; an empty cell takes nothing back. What was corrected is listed.
- Two units with different scores: the coordinator's word decides, then, where that is asked for, the lead's; else the
  question stays open. Of different states of the evidence the weakest holds. All of it is listed with every value.
- Links, regulations and notes add up. Owners and due dates are the coordinator's to say.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from kla_analysis.errors import DataError, KlaError, OutputError, called
from kla_analysis.evidence.assessment import ORIGIN
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid, cell_name, clean
from kla_analysis.evidence.intake.header import Header, find_header
from kla_analysis.evidence.intake.names import Names, names_of
from kla_analysis.evidence.intake.numbers import DecimalMark, decimal_mark, read_date, read_number
from kla_analysis.evidence.intake.privacy import find_personal_data
from kla_analysis.evidence.intake.proofs import read_proof, together
from kla_analysis.evidence.intake.titles import labelled
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import COLUMNS, STATES
from kla_analysis.evidence.worksheets import (
    AGENCY,
    COORDINATOR,
    SUBDISTRICT,
    Identity,
    Round,
    Unit,
    leads_of,
    owners_of,
)
from kla_analysis.files import read_plain
from kla_analysis.language import number, t
from kla_analysis.project import find_project
from kla_analysis.reading import write_table, write_whole

#: What stands beside the assessment: a folder with one file a delivery.
DELIVERIES = ".deliveries"
#: The name of the custom property of a worksheet's document; the same text stands in a cell.
PROPERTY = "kla-worksheet"
#: The moment that worksheets are made at, as their files say; one that was filled in has another.
MADE = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
#: What a unit says of a question; the texts of several units add up, and the coordinator alone says who owns it by when.
SCORE, STATE, ADDED, DECREED = (
    "score",
    "evidence_state",
    ("evidence_link", "legal_basis", "note"),
    ("lead", "contributing", "due"),
)
FIELDS = (SCORE, STATE, *ADDED, *DECREED)
#: By which word two agencies with different scores are settled: nobody's, or the lead's.
RULES = ("none", "lead")
#: The longest text that one cell may hold.
_LONGEST = 2000
_TOLERANCE = 0.005
Value = str | float


@dataclass(frozen=True)
class Refused:
    """A row or a whole file that was not taken: where, what stood there, why, and what to do."""

    file: str
    unit: str
    cell: str
    code: str
    value: str
    reason: str
    advice: str


@dataclass(frozen=True)
class Delivery:
    """One worksheet that came back.

    Attributes:
        identity: what it says of itself.
        sent: the day on which it was filled in, as it says itself, else on which its file was saved; "" where neither is known.
        moment: when its file was saved, as the file says, to order deliveries of one day; "" where it does not.
        due: the day until which it was to be back, as it says itself.
        answers: by question what it says, by field (`FIELDS`); nothing for an empty cell.
        refused: its rows that were not taken.
    """

    identity: str
    file: str
    sha256: str
    sent: str
    moment: str
    due: str
    answers: dict[str, dict[str, Value]]
    refused: tuple[Refused, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        """By what deliveries follow one another; the order in which they are collected plays no part."""
        return (self.sent, self.moment)

    @property
    def is_blank(self) -> bool:
        """Whether nobody has filled it in: it was never saved since it was made, or says nothing."""
        return self.moment.startswith(MADE.isoformat()[:19]) or not (self.answers or self.refused)

    @property
    def about(self) -> Identity:
        """Return its identity in parts."""
        found = Identity.read(self.identity)
        assert found is not None, "a delivery is only kept with its identity"
        return found

    def to_bytes(self) -> bytes:
        """Return it as it is kept; equal deliveries give equal bytes."""
        return (json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes, shown: str) -> Delivery:
        """Read what `to_bytes` wrote.

        Raises:
            DataError: somebody has changed or cut it.
        """
        try:
            told = json.loads(content)
            return cls(**{**told, "refused": tuple(Refused(**one) for one in told["refused"])})
        except (ValueError, TypeError, KeyError):
            raise DataError(
                t("{file}: penyerahan yang disimpan ini rusak.", file=shown),
                advice=t("Hapus berkas itu, lalu kumpulkan lagi lembar kerja aslinya."),
            ) from None


@dataclass(frozen=True)
class Difference:
    """Two or more values for one field of one question.

    Attributes:
        values: by who says it, in their order; a correction has the earlier value first.
        decided: the value that holds, None while it is open.
        by: whose word decided: `coordinator`, `lead`, `weakest`, `later`; "" while it is open.
    """

    code: str
    field: str
    values: tuple[tuple[str, Value], ...]
    decided: Value | None
    by: str


@dataclass(frozen=True)
class Standing:
    """What one unit has delivered: how many files, the last day, and how far its questions are answered."""

    unit: Unit
    questions: int
    files: int
    sent: str
    due: str
    answered: int
    with_evidence: int
    refused: int

    @property
    def late(self) -> bool:
        """Whether the last delivery came after the due date; not known without a day."""
        return bool(self.due and self.sent and self.sent > self.due)


@dataclass(frozen=True, eq=False)
class Collected:
    """A round as far as it has come in.

    Attributes:
        frame: the tidy assessment; empty while nothing has come in.
        differences: conflicts, corrections and what was decided.
        refused: files and rows that were not taken.
        files: how many files were looked at now, how many of them were new, and how many nobody has filled in yet.
    """

    round: Round
    frame: pd.DataFrame
    standings: tuple[Standing, ...]
    differences: tuple[Difference, ...]
    refused: tuple[Refused, ...]
    files: tuple[int, int, int]
    path: Path | None = None

    @property
    def total(self) -> float:
        """The plain sum of what is answered, in points."""
        return round(math.fsum(self.frame["score"].dropna()), 6) if len(self.frame) else 0.0

    @property
    def open(self) -> tuple[Difference, ...]:
        """Differences that nobody has decided."""
        return tuple(one for one in self.differences if not one.by)


# --- one file -----------------------------------------------------------------------------------------------------


def read_delivery(path: Path, own: Round, reader: Reader) -> Delivery:
    """Read a worksheet that came back; rows that can not be taken are listed in it.

    Raises:
        DataError: it is no worksheet of this round, can not be read, or holds personal data.
    """
    raw = guard.read_file(path)
    book = reader.read(path.name, guard.look_at(raw, path.name))
    if next(find_personal_data(book.grids), None) is not None:
        places = [f"{one.sheet} {one.cell} ({one.what})" for one in list(find_personal_data(book.grids))[:5]]
        raise DataError(
            t("data pribadi di {places}", places=", ".join(places)),
            advice=t("Hapus data pribadi dari lembar, simpan, lalu kumpulkan lagi."),
        )
    names = names_of(own.rules)
    grid, identity = _identity(book, own, names)
    header = find_header(grid, names)
    if header is None or "code" not in header.columns or not header.scores:
        raise DataError(
            t("tabel isian tidak ditemukan"), advice=t("Jangan menghapus kepala tabel; isi lagi dari lembar aslinya.")
        )
    reading = _Rows(path.name, grid, header, own, identity)
    answers, refused = reading.read()
    said = labelled(grid, header, "filled_on")
    moment = book.properties.get("modified", "")
    return Delivery(
        identity=str(identity),
        file=masked(path.name),
        sha256=hashlib.sha256(raw).hexdigest(),
        sent=(read_date(said) or "" if said is not None else "") or moment[:10],
        moment=moment,
        due=_due(grid, header),
        answers=answers,
        refused=tuple(refused),
    )


def _due(grid: Grid, header: Header) -> str:
    cell = labelled(grid, header, "due")
    return (read_date(cell) or "") if cell is not None else ""


def _identity(book: Book, own: Round, names: Names) -> tuple[Grid, Identity]:
    """Return the sheet to read and what it says of itself: in a cell, else in the properties of its document."""
    found = [
        (grid, identity)
        for grid in book.grids
        for cells in list(grid.rows.values())[:40]
        for cell in cells.values()
        if cell.kind == TEXT and (identity := Identity.read(clean(cell.text)))
    ]
    kept = Identity.read(book.properties.get(PROPERTY, ""))
    if not found and kept is not None:
        grid = next((one for one in book.grids if find_header(one, names)), None)
        found = [(grid, kept)] if grid is not None else []
    if not found:
        raise DataError(
            t("bukan lembar kerja putaran: identitasnya tidak ada"),
            advice=t(
                "Kirim lembar dari kla worksheets yang sudah diisi; lembar evaluasi lain dibaca dengan kla import."
            ),
        )
    grid, identity = found[0]
    said = {one for _, one in found} | ({kept} if kept else set())
    if len(said) > 1:
        raise DataError(
            t("berisi lembar kerja dari {count} lembaga", count=len(said)),
            advice=t("Satu berkas satu lembar kerja; isi lagi di berkas aslinya."),
        )
    _require_own(identity, own)
    return grid, identity


def _require_own(identity: Identity, own: Round) -> None:
    """Refuse a worksheet of another district, round or instrument."""
    for there, here, what in (
        (identity.area, own.area.code, t("daerah")),
        (identity.year, own.year, t("tahun")),
        (identity.stage, own.stage, t("tahap")),
        (identity.instrument, own.rules.id, t("instrumen")),
    ):
        if there != here:
            raise DataError(
                t("lembar ini untuk {what} {there}, bukan {here}", what=what, there=there, here=here),
                advice=t("Simpan di folder putarannya sendiri."),
            )
    if own.identity_of(Unit(identity.kind, identity.unit, "")).digest != identity.digest:
        raise DataError(
            t("lembar ini dibuat dari instrumen dengan nilai maksimal lain, atau identitasnya berubah"),
            advice=t("Buat lembar baru dengan kla worksheets, lalu salin isinya."),
        )


class _Rows:
    """Reads the rows of one worksheet."""

    def __init__(self, file: str, grid: Grid, header: Header, own: Round, identity: Identity) -> None:
        self.file, self.grid, self.header, self.own, self.identity = masked(file), grid, header, own, identity
        self.score = next((one.at for one in header.scores if not one.year and not one.stage), header.scores[0].at)
        self.mark: DecimalMark = decimal_mark(
            cells[self.score] for row, cells in grid.rows.items() if row > header.last and self.score in cells
        )
        self.refused: list[Refused] = []

    def read(self) -> tuple[dict[str, dict[str, Value]], list[Refused]]:
        """Return what every question says, and what was refused; of a question that stands twice nothing is taken."""
        answers: dict[str, dict[str, Value]] = {}
        rows: dict[str, int] = {}
        for row, cells in self.grid.rows.items():
            cell = cells.get(self.header.columns["code"])
            if row <= self.header.last or cell is None:
                continue
            code = clean(cell.text)
            if code not in self.own.rules.questions.index:
                if self._is_filled(cells):
                    self._refuse(
                        row,
                        "code",
                        code,
                        code,
                        t("kode ini tidak ada di lembar kerja"),
                        t("Jangan menambah baris; isi baris yang ada."),
                    )
            elif code in rows:
                self._refuse(
                    row,
                    "code",
                    code,
                    code,
                    t("sudah ada di baris {first}", first=rows[code]),
                    t("Hapus salah satu; satu pertanyaan satu baris."),
                )
                answers.pop(code, None)
            else:
                rows[code] = row
                if said := self._row(row, code, cells):
                    answers[code] = said
        return answers, self.refused

    def _is_filled(self, cells: Mapping[int, Cell]) -> bool:
        return bool(clean(cells[self.score].text)) if self.score in cells else False

    def _refuse(self, row: int, role: str | int, code: str, value: object, reason: str, advice: str) -> None:
        at = role if isinstance(role, int) else self.header.columns[role]
        shown = masked(clean(str(value)))[:120]
        self.refused.append(
            Refused(self.file, self.identity.unit, cell_name(row, at), code[:40], shown, reason, advice)
        )

    def _row(self, row: int, code: str, cells: Mapping[int, Cell]) -> dict[str, Value]:
        """Return what one row says; nothing where its maximum was changed."""
        most = float(self.own.rules.questions.loc[code, "max_points"])
        printed = cells.get(self.header.columns.get("max", 0))
        if printed is not None:
            found = read_number(printed, self.mark.mark).value
            if found is None or abs(found - most) > _TOLERANCE:
                reason = t("nilai maksimal {code} diubah; semestinya {most}", code=code, most=number(most))
                self._refuse(
                    row, "max", code, printed.text, reason, t("Kembalikan nilai maksimalnya; baris ini tidak diambil.")
                )
                return {}
        said: dict[str, Value] = {}
        score = self._score(row, code, cells.get(self.score), most)
        if score is not None:
            said[SCORE] = score
        return said | self._proof(row, code, cells)

    def _score(self, row: int, code: str, cell: Cell | None, most: float) -> float | None:
        if cell is None:
            return None
        reading = read_number(cell, self.mark.mark if cell.kind == TEXT else "")
        value, reason, advice = reading.value, reading.refused, reading.advice
        if value is not None and reading.is_share:
            reason, advice = t("persen, bukan poin"), t("Isi poinnya, paling banyak {most}.", most=number(most))
        elif value is not None and not 0 <= value <= most + 1e-9:
            reason = t("di luar 0 sampai {most}", most=number(most))
            advice = t("Isi paling banyak {maximum}.", maximum=number(most))
        if reason:
            self._refuse(row, self.score, code, cell.text, reason, advice)
            return None
        return value

    def _proof(self, row: int, code: str, cells: Mapping[int, Cell]) -> dict[str, Value]:
        """Return what a row says of the evidence and its note; owners and due dates only where the coordinator says them."""
        own = {
            role: cells[at]
            for role, at in self.header.columns.items()
            if at in cells and (role in FIELDS or role == "evidence")
        }
        if self.identity.kind != COORDINATOR:
            own = {role: cell for role, cell in own.items() if role not in DECREED}
        for role, cell in list(own.items()):
            if len(cell.text) > _LONGEST:
                self._refuse(
                    row, role, code, cell.text, t("lebih dari {most} huruf", most=_LONGEST), t("Singkatkan isinya.")
                )
                del own[role]
        said = list(read_proof(own, self.own.rules))
        for one in said:
            if one.refused:
                self._refuse(row, one.role, code, own[one.role].text, one.refused, one.advice)
        note = {"note": clean(own["note"].text)} if "note" in own and clean(own["note"].text) else {}
        return {**together(said), **note}


# --- all of them --------------------------------------------------------------------------------------------------


def merge(own: Round, deliveries: Iterable[Delivery], rule: str = "none") -> Collected:
    """Merge deliveries into one assessment; their order plays no part.

    Args:
        rule: `lead` where the lead's word decides between agencies, `none` where nobody's does.
    """
    ordered = sorted(deliveries, key=lambda one: (one.order, one.sha256))
    by_unit: dict[Unit, list[Delivery]] = {}
    for one in ordered:
        by_unit.setdefault(own.unit_of(one.about), []).append(one)
    differences: list[Difference] = []
    words = {unit: _word_of(unit, some, differences) for unit, some in sorted(by_unit.items(), key=_unit_order)}
    decreed = {code: said for unit, word in words.items() if unit.kind == COORDINATOR for code, said in word.items()}
    proof = own.known_before.reindex(own.rules.questions.index).astype(object)
    for code, said in decreed.items():
        for name in (one for one in DECREED if one in said):
            proof.loc[code, name] = said[name]
    if due := own.due or max((one.due for one in ordered), default=""):
        proof["due"] = proof["due"].where(proof["due"].notna(), due)
    refused = [row for some in by_unit.values() for row in _still_refused(some)]
    refused += _take_foreign_away(own, words, owners_of(own.rules, proof), by_unit)
    merger = _Merger(own, words, leads_of(own.rules, proof), rule, differences)
    named = any(unit.kind == SUBDISTRICT and unit.code for unit in by_unit)
    units = [
        unit
        for unit in dict.fromkeys((*own.units, *by_unit))
        if unit.kind != SUBDISTRICT or unit.code or not named or unit in by_unit
    ]
    rows = [merger.row(code, known) for code, known in proof.to_dict("index").items()]
    frame = pd.DataFrame(
        [row for row in rows if row],
        columns=["area_code", "award_year", "stage", "question_code", SCORE, "note", *COLUMNS],
    )
    return Collected(
        own,
        _tidy(frame) if words else frame.iloc[:0],
        tuple(_standing(own, unit, by_unit.get(unit, []), words.get(unit, {})) for unit in units),
        tuple(differences),
        tuple(dict.fromkeys(refused)),
        (len(ordered), 0, 0),
    )


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without columns of evidence of which nobody says anything."""
    silent = [name for name in COLUMNS if frame[name].isna().all()]
    return frame.drop(columns=silent).astype({SCORE: float})


def _unit_order(item: tuple[Unit, object]) -> tuple[str, str]:
    return item[0].kind, item[0].code


def _word_of(unit: Unit, deliveries: list[Delivery], differences: list[Difference]) -> dict[str, dict[str, Value]]:
    """Return what a unit says by question and field: the latest that is not empty; write down what it said otherwise.

    Two deliveries of one moment that contradict each other leave the field open.
    """
    said: dict[tuple[str, str], list[tuple[Delivery, Value]]] = {}
    for one in deliveries:
        for code, fields in one.answers.items():
            for name, value in fields.items():
                said.setdefault((code, name), []).append((one, value))
    word: dict[str, dict[str, Value]] = {}
    for (code, name), spoken in said.items():
        latest = spoken[-1][0].order
        last = {value for one, value in spoken if one.order == latest}
        decided = spoken[-1][1] if len(last) == 1 else None
        if decided is not None:
            word.setdefault(code, {})[name] = decided
        if len({value for _, value in spoken}) > 1:
            told = tuple(dict.fromkeys((f"{unit.name}, {one.sent or one.file}", value) for one, value in spoken))
            differences.append(Difference(code, name, told, decided, "later" if decided is not None else ""))
    return word


def _still_refused(deliveries: list[Delivery]) -> list[Refused]:
    """Return the rows of a unit that were refused and that no later delivery of it has mended."""
    return [
        row
        for at, one in enumerate(deliveries)
        for row in one.refused
        if not any(row.code in later.answers for later in deliveries[at + 1 :])
    ]


def _take_foreign_away(
    own: Round, words: dict[Unit, dict[str, dict[str, Value]]], owners: pd.Series, by_unit: dict[Unit, list[Delivery]]
) -> list[Refused]:
    """Take away what a unit says of questions that are not its own, and return it as refused."""
    refused = []
    for unit, word in words.items():
        for code in [one for one in word if unit.kind != COORDINATOR]:
            if code in own.local if unit.kind == SUBDISTRICT else unit.code in owners[code]:
                continue
            said = word.pop(code)
            file = next(one.file for one in reversed(by_unit[unit]) if code in one.answers)
            reason = t("{code} bukan pertanyaan {name}", code=code, name=unit.name)
            advice = t("Bila lembaga ini ikut menjawab, sebutkan di lembar koordinator (pendukung).")
            refused.append(Refused(file, unit.code, "", code, str(said.get(SCORE, "")), reason, advice))
    return refused


class _Merger:
    """Makes one row of the assessment out of what everybody says of a question."""

    def __init__(
        self, own: Round, words: dict[Unit, dict[str, dict[str, Value]]], leads: dict[str, str], rule: str,
        differences: list[Difference],
    ) -> None:  # fmt: skip
        self.own, self.words, self.leads, self.rule, self.differences = own, words, leads, rule, differences

    def row(self, code: str, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row of a question; empty where nobody says anything of it."""
        said = {name: self._said(code, name) for name in FIELDS if name not in DECREED}
        found: dict[str, Any] = {name: known[name] for name in DECREED if isinstance(known[name], str)}
        found[SCORE] = self._decided(code, SCORE, said[SCORE])
        found[STATE] = self._decided(code, STATE, said[STATE])
        for name in ADDED:
            found[name] = _added(said[name], name) or (known[name] if name == "legal_basis" else None)
        found = {name: value for name, value in found.items() if value is not None and value == value}
        about = {"area_code": self.own.area.code, "award_year": self.own.year, "stage": self.own.stage}
        return {**about, "question_code": code, **found} if found else {}

    def _said(self, code: str, name: str) -> dict[Unit, Value]:
        return {unit: word[code][name] for unit, word in self.words.items() if name in word.get(code, {})}

    def _decided(self, code: str, name: str, said: dict[Unit, Value]) -> Value | None:
        """Return what holds of several values, and write down that they differ."""
        if len(set(said.values())) < 2:
            return next(iter(said.values()), None)
        decided, by = self._settled(code, name, said)
        told = tuple((unit.name, value) for unit, value in said.items())
        self.differences.append(Difference(code, name, told, decided, by))
        return decided

    def _settled(self, code: str, name: str, said: dict[Unit, Value]) -> tuple[Value | None, str]:
        for unit, value in said.items():
            if unit.kind == COORDINATOR:
                return value, "coordinator"
        if name == STATE:
            return min(said.values(), key=lambda state: STATES.index(str(state))), "weakest"
        lead = [value for unit, value in said.items() if unit.kind == AGENCY and unit.code == self.leads.get(code)]
        return (lead[0], "lead") if lead and self.rule == "lead" else (None, "")


def _added(said: dict[Unit, Value], name: str) -> str | None:
    """Return texts one after the other, each once; of several notes each with who wrote it."""
    several = name == "note" and len(set(said.values())) > 1
    parts = [f"{unit.code or unit.name}: {text}" for unit, text in said.items()] if several else []
    parts = parts or [part for text in said.values() for part in str(text).split("; ")]
    return "; ".join(dict.fromkeys(parts)) or None


def _standing(own: Round, unit: Unit, deliveries: list[Delivery], word: dict[str, dict[str, Value]]) -> Standing:
    proven = sum("evidence_link" in said or said.get(STATE) in ("complete", "accepted") for said in word.values())
    return Standing(
        unit=unit,
        questions=len(own.questions_of(unit)),
        files=len(deliveries),
        sent=deliveries[-1].sent if deliveries else "",
        due=own.due or (deliveries[-1].due if deliveries else ""),
        answered=sum(SCORE in said for said in word.values()),
        with_evidence=proven,
        refused=len(_still_refused(deliveries)),
    )


# --- kept beside the assessment -------------------------------------------------------------------------------------


def collect(
    files: Iterable[Path],
    own: Round,
    *,
    out: Path | None = None,
    rule: str = "none",
    replace_old: bool = False,
    data: Path | None = None,
) -> Collected:
    """Take worksheets in, keep what is new, and write the assessment anew from all that has ever come in.

    Args:
        files: what came back; a file that was taken already is known by its bytes.
        out: the assessment to write; that of the project when not given.
        rule: as for `merge`.
        replace_old: write over an assessment that was not collected.

    Raises:
        DataError: there is an assessment that was made otherwise.
        OutputError: nothing can be written there.
    """
    path = out or (data or find_project().data) / "assessments" / own.area.code / f"{own.year}-{own.stage}.csv"
    if path.exists() and not replace_old and not _is_collected(path):
        raise DataError(
            t("{file} sudah ada dan bukan hasil kumpulan lembar kerja.", file=find_project().shown(path)),
            advice=t(
                "Pakai {replace} untuk menggantinya, atau {out} untuk menulis ke tempat lain.",
                replace=called("replace"),
                out=called("out"),
            ),
        )
    try:
        kept, refused = _kept(path.with_suffix(DELIVERIES), own)
        files, before, blank = list(files), len(kept), 0
        with Reader() as reader:
            for file in files:
                try:
                    if hashlib.sha256(guard.read_file(file)).hexdigest() in kept:
                        continue
                    one = read_delivery(file, own, reader)
                except KlaError as error:
                    refused.append(Refused(masked(file.name), "", "", "", "", error.what, error.advice))
                    continue
                if one.is_blank:
                    blank += 1
                    continue
                _keep(path.with_suffix(DELIVERIES), one)
                kept[one.sha256] = one
        merged = merge(own, kept.values(), rule)
        if len(merged.frame):
            _write(merged, path, kept)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(path), why=error.strerror or error),
            advice=t("Periksa izin dan sisa ruang cakram, atau pilih tempat lain dengan {out}.", out=called("out")),
        ) from error
    return replace(
        merged,
        refused=(*refused, *merged.refused),
        files=(len(files), len(kept) - before, blank),
        path=path if len(merged.frame) else None,
    )


def _is_collected(path: Path) -> bool:
    """Whether an assessment was made by `collect`."""
    try:
        about = yaml.safe_load(path.with_suffix(ORIGIN).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return False
    return isinstance(about, dict) and "deliveries" in about


def _kept(folder: Path, own: Round) -> tuple[dict[str, Delivery], list[Refused]]:
    """Return the deliveries that were kept, by hash, and those among them that no longer hold."""
    kept: dict[str, Delivery] = {}
    refused = []
    for path in sorted(folder.glob("*.json")):
        try:
            one = Delivery.from_bytes(read_plain(path), path.name)
            _require_own(one.about, own)
            kept[one.sha256] = one
        except DataError as error:
            refused.append(Refused(path.name, "", "", "", "", error.what, error.advice))
    return kept, refused


def _keep(folder: Path, one: Delivery) -> None:
    """Keep a delivery, whole or not at all, under the hash of its file."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{one.sha256[:32]}.json", one.to_bytes())


def _write(merged: Collected, path: Path, kept: Mapping[str, Delivery]) -> None:
    """Write the origin first and the sheet last, so that what is there is whole."""
    hashes = sorted(kept)
    together_ = hashlib.sha256("".join(hashes).encode()).hexdigest()
    title = t("Kumpulan lembar kerja {area} {year}", area=merged.round.area.name, year=merged.round.year)
    told = {
        "title": {"id": title},
        "standing": "unverified",
        "note": {"id": t("Digabung dari {count} penyerahan lembar kerja.", count=len(hashes))},
        "producer": merged.round.area.name,
        "instrument": merged.round.rules.id,
        "source_sha256": together_,
        "deliveries": hashes,
        "kind": "real",
        "personal_data": "none",
    }
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=110)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path.with_suffix(ORIGIN), text.encode())
    write_table(merged.frame, path)
