"""`kla collect` killed at random moments of its life: nothing that came in is lost, and nothing is half there.

`KLA_CHAOS_MOMENTS` says how many moments; `make chaos` asks for many.
"""

import json
import os
import random
import subprocess
import sys
import time

import pytest
import rounds
from conftest import ROOT

import kla_analysis as kla

MOMENTS = int(os.environ.get("KLA_CHAOS_MOMENTS", "2"))
KLA = [sys.executable, "-c", "from kla_analysis.cli import main; main()"]


@pytest.fixture(scope="module")
def returned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    played = rounds.Played(folder)
    for count, (kind, code) in enumerate([key for key in played.files if key[0] == "agency"][4:20]):
        played.send(kind, code, folder / "back" / f"{count}.xlsx")
    return folder / "back"


def test_a_collection_killed_at_any_moment_loses_nothing(returned, tmp_path):
    def command(out):
        return [
            *KLA,
            "collect",
            str(returned),
            "--area",
            "63.10",
            "--year",
            "2025",
            "--out",
            str(out / "2025-self_assessment.csv"),
        ]

    def tidy(folder):
        return {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name[0] != "."
        }

    began = time.monotonic()
    subprocess.run(command(tmp_path / "whole"), cwd=ROOT, check=True, capture_output=True)
    life = time.monotonic() - began
    whole = tidy(tmp_path / "whole")
    moments, seen = random.Random(2025), set()
    out = tmp_path / "killed"
    out.mkdir()
    for moment in range(MOMENTS):
        running = subprocess.Popen(command(out), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(life * (moment + moments.random()) / MOMENTS)
        running.kill()
        running.wait()
        there = tidy(out)
        # Every file that has its name is whole, and what had come in before is still there.
        assert all(json.loads(content)["sha256"] for path, content in there.items() if path.suffix == ".json")
        assert seen <= there.keys()
        if (sheet := out / "2025-self_assessment.csv").exists():
            kla.load_assessment(sheet, kla.load_instrument(year=2025))
        seen = set(there)
    subprocess.run(command(out), cwd=ROOT, check=True, capture_output=True)
    assert tidy(out) == whole
