"""Bands: a band begins at its printed lower bound; a score is never rounded up.

Printed ranges: Pratama 500–600, Madya 601–700, Nindya 701–800, Utama 801–900, KLA 901–1000.
"""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kla_analysis as kla
from kla_analysis.instrument.bands import Span
from kla_analysis.language import number


@pytest.mark.parametrize(
    ("score", "predicate", "in_gap"),
    [
        (0, "none", False),
        (481, "none", False),  # Kotawaringin Timur 2021: no award
        (499.99, "none", False),
        (500, "pratama", False),
        (588.40, "pratama", False),  # Kotawaringin Timur 2023
        (600, "pratama", False),
        (600.5, "pratama", True),
        (601, "madya", False),
        (654.35, "madya", False),  # Karanganyar 2022
        (700, "madya", False),
        (700.7, "madya", True),
        (701, "nindya", False),
        (737.70, "nindya", False),  # Sragen 2022
        (800, "nindya", False),
        (800.38, "nindya", True),  # Tanah Bumbu 2025: called Nindya, not Utama
        (801, "utama", False),
        (885.40, "utama", False),  # Magelang 2022, administrative verification
        (900.01, "utama", True),
        (901, "kla", False),
        (1000, "kla", False),
    ],
)
def test_predicate_of_a_score(ladder, score, predicate, in_gap):
    placement = ladder.place(score)
    assert (placement.predicate, placement.in_gap) == (predicate, in_gap)
    assert bool(placement.remarks) == (in_gap or score in (500, 600, 700, 800))


@pytest.mark.parametrize(
    ("score", "here", "above", "words"),
    [
        (600, "Pratama", "Madya", "tepat di batas"),
        (700, "Madya", "Nindya", "tepat di batas"),
        (800, "Nindya", "Utama", "tepat di batas"),
        (900, "Utama", "KLA", "tepat di batas"),
        (800.38, "Nindya", "Utama", "celah"),
    ],
)
def test_a_bound_and_a_gap_are_read_in_two_ways(ladder, score, here, above, words):
    placement = ladder.place(score)
    assert placement.at_disputed_bound == (score != 800.38)
    said = placement.remarks[0]
    assert words in said
    assert f"{here} bila {above} baru mulai di {int(score) + 1}, {above} bila sudah mulai di {int(score)}" in said
    assert f"Di sini {here}" in said
    assert "800,38 disebut Nindya" in said
    assert "600 disebut Madya" in said


def test_bounds_and_cases_come_from_the_ladder(ladder):
    # Other bounds are doubted where they lie, without a published case none is told, and ranges that meet leave no doubt.
    lower = [band.lower for band in ladder.bands]
    shifted = tuple(replace(band, printed_upper=band.printed_upper - 3) for band in ladder.bands)
    said = replace(ladder, bands=shifted, cases=()).place(598).remarks[0]
    assert "antara 597 dan 601" in said
    assert "Kasus" not in said
    meeting = tuple(
        replace(band, printed_upper=above) for band, above in zip(ladder.bands, [*lower[1:], 1000], strict=True)
    )
    assert not any(replace(ladder, bands=meeting).place(score).remarks for score in (600, 600.5, 601, 800.38))


def test_exactly_500_is_pratama_and_flagged(ladder):
    placement = ladder.place(500)
    assert placement.predicate == "pratama"
    assert placement.at_disputed_bound
    assert not ladder.place(500.01).at_disputed_bound


@pytest.mark.parametrize("score", [-1, -0.01, 1000.01, math.nan, math.inf])
def test_impossible_scores_are_refused(ladder, score):
    with pytest.raises(kla.ParameterError, match="tidak mungkin"):
        ladder.place(score)


def test_points_to_the_next_predicate(ladder):
    assert ladder.place(650.5).points_to_next == 50.5
    assert ladder.place(481).points_to_next == 19
    assert ladder.place(950).points_to_next is None


def test_a_known_predicate_is_a_span(ladder):
    # Tanah Bumbu 2022: only Madya is public, so 701 is 1 to 100 points away.
    madya = ladder.span_of("madya")
    assert madya == Span(601, 700)
    assert ladder.points_to("nindya", madya) == Span(1, 100)
    assert ladder.points_to("madya", madya) == Span(0, 0)


def test_no_award_ends_below_the_first_band(ladder):
    span = ladder.span_of("none")
    assert span == Span(0, 499.99)
    assert ladder.place(span.high).predicate == "none"
    assert ladder.points_to("pratama", span) == Span(0.01, 500)


def test_an_unknown_predicate_names_the_nearest(ladder):
    with pytest.raises(kla.ParameterError, match="nindya"):
        ladder.band("nindia")


@given(st.floats(min_value=0, max_value=1000))
def test_many_at_once_agree_with_one_by_one(score):
    ladder = kla.load_instrument().ladder
    assert ladder.place_many([score])[0] == ladder.place(score).predicate


@given(st.floats(min_value=0, max_value=1000), st.floats(min_value=0, max_value=1000))
def test_a_higher_score_never_has_a_lower_predicate(one, other):
    ladder = kla.load_instrument().ladder
    order = ["none", *(band.code for band in ladder.bands)]
    low, high = sorted((one, other))
    assert order.index(ladder.place(low).predicate) <= order.index(ladder.place(high).predicate)


def read(text: str) -> float:
    return float(text.replace(".", "").replace(",", "."))


@given(
    st.one_of(
        st.floats(0, 1000),
        st.sampled_from([500, 600, 601, 700, 701, 800, 801, 900, 901]).flatmap(
            lambda bound: st.floats(bound - 1e-3, bound + 1e-3)
        ),
    ),
    st.sampled_from([None, 0, 1, 2]),
)
def test_what_is_written_lies_where_the_score_lies(score, decimals):
    # Printed and placed again, a score keeps its predicate, its gap and its disputed bound, whatever the decimals.
    ladder = kla.load_instrument("kla-2024").ladder
    own, shown = ladder.place(score), ladder.place(read(ladder.written(score, decimals=decimals)))
    assert (shown.predicate, shown.in_gap, shown.at_disputed_bound) == (
        own.predicate,
        own.in_gap,
        own.at_disputed_bound,
    )


@given(st.floats(0, 1000))
def test_a_gap_is_never_written_as_nothing(score):
    ladder = kla.load_instrument("kla-2024").ladder
    gap = ladder.points_to("nindya", Span(score, score)).high
    assert (read(number(gap, beside=(0,))) > 0) == (score < 701)


def test_a_rounding_that_crosses_a_bound_is_not_printed(ladder):
    assert ladder.written(700.999999) == "700,999999"
    assert ladder.written(700.99) == "700,99"
    assert ladder.written(700.004) == "700,004"  # beyond the printed 700, in the gap
    assert ladder.written(700.6, decimals=0) == "700,6"
    assert ladder.written(650.6, decimals=0) == "651"
    assert ladder.written(Span(600.999, 701)) == "600,999–701"
    assert "700,999999" in ladder.place(700.999999).remarks[0]
