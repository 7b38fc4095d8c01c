"""Comparison with a target, between rounds and between areas."""

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from conftest import UNANSWERED

import kla_analysis as kla
from kla_analysis.analysis.scoring import totals_of
from kla_analysis.instrument.bands import Span


@pytest.fixture(scope="module")
def rolled(tanah_bumbu, instrument):
    return kla.roll_up(tanah_bumbu, instrument)


def test_gap_to_a_target(instrument):
    band, gap = kla.gap_to("nindya", Span(650.5, 650.5), instrument)
    assert (band.name, gap) == ("Nindya", Span(50.5, 50.5))
    assert kla.gap_to("nindya", Span(601, 700), instrument)[1] == Span(1, 100)
    assert kla.gap_to("madya", Span(650.5, 650.5), instrument)[1] == Span(0, 0)


def test_the_smallest_set_closes_the_gap_and_no_smaller_one_does(rolled):
    chosen = kla.smallest_set(rolled, 50.5)
    assert chosen.closes
    assert chosen.gain_points >= 50.5
    assert math.fsum(chosen.questions["gain_points"][:-1]) < 50.5
    assert {"Dinas PPPA", "Kemenag"} <= set(chosen.agencies)


def test_raising_the_chosen_questions_really_gives_that_total(rolled, sheet, instrument):
    chosen = kla.smallest_set(rolled, 50.5)
    path = sheet()
    table = pd.read_csv(path, dtype=str)
    for code, question in chosen.questions.iterrows():
        table.loc[table["question_code"] == code, "score"] = f"{question['max_points']:g}"
    table.to_csv(path, index=False)
    after = kla.roll_up(kla.load_assessment(path, instrument), instrument)
    assert after.total.low == round(650.5 + chosen.gain_points, 6)
    assert after.placement.predicate == "nindya"


@pytest.mark.parametrize("gap", [1, 3, 5.5, 8, 11.4])
def test_smallest_against_every_subset(rolled, instrument, gap):
    # One indicator with a cap (21B: 18 points of questions, 17 allowed) and its neighbour, tried out in full.
    questions = rolled.questions[rolled.questions["indicator_code"].isin(["21B", "21C"])]
    room = rolled.indicators["lost_points"]

    def gain(codes):
        lost = questions.loc[list(codes)].groupby("indicator_code")["lost_points"].sum()
        return sum(min(points, room[indicator]) for indicator, points in lost.items())

    fewest = min(
        size
        for size in range(1, len(questions) + 1)
        if any(gain(codes) >= gap for codes in itertools.combinations(questions.index, size))
    )
    only = questions.index
    part = dataclasses.replace(rolled, questions=rolled.questions.loc[only])
    assert len(kla.smallest_set(part, gap).questions) == fewest


def test_without_conditions_of_children(tanah_bumbu, instrument):
    # Nothing is lost but two conditions of children and one other answer: only the other one is left to ask for.
    conditions = instrument.questions.index[instrument.questions["lower_is_better"].astype(bool)][:2]
    other = instrument.questions.index[~instrument.questions["lower_is_better"].astype(bool)][0]
    maxima = instrument.questions["max_points"]
    scores = maxima.where(~maxima.index.isin([*conditions, other]), 0.0)
    rolled = kla.roll_up(dataclasses.replace(tanah_bumbu, scores=scores), instrument)
    assert set(kla.smallest_set(rolled, 1000).questions.index) == {*conditions, other}
    assert list(
        kla.smallest_set(kla.lost_points(rolled, "question").query("~lower_is_better"), 1000).questions.index
    ) == [other]


def test_a_gap_that_is_met_exactly_is_closed(rolled):
    first = kla.smallest_set(rolled, 1)
    exact = kla.smallest_set(rolled, first.gain_points)
    assert exact.closes
    assert list(exact.questions.index) == list(first.questions.index)
    assert len(kla.smallest_set(rolled, first.gain_points + 0.01).questions) == len(first.questions) + 1


def test_what_no_component_can_do_alone():
    short = kla.closing_sets(kla.open("63.10", 2022), "nindya").set_index("title")["short_points"]
    assert short["Klaster III Kesehatan Dasar dan Kesejahteraan"] > 0
    assert short["Kelembagaan"] == 0


def test_two_sheets_side_by_side(rolled, reference, instrument):
    table = kla.difference(kla.roll_up(reference, instrument), rolled, "component")
    assert table["change"].sum() == pytest.approx(650.5 - 771.81)
    assert list(table.index) == list(instrument.components.index)


def test_what_nobody_answered_closes_no_gap(blanked, instrument):
    rolled = kla.roll_up(kla.load_assessment(blanked(), instrument), instrument)
    gap = instrument.ladder.points_to("nindya", rolled.total)
    low, best = kla.smallest_set(rolled, gap.high), kla.smallest_set(rolled.at_best, gap.low)
    for found in (low, best):
        assert found.closes
        assert not set(found.questions.index) & set(UNANSWERED)
    assert len(best.questions) < len(low.questions)
    # The questions of the set in full, and nothing else: the low end of the total rises by just the gain.
    raised = rolled.questions["low"].where(
        ~rolled.questions.index.isin(low.questions.index), rolled.questions["max_points"]
    )
    after = totals_of(raised.to_numpy()[None, :], instrument)["total"][0]
    assert after == pytest.approx(rolled.total.low + low.gain_points)


def test_a_difference_to_a_missing_answer_is_a_range(blanked, rolled, instrument):
    gaps = kla.roll_up(kla.load_assessment(blanked(["7.1"]), instrument), instrument)
    row = kla.difference(rolled, gaps, "question").loc["7.1"]
    assert row["after_answers"] == 0
    assert (row["change"], row["change_high"]) == (-row["before"], row["max_points"] - row["before"])
    same = kla.difference(gaps, gaps, "component")
    assert (same["change"].loc["K2"], same["change_high"].loc["K2"]) == (-row["max_points"], row["max_points"])


def test_the_room_beside_a_missing_answer_of_a_capped_indicator(tanah_bumbu, instrument):
    # Indicator 19 may have 51 of the 54 points of its questions: without 19.1 (4, missing) and 19.3 (2, lost) it has 48.
    scores = instrument.questions["max_points"].astype(float).copy()
    scores["19.1"], scores["19.3"] = np.nan, 0.0
    rolled = kla.roll_up(dataclasses.replace(tanah_bumbu, scores=scores), instrument)
    assert kla.smallest_set(rolled, 1000).questions["gain_points"].to_dict() == {"19.3": 2}
    assert kla.smallest_set(rolled.at_best, 1000).gain_points == 0  # with 19.1 in full the indicator is full already
