"""The launcher without a browser: what its doors do is what the commands do, and nothing is lost on the way."""

import datetime
import shutil

import people
import pytest
import rounds
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.app import choices, shelf
from kla_analysis.app.check_page import CheckDoor
from kla_analysis.app.collect_page import CollectDoor
from kla_analysis.app.compare_page import Comparison
from kla_analysis.app.report_page import NewReport
from kla_analysis.app.schedule_page import ScheduleForm
from kla_analysis.errors import OutputError, ParameterError
from kla_analysis.evidence.collect import collect
from kla_analysis.evidence.intake.sheet import read_sheet
from kla_analysis.language import use_language
from kla_analysis.report import exports
from kla_analysis.report.manifest import MANIFEST
from kla_analysis.runs.schedule import load_schedule

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project of the test's own, so that nothing is written into the real one."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("KLA_HOME", str(tmp_path))
    yield tmp_path
    use_language("id")


@pytest.fixture
def bad(tmp_path, instrument, reference):
    """The district's workbook with one cell that is no number and one above its maximum."""
    scores = reference.scores.astype(object)
    scores["1.1"], scores["8.3"] = "dua belas", 99
    return people.write_xlsx(tmp_path / "Rapor.xlsx", [people.recapitulation(instrument, scores, reference.printed)])


def choose(door: CheckDoor, path) -> None:
    door.upload.value = (
        {"name": path.name, "content": path.read_bytes(), "type": "", "size": 1, "last_modified": NOW},
    )


def test_a_first_visit_leads_from_the_own_sheet_to_a_report_to_the_budget(home):
    def steps():
        page = kla.launch()
        return page, [page.doors._over[key] for key in ("check", "report", "budget")]

    page, (first, second, third) = steps()
    assert [text.endswith("mulai di sini") for text in (first, second, third)] == [True, False, False]
    assert "Belum ada laporan." in page._welcome.children[0].outputs[0]["data"]["text/html"]
    sheet = home / "data/assessments/63.10/2022-final.csv"
    text = sheet.read_text(encoding="utf-8").replace(",2022,final,", ",2025,self_assessment,")
    sheet.with_name("2025-self_assessment.csv").write_text(text, encoding="utf-8")
    assert steps()[1][1].endswith("mulai di sini")
    shutil.copytree(ROOT / "reports" / "contoh", home / "reports/63.10/2022")
    page, said = steps()
    assert not any("mulai di sini" in text for text in said)
    assert "Belum ada laporan." not in page._welcome.children[0].outputs[0]["data"]["text/html"]


def test_the_first_page_shows_the_newest_reports_and_what_failed_since(home):
    shutil.copytree(ROOT / "reports" / "contoh", home / "reports/63.10/2022")
    (home / "reports/63.10/2022-gagal.html").write_text("gagal", encoding="utf-8")
    (home / "reports/63.09").mkdir()
    (home / "reports/63.09/2025-gagal.html").write_text("gagal", encoding="utf-8")
    page = kla.launch()
    shown = page._welcome.children[0].outputs[0]["data"]["text/html"]
    assert "Nilai 650,5, Madya" in shown
    assert ">ILUSTRATIF</strong>" in shown
    assert "Percobaan yang lebih baru gagal; laporan ini yang terakhir utuh." in shown
    assert "Kab. Tabalong 2025: laporan belum jadi" in shown
    page.doors.open("check")
    assert not page._welcome.children  # who works has the room
    page.home.click()
    assert page._welcome.children


def cell_of(door: CheckDoor, old: str):
    return next(entry for place, entry in door._fields.items() if door._shown[place] == old)


def test_cells_are_mended_where_their_message_stands_and_what_they_said_is_kept(home, bad, instrument):
    door = CheckDoor()
    choose(door, bad)
    assert "2 hal harus diperbaiki" in door.summary.value
    door.again.click()
    assert "Belum ada sel yang diisi ulang" in door.message.value
    cell_of(door, "dua belas").value = "10,5"
    door.again.click()
    assert "1 hal harus diperbaiki" in door.summary.value
    cell_of(door, "99").value = ""
    door.again.click()
    assert "Lembar ini dapat dipakai" in door.summary.value
    door.undo.click()  # the last check is taken back, not the first
    assert list(door._shown.values()) == ["99"]
    cell_of(door, "99").value = ""
    door.again.click()
    door.save.click()
    path = home / "data/assessments/63.10/2025-self_assessment.csv"
    sheet = kla.load_assessment(path, instrument)
    assert sheet.scores["1.1"] == 10.5
    assert "8.3" in sheet.missing
    assert "2 sel diisi ulang" in sheet.origin.note
    mended = sheet.repairs[sheet.repairs["reason"] == "diisi ulang saat lembar diperiksa"]
    assert mended["old"].tolist() == ["dua belas", "99"]
    assert mended["new"].tolist() == ["10,5", "(kosong)"]
    # Once more: nothing is written over without a word, and the old one can be kept.
    before = path.read_bytes()
    again = CheckDoor(door.work)
    again.save.click()
    assert "Sudah ada: data/assessments/63.10/2025-self_assessment.csv" in again.message.value
    assert 'download="2025-self_assessment.csv"' in again.files.value
    assert path.read_bytes() == before
    again.work.mends[next(iter(again.work.mends))] = "9"
    again._check()
    again.save.click()
    again.replace.click()
    assert kla.load_assessment(path, instrument).scores["1.1"] == 9


def test_a_mended_number_takes_the_decimal_mark_of_its_column(tmp_path, sheet):
    points = sheet(("63.10,2022,final,1.1,10.11", "63.10,2022,final,1.1,sepuluh"))
    (item,) = read_sheet(points).repairs.refused
    place = (item.sheet, item.row, item.column)
    for typed in ("10,25", "10.25"):
        read = read_sheet(points, mends={place: typed}).require()
        assert read.assessments[0].answers.set_index("question_code").loc["1.1", "score"] == 10.25
    assert read_sheet(points, mends={place: "1.2e1"}).refused
    assert points.read_text().count("sepuluh") == 1


def test_what_a_sheet_does_not_say_is_asked_in_the_words_of_the_page(home, tmp_path, instrument, reference):
    page = people.recapitulation(instrument, reference.scores, reference.printed, titles=())
    door = CheckDoor()
    choose(door, people.write_xlsx(tmp_path / "a.xlsx", [page]))
    said = " ".join(child.value for child in door.problems.children)
    assert "isian “Daerah”" in said
    assert "isian “Tahap”: Evaluasi mandiri" in said
    assert door.about.selected_index == 0
    assert "--" not in said
    door.area.value, door.year.value, door.stage.value = "63.10 Kab. Tanah Bumbu", "2025", "self_assessment"
    assert "Lembar ini dapat dipakai" in door.summary.value


def test_one_fault_in_forty_cells_is_one_message_with_a_field_for_each(home, tmp_path, instrument):
    head = ("Kode", "Indikator", "Nilai Maksimal", "Nilai")
    rows = [(code, row["name"], row["max_points"], "banyak") for code, row in instrument.indicators.iterrows()]
    door = CheckDoor()
    choose(door, people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", [*people.TITLES, head, *rows])]))
    assert "1 hal harus diperbaiki" in door.summary.value
    (problem,) = door.problems.children
    assert f"begitu juga baris 7–{len(rows) + 5}: {len(rows)} tempat" in problem.children[0].value
    assert problem.children[1].titles == (f"Isi {len(rows)} sel di sini",)
    fields = problem.children[1].children[0].children
    assert [field.description for field in fields] == [f"Isi D{row}" for row in range(6, len(rows) + 6)]
    for field in fields[1:]:
        field.value = ""
    fields[0].value = "70"
    door.again.click()
    assert "jumlah 70" in door.summary.value


@pytest.mark.parametrize(
    ("field", "value", "totals"),
    [
        ("column", "Provinsi", ["jumlah 80"]),
        ("column", "F", ["jumlah 60"]),
        ("stage", "self_assessment", ["jumlah 100"]),
        ("stage", "all", ["jumlah 100", "jumlah 80", "jumlah 60"]),
    ],
)
def test_which_column_of_scores_is_meant_is_chosen_on_the_page(home, tmp_path, instrument, field, value, totals):
    first, second = ((code, instrument.indicators.loc[code, "name"], most) for code, most in (("1", 96), ("2", 36)))
    rows = [
        ("Kode", "Indikator", "Nilai Maksimal", "EM", "Provinsi", "Pusat"),
        (*first, 70, 60, 50),
        (*second, 30, 20, 10),
    ]
    door = CheckDoor()
    choose(door, people.write_xlsx(tmp_path / "a.xlsx", [people.page("A", [*people.TITLES, *rows])]))
    said = " ".join(child.value for child in door.problems.children)
    assert "isian “Kolom nilai” “EM”" in said
    assert "isian “Tahap” “semua tahap di lembar”" in said
    assert "--" not in said
    getattr(door, field).value = value
    assert all(total in door.summary.value for total in totals), door.summary.value
    assert door.summary.value.count("jumlah ") == len(totals)


def test_a_file_that_is_none_is_answered_in_words(home, tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing")
    door = CheckDoor()
    choose(door, path)
    assert "rusak atau terpotong" in door.message.value
    assert "Traceback" not in door.message.value


def test_a_change_of_language_keeps_the_sheet_the_form_and_the_budget(home, bad):
    page = kla.launch()
    choose(page.doors.open("check"), bad)
    form = page.doors.open("report").doors.pages["new"]
    form.target.value = "utama"
    page.doors.open("budget").app.typed.value = "900 juta"
    page.lang.value = "en"
    assert page.doors.pages["budget"].app.budget.value == 900_000_000
    assert page.doors.open("report").doors.pages["new"].values | {"lang": ""} == form.values | {"lang": ""}
    assert page.doors.pages["report"].doors.pages["new"].lang.value == "en"
    assert "2 things to mend" in page.doors.open("check").summary.value


@pytest.mark.parametrize(
    ("typed", "code"),
    [("63.10 Kab. Tanah Bumbu", "63.10"), ("6310", "63.10"), ("kab. tanah bumbu", "63.10"), ("63.10", "63.10")],
)
def test_an_area_is_found_by_code_or_name(typed, code):
    assert choices.code_of(typed) == code


def test_an_area_that_is_none_is_told_with_the_nearest(home):
    with pytest.raises(ParameterError, match=r"63\.10"):
        choices.code_of("Tanah Bumbo")
    form = NewReport()
    form.area.value = "Atlantis"
    form.start()
    assert "Atlantis" in form.message.value
    assert form.running is None


def test_a_schedule_is_kept_and_none_is_written_over(home):
    form = ScheduleForm()
    form.make.click()
    (text,) = form.texts.children
    assert "kla schedule run" in text.value.replace("'", "")
    plan = load_schedule(home / "jadwal/63.10-2022.toml")
    assert (plan.when.weekday, plan.when.time, plan.reports[0].target) == ("senin", "02:00", "")
    form.make.click()
    form.day.value = "1"
    form.kind.value = "systemd"
    form.make.click()
    assert [path.name for path in sorted((home / "jadwal").iterdir())] == ["63.10-2022-2.toml", "63.10-2022.toml"]
    assert "OnCalendar=*-*-01 02:00:00" in form.texts.children[1].value
    form.time.value = "25:00"
    form.make.click()
    assert "00:00 sampai 23:59" in form.message.value
    assert len(list((home / "jadwal").iterdir())) == 2


def test_two_rounds_are_compared_the_older_first_and_one_sheet_with_itself_is_not(home):
    page = Comparison()
    assert page.before.value == ("63.10", 2022, "final")
    assert page.after.value == ("reference", 2024, "self_assessment")
    assert "Selisihnya +121,31 poin" in page.result.value
    page.level.value = "question"
    assert page.result.value.count("<tr") > 274
    page.after.value = page.before.value
    assert "dua lembar yang berbeda" in page.message.value
    assert page.result.value == ""


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("63.10/2022/index.html", True),
        *((f"63.10/2022/{file}", True) for file in exports.downloads()),
        ("contoh/rapat-K0.html", True),
        ("63.10/2022 (2)/01_rapor.html", True),
        ("63.10/2022-gagal.html", True),
        ("63.10/2022-en/rapat-K2.html", True),
        ("63.10/2022-en-gagal.html", True),
        ("63.10/2022-rahasia/index.html", False),
        ("reference/2024/index.html", True),
        (f"63.10/2022/{MANIFEST}", False),
        ("kla.jsonl", False),
        ("gagal/63.10-2022-01.ipynb", False),
        ("impor/x/anotasi.xlsx", False),
        ("63.10/2022/../../kla.log", False),
        ("63.10/2022/.x.html", False),
        ("kla-app-x/kla.ipynb", False),
        ("../data/areas.csv", False),
        ("63.10/2022/sub/index.html", False),
    ],
)
def test_only_finished_reports_are_handed_out(path, out):
    import re

    # As Voilà asks: the whole path, letters of either case.
    assert bool(re.fullmatch(shelf.HANDED_OUT, path, re.IGNORECASE)) is out


def test_a_folder_that_can_not_be_written_is_said(home):
    (home / "jadwal").write_text("a file")
    form = ScheduleForm()
    with pytest.raises(OutputError):
        form._written(form.toml())
    form.make.click()
    assert "tidak dapat ditulis" in form.message.value


def test_the_page_of_a_round_shows_the_rule_that_its_sheet_was_merged_by(home, tmp_path):
    played = rounds.Played(tmp_path / "putaran")
    collect([played.send("agency", "Bapenda", tmp_path / "a.xlsx")], played.own, rule="lead")
    door = CollectDoor()
    assert not door.lead.value
    door.year.value = "2025"
    assert door.lead.value
    door.lead.value = False  # the sheet follows
    again = CollectDoor()
    again.year.value = "2025"
    assert not again.lead.value
