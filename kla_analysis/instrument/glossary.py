"""The glossary: what the abbreviations of instruments, agencies and pages stand for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kla_analysis.instrument.instrument import Instrument
from kla_analysis.project import find_project
from kla_analysis.reading import in_language, read_resource


def load_glossary(instrument: Instrument, *, data: Path | None = None) -> pd.DataFrame:
    """Return what abbreviations stand for: those of `glossary.csv`, and the agencies that an instrument abbreviates.

    Returns:
        By `term`, in the order of the alphabet: `name` (in the reader's language the meaning too; empty where no source
        says it) and `source`.

    >>> from kla_analysis.instrument.instrument import load_instrument
    >>> found = load_glossary(load_instrument("kla-2024"))
    >>> found.at["RBRA", "name"], found.at["Dinkes", "name"]
    ('ruang bermain ramah anak', 'Dinas Kesehatan')
    """
    table = read_resource("glossary.csv", data or find_project().data)
    official, meaning = table["name_id"].fillna(""), in_language(table, "name").fillna("")
    said = official.where((official == meaning) | (official == ""), official + " (" + meaning + ")")
    terms = pd.DataFrame({"term": table["term"], "name": said, "source": table["source"]})
    agencies = instrument.agencies[
        instrument.agencies["name_id"].str.casefold() != instrument.agencies.index.str.casefold()
    ]
    own = pd.DataFrame({"term": agencies.index, "name": agencies["name"].to_numpy(), "source": "instrumen"})
    both = pd.concat([terms[~terms["term"].isin(own["term"])], own])
    return both.sort_values("term", key=lambda term: term.str.casefold(), ignore_index=True).set_index("term")
