"""The page “collect worksheets”: worksheets are handed out, what comes back is dropped here, and the table says who is missing.

Nothing is decided here: the round is kept and merged as in `kla collect`.
"""

from __future__ import annotations

import datetime
import io
import tempfile
import zipfile
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from kla_analysis.app.choices import area_control, code_of, file_name, named, own_rounds, year_of
from kla_analysis.app.controls import Controls, Saved, links
from kla_analysis.errors import DataError, ParameterError
from kla_analysis.evidence.collect import Collected, collect, collected_until
from kla_analysis.evidence.worksheets import Round, open_round
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import MADE
from kla_analysis.showing.collection import collected_in_words, collection_workbook, tables_of
from kla_analysis.showing.records import html
from kla_analysis.showing.worksheets import file_names, worksheet


class CollectDoor(Controls):
    """Hand worksheets out, drop what came back, see who has delivered.

    Attributes:
        found: the round as far as it has come in, None before something of it was shown.
    """

    def __init__(self, saved: Saved = lambda area, year, stage: None) -> None:
        """Build the page, with the district whose sheets are here.

        Args:
            saved: is told area, year and stage when somebody wants a report of what has come in.
        """
        self.found: Collected | None = None
        self._saved = saved
        auto = widgets.Layout(width="auto")
        self.area = area_control(self, t("Daerah"), t("nama atau kode"))
        with self.quietly():
            self.area.value = next((named(area) for area, _ in own_rounds()), "")
        self.year = self.control(widgets.Text, t("Tahun"), placeholder="2025", continuous_update=False)
        self.due = self.control(widgets.DatePicker, t("Tenggat"))
        self.subdistricts = self.control(
            widgets.Text, t("Kecamatan"), placeholder=t("nama dipisah koma"), continuous_update=False
        )
        self.lead = self.control(widgets.Checkbox, t("bila nilai berbeda, ikuti pengampu"), indent=False)
        self.make = self._button(t("Siapkan lembar kerja"), self._hand_out)
        self.upload = widgets.FileUpload(
            accept=".xlsx,.xlsm,.xls,.ods,.csv,.html,.htm",
            multiple=True,
            description=t("Lembar yang kembali"),
            layout=auto,
        )
        self.upload.observe(self._dropped, "value")
        self.replace = self._button(t("Ganti penilaian yang ada"), lambda: self._collect(replace_old=True))
        self.report = self._button(t("Buat laporan dari lembar ini"), self._report)
        self.replace.layout.display = self.report.layout.display = "none"
        self.message, self.tables, self.files = (widgets.HTML() for _ in range(3))
        intro = t(
            "Tiap lembaga mendapat lembarnya sendiri. Yang kembali ditaruh di sini, sekaligus atau sebagian, berapa kali pun: "
            "tabelnya menunjukkan siapa yang belum, siapa yang berbeda, dan apa yang tidak diambil."
        )
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        self.widget = widgets.VBox(
            [
                widgets.HTML(f"<h2>{escape(t('Kumpulkan lembar kerja'))}</h2><p>{escape(intro)}</p>"),
                *(self.area, self.year, self.due, self.subdistricts, self.lead),
                widgets.HBox([self.make, self.upload, self.replace, self.report], layout=row),
                *(self.message, self.files, self.tables),
            ],
            layout=widgets.Layout(width="100%", max_width="1120px"),
        )

    def _moved(self, change: Any) -> None:
        """Answer a change of what the round is: show what has come in of it before; what was shown is of another one."""
        if self.unheard:
            return
        self._say("")
        self._clear()
        if self.area.value.strip() and self.year.value.strip():
            self._try(lambda: self._look(change["owner"] is self.lead))

    def _clear(self) -> None:
        self.tables.value = self.files.value = ""
        self.replace.layout.display = self.report.layout.display = "none"

    def _look(self, decide: bool) -> None:
        """Show what was collected before; where its rule is another one now, the sheet follows."""
        found = collected_until(self._round())
        if found is not None and decide:
            self._collect()
        elif found is not None:
            with self.quietly():
                self.lead.value = found.rule == "lead"
            self._show(found)

    def _dropped(self, change: Any) -> None:
        if change["new"]:
            self._say(t("Membaca {count} berkas …", count=len(change["new"])), "plain")
            self._try(self._collect)

    def _round(self) -> Round:
        """Return the round that is asked for.

        Raises:
            ParameterError: the district or the year is not filled in, or can not be meant.
        """
        if not self.area.value.strip():
            raise ParameterError(t("Daerah belum diisi."), advice=t("Ketik nama atau kode wilayahnya."))
        year, due = year_of(self.year.value), self.due.value
        return open_round(
            code_of(self.area.value),
            year,
            due=due.isoformat() if isinstance(due, datetime.date) else "",
            subdistricts=self.subdistricts.value.split(","),
        )

    def _hand_out(self) -> None:
        """Offer the worksheets as one archive."""
        own = self._round()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            named = list(file_names(own))
            for unit, name in named:
                archive.writestr(zipfile.ZipInfo(name, MADE.timetuple()[:6]), worksheet(own, unit))
        self.files.value = f"<p>{links({f'lembar-kerja-{own.area.code}-{own.year}.zip': buffer.getvalue()})}</p>"
        self._say(t("{count} lembar kerja siap diunduh di bawah.", count=len(named)), "good")

    def _collect(self, *, replace_old: bool = False) -> None:
        self._clear()
        own = self._round()
        with tempfile.TemporaryDirectory(prefix="kla-") as folder:
            paths = []
            for count, file in enumerate(self.upload.value):
                # A folder each: two offices may send files of one name.
                paths.append(Path(folder) / str(count) / file_name(file["name"]))
                paths[-1].parent.mkdir()
                paths[-1].write_bytes(bytes(file["content"]))
            try:
                found = collect(paths, own, rule="lead" if self.lead.value else "none", replace_old=replace_old)
            except DataError:
                self.replace.layout.display = None
                raise
        self._show(found)

    def _show(self, found: Collected) -> None:
        """Show a round as far as it has come in, and offer its files."""
        self.found = found
        self.tables.value = "".join(html(table.record()) for table in tables_of(found))
        files, said = {"pengumpulan.xlsx": collection_workbook(found)}, collected_in_words(found)
        if found.path is not None:
            files[f"{found.round.area.code}-{found.path.name}"] = found.path.read_bytes()
            said.append(t("Disimpan: {files}.", files=find_project().shown(found.path)))
            self.report.layout.display = None
        self.files.value = f"<p>{links(files)}</p>"
        self._say("\n".join(said), "remark" if found.refused or found.open else "good")

    def _report(self) -> None:
        if self.found is not None:
            own = self.found.round
            self._saved(own.area.code, own.year, own.stage)

    def _words(self, name: str, value: str) -> str:
        """Name the controls of this page where the command takes options."""
        return t("tombol “{name}”", name=self.replace.description) if name == "replace" else value or f"--{name}"
