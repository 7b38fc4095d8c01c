"""Means and spreads from few and censored observations: by hand, against quadrature, and on drawn truths."""

import math

import numpy as np
import pytest
from conftest import often
from scipy import integrate, stats

import kla_analysis as kla
from kla_analysis.analysis.forecast import SPREADS, STEPS, observe
from kla_analysis.analysis.posterior import Mixture, Observations, Prior, fit

TIGHT = 1e-3


def one_mean(low, high, *, spread=0.1, width=TIGHT) -> Observations:
    """Observations of one mean with one kind of noise, a grouping in which everybody is alone with hardly any effect."""
    count = len(low)
    return Observations(
        low=np.array(low, dtype=float),
        high=np.array(high, dtype=float),
        fixed=np.ones((count, 1)),
        fixed_mean=np.array([0.0]),
        fixed_spread=np.array([1.0]),
        groups=(np.eye(count),),
        noise=np.ones((count, 1)),
        known_variance=np.zeros(count),
        priors=(Prior(spread, width), Prior(1e-4, TIGHT)),
    )


def test_a_quantile_of_two_normals_that_lie_apart():
    apart = Mixture(np.array([0.5, 0.5]), np.array([0.0, 100.0]), np.array([1.0, 1.0]))
    for probability, by_hand in ((0.1, stats.norm.ppf(0.2)), (0.9, 100 + stats.norm.ppf(0.8))):
        assert apart.quantile(probability) == pytest.approx(by_hand)


def test_three_numbers_by_hand():
    # Prior N(0, 1), noise 0.1, observations 0.1, 0.2, 0.3: precision 1 + 3/0.01 = 301, mean 0.6/0.01/301.
    mean = fit(one_mean([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])).fixed(0)
    assert mean.quantile(0.5) == pytest.approx(60 / 301, abs=1e-4)
    assert mean.quantile(0.8413) - mean.quantile(0.5) == pytest.approx(1 / math.sqrt(301), rel=0.01)


def test_a_fourth_number_by_hand():
    # Around the mean its own noise, and what is not known of the number itself.
    found = fit(one_mean([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]))
    one, stranger = np.ones(1), [np.zeros(3)]
    for known, spread in ((0.0, math.sqrt(1 / 301 + 0.01)), (0.5, math.sqrt(1 / 301 + 0.01 + 0.5))):
        fourth = found.predict(one, stranger, one, others=np.zeros(1), known_variance=known)
        assert fourth.quantile(0.8413) - fourth.quantile(0.5) == pytest.approx(spread, rel=0.01)


def test_intervals_against_quadrature():
    # Seen only as below 0, above 0.1, and between -0.2 and 0.05: the exact posterior by numerical integration.
    low, high, noise = [-np.inf, 0.1, -0.2], [0.0, np.inf, 0.05], 0.3

    def density(mean):
        ends = [stats.norm.cdf(b, mean, noise) - stats.norm.cdf(a, mean, noise) for a, b in zip(low, high, strict=True)]
        return stats.norm.pdf(mean) * math.prod(ends)

    whole = integrate.quad(density, -3, 3)[0]
    found = fit(one_mean(low, high, spread=noise)).fixed(0)
    for probability in (0.1, 0.5, 0.9):
        below = integrate.quad(density, -3, found.quantile(probability))[0] / whole
        assert below == pytest.approx(probability, abs=0.01)


def test_far_away_intervals_stay_finite():
    found = fit(one_mean([5.0, -np.inf], [6.0, -40.0], spread=0.05))
    assert np.isfinite([found.fixed(0).quantile(p) for p in (0.1, 0.9)]).all()


def test_members_of_a_group_are_pulled_together():
    # Two rounds, far apart: a further member of the first is expected near it, a stranger between them.
    values = [0.5, 0.52, 0.48, -0.5, -0.51, -0.49]
    seen = one_mean(values, values, spread=0.05, width=0.3)
    rounds = np.repeat(np.eye(2), 3, axis=0)
    found = fit(Observations(**{**vars(seen), "groups": (rounds,), "priors": (Prior(0.05, 0.3), Prior(0.5, 0.3))}))
    one, noise = np.ones(1), np.ones(1)
    known = found.predict(one, [np.array([1.0, 0.0])], noise, others=np.zeros(1))
    stranger = found.predict(one, [np.zeros(2)], noise, others=np.ones(1))
    assert known.quantile(0.5) == pytest.approx(0.5, abs=0.03)
    assert abs(stranger.quantile(0.5)) < 0.1
    assert stranger.quantile(0.9) - stranger.quantile(0.1) > 5 * (known.quantile(0.9) - known.quantile(0.1))


def drawn_truth(cases, rules, random):
    """Draw parameters from what is believed beforehand, and what the published claims would have become."""
    seen, _, _ = observe(cases, rules)
    fixed = random.normal(seen.fixed_mean, seen.fixed_spread)
    spreads = np.exp([random.normal(math.log(prior.median), prior.width) for prior in seen.priors])
    kinds = seen.noise.shape[1]
    value = seen.fixed @ fixed + np.sqrt(seen.known_variance) * random.normal(size=len(seen.low))
    value += (seen.noise * random.normal(size=seen.noise.shape)) @ spreads[:kinds]
    for spread, group in zip(spreads[kinds:], seen.groups, strict=True):
        value += group @ random.normal(0, spread, group.shape[1])
    exact = seen.low == seen.high
    # What was seen as a band is seen as a band again: edges a tenth apart, about as wide as one in logarithms.
    low = np.where(exact, value, np.floor(value * 7) / 7)
    return Observations(**{**vars(seen), "low": low, "high": np.where(exact, value, low + 1 / 7)}), fixed, spreads


def test_intervals_hold_drawn_truths_as_often_as_they_say():
    # Truths of 9 parameters each. An interval of 80 % that holds 75 to 85 % of them in 200 draws is what was promised.
    draws = often(50, 200)
    room = math.sqrt(200 / draws)
    rules = kla.load_instrument()
    cases = kla.learn(rules).cases
    random = np.random.default_rng(7)
    held = []
    for _ in range(draws):
        seen, fixed, spreads = drawn_truth(cases, rules, random)
        found = fit(seen, points=64)
        ends = [(found.fixed(at).quantile(0.1), found.fixed(at).quantile(0.9)) for at in range(len(fixed))]
        ends += [(found.spread_quantile(at, 0.1), found.spread_quantile(at, 0.9)) for at in range(len(spreads))]
        held.append([low <= truth <= high for (low, high), truth in zip(ends, [*fixed, *spreads], strict=True)])
    held = np.mean(held, axis=0)
    assert len(held) == len(rules.verifiers) * len(STEPS) + len(SPREADS)
    assert abs(held.mean() - 0.8) <= 0.05 * room
    assert (abs(held - 0.8) <= 0.1 * room).all()  # each alone: 200 draws leave ± 7 points
