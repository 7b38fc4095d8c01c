"""A claim beside what verification left of it: hand-made cuts, whose evidence, what comes back, and what own rounds teach."""

import csv
import dataclasses
import shutil

import pytest
from conftest import ROOT
from showing.test_charts import require_readable

import kla_analysis as kla
from kla_analysis import charts, tables, wording
from kla_analysis.analysis.forecast import forecast
from kla_analysis.analysis.verified import at_stake, cuts_between

AREA = "11.01"  # nothing is published of it that a forecast learns from
CLAIM, VERIFIED = "self_assessment", "administrative_verification"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of data of one's own, with nobody's sheets but the reference."""
    monkeypatch.setenv("KLA_DATA", str(tmp_path / "data"))
    return shutil.copytree(ROOT / "data", tmp_path / "data")


def write(data, stage, scores, *, year=2026, area=AREA, level="question", illustrative=False):
    path = data / "assessments" / area / f"{year}-{stage}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["area_code", "award_year", "stage", f"{level}_code", "score"])
        rows.writerows([area, year, stage, code, score] for code, score in scores.items())
    if illustrative:
        path.with_suffix(".origin.yaml").write_text(
            "{title: {id: x}, standing: assumed, kind: illustrative, note: {id: x}}"
        )
    return path


@pytest.fixture
def claim(data, instrument):
    """Every question in full, and what a verifier made of it: three cuts, one of them of a condition, and one unanswered."""
    full = instrument.questions["max_points"].to_dict()
    write(data, CLAIM, full)
    write(data, VERIFIED, full | {"1.1": 5, "21A.2": 0, "14.3": 1, "2.1": ""})
    return kla.open(AREA, 2026, stage=CLAIM)


def test_what_was_cut_by_whose_evidence(claim, instrument):
    cut = kla.cuts(claim)
    maxima = instrument.questions["max_points"]
    lost = cut[cut["cut_points"] > 0]["cut_points"]
    assert lost.to_dict() == {"1.1": maxima["1.1"] - 5, "14.3": maxima["14.3"] - 1, "21A.2": maxima["21A.2"]}
    assert cut.loc["2.1", ["verified", "cut_points"]].isna().all()  # missing is not zero
    assert cut.at["1.1", "kept"] == pytest.approx(5 / maxima["1.1"])
    agencies = kla.cut_by_agency(cut)
    owners = cut.at["1.1", "owners"]
    assert owners == ["JDIH", "Bagian Hukum", "Dinas PPPA"]
    assert agencies.loc["JDIH"].tolist() == [1, 7, pytest.approx(7 / 3)]
    assert agencies["shared_points"].sum() == pytest.approx(lost.sum())
    said = repr(wording.verified_in_words(cut, claim))
    assert "3 pertanyaan dipotong" in said
    assert "1 pertanyaan tidak dibandingkan" in said
    chart = charts.cuts(kla.cuts(claim, "component"), claim)
    assert "Klaster V" in chart.title
    require_readable(chart)


def test_a_small_claim_keeps_a_share_as_any_other(data, instrument):
    full = instrument.questions["max_points"].to_dict()
    write(data, CLAIM, full | {"8.3": 0.5, "2.1": 0})
    write(data, VERIFIED, full | {"8.3": 0.25, "2.1": 0})
    kept = kla.cuts(kla.open(AREA, 2026))["kept"]
    assert kept["8.3"] == 0.5
    assert kept.isna()["2.1"]  # nothing was claimed of it


def test_opened_at_either_stage_the_round_is_the_same(claim):
    verified = kla.open(AREA, 2026)
    assert verified.stage == VERIFIED
    assert list(verified.sheets) == [CLAIM, VERIFIED]
    assert kla.cuts(verified).equals(kla.cuts(claim))


def test_the_two_day_list_leaves_out_what_no_document_moves(claim, instrument):
    listed = kla.two_day_list(claim)
    assert instrument.questions.at["14.3", "lower_is_better"]
    assert list(listed.index) == ["21A.2", "1.1"]  # most points first
    assert at_stake(listed, claim) == pytest.approx(listed["at_stake_points"].sum())
    assert "2 pertanyaan dapat diperbaiki dalam 2 × 24 jam" in repr(wording.two_days_in_words(listed, claim))
    assert tables.two_day_table(listed, claim).cells[1][0] == "1.1"


def test_no_more_comes_back_than_the_indicator_lost(data, instrument):
    """The questions of a capped indicator may lose more than the indicator does."""
    rules = instrument.questions
    sums, maxima = rules.groupby("indicator_code")["max_points"].sum(), instrument.indicators["max_points"]
    capped = (sums - maxima).idxmax()
    assert sums[capped] > maxima[capped]
    first = rules[(rules["indicator_code"] == capped) & ~rules["lower_is_better"].astype(bool)].index[0]
    full = rules["max_points"].to_dict()
    write(data, CLAIM, full)
    write(data, VERIFIED, full | {first: 0})
    case = kla.open(AREA, 2026)
    lost = kla.cuts(case, "indicator").at[capped, "cut_points"]
    assert lost < full[first]
    assert kla.two_day_list(case)["at_stake_points"].sum() == pytest.approx(lost)


def test_no_more_comes_back_together_than_the_indicator_lost(data, instrument):
    """Two questions of 19 lose 2 and 1.5, and the three points that do not count anyway are among them."""
    full = instrument.questions["max_points"].to_dict()
    write(data, CLAIM, full)
    write(data, VERIFIED, full | {"19.1": full["19.1"] - 2, "19.3": full["19.3"] - 1.5})
    case = kla.open(AREA, 2026)
    assert kla.cuts(case, "indicator").at["19", "cut_points"] == pytest.approx(0.5)
    listed = kla.two_day_list(case)
    assert listed["at_stake_points"].to_dict() == {"19.1": 0.5, "19.3": 0.5}
    assert at_stake(listed, case) == 0.5


@pytest.mark.parametrize("level", ["indicator", "component"])
def test_a_result_that_stops_higher_is_compared_there(data, instrument, level):
    write(data, CLAIM, instrument.questions["max_points"])
    maxima = instrument.table(level)["max_points"]
    write(data, VERIFIED, maxima - maxima.gt(100), level=level)
    case = kla.open(AREA, 2026)
    cut = kla.cuts(case)
    assert cut.index.name == f"{level}_code"
    assert cut["cut_points"].sum() == maxima.gt(100).sum()
    assert len(kla.two_day_list(case)) == maxima.gt(100).sum()
    assert kla.cuts(case, "component")["cut_points"].sum() == maxima.gt(100).sum()


def test_without_both_sheets_one_sentence_says_so():
    case = kla.open("63.10", 2022)
    cut = kla.cuts(case)
    assert cut.empty
    assert len(wording.verified_in_words(cut, case).paragraphs) == 1
    shown = (tables.verified_table(cut, case), tables.two_day_table(kla.two_day_list(case), case))
    assert [one.paragraphs for one in shown] == [(), ()]


def test_sheets_of_other_rules_are_refused(instrument, reference):
    rolled = kla.roll_up(reference, instrument)
    other = dataclasses.replace(rolled, instrument=dataclasses.replace(instrument, id="kla-1999"))
    with pytest.raises(kla.DataError):
        cuts_between(rolled, other)


def test_a_second_forecast_from_what_is_now_known(data, instrument):
    maxima = instrument.components["max_points"]
    write(data, CLAIM, maxima * 0.95, level="component")
    write(data, VERIFIED, maxima * 0.7, level="component")
    case = kla.open(AREA, 2026, stage=CLAIM)
    told = kla.forecasts_by_stage(case, "nindya")
    assert list(told.index) == [CLAIM, VERIFIED]
    assert told.at[VERIFIED, "median"] == kla.outlook(kla.open(AREA, 2026)).median
    assert told.at[VERIFIED, "chance"] < told.at[CLAIM, "chance"]  # cut far more than usual
    assert "Peluang Nindya atau lebih" in repr(wording.stage_forecasts_in_words(told, case, "nindya"))


def own_round(data, instrument, kept, year=2025, **more):
    maxima = instrument.components["max_points"]
    for stage, share in ((CLAIM, 0.9), (VERIFIED, 0.9 * kept)):
        write(data, stage, maxima * share, year=year, level="component", **more)


def told(own=True, stage=CLAIM, year=2026):
    return forecast(850, stage, year=year, area=AREA, own=own).median


def test_own_cuts_move_the_next_forecast_the_right_way_and_not_far(data, instrument):
    before = told()
    assert before == told(own=False)  # nothing is moved where there is no own case
    medians = {}
    for kept in (0.55, 1.0):
        own_round(data, instrument, kept)
        medians[kept] = told()
        assert told(own=False) == before
    assert medians[0.55] < before < medians[1.0]
    assert abs(medians[0.55] - before) < before * 0.1  # one round among forty
    own_round(data, instrument, 0.55)
    own_round(data, instrument, 0.55, year=2023)
    assert told() < medians[0.55]  # two say more than one
    case = kla.open(AREA, 2025)
    assert kla.own_lessons(case)["award_year"].tolist() == [2023, 2025]  # of this round how the claim was cut
    assert "(2023, 2025)" in repr(wording.own_lessons_in_words(kla.own_lessons(case), case, "nindya"))


def test_nothing_forecasts_itself_and_no_illustration_teaches(data, instrument):
    before = told(year=2025)
    own_round(data, instrument, 0.55)
    assert told(year=2025) == before  # the round itself, from its claim
    before = told(own=False)
    own_round(data, instrument, 0.55, illustrative=True)
    assert told() == before


def test_the_places_of_the_day_come_cluster_by_cluster(instrument):
    case = kla.open("63.10", 2022)
    said = kla.load_statements(instrument, file="published/field_day.yaml")
    places = kla.field_day(case, said)
    assert 9 <= len(places) <= 13
    order = list(instrument.components.index)
    assert places["component_code"].map(order.index).is_monotonic_increasing
    assert places.at["polres", "standing"] == "published"
    assert "Polres (Unit PPA)" in places.at["polres", "owners"]
    assert set(places["standing"]) == {"published", "assumed"}
    table = tables.field_day_table(places, case)
    assert "Asumsi" in table.source
    assert "2 × 24 jam" in repr(wording.field_day_in_words(said))
