"""The servers: the budget notebook in Voilà for planners who never see code, all of them in JupyterLab for analysts."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

import filelock
import nbformat

from kla_analysis.app import shelf
from kla_analysis.errors import KernelError
from kla_analysis.language import VARIABLE, current_language, t
from kla_analysis.project import find_project
from kla_analysis.report import html
from kla_analysis.report.notebooks import read_notebook, translated, working_copy
from kla_analysis.report.parameters import ReportParameters, begin, declared_values
from kla_analysis.report.store import writing
from kla_analysis.showing.records import css

#: Templates, settings and the kernel of ours, as Jupyter looks for them, and the kernel's name.
FOLDER, KERNEL = Path(__file__).parent / "jupyter", "kla"
#: How a server names the class of its connections to kernels.
PROMPT = "kla_analysis.app.sockets.PromptConnection"
NOTEBOOK, LAUNCHER = "06_simulasi_anggaran.ipynb", "beranda.ipynb"
#: The largest message from a page, bytes: a sheet that is chosen there, as the intake takes it, and some air.
MOST_BYTES = 100 * 2**20
#: How the folder of a server is called while it runs, and the lock in it.
_ROOM, _LOCK = "kla-server-", ".lock"
#: Seconds within which a server ends that nobody holds on to.
_LAST_BREATH = 4
Say = Callable[[str], None]


def serve(
    parameters: ReportParameters, *, port: int = 8866, browser: bool = True, idle: int = 600, say: Say = print
) -> None:
    """Serve the app on this machine until it is interrupted.

    Args:
        idle: seconds after which the kernel of a tab that was closed is ended, where the browser did
            not say goodbye itself.
        say: is told the address, with its key, once the server listens.

    Raises:
        ParameterError, DataError: a parameter or a sheet is refused.
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    begin(**parameters.model_dump())
    _voila(
        lambda: _notebook(parameters, find_project().notebooks / NOTEBOOK),
        port=port,
        browser=browser,
        idle=idle,
        say=say,
    )


def serve_launcher(*, port: int = 8867, browser: bool = True, idle: int = 600, say: Say = print) -> None:
    """Serve the launcher, and the finished reports that it links to, on this machine until it is interrupted.

    Args:
        idle, say: as for `serve`.

    Raises:
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    project = find_project()
    with writing(project.shown(project.reports)):
        project.reports.mkdir(parents=True, exist_ok=True)
    _voila(
        lambda: _for_the_app(read_notebook(project.notebooks / LAUNCHER)),
        port=port,
        browser=browser,
        idle=idle,
        say=say,
        root=project.reports,
        allowed=shelf.HANDED_OUT,
        environment={shelf.FILES: "/voila/files/"},
    )


def _voila(
    notebook: Callable[[], nbformat.NotebookNode],
    *,
    port: int,
    browser: bool,
    idle: int,
    say: Say,
    root: Path | None = None,
    allowed: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Serve one notebook in Voilà.

    Args:
        root, allowed: the folder whose files are handed out, and which of them: a pattern of their paths.
    """
    # Voilà shows only what lies below the folder whose files it hands out.
    with _room(Path(tempfile.gettempdir())) as room, _room(root) if root else nullcontext(room) as place:
        path = place / "kla.ipynb"
        with writing(place.name):
            nbformat.write(notebook(), path)
        argv = [str(path), f"--port={port}", "--Voila.ip=127.0.0.1", "--template=kla", "--no-browser"]
        argv += ["--Voila.port_retries=0", f"--MappingKernelManager.cull_idle_timeout={idle}"]
        argv += [f"--MappingKernelManager.cull_interval={max(1, min(60, idle // 2))}"]
        argv += [f"--Voila.kernel_websocket_connection_class={PROMPT}"]
        argv += ["--KernelManager.transport_encryption=auto", f"--HTMLExporter.language_code={current_language()}"]
        # Their own line names an address whose key is masked, which opens nothing: ours comes after it.
        argv += [f"--Voila.root_dir={root or place}", "--Voila.log_level=WARN"]
        more = {
            "VoilaConfiguration": {"file_allowlist": [allowed] if allowed else []},
            # A kernel that is started again knows nothing of the page: it stays dead, and the page says so.
            "KernelRestarter": {"restart_limit": 0},
            "Voila": {"tornado_settings": {"websocket_max_message_size": MOST_BYTES}},
        }
        (room / "voila.json").write_text(json.dumps(more), encoding="utf-8")
        _serve("voila", argv, port, browser, say, room, place, environment=environment)


def open_lab(*, port: int = 8888, browser: bool = True, folder: Path | None = None, say: Say = print) -> None:
    """Open the notebooks in JupyterLab, in Indonesian, until it is interrupted.

    Args:
        folder: what is opened; the project, with the launcher of the working copy, when not given.
        say: as for `serve`.

    Raises:
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    project = find_project()
    copy = working_copy()
    root = folder or (project.root if copy.is_relative_to(project.root) else copy)
    first = folder or copy / LAUNCHER
    argv = [str(first), f"--port={port}", "--ServerApp.ip=127.0.0.1", "--no-browser"]
    argv += [f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0"]
    argv += [f"--ServerApp.kernel_websocket_connection_class={PROMPT}"]
    argv += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    argv += ["--KernelManager.transport_encryption=auto", "--ServerApp.log_level=WARN", "--LabApp.log_level=WARN"]
    page = f"lab/tree/{quote(first.relative_to(root).as_posix())}" if first.is_file() else "lab"
    with _room(Path(tempfile.gettempdir())) as room:
        # The notebooks ask for `python3`, so that they open everywhere; here that is ours, whose numbers are those of reports.
        shutil.copytree(FOLDER / "kernels" / KERNEL, room / "kernels" / "python3")
        links = {} if project.reports.is_relative_to(root) else {shelf.FILES: ""}
        _serve("lab", argv, port, browser, say, room, environment=links, page=page)


@contextmanager
def _room(parent: Path) -> Iterator[Path]:
    """Make a folder for what a server needs while it runs, and clear away those of servers that are gone."""
    with writing(parent.name):
        _sweep(parent)
        room = Path(tempfile.mkdtemp(prefix=_ROOM, dir=parent))
    lock = filelock.FileLock(room / _LOCK)
    try:
        with lock:
            yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Clear away the rooms whose owner lives no more: nobody holds their lock."""
    for room in sorted(parent.iterdir()):
        if not room.name.startswith(_ROOM) or room.is_symlink() or not (room / _LOCK).is_file():
            continue
        with suppress(OSError, filelock.Timeout), filelock.FileLock(room / _LOCK).acquire(timeout=0):
            shutil.rmtree(room, ignore_errors=True)


def _serve(
    kind: str,
    argv: list[str],
    port: int,
    browser: bool,
    say: Say,
    room: Path,
    *more: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
    page: str = "",
) -> None:
    """Run a server with our templates, settings and kernels, and those of its room, until it or this process ends."""
    key = secrets.token_urlsafe(24)
    job = {
        "kind": kind,
        "argv": argv,
        "key": key,
        "port": port,
        "settings": str(room),
        "folders": [str(room), *map(str, more)],
    }
    # In a session of its own: what a terminal says to this process, this process passes on.
    process = subprocess.Popen(
        [sys.executable, "-m", "kla_analysis.app.server"],
        env=_surroundings(room, environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=os.name != "nt",
    )
    line, events = process.stdin, process.stdout
    assert line is not None, "a pipe was asked for"
    assert events is not None, "and another"
    told = ""
    try:
        line.write(json.dumps(job).encode() + b"\n")
        line.flush()
        for event in events:
            told = json.loads(event)["event"]
            if told == "listening":
                address = f"http://127.0.0.1:{port}/{page}?token={key}"
                say(address)
                if browser:
                    _open(address, room)
        code = process.wait()
    except BrokenPipeError:
        code = process.wait()
    finally:
        _end(process, line)
        events.close()
    if told == "root":
        raise KernelError(
            t("JupyterLab tidak dijalankan sebagai root."), advice=t("Jalankan kla lab sebagai pengguna biasa.")
        )
    if code:
        raise KernelError(
            t("Server berhenti (kode {code}).", code=code),
            advice=t("Bila port {port} sudah dipakai, pilih yang lain dengan --port.", port=port),
        )


def _surroundings(room: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a server: our templates, settings and project, and a room for what it keeps for a while.

    What servers and kernels put aside lies in their room and goes with it.
    """
    project = find_project()
    temporary = room / "tmp"
    temporary.mkdir()
    known = [str(room), str(FOLDER), os.environ.get("JUPYTER_PATH", "")]
    settings = [str(room), str(FOLDER), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return {
        **os.environ,
        **more,
        "JUPYTER_PATH": os.pathsep.join(filter(None, known)),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings)),
        "JUPYTER_RUNTIME_DIR": str(room / "run"),
        "TMPDIR": str(temporary),
        VARIABLE: current_language(),
        "KLA_HOME": str(project.root),
        "KLA_DATA": str(project.data),
        "KLA_REPORTS": str(project.reports),
    }


def _end(process: subprocess.Popen[bytes], line: IO[bytes]) -> None:
    """End a server and all that it has started: it watches this end of the line, its standard input."""
    with suppress(OSError):
        line.close()
    try:
        process.wait(_LAST_BREATH)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _open(address: str, room: Path) -> None:
    """Open a browser by a file that only this user can read: what stands in a command line is there for all."""
    leads = room / "buka.html"
    with suppress(OSError):
        handle = os.open(leads, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(
                f'<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
                f'<meta http-equiv="refresh" content="0; url={escape(address)}"><a href="{escape(address)}">KLA</a>'
            )
        threading.Thread(target=webbrowser.open, args=(leads.as_uri(),), daemon=True).start()


def _notebook(parameters: ReportParameters, path: Path) -> nbformat.NotebookNode:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    source = _for_the_app(translated(load_notebook_node(str(path))))
    return parameterize_notebook(source, declared_values(parameters, path), report_mode=True)


def _for_the_app(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook without what belongs to the report only, asking for our kernel."""
    shown = html.attended(notebook)
    shown.metadata["title"] = html.heading_of(notebook)
    shown.metadata["look"] = css()
    shown.metadata["wait"] = t("Sebentar, halaman disiapkan …")
    shown.metadata["lost"] = t(
        "Halaman ini tidak tersambung lagi: mesin hitungnya berhenti. Yang belum disimpan hilang."
    )
    shown.metadata["again"] = t("Muat ulang")
    shown.metadata["kernelspec"] = {"name": KERNEL, "display_name": "Python 3", "language": "python"}
    return shown
