"""The launcher: the first page, with three doors: check data, make a report, try a budget."""

from __future__ import annotations

import json
import os
from html import escape
from typing import Any

import ipywidgets as widgets

from kla_analysis.analysis.position import open_position
from kla_analysis.app import choices
from kla_analysis.app.check_page import CheckDoor, Work
from kla_analysis.app.controls import STYLE, Controls, Doors, status
from kla_analysis.app.planner import WhatIf, try_out
from kla_analysis.app.report_page import NewReport, ReportDoor
from kla_analysis.errors import KlaError
from kla_analysis.language import current_language, t, use_language
from kla_analysis.planning.scenario import Scenario
from kla_analysis.report.parameters import ReportParameters


def launch() -> Launcher:
    """Return the first page, in the language in force.

    >>> import kla_analysis as kla
    >>> kla.launch()  # doctest: +SKIP
    """
    return Launcher()


class Launcher(Controls):
    """The first page. A change of language builds it anew and keeps what was being done."""

    def __init__(self) -> None:
        """Build the page."""
        self._work = Work()
        self._head = widgets.VBox([])
        self._place = widgets.VBox([], layout=widgets.Layout(width="100%"))
        # How a language calls itself is understood whatever the language in force is.
        self.lang = widgets.ToggleButtons(
            options=choices.languages(),
            value=current_language(),
            style={"button_width": "auto"},
        )
        self.lang.observe(self._spoken, "value")
        # A page in Voilà says its language to screen readers; in JupyterLab the page is not ours.
        self._said = widgets.Output(layout=widgets.Layout(display="none"))
        self.widget = widgets.VBox(
            [widgets.HTML(STYLE), self.lang, self._head, self._place, self._said], layout=widgets.Layout(width="100%")
        )
        self.widget.add_class("kla-app")
        self._build()

    def _build(self, values: dict[str, Any] | None = None, budget: tuple[Any, Scenario | None] = (None, None)) -> None:
        title = t("Kabupaten/Kota Layak Anak: dari lembar evaluasi ke predikat berikutnya")
        self._head.children = [widgets.HTML(f"<h1>{escape(title)}</h1>")]
        self._values, self._budget = values, budget
        self.doors = Doors(
            {
                "check": (t("Periksa data"), t("Baca lembar daerah Anda, perbaiki selnya, simpan."), self._check),
                "report": (t("Buat laporan"), t("Laporan, perbandingan dua putaran, dan jadwal."), self._report),
                "budget": (t("Coba anggaran"), t("Geser anggaran, lihat rencana dan nilainya."), self._try_out),
            }
        )
        self._place.children = [self.doors.widget]

    def _check(self) -> CheckDoor:
        return CheckDoor(self._work, self._saved)

    def _report(self) -> ReportDoor:
        return ReportDoor(self._values)

    def _try_out(self) -> Controls:
        return Budget(*self._budget)

    def _saved(self, area: str, year: int, stage: str) -> None:
        """Open the form for a report of a sheet that was just saved."""
        self.doors.pages.pop("report", None)
        self._values = {"area": area, "year": year, "stage": stage, "lang": current_language()}
        self.doors.open("report")

    def _spoken(self, change: Any) -> None:
        if self.unheard:
            return
        new = self._form()
        if new is not None and new.running is not None:
            with self.quietly():
                self.lang.value = change["old"]
            new.message.value = status(t("Tunggu sampai laporan selesai, atau batalkan, lalu ganti bahasanya."))
            return
        use_language(change["new"])
        self._say_language()
        values = {**new.values, "lang": change["new"]} if new is not None else None
        budget = self.doors.pages.get("budget")
        opened = self.doors.open_now
        self._build(values, (budget.sheet.value, budget.scenario) if budget is not None else (None, None))
        if opened:
            self.doors.open(opened)

    def _say_language(self) -> None:
        if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
            script = f"document.documentElement.lang = {json.dumps(current_language())}"
            told = {"output_type": "display_data", "data": {"application/javascript": script}, "metadata": {}}
            self._said.outputs = (told,)

    def _form(self) -> NewReport | None:
        door = self.doors.pages.get("report")
        return door.doors.pages.get("new") if door is not None else None


class Budget(Controls):
    """The budget app of the notebook about it, for one of the sheets that the project holds."""

    def __init__(self, sheet: Any = None, scenario: Scenario | None = None) -> None:
        """Build the app.

        Args:
            sheet, scenario: what it was about, and what it was asked, before.
        """
        self.app: WhatIf | None = None
        options = choices.sheets()
        self.sheet = self.control(widgets.Dropdown, t("Lembar"), options=options)
        known = [value for _, value in options]
        about = ReportParameters()
        first = next((one for one in known if one[:2] == (about.area, about.year)), None)
        with self.quietly():
            self.sheet.value = sheet if sheet in known else first or (known[0] if known else None)
        self.sheet.layout.max_width = "560px"
        self._place = widgets.VBox([], layout=widgets.Layout(width="100%"))
        heading = widgets.HTML(f"<h2>{escape(t('Coba anggaran'))}</h2>")
        self.widget = widgets.VBox([heading, self.sheet, self._place], layout=widgets.Layout(width="100%"))
        self._open(scenario or Scenario())

    def _moved(self, change: Any) -> None:
        if not self.unheard:
            self._open(Scenario())

    def _open(self, scenario: Scenario) -> None:
        self.app = None
        if self.sheet.value is None:
            self._place.children = [widgets.HTML(status(t("Belum ada lembar nilai.")))]
            return
        area, year, stage = self.sheet.value
        try:
            shown = try_out(open_position(area, year, stage=stage), scenario, ReportParameters().target)
        except KlaError as error:
            self._place.children = [widgets.HTML(status(str(error)))]
            return
        if isinstance(shown, WhatIf):
            self.app = shown
            self._place.children = [shown.widget]
        else:
            self._place.children = [widgets.HTML(status(repr(shown)))]

    @property
    def scenario(self) -> Scenario | None:
        """What the app is asked now; None where it can not be said."""
        try:
            return self.app.scenario if self.app is not None else None
        except KlaError:
            return None
