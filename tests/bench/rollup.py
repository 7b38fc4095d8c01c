"""Benchmark of the roll-up: one call for many sheets, beside a plain merge-and-groupby and a loop.

Prints the median of several rounds of each way in the same process, the ratio to ours, and how the
time grows with the number of areas. All ways must give the same totals, or the benchmark stops.
Run it with `make bench`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import kla_analysis as kla

ROUNDS = 10
REPEATS = 5
#: The loop takes so long that it is timed on a part of the areas and scaled up.
LOOP_AREAS = 20


def make_scores(instrument: kla.Instrument, areas: int, seed: int = 2024) -> pd.DataFrame:
    """Make synthetic sheets: areas × rounds × questions, in tidy form, no answer missing."""
    rng = np.random.default_rng(seed)
    codes = kla.load_areas().query("kind != 'provinsi'").index[:areas]
    questions = instrument.questions
    index = pd.MultiIndex.from_product(
        [codes, range(2011, 2011 + ROUNDS), ["final"], questions.index],
        names=["area_code", "award_year", "stage", "question_code"],
    )
    shares = rng.integers(0, 101, len(index)) / 100
    points = np.tile(questions["max_points"].to_numpy(), len(index) // len(questions)) * shares
    return pd.DataFrame({"score": points.round(2)}, index=index).reset_index()


def by_library(scores: pd.DataFrame, instrument: kla.Instrument) -> pd.Series:
    return kla.roll_up_many(scores, instrument)["total_low"]


def by_groupby(scores: pd.DataFrame, instrument: kla.Instrument) -> pd.Series:
    keys = ["area_code", "award_year", "stage"]
    merged = scores.merge(
        instrument.questions[["indicator_code", "component_code"]], left_on="question_code", right_index=True
    )
    indicators = merged.groupby([*keys, "component_code", "indicator_code"], as_index=False)["score"].sum()
    indicators = indicators.merge(instrument.indicators[["max_points"]], left_on="indicator_code", right_index=True)
    indicators["score"] = indicators[["score", "max_points"]].min(axis=1)
    components = indicators.groupby([*keys, "component_code"], as_index=False)["score"].sum()
    return components.groupby(keys)["score"].sum()


def by_loop(scores: pd.DataFrame, instrument: kla.Instrument) -> pd.Series:
    keys = ["area_code", "award_year", "stage"]
    totals = {}
    for key, sheet in scores.groupby(keys):
        answers = sheet.set_index("question_code")["score"]
        total = 0.0
        for code, indicator in instrument.indicators.iterrows():
            of_indicator = instrument.questions.index[instrument.questions["indicator_code"] == code]
            total += min(answers[of_indicator].sum(), indicator["max_points"])
        totals[key] = total
    return pd.Series(totals).rename_axis(keys)


def median_seconds(way: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        way()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    instrument = kla.load_instrument()
    scores = make_scores(instrument, 514)
    print(f"{len(scores):,} answers: 514 areas × {ROUNDS} rounds × {len(instrument.questions)} questions")
    expected = by_library(scores, instrument)
    np.testing.assert_allclose(by_groupby(scores, instrument).sort_index(), expected.sort_index(), atol=1e-6)
    ours = median_seconds(lambda: by_library(scores, instrument))
    plain = median_seconds(lambda: by_groupby(scores, instrument), 3)
    few = make_scores(instrument, LOOP_AREAS)
    np.testing.assert_allclose(
        by_loop(few, instrument).sort_index(), by_library(few, instrument).sort_index(), atol=1e-6
    )
    ours_few = median_seconds(lambda: by_library(few, instrument))
    loop_few = median_seconds(lambda: by_loop(few, instrument), 3)
    print(f"one call               {ours:8.3f} s   1.0")
    print(f"merge and groupby      {plain:8.3f} s   {plain / ours:.1f}")
    print(
        f"loop over sheets       {loop_few * 514 / LOOP_AREAS:8.3f} s   {loop_few / ours_few:.1f}"
        f"   (timed on {LOOP_AREAS} areas, ratio there, seconds scaled up)"
    )
    print("growth of one call with the number of areas:")
    for areas in (64, 128, 256, 514):
        part = make_scores(instrument, areas)
        seconds = median_seconds(lambda part=part: by_library(part, instrument))
        print(f"  {areas:4} areas {seconds:7.3f} s   {seconds / areas * 1000:.3f} ms per area")


if __name__ == "__main__":
    main()
