"""Rounds: of which areas, years and stages anything is known, be it a sheet or a published result."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.assessment import list_rounds
from kla_analysis.evidence.history import load_history
from kla_analysis.project import find_project


def known_rounds(*, data: Path | None = None) -> pd.DataFrame:
    """Return the known rounds, by area, then year: `area_code`, `award_year`, `stage`, `has_sheet`."""
    data = data or find_project().data
    results = load_history(data=data)
    found = [results[["area_code", "award_year", "stage"]].assign(has_sheet=False)]
    for folder in sorted((data / "assessments").iterdir()):
        sheets = list_rounds(folder.name, data=data)
        found.append(sheets[["award_year", "stage"]].assign(area_code=folder.name, has_sheet=True))
    table = pd.concat([one for one in found if len(one)], ignore_index=True)
    table = table.groupby(["area_code", "award_year", "stage"], as_index=False)["has_sheet"].any()
    # The sheet of the unnamed district is something to compare with, no area: it stands last.
    return table.sort_values(
        ["area_code", "award_year"], key=lambda column: column.replace({REFERENCE_CODE: "~"}), kind="stable"
    ).reset_index(drop=True)
