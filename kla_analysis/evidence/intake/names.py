"""Names and codes as people write them: matched exactly once spelling is put aside, else only suggested."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kla_analysis.evidence.areas import REFERENCE_CODE, Area, find_area, load_areas, near_codes, near_names
from kla_analysis.evidence.intake.grid import NUMBER, Cell, clean, words_of
from kla_analysis.instrument.instrument import CODE_COLUMNS, Instrument, load_instrument
from kla_analysis.language import LANGUAGES, language, t
from kla_analysis.project import find_project
from kla_analysis.reading import read_resource

_LEVELS = tuple(CODE_COLUMNS)
#: Words that say nothing of what a row is about.
_COMMON = set(
    [
        "apakah",
        "tersedia",
        "terdapat",
        "ada",
        "dan",
        "atau",
        "yang",
        "dalam",
        "dengan",
        "untuk",
        "bagi",
        "dari",
        "pada",
        "berapa",
        "persentase",
        "jumlah",
        "anak",
        "terkait",
        "tentang",
        "telah",
        "sudah",
        "daerah",
        "kabupaten",
        "kota",
        "layak",
        "nilai",
        "kla",
    ]
)
_TOTAL_WORDS = re.compile(
    r"^(grand total|sub ?total|sub ?jumlah|total (?:nilai|skor)|(?:nilai|skor) (?:total|akhir)|jumlah (?:nilai|skor)|jumlah|jml|total)\b\s*"
)
_ONE_DECIMAL = re.compile(r"\d+\.\d")
#: What may follow “jumlah” and still mean the whole sheet.
_WHOLE = re.compile(
    r"^(nilai|skor|poin|keseluruhan|seluruhnya|seluruh|semua|akhir|total|umum|besar|kla|komponen|evaluasi|mandiri|em|"
    r"\d{4}|dan|\s)*$"
)


@dataclass(frozen=True)
class Match:
    """What a row is about; `note` says what was put right on the way, else ""."""

    level: str
    code: str
    note: str = ""


class Names:
    """The codes and names of an instrument, ready to be found in whatever spelling and language.

    Attributes:
        stage_names: by code the names of a stage.
    """

    def __init__(
        self, instrument: Instrument, *translated: Instrument, aliases: Iterable[tuple[str, str, str]] = ()
    ) -> None:
        """Gather them.

        Args:
            translated: the same rules in other languages than the one in force.
            aliases: level, code and another name of it, as districts use them.
        """
        everywhere = (instrument, *translated)
        self.instrument = instrument
        self.stage_names: dict[str, set[str]] = {}
        for rules in everywhere:
            for stage in rules.stages:
                self.stage_names.setdefault(stage.code, set()).update(map(words_of, (stage.name, *stage.words)))
        self.by_code: dict[str, Match] = {}
        self.by_name: dict[str, Match | None] = {}
        self.names_of: dict[tuple[str, str], list[str]] = {}
        self.maxima: dict[tuple[str, str], tuple[float, ...]] = {}
        #: Every row, as a sheet lists them: a component, its indicators, each with its questions.
        self.order: list[Match] = []
        #: The codes of the levels above each code: {"indicator": …, "component": …}.
        self.above: dict[tuple[str, str], dict[str, str]] = {}
        for level in _LEVELS:
            upper = [name for name in _LEVELS if CODE_COLUMNS[name] in instrument.table(level)]
            for code, *codes in instrument.table(level)[[CODE_COLUMNS[name] for name in upper]].itertuples():
                self.above[level, code] = dict(zip(upper, codes, strict=True))
                self._add(Match(level, code), [rules.table(level).loc[code, "name"] for rules in everywhere])
        self.order = self._in_order()
        #: Where each question comes among them all.
        self.place = {code: at for at, code in enumerate(m.code for m in self.order if m.level == "question")}
        for level, code, alias in aliases:
            self.names_of[level, code].append(words_of(alias))
            self.by_name.setdefault(words_of(alias), Match(level, code))
        for key in self.names_of:
            declared = [of.values for of in instrument.discrepancies if (of.kind, of.level, of.code) == ("max", *key)]
            own = float(instrument.table(key[0]).loc[key[1], "max_points"])
            self.maxima[key] = (own, *(values["printed"] for values in declared if "printed" in values))

    def _add(self, match: Match, names: Iterable[str]) -> None:
        """Take a row of the instrument up, with its names in every language."""
        self.by_code[fold_code(match.code)] = match
        for name in names:
            self.names_of.setdefault((match.level, match.code), []).append(words_of(name))
            for words in {words_of(name), words_of(re.sub(r"\([^)]*\)", "", name))}:
                # A name that two rows share finds neither.
                self.by_name[words] = match if self.by_name.get(words, match) == match else None

    def _in_order(self) -> list[Match]:
        order = []
        for component in self.instrument.components.index:
            order.append(Match("component", component))
            for indicator, of in self.instrument.indicators["component_code"].items():
                if of == component:
                    order.append(Match("indicator", indicator))
                    inside = self.instrument.questions["indicator_code"] == indicator
                    order += [Match("question", code) for code in self.instrument.questions.index[inside]]
        return order

    def code(self, cell: Cell, previous: str = "", maximum: float | None = None) -> Match | None:
        """Find a code in a cell.

        A workbook keeps 14.10 as the number 14.1: the zero is given back where 14.1 does not exist, where only 14.10
        has the maximum that is printed beside it, or where the row before (`previous`, of
        rows that are in order) was 14.9.
        """
        text = _number_as_code(cell) if cell.kind == NUMBER else clean(cell.text)
        found = self.by_code.get(fold_code(text))
        if cell.kind == NUMBER and _ONE_DECIMAL.fullmatch(text):
            longer = self.by_code.get(fold_code(text + "0"))
            before = re.fullmatch(r"(.*)\.(\d+)[a-z]*", previous)
            follows = bool(before and text.split(".")[0] == before[1] and before[2] == "9")
            if longer and found and maximum is not None:
                fits = [self.has_maximum(match, maximum) for match in (found, longer)]
                follows = fits[1] if fits[0] != fits[1] else follows
            if longer and (found is None or follows):
                note = t("nol di belakang {code} hilang karena disimpan sebagai angka", code=longer.code)
                return Match(longer.level, longer.code, note)
        return found

    def has_maximum(self, match: Match, maximum: float | None) -> bool:
        """Whether a printed maximum is that of a row: the instrument's, or what its source is declared to print.

        Where none is printed (None) it is not.
        """
        return maximum is not None and any(
            abs(maximum - known) <= 0.005 for known in self.maxima[match.level, match.code]
        )

    def within(self, indicator: str, text: str, stem: str = "") -> Match | None:
        """Find a question by its number inside an indicator: 2a of indicator 1 is 1.2a, as is a behind question 2.

        Args:
            indicator: the code of the indicator in force, "" for none.
            text: the number as it is written.
            stem: the number of the question whose parts follow, such as 2.
        """
        folded = fold_code(text)
        if not indicator or not re.fullmatch(r"\d{1,2}[a-z]{0,2}|[a-z]{1,2}", folded):
            return None
        number = folded if folded[0].isdigit() else stem + folded
        found = self.by_code.get(fold_code(f"{indicator}.{number}"))
        return found if found and found.level == "question" else None

    def begins(self, indicator: str, text: str) -> bool:
        """Whether a number inside an indicator stands above lettered parts, as 2 above 2a, 2b."""
        folded = fold_code(f"{indicator}.{fold_code(text)}")
        return fold_code(text).isdigit() and folded not in self.by_code and fold_code(folded + "a") in self.by_code

    def name(self, text: str) -> Match | None:
        """Find the one row of the instrument that has this name, spelling put aside."""
        words = words_of(text)
        return self.by_name.get(words) or self.component(text)

    def component(self, text: str) -> Match | None:
        """Find a component by its name or the beginning of it, such as “KLASTER II” or “A. KELEMBAGAAN”."""
        words = words_of(text)
        for tried in (words, re.sub(r"^(?:[a-h]|[ivx]{1,4}|\d)\s+(?=\w{3})", "", words), _roman(words)):
            if (known := self.by_name.get(tried)) and known.level == "component":
                return known
            found = [code for code in self.instrument.components.index if tried and self._begins_alike(code, tried)]
            if len(found) == 1 and (len(tried.split()) > 1 or tried in self.names_of["component", found[0]]):
                return Match("component", found[0])
            plain = re.sub(r"^klaster [ivx]+ ", "", tried)
            if plain != tried and (known := self.by_name.get(plain)) and known.level == "component":
                return known
        return None

    def _begins_alike(self, component: str, words: str) -> bool:
        """Whether some words are the beginning of a component's name, or that of them."""
        return any(
            f"{name} ".startswith(f"{words} ") or f"{words} ".startswith(f"{name} ")
            for name in self.names_of["component", component]
        )

    def total(self, text: str) -> str | Match | None:
        """Tell whether a row is a total: `whole` for a plain one, or the part that it adds up; else None."""
        words = words_of(text)
        found = _TOTAL_WORDS.match(words)
        if not found:
            return None
        rest = words[found.end() :]
        if _WHOLE.match(rest):
            return "whole"
        return self.component(rest) or self.by_name.get(rest) or self.by_code.get(fold_code(rest))

    def supports(self, match: Match, text: str) -> bool:
        """Whether a text speaks of the same as a row of the instrument, in any of its names.

        Half of the telling words of the shorter of both are in the other, or all letters are alike to six tenths. A text
        without telling words supports nothing.
        """
        words = _telling(text)
        names = [telling for name in self.names_of[match.level, match.code] if (telling := _telling(name))]
        shared = any(len(words & telling) >= 0.5 * min(len(words), len(telling)) for telling in names)
        return bool(words) and (shared or self.likeness(match, text) >= 0.6)

    def likeness(self, match: Match, text: str) -> float:
        """Return how alike a text and the name of a match are, from 0 to 1."""
        return max(_likeness(words_of(text), name) for name in self.names_of[match.level, match.code])

    def suggestion(self, name: str) -> str:
        """Advise on a row that was not found: the name that is nearly the same, whose code the user has to write himself."""
        near = (
            difflib.get_close_matches(words_of(name), [n for n in self.by_name if n], n=1, cutoff=0.85) if name else []
        )
        found = self.by_name[near[0]] if near else None
        if found is None:
            return t("Tulis kodenya seperti di instrumen {id}, misalnya 1.1 atau 21A.", id=self.instrument.id)
        label = self.instrument.table(found.level).loc[found.code, "name"]
        return t("Mungkin maksud Anda {code} ({name})? Bila benar, tulis kodenya.", code=found.code, name=label)


@lru_cache(maxsize=8192)
def _telling(text: str) -> frozenset[str]:
    """Return the words of a text that say what it is about."""
    return frozenset(word for word in words_of(text).split() if len(word) > 2 and word not in _COMMON)


@lru_cache(maxsize=4096)
def _likeness(words: str, others: str) -> float:
    return difflib.SequenceMatcher(None, words, others).ratio()


@lru_cache(maxsize=8)
def names_of(instrument: Instrument, data: Path | None = None) -> Names:
    """Return the names of an instrument, made once: a sheet is read alike whatever language its reader speaks."""
    translated = []
    for lang in LANGUAGES:
        with language(lang):
            translated.append(load_instrument(instrument.id, data=data))
    return Names(
        instrument, *(one for one in translated if one is not instrument), aliases=_aliases_of(instrument.id, data)
    )


def _aliases_of(instrument: str, data: Path | None) -> list[tuple[str, str, str]]:
    """Return the other names that stand beside an instrument; an instrument without them has none."""
    home = data or find_project().data
    path = f"instruments/{instrument}/aliases.csv"
    if not (home / path).is_file():
        return []
    return list(read_resource(path, home)[["level", "code", "alias"]].itertuples(index=False, name=None))


@lru_cache(maxsize=8192)
def fold_code(text: str) -> str:
    """Return a code as all its spellings share it.

    >>> fold_code("21 A.7 a"), fold_code("Indikator 1."), fold_code("1.2.a"), fold_code("'1.1")
    ('21a.7a', '1', '1.2a', '1.1')
    """
    folded = clean(text).casefold().lstrip("'")
    folded = re.sub(r"^(?:indikator|ind|pertanyaan|butir|kode|nomor|no)\b[\s.:]*", "", folded)
    folded = re.sub(r"[\s._/()-]+", ".", folded).strip(".")
    return re.sub(r"^0+(?=\d)", "", re.sub(r"\.(?=[a-z])", "", folded))


def _number_as_code(cell: Cell) -> str:
    try:
        return f"{float(cell.text):.10g}"
    except ValueError:
        return cell.text


def _roman(words: str) -> str:
    """Write the number behind “klaster” as a Roman one, as instruments do."""
    roman = {"1": "i", "2": "ii", "3": "iii", "4": "iv", "5": "v"}
    return re.sub(
        r"^(klaster|kluster|cluster) ([1-5]|i{1,3}|iv|v)\b", lambda m: f"klaster {roman.get(m[2], m[2])}", words
    )


@lru_cache(maxsize=4)
def _area_names(data: Path | None) -> dict[str, tuple[str, ...]]:
    """Return the codes of the districts that share a name, by the name with and without its kind."""
    areas = load_areas(data=data)
    found: dict[str, tuple[str, ...]] = {}
    for code, name in areas.loc[areas["kind"] != "provinsi", "name"].items():
        full = _area_words(name)
        for words in {full, full.split(" ", 1)[1]}:
            found[words] = (*found.get(words, ()), code)
    return found


def _area_words(text: str) -> str:
    words = re.sub(r"^(?:kabupaten|kab)\b", "kab", words_of(text))
    return re.sub(r"^(kab|kota) (?:administrasi|adm)\b", r"\1 adm", words)


@dataclass(frozen=True)
class AreaMatch:
    """An area, or why there is none; `note` says how it was found when not by its own code."""

    area: Area | None
    refused: str = ""
    advice: str = ""
    note: str = ""


def match_area(cell: Cell, *, data: Path | None = None) -> AreaMatch:
    """Find a district by its code or name in the spellings that offices use.

    >>> [match_area(Cell("s", text)).area.code for text in ("63.10", "6310", "TANAH BUMBU", "Kabupaten Tanah  Bumbu")]
    ['63.10', '63.10', '63.10', '63.10']
    >>> match_area(Cell("n", "63.1")).area.code, match_area(Cell("s", "Bandung")).area
    ('63.10', None)
    """
    text = clean(cell.text).lstrip("'")
    if text == REFERENCE_CODE:
        return AreaMatch(find_area(text, data=data))
    if re.fullmatch(r"\d[\d.,]*", text):
        return _area_by_code(text.replace(",", "."), cell.kind == NUMBER, data)
    codes = _area_names(data).get(_area_words(text), ())
    if len(codes) == 1:
        return AreaMatch(find_area(codes[0], data=data), note=t("“{text}” dibaca {code}", text=text, code=codes[0]))
    areas = load_areas(data=data)
    if codes:
        names = ", ".join(f"{code} ({areas.loc[code, 'name']})" for code in codes)
        return AreaMatch(None, t("nama ini dipakai dua daerah"), t("Tulis kodenya: {names}.", names=names))
    near = near_names(_area_words(text), _area_names(data))
    advice = t("Tulis kode wilayah seperti 63.10 (data/areas.csv).")
    if near:
        code = _area_names(data)[near[0]][0]
        advice = t(
            "Mungkin maksud Anda {code} ({name})? Bila benar, tulis kodenya.", code=code, name=areas.loc[code, "name"]
        )
    return AreaMatch(None, t("wilayah ini tidak dikenal"), advice)


def _area_by_code(text: str, is_number: bool, data: Path | None) -> AreaMatch:
    areas = load_areas(data=data)
    note = ""
    tried = text
    if re.fullmatch(r"\d{4}(\.0)?", text):
        tried, note = f"{text[:2]}.{text[2:4]}", t("titik ditambahkan")
    elif is_number and re.fullmatch(r"\d{2}\.\d", text):
        tried, note = text + "0", t("nol di belakang {code} hilang karena disimpan sebagai angka", code=text + "0")
    if tried in areas.index and areas.loc[tried, "kind"] != "provinsi":
        said = t("“{text}” dibaca {code}: {why}", text=text, code=tried, why=note) if note else ""
        return AreaMatch(find_area(tried, data=data), note=said)
    if tried in areas.index:
        return AreaMatch(
            None, t("kode provinsi, bukan kabupaten/kota"), t("Tulis kode kabupaten/kota, misalnya 63.10.")
        )
    if tried.startswith(("94.", "91.")):
        return AreaMatch(
            None,
            t("kode lama: provinsi di Papua dimekarkan pada 2022"),
            t("Cari kode barunya di data/areas.csv menurut nama daerah."),
        )
    near = near_codes(tried, areas.index[areas["kind"] != "provinsi"])
    names = " / ".join(f"{code} ({areas.loc[code, 'name']})" for code in near)
    return AreaMatch(
        None,
        t("kode wilayah ini tidak ada"),
        t("Mungkin maksud Anda {names}?", names=names) if near else t("Lihat data/areas.csv."),
    )


def areas_in(text: str, *, data: Path | None = None) -> list[tuple[Area, list[str]]]:
    """Find the districts that a title names, such as “KABUPATEN TANAH BUMBU TAHUN 2025”, each with the words before it."""
    words = words_of(text).split()
    found = []
    at = 0
    while at < len(words):
        length = 1
        if words[at] in ("kabupaten", "kab", "kota"):
            for end in range(min(len(words), at + 6), at + 1, -1):
                codes = _area_names(data).get(_area_words(" ".join(words[at:end])), ())
                if len(codes) == 1:
                    found.append((find_area(codes[0], data=data), words[:at]))
                    length = end - at
                    break
        at += length
    return found
