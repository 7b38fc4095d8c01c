"""The layout: which row of the instrument each row of a table is; nothing falls away unseen."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from kla_analysis.evidence.intake.grid import DATE, TEXT, Cell, Grid, clean, column_name, words_of
from kla_analysis.evidence.intake.header import CODE_ROLES, NAME_ROLES, Header, find_header, role_of, titles_of
from kla_analysis.evidence.intake.names import Match, Names
from kla_analysis.evidence.intake.repairs import NORMALISED, NOTED, REFUSED, SKIPPED, Repairs
from kla_analysis.language import t

#: Rows of one sheet that are told to be unknown, and those among them for which a likely meaning is looked up: a sheet
#: with more follows other rules altogether.
_MOST_UNKNOWN, _MOST_SUGGESTED = 300, 60
#: Cells that are filled down merged ranges.
_MOST_FILLED = 200_000

#: How fine a column is, where it says so.
_FINENESS = {"question": 0, "indicator": 1, "component": 2}
_PREDICATE_LABELS = {
    "predikat",
    "kategori",
    "predikat kla",
    "kategori kla",
    "peringkat",
    "predikat sementara",
    "kategori penghargaan",
}
_UNITS = re.compile(
    r"\b(dalam|satuan|x)\b.{0,12}\b(ribu|ribuan|juta|jutaan|rupiah|persen)\b|\brp\b|\brupiah\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Line:
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


@dataclass
class Table:
    """A sheet's table: its lines, where their scores and maxima stand, and the predicates that it claims."""

    grid: Grid
    header: Header
    score_column: int
    stage: str
    lines: list[Line] = field(default_factory=list)
    predicates: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def max_column(self) -> int:
        """The column of the maxima, 0 when there is none."""
        return self.header.columns.get("max", 0)


def read_table(grid: Grid, names: Names, repairs: Repairs, *, stage: str = "") -> Table | None:
    """Read the table of a sheet; None when the sheet has none.

    Every row below the header becomes a line, is passed over as text, or is refused; nothing falls away unseen.
    """
    header = find_header(grid, names)
    if header is None:
        return None
    chosen = _score_column(grid, header, repairs, stage)
    if chosen is None:
        return Table(grid, header, 0, stage)
    table = Table(grid, header, *chosen)
    units = next((text for text in (header.titles.get(table.score_column, ""), *titles_of(grid, header))
                  if _UNITS.search(text)), None)  # fmt: skip
    if units:
        repairs.add(REFUSED, grid.name, (header.first, table.score_column), units, "",
                    t("satuan bukan poin"), t("Lembar nilai berisi poin; hapus keterangan satuan ini bila keliru."))  # fmt: skip
    _Walk(table, names, repairs).run()
    _say_what_is_kept_out(table, repairs)
    return table


def _score_column(grid: Grid, header: Header, repairs: Repairs, stage: str) -> tuple[int, str] | None:
    """Choose the column of scores: the one of the wanted stage, else the only one."""
    named = [(at, of) for at, of in header.scores if of and of == stage]
    plain = [(at, of) for at, of in header.scores if not of]
    candidates = named if stage and named else plain if stage or plain else list(header.scores)
    if len(candidates) == 1:
        return candidates[0][0], candidates[0][1] or stage
    shown = ", ".join(f"{column_name(at)} “{header.titles.get(at, '')}”" for at, _ in header.scores)
    repairs.add(
        REFUSED, grid.name, (header.last, 0), shown, "", t("lebih dari satu kolom nilai"),
        t("Sebutkan tahapnya dengan --stage, atau hapus kolom yang tidak dipakai."),
    )  # fmt: skip
    return None


class _Walk:
    """Goes down the rows of one table."""

    def __init__(self, table: Table, names: Names, repairs: Repairs) -> None:
        self.table, self.names, self.repairs = table, names, repairs
        self.grid, self.header = table.grid, table.header
        self.previous = ""
        self.component = ""
        self.texts: list[int] = []
        self.unknown = self.suggested = 0
        self.found: dict[tuple[Cell | None, Cell | None], Match | None] = {}
        self.taken: dict[tuple[str, ...], str] = {}
        self.said: dict[tuple[Cell | None, Cell | None], list[tuple]] = {}
        self.filled, self.covered = self._merged_down()

    def _merged_down(self) -> tuple[dict[tuple[int, int], Cell], set[int]]:
        """Fill names and areas down their merged ranges; a score merged over rows belongs to none of the lower."""
        wanted = {at for role, at in self.header.columns.items() if role not in ("max", "note")}
        filled: dict[tuple[int, int], Cell] = {}
        covered: set[int] = set()
        rows = list(self.grid.rows)
        for first, left, last, _ in self.grid.merged:
            if last == first or first <= self.header.last:
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
        ragged = dict(self.grid.ragged)
        for row, cells in self.grid.rows.items():
            if row <= self.header.last:
                if row in ragged and row >= self.header.first:
                    self._ragged(row, ragged[row])
                continue
            if row in ragged:
                self._ragged(row, ragged[row])
                continue
            again = self._header_again(row, cells)
            if again:
                continue
            self._row(row, cells)
            if self.unknown > _MOST_UNKNOWN:
                self.repairs.add(
                    REFUSED, self.grid.name, (row, 0), "", "",
                    t("lebih dari {most} baris tidak dikenal; sisanya tidak diperiksa", most=_MOST_UNKNOWN),
                    t("Pastikan lembar ini mengikuti instrumen {id}; kla template membuat contohnya.",
                      id=self.names.instrument.id),
                )  # fmt: skip
                break
        self._name_the_totals()
        if self.texts:
            self.repairs.add(
                NOTED, self.grid.name, (0, 0), "", "", t("hanya teks, dilewati: baris {rows}", rows=ranges(self.texts))
            )  # fmt: skip

    def _ragged(self, row: int, cells: int) -> None:
        self.repairs.add(
            REFUSED, self.grid.name, (row, 0), "", "",
            t("baris ini berisi {found} sel, tabelnya {wanted}", found=cells, wanted=self.grid.width),
            t("Periksa tanda pemisah dan tanda kutip di baris ini."),
        )  # fmt: skip

    def _header_again(self, row: int, cells: dict[int, Cell]) -> bool:
        """Whether the header is written again, as at the top of each block or page."""
        at = self.table.score_column
        text = clean(cells[at].text) if at in cells and cells[at].kind == TEXT else ""
        again = bool(text) and (role_of(text, self.names)[0] == "score" or text == self.header.titles.get(at))
        if again:
            self.texts.append(row)
        return again

    def _cell(self, row: int, cells: dict[int, Cell], role: str) -> Cell | None:
        at = self.header.columns.get(role)
        return cells.get(at) or self.filled.get((row, at)) if at else None

    def _finest(self, row: int, cells: dict[int, Cell], roles: tuple[str, ...]) -> Cell | None:
        """Return the first filled cell of these columns, and remember which column that was."""
        for role in roles:
            if cell := self._cell(row, cells, role):
                self.taken[roles] = role
                return cell
        return None

    def _row(self, row: int, cells: dict[int, Cell]) -> None:
        score, maximum = cells.get(self.table.score_column), cells.get(self.table.max_column)
        code, name = (self._finest(row, cells, roles) for roles in (CODE_ROLES, NAME_ROLES))
        if row in self.covered and score is None:
            self.repairs.add(
                REFUSED, self.grid.name, (row, self.table.score_column), "", "",
                t("nilai digabung (merge) dengan baris di atasnya"),
                t("Pisahkan sel gabungan dan isi nilai tiap baris; kosongkan bila belum ada jawaban."),
            )  # fmt: skip
        match = self._match(row, code, name)
        total = None if match else self._total(code, name, cells)
        area_code, area_name = (self._cell(row, cells, role) for role in ("area_code", "area_name"))
        if match or total:
            note = self._cell(row, cells, "note")
            if note and note.kind == TEXT and clean(note.text) != note.text.strip():
                self.repairs.add(
                    NORMALISED, self.grid.name, (row, self.header.columns["note"]), note.text, clean(note.text),
                    t("spasi ganda atau huruf tak terlihat"),
                )  # fmt: skip
            level, part = ("total", "total") if total == "whole" else ((match or total).level, (match or total).code)
            if match and match.level == "question":
                self.previous = match.code
            if match:
                self.component = self._component_of(match)
            self.table.lines.append(
                Line(row, level, self.component if total == "whole" else part, score, maximum,
                     clean(note.text) if note else "", area_code or area_name, area_name,
                     self._cell(row, cells, "year"),
                     self._cell(row, cells, "stage"), bool(total))
            )  # fmt: skip
        elif any(action == REFUSED for action, *_ in self.said[code, name]):
            pass  # said already, with the better reason
        elif claimed := _claimed_predicate(cells):
            self.table.predicates.append((row, *claimed))
        elif score is not None and (score.kind != TEXT or _holds_number(score.text, bool(code or name))):
            self._unknown(row, code, name, score)
        elif code is not None and score is None and self._looks_like_code(code):
            self._unknown(row, code, name, None)
        else:
            self.texts.append(row)

    def _looks_like_code(self, code: Cell) -> bool:
        return bool(re.fullmatch(r"\d{1,2}[A-C]?\.\d{1,2}[a-z]{0,2}", clean(code.text)))

    def _component_of(self, match: Match) -> str:
        return self.names.above[match.level, match.code].get("component", match.code)

    def _match(self, row: int, code: Cell | None, name: Cell | None) -> Match | None:
        """Find what a row is about by its code, then by its name; what was put right is written down."""
        key = (code, name)
        if key not in self.found or self.previous.endswith(".9"):
            self.said[key] = []
            self.found[key] = self._matched(code, name, self.said[key])
        for action, column, *rest in self.said[key]:
            self.repairs.add(action, self.grid.name, (row, column), *rest)
        return self.found[key]

    def _matched(self, code: Cell | None, name: Cell | None, log: list[tuple]) -> Match | None:
        code_role = self._role_of(code, CODE_ROLES)
        name_role = self._role_of(name, NAME_ROLES)
        column, name_column = (self.header.columns.get(role, 0) for role in (code_role, name_role))
        running = code_role == "number" and bool(re.fullmatch(r"\d+", clean(code.text)))
        by_code = self.names.code(code, self.previous) if code else None
        text = clean(name.text) if name and name.kind == TEXT else ""
        by_name = self.names.name(text) if text else None
        if by_name is None and text and code and code.kind == TEXT:
            by_name = self.names.component(f"klaster {clean(code.text)} {text}")
        if by_code is None and by_name is None and code is not None and code.kind == TEXT:
            by_code = self.names.component(clean(code.text))
        if by_code and text and _coarser(code_role, name_role):
            by_code = None  # the code names the cluster in which the row stands, not the row
        if by_code and by_name and (by_code.level, by_code.code) != (by_name.level, by_name.code):
            if running:
                by_code = None
            elif by_name.level == by_code.level:
                log.append(
                    (REFUSED, column, clean(code.text), "",
                     t("kode {code}, tetapi namanya milik {other}", code=by_code.code, other=by_name.code),
                     t("Samakan kode dan namanya."))
                )  # fmt: skip
                return None
        if by_code and running and by_code.level == "indicator" and text and self._counts_rows(by_code, text):
            return None
        if by_code:
            if by_code.note:
                log.append((NORMALISED, column, code.text, by_code.code, by_code.note))
            elif code.kind == TEXT and code.text.strip() != by_code.code:
                log.append((NORMALISED, column, code.text, by_code.code, t("penulisan kode")))
            return by_code
        if by_name and by_name.level != "component":
            log.append((NORMALISED, name_column, text, by_name.code, t("dikenali dari namanya")))
        return by_name

    def _role_of(self, cell: Cell | None, roles: tuple[str, ...]) -> str:
        """Return which of these columns a cell of the present row was taken from."""
        return self.taken.get(roles, "") if cell is not None else ""

    def _counts_rows(self, match: Match, text: str) -> bool:
        """Whether a plain number in front of a row counts rows instead of naming an indicator."""
        likeness = self.names.likeness(match, text)
        return likeness < 0.5 and (self.previous != "" or "?" in self._suggestion("", text))

    def _suggestion(self, code: str, name: str) -> str:
        """Look up what a row may mean, as long as it is not asked all the time."""
        self.suggested += 1
        if self.suggested > _MOST_SUGGESTED:
            return t("Tulis kodenya seperti di instrumen {id}.", id=self.names.instrument.id)
        return self.names.suggestion(code[:100], name[:300])

    def _total(self, code: Cell | None, name: Cell | None, cells: dict[int, Cell]) -> str | Match | None:
        """Tell whether a row is a total, in whichever of its first texts that stands."""
        texts = [cell for cell in (code, name) if cell is not None and cell.kind == TEXT]
        first = next((cells[at] for at in sorted(cells) if cells[at].kind == TEXT), None)
        for cell in (*texts, *filter(None, (first,))):
            if (found := self.names.total(cell.text)) is not None:
                return found
        return None

    def _unknown(self, row: int, code: Cell | None, name: Cell | None, score: Cell | None) -> None:
        shown = " ".join(clean(cell.text) for cell in (code, name) if cell)
        if code is not None and code.kind == DATE:
            reason = t("kode berubah menjadi tanggal oleh Excel")
        else:
            reason = (
                t("baris berisi nilai, tetapi kode dan namanya tidak dikenal") if score else t("kode tidak dikenal")
            )
        self.unknown += 1
        advice = self._suggestion(
            clean(code.text) if code and code.kind != DATE else "", clean(name.text) if name else ""
        )
        at = next((self.header.columns[role] for role in (*CODE_ROLES, *NAME_ROLES) if role in self.header.columns), 0)
        self.repairs.add(REFUSED, self.grid.name, (row, at), shown, "", reason, advice)

    def _name_the_totals(self) -> None:
        """Give each plain total its place: the last one is the sheet's, those before it are their block's."""
        plain = [at for at, line in enumerate(self.table.lines) if line.is_total and line.level == "total"]
        for at in plain[:-1]:
            line = self.table.lines[at]
            if line.code and line.area is None:
                self.table.lines[at] = Line(**{**line.__dict__, "level": "component"})
        for at in plain:
            line = self.table.lines[at]
            if line.level == "total":
                self.table.lines[at] = Line(**{**line.__dict__, "code": "total"})


def _claimed_predicate(cells: dict[int, Cell]) -> tuple[int, str] | None:
    """Return the column and text of a predicate, in a row such as “Predikat | Nindya”."""
    texts = [(at, clean(cells[at].text)) for at in sorted(cells) if cells[at].kind == TEXT]
    if len(texts) >= 2 and words_of(texts[0][1]) in _PREDICATE_LABELS:
        return next(((at, text) for at, text in texts[1:] if words_of(text)), None)
    return None


def _coarser(code_role: str, name_role: str) -> bool:
    """Whether a code column is of a coarser level than the name beside it."""
    code, name = (_FINENESS.get(role.partition("_")[0]) for role in (code_role, name_role))
    return code is not None and name is not None and code > name


def _holds_number(text: str, in_a_row: bool) -> bool:
    """Whether a text in the score column is a number, or hides one in a row that has a code or name."""
    return bool(re.search(r"\d", text)) and (in_a_row or not re.search(r"[A-Za-z]{3}", clean(text)))


def _say_what_is_kept_out(table: Table, repairs: Repairs) -> None:
    """Write down hidden rows, columns and sheets that were read, and columns that were not."""
    grid, header = table.grid, table.header
    if grid.hidden:
        repairs.add(NOTED, grid.name, (0, 0), grid.name, "", t("lembar tersembunyi, tetap dibaca"))
    rows = [row for row in grid.hidden_rows if row > header.last]
    if rows:
        repairs.add(
            NOTED, grid.name, (0, 0), "", "",
            t("{count} baris tersembunyi, tetap dibaca: {rows}", count=len(rows), rows=ranges(rows)),
        )  # fmt: skip
    used = {*header.columns.values(), table.score_column}
    hidden = [at for at in sorted(used) if any(a <= at <= b for a, b in grid.hidden_columns)]
    for at in hidden:
        repairs.add(NOTED, grid.name, (0, at), header.titles.get(at, ""), "", t("kolom tersembunyi, tetap dibaca"))
    filled = {at for row, cells in grid.rows.items() if row > header.last for at in cells}
    for at in sorted(filled - used):
        title = header.titles.get(at, "")
        repairs.add(SKIPPED, grid.name, (0, at), title, "",
                    t("kolom ini tidak dibaca") if title else t("kolom tanpa judul, tidak dibaca"))  # fmt: skip


def ranges(numbers: Iterable[int]) -> str:
    """Write row numbers shortly.

    >>> ranges([1, 2, 3, 7])
    '1–3, 7'
    """
    parts: list[list[int]] = []
    for at in sorted(set(numbers)):
        if parts and at == parts[-1][1] + 1:
            parts[-1][1] = at
        else:
            parts.append([at, at])
    return ", ".join(f"{a}–{b}" if a != b else str(a) for a, b in parts)
