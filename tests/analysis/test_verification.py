"""Verification answer by answer, by state of evidence."""

import pytest
from scipy import stats

import kla_analysis as kla
from kla_analysis.analysis import verification
from kla_analysis.analysis.verification import EvidenceRate, draw_by_evidence, probabilities


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
    rates = {
        state: EvidenceRate(share, share, share) for state, share in (("complete", 1), ("partial", 0.5), ("none", 0))
    }
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
