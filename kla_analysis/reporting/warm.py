"""The warm process: it has loaded everything once, and forks a fresh child for whoever asks.

It has one thread, no zmq context and no event loop, so nothing that a fork would break. It is in truth a
pair: one forks builds and the kernels of people, the other the kernels of reports. Each listens on
one socket, its control; a request brings along the three standard files of the child and a leash, a
socket of which the asking side keeps the other end. Over the leash the asking side hears the child's
number and, at the end, how it ended. Whoever lets go of the leash, or dies, ends the child and every
process of its group; when nobody holds control or a leash any more, the warm process ends itself; when
it is killed, the kernel of the machine ends its children with it.

Only Linux has all that this needs.
"""

from __future__ import annotations

import sys

# Checks of international web addresses, which no notebook has; its grammar takes 1.5 s to load.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import contextlib  # noqa: E402
import ctypes  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import select  # noqa: E402
import selectors  # noqa: E402
import shutil  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from typing import Any  # noqa: E402

#: Bytes of one request; the environment of the child is in it.
MESSAGE = 200_000
#: Where a build keeps what is only for a while, by its number; taken away here when the build has ended.
TEMPORARY = os.path.join(tempfile.gettempdir(), "kla-{}")
#: Is set where a report is made and nobody watches.
UNATTENDED = "KLA_UNATTENDED"
_PR_SET_PDEATHSIG = 1
# mallopt's names for: what is freed at the end of the heap is given back from here on; larger pieces get a place
# of their own. Large arrays come and go, and to fetch fresh pages for each cost a notebook a third of its time.
_GIVE_BACK, _OF_ITS_OWN, _KEPT = -1, -3, 256 * 2**20
_LOADED = (
    # What a kernel loads only once it runs.
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.magics.ast_mod",
    "IPython.core.magics.execution",
    "IPython.core.magics.pylab",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.utils.module_paths",
    "psutil",
    "resource",
    "tornado.platform.asyncio",
    "tornado.queues",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "ipywidgets",
    "SALib.analyze.sobol",
    "SALib.sample.sobol",
    "highspy",
    "matplotlib.backends.backend_agg",
    "matplotlib.patheffects",
    "matplotlib_inline.backend_inline",
    "papermill",
    "seaborn",
    "kla_analysis.presenting.board",
    "kla_analysis.presenting.plan_tables",
    "kla_analysis.presenting.risk_charts",
    "kla_analysis.presenting.whatif",
)


@dataclass(frozen=True)
class _Request:
    what: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    data_limit: tuple[int, int]


def main() -> None:
    """Load everything, then be two processes, each serving one of the control sockets whose numbers are the arguments.

    The first forks the kernels of reports alone, and has their shell ready.
    """
    reports, control = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    with contextlib.suppress(AttributeError):  # another C library
        for option in (_GIVE_BACK, _OF_ITS_OWN):
            ctypes.CDLL(None).mallopt(option, _KEPT)
    if sys.path[:1] in ([""], [os.getcwd()]):
        del sys.path[0]
    load(lambda: _held(control) or os._exit(0))
    _stay()
    if os.fork() == 0:
        _end_with_parent()
        control.close()
        _prepare()
        _stay()
        _Server(reports).serve()
    else:
        reports.close()
        _Server(control).serve()


def _prepare() -> None:
    """Make the first half of a report's kernel; where that fails nobody serves here, and reports get plain kernels."""
    from kla_analysis.language import t
    from kla_analysis.reporting.lean import ReportKernelApp

    try:
        ReportKernelApp.instance().prepare()
    except Exception as error:
        why = t("Kernel laporan tidak dapat disiapkan ({why}). Dilanjutkan dengan kernel biasa.", why=error)
        print(why, file=sys.stderr, flush=True)
        os._exit(1)


def _stay() -> None:
    """Let what is loaded stay for ever: the collector needs not touch it, nor copy its pages, in any child."""
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    """Let the kernel of the machine end this process with the one that forked it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def load(go_on: Callable[[], object] = lambda: None) -> None:
    """Load what reports and kernels need, and do once what every first chart or table does once.

    Args:
        go_on: is called now and then, and may end all this.
    """
    for name in _LOADED:
        importlib.import_module(name)
        go_on()
    from jupyter_client.provisioning import KernelProvisionerFactory
    from matplotlib import font_manager
    from matplotlib.backends.registry import backend_registry

    KernelProvisionerFactory.instance()  # looks through all packages for provisioners
    backend_registry.resolve_backend("inline")
    from kla_analysis.errors import KlaError
    from kla_analysis.language import current_language, language
    from kla_analysis.reporting import build, paper
    from kla_analysis.reporting.parameters import ReportParameters

    paper.obstacle()
    # A project whose own data are refused says so when a report is asked for, not here. The rehearsal's language is its own.
    with contextlib.suppress(KlaError), language(current_language()):
        build.rehearse(ReportParameters())
    # matplotlib lets every child close the font files that are open here; then rather none is.
    with contextlib.suppress(AttributeError):
        font_manager._get_font.cache_clear()


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._leashes: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, ringing = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(ringing, False)
        signal.set_wakeup_fd(ringing)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Ctrl+C is for the one who asks; the leash then does the rest.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._selector.register(control, selectors.EVENT_READ, self._take)
        self._selector.register(self._wake, selectors.EVENT_READ, self._reap)

    def serve(self) -> None:
        asked = True
        while asked or self._leashes:
            for key, _ in self._selector.select():
                if key.data == self._take:
                    asked = asked and self._take()
                else:
                    key.data()

    def _take(self) -> bool:
        """Take one request; False when nobody can ask any more."""
        data, fds, _, _ = socket.recv_fds(self._control, MESSAGE, 6)
        if not data:
            self._selector.unregister(self._control)
            self._control.close()
            return False
        request = _Request(**json.loads(data))
        leash = socket.socket(fileno=fds[0])
        pid = os.fork()
        if pid == 0:
            _live(request, fds[1:], self._close)
        with contextlib.suppress(OSError):  # the child does it too; whoever comes first
            os.setpgid(pid, pid)
        for fd in fds[1:]:
            os.close(fd)
        self._leashes[pid] = leash
        self._selector.register(leash, selectors.EVENT_READ, lambda: self._let_go(pid))
        _say(leash, pid=pid)
        return True

    def _let_go(self, pid: int) -> None:
        """End a child whose leash nobody holds; it is told apart from others until it is reaped."""
        if pid in self._leashes:
            self._selector.unregister(self._leashes[pid])
            _end_group(pid)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake, 512):
                pass
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)) is not None:
                # What the child has started must not outlive it; until it is reaped its number is its own.
                _end_group(ended.si_pid)
                _, status, used = os.wait4(ended.si_pid, 0)
                shutil.rmtree(TEMPORARY.format(ended.si_pid), ignore_errors=True)
                leash = self._leashes.pop(ended.si_pid, None)
                if leash is None:
                    continue
                code = os.waitstatus_to_exitcode(status)
                _say(leash, code=code, peak_mb=used.ru_maxrss / 1024, cpu_seconds=used.ru_utime + used.ru_stime)
                with contextlib.suppress(KeyError):
                    self._selector.unregister(leash)
                leash.close()

    def _close(self) -> None:
        """Close in the child what belongs to the warm process alone."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._control.close()
        for leash in self._leashes.values():
            leash.close()


def _live(request: _Request, fds: list[int], close: Callable[[], None]) -> None:
    """Be the child: a process of its own that looks as if it had been started by the asking side."""
    code = 1
    try:
        parent = os.getppid()
        os.setpgid(0, 0)
        _end_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        close()
        for name, handler in (("SIGINT", signal.default_int_handler), ("SIGCHLD", signal.SIG_DFL)):
            signal.signal(getattr(signal, name), handler)
        for target, fd in enumerate(fds[:3]):
            os.dup2(fd, target)
            os.close(fd)
        os.environ.clear()
        os.environ.update(request.env)
        time.tzset()
        tempfile.tempdir = None
        os.chdir(request.cwd)
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, request.data_limit)
        code = _WORK[request.what](request.argv, fds[3:])
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code or 0)


def _kernel(argv: list[str], fds: list[int]) -> int:
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = ["ipykernel_launcher", *argv]
    IPKernelApp.launch_instance([*argv, f"--IPKernelApp.parent_handle={os.getppid()}"])
    return 0


def _report_kernel(argv: list[str], fds: list[int]) -> int:
    from kla_analysis.reporting.lean import ReportKernelApp

    sys.argv = ["ipykernel_launcher", "-f", *argv]
    app = ReportKernelApp.instance()
    app.initialize(argv)
    app.start()
    return 0


def _build(argv: list[str], fds: list[int]) -> int:
    from kla_analysis.reporting import build, kernels

    kernels.share_warm(*(socket.socket(fileno=fd) for fd in fds))
    return build.main()


_WORK: dict[str, Callable[[list[str], list[int]], int]] = {
    "kernel": _kernel,
    "report-kernel": _report_kernel,
    "build": _build,
}


def _held(control: socket.socket) -> bool:
    """Return whether anybody holds the other end."""
    poll = select.poll()
    poll.register(control, 0)  # asks for nothing, so it hears of the end alone
    return not poll.poll(0)


def _say(leash: socket.socket, **message: Any) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        leash.send(json.dumps(message).encode())


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
