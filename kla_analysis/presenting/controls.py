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
        from IPython.display import HTML, display

        display(HTML(SCRIPT))
        display(self.widget)

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
