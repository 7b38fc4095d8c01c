"""The instrument: complete, consistent but for what it declares, and strict about everything else."""

import json
import re
import shutil

import pytest
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.errors import DataError
from kla_analysis.instrument.glossary import load_glossary
from kla_analysis.instrument.instrument import instrument_in_force, split_agencies


@pytest.fixture
def data_copy(tmp_path):
    """A copy of the data folder to spoil."""
    return shutil.copytree(ROOT / "data", tmp_path / "data")


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_kla_2024_is_complete(instrument):
    assert (len(instrument.components), len(instrument.indicators), len(instrument.questions)) == (7, 31, 274)
    assert [band.code for band in instrument.ladder.bands] == ["pratama", "madya", "nindya", "utama", "kla"]
    assert [stage.code for stage in instrument.stages if stage.carries_award] == ["final"]


def test_maxima(instrument):
    assert instrument.components["max_points"].to_dict() == {
        "K0": 164,
        "K1": 115,
        "K2": 156,
        "K3": 150,
        "K4": 110,
        "K5": 205,
        "KD": 100,
    }
    assert instrument.indicators["max_points"].sum() == 1000
    # Indicators 19 (51 printed, 54 in questions) and 21B (17, 18) are 4 points over: declared.
    assert instrument.questions["max_points"].sum() == 1004


def test_every_value_has_a_source_and_a_standing(instrument):
    for table in (instrument.components, instrument.indicators, instrument.questions):
        assert table["source"].isin(list(instrument.sources)).all()
        assert table["standing"].isin(["published", "secondary", "derived", "assumed"]).all()


def test_codes_are_text(instrument):
    assert instrument.question("14.1").label != instrument.question("14.10").label


def test_look_up(instrument):
    question = instrument.question("1.1")
    assert (question.max_points, question.indicator, question.component) == (12, "1", "K0")
    assert question.agencies == ("JDIH", "Bagian Hukum", "Dinas PPPA")
    assert instrument.indicator("21a") == instrument.indicator("21A")
    with pytest.raises(kla.ParameterError, match="21A"):
        instrument.indicator("21AA")


def test_an_undeclared_contradiction_is_refused(data_copy):
    spoil(data_copy / "instruments/kla-2024/indicators.csv", ",96,", ",95,")
    with pytest.raises(DataError) as refused:
        kla.load_instrument("kla-2024", data=data_copy)
    text = str(refused.value)
    assert "maksimum 1 tercetak 95" in text
    assert "maksimum K0 tercetak 164" in text  # both at once


def test_a_mended_contradiction_must_no_longer_be_declared(data_copy):
    # Once the source is mended (19.8: 5 -> 2, so that the questions add up to 51) the declaration must go.
    spoil(data_copy / "instruments/kla-2024/questions.csv", "K4,19,19.8,5,", "K4,19,19.8,2,")
    with pytest.raises(DataError, match=r"discrepancies\.yaml"):
        kla.load_instrument("kla-2024", data=data_copy)


def test_a_round_is_scored_by_the_rules_in_force_then(data_copy):
    new = shutil.copytree(data_copy / "instruments" / "kla-2024", data_copy / "instruments" / "kla-2026")
    spoil(new / "instrument.yaml", "id: kla-2024", "id: kla-2026")
    spoil(new / "instrument.yaml", "valid_from: 2024-01-01", "valid_from: 2026-01-01")
    package = json.loads((data_copy / "datapackage.json").read_text(encoding="utf-8"))
    ours = [each for each in package["resources"] if each["name"].startswith("kla-2024-")]
    package["resources"] += json.loads(json.dumps(ours).replace("kla-2024", "kla-2026"))
    (data_copy / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    for year, rules in ((2026, "kla-2026"), (2027, "kla-2026"), (2025, "kla-2024"), (2022, "kla-2024")):
        assert kla.load_instrument(year=year, data=data_copy).id == rules
    assert kla.load_instrument(data=data_copy).id == "kla-2026"
    assert kla.open_position("63.10", 2022, data=data_copy).instrument.id == "kla-2024"


def test_an_unknown_instrument_names_the_nearest():
    with pytest.raises(kla.ParameterError, match="kla-2024"):
        kla.load_instrument("kla-2042")


def test_a_component_is_the_sum_of_its_indicators_and_what_is_printed_instead_is_declared(data_copy):
    folder = data_copy / "instruments/kla-2024"
    spoil(folder / "components.csv", ",115,", ",150,")
    with pytest.raises(DataError) as refused:
        kla.load_instrument("kla-2024", data=data_copy)
    (component,) = [problem for problem in refused.value.problems if "K1" in problem.what]
    assert "tercetak 150" in component.what
    assert "discrepancies.yaml (printed)" in component.advice
    # What the advice says: the sum in the table, the printed number declared (as it is for K1).
    spoil(folder / "components.csv", ",150,", ",115,")
    known = kla.load_instrument("kla-2024", data=data_copy).discrepancies
    (declared,) = [said for said in known if (said.kind, said.level, said.code) == ("max", "component", "K1")]
    assert declared.values["printed"] == 150


def test_a_declared_component_that_adds_up_must_no_longer_be_declared(data_copy):
    folder = data_copy / "instruments/kla-2024"
    spoil(folder / "discrepancies.yaml", "printed: 150", "printed: 115")
    with pytest.raises(DataError, match="maksimum K1 kini cocok"):
        kla.load_instrument("kla-2024", data=data_copy)


def test_an_ended_instrument_scores_no_later_round(data_copy):
    new = shutil.copytree(data_copy / "instruments" / "kla-2024", data_copy / "instruments" / "kla-2023x")
    spoil(new / "instrument.yaml", "valid_from: 2024-01-01", "valid_from: 2022-01-01")
    spoil(new / "instrument.yaml", "valid_to: null", "valid_to: 2022-12-31")
    assert [instrument_in_force(year, data=data_copy) for year in (2021, 2022, 2023, 2024)] == [
        "kla-2023x",
        "kla-2023x",
        "kla-2024",
        "kla-2024",
    ]


def test_every_abbreviation_of_the_instrument_stands_in_the_glossary(instrument):
    """What a name spells in capitals; a row of it without an expansion says that no source names one."""
    said = [*instrument.components["name"], *instrument.indicators["name"], *instrument.questions["name"]]
    said += [name for text in instrument.questions["agencies"].dropna() for name in split_agencies(text)]
    used = {part for text in said for part in re.findall(r"\b(?:[A-Z]{2,}(?:-[A-Z]+)?|\d[A-Z])\b", text)}
    used = {part for part in used if not re.fullmatch(r"[IVX]+|\d[A-Z]", part) or part in ("2P", "3T")}
    known = {word for term in load_glossary(instrument).index for word in (term, *term.split())}
    assert used <= known
