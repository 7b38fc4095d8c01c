"""Benchmark of the forecast: the fit beside a general sampler, draws beside a plain loop, and Sobol indices.

Prints medians of several rounds in one process and ratios; every way must agree. Run with `make bench`.
"""

from __future__ import annotations

import bisect
import random
import statistics
import time
from collections.abc import Callable

import emcee
import numpy as np
from scipy.special import log_ndtr

import kla_analysis as kla
from kla_analysis.analysis.forecast import DRAWS, observe
from kla_analysis.analysis.posterior import Observations, fit
from kla_analysis.analysis.verification import draw_by_evidence, probabilities

STEPS, BURNT = 4000, 2000


def median_seconds(way: Callable[[], object], repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        way()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def by_emcee(seen: Observations) -> np.ndarray:
    """Sample the same posterior with emcee, which knows nothing of its shape: medians of means and spreads.

    To make it easier for it, an effect that only one observation has is part of that one's noise.
    """
    several = [(group > 0).sum(axis=0) > 1 for group in seen.groups]
    alone = np.array([(group[:, ~many] ** 2).sum(axis=1) for group, many in zip(seen.groups, several, strict=True)])
    groups = np.hstack([group[:, many] for group, many in zip(seen.groups, several, strict=True)])
    widths = [int(many.sum()) for many in several]
    fixed, kinds = seen.fixed.shape[1], seen.noise.shape[1]
    many = fixed + len(seen.priors) + groups.shape[1]
    centers = np.log([prior.median for prior in seen.priors])
    scales = np.array([prior.width for prior in seen.priors])
    exact = seen.low == seen.high

    def log_posterior(at: np.ndarray) -> np.ndarray:
        means, logs, effects = np.split(at, [fixed, fixed + len(seen.priors)], axis=1)
        spreads = np.exp(np.clip(centers + scales * logs, -12, 3))
        sized = effects * np.repeat(spreads[:, kinds:], widths, axis=1)
        values = (seen.fixed_mean + seen.fixed_spread * means) @ seen.fixed.T + sized @ groups.T
        noise = np.sqrt(spreads**2 @ np.vstack([seen.noise.T, alone]) + seen.known_variance)
        below, above = (seen.low - values) / noise, (seen.high - values) / noise
        turned = below > 0
        near, far = np.where(turned, -below, above), np.where(turned, -above, below)
        with np.errstate(all="ignore"):
            inside = log_ndtr(near) + np.log1p(-np.exp(np.minimum(log_ndtr(far) - log_ndtr(near), -1e-12)))
        told = np.where(exact, -0.5 * below**2 - np.log(noise), inside).sum(axis=1) - 0.5 * (at**2).sum(axis=1)
        return np.where(np.isfinite(told), told, -np.inf)

    walkers = 2 * many
    start = np.random.default_rng(1).normal(0, 0.3, (walkers, many))
    moves = [(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)]
    sampler = emcee.EnsembleSampler(walkers, many, log_posterior, moves=moves, vectorize=True)
    sampler.random_state = np.random.RandomState(1).get_state()
    sampler.run_mcmc(start, STEPS)
    found = sampler.get_chain(discard=BURNT, thin=10, flat=True)
    means = np.exp(np.median(seen.fixed_mean + seen.fixed_spread * found[:, :fixed], axis=0))
    spreads = np.exp(np.median(centers + scales * found[:, fixed : fixed + len(seen.priors)], axis=0))
    return np.concatenate([means, spreads])


def by_loop(kept: object, score: float, lowers: list[float]) -> list[float]:
    """The same draws in plain Python."""
    source = random.Random(1)
    shares, cumulative = kept.shares.tolist(), kept.cumulative.tolist()
    counts = [0] * (len(lowers) + 1)
    for _ in range(DRAWS):
        lot = source.random()
        at = max(bisect.bisect_left(cumulative, lot), 1)
        wide = cumulative[at] - cumulative[at - 1]
        part = (lot - cumulative[at - 1]) / wide if wide else 1.0
        share = shares[at - 1] + part * (shares[at] - shares[at - 1])
        counts[sum(score * share >= lower for lower in lowers)] += 1
    return [count / DRAWS for count in counts]


def main() -> None:
    rules = kla.load_instrument()
    lowers = [band.lower for band in rules.ladder.bands]
    model = kla.learn(rules)
    seen, _, _ = observe(model.cases, rules)
    ours = median_seconds(lambda: fit(seen), 5)
    sampled: list[np.ndarray] = []
    general = median_seconds(lambda: sampled.append(by_emcee(seen)), 1)
    learnt = model.parameters()["median"].to_numpy()
    np.testing.assert_allclose(learnt[:4], sampled[0][:4], rtol=0.03)
    np.testing.assert_allclose(learnt[4:], sampled[0][4:], rtol=0.15)
    print(f"The fit: {len(seen.low)} observations, {len(learnt)} parameters")
    print(f"nested Laplace                               {ours:8.4f} s   1.0")
    print(f"emcee, {STEPS:,} steps                          {general:8.4f} s   {general / ours:.0f}")

    kept = kla.forecast(961.86, "self_assessment", rules, year=2025).retention

    def vectorised() -> dict[str, float]:
        return probabilities(961.86 * kept.draw(DRAWS), rules.ladder)

    np.testing.assert_allclose(list(vectorised().values()), by_loop(kept, 961.86, lowers), atol=0.01)
    ours = median_seconds(vectorised)
    plain = median_seconds(lambda: by_loop(kept, 961.86, lowers), 3)
    rolled = kla.open_position("reference", 2024).roll_up
    states = dict.fromkeys(rolled.questions.index[:150], "complete") | dict.fromkeys(
        rolled.questions.index[150:220], "partial"
    )
    sheet = median_seconds(lambda: probabilities(draw_by_evidence(rolled, states, draws=DRAWS), rules.ladder))
    print(f"{DRAWS:,} draws and the probability of each predicate")
    print(f"one call                                     {ours:8.4f} s   1.0")
    print(f"plain Python loop                            {plain:8.4f} s   {plain / ours:.0f}")
    print(f"over 274 questions by state of evidence      {sheet:8.4f} s   {sheet / ours:.1f}")
    one = median_seconds(lambda: kla.forecast(961.86, "self_assessment", rules, year=2025), 5)
    print(f"one forecast from the learnt model           {one:8.4f} s")
    sobol = median_seconds(lambda: kla.sensitivity(rolled, kept, samples=4096), 3)
    print(f"Sobol indices of 8 inputs at N = 4096        {sobol:8.4f} s")


if __name__ == "__main__":
    main()
