"""Which award a score becomes, in words, tables and charts: stages respected, no false precision."""

import re

import pytest

import kla_analysis as kla
from kla_analysis import charts, tables, wording
from kla_analysis.evidence.cases import load_cases
from kla_analysis.language import chance, language, number


@pytest.fixture(scope="module")
def claimed():
    return kla.open_position("63.10", 2025, stage="self_assessment")


@pytest.fixture(scope="module")
def sheet_position():
    return kla.open_position("63.10", 2022)


def test_a_self_assessed_score_may_still_change(claimed):
    said = repr(wording.outlook_in_words(claimed, "nindya"))
    told = kla.outlook(claimed)
    assert "bukan penghargaan: sesudahnya nilai masih dapat berubah" in said
    assert f"antara {number(told.interval.low, decimals=0)} dan {number(told.interval.high, decimals=0)}" in said
    assert "73%" in said  # the break-even: 701 / 961.86


def test_so_may_one_verified_by_the_province():
    verified = kla.open_position("63.10", 2025, stage="administrative_verification")
    said = repr(wording.outlook_in_words(verified, "nindya"))
    assert "sesudahnya nilai masih dapat berubah" in said
    assert 0.3 < kla.outlook(verified).probability_at_least("nindya") < 0.8
    assert "Sampai verifikasi" not in repr(
        tables.steps_table(kla.kept_by_step(verified), verified).cells
    )  # one step is left
    assert len(tables.steps_table(kla.kept_by_step(verified), verified).cells) == 1


def test_a_final_score_will_not_and_the_next_round_is_asked(sheet_position):
    assert "diperlakukan sebagai hasil akhir" in repr(wording.outlook_in_words(sheet_position, "nindya"))
    told = kla.outlook(sheet_position)
    # Madya in 2022, so the next round starts from Madya and is verified by the province.
    assert (told.stage, told.previous, told.verifier) == ("self_assessment", "madya", "province")


def test_predicates_are_named_in_the_language_in_force():
    kla.outlook(kla.open_position("63.10", 2022))  # what was learnt is kept, and the names with it
    with language("en"):
        said = repr(wording.outlook_in_words(kla.open_position("63.10", 2022), "nindya"))
    assert "No award" in said
    assert "Belum" not in said


def test_what_is_out_of_reach_is_said_once(sheet_position):
    said = repr(wording.outlook_in_words(sheet_position, "nindya"))
    assert said.count("lembar penuh pun belum cukup") == 1
    assert "Peluang 50% untuk Nindya tidak tercapai" in said


def test_its_own_case_is_left_out_of_the_forecast(claimed):
    said = repr(wording.own_cases_in_words(kla.forecast_check(claimed), claimed))
    assert "Tanpa melihat kasus ini" in said
    assert "800,38" in said
    cases = len(kla.learn(claimed.instrument).cases)
    assert f"{cases - 1} kasus" in tables.predicate_table(kla.award_chances(claimed), claimed).source


def test_the_former_award_is_shown_beside(claimed):
    assert "Penghargaan sebelumnya Madya" in repr(wording.former_in_words(claimed, "nindya"))
    table = tables.predicate_table(kla.award_chances(claimed), claimed).frame
    assert table["chance"].sum() == pytest.approx(1)
    assert table["without"].sum() == pytest.approx(1)
    assert not table["chance"].equals(table["without"])


def test_probabilities_are_not_more_precise_than_they_can_be():
    assert [chance(p) for p in (0, 0.004, 0.546, 0.996, 1)] == ["0%", "<1%", "55%", ">99%", "100%"]


def test_predictions_are_whole_points(claimed):
    alt = charts.award_total(kla.award_totals(claimed), claimed, "nindya").alt
    assert re.search(r"tengah \d{3}, 80% peluang antara \d{3} dan \d{3}\.", alt)


def test_how_good_it_is_is_shown(claimed):
    checked = kla.forecast_check(claimed)
    assert re.search(r"rentang 80% memuat hasilnya pada [78]\d%", repr(wording.calibration_in_words(checked, claimed)))
    assert (
        len(tables.calibration_table(kla.summarise(checked), kla.coverage(checked), claimed).cells) == 16
    )  # four answers, two starts, two ways of leaving out
    assert charts.said_and_came(kla.reliability(checked, claimed.instrument), claimed).table is not None


def test_cases_can_be_filtered(claimed):
    cases = kla.learn(claimed.instrument).cases
    shown = tables.cases_table(cases.query("award_year == 2025"), claimed)
    own = next(row for row in shown.cells if row[0] == "Kab. Tanah Bumbu")
    assert own[3:] == ["961,86", "800,38", "83%", "paling tinggi Madya", "di bawah 88%"]
    assert len(shown.cells) < len(cases)


def test_the_assumption_is_named(sheet_position):
    assert "(asumsi)" in repr(wording.sensitivity_in_words(kla.what_decides(sheet_position, "nindya"), sheet_position))
    assert (
        tables.sensitivity_table(kla.what_decides(sheet_position, "nindya"), sheet_position, "nindya").badge
        == "ILUSTRATIF"
    )


def test_small_numbers_are_shown_as_small_numbers(sheet_position):
    pairs = kla.published_pairs(until=2022)
    assert "peralihan dari Madya pada 6 daerah" in repr(
        wording.transitions_in_words(kla.moves(pairs, sheet_position.ladder), sheet_position)
    )
    for row in tables.transition_table(kla.transitions(pairs, sheet_position.ladder), sheet_position).cells:
        assert "–" in row[-1]


def test_an_area_without_published_results_is_said():
    position = kla.open_position("reference", 2024)
    standing = kla.province_standing(kla.load_history(), position.area.province, position.ladder)
    assert "tidak ada di antara" in repr(wording.province_in_words(standing, position))
    assert charts.province(standing, position).png()


def test_where_only_a_predicate_is_known_nothing_is_forecast():
    position = kla.open_position("63.10", 2023)
    for shown in (
        wording.outlook_in_words(position, "nindya"),
        tables.predicate_table(kla.award_chances(position), position),
        charts.award_total(kla.award_totals(position), position, "nindya"),
        tables.steps_table(kla.kept_by_step(position), position),
    ):
        assert "hanya predikatnya" in repr(shown)


def test_an_own_share_is_used_and_named():
    position = kla.open("63.10", 2025, stage="self_assessment", retention=0.75)
    # 961.86 · 0.75 = 721.4
    assert "721" in repr(wording.outlook_in_words(position, "nindya"))
    assert "asumsi pengguna" in tables.predicate_table(kla.award_chances(position), position).source


def test_the_headline_of_a_claim_says_what_it_is_worth(claimed):
    middle = number(kla.outlook(claimed).median, decimals=0)
    assert f"Pada penghargaan nilai 961,86 kira-kira menjadi {middle}, dengan peluang 80%" in repr(
        wording.headline(claimed, "nindya")
    )


def test_who_verified_is_named_where_the_source_or_the_year_tells_and_nowhere_else(claimed):
    cases = load_cases(claimed.ladder)
    shown = tables.cases_table(cases, claimed).frame
    told = cases["verified_by"].notna()
    by_year = cases["award_year"].map(lambda year: claimed.instrument.verifier_of(year) is not None)
    assert (~told & by_year).any()
    assert (~told & ~by_year).any()
    assert (shown["who"] == "–").tolist() == (~told & ~by_year).tolist()
