"""Sheets of answers: what is read, and how bad ones are refused, every problem at once."""

import math
import shutil

import pandas as pd
import pytest
from conftest import ROOT, often
from hypothesis import given, settings
from hypothesis import strategies as st

import kla_analysis as kla
from kla_analysis.errors import DataError
from kla_analysis.evidence.assessment import find_sheet


def refusal(path, instrument) -> DataError:
    with pytest.raises(DataError) as refused:
        kla.load_assessment(path, instrument)
    return refused.value


def test_the_reference_sheet(reference):
    assert len(reference.scores) == 274
    assert math.isclose(math.fsum(reference.scores), 771.81)
    assert reference.missing == ()


def test_tanah_bumbu_is_the_reference_scaled_to_the_middle_of_madya(reference, tanah_bumbu, instrument):
    maxima = instrument.questions["max_points"]
    derived = kla.scaled_to_total(reference.scores, maxima, 650.5)
    pd.testing.assert_series_equal(tanah_bumbu.scores, derived, check_names=False)
    assert round(math.fsum(derived), 6) == 650.5
    assert (derived <= maxima).all()
    assert tanah_bumbu.origin.illustrative
    assert tanah_bumbu.origin.standing == "assumed"


# The first example loads the instrument.
@settings(max_examples=often(25, 100))
@given(st.floats(min_value=1, max_value=900).map(lambda total: round(total, 2)))
def test_scaling_reaches_every_total_and_never_passes_a_maximum(total):
    instrument = kla.load_instrument()
    maxima = instrument.questions["max_points"]
    profile = maxima * 0.8
    scaled = kla.scaled_to_total(profile, maxima, total)
    assert round(math.fsum(scaled), 6) == total
    assert (scaled <= maxima + 1e-9).all()


def test_scaling_to_more_than_the_maxima_is_refused(reference, instrument):
    with pytest.raises(ValueError, match=r"1004\.5"):
        kla.scaled_to_total(reference.scores, instrument.questions["max_points"], 1004.5)


def test_missing_is_not_zero(sheet, instrument):
    path = sheet((",1.1,10.11,", ",1.1,,"), (",1.4,4.21,", ",1.4,0,"))
    loaded = kla.load_assessment(path, instrument)
    assert loaded.missing == ("1.1",)
    assert loaded.scores["1.4"] == 0


def test_a_question_left_out_is_missing(sheet, instrument):
    path = sheet()
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-3]) + "\n", encoding="utf-8")
    assert kla.load_assessment(path, instrument).missing == ("26.16", "26.17", "26.18")


def test_all_problems_are_told_at_once(sheet, instrument):
    error = refusal(
        sheet(
            (",1.1,10.11,", ",1.l,10.11,"),  # an unknown code
            (",1.4,4.21,", ",1.4,99,"),  # above its maximum
            (",2.1,", ",2.2,"),  # a duplicate
            (",3.2,1.69,", ",3.2,banyak,"),  # text
            (",3.3,2.53,", ",3.3,-1,"),  # below zero
        ),
        instrument,
    )
    assert {(problem.column, problem.value) for problem in error.problems} == {
        ("question_code", "1.l"),
        ("score", "99"),
        ("question_code", "2.2"),
        ("score", "banyak"),
        ("score", "-1"),
    }
    assert len(error.problems) == 5
    assert all(problem.file and problem.row and problem.advice for problem in error.problems)


def test_unknown_code_names_the_nearest_and_its_row(sheet, instrument):
    (problem,) = refusal(sheet((",1.1,10.11,", ",1.1x,10.11,")), instrument).problems
    assert (problem.row, problem.column, problem.value) == (2, "question_code", "1.1x")
    assert "1.1" in problem.advice


def test_score_above_its_maximum(sheet, instrument):
    (problem,) = refusal(sheet((",1.1,10.11,", ",1.1,12.01,")), instrument).problems
    assert problem.what == "melebihi maksimum 1.1, yaitu 12"


def test_duplicate_names_both_rows(sheet, instrument):
    (problem,) = refusal(sheet((",2.1,", ",2.2,")), instrument).problems
    assert problem.row - 1 == int(problem.what.rsplit(" ", 1)[1])


def test_missing_column_names_the_nearest(sheet, instrument):
    (problem,) = refusal(sheet(("score", "scor")), instrument).problems
    assert (problem.column, problem.row) == ("score", 1)
    assert "scor" in problem.advice


def test_decimal_comma_is_never_read_as_thousands(sheet, instrument):
    (problem,) = refusal(sheet((",1.1,10.11,", ',1.1,"10,11",')), instrument).problems
    assert "10.11" in problem.advice


@pytest.mark.parametrize("text", ["inf", "nan", "1e400", "#REF!", "=1+1", "TAD", "0x10", "١٢"])
def test_what_is_not_a_plain_number_is_refused(sheet, instrument, text):
    (problem,) = refusal(sheet((",1.1,10.11,", f",1.1,{text},")), instrument).problems
    assert problem.value == text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "berkas kosong"),
        (b"  \n\n", "berkas kosong"),
        (b"area_code,award_year,stage,question_code,score\n", "tidak ada baris data"),
        (b"area_code|award_year|stage|question_code|score\n63.10|2022|final|1.1|1\n", "koma"),
        (b"area_code,award_year,stage,question_code,score\n63.10,2022,final,1.1\n", "baris ini berisi 4 sel"),
        (b'area_code,award_year,stage,question_code,score\n63.10,2022,final,"1.1,1\n', "tanda kutip"),
        (b"area_code,award_year,stage,question_code,score\n63.10,2022,final,1.1,1\0\n", "NUL"),
        ("area_code,award_year,stage,question_code,score\n".encode("utf-16"), "UTF-8"),
        (b"area_code,award_year,stage,question_code,score\n63.10,2022,akhir,1.1,1\n", "final"),
        (b"area_code,award_year,stage,question_code,score\n63.1,2022,final,1.1,1\n", "63.1"),
    ],
)
def test_bad_files(tmp_path, instrument, content, words):
    path = tmp_path / "lembar.csv"
    path.write_bytes(content)
    assert words in str(refusal(path, instrument))


def test_a_file_that_is_not_there(tmp_path, instrument):
    assert "tidak ada" in str(refusal(tmp_path / "tidak.csv", instrument))
    assert "sebuah folder" in str(refusal(tmp_path, instrument))


def test_one_file_holds_one_round(sheet, instrument):
    path = sheet()
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[5] = lines[5].replace("2022", "2023")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (problem,) = refusal(path, instrument).problems
    assert (problem.row, problem.column, problem.value) == (6, "award_year", "2023")


def test_byte_order_mark_and_windows_line_ends_change_nothing(sheet, instrument, tanah_bumbu):
    path = sheet()
    text = path.read_text(encoding="utf-8")
    path.write_bytes(("\ufeff" + text.replace("\n", "\r\n")).encode())
    pd.testing.assert_series_equal(kla.load_assessment(path, instrument).scores, tanah_bumbu.scores)


def test_a_sheet_may_stop_at_indicators(tmp_path, instrument):
    path = tmp_path / "indikator.csv"
    rows = "".join(f"63.10,2022,final,{code},1\n" for code in instrument.indicators.index)
    path.write_text("area_code,award_year,stage,indicator_code,score\n" + rows)
    loaded = kla.load_assessment(path, instrument)
    assert (loaded.level, loaded.scores.sum()) == ("indicator", 31)


def test_small_answers_are_scaled_and_empty_ones_are_not():
    profile = pd.Series({"a": 0.5, "b": 0.0, "c": 1.0})
    scaled = kla.scaled_to_total(profile, pd.Series({"a": 4.0, "b": 4.0, "c": 4.0}), 3.0)
    assert scaled.to_dict() == {"a": 1.0, "b": 0.0, "c": 2.0}
    assert kla.scaled_to_total(profile, pd.Series({"a": 4.0, "b": 4.0, "c": 4.0}), 0.3).to_dict() == {
        "a": 0.1,
        "b": 0,
        "c": 0.2,
    }
    with pytest.raises(ValueError, match=r"8\.01"):  # b can give nothing
        kla.scaled_to_total(profile, pd.Series({"a": 4.0, "b": 4.0, "c": 4.0}), 8.01)


def test_of_several_rounds_the_one_that_was_asked_for(tmp_path, instrument):
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    folder = data / "assessments/63.10"
    for year, stage in ((2023, "self_assessment"), (2023, "final"), (2025, "administrative_verification")):
        text = (folder / "2022-final.csv").read_text(encoding="utf-8").replace(",2022,final,", f",{year},{stage},")
        (folder / f"{year}-{stage}.csv").write_text(text, encoding="utf-8")
    found = {year: find_sheet("63.10", year, data=data) for year in (2022, 2023, 2024, 2025)}
    assert [path and path.name for path in found.values()] == [
        "2022-final.csv",
        "2023-final.csv",  # the latest stage
        None,
        "2025-administrative_verification.csv",
    ]
    assert find_sheet("63.10", 2023, stage="self_assessment", data=data).name == "2023-self_assessment.csv"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"self_assessment_high": ""}, "tidak lengkap"),
        ({"self_assessment_low": "900", "self_assessment_high": "800"}, "terbalik"),
    ],
)
def test_an_interval_has_two_ends_in_their_order(tmp_path, ladder, change, words):
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    path = data / "published/stage_scores.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    at = table.index[table["self_assessment_low"] != ""][0]
    table.loc[at, list(change)] = list(change.values())
    table.to_csv(path, index=False)
    with pytest.raises(DataError) as refused:
        kla.load_cases(ladder, data=data)
    (problem,) = refused.value.problems
    assert (words in problem.what, problem.row) == (True, at + 2)
    # An interval of one number is whole.
    table.loc[at, ["self_assessment_low", "self_assessment_high"]] = "850"
    table.to_csv(path, index=False)
    assert len(kla.load_cases(ladder, data=data))


def test_a_sheet_is_read_once_and_again_when_it_has_changed(tmp_path):
    path = tmp_path / "2022-final.csv"
    shutil.copy(ROOT / "data/assessments/63.10/2022-final.csv", path)
    rules = kla.load_instrument(year=2022)
    first = kla.load_assessment(path, rules)
    was = first.scores.iloc[0]
    first.scores.iloc[0] = -1.0  # whoever asked may do what they like with what is theirs
    assert kla.load_assessment(path, rules).scores.iloc[0] == was
    path.write_text(path.read_text().replace(f",1.1,{was:g},", ",1.1,1.25,"))
    assert kla.load_assessment(path, rules).scores.iloc[0] == 1.25
    path.with_suffix(".origin.yaml").write_text("title: {id: lain}\nstanding: derived\nnote: {id: baru}\n")
    assert kla.load_assessment(path, rules).origin.title == "lain"
