"""A real browser before real servers on this machine: Voilà and JupyterLab, each ended by its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from browser.driving import App, Server, serving_app, serving_lab, start_chromium, window_of
from conftest import ROOT
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from kla_analysis.report.manifest import Manifest, sha256
from kla_analysis.report.parameters import ReportParameters


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield start_chromium(playwright)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with window_of(browser, "desk") as context:
        yield context


@pytest.fixture
def open_app(context: BrowserContext, voila: Server) -> Callable[[], App]:
    def opened() -> App:
        page = context.new_page()
        page.goto(voila.url)
        return App(page)

    return opened


@pytest.fixture(scope="session")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_app(tmp_path_factory.mktemp("voila")) as server:
        yield server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")  # so that nothing is saved into the project
    report = folder / "reports" / "contoh"
    report.mkdir(parents=True)
    page = b"<h1>Sebuah laporan</h1>"
    (report / "index.html").write_bytes(page)
    about = Manifest(
        parameters=ReportParameters().model_dump(),
        inputs={},
        versions={},
        created="2026-01-01T00:00:00Z",
        figures={"area": "Kab. Tanah Bumbu"},
        outputs={"index.html": sha256(page)},
    )
    (report / "manifest.json").write_text(about.text(), encoding="utf-8")
    with serving_lab(folder) as server:
        yield server
