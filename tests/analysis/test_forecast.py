"""The forecast of an award: what it must be like, what it rests on, and that nothing forecasts itself."""

import dataclasses
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import kla_analysis as kla
from kla_analysis.analysis.forecast import (
    STEPS,
    codes_of,
    country_shares,
    from_model,
    learn_from,
    needed_score,
    own_retention,
    score_of,
    verifier_of_case,
)
from kla_analysis.cli.kit import app
from kla_analysis.errors import DataError
from kla_analysis.evidence.cases import former_awards, load_cases

CLAIM, VERIFIED, FINAL = "self_assessment", "administrative_verification", "final"


DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def data_copy(tmp_path):
    return shutil.copytree(DATA, tmp_path / "data")


def chances(score, stage, **more):
    return kla.forecast(score, stage, year=2025, **more).predicates


def test_a_claim_of_961_86_is_most_likely_madya_or_nindya():
    for more in ({}, {"area": "63.10"}):
        found = chances(961.86, CLAIM, **more)
        assert found["madya"] + found["nindya"] > 0.5


def test_800_38_of_the_province_is_not_certainly_nindya():
    # Tanah Bumbu 2025: verified at 800.38, awarded at most Madya.
    for more in ({}, {"area": "63.10"}, {"previous": "madya"}):
        assert 0.25 <= chances(800.38, VERIFIED, **more)["madya"] <= 0.5


def test_the_ministry_cut_claims_more_and_the_award_less_than_the_province():
    centre, province = (
        {stage: kla.forecast(800, stage, year=2025, verified_by=who).median for stage in (CLAIM, VERIFIED)}
        for who in ("centre", "province")
    )
    assert centre[VERIFIED] > province[VERIFIED]
    share_of_claim = kla.learn().parameters()["median"]
    assert share_of_claim["claim_centre"] < share_of_claim["claim_province"]
    assert kla.forecast(800, CLAIM, year=2022).verifier == "centre"  # who verified that year


@pytest.mark.parametrize("stage", [CLAIM, VERIFIED])
@pytest.mark.parametrize("previous", [None, "none", "pratama", "madya", "nindya", "utama", "kla"])
def test_probabilities_add_up_and_rise_with_the_score(stage, previous, ladder):
    before = np.zeros(len(ladder.bands))
    for score in range(0, 1001, 20):
        found = kla.forecast(score, stage, year=2025, previous=previous)
        assert sum(found.predicates.values()) == pytest.approx(1)
        reached = np.array([found.probability_at_least(band.code) for band in ladder.bands])
        assert (reached >= before - 1e-9).all()
        assert 0 <= found.interval.low <= found.median <= found.interval.high <= ladder.max_total
        before = reached


def test_the_former_award_is_evidence():
    low, none, high = (chances(800, VERIFIED, previous=name) for name in ("pratama", None, "utama"))
    assert low["utama"] < none["utama"] < high["utama"]
    assert chances(620, VERIFIED, previous="nindya")["none"] < chances(620, VERIFIED, previous="none")["none"]


def test_the_former_award_is_found_in_the_facts():
    assert kla.forecast(800, VERIFIED, year=2025, area="63.10").previous == "madya"
    assert kla.forecast(800, VERIFIED, year=2019, area="63.10").previous is None


def test_nothing_forecasts_itself(ladder):
    # Another outcome of the district, however wild, leaves its own forecast as it was.
    rules = kla.load_instrument()
    cases, awards = load_cases(ladder), former_awards()
    own = cases["area_code"] == "63.10"
    assert own.any()
    assert not kla.learn(rules, without=["63.10"]).cases["area_code"].eq("63.10").any()
    wild = cases.assign(final_low=cases["final_low"].where(~own, 901), final_high=cases["final_high"].where(~own, 999))
    before, after = (learn_from(table[~own], awards, rules).parameters() for table in (cases, wild))
    pd.testing.assert_frame_equal(before, after)
    moved = learn_from(wild, awards, rules).parameters()
    assert not np.allclose(learn_from(cases, awards, rules).parameters(), moved)


def test_the_same_facts_give_the_same_bytes(ladder):
    rules = kla.load_instrument()
    cases, awards = load_cases(ladder), former_awards()
    one, other = (learn_from(cases, awards, rules).parameters().to_csv() for _ in range(2))
    assert one == other
    assert kla.learn(rules) is kla.learn(rules)  # learnt once for as long as the facts stay


def test_a_final_score_is_certain():
    found = kla.forecast(800.38, FINAL, year=2025, previous="pratama")
    assert (found.certain, found.put_off) == (True, 0)
    assert (found.median, found.interval) == (800.38, kla.Span(800.38, 800.38))
    assert found.predicates["nindya"] == 1


def test_an_own_share():
    found = kla.forecast(900, CLAIM, year=2025, kept_share=0.8)
    assert (found.median, found.interval) == (720, kla.Span(720, 720))
    assert found.predicates["nindya"] == 1
    assert found.break_even("nindya") == pytest.approx(701 / 900)
    assert kla.forecast(650.5, CLAIM, year=2025).break_even("nindya") is None
    # 0.701 × 1000 is 701 however floating-point numbers see it.
    assert kla.forecast(1000, CLAIM, year=2025, kept_share=0.701).predicates["nindya"] == 1


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan])
def test_impossible_shares_are_refused(share):
    with pytest.raises(kla.ParameterError, match="tidak mungkin"):
        own_retention(share)


def test_low_claims_are_extrapolated_and_say_so():
    assert kla.forecast(600, CLAIM, year=2025).extrapolated
    assert not kla.forecast(750, CLAIM, year=2025).extrapolated
    told = CliRunner().invoke(app, ["forecast", "--stage", CLAIM, "--score", "600", "--year", "2025"]).output
    assert "perpanjangan" in told


def test_claims_above_all_published_ones_say_so_too():
    assert kla.forecast(999, VERIFIED, year=2025).extrapolated
    assert not kla.forecast(938, VERIFIED, year=2025).extrapolated
    assert "di atas 938" in run("--stage", VERIFIED, "--score", "999", "--year", "2025").output


@pytest.mark.parametrize("stage", [CLAIM, VERIFIED, "central_review", "field_verification", FINAL])
def test_the_ends_of_the_scale(stage, ladder):
    told = [kla.forecast(score, stage, year=2025) for score in (0, 1, 50, 100, 400, 999, 1000)]
    for one in told:
        assert 0 <= one.interval.low <= one.median <= one.interval.high <= ladder.max_total
        assert sum(one.predicates.values()) == pytest.approx(1, abs=1e-12)
        assert one.extrapolated == (stage != FINAL and not one.observed.low <= one.claimed <= one.observed.high)
    for name in ("median", "interval"):
        values = [getattr(one, name) for one in told]
        assert values == sorted(values, key=lambda value: getattr(value, "low", value))
    for band in ladder.bands:
        reached = [one.probability_at_least(band.code) for one in told]
        assert reached == sorted(reached)


def test_what_is_put_off_explains_no_award_beside_a_high_score():
    told = chances(800.38, VERIFIED, previous="madya")
    assert told["none"] > told["pratama"]
    said = run("--stage", VERIFIED, "--score", "800.38", "--year", "2025", "--previous", "madya").output
    assert "memuat 2% untuk putaran yang berakhir tanpa penilaian (verifikasi ditunda), berapa pun nilainya" in said
    assert "Karena itu peluangnya lebih besar daripada Pratama." in said
    low = chances(655, VERIFIED)
    assert low["none"] < low["pratama"]
    said = run("--stage", VERIFIED, "--score", "655", "--year", "2025").output
    assert "(verifikasi ditunda), berapa pun nilainya" in said
    assert "lebih besar daripada" not in said  # it is not
    assert "ditunda" not in run("--stage", FINAL, "--score", "800.38", "--year", "2025").output


@pytest.mark.parametrize("year", ["1999", "9999"])
def test_a_year_without_any_award_is_refused(year):
    error = run("--stage", VERIFIED, "--score", "800", "--year", year).exception
    assert isinstance(error, kla.ParameterError)
    assert f"{year} bukan tahun penghargaan" in str(error)
    assert "2011 sampai 2100" in error.advice


def test_what_was_never_assessed_is_no_share():
    # Pangandaran 2021 had 737.05 and no award because its field verification was put off.
    rules = kla.load_instrument()
    model = kla.learn(rules)
    assert "32.18" not in set(model.cases["area_code"])
    assert 0.01 < model.put_off < 0.05
    assert chances(990, VERIFIED)["none"] >= model.put_off


def test_draws_agree_with_the_distribution_and_repeat():
    kept = kla.forecast(961.86, CLAIM, year=2025).retention
    drawn = kept.draw(200_000, seed=1)
    assert np.array_equal(drawn, kept.draw(200_000, seed=1))
    for share in (0.6, 0.73, 0.9):
        assert (drawn >= share).mean() == pytest.approx(kept.probability_at_least(share), abs=0.005)


def test_country_shares_by_hand(ladder):
    # 2025: 464 took part, 139 + 125 + 69 + 22 awarded: 109 without. Nobody at the top counts as half a district.
    shares = country_shares(ladder, 2025)
    assert shares == pytest.approx(np.array([109, 139, 125, 69, 22, 0.5]) / 464.5)
    assert country_shares(ladder, 2031) == pytest.approx(shares)


def test_transitions_by_hand():
    # One pair, Madya to Nindya: 10 assumed pairs (0.6, 0.16 each way, 0.04 two away, 0.003 three away) and the one.
    rules = kla.load_instrument()
    pairs = pd.DataFrame({"area_code": "63.10", "award_year": [2022, 2023], "predicate": ["madya", "nindya"]})
    after = learn_from(load_cases(rules.ladder), pairs, rules).after("madya")
    whole = 0.6 + 2 * 0.16 + 2 * 0.04 + 0.003
    assert after[codes_of(rules.ladder).index("nindya")] == pytest.approx((10 * 0.16 / whole + 1) / 11)


def run(*words):
    return CliRunner().invoke(app, ["forecast", *words], catch_exceptions=True)


def test_the_command_as_json():
    told = json.loads(
        run("--stage", VERIFIED, "--score", "800,38", "--year", "2025", "--area", "63.10", "--json").output
    )
    assert {"predicates", "median", "interval", "level", "observed_range", "basis"} <= set(told)
    assert sum(told["predicates"].values()) == pytest.approx(1, abs=1e-12)
    assert told["basis"]["previous"] == "madya"
    assert told["basis"]["verified_by"] == "province"
    final = json.loads(run("--stage", FINAL, "--score", "800.38", "--year", "2025", "--json").output)
    assert final["predicates"]["nindya"] == 1
    assert final["in_gap"]


def test_everything_wrong_is_told_at_once():
    error = run(
        "--stage",
        "selff",
        "--score",
        "1200",
        "--year",
        "1999",
        "--previous",
        "mudya",
        "--verified-by",
        "camat",
        "--area",
        "99.99",
    ).exception
    assert isinstance(error, kla.ParameterError)
    assert error.exit_code == 2
    for word in ("1999", "selff", "1200", "mudya", "camat", "99.99"):
        assert word in str(error)


def test_intervals_the_wrong_way_round_are_refused(data_copy):
    path = data_copy / "published" / "stage_scores.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, ["self_assessment_low", "self_assessment_high"]] = ["900", "800"]
    table.loc[3, "administrative_verification_high"] = ""
    table.loc[5, ["final_predicate", "at_most"]] = ["madya", "nindya"]
    table.to_csv(path, index=False)
    with pytest.raises(DataError) as told:
        kla.forecast(800, VERIFIED, year=2025, data=data_copy)
    assert [problem.row for problem in told.value.problems] == [2, 5, 7]
    assert "terbalik" in str(told.value)


def test_cases_join_both_tables(ladder):
    cases = load_cases(ladder).set_index(["area_code", "award_year"])
    ours = cases.loc[("63.10", 2025)]
    assert (ours["self_assessment_low"], ours["administrative_verification_low"]) == (961.86, 800.38)
    assert ours["outcome"] == ("none", "pratama", "madya")
    assert (ours["final_low"], ours["final_high"]) == (0, 701)
    assert len(kla.load_stage_scores()) == 44
    assert len(cases) > 60


@pytest.mark.parametrize("probability", [0.2, 0.5])
def test_a_needed_score_is_enough_and_a_hundredth_less_is_not(probability):
    position = kla.open_position("63.10", 2025, stage="administrative_verification")
    needed = needed_score(position, "nindya", probability)
    assert kla.outlook(position, needed).probability_at_least("nindya") >= probability
    assert kla.outlook(position, needed - 0.01).probability_at_least("nindya") < probability


@pytest.mark.parametrize("step", STEPS)
def test_of_a_round_that_was_seen_each_step_is_known_better(instrument, step):
    """The round of six cases against one of which there is none, in a year that nobody has seen."""
    seen, unseen = (
        kla.learn(instrument).share([step], "province", province="Jawa Tengah", year=year, area="")
        for year in (2022, 2030)
    )
    widths = [share.quantile(0.9) - share.quantile(0.1) for share in (seen, unseen)]
    assert widths[0] < 0.98 * widths[1]
    assert abs(seen.quantile(0.5) - unseen.quantile(0.5)) > 0.005


def test_a_score_within_bounds_may_lie_anywhere_between_them(instrument):
    case = {"administrative_verification_low": 700.0, "administrative_verification_high": 800.0}
    name, middle, variance = score_of(case, instrument)
    assert (name, middle) == ("administrative_verification", pytest.approx(math.sqrt(700 * 800)))
    assert variance == pytest.approx(np.log(np.linspace(700, 800, 100_001)).var(), rel=0.01)
    exact = dict.fromkeys(case, 700.0)
    assert score_of(exact, instrument)[1:] == (pytest.approx(700), 0.0)


def test_who_verified_is_who_the_source_says_else_whoever_does_in_that_round(instrument):
    assert instrument.verifier_of(2025).code == "province"
    for said, found in (("centre", "centre"), ("province", "province"), (None, "province")):
        assert verifier_of_case({"award_year": 2025, "verified_by": said}, instrument) == found
    assert verifier_of_case({"award_year": 2017, "verified_by": float("nan")}, instrument) == ""


def test_what_a_verified_score_keeps_is_one_step():
    case = dataclasses.replace(kla.open("63.10", 2022), stage="administrative_verification")
    assert kla.kept_by_step(case).index.tolist() == ["verified"]
    assert kla.kept_by_step(kla.open("reference", 2024)).index.tolist() == ["claim", "verified", "claim+verified"]


def test_strictness_and_kept_shares_hang_together():
    kept = kla.forecast(900, CLAIM, year=2025).retention
    strictness = np.random.default_rng(3).random(100_000)
    drawn = kept.draw(len(strictness), strictness=strictness)
    # Linked as strongly as a province's round, and the distribution itself stays as it was.
    assert np.corrcoef(strictness, drawn)[0, 1] == pytest.approx(kept.linked, abs=0.05)
    assert (drawn >= kept.median).mean() == pytest.approx(0.5, abs=0.01)
    for end in (0.0, 1.0):  # the strictest and the mildest verifier still differ from answer to answer
        assert np.ptp(kept.draw(1000, strictness=np.full(1000, end))) > 0.01


def test_of_a_district_that_was_seen_the_share_is_known_better():
    model, areas = kla.learn(), kla.load_areas()
    seen = model.districts[0]
    # Of the same province, so that only the district itself is new.
    beside = areas[(areas["province"] == areas.at[seen, "province"]) & (areas["kind"] != "provinsi")].index
    unseen = next(code for code in beside if code not in model.districts)
    spans = [
        from_model(model, 900, CLAIM, year=2025, area=area, previous=None, former=False, verifier="province").interval
        for area in (seen, unseen)
    ]
    assert spans[0].high - spans[0].low < spans[1].high - spans[1].low


def test_what_was_learnt_is_given_with_the_interval_that_was_asked_for():
    narrow, wide = (kla.learn().parameters(level=level) for level in (0.5, 0.8))
    assert (wide["low"] < narrow["low"]).all()
    assert (narrow["low"] < narrow["median"]).all()
    assert (narrow["median"] < narrow["high"]).all()
    assert (narrow["high"] < wide["high"]).all()
    assert kla.learn().parameters().equals(wide)


def test_rounds_are_counted_not_years():
    # Tanah Bumbu was awarded in 2023; none was held in 2024. In 2019 and 2021, none in 2020.
    model = kla.learn()
    assert model.rounds_since("63.10", 2025) == 1
    assert model.rounds_since("63.10", 2027) == 2
