"""Benchmark of the app: from a move of the slider to the new picture, beside `interact` that plots anew.

Both show the same board for the same budgets, in JupyterLab and in Voilà, in one Chromium and one run.
The slider is moved by key; the clock runs in the page, from the press and from the release of the key to the
first frame that holds the new picture. Run with
`make bench-app`.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from browser.driving import App, open_in_lab, serving, serving_app, serving_lab, start_chromium
from conftest import ROOT
from playwright.sync_api import Page, sync_playwright

MOVES = 60
#: Resolves with the milliseconds from press and release of the next key to the frame in which `picture` differs.
WATCH = """(picture) => {
    const now = () => { const e = [...document.querySelectorAll(picture)].pop(); return e && (e.src || e.innerHTML); };
    window.moved = new Promise((done) => {
        const before = now();
        addEventListener("keydown", () => {
            const press = performance.now();
            let release = Infinity;
            addEventListener("keyup", () => { release = performance.now(); }, { once: true, capture: true });
            const seen = new MutationObserver(() => {
                if (!now() || now() === before) return;
                seen.disconnect();
                requestAnimationFrame(() => setTimeout(() => {
                    const shown = performance.now();
                    done([shown - press, Math.max(0, shown - release)]);
                }));
            });
            seen.observe(document.body, { subtree: true, childList: true, attributes: true });
        }, { once: true, capture: true });
    });
}"""
RIVAL = """\
import kla_analysis as kla
from ipywidgets import IntSlider, interact
from kla_analysis import charts

simulator = kla.Simulator(kla.open("63.10", 2022))
budget = IntSlider(min=0, max=2_000_000_000, step=10_000_000, value=600_000_000)
interact(lambda b: charts.board(simulator.run(kla.Scenario(goal="points", budget=b))), b=budget);"""


def moves(page: Page, picture: str) -> list[tuple[float, float]]:
    """Move the slider by key again and again; return milliseconds from press and from release of each."""
    handle = page.locator(".noUi-handle").first
    handle.focus()
    found = []
    for at in range(MOVES + 5):
        page.evaluate(WATCH, picture)
        page.keyboard.press("ArrowRight")
        found.append(page.evaluate("window.moved"))
        page.wait_for_timeout(60)
        assert at < 5 or found[-1][0] < 5000
    return found[5:]  # the first ones load what is loaded once


def ours(page: Page) -> list[tuple[float, float]]:
    App(page)
    return moves(page, ".kla-app svg[data-total]")


def replotted(page: Page) -> list[tuple[float, float]]:
    page.locator(".jp-OutputArea img, .jupyter-widgets img").first.wait_for(timeout=60_000)
    return moves(page, ".jp-OutputArea img, .jupyter-widgets img")


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        folder = Path(scratch)
        rival = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(RIVAL)])
        rival.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(rival, folder / "rival.ipynb")
        nbformat.write(nbformat.read(ROOT / "notebooks/06_simulasi_anggaran.ipynb", 4), folder / "ours.ipynb")
        browser = start_chromium(playwright)

        def measured(name: str, open_page: Callable[[Page], None], way: Callable[[Page], list]) -> float:
            page = browser.new_page(viewport={"width": 1366, "height": 900})
            open_page(page)
            presses, releases = (sorted(each) for each in zip(*way(page), strict=True))
            page.close()
            said = [
                f"{statistics.median(each):6.1f} ms (95% {each[int(0.95 * len(each))]:6.1f})"
                for each in (releases, presses)
            ]
            print(f"{name:24} from release {said[0]}   from press {said[1]}", flush=True)
            return statistics.median(presses)

        with serving_lab(folder) as lab:
            board = measured("JupyterLab, the app", lambda page: open_in_lab(page, lab, "ours.ipynb"), ours)
            plot = measured("JupyterLab, interact", lambda page: open_in_lab(page, lab, "rival.ipynb"), replotted)
            print(f"{'':28} ratio {plot / board:.1f}")
        with serving_app(folder, idle=600) as voila, serving_rival(folder) as other:
            board = measured("Voilà, the app", lambda page: page.goto(voila.url), ours)
            plot = measured("Voilà, interact", lambda page: page.goto(other.url), replotted)
            print(f"{'':28} ratio {plot / board:.1f}")


def serving_rival(folder: Path):
    command = [sys.executable, "-m", "voila", str(folder / "rival.ipynb"), "--no-browser", "--Voila.ip=127.0.0.1"]
    (folder / "rival").mkdir(exist_ok=True)
    return serving(lambda port: [*command, f"--port={port}"], folder / "rival", key="none", KLA_HOME=str(ROOT))


if __name__ == "__main__":
    main()
