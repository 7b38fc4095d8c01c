"""The exact plan: most points for a budget, or least money for a target, proven by HiGHS.

The formulation, in words: fund an action or not; a question that several funded actions answer is
credited to one of them; a question that only one action answers needs no choice; where an indicator
could pass its own maximum, only what fits counts. Every answer of the solver is checked again by
the model itself: limits, cost, and total by the one scoring function.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from kla_analysis.errors import DataError, ParameterError
from kla_analysis.instrument.bands import Placement
from kla_analysis.language import money, number, t
from kla_analysis.planning.expected import expected_gain
from kla_analysis.planning.model import NO_LIMITS, Limits, Model

#: Seconds that one solve may take before the best plan so far is returned with its gap.
TIME_LIMIT = 30.0
# Room for the solver's tolerance, points; and what is exact: below the sixth decimal of the scoring function.
_SLACK, _EXACT = 1e-5, 1e-9
# Actions that answer one question, at most, where averages are planned: each of their sets is a variable.
_MOST_TOGETHER = 12
# One unit of the objective, points.
_FINE = 1e-3
# How far a bound may lie from what it proves: points, and rupiah (money is whole rupiah).
_PROVEN = {"points": 1e-6 + _EXACT, "money": 0.5}
# Rows count money in millions of rupiah, so that their coefficients lie near one: beside coefficients of a
# billion the solver's tolerances prune plans that are best. Beyond a thousand millions the unit grows.
_MILLION, _LARGE = 1_000_000, 1_000
# One unit of the objective when money is minimised, in that unit: a rupiah is a thousandth of it.
_COIN = 1e-3

#: Coefficients by variable, and between which two values their sum stays.
Row = tuple[dict[int, float], float, float]
Status = Literal["optimal", "time_limit", "unproven", "sampled", "infeasible"]
#: What proved a plan best: every set was tried out, or a solver branched through them.
Prover = Literal["", "enumeration", "HiGHS"]


class NothingFound(DataError):
    """The time was over before any plan was found; `bound` is what no plan can beat."""

    def __init__(self, what: str, bound: float) -> None:
        super().__init__(what, advice=t("Beri waktu lebih lama, atau kurangi batasannya."))
        self.bound = bound


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """A set of funded actions and what it is worth.

    Attributes:
        actions: codes, in the order of the catalogue.
        cost: whole rupiah.
        total: points, by the one scoring function.
        status: `optimal` is proven, by `prover`; `time_limit` is the best found in time; `unproven` is the
            best found, whose proof did not stand the check; `sampled` is the cheapest found for a
            probability, its bound proven on a sample of outcomes; `infeasible` holds no action, and `why`
            says which demand meets which ceiling.
        bound: what no plan can beat: points, or rupiah when money was minimised; none where unproven.
        reachable: the best total within the limits, points; given where a target was out of reach.
        saves: whether money was minimised, so that `bound` is rupiah.
    """

    model: Model
    limits: Limits
    actions: tuple[str, ...]
    cost: int
    total: float
    status: Status
    bound: float
    why: str = ""
    reachable: float | None = None
    prover: Prover = ""
    saves: bool = False

    @property
    def placement(self) -> Placement:
        """Where the total falls."""
        return self.model.rollup.instrument.ladder.place(self.total)

    @property
    def table(self) -> pd.DataFrame:
        """The funded actions with their cost, all their years and sources, and the points that are lost without each."""
        chosen = self.model.indices(self.actions)
        table = self.model.catalogue.actions.iloc[chosen].copy()
        paid = self.model.catalogue.rows.groupby("action_code")
        for column in ("year", "funding_source"):
            table[column] = paid[column].agg(lambda given: ", ".join(map(str, sorted(set(given))))).reindex(table.index)
        table["cost"] = self.model.costs[chosen]
        table["points_without"] = [
            round(self.total - self.model.total(np.delete(chosen, at)), 6) for at in range(len(chosen))
        ]
        return table

    def __repr__(self) -> str:
        return f"Plan({self.status}: {len(self.actions)} actions, {money(self.cost)}, {number(self.total)})"


def most_points(model: Model, limits: Limits, *, time_limit: float = TIME_LIMIT, cheapest: bool = True) -> Plan:
    """Find the plan with the most points within the limits, and the cheapest of those.

    Args:
        cheapest: look for the cheapest among equals; a second solve that is spared where only the
            points count.

    Raises:
        ParameterError: an unknown action, agency, funding source, year or component in the limits.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> model = kla.Model(case.roll_up, kla.load_catalogue("contoh", case.instrument))
    >>> kla.most_points(model, kla.Limits(budget=500_000_000)).total
    694.94
    """
    problem = _Problem(model, limits)
    best = problem.solve("points", time_limit=time_limit)
    if best is None:
        return infeasible(model, limits, problem)
    if best.status == "optimal" and cheapest:
        total = model.total(best.chosen)
        best = _among_equals(problem, best, "money", total, time_limit, lambda chosen: model.total(chosen) > total)
    return checked(model, limits, best.chosen, best.status, best.bound, "HiGHS")


def least_money(model: Model, target: float, limits: Limits = NO_LIMITS, *, time_limit: float = TIME_LIMIT) -> Plan:
    """Find the cheapest plan whose total reaches a target (points), and of equally cheap ones that with the most points.

    Raises:
        ParameterError: the target is impossible, or an unknown name in the limits.
    """
    if not 0 <= target <= model.rollup.instrument.ladder.max_total:
        raise ParameterError(
            t("Target {target} tidak mungkin.", target=number(target)),
            advice=t("Isi nilai di antara 0 dan {top}.", top=number(model.rollup.instrument.ladder.max_total)),
        )
    problem = _Problem(model, limits)
    best = problem.solve("money", target=target, time_limit=time_limit)
    if best is None:
        return infeasible(model, limits, problem, target)
    cost = int(model.costs[best.chosen].sum())
    if best.status == "optimal":
        no_dearer = _Problem(model, replace(limits, budget=cost))
        best = _among_equals(
            no_dearer, best, "points", target, time_limit, lambda chosen: bool(model.costs[chosen].sum() < cost)
        )
    return replace(checked(model, limits, best.chosen, best.status, best.bound, "HiGHS"), saves=True)


@dataclass(frozen=True, eq=False)
class _Solved:
    """What the solver found: positions of the funded actions, how far it is proven, and the bound."""

    chosen: np.ndarray
    status: Status
    bound: float
    values: np.ndarray


def _among_equals(
    problem: _Problem,
    first: _Solved,
    what: Literal["points", "money"],
    target: float,
    time_limit: float,
    beats: Callable[[np.ndarray], bool],
) -> _Solved:
    """Choose among the equals of a first answer by solving again.

    The second solve tries the first one as well: where it finds nothing, or something that beats the
    first, the first was not proven.
    """
    try:
        again = problem.solve(what, target=target, time_limit=time_limit, start=first)
    except NothingFound:
        return replace(first, status="time_limit")
    if again is None or beats(again.chosen):
        return replace(again or first, status="unproven", bound=math.nan)
    return replace(again, bound=math.nan if again.status == "unproven" else first.bound)


@dataclass(eq=False)
class _Problem:
    """The mixed-integer programme of a model and its limits, as rows of sums."""

    model: Model
    limits: Limits
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        model, limits = self.model, self.limits
        model.require_known(limits)
        instrument = model.rollup.instrument
        self.count = len(model.codes)
        self.whole = set(range(self.count))
        self.upper = [1.0] * self.count
        self.lower = [0.0] * self.count
        indicators = instrument.indicators
        indicator_of = indicators.index.get_indexer(instrument.questions["indicator_code"])
        # Points of each indicator as a linear expression in the variables.
        parts = self._full_parts(indicator_of) if model.acceptance == "full" else self._expected_parts()
        sums = np.bincount(indicator_of, model.base, len(indicators))
        room = indicators["max_points"].to_numpy() - sums
        self.base = float(np.minimum(sums, indicators["max_points"].to_numpy()).sum())
        self.points: dict[int, float] = {}
        by_component: dict[str, dict[int, float]] = {}
        for at, part in enumerate(parts):
            if not part:
                continue
            if model.acceptance == "full" and self._most(part) > room[at] + 1e-9:
                fits = self._variable(max(0.0, float(room[at])))
                self.rows.append(({fits: 1.0, **{v: -g for v, g in part.items()}}, -math.inf, 0.0))
                part = {fits: 1.0}
            component = by_component.setdefault(indicators["component_code"].iloc[at], {})
            for variable, gain in part.items():
                self.points[variable] = self.points.get(variable, 0.0) + gain
                component[variable] = component.get(variable, 0.0) + gain
        self._money_rows(limits)
        self._choice_rows(limits)
        start = model.components(np.array([], dtype=int))
        for code, least in limits.components.items():
            self.rows.append((by_component.get(code, {}), least - start[code], math.inf))

    def _full_parts(self, indicator_of: np.ndarray) -> list[dict[int, float]]:
        """Return the points of each indicator where every action counts in full."""
        gains = self.model.gains
        parts: list[dict[int, float]] = [{} for _ in self.model.rollup.instrument.indicators.index]
        for question in np.flatnonzero((gains > 0).any(axis=0)):
            answering = np.flatnonzero(gains[:, question] > 0).tolist()
            into = parts[indicator_of[question]]
            if len(answering) == 1:
                (at,) = answering
                into[at] = into.get(at, 0.0) + gains[at, question]
                continue
            credited = {}
            for at in answering:
                variable = self._variable(1.0)
                self.rows.append(({variable: 1.0, at: -1.0}, -math.inf, 0.0))
                into[variable] = gains[at, question]
                credited[variable] = 1.0
            self.rows.append((credited, -math.inf, 1.0))
        return parts

    def _expected_parts(self) -> list[dict[int, float]]:
        """Return the points of each indicator on average: what several actions add together is no sum.

        So each of their sets has a variable of its own, one where exactly these are funded.
        """
        model = self.model
        kept = np.array([model.kept_share])
        parts: list[dict[int, float]] = [{} for _ in model.rollup.instrument.indicators.index]
        for answered in model.answered:
            alone = [answered] if answered.fills else [answered.question(at) for at in range(len(answered.ways))]
            for block in alone:
                actions = block.actions
                if len(actions) > _MOST_TOGETHER:
                    indicator = model.rollup.instrument.indicators.index[block.position]
                    raise ParameterError(
                        t(
                            "Nilai rata-rata indikator {code} tidak dapat dihitung: {count} kegiatan menjawab hal yang sama.",
                            code=indicator,
                            count=len(actions),
                        ),
                        advice=t(
                            "Pakai penerimaan “full”, atau paling banyak {most} kegiatan untuk satu pertanyaan.",
                            most=_MOST_TOGETHER,
                        ),
                    )
                member = ((np.arange(1, 1 << len(actions))[:, None] >> np.arange(len(actions))) & 1).astype(bool)
                funded = np.zeros((len(member), self.count), dtype=bool)
                funded[:, actions] = member
                gains = expected_gain(block, kept, model.chance, funded)[0]
                into = parts[block.position]
                if len(actions) == 1:
                    into[actions[0]] = into.get(actions[0], 0.0) + gains[0]
                    continue
                sets = [self._variable(1.0) for _ in member]
                into.update(zip(sets, gains.tolist(), strict=True))
                self.rows.append((dict.fromkeys(sets, 1.0), -math.inf, 1.0))
                for k, at in enumerate(actions):
                    with_it = {sets[row]: 1.0 for row in np.flatnonzero(member[:, k])}
                    self.rows.append((with_it | {at: -1.0}, 0.0, 0.0))
        return parts

    def _variable(self, upper: float) -> int:
        self.upper.append(upper)
        self.lower.append(0.0)
        return len(self.upper) - 1

    def _most(self, part: dict[int, float]) -> float:
        """Bound what an indicator can gain: for a credited question its largest single gain."""
        return sum(part.values())

    def _money_rows(self, limits: Limits) -> None:
        largest = int(self.model.costs.max(initial=1))
        self.unit = _MILLION * 10 ** max(0, math.ceil(math.log10(largest / (_MILLION * _LARGE))))
        for ceiling in self.model.ceilings(limits):
            paid = {int(at): ceiling.paid[at] / self.unit for at in np.flatnonzero(ceiling.paid)}
            # Room for the tolerance keeps the solver from shutting out a plan that just fits.
            self.rows.append((paid, -math.inf, ceiling.most / self.unit + 1e-6))

    def _choice_rows(self, limits: Limits) -> None:
        for at in self.model.indices(limits.must):
            self.lower[at] = 1.0
        for at in self.model.indices(limits.must_not):
            self.upper[at] = 0.0
        for group, exactly in self.model.groups(limits):
            self.rows.append(({int(at): 1.0 for at in self.model.indices(group)}, float(exactly) or -math.inf, 1.0))
        for at, choices in enumerate(self.model.needs):
            for choice in choices:
                self.rows.append(({at: 1.0, **dict.fromkeys(choice, -1.0)}, -math.inf, 0.0))

    def solve(
        self,
        what: Literal["points", "money"],
        *,
        target: float | None = None,
        time_limit: float,
        start: _Solved | None = None,
    ) -> _Solved | None:
        """Solve exactly; return None when nothing is allowed.

        The solver works within tolerances. A set of actions that breaks a ceiling or misses a target by
        less than them is shut out by name, together with all sets that break it too, and solved again.
        What it calls proven is proven only where its bound meets what the plan itself is worth.

        Args:
            start: a plan to begin with.
        """
        if any(low > high for low, high in zip(self.lower, self.upper, strict=True)):
            return None
        rows = list(self.rows)
        if target is not None:
            rows.append((self.points, target - self.base - _SLACK, math.inf))
        objective = np.zeros(len(self.upper))
        if what == "points":
            for variable, gain in self.points.items():
                # The solver stops at a difference of a millionth: far below what a point is written with.
                objective[variable] = -gain / _FINE
        else:
            objective[: self.count] = self.model.costs / (self.unit * _COIN)
        values = None if start is None else start.values
        until = time.monotonic() + time_limit
        while True:
            left = max(until - time.monotonic(), 0.0)
            found = solve(objective, self.lower, self.upper, self.whole, rows, left, start=values)
            if found is None:
                return None
            values, proven, bound = found
            chosen = np.flatnonzero(values[: self.count] > 0.5)
            wrong = self.shut_out(chosen, target)
            if wrong is not None:
                rows.append(wrong)
            else:
                solved = self._proven(what, chosen, proven, bound, values)
                if solved.status != "unproven" or start is None:
                    return solved
                start = None  # a plan to begin with can mislead the solver about its cost: without one
            values = None

    def shut_out(self, chosen: np.ndarray, target: float | None, first: int = 0) -> Row | None:
        """Return the row that shuts out a set of actions which breaks a ceiling or misses a target; None where it is right.

        Args:
            first: where the variables of this problem begin.
        """
        if self.model.overspent(chosen, self.limits):
            return {first + at: 1.0 for at in chosen.tolist()}, -math.inf, len(chosen) - 1
        if self._short(chosen, target):
            others = set(range(self.count)) - set(chosen.tolist())
            return {first + at: 1.0 for at in sorted(others)}, 1.0, math.inf
        return None

    def _proven(
        self, what: Literal["points", "money"], chosen: np.ndarray, proven: bool, bound: float, values: np.ndarray
    ) -> _Solved:
        """Hold the solver's bound against what the plan is worth by the model itself."""
        bound = self.base - bound * _FINE if what == "points" else bound * self.unit * _COIN
        worth = self.model.total(chosen) if what == "points" else float(self.model.costs[chosen].sum())
        if not proven:
            return _Solved(chosen, "time_limit", bound, values)
        if abs(bound - worth) > _PROVEN[what]:
            return _Solved(chosen, "unproven", math.nan, values)
        return _Solved(chosen, "optimal", worth, values)

    def _short(self, chosen: np.ndarray, target: float | None) -> bool:
        """Whether a set of actions misses the target or a component's least."""
        if target is not None and self.model.total(chosen) < target - _EXACT:
            return True
        least = self.limits.components
        reached = self.model.components(chosen) if least else {}
        return any(reached[code] < points - _EXACT for code, points in least.items())


# Branches that are looked at before the solver begins to guess.
_BRANCHES = 300
#: The solver's ways to guess a good plan before it looks at all of them.
_GUESSES = (
    "mip_heuristic_run_feasibility_jump",
    "mip_heuristic_run_rins",
    "mip_heuristic_run_rens",
    "mip_heuristic_run_root_reduced_cost",
)


def solve(
    objective: np.ndarray,
    lower: Sequence[float],
    upper: Sequence[float],
    whole: Container[int],
    rows: Sequence[Row],
    time_limit: float,
    *,
    nodes: int | None = None,
    start: np.ndarray | None = None,
) -> tuple[np.ndarray, bool, float] | None:
    """Minimise a sum over variables of which some are whole numbers.

    Args:
        nodes: how many branches to look at, at most; unlike seconds, the same on every machine.
        start: variables that are known to fit.

    Returns:
        The variables, whether they are proven best, and the bound that nothing can beat; None when the
        rows contradict each other.

    Raises:
        DataError: nothing was found within the time limit (seconds).
    """
    import highspy

    programme = _programme(objective, lower, upper, whole, rows)
    # The class itself has no types.
    solver: Any = highspy.Highs()
    options = {"output_flag": False, "mip_rel_gap": 0.0}
    # At its own tolerances it takes 0.9999997 for one, and such a share of a cost for all of it.
    options |= dict.fromkeys(("mip_feasibility_tolerance", "primal_feasibility_tolerance"), 1e-9)
    # Most programmes of this size are branched through in less time than a good guess takes to find.
    options |= dict.fromkeys(_GUESSES, False)
    _set(solver, options | {"mip_max_nodes": _BRANCHES if nodes is None else nodes})
    solver.passModel(programme)
    if start is not None:
        known = highspy.HighsSolution()
        known.col_value = [round(value) if at in whole else value for at, value in enumerate(start)]
        solver.setSolution(known)
    # The solver's own limit reads the clock on the wall: whoever sets that clock would end the search, or never.
    until = time.monotonic() + time_limit
    solver.cbMipInterrupt += lambda event: event.interrupt(time.monotonic() > until)
    solver.run()
    if nodes is None and solver.getModelStatus() == highspy.HighsModelStatus.kSolutionLimit:
        # Those that are not, close sooner with guesses: measured on multiple-choice knapsacks of ten resources.
        _set(solver, dict.fromkeys(_GUESSES, True) | {"mip_max_nodes": highspy.kHighsIInf})
        if solver.getInfo().primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            solver.setSolution(solver.getSolution())
        solver.run()
    ended, info = solver.getModelStatus(), solver.getInfo()
    if ended == highspy.HighsModelStatus.kInfeasible:
        return None
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise NothingFound(
            t("Tidak ada rencana yang ditemukan dalam {seconds} detik.", seconds=number(time_limit)),
            info.mip_dual_bound,
        )
    proven = ended == highspy.HighsModelStatus.kOptimal
    return np.array(solver.getSolution().col_value), proven, info.mip_dual_bound


def _set(solver: Any, options: Mapping[str, float]) -> None:
    for option, value in options.items():
        solver.setOptionValue(option, value)


def _programme(
    objective: np.ndarray, lower: Sequence[float], upper: Sequence[float], whole: Container[int], rows: Sequence[Row]
) -> Any:
    """Write variables and rows as the solver takes them, row by row."""
    import highspy

    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = len(upper), len(rows)
    programme.col_cost_ = objective
    programme.col_lower_, programme.col_upper_ = np.array(lower), np.array(upper)
    programme.row_lower_ = np.array([low for _, low, _ in rows])
    programme.row_upper_ = np.array([high for *_, high in rows])
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.start_ = np.cumsum([0, *(len(row) for row, *_ in rows)])
    programme.a_matrix_.index_ = np.array([variable for row, *_ in rows for variable in row], dtype=np.int32)
    programme.a_matrix_.value_ = np.array([value for row, *_ in rows for value in row.values()], dtype=float)
    integer, part = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
    programme.integrality_ = [integer if at in whole else part for at in range(len(upper))]
    return programme


@dataclass(frozen=True, eq=False)
class Nested:
    """Plans for rising budgets, each of which holds the one before: positions of actions, and how far they are proven."""

    chosen: list[np.ndarray]
    status: Status


def nested_plans(
    model: Model, limits: Limits, budgets: Sequence[tuple[int, float]], *, time_limit: float = TIME_LIMIT
) -> Nested | None:
    """Find plans for rising budgets (rupiah, weight), each holding the one before, with the most points on average.

    Returns None when no such plans keep the limits.

    Raises:
        NothingFound: the time was over before any were found.
    """
    together = _Together([_Problem(model, replace(limits, budget=budget)) for budget, _ in budgets])
    if any(low > high for low, high in zip(together.lower, together.upper, strict=True)):
        return None
    weights = [weight for _, weight in budgets]
    objective = together.objective(weights)
    until = time.monotonic() + time_limit
    while True:
        left = max(until - time.monotonic(), 0.0)
        found = solve(objective, together.lower, together.upper, together.whole, together.rows, left)
        if found is None:
            return None
        values, proven, bound = found
        chosen = together.chosen(values)
        if together.all_right(chosen):
            break
    status: Status = "time_limit"
    if proven:
        value = np.dot(weights, [model.total(each) for each in chosen])
        held = np.dot(weights, [problem.base for problem in together.problems]) - bound * _FINE
        status = "optimal" if abs(held - value) <= _PROVEN["points"] else "unproven"
    for each, problem in zip(chosen, together.problems, strict=True):
        checked(model, problem.limits, each, status, math.nan)
    return Nested(chosen, status)


class _Together:
    """Problems for rising budgets side by side in one programme; what a smaller one funds, the next one funds too."""

    def __init__(self, problems: Sequence[_Problem]) -> None:
        self.problems = problems
        self.lower: list[float] = []
        self.upper: list[float] = []
        self.rows: list[Row] = []
        self.whole: set[int] = set()
        #: Where the variables of each problem begin.
        self.starts: list[int] = []
        for problem in problems:
            at = len(self.upper)
            self.rows += [({at + k: v for k, v in row.items()}, low, high) for row, low, high in problem.rows]
            for before in self.starts[-1:]:
                self.rows += [({before + k: 1.0, at + k: -1.0}, -math.inf, 0.0) for k in range(problem.count)]
            self.whole |= {at + k for k in problem.whole}
            self.lower += problem.lower
            self.upper += problem.upper
            self.starts.append(at)

    def objective(self, weights: Sequence[float]) -> np.ndarray:
        """Return what the solver minimises: points on average over the budgets."""
        found = np.zeros(len(self.upper))
        for at, problem, weight in zip(self.starts, self.problems, weights, strict=True):
            for variable, gain in problem.points.items():
                found[at + variable] = -weight * gain / _FINE
        return found

    def chosen(self, values: np.ndarray) -> list[np.ndarray]:
        """Return the funded actions of each problem."""
        placed = zip(self.starts, self.problems, strict=True)
        return [np.flatnonzero(values[at : at + problem.count] > 0.5) for at, problem in placed]

    def all_right(self, chosen: list[np.ndarray]) -> bool:
        """Whether every plan keeps its limits; those that do not are shut out."""
        placed = zip(self.starts, self.problems, chosen, strict=True)
        wrong = [row for at, problem, each in placed if (row := problem.shut_out(each, None, at)) is not None]
        self.rows += wrong
        return not wrong


def checked(
    model: Model, limits: Limits, chosen: np.ndarray, status: Status, bound: float, prover: Prover = ""
) -> Plan:
    """Check an answer by the model itself, in whole rupiah, and wrap it."""
    broken = model.broken(chosen, limits)
    if broken:
        raise DataError(
            t("Penyelesai melanggar batas: {broken}.", broken="; ".join(broken)), advice=t("Laporkan skenario ini.")
        )
    return Plan(
        model=model,
        limits=limits,
        actions=tuple(model.codes[at] for at in chosen),
        cost=int(model.costs[chosen].sum()),
        total=model.total(chosen),
        status=status,
        bound=round(bound, 6),
        prover=prover if status == "optimal" else "",
    )


def infeasible(model: Model, limits: Limits, problem: _Problem, target: float | None = None) -> Plan:
    """Say which demand meets which ceiling, and what is the best that can be reached."""
    best = problem.solve("points", time_limit=TIME_LIMIT) if target is not None else None
    reachable = None if best is None else model.total(best.chosen)
    if target is None or best is None or reachable is None:
        why = t("Tuntutannya bertentangan: {demands}.", demands=_demands(limits))
    elif reachable >= target - _EXACT:  # the solver said that there is none, and then found one
        return replace(checked(model, limits, best.chosen, "unproven", math.nan), saves=True)
    elif best.status == "optimal":
        why = t(
            "Target {target} tidak tercapai: paling banyak {reachable} dengan {ceilings}.",
            target=number(target),
            reachable=number(reachable),
            ceilings=_binding(model, limits, target),
        )
    else:
        why = t(
            "Target {target} tidak tercapai dalam batas ini; terbanyak yang ditemukan {reachable}.",
            target=number(target),
            reachable=number(reachable),
        )
    none = np.array([], dtype=int)
    return Plan(model, limits, (), 0, model.total(none), "infeasible", math.nan, why, reachable)


def _binding(model: Model, limits: Limits, target: float) -> str:
    """Name the ceilings without any one of which the target would be reached."""
    named = [
        (f"{ceiling.words} {money(ceiling.most)}", limits.without(ceiling.column, ceiling.name))
        for ceiling in model.ceilings(limits)
    ]
    if limits.must_not:
        named.append((t("larangan {codes}", codes=", ".join(limits.must_not)), replace(limits, must_not=())))
    enough = []
    for words, relaxed in named:
        best = _Problem(model, relaxed).solve("points", time_limit=TIME_LIMIT)
        if best is not None and model.total(best.chosen) >= target:
            enough.append(words)
    if enough:
        return " / ".join(enough)
    return t("semua batas bersama-sama") if named else t("semua kegiatan di katalog")


def _demands(limits: Limits) -> str:
    said = []
    if limits.must:
        said.append(t("wajib {codes}", codes=", ".join(limits.must)))
    if limits.must_not:
        said.append(t("dilarang {codes}", codes=", ".join(limits.must_not)))
    said += [t("tepat satu: {codes}", codes=", ".join(codes)) for codes in limits.exactly_one]
    said += [
        t("komponen {code} sedikitnya {least}", code=code, least=number(least))
        for code, least in limits.components.items()
    ]
    if limits.budget is not None:
        said.append(t("anggaran {money}", money=money(limits.budget)))
    return "; ".join(said) or t("kelompok dan prasyarat")
