"""Benchmark of the risk model: draws and probabilities, and Sobol indices, each beside another way.

Prints medians of several rounds in one process and ratios; every way must agree. Run with `make bench`.
"""

from __future__ import annotations

import math
import random

import numpy as np
from rollup import median_seconds
from scipy import stats

import kla_analysis as kla
from kla_analysis.analysis.verification import DRAWS, draw_by_evidence, fit_retention, probabilities


def by_loop(claimed: float, center: float, scale: float, degrees: float, lowers: list[float]) -> list[float]:
    """The same draws in plain Python."""
    source = random.Random(1)
    counts = [0] * (len(lowers) + 1)
    for _ in range(DRAWS):
        chi = math.sqrt(source.gammavariate(degrees / 2, 2) / degrees)
        share = 1 / (1 + math.exp(-(center + scale * source.gauss(0, 1) / chi)))
        counts[sum(claimed * share >= lower for lower in lowers)] += 1
    return [count / DRAWS for count in counts]


def main() -> None:
    pairs = kla.load_stage_scores()
    fitted = fit_retention(pairs)
    ladder = kla.load_instrument().ladder
    lowers = [band.lower for band in ladder.bands]
    rolled = kla.open_position("reference", 2024).roll_up
    states = dict.fromkeys(rolled.questions.index[:150], "complete") | dict.fromkeys(
        rolled.questions.index[150:220], "partial"
    )

    def vectorised() -> dict[str, float]:
        return probabilities(961.86 * fitted.draw(DRAWS), ladder)

    loop = by_loop(961.86, fitted.center, fitted.scale, fitted.degrees, lowers)
    np.testing.assert_allclose(list(vectorised().values()), loop, atol=0.01)
    ours = median_seconds(vectorised)
    plain = median_seconds(lambda: by_loop(961.86, fitted.center, fitted.scale, fitted.degrees, lowers), 3)
    shares = (pairs["administrative_verification"] / pairs["self_assessment"]).to_numpy()
    boot = median_seconds(
        lambda: stats.bootstrap((shares,), np.median, n_resamples=DRAWS, method="percentile", rng=1), 3
    )
    sheet = median_seconds(lambda: probabilities(draw_by_evidence(rolled, states, draws=DRAWS), ladder))
    print(f"{DRAWS:,} draws and the probability of each predicate")
    print(f"one call                                     {ours:8.4f} s   1.0")
    print(f"plain Python loop                            {plain:8.4f} s   {plain / ours:.0f}")
    print(
        f"scipy.stats.bootstrap of the median share    {boot:8.4f} s   {boot / ours:.0f}   (another question: only the middle)"
    )
    print(f"over 274 questions by state of evidence      {sheet:8.4f} s   {sheet / ours:.1f}")
    sobol = median_seconds(lambda: kla.sensitivity(rolled, fitted, samples=4096), 3)
    print(f"Sobol indices of 8 inputs at N = 4096        {sobol:8.4f} s")


if __name__ == "__main__":
    main()
