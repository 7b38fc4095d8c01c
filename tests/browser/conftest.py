"""A real browser before real servers on this machine: Voilà and JupyterLab, each ended by its test."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator

import pytest
from browser.driving import App, Server, serving
from conftest import ROOT
from playwright.sync_api import Browser, BrowserContext, sync_playwright

#: Headless and without the calls that Chromium makes home by itself.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, (os.environ.get("KLA_CHROMIUM", ""), *NAMES))), None)
    assert found, "no Chromium: `make browser` installs it, or KLA_CHROMIUM names one"
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=found, args=FLAGS)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window of its own; whatever it asks of any other machine fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, accept_downloads=True)
    away: list[str] = []
    context.on("request", lambda asked: away.append(asked.url) if not _here(asked.url) else None)
    yield context
    context.close()
    assert not away


@pytest.fixture
def open_app(context: BrowserContext, voila: Server) -> Callable[[], App]:
    def opened() -> App:
        page = context.new_page()
        page.goto(voila.url)
        return App(page)

    return opened


def _here(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:", "ws://127.0.0.1:"))


@pytest.fixture(scope="session")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    def command(port: int) -> list[str]:
        run = "from kla_analysis.cli import main; main()"
        return [sys.executable, "-c", run, "app", "--port", str(port), "--no-browser", "--idle", "6"]

    with serving(command, tmp_path_factory.mktemp("voila")) as server:
        yield server


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """JupyterLab over a copy of the notebooks, so that nothing is saved into the project."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")

    def command(port: int) -> list[str]:
        return [
            sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.ip=127.0.0.1",
            "--ServerApp.allow_root=True", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=",
            "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]  # fmt: skip

    with serving(command, folder, KLA_HOME=str(ROOT), JUPYTERLAB_WORKSPACES_DIR=str(folder)) as server:
        yield server
