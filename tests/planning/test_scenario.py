"""Scenarios: one schema, every problem at once, and stacks that contradict themselves are refused."""

import pytest

import kla_analysis as kla
from kla_analysis.app import planner
from kla_analysis.errors import DataError, ParameterError
from kla_analysis.planning.scenario import (
    Scenario,
    budgets_in_words,
    check_scenario,
    load_scenario,
    open_scenario,
    read_budgets,
    read_scenario,
    stack,
)
from kla_analysis.showing.plan import cuts_in_words


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "skenario.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_what_ships_can_be_read():
    assert load_scenario("nindya-80-persen").certainty == 0.8
    both = open_scenario("anggaran-600-juta, pagu-perangkat-daerah")
    assert (both.budget, both.agencies["Dinas PPPA"]) == (600_000_000, 200_000_000)
    assert both.title == "Anggaran 600 juta + Pagu perangkat daerah"
    assert open_scenario("") == Scenario()


def test_a_file_reads_back_as_it_was_written():
    asked = Scenario(goal="points", budget="1,2 miliar", agencies={"Dinkes": "200 juta"}, either_or=(("A01", "A02"),))
    assert asked.budget == 1_200_000_000
    assert read_scenario(asked.to_yaml().encode(), shown="x.yaml") == asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("budgt: 600 juta", "budget"),
        ("budget: 12,5", "12,5 juta atau 12,5 miliar"),
        ("budget: ''", "belum diisi"),
        ("budget: -5", "di bawah nol"),
        ("budget: [1]", "600 juta"),
        ("certainty: 80", "0.8"),
        ("goal: murah", "points"),
        ("area: 63.10", "tanda kutip"),
        ("components: {K0: -5}", "0 atau lebih"),
        ("must: [A01]\nmust_not: [A01]", "wajib dan dilarang"),
        ("budget: 1\nbudget: 2", "satu nama hanya sekali"),
        ("budget: [", "YAML"),
        ("- budget", "nama dan nilai"),
        ("note: !!python/object/apply:os.system [ls]", "YAML"),
        ("", "nama dan nilai"),
    ],
)
def test_a_bad_file_is_refused_in_words(file, text, words):
    with pytest.raises(DataError, match=words) as refused:
        load_scenario(file(text))
    assert refused.value.exit_code == 3


def test_all_problems_at_once(file):
    with pytest.raises(DataError) as refused:
        load_scenario(file("budgt: 1\ncertainty: tinggi\nagencies: {Dinkes: banyak}"))
    assert {problem.column for problem in refused.value.problems} == {"budgt", "certainty", "agencies"}


def test_no_text_and_too_much_text(file, tmp_path):
    (tmp_path / "biner.yaml").write_bytes(b"\xff\xfe\x00b")
    with pytest.raises(DataError, match="UTF-8"):
        load_scenario(tmp_path / "biner.yaml")
    with pytest.raises(DataError, match="terlalu besar"):
        load_scenario(file("note: " + "x" * 200_000))
    with pytest.raises(ParameterError, match="nindya-termurah"):
        load_scenario("nindya-termura")


def test_a_stack_gathers_and_a_contradiction_is_named():
    first = Scenario(budget=1, must=("A01",), agencies={"Dinkes": 5})
    second = Scenario(must=("A02",), agencies={"Dinsos": 6})
    both = stack([first, second])
    assert (both.budget, both.must, both.agencies) == (1, ("A01", "A02"), {"Dinkes": 5, "Dinsos": 6})
    with pytest.raises(ParameterError) as refused:
        stack([first, Scenario(budget=2, agencies={"Dinkes": 7})])
    assert {problem.column for problem in refused.value.problems} == {"budget", "agencies.Dinkes"}
    with pytest.raises(ParameterError, match="wajib dan dilarang"):
        stack([first, Scenario(must_not=("A01",))])


def test_a_scenario_about_another_area_is_refused(simulator):
    with pytest.raises(ParameterError, match=r"63\.11"):
        simulator.run(Scenario(area="63.11"))
    with pytest.raises(ParameterError, match="final"):
        simulator.run(Scenario(stage="self_assessment"))


def test_without_a_sheet_per_question_there_is_nothing_to_plan():
    with pytest.raises(ParameterError, match="per pertanyaan"):
        kla.Simulator(kla.open_position("63.10", 2025))


def test_weights_and_groups_are_refused_together():
    with pytest.raises(ParameterError) as refused:
        check_scenario(
            {
                "budgets": [{"budget": "300 juta", "weight": 0.5}, {"budget": "600 juta", "weight": -0.1}],
                "exactly_one": [["A01"]],
                "either_or": [["A02", "A02"]],
            }
        )
    assert {problem.column.split(".")[0] for problem in refused.value.problems} == {
        "budgets",
        "exactly_one",
        "either_or",
    }
    with pytest.raises(ParameterError, match="Jumlah bobotnya 0,9"):
        check_scenario({"budgets": [{"budget": "300 juta", "weight": 0.5}, {"budget": "600 juta", "weight": 0.4}]})


def test_weighted_budgets_come_back_from_a_file_and_order_the_actions(simulator):
    asked = check_scenario(
        {
            "goal": "points",
            "budget": "600 juta",
            "budgets": [{"budget": "300 juta", "weight": 0.4}, {"budget": "900 juta", "weight": 0.6}],
        }
    )
    assert read_scenario(asked.to_yaml().encode(), shown="x.yaml") == asked
    answer = simulator.run(asked)
    assert answer.cuts["budget"].tolist() == [900_000_000, 300_000_000]
    assert answer.ranking.status == "optimal"
    assert "Terbukti: tidak ada urutan lain" in repr(cuts_in_words(answer))
    assert (answer.cuts["total"] <= answer.cuts["free_total"]).all()


def test_a_cut_is_counted_from_the_plan_s_money(simulator):
    budgets = [{"budget": "300 juta", "weight": 0.4}, {"budget": "900 juta", "weight": 0.6}]
    answer = simulator.run(check_scenario({"goal": "points", "budget": "900 juta", "budgets": budgets}))
    for row in answer.cuts.itertuples():
        assert row.cut == pytest.approx(1 - row.budget / answer.plan.cost)


def test_a_group_of_one_is_named(simulator):
    with pytest.raises(ParameterError) as refused:
        check_scenario({"either_or": [["A01"], []]})
    assert "A01, –" in str(refused.value)


def test_weighted_budgets_are_typed_in_the_app(position):
    app = planner.try_out(position, Scenario(goal="points", budget="600 juta"), "nindya")
    app.budgets.value = "300 juta=0,4; 900 juta=0,6"
    asked = check_scenario({"budgets": [{"budget": "300 juta", "weight": 0.4}, {"budget": "900 juta", "weight": 0.6}]})
    assert app.answer.scenario.budgets == asked.budgets
    assert "menurut bobotnya" in repr(cuts_in_words(app.answer))
    app.budgets.value = "300 juta=0,4; 900 juta"
    assert "isian “Kemungkinan”: nilai ini tidak dapat dipakai" in app.message.value
    assert app.answer.scenario.budgets == asked.budgets
    app.undo.click()
    assert app.budgets.value == ""
    assert read_budgets(budgets_in_words(asked.budgets)) == [
        {"budget": "300000000", "weight": "0.4"},
        {"budget": "900000000", "weight": "0.6"},
    ]
