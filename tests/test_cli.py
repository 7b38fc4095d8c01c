"""The command, run as a user runs it: answers, JSON for machines, exit codes, words."""

import json
from pathlib import Path

import click
import pytest
from conftest import ROOT, run_json, run_kla

import kla_analysis.cli.main  # noqa: F401
from kla_analysis.cli.kit import app
from kla_analysis.planning.scenario import Scenario
from kla_analysis.report.parameters import ReportParameters


@pytest.mark.parametrize(
    ("score", "predicate", "in_gap"),
    [
        ("588.40", "pratama", False),
        ("600.5", "pratama", True),
        ("654.35", "madya", False),
        ("700.7", "madya", True),
        ("701", "nindya", False),
        ("737.70", "nindya", False),
        ("800,38", "nindya", True),
        ("885.40", "utama", False),
        ("481", "none", False),
    ],
)
def test_band(score, predicate, in_gap):
    said = run_json("band", score)
    assert (said["predicate"], said["in_gap"]) == (predicate, in_gap)


def test_band_says_what_is_missing():
    assert run_json("band", "650.5")["points_to_next"] == 50.5
    done = run_kla("band", "650,5")
    assert "650,5 poin: Madya" in done.stdout
    assert "Kurang 50,5 poin ke Nindya" in done.stdout


def test_band_never_rounds_over_a_bound():
    said = run_kla("band", "700.999999").stdout
    assert "700,999999 poin: Madya" in said
    assert "Kurang 0,000001 poin ke Nindya" in said
    assert "701 poin" not in said


@pytest.mark.parametrize("score", ["1000.01", "-1", "NaN", "banyak", "1.000", "inf", "7_0", ""])
def test_band_refuses(score):
    done = run_kla("band", score)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_score():
    said = run_json("score", "data/assessments/63.10/2022-final.csv")
    assert (said["total"], said["predicate"], said["points_to_next"]) == (650.5, "madya", 50.5)
    assert (said["illustrative"], said["standing"]) == (True, "assumed")


def test_score_says_which_award_a_claim_becomes():
    said = run_json("score", "data/assessments/reference/2024-self_assessment.csv")["forecast"]
    assert not said["supposed"]
    assert said["low"] < said["median"] < said["high"] < 771.81
    assert abs(sum(said["predicates"].values()) - 1) < 0.001
    assert run_json("score", "data/assessments/63.10/2022-final.csv")["forecast"]["supposed"]


def test_score_of_a_sheet_with_a_missing_answer_is_a_range(sheet):
    said = run_json("score", str(sheet((",1.1,10.11,", ",1.1,,"))))
    assert (said["total"], said["total_low"], said["total_high"]) == (None, 640.39, 652.39)
    assert said["missing"] == ["1.1"]


def test_score_refuses_a_bad_sheet_with_every_problem(sheet):
    path = sheet((",1.1,10.11,", ",1.1,banyak,"), (",1.4,4.21,", ",1.4,99,"), (",2.1,", ",2.2,"))
    done = run_kla("score", str(path), "--json")
    said = json.loads(done.stdout)
    assert done.returncode == said["exit_code"] == 3
    assert {problem["value"] for problem in said["problems"]} >= {"banyak", "2.2"}
    assert "Traceback" not in done.stderr


def test_audit_of_the_reference():
    said = run_json("audit", "--reference")
    assert sorted(said["totals"].values()) == [765.46, 770.36, 771.81]
    assert said["indicators_that_do_not_add_up"] == ["1", "7", "17", "19", "21B", "26"]
    assert said["components_that_do_not_add_up"] == ["K1", "K2", "KD"]
    assert said["maxima"]["instrument"] == 1000


def test_only_an_own_sheet_is_sent_back_for_correction(tmp_path):
    own = tmp_path / "own.csv"
    for ending in (".csv", ".printed.csv"):
        sheet = Path(ROOT, f"data/assessments/reference/2024-self_assessment{ending}").read_text("utf-8")
        own.with_suffix(ending).write_text(sheet.replace("reference,", "63.10,"), "utf-8")
    assert "Minta pembetulan" in run_kla("audit", str(own)).stdout
    theirs = run_kla("audit", "--reference").stdout
    assert "Tidak cocok: indikator 1, 7" in theirs
    assert "Minta pembetulan" not in theirs


def test_audit_wants_exactly_one_sheet():
    assert run_kla("audit").returncode == 2
    assert run_kla("audit", "x.csv", "--reference").returncode == 2


def test_check_is_content():
    said = run_json("check")
    assert said["ok"]
    assert any("274" in finding["detail"] for finding in said["findings"])


def test_check_finds_what_is_broken(tmp_path):
    import shutil

    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    (data / "areas.csv").write_text("area_code\n")
    done = run_kla("check", KLA_DATA=str(data))
    assert done.returncode == 3
    assert "✗ Tabel data" in done.stdout
    assert "→" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["report", "--targt", "nindya"], "--target"),
        (["report", "--target", "nindia"], "nindya"),
        (["report", "--year", "dua ribu"], "--year"),
        (["report", "--year", "1999"], "2011"),
        (["report", "--cluster", "K9"], "K"),
        (["report", "--area", "63.99"], "63.9"),
        (["report", "--area", "Tanah Bumbu"], "63.10"),
        (["report", "--stage", "finale"], "final"),
        (["report", "--lang", "idn"], "id"),
        (["report", "--also-in", "fr"], "pilih id atau en"),
        (["report", "--also-in", "id"], "sudah dalam bahasa itu"),
        (["report", "--year", "2021"], "2019, 2022, 2023, 2025"),
        (["report", "--least-share", "50"], "0.5"),
        (["report", "--retention", "1.2"], "retention"),
        (["report", "--retention", "-0.1"], "retention"),
        (["reprt"], "reprt"),
        (["score"], "BERKAS"),
        (["score", "x.csv", "--missing", "zeros"], "x.csv"),
    ],
)
def test_what_is_wrong_is_said_at_once(arguments, words, tmp_path):
    done = run_kla(*arguments, alone=False, KLA_REPORTS=str(tmp_path / "reports"))
    assert done.returncode in (2, 3)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()


def test_several_wrong_parameters_are_told_together():
    done = run_kla("report", "--target", "nindia", "--cluster", "KX", "--json", alone=False)
    said = json.loads(done.stdout)
    assert {problem["column"] for problem in said["problems"]} == {"target", "cluster"}


def test_help_names_every_command():
    said = run_kla("--help").stdout
    assert all(name in said for name in ("report", "score", "band", "audit", "check"))
    assert run_kla().returncode == 0


@pytest.mark.parametrize(
    ("name", "schema", "inner"),
    [("report", ReportParameters, {"translation"}), ("plan", Scenario, {"title", "note"})],
)
def test_options_are_the_parameters_of_the_schema_with_its_defaults(name, schema, inner):
    """They are written where they are, as the schema takes longer to load than `--help` may take."""
    command = app.get_command(click.Context(app), name)
    options = {each.name: each.default for each in command.params}
    assert set(schema.model_fields) - set(options) == inner
    stated = {
        each: given
        for each, given in options.items()
        if each in schema.model_fields and isinstance(given, str | int | float)
    }
    assert stated == {each: schema.model_fields[each].default for each in stated}
    assert len(stated) == {"report": 8, "plan": 0}[name]
