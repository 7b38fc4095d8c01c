"""The page “follow-up”: decisions of meetings are written down, changed, marked as done, and taken back.

Nothing is decided here: the file beside the sheets is kept as in `kla followup`.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import pandas as pd

from kla_analysis.analysis.position import Position, open_position
from kla_analysis.app import choices
from kla_analysis.app.controls import Controls, links, status
from kla_analysis.errors import KlaError
from kla_analysis.evidence.areas import REFERENCE_CODE
from kla_analysis.evidence.followup import (
    AFTER,
    DONE,
    DROPPED,
    OPEN,
    add_decision,
    change_decision,
    followup_path,
    offices,
    read_followup,
    read_value,
    save_followup,
)
from kla_analysis.files import read_plain
from kla_analysis.language import t
from kla_analysis.reading import write_whole
from kla_analysis.report.handover import handover
from kla_analysis.showing.followup import (
    action_codes,
    decisions_in_words,
    decisions_of,
    followup_table,
    followup_workbook,
    headings,
)
from kla_analysis.showing.records import html

_DAYS = ("decided_on", "due", "done_on")


class FollowUpDoor(Controls):
    """The decisions about one round, and a form for one of them.

    Attributes:
        fields: the controls of the form, by column.
    """

    case: Position

    def __init__(self) -> None:
        """Build the page, with the newest round that has a sheet."""
        self._before: list[tuple[bytes | None, bytes | None]] = []
        self.round = self.control(widgets.Dropdown, t("Putaran"), options=_rounds(), answer=self._other_round)
        self.decision = self.control(
            widgets.Dropdown, t("Catat, ubah"), options=[(t("keputusan baru"), "")], answer=self._chosen
        )
        self.fields = {name: self._field(name, label) for name, label in _labels().items()}
        self.save = self._button(t("Simpan"), self._save)
        self.done = self._button(t("Selesai"), lambda: self._mark(DONE))
        self.drop = self._button(t("Tidak jadi"), lambda: self._mark(DROPPED))
        self.reopen = self._button(t("Buka lagi"), lambda: self._mark(OPEN))
        self.undo = self._button(t("Urungkan"), self._undo)
        self.hand_over = self._button(t("Siapkan serah terima"), self._hand_over)
        self.upload = widgets.FileUpload(accept=".xlsx,.csv,.ods", description=t("Buku kerja yang kembali"))
        self.upload.layout.width = "auto"
        self.upload.observe(self._dropped, "value")
        self.message, self.table, self.file, self.handed = (widgets.HTML() for _ in range(4))
        intro = t("Apa yang diputuskan rapat, siapa mengerjakannya, kapan, dan menjadi apa. Kantor, bukan nama orang.")
        row = widgets.Layout(flex_flow="row wrap", align_items="center")
        # Two fields a row where there is room: what is saved stands above them in sight.
        for field in self.fields.values():
            field.layout.width, field.layout.min_width = "calc(50% - 6px)", "min(100% - 6px, 340px)"
        form = widgets.Box(list(self.fields.values()), layout=widgets.Layout(flex_flow="row wrap", width="100%"))
        buttons = [self.save, self.done, self.drop, self.reopen, self.undo]
        self.widget = widgets.VBox(
            [
                widgets.HTML(f"<h2>{escape(t('Tindak lanjut'))}</h2><p>{escape(intro)}</p>"),
                *(self.round, self.table, self.decision, form),
                widgets.HBox(buttons, layout=row),
                self.message,
                widgets.HBox([self.file, self.upload, self.hand_over], layout=row),
                self.handed,
            ],
            layout=widgets.Layout(width="100%", max_width="1120px"),
        )
        self._other_round(None)

    def _field(self, name: str, label: str) -> Any:
        if name in _DAYS:
            return self.control(widgets.DatePicker, label)
        if name == "component_code":
            return self.control(widgets.Dropdown, label, options=[("–", "")])
        if name in ("agency", "question_code", "action_code"):
            return self.control(widgets.Combobox, label, ensure_option=False, continuous_update=False)
        hints = {
            "what": t("apa yang dikerjakan"),
            "result": t("menjadi apa; alasan bila dibatalkan"),
            "spent_rupiah": t("misalnya 75 juta"),
        }
        hint = hints.get(name, t("nilai pertanyaan sesudahnya, bukan tambahannya"))
        return self.control(widgets.Text, label, placeholder=hint, continuous_update=False)

    def _other_round(self, change: Any) -> None:
        """Show another round: its decisions, and what its form offers."""
        self._before.clear()
        self.handed.value = ""
        if self.round.value is None:
            self.table.value = status(t("Belum ada lembar nilai."))
            return
        area, year = self.round.value
        try:
            self.case = open_position(area, year)
            rules = self.case.instrument
            self.fields["agency"].options = offices(area, rules)
            self.fields["question_code"].options = list(rules.questions.index)
            self.fields["action_code"].options = action_codes(rules)
            clusters = [(f"{code} {name}", code) for code, name in rules.components["name"].items()]
            self.fields["component_code"].options = [(t("semua"), ""), *clusters]
            self._show("")
        except KlaError as error:
            self.table.value = status(str(error))

    def _show(self, code: str) -> None:
        """Show the decisions as they are now, with one of them in the form."""
        decisions = decisions_of(self.case)
        told = html(decisions_in_words(decisions).record())
        table = html(followup_table(decisions, self.case).record()) if len(decisions) else ""
        self.table.value = told + table
        names = {row["code"]: f"{row['code']} {row['what']}"[:60] for row in decisions.to_dict("records")}
        with self.quietly():
            self.decision.options = [(t("keputusan baru"), ""), *((name, key) for key, name in names.items())]
            self.decision.value = code if code in names else ""
        self._fill(decisions)
        area = self.case.area
        book = followup_workbook(area.code, area.name, self.case.instrument, self.case.award_year)
        self.file.value = links({f"tindak-lanjut-{area.code}.xlsx": book})

    def _chosen(self, change: Any) -> None:
        if not self.unheard:
            self._say("")
            self._try(lambda: self._fill(decisions_of(self.case)))

    def _fill(self, decisions: pd.DataFrame) -> None:
        """Put a decision into the form, or empty it for a new one."""
        rows = decisions[decisions["code"] == self.decision.value].to_dict("records")
        row = rows[0] if rows else {"decided_on": datetime.date.today().isoformat()}
        with self.quietly():
            for name, field in self.fields.items():
                value = row.get(name)
                if name in _DAYS:
                    field.value = datetime.date.fromisoformat(value) if isinstance(value, str) else None
                else:
                    field.value = "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)
        old = bool(rows)
        self.done.disabled, self.drop.disabled = (not old or row["state"] != OPEN for _ in range(2))
        self.reopen.disabled, self.undo.disabled = not old or row["state"] == OPEN, not self._before

    @property
    def _values(self) -> dict[str, Any]:
        """What stands in the form, by column; missing where nothing does."""
        found = {}
        for name, field in self.fields.items():
            value = field.value.isoformat() if isinstance(field.value, datetime.date) else field.value
            found[name] = read_value(name, value.strip()) if value and value.strip() else None
        return found

    def _save(self) -> None:
        area, year = self.round.value
        if self.decision.value:
            code = self.decision.value
            self._write(lambda: change_decision(area, code, **self._values))
        else:
            code = self._write(lambda: add_decision(area, award_year=year, **self._values))
        self._show(code)
        self._say(t("Disimpan: {code}.", code=code), "good")

    def _mark(self, state: str) -> None:
        """Save what stands in the form, with another state."""
        code, values = self.decision.value, self._values
        if state == DONE:
            values["done_on"] = values["done_on"] or datetime.date.today().isoformat()
        else:
            values |= dict.fromkeys(AFTER)
        self._write(lambda: change_decision(self.case.area.code, code, **values, state=state))
        self._show(code)
        self._say(t("Diubah: {code}.", code=code), "good")

    def _hand_over(self) -> None:
        """Offer one document for whoever takes over."""
        area, year = self.round.value
        self.handed.value = status(t("Menyiapkan …"), "plain")
        offered = ""
        try:
            document = handover(open_position(area, year))
            offered = f"<p>{links({f'serah-terima-{area}-{year}.pdf': document})}</p>"
        finally:
            self.handed.value = offered

    def _dropped(self, change: Any) -> None:
        if change["new"]:
            self._try(self._read_back)

    def _read_back(self) -> None:
        """Lay a workbook that came back over the decisions."""
        (file,), area = self.upload.value, self.case.area.code
        with tempfile.TemporaryDirectory(prefix="kla-") as folder:
            path = Path(folder) / f"buku{Path(file['name']).suffix}"
            path.write_bytes(bytes(file["content"]))
            merged = read_followup(area, path)
        self._write(lambda: save_followup(area, merged.table))
        self._show("")
        self._say(t("Baru: {new}. Diubah: {old}.", new=_list(merged.added), old=_list(merged.changed)), "good")

    def _write(self, do: Callable[[], Any]) -> Any:
        """Write, and remember what was there before."""
        before = self._content()
        done = do()
        self._before.append((before, self._content()))
        return done

    def _undo(self) -> None:
        before, after = self._before[-1]
        if self._content() != after:
            self._say(t("Tidak diurungkan: berkasnya sudah diubah di tempat lain."))
            return
        path = followup_path(self.case.area.code)
        if before is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, before)
        self._before.pop()
        self._show("")
        self._say(t("Perubahan terakhir diurungkan."), "good")

    def _content(self) -> bytes | None:
        path = followup_path(self.case.area.code)
        return read_plain(path) if path.exists() else None

    def _words(self, name: str, value: str) -> str:
        return headings().get(name, value or f"--{name}")


def _labels() -> dict[str, str]:
    """Return what stands before each field of the form, in their order; shorter than the heads of a table."""
    heads = headings()
    short = {"done_on": t("Selesai pada"), "spent_rupiah": t("Terpakai")}
    short |= {"points_claimed": t("Nilai diajukan"), "points_accepted": t("Nilai diterima")}
    first = ["what", "agency", "due", "decided_on", "component_code", "question_code", "action_code", "result"]
    return {name: heads[name] for name in first} | short


def _rounds() -> choices.Options:
    """Return the rounds of which the project holds a sheet, the newest first."""
    found = {(area, year) for _, (area, year, _) in choices.sheets() if area != REFERENCE_CODE}
    ordered = choices.newest(found)
    return [(f"{choices.named(area)}, {year}", (area, year)) for area, year in ordered]


def _list(codes: tuple[str, ...]) -> str:
    return ", ".join(codes) or "–"
