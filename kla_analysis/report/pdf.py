"""The pages of a report as one document on paper: A4, tagged (PDF/UA-1), with contents, bookmarks and page numbers.

Typst lays it out from data: what a page shows goes to the template as JSON and is set there as text, so that nothing in
it is ever read as markup. The standard is enforced: without the words for a picture there is no document.
"""

from __future__ import annotations

import datetime
import io
import json
import re
import shutil
import struct
import tempfile
import zlib
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kla_analysis.language import day, t
from kla_analysis.report import html
from kla_analysis.report.html import Frame
from kla_analysis.showing.records import Record

if TYPE_CHECKING:
    import typst


#: The standard that a document is checked against while it is laid out.
STANDARD: Final = "ua-1"
#: Millimetres that a picture takes at most.
_WIDE, _HIGH = 135, 165
#: Letters that a line of a table holds on A4, portrait.
_LINE = 118
#: A table of so few rows stands on one page.
_SHORT = 14
#: What words lead to, and stand together with.
_SHOWN = ("figure", "table")
#: Longer words are broken where they must be.
_WORD = 24
_PART = re.compile(r"[^/_=&?-]+[/_=&?-]*|[/_=&?-]+")


def pdf(pages: Mapping[str, Sequence[Record]], frame: Frame, title: str = "") -> bytes:
    """Return the pages as one A4 document; equal pages of the same day give equal bytes.

    The letters are those of the charts, so that every machine makes the same document.

    Args:
        pages: the blocks of every page by file name, the summary first.
        title: of the document, where it is no report.

    Raises:
        typst.TypstError: the document is not for everyone, as where a picture has no words.
    """
    pictures: dict[str, bytes] = {}
    about = {
        "lang": frame.lang,
        "title": title or html.title_of(frame),
        "area": frame.area,
        "round": t("putaran {year}", year=frame.year),
        "badge": t("ILUSTRATIF") if frame.illustrative else "",
        "illustrative": frame.illustrative,
        "day": day(frame.made) if frame.made else "",
        "subject": title or t("Laporan Kabupaten/Kota Layak Anak"),
        "year": str(frame.year),
        "version": frame.version,
        "words": {
            "page": t("Halaman"),
            "of": t("dari"),
            "contents": t("Daftar isi"),
            "colophon": t("Keterangan laporan"),
        },
        "colophon": list(frame.colophon.items()),
        "chapters": [_chapter(frame.titles[file], blocks, pictures) for file, blocks in pages.items()],
    }
    made = datetime.datetime.combine(frame.made or datetime.date(2024, 1, 1), datetime.time(), datetime.UTC)
    return compile_pdf(about, pictures, made)


def compile_pdf(about: Mapping[str, Any], pictures: Mapping[str, bytes], made: datetime.datetime) -> bytes:
    """Lay out a document with the template.

    Args:
        about: what the template reads.
        pictures: PNG by the name under which `about` asks for it.
        made: the date that the document bears.

    Raises:
        typst.TypstError: it can not be laid out, or breaks the standard.
    """
    with tempfile.TemporaryDirectory(prefix="kla-pdf-") as name:
        folder = Path(name)
        for file, png in pictures.items():
            (folder / file).write_bytes(png)
        (folder / "data.json").write_bytes(json.dumps(_sayable(about), ensure_ascii=False).encode("utf-8", "replace"))
        shutil.copy(html.TEMPLATES / "report" / "document.typ", folder)
        laid, paper = folder / "document.typ", folder / "document.pdf"
        _compiler().compile(laid, paper, format="pdf", root=folder, pdf_standards=STANDARD, timestamp=made)
        return _packed(paper, pictures.values())


def _packed(document: Path, pictures: Iterable[bytes]) -> bytes:
    """Return a document in less than half of the bytes.

    Typst writes a picture dot by dot in full colour, and every object of the tags by itself. Here a picture gets back
    the palette that it came with, and the objects stand together in streams.
    """
    import pikepdf
    from PIL import Image

    drawn = (Image.open(io.BytesIO(png)) for png in pictures)
    flat = {sha256(image.convert("RGB").tobytes()).digest(): image for image in drawn if image.mode == "P"}
    packed = io.BytesIO()
    with pikepdf.open(document) as paper:
        for found in paper.objects:
            if not isinstance(found, pikepdf.Stream) or found.get("/Subtype") != "/Image":
                continue
            if (image := flat.get(sha256(found.read_bytes()).digest())) is not None:
                palette = bytes(image.getpalette() or ())
                found.write(zlib.compress(image.tobytes()), filter=pikepdf.Name.FlateDecode)
                colours = [pikepdf.Name.Indexed, found.ColorSpace, len(palette) // 3 - 1, pikepdf.String(palette)]
                found.ColorSpace = pikepdf.Array(colours)
        streams = pikepdf.ObjectStreamMode.generate
        paper.save(packed, object_stream_mode=streams, deterministic_id=True)
    return packed.getvalue()


def _sayable(value: Any) -> Any:
    """Return a value without the signs that the standard forbids, which no one sees."""
    if isinstance(value, str):
        return value.translate(dict.fromkeys((0x0, 0xFEFF, 0xFFFE)))
    if isinstance(value, Mapping):
        return {key: _sayable(one) for key, one in value.items()}
    return [_sayable(one) for one in value] if isinstance(value, list | tuple) else value


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    """Return the compiler of this process, which knows the letters of matplotlib, and a box for every sign that they lack.

    The standard refuses a sign that no font has; with the box it still says in the document what it is.
    """
    import matplotlib
    import typst

    letters = [Path(matplotlib.get_data_path()) / "fonts" / "ttf", Path(__file__).parent / "fonts"]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=letters)
    return typst.Compiler(font_paths=fonts)


def _chapter(title: str, blocks: Sequence[Record], pictures: dict[str, bytes]) -> Record:
    found = list(_in_order(_laid_out(blocks, pictures)))
    for block, after in pairwise(found):
        if block["kind"] == "text":
            block["leads"] = after["kind"] in _SHOWN
    return {"title": title, "blocks": found, "brief": not any(block["kind"] in _SHOWN for block in found)}


def _laid_out(blocks: Sequence[Record], pictures: dict[str, bytes]) -> Iterator[Record]:
    """Yield the blocks of a page one after the other, as the template reads them."""
    blocks = list(_flat(blocks))
    starts = _page_starts(blocks)
    for at, block in enumerate(blocks):
        yield from [{"kind": "page"}] if at in starts else []
        if "above" in block:
            yield _heading(2, block["above"])
        if block["kind"] == "figure":
            png = b64decode(block["png"])
            name = f"{sha256(png).hexdigest()[:16]}.png"
            pictures[name] = png
            across, down = struct.unpack(">II", png[16:24])
            yield {"kind": "figure", "file": name, "alt": block["alt"], "width": min(_WIDE, _HIGH * across / down)}
        elif block["kind"] == "table":
            yield _table(block)
        elif block["kind"] == "beside":
            words, figure = (list(_laid_out(part, pictures)) for part in (block["words"], [block["figure"]]))
            yield {"kind": "beside", "words": words, "figure": figure[0]}
        elif block["kind"] == "sheet":
            yield from _laid_out(block["blocks"], pictures)
        elif block["kind"] == "prose":
            yield from _words(block["markdown"])
        elif block["kind"] == "rules":
            for rule in block["rules"]:
                yield _heading(3, rule["name"])
                yield {**rule, "kind": "rule"}
        else:
            yield from [_heading(3, block["heading"])] if block.get("heading") else []
            yield {key: value for key, value in block.items() if key not in ("values", "html")}


def _flat(blocks: Iterable[Record]) -> Iterator[Record]:
    """Yield blocks with the parts of several in their place; what stands above several stands above the first."""
    for block in blocks:
        if block["kind"] == "several":
            above = {key: block[key] for key in block.keys() & {"above"}}
            yield from _flat({**above, **part} if at == 0 else part for at, part in enumerate(block["blocks"]))
        else:
            yield block


def _page_starts(blocks: Sequence[Record]) -> set[int]:
    """Return which blocks begin a page: a meeting's sheet, or rather the words that lead to it."""
    sheets = [at for at, block in enumerate(blocks) if block["kind"] == "sheet"]
    return {at - (at > 0 and blocks[at - 1]["kind"] == "prose") for at in sheets}


def _heading(level: int, text: str) -> Record:
    return {"kind": "heading", "level": level, "spans": [{"type": "text", "raw": text}]}


def _words(source: str) -> Iterator[Record]:
    """Yield the words of a notebook's cell; its title stands over the chapter already."""
    import mistune

    tokens = mistune.create_markdown(renderer=None)(source)
    assert isinstance(tokens, list), "without a renderer it returns what it has read"
    for token in tokens:
        match token:
            case {"type": "heading", "attrs": {"level": level}, "children": spans} if level > 1:
                yield {"kind": "heading", "level": level, "spans": spans}
            case {"type": "paragraph" | "list" as kind}:
                yield {**token, "kind": kind}
            case {"raw": text}:
                yield {"kind": "plain", "text": text}


def _in_order(blocks: Iterable[Record]) -> Iterator[Record]:
    """Yield blocks whose headings go down one level at a time, as the standard asks."""
    level = 1
    for block in blocks:
        if block["kind"] == "heading":
            level = min(block["level"], level + 1)
            yield {**block, "level": level}
        else:
            yield block


def _table(table: Record) -> Record:
    """Return a table as the template reads it: what is written, and how wide each column is."""
    fields, total = table["schema"]["fields"], [text for text, _ in table["total"]]
    rows = table["written"] + ([total] if total else [])
    wide = widths(fields, rows)
    return {
        "kind": "table",
        "title": table["title"],
        "badge": table["badge"],
        "source": table["source"],
        "heads": [field["title"] for field in fields],
        "numbers": [field["kind"] == "number" for field in fields],
        "blank": any(field["kind"] == "blank" for field in fields),
        "widths": wide,
        # A table of two short columns is not pulled over the whole page.
        "whole": min(100, max(100 * sum(wide) / _LINE, 35)),
        "rows": [[_breakable(text) for text in row] for row in table["written"]],
        "total": total,
        "short": len(rows) <= _SHORT,
    }


def widths(fields: Sequence[Record], rows: Sequence[Sequence[str]]) -> list[float]:
    """Return how wide columns are, in letters: what their longest words need, and their share of the room that is left."""
    needs, wishes = [], []
    for at, field in enumerate(fields):
        texts = [row[at] for row in rows] or [""]
        # Lines to write on: what is decided needs more room than who does it.
        longest = (20 if at else 60) if field["kind"] == "blank" else max(map(len, texts))
        number = field["kind"] == "number"
        words = [min(len(word), _WORD) for text in texts for word in text.split()]
        # Headings are bold, and bold letters are wider.
        heading = 1.2 * max(map(len, field["title"].split()), default=1)
        needs.append(min(max(heading, *words, longest if number else 1) + 2.5, 26))
        mean = longest if field["kind"] == "blank" else 1.6 * sum(map(len, texts)) / len(texts)
        wishes.append(0 if number else min(longest, mean, 110 if field["kind"] == "long" else 60))
    wanted = [max(wish + 2.5 - need, 0) for need, wish in zip(needs, wishes, strict=True)]
    part = min(1, max(_LINE - sum(needs), 0) / (sum(wanted) or 1))
    return [need + part * want for need, want in zip(needs, wanted, strict=True)]


def _breakable(text: str) -> str:
    """Let words that are too long for a column break: addresses between their parts, all else where it must be."""
    return " ".join(_parted(word) if len(word) > _WORD else word for word in text.split(" "))


def _parted(word: str) -> str:
    # After a hyphen a line breaks by itself.
    pieces = [part[at : at + _WORD] for part in _PART.findall(word) for at in range(0, len(part), _WORD)]
    return "".join(piece if piece.endswith("-") else f"{piece}\u200b" for piece in pieces).removesuffix("\u200b")
