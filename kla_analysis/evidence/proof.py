"""Proof: what is known of the evidence for each question, and whose it is: state, link, legal basis, lead, due date."""

from __future__ import annotations

import pandas as pd

from kla_analysis.errors import Problem
from kla_analysis.evidence.personal import masked
from kla_analysis.language import t

#: The columns that an assessment may have beside its scores; described in `data/datapackage.json` (`evidence`).
COLUMNS = ("evidence_state", "evidence_link", "legal_basis", "lead", "contributing", "due")
#: How far the evidence for a question is, worst first; empty where nobody has said.
STATES = ("rejected", "none", "promised", "incomplete", "complete", "accepted")
#: What still holds in the next round: whose a question is, and the regulation that it rests on.
_CARRIED = ("legal_basis", "lead", "contributing")


def state_name(state: str) -> str:
    """Name a state of the evidence in the language in force."""
    return {
        "none": t("tidak ada"),
        "promised": t("dijanjikan"),
        "incomplete": t("belum lengkap"),
        "complete": t("lengkap"),
        "accepted": t("diterima"),
        "rejected": t("ditolak"),
    }[state]


def nothing() -> pd.DataFrame:
    """Return the evidence of a sheet that says nothing of it: no rows, the columns that there may be."""
    return pd.DataFrame(columns=list(COLUMNS), dtype=object)


def proof_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the evidence of a tidy sheet by code: only the rows that say something; text, None where they do not.

    Args:
        frame: a sheet indexed by code; columns that it does not have are unknown.
    """
    found = frame.reindex(columns=list(COLUMNS)).astype(object)
    return found.where(found.notna(), None).dropna(how="all")


def carried_on(proof: pd.DataFrame) -> pd.DataFrame:
    """Return what of a round's evidence still holds in the next: owners and regulations, never its state or its links."""
    kept = proof.copy()
    kept[[name for name in COLUMNS if name not in _CARRIED]] = None
    return kept.dropna(how="all")


def personal_problems(frame: pd.DataFrame, shown: str) -> list[Problem]:
    """Find identity and telephone numbers in the remarks and the evidence of a tidy sheet; offices are named, not people."""
    problems = []
    for name in (one for one in ("note", *COLUMNS) if one in frame.columns):
        for row, text in frame[name].dropna().items():
            if masked(str(text)) != text:
                advice = t("Hapus NIK dan nomor telepon; sebut kantornya, bukan orangnya.")
                problems.append(Problem(t("data pribadi"), advice, shown, row, name, masked(str(text))))
    return problems
