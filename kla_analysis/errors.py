"""One family of errors: each says what, where, why and what to do, and carries its exit code."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

from kla_analysis.language import t

#: How a parameter (and a value of it) is named where the reader is: a notebook, the command, a page.
Words = Callable[[str, str], str]
_words: ContextVar[Words | None] = ContextVar("words", default=None)


def _of_notebooks(name: str, value: str) -> str:
    return value or name


def _of_command(name: str, value: str) -> str:
    return value or f"--{name.replace('_', '-')}"


_words_of_process: Words = _of_notebooks


def called(name: str) -> str:
    """Return what the reader calls a parameter, to name it in an advice.

    >>> with calling(lambda name, value: "isian “Daerah”"):
    ...     called("area")
    'isian “Daerah”'
    >>> called("area")
    'area'
    """
    return (_words.get() or _words_of_process)(name, "")


def given(name: str, value: str) -> str:
    """Return how the reader gives a value of a parameter: by its code, or as a page shows it."""
    return (_words.get() or _words_of_process)(name, value)


@contextmanager
def calling(words: Words) -> Iterator[None]:
    """Name parameters as one page does, inside a `with` block."""
    before = _words.set(words)
    try:
        yield
    finally:
        _words.reset(before)


def call_as_command() -> None:
    """Name parameters as options, for the rest of the process."""
    global _words_of_process
    _words_of_process = _of_command


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one piece of data, and how to mend it.

    `row` counts lines of the file as a spreadsheet shows them (the header is row 1).
    """

    what: str
    advice: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        place = ", ".join(
            text
            for text in (
                self.file,
                t("baris {row}", row=self.row) if self.row is not None else None,
                t("kolom {column}", column=self.column) if self.column else None,
                t("nilai “{value}”", value=self.value) if self.value is not None else None,
            )
            if text
        )
        return f"{place}: {self.what} → {self.advice}" if place else f"{self.what} → {self.advice}"

    def as_record(self) -> dict[str, Any]:
        """Return the problem as a plain dictionary, for `--json`."""
        return {
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "what": self.what,
            "advice": self.advice,
        }


class KlaError(Exception):
    """Base of every error that this project raises on purpose.

    Args:
        what: what happened, one sentence.
        advice: what the reader can do now.
        problems: every single problem found, when there are several.

    >>> import kla_analysis as kla
    >>> try:
    ...     kla.open("63.10", 2022, target="nindia")
    ... except kla.KlaError as error:
    ...     print(error.problems[0].advice)
    Mungkin maksud Anda “nindya”?
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, advice: str = "", problems: Sequence[Problem] = ()) -> None:
        self.what = what
        self.advice = advice
        self.problems = tuple(problems)
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.what} {self.advice}".strip()
        return "\n".join([head, *(f"  - {problem}" for problem in self.problems)])


class ParameterError(KlaError):
    """A parameter is unknown, misspelt, of the wrong type or out of range.

    >>> import kla_analysis as kla
    >>> try:
    ...     kla.open("63.10", 2022, traget="nindya")
    ... except kla.ParameterError as error:
    ...     print(error.problems[0].advice)
    Mungkin maksud Anda “target”?
    """

    exit_code = 2


class DataError(KlaError):
    """A data file was refused; `problems` lists everything that is wrong with it.

    >>> import kla_analysis as kla
    >>> try:
    ...     kla.open("63.10", 2022, assessment="lembar.xlsx")
    ... except kla.DataError as error:
    ...     print(error.exit_code)
    3
    """

    exit_code = 3


class NotebookError(KlaError):
    """A notebook cell raised."""

    exit_code = 4


class KernelError(KlaError):
    """A kernel died, did not start, or ran out of time or memory."""

    exit_code = 5


class OutputError(KlaError):
    """An output folder or file can not be written."""

    exit_code = 6


class LockedError(KlaError):
    """Another run is writing to the same folder."""

    exit_code = 7


def nearest(wrong: str, valid: Iterable[str], *, count: int = 1, alike: float = 0.6) -> list[str]:
    """Return the valid names most like a wrong one, best first; empty when none is near.

    Args:
        alike: how alike two names have to be, from 0 to 1; more where there are so many that some always are.

    >>> nearest("nindia", ["pratama", "madya", "nindya"])
    ['nindya']
    >>> nearest("xyz", ["madya"]), nearest("muda", ["pratama", "madya"])
    ([], ['madya'])
    """
    by_folded = {name.casefold(): name for name in valid}
    folded = wrong.casefold()
    found = difflib.get_close_matches(folded, by_folded, n=count, cutoff=alike)
    if not found:  # which of two texts comes first changes how alike difflib finds them
        found = [name for name in by_folded if difflib.SequenceMatcher(None, folded, name).ratio() >= alike][:count]
    return [by_folded[name] for name in found]


def as_written(wrong: object, valid: Iterable[str], what: str) -> str:
    """Return the valid code that somebody means: in any case, never by a number.

    Args:
        wrong: what was given.
        what: the sentence for a code that there is not.

    Raises:
        ParameterError: it is no text, or none of the valid codes; names the nearest.

    >>> as_written("Nindya", ["madya", "nindya"], "Predikat tidak dikenal.")
    'nindya'
    """
    valid = list(valid)
    if not isinstance(wrong, str):
        raise ParameterError(
            t("{value} bukan teks.", value=repr(wrong)),
            advice=t(
                'Tulis kode sebagai teks di antara tanda kutip, misalnya "63.10"; sebagai angka nol di akhirnya hilang.'
            ),
        )
    found = next((code for code in valid if code.casefold() == wrong.strip().casefold()), None)
    if found is None:
        raise ParameterError(what, advice=did_you_mean(wrong, valid))
    return found


def did_you_mean(wrong: str, valid: Iterable[str]) -> str:
    """Return advice in words: the nearest valid name, or the list of what is valid."""
    valid = list(valid)
    near = nearest(wrong, valid)
    if near:
        return t("Mungkin maksud Anda “{name}”?", name=near[0])
    return t("Pilihan yang ada: {names}.", names=", ".join(valid[:12]) + ("…" if len(valid) > 12 else ""))
