"""The door “make a report”: a new one, those that are there, two rounds side by side, and a schedule."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from kla_analysis.app import choices, shelf
from kla_analysis.app.compare_page import Comparison
from kla_analysis.app.controls import Controls, Doors
from kla_analysis.app.schedule_page import ScheduleForm
from kla_analysis.errors import KlaError
from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.assessment import sheet_and_rules
from kla_analysis.evidence.rounds import known_rounds
from kla_analysis.language import LANGUAGE_NAMES, LANGUAGES, current_language, number, t
from kla_analysis.project import find_project
from kla_analysis.report.parameters import ALL_CLUSTERS, ReportParameters, begin, check_parameters
from kla_analysis.report.store import place_at
from kla_analysis.runs.runner import Outcome, Supervisor, in_languages

#: Reports that are listed; the others are found by searching.
MOST_LISTED = 20


class ReportDoor(Controls):
    """The pages about reports, behind buttons of their own."""

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Build the page; `values` are those of the form, as `NewReport.values` returns them."""
        self.doors = Doors(
            {
                "new": (t("Laporan baru"), "", lambda: NewReport(values)),
                "shelf": (t("Laporan yang ada"), "", Shelf),
                "compare": (t("Bandingkan dua putaran"), "", Comparison),
                "schedule": (t("Jadwal"), "", ScheduleForm),
            }
        )
        self.widget = widgets.VBox(
            [widgets.HTML(f"<h2>{escape(t('Buat laporan'))}</h2>"), self.doors.widget],
            layout=widgets.Layout(width="100%"),
        )
        self.doors.open("new")


class NewReport(Controls):
    """A form that runs what `kla report` runs, and shows how it goes and what came of it.

    Attributes:
        running: the thread that makes a report, None when there is none.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Build the form."""
        self.running: threading.Thread | None = None
        self._supervisor: Supervisor | None = None
        self._rounds = known_rounds()
        self._rounds = self._rounds[self._rounds["area_code"] != REFERENCE_CODE]
        self._build()
        self._put(values or {})

    def _build(self) -> None:
        scenarios = sorted(path.stem for path in (find_project().data / "scenarios").glob("*.yaml"))
        codes = list(dict.fromkeys(self._rounds["area_code"]))
        self.area = choices.area_control(self, t("Daerah"), t("ketik nama atau kode"), codes)
        self.year = self.control(widgets.Dropdown, t("Tahun"), options=[])
        self.stage = self.control(widgets.Dropdown, t("Tahap"), options=[])
        self.target = self.control(widgets.Dropdown, t("Target"), options=[])
        self.cluster = self.control(widgets.Dropdown, t("Klaster"), options=[])
        self.lang = self.control(widgets.Dropdown, t("Bahasa"), options=choices.languages())
        self.both = self.control(widgets.Checkbox, t("juga dalam bahasa lain; halamannya saling bertaut"))
        self.scenario = self.control(
            widgets.Dropdown,
            t("Skenario"),
            options=[(t("biaya termurah menuju target"), ""), *((name, name) for name in scenarios)],
        )
        self.make = self._button(t("Buat laporan sekarang"), self.start, primary=True)
        self.cancel = self._button(t("Batalkan"), self.stop)
        self.cancel.disabled = True
        self.message, self.note = widgets.HTML(), widgets.HTML()
        self.progress = widgets.FloatProgress(
            min=0, max=1, description=t("Kemajuan"), layout=widgets.Layout(width="100%", display="none")
        )
        self.result = widgets.Output()
        form = widgets.VBox(
            [
                self.area,
                self.year,
                self.stage,
                self.target,
                self.cluster,
                self.lang,
                self.both,
                self.scenario,
                self.note,
                widgets.HBox([self.make, self.cancel], layout=widgets.Layout(flex_flow="row wrap")),
                self.progress,
                self.message,
            ],
            layout=widgets.Layout(width="100%", max_width="760px"),
        )
        self.widget = widgets.VBox([form, self.result], layout=widgets.Layout(width="100%"))

    @property
    def values(self) -> dict[str, Any]:
        """What the form says, by the names of `ReportParameters`."""
        names = ("area", "year", "stage", "target", "cluster", "lang", "scenario")
        return {name: getattr(self, name).value for name in names}

    def _put(self, values: Mapping[str, Any]) -> None:
        """Fill the form, and what is not given with the defaults."""
        wanted = {**ReportParameters().model_dump(), "lang": current_language(), **values}
        with self.quietly():
            code = re.split(r"\s", str(wanted["area"]), maxsplit=1)[0]
            self.area.value = choices.named(code) if code in set(self._rounds["area_code"]) else str(wanted["area"])
            self._offer_years(wanted["year"])
            self._offer_rules(wanted)
            for name in ("lang", "scenario"):
                control = getattr(self, name)
                if wanted[name] in {value for _, value in control.options}:
                    control.value = wanted[name]
        self._note()

    # --- what people do -------------------------------------------------------------------------

    def _moved(self, change: Any) -> None:
        if self.unheard:
            return
        with self.quietly():
            if change["owner"] is self.area:
                self._offer_years(self.year.value)
            if change["owner"] in (self.area, self.year):
                self._offer_rules(self.values)
        self._note()

    def _of_area(self) -> Any:
        try:
            return self._rounds[self._rounds["area_code"] == choices.code_of(self.area.value)]
        except KlaError:  # said when the report is asked for
            return self._rounds.iloc[:0]

    def _offer_years(self, wanted: int | None) -> None:
        years = sorted(set(self._of_area()["award_year"].astype(int)), reverse=True)
        self.year.options = [(str(year), year) for year in years]
        if years:
            self.year.value = wanted if wanted in years else years[0]

    def _offer_rules(self, wanted: Mapping[str, Any]) -> None:
        """Offer the stages, targets and components of the instrument by which the chosen round is scored."""
        rounds = self._of_area()
        known = rounds.loc[rounds["award_year"] == self.year.value, "stage"]
        area = rounds["area_code"].iloc[0] if len(rounds) else ""
        _, rules = sheet_and_rules(area, self.year.value or ReportParameters().year)
        components = [(f"{code} {name}", code) for code, name in rules.components["name"].items()]
        self.stage.options = [(t("tahap terakhir yang ada"), ""), *choices.stages(rules, known)]
        self.target.options = choices.targets(rules)
        self.cluster.options = [(t("semua"), ALL_CLUSTERS), *components]
        for name in ("stage", "target", "cluster"):
            control = getattr(self, name)
            if wanted[name] in {value for _, value in control.options}:
                control.value = wanted[name]

    def _note(self) -> None:
        """Say beforehand which report a new one takes the place of."""
        old = self._old()
        said = ""
        if old is not None:
            about = old.manifest.parameters
            said = t(
                "Laporan baru menggantikan laporan {name} yang ada (target {target}, klaster {cluster}, {language}); bila "
                "tidak ada yang berubah, yang ada tetap.",
                name=old.name,
                target=choices.target_name(about.get("target", ""), about.get("year")),
                cluster=t("semua") if about.get("cluster") == ALL_CLUSTERS else about.get("cluster", ""),
                language=LANGUAGE_NAMES.get(about.get("lang", ""), ""),
            )
        self.note.value = f'<p class="kla-hint">{escape(said)}</p>' if said else ""

    def _old(self) -> shelf.Made | None:
        try:
            return shelf.at(find_project().reports / choices.code_of(self.area.value) / str(self.year.value))
        except KlaError:
            return None

    def start(self) -> None:
        """Make the report that the form asks for, in a thread, so that it can be cancelled."""
        self._show_result("")
        self._lines: list[str] = []
        try:
            values = {**self.values, "area": choices.code_of(self.area.value)}
            if values["year"] is None:
                values.pop("year")
            parameters = check_parameters(values)
            # Refused before anything is started, and in the language of this page.
            begin(**{**parameters.model_dump(), "lang": current_language()})
        except KlaError as error:
            self._say(str(error))
            return
        self._busy(True)
        self._tell(
            t("Laporan {area} {year} dibuat; kira-kira seperempat menit.", area=self.area.value, year=parameters.year)
        )
        project = find_project()
        supervisor = self._supervisor = Supervisor(project, progress=self._tell)
        address = str(project.reports / parameters.area / str(parameters.year))
        also_in = next(lang for lang in LANGUAGES if lang != parameters.lang) if self.both.value else ""
        jobs = [(one, place_at(place, project)) for one, place in in_languages(parameters, address, also_in)]

        def run() -> None:
            self._finish(list(supervisor.run_all(jobs)))

        self.running = threading.Thread(target=run, daemon=True)
        self.running.start()

    def stop(self) -> None:
        """End the run; the report that was there stays as it was."""
        if self._supervisor is not None:
            self.cancel.disabled = True
            self._supervisor.stop(130)

    # --- what is shown --------------------------------------------------------------------------

    def _busy(self, busy: bool) -> None:
        self.make.disabled, self.cancel.disabled = busy, not busy
        self.progress.value = 0
        self.progress.layout.display = None if busy else "none"

    def _tell(self, line: str) -> None:
        self._lines.append(line)
        if self._supervisor is not None:
            self.progress.value = self._supervisor.share
        self._say("\n".join(self._lines), "plain")

    def _finish(self, made: Sequence[Outcome]) -> None:
        """Say how it went, of a report in both languages how the one went that failed, and show what is there."""
        outcome = next((one for one in made if one.error), made[0])
        self._busy(False)
        self.running = self._supervisor = None
        if outcome.status == "stopped":
            ready = any(one.status == "done" for one in made)
            said = t("Dibatalkan. Laporan yang lama, bila ada, tidak diubah.")
            self._say(t("Dibatalkan. Yang sudah jadi tetap ada.") if ready else said)
        elif outcome.status == "failed":
            said = t("Laporan tidak jadi dibuat. {why} {advice}", why=outcome.why, advice=outcome.advice)
            problems = [f"• {problem}" for problem in outcome.error.problems] if outcome.error else []
            self._say("\n".join([said, *problems]))
        else:
            said = t("Selesai dalam {seconds} detik.", seconds=number(sum(one.seconds for one in made), decimals=1))
            if all(one.status == "unchanged" for one in made):
                said = t("Tidak ada yang berubah sejak laporan terakhir; laporan itu tetap.")
            self._say(said, "good")
            there = filter(None, (shelf.at(one.folder) for one in made))
            self._show_result("".join(shelf.card(one, opened=True) for one in there))
        self._note()

    def _show_result(self, html: str) -> None:
        self.result.outputs = outputs(html)


class Shelf(Controls):
    """The finished reports, newest first, with what changed; a word thins the list out."""

    def __init__(self) -> None:
        """Build the page."""
        self.words = self.control(widgets.Text, t("Cari"), placeholder=t("nama daerah atau tahun"))
        self.again = widgets.Button(description=t("Muat ulang daftar"), layout=widgets.Layout(width="auto"))
        self.again.on_click(lambda _: self._show())
        self.list = widgets.Output()
        self.words.layout.max_width = "560px"
        self.widget = widgets.VBox(
            [self.words, widgets.HBox([self.again]), self.list], layout=widgets.Layout(width="100%")
        )
        self._show()

    def _moved(self, change: Any) -> None:
        self._show()

    def _show(self) -> None:
        words = self.words.value.casefold().split()
        found = [made for made in shelf.shelf() if all(word in made.name.casefold() for word in words)]
        said = t("Belum ada laporan.") if not words else t("Tidak ada laporan yang cocok.")
        parts = [shelf.card(made) for made in found[:MOST_LISTED]] or [f"<p>{escape(said)}</p>"]
        if len(found) > MOST_LISTED:
            more = t("… dan {count} laporan lagi; cari dengan nama atau tahunnya.", count=len(found) - MOST_LISTED)
            parts.append(f"<p>{escape(more)}</p>")
        self.list.outputs = outputs("".join(parts))


def outputs(html: str) -> tuple[dict[str, Any], ...]:
    """Return HTML as the content of an Output widget, in which JupyterLab understands links to files."""
    return ({"output_type": "display_data", "data": {"text/html": html}, "metadata": {}},) if html else ()
