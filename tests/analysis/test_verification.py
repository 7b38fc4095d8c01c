"""Verification: the fitted share, its prediction interval, and scores that are not cut again."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import kla_analysis as kla
from kla_analysis.analysis import verification
from kla_analysis.analysis.verification import (
    EvidenceRate,
    draw_by_evidence,
    fit_retention,
    own_retention,
    probabilities,
    verify,
)
from kla_analysis.errors import DataError
from kla_analysis.instrument.bands import Span


@pytest.fixture(scope="module")
def pairs():
    return kla.load_stage_scores()


@pytest.fixture(scope="module")
def others(pairs):
    """The pairs without Tanah Bumbu's own."""
    return pairs[pairs["area_code"] != "63.10"]


def shares(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"self_assessment": 1000.0, "administrative_verification": [1000 * v for v in values]})


def test_three_pairs_by_hand():
    # Shares 0.5, 0.7311 and 0.2689 have logits 0, 1 and -1: mean 0, standard deviation 1,
    # and the scale of the next one is sqrt(1 + 1/3) with two degrees of freedom.
    e = math.e / (1 + math.e)
    fitted = fit_retention(shares(0.5, e, 1 - e))
    assert fitted.center == pytest.approx(0)
    assert fitted.scale == pytest.approx(math.sqrt(4 / 3))
    assert (fitted.degrees, fitted.pairs) == (2, 3)
    assert fitted.median == pytest.approx(0.5)
    # The upper tenth of t with two degrees of freedom begins at 1.8856.
    assert fitted.quantile(0.9) == pytest.approx(1 / (1 + math.exp(-1.885618 * math.sqrt(4 / 3))), abs=1e-6)


def test_quantile_and_probability_are_each_others_inverse(pairs):
    fitted = fit_retention(pairs)
    for probability in (0.01, 0.2, 0.5, 0.9):
        assert fitted.probability_at_least(fitted.quantile(probability)) == pytest.approx(1 - probability)


def test_probabilities_of_the_predicates_add_up(pairs, instrument):
    verified = verify(961.86, "self_assessment", fit_retention(pairs), instrument)
    assert sum(verified.predicates.values()) == pytest.approx(1)
    assert verified.probability_at_least("nindya") == pytest.approx(
        sum(verified.predicates[code] for code in ("nindya", "utama", "kla"))
    )
    assert verified.interval.low < verified.median < verified.interval.high


@pytest.mark.parametrize("stage", ["administrative_verification", "central_review", "field_verification", "final"])
def test_a_verified_score_is_not_cut_again(stage, pairs, instrument):
    verified = verify(800.38, stage, fit_retention(pairs), instrument)
    assert verified.certain
    assert verified.interval == Span(800.38, 800.38)
    assert verified.predicates["nindya"] == 1
    assert verified.probability_at_least("utama") == 0


def test_break_even(pairs, instrument):
    verified = verify(961.86, "self_assessment", fit_retention(pairs), instrument)
    # Nindya is lost when verification keeps less than 701 / 961.86.
    assert verified.break_even("nindya") == pytest.approx(701 / 961.86)
    assert verify(650.5, "self_assessment", fit_retention(pairs), instrument).break_even("nindya") is None


def test_an_own_share(instrument):
    verified = verify(900, "self_assessment", own_retention(0.8), instrument)
    assert (verified.median, verified.interval) == (720, Span(720, 720))
    assert verified.predicates["nindya"] == 1
    assert verify(900, "self_assessment", own_retention(1), instrument).median == 900
    assert verify(900, "self_assessment", own_retention(0), instrument).predicates["none"] == 1


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan])
def test_impossible_shares_are_refused(share):
    with pytest.raises(kla.ParameterError, match="tidak mungkin"):
        own_retention(share)


def test_too_few_pairs_are_refused(pairs):
    with pytest.raises(DataError, match="sedikitnya 3"):
        fit_retention(pairs.head(2))
    with pytest.raises(DataError, match="tidak turun"):
        fit_retention(shares(0.5, 0.6, 1.1))


def test_an_unknown_stage_is_refused(pairs, instrument):
    with pytest.raises(kla.ParameterError, match="self_assessment"):
        verify(900, "self_asessment", fit_retention(pairs), instrument)


def test_draws_agree_with_the_formula_and_repeat(pairs):
    fitted = fit_retention(pairs)
    drawn = fitted.draw(200_000, seed=1)
    assert np.array_equal(drawn, fitted.draw(200_000, seed=1))
    assert not np.array_equal(drawn, fitted.draw(200_000, seed=2))
    for share in (0.5, 0.7, 0.85):
        assert (drawn >= share).mean() == pytest.approx(fitted.probability_at_least(share), abs=0.005)


@pytest.fixture
def two_questions(tmp_path, instrument):
    """A sheet with two answers only: 1.1 claims 12 points, 2.4 claims 10."""
    path = tmp_path / "dua.csv"
    rows = "".join(
        f"63.10,2025,self_assessment,{code},{ {'1.1': 12, '2.4': 10}.get(code, 0) }\n"
        for code in instrument.questions.index
    )
    path.write_text("area_code,award_year,stage,question_code,score\n" + rows)
    return kla.roll_up(kla.load_assessment(path, instrument), instrument)


def test_a_two_question_toy_by_hand(two_questions):
    # 12 points of complete evidence kept uniformly between... a symmetric triangle on [0, 1] with its peak at 0.5,
    # and 10 points of partial evidence kept in full: the total is 10 + 12 T, T triangular.
    # P(total >= 16) = P(T >= 0.5) = 1/2; P(total >= 19) = P(T >= 0.75) = 2 * 0.25**2 = 1/8; mean 16.
    rates = {
        "complete": EvidenceRate(0, 0.5, 1),
        "partial": EvidenceRate(1, 1, 1),
        "none": EvidenceRate(0, 0, 0),
    }
    drawn = draw_by_evidence(two_questions, {"1.1": "complete", "2.4": "partial"}, rates=rates, draws=400_000)
    assert (drawn >= 16).mean() == pytest.approx(1 / 2, abs=0.003)
    assert (drawn >= 19).mean() == pytest.approx(1 / 8, abs=0.003)
    assert drawn.mean() == pytest.approx(16, abs=0.01)
    assert stats.kstest((drawn - 10) / 12, stats.triang(0.5).cdf).pvalue > 1e-4


def test_questions_without_a_state_count_as_unproven(two_questions):
    rates = {state: EvidenceRate(share, share, share) for state, share in
             (("complete", 1), ("partial", 0.5), ("none", 0))}  # fmt: skip
    assert set(draw_by_evidence(two_questions, {"1.1": "complete"}, rates=rates, draws=10)) == {12.0}
    assert set(draw_by_evidence(two_questions, {"2.4": "partial"}, rates=rates, draws=10)) == {5.0}


def test_bad_states_and_rates_are_refused(two_questions):
    with pytest.raises(kla.ParameterError, match="complete"):
        draw_by_evidence(two_questions, {"1.1": "komplete"})
    with pytest.raises(kla.ParameterError, match=r"1\.1"):
        draw_by_evidence(two_questions, {"1.1x": "complete"})
    with pytest.raises(kla.ParameterError, match="menaik"):
        EvidenceRate(0.9, 0.5, 1)
    with pytest.raises(kla.ParameterError, match="tidak mungkin"):
        EvidenceRate(0.5, 0.9, 1.2)


def test_probabilities_of_drawn_totals(ladder):
    found = probabilities([0, 499.99, 500, 600.5, 601, 701, 901, 1000], ladder)
    assert found == {"none": 2 / 8, "pratama": 2 / 8, "madya": 1 / 8, "nindya": 1 / 8, "utama": 0, "kla": 2 / 8}


def test_the_assumed_rates_say_that_they_are(two_questions):
    assert set(verification.ASSUMED_RATES) == set(verification.EVIDENCE_STATES)
    assert verification.draw_by_evidence.__doc__.count("Raises") == 1


@pytest.mark.parametrize("target", ["pratama", "madya", "nindya"])
@pytest.mark.parametrize("kept", [0.701, 0.83, 0.8765, 0.95])
def test_a_needed_claim_is_rounded_up(kept, target, instrument):
    lower, retention = instrument.ladder.band(target).lower, own_retention(kept)
    needed = verification.needed_claim(target, 0.5, retention, instrument)
    assert needed * retention.median >= lower - 1e-9  # what is named is enough,
    assert (needed - 0.01) * retention.median < lower  # and a hundredth less is not


def test_a_needed_claim_is_written_rounded_up():
    said = repr(kla.wording.verification_in_words(kla.open_position("63.10", 2022), "pratama"))
    retention = verification.retention_for(kla.open_position("63.10", 2022))
    needed = verification.needed_claim("pratama", 0.5, retention, kla.load_instrument("kla-2024"))
    assert needed % 1 > 0
    assert f"sedikitnya {math.ceil(needed)}." in said
