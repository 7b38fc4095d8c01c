"""The catalogue: complete, tied to the sheet, and refused with every problem at once."""

import shutil

import pandas as pd
import pytest
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.errors import DataError, OutputError
from kla_analysis.planning.actions import load_catalogue, write_template
from kla_analysis.planning.model import Limits, Model
from kla_analysis.planning.plan import least_money


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(ROOT / "data/actions/contoh", tmp_path / "milik-sendiri")


def spoil(path, *replacements):
    text = path.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def test_the_example_covers_all_components_and_says_that_it_is_assumed(instrument):
    catalogue = load_catalogue("contoh", instrument)
    assert len(catalogue.actions) >= 40
    assert set(catalogue.actions["component_code"]) == set(instrument.components.index)
    assert catalogue.standing == "assumed"
    assert "asumsi" in catalogue.note
    assert catalogue.actions.loc["A41", "activity_code"] == "2.08.07.2.01.06"


def test_every_action_can_still_raise_something(instrument, tanah_bumbu):
    catalogue = load_catalogue("contoh", instrument)
    questions = kla.roll_up(tanah_bumbu, instrument).questions
    for row in catalogue.answers.itertuples():
        question = questions.loc[row.question_code]
        assert row.raised_to * question["max_points"] > question["low"], row


def test_all_problems_at_once(folder, instrument):
    spoil(
        folder / "actions.csv",
        ("Bappeda,APBD,40000000,", "Bapeda,APBD,90000000,"),  # agency; low above likely
        (",,A05,assumed", ",,A06,assumed"),  # A06 before itself
        (",,A17,assumed", ",,A99,assumed"),  # unknown prerequisite
    )
    spoil(folder / "answers.csv", ("A01,1.2a,", "A01,1.2aa,"), ("A04,2.2,1,0.7,", "A04,2.2,1,0.9,"))
    with pytest.raises(DataError) as refused:
        load_catalogue(folder, instrument)
    found = {(problem.column, problem.value) for problem in refused.value.problems}
    assert found >= {
        ("agency", "Bapeda"),
        ("cost_low", "9e+07"),
        ("prerequisite", "A99"),
        ("prerequisite", None),  # the circle
        ("question_code", "1.2aa"),
        ("chance_low", "0.9"),
    }


def test_what_is_not_in_doubt_has_one_cost_and_one_chance(folder, instrument):
    spoil(folder / "actions.csv", (",120000000,180000000,260000000,", ",180000000,180000000,180000000,"))
    spoil(folder / "answers.csv", ("A01,1.2a,1,0.7,0.85,0.95,", "A01,1.2a,1,0.85,0.85,0.85,"))
    assert (
        load_catalogue(folder, instrument).actions.loc["A01", ["cost_low", "cost_high"]].tolist() == [180_000_000] * 2
    )


def test_an_action_that_answers_nothing(folder, instrument):
    text = (folder / "answers.csv").read_text(encoding="utf-8").splitlines()
    (folder / "answers.csv").write_text("\n".join(line for line in text if not line.startswith("A48,")) + "\n")
    with pytest.raises(DataError, match=r"A48.*tidak menjawab"):
        load_catalogue(folder, instrument)


def test_negative_costs(folder, instrument):
    spoil(folder / "actions.csv", (",120000000,180000000,", ",-5,180000000,"))
    with pytest.raises(DataError, match="kurang dari 0"):
        load_catalogue(folder, instrument)


def test_an_unknown_catalogue_names_the_nearest(instrument):
    with pytest.raises(kla.ParameterError, match="contoh"):
        load_catalogue("conto", instrument)


def test_costs_over_years_and_sources_exactly_one_and_or(folder, instrument, tanah_bumbu):
    spoil(
        folder / "actions.csv",
        (
            "Bappeda,APBD,40000000,70000000,120000000,6,2026,,,,",
            "Bappeda,APBD,40000000,70000000,120000000,6,2026,,,A01|A02,",
        ),
        ("kebijakan,,", "kebijakan,exactly_one,"),
    )
    (folder / "costs.csv").write_text(
        "action_code,year,funding_source,cost_low,cost_likely,cost_high\n"
        "A03,2026,APBD,20000001,40000001,60000001\nA03,2027,CSR,19999999,29999999,59999999\n"
    )
    catalogue = load_catalogue(folder, instrument)
    assert catalogue.actions.at["A03", "prerequisites"] == (("A01", "A02"),)
    model = Model(kla.roll_up(tanah_bumbu, instrument), catalogue)
    plan = least_money(model, 680, Limits(years={2027: 29_999_999}))
    held = set(plan.actions)
    assert "A03" in held  # what falls into 2027 just fits
    assert len(held & {"A01", "A02"}) == 1  # exactly one of the two, and so the prerequisite holds
    assert "A03" not in least_money(model, 680, Limits(years={2027: 29_999_998})).actions
    assert plan.table.at["A03", "year"] == "2026, 2027"


def test_an_answer_of_an_action_that_is_not_there(folder, instrument):
    spoil(folder / "answers.csv", ("A01,1.2a,", "A0X,1.2a,"))
    with pytest.raises(DataError) as refused:
        load_catalogue(folder, instrument)
    assert [(one.column, one.value) for one in refused.value.problems] == [("action_code", "A0X")]


def test_money_falls_between_the_first_year_of_the_actions_and_five_after_the_last(folder, instrument):
    """Years just inside both bounds and just outside, where the actions are of more years than one."""
    spoil(folder / "actions.csv", (",4,2026,", ",4,2028,"))
    for year, taken in ((2025, False), (2026, True), (2033, True), (2034, False)):
        (folder / "costs.csv").write_text(
            "action_code,year,funding_source,cost_low,cost_likely,cost_high\n"
            f"A03,{year},APBD,40000000,70000000,120000000\n"
        )
        if taken:
            assert load_catalogue(folder, instrument).names("year")[-1] == max(year, 2028)
        else:
            with pytest.raises(DataError, match="2026 dan 2033"):
                load_catalogue(folder, instrument)


def test_all_problems_of_costs_and_groups_at_once(folder, instrument):
    spoil(folder / "actions.csv", ("A04,", "A04,"), (",4,2026,,,,assumed", ",4,2026,sendiri,exactly_one,A01|,assumed"))
    (folder / "costs.csv").write_text(
        "action_code,year,funding_source,cost_low,cost_likely,cost_high\n"
        "A03,2026,APBD,40000000,60000000,120000000\nA99,2026,APBD,1,1,1\n"
        "A05,2099,APBX,1,1,1\n"
    )
    with pytest.raises(DataError) as refused:
        load_catalogue(folder, instrument)
    found = {(problem.column, problem.value) for problem in refused.value.problems}
    assert found >= {
        ("cost_likely", "60000000"),
        ("action_code", "A99"),
        ("year", "2099"),
        ("funding_source", "APBX"),
        ("group_kind", "exactly_one"),
        ("prerequisite", ""),
    }


@pytest.mark.parametrize(
    ("delimiter", "comma", "groups", "bom"),
    [
        (";", True, True, True),
        (";", True, False, False),
        ("\t", True, True, False),
        (";", False, False, True),
        (",", False, False, True),
    ],
)
def test_a_catalogue_that_a_spreadsheet_saved_again_is_the_same(folder, instrument, delimiter, comma, groups, bom):
    """Excel with Indonesian settings: semicolons or tabs, decimal commas, groups of thousands, a mark at the beginning."""
    for name in ("actions.csv", "answers.csv"):
        frame = pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        for column in frame:
            if column.startswith("cost_") and groups:
                frame[column] = [f"{int(value):,}".replace(",", ".") for value in frame[column]]
            elif column.startswith(("chance_", "raised_")) and comma:
                frame[column] = frame[column].str.replace(".", ",")
        text = frame.to_csv(index=False, sep=delimiter, lineterminator="\r\n")
        (folder / name).write_bytes((b"\xef\xbb\xbf" if bom else b"") + text.encode())
    saved, own = load_catalogue(folder, instrument), load_catalogue("contoh", instrument)
    pd.testing.assert_frame_equal(saved.actions, own.actions)
    pd.testing.assert_frame_equal(saved.answers, own.answers)


def test_a_point_that_may_be_a_group_is_none_among_decimal_points(folder, instrument):
    frame = pd.read_csv(folder / "answers.csv", dtype=str)
    frame.loc[0, "chance_low"] = "0.125"
    frame.to_csv(folder / "answers.csv", index=False, sep=";")
    assert load_catalogue(folder, instrument).answers["chance_low"].iloc[0] == 0.125


def test_the_template_loads_as_it_is_and_is_never_written_over_something(tmp_path, instrument):
    written = write_template(tmp_path / "baru", instrument)
    assert {path.name for path in written} == {
        "actions.csv",
        "answers.csv",
        "costs.csv",
        "pertanyaan.csv",
        "origin.yaml",
    }
    catalogue = load_catalogue(str(tmp_path / "baru"), instrument)
    assert list(catalogue.actions.index) == ["X01", "X02", "X03"]
    assert catalogue.actions.loc["X03", "prerequisites"] == (("X01", "X02"),)
    assert list(catalogue.answers["question_code"]) == list(instrument.questions.index[:3])
    # X02 is paid in two years from two sources, which add up to its cost.
    two = catalogue.rows[catalogue.rows["action_code"] == "X02"]
    assert list(two["funding_source"]) == ["APBD", "CSR"]
    assert list(two["year"]) == [2026, 2027]
    assert two["cost_likely"].sum() == catalogue.actions.loc["X02", "cost_likely"]
    before = {path: path.read_bytes() for path in written}
    with pytest.raises(OutputError):
        write_template(tmp_path / "baru", instrument)
    assert {path: path.read_bytes() for path in written} == before
