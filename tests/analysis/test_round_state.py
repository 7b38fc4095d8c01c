"""The state of a round: counted by hand, on a given day, with what is unknown kept apart from nothing."""

import csv
import datetime
import hashlib
import shutil
from dataclasses import replace

import pytest
from conftest import ROOT
from showing.test_charts import require_readable

import kla_analysis as kla
from kla_analysis import charts, tables, wording
from kla_analysis.analysis.round_state import KEPT, last_meeting, left_by_evidence, moved
from kla_analysis.evidence.collect import Delivery
from kla_analysis.evidence.followup import add_decision
from kla_analysis.evidence.worksheets import AGENCY, SUBDISTRICT, open_round

AREA, DAY = "11.01", datetime.date(2026, 4, 10)
FIELDS = ("score", "evidence_state", "evidence_link", "lead", "due")
#: Of each question what the sheet says; all others are full, without a word of their evidence.
SAID = {
    "1.1": (12, "complete", "https://arsip.example.go.id/1", "", "2026-04-01"),
    "2.1": (3, "incomplete", "", "Bappeda", "2026-04-15"),
    "8.3": (2, "rejected", "", "", "2026-04-09"),
    "14.3": (1, "none", "", "", ""),
    "12.1": (3, "accepted", "", "", ""),
    "6.3": ("", "promised", "", "", ""),
    "5.2": (10, "", "https://arsip.example.go.id/5", "", ""),
}


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("KLA_DATA", str(tmp_path / "data"))
    return shutil.copytree(ROOT / "data", tmp_path / "data")


@pytest.fixture
def case(data, instrument):
    folder = data / "assessments" / AREA
    folder.mkdir()
    with (folder / "2026-self_assessment.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["area_code", "award_year", "stage", "question_code", *FIELDS])
        for code, most in instrument.questions["max_points"].items():
            rows.writerow([AREA, 2026, "self_assessment", code, *SAID.get(code, (most, "", "", "", ""))])
    return kla.open(AREA, 2026)


def test_each_question_on_a_day(case):
    table = kla.evidence_of(case, as_of=DAY)
    assert table["with_evidence"].sum() == 3  # complete, accepted, and the link nobody has a word about
    assert table.index[table["overdue"]].tolist() == ["8.3"]  # 1.1 is past its day, but proven
    assert table.at["2.1", "days_left"] == 5
    risk = table["at_risk_points"]
    assert risk["1.1"] == risk["12.1"] == risk["6.3"] == 0  # nothing is claimed for 6.3 yet
    assert risk["2.1"] == pytest.approx(3 * (KEPT["complete"] - KEPT["incomplete"]))
    assert risk["8.3"] == pytest.approx(2 * KEPT["complete"])
    assert table.loc[["5.2", "1.2a"], ["kept_points", "at_risk_points"]].isna().all(axis=None)  # unknown is not nothing
    assert not table.at["6.3", "answered"]
    assert table.at["2.1", "responsible"] == ["Bappeda"]


def test_at_risk_is_what_counts_of_an_answer(data, instrument):
    """Questions of 19 add up to 54 of which 51 count; of 22A less than one point is claimed in all."""
    folder = data / "assessments" / AREA
    folder.mkdir()
    small = instrument.questions.index[instrument.questions["indicator_code"] == "22A"]
    scores = instrument.questions["max_points"].where(~instrument.questions.index.isin(small), 0.0)
    scores[small[0]] = 0.5
    nothing = instrument.questions.index[instrument.questions["indicator_code"] == "8"]
    scores[nothing] = 0.0
    rows = scores.rename("score").rename_axis("question_code").reset_index()
    rows = rows.assign(area_code=AREA, award_year=2026, stage="self_assessment", evidence_state="none")
    rows.to_csv(folder / "2026-self_assessment.csv", index=False)
    table = kla.evidence_of(kla.open(AREA, 2026), as_of=DAY)
    first = instrument.questions.index[instrument.questions["indicator_code"] == "19"][0]
    assert table.at[first, "at_risk_points"] == pytest.approx(scores[first] * 51 / 54 * KEPT["complete"])
    assert table.at[small[0], "at_risk_points"] == pytest.approx(0.5 * KEPT["complete"])
    assert (table.loc[[*small[1:], *nothing], "at_risk_points"] == 0).all()


def test_summed_by_who_leads_and_by_cluster(case, instrument):
    table = kla.evidence_of(case, as_of=DAY)
    offices, clusters = (kla.state_by(table, by) for by in ("responsible", "component_code"))
    assert clusters["questions"].sum() == len(instrument.questions)
    assert clusters["at_risk_points"].sum() == pytest.approx(table["at_risk_points"].sum())
    assert offices.at["Bappeda", "at_risk_points"] == pytest.approx(3 * 0.45)  # its lead alone answers for 2.1
    assert clusters["unknown"].sum() == len(instrument.questions) - 6
    assert clusters["overdue"].sum() == 1


def test_what_is_left_is_a_range_where_nobody_has_spoken(case):
    table = kla.evidence_of(case, as_of=DAY)
    left = left_by_evidence(table)
    assert left.low == pytest.approx(12 * 0.95 + 3 * 0.5 + 3)
    assert left.high > left.low
    said = table.assign(evidence_state="complete", kept_points=table["low"] * 0.95)
    assert left_by_evidence(said).is_exact


def test_the_order_of_work_is_points_per_day_then_what_has_no_date(case):
    work = kla.work_order(kla.evidence_of(case, as_of=DAY))
    assert list(work.index) == ["8.3", "2.1", "14.3"]  # late counts as one day; 14.3 has no date
    assert work.at["2.1", "points_per_day"] == pytest.approx(3 * 0.45 / 5)
    assert kla.work_order(kla.evidence_of(case, as_of=datetime.date(2026, 4, 14))).index[0] == "8.3"
    shown = tables.work_table(work, case)
    assert "1 tanpa tenggat" in shown.source
    assert ["lewat" in row[3] for row in shown.cells] == [True, False, False]


def test_actions_that_make_the_evidence_stand_by_points_per_rupiah(case):
    table = kla.evidence_of(case, as_of=DAY)
    work = kla.work_by_cost(table, case.instrument)
    catalogue = kla.load_catalogue("", case.instrument)
    answers = catalogue.answers.query("question_code in ['2.1', '8.3', '14.3']")
    assert set(work.index) == set(answers["action_code"])
    first = work.iloc[0]
    assert first["points_per_million"] == pytest.approx(first["at_risk_points"] / first["cost_likely"] * 1e6)
    assert work["points_per_million"].is_monotonic_decreasing
    assert "asumsi" in tables.work_cost_table(work, case).source
    # Rules that no catalogue was made for, and nothing at risk: the same columns without rows.
    nobody = replace(case.instrument, id="lain")
    for none in (kla.work_by_cost(table, nobody), kla.work_by_cost(table.iloc[:0], case.instrument)):
        assert none.empty
        assert list(none.columns) == list(work.columns)


def test_the_two_day_list_before_a_result_has_come(case):
    assert list(kla.two_day_list(case).index) == ["8.3", "2.1"]  # nothing is there to complete for 14.3


def test_a_sheet_without_evidence_gets_one_sentence():
    case = kla.open("63.10", 2022)
    table = kla.evidence_of(case)
    assert len(wording.state_in_words(table, case).paragraphs) == 1
    shown = [charts.evidence(table, case), tables.delivered_table(case)]
    assert len(tables.work_table(kla.work_order(table), case).paragraphs) == 1
    shown += [tables.state_table(kla.state_by(table, by), case) for by in ("responsible", "component_code")]
    assert [one.paragraphs for one in shown] == [()] * 4


def test_said_and_drawn(case):
    table = kla.evidence_of(case, as_of=DAY)
    said = repr(wording.state_in_words(table, case, as_of=DAY))
    assert "Keadaan 10 April 2026: dari 274 pertanyaan 273 terjawab, 3 berbukti, 1 lewat tenggat" in said
    chart = charts.evidence(table, case)
    assert chart.table.frame["risk"].sum() == pytest.approx(table["at_risk_points"].sum())
    require_readable(chart)


def deliver(data, own, unit, sent, answers):
    folder = data / "assessments" / AREA / "2026-self_assessment.deliveries"
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(f"{unit.kind}{unit.code}{sent}".encode()).hexdigest()
    one = Delivery(str(own.identity_of(unit)), "x.xlsx", name, sent, f"{sent}T08:00:00", "", answers)
    (folder / f"{name[:32]}.json").write_bytes(one.to_bytes())


def test_what_moved_since_the_last_meeting_and_by_whom(case, data):
    own = open_round(AREA, 2026)
    office = next(unit for unit in own.units if (unit.kind, unit.code) == (AGENCY, "Disdukcapil"))
    below = next(unit for unit in own.units if unit.kind == SUBDISTRICT)
    code = own.questions_of(office).index[0]
    deliver(data, own, office, "2026-03-01", {code: {"score": 0.5, "evidence_state": "promised"}})
    deliver(data, own, office, "2026-04-05", {code: {"score": 1.0, "evidence_state": "complete"}})
    deliver(data, own, below, "2026-04-06", {own.local[0]: {"score": 0.5}})
    add_decision(
        AREA, award_year=2026, decided_on="2026-04-02", what="Lengkapi akta", agency="Disdukcapil", due="2026-04-09"
    )
    add_decision(AREA, award_year=2026, decided_on="2026-04-10", what="Lanjut", agency="Disdukcapil", due="2026-04-20")
    since = last_meeting(case, as_of=DAY)
    assert since == "2026-04-02"  # that of today is this meeting
    found = kla.moved_since(case, since)
    assert set(found.index) == {code, own.local[0]}
    assert found.loc[code, ["score_before", "score_after"]].tolist() == [0.5, 1.0]
    assert (found.at[code, "state_before"], found.at[code, "state_after"]) == ("promised", "complete")
    assert "Disdukcapil" in found.at[code, "responsible"]
    assert "2 pertanyaan bergerak, bersama 1 poin" in repr(wording.moved_in_words(found, case, since))
    assert [row[0] for row in tables.delivered_table(case).cells if row[1] != "belum menyerahkan"]
    assert kla.moved_since(case, "2026-04-06").empty


def test_nothing_moved_is_nothing(case):
    same = kla.evidence_of(case, as_of=DAY).assign(score=1.0)
    assert moved(same, same).empty
