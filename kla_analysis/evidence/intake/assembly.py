"""The assembly: the tables of a file, shared out among areas, rounds and stages, checked and put together."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pandas as pd

from kla_analysis.errors import DataError, called, did_you_mean, given
from kla_analysis.evidence.areas import Area, find_area
from kla_analysis.evidence.intake.checks import Printed, refuse_sums_above_maxima
from kla_analysis.evidence.intake.columns import EVERY_STAGE, Wanted
from kla_analysis.evidence.intake.grid import TEXT, Book, Cell, Grid, clean, column_name, words_of
from kla_analysis.evidence.intake.header import Header, find_header, stage_named, why_no_table
from kla_analysis.evidence.intake.layout import Line, Table, read_tables, say_what_is_kept_out
from kla_analysis.evidence.intake.names import match_area, names_of
from kla_analysis.evidence.intake.numbers import read_date, read_number
from kla_analysis.evidence.intake.proofs import read_proof, together
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, SKIPPED, Repairs
from kla_analysis.evidence.intake.titles import areas_said, labelled, labels, titles_of, years_in
from kla_analysis.evidence.personal import masked
from kla_analysis.evidence.proof import COLUMNS
from kla_analysis.instrument.instrument import AWARD_YEARS, CODE_COLUMNS, Instrument
from kla_analysis.language import number, t

_TOLERANCE = 0.005
_LEVELS = tuple(CODE_COLUMNS)
#: Rows of a sheet without a header in which codes are looked for.
_MOST_ROWS_LOOKED_AT = 400
#: Unknown areas that are told one by one.
_MOST_UNKNOWN_AREAS = 200


@dataclass(frozen=True, eq=False, repr=False)
class Imported:
    """One tidy assessment out of a file.

    Attributes:
        answers: columns `area_code`, `award_year`, `stage`, the code column of the level, `score` (points, NaN where
            there is no answer), `note`, and what is said of the evidence (`proof.COLUMNS`, those that there are), in
            the order of the instrument.
        printed: what the sheet prints above that level: `level`, `code`, `printed_max`, `printed_score`.
        missing: codes of the instrument without an answer.
        filled_on: the day on which the sheet says that it was filled in, as `2025-03-01`; else "".
    """

    area: Area
    award_year: int
    stage: str
    level: str
    answers: pd.DataFrame
    printed: pd.DataFrame | None
    missing: tuple[str, ...]
    filled_on: str = ""

    @property
    def total(self) -> float:
        """The plain sum of the answers in points."""
        return round(math.fsum(self.answers["score"].dropna()), 6)

    def __repr__(self) -> str:
        return f"Imported({self.area.code} {self.award_year} {self.stage}: {len(self.answers)} {self.level}s, {self.total:g})"


@dataclass(frozen=True)
class Asked:
    """What the user says the sheet is about."""

    area: str
    year: int | None
    stage: str
    sheet: str
    column: str = ""


@dataclass
class _Group:
    """The lines of one area, round and stage, each with where it stands."""

    area: Area
    year: int
    stage: str
    lines: list[tuple[Table, Line]] = field(default_factory=list)


class Assembly:
    """Puts the tables of a book together under one instrument."""

    def __init__(self, book: Book, rules: Instrument, repairs: Repairs, asked: Asked, data: Path | None) -> None:
        self.book, self.rules, self.repairs, self.asked, self.data = book, rules, repairs, asked, data
        self.names = names_of(rules, data)
        self.maxima = {level: rules.table(level)["max_points"].to_dict() for level in _LEVELS}
        self.areas: dict[Cell, Area | None] = {}
        self.stages: dict[str, str] = {}
        self.covers: list[Grid] | None = None
        self.first_headers: dict[int, Header] = {}
        self.differences = 0
        #: By sheet how many figures are stored as text and read as they look.
        self.plain: Counter[str] = Counter()
        self.proofs: dict[str, dict[str, str]] = {}

    def run(self) -> tuple[list[Imported], int]:
        """Return the assessments, and how many printed maxima contradict the instrument."""
        if self.asked.stage and self.asked.stage != EVERY_STAGE:
            self.rules.stage(self.asked.stage)
        tables = self._tables()
        groups: dict[tuple[str, int, str], _Group] = {}
        for table in tables:
            if table.score_column:
                self._group(table, groups)
        if not groups and not self.repairs.refused:
            self.repairs.refuse("", (0, 0), "", t("tidak ada baris data"), t("Isi tabel di bawah kepalanya."))
        imported = [found for group in groups.values() if (found := self._imported(group))]
        for sheet, count in self.plain.items():
            self.repairs.note(sheet, t("{count} angka tersimpan sebagai teks", count=count))
        return imported, self.differences

    def _tables(self) -> list[Table]:
        wanted = Wanted(self.asked.stage, self.asked.year or 0, self.asked.column)
        found: list[Table] = []
        without: list[Grid] = []
        strange: list[Table] = []
        for grid in self._grids():
            tables = read_tables(grid, self.names, self.repairs, wanted)
            of_use = [table for table in tables if table.known or table.score_column == 0]
            strange += [table for table in tables if table not in of_use and table.unknown]
            if of_use:
                found += of_use
                say_what_is_kept_out(of_use, self.repairs)
            else:
                without.append(grid)
        if found:
            for table in strange:
                self._say_strange(table)
            for grid in without:
                self._say_without(grid)
        elif not self.repairs.refused:
            self._say_why_nothing(strange, without or [Grid("", {})])
        return found

    def _grids(self) -> list[Grid]:
        """Return the sheets with anything in them, or the one that is asked for."""
        grids = [grid for grid in self.book.grids if grid.rows]
        if not self.asked.sheet:
            return grids
        named = [grid for grid in grids if words_of(grid.name) == words_of(self.asked.sheet)]
        if not named:
            raise DataError(
                t("Lembar “{name}” tidak ada.", name=self.asked.sheet),
                advice=did_you_mean(self.asked.sheet, [grid.name for grid in grids]) if grids else "",
            )
        return named

    def _say_without(self, grid: Grid) -> None:
        """Say that a sheet has no table; one that holds codes with figures may not be left out."""
        if find_header(grid, self.names) is None and self._holds_codes(grid):
            self.repairs.refuse(grid.name, (0, 0), "", *why_no_table(grid, self.names))
        else:
            self.repairs.add(SKIPPED, grid.name, (0, 0), grid.name, "", t("lembar tanpa tabel nilai"))

    def _holds_codes(self, grid: Grid) -> bool:
        """Whether a sheet without a header has rows of the instrument with figures beside them."""
        known = 0
        for cells in list(grid.rows.values())[:_MOST_ROWS_LOOKED_AT]:
            texts = [cell for cell in cells.values() if cell.kind == TEXT]
            matches = [self.names.code(cell) or self.names.by_name.get(words_of(cell.text)) for cell in texts]
            known += any(match and not match.code.isdigit() for match in matches) and len(cells) > len(texts)
        return known >= 3

    def _say_strange(self, table: Table) -> None:
        """Say that one of a sheet's tables is unknown; one with maxima is an evaluation, and must not be left out."""
        place = (table.header.last, 0)
        words = t("{count} baris tabel ini tidak dikenal", count=len(table.unknown))
        if table.max_column:
            advice = t("Tulis kode instrumennya di tiap baris, atau hapus tabel ini bila bukan bagian evaluasi.")
            self.repairs.refuse(table.grid.name, place, "", words, advice)
        else:
            self.repairs.add(SKIPPED, table.grid.name, place, "", "", words + t("; dilewati"))

    def _say_why_nothing(self, strange: list[Table], without: list[Grid]) -> None:
        """Say once why a file is no evaluation sheet: what was looked for, and what it seems to be."""
        if strange:
            table = strange[0]
            heads = ", ".join(f"“{title[:40]}”" for title in list(table.header.titles.values())[:8] if title)
            reason = t(
                "bukan lembar evaluasi {id}: dari {count} baris bernilai tidak satu pun kode, nama, atau susunan nilai "
                "maksimalnya milik instrumen itu; kolomnya {heads}",
                id=self.rules.id,
                count=len(table.unknown),
                heads=heads,
            )
            advice = t(
                "Nomor urut saja bukan kode. Tulis kode instrumennya (misalnya 1.2a atau 21A), atau isi lembar dari "
                "kla template."
            )
            self.repairs.refuse(table.grid.name, (table.header.last, 0), "", reason, advice)
            return
        for grid in without:
            if find_header(grid, self.names) is not None:
                reason, advice = t("tidak ada baris data"), t("Isi tabel di bawah kepalanya.")
            else:
                reason, advice = why_no_table(grid, self.names)
            self.repairs.refuse(grid.name, (0, 0), "", reason, advice)

    # --- whose sheet it is ---------------------------------------------------------------------------

    def _group(self, table: Table, groups: dict[tuple[str, int, str], _Group]) -> None:
        """Share the lines of a table out among areas, rounds and stages; what a line does not say, its sheet does."""
        area_of_sheet = cache(lambda: self._area_of_sheet(table))
        year_of_sheet = cache(lambda: self._year_of_sheet(table))
        stage_of_sheet = cache(lambda: self._stage_of_sheet(table))
        for line in table.lines:
            if line.area is None and self._lacks_area(table, line):
                continue
            area = self._area(table, line, line.area) if line.area else area_of_sheet()
            year = self._year_of(table, line, line.year) if line.year else year_of_sheet()
            stage = self._stage_of(table, line, line.stage) if line.stage else stage_of_sheet()
            if not all((area, year, stage)) and any((line.area, line.year, line.stage)):
                continue
            # What the whole sheet lacks is said once; its cells are still looked at.
            area, year, stage = area or Area("", "", "", ""), year or 0, stage or ""
            groups.setdefault((area.code, year, stage), _Group(area, year, stage)).lines.append((table, line))

    def _lacks_area(self, table: Table, line: Line) -> bool:
        """Whether a table that names an area in every row does not do so in this one."""
        column = table.header.columns.get("area_code") or table.header.columns.get("area_name")
        if column is None or self.asked.area or all(other.area is None for other in table.lines):
            return False
        if not line.is_total:
            advice = t("Isi daerahnya di setiap baris, atau gabungkan (merge) sel daerah sampai baris ini.")
            self.repairs.refuse(table.grid.name, (line.row, column), "", t("daerahnya kosong di baris ini"), advice)
        return True

    def _area(self, table: Table, line: Line, cell: Cell) -> Area | None:
        if cell not in self.areas and list(self.areas.values()).count(None) > _MOST_UNKNOWN_AREAS:
            return None  # two hundred unknown areas have been told; the file is refused as it is
        if cell not in self.areas:
            found = match_area(cell, data=self.data)
            column = table.header.columns.get("area_code") or table.header.columns.get("area_name", 0)
            if found.area is None:
                self.repairs.refuse(table.grid.name, (line.row, column), cell, found.refused, found.advice)
            elif found.note:
                self.repairs.add(NORMALISED, table.grid.name, (line.row, column), cell, found.area.code, found.note)
            self.areas[cell] = found.area
        area = self.areas[cell]
        if area and line.area_name is not None and line.area_name is not cell:
            named = match_area(line.area_name, data=self.data).area
            if named and named.code != area.code:
                place = (line.row, table.header.columns["area_name"])
                reason = t(
                    "kode {code} ({name}), tetapi namanya {other}", code=area.code, name=area.name, other=named.name
                )
                advice = t("Samakan kode dan nama daerahnya.")
                self.repairs.refuse(table.grid.name, place, line.area_name.text, reason, advice)
        return area

    def _about(self, table: Table) -> list[tuple[Grid, list[str]]]:
        """Return the sheets that may say what a table is about: its own, then those without a table."""
        if self.covers is None:
            self.covers = [grid for grid in self.book.grids if find_header(grid, self.names) is None]
        covers = [grid for grid in self.covers if grid is not table.grid]
        first = self._first_header(table)
        return [(table.grid, titles_of(table.grid, first)), *((grid, titles_of(grid, None)) for grid in covers)]

    def _first_header(self, table: Table) -> Header:
        """Return the first header of the sheet in which a table stands."""
        key = id(table.grid)
        if key not in self.first_headers:
            self.first_headers[key] = find_header(table.grid, self.names) or table.header
        return self.first_headers[key]

    def _area_of_sheet(self, table: Table) -> Area | None:
        """Return the district that the sheet is said to be about; where none or several are, it is asked for."""
        asked = find_area(self.asked.area, data=self.data) if self.asked.area else None
        written: list[Area] = []
        for grid, titles in self._about(table):
            labels = self._labelled_areas(grid, table.header if grid is table.grid else None)
            titled, here = areas_said(titles, data=self.data)
            said = list({area.code: area for area in (*labels, *titled)}.values())
            written += [area for area, _ in here]
            if asked and said:
                if asked.code not in {area.code for area in (*said, *(area for area, _ in here))}:
                    self._say_another_s(grid, said[0], asked)
                return asked
            if len(said) == 1:
                (area,) = said
                self.repairs.add(NOTED, grid.name, (0, 0), area.name, area.code, t("daerah dibaca dari judul lembar"))
                return area
            if said:
                written = [*said, *written]
                break
        if asked is None:
            self._ask_for_area(table, written)
        return asked

    def _labelled_areas(self, grid: Grid, head: Header | None) -> list[Area]:
        """Return the districts that stand beside a label: by code, by name, or as one of the two."""
        cells = [labelled(grid, head, role) for role in ("area_code", "area_name", "area_label")]
        return [area for cell in cells if cell and (area := match_area(cell, data=self.data).area)]

    def _ask_for_area(self, table: Table, written: list[Area]) -> None:
        """Ask for the district; those that the sheet names are named."""
        names = list(dict.fromkeys(f"{area.code} {area.name}" for area in written))
        there = t(" Yang tertulis: {names}.", names="; ".join(names[:6])) if names else ""
        what = t("daerahnya tidak jelas") if names else t("daerahnya tidak disebut")
        self._say_unknown(table, what, t("Sebutkan dengan {area}, misalnya {area} 63.10.", area=called("area")) + there)

    def _say_another_s(self, grid: Grid, said: Area, asked: Area) -> None:
        own = f"{said.code} {said.name}"
        reason = t("lembar ini milik {name}, yang diminta {asked}", name=own, asked=asked.code)
        self.repairs.refuse(
            grid.name,
            (0, 0),
            said.name,
            reason,
            t("Pilih berkas yang benar, atau perbaiki {area}.", area=called("area")),
        )

    def _year_of(self, table: Table, line: Line, cell: Cell) -> int | None:
        reading = read_number(cell, ".")
        if reading.value is not None and reading.value in AWARD_YEARS:
            return int(reading.value)
        place = (line.row, table.header.columns["year"])
        advice = t("Isi tahun seperti 2025.")
        self.repairs.refuse(table.grid.name, place, cell.text, t("bukan tahun penghargaan"), advice)
        return None

    def _year_of_sheet(self, table: Table) -> int | None:
        """Return the year that is said to be the award's; where none or several are, it is asked for."""
        if table.year or self.asked.year:
            return table.year or self.asked.year
        written: list[tuple[int, str]] = []
        for grid, titles in self._about(table):
            beside = labels(grid, table.header if grid is table.grid else None, "year")
            labelled_years = [f"{t('Tahun')} {clean(cell.text)}" for cell in beside]
            for texts in ([*labelled_years, *titles], [grid.name]):
                said, here = years_in(texts)
                written += here
                if len(said) == 1:
                    (year,) = said
                    self.repairs.add(NOTED, grid.name, (0, 0), "", year, t("tahun dibaca dari judul lembar"))
                    return year
                if said:
                    break
            else:
                continue
            break
        shown = "; ".join(dict.fromkeys(f"{year} (“{text[:60]}”)" for year, text in written[:6]))
        there = t(" Yang tertulis: {years}.", years=shown) if shown else ""
        self._say_unknown(
            table,
            t("tahun penghargaannya tidak jelas"),
            t("Sebutkan dengan {year}, misalnya {year} 2025.", year=called("year")) + there,
        )
        return None

    def _stage_of(self, table: Table, line: Line, cell: Cell) -> str | None:
        text = clean(cell.text)
        if text not in self.stages:
            self.stages[text] = stage_named(text, self.names)
        stage = self.stages[text]
        if not stage:
            place = (line.row, table.header.columns["stage"])
            advice = did_you_mean(text, [one.name for one in self.rules.stages])
            self.repairs.refuse(table.grid.name, place, text, t("tahap tidak dikenal"), advice)
        return stage or None

    def _stage_of_sheet(self, table: Table) -> str | None:
        if self.asked.stage and self.asked.stage != EVERY_STAGE:
            return self.asked.stage
        if table.stage:
            return table.stage
        first = self._first_header(table)
        near = {stage for text in _between(table, first) if (stage := stage_named(text, self.names, within=True))}
        if len(near) == 1:
            return near.pop()
        for grid, titles in self._about(table):
            cell = labelled(grid, table.header if grid is table.grid else None, "stage")
            texts = [cell.text] if cell else [*titles, grid.name]
            stages = {stage for text in texts if (stage := stage_named(text, self.names, within=True))}
            if len(stages) == 1:
                (stage,) = stages
                self.repairs.add(NOTED, grid.name, (0, 0), "", stage, t("tahap dibaca dari judul lembar"))
                return stage
            if stages:
                break
        codes = ", ".join(given("stage", one.code) for one in self.rules.stages)
        self._say_unknown(
            table,
            t("tahapnya tidak disebut"),
            t("Sebutkan dengan {stage}: {codes}.", codes=codes, stage=called("stage")),
        )
        return None

    def _refuse_maxima_as_scores(self, group: _Group, level: str, answers: dict[str, tuple[float | None, str]]) -> None:
        """Refuse a full sheet that shows no maxima beside its answers: what is read may be the maxima themselves."""
        full = {code: value for code, (value, _) in answers.items()} == self.maxima[level]
        if full and not any("max" in table.header.columns for table, _ in group.lines):
            self.repairs.refuse(
                group.lines[0][0].grid.name,
                (0, 0),
                "",
                t("setiap nilai sama dengan maksimumnya, dan lembar ini tidak memuat kolom maksimum"),
                t(
                    "Periksa apakah kolom nilai berisi maksimum; bila semuanya memang penuh, sertakan kolom maksimumnya."
                ),
            )

    def _say_unknown(self, table: Table, what: str, advice: str) -> None:
        if not any(item.reason == what for item in self.repairs.items):
            self.repairs.refuse(table.grid.name, (0, 0), "", what, advice)

    # --- one assessment ----------------------------------------------------------------------------------

    def _imported(self, group: _Group) -> Imported | None:
        answered = {line.level for _, line in group.lines if not line.is_total and line.level != "total"}
        if not answered:
            return None
        level = next(name for name in _LEVELS if name in answered)
        answers: dict[str, tuple[float | None, str]] = {}
        self.proofs = {}
        places: dict[str, tuple[Table, Line]] = {}
        printed = Printed(self.names, self.repairs)
        for table, line in group.lines:
            if line.level == level and not line.is_total:
                self._answer(table, line, self.maxima[level][line.code], answers, places)
            elif line.level == "total" or _LEVELS.index(line.level) > _LEVELS.index(level) or line.is_total:
                printed.take(table, line)
        printed.check(level, answers)
        first = group.lines[0][0]
        refuse_sums_above_maxima(self.names, level, answers, self.repairs, first.grid.name)
        self._refuse_maxima_as_scores(group, level, answers)
        self._compare_predicates(group, answers)
        frame = self._frame(group, level, answers)
        if frame["score"].isna().all() and not self.repairs.refused:
            self.repairs.refuse(
                first.grid.name, (0, 0), "", t("semua nilai kosong"), t("Isi kolom Nilai, lalu simpan.")
            )
        missing = tuple(code for code in self.maxima[level] if answers.get(code, (None, ""))[0] is None)
        self._say_missing(missing)
        return Imported(
            area=group.area,
            award_year=group.year,
            stage=group.stage,
            level=level,
            answers=frame,
            printed=printed.frame(),
            missing=missing,
            filled_on=self._filled_on(first),
        )

    def _say_missing(self, missing: tuple[str, ...]) -> None:
        if missing:
            shown = ", ".join(missing[:20]) + ("…" if len(missing) > 20 else "")
            reason = t("{count} tanpa jawaban; dihitung kosong, bukan nol", count=len(missing))
            self.repairs.add(NOTED, "", (0, 0), shown, "", reason)

    def _frame(self, group: _Group, level: str, answers: dict[str, tuple[float | None, str]]) -> pd.DataFrame:
        """Return the answers as a tidy table, in the order of the instrument."""
        order = [code for code in self.maxima[level] if code in answers]
        scores = [answers[code][0] for code in order]
        column = CODE_COLUMNS[level]
        said = {name for proof in self.proofs.values() for name in proof}
        proofs = {name: [self.proofs.get(code, {}).get(name) for code in order] for name in COLUMNS if name in said}
        return pd.DataFrame(
            {
                "area_code": group.area.code,
                "award_year": group.year,
                "stage": group.stage,
                column: order,
                "score": [math.nan if score is None else score for score in scores],
                "note": [masked(answers[code][1]) or None for code in order],
                **proofs,
            }
        ).astype({column: object, "note": object, "score": float, **dict.fromkeys(proofs, object)})

    def _filled_on(self, table: Table) -> str:
        """Return the day beside “Tanggal” above the table; one that does not exist is passed over and said."""
        for grid, _ in self._about(table):
            cell = labelled(grid, table.header if grid is table.grid else None, "filled_on")
            if cell is not None:
                if day := read_date(cell):
                    return day
                self.repairs.add(SKIPPED, grid.name, (0, 0), cell, "", t("bukan tanggal"))
                return ""
        return ""

    def _answer(
        self,
        table: Table,
        line: Line,
        maximum: float,
        answers: dict[str, tuple[float | None, str]],
        places: dict[str, tuple[Table, Line]],
    ) -> None:
        sheet, at = table.grid.name, (line.row, table.score_column)
        if line.code in answers:
            before, first = places[line.code]
            where = f"{column_name(before.score_column)}{first.row}"
            where = where if before is table else t("{cell} di lembar “{sheet}”", cell=where, sheet=before.grid.name)
            reason = t("{code} sudah dinilai di {where}", code=line.code, where=where)
            advice = t(
                "Hapus salah satu; bila keduanya di lembar berbeda, pilih dengan {sheet}.", sheet=called("sheet")
            )
            self.repairs.refuse(sheet, at, line.score or "", reason, advice, kind="twice")
            return
        reading = table.number(line.score, table.score_column, self.repairs)
        value = reading.value
        reason, advice, kind = reading.refused, reading.advice, ""
        if value is not None and reading.is_share:
            reason, advice = t("persen, bukan poin"), t("Isi poinnya, paling banyak {most}.", most=number(maximum))
            kind = "share"
        elif value is not None and value < 0:
            reason, advice = t("kurang dari nol"), t("Periksa angka ini.")
        elif value is not None and value > maximum + 1e-9:
            kind = "maximum"
            reason = t("melebihi maksimum {code}, yaitu {maximum}", code=line.code, maximum=number(maximum))
            advice = t("Isi paling banyak {maximum}.", maximum=number(maximum))
        if reason:
            self.repairs.refuse(sheet, at, line.score, reason, advice, kind=kind)
            value = None
        elif reading.is_plain:
            self.plain[table.grid.name] += 1
        elif reading.note:
            kind = NORMALISED if value is not None else SKIPPED
            shown = "" if value is None else number(value)
            self.repairs.add(kind, sheet, at, line.score, shown, reading.note)
        self._compare_maximum(table, line, maximum)
        answers[line.code] = (value, line.note)
        self._take_proof(table, line)
        places[line.code] = (table, line)

    def _take_proof(self, table: Table, line: Line) -> None:
        """Keep what a row says of its evidence; what is not clear is passed over and said."""
        said = list(read_proof(line.proof, self.rules))
        for one in said:
            if one.refused:
                place = (line.row, table.header.columns[one.role])
                self.repairs.add(SKIPPED, table.grid.name, place, line.proof[one.role], "", one.refused, one.advice)
        if said:
            self.proofs[line.code] = together(said, line.code, self.rules)

    def _compare_maximum(self, table: Table, line: Line, maximum: float) -> None:
        """Refuse a printed maximum that is not the instrument's: the sheet may follow another year's rules."""
        if not table.max_column or line.max is None:
            return
        reading = table.number(line.max, table.max_column, self.repairs)
        if reading.value is None or abs(reading.value - maximum) <= _TOLERANCE:
            return
        self.differences += 1
        earlier = self.rules.earlier
        same = (
            earlier[(earlier["code"] == line.code) & (earlier["max_points"] == reading.value)]
            if len(earlier)
            else earlier
        )
        hint = t(" (seperti pada {year})", year=same["award_year"].iloc[0]) if len(same) else ""
        reason = t(
            "maksimum {code} di {id} adalah {maximum}, di lembar ini {found}{hint}",
            code=line.code,
            id=self.rules.id,
            maximum=number(maximum),
            found=number(reading.value),
            hint=hint,
        )
        advice = t(
            "Samakan dengan instrumennya, atau sebutkan instrumen yang benar dengan {instrument}.",
            instrument=called("instrument"),
        )
        place = (line.row, table.max_column)
        self.repairs.refuse(table.grid.name, place, line.max, reason, advice, kind="other maximum")

    def _compare_predicates(self, group: _Group, answers: dict[str, tuple[float | None, str]]) -> None:
        """Compare a claimed predicate with that of the sum; one that is misspelt is suggested, never assumed."""
        total = round(math.fsum(value for value, _ in answers.values() if value is not None), 6)
        ladder = self.rules.ladder
        names = {words_of(band.name): band for band in ladder.bands}
        for table in {id(table): table for table, _ in group.lines}.values():
            for row, column, text in table.predicates:
                band = names.get(words_of(text))
                sheet, place = table.grid.name, (row, column)
                if band is None:
                    advice = did_you_mean(text, [one.name for one in ladder.bands])
                    self.repairs.add(SKIPPED, sheet, place, text, "", t("predikat ini tidak ada"), advice)
                elif 0 <= total <= ladder.max_total and (found := ladder.place(total)).predicate != band.code:
                    reason = t(
                        "predikat tertulis tidak cocok dengan jumlah {total} ({name})",
                        total=number(total),
                        name=found.name,
                    )
                    self.repairs.add(NOTED, sheet, place, text, found.name, reason)


def _between(table: Table, first: Header) -> list[str]:
    """Return the texts right above a further table of a sheet, which may name its stage or year."""
    if table.header.first == first.first:
        return []
    rows = [row for row in table.grid.rows if table.header.first - 4 <= row < table.header.first]
    return [
        clean(cell.text)
        for row in rows
        for cell in table.grid.rows[row].values()
        if cell.kind == TEXT and len(table.grid.rows[row]) <= 2
    ]
