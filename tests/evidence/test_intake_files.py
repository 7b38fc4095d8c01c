"""Files and containers (T01 to T22): each is read, or refused in words; none brings anything down."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import people
import pytest
from conftest import ROOT, run_kla

import kla_analysis as kla
from kla_analysis.evidence.intake import guard, texts, workbooks
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.readers import read
from kla_analysis.evidence.intake.sheet import read_sheet

FOUR = {"1": 50.5, "2": 20.0, "3": 10.0, "4": 15.0}
PAGE = people.page(
    "Rekap",
    [
        ("Evaluasi Mandiri Kabupaten Tanah Bumbu 2025",),
        ("Kode Indikator", "Indikator", "Nilai Maksimal", "Nilai"),
        ("1", "Peraturan", 96, 50.5),
        ("2", "Penguatan", 36, 20),
        ("3", "Peran", 32, 10),
        ("4", "Registrasi", 15, 15),
    ],
)


def answers(path: Path, **about) -> dict[str, float]:
    (one,) = read_sheet(path, **about).require().assessments
    return dict(zip(one.answers["indicator_code"], one.answers["score"], strict=True))


def refusal(path: Path) -> str:
    with pytest.raises(kla.DataError) as refused:
        read_sheet(path).require()
    assert refused.value.exit_code == 3
    assert refused.value.advice or refused.value.problems
    return str(refused.value)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_empty_files(tmp_path):  # T01, T02
    for name in ("kosong.xlsx", "kosong.csv"):
        assert "berkas kosong" in refusal(write(tmp_path / name, b""))


@pytest.mark.parametrize("write_as", [people.write_xlsx, people.write_ods, people.write_xls])
def test_a_bad_cell_is_named_by_its_own_address(tmp_path, write_as):
    rows = [*PAGE.rows[:3], ("2", "Penguatan", 36, "dua puluh")]
    path = write_as(tmp_path / f"a.{write_as.__name__[6:]}", [people.page("Rekap", rows)])
    assert refused_cells(path) == ["D4"]


def test_a_bad_cell_is_named_where_the_workbook_gives_no_addresses(tmp_path):
    rows = people.small_table(1) + people.text_row(4, "2", "Penguatan", 36, "dua puluh")
    xml = re.sub(r' r="[A-Z]*\d+"', "", people.sheet_xml(rows))
    assert refused_cells(people.raw_xlsx(tmp_path / "a.xlsx", xml)) == ["D4"]


def refused_cells(path: Path) -> list[str]:
    frame = read_sheet(path, stage="self_assessment").repairs.frame()
    return frame.loc[frame["action"] == "refused", "cell"].to_list()


def test_a_header_only(tmp_path):  # T03
    assert "tidak ada baris data" in refusal(write(tmp_path / "a.csv", b"Kode;Indikator;Nilai\n"))
    path = people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", [("Kode", "Indikator", "Nilai")])])
    assert "tidak ada baris data" in refusal(path)
    (problem,) = read_sheet(path).repairs.problems(path.name)
    assert (problem.row, problem.column) == (None, None)  # of the file, not of a cell


def test_a_truncated_workbook(tmp_path):  # T04
    whole = people.write_xlsx(tmp_path / "a.xlsx", [PAGE]).read_bytes()
    for length in random.Random(4).sample(range(4, len(whole) - 1), 20):
        assert "rusak atau terpotong" in refusal(write(tmp_path / "b.xlsx", whole[:length])), length


def test_a_password(tmp_path):  # T05
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    assert "tanpa sandi" in refusal(write(tmp_path / "a.xlsx", locked))


def test_contents_decide_not_the_name(tmp_path):  # T06, T07
    csv = write(tmp_path / "a.xlsx", people.csv_bytes(PAGE, people.DIALECTS[2]))
    assert answers(csv) == FOUR
    assert any("bukan .xlsx" in reason for reason in read_sheet(csv).repairs.frame()["reason"])
    html = people.write_html(tmp_path / "portal.xls", [PAGE])
    assert answers(html) == FOUR
    assert any("HTML" in reason for reason in read_sheet(html).repairs.frame()["reason"])


@pytest.mark.parametrize("container", ["xls", "ods", "xlsm", "xlsx"])
def test_every_container(tmp_path, container):  # T08, T09, T10
    path = getattr(people, f"write_{container}")(tmp_path / f"a.{container}", [PAGE])
    assert answers(path) == FOUR
    if container == "xlsm":
        assert any("makro" in reason for reason in read_sheet(path).repairs.frame()["reason"])


MEASURED = """
import resource, sys, time
from kla_analysis.errors import KlaError
from kla_analysis.evidence.intake.sheet import read_sheet
start = time.monotonic()
try:
    (one,) = read_sheet(sys.argv[1]).require().assessments
    said = f"{len(one.answers)} {one.total:g}"
except KlaError as error:
    said = f"refused {error}"
# What this process was before it became itself counts in ru_maxrss, so that its own peak comes from elsewhere.
own = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
peak = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
print(f"{time.monotonic() - start:.2f}|{peak:.0f}|{said}")
"""


def measured(path: Path) -> tuple[float, float, str]:
    """Read a file in a process of its own: seconds, peak MiB of it and its child, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    seconds, peak, said = done.stdout.strip().split("|", 2)
    return float(seconds), float(peak), said


def test_a_cell_in_the_farthest_corner(tmp_path):  # T11
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = people.raw_xlsx(tmp_path / "a.xlsx", people.sheet_xml(people.small_table() + far))
    assert path.stat().st_size < 4800
    _, peak, said = measured(path)
    assert said == "4 95.5"
    assert peak < 300


def test_a_million_formatted_empty_rows(tmp_path):  # T12
    empty = "".join(
        f'<row r="{row}" ht="15"><c r="A{row}" s="1"/><c r="B{row}" s="1"/></row>' for row in range(7, 1_048_577)
    )
    path = people.raw_xlsx(tmp_path / "a.xlsx", people.sheet_xml(people.small_table() + empty))
    _, peak, said = measured(path)
    assert said == "4 95.5"
    assert peak < 300


def bomb(path: Path, size: int) -> Path:
    """A workbook whose sheet unpacks to so many bytes, written without ever holding them."""
    people.raw_xlsx(path, people.sheet_xml(people.small_table()))
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/worksheets/sheet2.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(size >> 22):
            part.write(bytes(1 << 22))
    return path


def claiming(package: bytes, size: int) -> bytes:
    """The same package, each part of which says that it unpacks to so many bytes."""
    changed = bytearray(package)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 24 : at + 28] = size.to_bytes(4, "little")
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def test_a_bomb_is_not_unpacked(tmp_path):  # T13
    assert "membengkak" in refusal(bomb(tmp_path / "a.xlsx", 64 << 20))
    # Many parts of a bearable size each.
    many = people.raw_xlsx(tmp_path / "m.xlsx", "x", extra={f"xl/{at}.xml": b"x" for at in range(200)}).read_bytes()
    assert "membengkak" in refusal(write(tmp_path / "n.xlsx", claiming(many, 4 << 20)))
    # Ten gigabytes are claimed, not written: the guard reads the claim.
    whole = people.raw_xlsx(tmp_path / "c.xlsx", "x").read_bytes()
    claimed = claiming(whole, 0xFFFFFFF0)
    assert "membengkak" in refusal(write(tmp_path / "d.xlsx", claimed))


def test_entities(tmp_path):  # T14, T15
    host = Path("/etc/hostname").read_text(encoding="utf-8").strip() if Path("/etc/hostname").exists() else "x" * 40
    laughs = (
        '<!DOCTYPE l [<!ENTITY a "lol">'
        + "".join(f'<!ENTITY a{n} "{"&a" + str(n - 1) + ";" if n > 1 else "&a;"}{"&a;" * 9}">' for n in range(1, 9))
        + "]>"
    )
    outside = '<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    for prolog in (laughs, outside):
        xml = people.sheet_xml('<row r="1"><c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row>', prolog=prolog)
        for path in (
            people.raw_xlsx(tmp_path / "a.xlsx", xml),
            people.write_ods(tmp_path / "a.ods", [PAGE], prolog=prolog),
        ):
            said = refusal(path)
            assert "entitas" in said
            assert host not in said


def test_a_sheet_that_lies_about_its_size(tmp_path):  # T16
    xml = people.sheet_xml(people.small_table(), dimension='<dimension ref="A1:B2"/>')
    assert answers(people.raw_xlsx(tmp_path / "a.xlsx", xml)) == FOUR


def test_a_path_out_of_the_package(tmp_path):  # T17
    path = people.raw_xlsx(tmp_path / "a.xlsx", people.sheet_xml(people.small_table()), extra={"../../evil": b"x"})
    assert "keluar" in refusal(path)
    assert not (tmp_path.parent.parent / "evil").exists()


def test_litter_in_a_folder_is_passed_over_with_a_note(tmp_path):  # T18
    people.write_xlsx(tmp_path / "a.xlsx", [PAGE])
    for name in ("~$a.xlsx", "Thumbs.db", ".~lock.a.xlsx#", "desktop.ini", "awan.xlsx"):
        write(tmp_path / name, b"" if name == "awan.xlsx" else b"x")
    files, notes = guard.sheets_among([tmp_path])
    assert [path.name for path in files] == ["a.xlsx"]
    assert len(notes) == 5


def test_a_file_without_permission(tmp_path, monkeypatch):  # T19
    path = people.write_xlsx(tmp_path / "a.xlsx", [PAGE])
    if os.geteuid() == 0:  # root may read everything: let the system say no in its place
        monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    path.chmod(0)
    assert "tidak dapat dibaca" in refusal(path)


def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch):  # T20
    path = people.write_xlsx(tmp_path / "a.xlsx", [PAGE])
    real = Reader.read

    def changing(times):
        left = [times]

        def read(self, name, content):
            if left[0]:
                left[0] -= 1
                path.write_bytes(path.read_bytes() + b" ")
            return real(self, name, content)

        return read

    monkeypatch.setattr(Reader, "read", changing(1))
    assert answers(path) == FOUR
    monkeypatch.setattr(Reader, "read", changing(9))
    assert "berubah selagi dibaca" in refusal(path)


def test_a_link_out_of_the_folder(tmp_path):  # T21
    (tmp_path / "lain").mkdir()
    people.write_xlsx(tmp_path / "lain" / "a.xlsx", [PAGE])
    (tmp_path / "data").mkdir()
    link = tmp_path / "data" / "a.xlsx"
    link.symlink_to(tmp_path / "lain" / "a.xlsx")
    assert "pintasan" in refusal(link)


def test_what_is_no_plain_file(tmp_path):
    """A pipe or a device would never end."""
    os.mkfifo(tmp_path / "pipa.csv")
    assert "bukan berkas biasa" in refusal(tmp_path / "pipa.csv")
    assert "folder" in refusal(tmp_path)
    people.write_xlsx(tmp_path / "rapor.xlsx", [PAGE])
    assert "“rapor.xlsx”" in refusal(tmp_path / "raport.xlsx")


def test_names_with_spaces_accents_and_length(tmp_path):  # T22
    folder = tmp_path / "Kab. Ñandú" / ("panjang " * 10).strip() / ("nama " * 15).strip()
    folder.mkdir(parents=True)
    path = people.write_xlsx(folder / "lembar nilai akhir (2).xlsx", [PAGE])
    assert len(str(path)) > 200
    out = folder / "hasil akhir.csv"
    done = run_kla("import", str(path), "--out", str(out), KLA_REPORTS=str(tmp_path / "r"))
    assert done.returncode == 0, done.stderr
    assert out.is_file()


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.pdf", b"%PDF-1.7", "bukan lembar data"),
        ("a.zip", None, "zip"),
        ("a.xlsx", b"PK\x03\x04rubbish", "rusak"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "rusak"),
        ("a.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "2003"),
        ("a.html", b"<html><body>tanpa tabel</body></html>", "tanpa tabel"),
    ],
)
def test_what_is_no_sheet(tmp_path, name, data, words):
    if data is None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            package.writestr("a.txt", "x")
        data = buffer.getvalue()
    assert words in refusal(write(tmp_path / name, data))


def test_a_parser_that_is_led_astray_takes_only_its_own_process_with_it(tmp_path):
    """An .xls whose corner cells span its whole rectangle exhausts the memory of the child; the next file is read all the same."""
    import xlwt

    book = xlwt.Workbook()
    for at in range(3):
        sheet = book.add_sheet(f"A{at}")
        sheet.write(0, 0, 1)
        sheet.write(65535, 255, 1)
    book.save(str(tmp_path / "b.xls"))
    assert "dibaca dengan aman" in refusal(tmp_path / "b.xls")
    assert answers(people.write_ods(tmp_path / "a.ods", [PAGE])) == FOUR


def test_repeated_cells_of_an_open_document_are_counted_before_they_are_kept(tmp_path):
    """Fifty million cells written as one repeated cell are refused in words."""
    path = people.write_ods(tmp_path / "a.ods", [PAGE])
    with zipfile.ZipFile(path) as package:
        content = package.read("content.xml").decode()
    huge = content.replace("<table:table-row>", '<table:table-row table:number-rows-repeated="1000000">', 2)
    wide = '<table:table-cell table:number-columns-repeated="50" office:value-type="float" office:value="1"/>'
    huge = huge.replace("<table:table-cell/>", wide, 1)
    with zipfile.ZipFile(tmp_path / "b.ods", "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", huge)
        package.writestr("META-INF/manifest.xml", "<manifest/>")
    assert "sel terisi" in refusal(tmp_path / "b.ods")


def test_the_cell_has_no_secrets(tmp_path, monkeypatch):  # T74
    monkeypatch.setenv("KLA_RAHASIA", "s3cret")
    with Reader() as reader:
        reader.read("a.csv", guard.look_at(b"a;b", "a.csv"))
        assert b"s3cret" not in Path(f"/proc/{reader._process.pid}/environ").read_bytes()


def test_the_input_is_never_touched(tmp_path):  # P6
    path = people.write_xlsx(tmp_path / "a.xlsx", [PAGE])
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    done = run_kla("import", str(path), "--out", str(tmp_path / "out.csv"))
    assert done.returncode == 0, done.stderr
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_inputs_that_once_broke_the_reading():
    """What `make fuzz` found stays a test, together with the inputs that it begins with."""
    from fuzz.intake import CASES, one_input, seeds

    cases = [path.read_bytes() for path in sorted(CASES.iterdir())] if CASES.is_dir() else []
    for data in [*cases, *seeds()]:
        one_input(data)


def test_cells_without_their_place_stand_one_after_another(tmp_path):
    """Some programs leave out where a row and a cell stands: the next row, and in each row from the first column on."""
    placed = people.sheet_xml(people.small_table())
    bare = re.sub(r' r="[A-Z]*\d+"', "", placed)
    assert bare != placed
    assert answers(people.raw_xlsx(tmp_path / "a.xlsx", bare)) == FOUR
    # The heading with its places, the rows below it without.
    head, last, rows = placed.partition('<row r="3">')
    mixed = head + re.sub(r' r="[A-Z]*\d+"', "", last + rows)
    assert answers(people.raw_xlsx(tmp_path / "b.xlsx", mixed)) == FOUR


def test_rows_that_reach_over_the_end_of_what_is_read_at_once_arrive(tmp_path):
    """A sheet is read piece by piece; a row that is cut in two by the end of a piece is one row."""
    xml = people.sheet_xml(people.small_table()).encode()
    for size in range(40, 400, 7):
        part, pieces = workbooks._WithoutEmptyRows(io.BytesIO(xml)), []
        while piece := part.read(size):
            pieces.append(piece)
        assert b"".join(pieces) == xml
        assert not [piece for piece in pieces[1:] if len(piece) > 3 * size]


@pytest.mark.parametrize("write_as", [people.write_xlsx, people.write_ods, people.write_csv, people.write_xls])
def test_more_cells_than_a_sheet_can_have_are_refused(tmp_path, monkeypatch, write_as):
    path = write_as(tmp_path / f"a.{write_as.__name__[6:]}", [PAGE])
    content = guard.look_at(path.read_bytes(), path.name)
    filled = sum(len(cells) for cells in read(content.data, content.kind).grids[0].rows.values())
    for module in (workbooks, texts):
        monkeypatch.setattr(module, "MAX_CELLS", filled)
    assert read(content.data, content.kind).grids
    for module in (workbooks, texts):
        monkeypatch.setattr(module, "MAX_CELLS", filled - 1)
    with pytest.raises(kla.DataError, match=r"terlalu besar|sel terisi"):
        read(content.data, content.kind)


def test_the_sheet_of_another_is_refused_as_a_whole(tmp_path):
    path = people.write_xlsx(tmp_path / "a.xlsx", [PAGE])
    (problem,) = read_sheet(path, area="63.02").repairs.problems(path.name)
    assert (problem.what, problem.row) == ("lembar ini milik 63.10 Kab. Tanah Bumbu, yang diminta 63.02", None)


def test_an_area_that_is_none_is_told_once_and_not_without_end(tmp_path):
    def told(areas):
        rows = [("Kode Wilayah", "Kode Indikator", "Nilai"), *((area, "1", 1) for area in areas)]
        path = people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", rows)])
        frame = read_sheet(path, year=2025, stage="final").repairs.frame()
        return frame.loc[frame["action"] == "refused", "old"].to_list()

    assert told(["63.99"] * 5) == ["63.99"]
    assert len(told(f"99.{at:03}" for at in range(150))) == 150
    assert len(told(f"99.{at:03}" for at in range(400))) < 250
