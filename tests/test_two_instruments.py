"""Two instruments beside each other: an old round is scored by its own rules from every door.

The old instrument is made for this test and unlike today's in everything: its components have other names, codes and
maxima, it has three predicates and two stages, none named as today's, and nobody wrote down partners or costs for it.
"""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, run_kla

import kla_analysis as kla
from kla_analysis import charts, meeting, planner
from kla_analysis.app.report_page import NewReport
from kla_analysis.errors import ParameterError
from kla_analysis.evidence.partners import load_partners
from kla_analysis.evidence.synthetic import write_synthetic
from kla_analysis.instrument.instrument import instrument_in_force
from kla_analysis.planning.actions import write_template
from kla_analysis.planning.scenario import Scenario
from kla_analysis.report.parameters import begin, check_parameters

OLD, AREA, YEAR = "kla-2019", "13.02", 2021
ABOUT = {
    "id": OLD,
    "title": {"id": "Instrumen uji 2019", "en": "Test instrument 2019"},
    "valid_from": "2019-01-01",
    "valid_to": "2021-12-31",
    "standing": "assumed",
    "max_total": 200,
    "sources": [{"id": "uji", "title": "Uji", "citation": "Dibuat untuk uji ini.", "standing": "assumed"}],
    "stages": [
        {
            "code": "mandiri",
            "order": 1,
            "name": {"id": "Isian sendiri", "en": "Own entry"},
            "claimed": True,
            "carries_award": False,
        },
        {"code": "putusan", "order": 2, "name": {"id": "Putusan", "en": "Decision"}, "carries_award": True},
    ],
    "verifiers": [],
    "no_award": {"code": "none", "name": {"id": "Tanpa penghargaan", "en": "No award"}},
    "bands": [
        {
            "code": code,
            "name": {"id": code.title(), "en": code.title()},
            "lower": low,
            "printed_upper": high,
            "standing": "assumed",
            "source": "uji",
        }
        for code, low, high in (("perunggu", 80, 119), ("perak", 120, 159), ("emas", 160, 200))
    ],
    "gap_rule": {
        "text": {"id": "Tidak dibulatkan ke atas.", "en": "Never rounded up."},
        "standing": "assumed",
        "source": "uji",
    },
    "cap_rule": {
        "text": {"id": "Ada batas indikator.", "en": "Indicators are capped."},
        "standing": "assumed",
        "source": "uji",
    },
    "notes": [],
}
COMPONENTS = {"A": ("Tata Kelola Anak", 80), "B": ("Suara Anak", 70), "C": ("Desa Ramah", 50)}
QUESTIONS = {
    "A1.1": ("A", "A1", 30),
    "A1.2": ("A", "A1", 20),
    "A2.1": ("A", "A2", 30),
    "B1.1": ("B", "B1", 40),
    "B1.2": ("B", "B1", 30),
    "C1.1": ("C", "C1", 50),
}
SCORES = {"A1.1": 20, "A1.2": 10, "A2.1": 20, "B1.1": 30, "B1.2": 10, "C1.1": 25}  # 115: Perunggu, 5 to Perak


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """The project's data with the old instrument beside today's, and a sheet of another area that follows it."""
    data = shutil.copytree(ROOT / "data", tmp_path_factory.mktemp("proyek") / "data")
    new, old = data / "instruments/kla-2024", data / "instruments" / OLD
    old.mkdir()
    about = yaml.safe_dump(ABOUT, allow_unicode=True, sort_keys=False)
    (old / "instrument.yaml").write_text(
        about.replace("'2019-01-01'", "2019-01-01").replace("'2021-12-31'", "2021-12-31")
    )
    rows = [f"{code},{name},{name},{most},assumed,uji" for code, (name, most) in COMPONENTS.items()]
    _write(old / "components.csv", "component_code,name_id,name_en,max_score,standing,source", rows)
    most: dict[tuple[str, str], int] = {}
    for component, indicator, points in QUESTIONS.values():
        most[component, indicator] = most.get((component, indicator), 0) + points
    rows = [
        f"{component},{code},Butir {code},Item {code},{points},assumed,uji"
        for (component, code), points in most.items()
    ]
    _write(old / "indicators.csv", "component_code,indicator_code,name_id,name_en,max_score,standing,source", rows)
    header = (new / "questions.csv").read_text(encoding="utf-8").splitlines()[0]
    rows = [
        f"{component},{indicator},{code},{points},Soal {code},Question {code},Dinkes;Dinsos,false,false,false,assumed,uji"
        for code, (component, indicator, points) in QUESTIONS.items()
    ]
    _write(old / "questions.csv", header, rows)
    (old / "discrepancies.yaml").write_text("[]\n")
    shutil.copy(new / "agencies.csv", old)
    package = json.loads((data / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] += [
        {**one, "name": one["name"].replace("2024", "2019"), "path": one["path"].replace("2024", "2019")}
        for one in package["resources"]
        if one["path"].startswith("instruments/kla-2024/")
    ]
    (data / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    sheet = data / "assessments" / AREA / f"{YEAR}-putusan.csv"
    sheet.parent.mkdir()
    rows = [f"{AREA},{YEAR},putusan,{code},{score}," for code, score in SCORES.items()]
    _write(sheet, "area_code,award_year,stage,question_code,score,note", rows)
    return data


@pytest.fixture
def both(data, monkeypatch) -> Path:
    monkeypatch.setenv("KLA_DATA", str(data))
    return data


def _write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def _json(*arguments: str, **environment: str) -> dict:
    done = run_kla(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_an_old_round_is_scored_by_its_own_rules_from_every_door(data, tmp_path):
    doors = {"KLA_DATA": str(data), "KLA_REPORTS": str(tmp_path / "laporan")}
    checked = run_kla("check", **doors)
    assert f"{OLD}: 3 komponen, 4 indikator, 6 pertanyaan" in checked.stdout
    assert "115 poin, Perunggu" in checked.stdout  # by its own rules
    assert "650,5 poin, Madya" in checked.stdout  # and the other sheet by today's

    sheet = data / "assessments" / AREA / f"{YEAR}-putusan.csv"
    score = _json("score", str(sheet), **doors)
    assert (
        score["instrument"],
        score["total"],
        score["predicate"],
        score["next_predicate"],
        score["points_to_next"],
    ) == (OLD, 115, "perunggu", "perak", 5)

    report = _json("report", "--area", AREA, "--year", str(YEAR), **doors)
    assert (report["predicate"], report["target"]) == ("perunggu", "perak")
    folder = Path(report["index"]).parent
    record = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert record["forecast"] == score["forecast"]
    assert record["target"] == {"code": "perak", "asked": "", "points": 120}
    assert record["plan"] is None  # nobody wrote down costs for it
    pages = {path.name: unescape(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}
    assert "menuju Perak" in pages["index.html"]
    assert "belum ada katalog kegiatan untuk instrumen kla-2019" in pages["06_simulasi_anggaran.html"]
    assert "Tidak ada lembar rujukan untuk instrumen kla-2019" in pages["07_mutu_data.html"]
    assert "3 komponen instrumen kla-2019" in pages["08_metode.html"]
    assert {"rapat-A.html", "rapat-B.html", "rapat-C.html"} <= set(pages)
    # What is told of the country keeps the names of its own years.
    own = "".join(page for name, page in pages.items() if name[:2] not in ("03", "04", "05", "08"))
    assert not re.findall(r"Nindya|Kelembagaan|Klaster (?:I|V)|tujuh|Bersujud|RawabaTIK|Tanah Bumbu|1\.000", own)

    again = _json("batch", "--areas", AREA, "--year", str(YEAR), "--jobs", "1", **doors)
    assert (again["unchanged"], again["failed"]) == (1, 0)
    listed = (tmp_path / "laporan/index.html").read_text(encoding="utf-8")
    assert "Perak" in listed
    assert "Perunggu" in listed


def test_a_plan_for_an_old_round_is_made_from_a_catalogue_of_its_own(both, tmp_path):
    position = kla.open_position(AREA, YEAR)
    with pytest.raises(ParameterError, match="kla actions template"):
        kla.simulate(position)
    with pytest.raises(ParameterError, match="menjawab instrumen kla-2024, bukan kla-2019"):
        kla.simulate(position, Scenario(catalogue="contoh"))
    write_template(both / "actions/uji", position.instrument)
    try:
        answer = kla.simulate(position)
        assert (answer.goal.code, answer.plan.placement.name) == ("perak", "Perak")
        assert answer.plan.total >= 120
        app = planner.try_out(position, Scenario(), "")
        assert [code for _, code in app.target.options] == ["perunggu", "perak", "emas"]
        assert app.target.value == "perak"
        said = run_kla("plan", "--area", AREA, "--year", str(YEAR), KLA_DATA=str(both))
        assert "peluang Perak" in said.stdout, said.stderr
    finally:
        shutil.rmtree(both / "actions/uji")


def test_what_can_be_chosen_is_what_the_round_has(both):
    assert [instrument_in_force(year) for year in (2015, 2019, 2021, 2022, 2024, None)] == [
        OLD,
        OLD,
        OLD,
        "kla-2024",
        "kla-2024",
        "kla-2024",
    ]
    for name, good, bad in (("target", "emas", "nindya"), ("cluster", "C", "K2"), ("stage", "mandiri", "final")):
        assert getattr(check_parameters({"area": AREA, "year": YEAR, name: good}), name) == good
        with pytest.raises(ParameterError):
            check_parameters({"area": AREA, "year": YEAR, name: bad})
    form = NewReport({"area": AREA, "year": YEAR})
    assert [code for _, code in form.target.options] == ["", "perunggu", "perak", "emas"]
    assert [code for _, code in form.cluster.options] == ["all", "A", "B", "C"]
    assert [name for name, _ in form.stage.options][1:] == ["Putusan"]
    form.area.value = "63.10 Kab. Tanah Bumbu"
    assert "nindya" in [code for _, code in form.target.options]


def test_a_sheet_is_read_by_the_instrument_that_its_origin_names(both, tmp_path):
    shutil.copy(both / f"assessments/{AREA}/{YEAR}-putusan.csv", tmp_path / "lembar.csv")
    text = (tmp_path / "lembar.csv").read_text().replace(f",{YEAR},", ",2025,")
    (tmp_path / "lembar.csv").write_text(text)
    note = {"title": {"id": "Lembar"}, "standing": "unverified", "note": {"id": "Uji"}, "instrument": OLD}
    (tmp_path / "lembar.origin.yaml").write_text(yaml.safe_dump(note))
    position = kla.open_position(AREA, 2025, assessment=tmp_path / "lembar.csv")
    assert (position.instrument.id, position.span.low) == (OLD, 115)


def test_synthetic_sheets_need_a_reference_by_the_same_instrument(both, tmp_path):
    with pytest.raises(ParameterError, match=f"{OLD}.*tidak ada lembar rujukan") as refused:
        write_synthetic(tmp_path / "sintetis", kla.load_instrument(OLD), year=YEAR, seed=1, areas=[AREA])
    assert "instrumen atau tahun lain" in refused.value.advice
    assert not (tmp_path / "sintetis").exists()
    with pytest.raises(ParameterError, match="1999"):
        write_synthetic(tmp_path / "sintetis", kla.load_instrument(), year=1999, seed=1, areas=[AREA])


def test_pictures_and_tables_have_as_many_bands_as_the_ladder(both):
    from kla_analysis import charts, tables

    position = kla.open_position(AREA, YEAR)
    ladder = charts.ladder(position.totals, position, "perak")
    assert all(name in ladder.table._repr_html_() or name in ladder.alt for name in ("Perunggu", "Perak"))
    assert "dari 64 sampai 200" in ladder.alt  # the axis begins below the lowest predicate, whatever it is
    assert [row[0] for row in tables.band_table(position.instrument).cells] == [
        "Tanpa penghargaan",
        "Perunggu",
        "Perak",
        "Emas",
    ]


# --- another area under today's instrument ------------------------------------------------------------------


@pytest.fixture
def own_sheet(tmp_path) -> Path:
    text = (ROOT / "data/assessments/63.10/2022-final.csv").read_text(encoding="utf-8")
    path = tmp_path / "lembar.csv"
    path.write_text(text.replace("63.10,2022,", f"{AREA},2025,"), encoding="utf-8")
    return path


def test_partners_and_costs_of_another_area_are_never_shown_as_its_own(own_sheet, tmp_path):
    assert load_partners(AREA, "kla-2024").empty
    assert "PT Air Minum Bersujud" in set(load_partners("63.10", "kla-2024")["partner"])
    position = begin(area=AREA, year=2025, assessment=str(own_sheet))
    sheets = unescape(meeting.meeting_sheets(position)._repr_html_())
    assert "belum dicatat untuk Kab. Solok" in sheets
    app = planner.try_out(position, Scenario(), "")
    plan = run_kla("plan", "--area", AREA, "--year", "2025", "--assessment", str(own_sheet)).stdout
    shown = (sheets, app.headline.value, *(page.value for _, page, _ in app._pages), plan)
    assert not [text for text in shown if re.search("Bersujud|RawabaTIK|Tanah Bumbu", text)]
    for text in (app.headline.value, plan):
        assert "biaya contoh" in text
    assert sheets.count("KATALOG CONTOH") == len(position.instrument.components)
    assert "katalog contoh" in plan


def test_a_report_of_another_area_names_the_example(own_sheet, tmp_path):
    reports = tmp_path / "laporan"
    arguments = ("--areas", AREA, "--year", "2025", "--jobs", "1", "--target", "madya")
    folder = tmp_path / "lembar" / AREA
    folder.mkdir(parents=True)
    shutil.copy(own_sheet, folder / "2025-final.csv")
    made = _json("batch", *arguments, "--sheets", str(tmp_path / "lembar"), KLA_REPORTS=str(reports))
    assert made["failed"] == 0, made
    index = reports / AREA / "2025" / "index.html"
    pages = {path.name: unescape(path.read_text(encoding="utf-8")) for path in index.parent.glob("*.html")}
    assert "Kab. Solok sudah Madya, menuju Nindya" in pages["index.html"]  # what was asked for is reached
    assert "bila nilai 650,5 hari ini bertahan" in pages["index.html"]
    assert "Rencana termurah, biaya contoh" in pages["index.html"]
    assert "KATALOG CONTOH" in pages["rapat-K3.html"]
    assert "KATALOG CONTOH" in pages["06_simulasi_anggaran.html"]
    assert not [name for name, page in pages.items() if re.search("Bersujud|RawabaTIK", page)]
    record = json.loads((index.parent / "results.json").read_text(encoding="utf-8"))
    assert record["plan"]["given"] == {"points": 650.5, "kept": "all", "share": 1.0}
    assert record["plan"]["catalogue"] == {"id": "contoh", "example": True}
    assert record["target"] == {"code": "nindya", "asked": "madya", "points": 701}
    assert "KATALOG CONTOH" in unescape((reports / "index.html").read_text(encoding="utf-8"))
    score = _json("score", str(own_sheet))
    assert record["forecast"] == score["forecast"]


def test_at_the_top_there_is_nothing_above(own_sheet):
    frame = kla.load_instrument("kla-2024").questions["max_points"]
    lines = own_sheet.read_text(encoding="utf-8").splitlines()
    full = [lines[0], *(",".join([*(cells := line.split(","))[:4], f"{frame[cells[3]]:g}", ""]) for line in lines[1:])]
    own_sheet.write_text("\n".join(full) + "\n", encoding="utf-8")
    from kla_analysis.showing import summary

    position = begin(area=AREA, year=2025, assessment=str(own_sheet))
    assert position.target == "kla"
    assert summary.title(position) == "Kab. Solok di predikat tertinggi, KLA"


def test_a_report_and_its_scenario_lead_to_one_place():
    with pytest.raises(ParameterError, match="skenarionya menuju nindya"):
        begin(area="63.10", year=2022, target="utama", scenario="nindya-80-persen")
    assert begin(area="63.10", year=2022, scenario="nindya-80-persen").target == "nindya"


def test_the_districts_own_rounds_are_never_mixed_silently(data, tmp_path, monkeypatch):
    own = shutil.copytree(data, tmp_path / "data")
    monkeypatch.setenv("KLA_DATA", str(own))
    text = (own / "assessments/reference/2024-self_assessment.csv").read_text(encoding="utf-8")
    new = text.replace("reference,2024,", f"{AREA},2025,")
    (own / "assessments" / AREA / "2025-self_assessment.csv").write_text(new, encoding="utf-8")
    case = kla.open(AREA, 2025)
    rounds = kla.own_rounds(case)
    old = rounds[rounds["award_year"] == YEAR]
    # None of its components has a code of today's: only its total is there, and only as a share.
    assert old[["level", "comparable", "share"]].values.tolist() == [["total", False, 115 / 200]]
    assert "instrumen lain" in repr(kla.wording.own_rounds_in_words(rounds, case))
    table = kla.tables.own_rounds_table(rounds, case)
    assert any("bagian" in field["title"] and "2021" in field["title"] for field in table.record()["schema"]["fields"])
    assert "*" in charts.own_rounds(rounds, case).figure.axes[0].texts[0].get_text()
    mapping = kla.load_mapping(_mapping(tmp_path), kla.load_instrument(OLD), case.instrument)
    carried = kla.own_rounds(case, crosswalks={OLD: mapping})
    crossed = carried[(carried["award_year"] == YEAR) & (carried["level"] == "total")].iloc[0]
    most = case.instrument.questions.at["1.1", "max_points"]
    assert (crossed["comparable"], crossed["carried"], crossed["low"]) == (
        True,
        True,
        pytest.approx(most * 20 / 30, abs=0.01),
    )
    assert "padanan" in repr(kla.wording.own_rounds_in_words(carried, case))


def _mapping(folder: Path) -> Path:
    path = folder / "padanan.csv"
    path.write_text("from_question,to_question,standing,reason\nA1.1,1.1,assumed,uji\n", encoding="utf-8")
    return path
