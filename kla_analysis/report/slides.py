"""Slides for the coordination meeting: page one's answers and what notebooks mark for it, ten at most, from the same records.

A cell of a notebook with the tag `slide` puts its picture or table into the deck. Text is measured before it is set, with
letters wider than those of any office program, so that nothing leaves its box; what has no room is counted, never cut off.
"""

from __future__ import annotations

import datetime
import io
import math
import re
import zipfile
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kla_analysis.language import day, t
from kla_analysis.report import html
from kla_analysis.report.html import Frame
from kla_analysis.report.pdf import widths
from kla_analysis.showing.records import Record

if TYPE_CHECKING:
    from pptx.slide import Slide as Sheet

#: More slides are no help in a meeting.
MOST = 10
#: Inches: the slide, its margin, where what is shown begins and ends, the space between two things.
_WIDE, _HIGH, _SIDE, _TOP, _END, _GAP = 13.333, 7.5, 0.5, 1.35, 6.95, 0.2
_ROOM = _WIDE - 2 * _SIDE
#: Points, the first that fits: titles, words, cells of a table.
_TITLES, _WORDS, _CELLS = (28, 24, 20), (22, 20, 18, 16, 14, 13, 12), (18, 16, 14, 13, 12, 11)
_LINE = 1.22
#: Inches inside a cell: beside its text (both sides), above and below it.
_BESIDE, _ABOVE = 0.2, 0.1
_INK, _SOFT, _BLUE, _AMBER, _TINT, _RULE = "1B2733", "52606D", "1F4E79", "A85400", "EEF3F8", "D5DCE2"
_Place = tuple[float, float, float, float]
_LANGUAGES = {"id": "id-ID", "en": "en-US"}


@dataclass(frozen=True)
class Slide:
    """What stands on one slide: its title, words, and the records of what is shown."""

    title: str
    words: tuple[str, ...] = ()
    shown: tuple[Record, ...] = ()

    @property
    def sources(self) -> list[str]:
        """Where the numbers come from, each once."""
        return list(dict.fromkeys(block["source"] for block in self.shown if block.get("source")))


def slides(pages: Mapping[str, Sequence[Record]], frame: Frame) -> bytes:
    """Return the pages' answers as a deck (PPTX, 16:9); equal pages of the same day give equal bytes.

    Args:
        pages: the blocks of every page by file name, the summary first.
    """
    deck = _Deck(frame)
    deck.cover()
    for slide in outline(pages):
        deck.add(slide)
    return deck.bytes()


def outline(pages: Mapping[str, Sequence[Record]]) -> list[Slide]:
    """Return the slides after the cover: the chapters of page one, and before its last, what is to be decided, what is marked."""
    chapters = _chapters(pages[html.INDEX])
    answers, last = chapters[: max(len(chapters) - 1, 1)], chapters[1:][-1:]
    told = {block["title"] for slide in chapters for block in slide.shown if "title" in block}
    marked = [slide for file, blocks in pages.items() if file != html.INDEX for slide in _marked(blocks, told)]
    # Where too much is marked the first give way: reports begin with what page one says already.
    return [*answers, *marked[max(1 + len(chapters) + len(marked) - MOST, 0) :], *last]


def _chapters(blocks: Sequence[Record]) -> list[Slide]:
    """Gather the blocks of page one by the headings above them."""
    found = [Slide(t("Di mana kita sekarang"))]
    for block in _flat(blocks):
        if "above" in block:
            found.append(Slide(block["above"]))
        last = found[-1]
        if block["kind"] == "text":
            found[-1] = replace(last, words=(*last.words, *block["paragraphs"]))
        else:
            found[-1] = replace(last, shown=(*last.shown, block))
    return found


def _flat(blocks: Sequence[Record]) -> Iterator[Record]:
    for block in blocks:
        yield from [*block["words"], block["figure"]] if block["kind"] == "beside" else [block]


def _marked(blocks: Sequence[Record], told: set[str]) -> Iterator[Slide]:
    """Yield a slide for each block that its notebook marks; a picture is titled by its section, a table says itself."""
    heading = ""
    for block in blocks:
        if block["kind"] == "prose":
            heads = [line.lstrip("# ") for line in block["markdown"].splitlines() if line.startswith("#")]
            heading = heads[-1] if heads else heading
        elif block.get("slide") and block["kind"] in ("figure", "table") and block["title"] not in told:
            yield Slide(heading if block["kind"] == "figure" else block["title"], shown=(block,))


class _Deck:
    """A deck of one style, slide by slide."""

    def __init__(self, frame: Frame) -> None:
        import pptx
        from pptx.util import Inches

        self.frame, self.deck = frame, pptx.Presentation()
        across = Inches(_WIDE) / self.deck.slide_width
        self.deck.slide_width, self.deck.slide_height = Inches(_WIDE), Inches(_HIGH)
        # The template is 4:3: its places are widened, so that a slide that somebody adds fits, too.
        for kind in (self.deck.slide_master, *self.deck.slide_layouts):
            for shape in kind.placeholders:
                if shape._element.spPr.xfrm is not None:
                    shape.left, shape.width = int(shape.left * across), int(shape.width * across)
        about = self.deck.core_properties
        # PowerPoint keeps no more than 255 letters of each.
        about.title = _sayable(html.title_of(frame))[:255]
        about.author, about.language, about.subject = "kla_analysis", _tag(frame), t("Salindia rapat koordinasi")
        about.comments = t("ILUSTRATIF") if frame.illustrative else ""
        about.created = about.modified = _moment(frame)
        about.last_modified_by, about.revision = "kla_analysis", 1

    def bytes(self) -> bytes:
        """Return the file; what the packer would date by the clock is dated by the report."""
        for at, slide in enumerate(self.deck.slides, start=1):
            foot = f"{self.frame.area}, {t('putaran {year}', year=self.frame.year)}"
            foot += f" · {day(self.frame.made)}" if self.frame.made else ""
            self._text(slide, (_SIDE, 7.05, 9, 0.3), [foot], 10, color=_SOFT)
            self._text(
                slide,
                (_WIDE - _SIDE - 2, 7.05, 2, 0.3),
                [f"{at} / {len(self.deck.slides)}"],
                10,
                color=_SOFT,
                right=True,
            )
        packed, buffer = io.BytesIO(), io.BytesIO()
        self.deck.save(packed)
        with zipfile.ZipFile(packed) as old, zipfile.ZipFile(buffer, "w") as new:
            for name in old.namelist():
                entry = zipfile.ZipInfo(name, _moment(self.frame).timetuple()[:6])
                entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
                new.writestr(entry, old.read(name))
        return buffer.getvalue()

    def cover(self) -> None:
        """Say whose deck it is, of which round and day, and what its numbers are."""
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[0])
        title, under = slide.placeholders
        for place, (top, high) in ((title, (1.6, 1.9)), (under, (3.7, 2.6))):
            _put(place, (_SIDE + 0.5, top, _ROOM - 1, high))
        self._say(title.text_frame, [html.title_of(self.frame)], 40, color=_BLUE, bold=True)
        said = [t("Bahan rapat koordinasi"), f"{self.frame.area}, {t('putaran {year}', year=self.frame.year)}"]
        said += [day(self.frame.made)] if self.frame.made else []
        said += [self.frame.illustrative] if self.frame.illustrative else []
        self._say(under.text_frame, said, _fitting(said, _ROOM - 1, 2.6, (20, 18, 16, 14))[0])
        self._badge(slide)
        self._note(slide, [f"{name}: {value}" for name, value in self.frame.colophon.items()])

    def add(self, about: Slide) -> None:
        """Add a slide: figures at the top, words beside a picture or above a table."""
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[5])
        _put(slide.shapes.title, (_SIDE, 0.3, _ROOM - 1.7, 0.95))
        size, said = _fitting([about.title], _ROOM - 1.7, 0.95, _TITLES)
        self._say(slide.shapes.title.text_frame, said, size, color=_BLUE, bold=True)
        top, pictures = _TOP, [block for block in about.shown if block["kind"] == "figure"]
        for block in about.shown:
            if block["kind"] == "key_figures":
                top = self._cards(slide, block["figures"], top)
        if pictures:
            self._picture(slide, pictures[0], about.words, top)
        else:
            above = any(block["kind"] == "table" for block in about.shown)
            top = self._words(slide, about.words, top, above=above)
        for block in about.shown:
            if block["kind"] == "table":
                self._table(slide, block, top)
        self._badge(slide, about.shown)
        self._note(
            slide,
            [
                html.title_of(self.frame),
                *about.sources,
                *([self.frame.illustrative] if self.frame.illustrative else []),
            ],
        )

    def _words(self, slide: Sheet, words: Sequence[str], top: float, *, above: bool) -> float:
        """Write words over the whole width; return where they end."""
        if not words:
            return top
        size, said = _fitting(words, _ROOM, (_END - top) / (2.5 if above else 1), _WORDS)
        high = _tall(said, _ROOM, size)
        self._text(slide, (_SIDE, top, _ROOM, high), said, size)
        return top + high + _GAP

    def _cards(self, slide: Sheet, figures: Sequence[tuple[str, str, str]], top: float) -> float:
        """Write the figures at the top side by side; return where they end."""
        wide = (_ROOM - _GAP * (len(figures) - 1)) / len(figures)
        inner, sizes = wide - 0.3, (13, 24, 13)
        high = (
            max(sum(_tall([said], inner, size) for said, size in zip(one, sizes, strict=True)) for one in figures)
            + 0.15
        )
        for at, one in enumerate(figures):
            left = _SIDE + at * (wide + _GAP)
            box = self._text(slide, (left, top, wide, high), [one[0]], sizes[0], color=_SOFT, fill=_TINT)
            self._say(box.text_frame, [one[1]], sizes[1], color=_BLUE, bold=True, more=True)
            self._say(box.text_frame, [one[2]], sizes[2], color=_SOFT, more=True)
        return top + high + _GAP

    def _picture(self, slide: Sheet, block: Record, words: Sequence[str], top: float) -> None:
        from pptx.util import Inches

        png = b64decode(block["png"])
        across, down = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
        high = min(_END - top, (7.4 if words else _ROOM) * down / across)
        wide = high * across / down
        left = _SIDE if words else (_WIDE - wide) / 2
        picture = slide.shapes.add_picture(io.BytesIO(png), Inches(left), Inches(top), Inches(wide), Inches(high))
        _describe(picture, block["title"], block["alt"])
        if words:
            beside = (left + wide + 0.3, top, _WIDE - _SIDE - left - wide - 0.3, _END - top)
            size, said = _fitting(words, beside[2], beside[3], _WORDS)
            self._text(slide, beside, said, size)

    def _table(self, slide: Sheet, block: Record, top: float) -> None:
        """Write a table with its heads; rows that have no room are counted in the last one."""
        from pptx.util import Inches, Pt

        grid, fields = _Grid.of(block), block["schema"]["fields"]
        size, lines = grid.fitted(_END - top)
        tall = [grid.high(row, size) for row in lines]
        place = (_SIDE, top, _ROOM, sum(tall))
        graphic = slide.shapes.add_table(len(lines), len(fields), *(Inches(one) for one in place))
        _describe(graphic, block["title"], block["title"])
        table = graphic.table
        table.first_row, table.first_col, table.horz_banding, table.last_row = True, True, False, bool(grid.total)
        for at, wide in enumerate(grid.wides):
            table.columns[at].width = Inches(wide)
        for at, (row, high) in enumerate(zip(lines, tall, strict=True)):
            table.rows[at].height = Inches(high)
            for column, said in enumerate(row):
                cell, right = table.cell(at, column), fields[column]["kind"] == "number"
                cell.margin_left = cell.margin_right = Inches(_BESIDE / 2)
                cell.margin_top = cell.margin_bottom = Inches(_ABOVE / 2)
                self._say(cell.text_frame, [said], size, bold=grid.strong(row), right=right, inside=True)
                _paint(cell, _TINT if grid.strong(row) else None, Pt(1))

    def _badge(self, slide: Sheet, shown: Sequence[Record] = ()) -> None:
        """Mark what is an illustration, or comes from an example, one mark below the other."""
        said = [t("ILUSTRATIF")] if self.frame.illustrative else []
        said += [mark for block in shown for mark in block.get("badge", "").split(" · ") if mark]
        for at, mark in enumerate(dict.fromkeys(said)):
            place = (_WIDE - _SIDE - 1.6, 0.35 + 0.42 * at, 1.6, 0.36)
            size, said = _fitting([mark], 1.5, 0.3, (11, 10, 9, 8, 7))
            self._text(slide, place, said, size, color=_AMBER, bold=True, edge=_AMBER)

    def _note(self, slide: Sheet, said: Sequence[str]) -> None:
        self._say(slide.notes_slide.notes_text_frame, said, 12)

    def _text(
        self,
        slide: Sheet,
        place: _Place,
        said: Sequence[str],
        size: int,
        *,
        fill: str = "",
        edge: str = "",
        **style: Any,
    ) -> Any:
        """Add a box of text."""
        from pptx.dml.color import RGBColor
        from pptx.enum.text import MSO_AUTO_SIZE
        from pptx.util import Inches

        box = slide.shapes.add_textbox(*(Inches(one) for one in place))
        box.name = _sayable(said[0])[:40]
        for colour, painted in ((fill, box.fill), (edge, box.line.fill)):
            if colour:
                painted.solid()
                painted.fore_color.rgb = RGBColor.from_string(colour)
        box.text_frame.auto_size = MSO_AUTO_SIZE.NONE
        box.text_frame.margin_left = box.text_frame.margin_right = Inches(0.1 if fill else 0)
        self._say(box.text_frame, said, size, centre=bool(edge), **style)
        return box

    def _say(
        self,
        frame: Any,
        said: Sequence[str],
        size: int,
        *,
        color: str = _INK,
        bold: bool = False,
        right: bool = False,
        centre: bool = False,
        more: bool = False,
        inside: bool = False,
    ) -> None:
        """Write paragraphs, as they are; `more` adds them to what stands there."""
        from pptx.dml.color import RGBColor
        from pptx.enum.text import PP_ALIGN
        from pptx.util import Pt

        frame.word_wrap = True
        for at, text in enumerate(said):
            paragraph = frame.paragraphs[0] if at == 0 and not more else frame.add_paragraph()
            paragraph.alignment = PP_ALIGN.RIGHT if right else PP_ALIGN.CENTER if centre else PP_ALIGN.LEFT
            if not inside:
                paragraph.space_after = Pt(size * 0.35)
            run = paragraph.add_run()
            run.text = _sayable(text)
            run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, RGBColor.from_string(color)
            run._r.get_or_add_rPr().set("lang", _tag(self.frame))


@dataclass(frozen=True)
class _Grid:
    """The cells of a table as they are written, and how wide its columns are (inches)."""

    heads: list[str]
    rows: list[list[str]]
    total: list[str]
    wides: list[float]

    @classmethod
    def of(cls, table: Record) -> _Grid:
        fields, total = table["schema"]["fields"], [text for text, _ in table["total"]]
        wides = widths(fields, table["written"] + ([total] if total else []))
        scaled = [wide * _ROOM / sum(wides) for wide in wides]
        return cls([field["title"] for field in fields], table["written"], total, scaled)

    def strong(self, row: list[str]) -> bool:
        return row is self.heads or row is self.total

    def laid(self, kept: int) -> list[list[str]]:
        """Return all lines with the first rows only; what is left out is counted, in the widest column."""
        left = [""] * len(self.heads)
        left[self.wides.index(max(self.wides))] = t("dan {count} lainnya", count=len(self.rows) - kept)
        counted = [left] if kept < len(self.rows) else []
        return [self.heads, *self.rows[:kept], *counted, *([self.total] if self.total else [])]

    def high(self, row: list[str], size: int) -> float:
        """Return how high a line is (inches)."""
        cells = zip(row, self.wides, strict=True)
        most = max(_lines(cell, wide - _BESIDE, size, bold=self.strong(row)) for cell, wide in cells)
        return most * size * _LINE / 72 + _ABOVE

    def whole(self, size: int) -> bool:
        """Return whether every word has room in its column."""
        return all(
            _long(word, bold=self.strong(row)) * size / 10 <= wide - _BESIDE
            for row in self.laid(len(self.rows))
            for cell, wide in zip(row, self.wides, strict=True)
            for word in _sayable(cell).split()
        )

    def fitted(self, room: float) -> tuple[int, list[list[str]]]:
        """Return the size in which the table fits, and its lines; in the smallest those that have no room are counted."""

        def fits(kept: int, size: int) -> bool:
            return sum(self.high(row, size) for row in self.laid(kept)) <= room

        count = len(self.rows)
        size = next((one for one in _CELLS if self.whole(one) and fits(count, one)), _CELLS[-1])
        return size, self.laid(next((kept for kept in range(count, 1, -1) if fits(kept, size)), 1))


def _fitting(said: Sequence[str], wide: float, high: float, sizes: Sequence[int]) -> tuple[int, list[str]]:
    """Return the largest size in which paragraphs fit into a box; in the smallest, those that have no room are left out."""
    size = next((one for one in sizes if _tall(said, wide, one) <= high), sizes[-1])
    kept = list(said)
    while len(kept) > 1 and _tall(kept, wide, size) > high:
        kept.pop()
    return size, kept


def _tall(said: Iterable[str], wide: float, size: float) -> float:
    """Return how high paragraphs are (inches), be they bold or not."""
    return sum(_lines(text, wide, size, bold=True) * size * _LINE + size * 0.35 for text in said) / 72


def _lines(text: str, wide: float, size: float, *, bold: bool = False) -> int:
    """Return how many lines a text takes."""
    room, lines, used = wide * 10 / size, 1, 0.0
    for word in _sayable(text).split():
        long = _long(word, bold=bold)
        if used and used + _long(" ") + long > room:
            lines, used = lines + 1, 0.0
        used += long + (_long(" ") if used else 0)
        # A word that is wider than the box is broken.
        lines, used = lines + math.floor(used / room), used % room
    return lines


@lru_cache(maxsize=4096)
def _long(word: str, *, bold: bool = False) -> float:
    """Return how long a word is at ten points (inches)."""
    from kla_analysis.showing.figure import text_width

    return text_width(word, 10, "bold" if bold else "normal")


def _put(place: Any, box: tuple[float, float, float, float]) -> None:
    from pptx.util import Inches

    place.left, place.top, place.width, place.height = (Inches(one) for one in box)
    place.text_frame.margin_left = 0


def _describe(shape: Any, name: str, alt: str) -> None:
    """Give a picture or a table its name and the words for those who do not see it."""
    about = shape._element.xpath(".//p:cNvPr")[0]
    about.set("name", _sayable(name)[:80])
    about.set("descr", _sayable(alt))


def _paint(cell: Any, tint: str | None, line: int) -> None:
    """Give a cell its ground, and a line below it and none beside it."""
    from lxml import etree
    from pptx.dml.color import RGBColor
    from pptx.oxml.ns import qn

    about = cell._tc.get_or_add_tcPr()
    for side in ("a:lnL", "a:lnR", "a:lnT"):
        etree.SubElement(etree.SubElement(about, qn(side), w="0"), qn("a:noFill"))
    below = etree.SubElement(etree.SubElement(about, qn("a:lnB"), w=str(int(line))), qn("a:solidFill"))
    etree.SubElement(below, qn("a:srgbClr"), val=_RULE)
    if tint is None:
        cell.fill.background()
    else:
        cell.fill.solid()
        cell.fill.fore_color.rgb = RGBColor.from_string(tint)


def _sayable(text: str) -> str:
    """Return a text without the signs that the format forbids, which no one sees."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]", "", text)


def _tag(frame: Frame) -> str:
    return _LANGUAGES.get(frame.lang, frame.lang)


def _moment(frame: Frame) -> datetime.datetime:
    return datetime.datetime.combine(frame.made or datetime.date(2024, 1, 1), datetime.time())
