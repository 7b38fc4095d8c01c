"""What every page of controls shares: its looks, pictures and files that need no server, quiet changes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kla_analysis.presenting.canvas import Chart

#: How the controls look, wherever a notebook is shown.
STYLE = """<style>
.kla-app h3{font-size:1.05em;margin:.6em 0 .2em}
.kla-app h2{font-size:1.25em;line-height:1.3;margin:0 0 .3em;font-variant-numeric:tabular-nums}
.kla-app p{margin:.25em 0;line-height:1.45}
.kla-app .kla-remark{border-left:4px solid #a85400;padding:.3em .7em;background:#fff6ec}
.kla-app table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.95em}
.kla-app th,.kla-app td{padding:.25em .6em;border-bottom:1px solid #d5dce2;vertical-align:top}
.kla-app th,.kla-app td{line-height:1.35}
.kla-app .lm-TabBar-content{flex-wrap:wrap}
.kla-app .lm-TabBar-tab{flex:0 0 auto!important;min-width:max-content!important}
.kla-app .number{text-align:right;white-space:nowrap}
.kla-app caption{font-weight:600;padding:.3em 0}
.kla-app .kla-source{color:#52606d;font-size:.85em}
.kla-app .kla-scroll{overflow-x:auto}
.kla-app .kla-badge{color:#a85400;border:1px solid #a85400;border-radius:3px;padding:0 .3em;font-size:.8em}
.kla-app .widget-label{color:#1b2733}
.kla-app a.kla-file{display:inline-block;margin:.2em .8em .2em 0}
.kla-app :focus-visible{outline:3px solid #a85400;outline-offset:1px}
</style>"""
#: How wide the names before controls are.
LABEL_WIDTH = "96px"
_KINDS = {
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
        from IPython.display import display

        display(self.widget)

    def control(self, kind: type, label: str, **options: Any) -> Any:
        """Make a labelled control as wide as its column; the page answers its changes in `_moved`."""
        import ipywidgets as widgets

        made = kind(
            description=label,
            layout=widgets.Layout(width="calc(100% - 6px)"),
            style={"description_width": LABEL_WIDTH},
            **options,
        )
        made.observe(self._moved, "value")
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
