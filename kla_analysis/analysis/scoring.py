"""Roll-up: question to indicator to component to total.

An indicator is the sum of its questions, but never more than
its own maximum (two indicators of the known instrument have questions that add up to more); a
component is the sum of its indicators; the total is the sum of the components.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from typing import Literal

import numpy as np
import pandas as pd

from kla_analysis.errors import DataError, ParameterError, Problem, did_you_mean
from kla_analysis.evidence.assessment import Assessment
from kla_analysis.instrument.bands import Placement, Span
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument, level_name
from kla_analysis.language import number, t

MissingPolicy = Literal["range", "zero", "refuse"]
MISSING_POLICIES: tuple[MissingPolicy, ...] = ("range", "zero", "refuse")

# Scores are written in hundredths. Rounding sums far below that removes binary noise, so that
# seven hundred and one points made of hundredths are 701 and not 700.9999999.
_DECIMALS = 6


@dataclass(frozen=True, eq=False, repr=False)
class RollUp:
    """The points of one sheet at every level.

    Attributes:
        level: how far down the sheet goes (`question`, `indicator` or `component`).
        missing_policy: what was done with unanswered codes: `range` counts them as nothing at the
            low end and as full at the high end; `zero` counts them as nothing.
        missing: the unanswered codes.
        questions, indicators, components: tables indexed by code, with the codes of the levels above;
            levels below the sheet's own are None. `name`, `max_points`; `low` and `high` (points; equal
            unless answers are missing); `lost_points`: what is lost whatever the missing answers turn out
            to be (maximum minus high); `unknown_points`: what hangs on them (high minus low), so that
            low + unknown + lost is the maximum; `share` and `share_high` (low and high of the maximum);
            `answers` and `unanswered`: how many codes of the sheet below have an answer and how many none.
        total: points.
        capped: indicators whose questions add up to more than the indicator may have.
    """

    instrument: Instrument
    area_code: str
    award_year: int
    stage: str
    level: str
    missing_policy: MissingPolicy
    missing: tuple[str, ...]
    questions: pd.DataFrame | None
    indicators: pd.DataFrame | None
    components: pd.DataFrame
    total: Span
    capped: tuple[str, ...]

    @property
    def unanswered(self) -> tuple[str, ...]:
        """The codes whose points nobody knows: the missing ones, unless the policy counts them as nothing."""
        return self.missing if self.missing_policy == "range" else ()

    @property
    def unknown_points(self) -> float:
        """How far the missing answers can still raise the total."""
        return round(self.total.high - self.total.low, _DECIMALS)

    @cached_property
    def at_best(self) -> RollUp:
        """The same sheet with every missing answer in full: the other end of every range."""
        if not self.unanswered:
            return self
        points = self.table(self.level)["high"].to_numpy()[np.newaxis, :]
        return _rolled(replace(self, missing=()), points, points)

    def raised(self, points: pd.Series) -> RollUp:
        """Return the same sheet with some questions at so many points, where it has fewer or no answer.

        Args:
            points: by question code. What is worth more on the sheet stays as it is, so nothing is counted twice.
        """
        table = self.table("question")
        least = points.reindex(table.index)
        answered = table["unanswered"].eq(0)
        low = np.fmax(table["low"], least)
        high = np.where(answered | least.isna(), np.fmax(table["high"], least), least)
        missing = tuple(code for code in self.missing if pd.isna(least[code]))
        return _rolled(replace(self, missing=missing), *(np.asarray(end)[np.newaxis, :] for end in (low, high)))

    @property
    def placement(self) -> Placement:
        """Where the low end of the total falls; the whole placement when nothing is missing."""
        return self.instrument.ladder.place(self.total.low)

    def table(self, level: str) -> pd.DataFrame:
        """Return the table of a level.

        Raises:
            DataError: the sheet stops above that level.
        """
        found = {"question": self.questions, "indicator": self.indicators, "component": self.components}[level]
        if found is None:
            raise DataError(
                t(
                    "Lembar ini berhenti di tingkat {level}; rincian di bawahnya tidak ada.",
                    level=level_name(self.level),
                ),
                advice=t("Pakai lembar yang memuat nilai per pertanyaan."),
            )
        return found

    def missing_in_words(self) -> str:
        """Say what was done with missing answers, in one sentence."""
        if not self.missing:
            return t("Semua butir terjawab.")
        codes = ", ".join(self.missing[:8]) + ("…" if len(self.missing) > 8 else "")
        if self.missing_policy == "zero":
            return t("{count} butir tanpa jawaban dihitung nol: {codes}.", count=len(self.missing), codes=codes)
        return t(
            "{count} {level} belum dijawab, paling banyak {points} poin: bukan nol dan bukan kehilangan, jadi nilai ditulis "
            "sebagai rentang ({codes}).",
            count=len(self.missing),
            level=level_name(self.level),
            points=number(self.unknown_points),
            codes=codes,
        )

    def _repr_html_(self) -> str:
        shown = self.components[["name", "max_points", "low", "high", "lost_points", "unknown_points", "share"]]
        return f"<p>{escape(repr(self))}. {escape(self.missing_in_words())}</p>{shown.to_html()}"

    def __repr__(self) -> str:
        return f"RollUp({self.area_code} {self.award_year} {self.stage}: {self.total} → {self.placement.name})"


def roll_up(assessment: Assessment, instrument: Instrument, *, missing: MissingPolicy = "range") -> RollUp:
    """Roll one sheet up to its total.

    Args:
        assessment: the sheet, at question, indicator or component level.
        instrument: the rules it was filled in under.
        missing: policy for unanswered codes; `refuse` raises if there are any.

    Raises:
        DataError: the sheet belongs to another instrument, or answers are missing and the policy
            is `refuse`.
        ParameterError: there is no such policy.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.roll_up(case.assessment, case.instrument).total.low
    650.5
    """
    _require_policy(missing)
    if assessment.instrument != instrument.id:
        raise DataError(
            t("Lembar ini mengikuti instrumen {own}, bukan {other}.", own=assessment.instrument, other=instrument.id),
            advice=t("Bobot berbeda antartahun; hitung tiap lembar dengan instrumennya sendiri."),
        )
    if missing == "refuse" and assessment.missing:
        raise DataError(
            t("{count} butir belum terjawab.", count=len(assessment.missing)),
            advice=t("Lengkapi, atau pilih kebijakan range atau zero."),
            problems=[
                Problem(t("belum ada jawaban"), t("Isi nilainya."), assessment.shown, column="score", value=code)
                for code in assessment.missing
            ],
        )
    empty = RollUp(
        instrument=instrument,
        area_code=assessment.area_code,
        award_year=assessment.award_year,
        stage=assessment.stage,
        level=assessment.level,
        missing_policy=missing,
        missing=assessment.missing,
        questions=None,
        indicators=None,
        components=instrument.components,
        total=Span(0.0, 0.0),
        capped=(),
    )
    scores = assessment.scores.to_numpy()[np.newaxis, :]
    low, high = (_fill(scores, instrument, assessment.level, top=top) for top in (False, missing == "range"))
    return _rolled(empty, low, high)


def _rolled(about: RollUp, low: np.ndarray, high: np.ndarray) -> RollUp:
    """Return what a sheet is worth between two ends of its answers (each 1 × codes of its level, points)."""
    instrument = about.instrument
    lows, highs = (totals_of(points, instrument, about.level) for points in (low, high))
    known = ~instrument.table(about.level).index.isin(about.unanswered)
    tables = {
        level: _level_table(instrument, level, lows[level][0], highs[level][0], about.level, known)
        if level in lows
        else None
        for level in ("question", "indicator", "component")
    }
    capped: tuple[str, ...] = ()
    if tables["question"] is not None:
        raw = tables["question"].groupby("indicator_code")["low"].sum()
        maxima = instrument.indicators["max_points"]
        capped = tuple(code for code in maxima.index if raw[code] > maxima[code] + 10**-_DECIMALS)
    return replace(
        about,
        questions=tables["question"],
        indicators=tables["indicator"],
        components=tables["component"],
        total=Span(float(lows["total"][0]), float(highs["total"][0])),
        capped=capped,
    )


def totals_of(points: np.ndarray, instrument: Instrument, level: str = "question") -> dict[str, np.ndarray]:
    """Add points up from one level to the total: the one scoring function.

    Args:
        points: sheets × codes of the level, no missing values.

    Returns:
        Points by level: `question`, `indicator` and `component` as sheets × codes, from the given
        level upwards, and `total` as one number per sheet.
    """
    levels = {level: points}
    if level == "question":
        maxima = instrument.indicators["max_points"].to_numpy()
        sums = points @ instrument.question_in
        levels["indicator"] = np.minimum(sums.round(_DECIMALS), maxima)
    if level != "component":
        sums = levels["indicator"] @ instrument.indicator_in
        levels["component"] = sums.round(_DECIMALS)
    levels["total"] = levels["component"].sum(axis=1).round(_DECIMALS)
    return levels


def _fill(scores: np.ndarray, instrument: Instrument, level: str, *, top: bool) -> np.ndarray:
    """Put nothing, or at the top end the maximum, where an answer is missing."""
    maxima = instrument.table(level)["max_points"].to_numpy()
    return np.where(np.isnan(scores), maxima if top else 0.0, scores)


def _level_table(
    instrument: Instrument, level: str, low: np.ndarray, high: np.ndarray, below: str, known: np.ndarray
) -> pd.DataFrame:
    """Make the table of a level: `known` says which codes of the sheet's own level `below` have an answer."""
    table = instrument.table(level).drop(columns=["standing", "source"])
    maxima = table["max_points"].to_numpy()
    sheet = instrument.table(below)
    own = sheet.index if below == level else sheet[CODE_COLUMNS[level]]
    answers = pd.Series(known).groupby(own.to_numpy()).agg(["sum", "size"]).reindex(table.index, fill_value=0)
    shares = [np.divide(end, maxima, out=np.full(len(end), np.nan), where=maxima > 0) for end in (low, high)]
    return table.assign(
        low=low,
        high=high,
        lost_points=(maxima - high).round(_DECIMALS),
        unknown_points=(high - low).round(_DECIMALS),
        share=shares[0],
        share_high=shares[1],
        answers=answers["sum"].astype(int),
        unanswered=(answers["size"] - answers["sum"]).astype(int),
    )


def _require_policy(missing: str) -> None:
    if missing not in MISSING_POLICIES:
        raise ParameterError(
            t("Kebijakan jawaban kosong “{name}” tidak dikenal.", name=missing),
            advice=did_you_mean(missing, MISSING_POLICIES),
        )
