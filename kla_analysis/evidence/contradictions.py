"""Contradictions between published facts: found, declared beside the facts, and shown.

Nothing is settled silently. What can be computed has to be declared in `published/discrepancies.yaml`, and
a declaration that is no longer true has to leave it, so that a mended source is noticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kla_analysis.errors import Problem
from kla_analysis.evidence.cases import SCORES, load_stage_scores
from kla_analysis.evidence.published import AWARD_STAGE, ladder_of, load_province_counts, load_results
from kla_analysis.language import by_language, t
from kla_analysis.project import find_project
from kla_analysis.reading import read_yaml, refuse

DECLARED = "published/discrepancies.yaml"


@dataclass(frozen=True)
class Contradiction:
    """One declared contradiction: what it is about, what is read where (`readings`), and what the project uses (`used`).

    `kind` is `score` (a predicate that is not its score's), `province` (printed counts against names), `case` (a case of
    `stage_scores.csv` against the results) or `sources` (readings that differ from source to source); `key` names the fact.
    """

    id: str
    kind: str
    key: tuple[str, ...]
    about: str
    readings: str
    used: str


def load_contradictions(*, data: Path | None = None) -> list[Contradiction]:
    """Load the declared contradictions of the published facts.

    Raises:
        DataError: one is found that is not declared, or one is declared that is no longer there; all at once.

    >>> load_contradictions()[0].about
    'Kota Kediri 2019'
    """
    data = data or find_project().data
    items = read_yaml(data / DECLARED)
    declared = [
        Contradiction(
            item["id"],
            item["kind"],
            tuple(map(str, item["key"])),
            *(by_language(item[part]) for part in ("about", "readings", "used")),
        )
        for item in items
    ]
    results = load_results(data=data)
    found = {
        *_scores(results, data),
        *_counts(results, load_province_counts(data=data)),
        *_cases(results, load_stage_scores(data=data)),
    }
    known = {(one.kind, one.key) for one in declared if one.kind != "sources"}
    problems = [
        Problem(
            t("pertentangan yang belum dinyatakan"),
            t("Perbaiki tabelnya, atau nyatakan di berkas ini."),
            file=f"data/{DECLARED}",
            column=kind,
            value=", ".join(key),
        )
        for kind, key in sorted(found - known)
    ] + [
        Problem(
            t("pertentangan ini tidak ada lagi"),
            t("Hapus pernyataan itu."),
            file=f"data/{DECLARED}",
            column=kind,
            value=", ".join(key),
        )
        for kind, key in sorted(known - found)
    ]
    if problems:
        refuse(f"data/{DECLARED}", problems)
    return declared


def _scores(results: pd.DataFrame, data: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for row in results[results["score"].notna() & results["predicate"].notna()].itertuples():
        ladder = ladder_of(int(row.award_year), row.predicate, data=data)
        possible = ladder.knows(row.predicate) and row.score <= ladder.max_total
        if possible and ladder.place(row.score).predicate != row.predicate:
            yield "score", (row.area_code, str(row.award_year), row.stage)


def _counts(results: pd.DataFrame, provinces: pd.DataFrame) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find counts below the names, and in a list that is whole counts above them too."""
    named = results[results["stage"] == "final"].groupby(["province", "award_year", "predicate"]).size()
    for row in provinces.to_dict("records"):
        for predicate in sorted(set(results["predicate"].dropna()) & set(row)):
            names = named.get((row["province"], row["award_year"], predicate), 0)
            if names > row[predicate] or (row["whole"] and names < row[predicate]):
                yield "province", (row["province"], str(row["award_year"]), predicate)


def _cases(results: pd.DataFrame, cases: pd.DataFrame) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Find scores and awards of the published cases that the results tell otherwise."""
    known = results.set_index(["area_code", "award_year", "stage"])
    for row in cases.to_dict("records"):
        for stage in SCORES:
            key = (row["area_code"], row["award_year"], stage)
            if key not in known.index:
                continue
            told = known.loc[key]
            low, high = (told["score"],) * 2 if pd.notna(told["score"]) else (told["score_low"], told["score_high"])
            apart = low > row[f"{stage}_high"] or high < row[f"{stage}_low"]
            award = (told["predicate"], row["final_predicate"]) if stage == AWARD_STAGE else (None, None)
            if apart or (all(map(pd.notna, award)) and award[0] != award[1]):
                yield "case", (key[0], str(key[1]), stage)
