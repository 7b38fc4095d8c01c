"""Batches: resumed where they were cut off, one failure among many, a table of all, a cluster that loses a worker."""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import openpyxl
import pytest

import kla_analysis as kla
from kla_analysis.errors import ParameterError
from kla_analysis.report.manifest import read_manifest, sha256
from kla_analysis.runs.batch import plan_jobs, read_areas, run_batch

#: How many reports, and how often the batch is killed; `make chaos` asks for 50 and 20.
REPORTS = int(os.environ.get("KLA_CHAOS_REPORTS", "4"))
KILLS = int(os.environ.get("KLA_CHAOS_KILLS", "2"))

#: One notebook that goes wrong in its own way in each area.
FAULTS = """
import os, subprocess, time
fault = {"63.02": "kill", "63.03": "hog", "63.04": "endless", "63.05": "raise"}.get(area)
if fault == "kill":
    os.kill(os.getpid(), 9)
elif fault == "hog":
    hog = bytearray(8 * 2**30)
elif fault == "endless":
    subprocess.Popen(["sleep", "600"])
    time.sleep(600)
elif fault == "raise":
    raise ValueError("angka salah")
"""


def test_one_fault_each_and_all_others_are_done(mini):
    codes = mini.synthetic(6)
    mini.notebook("wording.headline(case, case.target)", FAULTS)
    done = mini.kla(*mini.batch(codes, "--jobs", "2", "--cell-timeout", "8", "--memory", "1024", "--json"))
    assert done.returncode == 8, done.stderr
    assert "Traceback" not in done.stderr
    said = json.loads(done.stdout)
    found = {record["area"]: record for record in said["reports"]}
    assert {code: found[code]["exit_code"] for code in codes} == {
        "63.01": 0,
        "63.02": 5,
        "63.03": 5,
        "63.04": 5,
        "63.05": 4,
        "63.06": 0,
    }
    assert "1.024 MB" in found["63.03"]["why"]
    assert "8 detik" in found["63.04"]["why"]
    assert "Sel 5 di 10_uji.ipynb" in found["63.05"]["why"]
    assert "angka salah" in found["63.05"]["why"]
    assert mini.gone(5)  # the sleeping child too
    assert not mini.left_over()
    assert sorted(path.name for path in (mini.reports / "gagal").iterdir()) == ["63.05-2025-10_uji.ipynb"]
    page = (mini.reports / "index.html").read_text(encoding="utf-8")
    assert all(found[code]["why"].split("(")[0] in page.replace("&#39;", "'") for code in codes[1:5])
    assert page.index("Yang gagal") < page.index("Semua laporan")
    assert "<dt>Gagal</dt><dd><strong>4</strong>" in page

    mini.notebook("wording.headline(case, case.target)")
    again = mini.run_batch(codes, only_failed=True)
    assert (again.counts["done"], sum(again.counts.values())) == (4, 4)
    nothing = mini.run_batch(codes, only_failed=True)
    assert (sum(nothing.counts.values()), nothing.exit_code) == (0, 0)


@pytest.mark.long
def test_killed_at_any_moment_and_resumed(mini):
    """Nothing is missing, half there, left over or still running; what was done is not done again."""
    codes = mini.synthetic(REPORTS)
    # The table of all reports stands for itself; it names when each was made.
    command = mini.batch(codes, "--jobs", "2")
    assert mini.kla(*command).returncode == 0
    undisturbed = mini.files()
    moments = random.Random(2024)
    for path in mini.reports.iterdir():
        subprocess.run(["rm", "-rf", path], check=True)
    finished: dict[str, str] = {}
    for _ in range(KILLS):
        running = mini.start(*command)
        time.sleep(moments.uniform(0.5, 9))
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert mini.gone(5), mini.processes()
        for path in mini.reports.glob("*/2025/manifest.json"):
            made = read_manifest(path.read_bytes())
            assert made is not None, "a manifest that is not whole"
            for name, digest in made.outputs.items():
                assert sha256((path.parent / name).read_bytes()) == digest, f"{path.parent}/{name} is not whole"
            code = path.parent.parent.name
            assert finished.setdefault(code, made.created) == made.created, f"{code} was made again"
    assert mini.kla(*command).returncode == 0
    assert mini.files() == undisturbed
    assert not mini.left_over()
    made = {code: read_manifest((mini.reports / code / "2025/manifest.json").read_bytes()).created for code in codes}
    assert {code: made[code] for code in finished} == finished


def test_a_second_batch_in_the_same_folder_is_refused(mini):
    codes = mini.synthetic(2)
    mini.notebook("import time\ntime.sleep(600)")
    running = mini.start(*mini.batch(codes))
    try:
        mini.wait_for(lambda: list(mini.reports.glob("*/.2025.building-*")))
        assert mini.kla(*mini.batch(codes)).returncode == 7
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == 143
    assert mini.gone(5)
    record = json.loads((mini.reports / "kla.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (record["status"], record["exit_code"]) == ("stopped", 143)


def test_a_table_of_all_reports(mini):
    codes = mini.synthetic(3)
    jobs = plan_jobs(codes, years=[2025], targets=["nindya", "utama"], sheets=mini.root / "sheets")
    assert [job.path for job in jobs][:2] == ["63.01/2025", "63.01/2025-utama"]
    told = []
    done = run_batch(jobs, workers=2, progress=told.append)
    assert done.counts == {"done": 6, "unchanged": 0, "failed": 0, "stopped": 0}, told
    assert len(told) == 6
    assert all("sisa kira-kira" in line for line in told[:-1])
    page = (mini.reports / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="([^"]*)"', page)
    assert len(links) == 6
    assert all((mini.reports / link).is_file() for link in links)
    assert not re.search(r"https?://", page)
    assert "6 dari 6 lembar bukan nilai daerahnya sendiri" in page
    counts = re.findall(r"<dt>(.*?)</dt><dd><strong>(.*?)</strong>", page)
    assert counts == [("Laporan yang ada", "6"), ("Gagal", "0"), ("Belum ada laporan", "0")]
    without_script = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert without_script.split("</table>")[0].count("<tr>") == 7  # all are there, in the order of their codes
    assert "Kelemahan bersama 3 daerah" in without_script
    assert links == sorted(links, key=lambda link: link.removesuffix("/index.html"))
    book = openpyxl.load_workbook(io.BytesIO((mini.reports / "ringkasan.xlsx").read_bytes()))
    (sheet,) = [sheet for sheet in book if sheet.title.startswith("1.1 ")]
    rows = list(sheet.iter_rows(min_row=5, max_row=10, values_only=True))
    assert [row[0] for row in rows] == sorted(codes * 2)
    rolled = kla.open_position("63.01", 2025, assessment=mini.root / "sheets/63.01/2025-self_assessment.csv").roll_up
    assert rows[0][6] == rolled.total.low
    assert {row[13] for row in rows} == {"SINTETIS"}
    assert run_batch(jobs, workers=2).counts["unchanged"] == 6


def test_a_synthetic_sheet_says_so_everywhere(mini):
    codes = mini.synthetic(1)
    assert mini.run_batch(codes).exit_code == 0
    for path in (mini.reports / "63.01/2025").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "SINTETIS: semua nilai di sini diundi komputer" in text
        assert "ILUSTRATIF" in text


def test_areas_from_a_file_and_all_of_them(tmp_path):
    path = tmp_path / "daerah.csv"
    path.write_text("kode;nama\n63.10;Tanah Bumbu\n\n6301 # tanpa titik\n63.10\n")
    assert read_areas(str(path)) == ["63.10", "63.01"]
    assert len(read_areas("all")) == 514
    path.write_text("63.10\n63.99\n")
    with pytest.raises(ParameterError) as refused:
        read_areas(str(path))
    (problem,) = refused.value.problems
    assert (problem.file, problem.row, problem.value) == ("daerah.csv", 2, "63.99")
    path.write_text("kode;nama\n# belum ada\n")
    for empty in ("", ",", str(path)):
        with pytest.raises(ParameterError, match="tidak ada satu pun kode"):
            read_areas(empty)


def test_areas_of_which_nothing_is_known_fail_only_when_they_were_named(mini):
    jobs = plan_jobs(["63.10", "63.01"], years=[2022])
    done = run_batch(jobs, skip_without_data=True)
    assert (done.counts["done"], [job.parameters.area for job in done.without_data]) == (1, ["63.01"])
    assert done.exit_code == 0
    named = run_batch(jobs)
    assert (named.counts["failed"], named.exit_code) == (1, 8)


@pytest.fixture
def cluster(mini):
    """A scheduler and two workers, processes of their own on this machine alone."""
    environment = {**os.environ, **mini.environment()}
    python = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    quiet = ["--host", "127.0.0.1", "--no-dashboard"]
    address = mini.root / "alamat.json"
    started = [
        subprocess.Popen(
            [*python, *quiet, "--port", "0", "--scheduler-file", address],
            env=environment,
            cwd=mini.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    ]
    mini.wait_for(address.is_file)
    for _ in range(2):
        started.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "distributed.cli.dask_worker",
                    "--scheduler-file",
                    address,
                    "--nthreads",
                    "1",
                    "--no-nanny",
                    "--no-dashboard",
                    "--host",
                    "127.0.0.1",
                ],
                env=environment,
                cwd=mini.root,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
    mini.wait_for(lambda: address.read_text().strip().endswith("}"))
    yield json.loads(address.read_text())["address"], started[1:]
    for process in reversed(started):
        process.kill()
        process.communicate()


@pytest.mark.long
def test_a_cluster_that_loses_a_worker(mini, cluster):
    address, workers = cluster
    codes = mini.synthetic(3)
    mini.notebook("import time\ntime.sleep(1)", "wording.headline(case, case.target)")
    jobs = plan_jobs(codes, years=[2025], sheets=mini.root / "sheets")
    told = []

    def tell(line):
        told.append(line)
        if len(told) == 1:
            workers[0].kill()

    done = run_batch(jobs, dask=address, progress=tell)
    assert done.counts == {"done": 3, "unchanged": 0, "failed": 0, "stopped": 0}, told
    log = (mini.reports / "kla.log").read_text(encoding="utf-8").splitlines()
    assert sorted(line.split()[1] for line in log if " ok " in line) == codes  # nothing missing, nothing twice
    assert not mini.left_over()
    workers[1].kill()
    assert all((mini.reports / code / "2025/manifest.json").is_file() for code in codes)


def test_no_scheduler_there(mini):
    done = mini.kla("batch", "--areas", "63.10", "--dask", "tcp://127.0.0.1:9")
    assert done.returncode == 5
    assert "Penjadwal Dask" in done.stderr
    assert "Traceback" not in done.stderr
