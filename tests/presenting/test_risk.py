"""What a claimed score is worth, in words, tables and charts: stages respected, no false precision."""

import re

import pytest

import kla_analysis as kla
from kla_analysis import risk_charts, tables, wording
from kla_analysis.language import chance


@pytest.fixture(scope="module")
def claimed():
    return kla.open_position("63.10", 2025, stage="self_assessment")


@pytest.fixture(scope="module")
def sheet_position():
    return kla.open_position("63.10", 2022)


def test_a_self_assessed_score_will_still_be_cut(claimed):
    said = repr(wording.verification_in_words(claimed, "nindya"))
    assert "masih akan memotongnya" in said
    assert "501" in said
    assert "854" in said
    assert "73%" in said  # the break-even: 701 / 961.86


def test_a_final_score_will_not(sheet_position):
    assert "tidak dipotong lagi" in repr(wording.verification_in_words(sheet_position, "nindya"))


def test_its_own_pair_is_left_out_of_the_prediction(claimed):
    said = repr(wording.own_pair_in_words(claimed))
    assert "tanpa melihat pasangan ini" in said
    assert "800,38" in said
    assert "10 pasangan" in tables.predicate_table(claimed).source


def test_probabilities_are_not_more_precise_than_they_can_be():
    assert [chance(p) for p in (0, 0.004, 0.546, 0.996, 1)] == ["0%", "<1%", "55%", ">99%", "100%"]


def test_predictions_are_whole_points(claimed):
    alt = risk_charts.verified_total(claimed, "nindya").alt
    assert re.search(r"tengah 718, 80% peluang antara 501 dan 854", alt)


def test_coverage_is_shown():
    assert "9 dari 11" in repr(wording.coverage_in_words())
    assert len(tables.leave_one_out_table().cells) == 11


def test_the_assumption_is_named(sheet_position):
    assert "(asumsi)" in repr(wording.sensitivity_in_words(sheet_position, "nindya"))
    assert tables.sensitivity_table(sheet_position, "nindya").badge == "ILUSTRATIF"


def test_small_numbers_are_shown_as_small_numbers(sheet_position):
    assert "Dari 7 daerah" in repr(wording.transitions_in_words(sheet_position))
    for row in tables.transition_table(sheet_position).cells:
        assert "–" in row[-1]


def test_an_area_without_published_results_is_said():
    position = kla.open_position("reference", 2024)
    assert "tidak ada di antara" in repr(wording.province_in_words(position))
    assert risk_charts.province(position).png()


def test_where_only_a_predicate_is_known_nothing_is_forecast():
    position = kla.open_position("63.10", 2023)
    for shown in (wording.verification_in_words(position, "nindya"), tables.predicate_table(position),
                  risk_charts.verified_total(position, "nindya"), risk_charts.fan(position)):  # fmt: skip
        assert "hanya predikatnya" in repr(shown)


def test_an_own_share_is_used_and_named():
    position = kla.begin(year=2025, stage="self_assessment", retention=0.75)
    # 961.86 · 0.75 = 721.4
    assert "721" in repr(wording.verification_in_words(position, "nindya"))
    assert "asumsi pengguna" in tables.predicate_table(position).source


def test_the_headline_of_a_claim_says_what_it_is_worth(claimed):
    assert "kira-kira menjadi 718 sesudah verifikasi" in repr(wording.headline(claimed, "nindya"))
