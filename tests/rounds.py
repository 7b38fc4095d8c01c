"""A round of worksheets as offices play it: worksheets filled in, saved by another program, sent back in parts."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl

from kla_analysis.evidence.worksheets import Round, Unit, open_round
from kla_analysis.showing.worksheets import file_names, write_worksheets

DUE, IN_TIME = "2025-03-31", "2025-03-20"
SUBDISTRICTS = ("Batulicin", "Satui", "Simpang Empat")
#: The heads of the columns that are filled in.
HEADS = {
    "score": "Nilai",
    "evidence_state": "Status bukti",
    "evidence_link": "Tautan atau nama berkas",
    "note": "Keterangan",
    "lead": "Pengampu",
    "contributing": "Pendukung",
    "max": "Nilai maksimal",
}


def half(own: Round, unit: Unit) -> dict[str, dict]:
    """Half of every maximum, whole evidence."""
    return {
        code: {"score": round(most * 0.5, 2), "evidence_state": "lengkap", "evidence_link": f"{code}.pdf"}
        for code, most in own.questions_of(unit)["max_points"].items()
    }


def fill(path: Path, out: Path, answers: dict[str, dict], sent: str = IN_TIME) -> Path:
    """Fill a worksheet in as a person does, and save it under another name."""
    book = openpyxl.load_workbook(path)
    sheet = book["Isian"]
    (head,) = [row for row in sheet.iter_rows() if row[0].value == "Kode"]
    at = {cell.value: cell.column for cell in head}
    for row in sheet.iter_rows(min_row=head[0].row + 1):
        for name, value in answers.get(row[0].value, {}).items():
            sheet.cell(row[0].row, at[HEADS[name]]).value = value
    (day,) = [row[1] for row in sheet.iter_rows(max_row=head[0].row) if row[0].value == "Diisi tanggal"]
    day.value = datetime.date.fromisoformat(sent)
    out.parent.mkdir(parents=True, exist_ok=True)
    book.save(out)
    return out


class Played:
    """Worksheets of one round, ready to be filled in by the code of their unit."""

    def __init__(self, folder: Path, area: str = "63.10") -> None:
        self.own = open_round(area, 2025, due=DUE, subdistricts=SUBDISTRICTS)
        self.folder = folder / "keluar"
        write_worksheets(self.own, self.folder)
        self.files = {(unit.kind, unit.code): (unit, self.folder / name) for unit, name in file_names(self.own)}

    def send(
        self,
        kind: str,
        code: str,
        out: Path,
        changes: dict[str, dict] | None = None,
        *,
        only: int | None = None,
        sent: str = IN_TIME,
    ) -> Path:
        """Send the worksheet of a unit back, half of everything but for the changes; `only` so many of its questions."""
        unit, path = self.files[kind, code]
        answers = dict(list(half(self.own, unit).items())[:only])
        for question, said in (changes or {}).items():
            answers[question] = {**answers.get(question, {}), **said}
        return fill(path, out, answers, sent)


def first_deliveries(played: Played, folder: Path) -> list[Path]:
    """Send in what came back first: two agencies contradict each other, one is late, one has promised its evidence only."""
    promised = {code: {"evidence_state": "dijanjikan", "evidence_link": None} for code in ("8.1", "8.2", "8.3")}
    special = {"Dinkes": {"17.5": {"score": 1.5}}, "Dinsos": promised}
    late = {"Disnaker": "2025-04-02"}
    offices = ("Dinkes", "Bapenda", "Dinsos", "Disdikbud", "Disnaker", "Forum Anak Daerah", "Dinas Pariwisata")
    return [
        played.send("agency", code, folder / f"{code}.xlsx", special.get(code), sent=late.get(code, IN_TIME))
        for code in offices
    ]


def almost_all(played: Played, folder: Path) -> list[Path]:
    """Send in what all offices but four know; of a third of the questions the evidence is not whole, of some it is missing."""
    whole, part = {"evidence_state": "lengkap"}, {"evidence_state": "belum lengkap", "evidence_link": None}
    states = (whole, whole, part, whole, {**part, "evidence_state": "dijanjikan"}, whole)
    all_of = {code: states[at % len(states)] for at, code in enumerate(played.own.rules.questions.index)}
    missing = {"Dishub", "Kesbangpol", "Dunia Usaha", ""}
    special = {"Dinkes": {"17.5": {"score": 1.5}}}
    return [
        played.send(
            kind,
            code,
            folder / f"{kind} {code}.xlsx",
            {
                question: {**all_of[question], **special.get(code, {}).get(question, {})}
                for question in played.own.questions_of(unit).index
            },
            sent="2025-04-02" if code == "Disnaker" else IN_TIME,
        )
        for (kind, code), (unit, _) in played.files.items()
        if code not in missing
    ]
