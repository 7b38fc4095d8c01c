"""The forecast for the reader: words, tables and pictures of which award a score becomes."""

from __future__ import annotations

from typing import Any

from kla_analysis.analysis.forecast import Forecast
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import chance, number, percent, t
from kla_analysis.presenting.wording import Text


def basis_in_words(told: Forecast, rules: Instrument) -> str:
    """Say what a forecast rests on."""
    if told.cases == 0:
        return t("Nilai ini menentukan penghargaan.") if told.retention.median == 1 else t("Bagian yang bertahan: asumsi pengguna.")  # fmt: skip
    before = t("penghargaan sebelumnya tidak diketahui, dipakai bagian nasional") if told.previous is None else t(
        "penghargaan sebelumnya {name}, dari {pairs} pasang penghargaan yang terbit",
        name=rules.ladder.name(told.previous), pairs=told.pairs)  # fmt: skip
    return t(
        "Turunan dari {cases} kasus yang terbit, bukan sampel acak; diverifikasi {verifier}; {before}.",
        cases=told.cases,
        verifier=rules.verifier(told.verifier).name,
        before=before,
    )


def forecast_told(told: Forecast, rules: Instrument) -> Text:
    """Say which award a score becomes, how surely, and what that rests on."""
    placed = rules.ladder.place(told.claimed)
    stage = rules.stage(told.stage)
    if stage.carries_award:
        said = t("Nilai {score} adalah hasil akhir: {name}.", score=number(told.claimed), name=placed.name)
        return Text((said, *placed.remarks))
    likely = ", ".join(f"{rules.ladder.name(code)} {chance(p)}" for code, p in told.predicates.items() if p >= 0.005)
    paragraphs = [
        t("Nilai {score} ({stage}) kira-kira menjadi {median} pada penghargaan; peluangnya {level} berada antara {low} dan "
          "{high}. Peluang predikat: {likely}.", score=number(told.claimed), stage=stage.name,
          median=number(told.median, decimals=0), level=percent(told.level), low=number(told.interval.low, decimals=0),
          high=number(told.interval.high, decimals=0), likely=likely),
        basis_in_words(told, rules),
    ]  # fmt: skip
    if told.extrapolated:
        paragraphs.append(
            t("Untuk nilai di bawah {low} hampir tidak ada penghargaan yang terbit: prakiraan ini perpanjangan dari nilai "
              "yang lebih tinggi.", low=number(told.observed.low, decimals=0))
        )  # fmt: skip
    return Text(tuple(paragraphs))


def forecast_record(told: Forecast, rules: Instrument) -> dict[str, Any]:
    """Return a forecast as a plain dictionary, for `--json`."""
    placed = rules.ladder.place(told.claimed)
    return {
        "stage": told.stage,
        "score": told.claimed,
        "predicates": {code: round(probability, 4) for code, probability in told.predicates.items()},
        "median": told.median,
        "interval": [told.interval.low, told.interval.high],
        "level": told.level,
        "observed_range": None if told.observed is None else [told.observed.low, told.observed.high],
        "extrapolated": told.extrapolated,
        "in_gap": placed.in_gap,
        "remarks": list(placed.remarks),
        "basis": {
            "cases": told.cases,
            "pairs": told.pairs,
            "previous": told.previous,
            "verified_by": told.verifier,
            "instrument": rules.id,
            "standing": "published" if rules.stage(told.stage).carries_award else "derived",
            "text": basis_in_words(told, rules),
        },
    }
