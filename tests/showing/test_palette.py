"""The palette: readable on every ground it stands on, told apart by everybody, the same in charts, pages, paper and app.

Colour blindness is simulated by the matrices of Machado, Oliveira and Fernandes (2009), “A Physiologically-based
Model for Simulation of Color Vision Deficiency”, IEEE TVCG 15(6), severity 1.0, for linear RGB. Differences are
those of CIE L*a*b* (1976): about 2 can just be seen, 20 is another colour.
"""

import itertools
import re

import numpy as np
import pytest
from conftest import ROOT

from kla_analysis.app.controls import STYLE, look
from kla_analysis.report import html
from kla_analysis.showing import figure

BLINDNESS = {
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
WHITE = [0.95047, 1.0, 1.08883]
#: Reached, added or aimed for, missing: who mixes them up reads another chart.
MARKS = {"BLUE": figure.BLUE, "AMBER": figure.AMBER, "MISSING": figure.MISSING, "PAPER": figure.PAPER}
#: The tints of a ladder, with one band more and one less than today's too.
ZONES = [tint for count in (5, 6, 7) for tint in figure.zones(count)]
TEMPLATES = ROOT / "kla_analysis/report/templates/report"


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast of WCAG 2."""
    high, low = sorted((float(np.array(TO_XYZ[1]) @ linear(colour)) for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(light: np.ndarray) -> np.ndarray:
    x, y, z = (
        np.cbrt(part) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116
        for part in np.array(TO_XYZ) @ light / WHITE
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one: str, other: str, matrix: list) -> float:
    seen = [lab(np.clip(np.array(matrix) @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("pair", list(itertools.combinations(MARKS, 2)), ids="-".join)
def test_what_must_be_told_apart_is_told_apart_by_everybody(pair, blindness):
    assert apart(*(MARKS[name] for name in pair), BLINDNESS[blindness]) >= 20


def test_a_mark_stands_out_from_every_ground_it_stands_on():
    for mark in (figure.BLUE, figure.AMBER, figure.SOFT):  # bars, targets, lines: over the bands too
        assert all(contrast(mark, ground) >= 3 for ground in (figure.PAPER, *ZONES))
    assert contrast(figure.MISSING, figure.PAPER) >= 3
    assert all(contrast(figure.INK, heat) >= 3 for heat in figure.HEAT)  # the border of the weakest


def test_a_text_can_be_read_on_every_ground_it_stands_on():
    for ground in (figure.PAPER, *ZONES, *figure.HEAT):
        assert contrast(figure.INK, ground) >= 4.5
    for text in (figure.SOFT, figure.AMBER, figure.BLUE):
        assert contrast(text, figure.PAPER) >= 4.5
    assert contrast(figure.SOFT, ZONES[0]) >= 4.5


def by_day(sheet: str) -> str:
    """A style sheet without the colours of the dark."""
    day = re.sub(r"@media screen and \(prefers-color-scheme: dark\) {\s*:root {[^}]*}\s*}", "", sheet)
    assert day != sheet
    return day


def sheets() -> dict[str, str]:
    """Every style sheet with its colours in full: pages by day and by night, paper, the table of a batch, the app."""
    pages = html.css()
    day = by_day(pages)
    national = re.search(r"<style>(.*?)</style>", (TEMPLATES / "national.html.j2").read_text("utf-8"), re.DOTALL)[1]
    found = {
        "pages": day,
        # The colours that come last hold, as in a browser where it is dark.
        "pages in the dark": pages,
        "batch": day + national,
        "paper": on_paper((TEMPLATES / "document.typ").read_text(encoding="utf-8")),
        "app": by_day(STYLE),
        "app in the dark": STYLE,
    }
    for name, text in found.items():
        values = dict(re.findall(r"--(\w[\w-]*): (#\w+)", text))
        whole = re.sub(r"var\(--([\w-]+)\)", lambda named, values=values: values.get(named[1], ""), text)
        found[name] = re.sub(r"#([0-9a-f])([0-9a-f])([0-9a-f])\b", r"#\1\1\2\2\3\3", whole)
    return found


def on_paper(template: str) -> str:
    """Write the colours of the template of the PDF as rules of a style sheet: those of text, and those of grounds."""
    names, colours = re.search(r"#let \(([\w, ]+)\) = \(([^)]*)\)", template).groups()
    named = dict(zip(names.split(", "), re.findall(r"#\w{6}", colours), strict=True))
    template = re.sub(r"fill: (\w+)\b(?!\()", lambda found: f"fill: {named.get(found[1], found[1])}", template)
    template = re.sub(r'rgb\("(#\w{6})"\)', r"\1", template)
    kinds = re.findall(
        r"\b(text|block|cell|grid)\((?:(?!\b(?:text|block|cell|grid)\().)*?fill: (#\w{6})", template, re.DOTALL
    )
    assert len(kinds) > 10
    return " ".join(f"{{ {'color' if kind == 'text' else 'background'}: {colour}; }}" for kind, colour in kinds)


WRITTEN, GROUND = r"(?<![-\w])color:\s*(#\w{6})", r"background:\s*(#\w{6})"


@pytest.mark.parametrize("name", ["pages", "pages in the dark", "batch", "paper", "app", "app in the dark"])
def test_a_page_can_be_read_wherever_a_text_stands(name):
    """Every colour of text on every ground of the same sheet: which meet is then never a question.

    Only a rule that names both, as for a dark button, is a pair of its own.
    """
    text, own = sheets()[name], []
    paper = dict(re.findall(r"--(paper): (#\w+)", text)).get("paper", figure.PAPER)
    line = dict(re.findall(r"--(line): (#\w+)", text)).get("line", figure.GRID)
    for rule in re.findall(r"{[^{}]*}", text):
        pair = re.search(WRITTEN, rule), re.search(GROUND, rule)
        if all(pair) and contrast(pair[0][1], paper) < 4.5:
            own.append((pair[0][1], pair[1][1]))
            text = text.replace(rule, "")
    assert all(contrast(*pair) >= 4.5 for pair in own)
    written = set(re.findall(WRITTEN, text))
    grounds = {paper, *re.findall(GROUND, text)}
    assert written
    assert not [(one, ground) for one in written for ground in grounds if contrast(one, ground) < 4.5]
    # What says that something is current, in focus or a warning; the thin line between rows is only order.
    edges = set(re.findall(r"(?:border[\w-]*|outline):[^;]*?(#\w{6})", text)) - {line}
    assert not [(edge, ground) for edge in edges for ground in grounds if contrast(edge, ground) < 3]


def test_in_jupyterlab_the_app_is_dark_where_its_theme_is(monkeypatch):
    assert look().value.count('body[data-jp-theme-light="false"] {') == STYLE.count("prefers-color-scheme: dark") > 1
    assert "color-scheme" not in look().value
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
    assert look().value == STYLE


def test_charts_pages_and_paper_have_one_palette():
    pages = sheets()["pages"]
    values = dict(re.findall(r"--(\w[\w-]*): (#\w+)", pages))
    for name in ("ink", "soft", "blue", "amber"):
        assert values[name] == getattr(figure, name.upper())
    assert values["line"] == figure.GRID
    assert set(re.findall(r"#\w{6}\b", sheets()["paper"])) <= {*values.values(), figure.PAPER}
