"""Bands: from a total score to its predicate, the gap rule, and the points still missing.

A band begins at its printed lower bound and a score is never rounded up. The printed ranges leave
gaps (600 < x < 601 and the like). A score inside one, or just where one begins, belongs to the band
below and is flagged with both readings, for some let the next band begin there already; the cases
that were published stand in the instrument's data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kla_analysis.errors import ParameterError, as_written
from kla_analysis.language import number, t

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Band:
    """One predicate: it begins at `lower`; `printed_upper` is where the printed range ends (points)."""

    code: str
    name: str
    lower: float
    printed_upper: float
    standing: str
    source: str
    disputed_lower: str | None = None


@dataclass(frozen=True)
class BoundCase:
    """A published score at a bound or in a gap, and what it was called: `said` tells by whom and when."""

    score: float
    predicate: str
    said: str
    source: str


@dataclass(frozen=True)
class Span:
    """A score in points that is known only to lie between two values, both included.

    A score that is known exactly is a span of one value.
    """

    low: float
    high: float

    @property
    def is_exact(self) -> bool:
        """Whether the score is known exactly."""
        return self.low == self.high

    @property
    def middle(self) -> float:
        """The middle of the span, for drawing only."""
        return (self.low + self.high) / 2

    def __str__(self) -> str:
        return number(self.low) if self.is_exact else f"{number(self.low)}–{number(self.high)}"


@dataclass(frozen=True)
class Placement:
    """Where one exact score falls.

    Attributes:
        score: total in points.
        predicate: code of the band, or `none` below the first.
        name: name of the predicate.
        in_gap: whether the score lies between two printed ranges.
        at_disputed_bound: whether it lies exactly on a bound that is read in two ways.
        next_predicate: code of the band above, None at the top.
        next_name: name of that band.
        points_to_next: points from the score to that band, None at the top.
        remarks: sentences a reader must see beside the predicate.
    """

    score: float
    predicate: str
    name: str
    in_gap: bool
    at_disputed_bound: bool
    next_predicate: str | None
    next_name: str | None
    points_to_next: float | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ladder:
    """The bands of an instrument in rising order, and what a total can be at most (points).

    `cases` are published scores on which the readings of a bound differ.
    """

    bands: tuple[Band, ...]
    max_total: float
    no_award_code: str
    no_award_name: str
    cases: tuple[BoundCase, ...] = ()

    def band(self, predicate: str) -> Band:
        """Look a band up by its code, in any case.

        Raises:
            ParameterError: no band has that code; names the nearest.
        """
        for band in self.bands:
            if band.code == predicate:
                return band
        what = t("Predikat “{name}” tidak dikenal.", name=predicate)
        return self.band(as_written(predicate, [band.code for band in self.bands], what))

    def knows(self, predicate: str) -> bool:
        """Whether it has a predicate, `none` included."""
        return predicate == self.no_award_code or any(band.code == predicate for band in self.bands)

    def name(self, predicate: str) -> str:
        """Return the name of a predicate, `none` included."""
        return self.no_award_name if predicate == self.no_award_code else self.band(predicate).name

    @property
    def bounds(self) -> tuple[float, ...]:
        """Every total at which something begins or ends, in points: what a written score must never cross."""
        return (0.0, *(bound for band in self.bands for bound in (band.lower, band.printed_upper)), self.max_total)

    def written(self, score: float | Span, *, decimals: int | None = None) -> str:
        """Write a total, or both ends of it, so that rounding moves it over no bound (`language.number`)."""
        ends = (score.low, score.high) if isinstance(score, Span) else (score,)
        return "–".join(number(end, decimals=decimals, beside=self.bounds) for end in dict.fromkeys(ends))

    def place(self, score: float) -> Placement:
        """Place an exact score on the ladder.

        Args:
            score: total in points.

        Raises:
            ParameterError: the score is not a number, below 0 or above the maximum.
        """
        self._require_possible(score)
        at = sum(score >= band.lower for band in self.bands) - 1
        here = self.bands[at] if at >= 0 else None
        above = self.bands[at + 1] if at + 1 < len(self.bands) else None
        remarks = []
        in_gap = at_disputed_bound = False
        if here and above and here.printed_upper <= score < above.lower:
            in_gap = score > here.printed_upper
            at_disputed_bound = not in_gap
            remarks.append(self._two_readings(score, here, above))
        if here and here.disputed_lower is not None and score == here.lower:
            at_disputed_bound = True
            remarks.append(here.disputed_lower)
        return Placement(
            score=score,
            predicate=here.code if here else self.no_award_code,
            name=here.name if here else self.no_award_name,
            in_gap=in_gap,
            at_disputed_bound=at_disputed_bound,
            next_predicate=above.code if above else None,
            next_name=above.name if above else None,
            points_to_next=_between(score, above.lower) if above else None,
            remarks=tuple(remarks),
        )

    def place_many(self, scores: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the predicate code of each of many scores (missing scores give None).

        Raises:
            ParameterError: a score is below 0 or above the maximum.
        """
        import numpy as np

        scores = np.asarray(scores, dtype=float)
        known = ~np.isnan(scores)
        if known.any():
            self._require_possible(float(scores[known].min()))
            self._require_possible(float(scores[known].max()))
        codes = np.array([self.no_award_code, *(band.code for band in self.bands)], dtype=object)
        placed = codes[np.searchsorted([band.lower for band in self.bands], scores, side="right")]
        placed[~known] = None
        return placed

    def span_of(self, predicate: str) -> Span:
        """Return the span of scores that a predicate stands for, as its range is printed.

        When only a predicate is known this is all that is known of the score: Madya is 601–700, so
        between 1 and 100 points are missing to Nindya at 701.
        """
        if predicate == self.no_award_code:
            # Scores are written in hundredths, and the first band begins at its lower bound.
            return Span(0.0, self.bands[0].lower - 0.01)
        band = self.band(predicate)
        return Span(band.lower, band.printed_upper)

    def drawn_from(self, lowest: float) -> float:
        """Return where the axis of a picture begins: a little below the first band where no score is lower, else at zero."""
        floor = 0.8 * self.bands[0].lower
        return floor if lowest >= floor + 0.03 * self.max_total else 0.0

    def above(self, predicate: str) -> Band | None:
        """Return the band above a predicate, `none` included; None above the highest."""
        at = next((at for at, band in enumerate(self.bands) if band.code == predicate), -1)
        return self.bands[at + 1] if at + 1 < len(self.bands) else None

    def span_between(self, at_least: str | None, at_most: str | None) -> Span:
        """Return the span of scores when a predicate is known only to lie between two; None is open.

        An award without its predicate, for instance, begins at the first band and may be any.
        """
        return Span(
            0.0 if at_least is None else self.span_of(at_least).low,
            self.max_total if at_most is None else self.span_of(at_most).high,
        )

    def name_between(self, at_least: str | None, at_most: str | None) -> str:
        """Name what is known of a predicate that was not named.

        Args:
            at_least, at_most: codes of predicates; None is open.

        Returns:
            In words: "paling tinggi Madya", "Madya sampai Nindya", "predikat tidak disebut".
        """
        if at_least is not None and at_most is not None:
            return t("{low} sampai {high}", low=self.name(at_least), high=self.name(at_most))
        if at_most is not None:
            return t("paling tinggi {name}", name=self.name(at_most))
        if at_least is None or at_least == self.bands[0].code:
            return t("predikat tidak disebut")
        return t("paling rendah {name}", name=self.name(at_least))

    def points_to(self, target: str, span: Span) -> Span:
        """Return the points missing to a target predicate: none when it is reached."""
        lower = self.band(target).lower
        return Span(
            low=max(0.0, _between(span.high, lower)),
            high=max(0.0, _between(span.low, lower)),
        )

    def _two_readings(self, score: float, here: Band, above: Band) -> str:
        """Say how a score at a bound or in a gap is read in two ways, which one is used, and the published cases."""
        values = {
            "score": self.written(score),
            "upper": number(here.printed_upper),
            "lower": number(above.lower),
            "here": here.name,
            "above": above.name,
        }
        if score > here.printed_upper:
            said = t(
                "Nilai {score} berada di celah antara {upper} dan {lower} yang tercetak: {here} bila {above} baru mulai "
                "di {lower}, {above} bila sudah mulai di {upper}.",
                **values,
            )
        else:
            said = t(
                "Nilai {score} tepat di batas: {here} bila {above} baru mulai di {lower}, {above} bila sudah mulai di "
                "{upper}.",
                **values,
            )
        used = t("Di sini {here}, tanpa pembulatan ke atas; minta kepastian dari verifikator.", **values)
        cases = "; ".join(
            t(
                "{score} disebut {name} ({said})",
                score=number(case.score),
                name=self.name(case.predicate),
                said=case.said,
            )
            for case in self.cases
        )
        known = t("Kasus yang terbit: {cases}.", cases=cases) if cases else ""
        return " ".join(filter(None, (said, used, known)))

    def _require_possible(self, score: float) -> None:
        if math.isnan(score) or not 0 <= score <= self.max_total:
            raise ParameterError(
                t("Nilai {score} tidak mungkin.", score="NaN" if math.isnan(score) else f"{score:g}"),
                advice=t("Nilai total harus angka antara 0 dan {top}.", top=number(self.max_total)),
            )


def _between(score: float, bound: float) -> float:
    """Return the points from a score to a bound, without binary noise; never nothing where there is something."""
    return round(bound - score, 6) or bound - score
