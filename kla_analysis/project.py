"""Where the project's folders are: found from its root, overridden by argument or environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kla_analysis.errors import DataError
from kla_analysis.language import t

_MARK = Path("data") / "datapackage.json"


@dataclass(frozen=True)
class Project:
    """The folders of one checkout."""

    root: Path
    data: Path
    reports: Path
    notebooks: Path

    def report_notebooks(self) -> list[Path]:
        """Return the notebooks of a report, in the order of their numbers."""
        return sorted(self.notebooks.glob("[0-9][0-9]_*.ipynb"))

    def working_notebooks(self) -> list[Path]:
        """Return the notebooks that people work in: those of a report, the cookbook, and the launcher."""
        more = (self.notebooks / f"{name}.ipynb" for name in ("buku_resep", "beranda"))
        return [*self.report_notebooks(), *(path for path in more if path.is_file())]

    def shown(self, path: Path) -> str:
        """Write a path relative to the root, with forward slashes, or only its name if outside."""
        try:
            return path.resolve().relative_to(self.root).as_posix()
        except ValueError:
            return path.name


def find_project(root: str | Path | None = None) -> Project:
    """Find the project: `root`, then `KLA_HOME`, then upwards from here, then beside the package.

    `KLA_DATA` and `KLA_REPORTS` move the data and the reports elsewhere.

    Raises:
        DataError: no folder with `data/datapackage.json` was found.
    """
    here = Path.cwd()
    named = root or os.environ.get("KLA_HOME")
    candidates = [Path(named)] if named else [here, *here.parents, Path(__file__).resolve().parent.parent]
    for candidate in candidates:
        if (candidate / _MARK).is_file():
            base = candidate.resolve()
            data = Path(os.environ.get("KLA_DATA") or base / "data").resolve()
            if not (data / _MARK.name).is_file():
                raise DataError(
                    t("KLA_DATA tidak menunjuk folder data: {mark} tidak ada di sana.", mark=_MARK.name),
                    advice=t("Perbaiki atau kosongkan variabel KLA_DATA."),
                )
            return Project(
                root=base,
                data=data,
                reports=Path(os.environ.get("KLA_REPORTS") or base / "reports").resolve(),
                notebooks=base / "notebooks",
            )
    raise DataError(
        t("Folder proyek tidak ditemukan: {mark} tidak ada.", mark=_MARK.as_posix()),
        advice=t("Jalankan dari folder proyek, atau isi variabel lingkungan KLA_HOME dengan alamat folder itu."),
    )
