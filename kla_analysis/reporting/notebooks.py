"""The notebooks in the reader's language: one file each, whose prose is translated when it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat

from kla_analysis.errors import OutputError, ParameterError
from kla_analysis.language import current_language, t
from kla_analysis.project import find_project

if TYPE_CHECKING:
    from nbformat import NotebookNode

_PARAMETERS_TAG = "parameters"
#: Between two texts of markdown: a blank line, or the line end before a list item.
_BETWEEN = re.compile(r"(\n\s*\n|\n(?=[-*] |\d+\. ))")
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
    return notebook


def texts(path: Path) -> list[str]:
    """Return what is translated of a notebook: its name, headings, paragraphs, list items and comments of parameters."""
    notebook = nbformat.read(path, as_version=4)
    name = notebook.metadata.get("kla", {}).get("short", "")
    return [*filter(None, [name]), *(text for cell in notebook.cells for text, is_text in _pieces(cell) if is_text)]


def write_copy(folder: Path) -> list[Path]:
    """Write a working copy of the notebooks in the language in force, to explore and to change.

    Returns:
        The files that were written.

    Raises:
        ParameterError: the folder holds files already; OutputError: it can not be written.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ParameterError(t("Folder {path} tidak kosong.", path=folder), advice=t("Pilih folder yang baru."))
        for path in find_project().report_notebooks():
            notebook = parameterize_notebook(
                translated(load_notebook_node(str(path))),
                {"lang": current_language()},
                comment=t("Bahasa salinan ini."),
            )
            notebook.metadata.pop("papermill", None)
            nbformat.write(notebook, folder / path.name)
            written.append(folder / path.name)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder, why=error.strerror or error),
            advice=t("Pilih folder lain."),
        ) from error
    return written


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
