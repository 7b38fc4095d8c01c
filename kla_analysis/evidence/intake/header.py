"""The header: where a sheet's table begins, what each column is called, and what stands above it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kla_analysis.errors import nearest
from kla_analysis.evidence.intake.grid import TEXT, Cell, Grid, clean, words_of
from kla_analysis.evidence.intake.names import Names
from kla_analysis.language import t

#: How far down a sheet its header is looked for.
_HEADER_WITHIN = 200
#: How wide a header may be, and how many cells of merged ranges it may take.
_HEADER_COLUMNS, _HEADER_MERGED = 400, 20_000

#: What each column is called in the sheets of districts, by the part that it plays here.
_HEADINGS = {
    "question_code": "question code|kode pertanyaan|no pertanyaan|nomor pertanyaan|kode butir",
    "indicator_code": "indicator code|kode indikator|no indikator|nomor indikator",
    "component_code": "component code|kode komponen|kode klaster",
    "code": "code|kode|no kode|kode no",
    "number": "no|nomor|no urut|no urt|nr",
    "question_name": "pertanyaan|uraian pertanyaan|butir pertanyaan|nama pertanyaan|indikator pertanyaan"
    "|indikator dan pertanyaan|komponen indikator pertanyaan|klaster indikator pertanyaan",
    "indicator_name": "indikator|nama indikator|uraian indikator|indikator kla|klaster indikator|komponen indikator",
    "component_name": "komponen|klaster|kluster|nama klaster|nama komponen|komponen klaster",
    "name": "uraian|nama|name|keterangan indikator|aspek",
    "max": "nilai maksimal|nilai maksimum|nilai maks|nilai max|skor maksimal|skor maksimum|skor maks|skor max|maksimal"
    "|maksimum|maks|max|max score|printed max|bobot|bobot nilai|bobot maksimal|poin maksimal|poin maks|nilai tertinggi",
    "score": "nilai|skor|score|capaian|nilai capaian|perolehan|nilai perolehan|nilai diperoleh|skor diperoleh|poin"
    "|nilai yang diperoleh|jumlah nilai|nilai kla|hasil penilaian|nilai hasil",
    "note": "note|keterangan|catatan|ket",
    "area_code": "area code|kode wilayah|kode daerah|kode kab kota|kode kabupaten kota|kode kemendagri",
    "area_name": "kabupaten kota|kab kota|kabupaten|daerah|wilayah|nama daerah|nama kabupaten kota|nama kab kota",
    "year": "award year|tahun|tahun penghargaan|tahun evaluasi|tahun penilaian",
    "stage": "stage|tahap|tahapan|tahap penilaian",
}
_ROLE_OF = {heading: role for role, headings in _HEADINGS.items() for heading in headings.split("|")}
#: Columns that may say what a row is about, the finest first.
CODE_ROLES = ("question_code", "code", "indicator_code", "number", "component_code")
NAME_ROLES = ("question_name", "indicator_name", "name", "component_name")


@dataclass(frozen=True)
class Header:
    """A header row: the rows that it takes, the column of each role, and the columns that hold scores."""

    first: int
    last: int
    columns: dict[str, int]
    scores: tuple[tuple[int, str], ...]
    titles: dict[int, str]

    @property
    def parts(self) -> int:
        """How many different things its columns are."""
        return len(self.columns) + len({stage for _, stage in self.scores})

    @property
    def is_table(self) -> bool:
        """Whether this can head a table of scores."""
        return bool(self.scores) and any(role in self.columns for role in (*CODE_ROLES, *NAME_ROLES))


def find_header(grid: Grid, names: Names) -> Header | None:
    """Find the first row, or pair of rows, whose headings make a table of scores; None when there is none."""
    spread = _spread(grid)
    for row in list(grid.rows)[:_HEADER_WITHIN]:
        above, below = _texts(grid, row, spread), _texts(grid, row + 1, spread)
        single = _header(row, row, above, {}, names)
        if below and not _reads_as_data(grid, row + 1):
            double = _header(row, row + 1, below, above, names)
            lower = _header(row + 1, row + 1, below, {}, names)
            linked = single.parts and any(r in (row, row + 1) and at[0] == row for (r, _), at in spread.items())
            if double.is_table and double.parts > max(single.parts, 0 if linked else lower.parts):
                return double
        if single.is_table:
            return single
    return None


def _reads_as_data(grid: Grid, row: int) -> bool:
    return any(kind != TEXT for kind, _ in grid.rows.get(row, {}).values())


def _header(first: int, last: int, below: dict[int, str], above: dict[int, str], names: Names) -> Header:
    columns: dict[str, int] = {}
    scores: list[tuple[int, str]] = []
    for at in sorted({*below, *above}):
        top, bottom = above.get(at, ""), below.get(at, "")
        role, stage = "", ""
        for text in filter(None, (f"{top} {bottom}" if top != bottom else "", bottom, top)):
            role, stage = role_of(text, names)
            if role:
                break
        if role == "score":
            scores.append((at, stage))
        elif role:
            columns.setdefault(role, at)
    titles = {at: " ".join(dict.fromkeys(filter(None, (above.get(at), below.get(at))))) for at in {*below, *above}}
    return Header(first, last, columns, tuple(scores), titles)


@lru_cache(maxsize=4096)
def role_of(text: str, names: Names) -> tuple[str, str]:
    """Return the part that a column plays by its heading, and the stage that it names."""
    if "%" in text or len(text) > 80:
        return "", ""
    for words in (words_of(text), words_of(re.sub(r"\([^)]*\)", " ", text))):
        words = re.sub(r" (?:poin|kla|\d{4})$", "", words)
        if words in _ROLE_OF:
            return _ROLE_OF[words], ""
        if stage := stage_named(words, names):
            return "score", stage
    return "", ""


def stage_named(text: str, names: Names, *, within: bool = False) -> str:
    """Return the stage that a text names, exactly or (`within`) somewhere in it; "" when none or several."""
    words = words_of(text)
    found = set()
    for code, written in names.stage_names.items():
        called = {words_of(code), *written} - {""}
        if words in called or (within and any(f" {call} " in f" {words} " for call in called if len(call) > 1)):
            found.add(code)
    return found.pop() if len(found) == 1 else ""


def _spread(grid: Grid) -> dict[tuple[int, int], tuple[int, int]]:
    """Return for the cells of small merged ranges the cell that holds their value."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for first, left, last, right in grid.merged:
        if len(found) > _HEADER_MERGED:
            break
        if last - first < 4 and right - left < 60 and first <= _HEADER_WITHIN * 2:
            for row in range(first, last + 1):
                for column in range(left, right + 1):
                    found[row, column] = (first, left)
    return found


def _texts(grid: Grid, row: int, spread: dict[tuple[int, int], tuple[int, int]]) -> dict[int, str]:
    """Return the texts of a row, merged ranges filled in."""
    texts = {}
    columns = set(grid.rows.get(row, ())) | {column for r, column in spread if r == row}
    for column in sorted(columns)[:_HEADER_COLUMNS]:
        place = spread.get((row, column), (row, column))
        cell = grid.rows.get(place[0], {}).get(place[1])
        if cell is not None and cell.kind == TEXT:
            texts[column] = clean(cell.text)
    return texts


def titles_of(grid: Grid, header: Header | None) -> list[str]:
    """Return the texts above a table; all short texts of a sheet that has none."""
    last = header.first if header else 60
    return [
        clean(cell.text)
        for row, cells in grid.rows.items()
        if row < last
        for cell in cells.values()
        if cell.kind == TEXT and len(cell.text) < 300
    ]


def labelled(grid: Grid, header: Header | None, *labels: str) -> Cell | None:
    """Return the cell to the right of one of these labels, above the table."""
    last = header.first if header else 60
    for row, cells in grid.rows.items():
        if row >= last:
            break
        for column, cell in cells.items():
            if cell.kind == TEXT and words_of(cell.text) in labels:
                right = [cells[at] for at in sorted(cells) if at > column and clean(cells[at].text) not in (":", "")]
                if right:
                    return right[0]
    return None


def why_no_table(grid: Grid, names: Names) -> tuple[str, str]:
    """Say why a sheet has no table of scores, and what to do."""
    spread = _spread(grid)
    for row in list(grid.rows)[:_HEADER_WITHIN]:
        across = [
            cell
            for cell in grid.rows[row].values()
            if names.code(cell) or (cell.kind == TEXT and names.name(cell.text))
        ]
        if len(across) >= 5:
            return (
                t("indikator berjajar ke samping di baris {row}; lembar ini terbalik", row=row),
                t("Salin, lalu Tempel Khusus → Transpose, sehingga satu indikator menjadi satu baris."),
            )
    best, heads = "", []
    for row in list(grid.rows)[:_HEADER_WITHIN]:
        texts = list(_texts(grid, row, spread).values())
        if len(texts) > len(heads) and any(role_of(text, names)[0] for text in texts):
            heads = texts
    roles = {role_of(text, names)[0] for text in heads}
    wanted = "score" if not roles & {"score"} else "code"
    unknown = [text for text in heads if not role_of(text, names)[0]]
    for heading in _HEADINGS[wanted].split("|"):
        near = nearest(heading, unknown)
        if near:
            best = near[0]
            break
    word = {"score": t("Nilai"), "code": t("Kode")}[wanted]
    if best:
        return (
            t("kolom “{word}” tidak ada", word=word),
            t("Mungkin maksud Anda kolom “{near}”? Bila benar, beri judul “{word}”.", near=best, word=word),
        )
    return (
        t("kolom “{word}” tidak ada", word=word),
        t("Tabel memerlukan judul kolom Kode (atau Indikator/Pertanyaan) dan Nilai; kla template membuat contohnya."),
    )
