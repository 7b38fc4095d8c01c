"""Trace: every number leads down to its questions, its rule and its source."""

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


@pytest.mark.parametrize(("code", "points", "parts"), [("K2", 93.8, 5), ("21A", 75.8, 10), ("21A.7a", 6, 0)])
def test_any_level(rolled, code, points, parts):
    traced = kla.trace(rolled, code)
    assert (traced.points, len(traced.parts)) == (points, parts)


def test_an_unknown_code_names_the_nearest(rolled):
    with pytest.raises(kla.ParameterError, match=r"21A\.7"):
        kla.trace(rolled, "21A.7")
