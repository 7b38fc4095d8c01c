"""What changed: numbers that moved, and whether data, rules or code moved them."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path

import pytest

import kla_analysis as kla
from kla_analysis.project import find_project
from kla_analysis.reporting import changes, results
from kla_analysis.reporting.parameters import ReportParameters

PARAMETERS = ReportParameters()


@pytest.fixture(scope="module")
def now():
    """Today's results and what they are made from."""
    position = kla.open_position("63.10", 2022)
    return results.results_of(PARAMETERS, position), changes.facts_of(PARAMETERS, position, find_project())


@pytest.fixture
def left_by(tmp_path):
    """Write what a report leaves for the next one."""

    def write(record, facts) -> Path:
        data = results.as_json(record)
        (tmp_path / "results.json").write_bytes(data)
        outputs = {"results.json": hashlib.sha256(data).hexdigest()}
        (tmp_path / "manifest.json").write_text(json.dumps({"facts": facts, "outputs": outputs}))
        return tmp_path

    return write


def moves_of(found: changes.Changes) -> dict[str, changes.Move]:
    return {move.what: move for move in found.moves}


def test_the_first_report_has_nothing_to_compare_with(tmp_path, now):
    found = changes.compare(tmp_path, *now)
    assert found.first
    assert "laporan pertama" in repr(changes.in_words(found))


def test_the_same_again_says_that_nothing_changed(left_by, now):
    found = changes.compare(left_by(*now), *now)
    assert not found.first
    assert not found.moves
    assert not found.causes
    assert "Tidak ada yang berubah" in repr(changes.in_words(found))


def test_a_new_answer_is_data(left_by, now, sheet):
    """Question 1.1 rises from 10,11 to 12: 1,89 points more in the total, its component and its indicator."""
    parameters = ReportParameters(assessment=str(sheet((",1.1,10.11,", ",1.1,12,"))))
    position = kla.open_position("63.10", 2022, assessment=parameters.assessment)
    record, facts = results.results_of(parameters, position), changes.facts_of(parameters, position, find_project())
    found = changes.compare(left_by(*now), record, facts)
    assert set(found.causes) == {"data", "parameters"}
    moves = moves_of(found)
    for what in ("total.low", "components.K0.low", "indicators.1.low"):
        assert (moves[what].difference, moves[what].data_points, moves[what].rules_points) == (1.89, 1.89, 0.0)
    assert moves["gap.high"].difference == -1.89
    assert "components.K1.low" not in moves
    words = repr(changes.in_words(found))
    assert "Nilai total +1,89 poin, semuanya karena jawaban di lembar." in words


def test_new_rules_are_told_from_new_answers(left_by, now):
    """The old rules gave the same answers 4,5 points more in indicator 1; one answer has risen by 1 since."""
    record, facts = now
    old, old_facts = copy.deepcopy(record), copy.deepcopy(facts)
    old["answers"]["1.1"] -= 1
    old["total"]["low"] += 4.5 - 1
    old["total"]["high"] = old["total"]["low"]
    for level, code in (("components", "K0"), ("indicators", "1")):
        (row,) = [row for row in old[level] if row["code"] == code]
        row["low"] += 4.5 - 1
    old_facts["instrument"]["indicators.csv"] = "0" * 64
    old_facts["data"]["data/assessments/63.10/2022-final.csv"] = "0" * 64
    found = changes.compare(left_by(old, old_facts), record, facts)
    assert found.causes == {"data": ("data/assessments/63.10/2022-final.csv",), "rules": ("indicators.csv",)}
    for what in ("total.low", "components.K0.low", "indicators.1.low"):
        move = moves_of(found)[what]
        assert (move.difference, move.data_points, move.rules_points) == (-3.5, 1.0, -4.5)
    words = repr(changes.in_words(found))
    assert "−3,5 poin: +1 karena jawaban di lembar, −4,5 karena aturan." in words


def test_new_code_that_moves_a_number_is_named(left_by, now):
    record, facts = now
    old, old_facts = copy.deepcopy(record), {**facts, "code": "0" * 64}
    old["verified"]["median"] -= 3
    found = changes.compare(left_by(old, old_facts), record, facts)
    assert set(found.causes) == {"code"}
    assert [(move.what, move.difference) for move in found.moves] == [("verified.median", 3.0)]
    assert "kode" in repr(changes.in_words(found))


def test_a_move_without_a_cause_is_an_alarm(left_by, now):
    record, facts = now
    old = copy.deepcopy(record)
    old["plan"]["cost"] += 1
    found = changes.compare(left_by(old, facts), record, facts)
    assert found.unexplained
    assert "tidak boleh terjadi" in repr(changes.in_words(found))


def test_new_code_that_moves_nothing_is_said_too(left_by, now):
    record, facts = now
    found = changes.compare(left_by(record, {**facts, "code": "0" * 64}), record, facts)
    assert not found.moves
    assert "Tidak ada angka yang berubah" in repr(changes.in_words(found))


@pytest.mark.parametrize("spoil", ["results.json", "manifest.json"])
@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 1}', '{"version": 1, "facts": [], "outputs": 3}'])
def test_what_is_garbled_is_not_compared_with(left_by, now, spoil, text):
    folder = left_by(*now)
    (folder / spoil).write_text(text)
    assert changes.compare(folder, *now).first


def test_what_somebody_has_edited_is_not_compared_with(left_by, now):
    folder = left_by(*now)
    text = (folder / "results.json").read_text(encoding="utf-8")
    (folder / "results.json").write_text(text.replace("650.5", "999.0", 1), encoding="utf-8")
    assert changes.compare(folder, *now).first


def test_the_table_shows_what_moved(left_by, now):
    record, facts = now
    old = copy.deepcopy(record)
    old["total"]["low"] -= 2
    found = changes.compare(left_by(old, {**facts, "code": "0" * 64}), record, facts)
    (row, *_) = changes.table(found).cells
    assert row == ["Nilai total", "648,5", "650,5", "+2", "0", "+2"]
    assert json.loads(results.as_json(found.record()))["moves"][0]["difference"] == 2.0


def test_hashes_as_one_text_are_facts_as_well(left_by, now):
    """Whoever keeps one hash a kind instead of a table of them is understood."""
    record, _ = now
    before = {"data": "a", "instrument": "b", "code": "c", "parameters": "d", "versions": "e"}
    found = changes.compare(left_by(record, before), record, {**before, "instrument": "x"})
    assert found.causes == {"rules": ()}
