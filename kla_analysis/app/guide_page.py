"""The page “guide”: the user's guide as it stands in docs, its pictures inside."""

from __future__ import annotations

import base64
import re
from html import escape
from pathlib import Path

import ipywidgets as widgets

from kla_analysis.app import shelf
from kla_analysis.app.controls import Controls, status
from kla_analysis.language import t
from kla_analysis.project import find_project

#: The guide, from the root of the project.
GUIDE = "docs/panduan.md"


class Guide(Controls):
    """The user's guide, to read."""

    def __init__(self) -> None:
        """Build the page."""
        path = find_project().root / GUIDE
        shown = status(t("Panduan tidak ada di sini; bacalah {file} di folder proyek.", file=GUIDE))
        if path.is_file():
            shown = f'<div class="kla-guide" lang="id">{_as_html(path)}</div>'
        self.widget = widgets.HTML(shown, layout=widgets.Layout(width="100%"))


def _as_html(path: Path) -> str:
    """Turn the guide into a part of a page: headings one step lower, links only to what a page can open."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    text = path.read_text(encoding="utf-8")
    text = re.sub(r"^#+ .*$", _heading, text, flags=re.MULTILINE)
    text = re.sub(r"(!?)\[([^\]]*)\]\(([^)#]*)(#[^)]*)?\)", lambda found: _link(found, path.parent), text)
    return markdown2html_mistune(text)


def _heading(found: re.Match[str]) -> str:
    marks, title = found[0].split(" ", 1)
    anchor = re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
    return f'{marks}# <span id="{anchor}"></span>{title}'


def _link(found: re.Match[str], folder: Path) -> str:
    """Keep links within the guide and to finished reports, put pictures inside; what a page can not open stays as words."""
    picture, words, place, anchor = found.groups()
    path = (folder / place).resolve()
    if picture:
        if not path.is_file():
            return words
        return f"![{words}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})"
    if not place and anchor:
        return f"[{words}]({anchor})"
    reports = find_project().reports
    if path.is_relative_to(reports) and path.is_file() and (where := shelf.address(path)):
        return f'<a href="{escape(where)}" target="_blank" rel="noopener">{escape(words)}</a>'
    return f"*{words}*"
