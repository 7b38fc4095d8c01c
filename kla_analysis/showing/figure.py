"""The drawing board: palette, type sizes, the figure that every chart stands on, text that is measured first.

Every chart is drawn on a figure of its own and in a style of its own, so nothing leaks from one to
the next or from a notebook's settings into a chart. Text is measured before it is set, so that a
long name wraps instead of running out of the picture.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.instrument.instrument import standing_name
from kla_analysis.language import number, t
from kla_analysis.showing.records import BLOCK_TYPE, Bundle, Record, Shown
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.text import Text, source_note

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


P = ParamSpec("P")
R = TypeVar("R", bound=Shown)
#: How matplotlib draws something: its keywords.
Style = dict[str, Any]
INK = "#1b2733"
SOFT = "#52606d"
BLUE = "#1f4e79"
AMBER = "#a85400"
MISSING = "#6f8498"
GRID = "#d5dce2"
PAPER = "#ffffff"
#: Tints behind the bands, from no award to the top, every band a step darker: only a background, the names stand on them.
ZONES = ("#f3f4f6", "#e8eff6", "#d9e6f2", "#c9dcee", "#bcd4ea", "#b0cce6")
#: The two ends of the heatmap, 0 and 100 %: light enough for dark text on every cell between them.
HEAT = ("#f4f8fc", "#6fa8d8")
#: Inches: of a picture on pages and paper, and of the same picture for a phone, where its smallest text is 11 pixels high.
WIDTH, NARROW = 6.4, 4.0
#: Dots per inch of the two.
DPI, NARROW_DPI = 160, 160
_PHONES: ContextVar[bool] = ContextVar("phones", default=False)
_WIDE: ContextVar[float] = ContextVar("wide", default=WIDTH)
#: Points. Nothing is written smaller than `SMALL`.
HEAD, TEXT, NAME, SMALL = 13.0, 10.5, 9.75, 9.0
PAD = 0.12
# Inches of a row whose name stands above its bar.
_ROW = 0.6
LOST: Style = {"facecolor": PAPER, "edgecolor": MISSING, "hatch": "////", "linewidth": 0.8}
UNKNOWN: Style = {**LOST, "hatch": "...."}
KNOWN_RANGE: Style = {"facecolor": PAPER, "edgecolor": BLUE, "hatch": "////", "linewidth": 1.4}
_STYLE: Style = {
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "hatch.linewidth": 0.8,
    "savefig.facecolor": "auto",
    "savefig.edgecolor": "auto",
    "savefig.bbox": None,
    "savefig.transparent": False,
    "path.effects": [],
    "path.sketch": None,
    "axes.grid": False,
    "axes.axisbelow": True,
    "text.antialiased": True,
}


@dataclass(frozen=True, eq=False, repr=False)
class Chart(Shown):
    """A finished chart: the finding, the picture, and the same in words for those who do not see it.

    Attributes:
        title: the finding, one sentence; it also stands above the picture.
        alt: what kind of chart it is and its key numbers.
        source: where the numbers come from and how sure they are; it also stands below the picture.
        table: its twin, the numbers that are drawn; None where there is nothing to draw.
        again: draws it once more, as wide as is asked for then; not for a phone where it is `only_wide`.
        what_if: what a page needs to answer for another budget (`board.what_if`); None where it does not.
    """

    title: str
    alt: str
    source: str
    figure: Figure
    table: Table | None = None
    again: Callable[[], Shown] | None = None
    only_wide: bool = False
    what_if: Record | None = None

    def png(self, dpi: int = DPI) -> bytes:
        """Return the picture; the same data give the same bytes.

        A palette of 256 colours is enough for all of ours: no dot differs by more than the eye can see,
        and the picture, which stands in pages and on paper, has two fifths of the bytes.
        """
        from matplotlib import rc_context
        from PIL import Image

        raw, buffer = io.BytesIO(), io.BytesIO()
        with rc_context(_STYLE):
            self.figure.savefig(raw, format="rgba", dpi=dpi)
        across, down = (int(inches * dpi) for inches in self.figure.get_size_inches())
        picture = Image.frombytes("RGBA", (across, down), raw.getvalue()).convert("RGB")
        # Where the picture is small a coarser palette is enough, which is found four times as fast.
        fine = self.figure.get_figwidth() > NARROW
        method = Image.Quantize.MAXCOVERAGE if fine else Image.Quantize.FASTOCTREE
        picture = picture.quantize(256, method=method, dither=Image.Dither.NONE)
        picture.save(buffer, format="PNG", dpi=(dpi, dpi))
        return buffer.getvalue()

    def narrow(self) -> Chart | None:
        """Return the same chart drawn for a phone; None where there is none."""
        token = _WIDE.set(NARROW)
        try:
            drawn = self.again() if self.again and not self.only_wide else None
        finally:
            _WIDE.reset(token)
        return drawn if isinstance(drawn, Chart) else None

    def svg(self) -> bytes:
        """Return the picture as SVG, its letters as shapes; the same data give the same bytes."""
        return figure_svg(self.figure)

    def save(self, path: str | Path, dpi: int = DPI) -> Path:
        """Write the picture to a file and return where it is."""
        path = Path(path)
        path.write_bytes(self.png(dpi))
        return path

    def record(self) -> Record:
        """Return what the picture shows as plain data; equal figures have the same `id`."""
        twin = self.table.record() if self.table is not None else None
        said = {"title": self.title, "alt": self.alt, "source": self.source, "table": twin}
        name = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
        return {"kind": "figure", "id": name, **said} | ({"what_if": self.what_if} if self.what_if else {})

    def _repr_html_(self) -> None:
        """A picture is shown as a picture."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Bundle:
        record, narrow = self.record(), self.narrow() if _PHONES.get() else None
        if narrow is not None:
            record["narrow"] = base64.b64encode(narrow.png(NARROW_DPI)).decode()
        data = {"image/png": base64.b64encode(self.png()).decode(), "text/plain": self.alt, BLOCK_TYPE: record}
        return data, {"image/png": {"alt": self.alt, "title": self.title, "width": round(WIDTH * 100)}}

    def __repr__(self) -> str:
        return self.title


def figure_svg(figure: Figure) -> bytes:
    """Return a figure as SVG, its letters as shapes; the same data give the same bytes."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context({**_STYLE, "svg.hashsalt": "kla", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw in the charts' own style, whatever the notebook has set."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        from matplotlib import rc_context

        with rc_context(_STYLE):
            chart = draw(*args, **kwargs)
        return replace(chart, again=partial(drawn, *args, **kwargs)) if isinstance(chart, Chart) else chart

    return drawn


@contextmanager
def for_phones() -> Iterator[None]:
    """Show every chart in two widths, as pages need them."""
    token = _PHONES.set(True)
    try:
        yield
    finally:
        _PHONES.reset(token)


def width() -> float:
    """Return how wide the picture is that is being drawn, inches."""
    return _WIDE.get()


def on_phone() -> bool:
    """Return whether the picture is drawn for a phone: names of rows stand above their bars there."""
    return width() < WIDTH


def beside(inches: float) -> float:
    """Return the margin in which the names of rows stand, inches; on a phone there is none."""
    return PAD if on_phone() else inches


def finished(title: str, alt: str, source: str, figure: Figure, table: Table | Text | None = None) -> Chart:
    """Make the chart; its alt text is cut where a screen reader would grow tired.

    Args:
        table: the numbers that are drawn.
    """
    twin = table if isinstance(table, Table) else None
    return Chart(title, textwrap.shorten(alt, 590, placeholder=" …"), source, figure, twin)


def drawn_table(
    position: Position, caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], source: str = ""
) -> Table:
    """Return what a chart draws as a table: one row per mark, one value per column."""
    frame = pd.DataFrame(list(rows), columns=[column.key for column in columns])
    return Table(caption, tuple(columns), frame, source, t("ILUSTRATIF") if position.illustrative else "")


def said(title: str, position: Position, source: str) -> Chart:
    """Make a chart that has nothing to draw and says so."""
    figure, ax = new_figure(title, position, source, tall=0.12, left=PAD)
    ax.set(xticks=[], yticks=[])
    ax.set_axis_off()
    return finished(title, title + ".", source, figure)


def source_line(position: Position, *, published: bool = False) -> str:
    """Say where the numbers come from: the sheet's origin, and the publication where it is drawn too."""
    fact = position.published
    note = source_note(position) if position.assessment is not None else ""
    if fact is not None and (published or not note):
        line = t(
            "Sumber: {hosts}. Status: {standing}.", hosts=hosts([fact.source]), standing=standing_name(fact.standing)
        )
        note = t("{note} Hasil terbit: {hosts}.", note=note, hosts=hosts([fact.source])) if note else line
    return note


def hosts(addresses: Iterable[str]) -> str:
    """Name the sites of web addresses, each once; the full addresses stand in the tables."""
    found = (re.search(r"(?:https?://)?(?:www\.)?([^/\s]+)", address) for address in addresses if address)
    return ", ".join(dict.fromkeys(match[1] for match in found if match)) or "–"


def zones(count: int) -> list[str]:
    """Return a tint for each band of a ladder and what lies below them, from light to dark."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    if count == len(ZONES):
        return list(ZONES)
    shade = LinearSegmentedColormap.from_list("zones", ZONES)
    return [to_hex(shade(at / max(count - 1, 1))) for at in range(count)]


def standings(codes: Iterable[str]) -> str:
    """Name the standings of several facts, each once."""
    return ", ".join(standing_name(code) for code in dict.fromkeys(codes))


def stage_name(position: Position, code: str, *, sentence: bool = False) -> str:
    """Name a stage in a running text, or at the beginning of a sentence."""
    names = {stage.code: stage.name for stage in position.instrument.stages}
    name = names.get(code, t("Selama verifikasi"))
    return name if sentence else name.lower()


def no_award(lower: float) -> str:
    """Name the part of a ladder below its first band (points), as short as the picture asks for."""
    return f"<{number(lower)}" if on_phone() else t("tanpa penghargaan")


def new_figure(
    title: str,
    position: Position,
    source: str,
    *,
    tall: float,
    left: float,
    right: float = PAD,
    under: float = 0.0,
    over: float = 0.0,
    how: str = "",
    badge: bool = True,
) -> tuple[Figure, Axes]:
    """Make a figure with the finding above and the source below, as high as its content (inches).

    Args:
        tall: height of the plot itself; `left` and `right` are the margins beside it.
        under, over: room below and above the plot for its axis or legend.
        how: one sentence under the title on how to read the marks.
        badge: show the mark of an illustrative sheet.
    """
    from matplotlib.figure import Figure

    badge = badge and position.illustrative
    wide = width() - 2 * PAD
    title = fit(title, wide, HEAD, "bold", 6 if on_phone() else 3)
    how = fit(how, wide, SMALL + 0.5)
    word = t("ILUSTRATIF")
    source = fit(
        source, wide - (text_width(word, SMALL, "bold") + 0.25 if badge else 0), SMALL, lines=8 if on_phone() else 4
    )
    head = 0.1 + 0.225 * (title.count("\n") + 1) + 0.1
    top = head + (0.165 * (how.count("\n") + 1) + 0.1 if how else 0) + over
    foot = max(0.12 + 0.155 * (source.count("\n") + 1) if source else 0.1, 0.34 if badge else 0) + 0.1
    height = top + tall + under + foot
    figure = Figure(figsize=(width(), height), facecolor=PAPER)
    ax = figure.add_axes((left / width(), (foot + under) / height, 1 - (left + right) / width(), tall / height))
    ax.set_facecolor("none")

    def put(x: float, y: float, text: str, size: float, **style: Any) -> None:
        style = {"color": INK, "va": "top", "linespacing": 1.22, "parse_math": False, **style}
        figure.text(x / width(), y / height, text, fontsize=size, **style)

    put(PAD, height - 0.1, title, HEAD, fontweight="bold")
    put(PAD, height - head, how, SMALL + 0.5, color=SOFT)
    put(PAD, 0.09, source, SMALL, color=SOFT, va="bottom")
    if badge:
        put(
            width() - PAD - 0.05,
            0.12,
            word,
            SMALL,
            color=AMBER,
            va="bottom",
            ha="right",
            fontweight="bold",
            bbox={"boxstyle": "round,pad=0.25", "facecolor": PAPER, "edgecolor": AMBER},
        )
    return figure, ax


def row_names(names: Iterable[object], left: float, *, lines: int = 3, least: float = 0.36) -> tuple[list[str], float]:
    """Wrap the names of rows into the margin, and return the height that a row then needs (inches)."""
    if on_phone():
        return [fit(str(name), width() - 2 * PAD, NAME, lines=1) for name in names], max(least, _ROW)
    wrapped = [fit(str(name), left - PAD - 0.1, NAME, lines=lines) for name in names]
    most = max(name.count("\n") + 1 for name in wrapped)
    return wrapped, max(least, 0.16 * most + 0.1)


def put_rows(ax: Axes, names: Sequence[str], at: Sequence[float] | None = None) -> None:
    """Name the rows, the first at the top, and leave no axis: values stand beside their bars."""
    at = list(range(len(names))) if at is None else at
    ax.set_yticks(
        at,
        [""] * len(names) if on_phone() else names,
        fontsize=NAME,
        color=INK,
        parse_math=False,
        linespacing=1.05,
        rotation=0,
    )
    ax.set_ylim(at[-1] + 0.5, at[0] - 0.5)
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set_color(GRID)
    if on_phone():
        from matplotlib.patheffects import withStroke

        # A name may stand over the line of a target.
        style: Style = {
            "transform": ax.get_yaxis_transform(),
            "fontsize": NAME,
            "path_effects": [withStroke(linewidth=3, foreground=PAPER)],
        }
        for y, name in zip(at, names, strict=True):
            write(ax, 0, y - 0.5, name, **style)


def label_bars(
    ax: Axes, ends: Iterable[float], labels: Sequence[str], wide: float, at: Sequence[float] | None = None
) -> None:
    """Write each label at the end of its bar and make the axis long enough for all of them."""
    ends = list(ends)
    ax.set_xlim(
        0, max(end * wide / (wide - 0.1 - text_width(label, TEXT)) for end, label in zip(ends, labels, strict=True))
    )
    for y, end, label in zip(at or range(len(ends)), ends, labels, strict=True):
        write(ax, end, y, label, xytext=(4, 0))


def write(ax: Axes, x: float, y: float, text: str, *, xytext: tuple[float, float] | None = None, **style: Any) -> None:
    """Write a text as it is (nothing in it is a formula); `xytext` moves it by points."""
    style = {"color": INK, "fontsize": TEXT, "va": "center", "parse_math": False, **style}
    if xytext is None:
        ax.text(x, y, text, **style)
    else:
        ax.annotate(text, (x, y), xytext=xytext, textcoords="offset points", annotation_clip=False, **style)


def patch(face: str, edge: str = "none") -> dict[str, Any]:
    """Return the box behind a text that stands on marks; with an edge it is a label."""
    return {"boxstyle": "round,pad=0.2" if edge != "none" else "square,pad=0.12", "facecolor": face, "edgecolor": edge}


def dashed_line(xs: tuple[float, float], ys: tuple[float, float]) -> Any:
    """Return the dashed line of a threshold."""
    from matplotlib.lines import Line2D

    return Line2D(xs, ys, color=AMBER, linewidth=1.4, linestyle=(0, (4, 3)))


def fit(text: str, wide: float, size: float, weight: str = "normal", lines: int = 9) -> str:
    """Wrap a text to a width in inches; a word that is too long is cut, a last line too many ends in `…`."""
    out: list[str] = []
    for word in text.split():
        if out and text_width(f"{out[-1]} {word}", size, weight) <= wide:
            out[-1] += f" {word}"
            continue
        while len(word) > 1 and text_width(word, size, weight) > wide:
            cut = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or text_width(word[:n], size, weight) <= wide)
            out.append(word[:cut])
            word = word[cut:]
        out.append(word)
    if len(out) > lines:
        out = out[:lines]
        while out[-1] and text_width(out[-1] + " …", size, weight) > wide:
            out[-1] = out[-1].rsplit(" ", 1)[0] if " " in out[-1] else out[-1][:-1]
        out[-1] = out[-1].rstrip(" ,;(/-") + " …"
    return "\n".join(out)


@lru_cache(maxsize=8192)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Measure a line of text in inches, with a little room for the rounding of its letters to pixels."""
    # Letter by letter, each with the one that follows it: pairs come again, whole lines seldom do.
    pairs = sum(_advance(text[at : at + 2], weight) for at in range(max(len(text) - 1, 1)))
    return (pairs - sum(_advance(letter, weight) for letter in text[1:-1])) * size / 72 * 1.04


@lru_cache(maxsize=65536)
def _advance(letters: str, weight: str) -> float:
    """Return how far one or two letters reach, points at a size of one point."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family="DejaVu Sans", size=1, weight=weight)
    return text_to_path.get_text_width_height_descent(letters, font, False)[0]
