"""Documents: an executed notebook becomes a page that opens without internet and without script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from kla_analysis.language import current_language, number, t
from kla_analysis.presenting.wording import RECORD

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from kla_analysis.presenting.canvas import Chart

TEMPLATES = Path(__file__).parent / "templates"
#: A cell with this tag needs a hand on it: reports leave it out. One with the other tag is its static
#: twin, or explains it: the app leaves it out.
INTERACTIVE_TAG, REPORT_TAG = "interactive", "report"
INDEX = "index.html"
#: What changed since the last report, and the place of that page among the notebooks' chapters.
CHANGES, CHANGES_CHAPTER = "perubahan.html", 2
#: Rows and cells in the tables of our pages, for those who read them again.
ROW = re.compile(r"<tr>(.*?)</tr>", re.DOTALL)
CELL = re.compile(r"<t[hd]([^>]*)>(.*?)</t[hd]>", re.DOTALL)
_CAPTION = re.compile(r"<caption[^>]*>(.*?)(?: <strong|</caption>)", re.DOTALL)
_SHEET = re.compile(r'<section class="kla-sheet" id="(rapat-\w+)">\s*<h3>(.*?)</h3>(.*?)</section>', re.DOTALL)


@dataclass(frozen=True)
class Frame:
    """What every page of one report shares.

    Attributes:
        area, year: whose report it is.
        titles, short, leads: for each file its title, its name in the navigation, its first sentence.
        illustrative: what to say at the top when the numbers are not the area's own, else "".
        colophon: names and values at the foot: parameters, instrument, hashes, versions.
        stamp: when it was made; only pages have it, so that equal reports have equal documents.
        sheets: for the file of each meeting sheet its title; they stand beside the report, to be printed alone.
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
    sheets: Mapping[str, str] = field(default_factory=dict)
    lang: str = field(default_factory=current_language)

    def context(self, current: str) -> dict[str, Any]:
        """Return the values that the templates read, for one page."""
        return {
            **self.__dict__,
            "current": current,
            "title": self.titles[current] if current in self.titles else self.sheets[current],
            # What is printed alone is for those who have no time: on paper without the colophon.
            "kind": "kla-brief" if current == INDEX else "kla-alone" if current in self.sheets else "",
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
                "decide": t("Yang perlu diputuskan sekarang"),
                "twin": _twin_label(),
                "sheets": t("Lembar rapat koordinasi"),
                "sheets_lead": t("Satu berkas per klaster, paling banyak dua halaman A4: buka, lalu cetak."),
            },
        }


def notebook_page(notebook: NotebookNode, frame: Frame, file: str) -> str:
    """Turn an executed notebook into one HTML page: prose and results, no code, no script."""
    from nbconvert.exporters import TemplateExporter

    # Not HTMLExporter's own way, which parses the whole page again to add what our template has.
    results = "".join(output.get("data", {}).get("text/html", "") for output in _outputs([notebook]))
    resources = {"kla": frame.context(file), "tables": {plain(caption) for caption in _CAPTION.findall(results)}}
    page, _ = TemplateExporter.from_notebook_node(_exporter(), notebook, resources=resources)
    return page


def index_page(
    parts: Sequence[str],
    frame: Frame,
    *,
    figures: Sequence[tuple[str, str, str]] = (),
    decisions: Sequence[str] = (),
    downloads: Mapping[str, str] | None = None,
    left_out: Sequence[str] = (),
) -> str:
    """Make the first page of a report: the answer on one page of paper, then, on the screen, where to read on.

    Args:
        parts: pieces of HTML.
        figures: at the top: what each is, how much, what to know beside it.
        decisions: what is to be decided now.
        downloads: the documents beside the page, by file name, with what each is.
        left_out: why a document is not there, in words.
    """
    return templates().get_template("summary.html.j2").render(
        kla=frame.context(INDEX), parts=parts, figures=figures, decisions=decisions, downloads=downloads, left_out=left_out
    )  # fmt: skip


def part_page(parts: Sequence[str], frame: Frame, file: str) -> str:
    """Make a page of finished pieces of HTML under its title."""
    return templates().get_template("part.html.j2").render(kla=frame.context(file), parts=parts)


def meeting_sheets(page: str) -> dict[str, tuple[str, str]]:
    """Return the sheets of meetings that stand on a page: for the file of each its title and its content."""
    return {f"{name}.html": (title, body) for name, title, body in _SHEET.findall(page)}


def with_sheets(page: str, sheets: Iterable[str]) -> str:
    """Lead from every sheet on a page to the file with that sheet alone."""
    for file in sheets:
        mark = f'id="{Path(file).stem}">'
        link = f'<div class="kla-screen kla-print"><a href="{file}">{t("Cetak lembar ini saja")}</a></div>'
        page = page.replace(mark, f"{mark}\n{link}", 1)
    return page


def national_page(title: str, lead: str, remark: str, rows: list[dict[str, Any]], *, made: str) -> str:
    """Make the table of many reports: it can be searched without a server, and read without script."""
    words = {
        "search": t("Cari daerah, provinsi, atau predikat"),
        "found": t("baris"),
        "made": t("Dibuat {when} oleh kla_analysis.", when=made),
        "reports": t("Semua laporan"),
        "failed": t("Yang gagal"),
        "skip": t("Langsung ke isi"),
        "order": t("Menurut kode wilayah dan tahun"),
        "heads": [t("Daerah"), t("Kode"), t("Provinsi"), t("Tahun"), t("Target"), t("Predikat"), t("Nilai (poin)"),
                  t("Jarak ke target (poin)"), t("Status")],
    }  # fmt: skip
    failed = [row for row in rows if row["why"]]
    counts = {
        t("Laporan yang ada"): sum(bool(row["link"]) for row in rows),
        t("Gagal"): len(failed),
        t("Belum ada laporan"): sum(not row["link"] and not row["why"] for row in rows),
    }
    figures = [(name, number(count)) for name, count in counts.items()]
    # Not by the exporter, whose libraries take longer to load than all the rest of a run that changes nothing.
    loader = jinja2.FileSystemLoader(TEMPLATES / "report")
    template = jinja2.Environment(loader=loader, autoescape=True).get_template("national.html.j2")
    return template.render(
        title=title, lead=lead, remark=remark, rows=rows, failed=failed, figures=figures, words=words, css=css(),
        lang=current_language(), number=number,
    )  # fmt: skip


def chapter(notebook: NotebookNode) -> int:
    """Return a notebook's place in the report, from its metadata: 0 when it is none of its pages, the last without one."""
    return notebook.metadata.get("kla", {}).get("chapter", 99)


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


def said_once(notebook: NotebookNode) -> NotebookNode:
    """Return an executed notebook that says only once why something is not shown.

    A remark that stands on the page already is left out, and with it the heading and the prose of a section in which
    nothing else is.
    """
    sections: list[list[NotebookNode]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            sections.append([])
        sections[-1].append(cell)
    told: set[str] = set()
    page = notebook.copy()
    page.cells = []
    for section in sections:
        cells = [_without_told(cell, told) for cell in section]
        emptied = any(cell.get("outputs") for cell in section) and not any(cell.get("outputs") for cell in cells)
        page.cells += [cell for cell in cells if cell.cell_type != "markdown"] if emptied else cells
    return page


def _without_told(cell: NotebookNode, told: set[str]) -> NotebookNode:
    """Return a cell without the remarks that were told before it, and note its own."""
    if cell.cell_type != "code":
        return cell
    kept, outputs = cell.copy(), []
    for output in cell.outputs:
        remark = "".join(output.get("data", {}).get("text/html", ""))
        if not remark.startswith('<p class="kla-remark">'):
            outputs.append(output)
        elif remark not in told:
            told.add(remark)
            outputs.append(output)
    kept.outputs = outputs
    return kept


def picture(notebooks: Iterable[NotebookNode], alt: str) -> bytes | None:
    """Return the picture of that description from executed notebooks, which need not be drawn again."""
    import base64

    for output in _outputs(notebooks):
        if output.get("metadata", {}).get("image/png", {}).get("alt") == alt:
            return base64.b64decode(output.data["image/png"])
    return None


def record(notebooks: Iterable[NotebookNode]) -> dict[str, Any] | None:
    """Return the plain values that an executed notebook has left with its words; None where there are none."""
    for output in _outputs(notebooks):
        if RECORD in output.get("metadata", {}):
            return output.metadata[RECORD]
    return None


def _outputs(notebooks: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    for notebook in notebooks:
        for cell in notebook.cells:
            yield from cell.get("outputs", ())


def image(png: bytes, chart: Chart) -> str:
    """Return a chart that is drawn already as HTML, with its bytes inside and its table below."""
    import base64

    figure = templates().get_template("frame.html.j2").module.figure
    twin = chart.table._repr_html_() if chart.table is not None else ""
    return str(figure(base64.b64encode(png).decode(), chart.alt, twin, _twin_label()))


def _twin_label() -> str:
    return t("Angka di gambar ini sebagai tabel")


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
