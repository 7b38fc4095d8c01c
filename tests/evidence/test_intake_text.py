"""Text files (T23 to T35): every dialect gives the same table; what can not be cut into columns is refused by line."""

from __future__ import annotations

import people
import pytest

import kla_analysis as kla
from kla_analysis.evidence.intake import guard
from kla_analysis.evidence.intake.grid import clean, words_of
from kla_analysis.evidence.intake.numbers import decimal_mark, read_number
from kla_analysis.evidence.intake.sheet import read_sheet


@pytest.fixture(scope="module")
def tables(instrument, reference) -> dict[str, people.Page]:
    """Five tables that an office writes as text."""
    remarks = people.page(
        "Catatan",
        [
            ("Kode", "Indikator", "Nilai", "Keterangan"),
            ("1", "Peraturan/Kebijakan Daerah", 50.5, 'Perda "KLA"; sudah ada,\nPerbup menyusul'),
            ("2", "Penguatan Kelembagaan", 20.25, "Café – “gugus tugas”"),
            ("3", "Peran Lembaga", 10, "a|b, c; d\te"),
            ("4", "Registrasi", 0.5, ""),
        ],
    )
    return {
        "rekapitulasi": people.recapitulation(instrument, reference.scores, reference.printed),
        "indikator": people.indicator_table(instrument, reference.printed, merged=False),
        "rapi": people.tidy(reference),
        "catatan": remarks,
        "pendek": people.page("Pendek", [("Kode", "Nilai"), ("1", 50.5), ("2", 20.25), ("21A", 10.75)]),
    }


def content(one: people.Page, dialect: people.Dialect):
    return people.read_one("a.csv", guard.look_at(people.csv_bytes(one, dialect), "a.csv"))


def expected(one: people.Page, dialect: people.Dialect) -> list[list[str]]:
    rows = []
    for row in one.rows:
        values = ["" if v is None else v if isinstance(v, str) else f"{v:g}".replace(".", dialect.mark) for v in row]
        if any(values):
            rows.append([clean(value) for value in values])
    return rows


@pytest.mark.parametrize("dialect", people.DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("name", ["rekapitulasi", "indikator", "rapi", "catatan", "pendek"])
def test_sixty_dialects(tables, name, dialect):
    """Twelve dialects of five tables: every cell arrives, in its column, with its letters."""
    one = tables[name]
    (grid,) = content(one, dialect).grids
    assert grid.width == len(one.rows[0])
    assert not grid.ragged
    found = [
        [clean(cells[c].text) if c in cells else "" for c in range(1, grid.width + 1)] for cells in grid.rows.values()
    ]
    assert found == expected(one, dialect)


@pytest.mark.parametrize("dialect", people.DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_gives_the_same_scores(tables, reference, dialect, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(people.csv_bytes(tables["rekapitulasi"], dialect))
    assert read_sheet(path).assessment().scores.equals(reference.scores)


def refusal(tmp_path, data: bytes) -> str:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(kla.DataError) as refused:
        read_sheet(path, area="63.10", year=2025, stage="final").require()
    return str(refused.value)


def test_windows_1252_is_said(tmp_path):  # T24
    data = "Kode;Indikator;Nilai\n1;Café – “KLA”;5,5\n".encode("cp1252")
    book = people.read_one("a.csv", guard.look_at(data, "a.csv"))
    assert book.grids[0].rows[2][2].text == "Café – “KLA”"
    assert "Windows-1252" in book.remarks[0]


def test_nul_bytes(tmp_path):  # T30
    assert "NUL" in refusal(tmp_path, b"Kode;Nilai\n1;5\x00,5\n2;7\n")


def test_an_unclosed_quote_names_its_line(tmp_path):  # T31
    said = refusal(tmp_path, b'Kode;Nilai;Ket\n1;5,5;a\n2;7,5;"b\n3;8,5;c\n')
    assert "baris 3" in said
    assert "tanda kutip" in said


def test_ragged_rows_are_listed_never_shifted(tmp_path):  # T32
    said = refusal(tmp_path, b"Kode;Nilai;Ket\n1;5,5;a\n2;7,5;b\n3;8,5;c;d\n4;1,5;e\n")
    assert "baris 4" in said
    assert "4 sel" in said
    # 5,5 without quotes under a comma: one cell too many everywhere but in the header
    assert "baris 1" in refusal(tmp_path, b"Kode,Nilai\n1,5,5\n2,7,5\n3,8,5\n")


def test_mojibake(tmp_path):  # T33
    book = people.read_one("a.csv", guard.look_at("Kode;Ket\n1;KepÃ©mpimpinan\n".encode(), "a.csv"))
    assert "huruf rusak" in book.remarks[0]


def test_one_column_is_never_read_in_silence(tmp_path):
    assert "satu kolom" in refusal(tmp_path, b"Kode Nilai\n1 5,5\n2 7,5\n".replace(b",", b"."))


def test_what_can_not_be_seen_is_normalised_and_said(tmp_path):  # T34
    path = tmp_path / "a.csv"
    path.write_text(
        "Kode;Indikator;Nilai;Keterangan\n\u200b1;Peraturan;\u00a05,5;ok\n2;Kelembagaan;7,5;Perda\u202e  KLA\n",
        encoding="utf-8",
    )
    intake = read_sheet(path, area="63.10", year=2025, stage="final").require()
    assert list(intake.assessments[0].answers["score"]) == [5.5, 7.5]
    assert list(intake.assessments[0].answers["note"]) == ["ok", "Perda KLA"]
    frame = intake.repairs.frame()
    assert {"A2", "C2", "D3"} <= set(frame.loc[frame["action"] == "normalised", "cell"])


def test_composed_and_decomposed_names_are_equal():  # T35
    assert words_of("Ñandú é") == words_of("N\u0303andu\u0301 e\u0301")


def test_a_column_is_read_as_a_whole():  # T38
    from kla_analysis.evidence.intake.grid import Cell

    cells = [Cell("s", "1.234"), Cell("s", "12,5"), Cell("s", "7")]
    mark = decimal_mark(cells)
    assert [read_number(cell, mark.mark).value for cell in cells] == [1234, 12.5, 7]
    alone = decimal_mark(cells[:1])
    assert read_number(cells[0], alone.mark).refused


@pytest.mark.parametrize(
    ("texts", "mark", "refused"),
    [
        (["12.5", "7.25", "0.5", "10,5"], ".", ["10,5"]),
        (["12,5", "7,25", "0.5"], ",", ["0.5"]),
        (["12,5", "7.25", "3"], "", ["12,5", "7.25"]),  # as many of one as of the other: both are refused
    ],
)
def test_the_greater_number_decides_and_the_rest_is_refused(texts, mark, refused):
    from kla_analysis.evidence.intake.grid import Cell

    cells = [Cell("s", text) for text in texts]
    decided = decimal_mark(cells)
    assert decided.mark == mark
    assert [cell.text for cell in cells if read_number(cell, mark).refused] == refused


@pytest.mark.parametrize("line", ["2;7,5;x;", "2;7,5;;x", "2"])
def test_a_row_with_a_cell_too_many_or_too_few_is_named(tmp_path, line):
    assert "baris 3" in refusal(tmp_path, f"Kode;Nilai\n1;5,5\n{line}\n3;8,5\n".encode())


def test_empty_cells_too_many_are_none(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"Kode;Nilai\n1;5,5\n2;7,5;;\n3;8,5\n")
    assert list(read_sheet(path, area="63.10", year=2025, stage="final").require().assessments[0].answers["score"]) == [
        5.5,
        7.5,
        8.5,
    ]


def test_what_a_page_hides_in_a_cell_is_no_text_of_it(tmp_path):
    cells = (
        "<tr><td>Kode</td><td>Nilai</td></tr><tr><td>1</td><td>5<script>7</script>0<comment>catatan</comment></td></tr>"
    )
    cells += "<tr><td>2<style>b</style></td><td>20</td></tr>"
    path = tmp_path / "a.html"
    path.write_text(f"<html><title>9</title><body><table>{cells}</table></body></html>", encoding="utf-8")
    found = read_sheet(path, area="63.10", year=2025, stage="final").require().assessments[0].answers
    assert dict(zip(found["indicator_code"], found["score"], strict=True)) == {"1": 50, "2": 20}
