"""The house in numbers: lines, functions, notebooks, findings of the type checker, circles of imports.

Lines of code are those with something on them beside comments and docstrings. The complexity of a function is one and
one more for every branch, loop, condition, handler, comprehension and further operand of “and” or “or” in it, those of
the functions inside it too: stricter than McCabe's as ruff counts it. Run with `make measure`.
"""

from __future__ import annotations

import ast
import io
import json
import re
import statistics
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "kla_analysis"
#: No function of the library is longer (lines) or more complex than this.
LONGEST, MOST_COMPLEX = 60, 15
_BLANK = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_BRANCHES = (ast.If, ast.For, ast.While, ast.IfExp, ast.ExceptHandler, ast.AsyncFor, ast.comprehension)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Function:
    """A function of the library: where it is, how long, how complex."""

    file: str
    name: str
    lines: int
    complexity: int

    @property
    def place(self) -> str:
        """The file and the name, as lists of exceptions write it."""
        return f"{self.file}:{self.name}"


def functions(folder: Path = PACKAGE) -> Iterator[Function]:
    """Yield every function below a folder, inner ones too."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield Function(path.relative_to(ROOT).as_posix(), node.name, lines, complexity(node))


def complexity(node: ast.AST) -> int:
    """Return one and one more for everything in it that can go two ways."""
    inside = list(ast.walk(node))
    operands = sum(len(each.values) - 1 for each in inside if isinstance(each, ast.BoolOp))
    return 1 + operands + sum(isinstance(each, _BRANCHES) for each in inside)


def lines_of_code(text: str) -> int:
    """Return how many lines hold code: no blank ones, comments, docstrings."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _BLANK:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            lines -= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return len(lines)


def notebook_cells() -> list[int]:
    """Return the lines of every code cell of the notebooks."""
    cells = []
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                cells.append(len([line for line in "".join(cell["source"]).splitlines() if line.strip()]))
    return cells


def circles() -> list[str]:
    """Return the groups of modules that import each other, directly or by way of others."""
    import grimp

    graph = grimp.build_graph("kla_analysis")
    below = {name: graph.find_upstream_modules(name) for name in graph.modules}
    groups = {frozenset({name, *(other for other in below[name] if name in below[other])}) for name in graph.modules}
    return sorted(" ↔ ".join(sorted(group)) for group in groups if len(group) > 1)


def findings() -> int:
    """Return how many things mypy finds."""
    checked = [sys.executable, "-m", "mypy", "--no-error-summary"]
    said = subprocess.run(checked, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return len(re.findall(r"^\S+?:\d+: error:", said, re.MULTILINE))


def main() -> None:
    """Print it all."""
    by_wing: Counter[str] = Counter()
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).parts
        by_wing[parts[0] if len(parts) > 1 else "."] += lines_of_code(path.read_text(encoding="utf-8"))
    print(f"lines of code       {sum(by_wing.values()):,}")
    for wing, lines in by_wing.most_common():
        print(f"  {wing:<17} {lines:,}")
    found = list(functions())
    print(f"functions           {len(found):,}, median {statistics.median(one.lines for one in found):g} lines")
    for what, most, value in (
        ("longer than", LONGEST, lambda one: one.lines),
        ("more complex than", MOST_COMPLEX, lambda one: one.complexity),
    ):
        over = sorted((one for one in found if value(one) > most), key=value, reverse=True)
        print(f"  {what} {most}: {len(over)}")
        for one in over[:5]:
            print(f"    {value(one):>4}  {one.place}")
    skips = Counter(
        word
        for path in PACKAGE.rglob("*.py")
        for word in re.findall(r"# (fmt: skip|noqa|type: ignore)", path.read_text(encoding="utf-8"))
    )
    print("exceptions          " + ", ".join(f"{word} {skips[word]}" for word in ("fmt: skip", "noqa", "type: ignore")))
    cells = notebook_cells()
    print(f"notebook cells      {len(cells)} of code, median {statistics.median(cells):g} lines, longest {max(cells)}")
    print(f"mypy findings       {findings()}")
    rings = circles()
    print(f"circles of imports  {len(rings)}")
    for ring in rings:
        print(f"  {ring}")


if __name__ == "__main__":
    main()
