"""The pages of a report as one document on paper: A4, tagged, with contents, bookmarks and page numbers."""

from __future__ import annotations

import hashlib
import io
import re
from base64 import b64decode
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kla_analysis.language import t
from kla_analysis.reporting import document
from kla_analysis.reporting.document import Frame

#: Letters that a line of a table holds on A4, portrait.
_LINE = 118
#: A table of so few rows stands on one page.
_SHORT = 14
#: The same remark again, as where there is no sheet to show anything of.
_SAID_TWICE = re.compile(r'(<section class="kla-result">\s*<p class="kla-remark">[^<]*</p>\s*</section>)(?:\s*\1)+')
_PICTURE = re.compile(r'src="data:image/png;base64,([^"]*)"')


@lru_cache(maxsize=1)
def obstacle() -> str:
    """Return why no PDF can be made on this machine, in words; "" when it can."""
    try:
        # Where a library is missing it prints advice of its own, which would spoil our output.
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            import weasyprint  # noqa: F401
    except OSError as error:
        return t(
            "PDF tidak dibuat: pustaka Pango tidak ada di mesin ini ({why}). Debian/Ubuntu: sudo apt install "
            "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0.",
            why=re.sub(r"\s+", " ", str(error)).split(":")[0][:120],
        )
    except ImportError:
        return t("PDF tidak dibuat: pustaka WeasyPrint tidak terpasang. Jalankan make report sekali lagi.")
    return ""


@dataclass(frozen=True)
class _Chapter:
    """One page of the report in the PDF: its sections by id, its content."""

    id: str
    title: str
    sections: tuple[tuple[str, str], ...]
    body: str


def pdf(pages: Mapping[str, str], frame: Frame) -> bytes:
    """Return the pages as one A4 document: tagged, with contents, bookmarks and page numbers.

    Fetches nothing: pictures and letters are handed over from memory, any other address is refused.
    The letters are those of the charts, so that every machine makes the same document.
    """
    inside: dict[str, bytes] = dict(_fonts())
    chapters = [_chapter(at, file, page, frame, inside) for at, (file, page) in enumerate(pages.items(), start=1)]
    template = document.templates().get_template("document.html.j2")
    text = template.render(
        kla=frame.context(document.INDEX),
        title=document.title_of(frame),
        css=_css(),
        chapters=chapters,
        colophon=frame.colophon,
        words={
            "page": _css_text(t("Halaman")),
            "of": _css_text(t("dari")),
            "head": _css_text(f"{frame.area}, {t('putaran {year}', year=frame.year)}"),
            "badge": _css_text(t("ILUSTRATIF") if frame.illustrative else ""),
            "contents": t("Daftar isi"),
            "subject": t("Laporan Kabupaten/Kota Layak Anak"),
        },
    )
    return _render(text, inside)


def _chapter(at: int, file: str, page: str, frame: Frame, inside: dict[str, bytes]) -> _Chapter:
    """Take the content out of a page and give it what paper needs: marks to turn to, widths of columns."""
    body = page[page.index('<main id="isi">') + len('<main id="isi">') : page.rindex("</main>")]
    body = re.sub(r'<(section|div) class="[^"]*kla-screen[^"]*">.*?</\1>', "", body, flags=re.DOTALL)
    body = re.sub(r'<details class="kla-twin">.*?</details>', "", body, flags=re.DOTALL)
    sections: list[tuple[str, str]] = []

    def mark(found: re.Match[str]) -> str:
        sections.append((f"bab-{at}-{len(sections) + 1}", document.plain(found[1])))
        return f'<h2 id="{sections[-1][0]}">{found[1]}</h2>'

    def keep(found: re.Match[str]) -> str:
        data = b64decode(found[1])
        name = f"kla:{hashlib.sha256(data).hexdigest()[:16]}"
        inside[name] = data
        return f'src="{name}"'

    body = re.sub(r"<h1[^>]*>", f'<h1 id="bab-{at}">', body, count=1)
    body = re.sub(r"<h2[^>]*>(.*?)</h2>", mark, body, flags=re.DOTALL)
    body = _PICTURE.sub(keep, body)
    body = _SAID_TWICE.sub(r"\1", body)
    # What the screen needs only costs time here.
    body = re.sub(r' (?:style|data-value|data-unit|role|tabindex|aria-label)="[^"]*"', "", body)
    body = re.sub(r'(<table class="kla-table">)(.*?)(?=</table>)', _with_widths, body, flags=re.DOTALL)
    return _Chapter(f"bab-{at}", frame.titles[file], tuple(sections), body)


def _with_widths(found: re.Match[str]) -> str:
    """Give a table the widths of its columns; to work them out takes the layout longer than all else."""
    rows = [
        [(attributes, document.plain(text)) for attributes, text in document.CELL.findall(row)]
        for row in document.ROW.findall(found[2])
    ]
    needs, wishes = [], []
    for (_, heading), *column in zip(*rows, strict=True):
        texts = [text for _, text in column] or [""]
        words = [len(word) for text in texts for word in text.split()]
        number = bool(column) and 'class="number"' in column[0][0]
        # Headings are bold, and bold letters are wider.
        need = max(1.2 * max(map(len, heading.split()), default=1), *words, max(map(len, texts)) if number else 1) + 2.5
        needs.append(min(need, 26))
        wishes.append(0 if number else min(max(map(len, texts)), 1.6 * sum(map(len, texts)) / len(texts), 60))
    room = max(_LINE - sum(needs), 0)
    wanted = [max(wish + 2.5 - need, 0) for need, wish in zip(needs, wishes, strict=True)]
    part = min(1, room / (sum(wanted) or 1))
    widths = [need + part * want for need, want in zip(needs, wanted, strict=True)]
    columns = "".join(f'<col style="width:{100 * one / sum(widths):.1f}%">' for one in widths)
    # A table of two short columns is not pulled over the whole page, and a short one is not torn.
    whole = min(100, max(100 * sum(widths) / _LINE, 35))
    kind = "kla-table kla-short" if len(rows) <= _SHORT else "kla-table"
    caption, rest = found[2].split("</caption>", 1)
    return f'<table class="{kind}" style="width:{whole:.0f}%">{caption}</caption><colgroup>{columns}</colgroup>{rest}'


def _css_text(text: str) -> str:
    """Write a text as a string of CSS, every letter that could mean something else by its number."""
    return '"' + "".join(one if one.isalnum() or one == " " else f"\\{ord(one):06x} " for one in text) + '"'


def _render(text: str, inside: Mapping[str, bytes]) -> bytes:
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Inside(URLFetcher):
        """Hands over what is in memory or in the address itself, and nothing else."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> URLFetcherResponse:
            if url.startswith("data:"):
                return super().fetch(url)
            if url not in inside:
                raise ValueError(f"outside the report: {url[:80]}")
            return URLFetcherResponse(url, inside[url])

    return HTML(string=text, url_fetcher=Inside(), base_url="kla:").write_pdf(
        pdf_variant="pdf/ua-1",
        pdf_identifier=hashlib.sha256(text.encode()).hexdigest()[:32].encode(),
        cache={name: picture for name, data in inside.items() if (picture := _picture(name, data)) is not None},
    )


def _picture(name: str, data: bytes) -> Any:
    """Return a PNG with a palette as a picture that goes into the PDF as it is; None for any other.

    WeasyPrint would unpack it and pack it again, three times as large, which takes a quarter of all its time.
    PDF reads the very same packed lines; only the palette is told apart.
    """
    import pydyf
    from weasyprint.images import RasterImage

    head, chunks = data[:33], dict[bytes, bytes]()
    if head[:8] != b"\x89PNG\r\n\x1a\n" or head[24:29] != b"\x08\x03\x00\x00\x00":  # 8 bits, palette, not interlaced
        return None
    at = 8
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        chunks[kind] = chunks.get(kind, b"") + data[at + 8 : at + 8 + length]
        at += length + 12
    if b"tRNS" in chunks:
        return None

    class Packed(RasterImage):
        """A picture whose packed lines are handed on."""

        def __init__(self) -> None:
            self.id = name
            self.width, self.height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
            self.ratio = self.width / self.height
            self._dpi = None

        def get_x_object(self, interpolate: bool, dpi_ratio: float) -> pydyf.Stream:
            palette = chunks[b"PLTE"]
            return pydyf.Stream(
                [chunks[b"IDAT"]],
                {
                    "Type": "/XObject",
                    "Subtype": "/Image",
                    "Width": self.width,
                    "Height": self.height,
                    "ColorSpace": pydyf.Array(["/Indexed", "/DeviceRGB", len(palette) // 3 - 1, f"<{palette.hex()}>"]),
                    "BitsPerComponent": 8,
                    "Interpolate": "true" if interpolate else "false",
                    "Filter": "/FlateDecode",
                    "DecodeParms": pydyf.Dictionary({"Predictor": 15, "Columns": self.width}),
                },
            )

    return Packed()


@lru_cache(maxsize=1)
def _fonts() -> tuple[tuple[str, bytes], ...]:
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    names = {"kla:letters": "DejaVuSans.ttf", "kla:letters-bold": "DejaVuSans-Bold.ttf"}
    return tuple((name, (folder / file).read_bytes()) for name, file in names.items())


@lru_cache(maxsize=1)
def _css() -> str:
    return (document.TEMPLATES / "report" / "document.css").read_text(encoding="utf-8")
