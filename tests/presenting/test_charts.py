"""Charts: the finding in the title, the data in the alt text, nothing cut off, readable colours."""

import dataclasses
import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import kla_analysis as kla
from kla_analysis import charts
from kla_analysis.evidence.areas import Area
from kla_analysis.presenting.wording import Text

DRAW = {
    "ladder": lambda position: charts.ladder(position, "nindya"),
    "components": charts.components,
    "indicator_heatmap": charts.indicator_heatmap,
    "pareto": charts.pareto,
    "agencies": charts.agencies,
    "waterfall": lambda position: charts.waterfall(position, "nindya"),
    "history": charts.history,
}
POSITIONS = {
    "tanah-bumbu": lambda: kla.open_position("63.10", 2022),
    "reference": lambda: kla.open_position("reference", 2024),
    "sragen": lambda: kla.open_position("33.14", 2022),
    "sukoharjo": lambda: kla.open_position("33.11", 2019),
}


@pytest.fixture(scope="module", params=POSITIONS)
def position(request):
    return POSITIONS[request.param]()


@pytest.fixture(params=DRAW)
def draw(request):
    return DRAW[request.param]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_chart_draws_and_nothing_is_cut_off(position, draw):
    chart = draw(position)
    if isinstance(chart, Text):  # no sheet: said in words
        assert position.roll_up is None
        return
    assert chart.png().startswith(b"\x89PNG")
    figure = chart.figure
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    box = figure.bbox
    for text in figure.findobj(lambda item: hasattr(item, "get_text") and item.get_text().strip()):
        if text.get_visible():
            extent = text.get_window_extent(renderer)
            assert extent.x0 >= box.x0 - 1, text.get_text()
            assert extent.x1 <= box.x1 + 1, text.get_text()
            assert extent.y0 >= box.y0 - 1, text.get_text()
            assert extent.y1 <= box.y1 + 1, text.get_text()
    labels = [label.get_window_extent(renderer) for label in figure.axes[0].get_yticklabels() if label.get_text()]
    for upper, lower in itertools.pairwise(labels):
        assert not (upper.y0 < lower.y1 and lower.y0 < upper.y1)


def test_the_same_data_give_the_same_bytes(draw):
    position = POSITIONS["tanah-bumbu"]()
    assert draw(position).png() == draw(position).png()


@pytest.mark.parametrize(
    ("name", "title", "alt"),
    [
        ("ladder", "50,5 poin lagi ke Nindya", "650,5"),
        ("components", "76,91 dari 156 poin", "79,09 dari 156"),
        ("indicator_heatmap", "22A, 34%", "22A 34%"),
        ("pareto", "7 dari 31", "34,94"),
        ("agencies", "Dinas PPPA", "168,16"),
        ("waterfall", "6 pertanyaan", "707,38"),
        ("history", "Madya pada 2023", "800,38"),
    ],
)
def test_finding_in_the_title_and_data_in_the_alt_text(name, title, alt):
    chart = DRAW[name](POSITIONS["tanah-bumbu"]())
    assert title in chart.title
    assert alt in chart.alt
    data, about = chart._repr_mimebundle_()
    assert about["image/png"]["alt"] == chart.alt
    assert data["text/plain"] == chart.alt


def test_a_picture_made_from_illustrative_numbers_says_so():
    texts = {text.get_text() for text in charts.components(POSITIONS["tanah-bumbu"]()).figure.texts}
    assert "ILUSTRATIF" in texts
    assert "ILUSTRATIF" not in {text.get_text() for text in charts.components(POSITIONS["reference"]()).figure.texts}


def test_names_are_never_read_as_formulas(draw):
    position = POSITIONS["tanah-bumbu"]()
    hostile = dataclasses.replace(position, area=Area("63.10", r"$x^2$ <b>$\frac$ _%", "kabupaten", ""))
    assert draw(hostile).png()


def test_a_reached_target_is_said():
    assert "sudah mencapai" in charts.ladder(POSITIONS["tanah-bumbu"](), "madya").title
    assert "sudah tercapai" in charts.waterfall(POSITIONS["tanah-bumbu"](), "madya").title


def test_colours_stand_out():
    for text in (charts.INK, charts.SOFT, charts.AMBER):
        assert contrast(text, charts.PAPER) >= 4.5
    for mark in (charts.BLUE, charts.AMBER, charts.MISSING):
        assert contrast(mark, charts.PAPER) >= 3
    for zone in charts.ZONES:
        assert contrast(charts.INK, zone) >= 4.5
        assert contrast(charts.BLUE, zone) >= 3
