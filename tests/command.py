"""The command as tests run it: in a process of its own, forked from one that has loaded what most commands need."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: What starts processes of its own, or is about how a process starts, has an interpreter of its own as well.
ALONE = {"report", "batch", "start", "app", "lab", "schedule"}
_LOADED = (
    "command",
    "babel.numbers",
    "hypothesis",
    "kla_analysis.analysis.position",
    "kla_analysis.cli",
    "kla_analysis.evidence.intake.assembly",
    "kla_analysis.planning.simulation",
    "kla_analysis.showing.plan",
    "kla_analysis.cli.doctor",
    "matplotlib.pyplot",
    "highspy",
    "scipy.optimize",
    "scipy.stats",
    "seaborn",
)


def run_kla(*arguments: str, alone: bool | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a process of its own; `alone` starts Python anew for it."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **environment}
    if alone is None:
        alone = not arguments or arguments[0] in ALONE or sys.platform != "linux"
    if alone:
        return subprocess.run(
            [sys.executable, "-c", "from kla_analysis.cli import main; main()", *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=environment,
            timeout=600,
        )
    server = multiprocessing.get_context("forkserver")
    # `__main__` is that of the test run, which the command shall not have.
    server.set_forkserver_preload(list(_LOADED))
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("out", "err")]
        process = server.Process(target=_command, args=(arguments, environment, said))
        process.start()
        process.join(600)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, 600)
        out, err = (path.read_text(encoding="utf-8") for path in said)
    return subprocess.CompletedProcess(arguments, process.exitcode, out, err)


def _command(arguments: tuple[str, ...], environment: dict[str, str], said: list[Path]) -> None:
    """Be the command: its words, environment, folder and streams."""
    from kla_analysis import language
    from kla_analysis.cli import main

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["kla", *arguments]
    # A process reads its language when it begins.
    said_language = environment.get(language.VARIABLE)
    language.use_language(said_language if said_language in language.LANGUAGES else language.LANGUAGES[0])
    for number, path in zip((1, 2), said, strict=True):
        file = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    main()


def run_json(*arguments: str) -> dict:
    """Run the command with `--json` and return what it says; it must succeed."""
    done = run_kla(*arguments, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)
