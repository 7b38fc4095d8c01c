"""Own actions: an action is added or changed in a form, and saved in a catalogue of the district's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets as widgets

from kla_analysis.app.controls import Chosen, Controls, links, status
from kla_analysis.errors import DataError, KlaError, Problem
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import number, percent, read_money, t
from kla_analysis.planning.actions import Catalogue
from kla_analysis.planning.drafts import OWN, Draft, open_draft, own_folder, put_files, save_draft

# How an action of our own is called until somebody gives it another code.
_CODES = "X{:02d}"
_MONTHS = 6
COSTS, CHANCES = ("cost_low", "cost_likely", "cost_high"), ("chance_low", "chance_likely", "chance_high")


class OwnActions(Controls):
    """The form for one action of a catalogue.

    Attributes:
        widget: what stands in the fold.
        catalogue: the one whose actions are offered.
    """

    def __init__(self, instrument: Instrument, saved: Callable[[str], None]) -> None:
        """Build the form.

        Args:
            saved: is told the name of a catalogue that was just changed.
        """
        self.instrument, self._saved = instrument, saved
        self._name = ""
        self._past: list[tuple[str, Any, str]] = []
        self._build()

    def _build(self) -> None:
        questions = [
            (t("{code} ({points} poin) {name}", code=code, points=number(row["max_points"]), name=row["name"]), code)
            for code, row in self.instrument.questions.iterrows()
        ]
        self.action = self.control(widgets.Dropdown, t("Kegiatan"), options=[("", "")])
        texts: dict[str, Any] = {"continuous_update": False, "answer": lambda change: None}
        self.fields: dict[str, Any] = {"name_id": self.control(widgets.Text, t("Nama"), **texts)}
        self.fields["agency"] = self.control(
            widgets.Dropdown, t("Pelaksana"), options=list(self.instrument.agencies.index), answer=lambda change: None
        )
        for column, label in zip(COSTS, (t("Biaya rendah"), t("Biaya biasa"), t("Biaya tinggi")), strict=True):
            self.fields[column] = self.control(widgets.Text, label, placeholder=t("75 juta"), **texts)
        labels = (t("Peluang rendah"), t("Peluang biasa"), t("Peluang tinggi"))
        for column, label in zip(CHANCES, labels, strict=True):
            self.fields[column] = self.control(widgets.Text, label, placeholder=t("80%"), **texts)
        self.fields["year"] = self.control(widgets.Text, t("Tahun"), placeholder="2026", **texts)
        self.fields["funding_source"] = self.control(widgets.Combobox, t("Sumber dana"), ensure_option=False, **texts)
        self.questions = Chosen(t("Pertanyaan"), t("Tambah pertanyaan"), questions, lambda: None)
        self.folder = self.control(widgets.Text, t("Katalog"), **texts)
        self._errors = {name: widgets.HTML() for name in (*self.fields, "question_code", "catalogue")}
        self.save = self._button(t("Simpan kegiatan"), self._save)
        self.remove = self._button(t("Hapus kegiatan"), self._remove)
        self.undo = self._button(t("Urungkan simpanan"), self._back)
        self.export = self._button(t("Unduh katalog"), self._export)
        self.message, self.files = widgets.HTML(), widgets.HTML()
        hint = t(
            "Ubah sebuah kegiatan atau tambah yang baru: biaya, peluang diterima, dan pertanyaan yang dijawabnya. Disimpan "
            "sebagai katalog sendiri; katalog contoh tidak berubah."
        )
        placed = [part for name, field in self.fields.items() for part in (field, self._errors[name])]
        row = widgets.Layout(flex_flow="row wrap")
        self.widget = widgets.VBox(
            [
                widgets.HTML(f'<p class="kla-hint">{escape(hint)}</p>'),
                self.action,
                *placed,
                self.questions.widget,
                self._errors["question_code"],
                self.folder,
                self._errors["catalogue"],
                widgets.HBox([self.save, self.remove], layout=row),
                widgets.HBox([self.undo, self.export], layout=row),
                self.message,
                self.files,
            ]
        )

    # --- what is in the form --------------------------------------------------------------------

    def offer(self, name: str, catalogue: Catalogue) -> None:
        """Offer the actions of a catalogue.

        Args:
            name: how it is asked for; empty for the project's own.
        """
        self._name, self.catalogue = name, catalogue
        with self.quietly():
            known = [(f"{code} {row['name']}", code) for code, row in catalogue.actions.iterrows()]
            self.action.options = [(t("kegiatan baru"), ""), *known]
            self.action.value = ""
            self.fields["funding_source"].options = [str(each) for each in catalogue.names("funding_source")]
            self.folder.value = OWN if catalogue.example else catalogue.id
        self._fill()

    def _moved(self, change: Any) -> None:
        if not self.unheard:
            self._fill()

    def _fill(self) -> None:
        """Write the chosen action into the form; what a new one mostly is, where none is chosen."""
        code, catalogue = self.action.value, self.catalogue
        self._tell({})
        self.message.value = self.files.value = ""
        self.remove.disabled, self.undo.disabled = not code, not self._past
        if not code:
            usual = {"agency": self.fields["agency"].options[0], "year": str(catalogue.actions["year"].min())}
            usual["funding_source"] = str(catalogue.actions["funding_source"].mode().iloc[0])
            for column, field in self.fields.items():
                field.value = usual.get(column, "")
            self.questions.value = []
            return
        row, answers = catalogue.actions.loc[code], self._answers(code)
        self.fields["name_id"].value = row["name"]
        for column in ("agency", "funding_source", "year"):
            self.fields[column].value = str(row[column])
        for column in COSTS:
            self.fields[column].value = number(int(row[column]))
        for column in CHANCES:
            self.fields[column].value = percent(float(answers[column].iloc[0]))
        self.questions.value = list(answers["question_code"])
        self._shown = {column: self.fields[column].value for column in CHANCES}
        if len(answers[list(CHANCES)].drop_duplicates()) > 1:
            words = t(
                "Peluang kegiatan ini berbeda per pertanyaan. Yang ditulis di atas berlaku untuk semuanya bila Anda mengubahnya."
            )
            self.message.value = f'<p class="kla-hint">{escape(words)}</p>'

    def _answers(self, code: str) -> Any:
        answers = self.catalogue.answers
        return answers[answers["action_code"] == code]

    def _read(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the row of the action and the rows of its answers.

        Raises:
            DataError: what is typed can not be read; every problem with its field.
        """
        problems, values = [], {name: str(field.value).strip() for name, field in self.fields.items()}
        read: dict[str, Any] = dict(values)
        for columns, reader in ((COSTS, read_money), (CHANCES, _read_chance), (("year",), _read_year)):
            for column in columns:
                try:
                    read[column] = reader(values[column])
                except ValueError as error:
                    problems.append(Problem(str(error), "", column=column))
        for column in ("name_id", "funding_source"):
            if not values[column]:
                problems.append(Problem(t("Belum diisi."), "", column=column))
        codes = self.questions.value
        if not codes:
            problems.append(
                Problem(t("Pilih sedikitnya satu pertanyaan yang dijawab kegiatan ini."), "", column="question_code")
            )
        if problems:
            raise DataError(t("Belum disimpan."), problems=problems)
        return self._rows(read, codes)

    def _rows(self, read: dict[str, Any], codes: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the rows of the files for what was read; what the form does not show keeps its value."""
        code = self.action.value or self._free_code()
        action = {name: read[name] for name in ("name_id", "agency", "funding_source", *COSTS, "year")}
        action |= {"action_code": code, "standing": "assumed"}
        if not self.action.value:
            first = self.instrument.questions.loc[codes[0], "indicator_code"]
            action |= {
                "component_code": self.instrument.indicators.loc[first, "component_code"],
                "lead_months": _MONTHS,
            }
        elif read["name_id"] == self.catalogue.actions.loc[code, "name"]:
            del action["name_id"]  # it is shown in one language and has two
        else:
            action["name_en"] = None
        before = self._answers(code).set_index("question_code")
        same = bool(self.action.value) and all(self.fields[name].value == self._shown[name] for name in CHANCES)
        answers = []
        for question in codes:
            known = before.loc[question].to_dict() if question in before.index else {"raised_to": 1.0}
            chances = {} if same and question in before.index else {name: read[name] for name in CHANCES}
            answers.append({**known, **chances, "action_code": code, "question_code": question, "standing": "assumed"})
        return action, answers

    def _free_code(self) -> str:
        taken = set(self.catalogue.actions.index)
        return next(code for at in range(1, 1000) if (code := _CODES.format(at)) not in taken)

    # --- what people do -------------------------------------------------------------------------

    def _save(self) -> None:
        action, answers = self._read()
        draft = open_draft(self._name, self.instrument).with_action(action, answers)
        said = t("Disimpan: {name} ({code}).", name=self.fields["name_id"].value, code=action["action_code"])
        self._keep(draft, said)

    def _remove(self) -> None:
        code = self.action.value
        draft = open_draft(self._name, self.instrument).without(code)
        self._keep(draft, t("Dihapus: {name} ({code}).", name=self.catalogue.actions.loc[code, "name"], code=code))

    def _keep(self, draft: Draft, said: str) -> None:
        try:
            folder = own_folder(self.folder.value)
            if folder.is_dir() and folder.name != self.catalogue.id:
                taken = t("Katalog “{name}” sudah ada.", name=folder.name)
                raise DataError(taken, advice=t("Pilih dulu katalog itu di Asumsi, atau pakai nama lain."))
        except DataError as error:
            raise DataError(
                t("Belum disimpan."), problems=[Problem(error.what, error.advice, column="catalogue")]
            ) from None
        self._past.append((folder.name, save_draft(draft, folder), self._name))
        self._saved(folder.name)
        self._say(said, "good")

    def _back(self) -> None:
        name, files, before = self._past.pop()
        put_files(own_folder(name), files)
        self._saved(name if files is not None else before)
        self._say(t("Simpanan terakhir diurungkan."), "good")

    def _export(self) -> None:
        files = open_draft(self._name, self.instrument).files()
        self.files.value = links({f"{self.catalogue.id}-{name}": content for name, content in files.items()})

    # --- what is shown --------------------------------------------------------------------------

    def _try(self, do: Callable[[], None]) -> None:
        self._tell({})
        self.message.value = ""
        super()._try(do)

    def _refuse(self, error: KlaError) -> None:
        """Say what is wrong with a field under it, and all else below the form."""
        at_field: dict[str, list[str]] = {}
        others = []
        for problem in error.problems:
            told = " → ".join(filter(None, (problem.what, problem.advice)))
            for name, field in self.fields.items():
                told = told.replace(name, f"“{field.description}”")
            if problem.column in self._errors:
                at_field.setdefault(problem.column, []).append(told)
            else:
                others.append(f"• {problem}")
        self._tell(at_field)
        head = t("Belum disimpan.") if error.problems else str(error)
        self._say("\n".join([head, *others]))

    def _tell(self, found: dict[str, list[str]]) -> None:
        """Write what is wrong under its field."""
        for name, error in self._errors.items():
            error.value = status("\n".join(dict.fromkeys(found.get(name, []))))


def _read_chance(text: str) -> float:
    """Read a chance as people type it: 80%, 80 or 0,8; 1 alone could be two things."""
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*(%?)", text)
    value = float(found[1].replace(",", ".")) if found else -1.0
    if found is None or value > 100 or (value == 1 and not found[2]):
        raise ValueError(t("Tulis peluang dalam persen, misalnya 80%."))
    return round(value / 100, 6) if found[2] or value > 1 else value


def _read_year(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(t("Tulis tahun anggaran, misalnya 2026."))
    return int(text)
