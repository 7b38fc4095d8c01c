"""The notebooks in the reader's language: one file each, whose prose is translated when it is read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from kla_analysis.errors import OutputError, ParameterError
from kla_analysis.files import why_not
from kla_analysis.language import current_language, t
from kla_analysis.project import find_project

if TYPE_CHECKING:
    from nbformat import NotebookNode


_PARAMETERS_TAG = "parameters"
#: Between two texts of markdown: a blank line, or the line end before a list item.
_BETWEEN = re.compile(r"(\n\s*\n|\n(?=[-*] |\d+\. ))")
#: In the folder of a working copy: the hash of what was written there, by name.
_WRITTEN = ".ditulis.json"
#: The fingerprints of the notebooks as they are shipped.
_SHIPPED = Path(__file__).with_name("notebooks.json")
_COMMENT = re.compile(r"(?<=# ).+$", re.MULTILINE)


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook in the language in force."""
    return translated(nbformat.read(path, as_version=4))


def translated(notebook: NotebookNode) -> NotebookNode:
    """Put a notebook's prose and the comments of its parameters into the language in force; return the same notebook."""
    for cell in notebook.cells:
        cell.source = "".join(t(text) if is_text else text for text, is_text in list(_pieces(cell)))
    said = notebook.metadata.get("kla", {})
    if "short" in said:
        said["short"] = t(said["short"])
    if "questions" in said:
        said["questions"] = {t(question): t(heading) for question, heading in said["questions"].items()}
    return notebook


def texts(path: Path) -> list[str]:
    """Return what is translated of a notebook: its name, the questions that it answers, its prose, comments of parameters."""
    notebook = nbformat.read(path, as_version=4)
    about = notebook.metadata.get("kla", {})
    names = [about.get("short", ""), *about.get("questions", ())]
    return [*filter(None, names), *(text for cell in notebook.cells for text, is_text in _pieces(cell) if is_text)]


def write_copy(folder: Path) -> list[Path]:
    """Write a working copy of the notebooks in the language in force, to explore and to change.

    Returns:
        The files that were written.

    Raises:
        ParameterError: the folder holds files already; OutputError: it can not be written.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ParameterError(t("Folder {path} tidak kosong.", path=folder), advice=t("Pilih folder yang baru."))
        for path in find_project().working_notebooks():
            nbformat.write(_copy(path), folder / path.name)
    return [folder / path.name for path in find_project().working_notebooks()]


def keep_copy(folder: Path) -> list[Path]:
    """Keep a working copy up to date: what is missing is written, what nobody has changed is renewed.

    A notebook that differs from what was written last, be it only by results that were saved, is the reader's and
    stays as it is.

    Returns:
        The notebooks that differ from what they would be if they were written today: the reader's own.

    Raises:
        OutputError: the folder can not be written.
    """
    own = []
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        record = folder / _WRITTEN
        written = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
        for path in find_project().working_notebooks():
            text, target = nbformat.writes(_copy(path)) + "\n", folder / path.name
            there = target.read_text(encoding="utf-8") if target.is_file() else None
            if there is not None and _hash(there) != written.get(path.name):
                own += [target] if there != text else []
                continue
            target.write_text(text, encoding="utf-8")
            written[path.name] = _hash(text)
        record.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    return own


def working_copy() -> Path:
    """Return the folder of the working copy: beside the reports, where it survives an update of the program."""
    return find_project().reports.parent / "notebook-kerja"


def changed_here() -> list[str]:
    """Return the names of the report's notebooks that are not as they were shipped: changed, or added.

    What counts is what they say and do; results that were saved with them do not.
    """
    shipped = json.loads(_SHIPPED.read_text(encoding="utf-8"))
    return [path.name for path in find_project().report_notebooks() if fingerprint(path) != shipped.get(path.name)]


def fingerprint(path: Path) -> str:
    """Return the hash of what a notebook says and does: its cells and their tags."""
    cells = nbformat.read(path, as_version=4).cells
    said = [(cell.cell_type, cell.source, sorted(cell.metadata.get("tags", ()))) for cell in cells]
    return _hash(json.dumps(said, ensure_ascii=False))


def record_shipped() -> None:
    """Write down how the notebooks are shipped: `make notebooks`, after they were changed in the project itself."""
    found = {path.name: fingerprint(path) for path in find_project().report_notebooks()}
    _SHIPPED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _copy(path: Path) -> NotebookNode:
    """Return a notebook in the language in force, that language among its parameters."""
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    notebook = translated(load_notebook_node(str(path)))
    if any(_PARAMETERS_TAG in cell.metadata.get("tags", ()) for cell in notebook.cells):
        notebook = parameterize_notebook(notebook, {"lang": current_language()}, comment=t("Bahasa salinan ini."))
    notebook.metadata.pop("papermill", None)
    for at, cell in enumerate(notebook.cells):
        cell["id"] = str(at)  # papermill draws one, and equal copies are to be equal files
    return notebook


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say in words why a folder can not be written."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder, why=why_not(error)),
            advice=t("Pilih folder lain."),
        ) from error


def _pieces(cell: NotebookNode) -> Iterator[tuple[str, bool]]:
    """Cut a cell into what is translated and what is kept; joined, they are the cell again."""
    if cell.cell_type == "markdown":
        for at, block in enumerate(_BETWEEN.split(cell.source)):
            yield block, at % 2 == 0 and bool(block)
    elif _PARAMETERS_TAG in cell.metadata.get("tags", ()):
        end = 0
        for found in _COMMENT.finditer(cell.source):
            yield cell.source[end : found.start()], False
            yield found[0], True
            end = found.end()
        yield cell.source[end:], False
    else:
        yield cell.source, False


if __name__ == "__main__":
    record_shipped()
