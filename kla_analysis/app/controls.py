"""What every page of controls shares: its looks, pictures and files that need no server, quiet changes."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from kla_analysis.language import t

if TYPE_CHECKING:
    from kla_analysis.showing.figure import Chart


#: How the controls look, wherever a notebook is shown.
STYLE = """<style>
.kla-app h3,.kla-app .kla-card h3{font-size:1.05em;font-weight:600;margin:.6em 0 .2em}
.kla-app h2{font-size:1.25em;line-height:1.3;margin:0 0 .3em;font-variant-numeric:tabular-nums}
.kla-app p{margin:.25em 0;line-height:1.45}
.kla-app .kla-remark{border-left:4px solid #a85400;padding:.3em .7em;background:#fff6ec}
.kla-app table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.95em}
.kla-app th,.kla-app td{padding:.25em .6em;border-bottom:1px solid #d5dce2;vertical-align:top}
.kla-app th,.kla-app td{line-height:1.35}
.kla-app .lm-TabBar-content{flex-wrap:wrap}
.kla-app .lm-TabBar-tab{flex:0 0 auto!important;min-width:max-content!important}
.kla-app .number{text-align:right;white-space:nowrap}
.kla-app thead .number{white-space:normal}
.kla-app caption{font-weight:600;padding:.3em 0}
.kla-app .kla-source{color:#52606d;font-size:.85em}
.kla-app .kla-scroll{overflow-x:auto}
.kla-app .kla-badge{color:#a85400;border:1px solid #a85400;border-radius:3px;padding:0 .3em;font-size:.8em}
.kla-app .widget-label{color:#1b2733}
.kla-app .kla-good{border-left:4px solid #1f6f4a;padding:.3em .7em;background:#eef7f1}
.kla-app h1{font-size:clamp(1.25em,4.2vw,1.7em);line-height:1.25;margin:.3em 0 .6em}
.kla-app .kla-door{flex:1 1 180px;min-width:160px;max-width:360px;margin:0 8px 4px 0}
.kla-app .kla-small{flex:1 1 130px;min-width:130px;max-width:240px;margin:0 8px 4px 0}
.kla-app .kla-door button,.kla-app .kla-small button{height:auto;min-height:44px;white-space:normal;line-height:1.3;padding:.3em .6em}
.kla-app .kla-doors>.kla-small{flex-basis:90px;min-width:90px}
.kla-app .kla-door button,.kla-app .kla-doors>.kla-small button{font-weight:600}
.kla-app .kla-hint{color:#52606d;font-size:.9em;line-height:1.35}
.kla-app .widget-html,.kla-app .widget-html-content{max-width:100%}
.kla-app a{color:#0b4ea2;text-decoration:underline}
.kla-app .kla-problem,.kla-app .kla-card{border-bottom:1px solid #d5dce2;padding:.3em 0 .5em}
.kla-app summary{cursor:pointer;padding:.3em 0}
.kla-app button.kla-open{background:#1f4e79;color:#fff}
.kla-app a.kla-file{display:inline-block;margin:.2em .8em .2em 0}
.kla-app .jupyter-widget-Collapse-header,.kla-app .lm-TabBar-tabLabel{color:#1b2733}
.kla-app :is(.widget-html-content,select,input){min-width:0}
.kla-app.kla-app.kla-app :focus-visible{outline:3px solid #a85400!important;outline-offset:1px}
</style>"""
#: What ipywidgets leaves out for those who work by keyboard or ear: the name of a slider's handle, the
#: folds of an accordion as buttons, and that a new answer is read aloud. Widgets come late, so it watches.
SCRIPT = """<script>
(() => {
  if (window.klaManners) return;
  const all = (what, mend) => document.querySelectorAll(`.kla-app ${what}`).forEach(mend);
  const mend = () => {
    all(".noUi-handle:not([aria-label])", handle => {
      const label = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label");
      if (label?.textContent) handle.setAttribute("aria-label", label.textContent);
    });
    all(".jupyter-widget-Collapse-header", header => {
      const open = String(header.parentElement.classList.contains("jupyter-widget-Collapse-open"));
      if (header.getAttribute("aria-expanded") === open) return;
      header.setAttribute("aria-expanded", open);
      header.setAttribute("role", "button");
      header.tabIndex = 0;
      header.onkeydown = pressed => {
        if (pressed.key !== "Enter" && pressed.key !== " ") return;
        pressed.preventDefault();
        header.click();
      };
    });
    all('.widget-label[title="null"]', label => label.removeAttribute("title"));
    all(".kla-said:not([aria-live])", said => said.setAttribute("aria-live", "polite"));
  };
  window.klaManners = new MutationObserver(mend);
  window.klaManners.observe(document.body, {childList: true, subtree: true, attributeFilter: ["class"]});
  mend();
})();
</script>"""
#: How wide the names before controls are.
LABEL_WIDTH = "96px"
_KINDS = {
    "zip": "application/zip",
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
        unheard: whether controls are being set by the page itself, so that nobody answers for them.
    """

    widget: Any
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

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Set controls without answering for each of them."""
        before, self.unheard = self.unheard, True
        try:
            yield
        finally:
            self.unheard = before


class Doors:
    """Pages behind buttons: one is open at a time, each is made when it is first opened and stays as it is.

    Attributes:
        widget: the buttons, and under them the page that is open.
        pages: the pages that were made, by key.
    """

    def __init__(self, doors: Mapping[str, tuple[str, str, Callable[[], Controls]]]) -> None:
        """Hang the doors.

        Args:
            doors: by key the name of a page, what it is for, and what makes it.
        """
        import ipywidgets as widgets

        self._doors = doors
        self.pages: dict[str, Controls] = {}
        self.open_now = ""
        self.buttons = {
            key: widgets.Button(description=name, tooltip=hint, layout=widgets.Layout(width="auto"))
            for key, (name, hint, _) in doors.items()
        }
        self._cards = []
        for key, (_, hint, _) in doors.items():
            button = self.buttons[key]
            button.on_click(lambda _, key=key: self.open(key))
            said = [widgets.HTML(f'<p class="kla-hint">{escape(hint)}</p>')] if hint else []
            self._cards.append(widgets.VBox([button, *said]))
            self._cards[-1].add_class("kla-door" if hint else "kla-small")
        self._place = widgets.VBox([], layout=widgets.Layout(width="100%"))
        row = widgets.Box(self._cards, layout=widgets.Layout(flex_flow="row wrap", width="100%"))
        if any(hint for _, hint, _ in doors.values()):
            row.add_class("kla-doors")
        self.widget = widgets.VBox([row, self._place], layout=widgets.Layout(width="100%"))

    def open(self, key: str) -> Controls:
        """Open a page, and return it."""
        import ipywidgets as widgets

        if self.open_now:
            self.buttons[self.open_now].remove_class("kla-open")
        else:  # who has gone in needs the room more than the signs
            for card in self._cards:
                card.children = card.children[:1]
                card.remove_class("kla-door").add_class("kla-small")
        self.buttons[key].add_class("kla-open")
        self.open_now = key
        if key not in self.pages:
            self._place.children = [widgets.HTML(status(t("Menyiapkan …"), kind="plain"))]
            self.pages[key] = self._doors[key][2]()
        self._place.children = [self.pages[key].widget]
        return self.pages[key]


def status(what: str, kind: str = "remark") -> str:
    """Return a message as HTML that a screen reader tells at once; line by line, empty when there is nothing to say."""
    lines = "".join(f"<p>{escape(line)}</p>" for line in what.splitlines() if line.strip())
    return (
        f'<div role="status" aria-live="polite">{f"""<div class="kla-{kind}">{lines}</div>""" if lines else ""}</div>'
    )


class Picture:
    """A chart as a part of a page."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart

    def _repr_html_(self) -> str:
        address = _address("png", self.chart.png())
        return f'<img src="{address}" alt="{escape(self.chart.alt)}" style="max-width:640px;width:100%">'


def links(files: Mapping[str, bytes]) -> str:
    """Return a link to each file, its content inside."""
    return " ".join(
        f'<a class="kla-file" download="{escape(name)}" href="{_address(name.rsplit(".", 1)[-1], content)}">{escape(name)}</a>'
        for name, content in files.items()
    )


def _address(ending: str, content: bytes) -> str:
    return f"data:{_KINDS[ending]};base64,{base64.b64encode(content).decode()}"
