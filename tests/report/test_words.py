"""What a report says: words of a head of office, and links of page one that lead where they say."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

#: The analyst's chapter may say these words, and explains them.
ANALYST = "08_metode.html"
#: Words of programmers and statisticians, and images that need explaining.
FORBIDDEN = (
    "parameter|retention|sobol|galat baku|cluster|stage|posterior|kuantil|kumulatif|pareto|tornado|himpunan|"
    "meja|(?<!rumah )tangga|undian|diundi|cetakan|penyesalan|membeli|gugur|bagian dari satu|–; tahap"
)


class Seen(HTMLParser):
    """What a reader sees or hears of a page, its anchors and its links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.hidden = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.hidden += tag in ("style", "script")
        self.ids.add(about.get("id", ""))
        self.links += [about["href"]] if tag == "a" else []
        self.said += [about[name] for name in ("alt", "aria-label") if about.get(name)]

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "script")

    def handle_data(self, data):
        if not self.hidden:
            self.said.append(data)


@pytest.fixture(scope="module")
def pages(report: Path) -> dict[str, Seen]:
    return {path.name: Seen(path.read_text(encoding="utf-8")) for path in report.glob("*.html")}


def test_no_word_needs_an_analyst(pages):
    found = {
        (name, word[0], said.strip()[:80])
        for name, page in pages.items()
        if name != ANALYST
        for said in page.said
        for word in re.finditer(rf"\b(?:{FORBIDDEN})\b", unescape(said), re.IGNORECASE)
    }
    assert not found


def test_a_chance_is_written_as_a_percentage(pages):
    chances = [said for page in pages.values() for said in page.said if re.search(r"[Pp]eluang[^.;]{0,40} 0,\d", said)]
    assert not [said for said in chances if "%" not in said]


def test_every_question_of_page_one_leads_to_its_section(pages):
    assert sum("#" in link and "#singkatan-" not in link for link in pages["index.html"].links) > 20
    for name, page in pages.items():
        for link in map(unquote, page.links):
            file, _, section = link.partition("#")
            if section and (not file or file in pages):
                assert section in pages[file or name].ids, f"{name}: {link}"


def test_every_abbreviation_is_linked_once_a_page_to_what_it_stands_for(pages):
    explained = {name for name in pages[ANALYST].ids if name and name.startswith("singkatan-")}
    assert {"singkatan-pisa", "singkatan-rbra", "singkatan-2p", "singkatan-dinsos"} <= explained
    for name, page in pages.items():
        used = [link.partition("#")[2] for link in page.links if "#singkatan-" in link]
        assert len(used) == len(set(used)), name
        assert set(used) <= explained, name
    assert len([link for link in pages["rapat-K5.html"].links if "#singkatan-" in link]) > 5
