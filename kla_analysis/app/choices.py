"""Choices that several pages offer: an area by code or name, and what is known of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kla_analysis.app.controls import Controls
from kla_analysis.evidence.areas import REFERENCE_CODE, find_area, load_areas
from kla_analysis.evidence.intake.guard import safe_name
from kla_analysis.evidence.rounds import known_rounds
from kla_analysis.instrument.instrument import Instrument, all_stages, load_instrument
from kla_analysis.language import LANGUAGE_NAMES, t

Options = list[tuple[str, Any]]
#: A sheet that the project holds: area code, year, stage.
Sheet = tuple[str, int, str]
# The sheets that come with the project, by area and year.
_SHIPPED = {("63.10", 2022), (REFERENCE_CODE, 2024)}


def area_control(page: Controls, label: str, placeholder: str, codes: Iterable[str] | None = None) -> Any:
    """Make a field in which an area is found by any part of its name or code.

    Args:
        codes: the areas that are offered; all districts and cities when not given.
    """
    import ipywidgets as widgets

    if codes is None:
        areas = load_areas()
        codes = areas.index[areas["kind"] != "provinsi"]
    return page.control(
        widgets.Combobox,
        label,
        placeholder=placeholder,
        options=[named(code) for code in codes],
        ensure_option=False,
        continuous_update=False,
    )


def named(code: str) -> str:
    """Write an area as the fields offer it."""
    name = find_area(code).name
    return name if code == REFERENCE_CODE else f"{code} {name}"


def code_of(text: str) -> str:
    """Return the code of an area that was chosen or typed, by code or by its full name.

    Raises:
        ParameterError: there is no such area; with the nearest one.
    """
    found = re.match(rf"\s*(\d\d\.?\d\d|{REFERENCE_CODE})\b", text)
    if found:
        return find_area(found[1]).code
    areas = load_areas()
    same = areas.index[areas["name"].str.casefold() == text.strip().casefold()]
    return same[0] if len(same) == 1 else find_area(text).code


def stages(rules: Instrument, codes: Iterable[str]) -> Options:
    """Return stages as the fields offer them, in the order of a round."""
    known = set(codes)
    return [(stage.name, stage.code) for stage in rules.stages if stage.code in known]


def targets(rules: Instrument) -> Options:
    """Return predicates as the fields offer them, the next one above the standing first."""
    return [(t("predikat berikutnya"), ""), *((band.name, band.code) for band in rules.ladder.bands)]


def languages() -> Options:
    """Return the languages as the fields offer them."""
    return [(name, lang) for lang, name in LANGUAGE_NAMES.items()]


def sheets() -> Options:
    """Return the sheets that the project holds as the fields offer them."""
    rounds = known_rounds()
    names = {stage.code: stage.name for stage in all_stages()}
    return [
        (
            f"{named(row.area_code)}, {row.award_year}, {names.get(row.stage, row.stage)}",
            (row.area_code, int(row.award_year), row.stage),
        )
        for row in rounds[rounds["has_sheet"]].itertuples()
    ]


def own_rounds() -> list[tuple[str, int]]:
    """Return the rounds, by area and year, of which the project holds a sheet of its user's own, the newest first."""
    return newest({(area, year) for _, (area, year, _) in sheets()} - _SHIPPED)


def newest(rounds: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return rounds by area and year, the newest first."""
    return sorted(rounds, key=lambda one: (-one[1], one[0]))


def target_name(code: str, year: int | None) -> str:
    """Name a predicate as the rules of a year, or else the newest, do; a code that they do not have stands for itself."""
    return next((name for name, known in targets(load_instrument(year=year)) if known == code), code)


def file_name(name: str) -> str:
    """Return the name under which a chosen file can be laid aside: its own where that is harmless."""
    if re.fullmatch(r"\w[\w .,()+-]{0,150}", name):
        return name
    place = Path(name)
    return safe_name(place.stem) + re.sub(r"[^.\w]", "", place.suffix)
