"""What the country did: districts and transitions counted truly, press apart from entire provinces."""

import numpy as np
import pandas as pd
import pytest

import kla_analysis as kla
from kla_analysis.analysis.country import consecutive, interval, moves, province_standing, published_pairs, transitions
from kla_analysis.showing import country

NATIONAL = pd.DataFrame({"award_year": [2020], "held": [False]})
PROVINCES = pd.DataFrame({"province": ["X"], "award_year": [2022], "whole": [True]})


def test_of_equal_predicates_the_newest_stands_first(ladder):
    rows = [("B", 2022, "madya"), ("A", 2023, "madya"), ("C", 2023, "madya"), ("D", 2021, "nindya")]
    final = pd.DataFrame(
        [
            {
                "area_code": name,
                "area_name": name,
                "province": "X",
                "award_year": year,
                "stage": "final",
                "predicate": had,
            }
            for name, year, had in rows
        ]
    ).assign(score=np.nan, at_least=None, at_most=None)
    assert province_standing(final, "X", ladder).index.tolist() == ["D", "A", "C", "B"]


def pairs(*lines):
    """Pairs of the final results of districts: code, province, then year and predicate again and again."""
    rows = [
        {
            "area_code": code,
            "area_name": code,
            "province": province,
            "award_year": year,
            "stage": "final",
            "predicate": had,
        }
        for code, province, *rest in lines
        for year, had in zip(rest[::2], rest[1::2], strict=True)
    ]
    return consecutive(pd.DataFrame(rows), NATIONAL, PROVINCES)


def test_only_rounds_that_follow_each_other_make_a_step(ladder):
    # A misses 2022, which B had: 2021 to 2023 is no step. Nobody knows of 2016, so 2015 to 2017 is none either; in 2020 no
    # award was held, so 2019 to 2021 is one.
    given = pairs(
        ("A", "X", 2021, "madya", 2023, "nindya"),
        ("B", "X", 2021, "pratama", 2022, "madya", 2023, "madya"),
        ("C", "X", 2015, "pratama", 2017, "madya", 2019, "madya", 2021, "utama"),
    )
    found = transitions(given, ladder)["count"].to_dict()
    assert found == {("pratama", "madya"): 1, ("madya", "madya"): 1, ("madya", "utama"): 1}


def test_an_award_without_its_predicate_makes_no_step():
    assert len(pairs(("A", "X", 2021, "madya", 2022, None, 2023, "madya"))) == 0


def test_entire_provinces_are_told_apart_from_the_press(ladder):
    given = pairs(
        ("A", "X", 2021, "madya", 2022, "pratama", 2023, "madya"),
        ("B", "X", 2021, "madya", 2022, "nindya"),
        ("C", "Y", 2021, "madya", 2022, "nindya"),
    )
    found = moves(given, ladder)
    # The later round decides: the round of 2023 of province X is not entire.
    assert found.loc[("madya", True), ["rose", "stayed", "fell", "of", "districts"]].tolist() == [1, 0, 1, 2, 2]
    assert found.loc[("madya", False), ["rose", "of"]].tolist() == [1, 1]
    assert found.loc[("pratama", False), ["rose", "of"]].tolist() == [1, 1]


def test_a_district_that_repeats_itself_says_no_more_than_once():
    rng = np.random.default_rng(7)
    hits, districts = pd.Series(rng.random(40) < 0.4), pd.Series(range(40))
    once = interval(hits, districts)
    # Each district three times over, and always the same: the interval stays.
    again = interval(pd.concat([hits] * 3, ignore_index=True), pd.concat([districts] * 3, ignore_index=True))
    assert again == pytest.approx(once)
    assert interval(pd.concat([hits] * 3, ignore_index=True), pd.Series(range(120)))[0] > once[0]


def test_the_interval_agrees_with_resampling_of_districts():
    found = published_pairs()
    found = found[found["before"] == "pratama"]
    rose = found["after"].isin(["madya", "nindya"])
    by = pd.DataFrame({"rose": rose, "of": 1}).groupby(found["area_code"]).sum()
    drawn = np.random.default_rng(1).multinomial(len(by), [1 / len(by)] * len(by), size=20000)
    shares = drawn @ by["rose"].to_numpy() / (drawn @ by["of"].to_numpy())
    assert interval(rose, found["area_code"]) == pytest.approx(np.quantile(shares, [0.025, 0.975]), abs=0.015)


def test_one_district_is_one_observation():
    # Four of four, all of one district: Wilson's lower bound with n = 1 is 1 / (1 + 1.96**2).
    low, high = interval(pd.Series([True] * 4), pd.Series(["A"] * 4))
    assert (low, high) == pytest.approx((1 / (1 + 1.959964**2), 1))


def test_each_district_counts_once_per_pair_and_all_pairs_are_told():
    found = published_pairs()
    assert not found.duplicated(["area_code", "before_year"]).any()
    assert len(found) > 240
    assert found["whole"].sum() > 60
    # Jawa Timur 2022 to 2023: two lists of all 38 districts, of which two are in doubt.
    assert ((found["province"] == "Jawa Timur") & (found["after_year"] == 2023)).sum() == 36


def test_a_report_leaves_out_what_came_after_it():
    assert published_pairs(until=2022)["after_year"].max() == 2022
    said = [repr(_transitions(year)) for year in (2022, 2023)]
    assert "sampai putaran 2022" in said[0]
    # Its own step from Madya to Madya in 2023 is one more.
    known = published_pairs(until=2023)
    assert "63.10" in set(known.loc[known["after_year"] == 2023, "area_code"])
    assert "63.10" not in set(published_pairs(until=2022)["area_code"])


def test_a_round_whose_predicate_is_open_starts_from_the_last_one_named():
    assert "Madya pada 2023" in _transitions(2025).paragraphs[0]
    assert _transitions(2019).paragraphs[0].startswith("Predikat Kab. Tanah")


def _transitions(year):
    case = kla.open_position("63.10", year)
    return country.transitions_in_words(kla.moves(published_pairs(until=year), case.ladder), case)


def test_where_a_district_stands_in_its_province(ladder):
    table = province_standing(kla.load_results(), "Kalimantan Selatan", ladder)
    assert table.index.is_unique
    assert table.loc["63.10", ["predicate", "award_year", "later_year", "at_most"]].to_list() == [
        "madya",
        2023,
        2025,
        "madya",
    ]
    assert table.loc["63.10", "rank"] == (table["predicate"].isin(["nindya", "utama"])).sum() + 1
    assert "2025: paling tinggi Madya" in repr(country.province_in_words(table, kla.open_position("63.10", 2022)))
