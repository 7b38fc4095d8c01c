"""Own rounds: sheets of one district side by side, never mixed silently, and what was claimed again unchanged."""

import shutil

import pandas as pd
import pytest
from conftest import ROOT
from showing.test_charts import require_readable

import kla_analysis as kla
from kla_analysis import charts, tables, wording
from kla_analysis.showing.text import Text

AREA = "63.10"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write sheets of the district, made from that of the unnamed one, into a copy of the data."""
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.setenv("KLA_DATA", str(data))
    sheet = pd.read_csv(data / "assessments/reference/2024-self_assessment.csv", dtype={"question_code": str})

    def written(year, stage, share=1.0, **columns):
        made = sheet.assign(area_code=AREA, award_year=year, stage=stage, score=(sheet["score"] * share).round(2))
        made.assign(**columns).to_csv(data / "assessments" / AREA / f"{year}-{stage}.csv", index=False)

    return written


def test_every_sheet_stands_in_its_place_with_its_own_sums(write):
    write(2025, "self_assessment")
    write(2025, "administrative_verification", 0.5)
    case = kla.open(AREA, 2025)
    rounds = kla.own_rounds(case)
    totals = rounds[rounds["level"] == "total"].set_index(["award_year", "stage"])["low"].round(2)
    assert totals.index.tolist() == [
        (2022, "final"),
        (2025, "self_assessment"),
        (2025, "administrative_verification"),
    ]
    assert totals.iloc[:2].tolist() == [650.5, 771.81]
    by_level = rounds[rounds["stage"] == "self_assessment"].groupby("level")["low"].sum().round(2)
    assert by_level["component"] == by_level["indicator"] == by_level["total"]
    chart = charts.own_rounds(rounds, case)
    # The verified sheet is read beside the claim of its own round, not beside the last in the list.
    assert "2025 evaluasi mandiri" in chart.title
    assert "paling turun" in chart.title
    assert "Seluruhnya: 65%, 77%, 39%" in chart.alt
    require_readable(chart)
    table = tables.own_rounds_table(rounds, case, "indicator")
    assert len(table.cells) == 31
    assert table.badge == "ILUSTRATIF"


def test_one_sheet_is_no_history():
    case = kla.open(AREA, 2022)
    rounds = kla.own_rounds(case)
    assert "Baru satu lembar" in repr(wording.own_rounds_in_words(rounds, case))
    assert isinstance(charts.own_rounds(rounds, case), Text)
    assert kla.copied(case).empty
    assert "belum ada dua lembar" in repr(wording.copied_in_words(kla.copied(case), case))


@pytest.mark.parametrize(
    ("change", "same"),
    [({}, True), ({"note": "SK baru"}, False), ({"evidence_link": "bukti.pdf"}, False), ({"share": 0.9}, False)],
)
def test_what_is_claimed_again_unchanged_is_marked(write, change, same):
    write(2023, "self_assessment")
    write(2025, "self_assessment", **change)
    write(2025, "administrative_verification")  # what a verifier gave is no claim
    copied = kla.copied(kla.open(AREA, 2025))
    assert copied[["before_year", "year"]].drop_duplicates().values.tolist() == [[2023, 2025]]
    assert copied["copied"].eq(same).mean() > 0.9
    assert (copied["silent"] <= copied["copied"]).all()


@pytest.mark.parametrize(("before", "now"), [(0.0, 1.0), (1.0, 0.0)])
def test_what_brought_nothing_in_one_of_the_rounds_was_not_claimed_again(write, before, now):
    write(2023, "self_assessment", before)
    write(2025, "self_assessment", now)
    assert kla.copied(kla.open(AREA, 2025)).empty
