"""Follow-up of decisions: what became of them, in words, as a table, and as a workbook that comes back."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kla_analysis.analysis.position import Position
from kla_analysis.evidence.areas import find_area
from kla_analysis.evidence.assessment import sheet_and_rules
from kla_analysis.evidence.followup import (
    DONE,
    DROPPED,
    OPEN,
    OVERDUE,
    STATES,
    WAS,
    became,
    fingerprint,
    load_followup,
    offices,
    state_name,
)
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import day, money, number, t
from kla_analysis.planning.actions import catalogue_for, load_catalogue
from kla_analysis.reading import write_new
from kla_analysis.showing.table import Column, Table
from kla_analysis.showing.template import new_workbook, row_height
from kla_analysis.showing.text import Text

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

#: Rows of a workbook above its decisions, and those that stand ready for new ones.
_TOP, _FREE = 4, 40
_NUMBERS = ("spent_rupiah", "points_claimed", "points_accepted")
_WIDTHS = {"code": 7, "award_year": 9, "what": 44, "agency": 22, "result": 32, "spent_rupiah": 15}
_WIDTH = 12


def headings() -> dict[str, str]:
    """Return what people call each column of the decisions, in their order."""
    return {
        "code": t("Kode"),
        "award_year": t("Putaran"),
        "decided_on": t("Diputuskan"),
        "component_code": t("Klaster"),
        "what": t("Keputusan"),
        "agency": t("Kantor"),
        "due": t("Tenggat"),
        "question_code": t("Pertanyaan"),
        "action_code": t("Kegiatan"),
        "state": t("Keadaan"),
        "result": t("Hasil"),
        "done_on": t("Selesai tanggal"),
        "spent_rupiah": t("Terpakai (rupiah)"),
        "points_claimed": t("Nilai sesudahnya, diajukan"),
        "points_accepted": t("Nilai sesudahnya, diterima"),
    }


def decisions_of(position: Position, cluster: str = "all", *, today: datetime.date | None = None) -> pd.DataFrame:
    """Return what became of an area's decisions (`became`): those of a round, and what is open of earlier ones.

    Args:
        cluster: code of a component; with it come the decisions about all clusters. `all` for every one.

    >>> import kla_analysis as kla
    >>> "status" in kla.decisions_of(kla.open("63.10", 2022)).columns
    True
    """
    table = became(load_followup(position.area.code), today=today)
    left = table["status"].isin([OPEN, OVERDUE])
    table = table[(table["award_year"] == position.award_year) | (left & (table["award_year"] < position.award_year))]
    if cluster != "all":
        table = table[table["component_code"].isna() | (table["component_code"] == cluster)]
    return table.reset_index(drop=True)


def decisions_in_words(decisions: pd.DataFrame, *, today: datetime.date | None = None) -> Text:
    """Say what became of decisions (`decisions_of`): how many are done, open and overdue, and whose the oldest is."""
    if decisions.empty:
        why = t("Belum ada keputusan rapat yang dicatat (kla followup add, atau halaman Tindak lanjut).")
        return Text((why,), kind="remark")
    counts = decisions["status"].value_counts()
    told = [f"{counts[state]} {state_name(state)}" for state in (OVERDUE, OPEN, DONE, DROPPED) if state in counts]
    first = t(
        "Dari {count} keputusan sampai {day}: {told}.",
        count=len(decisions),
        day=day(today or datetime.date.today()),
        told=", ".join(told),
    )
    late = decisions[decisions["status"] == OVERDUE]
    said = [first]
    if len(late):
        row = late.iloc[0]
        said.append(
            t(
                "Paling lama lewat tenggat: {what} ({agency}, {due}).",
                what=row["what"].rstrip("."),
                agency=row["agency"],
                due=due_day(row["due"]),
            )
        )
    spent, begun = (rows["spent_rupiah"].sum() for rows in (decisions, decisions[decisions["status"] != DONE]))
    if begun > 0:
        words = {"money": money(int(spent)), "begun": money(int(begun))}
        said.append(t("Yang tercatat sudah dipakai: {money}, {begun} di antaranya untuk yang belum selesai.", **words))
    elif spent > 0:
        said.append(t("Yang tercatat sudah dipakai: {money}.", money=money(int(spent))))
    return Text(tuple(said))


def followup_table(decisions: pd.DataFrame, position: Position, *, brief: bool = False) -> Table | Text:
    """Decisions with who does them, by when, and what became of them (`decisions_of`); the most urgent first.

    Args:
        brief: leave out the codes, where there is no room for them.
    """
    if decisions.empty:
        return decisions_in_words(decisions)
    about = decisions[["question_code", "action_code"]].apply(lambda row: ", ".join(row.dropna()) or "–", axis=1)
    frame = decisions.assign(
        about=about,
        due=decisions["due"].map(due_day),
        became=[_became(row) for row in decisions.to_dict("records")],
    )
    heads = headings()
    columns = (
        Column("code", heads["code"]),
        Column("what", heads["what"]),
        Column("agency", heads["agency"]),
        Column("due", heads["due"]),
        Column("about", t("Pertanyaan, kegiatan")),
        Column("became", t("Menjadi apa")),
    )
    return Table(
        t("{area}: keputusan rapat dan tindak lanjutnya", area=position.area.name),
        tuple(one for one in columns if not brief or one.key not in ("code", "about")),
        frame,
        source=t("Sumber: catatan keputusan daerah (data/assessments/{code}/followup.csv).", code=position.area.code),
    )


def _became(row: dict[str, Any]) -> str:
    """Say in a few words what became of a decision."""
    said = [state_name(row["status"])]
    if row["status"] == DONE:
        said[0] += " " + due_day(row["done_on"])
    if pd.notna(row["points_accepted"]):
        said.append(t("nilai diterima {points}", points=number(row["points_accepted"], beside=(0,))))
    elif pd.notna(row["points_claimed"]):
        said.append(t("nilai diajukan {points}", points=number(row["points_claimed"], beside=(0,))))
    if pd.notna(row["spent_rupiah"]):
        said.append(money(int(row["spent_rupiah"])))
    if pd.notna(row["result"]):
        said.append(row["result"])
    return "; ".join(said)


def due_day(text: str | None) -> str:
    """Write a day of the decisions or of the evidence (ISO); a dash where there is none."""
    return day(datetime.date.fromisoformat(text)) if isinstance(text, str) else "–"


def decision_lines(decisions: pd.DataFrame) -> list[str]:
    """Return one line per decision (`became`), for a terminal."""
    rows = decisions.to_dict("records")
    return [
        f"{row['code']:5} {due_day(row['due']):>18}  {row['agency']}: {row['what']} [{_became(row)}]" for row in rows
    ]


def write_followup_workbook(area: str, year: int, *, out: Path | None = None) -> Path:
    """Write an area's decisions as a workbook (`followup_workbook`), and return where it is.

    Raises:
        ParameterError: the area is unknown, or no instrument holds in that year.
        OutputError: it can not be written, or would replace a file.
    """
    place = find_area(area)
    rules = sheet_and_rules(place.code, year)[1]
    path = out or Path(f"tindak-lanjut-{place.code}.xlsx")
    return write_new(path, lambda: followup_workbook(place.code, place.name, rules, year), ".xlsx")


def action_codes(rules: Instrument) -> list[str]:
    """Return the codes of the actions that decisions can name: those of the catalogue of an instrument, if it has one."""
    named = catalogue_for(rules)
    return list(load_catalogue(named, rules).actions.index) if named else []


def followup_workbook(area_code: str, area_name: str, rules: Instrument, year: int) -> bytes:
    """Return an area's decisions as a workbook with lists to choose from, which `kla followup import` reads back.

    Args:
        rules: whose agencies, components, questions and actions the lists offer.
        year: award year that new decisions are about.
    """
    table = load_followup(area_code)
    heading = f"{t('Tindak lanjut {area}', area=area_name)} ({area_code})"
    book, buffer = new_workbook(heading)
    sheet, lists = book.add_worksheet(t("Keputusan")), book.add_worksheet(t("Daftar"))
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    title = book.add_format({"bold": True, "font_size": 14})
    sheet.write_string(0, 0, heading, title)
    sheet.write_string(1, 0, _help(), book.add_format({"text_wrap": False}))
    _columns(book, sheet, text)
    for row, record in enumerate(table.to_dict("records"), start=_TOP):
        _row(sheet, row, record)
    last = _TOP + len(table) + _FREE
    for row in range(_TOP + len(table), last):
        sheet.write_number(row, 1, year)
    line = book.add_format({"bottom": 1, "bottom_color": "#C5CFD8"})
    sheet.conditional_format(_TOP, 0, last - 1, len(headings()) - 1, {"type": "no_errors", "format": line})
    choices = {
        "component_code": list(rules.components.index),
        "agency": offices(area_code, rules),
        "question_code": list(rules.questions.index),
        "action_code": action_codes(rules),
        "state": [state_name(state) for state in STATES],
    }
    for column, (name, options) in enumerate(choices.items()):
        lists.write_column(0, column, [headings()[name], *options], text)
        if options:
            letter, at = "ABCDE"[column], list(headings()).index(name)
            source = f"='{lists.get_name()}'!${letter}$2:${letter}${len(options) + 1}"
            sheet.data_validation(_TOP, at, last - 1, at, {"validate": "list", "source": source})
    sheet.freeze_panes(_TOP, 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_TOP - 2)
    book.close()
    return buffer.getvalue()


def _help() -> str:
    return t(
        "Satu baris satu keputusan; kantor, bukan nama orang. Kode baris baru dikosongkan. Nilai sesudahnya: nilai "
        "pertanyaan itu, bukan tambahannya."
    )


def _columns(book: Workbook, sheet: Worksheet, text: Format) -> None:
    """Write the heads of the columns, and above the rows their names, which stay hidden."""
    plain = book.add_format({"num_format": "#,##0.##", "valign": "top"})
    year = book.add_format({"num_format": "0", "valign": "top", "align": "left"})
    head = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#E8EEF4", "bottom": 2, "valign": "top"})
    for at, (name, title) in enumerate([*headings().items(), (WAS, "")]):
        looks = {"award_year": year}.get(name, plain if name in _NUMBERS else text)
        sheet.set_column(at, at, _WIDTHS.get(name, _WIDTH), looks, {"hidden": name == WAS})
        sheet.write_string(_TOP - 2, at, title, head)
        sheet.write_string(_TOP - 1, at, name)
    sheet.set_row(_TOP - 2, 42)
    sheet.set_row(_TOP - 1, None, None, {"hidden": True})


def _row(sheet: Worksheet, row: int, record: dict[str, Any]) -> None:
    texts = {name: record[name] for name in ("what", "result") if isinstance(record[name], str)}
    sheet.set_row(row, max(row_height(text, _WIDTHS[name]) for name, text in texts.items()))
    for at, name in enumerate(headings()):
        value = state_name(record[name]) if name == "state" else record[name]
        if pd.notna(value):
            (sheet.write_string if isinstance(value, str) else sheet.write_number)(row, at, value)
    sheet.write_string(row, len(headings()), fingerprint(record))
