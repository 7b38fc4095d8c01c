"""The page “follow-up”, driven by its controls: add, change, done, back, undo; what is wrong is said and not written."""

import datetime
import shutil

import pytest
from conftest import ROOT

from kla_analysis.app.followup_page import FollowUpDoor
from kla_analysis.evidence.followup import add_decision, followup_path, load_followup

AREA = "63.10"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("KLA_DATA", str(shutil.copytree(ROOT / "data", tmp_path / "data")))
    return FollowUpDoor()


def fill(page, **values):
    for name, value in values.items():
        page.fields[name].value = value


def test_a_decision_from_the_meeting_to_its_end(page):
    fill(
        page,
        what="Unggah SK",
        agency="Dinas Kesehatan",
        due=datetime.date(2026, 1, 31),
        decided_on=datetime.date(2026, 1, 5),
    )
    page.save.click()
    assert "T01" in page.message.value
    assert "lewat tenggat" in page.table.value
    fill(page, question_code="7.1", spent_rupiah="Rp75 juta", points_claimed="4,5", done_on=datetime.date(2026, 1, 20))
    page.done.click()
    row = load_followup(AREA).iloc[0]
    assert row[["agency", "state", "done_on", "spent_rupiah", "points_claimed"]].tolist() == [
        "Dinkes",
        "done",
        "2026-01-20",
        75_000_000,
        4.5,
    ]
    assert (page.done.disabled, page.reopen.disabled) == (True, False)
    page.reopen.click()
    assert load_followup(AREA)[["state", "spent_rupiah"]].values.tolist() == [["open", 75_000_000]]
    for left in ("done", "open"):
        page.undo.click()
        assert load_followup(AREA)["state"].tolist() == [left]
    page.undo.click()
    assert load_followup(AREA).empty
    assert page.undo.disabled


def test_what_is_wrong_is_said_and_nothing_is_written(page):
    fill(page, what="Unggah SK", agency="Pak Budi")
    page.save.click()
    assert "kantor ini tidak dikenal" in page.message.value
    assert not followup_path(AREA).exists()
    assert page.fields["what"].value == "Unggah SK"  # nothing of what was typed is lost
    fill(page, agency="Dinkes")
    page.save.click()
    page.drop.click()
    assert "dibatalkan tanpa alasan" in page.message.value
    assert load_followup(AREA)["state"].tolist() == ["open"]


def test_undo_takes_back_nothing_of_others(page):
    fill(page, what="Unggah SK", agency="Dinkes")
    page.save.click()
    add_decision(AREA, award_year=2022, decided_on="2026-01-05", what="Dari tempat lain", agency="Dinsos")
    page.undo.click()
    assert "Tidak diurungkan" in page.message.value
    assert load_followup(AREA)["what"].tolist() == ["Unggah SK", "Dari tempat lain"]
