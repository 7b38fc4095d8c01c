"""Own rounds: every sheet of a district side by side, and what was claimed again unchanged.

Sheets of one instrument are compared in points. One of another instrument only as the share of each component's maximum, or
carried over by a declared mapping (`crosswalk`): never silently.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from kla_analysis.analysis.crosswalk import carry_over
from kla_analysis.analysis.position import Position, open_position
from kla_analysis.analysis.scoring import roll_up
from kla_analysis.evidence.assessment import list_rounds

_COLUMNS = (
    "award_year",
    "stage",
    "stage_name",
    "instrument",
    "comparable",
    "carried",
    "illustrative",
    "level",
    "code",
    "name",
    "max_points",
    "low",
    "high",
    "share",
    "share_high",
)


def own_sheets(case: Position, *, data: Path | None = None) -> list[Position]:
    """Return every sheet of a case's area, oldest round first, then by stage; the case's own in its place."""
    own = list_rounds(case.area.code, data=data)
    found = {
        (row.award_year, row.stage): open_position(case.area.code, row.award_year, stage=row.stage, data=data)
        for row in own.itertuples()
    }
    if case.assessment is not None:
        found[case.award_year, case.stage] = case
    return sorted(found.values(), key=lambda one: (one.award_year, one.instrument.stage(one.stage).order))


def own_rounds(
    case: Position, *, crosswalks: Mapping[str, pd.DataFrame] | None = None, data: Path | None = None
) -> pd.DataFrame:
    """Put every sheet of a district beside the others, at every level.

    Args:
        crosswalks: by the id of another instrument how its questions become those of the case's (`load_mapping`).

    Returns:
        One row per sheet and code, oldest first: `award_year`, `stage`, `stage_name`, `instrument`, `comparable` (points
        of the case's own instrument), `carried` (by a crosswalk), `illustrative`, `level` (total, component, indicator),
        `code`, `name`, `max_points`, `low` and `high` (points), `share` and `share_high` (of the maximum). Of another
        instrument that no crosswalk carries over only the total and the components whose code both have.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022)
    >>> kla.own_rounds(case).query("level == 'total'")["low"].tolist()
    [650.5]
    """
    parts = [_rows(one, case, (crosswalks or {}).get(one.instrument.id)) for one in own_sheets(case, data=data)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(_COLUMNS))


def copied(case: Position, *, data: Path | None = None) -> pd.DataFrame:
    """Compare the district's newest own claim with its claim of the round before, answer by answer.

    Only sheets of one instrument that go down to questions are compared.

    Returns:
        By `question_code` the questions with points in both rounds: `name`, `max_points`, `before` and `now` (points),
        `before_year` and `year`, `owners`, `copied`: the same points, remark and link to evidence as the year before;
        `silent`: copied, and neither round has a remark or a link. No rows where there are no two such sheets.

    >>> import kla_analysis as kla
    >>> len(kla.copied(kla.open("63.10", 2022)))
    0
    """
    claims = [
        one
        for one in own_sheets(case, data=data)
        if one.claimed and one.assessment is not None and one.assessment.level == "question"
    ]
    claims = [one for one in claims if one.award_year <= case.award_year and one.instrument.id == case.instrument.id]
    earlier = [one for one in claims if one.award_year < claims[-1].award_year] if claims else []
    if not earlier:
        return pd.DataFrame(columns=["name", "max_points", "before", "now", "before_year", "year", "owners", "copied"])
    old, new = earlier[-1], claims[-1]
    was, now = (one.questions[one.questions["answers"] > 0] for one in (old, new))
    table = now[["name", "max_points", "owners"]].assign(before=was["low"], now=now["low"])
    table = table[(table["before"] > 0) & (table["now"] > 0)]
    same, said = table["before"].round(6) == table["now"].round(6), pd.Series(False, table.index)
    for name in ("note", "evidence_link"):
        one, other = (sheet[name].reindex(table.index).fillna("").astype(str).str.strip() for sheet in (was, now))
        same, said = same & (one == other), said | (one != "") | (other != "")
    return table.assign(before_year=old.award_year, year=new.award_year, copied=same, silent=same & ~said)


def _rows(one: Position, case: Position, mapping: pd.DataFrame | None) -> pd.DataFrame:
    """Return one sheet as rows of `own_rounds`."""
    rules, rolled = one.instrument, one.rolled
    same, carried = rules.id == case.instrument.id, False
    if not same and mapping is not None:
        rolled = roll_up(carry_over(one.sheet, mapping, rules, case.instrument).assessment, case.instrument)
        same = carried = True
    most = rolled.instrument.ladder.max_total
    total = {"code": "total", "name": "", "max_points": most, "low": rolled.total.low, "high": rolled.total.high}
    total |= {"share": rolled.total.low / most, "share_high": rolled.total.high / most}
    parts = [pd.DataFrame([total]).assign(level="total")]
    for level in ("component", "indicator"):
        table = getattr(rolled, f"{level}s")
        if table is None or (not same and level == "indicator"):
            continue
        table = table[table.index.isin(case.instrument.table(level).index)]
        table = table[table["answers"] > 0]
        parts.append(table.rename_axis("code").reset_index()[list(total)].assign(level=level))
    about = {
        "award_year": one.award_year,
        "stage": one.stage,
        "stage_name": rules.stage(one.stage).name,
        "instrument": rules.id,
        "comparable": same,
        "carried": carried,
        "illustrative": one.illustrative,
    }
    return pd.concat(parts, ignore_index=True).assign(**about)[list(_COLUMNS)]
