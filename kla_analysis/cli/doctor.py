"""The doctor behind `kla check`: is everything here that a report needs, and what to do if not."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from kla_analysis.errors import KernelError, KlaError, OutputError, ParameterError
from kla_analysis.files import why_not
from kla_analysis.language import t
from kla_analysis.project import Project, find_project


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `advice` is empty when it is in order."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    exit_code: int = 0


def examine() -> list[Finding]:
    """Look at the packages, the folders, the kernel, every table and every sheet."""
    findings = [_packages()]
    try:
        project = find_project()
    except KlaError as error:
        return [*findings, _from_error(t("Folder proyek"), error)]
    findings.append(Finding(t("Folder proyek"), True, str(project.root)))
    findings += [_try(name, look, project) for name, look in _LOOKS()]
    findings.append(_try(t("Surel kegagalan"), _mail, project))
    findings += _sheets(project)
    return findings


def _LOOKS() -> list[tuple[str, Callable[[Project], str]]]:
    return [
        (t("Notebook"), _notebooks),
        (t("Folder laporan"), _reports_folder),
        (t("Kernel Python"), _kernel),
        (t("Tabel data"), _tables),
        (t("Instrumen"), _instruments),
        (t("Mitra rapat koordinasi"), _partners),
    ]


def _try(name: str, look: Callable[[Project], str], project: Project) -> Finding:
    try:
        return Finding(name, True, look(project))
    except KlaError as error:
        return _from_error(name, error)


def _from_error(name: str, error: KlaError) -> Finding:
    detail = "; ".join([error.what, *(str(problem) for problem in error.problems[:5])])
    return Finding(name, False, detail, error.advice, error.exit_code)


def _packages() -> Finding:
    missing = []
    for requirement in requires("kla-analysis") or []:
        if "extra ==" in requirement:
            continue
        name = requirement.split(";")[0].split("[")[0]
        for sign in "<>=!~ (":
            name = name.split(sign)[0]
        try:
            version(name)
        except PackageNotFoundError:
            missing.append(name)
    python = t("Python {version}", version=platform.python_version())
    if missing:
        return Finding(
            t("Pustaka"),
            False,
            t("{python}; tidak ada: {names}", python=python, names=", ".join(missing)),
            t("Jalankan make report sekali lagi, atau conda env update -f environment.yml."),
            2,
        )
    return Finding(t("Pustaka"), True, t("{python}, semua pustaka terpasang", python=python))


def _notebooks(project: Project) -> str:
    found = sorted(path.name for path in project.notebooks.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise ParameterError(
            t("tidak ada notebook di {path}", path=project.shown(project.notebooks)),
            advice=t("Pulihkan folder notebooks dari salinan proyek yang utuh."),
        )
    return ", ".join(found)


def _reports_folder(project: Project) -> str:
    try:
        project.reports.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=project.reports, prefix=".kla-"):
            pass
    except OSError as error:
        raise OutputError(
            t("tidak dapat ditulis: {why}", why=why_not(error)),
            advice=t("Beri izin tulis, atau isi KLA_REPORTS dengan folder lain."),
        ) from error
    return t("{path} dapat ditulis", path=project.shown(project.reports) or os.fspath(project.reports))


def _kernel(project: Project) -> str:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        return KernelSpecManager().get_kernel_spec("python3").display_name
    except NoSuchKernel:
        raise KernelError(t("kernel python3 tidak ada"), advice=t("Pasang ipykernel di lingkungan ini.")) from None


def _mail(project: Project) -> str:
    from kla_analysis.runs.notices import mail_settings

    settings = mail_settings()
    if settings is None:
        return t("tidak diatur (KLA_SMTP_HOST kosong)")
    return t("ke {to} lewat {host}:{port}", to=", ".join(settings.to), host=settings.host, port=settings.port)


def _tables(project: Project) -> str:
    from kla_analysis.evidence.contradictions import load_contradictions
    from kla_analysis.reading import read_resource, resources

    load_contradictions(data=project.data)
    rows = {path: len(read_resource(path, project.data)) for path in resources(project.data)}
    return t("{tables} tabel, {rows} baris, semuanya sesuai skemanya", tables=len(rows), rows=sum(rows.values()))


def _instruments(project: Project) -> str:
    from kla_analysis.instrument.instrument import load_instrument

    loaded = [
        load_instrument(path.parent.name, data=project.data)
        for path in sorted((project.data / "instruments").glob("*/instrument.yaml"))
    ]
    return "; ".join(
        t(
            "{id}: {components} komponen, {indicators} indikator, {questions} pertanyaan",
            id=one.id,
            components=len(one.components),
            indicators=len(one.indicators),
            questions=len(one.questions),
        )
        for one in loaded
    )


def _partners(project: Project) -> str:
    """Load every list of partners of an area."""
    from kla_analysis.evidence.partners import load_partners

    areas = sorted(path.stem for path in (project.data / "partners").glob("*.csv"))
    for area in areas:
        load_partners(area, "", data=project.data)
    return t("{count} daerah: {areas}", count=len(areas), areas=", ".join(areas) or "–")


def _sheets(project: Project) -> Iterator[Finding]:
    """Load every sheet, so that a broken one is found before the night's run does."""
    from kla_analysis.analysis.scoring import roll_up
    from kla_analysis.evidence.assessment import list_rounds, load_assessment, rules_of

    def look(path: Path) -> Callable[[Project], str]:
        def total(project: Project) -> str:
            rules = rules_of(path, data=project.data)
            rolled = roll_up(load_assessment(path, rules, data=project.data), rules)
            return t("{total} poin, {name}", total=str(rolled.total), name=rolled.placement.name)

        return total

    for folder in sorted((project.data / "assessments").glob("*")):
        for path in list_rounds(folder.name, data=project.data)["path"]:
            yield _try(t("Lembar {file}", file=project.shown(path)), look(path), project)
