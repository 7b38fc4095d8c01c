"""Warm kernels: whoever starts the kernelspec `kla` gets a kernel forked from the warm process.

`WarmProvisioner` is jupyter_client's own extension point, so papermill, nbclient, JupyterLab and Voilà
start warm without being changed: give them `environment()` and the kernel name `KERNEL`. Where fork
does not exist (Windows, macOS) or `KLA_WARM=0`, the same kernelspec starts a plain kernel with the
same arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from kla_analysis.errors import DataError, KernelError
from kla_analysis.files import files_below
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reporting.warm import TEMPORARY, UNATTENDED

#: The name of the kernelspec.
KERNEL = "kla"
#: Set to 0 for plain kernels.
SWITCH = "KLA_WARM"
#: What a C library mutters is for whoever sits there, not for the report.
QUIET = "--IPKernelApp.capture_fd_output=False"
#: Seconds until the warm process must have loaded everything.
LOADED_WITHIN = 120
#: Seconds within which a kernel ends that is told to.
ENDED_WITHIN = 5
#: Templates, kernelspecs and settings of ours, as Jupyter looks for them.
FOLDER = Path(__file__).parent / "templates" / "jupyter"


def environment(*, warm: bool = True) -> dict[str, str]:
    """Return the environment in which the kernelspec `kla` is known: ours, and where it stands."""
    paths = [str(FOLDER), os.environ.get("JUPYTER_PATH", "")]
    found = {**os.environ, "JUPYTER_PATH": os.pathsep.join(filter(None, paths))}
    return found if warm else {**found, SWITCH: "0"}


def can_be_warm() -> bool:
    """Return whether kernels are forked here."""
    return sys.platform == "linux" and os.environ.get(SWITCH, "1") != "0"


class Forked:
    """A child of the warm process, with the face of `subprocess.Popen`.

    Attributes:
        pid: its number, which is also that of its process group.
        returncode: how it ended; minus the signal when one ended it; None while it lives.
        peak_mb, cpu_seconds: what it used, known once it has ended.
    """

    stdin = stdout = stderr = None

    def __init__(self, leash: socket.socket) -> None:
        self._leash = leash
        self._lock = threading.Lock()
        self.returncode: int | None = None
        self.peak_mb = self.cpu_seconds = 0.0
        leash.settimeout(LOADED_WITHIN)
        try:
            self.pid: int = json.loads(leash.recv(4096))["pid"]
        except (OSError, ValueError):
            leash.close()
            raise KernelError(
                t("Proses hangat tidak menjawab."), advice=t("Jalankan lagi; bila berulang, pakai --no-warm.")
            ) from None

    def poll(self) -> int | None:
        """Return how the child ended, or None while it lives."""
        return self._listen(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the child to end.

        Raises:
            subprocess.TimeoutExpired: it did not in time.
        """
        if self._listen(timeout) is None:
            raise subprocess.TimeoutExpired(KERNEL, timeout or 0)
        return self.returncode

    def _listen(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                self._leash.settimeout(timeout)
                try:
                    said = json.loads(self._leash.recv(4096))
                except (BlockingIOError, TimeoutError):
                    return None
                except (OSError, ValueError):  # the warm process is gone, and its children with it
                    self.returncode = -signal.SIGKILL
                else:
                    self.returncode = said["code"]
                    self.peak_mb, self.cpu_seconds = said["peak_mb"], said["cpu_seconds"]
                self._leash.close()
            return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the child."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the child and all that it has started, at once: the warm process does it, who knows it best."""
        with contextlib.suppress(OSError):
            self._leash.shutdown(socket.SHUT_WR)

    def terminate(self) -> None:
        """Ask the child to end."""
        self.send_signal(signal.SIGTERM)


class _Warm:
    """The asking side of the warm process: started when first asked, again when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: To the one that forks kernels of reports, and to the one that forks all else.
        self._controls: tuple[socket.socket, socket.socket] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stamp = 0

    def share(self, reports: socket.socket, others: socket.socket) -> None:
        """Ask a warm process that somebody else has started."""
        self._controls, self._process = (reports, others), None

    def start(self) -> None:
        """Let it load while we do something else; what it has loaded must be what stands in the files."""
        with self._lock:
            if self._process is not None and (self._process.poll() is not None or self._stamp != _stamp()):
                for control in self._controls:
                    control.close()  # it ends with its last child
                self._controls = self._process = None
            if self._controls is None:
                self._stamp = _stamp()
                self._controls, theirs = zip(*(_pair() for _ in range(2)), strict=True)
                numbers = [end.fileno() for end in theirs]
                quiet = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
                command = [sys.executable, "-m", "kla_analysis.reporting.warm", *map(str, numbers)]
                self._process = subprocess.Popen(
                    command,
                    pass_fds=numbers,
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                    env={**os.environ, **quiet, "PYTHONHASHSEED": "0"},
                )
                for end in theirs:
                    end.close()

    def fork(self, what: str, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, files: Sequence[int]) -> Forked:
        """Ask for a child; it inherits what a plain one would.

        Args:
            what: `kernel`, `report-kernel` or `build`.
            files: numbers of its standard input, output and error.
        """
        import resource

        from kla_analysis.reporting.warm import MESSAGE

        self.start()
        request = {
            "what": what,
            "argv": list(argv),
            "env": dict(env),
            "cwd": cwd,
            "data_limit": resource.getrlimit(resource.RLIMIT_DATA),
        }
        data = json.dumps(request).encode()
        ours, theirs = _pair()
        reports, others = self._controls
        fds = [theirs.fileno(), *files, *([reports.fileno(), others.fileno()] if what == "build" else [])]
        try:
            if len(data) > MESSAGE:
                raise OSError(f"{len(data)} bytes")
            socket.send_fds(reports if what == "report-kernel" else others, [data], fds)
        except OSError as error:
            ours.close()
            raise KernelError(
                t("Proses hangat tidak dapat diminta ({why}).", why=error.strerror or error),
                advice=t("Jalankan lagi; bila berulang, pakai --no-warm."),
            ) from error
        finally:
            theirs.close()
        return Forked(ours)


#: The warm process of this process.
WARM = _Warm()


def share_warm(reports: socket.socket, others: socket.socket) -> None:
    """Use the warm process from which this process was forked."""
    WARM.share(reports, others)


def _pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _stamp() -> int:
    """Return the time of the last change to the program and to what is loaded of the data."""
    folders = [Path(__file__).parent.parent]
    with contextlib.suppress(DataError):
        folders.append(find_project().data)
    return max(
        (
            changed
            for folder in folders
            for path in files_below(folder)
            if "__pycache__" not in path.parts and (changed := _changed(path))
        ),
        default=0,
    )


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # gone meanwhile
        return 0


class Lines:
    """The lines from a build to its kernels. Nobody else on this machine must be able to listen in on a district's
    numbers: they are files in a folder that only we can open, where the system has such, else encrypted ports.

    Files cost less (nothing to encrypt), and no other program can take one between choosing and opening it.

    Attributes:
        folder: where they are; the warm process takes it away when the build has ended. Empty for ports.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        folder = TEMPORARY.format(os.getpid())
        self.folder = folder if can_be_warm() and _made_for_us(folder) else ""

    def another(self) -> dict[str, str]:
        """Return what jupyter_client's manager of one more kernel must know."""
        if not self.folder:
            return {"transport_encryption": "auto"}
        return {"transport": "ipc", "connection_file": os.path.join(self.folder, f"{next(self._numbers)}.json")}


def _made_for_us(folder: str) -> bool:
    """Make a folder for lines, and try whether they work there: its path may be too long, its disk too simple."""
    try:
        os.mkdir(folder, 0o700)
        with socket.socket(socket.AF_UNIX) as line:
            line.bind(os.path.join(folder, "try-ipc-1000"))
    except OSError:
        return False
    return True


class _Used(threading.local):
    """What the last kernel of this thread used."""

    peak_mb = cpu_seconds = 0.0


_LAST = _Used()


def used() -> tuple[float, float]:
    """Return what the last kernel that ended in this thread used: peak memory (MiB) and CPU seconds."""
    return _LAST.peak_mb, _LAST.cpu_seconds


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by forking the warm process; all else is as with a plain kernel."""

    async def kill(self, restart: bool = False) -> None:
        """End the kernel at once."""
        if isinstance(self.process, subprocess.Popen):
            _LAST.peak_mb, _LAST.cpu_seconds = _used_by(self.process.pid)
        await super().kill(restart)
        if isinstance(self.process, Forked):
            # jupyter_client looks at once whether it has ended, and then only every tenth of a second.
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self.process.wait, ENDED_WITHIN)

    async def wait(self) -> int | None:
        """Wait for the end of the kernel."""
        process = self.process
        if not isinstance(process, Forked):
            return await super().wait()
        code = await asyncio.to_thread(process.wait)
        self.process = None
        _LAST.peak_mb, _LAST.cpu_seconds = process.peak_mb, process.cpu_seconds
        return code

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel: forked where that is possible, else as a new process."""
        if UNATTENDED in (kwargs.get("env") or os.environ):
            cmd = [*cmd, QUIET]
        if not can_be_warm() or "ipykernel_launcher" not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        try:
            self.process = await asyncio.to_thread(_fork_kernel, cmd, kwargs)
        except KernelError:  # whatever is wrong there, a plain kernel does as well
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd") or os.getcwd()
        return self.connection_info


def _used_by(pid: int) -> tuple[float, float]:
    """Return what a process has used so far: memory (MiB) and CPU seconds."""
    import psutil

    try:
        process = psutil.Process(pid)
        return process.memory_info().rss / 1024 / 1024, sum(process.cpu_times()[:2])
    except psutil.NoSuchProcess:
        return 0.0, 0.0


def _fork_kernel(cmd: list[str], kwargs: dict[str, Any]) -> Forked:
    env = kwargs.get("env") or os.environ
    what, argv = "kernel", cmd[cmd.index("ipykernel_launcher") + 1 :]
    if UNATTENDED in env:
        # All but the connection file was read before the fork.
        what, argv = "report-kernel", [argv[argv.index("-f") + 1]]
    with open(os.devnull, "rb") as nothing:
        return WARM.fork(
            what,
            argv,
            env=env,
            cwd=os.path.abspath(kwargs.get("cwd") or os.getcwd()),
            files=[nothing.fileno(), 1, 2],
        )
