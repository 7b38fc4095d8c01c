"""The first page of a report: one page of paper, derived from the numbers, saying nothing twice."""

from __future__ import annotations

import dataclasses
import io
import re
from html import unescape

import pypdf
import pytest

import kla_analysis as kla
from kla_analysis.analysis.forecast import outlook
from kla_analysis.analysis.uncertainty import tornado
from kla_analysis.evidence.followup import add_decision
from kla_analysis.language import LANGUAGES, language, money, number
from kla_analysis.project import find_project
from kla_analysis.report import build, html, pdf
from kla_analysis.report.manifest import facts
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.showing import summary
from kla_analysis.showing.plan import likely

PLANS: dict[str, dict | None] = {}


def plan_of(position: object, target: str) -> dict | None:
    if position.roll_up is None or position.roll_up.level != "question":
        return None
    return kla.simulate(position, target=target).record()


def claimed() -> object:
    """A self-assessed sheet just above a bound, so that single answers can lose the predicate."""
    position = kla.open_position("reference", 2024)
    return dataclasses.replace(position, area=kla.open_position("63.10", 2022).area)


def with_gaps(sheet) -> object:
    lines = sheet().read_text(encoding="utf-8").splitlines()
    found = [f",{code},{score}," for code, score in (line.split(",")[3:5] for line in lines[1:12])]
    path = sheet(*((old, re.sub(r",[^,]*,$", ",,", old)) for old in found))
    return kla.open_position("63.10", 2022, assessment=path)


@pytest.fixture(params=["bumbu", "bumbu to utama", "only a predicate", "claimed", "with gaps"])
def case(request, sheet):
    position = {
        "only a predicate": lambda: kla.open_position("63.10", 2023),
        "claimed": claimed,
        "with gaps": lambda: with_gaps(sheet),
    }.get(request.param, lambda: kla.open_position("63.10", 2022))()
    target = "utama" if request.param == "bumbu to utama" else "nindya"
    if request.param not in PLANS:  # planned once for all that ask
        PLANS[request.param] = plan_of(position, target)
    return position, target, PLANS[request.param]


def frame_of(position, target: str) -> html.Frame:
    parameters = ReportParameters(target=target)
    return build._frame(facts(parameters, find_project()), position, parameters, build._sources())


def page_of(position, target: str, plan: dict | None) -> str:
    return html.index_page(build._summary(position, [], plan), frame_of(position, target))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_is_one_page_of_paper(case, lang, paper_pages):
    """The page that is printed, and the summary as a document of its own."""
    position, target, plan = case
    with language(lang):
        assert paper_pages(page_of(*case)) == 1
        made = pdf.pdf({html.INDEX: build._summary(position, [], plan)}, frame_of(position, target))
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) == 1


def test_nothing_is_said_twice(case):
    page = page_of(*case)
    text = re.sub(r"<style.*?</style>|<details.*?</details>|<footer.*", "", page, flags=re.DOTALL)
    said = [unescape(piece).strip() for piece in re.findall(r">([^<]+)<", text)]
    sentences = [one for piece in said for one in re.split(r"(?<=[.?!])\s", piece) if len(one) > 50]
    assert len(sentences) == len(set(sentences))


def test_it_says_how_sure_what_is_lost_what_it_costs_and_what_to_decide():
    position = kla.open_position("63.10", 2022)
    plan = plan_of(position, "nindya")
    worth = outlook(position)
    page = unescape(re.sub(r"<[^>]+>", " ", page_of(position, "nindya", plan)))
    wanted = [
        number(worth.interval.low, decimals=0),
        number(worth.interval.high, decimals=0),
        f"peluang Nindya {likely(plan['probability'])} bila nilai 650,5 hari ini bertahan",
        "Rencana termurah, biaya contoh",
        *map(number, position.indicators.groupby("component_code")["lost_points"].max()),
        money(plan["cost"]),
        f"{len(plan['actions'])} kegiatan",
        *(one["name"] for one in plan["activities"]),
        *(row["name"] for row in plan["spending"]["agency"]),
        tornado(position.roll_up, outlook(position).retention).iloc[0]["name"],
        money(plan["sure"]["cost"]),
        "Siapa yang memimpin jawaban atas 7.2 ",
        "tanggal: ______",
    ]
    assert not [said for said in wanted if said not in page]


def test_every_chance_of_a_plan_says_on_what_it_depends():
    position = kla.open_position("63.10", 2022)
    plan = plan_of(position, "nindya")
    said = repr(summary.costs_in_words(position, plan))
    assert f"Peluang Nindya {likely(plan['probability'])} bila nilai 650,5 hari ini bertahan; supaya 80%: " in said
    assert f"supaya 80%: {money(plan['sure']['cost'])}. Semuanya biaya contoh." in said
    assert "nilai naik dari 650,5 menjadi 701" in said
    dearer = kla.simulate(position, target="nindya").evidence.iloc[0]
    total = number(outlook(position).median, decimals=0)
    assert f"menerima semuanya; dari prakiraan {total}, Nindya perlu {money(dearer['cost'])}." in said
    beyond = repr(summary.costs_in_words(position, plan | {"at_forecast": {"before": 549.46, "cost": None}}))
    assert f"; dari prakiraan {total} seluruh katalog pun tidak cukup." in beyond


def test_a_plan_for_a_claim_starts_from_what_is_left_of_it():
    position = claimed()
    plan = plan_of(position, "nindya")
    said = repr(summary.costs_in_words(position, plan))
    assert f"naik dari kira-kira {number(plan['before'])} (menurut prakiraan untuk nilai 771,81) menjadi" in said
    assert plan["at_forecast"] is None
    assert "dari prakiraan" not in said


def test_what_to_decide_follows_from_the_sheet(sheet):
    (fill,) = summary.decisions(kla.open_position("63.10", 2023), None)
    assert "lembar nilai per pertanyaan" in fill.what
    gaps = with_gaps(sheet)
    first = summary.decisions(gaps, None)[0]
    assert first.what.startswith("Siapa yang mengisi 11 pertanyaan yang belum dijawab")
    assert "1.1 (JDIH, Bagian Hukum, Dinas PPPA), 1.2a (" in first.what
    assert (first.who[:6], first.when) == ("JDIH, ", "sebelum lembar diajukan, tanggal: ______")
    reached = kla.open_position("63.10", 2022)
    assert not [one for one in summary.decisions(reached, plan_of(reached, "madya")) if "Rencana" in one.what]


def test_every_decision_says_who_and_by_when(case):
    position, _, plan = case
    decided = summary.decisions(position, plan)
    assert decided
    for one in decided:
        assert one.what
        assert one.who
        assert one.when.endswith("tanggal: ______")  # nobody has named a date


def test_the_newest_published_fact_stands_first_whatever_the_round_of_the_report():
    for year in (2019, 2022, 2023, 2025):
        position = kla.open_position("63.10", year)
        first = summary.standing_in_words(position, "nindya").paragraphs[0]
        if year < 2025:
            assert "2025: evaluasi mandiri 961,86, verifikasi administrasi oleh provinsi 800,38" in first
            assert "penghargaan paling tinggi Madya" in first
            assert summary.key_figures(position, "nindya", None)[0][1] == "Paling tinggi Madya"
        else:
            assert "paling tinggi Madya" in first


def test_the_record_of_a_plan_is_plain_and_its_money_adds_up():
    plan = plan_of(kla.open_position("63.10", 2022), "nindya")
    for rows in plan["spending"].values():
        assert sum(row["cost"] for row in rows) == plan["cost"]
        assert sum(row["actions"] for row in rows) == len(plan["actions"])
    assert plan["sure"]["cost"] > plan["cost"]
    assert plan["probability"] < plan["sure"]["probability"]


@pytest.mark.parametrize(
    ("code", "stamp"),
    [
        ("11.01", "1 Januari 2027, 00.30 WIB"),
        ("63.10", "1 Januari 2027, 01.30 WITA"),
        ("91.71", "1 Januari 2027, 02.30 WIT"),
    ],
)
def test_a_report_bears_the_time_of_its_area(code, stamp):
    position = kla.open_position("63.10", 2022)
    position = dataclasses.replace(position, area=dataclasses.replace(position.area, code=code))
    made = facts(ReportParameters(), find_project()).model_copy(update={"created": "2026-12-31T17:30:00Z"})
    frame = build._frame(made, position, ReportParameters(), build._sources())
    assert (frame.stamp, frame.made.isoformat()) == (stamp, "2027-01-01")


def test_what_a_meeting_decided_stands_first_with_its_own_day(mini):
    data = mini.root / "data"
    said = {"award_year": 2022, "decided_on": "2026-11-03", "what": "Unggah data perkawinan anak", "agency": "Kemenag"}
    add_decision("63.10", data=data, **said, due="2999-01-15", question_code="7.2")
    first, *others = summary.decisions(kla.open_position("63.10", 2022), None)
    assert (first.what, first.who) == ("Dari rapat, belum selesai: Unggah data perkawinan anak", "Kemenag")
    assert first.when == "15 Januari 2999"
    assert not [one for one in others if "7.2 " in one.what]  # who leads it is decided
