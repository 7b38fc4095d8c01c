"""Another year's rules: two instruments compared, and a sheet carried from one to the other.

Weights belong to an instrument year, so sheets of different years are never mixed silently. A
declared mapping says which question of one instrument is which of the other; a score crosses as the
share of the maximum that it reached. What has no counterpart is listed with its points, never
guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from kla_analysis.errors import DataError, Problem, did_you_mean
from kla_analysis.evidence.assessment import Assessment
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import read_table, schema_of


@dataclass(frozen=True, eq=False)
class Crossing:
    """A sheet carried over to another instrument.

    Attributes:
        assessment: the sheet under the new instrument; its questions without counterpart are
            unanswered.
        left_behind: questions of the old instrument without counterpart: `name`, `score`,
            `max_points` (points that do not cross).
        unanswered: questions of the new instrument without counterpart: `name`, `max_points`.
    """

    assessment: Assessment
    left_behind: pd.DataFrame
    unanswered: pd.DataFrame


def load_mapping(path: str | Path, old: Instrument, new: Instrument, *, data: Path | None = None) -> pd.DataFrame:
    """Load and check a declared mapping between the questions of two instruments.

    Returns:
        Indexed by file row: `from_question`, `to_question`, `standing`, `reason`.

    Raises:
        DataError: a question that does not exist, or that is mapped twice; all problems at once.

    >>> import kla_analysis as kla
    >>> rules = kla.load_instrument(year=2025)
    >>> kla.load_mapping("padanan.csv", rules, rules)  # doctest: +SKIP
    """
    path = Path(path)
    project = find_project()
    shown = project.shown(path)

    def problems(frame: pd.DataFrame) -> list[Problem]:
        found = []
        for column, instrument in (("from_question", old), ("to_question", new)):
            codes = frame[column].dropna()
            for row, code in codes[~codes.isin(instrument.questions.index)].items():
                what = t("kode ini tidak ada di instrumen {id}", id=instrument.id)
                found.append(Problem(what, did_you_mean(code, instrument.questions.index), shown, row, column, code))
            for row, code in codes[codes.duplicated()].items():
                found.append(
                    Problem(t("dipetakan dua kali"), t("Satu pertanyaan hanya satu padanan."), shown, row, column, code)
                )
        return found

    return read_table(path, schema_of("mapping", data or project.data), shown=shown, also=problems)


def carry_over(assessment: Assessment, mapping: pd.DataFrame, old: Instrument, new: Instrument) -> Crossing:
    """Carry a sheet over to another instrument: every score as the share of its maximum.

    Raises:
        DataError: the sheet is not of the old instrument, or does not go down to questions.

    >>> import pandas as pd
    >>> import kla_analysis as kla
    >>> old, rules = kla.open("reference", 2024), kla.load_instrument(year=2025)
    >>> same = pd.DataFrame({"from_question": rules.questions.index, "to_question": rules.questions.index})
    >>> kla.roll_up(kla.carry_over(old.assessment, same, old.instrument, rules).assessment, rules).total.low
    771.81
    """
    if assessment.instrument != old.id or assessment.level != "question":
        raise DataError(
            t("Hanya lembar per pertanyaan dari instrumen {id} yang dapat dipindahkan.", id=old.id),
            advice=t("Pakai lembar per pertanyaan dengan instrumen asalnya."),
        )
    share = (assessment.scores / old.questions["max_points"]).where(old.questions["max_points"] > 0)
    back = mapping.set_index("to_question")["from_question"]
    crossed = back.map(share)
    scores = (crossed.reindex(new.questions.index) * new.questions["max_points"]).round(6)
    title = t("{title}, dipindahkan ke {id}", title=assessment.origin.title, id=new.id)
    left = old.questions.loc[~old.questions.index.isin(mapping["from_question"]), ["name", "max_points"]]
    open_ = new.questions.loc[~new.questions.index.isin(mapping["to_question"]), ["name", "max_points"]]
    return Crossing(
        assessment=replace(
            assessment,
            instrument=new.id,
            scores=scores,
            printed=None,
            proof=assessment.proof.reindex(back).set_axis(back.index).dropna(how="all"),
            origin=replace(assessment.origin, title=title, standing="derived"),
        ),
        left_behind=left.assign(score=assessment.scores.reindex(left.index)),
        unanswered=open_,
    )


def compare_instruments(old: Instrument, new: Instrument) -> pd.DataFrame:
    """Compare two instruments value by value, each value with its source.

    Returns:
        Indexed by `level` (component, indicator, band, total) and `code`: `old`, `new` and `change`
        (points; missing where only one instrument has it), `old_source`, `new_source`.

    >>> import kla_analysis as kla
    >>> rules = kla.load_instrument(year=2025)
    >>> float(kla.compare_instruments(rules, rules)["change"].abs().sum())
    0.0
    """
    parts = []
    for level in ("component", "indicator"):
        parts.append(
            _side_by_side(
                level,
                *(
                    pd.DataFrame(
                        {"value": one.table(level)["max_points"], "source": _cited(one, one.table(level)["source"])}
                    )
                    for one in (old, new)
                ),
            )
        )
    parts.append(
        _side_by_side(
            "band",
            *(
                pd.DataFrame(
                    {
                        "value": [band.lower for band in one.ladder.bands],
                        "source": [band.source for band in one.ladder.bands],
                    },
                    index=[band.code for band in one.ladder.bands],
                ).assign(source=lambda frame, one=one: _cited(one, frame["source"]))
                for one in (old, new)
            ),
        )
    )
    parts.append(
        _side_by_side(
            "total",
            *(
                pd.DataFrame({"value": [one.ladder.max_total], "source": [one.title]}, index=["total"])
                for one in (old, new)
            ),
        )
    )
    return pd.concat(parts)


def _cited(instrument: Instrument, sources: pd.Series) -> pd.Series:
    return sources.map(lambda name: instrument.sources[name].title if name in instrument.sources else name)


def _side_by_side(level: str, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    codes = [*old.index, *(code for code in new.index if code not in old.index)]
    table = pd.concat([old.add_suffix("_old"), new.add_suffix("_new")], axis=1).reindex(codes)
    table.index = pd.MultiIndex.from_product([[level], table.index], names=["level", "code"])
    return pd.DataFrame(
        {
            "old": table["value_old"],
            "new": table["value_new"],
            "change": (table["value_new"] - table["value_old"]).round(6),
            "old_source": table["source_old"],
            "new_source": table["source_new"],
        }
    )
