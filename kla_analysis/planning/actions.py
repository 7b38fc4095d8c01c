"""The catalogue of actions: what could be done, what it costs, and which questions it answers.

Which questions an action answers is known from the instrument; its cost and the chance that the
verifier accepts it are the planner's assumptions, entered as ranges.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from kla_analysis.errors import DataError, OutputError, ParameterError, Problem, did_you_mean
from kla_analysis.files import read_plain
from kla_analysis.instrument.instrument import Instrument, split_agencies
from kla_analysis.language import by_language, t
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_table, refuse, schema_of

#: The files of a catalogue; nothing else in its folder is read.
ACTIONS, ANSWERS, ORIGIN = "actions.csv", "answers.csv", "origin.yaml"
FILES = (ACTIONS, ANSWERS, ORIGIN)


@dataclass(frozen=True, eq=False, repr=False)
class Catalogue:
    """Actions and the questions that they answer.

    Attributes:
        actions: indexed by `action_code`, in the order of the file: `name`, `component_code`,
            `activity_code`, `agency`, `funding_source`, `cost_low`, `cost_likely`, `cost_high`
            (whole rupiah), `lead_months`, `year`, `group_code` (at most one action of a group),
            `prerequisites` (tuple of action codes).
        answers: one row per action and question: `action_code`, `question_code`, `raised_to` (share
            of the question's maximum), `chance_low`, `chance_likely`, `chance_high` (of acceptance).
        note: where the costs and chances come from.
        example: its costs and chances are made up to show what a plan looks like; no district's own.
    """

    id: str
    title: str
    standing: str
    note: str
    actions: pd.DataFrame
    answers: pd.DataFrame
    example: bool = False

    def __repr__(self) -> str:
        return f"Catalogue({self.id}: {len(self.actions)} actions, {len(self.answers)} answers, {self.standing})"


def catalogue_for(instrument: Instrument, *, data: Path | None = None) -> str | None:
    """Return the name of the project's first catalogue whose actions answer this instrument; None where there is none."""
    folder = (data or find_project().data) / "actions"
    names = sorted(path.parent.name for path in folder.glob(f"*/{ACTIONS}"))
    return next((name for name in names if instrument_of(name, data=data) == instrument.id), None)


def instrument_of(catalogue: str | Path, *, data: Path | None = None) -> str | None:
    """Return the instrument whose questions a catalogue answers; None where it does not say so."""
    folder = folder_of(catalogue, data or find_project().data)
    return _read_about(folder / ORIGIN, f"{find_project().shown(folder)}/{ORIGIN}").get("instrument")


def load_catalogue(catalogue: str | Path, instrument: Instrument, *, data: Path | None = None) -> Catalogue:
    """Load and check a catalogue.

    Args:
        catalogue: name of a folder under `data/actions/`, or a folder with `actions.csv` and
            `answers.csv`; empty for the project's own that answers this instrument.

    Raises:
        ParameterError: there is no such catalogue, or it answers another instrument.
        DataError: with every problem of both files at once: unknown question or agency, a cost or
            chance whose low is above its likely or high, a circular or unknown prerequisite, an
            action that answers nothing.
    """
    data = data or find_project().data
    catalogue = str(catalogue) or catalogue_for(instrument, data=data)
    if catalogue is None:
        raise ParameterError(
            t("Belum ada katalog kegiatan untuk instrumen {id}.", id=instrument.id),
            advice=t("Buat dengan kla actions template FOLDER --instrument {id}, lalu isi.", id=instrument.id),
        )
    folder = folder_of(catalogue, data)
    if not os.path.isdir(folder):
        known = sorted(path.name for path in (data / "actions").glob("*") if path.is_dir())
        raise ParameterError(
            t("Katalog “{name}” tidak ada.", name=catalogue), advice=did_you_mean(str(catalogue), known)
        )
    shown = find_project().shown(folder)
    about = _read_about(folder / ORIGIN, f"{shown}/{ORIGIN}")
    if about.get("instrument", instrument.id) != instrument.id:
        raise ParameterError(
            t(
                "Katalog {name} menjawab instrumen {own}, bukan {id}.",
                name=folder.name,
                own=about["instrument"],
                id=instrument.id,
            ),
            advice=t(
                "Pilih katalog lain, atau buat dengan kla actions template FOLDER --instrument {id}.", id=instrument.id
            ),
        )
    found: list[Problem] = []
    actions = _read(
        folder / "actions.csv",
        "actions",
        data,
        f"{shown}/actions.csv",
        found,
        lambda frame: _action_problems(frame, instrument, f"{shown}/actions.csv"),
    )
    answers = _read(
        folder / "answers.csv",
        "answers",
        data,
        f"{shown}/answers.csv",
        found,
        lambda frame: _answer_problems(frame, actions, instrument, f"{shown}/answers.csv"),
    )
    if actions is not None and answers is not None:
        idle = actions[~actions["action_code"].isin(answers["action_code"])]
        found += [
            Problem(
                t("kegiatan ini tidak menjawab satu pertanyaan pun"),
                t("Tambahkan barisnya di answers.csv."),
                f"{shown}/actions.csv",
                row,
                "action_code",
                code,
            )
            for row, code in idle["action_code"].items()
        ]
    if found:
        refuse(shown, found)
    table = actions.assign(name=in_language(actions, "name")).set_index("action_code")
    table = table.drop(columns=["name_id", "name_en", "standing"])
    table["prerequisites"] = [split_agencies(text) for text in table.pop("prerequisite")]
    return Catalogue(
        id=folder.name,
        title=by_language(about["title"]) if "title" in about else folder.name,
        standing=about.get("standing", "unverified"),
        note=by_language(about["note"]) if "note" in about else t("Katalog pengguna; asal-usulnya tidak dicatat."),
        actions=table,
        answers=answers.drop(columns="standing").reset_index(drop=True),
        example=about.get("kind") == "example",
    )


def folder_of(catalogue: str | Path, data: Path) -> Path:
    """Return the folder of a catalogue that is named or addressed; it need not exist."""
    return Path(catalogue) if os.path.isdir(catalogue) else data / "actions" / str(catalogue)


def _read_about(path: Path, shown: str) -> dict[str, Any]:
    """Read where a catalogue comes from; empty where nothing is written down."""
    if not path.exists():
        return {}
    try:
        about = yaml.safe_load(read_plain(path, shown=shown).decode())
    except (UnicodeDecodeError, yaml.YAMLError):
        about = None
    if not isinstance(about, dict):
        raise DataError(
            t("{file} bukan YAML yang sah.", file=shown),
            advice=t("Isi title, standing, dan note, atau hapus berkas itu."),
        )
    return about


def write_template(folder: str | Path, instrument: Instrument) -> list[Path]:
    """Write a small catalogue that loads as it is, to be filled with the district's own actions.

    Beside `actions.csv` and `answers.csv` stands `pertanyaan.csv`: every question's code, to look up.

    Returns:
        The files that were written.

    Raises:
        OutputError: the folder holds files already, or can not be written.
    """
    folder = Path(folder)
    project = find_project()
    questions = instrument.questions
    component = instrument.components.index[0]
    agency = instrument.agencies.index[0]
    first, second = questions.index[0], questions.index[1]
    action = "X01,{name},,{component},,{agency},APBD,50000000,75000000,100000000,6,2026,,,assumed"
    answer = "X01,{question},1,0.6,0.8,0.95,assumed"
    listed = questions[["name", "indicator_code", "max_points", "agencies"]]
    texts = {
        "actions.csv": "\n".join(
            [
                ",".join(field["name"] for field in schema_of("actions/contoh/actions.csv", project.data).fields),
                action.format(name=t("Ganti dengan kegiatan Anda"), component=component, agency=agency),
            ]
        ),
        "answers.csv": "\n".join(
            [
                ",".join(field["name"] for field in schema_of("actions/contoh/answers.csv", project.data).fields),
                answer.format(question=first),
                answer.format(question=second),
            ]
        ),
        "pertanyaan.csv": listed.to_csv(lineterminator="\n").rstrip("\n"),
        "origin.yaml": yaml.safe_dump(
            {
                "title": {"id": t("Katalog kegiatan kami")},
                "instrument": instrument.id,
                "standing": "assumed",
                "note": {"id": t("Biaya dan peluang adalah perkiraan kami; tulis di sini dari mana asalnya.")},
            },
            allow_unicode=True,
            sort_keys=False,
        ).rstrip("\n"),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(t("Folder {path} tidak kosong.", path=folder.name), advice=t("Pilih folder yang baru."))
        for name, text in texts.items():
            (folder / name).write_text(text + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder.name, why=error.strerror or error),
            advice=t("Pilih folder lain."),
        ) from error
    return [folder / name for name in texts]


def _read(path, name, data, shown, found, also):
    try:
        return read_table(path, schema_of(f"actions/contoh/{name}.csv", data), shown=shown, also=also)
    except DataError as error:
        if not error.problems:
            raise
        found += error.problems
        return None


def _action_problems(frame: pd.DataFrame, instrument: Instrument, shown: str) -> list[Problem]:
    problems = []
    codes = set(frame["action_code"].dropna())
    for column, known in (("agency", instrument.agencies.index), ("component_code", instrument.components.index)):
        given = frame[column].dropna()
        for row, name in given[~given.isin(known)].items():
            problems.append(Problem(t("tidak dikenal"), did_you_mean(name, known), shown, row, column, name))
    problems += _rising(frame, ("cost_low", "cost_likely", "cost_high"), shown)
    graph = {}
    for row, code, text in zip(frame.index, frame["action_code"], frame["prerequisite"], strict=True):
        needed = split_agencies(text)
        graph[code] = needed
        for name in needed:
            if name not in codes:
                problems.append(
                    Problem(
                        t("prasyarat ini tidak ada"),
                        did_you_mean(name, sorted(codes)),
                        shown,
                        row,
                        "prerequisite",
                        name,
                    )
                )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " → ".join(error.args[1])
        problems.append(
            Problem(
                t("prasyarat melingkar: {circle}", circle=circle),
                t("Putuskan lingkarannya."),
                shown,
                column="prerequisite",
            )
        )
    return problems


def _answer_problems(
    frame: pd.DataFrame, actions: pd.DataFrame | None, instrument: Instrument, shown: str
) -> list[Problem]:
    problems = _rising(frame, ("chance_low", "chance_likely", "chance_high"), shown)
    codes = frame["question_code"].dropna()
    for row, code in codes[~codes.isin(instrument.questions.index)].items():
        problems.append(
            Problem(
                t("kode ini tidak ada di instrumen {id}", id=instrument.id),
                did_you_mean(code, instrument.questions.index),
                shown,
                row,
                "question_code",
                code,
            )
        )
    if actions is not None:
        codes = frame["action_code"].dropna()
        for row, code in codes[~codes.isin(actions["action_code"])].items():
            problems.append(
                Problem(
                    t("kegiatan ini tidak ada di actions.csv"),
                    did_you_mean(code, actions["action_code"].dropna()),
                    shown,
                    row,
                    "action_code",
                    code,
                )
            )
    return problems


def _rising(frame: pd.DataFrame, columns: tuple[str, ...], shown: str) -> list[Problem]:
    """Find rows whose low, likely and high do not rise."""
    problems = []
    for lower, upper in itertools.pairwise(columns):
        values = frame[[lower, upper]].dropna()
        for row in values.index[values[lower] > values[upper]]:
            what = t("{lower} lebih besar dari {upper}", lower=lower, upper=upper)
            problems.append(
                Problem(
                    what, t("Urutkan rendah, mungkin, tinggi."), shown, int(row), lower, f"{values.loc[row, lower]:g}"
                )
            )
    return problems
