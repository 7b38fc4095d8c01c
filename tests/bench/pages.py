"""Benchmark of a page's slider: what the browser's main thread does for each frame while it is dragged, slowed down six times.

Beside it, in the same run, a page of one slider and one line that shows its number: less than that no page can do. Each pair
of lines is one width; the report is the sample of the repository. Run it with `make bench-app`.
"""

from __future__ import annotations

import bisect
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser.driving import start_chromium
from conftest import ROOT

FRAMES, SLOWER = 150, 6
BARE = """<!doctype html><input type="range" max="1000000000"><p></p>
<script>const [slider, line] = document.body.children; slider.oninput = () => { line.textContent = slider.value; };</script>"""
DRAG = """frames => new Promise(end => {
  const slider = document.querySelector("input[type=range]"), least = +slider.min, most = +slider.max;
  let at = 0;
  const step = () => {
    performance.mark(`frame ${at}`);
    if (at > frames) return end();
    slider.value = least + (most - least) * at / frames;
    slider.dispatchEvent(new Event("input", {bubbles: true}));
    at += 1;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def work_of_frames(browser: Browser, address: str, width: int) -> list[float]:
    """Return the milliseconds that the main thread worked in each frame: script, style, layout, painting, all of it."""
    with browser.new_context(viewport={"width": width, "height": 800}) as window:
        page, events, ended = window.new_page(), [], []
        page.goto(address)
        page.locator("input[type=range]").first.scroll_into_view_if_needed()
        tools = window.new_cdp_session(page)
        tools.on("Tracing.dataCollected", lambda said: events.extend(said["value"]))
        tools.on("Tracing.tracingComplete", lambda said: ended.append(said))
        tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        tools.send("Tracing.start", {"traceConfig": {"includedCategories": ["toplevel", "blink.user_timing"]}})
        page.evaluate(DRAG, FRAMES)
        tools.send("Tracing.end")
        while not ended:
            page.wait_for_timeout(50)
    marks = [event for event in events if event["name"].startswith("frame ")]
    thread, starts = (marks[0]["pid"], marks[0]["tid"]), sorted(mark["ts"] for mark in marks)
    work: dict[int, float] = defaultdict(float)
    for event in events:
        if event["name"].endswith("RunTask") and "dur" in event and (event["pid"], event["tid"]) == thread:
            work[bisect.bisect(starts, event["ts"])] += event["dur"] / 1000
    return [work[frame] for frame in range(1, len(starts))]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        bare = Path(folder, "bare.html")
        bare.write_text(BARE, encoding="utf-8")
        pages = {"the report's page": ROOT / "reports" / "contoh" / "06_simulasi_anggaran.html", "a bare slider": bare}
        browser = start_chromium(playwright)
        print(f"{f'ms a frame, slowed down {SLOWER} times':<44}{'median':>8}{'90th percentile':>17}")
        for width in (1366, 390):
            for name, path in pages.items():
                frames = work_of_frames(browser, path.as_uri(), width)
                worst = statistics.quantiles(frames, n=10)[8]
                print(f"{f'{name}, {width} px':<44}{statistics.median(frames):8.1f}{worst:17.1f}")
        browser.close()


if __name__ == "__main__":
    main()
