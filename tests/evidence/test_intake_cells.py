"""Numbers, dates, codes and areas as people type them (T36 to T50): five hundred cells, each right or refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kla_analysis as kla
from kla_analysis.evidence.intake.grid import Cell
from kla_analysis.evidence.intake.names import Names, fold_code, match_area
from kla_analysis.evidence.intake.numbers import decimal_mark, read_date, read_number
from kla_analysis.language import number

# The text of a cell | what it is in a column with decimal commas | with decimal points | alone in its column.
# `x` is refused, `-` missing; a trailing % marks a share of one.
NUMBERS = """
12,5          | 12.5      | x         | 12.5
12.5          | x         | 12.5      | 12.5
0,5           | 0.5       | x         | 0.5
0.5           | x         | 0.5       | 0.5
12,50         | 12.5      | x         | 12.5
12.50         | x         | 12.5      | 12.5
7             | 7         | 7         | 7
0             | 0         | 0         | 0
007           | 7         | 7         | 7
1000          | 1000      | 1000      | 1000
1.234         | 1234      | 1.234     | x
1,234         | 1.234     | 1234      | x
1.000         | 1000      | 1         | x
1,000         | 1         | 1000      | x
0.125         | x         | 0.125     | 0.125
0,125         | 0.125     | x         | 0.125
12.345        | 12345     | 12.345    | x
123.456       | 123456    | 123.456   | x
1234.567      | x         | 1234.567  | 1234.567
1234,567      | 1234.567  | x         | 1234.567
1.234,5       | 1234.5    | x         | 1234.5
1,234.5       | x         | 1234.5    | 1234.5
1.234.567     | 1234567   | x         | 1234567
1,234,567     | x         | 1234567   | 1234567
1.234.567,89  | 1234567.89 | x        | 1234567.89
1,234,567.89  | x         | 1234567.89 | 1234567.89
1.23.456      | x         | x         | x
1,23,456      | x         | x         | x
1.2345        | x         | 1.2345    | 1.2345
1,2345        | 1.2345    | x         | 1.2345
12.34,5       | x         | x         | x
12,34.5       | x         | x         | x
1.234,567.8   | x         | x         | x
1 234,5       | 1234.5    | x         | 1234.5
1 234.5       | x         | 1234.5    | 1234.5
1 234         | 1234      | 1234      | 1234
12 5          | x         | x         | x
1 23 456      | x         | x         | x
+5            | 5         | 5         | 5
+12,5         | 12.5      | x         | 12.5
-5            | -5        | -5        | -5
−5            | -5        | -5        | -5
-12,5         | -12.5     | x         | -12.5
-0            | 0         | 0         | 0
(12,5)        | -12.5     | x         | -12.5
(1.250)       | -1250     | -1.25     | x
(1,250.5)     | x         | -1250.5   | -1250.5
(7)           | -7        | -7        | -7
5-            | x         | x         | x
--5           | x         | x         | x
'12,5         | 12.5      | x         | 12.5
'7            | 7         | 7         | 7
="12,5"       | 12.5      | x         | 12.5
="7"          | 7         | 7         | 7
12,5 %        | 0.125%    | x         | 0.125%
12.5%         | x         | 0.125%    | 0.125%
85%           | 0.85%     | 0.85%     | 0.85%
85 persen     | 0.85%     | 0.85%     | 0.85%
100%          | 1%        | 1%        | 1%
Rp 1.500.000,- | 1500000  | x         | 1500000
Rp1.500.000   | 1500000   | x         | 1500000
Rp. 1.500.000,00 | 1500000 | x        | 1500000
Rp 1,500,000.00 | x       | 1500000   | 1500000
IDR 1.500.000 | 1500000   | x         | 1500000
Rp 750        | 750       | 750       | 750
rp 12,5       | 12.5      | x         | 12.5
1,5 juta      | 1500000   | x         | 1500000
1.5 juta      | x         | 1500000   | 1500000
2 juta        | 2000000   | 2000000   | 2000000
2 jt          | 2000000   | 2000000   | 2000000
750 ribu      | 750000    | 750000    | 750000
750 rb        | 750000    | 750000    | 750000
1,25 miliar   | 1250000000 | x        | 1250000000
2 M           | x         | x         | x
12,5 poin     | 12.5      | x         | 12.5
12 poin       | 12        | 12        | 12
12,5 orang    | x         | x         | x
15/20         | x         | x         | x
12:30         | x         | x         | x
±12           | x         | x         | x
≥12           | x         | x         | x
>12           | x         | x         | x
~12           | x         | x         | x
12*           | x         | x         | x
12 (dua belas) | x        | x         | x
dua belas     | x         | x         | x
a12           | x         | x         | x
12a           | x         | x         | x
O,5           | x         | x         | x
l2            | x         | x         | x
12½           | x         | x         | x
1e5           | x         | x         | x
1E+05         | x         | x         | x
3.2E1         | x         | x         | x
0x10          | x         | x         | x
1_000         | x         | x         | x
inf           | x         | x         | x
nan           | x         | x         | x
NaN           | x         | x         | x
Infinity      | x         | x         | x
١٢            | x         | x         | x
１２          | x         | x         | x
,5            | x         | x         | x
5,            | x         | x         | x
.5            | x         | x         | x
5.            | x         | x         | x
,             | x         | x         | x
.             | x         | x         | x
12,,5         | x         | x         | x
12..5         | x         | x         | x
0.000         | x         | 0         | 0
0,000         | 0         | x         | 0
00,5          | 0.5       | x         | 0.5
-             | -         | -         | -
–             | -         | -         | -
—             | -         | -         | -
n/a           | -         | -         | -
N/A           | -         | -         | -
TAD           | -         | -         | -
tad           | -         | -         | -
belum ada     | -         | -         | -
Belum Ada     | -         | -         | -
belum diisi   | -         | -         | -
tidak ada data | -        | -         | -
...           | -         | -         | -
?             | -         | -         | -
nihil         | x         | x         | x
nol           | x         | x         | x
#N/A          | -         | -         | -
#DIV/0!       | -         | -         | -
#REF!         | -         | -         | -
#VALUE!       | -         | -         | -
=SUM(         | x         | x         | x
=1+1          | x         | x         | x
@SUM(A1)      | x         | x         | x
+A1           | x         | x         | x
ya            | x         | x         | x
ada           | x         | x         | x
✓             | x         | x         | x
"""
# Stored kinds: kind, what the file holds, what it is.
STORED = [
    ("n", "12.5", 12.5),
    ("n", "0", 0.0),
    ("n", "-5", -5.0),
    ("n", "1E-3", 0.001),
    ("n", "1e400", "x"),
    ("n", "12.300000000000001", 12.300000000000001),
    ("n", "9007199254740993", 9007199254740992.0),
    ("p", "0.125", "share"),
    ("e", "#N/A", "-"),
    ("e", "#DIV/0!", "-"),
    ("e", "#REF!", "-"),
    ("e", "#SPILL!", "-"),
    ("f", "=SUM(A1:A3)", "x"),
    ("b", "TRUE", "x"),
    ("d", "2024-01-02", "x"),
]
DATES = """
02/01/2024 2024-01-02 | 2/1/2024 2024-01-02 | 2-1-2024 2024-01-02 | 2.1.2024 2024-01-02 | 31/12/2023 2023-12-31
2_Januari_2024 2024-01-02 | 2_Jan_2024 2024-01-02 | 02_januari_2024 2024-01-02 | 2_Agt_24 2024-08-02 | 2_Ags_2024 2024-08-02
17_Agustus_2024 2024-08-17 | 1_Peb_2024 2024-02-01 | 1_Pebruari_2024 2024-02-01 | 29_Februari_2024 2024-02-29 | 3_Mei_2024 2024-05-03
4_Des_2024 2024-12-04 | 5_Nop_2024 2024-11-05 | 5_Nov._2024 2024-11-05 | 6_Okt_2024 2024-10-06 | 7-Sep-24 2024-09-07
Senin,_8_Juli_2024 2024-07-08 | 2024-01-02 2024-01-02 | 9_Juni_2024 2024-06-09 | 1/1/24 2024-01-01 | 10_Maret_2024 2024-03-10
31/02/2024 x | 30_Februari_2024 x | 29/02/2023 x | 13/13/2024 x | 1_Janvier_2024 x | 2024 x | Januari_2024 x | 45293 x | kemarin x
0/1/2024 x | 32/1/2024 x | 1/0/2024 x | 2024-13-01 x | 1/2/3/2024 x | 12,5 x
"""
AREAS = """
s 63.10 63.10 | s 6310 63.10 | s '63.10 63.10 | n 63.1 63.10 | n 6310 63.10 | n 63.10 63.10 | s Tanah_Bumbu 63.10 | s TANAH_BUMBU 63.10
s Kab._Tanah_Bumbu 63.10 | s Kabupaten_Tanah_Bumbu 63.10 | s kab_tanah_bumbu 63.10 | s KABUPATEN__TANAH_BUMBU 63.10 | s _Tanah_Bumbu_ 63.10
s Kota_Banjarmasin 63.71 | s BANJARMASIN 63.71 | n 6371 63.71 | s 63,10 63.10 | s 11.10 11.10 | n 11.1 11.10 | n 11.01 11.01 | s 1101 11.01
s Bandung x | s 63.1 x | s 11.1 x | s 63 x | s 3.2E1 x | s 94.01 94.01 | s 94.71 x | s 91.99 x | s 99.99 x | s ID-KS x | s Tanah_Bambu x | s TB x
s 63.100 x | s 063.10 x | s 63..10 x | s 63-10 x | s Kalimantan_Selatan x | s Kab. x | s 0 x | s Banjar x | s Kota_Bandung 32.73
"""
CODES = """
s 1.1 1.1 | s 1.1. 1.1 | s 1.2a 1.2a | s 1.2.a 1.2a | s 1.2_a 1.2a | s 1.2A 1.2a | s 21A 21A | s 21_A 21A | s 21a 21A | s 21A.7a 21A.7a
s 21.A.7.a 21A.7a | s Indikator_1 1 | s IND._21A 21A | s '1.1 1.1 | s K2 K2 | s k2 K2 | s 01 1 | n 1.1 1.1 | n 14 14 | n 25.1 25.10
n 14.100000000000001 14.1 | s 14.10 14.10 | s 1.1x x | s 99 x | s 1,1 x | s - x | s 21D x | s 1.2zzz x | s K9 x | s 25.1 x
"""


def rows(table: str):
    for line in table.strip().splitlines():
        for item in line.split(" | "):
            yield [part.replace("_", " ") for part in item.split()]


def shown(reading) -> str:
    if reading.refused:
        return "x"
    if reading.value is None:
        return "-"
    return f"{reading.value:.12g}" + ("%" if reading.is_share else "")


def test_five_hundred_cells(instrument):
    """Every cell has one right reading; whatever is not right must be refused. None may be silently wrong."""
    checked, wrong = 0, []

    def compare(what: object, found: object, wanted: object) -> None:
        nonlocal checked
        checked += 1
        if found != wanted:
            wrong.append((what, found, wanted))

    for line in NUMBERS.strip().splitlines():
        text, *wanted = (part.strip() for part in line.rsplit("|", 3))
        cell = Cell("s", text)
        for mark, want in zip((",", ".", decimal_mark([cell]).mark), wanted, strict=True):
            compare((text, mark), shown(read_number(cell, mark)), want)
    for kind, text, want in STORED:
        found = shown(read_number(Cell(kind, text), ","))
        compare((kind, text), found, want if want in ("x", "-") else "0.125%" if want == "share" else f"{want:.12g}")
    for text, want in rows(DATES):
        compare(text, read_date(Cell("s", text)) or "x", want)
    for kind, text, want in rows(AREAS):
        found = match_area(Cell(kind, text))
        compare(text, found.area.code if found.area else "x", want)
        assert found.area or (found.refused and found.advice), text
    names = Names(instrument)
    for kind, text, want in rows(CODES):
        found = names.code(Cell(kind, text))
        compare(text, found.code if found else "x", want)
    assert not wrong
    assert checked >= 500


def test_a_lost_zero_is_given_back_by_the_row_before(instrument):  # T48
    names = Names(instrument)
    assert names.code(Cell("n", "14.1")).code == "14.1"
    assert names.code(Cell("n", "14.1"), "14.9").code == "14.10"


def test_old_codes_and_twin_names_are_explained():
    assert "dimekarkan" in match_area(Cell("s", "94.71")).refused
    assert "Kota Bandung" in match_area(Cell("s", "Bandung")).advice
    assert "Tanah Bumbu" in match_area(Cell("s", "Tanah Bambu")).advice


def test_day_numbers():  # T47
    from kla_analysis.evidence.intake.workbooks import from_serial

    assert from_serial(45293) == "2024-01-02"
    assert from_serial(43831, epoch_1904=True) == "2024-01-02"


def written(value: float, mark: str, grouped: bool) -> str:
    text = f"{value:,.2f}" if grouped else f"{value:.2f}"
    return text if mark == "." else text.replace(",", " ").replace(".", ",").replace(" ", ".")


@settings(max_examples=1000)
@given(st.floats(-1e9, 1e9).map(lambda v: round(v, 2)), st.sampled_from(",."), st.booleans())
def test_what_is_written_is_read_back(value, mark, grouped):
    text = written(value, mark, grouped)
    assert decimal_mark([Cell("s", text)]).mark == mark
    assert read_number(Cell("s", text), mark).value == value + 0.0


def test_ten_thousand_round_trips_through_the_library_s_own_writing():
    """Every score in hundredths, as `number` writes it for people, comes back as itself, or is called ambiguous."""
    drawn = random.Random(6)
    for _ in range(10_000):
        value = drawn.randrange(0, 100_001) / 100
        assert read_number(Cell("s", number(value, decimals=2)), ",").value == value


@settings(max_examples=500)
@given(st.text(max_size=40), st.sampled_from([",", ".", ""]))
def test_no_text_breaks_the_reading(text, mark):
    reading = read_number(Cell("s", text), mark)
    assert (reading.value is None) or not reading.refused
    match_area(Cell("s", text))
    read_date(Cell("s", text))
    fold_code(text)


def test_every_code_is_found_in_every_spelling(instrument):
    names = Names(instrument)
    for level in ("question", "indicator", "component"):
        for code in instrument.table(level).index:
            for spelt in (code, code.lower(), f" {code}. ", code.replace(".", " . "), f"'{code}"):
                assert names.code(Cell("s", spelt)).code == code


@settings(max_examples=500)
@given(st.floats(0, 1000).map(lambda v: round(v, 2)))
def test_bands_are_the_same_for_a_total_however_it_was_typed(total):  # T65
    ladder = kla.load_instrument().ladder
    typed = read_number(Cell("s", written(total, ",", total >= 1000)), ",").value
    assert ladder.place(typed) == ladder.place(total)


@pytest.mark.parametrize(
    ("total", "predicate"),
    [
        (499.99, "none"),
        (500, "pratama"),
        (600, "pratama"),
        (600.5, "pratama"),
        (601, "madya"),
        (700, "madya"),
        (701, "nindya"),
        (800, "nindya"),
        (801, "utama"),
        (900, "utama"),
        (901, "kla"),
        (1000, "kla"),
    ],
)
def test_band_edges(ladder, total, predicate):  # T65
    assert ladder.place(total).predicate == predicate
    with pytest.raises(kla.KlaError):
        ladder.place(1000.01)
