"""Nothing from data is ever run (T66 to T74): 60 payloads at 10 positions in 4 outputs, read back as their readers do.

What is compared is structure: with a payload in it, a page must have exactly the elements and attributes that it has with
a plain word, a workbook no formula or link, and a CSV no cell that a spreadsheet would run.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import zipfile
from functools import lru_cache
from html.parser import HTMLParser

import nbformat
import openpyxl
import pandas as pd
import people
import pytest
import yaml

import kla_analysis as kla
from kla_analysis import charts, tables, wording
from kla_analysis.evidence.areas import Area
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid, clean
from kla_analysis.evidence.intake.repairs import COLUMNS, NORMALISED, REFUSED, Repairs
from kla_analysis.evidence.intake.sheet import Intake, read_sheet, save
from kla_analysis.reading import read_table, schema_of, write_table
from kla_analysis.report import html as document
from kla_analysis.showing import records
from kla_analysis.showing.annotation import annotated_workbook
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.text import Text

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</td></tr></table><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<math href=javascript:alert(1)>",
    "<object data=x>",
    "<embed src=x>",
    "<base href=//evil>",
    "<link rel=stylesheet href=//evil>",
    "<meta http-equiv=refresh content=0>",
    "<form action=//evil><button>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "--><script>alert(1)</script>",
    "<!--",
    "]]><script>alert(1)</script>",
    "<style>*{background:url(//evil)}</style>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "![x](file:///etc/passwd)",
    "![x](../../rahasia.png)",
    "[x](javascript:alert(1))",
    "$$\\href{javascript:alert(1)}{x}$$",
]
FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    '=HYPERLINK("http://evil","x")',
    "=cmd|'/C calc'!A0",
    "+cmd|'/C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    '=WEBSERVICE("http://evil")',
    "@evil",
    "|cmd",
    "%0A=1+1",
    "＝1+1",
    "http://evil.example/",
    "mailto:x@evil.example",
    "file:///etc/passwd",
    "\\\\evil\\share",
    "internal:'Rekap'!A1",
    "'=1+1",
    '="12"',
]
PAYLOADS = [*MARKUP, *FORMULAS]
POSITIONS = ["cell", "heading", "row heading", "caption", "total", "source", "badge", "file", "sheet", "area"]
PLAIN = "kata"


def test_there_are_sixty():
    assert len(set(PAYLOADS)) == 60
    assert len(PAYLOADS) * len(POSITIONS) * 4 == 2400


class Structure(HTMLParser):
    """The elements of a page with their attributes; the values only of those that can act."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.nodes: list[tuple] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        acting = {"href", "src", "style", "action", "data", "srcdoc", "srcset"}
        self.nodes.append((tag, *((name, value if name in acting else "") for name, value in attributes)))

    def handle_comment(self, data):
        self.nodes.append(("comment",))

    def handle_decl(self, decl):
        self.nodes.append(("declaration", decl))


@lru_cache(maxsize=1)
def bumbu() -> kla.Position:
    return kla.open_position("63.10", 2022)


def shown_things(position: str, text: str) -> list[object]:
    """What a notebook shows, with a text from data at one position."""
    at = dict.fromkeys(POSITIONS, PLAIN) | {position: text}
    table = Table(
        at["caption"],
        (Column("a", at["heading"]), Column("b", "B")),
        pd.DataFrame({"a": [at["row heading"]], "b": [at["cell"]]}),
        source=at["source"],
        badge=at["badge"],
        total=(PLAIN, at["total"]),
    )
    repairs = pd.DataFrame(
        [[NORMALISED, at["sheet"], "A1", at["cell"], at["total"], at["source"], at["badge"]]], columns=list(COLUMNS)
    )
    sheet = dataclasses.replace(bumbu().assessment, shown=at["file"], repairs=repairs)
    here = dataclasses.replace(bumbu(), assessment=sheet, area=Area("63.10", at["area"], "kabupaten", at["area"]))
    return [
        table,
        tables.repair_table(here.repairs, here),
        wording.quality_in_words(here),
        wording.headline(here, "nindya"),
        Text((at["cell"],), heading=at["caption"]),
    ]


def shown_page(position: str, text: str) -> str:
    """The page of a report made of these things, through the real template."""
    at = dict.fromkeys(POSITIONS, PLAIN) | {position: text}
    outputs = [
        nbformat.v4.new_output(
            "display_data",
            data={"text/html": thing._repr_html_(), "text/plain": repr(thing), **thing._repr_mimebundle_()[0]},
        )
        for thing in shown_things(position, text)
    ]
    outputs.append(nbformat.v4.new_output("stream", name="stdout", text=text))
    cells = [nbformat.v4.new_markdown_cell("# Judul"), nbformat.v4.new_code_cell("1", outputs=outputs)]
    known = {
        "area": at["area"],
        "year": 2025,
        "titles": {"index.html": at["caption"], "a.html": "A"},
        "short": {"index.html": at["caption"], "a.html": "A"},
        "leads": {"index.html": "", "a.html": at["source"]},
        "illustrative": at["badge"],
        "colophon": {at["heading"]: at["cell"], "Lembar": at["file"]},
        "version": "1",
    }
    needed = [
        field.name
        for field in dataclasses.fields(document.Frame)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    frame = document.Frame(**{name: known.get(name, "") for name in needed})
    return document.notebook_page(nbformat.v4.new_notebook(cells=cells), frame, "a.html")


@pytest.mark.parametrize("position", POSITIONS)
def test_pages(position):
    plain = Structure(shown_page(position, PLAIN)).nodes
    for payload in PAYLOADS:
        assert Structure(shown_page(position, payload)).nodes == plain, payload


@pytest.mark.parametrize("position", POSITIONS)
def test_notebooks(position):
    """What JupyterLab and Voilà are given: HTML of the same structure, plain text, and nothing that is interpreted otherwise."""
    plain = [Structure(thing._repr_html_()).nodes for thing in shown_things(position, PLAIN)]
    for payload in PAYLOADS:
        things = shown_things(position, payload)
        assert [Structure(thing._repr_html_()).nodes for thing in things] == plain, payload
        for thing in things:
            others = ("markdown", "latex", "javascript", "svg", "json", "pdf", "jpeg")
            assert not [name for name in others if getattr(thing, f"_repr_{name}_", None)]
            # What is handed on beside the HTML is a record of plain values, never another way to show it.
            assert set(thing._repr_mimebundle_()[0]) <= {records.TABLE_TYPE, records.BLOCK_TYPE}


def hostile_intake(position: str, texts: list[str]) -> Intake:
    """A sheet with these texts at one position, each in a row of its own, as the intake hands it on."""
    at = {name: [PLAIN] * len(texts) for name in POSITIONS} | {position: texts}
    sheet = texts[0] if position == "sheet" else "Rekap"
    grid: dict[int, dict[int, Cell]] = {}
    repairs = Repairs()
    for row, values in enumerate(zip(*(at[name] for name in POSITIONS), strict=True), start=1):
        grid[row] = {column: Cell(TEXT, value) for column, value in enumerate(values, start=1)}
        for column, value in enumerate(values, start=1):
            repairs.add(REFUSED if row % 2 else NORMALISED, sheet, (row, column), value, value, value, value)
    file = texts[0] if position == "file" else "a.xlsx"
    return Intake(file, "0" * 64, kla.load_instrument(), (), repairs, Book((Grid(sheet, grid),)))


def assert_nothing_runs(workbook: bytes) -> list[str]:
    """Open a workbook as its readers do; every cell is a value. Returns its texts."""
    names = zipfile.ZipFile(io.BytesIO(workbook)).namelist()
    assert not [name for name in names if re.search(r"externalLink|vbaProject|activeX|embedding|connections", name)]
    book = openpyxl.load_workbook(io.BytesIO(workbook))
    assert not book.defined_names
    texts = []
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", (sheet.title, cell.coordinate, cell.value)
                assert cell.hyperlink is None or cell.hyperlink.id is None  # only to other sheets of this book
                texts += [str(cell.value)] if cell.value is not None else []
    return texts


@pytest.mark.parametrize("position", POSITIONS)
def test_workbooks(position):
    batches = [[payload] for payload in PAYLOADS] if position in ("file", "sheet") else [PAYLOADS]
    for texts in batches:
        seen = assert_nothing_runs(annotated_workbook(hostile_intake(position, texts)))
        if position not in ("file", "sheet"):
            for payload in texts:
                assert any(clean(payload) == clean(text) for text in seen), payload


#: What a spreadsheet takes for a formula at the beginning of a CSV cell.
RUNS = re.compile(r"\s*[=+\-@|%＝＋－＠\t\r]")


@pytest.mark.parametrize("position", POSITIONS)
def test_csv(position, tmp_path):
    path = tmp_path / "a.csv"
    for payload in PAYLOADS:
        heading = payload if position == "heading" else "a"
        write_table(pd.DataFrame({heading: [payload if position != "heading" else PLAIN], "b": [-5.0]}), path)
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        assert not [cell for row in rows for cell in row if RUNS.match(cell) and cell != "-5"], payload
        assert rows[1][1] == "-5"  # a true number stays one
    frame = hostile_intake(position, PAYLOADS).repairs.frame()
    write_table(frame, path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert not [cell for row in rows for cell in row if RUNS.match(cell)]
    # What was written for spreadsheets comes back as it was.
    back = read_table(path, schema_of("repairs", kla.project.find_project().data)).reset_index(drop=True)
    assert [clean(str(v)) for v in back["old"]] == [clean(v) for v in frame["old"]]


def test_a_hostile_sheet_from_its_file_to_every_output(tmp_path, instrument):
    """Through the real doors: file, import, CSV, origin note, report tables, annotated copy."""
    rows = [('=HYPERLINK("http://evil")',), ("Kode", "Indikator", "Nilai Maksimal", "Nilai", "Keterangan", "<script>")]
    rows += [
        (code, payload, most, 1, payload, payload)
        for (code, most), payload in zip(instrument.indicators["max_points"].items(), PAYLOADS, strict=False)
    ]
    path = people.write_xlsx(
        tmp_path / "<img src=x> =1+1.xlsx",
        [people.page("=1+1", [[v.replace("\0", "") if isinstance(v, str) else v for v in row] for row in rows])],
    )
    about = {"area": "63.10", "year": 2025, "stage": "final"}
    intake = read_sheet(path, **about).require()
    out = tmp_path / "hasil.csv"
    save(intake, out=out)
    for file in tmp_path.glob("*.csv"):
        for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8"), newline="")):
            assert not [cell for cell in row if RUNS.match(cell)]
    assert yaml.safe_load((tmp_path / "hasil.origin.yaml").read_text(encoding="utf-8"))["source_file"] == path.name
    position = kla.open_position("63.10", 2025, assessment=out)
    for thing in (
        tables.repair_table(position.repairs, position),
        wording.quality_in_words(position),
        tables.completeness_table(position.components.assign(asked=274), position),
    ):
        tags = {node[0] for node in Structure(thing._repr_html_()).nodes}
        assert tags <= {"div", "table", "caption", "strong", "thead", "tbody", "tfoot", "tr", "th", "td", "p", "h3"}
    notes = kla.load_assessment(out, instrument).notes
    assert clean(notes["1"]) == clean(PAYLOADS[0])
    assert_nothing_runs(annotated_workbook(intake))


@pytest.mark.parametrize(
    "name",
    ["$$", "$x^2$", "\\frac{1}{2}", "100 % _a_ ^b", "x" * 300, "\u202eubmuB hanaT", "Ñandú é", "a\nb", "{0} {x}"],
)
def test_names_in_charts_are_drawn_as_they_are(name):  # T70
    hostile = dataclasses.replace(bumbu(), area=Area("63.10", name, "kabupaten", ""))
    for chart in (charts.ladder(hostile.totals, hostile, "nindya"), charts.history(hostile.history, hostile)):
        assert chart.png()[:4] == b"\x89PNG"


@pytest.mark.parametrize("value", ["'; import os; '", 'a"b', "a\nb", "C:\\x", "\u2028", "{x!r}", "'''", "%s"])
def test_parameter_values_arrive_equal(value, tmp_path):  # T72
    from papermill.parameterize import parameterize_notebook

    source = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("assessment: str = ''", metadata={"tags": ["parameters"]})]
    )
    source.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "Python 3"}
    source.metadata["papermill"] = {}
    ready = parameterize_notebook(source, {"assessment": value})
    injected = next(cell.source for cell in ready.cells if "injected-parameters" in cell.metadata.get("tags", ()))
    scope: dict = {}
    exec(compile(injected, "parameter", "exec"), scope)  # noqa: S102
    assert scope["assessment"] == value


@pytest.mark.parametrize("parameters", [{"import os": 1}, {"__class__": "x"}, {"area; import os": "63.10"}])
def test_parameter_names_are_no_code(parameters):  # T71
    from kla_analysis.report.parameters import check_parameters

    with pytest.raises(kla.ParameterError):
        check_parameters(parameters)


@pytest.mark.parametrize("text", ["area: !!python/object/apply:os.system ['true']", "areaa: 63.10", "- a\n- b"])
def test_settings_are_data_and_nothing_else(text, tmp_path):  # T75
    from kla_analysis.planning.scenario import load_scenario

    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(kla.KlaError):
        load_scenario(str(path))


def test_a_catalogue_of_hostile_actions_in_the_plan_s_workbook_and_tables(tmp_path, instrument):
    """Names of actions and of the area come from people too: none runs in the workbook, the tables or the words."""
    import pandas as pd

    from kla_analysis import tables, wording
    from kla_analysis.planning.actions import write_template
    from kla_analysis.planning.scenario import check_scenario
    from kla_analysis.planning.simulation import Simulator
    from kla_analysis.showing.plan import plan_workbook

    names = [payload.replace("\0", "") for payload in PAYLOADS if payload.strip()]
    write_template(tmp_path / "katalog", instrument)
    (tmp_path / "katalog" / "costs.csv").unlink()
    actions, answers = (tmp_path / "katalog" / f"{name}.csv" for name in ("actions", "answers"))
    one, claim = pd.read_csv(actions, dtype=str).iloc[0], pd.read_csv(answers, dtype=str).iloc[0]
    codes = [f"X{at:02}" for at in range(len(names))]
    frame = pd.DataFrame(
        [one.to_dict() | {"action_code": code, "name_id": name} for code, name in zip(codes, names, strict=True)]
    )
    write_table(frame, actions)
    questions = instrument.questions.index[: len(codes)]
    frame = pd.DataFrame(
        [claim.to_dict() | {"action_code": code, "question_code": q} for code, q in zip(codes, questions, strict=True)]
    )
    write_table(frame, answers)
    hostile = dataclasses.replace(bumbu(), area=Area("63.10", "=cmd|'/C calc'!A0 <script>", "kabupaten", ""))
    scenario = check_scenario({"catalogue": str(tmp_path / "katalog"), "goal": "points", "budget": "1 miliar"})
    answer = Simulator(hostile).run(scenario)
    seen = assert_nothing_runs(plan_workbook(answer))
    assert any(text.startswith("=") for text in seen)  # it is there, as text
    tags = {"div", "table", "caption", "strong", "thead", "tbody", "tfoot", "tr", "th", "td", "p", "h3"}
    for thing in (tables.plan_table(answer.funded, answer), wording.plan_in_words(answer)):
        assert {node[0] for node in Structure(thing._repr_html_()).nodes} <= tags
