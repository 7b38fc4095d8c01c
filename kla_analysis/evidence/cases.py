"""Published cases: what one district's score became in one round, from its claim to the award.

Every score is an interval in points (of one value where the number itself is known), and so is an award of
which only the predicate is known: from the bound of its band to the next. Press and offices told them:
they are no random sample, and mostly districts that hoped to rise.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.errors import Problem
from kla_analysis.evidence.published import load_results
from kla_analysis.instrument.bands import Ladder
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_resource

STAGE_SCORES = "published/stage_scores.csv"
#: The scores of a case, in the order of the stages, and how the published results name those stages.
SCORES = ("self_assessment", "administrative_verification", "final")


def load_stage_scores(*, data: Path | None = None) -> pd.DataFrame:
    """Load the published cases, one row per district and round.

    Columns: `area_code`, `area_name`, `province`, `award_year`; for `self_assessment`,
    `administrative_verification` and `final` the ends of the interval in points (`_low`, `_high`), its
    `_precision`, and, without ending, its middle; `verified_by` (`centre`, `province` or missing); `final_predicate`, or `at_least` and
    `at_most`; `assessed` (whether the award followed from the score); `standing`, `source`,
    `final_source`, `note`.

    Raises:
        DataError: with every interval that is the wrong way round or half filled.
    """
    table = read_resource(STAGE_SCORES, data or find_project().data, also=_wrong_intervals).reset_index(drop=True)
    middles = {score: table[[f"{score}_low", f"{score}_high"]].mean(axis=1) for score in SCORES}
    return table.assign(**middles, note=in_language(table, "note")).drop(columns=["note_id", "note_en"])


def load_cases(ladder: Ladder, *, data: Path | None = None) -> pd.DataFrame:
    """Load all published cases as intervals: the stage scores, and what the published results add to them.

    Args:
        ladder: by whose bands an award becomes an interval.

    Returns:
        One row per district and round for which a claimed or a verified score is known, sorted: `area_code`,
        `area_name`, `province`, `award_year`, `verified_by`, `assessed`, and per stage of `SCORES` its
        `_low` and `_high` in points (missing where unknown; a band reaches up to the bound of the
        next, and the top one to the largest total); `outcome`: the codes of the predicates that the award may have.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> len(kla.load_cases(case.ladder))
    72
    """
    stages = load_stage_scores(data=data)
    results = load_results(data=data)
    results = results[results["stage"].isin(SCORES)]
    keys = ["area_code", "award_year"]
    named = ["area_name", "province"]
    cases: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in results.to_dict("records"):
        case = cases.setdefault(tuple(row[key] for key in keys), {name: row[name] for name in (*keys, *named)})
        low, high = (row["score"], row["score"]) if pd.notna(row["score"]) else (row["score_low"], row["score_high"])
        case |= {f"{row['stage']}_low": low, f"{row['stage']}_high": high}
        if row["stage"] == "final":
            case |= {"final_predicate": row["predicate"], "at_least": row["at_least"], "at_most": row["at_most"]}
    for row in stages.to_dict("records"):
        case = cases.setdefault(tuple(row[key] for key in keys), {})
        case |= {name: value for name, value in row.items() if pd.notna(value)}
    table = pd.DataFrame(cases.values())
    table = table[table["self_assessment_low"].notna() | table["administrative_verification_low"].notna()]
    table = table.assign(assessed=table["assessed"].fillna(True).astype(bool))
    rows = [_with_award(row, ladder) for row in table.to_dict("records")]
    ends = [f"{score}_{end}" for score in SCORES for end in ("low", "high")]
    columns = [*keys, *named, "verified_by", "assessed", *ends, "outcome"]
    return pd.DataFrame(rows).reindex(columns=columns).sort_values(keys, ignore_index=True)


def former_awards(*, data: Path | None = None) -> pd.DataFrame:
    """Return every published award with its predicate: `area_code`, `award_year`, `predicate`, sorted."""
    results = load_results(data=data)
    results = results[(results["stage"] == "final") & results["predicate"].notna()]
    stages = load_stage_scores(data=data)
    stages = stages[stages["final_predicate"].notna()].rename(columns={"final_predicate": "predicate"})
    columns = ["area_code", "award_year", "predicate"]
    both = pd.concat([results[columns], stages[columns]]).drop_duplicates(columns[:2])
    return both.sort_values(columns[:2], ignore_index=True)


def fingerprint(*tables: pd.DataFrame) -> str:
    """Return a hash of what tables hold."""
    return hashlib.sha256("\n".join(table.to_csv(index=False) for table in tables).encode()).hexdigest()


def _with_award(row: dict[str, Any], ladder: Ladder) -> dict[str, Any]:
    """Return a case with its award as an interval and as the predicates that it may have."""
    codes = [ladder.no_award_code, *(band.code for band in ladder.bands)]
    edges = [0.0, *(band.lower for band in ladder.bands), ladder.max_total]
    # An award of another ladder says nothing in the words of this one.
    said = {name: row.get(name) for name in ("final_predicate", "at_least", "at_most") if row.get(name) in codes}
    lowest, highest = (said.get("final_predicate", said.get(name)) for name in ("at_least", "at_most"))
    if lowest is None and highest is None:
        return row | {"outcome": ()}
    first = codes.index(lowest or codes[0])
    last = codes.index(highest or codes[-1])
    known = pd.notna(row.get("final_low"))
    low, high = (row["final_low"], row["final_high"]) if known else (edges[first], edges[last + 1])
    return row | {"outcome": tuple(codes[first : last + 1]), "final_low": low, "final_high": high}


def _wrong_intervals(frame: pd.DataFrame, data: Path) -> list[Problem]:
    """Find intervals that are half filled or the wrong way round, and awards said twice."""
    problems = []
    for row, line in frame.iterrows():
        said = {name: value for name, value in line.items() if pd.notna(value)}
        for score in SCORES:
            ends = [said.get(f"{score}_{end}") for end in ("low", "high")]
            if (ends[0] is None) != (ends[1] is None):
                what, advice = t("rentangnya tidak lengkap"), t("Isi kedua ujungnya; sama bila angkanya diketahui.")
            elif ends[0] is not None and ends[0] > ends[1]:
                what, advice = t("rentangnya terbalik"), t("Tukar kedua ujungnya.")
            else:
                continue
            problems.append(Problem(what, advice, f"data/{STAGE_SCORES}", row, f"{score}_low", f"{ends[0]}"))
        if "final_predicate" in said and {"at_least", "at_most"} & set(said):
            what = t("predikat disebut, padahal at_least atau at_most juga diisi")
            problems.append(Problem(what, t("Hapus salah satu."), f"data/{STAGE_SCORES}", row, "final_predicate"))
    return problems
