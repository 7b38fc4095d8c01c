"""Charts: the finding in the title, the data in the alt text, nothing cut off or overprinted, readable colours."""

import dataclasses
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import pytest
from conftest import blank
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text as Written
from matplotlib.textpath import text_to_path

import kla_analysis as kla
from kla_analysis import charts
from kla_analysis.evidence.areas import Area
from kla_analysis.language import number
from kla_analysis.showing import records
from kla_analysis.showing.figure import text_width
from kla_analysis.showing.text import Text


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize(
    "text", ["", "A", "AVATAR, Yogyakarta", "Rp950 juta – 43,5 %", "T. Wahyudi (PUSPAGA)", "☺ ﬁ Ωé"]
)
def test_a_line_is_as_wide_as_the_library_says(text, weight):
    font = FontProperties(family="DejaVu Sans", size=10.5, weight=weight)
    wide = text_to_path.get_text_width_height_descent(text, font, False)[0] / 72
    assert text_width(text, 10.5, weight) == pytest.approx(wide * 1.04)


def pareto(case, table):
    ranked = table.sort_values("lost_points", ascending=False, kind="stable")
    return charts.pareto(ranked.assign(cumulative_share=ranked["share_of_loss"].cumsum()), case)


def waterfall(case, target):
    gap = case.ladder.points_to(target, case.span)
    return charts.waterfall(kla.smallest_set(case.questions, gap.high).questions, case, target)


def kept_shares(case):
    cases = kla.load_cases(case.ladder).dropna(subset=["self_assessment_low", "administrative_verification_low"])
    kept = cases["administrative_verification_low"] / cases["self_assessment_low"]
    return charts.kept_shares(cases.assign(kept=kept), case)


def said_and_came(case):
    return charts.said_and_came(kla.reliability(kla.forecast_check(case), case.instrument), case)


def province(case):
    return charts.province(kla.province_standing(kla.load_history(), case.area.province, case.ladder), case)


def flow(case):
    pairs = kla.published_pairs(until=case.award_year)
    return charts.flow(kla.transitions(pairs, case.ladder), case, pairs)


DRAW = {
    "ladder": lambda case: charts.ladder(case.totals, case, "nindya"),
    "components": lambda case: charts.components(case.components, case),
    "indicator_heatmap": lambda case: charts.indicator_heatmap(case.indicators, case),
    "one_component": lambda case: charts.indicator_heatmap(case.indicators.query("component_code == 'K5'"), case),
    "pareto": lambda case: pareto(case, case.indicators),
    "agencies": lambda case: charts.agencies(case.agencies, case),
    "waterfall": lambda case: waterfall(case, "nindya"),
    "history": lambda case: charts.history(case.history, case),
    "award_total": lambda case: charts.award_total(kla.award_totals(case), case, "nindya"),
    "kept_shares": kept_shares,
    "said_and_came": said_and_came,
    "tornado": lambda case: charts.tornado(kla.component_swings(case), case, "nindya"),
    "province": province,
    "flow": flow,
    "moves": lambda case: charts.moves(kla.moves(kla.published_pairs(until=case.award_year), case.ladder), case),
}
POSITIONS = {
    "tanah-bumbu": lambda: kla.open_position("63.10", 2022),
    "only a predicate": lambda: kla.open_position("63.10", 2023),
    "reference": lambda: kla.open_position("reference", 2024),
    "two scores a year": lambda: kla.open_position("33.14", 2022),
    "many years": lambda: kla.open_position("33.11", 2019),
    "no award": lambda: kla.open_position("32.78", 2025),
    "unanswered": lambda: kla.open_position("63.10", 2022, assessment=blank(Path(tempfile.mkdtemp()) / "kosong.csv")),
    "bounds only": lambda: kla.open_position("63.10", 2025),
}


@pytest.fixture(scope="module", params=POSITIONS)
def position(request):
    return POSITIONS[request.param]()


@pytest.fixture(scope="module")
def bumbu():
    return POSITIONS["tanah-bumbu"]()


@pytest.fixture(params=DRAW)
def draw(request):
    return DRAW[request.param]


def require_readable(chart):
    """Every text lies inside the picture, is at least 9 points high, and touches no other text."""
    canvas = FigureCanvasAgg(chart.figure)
    canvas.draw()
    renderer, picture = canvas.get_renderer(), chart.figure.bbox
    texts = [text for text in chart.figure.findobj(Written) if text.get_visible() and text.get_text().strip()]
    boxes = [(text.get_text(), Written.get_window_extent(text, renderer)) for text in texts]
    for text in texts:
        assert text.get_fontsize() >= 9, text.get_text()
    for name, box in boxes:
        assert box.x0 >= picture.x0 - 1, name
        assert box.x1 <= picture.x1 + 1, name
        assert box.y0 >= picture.y0 - 1, name
        assert box.y1 <= picture.y1 + 1, name
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
        assert apart, f"{one!r} on {other!r}"


def test_every_chart_is_readable(position, draw):
    chart = draw(position)
    if isinstance(chart, Text):  # no sheet: said in words
        assert position.roll_up is None
        return
    assert chart.png().startswith(b"\x89PNG")
    assert 20 < len(chart.alt) < 600
    require_readable(chart)
    require_readable(chart.narrow())


def test_the_same_data_give_the_same_bytes_whatever_the_notebook_has_set(bumbu, draw):
    before = dict(matplotlib.rcParams)
    first = draw(bumbu).png()
    assert dict(matplotlib.rcParams) == before
    theme = {"font.family": ["serif"], "axes.grid": True, "hatch.linewidth": 4, "savefig.transparent": True}
    with matplotlib.rc_context(theme):
        assert draw(bumbu).png() == first


@pytest.mark.parametrize(
    ("name", "title", "alt"),
    [
        ("ladder", "50,5 poin lagi ke Nindya menurut lembar ilustratif", "Madya 650,5"),
        ("ladder", "Tanah Bumbu", "antara 1 dan 100 poin"),  # the published fact beside the illustration
        ("components", "76,91 dari 156 poin", "79,09 dari 156"),
        ("indicator_heatmap", "22A, 34%", "22A 34%"),
        ("one_component", "22A, 34%", "9 indikator"),
        ("pareto", "7 dari 31 indikator memuat separuh dari 349,5 poin", "34,94"),
        ("agencies", "Dinas PPPA", "168,16 (77,11)"),
        ("waterfall", "6 pertanyaan di 5 komponen", "Sesudahnya 707,38"),
        ("history", "paling tinggi Madya pada 2025", "verifikasi administrasi 800,38"),
    ],
)
def test_finding_in_the_title_and_data_in_the_alt_text(bumbu, name, title, alt):
    chart = DRAW[name](bumbu)
    assert title in chart.title
    assert alt in chart.alt
    data, about = chart._repr_mimebundle_()
    shown = {"alt": chart.alt, "title": chart.title, "width": 640}
    assert about["image/png"] == shown
    record = data[records.BLOCK_TYPE]
    assert {**record, "id": ""} == {
        "kind": "figure",
        "id": "",
        "title": chart.title,
        "alt": chart.alt,
        "source": chart.source,
        "table": chart.table.record(),
    }
    assert data["text/plain"] == chart.alt


def test_the_picture_keeps_its_source_and_its_standing(bumbu):
    def written(chart):
        return [" ".join(text.get_text().split()) for text in chart.figure.texts]

    illustrative, real = (DRAW["components"](case) for case in (bumbu, POSITIONS["reference"]()))
    assert "ILUSTRATIF" in written(illustrative)
    assert "ILUSTRATIF" not in written(real)
    assert illustrative.source in written(illustrative)
    assert "asumsi" in illustrative.source
    assert "ILUSTRATIF" not in written(DRAW["history"](bumbu))  # made of published results only
    assert "tanahbumbu.com" in DRAW["history"](bumbu).source


@pytest.mark.parametrize("score", [940, 961.86, 975, 999.5, 1000])
def test_no_number_of_the_history_runs_out_of_its_picture(score):
    position = POSITIONS["bounds only"]()
    history = position.history.copy()
    history.loc[history["stage"] == "self_assessment", "score"] = score
    figure = charts.history(history, position).figure
    drawer = FigureCanvasAgg(figure).get_renderer()
    (ax,) = figure.axes
    (text,) = (text for text in ax.texts if text.get_text() == number(score))
    inside, box = ax.get_window_extent(drawer), text.get_window_extent(drawer)
    assert inside.y0 <= box.y0 < box.y1 <= inside.y1
    others = [other.get_window_extent(drawer) for other in ax.texts if other is not text]
    assert not any(box.overlaps(other) for other in others)


def test_a_predicate_alone_gives_a_range():
    chart = DRAW["ladder"](POSITIONS["only a predicate"]())
    assert "antara 1 dan 100 poin lagi ke Nindya" in chart.title
    assert "Madya 601–700" in chart.alt


def test_names_are_never_read_as_formulas_and_long_ones_wrap(bumbu, draw):
    name = r"$x^2$ <b>$\frac$ _% " + "Sangat" * 20
    tables = {
        level: getattr(bumbu.roll_up, level).assign(name=name) for level in ("questions", "indicators", "components")
    }
    roll_up = dataclasses.replace(bumbu.roll_up, **tables)
    chart = draw(dataclasses.replace(bumbu, area=Area("63.10", name, "kabupaten", ""), roll_up=roll_up))
    assert chart.png()
    require_readable(chart)


def test_missing_answers_are_shown_apart_from_lost_points(sheet):
    lines = sheet().read_text(encoding="utf-8").splitlines()
    code, score = lines[1].split(",")[3:5]
    empty = sheet((f",{code},{score},", f",{code},,"))
    chart = DRAW["components"](kla.open_position("63.10", 2022, assessment=empty))
    assert "–" in chart.alt.split(";")[0]
    assert "...." in {bar.get_hatch() for bar in chart.figure.axes[0].patches if bar.get_width() > 0}
    require_readable(chart)


def test_a_reached_target_is_said(bumbu):
    assert "sudah mencapai" in charts.ladder(bumbu.totals, bumbu, "madya").title
    assert "sudah tercapai" in waterfall(bumbu, "madya").title


@pytest.mark.parametrize("stage", ["self_assessment", "administrative_verification"])
def test_a_score_that_may_still_fall_is_no_award(stage):
    title = DRAW["ladder"](kla.open_position("63.10", 2025, stage=stage)).title
    assert "mencapai batas Nindya; itu belum penghargaan" in title


def test_pareto_at_every_level(bumbu):
    for level, count in (("components", "3 dari 7"), ("indicators", "7 dari 31"), ("questions", "dari 274")):
        chart = pareto(bumbu, getattr(bumbu, level))
        assert count in chart.title
        require_readable(chart)


def test_saved_picture_is_the_shown_one(bumbu, tmp_path):
    chart = DRAW["history"](bumbu)
    assert chart.save(tmp_path / "riwayat.png").read_bytes() == chart.png()


def test_the_room_opens_without_loading_a_drawing_library():
    code = "import sys, kla_analysis.charts as c; print('matplotlib' in sys.modules, 'seaborn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_year_without_an_award_is_told_from_one_of_which_nothing_is_known():
    case = kla.open_position("63.10", 2022)
    drawn = charts.history(case.history.query("award_year in (2019, 2022)"), case)
    said = [text.get_text().replace("\n", " ") for text in drawn.figure.findobj(Written)]
    # None was held in 2020; in 2021 there were awards, and nothing is published of this area.
    assert (said.count("tidak ada penghargaan"), said.count("tidak diketahui")) == (1, 1)
