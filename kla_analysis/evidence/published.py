"""Published results: what districts, provinces and the ministry have made known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml

from kla_analysis.language import by_language
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_resource


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
