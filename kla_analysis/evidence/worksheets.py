"""Worksheets: who answers what in a round, each office with its own questions, and by what its worksheet is known again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from kla_analysis.errors import ParameterError
from kla_analysis.evidence.areas import Area, find_area
from kla_analysis.evidence.assessment import Assessment, find_sheet, list_rounds, load_assessment, rules_of
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import carried_on, nothing
from kla_analysis.instrument.instrument import Instrument, load_instrument, split_agencies
from kla_analysis.language import t

#: Who fills a worksheet: an agency, a sub-district, or the coordinator of the round, whose word decides.
AGENCY, SUBDISTRICT, COORDINATOR = "agency", "subdistrict", "coordinator"
#: The form of the identity; another number means another form.
_FORM = "KLA1"
#: The hash stands in letters: of the country's 16,448 in hexadecimal 8 looked like a telephone number, and were refused.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
#: The longest name of a sub-district.
_LONGEST = 60


@dataclass(frozen=True)
class Unit:
    """Who fills one worksheet: `code` is the agency's, the sub-district's name, or empty for the coordinator."""

    kind: str
    code: str
    name: str


@dataclass(frozen=True)
class Identity:
    """What a worksheet says of itself, wherever its file goes and whatever it is called."""

    area: str
    year: int
    stage: str
    instrument: str
    kind: str
    unit: str
    digest: str

    def __str__(self) -> str:
        return "|".join(
            [_FORM, self.area, str(self.year), self.stage, self.instrument, self.kind, self.unit, self.digest]
        )

    @classmethod
    def read(cls, text: str) -> Identity | None:
        """Read what `str` wrote; None where a text is no identity.

        >>> Identity.read("KLA1|63.10|2025|self_assessment|kla-2024|agency|Dinkes|0f1e").unit
        'Dinkes'
        """
        parts = text.strip().split("|")
        if len(parts) != 8 or parts[0] != _FORM or not re.fullmatch(r"[0-9]{4}", parts[2]):
            return None
        area, year, stage, instrument, kind, unit, digest = parts[1:]
        return cls(area, int(year), stage, instrument, kind, unit, digest.translate(_LETTERS))


@dataclass(frozen=True, eq=False)
class Round:
    """One round of one district while its worksheets are out.

    Attributes:
        before: the latest sheet of an earlier round under the same instrument; its owners and regulations still hold.
        current: what is there of this round already.
        due: the day until which worksheets are to be back, as `2025-03-31`; "" where none is set.
        subdistricts: names of sub-districts that get a worksheet of their own.
    """

    area: Area
    year: int
    stage: str
    rules: Instrument
    before: Assessment | None
    current: Assessment | None
    due: str = ""
    subdistricts: tuple[str, ...] = ()

    @cached_property
    def local(self) -> pd.Index:
        """Codes of the questions that the instrument asks of sub-districts or villages."""
        questions = self.rules.questions
        return questions.index[questions["in_subdistrict"] | questions["in_village"]]

    @cached_property
    def proof(self) -> pd.DataFrame:
        """What is known of the evidence: this round's word, else what is left of the round before (owners, regulations)."""
        now = self.current.proof if self.current else nothing()
        return now.reindex(self.rules.questions.index).combine_first(self.known_before)

    @cached_property
    def owners(self) -> pd.Series:
        """Everybody who answers each question (`owners_of`)."""
        return owners_of(self.rules, self.proof)

    @property
    def known_before(self) -> pd.DataFrame:
        """Owners and regulations as the round before left them."""
        return carried_on(self.before.proof) if self.before else nothing()

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Everybody who fills a worksheet: agencies by how much they answer, sub-districts, then the coordinator."""
        counts = self.owners.explode().value_counts()
        names = self.rules.agencies["name"]
        agencies = [
            Unit(AGENCY, code, str(names.get(code, code)))
            for code in sorted(counts.index, key=lambda one: (-counts[one], one))
        ]
        below = [Unit(SUBDISTRICT, name, t("Kecamatan {name}", name=name)) for name in self.subdistricts]
        return (
            *agencies,
            *(below or [Unit(SUBDISTRICT, "", t("Kecamatan, desa, dan kelurahan"))]),
            Unit(COORDINATOR, "", t("Koordinator")),
        )

    def questions_of(self, unit: Unit) -> pd.DataFrame:
        """Return the questions of a unit, in the order of the instrument."""
        questions = self.rules.questions
        if unit.kind == COORDINATOR:
            return questions
        if unit.kind == SUBDISTRICT:
            return questions.loc[self.local]
        return questions[[unit.code in owners for owners in self.owners]]

    def identity_of(self, unit: Unit) -> Identity:
        """Return what the worksheet of a unit says of itself.

        Its hash covers the round, the unit and every maximum of the instrument: a worksheet of other rules is foreign.
        """
        maxima = ",".join(f"{code}={most:g}" for code, most in self.rules.questions["max_points"].items())
        about = (self.area.code, str(self.year), self.stage, self.rules.id, unit.kind, unit.code.replace("|", "/"))
        digest = hashlib.sha256("|".join((_FORM, *about, maxima)).encode()).hexdigest()[:16]
        return Identity(self.area.code, self.year, *about[2:], digest.translate(_LETTERS))

    def unit_of(self, identity: Identity) -> Unit:
        """Return who fills a worksheet by its identity: one of this round's, else a further agency or sub-district."""
        for unit in self.units:
            if (unit.kind, unit.code.replace("|", "/")) == (identity.kind, identity.unit):
                return unit
        name = str(self.rules.agencies["name"].get(identity.unit, identity.unit))
        return Unit(
            identity.kind, identity.unit, t("Kecamatan {name}", name=name) if identity.kind == SUBDISTRICT else name
        )


def owners_of(rules: Instrument, proof: pd.DataFrame) -> pd.Series:
    """Return by question everybody who answers it: whom the instrument names, and whom the district does."""
    named = rules.questions["agencies"].map(split_agencies)
    for column in ("lead", "contributing"):
        more = proof.get(column, pd.Series(dtype=object)).reindex(named.index).map(split_agencies)
        named = pd.Series(
            [tuple(dict.fromkeys((*a, *b))) for a, b in zip(named, more, strict=True)], index=named.index, dtype=object
        )
    return named


def leads_of(rules: Instrument, proof: pd.DataFrame) -> dict[str, str]:
    """Return by question who leads: whom the district names, else the only one who answers it; unknown where neither is."""
    leads = proof.get("lead", pd.Series(dtype=object)).dropna().to_dict()
    only = {code: owners[0] for code, owners in owners_of(rules, proof).items() if len(owners) == 1}
    return {**only, **leads}


def open_round(
    area: str,
    year: int,
    *,
    instrument: str | None = None,
    due: str = "",
    subdistricts: Iterable[str] = (),
    out: Path | None = None,
    data: Path | None = None,
) -> Round:
    """Open a round of a district: its rules, what the round before left, what there is of this one.

    Args:
        due: ISO date, or "" where none is set.
        subdistricts: names; each gets a worksheet of the questions that are asked of sub-districts and villages.
        out: the sheet of this round, where it is not the project's own.

    Raises:
        ParameterError: the area, the instrument or a name can not be meant.
        DataError: a sheet of the district can not be read.
    """
    place = find_area(area, data=data)
    rules = load_instrument(instrument, year=year, data=data)
    stage = rules.claimed_stage.code
    own = out if out is not None else find_sheet(place.code, year, stage=stage, data=data)
    current = load_assessment(own, rules, data=data) if own is not None and own.exists() else None
    return Round(place, year, stage, rules, _before(place.code, year, rules, data), current, due, _names(subdistricts))


def _before(area: str, year: int, rules: Instrument, data: Path | None) -> Assessment | None:
    """Return the latest sheet of an earlier round that goes down to questions of the same instrument."""
    years = sorted({int(one) for one in list_rounds(area, data=data)["award_year"] if one < year}, reverse=True)
    for one in years:
        path = find_sheet(area, one, data=data)
        if path is not None and rules_of(path, year=one, data=data).id == rules.id:
            sheet = load_assessment(path, rules, data=data)
            if sheet.level == "question":
                return sheet
    return None


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """Return the names of sub-districts, each once, after a look at what they hold."""
    names = list(dict.fromkeys(" ".join(one.split()) for one in given if one.strip()))
    for name in names:
        if len(name) > _LONGEST or not re.fullmatch(r"[\w .,'()/-]+", name) or masked(name) != name:
            raise ParameterError(
                t("“{name}” bukan nama kecamatan.", name=masked(name)[:_LONGEST]),
                advice=t("Tulis nama kecamatan saja, dipisah koma, atau satu per baris dalam berkas .txt."),
            )
    return tuple(names)
