"""Reports through the real papermill and real kernels: whole, self-contained, honest."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import filelock
import openpyxl
import pypdf
import pytest
from conftest import ROOT, run_kla
from report.test_documents import structure
from test_language import indonesian, words_of

import kla_analysis as kla

#: In the order of the report: position and change, clusters, plan, risk, data quality, method and sources.
PAGES = [
    "01_rapor.html",
    "perubahan.html",
    "05_posisi_daerah.html",
    "02_kelemahan_klaster.html",
    "03_madya_ke_nindya.html",
    "06_simulasi_anggaran.html",
    "04_risiko_verifikasi.html",
    "09_keadaan_putaran.html",
    "07_mutu_data.html",
    "08_metode.html",
]
#: All questions, which paper and workbook leave out.
LISTED = "pertanyaan.html"
SHEETS = [f"rapat-{code}.html" for code in ("K0", "K1", "K2", "K3", "K4", "K5", "KD")]
DOCUMENTS = ["laporan.pdf", "ringkasan.pdf", "rapat.pptx", "laporan.xlsx", "results.json", "changes.json"]


class Page(HTMLParser):
    """What a page holds: its tags with attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self._skip = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._skip += tag in ("style", "script")

    def handle_endtag(self, tag):
        self._skip -= tag in ("style", "script")

    def handle_data(self, data):
        if not self._skip:
            self.text += data

    def all(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]


FOLDED = re.compile(r'<details class="kla-twin">.*?</details>', re.DOTALL)


#: What another budget would buy, which the plan's tables say of its own.
TRIED = re.compile(r'<section class="kla-whatif.*?</section>', re.DOTALL)


def tables_of(page: str) -> list[tuple[str, list[list[str]]]]:
    """Read the tables of a page: the title of each, and its rows, the headings first, without links in them."""
    found, page = [], re.sub(r"</?(?:a|abbr)\b[^>]*>", "", page)
    for body in re.findall(r'<table class="kla-table[^>]*>(.*?)</table>', page, re.DOTALL):
        title = re.search(r"<caption[^>]*>(.*?)(?: <strong|</caption>)", body, re.DOTALL)[1]
        rows = [
            re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
            for row in re.findall(r"<tr[^>]*>.*?</tr>", body, re.DOTALL)
        ]
        found.append((unescape(title), rows))
    return found


def test_the_command_says_only_what_its_reader_understands(reports, english):
    said = reports.with_suffix(".txt").read_text(encoding="utf-8")
    assert "Unable to parse" not in said
    assert "unknown parameter" not in said
    said = english.parents[1].with_suffix(".txt").read_text(encoding="utf-8")
    assert words_of(said) & indonesian() == set()


def test_one_page_a_notebook_an_index_and_a_manifest(report):
    assert {path.name for path in report.iterdir()} == {
        *PAGES,
        LISTED,
        *SHEETS,
        "index.html",
        "manifest.json",
        *DOCUMENTS,
    }


def test_the_manifest_is_true(report):
    manifest = json.loads((report / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["outputs"].items():
        assert hashlib.sha256((report / name).read_bytes()).hexdigest() == digest
    assert set(manifest["outputs"]) == {*PAGES, LISTED, *SHEETS, "index.html", *DOCUMENTS}
    assert manifest["parameters"]["target"] == "nindya"
    sheet = ROOT / manifest["assessment"]["file"]
    assert hashlib.sha256(sheet.read_bytes()).hexdigest() == manifest["assessment"]["sha256"]


def test_nothing_is_left_beside_the_report(reports):
    assert sorted(path.name for path in reports.iterdir()) == ["63.10", "kla.jsonl", "kla.log"]
    assert not list((reports / "63.10").glob(".*building*"))
    assert "63.10 2022 nindya ok" in (reports / "kla.log").read_text()


@pytest.mark.parametrize("name", ["index.html", *PAGES, LISTED, *SHEETS])
def test_a_page_stands_alone(report, name):
    page = Page(report / name)
    text = (report / name).read_text(encoding="utf-8")
    assert not page.all("iframe", "object", "embed", "base")
    # What script there is stands in the page itself, and only where it helps.
    assert not [one for one in page.all("script") if "src" in one]
    assert bool(page.all("script")) == (name in (LISTED, "06_simulasi_anggaran.html"))
    assert not re.search(r"https?://", text)
    for attributes in page.all("a", "link", "img"):
        address = attributes.get("href") or attributes.get("src")
        assert address.startswith(("data:", "#")) or (report / address.split("#")[0]).is_file(), address
    assert len(text.encode()) < 1_500_000


@pytest.mark.parametrize("name", ["index.html", *PAGES, LISTED, *SHEETS])
def test_a_page_can_be_read_by_everyone(report, name):
    page = Page(report / name)
    assert page.all("html")[0]["lang"] == "id"
    assert len(page.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    assert all(len(image["alt"]) > 40 for image in page.all("img"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in heading for heading in page.all("th"))


@pytest.mark.parametrize("name", ["index.html", *PAGES, LISTED, *SHEETS])
def test_a_page_says_where_its_numbers_come_from(report, name):
    text = Page(report / name).text
    assert "ILUSTRATIF" in text
    for words in (
        "kla-2024",
        "sha256",
        "target: Nindya",
        "kla_analysis 0.1.0",
        "data/assessments/63.10/2022-final.csv",
    ):
        assert words in text
    assert str(ROOT) not in text


@pytest.mark.parametrize("name", ["index.html", *PAGES])
def test_no_sentence_stands_below_itself(report, name):
    said = re.findall(r"<p[^>]*>(.*?)</p>", (report / name).read_text(encoding="utf-8"), re.DOTALL)
    assert len(said) > 1
    assert not [
        first for first, second in itertools.pairwise(said) if first == second and first[:6] not in ("", "Sumber")
    ]


def test_no_page_of_the_document_holds_a_sentence_alone(report):
    for page in pypdf.PdfReader(report / "laporan.pdf").pages:
        assert len(page.images) or len(page.extract_text()) > 600, page.extract_text()


def test_the_documents_are_linked_and_hold_all_that_the_pages_hold(report):
    links = [link["href"] for link in Page(report / "index.html").all("a")]
    assert {"laporan.pdf", "laporan.xlsx", "results.json"} <= set(links)
    # Of a first report nothing has changed, and folded tables are not for paper.
    names = ["index.html", *(name for name in PAGES if name != "perubahan.html")]
    pages = [TRIED.sub("", (report / name).read_text(encoding="utf-8")) for name in names]
    pdf = pypdf.PdfReader(report / "laporan.pdf")
    bookmarks = [item.title for item in pdf.outline if not isinstance(item, list)]
    chapters = [unescape(re.search(r"<h1[^>]*>(.*?)</h1>", page)[1]) for page in pages]
    assert [title for title in bookmarks if title in chapters] == chapters
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in pdf.pages))
    found = [table for page in pages for table in tables_of(page)]
    assert len(found) == sum(page.count("<table") for page in pages) > 40
    for title, _ in (table for page in pages for table in tables_of(FOLDED.sub("", page))):
        assert re.sub(r"\s", "", title) in text
    assert "Yangdigambar" not in text
    book = openpyxl.load_workbook(report / "laporan.xlsx", read_only=True)
    filled = [(title, str(rows)) for title, rows in found if any(map("".join, rows[1:]))]
    assert len(book.sheetnames) == 5 + len(set(filled)) < 5 + len(found)


def test_every_chart_has_its_numbers_as_a_table_on_the_page_and_no_table_stands_there_twice(report):
    for name in ["index.html", *PAGES]:
        text = TRIED.sub("", (report / name).read_text(encoding="utf-8"))
        page = Page(report / name)
        folds = [fold for fold in page.all("details") if fold.get("class") == "kla-twin"]
        assert len(folds) <= len(page.all("img"))
        assert not [attributes for attributes in page.all("details") if "open" in attributes]
        titles = [(title, str(rows)) for title, rows in tables_of(text)]
        assert len(set(titles)) == len(titles), name
        visible = tables_of(FOLDED.sub("", text))
        assert len(visible) + len(folds) == len(titles)


@pytest.mark.parametrize("lang", ["id", "en"])
def test_the_pdf_is_for_everyone(report, english, lang):
    """Tagged whole: its language and title, words for every picture, headings in order, cells that name theirs."""
    reader = pypdf.PdfReader({"id": report, "en": english}[lang] / "laporan.pdf")
    catalog, tags = reader.trailer["/Root"], structure(reader)
    assert catalog["/Lang"] == lang
    assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalog["/Metadata"].get_data()
    assert reader.metadata.title
    assert all(len(picture["/Alt"]) > 40 for picture in tags["/Figure"])
    assert tags["headings"][0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(tags["headings"]))
    names = {heading["/ID"] for heading in tags["/TH"]}
    assert len(tags["/TD"]) > 1000
    for cell in tags["/TD"]:
        about = cell["/A"].get_object()
        named = [one.get_object().get("/Headers", []) for one in (about if isinstance(about, list) else [about])]
        headers = [name for names_ in named for name in names_]
        assert headers
        assert names.issuperset(headers)


def test_every_number_in_a_table_is_its_value_as_people_write_it(report):
    for name in PAGES:
        page = (report / name).read_text(encoding="utf-8")
        for value, shown in re.findall(r'data-value="([^"]+)"[^>]*>([^<]*)<', page):
            digits = shown.strip("+%").replace("−", "-").replace(".", "").replace(",", ".")
            if re.fullmatch(r"-?[\d.]+", digits):
                wanted = float(value) * (100 if shown.endswith("%") else 1)
                places = len(digits.partition(".")[2])
                assert abs(float(digits) - wanted) <= 0.5 * 10**-places + 1e-9, (name, value, shown)


def test_a_meeting_sheet_is_printed_alone_on_two_pages(report, paper_pages):
    """What would raise the cluster and what it costs is on it; the page of all clusters leads to it."""
    clusters = (report / "02_kelemahan_klaster.html").read_text(encoding="utf-8")
    index = [link["href"] for link in Page(report / "index.html").all("a")]
    for name in SHEETS:
        assert f'href="{name}"' in clusters
        assert name in index
        text = (report / name).read_text(encoding="utf-8")
        assert paper_pages(text) <= 2, name
        headings = {heading for _, rows in tables_of(text) for heading in rows[0]}
        assert {"Kegiatan", "Biaya, rendah", "Penanggung jawab"} <= headings


def test_the_document_begins_with_a_summary_of_one_page(report):
    pdf = pypdf.PdfReader(report / "laporan.pdf")
    chapters = [pdf.get_destination_page_number(item) for item in pdf.outline if not isinstance(item, list)]
    titles = [item.title for item in pdf.outline if not isinstance(item, list)]
    at = titles.index("Ringkasan: Kab. Tanah Bumbu menuju Nindya")
    assert (at, chapters[at]) == (0, 0)  # before the contents
    assert titles[at + 1].startswith("Rapor")
    assert chapters[at + 1] == 2


def test_the_answer_comes_first(report):
    text = Page(report / "index.html").text
    assert "antara 1 dan 100 poin" in text
    assert "650,5" in text
    assert "50,5 poin" in text


def test_all_charts_are_there(report):
    images = {name: len(Page(report / name).all("img")) for name in [*PAGES, "index.html"]}
    assert images == dict(zip([*PAGES, "index.html"], [4, 0, 4, 3, 1, 1, 4, 0, 0, 0, 1], strict=True))


def test_numbers_on_the_pages_are_those_of_the_library(report, instrument):
    import kla_analysis as kla
    from kla_analysis.language import number

    rolled = kla.open_position("63.10", 2022).roll_up
    text = Page(report / "01_rapor.html").text
    for _, row in rolled.components.iterrows():
        assert number(row["low"]) in text
    chosen = kla.smallest_set(rolled, 50.5)
    text = Page(report / "03_madya_ke_nindya.html").text
    assert number(chosen.gain_points) in text
    assert all(name in text for name in chosen.questions["name"])


def test_partners_stand_on_the_meeting_sheets(report):
    text = Page(report / "02_kelemahan_klaster.html").text
    for partner in (
        "Polres",
        "Pengadilan Negeri",
        "Kejaksaan Negeri",
        "Kemenag",
        "Balai Pemasyarakatan",
        "TP PKK",
        "BPS",
        "BPOM",
        "PT Air Minum Bersujud",
        "APSAI",
        "UPTD PPA",
        "Forum Anak Daerah",
        "Forum Genre",
        "Diskominfo",
    ):
        assert partner in text


def test_one_cluster_a_predicate_only_round_and_what_people_added(mini, tmp_path):
    """A second run into the same folder replaces the report and keeps what is not ours."""
    out = tmp_path / "hasil"
    mini.real("01_rapor", "02_kelemahan_klaster")
    mini.run(out=out, about={"year": 2023})
    text = Page(out / "01_rapor.html").text
    assert "tidak ada lembar nilai" in text
    assert "antara 1 dan 100 poin" in text
    assert "ILUSTRATIF" not in text
    (out / "catatan.txt").write_text("milik saya")
    mini.run(out=out, about={"cluster": "K2"})
    assert (out / "catatan.txt").read_text() == "milik saya"
    text = Page(out / "02_kelemahan_klaster.html").text
    assert "Indikator Klaster II" in text
    assert "Indikator Klaster III" not in text


def test_an_own_sheet(mini, tmp_path, sheet):
    path = sheet((",1.1,10.11,", ",1.1,,"))
    out = tmp_path / "hasil"
    mini.real("01_rapor")
    mini.run(out=out, about={"assessment": str(path)})
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "640,39–652,39" in page
    assert "ILUSTRATIF" not in Page(out / "index.html").text
    assert str(tmp_path) not in page


def test_a_bad_sheet_writes_nothing(tmp_path, sheet):
    path = sheet((",1.1,10.11,", ",1.1,99,"))
    done = run_kla("report", "--assessment", str(path), alone=False, KLA_REPORTS=str(tmp_path / "r"))
    assert done.returncode == 3
    assert not (tmp_path / "r").exists()


def test_somebody_elses_folder_is_left_alone(tmp_path):
    (tmp_path / "skripsi.docx").write_text("penting")
    done = run_kla("report", "--out", str(tmp_path), alone=False)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["skripsi.docx"]


def test_two_runs_at_once(tmp_path):
    out = tmp_path / "hasil"
    with filelock.FileLock(tmp_path / ".hasil.lock"):
        done = run_kla("report", "--out", str(out))
    assert done.returncode == 7
    assert not out.exists()


def test_a_failing_cell_leaves_the_old_report(mini):
    out = mini.reports / "63.10" / "2022"
    mini.real("01_rapor")
    mini.run()
    before = (out / "index.html").read_bytes()
    book = mini.root / "notebooks" / "01_rapor.ipynb"
    book.write_text(book.read_text(encoding="utf-8").replace("wording.remarks(case)", "1 / 0"), encoding="utf-8")
    done = mini.kla("report")
    assert done.returncode == 4
    assert "01_rapor.ipynb" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr
    assert (out / "index.html").read_bytes() == before
    assert [path.name for path in (mini.reports / "gagal").iterdir()] == ["63.10-2022-01_rapor.ipynb"]
    said = Page(out.parent / "2022-gagal.html").text
    assert "01_rapor.ipynb" in said
    assert "Laporan terakhir yang utuh tidak diubah" in said


def test_a_killed_kernel_is_not_a_success(mini):
    mini.real("01_rapor")
    book = mini.root / "notebooks" / "01_rapor.ipynb"
    spoilt = book.read_text(encoding="utf-8").replace("wording.remarks(case)", "import os; os.kill(os.getpid(), 9)")
    book.write_text(spoilt, encoding="utf-8")
    done = mini.kla("report")
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert not (mini.reports / "63.10" / "2022").exists()


class Said(HTMLParser):
    """What the body of a page says, piece by piece in the order of reading, with the alt texts of its pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.pieces: list[tuple[str, str]] = []
        self.at, self.begins = "", True
        self.feed(path.read_text(encoding="utf-8").partition("<main")[2].partition("<footer")[0])

    def handle_starttag(self, tag, attributes):
        if tag == "abbr" or dict(attributes).get("class") == "kla-term":
            return  # each language has its own abbreviations: their links break no piece
        self.at, self.begins = tag, True
        self.pieces += [(name, dict(attributes)[name]) for name in ("alt", "aria-label") if dict(attributes).get(name)]

    def handle_data(self, data):
        if not data.strip() or self.at == "script":
            return
        if self.begins:
            self.pieces.append((self.at, data))
        else:
            self.pieces[-1] = (self.at, self.pieces[-1][1] + data)
        self.begins = False


def figures(text: str, *, group: str, point: str) -> list[float | str]:
    """The numbers of a text as its reader understands them; what is no number to them stays as it is written."""
    number = rf"(\d{{1,3}}(\{group}\d{{3}})+|\d+)(\{point}\d+)?"
    found = (token.rstrip(".,") for token in re.findall(r"\d[\d.,]*", re.sub(r"\S+/\S+", "", text)))
    return [
        float(token.replace(group, "").replace(point, ".")) if re.fullmatch(number, token) else token for token in found
    ]


def test_the_sample_says_what_a_report_says_today(report):
    """The sample in reports/contoh is shown to people: it must not be of yesterday."""
    sample, advice = ROOT / "reports" / "contoh", "reports/contoh basi: jalankan make sample"
    assert {path.name for path in sample.iterdir()} == {path.name for path in report.iterdir()}, advice
    for name in [*PAGES, "index.html"]:
        assert Said(sample / name).pieces == Said(report / name).pieces, advice
    rounded = [
        json.loads(
            (folder / "results.json").read_text(encoding="utf-8"), parse_float=lambda text: round(float(text), 6)
        )
        for folder in (sample, report)
    ]
    assert rounded[0] == rounded[1], advice


@pytest.mark.parametrize("name", ["index.html", *PAGES, LISTED, *SHEETS])
def test_both_languages_say_the_same_figures_in_the_same_order(report, english, name):
    own, other = Said(report / name).pieces, Said(english / name).pieces
    assert [tag for tag, _ in own] == [tag for tag, _ in other]
    codes = {*kla.load_instrument().questions.index, *kla.load_instrument().indicators.index}
    for (tag, before), (_, after) in zip(own, other, strict=True):
        if tag == "th" and before in codes:
            assert before == after
        else:
            # In Indonesian no number of points is written 7.2: that is a question.
            named = codes & set(re.findall(r"\b\d+\w?\.\w+", before))
            before, after = without(before, named), without(after, named)
            assert figures(before, group=".", point=",") == figures(after, group=",", point="."), (before, after)


def without(text: str, codes: set[str]) -> str:
    return re.sub(r"\b\d+\w?\.\w+", lambda word: "" if word[0] in codes else word[0], text)


@pytest.mark.parametrize("name", ["index.html", *PAGES, LISTED, *SHEETS])
def test_no_indonesian_word_is_left_beside_names(english, name):
    page = Page(english / name)
    assert page.all("html")[0]["lang"] == "en"
    # The glossary keeps the official names, with their meaning behind them.
    said = page.text.partition("abbreviations stand for")[0] + " ".join(image["alt"] for image in page.all("img"))
    said += " ".join(tag["aria-label"] for _, tag in page.tags if "aria-label" in tag)
    # Sources are named by their address.
    assert words_of(re.sub(r"\b[\w-]+(\.[\w-]+)+(/\S*)?", " ", said)) & indonesian() == set()
