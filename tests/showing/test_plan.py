"""What a plan looks like: one picture for app and report, tables that agree, a workbook without formulas."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest
from matplotlib.text import Text

import kla_analysis as kla
from kla_analysis.planning.scenario import Scenario, load_scenario
from kla_analysis.showing import board, plan
from kla_analysis.showing.plan import plan_workbook


@pytest.fixture(scope="module")
def simulator():
    return kla.Simulator(kla.open_position("63.10", 2022))


@pytest.fixture(scope="module")
def answer(simulator):
    return simulator.run(load_scenario("anggaran-600-juta"))


@pytest.fixture(scope="module")
def out_of_reach(simulator):
    return simulator.run(Scenario(target="utama", budget="600 juta"))


TABLES = (
    plan.plan_table,
    plan.component_change_table,
    plan.spending_table,
    plan.order_table,
    plan.cut_table,
    plan.stair_table,
    plan.core_table,
    plan.regret_table,
    plan.evidence_table,
)


FRAMES = {
    "plan_table": "funded",
    "component_change_table": "components",
    "order_table": "order",
    "cut_table": "cuts",
    "stair_table": "sure",
    "core_table": "core",
    "regret_table": "regret",
    "evidence_table": "evidence",
}


def shown(make, answer):
    """What a table, picture or sentence says of an answer; tables take the frame that they show first."""
    if make is plan.spending_table:
        return make(answer.spending("agency"), answer)
    name = FRAMES.get(make.__name__)
    return make(getattr(answer, name), answer) if name else make(answer)


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("budget", [0, 29_000_000, 600_000_000])
def test_every_table_is_whole_and_says_what_is_assumed(simulator, make, budget):
    html = shown(make, simulator.run(Scenario(goal="points", budget=budget)))._repr_html_()
    assert not re.search(r"\b(nan|NaN|None|inf)\b", html)
    if "<table" in html:
        assert "ILUSTRATIF" in html
        assert "asumsi" in html


@pytest.mark.parametrize("make", [*TABLES, board.board, plan.core_in_words], ids=lambda make: make.__name__)
def test_where_there_is_no_plan_everything_says_why(out_of_reach, make):
    assert "anggaran Rp600 juta" in repr(shown(make, out_of_reach))


def test_the_report_draws_the_marks_that_the_app_moves(answer):
    far = board.reach(answer.ground, answer.target)
    still = board.Board(answer, far)
    moving = ElementTree.fromstring(still.moving(answer))
    in_app = [each.text for each in moving.iter() if each.tag.endswith("text")]
    in_report = {each.get_text() for each in still.chart(answer).figure.findobj(Text)}
    assert set(in_app) <= in_report
    assert any("701,13" in text for text in in_app)
    assert float(moving.get("data-total")) == answer.plan.total
    assert moving.get("role") == "img"
    assert "701,13" in moving.get("aria-label")


def test_the_same_answer_gives_the_same_picture_byte_for_byte(simulator, answer):
    far = board.reach(answer.ground, answer.target)
    assert board.Board(answer, far).svg() == board.Board(answer, far).svg()
    assert board.board(answer).png() == board.board(answer).png()
    assert board.Board(answer, far).moving(answer) == board.Board(answer, far).moving(answer)


def test_a_mark_stands_where_its_value_is(simulator):
    totals = []
    for budget in (0, 300_000_000, 900_000_000):
        answer = simulator.run(Scenario(goal="points", budget=budget))
        drawn = board.Board(answer, 2_000_000_000)
        ladder = [mark for mark in drawn.marks(answer) if mark.kind == "diamond"][1]
        totals.append((answer.plan.total, ladder.at[0]))
    (t0, x0), (t1, x1), (t2, x2) = totals
    assert (x1 - x0) / (t1 - t0) == pytest.approx((x2 - x1) / (t2 - t1), rel=1e-3)


def test_a_workbook_has_the_numbers_of_the_plan_and_no_formula(answer):
    book = openpyxl.load_workbook(io.BytesIO(plan_workbook(answer)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    (plan,) = [sheet for sheet in book if sheet.title.startswith("1.1 Rencana")]
    costs = [row[6] for row in plan.iter_rows(min_row=4, values_only=True) if re.fullmatch(r"A\d\d", str(row[0]))]
    assert sum(costs) == answer.plan.cost
    assert "701,13" in " ".join(str(row[0]) for row in book.worksheets[0].iter_rows(values_only=True))
    assert plan_workbook(answer) == plan_workbook(answer)


def test_the_waterfall_says_the_same_as_the_table(simulator, answer):
    other = simulator.run(load_scenario("nindya-80-persen"))
    chart = plan.difference_chart(answer, other)
    table = plan.difference_table(answer, other).frame
    moved = table[table["difference"] != 0]
    assert len(moved)
    assert all(name in chart.alt for name in moved["name"])
    assert np.isclose(table["difference"].sum(), other.plan.total - answer.plan.total)
