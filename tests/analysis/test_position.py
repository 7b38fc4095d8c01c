"""Positions: what is known of an area in a round, published and sheet kept apart."""

import pytest

import kla_analysis as kla
from kla_analysis.instrument.bands import Span


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
    assert kla.open_position("63.10", 2025).span == Span(800.38, 800.38)
    assert kla.open_position("6310", 2025, stage="self_assessment").span == Span(961.86, 961.86)


def test_an_own_sheet_must_be_of_that_area_and_year(sheet):
    assert kla.open_position("63.10", 2022, assessment=sheet()).assessment.origin.standing == "unverified"
    with pytest.raises(kla.ParameterError, match="2022"):
        kla.open_position("63.10", 2023, assessment=sheet())


def test_nothing_known_says_what_there_is():
    with pytest.raises(kla.ParameterError, match="2022, 2023, 2025"):
        kla.open_position("63.10", 2019)
    with pytest.raises(kla.ParameterError, match="--assessment"):
        kla.open_position("11.01", 2022)


@pytest.mark.parametrize("wrong", ["Tanah Bumbu", "kab. tanah bumbu", "Tanah Bumbo"])
def test_an_area_by_name_is_suggested_not_assumed(wrong):
    with pytest.raises(kla.ParameterError, match=r"63\.10"):
        kla.open_position(wrong, 2022)
