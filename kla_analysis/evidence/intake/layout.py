"""The layout: the tables of a sheet with what each of their rows is; nothing falls away unseen."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from kla_analysis.evidence.intake.columns import Wanted, choose_scores
from kla_analysis.evidence.intake.grid import DATE, NUMBER, TEXT, Cell, Grid, clean, words_of
from kla_analysis.evidence.intake.header import CODE_ROLES, NAME_ROLES, Header, ScoreColumn, find_headers, heading_of
from kla_analysis.evidence.intake.names import Match, Names
from kla_analysis.evidence.intake.numbers import DecimalMark, Reading, decimal_mark, read_number
from kla_analysis.evidence.intake.proofs import ROLES as PROOF_ROLES
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, SKIPPED, Repairs, ranges
from kla_analysis.evidence.intake.rows import BY_NAME, BY_PLACE, Recogniser, Row, split_row_cells
from kla_analysis.evidence.intake.titles import titles_of
from kla_analysis.language import t

#: Rows of one sheet that are told to be unknown, and those among them for which a likely meaning is looked up: a sheet
#: with more follows other rules altogether.
_MOST_UNKNOWN, _MOST_SUGGESTED = 300, 60
#: Cells that are filled down merged ranges.
_MOST_FILLED = 200_000
_PREDICATE_LABELS = {
    "predikat",
    "kategori",
    "predikat kla",
    "kategori kla",
    "peringkat",
    "predikat sementara",
    "kategori penghargaan",
}
_MONEY = r"(?:ribu|ribuan|juta|jutaan|rupiah|persen)"
#: Above a table a unit must be called one: what a plan costs may stand there, too.
_UNITS_ABOVE = re.compile(rf"\b(?:dalam|satuan|x)\b.{{0,12}}\b{_MONEY}\b", re.IGNORECASE)
_UNITS = re.compile(rf"{_UNITS_ABOVE.pattern}|\brp\b|\b{_MONEY}\b", re.IGNORECASE)


class Line(NamedTuple):
    """One row that belongs to a part of the instrument, or to the whole of it (`level` total)."""

    row: int
    level: str
    code: str
    score: Cell | None
    max: Cell | None
    note: str = ""
    area: Cell | None = None
    area_name: Cell | None = None
    year: Cell | None = None
    stage: Cell | None = None
    is_total: bool = False
    #: What its columns say of the evidence, by role (`proofs.ROLES`).
    proof: Mapping[str, Cell] = MappingProxyType({})


@dataclass
class Table:
    """A table of a sheet: its lines, where their scores and maxima stand, and the predicates that it claims.

    Attributes:
        score_column: 0 where it is not known which of several columns is meant.
        known: how many of its rows are rows of the instrument.
        unknown: its rows that hold a score but are not known.
    """

    grid: Grid
    header: Header
    score_column: int
    stage: str
    year: int = 0
    lines: list[Line] = field(default_factory=list)
    predicates: list[tuple[int, int, str]] = field(default_factory=list)
    known: int = 0
    unknown: list[Row] = field(default_factory=list)
    marks: dict[int, DecimalMark] = field(default_factory=dict)

    @property
    def max_column(self) -> int:
        """The column of the maxima, 0 when there is none."""
        return self.header.columns.get("max", 0)

    def number(self, cell: Cell | None, column: int, repairs: Repairs) -> Reading:
        """Read a number under the decimal mark of its column, which is decided once and written down."""
        if cell is None:
            return Reading()
        if column not in self.marks and cell.kind == TEXT:
            header = self.header
            cells = [
                cells[column]
                for row, cells in self.grid.rows.items()
                if header.last < row < header.end and column in cells
            ]
            self.marks[column] = decimal_mark(cells)
            if self.marks[column].mark:
                repairs.add(NOTED, self.grid.name, (0, column), "", "", self.marks[column].why)
        return read_number(cell, self.marks[column].mark if cell.kind == TEXT else "")


def read_tables(grid: Grid, names: Names, repairs: Repairs, wanted: Wanted) -> list[Table]:
    """Read every table of a sheet, each under its own header; where several stages are wanted, once for each.

    Every row below a header becomes a line, is passed over and said, or is refused; nothing falls away unseen.
    """
    tables = []
    recogniser = Recogniser(names, [])
    for header in find_headers(grid, names):
        chosen = choose_scores(grid, header, repairs, wanted)
        if not chosen:
            tables.append(Table(grid, header, 0, ""))
            continue
        for column in chosen:
            walk = _Walk(Table(grid, header, column.at, column.stage, column.year), names, repairs, recogniser)
            walk.run()
            tables.append(walk.table)
        _refuse_other_units(grid, header, chosen, repairs)
    return tables


def _refuse_other_units(grid: Grid, header: Header, chosen: list[ScoreColumn], repairs: Repairs) -> None:
    for column in chosen:
        above = next((text for text in titles_of(grid, header) if _UNITS_ABOVE.search(text)), "")
        found = header.titles.get(column.at, "") if _UNITS.search(header.titles.get(column.at, "")) else above
        if found:
            advice = t("Lembar nilai berisi poin; hapus keterangan satuan ini bila keliru.")
            repairs.refuse(grid.name, (header.first, column.at), found, t("satuan bukan poin"), advice)


#: Columns that may name the component or the indicator in which a row stands.
_ABOVE_ROLES = ("component_code", "component_name", "indicator_code", "indicator_name")


class _Walk:
    """Goes down the rows of one table."""

    def __init__(self, table: Table, names: Names, repairs: Repairs, recogniser: Recogniser) -> None:
        self.table, self.names, self.repairs, self.recogniser = table, names, repairs, recogniser
        self.grid, self.header = table.grid, table.header
        self.texts: list[int] = []
        self.passed: list[int] = []
        self.short = 0
        self.filled, self.covered = self._merged_down()
        questions = {"question_code", "question_name"} & self.header.columns.keys()
        code_roles = CODE_ROLES if questions else ("code", "indicator_code", "number", "component_code")
        there = self.header.columns.keys()
        self.code_roles = [role for role in code_roles if role in there]
        self.name_roles = [role for role in NAME_ROLES if role in there]
        self.above_roles = [role for role in _ABOVE_ROLES if role in there]
        self.proof_roles = [role for role in PROOF_ROLES if role in there]
        self.own_columns = {self.header.columns[role] for role in (*CODE_ROLES, *NAME_ROLES) if role in there}
        self.ragged = dict(self.grid.ragged)
        self.width = self._length(self.header.last)

    def _length(self, row: int) -> int:
        """Return how many cells a row of a text file has; 0 in a workbook."""
        return self.ragged.get(row, self.grid.width)

    def _merged_down(self) -> tuple[dict[tuple[int, int], Cell], set[int]]:
        """Fill names and areas down their merged ranges; a score merged over rows belongs to none of the lower."""
        wanted = {at for role, at in self.header.columns.items() if role not in ("max", "note")}
        filled: dict[tuple[int, int], Cell] = {}
        covered: set[int] = set()
        rows = list(self.grid.rows)
        for first, left, last, _ in self.grid.merged:
            if last == first or first <= self.header.last or first >= self.header.end:
                continue
            if len(filled) + len(covered) > _MOST_FILLED:
                break
            below = rows[bisect_right(rows, first) : bisect_right(rows, last)][:5000]
            if left in wanted and (cell := self.grid.rows.get(first, {}).get(left)):
                filled |= {(row, left): cell for row in below}
            if left == self.table.score_column:
                covered |= set(below)
        return filled, covered

    def run(self) -> None:
        """Read every row below the header."""
        rows = [row for row in self.grid.rows if self.header.last < row < self.header.end]
        found = []
        for count, at in enumerate(rows):
            cells = self._own(self.grid.rows[at])
            if not cells:
                continue
            if self._numbers_columns(cells, at_top=count < 3) or self._header_again(cells):
                self.passed.append(at)
            elif self._length(at) > self.width and max(cells) > self.width:
                self._refuse_length(at)
            else:
                found.append(self._row(at, cells))
        about = self.recogniser
        about.rows, about.in_footer, about.is_any = found, False, False
        about.is_long = bool({"area_code", "area_name", "year", "stage"} & self.header.columns.keys())
        about.run()
        for row in found:
            self._take(row)
        self.table.known = sum(row.match is not None for row in found)
        self._name_the_totals()
        self._say_how_rows_were_known(found)
        self._say_what_was_passed()
        if self.table.known:
            self._refuse_unknown()

    def _own(self, cells: dict[int, Cell]) -> dict[int, Cell]:
        """Return the cells of a row that belong to this table and not to the one beside it."""
        left, right = self.header.left, self.header.right
        return (
            cells if left == 1 and right > 1 << 20 else {at: cell for at, cell in cells.items() if left <= at <= right}
        )

    # --- rows that are no rows ----------------------------------------------------------------------------------

    def _numbers_columns(self, cells: dict[int, Cell], *, at_top: bool) -> bool:
        """Whether a row numbers the columns: (1) (2) (3), or right under the header 1 2 3, or a b c."""
        if cells[min(cells)].text.strip(" ()[].").casefold() not in ("1", "a", "1.0"):
            return False
        texts = [re.sub(r"\s*[=:].*$", "", clean(cells[at].text)) for at in sorted(cells)]
        if len(texts) < 2:
            return False
        bracketed = all(re.fullmatch(r"[(\[]\s*\w{1,2}\s*[)\]]|\w{1,2}[)]", text) for text in texts)
        plain = [
            re.sub(r"[^\w]", "", text).removesuffix("0") if "." in text else re.sub(r"\W", "", text) for text in texts
        ]
        orders = (
            [str(at) for at in range(1, len(plain) + 1)],
            [chr(96 + at) for at in range(1, min(len(plain), 26) + 1)],
        )
        if [text.casefold() for text in plain] not in orders:
            return False
        name = next((self.header.columns[role] for role in NAME_ROLES if role in self.header.columns), 0)
        return bracketed or (at_top and name in cells and len(texts) > 2)

    def _header_again(self, cells: dict[int, Cell]) -> bool:
        """Whether a part of the header is written again, as at the top of each block or page."""
        at = self.table.score_column
        text = clean(cells[at].text) if at in cells and cells[at].kind == TEXT else ""
        return bool(text) and (heading_of(text, self.names).role == "score" or text == self.header.titles.get(at))

    def _refuse_length(self, row: int) -> None:
        reason = t(
            "baris ini berisi {found} sel, kepala tabel di baris {head} berisi {wanted}",
            found=self._length(row),
            head=self.header.last,
            wanted=self.width,
        )
        advice = t("Periksa tanda pemisah dan tanda kutip di baris ini.")
        self.repairs.refuse(self.grid.name, (row, 0), "", reason, advice, kind="ragged")

    # --- from cells to rows ---------------------------------------------------------------------------------------

    def _cell(self, row: int, cells: dict[int, Cell], role: str) -> Cell | None:
        at = self.header.columns.get(role)
        return cells.get(at) or self.filled.get((row, at)) if at else None

    def _first_of(self, row: int, cells: dict[int, Cell], roles: list[str]) -> tuple[str, Cell | None]:
        """Return the first of some roles that has a cell in a row."""
        for role in roles:
            if cell := self._cell(row, cells, role):
                return role, cell
        return "", None

    def _row(self, at: int, cells: dict[int, Cell]) -> Row:
        code_role, code = self._first_of(at, cells, self.code_roles)
        name_role, name = self._first_of(at, cells, self.name_roles)
        context: list[tuple[str, Cell]] = []
        if code is not None and _level(code_role) > _level(name_role) >= 0:
            context.append((code_role, code))  # the code names the cluster in which the row stands, not the row
            code, code_role = None, ""
        code = _with_decimal_point(code)
        found, role, name = split_row_cells(code, name, name_role)
        if found is not code:
            code, code_role = found, role or code_role
        for role in self.above_roles:
            cell = self._cell(at, cells, role)
            if cell is not None and role not in (code_role, name_role):
                context.append((role, cell))
        if name is not None and code_role and self._names_what_is_above(name, _level(name_role), _level(code_role)):
            context.append((name_role, name))
            name = None
        maximum = self.table.number(cells.get(self.table.max_column), self.table.max_column, self.repairs)
        return Row(
            at=at,
            code=code,
            code_role=code_role,
            name=name,
            name_role=name_role,
            context=tuple(context),
            maximum=None if maximum.is_share else maximum.value,
            scored=_is_scored(cells.get(self.table.score_column), bool(code or name)),
            texts=self._texts(cells),
        )

    def _texts(self, cells: dict[int, Cell]) -> tuple[Cell, ...]:
        """Return the texts in the columns of codes and names, and the first of the row wherever it stands."""
        written = [place for place in sorted(cells) if cells[place].kind == TEXT]
        return tuple(cells[place] for place in written if place in self.own_columns or place == written[0])

    def _names_what_is_above(self, name: Cell, level: int, code_level: int) -> bool:
        """Whether a name is the code of a coarser part than that of the row, such as its indicator."""
        return level > max(code_level, 0) and _is_code_of(name, self.names, level)

    # --- from rows to lines ---------------------------------------------------------------------------------------

    def _take(self, row: Row) -> None:
        cells = self._own(self.grid.rows[row.at])
        if row.at in self.covered and cells.get(self.table.score_column) is None:
            reason = t("nilai digabung (merge) dengan baris di atasnya")
            advice = t("Pisahkan sel gabungan dan isi nilai tiap baris; kosongkan bila belum ada jawaban.")
            self.repairs.refuse(self.grid.name, (row.at, self.table.score_column), "", reason, advice)
        if row.clash:
            code, other = row.clash
            place = (row.at, self._place(row))
            reason = t("kode {code}, tetapi namanya milik {other}", code=code.code, other=other.code)
            advice = t("Samakan kode dan namanya.")
            self.repairs.refuse(self.grid.name, place, row.number, reason, advice, kind="clash")
        elif row.match is not None or row.total is not None:
            self._line(row, cells)
        elif claimed := _claimed_predicate(cells):
            self.table.predicates.append((row.at, *claimed))
        elif row.is_footer or row.is_group:
            self.passed.append(row.at)
        elif row.scored or _looks_like_code(row):
            self.table.unknown.append(row)
        else:
            self.texts.append(row.at)

    def _line(self, row: Row, cells: dict[int, Cell]) -> None:
        note = self._cell(row.at, cells, "note")
        if note and note.kind == TEXT and clean(note.text) != note.text.strip():
            place = (row.at, self.header.columns["note"])
            reason = t("spasi ganda atau huruf tak terlihat")
            self.repairs.add(NORMALISED, self.grid.name, place, note.text, clean(note.text), reason)
        found = row.match or row.total
        level, code = (found.level, found.code) if isinstance(found, Match) else ("total", row.component)
        area_code, area_name = (self._cell(row.at, cells, role) for role in ("area_code", "area_name"))
        if self.width and self._length(row.at) < self.table.score_column and not self._may_end_early(row):
            return
        self.table.lines.append(
            Line(
                row=row.at,
                level=level,
                code=code,
                score=cells.get(self.table.score_column),
                max=cells.get(self.table.max_column),
                note=clean(note.text) if note else "",
                area=area_code or area_name,
                area_name=area_name,
                year=self._cell(row.at, cells, "year"),
                stage=self._cell(row.at, cells, "stage"),
                is_total=row.match is None,
                proof={role: cell for role in self.proof_roles if (cell := self._cell(row.at, cells, role))},
            )
        )

    def _may_end_early(self, row: Row) -> bool:
        """Whether a row that ends before its score just has none: its other columns hold what they should."""
        if row.text and not re.fullmatch(r"[\d.,]+", row.text):
            return True
        self._refuse_length(row.at)
        return False

    def _place(self, row: Row) -> int:
        role = row.code_role if row.code_role in self.header.columns else row.name_role
        fallback = (*CODE_ROLES, *NAME_ROLES)
        return self.header.columns.get(role) or next(
            self.header.columns[r] for r in fallback if r in self.header.columns
        )

    def _refuse_unknown(self) -> None:
        for count, row in enumerate(self.table.unknown):
            if count == _MOST_UNKNOWN:
                reason = t("lebih dari {most} baris tidak dikenal; sisanya tidak diperiksa", most=_MOST_UNKNOWN)
                own = self.names.instrument.id
                advice = t("Pastikan lembar ini mengikuti instrumen {id}; kla template membuat contohnya.", id=own)
                self.repairs.refuse(self.grid.name, (row.at, 0), "", reason, advice)
                return
            shown = " ".join(clean(cell.text) for cell in (row.code, row.name) if cell)
            reason = t("kode tidak dikenal")
            if row.code is not None and row.code.kind == DATE:
                reason = t("kode berubah menjadi tanggal oleh Excel")
            elif row.scored:
                reason = t("baris berisi nilai, tetapi kode dan namanya tidak dikenal")
            advice = self.names.suggestion(row.text[:300] if count < _MOST_SUGGESTED else "")
            self.repairs.refuse(self.grid.name, (row.at, self._place(row)), shown, reason, advice)

    def _name_the_totals(self) -> None:
        """Give each plain total its place: the last one is the sheet's, those before it are their block's.

        In a sheet of one component, the last one is that component's, unless that has a row of its own already.
        """
        plain = [at for at, line in enumerate(self.table.lines) if line.is_total and line.level == "total"]
        below = [(line.level, line.code) for line in self.table.lines if line.level in ("question", "indicator")]
        components = {self.names.above[key]["component"] for key in below}
        stated = {line.code for line in self.table.lines if line.level == "component"}
        for at in plain if len(components) == 1 and not components & stated else plain[:-1]:
            line = self.table.lines[at]
            if line.code and line.area is None:
                self.table.lines[at] = line._replace(level="component")
        for at in plain:
            line = self.table.lines[at]
            if line.level == "total":
                self.table.lines[at] = line._replace(code="total")

    # --- what is said ---------------------------------------------------------------------------------------------

    def _say_how_rows_were_known(self, rows: list[Row]) -> None:
        """Write down codes that were put right; what was known by name or place is counted, with its rows."""
        named, placed, respelt = [], [], 0
        for row in rows:
            if row.match is None:
                continue
            code = row.code
            if row.how == BY_PLACE:
                placed.append(row.at)
            elif row.how == BY_NAME and row.match.level != "component":
                named.append(row.at)
            elif row.match.note and code is not None:
                self._say_normalised(row, code, row.match, row.match.note)
            elif code is not None and code.kind == TEXT and code.text.strip() != row.match.code:
                if code.text == clean(code.text):
                    respelt += 1
                else:
                    self._say_normalised(row, code, row.match, t("penulisan kode"))
        if named:
            words = t("{count} baris dikenali dari namanya: baris {rows}", count=len(named), rows=ranges(named))
            self.repairs.note(self.grid.name, words)
        if placed:
            words = t(
                "{count} baris dikenali dari urutan dan nilai maksimalnya, periksa sekilas: baris {rows}",
                count=len(placed),
                rows=ranges(placed),
            )
            self.repairs.note(self.grid.name, words)
        if respelt:
            self.repairs.note(self.grid.name, t("{count} kode ditulis lain dari instrumen", count=respelt))

    def _say_normalised(self, row: Row, code: Cell, match: Match, reason: str) -> None:
        place = (row.at, self._place(row))
        self.repairs.add(NORMALISED, self.grid.name, place, code.text, match.code, reason)

    def _say_what_was_passed(self) -> None:
        if self.texts:
            self.repairs.note(self.grid.name, t("hanya teks, dilewati: baris {rows}", rows=ranges(self.texts)))
        if self.passed:
            reason = t(
                "nomor kolom, judul, rata-rata, keterangan atau tanda tangan, dilewati: baris {rows}",
                rows=ranges(self.passed),
            )
            self.repairs.add(SKIPPED, self.grid.name, (0, 0), "", "", reason)


def _level(role: str) -> int:
    """Return how fine a column is: 0 for questions, 1 for indicators, 2 for components; -1 where it does not say."""
    return {"question": 0, "indicator": 1, "component": 2}.get(role.partition("_")[0], -1)


def _is_code_of(cell: Cell, names: Names, level: int) -> bool:
    found = names.code(cell)
    return found is not None and {"question": 0, "indicator": 1, "component": 2}[found.level] == level


def _with_decimal_point(code: Cell | None) -> Cell | None:
    """Return a code that was stored as a number with a decimal comma as that number."""
    if code is not None and code.kind == TEXT and re.fullmatch(r"\s*\d{1,2},\d{1,2}\s*", code.text):
        return Cell(NUMBER, code.text.strip().replace(",", "."))
    return code


def _is_scored(score: Cell | None, in_a_row: bool) -> bool:
    """Whether the score column holds anything that is, or hides, a number."""
    return score is not None and (score.kind != TEXT or _holds_number(score.text, in_a_row))


def _looks_like_code(row: Row) -> bool:
    return bool(re.fullmatch(r"\d{1,2}[A-C]?\.\d{1,2}[a-z]{0,2}", row.number))


def _claimed_predicate(cells: dict[int, Cell]) -> tuple[int, str] | None:
    """Return the column and text of a predicate, in a row such as “Predikat | Nindya”."""
    texts = [(at, clean(cells[at].text)) for at in sorted(cells) if cells[at].kind == TEXT]
    if len(texts) >= 2 and words_of(texts[0][1]) in _PREDICATE_LABELS:
        return next(((at, text) for at, text in texts[1:] if words_of(text)), None)
    return None


def _holds_number(text: str, in_a_row: bool) -> bool:
    """Whether a text in the score column is a number, or hides one in a row that has a code or name."""
    if re.match(r"(?i)nip\b|\D{0,3}\d{15,}", clean(text)):
        return False
    return bool(re.search(r"\d", text)) and (in_a_row or not re.search(r"[A-Za-z]{3}", clean(text)))


def say_what_is_kept_out(tables: list[Table], repairs: Repairs) -> None:
    """Write down hidden rows, columns and sheets that were read, and columns that were not."""
    grid = tables[0].grid
    first = min(table.header.last for table in tables)
    titles = {at: title for table in tables for at, title in table.header.titles.items()}
    used = {at for table in tables for at in (*table.header.columns.values(), table.score_column)}
    _say_what_is_hidden(grid, first, {at: titles.get(at, "") for at in sorted(used)}, repairs)
    filled = {at for row, cells in grid.rows.items() if row > first for at in cells}
    for at in sorted(filled - used):
        title = titles.get(at, "")
        reason = t("kolom ini tidak dibaca") if title else t("kolom tanpa judul, tidak dibaca")
        repairs.add(SKIPPED, grid.name, (0, at), title, "", reason)


def _say_what_is_hidden(grid: Grid, first: int, used: dict[int, str], repairs: Repairs) -> None:
    """Write down what is hidden and was read all the same: the sheet, rows behind the first header, columns with titles."""
    if grid.hidden:
        repairs.add(NOTED, grid.name, (0, 0), grid.name, "", t("lembar tersembunyi, tetap dibaca"))
    rows = [row for row in grid.hidden_rows if row > first]
    if rows:
        repairs.note(
            grid.name, t("{count} baris tersembunyi, tetap dibaca: {rows}", count=len(rows), rows=ranges(rows))
        )
    for at, title in used.items():
        if any(left <= at <= right for left, right in grid.hidden_columns):
            repairs.add(NOTED, grid.name, (0, at), title, "", t("kolom tersembunyi, tetap dibaca"))
