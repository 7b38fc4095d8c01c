"""Statements about conditions besides the total, bounds and the day of the field verification: dated, cited, no gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kla_analysis.errors import Problem
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import by_language, t
from kla_analysis.project import find_project
from kla_analysis.reading import read_yaml, refuse

STATEMENTS = "published/conditions.yaml"
FIELD_DAY = "published/field_day.yaml"


@dataclass(frozen=True)
class Statement:
    """What somebody said of a condition: `by` whom and when (`said`, a year or a month), in `text`.

    Attributes:
        against: a published case that went the other way; empty when none is known.
        questions: the questions of the instrument that it touches.
        award_years: the first and the last round of a rule that no longer holds; empty when it has no end.
        bound: whether it says where a predicate begins.
        place: the place that it speaks of; empty where it speaks of none.
        indicators: those of the instrument that are shown there.
    """

    id: str
    said: str
    by: str
    text: str
    source: str
    standing: str
    against: str = ""
    questions: tuple[str, ...] = ()
    award_years: tuple[int, ...] = field(default=())
    bound: bool = False
    place: str = ""
    indicators: tuple[str, ...] = ()

    def holds_in(self, award_year: int) -> bool:
        """Whether it speaks of that round; one without years speaks of every round."""
        return not self.award_years or self.award_years[0] <= award_year <= self.award_years[-1]


def load_statements(instrument: Instrument, *, file: str = STATEMENTS, data: Path | None = None) -> list[Statement]:
    """Load the statements of a file, each with the questions and indicators that it touches in this instrument.

    Raises:
        DataError: a statement lacks a part, or names a question or indicator that the instrument does not have; all at once.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.load_statements(case.instrument)[0].by
    'ketua tim verifikasi sebuah provinsi'
    """
    items = read_yaml((data or find_project().data) / file)
    problems = [problem for item in items for problem in _wrong_in(item, instrument, f"data/{file}")]
    if problems:
        refuse(f"data/{file}", problems)
    return [
        Statement(
            id=item["id"],
            said=item["said"] if isinstance(item["said"], str) else by_language(item["said"]),
            by=by_language(item["by"]),
            text=by_language(item["text"]),
            source=by_language(item["source"]),
            standing=item["standing"],
            against=by_language(item["against"]) if "against" in item else "",
            questions=tuple(item.get("questions", {}).get(instrument.id, ())),
            award_years=tuple(item.get("award_years", ())),
            bound=item.get("bound", False),
            place=by_language(item["place"]) if "place" in item else "",
            indicators=tuple(item.get("indicators", {}).get(instrument.id, ())),
        )
        for item in items
    ]


def _wrong_in(item: dict[str, Any], instrument: Instrument, file: str) -> list[Problem]:
    name = str(item.get("id", "?"))
    found = [
        Problem(
            t("pernyataan {name} tidak memuat {part}", name=name, part=part),
            t("Isi bagian itu."),
            file=file,
            column=part,
        )
        for part in ("id", "said", "by", "text", "source", "standing")
        if not item.get(part)
    ]
    for part, known in (("questions", instrument.questions), ("indicators", instrument.indicators)):
        found += [
            Problem(
                t("kode ini tidak ada di instrumen {id}", id=instrument.id),
                t("Periksa kodenya di {file}; tulis kode di antara tanda kutip.", file=f"{part}.csv"),
                file=file,
                column=name,
                value=str(code),
            )
            for code in item.get(part, {}).get(instrument.id, ())
            if code not in known.index
        ]
    return found
