"""A small project of its own for runs that are meant to go wrong: the real data, one short notebook."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pypdf
import pytest
from browser.driving import start_chromium
from conftest import ROOT, blank, made_once, run_kla
from playwright.sync_api import sync_playwright

from kla_analysis.report.parameters import ReportParameters
from kla_analysis.runs.batch import BatchRun, plan_jobs, run_batch
from kla_analysis.runs.runner import TEMPORARY, Outcome, run_report


class Mini:
    """A project with the real data, of its catalogue the first six actions, and the notebooks that a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(ROOT / "data", root / "data")
        # To plan with all of them takes longer than all else in a report of one page.
        for name in ("actions", "answers"):
            path = root / f"data/actions/contoh/{name}.csv"
            header, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
            path.write_text("".join([header, *(row for row in rows if row[:3] <= "A06")]), encoding="utf-8")
        (root / "notebooks").mkdir()
        self.reports = root / "reports"
        self.notebook("charts.components(case.components, case)")

    def real(self, *names: str) -> None:
        """Have these of the project's notebooks, and no others."""
        for path in (self.root / "notebooks").iterdir():
            path.unlink()
        for name in names:
            shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", self.root / "notebooks")

    def notebook(self, *cells: str, name: str = "10_uji") -> None:
        """Write a notebook: a title, the parameters, the case, and these cells."""
        real = nbformat.read(ROOT / "notebooks" / "01_rapor.ipynb", as_version=4)
        first = [cell for cell in real.cells if cell.cell_type == "code"][:2]
        made = nbformat.v4.new_notebook(metadata={**real.metadata, "kla": {"chapter": 1}})
        made.cells = [nbformat.v4.new_markdown_cell("# Uji: satu halaman\n\nUntuk mencoba."), *first]
        made.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
        nbformat.write(made, self.root / "notebooks" / f"{name}.ipynb")

    def environment(self, **more: str) -> dict[str, str]:
        return {"KLA_HOME": str(self.root), **more}

    def kla(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_kla(*arguments, **self.environment(**environment))

    def run(self, target: str = "", *, out: Path | str | None = None, about: dict | None = None, **options) -> Outcome:
        """Make the report of Tanah Bumbu, or another one, from this process."""
        return run_report(ReportParameters(target=target, **about or {}), out=out, **options)

    def run_batch(self, codes: list[str], **options) -> BatchRun:
        """Make the reports of some synthetic sheets from this process."""
        return run_batch(plan_jobs(codes, years=[2025], sheets=self.root / "sheets"), **options)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the command and leave it running; the test ends it."""
        return subprocess.Popen(
            [sys.executable, "-c", "from kla_analysis.cli import main; main()", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment(**environment)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def synthetic(self, count: int) -> list[str]:
        """Write synthetic sheets of the first so many areas of South Kalimantan and Aceh; return their codes."""
        codes = [f"{province}.{number:02}" for province in ("63", "11") for number in range(1, 12)][:count]
        assert self.kla("synthetic", str(self.root / "sheets"), "--areas", ",".join(codes)).returncode == 0
        return codes

    def batch(self, codes: list[str], *more: str) -> list[str]:
        return ["batch", "--areas", ",".join(codes), "--year", "2025", "--sheets", str(self.root / "sheets"), *more]

    def files(self) -> dict[str, bytes]:
        """Every file of every report, without the stamps of when and how long."""
        found = {}
        for path in sorted(self.reports.rglob("*")):
            if path.is_file() and path.name not in ("kla.log", "kla.jsonl", "manifest.json") and path.suffix != ".lock":
                found[path.relative_to(self.reports).as_posix()] = without_stamp(path.read_bytes())
        return found

    def left_over(self) -> list[str]:
        """What a run should have cleared away: half reports, and what a build needed for a while."""
        half = [path.name for path in self.reports.rglob(".*") if "building" in path.name or ".old-" in path.name]
        others = [path.name for path in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*")]
        return half + [name for name in others if not psutil.pid_exists(int(name.split("-")[2]))]

    def processes(self) -> list[str]:
        """Processes that work for this project."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            try:
                mine = process.environ().get("KLA_HOME") == str(self.root)
            except (psutil.Error, OSError):
                continue
            said = " ".join(process.info["cmdline"] or [])
            # What the test itself forks from began in the environment of the project that came first.
            ours = process.ppid() == os.getpid() and "from multiprocessing." in said
            if mine and not ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(said)
        return found

    @staticmethod
    def wait_for(condition: Callable[[], object], within: float = 240.0) -> None:
        """Wait until something has come about."""
        until = time.monotonic() + within
        while not condition():
            assert time.monotonic() < until, "it never came"
            time.sleep(0.1)

    def gone(self, within: float) -> bool:
        """Whether every process of this project has ended in time, but for those of the test itself."""
        until = time.monotonic() + within
        while time.monotonic() < until:
            if not self.processes():
                return True
            time.sleep(0.1)
        return False


def without_stamp(content: bytes) -> bytes:
    return re.sub(rb"\d{1,2} \w+ 20\d\d, \d\d[.:]\d\d WI(?:B|TA|T)", b"STAMP", content)


@pytest.fixture(scope="session")
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report of a sheet with fifteen unanswered questions."""
    sheet = blank(tmp_path_factory.mktemp("lembar") / "kosong.csv")
    arguments = ("report", "--area", "63.10", "--year", "2022", "--assessment", str(sheet))
    return made_once(tmp_path_factory, "belum-dijawab", *arguments) / "63.10" / "2022"


@pytest.fixture(scope="session")
def paper_pages() -> Iterator[Callable[[str], int]]:
    """How many pages of A4 a page of HTML takes when somebody prints it."""
    # In a thread of its own: in that of the tests another browser may be at work.
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        window = thread.submit(lambda: start_chromium(playwright).new_page()).result()

        def printed(html: str) -> bytes:
            window.set_content(html)
            return window.pdf(prefer_css_page_size=True)

        yield lambda html: len(pypdf.PdfReader(io.BytesIO(thread.submit(printed, html).result())).pages)
        thread.submit(playwright.stop).result()


@pytest.fixture
def mini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mini:
    made = Mini(tmp_path / "proyek")
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    return made
