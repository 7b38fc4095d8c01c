"""How good the forecast is on what it has not seen: the promises, the arithmetic, and that the record is fresh."""

import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from scipy import stats

from kla_analysis.analysis.calibration import (
    LEFT_OUT,
    RECORD,
    _brier,
    check,
    coverage,
    fingerprint_of_facts,
    former_formula,
    load_check,
    record,
    reliability,
    same_as_last,
    summarise,
)
from kla_analysis.analysis.forecast import STEPS, codes_of, country_shares, from_model, learn, verifier_of_case
from kla_analysis.evidence.cases import load_cases


@pytest.fixture(scope="module")
def checked():
    return load_check()


def test_the_record_is_of_the_facts_at_hand(instrument):
    # Facts changed? `make calibration` counts it anew.
    origin = (ROOT / "data/published/forecast_check.origin.yaml").read_text()
    assert fingerprint_of_facts(instrument) in origin


def test_better_than_the_country_and_than_before(checked):
    table = summarise(checked)
    for left_out in LEFT_OUT:
        assert table.loc[(left_out, "verified", "country"), "gain"] >= 0.3
        assert table.loc[(left_out, "claim", "country"), "gain"] >= 0.1
        for start in STEPS:
            for answer in ("former", "same"):
                assert table.loc[(left_out, {"claim": "claim", "verified": "verified"}[start], answer), "gain"] > 0


def test_intervals_of_80_percent_cover_70_to_90(checked):
    covered = coverage(checked)["covered"]
    for left_out in LEFT_OUT:
        for start in ("verified", "claim", "all"):
            assert 0.7 <= covered[(left_out, start, 0.8)] <= 0.9


def test_what_is_said_comes_about_as_often(checked, instrument):
    table = reliability(checked, instrument)
    assert table["said"].is_monotonic_increasing
    assert np.average(np.abs(table["said"] - table["came"]), weights=table["count"]) < 0.1


def test_a_record_is_what_the_facts_give(checked, instrument, tmp_path):
    # One district and one round counted anew by hand give what the record says.
    row = checked[(checked["left_out"] == "district") & (checked["area_code"] == "63.10")].iloc[0]
    told = from_model(
        learn(instrument, without=["63.10"]),
        800.38,
        "administrative_verification",
        year=2025,
        area="63.10",
        previous=None,
        verifier="province",
    )
    below_nindya = 1 - told.probability_at_least("nindya")
    assert row["forecast_log"] == pytest.approx(np.log(below_nindya), abs=2e-3)
    assert row["at_least_nindya"] == pytest.approx(1 - below_nindya, abs=1e-3)


def one(**values) -> pd.DataFrame:
    row = {"left_out": "district", "area_code": "11.01", "stage": "self_assessment", "outcome": "madya"}
    row |= {
        f"{answer}_{what}": 0.0 for answer in ("forecast", "country", "same", "former") for what in ("log", "brier")
    }
    other = {"stage": "administrative_verification", "below": 0.0, "above": 0.0}
    table = pd.DataFrame([row | {"below": 0.0, "above": 1.0} | values, row | other])
    return pd.concat([table, table.assign(left_out="province_round")])


def test_coverage_by_hand():
    # A band of which 0.05 to 0.30 of the probability lies below and in it: of that 0.20 lies within 10 to 90 %.
    covered = coverage(one(below=0.05, above=0.30))["covered"]
    assert covered[("district", "claim", 0.8)] == pytest.approx(0.20 / 0.25)
    # A number at the 95th percent lies outside, at the 85th inside.
    assert coverage(one(below=0.95, above=0.95))["covered"][("district", "claim", 0.8)] == 0
    assert coverage(one(below=0.85, above=0.85))["covered"][("district", "claim", 0.8)] == 1
    assert coverage(one(below=0.9, above=0.9))["covered"][("district", "claim", 0.8)] == 1  # on the bound: inside


def test_the_former_formula_by_hand(instrument):
    # Shares 0.5, 0.7311 and 0.2689 have logits 0, 1, -1: t with 2 degrees of freedom, scale sqrt(1 + 1/3).
    e = np.e / (1 + np.e)
    cases = pd.DataFrame(
        {"self_assessment_low": 1000.0, "administrative_verification_low": [500, 1000 * e, 1000 * (1 - e)]}
    )
    found = former_formula(cases, 1000, "self_assessment", instrument)
    assert found.sum() == pytest.approx(1)
    assert found[0] == pytest.approx(0.5)  # below 500 of 1000
    # Nindya asks for 701 of 1000.
    assert found[3:].sum() == pytest.approx(stats.t.sf(np.log(0.701 / 0.299) / np.sqrt(1 + 1 / 3), 2))
    assert former_formula(cases, 800.38, "administrative_verification", instrument).tolist() == [0, 0, 0, 1, 0, 0]


def test_changed_facts_are_counted_anew(tmp_path, instrument):
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    few = data / "published" / "stage_scores.csv"
    table = pd.read_csv(few, dtype=str, keep_default_na=False)
    table[table["province"] == "Jawa Tengah"].to_csv(few, index=False)
    results = data / "published" / "results.csv"
    table = pd.read_csv(results, dtype=str, keep_default_na=False)
    table[table["stage"] == "final"].to_csv(results, index=False)
    found = load_check(data=data)
    assert len(found) == 2 * 7  # seven cases of that province, each left out in two ways
    pd.testing.assert_frame_equal(found, check(data=data), check_dtype=False)  # of the newest instrument
    cases = load_cases(instrument.ladder, data=data).set_index("area_code")
    for row in found[found["left_out"] == "district"].to_dict("records"):
        unseen = learn(instrument, without=[row["area_code"]], data=data)
        told = from_model(
            unseen,
            row["score"],
            row["stage"],
            year=row["award_year"],
            area=row["area_code"],
            previous=None,
            verifier=verifier_of_case({"award_year": row["award_year"], **cases.loc[row["area_code"]]}, instrument),
            data=data,
        )
        assert row["at_least_nindya"] == pytest.approx(told.probability_at_least("nindya"), abs=0.01)
    before = (ROOT / "data" / RECORD).read_bytes()
    record(data=data)
    assert (ROOT / "data" / RECORD).read_bytes() == before  # it was asked for the other folder
    pd.testing.assert_frame_equal(found, load_check(data=data), check_dtype=False)


def test_an_award_known_only_as_one_of_several_counts_as_their_likeliest_split():
    chances = np.array([0.2, 0.3, 0.1, 0.4, 0, 0])
    came = np.array([False, True, True, False, False, False])
    # The truth is split as 3 to 1: 0.75 and 0.25.
    assert _brier(chances, came) == pytest.approx(0.2**2 + 0.45**2 + 0.15**2 + 0.4**2)
    # Of what was held impossible, an equal split.
    assert _brier(np.array([1.0, 0, 0]), np.array([False, True, True])) == pytest.approx(1 + 2 * 0.5**2)


def test_the_former_award_stays_as_often_as_it_did(instrument):
    model = learn(instrument)
    country = country_shares(instrument.ladder, 2025)
    found = same_as_last(model, "63.10", 2025, country)
    at = codes_of(instrument.ladder).index("madya")
    assert found[at] == model.transitions[at, at]
    assert found.sum() == pytest.approx(1)
    others = np.delete(found, at) / np.delete(country, at)
    assert others == pytest.approx(others[0])  # the rest as the country's shares
    assert (same_as_last(model, "63.10", 2011, country) == country).all()  # before any award


def test_a_verified_score_on_the_bound_has_reached_it(instrument):
    found = former_formula(pd.DataFrame(), 701, "administrative_verification", instrument)
    assert found.tolist() == [0, 0, 0, 1, 0, 0]
    assert former_formula(pd.DataFrame(), 700.99, "administrative_verification", instrument).tolist()[2] == 1


def test_a_probability_of_one_lies_in_the_last_group(instrument):
    # Utama came in one case, Madya in the other.
    certain = one(outcome="utama").assign(
        at_least_pratama=1.0, at_least_madya=0.7, at_least_nindya=0.2, at_least_utama=0.0, at_least_kla=0.0
    )
    table = reliability(certain, instrument)
    assert table["count"].sum() == 10  # two cases, five predicates
    assert table["said"].tolist() == pytest.approx([0, 0.2, 0.7, 1])
    assert table["came"].tolist() == [0.25, 0.5, 1, 1]
