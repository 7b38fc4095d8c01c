"""Methods and sources: every rule with its formula, standing and source.

>>> import kla_analysis as kla
>>> kla.method.scoring(kla.open("63.10", 2022))  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kla_analysis.analysis.forecast import DRAWS, forecastable, learnable_cases, outlook
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.uncertainty import ASSUMED_COMMON
from kla_analysis.evidence.published import load_origins
from kla_analysis.instrument.glossary import load_glossary
from kla_analysis.instrument.instrument import Instrument, standing_name
from kla_analysis.language import number, t
from kla_analysis.planning.actions import catalogue_for, load_catalogue
from kla_analysis.planning.robustness import DRAWS as CORE_DRAWS
from kla_analysis.planning.scenario import open_scenario
from kla_analysis.showing.records import Record, Shown, term_id
from kla_analysis.showing.table import Column, Table, count_column, number_column


def band_table(instrument: Instrument) -> Table:
    """The predicates and where each begins (points)."""
    bands = instrument.ladder.bands
    frame = pd.DataFrame(
        {
            "name": [instrument.ladder.no_award_name, *(band.name for band in bands)],
            "range": [t("di bawah {lower}", lower=number(bands[0].lower))]
            + [f"{number(b.lower)}–{number(b.printed_upper)}" for b in bands],
        }
    )
    return Table(
        t("Predikat dan rentang nilainya"),
        (Column("name", t("Predikat")), Column("range", t("Rentang tercetak (poin)"), "number")),
        frame,
        source=t(
            "Sumber: {source} ({standing}). {rule}",
            source=instrument.sources[bands[0].source].title,
            standing=standing_name(bands[0].standing),
            rule=instrument.gap_rule,
        ),
    )


def instrument_table(components: pd.DataFrame, instrument: Instrument) -> Table:
    """The components with their maxima and how much stands under each.

    Args:
        components: `instrument.components` with `indicators` and `questions`, counts.
    """
    return Table(
        t("{count} komponen instrumen {id}", count=len(components), id=instrument.id),
        (
            Column("component_code", t("Kode")),
            Column("name", t("Komponen")),
            number_column("max_points", t("Maksimum")),
            count_column("indicators", t("Jumlah indikator")),
            count_column("questions", t("Jumlah pertanyaan")),
        ),
        components.reset_index(),
        source=t("Sumber: {title} ({standing}).", title=instrument.title, standing=standing_name(instrument.standing)),
        total=(
            "",
            t("Jumlah"),
            components["max_points"].sum(),
            components["indicators"].sum(),
            components["questions"].sum(),
        ),
    )


def source_table(instrument: Instrument) -> Table:
    """The sources of the instrument and how sure each is."""
    frame = pd.DataFrame(
        [
            {"title": s.title, "citation": s.citation, "standing": standing_name(s.standing)}
            for s in instrument.sources.values()
        ]
    )
    return Table(
        t("Sumber aturan dan bobot"),
        (Column("title", t("Sumber")), Column("citation", t("Rujukan")), Column("standing", t("Status"))),
        frame,
    )


#: What it shows; completion in a notebook lists no more.
__all__ = ["data_table", "losses", "planning", "scoring", "verification"]


def __dir__() -> list[str]:
    return __all__


@dataclass(frozen=True)
class Rule:
    """One rule: its name, what it says, its formula, where it comes from (`standing` is the code of how sure)."""

    name: str
    words: str
    formula: str
    source: str
    standing: str

    @property
    def standing_line(self) -> str:
        """The source and how sure it is, as one line."""
        return t("Sumber: {title}. Status: {standing}.", title=self.source, standing=standing_name(self.standing))


@dataclass(frozen=True)
class Rules(Shown):
    """Rules that belong together, shown one below the other."""

    rules: tuple[Rule, ...]

    def record(self) -> Record:
        """Return the rules as plain data."""
        told = [
            {"name": rule.name, "words": rule.words, "formula": rule.formula, "source": rule.standing_line}
            for rule in self.rules
        ]
        return {"kind": "rules", "rules": told}

    def __repr__(self) -> str:
        return "\n\n".join(f"{rule.name}\n{rule.words}\n{rule.formula}\n{rule.standing_line}" for rule in self.rules)


def _ours() -> str:
    return t("kla_analysis, dari aturan penjumlahan instrumen")


def scoring(instrument: Instrument) -> Rules:
    """How answers become a total and a predicate."""
    bands = instrument.ladder.bands[0]
    return Rules(
        (
            Rule(
                t("Nilai indikator, komponen, dan total"),
                t(
                    "Nilai pertanyaan dijumlahkan; indikator tidak pernah melebihi maksimumnya sendiri; komponen dan total adalah "
                    "jumlah di bawahnya."
                ),
                t(
                    "indikator = min(maksimum indikator, Σ nilai pertanyaan);  komponen = Σ indikator;  total = Σ komponen"
                ),
                instrument.title,
                instrument.standing,
            ),
            Rule(
                t("Batas atas indikator"),
                instrument.cap_rule,
                t("nilai indikator ≤ maksimum indikator"),
                instrument.title,
                instrument.cap_standing,
            ),
            Rule(
                t("Predikat"),
                instrument.gap_rule,
                t("predikat = yang batas bawahnya terbesar di antara semua batas bawah ≤ total"),
                instrument.sources[bands.source].title,
                instrument.gap_standing,
            ),
            Rule(
                t("Jawaban kosong"),
                t(
                    "Kosong berarti belum diketahui, bukan nol dan bukan kehilangan: total ditulis sebagai rentang dari tanpa nilai sampai "
                    "nilai penuh, dan rencana tidak menghitungnya."
                ),
                t(
                    "rendah = total dengan kosong = 0;  tinggi = total dengan kosong = maksimum;  belum diketahui = tinggi − rendah"
                ),
                "kla_analysis",
                "assumed",
            ),
        )
    )


def losses() -> Rules:
    """How losses, shares of agencies, the gap and the smallest set are made."""
    return Rules(
        (
            Rule(
                t("Poin yang hilang dan yang bisa diraih"),
                t(
                    "Yang hilang adalah maksimum dikurangi nilai, bila semua yang kosong ternyata penuh. Yang bisa diraih tidak lebih dari "
                    "ruang yang tersisa di indikatornya."
                ),
                t("hilang = maksimum − nilai tinggi;  bisa diraih = min(hilang, maksimum indikator − nilai indikator)"),
                _ours(),
                "derived",
            ),
            Rule(
                t("Bagian kumulatif"),
                t(
                    "Kehilangan diurutkan dari yang terbesar; bagian kumulatif adalah jumlah sampai di situ dibagi semua kehilangan."
                ),
                t("bagian(k) = Σ₁ᵏ hilang / Σ hilang"),
                _ours(),
                "derived",
            ),
            Rule(
                t("Bagian rata penanggung jawab"),
                t(
                    "Pertanyaan yang dijawab n instansi dibagi sama banyak, karena instrumen tidak menyebut siapa yang memimpin. Jumlah "
                    "semua bagian sama dengan yang hilang dari total: pertanyaan di indikator yang dibatasi dihitung sebanding."
                ),
                t(
                    "bagian rata = Σ hilang × (hilang indikator / Σ hilang pertanyaannya) / n;  ikut menjawab = Σ hilang"
                ),
                "kla_analysis",
                "assumed",
            ),
            *_how_far(),
        )
    )


def _how_far() -> tuple[Rule, ...]:
    """How far the target is, and how often predicates move."""
    return (
        Rule(
            t("Jarak ke target"),
            t("Batas bawah predikat yang dituju dikurangi nilai; tidak pernah di bawah nol."),
            t("jarak = max(0, batas bawah − nilai)"),
            _ours(),
            "derived",
        ),
        Rule(
            t("Himpunan pertanyaan terkecil"),
            t(
                "Berulang-ulang diambil pertanyaan yang menambah paling banyak, sampai jarak tertutup. Karena tambahan di dalam satu "
                "indikator makin kecil, cara ini memang memberi jumlah yang paling sedikit."
            ),
            t("paling sedikit pertanyaan dengan Σ tambahan ≥ jarak"),
            _ours(),
            "derived",
        ),
        Rule(
            t("Berapa kali predikat berubah"),
            t("Banyaknya peralihan dibagi banyaknya daerah yang hasil berikutnya terbit; rentang 95% menurut Wilson."),
            t("bagian = k / n;  (k + z²/2 ± z √(k(n − k)/n + z²/4)) / (n + z²), z = 1,96"),
            "Wilson (1927), JASA 22(158)",
            "derived",
        ),
    )


def verification(position: Position) -> Rules:
    """How the forecast of the award, its probabilities and what decides it are made."""
    told = outlook(position) if forecastable(position) else None
    cases = (
        t("bagian yang bertahan, dari pengguna")
        if told is not None and told.cases == 0
        else t(
            "data/published/stage_scores.csv dan results.csv, {count} kasus",
            count=len(learnable_cases(position.instrument)),
        )
    )
    standing = "assumed" if told is not None and told.cases == 0 else "derived"
    return Rules(
        (
            Rule(
                t("Dua langkah ke penghargaan"),
                t(
                    "Nilai mandiri dipotong verifikasi administrasi, sisanya berubah lagi sampai penghargaan. Logaritma bagian yang "
                    "bertahan di tiap langkah ialah rata-rata menurut pemverifikasi, ditambah pengaruh putaran provinsi, daerah, dan "
                    "kebetulan; predikat tanpa nilai dihitung sebagai rentangnya."
                ),
                t("ln r = m(langkah, pemverifikasi) + u(putaran provinsi) + d(daerah) + e;  nilai = klaim · r₁ · r₂"),
                cases,
                standing,
            ),
            Rule(
                t("Seberapa pasti rata-rata dan sebarannya"),
                t(
                    "Keduanya sebaran posterior, bukan satu angka: hampiran Laplace bersarang, sebarannya dijumlahkan atas titik-titik tetap. "
                    "Kepercayaan awal lebar dan merupakan asumsi."
                ),
                t("p(m, σ | kasus) ∝ p(kasus | m, σ) · p(m) · p(σ)"),
                "Rue, Martino, Chopin (2009)",
                "assumed",
            ),
            Rule(
                t("Peluang sebuah predikat"),
                t(
                    "Peluang nilai akhir di tiap predikat dikalikan akar peluang predikat itu sesudah penghargaan sebelumnya (bila tidak "
                    "diketahui: bagian nasional), lalu dijadikan berjumlah satu. Pangkat setengah dipilih dengan menyisihkan daerah."
                ),
                t("P(k) ∝ P(nilai di k) · √P(k | sebelumnya)"),
                cases,
                standing,
            ),
            *_what_decides(),
        )
    )


def _what_decides() -> tuple[Rule, ...]:
    """What decides the award, and how little would change it."""
    return (
        Rule(
            t("Apa yang menentukan nilai"),
            t(
                "Verifikasi sebagian sama ketatnya untuk semua komponen (c = {common}, tidak pernah terbit), sebagian berbeda. Indeks "
                "Sobol membagi ragam nilai menurut masukan.",
                common=number(ASSUMED_COMMON),
            ),
            t("z = (√c z₀ + √(1 − c) Σ w_k z_k) / √(c + (1 − c) Σ w_k²);  nilai = kuantil prakiraan pada z"),
            "Sobol (2001); Saltelli (2010)",
            "assumed",
        ),
        Rule(
            t("Seberapa dekat ke perubahan"),
            t("Satu jawaban atau satu bobot diubah sendirian, yang lain tetap, sampai predikat berubah."),
            t("total − nilai jawaban < batas bawah predikat;  faktor bobot = 1 ± jarak / nilai komponen"),
            _ours(),
            "derived",
        ),
    )


def planning() -> Rules:
    """How a plan is chosen, how sure it is, and how it is tried."""
    catalogue = t("katalog kegiatan: biaya, peluang, dan jawaban")
    return Rules(
        (
            Rule(
                t("Nilai sebuah rencana"),
                t(
                    "Kegiatan yang dibiayai menaikkan pertanyaan sampai bagian r dari maksimumnya; bila beberapa kegiatan menjawab satu "
                    "pertanyaan, yang terbaik dihitung sekali."
                ),
                t("nilai pertanyaan = max(nilai, max r · maksimum);  total seperti di atas"),
                catalogue,
                "assumed",
            ),
            Rule(
                t("Rencana termurah dan poin terbanyak"),
                t(
                    "Program bilangan bulat campuran, diselesaikan sampai terbukti terbaik: biaya terkecil untuk target, atau poin terbanyak "
                    "untuk anggaran, dengan pagu, prasyarat, dan pilihan salah satu."
                ),
                t(
                    "min Σ biaya · x dengan total(x) ≥ target;  atau max total(x) dengan Σ biaya · x ≤ anggaran;  x bernilai 0 atau 1"
                ),
                "HiGHS",
                "derived",
            ),
            *_how_plans_are_tried(),
        )
    )


def _how_plans_are_tried() -> tuple[Rule, ...]:
    """How sure a plan is, and what it leans on."""
    catalogue = t("katalog kegiatan: biaya, peluang, dan jawaban")
    return (
        Rule(
            t("Peluang rencana mencapai target"),
            t(
                "Dihitung dalam {draws} simulasi: mula-mula ketatnya verifikator, yang memilih peluang penerimaan di "
                "antara rendah, tengah, dan tinggi (sebaran segitiga); lalu tiap kegiatan diterima atau ditolak "
                "menurut peluang itu. Ketatnya verifikator dan bagian klaim yang bertahan bergerak bersama, sekuat "
                "bagian dalam satu putaran provinsi pada kasus yang terbit.",
                draws=number(DRAWS),
            ),
            t("P = simulasi dengan total ≥ target / semua simulasi;  ketelitian = ±2 √(P (1 − P) / semua simulasi)"),
            catalogue,
            "assumed",
        ),
        Rule(
            t("Urutan kerja bila anggaran dapat dipotong"),
            t(
                "Satu urutan yang setiap awalnya rencana yang baik; yang dilepas ialah selisihnya dari pilihan bebas untuk uang yang sama."
            ),
            t("harga urutan = rata-rata (total terbaik − total urutan) di semua anggaran"),
            _ours(),
            "derived",
        ),
        Rule(
            t("Kegiatan inti dan selisih dari rencana terbaik"),
            t(
                "Biaya, peluang, dan verifikasi diambil acak {draws} kali di antara rendah dan tingginya, lalu "
                "direncanakan ulang; selisih dihitung dari rencana terbaik untuk satu hasil verifikasi.",
                draws=CORE_DRAWS,
            ),
            t("inti = bagian simulasi yang memuat kegiatan;  selisih = total terbaik − total rencana"),
            catalogue,
            "assumed",
        ),
        Rule(
            t("Harga bukti"),
            t("Sebagian b dari poin yang terancam diamankan, lalu biaya menuju target dihitung ulang."),
            t("dipertahankan = r + (1 − r) · b;  hemat = biaya(0) − biaya(b)"),
            catalogue,
            "assumed",
        ),
    )


@dataclass(frozen=True, eq=False, repr=False)
class Glossary(Table):
    """A table of abbreviations, whose rows can be linked to."""

    def record(self) -> Record:
        """Return it as plain data, with the anchors of its rows."""
        return super().record() | {"ids": [term_id(term) for term in self.frame["term"]]}


def glossary_table(instrument: Instrument) -> Table:
    """What the abbreviations of an instrument and of the pages stand for."""
    frame = load_glossary(instrument).reset_index()
    frame["name"] = frame["name"].mask(frame["name"] == "", t("kepanjangannya tidak disebut di sumber"))
    sources = {"instrumen": t("instrumen"), "katalog": t("katalog kegiatan"), "umum": t("pemakaian umum")}
    frame["source"] = [sources.get(source, source) for source in frame["source"]]
    columns = (Column("term", t("Singkatan")), Column("name", t("Kepanjangan")), Column("source", t("Asal")))
    return Glossary(t("Kepanjangan {count} singkatan", count=len(frame)), columns, frame)


def data_table(position: Position, scenario: str = "") -> Table:
    """The data that stand behind a report: what each holds, where it ends, and how sure it is."""
    instrument = position.instrument
    named = open_scenario(scenario).catalogue or catalogue_for(instrument)
    rows = [(instrument.title, instrument.gap_rule, instrument.standing)]
    if position.assessment is not None:
        origin = position.assessment.origin
        rows.append((origin.title, origin.note, origin.standing))
    rows += [(origin["title"], origin["note"], origin["standing"]) for origin in load_origins()]
    if named:
        catalogue = load_catalogue(named, instrument)
        rows.append((catalogue.title, catalogue.note, catalogue.standing))
    frame = pd.DataFrame(rows, columns=["title", "note", "standing"])
    frame["standing"] = [standing_name(standing) for standing in frame["standing"]]
    columns = (
        Column("title", t("Data")),
        Column("note", t("Isi dan batasnya"), "long"),
        Column("standing", t("Status")),
    )
    return Table(t("Data di balik laporan ini"), columns, frame)
