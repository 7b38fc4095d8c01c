"""The address of a page: it says what the page shows, so reload, back, a bookmark and a shared link show the same."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlencode

import ipywidgets as widgets

from kla_analysis.planning.scenario import Scenario, check_scenario

#: What a page of ours says of itself, by name.
Said = dict[str, str]


def on_our_page() -> bool:
    """Whether the kernel works for a page of our own server; in JupyterLab the page and its address are not ours."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")


def asked() -> Said:
    """Return what the address says with which the page was opened; nothing where the page is not ours."""
    return read(os.environ.get("QUERY_STRING", "")) if on_our_page() else {}


def read(query: str) -> Said:
    """Return what an address says: the part of it behind the question mark."""
    return {name: value for name, value in parse_qsl(query.lstrip("?"), keep_blank_values=True) if name != "token"}


def mark(said: Mapping[str, str], step: int = 0) -> str:
    """Return the mark from which the page (app.js) writes its address.

    Args:
        step: counts what a reader would go back over; where it grows, “back” leads to what was before.
    """
    return f'<span class="kla-state" hidden data-step="{step}" data-query="{escape(urlencode(said))}"></span>'


def visits(answer: Any) -> widgets.Widget:
    """Return the field, shown to nobody, in which the page writes an address that somebody went back or forth to.

    Args:
        answer: is told what that address says.
    """
    field = widgets.Text(layout=widgets.Layout(display="none"))
    field.add_class("kla-visited")
    field.observe(lambda change: answer(read(change["new"])), "value")
    return field


def of_scenario(scenario: Scenario) -> Said:
    """Say a scenario in an address: its goal, and all that differs from the defaults."""
    values = {"goal": scenario.goal, **scenario.model_dump(mode="json", exclude_defaults=True)}
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in values.items()
    }


def scenario_of(said: Mapping[str, str]) -> Scenario | None:
    """Return the scenario that an address says; None where it says none.

    Raises:
        ParameterError: a value is refused.
    """
    if "goal" not in said:
        return None
    values = {name: value for name, value in said.items() if name in Scenario.model_fields}
    for name, value in values.items():
        if value[:1] in "[{":
            try:
                values[name] = json.loads(value)
            except ValueError:
                continue  # refused below, as the text that it is
    return check_scenario(values)
