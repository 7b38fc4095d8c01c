"""Tables as people read them: a caption, named columns, aligned figures, a source under each.

Data never becomes markup: the one template escapes every cell. Beside what is written stands the value
itself, so that the workbook of a report is made from what its pages show and can never disagree with them.

>>> import kla_analysis as kla
>>> case = kla.open("63.10", 2022, target="nindya")
>>> kla.tables.component_table(case.components, case).cells[0][:2]
['Kelembagaan', '106,98']
"""

from __future__ import annotations

import csv
import io
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.case_tables import printed_lines
from kla_analysis.analysis.comparison import gap_to
from kla_analysis.analysis.position import Position, reference_of
from kla_analysis.analysis.uncertainty import COMMON
from kla_analysis.errors import ParameterError
from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.audit import Audit, audit
from kla_analysis.evidence.contradictions import Contradiction
from kla_analysis.evidence.statements import Statement
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument, level_name, load_instrument, standing_name
from kla_analysis.language import month, number, percent, signed, t
from kla_analysis.presenting.records import Record, Shown
from kla_analysis.presenting.wording import (
    Text,
    audit_in_words,
    later_award,
    least_share_in_words,
    low_end,
    needs,
    needs_forecast,
    points,
    source_note,
    without_scheme,
)

#: What it shows; completion in a notebook lists no more.
__all__ = [
    "agency_table",
    "answer_flip_table",
    "audit_table",
    "band_table",
    "closing_set_table",
    "component_shares_table",
    "component_table",
    "conditions_table",
    "contradictions_table",
    "difference_table",
    "earlier_table",
    "history_table",
    "indicator_table",
    "instrument_table",
    "least_share_table",
    "moves_table",
    "national_table",
    "own_audit",
    "province_table",
    "question_table",
    "reference_audit",
    "selected_table",
    "sensitivity_table",
    "set_questions_table",
    "source_table",
    "trace_table",
    "transition_table",
    "unanswered_table",
    "weight_flip_table",
]


def __dir__() -> list[str]:
    return __all__


@dataclass(frozen=True)
class Column:
    """One column: where its values stand in the frame, its heading, how they are written, what they count.

    `unit` is `points`, `share` (of one), `rupiah`, `times` or "" (a bare number); tables on paper have
    it in their headings, a workbook beside them.
    """

    key: str
    title: str
    kind: str = "text"
    write: Callable[[Any], str] | None = None
    unit: str = ""

    def cell(self, value: Any) -> str:
        """Write one value; a text in a column of numbers stands for a number that is not known."""
        if isinstance(value, str) and self.kind == "number":
            return value
        if self.write is not None:
            return self.write(value)
        if value is None or (not isinstance(value, str | tuple) and pd.isna(value)):
            return "–"
        # Points are written so that something is never written as nothing.
        return number(value, beside=(0,) if self.unit == "points" else ()) if self.kind == "number" else str(value)

    def value(self, value: Any) -> float | int | None:
        """Return what a machine reads in a cell: the number itself; None where there is none, or only a bound."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real) or pd.isna(value):
            return None
        if self.cell(value).startswith(("<", ">")):
            return None
        return int(value) if isinstance(value, numbers.Integral) else float(value)


@dataclass(frozen=True, eq=False, repr=False)
class Table(Shown):
    """A table ready to be read; `frame` keeps the values behind it for further work.

    In `total`, the row at the foot, a number is written as its column writes it, a text as it is.
    """

    caption: str
    columns: tuple[Column, ...]
    frame: pd.DataFrame
    source: str = ""
    badge: str = ""
    total: tuple[Any, ...] = ()

    @property
    def cells(self) -> list[list[str]]:
        """The rows as they are written."""
        return [[text for text, _ in row] for row in self.rows]

    @property
    def rows(self) -> list[list[tuple[str, float | int | None]]]:
        """The rows: each cell as it is written, and its value for machines."""
        frame = self.frame[[c.key for c in self.columns]]
        return [
            [(c.cell(v), c.value(v)) for c, v in zip(self.columns, values, strict=True)]
            for values in frame.itertuples(index=False, name=None)
        ]

    @property
    def foot(self) -> list[tuple[str, float | int | None]]:
        """The row at the foot, like one of `rows`; empty when there is none."""
        return [
            (v, None) if isinstance(v, str) else (c.cell(v), c.value(v))
            for c, v in zip(self.columns, self.total, strict=bool(self.total))
        ]

    def csv(self) -> bytes:
        """Write it as Excel opens it where a comma is decimal; a text that looks like a formula gets a quote before it."""
        lines = [[column.title for column in self.columns]]
        lines += [[_csv_cell(text, value) for text, value in row] for row in self.rows]
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerows(lines)
        return buffer.getvalue().encode("utf-8-sig")

    def record(self) -> Record:
        """Return it as plain data: values, and every cell as it is written."""
        rows = self.rows
        columns = [[row[at] for row in rows] for at in range(len(self.columns))]
        return {
            "kind": "table",
            "title": self.caption,
            "schema": {"fields": [_field(*pair) for pair in zip(self.columns, columns, strict=True)]},
            "data": [
                {column.key: _datum(column, *cell) for column, cell in zip(self.columns, row, strict=True)}
                for row in rows
            ],
            "written": [[text for text, _ in row] for row in rows],
            "total": [list(cell) for cell in self.foot],
            "source": self.source,
            "badge": self.badge,
        }

    def __repr__(self) -> str:
        return f"{self.caption} ({len(self.frame)} × {len(self.columns)})"


@dataclass(frozen=True, eq=False, repr=False)
class Several(Shown):
    """Several tables and texts that belong together, shown one below the other."""

    parts: tuple[Shown, ...] = field(default_factory=tuple)

    def record(self) -> Record:
        """Return the records of its parts."""
        return {"kind": "several", "blocks": [part.record() for part in self.parts]}

    def __repr__(self) -> str:
        return "\n".join(repr(part) for part in self.parts)


def _field(column: Column, cells: Sequence[tuple[str, float | int | None]]) -> Record:
    """Describe a column as a field of Table Schema; `kind` says how it is set."""
    kinds = {type(value) for _, value in cells if value is not None}
    if column.kind != "number" and kinds and any(value is None for _, value in cells):
        shown = "any"
    else:
        shown = "string" if not kinds else "integer" if kinds == {int} else "number"
    return {"name": column.key, "title": column.title, "type": shown, "unit": column.unit, "kind": column.kind}


def _datum(column: Column, text: str, value: float | int | None) -> float | int | str | None:
    return text if value is None and column.kind != "number" else value


def _csv_cell(text: str, value: float | int | None) -> str:
    if value is not None:
        return str(value).replace(".", ",")
    return f"'{text}" if text[:1] in "=+-@\t\r\0" and text else text


def _num(key: str, title: str, unit: str = "points") -> Column:
    return Column(key, title, "number", unit=unit)


def _count(key: str, title: str) -> Column:
    return _num(key, title, "")


def _share(key: str, title: str, write: Callable[[Any], str] = percent) -> Column:
    return Column(key, title, "number", write, "share")


def _owners_cell(names: Sequence[str]) -> str:
    return ", ".join(names) or t("belum ada penanggung jawab")


def level_of(table: pd.DataFrame) -> str:
    """Return the level of a table of a case by the name of its index: `question`, `indicator` or `component`.

    Raises:
        ParameterError: it is none of those.
    """
    level = str(table.index.name).removesuffix("_code")
    if level not in CODE_COLUMNS:
        raise ParameterError(
            t("Tabel ini bukan tabel pertanyaan, indikator, atau komponen."),
            advice=t("Mulai dari case.questions, case.indicators, atau case.components."),
        )
    return level


def ranked_by_loss(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a case's table, largest loss first, equal ones in the order of the sheet."""
    return table.sort_values("lost_points", ascending=False, kind="stable")


def score_of(low: float, high: float, answers: int) -> float | str:
    """Return what is shown of points: the score, both ends of it, or in words that nobody has answered."""
    if not answers:
        return t("belum dijawab")
    return low if high == low else str(Span(low, high))


def share_of(row: Any) -> float | str:
    """Return what is shown of a row's share of its maximum, like `score_of`."""
    if not row.answers or not row.max_points:
        return "–"
    low, high = row.low / row.max_points, row.high / row.max_points
    return low if low == high else "–".join(dict.fromkeys((percent(low), percent(high))))


def shown_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Add to rows of a roll-up what is shown of them: `score`, `reached` (share) and `lost`, never 0 for no answer."""
    rows = list(frame.itertuples())
    return frame.assign(
        score=pd.Series([score_of(row.low, row.high, row.answers) for row in rows], frame.index, dtype=object),
        reached=pd.Series([share_of(row) for row in rows], frame.index, dtype=object),
        lost=pd.Series([row.lost_points if row.answers else "–" for row in rows], frame.index, dtype=object),
    )


def unknown_column(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the column of the points that hang on missing answers; none where nothing is missing."""
    return (_num("unknown_points", t("Belum diketahui")),) if (frame["unknown_points"] > 0).any() else ()


def _of_sheet(
    case: Position,
    caption: str,
    columns: Sequence[Column],
    frame: pd.DataFrame,
    total: Sequence[Any] = (),
    notes: Sequence[str] = (),
) -> Table:
    """A table made from the case's sheet: with its source, what else to know, and a badge when it is illustrative."""
    return Table(
        caption=caption,
        columns=tuple(columns),
        frame=frame,
        source=" ".join((source_note(case), *notes)),
        badge=t("ILUSTRATIF") if case.illustrative else "",
        total=tuple(total),
    )


# --- the instrument -------------------------------------------------------------------------------


def band_table(instrument: Instrument) -> Table:
    """The predicates and where each begins (points)."""
    bands = instrument.ladder.bands
    frame = pd.DataFrame(
        {
            "name": [instrument.ladder.no_award_name, *(band.name for band in bands)],
            "range": [t("di bawah {lower}", lower=number(bands[0].lower))]
            + [f"{number(b.lower)}–{number(b.printed_upper)}" for b in bands],
        }
    )
    return Table(
        t("Predikat dan rentang nilainya"),
        (Column("name", t("Predikat")), Column("range", t("Rentang tercetak (poin)"), "number")),
        frame,
        source=t(
            "Sumber: {source} ({standing}). {rule}",
            source=instrument.sources[bands[0].source].title,
            standing=standing_name(bands[0].standing),
            rule=instrument.gap_rule,
        ),
    )


def instrument_table(components: pd.DataFrame, instrument: Instrument) -> Table:
    """The components with their maxima and how much stands under each.

    Args:
        components: `instrument.components` with `indicators` and `questions`, counts.
    """
    return Table(
        t("{count} komponen instrumen {id}", count=len(components), id=instrument.id),
        (
            Column("component_code", t("Kode")),
            Column("name", t("Komponen")),
            _num("max_points", t("Maksimum")),
            _count("indicators", t("Jumlah indikator")),
            _count("questions", t("Jumlah pertanyaan")),
        ),
        components.reset_index(),
        source=t("Sumber: {title} ({standing}).", title=instrument.title, standing=standing_name(instrument.standing)),
        total=(
            "",
            t("Jumlah"),
            components["max_points"].sum(),
            components["indicators"].sum(),
            components["questions"].sum(),
        ),
    )


def source_table(instrument: Instrument) -> Table:
    """The sources of the instrument and how sure each is."""
    frame = pd.DataFrame(
        [
            {"title": s.title, "citation": s.citation, "standing": standing_name(s.standing)}
            for s in instrument.sources.values()
        ]
    )
    return Table(
        t("Sumber aturan dan bobot"),
        (Column("title", t("Sumber")), Column("citation", t("Rujukan")), Column("standing", t("Status"))),
        frame,
    )


# --- the sheet ------------------------------------------------------------------------------------


@needs("component")
def component_table(components: pd.DataFrame, case: Position) -> Table:
    """Points reached and lost per component (`case.components`, or some of its rows)."""
    frame = shown_points(components).reset_index()
    total, maximum = Span(*components[["low", "high"]].sum().round(6)), components["max_points"].sum()
    unknown = unknown_column(frame)
    shares = dict.fromkeys(percent(end / maximum) for end in (total.low, total.high))
    return _of_sheet(
        case,
        t("Nilai per komponen"),
        (
            Column("name", t("Komponen")),
            _num("score", t("Nilai")),
            _num("max_points", t("Maksimum")),
            _share("reached", t("Tercapai")),
            _num("lost", t("Hilang")),
            *unknown,
        ),
        frame,
        total=(
            t("Total"),
            total.low if total.is_exact else case.ladder.written(total),
            maximum,
            total.low / maximum if total.is_exact else "–".join(shares),
            maximum - total.high,
            *([components["unknown_points"].sum().round(6)] if unknown else ()),
        ),
    )


@needs("indicator")
def indicator_table(indicators: pd.DataFrame, case: Position) -> Table:
    """Points reached and lost per indicator (`case.indicators`, or some of its rows), in the order of the table."""
    frame, parts = shown_points(indicators), indicators["component_code"].unique()
    caption = t("Indikator")
    if len(indicators) == len(case.indicators) and indicators["lost_points"].is_monotonic_decreasing:
        caption = t("Semua indikator, dari yang paling banyak kehilangan poin")
    elif len(parts) == 1:
        caption = t("Indikator {name}", name=case.instrument.component(parts[0]).name)
    return _of_sheet(
        case,
        caption,
        (
            Column("indicator_code", t("Kode")),
            Column("name", t("Indikator")),
            _num("score", t("Nilai")),
            _num("max_points", t("Maksimum")),
            _share("reached", t("Tercapai")),
            _num("lost", t("Hilang")),
            *unknown_column(frame),
        ),
        frame.reset_index(),
    )


@needs("question")
def question_table(questions: pd.DataFrame, case: Position, *, caption: str = "") -> Table:
    """What questions lose, with their owners (rows of `case.questions`), in the order of the table."""
    frame = shown_points(questions)
    frame["recoverable"] = questions["recoverable_points"].astype(object).where(questions["answers"] > 0, "–")
    return _of_sheet(
        case,
        caption or t("{count} pertanyaan dengan kehilangan terbesar", count=len(questions)),
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("score", t("Nilai")),
            _num("max_points", t("Maks.")),
            _num("recoverable", t("Bisa diraih")),
            Column("owners", t("Penanggung jawab"), write=_owners_cell),
        ),
        frame.reset_index(),
    )


@needs("question")
def selected_table(questions: pd.DataFrame, case: Position, *, top: int | None = None) -> Table:
    """Chosen questions, with their owners (rows of `case.questions`), in the order of the table."""
    frame = shown_points(questions)
    caption = t("{count} pertanyaan terpilih", count=len(frame))
    if top is not None and len(frame) > top:
        caption = t("{count} pertanyaan terpilih, {top} dengan kehilangan terbesar", count=len(frame), top=top)
        frame = frame.head(top)
    return _of_sheet(
        case,
        caption,
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            Column("component_code", t("Komponen")),
            Column("indicator_code", t("Indikator")),
            _num("score", t("Nilai")),
            _num("max_points", t("Maks.")),
            _num("lost", t("Hilang")),
            Column("owners", t("Penanggung jawab"), write=_owners_cell),
        ),
        frame.reset_index(),
    )


@needs("question")
def unanswered_table(
    questions: pd.DataFrame, case: Position, *, points: float | None = None, top: int | None = None
) -> Table | Text:
    """The questions that nobody has answered, with their owners; one sentence where there are none.

    Args:
        questions: rows of `case.questions`.
        points: what they can bring together where that is less than their sum: an indicator never holds more than
            its own maximum. That of the whole sheet when not given.
        top: how many are listed.
    """
    if questions.empty:
        return Text((t("Semua pertanyaan sudah dijawab."),), kind="remark")
    listed = questions if top is None else questions.head(top)
    words = {"count": len(questions), "points": number(case.unknown_points if points is None else points)}
    caption = t("{count} pertanyaan belum dijawab, paling banyak {points} poin", **words)
    if len(listed) < len(questions):
        caption = t("{count} pertanyaan belum dijawab, paling banyak {points} poin; {top} yang pertama",
                    top=len(listed), **words)  # fmt: skip
    return _of_sheet(
        case,
        caption,
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("max_points", t("Maks.")),
            Column("owners", t("Penanggung jawab"), write=_owners_cell),
        ),
        listed.reset_index(),
    )


@needs("question")
def agency_table(agencies: pd.DataFrame, case: Position, *, top: int = 15) -> Table:
    """Lost points by agency (`case.agencies`, or some of its rows): those it has a hand in, and its equal share of them."""
    table = _of_sheet(
        case,
        t("Poin yang hilang menurut penanggung jawab"),
        (
            Column("agency", t("Penanggung jawab")),
            Column("full_name", t("Nama lengkap")),
            _count("questions", t("Jumlah pertanyaan")),
            _num("involved_points", t("Ikut menjawab (poin)")),
            _num("shared_points", t("Bagian rata (poin)")),
        ),
        agencies.head(top).reset_index(),
    )
    how = t(
        "“Ikut menjawab” menghitung penuh setiap pertanyaan yang dijawab bersama, jadi jumlahnya melebihi total; "
        "“bagian rata” membaginya sama banyak (asumsi)."
    )
    return replace(table, source=f"{table.source} {how}")


def audit_table(wrong: pd.DataFrame, found: Audit, instrument: Instrument) -> Several:
    """The lines of a sheet that do not add up (rows of `Audit.rows`), and its total three ways."""
    names = {**instrument.indicators["name"], **instrument.components["name"], "total": t("Total")}
    wrong = wrong.reset_index()
    wrong["name"] = wrong["code"].map(names)
    wrong["level"] = wrong["level"].map(lambda level: t("total") if level == "total" else level_name(level))
    source = t("Sumber: {file}, dihitung ulang.", file=found.shown)
    lines = Table(
        t("Baris yang tidak cocok dengan jumlah di bawahnya"),
        (
            Column("code", t("Kode")),
            Column("level", t("Tingkat")),
            Column("name", t("Nama")),
            _num("printed_max", t("Maks. tercetak")),
            _num("summed_max", t("Maks. dihitung")),
            _num("printed_score", t("Nilai tercetak")),
            _num("summed_score", t("Nilai dihitung")),
            _num("questions_score", t("Nilai dari pertanyaan")),
        ),
        wrong,
        source=source,
    )
    ways = {
        "printed": t("Total tercetak"),
        "indicators": t("Jumlah nilai indikator tercetak"),
        "questions": t("Jumlah nilai pertanyaan"),
    }
    totals = pd.DataFrame(
        {
            "way": [ways[key] for key in found.totals],
            "score": list(found.totals.values()),
            "max": [found.maxima[key] for key in found.totals],
        }
    )
    ladder = instrument.ladder
    # A printed total may be above anything that the instrument allows.
    totals["predicate"] = [ladder.place(s).name if 0 <= s <= ladder.max_total else None for s in totals["score"]]
    return Several(
        (
            Table(
                t("Satu lembar, {count} total", count=number(len(totals))),
                (
                    Column("way", t("Cara menghitung")),
                    _num("score", t("Nilai")),
                    _num("max", t("Maksimum")),
                    Column("predicate", t("Predikat")),
                ),
                totals,
                source=source,
            ),
            lines,
        )
    )


def own_audit(wrong: pd.DataFrame, case: Position) -> Several | Text:
    """The lines of a sheet that do not add up (rows of `kla.printed_lines`); words where it prints nothing to compare."""
    if case.assessment is None or case.assessment.printed is None:
        said = t(
            "Lembar ini hanya memuat nilai, tanpa angka tercetak per indikator dan komponen, jadi tidak ada "
            "cetakan yang dapat dibandingkan."
        )
        return Text((said,), kind="remark")
    found = audit(case.assessment, case.instrument)
    own = case.area.code != REFERENCE_CODE
    return Several((audit_in_words(found, own=own), audit_table(wrong, found, case.instrument)))


def reference_audit(case: Position) -> Several | Text:
    """The audit of the sheet from which the weights of the case's instrument are known."""
    reference = reference_of(case.instrument)
    if reference is None:
        return Text((t("Tidak ada lembar rujukan untuk instrumen {id}.", id=case.instrument.id),), kind="remark")
    said = t(
        "Bobot di laporan ini berasal dari satu salinan: {title}. Bila salinan itu bertentangan dengan dirinya sendiri, "
        "pertentangannya dinyatakan di sini, tidak diperbaiki diam-diam.",
        title=reference.assessment.origin.title,
    )
    rows = printed_lines(reference)
    return Several((Text((said,)), own_audit(rows[~rows["adds_up"].astype(bool)], reference)))


# --- published ------------------------------------------------------------------------------------


def history_table(history: pd.DataFrame, case: Position) -> Table:
    """The published results of the area (`case.history`); where no score is, the range that is known of it."""
    stages = {stage.code: stage.name for stage in case.instrument.stages}
    frame = history.assign(
        stage=history["stage"].map(stages).fillna(t("Selama verifikasi")),
        known=[
            row.known if row.low == row.high else " ".join(filter(None, (row.known, f"({Span(row.low, row.high)})")))
            for row in history.itertuples()
        ],
        standing=[standing_name(code) for code in history["standing"]],
    )
    return Table(
        t("Hasil {area} yang terbit", area=case.area.name),
        (
            Column("award_year", t("Tahun"), write=str),
            Column("stage", t("Tahap")),
            _num("score", t("Nilai")),
            Column("known", t("Predikat")),
            Column("standing", t("Status")),
            Column("note", t("Catatan"), "long"),
            Column("source", t("Sumber"), "kla-link", without_scheme),
        ),
        frame,
        source=t("Di dalam kurung: rentang nilai bila angkanya tidak diumumkan. Tanda – berarti tidak diumumkan."),
    )


def national_table(counts: pd.DataFrame) -> Table:
    """How many districts got each predicate, per award year (`kla.load_national_counts`, with `took_part` where known)."""
    none_given = ", ".join(str(year) for year in counts.loc[~counts["held"], "award_year"])
    frame = counts[counts["held"]]
    bands = [band for band in load_instrument().ladder.bands if band.code in frame]
    return Table(
        t("Jumlah kabupaten/kota penerima penghargaan"),
        (
            Column("award_year", t("Tahun"), write=str),
            _count("took_part", t("Ikut serta")),
            _count("awarded_total", t("Penerima")),
            *(_count(band.code, band.name) for band in bands),
        ),
        frame,
        source=t(
            "Status: terbit, dihimpun dari laporan pers. Tanda – berarti tidak ditemukan; tanpa penghargaan: {years}.",
            years=none_given or "–",
        ),
    )


# --- the way to the target --------------------------------------------------------------------------


def conditions_table(statements: Sequence[Statement]) -> Table:
    """What was said of conditions besides the total and of where predicates begin: who, when, which questions."""
    rows = []
    for one in statements:
        years = (
            t("Aturan {first}–{last}.", first=one.award_years[0], last=one.award_years[-1]) if one.award_years else ""
        )
        rows.append(
            {
                "text": " ".join(filter(None, (one.text, years, one.against))),
                "who": f"{one.by}, {month(one.said)}",
                "codes": ", ".join(one.questions) or "–",
                "standing": standing_name(one.standing),
                "source": one.source,
            }
        )
    return Table(
        t("Syarat di luar nilai total dan batas predikat, seperti yang pernah disebut"),
        (
            Column("text", t("Pernyataan"), "long"),
            Column("who", t("Oleh siapa, kapan")),
            Column("codes", t("Pertanyaan")),
            Column("standing", t("Status")),
            Column("source", t("Sumber"), "kla-link", without_scheme),
        ),
        pd.DataFrame(rows, columns=["text", "who", "codes", "standing", "source"]),
        source=t(
            "Sumber: data/published/conditions.yaml. Pernyataan orang, bukan pasal; tidak ada yang menghalangi laporan ini."
        ),
    )


@needs("indicator")
def least_share_table(below: pd.DataFrame, case: Position, least: float) -> Several | Text:
    """The indicators below a minimum share of their maximum (`kla.weak_indicators`); words where the check is off."""
    if not least:
        return Text((t("Pemeriksaan nilai minimum tiap indikator tidak diminta."),), kind="remark")
    said = least_share_in_words(below, least)
    if below.empty:
        return Several((said,))
    table = _of_sheet(
        case,
        t("Indikator di bawah {share} dari maksimumnya", share=percent(least)),
        (
            Column("indicator_code", t("Kode")),
            Column("name", t("Indikator")),
            Column("score", t("Nilai"), "number", unit="points"),
            _num("max_points", t("Maksimum")),
            _num("short", t("Kurang")),
        ),
        below.assign(score=[score_of(row.low, row.high, row.answers) for row in below.itertuples()]).reset_index(),
    )
    return Several((said, table))


@needs("question")
def closing_set_table(sides: pd.DataFrame, case: Position, target: str) -> Table:
    """The smallest sets of questions that close the gap to a target, seen from several sides (`kla.closing_sets`)."""
    _, gap = gap_to(target, case.span, case.instrument)
    closes = [
        t("tidak, kurang {gap}", gap=number(short, beside=(0,))) if short else t("ya")
        for short in sides["short_points"]
    ]
    return _of_sheet(
        case,
        t("Paling sedikit pertanyaan yang harus terjawab penuh untuk menutup jarak {gap}", gap=points(gap)),
        (
            Column("title", t("Dari")),
            _count("questions", t("Jumlah pertanyaan")),
            _num("gain_points", t("Tambahan poin")),
            Column("closes", t("Menutup jarak?")),
            _count("owners", t("Jumlah penanggung jawab")),
        ),
        sides.assign(closes=closes),
    )


@needs("question")
def set_questions_table(gains: pd.DataFrame, case: Position) -> Table:
    """Questions to be answered in full, with what each adds (`gain_points`, from `kla.smallest_set`) and whose it is."""
    return _of_sheet(
        case,
        t("Pertanyaan yang menutup jarak, dari tambahan terbesar"),
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("low", t("Nilai")),
            _num("max_points", t("Maks.")),
            _num("gain_points", t("Tambahan")),
            Column("owners", t("Penanggung jawab"), write=_owners_cell),
        ),
        gains.reset_index(),
        total=("", t("Jumlah"), "", "", round(math.fsum(gains["gain_points"]), 6), ""),
    )


@needs("component")
def difference_table(both: pd.DataFrame, case: Position, other: Position | None) -> Table | Text:
    """Two sheets side by side, code by code (`kla.beside`): another area or round before, this one after."""
    if other is None:
        return Text((t("Tidak ada lembar rujukan untuk instrumen {id}.", id=case.instrument.id),), kind="remark")
    before, after = (f"{one.area.name} {one.award_year}" for one in (other, case))
    ends = [
        [(row.before, row.before_high, row.before_answers), (row.after, row.after_high, row.after_answers)]
        for row in both.itertuples()
    ]
    columns = zip(*([score_of(*end) for end in pair] for pair in ends), strict=True)
    shown = dict(zip(("before", "after"), columns, strict=True)) | {
        "change": [_change(row) for row in both.itertuples()]
    }
    frame = both.assign(**{name: pd.Series(cells, both.index, dtype=object) for name, cells in shown.items()})
    return _of_sheet(
        case,
        t("{before} dibandingkan dengan {after}", before=before, after=after),
        (
            Column("name", t("Nama")),
            _num("max_points", t("Maksimum")),
            _num("before", before),
            _num("after", after),
            Column("change", t("Selisih"), "number", signed, "points"),
        ),
        frame.reset_index(),
    )


def _change(row: Any) -> float | str:
    """Return what is shown of a change between two sheets: both ends where an answer is missing on one side."""
    if not (row.before_answers and row.after_answers):
        return "–"
    return (
        row.change
        if row.change == row.change_high
        else t("{low} sampai {high}", low=signed(row.change), high=signed(row.change_high))
    )


@needs("indicator")
def trace_table(lines: pd.DataFrame, case: Position) -> Table:
    """A number and everything it is made of (`kla.made_of`)."""
    frame = lines.copy()
    frame["name"] = [" · " * depth + name for depth, name in zip(frame["depth"], frame["name"], strict=True)]
    scores = [score_of(*line) for line in zip(frame["points"], frame["points_high"], frame["answers"], strict=True)]
    frame["points"] = pd.Series(scores, frame.index, dtype=object)
    first = scores[0] if isinstance(scores[0], str) else number(scores[0])
    return _of_sheet(
        case,
        t("Dari mana {code} = {points} berasal", code=frame["code"].iloc[0], points=first),
        (
            Column("code", t("Kode")),
            Column("name", t("Nama")),
            _num("points", t("Nilai")),
            _num("max_points", t("Maks.")),
            Column("rule", t("Cara dihitung")),
            Column("source", t("Sumber")),
        ),
        frame,
    )


# --- what may still happen ----------------------------------------------------------------------------


@needs("component")
@needs_forecast
def sensitivity_table(decides: pd.DataFrame, case: Position, target: str) -> Table:
    """How much each input explains of the score, and of reaching the target (`kla.what_decides`)."""
    names = {COMMON: t("Ketat-longgarnya verifikasi seluruhnya")}
    frame = decides.assign(
        name=[names.get(code, name) for code, name in decides["name"].items()],
        range=[f"{percent(row.total_low)}–{percent(row.total_high)}" for row in decides.itertuples()],
    )
    return _of_sheet(
        case,
        t("Apa yang menentukan nilai pada penghargaan"),
        (
            Column("name", t("Masukan")),
            _share("first", t("Sendirian")),
            _share("total", t("Seluruhnya")),
            Column("range", t("Rentang 95%"), "number"),
            _share("reach", t("Tercapainya {goal}", goal=case.ladder.band(target).name)),
        ),
        frame,
        notes=low_end(case),
    )


@needs("question")
def answer_flip_table(flips: pd.DataFrame, case: Position, *, top: int = 10) -> Table | Text:
    """The single answers whose rejection would cost the predicate, nearest first (`kla.answer_flips`)."""
    if flips.empty:  # the sentence above it has said so
        return Text(())
    frame = flips.head(top).reset_index()
    frame["predicate_without"] = [case.ladder.name(code) for code in frame["predicate_without"]]
    return _of_sheet(
        case,
        t("Jawaban yang sendirian dapat mengubah predikat"),
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("low", t("Nilai")),
            _share("share_needed", t("Harus bertahan")),
            _num("total_without", t("Total tanpanya")),
            Column("predicate_without", t("Menjadi")),
        ),
        frame,
        notes=low_end(case),
    )


@needs("component")
def weight_flip_table(flips: pd.DataFrame, case: Position) -> Table:
    """How far each component's weight would have to move to change the predicate, nearest first (`kla.weight_flips`)."""
    return _of_sheet(
        case,
        t("Perubahan bobot yang akan mengubah predikat"),
        (
            Column("name", t("Komponen")),
            _num("score", t("Nilai")),
            _num("factor_down", t("Turun bila dikali"), "times"),
            _num("factor_up", t("Naik bila dikali"), "times"),
        ),
        flips.assign(score=shown_points(case.components)["score"]).reset_index(),
        notes=low_end(case),
    )


# --- what the country did -------------------------------------------------------------------------------


def province_table(standing: pd.DataFrame, case: Position) -> Table:
    """The last published award of every area of the province (`kla.province_standing`)."""
    ladder = case.ladder
    frame = standing.assign(
        predicate=[ladder.name(code) for code in standing["predicate"]],
        later=[later_award(row, ladder) for row in standing.itertuples()],
    )
    return Table(
        t("Penghargaan terakhir yang terbit di {province}", province=case.area.province or "–"),
        (
            Column("rank", t("Peringkat"), write=str),
            Column("area_name", t("Daerah")),
            Column("award_year", t("Tahun"), write=str),
            Column("predicate", t("Predikat")),
            _num("score", t("Nilai")),
            Column("later", t("Sesudahnya")),
        ),
        frame,
        source=t("Sumber: data/published/results.csv (terbit), tidak lengkap. Peringkat sama untuk predikat sama."),
    )


def transition_table(steps: pd.DataFrame, case: Position) -> Table:
    """How often one predicate was followed by which, with counts and intervals (`kla.transitions`)."""
    ladder = case.ladder
    frame = steps.reset_index()
    frame["before"] = [ladder.name(code) for code in frame["before"]]
    frame["after"] = [ladder.name(code) for code in frame["after"]]
    frame["range"] = [f"{percent(row.low)}–{percent(row.high)}" for row in frame.itertuples()]
    return Table(
        t("Predikat dan predikat pada putaran berikutnya, sampai putaran {year}", year=case.award_year),
        (
            Column("before", t("Sekarang")),
            Column("after", t("Berikutnya")),
            _count("count", t("Banyaknya")),
            _count("of", t("Dari")),
            _count("districts", t("Pada berapa daerah")),
            Column("range", t("Rentang 95%"), "number"),
        ),
        frame,
        source=_pairs_source(),
    )


def moves_table(moved: pd.DataFrame, case: Position) -> Table:
    """How many rose, stayed and fell, provinces that are published entire apart from press reports (`kla.moves`)."""
    ladder = case.ladder
    frame = moved.reset_index()
    frame["before"] = [ladder.name(code) for code in frame["before"]]
    frame["kind"] = [t("provinsi utuh") if whole else t("berita") for whole in frame["whole"]]
    frame["range"] = [f"{percent(row.low)}–{percent(row.high)}" for row in frame.itertuples()]
    return Table(
        t(
            "Naik, tetap, turun: provinsi yang daftarnya utuh dan berita, sampai putaran {year}",
            year=case.award_year,
        ),
        (
            Column("before", t("Dari predikat")),
            Column("kind", t("Asal hasil")),
            _count("rose", t("Naik")),
            _count("stayed", t("Tetap")),
            _count("fell", t("Turun")),
            _count("districts", t("Pada berapa daerah")),
            Column("range", t("Bagian yang naik, 95%"), "number"),
        ),
        frame,
        source=_pairs_source(),
    )


def contradictions_table(found: Sequence[Contradiction]) -> Table:
    """Where the published facts contradict each other, and what is used (`kla.load_contradictions`)."""
    frame = pd.DataFrame([(one.about, one.readings, one.used) for one in found], columns=["about", "readings", "used"])
    return Table(
        t("Pertentangan antara hasil yang terbit"),
        (
            Column("about", t("Tentang")),
            Column("readings", t("Bacaan"), "long"),
            Column("used", t("Yang dipakai"), "long"),
        ),
        frame,
        source=t("Sumber: data/published/discrepancies.yaml; dinyatakan, tidak diperbaiki diam-diam."),
    )


def component_shares_table(published: pd.DataFrame, case: Position) -> Table:
    """What districts published of their components (`kla.load_component_scores`), beside the sheet's own if there is one."""
    instrument = case.instrument
    stages = {stage.code: stage.name for stage in instrument.stages}
    codes = list(instrument.components.index)
    published = published[published["component_code"].isin(codes)]
    rows = []
    for key, group in published.groupby(["area_name", "award_year", "stage"], dropna=False, sort=False):
        shares = group.set_index("component_code")["share"]
        stage = t("tahap tidak disebut") if pd.isna(key[2]) else stages.get(key[2], t("Selama verifikasi")).lower()
        rows.append({"who": f"{key[0]} {key[1]}, {stage}", **{code: shares.get(code) for code in codes}})
    if case.roll_up is not None:
        known = case.components[case.components["low"] == case.components["high"]]
        own = known["low"] / known["max_points"]
        rows.insert(0, {"who": _of_this_report(case), **own.to_dict()})
    return Table(
        t("Bagian maksimum yang dicapai per komponen, di samping daerah lain"),
        (
            Column("who", t("Daerah dan tahap")),
            *(_share(code, code) for code in codes),
        ),
        pd.DataFrame(rows, columns=["who", *codes]),
        source=t(
            "Sumber: data/published/component_scores.csv (terbit). Bagian dihitung dengan maksimum yang tercetak, bila tidak ada "
            "dengan maksimum {title} (turunan). Tahap dan tahunnya berbeda, jadi hanya pembanding kasar.",
            title=instrument.title,
        ),
        badge=t("ILUSTRATIF") if case.illustrative else "",
    )


def _of_this_report(case: Position) -> str:
    stage = case.instrument.stage(case.stage).name.lower()
    sheet = t("lembar ilustratif") if case.illustrative else stage
    return f"{case.area.name} {case.award_year}, {sheet}"


def _pairs_source() -> str:
    return t(
        "Sumber: data/published/results.csv dan province_counts.csv (terbit), putaran berurutan saja. Rentang Wilson dengan "
        "daerah yang berulang dihitung sebagai satu daerah."
    )


def earlier_table(earlier: pd.DataFrame, case: Position) -> Table | Text:
    """What is known of other years' weights (`case.instrument.earlier`) beside today's."""
    instrument = case.instrument
    if earlier.empty:
        return Text((t("Bobot tahun lain tidak diketahui."),), kind="remark")
    frame = earlier.assign(
        name=[instrument.component(code).name for code in earlier["code"]],
        now=[instrument.component(code).max_points for code in earlier["code"]],
        standing=[standing_name(standing) for standing in earlier["standing"]],
        source=[instrument.sources[source].title for source in earlier["source"]],
    )
    return Table(
        t("Bobot tahun lain yang diketahui"),
        (
            Column("name", t("Komponen")),
            Column("award_year", t("Tahun"), write=str),
            _num("max_points", t("Maksimum waktu itu")),
            _num("now", instrument.id),
            Column("source", t("Sumber")),
            Column("standing", t("Status")),
        ),
        frame,
    )


def _whole(value: float) -> str:
    return number(value, decimals=0)
