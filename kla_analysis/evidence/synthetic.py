"""Synthetic sheets on the real area codes: for trying out a run of the whole country, never for a conclusion."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

from kla_analysis.errors import ParameterError
from kla_analysis.evidence.areas import REFERENCE_CODE, load_areas
from kla_analysis.evidence.assessment import SYNTHETIC, Assessment, list_rounds, load_assessment, rules_of
from kla_analysis.instrument.instrument import Instrument, require_award_year
from kla_analysis.language import t

#: Mean and spread, between areas, of the share of its maximum that a question gets; never below the floor.
_LEVEL, _SPREAD, _FLOOR, _CEILING = 0.78, 0.14, 0.3, 1.1
#: Spread of the questions around the level of their area.
_UNEVEN = 0.18
#: Most answers that a sheet may lack.
_MISSING = 6


def write_synthetic(
    folder: Path, instrument: Instrument, *, year: int, seed: int, areas: Iterable[str] = ()
) -> list[Path]:
    """Write one self-assessment per district or city, with an origin note that says what it is.

    The scores are drawn around the profile of the reference sheet. An area's sheet depends on the seed
    and its code alone, not on which other areas are written.

    Args:
        folder: where to write `<area>/<year>-self_assessment.csv`.
        areas: area codes; every district and city when empty.

    Returns:
        The sheets, in the order of the area codes.

    Raises:
        ParameterError: a file of that name is there already and is not synthetic; the reference district has no sheet
            by the rules of this instrument; the year can not be an award's.
    """
    require_award_year(year)
    known = load_areas()
    wanted = list(areas) or list(known.index[known["kind"] != "provinsi"])
    reference = _reference(instrument)
    maxima = instrument.questions["max_points"]
    shares = (reference.scores / maxima).fillna(0.0).to_numpy()
    paths = [folder / code / f"{year}-self_assessment.csv" for code in wanted]
    for path in paths:
        _require_ours(path)
    for code, path in zip(wanted, paths, strict=True):
        scores = _scores(code, seed, shares, maxima.to_numpy())
        path.parent.mkdir(parents=True, exist_ok=True)
        # The note comes first, so that there is never a sheet that does not say what it is.
        path.with_suffix(".origin.yaml").write_text(
            _origin(known.loc[code, "name"], year, seed, reference.shown), encoding="utf-8"
        )
        path.write_text(_sheet(code, year, list(maxima.index), scores), encoding="utf-8", newline="\n")
    return paths


def _reference(instrument: Instrument) -> Assessment:
    """Return the newest sheet of the reference district that follows an instrument."""
    for path in reversed(list_rounds(REFERENCE_CODE)["path"]):
        if rules_of(path).id == instrument.id:
            return load_assessment(path, instrument)
    raise ParameterError(
        t(
            "Lembar sintetis untuk instrumen {id} tidak dapat diundi: tidak ada lembar rujukan menurut instrumen itu.",
            id=instrument.id,
        ),
        advice=t(
            "Pilih instrumen atau tahun lain, atau taruh lembar rujukannya di data/assessments/{code}/.",
            code=REFERENCE_CODE,
        ),
    )


def _scores(code: str, seed: int, shares: np.ndarray, maxima: np.ndarray) -> list[float | None]:
    """Draw the points of one area: its own level, its own unevenness, a few answers missing."""
    source = np.random.default_rng([seed, int(code.replace(".", ""))])
    level = float(np.clip(source.normal(_LEVEL, _SPREAD), _FLOOR, _CEILING))
    drawn = shares * (level / shares.mean()) + source.normal(0, _UNEVEN, len(shares))
    points = np.round(np.clip(drawn, 0, 1) * maxima, 2)
    missing = set(source.choice(len(shares), source.integers(0, _MISSING + 1), replace=False).tolist())
    return [None if at in missing else float(value) for at, value in enumerate(points)]


def _sheet(code: str, year: int, questions: list[str], scores: list[float | None]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["area_code", "award_year", "stage", "question_code", "score", "note"])
    for question, score in zip(questions, scores, strict=True):
        writer.writerow([code, year, "self_assessment", question, "" if score is None else f"{score:g}", ""])
    return text.getvalue()


def _origin(name: str, year: int, seed: int, reference: str) -> str:
    about = {
        "title": {"id": f"Lembar sintetis {name} {year}", "en": f"Synthetic sheet of {name} {year}"},
        "producer": "this project",
        "standing": "assumed",
        "kind": SYNTHETIC,
        "personal_data": "none",
        "derived_from": reference,
        "seed": seed,
        "note": {
            "id": f"SINTETIS: semua nilai di sini diundi komputer (benih {seed}) untuk mencoba program. Tidak satu pun "
            f"nilai {name}; jangan dikutip.",
            "en": f"SYNTHETIC: all scores here were drawn by a computer (seed {seed}) to try out the program. None is "
            f"a score of {name}; do not quote.",
        },
    }
    return yaml.safe_dump(about, allow_unicode=True, sort_keys=False, width=1000)


def _require_ours(path: Path) -> None:
    """Refuse to write over a sheet that is not synthetic."""
    if not path.exists():
        return
    origin = path.with_suffix(".origin.yaml")
    if not origin.is_file() or f"kind: {SYNTHETIC}\n" not in origin.read_text(encoding="utf-8"):
        raise ParameterError(
            t("{path} sudah ada dan bukan lembar sintetis.", path=path), advice=t("Pilih folder yang kosong.")
        )
