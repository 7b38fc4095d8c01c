"""Notebooks run by our engine: the same as with a plain kernel, apart from each other, gone with whoever asked."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from conftest import ROOT

from kla_analysis.app import serve
from kla_analysis.report import build

CELLS = {
    "names": "import os, sys; print(sorted(name for name in globals() if name[0] != '_'), os.getcwd())",
    "environment": "print({name: os.environ.get(name) for name in ('TERM', 'PAGER', 'FORCE_COLOR', 'MPLBACKEND')})",
    "value": "6 * 7",
    "last value": "_ + Out[3]",
    "await": "import asyncio; await asyncio.sleep(0.01, 'tunggu')",
    "figure": "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()",
    "table": "import pandas; pandas.DataFrame({'a': [1]})",
    "own class": "class Own: pass\nimport pickle; type(pickle.loads(pickle.dumps(Own()))) is Own",
    "help": "?len",
    "shell": "!echo hai",
    "magic": "%who int",
    "standard error": "print('galat', file=sys.stderr)",
    "in this order": "print('a'); display(1); print('b', file=sys.stderr); display(2); print('c', end='')",
    "threads": "import threading; each = threading.Thread(target=print, args=('utas',)); each.start(); each.join()",
    "random": "import random, numpy; random.random(), numpy.random.rand()",
    "shown again": "shown = display(1, display_id='satu'); shown.update(2)",
    "cleared": "from IPython.display import clear_output; print('lama'); clear_output(wait=True); print('baru')",
    "changed later": "several = [1]; display({'text/plain': str(several)}, raw=True); several.append(2)",
    "error": "1 / 0",
    "no Python": "def f(:",
    "count": "get_ipython().execution_count",
}


# In a process of its own: a notebook of ours shares it with whoever asks. Papermill writes what there is, and then says
# which cell has failed, even one that may.
RUN = """
import json, sys, nbformat, papermill
folder, engine, kernel = sys.argv[1:]
notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": kernel, "display_name": "", "language": "python"}})
for source in json.load(sys.stdin):
    notebook.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]}))
nbformat.write(notebook, f"{folder}/in.ipynb")
try:
    papermill.execute_notebook(f"{folder}/in.ipynb", f"{folder}/{engine}.ipynb", engine_name=engine, progress_bar=False)
except papermill.PapermillExecutionError:
    pass
"""


def test_cells_leave_what_a_plain_kernel_leaves(tmp_path):
    environment = {**os.environ, "JUPYTER_PATH": str(serve.FOLDER), "PYTHONHASHSEED": "0"}
    answers = []
    for engine in (build.ENGINE, "nbclient"):
        subprocess.run(
            [sys.executable, "-c", RUN, tmp_path, engine, serve.KERNEL],
            cwd=ROOT,
            env=environment,
            timeout=120,
            input=json.dumps(list(CELLS.values())),
            text=True,
            capture_output=True,
            check=True,
        )
        made = nbformat.read(tmp_path / f"{engine}.ipynb", as_version=4)
        cells = [(cell.execution_count, cell.outputs) for cell in made.cells if cell.cell_type == "code"]
        answers.append({**dict(zip(CELLS, cells, strict=True)), "language": made.metadata["language_info"]})
    ours, plain = answers
    for name, left in ours.items():
        assert left == plain[name], name
    assert "tunggu" in str(ours["await"])
    assert "image/png" in str(ours["figure"])


def test_nothing_leaks_from_one_notebook_to_the_next(mini):
    mini.notebook(
        "import os, matplotlib\nos.environ['BOCOR'] = '1'; matplotlib.rcParams['font.size'] = 3\nkla.bocor = 1",
        name="10_uji",
    )
    mini.notebook(
        "import os, matplotlib\nprint('BOCOR' in os.environ, matplotlib.rcParams['font.size'], hasattr(kla, 'bocor'))",
        name="20_uji",
    )
    assert mini.run().status == "done"
    assert "False 10.0 False" in (mini.reports / "63.10/2022/20_uji.html").read_text()


def test_files_of_whoever_sits_here_are_no_part_of_a_report(mini):
    startup = mini.root / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "saya.py").write_text("SAYA = 1")
    mini.notebook("print('SAYA' in globals())")
    done = mini.kla("report", "--area", "63.10", "--year", "2022", IPYTHONDIR=str(mini.root / "ipython"))
    assert done.returncode == 0, done.stderr
    assert "False" in (mini.reports / "63.10/2022/10_uji.html").read_text()


def test_what_a_c_library_mutters_reaches_no_report(mini):
    mini.notebook("import os\nos.write(1, b'gumam'); print('kata')")
    done = mini.kla("report", "--area", "63.10", "--year", "2022")
    assert done.returncode == 0, done.stderr
    page = (mini.reports / "63.10/2022/10_uji.html").read_text()
    assert "kata" in page
    assert "gumam" not in page + done.stdout + done.stderr


@pytest.mark.parametrize("killed", ["the command", "the report", "the notebook"])
def test_a_notebook_ends_with_whoever_it_hangs_on(mini, killed):
    mini.notebook("import subprocess\nsubprocess.Popen(['sleep', '600']).wait()")
    running = mini.start("report", "--area", "63.10", "--year", "2022")
    try:
        mini.wait_for(lambda: any(line.startswith("sleep") for line in mini.processes()))
        command = psutil.Process(running.pid)
        below = command.children(recursive=True)
        (sleep,) = (each for each in below if each.name() == "sleep")
        notebook = sleep.parent()
        {"the command": command, "the report": notebook.parent(), "the notebook": notebook}[killed].send_signal(
            signal.SIGKILL
        )
        running.communicate(timeout=240)
        assert running.returncode == (-signal.SIGKILL if killed == "the command" else 5)
        assert mini.gone(5)
        assert not living(below)
    finally:
        running.kill()
    assert not mini.left_over()


def living(processes):
    """Return which processes have not ended after a while."""
    until = time.monotonic() + 5
    while (alive := [each for each in processes if lives(each)]) and time.monotonic() < until:
        time.sleep(0.05)
    return alive


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
