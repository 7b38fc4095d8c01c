"""The servers: the budget notebook in Voilà for planners who never see code, all of them in JupyterLab for analysts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from kla_analysis.errors import KernelError
from kla_analysis.language import VARIABLE, current_language, t
from kla_analysis.project import find_project
from kla_analysis.reporting import document, kernels
from kla_analysis.reporting.notebooks import translated
from kla_analysis.reporting.parameters import ReportParameters, begin, declared_values

#: How a server names the class of its connections to kernels.
PROMPT = "kla_analysis.reporting.sockets.PromptConnection"
NOTEBOOK = "06_simulasi_anggaran.ipynb"


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
    project = find_project()
    with tempfile.TemporaryDirectory(prefix="kla-app-") as scratch:
        path = Path(scratch) / "kla.ipynb"
        nbformat.write(_notebook(parameters, project.notebooks / NOTEBOOK), path)
        command = [sys.executable, "-m", "voila", str(path), f"--port={port}", "--Voila.ip=127.0.0.1", "--template=kla"]
        command += ["--Voila.port_retries=0", f"--MappingKernelManager.cull_idle_timeout={idle}"]
        command += [f"--MappingKernelManager.cull_interval={max(1, min(60, idle // 2))}"]
        command += [f"--Voila.kernel_websocket_connection_class={PROMPT}"]
        command += ["--KernelManager.transport_encryption=auto", f"--HTMLExporter.language_code={parameters.lang}"]
        command += [] if browser else ["--no-browser"]
        _serve(command, port)


def open_lab(*, port: int = 8888, browser: bool = True, folder: Path | None = None) -> None:
    """Open the notebooks in JupyterLab, in Indonesian and with warm kernels, until it is interrupted.

    Args:
        folder: what is opened; the project when not given.

    Raises:
        KernelError: the server stopped by itself, for instance because the port is taken.
    """
    project = find_project()
    first = project.notebooks / "00_mulai.ipynb" if folder is None else folder
    command = [sys.executable, "-m", "jupyterlab", str(first), f"--port={port}", "--ServerApp.ip=127.0.0.1"]
    command += [f"--ServerApp.root_dir={folder or project.root}", "--ServerApp.port_retries=0"]
    command += [f"--ServerApp.kernel_websocket_connection_class={PROMPT}"]
    command += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--KernelManager.transport_encryption=auto"]
    command += [] if browser else ["--no-browser"]
    with tempfile.TemporaryDirectory(prefix="kla-lab-") as scratch:
        # The notebooks ask for `python3`, so that they open everywhere; here that is the warm kernel.
        shutil.copytree(kernels.FOLDER / "kernels" / kernels.KERNEL, Path(scratch) / "kernels" / "python3")
        _serve(command, port, Path(scratch))


def _serve(command: list[str], port: int, *more: Path) -> None:
    """Run a server with our templates, settings and kernels, and those of `more`, until it or this process ends."""
    project = find_project()
    known = kernels.environment()
    settings = [str(kernels.FOLDER), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment = known | {
        "JUPYTER_PATH": os.pathsep.join([*map(str, more), known["JUPYTER_PATH"]]),
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

    source = document.attended(translated(load_notebook_node(str(path))))
    source.metadata["title"] = document.title_and_lead(source)[0]
    source.metadata["wait"] = t("Sebentar, simulasi disiapkan …")
    source.metadata["kernelspec"] = {"name": kernels.KERNEL, "display_name": "Python 3", "language": "python"}
    return parameterize_notebook(source, declared_values(parameters, path), report_mode=True)
