"""The catalogue of actions: what could be done, what it costs, and which questions it answers.

Which questions an action answers is known from the instrument; its cost and the chance that the
verifier accepts it are the planner's assumptions, entered as ranges.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from kla_analysis.errors import DataError, OutputError, ParameterError, Problem, did_you_mean
from kla_analysis.files import read_plain, why_not
from kla_analysis.instrument.instrument import Instrument, split_agencies
from kla_analysis.language import by_language, money, t
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_table, refuse, schema_of

#: The files of a catalogue; nothing else in its folder is read.
ACTIONS, ANSWERS, COSTS, ORIGIN = "actions.csv", "answers.csv", "costs.csv", "origin.yaml"
FILES = (ACTIONS, ANSWERS, COSTS, ORIGIN)
#: The kind of a group of which one action must be funded; of every other group at most one may be.
EXACTLY_ONE = "exactly_one"
# An action is paid in the years of the catalogue or soon after them.
_YEARS_AFTER = 5
_COSTS = ("cost_low", "cost_likely", "cost_high")


@dataclass(frozen=True, eq=False, repr=False)
class Catalogue:
    """Actions and the questions that they answer.

    Attributes:
        actions: indexed by `action_code`, in the order of the file: `name`, `component_code`,
            `activity_code`, `agency`, `funding_source`, `cost_low`, `cost_likely`, `cost_high`
            (whole rupiah), `lead_months`, `year`, `group_code` (at most one action of a group, or exactly
            one where `group_kind` says so), `prerequisites` (tuple of choices: of each choice, a tuple of
            action codes, one must be funded).
        answers: one row per action and question: `action_code`, `question_code`, `raised_to` (share
            of the question's maximum), `chance_low`, `chance_likely`, `chance_high` (of acceptance).
        note: where the costs and chances come from.
        example: its costs and chances are made up to show what a plan looks like; no district's own.
        split: the costs of actions that are paid in several years or from several sources, one row for each:
            `action_code`, `year`, `funding_source`, `cost_low`, `cost_likely`, `cost_high`. The rows of an
            action add up to its cost.
    """

    id: str
    title: str
    standing: str
    note: str
    actions: pd.DataFrame
    answers: pd.DataFrame
    example: bool = False
    split: pd.DataFrame | None = None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """Every cost where and when it falls: the rows of `split`, and one row for each other action; with its `agency`."""
        columns = ["action_code", "year", "funding_source", *_COSTS]
        whole = self.actions.rename_axis("action_code").reset_index()[columns]
        if self.split is not None:
            whole = whole[~whole["action_code"].isin(self.split["action_code"])]
            whole = pd.concat([self.split[columns], whole], ignore_index=True)
        return whole.assign(agency=whole["action_code"].map(self.actions["agency"]))

    def names(self, column: str) -> list[Any]:
        """Return the different values of a column of `rows` (`agency`, `funding_source` or `year`), sorted: who pays, when."""
        return sorted(set(self.rows[column].tolist()))

    def __repr__(self) -> str:
        return f"Catalogue({self.id}: {len(self.actions)} actions, {len(self.answers)} answers, {self.standing})"


def catalogue_for(instrument: Instrument, *, data: Path | None = None) -> str | None:
    """Return the name of the project's first catalogue whose actions answer this instrument; None where there is none."""
    return next(iter(known_catalogues(instrument, data=data)), None)


def known_catalogues(instrument: Instrument, *, data: Path | None = None) -> list[str]:
    """Return the names of the project's catalogues whose actions answer this instrument, sorted."""
    folder = (data or find_project().data) / "actions"
    names = sorted(path.parent.name for path in folder.glob(f"*/{ACTIONS}"))
    return [name for name in names if instrument_of(name, data=data) == instrument.id]


def instrument_of(catalogue: str | Path, *, data: Path | None = None) -> str | None:
    """Return the instrument whose questions a catalogue answers; None where it does not say so."""
    folder = folder_of(catalogue, data or find_project().data)
    return _read_about(folder / ORIGIN, f"{find_project().shown(folder)}/{ORIGIN}").get("instrument")


def load_catalogue(catalogue: str | Path, instrument: Instrument, *, data: Path | None = None) -> Catalogue:
    """Load and check a catalogue.

    Args:
        catalogue: name of a folder under `data/actions/`, or a folder with `actions.csv`,
            `answers.csv` and, where costs are spread over years or sources, `costs.csv`; empty for the
            project's own that answers this instrument.

    Raises:
        ParameterError: there is no such catalogue, or it answers another instrument.
        DataError: with every problem of all files at once: unknown question or agency, a cost or
            chance whose low is above its likely or high, a circular or unknown prerequisite, an
            action that answers nothing, “exactly one of” with one member, a cost split that does not
            add up or names an unknown action, year or source.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="nindya")
    >>> len(kla.load_catalogue("contoh", case.instrument).actions)
    48
    """
    data = data or find_project().data
    folder = _folder_of_catalogue(str(catalogue), instrument, data)
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
    actions, answers, split = _read_tables(folder, instrument, data, shown)
    table = actions.assign(name=in_language(actions, "name")).set_index("action_code")
    table = table.drop(columns=["name_id", "name_en", "standing"])
    table["prerequisites"] = [_choices(text) for text in table.pop("prerequisite")]
    return Catalogue(
        id=folder.name,
        title=by_language(about["title"]) if "title" in about else folder.name,
        standing=about.get("standing", "unverified"),
        note=by_language(about["note"]) if "note" in about else t("Katalog pengguna; asal-usulnya tidak dicatat."),
        actions=table,
        answers=answers.drop(columns="standing").reset_index(drop=True),
        split=split,
        example=about.get("kind") == "example",
    )


def read_catalogue(
    catalogue: str | Path, instrument: Instrument, *, data: Path | None = None
) -> tuple[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None], dict[str, Any]]:
    """Return the tables of a catalogue's files (actions, answers, split costs), and what it says of where it comes from.

    Raises:
        ParameterError, DataError: as `load_catalogue`.
    """
    data = data or find_project().data
    folder = _folder_of_catalogue(str(catalogue), instrument, data)
    shown = find_project().shown(folder)
    return _read_tables(folder, instrument, data, shown), _read_about(folder / ORIGIN, f"{shown}/{ORIGIN}")


def _folder_of_catalogue(named: str, instrument: Instrument, data: Path) -> Path:
    """Return the folder of a catalogue that is there; of the project's own for this instrument where none is named."""
    name = named or catalogue_for(instrument, data=data)
    if name is None:
        raise ParameterError(
            t("Belum ada katalog kegiatan untuk instrumen {id}.", id=instrument.id),
            advice=t("Buat dengan kla actions template FOLDER --instrument {id}, lalu isi.", id=instrument.id),
        )
    folder = folder_of(name, data)
    if not os.path.isdir(folder):
        known = sorted(path.name for path in (data / "actions").glob("*") if path.is_dir())
        raise ParameterError(t("Katalog “{name}” tidak ada.", name=name), advice=did_you_mean(name, known))
    return folder


def _read_tables(
    folder: Path, instrument: Instrument, data: Path, shown: str
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Read actions, answers and, where there is one, the split of costs; the problems of all are told at once."""
    found: list[Problem] = []

    def read(file: str, schema: str, also: Callable[[pd.DataFrame, str], list[Problem]]) -> pd.DataFrame | None:
        place = f"{shown}/{file}"
        return _read(folder / file, schema, data, place, found, lambda frame: also(frame, place))

    actions = read(ACTIONS, "actions", lambda frame, place: _action_problems(frame, instrument, place))
    answers = read(ANSWERS, "answers", lambda frame, place: _answer_problems(frame, actions, instrument, place))
    split = None
    if (folder / COSTS).exists():
        split = read(COSTS, "costs", lambda frame, place: _split_problems(frame, actions, place))
    if actions is not None and answers is not None:
        what, advice = t("kegiatan ini tidak menjawab satu pertanyaan pun"), t("Tambahkan barisnya di answers.csv.")
        idle = actions.loc[~actions["action_code"].isin(answers["action_code"]), "action_code"]
        found += [Problem(what, advice, f"{shown}/{ACTIONS}", row, "action_code", code) for row, code in idle.items()]
    if found or actions is None or answers is None:
        refuse(shown, found)
    return actions, answers, split


def folder_of(catalogue: str | Path, data: Path) -> Path:
    """Return the folder of a catalogue: itself where there is such a folder, else the one of that name in the data.

    It need not exist.
    """
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


def _choices(text: str | None) -> tuple[tuple[str, ...], ...]:
    """Read what an action needs: `A01|A02;A03` is A01 or A02, and A03."""
    return tuple(tuple(code.strip() for code in choice.split("|")) for choice in split_agencies(text))


def write_template(folder: str | Path, instrument: Instrument) -> list[Path]:
    """Write a small catalogue that loads as it is, to be filled with the district's own actions.

    Beside `actions.csv`, `answers.csv` and `costs.csv` (costs spread over years and sources) stands
    `pertanyaan.csv`: every question's code, to look up.

    Returns:
        The files that were written.

    Raises:
        OutputError: the folder holds files already, or can not be written.
    """
    folder = Path(folder)
    texts = {
        **_template_tables(instrument),
        "pertanyaan.csv": instrument.questions[["name", "indicator_code", "max_points", "agencies"]].to_csv(
            lineterminator="\n"
        ),
        ORIGIN: yaml.safe_dump(
            {
                "title": {"id": t("Katalog kegiatan kami")},
                "instrument": instrument.id,
                "standing": "assumed",
                "note": {"id": t("Biaya dan peluang adalah perkiraan kami; tulis di sini dari mana asalnya.")},
            },
            allow_unicode=True,
            sort_keys=False,
        ),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(t("Folder {path} tidak kosong.", path=folder.name), advice=t("Pilih folder yang baru."))
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder.name, why=why_not(error)),
            advice=t("Pilih folder lain."),
        ) from error
    return [folder / name for name in texts]


def _template_tables(instrument: Instrument) -> dict[str, str]:
    """Return three actions as CSV: one alone, one paid in two years from two sources, one that needs one of both."""
    data = find_project().data
    one = {
        "action_code": "X01",
        "name_id": t("Ganti dengan kegiatan Anda"),
        "component_code": instrument.components.index[0],
        "agency": instrument.agencies.index[0],
        "funding_source": "APBD",
        "cost_low": 50_000_000,
        "cost_likely": 75_000_000,
        "cost_high": 100_000_000,
        "lead_months": 6,
        "year": 2026,
        "standing": "assumed",
    }
    two = {"action_code": "X02", "name_id": t("Kegiatan yang dibayar dua tahun dari dua sumber"), "prerequisite": "X01"}
    three = {
        "action_code": "X03",
        "name_id": t("Kegiatan lain; satu dari X01 dan X02 harus ada"),
        "funding_source": "CSR",
        "prerequisite": "X01|X02",
    }
    fields = schema_of(f"actions/contoh/{ACTIONS}", data).columns
    actions = [",".join(str(each.get(name, "")) for name in fields) for each in (one, one | two, one | three)]
    costs = ["X02,2026,APBD,30000000,45000000,60000000", "X02,2027,CSR,20000000,30000000,40000000"]
    pairs = zip(("X01", "X02", "X03"), instrument.questions.index[:3], strict=True)
    answers = [f"{action},{question},1,0.6,0.8,0.95,assumed" for action, question in pairs]
    heads = (fields, schema_of("costs", data).columns, schema_of(f"actions/contoh/{ANSWERS}", data).columns)
    return {
        file: "\n".join([",".join(head), *rows, ""])
        for file, head, rows in zip((ACTIONS, COSTS, ANSWERS), heads, (actions, costs, answers), strict=True)
    }


def _read(
    path: Path,
    name: str,
    data: Path,
    shown: str,
    found: list[Problem],
    also: Callable[[pd.DataFrame], list[Problem]],
) -> pd.DataFrame | None:
    """Read a table; where it is refused, its problems are kept and the others are still looked at."""
    kept: list[pd.DataFrame] = []

    def looked_at(frame: pd.DataFrame) -> list[Problem]:
        kept.append(frame)
        return also(frame)

    schema = name if name == "costs" else f"actions/contoh/{name}.csv"
    try:
        return read_table(path, schema_of(schema, data), shown=shown, also=looked_at)
    except DataError as error:
        if not error.problems:
            raise
        found += error.problems
        return kept[0] if kept else None


def _action_problems(frame: pd.DataFrame, instrument: Instrument, shown: str) -> list[Problem]:
    problems = []
    codes = set(frame["action_code"].dropna())
    for column, known in (("agency", instrument.agencies.index), ("component_code", instrument.components.index)):
        given = frame[column].dropna()
        for row, name in given[~given.isin(known)].items():
            problems.append(Problem(t("tidak dikenal"), did_you_mean(name, known), shown, row, column, name))
    problems += _rising(frame, _COSTS, shown)
    problems += _group_problems(frame, shown)
    needs = {}
    for row, code, text in zip(frame.index, frame["action_code"], frame["prerequisite"], strict=True):
        needs[code] = _choices(text)
        for name in itertools.chain(*needs[code]):
            if name not in codes:
                what = t("prasyarat ini tidak ada") if name else t("prasyarat ini kosong")
                advice = did_you_mean(name, sorted(codes)) if name else t("Tulis misalnya A01|A02;A03.")
                problems.append(Problem(what, advice, shown, row, "prerequisite", name))
    circle = _unreachable(needs)
    if circle:
        problems.append(
            Problem(
                t("prasyarat melingkar: {circle}", circle=" → ".join(circle)),
                t("Putuskan lingkarannya."),
                shown,
                column="prerequisite",
            )
        )
    return problems


def _unreachable(needs: dict[str, tuple[tuple[str, ...], ...]]) -> list[str]:
    """Return actions that wait for each other, the first once more at the end; empty when every action can begin."""
    ready: set[str] = set()
    while True:
        more = {
            code
            for code, choices in needs.items()
            if code not in ready
            and all(any(name in ready or name not in needs for name in choice) for choice in choices)
        }
        if not more:
            break
        ready |= more
    waiting = [code for code in needs if code not in ready]
    circle = waiting[:1]
    while circle:
        unmet = (choice for choice in needs[circle[-1]] if not any(n in ready or n not in needs for n in choice))
        following = next(iter(next(unmet)))
        if following in circle:
            return [*circle[circle.index(following) :], following]
        circle.append(following)
    return []


def _group_problems(frame: pd.DataFrame, shown: str) -> list[Problem]:
    """Find kinds without a group, groups of two kinds, and “exactly one of” with one member."""
    problems = []
    for row, kind in frame.loc[frame["group_code"].isna(), "group_kind"].dropna().items():
        what, advice = t("jenis kelompok tanpa kelompok"), t("Isi group_code, atau kosongkan group_kind.")
        problems.append(Problem(what, advice, shown, row, "group_kind", kind))
    for code, group in frame.groupby("group_code"):
        kinds, row = set(group["group_kind"].dropna()), int(group.index[0])
        if len(kinds) > 1:
            what, advice = t("kelompok {code} punya dua jenis", code=code), t("Pilih satu jenis untuk sekelompok.")
            problems.append(Problem(what, advice, shown, row, "group_kind", ", ".join(sorted(kinds))))
        if kinds == {EXACTLY_ONE} and len(group) == 1:
            what = t("“tepat satu” hanya punya satu kegiatan")
            advice = t("Tambahkan pilihannya, atau jadikan wajib di skenario (must).")
            problems.append(Problem(what, advice, shown, row, "group_kind", EXACTLY_ONE))
    return problems


def _split_problems(frame: pd.DataFrame, actions: pd.DataFrame | None, shown: str) -> list[Problem]:
    """Find costs of unknown actions, and rows of one action that do not add up to its cost."""
    problems = _rising(frame, _COSTS, shown)
    if actions is None:
        return problems
    known = actions.set_index("action_code")
    given = frame["action_code"].dropna()
    for row, code in given[~given.isin(known.index)].items():
        advice = did_you_mean(code, known.index)
        problems.append(Problem(t("kegiatan ini tidak ada di actions.csv"), advice, shown, row, "action_code", code))
    sources = set(actions["funding_source"].dropna())
    strange = frame["funding_source"].dropna()
    for row, name in strange[~strange.isin(sources)].items():
        advice = did_you_mean(name, sorted(sources))
        problems.append(
            Problem(t("sumber dana ini tidak ada di actions.csv"), advice, shown, row, "funding_source", name)
        )
    years = actions["year"].dropna()
    for row, year in frame["year"].dropna().items():
        if len(years) and not years.min() <= year <= years.max() + _YEARS_AFTER:
            advice = t("Tahun di antara {first} dan {last}.", first=years.min(), last=years.max() + _YEARS_AFTER)
            problems.append(Problem(t("tahun ini tidak dikenal"), advice, shown, row, "year", str(year)))
    for code, rows in frame[frame["action_code"].isin(known.index)].groupby("action_code"):
        for column in _COSTS:
            summed, whole = rows[column].sum(), known.at[code, column]
            if rows[column].notna().all() and not pd.isna(whole) and summed != whole:
                what = t(
                    "biaya {code} di sini berjumlah {summed}, di actions.csv {whole}",
                    code=code,
                    summed=money(int(summed)),
                    whole=money(int(whole)),
                )
                advice = t("Samakan: selisihnya {difference}.", difference=money(abs(int(summed - whole))))
                problems.append(Problem(what, advice, shown, int(rows.index[0]), column, str(int(summed))))
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


def _rising(frame: pd.DataFrame, columns: Iterable[str], shown: str) -> list[Problem]:
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
