"""Small samples, some of them known only as an interval: what they say about means and spreads, and how surely.

**The model.** Each observation is a sum: fixed effects with normal priors, one effect per member of a
grouping (normal, with a spread of its own for each grouping), and noise. It is seen as a number, or only as
an interval that holds it. The spreads have lognormal priors.

**The fit** is an integrated nested Laplace approximation (Rue, Martino and Chopin 2009). For given spreads the
effects are a Gaussian process over the observations, and the intervals a log-concave likelihood, so their
posterior is taken as normal at its mode (Newton; Rasmussen and Williams 2006, algorithm 3.1). The spreads are
integrated out over a fixed, evenly spread set of points: once over the prior, then around what that found.
Nothing is drawn at random: the same facts give the same posterior, a mixture of normals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

#: Points over which the spreads are integrated.
POINTS = 128
#: Points of less weight than this share of the heaviest are dropped.
_NEGLIGIBLE = 1e-3
_LOG_ROOT_2PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Prior:
    """What is believed of one spread beforehand: lognormal around `median`, with `width` of its logarithm."""

    median: float
    width: float


@dataclass(frozen=True, eq=False)
class Observations:
    """What was observed, one row each.

    Attributes:
        low, high: the observation lies between them; equal where it is known.
        fixed: rows × fixed effects. `fixed_mean`, `fixed_spread`: their priors.
        groups: one membership matrix (rows × members) per grouping.
        noise: rows × kinds of noise, 1 where that kind is in the row.
        known_variance: variance that is added to a row beforehand.
        priors: of the spreads, the kinds of noise first, then the groupings.
    """

    low: np.ndarray
    high: np.ndarray
    fixed: np.ndarray
    fixed_mean: np.ndarray
    fixed_spread: np.ndarray
    groups: tuple[np.ndarray, ...]
    noise: np.ndarray
    known_variance: np.ndarray
    priors: tuple[Prior, ...]


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of normal distributions: weights (adding up to one), means and standard deviations."""

    weights: np.ndarray
    means: np.ndarray
    spreads: np.ndarray

    def cumulative(self, values: np.ndarray) -> np.ndarray:
        """Return the probability of at most each value, per normal (normals × values)."""
        from scipy.special import ndtr

        return ndtr((np.asarray(values) - self.means[:, None]) / self.spreads[:, None])

    def quantile(self, probability: float) -> float:
        """Return the value below which the mixture stays with a probability, by halving."""
        low, high = (self.means - 12 * self.spreads).min(), (self.means + 12 * self.spreads).max()
        for _ in range(60):
            middle = (low + high) / 2
            below = float(self.weights @ self.cumulative(np.array([middle]))[:, 0])
            low, high = (middle, high) if below < probability else (low, middle)
        return float((low + high) / 2)


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the observations say.

    Attributes:
        weights: of the points over the spreads, adding up to one.
        spreads: points × spreads, in the order of the priors.
    """

    observations: Observations
    weights: np.ndarray
    spreads: np.ndarray
    _slopes: np.ndarray
    _precision: np.ndarray

    def fixed(self, at: int) -> Mixture:
        """Return the posterior of one fixed effect."""
        row = np.zeros(len(self.observations.fixed_mean))
        row[at] = 1.0
        none = [np.zeros(group.shape[1]) for group in self.observations.groups]
        return self.predict(row, none, np.zeros(self.observations.noise.shape[1]), others=np.zeros(len(none)))

    def spread_quantile(self, at: int, probability: float) -> float:
        """Return a quantile of one spread."""
        order = np.argsort(self.spreads[:, at])
        reached = np.cumsum(self.weights[order]) - self.weights[order] / 2
        return float(np.exp(np.interp(probability, reached, np.log(self.spreads[order, at]))))

    def predict(
        self,
        fixed: np.ndarray,
        members: list[np.ndarray],
        noise: np.ndarray,
        *,
        others: np.ndarray,
        known_variance: float = 0.0,
    ) -> Mixture:
        """Return the distribution of a further observation.

        Args:
            fixed: its fixed effects.
            members: per grouping its membership among the members that were observed.
            noise: its kinds of noise.
            others: per grouping how often an effect enters that no observation shares (0 or 1).
        """
        seen = self.observations
        kinds = seen.noise.shape[1]
        variances = self.spreads**2
        across = (seen.fixed * seen.fixed_spread**2) @ fixed
        own = float(fixed**2 @ seen.fixed_spread**2)
        covariance = np.tile(across, (len(variances), 1))
        variance = np.full(len(variances), own + known_variance) + variances[:, :kinds] @ noise
        for at, (group, member) in enumerate(zip(seen.groups, members, strict=True)):
            covariance += np.outer(variances[:, kinds + at], group @ member)
            variance += variances[:, kinds + at] * (member @ member + others[at])
        means = float(fixed @ seen.fixed_mean) + (covariance * self._slopes).sum(axis=1)
        variance -= np.einsum("hi,hij,hj->h", covariance, self._precision, covariance)
        return Mixture(self.weights, means, np.sqrt(np.maximum(variance, 1e-12)))


def fit(observations: Observations, *, points: int = POINTS) -> Posterior:
    """Fit the model: first over the prior of the spreads, then around what that found."""
    even = _even_normals(len(observations.priors), points)
    center = np.array([math.log(prior.median) for prior in observations.priors])
    width = np.array([prior.width for prior in observations.priors])
    first = _weights(_laplace(observations, np.exp(center + width * even))[0], np.zeros(points))
    # The root of the weights: a wide first look, so that the second does not miss the flanks.
    wide = np.sqrt(first) / np.sqrt(first).sum()
    logs = center + width * even
    middle = wide @ logs
    root = np.linalg.cholesky(np.cov(logs.T, aweights=wide, ddof=0) + np.diag((0.3 * width) ** 2))
    logs = middle + even @ root.T
    evidence, slopes, precision = _laplace(observations, np.exp(logs))
    # Importance: prior over proposal.
    corrected = -0.5 * (((logs - center) / width) ** 2).sum(axis=1) + 0.5 * (even**2).sum(axis=1)
    weights = _weights(evidence, corrected)
    kept = weights > _NEGLIGIBLE * weights.max()
    return Posterior(
        observations, weights[kept] / weights[kept].sum(), np.exp(logs[kept]), slopes[kept], precision[kept]
    )


def _weights(evidence: np.ndarray, added: np.ndarray) -> np.ndarray:
    logs = evidence + added
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


@lru_cache(maxsize=4)
def _even_normals(columns: int, points: int) -> np.ndarray:
    """Return standard normal points that lie evenly: the additive recurrence of the generalised golden ratio."""
    from scipy.special import ndtri

    ratio = 2.0
    for _ in range(60):  # the root of x ** (columns + 1) = x + 1
        ratio = (1 + ratio) ** (1 / (columns + 1))
    steps = ratio ** -np.arange(1.0, columns + 1)
    return ndtri((0.5 + np.outer(np.arange(1, points + 1), steps)) % 1)


def _laplace(seen: Observations, spreads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per point of the spreads the log evidence, the slopes at the mode and (K + W⁻¹)⁻¹."""
    kinds = seen.noise.shape[1]
    rows = len(seen.low)
    variances = spreads**2
    prior = np.tile((seen.fixed * seen.fixed_spread**2) @ seen.fixed.T, (len(spreads), 1, 1))
    for at, group in enumerate(seen.groups):
        prior += variances[:, kinds + at, None, None] * (group @ group.T)
    mean = seen.fixed @ seen.fixed_mean
    noise = np.sqrt(variances[:, :kinds] @ seen.noise.T + seen.known_variance)
    values = np.tile(mean, (len(spreads), 1))
    for _ in range(30):
        _, slopes, curvature = _likelihood(values, seen.low, seen.high, noise)
        root = np.sqrt(np.maximum(curvature, 1e-9))
        stiff = np.eye(rows) + root[:, :, None] * prior * root[:, None, :]
        right = curvature * (values - mean) + slopes
        pushed = np.einsum("hij,hj->hi", prior, right)
        back = right - root * np.linalg.solve(stiff, (root * pushed)[..., None])[..., 0]
        step = mean + np.einsum("hij,hj->hi", prior, back) - values
        values = values + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-8:
            break
    fit, slopes, curvature = _likelihood(values, seen.low, seen.high, noise)
    root = np.sqrt(np.maximum(curvature, 1e-9))
    stiff = np.eye(rows) + root[:, :, None] * prior * root[:, None, :]
    evidence = fit.sum(axis=1) - 0.5 * ((values - mean) * slopes).sum(axis=1) - 0.5 * np.linalg.slogdet(stiff)[1]
    return evidence, slopes, root[:, :, None] * np.linalg.inv(stiff) * root[:, None, :]


def _likelihood(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the log likelihood of each value, its slope and its curvature (the negative second derivative)."""
    from scipy.special import log_ndtr

    exact = low == high
    standard = np.where(exact, np.where(np.isfinite(low), low, 0.0) - values, 0.0) / noise
    # Beyond the middle the interval is turned over: the lower tail keeps its digits.
    below, above = (low - values) / noise, (high - values) / noise
    turned = below > 0
    near, far = np.where(turned, -below, above), np.where(turned, -above, below)
    near, far = np.where(exact, 1.0, near), np.where(exact, -1.0, far)
    log_near = log_ndtr(near)
    logs = log_near + np.log1p(-np.exp(np.minimum(log_ndtr(far) - log_near, -1e-12)))
    edges = [np.where(exact | ~np.isfinite(edge), 0.0, edge) for edge in (below, above)]
    seen = [~exact & np.isfinite(edge) for edge in (below, above)]
    # How dense the normal is at an edge, of what lies between the edges.
    density = [
        np.where(there, np.exp(np.minimum(-0.5 * edge**2 - _LOG_ROOT_2PI - logs, 500.0)), 0.0)
        for edge, there in zip(edges, seen, strict=True)
    ]
    slopes = (density[0] - density[1]) / noise
    inside = [edge * part for edge, part in zip(edges, density, strict=True)]
    curvature = slopes**2 - (inside[0] - inside[1]) / noise**2
    return (
        np.where(exact, -0.5 * standard**2 - np.log(noise) - _LOG_ROOT_2PI, logs),
        np.where(exact, standard / noise, slopes),
        np.where(exact, 1 / noise**2, curvature),
    )
