"""Pages: what an executed notebook shows, as an ordered list of blocks from which every document is made.

A block is a record (`showing.records`) or one of these: `prose` (`markdown`, a cell of words), `plain` (`text`; `html`
where a library has brought its own), `error` (`text`); on the first page `key_figures` (`figures`: what each is, how much,
what to know beside it) and `beside` (`words`, blocks that stand beside one `figure` where there is room). A figure holds
its picture as `png`, in base64; `above` is a heading over a block; `slide` marks what stands on a slide, too;
for a phone there is `narrow`, the same picture drawn for its width.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from kla_analysis.language import t
from kla_analysis.showing.figure import Chart
from kla_analysis.showing.records import BLOCK_TYPE, TABLE_TYPE, Record, Shown

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: What a cell with this tag shows stands on a slide, too.
SLIDE_TAG = "slide"


def cells(notebook: NotebookNode) -> list[list[Record]]:
    """Return the blocks of an executed notebook, cell by cell; a cell that shows nothing is left out."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found.append([{"kind": "prose", "markdown": cell.source}])
        elif cell.cell_type == "code":
            marked = {"slide": True} if SLIDE_TAG in cell.metadata.get("tags", ()) else {}
            found.append([block | marked for output in cell.outputs if (block := _block(output)) is not None])
    return _said_once(found)


def blocks(notebook: NotebookNode) -> list[Record]:
    """Return the blocks of an executed notebook in the order of reading."""
    return [block for cell in cells(notebook) for block in cell]


def _said_once(found: list[list[Record]]) -> list[list[Record]]:
    """Return cells that say only once why something is not shown.

    A remark that stands on the page already is left out, as is a text without a word, and with them the heading and the
    prose of a section in which nothing else is.
    """
    sections: list[list[list[Record]]] = [[]]
    for cell in found:
        if cell and cell[0]["kind"] == "prose" and cell[0]["markdown"].startswith("#"):
            sections.append([])
        sections[-1].append(cell)
    told: list[Record] = []
    kept = []
    for section in sections:
        left = [[block for block in cell if not _told(block, told)] for cell in section]
        if _shows(left) or not _shows(section):
            kept += [cell for cell in left if cell]
    return kept


def _told(block: Record, told: list[Record]) -> bool:
    """Return whether a block says nothing, or is a remark that was made before; if it was not, note it."""
    if block["kind"] != "text" or block["heading"]:
        return False
    if not block["paragraphs"]:
        return True
    if block["style"] != "remark":
        return False
    if block in told:
        return True
    told.append(block)
    return False


def _shows(section: list[list[Record]]) -> bool:
    return any(block["kind"] != "prose" for cell in section for block in cell)


def _block(output: NotebookNode) -> Record | None:
    if output.output_type == "error":
        return {"kind": "error", "text": f"{output.ename}: {output.evalue}"}
    if output.output_type == "stream":
        return {"kind": "plain", "text": output.text} if output.name == "stdout" else None
    data = output.data
    record = data.get(TABLE_TYPE) or data.get(BLOCK_TYPE)
    if "image/png" in data:
        about = output.metadata.get("image/png", {})
        other = {
            "kind": "figure",
            "id": "",
            "title": "",
            "source": "",
            "table": None,
            "alt": about.get("alt", t("Gambar dari notebook, tanpa keterangan")),
        }
        return {**(record or other), "png": data["image/png"]}
    # Tables of other libraries have the values alone.
    if record is not None and "kind" in record:
        return record
    return {"kind": "plain", "text": data.get("text/plain", ""), "html": data.get("text/html", "")}


def drawn(shown: Shown, found: Iterable[Record]) -> Record:
    """Return the block of what is shown; that of a chart with its picture, from where it is drawn already, if it is."""
    record = shown.record()
    if not isinstance(shown, Chart):
        return record
    same = (block for block in found if block["kind"] == "figure" and block["id"] == record["id"])
    return next(same, None) or {**record, "png": base64.b64encode(shown.png()).decode()}


def values(found: Iterable[Record]) -> dict[str, Any] | None:
    """Return the plain values that a notebook has left with its words; None where there are none."""
    return next((block["values"] for block in found if "values" in block), None)


def sheets(found: Iterable[Record]) -> Iterator[Record]:
    """Yield the meeting sheets among blocks."""
    for block in found:
        if block["kind"] == "sheet":
            yield block
        elif block["kind"] == "several":
            yield from sheets(block["blocks"])


def alone(sheet: Record) -> Record:
    """Return a meeting's sheet as it stands on a page of its own, whose title says its heading."""
    first, *rest = sheet["blocks"]
    return {"kind": "several", "blocks": [{**first, "heading": ""}, *rest]}
