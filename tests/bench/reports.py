"""Benchmark of whole reports: ours, a shell loop of the usual two commands, and the same work without notebooks.

All in one run, on the same notebooks and synthetic sheets, with two workers. Run with `make bench`;
`make bench-country` makes every district of the country instead (an hour on two cores).
"""

from __future__ import annotations

import ast
import contextlib
import gc
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
from IPython.core.formatters import DisplayFormatter

from kla_analysis.analysis.position import Position
from kla_analysis.project import find_project
from kla_analysis.report import build, exports, html, pages, results
from kla_analysis.report.manifest import facts
from kla_analysis.report.parameters import ReportParameters, begin
from kla_analysis.showing.records import Record

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
WORKERS = 2
ROUNDS = 5
YEAR = 2025
#: How a notebook shows things.
_FORMATS = DisplayFormatter()


def main(areas: int, rival_areas: int, many: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory(prefix="kla-bench-") as folder:
        work = Path(folder)
        codes = synthetic(work, 514)
        # These machines change their pace: what is compared by CPU seconds is run in turns, and each round is
        # compared with what was measured just before and just after it.
        rounds, alone = [], [floor_cpu(codes[:areas], work / "sheets")]
        for each in range(ROUNDS):
            rounds.append(batch(work / f"ours-{each}", codes[:areas], ROOT))
            alone.append(floor_cpu(codes[:areas], work / "sheets"))
        ours = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        rival = shell_loop(work / "rival", codes[:rival_areas])
        beside = [
            [statistics.mean(pair) for pair in zip(before, after, strict=True)]
            for before, after in itertools.pairwise(alone)
        ]
        pages, papers = (statistics.median(each) for each in zip(*beside, strict=True))
        against_all = [one["cpu"] / sum(both) for one, both in zip(rounds, beside, strict=True)]
        against_pages = [(one["cpu"] - both[1]) / both[0] for one, both in zip(rounds, beside, strict=True)]
        print(f"{len(notebooks())} notebooks a report, {WORKERS} workers")
        line("", "reports/minute", "CPU s/report", "peak MiB")
        line("papermill + jupyter nbconvert", rival["rate"], rival["cpu"], rival["peak"])
        line("kla batch", ours["rate"], ours["cpu"], ours["peak"])
        line("figures and HTML alone", "", pages, "")
        line("PDF, Excel and results alone", "", papers, "")
        print(f"reports a minute against the shell loop   {ours['rate'] / rival['rate']:.1f}×")
        in_rounds("CPU a report against all of that alone", against_all)
        in_rounds("the same, documents left out on both", against_pages)
        small = short_project(work / "short")
        few, lot = (batch(work / f"short-{n}", codes[:n], small) for n in many)
        print(
            f"{many[0]} → {many[1]} areas, a short notebook      {lot['seconds'] / few['seconds']:.1f}× the time, "
            f"peak {few['peak']:.0f} → {lot['peak']:.0f} MiB"
        )
        again = batch(work / f"short-{many[1]}", codes[:50], small)
        print(f"50 areas again, nothing changed           {again['seconds']:.2f} s")
    print(f"kla --help                                {min(timed([BIN / 'kla', '--help']) for _ in range(5)):.2f} s")


def country(count: int) -> None:
    """Make the full set of every district, and say how the time grew."""
    with tempfile.TemporaryDirectory(prefix="kla-bench-") as folder:
        work = Path(folder)
        codes = synthetic(work, count)
        done = batch(work / "country", codes, ROOT, told=True)
        print(
            f"{count} districts, full set: {done['seconds'] / 60:.1f} minutes, CPU {done['cpu']:.1f} s a report, "
            f"peak {done['peak']:.0f} MiB"
        )
        print(f"all again, nothing changed: {batch(work / 'country', codes, ROOT)['seconds']:.1f} s")
        print(f"50 of them, nothing changed: {batch(work / 'country', codes[:50], ROOT)['seconds']:.2f} s")


def synthetic(work: Path, count: int) -> list[str]:
    subprocess.run([BIN / "kla", "synthetic", work / "sheets", "--year", str(YEAR)], check=True, capture_output=True)
    # From all over the country, not one province after another.
    codes = sorted(path.name for path in (work / "sheets").iterdir())
    return [codes[at * len(codes) // count] for at in range(count)]


def batch(out: Path, codes: list[str], project: Path, told: bool = False) -> dict[str, float]:
    """Run our command and measure it from its start to its end."""
    from kla_analysis.report.manifest import read_manifest

    areas = out.parent / "areas.txt"
    areas.write_text("\n".join(codes))
    command = [
        BIN / "kla",
        "batch",
        "--areas",
        areas,
        "--year",
        str(YEAR),
        "--jobs",
        str(WORKERS),
        "--sheets",
        out.parent / "sheets",
    ]
    environment = {**os.environ, "KLA_HOME": str(project), "KLA_REPORTS": str(out)}
    with peak_of_all(1 if len(codes) < 100 else 3) as peak:
        began = time.monotonic()
        subprocess.run(
            command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=None if told else subprocess.DEVNULL
        )
        seconds = time.monotonic() - began
    made = [read_manifest((out / code / str(YEAR) / "manifest.json").read_bytes()) for code in codes]
    return {
        "seconds": seconds,
        "rate": len(codes) / seconds * 60,
        "cpu": sum(each.cpu_seconds for each in made) / len(made),
        "peak": peak(),
    }


def shell_loop(out: Path, codes: list[str]) -> dict[str, float]:
    """Run what one would write without us: for each area and notebook `papermill`, then `jupyter nbconvert`."""
    sheets = out.parent / "sheets"
    script = ["set -e", "area=$1", f"mkdir -p {out}/$area"]
    for path in notebooks():
        made = f"{out}/$area/{path.name}"
        script.append(
            f"{BIN}/papermill {path} {made} -k python3 --cwd {ROOT} --no-progress-bar -r area $area -p year {YEAR} "
            f"-r assessment {sheets}/$area/{YEAR}-self_assessment.csv"
        )
        script.append(f"{BIN}/jupyter nbconvert --to html --no-input {made}")
    before = os.times()
    with peak_of_all(0.3) as peak:
        began = time.monotonic()
        subprocess.run(
            ["xargs", "-P", str(WORKERS), "-I", "{}", "sh", "-c", "\n".join(script), "sh", "{}"],
            input="\n".join(codes),
            text=True,
            check=True,
            capture_output=True,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"},
        )
        seconds = time.monotonic() - began
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"rate": len(codes) / seconds * 60, "cpu": used / len(codes), "peak": peak()}


def floor_cpu(codes: list[str], sheets: Path) -> tuple[float, float]:
    """Return the CPU seconds a report of the same cells and pages in one process that has preload everything, no
    kernel and no papermill; and those of the documents made from them. As many at once as there are workers."""
    prepare()
    found = []
    for at in range(0, len(codes), WORKERS):
        children = []
        for code in codes[at : at + WORKERS]:
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                try:
                    os.write(writing, json.dumps(render_alone(code, sheets)).encode())
                except BaseException as error:
                    print(error, file=sys.stderr)
                    os._exit(1)
                os._exit(0)
            os.close(writing)
            children.append((pid, reading))
        for pid, reading in children:
            _, status, _ = os.wait4(pid, 0)
            assert status == 0
            found.append(tuple(json.loads(os.read(reading, 1000))))
            os.close(reading)
    pages, papers = (statistics.mean(each) for each in zip(*found, strict=True))
    return pages, papers


def render_alone(code: str, sheets: Path) -> tuple[float, float]:
    began = time.process_time()
    parameters = ReportParameters(area=code, year=YEAR, assessment=str(sheets / code / f"{YEAR}-self_assessment.csv"))
    position, told, frame, record = made(parameters)
    drawn = time.process_time()
    gc.disable()  # as the build does
    exports.all_documents(position, told, frame, record)
    return drawn - began, time.process_time() - drawn


def made(parameters: ReportParameters) -> tuple[Position, dict[str, list[Record]], html.Frame, dict]:
    """Make all that a report shows in this process; return the position, the blocks of the pages, frame and results."""
    position = begin(**parameters.model_dump())
    sources = build._sources()
    frame = build._frame(facts(parameters, find_project()), position, parameters, sources)
    told: dict[str, list[Record]] = {}
    for file, source in sources.items():
        notebook = html.unattended(source)
        names: dict = {}
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs = shown(cell, names)
                if "parameters" in cell.metadata.get("tags", ()):
                    names |= parameters.model_dump()
        html.notebook_page(notebook, frame, file)
        told[file] = pages.blocks(notebook)
    found = [block for blocks in told.values() for block in blocks]
    record = results.results_of(parameters, position, pages.values(found))
    sheets = {f"{sheet['id']}.html": sheet for sheet in pages.sheets(found)}
    frame = replace(frame, sheets={file: sheet["title"] for file, sheet in sheets.items()})
    told = {html.INDEX: build._summary(position, found, record["plan"]), **told}
    html.index_page(told[html.INDEX], frame, exports.downloads())
    for file, sheet in sheets.items():
        html.part_page([pages.alone(sheet)], frame, file)
    return position, told, frame, record


def shown(cell: nbformat.NotebookNode, names: dict) -> list[nbformat.NotebookNode]:
    """Run a cell and return what its last expression looks like."""
    tree = ast.parse(cell.source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - the project's own notebooks
    if last is None:
        return []
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
    data, metadata = _FORMATS.format(value)
    return [nbformat.v4.new_output("execute_result", data=data, metadata=metadata)]


def prepare() -> None:
    """Load what the process loads that reports are forked from, once."""
    from kla_analysis.report import preload  # noqa: F401


def short_project(root: Path) -> Path:
    """Make a project whose only notebook is the first."""
    shutil.copytree(ROOT / "data", root / "data")
    (root / "notebooks").mkdir()
    shutil.copy(ROOT / "notebooks" / "07_mutu_data.ipynb", root / "notebooks")
    return root


def notebooks() -> list[Path]:
    """Return the notebooks of which a report is made."""
    from kla_analysis.report import build

    return [ROOT / "notebooks" / f"{Path(page).stem}.ipynb" for page in build._sources()]


@contextlib.contextmanager
def peak_of_all(pause: float) -> Iterator[Callable[[], float]]:
    """Watch what all processes below this one take together; shared memory counts once.

    Args:
        pause: seconds between two looks; each takes the machine 30 ms.
    """
    highest, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(pause):
            total = 0
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    total += process.memory_full_info().pss
            highest[0] = max(highest[0], total / 2**20)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda: highest[0]
    finally:
        over.set()
        thread.join()


def timed(command: list) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - began


def in_rounds(name: str, ratios: list[float]) -> None:
    each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"{name:41} {statistics.median(ratios):.2f}× (rounds: {each})")


def line(*cells: object) -> None:
    name, *values = (f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells)
    print(f"{name:32}" + "".join(f"{value:>16}" for value in values))


if __name__ == "__main__":
    if sys.argv[1:2] == ["country"]:
        country(int(sys.argv[2]) if len(sys.argv) > 2 else 514)
    else:
        main(areas=8, rival_areas=2, many=(10, 100))
