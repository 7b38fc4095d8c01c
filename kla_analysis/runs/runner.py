"""The runner: one supervisor, one child per report, and nothing under its name that is not whole.

The child builds in a folder aside. Whether a report is done is decided here: every file is there, is
hashed, and only then moved into place with its manifest. Whoever ends this process, even with kill -9,
ends its children: each hangs on a line of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from kla_analysis.errors import DataError, KernelError, KlaError, NotebookError, OutputError, ParameterError, Problem
from kla_analysis.language import language, number, t
from kla_analysis.project import Project, find_project
from kla_analysis.report import processes
from kla_analysis.report.manifest import Manifest, PageRun, facts, now, sha256, why_stale
from kla_analysis.report.parameters import ReportParameters, from_anywhere
from kla_analysis.report.store import Folder, Place, place_at
from kla_analysis.runs import notices

Progress = Callable[[str], None]
#: The folder with what a build needs for a while, in the temporary one, begins like this, then with our number.
TEMPORARY = "kla-laporan-"
#: The log for machines, one record a line, in the reports folder; the one for people stands beside it.
LOG = "kla.jsonl"
#: How many notebooks of one report run at once, where there are processors for them.
AT_ONCE = 2
#: Longest time that a child may take to go once it was ended, seconds.
_LAST_BREATH = 5


@dataclass(frozen=True)
class Limits:
    """What a run may take: seconds for one cell and one report; MiB for one process."""

    cell: int = 600
    total: int = 3600
    memory_mb: int = 4096


@dataclass(frozen=True)
class Outcome:
    """How one report went.

    Attributes:
        status: `done`, `unchanged`, `failed` or `stopped`.
        why: why it was made again, or what went wrong.
        seconds, cpu_seconds, peak_mb: of the whole run; memory of its largest process (MiB).
    """

    parameters: ReportParameters
    status: str
    folder: str
    index: str
    why: str = ""
    advice: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: int = 0
    error: KlaError | None = field(default=None, compare=False, repr=False)

    def record(self) -> dict[str, Any]:
        """Return it as a line of the log."""
        about = self.parameters
        return {
            "time": now(),
            "area": about.area,
            "year": about.year,
            "target": about.target,
            "report": self.folder,
            **{name: getattr(self, name) for name in ("status", "exit_code", "why", "advice")},
            "seconds": round(self.seconds, 2),
            "cpu_seconds": round(self.cpu_seconds, 2),
            "peak_mb": self.peak_mb,
        }


def run_report(
    parameters: ReportParameters,
    *,
    out: str | Path | None = None,
    also_in: str = "",
    progress: Progress = lambda line: None,
    force: bool = False,
    method: str = processes.METHOD,
    limits: Limits = Limits(),
) -> Outcome:
    """Make one report and publish it whole, or leave everything as it was.

    Args:
        parameters: what the report is about.
        out: folder or address of the report; `reports/<area>/<year>` when not given.
        also_in: another language to make it in, too, in a folder beside; the pages of both lead to each other.
        progress: is told, line by line and in words, what is going on.
        force: make it even if nothing that it depends on has changed.
        method: how the process of the report is started: `forkserver`, or `spawn` where there is no fork.

    Raises:
        ParameterError: nothing is known of that area and year, or `out` is somebody else's folder.
        DataError: the sheet is refused.
        NotebookError: a cell failed.
        KernelError: a kernel died, or ran out of time or memory.
        OutputError: the folder can not be written.
        LockedError: another run is writing the same report.
    """
    project = find_project()
    address = str(out or project.reports / parameters.area / str(parameters.year))
    supervisor = Supervisor(project, progress=progress, force=force, method=method, limits=limits)
    jobs = [(one, place_at(place, project)) for one, place in in_languages(parameters, address, also_in)]
    outcomes = {outcome.parameters.lang: outcome for outcome in supervisor.run_all(jobs)}
    for outcome in outcomes.values():
        if outcome.error is not None:
            raise outcome.error
    return outcomes[parameters.lang]


def in_languages(parameters: ReportParameters, address: str, also_in: str = "") -> list[tuple[ReportParameters, str]]:
    """Return a report with its address and, where that is asked for, its translation beside it; each leads to the other.

    Args:
        also_in: the other language; empty for the report alone.

    Raises:
        ParameterError: it is the language of the report itself.
    """
    if not also_in:
        return [(parameters, address)]
    if also_in == parameters.lang:
        raise ParameterError(t("Laporan ini sudah dalam bahasa itu."), advice=t("Pilih bahasa yang lain."))
    address = address.rstrip("/\\") or address
    name = re.split(r"[/\\]", address)[-1]
    there = parameters.model_copy(update={"lang": also_in, "translation": f"{parameters.lang}:{name}"})
    here = parameters.model_copy(update={"translation": f"{also_in}:{name}-{also_in}"})
    return [(here, address), (there, f"{address}-{also_in}")]


class Supervisor:
    """Runs reports, one after another or several at once, and ends with everything that it has started.

    Attributes:
        share: how much of its work the report that told of itself last has begun, of one.
    """

    def __init__(
        self,
        project: Project,
        *,
        progress: Progress = lambda line: None,
        force: bool = False,
        method: str = processes.METHOD,
        limits: Limits = Limits(),
    ) -> None:
        self._project, self._progress, self._force, self._limits = project, progress, force, limits
        self._method = method
        self._children: set[_Child] = set()
        self._lock = threading.Lock()
        self._stopping: int | None = None
        self._at_once = 1
        self.share = 0.0

    def run_all(self, jobs: Iterable[tuple[ReportParameters, Place]], workers: int = 1) -> Generator[Outcome]:
        """Make reports, so many at once, and yield how each went as soon as it has ended.

        Whatever interrupts this, a signal or a caller who wants no more, ends all children first.
        """
        # More notebooks than processors would only push each other out of the caches: 4 % more CPU time.
        self._at_once = max(1, min(AT_ONCE, (os.cpu_count() or 1) // workers))
        with ThreadPoolExecutor(workers) as pool:
            waiting: set[Future[Outcome]] = {pool.submit(self.run, *job) for job in jobs}
            try:
                while waiting:
                    ended, waiting = wait(waiting, 0.5, FIRST_COMPLETED)
                    for future in ended:
                        yield future.result()
            except BaseException as stop:
                for future in waiting:
                    future.cancel()
                self.stop(getattr(stop, "exit_code", 130))
                raise

    def stop(self, exit_code: int) -> None:
        """End every child now; reports that are being made count as stopped."""
        with self._lock:
            self._stopping = exit_code
            children = list(self._children)
        for child in children:
            child.end()

    def run(self, parameters: ReportParameters, place: Place) -> Outcome:
        """Make one report, unless nothing that it depends on has changed; errors come back in the outcome."""
        began = time.monotonic()
        with language(parameters.lang):
            try:
                if self._stopping is not None:
                    raise KernelError(t("dihentikan"))
                outcome = self._run(parameters, place, began)
            except Exception as unexpected:
                error = unexpected if isinstance(unexpected, KlaError) else _unexpected(unexpected)
                stopped = self._stopping is not None
                outcome = Outcome(
                    parameters,
                    "stopped" if stopped else "failed",
                    place.folder,
                    place.index,
                    why=t("dihentikan") if stopped else error.what,
                    advice="" if stopped else error.advice,
                    exit_code=self._stopping or error.exit_code,
                    seconds=time.monotonic() - began,
                    error=error,
                )
            self._log(outcome, place)
            self._tell(outcome, place)
        return outcome

    @staticmethod
    def _tell(outcome: Outcome, place: Place) -> None:
        """Leave a page about a failure beside the report, or take away the one about the last."""
        if not isinstance(place, Folder):
            return
        folder = Path(place.folder)
        if outcome.status == "failed" and isinstance(outcome.error, NotebookError | KernelError):
            notices.leave_page(notices.Failure(outcome.parameters, outcome.exit_code, str(outcome.error), folder))
        elif outcome.status in ("done", "unchanged"):
            notices.clear_page(folder)

    def _run(self, parameters: ReportParameters, place: Place, began: float) -> Outcome:
        found = facts(parameters := from_anywhere(parameters), self._project)
        if not self._force and (why := self._why(place, found)) == []:
            return Outcome(parameters, "unchanged", place.folder, place.index, seconds=time.monotonic() - began)
        with place.held():
            # Somebody else may have made it while we waited for the lock.
            why = [t("diminta")] if self._force else self._why(place, found)
            if not why:
                return Outcome(parameters, "unchanged", place.folder, place.index, seconds=time.monotonic() - began)
            done, index = self._make(parameters, place, found, began)
        return Outcome(
            parameters,
            "done",
            place.folder,
            index,
            why="; ".join(why),
            seconds=done.seconds,
            cpu_seconds=done.cpu_seconds,
            peak_mb=done.peak_mb,
        )

    @staticmethod
    def _why(place: Place, found: Manifest) -> list[str]:
        old = place.manifest()
        why = why_stale(old, found)
        if old is not None and not why and not place.whole(old):
            why = [t("berkas laporan hilang atau berubah")]
        return why

    def _make(self, parameters: ReportParameters, place: Place, found: Manifest, began: float) -> tuple[Manifest, str]:
        """Have a child build the report, look at what is there, and publish it."""
        child = _Child(self._method)
        with self._lock:
            self._children.add(child)
            stopping = self._stopping is not None
        try:
            if stopping:
                child.end()
            over = time.monotonic() + self._limits.total
            # Nothing is put down anywhere before there is somebody who takes it away when we are killed.
            child.wait_until_ready(over)
            with place.staging() as staging:
                built = self._built(child, self._job(parameters, place, found, staging), over)
                if facts(parameters, self._project).inputs != found.inputs:
                    raise DataError(
                        t("Masukan laporan berubah selagi laporan dibuat."),
                        advice=t("Tunggu sampai penulisannya selesai, lalu jalankan lagi."),
                    )
                done = self._checked(built, staging, found, time.monotonic() - began)
                return done, place.publish(staging, done)
        finally:
            child.end()
            with self._lock:
                self._children.discard(child)

    def _built(self, child: _Child, job: dict[str, Any], over: float) -> dict[str, Any]:
        """Give a child its job and hear what it has built; then it is gone, and all that it needed for a while."""
        temporary = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-"))
        try:
            child.give(job | {"temporary": str(temporary)})
            return self._listen(child, over)
        except BaseException as error:
            error.add_note(child.trace(temporary))
            child.end()
            raise
        finally:
            _remove(temporary)  # while it lives, a child does that when we are killed
            child.end()

    def _job(self, parameters: ReportParameters, place: Place, found: Manifest, staging: Path) -> dict[str, Any]:
        return {
            "parameters": parameters.model_dump(),
            "staging": str(staging),
            "facts": found.model_dump(),
            "previous": place.folder,
            "memory_mb": self._limits.memory_mb,
            "at_once": self._at_once,
            "fork": self._method == "forkserver",
            "environment": {
                **os.environ,
                "KLA_HOME": str(self._project.root),
                "KLA_DATA": str(self._project.data),
                "KLA_REPORTS": str(self._project.reports),
            },
        }

    def _listen(self, child: _Child, over: float) -> dict[str, Any]:
        """Hear how a child goes; return what it has built.

        Raises:
            KlaError: of whatever kind it met; a `KernelError` when it died or its time was over.
        """
        pages = []
        #: Until when each notebook must have begun its next cell.
        cells: dict[str, float] = {}
        while True:
            heard = child.hear(min([over, *cells.values()]))
            if heard is None:
                self._out_of_time(over, cells)
            kind, told = heard
            if kind == "page":
                self.share = told["at"] / (told["all"] + 1)
                self._progress(t("[{at}/{all}] {title} …", **told))
            elif kind == "cell":
                cells[told["notebook"]] = time.monotonic() + self._limits.cell
            elif kind == "done":
                cells.pop(told["notebook"], None)
                pages.append(PageRun(**told))
            elif kind == "failed":
                child.said = told["trace"]
                raise _failure(told)
            else:
                forked = self._method == "forkserver"  # else the child has done it all itself
                cpu = told["cpu_seconds"] + (sum(page.cpu_seconds for page in pages) if forked else 0)
                peak = max([told["peak_mb"], *(page.peak_mb for page in pages)])
                return {
                    **told,
                    "reports": tuple(sorted(pages, key=lambda page: page.notebook)),
                    "cpu_seconds": round(cpu, 2),
                    "peak_mb": round(peak),
                }

    def _out_of_time(self, over: float, cells: dict[str, float]) -> NoReturn:
        first = min(cells, key=cells.__getitem__, default="")
        if not first or over <= cells[first]:
            raise KernelError(
                t("Laporan tidak selesai dalam {seconds} detik.", seconds=number(self._limits.total)),
                advice=t("Beri waktu lebih dengan --timeout, atau lihat notebook mana yang lama di catatan."),
            )
        raise KernelError(
            t("Satu sel di {notebook} berjalan lebih dari {seconds} detik.", notebook=first, seconds=self._limits.cell),
            advice=t("Periksa sel itu, atau beri waktu lebih dengan --cell-timeout."),
        )

    def _checked(self, built: dict[str, Any], staging: Path, found: Manifest, seconds: float) -> Manifest:
        """Make the manifest out of what is really there.

        Raises:
            OutputError: a file that was promised is missing or empty.
        """
        outputs = {}
        for name in built["files"]:
            path = staging / name
            if not path.is_file() or not path.stat().st_size:
                raise OutputError(t("{file} tidak jadi ditulis.", file=name), advice=t("Jalankan lagi."))
            outputs[name] = sha256(path.read_bytes())
        return found.model_copy(
            update={
                "instrument": {"id": built["instrument"], "sha256": found.inputs["instrument"]},
                "assessment": built["assessment"],
                "figures": built["figures"],
                "seconds": round(seconds, 2),
                "cpu_seconds": built["cpu_seconds"],
                "peak_mb": built["peak_mb"],
                "reports": built["reports"],
                "outputs": outputs,
            }
        )

    def _log(self, outcome: Outcome, place: Place) -> None:
        """Write one line for people and one for machines; each is whole even if the next is cut off."""
        about = outcome.parameters
        what = {"done": "ok", "unchanged": t("tidak berubah"), "failed": t("gagal"), "stopped": t("dihentikan")}[
            outcome.status
        ]
        line = f"{now()} {about.area} {about.year} {about.target} {what} {outcome.seconds:.1f}s {place.shown}"
        if outcome.why:
            line += f" ({outcome.why})"
        record = outcome.record()
        if outcome.error is not None:
            record["trace"] = "\n".join(getattr(outcome.error, "__notes__", ()))
        folder = self._project.reports
        if outcome.status == "unchanged" or not _can_write(folder):
            return
        _append(folder / "kla.log", line)
        _append(folder / LOG, json.dumps(record, ensure_ascii=False))


class _Child:
    """The process that builds one report."""

    def __init__(self, method: str) -> None:
        import psutil

        self.said, self._top = "", None
        self._process, self._line = processes.start(method, _build)
        with contextlib.suppress(psutil.NoSuchProcess):
            self._top = psutil.Process(self._process.pid)

    def wait_until_ready(self, over: float) -> None:
        """Wait until it takes a job.

        Raises:
            KernelError: it has gone, or the time is over.
        """
        if self.hear(over) is None:
            raise KernelError(
                t("Proses laporan tidak siap pada waktunya."),
                advice=t("Jalankan lagi, bila perlu dengan --timeout lebih lama."),
            )

    def give(self, job: dict[str, Any]) -> None:
        """Hand over what is to be built."""
        with contextlib.suppress(BrokenPipeError):  # `hear` says that it has gone
            self._line.send(job)

    def hear(self, until: float) -> tuple[str, dict[str, Any]] | None:
        """Wait for what the child says next; None when it has not said anything in time.

        Raises:
            KernelError: it has gone.
        """
        try:
            return self._line.recv() if self._line.poll(max(0.0, until - time.monotonic())) else None
        except (EOFError, OSError):
            self._process.join(_LAST_BREATH)
            raise KernelError(
                t("Pembuat laporan berhenti sendiri (kode {code}).", code=self._process.exitcode),
                advice=t("Jalankan lagi; bila berulang, periksa memori dan reports/kla.jsonl."),
            ) from None

    def end(self) -> None:
        """End it and all that it has started."""
        if self._top is not None:
            processes.end_tree(self._top)
        self._process.join(_LAST_BREATH)

    def trace(self, temporary: Path) -> str:
        """Return what it said of its failure, and the end of what it printed."""
        printed = temporary / processes.PRINTED
        return self.said + (printed.read_bytes()[-4000:].decode(errors="replace") if printed.is_file() else "")


def _build(line: Connection) -> None:
    """Be that process; what a build needs is loaded there, not here."""
    from kla_analysis.report.build import main

    main(line)


def _remove(folder: Path) -> None:
    """Remove a folder into which a process that was just killed may still write for a moment."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def _unexpected(error: Exception) -> KlaError:
    """Wrap a mistake of ours, so that one report does not take all others with it."""
    failure = KlaError(
        t("Kesalahan dalam program: {what}.", what=repr(error)), advice=t("Laporkan dengan isi reports/kla.jsonl.")
    )
    failure.add_note("".join(traceback.format_exception(error)))
    return failure


def _failure(told: dict[str, Any]) -> KlaError:
    """Make the error again that the child has met."""
    known: tuple[type[KlaError], ...] = (KlaError, *KlaError.__subclasses__())
    kinds = {kind.exit_code: kind for kind in known}
    problems = [Problem(**problem) for problem in told["problems"]]
    return kinds.get(told["exit_code"], NotebookError)(told["what"], advice=told["advice"], problems=problems)


def _can_write(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return os.access(folder, os.W_OK)


def _append(path: Path, line: str) -> None:
    """Add one line in one write, so that two runs never tear each other's lines."""
    with contextlib.suppress(OSError), path.open("ab") as file:
        file.write(line.replace("\n", " ").encode() + b"\n")
