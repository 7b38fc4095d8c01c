"""Worksheets on paper and in Excel: one workbook an office, its own questions, last round beside them, cells to fill in."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.errors import OutputError, called
from kla_analysis.evidence.deliveries import PROPERTY
from kla_analysis.evidence.intake.guard import safe_name
from kla_analysis.evidence.proof import STATES, state_name
from kla_analysis.evidence.worksheets import COORDINATOR, Round, Unit, leads_of
from kla_analysis.files import why_not
from kla_analysis.language import number, t
from kla_analysis.reading import write_whole
from kla_analysis.showing.template import new_workbook, row_height

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: The row of the heads, counted from 0, and the cell in which the office writes the day.
_HEAD, _FILLED_ON = 11, (6, 1)
_POINTS = "#,##0.##"
#: States that an office may claim; that its evidence was accepted or rejected is for the verifier and the coordinator to say.
_CLAIMED = ("none", "promised", "incomplete", "complete")


@dataclass(frozen=True)
class _Column:
    """One column of a worksheet: what stands in it, its head, how wide it is, and who may write in it."""

    key: str
    title: str
    width: float
    open_to: tuple[str, ...] = ()


def _columns(with_state: bool) -> list[_Column]:
    everybody, coordinator = ("agency", "subdistrict", COORDINATOR), (COORDINATOR,)
    return [
        _Column("code", t("Kode"), 13),
        _Column("name", t("Pertanyaan"), 36),
        _Column("max", t("Nilai maksimal"), 9),
        _Column("last", t("Putaran lalu"), 9),
        *([_Column("last_state", t("Bukti putaran lalu"), 11)] if with_state else []),
        _Column("score", t("Nilai"), 9, everybody),
        _Column("evidence_state", t("Status bukti"), 13, everybody),
        _Column("evidence_link", t("Tautan atau nama berkas"), 26, everybody),
        _Column("legal_basis", t("Dasar hukum"), 18, everybody),
        _Column("note", t("Keterangan"), 20, everybody),
        _Column("lead", t("Pengampu"), 12, coordinator),
        _Column("contributing", t("Pendukung"), 27, coordinator),
        _Column("due", t("Tenggat"), 11, coordinator),
        _Column("lacking", t("Yang masih kurang"), 14),
    ]


def write_worksheets(own: Round, folder: Path, *, replace_old: bool = False) -> list[tuple[Unit, Path]]:
    """Write one workbook for everybody who answers something, and return who gets which.

    Raises:
        OutputError: a file of that name is there with something else in it, or the folder can not be written.
    """
    books = [(unit, folder / name, worksheet(own, unit)) for unit, name in file_names(own)]
    there = [path.name for _, path, content in books if path.exists() and path.read_bytes() != content]
    if there and not replace_old:
        raise OutputError(
            t("Sudah ada dan isinya lain: {files}.", files=", ".join(there[:5]) + ("…" if len(there) > 5 else "")),
            advice=t(
                "Mungkin sudah diisi. Pilih folder lain dengan {out}, atau pakai {replace}.",
                out=called("out"),
                replace=called("replace"),
            ),
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for _, path, content in books:
            write_whole(path, content)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder, why=why_not(error)),
            advice=t("Pilih folder lain dengan {out}.", out=called("out")),
        ) from error
    return [(unit, path) for unit, path, _ in books]


def file_names(own: Round) -> Iterable[tuple[Unit, str]]:
    """Name the file of every unit so that its office knows it, each name once."""
    taken: set[str] = set()
    for unit in own.units:
        if not len(own.questions_of(unit)):
            continue
        stem = safe_name(f"{own.area.code.replace('.', '')}-{own.year} {unit.name}")
        name = next(one for one in (stem, *(f"{stem}_{at}" for at in range(2, 99))) if one.casefold() not in taken)
        taken.add(name.casefold())
        yield unit, f"{name}.xlsx"


def worksheet(own: Round, unit: Unit) -> bytes:
    """Return the workbook of one unit; the same round and unit give the same bytes.

    Text from data is never a formula; what is not to be filled in is locked.
    """
    book, buffer = new_workbook(t("Lembar kerja KLA {year}: {name}", year=own.year, name=unit.name))
    identity = str(own.identity_of(unit))
    book.set_custom_property(PROPERTY, identity)
    _Sheet(book, own, unit).write(identity)
    book.close()
    return buffer.getvalue()


class _Sheet:
    """Writes the sheet of one unit, and behind it how to fill it in."""

    def __init__(self, book: Workbook, own: Round, unit: Unit) -> None:
        self.book, self.own, self.unit = book, own, unit
        last = own.before.proof if own.before else None
        self.columns = _columns(last is not None and bool(last["evidence_state"].notna().any()))
        self.at = {column.key: at for at, column in enumerate(self.columns)}
        self.questions = own.questions_of(unit)
        self.leads = leads_of(own.rules, own.proof)

        def style(**properties: object) -> Format:
            return book.add_format({"valign": "top", "font_size": 11, "text_wrap": True, **properties})

        line = {"bottom": 4, "bottom_color": "#9AA5B1"}
        entry = {"locked": False, "bg_color": "#FFFBE6", "border": 1, "border_color": "#8A7A2E"}
        self.title, self.strong, self.text = (
            style(bold=True, font_size=14, text_wrap=False),
            style(bold=True, text_wrap=False),
            style(**line),
        )
        self.plain, self.faint = style(text_wrap=False), style(font_color="#52606D", font_size=8, text_wrap=False)
        self.plain_text = style()
        self.head = style(bold=True, bottom=2, bg_color="#E8EEF4")
        self.points, self.day = (
            style(**line, num_format=_POINTS),
            style(**line, num_format="dd/mm/yyyy", align="left", indent=1),
        )
        self.entry, self.entry_points = style(**entry), style(**entry, num_format=_POINTS)
        self.entry_day = style(**entry, num_format="dd/mm/yyyy", align="left")
        self.group = style(bold=True, bg_color="#F2F5F8", top=1, text_wrap=False)

    def write(self, identity: str) -> None:
        """Write both sheets."""
        sheet = self.book.add_worksheet(t("Isian"))
        last = self._rows(sheet)
        self._top(sheet, identity, last)
        self._guide(self.book.add_worksheet(t("Petunjuk")))
        sheet.freeze_panes(_HEAD + 1, 2)
        sheet.autofilter(_HEAD, 0, last, len(self.columns) - 1)
        allowed = (
            "format_columns",
            "format_rows",
            "select_locked_cells",
            "select_unlocked_cells",
            "autofilter",
            "sort",
        )
        sheet.protect("", dict.fromkeys(allowed, True))
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.set_margins(0.4, 0.4, 0.5, 0.6)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEAD)
        sheet.print_area(0, 0, last, len(self.columns) - 1)
        sheet.set_footer("&L&8&F&R&8&P / &N")

    def _top(self, sheet: Worksheet, identity: str, last: int) -> None:
        """Write whose worksheet it is, until when, and what it is known by."""
        own = self.own
        for at, column in enumerate(self.columns):
            sheet.set_column(at, at, column.width)
            sheet.write_string(_HEAD, at, column.title, self.head)
        sheet.set_row(_HEAD, 33)
        sheet.set_row(0, 24)
        sheet.write_string(0, 0, t("Lembar kerja KLA {year}: {name}", year=own.year, name=self.unit.name), self.title)
        about = (
            (t("Kode wilayah"), f"{own.area.code} {own.area.name}"),
            (t("Tahun"), str(own.year)),
            (t("Tahap"), own.rules.stage(own.stage).name),
            (t("Lembaga"), self.unit.name),
        )
        for row, (label, text) in enumerate(about, start=1):
            sheet.write_string(row, 0, label, self.strong)
            sheet.write_string(row, 1, text, self.plain)
        sheet.write_string(5, 0, t("Tenggat"), self.strong)
        if own.due:
            sheet.write_datetime(5, 1, datetime.datetime.fromisoformat(own.due), self.day)
        sheet.write_string(_FILLED_ON[0], 0, t("Diisi tanggal"), self.strong)
        sheet.write_blank(*_FILLED_ON, None, self.entry_day)
        sheet.data_validation(
            *_FILLED_ON,
            *_FILLED_ON,
            {
                "validate": "date",
                "criteria": ">",
                "value": datetime.date(2011, 1, 1),
                "error_message": t("Isi tanggal lembar ini diisi."),
            },
        )
        first = f"{_letter(self.at['score'])}{_HEAD + 2}:{_letter(self.at['score'])}{last + 1}"
        sheet.write_string(7, 0, t("Terisi"), self.strong)
        sheet.write_formula(
            7, 1, f'=COUNT({first})&" / {len(self.questions)}"', self.plain, f"0 / {len(self.questions)}"
        )
        sheet.write_string(8, 0, t("Putaran lalu"), self.strong)
        sheet.write_string(8, 1, self._before(), self.plain)
        sheet.write_string(9, 0, t("Identitas lembar, jangan diubah:") + " ", self.faint)
        sheet.write_string(9, 3, identity, self.faint)

    def _before(self) -> str:
        """Say which round stands beside, and whether its numbers are the district's own."""
        before = self.own.before
        if before is None:
            return t("tidak ada lembarnya")
        said = t("{year}, {stage}", year=before.award_year, stage=self.own.rules.stage(before.stage).name)
        return said + (t("; angka ilustratif, bukan nilai daerah ini") if before.origin.illustrative else "")

    def _rows(self, sheet: Worksheet) -> int:
        """Write the questions under their indicators; return the last row."""
        row = _HEAD
        for indicator, questions in self.questions.groupby("indicator_code", sort=False):
            row += 1
            sheet.set_row(row, 18)
            name = self.own.rules.indicators.loc[indicator, "name"]
            sheet.write_string(row, 0, "", self.group)
            sheet.write_string(row, 1, t("Indikator {code}: {name}", code=indicator, name=name), self.group)
            for at in range(2, len(self.columns)):
                sheet.write_blank(row, at, None, self.group)
            for code, question in questions.iterrows():
                row += 1
                self._question(sheet, row, str(code), question)
        return row

    def _question(self, sheet: Worksheet, row: int, code: str, question: pd.Series) -> None:
        most = float(question["max_points"])
        values = self._values(code, question)
        widths = {column.key: column.width for column in self.columns}
        heights = [
            row_height(str(values.get(key) or ""), widths[key] - 1)
            for key in ("name", "contributing", "lead", "legal_basis")
        ]
        sheet.set_row(row, max(heights) * 1.1)
        for at, column in enumerate(self.columns):
            self._cell(sheet, row, at, column, values.get(column.key))
        score, state = self.at["score"], self.at["evidence_state"]
        sheet.data_validation(
            row,
            score,
            row,
            score,
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": 0,
                "maximum": most,
                "error_title": t("Nilai {code}", code=code),
                "error_message": t("Isi angka dari 0 sampai {most}, atau kosongkan.", most=number(most)),
            },
        )
        states = STATES if self.unit.kind == COORDINATOR else _CLAIMED
        sheet.data_validation(
            row, state, row, state, {"validate": "list", "source": [state_name(one) for one in states]}
        )

    def _cell(self, sheet: Worksheet, row: int, at: int, column: _Column, value: Any) -> None:
        """Write one cell; where the unit may write, as an entry."""
        may = self.unit.kind in column.open_to
        points, text = (self.entry_points, self.entry) if may else (self.points, self.text)
        number_like = column.key in ("max", "last", "score")
        if column.key == "lacking":
            sheet.write_formula(row, at, self._lacking(row), self.text, self._lacks())
        elif column.key == "due":
            self._write_day(sheet, row, at, value, self.entry_day if may else self.day)
        elif value is None or value == "":
            sheet.write_blank(row, at, None, points if number_like else text)
        elif number_like:
            sheet.write_number(row, at, value, points)
        else:
            sheet.write_string(row, at, value, text)

    def _write_day(self, sheet: Worksheet, row: int, at: int, day: str | None, look: Format) -> None:
        if day:
            sheet.write_datetime(row, at, datetime.datetime.fromisoformat(day), look)
        else:
            sheet.write_blank(row, at, None, look)

    def _values(self, code: str, question: pd.Series) -> dict[str, Any]:
        """Return what stands in the row of a question beforehand: the round before, its owners, what still holds."""
        known, before = self.own.proof.loc[code], self.own.before
        last = float(before.scores[code]) if before and before.scores[code] == before.scores[code] else None
        state = before.proof["evidence_state"].get(code) if before else None
        lead = self.leads.get(code)
        others = (
            [one for one in self.own.owners[code] if one not in (lead, self.unit.code)]
            if self.unit.kind != COORDINATOR
            else [one for one in self.own.owners[code] if one != lead]
        )
        return {
            "code": code,
            "name": question["name"],
            "max": float(question["max_points"]),
            "last": last,
            "last_state": state_name(state) if isinstance(state, str) else None,
            "legal_basis": _text(known["legal_basis"]),
            "lead": lead,
            "contributing": "; ".join(others) or None,
            "due": _text(known["due"]) or self.own.due or None,
        }

    def _lacking(self, row: int) -> str:
        """Return the formula that says what a row still lacks."""
        score, state, link = (
            f"{_letter(self.at[key])}{row + 1}" for key in ("score", "evidence_state", "evidence_link")
        )
        value, proof, place = self._lacks().split(", ")
        return f'=IF({score}="","{value}, ","")&IF({state}="","{proof}, ","")&IF({link}="","{place}","")'

    def _lacks(self) -> str:
        return ", ".join((t("nilai"), t("status bukti"), t("tautan")))

    def _guide(self, sheet: Worksheet) -> None:
        sheet.set_column(0, 0, 110, self.plain_text)
        sheet.write_string(0, 0, t("Cara mengisi"), self.title)
        for row, line in enumerate(_guide(self.own, self.unit), start=2):
            sheet.set_row(row, row_height(line, 100) * 1.1)
            sheet.write_string(row, 0, line, self.plain_text)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.protect()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _letter(column: int) -> str:
    from kla_analysis.evidence.intake.grid import column_name

    return column_name(column + 1)


def _guide(own: Round, unit: Unit) -> list[str]:
    coordinator = t(
        "Lembar koordinator memutuskan: nilainya berlaku bila jawaban lembaga berbeda; di sini pula pengampu, pendukung, dan tenggat ditetapkan."
    )
    return [
        t(
            "Isi sel kuning saja. Nilai: angka dari 0 sampai nilai maksimalnya; kosong berarti belum dijawab, bukan nol."
        ),
        t(
            "Status bukti: pilih dari daftar. Tautan atau nama berkas: tempat buktinya disimpan; satu bukti untuk satu jawaban."
        ),
        t("Dasar hukum: nomor dan tahun peraturannya. Keterangan: apa yang perlu diketahui koordinator."),
        t(
            "Jenis dokumen yang diminta tiap pertanyaan tidak disebut di salinan instrumen ini; lihat petunjuk teknis kementerian."
        ),
        t(
            "Isi tanggal pengisian di atas. Boleh dikirim sebagian, lalu dikirim lagi: yang terakhir berlaku, sel kosong tidak menghapus."
        ),
        t(
            "Nama berkas boleh diubah. Jangan mengubah identitas, kode, dan nilai maksimal; baris yang diubah tidak diambil."
        ),
        t(
            "Jangan menulis nama anak, NIK, atau nomor telepon; berkas yang memuatnya ditolak. Sebut kantornya, bukan orangnya."
        ),
        *([coordinator] if unit.kind == COORDINATOR else []),
        t(
            "Instrumen: {id}. Koordinator mengumpulkannya dengan: kla collect FOLDER --area {area} --year {year}",
            id=own.rules.id,
            area=own.area.code,
            year=own.year,
        ),
    ]
