"""Personal data: found before anything else is read, never repeated in a message or a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kla_analysis.evidence.intake.grid import NUMBER, TEXT, Cell, Grid, cell_name, words_of
from kla_analysis.evidence.personal import NIK, PHONE
from kla_analysis.language import t

_HEADINGS = re.compile(
    r"^(nik|no nik|nomor induk kependudukan|no kk|nomor kk|nama (anak|korban|siswa|santri|bayi|balita|peserta|ibu|ayah|orang tua)"
    r"|tanggal lahir|tgl lahir|tempat tanggal lahir|alamat( rumah)?|no (hp|wa|telepon|telp)|nomor (hp|wa|telepon))\b( anak)?$"
)


#: How many filled rows may hold the letterhead of an office, and how its address and telephone are labelled.
_LETTERHEAD = 15
_OFFICE_LABEL = re.compile(r"^(?:alamat|(?:no|nomor) (?:telepon|telp))$")
_OFFICE = re.compile(
    r"\b(?:kantor|dinas|badan|hotline|call cent(?:er|re)|uptd|sekretariat|fax|faks|telp|telepon|layanan|pengaduan)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Finding:
    """A cell that holds personal data: where, and of what sort. The value itself is kept nowhere."""

    sheet: str
    row: int
    column: int
    what: str

    @property
    def cell(self) -> str:
        """The cell, as a spreadsheet names it."""
        return cell_name(self.row, self.column)


def find_personal_data(grids: tuple[Grid, ...]) -> Iterator[Finding]:
    """Look through every filled cell of every sheet, hidden ones too."""
    for grid in grids:
        for count, (row, cells) in enumerate(grid.rows.items()):
            left = ""
            for column, (kind, text) in cells.items():
                if (what := _what(kind, text)) and not (count < _LETTERHEAD and _is_office(cells, column, left)):
                    yield Finding(grid.name, row, column, what)
                left = text


def _is_office(cells: dict[int, Cell], column: int, left: str) -> bool:
    """Whether an address or telephone is that of the office whose sheet this is: a label with its value beside it.

    A column of addresses is none, since beside its heading stands another heading; neither is a home or a person's telephone.
    """
    own = cells[column].text
    if PHONE.search(own):
        return bool(_OFFICE.search(own) or _OFFICE.search(left)) and not NIK.search(own)
    if not _OFFICE_LABEL.match(words_of(own)):
        return False
    right = next((cells[at].text.strip() for at in sorted(cells) if at > column), "")
    return right.startswith(":") or bool(re.search(r"\d|^(?:jl|jalan)\b", right, re.IGNORECASE))


def _what(kind: str, text: str) -> str:
    if len(text) >= 9 and kind in (TEXT, NUMBER):
        if NIK.search(text):
            return t("nomor induk kependudukan (NIK)")
        if kind == TEXT and PHONE.search(text):
            return t("nomor telepon seluler")
    if kind == TEXT and len(text) < 40 and _HEADINGS.match(words_of(text)):
        return t("kolom data pribadi “{heading}”", heading=words_of(text))
    return ""
