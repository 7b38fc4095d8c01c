"""The planning model: what a set of actions is worth, and what it may be.

A question scores `s` of `m`; what was claimed keeps the share that verification leaves. A funded
action raises a question to a share of `m`; where several funded actions answer one question, the
best counts once. An indicator never counts above its own maximum. The one scoring function turns
the raised sheet into a total, here and everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.scoring import RollUp, totals_of
from kla_analysis.errors import ParameterError, did_you_mean
from kla_analysis.language import t
from kla_analysis.planning.actions import EXACTLY_ONE, Catalogue
from kla_analysis.planning.expected import DECIMALS, Answered, Chances, Way, expected_gain

COSTS = ("low", "likely", "high")
ACCEPTANCE = ("full", *COSTS)


@dataclass(frozen=True)
class Limits:
    """What a plan must respect. Money in whole rupiah, points in points.

    Attributes:
        budget: ceiling on all money; None for no ceiling.
        agencies, funding_sources, years: further ceilings, by name.
        components: points that a component must have at least.
        must, must_not: actions that are decided already.
        either_or: further groups of which at most one action may be funded.
        exactly_one: groups of which exactly one action must be funded.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> model = kla.Model(case.roll_up, kla.load_catalogue("contoh", case.instrument))
    >>> kla.most_points(model, kla.Limits(budget=200_000_000)).cost <= 200_000_000
    True
    """

    budget: int | None = None
    agencies: dict[str, int] = field(default_factory=dict)
    funding_sources: dict[str, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    components: dict[str, float] = field(default_factory=dict)
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    either_or: tuple[tuple[str, ...], ...] = ()
    exactly_one: tuple[tuple[str, ...], ...] = ()

    def ceilings(self) -> dict[str, dict[str, int] | dict[int, int]]:
        """Return the ceilings beside the budget, by the column of the catalogue that they are about."""
        return {"agency": self.agencies, "funding_source": self.funding_sources, "year": self.years}

    def without(self, column: str, name: str | int) -> Limits:
        """Return the limits without one ceiling on money.

        Args:
            column: `agency`, `funding_source` or `year`; empty for the budget.
            name: which of them, such as a code of an agency; nothing happens where it has no ceiling.
        """
        if not column:
            return replace(self, budget=None)
        attribute = {"agency": "agencies", "funding_source": "funding_sources", "year": "years"}[column]
        rest: dict[str, Any] = {attribute: {at: most for at, most in getattr(self, attribute).items() if at != name}}
        return replace(self, **rest)


#: Nothing to respect.
NO_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Ceiling:
    """A ceiling on money.

    Attributes:
        column: what it is about: `agency`, `funding_source` or `year`; empty for the whole budget.
        name: which one.
        most: rupiah.
        paid: what each action takes from it, rupiah.
    """

    column: str
    name: str | int
    most: int
    paid: np.ndarray

    @property
    def words(self) -> str:
        """The ceiling in the middle of a sentence, without its money."""
        return f"{limit_name(self.column)} {self.name}" if self.column else t("anggaran")


@dataclass(frozen=True, eq=False)
class Model:
    """A sheet, a catalogue and the assumptions that tie them together.

    What an action adds to a question that nobody has answered is unknown, so it counts as nothing: such
    answers are taken out of the catalogue here, and a total is what is sure whatever the question holds.

    Attributes:
        kept_share: the share of every claimed point that verification keeps.
        cost: which cost of the range counts: `low`, `likely` or `high`.
        acceptance: `full` counts an action's points in full; `low`, `likely` or `high` counts what they are
            worth on average at that chance of acceptance (`expected`).

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> model = kla.Model(case.roll_up, kla.load_catalogue("contoh", case.instrument))
    >>> model.total(model.indices(["A01"]))
    662.94
    """

    rollup: RollUp
    catalogue: Catalogue
    kept_share: float = 1.0
    cost: str = "likely"
    acceptance: str = "full"

    def __post_init__(self) -> None:
        known = ~self.catalogue.answers["question_code"].isin(self.rollup.unanswered)
        if not known.all():
            object.__setattr__(self, "catalogue", replace(self.catalogue, answers=self.catalogue.answers[known]))
        if not 0 <= self.kept_share <= 1:
            raise ParameterError(
                t("Bagian {share} tidak mungkin.", share=self.kept_share),
                advice=t("Bagian yang dipertahankan verifikasi berada di antara 0 dan 1."),
            )
        for what, given, known in ((t("Biaya"), self.cost, COSTS), (t("Penerimaan"), self.acceptance, ACCEPTANCE)):
            if given not in known:
                raise ParameterError(
                    t("{what} “{given}” tidak dikenal.", what=what, given=given), advice=did_you_mean(given, known)
                )

    @cached_property
    def codes(self) -> list[str]:
        """The action codes, in the order of the catalogue."""
        return list(self.catalogue.actions.index)

    @cached_property
    def costs(self) -> np.ndarray:
        """Cost of every action, whole rupiah."""
        return self.catalogue.actions[f"cost_{self.cost}"].to_numpy(dtype=np.int64)

    @cached_property
    def claimed(self) -> pd.Series:
        """Points of every question as the sheet has them, before verification."""
        return self.rollup.table("question")["low"]

    @cached_property
    def base(self) -> np.ndarray:
        """Points of every question without any action."""
        return (self.claimed.to_numpy() * self.kept_share).round(DECIMALS)

    @cached_property
    def gains(self) -> np.ndarray:
        """Points that each action alone adds to each question: actions × questions, never below 0."""
        gains = np.zeros((len(self.codes), len(self.base)))
        answers = self.catalogue.answers
        row = pd.Index(self.codes).get_indexer(answers["action_code"])
        column = self.rollup.table("question").index.get_indexer(answers["question_code"])
        raised = np.clip(self._raised - self.base[column], 0, None)
        if self.acceptance != "full":
            raised = raised * answers[f"chance_{self.acceptance}"].to_numpy()
        gains[row, column] = raised
        return gains.round(DECIMALS)

    @property
    def _raised(self) -> np.ndarray:
        """Points to which every answer of the catalogue raises its question."""
        answers = self.catalogue.answers
        maxima = self.rollup.instrument.questions["max_points"]
        return (answers["raised_to"] * answers["question_code"].map(maxima)).to_numpy(dtype=float)

    @cached_property
    def _filled(self) -> pd.Series:
        """Whether all actions together could carry an indicator past its maximum."""
        instrument, answers = self.rollup.instrument, self.catalogue.answers
        could = self.claimed.copy()
        most = pd.Series(self._raised, index=answers["question_code"], dtype=float).groupby(level=0).max()
        could[most.index] = np.maximum(could[most.index], most)
        sums = could.groupby(instrument.questions["indicator_code"]).sum()
        return sums.gt(instrument.indicators["max_points"].reindex(sums.index) + 1e-9)

    @cached_property
    def answered(self) -> list[Answered]:
        """The indicators that actions answer, with who raises which question to what."""
        instrument, claimed = self.rollup.instrument, self.claimed.to_dict()
        position = dict(zip(self.codes, range(len(self.codes)), strict=True))
        sums = self.claimed.groupby(instrument.questions["indicator_code"]).sum()
        rows = self.catalogue.answers.assign(points=self._raised)
        rows["indicator"] = rows["question_code"].map(instrument.questions["indicator_code"])
        inside: dict[str, dict[str, list[Way]]] = {code: {} for code in rows["indicator"].unique()}
        for question, indicator in zip(rows["question_code"], rows["indicator"], strict=True):
            inside[indicator].setdefault(question, [])
        for row in rows.sort_values("points", ascending=False, kind="stable").itertuples():
            chances = (row.chance_low, row.chance_likely, row.chance_high)
            inside[row.indicator][row.question_code].append(Way(position[row.action_code], row.points, chances))
        return [
            Answered(
                position=instrument.indicators.index.get_loc(indicator),
                claimed=float(sums[indicator]),
                of_questions=tuple(float(claimed[question]) for question in ways),
                maximum=float(instrument.indicators.at[indicator, "max_points"]),
                fills=bool(self._filled[indicator]),
                ways=tuple(tuple(own) for own in ways.values()),
            )
            for indicator, ways in inside.items()
        ]

    def chance(self, chances: Chances) -> np.ndarray:
        """Return the chance of acceptance that counts: of low, likely and high one; always 1 in full."""
        return np.ones(1) if self.acceptance == "full" else np.array([chances[COSTS.index(self.acceptance)]])

    def totals_of(self, plans: Sequence[Iterable[int]]) -> np.ndarray:
        """Return the total of each of many sets of actions (positions), as `total` has it of one."""
        funded = np.zeros((len(plans), len(self.codes)), dtype=bool)
        for row, chosen in zip(funded, plans, strict=True):
            row[list(chosen)] = True
        instrument = self.rollup.instrument
        if self.acceptance == "full":
            points = np.array([self.base + self.gains[row].max(axis=0, initial=0.0) for row in funded])
            return totals_of(points.reshape(len(plans), len(self.base)), instrument)["total"]
        points = np.repeat(totals_of(self.base[np.newaxis, :], instrument)["indicator"], len(plans), axis=0)
        for answered in self.answered:
            points[:, answered.position] += expected_gain(answered, np.array([self.kept_share]), self.chance, funded)[0]
        return totals_of(points, instrument, "indicator")["total"]

    def gained(self, chosen: np.ndarray) -> np.ndarray:
        """Return what a set of actions adds to each indicator on average, points."""
        funded = np.zeros((1, len(self.codes)), dtype=bool)
        funded[0, chosen] = True
        gains = np.zeros(len(self.rollup.instrument.indicators))
        kept = np.array([self.kept_share])
        for at, answered in enumerate(self.answered):
            key = (at, *(k for k in answered.actions if funded[0, k]))
            if len(key) > 1 and key not in self._known:
                self._known[key] = float(expected_gain(answered, kept, self.chance, funded)[0, 0])
            gains[answered.position] = self._known.get(key, 0.0)
        return gains

    @cached_property
    def _known(self) -> dict[tuple[int, ...], float]:
        """What parts of plans are worth, once counted."""
        return {}

    @cached_property
    def clusters(self) -> list[list[int]]:
        """Actions (positions) that touch each other: they answer one question or fill one indicator.

        What two clusters add never depends on each other, whatever share of the claims is kept.
        """
        answers = self.catalogue.answers
        indicator = answers["question_code"].map(self.rollup.instrument.questions["indicator_code"])
        shared = answers["question_code"].where(~indicator.map(self._filled).astype(bool), indicator)
        row = dict(zip(self.codes, range(len(self.codes)), strict=True))
        return joined(
            len(self.codes),
            ([row[code] for code in codes] for codes in answers.groupby(shared)["action_code"].agg(list)),
        )

    def raised_to(self, action: str) -> pd.Series:
        """Return the share of its maximum to which an action raises each question that it answers."""
        answers = self.catalogue.answers
        return answers[answers["action_code"] == action].set_index("question_code")["raised_to"]

    def indices(self, actions: Iterable[str]) -> np.ndarray:
        """Return the positions of actions.

        Raises:
            ParameterError: an unknown action; names the nearest.
        """
        found = []
        for code in actions:
            if code not in self.catalogue.actions.index:
                raise ParameterError(
                    t("Kegiatan “{code}” tidak ada di katalog {id}.", code=code, id=self.catalogue.id),
                    advice=did_you_mean(str(code), self.codes),
                )
            found.append(self.codes.index(code))
        return np.array(found, dtype=int)

    def require_known(self, limits: Limits) -> None:
        """Refuse limits about what the catalogue or the instrument does not have.

        Raises:
            ParameterError: an unknown action, agency, funding source, year or component; names the nearest.
        """
        for codes in (limits.must, limits.must_not, *limits.either_or, *limits.exactly_one):
            self.indices(codes)
        for column, given in limits.ceilings().items():
            known = self.catalogue.names(column)
            for name in given:
                if name not in known:
                    about = {"column": limit_name(column), "name": name, "id": self.catalogue.id}
                    raise ParameterError(
                        t("{column} “{name}” tidak ada di katalog {id}.", **about),
                        advice=did_you_mean(str(name), map(str, known)),
                    )
        for code in limits.components:
            self.rollup.instrument.component(code)

    def totals(self, chosen: np.ndarray) -> dict[str, np.ndarray]:
        """Return what a set of actions leads to by the one scoring function: `indicator`, `component` and `total`."""
        instrument = self.rollup.instrument
        if self.acceptance == "full":
            best = self.gains[chosen].max(axis=0) if len(chosen) else 0.0
            return totals_of((self.base + best)[np.newaxis, :], instrument)
        # An average can not be had question by question where an indicator fills.
        start = totals_of(self.base[np.newaxis, :], instrument)["indicator"]
        return totals_of(start + self.gained(chosen), instrument, "indicator")

    def total(self, chosen: np.ndarray) -> float:
        """Return the total of a set of actions by the one scoring function."""
        return float(self.totals(chosen)["total"][0])

    def components(self, chosen: np.ndarray) -> pd.Series:
        """Return every component's points when actions are funded."""
        return pd.Series(self.totals(chosen)["component"][0], index=self.rollup.components.index, name="points")

    def ceilings(self, limits: Limits) -> list[Ceiling]:
        """Return every ceiling on money, the whole budget first, with what each action takes from it."""
        found = [] if limits.budget is None else [Ceiling("", "", limits.budget, self.costs)]
        for column, given in limits.ceilings().items():
            found += [Ceiling(column, name, most, self.paid(column, name)) for name, most in given.items()]
        return found

    def paid(self, column: str, name: str | int) -> np.ndarray:
        """Return what each action costs an agency, a funding source or a year, rupiah."""
        if (column, name) not in self._paid:
            rows = self.catalogue.rows
            rows = rows[rows[column] == name]
            paid = np.zeros(len(self.codes), dtype=np.int64)
            own = pd.Index(self.codes).get_indexer(rows["action_code"])
            np.add.at(paid, own, rows[f"cost_{self.cost}"].to_numpy(np.int64))
            self._paid[column, name] = paid
        return self._paid[column, name]

    @cached_property
    def _paid(self) -> dict[tuple[str, str | int], np.ndarray]:
        """What was paid, once it was asked: a search asks for the same ceilings thousands of times."""
        return {}

    def overspent(self, chosen: np.ndarray, limits: Limits) -> list[str]:
        """Say in words which ceilings on money a set of actions breaks."""
        return [each.words for each in self.ceilings(limits) if each.paid[chosen].sum() > each.most]

    def broken(self, chosen: np.ndarray, limits: Limits) -> list[str]:
        """Say in words which limits a set of actions breaks; empty when it breaks none.

        Money is compared in whole rupiah, points of components to the millionth.

        Args:
            chosen: positions of the funded actions.
        """
        funded = {self.codes[at] for at in chosen}
        said = self.overspent(chosen, limits)
        said += [t("wajib {code}", code=code) for code in limits.must if code not in funded]
        said += [t("dilarang {code}", code=code) for code in limits.must_not if code in funded]
        for group, exactly in self.groups(limits):
            count = len(funded & set(group))
            if count > 1 or (exactly and not count):
                words = t("tepat satu: {codes}", codes=", ".join(group)) if exactly else None
                said.append(words or t("pilih satu: {codes}", codes=", ".join(group)))
        for at in chosen:
            for choice in self.needs[at]:
                if funded.isdisjoint(names := [self.codes[other] for other in choice]):
                    said.append(t("prasyarat {code}: {names}", code=self.codes[at], names=alternatives(names)))
        return said + [t("komponen {code}", code=code) for code in self._short(chosen, limits)]

    def _short(self, chosen: np.ndarray, limits: Limits) -> list[str]:
        """Return the components that have fewer points than they must have."""
        if not limits.components:
            return []
        points = self.components(chosen)
        return [code for code, least in limits.components.items() if points[code] < least - 1e-6]

    def groups(self, limits: Limits) -> list[tuple[tuple[str, ...], bool]]:
        """Return the groups of which at most one action may be funded, or (true) exactly one must be."""
        return [
            *self._own_groups,
            *((codes, False) for codes in limits.either_or),
            *((codes, True) for codes in limits.exactly_one),
        ]

    @cached_property
    def _own_groups(self) -> list[tuple[tuple[str, ...], bool]]:
        """The groups of the catalogue."""
        actions = self.catalogue.actions
        own = actions["group_code"].dropna()
        kinds = actions["group_kind"] if "group_kind" in actions else pd.Series(index=actions.index, dtype=object)
        return [
            (tuple(codes), bool((kinds[codes] == EXACTLY_ONE).any())) for _, codes in own.groupby(own).groups.items()
        ]

    @cached_property
    def needs(self) -> list[list[list[int]]]:
        """What each action (in order) needs: of every choice of prerequisites (positions) at least one."""
        return [
            [self.indices(choice).tolist() for choice in choices] for choices in self.catalogue.actions["prerequisites"]
        ]


def alternatives(choice: Iterable[str]) -> str:
    """Write a prerequisite of which one is enough.

    >>> alternatives(["A01"]), alternatives(["A01", "A02"])
    ('A01', 'A01 atau A02')
    """
    return t(" atau ").join(choice)


def limit_name(column: str) -> str:
    """Name what a ceiling is about, in the middle of a sentence."""
    return {"agency": t("pagu"), "funding_source": t("sumber dana"), "year": t("tahun")}[column]


def joined(count: int, groups: Iterable[Iterable[int]]) -> list[list[int]]:
    """Split `count` members into the smallest parts that hold every group whole."""
    from scipy.sparse import coo_array, csgraph

    pairs = [(first, other) for first, *others in map(list, groups) for other in others]
    left, right = zip(*pairs, strict=True) if pairs else ((), ())
    matrix = coo_array((np.ones(len(pairs)), (left, right)), shape=(count, count))
    _, part = csgraph.connected_components(matrix, directed=False)
    return [np.flatnonzero(part == at).tolist() for at in dict.fromkeys(part.tolist())]
