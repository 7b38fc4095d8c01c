"""Documents: the PDF, the workbook and the record say what the pages say."""

from __future__ import annotations

import datetime
import io
import json
import re
import zipfile

import nbformat
import openpyxl
import pandas as pd
import pypdf
import pytest
import typst
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries
from PIL import Image

import kla_analysis as kla
from kla_analysis.language import chance
from kla_analysis.report import exports, html, pages, pdf, results
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.showing import excel, forecast, records, scorecard
from kla_analysis.showing import table as table_room
from kla_analysis.showing.text import Text

HOSTILE = "=1+1 <script>alert(1)</script> & 'x' \"y\""


def frame(**values) -> html.Frame:
    titles = {"index.html": "Ringkasan: Uji", "01_satu.html": "Satu: angka"}
    return html.Frame(
        **{
            "area": "Kab. Uji & <Coba>",
            "year": 2022,
            "titles": titles,
            "short": {file: title.split(":")[0] for file, title in titles.items()},
            "leads": dict.fromkeys(titles, ""),
            "illustrative": "Contoh saja.",
            "colophon": {"Parameter": "a = b"},
            "stamp": "sekarang",
            "about": "Uji",
            "made": datetime.date(2026, 11, 27),
            "version": "0",
            **values,
        }
    )


def pages_of(*blocks: dict) -> dict[str, list[dict]]:
    """Two pages as the report makes them, without a notebook."""
    return {"index.html": [Text(("Jawaban.",)).record()], "01_satu.html": list(blocks)}


def chapter(position: kla.Position) -> list[dict]:
    return [
        {"kind": "prose", "markdown": "## Komponen"},
        scorecard.component_table(position.components, position).record(),
        pages.drawn(kla.charts.ladder(position.totals, position, "nindya"), ()),
        scorecard.indicator_table(position.indicators, position).record(),
        forecast.predicate_table(kla.award_chances(position), position).record(),
    ]


def text_of(made: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages)


@pytest.fixture(scope="module")
def position():
    return kla.open_position("63.10", 2022)


@pytest.fixture(scope="module")
def made(position) -> dict[str, bytes]:
    record = results.results_of(ReportParameters(), position)
    return exports.all_documents(position, pages_of(*chapter(position)), frame(), record)


# --- PDF --------------------------------------------------------------------------------------------


def fonts_of(reader: pypdf.PdfReader) -> list:
    found = {}
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            found[inner["/BaseFont"]] = inner["/FontDescriptor"].get_object()
    return list(found.values())


def test_the_pdf_is_tagged_titled_and_in_indonesian(made):
    reader = pypdf.PdfReader(io.BytesIO(made["laporan.pdf"]))
    catalog = reader.trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert catalog["/Lang"] == "id"
    assert "/StructTreeRoot" in catalog
    assert b"pdfuaid" in catalog["/Metadata"].get_data()
    assert reader.metadata.title == "Laporan KLA Uji (2022)"
    assert "Kabupaten/Kota Layak Anak" in reader.metadata.subject
    assert reader.metadata.creation_date == datetime.datetime(2026, 11, 27, tzinfo=datetime.UTC)
    fonts = fonts_of(reader)
    assert fonts
    assert all("/FontFile2" in font for font in fonts)


def test_every_page_has_its_number_its_day_its_area_and_the_badge(made):
    reader = pypdf.PdfReader(io.BytesIO(made["laporan.pdf"]))
    count = len(reader.pages)
    assert count >= 3
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        assert f"Halaman {number} dari {count}" in text
        assert "27 November 2026" in text
        assert "Kab. Uji & <Coba>, putaran 2022" in text
        assert "ILUSTRATIF" in text
        assert len(text) > 75, f"page {number} is empty"
        assert [float(side) for side in page.mediabox[2:]] == pytest.approx([595.28, 841.89], abs=0.1)


def test_contents_and_bookmarks_lead_to_the_chapters(made):
    reader = pypdf.PdfReader(io.BytesIO(made["laporan.pdf"]))
    titles = [item.title for item in reader.outline if not isinstance(item, list)]
    assert titles[:2] == ["Ringkasan: Uji", "Satu: angka"]
    assert [item.title for item in reader.outline[2]] == ["Komponen"]
    contents = re.sub(r"\W+", " ", reader.pages[1].extract_text())
    assert "Ringkasan Uji 1 Satu angka 3 Komponen 3" in contents


def test_a_picture_goes_in_as_it_is(made, position):
    reader = pypdf.PdfReader(io.BytesIO(made["laporan.pdf"]))
    (image,) = {image.data: image for page in reader.pages for image in page.images}.values()
    png = kla.charts.ladder(position.totals, position, "nindya").png()
    original = Image.open(io.BytesIO(png)).convert("RGB")
    assert image.image.convert("RGB").tobytes() == original.tobytes()
    assert original.width / (135 / 25.4) > 150  # dots per inch on paper
    stored = image.indirect_reference.get_object()
    assert stored["/ColorSpace"][0] == "/Indexed"  # its palette, not every dot in full colour
    assert len(stored._data) < 1.2 * len(png)


def structure(reader: pypdf.PdfReader) -> dict[str, list]:
    """Gather the tags of a PDF by kind, in the order of reading; headings also under `headings`."""
    found: dict[str, list] = {}

    def gather(node) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                gather(child)
        elif isinstance(node, dict):
            kind = node.get("/S", "")
            found.setdefault(kind, []).append(node)
            if re.fullmatch(r"/H\d", kind):
                found.setdefault("headings", []).append(int(kind[2]))
            if not isinstance(node.get("/K"), int | None):
                gather(node["/K"])

    gather(reader.trailer["/Root"]["/StructTreeRoot"])
    return found


def test_who_does_not_see_the_pages_is_told_what_is_on_them(made, position):
    """Pictures have their words, tables their headings, chapters their levels."""
    tags = structure(pypdf.PdfReader(io.BytesIO(made["laporan.pdf"])))
    alts = [tag["/Alt"] for tag in tags["/Figure"]]
    assert alts == [kla.charts.ladder(position.totals, position, "nindya").alt]
    assert len(tags["/Table"]) == len(tags["/Caption"]) == 3
    assert len(tags["/TH"]) == sum(len(block["schema"]["fields"]) for block in chapter(position) if "schema" in block)
    assert len(tags["/H1"]) == 2 + 1  # the chapters and the contents


def test_the_pdf_says_the_numbers_of_the_page(made, position):
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made["laporan.pdf"])).pages)
    for row in scorecard.component_table(position.components, position).cells:
        assert all(cell in text for cell in row[1:])


@pytest.mark.parametrize("picture", ["http://127.0.0.1:9/x.png", "file:///etc/hostname", "../../x.png"])
def test_no_text_leads_the_pdf_anywhere(picture):
    """An address in the words of a notebook stays words: it is neither fetched nor opened."""
    made = pdf.pdf(pages_of({"kind": "prose", "markdown": f"Lihat ![gambar]({picture}) ini."}), frame())
    reader = pypdf.PdfReader(io.BytesIO(made))
    assert not [image for page in reader.pages for image in page.images]
    assert "Lihat gambar ini." in text_of(made)


def test_a_picture_without_words_makes_no_pdf(position):
    block = pages.drawn(kla.charts.ladder(position.totals, position, "nindya"), ())
    with pytest.raises(typst.TypstError, match="PDF/UA-1"):
        pdf.pdf(pages_of({**block, "alt": ""}), frame())


ODD = [
    HOSTILE,
    "# judul = sama",
    '$x$ *tebal* _miring_ `kode` <label> @acuan #import "x"',
    "kata " * 60,
    "\u0627\u0628\u062c\u062f",
    "\U0001f600 \U0001f3c6",
    "\\u{41} ~ -- --- ... //komentar /* itu */ https://x.test",
    "=1+1",
]


@pytest.mark.parametrize("text", ODD)
def test_text_from_data_arrives_as_it_is(text):
    """In the PDF and in Excel, wherever it stands: nothing in it is markup, a formula or a link."""
    table = table_room.Table(
        text[:80],
        (table_room.Column("a", text[:80]), table_room.Column("b", "B", "number")),
        pd.DataFrame({"a": [text], "b": [1.5]}),
        source=text,
        badge=text[:20],
    )
    found = pages_of(table.record(), Text((text,), heading=text[:80]).record())
    made = pdf.pdf(found, frame())
    bare = re.sub(r"\s", "", text_of(made))
    wanted = re.sub(r"\s", "", text)
    assert bare.count(wanted) >= 3 or bare.count(wanted[::-1]) >= 3  # a reader may turn Arabic around
    book = openpyxl.load_workbook(io.BytesIO(excel.workbook("x", (), {}, [excel.sheet_of(table.record(), "g")])))
    sheet = book[book.sheetnames[-1]]
    assert (sheet["A5"].value, sheet["A5"].data_type, sheet["B5"].value) == (text.strip(), "s", 1.5)


def test_an_area_of_any_name_is_only_text():
    made = pdf.pdf(pages_of(), frame(area=f'{HOSTILE} "; }} #set page(paper: "a3")', colophon={"#": "\x00\ufeff$"}))
    assert float(pypdf.PdfReader(io.BytesIO(made)).pages[0].mediabox[2]) == pytest.approx(595.28, abs=0.1)
    assert "<script>alert(1)</script>" in text_of(made)


def test_headings_of_any_depth_are_put_in_order():
    tags = structure(
        pypdf.PdfReader(
            io.BytesIO(
                pdf.pdf(
                    pages_of({"kind": "prose", "markdown": "#### Dalam\n\n###### Lebih dalam\n\n1. satu\n2. **dua**"}),
                    frame(),
                )
            )
        )
    )
    assert tags["headings"] == [1, 1, 1, 2, 3, 2]  # the last is that of the colophon


def test_equal_reports_are_equal_documents(made, position):
    record = results.results_of(ReportParameters(), position)
    again = exports.all_documents(position, pages_of(*chapter(position)), frame(stamp="lain kali"), record)
    assert again == made


def test_a_table_comes_back_from_its_record():
    """Through JSON, as a notebook keeps it: values, units, and every cell as it is written."""
    frame_of = pd.DataFrame({"name": ["satu", "dua"], "points": [10.25, float("nan")], "year": [2022, 2023]})
    columns = (
        table_room.Column("name", "Nama"),
        table_room.Column("points", "Nilai", "number", unit="points"),
        table_room.Column("year", "Tahun", "number", str),
    )
    record = table_room.Table("Uji", columns, frame_of, total=("Jumlah", 10.25, "–")).record()
    back = json.loads(json.dumps(record))
    assert back == record
    assert [(field["type"], field["unit"]) for field in back["schema"]["fields"]] == [
        ("string", ""),
        ("number", "points"),
        ("integer", ""),
    ]
    assert back["data"] == [
        {"name": "satu", "points": 10.25, "year": 2022},
        {"name": "dua", "points": None, "year": 2023},
    ]
    assert back["written"] == [["satu", "10,25", "2022"], ["dua", "–", "2023"]]
    assert back["total"] == [["Jumlah", None], ["10,25", 10.25], ["–", None]]
    assert records.html(back) == records.html(record)


# --- Excel ------------------------------------------------------------------------------------------


class Sums:
    """Works out the formulas of a sheet, so that a test needs no office program."""

    def __init__(self, sheet) -> None:
        self.sheet = sheet

    def value(self, address: str):
        """Return the value of a cell; that of a formula is worked out."""
        held = self.sheet[address.replace("$", "")].value
        if not (isinstance(held, str) and held.startswith("=")):
            return held
        self.tokens = getattr(self, "tokens", [])
        outer, self.tokens = self.tokens, [one for one in Tokenizer(held).items if one.type != "WHITE-SPACE"]
        found = self._sum()
        assert not self.tokens, held
        self.tokens = outer
        return found

    def _sum(self):
        total = self._one()
        while self.tokens and self.tokens[0].type == "OPERATOR-INFIX":
            operator, other = self.tokens.pop(0).value, self._one()
            assert operator in "-="
            total = total == other if operator == "=" else total - other
        return total

    def _one(self):
        token = self.tokens.pop(0)
        if token.type == "OPERAND":
            if token.subtype == "NUMBER":
                return float(token.value)
            if token.subtype == "TEXT":
                return token.value.strip('"')
            if ":" in token.value:
                left, top, right, bottom = range_boundaries(token.value.replace("$", ""))
                rows = self.sheet.iter_rows(top, bottom, left, right)
                return [self.value(cell.coordinate) for row in rows for cell in row]
            return self.value(token.value)
        assert (token.type, token.subtype) == ("FUNC", "OPEN"), token.value
        arguments = []
        while True:
            arguments.append(self._sum())
            after = self.tokens.pop(0)
            if after.subtype == "CLOSE":
                break
            assert after.type == "SEP"
        name = token.value.rstrip("(").lower()
        return getattr(self, "choose" if name == "if" else name)(*arguments)

    @staticmethod
    def sum(*values):
        flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
        return sum(one for one in flat if isinstance(one, int | float))

    @staticmethod
    def count(*values):
        flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
        return sum(isinstance(one, int | float) for one in flat)

    @staticmethod
    def round(value, digits):
        return round(value, int(digits))

    @staticmethod
    def min(*values):
        return min(values)

    @staticmethod
    def max(*values):
        return max(values)

    @staticmethod
    def lookup(value, lowers, names):
        return [name for lower, name in zip(lowers, names, strict=True) if lower <= value][-1]

    @staticmethod
    def isblank(value):
        return value is None

    @staticmethod
    def choose(test, then, other):
        return then if test else other


def calculation(rollup: kla.RollUp, *, cached: bool = False):
    made = excel.workbook("Uji", (), {}, (), calculation=excel.Calculation(rollup, "nindya"))
    return openpyxl.load_workbook(io.BytesIO(made), data_only=cached)["Hitungan"]


def formulas(sheet) -> list[str]:
    return [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def rows_of(sheet) -> dict[tuple[str, str], int]:
    return {(row[2].value, row[0].value): row[0].row for row in sheet.iter_rows(min_row=9)}


def test_the_formulas_find_what_python_found(position):
    live, stored = calculation(position.roll_up), calculation(position.roll_up, cached=True)
    sums, cells = Sums(live), formulas(live)
    assert len(cells) == 31 + 7 + 3 + 2 * 7  # sums, total, predicate and gap, what is drawn
    for cell in cells:
        assert sums.value(cell) == pytest.approx(stored[cell].value, abs=1e-9) if cell != "E5" else True
    assert sums.value("E4") == position.roll_up.total.low == 650.5
    assert sums.value("E5") == stored["E5"].value == "Madya"
    assert sums.value("E6") == 50.5


def test_the_formulas_follow_a_new_answer(position, instrument, sheet):
    """Question 1.1 rises from 10,11 to 12: the total to 652,39, in Excel as in Python."""
    live = calculation(position.roll_up)
    live[f"E{rows_of(live)['pertanyaan', '1.1']}"].value = 12
    expected = kla.roll_up(kla.load_assessment(sheet((",1.1,10.11,", ",1.1,12,")), instrument), instrument)
    assert Sums(live).value("E4") == expected.total.low == 652.39


def test_an_indicator_never_passes_its_maximum(position):
    """Two indicators have questions that add up to more; the full sheet is worth 1000 all the same."""
    live = calculation(position.roll_up)
    for (level, _), row in rows_of(live).items():
        if level == "pertanyaan":
            live[f"E{row}"].value = live[f"D{row}"].value
    assert Sums(live).value("E4") == 1000
    assert Sums(live).value("E5") == "KLA"
    assert Sums(live).value("E6") == 0


@pytest.mark.parametrize(
    ("total", "name"),
    [
        (499.99, "Belum"),
        (500, "Pratama"),
        (600.5, "Pratama"),
        (700.99, "Madya"),
        (701, "Nindya"),
        (800.38, "Nindya"),
        (901, "KLA"),
    ],
)
def test_the_predicate_is_looked_up_as_the_ladder_places_it(position, ladder, total, name):
    live = calculation(position.roll_up)
    live["E4"].value = total
    found = Sums(live).value("E5")
    assert found == ladder.place(total).name
    assert found.startswith(name)


def test_a_missing_answer_is_a_range_and_not_a_zero(instrument, sheet):
    rollup = kla.roll_up(kla.load_assessment(sheet((",1.1,10.11,", ",1.1,,")), instrument), instrument)
    live = calculation(rollup)
    row = rows_of(live)["pertanyaan", "1.1"]
    assert live[f"E{row}"].value is None
    sums = Sums(live)
    assert (sums.value("E4"), sums.value("F4")) == (rollup.total.low, rollup.total.high) == (640.39, 652.39)
    live[f"E{row}"].value = 12
    assert sums.value("E4") == sums.value("F4") == 652.39


def test_where_nobody_has_answered_the_workbook_says_so(instrument, blanked):
    rollup = kla.roll_up(kla.load_assessment(blanked(), instrument), instrument)
    live, stored = calculation(rollup), calculation(rollup, cached=True)
    sums, rows = Sums(live), rows_of(live)
    for code in ("7", "9", "21B"):
        row = rows["indikator", code]
        assert sums.value(f"E{row}") == stored[f"E{row}"].value == "belum dijawab"
    assert (sums.value("E4"), sums.value("F4")) == (rollup.total.low, rollup.total.high)
    for cell in formulas(live):
        assert sums.value(cell) == (
            stored[cell].value if isinstance(stored[cell].value, str) else pytest.approx(stored[cell].value, abs=1e-9)
        )
    live[f"E{rows['pertanyaan', '7.1']}"].value = 0  # answered, and badly: now it is a nought
    assert sums.value(f"E{rows['indikator', '7']}") == 0


def test_the_workbook_holds_every_table_as_values(made, position):
    book = openpyxl.load_workbook(io.BytesIO(made["laporan.xlsx"]))
    assert book.sheetnames[:4] == ["Sampul", "Isi", "Catatan", "Hitungan"]
    (name,) = [name for name in book.sheetnames if "Nilai per komponen" in name]
    found = list(book[name].iter_rows(values_only=True))
    assert found[0][0] == "Nilai per komponen (ILUSTRATIF)"
    assert found[2] == ("Komponen", "Nilai", "Maksimum", "Tercapai", "Hilang")
    assert found[3][1:] == ("poin", "poin", "bagian (%)", "poin")
    components = position.roll_up.components
    for row, (_, expected) in zip(found[4:11], components.iterrows(), strict=True):
        assert row == (
            expected["name"],
            expected["low"],
            expected["max_points"],
            expected["share"],
            expected["lost_points"],
        )
    assert found[11][:2] == ("Total", 650.5)
    assert found[13][0].startswith("Sumber: Lembar ilustratif")
    for sheet in book:
        assert len(sheet.title) <= 31
        assert sheet.page_setup.paperSize == 9
        elsewhere = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
        assert bool(elsewhere) == (sheet.title == "Hitungan")


def test_all_questions_can_be_filtered_and_each_answer_names_who_gives_it(made, instrument):
    book = openpyxl.load_workbook(io.BytesIO(made["laporan.xlsx"]))
    listed = book["Semua pertanyaan"]
    count = len(instrument.questions)
    assert (listed.auto_filter.ref, listed.freeze_panes) == (f"A4:H{4 + count}", "B5")
    assert [row[0].value for row in listed.iter_rows(5, 4 + count)] == list(instrument.questions.index)
    live = book["Hitungan"]
    row = rows_of(live)["pertanyaan", "1.1"]
    assert (live["F8"].value, live[f"F{row}"].value) == ("Penanggung jawab", "JDIH, Bagian Hukum, Dinas PPPA")
    assert live.auto_filter.ref.startswith("A8:F")


def test_the_chart_draws_the_cells_that_follow_the_answers(position):
    made = excel.workbook("Uji", (), {}, (), calculation=excel.Calculation(position.roll_up, "nindya"))
    sheet = openpyxl.load_workbook(io.BytesIO(made))["Hitungan"]
    (chart,) = sheet._charts
    places = [one.val.numRef.f.split("!")[1].replace("$", "") for one in chart.series]
    sums = Sums(sheet)
    drawn = [[sums.value(cell.coordinate) for (cell,) in sheet[place]] for place in places]
    components = position.roll_up.components
    assert drawn == [pytest.approx(list(components[name])) for name in ("low", "lost_points")]
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        assert b'descr="Diagram batang bertumpuk' in parts.read("xl/drawings/drawing1.xml")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Semua indikator, dari yang paling banyak kehilangan poin", "1.1 Semua indikator"),
        ("Nilai per komponen", "1.1 Nilai per komponen"),
        ("Kehilangan Klaster II Lingkungan Keluarga", "1.1 Kehilangan Klaster II"),
        ("x" * 40, "1.1 " + "x" * 27),
    ],
)
def test_no_word_is_cut_in_the_name_of_a_sheet(title, name):
    made = excel.workbook("Uji", (), {}, [excel.Sheet("g", title, ("A",), ("",), [["b"]])])
    assert openpyxl.load_workbook(io.BytesIO(made)).sheetnames[-1] == name


def test_a_bound_is_no_number():
    """Where the report writes “<1%” the workbook does not pretend to know more."""
    chances = pd.DataFrame({"chance": [0.003, 0.25, 0.9999]})
    table = table_room.Table("Peluang", (table_room.Column("chance", "Peluang", "number", chance, "share"),), chances)
    sheet = excel.sheet_of(table.record(), "")
    assert sheet.rows == [["<1%"], [0.25], [">99%"]]
    assert sheet.units == ("share",)


def test_nothing_from_data_is_a_formula_or_a_link():
    sheet = excel.Sheet(
        HOSTILE,
        HOSTILE,
        (HOSTILE, "http://x.test"),
        ("", ""),
        [["=1+1", "-5"], ["@SUM(1)", "https://x.test"], [-5, "+1"]],
        (),
        "=cmd|x",
        HOSTILE,
    )
    twin = excel.Sheet("g", "Nama: sama/[beda]" + "x" * 40, ("A",), ("",), [["y" * 40_000]])
    made = excel.workbook("=1+1 & co", ("=2+2",), {"=3": "+4"}, [sheet, twin, twin], badge="=5")
    book = openpyxl.load_workbook(io.BytesIO(made))
    cells = [cell for one in book for row in one.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert not [cell for cell in cells if cell.hyperlink and not cell.hyperlink.location]
    assert len(set(map(str.casefold, book.sheetnames))) == len(book.sheetnames)
    values = list(book[book.sheetnames[3]].iter_rows(min_row=5, max_row=7, values_only=True))
    assert values == [("=1+1", "-5"), ("@SUM(1)", "https://x.test"), (-5, "+1")]


# --- results ----------------------------------------------------------------------------------------


def test_the_record_holds_the_numbers_of_the_library(made, position):
    record = json.loads(made["results.json"])
    assert record["total"] == {"low": 650.5, "high": 650.5}
    assert record["predicate"]["code"] == "madya"
    assert record["gap"] == {"low": 50.5, "high": 50.5}
    assert {row["code"]: row["low"] for row in record["components"]} == position.roll_up.components["low"].to_dict()
    assert len(record["indicators"]) == 31
    assert record["answers"] == position.assessment.scores.to_dict()
    assert record["plan"]["cost"] == kla.simulate(position, target="nindya").plan.cost
    assert record["forecast"]["low"] < record["forecast"]["median"] < record["forecast"]["high"]
    assert record["illustrative"] is True


def test_a_position_without_a_sheet_has_no_invented_numbers():
    position = kla.open_position("63.10", 2023)
    record = results.results_of(ReportParameters(year=2023), position)
    assert record["total"] == {"low": 601.0, "high": 700.0}
    assert record["gap"] == {"low": 1.0, "high": 100.0}
    assert (record["components"], record["answers"], record["plan"], record["forecast"]) == ([], {}, None, None)
    made = exports.all_documents(position, pages_of(), frame(), json.loads(results.as_json(record)))
    assert "Hitungan" not in openpyxl.load_workbook(io.BytesIO(made["laporan.xlsx"])).sheetnames


def test_why_nothing_is_shown_is_said_once_and_empty_sections_go():
    def shown(said):
        return nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", said._repr_mimebundle_()[0])])

    why, other = Text(("Tidak ada lembar.",), kind="remark"), Text(("Tidak ada nilai.",), kind="remark")
    prose = nbformat.v4.new_markdown_cell
    page = nbformat.v4.new_notebook(
        cells=[
            prose("# Judul"),
            prose("## Satu\n\nPengantar."),
            shown(why),
            shown(why),
            prose("## Dua\n\nTidak berisi."),
            shown(why),
            prose("## Tiga"),
            shown(Text(("Isi",))),
            shown(other),
            prose("## Empat\n\nTanpa sel."),
        ]
    )
    kept = pages.blocks(page)
    assert [block["markdown"].splitlines()[0] for block in kept if block["kind"] == "prose"] == [
        "# Judul",
        "## Satu",
        "## Tiga",
        "## Empat",
    ]
    said = [words for block in kept if block["kind"] == "text" for words in block["paragraphs"]]
    assert said == ["Tidak ada lembar.", "Isi", "Tidak ada nilai."]
    assert len(page.cells[3].outputs) == 1  # the executed notebook itself stays as it was


def test_what_other_libraries_show_and_what_cells_print_stands_in_the_pdf_too():
    output = nbformat.v4.new_output
    cells = [
        nbformat.v4.new_code_cell(
            outputs=[
                output(
                    "execute_result",
                    {"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "   a  b\n0  1  2"},
                ),
                output("stream", name="stdout", text="tercetak"),
                output("stream", name="stderr", text="tersembunyi"),
                output("error", ename="ValueError", evalue="salah", traceback=[]),
            ]
        )
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    text = text_of(pdf.pdf(pages_of(*pages.blocks(notebook)), frame()))
    assert all(said in text for said in ("a  b", "0  1  2", "tercetak", "ValueError: salah"))
    assert "tersembunyi" not in text
    page = html.notebook_page(notebook, frame(), "01_satu.html")
    assert "<table><tr><td>1</td></tr></table>" in page
    assert '<pre role="alert">ValueError: salah</pre>' in page
