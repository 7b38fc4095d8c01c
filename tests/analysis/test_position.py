"""Positions: what is known of an area in a round, published and sheet kept apart."""

import pytest

import kla_analysis as kla
from kla_analysis.instrument.bands import Span
from kla_analysis.presenting import wording


def test_tanah_bumbu_2022_has_a_published_predicate_and_an_illustrative_sheet():
    position = kla.open_position("63.10", 2022)
    assert (position.published.predicate, position.published.span) == ("madya", Span(601, 700))
    assert not position.published.score_known
    assert position.span == Span(650.5, 650.5)
    assert position.illustrative


def test_tanah_bumbu_2023_is_only_a_predicate():
    position = kla.open_position("63.10", 2023)
    assert position.roll_up is None
    assert position.span == Span(601, 700)


def test_tanah_bumbu_2025_latest_stage_and_asked_stage():
    assert kla.open_position("63.10", 2025, stage="administrative_verification").span == Span(800.38, 800.38)
    assert kla.open_position("6310", 2025, stage="self_assessment").span == Span(961.86, 961.86)


def test_an_award_that_is_known_only_within_bounds_stays_a_range():
    # 2019: in the list of winners, without its predicate. 2025: not in the list of Nindya districts.
    awarded, at_most = (kla.open_position("63.10", year).published for year in (2019, 2025))
    assert (awarded.span, awarded.name, awarded.standing) == (Span(500, 1000), "predikat tidak disebut", "derived")
    assert (at_most.span, at_most.name, at_most.predicate) == (Span(0, 700), "paling tinggi Madya", None)


def test_the_goal_stays_open_in_the_round_of_2025():
    said = wording.headline(kla.open_position("63.10", 2025), "nindya").paragraphs
    assert "paling tinggi Madya" in said[0]
    assert "turunan" in said[0]
    assert (
        said[1] == "Tahap sebelumnya pada putaran yang sama: evaluasi mandiri 961,86, verifikasi administrasi 800,38."
    )
    assert said[2] == "Nindya belum tercapai pada 2025; target itu masih terbuka."
    assert said[3] == "Jarak ke Nindya dari fakta ini saja: antara 1 dan 701 poin."
    # A stage before the award does not say "reached" without the award that followed.
    verified = wording.headline(
        kla.open_position("63.10", 2025, stage="administrative_verification"), "nindya"
    ).paragraphs
    assert "Tahap sesudahnya pada putaran yang sama: hasil akhir paling tinggi Madya." in verified
    assert any("belum penghargaan" in paragraph for paragraph in verified)


def test_a_score_that_is_printed_as_a_distance_is_a_range():
    # Kota Bogor 2019: 10.07 points short of Nindya, whose bound is read as 700 or as 701.
    fact = kla.open_position("32.71", 2019).published
    assert (fact.span, fact.score_known, fact.name) == (Span(689.93, 690.93), False, "Madya")


def test_an_own_sheet_must_be_of_that_area_and_year(sheet):
    assert kla.open_position("63.10", 2022, assessment=sheet()).assessment.origin.standing == "unverified"
    with pytest.raises(kla.ParameterError, match="2022"):
        kla.open_position("63.10", 2023, assessment=sheet())


def test_nothing_known_says_what_there_is():
    with pytest.raises(kla.ParameterError, match="2019, 2022, 2023, 2025"):
        kla.open_position("63.10", 2021)
    with pytest.raises(kla.ParameterError, match="dengan assessment"):
        kla.open_position("11.01", 2022)


@pytest.mark.parametrize("wrong", ["Tanah Bumbu", "kab. tanah bumbu", "Tanah Bumbo"])
def test_an_area_by_name_is_suggested_not_assumed(wrong):
    with pytest.raises(kla.ParameterError, match=r"63\.10"):
        kla.open_position(wrong, 2022)
