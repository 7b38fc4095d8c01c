"""Own cases: what a district's own rounds, so far as they were over, tell of how its scores are cut.

Published cases and the district's own sheets, each fact once; illustrative sheets tell nothing. Of the round that is
forecast only what was known before: from a verified score on, how the claim was cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.analysis.scoring import roll_up
from kla_analysis.evidence.areas import load_areas
from kla_analysis.evidence.assessment import list_rounds, load_assessment, rules_of
from kla_analysis.evidence.cases import SCORES, fingerprint
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.reading import stamp


@dataclass(frozen=True, eq=False)
class OwnCases:
    """Cases of one district, as `evidence.cases.load_cases` has them, and their hash."""

    cases: pd.DataFrame
    hash: str


def own_cases(
    published: pd.DataFrame, area: str, year: int, *, verified: bool, rules: Instrument, data: Path
) -> OwnCases | None:
    """Return what a district's own rounds tell before one of them is forecast; None where they tell nothing.

    Args:
        published: all cases, as `evidence.cases.load_cases`.
        year: the round that is forecast.
        verified: whether its forecast starts from a verified score, so that the claim's cut is known.
    """
    sheets = list_rounds(area, data=data)
    sheets = sheets[sheets["award_year"] <= year]
    files = tuple((str(path), stamp(path)) for path in sheets["path"])
    return _own(_Key(published), area, year, verified, rules, data, files)


class _Key:
    """A table as the key of a cache: the same object is the same table."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.table is self.table


@lru_cache(maxsize=256)
def _own(
    published: _Key,
    area: str,
    year: int,
    verified: bool,
    rules: Instrument,
    data: Path,
    files: tuple[tuple[str, tuple[int, int]], ...],
) -> OwnCases | None:
    cases = published.table[(published.table["area_code"] == area) & (published.table["award_year"] <= year)]
    known: dict[int, dict[str, Any]] = {int(case["award_year"]): case for case in cases.to_dict("records")}
    about = load_areas(data=data).loc[area]
    blank = dict.fromkeys(published.table.columns)
    for path, _ in files:
        for award_year, stage, low, high in _total_of(Path(path), data):
            place = {"area_code": area, "area_name": about["name"], "province": about["province"]}
            fresh = {**blank, **place, "award_year": award_year, "assessed": True, "outcome": ()}
            case = known.setdefault(award_year, fresh)
            case |= {f"{stage}_low": low, f"{stage}_high": high}
            if stage == SCORES[-1]:
                case["outcome"] = tuple(dict.fromkeys(rules.ladder.place(end).predicate for end in (low, high)))
    if year in known:
        known[year] |= {f"{SCORES[-1]}_low": None, f"{SCORES[-1]}_high": None, "outcome": ()}
    told = [case for at, case in sorted(known.items()) if at < year or verified]
    table = pd.DataFrame(told, columns=published.table.columns)
    table = table[table[[f"{stage}_low" for stage in SCORES]].notna().sum(axis=1) > 1]
    return None if table.empty else OwnCases(table, fingerprint(table))


def _total_of(path: Path, data: Path) -> list[tuple[int, str, float, float]]:
    """Return year, stage and both ends of the total of a sheet; nothing of an illustrative one, or of another stage."""
    rules = rules_of(path, data=data)
    sheet = load_assessment(path, rules, data=data)
    if sheet.origin.illustrative or sheet.stage not in SCORES:
        return []
    total = roll_up(sheet, rules).total
    return [(sheet.award_year, sheet.stage, total.low, total.high)]
