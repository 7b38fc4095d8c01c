"""Kinds of sheets that were once read wrong or refused for nothing, each in several forms: right, or refused for a reason."""

from __future__ import annotations

import email.message
from pathlib import Path

import people
import pytest
from people import page

import kla_analysis as kla
from kla_analysis.evidence.intake.child import Reader
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, REFUSED, SKIPPED, action_name
from kla_analysis.evidence.intake.sheet import read_sheet

ABOUT = {"area": "63.10", "year": 2025, "stage": "self_assessment"}
TITLE = ("EVALUASI MANDIRI KLA 2025 KABUPATEN TANAH BUMBU",)
HEAD = ("Kode", "Indikator", "Nilai Maksimal", "Nilai")
ONE = ("1", "Peraturan/Kebijakan Daerah tentang Kabupaten/Kota Layak Anak", 96, 70)
TWO = ("2", "Penguatan Kelembagaan Kabupaten/Kota Layak Anak (KLA)", 36, 30)
THREE = ("3", "Peran Lembaga Masyarakat, Dunia Usaha, dan Media Massa", 32, 20)


@pytest.fixture(scope="module")
def reader():
    with Reader() as reader:
        yield reader


def outcome(path: Path, reader: Reader, **about) -> float | str:
    """Return the total of the one assessment, or every reason for the refusal."""
    try:
        (one,) = read_sheet(path, reader=reader, **{**ABOUT, **about}).require().assessments
    except kla.DataError as error:
        return str(error) if error.advice and all(one.advice for one in error.problems) else "tanpa saran"
    return one.total


def refusal(intake: kla.Intake) -> str:
    with pytest.raises(kla.DataError) as refused:
        intake.require()
    return str(refused.value)


def check(found: float | str, wanted: float | str) -> None:
    if isinstance(wanted, str):
        assert isinstance(found, str), found
        assert wanted in found
        assert found.count("\n") == 1, found
    else:
        assert found == wanted


def sheet(folder: Path, *rows, **about) -> Path:
    return people.write_xlsx(folder / "a.xlsx", [page("Rekap", [TITLE, *rows], **about)])


# --- a running number is no code --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (("No", "Uraian", "Nilai"), ("Kebijakan internal", "Tata kelola", "Layanan")),
        (("Kode", "Uraian", "Nilai"), ("Arsitektur", "Peta rencana", "Audit")),
        (
            ("No Pertanyaan", "Pertanyaan", "Nilai"),
            ("Apakah ada arsitektur?", "Apakah ada audit?", "Apakah ada pusat data?"),
        ),
        (("Nomor", "Aspek", "Skor"), ("Reformasi birokrasi", "Akuntabilitas", "Pelayanan publik")),
        (("No", "Indikator", "Capaian"), ("Opini BPK", "Nilai SAKIP", "Indeks SPBE")),
        (("No", "Nilai"), None),
    ],
)
def test_a_running_number_is_no_code(tmp_path, reader, head, names):
    rows = [(at, *([names[at - 1]] if names else []), at + 1) for at in (1, 2, 3)]
    check(outcome(sheet(tmp_path, head, *rows), reader), "bukan lembar evaluasi")


# --- two tables -------------------------------------------------------------------------------------------------

CLUSTERS = [("No", "Klaster", "Nilai Maksimal", "Nilai"), (1, "Kelembagaan", 164, 120)]
SHIFTED = [("Kode", "Indikator", "OPD", "Nilai Maksimal", "Nilai")]
SHIFTED += [(code, name, "DP3A", most, score) for code, name, most, score in (ONE, TWO, THREE)]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([*CLUSTERS, *SHIFTED], 120.0),
        ([*SHIFTED, (), ("Ringkasan",), *CLUSTERS], 120.0),
        ([*CLUSTERS, (), ("Rincian per indikator",), (), *SHIFTED], 120.0),
        (
            [
                (*left, None, *right)
                for left, right in zip(
                    [HEAD, ONE, TWO], [HEAD, ("4", "Akta", 15, 10), ("5", "ILA", 45, 40)], strict=True
                )
            ],
            150.0,
        ),
        ([HEAD, ONE, TWO, HEAD, THREE], 120.0),
        ([HEAD, ONE, TWO, (*HEAD, "Paraf dan cap"), (*THREE, "ya")], 120.0),
        (
            [
                *CLUSTERS,
                ("Kode", "Indikator", "Nilai", "Nilai Maksimal"),
                ("1", "Peraturan", 70, 96),
                ("2", "Kelembagaan", 50, 36),
            ],
            "melebihi maksimum 2",
        ),
        ([HEAD, ONE, TWO, THREE, (None, "JUMLAH", 164, 160)], "tercetak 160"),
    ],
)
def test_every_header_has_its_own_columns(tmp_path, reader, rows, wanted):
    check(outcome(sheet(tmp_path, *rows), reader), wanted)


# --- formulas that were never computed ---------------------------------------------------------------------------


def formulas(folder: Path, cell: str, about: str = "") -> Path:
    rows = people.text_row(1, *HEAD) + people.text_row(2, *ONE)
    rows += f'<row r="3"><c r="A3" t="inlineStr"><is><t>2</t></is></c><c r="C3"><v>36</v></c>{cell}</row>'
    return people.raw_xlsx(folder / "a.xlsx", people.sheet_xml(rows), about=about)


@pytest.mark.parametrize(
    ("cell", "about", "wanted"),
    [
        ('<c r="D3"><f>C3*0.5</f><v>0</v></c>', '<calcPr calcId="1" fullCalcOnLoad="1"/>', "rumus tanpa hasil"),
        ('<c r="D3"><f>C3*0.5</f><v>0.0</v></c>', "", "rumus tanpa hasil"),
        ('<c r="D3"><f>C3*0.5</f></c>', '<calcPr calcId="191029"/>', "rumus tanpa hasil"),
        ('<c r="D3"><f>C3*0.5</f><v></v></c>', '<calcPr calcId="191029"/>', "rumus tanpa hasil"),
        (
            '<c r="D3" t="str"><f>IF(1,C3)</f><v></v></c>',
            '<calcPr calcId="1" fullCalcOnLoad="1"/>',
            "rumus tanpa hasil",
        ),
        ('<c r="D3"><f t="shared" si="0"/><v>0</v></c>', '<calcPr calcId="1" calcCompleted="0"/>', "rumus tanpa hasil"),
        ('<c r="D3"><f>C3*0</f><v>0</v></c>', '<calcPr calcId="191029"/>', 70.0),
        ('<c r="D3"><f>C3*0.5</f><v>18</v></c>', '<calcPr calcId="191029"/>', 88.0),
    ],
)
def test_a_formula_without_a_result_is_no_zero(tmp_path, reader, cell, about, wanted):
    check(outcome(formulas(tmp_path, cell, about), reader), wanted)


def test_formulas_of_other_containers(tmp_path, reader):
    import xlwt

    book = xlwt.Workbook()
    one = book.add_sheet("Rekap", cell_overwrite_ok=True)
    for at, row in enumerate((HEAD, ONE, TWO)):
        for column, value in enumerate(row):
            one.write(at, column, value)
    one.write(1, 3, xlwt.Formula("C2*0.5"))
    book.save(str(tmp_path / "a.xls"))
    check(outcome(tmp_path / "a.xls", reader), "rumus tanpa hasil")
    path = people.write_ods(tmp_path / "a.ods", [page("Rekap", [HEAD, ONE, TWO])])
    changed(
        path,
        'office:value-type="float" office:value="70"',
        'table:formula="of:=[.C2]" office:value-type="float" office:value="0"',
    )
    check(outcome(path, reader), "rumus tanpa hasil")


def changed(path: Path, old: str, new: str) -> None:
    """Change the text of an OpenDocument file."""
    import zipfile

    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    assert old.encode() in parts["content.xml"]
    parts["content.xml"] = parts["content.xml"].replace(old.encode(), new.encode())
    with zipfile.ZipFile(path, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)


# --- numbers of columns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "numbers",
    [
        ("(1)", "(2)", "(3)", "(4)"),
        (1, 2, 3, 4),
        ("1", "2", "3", "4"),
        ("a", "b", "c", "d"),
        ("1)", "2)", "3)", "4)"),
        ("[1]", "[2]", "[3]", "[4]"),
        ("(1)", "(2)", "(3)", "(4) = (3) x bobot"),
    ],
)
def test_the_row_that_numbers_the_columns_is_passed_over(tmp_path, reader, numbers):
    head = ("No", *HEAD[1:])
    check(outcome(sheet(tmp_path, head, numbers, (1, *ONE[1:]), (2, *TWO[1:])), reader), 100.0)


# --- years and districts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["Dicetak: 12-03-2026"], "2026"),
        (["Dasar: SK Bupati Nomor 188.45/22/KUM/2021"], "2021"),
        (["Permen PPPA Nomor 12 Tahun 2022 tentang KLA"], "2022"),
        (["Data per 31 Desember 2023"], "2023"),
        (["Perbandingan evaluasi KLA 2023 dan 2025"], "2023"),
        (["Tahun Anggaran 2024"], "2024"),
        (["EVALUASI TAHUN 2025", "Dicetak 12 Maret 2026"], 2025),
        (["TAHUN 2025", "Perbup Nomor 5 Tahun 2019"], 2025),
        (["Rapor KLA 2024 (data tahun 2023)"], 2024),
    ],
)
def test_a_year_counts_only_where_it_is_the_award_s(tmp_path, reader, lines, wanted):
    rows = [("LEMBAR KLA KABUPATEN TANAH BUMBU",), *((line,) for line in lines), HEAD, ONE]
    path = people.write_xlsx(tmp_path / "a.xlsx", [page("Rekap", rows)])
    intake = read_sheet(path, area="63.10", stage="self_assessment", reader=reader)
    if isinstance(wanted, int):
        assert intake.require().assessments[0].award_year == wanted
    else:
        said = refusal(intake)
        assert "tahun penghargaannya tidak jelas" in said
        assert f"Yang tertulis: {wanted}" in said


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["KABUPATEN TANAH BUMBU", "Format mengikuti contoh Kota Banjarmasin"], "63.10"),
        (["Dibandingkan dengan Kabupaten Kotabaru", "PEMERINTAH KABUPATEN TANAH BUMBU"], "63.10"),
        (["KABUPATEN TANAH BUMBU", "Dicetak di Kota Banjarbaru"], "63.10"),
        (["KABUPATEN TANAH BUMBU", "Kepada Yth. Bupati Kabupaten Kotabaru"], "63.10"),
        (["KABUPATEN TANAH BUMBU DAN KOTA BANJARMASIN"], "Banjarmasin"),
        (["KABUPATEN TANAH BUMBU", "KABUPATEN KOTABARU"], "Kotabaru"),
        (["Sumber: Kabupaten Kotabaru"], "Kotabaru"),
    ],
)
def test_a_district_counts_only_where_the_sheet_is_its_own(tmp_path, reader, lines, wanted):
    path = people.write_xlsx(tmp_path / "a.xlsx", [page("Rekap", [*((line,) for line in lines), HEAD, ONE])])
    intake = read_sheet(path, year=2025, stage="self_assessment", reader=reader)
    if wanted == "63.10":
        assert intake.require().assessments[0].area.code == wanted
    else:
        said = refusal(intake)
        assert "daerahnya tidak jelas" in said
        assert wanted in said
    assert not read_sheet(path, **ABOUT, reader=reader).refused


# --- percentages in every container ---------------------------------------------------------------------------------


def test_percentages_are_seen_in_every_container(tmp_path, reader):
    import xlsxwriter

    for name, number_format in (("a", "0%"), ("b", "0.00%"), ("c", '0"%"')):
        book = xlsxwriter.Workbook(str(tmp_path / f"{name}.xlsx"))
        one = book.add_worksheet("Rekap")
        one.write_row(0, 0, HEAD)
        one.write_row(1, 0, ONE)
        one.write_number(1, 3, 0.75, book.add_format({"num_format": number_format}))
        book.close()
        check(outcome(tmp_path / f"{name}.xlsx", reader), "persen, bukan poin")
    path = people.write_ods(tmp_path / "a.ods", [page("Rekap", [HEAD, ONE])])
    changed(path, 'office:value-type="float" office:value="70"', 'office:value-type="percentage" office:value="0.75"')
    check(outcome(path, reader), "persen, bukan poin")
    check(
        outcome(people.write_html(tmp_path / "a.htm", [page("A", [HEAD, (*ONE[:3], "75 %")])]), reader),
        "persen, bukan poin",
    )
    check(
        outcome(people.write_csv(tmp_path / "a.csv", [page("A", [HEAD, (*ONE[:3], "75%")])]), reader),
        "persen, bukan poin",
    )


@pytest.mark.parametrize("rows", [2, 400])
def test_percentages_of_an_old_workbook(tmp_path, reader, rows):
    """Short files lie in the small sectors of their container, long ones in the large."""
    import xlwt

    book = xlwt.Workbook()
    one = book.add_sheet("Rekap", cell_overwrite_ok=True)
    for at, row in enumerate([HEAD, ONE, TWO, *[("catatan " * 9, "x " * 50)] * rows]):
        for column, value in enumerate(row):
            one.write(at, column, value)
    share = xlwt.easyxf(num_format_str="0.0%")
    one.write(1, 3, 0.75, share)
    one.write(2, 3, 1, share)
    book.save(str(tmp_path / "a.xls"))
    check(outcome(tmp_path / "a.xls", reader), "persen, bukan poin")


XLS_SHARES = ["0%", "0.00%", "0 %;-0 %", "#,##0.0%", "[Red]0%", '0"%"']


@pytest.mark.parametrize("number_format", XLS_SHARES)
def test_percentages_of_an_old_workbook_in_any_format(tmp_path, reader, number_format):
    import xlwt

    book = xlwt.Workbook()
    one = book.add_sheet("Rekap")
    for at, row in enumerate((HEAD, (*ONE[:3], 0.75), TWO)):
        for column, value in enumerate(row):
            share = (at, column) == (1, 3)
            one.write(at, column, value, *([xlwt.easyxf(num_format_str=number_format)] if share else []))
    book.save(str(tmp_path / "a.xls"))
    check(outcome(tmp_path / "a.xls", reader), "persen, bukan poin")


@pytest.mark.parametrize(
    "cell",
    [
        'office:value-type="percentage" office:value="0.75"',
        'office:value="0.75" office:value-type="percentage" calcext:value-type="percentage" xmlns:calcext="urn:x"',
        'table:style-name="ce7" office:value-type="percentage" office:value="7.5E-1"',
        'table:number-columns-repeated="1" office:value-type="percentage" office:value="1"',
        'table:formula="of:=[.C2]/128" office:value-type="percentage" office:value="0.75"',
        'table:number-rows-spanned="1" table:number-columns-spanned="1" office:value-type="percentage" office:value="0"',
    ],
)
def test_percentages_of_an_opendocument_sheet_in_any_form(tmp_path, reader, cell):
    path = people.write_ods(tmp_path / "a.ods", [page("Rekap", [HEAD, ONE, TWO])])
    changed(path, 'office:value-type="float" office:value="70"', cell)
    check(outcome(path, reader), "persen, bukan poin")


# --- numbers inside an indicator --------------------------------------------------------------------------------------

Q = [("1", "12", 12), ("2a", "1", 0.75), ("2b", "1", 0.5)]


@pytest.mark.parametrize(
    "rows",
    [
        [("Indikator", "No Pertanyaan", "Nilai"), *(("1", code, score) for code, _, score in Q)],
        [
            ("No", "Uraian", "Nilai"),
            ("Indikator 1", "Peraturan daerah", None),
            *((f"Pertanyaan {c}", "", s) for c, _, s in Q),
        ],
        [("Kode Indikator", "No", "Pertanyaan", "Maks", "Nilai"), *(("1", c, "x", int(m), s) for c, m, s in Q)],
        [
            ("No", "Pertanyaan", "Nilai Maks", "Nilai"),
            ("1", "Peraturan/Kebijakan Daerah tentang KLA", 96, None),
            *((c, "x", int(m), s) for c, m, s in Q),
        ],
        [
            ("No", "Pertanyaan", "Nilai Maks", "Nilai"),
            ("INDIKATOR 1", None, None, None),
            ("1", "x", 12, 12),
            ("2", "Kebijakan", None, None),
            ("a", "x", 1, 0.75),
            ("b", "x", 1, 0.5),
        ],
        [
            ("Indikator / Pertanyaan", "Nilai"),
            ("Indikator 1: Peraturan/Kebijakan Daerah", None),
            *((f"Pertanyaan {c}", s) for c, _, s in Q),
        ],
    ],
)
def test_the_indicator_completes_the_number_of_a_question(tmp_path, reader, rows):
    check(outcome(sheet(tmp_path, *rows), reader), 13.25)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "most", "code"),
    [
        ("KELANA DEKELA", 100, "KD"),
        ("Kelana & Dekela", 100, "KD"),
        ("Klaster 2", 156, "K2"),
        ("B. HAK SIPIL & KEBEBASAN", 115, "K1"),
        ("Perlindungan Khusus Anak", 205, "K5"),
        ("III. Kesehatan Dasar dan Kesejahteraan", 150, "K3"),
        ("PUSPAGA", 45, "8"),
        ("Sekolah Ramah Anak", 51, "19"),
    ],
)
def test_usual_names_are_known(tmp_path, reader, name, most, code):
    path = sheet(tmp_path, ("Uraian", "Nilai Maksimal", "Nilai"), (name, most, 16))
    (one,) = read_sheet(path, reader=reader, **ABOUT).require().assessments
    assert list(one.answers.iloc[:, 3]) == [code]


def test_maxima_in_order_and_number_are_enough(tmp_path, reader, instrument, reference):
    """Without one word that is known, the run of maxima says what each row is; what was known so is told."""
    pairs = zip(instrument.questions["max_points"], reference.scores, strict=True)
    rows = [("Uraian", "Nilai Maks", "Nilai"), *((f"butir {at}", *pair) for at, pair in enumerate(pairs))]
    intake = read_sheet(sheet(tmp_path, *rows), reader=reader, **ABOUT).require()
    assert intake.assessment().scores.equals(reference.scores)
    assert any("urutan dan nilai maksimalnya, periksa sekilas" in item.reason for item in intake.repairs.items)
    swapped = [rows[0], rows[2], rows[1], *rows[3:]]
    check(outcome(sheet(tmp_path, *swapped), reader), "bukan lembar evaluasi")
    check(outcome(sheet(tmp_path, *rows[:-1]), reader), "bukan lembar evaluasi")


# --- below the table ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "foot",
    [
        [(None, "Rata-rata", None, 50)],
        [(None, "Persentase capaian", None, 73.2)],
        [("Keterangan:",), ("1", "Kurang", None, 1), ("2", "Baik", None, 2)],
        [
            (),
            (None, None, None, "Batulicin, 5 Maret 2026"),
            (None, None, None, "Kepala Dinas"),
            (None, None, None, "NIP. 19700101 199603 1 001"),
        ],
        [(None, "Kepala Dinas PPPA", None, None), (None, "NIP", None, "197001011996031001")],
        [(None, "JUMLAH", 132, 100), (None, "Rata-rata", None, 50), (None, "Peringkat", None, 3)],
        [(None, "Catatan: nilai sementara", None, None), (None, "Skala 1 - 5", None, 5)],
    ],
)
def test_what_stands_below_the_table_is_passed_over_and_listed(tmp_path, reader, foot):
    path = sheet(tmp_path, HEAD, ONE, TWO, *foot)
    check(outcome(path, reader), 100.0)
    said = [item.reason for item in read_sheet(path, reader=reader, **ABOUT).repairs.items]
    assert any("dilewati" in reason for reason in said)


@pytest.mark.parametrize(
    "row", [(None, "Pelayanan bagi lansia", 10, 5), ("31", "Indikator baru", 10, 5), (None, "Jumlah kasus ABH", 10, 5)]
)
def test_a_row_with_a_score_that_is_no_footer_is_asked_about(tmp_path, reader, row):
    check(outcome(sheet(tmp_path, HEAD, ONE, TWO, row), reader), "tidak dikenal")


# --- text files and pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["Kode;Indikator;Nilai;Keterangan", "1;Peraturan;70;ada", "2;Kelembagaan;30"], 100.0),
        (["Kode;Indikator;Nilai;Keterangan", "1;Peraturan;70", "2;Kelembagaan;30", "3;Lembaga;20;ada"], 120.0),
        (["Kode;Indikator;Nilai;Ket;Bukti", "1;Peraturan;70", "2;Kelembagaan;30;ya"], 100.0),
        (["Kode,Indikator,Nilai,Ket", "1,Peraturan,70,x", "2,Kelembagaan"], 70.0),
        (["Kode\tIndikator\tNilai\tKet", "1\tPeraturan\t70\tx", "2\tKelembagaan\t30"], 100.0),
        (["Kode;Indikator;Maks;Nilai", "1;Peraturan;96;70", "2;36;30"], "3 sel"),
        (["Kode;Indikator;Nilai;Ket", "1;Peraturan;70;a;b", "2;Kelembagaan;30;c"], "5 sel"),
    ],
)
def test_rows_that_end_before_empty_last_columns(tmp_path, reader, lines, wanted):
    path = tmp_path / "a.csv"
    path.write_text("\r\n".join(lines), encoding="utf-8")
    check(outcome(path, reader), wanted)


TABLE = "<table><tr><td>Kode<td>Indikator<td>Nilai<tr><td>1<td>Peraturan<td>70</table>"


def mhtml() -> bytes:
    message = email.message.EmailMessage()
    message.set_content(f"<html><body>{TABLE}</body></html>", subtype="html", cte="quoted-printable")
    message.make_related(boundary="==batas==")  # the same in every worker, as it stands in the name of the test
    return message.as_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"<!-- " + b"x" * 9000 + b" -->" + TABLE.encode(),
        b"<html><head><style>" + b"td{} " * 3000 + b"</style></head><body>" + TABLE.encode(),
        b"\xff\xfe" + ("<html>" + TABLE).encode("utf-16-le"),
        f"<table><tr><td>menu<td>{TABLE}</table>".encode(),
        f"<table><tr><td><table><tr><td>{TABLE}</table></table>".encode(),
        f"<table><tr><td><h1>KLA</h1></td></tr><tr><td>{TABLE}</td></tr></table>".encode(),
        b"<?xml version='1.0'?><!DOCTYPE html><html><body>" + TABLE.encode() + b"</body></html>",
        mhtml(),
        # LibreOffice writes the notes on cells like this.
        TABLE.replace("70", "<comment>1: 0 sampai 96 poin.</comment>70").encode(),
    ],
)
def test_pages_of_portals(tmp_path, reader, data):
    path = tmp_path / "a.xls"
    path.write_bytes(data)
    check(outcome(path, reader), 70.0)


# --- the office's own address --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        (("Alamat", ":", "Jl. Contoh No. 1"), 70.0),
        (("Alamat", "Jl. Contoh No. 1", "No Telepon", "(0518) 70001"), 70.0),
        (("Nomor Telepon", ":", "0518-70001"), 70.0),
        (("Hotline UPTD PPA 0811-5000-111",), 70.0),
        (("Telp. kantor", "0812-5000-1111"), 70.0),
        (("Nama Anak", "Alamat Rumah", "No HP"), "data pribadi"),
        (("Nama Orang Tua", ":", "Fulan"), "data pribadi"),
        (("HP ibu 0812-5000-1111",), "data pribadi"),
    ],
)
def test_an_office_is_no_person(tmp_path, reader, row, wanted):
    found = outcome(sheet(tmp_path, row, HEAD, ONE), reader)
    assert (wanted in found) if isinstance(wanted, str) else found == wanted


# --- what is no transposed sheet, and what is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [("Kode", "Indikator", "Target", "Realisasi", "Sisa", "Tahun"), ("1", "Peraturan", 1, 2, 3, 4)],
            "“Target”, “Realisasi”",
        ),
        ([("No", "Kegiatan", "TW1", "TW2", "TW3", "TW4"), (1, "Rapat", 1, 2, 3, 4)], "“TW1”"),
        ([("Indikator", "Anggaran", "Realisasi"), ("Peraturan", 10, 20)], "“Anggaran”"),
        ([("Uraian", "2021", "2022", "2023"), ("Forum anak", 5, 6, 7)], "kolom “Nilai” tidak ada"),
        ([("Kode", "Jan", "Feb", "Mar", "Apr", "Mei"), ("1", 1, 2, 3, 4, 5)], "“Jan”"),
        ([("Indikator", "1", "2", "3", "4", "5", "6"), ("Nilai", 50, 20, 10, 15, 40, 50)], "Transpose"),
    ],
)
def test_a_missing_column_is_named_with_those_there_are(tmp_path, reader, rows, words):
    check(outcome(sheet(tmp_path, *rows), reader), words)


# --- headers --------------------------------------------------------------------------------------------------------------


def three_rows(top, middle, below, merged):
    return [top, middle, below, (*ONE[:3], 70, None), (*TWO[:3], 30, None)], merged


@pytest.mark.parametrize(
    ("rows", "merged"),
    [
        three_rows(
            ("Kode", "Indikator", "Nilai", None, None),
            (None, None, "Maksimal", "Hasil", None),
            (None, None, None, "Mandiri", "Verifikasi"),
            ((1, 0, 3, 0), (1, 1, 3, 1), (1, 2, 1, 4), (2, 2, 3, 2), (2, 3, 2, 4)),
        ),
        three_rows(
            ("Kode", "Indikator", "Penilaian", None, None),
            (None, None, "Bobot", "Skor", None),
            (None, None, None, "Kab/Kota", "Provinsi"),
            ((1, 0, 3, 0), (1, 1, 3, 1), (1, 2, 1, 4), (2, 2, 3, 2), (2, 3, 2, 4)),
        ),
        (
            [
                ("Kode", "Indikator", "Nilai Maks", "Skor Kab/Kota", "Skor Provinsi", "Skor Pusat"),
                (*ONE, 60, 50),
                (*TWO, 20, 10),
            ],
            (),
        ),
        (
            [
                ("Kode", "Indikator", "Maks", "Skor", None, None),
                (None, None, None, "EM", "VA", "VLH"),
                (*ONE, 60, 50),
                (*TWO, 20, 10),
            ],
            (),
        ),
        ([("Kode", "Indikator", "Nilai Maks", "Nilai", "Capaian"), (*ONE, "73%"), (*TWO, "83%")], ()),
        ([("Kode", "Indikator", "Nilai Maks", "Nilai 2024", "Nilai 2025"), (*ONE[:3], 40, 70), (*TWO[:3], 10, 30)], ()),
        ([("Anggaran KLA Rp 1.200.000.000",), HEAD, ONE, TWO], ()),
        ([("Kode", "Indikator", "Bobot", "Skor", "Nilai"), (*ONE, 70), (*TWO, 30)], ()),
    ],
)
def test_columns_of_stages_and_deep_headers(tmp_path, reader, rows, merged):
    check(outcome(sheet(tmp_path, *rows, merged=merged), reader), 100.0)


def test_several_columns_are_asked_for_by_name_once(tmp_path, reader):
    rows = [
        ("Kode", "Indikator", "Maks", "Skor", "Nilai"),
        ("1", "Peraturan", 96, 3, 70),
        ("2", "Kelembagaan", 36, 2, 30),
    ]
    path = sheet(tmp_path, *rows)
    said = outcome(path, reader)
    check(said, "column “Skor”")
    assert outcome(path, reader, column="Nilai") == 100
    assert outcome(path, reader, column="E") == 100
    assert outcome(path, reader, column="skor") == 5
    with pytest.raises(kla.DataError, match="Mungkin maksud Anda “Nilai”"):
        read_sheet(path, reader=reader, column="Nilia", **ABOUT)


@pytest.mark.parametrize(
    ("titles", "asked", "decided"),
    [
        (
            ("EM", "Provinsi", "Pusat"),
            "stage (administrative_verification, central_review, self_assessment)",
            {"self_assessment": 100, "administrative_verification": 80, "central_review": 60},
        ),
        (
            ("Nilai", "Provinsi", "Pusat"),
            "stage (administrative_verification, central_review)",
            {"self_assessment": 100, "central_review": 60},
        ),
        (
            ("Mandiri", "Prov.", "Kementerian"),
            "stage (",
            {"self_assessment": 100, "administrative_verification": 80, "central_review": 60},
        ),
        (
            ("Kabupaten", "Provinsi", "Pusat"),
            "stage (",
            {"self_assessment": 100, "administrative_verification": 80, "central_review": 60},
        ),
        (
            ("Kab/Kota", "VA", "VLH"),
            "stage (",
            {"self_assessment": 100, "administrative_verification": 80, "field_verification": 60},
        ),
        (
            ("Skor", "Lapangan", "Penetapan"),
            "stage (field_verification, final)",
            {"field_verification": 80, "final": 60},
        ),
        (
            ("Evaluasi Mandiri", "Verifikasi Administrasi", "Final"),
            "stage (",
            {"self_assessment": 100, "administrative_verification": 80, "final": 60},
        ),
    ],
)
def test_a_table_of_stages_asks_once_and_takes_none_by_itself(tmp_path, reader, titles, asked, decided):
    path = sheet(tmp_path, ("Kode", "Indikator", "Nilai Maksimal", *titles), (*ONE, 60, 50), (*TWO, 20, 10))
    check(outcome(path, reader, stage=""), asked)
    assert {stage: outcome(path, reader, stage=stage) for stage in decided} == decided
    assert [outcome(path, reader, column=title) for title in titles] == [100, 80, 60]


@pytest.mark.parametrize(
    "rows",
    [
        [("Kode", "Indikator", "Maks", "EM", "Provinsi", "Pusat"), (*ONE, "Kalsel", "ada"), (*TWO, "Kalsel", "ada")],
        [("Kode", "Indikator", "Maks", "EM", "Provinsi", "Pusat"), ONE, TWO],
        [
            ("Provinsi", "Kabupaten", "Kode", "Indikator", "Nilai"),
            ("Kalsel", "Tanah Bumbu", *ONE[:2], 70),
            ("Kalsel", "Tanah Bumbu", *TWO[:2], 30),
        ],
        [("Kode", "Indikator", "Maks", "EM", "Catatan Provinsi", "Catatan Pusat"), (*ONE, 3, 1), (*TWO, 2, 0)],
    ],
)
def test_columns_without_figures_are_no_stages(tmp_path, reader, rows):
    check(outcome(sheet(tmp_path, *rows), reader, stage="self_assessment"), 100.0)
    assert outcome(sheet(tmp_path, *rows), reader, stage="" if "EM" in rows[0] else "final") == 100.0


@pytest.mark.parametrize("title", ["Jumlah Dokumen", "Jumlah Anak", "Bukti Dukung", "Link", "Penanggung Jawab"])
def test_a_column_is_only_suggested_when_it_is_likely_meant(tmp_path, reader, title):
    found = outcome(sheet(tmp_path, (*HEAD[:3], title), ONE, TWO), reader)
    check(found, "kolom “Nilai” tidak ada")
    assert "Mungkin" not in found
    for misspelt in ("Nilia", "Skoor"):
        check(outcome(sheet(tmp_path, (*HEAD[:3], misspelt), ONE, TWO), reader), f"kolom “{misspelt}”?")


def test_every_stage_in_one_go(tmp_path, reader):
    rows = [
        ("Kode", "Indikator", "Maks", "Skor Kab/Kota", "Skor Provinsi", "Skor Pusat"),
        (*ONE, 60, 50),
        (*TWO, 20, 10),
    ]
    path = sheet(tmp_path, *rows)
    check(outcome(path, reader, stage=""), "stage all")
    intake = read_sheet(path, reader=reader, **{**ABOUT, "stage": "all"}).require()
    assert [(one.stage, one.total) for one in intake.assessments] == [
        ("self_assessment", 100),
        ("administrative_verification", 80),
        ("central_review", 60),
    ]


# --- number formats of other languages, sums above the maximum, one message a kind -------------------------------------------


@pytest.mark.parametrize(
    "name", ["Umum", "Standar", "Standard", "G/通用格式", "General;-General", "# ?/?", "0.0_);(0.0)"]
)
def test_what_general_is_called_elsewhere_is_no_date(tmp_path, reader, name):
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    one = book.add_worksheet("Rekap")
    one.write_row(0, 0, HEAD)
    one.write_row(1, 0, ONE, book.add_format({"num_format": name}))
    book.close()
    check(outcome(tmp_path / "a.xlsx", reader), 70.0)


@pytest.mark.parametrize("name", ["dd/mm/yyyy", "[$-421]dd mmmm yyyy", "h:mm:ss.0", "mmm-yy", "d.m.yy"])
def test_dates_stay_dates(tmp_path, reader, name):
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    one = book.add_worksheet("Rekap")
    one.write_row(0, 0, HEAD)
    one.write_row(1, 0, ONE[:3])
    one.write_number(1, 3, 12, book.add_format({"num_format": name}))
    book.close()
    check(outcome(tmp_path / "a.xlsx", reader), "tanggal, bukan angka")


def test_maxima_read_as_scores_stop_the_import(tmp_path, reader, instrument):
    rows = [("Kode", "Pertanyaan", "Nilai")]
    rows += [(code, row["name"], row["max_points"]) for code, row in instrument.questions.iterrows()]
    check(outcome(sheet(tmp_path, *rows), reader), "setiap nilai sama dengan maksimumnya")
    # With the maxima beside them it is a full sheet, and counts as one: 1,000 of the 1,004 points of its rows.
    rows = [(*row, row[2] if at else "Nilai maks.") for at, row in enumerate(rows)]
    check(outcome(sheet(tmp_path, *rows), reader), 1004)


def test_an_average_between_rows_hides_none_of_them(tmp_path, reader):
    share = (None, "Persentase", None, 0.9)
    check(outcome(sheet(tmp_path, HEAD, ONE, share, TWO, share), reader), 100.0)
    check(outcome(sheet(tmp_path, HEAD, ONE, ("Keterangan: sementara",), TWO), reader), 100.0)


def test_numbers_that_begin_anew_in_every_cluster_follow_the_maxima(tmp_path, reader, instrument):
    """A to G for the clusters, 1, 2, 3 for the indicators of each: with the instrument's names, or with none of its words."""
    rows = []
    for letter, (component, about) in zip("ABCDEFG", instrument.components.iterrows(), strict=True):
        rows.append((letter, about["name"], about["max_points"], None))
        inside = instrument.indicators[instrument.indicators["component_code"] == component]
        rows += [
            (at, of["name"], of["max_points"], of["max_points"] / 2) for at, (_, of) in enumerate(inside.iterrows(), 1)
        ]
    head = ("No", "Uraian", "Nilai Maks", "Nilai")
    check(outcome(sheet(tmp_path, head, *rows), reader), 500.0)
    strange = [row if row[3] is None else (row[0], f"isian {at}", *row[2:]) for at, row in enumerate(rows)]
    check(outcome(sheet(tmp_path, head, *strange), reader), 500.0)
    check(
        outcome(sheet(tmp_path, ("No", "Uraian", "Nilai"), *((a, b, d) for a, b, _, d in strange)), reader),
        "tidak dikenal",
    )


def test_two_stages_below_each_other(tmp_path, reader):
    rows = [
        ("KLA KABUPATEN TANAH BUMBU 2025",),
        ("EVALUASI MANDIRI",),
        HEAD,
        ONE,
        (),
        ("VERIFIKASI ADMINISTRASI",),
        HEAD,
        (*ONE[:3], 60),
    ]
    path = people.write_xlsx(tmp_path / "a.xlsx", [page("Rekap", rows)])
    found = read_sheet(path, area="63.10", reader=reader).require().assessments
    assert [(one.stage, one.total) for one in found] == [("self_assessment", 70), ("administrative_verification", 60)]


def test_the_same_fault_forty_times_is_one_problem(tmp_path, reader, instrument):
    rows = [HEAD, *((code, row["name"], row["max_points"], "banyak") for code, row in instrument.indicators.iterrows())]
    said = outcome(sheet(tmp_path, *rows), reader)
    check(said, "begitu juga baris 4–33: 31 tempat")
    numbers = read_sheet(
        people.write_csv(tmp_path / "a.csv", [page("A", [HEAD, *((*row[:3], 0.5) for row in (ONE, TWO))])]),
        reader=reader,
        **ABOUT,
    )
    assert [item.reason for item in numbers.repairs.items if "teks" in item.reason] == [
        "2 angka tersimpan sebagai teks"
    ]


# --- our own templates -------------------------------------------------------------------------------------------------------


def test_our_own_sheet_survives_being_sorted_filtered_and_moved(tmp_path, reader, instrument, reference):
    """Sorted by score, filtered, columns moved, codes turned into numbers: each answer stays where it belongs."""
    rows = [
        (code, row["name"], row["max_points"], reference.scores[code]) for code, row in instrument.questions.iterrows()
    ]
    head = ("Kode", "Pertanyaan", "Nilai maksimal", "Nilai")
    forms = {
        "urut": [head, *sorted(rows, key=lambda row: (row[3], row[0]))],
        "pindah": [[row[at] for at in (3, 1, 0, 2)] for row in (head, *rows)],
        "angka": [head, *((float(row[0]) if row[0].replace(".", "").isdigit() else row[0], *row[1:]) for row in rows)],
    }
    for name, form in forms.items():
        path = people.write_xlsx(tmp_path / f"{name}.xlsx", [page("Isian", [TITLE, *form], hidden_rows=(5, 6, 9))])
        assert read_sheet(path, reader=reader, **ABOUT).assessment().scores.equals(reference.scores), name


def test_a_lost_zero_is_not_guessed_among_rows_out_of_order(tmp_path, reader):
    """14.10 that became the number 14.1 is known behind 14.8 and 14.9; behind 14.9 alone nothing tells which one it is."""
    head = ("Kode", "Nilai")
    rows = {"14.1": 1, "14.8": 2, "14.9": 1, "14.10": 3}
    numbers = [(float(code), score) for code, score in rows.items()]
    read = read_sheet(sheet(tmp_path, head, *numbers), reader=reader, **ABOUT).assessment()
    assert read.scores.dropna().to_dict() == rows
    for order in ([3, 2, 0, 1], [1, 3, 2, 0], [2, 0, 3, 1]):
        check(outcome(sheet(tmp_path, head, *(numbers[at] for at in order)), reader), "14.1 sudah dinilai")


@pytest.mark.parametrize("title", ["Kekurangan Nilai", "Pengurangan Nilai", "Nilai Target", "Nilai Kab. Banjar"])
def test_a_lone_heading_with_an_unknown_word_is_asked_about(title, tmp_path):
    rows = [("Kode", "Indikator", "Nilai Maksimal", title), ("1", "a", 96, 9), ("2", "b", 36, 3)]
    path = people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", rows)])
    known = {"area": "63.10", "year": 2025, "stage": "self_assessment"}
    with pytest.raises(kla.DataError, match="belum tentu kolom nilai"):
        kla.read_sheet(path, **known).assessment()
    assert kla.read_sheet(path, column=title, **known).assessments[0].total == 12


def test_every_kind_of_repair_has_a_name_of_its_own():
    names = [action_name(action) for action in (REFUSED, SKIPPED, NORMALISED, NOTED)]
    assert names == ["harus diperbaiki", "dilewati", "dibaca sebagai", "catatan"]


# --- two districts on one sheet ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "above",
    [
        [("Kode wilayah", "63.10"), ("Nama daerah", "Kabupaten Kotabaru")],
        [("Rekap Nilai KLA Kabupaten Kotabaru Tahun 2025",), ("Kode wilayah", "63.10")],
    ],
)
def test_a_sheet_that_names_two_districts_asks_which(tmp_path, reader, above):
    path = people.write_xlsx(tmp_path / "a.xlsx", [page("Rekap", [*above, (), HEAD, ONE])])
    found = outcome(path, reader, area="")
    assert "daerahnya tidak jelas" in found
    assert "63.10 Kab. Tanah Bumbu" in found
    assert "63.02 Kab. Kotabaru" in found
    assert outcome(path, reader, area="63.02") == outcome(path, reader, area="63.10") == 70
    assert "lembar ini milik" in outcome(path, reader, area="63.01")


@pytest.mark.parametrize(
    "above",
    [
        [("Tahun", 2025), ("Tahun evaluasi", 2023)],
        [("Rekap Nilai KLA Kabupaten Tanah Bumbu Tahun 2023",), ("Tahun", 2025)],
    ],
)
def test_a_sheet_that_names_two_years_asks_which(tmp_path, reader, above):
    path = people.write_xlsx(tmp_path / "a.xlsx", [page("Rekap", [*above, (), HEAD, ONE])])
    found = outcome(path, reader, year=None)
    assert "tahun penghargaannya tidak jelas" in found
    assert "2025" in found
    assert "2023" in found
    assert outcome(path, reader, year=2023) == outcome(path, reader, year=2025) == 70


@pytest.mark.parametrize("heading", ["Nilai (%)", "Nilai persen", "NILAI %"])
def test_a_column_of_percentages_is_never_offered_as_the_points(tmp_path, reader, heading):
    found = outcome(sheet(tmp_path, (*HEAD[:3], heading), (*ONE[:3], 0.5)), reader)
    assert "bukan poin" in found
    assert "Bila benar, beri judul" not in found
