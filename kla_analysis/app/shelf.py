"""The shelf: the finished reports, how they are opened from a page, and what changed with the last one."""

from __future__ import annotations

import datetime
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from kla_analysis.app.choices import target_name
from kla_analysis.app.controls import part
from kla_analysis.errors import KlaError
from kla_analysis.evidence.areas import find_area, zone_of
from kla_analysis.language import LANGUAGE_NAMES, current_language, moment, money, t
from kla_analysis.project import find_project
from kla_analysis.report import changes, exports, html, results
from kla_analysis.report.manifest import (
    MANIFEST,
    Manifest,
    badge_in_words,
    doubts_in_words,
    predicate_in_words,
    read_manifest,
    total_in_words,
)
from kla_analysis.report.store import place_at
from kla_analysis.runs import notices

#: Where a server of ours hands out the reports folder, empty where it can not; without one, links lead from the
#: notebook's own folder.
FILES = "KLA_FILES"
_DOCUMENTS = "|".join(map(re.escape, (exports.BRIEF, exports.SLIDES, exports.PDF, exports.EXCEL, results.FILE)))
#: What a server may hand out of the reports folder: pages and documents of finished reports, and nothing else that lies there.
HANDED_OUT = (
    rf"(?:(?:contoh|(?:\d\d\.\d\d|reference)/\d{{4}}(?:-[a-z]{{2}})?(?: \(\d+\))?)/(?:[a-z0-9][a-z0-9_-]*\.html|{_DOCUMENTS})"
    r"|(?:\d\d\.\d\d|reference)/\d{4}(?:-[a-z]{2})?-gagal\.html|index\.html|ringkasan\.xlsx)"
)


@dataclass(frozen=True)
class Made:
    """A finished report: its folder, and what it was made from."""

    folder: Path
    manifest: Manifest

    @property
    def sample(self) -> bool:
        """Whether it is the sample that comes with the project."""
        return self.folder.parent == find_project().reports

    @property
    def name(self) -> str:
        """Whose report it is."""
        about = self.manifest.parameters
        sample = t("Contoh") + ": " if self.sample else ""
        lang = about.get("lang", current_language())
        tongue = "" if lang == current_language() else f" ({LANGUAGE_NAMES[lang]})"
        return f"{sample}{self.manifest.figures.get('area', '')} {about.get('year', '')}{tongue}"


def shelf() -> list[Made]:
    """Return the finished reports, newest first."""
    reports = find_project().reports
    found = [
        Made(path.parent, manifest)
        for pattern in (f"*/{MANIFEST}", f"*/*/{MANIFEST}")
        for path in reports.glob(pattern)
        if not any(part.startswith(".") for part in path.relative_to(reports).parts)
        and (manifest := read_manifest(path.read_bytes())) is not None
    ]
    return sorted(found, key=lambda made: made.manifest.created, reverse=True)


def failed() -> list[Path]:
    """Return the pages about attempts that failed where no report was ever made, by name."""
    reports = find_project().reports
    return sorted(
        page
        for page in reports.glob("*/*-gagal.html")
        if not (page.parent / page.stem.removesuffix("-gagal") / MANIFEST).is_file()
    )


def at(folder: str | Path) -> Made | None:
    """Return the finished report in a folder; None when there is none."""
    path = Path(folder)
    manifest = read_manifest((path / MANIFEST).read_bytes()) if (path / MANIFEST).is_file() else None
    return Made(path, manifest) if manifest is not None else None


def address(path: Path) -> str:
    """Return the address under which a page can link to a file of the reports folder; empty where it can not."""
    prefix = os.environ.get(FILES)
    if prefix == "":
        return ""
    if prefix is None:
        return quote(Path(os.path.relpath(path)).as_posix())
    return prefix + quote(path.relative_to(find_project().reports).as_posix())


def card(made: Made, *, opened: bool = False) -> str:
    """Return a finished report as HTML: whose it is, its files, and what changed.

    Args:
        opened: show what changed at once, not only when somebody asks.
    """
    about = made.manifest.parameters
    when = moment(datetime.datetime.strptime(made.manifest.created, "%Y-%m-%dT%H:%M:%SZ"), zone_of(about["area"]))
    files = {html.INDEX: t("Buka laporan"), exports.PDF: "PDF", exports.EXCEL: "Excel"}
    shown = " ".join(
        f'<a class="kla-file" href="{escape(address(made.folder / file))}" target="_blank" rel="noopener" '
        f'aria-label="{escape(f"{name}: {made.name}")}">{escape(name)}</a>'
        for file, name in files.items()
        if file in made.manifest.outputs
    )
    if not address(made.folder):
        shown = escape(str(made.folder / html.INDEX))
    facts = t(
        "Nilai {total}, {predicate}; target {target}. Dibuat {when}.",
        total=total_in_words(made.manifest.figures),
        predicate=predicate_in_words(made.manifest.figures),
        target=made.manifest.figures.get("target") or target_name(about.get("target", ""), about.get("year")),
        when=when,
    )
    if made.manifest.figures.get("plan_cost") is not None:
        cost = money(made.manifest.figures["plan_cost"])
        facts += " " + (
            t("Rencana {cost}, biaya dari katalog contoh.", cost=cost)
            if made.manifest.figures.get("example_costs")
            else t("Rencana {cost}.", cost=cost)
        )
    facts = " ".join((facts, *doubts_in_words(made.manifest.figures)))
    word = badge_in_words(made.manifest.figures)
    badge = f'<strong class="kla-badge">{escape(word)}</strong> ' if word else ""
    return (
        f'<div class="kla-card"><h3>{escape(made.name)}</h3><p>{badge}{escape(facts)}</p>{_newer_failed(made.folder)}'
        f"<p>{shown}</p>{_changed(made, opened)}</div>"
    )


def failure(page: Path) -> str:
    """Return an attempt that failed, where no report was ever made, as HTML."""
    code, year = page.parent.name, page.stem[:4]
    with suppress(KlaError):
        code = find_area(code).name
    said = escape(t("{area} {year}: laporan belum jadi; percobaan terakhir gagal.", area=code, year=year))
    return f'<div class="kla-card"><p class="kla-remark">{said}{_why(page)}</p></div>'


def _newer_failed(folder: Path) -> str:
    """Say that a later attempt failed; the page about it is taken away by the next that succeeds."""
    page = notices.page_of(folder)
    if not page.is_file():
        return ""
    said = escape(t("Percobaan yang lebih baru gagal; laporan ini yang terakhir utuh."))
    return f'<p class="kla-remark">{said}{_why(page)}</p>'


def _why(page: Path) -> str:
    where = address(page)
    return f' <a href="{escape(where)}" target="_blank" rel="noopener">{escape(t("Mengapa"))}</a>' if where else ""


def _changed(made: Made, opened: bool) -> str:
    found = changes.changes_at(place_at(made.folder, find_project()))
    if found is None:
        return ""
    said = part(changes.in_words(found))
    if found.moves:
        said += f'<div class="kla-scroll">{part(changes.table(found))}</div>'
    mark = " open" if opened else ""
    return f"<details{mark}><summary>{escape(t('Apa yang berubah'))}</summary>{said}</details>"
