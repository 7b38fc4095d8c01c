"""Shared fixtures: the rules, the sheets that ship with the project, and a way to make bad ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import filelock
import pytest
from command import run_json, run_kla
from hypothesis import settings

import kla_analysis as kla

__all__ = ["ROOT", "blank", "often", "run_json", "run_kla"]

#: No test looks at a clock to fail.
settings.register_profile("kla", deadline=None)
settings.load_profile("kla")

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
#: Where the ten tasks leave what was on the screen when they were done.
PICTURES = ROOT / "tests" / "browser" / "screenshots"

#: Files whose tests share nothing that is made in them. These tests are long, so each goes to whichever worker is free;
#: all other files are kept whole, for the sake of their fixtures. The larger a file, the sooner its turn: single tests
#: come last, those of the files with the longest tests first, and no worker is left with something long at the end.
SINGLY = [f"test_{name}" for name in ("batch", "runner", "kills", "engine", "risk", "imports", "report", "notebooks")]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say to `--dist loadgroup` which tests belong together."""
    for item in items:
        if item.path.stem not in SINGLY:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))
    items.sort(key=lambda item: SINGLY.index(item.path.stem) if item.path.stem in SINGLY else -1)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to go on where the marks above do nothing: every fixture of a file would be made by every worker."""
    together = [item for item in session.items if item.get_closest_marker("xdist_group")]
    if session.config.getoption("loadgroup", default=False) and not all("@" in item.nodeid for item in together):
        raise pytest.UsageError("pytest-xdist does not keep the tests of a file together under this version of pytest.")


def often(everywhere: T, thorough: T) -> T:
    """Return how often something is tried, or what: `make thorough` (KLA_THOROUGH) tries more than every test run."""
    return thorough if os.environ.get("KLA_THOROUGH") else everywhere


@pytest.fixture(scope="session")
def instrument() -> kla.Instrument:
    return kla.load_instrument("kla-2024")


@pytest.fixture(scope="session")
def ladder(instrument: kla.Instrument) -> kla.Ladder:
    return instrument.ladder


@pytest.fixture(scope="session")
def reference(instrument: kla.Instrument) -> kla.Assessment:
    return kla.load_assessment(ROOT / "data/assessments/reference/2024-self_assessment.csv", instrument)


@pytest.fixture(scope="session")
def tanah_bumbu(instrument: kla.Instrument) -> kla.Assessment:
    return kla.load_assessment(ROOT / "data/assessments/63.10/2022-final.csv", instrument)


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    """Write the Tanah Bumbu sheet with some of its text replaced, and return where it is."""

    def write(*replacements: tuple[str, str], name: str = "lembar.csv") -> Path:
        text = (ROOT / "data/assessments/63.10/2022-final.csv").read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, f"the sheet has no {old!r}"
            text = text.replace(old, new, 1)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


#: Three whole indicators, of which 21B is capped, and six single answers of others.
UNANSWERED = (
    *("7.1", "7.2", "7.3", "9.1", "9.2", "9.3", "9.4", "21B.1", "21B.2"),
    *("1.1", "2.1", "6.3", "8.3", "19.1", "25.2"),
)


def blank(path: Path, codes: Iterable[str] = UNANSWERED, by: str = "") -> Path:
    """Write the Tanah Bumbu sheet with some answers taken out, or replaced by a text."""
    rows = (ROOT / "data/assessments/63.10/2022-final.csv").read_text(encoding="utf-8").splitlines()
    wanted, found = set(codes), []
    for row in rows:
        cells = row.split(",")
        found.append(",".join([*cells[:4], by, *cells[5:]]) if cells[3] in wanted else row)
    path.write_text("\n".join(found) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def blanked(tmp_path: Path) -> Callable[..., Path]:
    """`blank`, into the folder of the test."""
    return lambda codes=UNANSWERED, by="": blank(tmp_path / f"kosong-{by or 'kosong'}.csv", codes, by)


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of Tanah Bumbu, made by the command."""
    return made_once(tmp_path_factory, "laporan", "report", "--area", "63.10", "--year", "2022", "--target", "nindya")


@pytest.fixture(scope="session")
def report(reports: Path) -> Path:
    return reports / "63.10" / "2022"


@pytest.fixture(scope="session")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "report", "report", "--lang", "en") / "63.10" / "2022"


def made_once(factory: pytest.TempPathFactory, name: str, *arguments: str) -> Path:
    """Run the command with a reports folder that all workers of this test run share; what it said lies beside it."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    folder = (factory.getbasetemp() if alone else factory.getbasetemp().parent) / name
    said = folder.with_suffix(".txt")
    with filelock.FileLock(folder.with_suffix(".lock")):
        if not said.exists():
            done = run_kla(*arguments, KLA_REPORTS=str(folder))
            assert done.returncode == 0, done.stderr
            said.write_text(done.stderr + done.stdout, encoding="utf-8")
    return folder


def pytest_terminal_summary(terminalreporter) -> None:
    if any(PICTURES.glob("*.png")) and "test_tasks" in str(terminalreporter.stats):
        terminalreporter.write_line(f"Pictures of the ten tasks: {PICTURES.relative_to(ROOT)}/")
