"""Weaknesses: lost points, whose they are, and in which order."""

import dataclasses

import numpy as np
import pytest
from conftest import UNANSWERED

import kla_analysis as kla
from kla_analysis.analysis.weakness import Selection, selected_groups, unknown_in, weakest_indicators


@pytest.fixture(scope="module")
def rolled(reference, instrument):
    return kla.roll_up(reference, instrument)


def test_losses_add_up_to_what_is_missing(rolled):
    # 1000 - 771.81 = 228.19
    assert kla.lost_points(rolled, "component")["lost_points"].sum() == pytest.approx(228.19)
    assert kla.lost_points(rolled, "indicator")["lost_points"].sum() == pytest.approx(228.19)


def test_ranked_with_pareto_shares(rolled):
    ranked = kla.lost_points(rolled, "indicator")
    # 26 loses 79 - 52.4 = 26.6, then 1 loses 96 - 72.41 = 23.59, then 6 loses 55 - 32 = 23.
    assert list(ranked.index[:3]) == ["26", "1", "6"]
    assert ranked["lost_points"].head(3).to_list() == [26.6, 23.59, 23]
    assert ranked["lost_points"].is_monotonic_decreasing
    assert ranked["cumulative_share"].iloc[-1] == pytest.approx(1)


def test_recoverable_is_less_where_the_indicator_is_nearly_full(tmp_path, sheet, instrument):
    # Indicator 19 may have 51 although its questions add up to 54. With everything full but 19.1 (4 points),
    # its questions give 50: only 1 of the 4 lost points can still reach the total.
    path = sheet()
    lines = path.read_text(encoding="utf-8").splitlines()
    maxima = instrument.questions["max_points"]
    rows = [line.split(",") for line in lines]
    for row in rows[1:]:
        if row[3].startswith("19."):
            row[4] = "0" if row[3] == "19.1" else f"{maxima[row[3]]:g}"
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    rolled = kla.roll_up(kla.load_assessment(path, instrument), instrument)
    question = kla.lost_points(rolled, "question").loc["19.1"]
    assert (question["lost_points"], question["recoverable_points"]) == (4, 1)


def test_against_one_reference(rolled, tanah_bumbu, instrument):
    ranked = kla.lost_points(kla.roll_up(tanah_bumbu, instrument), "component", peers=[rolled])
    assert ranked["behind_peers"].sum() == pytest.approx(771.81 - 650.5)


def test_against_the_median_of_peers(rolled, tanah_bumbu, instrument):
    own = kla.roll_up(tanah_bumbu, instrument)
    ranked = kla.lost_points(own, "component", peers=[own, own, rolled])  # the median is its own score
    assert ranked["behind_peers"].sum() == 0
    assert ranked["peer_points"].sum() == pytest.approx(650.5)


def test_points_by_agency(rolled):
    ranked = kla.lost_by_agency(rolled)
    # Equal shares add up to what the total loses, 1000 - 771.81; involvement counts shared questions in full.
    assert ranked["shared_points"].sum() == pytest.approx(228.19)
    assert (ranked["involved_points"] >= ranked["shared_points"]).all()
    # 26.2, 26.3, 26.15 to 26.18, 25.11 to 25.13 have no agency: 3 + 0 + 6 + 1 + 0 + 4 = 14 points lost.
    assert ranked.loc["(belum ada penanggung jawab)", "involved_points"] == 14


def test_weak_questions_of_a_component(rolled):
    weak = kla.weak_questions(rolled, "K1", top=3)
    # 6.3: 21 - 9 = 12; 6.2: 12 - 7 = 5; 6.5 and 6.6: 5 - 2 = 3, in the order of the sheet.
    assert weak["lost_points"].to_dict() == {"6.3": 12, "6.2": 5, "6.5": 3}
    with pytest.raises(kla.ParameterError, match="K1"):
        kla.weak_questions(rolled, "K11")


def test_equal_shares_add_up_to_the_loss_where_indicators_are_capped(tanah_bumbu, instrument):
    # The questions lose 353.50 points, the total 1000 - 650.50: 19 and 21B have questions worth 3 and 1 too many.
    rolled = kla.roll_up(tanah_bumbu, instrument)
    assert rolled.questions["lost_points"].sum() == pytest.approx(353.5)
    assert kla.lost_by_agency(rolled)["shared_points"].sum() == pytest.approx(349.5, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_equal_shares_add_up_on_any_sheet(seed, tanah_bumbu, instrument):
    # Full answers, nothing, and missing ones, so that capped indicators are full, half full and open.
    maxima, random = instrument.questions["max_points"], np.random.default_rng(seed)
    scores = maxima * random.choice([0, 0.5, 1, np.nan], size=len(maxima), p=[0.2, 0.2, 0.5, 0.1])
    rolled = kla.roll_up(dataclasses.replace(tanah_bumbu, scores=scores), instrument)
    assert kla.lost_by_agency(rolled)["shared_points"].sum() == pytest.approx(1000 - rolled.total.high, abs=1e-6)


def test_an_agency_without_a_loss_is_not_ranked(tanah_bumbu, instrument):
    mine = instrument.questions["agencies"].fillna("").str.contains("Dinkes")
    scores = tanah_bumbu.scores.where(~mine, instrument.questions["max_points"])
    before = kla.lost_by_agency(kla.roll_up(tanah_bumbu, instrument))
    after = kla.lost_by_agency(kla.roll_up(dataclasses.replace(tanah_bumbu, scores=scores), instrument))
    assert "Dinkes" in before.index
    assert "Dinkes" not in after.index
    assert (after[["questions", "involved_points", "shared_points"]] > 0).all(axis=None)


def test_what_nobody_answered_is_no_weakness(blanked, instrument):
    rolled = kla.roll_up(kla.load_assessment(blanked(), instrument), instrument)
    weak = kla.weak_questions(rolled)
    assert not set(weak.index) & set(UNANSWERED)
    assert list(kla.unanswered_questions(rolled).index) == [c for c in rolled.questions.index if c in UNANSWERED]
    assert list(kla.unanswered_questions(rolled, "K5").index) == ["21B.1", "21B.2"]
    ranked = kla.lost_points(rolled, "indicator")
    assert {"7", "9"} <= set(ranked.index[ranked["lost_points"] == 0])
    # What is recoverable for sure never passes the loss, nor the room that the indicator has with the answers it has.
    assert (weak["recoverable_points"] <= weak["lost_points"]).all()
    behind = kla.lost_points(rolled, "question", peers=[rolled.at_best])["behind_peers"]
    assert (behind == 0).all()


def test_recoverable_where_an_answer_of_a_capped_indicator_is_missing(tanah_bumbu, instrument):
    # Indicator 19: 54 points of questions, 51 allowed. All full but 19.1 (4 points), which is missing, and 19.3, which loses 2:
    # with what is known the indicator has 48 of 51, so that the 2 can come back.
    scores = instrument.questions["max_points"].astype(float).copy()
    scores["19.1"], scores["19.3"] = np.nan, scores["19.3"] - 2
    rolled = kla.roll_up(dataclasses.replace(tanah_bumbu, scores=scores), instrument)
    question = kla.lost_points(rolled, "question").loc["19.3"]
    assert (question["lost_points"], question["recoverable_points"]) == (2, 2)
    assert rolled.indicators.loc["19", ["low", "high", "lost_points", "unknown_points"]].to_list() == [48, 51, 0, 3]


def test_unknown_points_of_a_selection(blanked, instrument):
    rolled = kla.roll_up(kla.load_assessment(blanked(["7.1", "7.2", "8.3"]), instrument), instrument)
    maxima = instrument.questions["max_points"]
    chosen = {
        Selection(): maxima[["7.1", "7.2", "8.3"]].sum(),
        Selection(component="K2"): maxima[["7.1", "7.2", "8.3"]].sum(),
        Selection(component="K1"): 0,
        Selection(indicator="8"): maxima["8.3"],
    }
    assert {one: unknown_in(rolled, one) for one in chosen} == chosen


def test_a_component_may_have_lost_less_than_a_point(tanah_bumbu, instrument):
    scores = instrument.questions["max_points"].astype(float).copy()
    scores["8.3"] -= 0.5
    found = weakest_indicators(kla.roll_up(dataclasses.replace(tanah_bumbu, scores=scores), instrument))
    assert found["lost_points"].to_dict() == {"8": 0.5}


def test_a_selection_is_counted_as_the_sheet_counts_it_until_it_is_thinned_out(tanah_bumbu, instrument):
    full = kla.roll_up(dataclasses.replace(tanah_bumbu, scores=instrument.questions["max_points"]), instrument)
    level, whole = selected_groups(full, Selection(component="K3"))
    assert (level, whole.equals(full.indicators.loc[whole.index, whole.columns])) == ("indicator", True)
    assert whole.index.tolist() == [code for code, of in full.indicators["component_code"].items() if of == "K3"]
    level, components = selected_groups(full)
    assert (level, components["low"].tolist()) == ("component", full.components["low"].tolist())
    # One agency's questions are added up: those alone, by component.
    mine = full.questions[full.questions["agencies"].fillna("").str.contains("Dinkes")]
    level, thinned = selected_groups(full, Selection(agency="Dinkes"))
    assert (level, thinned["max_points"].sum()) == ("component", mine["max_points"].sum())
    assert thinned["max_points"].sum() < components["max_points"].sum()
