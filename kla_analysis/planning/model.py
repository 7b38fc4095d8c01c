"""The planning model: what a set of actions is worth, and what it may be.

A question scores `s` of `m`; what was claimed keeps the share that verification leaves. A funded
action raises a question to a share of `m`; where several funded actions answer one question, the
best counts once. An indicator never counts above its own maximum. The one scoring function turns
the raised sheet into a total, here and everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from kla_analysis.analysis.scoring import RollUp, totals_of
from kla_analysis.errors import ParameterError, did_you_mean
from kla_analysis.language import t
from kla_analysis.planning.actions import Catalogue

COSTS = ("low", "likely", "high")
ACCEPTANCE = ("full", *COSTS)
#: Points are counted to the millionth, as the one scoring function does.
DECIMALS = 6


@dataclass(frozen=True)
class Limits:
    """What a plan must respect. Money in whole rupiah, points in points.

    Attributes:
        budget: ceiling on all money; None for no ceiling.
        agencies, funding_sources, years: further ceilings, by name.
        components: points that a component must have at least.
        must, must_not: actions that are decided already.
        either_or: further groups of which at most one action may be funded.
    """

    budget: int | None = None
    agencies: dict[str, int] = field(default_factory=dict)
    funding_sources: dict[str, int] = field(default_factory=dict)
    years: dict[int, int] = field(default_factory=dict)
    components: dict[str, float] = field(default_factory=dict)
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    either_or: tuple[tuple[str, ...], ...] = ()

    def ceilings(self) -> dict[str, dict[str, int] | dict[int, int]]:
        """Return the ceilings beside the budget, by the column of the catalogue that they are about."""
        return {"agency": self.agencies, "funding_source": self.funding_sources, "year": self.years}

    def without(self, column: str, name: str | int) -> Limits:
        """Return the limits without one ceiling; an empty column means the budget."""
        if not column:
            return replace(self, budget=None)
        attribute = {"agency": "agencies", "funding_source": "funding_sources", "year": "years"}[column]
        rest = {other: most for other, most in getattr(self, attribute).items() if other != name}
        return replace(self, **{attribute: rest})


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
        acceptance: `full` counts an action's points in full; `low`, `likely` or `high` times that
            chance of acceptance.
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
        questions = self.rollup.table("question")
        gains = np.zeros((len(self.codes), len(questions)))
        answers = self.catalogue.answers
        row = pd.Index(self.codes).get_indexer(answers["action_code"])
        column = questions.index.get_indexer(answers["question_code"])
        maxima = questions["max_points"].to_numpy()[column]
        raised = np.clip(answers["raised_to"].to_numpy() * maxima - self.base[column], 0, None)
        if self.acceptance != "full":
            raised = raised * answers[f"chance_{self.acceptance}"].to_numpy()
        gains[row, column] = raised
        return gains.round(DECIMALS)

    @cached_property
    def clusters(self) -> list[list[int]]:
        """Actions (positions) that touch each other: they answer one question or fill one indicator.

        What two clusters add never depends on each other, whatever share of the claims is kept.
        """
        answers = self.catalogue.answers
        instrument = self.rollup.instrument
        indicator = answers["question_code"].map(instrument.questions["indicator_code"])
        could = self.claimed.copy()
        most = answers["raised_to"] * answers["question_code"].map(instrument.questions["max_points"])
        most = most.groupby(answers["question_code"]).max()
        could[most.index] = np.maximum(could[most.index], most)
        filled = (
            could.groupby(instrument.questions["indicator_code"]).sum().gt(instrument.indicators["max_points"] + 1e-9)
        )
        shared = answers["question_code"].where(~indicator.map(filled), indicator)
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
        for codes in (limits.must, limits.must_not, *limits.either_or):
            self.indices(codes)
        for column, given in limits.ceilings().items():
            known = sorted(set(self.catalogue.actions[column]))
            for name in given:
                if name not in known:
                    raise ParameterError(
                        t("{column} “{name}” tidak ada di katalog {id}.", column=limit_name(column), name=name,
                          id=self.catalogue.id),
                        advice=did_you_mean(str(name), map(str, known)),
                    )  # fmt: skip
        for code in limits.components:
            self.rollup.instrument.component(code)

    def points(self, chosen: np.ndarray) -> np.ndarray:
        """Return every question's points when actions are funded (positions of actions)."""
        best = self.gains[chosen].max(axis=0) if len(chosen) else 0.0
        return self.base + best

    def total(self, chosen: np.ndarray) -> float:
        """Return the total of a set of actions by the one scoring function."""
        return float(totals_of(self.points(chosen)[np.newaxis, :], self.rollup.instrument)["total"][0])

    def components(self, chosen: np.ndarray) -> pd.Series:
        """Return every component's points when actions are funded."""
        found = totals_of(self.points(chosen)[np.newaxis, :], self.rollup.instrument)["component"][0]
        return pd.Series(found, index=self.rollup.components.index, name="points")

    def ceilings(self, limits: Limits) -> list[Ceiling]:
        """Return every ceiling on money, the whole budget first, with what each action takes from it."""
        found = [] if limits.budget is None else [Ceiling("", "", limits.budget, self.costs)]
        for column, given in limits.ceilings().items():
            of = self.catalogue.actions[column].to_numpy()
            found += [Ceiling(column, name, most, self.costs * (of == name)) for name, most in given.items()]
        return found

    def overspent(self, chosen: np.ndarray, limits: Limits) -> list[str]:
        """Say in words which ceilings on money a set of actions breaks."""
        return [each.words for each in self.ceilings(limits) if each.paid[chosen].sum() > each.most]

    def broken(self, chosen: np.ndarray, limits: Limits) -> list[str]:
        """Say in words which limits a set of actions breaks; empty when it breaks none."""
        actions = self.catalogue.actions
        funded = {self.codes[at] for at in chosen}
        said = self.overspent(chosen, limits)
        said += [t("wajib {code}", code=code) for code in limits.must if code not in funded]
        said += [t("dilarang {code}", code=code) for code in limits.must_not if code in funded]
        for group in self.groups(limits):
            if len(funded & set(group)) > 1:
                said.append(t("pilih satu: {codes}", codes=", ".join(group)))
        for code in funded:
            missing = [name for name in actions.loc[code, "prerequisites"] if name not in funded]
            if missing:
                said.append(t("prasyarat {code}: {names}", code=code, names=", ".join(missing)))
        points = self.components(chosen)
        said += [
            t("komponen {code}", code=code) for code, least in limits.components.items() if points[code] < least - 1e-6
        ]
        return said

    def groups(self, limits: Limits) -> list[tuple[str, ...]]:
        """Return the groups of which at most one action may be funded."""
        own = self.catalogue.actions["group_code"].dropna()
        return [tuple(codes) for _, codes in own.groupby(own).groups.items()] + list(limits.either_or)


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
