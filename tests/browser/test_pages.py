"""What script adds to the pages of a report: rows are sought without a server, another budget is answered as the planner would."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from conftest import often
from playwright.sync_api import Browser, Page

import kla_analysis as kla
from kla_analysis.planning.scenario import Scenario
from kla_analysis.planning.simulation import Simulator


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.close()
    assert wrong == []


def test_another_budget_is_answered_as_the_planner_does(phone, report):
    """`kla plan --goal points --budget …` for budgets drawn anywhere, and at a step of the stairs and just below it."""
    phone.goto((report / "06_simulasi_anggaran.html").as_uri())
    simulator = Simulator(kla.open_position("63.10", 2022))
    stairs = simulator.ground(Scenario()).climb().steps
    step = int(stairs["cost"].iloc[random.Random(5).randrange(1, len(stairs))])
    drawn = [random.Random(at).randrange(0, int(stairs["cost"].iloc[-1]) + 10**9) for at in range(often(8, 50))]
    box, field = phone.locator(".kla-whatif"), phone.get_by_label("atau ketik")
    for budget in (step, step - 1, *drawn):
        field.fill(str(budget))
        phone.wait_for_function(
            "budget => document.querySelector('.kla-whatif [role=status]').textContent.startsWith(`Rp${budget}:`)",
            arg=f"{budget:,}".replace(",", "."),
        )
        plan = simulator.run(Scenario(goal="points", budget=budget), "nindya").plan
        assert float(box.get_attribute("data-total")) == pytest.approx(plan.total)
        assert int(box.get_attribute("data-cost")) == plan.cost
        shown = box.locator("tbody tr:visible th").all_inner_texts()
        assert [name.split()[0] for name in shown] == list(plan.actions)


def test_the_slider_is_moved_by_keys_and_read_aloud(phone, report):
    phone.goto((report / "06_simulasi_anggaran.html").as_uri())
    slider = phone.get_by_role("slider", name="Anggaran")
    slider.focus()
    before = int(slider.input_value())
    phone.keyboard.press("ArrowRight")
    assert int(slider.input_value()) > before
    moved = f"Rp{int(slider.input_value()):,}:".replace(",", ".")
    phone.wait_for_function(
        "said => document.querySelector('.kla-whatif [role=status]').textContent.startsWith(said)", arg=moved
    )
    assert f"{slider.get_attribute('aria-valuetext')}:" == moved
    field = phone.get_by_label("atau ketik")
    assert field.input_value() == slider.input_value()
    field.fill("6")
    field.fill("")  # nothing is written back into a field that is being emptied
    phone.wait_for_timeout(400)
    assert field.input_value() == ""


def test_questions_are_sought_without_a_server(phone, report):
    phone.goto((report / "pertanyaan.html").as_uri())
    rows, said = phone.locator("tbody tr:visible"), phone.locator(".kla-search output")
    questions = kla.open("63.10", 2022).questions
    assert said.inner_text() == f"{len(questions)} pertanyaan ditunjukkan"
    phone.get_by_label("Penanggung jawab").select_option("Kemenag")
    assert rows.count() == sum("Kemenag" in owners for owners in questions["owners"])
    phone.get_by_label("Komponen").select_option(label="Klaster II Lingkungan Keluarga dan Pengasuhan Alternatif")
    phone.get_by_label("Keadaan").select_option("lost")
    mine = questions[[("Kemenag" in owners) for owners in questions["owners"]]].query("component_code == 'K2'")
    assert rows.count() == (mine["lost_points"] > 0).sum() > 0
    phone.get_by_label("Cari kata").fill("7.2")
    assert "7.2" in rows.first.inner_text()
    assert phone.locator(".kla-list:visible").count() == 1
