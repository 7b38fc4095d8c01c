"""Published results: what districts, provinces and the ministry have made known.

Often a source prints less than a score: "some 900", "13 points short", "awarded", "at most Madya". Such
a fact stays the interval that it is; nobody picks a number out of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.errors import Problem
from kla_analysis.evidence.areas import load_areas
from kla_analysis.instrument.bands import Ladder
from kla_analysis.instrument.instrument import Instrument, known_instruments, load_instrument
from kla_analysis.language import by_language, t
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_resource, read_yaml, schema_of

RESULTS = "published/results.csv"

#: How the published results name the stage that carries the award.
AWARD_STAGE = "final"


def load_results(*, data: Path | None = None) -> pd.DataFrame:
    """Load the published results of districts, one row per area, round and stage.

    Columns: `area_code`, `area_name`, `province`, `award_year`, `stage`; `score` (points) where the
    number itself is known, else `score_low` and `score_high` where a range of points is, with their
    `precision`; `predicate` where it is named, else `at_least` and `at_most` where something is known
    of it (an award without its predicate, a list of winners that the district is not in); `source`
    (address, or outlet and article number), `standing`, `note`.

    Raises:
        DataError: with every row that contradicts itself, names another area than its code, or says
            nothing.
    """
    return _in_own_words(read_resource(RESULTS, data or find_project().data, also=_contradictory_rows))


def load_national_counts(*, data: Path | None = None) -> pd.DataFrame:
    """Load how many districts got each predicate per year (counts; some are missing).

    `held` is false in a year without awards.

    >>> counts = load_national_counts()
    >>> counts[~counts["held"]]["award_year"].tolist()
    [2020, 2024]
    """
    return read_resource("published/national_counts.csv", data or find_project().data).reset_index(drop=True)


def ladder_of(award_year: int, predicate: str | None = None, *, data: Path | None = None) -> Ladder:
    """Return the bands by which an award was given: those in force then, else the newest that know the predicate."""
    then = load_instrument(year=award_year, data=data).ladder
    if predicate is None or then.knows(predicate):
        return then
    ladders = [load_instrument(name, data=data).ladder for name in reversed(known_instruments(data=data))]
    return next((ladder for ladder in ladders if ladder.knows(predicate)), then)


def load_participation(*, data: Path | None = None) -> pd.DataFrame:
    """Load how many districts took part, went on and were awarded, as printed: `award_year`, `measure`, `value`.

    >>> "took_part" in set(load_participation()["measure"])
    True
    """
    return _in_own_words(read_resource("published/national_participation.csv", data or find_project().data))


def load_province_counts(*, data: Path | None = None) -> pd.DataFrame:
    """Load how many districts of a province got each predicate.

    `whole` says that the source shows the province entire, so its falls as well as its rises.
    """
    return _in_own_words(read_resource("published/province_counts.csv", data or find_project().data))


def load_component_scores(instrument: Instrument, *, data: Path | None = None) -> pd.DataFrame:
    """Load what districts published of their components, one row per area, round, stage and component.

    Columns: as printed (`printed_value`, `printed_unit`: `points` or `percent`, `printed_max` in points), and `share`
    (0 to 1): the printed per cent, or the points by the maximum printed beside them, else by the instrument's (derived).

    >>> scores = load_component_scores(load_instrument("kla-2024"))
    >>> scores[["printed_value", "printed_max", "share"]].iloc[0].round(3).tolist()
    [145.24, 164.0, 0.886]
    """
    table = _in_own_words(read_resource("published/component_scores.csv", data or find_project().data))
    maximum = table["printed_max"].fillna(table["component_code"].map(instrument.components["max_points"]))
    share = (table["printed_value"] / maximum).where(table["printed_unit"] == "points", table["printed_value"] / 100)
    return table.assign(share=share)


def load_origins(*, data: Path | None = None) -> list[dict[str, str]]:
    """Return what the origin notes beside the project's data say: `title`, `note`, `standing`."""
    data = data or find_project().data
    paths = [*sorted((data / "published").glob("*.origin.yaml")), *sorted(data.glob("*.origin.yaml"))]
    notes = [read_yaml(path) for path in paths if path.is_file()]
    return [
        {"title": by_language(note["title"]), "note": by_language(note["note"]), "standing": note["standing"]}
        for note in notes
    ]


def _in_own_words(table: pd.DataFrame) -> pd.DataFrame:
    table = table.reset_index(drop=True)
    return table.assign(note=in_language(table, "note")).drop(columns=["note_id", "note_en"])


def _contradictory_rows(frame: pd.DataFrame, data: Path) -> list[Problem]:
    """Find rows whose intervals are the wrong way round, that say a thing twice, or another area's name."""
    areas = load_areas(data=data)[["name", "province"]].to_dict("index")
    # The description lists the predicates as they rise.
    fields = {field["name"]: field for field in schema_of(RESULTS, data).fields}
    rising = fields["at_least"]["constraints"]["enum"]
    problems = []
    for row, line in zip(frame.index, frame.astype(object).to_dict("records"), strict=True):
        said = {name: value for name, value in line.items() if pd.notna(value)}
        for column, what, advice in (*_wrong_area(said, areas), *_wrong_score(said), *_wrong_predicate(said, rising)):
            problems.append(Problem(what, advice, f"data/{RESULTS}", row, column, f"{said.get(column, '')}"))
    return problems


def _wrong_area(said: dict[str, Any], areas: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    """Return column, what is wrong and what to do (`said`: the filled cells of one row)."""
    code = said.get("area_code")
    if code not in areas:
        return [("area_code", t("tidak ada di data/areas.csv"), t("Cari kodenya di data/areas.csv."))] if code else []
    names = (("area_name", areas[code]["name"]), ("province", areas[code]["province"]))
    return [
        (column, t("bukan nama untuk kode {code}", code=code), t("Tulis {name}.", name=name))
        for column, name in names
        if said.get(column, name) != name
    ]


def _wrong_score(said: dict[str, Any]) -> list[tuple[str, str, str]]:
    given = {"score", "score_low", "score_high"} & set(said)
    found = []
    if given not in (set(), {"score"}, {"score_low", "score_high"}):
        what = t("nilai tertulis sebagai angka dan rentang, atau rentangnya tidak lengkap")
        found.append((min(given), what, t("Isi score saja, atau score_low dan score_high.")))
    elif "score_low" in given and said["score_low"] > said["score_high"]:
        found.append(("score_low", t("rentangnya terbalik"), t("Tukar score_low dan score_high.")))
    if bool(given) != ("precision" in said):
        what = t("nilai dan ketelitiannya harus diisi bersama")
        found.append(("precision", what, t("Isi keduanya, atau kosongkan keduanya.")))
    return found


def _wrong_predicate(said: dict[str, Any], rising: list[str]) -> list[tuple[str, str, str]]:
    bounds = [rising.index(said[name]) for name in ("at_least", "at_most") if said.get(name) in rising]
    if bounds and "predicate" in said:
        what = t("predikat disebut, padahal at_least atau at_most juga diisi")
        return [("predicate", what, t("Hapus salah satu."))]
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        return [("at_least", t("rentangnya terbalik"), t("Tukar at_least dan at_most."))]
    if not {"score", "score_low", "predicate", "at_least", "at_most"} & set(said):
        return [("predicate", t("baris ini tidak memuat hasil"), t("Isi nilai atau predikatnya, atau hapus baris."))]
    return []
