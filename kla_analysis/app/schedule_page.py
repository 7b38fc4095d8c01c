"""The page “schedule”: reports made by themselves; what is to be installed for it, ready to copy."""

from __future__ import annotations

import json
import os
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from kla_analysis.app import choices
from kla_analysis.app.controls import Controls
from kla_analysis.errors import KlaError, OutputError
from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.rounds import known_rounds
from kla_analysis.files import why_not
from kla_analysis.instrument.instrument import load_instrument
from kla_analysis.language import current_language, t
from kla_analysis.project import find_project
from kla_analysis.report.parameters import ReportParameters
from kla_analysis.runs import timers
from kla_analysis.runs.schedule import ALL_AREAS, WEEKDAYS, day_names, load_schedule

#: Folder in the project in which the schedules of this page are kept; who installed one must find it there.
FOLDER = "jadwal"


class ScheduleForm(Controls):
    """A form that writes a schedule, and shows what a scheduler needs to start it."""

    def __init__(self) -> None:
        """Build the form."""
        rounds = known_rounds()
        codes = [code for code in dict.fromkeys(rounds["area_code"]) if code != REFERENCE_CODE]
        years = sorted(set(rounds["award_year"].astype(int)), reverse=True)
        self.area = choices.area_control(self, t("Daerah"), t("kosong: semua yang ada datanya"), codes)
        with self.quietly():
            self.area.value = choices.named(codes[0] if "63.10" not in codes else "63.10")
        self.year = self.control(widgets.Dropdown, t("Tahun"), options=years, value=2022 if 2022 in years else years[0])
        self.target = self.control(widgets.Dropdown, t("Target"), options=[])
        self._offer_targets(ReportParameters().target)
        self.lang = self.control(
            widgets.Dropdown,
            t("Bahasa"),
            options=choices.languages(),
            value=current_language(),
        )
        self.day = self.control(
            widgets.Dropdown,
            t("Hari"),
            options=[
                (t("setiap hari"), ""),
                *zip(day_names(), WEEKDAYS, strict=True),
                (t("tanggal 1 tiap bulan"), "1"),
            ],
            value="senin",
        )
        self.time = self.control(widgets.Text, t("Jam"), value="02:00", continuous_update=False)
        self.kind = self.control(
            widgets.Dropdown,
            t("Penjadwal"),
            options=[("cron (Linux, macOS)", "cron"), ("systemd (Linux)", "systemd"), ("Windows", "windows")],
            value="windows" if os.name == "nt" else "cron",
        )
        self.make = self._button(t("Siapkan jadwal"), self._prepare, primary=True)
        self.message, self.texts = widgets.HTML(), widgets.VBox([])
        intro = t(
            "Laporan dibuat sendiri oleh komputer ini. Di sini disiapkan teks untuk penjadwalnya; memasangnya tetap Anda."
        )
        self.widget = widgets.VBox(
            [
                widgets.HTML(f"<p>{escape(intro)}</p>"),
                self.area,
                self.year,
                self.target,
                self.lang,
                self.day,
                self.time,
                self.kind,
                widgets.HBox([self.make]),
                self.message,
                self.texts,
            ],
            layout=widgets.Layout(width="100%", max_width="760px"),
        )

    def _moved(self, change: Any) -> None:
        if not self.unheard and change["owner"] is self.year:
            self._offer_targets(self.target.value)

    def _offer_targets(self, wanted: str) -> None:
        """Offer the predicates of the instrument in force in the chosen year."""
        self.target.options = choices.targets(load_instrument(year=self.year.value))
        if wanted in {code for _, code in self.target.options}:
            self.target.value = wanted

    def toml(self) -> str:
        """Return the schedule that the form asks for, as the file that `kla schedule` reads.

        Raises:
            ParameterError: the area is unknown.
        """
        area = self.area.value.strip()
        areas = json.dumps([choices.code_of(area)] if area else ALL_AREAS)
        when = {"time": self.time.value.strip()}
        day = (
            ""
            if not self.day.value
            else f"day = {self.day.value}"
            if self.day.value.isdigit()
            else f'weekday = "{self.day.value}"'
        )
        lines = [
            f"areas = {areas}",
            "",
            "[report]",
            f"year = {self.year.value}",
            f'target = "{self.target.value}"',
            f'lang = "{self.lang.value}"',
            "",
            "[when]",
            f"time = {json.dumps(when['time'])}",
            *filter(None, [day]),
            "",
        ]
        return "\n".join(lines)

    def _prepare(self) -> None:
        self.texts.children = []
        path = self._written(self.toml())
        plan = load_schedule(path)
        files = timers.files(plan, self.kind.value)
        said = t("Jadwal disimpan di {file}.", file=find_project().shown(path))
        self._say(said + "\n" + timers.installation(plan, self.kind.value), "good")
        self.texts.children = [
            widgets.Textarea(
                value=text,
                description=name,
                rows=min(18, text.count("\n") + 6),
                layout=widgets.Layout(width="calc(100% - 6px)"),
                style={"description_width": "0"},
            )
            for name, text in files.items()
        ]

    def _written(self, text: str) -> Path:
        """Keep the schedule; one that says the same is used again, and no other one is written over."""
        folder = find_project().root / FOLDER
        area = self.area.value.strip()
        stem = f"{choices.code_of(area) if area else ALL_AREAS}-{self.year.value}"
        path, count = folder / f"{stem}.toml", 2
        try:
            folder.mkdir(exist_ok=True)
            while path.is_file() and path.read_text(encoding="utf-8") != text:
                path, count = folder / f"{stem}-{count}.toml", count + 1
            path.write_text(text, encoding="utf-8", newline="\n")
            load_schedule(path)
        except KlaError:
            path.unlink(missing_ok=True)  # what is refused is not kept
            raise
        except OSError as error:
            raise OutputError(
                t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(path), why=why_not(error)),
                advice=t("Periksa izin dan sisa ruang cakram."),
            ) from error
        return path
