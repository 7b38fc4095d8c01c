"""What every page of controls shares: its looks, pictures and files that need no server, quiet changes."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kla_analysis.app.address import on_our_page
from kla_analysis.errors import KlaError, calling
from kla_analysis.language import money, read_money, t
from kla_analysis.showing.figure import Chart
from kla_analysis.showing.records import Shown, css, html


def _static(name: str) -> str:
    return (Path(__file__).parent / "static" / name).read_text(encoding="utf-8")


#: How the controls look on a page of our own, and how they are worked by keyboard and ear, wherever a notebook is shown.
STYLE = f"<style>{css()}{_static('app.css')}</style>"
SCRIPT = f"<script>{_static('app.js')}</script>"


def look() -> Any:
    """Return the looks of controls as a part of what is shown: dark where the page is.

    A page of our own follows the browser; JupyterLab has a theme, which its reader chose.
    """
    import ipywidgets as widgets

    if on_our_page():
        return widgets.HTML(STYLE)
    dark = r"@media screen and \(prefers-color-scheme: dark\) {\s*:root {([^}]*)}\s*}"
    themed = re.sub(dark, r'body[data-jp-theme-light="false"] {\1}', STYLE)
    return widgets.HTML(themed.replace("color-scheme: light dark;", ""))


#: Is told area, year and stage when somebody wants a report of a sheet that was saved.
Saved = Callable[[str, int, str], None]
#: How wide the names before controls are.
LABEL_WIDTH = "108px"
_KINDS = {
    "zip": "application/zip",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "yaml": "application/yaml",
}


class Controls:
    """A page of controls in a notebook.

    Attributes:
        widget: what the notebook shows.
        message: where it is said how something went, on pages that say it.
        unheard: whether controls are being set by the page itself, so that nobody answers for them.
    """

    widget: Any
    message: Any
    unheard = False

    def _ipython_display_(self) -> None:
        from IPython.display import HTML, display

        display(HTML(SCRIPT))
        display(self.widget)

    def control(self, kind: type, label: str, *, answer: Callable[[Any], None] | None = None, **options: Any) -> Any:
        """Make a labelled control as wide as its column; the page answers its changes, in `_moved` unless told."""
        import ipywidgets as widgets

        made = kind(
            description=label,
            layout=widgets.Layout(width="calc(100% - 6px)"),
            style={"description_width": LABEL_WIDTH},
            **options,
        )
        made.observe(answer or self._moved, "value")
        return made

    def _moved(self, change: Any) -> None:
        """Answer a change of a control."""

    def _button(self, name: str, do: Callable[[], None], *, primary: bool = False) -> Any:
        """Make a button as wide as its name; where what it does is refused, the page says so."""
        import ipywidgets as widgets

        style = "primary" if primary else ""
        made = widgets.Button(description=name, layout=widgets.Layout(width="auto"), button_style=style)
        made.on_click(lambda _: self._try(do))
        return made

    def _try(self, do: Callable[[], None]) -> None:
        """Do something; where it is refused, say why, in the words of this page."""
        try:
            with calling(self._words):
                do()
        except KlaError as error:
            self._refuse(error)

    def _refuse(self, error: KlaError) -> None:
        self._say(str(error))

    def _say(self, what: str, kind: str = "remark") -> None:
        self.message.value = status(what, kind)

    def _words(self, name: str, value: str) -> str:
        """Name a parameter, or a value of it, as this page does."""
        return value or name

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Set controls without answering for each of them."""
        before, self.unheard = self.unheard, True
        try:
            yield
        finally:
            self.unheard = before


class Chosen:
    """Choices that are added one by one and taken away by their own button.

    `value` is a list of what was chosen; with `amount` a dictionary to rupiah; with `groups` a list of
    tuples: two or more choices are gathered before they are added.
    """

    def __init__(
        self,
        label: str,
        adds: str,
        options: list[tuple[str, Any]],
        changed: Callable[[], None],
        *,
        amount: bool = False,
        groups: bool = False,
        say: Callable[[str], None] = lambda what: None,
    ) -> None:
        import ipywidgets as widgets

        self._names = {value: name for name, value in options}
        self._amount, self._groups, self._changed, self._say_ = amount, groups, changed, say
        self._value: Any = {} if amount else []
        wide = widgets.Layout(width="calc(100% - 6px)")
        style = {"description_width": LABEL_WIDTH}
        kind = widgets.SelectMultiple if groups else widgets.Dropdown
        extra = {"rows": 4} if groups else {}
        self.choice = kind(description=label, options=options, layout=wide, style=style, **extra)
        self.money = widgets.Text(
            description=t("paling banyak"), placeholder=t("200 juta"), continuous_update=False, layout=wide, style=style
        )
        self.add = widgets.Button(description=adds, tooltip=f"{adds}: {label}", layout=widgets.Layout(width="auto"))
        self.add.on_click(lambda _: self._added())
        self.chips = widgets.VBox([])
        rows = [self.choice, self.money] if amount else [self.choice]
        self.widget = widgets.VBox([*rows, self.add, self.chips])

    @property
    def value(self) -> Any:
        """What was chosen."""
        return self._value.copy()

    @value.setter
    def value(self, value: Any) -> None:
        self._value = value.copy()
        self._show()

    def offer(self, options: list[tuple[str, Any]]) -> None:
        """Offer other choices; what was chosen stays."""
        if dict(self.choice.options) != dict(options):
            self._names = {value: name for name, value in options}
            self.choice.options = options
            self._show()

    @property
    def shown(self) -> list[str]:
        """What was chosen, in words."""
        return [self._said(item) for item in self._value]

    def _said(self, item: Any) -> str:
        name = (
            "; ".join(self._names.get(each, each) for each in item)
            if self._groups
            else self._names.get(item, str(item))
        )
        return f"{name} ≤ {money(self._value[item])}" if self._amount else name

    def _added(self) -> None:
        chosen = self.choice.value
        if self._amount:
            try:
                self._value[chosen] = read_money(self.money.value)
            except ValueError as error:
                self._say_(str(error))
                return
            self.money.value = ""
        elif self._groups and len(chosen) < 2:
            return
        elif chosen not in self._value:
            self._value.append(tuple(chosen) if self._groups else chosen)
        self._show()
        self._changed()

    def _show(self) -> None:
        self.chips.children = [self._chip(item) for item in self._value]

    def _chip(self, item: Any) -> Any:
        import ipywidgets as widgets

        said = self._said(item)
        button = widgets.Button(
            description=f"✕ {said}", tooltip=t("Hapus {name}", name=said), layout=widgets.Layout(width="100%")
        )
        button.add_class("kla-long")

        def remove(_: Any) -> None:
            if self._amount:
                self._value.pop(item, None)
            else:
                self._value.remove(item)
            self._show()
            self._changed()

        button.on_click(remove)
        return button


class Doors:
    """Pages behind buttons: one is open at a time, each is made when it is first opened and stays as it is.

    Attributes:
        widget: the buttons, and under them the page that is open.
        pages: the pages that were made, by key; `known` are the keys of all.
    """

    def __init__(
        self,
        doors: Mapping[str, tuple[str, str, Callable[[], Controls]]],
        *,
        over: Mapping[str, str] = MappingProxyType({}),
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        """Hang the doors.

        Args:
            doors: by key the name of a page, what it is for, and what makes it; a page without a name has no button.
            over: by key what stands over a button, as long as no page is open.
            opened: is called whenever another page is open, or none.
        """
        import ipywidgets as widgets

        self._doors, self._over, self._opened = doors, over, opened
        self.known = doors.keys()
        self.pages: dict[str, Controls] = {}
        self.open_now = ""
        self.buttons = {
            key: widgets.Button(description=name, tooltip=hint, layout=widgets.Layout(width="auto"))
            for key, (name, hint, _) in doors.items()
            if name
        }
        for key, button in self.buttons.items():
            button.on_click(lambda _, key=key: self.open(key))
        self._cards = {key: widgets.VBox([]) for key in self.buttons}
        self._hang()
        self._place = widgets.VBox([], layout=widgets.Layout(width="100%"))
        row = widgets.Box(list(self._cards.values()), layout=widgets.Layout(flex_flow="row wrap", width="100%"))
        if any(hint for _, hint, _ in doors.values()):
            row.add_class("kla-doors")
        self.widget = widgets.VBox([row, self._place], layout=widgets.Layout(width="100%"))

    def open(self, key: str) -> Controls:
        """Open a page, and return it."""
        import ipywidgets as widgets

        self._turn(key)
        self._opened()
        if key not in self.pages:
            self._place.children = [widgets.HTML(status(t("Menyiapkan …"), kind="plain"))]
            self.pages[key] = self._doors[key][2]()
        self._place.children = [self.pages[key].widget]
        return self.pages[key]

    def close(self) -> None:
        """Go back to the doors; the pages stay as they are."""
        self._turn("")
        self._place.children = []
        self._opened()

    def _turn(self, key: str) -> None:
        if self.open_now in self.buttons:
            self.buttons[self.open_now].remove_class("kla-open")
        if key in self.buttons:
            self.buttons[key].add_class("kla-open")
        self.open_now = key
        self._hang()

    def _hang(self) -> None:
        """Hang the signs; who has gone in needs the room more than them."""
        import ipywidgets as widgets

        for key, card in self._cards.items():
            hint, over = self._doors[key][1], self._over.get(key, "")
            signs = bool(hint) and not self.open_now
            above = [widgets.HTML(f'<p class="kla-hint">{escape(over)}</p>')] if signs and over else []
            below = [widgets.HTML(f'<p class="kla-hint">{escape(hint)}</p>')] if signs else []
            card.children = [*above, self.buttons[key], *below]
            shown, other = ("kla-door", "kla-small") if signs else ("kla-small", "kla-door")
            card.remove_class(other).add_class(shown)


def status(what: str, kind: str = "remark") -> str:
    """Return a message as HTML that a screen reader tells at once; line by line, empty when there is nothing to say."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in what.splitlines() if line.strip())
    return (
        f'<div role="status" aria-live="polite">{f"""<div class="kla-{kind}">{lines}</div>""" if lines else ""}</div>'
    )


def part(shown: Shown) -> str:
    """Return what is shown as a part of a page: a chart as its picture, all else as the HTML of its record."""
    if not isinstance(shown, Chart):
        return html(shown.record())
    return f'<img src="{_address("png", shown.png())}" alt="{escape(shown.alt)}" style="max-width:640px;width:100%">'


def links(files: Mapping[str, bytes]) -> str:
    """Return a link to each file, its content inside."""
    return " ".join(
        f'<a class="kla-file" download="{escape(name)}" href="{_address(name.rsplit(".", 1)[-1], content)}">{escape(name)}</a>'
        for name, content in files.items()
    )


def _address(ending: str, content: bytes) -> str:
    return f"data:{_KINDS[ending]};base64,{base64.b64encode(content).decode()}"
