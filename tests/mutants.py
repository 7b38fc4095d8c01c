"""Mutants: small faults are put into the four lower wings, one at a time, and the tests of the wings must notice each.

`make mutants` draws them (COUNT, SEED), `ONLY=analysis/scoring` keeps to a part, `--again FILE` judges the survivors of an
earlier run again. Each fault is written into a copy of the project and judged there by a process of its own, forked from
this one (so that nothing heavy is imported twice), which runs the tests and examples of the wings, and the tests of what
is shown of them, that enter the changed function, the quickest first, until one fails. What no test notices is listed;
what nothing could notice stands with its reason in tests/survivors.txt and is counted apart.

Own code, since the libraries do not fit: mutmut 3 leaves out the methods of dataclasses, which most of ours are, and
cosmic-ray starts Python and its libraries anew for every fault.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

ROOT = Path(__file__).resolve().parent.parent
WINGS = ("instrument", "evidence", "analysis", "planning")
#: Tests of what is made of the wings, and of their data, which may notice a fault as well.
ABOVE = ("showing", "test_data.py", "test_adversary.py", "test_two_instruments.py")
KNOWN = ROOT / "tests" / "survivors.txt"
HEAVY = (
    "pandas",
    "scipy.optimize",
    "scipy.stats",
    "highspy",
    "pydantic",
    "matplotlib.pyplot",
    "hypothesis",
    "openpyxl",
    "SALib.analyze.sobol",
    "jinja2",
    "IPython",
)

#: Files are read in a process apart. In a copy of the project it begins with this, and writes the functions that it enters
#: into a file named after the process that asked it, as long as there is a folder for them.
ENTERED = "entered"
APART = f"""
import os, sys

here = os.path.dirname(__file__)
folder, package = os.path.join(here, "{ENTERED}"), os.path.join(here, "kla_analysis", "")
if os.path.isdir(folder) and "kla_analysis.evidence.intake.child" in sys.orig_argv:
    seen, said = set(), open(os.path.join(folder, str(os.getppid())), "a", buffering=1)

    def look(frame, event, _argument):
        code = frame.f_code
        if event == "call" and code not in seen:
            seen.add(code)
            if code.co_filename.startswith(package):
                said.write(code.co_filename[len(package) :] + " " + code.co_qualname.split(".<")[0] + "\\n")

    sys.setprofile(look)
"""

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES = {"min": "max", "any": "all", "minimum": "maximum", "idxmin": "idxmax", "cummin": "cummax", "floor": "ceil"}
NAMES |= {other: name for name, other in NAMES.items()}


@dataclass(frozen=True)
class Mutant:
    """One fault: the `at`-th of a module, in a function (empty: outside of any), and how it reads."""

    module: str
    at: int
    function: str
    line: int
    before: str
    after: str

    @property
    def name(self) -> str:
        return f"{self.module} {self.function or '-'}: {self.before} => {self.after}"


def faults(
    node: ast.AST, function: str = "", inside: bool = False, held_by: ast.AST | None = None
) -> Iterator[tuple[str, ast.AST, ast.AST, ast.AST]]:
    """Yield every fault below a node: the function, the node, what to put in its place, and the statement around it.

    Left alone is what no test should look at: annotations, decorators, words for people, `strict=` of zip, to how many
    decimals binary noise is rounded away.
    """
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        if not inside:
            function = f"{function}.{node.name}" if function else node.name
        inside = inside or isinstance(node, ast.FunctionDef)
        below = (
            [*node.args.defaults, *node.args.kw_defaults, *node.body]
            if isinstance(node, ast.FunctionDef)
            else node.body
        )
    elif isinstance(node, ast.AnnAssign):
        below = [node.value]
    elif (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("t", "cast")) or (
        isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
    ):
        return
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
        below = node.args[:1]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "round":
        below = [node.func]
    else:
        below = list(ast.iter_child_nodes(node))
    # Of a statement that holds others, only what is asked at its head.
    held_by = None if isinstance(getattr(node, "body", None), list) else held_by or node
    for change in changed(node):
        yield function, node, change, held_by or node
    for child in below:
        if child is not None and not (isinstance(child, ast.keyword) and child.arg == "strict"):
            yield from faults(child, function, inside, held_by)


def changed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node with one fault in it, for every fault that suits it."""
    again = copy.deepcopy(node)
    match again:
        case ast.Compare(ops=[one]) if type(one) in SWAPS:
            again.ops = [SWAPS[type(one)]()]
            yield again
        case ast.Compare(ops=[first, second]) if type(first) in SWAPS and type(second) in SWAPS:
            again.ops = [SWAPS[type(first)](), second]
            yield again
            again = copy.deepcopy(node)
            again.ops = [first, SWAPS[type(second)]()]
            yield again
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op) if type(op) in SWAPS:
            again.op = SWAPS[type(op)]()
            yield again
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)) if abs(value) <= 12:
            yield ast.Constant(value + 1)
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield ast.Return(ast.Constant(None))
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name], ast.Load())
        case ast.Attribute(attr=name) if name in NAMES:
            again.attr = NAMES[name]
            yield again


def mutants(module: str) -> Iterator[Mutant]:
    """Yield every mutant of a module (a path below the package)."""
    tree = ast.parse((ROOT / "kla_analysis" / module).read_text(encoding="utf-8"))
    for at, (function, node, change, around) in enumerate(faults(tree)):
        before = ast.unparse(around)
        if around is node:
            after = ast.unparse(change)
        else:
            exchange(around, node, change)
            after = ast.unparse(around)
            exchange(around, change, node)
        first = max(next((k for k, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0) - 40, 0)
        before, after = (" ".join(text[first : first + 120].split()) for text in (before, after))
        yield Mutant(module, at, function, node.lineno, before, after)


def mutated(module: str, at: int) -> str:
    """Return the source of a module with its `at`-th fault."""
    tree = ast.parse((ROOT / "kla_analysis" / module).read_text(encoding="utf-8"))
    _, node, change, _ = list(faults(tree))[at]
    exchange(tree, node, change)
    return ast.unparse(ast.fix_missing_locations(tree))


def exchange(tree: ast.AST, node: ast.AST, other: ast.AST) -> None:
    """Put another node in the place of one."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, field, other)
            elif isinstance(value, list):
                value[:] = [other if each is node else each for each in value]


class Recorder:
    """A plugin of pytest: which functions of the wings each test enters, and how long it takes (CPU seconds).

    Each test runs in a fork of its own, two at a time, so that nothing a test before it has made, remembered or set up
    hides what it would enter alone.
    """

    def __init__(self, package: Path, folder: Path, jobs: int) -> None:
        self.package, self.folder, self.jobs = f"{package}{os.sep}", folder, jobs
        self.running = 0

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        session.config._tmp_path_factory.getbasetemp()  # made once: whoever makes it empties it

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool:
        if self.running == self.jobs:
            os.wait()
            self.running -= 1
        forked(lambda: self.look_at(item))
        self.running += 1
        return True

    def pytest_sessionfinish(self) -> None:
        for _ in range(self.running):
            os.wait()

    def look_at(self, item: pytest.Item) -> int:
        """Run one test and write what it entered; for a process that does nothing else."""
        seen: set = set()

        def look(frame, event, _argument):
            if event == "call":
                seen.add(frame.f_code)

        start = time.process_time()
        sys.setprofile(look)
        failed = any(each.failed for each in runtestprotocol(item, log=False))
        sys.setprofile(None)
        entered = {
            f"{code.co_filename[len(self.package) :]} {code.co_qualname.split('.<')[0]}"
            for code in seen
            if code.co_filename.startswith(self.package)
        }
        with contextlib.suppress(FileNotFoundError):
            entered |= set((self.folder.parent / ENTERED / str(os.getpid())).read_text().splitlines())
        said = [item.nodeid, time.process_time() - start, failed, sorted(entered)]
        (self.folder / f"{os.getpid()}.json").write_text(json.dumps(said))
        return 0


def run_tests(tree: Path, tests: list[str], *plugins: object) -> int:
    """Run tests inside a copy of the project; for a process that does nothing else."""
    os.chdir(tree)
    os.environ |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "KLA_LANG": ""}
    sys.dont_write_bytecode = True
    sys.path[:] = [str(tree), *(path for path in sys.path if Path(path or ".").resolve() not in (ROOT, ROOT / "tests"))]
    with open(tree / "said.txt", "w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    return int(
        pytest.main(
            [
                "-x" if not plugins else "-q",
                "-q",
                "-p",
                "no:cacheprovider",
                "--doctest-modules",
                f"--basetemp={tree}/tmp",
                *tests,
            ],
            plugins=list(plugins),
        )
    )


def forked(work) -> int:
    """Run something in a fork that leads a session of its own; return its process id."""
    process = os.fork()
    if process:
        return process
    code = 3
    try:
        os.setsid()
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def copied(to: Path) -> Path:
    """Copy what tests need of the project."""
    for name in ("kla_analysis", "data", "tests", "notebooks", "docs", "reports/contoh"):
        shutil.copytree(ROOT / name, to / name)
    for name in ("pyproject.toml", "README.md", "Makefile", "environment.yml", "requirements.lock"):
        shutil.copy(ROOT / name, to / name)
    (to / "sitecustomize.py").write_text(APART)
    return to


def record(tree: Path, wings: list[str], jobs: int) -> tuple[dict[str, list[str]], dict[str, float]]:
    """Run all tests of some wings once as they are, and return which test enters what and takes how long."""
    answers = tree / "answers"
    answers.mkdir()
    (tree / ENTERED).mkdir()

    def work() -> int:
        recorder = Recorder(tree / "kla_analysis", answers, jobs)
        places = [f"{top}/{wing}" for wing in wings for top in ("tests", "kla_analysis")]
        # What is shown of a wing tells of its faults, too.
        places += [f"tests/{name}" for name in ABOVE]
        return run_tests(tree, places, recorder)

    os.waitpid(forked(work), 0)
    shutil.rmtree(tree / ENTERED)
    entered: dict[str, list[str]] = defaultdict(list)
    seconds = {}
    for answer in answers.iterdir():
        test, seconds[test], failed, functions = json.loads(answer.read_text())
        if failed:  # what fails already tells nothing of a fault
            print(f"fails without any fault: {test}", flush=True)
        for function in [] if failed else functions:
            entered[function].append(test)
    if not entered:
        raise SystemExit((tree / "said.txt").read_text()[-3000:])
    return entered, seconds


def judge(mutant: Mutant, tree: Path, tests: list[str], seconds: float) -> int:
    """Start the process that runs tests on a mutant; its exit code is that of pytest, 0 where none fails."""

    def work() -> int:
        (tree / "kla_analysis" / mutant.module).write_text(mutated(mutant.module, mutant.at), encoding="utf-8")
        for stale in (tree / "kla_analysis" / mutant.module).parent.glob(f"__pycache__/{Path(mutant.module).stem}.*"):
            stale.unlink()
        # What takes far longer than it should runs for ever: CPU time, so that a busy machine changes nothing.
        limit = int(3 * seconds + 30)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        signal.alarm(30 * limit)
        return run_tests(tree, tests)

    return forked(work)


def main() -> None:
    """Draw mutants, judge them, and list the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="what the name of a mutant must hold, such as analysis/scoring")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--most",
        type=float,
        default=400.0,
        help="CPU seconds of tests for one mutant, at most, as recorded: together they take a third of it",
    )
    parser.add_argument("--again", type=Path, help="what an earlier run said: only its survivors are judged")
    asked = parser.parse_args()
    modules = sorted(
        path.relative_to(ROOT / "kla_analysis").as_posix()
        for wing in WINGS
        for path in (ROOT / "kla_analysis" / wing).rglob("*.py")
    )
    every = [mutant for module in modules for mutant in mutants(module) if asked.only in mutant.name]
    if asked.again:
        names = set(re.findall(r"^survived: (.*)$", asked.again.read_text(encoding="utf-8"), re.MULTILINE))
        every = [mutant for mutant in every if mutant.name in names]
    drawn = random.Random(asked.seed).sample(every, min(asked.count, len(every)))
    known = {
        line.partition(" # ")[0].strip(): line.partition(" # ")[2].strip()
        for line in KNOWN.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    for name in HEAVY:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        free = [copied(Path(folder) / f"copy{at}") for at in range(asked.jobs)]
        entered, seconds = record(
            free[0], [wing for wing in WINGS if asked.only.startswith(wing)] or list(WINGS), asked.jobs
        )
        print(
            f"{len(seconds)} tests in {sum(seconds.values()):.0f} CPU s; {len(drawn)} of {len(every)} mutants",
            flush=True,
        )
        results = judged(drawn, free, entered, seconds, asked.most, known)
    report(results, known)


def judged(
    drawn: list[Mutant], free: list[Path], entered: dict, seconds: dict, most: float, known: dict
) -> dict[Mutant, str]:
    """Judge all mutants, as many at a time as there are copies: `killed`, `time` or `survived`."""
    running: dict[int, tuple[Mutant, Path]] = {}
    results: dict[Mutant, str] = {}
    waiting = list(drawn)
    while waiting or running:
        if waiting and free:
            mutant, tree = waiting.pop(), free.pop()
            tests = tests_for(mutant, entered, seconds, most)
            if not tests or mutant.name in known:
                results[mutant] = "known" if mutant.name in known else "survived"
                free.append(tree)
                continue
            running[judge(mutant, tree, tests, sum(seconds[test] for test in tests))] = mutant, tree
            continue
        process, status = os.wait()
        mutant, tree = running.pop(process)
        with contextlib.suppress(ProcessLookupError):  # whatever the tests left running
            os.killpg(process, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(status)
        results[mutant] = "survived" if code == 0 else "time" if code < 0 else "killed"
        print(f"{len(results):4} {results[mutant]:9} {mutant.name} (line {mutant.line})", flush=True)
        shutil.copy(ROOT / "kla_analysis" / mutant.module, tree / "kla_analysis" / mutant.module)
        shutil.rmtree(tree / "tmp", ignore_errors=True)
        free.append(tree)
    return results


def tests_for(mutant: Mutant, entered: dict, seconds: dict, most: float) -> list[str]:
    """Return the tests that enter the function of a mutant (or its module), the quickest first, within a time."""
    if mutant.function:
        found = set(entered.get(f"{mutant.module} {mutant.function}", ()))
    else:
        found = {test for key, tests in entered.items() if key.startswith(f"{mutant.module} ") for test in tests}
    chosen, spent = [], 0.0
    for test in sorted(found, key=lambda test: (seconds[test], test)):
        spent += seconds[test]
        if spent > most and chosen:
            break
        chosen.append(test)
    return chosen


def report(results: dict[Mutant, str], known: dict[str, str]) -> None:
    """Say how many were noticed, wing by wing, and which were not."""
    print()
    for wing in WINGS:
        counts = Counter(result for mutant, result in results.items() if mutant.module.startswith(wing))
        print(f"{wing:11} {dict(counts)}")
    for mutant, result in sorted(results.items(), key=lambda each: each[0].name):
        if result == "survived":
            print(f"survived: {mutant.name}")
    judged_ = [result for result in results.values() if result != "known"]
    noticed = sum(result != "survived" for result in judged_)
    print(
        f"{noticed} of {len(judged_)} noticed ({noticed / max(1, len(judged_)):.1%}); {len(results) - len(judged_)} known"
    )


if __name__ == "__main__":
    main()
