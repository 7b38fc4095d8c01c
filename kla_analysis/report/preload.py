"""What every report needs, loaded and done once: the process that reports are forked from imports this.

Nothing else may import it: it takes seconds, and keeps memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib

from matplotlib import font_manager
from matplotlib.backends.registry import backend_registry

from kla_analysis.errors import KlaError
from kla_analysis.language import current_language, language
from kla_analysis.report import build, pdf
from kla_analysis.report.parameters import ReportParameters

# mallopt's names for: what is freed at the end of the heap is given back from here on; larger pieces get a place
# of their own. Large arrays come and go, and to fetch fresh pages for each cost a notebook a third of its time.
_GIVE_BACK, _OF_ITS_OWN, _KEPT = -1, -3, 256 * 2**20
# What is loaded only once a cell runs.
_LATER = (
    "IPython.core.completerlib",
    "IPython.core.magics.pylab",
    "SALib.analyze.sobol",
    "SALib.sample.sobol",
    "highspy",
    "matplotlib.backends.backend_agg",
    "matplotlib.patheffects",
    "papermill",
    "pikepdf",
    "pptx",
    "psutil",
    "resource",
    "seaborn",
    "kla_analysis.showing.board",
    "kla_analysis.showing.plan",
    "kla_analysis.showing.forecast",
)
with contextlib.suppress(AttributeError):  # another C library
    for _option in (_GIVE_BACK, _OF_ITS_OWN):
        ctypes.CDLL(None).mallopt(_option, _KEPT)
for _name in _LATER:
    importlib.import_module(_name)
backend_registry.resolve_backend("inline")
pdf._compiler()
# A project whose own data are refused says so when a report is asked for, not here. The rehearsal's language is its own.
with contextlib.suppress(KlaError), language(current_language()):
    build.rehearse(ReportParameters())
# matplotlib lets every child close the font files that are open here; then rather none is.
with contextlib.suppress(AttributeError):
    font_manager._get_font.cache_clear()  # type: ignore[attr-defined]
# What is loaded stays for ever: the collector needs not touch it, nor copy its pages, in any child.
gc.collect()
gc.freeze()
