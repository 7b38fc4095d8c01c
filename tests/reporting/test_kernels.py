"""Warm kernels: the same as plain ones, apart from each other, and gone with whoever asked for them."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from conftest import ROOT
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from kla_analysis.reporting import kernels
from kla_analysis.reporting.build import STARTS
from kla_analysis.reporting.warm import UNATTENDED

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture
def start(monkeypatch):
    """Start the kernel `kla` the way JupyterLab does, and run code in it."""
    monkeypatch.setenv("JUPYTER_PATH", kernels.environment()["JUPYTER_PATH"])
    started = []

    def begin():
        manager = KernelManager(
            kernel_name=kernels.KERNEL, config=Config(KernelManager={"transport_encryption": "auto"})
        )
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        started.append((manager, client))
        return manager, client

    yield begin
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def said(client, code, timeout=30):
    """Run code and return what it prints."""
    heard = []
    client.execute_interactive(
        code, timeout=timeout, allow_stdin=False,
        output_hook=lambda message: heard.append(message["content"].get("text") or message["content"].get("ename") or ""),
    )  # fmt: skip
    return "".join(heard).strip()


@pytest.mark.parametrize("alone", [False, True])
def test_it_is_forked_from_a_process_that_has_loaded_everything(start, monkeypatch, alone):
    if alone:
        monkeypatch.setenv(UNATTENDED, "1")
    _, client = start()
    assert said(client, "import sys; print('matplotlib' in sys.modules and 'kla_analysis' in sys.modules)") == "True"
    parent = psutil.Process(int(said(client, "import os; print(os.getppid())")))
    assert "kla_analysis.reporting.warm" in parent.cmdline()
    assert parent.num_threads() == 1  # a fork copies one thread; the others' locks would stay locked for ever


def test_where_nobody_watches_there_is_no_debugger_and_one_shell(start, monkeypatch):
    look = "import sys, threading; print(len([t for t in threading.enumerate() if 'Shell' in t.name]), bool(sys.modules.get('debugpy')))"
    _, watched = start()
    assert said(watched, look) == "1 True"
    monkeypatch.setenv(UNATTENDED, "1")
    _, alone = start()
    assert said(alone, look) == "0 False"
    assert said(alone, "import ipykernel.ipkernel as kernel, sys; print(kernel.sys is sys)") == "True"


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
    "error": "1 / 0",
    "no Python": "def f(:",
    "count": "get_ipython().execution_count",
}


def test_the_kernel_of_a_report_answers_like_a_plain_one(start, monkeypatch):
    monkeypatch.setenv(UNATTENDED, "1")
    answers = []
    for switch in ("1", "0"):
        monkeypatch.setenv(kernels.SWITCH, switch)
        _, client = start()
        answers.append({name: messages(client, code) for name, code in CELLS.items()})
    report, plain = answers
    assert report == plain
    assert "tunggu" in str(plain["await"])
    assert "image/png" in str(plain["figure"])


def messages(client, code):
    """Run code and return all that it answers, but for what differs from time to time."""
    heard = []
    reply = client.execute_interactive(
        code, timeout=30, allow_stdin=False, output_hook=lambda message: heard.append((message["msg_type"], message["content"]))
    )  # fmt: skip
    kept = ("status", "execution_count", "payload", "ename", "evalue")
    return [*heard, {name: reply["content"].get(name) for name in kept}]


def test_what_a_c_library_mutters_reaches_who_watches_and_no_report(start, monkeypatch):
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # where ipykernel sees it, it listens to no library
    mutter = "import os, time; os.write(1, b'gumam '); time.sleep(0.5); print('kata')"
    assert said(start()[1], mutter) == "gumam kata"
    monkeypatch.setenv(UNATTENDED, "1")
    for switch in ("1", "0"):
        monkeypatch.setenv(kernels.SWITCH, switch)
        assert said(start()[1], mutter) == "kata"


def test_nothing_leaks_from_one_kernel_to_the_next(start):
    _, first = start()
    said(first, "import os, matplotlib; os.environ['BOCOR'] = '1'; matplotlib.rcParams['font.size'] = 3; x = 1")
    _, second = start()
    code = "import os, matplotlib; print('BOCOR' in os.environ, matplotlib.rcParams['font.size'], 'x' in globals())"
    assert said(second, code) == "False 10.0 False"


def test_plain_where_fork_is_not_wanted_and_random_numbers_start_alike(start, monkeypatch):
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    one, other = (said(start()[1], code) for _ in range(2))
    monkeypatch.setenv(kernels.SWITCH, "0")
    manager, client = start()
    assert isinstance(manager.provisioner.process, subprocess.Popen)
    assert one == other == said(client, code)


def test_the_line_is_encrypted(start):
    manager, _ = start()
    assert manager.curve_publickey


def test_interrupt_restart_and_death(start):
    manager, client = start()
    client.execute("import time; time.sleep(60)", stop_on_error=False)  # else what is asked next can be dropped
    time.sleep(0.5)
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=10)["content"]["ename"] == "KeyboardInterrupt"
    assert said(client, "print('lagi')") == "lagi"
    before = manager.provisioner.pid
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=30)
    assert said(client, "print('baru')") == "baru"
    assert manager.provisioner.pid != before
    os.kill(manager.provisioner.pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while manager.is_alive() and time.monotonic() < until:
        time.sleep(0.05)
    assert not manager.is_alive()


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("killed", ["who asked", "the warm process"])
def test_a_kernel_ends_with_whoever_it_hangs_on(alone, killed):
    code = (
        "import subprocess, time\n"
        "from jupyter_client.manager import KernelManager\n"
        "manager = KernelManager(kernel_name='kla'); manager.start_kernel()\n"
        "client = manager.client(); client.start_channels(); client.wait_for_ready(timeout=60)\n"
        'client.execute(\'import subprocess; subprocess.Popen(["sleep", "600"])\')\n'
        "print(manager.provisioner.pid, flush=True); time.sleep(600)\n"
    )
    environment = kernels.environment() | ({UNATTENDED: "1"} if alone else {})
    asker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        kernel = psutil.Process(int(asker.stdout.readline()))
        until = time.monotonic() + 10
        while not (below := kernel.children()) and time.monotonic() < until:
            time.sleep(0.05)
        warm = [process for process in kernel.parents() if "kla_analysis.reporting.warm" in process.cmdline()]
        all_of_them = [kernel, *warm, *below]
        assert len(all_of_them) == 3 + alone
        if killed == "the warm process":
            warm[-1].kill()
            # What a notebook has started by itself is looked after by the warm process alone.
            assert not living([kernel, *warm])
            below[0].kill()
    finally:
        asker.kill()
        asker.wait()
    assert not living(all_of_them)


def living(processes):
    """Return which processes have not ended after a while; one that nobody has asked after yet has ended."""
    until = time.monotonic() + 5
    while (alive := [each for each in processes if lives(each)]) and time.monotonic() < until:
        time.sleep(0.05)
    return alive


def lives(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_twelve_at_once_ten_times_over(start):
    def answer(_: int) -> str:
        for left in reversed(range(STARTS)):  # as the build does: somebody else may have taken a port in between
            try:
                manager, client = start()
            except RuntimeError:
                if not left:
                    raise
            else:
                answered = said(client, "print(6 * 7)")
                client.stop_channels()
                manager.shutdown_kernel(now=True)
                return answered
        raise AssertionError

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(answer, range(120)))
    assert answers == ["42"] * 120
