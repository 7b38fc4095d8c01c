"""Published results: what districts, provinces and the ministry have made known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from kla_analysis.instrument.bands import Ladder
from kla_analysis.instrument.instrument import known_instruments, load_instrument
from kla_analysis.language import by_language
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_resource

#: How the published results name the stage that carries the award.
AWARD_STAGE = "final"


def load_results(*, data: Path | None = None) -> pd.DataFrame:
    """Load the published results of districts, one row per area, round and stage.

    Columns: `area_code`, `area_name`, `province`, `award_year`, `stage`, `score` (points, often
    missing), `predicate` (often missing before the final stage), `source_url`, `standing`, `note`.
    """
    table = read_resource("published/results.csv", data or find_project().data).reset_index(drop=True)
    return table.assign(note=in_language(table, "note")).drop(columns=["note_id", "note_en"])


def load_stage_scores(*, data: Path | None = None) -> pd.DataFrame:
    """Load the published pairs of self-assessed and verified scores (points)."""
    return read_resource("published/stage_scores.csv", data or find_project().data).reset_index(drop=True)


def load_national_counts(*, data: Path | None = None) -> pd.DataFrame:
    """Load how many districts got each predicate per award year (counts; some are missing)."""
    return read_resource("published/national_counts.csv", data or find_project().data).reset_index(drop=True)


def years_without_award(*, data: Path | None = None) -> tuple[int, ...]:
    """Return the years between the first and the last known award in which the ministry gave none."""
    results, counts = load_results(data=data), load_national_counts(data=data)
    final = results[(results["stage"] == AWARD_STAGE) & results["predicate"].notna()]
    given = {*final["award_year"].astype(int), *counts.loc[counts["awarded_total"] != 0, "award_year"].astype(int)}
    return tuple(year for year in range(min(given), max(given)) if year not in given)


def ladder_of(award_year: int, predicate: str | None = None, *, data: Path | None = None) -> Ladder:
    """Return the bands by which an award was given: those in force then, else the newest that know the predicate."""
    then = load_instrument(year=award_year, data=data).ladder
    if predicate is None or then.knows(predicate):
        return then
    ladders = [load_instrument(name, data=data).ladder for name in reversed(known_instruments(data=data))]
    return next((ladder for ladder in ladders if ladder.knows(predicate)), then)


def award_name(award_year: int, predicate: object, *, data: Path | None = None) -> str | None:
    """Name a published predicate as its year called it; None where none was published."""
    return ladder_of(award_year, predicate, data=data).name(predicate) if isinstance(predicate, str) else None


def load_origins(*, data: Path | None = None) -> list[dict[str, str]]:
    """Return what the origin notes beside the project's data say: `title`, `note`, `standing`."""
    data = data or find_project().data
    paths = [*sorted((data / "published").glob("*.origin.yaml")), data / "areas.origin.yaml"]
    notes = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths if path.is_file()]
    return [
        {"title": by_language(note["title"]), "note": by_language(note["note"]), "standing": note["standing"]}
        for note in notes
    ]


def history_of(area_code: str, *, data: Path | None = None) -> pd.DataFrame:
    """Return the published results of one area, oldest first."""
    results = load_results(data=data)
    return results[results["area_code"] == area_code].sort_values("award_year", kind="stable").reset_index(drop=True)
