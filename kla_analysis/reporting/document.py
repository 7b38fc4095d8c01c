"""Documents: an executed notebook becomes a page that opens without internet and without script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from kla_analysis.language import current_language, number, t

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).parent / "templates"
#: A cell with this tag needs a hand on it: reports leave it out. One with the other tag is its static
#: twin, or explains it: the app leaves it out.
INTERACTIVE_TAG, REPORT_TAG = "interactive", "report"
INDEX = "index.html"
#: Rows and cells in the tables of our pages, for those who read them again.
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd]([^>]*)>(.*?)</t[hd]>", re.DOTALL)


@dataclass(frozen=True)
class Frame:
    """What every page of one report shares.

    Attributes:
        area, year: whose report it is.
        titles, short, leads: for each file its title, its name in the navigation, its first sentence.
        illustrative: what to say at the top when the numbers are not the area's own, else "".
        colophon: names and values at the foot: parameters, instrument, hashes, versions.
        stamp: when it was made; only pages have it, so that equal reports have equal documents.
    """

    area: str
    year: int
    titles: Mapping[str, str]
    short: Mapping[str, str]
    leads: Mapping[str, str]
    illustrative: str
    colophon: Mapping[str, str]
    version: str
    stamp: str = ""
    lang: str = field(default_factory=current_language)

    def context(self, current: str) -> dict[str, Any]:
        """Return the values that the templates read, for one page."""
        return {
            **self.__dict__,
            "current": current,
            "css": css(),
            "words": {
                "skip": t("Langsung ke isi"),
                "nav": t("Bagian laporan"),
                "round": t("putaran {year}", year=self.year),
                "badge": t("ILUSTRATIF"),
                "picture": t("Gambar dari notebook, tanpa keterangan"),
                "colophon": t("Keterangan laporan"),
                "stamp": t("Waktu"),
                "contents": t("Isi laporan"),
                "downloads": t("Laporan ini sebagai berkas"),
            },
        }


def notebook_page(notebook: NotebookNode, frame: Frame, file: str) -> str:
    """Turn an executed notebook into one HTML page: prose and results, no code, no script."""
    from nbconvert.exporters import TemplateExporter

    # Not HTMLExporter's own way, which parses the whole page again to add what our template has.
    resources = {"kla": frame.context(file)}
    page, _ = TemplateExporter.from_notebook_node(_exporter(), notebook, resources=resources)
    return page


def index_page(
    parts: Sequence[str], frame: Frame, *, downloads: Mapping[str, str] | None = None, left_out: Sequence[str] = ()
) -> str:
    """Make the first page of a report from pieces of HTML: the answer, then where to read on.

    Args:
        downloads: the documents beside the page, by file name, with what each is.
        left_out: why a document is not there, in words.
    """
    template = templates().get_template("summary.html.j2")
    return template.render(kla=frame.context(INDEX), parts=parts, downloads=downloads, left_out=left_out)


def national_page(title: str, lead: str, remark: str, rows: list[dict[str, Any]], *, made: str) -> str:
    """Make the table of many reports: it can be searched without a server, and read without script."""
    words = {
        "search": t("Cari daerah, provinsi, atau predikat"),
        "found": t("baris"),
        "made": t("Dibuat {when} oleh kla_analysis.", when=made),
        "reports": t("Semua laporan"),
        "failed": t("Yang gagal"),
        "heads": [t("Kode"), t("Daerah"), t("Provinsi"), t("Tahun"), t("Target"), t("Predikat"), t("Nilai (poin)"),
                  t("Jarak ke target (poin)"), t("Status")],
    }  # fmt: skip
    # Not by the exporter, whose libraries take longer to load than all the rest of a run that changes nothing.
    loader = jinja2.FileSystemLoader(TEMPLATES / "report")
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("national.html.j2")
    return template.render(
        title=title, lead=lead, remark=remark, rows=rows, words=words, css=css(), lang=current_language(), span=_span,
        number=number,
    )  # fmt: skip


def _span(low: float | None, high: float | None) -> str:
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def title_and_lead(notebook: NotebookNode) -> tuple[str, str]:
    """Return a notebook's heading and the first sentence under it, as plain text."""
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    lines = [line.strip() for line in first.splitlines() if line.strip()]
    title = lines[0].lstrip("# ").strip()
    lead = re.sub(r"[*_`]|\[([^]]*)\]\([^)]*\)", r"\1", " ".join(lines[1:]))
    return title, re.split(r"(?<=[.?!])\s", lead)[0]


def plain(markup: str) -> str:
    """Return the text of a piece of one of our pages."""
    return unescape(re.sub(r"<[^>]+>", "", markup)).strip()


def title_of(frame: Frame) -> str:
    """Return the title of the whole report."""
    about = frame.titles[INDEX].split(": ", 1)[-1]
    return t("Laporan KLA {about} ({year})", about=about, year=frame.year)


def unattended(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without the cells that need a hand on them."""
    return _without(notebook, INTERACTIVE_TAG)


def attended(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without the cells that belong to the report only."""
    return _without(notebook, REPORT_TAG)


def _without(notebook: NotebookNode, tag: str) -> NotebookNode:
    kept = notebook.copy()
    kept.cells = [cell for cell in notebook.cells if tag not in cell.metadata.get("tags", ())]
    return kept


def picture(notebooks: Iterable[NotebookNode], alt: str) -> bytes | None:
    """Return the picture of that description from executed notebooks, which need not be drawn again."""
    import base64

    for notebook in notebooks:
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                if output.get("metadata", {}).get("image/png", {}).get("alt") == alt:
                    return base64.b64decode(output.data["image/png"])
    return None


def image(png: bytes, alt: str) -> str:
    """Return a picture as HTML with its bytes inside."""
    import base64
    from html import escape

    data = base64.b64encode(png).decode()
    return f'<figure><img src="data:image/png;base64,{data}" alt="{escape(alt)}"></figure>'


@lru_cache(maxsize=1)
def css() -> str:
    """Return the style sheet of all pages."""
    return (TEMPLATES / "report" / "report.css").read_text(encoding="utf-8")


def templates() -> jinja2.Environment:
    """Return where the templates of a report are found."""
    return _exporter().environment


@lru_cache(maxsize=1)
def _exporter() -> Any:
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    # Pieces of printed text may arrive in any number; all else that runs by default is for other formats.
    coalesce = "nbconvert.preprocessors.CoalesceStreamsPreprocessor"
    config = Config(HTMLExporter={"default_preprocessors": [coalesce]})
    exporter = HTMLExporter(config=config, template_name="report", extra_template_basedirs=[str(TEMPLATES)])
    exporter.exclude_anchor_links = True
    return exporter
