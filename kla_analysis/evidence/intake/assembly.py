"""The assembly: the tables of a file, shared out among areas, rounds and stages, checked and put together."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from kla_analysis.errors import DataError, did_you_mean
from kla_analysis.evidence.areas import Area, find_area
from kla_analysis.evidence.intake.grid import FORMULA, PERCENT, TEXT, Book, Cell, Grid, clean, column_name, words_of
from kla_analysis.evidence.intake.header import find_header, labelled, stage_named, titles_of, why_no_table
from kla_analysis.evidence.intake.layout import Line, Table, read_table
from kla_analysis.evidence.intake.names import area_in_title, match_area, names_of
from kla_analysis.evidence.intake.numbers import DecimalMark, Reading, decimal_mark, read_date, read_number
from kla_analysis.evidence.intake.privacy import masked
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, REFUSED, SKIPPED, Repairs
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument
from kla_analysis.language import number, t

_TOLERANCE = 0.005
_LEVELS = tuple(CODE_COLUMNS)
#: Unknown areas that are told one by one.
_MOST_UNKNOWN_AREAS = 200


@dataclass(frozen=True, eq=False, repr=False)
class Imported:
    """One tidy assessment out of a file.

    Attributes:
        answers: columns `area_code`, `award_year`, `stage`, the code column of the level, `score` (points, NaN where
            there is no answer) and `note`, in the order of the instrument.
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
        self.marks: dict[tuple[int, int], DecimalMark] = {}
        self.areas: dict[Cell, Area | None] = {}
        self.stages: dict[str, str] = {}
        self.differences = 0

    def run(self) -> tuple[list[Imported], int]:
        """Return the assessments, and how many printed maxima contradict the instrument."""
        tables = self._tables()
        if self.asked.stage:
            self.rules.stage(self.asked.stage)
        groups: dict[tuple[str, int, str], _Group] = {}
        for table in tables:
            if table.score_column:
                self._group(table, groups)
        if not groups and not self.repairs.refused:
            self.repairs.add(REFUSED, "", (0, 0), "", "", t("tidak ada baris data"), t("Isi tabel di bawah kepalanya."))
        return [found for group in groups.values() if (found := self._imported(group))], self.differences

    def _tables(self) -> list[Table]:
        grids = [grid for grid in self.book.grids if grid.rows]
        if self.asked.sheet:
            named = [grid for grid in grids if words_of(grid.name) == words_of(self.asked.sheet)]
            if not named:
                raise DataError(
                    t("Lembar “{name}” tidak ada.", name=self.asked.sheet),
                    advice=did_you_mean(self.asked.sheet, [grid.name for grid in grids]) if grids else "",
                )
            grids = named
        found, without = [], []
        for grid in grids:
            table = read_table(grid, self.names, self.repairs, stage=self.asked.stage)
            if table is None:
                without.append(grid)
            elif table.lines or table.score_column == 0:
                found.append(table)
            else:
                without.append(grid)
        if not found and not self.repairs.refused:
            for grid in without or [Grid("", {})]:
                if find_header(grid, self.names) is not None:
                    reason, advice = t("tidak ada baris data"), t("Isi tabel di bawah kepalanya.")
                else:
                    reason, advice = why_no_table(grid, self.names)
                self.repairs.add(REFUSED, grid.name, (0, 0), "", "", reason, advice)
        elif found:
            for grid in without:
                self.repairs.add(SKIPPED, grid.name, (0, 0), grid.name, "", t("lembar tanpa tabel nilai"))
        return found

    # --- whose sheet it is ---------------------------------------------------------------------------

    def _group(self, table: Table, groups: dict[tuple[str, int, str], _Group]) -> None:
        """Share the lines of a table out among areas, rounds and stages."""
        whole_area = whole_year = whole_stage = None
        for line in table.lines:
            area = self._area(table, line) if line.area else None
            if line.area is None and self._lacks_area(table, line):
                continue
            if line.area is None:
                whole_area = whole_area or self._area_of_sheet(table)
                area = whole_area
            year = self._year_of(table, line) if line.year else None
            if line.year is None:
                whole_year = whole_year or self._year_of_sheet(table)
                year = whole_year
            stage = self._stage_of(table, line) if line.stage else None
            if line.stage is None:
                whole_stage = whole_stage or self._stage_of_sheet(table)
                stage = whole_stage
            if not (area and year and stage):
                if line.area is None and line.year is None and line.stage is None:
                    # Said once for the whole sheet; its cells are still looked at.
                    area, year, stage = area or Area("", "", "", ""), year or 0, stage or ""
                else:
                    continue
            key = (area.code, year, stage)
            groups.setdefault(key, _Group(area, year, stage)).lines.append((table, line))

    def _lacks_area(self, table: Table, line: Line) -> bool:
        """Whether a table that names an area in every row does not do so in this one."""
        column = table.header.columns.get("area_code") or table.header.columns.get("area_name")
        if column is None or self.asked.area or all(other.area is None for other in table.lines):
            return False
        if not line.is_total:
            self.repairs.add(
                REFUSED, table.grid.name, (line.row, column), "", "", t("daerahnya kosong di baris ini"),
                t("Isi daerahnya di setiap baris, atau gabungkan (merge) sel daerah sampai baris ini."),
            )  # fmt: skip
        return True

    def _area(self, table: Table, line: Line) -> Area | None:
        cell = line.area
        if cell not in self.areas and list(self.areas.values()).count(None) > _MOST_UNKNOWN_AREAS:
            return None  # two hundred unknown areas have been told; the file is refused as it is
        if cell not in self.areas:
            found = match_area(cell, data=self.data)
            column = table.header.columns.get("area_code") or table.header.columns.get("area_name", 0)
            if found.area is None:
                self.repairs.add(REFUSED, table.grid.name, (line.row, column), cell, "", found.refused, found.advice)
            elif found.note:
                self.repairs.add(NORMALISED, table.grid.name, (line.row, column), cell, found.area.code, found.note)
            self.areas[cell] = found.area
        area = self.areas[cell]
        if area and line.area_name is not None and line.area_name is not cell:
            named = match_area(line.area_name, data=self.data).area
            if named and named.code != area.code:
                self.repairs.add(
                    REFUSED, table.grid.name, (line.row, table.header.columns["area_name"]), line.area_name.text, "",
                    t("kode {code} ({name}), tetapi namanya {other}", code=area.code, name=area.name, other=named.name),
                    t("Samakan kode dan nama daerahnya."),
                )  # fmt: skip
        return area

    def _about(self, table: Table) -> list[tuple[Grid, list[str]]]:
        """Return the sheets that may say what a table is about: its own, then those without a table."""
        covers = [grid for grid in self.book.grids if grid is not table.grid and find_header(grid, self.names) is None]
        return [(table.grid, titles_of(table.grid, table.header)), *((grid, titles_of(grid, None)) for grid in covers)]

    def _area_of_sheet(self, table: Table) -> Area | None:
        asked = find_area(self.asked.area, data=self.data) if self.asked.area else None
        named, where = None, table.grid.name
        for grid, titles in self._about(table):
            cell = labelled(grid, table.header if grid is table.grid else None, "kode wilayah", "kode daerah",
                            "kabupaten kota", "kabupaten", "kota", "daerah", "wilayah", "nama daerah", "area code", "district code",
                            "area", "district")  # fmt: skip
            found = match_area(cell, data=self.data).area if cell else None
            named = found or next(filter(None, (area_in_title(text, data=self.data) for text in titles)), None)
            if named:
                where = grid.name
                break
        if asked and named and asked.code != named.code:
            self.repairs.add(
                REFUSED, where, (0, 0), named.name, "", t("lembar ini milik {name}, yang diminta {asked}",
                                                          name=f"{named.code} {named.name}", asked=asked.code),
                t("Pilih berkas yang benar, atau perbaiki --area."),
            )  # fmt: skip
        if asked or named:
            if named and not asked:
                self.repairs.add(NOTED, where, (0, 0), named.name, named.code, t("daerah dibaca dari judul lembar"))
            return asked or named
        self._say_unknown(table, t("daerahnya tidak disebut"), t("Sebutkan dengan --area, misalnya --area 63.10."))
        return None

    def _year_of(self, table: Table, line: Line) -> int | None:
        reading = read_number(line.year, ".")
        if reading.value is not None and reading.value == int(reading.value) and 2011 <= reading.value <= 2100:
            return int(reading.value)
        self.repairs.add(
            REFUSED, table.grid.name, (line.row, table.header.columns["year"]), line.year.text, "",
            t("bukan tahun penghargaan"), t("Isi tahun seperti 2025."),
        )  # fmt: skip
        return None

    def _year_of_sheet(self, table: Table) -> int | None:
        if self.asked.year:
            return self.asked.year
        for grid, titles in self._about(table):
            cell = labelled(grid, table.header if grid is table.grid else None, "tahun", "tahun penghargaan",
                            "tahun evaluasi", "tahun penilaian", "year", "award year")  # fmt: skip
            texts = (
                [cell.text] if cell else [x for x in titles if not re.search(r"(?i)permen|perpres|peraturan|uu ", x)]
            )
            years = {
                int(found) for text in (*texts, grid.name) for found in re.findall(r"(?<!\d)20[1-4]\d(?!\d)", text)
            }
            if len(years) == 1:
                (year,) = years
                self.repairs.add(NOTED, grid.name, (0, 0), "", year, t("tahun dibaca dari judul lembar"))
                return year
            if years:
                break
        self._say_unknown(
            table, t("tahun penghargaannya tidak jelas"), t("Sebutkan dengan --year, misalnya --year 2025.")
        )
        return None

    def _stage_of(self, table: Table, line: Line) -> str | None:
        text = clean(line.stage.text)
        if text not in self.stages:
            self.stages[text] = stage_named(text, self.names)
        stage = self.stages[text]
        if not stage:
            self.repairs.add(
                REFUSED, table.grid.name, (line.row, table.header.columns["stage"]), text, "",
                t("tahap tidak dikenal"), did_you_mean(text, [one.name for one in self.rules.stages]),
            )  # fmt: skip
        return stage or None

    def _stage_of_sheet(self, table: Table) -> str | None:
        if self.asked.stage:
            return self.asked.stage
        if table.stage:
            return table.stage
        for grid, titles in self._about(table):
            cell = labelled(
                grid, table.header if grid is table.grid else None, "tahap", "tahapan", "tahap penilaian", "stage"
            )
            texts = [cell.text] if cell else [*titles, grid.name]
            stages = {stage for text in texts if (stage := stage_named(text, self.names, within=True))}
            if len(stages) == 1:
                (stage,) = stages
                self.repairs.add(NOTED, grid.name, (0, 0), "", stage, t("tahap dibaca dari judul lembar"))
                return stage
            if stages:
                break
        codes = ", ".join(one.code for one in self.rules.stages)
        self._say_unknown(table, t("tahapnya tidak disebut"), t("Sebutkan dengan --stage: {codes}.", codes=codes))
        return None

    def _say_unknown(self, table: Table, what: str, advice: str) -> None:
        if not any(item.reason == what for item in self.repairs.items):
            self.repairs.add(REFUSED, table.grid.name, (0, 0), "", "", what, advice)

    # --- one assessment ----------------------------------------------------------------------------------

    def _imported(self, group: _Group) -> Imported | None:
        answered = {line.level for _, line in group.lines if not line.is_total and line.level != "total"}
        if not answered:
            return None
        level = next(name for name in _LEVELS if name in answered)
        answers: dict[str, tuple[float | None, str]] = {}
        places: dict[str, tuple[Table, Line]] = {}
        printed: dict[tuple[str, str], tuple[float | None, float | None, Table, Line]] = {}
        maxima = self.maxima[level]
        for table, line in group.lines:
            if line.level == level and not line.is_total:
                self._answer(table, line, maxima[line.code], answers, places)
            elif line.level == "total" or _LEVELS.index(line.level) > _LEVELS.index(level) or line.is_total:
                self._printed(table, line, printed)
        order = [code for code in maxima if code in answers]
        self._cross_check(level, answers, printed)
        self._compare_predicates(group, answers)
        column = CODE_COLUMNS[level]
        frame = pd.DataFrame(
            {
                "area_code": group.area.code,
                "award_year": group.year,
                "stage": group.stage,
                column: order,
                "score": [math.nan if answers[code][0] is None else answers[code][0] for code in order],
                "note": [masked(answers[code][1]) or None for code in order],
            }
        ).astype({column: object, "note": object, "score": float})
        if frame["score"].isna().all() and not self.repairs.refused:
            sheet = group.lines[0][0].grid.name
            self.repairs.add(
                REFUSED, sheet, (0, 0), "", "", t("semua nilai kosong"), t("Isi kolom Nilai, lalu simpan.")
            )
        missing = tuple(code for code in maxima if code not in answers or answers[code][0] is None)
        if missing:
            shown = ", ".join(missing[:20]) + ("…" if len(missing) > 20 else "")
            self.repairs.add(NOTED, "", (0, 0), shown, "", t("{count} tanpa jawaban; dihitung kosong, bukan nol",
                                                             count=len(missing)))  # fmt: skip
        filled_on = self._filled_on(group.lines[0][0])
        return Imported(
            group.area, group.year, group.stage, level, frame, self._printed_frame(printed), missing, filled_on
        )  # fmt: skip

    def _filled_on(self, table: Table) -> str:
        """Return the day beside “Tanggal” above the table; one that does not exist is passed over and said."""
        for grid, _ in self._about(table):
            cell = labelled(grid, table.header if grid is table.grid else None, "tanggal", "tanggal pengisian", "tgl")
            if cell is not None:
                if day := read_date(cell):
                    return day
                self.repairs.add(SKIPPED, grid.name, (0, 0), cell, "", t("bukan tanggal"))
                return ""
        return ""

    def _answer(
        self, table: Table, line: Line, maximum: float, answers: dict[str, tuple[float | None, str]],
        places: dict[str, tuple[Table, Line]],
    ) -> None:  # fmt: skip
        sheet, at = table.grid.name, (line.row, table.score_column)
        if line.code in answers:
            before, first = places[line.code]
            where = f"{column_name(before.score_column)}{first.row}"
            where = where if before is table else t("{cell} di lembar “{sheet}”", cell=where, sheet=before.grid.name)
            self.repairs.add(
                REFUSED, sheet, at, line.score or "", "",
                t("{code} sudah dinilai di {where}", code=line.code, where=where),
                t("Hapus salah satu; bila keduanya di lembar berbeda, pilih dengan --sheet."),
            )  # fmt: skip
            return
        reading = self._number(table, line.score, table.score_column)
        value = reading.value
        reason, advice = reading.refused, reading.advice
        if value is not None and reading.is_share:
            reason, advice = t("persen, bukan poin"), t("Isi poinnya, paling banyak {most}.", most=number(maximum))
        elif value is not None and value < 0:
            reason, advice = t("kurang dari nol"), t("Periksa angka ini.")
        elif value is not None and value > maximum + 1e-9:
            reason = t("melebihi maksimum {code}, yaitu {maximum}", code=line.code, maximum=number(maximum))
            advice = t("Isi paling banyak {maximum}.", maximum=number(maximum))
        if reason:
            self.repairs.add(REFUSED, sheet, at, line.score, "", reason, advice)
            value = None
        elif reading.note:
            kind = NORMALISED if value is not None else SKIPPED
            shown = "" if value is None else number(value)
            self.repairs.add(kind, sheet, at, line.score, shown, reading.note)
        self._compare_maximum(table, line, maximum)
        answers[line.code] = (value, line.note)
        places[line.code] = (table, line)

    def _compare_maximum(self, table: Table, line: Line, maximum: float) -> None:
        """Refuse a printed maximum that is not the instrument's: the sheet may follow another year's rules."""
        if not table.max_column or line.max is None:
            return
        reading = self._number(table, line.max, table.max_column)
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
        self.repairs.add(
            REFUSED, table.grid.name, (line.row, table.max_column), line.max, "",
            t("maksimum {code} di {id} adalah {maximum}, di lembar ini {found}{hint}", code=line.code, id=self.rules.id,
              maximum=number(maximum), found=number(reading.value), hint=hint),
            t("Samakan dengan instrumennya, atau sebutkan instrumen yang benar dengan --instrument."),
        )  # fmt: skip

    def _number(self, table: Table, cell: Cell | None, column: int) -> Reading:
        """Read a number under the decimal mark of its column, which is decided once and written down."""
        if cell is None:
            return Reading()
        key = (id(table), column)
        if key not in self.marks and cell.kind == TEXT:
            cells = [
                cells[column] for row, cells in table.grid.rows.items() if row > table.header.last and column in cells
            ]
            self.marks[key] = decimal_mark(cells)
            if self.marks[key].mark:
                self.repairs.add(NOTED, table.grid.name, (0, column), "", "", self.marks[key].why)
        return read_number(cell, self.marks[key].mark if cell.kind == TEXT else "")

    # --- what the sheet prints ------------------------------------------------------------------------------

    def _printed(
        self, table: Table, line: Line, printed: dict[tuple[str, str], tuple[float | None, float | None, Table, Line]]
    ) -> None:
        values = []
        for cell, column in ((line.max, table.max_column), (line.score, table.score_column)):
            reading = self._number(table, cell, column)
            if cell is not None and (reading.refused or reading.is_share or cell.kind in (FORMULA, PERCENT)):
                self.repairs.add(SKIPPED, table.grid.name, (line.row, column), cell, "",
                                 reading.refused or t("persen, bukan poin"))  # fmt: skip
                reading = Reading()
            values.append(reading.value)
        if values == [None, None]:
            return
        code = line.code if line.level != "total" else "total"
        if line.is_total:
            self.repairs.add(
                SKIPPED, table.grid.name, (line.row, table.score_column), line.score or "", "",
                t("baris jumlah ({code}): tidak dihitung sebagai nilai, hanya dicocokkan", code=code),
            )  # fmt: skip
        before = printed.get((line.level, code))
        if before is None:
            printed[line.level, code] = (values[0], values[1], table, line)
        elif any(
            a is not None and b is not None and abs(a - b) > _TOLERANCE for a, b in zip(before[:2], values, strict=True)
        ):
            self.repairs.add(
                NOTED, table.grid.name, (line.row, table.score_column), line.score or "", "",
                t("{code} tercetak dua kali dengan angka berbeda (lihat baris {row})", code=code, row=before[3].row),
            )  # fmt: skip
        else:
            pair = [a if a is not None else b for a, b in zip(before[:2], values, strict=True)]
            printed[line.level, code] = (pair[0], pair[1], *before[2:])

    def _cross_check(
        self, level: str, answers: dict[str, tuple[float | None, str]],
        printed: dict[tuple[str, str], tuple[float | None, float | None, Table, Line]],
    ) -> None:  # fmt: skip
        """Compare every printed score with the sum of the answers under it."""
        sums: dict[tuple[str, str], float] = defaultdict(float)
        for code, (value, _) in answers.items():
            keys = [("total", "total"), *self.names.above[level, code].items()]
            for key in keys:
                sums[key] += value or 0.0
        for (of, code), (_, score, table, line) in printed.items():
            summed = round(sums.get((of, code), 0.0), 6)
            if score is not None and abs(score - summed) > _TOLERANCE:
                self.repairs.add(
                    NOTED, table.grid.name, (line.row, table.score_column), number(score), number(summed),
                    t("{code}: tercetak {printed}, jumlah jawabannya {summed}, selisih {gap} poin", code=code,
                      printed=number(score), summed=number(summed), gap=number(abs(score - summed))),
                )  # fmt: skip

    def _compare_predicates(self, group: _Group, answers: dict[str, tuple[float | None, str]]) -> None:
        """Compare a claimed predicate with that of the sum; one that is misspelt is suggested, never assumed."""
        total = round(math.fsum(value for value, _ in answers.values() if value is not None), 6)
        ladder = self.rules.ladder
        names = {words_of(band.name): band for band in ladder.bands}
        for table in {id(table): table for table, _ in group.lines}.values():
            for row, column, text in table.predicates:
                band = names.get(words_of(text))
                if band is None:
                    self.repairs.add(
                        SKIPPED, table.grid.name, (row, column), text, "", t("predikat ini tidak ada"),
                        did_you_mean(text, [one.name for one in ladder.bands]),
                    )  # fmt: skip
                elif 0 <= total <= ladder.max_total and (found := ladder.place(total)).predicate != band.code:
                    self.repairs.add(
                        NOTED, table.grid.name, (row, column), text, found.name,
                        t("predikat tertulis tidak cocok dengan jumlah {total} ({name})", total=number(total),
                          name=found.name),
                    )  # fmt: skip

    def _printed_frame(
        self, printed: dict[tuple[str, str], tuple[float | None, float | None, Table, Line]]
    ) -> pd.DataFrame | None:
        if not printed:
            return None
        order = {level: at for at, level in enumerate((*_LEVELS, "total"))}
        place = {code: at for level in _LEVELS for at, code in enumerate(self.rules.table(level).index)}
        keys = sorted(printed, key=lambda key: (order[key[0]], place.get(key[1], 0)))
        return pd.DataFrame(
            [[level, code, *printed[level, code][:2]] for level, code in keys],
            columns=["level", "code", "printed_max", "printed_score"],
        ).astype({"printed_max": float, "printed_score": float})
