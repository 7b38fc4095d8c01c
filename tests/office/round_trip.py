"""Our own sheet and catalogue, opened, worked on and saved again in LibreOffice: every value comes back. `make office`.

LibreOffice is not part of the environment; without it these fail, they are not left out. WPS writes the same containers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

import kla_analysis as kla
from kla_analysis.evidence.areas import find_area
from kla_analysis.evidence.collect import collect
from kla_analysis.evidence.intake.sheet import read_sheet
from kla_analysis.evidence.worksheets import open_round
from kla_analysis.planning.actions import load_catalogue, write_template
from kla_analysis.showing.template import template_workbook
from kla_analysis.showing.worksheets import worksheet

OFFICE = os.environ.get("KLA_OFFICE") or shutil.which("soffice") or "soffice"
#: LibreOffice's bridge belongs to the Python of the system.
PYTHON = os.environ.get("KLA_OFFICE_PYTHON", "/usr/bin/python3")
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><item oor:path="/org.openoffice.Setup/L10N">
<prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>{language}</value></prop></item></oor:items>"""


def drive(folder: Path, language: str, *jobs: dict) -> None:
    """Let LibreOffice do these jobs with the settings of a language."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS.format(language=language), encoding="utf-8")
    asked = {"office": OFFICE, "profile": str(profile), "jobs": jobs}
    done = subprocess.run(
        [PYTHON, str(Path(__file__).with_name("drive.py"))],
        input=json.dumps(asked),
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def _typed(sheet: Path, instrument, mark: str) -> tuple[dict[str, float], dict]:
    """Return scores for most questions of our sheet, and the job that types them in with a decimal mark."""
    rows = list(openpyxl.load_workbook(sheet)["Isian"].iter_rows(min_col=1, max_col=1, values_only=True))
    wanted, typed = {}, []
    for at, (code,) in enumerate(rows):
        if code in instrument.questions.index and at % 11:
            wanted[code] = round(float(instrument.questions.loc[code, "max_points"]) * (at % 7) / 6, 2)
            typed.append((at, 3, f"{wanted[code]:g}".replace(".", mark)))
    return wanted, {
        "file": str(sheet),
        "sheet": "Isian",
        "head": 5,
        "last": len(rows) - 1,
        "width": 6,
        "type": typed,
    }


WORK = {
    "saved": {},
    "moved": {"move": [(3, 0), (3, 1)]},
    "filtered": {"filter": 3},
}
CONTAINERS = ("xlsx", "ods", "xls", "csv", "html")


@pytest.mark.parametrize("language", ["id-ID", "en-US"])
def test_our_sheet_comes_back_from_libreoffice_with_its_values(tmp_path, instrument, language):
    """Typed in as people type, with the decimal mark of the machine; locked cells, notes and lists are in it."""
    sheet = tmp_path / "isian.xlsx"
    sheet.write_bytes(template_workbook(find_area("63.10"), 2025, instrument))
    wanted, about = _typed(sheet, instrument, "," if language == "id-ID" else ".")
    files = {name: [tmp_path / f"{name}.{suffix}" for suffix in CONTAINERS] for name in WORK}
    drive(
        tmp_path,
        language,
        *({**about, **how, "out": [str(path) for path in files[name]]} for name, how in WORK.items()),
    )
    for paths in files.values():
        for path in paths:
            read = read_sheet(path)
            assert not read.refused, (path.name, [str(one) for one in read.repairs.problems(path.name)][:3])
            (one,) = read.assessments
            scores = one.answers.set_index("question_code")["score"].dropna().to_dict()
            assert (one.area.code, one.award_year, one.stage) == ("63.10", 2025, "self_assessment"), path.name
            # Of filtered rows LibreOffice writes only those that are seen into a page.
            hidden = {code for code, score in wanted.items() if not score} if path.name == "filtered.html" else set()
            assert scores == {code: score for code, score in wanted.items() if code not in hidden}, path.name


@pytest.mark.parametrize("column", [0, 1, 3, 5])
def test_our_sheet_sorted_in_libreoffice_comes_back_or_says_what_sorting_did_to_its_sums(tmp_path, instrument, column):
    """Unlocked, then sorted by code, words, score or agency; the formulas of the sums move, the answers keep their codes."""
    sheet = tmp_path / "isian.xlsx"
    sheet.write_bytes(template_workbook(find_area("63.10"), 2025, instrument))
    wanted, about = _typed(sheet, instrument, ",")
    outs = [tmp_path / f"urut.{suffix}" for suffix in CONTAINERS]
    drive(tmp_path, "id-ID", {**about, "sort": column, "out": [str(out) for out in outs]})
    for out in outs:
        read = read_sheet(out)
        if read.refused:
            (problem,) = read.repairs.problems(out.name)
            assert "rumus jumlahnya bergeser" in problem.advice, out.name
        else:
            assert read.assessment().scores.dropna().to_dict() == wanted, out.name
    # What the advice says: without the rows of the sums it is read.
    book = openpyxl.load_workbook(tmp_path / "urut.xlsx")
    rows = book["Isian"]
    for at in range(rows.max_row, 6, -1):
        if rows.cell(at, 1).value not in instrument.questions.index:
            rows.delete_rows(at)
    book.save(tmp_path / "tanpa jumlah.xlsx")
    assert read_sheet(tmp_path / "tanpa jumlah.xlsx").assessment().scores.dropna().to_dict() == wanted


@pytest.mark.parametrize("language", ["id-ID", "en-US"])
def test_a_list_that_was_sorted_in_libreoffice_comes_back_or_is_asked_about(tmp_path, instrument, reference, language):
    path = tmp_path / "jawaban.csv"
    mark = "," if language == "id-ID" else "."
    answers = reference.scores.dropna()
    lines = [f"63.10;2025;self_assessment;{code};{f'{score:g}'.replace('.', mark)}" for code, score in answers.items()]
    path.write_text("\n".join(["area_code;award_year;stage;question_code;score", *lines]) + "\n")
    outs = [tmp_path / f"urut.{suffix}" for suffix in ("xlsx", "ods", "csv")]
    job = {"file": str(path), "sheet": "jawaban", "head": 0, "last": len(lines), "width": 5, "sort": 4}
    drive(tmp_path, language, {**job, "out": [str(out) for out in outs]})
    for out in outs:
        if language == "en-US":
            # 14.10 and 63.10 were taken for numbers; sorted by score, nothing tells 14.10 from 14.1: that is asked.
            with pytest.raises(kla.DataError, match=r"14\.1 sudah dinilai|63\.10 \(.*63\.01 \("):
                read_sheet(out).require()
            continue
        scores = read_sheet(out).assessment().scores.dropna()
        assert scores.to_dict() == answers.to_dict(), out.name


@pytest.mark.parametrize("language", ["id-ID", "en-US"])
def test_our_catalogue_comes_back_from_libreoffice(tmp_path, instrument, language):
    """Opened and saved as text again: semicolons, and the decimal mark and numbers of the machine."""
    write_template(tmp_path / "asal", instrument)
    goal = tmp_path / "simpan"
    shutil.copytree(tmp_path / "asal", goal)
    names = [path.name for path in (tmp_path / "asal").glob("*.csv")]
    drive(tmp_path, language, *({"file": str(tmp_path / "asal" / name), "out": [str(goal / name)]} for name in names))
    first, again = (load_catalogue(folder, instrument) for folder in (tmp_path / "asal", goal))
    assert (goal / "answers.csv").read_bytes() != (tmp_path / "asal/answers.csv").read_bytes()
    for table in ("actions", "answers"):
        assert getattr(again, table).equals(getattr(first, table)), table
    assert kla.load_instrument().id == instrument.id


@pytest.mark.parametrize("language", ["id-ID", "en-US"])
def test_a_worksheet_filled_in_libreoffice_comes_back_with_its_values(tmp_path, language):
    """Typed as people type, saved as Excel and as OpenDocument under another name: one assessment, no row refused."""
    own = open_round("63.10", 2025, due="2025-03-31")
    unit = next(one for one in own.units if one.code == "Dinkes")
    sheet = tmp_path / "lembar.xlsx"
    sheet.write_bytes(worksheet(own, unit))
    rows = list(openpyxl.load_workbook(sheet)["Isian"].iter_rows(values_only=True))
    head = next(at for at, row in enumerate(rows) if row[0] == "Kode")
    at = {name: column for column, name in enumerate(rows[head])}
    typed, wanted = [(6, 1, "20/03/2025" if language == "id-ID" else "03/20/2025")], {}
    for row, (code, *_) in enumerate(rows[head + 1 :], start=head + 1):
        if code and row % 5:
            wanted[code] = round(float(own.rules.questions.loc[code, "max_points"]) * (row % 7) / 6, 2)
            score = f"{wanted[code]:g}"
            typed.append((row, at["Nilai"], score.replace(".", ",") if language == "id-ID" else score))
            typed += [
                (row, at["Status bukti"], "belum lengkap"),
                (row, at["Tautan atau nama berkas"], f"bukti {row}.pdf"),
            ]
    outs = [tmp_path / f"kiriman dinas.{suffix}" for suffix in ("xlsx", "ods", "xls")]
    about = {"file": str(sheet), "sheet": "Isian", "head": head, "last": len(rows) - 1, "width": len(at), "type": typed}
    drive(tmp_path, language, {**about, "out": [str(out) for out in outs]})
    for out in outs:
        found = collect([out], own, out=tmp_path / out.suffix / "hasil.csv")
        assert not found.refused, out.name
        answered = found.frame.dropna(subset=["score"]).set_index("question_code")
        assert answered["score"].to_dict() == wanted, out.name
        assert set(answered["evidence_state"]) == {"incomplete"}
        assert answered["evidence_link"].str.match(r"bukti \d+\.pdf").all()
        assert next(one for one in found.standings if one.files).sent == "2025-03-20", out.name
