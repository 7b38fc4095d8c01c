"""`make tree`: the tree of the project from the first sentence of every module, for the README and for docs/pohon.md."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
WHOLE = "docs/pohon.md"
#: What has no docstring of its own; what is not named here nobody looks for.
SAID = {
    "notebooks": "where analysis is seen and changed; papermill runs them for the report",
    "data": "instruments, sheets, published facts, catalogues, areas; described in data/README.md",
    "reports": "where reports are written; contoh/ is the sample, by `make sample`",
    "tests": "one folder a wing; benchmarks in tests/bench/",
    "docs": "the guides, their pictures, and the scripts behind both",
    "environment.yml": "the same environment for conda",
    "pyproject.toml": "packages, ranges, tools",
    "requirements.lock": "exact pins with hashes of what runs; what tests need beside it: requirements-dev.lock",
}


def about(path: Path) -> str:
    """Return what a file says of itself first: a module its docstring's first sentence, a notebook its heading."""
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        return re.split(r"\.(?:\s|$)", said.replace("\n", " "), maxsplit=1)[0]
    if path.suffix == ".ipynb":
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return (
            next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
            .splitlines()[0]
            .lstrip("# ")
        )
    return ""


def tracked() -> list[str]:
    """Return the files that git knows or would take up, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in set(listed.stdout.splitlines()) if (ROOT / name).is_file())


def short() -> str:
    """Return the tree for the README: what stands at the top, and the wings of the library."""
    lines = []
    for top in ("kla_analysis", *SAID):
        if top == "kla_analysis":
            lines.append(_line("kla_analysis/", about(ROOT / top / "__init__.py")))
            rooms = sorted(path for path in (ROOT / top).iterdir() if (path / "__init__.py").is_file())
            lines += [_line(f"  {room.name}/", about(room / "__init__.py")) for room in rooms]
        else:
            lines.append(_line(top + ("/" if (ROOT / top).is_dir() else ""), SAID[top]))
    return "\n".join(lines)


def whole() -> str:
    """Return the tree with every module and notebook, as the page docs/pohon.md."""
    lines = ["# Pohon proyek", "", "Dibuat oleh `make tree` dari kalimat pertama setiap berkas.", "", "```text"]
    folder = ""
    for name in tracked():
        path = Path(name)
        if path.suffix not in (".py", ".ipynb") or path.parts[0] not in ("kla_analysis", "notebooks"):
            continue
        if str(path.parent) != folder:
            folder = str(path.parent)
            lines.append(f"{folder}/")
        lines.append(_line(f"  {path.name}", about(ROOT / name)))
    return "\n".join([*lines, "```", ""])


def _line(name: str, said: str) -> str:
    return f"{name:<28}{said}".rstrip()


def main() -> None:
    """Write both trees."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    block = re.compile(r"(## The tree\n.*?```text\n).*?(```)", re.DOTALL)
    readme.write_text(block.sub(lambda found: found[1] + short() + "\n" + found[2], text), encoding="utf-8")
    (ROOT / WHOLE).write_text(whole(), encoding="utf-8")


if __name__ == "__main__":
    main()
