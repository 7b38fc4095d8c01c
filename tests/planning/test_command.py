"""`kla plan` and `kla actions`: asked, saved, compared, refused."""

import json

import pytest
import yaml
from conftest import run_json, run_kla


def test_the_cheapest_plan_is_the_default():
    said = run_json("plan")
    assert (said["cost"], said["total"], said["predicate"], said["status"]) == (
        600_000_000,
        701.13,
        "nindya",
        "optimal",
    )
    assert said["bound"] == said["cost"]
    assert said["illustrative"]
    assert said["costs"] == "assumed"
    assert said["draws"] == 100_000


def test_what_is_saved_is_asked_again_the_same(tmp_path):
    file = tmp_path / "milik saya.yaml"
    asked = [
        "--goal",
        "points",
        "--budget",
        "1,2 miliar",
        "--agency",
        "Dinas PPPA=300 juta",
        "--must-not",
        "A01",
        "--either-or",
        "A18,A25",
        "--component",
        "K1=80",
        "--spend-year",
        "2026=900 juta",
    ]
    first = run_json("plan", *asked, "--save", str(file))
    again = run_json("plan", str(file))
    assert (again["actions"], again["total"], again["cost"]) == (first["actions"], first["total"], first["cost"])
    assert yaml.safe_load(file.read_text())["budget"] == 1_200_000_000


def test_scenarios_are_stacked_and_compared():
    said = run_json("plan", "anggaran-600-juta", "pagu-perangkat-daerah", "--compare", "nindya-termurah")
    assert said["cost"] <= 500_000_000
    assert sum(row["difference"] for row in said["difference"]) == pytest.approx(
        said["compared_with"]["total"] - said["total"]
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--budget", "12,5"], 2, "12,5 juta atau 12,5 miliar"),
        (["--budget", ""], 2, "belum diisi"),
        (["--must", "A99"], 2, "A9"),
        (["--agency", "Dinkess=1 juta"], 2, "Dinkes"),
        (["--agency", "Dinkes"], 2, "Dinkes"),
        (["--goal", "murah"], 2, "points"),
        (["--catalogue", "conto"], 2, "contoh"),
        (["--area", "63.10", "--year", "2025"], 2, "per pertanyaan"),
        (["tidak-ada"], 2, "nindya-termurah"),
        (["--target", "utama", "--budget", "600 juta"], 1, "701,13"),
        (["--save", "/tidak/ada/x.yaml"], 6, "tidak dapat ditulis"),
        (["--save", "README.md"], 6, "README.md sudah ada"),
        (["--certainty", "0.8", "--goal", "points"], 2, "hanya untuk --goal certainty"),
    ],
)
def test_what_can_not_be_is_said_with_its_exit_code(arguments, code, words):
    done = run_kla("plan", *arguments)
    assert (done.returncode, words in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_catalogue_of_ones_own(tmp_path):
    folder = tmp_path / "katalog"
    assert run_kla("actions", "template", str(folder)).returncode == 0
    assert run_json("actions", "check", str(folder))["actions"] >= 1
    assert run_kla("actions", "template", str(folder)).returncode != 0  # never over somebody's work
    assert run_json("plan", "--catalogue", str(folder), "--goal", "points")["actions"]


def test_the_app_refuses_before_it_serves():
    done = run_kla("app", "--target", "nindia", "--no-browser")
    assert (done.returncode, "nindya" in done.stderr) == (2, True)


def test_a_port_that_is_taken_is_said():
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_kla("app", "--no-browser", "--port", str(port))
    assert done.returncode == 5
    assert f"port {port}" in done.stderr.casefold()
    assert "--port" in done.stderr


def test_json_stays_json_when_there_is_no_plan():
    done = run_kla("plan", "--target", "utama", "--budget", "600 juta", "--json")
    said = json.loads(done.stdout)
    assert (said["status"], said["total"], said["reachable"]) == ("infeasible", None, 701.13)


def test_who_says_how_sure_asks_for_certainty():
    sure, cheapest = run_json("plan", "--certainty", "0.8"), run_json("plan")
    assert sure["cost"] > cheapest["cost"]
    assert sure["probability"] >= 0.8 > cheapest["probability"]
    assert run_json("plan", "--certainty", "0.8", "--goal", "certainty")["cost"] == sure["cost"]
