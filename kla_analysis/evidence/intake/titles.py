"""The titles: what stands above and around a table, and what of it says whose sheet this is and of which award year.

A year or a district counts only where it is said to be the award's or the sheet's: the date of a print, the number of a
decree or a district that is compared with is none. All that is written is named when it has to be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile
from pathlib import Path

from kla_analysis.evidence.areas import Area
from kla_analysis.evidence.intake.grid import TEXT, Cell, Grid, clean, words_of
from kla_analysis.evidence.intake.header import Header, headings
from kla_analysis.evidence.intake.names import areas_in
from kla_analysis.evidence.intake.numbers import month_number

_YEAR = re.compile(r"20[1-4]\d")
#: Rows of a sheet without a table that are looked at, the longest text that is a title, words in front of a year.
_COVER_ROWS, _LONGEST, _WINDOW = 60, 300, 6


def titles_of(grid: Grid, header: Header | None) -> list[str]:
    """Return the texts above a table; all short texts of a sheet that has none."""
    last = header.first if header else _COVER_ROWS
    return [
        clean(cell.text)
        for _, cells in takewhile(lambda item: item[0] < last, grid.rows.items())
        for cell in cells.values()
        if cell.kind == TEXT and len(cell.text) < _LONGEST
    ]


def labelled(grid: Grid, header: Header | None, *roles: str) -> Cell | None:
    """Return the cell to the right of the first label of one of these roles, above the table."""
    return next(labels(grid, header, *roles), None)


def labels(grid: Grid, header: Header | None, *roles: str) -> Iterator[Cell]:
    """Yield the cells to the right of every label of one of these roles, above the table."""
    words = {heading for role in roles for heading in headings().by_role[role]}
    last = header.first if header else _COVER_ROWS
    for row, cells in grid.rows.items():
        if row >= last:
            break
        for column, cell in cells.items():
            if cell.kind == TEXT and words_of(cell.text) in words:
                right = [cells[at] for at in sorted(cells) if at > column and clean(cells[at].text) not in (":", "")]
                if right:
                    yield right[0]


def years_in(texts: Iterable[str]) -> tuple[set[int], list[tuple[int, str]]]:
    """Return the years that are said to be the award's, and every year with the text in which it stands.

    >>> years_in(["EVALUASI MANDIRI KLA TAHUN 2025", "Dicetak: 12-03-2026", "Permen PPPA 12 Tahun 2022"])[0]
    {2025}
    """
    said, written = set(), []
    for text in texts:
        words = words_of(text).split()
        for at, word in enumerate(words):
            if _YEAR.fullmatch(word):
                written.append((int(word), text))
                if _is_award_year(words, at, text):
                    said.add(int(word))
    return said, written


def _is_award_year(words: list[str], at: int, text: str) -> bool:
    others, awards = _words("other_year_word"), _words("award_year_word")
    before = words[max(0, at - _WINDOW) : at]
    beside = [*before[-1:], *words[at + 1 : at + 2]]
    if others & set(before) or any(_YEAR.fullmatch(word) for word in beside):
        return False
    if before and (re.fullmatch(r"\d{1,2}", before[-1]) or month_number(before[-1])):
        return False
    if re.search(rf"[/\d]{words[at]}|{words[at]}\s*[/-]\s*\d", text):
        return False
    return bool(awards & set(words)) or set(words) <= {"tahun", "th", "thn", "year", words[at]}


def areas_said(texts: Iterable[str], *, data: Path | None = None) -> tuple[list[Area], list[tuple[Area, str]]]:
    """Return the districts that titles are about, and every district with the text in which it stands."""
    said: dict[str, Area] = {}
    written = []
    others = _words("other_area_word")
    for text in texts:
        for area, before in areas_in(text, data=data):
            written.append((area, text))
            if not others & set(before[-_WINDOW:]):
                said[area.code] = area
    return list(said.values()), written


@lru_cache(maxsize=8)
def _words(role: str) -> frozenset[str]:
    return frozenset(headings().by_role[role])
