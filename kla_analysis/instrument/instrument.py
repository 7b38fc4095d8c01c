"""The instrument of an award year: components, indicators, questions, bands, stages, sources.

An instrument is a dated folder of data. The library knows no indicator, weight or article by name:
a new year is a new folder, and old years score the same for ever.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.errors import ParameterError, Problem, as_written, did_you_mean
from kla_analysis.instrument.bands import Band, BoundCase, Ladder
from kla_analysis.language import by_language, current_language, number, t
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_resource, read_yaml, refuse, stamp

#: The levels of an instrument from the finest to the coarsest, and the column that codes each.
CODE_COLUMNS = {"question": "question_code", "indicator": "indicator_code", "component": "component_code"}


#: Years that can be an award's: the first rules of KLA are of 2011; the same bounds stand in `datapackage.json`.
AWARD_YEARS = range(2011, 2101)


@dataclass(frozen=True)
class Source:
    """Where a value comes from, and how sure it is: published, secondary, derived or assumed."""

    id: str
    title: str
    citation: str
    standing: str
    url: str | None = None


@dataclass(frozen=True)
class Stage:
    """One stage of an evaluation round, from self-assessment to the final result.

    Attributes:
        claimed: the scores are the district's own; nobody has verified them yet.
        words: what sheets call the stage, beside its name.
    """

    code: str
    order: int
    name: str
    carries_award: bool
    claimed: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verifier:
    """Who verifies what districts claim, from an award year on."""

    code: str
    name: str
    since: int


@dataclass(frozen=True)
class Discrepancy:
    """A contradiction of the source that is declared instead of repaired.

    `values` are points: what is `printed`, and what is added up `from_indicators` and `from_questions`.
    """

    id: str
    level: str
    code: str
    kind: str
    reason: str
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One question; `max_points` is what a full answer earns, `agencies` are those who answer it."""

    code: str
    label: str
    max_points: float
    indicator: str
    component: str
    agencies: tuple[str, ...]
    source: str


@dataclass(frozen=True)
class Indicator:
    """One indicator with its own maximum in points."""

    code: str
    name: str
    max_points: float
    component: str
    source: str


@dataclass(frozen=True)
class Component:
    """One of the components (institutions, clusters, sub-districts and villages)."""

    code: str
    name: str
    max_points: float
    source: str


@dataclass(frozen=True, eq=False, repr=False)
class Instrument:
    """The rules of one award year.

    Attributes:
        components, indicators, questions: tables indexed by code, in the order of the sheet. Columns:
            `name` (in the language in force), `max_points`, the codes of the levels above,
            `standing` and `source`; questions also `agencies` (text, `;` between names) and
            `lower_is_better`. Treat them as read-only.
        ladder: the bands.
        earlier: single values known of other award years: `award_year`, `level`, `code`,
            `max_points`, `standing`, `source`.
    """

    id: str
    title: str
    standing: str
    valid_from: datetime.date
    ladder: Ladder
    stages: tuple[Stage, ...]
    verifiers: tuple[Verifier, ...]
    sources: dict[str, Source]
    discrepancies: tuple[Discrepancy, ...]
    components: pd.DataFrame
    indicators: pd.DataFrame
    questions: pd.DataFrame
    agencies: pd.DataFrame
    earlier: pd.DataFrame
    gap_rule: str
    cap_rule: str
    gap_standing: str
    cap_standing: str
    notes: tuple[str, ...]
    short_names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def question_in(self) -> np.ndarray:
        """Which question belongs to which indicator: questions × indicators, ones and zeros."""
        return _membership(self.questions["indicator_code"], self.indicators.index)

    @cached_property
    def indicator_in(self) -> np.ndarray:
        """Which indicator belongs to which component: indicators × components, ones and zeros."""
        return _membership(self.indicators["component_code"], self.components.index)

    def __repr__(self) -> str:
        return (
            f"Instrument({self.id}: {len(self.components)} components, {len(self.indicators)} indicators, "
            f"{len(self.questions)} questions, {self.ladder.max_total:g} points)"
        )

    def table(self, level: str) -> pd.DataFrame:
        """Return the table of a level: `question`, `indicator` or `component`."""
        return {"question": self.questions, "indicator": self.indicators, "component": self.components}[level]

    def question(self, code: str) -> Question:
        """Look a question up by its code, such as `21A.7a`."""
        row = self._row("question", code)
        return Question(
            code=row.name,
            label=row["name"],
            max_points=row["max_points"],
            indicator=row["indicator_code"],
            component=row["component_code"],
            agencies=split_agencies(row["agencies"]),
            source=row["source"],
        )

    def indicator(self, code: str) -> Indicator:
        """Look an indicator up by its code, such as `21A`."""
        row = self._row("indicator", code)
        return Indicator(row.name, row["name"], row["max_points"], row["component_code"], row["source"])

    def component(self, code: str) -> Component:
        """Look a component up by its code, such as `K2`."""
        row = self._row("component", code)
        return Component(row.name, row["name"], row["max_points"], row["source"])

    def short_name(self, code: str) -> str:
        """Return what people call a component; its name where it has no shorter one.

        >>> load_instrument("kla-2024").short_name("K2")
        'Klaster II'
        """
        return self.short_names.get(code) or self.component(code).name

    def stage(self, code: str) -> Stage:
        """Look a stage up by its code, such as `self_assessment`."""
        by_code = {stage.code: stage for stage in self.stages}
        return by_code[as_written(code, by_code, t("Tahap “{name}” tidak dikenal.", name=code))]

    def verifier(self, code: str) -> Verifier:
        """Look a verifier up by its code, such as `province`."""
        by_code = {verifier.code: verifier for verifier in self.verifiers}
        return by_code[as_written(code, by_code, t("Pemverifikasi “{name}” tidak dikenal.", name=code))]

    def verifier_of(self, award_year: int) -> Verifier | None:
        """Return who verifies in a round; None for rounds before all that are known."""
        begun = [verifier for verifier in self.verifiers if verifier.since <= award_year]
        return max(begun, key=lambda verifier: verifier.since) if begun else None

    def agency_code(self, text: str) -> str:
        """Return the code of an agency that is named by its code or its full name, in any case.

        A name that is not known comes back as it is.
        """
        folded = " ".join(text.split()).casefold()
        for code, row in self.agencies.iterrows():
            if folded in {str(name).casefold() for name in (code, row["name_id"], row["name_en"], row["name"])}:
                return str(code)
        return text

    @property
    def claimed_stage(self) -> Stage:
        """The stage at which a district enters its own scores, with which every round begins."""
        return next((stage for stage in self.stages if stage.claimed), self.stages[0])

    def _row(self, level: str, code: str) -> pd.Series:
        table = self.table(level)
        if not isinstance(code, str) or code not in table.index:
            code = as_written(code, table.index, t("Kode “{code}” tidak ada di instrumen {id}.", code=code, id=self.id))
        return table.loc[code]


def require_award_year(year: int) -> None:
    """Refuse a year in which no award can be meant.

    Raises:
        ParameterError: it lies before the first rules of KLA (Permen PPPA 11 and 12/2011), or far ahead.
    """
    if year not in AWARD_YEARS:
        raise ParameterError(
            t("{year} bukan tahun penghargaan KLA.", year=year),
            advice=t("Isi tahun dari {first} sampai {last}.", first=AWARD_YEARS[0], last=AWARD_YEARS[-1]),
        )


def level_name(level: str) -> str:
    """Name a level in the language in force: `component`, `indicator` or `question`."""
    return {"component": t("komponen"), "indicator": t("indikator"), "question": t("pertanyaan")}[level]


def standing_name(standing: str) -> str:
    """Say how sure a value is: published, secondary, derived, assumed or unverified."""
    return {
        "published": t("terbit"),
        "secondary": t("sekunder"),
        "derived": t("turunan"),
        "assumed": t("asumsi"),
        "unverified": t("menurut pembuatnya"),
    }[standing]


def split_agencies(text: object) -> tuple[str, ...]:
    """Split a cell of agencies; a question without agencies gives an empty tuple.

    >>> split_agencies("Dinkes;Satpol PP"), split_agencies(None)
    (('Dinkes', 'Satpol PP'), ())
    """
    if not isinstance(text, str):
        return ()
    return tuple(part.strip() for part in text.split(";") if part.strip())


def known_instruments(*, data: Path | None = None) -> list[str]:
    """Return the ids of all instruments, the folders under `data/instruments/`."""
    folder = (data or find_project().data) / "instruments"
    return sorted(path.name for path in folder.glob("*") if (path / "instrument.yaml").is_file())


def all_stages(*, data: Path | None = None) -> list[Stage]:
    """Return the stages of all instruments, each code once, as the newest names it."""
    newest_first = [load_instrument(name, data=data) for name in reversed(known_instruments(data=data))]
    found = {stage.code: stage for rules in reversed(newest_first) for stage in rules.stages}
    return sorted(found.values(), key=lambda stage: stage.order)


def instrument_in_force(year: int | None = None, *, data: Path | None = None) -> str:
    """Return the id of the instrument by which a round is scored.

    It is the one in force in the award year. A round for which none was is scored by the one that came
    next, since its own weights are not known: the origin of its sheet says so.

    Args:
        year: award year; the newest instrument when not given.
    """
    data = data or find_project().data
    folder = data / "instruments"
    spans = {
        name: _in_force(folder / name, stamp(folder / name / "instrument.yaml"))
        for name in known_instruments(data=data)
    }
    if year is not None:
        covering = {name: span for name, span in spans.items() if span[0] <= year <= span[1]}
        later = {name: span for name, span in spans.items() if span[0] > year}
        if not covering and later:
            return min(later, key=later.__getitem__)
        spans = covering or spans
    return max(spans, key=spans.__getitem__)


@lru_cache(maxsize=64)
def _in_force(folder: Path, changed: tuple[int, int]) -> tuple[float, float]:
    """Return the first and the last award year of an instrument."""
    about = read_yaml(folder / "instrument.yaml")
    return about["valid_from"].year, about["valid_to"].year if about["valid_to"] else math.inf


def load_instrument(instrument: str | None = None, *, year: int | None = None, data: Path | None = None) -> Instrument:
    """Load and check an instrument.

    Args:
        instrument: id, the name of a folder under `data/instruments/`; the one in force when not given.
        year: award year for which it is in force; the newest when not given.
        data: the data folder; the project's own when not given.

    Raises:
        ParameterError: there is no such instrument.
        DataError: its tables contradict each other in a way that `discrepancies.yaml` does not
            declare, or no longer contradict each other where it does.

    >>> load_instrument(year=2025)
    Instrument(kla-2024: 7 components, 31 indicators, 274 questions, 1000 points)
    """
    data = data or find_project().data
    folder = data / "instruments"
    known = known_instruments(data=data)
    instrument = instrument or instrument_in_force(year, data=data)
    if instrument not in known:
        raise ParameterError(
            t("Instrumen “{name}” tidak ada.", name=instrument), advice=did_you_mean(instrument, known)
        )
    files = (*sorted((folder / instrument).iterdir()), folder.parent / "datapackage.json")
    return _load(folder / instrument, current_language(), tuple(map(stamp, files)))


@lru_cache(maxsize=8)
def _load(folder: Path, lang: str, changed: tuple[tuple[int, int], ...]) -> Instrument:
    """Load once per process and language (the names are in the language in force), and again when a file has changed."""
    about = read_yaml(folder / "instrument.yaml")
    components, indicators, questions, agencies = (
        read_resource(f"instruments/{folder.name}/{name}.csv", folder.parent.parent).rename(
            columns={"max_score": "max_points", "label_id": "name_id", "label_en": "name_en"}
        )
        for name in ("components", "indicators", "questions", "agencies")
    )
    discrepancies = tuple(_discrepancy(item) for item in read_yaml(folder / "discrepancies.yaml"))
    _require_consistent(about, components, indicators, questions, discrepancies, f"data/instruments/{folder.name}")
    return Instrument(
        id=about["id"],
        title=by_language(about["title"]),
        standing=about["standing"],
        valid_from=about["valid_from"],
        ladder=_ladder(about),
        stages=_stages(about),
        verifiers=tuple(
            Verifier(verifier["code"], by_language(verifier["name"]), int(verifier["since"]))
            for verifier in about["verifiers"]
        ),
        sources={source["id"]: _source(source) for source in about["sources"]},
        discrepancies=discrepancies,
        components=_named(components, "component_code"),
        indicators=_named(indicators, "indicator_code"),
        questions=_named(questions, "question_code"),
        agencies=_glossed(agencies).set_index("agency"),
        earlier=pd.DataFrame(about.get("earlier", [])).rename(columns={"max_score": "max_points"}),
        gap_rule=by_language(about["gap_rule"]["text"]),
        cap_rule=by_language(about["cap_rule"]["text"]),
        gap_standing=about["gap_rule"]["standing"],
        cap_standing=about["cap_rule"]["standing"],
        notes=tuple(_text(note) for note in about["notes"]),
        short_names={code: by_language(name) for code, name in about.get("short_names", {}).items()},
    )


def _discrepancy(item: dict[str, Any]) -> Discrepancy:
    found = {name: item.get(name) for name in ("printed", "from_indicators", "from_questions")}
    return Discrepancy(
        id=item["id"],
        level=item["level"],
        code=str(item["code"]),
        kind=item["kind"],
        reason=by_language(item["reason"]),
        values={name: float(value) for name, value in found.items() if isinstance(value, int | float)},
    )


def _ladder(about: dict[str, Any]) -> Ladder:
    return Ladder(
        bands=tuple(
            Band(
                code=band["code"],
                name=by_language(band["name"]),
                lower=float(band["lower"]),
                printed_upper=float(band["printed_upper"]),
                standing=band["standing"],
                source=band["source"],
                disputed_lower=by_language(band["disputed_lower"]["reason"]) if "disputed_lower" in band else None,
            )
            for band in about["bands"]
        ),
        max_total=float(about["max_total"]),
        no_award_code=about["no_award"]["code"],
        no_award_name=by_language(about["no_award"]["name"]),
        cases=tuple(
            BoundCase(float(case["score"]), case["predicate"], by_language(case["said"]), case["source"])
            for case in about["gap_rule"].get("cases", ())
        ),
    )


def _stages(about: dict[str, Any]) -> tuple[Stage, ...]:
    return tuple(
        Stage(
            code=stage["code"],
            order=stage["order"],
            name=by_language(stage["name"]),
            carries_award=stage["carries_award"],
            claimed=stage.get("claimed", False),
            words=tuple(stage.get("words", ())),
        )
        for stage in sorted(about["stages"], key=lambda stage: stage["order"])
    )


def _source(item: dict[str, Any]) -> Source:
    return Source(item["id"], _text(item["title"]), _text(item["citation"]), item["standing"], item.get("url"))


def _text(value: Any) -> str:
    return by_language(value) if isinstance(value, dict) else str(value)


def _glossed(agencies: pd.DataFrame) -> pd.DataFrame:
    """Keep the official name of each agency, and behind it what it means where the reader speaks another language."""
    official, meaning = agencies["name_id"], in_language(agencies, "name")
    return agencies.assign(name=official.where(official == meaning, official + " (" + meaning + ")"))


def _named(table: pd.DataFrame, code: str) -> pd.DataFrame:
    """Index a table by its code and keep the name in the language in force."""
    kept = table.drop(columns=["name_id", "name_en"])
    return kept.assign(name=in_language(table, "name")).set_index(code)


def _require_consistent(
    about: dict[str, Any],
    components: pd.DataFrame,
    indicators: pd.DataFrame,
    questions: pd.DataFrame,
    discrepancies: tuple[Discrepancy, ...],
    shown: str,
) -> None:
    """Compare each maximum with the sum of the level below; only what is declared may contradict.

    An indicator may keep a maximum of its own: its score is capped there. A component and the total are the sums of
    what stands below them, so that points are never lost between the levels; what the source prints for a component is
    declared, and sheets that print it are read.
    """
    declared = {(said.level, said.code): said for said in discrepancies if said.kind == "max"}
    problems = [
        *_without_parent(questions, indicators, "indicator_code", f"{shown}/questions.csv"),
        *_without_parent(indicators, components, "component_code", f"{shown}/indicators.csv"),
    ]
    advice = t("Perbaiki tabelnya, atau nyatakan di discrepancies.yaml bila sumbernya memang begitu.")
    for code, maximum, below in _beside(indicators, questions, "indicator_code"):
        if _same(maximum, below) == (("indicator", code) in declared):
            problems.append(
                _no_longer(code, shown)
                if _same(maximum, below)
                else _not_the_sum(code, maximum, below, advice, f"{shown}/indicators.csv")
            )
    answers = {code: summed for code, _, summed in _beside(components, questions, "component_code")}
    advice = t("Tulis jumlahnya; angka lain yang tercetak di sumber dinyatakan di discrepancies.yaml (printed).")
    for code, maximum, below in _beside(components, indicators, "component_code"):
        said = declared.get(("component", code))
        if not _same(maximum, below):
            problems.append(_not_the_sum(code, maximum, below, advice, f"{shown}/components.csv"))
        elif said and _same(said.values.get("printed", maximum), below) and _same(answers[code], below):
            problems.append(_no_longer(code, shown))
    total = math.fsum(components["max_points"])
    if not _same(about["max_total"], total):
        advice = t("Perbaiki max_total atau tabelnya.")
        problems.append(_not_the_sum("total", about["max_total"], total, advice, f"{shown}/instrument.yaml"))
    lowers = [band["lower"] for band in about["bands"]]
    if lowers != sorted(set(lowers)):
        what = t("batas bawah predikat tidak menaik")
        problems.append(Problem(what, t("Urutkan dari yang terendah."), f"{shown}/instrument.yaml"))
    if problems:
        refuse(shown, problems)


def _without_parent(child: pd.DataFrame, parent: pd.DataFrame, column: str, file: str) -> Iterator[Problem]:
    for row, code in child.loc[~child[column].isin(parent[column]), column].items():
        what = t("kode ini tidak ada di tabel di atasnya")
        yield Problem(what, did_you_mean(code, parent[column]), file, row, column, code)


def _beside(parents: pd.DataFrame, children: pd.DataFrame, column: str) -> Iterator[tuple[str, float, float]]:
    """Yield the code and maximum of each parent, with the sum of its children's maxima."""
    for code, maximum in zip(parents[column], parents["max_points"], strict=True):
        yield code, maximum, math.fsum(children.loc[children[column] == code, "max_points"])


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, abs_tol=1e-6)


def _not_the_sum(code: str, maximum: float, below: float, advice: str, file: str) -> Problem:
    what = t(
        "maksimum {code} tercetak {printed}, jumlah di bawahnya {sum}",
        code=code,
        printed=number(maximum),
        sum=number(below),
    )
    return Problem(what, advice, file)


def _no_longer(code: str, shown: str) -> Problem:
    what = t("maksimum {code} kini cocok dengan jumlah di bawahnya", code=code)
    return Problem(what, t("Hapus pernyataan itu dari discrepancies.yaml."), f"{shown}/discrepancies.yaml")


def _membership(parents: pd.Series, order: pd.Index) -> np.ndarray:
    """Return which child belongs to which parent: children × parents, ones and zeros."""
    return (parents.to_numpy()[:, np.newaxis] == order.to_numpy()[np.newaxis, :]).astype(float)
