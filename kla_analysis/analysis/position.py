"""A position: everything that is known of where one area stands in one round.

Often only a predicate is published, sometimes a score, sometimes there is a sheet of answers. The
position holds all three apart, each with its standing, and says which of them answers a question.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import pandas as pd

from kla_analysis.analysis.scoring import MissingPolicy, RollUp, roll_up
from kla_analysis.analysis.weakness import lost_by_agency, lost_points
from kla_analysis.errors import DataError, ParameterError, called, did_you_mean
from kla_analysis.evidence.areas import REFERENCE_CODE, Area, find_area
from kla_analysis.evidence.assessment import Assessment, list_rounds, load_assessment, rules_of, sheet_and_rules
from kla_analysis.evidence.audit import audit
from kla_analysis.evidence.history import history_of
from kla_analysis.evidence.proof import nothing
from kla_analysis.evidence.published import ladder_of
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument, split_agencies
from kla_analysis.language import t

S = TypeVar("S")


@dataclass(frozen=True, eq=False)
class PublishedFact:
    """The last published result of the round.

    Attributes:
        span: the score, or the scores that it may have (points).
        predicate: code, None where it is not named.
        name: the predicate, or what is known of it, in words; None where nothing is.
        score_known: whether the score itself is published.
        source: address, or outlet and article number.
        standing: published, or derived from what is.
    """

    stage: str
    span: Span
    predicate: str | None
    name: str | None
    score_known: bool
    source: str
    standing: str
    note: str


#: What the tables of a case say of the points of a row, and of the agencies.
_POINTS = ("low", "high", "lost_points", "recoverable_points", "unknown_points", "share", "share_high", "share_of_loss")
_AGENCIES = ("full_name", "questions", "involved_points", "shared_points")


@dataclass(frozen=True, eq=False, repr=False)
class Position:
    """Where an area stands in a round; `kla.open` opens it, and notebooks call it the case.

    `questions`, `indicators`, `components`, `agencies` and `totals` are plain tables for work of one's own: each time
    a fresh copy, in the order of the sheet, without rows where the sheet does not go so far down. Their columns:

    - `name`, `max_points`, and the codes of the levels above (`component_code`, `indicator_code`);
    - `low`, `high`: points, equal unless answers are missing, which count as nothing here and as full there;
    - `lost_points` (maximum minus high), `unknown_points` (high minus low), `recoverable_points`: what may still be
      added to the total, less than the loss where an indicator would pass its own maximum;
    - `share`, `share_high` (low and high of the maximum), `share_of_loss` (of all loss at this level);
    - `answers`, `unanswered`: how many codes of the sheet below have an answer, and how many none;
    - questions also `owners` (a list of agencies), `lower_is_better`, `indicator_room`: points that their
      indicator can still gain, and what the sheet says of their evidence, empty where it does not: `evidence_state`
      (none, promised, incomplete, complete, accepted, rejected), `evidence_link`, `legal_basis`, `lead` and
      `contributing` (agencies that the district names), `due` (ISO date), `note`.

    Attributes:
        published: the published fact of the round, None when there is none.
        assessment, roll_up: the sheet of answers and its points, None when there is none.
        history: all published results of the area, oldest first, each with its span (`with_spans`).
        kept_share: the share of a self-assessed score that the user takes verification to keep;
            None to learn it from the published pairs.
        target: code of the predicate that a report about it aims for (`analysis.target.aim`); empty where nobody
            has asked yet.

    >>> import kla_analysis as kla
    >>> kla.open("63.10", 2022)
    Position(Kab. Tanah Bumbu 2022: 650,5, assumed)
    """

    area: Area
    award_year: int
    instrument: Instrument
    stage: str
    published: PublishedFact | None
    assessment: Assessment | None
    roll_up: RollUp | None
    history: pd.DataFrame
    kept_share: float | None = None
    target: str = ""

    if not TYPE_CHECKING:  # or any name would do

        def __getattr__(self, name: str) -> NoReturn:
            said = f"a case has no {name!r}"
            if not name.startswith("_"):
                said += f". {did_you_mean(name, [one for one in dir(type(self)) if not one.startswith('_')])}"
            raise AttributeError(said, name=name, obj=self)

    @property
    def sheet(self) -> Assessment:
        """The sheet, for whoever has made sure that there is one.

        Raises:
            DataError: there is none.
        """
        return self._of_sheet(self.assessment)

    @property
    def rolled(self) -> RollUp:
        """The points of the sheet, like it."""
        return self._of_sheet(self.roll_up)

    def _of_sheet(self, found: S | None) -> S:
        if found is None:
            raise DataError(
                t("Tidak ada lembar nilai untuk {area}, {year}.", area=self.area.name, year=self.award_year),
                advice=t("Sebutkan lembarnya, atau impor lembar itu lebih dahulu."),
            )
        return found

    @property
    def questions(self) -> pd.DataFrame:
        """One row a question, by `question_code`.

        >>> case = open_position("63.10", 2022)
        >>> case.questions.nlargest(1, "lost_points")[["lost_points", "owners"]].values.tolist()
        [[13.57, ['Kemenag', 'Dinkes', 'Disdukcapil']]]
        """
        table = self._level("question")
        table["owners"] = table.pop("agencies").map(lambda text: list(split_agencies(text)))
        sheet = self.assessment if self.assessment and self.assessment.level == "question" else None
        table = table.join(sheet.proof if sheet else nothing())
        table["note"] = sheet.notes.reindex(table.index) if sheet else None
        return table

    @property
    def indicators(self) -> pd.DataFrame:
        """One row an indicator, by `indicator_code`."""
        return self._level("indicator")

    @property
    def components(self) -> pd.DataFrame:
        """One row a component, by `component_code`."""
        return self._level("component")

    @property
    def agencies(self) -> pd.DataFrame:
        """One row an agency that answers a question with a loss, largest first, by `agency`.

        `full_name`; `questions`: how many; `involved_points`: all that is lost there; `shared_points`: an equal share
        of each (`lost_by_agency`).
        """
        if self.roll_up is None or self.roll_up.questions is None:
            return pd.DataFrame(columns=_AGENCIES, index=pd.Index([], name="agency"))
        ranked = lost_by_agency(self.roll_up)
        names = self.instrument.agencies["name"].reindex(ranked.index)
        ranked.insert(0, "full_name", names.fillna(ranked.index.to_series()))
        return ranked

    @property
    def totals(self) -> pd.DataFrame:
        """What is known of the total, by `basis`: `published` and `sheet`, where there is one.

        `stage`, `low` and `high` (points; equal where the total is known exactly).
        """
        known = [("published", self.published.stage, self.published.span)] if self.published else []
        known += [("sheet", self.stage, self.roll_up.total)] if self.roll_up else []
        rows = [(basis, stage, span.low, span.high) for basis, stage, span in known]
        return pd.DataFrame(rows, columns=["basis", "stage", "low", "high"]).set_index("basis")

    @property
    def repairs(self) -> pd.DataFrame:
        """What was done to the cells of an imported sheet (`Assessment.repairs`)."""
        if self.assessment is None or self.assessment.repairs is None:
            return pd.DataFrame(columns=["action", "sheet", "cell", "old", "new", "reason", "advice"])
        return self.assessment.repairs.copy()

    @property
    def ladder(self) -> Ladder:
        """The predicates of the instrument."""
        return self.instrument.ladder

    def _level(self, level: str) -> pd.DataFrame:
        order = self.instrument.table(level)
        order = order[["name", *order.columns.drop(["name", "standing", "source"])]]
        points = [*_POINTS, "indicator_room"] if level == "question" else _POINTS
        if self.roll_up is None or getattr(self.roll_up, f"{level}s") is None:
            return order.iloc[:0].assign(**dict.fromkeys(points, 0.0), answers=0, unanswered=0)
        table = lost_points(self.roll_up, level).reindex(order.index)
        return table[[*order.columns, *points, "answers", "unanswered"]]

    @property
    def fact(self) -> PublishedFact:
        """The published fact of a position without a sheet, which is all that is known then."""
        assert self.published is not None, "a position has a sheet, a published fact, or both"
        return self.published

    @property
    def span(self) -> Span:
        """The total in points: the sheet's own where there is one, else the published one."""
        return self.roll_up.total if self.roll_up else self.fact.span

    @property
    def score_known(self) -> bool:
        """Whether there is a total, and not only the predicate that it had."""
        return self.roll_up is not None or self.fact.score_known

    @cached_property
    def at_best(self) -> Position:
        """The same position with every missing answer in full: the other end of every range."""
        return replace(self, roll_up=self.roll_up.at_best) if self.roll_up and self.unknown_points else self

    @property
    def unknown_points(self) -> float:
        """How many points hang on answers that nobody has given."""
        return self.roll_up.unknown_points if self.roll_up else 0.0

    @cached_property
    def contradictions(self) -> dict[str, float]:
        """Totals by printed level that give another predicate than the answers (`Audit.contradicting`)."""
        if self.assessment is None or self.assessment.printed is None:
            return {}
        return audit(self.assessment, self.instrument).contradicting(self.span, self.instrument.ladder)

    @cached_property
    def sheets(self) -> dict[str, Position]:
        """The sheets of this area and round by stage, as these follow: the case's own, and those the project holds besides."""
        found = {} if self.roll_up is None else {self.stage: self}
        stages = [stage.code for stage in self.instrument.stages]
        for row in list_rounds(self.area.code).itertuples():
            if row.award_year == self.award_year and row.stage in stages and row.stage not in found:
                other = open_position(self.area.code, self.award_year, stage=row.stage)
                if other.instrument.id == self.instrument.id:
                    found[row.stage] = replace(other, kept_share=self.kept_share, target=self.target)
        return {stage: found[stage] for stage in stages if stage in found}

    @property
    def claimed(self) -> bool:
        """Whether the total is the district's own claim, which nobody has verified yet."""
        return any(stage.code == self.stage and stage.claimed for stage in self.instrument.stages)

    @property
    def illustrative(self) -> bool:
        """Whether the sheet is an illustration and not the area's own numbers."""
        return self.assessment is not None and self.assessment.origin.illustrative

    @property
    def illustration(self) -> str:
        """What to say of a sheet that is illustrative; nothing of any other."""
        return self.sheet.origin.note if self.illustrative else ""

    @property
    def standing(self) -> str:
        """How sure the span is: published, secondary, derived, assumed or unverified."""
        return self.assessment.origin.standing if self.assessment else self.fact.standing

    def __repr__(self) -> str:
        return f"Position({self.area.name} {self.award_year}: {self.span}, {self.standing})"


def open_position(
    area: str,
    year: int,
    *,
    stage: str | None = None,
    assessment: str | Path | None = None,
    instrument: str | None = None,
    missing: MissingPolicy = "range",
    data: Path | None = None,
) -> Position:
    """Gather what is known of an area in a round.

    Args:
        area: area code, with or without the dot.
        year: award year.
        stage: stage of the round; the latest one known when not given.
        assessment: a sheet of the user's own; the project's sheet when not given.
        instrument: id; the one that the sheet follows when not given, else the one in force in that round.

    Raises:
        ParameterError: the area is unknown, or nothing is known of it in that round.
        DataError: the sheet is refused, or belongs to another area or year.
    """
    place = find_area(area, data=data)
    path, rules = sheet_and_rules(
        place.code, year, stage=stage, assessment=assessment, instrument=instrument, data=data
    )
    if stage is not None:
        rules.stage(stage)
    sheet = load_assessment(path, rules, data=data) if path else None
    if sheet is not None and assessment is not None:
        _require_same_round(sheet, place, year, stage)
    history = with_spans(history_of(place.code, data=data), data=data)
    published = _published_fact(history, year, stage, rules)
    known = sheet or published
    if known is None:
        raise ParameterError(
            t(
                "Tidak ada data {area} untuk tahun {year}{stage}.",
                area=place.name,
                year=year,
                stage=f" ({rules.stage(stage).name})" if stage else "",
            ),
            advice=_what_there_is(place, history, data),
        )
    return Position(
        area=place,
        award_year=year,
        instrument=rules,
        stage=known.stage,
        published=published,
        assessment=sheet,
        roll_up=roll_up(sheet, rules, missing=missing) if sheet else None,
        history=history,
    )


def reference_of(instrument: Instrument, *, data: Path | None = None) -> Position | None:
    """Open the newest sheet of the unnamed district that follows an instrument; None where there is none.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> kla.reference_of(case.instrument).span.low
    771.81
    """
    rounds = list_rounds(REFERENCE_CODE, data=data)
    for row in reversed(list(rounds.itertuples())):
        if rules_of(row.path, year=row.award_year, data=data).id == instrument.id:
            return open_position(REFERENCE_CODE, row.award_year, stage=row.stage, data=data)
    return None


def with_spans(results: pd.DataFrame, *, data: Path | None = None) -> pd.DataFrame:
    """Return published results with what each of them says of the total and of the predicate, by the rules of its year.

    Returns:
        The same rows and, further, `low` and `high` (points, both included; equal where the score is
        known) and `known` (the predicate, or what is known of it, in words; None where nothing is).
    """
    spans: list[Span] = []
    names: list[str | None] = []
    for row in results.to_dict("records"):
        said = {name: value for name, value in row.items() if pd.notna(value)}
        bounds = (said.get("at_least"), said.get("at_most"))
        ladder = ladder_of(
            int(said["award_year"]), next(filter(None, (said.get("predicate"), *bounds)), None), data=data
        )
        if "predicate" in said:
            names.append(ladder.name(said["predicate"]))
            span = ladder.span_of(said["predicate"])
        else:
            names.append(ladder.name_between(*bounds) if any(bounds) else None)
            span = ladder.span_between(*bounds)
        if "score" in said:
            span = Span(said["score"], said["score"])
        elif "score_low" in said:
            span = Span(said["score_low"], said["score_high"])
        spans.append(span)
    return results.assign(
        low=[span.low for span in spans],
        high=[span.high for span in spans],
        known=pd.Series(names, index=results.index, dtype=object),
    )


def _published_fact(
    history: pd.DataFrame, year: int, stage: str | None, instrument: Instrument
) -> PublishedFact | None:
    rows = history[history["award_year"] == year]
    if stage is not None:
        rows = rows[rows["stage"] == stage]
    if rows.empty:
        return None
    order = {known.code: known.order for known in instrument.stages}
    row = max(rows.to_dict("records"), key=lambda row: order.get(row["stage"], 0))
    return PublishedFact(
        stage=row["stage"],
        span=Span(row["low"], row["high"]),
        predicate=row["predicate"] if pd.notna(row["predicate"]) else None,
        name=row["known"],
        score_known=row["low"] == row["high"],
        source=row["source"],
        standing=row["standing"],
        note=row["note"] if pd.notna(row["note"]) else "",
    )


def _require_same_round(sheet: Assessment, area: Area, year: int, stage: str | None) -> None:
    for name, asked, found in (
        ("area", area.code, sheet.area_code),
        ("year", year, sheet.award_year),
        ("stage", stage, sheet.stage),
    ):
        if asked is not None and asked != found:
            raise ParameterError(
                t(
                    "Lembar {file} memuat {name} {found}, yang diminta {asked}.",
                    file=sheet.shown,
                    name=name,
                    found=found,
                    asked=asked,
                ),
                advice=t("Samakan parameter {name} dengan isi lembar, atau pilih lembar lain.", name=name),
            )


def _what_there_is(area: Area, history: pd.DataFrame, data: Path | None) -> str:
    years = set(history["award_year"].astype(int)) | set(list_rounds(area.code, data=data)["award_year"].astype(int))
    if not years:
        return t("Sertakan lembar nilai Anda sendiri dengan {assessment} BERKAS.", assessment=called("assessment"))
    return t("Tahun yang ada: {years}.", years=", ".join(str(year) for year in sorted(years)))
