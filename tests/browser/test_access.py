"""For everyone: axe finds nothing, a phone and 200 % show all, keys reach every control, script is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.driving import App, Server, plan, serving_app, until
from conftest import ROOT, often
from playwright.sync_api import Browser, Page

from kla_analysis.report import html
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.runs import notices

CHAPTERS = sorted(f"{path.stem}.html" for path in (ROOT / "notebooks").glob("0[1-9]*.ipynb"))
NAMES = ["index.html", *CHAPTERS, "perubahan.html", "pertanyaan.html", "rapat-K2.html"]
#: In English the same templates hold other words: some pages of it everywhere, all of them and the app by `make thorough`.
PAGES = [*(("id", name) for name in NAMES), *(("en", name) for name in often(NAMES[:3], NAMES))]
LANGUAGES = often(["id"], ["id", "en"])
#: The narrowest screen that is promised, and half of a laptop's, which is what 200 % leaves of it.
SCREENS = [{"width": 320, "height": 640}, {"width": 683, "height": 384}]
CUT = """() => [...document.querySelectorAll("main *, [role=main] *")].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !each.closest(".kla-scroll, svg, .p-hidden, .lm-mod-hidden");
}).map(each => `${each.tagName}.${each.className} ${each.textContent.slice(0, 60)}`)"""
#: Tables of which a part is off the screen of a phone.
ASIDE = """() => [...document.querySelectorAll(".kla-scroll")].filter(each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1)
  .map(each => each.textContent.trim().slice(0, 60))"""
#: What has the focus: whether it is seen to have it, and how a screen reader calls it.
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  if (one === document.body) return null;
  one.dataset.reached = "";
  const label = one.labels?.[0]?.textContent || one.getAttribute("aria-label") || one.textContent;
  return {name: label.trim(), seen: style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2};
}"""
#: What was not reached. Of tabs only the open one is on the way; arrows lead to the others.
REACHABLE = """() => [...document.querySelectorAll(
  ".kla-app :is(select, input, button, textarea, a[href], [role=slider], [role=tab][aria-selected=true], [role=button])"
)].filter(each => each.checkVisibility() && each.tabIndex >= 0 && !each.disabled && each.type !== "file"
  && !each.closest("[disabled]") && !("reached" in each.dataset)).map(each => each.outerHTML.slice(0, 200))"""


#: Rows of a table are made alike: of long ones those at the top are looked at, all of them by `make thorough`.
ALIKE = {"exclude": [[f"tbody tr:nth-child(n+{often(13, 100_000)})"]]}


def findings(page: Page, **options: object) -> list[str]:
    """What axe finds, of any weight; no rule is left out unless asked."""
    return [
        f"{found['id']} ({found['impact']}): {node['html'][:200]}"
        for found in Axe()
        .run(page, context=ALIKE, options={"resultTypes": ["violations"], **options})
        .response["violations"]
        for node in found["nodes"]
    ]


def fits(page: Page) -> None:
    """Nothing makes the page wider than the screen, and nothing is cut: tables scroll in their own box."""
    for size in SCREENS:
        page.set_viewport_size(size)
        page.wait_for_function("innerWidth === " + str(size["width"]))
        assert page.evaluate("document.scrollingElement.scrollWidth") <= size["width"]
        assert page.evaluate(CUT) == []


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    yield page
    page.close()


# --- reports ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lang", "name"), PAGES)
def test_a_page_of_the_report_is_for_everyone(page, report, english, lang, name):
    page.set_viewport_size({"width": 1000, "height": 800})
    page.goto(({"id": report, "en": english}[lang] / name).as_uri())
    assert findings(page) == []
    fits(page)
    page.set_viewport_size(SCREENS[0])
    assert page.evaluate(ASIDE) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page, runOnly=["color-contrast"]) == []
    page.emulate_media(color_scheme="light")


def test_a_report_is_read_by_keys_alone(page, report):
    page.goto((report / "01_rapor.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "Langsung ke isi"
    page.keyboard.press("Enter")
    assert page.url.endswith("#isi")
    page.keyboard.press("Tab")
    boxes = page.locator("main :is(a, .kla-scroll)").count()
    for _ in range(boxes):
        assert page.evaluate(FOCUSED)["seen"]
        page.keyboard.press("Tab")
    assert page.locator("main [data-reached]").count() == boxes


def test_a_report_needs_no_script(browser, report, country):
    without = browser.new_context(java_script_enabled=False).new_page()
    for path in (report / "01_rapor.html", country):
        without.goto(path.as_uri())
        assert without.locator("h1").is_visible()
        for fold in without.locator("details:visible").all():
            fold.locator("summary").click()
        for row in without.locator("tr").all():
            assert row.is_visible()
    without.context.close()


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    row = {
        "code": "63.10",
        "area": "Kab. Tanah Bumbu",
        "province": "Kalimantan Selatan",
        "year": 2022,
        "target": "Nindya",
        "predicate": "Madya",
        "total_low": 650.5,
        "total_high": 650.5,
        "gap_high": 50.5,
        "status": "dibuat",
        "link": "63.10/2022/index.html",
        "badge": "ILUSTRATIF",
        "why": "",
    }
    failed = row | {"code": "63.09", "link": "", "badge": "", "why": "Lembar tidak ada."}
    path = tmp_path_factory.mktemp("nasional") / "index.html"
    page = html.national_page("Laporan KLA: 2 daerah", "Satu dibuat.", "Contoh.", [row, failed], made="hari ini")
    path.write_text(page, encoding="utf-8")
    return path


def test_pages_about_many_reports_and_about_a_failure_are_for_everyone(page, country, tmp_path):
    failed = notices.leave_page(notices.Failure(ReportParameters(), 4, "Sel gagal.", tmp_path / "63.10" / "2022"))
    for path in (country, failed):
        page.set_viewport_size({"width": 1000, "height": 800})
        page.goto(path.as_uri())
        assert findings(page) == []
        fits(page)


# --- the app ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=LANGUAGES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_app(tmp_path_factory.mktemp("voila"), "--lang", request.param, idle=60) as server:
        yield server


@pytest.fixture
def app(context, served: Server) -> App:
    page = context.new_page()
    page.goto(served.url)
    return App(page)


def test_the_app_is_for_everyone_on_every_screen(app):
    page = app.page
    for fold in page.locator(".kla-app [aria-expanded]").all():
        fold.click()
        assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(200)
        assert findings(page) == []
    fits(page)


@pytest.mark.parametrize("served", ["id"], indirect=True)
def test_the_app_is_worked_by_keys_alone(app):
    page = app.page
    page.locator("h1").click()
    page.keyboard.press("Tab")
    walked = []
    while focused := page.evaluate(FOCUSED):
        assert focused["name"], walked
        assert focused["seen"], focused
        walked.append(focused["name"])
        if page.evaluate("document.activeElement.ariaExpanded") == "false":
            page.keyboard.press("Enter")
            until(lambda: page.evaluate("document.activeElement.ariaExpanded") == "true")
            page.wait_for_timeout(1500)  # what is inside comes only now
        page.keyboard.press("Tab")
    assert page.evaluate(REACHABLE) == []
    # One arrow is one step of the budget; on the tabs it leads to the next.
    before = app.budget
    page.locator(".kla-app [role=slider]").first.focus()
    page.keyboard.press("ArrowRight")
    until(lambda: app.budget == before + 10_000_000)
    app.shows(plan("--goal", "points", "--budget", str(app.budget)))
    page.locator(".kla-app [role=tab][aria-selected=true]").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    until(lambda: page.get_by_role("tab").nth(1).get_attribute("aria-selected") == "true")
