"""Records: what is shown, as plain data beside it.

Everything that a notebook shows has a record in its output, in one of two types of content. HTML, the PDF and the
workbook are made from records; nothing is read back out of a page. A record is a dictionary of plain values whose
`kind` says what it is:

- `table`, after the Table Schema of Frictionless Data: `title`, `schema` (fields with `name`, `title`, `type`, `unit`,
  `kind`), `data` (the values by field name; None where there is none), and beside that `written` (every cell as people
  read it), `total` (the foot: pairs of what is written and its value), `source`, `badge`;
- `text`: `heading`, `paragraphs`, `style`, and in an output perhaps `values`, the plain values behind the words;
- `rules`: `rules`, each with `name`, `words`, `formula`, `source`;
- `figure`: `id` (equal for equal figures), `title`, `alt`, `source`, `table` (the record of its twin, or None), perhaps
  `what_if`, the steps with which a page answers for another budget;
- `several`: `blocks`, the records of its parts; `sheet`, the same with the `id` and `title` of a meeting's sheet.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

#: The types of content under which a notebook's output holds records: tables, and everything else.
TABLE_TYPE, BLOCK_TYPE = "application/vnd.dataresource+json", "application/vnd.kla+json"
Record = dict[str, Any]
#: What a notebook keeps of something shown: by type of content the content, and what is said of it.
Bundle = tuple[dict[str, Any], dict[str, Any]]
#: Letters that a line of a table has on a phone, half and a quarter of a card, and at most a code.
_PHONE, _HALF, _QUARTER, _CODE = 46, 22, 9, 6
# JupyterLab aligns every cell to the right, so that the alignment of text stands in the cells themselves.
_TEMPLATES = {
    "table": """\
{%- macro cells(row) %}{% for cell, value in row %}{% set column = schema.fields[loop.index0] %}
{%- set named = loop.first and cell %}
{%- if named %}<th scope="row" role="rowheader"{% else %}<td role="cell" data-label="{{ column.title }}"{% endif %} class="{{ column.kind }}
{%- if cards[loop.index0] %} kla-{{ cards[loop.index0] }}{% endif %}"{% if value is not none %} data-value="{{ value }}"{% endif %}{{ aligned(column.kind) }}>
{{- mark(cell) }}</{{ "th" if named else "td" }}>{% endfor %}{% endmacro -%}
{%- macro aligned(kind) %}{% if kind != "number" %} style="text-align: left"{% endif %}{% endmacro -%}
<div class="kla-scroll" role="region" tabindex="0" aria-label="{{ title }}">
<table class="kla-table{% if cards %} kla-cards{% endif %}" role="table">
<caption style="text-align: left">{{ title }}{% if badge %} <strong class="kla-badge">{{ badge }}</strong>{% endif %}</caption>
<thead role="rowgroup"><tr role="row">{% for column in schema.fields %}<th scope="col" role="columnheader" class="{{ column.kind }}"{% if column.unit %} data-unit="{{ column.unit }}"{% endif %}{{ aligned(column.kind) }}>{{ column.title }}</th>{% endfor %}</tr></thead>
<tbody role="rowgroup">
{%- for row in rows %}
<tr role="row"{% if ids %} id="{{ ids[loop.index0] }}"{% endif %}>{{ cells(row) }}</tr>
{%- endfor %}
</tbody>
{%- if total %}
<tfoot role="rowgroup"><tr role="row">{{ cells(total) }}</tr></tfoot>
{%- endif %}
</table>
</div>
{%- if source %}
<p class="kla-source">{{ source }}</p>
{%- endif %}
""",
    "text": """\
{% if heading %}<h3>{{ heading }}</h3>
{% endif -%}
{% for paragraph in paragraphs %}<p{% if style %} class="kla-{{ style }}"{% endif %}>{{ mark(paragraph) }}</p>
{% endfor %}""",
    "rules": """\
{% for rule in rules %}<h3>{{ rule.name }}</h3>
<p>{{ rule.words }}</p>
<p class="kla-formula">{{ rule.formula }}</p>
<p class="kla-source">{{ rule.source }}</p>
{% endfor %}""",
}


def css() -> str:
    """Return the style sheet of all that is shown: colours (light and dark), sizes, tables."""
    return (Path(__file__).parent / "look.css").read_text(encoding="utf-8")


class Shown(ABC):
    """Something that a notebook shows: HTML for the eye, and beside it its record."""

    @abstractmethod
    def record(self) -> Record:
        """Return what is shown as plain data."""

    def _repr_html_(self) -> str | None:
        return html(self.record())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        record = self.record()
        return {TABLE_TYPE if record["kind"] == "table" else BLOCK_TYPE: record}, {}


class Terms:
    """Abbreviations of one page: each is linked, where it is used first, to what it stands for.

    Args:
        meanings: what each stands for; empty where nobody says it.
        page: address of the page with the glossary.
    """

    def __init__(self, meanings: Mapping[str, str], page: str) -> None:
        """Take the meanings."""
        self.meanings, self.page = meanings, page
        self.seen: set[str] = set()
        longest = sorted(map(re.escape, meanings), key=len, reverse=True)
        self.pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(longest)})(?![\w-])" if longest else "(?!)")

    def __call__(self, text: str) -> str:
        """Return a text with its new abbreviations linked; all else in it is text."""
        return Markup("").join(self._pieces(text))

    def _pieces(self, text: str) -> Iterator[str]:
        end = 0
        for found in self.pattern.finditer(text):
            if found[0] not in self.seen:
                self.seen.add(found[0])
                yield escape(text[end : found.start()])
                link = '<a class="kla-term" href="{}#{}"><abbr title="{}">{}</abbr></a>'
                yield Markup(link).format(self.page, term_id(found[0]), self.meanings[found[0]], found[0])
                end = found.end()
        yield escape(text[end:])


def term_id(term: str) -> str:
    """Return the anchor of an abbreviation in the glossary.

    >>> term_id("Polres (Unit PPA)")
    'singkatan-polres-unit-ppa'
    """
    return "-".join(("singkatan", *re.findall(r"\w+", term.casefold())))


def html(record: Record, top: str = "", mark: Callable[[str], str] = str) -> str:
    """Return a record as HTML; nothing in it is ever read as markup.

    Args:
        top: HTML of ours to stand at the top of each meeting's sheet, where `{id}` is the sheet's.
        mark: what to make of a text before it is set (`Terms`).
    """
    kind = record["kind"]
    if kind in ("several", "sheet"):
        inner = "\n".join(html(one, top, mark) for one in record["blocks"])
        if kind == "several":
            return inner
        first = top.format(id=record["id"])
        return f'<section class="kla-sheet" id="{record["id"]}">\n{first}{inner}\n</section>'
    more = {"rows": rows_of(record), "cards": _cards(record)} if kind == "table" else {}
    return _template(kind).render({**record, **more, "mark": mark})


def rows_of(table: Record) -> list[list[tuple[str, float | int | None]]]:
    """Return the rows of a table's record: each cell as it is written, and its value; None where it is only written."""
    names = [field["name"] for field in table["schema"]["fields"]]
    return [
        [
            (text, None if isinstance(value := values[name], str) else value)
            for name, text in zip(names, written, strict=True)
        ]
        for values, written in zip(table["data"], table["written"], strict=True)
    ]


def _cards(table: Record) -> list[str]:
    """Return how each column stands in the card that a row becomes on a phone; none where the table fits there as it is.

    A column is the `code` above a card's name, the `named` one, `wide` as the card, `half` of it, or a quarter ("").
    """
    fields = table["schema"]["fields"]
    columns = list(zip([field["title"] for field in fields], *table["written"], strict=True))
    widest = [max(map(len, cells[1:]), default=0) for cells in columns]
    needs = [_room(field["kind"], cells, most) for field, cells, most in zip(fields, columns, widest, strict=True)]
    if sum(needs) + 2 * len(needs) <= _PHONE and not {"long", "kla-link"} & {field["kind"] for field in fields}:
        return []
    ways = [_way(field, most) for field, most in zip(fields, widest, strict=True)]
    texts = [at for at, field in enumerate(fields) if at and field["kind"] != "number"]
    if texts and widest[0] <= _CODE:
        ways[0] = "code"
        ways[next((at for at in texts if widest[at] > _QUARTER + 3), texts[0])] = "named"
    return ways


def _way(field: Record, widest: int) -> str:
    """Return how wide a column of such cells stands in a card."""
    title = field["title"]
    if max(widest, len(title) / 3, *map(len, title.split())) <= _QUARTER:
        return ""
    return "half" if field["kind"] == "number" or widest <= _HALF else "wide"


def _room(kind: str, cells: Sequence[str], widest: int) -> int:
    """Return how many letters a column needs beside others: a number one line, a text its longest word, sentences more."""
    least = widest if kind == "number" else min(widest, 28 if kind == "long" else 12)
    return max([least, *(len(word) for cell in cells for word in cell.split())])


def tables_in(blocks: Sequence[Record]) -> list[Record]:
    """Return all tables of a page's records, those behind its figures too unless the page shows them itself."""
    shown = {table["title"] for block in blocks for table in _open_tables(block)}
    return [table for block in blocks for table in _open_tables(block) + _twin(block, shown)]


def twin_of(figure: Record, blocks: Sequence[Record]) -> Record | None:
    """Return the table behind a figure; None where it has none, or where its page shows that table itself."""
    return next(iter(_twin(figure, {table["title"] for block in blocks for table in _open_tables(block)})), None)


def _open_tables(block: Record) -> list[Record]:
    if block["kind"] in ("several", "sheet"):
        return [table for part in block["blocks"] for table in _open_tables(part)]
    return [block] if block["kind"] == "table" else []


def _twin(block: Record, shown: set[str]) -> list[Record]:
    table = block.get("table") if block["kind"] == "figure" else None
    return [table] if table is not None and table["title"] not in shown else []


@lru_cache
def _template(kind: str) -> jinja2.Template:
    return jinja2.Environment(autoescape=True).from_string(_TEMPLATES[kind])
