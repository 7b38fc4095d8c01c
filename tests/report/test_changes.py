"""What changed: numbers that moved, and whether data, rules or code moved them."""

from __future__ import annotations

import copy
import json

import pytest

import kla_analysis as kla
from kla_analysis.project import find_project
from kla_analysis.report import changes, results
from kla_analysis.report.manifest import facts, sha256
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.report.store import place_at

PARAMETERS = ReportParameters()


@pytest.fixture(scope="module")
def now():
    """Today's results and what they are made from."""
    return results.results_of(PARAMETERS, kla.open_position("63.10", 2022)), facts(PARAMETERS, find_project())


@pytest.fixture
def left_by(tmp_path):
    """Write what a report leaves for the next one, and read it as the next one does."""

    def write(record, made_from):
        place = place_at(tmp_path, find_project())
        data = results.as_json(record)
        place.put("results.json", data)
        place.put(
            "manifest.json", made_from.model_copy(update={"outputs": {"results.json": sha256(data)}}).text().encode()
        )
        return changes.last_report(place)

    return write


def with_other(made_from, *names):
    """What a report is made from, were some of it something else."""
    return made_from.model_copy(update={"inputs": {**made_from.inputs, **dict.fromkeys(names, "0" * 64)}})


def moves_of(found: changes.Changes) -> dict[str, changes.Move]:
    return {move.what: move for move in found.moves}


def test_the_first_report_has_nothing_to_compare_with(tmp_path, now):
    found = changes.compare(changes.last_report(place_at(tmp_path, find_project())), *now)
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
    record = results.results_of(parameters, position)
    found = changes.compare(left_by(*now), record, facts(parameters, find_project()))
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
    record, made_from = now
    old = copy.deepcopy(record)
    old["answers"]["1.1"] -= 1
    old["total"]["low"] += 4.5 - 1
    old["total"]["high"] = old["total"]["low"]
    for level, code in (("components", "K0"), ("indicators", "1")):
        (row,) = [row for row in old[level] if row["code"] == code]
        row["low"] += 4.5 - 1
    found = changes.compare(left_by(old, with_other(made_from, "instrument", "assessment")), record, made_from)
    assert found.causes == {"data": ("lembar nilai",), "rules": ("instrumen",)}
    for what in ("total.low", "components.K0.low", "indicators.1.low"):
        move = moves_of(found)[what]
        assert (move.difference, move.data_points, move.rules_points) == (-3.5, 1.0, -4.5)
    words = repr(changes.in_words(found))
    assert "−3,5 poin: +1 karena jawaban di lembar, −4,5 karena aturan." in words


def test_new_code_that_moves_a_number_is_named(left_by, now):
    record, made_from = now
    old = copy.deepcopy(record)
    old["forecast"]["median"] -= 3
    found = changes.compare(left_by(old, with_other(made_from, "code")), record, made_from)
    assert set(found.causes) == {"code"}
    assert [(move.what, move.difference) for move in found.moves] == [("forecast.median", 3.0)]
    assert "kode" in repr(changes.in_words(found))


def test_a_move_without_a_cause_is_an_alarm(left_by, now):
    record, made_from = now
    old = copy.deepcopy(record)
    old["plan"]["cost"] += 1
    found = changes.compare(left_by(old, made_from), record, made_from)
    assert found.unexplained
    assert "tidak boleh terjadi" in repr(changes.in_words(found))


def test_new_code_that_moves_nothing_is_said_too(left_by, now):
    record, made_from = now
    found = changes.compare(left_by(record, with_other(made_from, "code")), record, made_from)
    assert not found.moves
    assert "Tidak ada angka yang berubah" in repr(changes.in_words(found))


@pytest.mark.parametrize("spoil", ["results.json", "manifest.json"])
def test_what_somebody_has_edited_is_not_compared_with(left_by, now, tmp_path, spoil):
    left_by(*now)
    whole = (tmp_path / spoil).read_text()
    for text in ("{", "[]", '{"version": 1}', whole.replace("650.5", "999.0", 1) if spoil == "results.json" else ""):
        (tmp_path / spoil).write_text(text)
        assert changes.last_report(place_at(tmp_path, find_project())) is None


def test_the_table_shows_what_moved(left_by, now):
    record, made_from = now
    old = copy.deepcopy(record)
    old["total"]["low"] -= 2
    found = changes.compare(left_by(old, with_other(made_from, "code")), record, made_from)
    (row, *_) = changes.table(found).cells
    assert row == ["Nilai total", "648,5", "650,5", "+2", "0", "+2"]
    assert json.loads(results.as_json(found.record()))["moves"][0]["difference"] == 2.0
