"""Everything published of a district: the results, and what the cases of verification tell besides.

A case of `stage_scores.csv` often names an award or a verified score that stands nowhere among the results.
Both tables stay what they are; here they are read together, each fact once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.evidence.cases import SCORES, load_stage_scores
from kla_analysis.evidence.published import AWARD_STAGE, load_results

_KEY = ["area_code", "award_year", "stage"]
#: Cells that say one thing together: a result takes all of a case's or none.
_POINTS = ("score", "score_low", "score_high", "precision")
_PREDICATE = ("predicate", "at_least", "at_most")


def load_history(*, area_code: str | None = None, data: Path | None = None) -> pd.DataFrame:
    """Return all published results, and from the published cases what these lack; columns as `load_results`.

    Where both tell the score or the award of a stage, the result's own stands.

    Args:
        area_code: only those of one area.

    >>> results = load_history()
    >>> results[results["area_code"] == "63.10"]["award_year"].tolist()
    [2019, 2022, 2023, 2025, 2025, 2025]
    """
    results, cases = load_results(data=data), load_stage_scores(data=data)
    if area_code is not None:
        results, cases = (table[table["area_code"] == area_code] for table in (results, cases))
    rows = {tuple(row[part] for part in _KEY): row for row in results.to_dict("records")}
    for case in cases.to_dict("records"):
        for found in _stages_of(case):
            row = rows.setdefault(tuple(found[part] for part in _KEY), found)
            for group in (_POINTS, _PREDICATE):
                if all(pd.isna(row[name]) for name in group):
                    row |= {name: found[name] for name in group}
    return pd.DataFrame(rows.values(), columns=results.columns).astype(results.dtypes)


def history_of(area_code: str, *, data: Path | None = None) -> pd.DataFrame:
    """Return everything published of one area (`load_history`), by year, then from the claim to the award."""
    own = load_history(area_code=area_code, data=data)
    # A stage that is no stage of a case ("during verification") lies between the claim and the award.
    order = own["stage"].map({stage: at for at, stage in enumerate(SCORES)}).fillna(1)
    return (
        own.assign(order=order)
        .sort_values(["award_year", "order"], kind="stable")
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _stages_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the stages that a case knows anything of, each as a row of results."""
    found = []
    for stage in SCORES:
        low, high = case[f"{stage}_low"], case[f"{stage}_high"]
        final = stage == AWARD_STAGE
        award = {name: case[f"final_{name}" if name == "predicate" else name] if final else None for name in _PREDICATE}
        if pd.isna(low) and all(pd.isna(value) for value in award.values()):
            continue
        exact = low == high
        source = case["final_source"] if final and pd.notna(case["final_source"]) else case["source"]
        points = {
            "score": low if exact else None,
            "score_low": None if exact else low,
            "score_high": None if exact else high,
        }
        about = {name: case[name] for name in ("area_code", "area_name", "province", "award_year", "standing", "note")}
        precision = case[f"{stage}_precision"] if pd.notna(low) else None
        found.append({**about, "stage": stage, **points, "precision": precision, **award, "source": source})
    return found
