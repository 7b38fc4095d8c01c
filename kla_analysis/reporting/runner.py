"""The runner: notebooks executed by papermill, a report built aside and moved into place whole."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import re
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import nbformat

from kla_analysis.analysis.position import Position
from kla_analysis.errors import KernelError, LockedError, NotebookError, OutputError, ParameterError
from kla_analysis.language import language, moment, t
from kla_analysis.presenting import charts, wording
from kla_analysis.presenting.tables import question_table
from kla_analysis.project import Project, find_project
from kla_analysis.reporting import document
from kla_analysis.reporting.notebooks import read_notebook, report_notebooks
from kla_analysis.reporting.parameters import ReportParameters, begin

if TYPE_CHECKING:
    from nbformat import NotebookNode

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
#: Seconds that a kernel may take to start, and that one cell may take.
START_TIMEOUT, CELL_TIMEOUT = 120, 600
Progress = Callable[[str], None]


@dataclass(frozen=True)
class ReportRun:
    """A finished report: where it is, how long it took (seconds), and its position."""

    folder: Path
    index: Path
    seconds: float
    position: Position


def run_report(
    parameters: ReportParameters, *, out: Path | None = None, progress: Progress = lambda line: None
) -> ReportRun:
    """Run every notebook and publish the report whole, or leave everything as it was.

    Args:
        parameters: what the report is about.
        out: the folder of the report; `reports/<area>/<year>` when not given.
        progress: is told, line by line and in words, what is going on.

    Raises:
        ParameterError: nothing is known of that area and year, or `out` is somebody else's folder.
        DataError: the sheet is refused.
        NotebookError: a cell failed.
        KernelError: a kernel died or ran out of time.
        OutputError: the folder can not be written.
        LockedError: another run is writing the same report.
    """
    with language(parameters.lang):
        return _run_report(parameters, out, progress)


def _run_report(parameters: ReportParameters, out: Path | None, progress: Progress) -> ReportRun:
    started = time.monotonic()
    project = find_project()
    position = begin(**parameters.model_dump())
    final = (out or project.reports / position.area.code / str(parameters.year)).absolute()
    _require_own_folder(final)
    lock = filelock.FileLock(final.parent / f".{final.name}.lock")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with lock.acquire(timeout=0):
            _sweep(final)
            staging = Path(tempfile.mkdtemp(prefix=f".{final.name}.building-", dir=final.parent))
            try:
                # mkdtemp keeps others out; a published report is for everybody to read.
                staging.chmod(0o755)
                _build(parameters, position, project, staging, progress)
                _publish(staging, final)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except filelock.Timeout:
        raise LockedError(
            t("Proses lain sedang menulis {folder}.", folder=project.shown(final)),
            advice=t("Tunggu sampai selesai, lalu jalankan lagi."),
        ) from None
    except OSError as error:
        raise OutputError(
            t("{folder} tidak dapat ditulis: {why}.", folder=project.shown(final), why=error.strerror or error),
            advice=t("Periksa izin dan sisa ruang cakram, atau pilih folder lain dengan --out."),
        ) from error
    seconds = time.monotonic() - started
    _log(
        project, f"{position.area.code} {parameters.year} {parameters.target} ok {seconds:.1f}s {project.shown(final)}"
    )
    return ReportRun(final, final / document.INDEX, seconds, position)


def _build(
    parameters: ReportParameters, position: Position, project: Project, staging: Path, progress: Progress
) -> None:
    """Write all files of the report into the staging folder."""
    paths = report_notebooks(project)
    sources = {f"{path.stem}.html": read_notebook(path) for path in paths}
    frame = _frame(parameters, position, sources)
    _write(staging / document.INDEX, document.index_page(_summary(parameters, position), frame))
    reports = []
    for at, path in enumerate(paths, start=1):
        progress(t("[{at}/{all}] {title} …", at=at, all=len(paths), title=frame.titles[f"{path.stem}.html"]))
        began = time.monotonic()
        notebook = _execute(path, parameters, project)
        file = f"{path.stem}.html"
        _write(staging / file, document.notebook_page(notebook, frame, file))
        reports.append({"notebook": path.name, "file": file, "seconds": round(time.monotonic() - began, 2)})
    outputs = {path.name: _sha256(path) for path in sorted(staging.iterdir())}
    manifest = {
        "version": MANIFEST_VERSION,
        "parameters": _shown_parameters(parameters),
        "instrument": {"id": position.instrument.id, "sha256": _instrument_hash(position, project)},
        "assessment": {"file": position.assessment.shown, "sha256": position.assessment.sha256}
        if position.assessment
        else None,
        "versions": _versions(),
        "created": _now(),
        "reports": reports,
        "outputs": outputs,
    }
    # The manifest comes last: where it stands, everything it names stands too.
    _write(staging / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def _execute(path: Path, parameters: ReportParameters, project: Project) -> NotebookNode:
    """Run one notebook in a fresh kernel and return it with its results."""
    source = document.unattended(read_notebook(path))
    values = declared_values(parameters, path)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="kla-") as scratch:
        warnings.simplefilter("ignore")
        import papermill
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from traitlets.config import Config

        nbformat.write(source, Path(scratch) / f"in-{path.name}")
        try:
            return papermill.execute_notebook(
                str(Path(scratch) / f"in-{path.name}"),
                str(Path(scratch) / path.name),
                parameters=values,
                cwd=str(project.root),
                kernel_name="python3",
                progress_bar=False,
                log_output=False,
                # Others on the same machine must not be able to listen in on a district's numbers.
                config=Config(KernelManager={"transport_encryption": "auto"}),
                start_timeout=START_TIMEOUT,
                execution_timeout=CELL_TIMEOUT,
            )
        except papermill.PapermillExecutionError as error:
            kept = _keep_failed(Path(scratch) / path.name, parameters, project)
            raise NotebookError(
                t(
                    "Sel {cell} di {notebook} gagal: {name}: {value}",
                    cell=error.exec_count,
                    notebook=path.name,
                    name=error.ename,
                    value=_first_line(error.evalue),
                ),
                advice=t("Notebook yang gagal disimpan di {path}; buka untuk melihat rinciannya.", path=kept),
            ) from error
        except (DeadKernelError, CellTimeoutError, RuntimeError) as error:
            raise KernelError(
                t("Kernel untuk {notebook} berhenti: {why}", notebook=path.name, why=_first_line(str(error))),
                advice=t("Jalankan lagi; bila berulang, periksa memori dan jalankan kla check."),
            ) from error


def declared_values(parameters: ReportParameters, notebook: Path) -> dict[str, Any]:
    """Return the parameters that a notebook declares; papermill would pass on those that it does not know."""
    from papermill import inspect_notebook

    declared = inspect_notebook(str(notebook))
    values = {name: value for name, value in parameters.model_dump().items() if name in declared}
    if values.get("assessment"):  # kernels start in another folder
        values["assessment"] = str(Path(parameters.assessment).resolve())
    return values


def _summary(parameters: ReportParameters, position: Position) -> list[str]:
    """Make the pieces of the first page: where the area stands, what is lost, what closes the gap."""
    ladder = charts.ladder(position, parameters.target)
    parts = [
        wording.headline(position, parameters.target)._repr_html_(),
        document.image(ladder.png(), ladder.alt),
    ]
    if position.roll_up is not None:
        parts.append(wording.components_in_words(position)._repr_html_())
        parts.append(question_table(position, top=5)._repr_html_())
        parts.append(wording.set_in_words(position, parameters.target)._repr_html_())
    parts.append(wording.remarks(position)._repr_html_())
    return parts


def _frame(parameters: ReportParameters, position: Position, sources: dict[str, NotebookNode]) -> document.Frame:
    goal = position.instrument.ladder.band(parameters.target).name
    heads = {file: document.title_and_lead(notebook) for file, notebook in sources.items()}
    titles = {document.INDEX: t("Ringkasan: {area} menuju {goal}", area=position.area.name, goal=goal)}
    titles |= {file: title for file, (title, _) in heads.items()}
    return document.Frame(
        area=position.area.name,
        year=parameters.year,
        titles=titles,
        short={file: title.split(":")[0] for file, title in titles.items()},
        leads={document.INDEX: ""} | {file: lead for file, (_, lead) in heads.items()},
        illustrative=position.assessment.origin.note if position.illustrative else "",
        colophon=_colophon(parameters, position),
        version=version("kla-analysis"),
    )


def _colophon(parameters: ReportParameters, position: Position) -> dict[str, str]:
    shown = "; ".join(
        f"{name} = {'–' if value == '' else value}" for name, value in _shown_parameters(parameters).items()
    )
    sheet = position.assessment
    return {
        t("Parameter"): shown,
        t("Instrumen"): f"{position.instrument.id}: {position.instrument.title}",
        t("Lembar nilai"): f"{sheet.shown} (sha256 {sheet.sha256[:16]}…)" if sheet else t("tidak ada"),
        t("Aturan"): t("sha256 {hash}…", hash=_instrument_hash(position, find_project())[:16]),
        t("Arti status"): t(
            "terbit = tertulis di sumbernya; sekunder = dari salinan tidak resmi yang hitungannya cocok; turunan = "
            "dihitung dari keduanya; asumsi = dari kami; ilustratif = contoh, bukan nilai daerah ini."
        ),
        t("Dibuat oleh"): f"kla_analysis {version('kla-analysis')}, Python {platform.python_version()}",
        t("Waktu"): moment(datetime.datetime.now(datetime.UTC)),
    }


def _shown_parameters(parameters: ReportParameters) -> dict[str, Any]:
    """Return the parameters as a report shows them: never the folders of somebody's machine."""
    shown = parameters.model_dump()
    if parameters.assessment:
        shown["assessment"] = find_project().shown(Path(parameters.assessment))
    return shown


def _instrument_hash(position: Position, project: Project) -> str:
    digest = hashlib.sha256()
    for path in sorted((project.data / "instruments" / position.instrument.id).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    names = ("kla-analysis", "pandas", "numpy", "matplotlib", "seaborn", "papermill", "nbconvert")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def _require_own_folder(final: Path) -> None:
    """Refuse to write into a folder that holds anything but a report of ours."""
    if not final.exists():
        return
    if not final.is_dir():
        raise OutputError(t("{path} bukan folder.", path=final.name), advice=t("Pilih folder dengan --out."))
    if any(final.iterdir()) and not (final / MANIFEST).is_file():
        raise ParameterError(
            t("Folder {path} sudah berisi berkas lain.", path=final.name),
            advice=t("Pilih folder kosong atau folder laporan sebelumnya dengan --out."),
        )


def _publish(staging: Path, final: Path) -> None:
    """Move a finished report into place; what people added to the old folder moves along."""
    for path in staging.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    old = final.with_name(f".{final.name}.old-{os.getpid()}")
    if final.exists():
        ours = set(_outputs_of(final)) | {MANIFEST}
        os.replace(final, old)
        try:
            os.replace(staging, final)
        except OSError:
            os.replace(old, final)
            raise
        for path in old.iterdir():
            if path.name not in ours and not (final / path.name).exists():
                os.replace(path, final / path.name)
        shutil.rmtree(old)
    else:
        os.replace(staging, final)


def _outputs_of(folder: Path) -> Iterable[str]:
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["outputs"]
    except (ValueError, KeyError, TypeError):
        return ()


def _sweep(final: Path) -> None:
    """Clear what a run that was cut off left beside the report (we hold the lock, so it is dead)."""
    for left in final.parent.glob(f".{final.name}.building-*"):
        shutil.rmtree(left, ignore_errors=True)
    for old in sorted(final.parent.glob(f".{final.name}.old-*")):
        if final.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:  # cut off between the two moves: the old report is the last whole one
            os.replace(old, final)


def _keep_failed(path: Path, parameters: ReportParameters, project: Project) -> str:
    """Keep the notebook that failed, so that somebody can open it."""
    folder = project.reports / "gagal"
    kept = folder / f"{re.sub(r'[^A-Za-z0-9.-]', '_', parameters.area)}-{parameters.year}-{path.name}"
    if not path.is_file():
        return "–"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, kept)
    return project.shown(kept)


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


def _log(project: Project, line: str) -> None:
    project.reports.mkdir(parents=True, exist_ok=True)
    with (project.reports / "kla.log").open("a", encoding="utf-8") as file:
        file.write(f"{_now()} {line}\n")


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
