"""Killed at random moments of their whole life: supervisors, processes of a report, servers. Nothing is half there or left.

`KLA_CHAOS_MOMENTS` says how many moments; `make chaos` asks for 30 each.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from conftest import ROOT

from kla_analysis.report.manifest import read_manifest, sha256

MOMENTS = int(os.environ.get("KLA_CHAOS_MOMENTS", "3"))
REPORT = ("report", "--area", "63.10", "--year", "2022", "--force")
KLA = [sys.executable, "-c", "from kla_analysis.cli import main; main()"]


def below(process: subprocess.Popen) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def beside(mini) -> list[Path]:
    folder = mini.reports / "63.10"
    return list(folder.iterdir()) if folder.is_dir() else []


def publishes(mini) -> bool:
    """Whether a report is being put into its place just now: its manifest is written, or the old one is moved away."""
    return any(
        ".old-" in path.name or (".building-" in path.name and (path / "manifest.json").exists())
        for path in beside(mini)
    )


def stage(mini) -> str:
    """What a run of a report is doing, told from outside."""
    return "work" if any(".building-" in path.name for path in beside(mini)) else "start-up or end"


def require_whole(mini) -> None:
    """The report is there with all that it names, or it is not there at all."""
    folder = mini.reports / "63.10" / "2022"
    if folder.exists():
        made = read_manifest((folder / "manifest.json").read_bytes())
        assert made is not None
        for name, digest in made.outputs.items():
            assert sha256((folder / name).read_bytes()) == digest, f"{name} is not whole"


@pytest.mark.long
def test_a_report_killed_at_any_moment_of_its_life(mini, record_property):
    moments, hit = random.Random(2026), Counter()
    began = time.monotonic()
    assert mini.kla(*REPORT).returncode == 0
    life = time.monotonic() - began
    for moment in range(MOMENTS):
        running = mini.start(*REPORT)
        # One in three waits for the few milliseconds in which a report is put into its place.
        aimed = moment % 3 == 2
        until = time.monotonic() + (5 * life if aimed else moments.uniform(0, life))
        while time.monotonic() < until and running.poll() is None and not (aimed and publishes(mini)):
            time.sleep(0.0005 if aimed else 0.05)
        if aimed:
            time.sleep(moments.uniform(0, 0.005))
            victim, at = running, "publishing"
        else:
            victim, at = moments.choice([running, *below(running)[-3:]]), stage(mini)
        hit[f"{'supervisor' if victim is running else 'report process'}, {at}"] += 1
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
        running.communicate(timeout=120)
        assert mini.gone(5), mini.processes()
        require_whole(mini)
    said = ", ".join(f"{name}: {count}" for name, count in sorted(hit.items()))
    record_property("hit", said)
    print(said)
    done = mini.kla(*REPORT)
    assert done.returncode == 0, done.stderr
    require_whole(mini)
    assert not mini.left_over()


class Serving:
    """One of the three servers, started for a test with a temporary folder of its own."""

    def __init__(self, mini, folder: Path, kind: str, **more) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.mini, self.temporary, self.log = mini, folder / "t", folder / "server.log"
        self.temporary.mkdir(exist_ok=True)
        config = folder / "config"
        config.mkdir(exist_ok=True)
        (config / "jupyter_server_config.json").write_text('{"ServerApp": {"allow_root": true}}')
        environment = {
            **os.environ,
            **mini.environment(),
            "TMPDIR": str(self.temporary),
            "JUPYTER_CONFIG_DIR": str(config),
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*KLA, kind, "--no-browser", f"--port={self.port}"],
                cwd=ROOT,
                env=environment,
                stderr=log,
                **{"stdout": log, "stdin": subprocess.DEVNULL, **more},
            )

    @property
    def key(self) -> str:
        found = re.search(r" http://127\.0\.0\.1:\d+/\S*\?token=([\w-]+) ", self.log.read_text())
        return found[1] if found else ""

    def open_a_page(self) -> None:
        """Ask for a page, as a browser does, and so for a kernel."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            connection.request("GET", f"/?token={self.key}")
            connection.getresponse().read()

    def has_kernel(self) -> bool:
        """Whether a page of it has a kernel by now."""
        return any("ipykernel" in each for each in self.mini.processes())

    def nothing_is_left(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        assert self.mini.gone(5), self.mini.processes()
        assert self.process.poll() is not None
        left = [path for path in [*self.temporary.iterdir(), *self.mini.reports.glob("kla-*")]]
        assert not left, left


@pytest.fixture
def home(mini):
    for name in ("06_simulasi_anggaran.ipynb", "beranda.ipynb"):
        (mini.root / "notebooks" / name).write_bytes((ROOT / "notebooks" / name).read_bytes())
    return mini


@pytest.mark.parametrize("kind", ["start", "app", "lab"])
def test_a_terminal_that_is_closed_leaves_nothing(home, tmp_path, kind):
    """As a user closes a window: the shell in it and the server get SIGHUP, their terminal is gone."""
    ours, theirs = pty.openpty()
    serving = Serving(home, tmp_path, kind, stdin=theirs, stdout=theirs, start_new_session=True)
    os.close(theirs)
    home.wait_for(lambda: serving.key, within=90)
    opened = threading.Thread(target=serving.open_a_page, daemon=True)
    opened.start()
    # JupyterLab starts its kernels when somebody opens a notebook in it; the pages have theirs at once.
    home.wait_for(lambda: kind == "lab" or serving.has_kernel(), within=90)
    os.close(ours)
    os.kill(serving.process.pid, signal.SIGHUP)
    serving.nothing_is_left()
    assert serving.process.returncode == 129


@pytest.mark.long
def test_a_server_killed_at_any_moment_of_its_life(home, tmp_path, record_property):
    moments, hit = random.Random(2027), Counter()
    for moment in range(MOMENTS):
        serving = Serving(home, tmp_path, moments.choice(["start", "app"]))
        at = moments.choice(["start-up", "listening", "a page"])
        if at == "start-up":
            time.sleep(moments.uniform(0, 4))
        else:
            home.wait_for(lambda serving=serving: serving.key, within=90)
        if at == "a page":
            threading.Thread(target=serving.open_a_page, daemon=True).start()
            time.sleep(moments.uniform(0, 6))
            at = "a page with its kernel" if serving.has_kernel() else "a page before its kernel"
        server = [each for each in below(serving.process) if each.ppid() == serving.process.pid]
        victim = server[0] if server and moment % 2 else psutil.Process(serving.process.pid)
        hit[f"{'command' if victim.pid == serving.process.pid else 'server'}, {at}"] += 1
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            serving.process.wait(5)
        assert home.gone(5), home.processes()
    said = ", ".join(f"{name}: {count}" for name, count in sorted(hit.items()))
    record_property("hit", said)
    print(said)
    # What a kill in the very first moment has left, the next start clears away.
    last = Serving(home, tmp_path, "start")
    home.wait_for(lambda: last.key, within=90)
    last.process.send_signal(signal.SIGTERM)
    last.nothing_is_left()
