"""Positions: what is known of an area in a round, published and sheet kept apart."""

import dataclasses
import re

import pytest

import kla_analysis as kla
from kla_analysis.analysis.target import aim
from kla_analysis.instrument.bands import Span
from kla_analysis.showing import scorecard


def test_tanah_bumbu_2022_has_a_published_predicate_and_an_illustrative_sheet():
    position = kla.open_position("63.10", 2022)
    assert (position.published.predicate, position.published.span) == ("madya", Span(601, 700))
    assert not position.published.score_known
    assert position.span == Span(650.5, 650.5)
    assert position.illustrative


def test_tanah_bumbu_2023_is_only_a_predicate():
    position = kla.open_position("63.10", 2023)
    assert position.roll_up is None
    assert position.span == Span(601, 700)


def test_tanah_bumbu_2025_latest_stage_and_asked_stage():
    assert kla.open_position("63.10", 2025, stage="administrative_verification").span == Span(800.38, 800.38)
    assert kla.open_position("6310", 2025, stage="self_assessment").span == Span(961.86, 961.86)


def test_an_award_that_is_known_only_within_bounds_stays_a_range():
    # 2019: in the list of winners, without its predicate. 2025: not in the list of Nindya districts.
    awarded, at_most = (kla.open_position("63.10", year).published for year in (2019, 2025))
    assert (awarded.span, awarded.name, awarded.standing) == (Span(500, 1000), "predikat tidak disebut", "derived")
    assert (at_most.span, at_most.name, at_most.predicate) == (Span(0, 700), "paling tinggi Madya", None)


def test_the_goal_stays_open_in_the_round_of_2025():
    said = scorecard.headline(kla.open_position("63.10", 2025), "nindya").paragraphs
    assert "paling tinggi Madya" in said[0]
    assert "turunan" in said[0]
    assert (
        said[1] == "Tahap sebelumnya pada putaran yang sama: evaluasi mandiri 961,86, verifikasi administrasi 800,38."
    )
    assert said[2] == "Nindya belum tercapai pada 2025; target itu masih terbuka."
    assert said[3] == "Jarak ke Nindya dari fakta ini saja: antara 1 dan 701 poin."
    # A stage before the award does not say "reached" without the award that followed.
    verified = scorecard.headline(
        kla.open_position("63.10", 2025, stage="administrative_verification"), "nindya"
    ).paragraphs
    assert "Tahap sesudahnya pada putaran yang sama: hasil akhir paling tinggi Madya." in verified
    assert any("belum penghargaan" in paragraph for paragraph in verified)


def test_a_score_that_is_printed_as_a_distance_is_a_range():
    # Kota Bogor 2019: 10.07 points short of Nindya, whose bound is read as 700 or as 701.
    fact = kla.open_position("32.71", 2019).published
    assert (fact.span, fact.score_known, fact.name) == (Span(689.93, 690.93), False, "Madya")


def test_an_own_sheet_must_be_of_that_area_and_year(sheet):
    assert kla.open_position("63.10", 2022, assessment=sheet()).assessment.origin.standing == "unverified"
    with pytest.raises(kla.ParameterError, match="2022"):
        kla.open_position("63.10", 2023, assessment=sheet())


def test_nothing_known_says_what_there_is():
    with pytest.raises(kla.ParameterError, match="2019, 2022, 2023, 2025"):
        kla.open_position("63.10", 2021)
    with pytest.raises(kla.ParameterError, match="dengan assessment"):
        kla.open_position("11.01", 2022)


@pytest.mark.parametrize("wrong", ["Tanah Bumbu", "kab. tanah bumbu", "Tanah Bumbo"])
def test_an_area_by_name_is_suggested_not_assumed(wrong):
    with pytest.raises(kla.ParameterError, match=r"63\.10"):
        kla.open_position(wrong, 2022)


def test_codes_are_taken_in_any_case_and_never_as_numbers(instrument):
    assert kla.open("63.10", 2022, target="NINDYA", cluster="k2").target == "nindya"
    assert instrument.ladder.band("Nindya").lower == 701
    assert instrument.component("k2").name.startswith("Klaster II")
    for wrong in (
        lambda: kla.open(63.1, 2022),
        lambda: kla.find_area(63.1),
        lambda: instrument.question(14.1),
        lambda: instrument.ladder.band(701),
    ):
        with pytest.raises(kla.ParameterError, match="teks"):
            wrong()
    with pytest.raises(kla.ParameterError, match=re.escape("Mungkin maksud Anda “21A.7a”")):
        instrument.question("21A7a")


def test_a_wrong_name_is_answered_with_the_nearest():
    case = kla.open("63.10", 2022)
    with pytest.raises(AttributeError, match="“components”"):
        _ = case.component
    with pytest.raises(AttributeError, match="“open”"):
        _ = kla.opne
    with pytest.raises(kla.ParameterError, match="“retention”"):
        kla.open("63.10", 2022, retentoin=0.8)
    for wrong in (lambda: kla.charts.components(case, case), lambda: kla.charts.components(case.components, "63.10")):
        with pytest.raises(kla.ParameterError, match=r"components\(components, case\)"):
            wrong()
    with pytest.raises(kla.ParameterError, match=r"case\.questions"):
        kla.charts.pareto(case.agencies, case)


def test_what_is_aimed_for_is_the_next_band_and_at_the_top_the_top(instrument):
    case = kla.open_position("63.10", 2022)
    for given, wanted in ((case.span.low, "nindya"), (701, "utama"), (950, "kla")):
        total = Span(given, given)
        assert (
            aim(dataclasses.replace(case, published=None, roll_up=dataclasses.replace(case.roll_up, total=total)))
            == wanted
        )
    # What was settled when the case was opened stays, until another is asked for.
    settled = kla.open("63.10", 2022, target="utama")
    assert (aim(settled), aim(settled, "nindya")) == ("utama", "nindya")


def test_what_is_not_there_is_a_table_without_rows(instrument):
    only_award, case = kla.open("63.10", 2023), kla.open("63.10", 2022)
    assert case.repairs.columns.tolist() == ["action", "sheet", "cell", "old", "new", "reason", "advice"]
    for empty in (case.repairs, only_award.repairs, kla.beside(case, None), kla.beside(case, only_award)):
        assert empty.empty
    for level in ("question", "indicator", "component"):
        full = kla.beside(case, case, level).columns
        assert kla.beside(only_award, case, level).columns.tolist() == full.tolist()


def test_a_number_is_taken_apart_where_a_question_loses_most(instrument, tmp_path):
    case = kla.open("63.10", 2022)
    assert case.questions["lost_points"].idxmax() == "7.2"
    assert case.indicators["lost_points"].idxmax() == "1"
    assert kla.made_of(case)["code"].iloc[0] == "7"
    # A sheet of indicators has no questions: the indicator that loses most.
    sheet = tmp_path / "indikator.csv"
    rows = case.indicators["low"].round(2).rename("score").rename_axis("indicator_code").reset_index()
    rows.assign(area_code="63.10", award_year=2022, stage="final").to_csv(sheet, index=False)
    assert kla.made_of(kla.open("63.10", 2022, assessment=sheet))["code"].iloc[0] == "1"


def test_chances_of_totals_stand_in_classes_of_ten_up_to_the_top():
    totals = kla.award_totals(kla.open("63.10", 2022))
    assert (totals["high"] - totals["low"]).eq(10).all()
    assert totals["high"].iloc[-1] == 1000
    assert totals["chance"].sum() == pytest.approx(1, abs=0.01)


def test_a_table_of_a_case_is_the_readers_own():
    case = kla.open("63.10", 2022)
    mine = case.components
    mine["share"] = 0
    assert (case.components["share"] > 0).all()
    assert list(case.questions.columns[:2]) == ["name", "component_code"]
    for table in ("questions", "indicators", "components", "agencies"):
        assert not getattr(case, table).empty
        assert getattr(kla.open("33.14", 2022), table).empty  # only its predicate is published


def test_losses_add_up_over_every_table(blanked):
    case = kla.open("63.10", 2022, assessment=str(blanked()))
    for table in (case.components, case.indicators):
        assert (table["low"] + table["unknown_points"] + table["lost_points"]).sum() == pytest.approx(1000)
    assert case.agencies["shared_points"].sum() == pytest.approx(case.components["lost_points"].sum())
    assert case.components["low"].sum() == pytest.approx(case.totals.at["sheet", "low"])
