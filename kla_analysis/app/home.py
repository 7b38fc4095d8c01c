"""The launcher: the first page, with five doors: check data, make a report, try a budget, collect worksheets, follow up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any

import ipywidgets as widgets

from kla_analysis.analysis.position import open_position
from kla_analysis.app import address, choices, shelf
from kla_analysis.app.check_page import CheckDoor, Work
from kla_analysis.app.collect_page import CollectDoor
from kla_analysis.app.controls import Controls, Doors, look, status
from kla_analysis.app.followup_page import FollowUpDoor
from kla_analysis.app.guide_page import Guide
from kla_analysis.app.planner import WhatIf, try_out
from kla_analysis.app.report_page import NewReport, ReportDoor, outputs
from kla_analysis.errors import KlaError
from kla_analysis.language import LANGUAGES, current_language, t, use_language
from kla_analysis.planning.scenario import Scenario
from kla_analysis.report.parameters import ReportParameters

#: Reports that stand on the first page.
MOST_SHOWN = 3


def launch() -> Launcher:
    """Return the first page, in the language in force.

    >>> import kla_analysis as kla
    >>> kla.launch()  # doctest: +SKIP
    """
    return Launcher()


class Launcher(Controls):
    """The first page. A change of language builds it anew and keeps what was being done."""

    def __init__(self) -> None:
        """Build the page, as its address says it."""
        said = address.asked()
        if said.get("lang") in LANGUAGES:
            use_language(said["lang"])
        self._work = Work()
        self._steps = 0
        self._head = widgets.VBox([])
        self._place, self._welcome = (widgets.VBox([], layout=widgets.Layout(width="100%")) for _ in range(2))
        # How a language calls itself is understood whatever the language in force is.
        self.lang = widgets.ToggleButtons(
            options=choices.languages(),
            value=current_language(),
            style={"button_width": "auto"},
        )
        self.lang.observe(self._spoken, "value")
        self.home = widgets.Button(layout=widgets.Layout(width="auto", display="none"))
        self.home.on_click(lambda _: self.doors.close())
        # A page in Voilà says its language to screen readers; in JupyterLab the page is not ours.
        self._said = widgets.Output(layout=widgets.Layout(display="none"))
        self._mark = widgets.HTML(layout=widgets.Layout(display="none"))
        bar = widgets.HBox([self.home, self.lang], layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        parts = [
            look(),
            address.visits(self.visit),
            self._mark,
            bar,
            self._head,
            self._place,
            self._welcome,
        ]
        self.widget = widgets.VBox([*parts, self._said], layout=widgets.Layout(width="100%"))
        self.widget.add_class("kla-app")
        self._build(said=said)
        self._say_language()
        self.visit(said)
        self._steps = 0  # what the page shows first is no step: back leads to it
        self._say_address()

    def _build(self, values: dict[str, Any] | None = None, said: Mapping[str, str] = MappingProxyType({})) -> None:
        self._values, self._first_budget = values, said
        self.home.description = t("Beranda")
        self.doors = Doors(
            {
                "check": (t("Periksa data"), t("Baca lembar daerah Anda, perbaiki selnya, simpan."), self._check),
                "report": (t("Buat laporan"), t("Laporan, perbandingan dua putaran, dan jadwal."), self._report),
                "budget": (t("Coba anggaran"), t("Geser anggaran, lihat rencana dan nilainya."), self._try_out),
                "collect": (t("Kumpulkan lembar kerja"), t("Bagikan ke lembaga, taruh yang kembali."), self._collect),
                "followup": (t("Tindak lanjut"), t("Keputusan rapat: siapa, kapan, menjadi apa."), FollowUpDoor),
                "guide": ("", "", Guide),
            },
            over=_first_steps(),
            opened=self._turned,
        )
        self._place.children = [self.doors.widget]
        self._turned()

    def _check(self) -> CheckDoor:
        return CheckDoor(self._work, self._saved)

    def _report(self) -> ReportDoor:
        return ReportDoor(self._values)

    def _collect(self) -> CollectDoor:
        return CollectDoor(self._saved)

    def _try_out(self) -> Controls:
        return Budget(self._first_budget)

    def _saved(self, area: str, year: int, stage: str) -> None:
        """Open the form for a report of a sheet that was just saved."""
        self.doors.pages.pop("report", None)
        self._values = {"area": area, "year": year, "stage": stage, "lang": current_language()}
        self.doors.open("report")

    def _turned(self) -> None:
        """Show what belongs to the page that is open now, and say it in the address."""
        page = self.doors.open_now
        self.home.layout.display = None if page else "none"
        title = t("Kabupaten/Kota Layak Anak: dari lembar evaluasi ke predikat berikutnya")
        intro = t(
            "Dari lembar evaluasi KLA daerah Anda ke nilai, predikat, yang hilang dan milik siapa, prakiraan, dan rencana dengan "
            "biayanya. Semua dihitung di komputer ini; tidak ada data yang keluar."
        )
        told = "" if page else f"<p>{escape(intro)}</p>"
        self._head.children = [widgets.HTML(f"<h1>{escape(title)}</h1>{told}")]
        self._welcome.children = [] if page else self._reports()
        self._steps += 1
        self._say_address()

    def _say_address(self) -> None:
        page = self.doors.open_now
        said = {"lang": current_language()} | ({"page": page} if page else {})
        self._mark.value = address.mark(said, self._steps)

    def _reports(self) -> list[widgets.Widget]:
        """Return what stands under the doors: the newest reports, the sample, the guide."""
        made = shelf.shelf()
        own = [one for one in made if not one.sample]
        cards = [shelf.card(one) for one in own[:MOST_SHOWN]] or [f"<p>{escape(t('Belum ada laporan.'))}</p>"]
        cards += [shelf.failure(page) for page in shelf.failed()]
        cards += [shelf.card(one) for one in made if one.sample]
        shown = widgets.Output()
        shown.outputs = outputs(f"<h2>{escape(t('Laporan terbaru'))}</h2><div class='kla-shelf'>{''.join(cards)}</div>")
        guide = widgets.Button(description=t("Panduan"), layout=widgets.Layout(width="auto"))
        guide.on_click(lambda _: self.doors.open("guide"))
        every = widgets.Button(description=t("Semua laporan"), layout=widgets.Layout(width="auto"))
        every.on_click(lambda _: self._open_shelf())
        return [shown, widgets.HBox([every, guide], layout=widgets.Layout(flex_flow="row wrap"))]

    def _open_shelf(self) -> None:
        door = self.doors.open("report")
        if isinstance(door, ReportDoor):
            door.doors.open("shelf")

    def visit(self, said: Mapping[str, str]) -> None:
        """Show what an address says: the language, the page, and on the page about budgets its question."""
        if said.get("lang") in LANGUAGES:
            self.lang.value = said["lang"]
        page = said.get("page", "")
        if page not in self.doors.known:
            if self.doors.open_now:
                self.doors.close()
            return
        there = self.doors.pages.get(page)
        if page != self.doors.open_now:
            self.doors.open(page)
        if isinstance(there, Budget):
            there.visit(said)

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
        self._build(values, budget.said if isinstance(budget, Budget) else {})
        if opened:
            self.doors.open(opened)

    def _say_language(self) -> None:
        if address.on_our_page():
            script = f"document.documentElement.lang = {json.dumps(current_language())}"
            told = {"output_type": "display_data", "data": {"application/javascript": script}, "metadata": {}}
            self._said.outputs = (told,)

    def _form(self) -> NewReport | None:
        door = self.doors.pages.get("report")
        new = door.doors.pages.get("new") if isinstance(door, ReportDoor) else None
        return new if isinstance(new, NewReport) else None


def _first_steps() -> dict[str, str]:
    """Say over the doors in which order a first visit goes through them, and which is the next."""
    has_sheet = bool(choices.own_rounds())
    has_report = any(not made.sample for made in shelf.shelf())
    following = "check" if not has_sheet else "report" if not has_report else ""
    steps = {
        "check": t("Langkah 1: lembar sendiri"),
        "report": t("Langkah 2: laporan"),
        "budget": t("Langkah 3: anggaran"),
        "collect": t("Sepanjang putaran"),
        "followup": t("Sesudah rapat"),
    }
    if has_report:
        return steps
    return {key: f"{step} · {t('mulai di sini')}" if key == following else step for key, step in steps.items()}


class Budget(Controls):
    """The budget app of the notebook about it, for one of the sheets that the project holds."""

    def __init__(self, said: Mapping[str, str] = MappingProxyType({})) -> None:
        """Build the app.

        Args:
            said: the sheet that it is about, and what it is asked, as an address says it.
        """
        self.app: WhatIf | None = None
        options = choices.sheets()
        self.sheet = self.control(widgets.Dropdown, t("Lembar"), options=options)
        self._mark = widgets.HTML(layout=widgets.Layout(display="none"))
        self._steps = 0
        self.sheet.layout.max_width = "560px"
        self._place = widgets.VBox([], layout=widgets.Layout(width="100%"))
        heading = widgets.HTML(f"<h2>{escape(t('Coba anggaran'))}</h2>")
        parts = [heading, self._mark, self.sheet, self._place]
        self.widget = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        about = ReportParameters()
        first = next(
            (one for _, one in options if one[:2] == (about.area, about.year)), options[0][1] if options else None
        )
        with self.quietly():
            self.sheet.value = self._sheet_of(said) or first
        self._open(said)

    def _sheet_of(self, said: Mapping[str, str]) -> Any:
        return next((one for _, one in self.sheet.options if _written(one) == said.get("sheet")), None)

    def _moved(self, change: Any) -> None:
        if not self.unheard:
            self._steps += 1
            self._open({})

    def visit(self, said: Mapping[str, str]) -> None:
        """Show what an address says."""
        sheet = self._sheet_of(said)
        if sheet is not None and sheet != self.sheet.value:
            with self.quietly():
                self.sheet.value = sheet
            self._open(said)
        elif self.app is not None:
            self.app.visit(said)

    def _open(self, said: Mapping[str, str]) -> None:
        self.app = None
        if self.sheet.value is None:
            self._place.children = [widgets.HTML(status(t("Belum ada lembar nilai.")))]
            return
        self._mark.value = address.mark({"sheet": _written(self.sheet.value)}, self._steps)
        area, year, stage = self.sheet.value
        try:
            shown = try_out(open_position(area, year, stage=stage), Scenario(), ReportParameters().target, said)
        except KlaError as error:
            self._place.children = [widgets.HTML(status(str(error)))]
            return
        if isinstance(shown, WhatIf):
            self.app = shown
            self._place.children = [shown.widget]
        else:
            self._place.children = [widgets.HTML(status(repr(shown)))]

    @property
    def said(self) -> dict[str, str]:
        """The sheet and what the app was asked last, as an address says it."""
        if self.app is None or self.app.answer is None:
            return {}
        return {"sheet": _written(self.sheet.value), **address.of_scenario(self.app.answer.scenario)}


def _written(sheet: tuple[str, int, str]) -> str:
    return "/".join(map(str, sheet))
