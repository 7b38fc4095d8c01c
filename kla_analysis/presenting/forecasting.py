"""The forecast for the reader: words and tables of which award a score becomes.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.forecasting.predicate_table(kla.award_chances(case), case).cells[2][:2]
['Madya', '28%']
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kla_analysis.analysis.calibration import ANSWERS, LEFT_OUT, coverage, summarise
from kla_analysis.analysis.forecast import STEPS, Forecast, needed_score, outlook
from kla_analysis.analysis.position import Position
from kla_analysis.evidence.cases import SCORES
from kla_analysis.instrument.bands import Ladder, Span
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import chance, number, percent, t
from kla_analysis.presenting.tables import Column, Table
from kla_analysis.presenting.wording import (
    Text,
    award_at_best,
    award_in_words,
    forecast_note,
    needs_cases,
    needs_forecast,
    settled,
    source_note,
)

#: What it shows; completion in a notebook lists no more.
__all__ = [
    "calibration_in_words",
    "calibration_table",
    "cases_table",
    "former_in_words",
    "outlook_in_words",
    "own_cases_in_words",
    "predicate_table",
    "steps_table",
]


def __dir__() -> list[str]:
    return __all__


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
    said = t("Nilai ini dari tahap {stage}.", stage=stage.name.lower())
    return Text((f"{said} {award_in_words(told, rules.ladder)}", basis_in_words(told, rules), *_put_off(told, rules.ladder),
                 *_carried_over(told)))  # fmt: skip


def _carried_over(told: Forecast) -> list[str]:
    if not told.extrapolated:
        return []
    if told.claimed > told.observed.high:
        return [
            t("Untuk nilai di atas {high} pada tahap ini tidak ada penghargaan yang terbit: prakiraan ini perpanjangan dari "
              "nilai yang lebih rendah.", high=number(told.observed.high))
        ]  # fmt: skip
    return [
        t("Untuk nilai di bawah {low} hampir tidak ada penghargaan yang terbit: prakiraan ini perpanjangan dari nilai "
          "yang lebih tinggi.", low=number(told.observed.low, decimals=0))
    ]  # fmt: skip


def _put_off(told: Forecast, ladder: Ladder) -> list[str]:
    """Say which part of no award has nothing to do with the score: it may be likelier than the lowest predicate."""
    if not told.put_off:
        return []
    return [
        t("“{none}” memuat {share} untuk putaran yang berakhir tanpa penilaian (verifikasi ditunda), berapa pun nilainya; "
          "karena itu dapat lebih besar daripada {lowest}.", none=ladder.name(ladder.no_award_code),
          share=chance(told.put_off), lowest=ladder.bands[0].name)
    ]  # fmt: skip


def forecast_record(told: Forecast, rules: Instrument) -> dict[str, Any]:
    """Return a forecast as a plain dictionary, for `--json`."""
    placed = rules.ladder.place(told.claimed)
    return {
        "stage": told.stage,
        "score": told.claimed,
        "predicates": dict(told.predicates),
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


@needs_forecast
def outlook_in_words(position: Position, target: str) -> Text:
    """Say which award the total becomes, how likely the target is, and what would have to be kept or claimed for it."""
    ladder = position.instrument.ladder
    goal = ladder.band(target).name
    told = outlook(position)
    opening = (
        t("Nilai {score} adalah hasil akhir dan tidak berubah lagi. Di bawah ini putaran berikutnya: seandainya nilai yang "
          "sama diklaim lagi.", score=ladder.written(position.span))
        if settled(position)
        else t("Nilai {score} berasal dari tahap {stage}, bukan penghargaan: sesudahnya nilai masih dapat berubah.",
               score=ladder.written(position.span), stage=position.instrument.stage(position.stage).name.lower())
    )  # fmt: skip
    paragraphs = [opening, award_in_words(told, ladder), *_put_off(told, ladder), *award_at_best(position, target)]
    paragraphs.append(
        t("Peluang {goal} atau lebih: {chance}.", goal=goal, chance=chance(told.probability_at_least(target)))
    )
    share = told.break_even(target)
    paragraphs.append(
        t("Nilai ini lebih rendah dari batas {goal}: {goal} hanya tercapai bila verifikasi lapangan menaikkannya.", goal=goal)
        if share is None
        else t("{goal} lepas bila yang bertahan sampai penghargaan kurang dari {share} nilai ini.", goal=goal,
               share=percent(share))
    )  # fmt: skip
    paragraphs += _carried_over(told)
    for probability in (0.5, 0.8):
        needed = needed_score(position, target, probability)
        paragraphs.append(
            t("Agar {goal} tercapai dengan peluang {probability}, nilainya pada tahap itu harus sedikitnya {needed}.",
              goal=goal, probability=percent(probability), needed=number(math.ceil(needed)))
            if needed is not None
            else t("Peluang {probability} untuk {goal} tidak tercapai hanya dengan mengklaim lebih tinggi: lembar penuh pun belum "
                   "cukup. Yang perlu dinaikkan adalah bukti.", goal=goal, probability=percent(probability))
        )  # fmt: skip
        if needed is None:  # a higher chance is out of reach as well
            break
    return Text(tuple(paragraphs))


@needs_forecast
def former_in_words(position: Position, target: str) -> Text:
    """Say what the former award adds to the forecast."""
    told = outlook(position)
    if told.previous is None:
        return Text((t("Penghargaan sebelumnya tidak diketahui atau tidak dipakai; yang menemani nilai ialah bagian "
                       "nasional."),))  # fmt: skip
    without = outlook(position, former=False)
    ladder = position.instrument.ladder
    return Text((
        t("Penghargaan sebelumnya {name}. Tanpa itu peluang {goal} atau lebih {without}, dengan itu {chance} "
            "(dari {pairs} pasang penghargaan yang terbit).", name=ladder.name(told.previous),
          goal=ladder.band(target).name, without=chance(without.probability_at_least(target)),
          chance=chance(told.probability_at_least(target)), pairs=told.pairs),
    ))  # fmt: skip


@needs_forecast
def predicate_table(chances: pd.DataFrame, case: Position) -> Table:
    """The probability of each predicate, with and without the former award (`kla.award_chances`)."""
    told = outlook(case)
    caption = (
        t("Peluang predikat putaran berikutnya bila {score} diklaim lagi", score=number(told.claimed))
        if settled(case)
        else t("Peluang predikat dari nilai {score}", score=number(told.claimed))
    )
    return Table(
        caption,
        (
            Column("name", t("Predikat")),
            Column("chance", t("Peluang"), "number", chance, "share"),
            Column("without", t("Tanpa penghargaan sebelumnya"), "number", chance, "share"),
        ),
        chances,
        source=f"{source_note(case)} {forecast_note(told.retention)}",
        badge=t("ILUSTRATIF") if case.illustrative else "",
    )


@needs_forecast
def steps_table(kept: pd.DataFrame, case: Position) -> Table | Text:
    """What each step up to the award leaves of this total, without the former award (`kla.kept_by_step`)."""
    if case.kept_share is not None:
        return Text((t("Bagian nilai yang bertahan sampai penghargaan: asumsi pengguna."),))
    told, rules = outlook(case), case.instrument
    names = {STEPS[0]: t("Sampai verifikasi administrasi"), STEPS[1]: t("Dari sana sampai penghargaan")}
    frame = pd.DataFrame(
        {
            "step": [names.get(steps, t("Keduanya")) for steps in kept.index],
            "share": kept["middle"].to_numpy(),
            "range": [f"{percent(row.low)}–{percent(row.high)}" for row in kept.itertuples()],
        }
    )
    return Table(
        t("Berapa yang bertahan di tiap langkah; diverifikasi {verifier}", verifier=rules.verifier(told.verifier).name),
        (
            Column("step", t("Langkah")),
            Column("share", t("Bertahan, tengah"), "number", percent, "share"),
            Column("range", t("Rentang 80%"), "number"),
        ),
        frame,
        source=forecast_note(told.retention),
    )


@needs_cases
def cases_table(cases: pd.DataFrame, case: Position) -> Table:
    """Published cases as `kla.load_cases` gives them: scores, and the shares that were kept."""
    frame, rules, ladder = cases.copy(), case.instrument, case.ladder
    for score in SCORES[:2]:
        ends = zip(frame[f"{score}_low"], frame[f"{score}_high"], strict=True)
        frame[score] = [_span(low, high) for low, high in ends]
    verified = frame["administrative_verification_low"].notna()
    of = frame["administrative_verification_low"].where(verified, frame["self_assessment_low"])
    frame["kept"] = frame["administrative_verification_low"] / frame["self_assessment_low"]
    known = frame["outcome"].map(len) > 0
    lows, highs = frame["final_low"] / of, frame["final_high"] / of
    shares = [
        _shares(low, high) if told else "–"
        for low, high, told in zip(lows, highs, known & frame["assessed"], strict=True)
    ]
    awards = [award_name(codes, ladder) for codes in frame["outcome"]]
    names = {verifier.code: verifier.name for verifier in rules.verifiers}
    frame = frame.assign(share=shares, award=awards, who=frame["verified_by"].map(names).fillna("–"))
    return Table(
        t("{count} kasus yang terbit: nilai mandiri, verifikasi, penghargaan", count=len(frame)),
        (
            Column("area_name", t("Daerah")),
            Column("award_year", t("Tahun"), write=str),
            Column("who", t("Pemverifikasi")),
            Column("self_assessment", t("Mandiri"), "number", None, "points"),
            Column("administrative_verification", t("Verifikasi"), "number", None, "points"),
            Column("kept", t("Verifikasi / mandiri"), "number", percent, "share"),
            Column("award", t("Penghargaan")),
            Column("share", t("Penghargaan / nilai sebelumnya"), "number"),
        ),
        frame,
        source=t(
            "Sumber: data/published/stage_scores.csv dan results.csv (terbit). Predikat dihitung sebagai rentangnya."
        ),
    )


def award_name(codes: Sequence[str], ladder: Ladder) -> str:
    """Name an award by the predicates that it may have been; a dash where nothing is known."""
    if len(codes) < 2:
        return ladder.name(codes[0]) if codes else "–"
    return ladder.name_between(None if codes[0] == ladder.no_award_code else codes[0], codes[-1])


def _span(low: float, high: float) -> str:
    return "–" if pd.isna(low) else str(Span(low, high))


def _shares(low: float, high: float) -> str:
    if low == high:
        return percent(low)
    return t("di bawah {high}", high=percent(high)) if low == 0 else f"{percent(low)}–{percent(high)}"


@needs_cases
def calibration_in_words(checked: pd.DataFrame, case: Position) -> Text:
    """Say in two sentences, for a head of office, how far the forecast can be trusted (`kla.forecast_check`)."""
    part = checked[checked["left_out"] == LEFT_OUT[0]]
    table = summarise(checked).loc[LEFT_OUT[0]]
    covered = coverage(checked).loc[(LEFT_OUT[0], "all", 0.8)]
    right, country = (math.exp(table.loc[("all", answer), "log"]) for answer in ("forecast", "country"))
    return Text((
        t("Setiap dari {count} kasus yang terbit diprakirakan tanpa melihat daerahnya sendiri: rentang 80% memuat hasilnya pada "
          "{covered}.", count=len(part), covered=percent(covered["covered"])),
        t("Kepada predikat yang kemudian datang, prakiraan rata-rata memberi peluang {right}; menjawab dengan bagian nasional "
          "hanya {country}.", right=percent(right), country=percent(country)),
    ))  # fmt: skip


@needs_cases
def own_cases_in_words(checked: pd.DataFrame, position: Position) -> Text:
    """Say how the forecast would have done on the area's own published cases, each unseen (`kla.forecast_check`)."""
    own = checked[(checked["left_out"] == LEFT_OUT[0]) & (checked["area_code"] == position.area.code)]
    if own.empty:
        return Text((t("Tidak ada kasus {area} sendiri yang terbit.", area=position.area.name),))
    rules, ladder = position.instrument, position.instrument.ladder
    said = []
    for row in own.to_dict("records"):
        said.append(
            t("{area} {year}: nilai {score} ({stage}) menjadi {award}. Tanpa melihat kasus ini, prakiraan memberinya peluang "
              "{chance}.", area=position.area.name, year=row["award_year"], score=number(row["score"]),
              stage=rules.stage(row["stage"]).name.lower(),
              award=award_name(row["outcome"].split(";"), ladder),
              chance=chance(math.exp(row["forecast_log"])))
        )  # fmt: skip
    return Text(tuple(said))


@needs_cases
def calibration_table(table: pd.DataFrame, covered: pd.DataFrame, case: Position) -> Table:
    """The forecast beside simpler answers on unseen cases: log score, Brier score and coverage, for an analyst.

    Args:
        table, covered: `kla.summarise` and `kla.coverage` of `kla.forecast_check`.
    """
    left_out = {LEFT_OUT[0]: t("satu daerah"), LEFT_OUT[1]: t("satu putaran provinsi")}
    start = {STEPS[1]: t("nilai terverifikasi"), STEPS[0]: t("nilai mandiri")}
    answers = dict(
        zip(
            ANSWERS,
            (t("prakiraan ini"), t("bagian nasional"), t("sama dengan sebelumnya"), t("rumus lama")),
            strict=True,
        )
    )
    rows = []
    for (out, begun, answer), row in table.iterrows():
        if begun not in start:
            continue
        inside = [
            f"{percent(covered.loc[(out, begun, level), 'covered'])} ± {percent(covered.loc[(out, begun, level), 'error'])}"
            for level in (0.5, 0.8, 0.9)
        ]
        inside = inside if answer == ANSWERS[0] else ["–"] * 3
        rows.append(
            (
                left_out[out],
                start[begun],
                answers[answer],
                row["cases"],
                f"{number(row['log'], decimals=2)} ± {number(row['log_error'], decimals=2)}",
                row["brier"],
                *inside,
            )
        )
    columns = ["out", "start", "answer", "cases", "log", "brier", "half", "most", "nearly"]
    return Table(
        t("Prakiraan diuji pada kasus yang tidak dilihatnya, di samping jawaban yang lebih sederhana"),
        (
            Column("answer", t("Jawaban")),
            Column("start", t("Dari")),
            Column("out", t("Yang disisihkan")),
            Column("cases", t("Kasus"), "number"),
            Column("log", t("Skor log"), "number"),
            Column("brier", t("Skor Brier"), "number", _hundredths),
            Column("half", t("Rentang 50%"), "number"),
            Column("most", t("Rentang 80%"), "number"),
            Column("nearly", t("Rentang 90%"), "number"),
        ),
        pd.DataFrame(rows, columns=columns),
        source=t(
            "Skor log: makin dekat nol makin baik; Brier: makin kecil makin baik; ± galat baku antardaerah. Turunan."
        ),
    )


def _hundredths(value: float) -> str:
    return number(value, decimals=2)
