"""The rows: which part of the instrument each row of a table is, by a short table of rules.

A row is known by its code, by its number inside an indicator that is itself known, by its name, or by its place in a
run of maxima that is the instrument's. A running number alone is no code, and a name alone never overrules a code.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from kla_analysis.evidence.intake.grid import DATE, TEXT, Cell, clean, words_of
from kla_analysis.evidence.intake.header import headings
from kla_analysis.evidence.intake.names import Match, Names, fold_code
from kla_analysis.instrument.instrument import CODE_COLUMNS

#: How a row was known.
BY_CODE, BY_NUMBER, BY_NAME, BY_PLACE = "code", "number", "name", "place"
_LEVELS = tuple(CODE_COLUMNS)
_WORD = re.compile(r"^(indikator|ind|pertanyaan|butir|soal)\b[\s.:]*", re.IGNORECASE)
_QUESTION_WORDS = {"pertanyaan", "butir", "soal"}
#: A code in front of a name in one cell: “1.2a Kebijakan …”, “Indikator 3: Peran …”.
_LEADING = re.compile(
    r"^((?:(?:indikator|ind|pertanyaan|butir)\b[\s.:]*)?\d{1,2}\s?[A-Da-d]?(?:\.\d{1,2}\.?[a-z]{0,2})?)\s*(?:[.:)–-]+\s*|\s+)(?=[^\W\d_]{2})",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?:(?:indikator|ind|pertanyaan|butir)\b[\s.:]*)?\d{1,2}\s?[A-Da-d]?(?:\.\d{1,2}\.?[a-z]{0,2})?[.)]?",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"\d{1,3}(?:\.0)?[.)]?")
_LETTERS, _LETTERED = re.compile(r"[a-z]{1,2}"), re.compile(r"\d{1,2}[a-z]{1,2}")
#: Runs of maxima that are shorter say nothing without a heading that is known.
_SHORTEST_RUN = 5


@dataclass(eq=False, slots=True)
class Row:
    """A row of a table, and what became of it.

    Attributes:
        code, name: the cells that may say what it is about, with the role of their columns.
        context: cells of coarser columns, such as that of the indicator beside the number of a question.
        maximum: the maximum printed in it.
        scored: whether its score column holds anything.
        match, how: the part of the instrument that it is, and how that was known.
        total: `whole` or the part that it adds up.
        is_group: a heading above lettered parts of a question.
        is_footer: an average, a legend, a signature.
        clash: another row of the instrument whose name it carries.
    """

    at: int
    code: Cell | None
    code_role: str
    name: Cell | None
    name_role: str
    context: tuple[tuple[str, Cell], ...]
    maximum: float | None
    scored: bool
    texts: tuple[Cell, ...]
    match: Match | None = None
    how: str = ""
    total: str | Match | None = None
    is_group: bool = False
    is_footer: bool = False
    clash: tuple[Match, Match] | None = None
    component: str = ""
    indicator: str = ""

    #: Its name as it looks, "" where it has none; its code without a word such as “Pertanyaan” in front; that word.
    text: str = ""
    number: str = ""
    word: str = ""
    #: Whether its code is a whole number and nothing else.
    is_plain: bool = False

    def __post_init__(self) -> None:
        """Read name and code once: every rule asks for them."""
        if self.name is not None and self.name.kind == TEXT:
            self.text = clean(self.name.text)
        if self.code is not None:
            code = clean(self.code.text)
            found = _WORD.match(code)
            self.word = found[1].casefold() if found else ""
            self.number = "" if self.code.kind == DATE else code[found.end() :] if found else code
            self.is_plain = bool(_PLAIN.fullmatch(self.number))

    @property
    def is_known(self) -> bool:
        """Whether it is something of the instrument: a part, a heading above parts, a total, or two parts at once."""
        return self.match is not None or self.clash is not None or self.is_group or self.total is not None

    @property
    def is_counted(self) -> bool:
        """Whether it is known by a whole number only, which may as well count rows: its place overrules that."""
        return self.how in (BY_CODE, BY_NUMBER) and self.is_plain and not self.word


@dataclass
class Recogniser:
    """Goes down the rows of one table; what is known of component and indicator is kept for the next table.

    A table is long when each of its rows names its own district, year or stage: there the same codes come again.
    """

    names: Names
    rows: list[Row]
    lettered: bool = False
    relative: bool = False
    plain_codes: bool = False
    component: str = ""
    indicator: str = ""
    stem: str = ""
    previous: str = ""
    at: int = -1
    in_footer: bool = False
    is_long: bool = False
    is_any: bool = False

    def run(self) -> None:
        """Say of every row what it is."""
        self.lettered = any(_LETTERS.fullmatch(fold_code(row.number)) for row in self.rows if row.code)
        self.relative = self._numbers_are_relative()
        self.plain_codes = self._whole_numbers_are_codes()
        for row in self.rows:
            self._recognise(row)
        if not self._codes_are_trusted():
            for row in self.rows:
                if row.how in (BY_CODE, BY_NUMBER):
                    row.match = self.names.by_name.get(words_of(row.text))
                    row.how = BY_NAME if row.match else ""
        self._by_place()
        self._find_footers()

    # --- what the numbers of the whole table are --------------------------------------------------------------

    def _numbers_are_relative(self) -> bool:
        """Whether numbers count the questions of an indicator: 2a is no code of its own, or 1 comes again and again."""
        plain = Counter(
            row.number for row in self.rows if row.is_plain and row.scored and row.code_role != "indicator_code"
        )
        lettered = any(
            _LETTERED.fullmatch(fold_code(row.number)) and row.code and not self.names.code(row.code)
            for row in self.rows
        )
        return lettered or (not self.is_long and any(count > 1 for count in plain.values()))

    def _whole_numbers_are_codes(self) -> bool:
        """Whether whole numbers are codes of indicators and do not just count rows."""
        known = [
            (row, match)
            for row in self.rows
            if row.code is not None
            and (match := self.names.code(row.code, maximum=row.maximum)) is not None
            and match.level != "component"
        ]
        plain = [(row, match) for row, match in known if match.level == "indicator" and row.is_plain]
        if not plain:
            return False
        return _are_codes(
            lettered=len(plain) < len(known),
            counts_rows=all(row.code_role in ("number", "name", "") for row, _ in plain),
            with_maximum=[
                self.names.has_maximum(match, row.maximum) for row, match in plain if row.maximum is not None
            ],
            named=[self.names.supports(match, row.text) for row, match in plain if row.text],
        )

    def _codes_are_trusted(self) -> bool:
        """Whether what was known by codes is the instrument's: its maxima or names are, or nothing speaks against it."""
        known = [(row, row.match) for row in self.rows if row.match is not None and row.how in (BY_CODE, BY_NUMBER)]
        maxima = [self.names.has_maximum(match, row.maximum) for row, match in known if row.maximum is not None]
        named = [
            self.names.supports(match, row.text) for row, match in known if row.text and match.level != "component"
        ]
        if maxima and sum(maxima) * 2 >= len(maxima):
            return True
        if named:
            return sum(named) * 3 >= len(named)
        lettered = any(re.search(r"[A-Za-z]", row.number) for row, _ in known)
        return lettered or (not maxima and any(row.code_role != "number" or row.word for row, _ in known))

    # --- row by row -------------------------------------------------------------------------------------------

    def _recognise(self, row: Row) -> None:
        self._take_context(row)
        for how, rule in ((BY_CODE, self._by_code), (BY_NUMBER, self._by_number), (BY_NAME, self._by_name)):
            found = rule(row)
            if found is not None or row.clash:
                row.match, row.how = found, how if found else ""
                break
        if row.match is None and not row.clash:
            self._without_match(row)
        elif row.match is not None:
            self.is_any = True
            self.in_footer = False
            self._remember(row.match)
        row.component, row.indicator = self.component, self.indicator

    def _remember(self, match: Match) -> None:
        above = self.names.above[match.level, match.code]
        indicator = match.code if match.level == "indicator" else above.get("indicator", "")
        if indicator != self.indicator:
            self.stem = ""
        self.component, self.indicator = above.get("component", match.code), indicator
        if match.level == "question":
            # Rows that are sorted by something else say nothing by what stands before them.
            at = self.names.place[match.code]
            self.previous, self.at = match.code if at == self.at + 1 else "", at

    def _take_context(self, row: Row) -> None:
        """Take component and indicator from the coarser columns of a row."""
        for role, cell in row.context:
            text = clean(cell.text)
            match = self.names.code(cell) or self.names.name(text) or self._leading(text)
            level = "component" if role.startswith("component") else "indicator"
            if match and match.level == level:
                self._remember(match)

    def _by_code(self, row: Row) -> Match | None:
        found = self._of_code(row)
        if found is None or (found.level == "indicator" and row.is_plain and not self._is_indicator(row, found)):
            return None
        by_name = self.names.name(row.text) if row.text else None
        if by_name is None:
            return found
        if row.is_plain and by_name.level == "question":
            return None
        if by_name.level != found.level or by_name.code == found.code:
            return found
        has_maximum = self.names.has_maximum
        counts = row.code_role in ("number", "name")
        if row.is_plain and (counts or has_maximum(by_name, row.maximum) > has_maximum(found, row.maximum)):
            return None
        row.clash = (found, by_name)
        return None

    def _of_code(self, row: Row) -> Match | None:
        """Return the part of the instrument that has the code of a row."""
        if row.code is None or row.code.kind == DATE:
            return None
        cell = Cell(row.code.kind, row.number) if row.word else row.code
        return self.names.code(cell, self.previous, row.maximum)

    def _is_indicator(self, row: Row, found: Match) -> bool:
        """Whether a whole number in front of a row is the code of an indicator."""
        if row.word in _QUESTION_WORDS or row.code_role == "question_code":
            return False
        fits = self.names.has_maximum(found, row.maximum)
        if self.in_footer:
            return fits or self.names.supports(found, row.text)
        if row.word:
            return True
        if row.code_role == "indicator_code":
            return self.plain_codes
        inside = self.names.within(self.indicator, row.number)
        if inside is not None:
            return self._is_outer(row, found, inside)
        named = bool(row.text) and self.names.name(row.text) == found
        is_group = self.lettered and self.names.begins(self.indicator, row.number)
        return fits or named or (self.plain_codes and not is_group)

    def _is_outer(self, row: Row, found: Match, inside: Match) -> bool:
        """Whether a number is that of an indicator and not of a question of the one in force, which it could be, too."""
        fits = [self.names.has_maximum(match, row.maximum) for match in (found, inside)]
        named = [self.names.supports(match, row.text) for match in (found, inside)]
        for outer, inner in (fits, named):
            if outer != inner:
                return outer
        return self.plain_codes and not self.relative

    def _by_number(self, row: Row) -> Match | None:
        """Find a question by its number inside the indicator in force."""
        if not row.number or self.in_footer or row.code_role == "indicator_code":
            return None
        if self.lettered and self._begins_parts(row):
            return None
        found = self.names.within(self.indicator, row.number, self.stem)
        return found if found is not None and self._is_question(row, found) else None

    def _is_question(self, row: Row, found: Match) -> bool:
        """Whether a number inside the indicator in force is that of a question, and does not only count rows."""
        is_numbered = self.relative or row.code_role == "question_code"
        if row.maximum is not None and row.is_plain and not self.names.has_maximum(found, row.maximum):
            return is_numbered or bool(row.word)
        by_name = self.names.name(row.text) if row.text else None
        if by_name and (by_name.level, by_name.code) != ("question", found.code):
            return False
        only_counts = row.is_plain and row.maximum is None and row.word not in _QUESTION_WORDS
        return is_numbered or not only_counts

    def _begins_parts(self, row: Row) -> bool:
        """Whether a row stands above the lettered parts of a question; its number is kept for them."""
        if self.names.begins(self.indicator, row.number):
            self.stem = fold_code(row.number)
        else:
            whole = re.fullmatch(r"(\w+)\.(\d+)[.)]?", row.number)
            above = self.names.by_code.get(fold_code(whole[1])) if whole else None
            if whole is None or above is None or not self.names.begins(above.code, whole[2]):
                return False
            self._remember(above)
            self.stem = whole[2]
        row.is_group = True
        return True

    def _by_name(self, row: Row) -> Match | None:
        text = row.text
        if not text:
            if row.code is not None and row.code.kind == TEXT:
                return self.names.component(clean(row.code.text)) or self._leading(clean(row.code.text))
            return None
        found = self.names.name(text) or self._leading(text)
        if found is None and row.code is not None and row.code.kind == TEXT:
            found = self.names.component(f"klaster {clean(row.code.text)} {text}")
        return found

    def _leading(self, text: str) -> Match | None:
        """Find a row whose code and name stand in one cell; the name has to be that of the code."""
        split = _LEADING.match(text)
        if split is None:
            return None
        rest = text[split.end() :]
        found = self.names.code(Cell(TEXT, split[1]))
        if found and self.names.supports(found, rest):
            return found
        return self.names.name(rest)

    def _without_match(self, row: Row) -> None:
        for cell in row.texts:
            if (found := self.names.total(cell.text)) is not None:
                row.total = found
                return
        if self.is_any and _starts_footer(row.texts):
            self.in_footer = True

    # --- by place ---------------------------------------------------------------------------------------------

    def _by_place(self) -> None:
        """Match what is left by its place: a run of maxima that is, in order and number, that of the instrument."""
        run = [row for row in self.rows if row.total is None and not row.is_group and row.maximum is not None]
        if not any((row.match is None or row.is_counted) and row.scored for row in run):
            return
        for levels in _combinations():
            if self._fits(run, self._expected(levels)):
                return
        for component, indicator, block in self._blocks(run):
            if indicator:
                self._fits(block, self._expected(("question",), indicator=indicator), shortest=2)
            elif component:
                for levels in (("indicator",), ("indicator", "question"), ("question",)):
                    if self._fits(block, self._expected(levels, component=component), shortest=2):
                        break

    def _expected(self, levels: Iterable[str], *, component: str = "", indicator: str = "") -> list[Match]:
        """Return the rows of these levels as a sheet lists them: what is above before what is below."""
        expected = []
        for code in self.names.order:
            above = self.names.above[code.level, code.code]
            if code.level not in levels:
                continue
            if component and component not in (above.get("component"), code.code):
                continue
            if indicator and above.get("indicator") != indicator:
                continue
            expected.append(code)
        return expected

    def _fits(self, run: list[Row], expected: list[Match], *, shortest: int = _SHORTEST_RUN) -> bool:
        """Match a run with what is expected, where all maxima and what is known already agree."""
        if len(run) != len(expected) or len(run) < shortest:
            return False
        pairs = list(zip(run, expected, strict=True))
        if any(
            row.match is not None
            and not row.is_counted
            and (row.match.level, row.match.code) != (match.level, match.code)
            for row, match in pairs
        ):
            return False
        if not all(self.names.has_maximum(match, row.maximum) for row, match in pairs):
            return False
        for row, match in pairs:
            if not row.clash and (row.match is None or row.match.code != match.code):
                row.match, row.how = match, BY_PLACE
        return True

    def _blocks(self, run: list[Row]) -> list[tuple[str, str, list[Row]]]:
        """Cut a run where the indicator or the component in force changes; the rows known above a block are not in it."""
        blocks: dict[tuple[str, str], list[Row]] = {}
        for row in run:
            if row.match is None or row.match.level == "question":
                blocks.setdefault((row.component, row.indicator), []).append(row)
        return [(component, indicator, rows) for (component, indicator), rows in blocks.items()]

    # --- below the table --------------------------------------------------------------------------------------

    def _find_footers(self) -> None:
        """Pass over averages anywhere, and behind the last row that is known legends, signatures and bare sums."""
        last = max((row.at for row in self.rows if row.match is not None), default=0)
        begun = False
        for row in self.rows:
            if row.is_known or not last:
                begun = False
                continue
            if row.at > last and row.scored and not row.texts and row.code is None:
                row.total = "whole"
            elif row.at > last:
                begun = begun or _starts_footer(row.texts)
                row.is_footer = (begun and row.maximum is None) or _is_average(row.texts)
            else:
                row.is_footer = _is_average(row.texts)


def _are_codes(*, lettered: bool, counts_rows: bool, with_maximum: list[bool], named: list[bool]) -> bool:
    """Whether whole numbers are codes.

    Args:
        lettered: whether other rows have codes that are more than a number.
        counts_rows: whether the column of the numbers may as well count rows.
        with_maximum, named: of the rows that print a maximum, or a name, whether it is that of the code.
    """
    mostly_named = sum(named) * 2 > len(named)
    if any(with_maximum):
        return sum(with_maximum) * 2 >= len(with_maximum) or lettered
    if with_maximum and not counts_rows:
        return mostly_named
    if lettered:
        return sum(named) * 3 >= len(named)
    if counts_rows:
        return len(named) >= 3 and all(named)
    return not named or mostly_named


def _starts_footer(texts: tuple[Cell, ...]) -> bool:
    return any(f"{words_of(cell.text)} ".startswith(f"{word} ") for cell in texts for word in headings().footers)


def _is_average(texts: tuple[Cell, ...]) -> bool:
    """Whether a row is an average or the like: its text is that word and hardly any other."""
    words = words_of(texts[0].text) if texts else ""
    return len(words.split()) <= 5 and any(f"{words} ".startswith(f"{word} ") for word in headings().averages)


def _combinations() -> list[tuple[str, ...]]:
    return [levels for count in range(1, len(_LEVELS) + 1) for levels in combinations(_LEVELS, count)]


def split_row_cells(code: Cell | None, name: Cell | None, name_role: str) -> tuple[Cell | None, str, Cell | None]:
    """Return code, role of the code and name where a code stands in the column of names."""
    if code is None and name is not None and _BARE.fullmatch(clean(name.text)):
        return name, {"question_name": "question_code", "indicator_name": "indicator_code"}.get(name_role, "code"), None
    if code is None and name is not None and name.kind == TEXT and (split := _LEADING.match(clean(name.text))):
        return Cell(TEXT, split[1]), "name", Cell(TEXT, clean(name.text)[split.end() :])
    return code, "", name
