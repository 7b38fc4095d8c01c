"""Contradictions between published facts: found, declared beside the facts, and shown.

Nothing is settled silently. What can be computed has to be declared in `published/discrepancies.yaml`, and
a declaration that is no longer true has to leave it, so that a mended source is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from kla_analysis.errors import Problem
from kla_analysis.evidence.published import load_province_counts, load_results
from kla_analysis.instrument.bands import Ladder
from kla_analysis.language import by_language, t
from kla_analysis.project import find_project
from kla_analysis.reading import refuse

DECLARED = "published/discrepancies.yaml"


@dataclass(frozen=True)
class Contradiction:
    """One declared contradiction: what it is about, what is read where (`readings`), and what the project uses (`used`).

    `kind` is `score` (a predicate that is not its score's), `province` (printed counts against names) or
    `sources` (readings that differ from source to source); `key` names the fact.
    """

    id: str
    kind: str
    key: tuple[str, ...]
    about: str
    readings: str
    used: str


def load_contradictions(ladder: Ladder, *, data: Path | None = None) -> list[Contradiction]:
    """Load the declared contradictions of the published facts.

    Raises:
        DataError: one is found that is not declared, or one is declared that is no longer there; all at once.
    """
    data = data or find_project().data
    items = yaml.safe_load((data / DECLARED).read_text(encoding="utf-8"))
    declared = [
        Contradiction(item["id"], item["kind"], tuple(map(str, item["key"])),
                      by_language(item["about"]),
            by_language(item["readings"]), by_language(item["used"]))
        for item in items
    ]  # fmt: skip
    results = load_results(data=data)
    found = {*_scores(results, ladder), *_counts(results, load_province_counts(data=data), ladder)}
    known = {(one.kind, one.key) for one in declared if one.kind != "sources"}
    problems = [
        Problem(t("pertentangan yang belum dinyatakan"), t("Perbaiki tabelnya, atau nyatakan di berkas ini."),
                file=f"data/{DECLARED}", column=kind, value=", ".join(key))
        for kind, key in sorted(found - known)
    ] + [
        Problem(t("pertentangan ini tidak ada lagi"), t("Hapus pernyataan itu."),
                file=f"data/{DECLARED}", column=kind, value=", ".join(key))
        for kind, key in sorted(known - found)
    ]  # fmt: skip
    if problems:
        refuse(f"data/{DECLARED}", problems)
    return declared


def _scores(results: pd.DataFrame, ladder: Ladder) -> Iterator[tuple[str, tuple[str, ...]]]:
    for row in results[results["score"].notna() & results["predicate"].notna()].itertuples():
        if ladder.place(row.score).predicate != row.predicate:
            yield "score", (row.area_code, str(row.award_year), row.stage)


def _counts(results: pd.DataFrame, provinces: pd.DataFrame, ladder: Ladder) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find counts below the names, and in a list that is whole counts above them too."""
    named = results[results["stage"] == "final"].groupby(["province", "award_year", "predicate"]).size()
    for row in provinces.to_dict("records"):
        for predicate in (band.code for band in ladder.bands if band.code in row):
            names = named.get((row["province"], row["award_year"], predicate), 0)
            if names > row[predicate] or (row["whole"] and names < row[predicate]):
                yield "province", (row["province"], str(row["award_year"]), predicate)
