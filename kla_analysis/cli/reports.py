"""Commands that make reports: report, batch, schedule, notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kla_analysis.cli.kit import (
    FILE,
    answers_in_json,
    app,
    lang_option,
    mail,
    position_record,
    print_json,
    run_options,
    runs_reports,
    with_least_share,
)
from kla_analysis.errors import KernelError, KlaError, NotebookError, OutputError, ParameterError
from kla_analysis.files import why_not
from kla_analysis.language import LANGUAGES, current_language, number, t


@app.command()
@click.option("--area", default="63.10", show_default=True, help="Kode wilayah.")
@click.option("--year", type=int, default=2022, show_default=True, help="Tahun penghargaan.")
@click.option("--stage", default="", help="Tahap penilaian; bila kosong, tahap terakhir yang ada.")
@click.option("--target", default="", help="Predikat yang dituju; bila kosong, yang berikutnya.")
@click.option("--cluster", default="all", show_default=True, help="Satu komponen (misalnya K2) atau all.")
@click.option(
    "--retention",
    type=float,
    default=0.0,
    help="Bagian nilai mandiri yang bertahan; bila 0, dari kasus yang terbit.",
)
@click.option("--assessment", type=FILE, help="Lembar nilai sendiri (CSV).")
@click.option("--scenario", default="", help="Skenario anggaran: nama di data/scenarios atau berkas, dipisah koma.")
@with_least_share
@click.option("--out", help="Folder atau alamat laporan; bila kosong, reports/<wilayah>/<tahun>.")
@click.option(
    "--also-in",
    type=click.Choice(LANGUAGES),
    help="Juga dalam bahasa ini, di folder sebelahnya; tiap halaman bertaut ke padanannya.",
)
@runs_reports
@answers_in_json
def report(assessment: Path | None, out: str | None, also_in: str | None, as_json: bool, **options: Any) -> None:
    """Buat laporan lengkap.

    Satu halaman HTML per notebook dan halaman ringkasan di depannya. Laporan yang masukannya tidak berubah
    tidak dibuat lagi.
    """
    from kla_analysis.report.parameters import ReportParameters, begin, check_parameters

    asked = {name: value for name, value in options.items() if name in ReportParameters.model_fields}
    parameters = check_parameters(
        {**asked, "assessment": str(assessment) if assessment else "", "lang": current_language()}
    )
    # Refuse an unknown area, year or sheet before the slow libraries are even loaded.
    position = begin(**parameters.model_dump())
    click.echo(
        t(
            "Membuat laporan {area} {year} (kira-kira seperempat menit).",
            area=position.area.name,
            year=parameters.year,
        ),
        err=True,
    )
    from kla_analysis.project import find_project
    from kla_analysis.runs.notices import Failure
    from kla_analysis.runs.runner import run_report

    try:
        done = run_report(
            parameters,
            out=out,
            also_in=also_in or "",
            progress=lambda line: click.echo(line, err=True),
            **run_options(options),
        )
    except (NotebookError, KernelError) as error:
        folder = out or find_project().reports / parameters.area / str(parameters.year)
        mail([Failure(parameters, error.exit_code, str(error), Path(folder))])
        raise
    if as_json:
        print_json(
            {
                **position_record(position, position.target),
                "status": done.status,
                "index": done.index,
                "seconds": round(done.seconds, 1),
            }
        )
    elif done.status == "unchanged":
        click.echo(t("Tidak ada yang berubah; laporan tetap. Buka: {path}", path=done.index))
    else:
        click.echo(
            t("Selesai dalam {seconds} detik. Buka: {path}", seconds=number(done.seconds, decimals=1), path=done.index)
        )


@app.command()
@click.option("--out", type=FILE, required=True, help="Folder baru untuk salinannya.")
@answers_in_json
def notebooks(out: Path, as_json: bool) -> None:
    """Salin notebook untuk dijelajahi, dalam bahasa yang dipilih."""
    from kla_analysis.report.notebooks import write_copy

    files = write_copy(out)
    if as_json:
        print_json({"lang": current_language(), "files": [str(path) for path in files]})
    else:
        click.echo(t("Ditulis: {files}.", files=", ".join(path.name for path in files)))


def _counted(done: Any) -> str:
    """Say how a batch went."""
    return t(
        "{done} dibuat, {unchanged} tidak berubah, {failed} gagal, {nothing} tanpa data, dalam {seconds} detik. "
        "Buka: {index}",
        nothing=len(done.without_data),
        seconds=number(done.seconds, decimals=1),
        index=done.index,
        **done.counts,
    )


@app.group()
@lang_option
def schedule() -> None:
    """Jadwal: laporan yang dibuat sendiri, dari satu berkas TOML."""


@schedule.command("example")
@lang_option
def schedule_example() -> None:
    """Tulis contoh berkas jadwal ke layar."""
    from kla_analysis.runs.schedule import example

    click.echo(example(), nl=False)


@schedule.command("print")
@click.argument("file", type=FILE)
@click.option("--cron", "kind", flag_value="cron", help="Baris untuk crontab.")
@click.option("--systemd", "kind", flag_value="systemd", help="Unit service dan timer.")
@click.option("--windows", "kind", flag_value="windows", help="XML untuk Task Scheduler.")
@click.option("--out", type=FILE, help="Tulis berkasnya ke folder ini; bila kosong, ke layar.")
@click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan.")
@lang_option
def schedule_print(file: Path, kind: str | None, out: Path | None) -> None:
    """Cetak apa yang perlu dipasang agar jadwal FILE berjalan sendiri."""
    from kla_analysis.runs import timers
    from kla_analysis.runs.schedule import check, load_schedule

    if kind is None:
        raise ParameterError(t("Sebutkan penjadwalnya."), advice=t("Tulis --cron, --systemd, atau --windows."))
    plan = load_schedule(file)
    check(plan)
    files = timers.files(plan, kind)
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            if out is not None:
                (out / name).write_text(text, encoding="utf-8", newline="\n")
            else:
                click.echo((f"# {name}\n" if len(files) > 1 else "") + text, nl=False)
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=out, why=why_not(error)),
            advice=t("Pilih folder lain."),
        ) from error
    click.echo(timers.installation(plan, kind), err=True)


@schedule.command("run")
@click.argument("file", type=FILE)
@answers_in_json
def schedule_run(file: Path, as_json: bool) -> None:
    """Buat laporan jadwal FILE yang belum ada atau sudah berubah, dan kabarkan yang gagal."""
    from kla_analysis.runs import schedule as schedules

    try:
        plan = schedules.load_schedule(file)
    except KlaError as error:
        if problem := schedules.refused(file, error):
            click.echo(problem, err=True)
        raise
    schedules.accepted(plan)
    done = schedules.run(plan, say=lambda line: None if as_json else click.echo(line))
    if as_json:
        print_json(
            {
                **done.batch.counts,
                "failures": [
                    {"area": one.parameters.area, "exit_code": one.exit_code, "error": one.error}
                    for one in done.failures
                ],
                "mailed": done.mailed,
                "mail_problem": done.mail_problem,
            }
        )
    else:
        click.echo(_counted(done.batch))
        for one in done.failures:
            click.echo(f"{one.about}: {one.error}", err=True)
        if done.mail_problem:
            click.echo(done.mail_problem, err=True)
    if done.batch.exit_code:
        raise click.exceptions.Exit(done.batch.exit_code)


@app.command()
@click.option("--areas", default="all", show_default=True, help="all, kode dipisah koma, atau berkas berisi kode.")
@click.option("--year", "years", type=int, multiple=True, default=(2022,), show_default=True, help="Boleh berulang.")
@click.option(
    "--target", "targets", multiple=True, default=("",), help="Boleh berulang; bila kosong, predikat berikutnya."
)
@click.option("--cluster", "clusters", multiple=True, default=("all",), show_default=True, help="Boleh berulang.")
@click.option("--stage", default="", help="Tahap penilaian; bila kosong, tahap terakhir yang ada.")
@click.option("--retention", type=float, default=0.0, help="Bagian nilai mandiri yang bertahan.")
@click.option("--scenario", default="", help="Skenario anggaran: nama di data/scenarios atau berkas, dipisah koma.")
@click.option("--sheets", type=FILE, help="Folder lembar nilai: <wilayah>/<tahun>-<tahap>.csv.")
@click.option("--out", help="Folder atau alamat semua laporan; bila kosong, reports/.")
@click.option("--jobs", type=click.IntRange(1), help="Berapa laporan sekaligus; bila kosong, sebanyak inti prosesor.")
@click.option("--only-failed", is_flag=True, help="Hanya yang gagal atau terhenti pada kali terakhir.")
@click.option("--dask", metavar="ALAMAT", default="", help="Penjadwal dask.distributed yang mengerjakannya.")
@runs_reports
@answers_in_json
def batch(
    areas: str,
    years: tuple[int, ...],
    targets: tuple[str, ...],
    clusters: tuple[str, ...],
    sheets: Path | None,
    out: str | None,
    jobs: int | None,
    only_failed: bool,
    dask: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Buat laporan banyak daerah.

    Yang sudah ada dan tidak berubah dilewati; sesudah terhenti, perintah yang sama melanjutkan.
    """
    import os

    from kla_analysis.runs.batch import ALL, plan_jobs, read_areas, run_batch
    from kla_analysis.runs.notices import Failure

    same = {name: options[name] for name in ("stage", "retention", "scenario")} | {"lang": current_language()}
    planned = plan_jobs(read_areas(areas), years=years, targets=targets, clusters=clusters, sheets=sheets, **same)
    done = run_batch(
        planned,
        out=out,
        workers=jobs or os.cpu_count() or 1,
        only_failed=only_failed,
        skip_without_data=areas == ALL,
        dask=dask,
        progress=lambda line: click.echo(line, err=True),
        **run_options(options),
    )
    mail(
        [
            Failure(one.parameters, one.exit_code, f"{one.why} {one.advice}".strip(), Path(one.folder))
            for one in done.outcomes
            if one.status == "failed"
        ]
    )
    if as_json:
        print_json(
            {
                **done.counts,
                "without_data": len(done.without_data),
                "index": done.index,
                "workbook": done.workbook,
                "seconds": round(done.seconds, 1),
                "exit_code": done.exit_code,
                "reports": [outcome.record() for outcome in done.outcomes],
            }
        )
    else:
        click.echo(_counted(done))
    if done.exit_code:
        raise click.exceptions.Exit(done.exit_code)
