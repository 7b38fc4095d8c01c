"""Evidence in people's sheets: the state, link, legal basis, owners and due date of a row, as far as its words are known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kla_analysis.evidence.intake.grid import Cell, clean, words_of
from kla_analysis.evidence.intake.header import headings
from kla_analysis.evidence.intake.numbers import read_date
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import COLUMNS, STATES
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import t

#: The columns of a sheet that speak of evidence; `evidence` is one that may hold a state, a link or the name of a document.
ROLES = (*COLUMNS, "evidence")
#: Said of a state that has no meaning of its own: “ada” does not say whether the evidence is whole.
_UNCLEAR = "unclear"


@dataclass(frozen=True)
class Said:
    """What one cell was taken for: the column of the assessment and its text, or the reason why it was not taken."""

    role: str
    column: str
    value: str
    refused: str = ""
    advice: str = ""


@lru_cache(maxsize=1)
def _states() -> dict[str, str]:
    """Return the states by the words for them (`data/headings.csv`)."""
    known = headings().by_role
    return {word: state for state in (*STATES, _UNCLEAR) for word in known.get(f"evidence_{state}_word", ())}


def read_proof(cells: Mapping[str, Cell], rules: Instrument) -> Iterator[Said]:
    """Read the cells of a row that speak of its evidence.

    Where several agencies are named as responsible and none of them as leading, all of them contribute and the lead
    stays unknown: a sheet's order is no rank.

    Args:
        cells: by role (`ROLES`).
    """
    for role in (name for name in ROLES if name in cells):
        text = masked(clean(cells[role].text.replace("\n", ";")))
        if not words_of(text):
            continue
        if role in ("lead", "contributing"):
            named = agencies_in(text, rules)
            yield Said(role, role if len(named) == 1 else "contributing", ";".join(named))
        elif role == "due":
            day = read_date(Cell(cells[role].kind, cells[role].text[:10] if cells[role].kind == "d" else text))
            yield Said(role, role, day or "", "" if day else t("bukan tanggal"), t("Tulis tanggal seperti 2025-03-31."))
        elif role in ("evidence", "evidence_state"):
            yield _state_or_document(role, text)
        else:
            yield Said(role, role, text)


def _state_or_document(role: str, text: str) -> Said:
    state = _states().get(words_of(text), "")
    if state and state != _UNCLEAR:
        return Said(role, "evidence_state", state)
    if role == "evidence" and not state:
        return Said(role, "evidence_link", text)
    advice = t("Tulis tidak ada, dijanjikan, belum lengkap, lengkap, diterima, atau ditolak.")
    return Said(role, "evidence_state", "", t("tidak jelas apakah buktinya lengkap"), advice)


def together(said: list[Said], own: str = "", rules: Instrument | None = None) -> dict[str, str]:
    """Return what a row says by column: texts of several cells one after the other, agencies each once.

    Args:
        own: code of the question, whose agencies in the instrument are not repeated where the row names just them.
    """
    found: dict[str, list[str]] = {}
    for one in said:
        for part in one.value.split(";") if one.value else ():
            parts = found.setdefault(one.column, [])
            if part.strip() not in parts:
                parts.append(part.strip())
    usual = rules.questions["agencies"].get(own) if rules is not None and own else None
    named = {*found.get("lead", ()), *found.get("contributing", ())}
    if isinstance(usual, str) and named == set(usual.split(";")):
        found = {column: parts for column, parts in found.items() if column not in ("lead", "contributing")}
    return {
        column: ";".join(parts) if column == "contributing" else "; ".join(parts) for column, parts in found.items()
    }


def agencies_in(text: str, rules: Instrument) -> list[str]:
    """Return the agencies that a cell names, by their codes where the instrument knows them, else as they are written.

    A comma parts two agencies only where what stands before it is not part of one that is known.
    """
    named = []
    for piece in (
        part.strip() for part in re.split(r"[;/]|\bdan\b(?=\s+(?:Dinas|Badan|Bagian)\b)", text) if part.strip()
    ):
        whole = rules.agency_code(piece)
        named += [whole] if whole in rules.agencies.index else [rules.agency_code(one) for one in piece.split(",")]
    return list(dict.fromkeys(" ".join(one.split()) for one in named if one.strip()))
