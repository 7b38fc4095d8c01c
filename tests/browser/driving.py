"""What the browser tests have in common: servers that are ended, and the app as a planner moves it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
from click.testing import CliRunner
from conftest import PICTURES, ROOT
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

from kla_analysis.cli.kit import app as command

#: Headless and without the calls that Chromium makes home by itself.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
#: The first is the same browser without a window, which takes half the processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
#: What a task may take; how long it took is written beside the pictures, for a machine has bad days.
ACTIONS = 6
#: Seconds that the machine may take to answer: others may be using it.
PATIENCE = 120
HERE = ("http://127.0.0.1:", "data:", "blob:", "ws://127.0.0.1:")
SIZES = {
    "desk": {"width": 1366, "height": 900},
    "1366": {"width": 1366, "height": 768},
    "390": {"width": 390, "height": 844},
}


def start_chromium(playwright: Playwright) -> Browser:
    """Start the browser that KLA_CHROMIUM names, or else the system's."""
    found = next(filter(None, map(shutil.which, (os.environ.get("KLA_CHROMIUM", ""), *NAMES))), None)
    assert found, "no Chromium: `make browser` installs it, or KLA_CHROMIUM names one"
    return playwright.chromium.launch(executable_path=found, args=FLAGS)


@contextmanager
def window_of(browser: Browser, size: str) -> Iterator[BrowserContext]:
    """A window of its own; whatever it asks of any other machine is a failure."""
    away: list[str] = []
    context = browser.new_context(viewport=SIZES[size], accept_downloads=True)
    context.set_default_timeout(PATIENCE * 1000)
    context.on("request", lambda asked: away.append(asked.url) if not asked.url.startswith(HERE) else None)
    yield context
    context.close()
    assert not away


class Server:
    """A server that was started for a test: its process, its address without and with its key."""

    def __init__(self, process: subprocess.Popen, host: str, key: str) -> None:
        self.process, self.host, self.key = process, host, key
        self.url = f"http://{host}/?token={key}"

    def kernels(self) -> list[psutil.Process]:
        """The kernels that it runs now."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [each for each in below if "ipykernel_launcher" in _command(each)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


@contextmanager
def serving(
    command: Callable[[int], list[str]], folder: Path, *, key: str = "", cwd: Path = ROOT, **environment: str
) -> Iterator[Server]:
    """Start a server on a free port, wait until it tells its address, and end it with everything that it started.

    Args:
        key: of a server that tells none.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "server.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            command(port), cwd=cwd, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    try:
        # The address is told once the server listens, and not before.
        until(lambda: process.poll() is not None or (_answers(port) if key else _key(log)), seconds=90)
        assert process.poll() is None, log.read_text()
        assert _answers(port)
        yield Server(process, f"127.0.0.1:{port}", key or _key(log))
    finally:
        below = [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
        process.terminate()
        process.wait(20)
        _, left = psutil.wait_procs(below, timeout=20)
        for each in left:
            each.kill()
        assert not left


def _answers(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


def _key(log: Path) -> str:
    found = re.search(r" http://127\.0\.0\.1:\d+/\S*\?token=([\w-]+) ", log.read_text())
    return found[1] if found else ""


def until(true: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become so in time"
        time.sleep(0.05)


def serving_app(
    folder: Path, *more: str, idle: int = 6, browser: bool = False, cwd: Path = ROOT, **environment: str
) -> AbstractContextManager[Server]:
    """Serve the budget app as `kla app` does."""
    run = [sys.executable, "-c", "from kla_analysis.cli import main; main()", "app", f"--idle={idle}"]
    run += [] if browser else ["--no-browser"]
    return serving(lambda port: [*run, *more, f"--port={port}"], folder, cwd=cwd, **environment)


def serving_launcher(folder: Path, home: Path) -> AbstractContextManager[Server]:
    """Serve the launcher of a project as `kla start` does; its address carries the key that it asks for."""
    run = [sys.executable, "-c", "from kla_analysis.cli import main; main()", "start", "--no-browser", "--idle=60"]
    places = {"KLA_HOME": str(home), "KLA_DATA": str(home / "data"), "KLA_REPORTS": str(home / "reports")}
    return serving(lambda port: [*run, f"--port={port}"], folder, **places)


def serving_lab(folder: Path) -> AbstractContextManager[Server]:
    """Serve a folder in JupyterLab."""
    run = [
        sys.executable,
        "-c",
        "from kla_analysis.cli import main; main()",
        "lab",
        "--no-browser",
        f"--folder={folder}",
    ]
    config = folder / "config/jupyter_server_config.json"
    config.parent.mkdir()
    config.write_text('{"ServerApp": {"allow_root": true}, "IdentityProvider": {"token": ""}}')
    environment = {
        "KLA_HOME": str(ROOT),
        "KLA_REPORTS": str(folder / "reports"),
        "JUPYTER_CONFIG_DIR": str(config.parent),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
    }
    return serving(lambda port: [*run, f"--port={port}"], folder, **environment)


def open_in_lab(page: Page, server: Server, notebook: str) -> None:
    """Open a notebook in JupyterLab and run all its cells."""
    page.goto(f"http://{server.host}/lab/tree/{notebook}?reset&token={server.key}")
    page.locator(".jp-Notebook").wait_for()
    page.get_by_text("| Idle").wait_for()  # before its kernel is there, JupyterLab would ask for one
    page.locator(".lm-MenuBar-item").nth(3).click()  # whatever the menus are called in the language in force
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()


class Hand:
    """A user's hand on a page: it counts every click, choice, filled field, file and key that somebody holds down.

    Attributes:
        page: the page that it is on; another one once it has opened one.
        actions: what it has done so far.
    """

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def _acts(self) -> None:
        self.actions += 1

    def button(self, name: str) -> None:
        """Press a button."""
        self._acts()
        self.page.get_by_role("button", name=name, exact=True).click()

    def click(self, what: Locator) -> None:
        """Click something."""
        self._acts()
        what.click()

    def fill(self, label: str, text: str) -> None:
        """Fill a field and leave it."""
        self._acts()
        field = self.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Tab")

    def choose(self, label: str, option: str) -> None:
        """Choose from a list."""
        self._acts()
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def hold(self, key: str, handle: Locator, times: int) -> None:
        """Hold a key down on a handle."""
        self._acts()
        handle.focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def upload(self, button: str, *paths: Path) -> None:
        """Choose files."""
        self._acts()
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name=button).click()
        chooser.value.set_files(paths)

    def open(self, link: str) -> None:
        """Follow a link that opens a page of its own, and go on there."""
        self._acts()
        with self.page.expect_popup() as opened:
            self.page.get_by_role("link", name=link, exact=True).click()
        self.page = opened.value
        self.page.wait_for_load_state()

    def look_at(self, what: Locator) -> None:
        """Turn the page until something is in the middle of the screen; looking is no action."""
        what.evaluate("one => one.scrollIntoView({block: 'center'})")

    def download(self, link: str) -> Path:
        """Take a file."""
        self._acts()
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name=link, exact=True).click()
        return Path(download.value.path())


class Window:
    """Pages of one size; the next one loads while a task is done on this one."""

    def __init__(self, size: str, context: BrowserContext, url: str) -> None:
        self.size, self._context, self._url = size, context, url
        self._next = self._opened()

    def _opened(self) -> Page:
        page = self._context.new_page()
        page.goto(self._url, wait_until="commit")
        return page

    def page(self) -> Page:
        page, self._next = self._next, self._opened()
        page.bring_to_front()
        page.get_by_role("button", name="Periksa data").wait_for()
        return page


@contextmanager
def counted(page: Page, name: str, *, keep: bool = False) -> Iterator[Hand]:
    """A hand on the first page; at the end its actions are counted, and its time and the screen are kept.

    Args:
        keep: leave the first page open for the next task, as this one changes nothing on it.
    """
    began = time.monotonic()
    hand = Hand(page)
    yield hand
    took = time.monotonic() - began
    PICTURES.mkdir(exist_ok=True)
    hand.page.screenshot(path=PICTURES / f"{name}.png")
    with (PICTURES / "seconds.txt").open("a") as file:
        file.write(f"{name}: {hand.actions} actions, {took:.1f} s\n")
    wide = hand.page.evaluate("document.documentElement.scrollWidth")
    screen = page.viewport_size["width"]
    for each in {page, hand.page} - ({page} if keep else set()):
        each.close()
    assert hand.actions <= ACTIONS
    assert wide <= screen, "the page is wider than the screen"


class App:
    """The budget app in a page: what a planner does with it, and what it shows."""

    def __init__(self, page: Page) -> None:
        """Wait until the answer is there and the staircase is climbed."""
        self.page = page
        page.wait_for_selector(".kla-app svg[data-total]")
        page.locator(".kla-app .progress").wait_for(state="hidden")

    @property
    def handle(self) -> Locator:
        """The handle of the budget slider."""
        return self.page.locator(".kla-app .noUi-handle").first

    @property
    def budget(self) -> int:
        """Rupiah that the slider stands on."""
        return int(float(self.handle.get_attribute("aria-valuenow")))

    @property
    def shown(self) -> tuple[float, int]:
        """Total and cost of the plan in the picture."""
        picture = self.page.locator(".kla-app svg[data-total]")
        return float(picture.get_attribute("data-total")), int(picture.get_attribute("data-cost"))

    @property
    def headline(self) -> str:
        return self.page.locator(".kla-app h2").inner_text()

    @property
    def address(self) -> str:
        """What the browser's bar says now."""
        return self.page.evaluate("location.href")

    @property
    def said(self) -> str:
        """What the message above the picture says."""
        return self.page.locator(".kla-app [role=status]").inner_text()

    def drag(self, share: float) -> None:
        """Drag the budget slider with the mouse to a share of its length."""
        self.handle.scroll_into_view_if_needed()
        box, track = self.handle.bounding_box(), self.page.locator(".kla-app .noUi-base").first.bounding_box()
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(track["x"] + share * track["width"], box["y"] + box["height"] / 2, steps=15)
        self.page.mouse.up()

    def type_budget(self, text: str) -> None:
        field = self.page.get_by_label("atau ketik")
        field.fill(text)
        field.press("Enter")

    def upload(self, path: Path) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Buka berkas").click()
        chooser.value.set_files(path)

    def choose(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def shows(self, answer: dict) -> None:
        """Wait until the picture shows an answer of the command."""
        until(lambda: self.shown == (answer["total"], answer["cost"]))


def plan(*arguments: str) -> dict:
    """Ask the command for a plan."""
    done = CliRunner().invoke(command, ["plan", *arguments, "--json"])
    return json.loads(done.stdout)
