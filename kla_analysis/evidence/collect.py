"""Collecting worksheets: what comes back is read row by row, kept, and merged into one assessment, in whatever order it came.

A delivery is kept beside the assessment, under the hash of its file; the assessment is made anew from all of them. So
nothing is lost when a file is bad or the program is stopped, and collecting again changes nothing.

- Of one unit, the latest delivery that fills a cell counts; an empty cell takes nothing back. What was corrected is listed.
- Two units with different scores: the coordinator's word decides, then, where that is asked for, the lead's; else the
  question stays open. Of different states of the evidence the weakest holds. All of it is listed with every value.
- Links, regulations and notes add up. Owners and due dates are the coordinator's to say.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from kla_analysis.errors import DataError, KlaError, OutputError, called
from kla_analysis.evidence.assessment import ORIGIN
from kla_analysis.evidence.deliveries import (
    ADDED,
    DECREED,
    FIELDS,
    SCORE,
    STATE,
    Delivery,
    Refused,
    Value,
    read_delivery,
    require_own,
)
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import COLUMNS, STATES
from kla_analysis.evidence.worksheets import AGENCY, COORDINATOR, SUBDISTRICT, Round, Unit, leads_of, owners_of
from kla_analysis.files import read_plain, why_not
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import write_table, write_whole

#: What stands beside the assessment: a folder with one file a delivery.
DELIVERIES = ".deliveries"
#: What every unit says, by question and field.
Word = dict[str, dict[str, Value]]


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
        rule: by which differences were decided (`merge`).
    """

    round: Round
    frame: pd.DataFrame
    standings: tuple[Standing, ...]
    differences: tuple[Difference, ...]
    refused: tuple[Refused, ...]
    files: tuple[int, int, int]
    rule: str
    path: Path | None = None

    @property
    def total(self) -> float:
        """The plain sum of what is answered, in points."""
        return round(math.fsum(self.frame["score"].dropna()), 6) if len(self.frame) else 0.0

    @property
    def open(self) -> tuple[Difference, ...]:
        """Differences that nobody has decided."""
        return tuple(one for one in self.differences if not one.by)


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
    proof = _proof_before(own, words, max((one.due for one in ordered), default=""))
    refused = [row for some in by_unit.values() for row in _still_refused(some)]
    refused += _take_foreign_away(own, words, owners_of(own.rules, proof), by_unit)
    merger = _Merger(own, words, leads_of(own.rules, proof), rule, differences)
    rows = [merger.row(code, known) for code, known in proof.to_dict("index").items()]
    frame = pd.DataFrame(
        [row for row in rows if row],
        columns=["area_code", "award_year", "stage", "question_code", SCORE, "note", *COLUMNS],
    )
    return Collected(
        own,
        _tidy(frame) if words else frame.iloc[:0],
        tuple(_standing(own, unit, by_unit.get(unit, []), words.get(unit, {})) for unit in _expected(own, by_unit)),
        tuple(differences),
        tuple(dict.fromkeys(refused)),
        (len(ordered), 0, 0),
        rule,
    )


def _proof_before(own: Round, words: Mapping[Unit, Mapping[str, Any]], due: str) -> pd.DataFrame:
    """Return what is known of each question before its office says a word: last round, the coordinator, the due day."""
    proof = own.known_before.reindex(own.rules.questions.index).astype(object)
    decreed = [word for unit, word in words.items() if unit.kind == COORDINATOR]
    for code, said in (one for word in decreed for one in word.items()):
        for name in (one for one in DECREED if one in said):
            proof.loc[code, name] = said[name]
    if due := own.due or due:
        proof["due"] = proof["due"].where(proof["due"].notna(), due)
    return proof


def _expected(own: Round, by_unit: Mapping[Unit, list[Delivery]]) -> list[Unit]:
    """Return who is to deliver or has; the nameless sub-district only as long as none is named."""
    named = any(unit.kind == SUBDISTRICT and unit.code for unit in by_unit)
    units = dict.fromkeys((*own.units, *by_unit))
    return [unit for unit in units if unit.kind != SUBDISTRICT or unit.code or not named or unit in by_unit]


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without columns of evidence of which nobody says anything."""
    silent = [name for name in COLUMNS if frame[name].isna().all()]
    return frame.drop(columns=silent).astype({SCORE: float})


def _unit_order(item: tuple[Unit, object]) -> tuple[str, str]:
    return item[0].kind, item[0].code


def _word_of(unit: Unit, deliveries: list[Delivery], differences: list[Difference]) -> Word:
    """Return what a unit says by question and field: the latest that is not empty; write down what it said otherwise.

    Two deliveries of one moment that contradict each other leave the field open.
    """
    said: dict[tuple[str, str], list[tuple[Delivery, Value]]] = {}
    for one in deliveries:
        for code, fields in one.answers.items():
            for name, value in fields.items():
                said.setdefault((code, name), []).append((one, value))
    word: Word = {}
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
    """Return the rows of a unit that were refused and that no later delivery of it has mended.

    What concerns a whole sheet, a day that nobody can read, is mended by a sheet that was saved after it.
    """
    return [
        row
        for at, one in enumerate(deliveries)
        for row in one.refused
        if not any(
            row.code in later.answers if row.code else later.moment > one.moment for later in deliveries[at + 1 :]
        )
    ]


def _take_foreign_away(
    own: Round, words: dict[Unit, Word], owners: pd.Series, by_unit: dict[Unit, list[Delivery]]
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
        self,
        own: Round,
        words: dict[Unit, Word],
        leads: dict[str, str],
        rule: str,
        differences: list[Difference],
    ) -> None:
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


def _standing(own: Round, unit: Unit, deliveries: list[Delivery], word: Word) -> Standing:
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
    rule: str = "",
    replace_old: bool = False,
    data: Path | None = None,
) -> Collected:
    """Take worksheets in, keep what is new, and write the assessment anew from all that has ever come in.

    Args:
        files: what came back; a file that was taken already is known by its bytes.
        out: the assessment to write; that of the project when not given.
        rule: as for `merge`; when empty, the one by which the assessment was collected before, at first `none`.
        replace_old: write over an assessment that was not collected.

    Raises:
        DataError: there is an assessment that was made otherwise.
        OutputError: nothing can be written there.
    """
    path = out or _own_sheet(own, data)
    if path.exists() and not replace_old and not _is_collected(path):
        raise DataError(
            t("{file} sudah ada dan bukan hasil kumpulan lembar kerja.", file=find_project().shown(path)),
            advice=t(
                "Pakai {replace} untuk menggantinya, atau {out} untuk menulis ke tempat lain.",
                replace=called("replace"),
                out=called("out"),
            ),
        )
    folder = path.with_suffix(DELIVERIES)
    try:
        kept, refused = _kept(folder, own)
        before = len(kept)
        looked, blank = _take_in(files, own, folder, kept, refused)
        merged = merge(own, kept.values(), rule or _rule_of(path))
        if len(merged.frame):
            _write(merged, path, kept)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(path), why=why_not(error)),
            advice=t("Periksa izin dan sisa ruang cakram, atau pilih tempat lain dengan {out}.", out=called("out")),
        ) from error
    return replace(
        merged,
        refused=(*refused, *merged.refused),
        files=(looked, len(kept) - before, blank),
        path=path if len(merged.frame) else None,
    )


def _take_in(
    files: Iterable[Path], own: Round, folder: Path, kept: dict[str, Delivery], refused: list[Refused]
) -> tuple[int, int]:
    """Read what is new, keep it at once, and list what can not be read; return how many files there were, and how many blank."""
    looked = blank = 0
    with Reader() as reader:
        for file in files:
            looked += 1
            try:
                raw = guard.read_file(file)
                if hashlib.sha256(raw).hexdigest() in kept:
                    continue
                one = read_delivery(raw, file.name, own, reader)
            except KlaError as error:
                refused.append(Refused(masked(file.name), "", "", "", "", error.what, error.advice))
                continue
            if one.is_blank:
                blank += 1
                continue
            _keep(folder, one)
            kept[one.sha256] = one
    return looked, blank


def collected_until(own: Round, day: str = "", *, data: Path | None = None) -> Collected | None:
    """Return a round as far as it had come in on a day, by the deliveries and the rule that are kept; None where there are none.

    Args:
        day: ISO date; a delivery without a day counts as in from the start. All of them when empty.
    """
    path = _own_sheet(own, data)
    kept, refused = _kept(path.with_suffix(DELIVERIES), own)
    if not kept:
        return None
    merged = merge(own, [one for one in kept.values() if not day or one.sent <= day], _rule_of(path))
    return replace(merged, refused=(*refused, *merged.refused), files=(0, 0, 0))


def _own_sheet(own: Round, data: Path | None) -> Path:
    return (data or find_project().data) / "assessments" / own.area.code / f"{own.year}-{own.stage}.csv"


def _is_collected(path: Path) -> bool:
    """Whether an assessment was made by `collect`."""
    return "deliveries" in _origin_of(path)


def _rule_of(path: Path) -> str:
    """Return the rule by which an assessment was collected; `none` where it was not, or does not say."""
    return "lead" if _origin_of(path).get("rule") == "lead" else "none"


def _origin_of(path: Path) -> dict[str, Any]:
    try:
        about = yaml.safe_load(path.with_suffix(ORIGIN).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return about if isinstance(about, dict) else {}


def _kept(folder: Path, own: Round) -> tuple[dict[str, Delivery], list[Refused]]:
    """Return the deliveries that were kept, by hash, and those among them that no longer hold."""
    kept: dict[str, Delivery] = {}
    refused = []
    for path in sorted(folder.glob("*.json")):
        try:
            one = Delivery.from_bytes(read_plain(path), path.name)
            require_own(one.about, own)
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
    title = t("Kumpulan lembar kerja {area} {year}", area=merged.round.area.name, year=merged.round.year)
    told = {
        "title": {"id": title},
        "standing": "unverified",
        "note": {"id": t("Digabung dari {count} penyerahan lembar kerja.", count=len(hashes))},
        "producer": merged.round.area.name,
        "instrument": merged.round.rules.id,
        "source_sha256": hashlib.sha256("".join(hashes).encode()).hexdigest(),
        "deliveries": hashes,
        "rule": merged.rule,
        "kind": "real",
        "personal_data": "none",
    }
    text = yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=110)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path.with_suffix(ORIGIN), text.encode())
    write_table(merged.frame, path)
