"""What nobody has answered is shown as unanswered: never as nothing, never as lost, never as cheap to win."""

import dataclasses

import numpy as np
import pytest
from conftest import UNANSWERED

import kla_analysis as kla
from kla_analysis import charts, tables, wording
from kla_analysis.analysis.scoring import totals_of
from kla_analysis.analysis.weakness import Selection
from kla_analysis.app import explorer as explore
from kla_analysis.app import planner
from kla_analysis.instrument.bands import Span
from kla_analysis.language import number
from kla_analysis.planning.actions import load_catalogue
from kla_analysis.planning.model import Model
from kla_analysis.planning.scenario import Scenario
from kla_analysis.report import build, manifest, results
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.showing import board, figure, meeting, plan, summary
from kla_analysis.showing.table import Table
from kla_analysis.showing.text import Text

#: The indicators of which nothing is answered.
EMPTY = ("7", "9", "21B")


@pytest.fixture
def gaps(blanked):
    return kla.open_position("63.10", 2022, assessment=blanked())


@pytest.fixture
def zeros(blanked):
    return kla.open_position("63.10", 2022, assessment=blanked(by="0"))


def picked(position, chosen):
    return explore.selection_chart(explore.parts(position, chosen), position, chosen)


def all_tables(position):
    other, rolled = kla.open_position("reference", 2024), position.roll_up
    found = [
        tables.component_table(position.components, position),
        tables.indicator_table(position.indicators, position),
        tables.agency_table(position.agencies, position),
    ]
    found += [tables.question_table(position.questions, position), tables.selected_table(position.questions, position)]
    gap = position.ladder.points_to("nindya", position.span)
    found += [tables.set_questions_table(kla.smallest_set(position.questions, gap.high).questions, position)]
    found += [tables.closing_set_table(kla.closing_sets(position, "nindya"), position, "nindya")]
    found += [
        tables.difference_table(kla.beside(position, other, level), position, other)
        for level in ("component", "indicator", "question")
    ]
    found += [tables.trace_table(kla.made_of(position, code), position) for code in (*EMPTY, *rolled.unanswered)]
    drawn = (
        charts.components(position.components, position),
        charts.indicator_heatmap(position.indicators, position),
        charts.indicator_heatmap(position.indicators.query("component_code == 'K2'"), position),
    )
    found += [chart.table for chart in (*drawn, *(picked(position, Selection(i)) for i in ("K2", "K5")))]
    found += [picked(position, Selection(indicator=code)).table for code in EMPTY]
    for sheet in meeting.meeting_sheets(position).parts:
        found += [part for part in sheet.parts if isinstance(part, Table)]
    return found


def rows_of_unanswered(table, position):
    instrument = position.instrument
    names = {instrument.questions.at[code, "name"] for code in UNANSWERED}
    names |= {instrument.indicators.at[code, "name"] for code in EMPTY}
    codes = {*UNANSWERED, *EMPTY}
    heads = [column.key for column in table.columns]
    for row in table.cells:
        cells = dict(zip(heads, row, strict=True))
        name = cells.get("name", "").removeprefix(" · ")
        code = cells.get("code") or cells.get("question_code") or cells.get("indicator_code")
        if code in codes if code else name in names:
            cells.pop("before", None)  # what another area answered
            yield list(cells.values())


def test_no_table_shows_a_nought_for_them(gaps, zeros):
    shown = 0
    for table in all_tables(gaps):
        for row in rows_of_unanswered(table, gaps):
            shown += 1
            assert not {"0", "0%", "0,00"} & set(row), (table.caption, row)
    assert shown > 60
    # The same sheet with noughts says nought.
    assert any("0" in row for table in all_tables(zeros) for row in rows_of_unanswered(table, zeros))


def test_no_picture_counts_them_as_lost(gaps):
    bars = charts.components(gaps.components, gaps).figure.axes[0].patches
    unknown = sum(bar.get_width() for bar in bars if bar.get_hatch() == "....")
    lost = sum(bar.get_width() for bar in bars if bar.get_hatch() == "////")
    assert (unknown, lost) == (pytest.approx(gaps.unknown_points), pytest.approx(1000 - gaps.span.high))
    alt = charts.indicator_heatmap(gaps.indicators, gaps).alt
    assert "Belum dijawab: 7, 9, 21B." in alt
    assert " 0%" not in alt
    assert picked(gaps, Selection(indicator="7")).title.endswith("belum dijawab")


def test_no_ranking_names_them(gaps, zeros):
    def ranked(position):
        said = [row["code"] for row in results.results_of(ReportParameters(), position, {})["weak_questions"]]
        return set(said) | set(kla.smallest_set(position.questions, 112.58).questions.index)

    assert not ranked(gaps) & set(UNANSWERED)
    assert ranked(zeros) & set(UNANSWERED)


def test_no_action_is_funded_for_what_is_unknown(gaps, zeros, instrument):
    catalogue = load_catalogue("contoh", instrument)
    mine = set(catalogue.answers["question_code"]) & set(UNANSWERED)
    assert mine  # the catalogue does offer to raise some of them
    column = instrument.questions.index.get_indexer(sorted(mine))
    assert Model(gaps.roll_up, catalogue).gains[:, column].sum() == 0
    assert Model(zeros.roll_up, catalogue).gains[:, column].sum() > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_holds_whatever_the_missing_answers_are(gaps, instrument, seed):
    """Fill the gaps at random: the plan's total is never less than promised, and never more than the other end."""
    answer = kla.simulate(gaps, target="nindya")
    random, rolled, maxima = np.random.default_rng(seed), gaps.roll_up, instrument.questions["max_points"]
    filled = gaps.assessment.scores.fillna(maxima * random.random(len(maxima)).round(2)).to_numpy(copy=True)
    answers = load_catalogue("contoh", instrument).answers
    for row in answers[answers["action_code"].isin(answer.plan.actions)].itertuples():
        at = instrument.questions.index.get_loc(row.question_code)
        filled[at] = max(filled[at], row.raised_to * maxima.iloc[at])
    total = totals_of(filled[None, :], instrument)["total"][0]
    assert total >= answer.plan.total - 1e-6
    best = Model(rolled.at_best, answer.model.catalogue)
    assert total <= best.total(best.indices(answer.plan.actions)) + 1e-6


def test_plan_and_forecast_give_both_ends(gaps):
    answer = kla.simulate(gaps, target="nindya")
    record = answer.record()
    assert record["unknown_points"] == gaps.unknown_points
    assert record["at_best"]["cost"] < record["cost"]
    assert f"{number(gaps.unknown_points)} poin belum diketahui" in repr(plan.plan_in_words(answer))
    said = repr(wording.outlook_in_words(gaps, "nindya"))
    assert "Bila ternyata penuh, nilai 705,67" in said
    change = dict(
        zip(
            *plan.component_change_table(answer.components, answer).frame[["component_code", "before"]].to_numpy().T,
            strict=True,
        )
    )
    assert change["K2"] == gaps.roll_up.components.at["K2", "low"]
    exact = kla.simulate(kla.open_position("63.10", 2022), target="nindya").record()
    assert (exact["unknown_points"], exact["at_best"]) == (0, None)


def test_who_fills_them_in_is_decided_first(gaps, zeros, instrument):
    first = summary.decisions(gaps, None)[0].what
    assert first.startswith("Siapa yang mengisi 15 pertanyaan yang belum dijawab")
    for code in [code for code in instrument.questions.index if code in UNANSWERED][:5]:
        owner = instrument.questions.at[code, "agencies"].split(";")[0]
        assert f"{code} ({owner}" in first
    assert first.endswith("10 lainnya, di bab Mutu data.")
    assert not [one for one in summary.decisions(zeros, None) if "mengisi" in one.what]
    assert "117,25 poin belum diketahui" in summary.key_figures(gaps, "nindya", None)[1][2]
    sheet = meeting.meeting_sheets(gaps, "K2").parts[0]
    assert "8 pertanyaan belum dijawab: 59 poin belum diketahui" in repr(sheet.parts[0])
    assert sorted(row[0] for row in sheet.parts[1].cells) == ["7.1", "7.2", "7.3", "8.3", "9.1", "9.2", "9.3", "9.4"]


def test_the_list_of_reports_says_how_much_is_unknown(gaps, zeros):
    figures = build.figures(gaps, None)
    assert manifest.total_in_words(figures) == "588,42–705,67"
    assert manifest.predicate_in_words(figures) == "Pratama sampai Nindya"
    assert manifest.doubts_in_words(figures) == ["15 jawaban kosong: 117,25 poin belum diketahui."]
    exact = build.figures(zeros, None)
    assert (manifest.total_in_words(exact), manifest.doubts_in_words(exact)) == ("588,42", [])
    assert manifest.total_in_words({}) == "–"  # of a report that was made before this was known


def test_the_explorer_offers_them_as_unanswered(gaps):
    explorer = explore.explore(gaps)
    explorer.indicator.value = "7"
    assert all("(belum dijawab)" in label for label, _ in explorer.question.options)
    assert "Belum dijawab: paling banyak" in explorer.detail.value
    assert "0 dari" not in explorer.headline.value
    # Who owes an answer can be picked, although nothing of theirs is known to be lost.
    owing = {name for names in gaps.questions.loc[list(UNANSWERED), "owners"] for name in names}
    assert owing <= set(dict(explorer.agency.options))


def test_a_component_that_nobody_has_answered(blanked, instrument):
    codes = instrument.questions.index[instrument.questions["component_code"] == "K4"]
    position = kla.open_position("63.10", 2022, assessment=blanked(codes))
    (row,) = [
        row for row in tables.component_table(position.components, position).cells if row[0].startswith("Klaster IV")
    ]
    assert row[1:] == ["belum dijawab", "110", "–", "–", "110"]
    answer = kla.simulate(position, target="nindya")
    (row,) = [row for row in plan.component_change_table(answer.components, answer).cells if row[0] == "K4"]
    assert row[3:] == ["belum dijawab", "belum dijawab", "–"]
    (row,) = [
        row
        for row in tables.weight_flip_table(kla.weight_flips(position), position).cells
        if row[0].startswith("Klaster IV")
    ]
    assert row[1:] == ["belum dijawab", "–", "–"]
    assert "Belum ada satu jawaban pun" in repr(meeting.meeting_sheets(position, "K4").parts[0].parts[0])


def test_a_sheet_without_one_answer_still_makes_every_sentence(blanked, instrument):
    position = kla.open_position("63.10", 2022, assessment=blanked(instrument.questions.index))
    ranked = position.indicators.assign(cumulative_share=0.0)
    for said in (
        wording.components_in_words(position.components, position),
        wording.losses_in_words(ranked, position),
        wording.agencies_in_words(position.agencies, position),
    ):
        assert "Tidak ada poin yang hilang" in repr(said)
    assert charts.components(position.components, position).title == "Tidak ada poin yang hilang"
    assert "269 lainnya" in summary.decisions(position, None)[0].what
    assert charts.indicator_heatmap(position.indicators, position).png()


def test_printed_sums_of_another_predicate_are_said(reference, instrument):
    def position(level, shift):
        printed = reference.printed.copy()
        rows = printed["level"] == level
        printed.loc[printed.index[rows][0], "printed_score"] += shift
        sheet = dataclasses.replace(reference, printed=printed)
        return dataclasses.replace(kla.open_position("reference", 2024), assessment=sheet)

    # 771.81 by its answers, Nindya like all that it prints: 770.36, 770.36 and 765.46.
    assert position("total", 0).contradictions == {}
    assert position("total", 30.63).contradictions == {}  # 800.99: not yet Utama
    assert position("total", 30.64).contradictions == {"total": 801}
    assert position("component", 30.64).contradictions == {"component": 801}
    assert position("indicator", -64.47).contradictions == {"indicator": 700.99}
    wrong = position("total", 30.64)
    said = "total tercetak 801 (Utama); menurut jawabannya 771,81 (Nindya)"
    assert said in repr(wording.remarks(wrong))
    assert said in repr(summary.standing_in_words(wrong, "utama"))
    assert manifest.doubts_in_words(build.figures(wrong, None)) == [
        "Angka tercetak dan jawabannya memberi predikat berbeda."
    ]
    # Where answers are missing, a printed sum between both ends contradicts nothing.
    found = kla.audit(wrong.assessment, instrument)
    assert found.contradicting(Span(771.81, 800.99), instrument.ladder) == {"total": 801}
    assert found.contradicting(Span(771.81, 801), instrument.ladder) == {}


def test_a_condition_that_nobody_has_answered_is_unanswered(gaps):
    said = repr(wording.conditions_in_words(kla.load_statements(gaps.instrument), gaps))
    assert "pertanyaan 1.1 belum dijawab" in said
    assert "bernilai 0" not in said


def test_the_budget_app_says_what_it_does_not_count(gaps):
    app = planner.try_out(gaps, Scenario(), "nindya")
    assert "117,25 poin belum dijawab, jadi tidak dihitung." in app.headline.value


def test_what_decides_and_what_flips_say_that_they_count_on_no_missing_answer(gaps, zeros):
    def shown(position):
        decides, flips = kla.what_decides(position, "nindya"), kla.answer_flips(position)
        parts = [wording.sensitivity_in_words(decides, position), wording.flips_in_words(flips, position)]
        parts.append(tables.sensitivity_table(decides, position, "nindya"))
        parts.append(tables.weight_flip_table(kla.weight_flips(position), position))
        parts.append(tables.answer_flip_table(flips, position))
        return [part.source if isinstance(part, Table) else repr(part) for part in parts if part != Text(())]

    words = "Itu bila yang belum dijawab tidak bernilai."
    assert all(words in said for said in shown(gaps))
    assert not any(words in said for said in shown(zeros))
    drawn = [
        " ".join(text.get_text().split())
        for text in charts.tornado(kla.component_swings(gaps), gaps, "nindya").figure.texts
    ]
    assert any(words in text for text in drawn)


def test_the_plan_draws_them_unlike_what_is_lost(gaps, zeros):
    def bars(position):
        (ax,) = (ax for ax in drawn(position).figure.axes if ax.get_label() == "components")
        return {bar.get_hatch(): 0 for bar in ax.patches if bar.get_width() > 0}.keys(), sum(
            bar.get_width() for bar in ax.patches if bar.get_hatch() == figure.UNKNOWN["hatch"]
        )

    def drawn(position):
        return board.board(plan.plan_for(position, Scenario(goal="points", budget="200 juta"), "nindya"))

    kinds, points = bars(gaps)
    assert kinds == {figure.LOST["hatch"], figure.UNKNOWN["hatch"]}
    assert points == pytest.approx(gaps.unknown_points)
    assert bars(zeros) == ({figure.LOST["hatch"]}, 0)
