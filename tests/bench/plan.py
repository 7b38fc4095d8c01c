"""Benchmark of the planner: proven plans beside CBC and greedy, the staircase, and all of a scenario.

40 actions are the example catalogue's first forty; 200 and 1,000 are drawn like them over all questions, all
with odd rupiah, as budgets are written. Every rival gets the same instances in the same run; medians and ratios
are printed. Core actions are planned beside the way of a solver for each draw. Run with `make bench`.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import pulp
from planning.instances import replaced, two_hundred

import kla_analysis as kla
from kla_analysis.planning.actions import Catalogue, load_catalogue
from kla_analysis.planning.frontier import staircase
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import _Problem, least_money, most_points
from kla_analysis.planning.robustness import core_actions

BUDGETS = [Limits(budget=at * 151_234_567) for at in range(1, 21)]


def odd(catalogue: Catalogue) -> Catalogue:
    """Add 12,345 rupiah and one for every place in the catalogue."""
    rest = 12_345 * np.arange(len(catalogue.actions)) + 1
    costs = {name: catalogue.actions[name] + rest for name in ("cost_low", "cost_likely", "cost_high")}
    return replaced(catalogue, catalogue.actions.assign(**costs), catalogue.answers)


def first_forty(catalogue: Catalogue) -> Catalogue:
    """Keep the first forty actions whose prerequisites are among them."""
    actions = catalogue.actions.iloc[:40]
    return replaced(catalogue, actions, catalogue.answers[catalogue.answers["action_code"].isin(actions.index)])


def by_cbc(model: Model, limits: Limits) -> float:
    """Solve the same rows with PuLP and CBC; return the total."""
    rows = _Problem(model, limits)
    programme = pulp.LpProblem("plan", pulp.LpMaximize)
    variables = [
        pulp.LpVariable(
            f"v{at}", rows.lower[at], rows.upper[at], pulp.LpInteger if at in rows.whole else pulp.LpContinuous
        )
        for at in range(len(rows.upper))
    ]
    programme += pulp.lpSum(gain * variables[at] for at, gain in rows.points.items())
    for row, low, high in rows.rows:
        total = pulp.lpSum(weight * variables[at] for at, weight in row.items())
        if low == high:
            programme += total == high
        elif high < np.inf:
            programme += total <= high
        if low > -np.inf and low != high:
            programme += total >= low
    programme.solve(pulp.PULP_CBC_CMD(msg=False, gapRel=0, gapAbs=1e-9, threads=1))
    return model.total(np.array([at for at in range(rows.count) if variables[at].value() > 0.5], dtype=int))


def by_greedy(model: Model, limits: Limits) -> float:
    """Take again and again the action with the most points for its money that still fits.

    What an action adds never grows with what is taken already, so only the first in the queue is looked at again.
    """
    chosen: list[int] = []
    now = model.total(np.array([], dtype=int))
    # What an action would add for its money when it was last looked at, and how many were taken then.
    queue = [(-np.inf, at, -1) for at in range(len(model.codes))]
    waiting: list[tuple[float, int, int]] = []
    while queue:
        rate, at, seen = heapq.heappop(queue)
        trial = np.array(sorted([*chosen, at]), dtype=int)
        if model.costs[trial].sum() > limits.budget:
            continue
        if model.broken(trial, limits):
            waiting.append((rate, at, seen))
        elif seen < len(chosen):
            heapq.heappush(queue, (-(model.total(trial) - now) / model.costs[at], at, len(chosen)))
        elif rate < -1e-12:
            chosen.append(at)
            now = model.total(np.array(sorted(chosen), dtype=int))
            queue, waiting = queue + waiting, []
            heapq.heapify(queue)
    return now


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def compared(name: str, model: Model, budgets: list[Limits]) -> None:
    """Time plans for some budgets, each way in turn."""
    most_points(model, budgets[0])  # what is loaded once
    ours, proven, cbc, lost, worse = [], [], [], [], 0
    for limits in budgets:
        seconds, plan = timed(lambda limits=limits: most_points(model, limits, cheapest=False))
        ours.append(seconds)
        proven.append(plan.status == "optimal")
        seconds, total = timed(lambda limits=limits: by_cbc(model, limits))
        cbc.append(seconds)
        worse += total < plan.total - 1e-4
        assert total <= plan.total + 1e-4 or plan.status != "optimal", (name, limits, total, plan.total)
        lost.append(plan.total - by_greedy(model, limits))
    target = median([most_points(model, limits).total for limits in budgets])
    cheapest = [timed(lambda: least_money(model, target))[0] for _ in range(3)]
    both = [timed(lambda limits=limits: most_points(model, limits))[0] for limits in budgets]
    print(f"{name}, odd rupiah: {len(budgets)} budgets, {sum(proven)} proven best")
    print(f"  most points, HiGHS                {median(ours) * 1000:7.1f} ms (at most {max(ours) * 1000:.0f})   1.0")
    print(
        f"  most points, PuLP and CBC         {median(cbc) * 1000:7.1f} ms   {median(cbc) / median(ours):.1f}, worse {worse} times"
    )
    print(f"  and the cheapest of equal plans   {median(both) * 1000:7.1f} ms   {median(both) / median(ours):.1f}")
    print(f"  least money for {target:6.2f} points   {median(cheapest) * 1000:7.1f} ms")
    print(f"  greedy by points for the money loses {median(lost):.2f} points in the median, {max(lost):.2f} at most")


def core(model: Model) -> None:
    """Time core actions without a solver, beside a solver for each draw."""
    limits = Limits(budget=600_000_000)
    core_actions(model, limits, draws=2)
    fast = median([timed(lambda: core_actions(model, limits, draws=100))[0] for _ in range(3)])
    full, _ = timed(lambda: core_actions(model, limits))
    likely = replace(model, acceptance="likely")
    slow = median([timed(lambda: most_points(likely, limits, cheapest=False))[0] for _ in range(5)]) * 100
    print("Core actions of the example")
    print(f"  100 draws, without a solver       {fast * 1000:7.1f} ms   1.0")
    print(f"  100 draws, a solver for each      {slow * 1000:7.1f} ms   {slow / fast:.1f}")
    print(f"  1,000 draws, without a solver     {full * 1000:7.1f} ms")


def main() -> None:
    instrument = kla.load_instrument()
    rolled = kla.open_position("63.10", 2022).roll_up
    catalogue = load_catalogue("contoh", instrument)
    forty = Model(rolled, first_forty(catalogue))
    compared("40 actions", Model(rolled, odd(first_forty(catalogue))), BUDGETS[::2])
    compared("200 actions", Model(rolled, odd(two_hundred(catalogue, instrument))), BUDGETS[::4])
    compared("1,000 actions", Model(rolled, odd(two_hundred(catalogue, instrument, count=1000))), BUDGETS[4::8])
    core(Model(rolled, catalogue))
    seconds = [timed(lambda: staircase(forty))[0] for _ in range(3)]
    steps = len(staircase(forty).steps)
    print(f"Exact staircase of 40 actions: {steps} steps, {median(seconds):.2f} s")
    tied = Limits(agencies={"Dinas PPPA": 400_000_000}, years={2026: 2_000_000_000})
    seconds = [timed(lambda: staircase(forty, tied))[0] for _ in range(3)]
    print(f"The same under two ceilings: {len(staircase(forty, tied).steps)} steps, {median(seconds):.2f} s")


if __name__ == "__main__":
    main()
