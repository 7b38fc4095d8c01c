"""Areas: the official codes of provinces, districts and cities, and finding one of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from kla_analysis.errors import ParameterError, as_written, nearest
from kla_analysis.language import CAPITAL, Zone, t
from kla_analysis.project import find_project
from kla_analysis.reading import read_resource, stamp


@dataclass(frozen=True)
class Area:
    """One area: `code` is text with a dot, such as `63.10`."""

    code: str
    name: str
    kind: str
    province: str


#: The sheet of a real district that stays unnamed.
REFERENCE_CODE = "reference"


def _areas(data: Path) -> pd.DataFrame:
    return _indexed(data, stamp(data / "areas.csv"))


@lru_cache(maxsize=4)
def _indexed(data: Path, changed: tuple[int, int]) -> pd.DataFrame:
    return read_resource("areas.csv", data).set_index("area_code")


def load_areas(*, data: Path | None = None) -> pd.DataFrame:
    """Load all areas, indexed by `area_code`: `name`, `kind`, `province_code`, `province`."""
    return _areas(data or find_project().data).copy()


def near_codes(wrong: str, codes: Iterable[str]) -> list[str]:
    """Return the codes that a wrong one may stand for.

    A spreadsheet that takes 63.10 for a number leaves 63.1: that is 63.10, or 63.01 with its zero left out, and
    never another code that happens to look like it. Else it is one of the same province with one digit wrong, or
    one with two digits the other way round; where more than three are, none of them is likely.

    >>> near_codes("63.1", ["63.01", "63.10", "63.71"]), near_codes("63.18", ["63.01", "63.10"])
    (['63.10', '63.01'], ['63.10'])
    >>> near_codes("36.10", ["36.71", "63.10"]), near_codes("99.99", ["91.19"])
    (['63.10'], [])
    """
    codes = list(codes)
    if cut := re.fullmatch(r"(\d\d?)[.,](\d)", wrong.strip()):
        province, district = cut[1].zfill(2), cut[2]
        return [code for code in (f"{province}.{district}0", f"{province}.0{district}") if code in codes]
    wrong = wrong.strip().replace(",", ".")
    swapped = {wrong[:at] + wrong[at + 1] + wrong[at] + wrong[at + 2 :] for at in (0, 3)} if len(wrong) == 5 else set()
    found = [code for code in codes if code in swapped or _one_digit_apart(code, wrong)]
    return found if len(found) <= 3 else []


def _one_digit_apart(code: str, other: str) -> bool:
    """Whether two codes of one province differ in a single digit."""
    apart = sum(a != b for a, b in zip(code, other, strict=False))
    return len(code) == len(other) == 5 and code[:3] == other[:3] and apart == 1


def near_names(wrong: str, names: Iterable[str]) -> list[str]:
    """Return the names of areas that a wrong one may stand for, whatever their kind; empty when none is likely.

    >>> near_names("Tanah Bumbuu", ["Kab. Tanah Bumbu", "Kab. Tanah Laut"]), near_names("London", ["Kab. Lamongan"])
    (['Kab. Tanah Bumbu'], [])
    """
    plain = defaultdict(list)
    for name in names:
        plain[_without_kind(name)].append(name)
    return [name for near in nearest(_without_kind(wrong), plain, alike=0.85) for name in plain[near]]


def _without_kind(name: str) -> str:
    return re.sub(r"^(?:kabupaten|kab\.?|kota)\s+", "", name.strip().casefold())


def zone_of(code: str, *, data: Path | None = None) -> Zone:
    """Return the local time of an area, by its province; that of the capital for what belongs to none.

    Source: Presidential Decree 41/1987 (`time_zones.csv`).

    >>> [zone_of(code).name for code in ("11.01", "63.10", "94.03", "reference")]
    ['WIB', 'WITA', 'WIT', 'WIB']
    """
    folder = data or find_project().data
    zones = _zones(folder, stamp(folder / "time_zones.csv"))
    return zones.get(code[:2], CAPITAL)


@lru_cache(maxsize=4)
def _zones(data: Path, changed: tuple[int, int]) -> dict[str, Zone]:
    rows = read_resource("time_zones.csv", data).itertuples()
    return {row.province_code: Zone(row.zone, int(row.hours)) for row in rows}


def find_area(text: str, *, data: Path | None = None) -> Area:
    """Find an area by its code, with or without the dot.

    Args:
        text: `63.10`, `6310`, or `reference` for the sheet of the unnamed district.

    Raises:
        ParameterError: there is no such area; suggests the code when a name was given.

    >>> find_area("6310").name
    'Kab. Tanah Bumbu'
    """
    if not isinstance(text, str):  # 63.1 would be taken for 63.10 only by luck
        as_written(text, (), "")
    wanted = text.strip()
    if wanted == REFERENCE_CODE:
        return Area(REFERENCE_CODE, t("Daerah rujukan (tanpa nama)"), "", "")
    if re.fullmatch(r"\d{4}", wanted):
        wanted = f"{wanted[:2]}.{wanted[2:]}"
    areas = _areas(data or find_project().data)
    if wanted in areas.index:
        row = areas.loc[wanted]
        return Area(wanted, row["name"], row["kind"], row["province"])
    by_name = {name.casefold(): code for code, name in areas["name"].items()}
    folded = wanted.casefold()
    found = [by_name[name] for name in (folded, f"kab. {folded}", f"kota {folded}") if name in by_name]
    found = found or [by_name[name] for name in near_names(folded, by_name)]
    if found and not re.match(r"\d", wanted):
        said = [t("{code} untuk {name}", code=code, name=areas.loc[code, "name"]) for code in found]
        advice = t("Tulis kodenya: {codes}.", codes=t(" atau ").join(said))
    else:
        advice = t("Kode wilayah berbentuk 63.10 dan ada di data/areas.csv.")
        if near := near_codes(wanted, areas.index):
            said = [t("{code} ({name})", code=code, name=areas.loc[code, "name"]) for code in near]
            advice += " " + t("Mungkin maksud Anda {codes}?", codes=t(" atau ").join(said))
    raise ParameterError(t("Wilayah “{text}” tidak dikenal.", text=text), advice=advice)
