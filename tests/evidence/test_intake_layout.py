"""Layouts (T51 to T64): sheets as offices make them, each read to the same answers as made by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import people
import pytest

import kla_analysis as kla
from kla_analysis.evidence.intake.sheet import Intake, read_sheet
from kla_analysis.language import language

ABOUT = {"area": "63.10", "year": 2025, "stage": "self_assessment"}


@pytest.fixture(scope="module")
def printed(reference) -> pd.DataFrame:
    return reference.printed


def shifted(one: people.Page, by: int) -> people.Page:
    """The same page with empty rows on top."""
    width = len(one.rows[0])
    merged = tuple((a + by, b, c + by, d) for a, b, c, d in one.merged)
    return people.Page(one.name, (((None,) * width,) * by) + one.rows, merged)


def recapitulation(instrument, reference, **about) -> people.Page:
    return people.recapitulation(instrument, reference.scores, reference.printed, **about)


# --- fourteen workbooks: each returns the file, how it is read, and the level of its answers --------------------


def rapor(folder, instrument, reference):
    return people.write_xlsx(folder / "Rapor KLA.xlsx", [recapitulation(instrument, reference)]), {}, "question"


def plain_indicators(folder, instrument, reference):
    return (
        people.write_xlsx(folder / "indikator.xlsx", [people.indicator_table(instrument, reference.printed)]),
        {},
        "indicator",
    )


def two_row_header(folder, instrument, reference):
    header = [("No", "Uraian", "Nilai", None, "Ket."), (None, None, "Maksimal", "Mandiri", None)]
    one = recapitulation(instrument, reference, header=header)
    top = len(people.TITLES)
    merged = ((0, 0, 0, 4), (top, 2, top, 3), (top, 0, top + 1, 0), (top, 1, top + 1, 1), (top, 4, top + 1, 4))
    return people.write_xlsx(folder / "dua baris.xlsx", [people.Page(one.name, one.rows, merged)]), {}, "question"


def cover_sheet(folder, instrument, reference):
    cover = people.page(
        "Sampul", [("LEMBAR EVALUASI MANDIRI KLA",), (), ("Kabupaten", ":", "Tanah Bumbu"), ("Tahun", ":", 2025)]
    )
    data = recapitulation(instrument, reference, titles=())
    return people.write_xlsx(folder / "bersampul.xlsx", [cover, data]), {}, "question"


def hidden_parts(folder, instrument, reference):
    one = recapitulation(instrument, reference)
    hidden = people.Page(one.name, one.rows, hidden_rows=(10, 11, 40), hidden_columns=(2,))
    notes = people.page("Kerja", [("hitungan sementara", 5)], hidden=True)
    return people.write_xlsx(folder / "tersembunyi.xlsx", [hidden, notes]), {}, "question"


def block_totals(folder, instrument, reference):
    return (
        people.write_xlsx(folder / "jumlah.xlsx", [recapitulation(instrument, reference, block_totals=True)]),
        {},
        "question",
    )


def a_sheet_per_cluster(folder, instrument, reference):
    pages = []
    for component, about in instrument.components.iterrows():
        rows = [
            (about["name"],),
            ("Evaluasi Mandiri Kab. Tanah Bumbu 2025",),
            ("Kode", "Pertanyaan", "Skor Maks", "Skor"),
        ]
        for code, question in instrument.questions[instrument.questions["component_code"] == component].iterrows():
            rows.append((code, question["name"], question["max_points"], reference.scores[code]))
        rows.append((None, "Jumlah", None, None))
        pages.append(people.page(about["name"][:12], rows))
    return people.write_xlsx(folder / "per klaster.xlsx", pages), {}, "question"


def numbers_as_text(folder, instrument, reference):
    def change(value):
        return people.comma(value) if isinstance(value, float) else value

    rows = [tuple(map(change, row)) for row in recapitulation(instrument, reference).rows]
    return people.write_xlsx(folder / "teks.xlsx", [people.Page("Rekap", tuple(rows))]), {}, "question"


def codes_as_numbers(folder, instrument, reference):
    def change(row):
        code = row[0]
        is_number = isinstance(code, str) and code.replace(".", "").isdigit() and code.count(".") == 1
        return (float(code), *row[1:]) if is_number else row

    rows = tuple(map(change, recapitulation(instrument, reference).rows))
    return people.write_xlsx(folder / "kode angka.xlsx", [people.Page("Rekap", rows)]), {}, "question"


def reordered_with_extra_columns(folder, instrument, reference):
    header = [("  KODE ", "pertanyaan", "NILAI MAKS.", "nilai  mandiri", "Keterangan")]
    one = recapitulation(instrument, reference, header=header, order=(3, 1, 4, 0, 2))
    rows = [(*row, "Dinas PPPA" if row[3] else None, "x") for row in one.rows]
    at = len(people.TITLES)
    rows[at] = (*one.rows[at], "Bukti Dukung", None)
    return people.write_xlsx(folder / "acak.xlsx", [people.page("Rekap", rows)]), {}, "question"


def two_stages(folder, instrument, reference):
    one = recapitulation(instrument, reference)
    rows = [(*row, row[3] / 2 if isinstance(row[3], int | float) else None) for row in one.rows]
    rows[len(people.TITLES)] = ("Kode", "Pertanyaan", "Nilai Maksimal", "Nilai Mandiri", "Keterangan", "Nilai VA")
    path = people.write_xlsx(folder / "EM dan VA.xlsx", [people.page("Rekap", rows)])
    return path, {"stage": "self_assessment"}, "question"


def semicolon_csv(folder, instrument, reference):
    path = folder / "id-ID.csv"
    path.write_bytes(people.csv_bytes(recapitulation(instrument, reference), people.DIALECTS[3]))
    return path, {}, "question"


def html_export(folder, instrument, reference):
    return people.write_html(folder / "portal.xls", [recapitulation(instrument, reference)]), {}, "question"


def old_excel(folder, instrument, reference):
    return (
        people.write_xls(folder / "lama.xls", [people.indicator_table(instrument, reference.printed, merged=False)]),
        {},
        "indicator",
    )


def open_document(folder, instrument, reference):
    return people.write_ods(folder / "libre.ods", [recapitulation(instrument, reference)]), {}, "question"


WORKBOOKS = [
    rapor,
    plain_indicators,
    two_row_header,
    cover_sheet,
    hidden_parts,
    block_totals,
    a_sheet_per_cluster,
    numbers_as_text,
    codes_as_numbers,
    reordered_with_extra_columns,
    two_stages,
    semicolon_csv,
    html_export,
    old_excel,
    open_document,
]


@pytest.mark.parametrize("make", WORKBOOKS, ids=lambda make: make.__name__)
def test_real_looking_workbooks(make, tmp_path, instrument, reference, printed):
    path, about, level = make(tmp_path, instrument, reference)
    intake = read_sheet(path, **about).require()
    assessment = intake.assessment()
    by_hand = (
        reference.scores
        if level == "question"
        else printed[printed["level"] == "indicator"].set_index("code")["printed_score"]
    )
    pd.testing.assert_series_equal(assessment.scores, by_hand, check_names=False)
    assert (assessment.area_code, assessment.award_year, assessment.stage) == ("63.10", 2025, "self_assessment")
    assert assessment.level == level
    assert not assessment.missing


def refusal(page: people.Page, folder: Path, **about) -> str:
    path = people.write_xlsx(folder / "a.xlsx", [page])
    with pytest.raises(kla.DataError) as refused:
        read_sheet(path, **{**ABOUT, **about}).require()
    assert all(problem.what and problem.advice for problem in refused.value.problems)
    return str(refused.value)


def read(page: people.Page, folder: Path, **about) -> Intake:
    return read_sheet(people.write_xlsx(folder / "a.xlsx", [page]), **{**ABOUT, **about}).require()


def reasons(intake: Intake) -> str:
    return "\n".join(
        f"{item.action} {item.sheet} {item.cell} {item.old} {item.reason} {item.advice}"
        for item in intake.repairs.items
    )


SMALL = [("Kode", "Indikator", "Nilai Maksimal", "Nilai"), ("1", "a", 96, 50), ("2", "b", 36, 20), ("3", "c", 32, 10)]


def test_merged_cells_are_filled_only_where_merged(tmp_path):  # T52
    rows = [
        ("Kabupaten/Kota", "Kode Indikator", "Nilai"),
        ("Kab. Tanah Bumbu", "1", 50),
        (None, "2", 20),
        (None, "3", 10),
    ]
    intake = read(people.page("A", rows, merged=((1, 0, 3, 0),)), tmp_path, area="")
    assert list(intake.assessments[0].answers["indicator_code"]) == ["1", "2", "3"]
    half = people.page("A", rows, merged=((1, 0, 2, 0),))
    calc = read_sheet(people.write_ods(tmp_path / "calc.ods", [half]), year=2025, stage="final")
    for said in (refusal(half, tmp_path, area=""), str(calc.repairs.problems("calc.ods")[0])):
        assert "baris 4, kolom A: daerahnya kosong" in said
        assert "baris 3" not in said


def test_what_is_hidden_is_read_and_said(tmp_path):  # T53
    intake = read(people.page("A", SMALL, hidden_rows=(2,), hidden_columns=(2,)), tmp_path)
    assert intake.assessments[0].total == 80
    said = reasons(intake)
    assert "1 baris tersembunyi" in said
    assert "kolom tersembunyi" in said


def test_totals_are_left_out_and_compared(tmp_path, instrument, reference):  # T54
    intake = read(recapitulation(instrument, reference, block_totals=True), tmp_path)
    said = reasons(intake)
    assert intake.assessments[0].total == 771.81
    assert "total: tercetak 770,36, jumlah jawabannya 771,81, selisih 1,45 poin" in said
    assert "KD: tercetak 67,5, jumlah jawabannya 68,5" in said
    assert said.count("baris jumlah") == 8


def test_headers_in_other_spelling_blank_and_doubled(tmp_path):  # T55
    rows = [(" KODE ", None, "nilai\nMaksimal", "NILAI  "), *SMALL[1:]]
    assert read(people.page("A", rows), tmp_path).assessments[0].total == 80
    doubled = [("Kode", "Nilai", "Nilai Maksimal", "Nilai"), ("1", 40, 96, 50), ("2", 20, 36, 20)]
    assert "lebih dari satu kolom nilai" in refusal(people.page("A", doubled), tmp_path)


def test_a_row_twice(tmp_path):  # T56
    for again in (("1", "a", 96, 50), ("1", "a", 96, 51)):
        said = refusal(people.page("A", [*SMALL, again]), tmp_path)
        assert "baris 5" in said
        assert "1 sudah dinilai di D2" in said


def test_a_missing_column_names_the_nearest(tmp_path):  # T57
    said = refusal(people.page("A", [("Kode", "Indikator", "Nilai Maksimal", "Nilia"), *SMALL[1:]]), tmp_path)
    assert "“Nilai” tidak ada" in said
    assert "“Nilia”" in said


def test_extra_columns_are_kept_out_and_listed(tmp_path):  # T58
    rows = [(*row, extra) for row, extra in zip(SMALL, ("Arsip", "a", "b", "c"), strict=True)]
    assert "E Arsip kolom ini tidak dibaca" in reasons(read(people.page("A", rows), tmp_path))


def test_a_cover_first_and_the_wrong_sheet(tmp_path):  # T59
    cover = people.page("Sampul", [("Laporan KLA",)])
    path = people.write_xlsx(tmp_path / "a.xlsx", [cover, people.page("EM", SMALL), people.page("Salinan", SMALL)])
    with pytest.raises(kla.DataError, match="dengan sheet"):
        read_sheet(path, **ABOUT).require()
    assert read_sheet(path, **ABOUT, sheet="EM").require().assessments[0].total == 80
    with pytest.raises(kla.DataError, match="Salinan"):
        read_sheet(path, **ABOUT, sheet="Salinn")


def test_columns_in_another_order(tmp_path):  # T60
    rows = [(row[3], row[0], row[2], row[1]) for row in SMALL]
    first, second = (read(people.page("A", r), tmp_path).assessments[0].answers for r in (SMALL, rows))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("heading", ["Nilai (dalam ribuan)", "Nilai"])
def test_other_units(tmp_path, heading):  # T61
    rows = [("satuan: juta rupiah",), (*SMALL[0][:3], heading), *SMALL[1:]]
    assert "satuan bukan poin" in refusal(people.page("A", rows), tmp_path)


def test_a_transposed_sheet(tmp_path):  # T62
    rows = [("Indikator", "1", "2", "3", "4", "5"), ("Nilai", 50, 20, 10, 15, 40)]
    assert "Transpose" in refusal(people.page("A", rows), tmp_path)


def test_maxima_of_other_rules(tmp_path):  # T63
    rows = [SMALL[0], ("1", "a", 9.6, 5), ("2", "b", 36, 20)]
    said = refusal(people.page("A", rows), tmp_path)
    assert "maksimum 1 di kla-2024 adalah 96, di lembar ini 9,6" in said
    assert "baris 3" not in said
    old = [("Kode", "Komponen", "Nilai Maksimal", "Nilai"), ("K0", "Kelembagaan", 100, 80)]
    assert "seperti pada 2021" in refusal(people.page("A", old), tmp_path)


def test_what_is_missing_is_missing(tmp_path, instrument):  # T64
    rows = [*SMALL[:2], ("2", "b", 36, None), ("3", "c", 32, "TAD"), ("4", "d", 15, 0)]
    intake = read(people.page("A", rows), tmp_path)
    (one,) = intake.assessments
    assert one.answers.set_index("indicator_code")["score"].isna().to_dict() == {
        "1": False,
        "2": True,
        "3": True,
        "4": False,
    }
    assert set(one.missing) == set(instrument.indicators.index) - {"1", "4"}
    assert not kla.roll_up(intake.assessment(), instrument).total.is_exact


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-1, "kurang dari nol"),
        (96.01, "melebihi maksimum 1, yaitu 96"),
        ("85%", "persen"),
        ("banyak", "bukan angka"),
        ("nihil", "nol atau belum"),
        ("=SUM(A1)", "rumus"),
        ("inf", "bukan angka"),
    ],
)
def test_a_score_that_can_not_be(tmp_path, value, words):  # T42, T46
    rows = [SMALL[0], ("1", "a", 96, value), *SMALL[2:]]
    said = refusal(people.page("A", rows), tmp_path)
    assert words in said
    assert "baris 2, kolom D" in said


def test_a_point_among_commas_is_never_a_thousand(tmp_path):  # T37
    rows = [SMALL[0], ("1", "a", 96, "12.5"), ("2", "b", 36, "20,5"), ("3", "c", 32, "10,25")]
    said = refusal(people.page("A", rows), tmp_path)
    assert "baris 2, kolom D, nilai “12.5”: titik desimal di kolom yang memakai koma desimal" in said
    assert "baris 3" not in said


def test_formulas_without_a_result_and_errors(tmp_path):  # T44, T45
    cells = people.small_table(2)
    formula = cells + '<row r="5"><c r="A5"><v>3</v></c><c r="D5"><f>SUM(A1:A2)</f></c></row>'
    path = people.raw_xlsx(tmp_path / "a.xlsx", people.sheet_xml(formula))
    with pytest.raises(kla.DataError, match="simpan ulang di Excel"):
        read_sheet(path).require()
    error = cells + '<row r="5"><c r="A5"><v>3</v></c><c r="D5" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    intake = read_sheet(people.raw_xlsx(tmp_path / "b.xlsx", people.sheet_xml(error))).require()
    assert intake.assessments[0].answers["score"].isna().tolist() == [False, False, True]
    assert "skipped Rekap D5 #DIV/0! kesalahan rumus" in reasons(intake)


def test_names_are_suggested_never_assumed(tmp_path):
    rows = [("Indikator", "Nilai"), ("Pencegahan Perkawinan Anak", 20), ("Pencegahan Perkawinan Ank", 20)]
    said = refusal(people.page("A", rows), tmp_path)
    assert "Mungkin maksud Anda 7 (Pencegahan Perkawinan Anak)? Bila benar, tulis kodenya." in said
    assert "baris 2" not in said


@pytest.mark.parametrize(("typed", "meant"), [("Nindia", "Nindya"), ("ninya", "Nindya"), ("Muda", "Madya")])
def test_a_misspelt_predicate_is_suggested(tmp_path, typed, meant):
    rows = [*SMALL, (None, "Predikat", None, typed)]
    said = reasons(read(people.page("A", rows), tmp_path))
    assert typed in said
    assert f"Mungkin maksud Anda “{meant}”?" in said
    right = reasons(read(people.page("A", [*SMALL, (None, "Predikat", None, "Madya")]), tmp_path))
    assert "tidak cocok dengan jumlah 80" in right


def test_the_day_of_filling_in_is_kept(tmp_path):  # T47
    for typed, wanted in (("2 Agt 25", "2025-08-02"), ("02/01/2025", "2025-01-02"), ("31/02/2025", "")):
        intake = read(people.page("A", [("Tanggal", ":", typed), *SMALL]), tmp_path)
        assert intake.assessments[0].filled_on == wanted
        assert ("bukan tanggal" in reasons(intake)) == (not wanted)


def test_the_sheet_of_another_district(tmp_path):
    rows = [("Evaluasi mandiri Kota Banjarmasin 2025",), *SMALL]
    assert "63.71 Kota Banjarmasin" in refusal(people.page("A", rows), tmp_path)


def test_a_code_and_a_name_of_two_districts(tmp_path):
    rows = [("Kode Wilayah", "Kabupaten/Kota", "Kode Indikator", "Nilai"), ("63.10", "Kota Banjarmasin", "1", 50)]
    assert "tetapi namanya" in refusal(people.page("A", rows), tmp_path, area="")


def test_many_districts_in_one_sheet(tmp_path):
    rows = [("Kabupaten/Kota", "Tahun", "Kode Indikator", "Nilai")]
    rows += [
        (name, 2025, code, 10) for name in ("Kab. Tanah Bumbu", "KOTA BANJARMASIN", "6302") for code in ("1", "2", "3")
    ]
    intake = read(people.page("A", rows), tmp_path, area="")
    assert [one.area.code for one in intake.assessments] == ["63.10", "63.71", "63.02"]
    assert all(one.total == 30 for one in intake.assessments)
    bad = refusal(people.page("A", [*rows, ("Bandung", 2025, "1", 10)]), tmp_path, area="")
    assert "nama ini dipakai dua daerah" in bad
    assert "baris 11" in bad


def test_nothing_is_known_of_the_sheet(tmp_path):
    said = refusal(people.page("A", SMALL), tmp_path, area="", year=None, stage="")
    assert all(option in said for option in ("dengan area", "dengan year", "dengan stage"))


def test_a_score_merged_over_rows_belongs_to_none_of_them(tmp_path):
    rows = [SMALL[0], ("1", "a", 96, 50), ("2", "b", 36, None), ("3", "c", 32, 10)]
    said = refusal(people.page("A", rows, merged=((1, 3, 2, 3),)), tmp_path)
    assert "baris 3, kolom D" in said
    assert "digabung" in said


def test_a_sheet_of_something_else_altogether_ends_soon(tmp_path):
    rows = [("Kode", "Indikator", "Nilai"), *((f"X{at}", f"kegiatan nomor {at} di desa", 1) for at in range(5_000))]
    said = refusal(people.page("A", rows), tmp_path)
    assert "bukan lembar evaluasi kla-2024" in said
    assert said.count("\n") == 1
    mixed = refusal(people.page("A", [rows[0], ("1", "Peraturan daerah", 50), *rows[1:]]), tmp_path)
    assert "lebih dari 300 baris tidak dikenal" in mixed
    assert mixed.count("baris berisi nilai") == 1


def test_merged_ranges_without_end_do_not_fill_the_memory(tmp_path):
    ranges = '<mergeCell ref="A4:D400000"/>' * 20_000 + '<mergeCell ref="A900:AY903"/>' * 20_000
    xml = people.sheet_xml(people.small_table()).replace(
        "</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>"
    )
    intake = read_sheet(people.raw_xlsx(tmp_path / "a.xlsx", xml)).require()
    assert intake.assessments[0].total == 95.5


def test_a_running_number_is_no_indicator_code(tmp_path, instrument):
    """Row 25 of a plain table is not indicator 25: its name decides, and a misspelt one is asked about."""
    rows = [("No", "Indikator", "Nilai")]
    rows += [(at, name, 1) for at, name in enumerate(instrument.indicators["name"], start=1)]
    intake = read(people.page("A", rows), tmp_path)
    assert list(intake.assessments[0].answers["indicator_code"]) == list(instrument.indicators.index)
    at = next(at for at, row in enumerate(rows) if row[0] == 25)
    misspelt = rows[at][1].replace("Anak", "Ank", 1)
    said = refusal(people.page("A", [*rows[:at], (25, misspelt, 1), *rows[at + 1 :]]), tmp_path)
    assert f"baris {at + 1}" in said
    assert f"Mungkin maksud Anda {instrument.indicators.index[24]} (" in said


@pytest.mark.parametrize("reader", ["id", "en"])
@pytest.mark.parametrize("writer", ["id", "en"])
def test_a_sheet_is_read_alike_whatever_language_its_reader_speaks(tmp_path, writer, reader, reference):
    with language(writer):
        page = people.recapitulation(kla.load_instrument("kla-2024"), reference.scores, reference.printed)
    with language(reader):
        read = kla.read_sheet(people.write_xlsx(tmp_path / "a.xlsx", [page])).require()
    assert read.assessment().scores.equals(reference.scores)
