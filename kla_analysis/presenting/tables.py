"""Tables as people read them: a caption, named columns, aligned figures, a source under each.

Data never becomes markup: the one template escapes every cell. Beside what is written stands the value
itself, so that the workbook of a report is made from what its pages show and can never disagree with them.
"""

from __future__ import annotations

import csv
import io
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kla_analysis.analysis.comparison import closing_sets, difference, gap_to, smallest_set
from kla_analysis.analysis.conditions import below_share
from kla_analysis.analysis.country import moves, province_standing, published_pairs, transitions
from kla_analysis.analysis.forecast import outlook
from kla_analysis.analysis.position import Position, reference_of
from kla_analysis.analysis.trace import trace
from kla_analysis.analysis.uncertainty import COMMON, flips_by_answer, flips_by_weight, sensitivity
from kla_analysis.analysis.weakness import (
    Selection,
    lost_by_agency,
    lost_points,
    selected,
    unanswered_questions,
    weak_questions,
)
from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.audit import Audit, audit
from kla_analysis.evidence.contradictions import load_contradictions
from kla_analysis.evidence.history import load_history
from kla_analysis.evidence.published import (
    load_component_scores,
    load_national_counts,
    load_participation,
)
from kla_analysis.evidence.statements import load_statements
from kla_analysis.instrument.bands import Span
from kla_analysis.instrument.instrument import Instrument, level_name, load_instrument, split_agencies, standing_name
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
    score_sensitivity,
    source_note,
    without_scheme,
)


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


def _agencies_cell(text: Any) -> str:
    return ", ".join(split_agencies(text)) or t("belum ada penanggung jawab")


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
    position: Position,
    caption: str,
    columns: Sequence[Column],
    frame: pd.DataFrame,
    total: Sequence[Any] = (),
    notes: Sequence[str] = (),
) -> Table:
    """A table made from the position's sheet: with its source, what else to know, and a badge when it is illustrative."""
    return Table(
        caption=caption,
        columns=tuple(columns),
        frame=frame,
        source=" ".join((source_note(position), *notes)),
        badge=t("ILUSTRATIF") if position.illustrative else "",
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


def instrument_table(instrument: Instrument) -> Table:
    """The components with their maxima and how much stands under each."""
    components = instrument.components
    frame = components.reset_index().assign(
        indicators=[int((instrument.indicators["component_code"] == code).sum()) for code in components.index],
        questions=[int((instrument.questions["component_code"] == code).sum()) for code in components.index],
    )
    return Table(
        t("{count} komponen instrumen {id}", count=len(components), id=instrument.id),
        (
            Column("component_code", t("Kode")),
            Column("name", t("Komponen")),
            _num("max_points", t("Maksimum")),
            _count("indicators", t("Jumlah indikator")),
            _count("questions", t("Jumlah pertanyaan")),
        ),
        frame,
        source=t("Sumber: {title} ({standing}).", title=instrument.title, standing=standing_name(instrument.standing)),
        total=(
            "",
            t("Jumlah"),
            components["max_points"].sum(),
            len(instrument.indicators),
            len(instrument.questions),
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
def component_table(position: Position) -> Table:
    """Points reached and lost per component."""
    frame = shown_points(position.roll_up.components).reset_index()
    total = position.roll_up.total
    maximum = position.instrument.ladder.max_total
    unknown = unknown_column(frame)
    shares = dict.fromkeys(percent(end / maximum) for end in (total.low, total.high))
    return _of_sheet(
        position,
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
            total.low if total.is_exact else position.instrument.ladder.written(total),
            maximum,
            total.low / maximum if total.is_exact else "–".join(shares),
            maximum - total.high,
            *([position.unknown_points] if unknown else ()),
        ),
    )


@needs("indicator")
def indicator_table(position: Position, component: str | None = None) -> Table:
    """Points reached and lost per indicator, of one component or of all, weakest loss first."""
    frame = shown_points(lost_points(position.roll_up, "indicator"))
    if component is not None:
        frame = frame[frame["component_code"] == component]
        caption = t("Indikator {name}", name=position.instrument.component(component).name)
    else:
        caption = t("Semua indikator, dari yang paling banyak kehilangan poin")
    return _of_sheet(
        position,
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
def question_table(position: Position, component: str | None = None, top: int = 10) -> Table:
    """The questions that lose most points, with their owners."""
    frame = weak_questions(position.roll_up, component, top=top)
    caption = t("{count} pertanyaan dengan kehilangan terbesar", count=len(frame))
    if component is not None:
        name = position.instrument.component(component).name
        caption = t("{name}: {count} pertanyaan dengan kehilangan terbesar", name=name, count=len(frame))
    return _of_sheet(
        position,
        caption,
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("low", t("Nilai")),
            _num("max_points", t("Maks.")),
            _num("recoverable_points", t("Bisa diraih")),
            Column("agencies", t("Penanggung jawab"), write=_agencies_cell),
        ),
        frame.reset_index(),
    )


@needs("question")
def selected_table(position: Position, chosen: Selection, top: int | None = None) -> Table:
    """The questions of a selection, largest loss first, with their owners."""
    frame = shown_points(selected(position.roll_up, chosen))
    caption = t("{count} pertanyaan terpilih", count=len(frame))
    if top is not None and len(frame) > top:
        caption = t("{count} pertanyaan terpilih, {top} dengan kehilangan terbesar", count=len(frame), top=top)
        frame = frame.head(top)
    return _of_sheet(
        position,
        caption,
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            Column("component_code", t("Komponen")),
            Column("indicator_code", t("Indikator")),
            _num("score", t("Nilai")),
            _num("max_points", t("Maks.")),
            _num("lost", t("Hilang")),
            Column("agencies", t("Penanggung jawab"), write=_agencies_cell),
        ),
        frame.reset_index(),
    )


@needs("question")
def unanswered_table(position: Position, component: str | None = None, top: int | None = None) -> Table | Text:
    """The questions that nobody has answered, with their owners; one sentence where there are none."""
    frame = unanswered_questions(position.roll_up, component)
    if frame.empty:
        return Text((t("Semua pertanyaan sudah dijawab."),), kind="remark")
    listed = frame if top is None else frame.head(top)
    # As the total counts them: an indicator never holds more than its own maximum.
    unknown = (
        position.unknown_points if component is None else position.roll_up.components.at[component, "unknown_points"]
    )
    most = number(unknown)
    caption = t("{count} pertanyaan belum dijawab, paling banyak {points} poin", count=len(frame), points=most)
    if len(listed) < len(frame):
        caption = t("{count} pertanyaan belum dijawab, paling banyak {points} poin; {top} yang pertama", count=len(frame),
                    points=most, top=len(listed))  # fmt: skip
    return _of_sheet(
        position,
        caption,
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("max_points", t("Maks.")),
            Column("agencies", t("Penanggung jawab"), write=_agencies_cell),
        ),
        listed.reset_index(),
    )


@needs("question")
def agency_table(position: Position, top: int = 15) -> Table:
    """Lost points by agency: those it has a hand in, and its equal share of them."""
    frame = lost_by_agency(position.roll_up).head(top).reset_index()
    names = position.instrument.agencies["name"]
    frame["full_name"] = frame["agency"].map(names).fillna(frame["agency"])
    table = _of_sheet(
        position,
        t("Poin yang hilang menurut penanggung jawab"),
        (
            Column("agency", t("Penanggung jawab")),
            Column("full_name", t("Nama lengkap")),
            _count("questions", t("Jumlah pertanyaan")),
            _num("involved_points", t("Ikut menjawab (poin)")),
            _num("shared_points", t("Bagian rata (poin)")),
        ),
        frame,
    )
    return Table(
        **{
            **table.__dict__,
            "source": table.source
            + " "
            + t(
                "“Ikut menjawab” menghitung penuh setiap pertanyaan yang dijawab bersama, jadi jumlahnya melebihi total; "
                "“bagian rata” membaginya sama banyak (asumsi)."
            ),
        }
    )


def audit_table(found: Audit, instrument: Instrument) -> Several:
    """The lines of a sheet that do not add up, and its total three ways."""
    names = {**instrument.indicators["name"], **instrument.components["name"], "total": t("Total")}
    wrong = found.rows[~found.rows["adds_up"]].reset_index()
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


def own_audit(position: Position) -> Several | Text:
    """The audit of the position's own sheet, or words where it prints nothing to compare."""
    if position.assessment is None or position.assessment.printed is None:
        return Text(
            (
                t(
                    "Lembar ini hanya memuat nilai, tanpa angka tercetak per indikator dan komponen, jadi tidak ada "
                    "cetakan yang dapat dibandingkan."
                ),
            ),
            kind="remark",
        )
    found = audit(position.assessment, position.instrument)
    own = position.area.code != REFERENCE_CODE
    return Several((audit_in_words(found, own=own), audit_table(found, position.instrument)))


def reference_audit(position: Position) -> Several | Text:
    """The audit of the sheet from which the weights of the position's instrument are known."""
    reference = reference_of(position.instrument)
    if reference is None:
        return Text((t("Tidak ada lembar rujukan untuk instrumen {id}.", id=position.instrument.id),), kind="remark")
    said = t(
        "Bobot di laporan ini berasal dari satu salinan: {title}. Bila salinan itu bertentangan dengan dirinya sendiri, "
        "pertentangannya dinyatakan di sini, tidak diperbaiki diam-diam.",
        title=reference.assessment.origin.title,
    )
    return Several((Text((said,)), own_audit(reference)))


# --- published ------------------------------------------------------------------------------------


def history_table(position: Position) -> Table:
    """The published results of the area; where no score is, the range that is known of it."""
    stages = {stage.code: stage.name for stage in position.instrument.stages}
    history = position.history
    frame = history.assign(
        stage=history["stage"].map(stages).fillna(t("Selama verifikasi")),
        known=[
            row.known if row.low == row.high else " ".join(filter(None, (row.known, f"({Span(row.low, row.high)})")))
            for row in history.itertuples()
        ],
        standing=[standing_name(code) for code in history["standing"]],
    )
    return Table(
        t("Hasil {area} yang terbit", area=position.area.name),
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


def national_table() -> Table:
    """How many districts got each predicate, per award year."""
    frame = load_national_counts()
    none_given = ", ".join(str(year) for year in frame.loc[~frame["held"], "award_year"])
    people = load_participation()
    took_part = people[people["measure"] == "took_part"].set_index("award_year")["value"]
    frame = frame[frame["held"]].assign(took_part=lambda held: held["award_year"].map(took_part))
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


def conditions_table(position: Position) -> Table:
    """What was said of conditions besides the total and of where predicates begin: who, when, which questions."""
    rows = []
    for one in load_statements(position.instrument):
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
def least_share_table(position: Position, least: float) -> Several | Text:
    """The indicators below a minimum share of their maximum; words where the check is off."""
    if not least:
        return Text(
            (t("Pemeriksaan nilai minimum tiap indikator tidak diminta."),),
            kind="remark",
        )  # fmt: skip
    found = below_share(position.roll_up, least)
    said = least_share_in_words(found, least)
    if found.empty:
        return Several((said,))
    table = _of_sheet(
        position,
        t("Indikator di bawah {share} dari maksimumnya", share=percent(least)),
        (
            Column("indicator_code", t("Kode")),
            Column("name", t("Indikator")),
            Column("score", t("Nilai"), "number", unit="points"),
            _num("max_points", t("Maksimum")),
            _num("short", t("Kurang")),
        ),
        found.assign(
            score=[score_of(row.low, row.high, row.answers) for row in found.itertuples()],
        ).reset_index(),
    )
    return Several((said, table))


@needs("question")
def closing_set_table(position: Position, target: str) -> Table:
    """The smallest sets of questions that close the gap, seen from several sides."""
    _, gap = gap_to(target, position.span, position.instrument)
    sets = list(closing_sets(position.roll_up, gap.high))
    if position.unknown_points:
        best = t("Semua pertanyaan, bila yang belum dijawab ternyata penuh")
        sets.insert(0, smallest_set(position.roll_up.at_best, gap.low, title=best))
    frame = pd.DataFrame(
        [
            {
                "title": s.title,
                "count": len(s.questions),
                "gain": s.gain_points,
                "closes": t("ya")
                if s.closes
                else t("tidak, kurang {gap}", gap=number(s.gap_points - s.gain_points, beside=(0,))),
                "agencies": len(s.agencies),
            }
            for s in sets
        ]
    )
    caption = t("Paling sedikit pertanyaan yang harus terjawab penuh untuk menutup jarak {gap}", gap=points(gap))
    return _of_sheet(
        position,
        caption,
        (
            Column("title", t("Dari")),
            _count("count", t("Jumlah pertanyaan")),
            _num("gain", t("Tambahan poin")),
            Column("closes", t("Menutup jarak?")),
            _count("agencies", t("Jumlah penanggung jawab")),
        ),
        frame,
    )


@needs("question")
def set_questions_table(position: Position, target: str) -> Table:
    """The fewest questions that close the gap, with what each adds and whose it is."""
    _, gap = gap_to(target, position.span, position.instrument)
    chosen = smallest_set(position.roll_up, gap.high)
    return _of_sheet(
        position,
        t("Pertanyaan yang menutup jarak, dari tambahan terbesar"),
        (
            Column("question_code", t("Kode")),
            Column("name", t("Pertanyaan")),
            _num("low", t("Nilai")),
            _num("max_points", t("Maks.")),
            _num("gain_points", t("Tambahan")),
            Column("agencies", t("Penanggung jawab"), write=_agencies_cell),
        ),
        chosen.questions.reset_index(),
        total=("", t("Jumlah"), "", "", chosen.gain_points, ""),
    )


@needs("component")
def difference_table(position: Position, other: Position, level: str = "component") -> Table:
    """Two sheets side by side, code by code: another area or round before, this one after.

    Raises:
        DataError: the sheets follow different instruments, or one stops above this level.
    """
    before, after = (f"{one.area.name} {one.award_year}" for one in (other, position))
    frame = difference(other.roll_up, position.roll_up, level)
    rows = list(frame.itertuples())
    ends = [
        [(row.before, row.before_high, row.before_answers), (row.after, row.after_high, row.after_answers)]
        for row in rows
    ]
    shown = [[score_of(*end) for end in both] for both in ends]
    frame["before"], frame["after"] = (pd.Series(side, frame.index, dtype=object) for side in zip(*shown, strict=True))
    frame["change"] = pd.Series([_change(row) for row in rows], frame.index, dtype=object)
    return _of_sheet(
        position,
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


@needs("component")
def reference_difference(position: Position) -> Table | Text:
    """The position's sheet beside the reference sheet of the same instrument, component by component."""
    reference = reference_of(position.instrument)
    if reference is None:
        return Text((t("Tidak ada lembar rujukan untuk instrumen {id}.", id=position.instrument.id),), kind="remark")
    return difference_table(position, reference)


def _indicator_of_the_largest_loss(position: Position) -> str:
    level = "question" if position.roll_up.questions is not None else "indicator"
    first = lost_points(position.roll_up, level).iloc[0]
    return first["indicator_code"] if level == "question" else first.name


@needs("indicator")
def trace_table(position: Position, code: str | None = None) -> Table:
    """A number and everything it is made of; the indicator of the largest loss when no code is given."""
    code = code or _indicator_of_the_largest_loss(position)
    traced = trace(position.roll_up, code, sheet=position.assessment.shown)
    frame = traced.to_frame()
    frame["name"] = [" · " * depth + name for depth, name in zip(frame["depth"], frame["name"], strict=True)]
    scores = [score_of(*line) for line in zip(frame["points"], frame["points_high"], frame["answers"], strict=True)]
    frame["points"] = pd.Series(scores, frame.index, dtype=object)
    first = scores[0] if isinstance(scores[0], str) else number(scores[0])
    return _of_sheet(
        position,
        t("Dari mana {code} = {points} berasal", code=traced.code, points=first),
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
def sensitivity_table(position: Position, target: str) -> Table:
    """How much of the variance of the score, and of reaching the target, each input explains."""
    retention = outlook(position).retention
    score = score_sensitivity(position).indices
    reach = sensitivity(position.roll_up, retention, target=target).indices
    names = {COMMON: t("Ketat-longgarnya verifikasi seluruhnya"), **position.roll_up.components["name"]}
    frame = pd.DataFrame(
        {
            "name": [names[code] for code in score.index],
            "first": score["first"],
            "total": score["total"],
            "range": [f"{percent(row.total_low)}–{percent(row.total_high)}" for row in score.itertuples()],
            "reach": reach["total"],
        }
    ).sort_values("total", ascending=False)
    goal = position.instrument.ladder.band(target).name
    return _of_sheet(
        position,
        t("Apa yang menentukan nilai pada penghargaan"),
        (
            Column("name", t("Masukan")),
            _share("first", t("Sendirian")),
            _share("total", t("Seluruhnya")),
            Column("range", t("Rentang 95%"), "number"),
            _share("reach", t("Tercapainya {goal}", goal=goal)),
        ),
        frame,
        notes=low_end(position),
    )


@needs("question")
def answer_flip_table(position: Position, top: int = 10) -> Table | Text:
    """The single answers whose rejection would cost the predicate, nearest first."""
    frame = flips_by_answer(position.roll_up).head(top).reset_index()
    if frame.empty:  # the sentence above it has said so
        return Text(())
    ladder = position.instrument.ladder
    frame["predicate_without"] = [ladder.name(code) for code in frame["predicate_without"]]
    return _of_sheet(
        position,
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
        notes=low_end(position),
    )


@needs("component")
def weight_flip_table(position: Position) -> Table:
    """How far each component's weight would have to move to change the predicate, nearest first."""
    frame = flips_by_weight(position.roll_up)
    frame["score"] = shown_points(position.roll_up.components)["score"]
    return _of_sheet(
        position,
        t("Perubahan bobot yang akan mengubah predikat"),
        (
            Column("name", t("Komponen")),
            _num("score", t("Nilai")),
            _num("factor_down", t("Turun bila dikali"), "times"),
            _num("factor_up", t("Naik bila dikali"), "times"),
        ),
        frame.reset_index(),
        notes=low_end(position),
    )


# --- what the country did -------------------------------------------------------------------------------


def province_table(position: Position) -> Table:
    """The last published award of every area of the province."""
    ladder = position.instrument.ladder
    frame = province_standing(load_history(), position.area.province, ladder)
    frame["predicate"] = [ladder.name(code) for code in frame["predicate"]]
    frame["later"] = [later_award(row, ladder) for row in frame.itertuples()]
    return Table(
        t("Penghargaan terakhir yang terbit di {province}", province=position.area.province or "–"),
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


def transition_table(position: Position) -> Table:
    """How often one predicate was followed by which, with counts and intervals."""
    ladder = position.instrument.ladder
    frame = transitions(published_pairs(until=position.award_year), ladder).reset_index()
    frame["before"] = [ladder.name(code) for code in frame["before"]]
    frame["after"] = [ladder.name(code) for code in frame["after"]]
    frame["range"] = [f"{percent(row.low)}–{percent(row.high)}" for row in frame.itertuples()]
    return Table(
        t("Predikat dan predikat pada putaran berikutnya, sampai putaran {year}", year=position.award_year),
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


def moves_table(position: Position) -> Table:
    """How many rose, stayed and fell, provinces that are published entire apart from press reports."""
    ladder = position.instrument.ladder
    frame = moves(published_pairs(until=position.award_year), ladder).reset_index()
    frame["before"] = [ladder.name(code) for code in frame["before"]]
    frame["kind"] = [t("provinsi utuh") if whole else t("berita") for whole in frame["whole"]]
    frame["range"] = [f"{percent(row.low)}–{percent(row.high)}" for row in frame.itertuples()]
    return Table(
        t(
            "Naik, tetap, turun: provinsi yang daftarnya utuh dan berita, sampai putaran {year}",
            year=position.award_year,
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


def contradictions_table(position: Position) -> Table:
    """Where the published facts contradict each other, and what is used."""
    found = load_contradictions()
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


def component_shares_table(position: Position) -> Table:
    """What districts published of their components, beside the sheet's own where there is one."""
    instrument = position.instrument
    stages = {stage.code: stage.name for stage in instrument.stages}
    published = load_component_scores(instrument)
    codes = list(instrument.components.index)
    published = published[published["component_code"].isin(codes)]
    rows = []
    for key, group in published.groupby(["area_name", "award_year", "stage"], dropna=False, sort=False):
        shares = group.set_index("component_code")["share"]
        stage = t("tahap tidak disebut") if pd.isna(key[2]) else stages.get(key[2], t("Selama verifikasi")).lower()
        rows.append({"who": f"{key[0]} {key[1]}, {stage}", **{code: shares.get(code) for code in codes}})
    rolled = position.roll_up
    if rolled is not None and rolled.components is not None:
        known = rolled.components[rolled.components["low"] == rolled.components["high"]]
        own = known["low"] / known["max_points"]
        rows.insert(0, {"who": _of_this_report(position), **own.to_dict()})
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
        badge=t("ILUSTRATIF") if position.illustrative else "",
    )


def _of_this_report(position: Position) -> str:
    stage = position.instrument.stage(position.stage).name.lower()
    sheet = t("lembar ilustratif") if position.illustrative else stage
    return f"{position.area.name} {position.award_year}, {sheet}"


def _pairs_source() -> str:
    return t(
        "Sumber: data/published/results.csv dan province_counts.csv (terbit), putaran berurutan saja. Rentang Wilson dengan "
        "daerah yang berulang dihitung sebagai satu daerah."
    )


def earlier_table(position: Position) -> Table | Text:
    """What is known of other years' weights beside today's."""
    instrument = position.instrument
    if instrument.earlier.empty:
        return Text((t("Bobot tahun lain tidak diketahui."),), kind="remark")
    frame = instrument.earlier.assign(
        name=[instrument.component(code).name for code in instrument.earlier["code"]],
        now=[instrument.component(code).max_points for code in instrument.earlier["code"]],
        standing=[standing_name(standing) for standing in instrument.earlier["standing"]],
        source=[instrument.sources[source].title for source in instrument.earlier["source"]],
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
