"""The servers: the budget notebook in Voilà for planners who never see code, all of them in JupyterLab for analysts."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import nbformat

from kla_analysis.errors import KernelError
from kla_analysis.language import VARIABLE, current_language, t
from kla_analysis.project import find_project
from kla_analysis.reporting import document, shelf
from kla_analysis.reporting.notebooks import read_notebook, translated
from kla_analysis.reporting.parameters import ReportParameters, begin, declared_values
from kla_analysis.reporting.store import writing

#: Templates, settings and the kernel of ours, as Jupyter looks for them, and the kernel's name.
FOLDER, KERNEL = Path(__file__).parent / "templates" / "jupyter", "kla"
#: How a server names the class of its connections to kernels.
PROMPT = "kla_analysis.reporting.sockets.PromptConnection"
NOTEBOOK, LAUNCHER = "06_simulasi_anggaran.ipynb", "beranda.ipynb"
#: The largest message from a page, bytes: a sheet that is chosen there, as the intake takes it, and some air.
MOST_BYTES = 100 * 2**20


def serve(parameters: ReportParameters, *, port: int = 8866, browser: bool = True, idle: int = 600) -> None:
    """Serve the app on this machine until it is interrupted.

    Args:
        idle: seconds after which the kernel of a tab that was closed is ended, where the browser did
            not say goodbye itself.

    Raises:
        ParameterError, DataError: a parameter or a sheet is refused.
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    begin(**parameters.model_dump())
    _voila(lambda: _notebook(parameters, find_project().notebooks / NOTEBOOK), port=port, browser=browser, idle=idle)


def serve_launcher(
    *, port: int = 8867, browser: bool = True, idle: int = 600, say: Callable[[str], None] = print
) -> None:
    """Serve the launcher, and the finished reports that it links to, on this machine until it is interrupted.

    Who opens it can write into the project, so it asks for the key that stands in its address.

    Args:
        idle: as for `serve`.
        say: is told the address.

    Raises:
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    project = find_project()
    with writing(project.shown(project.reports)):
        project.reports.mkdir(parents=True, exist_ok=True)
    key = secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{port}/?token={key}"
    say(address)
    if browser:  # Voilà would open it without the key
        threading.Thread(target=_open_when_it_answers, args=(address, port), daemon=True).start()
    _voila(
        lambda: _for_the_app(read_notebook(project.notebooks / LAUNCHER)), port=port, browser=False, idle=idle,
        root=project.reports, allowed=shelf.HANDED_OUT, key=key, environment={shelf.FILES: "/voila/files/"},
    )  # fmt: skip


def _voila(
    notebook: Callable[[], nbformat.NotebookNode],
    *,
    port: int,
    browser: bool,
    idle: int,
    root: Path | None = None,
    allowed: str = "",
    key: str = "",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Serve one notebook in Voilà.

    Args:
        root, allowed: the folder whose files are handed out, and which of them: a pattern of their paths.
        key: what the address must carry; none when empty.
    """
    # Voilà shows only what lies below the folder whose files it hands out.
    with tempfile.TemporaryDirectory(prefix="kla-app-", dir=root) as scratch:
        path = Path(scratch) / "kla.ipynb"
        nbformat.write(notebook(), path)
        command = [sys.executable, "-m", "voila", str(path), f"--port={port}", "--Voila.ip=127.0.0.1", "--template=kla"]
        command += ["--Voila.port_retries=0", f"--MappingKernelManager.cull_idle_timeout={idle}"]
        command += [f"--MappingKernelManager.cull_interval={max(1, min(60, idle // 2))}"]
        command += [f"--Voila.kernel_websocket_connection_class={PROMPT}"]
        command += ["--KernelManager.transport_encryption=auto", f"--HTMLExporter.language_code={current_language()}"]
        command += [f"--Voila.root_dir={root or scratch}"]
        more = {
            "VoilaConfiguration": {"file_allowlist": [allowed] if allowed else []},
            # A kernel that is started again knows nothing of the page: it stays dead, and the page says so.
            "KernelRestarter": {"restart_limit": 0},
            "Voila": {"tornado_settings": {"websocket_max_message_size": MOST_BYTES}},
        }
        (Path(scratch) / "voila.json").write_text(json.dumps(more), encoding="utf-8")
        command += ["--Voila.auto_token=True"] if key else []
        command += [] if browser else ["--no-browser"]
        _serve(command, port, Path(scratch), environment={**environment, **({"JUPYTER_TOKEN": key} if key else {})})


def _open_when_it_answers(address: str, port: int) -> None:
    for _ in range(240):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                webbrowser.open(address)
                return
        time.sleep(0.25)


def open_lab(*, port: int = 8888, browser: bool = True, folder: Path | None = None) -> None:
    """Open the notebooks in JupyterLab, in Indonesian, until it is interrupted.

    Args:
        folder: what is opened; the project when not given.

    Raises:
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    project = find_project()
    first = project.notebooks / LAUNCHER if folder is None else folder
    command = [sys.executable, "-m", "jupyterlab", str(first), f"--port={port}", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.root_dir={folder or project.root}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.kernel_websocket_connection_class={PROMPT}"]
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--KernelManager.transport_encryption=auto"]
    command += [] if browser else ["--no-browser"]
    with tempfile.TemporaryDirectory(prefix="kla-lab-") as scratch:
        # The notebooks ask for `python3`, so that they open everywhere; here that is ours, whose numbers are those of reports.
        shutil.copytree(FOLDER / "kernels" / KERNEL, Path(scratch) / "kernels" / "python3")
        links = {} if project.reports.is_relative_to(folder or project.root) else {shelf.FILES: ""}
        _serve(command, port, Path(scratch), environment=links)


def _serve(command: list[str], port: int, *more: Path, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    """Run a server with our templates, settings and kernels, and those of `more`, until it or this process ends."""
    project = find_project()
    known = os.pathsep.join(filter(None, [*map(str, more), str(FOLDER), os.environ.get("JUPYTER_PATH", "")]))
    settings = [*map(str, more), str(FOLDER), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = {
        **os.environ,
        **environment,
        "JUPYTER_PATH": known,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings)),
        VARIABLE: current_language(),
        "KLA_HOME": str(project.root),
        "KLA_DATA": str(project.data),
        "KLA_REPORTS": str(project.reports),
    }
    process = subprocess.Popen(command, env=environment)
    # Who ends this process ends the server and its kernels with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if code:
        raise KernelError(
            t("Server berhenti (kode {code}).", code=code),
            advice=t("Bila port {port} sudah dipakai, pilih yang lain dengan --port.", port=port),
        )


def _notebook(parameters: ReportParameters, path: Path) -> nbformat.NotebookNode:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    source = _for_the_app(translated(load_notebook_node(str(path))))
    return parameterize_notebook(source, declared_values(parameters, path), report_mode=True)


def _for_the_app(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook without what belongs to the report only, asking for our kernel."""
    shown = document.attended(notebook)
    shown.metadata["title"] = document.title_and_lead(notebook)[0]
    shown.metadata["wait"] = t("Sebentar, halaman disiapkan …")
    shown.metadata["lost"] = t(
        "Halaman ini tidak tersambung lagi: mesin hitungnya berhenti. Yang belum disimpan hilang."
    )
    shown.metadata["again"] = t("Muat ulang")
    shown.metadata["kernelspec"] = {"name": KERNEL, "display_name": "Python 3", "language": "python"}
    return shown
