"""Exploring by hand: every list follows the others, and what is shown is what a report shows."""

import re

import pytest

import kla_analysis as kla
from kla_analysis.analysis.weakness import Selection, lost_in, selected, selected_groups
from kla_analysis.app import explorer as explore


@pytest.fixture(scope="module")
def position():
    return kla.open_position("63.10", 2022)


@pytest.fixture
def explorer(position):
    return explore.explore(position)


def test_nothing_chosen_is_the_whole_sheet(position):
    assert len(selected(position.roll_up)) == 274
    assert lost_in(position.roll_up) == (349.5, 1000.0, 349.5)
    level, groups = selected_groups(position.roll_up)
    assert (level, len(groups)) == ("component", 7)


@pytest.mark.parametrize("code", ["K0", "K2", "KD"])
def test_a_component_falls_into_its_indicators(position, code):
    level, groups = selected_groups(position.roll_up, Selection(code))
    assert level == "indicator"
    assert groups["lost_points"].sum() == pytest.approx(position.roll_up.components.loc[code, "lost_points"])


def test_an_indicator_counts_no_more_than_its_maximum(position):
    # The questions of 19 ask for 54 points, the indicator has 51.
    assert lost_in(position.roll_up, Selection(indicator="19"))[1] == 51
    assert selected(position.roll_up, Selection(indicator="19"))["max_points"].sum() == 54


def test_agency_and_words_thin_out(position):
    dinkes = selected(position.roll_up, Selection(agency="Dinkes"))
    assert dinkes["agencies"].str.contains("Dinkes").all()
    both = selected(position.roll_up, Selection("K3", agency="Dinkes", words="GIZI"))
    assert set(both.index) <= set(dinkes.index)
    assert both["name"].str.contains("gizi", case=False).all()
    assert len(both)
    assert set(selected(position.roll_up, Selection(words="8.3")).index) >= {"8.3"}
    assert selected_groups(position.roll_up, Selection(agency="Dinkes"))[1]["lost_points"].sum() == pytest.approx(
        dinkes["lost_points"].sum()
    )


def test_a_word_is_no_pattern(position):
    assert (
        selected(position.roll_up, Selection(words="(")).index.size
        == selected(position.roll_up)["name"].str.contains("(", regex=False).sum()
    )
    assert selected(position.roll_up, Selection(words=".*")).empty


def test_the_lists_follow_each_other(explorer, position):
    explorer.component.value = "K2"
    inside = [code for _, code in explorer.indicator.options if code]
    assert inside == list(position.instrument.indicators.query("component_code == 'K2'").index)
    explorer.indicator.value = "8"
    assert {code for _, code in explorer.question.options} == set(
        selected(position.roll_up, Selection("K2", "8")).index
    )
    explorer.component.value = "K3"  # the indicator of the other component is let go
    assert explorer.indicator.value == ""
    assert "Klaster III" in explorer.headline.value
    explorer.question.value = explorer.question.options[2][1]
    assert explorer.question.value in explorer.detail.value
    explorer.reset.click()
    assert explorer.selection == Selection()


def test_what_is_shown_is_what_a_report_shows(explorer, position):
    explorer.component.value = "K5"
    chosen = Selection("K5")
    assert (
        explorer.headline.value
        == explore.selection_in_words(explore.parts(position, chosen), position, chosen)._repr_html_()
    )
    assert (
        explore.selection_chart(explore.parts(position, chosen), position, chosen).alt.split(":")[0]
        in explorer.picture.value
    )


def test_nothing_found_is_said(explorer):
    explorer.words.value = "xyzzy"
    assert "Tidak ada pertanyaan" in explorer.headline.value
    assert explorer.detail.value == explorer.table.value == ""
    explorer.export.click()
    assert "Tidak ada" in explorer.files.value


def test_what_is_typed_never_becomes_markup(explorer):
    explorer.words.value = "<script>alert(1)</script>"
    assert "<script" not in explorer.headline.value
    explorer.words.value = "anak"
    assert "<script" not in explorer.headline.value


def test_files_hold_what_is_shown(explorer):
    explorer.component.value = "K1"
    explorer.export.click()
    assert re.findall(r'download="([^"]+)"', explorer.files.value) == [
        "kelemahan.png",
        "kelemahan.svg",
        "kelemahan.csv",
        "kelemahan.xlsx",
    ]


def test_the_csv_opens_in_excel_and_runs_nothing(position):
    table = explore.selected_table(position.questions.query("component_code == 'K2'"), position)
    lines = table.csv().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Kode;Pertanyaan;")
    assert len(lines) == 28
    assert re.match(r"8\.3;.*;\d+,\d+;\d", lines[[line[:3] for line in lines].index("8.3")])
    table.frame.loc[0, "name"] = "=HYPERLINK(1)"
    assert "'=HYPERLINK(1)" in table.csv().decode("utf-8-sig")


def test_without_answers_there_is_nothing_to_explore():
    assert "tidak ada lembar" in repr(explore.explore(kla.open_position("63.10", 2025)))
