"""Notebooks: thin, clean, the parameters of chapters as in the schema, and each runs by hand as well."""

import ast
import base64
import re
import runpy
import shutil

import jupyter_client
import nbclient
import nbformat
import papermill
import papermill.cli
import pytest
from click.testing import CliRunner
from conftest import ROOT, run_json

import kla_analysis as kla
from kla_analysis.app import serve
from kla_analysis.cli import kit
from kla_analysis.project import find_project
from kla_analysis.report.build import ENGINE
from kla_analysis.report.notebooks import changed_here, keep_copy
from kla_analysis.report.parameters import ReportParameters

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = find_project(ROOT).report_notebooks()
COOKBOOK = ROOT / "notebooks" / "buku_resep.ipynb"


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_ten_and_the_launcher():
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
        "09_keadaan_putaran",
    ]
    assert {path.stem for path in NOTEBOOKS} - {path.stem for path in CHAPTERS} == {"beranda", "buku_resep"}


def test_saved_without_outputs(path):
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(path))


def test_thin(path):
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= 12
        logic = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.ListComp, ast.Try)
        if path.stem == "buku_resep":  # a recipe may go through many
            logic = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.If, ast.Try)
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, logic)], cell.source
        assert "!" not in cell.source.splitlines()[0][:1]


def test_one_heading_and_prose_before_every_section(path):
    markdown = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert sum(source.startswith("# ") for source in markdown) == 1


@pytest.mark.parametrize("path", [*CHAPTERS, COOKBOOK], ids=lambda path: path.stem)
def test_parameters_are_those_of_the_schema(path):
    found = papermill.inspect_notebook(str(path))
    schema = ReportParameters()
    declared = {name: ast.literal_eval(about["default"]) for name, about in found.items()}
    assert path == COOKBOOK or declared.items() <= schema.model_dump().items()
    assert {"area", "year", "stage", "assessment", "lang"} <= set(declared)
    nodes = [node for cell in code_cells(path)[1:] for node in ast.walk(ast.parse(cell.source))]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert set(declared) == used & set(schema.model_dump()), (
        "a parameter that nothing reads, or one that is not declared"
    )
    for name, about in found.items():
        assert about["inferred_type_name"] == type(getattr(schema, name)).__name__
        assert about["help"], f"{name} has no comment"


@pytest.fixture(scope="module")
def plain_kernel():
    """One plain kernel in the folder of the notebooks, so that not each of them imports everything anew."""
    kernel = jupyter_client.KernelManager(kernel_name="python3")
    kernel.start_kernel(cwd=str(ROOT / "notebooks"))
    yield kernel
    kernel.shutdown_kernel(now=True)


def test_runs_by_hand_from_its_own_folder(path, plain_kernel):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))  # whatever an earlier notebook left
    nbclient.NotebookClient(notebook, timeout=120, km=plain_kernel).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert outputs
    assert not [output for output in outputs if output.output_type in ("stream", "error")]


def test_the_analysis_stands_in_the_notebooks():
    """Cells that show something take what an earlier line made; few are a call of something finished."""
    cells = [cell for path in CHAPTERS for cell in code_cells(path)[2:]]
    finished = [cell.source for cell in cells if _is_finished(cell.source)]
    assert len(finished) <= len(cells) / 3, finished
    lines = sorted(len(cell.source.splitlines()) for cell in cells)
    assert lines[len(lines) // 2] <= 2


def _is_finished(source):
    """Whether a cell is one call that is given the whole case and nothing that was made of it."""
    (first, *more) = ast.parse(source).body
    if more or not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Call)):
        return False
    made = {node.id for node in ast.walk(first) if isinstance(node, ast.Name)}
    rooms = {"kla", *dir(kla)}
    return made - rooms <= {"case", "scenario", "cluster", "least_share"} and "[" not in source


@pytest.fixture
def cookbook(blanked, tmp_path, monkeypatch):
    """Everything that the recipes leave, for a sheet with gaps."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    source = "\n".join(cell.source for cell in code_cells(COOKBOOK))
    script = tmp_path / "buku_resep.py"
    script.write_text(source.replace('assessment: str = ""', f"assessment: str = {str(blanked())!r}"), encoding="utf-8")
    return runpy.run_path(str(script))


def test_the_recipes_give_the_numbers_of_the_library(cookbook):
    case = cookbook["case"]
    score = run_json("score", cookbook["assessment"])
    assert cookbook["clusters"]["low"].sum() == pytest.approx(score["total_low"])
    assert cookbook["clusters"]["share"].is_monotonic_increasing
    short = kla.closing_sets(case, "nindya").set_index("title")
    nindya = cookbook["targets"].set_index("predicate").loc["Nindya"]
    assert nindya["gap_points"] == pytest.approx(701 - score["total_low"])
    assert nindya["questions"] == short.at["Semua pertanyaan", "questions"]
    dinkes = case.agencies.loc["Dinkes"]
    owned = cookbook["owned"]
    assert owned[owned["owners"] == "Dinkes"]["lost_points"].sum() == pytest.approx(dinkes["involved_points"])
    assert list(cookbook["evidence"].index) == ["14.1", "14.10", "25.10"]
    assert set(cookbook["peers"]["predicate"]) == {"madya"}
    assert cookbook["change"] == pytest.approx(800.38 - 961.86)
    assert cookbook["assumptions"]["total"].tolist() == pytest.approx(
        [961.86 * share for share in (0.72, 0.75, 0.8)], abs=0.01
    )
    assert cookbook["best"].total >= cookbook["model"].total(cookbook["chosen"])
    assert cookbook["best"].cost <= cookbook["cost"]
    assert len(cookbook["province"]) == len(cookbook["standing"])
    assert cookbook["drawn"].max() <= case.span.low


def test_the_answers_of_last_year_cross_to_the_rules_of_this_year(cookbook):
    crossing = cookbook["crossing"]
    assert crossing.left_behind.empty
    assert crossing.left_behind["score"].sum() == 0
    assert crossing.unanswered.empty
    assert kla.roll_up(crossing.assessment, cookbook["rules"]).total.low == 771.81


def test_the_working_copy_keeps_what_its_reader_changed(tmp_path, monkeypatch):
    folder = tmp_path / "notebook-kerja"
    assert keep_copy(folder) == []
    assert {path.name for path in folder.glob("*.ipynb")} == {path.name for path in NOTEBOOKS}
    mine = folder / "05_posisi_daerah.ipynb"
    mine.write_text(mine.read_text(encoding="utf-8").replace("award_year", "tahunku"), encoding="utf-8")
    project = tmp_path / "proyek"
    shutil.copytree(ROOT / "data", project / "data")
    shutil.copytree(ROOT / "notebooks", project / "notebooks")
    for name in ("05_posisi_daerah", "07_mutu_data"):  # the next version of the program
        shipped = project / "notebooks" / f"{name}.ipynb"
        shipped.write_text(shipped.read_text(encoding="utf-8").replace("## ", "## Baru: "), encoding="utf-8")
    monkeypatch.setenv("KLA_HOME", str(project))
    assert keep_copy(folder) == [mine]
    assert "tahunku" in mine.read_text(encoding="utf-8")
    assert "## Baru: " in (folder / "07_mutu_data.ipynb").read_text(encoding="utf-8")
    assert changed_here() == ["05_posisi_daerah.ipynb", "07_mutu_data.ipynb"]


def test_kla_lab_opens_the_working_copy_and_says_whose_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("KLA_REPORTS", str(tmp_path / "laporan"))
    opened = {}
    monkeypatch.setattr(serve, "_serve", lambda kind, argv, *_, **about: opened.update(about, argv=argv))
    said = CliRunner().invoke(kit.app, ["lab", "--no-browser"])
    assert said.exit_code == 0, said.output
    copy = tmp_path / "notebook-kerja"
    assert f"Salinan kerja: {copy}." in said.output
    assert opened["argv"][0] == str(copy / "beranda.ipynb")
    (copy / "01_rapor.ipynb").write_text("{}", encoding="utf-8")
    assert "tidak ditimpa: 01_rapor.ipynb" in CliRunner().invoke(kit.app, ["lab", "--no-browser"]).output


def test_the_notebooks_are_recorded_as_they_are_shipped():
    assert changed_here() == [], "make notebooks"


def test_a_report_names_the_notebooks_that_were_changed(mini):
    mini.notebook("wording.remarks(case)")
    outcome = mini.run()
    page = (mini.reports / "63.10" / "2022" / "10_uji.html").read_text(encoding="utf-8")
    assert outcome.status == "done"
    assert re.search(r"Notebook diubah di sini.{0,80}10_uji\.ipynb", page, re.DOTALL)


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
