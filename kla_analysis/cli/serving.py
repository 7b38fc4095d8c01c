"""Commands that open pages: start, app, lab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from kla_analysis.cli.kit import FILE, app, lang_option, telling
from kla_analysis.language import current_language, t


def _serves(port: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of everything that opens pages."""

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        for option in (
            lang_option,
            click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan."),
            click.option("--no-browser", is_flag=True, help="Jangan buka peramban."),
            click.option(
                "--port", type=click.IntRange(1, 65535), default=port, show_default=True, help="Port di mesin ini."
            ),
        ):
            command = option(command)
        return command

    return wrap


_ends_idle_tabs = click.option(
    "--idle", type=click.IntRange(1), default=600, show_default=True, help="Detik sampai tab yang ditutup diakhiri."
)


@app.command("app")
@click.option("--area", default="63.10", show_default=True, help="Kode wilayah.")
@click.option("--year", type=int, default=2022, show_default=True, help="Tahun penghargaan.")
@click.option("--target", default="", help="Predikat yang dituju; bila kosong, yang berikutnya.")
@click.option("--assessment", type=FILE, help="Lembar nilai sendiri (CSV).")
@click.option("--scenario", default="", help="Skenario untuk mulai: nama di data/scenarios atau berkas.")
@_serves(8866)
@_ends_idle_tabs
def app_command(
    area: str, year: int, target: str, assessment: Path | None, scenario: str, port: int, no_browser: bool, idle: int
) -> None:
    """Buka simulasi anggaran di peramban (Ctrl+C untuk menutup)."""
    from kla_analysis.app.serve import serve
    from kla_analysis.report.parameters import check_parameters

    parameters = check_parameters(
        {
            "area": area,
            "year": year,
            "target": target,
            "assessment": str(assessment.resolve()) if assessment else "",
            "scenario": scenario,
            "lang": current_language(),
        }
    )
    said = t("Simulasi anggaran di {address} (Ctrl+C untuk menutup).")
    serve(parameters, port=port, browser=not no_browser, idle=idle, say=telling(said))


@app.command()
@_serves(8867)
@_ends_idle_tabs
def start(port: int, no_browser: bool, idle: int) -> None:
    """Buka beranda di peramban: periksa data, buat laporan, coba anggaran (Ctrl+C untuk menutup)."""
    from kla_analysis.app.serve import serve_launcher

    said = t("Beranda di {address} (Ctrl+C untuk menutup).")
    serve_launcher(port=port, browser=not no_browser, idle=idle, say=telling(said))


@app.command()
@_serves(8888)
@click.option("--folder", type=FILE, help="Folder yang dibuka; bila kosong, salinan kerja di samping laporan.")
def lab(port: int, no_browser: bool, folder: Path | None) -> None:
    """Buka salinan kerja notebook di JupyterLab (Ctrl+C untuk menutup); yang asli dipakai laporan."""
    from kla_analysis.app.serve import open_lab
    from kla_analysis.report.notebooks import keep_copy, working_copy

    if folder is None:
        copy = working_copy()
        own = ", ".join(path.name for path in keep_copy(copy)) or "–"
        click.echo(
            t(
                "Salinan kerja: {folder}. Laporan memakai aslinya; milik Anda di sini, tidak ditimpa: {own}.",
                folder=copy,
                own=own,
            ),
            err=True,
        )
    said = t("JupyterLab di {address} (Ctrl+C untuk menutup).")
    open_lab(port=port, browser=not no_browser, folder=folder, say=telling(said))
