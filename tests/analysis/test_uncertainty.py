"""Sensitivity: closed-form truths first, then which component decides Tanah Bumbu's predicate."""

import numpy as np
import pytest
from scipy import stats

import kla_analysis as kla
from kla_analysis.analysis.forecast import own_retention
from kla_analysis.analysis.uncertainty import (
    COMMON,
    NORMAL,
    drawn,
    flips_by_answer,
    flips_by_weight,
    sensitivity,
    sobol,
    tornado,
    total_of,
)


@pytest.fixture(scope="module")
def rolled(reference, instrument):
    return kla.roll_up(reference, instrument)


@pytest.fixture(scope="module")
def retention():
    return kla.forecast(771.81, "self_assessment", year=2024).retention


def test_ishigami():
    # A = 7, B = 0.1: S1 = .3139, .4424, 0 and ST = .5576, .4424, .2437 (Ishigami and Homma 1990).
    def ishigami(x):
        return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])

    uniform = ("unif", -np.pi, np.pi)
    found = sobol(ishigami, {"x1": uniform, "x2": uniform, "x3": uniform}, samples=4096)
    assert found["first"].to_numpy() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert found["total"].to_numpy() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    assert (found["first_low"] <= found["first"]).all()
    assert (found["total"] <= found["total_high"]).all()


def test_a_linear_sum_by_hand():
    # y = 3 a + 4 b with standard normal inputs: 9/25 and 16/25 of the variance, no interaction.
    found = sobol(lambda x: 3 * x[0] + 4 * x[1], {"a": ("norm", 0, 1), "b": ("norm", 0, 1)})
    assert found["first"].to_numpy() == pytest.approx([0.36, 0.64], abs=0.01)
    assert found["total"].to_numpy() == pytest.approx([0.36, 0.64], abs=0.01)


def test_the_same_seed_gives_the_same_bytes(rolled, retention):
    one, other = (sensitivity(rolled, retention, samples=256, seed=5).indices for _ in range(2))
    assert one.to_csv() == other.to_csv()
    assert one.to_csv() != sensitivity(rolled, retention, samples=256, seed=6).indices.to_csv()


def test_nothing_explains_what_does_not_vary(rolled):
    assert (sensitivity(rolled, own_retention(0.7), samples=64).indices == 0).all(axis=None)


def test_inputs_are_standard_normals():
    draws = drawn((NORMAL,) * 3)
    assert draws.mean(axis=0) == pytest.approx(0, abs=0.01)
    assert draws.std(axis=0) == pytest.approx(1, abs=0.01)


def test_what_is_shared_matters_most(rolled, retention):
    found = sensitivity(rolled, retention, samples=1024)
    assert found.indices["total"].idxmax() == COMMON
    assert list(found.indices.index) == [COMMON, *rolled.components.index]
    # Without a shared part the largest component decides: K5 claims 163 points, more than any other.
    alone = sensitivity(rolled, retention, common=0, samples=1024).indices
    assert alone["total"].idxmax() == "K5"
    assert alone.loc[COMMON, "total"] == pytest.approx(0, abs=0.01)


def test_reaching_a_target_can_be_explained_too(rolled, retention):
    found = sensitivity(rolled, retention, target="pratama", samples=1024)
    assert found.of == "pratama"
    assert found.indices.loc[COMMON, "total"] > found.indices.loc["K3", "total"]


def test_the_model_gives_the_median_at_its_centre(rolled, retention):
    total = total_of(rolled, retention)
    assert total(np.zeros((8, 1)))[0] == pytest.approx(771.81 * retention.median)
    with pytest.raises(kla.ParameterError, match="tidak mungkin"):
        total_of(rolled, retention, common=1.5)


def test_components_sum_to_the_spread_of_the_total(rolled, retention):
    # However much the components have in common, together they spread as the forecast of the total does.
    inputs = np.random.default_rng(5).standard_normal((8, 200_000))
    for common in (0, 0.5, 1):
        drawn = total_of(rolled, retention, common=common)(inputs)
        for probability in (0.1, 0.5, 0.9):
            assert np.quantile(drawn, probability) == pytest.approx(771.81 * retention.quantile(probability), rel=0.005)


def test_tornado_one_at_a_time(rolled, retention):
    table = tornado(rolled, retention)
    middle = 771.81 * retention.median
    assert table.index[0] == "K5"
    # K5 claims 163 of 771.81: of the spread its part is sqrt(.5) 163/771.81, over sqrt(.5 + .5 of the squared weights).
    weights = rolled.components["low"] / 771.81
    part = np.sqrt(0.5) * 163 / 771.81 / np.sqrt(0.5 + 0.5 * (weights**2).sum())
    low = 771.81 * retention.quantile(stats.norm.cdf(part * stats.norm.ppf(0.1)))
    assert table.loc["K5", "low"] == pytest.approx(low)
    assert (table["low"] < middle).all()
    assert (table["high"] > middle).all()
    assert (tornado(rolled, own_retention(0.7))["width"] == 0).all()


def test_single_answers_that_would_cost_the_predicate(sheet, instrument):
    # 701.4: Nindya with 0.4 points to spare, so an answer is decisive when it holds more than 0.4 points.
    path = sheet()
    import pandas as pd

    scores = kla.load_assessment(path, instrument).scores
    table = pd.read_csv(path, dtype=str)
    table["score"] = kla.scaled_to_total(scores, instrument.questions["max_points"], 701.4).to_numpy()
    table.to_csv(path, index=False)
    rolled = kla.roll_up(kla.load_assessment(path, instrument), instrument)
    flips = flips_by_answer(rolled)
    assert (flips["low"] > 0.4).all()
    assert len(flips) == (rolled.questions["low"] > 0.4).sum()
    first = flips.iloc[0]
    assert first["low"] == flips["low"].max()  # the larger the answer, the sooner it flips
    assert first["share_needed"] == pytest.approx(1 - 0.4 / first["low"])
    assert first["predicate_without"] == "madya"


def test_no_single_answer_can_cost_a_predicate_with_room(rolled):
    assert flips_by_answer(rolled).empty  # 771.81 is 70.81 above Nindya; no answer holds as much


def test_weights_that_would_change_the_predicate(rolled):
    table = flips_by_weight(rolled)
    # 771.81: 29.19 to Utama. K5 claims 163, so a factor of 1 + 29.19/163 does it; it is the nearest.
    assert table.index[0] == "K5"
    assert table.loc["K5", "factor_up"] == pytest.approx(1 + 29.19 / 163)
    assert table.loc["K5", "factor_down"] == pytest.approx(1 - 70.81 / 163)
    assert table.loc["K5", "nearest"] == pytest.approx(29.19 / 163)
    assert np.isnan(table.loc["KD", "factor_down"])  # 68.5 points are fewer than the 70.81 to lose
