"""Notebooks: thin, clean, the parameters of chapters as in the schema, and each runs by hand as well."""

import ast
import base64
import re

import nbclient
import nbformat
import papermill
import papermill.cli
import pytest
from click.testing import CliRunner
from conftest import ROOT

from kla_analysis.project import find_project
from kla_analysis.reporting.build import ENGINE
from kla_analysis.reporting.parameters import ReportParameters

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = find_project(ROOT).report_notebooks()


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_nine_and_the_launcher():
    assert [path.stem for path in CHAPTERS] == [
        "00_mulai",
        "01_rapor",
        "02_kelemahan_klaster",
        "03_madya_ke_nindya",
        "04_risiko_verifikasi",
        "05_posisi_daerah",
        "06_simulasi_anggaran",
        "07_mutu_data",
        "08_metode",
    ]
    assert {path.stem for path in NOTEBOOKS} - {path.stem for path in CHAPTERS} == {"beranda"}


def test_saved_without_outputs(path):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(path))


def test_thin(path):
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= 12
        logic = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.ListComp, ast.Try)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, logic)], cell.source
        assert "!" not in cell.source.splitlines()[0][:1]


def test_one_heading_and_prose_before_every_section(path):
    markdown = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert sum(source.startswith("# ") for source in markdown) == 1


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_parameters_are_those_of_the_schema(path):
    found = papermill.inspect_notebook(str(path))
    schema = ReportParameters()
    declared = {name: ast.literal_eval(about["default"]) for name, about in found.items()}
    assert declared.items() <= schema.model_dump().items()
    assert {"area", "year", "stage", "assessment", "lang"} <= set(declared)
    nodes = [node for cell in code_cells(path)[1:] for node in ast.walk(ast.parse(cell.source))]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert set(declared) == used & set(schema.model_dump()), (
        "a parameter that nothing reads, or one that is not declared"
    )
    for name, about in found.items():
        assert about["inferred_type_name"] == type(getattr(schema, name)).__name__
        assert about["help"], f"{name} has no comment"


def test_runs_by_hand_from_its_own_folder(path):
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type in ("stream", "error")]


def test_an_area_code_is_text_however_papermill_is_given_it(mini):
    mini.notebook("print('daerah', case.area.code)")
    source, made = mini.root / "notebooks" / "10_uji.ipynb", mini.root / "out.ipynb"

    def given(*arguments: str) -> str:
        told = [str(source), str(made), "--engine", ENGINE, "--no-progress-bar", *arguments]
        return str(CliRunner().invoke(papermill.cli.papermill, told).exception)

    for text in (["-r", "area", "63.10"], ["-p", "area", '"63.10"'], ["-y", 'area: "63.10"']):
        given(*text)
        assert "daerah 63.10" in made.read_text()
    for number in (["-p", "area", "63.10"], ["-y", "area: 63.10"], ["-b", base64.b64encode(b"area: 63.10").decode()]):
        said = given(*number)
        assert "63.1" in said
        assert "daerah 63" not in made.read_text()
    advice = re.search(r"papermill: (-r area \S+)", said).group(1)
    given(*advice.split())
    assert "daerah 63.10" in made.read_text()
