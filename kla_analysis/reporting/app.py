"""The app: the notebook of the budget, served by Voilà to planners who never see code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

from kla_analysis.errors import KernelError
from kla_analysis.language import VARIABLE, t
from kla_analysis.project import find_project
from kla_analysis.reporting import document
from kla_analysis.reporting.notebooks import translated
from kla_analysis.reporting.parameters import ReportParameters, begin
from kla_analysis.reporting.runner import declared_values

NOTEBOOK = "06_simulasi_anggaran.ipynb"
_TEMPLATES = Path(__file__).parent / "templates" / "jupyter"


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
        command += ["--KernelManager.transport_encryption=auto"]
        command += [f"--HTMLExporter.language_code={parameters.lang}"]
        command += [] if browser else ["--no-browser"]
        paths = [str(_TEMPLATES), os.environ.get("JUPYTER_PATH", "")]
        environment = {
            **os.environ,
            "JUPYTER_PATH": os.pathsep.join(filter(None, paths)),
            VARIABLE: parameters.lang,
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
            t("Server aplikasi berhenti (kode {code}).", code=code),
            advice=t("Bila port {port} sudah dipakai, pilih yang lain dengan --port.", port=port),
        )


def _notebook(parameters: ReportParameters, path: Path) -> nbformat.NotebookNode:
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    source = document.attended(translated(load_notebook_node(str(path))))
    return parameterize_notebook(source, declared_values(parameters, path), report_mode=True)
