"""The door “check data”: a district's sheet is read, what is wrong is mended where it is told, and it is saved.

Nothing is decided here: the intake reads and judges, as in `kla import`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from kla_analysis.app.choices import area_control, code_of, file_name
from kla_analysis.app.controls import LABEL_WIDTH, Controls, Saved, links, status
from kla_analysis.errors import DataError
from kla_analysis.evidence.areas import find_area
from kla_analysis.evidence.assessment import files_of
from kla_analysis.evidence.intake.columns import EVERY_STAGE
from kla_analysis.evidence.intake.mending import Place
from kla_analysis.evidence.intake.repairs import Repair, reason_of
from kla_analysis.evidence.intake.sheet import Intake, places_of, read_sheet, save
from kla_analysis.instrument.instrument import AWARD_YEARS, all_stages, load_instrument
from kla_analysis.language import t
from kla_analysis.project import find_project
from kla_analysis.reading import table_bytes
from kla_analysis.showing.annotation import annotated_workbook
from kla_analysis.showing.imports import assessment_lines, repair_lines
from kla_analysis.showing.template import template_workbook

#: Faults that are shown, and cells that have a field; with more, a sheet is mended faster in its own program.
MOST_SHOWN = 40
#: Fields of one fault that are shown without being asked for.
MOST_OPEN = 3
#: What a sheet may leave unsaid: the parameter of the intake, and its field on this page.
_FIELDS = {**{name: name for name in ("area", "year", "stage", "sheet", "column")}, "allow_personal": "personal"}


@dataclass
class Work:
    """The sheet that is being checked, so that it outlives a change of language.

    Attributes:
        name, content: the file as it was chosen.
        mends: what was typed into cells; `past` holds what stood in `mends` before each check.
    """

    name: str = ""
    content: bytes = b""
    mends: dict[Place, str] = field(default_factory=dict)
    past: list[dict[Place, str]] = field(default_factory=list)


class CheckDoor(Controls):
    """Choose a sheet, read what is wrong with it, mend it, save it.

    Attributes:
        intake: what became of the sheet, None before one is chosen or where it can not be read at all.
    """

    def __init__(self, work: Work | None = None, saved: Saved = lambda area, year, stage: None) -> None:
        """Build the page; a sheet that was being checked is checked again.

        Args:
            saved: is told area, year and stage when somebody wants a report of a saved sheet.
        """
        self.work, self._saved = work or Work(), saved
        self.intake: Intake | None = None
        self._fields: dict[Place, widgets.Text] = {}
        self._shown: dict[Place, str] = {}
        self._build()
        if self.work.content:
            self._check()

    def _build(self) -> None:
        auto = widgets.Layout(width="auto")
        self.upload = widgets.FileUpload(
            accept=".xlsx,.xlsm,.xls,.ods,.csv,.html,.htm", description=t("Pilih lembar"), layout=auto
        )
        self.upload.observe(self._chosen, "value")
        self.about = self._unsaid()
        self.again = self._button(t("Periksa lagi"), self._check_again, primary=True)
        self.undo = self._button(t("Urungkan"), self._back)
        self.save = self._button(t("Simpan sebagai penilaian"), self._save, primary=True)
        self.replace = self._button(t("Ganti yang lama"), lambda: self._save(replace_old=True))
        self.report = self._button(t("Buat laporan dari lembar ini"), self._report, primary=True)
        self.message, self.summary, self.more, self.files = (widgets.HTML() for _ in range(4))
        self.problems = widgets.VBox([])
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        intro = t(
            "Lembar evaluasi apa adanya: Excel, ODS, atau CSV. Setiap sel yang bermasalah disebut dengan tempatnya dan "
            "dapat diisi ulang di sini. Berkas aslinya tidak pernah diubah."
        )
        self.widget = widgets.VBox(
            [
                widgets.HTML(f"<h2>{escape(t('Periksa data'))}</h2><p>{escape(intro)}</p>"),
                widgets.HBox([self.upload], layout=row),
                self.about,
                self.message,
                self.summary,
                self.problems,
                self.more,
                widgets.HBox([self.again, self.undo, self.save, self.replace, self.report], layout=row),
                self.files,
            ],
            layout=widgets.Layout(width="100%", max_width="760px"),
        )
        self._show()

    def _unsaid(self) -> widgets.Accordion:
        """Return the controls for what a sheet may leave unsaid, folded away."""
        self.area = area_control(self, t("Daerah"), t("dari lembar"))
        self.year = self.control(widgets.Text, t("Tahun"), placeholder=t("dari lembar"), continuous_update=False)
        self.stage = self.control(
            widgets.Dropdown,
            t("Tahap"),
            options=[
                (t("dari lembar"), ""),
                *((stage.name, stage.code) for stage in all_stages()),
                (t("semua tahap di lembar"), EVERY_STAGE),
            ],
        )
        self.sheet = self.control(widgets.Text, t("Lembar"), placeholder=t("semua"), continuous_update=False)
        self.column = self.control(
            widgets.Text, t("Kolom nilai"), placeholder=t("dari lembar"), continuous_update=False
        )
        self.personal = self.control(
            widgets.Checkbox, t("baca walau ada data pribadi (tidak ikut ke hasil)"), indent=False
        )
        self.template = self._button(t("Siapkan lembar isian kosong"), self._offer_template)
        return widgets.Accordion(
            [
                widgets.VBox(
                    [
                        *(self.area, self.year, self.stage, self.sheet, self.column, self.personal),
                        widgets.HBox([self.template]),
                    ]
                )
            ],
            titles=[t("Bila lembar tidak menyebut daerah, tahun, atau tahapnya; lembar isian kosong")],
        )

    # --- what people do -------------------------------------------------------------------------

    def _chosen(self, change: Any) -> None:
        if change["new"]:
            file = change["new"][0]
            self.work.name, self.work.content = file["name"], bytes(file["content"])
            self.work.mends, self.work.past = {}, []
            self._check()

    def _moved(self, change: Any) -> None:
        """Answer a change of what the sheet leaves unsaid."""
        if self.work.content and not self.unheard:
            self._check()

    def _check_again(self) -> None:
        typed = {place: one.value for place, one in self._fields.items() if one.value != self._shown[place]}
        if not typed:
            raise DataError(t("Belum ada sel yang diisi ulang."), advice=t("Isi kotak di samping pesannya dulu."))
        self.work.past.append(dict(self.work.mends))
        self.work.mends |= typed
        self._check()

    def _back(self) -> None:
        self.work.mends = self.work.past.pop()
        self._check()

    def _save(self, *, replace_old: bool = False) -> None:
        if self.intake is None:
            return
        there = [path for path in places_of(self.intake) if path.exists()]
        if there and not replace_old:
            old = {one.name: one.read_bytes() for path in there for one in files_of(path) if one.exists()}
            self.files.value = f"<p>{escape(t('Yang lama, untuk disimpan dulu:'))} {links(old)}</p>"
            self._reveal(self.replace)
            names = ", ".join(find_project().shown(path) for path in there)
            raise DataError(t("Sudah ada: {files}.", files=names), advice=t("Belum ada yang diganti."))
        paths = save(self.intake, replace_old=replace_old)
        self._hide(self.save, self.replace, self.again, self.undo)
        self._reveal(self.report)
        self.files.value = ""
        self._say(t("Disimpan: {files}.", files=", ".join(find_project().shown(path) for path in paths)), "good")

    def _report(self) -> None:
        for one in self.intake.assessments[:1] if self.intake else ():
            self._saved(one.area.code, one.award_year, one.stage)

    def _offer_template(self) -> None:
        area, year = find_area(code_of(self.area.value)), self._year()
        if year is None:
            raise DataError(t("Tahun belum diisi."), advice=t("Isi tahun penghargaan, misalnya 2025."))
        rules = load_instrument(year=year)
        stage = "" if self.stage.value == EVERY_STAGE else self.stage.value
        book = template_workbook(area, year, rules, stage=stage)
        self.files.value = f"<p>{links({f'lembar-{area.code}-{year}.xlsx': book})}</p>"
        self._say(t("Lembar isian {area} {year} siap diunduh di bawah.", area=area.name, year=year), "good")

    # --- what is shown --------------------------------------------------------------------------

    def _year(self) -> int | None:
        text = self.year.value.strip()
        if text and not (text.isdecimal() and int(text) in AWARD_YEARS):
            raise DataError(t("“{text}” bukan tahun.", text=text), advice=t("Isi tahun penghargaan, misalnya 2025."))
        return int(text) if text else None

    def _check(self) -> None:
        self.intake = None
        self.files.value = ""
        self._say(t("Membaca {file} …", file=self.work.name), "plain")
        self._try(self._read)
        self._show()

    def _read(self) -> None:
        with tempfile.TemporaryDirectory(prefix="kla-") as folder:
            path = Path(folder) / file_name(self.work.name)
            path.write_bytes(self.work.content)
            self.intake = read_sheet(
                path,
                area=code_of(self.area.value) if self.area.value.strip() else "",
                year=self._year(),
                stage=self.stage.value,
                sheet=self.sheet.value.strip(),
                column=self.column.value.strip(),
                allow_personal=self.personal.value,
                mends=self.work.mends,
            )
        self._say("")

    def _show(self) -> None:
        """Show what became of the sheet: what is wrong with a field beside each cell, or what was read."""
        intake = self.intake
        self._fields, self._shown = {}, {}
        self.summary.value = self.more.value = ""
        self.problems.children = []
        self._hide(self.again, self.undo, self.save, self.replace, self.report)
        if self.work.past:
            self._reveal(self.undo)
        if intake is None:
            return
        if intake.refused:
            self._show_problems(intake)
        else:
            self._show_assessments(intake)
            self._reveal(self.save)
        self._offer(intake)

    def _show_problems(self, intake: Intake) -> None:
        """Show each fault once, with all its places, and a field for each cell that can be filled in anew here."""
        faults = sorted(intake.repairs.faults(), key=lambda fault: fault[0].row == 0)
        self.summary.value = status(
            t(
                "{file}: {count} hal harus diperbaiki sebelum lembar ini dapat dipakai.",
                file=intake.file,
                count=len(faults),
            )
        )
        self.problems.children = [self._problem(fault, intake.file) for fault in faults[:MOST_SHOWN]]
        places = {_place(item) for fault in faults for item in fault if _is_cell(item)}
        if more := max(len(faults) - MOST_SHOWN, len(places) - len(self._fields)):
            words = t(
                "… dan {count} lagi. Sebanyak itu lebih cepat diperbaiki di program asalnya: unduh salinan beranotasi.",
                count=more,
            )
            self.more.value = f"<p>{escape(words)}</p>"
        if self._fields:
            self._reveal(self.again)
        if any(self._words(name, "") in fault[0].advice for fault in faults for name in _FIELDS):
            self.about.selected_index = 0

    def _problem(self, fault: list[Repair], file: str) -> widgets.Widget:
        item = fault[0]
        where = ", ".join(filter(None, (t("lembar “{name}”", name=item.sheet) if item.sheet else "", item.cell)))
        was = t("isinya “{old}”:", old=item.old) + " " if item.old else ""
        advice = item.advice
        text = widgets.HTML(
            f"<p><strong>{escape(where or file)}</strong>: {escape(was + reason_of(fault))}. {escape(advice)}</p>"
        )
        entries = [self._entry(one) for one in fault if _is_cell(one) and _place(one) not in self._fields]
        entries = [entry for entry in entries if entry is not None]
        if not entries:
            return text
        if len(entries) > MOST_OPEN:
            folded = widgets.Accordion(
                [widgets.VBox(entries)], titles=[t("Isi {count} sel di sini", count=len(entries))]
            )
            made = widgets.VBox([text, folded])
        else:
            made = widgets.VBox([text, *entries])
        made.add_class("kla-problem")
        return made

    def _entry(self, item: Repair) -> widgets.Text | None:
        """Return a field for a cell; None where there are enough already."""
        if len(self._fields) >= MOST_SHOWN:
            return None
        place = _place(item)
        self._shown[place] = "" if "•" in item.old else item.old
        self._fields[place] = widgets.Text(
            value=self._shown[place],
            description=t("Isi {cell}", cell=item.cell),
            layout=widgets.Layout(width="calc(100% - 6px)", max_width="360px"),
            style={"description_width": LABEL_WIDTH},
        )
        return self._fields[place]

    def _show_assessments(self, intake: Intake) -> None:
        lines = [line for one in intake.assessments for line in assessment_lines(intake, one)]
        self.summary.value = status("\n".join([t("Lembar ini dapat dipakai."), *lines]), "good")
        counts, *rest = repair_lines(intake)
        details = "".join(f"<li>{escape(line.strip())}</li>" for line in rest)
        self.more.value = (
            f"<details><summary>{escape(t('Rincian: {counts}', counts=counts))}</summary><ul>{details}</ul></details>"
            if rest
            else f"<p>{escape(counts)}</p>"
        )

    def _offer(self, intake: Intake) -> None:
        """Offer the list of what was found, and the sheet with it written on its cells."""
        files = {"perbaikan.csv": table_bytes(intake.repairs.frame())}
        copy = annotated_workbook(intake)
        if copy is not None:
            files["anotasi.xlsx"] = copy
        self.files.value = f"<p>{links(files)}</p>"

    def _words(self, name: str, value: str) -> str:
        """Name the fields of this page, and stages as it names them, where the command takes options and codes."""
        if value == EVERY_STAGE:
            return f"“{self.stage.options[-1][0]}”"
        if value:
            return next((stage.name for stage in all_stages() if stage.code == value), value)
        control = getattr(self, _FIELDS.get(name, ""), None)
        return t("isian “{name}”", name=control.description) if control is not None else f"--{name}"

    @staticmethod
    def _hide(*buttons: widgets.Button) -> None:
        for button in buttons:
            button.layout.display = "none"

    @staticmethod
    def _reveal(*buttons: widgets.Button) -> None:
        for button in buttons:
            button.layout.display = None


def _is_cell(item: Repair) -> bool:
    return bool(item.row and item.column)


def _place(item: Repair) -> Place:
    return item.sheet, item.row, item.column
