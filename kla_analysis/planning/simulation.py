"""One answer to one scenario: the same for the app, the notebook, the report and the command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from kla_analysis.analysis.forecast import Retention, forecastable, outlook, own_retention
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.errors import ParameterError, called
from kla_analysis.instrument.bands import Band, Placement
from kla_analysis.language import t
from kla_analysis.planning.actions import Catalogue, load_catalogue
from kla_analysis.planning.certainty import Certainty, sure_plan
from kla_analysis.planning.done import Finished, finished
from kla_analysis.planning.frontier import Progress, Staircase, quick_staircase, staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.outcomes import Chance, Outcomes, draw_outcomes
from kla_analysis.planning.plan import Plan, least_money, most_points
from kla_analysis.planning.ranking import Ranking, cut_safe, weighted_list
from kla_analysis.planning.robustness import SECURED, core_actions, regret, worth_of_evidence
from kla_analysis.planning.scenario import Scenario

#: Rupiah: “what would a little more buy?”
NEXT_STEP = 100_000_000
#: Shares of the budget that are cut, to see what falls.
CUTS = (0.1, 0.25, 0.5)
#: How sure is sure: the probability whose price a summary names; beyond the other one no step of the stairs is counted.
SURE, SUREST = 0.8, 0.95
#: Probabilities whose price is named.
LEVELS = (0.5, SURE, 0.9, SUREST)


@dataclass(eq=False, repr=False)
class Ground:
    """What all scenarios with the same assumptions share: the model, its outcomes, its staircase.

    Attributes:
        retention: how the claimed points are cut; None when the sheet is that of the award.
        limits: all limits but the budget.
        catalogue: all that could be done; the model has what is still to be chosen.
        done: what is done already, and so no choice.
    """

    position: Position
    model: Model
    limits: Limits
    retention: Retention | None
    catalogue: Catalogue
    done: Finished
    _stairs: Staircase | None = None
    _searches: dict[float, Certainty] = field(default_factory=dict)

    def certainty(self, target: float) -> Certainty:
        """Return the search for sure plans to a target (points): one for all who ask, so that they hear one price."""
        if target not in self._searches:
            self._searches[target] = Certainty(self.model, target, self.limits, self.retention, self.outcomes)
        return self._searches[target]

    @property
    def kept(self) -> Literal["all", "share", "drawn"]:
        """What is supposed of the points of the sheet: all kept, a share that somebody assumes, or as it is drawn."""
        return "all" if self.retention is None else "share" if self.retention.certain else "drawn"

    @cached_property
    def outcomes(self) -> Outcomes:
        """The drawn outcomes on which every probability is counted."""
        return draw_outcomes(self.model, self.retention)

    @cached_property
    def _quick(self) -> Staircase | None:
        return quick_staircase(self.model, self.limits)

    @property
    def proven(self) -> Staircase | None:
        """The staircase if it is there and each of its steps is proven."""
        return self.ready if self.ready is not None and self.ready.status == "optimal" else None

    @property
    def ready(self) -> Staircase | None:
        """The staircase if it is there or takes no time; None when it must be climbed first."""
        return self._stairs or self._quick

    def climb(self, progress: Progress = lambda share: None) -> Staircase:
        """Return the staircase; where it can not be added up this takes a while."""
        stairs = self.ready
        if stairs is None:
            stairs = self._stairs = staircase(self.model, self.limits, progress=progress)
        return stairs


class Simulator:
    """Answers scenarios about one position, and remembers what they share."""

    def __init__(self, position: Position) -> None:
        """Take the position.

        Raises:
            ParameterError: there is no sheet with answers per question, so nothing can be planned.
        """
        if position.roll_up is None or position.roll_up.level != "question":
            raise ParameterError(
                t("Rencana perlu lembar nilai per pertanyaan; {area} tidak punya.", area=position.area.name),
                advice=t("Sertakan lembar sendiri dengan {assessment} BERKAS.", assessment=called("assessment")),
            )
        self.done = finished(position)
        self.position = self.done.after
        self.roll_up = self.position.roll_up or position.roll_up
        self._grounds: dict[str, Ground] = {}
        self._catalogues: dict[str, Catalogue] = {}

    def catalogue(self, name: str) -> Catalogue:
        """Load a catalogue once."""
        if name not in self._catalogues:
            self._catalogues[name] = load_catalogue(name, self.position.instrument)
        return self._catalogues[name]

    def forget(self, name: str) -> None:
        """Read a catalogue anew when it is asked for again, because it was changed."""
        self._catalogues.pop(name, None)
        self._grounds = {key: ground for key, ground in self._grounds.items() if ground.catalogue.id != name}

    def ground(self, scenario: Scenario) -> Ground:
        """Return what this scenario shares with all of the same assumptions."""
        _require_about(self.position, scenario)
        key = scenario.model_dump_json(
            exclude={
                "title",
                "note",
                "goal",
                "budget",
                "budgets",
                "certainty",
                "target",
                "time_limit",
                "area",
                "year",
                "stage",
            }
        )
        if key not in self._grounds:
            position = self.position
            retention = None
            if scenario.retention:
                retention = own_retention(scenario.retention)
            elif forecastable(position) and not position.instrument.stage(position.stage).carries_award:
                retention = outlook(position).retention
            # A field verification may raise a verified score; no answer is kept more than whole.
            kept = min(retention.median, 1.0) if retention is not None else 1.0
            catalogue = self.catalogue(scenario.catalogue)
            Model(self.roll_up, catalogue).require_known(scenario.limits)
            left, limits = self.done.without(catalogue), self.done.limits(catalogue, scenario.limits)
            model = Model(self.roll_up, left, kept, scenario.cost, scenario.acceptance)
            self._grounds[key] = Ground(position, model, replace(limits, budget=None), retention, catalogue, self.done)
        return self._grounds[key]

    def run(self, scenario: Scenario, target: str = "") -> Simulation:
        """Answer a scenario.

        Args:
            target: the predicate that is meant when the scenario names none; the next one when empty.

        Raises:
            ParameterError: the scenario is about another area, or names what does not exist.
        """
        ground = self.ground(scenario)
        goal = self.position.instrument.ladder.band(scenario.target or target or aim(self.position))
        plan, chance = _solve(ground, scenario, goal.lower)
        return Simulation(scenario, ground, goal, plan, chance)


def simulate(position: Position, scenario: Scenario | None = None, target: str = "") -> Simulation:
    """Answer one scenario about one position.

    Args:
        scenario: the default one, the cheapest way to the target, when not given.
        target: code of the predicate that is meant where the scenario names none; the next one when empty.

    Raises:
        ParameterError: the position has no sheet with answers per question, or the scenario is about another area or
            names what does not exist. DataError: the catalogue is refused.
    """
    return Simulator(position).run(scenario or Scenario(), target)


@dataclass(frozen=True, eq=False, repr=False)
class Simulation:
    """The answer: the plan, what it is worth, how sure, and what hangs on it.

    Attributes:
        goal: the band that is aimed for.
        chance: the probability that the plan's verified total reaches it.
    """

    scenario: Scenario
    ground: Ground
    goal: Band
    plan: Plan
    chance: Chance

    @property
    def model(self) -> Model:
        """The planning model."""
        return self.ground.model

    @property
    def target(self) -> float:
        """Points that the goal asks for."""
        return self.goal.lower

    @property
    def chosen(self) -> np.ndarray:
        """Positions of the funded actions."""
        return self.model.indices(self.plan.actions)

    @cached_property
    def before(self) -> float:
        """The total without any action, points: what verification leaves of the sheet."""
        return self.model.total(np.array([], dtype=int))

    @cached_property
    def at_best(self) -> Simulation | None:
        """The same question about the sheet with every missing answer in full; None where none is missing."""
        position = self.ground.position
        return simulate(position.at_best, self.scenario, self.goal.code) if position.unknown_points else None

    @property
    def placement(self) -> Placement:
        """Where the total falls."""
        return self.plan.placement

    @property
    def budget(self) -> int:
        """The money that is to be spent, rupiah: all of the budget for the most points, else what the plan costs."""
        budget = self.scenario.budget
        return budget if self.scenario.goal == "points" and budget is not None else self.plan.cost

    @property
    def limits(self) -> Limits:
        """All limits, with the money of this plan as the budget."""
        return replace(self.ground.limits, budget=self.budget)

    @cached_property
    def components(self) -> pd.DataFrame:
        """Every component: `name`, `max_points`, `before` and `after`, points."""
        table = self.model.rollup.components[["name", "max_points"]].copy()
        table["before"] = self.model.components(np.array([], dtype=int))
        table["after"] = self.model.components(self.chosen)
        return table

    @property
    def infeasible(self) -> bool:
        """Whether no plan keeps all limits; the tables about a plan then have no rows."""
        return self.plan.status == "infeasible"

    @property
    def funded(self) -> pd.DataFrame:
        """The plan's actions (`Plan.table`)."""
        return self.plan.table

    @property
    def order(self) -> pd.DataFrame:
        """The plan's actions in the order that can be cut anywhere: `rank`, `name`, and the columns of `Ranking.steps`."""
        if not self.plan.actions:
            return pd.DataFrame(columns=["rank", "name", "cost", "cost_so_far", "total", "given_up"])
        steps = self.ranking.steps.copy()
        steps.insert(0, "rank", range(1, len(steps) + 1))
        return steps.assign(name=self.model.catalogue.actions["name"].reindex(steps.index))

    @property
    def sure(self) -> pd.DataFrame:
        """What it costs to reach the target: if all is accepted (level 0), and with each certainty (`prices`).

        By `level` (probability): `cost` (rupiah), `total` (points), `probability`. Empty where all actions together
        do not reach it.
        """
        columns = ["cost", "total", "probability"]
        reached = pd.DataFrame(columns=columns) if self.infeasible else self.chances
        first = reached[reached["total"] >= self.target - 1e-9].head(1)[columns]
        if first.empty:
            return first
        return pd.concat([first.set_axis([0.0]), self.prices[columns]]).rename_axis("level")

    def spending(self, column: str) -> pd.DataFrame:
        """Return what the plan costs by agency, source or year.

        Args:
            column: `agency`, `year` or `funding_source`.

        Returns:
            Indexed by it: `cost` (rupiah), `actions` (how many), `ceiling` (rupiah; missing where there is none); the
            most expensive first, years in their order.
        """
        rows = self.model.catalogue.rows
        rows = rows[rows["action_code"].isin(self.plan.actions)].assign(cost=lambda of: of[f"cost_{self.model.cost}"])
        spent = rows.groupby(column).agg(cost=("cost", "sum"), actions=("action_code", "nunique"))
        spent["ceiling"] = pd.Series(self.ground.limits.ceilings()[column], dtype=float).reindex(spent.index)
        return spent if column == "year" else spent.sort_values("cost", ascending=False, kind="stable")

    @cached_property
    def next_step(self) -> dict[str, Any]:
        """What `NEXT_STEP` more would buy, by planning again: `points`, `cost` and `actions` that come and go."""
        return self.with_budget(self.budget + NEXT_STEP)

    def with_budget(self, budget: int) -> dict[str, Any]:
        """Plan again for another budget: `total`, `points` gained or lost, `cost`, actions that `come` and `go`."""
        plan = _most(self.ground, budget)
        return {
            "budget": budget,
            "total": plan.total,
            "points": round(plan.total - self.plan.total, 6),
            "cost": plan.cost,
            "come": tuple(code for code in plan.actions if code not in self.plan.actions),
            "go": tuple(code for code in self.plan.actions if code not in plan.actions),
        }

    @cached_property
    def ranking(self) -> Ranking:
        """The plan's actions in an order that can be cut anywhere; with weighted budgets, the order that is best for them."""
        weighted = [(each.budget, each.weight) for each in self.scenario.budgets]
        if weighted:
            limits, most = self.ground.limits, self.scenario.time_limit
            return weighted_list(self.model, self.ground.climb(), limits, weighted, time_limit=most)
        return cut_safe(self.model, self.ground.climb(), self.ground.limits, among=self.plan.actions)

    @cached_property
    def cuts(self) -> pd.DataFrame:
        """What falls when the plan's money is cut, or when each of the weighted budgets comes.

        One row per cut: `cut` (share of the plan's cost; below zero where the budget is larger), `weight` (missing
        without weighted budgets), `budget`, `dropped` (the end of the list), `total` of what is left, `free_total` when
        everything is chosen anew.
        """
        columns = ["cut", "weight", "budget", "dropped", "total", "free_total"]
        if not self.plan.actions:
            return pd.DataFrame(columns=columns)
        cuts = [(int(self.plan.cost * (1 - cut)), cut, np.nan) for cut in CUTS]
        if self.scenario.budgets:
            whole = max(self.plan.cost, 1)
            cuts = [(each.budget, 1 - each.budget / whole, each.weight) for each in self.scenario.budgets[::-1]]
        rows = []
        for budget, cut, weight in cuts:
            left = self.ranking.at(budget)
            dropped = tuple(code for code in self.ranking.steps.index if code not in left.index)
            total = self.before if left.empty else float(left["total"].iloc[-1])
            rows.append((cut, weight, budget, dropped, total, _most(self.ground, budget).total))
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def core(self) -> pd.Series:
        """In which share of drawn assumptions the best plan for the same money holds each action."""
        if self.infeasible:
            return pd.Series(dtype=float, name="share")
        limits = replace(self.ground.limits, budget=self.plan.cost, components={})
        return core_actions(self.model, limits, retention=self.ground.retention)

    @cached_property
    def regret(self) -> pd.DataFrame:
        """What the plan gives up in each outcome of verification."""
        if self.infeasible:
            return pd.DataFrame(columns=["strictness", "kept", "total", "best_total", "regret"])
        limits = replace(self.ground.limits, budget=self.plan.cost, components={})
        return regret(self.model, self.plan.actions, limits, retention=self.ground.retention)

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """What it saves to secure the evidence of claimed points first, as if the sheet were only claimed."""
        return self._evidence(SECURED)

    def _evidence(self, secured: Sequence[float]) -> pd.DataFrame:
        if self.infeasible or not forecastable(self.ground.position):
            return pd.DataFrame(columns=["secured", "points", "total", "cost", "saved"])
        retention = self.ground.retention or outlook(self.ground.position).retention
        return worth_of_evidence(self.model, self.target, self.ground.limits, retention, secured)

    @cached_property
    def chances(self) -> pd.DataFrame:
        """The steps of the stairs: `cost`, `total` and the `probability` of the target.

        Counted up to the first step that is surer than `SUREST`; missing above it.
        """
        steps = self.ground.climb().steps
        found = np.full(len(steps), np.nan)
        for at, actions in enumerate(steps["actions"]):
            found[at] = self.ground.outcomes.chance(self.model.indices(actions), self.target).probability
            if found[at] >= SUREST:
                break
        return steps[["cost", "total"]].assign(probability=found)

    @cached_property
    def prices(self) -> pd.DataFrame:
        """What certainty costs: for each of `LEVELS` that is reached, the cheapest plan that is known to be so sure.

        Indexed by the wanted probability: `cost` (rupiah), `total` (points), `probability` (counted), `actions`.
        """
        search, rows = self.ground.certainty(self.target), {}
        for level in LEVELS:
            found = search.cheapest(level)
            if found is not None:
                chosen = np.array(sorted(found[0]), dtype=int)
                actions = tuple(self.model.codes[at] for at in chosen)
                cost = int(self.model.costs[chosen].sum())
                rows[level] = (cost, self.model.total(chosen), found[1].probability, actions)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["cost", "total", "probability", "actions"])

    @property
    def given(self) -> dict[str, Any]:
        """What the probability supposes of today's `points`: how they are `kept` (`Ground.kept`), and the `share` left."""
        return {"points": self.ground.position.span.low, "kept": self.ground.kept, "share": self.model.kept_share}

    def record(self) -> dict[str, Any]:
        """Return the answer as plain values, for machines and for comparison.

        `sure` is the price of a probability of `SURE`; none where it is not reached, or where the stairs would
        have to be climbed for it.
        """
        plan = self.plan
        sure = SURE in self.prices.index if self.ground.ready is not None else False
        feasible = plan.status != "infeasible"
        return {
            "scenario": _shown(self.scenario),
            "area": self.ground.position.area.code,
            "year": self.ground.position.award_year,
            "illustrative": self.ground.position.illustrative,
            "costs": self.model.catalogue.standing,
            "catalogue": {"id": self.model.catalogue.id, "example": self.model.catalogue.example},
            **self._record_done(),
            "target": self.goal.code,
            "target_points": self.target,
            "before": self.before,
            "kept_share": self.model.kept_share,
            "unknown_points": self.ground.position.unknown_points,
            "at_best": self._record_at_best(),
            "at_forecast": self._record_at_forecast(),
            "status": plan.status,
            "prover": plan.prover or None,
            "why": plan.why or None,
            "reachable": plan.reachable,
            "actions": list(plan.actions),
            "activities": self._activities(),
            "cost": plan.cost if feasible else None,
            "total": plan.total if feasible else None,
            "predicate": self.placement.predicate if feasible else None,
            "in_gap": self.placement.in_gap if feasible else None,
            "bound": None if np.isnan(plan.bound) else float(plan.bound),
            "given": self.given,
            "probability": self.chance.probability,
            "probability_error": self.chance.error,
            "draws": self.chance.draws,
            "sure": {"probability": SURE, "cost": int(self.prices.at[SURE, "cost"])} if sure else None,
            "spending": {column: self._spent(column) for column in ("agency", "funding_source")} if feasible else None,
            "next_step": {"more": NEXT_STEP, **self.next_step} if feasible else None,
        }

    def _activities(self) -> list[dict[str, Any]]:
        """Return the plan's actions by name, those first without which most points are lost."""
        if not self.plan.actions:
            return []
        ranked = self.funded.sort_values("points_without", ascending=False, kind="stable")
        return [
            {"code": code, "name": row["name"], "agency": row["agency"], "year": row["year"], "cost": int(row["cost"])}
            for code, row in ranked.iterrows()
        ]

    def _record_done(self) -> dict[str, Any]:
        done = self.ground.done
        if not done:
            return {}
        said = {"actions": done.actions, "spent_rupiah": done.spent_rupiah, "added_points": done.added_points}
        return {"done": said}

    def _record_at_best(self) -> dict[str, Any] | None:
        best = self.at_best
        if best is None:
            return None
        feasible = best.plan.status != "infeasible"
        return {
            "before": best.before,
            "cost": best.plan.cost if feasible else None,
            "total": best.plan.total if feasible else None,
            "probability": best.chance.probability,
        }

    def _record_at_forecast(self) -> dict[str, Any] | None:
        """Return what the target costs where today's points do not hold, but are kept as forecast; none out of reach."""
        if self.ground.kept != "all":
            return None
        found = self._evidence(SECURED[:1])
        if found.empty:
            return None
        first = found.iloc[0]
        return {"before": first["total"], "cost": None if np.isnan(first["cost"]) else int(first["cost"])}

    def _spent(self, column: str) -> list[dict[str, Any]]:
        spent = self.spending(column)
        return [
            {"name": name, "cost": int(row["cost"]), "actions": int(row["actions"])} for name, row in spent.iterrows()
        ]

    def __repr__(self) -> str:
        return f"Simulation({self.goal.name}: {self.plan!r}, P={self.chance.probability:.3f})"


def difference(one: Simulation, other: Simulation) -> pd.DataFrame:
    """Return where two answers differ: per component `name`, `before` and `after` points, `difference`.

    The differences add up to that of the totals.
    """
    table = one.components[["name"]].copy()
    table["before"], table["after"] = one.components["after"], other.components["after"]
    table["difference"] = (table["after"] - table["before"]).round(6)
    return table


def _solve(ground: Ground, scenario: Scenario, target: float) -> tuple[Plan, Chance]:
    limits = replace(ground.limits, budget=scenario.budget)
    if scenario.goal == "certainty":
        return sure_plan(
            ground.model,
            target,
            scenario.certainty,
            limits,
            retention=ground.retention,
            time_limit=scenario.time_limit,
            check=ground.outcomes,
            search=ground.certainty(target) if scenario.budget is None else None,
        )
    if scenario.goal == "points":
        plan = _most(ground, scenario.budget, scenario.time_limit)
    else:
        stairs = ground.proven
        step = stairs.cheapest(target) if stairs is not None else None
        if step is not None and scenario.budget is not None and step["cost"] > scenario.budget:
            step = None
        if stairs is not None and step is not None:
            plan = stairs.plan(step, limits, float(step["cost"]))
        else:
            plan = least_money(ground.model, target, limits, time_limit=scenario.time_limit)
    return plan, ground.outcomes.chance(ground.model.indices(plan.actions), target)


def _most(ground: Ground, budget: int | None, time_limit: float = 10.0) -> Plan:
    """Plan the most points for a budget: read off the staircase, or solved where there is none yet."""
    limits = replace(ground.limits, budget=budget)
    stairs = ground.proven
    if stairs is not None and len(stairs.steps):
        step = stairs.steps.iloc[-1] if budget is None else stairs.at(budget)
        if step is not None:
            return stairs.plan(step, limits, step["total"])
    return most_points(ground.model, limits, time_limit=time_limit)


def _shown(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as plain values, without the folders of somebody's machine."""
    said = scenario.model_dump(mode="json", exclude_defaults=True)
    return said | ({"catalogue": Path(said["catalogue"]).name} if "catalogue" in said else {})


def _require_about(position: Position, scenario: Scenario) -> None:
    """Refuse a scenario that names another area, year or stage."""
    for name, said, found in (
        ("area", scenario.area, position.area.code),
        ("year", scenario.year, position.award_year),
        ("stage", scenario.stage, position.stage),
    ):
        if said and said != found:
            raise ParameterError(
                t("Skenario ini untuk {name} {said}, yang dibuka {found}.", name=name, said=said, found=found),
                advice=t("Samakan parameter {name}, atau hapus baris itu dari skenario.", name=name),
            )
