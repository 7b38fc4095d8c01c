"""Partners: who else sits at the table of an area's coordination meetings, beside those who answer a question."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kla_analysis.errors import Problem, did_you_mean
from kla_analysis.instrument.instrument import known_instruments, load_instrument
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_table, schema_of


def partners_path(area_code: str, *, data: Path | None = None) -> Path:
    """Return where an area's list of partners lies, or would lie."""
    return (data or find_project().data) / "partners" / f"{area_code}.csv"


def load_partners(area_code: str, instrument: str, *, data: Path | None = None) -> pd.DataFrame:
    """Load who an area invites to the meeting of each component, beside those who answer its questions.

    Partners belong to an area: a list of another area is never taken in its place.

    Args:
        instrument: id; the codes of components belong to an instrument.

    Returns:
        `component_code`, `partner`, `role` (in the language in force), `standing`, `source`; empty where the area
        has no list, or none for this instrument.

    Raises:
        DataError: an instrument or component that does not exist, or a row that is not whole; all problems at once.
    """
    data = data or find_project().data
    path, shown = partners_path(area_code, data=data), f"data/partners/{area_code}.csv"
    schema = schema_of("partners/63.10.csv", data)
    if not path.is_file():
        return pd.DataFrame(columns=["component_code", "partner", "role", "standing", "source"])

    def problems(frame: pd.DataFrame) -> list[Problem]:
        known, found = known_instruments(data=data), []
        for row, name, code in frame[["instrument", "component_code"]].dropna().itertuples():
            if name not in known:
                found.append(
                    Problem(t("instrumen ini tidak ada"), did_you_mean(name, known), shown, row, "instrument", name)
                )
                continue
            codes = load_instrument(name, data=data).components.index
            if code not in codes:
                what = t("kode ini tidak ada di instrumen {id}", id=name)
                found.append(Problem(what, did_you_mean(code, codes), shown, row, "component_code", code))
        return found

    table = read_table(path, schema, shown=shown, also=problems)
    own = table[table["instrument"] == instrument].reset_index(drop=True)
    return own.assign(role=in_language(own, "role")).drop(columns=["instrument", "role_id", "role_en"])
