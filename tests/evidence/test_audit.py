"""The audit names exactly what the reference sheet gets wrong."""

import pytest

import kla_analysis as kla


def test_three_totals_of_the_reference_sheet(reference, instrument):
    audit = kla.audit(reference, instrument)
    assert audit.totals == {"printed": 770.36, "indicators": 765.46, "questions": 771.81}
    assert audit.maxima == {"printed": 1035, "indicators": 1000, "questions": 1004, "instrument": 1000}


def test_the_lines_that_do_not_add_up(reference, instrument):
    audit = kla.audit(reference, instrument)
    assert audit.indicators_that_do_not_add_up == ("1", "7", "17", "19", "21B", "26")
    # K1: maximum 150 printed, 115 in its indicators; K2: 93.8 and 98.8; KD: 67.5 and 57.6.
    assert audit.components_that_do_not_add_up == ("K1", "K2", "KD")
    assert not audit.adds_up


def test_points_at_stake(reference, instrument):
    rows = kla.audit(reference, instrument).rows
    assert rows.loc[("indicator", "26"), "at_stake"] == pytest.approx(52.4 - 41.5)
    assert rows.loc[("component", "KD"), "at_stake"] == pytest.approx(68.5 - 57.6)


def test_a_sheet_without_printed_lines_is_refused_in_words(tanah_bumbu, instrument):
    with pytest.raises(kla.DataError, match=r"\.printed\.csv"):
        kla.audit(tanah_bumbu, instrument)
