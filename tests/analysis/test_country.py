"""What the country did: small counts, shown with their intervals."""

import pandas as pd
import pytest

import kla_analysis as kla
from kla_analysis import wording
from kla_analysis.analysis.country import province_standing, steps, transitions, without_future


@pytest.fixture(scope="module")
def results():
    return kla.load_results()


def test_transitions_are_counted_between_consecutive_rounds(results, instrument):
    table = transitions(results, instrument)
    assert (table.groupby("before")["count"].sum() == table.groupby("before")["of"].first()).all()
    # Depok: Nindya in 2017, 2018, 2019, 2021, 2022: four steps from Nindya to Nindya.
    depok = transitions(results[results["area_name"] == "Kota Depok"], instrument)
    assert depok["count"].to_dict() == {("nindya", "nindya"): 4}


def rounds(*lines):
    """Final results: area code, then year and predicate again and again."""
    rows = [
        {
            "area_code": code,
            "area_name": code,
            "province": "X",
            "award_year": year,
            "stage": "final",
            "predicate": predicate,
        }
        for code, *rest in lines
        for year, predicate in zip(rest[::2], rest[1::2], strict=True)
    ]
    return pd.DataFrame(rows)


def test_a_round_that_was_skipped_is_no_step(instrument):
    # A misses the round of 2022 that B had: its step from 2021 to 2023 is not one of consecutive rounds.
    given = rounds(("A", 2021, "madya", 2023, "nindya"), ("B", 2021, "pratama", 2022, "madya", 2023, "madya"))
    assert transitions(given, instrument)["count"].to_dict() == {("pratama", "madya"): 1, ("madya", "madya"): 1}


def test_wilson_interval_by_hand(results, instrument):
    # Four of four: Wilson's lower bound is n / (n + z**2) = 4 / (4 + 1.96**2) = 0.510.
    depok = transitions(results[results["area_name"] == "Kota Depok"], instrument)
    assert depok["low"].iloc[0] == pytest.approx(4 / (4 + 1.959964**2), abs=1e-4)
    assert depok["high"].iloc[0] == pytest.approx(1)


def test_where_a_district_stands_in_its_province(results, instrument):
    table = province_standing(results, "Kalimantan Selatan", instrument)
    assert table.index.is_unique
    # The last known awards: Balangan and Banjar Nindya in 2025, Tabalong, HSS and Banjarmasin Nindya in 2023.
    assert (table["rank"] == 1).sum() == 5
    assert table.loc["63.10", ["predicate", "award_year"]].to_list() == ["madya", 2023]
    assert table.loc["63.10", "rank"] == 6


def test_a_district_that_stepped_twice_is_two_steps_of_one_district(results, instrument):
    # Depok: four steps from Nindya to Nindya.
    depok = transitions(results[results["area_name"] == "Kota Depok"], instrument).iloc[0]
    assert (depok["of"], depok["areas"]) == (4, 1)
    every = transitions(results, instrument)
    assert (every["areas"] <= every["of"]).all()


def test_a_report_does_not_know_its_own_future(results, instrument):
    # Tanah Bumbu: Madya in 2022 and again in 2023. A report of 2022 must not count that step; one of 2023 may.
    def own(known):
        found = steps(known)
        return found[(found["area_code"] == "63.10") & (found["before"] == "madya")]["award_year"].tolist()

    assert own(results) == [2023]
    assert own(without_future(results, "63.10", 2022)) == []
    assert own(without_future(results, "63.10", 2023)) == [2023]
    others = results[results["area_code"] != "63.10"]
    known = without_future(results, "63.10", 2022)
    assert len(known[known["area_code"] != "63.10"]) == len(others)


def test_the_sentence_counts_steps_and_districts(results, instrument):
    said = repr(wording.transitions_in_words(kla.open_position("63.10", 2022)))
    found = steps(without_future(results, "63.10", 2022))
    found = found[found["before"] == "madya"]
    order = ["none", *(band.code for band in instrument.ladder.bands)]
    up = sum(order.index(after) > order.index("madya") for after in found["after"])
    assert f"Dari {len(found)} peralihan Madya" in said
    assert f"{up} naik" in said
    assert f"milik {found['area_code'].nunique()} daerah" in said
    assert "sesudah 2022 tidak ikut dihitung" in said
