"""An own catalogue: actions added or changed by hand, checked by the same reading as any other, saved whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from kla_analysis.errors import DataError, OutputError
from kla_analysis.files import why_not
from kla_analysis.instrument.instrument import Instrument
from kla_analysis.language import t
from kla_analysis.planning.actions import (
    ACTIONS,
    ANSWERS,
    COSTS,
    FILES,
    ORIGIN,
    folder_of,
    load_catalogue,
    read_catalogue,
)
from kla_analysis.project import find_project

#: With this the folders of own catalogues begin: they stand behind the example, so that none is taken unasked.
OWN = "sendiri"


@dataclass(frozen=True, eq=False)
class Draft:
    """A catalogue as it would be saved.

    Attributes:
        actions, answers, split: the tables of its files, columns as in the files; `split` is None where there is none.
        about: where it comes from (`origin.yaml`); `changed` lists the actions that were changed by hand.
    """

    instrument: Instrument
    actions: pd.DataFrame
    answers: pd.DataFrame
    split: pd.DataFrame | None
    about: dict[str, Any]

    def with_action(self, action: Mapping[str, Any], answers: Sequence[Mapping[str, Any]]) -> Draft:
        """Return the draft with an action added, or in place of the one of the same code.

        Args:
            action: the columns of `actions.csv` that are given; what is not keeps its value, or is empty.
            answers: its rows of `answers.csv`, all of them.
        """
        code = action["action_code"]
        known = self.actions["action_code"] == code
        rows = self.actions.to_dict("records")
        if known.any():
            at = int(known.to_numpy().argmax())
            before, rows[at] = rows[at], rows[at] | dict(action)
            # What is paid in parts no longer adds up to another cost.
            costs = ("cost_low", "cost_likely", "cost_high")
            paid_anew = any(before[name] != rows[at][name] for name in (*costs, "year", "funding_source"))
        else:
            rows.append(dict(action))
            paid_anew = False
        split = self.split
        if split is not None and paid_anew:
            split = split[split["action_code"] != code]
        others = self.answers[self.answers["action_code"] != code]
        return self._changed(
            code, _table(rows, self.actions), _table([*others.to_dict("records"), *answers], self.answers), split
        )

    def without(self, code: str) -> Draft:
        """Return the draft without an action."""
        tables = (self.actions, self.answers, self.split)
        left = [None if table is None else table[table["action_code"] != code] for table in tables]
        return self._changed(code, left[0], left[1], left[2])

    def _changed(self, code: str, actions: Any, answers: Any, split: Any) -> Draft:
        changed = [*dict.fromkeys([*self.about.get("changed", []), code])]
        return replace(self, actions=actions, answers=answers, split=split, about={**self.about, "changed": changed})

    def files(self) -> dict[str, bytes]:
        """Return the files of the catalogue, by name."""
        tables = {ACTIONS: self.actions, ANSWERS: self.answers}
        if self.split is not None and len(self.split):
            tables[COSTS] = self.split
        files = {name: table.to_csv(index=False, lineterminator="\n").encode() for name, table in tables.items()}
        changed = self.about.get("changed", [])
        note = t(
            "Berawal dari {title}. Diubah dengan tangan: {codes}.", title=self.about["from"], codes=", ".join(changed)
        )
        about = {
            "title": {"id": t("Katalog sendiri")},
            "instrument": self.instrument.id,
            "standing": "assumed",
            "note": {"id": note},
            "from": self.about["from"],
            "changed": changed,
        }
        # As long as one action is that of an example, so is the plan.
        if "kind" in self.about and not set(self.actions["action_code"]) <= set(changed):
            about["kind"] = self.about["kind"]
        files[ORIGIN] = yaml.safe_dump(about, allow_unicode=True, sort_keys=False).encode()
        return files

    def check(self) -> None:
        """Read the draft as any catalogue is read, to see that it can be.

        Raises:
            DataError: with every problem.
        """
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / OWN
            _write(folder, self.files())
            load_catalogue(folder, self.instrument)


def open_draft(catalogue: str, instrument: Instrument) -> Draft:
    """Open a catalogue to change it; its own files stay as they are.

    Raises:
        ParameterError, DataError: as `load_catalogue`.
    """
    loaded = load_catalogue(catalogue, instrument)
    tables, about = read_catalogue(catalogue, instrument)
    actions, answers, split = (None if table is None else table.reset_index(drop=True) for table in tables)
    return Draft(instrument, actions, answers, split, {"from": loaded.title, **about})


def own_folder(name: str) -> Path:
    """Return the folder of an own catalogue; it need not exist.

    Raises:
        DataError: the name can not be one.
    """
    name = re.sub(r"\s+", "-", name.strip().casefold())
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise DataError(
            t("“{name}” tidak dapat menjadi nama katalog.", name=name),
            advice=t("Pakai huruf, angka, dan tanda hubung."),
        )
    return folder_of(name if name.startswith(OWN) else f"{OWN}-{name}", find_project().data)


def save_draft(draft: Draft, folder: Path) -> dict[str, bytes] | None:
    """Check a draft and save it in place of what the folder holds.

    Returns:
        The files that were there before; None where there was no such folder.

    Raises:
        DataError: the draft is refused; nothing is written. OutputError: the folder can not be written.
    """
    draft.check()
    return put_files(folder, draft.files())


def put_files(folder: Path, files: Mapping[str, bytes] | None) -> dict[str, bytes] | None:
    """Let a catalogue's folder hold these files and no others; None takes the folder away.

    Returns:
        What it held before, None where it was not there.

    Raises:
        OutputError: it can not be written; it then holds what it held.
    """
    before = None
    try:
        if folder.is_dir():
            before = {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}
        # Beside the folder of all catalogues, where nobody takes it for one of them.
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent.parent))
        try:
            _swap(folder, scratch, files)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=find_project().shown(folder), why=why_not(error)),
            advice=t("Periksa izin dan sisa ruang cakram."),
        ) from error
    return before


def _swap(folder: Path, scratch: Path, files: Mapping[str, bytes] | None) -> None:
    if files is not None:
        _write(scratch / "new", files)
    there = folder.is_dir()
    if there:
        os.replace(folder, scratch / "old")
    try:
        if files is not None:
            os.replace(scratch / "new", folder)
    except OSError:
        if there:
            with suppress(OSError):
                os.replace(scratch / "old", folder)
        raise


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _table(rows: Sequence[Mapping[str, Any]], like: pd.DataFrame) -> pd.DataFrame:
    """Make a table with the columns and types of another, whatever of them the rows give."""
    table = pd.DataFrame(list(rows), columns=list(like.columns))
    return table.astype(like.dtypes.to_dict())
