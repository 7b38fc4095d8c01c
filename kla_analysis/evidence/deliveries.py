"""Deliveries: one worksheet that came back, read row by row; what can not be taken is listed and costs no other row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice

from kla_analysis.errors import DataError
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid, cell_name, clean
from kla_analysis.evidence.intake.header import Header, find_header
from kla_analysis.evidence.intake.names import Names, names_of
from kla_analysis.evidence.intake.numbers import DecimalMark, decimal_mark, read_date, read_number
from kla_analysis.evidence.intake.privacy import find_personal_data
from kla_analysis.evidence.intake.proofs import read_proof, together
from kla_analysis.evidence.intake.titles import labelled
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import STATES
from kla_analysis.evidence.worksheets import COORDINATOR, Identity, Round, Unit
from kla_analysis.language import number, t
from kla_analysis.reading import MADE

#: The name of the custom property of a worksheet's document; the same text stands in a cell.
PROPERTY = "kla-worksheet"
#: What a unit says of a question; the texts of several units add up, and the coordinator alone says who owns it by when.
SCORE, STATE = "score", "evidence_state"
ADDED, DECREED = ("evidence_link", "legal_basis", "note"), ("lead", "contributing", "due")
FIELDS = (SCORE, STATE, *ADDED, *DECREED)
#: The longest text that one cell may hold.
_LONGEST = 2000
_TOLERANCE = 0.005
Value = str | float


@dataclass(frozen=True)
class Refused:
    """A row or a whole file that was not taken: where, what stood there, why, and what to do."""

    file: str
    unit: str
    cell: str
    code: str
    value: str
    reason: str
    advice: str


@dataclass(frozen=True)
class Delivery:
    """One worksheet that came back.

    Attributes:
        identity: what it says of itself.
        sent: the day on which it was filled in, as it says itself, else on which its file was saved; "" where neither is known.
        moment: when its file was saved, as the file says, to order deliveries of one day; "" where it does not.
        due: the day until which it was to be back, as it says itself.
        answers: by question what it says, by field (`FIELDS`); nothing for an empty cell.
        refused: its rows that were not taken.
    """

    identity: str
    file: str
    sha256: str
    sent: str
    moment: str
    due: str
    answers: dict[str, dict[str, Value]]
    refused: tuple[Refused, ...] = ()

    @property
    def order(self) -> tuple[str, str]:
        """By what deliveries follow one another; the order in which they are collected plays no part."""
        return (self.sent, self.moment)

    @property
    def is_blank(self) -> bool:
        """Whether nobody has filled it in: it was never saved since it was made, or says nothing."""
        return self.moment.startswith(MADE.isoformat()[:19]) or not (self.answers or self.refused)

    @property
    def about(self) -> Identity:
        """Return its identity in parts."""
        found = Identity.read(self.identity)
        assert found is not None, "a delivery is only kept with its identity"
        return found

    def to_bytes(self) -> bytes:
        """Return it as it is kept; equal deliveries give equal bytes."""
        return (json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes, shown: str) -> Delivery:
        """Read what `to_bytes` wrote.

        Raises:
            DataError: somebody has changed or cut it.
        """
        try:
            told = json.loads(content)
            one = cls(**{**told, "refused": tuple(Refused(**row) for row in told["refused"])})
            if Identity.read(one.identity) is None or not all(_is_said(said) for said in one.answers.values()):
                raise ValueError
            return one
        except (ValueError, TypeError, KeyError, AttributeError):
            raise DataError(
                t("{file}: penyerahan yang disimpan ini rusak.", file=shown),
                advice=t("Hapus berkas itu, lalu kumpulkan lagi lembar kerja aslinya."),
            ) from None


def _is_said(said: Mapping[str, Value]) -> bool:
    """Whether this is what a row can say: known fields, a number for the score and the evidence in one of its states."""
    texts = all(isinstance(value, str) for name, value in said.items() if name != SCORE)
    numbers = isinstance(said.get(SCORE, 0.0), float | int) and said.get(STATE, STATES[0]) in STATES
    return texts and numbers and said.keys() <= set(FIELDS)


def read_delivery(raw: bytes, file: str, own: Round, reader: Reader) -> Delivery:
    """Read a worksheet that came back; rows that can not be taken are listed in it.

    Args:
        raw: its content.
        file: its name.

    Raises:
        DataError: it is no worksheet of this round, can not be read, or holds personal data.
    """
    book = reader.read(file, guard.look_at(raw, file))
    if places := [f"{one.sheet} {one.cell} ({one.what})" for one in islice(find_personal_data(book.grids), 5)]:
        raise DataError(
            t("data pribadi di {places}", places=", ".join(places)),
            advice=t("Hapus data pribadi dari lembar, simpan, lalu kumpulkan lagi."),
        )
    names = names_of(own.rules)
    grid, identity = _identity(book, own, names)
    header = find_header(grid, names)
    if header is None or "code" not in header.columns or not header.scores:
        raise DataError(
            t("tabel isian tidak ditemukan"), advice=t("Jangan menghapus kepala tabel; isi lagi dari lembar aslinya.")
        )
    answers, refused = _Rows(file, grid, header, own, identity).read()
    moment = book.properties.get("modified", "")
    filled = labelled(grid, header, "filled_on")
    sent = moment[:10] if filled is None else read_date(filled) or ""
    if filled is not None and not sent:
        # A day that nobody can read is told, and its answers give way to all that have one.
        advice = t("Tulis tanggal seperti 2025-03-31; sampai itu lembar ini dianggap yang terlama.")
        refused = [
            *refused,
            Refused(
                masked(file),
                identity.unit,
                "",
                "",
                masked(clean(filled.text)),
                t("tanggal isian tidak terbaca"),
                advice,
            ),
        ]
    return Delivery(
        identity=str(identity),
        file=masked(file),
        sha256=hashlib.sha256(raw).hexdigest(),
        sent=sent,
        moment=moment,
        due=_day(grid, header, "due"),
        answers=answers,
        refused=tuple(refused),
    )


def _day(grid: Grid, header: Header, role: str) -> str:
    """Return the day that stands beside a label above the table; "" where there is none."""
    cell = labelled(grid, header, role)
    return (read_date(cell) or "") if cell is not None else ""


def _identity(book: Book, own: Round, names: Names) -> tuple[Grid, Identity]:
    """Return the sheet to read and what it says of itself: in a cell, else in the properties of its document."""
    found = [
        (grid, identity)
        for grid in book.grids
        for cells in list(grid.rows.values())[:40]
        for cell in cells.values()
        if cell.kind == TEXT and (identity := Identity.read(clean(cell.text)))
    ]
    kept = Identity.read(book.properties.get(PROPERTY, ""))
    if not found and kept is not None:
        grid = next((one for one in book.grids if find_header(one, names)), None)
        found = [(grid, kept)] if grid is not None else []
    if not found:
        raise DataError(
            t("bukan lembar kerja putaran: identitasnya tidak ada"),
            advice=t(
                "Kirim lembar dari kla worksheets yang sudah diisi; lembar evaluasi lain dibaca dengan kla import."
            ),
        )
    grid, identity = found[0]
    said = {one for _, one in found} | ({kept} if kept else set())
    if len(said) > 1:
        raise DataError(
            t("berisi lembar kerja dari {count} lembaga", count=len(said)),
            advice=t("Satu berkas satu lembar kerja; isi lagi di berkas aslinya."),
        )
    require_own(identity, own)
    return grid, identity


def require_own(identity: Identity, own: Round) -> None:
    """Refuse a worksheet of another district, round or instrument."""
    for there, here, what in (
        (identity.area, own.area.code, t("daerah")),
        (identity.year, own.year, t("tahun")),
        (identity.stage, own.stage, t("tahap")),
        (identity.instrument, own.rules.id, t("instrumen")),
    ):
        if there != here:
            raise DataError(
                t("lembar ini untuk {what} {there}, bukan {here}", what=what, there=there, here=here),
                advice=t("Simpan di folder putarannya sendiri."),
            )
    if own.identity_of(Unit(identity.kind, identity.unit, "")).digest != identity.digest:
        raise DataError(
            t("lembar ini dibuat dari instrumen dengan nilai maksimal lain, atau identitasnya berubah"),
            advice=t("Buat lembar baru dengan kla worksheets, lalu salin isinya."),
        )


class _Rows:
    """Reads the rows of one worksheet."""

    def __init__(self, file: str, grid: Grid, header: Header, own: Round, identity: Identity) -> None:
        self.file, self.grid, self.header, self.own, self.identity = masked(file), grid, header, own, identity
        self.score = next((one.at for one in header.scores if not one.year and not one.stage), header.scores[0].at)
        self.mark: DecimalMark = decimal_mark(
            cells[self.score] for row, cells in grid.rows.items() if row > header.last and self.score in cells
        )
        self.refused: list[Refused] = []

    def read(self) -> tuple[dict[str, dict[str, Value]], list[Refused]]:
        """Return what every question says, and what was refused; of a question that stands twice nothing is taken."""
        answers: dict[str, dict[str, Value]] = {}
        rows: dict[str, int] = {}
        for row, cells in self.grid.rows.items():
            cell = cells.get(self.header.columns["code"])
            if row <= self.header.last or cell is None:
                continue
            code = clean(cell.text)
            if code not in self.own.rules.questions.index:
                if self._is_filled(cells):
                    self._refuse(
                        row,
                        "code",
                        code,
                        code,
                        t("kode ini tidak ada di lembar kerja"),
                        t("Jangan menambah baris; isi baris yang ada."),
                    )
            elif code in rows:
                self._refuse(
                    row,
                    "code",
                    code,
                    code,
                    t("sudah ada di baris {first}", first=rows[code]),
                    t("Hapus salah satu; satu pertanyaan satu baris."),
                )
                answers.pop(code, None)
            else:
                rows[code] = row
                if said := self._row(row, code, cells):
                    answers[code] = said
        return answers, self.refused

    def _is_filled(self, cells: Mapping[int, Cell]) -> bool:
        return bool(clean(cells[self.score].text)) if self.score in cells else False

    def _refuse(self, row: int, role: str | int, code: str, value: object, reason: str, advice: str) -> None:
        at = role if isinstance(role, int) else self.header.columns[role]
        shown = masked(clean(str(value)))[:120]
        self.refused.append(
            Refused(self.file, self.identity.unit, cell_name(row, at), code[:40], shown, reason, advice)
        )

    def _row(self, row: int, code: str, cells: Mapping[int, Cell]) -> dict[str, Value]:
        """Return what one row says; nothing where its maximum was changed."""
        most = float(self.own.rules.questions.loc[code, "max_points"])
        printed = cells.get(self.header.columns.get("max", 0))
        if printed is not None:
            found = read_number(printed, self.mark.mark).value
            if found is None or abs(found - most) > _TOLERANCE:
                reason = t("nilai maksimal {code} diubah; semestinya {most}", code=code, most=number(most))
                self._refuse(
                    row, "max", code, printed.text, reason, t("Kembalikan nilai maksimalnya; baris ini tidak diambil.")
                )
                return {}
        said: dict[str, Value] = {}
        score = self._score(row, code, cells.get(self.score), most)
        if score is not None:
            said[SCORE] = score
        return said | self._proof(row, code, cells)

    def _score(self, row: int, code: str, cell: Cell | None, most: float) -> float | None:
        if cell is None:
            return None
        reading = read_number(cell, self.mark.mark if cell.kind == TEXT else "")
        value, reason, advice = reading.value, reading.refused, reading.advice
        if value is not None and reading.is_share:
            reason, advice = t("persen, bukan poin"), t("Isi poinnya, paling banyak {most}.", most=number(most))
        elif value is not None and not 0 <= value <= most + 1e-9:
            reason = t("di luar 0 sampai {most}", most=number(most))
            advice = t("Isi paling banyak {maximum}.", maximum=number(most))
        if reason:
            self._refuse(row, self.score, code, cell.text, reason, advice)
            return None
        return value

    def _proof(self, row: int, code: str, cells: Mapping[int, Cell]) -> dict[str, Value]:
        """Return what a row says of the evidence and its note; owners and due dates only where the coordinator says them."""
        own = {
            role: cells[at]
            for role, at in self.header.columns.items()
            if at in cells and (role in FIELDS or role == "evidence")
        }
        if self.identity.kind != COORDINATOR:
            own = {role: cell for role, cell in own.items() if role not in DECREED}
        for role, cell in list(own.items()):
            if len(cell.text) > _LONGEST:
                self._refuse(
                    row, role, code, cell.text, t("lebih dari {most} huruf", most=_LONGEST), t("Singkatkan isinya.")
                )
                del own[role]
        said = list(read_proof(own, self.own.rules))
        for one in said:
            if one.refused:
                self._refuse(row, one.role, code, own[one.role].text, one.refused, one.advice)
        note = {"note": clean(own["note"].text)} if "note" in own and clean(own["note"].text) else {}
        return {**together(said), **note}
