"""The engine of reports: papermill runs the cells of a notebook in a fresh IPython shell of the process that asks.

No kernel is started and nothing is sent between processes: what a kernel would send is heard here and put into the
notebook by nbclient, as ever. To the cells, and in what they leave, it is a kernel like any other. The cells share the
process with whoever asks, so who wants notebooks apart gives each a process of its own.

Papermill imports this when it is imported itself; nothing else does, or the two would wait for each other.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.profiledir import ProfileDir
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager
from traitlets.config import Config

#: The name under which papermill knows this engine.
ENGINE = "kla"
#: Random numbers of a notebook start here, so that the same notebook gives the same report.
SEED = 2024
_BACKEND = "module://matplotlib_inline.backend_inline"
Message = dict[str, Any]


class InProcessEngine(Engine):
    """Papermill's extension point; `papermill --engine kla` takes it too."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        on_cell_start: Callable[..., None] | None = None,
        **_: Any,
    ) -> NotebookNode:
        """Run all cells, up to the first that fails.

        Args:
            on_cell_start: is told `cell` and `cell_index` before each cell of code.
        """
        return _Client(nb_man, on_cell_start=on_cell_start).execute()


class _Client(PapermillNotebookClient):
    """nbclient's way with a notebook, with a shell in the place of a kernel."""

    def execute(self) -> NotebookNode:
        self.reset_execution_trackers()
        with tempfile.TemporaryDirectory(prefix="kla-ipython-") as folder, _shell(folder, self._hear) as self._shell:
            self.papermill_execute_cells()
        self.nb.metadata["language_info"] = dict(IPythonKernel.language_info)
        self.set_widgets_metadata()
        return self.nb

    def execute_cell(self, cell: NotebookNode, cell_index: int, **_: Any) -> NotebookNode:
        """Run one cell and leave in it what a kernel would have sent.

        Raises:
            CellExecutionError: the cell failed, and is not marked as one that may.
        """
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if self.on_cell_start is not None:
            self.on_cell_start(cell=cell, cell_index=cell_index)
        self._at, self.clear_before_next_output = (cell, cell_index), False
        cell.outputs = []
        cell["execution_count"] = self._shell.execution_count
        done = self._shell.run_cell(cell.source, store_history=True, cell_id=cell.get("id"))
        error = done.error_before_exec or done.error_in_exec
        if error is not None and "raises-exception" not in cell.metadata.get("tags", ()):
            told = {"ename": type(error).__name__, "evalue": str(error), "traceback": self._shell._last_traceback or []}
            raise CellExecutionError.from_cell_and_msg(cell, told)
        return cell

    def _hear(self, message: Message) -> None:
        # As it would arrive: nothing that a later cell changes changes with it.
        heard = json.loads(json.dumps(message["content"], default=json_default))
        last = self._at[0].outputs[-1:]
        goes_on = message["msg_type"] == "stream" and last and last[0].get("name") == heard["name"]
        if goes_on and not self.clear_before_next_output:
            last[0]["text"] += heard["text"]
        else:
            self.process_message({**message, "content": heard}, *self._at)


class _Line(Session):
    """The line on which a shell sends; it ends with us."""

    def __init__(self, hear: Callable[[Message], None]) -> None:
        super().__init__(key=b"")
        self._hear_it = hear

    def send(
        self, stream: object, msg_or_type: Message | str, content: Message | None = None, *_: Any, **__: Any
    ) -> None:
        """Hand over a message."""
        self._hear_it(msg_or_type if isinstance(msg_or_type, dict) else self.msg(msg_or_type, content))


class _Stream(io.TextIOBase):
    """Standard output or error, as messages."""

    encoding, errors = "utf-8", "strict"

    def __init__(self, name: str, line: _Line) -> None:
        self.name, self._line = name, line

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if text:
            self._line.send(None, "stream", {"name": self.name, "text": text})
        return len(text)

    def writable(self) -> bool:
        return True


class _Shell(ZMQInteractiveShell):
    """A shell of a kernel, without one."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Leave windows alone: nobody sits here."""


@contextlib.contextmanager
def _shell(folder: str, hear: Callable[[Message], None]) -> Iterator[ZMQInteractiveShell]:
    """Make a shell that is set up as the kernel `kla` sets up its own, and take it down again."""
    import numpy

    line = _Line(hear)
    config = Config(HistoryManager={"enabled": False})
    os.environ.setdefault("MPLBACKEND", _BACKEND)
    # Settings and start-up files of whoever sits here are no part of a report.
    shell = _Shell.instance(
        config=config,
        user_ns={},
        ipython_dir=folder,
        profile_dir=ProfileDir.create_profile_dir(folder),
        compiler_class=XCachingCompiler,
    )
    shell.kernel = SimpleNamespace(eventloop=None)
    for sender in (shell.displayhook, shell.display_pub):
        sender.set_trait("session", line)
    main, streams = sys.modules["__main__"], (sys.stdout, sys.stderr)
    sys.modules["__main__"] = shell.user_module
    sys.stdout, sys.stderr = _Stream("stdout", line), _Stream("stderr", line)
    try:
        shell.run_line_magic("matplotlib", "inline")
        random.seed(SEED)
        numpy.random.seed(SEED)
        yield shell
    finally:
        sys.stdout, sys.stderr = streams
        sys.modules["__main__"] = main
        shell.clear_instance()
