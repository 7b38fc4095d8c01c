"""Roll-up: the plain sum, level by level; the arithmetic stands beside each number."""

import dataclasses

import pandas as pd
import pytest
from conftest import UNANSWERED

import kla_analysis as kla
from kla_analysis.errors import DataError


def full_marks(instrument) -> pd.DataFrame:
    maxima = instrument.questions["max_points"]
    return pd.DataFrame(
        {"area_code": "63.10", "award_year": 2024, "stage": "final", "question_code": maxima.index, "score": maxima}
    ).reset_index(drop=True)


def write(path, scores: pd.DataFrame):
    scores.to_csv(path, index=False)
    return path


def test_reference_sheet_level_by_level(reference, instrument):
    rolled = kla.roll_up(reference, instrument)
    # 126.91 + 89 + 93.8 + 136 + 94.6 + 163.0 + 68.5 = 771.81
    assert rolled.components["low"].to_dict() == {
        "K0": 126.91,
        "K1": 89,
        "K2": 93.8,
        "K3": 136,
        "K4": 94.6,
        "K5": 163,
        "KD": 68.5,
    }
    assert rolled.total.low == 771.81
    assert rolled.placement.predicate == "nindya"
    assert rolled.indicators.loc["26", "low"] == 52.4


def test_tanah_bumbu_illustrative(tanah_bumbu, instrument):
    rolled = kla.roll_up(tanah_bumbu, instrument)
    assert (rolled.total.low, rolled.placement.predicate, rolled.placement.points_to_next) == (650.5, "madya", 50.5)


def test_full_marks_are_1000_and_not_1004(tmp_path, instrument):
    # Indicators 19 and 21B have questions worth 3 and 1 points more than the indicator itself.
    sheet = kla.load_assessment(write(tmp_path / "penuh.csv", full_marks(instrument)), instrument)
    rolled = kla.roll_up(sheet, instrument)
    assert rolled.total.low == 1000
    assert rolled.capped == ("19", "21B")
    assert rolled.placement.predicate == "kla"


def test_hundredths_that_make_701_are_nindya(sheet, instrument):
    # 650.5 - 10.11 + 12 = 652.39; binary noise must never push a sum below a bound.
    rolled = kla.roll_up(kla.load_assessment(sheet((",1.1,10.11,", ",1.1,12,")), instrument), instrument)
    assert rolled.total.low == 652.39


@pytest.mark.parametrize(("policy", "low", "high"), [("range", 640.39, 652.39), ("zero", 640.39, 640.39)])
def test_missing_answers(sheet, instrument, policy, low, high):
    # 650.5 - 10.11 = 640.39 without the answer; + 12, its maximum, with a full one.
    loaded = kla.load_assessment(sheet((",1.1,10.11,", ",1.1,,")), instrument)
    rolled = kla.roll_up(loaded, instrument, missing=policy)
    assert (rolled.total.low, rolled.total.high) == (low, high)
    assert rolled.missing == ("1.1",)
    said = rolled.missing_in_words()
    assert "1.1" in said
    assert ("dihitung nol" in said, "paling banyak 12 poin" in said) == (policy == "zero", policy == "range")


@pytest.mark.parametrize("policy", ["range", "zero"])
def test_lost_unknown_and_reached_make_the_maximum(blanked, instrument, policy):
    rolled = kla.roll_up(kla.load_assessment(blanked(), instrument), instrument, missing=policy)
    for level in ("question", "indicator", "component"):
        table = rolled.table(level)
        parts = table["low"] + table["unknown_points"] + table["lost_points"]
        assert parts.to_list() == pytest.approx(table["max_points"].to_list())
    empty = rolled.questions.loc[list(UNANSWERED)]
    known = policy == "zero"
    assert (empty["lost_points"] == (empty["max_points"] if known else 0)).all()
    assert (empty["unknown_points"] == (0 if known else empty["max_points"])).all()
    assert (empty["answers"] == int(known)).all()
    # Of 7 and 9 nothing is answered, of 6 all but one; 21B may hold 17 points although its questions ask for 18.
    indicators = rolled.indicators
    assert indicators.loc[["7", "9", "21B"], "answers"].eq(0).all() != known
    assert indicators.loc["6", ["answers", "unanswered"]].to_list() == ([7, 0] if known else [6, 1])
    assert indicators.loc["21B", "unknown_points"] == (0 if known else 17)
    assert rolled.unknown_points == pytest.approx(rolled.components["unknown_points"].sum())
    assert bool(rolled.unknown_points) != known


def test_the_other_end_is_the_sheet_with_full_answers(blanked, instrument):
    rolled = kla.roll_up(kla.load_assessment(blanked(), instrument), instrument)
    maxima = instrument.questions["max_points"]
    sheet = kla.load_assessment(blanked(), instrument)
    full = kla.roll_up(dataclasses.replace(sheet, scores=sheet.scores.fillna(maxima)), instrument)
    pd.testing.assert_frame_equal(rolled.at_best.questions, full.questions)
    pd.testing.assert_frame_equal(rolled.at_best.indicators, full.indicators)
    assert rolled.at_best.total == full.total
    assert rolled.at_best.total.low == rolled.total.high
    assert rolled.at_best.capped == full.capped
    assert full.at_best is full


def test_missing_answers_refused(sheet, instrument):
    loaded = kla.load_assessment(sheet((",1.1,10.11,", ",1.1,,")), instrument)
    with pytest.raises(DataError) as refused:
        kla.roll_up(loaded, instrument, missing="refuse")
    assert [problem.value for problem in refused.value.problems] == ["1.1"]
    with pytest.raises(kla.ParameterError, match="zero"):
        kla.roll_up(loaded, instrument, missing="zeros")


def test_a_sheet_of_indicators_gives_the_same_total(tmp_path, reference, instrument):
    rolled = kla.roll_up(reference, instrument)
    sheet = pd.DataFrame(
        {
            "area_code": "reference",
            "award_year": 2024,
            "stage": "self_assessment",
            "indicator_code": rolled.indicators.index,
            "score": rolled.indicators["low"],
        }
    )
    loaded = kla.load_assessment(write(tmp_path / "indikator.csv", sheet), instrument)
    again = kla.roll_up(loaded, instrument)
    assert again.total == rolled.total
    assert again.questions is None
    with pytest.raises(DataError, match="berhenti di tingkat indikator"):
        again.table("question")


def test_a_sheet_of_components_gives_the_same_total(tmp_path, reference, instrument):
    rolled = kla.roll_up(reference, instrument)
    sheet = pd.DataFrame(
        {
            "area_code": "reference",
            "award_year": 2024,
            "stage": "self_assessment",
            "component_code": rolled.components.index,
            "score": rolled.components["low"],
        }
    )
    loaded = kla.load_assessment(write(tmp_path / "komponen.csv", sheet), instrument)
    assert kla.roll_up(loaded, instrument).total == rolled.total


def test_a_result_prints_itself(reference, instrument):
    assert "126.91" in kla.roll_up(reference, instrument)._repr_html_()
    assert repr(kla.roll_up(reference, instrument)) == "RollUp(reference 2024 self_assessment: 771,81 → Nindya)"


def test_a_result_can_not_be_changed(reference, instrument):
    with pytest.raises(dataclasses.FrozenInstanceError):
        kla.roll_up(reference, instrument).total = None


def test_what_is_missing_is_neither_lost_nor_had(blanked, instrument):
    rolled = kla.roll_up(kla.load_assessment(blanked(["7.1", "7.2"]), instrument), instrument)
    for level in ("question", "indicator", "component"):
        table = rolled.table(level)
        whole = table["low"] + table["unknown_points"] + table["lost_points"]
        assert whole.round(6).tolist() == table["max_points"].tolist() or level != "question"
    points = instrument.questions["max_points"]
    assert rolled.questions.loc["7.1", ["low", "unknown_points", "lost_points"]].to_list() == [0, points["7.1"], 0]
    assert rolled.indicators.loc["7", "unknown_points"] == points[["7.1", "7.2"]].sum()
    assert rolled.components["unknown_points"].sum() == points[["7.1", "7.2"]].sum()
