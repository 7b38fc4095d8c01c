"""A generator of recapitulations: what districts make of the ministry's sheet, drawn from its habits by a seed.

Each draw combines a layout, a way to write codes, a wording, headings, columns of stages and what else stands on the
sheet. With it goes what is right: the scores by code, or that the sheet can not be read.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from people import Page, Value, page

import kla_analysis as kla

LAYOUTS = ("blok", "datar", "kolom indikator", "indikator", "per klaster", "dua tabel")
CODES = ("penuh", "relatif", "berkata", "bertingkat", "di depan nama", "angka", "tanpa", "urut")
WORDINGS = ("sendiri", "kementerian", "lain")
HEADINGS = (
    ("No", "Indikator / Pertanyaan", "Nilai Maksimal", "Nilai"),
    ("Kode", "Uraian", "Bobot", "Skor"),
    ("Nomor", "Pertanyaan", "Skor Maks.", "Capaian"),
    ("KODE", "INDIKATOR/PERTANYAAN", "NILAI MAKS", "NILAI"),
    ("No.", "Uraian Pertanyaan", "Nilai\nMaksimum", "Nilai yang diperoleh"),
    ("No", "Komponen/Indikator/Pertanyaan", "Maks", "Perolehan"),
)
STAGES = ("satu", "EM dan VA", "Skor Kab/Kota, Provinsi, Pusat", "Nilai di atas tiga kolom")
EXTRAS = (
    "judul dengan tanggal",
    "nomor kolom",
    "rata-rata",
    "tanda tangan",
    "legenda",
    "kepala berulang",
    "baris kosong",
    "perangkat daerah",
    "jumlah",
    "jumlah tiap klaster",
    "kosong",
    "daerah lain",
)
#: What makes a sheet unreadable, or another: it must be refused, or read as it is.
FAULTS = ("", "", "", "", "", "satu maksimum lain", "baris hilang", "jumlah salah", "baris dua kali", "tanpa maksimum")


@dataclass
class Recap:
    """One drawn sheet, and what is right: the scores by code, `level`, and whether it may be refused."""

    pages: list[Page]
    level: str
    scores: dict[str, float | None]
    drawn: tuple[str, ...]
    may_refuse: bool = False

    @property
    def total(self) -> float:
        return round(sum(value for value in self.scores.values() if value is not None), 6)


@dataclass
class _Draft:
    instrument: kla.Instrument
    chance: random.Random
    layout: str
    codes: str
    wording: str
    headings: tuple[str, ...]
    stages: str
    extras: tuple[str, ...]
    fault: str


def draw(instrument: kla.Instrument, seed: int) -> Recap:
    """Draw one recapitulation; the same seed gives the same."""
    chance = random.Random(seed)
    layout, codes = LAYOUTS[seed % len(LAYOUTS)], chance.choice(CODES)
    wording = chance.choice(WORDINGS)
    if layout in ("indikator", "dua tabel", "kolom indikator") and codes in ("bertingkat", "relatif", "berkata"):
        codes = "penuh"
    draft = _Draft(
        instrument,
        chance,
        layout,
        codes,
        wording,
        chance.choice(HEADINGS),
        chance.choice(STAGES),
        tuple(chance.sample(EXTRAS, chance.randrange(0, 6))),
        chance.choice(FAULTS),
    )
    return _build(draft)


def _build(draft: _Draft) -> Recap:
    level = "indicator" if draft.layout == "indikator" else "question"
    table = draft.instrument.table(level)
    scores = {code: _score(draft, float(most)) for code, most in table["max_points"].items()}
    if draft.fault == "baris hilang":
        scores.pop(draft.chance.choice(list(scores)))
    if draft.layout == "per klaster":
        pages = [
            _page(draft, f"Lembar {at}", scores, level, [component])
            for at, component in enumerate(draft.instrument.components.index, 1)
        ]
    else:
        pages = [_page(draft, "Rekap", scores, level, list(draft.instrument.components.index))]
    # Without code, name or maximum nothing says what a row is; a run of maxima with a gap is none.
    nameless = draft.codes in ("tanpa", "urut") and draft.wording != "sendiri"
    relative = draft.codes in ("relatif", "bertingkat", "berkata") and draft.wording == "lain"
    may = draft.fault in ("satu maksimum lain", "jumlah salah", "baris dua kali") or (
        draft.fault in ("tanpa maksimum", "baris hilang")
        and (nameless or relative or draft.wording == "lain" or draft.codes in ("tanpa", "urut"))
    )
    drawn = (draft.layout, draft.codes, draft.wording, draft.stages, draft.fault or "tanpa salah", *draft.extras)
    return Recap(pages, level, scores, drawn, may)


def _score(draft: _Draft, most: float) -> float | None:
    if "kosong" in draft.extras and draft.chance.random() < 0.1:
        return None
    return round(most * draft.chance.choice((0, 0.25, 0.5, 0.75, 0.75, 1)), 2)


def _page(draft: _Draft, name: str, scores: dict, level: str, components: list[str]) -> Page:
    rows: list[list[Value]] = [["REKAPITULASI EVALUASI MANDIRI KLA KABUPATEN TANAH BUMBU TAHUN 2025"]]
    if "judul dengan tanggal" in draft.extras:
        rows += [["Dicetak: 12-03-2026"], ["Dasar: Permen PPPA Nomor 12 Tahun 2022, SK Bupati 188.45/22/2021"]]
    if "daerah lain" in draft.extras:
        rows.append(["Format mengikuti contoh Kota Banjarmasin"])
    if draft.layout == "dua tabel":
        rows += _summary(draft, scores)
    head, merged = _head(draft, len(rows))
    rows += head
    width = len(head[-1])
    if "nomor kolom" in draft.extras:
        rows.append([f"({at})" for at in range(1, width + 1)])
    body = _body(draft, scores, level, components)
    if "kepala berulang" in draft.extras and len(head) == 1:
        middle = len(body) // 2
        body = [*body[:middle], head[0], *body[middle:]]
    body = [_in_columns(draft, row, width) for row in body] + _foot(draft, scores, components, width)
    if "baris kosong" in draft.extras:
        body = [part for row in body for part in ((row, []) if draft.chance.random() < 0.05 else (row,))]
    rows += body
    return page(name, rows, merged=merged)


def _head(draft: _Draft, at: int) -> tuple[list[list[Value]], tuple[tuple[int, int, int, int], ...]]:
    number, text, most, score = draft.headings
    first: list[Value] = (
        ["Indikator", "No Pertanyaan", "Pertanyaan", most]
        if draft.layout == "kolom indikator"
        else [number, text, most]
    )
    if draft.codes in ("tanpa", "di depan nama") and draft.layout != "kolom indikator":
        first = [text, most]
    if draft.fault == "tanpa maksimum":
        first = first[:-1]
    agencies = ["Perangkat Daerah"] if "perangkat daerah" in draft.extras else []
    last = {
        "satu": [score],
        "EM dan VA": ["Nilai EM", "Nilai VA"],
        "Skor Kab/Kota, Provinsi, Pusat": ["Skor Kab/Kota", "Skor Provinsi", "Skor Pusat"],
        "Nilai di atas tiga kolom": ["Mandiri", "Verifikasi Provinsi", "Pusat"],
    }[draft.stages]
    if draft.stages == "Nilai di atas tiga kolom":
        left = len(first) + len(agencies)
        top = [*first, *agencies, "Nilai", None, None]
        merged = ((at, left, at, left + 2), *((at, column, at + 1, column) for column in range(left)))
        return [top, [*[None] * left, *last]], merged
    return [[*first, *agencies, *last]], ()


def _in_columns(draft: _Draft, row: list[Value], width: int) -> list[Value]:
    """Lay (indicator, code, text, maximum, score) out in the columns of the head."""
    if row and row[0] == "__":
        _, indicator, code, text, most, score = row
    else:
        return list(row)
    cells: list[Value] = [indicator, code, text] if draft.layout == "kolom indikator" else [code, text]
    if draft.codes in ("tanpa", "di depan nama") and draft.layout != "kolom indikator":
        cells = [text]
    if draft.fault != "tanpa maksimum":
        cells.append(most)
    if "perangkat daerah" in draft.extras:
        cells.append("Dinas PPPA")
    further = {"satu": 0, "EM dan VA": 1}.get(draft.stages, 2)
    others = [None if not isinstance(score, int | float) else round(score * 0.5, 3)] * further
    return [*cells, score, *others]


def _summary(draft: _Draft, scores: dict) -> list[list[Value]]:
    rows: list[list[Value]] = [["No", "Klaster", "Nilai Maksimal", "Nilai"]]
    for at, (component, about) in enumerate(draft.instrument.components.iterrows(), 1):
        rows.append([at, about["name"].upper(), about["max_points"], _sum(draft, scores, component)])
    return [*rows, [None, "JUMLAH", 1000, _sum(draft, scores)], [], ["Rincian"]]


def _sum(draft: _Draft, scores: dict, component: str = "", indicator: str = "") -> float:
    questions = draft.instrument.questions if "1.1" in scores or "2.1" in scores else draft.instrument.indicators
    own = questions.index[(questions["component_code"] == component) if component else questions["max_points"] >= 0]
    if indicator:
        own = [code for code in own if draft.instrument.questions.loc[code, "indicator_code"] == indicator]
    return round(sum(scores.get(code) or 0.0 for code in own), 3)


def _body(draft: _Draft, scores: dict, level: str, components: list[str]) -> list[list[Value]]:
    rules, count = draft.instrument, 0
    wrong = draft.chance.choice(list(scores)) if draft.fault == "satu maksimum lain" else ""
    twice = draft.chance.choice(list(scores)) if draft.fault == "baris dua kali" else ""
    body: list[list[Value]] = []
    blocks = draft.layout in ("blok", "per klaster")
    for component in components:
        if blocks:
            body.append(["__", None, None, rules.components.loc[component, "name"].upper(), None, None])
        for indicator, about in rules.indicators[rules.indicators["component_code"] == component].iterrows():
            own = rules.questions[rules.questions["indicator_code"] == indicator]
            if level == "indicator":
                own = rules.indicators.loc[[indicator]]
            elif blocks or draft.codes in ("relatif", "bertingkat", "berkata"):
                body.append(_indicator_row(draft, component, indicator, about))
            stem = ""
            for code, row in own.iterrows():
                if code not in scores:
                    continue
                count += 1
                written, stem, groups = _code(draft, indicator, code, count, stem)
                body += [["__", indicator, group, "Rincian berikut", None, None] for group in groups]
                most = float(row["max_points"]) + (1 if code == wrong else 0)
                line = ["__", indicator, written, _text(draft, code, row["name"], count), most, scores[code]]
                body += [line, line] if code == twice else [line]
        if "jumlah tiap klaster" in draft.extras and blocks:
            body.append(
                [
                    "__",
                    None,
                    None,
                    f"JUMLAH {rules.components.loc[component, 'name'].upper()}",
                    None,
                    _sum(draft, scores, component),
                ]
            )
    return body


def _indicator_row(draft: _Draft, component: str, indicator: str, about) -> list[Value]:
    code = {
        "relatif": indicator,
        "berkata": f"Indikator {indicator}",
        "bertingkat": indicator,
        "angka": _as_number(indicator),
    }.get(draft.codes, indicator)
    text = about["name"]
    if draft.codes in ("tanpa", "di depan nama"):
        code, text = None, f"Indikator {indicator}: {text}" if draft.codes == "di depan nama" else text
    elif draft.codes == "urut":
        code = None
    return ["__", indicator, code, text, about["max_points"], None]


def _as_number(code: str) -> Value:
    return float(code) if code.replace(".", "").isdigit() and code.count(".") < 2 else code


def _code(draft: _Draft, indicator: str, code: str, count: int, stem: str) -> tuple[Value, str, list[str]]:
    """Write a code as this draft does; with groups where its letters stand below a heading of their own."""
    number = code.partition(".")[2] or code
    if draft.layout == "kolom indikator":
        return number, "", []
    if draft.codes == "relatif":
        return number, "", []
    if draft.codes == "berkata":
        return f"Pertanyaan {number}", "", []
    if draft.codes == "bertingkat":
        digits = number.rstrip("abcdefghijklmnopqrstuvwxyz")
        if digits == number:
            return number, "", []
        return number[len(digits) :] + ".", digits, [] if digits == stem else [digits]
    if draft.codes == "angka":
        return _as_number(code), "", []
    return (count if draft.codes == "urut" else None if draft.codes == "tanpa" else code), "", []


def _text(draft: _Draft, code: str, name: str, count: int) -> str:
    text = {
        "sendiri": name,
        "kementerian": f"Apakah tersedia {name[0].lower()}{name[1:]} di kabupaten/kota? (lampirkan dokumen pendukung)",
        "lain": f"Butir isian {count * 7 % 100} sesuai lampiran",
    }[draft.wording]
    return f"{code} {text}" if draft.codes == "di depan nama" else text


def _foot(draft: _Draft, scores: dict, components: list[str], width: int) -> list[list[Value]]:
    def row(text: Value, score: Value) -> list[Value]:
        return _in_columns(draft, ["__", None, None, text, None, score], width)

    rows: list[list[Value]] = []
    whole = round(sum(_sum(draft, scores, component) for component in components), 3)
    if "jumlah" in draft.extras or draft.fault == "jumlah salah":
        rows.append(row("JUMLAH", whole + 60 if draft.fault == "jumlah salah" else whole))
    if "rata-rata" in draft.extras:
        rows.append(row("Rata-rata", round(whole / 7, 2)))
    if "legenda" in draft.extras:
        rows += [row("Keterangan:", None), row("0 - 50 = kurang", 1), row("51 - 100 = baik", 2)]
    if "tanda tangan" in draft.extras:
        rows += [
            [],
            row(None, "Batulicin, 5 Maret 2026"),
            row(None, "Kepala Dinas PPPA"),
            row(None, "NIP. 19700101 199603 1 001"),
        ]
    return rows
