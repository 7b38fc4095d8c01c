"""Numbers as people type them: decimal comma or point by the evidence of the whole column, never a guess."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from kla_analysis.evidence.intake.grid import DATE, ERROR, FORMULA, NUMBER, PERCENT, TRUTH, Cell, clean
from kla_analysis.language import TYPED_UNITS, number, t

#: What people write where there is no answer yet. A dash is no zero, and neither is an empty cell.
_MISSING = {
    "",
    "-",
    "–",
    "—",
    "--",
    "…",
    "...",
    "n/a",
    "na",
    "n.a.",
    "tad",
    "td",
    "tidak ada data",
    "belum ada",
    "belum diisi",
    "belum ada data",
    "belum",
    "kosong",
    "?",
    "null",
    "none",
}
_MONTHS = {
    name: at
    for at, names in enumerate(
        (
            "januari jan january",
            "februari feb peb pebruari february",
            "maret mar march",
            "april apr",
            "mei may",
            "juni jun june",
            "juli jul july",
            "agustus agu agt ags agust aug august",
            "september sep sept",
            "oktober okt oct october",
            "november nov nop nopember",
            "desember des dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_GROUPS_POINT, _GROUPS_COMMA = r"\d{1,3}(?:\.\d{3})+", r"\d{1,3}(?:,\d{3})+"
#: Readable with a decimal comma only, with a decimal point only, or with either but to another value.
_COMMA = re.compile(
    rf"{_GROUPS_POINT},\d+|\d{{1,3}}(?:\.\d{{3}}){{2,}}|0\d*,\d+|\d+,(?:\d{{1,2}}|\d{{4,}})|\d{{4,}},\d+"
)
_POINT = re.compile(
    rf"{_GROUPS_COMMA}\.\d+|\d{{1,3}}(?:,\d{{3}}){{2,}}|0\d*\.\d+|\d+\.(?:\d{{1,2}}|\d{{4,}})|\d{{4,}}\.\d+"
)


@dataclass(frozen=True)
class Reading:
    """What one cell says.

    Attributes:
        value: the number; None when missing or refused.
        refused, advice: why it can not be read and what to do, else "".
        note: how it was normalised, or why it counts as missing, else "".
        is_share: it is written as a percentage; `value` is the share of one.
        is_plain: it is a text that holds a number as it is read, so that there is nothing to say of it.
    """

    value: float | None = None
    refused: str = ""
    advice: str = ""
    note: str = ""
    is_share: bool = False
    is_plain: bool = False


@dataclass(frozen=True)
class DecimalMark:
    """The decimal mark of a column: `,` or `.`, or "" where nothing decides; `why` says it in words."""

    mark: str
    why: str


def decimal_mark(cells: Iterable[Cell]) -> DecimalMark:
    """Decide the decimal mark of a column from all of its texts.

    >>> decimal_mark([Cell("s", "1.234"), Cell("s", "12,5")]).mark
    ','
    >>> decimal_mark([Cell("s", "1.234"), Cell("s", "1.500")]).mark
    ''
    """
    comma, point = [], []
    for kind, text in cells:
        if kind == "s":
            core = _core(clean(text))[0].lstrip("+-")
            if _COMMA.fullmatch(core):
                comma.append(text)
            elif _POINT.fullmatch(core):
                point.append(text)
    if len(comma) > len(point):
        return DecimalMark(",", t("koma desimal: {count} sel seperti “{sample}”", count=len(comma), sample=comma[0]))
    if len(point) > len(comma):
        return DecimalMark(".", t("titik desimal: {count} sel seperti “{sample}”", count=len(point), sample=point[0]))
    if comma:
        return DecimalMark("", t("koma dan titik desimal sama banyak: “{a}” dan “{b}”", a=comma[0], b=point[0]))
    return DecimalMark("", t("tidak ada sel yang menentukan koma atau titik desimal"))


def read_number(cell: Cell, mark: str) -> Reading:
    """Read one cell under the decimal mark of its column.

    >>> read_number(Cell("s", "1.234,50"), ",").value, read_number(Cell("s", "Rp 1.500.000,-"), ",").value
    (1234.5, 1500000.0)
    >>> read_number(Cell("s", "12.5"), ",").refused
    'titik desimal di kolom yang memakai koma desimal'
    """
    if cell.kind in (NUMBER, PERCENT):
        value = float(cell.text)
        if not math.isfinite(value):
            return Reading(refused=t("terlalu besar untuk sebuah angka"), advice=t("Periksa sel ini."))
        return Reading(value + 0.0, is_share=cell.kind == PERCENT)
    if cell.kind == ERROR or re.fullmatch(r"#(?:N/A|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!)", clean(cell.text)):
        return Reading(note=t("kesalahan rumus {error}; dihitung kosong", error=clean(cell.text)))
    if cell.kind == FORMULA:
        return Reading(refused=t("rumus tanpa hasil tersimpan"), advice=t("Buka dan simpan ulang di Excel."))
    if cell.kind == DATE:
        return Reading(
            refused=t("tanggal, bukan angka; Excel mengubah ketikan seperti 1.2 menjadi tanggal"),
            advice=t("Ubah format sel menjadi Teks atau Angka, lalu ketik lagi nilainya."),
        )
    if cell.kind == TRUTH:
        return Reading(refused=t("benar/salah, bukan angka"), advice=t("Isi poinnya."))
    return _read_text(cell.text, mark)


def _read_text(written: str, mark: str) -> Reading:
    text = clean(written)
    if text.casefold() in _MISSING:
        return Reading(note=t("“{text}” berarti belum ada jawaban, bukan nol", text=text) if text else "")
    if re.match(r"=(?![\"'])|@|[+-](?![\d.,(])", text):
        return Reading(
            refused=t("rumus yang tersimpan sebagai teks"), advice=t("Isi angkanya; rumus tidak dijalankan.")
        )
    core, factor, is_share = _core(text)
    value = _value_of(core.lstrip("+-"), mark, text)
    if isinstance(value, Reading):
        return value
    if not math.isfinite(value):
        return Reading(refused=t("terlalu besar untuk sebuah angka"), advice=t("Periksa sel ini."))
    value = (-value if core.startswith("-") else value) * factor + 0.0
    value = round(value, 10) / 100 if is_share else value
    shown = number(value * 100 if is_share else value) if abs(value) < 1e15 else text
    return Reading(
        value,
        note=t("teks “{text}” dibaca {value}", text=text, value=shown + ("%" if is_share else "")),
        is_share=is_share,
        is_plain=not is_share and bool(re.fullmatch(r"\d+(?:[.,]\d+)?", written)),
    )


def _value_of(core: str, mark: str, text: str) -> float | Reading:
    """Return the value of digits, points and commas under the decimal mark of their column, or why they have none."""
    if re.fullmatch(r"\d+", core, re.ASCII):
        return float(core)
    if not re.fullmatch(r"[\d.,]+", core, re.ASCII):
        return _no_number(text)
    if not mark:
        return Reading(
            refused=t("koma atau titik desimal tidak dapat ditentukan dari kolom ini"),
            advice=t("Tulis dengan koma desimal dan dua angka di belakangnya, misalnya 12,50."),
        )
    other = "," if mark == "." else "."
    plain = re.fullmatch(rf"\d+(?:{re.escape(mark)}\d+)?", core)
    grouped = re.fullmatch(rf"\d{{1,3}}(?:{re.escape(other)}\d{{3}})+(?:{re.escape(mark)}\d+)?", core)
    if plain or (grouped and not re.match(rf"0+{re.escape(other)}", core)):
        return float(core.replace(other, "").replace(mark, "."))
    if not re.fullmatch(rf"\d+{re.escape(other)}\d+", core):
        return _no_number(text)
    names = {",": t("koma"), ".": t("titik")}
    return Reading(
        refused=t("{other} desimal di kolom yang memakai {mark} desimal", other=names[other], mark=names[mark]),
        advice=t("Samakan tanda desimalnya di seluruh kolom."),
    )


def _no_number(text: str) -> Reading:
    if re.fullmatch(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+", text):
        what = t("bentuk ilmiah, bukan angka biasa")
    elif text.casefold() in ("nihil", "nol"):
        what = t("“{text}”: nol atau belum ada jawaban?", text=text)
    else:
        what = t("bukan angka")
    return Reading(
        refused=what, advice=t("Isi angka saja, atau kosongkan bila belum ada jawaban (kosong tidak sama dengan nol).")
    )


def _core(text: str) -> tuple[str, float, bool]:
    """Strip what surrounds a number: currency, brackets of a negative, unit words, percent, apostrophe."""
    text = text.strip().removeprefix("'")
    if quoted := re.fullmatch(r'="(.*)"', text):
        text = quoted[1]
    negative = ""
    if bracketed := re.fullmatch(r"\((.+)\)", text):
        negative, text = "-", bracketed[1]
    text = text.replace("−", "-").strip()
    text = re.sub(r"^(-?)\s*(?:rp|idr)\.?\s*(?=[\d(-])", r"\1", text, flags=re.IGNORECASE)
    text = re.sub(r",-+$", "", text)
    is_share = text.endswith("%") or bool(re.search(r"\d\s*persen$", text, re.IGNORECASE))
    text = re.sub(r"\s*(?:%|persen)$", "", text, flags=re.IGNORECASE)
    factor = 1.0
    found = re.fullmatch(r"([+-]?[\d.,]+)\s*(?:([a-zA-Z]+)\.?)", text)
    if found and found[2].casefold() in TYPED_UNITS:
        text, factor = found[1], float(TYPED_UNITS[found[2].casefold()])
    elif found and found[2].casefold() in ("poin", "point"):
        text = found[1]
    if re.fullmatch(r"[+-]?\d{1,3}( \d{3})+([.,]\d+)?", text):
        text = text.replace(" ", "")
    return negative + text, factor, is_share


def month_number(word: str) -> int:
    """Return the number of a month by its name in whatever spelling; 0 for any other word."""
    return _MONTHS.get(word.casefold(), 0)


def read_date(cell: Cell) -> str | None:
    """Return a date as `2024-01-02`, day first as Indonesia writes it; None when it is none.

    >>> [read_date(Cell("s", text)) for text in ("02/01/2024", "2 Januari 2024", "2 Agt 24", "31/02/2024")]
    ['2024-01-02', '2024-01-02', '2024-08-02', None]
    """
    import datetime

    text = clean(cell.text)
    if found := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        year, month, day = map(int, found.groups())
    elif found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})", text):
        day, month, year = map(int, found.groups())
    elif found := re.fullmatch(r"(?:\w+, )?(\d{1,2})[ -]([A-Za-z]+)\.?[ -](\d{4}|\d{2})", text):
        day, year = int(found[1]), int(found[3])
        month = _MONTHS.get(found[2].casefold(), 0)
    else:
        return None
    try:
        return datetime.date(year + 2000 if year < 100 else year, month, day).isoformat()
    except ValueError:
        return None
