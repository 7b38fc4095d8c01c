"""The kernel of a report: what only serves somebody who sits before it is left out, and what all reports share is
done once, before the fork.

ipykernel makes a kernel step by step. Here `prepare` takes the steps that do not depend on who asks (settings, the
shell, matplotlib), in the process that is forked later; `initialize` takes the others, in each child. To a notebook
it looks like any other kernel.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

# The debugger takes 3 MB, and nobody steps through a report.
sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]

from ipykernel import ipkernel  # noqa: E402
from ipykernel.compiler import XCachingCompiler  # noqa: E402
from ipykernel.iostream import OutStream  # noqa: E402
from ipykernel.kernelapp import IPKernelApp  # noqa: E402
from ipykernel.zmqshell import ZMQInteractiveShell  # noqa: E402
from traitlets import default  # noqa: E402

from kla_analysis.reporting.kernels import FOLDER, KERNEL, QUIET  # noqa: E402


class ReportKernel(ipkernel.IPythonKernel):
    """A kernel with one shell, and no thread that sorts messages to several."""

    _supports_kernel_subshells = False


class _OneShell:
    """Stands where that thread would: not there, but a cell that waits (`await`) asks it for the main thread."""

    def __init__(self) -> None:
        self.parent_thread = threading.main_thread()

    def __bool__(self) -> bool:
        return False


class ReportStream(OutStream):
    """Standard output or error. ipykernel has it emptied eight times a cell, each time by another thread and waiting
    for it; where nothing was written there is nothing to wait for.
    """

    def flush(self) -> None:
        """Send what was written."""
        if self._flush_pending:
            super().flush()


class ReportKernelApp(IPKernelApp):
    """A kernel in two halves."""

    @default("kernel_class")
    def _kernel_class(self) -> type[ReportKernel]:
        return ReportKernel

    @default("outstream_class")
    def _outstream_class(self) -> str:
        return f"{__name__}.{ReportStream.__name__}"

    def prepare(self) -> None:
        """Take the steps that all reports share. No socket is opened and no event loop made.

        Raises:
            RuntimeError: somebody's start-up file for IPython left a thread running, which a fork does not copy.
        """
        # Its messages for debugging would be made, and then dropped.
        logging.disable(logging.DEBUG)
        command = json.loads((FOLDER / "kernels" / KERNEL / "kernel.json").read_text())["argv"]
        super(IPKernelApp, self).initialize([*command[command.index("{connection_file}") + 1 :], QUIET])
        self.init_pdb()
        self.shell = ZMQInteractiveShell.instance(
            parent=self, profile_dir=self.profile_dir, user_ns={}, compiler_class=XCachingCompiler
        )
        # To choose matplotlib's backend asks the kernel whether it already has one.
        self.kernel = SimpleNamespace(eventloop=None)
        self.init_extensions()
        self.init_code()
        others = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
        if others:
            raise RuntimeError(", ".join(others))

    def initialize(self, argv: list[str] | None = None) -> None:
        """Take the steps of one kernel; the argument is its connection file."""
        assert argv
        [self.connection_file] = argv
        self.parent_handle = os.getppid()
        self.init_connection_file()
        self.init_poller()
        self.init_sockets()
        self.init_heartbeat()
        self.write_connection_file()
        self.log_connection_info()
        self.init_io()
        self.init_signal()
        self.init_kernel()
        self.init_path()
        self.init_shell()
        self.init_gui_pylab()

    def init_control(self, context: Any) -> None:
        """Leave out the thread that sorts messages."""
        super().init_control(context)
        self.shell_channel_thread = _OneShell()

    def init_kernel(self) -> None:
        """Give the prepared shell its kernel."""
        # The debugger wants the file of every module. To look at all 4,000 copies 4,000 pages of memory.
        with mock.patch.object(ipkernel, "sys", _NoModules()):
            super().init_kernel()
        self.kernel.shell.kernel = self.kernel
        # The environment is that of who asks.
        self.kernel.shell.init_environment()


class _NoModules:
    """The module `sys` without its list of modules."""

    modules: ClassVar[dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)
