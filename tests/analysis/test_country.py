"""What the country did: small counts, shown with their intervals."""

import pandas as pd
import pytest

import kla_analysis as kla
from kla_analysis.analysis.country import province_standing, transitions


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
