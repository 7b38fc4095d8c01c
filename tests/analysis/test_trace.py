"""Trace: every number leads down to its questions, its rule and its source."""

import dataclasses
import math

import pytest

import kla_analysis as kla


@pytest.fixture(scope="module")
def rolled(reference, instrument):
    return kla.roll_up(reference, instrument)


def test_the_total_is_made_of_274_questions(rolled):
    traced = kla.trace(rolled, sheet="lembar rujukan")
    leaves = [part for _, part in traced.walk() if not part.parts]
    assert len(leaves) == 274
    assert math.isclose(math.fsum(leaf.points for leaf in leaves), traced.points)
    assert all("lembar rujukan" in leaf.source for leaf in leaves)
    assert all(part.rule and part.source for _, part in traced.walk())
    assert "<th>0</th>" not in traced._repr_html_()  # rows have codes, not numbers


@pytest.mark.parametrize(("code", "points", "parts"), [("K2", 93.8, 5), ("21A", 75.8, 10), ("21A.7a", 6, 0)])
def test_any_level(rolled, code, points, parts):
    traced = kla.trace(rolled, code)
    assert (traced.points, len(traced.parts)) == (points, parts)


def test_an_unknown_code_names_the_nearest(rolled):
    with pytest.raises(kla.ParameterError, match=r"21A\.7"):
        kla.trace(rolled, "21A.7")


def test_the_rule_says_what_is_missing_and_where_a_maximum_holds(blanked, instrument):
    rolled = kla.roll_up(kla.load_assessment(blanked(["7.1"]), instrument), instrument)
    assert kla.trace(rolled, "7.1").rule == "belum ada jawaban"
    assert kla.trace(rolled, "7.2").rule == "nilai yang tertulis di lembar"
    full = kla.roll_up(
        dataclasses.replace(kla.load_assessment(blanked([]), instrument), scores=instrument.questions["max_points"]),
        instrument,
    )
    assert "dibatasi maksimum indikator, 51" in kla.trace(full, "19").rule  # of 54 points of questions
    assert "dibatasi" not in kla.trace(full, "1").rule
