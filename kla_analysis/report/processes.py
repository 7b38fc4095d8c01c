"""Processes of a report: one for the report itself, and one for each of its notebooks where the system can fork.

A process says how it goes over a line, the only thing that it shares with whoever asked for it. When the asking side
lets go of the line, or is killed, the process ends with all that it has started.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, TypeVar

from kla_analysis.errors import KernelError
from kla_analysis.language import t

if TYPE_CHECKING:
    import psutil


#: A process that does not come up is started again, so often in all.
STARTS = 3
#: The file, in the temporary folder of a report, with what libraries print while it is made.
PRINTED = "keluaran.txt"
_AGAIN_AFTER = 0.5
#: Every report is forked from one process that has loaded all of this. Elsewhere each loads it for itself.
METHOD = "forkserver" if sys.platform == "linux" else "spawn"
_LOADED = "kla_analysis.report.preload"
_PR_SET_PDEATHSIG = 1
#: The environment is lent to one process that starts at a time.
_STARTING = threading.Lock()
Made = TypeVar("Made")
Tell = Callable[..., None]


class Gone(Exception):
    """Whoever asked for this has gone."""


class Failed(Exception):
    """A notebook's process has failed, and said how."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told)
        self.told = told


def prepare(method: str) -> None:
    """Have one process load what reports need, once the first is made; each is then forked from it."""
    if method == "forkserver":
        from multiprocessing import forkserver

        with _lent_environment():
            multiprocessing.get_context(method).set_forkserver_preload([_LOADED])
            forkserver.ensure_running()


def start(method: str, work: Callable[[Connection], None]) -> tuple[BaseProcess, Connection]:
    """Start a process for a report; its work gets the far end of a line.

    Raises:
        KernelError: it could not be started, again and again.
    """
    # A worker of a cluster may be a daemon, which multiprocessing forbids to have children; ours end with their line.
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    prepare(method)
    with _lent_environment():
        return _started(multiprocessing.get_context(method), work, (), duplex=True)


@contextlib.contextmanager
def _lent_environment() -> Iterator[None]:
    """Set what makes numbers, and the order of sets, the same in every process; one at a time."""
    alike = {"PYTHONHASHSEED": "0"} | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with _STARTING:
        before = {name: os.environ[name] for name in alike if name in os.environ}
        os.environ.update(alike)
        try:
            yield
        finally:
            for name in alike:
                del os.environ[name]
            os.environ.update(before)


def each(
    work: Callable[[str, Tell], Made], names: Sequence[str], *, at_once: int, tell: Tell, line: Connection
) -> dict[str, Made]:
    """Do some work for each name in a forked process of its own, so many at once.

    Args:
        work: gets a name and somebody to tell; what it returns is handed back.
        line: to whoever asked for all this.

    Raises:
        Failed: one of them failed.
        KernelError: one of them died.
        Gone: nobody waits for this any more.
    """
    waiting, made = list(names), {}
    running: dict[Connection, tuple[str, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                name = waiting.pop(0)
                process, near = _started(multiprocessing.get_context("fork"), _apart, (work, name), duplex=False)
                running[near] = (name, process)
            ready = wait([line, *running])
            if line in ready:
                raise Gone
            for near in [one for one in running if one in ready]:
                name, process = running[near]
                kind, said = _heard(near, name, process)
                if kind == "told":
                    tell(said[0], **said[1])
                elif kind == "failed":
                    raise Failed(said)
                else:
                    made[name] = said
                    process.join()
                    del running[near]
    finally:
        for _, process in running.values():
            process.kill()
            process.join()
    return made


def _started(
    found: BaseContext, work: Callable[..., None], given: Sequence[Any], *, duplex: bool
) -> tuple[BaseProcess, Connection]:
    for left in reversed(range(STARTS)):
        near, far = found.Pipe(duplex)
        process = found.Process(target=work, args=(far, *given))  # type: ignore[attr-defined]
        try:
            process.start()
        except (OSError, EOFError) as error:
            near.close()
            if not left:
                why = getattr(error, "strerror", None) or type(error).__name__
                raise KernelError(
                    t("Proses laporan tidak dapat dimulai: {why}.", why=why),
                    advice=t("Jalankan lagi; bila berulang, periksa memori dan jumlah proses di komputer ini."),
                ) from error
            time.sleep(_AGAIN_AFTER)
        else:
            return process, near
        finally:
            far.close()
    raise AssertionError


def _heard(near: Connection, name: str, process: BaseProcess) -> tuple[str, Any]:
    try:
        return near.recv()
    except (EOFError, OSError):
        process.join()
        raise KernelError(
            t("Proses untuk {notebook} berhenti sendiri (kode {code}).", notebook=name, code=process.exitcode),
            advice=t("Jalankan lagi; bila berulang, periksa memori dan jalankan kla check."),
        ) from None


def _apart(far: Connection, work: Callable[[str, Tell], Any], name: str) -> None:
    """Be the process of one notebook."""
    end_with_parent()
    try:
        said = ("made", work(name, lambda event, **values: far.send(("told", (event, values)))))
    except Failed as failure:
        said = ("failed", failure.told)
    far.send(said)


def end_with_parent() -> None:
    """Let the system end this process with the one that started it, where it can."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def end_tree(top: psutil.Process) -> None:
    """End everything below a process, everything of the group that it leads or led, and then itself."""
    import psutil

    if top.is_running():
        with contextlib.suppress(psutil.NoSuchProcess):
            for process in top.children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
    elif psutil.pid_exists(top.pid):
        return  # its number belongs to somebody else by now, so nothing of its group is left
    if os.name != "nt":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(top.pid, signal.SIGKILL)
    with contextlib.suppress(psutil.NoSuchProcess):
        top.kill()
