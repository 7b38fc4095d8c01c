"""The reader's language: translated text and numbers written the way the reader writes them.

Indonesian is the source of every text. The language in force is kept in a context variable, so that
a report in one language and a report in another can be made side by side and no function needs a
`lang` argument that it only hands on.

A catalogue is a gettext `.po` file, read as it stands: it is small, is read once per process, and there
is no compiled twin that a checkout, a wheel or an editable install could lack or bring stale.
"""

from __future__ import annotations

import datetime
import math
import os
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

#: How each language calls itself: that of the source first, then those whose catalogue is complete (a test proves it).
LANGUAGE_NAMES = {"id": "Bahasa Indonesia", "en": "English"}
LANGUAGES = tuple(LANGUAGE_NAMES)
LOCALE_FOLDER = Path(__file__).parent / "locale"
DOMAIN = "kla_analysis"
#: The language that a process starts with.
VARIABLE = "KLA_LANG"
#: So many decimals tell any two scores apart.
_EXACT = 17
_current: ContextVar[str | None] = ContextVar("language", default=None)
_of_process = os.environ.get(VARIABLE, LANGUAGES[0])
if _of_process not in LANGUAGES:
    _of_process = LANGUAGES[0]


def current_language() -> str:
    """Return the code of the language in force, such as `id`."""
    return _current.get() or _of_process


def use_language(lang: str) -> None:
    """Set the language for the rest of the `with language(...)` block we are in, or of the process (a kernel, a command).

    A kernel answers its widgets, and works in threads, outside of the context of the cell that chose.
    """
    global _of_process
    if lang not in LANGUAGES:
        raise ValueError(f"lang must be one of {LANGUAGES}, not {lang!r}")
    if _current.get() is None:
        _of_process = lang
    else:
        _current.set(lang)


@contextmanager
def language(lang: str) -> Iterator[None]:
    """Use a language inside a `with` block only."""
    before = _current.set(current_language())
    try:
        use_language(lang)
        yield
    finally:
        _current.reset(before)


def catalogue_path(lang: str) -> Path:
    """Return where the catalogue of a language is."""
    return LOCALE_FOLDER / lang / "LC_MESSAGES" / f"{DOMAIN}.po"


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(lang: str) -> Mapping[str, str]:
    if lang == "id":
        return {}
    from babel.messages.pofile import read_po

    with catalogue_path(lang).open("rb") as file:
        written = [message for message in read_po(file, locale=lang) if message.string and not message.fuzzy]
    return {str(message.id): str(message.string) for message in written}


class _Sentence(string.Formatter):
    """Fills in named values; a language that bends its words writes every form: `{n} {n:point|points}`.

    The forms stand in the order of `plural_forms`, those of the language in force.
    """

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" not in format_spec:
            return str(super().format_field(value, format_spec))
        return chosen_form(format_spec.split("|"), value, current_language())


def plural_forms(lang: str) -> tuple[str, ...]:
    """Return the forms that a language has for counts, by CLDR, in CLDR's order.

    >>> plural_forms("id"), plural_forms("en"), plural_forms("pl")
    (('other',), ('one', 'other'), ('one', 'few', 'many', 'other'))
    """
    from babel import Locale

    used = {*Locale.parse(lang).plural_form.tags, "other"}
    return tuple(form for form in ("zero", "one", "two", "few", "many", "other") if form in used)


def chosen_form(forms: Sequence[str], count: Any, lang: str) -> str:
    """Return the form that goes with a count: a number, or a text with one, such as `number` writes it.

    A text that is no number (a range) takes the general form.

    >>> [chosen_form(("poin", "punkty", "punktów", "punktu"), n, "pl") for n in (1, 3, 5, 1.5)]
    ['poin', 'punkty', 'punktów', 'punktu']
    """
    from babel import Locale
    from babel.numbers import NumberFormatError, parse_decimal

    try:
        exact = parse_decimal(count.replace("−", "-"), locale=lang) if isinstance(count, str) else count
    except NumberFormatError:
        return forms[-1]
    return forms[plural_forms(lang).index(Locale.parse(lang).plural_form(exact))]


_sentence = _Sentence()


def t(message: str, /, **values: object) -> str:
    """Translate a text and fill in its named values.

    >>> t("Total {total}", total="650,5")
    'Total 650,5'
    """
    text = _catalogue(current_language()).get(message, message)
    return _sentence.format(text, **values) if values else text


def by_language(texts: dict[str, str]) -> str:
    """Pick the text of the language in force out of `{"id": ..., "en": ...}`."""
    return texts.get(current_language()) or texts["id"]


def number(value: float | None, *, decimals: int | None = None, beside: Iterable[float] = ()) -> str:
    """Write a number: at most two decimals, or exactly `decimals`; a dash when it is missing.

    What is written without `decimals` is never rounded to a whole number, because bounds are whole: 700.999 of
    701, something of nothing.

    Args:
        beside: bounds that stand beside it. Rounding never moves a number onto a bound or past it: it is
            written with as many decimals more as that takes.

    >>> number(1234.5), number(650.0), number(650.5, decimals=2), number(12.999), number(12.994)
    ('1.234,5', '650', '650,50', '12,999', '12,99')
    >>> number(700.999999, beside=(701,)), number(0.000001, beside=(0,)), number(700.6, decimals=0, beside=(701,))
    ('700,999999', '0,000001', '700,6')
    """
    if value is None or math.isnan(value):
        return "–"
    return _number(float(value), decimals, tuple(map(float, beside)), current_language())


@lru_cache(maxsize=65536)
def _number(value: float, decimals: int | None, beside: tuple[float, ...], lang: str) -> str:
    from babel.numbers import format_decimal

    exact, bounds = Decimal(repr(round(value, 6) + 0.0)), [Decimal(repr(bound)) for bound in beside]
    if bounds:
        exact = Decimal(repr(value))
    if decimals is None:
        bounds.append(exact.to_integral_value())
    fewest = 2 if decimals is None else decimals
    places = next(
        (more for more in range(fewest, _EXACT) if all(_same_side(exact, more, bound) for bound in bounds)), _EXACT
    )
    exact = exact if round(exact, places) else Decimal(0)  # no minus before a nought
    shown = "#" * places if decimals is None else "0" * fewest + "#" * (places - fewest)
    text = format_decimal(exact, format="#,##0." + shown if shown else "#,##0", locale=lang)
    # Babel writes the minus as a hyphen; a real minus sign does not break at the end of a line.
    return text.replace("-", "−")


def _same_side(exact: Decimal, places: int, bound: Decimal) -> bool:
    """Whether a number written with so many decimals is still on its own side of a bound."""
    return round(exact, places).compare(bound) == exact.compare(bound)


def signed(value: float) -> str:
    """Write a difference with its sign.

    >>> signed(12.5), signed(-3)
    ('+12,5', '−3')
    """
    return ("+" if value > 0 else "") + number(value)


def percent(share: float | None, *, decimals: int = 0) -> str:
    """Write a share of one as a percentage.

    >>> percent(0.846)
    '85%'
    """
    if share is None or math.isnan(share):
        return "–"
    return number(share * 100, decimals=decimals) + "%"


def chance(probability: float) -> str:
    """Write a probability without pretending to know its last percent.

    >>> chance(0.003), chance(0.546), chance(0.999), chance(0.0)
    ('<1%', '55%', '>99%', '0%')
    """
    if 0 < probability < 0.01:
        return "<1%"
    if 0.99 < probability < 1:
        return ">99%"
    return percent(probability)


def likely(probability: float) -> str:
    """Write a probability that was counted in draws: none or all of them is not yet never or always.

    >>> likely(0.0), likely(0.24), likely(1.0), likely(math.nan)
    ('<1%', '24%', '>99%', '–')
    """
    return chance(min(max(probability, 0.001), 0.999))


def _amounts() -> tuple[tuple[int, str], ...]:
    """Return how amounts are called, largest first."""
    return ((10**12, t("triliun")), (10**9, t("miliar")), (10**6, t("juta")))


class Zone(NamedTuple):
    """Local time: what it is called, and how many hours it is ahead of UTC."""

    name: str
    hours: int


#: The time of the capital: that of whatever belongs to no province.
CAPITAL = Zone("WIB", 7)


def local(when: datetime.datetime, zone: Zone = CAPITAL) -> datetime.datetime:
    """Return a moment as clocks show it there; `when` is in UTC."""
    return when.replace(tzinfo=None) + datetime.timedelta(hours=zone.hours)


def moment(when: datetime.datetime, zone: Zone = CAPITAL) -> str:
    """Write a day and time for people, in their own time; `when` is in UTC.

    >>> moment(datetime.datetime(2026, 11, 25, 17, 5), Zone("WIT", 9))
    '26 November 2026, 02.05 WIT'
    """
    from babel.dates import format_time

    there = local(when, zone)
    return f"{day(there)}, {format_time(there, 'short', locale=_dates())} {zone.name}"


def day(when: datetime.date) -> str:
    """Write a day for people.

    >>> day(datetime.date(2026, 11, 25))
    '25 November 2026'
    """
    from babel.dates import format_date

    return format_date(when, "long", _dates())


def _dates() -> str:
    # Indonesia, and most readers of English there, put the day before the month.
    return {"en": "en_GB"}.get(current_language(), current_language())


def month(text: str) -> str:
    """Write a month (`2026-01`) as people read it; a bare year stays as it is.

    >>> month("2026-01"), month("2021")
    ('Januari 2026', '2021')
    """
    from babel.dates import format_date

    year, _, number_of = text.partition("-")
    if not number_of:
        return year
    return format_date(datetime.date(int(year), int(number_of), 1), "MMMM yyyy", current_language())


#: What people type behind a number. “M” is not here: it is a miliar to one and a million to the other.
TYPED_UNITS = {
    "": 1,
    "ribu": 10**3,
    "rb": 10**3,
    "thousand": 10**3,
    "juta": 10**6,
    "jt": 10**6,
    "million": 10**6,
    "miliar": 10**9,
    "milyar": 10**9,
    "mlr": 10**9,
    "billion": 10**9,
    "triliun": 10**12,
    "trillion": 10**12,
}


def money(rupiah: float | None) -> str:
    """Write an amount of rupiah in words where it is large: as many digits as it has, at most two decimals more.

    >>> money(600_000_000), money(1_250_000_000), money(0), money(75_500)
    ('Rp600 juta', 'Rp1,25 miliar', 'Rp0', 'Rp75.500')
    """
    if rupiah is None or math.isnan(rupiah):
        return "–"
    for unit, name in _amounts():
        if abs(rupiah) >= unit:
            return f"{'−' if rupiah < 0 else ''}Rp{number(abs(rupiah) / unit)} {name}"
    return f"{'−' if rupiah < 0 else ''}Rp{number(abs(rupiah), decimals=0)}"


def read_money(text: str | int) -> int:
    """Read an amount of rupiah as people type it, in either language; never a guess.

    A file reads the same whatever the language in force: what means one thing in Indonesian and another in
    English (1,200 million) is refused.

    >>> read_money("Rp600 juta"), read_money("1,2 miliar"), read_money("1.2 billion"), read_money("0")
    (600000000, 1200000000, 1200000000, 0)
    >>> read_money("600.000.000"), read_money("Rp600,000,000"), read_money("75,500")
    (600000000, 600000000, 75500)

    Raises:
        ValueError: in words, when it is empty, no amount, below zero, or could be read in two ways.
    """
    typed = re.sub(r"\s+", " ", str(text)).strip().casefold()
    if not typed:
        raise ValueError(t("Jumlah uang belum diisi. Tulis misalnya 600 juta atau 1,2 miliar."))
    found = re.fullmatch(r"(?:rp\.? ?)?(-?)([\d.,]*\d)(?:,-)? ?([a-z]*)\.?", typed)
    if found is None or found[3] not in {*TYPED_UNITS, "m"}:
        raise ValueError(t("“{text}” bukan jumlah uang. Tulis misalnya 600 juta atau 1,2 miliar.", text=text))
    minus, digits, unit = found.groups()
    if minus:
        raise ValueError(t("“{text}”: jumlah uang tidak boleh di bawah nol.", text=text))
    if unit == "m":
        raise ValueError(t("“{text}” bermakna ganda: tulis “juta” atau “miliar”.", text=text))
    grouped = re.fullmatch(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*", digits)
    if grouped and unit in {".": {"", "ribu", "rb"}, ",": {"", "thousand"}}[grouped[1]]:
        value = float(digits.replace(grouped[1], ""))
    elif re.fullmatch(r"\d+([.,]\d{1,2})?|\d+[.,]\d{4,}", digits):
        value = float(digits.replace(",", "."))
    elif re.fullmatch(r"\d{1,3}([.,]\d{3})+([.,]\d+)?", digits):
        raise ValueError(t("“{text}” bermakna ganda: tulis tanpa pemisah ribuan, misalnya 1200 juta.", text=text))
    else:
        raise ValueError(t("“{text}” bukan jumlah uang. Tulis misalnya 600 juta atau 1,2 miliar.", text=text))
    if not unit and value != int(value):
        raise ValueError(
            t("“{text}” tanpa satuan: rupiah tidak berkoma. Maksud Anda {text} juta atau {text} miliar?", text=text)
        )
    rupiah = value * TYPED_UNITS[unit]
    if rupiah > 10**15:
        raise ValueError(t("“{text}” terlalu besar: paling banyak seribu triliun.", text=text))
    return round(rupiah)
