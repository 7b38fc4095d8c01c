"""A province's districts side by side: what each manifest says of itself, and what all of them lose."""

import pytest

import kla_analysis as kla
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.report.results import beside_others, results_of
from kla_analysis.runs.side_by_side import side_by_side


@pytest.fixture(scope="module")
def own():
    case = kla.open("63.10", 2022, target="nindya")
    return beside_others(case, results_of(ReportParameters(), case, plan={}))


def row(code, beside, **more):
    about = {"area": f"Kab. {code}", "province": "Kalimantan Selatan", "year": 2022, "target": "Nindya", "badge": ""}
    return {"code": code, **about, **more, "beside": beside}


def test_a_report_says_what_is_compared(own):
    case = kla.open("63.10", 2022)
    assert (own["questions"], own["answered"], own["with_evidence"]) == (274, 274, None)
    assert own["stages"] == {"final": [650.5, 650.5]}
    assert sum(own["lost"].values()) == pytest.approx(case.indicators["lost_points"].sum())
    assert own["median"] == kla.outlook(case).median


def test_side_by_side_with_only_the_columns_that_compare(own):
    claimed = own | {"stages": {"self_assessment": [900.0, 900.0]}, "with_evidence": 137, "at_risk": 12.5}
    districts, weak = side_by_side([row("63.01", own), row("63.02", claimed), row("63.03", {})])
    titles = [column.title for column in districts.columns]
    assert "Provinsi" not in titles  # the same of all
    assert "Lembar" not in titles  # nobody's is borrowed
    cells = [dict(zip(titles, cells, strict=True)) for cells in districts.cells]
    assert [cell["Daerah"] for cell in cells] == ["Kab. 63.01", "Kab. 63.02"]
    assert [cell["Berbukti"] for cell in cells] == ["–", "50%"]
    assert [cell["Klaim"] for cell in cells] == ["–", "900"]
    assert [cell["Hasil terakhir"] for cell in cells] == ["650,5", "–"]
    assert weak.frame["lost"].iloc[0] == max(own["lost"].values())


def test_common_weaknesses_count_a_district_once_and_each_instrument_apart(own):
    twice = [
        row("63.01", own),
        row("63.01", own, target="Utama"),
        row("63.02", own | {"lost": dict.fromkeys(own["lost"], 0.0)}),
    ]
    _, weak = side_by_side(twice)
    assert "Kelemahan bersama 2 daerah" in weak.caption
    assert weak.frame["lost"].iloc[0] == pytest.approx(max(own["lost"].values()) / 2)
    assert side_by_side([row("63.01", own)]) == []
