"""Tables and sentences: Indonesian numbers, sources, and never any markup from data."""

import dataclasses

import pandas as pd

import kla_analysis as kla
from kla_analysis import tables, wording
from kla_analysis.evidence.areas import Area
from kla_analysis.language import number, percent, signed
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.text import Text


def test_numbers_as_indonesians_write_them():
    assert (number(1234.5), number(650.0), number(0.125), number(None)) == ("1.234,5", "650", "0,12", "–")
    assert (signed(12.5), signed(-3), percent(0.845)) == ("+12,5", "−3", "84%")


def test_data_never_becomes_markup():
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    table = Table(
        hostile,
        (Column("a", hostile), Column("b", "B")),
        pd.DataFrame({"a": [hostile], "b": [hostile]}),
        source=hostile,
        total=(hostile, hostile),
    )
    html = table._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert "<script" not in Text((hostile,), heading=hostile)._repr_html_()


def test_a_hostile_area_name_stays_text_everywhere():
    position = kla.open_position("63.10", 2022)
    hostile = dataclasses.replace(position, area=Area("63.10", "<b onload=x>", "kabupaten", ""))
    for shown in (
        wording.headline(hostile, "nindya"),
        tables.history_table(hostile.history, hostile),
        tables.component_table(hostile.components, hostile),
    ):
        assert "<b onload" not in shown._repr_html_()


def test_every_table_of_the_sheet_carries_its_standing():
    position = kla.open_position("63.10", 2022)
    for table in (
        tables.component_table(position.components, position),
        tables.indicator_table(position.indicators, position),
        tables.question_table(position.questions, position),
        tables.agency_table(position.agencies, position),
        tables.closing_set_table(kla.closing_sets(position, "nindya"), position, "nindya"),
    ):
        assert "ilustratif" in table.source
        assert table.badge == "ILUSTRATIF"


def test_without_a_sheet_it_is_said_in_words():
    position = kla.open_position("63.10", 2023)
    assert "tidak ada lembar nilai" in repr(tables.component_table(position.components, position))
    assert "601–700" in repr(wording.headline(position, "nindya"))
    assert "antara 1 dan 100 poin" in repr(wording.headline(position, "nindya"))


def test_a_published_score_in_a_gap_is_flagged():
    position = kla.open_position("63.10", 2025, stage="administrative_verification")
    assert "celah" in repr(wording.remarks(position))
    assert "Nindya" in repr(wording.headline(position, "utama"))


def test_a_frame_can_be_taken_further():
    position = kla.open_position("63.10", 2022)
    table = tables.component_table(position.components, position)
    assert table.frame["low"].sum() == 650.5
    assert table.cells[0][:3] == ["Kelembagaan", "106,98", "164"]
