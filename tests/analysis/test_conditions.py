"""Conditions besides the total: warned of where answers touch them, never a gate; a minimum share on request."""

import shutil

import pytest
import yaml
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.analysis.conditions import below_share, touched
from kla_analysis.analysis.scoring import roll_up
from kla_analysis.evidence.statements import load_statements
from kla_analysis.showing import scorecard, target


@pytest.fixture
def rolled(instrument, sheet):
    """Roll up the sheet of Tanah Bumbu with some answers changed."""

    def read(*changes):
        return roll_up(kla.load_assessment(sheet(*changes), instrument), instrument)

    return read


FULL = ((",1.1,10.11,", ",1.1,12,"), (",1.2q,0.84,", ",1.2q,1,"), (",17.2,0.84,", ",17.2,3,"))


def test_an_answer_below_its_maximum_touches_the_statement(instrument, rolled):
    found = {one.statement.id: one for one in touched(load_statements(instrument), rolled())}
    assert found["perda-kla"].questions == ("1.1",)
    assert (found["perda-kla"].low, found["perda-kla"].maximum) == (10.11, 12)
    assert found["perda-ktr"].questions == ("1.2q", "17.2")
    # A rule of 2017 and 2018, and a minimum that nobody put a figure to, touch no answer of this round.
    assert set(found) == {"perda-kla", "perda-ktr"}


def test_full_answers_touch_nothing_and_the_predicate_is_never_held_back(instrument, rolled):
    full = rolled(*FULL)
    assert touched(load_statements(instrument), full) == []
    without = rolled((",1.1,10.11,", ",1.1,0,"), (",17.2,0.84,", ",17.2,0,"))
    assert without.placement.predicate == instrument.ladder.place(without.total.low).predicate


def test_the_weakest_indicator_stands_first(rolled):
    found = below_share(rolled(), 0.9)
    assert len(found) > 10
    assert (found["low"] / found["max_points"]).is_monotonic_increasing


def test_an_unanswered_question_is_told_as_unanswered(instrument, rolled):
    (perda, _) = touched(load_statements(instrument), rolled((",1.1,10.11,", ",1.1,,")))
    assert (perda.open, perda.low, perda.high) == (("1.1",), 0, 12)


def test_the_report_warns_with_the_codes_and_the_case_that_went_the_other_way():
    position = kla.open_position("63.10", 2022)
    said = repr(target.conditions_in_words(load_statements(position.instrument), position))
    assert "bukan penghalang" in said
    assert "bukan pasal yang ditemukan" in said
    assert "pertanyaan 1.1 bernilai 10,11 dari 12 poin" in said
    assert "Balikpapan" in said
    assert "1.1, 1.2q, 17.2" in repr(scorecard.remarks(position))


def test_statements_are_dated_cited_and_name_questions_that_exist(tmp_path, instrument):
    for one in load_statements(instrument):
        assert one.said[:2] == "20"
        assert one.by
        assert one.source
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    path = data / "published/conditions.yaml"
    items = yaml.safe_load(path.read_text(encoding="utf-8"))
    items[1]["questions"] = {"kla-2024": ["1.999"]}
    del items[2]["source"]
    path.write_text(yaml.safe_dump(items, allow_unicode=True), encoding="utf-8")
    with pytest.raises(kla.DataError) as error:
        load_statements(instrument, data=data)
    assert {problem.column for problem in error.value.problems} == {"perda-kla", "source"}


def test_indicators_below_a_minimum_share(rolled):
    # By hand: 22A has 5.73 of 17 points, a share of 0.337; half would be 8.5.
    found = below_share(rolled(), 0.5)
    assert found.index[0] == "22A"
    assert found.loc["22A", ["low", "max_points", "short"]].tolist() == [5.73, 17, 2.77]
    assert (found["low"] < found["max_points"] / 2).all()
    assert below_share(rolled(), 0.01).empty
    assert len(below_share(rolled(), 1)) > len(found)


def test_exactly_the_share_is_enough(rolled):
    share = 5.73 / 17
    assert "22A" not in below_share(rolled(), share).index
    assert "22A" in below_share(rolled(), share + 1e-4).index


def test_what_is_unanswered_may_still_reach_the_share(rolled):
    # Indicator 1 has 61.06 of 96; without an answer to 1.1 it has 50.95, and at most 62.95: 0.6 lies between.
    found = below_share(rolled((",1.1,10.11,", ",1.1,,")), 0.6)
    assert not found.loc["1", "certain"]
    assert found.loc["22A", "certain"]


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_an_impossible_share_is_refused(rolled, share):
    with pytest.raises(kla.ParameterError, match="Bagian terkecil"):
        below_share(rolled(), share)
