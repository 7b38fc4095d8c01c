"""The header: where a sheet's tables begin, what each column is called. The words themselves are data (data/headings.csv)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from kla_analysis.errors import nearest
from kla_analysis.evidence.intake.grid import NUMBER, TEXT, Grid, clean, words_of
from kla_analysis.evidence.intake.names import Names
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import read_resource

#: How far down a sheet its first header is looked for, how many headers it may have.
_HEADER_WITHIN, _MOST_HEADERS = 200, 200
#: How many rows and columns a header may take, and how many cells of merged ranges.
_HEADER_ROWS, _HEADER_COLUMNS, _HEADER_MERGED = 4, 400, 20_000
_LONGEST = 80
_YEAR = re.compile(r"(?<!\d)20[1-4]\d(?!\d)")
_PLAIN_NUMBER = re.compile(r"[\d.,()%-]+")
#: Rows of the table of headings that head no column; neither do those whose role ends in `_word`.
_NO_COLUMNS = {"score_filler", "footer", "average", "filled_on", "area_label"}
#: Columns that may say what a row is about.
CODE_ROLES = ("question_code", "code", "number", "indicator_code", "component_code")
NAME_ROLES = ("question_name", "indicator_name", "name", "component_name")


#: By each cell of a merged range the one that holds its value.
Spread = dict[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Headings:
    """The words of headings: what a column is by its exact heading, and the words inside one that tell of scores."""

    roles: dict[str, str]
    score_words: frozenset[str]
    fillers: frozenset[str]
    max_words: frozenset[str]
    footers: tuple[str, ...]
    averages: tuple[str, ...]
    by_role: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def headings() -> Headings:
    """Return the words of `data/headings.csv`."""
    roles = {}
    by_role = defaultdict(list)
    for role, heading in read_resource("headings.csv", find_project().data).itertuples(index=False):
        by_role[role].append(heading)
        if role not in _NO_COLUMNS and not role.endswith("_word"):
            roles[heading] = role
    return Headings(
        roles,
        frozenset(by_role["score_word"]),
        frozenset(by_role["score_filler"]),
        frozenset(by_role["max_word"]),
        tuple(by_role["footer"]),
        tuple(by_role["average"]),
        {role: tuple(words) for role, words in by_role.items()},
    )


@dataclass(frozen=True)
class Heading:
    """What one heading says: the part that its column plays and, for scores, the stage and year that it names.

    `sure` is false where it speaks of scores with a word that is not known, such as “Nilai Standar”.
    """

    role: str = ""
    stage: str = ""
    year: int = 0
    sure: bool = True


@dataclass(frozen=True)
class ScoreColumn:
    """A column that holds scores, or may."""

    at: int
    title: str
    stage: str = ""
    year: int = 0
    sure: bool = True


@dataclass(frozen=True)
class Header:
    """A header: the rows that it takes, the column of each role, and the columns of scores.

    `end` is the row before which its table ends; `left` and `right` are its first and last column.
    """

    first: int
    last: int
    columns: dict[str, int]
    scores: tuple[ScoreColumn, ...]
    titles: dict[int, str]
    end: int = 1 << 30
    left: int = 1
    right: int = 1 << 30
    further: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def parts(self) -> int:
        """How many different things its columns are."""
        return len(self.columns) + len({(one.stage, one.year) for one in self.scores if one.sure})

    @property
    def is_table(self) -> bool:
        """Whether this can head a table of scores."""
        return bool(self.scores) and any(role in self.columns for role in (*CODE_ROLES, *NAME_ROLES))


def find_headers(grid: Grid, names: Names, *, most: int = _MOST_HEADERS) -> list[Header]:
    """Find every header of a sheet, from the top; each has its own columns, and its table ends where the next begins."""
    rows = list(grid.rows)
    spread = _spread(grid)
    found: list[list[Header]] = []
    past = 0
    for count, row in enumerate(rows):
        if (not found and count >= _HEADER_WITHIN) or len(found) >= most:
            break
        if row <= past:
            continue
        if not _may_head(grid, row, names, again=bool(found)):
            continue
        header = _header_at(grid, row, spread, names)
        if header is None:
            continue
        past = header.last
        blocks = _side_by_side(_with_the_district_s_own(grid, header, names))
        if not (found and _is_repeated(found[-1], blocks) and not _names_a_stage(grid, header, names)):
            found.append(blocks)
    ends = [*(blocks[0].first for blocks in found[1:]), *[1 << 30][: len(found)]]
    return [replace(header, end=end) for blocks, end in zip(found, ends, strict=True) for header in blocks]


def _is_repeated(before: list[Header], blocks: list[Header]) -> bool:
    """Whether a header is the one before again, as on a new page."""
    places = [[(one.columns, [score.at for score in one.scores]) for one in some] for some in (before, blocks)]
    return places[0] == places[1]


def _names_a_stage(grid: Grid, header: Header, names: Names) -> bool:
    """Whether a text right above a header names a stage: then another table begins."""
    rows = [cells for row, cells in grid.rows.items() if header.first - 3 <= row < header.first and len(cells) < 3]
    return any(
        cell.kind == TEXT and stage_named(cell.text, names, within=True) for cells in rows for cell in cells.values()
    )


def find_header(grid: Grid, names: Names) -> Header | None:
    """Return the first header of a sheet, looked for in its first rows; None when there is none."""
    found = find_headers(grid, names, most=1)
    return found[0] if found else None


def _may_head(grid: Grid, row: int, names: Names, *, again: bool) -> bool:
    """Whether a row is worth a closer look: short texts and no figures but years; further down a known heading."""
    cells = grid.rows[row].values()
    if len(cells) > _HEADER_COLUMNS or any(kind not in (TEXT, NUMBER) for kind, _ in cells):
        return False
    if any(kind == NUMBER and not (len(text) == 4 and _YEAR.fullmatch(text)) for kind, text in cells):
        return False
    texts = [text.strip() for kind, text in cells if kind == TEXT]
    if any(_PLAIN_NUMBER.fullmatch(text) and not _YEAR.fullmatch(text) for text in texts):
        return False
    return not again or any(len(text) <= _LONGEST and heading_of(text, names).role for text in texts)


def _header_at(grid: Grid, row: int, spread: Spread, names: Names) -> Header | None:
    """Return the header that begins in a row, as deep as each further row adds to it; None when none does."""
    best = None
    taken: list[int] = []
    for taken in _depths(grid, row, names):
        header = _header([_texts(grid, at, spread) for at in taken], taken, names)
        if header.is_table and (best is None or header.parts > best.parts):
            best = header
    if best is None:
        return None
    linked = any(first == row and last > row for first, _, last, _ in grid.merged)
    below = [at for at in taken[1:] if at <= best.last]
    if below and not linked and _is_enough(_header([_texts(grid, at, spread) for at in below], below, names), best):
        return None  # a title above the header adds nothing to it and is left to say whose sheet this is
    return best


def _is_enough(below: Header, whole: Header) -> bool:
    """Whether the lower rows of a header say all that it says."""
    return below.is_table and below.parts >= whole.parts and len(below.scores) >= len(whole.scores)


def _depths(grid: Grid, row: int, names: Names) -> Iterator[list[int]]:
    """Yield the rows that a header may take that begins in one, each time one more."""
    taken: list[int] = []
    for last in range(row, row + _HEADER_ROWS + 1):
        if last not in grid.rows and any(first <= last <= below for first, _, below, _ in grid.merged if first >= row):
            continue  # an empty row inside a header that is merged over it
        if len(taken) == _HEADER_ROWS or last not in grid.rows:
            return
        if taken and not _may_head(grid, last, names, again=False):
            return
        taken = [*taken, last]
        yield taken


def _header(rows: list[dict[int, str]], places: list[int], names: Names) -> Header:
    columns: dict[str, int] = {}
    scores: list[ScoreColumn] = []
    titles: dict[int, str] = {}
    rows = [_carried(above, rows[at + 1 :], names) for at, above in enumerate(rows)]
    further: dict[str, list[int]] = defaultdict(list)
    bare: list[ScoreColumn] = []
    for at in sorted({at for row in rows for at in row}):
        stack = list(dict.fromkeys(row[at] for row in rows if row.get(at)))
        titles[at] = " ".join(stack)
        if stack and (stage := _stages_beside_scores(names).get(words_of(stack[-1]))):
            bare.append(ScoreColumn(at, titles[at], stage))
        found = _heading_over(stack, names)
        if found.role == "score":
            scores.append(ScoreColumn(at, titles[at], found.stage, found.year, found.sure))
        elif found.role in columns:
            further[found.role].append(at)
        elif found.role:
            columns[found.role] = at
    scores = _with_bare_stages(scores, [one for one in bare if one.at not in columns.values()])
    about = {role: tuple(places) for role, places in further.items()}
    return Header(places[0], places[-1], columns, tuple(scores), titles, further=about)


def _heading_over(stack: list[str], names: Names) -> Heading:
    """Return what a column is by the texts over it, from the top down: alone, or together with those below."""
    bottom = heading_of(stack[-1], names) if stack else Heading()
    if bottom.role in (*CODE_ROLES, *NAME_ROLES, "note"):
        return bottom  # whatever stands above it, such as the stage of the whole sheet
    found = Heading()
    for text in (*(" ".join(stack[start:]) for start in range(len(stack))), *reversed(stack)):
        seen = heading_of(text, names)
        if seen.role and (not found.role or (seen.sure and not found.sure)):
            found = seen
        if found.role and found.sure:
            break
    return found


def _with_bare_stages(scores: list[ScoreColumn], bare: list[ScoreColumn]) -> list[ScoreColumn]:
    """Add the columns that a stage alone heads, where another column beside them speaks of scores or of another stage."""
    seen = {one.at for one in scores}
    if not scores and len({one.stage for one in bare}) < 2:
        return scores
    return sorted([*scores, *(one for one in bare if one.at not in seen)], key=lambda one: one.at)


def _with_the_district_s_own(grid: Grid, header: Header, names: Names) -> Header:
    """Take “Kabupaten” for the district's own scores where it holds figures beside those of other stages."""
    at = header.columns.get("area_name", 0)
    stage = _stages_beside_scores(names).get(words_of(header.titles.get(at, "")), "")
    below = [cells[at] for row, cells in grid.rows.items() if row > header.last and at in cells] if stage else []
    if len({one.stage for one in header.scores} - {"", stage}) < 2 or not any(cell.kind == NUMBER for cell in below):
        return header
    columns = {role: column for role, column in header.columns.items() if role != "area_name"}
    own = ScoreColumn(at, header.titles[at], stage)
    return replace(header, columns=columns, scores=tuple(sorted([*header.scores, own], key=lambda one: one.at)))


def _carried(above: dict[int, str], below: list[dict[int, str]], names: Names) -> dict[int, str]:
    """Carry a heading such as “Skor” over the columns to its right that have one only in the rows below."""
    if not below:
        return above
    filled = dict(above)
    last = ""
    for at in sorted({*above, *(column for row in below for column in row)}):
        if at in above:
            last = above[at] if words_of(above[at]) in headings().score_words else ""
        elif last and any(at in row for row in below):
            filled[at] = last
        else:
            last = ""
    return filled


def _side_by_side(header: Header) -> list[Header]:
    """Cut a header where its code or name columns begin anew behind a column of scores: two tables side by side."""
    places = {at: role for role, at in header.columns.items()}
    places |= {at: role for role, more in header.further.items() for at in more}
    starts = _starts(header, places)
    if len(starts) == 1:
        return [header]
    blocks = []
    for left, right in zip(starts, [*(start - 1 for start in starts[1:]), 1 << 30], strict=True):
        columns: dict[str, int] = {}
        for at in sorted(at for at in places if left <= at <= right):
            columns.setdefault(places[at], at)
        own = tuple(one for one in header.scores if left <= one.at <= right)
        blocks.append(replace(header, columns=columns, scores=own, left=left, right=right, further={}))
    return [block for block in blocks if block.is_table] or [header]


def _starts(header: Header, places: dict[int, str]) -> list[int]:
    """Return the first column of each table under a header; only the first where the last of them has no scores."""
    scores = {one.at for one in header.scores}
    starts, has_score = [header.left], False
    seen: set[str] = set()
    for at in sorted({*places, *scores}):
        role = places.get(at, "")
        if role in seen and has_score and role in (*CODE_ROLES, *NAME_ROLES):
            starts.append(at)
            seen, has_score = set(), False
        seen.add(role)
        has_score = has_score or at in scores
    return starts if has_score else starts[:1]


@lru_cache(maxsize=8192)
def heading_of(text: str, names: Names) -> Heading:
    """Return the part that a column plays by its heading, and the stage and year that it names."""
    if "%" in text or len(text) > _LONGEST:
        return Heading()
    known = headings()
    for words in (words_of(text), words_of(re.sub(r"\([^)]*\)", " ", text))):
        years = {int(year) for year in _YEAR.findall(words)}
        words = re.sub(r"\s+", " ", _YEAR.sub(" ", words)).strip()
        words = re.sub(r" (?:poin|kla|rp)$", "", words)
        year = years.pop() if len(years) == 1 else 0
        if words in known.roles:
            role = known.roles[words]
            return Heading(role, year=year if role == "score" else 0)
        if stage := stage_named(words, names):
            return Heading("score", stage, year)
        found = _score_heading(words.split(), year, names)
        if found.role and found.sure:
            return found
    return found


def _score_heading(words: list[str], year: int, names: Names) -> Heading:
    """Read a heading that is made of a word for scores and others: “Skor Kab/Kota”, “Nilai Maks. Pertanyaan”."""
    known = headings()
    if not words or words[0] in ("persentase", "persen", "prosentase") or not known.score_words & set(words):
        return Heading()
    rest = [word for word in words if word not in known.score_words]
    if known.max_words & set(rest):
        plain = all(word in known.max_words or word in known.fillers for word in rest)
        return Heading("max") if plain else Heading("score", sure=False)
    stages = _stages_beside_scores(names)
    for kept in (rest, [word for word in rest if word not in known.fillers]):
        if stage := stages.get(" ".join(kept)):
            return Heading("score", stage, year)
    return Heading("score", year=year, sure=not kept)


@lru_cache(maxsize=16)
def _stages_beside_scores(names: Names) -> dict[str, str]:
    """Return the stages by what stands beside a word for scores: where “skor provinsi” is one, so is “nilai provinsi”."""
    found = {}
    for code, written in names.stage_names.items():
        for words in written:
            if rest := " ".join(word for word in words.split() if word not in headings().score_words):
                found[rest] = code
    return found


def stage_named(text: str, names: Names, *, within: bool = False) -> str:
    """Return the stage that a text names, exactly or (`within`) somewhere in it; "" when none or several."""
    words = words_of(text)
    found = set()
    for code, written in names.stage_names.items():
        called = {words_of(code), *written} - {""}
        if words in called or (within and any(f" {call} " in f" {words} " for call in called if len(call) > 1)):
            found.add(code)
    return found.pop() if len(found) == 1 else ""


def _spread(grid: Grid) -> Spread:
    """Return for the cells of small merged ranges the cell that holds their value."""
    found: Spread = {}
    for first, left, last, right in grid.merged:
        if len(found) > _HEADER_MERGED:
            break
        if last - first < _HEADER_ROWS and right - left < 60 and first in grid.rows:
            for row in range(first, last + 1):
                for column in range(left, right + 1):
                    found[row, column] = (first, left)
    return found


def _texts(grid: Grid, row: int, spread: Spread) -> dict[int, str]:
    """Return the texts of a row, merged ranges filled in; a year is a text, too."""
    texts = {}
    columns = set(grid.rows.get(row, ())) | {column for r, column in spread if r == row}
    for column in sorted(columns)[:_HEADER_COLUMNS]:
        place = spread.get((row, column), (row, column))
        cell = grid.rows.get(place[0], {}).get(place[1])
        if cell is not None and (cell.kind == TEXT or (cell.kind == NUMBER and _YEAR.fullmatch(cell.text))):
            texts[column] = clean(cell.text)
    return texts


def why_no_table(grid: Grid, names: Names) -> tuple[str, str]:
    """Say why a sheet has no table of scores, and what to do."""
    heads = _nearest_to_a_header(grid, names)
    roles = {heading_of(text, names).role for text in heads} - {""}
    if len(roles) < 2 and (row := _transposed(grid, names)):
        return (
            t("indikator berjajar ke samping di baris {row}; lembar ini terbalik", row=row),
            t("Salin, lalu Tempel Khusus → Transpose, sehingga satu indikator menjadi satu baris."),
        )
    wanted = "code" if "score" in roles else "score"
    word = {"score": t("Nilai"), "code": t("Kode")}[wanted]
    unknown = [text for text in heads if not heading_of(text, names).role]
    near = next((text for text in unknown if _is_misspelt(text, wanted)), "")
    if wanted == "score" and (percents := in_percent(near)):
        return percents
    if near:
        return (
            t("kolom “{word}” tidak ada", word=word),
            t("Mungkin maksud Anda kolom “{near}”? Bila benar, beri judul “{word}”.", near=near, word=word),
        )
    there = t("; yang ada: {heads}", heads=", ".join(f"“{text[:40]}”" for text in heads[:12])) if heads else ""
    return (
        t("kolom “{word}” tidak ada{there}", word=word, there=there),
        t("Tabel memerlukan judul kolom Kode (atau Indikator/Pertanyaan) dan Nilai; kla template membuat contohnya."),
    )


def in_percent(heading: str) -> tuple[str, str] | None:
    """Say what is wrong with a column of scores that is headed as percentages, and what to do; None where it is not."""
    if not re.search(r"%|\bpersen\b", heading.casefold()):
        return None
    return (
        t("kolom “{near}” berisi persen, bukan poin", near=heading),
        t("Ubah persen menjadi poin (persen × nilai maksimal) di kolom berjudul “{word}”.", word=t("Nilai")),
    )


def _is_misspelt(text: str, role: str) -> bool:
    """Whether one word of a heading is one of this role with a letter wrong: “Nilia”, never “Jumlah Dokumen”."""
    known = {word for heading in headings().by_role[role] for word in heading.split()} - headings().fillers
    return any(nearest(word, known, alike=0.75) for word in words_of(text).split() if len(word) > 3)


def _nearest_to_a_header(grid: Grid, names: Names) -> list[str]:
    """Return the texts of the row that has most headings among its texts."""
    spread = _spread(grid)
    best: list[str] = []
    for row in list(grid.rows)[:_HEADER_WITHIN]:
        texts = list(_texts(grid, row, spread).values())
        if len(texts) > len(best) and any(heading_of(text, names).role for text in texts):
            best = texts
    return best


def _transposed(grid: Grid, names: Names) -> int:
    """Return the row in which five different indicators or questions stand beside each other; 0 when there is none.

    The scores then stand in a row of their own, which begins with a heading of scores.
    """
    starts = [next(iter(cells.values())) for cells in grid.rows.values() if cells]
    if not any(
        cell.kind == TEXT and heading_of(clean(cell.text), names).role == "score" for cell in starts[:_HEADER_WITHIN]
    ):
        return 0
    for row in list(grid.rows)[:_HEADER_WITHIN]:
        cells = list(grid.rows[row].values())[:_HEADER_COLUMNS]
        across = [names.code(cell) or (names.name(cell.text) if cell.kind == TEXT else None) for cell in cells]
        if len({match.code for match in across if match}) >= 5:
            return row
    return 0
