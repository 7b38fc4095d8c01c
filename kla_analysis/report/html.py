"""Documents: an executed notebook becomes a page that opens without internet; script is a help there, never needed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from kla_analysis.language import LANGUAGE_NAMES, current_language, number, t
from kla_analysis.report import pages
from kla_analysis.showing import records
from kla_analysis.showing.records import Record

if TYPE_CHECKING:
    from nbformat import NotebookNode


TEMPLATES = Path(__file__).parent / "templates"
#: A cell with this tag needs a hand on it: reports leave it out. One with the other tag is its static
#: twin, or explains it: the app leaves it out.
INTERACTIVE_TAG, REPORT_TAG = "interactive", "report"
INDEX = "index.html"
#: The page on which abbreviations are explained.
GLOSSARY = "08_metode.html"
#: All questions of the instrument; not for paper, which has those that matter.
QUESTIONS = "pertanyaan.html"
#: What changed since the last report, and the place of that page among the notebooks' chapters.
CHANGES, CHANGES_CHAPTER = "perubahan.html", 2


@dataclass(frozen=True)
class Frame:
    """What every page of one report shares.

    Attributes:
        area, year: whose report it is; `about` says what the area aims for.
        titles, short: for each file its title, and its name in the navigation.
        leads: what to say of a file beside its name.
        illustrative: what to say at the top when the numbers are not the area's own, else "".
        colophon: names and values at the foot: parameters, instrument, hashes, versions.
        stamp: when it was made, which only pages say to the minute; `made` is the day, which stands on paper too.
        questions: for each file the questions that it answers, with the anchor of the section that does.
        terms: what abbreviations stand for, where the report has a glossary.
        sheets: for the file of each meeting sheet its title; they stand beside the report, to be printed alone.
        translation: language and folder of this report in another language, whose files are called alike.
    """

    area: str
    year: int
    titles: Mapping[str, str]
    short: Mapping[str, str]
    illustrative: str
    colophon: Mapping[str, str]
    version: str
    stamp: str = ""
    about: str = ""
    made: datetime.date | None = None
    leads: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    sheets: Mapping[str, str] = field(default_factory=dict)
    translation: str = ""
    lang: str = field(default_factory=current_language)

    def marks(self, current: str) -> records.Terms:
        """Return what links the abbreviations of one page, each where it is used first, to the glossary."""
        return records.Terms(self.terms if current != GLOSSARY else {}, GLOSSARY)

    def context(self, current: str) -> dict[str, Any]:
        """Return the values that the templates read, for one page."""
        tongue, _, beside = self.translation.partition(":")
        return {
            **self.__dict__,
            "current": current,
            "translated": {"lang": tongue, "name": LANGUAGE_NAMES[tongue], "folder": beside} if beside else None,
            "title": self.titles[current] if current in self.titles else self.sheets[current],
            # What is printed alone is for those who have no time: on paper without the colophon.
            "kind": "kla-brief" if current == INDEX else "kla-alone" if current in self.sheets else "",
            "css": css(),
            "words": {
                "skip": t("Langsung ke isi"),
                "nav": t("Bagian laporan"),
                "here": t("Di halaman ini"),
                "round": t("putaran {year}", year=self.year),
                "badge": t("ILUSTRATIF"),
                "colophon": t("Keterangan laporan"),
                "stamp": t("Waktu"),
                "contents": t("Cari jawabannya di sini"),
                "downloads": t("Laporan ini sebagai berkas"),
                "sheets": t("Siapa yang harus hadir dalam rapat, dan apa yang dibahas?"),
                "sheets_lead": t("Satu lembar per klaster, paling banyak dua halaman A4: buka, lalu cetak."),
            },
        }


def notebook_page(notebook: NotebookNode, frame: Frame, file: str) -> str:
    """Turn an executed notebook into one HTML page: prose and results, no code."""
    # Not the exporter's own way, which parses the whole page again to add what our template has.
    found = _with_headings(pages.cells(notebook))
    shown = [block for cell in found for block in cell]
    parts = [(block["id"], block["title"]) for block in shown if block.get("level") == 2]
    return (
        templates()
        .get_template("index.html.j2")
        .render(
            kla=frame.context(file),
            cells=found,
            parts=parts,
            script=script() if any("what_if" in block for block in shown) else "",
            html=partial(html, shown=shown, mark=frame.marks(file)),
        )
    )


def _with_headings(found: list[list[Record]]) -> list[list[Record]]:
    """Return cells where the heading at the top of a prose has a place of its own: `level`, `title`, `id`.

    The `id` is made from the words, so a link to a part of a page holds as long as its heading is called so.
    """
    used = {"isi": 1}

    def split(block: Record) -> Record:
        level, title, rest = _heading(block.get("markdown", ""))
        if block["kind"] != "prose" or not level:
            return block
        name = slug(title)
        used[name] = used.get(name, 0) + 1
        again = f"-{used[name]}" if used[name] > 1 else ""
        return {**block, "markdown": rest.strip(), "level": level, "title": title, "id": name + again}

    return [[split(block) for block in cell] for cell in found]


def _heading(markdown: str) -> tuple[int, str, str]:
    """Return the level of the heading at the top of a prose, its words, and the rest; level 0 where there is none."""
    head, _, rest = markdown.strip().partition("\n")
    marks = re.match(r"(#{1,6})\s+(.*)", head)
    return (len(marks[1]), _plain(marks[2].strip(" #")), rest) if marks else (0, "", markdown)


def answered(asked: Mapping[str, str], shown: Sequence[Record]) -> dict[str, str]:
    """Return the questions whose section stands on a page, each with the anchor of it.

    Args:
        asked: for each question the heading of the section that answers it.
        shown: the blocks of the page.
    """
    there = {_heading(block["markdown"])[1] for block in shown if block["kind"] == "prose"}
    found = {question: _heading(heading)[1] for question, heading in asked.items()}
    return {question: slug(title) for question, title in found.items() if title in there}


def slug(title: str) -> str:
    """Return the words of a heading as an anchor.

    >>> slug("Siapa mengerjakan apa, kapan?")
    'siapa-mengerjakan-apa-kapan'
    """
    return "-".join(re.findall(r"\w+", title.lower())) or "bagian"


def index_page(found: Sequence[Record], frame: Frame, downloads: Mapping[str, str] | None = None) -> str:
    """Make the first page of a report: the answer on one page of paper, then, on the screen, where to read on.

    Args:
        found: its blocks: figures at the top, what they mean, what is to be decided now.
        downloads: the documents beside the page, by file name, with what each is.
    """
    template = templates().get_template("summary.html.j2")
    return template.render(
        kla=frame.context(INDEX), blocks=found, html=partial(html, mark=frame.marks(INDEX)), downloads=downloads
    )


def part_page(parts: Sequence[Record], frame: Frame, file: str) -> str:
    """Make a page of blocks under its title."""
    template = templates().get_template("part.html.j2")
    mark = frame.marks(file)
    return template.render(kla=frame.context(file), parts=[html(part, mark=mark) for part in parts])


def questions_page(tables: Mapping[str, Record], frame: Frame) -> str:
    """Make the page of all questions, by component; they can be sought without a server.

    Args:
        tables: the records of `losses.every_question`.
    """
    parts = [(slug(title), title) for title in tables]
    answering = sorted(
        {name for table in tables.values() for row in table["data"] for name in row["owners"].split(", ")}
    )
    filters = (
        ("part", t("Komponen"), parts),
        ("agency", t("Penanggung jawab"), [(name, name) for name in answering]),
        ("state", t("Keadaan"), [("lost", t("kehilangan poin")), ("unanswered", t("belum dijawab"))]),
    )
    return (
        templates()
        .get_template("questions.html.j2")
        .render(
            kla=frame.context(QUESTIONS),
            lead=frame.leads[QUESTIONS],
            parts=parts,
            filters=filters,
            tables=[(slug(title), title, records.html(table)) for title, table in tables.items()],
            words={"words": t("Cari kata atau kode"), "all": t("semua"), "found": t("pertanyaan ditunjukkan")},
            script=script(),
        )
    )


def html(block: Record, shown: Sequence[Record] = (), mark: Callable[[str], str] = str) -> str:
    """Return a block of a page as HTML.

    Args:
        shown: all blocks of its page; a table that stands there is not folded behind a figure again.
        mark: what links abbreviations (`Frame.marks`).
    """
    if block["kind"] == "figure":
        twin = records.twin_of(block, shown)
        folded = records.html(twin) if twin is not None else ""
        label = t("Angka di gambar ini sebagai tabel")
        return templates().get_template("figure.html.j2").render(block=block, twin=folded, label=label)
    if block["kind"] == "plain":
        return block.get("html") or f"<pre>{escape(block['text'])}</pre>"
    link = f'<div class="kla-screen kla-print"><a href="{{id}}.html">{t("Cetak lembar ini saja")}</a></div>\n'
    above = f"<h2>{escape(block['above'])}</h2>" if "above" in block else ""
    return above + records.html(block, link, mark)


def national_page(
    title: str, lead: str, remark: str, rows: list[dict[str, Any]], beside: Sequence[Record] = (), *, made: str
) -> str:
    """Make the table of many reports: it can be searched without a server, and read without script.

    Args:
        beside: tables that compare them.
    """
    words = {
        "search": t("Cari daerah, provinsi, atau predikat"),
        "found": t("baris"),
        "made": t("Dibuat {when} oleh kla_analysis.", when=made),
        "reports": t("Semua laporan"),
        "failed": t("Yang gagal"),
        "beside": t("Daerah berdampingan"),
        "skip": t("Langsung ke isi"),
        "order": t("Menurut kode wilayah dan tahun"),
        "heads": [
            t("Daerah"),
            t("Kode"),
            t("Provinsi"),
            t("Tahun"),
            t("Target"),
            t("Predikat"),
            t("Nilai (poin)"),
            t("Jarak ke target (poin)"),
            t("Status"),
        ],
    }
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
        title=title,
        lead=lead,
        remark=remark,
        rows=rows,
        failed=failed,
        figures=figures,
        beside=[records.html(one) for one in beside],
        words=words,
        css=css(),
        lang=current_language(),
        number=number,
    )


def about(notebook: NotebookNode) -> dict[str, Any]:
    """Return what a notebook says of itself in its metadata.

    `chapter` is its place in the report (0: none of its pages), `short` its name in the navigation, `first` says that
    it works longest and is to begin first; `questions` are those that it answers, each with the heading that does.
    """
    return notebook.metadata.get("kla", {})


def chapter(notebook: NotebookNode) -> int:
    """Return a notebook's place in the report: 0 when it is none of its pages, the last without one."""
    return about(notebook).get("chapter", 99)


def short(notebook: NotebookNode) -> str:
    """Return a notebook's name in the navigation; its heading, up to the colon, where its metadata name none."""
    return about(notebook).get("short") or heading_of(notebook).split(":")[0]


def heading_of(notebook: NotebookNode) -> str:
    """Return a notebook's heading, as plain text."""
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return first.lstrip().splitlines()[0].lstrip("# ").strip()


def _plain(markdown: str) -> str:
    """Return a line of markdown without its marks."""
    return re.sub(r"[*_`]|\[([^]]*)\]\([^)]*\)", r"\1", markdown)


def title_of(frame: Frame) -> str:
    """Return the title of the whole report."""
    return t("Laporan KLA {about} ({year})", about=frame.about, year=frame.year)


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


@lru_cache(maxsize=1)
def css() -> str:
    """Return the style sheet of all pages."""
    return records.css() + (TEMPLATES / "report" / "report.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def script() -> str:
    """Return the script of a page on which rows are sought or a budget is tried."""
    return (TEMPLATES / "report" / "page.js").read_text(encoding="utf-8")


def templates() -> jinja2.Environment:
    """Return where the templates of a report are found."""
    return _exporter().environment


@lru_cache(maxsize=1)
def _exporter() -> Any:
    from nbconvert.exporters import HTMLExporter
    from traitlets.config import Config

    config = Config(HTMLExporter={"default_preprocessors": []})
    exporter = HTMLExporter(config=config, template_name="report", extra_template_basedirs=[str(TEMPLATES)])
    exporter.exclude_anchor_links = True
    return exporter
