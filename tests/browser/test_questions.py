"""Ten questions of a head of office, each answered from page one of a report within two clicks, on a phone."""

from __future__ import annotations

import re

import pytest
from conftest import PICTURES
from playwright.sync_api import Browser, Page, expect

#: What is asked, the links that are followed from page one, and what then stands on the screen.
QUESTIONS = {
    "where do we stand": ((), "Madya; lembar ilustratif 2022"),
    "what is to be decided, by whom, by when": ((), "Yang perlu diputuskan sekarang"),
    "who must come for cluster II": (("Lembar rapat: Klaster II",), "Dinas PPPA"),
    "which evidence is missing": (("Keadaan putaran",), "tidak mencatat keadaan bukti"),
    "what does it cost to be surer": (("Berapa biayanya supaya lebih pasti?",), "peluang 80% atau lebih"),
    "what goes when the budget is cut": (
        ("Kegiatan mana yang dilepas bila anggaran dipotong?",),
        "Urutan kerja bila anggaran dapat dipotong",
    ),
    "where are we in the province": (("Di mana kita di antara daerah seprovinsi?",), "Kalimantan Selatan"),
    "what does an abbreviation mean": (("Apa kepanjangan singkatan ini?",), "ruang bermain ramah anak"),
    "what if we have 400 million": (
        ("Kegiatan mana yang dikerjakan, dan bagaimana bila anggarannya lain?",),
        "Rp400.000.000:",
    ),
    "which questions are those of the health office": (("Semua pertanyaan",), "pertanyaan ditunjukkan"),
}


@pytest.mark.parametrize("asked", QUESTIONS)
def test_answered_within_two_clicks(browser: Browser, report, asked):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((report / "index.html").as_uri())
    links, answer = QUESTIONS[asked]
    for link in links:
        page.locator("main").get_by_role("link", name=re.compile(f"^{re.escape(link)}")).first.click()
        page.wait_for_load_state()
    _hand(page, asked)
    shown = page.locator("main").get_by_text(answer).locator("visible=true").first
    expect(shown).to_be_visible()
    shown.scroll_into_view_if_needed()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"question-{asked.replace(' ', '-').replace(',', '')}.png")
    page.close()


def _hand(page: Page, asked: str) -> None:
    """Do what is a second click on the page that answers."""
    if "400 million" in asked:
        page.get_by_label("atau ketik").fill("400000000")
    if "health office" in asked:
        page.get_by_label("Penanggung jawab").select_option("Dinkes")
        expect(page.get_by_text(re.compile(r"^[1-9]\d? pertanyaan ditunjukkan"))).to_be_visible()
