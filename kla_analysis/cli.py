"""The command `kla`: the same answers as the notebooks, for terminals and for machines."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kla_analysis import terminal
from kla_analysis.errors import (
    KernelError,
    KlaError,
    NotebookError,
    OutputError,
    ParameterError,
    call_as_command,
    did_you_mean,
    nearest,
)
from kla_analysis.files import SCARCE
from kla_analysis.language import LANGUAGES, VARIABLE, current_language, money, number, t, use_language

_FILE = click.Path(path_type=Path)
#: The signals by which a process is asked to end, beside Ctrl+C.
_ASKED = [getattr(signal, name) for name in ("SIGTERM", "SIGBREAK", "SIGHUP") if hasattr(signal, name)]


class _Formatter(click.HelpFormatter):
    """Help in the reader's language: click's own words translated with ours."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, t("Pemakaian:") + " ")

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        with super().section({"Options": t("Pilihan"), "Commands": t("Perintah")}.get(name, name)):
            yield

    def write_dl(self, rows: Any, *args: Any, **kwargs: Any) -> None:
        words = {"Show this message and exit.": t("Tampilkan bantuan ini."), "[default: ": f"[{t('bawaan')}: "}
        said = []
        for name, text in rows:
            for theirs, ours in words.items():
                text = text.replace(theirs, ours)
            said.append((name, text))
        super().write_dl(said, *args, **kwargs)


class _Context(click.Context):
    formatter_class = _Formatter


class _Command(click.Command):
    context_class = _Context


class _Group(click.Group):
    context_class = _Context
    command_class = _Command
    group_class = type


# The language is chosen before click reads anything, so that what click says is in it too.
_lang_option = click.option("--lang", type=click.Choice(LANGUAGES), expose_value=False, help="Bahasa keluaran.")


def _answers_in_json(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all commands share."""
    for option in (
        _lang_option,
        click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan."),
        click.option("--json", "as_json", is_flag=True, help="Keluaran JSON untuk mesin."),
    ):
        command = option(command)
    return command


def _runs_reports(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of everything that runs notebooks."""
    for option in (
        click.option("--memory", type=click.IntRange(512), default=4096, show_default=True, help="MB per proses."),
        click.option("--timeout", type=click.IntRange(1), default=3600, show_default=True, help="Detik per laporan."),
        click.option("--cell-timeout", type=click.IntRange(1), default=600, show_default=True, help="Detik per sel."),
        click.option("--force", is_flag=True, help="Buat lagi, walaupun tidak ada yang berubah."),
    ):
        command = option(command)
    return command


def _run_options(given: dict[str, Any]) -> dict[str, Any]:
    """Turn those options into what the runner takes."""
    from kla_analysis.reporting.runner import Limits

    limits = Limits(cell=given["cell_timeout"], total=given["timeout"], memory_mb=given["memory"])
    return {"force": given["force"], "limits": limits}


def _mail(failures: list[Any]) -> None:
    """Tell the failure list, where the environment names one."""
    from kla_analysis.reporting.failure import mail_about

    problem = mail_about(failures)
    if problem:
        click.echo(problem, err=True)


_with_instrument = functools.partial(
    click.option, "--instrument", help="Instrumen (folder di data/instruments); bila kosong, yang berlaku."
)()

_with_least_share = functools.partial(
    click.option,
    "--least-share",
    type=float,
    default=0.0,
    help="Periksa bagian terkecil dari maksimum tiap indikator, misalnya 0.5; bila 0, tidak diperiksa.",
)()


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(
    package_name="kla-analysis", prog_name="kla", message="%(prog)s %(version)s", help="Tampilkan versi."
)
@_lang_option
def app() -> None:
    """Kabupaten/Kota Layak Anak: dari lembar nilai ke predikat, kelemahan, dan jarak ke target."""


def main() -> None:
    """Run the command; every expected failure ends in words and with its own exit code."""
    terminal.guard()
    as_json = "--json" in sys.argv
    for asked in _ASKED:
        # Who starts a command with nohup wants it to outlive the terminal.
        if signal.getsignal(asked) != signal.SIG_IGN:
            signal.signal(asked, _terminated)
    threading.Thread(target=_obey, args=(_signals(),), daemon=True).start()
    try:
        code = _run()
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        code = 0
    except (click.Abort, KeyboardInterrupt) as stop:
        click.echo(t("Dihentikan."), err=True)
        code = getattr(stop.__cause__ or stop, "exit_code", 130)
    except BrokenPipeError:  # who reads has read enough, such as head
        code = 141
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        code = _told(_in_words(error), as_json)
    _end(code)


def _told(error: KlaError, as_json: bool) -> int:
    """Tell an error where it is waited for, else where people look; return its code in any case."""
    for way in (as_json, False):
        with contextlib.suppress(OSError):
            return _fail(error, way)
    return error.exit_code


def _run() -> int:
    """Run the command that was asked for, where it can be run at all."""
    use_language(_asked_language())
    call_as_command()
    if sys.flags.optimize > 1:
        raise ParameterError(
            t("Python dijalankan dengan PYTHONOPTIMIZE=2, yang membuang teks program ini."),
            advice=t("Kosongkan variabel PYTHONOPTIMIZE, lalu ulangi."),
        )
    _require_room()
    try:
        os.getcwd()
    except OSError:
        raise ParameterError(
            t("Folder kerja ini sudah tidak ada."), advice=t("Pindah ke folder lain dengan cd, lalu ulangi.")
        ) from None
    _speak(app)
    return app.main(prog_name="kla", standalone_mode=False) or 0


#: Bytes of address space below which the numeric libraries end the process in words of their own.
_LEAST = 512 * 2**20


def _require_room() -> None:
    """Refuse to begin where the system grants less memory than it takes to load the libraries."""
    with contextlib.suppress(ImportError):
        import resource

        granted, _ = resource.getrlimit(resource.RLIMIT_AS)
        if granted != resource.RLIM_INFINITY and granted < _LEAST:
            raise KernelError(
                t("Proses ini hanya diberi {granted} MB memori, perlu {least} MB.", granted=granted // 2**20,
                  least=_LEAST // 2**20),
                advice=t("Longgarkan batasnya (ulimit -v), lalu ulangi."),
            )  # fmt: skip


def _end(code: int) -> None:
    """End with this code, but with that of a failed output where what was said can not be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            code = code or OutputError.exit_code
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                with contextlib.suppress(OSError):
                    click.echo(str(_in_words(error)), err=True)
            # Python flushes once more at its end, and would fail in its own words.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(code)


def _in_words(error: Exception) -> KlaError:
    """Put what nobody has put into words yet: something is scarce, can not be written, or a mistake of ours."""
    if isinstance(error, KlaError):
        return error
    if isinstance(error, click.UsageError):
        return ParameterError(_usage_in_words(error), advice=_usage_advice(error))
    scarce = isinstance(error, MemoryError | ImportError) or "start new thread" in str(error)
    if scarce or (isinstance(error, OSError) and error.errno in SCARCE):
        return KernelError(
            t("Mesin ini kekurangan memori, proses, atau berkas terbuka ({why}).", why=_short(error)),
            advice=t("Tutup program lain, atau longgarkan batasnya (ulimit), lalu ulangi."),
        )
    if isinstance(error, OSError):
        name = Path(os.fsdecode(error.filename)).name if isinstance(error.filename, str | bytes) else t("Keluaran")
        return OutputError(
            t("{path} tidak dapat dibuka atau ditulis: {why}.", path=name, why=error.strerror or _short(error)),
            advice=t("Periksa nama, izin, dan sisa ruang cakram, lalu ulangi."),
        )
    return KlaError(
        t("Kesalahan dalam program: {what}.", what=_short(error)), advice=t("Ulangi dengan --debug untuk rinciannya.")
    )


def _short(error: Exception) -> str:
    said = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


#: Seconds that a command may take to end in good order once it is asked to.
_PATIENCE = 7


def _signals() -> socket.socket:
    """Return a line on which the number of every signal comes, at once, whatever this process is busy with."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(end is ours)
    signal.set_wakeup_fd(theirs.detach(), warn_on_full_buffer=False)
    return ours


def _obey(line: socket.socket) -> None:
    """End this process and all that it has started where it does not end by itself: a solver hears no signal."""
    while (number := line.recv(1)[0]) not in (signal.SIGINT, *_ASKED):
        pass
    time.sleep(_PATIENCE)
    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    os._exit(128 + number)


class _Terminated(KeyboardInterrupt):
    """Somebody asks this process to end; it ends what it has started first, as with Ctrl+C."""

    def __init__(self, number: int) -> None:
        self.exit_code = 128 + number


def _terminated(number: int, *_: object) -> None:
    raise _Terminated(number)


def _asked_language() -> str:
    """Return the language that was asked for: `--lang`, else the environment's, else Indonesian."""
    words = sys.argv[1:]
    asked = [after for word, after in itertools.pairwise(words) if word == "--lang"]
    asked += [word.partition("=")[2] for word in words if word.startswith("--lang=")]
    asked.append(os.environ.get(VARIABLE) or LANGUAGES[0])
    if asked[0] not in LANGUAGES:
        raise ParameterError(t("Bahasa “{name}” tidak ada.", name=asked[0]), advice=did_you_mean(asked[0], LANGUAGES))
    return asked[0]


def _speak(command: click.Command) -> None:
    """Put what a command and all below it say of themselves into the language in force."""
    command.help = t(inspect.cleandoc(command.help))
    command.options_metavar = t("[PILIHAN]...")
    kinds = {
        "text": t("TEKS"),
        "integer": t("BILANGAN"),
        "integer range": t("BILANGAN"),
        "float": t("ANGKA"),
        "path": t("BERKAS"),
    }
    for param in command.params:
        if isinstance(param, click.Option):
            param.help = t(param.help)
        if param.metavar:
            param.metavar = t(param.metavar)
        elif not getattr(param, "is_flag", False):
            param.metavar = kinds.get(param.type.name)
    if isinstance(command, click.Group):
        command.subcommand_metavar = t("PERINTAH [ISIAN]...")
        for below in command.commands.values():
            _speak(below)


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
@click.option("--assessment", type=_FILE, help="Lembar nilai sendiri (CSV).")
@click.option("--scenario", default="", help="Skenario anggaran: nama di data/scenarios atau berkas, dipisah koma.")
@_with_least_share
@click.option("--out", help="Folder atau alamat laporan; bila kosong, reports/<wilayah>/<tahun>.")
@_runs_reports
@_answers_in_json
def report(
    area: str,
    year: int,
    stage: str,
    target: str,
    cluster: str,
    retention: float,
    assessment: Path | None,
    scenario: str,
    least_share: float,
    out: str | None,
    as_json: bool,
    **running: Any,
) -> None:
    """Buat laporan lengkap.

    Satu halaman HTML per notebook dan halaman ringkasan di depannya. Laporan yang masukannya tidak berubah
    tidak dibuat lagi.
    """
    from kla_analysis.reporting.parameters import begin, check_parameters

    parameters = check_parameters(
        {
            "area": area,
            "year": year,
            "stage": stage,
            "target": target,
            "cluster": cluster,
            "lang": current_language(),
            "retention": retention,
            "assessment": str(assessment) if assessment else "",
            "scenario": scenario,
            "least_share": least_share,
        }
    )
    # Refuse an unknown area, year or sheet before the slow libraries are even loaded.
    position = begin(**parameters.model_dump())
    click.echo(
        t("Membuat laporan {area} {year} (kira-kira seperempat menit).", area=position.area.name, year=year), err=True
    )
    from kla_analysis.project import find_project
    from kla_analysis.reporting.failure import Failure
    from kla_analysis.reporting.runner import run_report

    try:
        done = run_report(
            parameters, out=out, progress=lambda line: click.echo(line, err=True), **_run_options(running)
        )
    except (NotebookError, KernelError) as error:
        folder = out or find_project().reports / parameters.area / str(parameters.year)
        _mail([Failure(parameters, error.exit_code, str(error), Path(folder))])
        raise
    if as_json:
        _print_json(
            {
                **_position_record(position, position.target),
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
@click.argument("file", type=_FILE, metavar="BERKAS")
@_with_instrument
@click.option("--missing", default="range", show_default=True, help="Jawaban kosong: range, zero, atau refuse.")
@_with_least_share
@_answers_in_json
def score(file: Path, instrument: str | None, missing: str, least_share: float, as_json: bool) -> None:
    """Hitung nilai total dan predikat sebuah lembar."""
    from kla_analysis.analysis.conditions import below_share
    from kla_analysis.analysis.position import open_position
    from kla_analysis.analysis.target import aim
    from kla_analysis.evidence.assessment import load_assessment, rules_of
    from kla_analysis.instrument.instrument import standing_name
    from kla_analysis.presenting.summary import surety_in_words
    from kla_analysis.presenting.tables import score_of
    from kla_analysis.presenting.wording import least_share_in_words
    from kla_analysis.reporting.results import forecast_of

    rules = rules_of(file, instrument)
    sheet = load_assessment(file, rules)
    # The report's own position: the same file gives the same numbers everywhere.
    position = open_position(
        sheet.area_code, sheet.award_year, stage=sheet.stage, assessment=file, instrument=rules.id, missing=missing
    )
    result = position.roll_up
    below = below_share(result, least_share) if least_share else None
    if as_json:
        _print_json(
            {
                **_placement_record(result.placement),
                "total": result.total.low if result.total.is_exact else None,
                "total_low": result.total.low,
                "total_high": result.total.high,
                "area_code": sheet.area_code,
                "award_year": sheet.award_year,
                "stage": sheet.stage,
                "instrument": rules.id,
                "standing": sheet.origin.standing,
                "illustrative": sheet.origin.illustrative,
                "missing_policy": result.missing_policy,
                "missing": list(result.missing),
                "unknown_points": result.unknown_points,
                "components": {
                    code: row["low"] if row["answers"] else None for code, row in result.components.iterrows()
                },
                "components_high": result.components["high"].to_dict(),
                "forecast": forecast_of(position),
                **({"below_least_share": _below_record(below)} if below is not None else {}),
            }
        )
        return
    click.echo(f"{sheet.shown}: {sheet.area_code}, {sheet.award_year}, {rules.stage(sheet.stage).name}, {rules.id}")
    for code, row in result.components.iterrows():
        shown = score_of(row["low"], row["high"], row["answers"])
        shown = shown if isinstance(shown, str) else number(shown)
        click.echo(f"  {code:3} {shown:>13} / {number(row['max_points']):>5}  {row['name']}")
    total = rules.ladder.written(result.total)
    click.echo(t("Total {total} dari {maximum}", total=total, maximum=number(rules.ladder.max_total)))
    if not result.total.is_exact:
        click.echo(t("Bila yang kosong tidak bernilai:"))
    _echo_placement(result.placement, rules.ladder)
    if not result.total.is_exact:
        click.echo(
            t("Bila semua butir kosong terjawab penuh: {name}.", name=rules.ladder.place(result.total.high).name)
        )
    click.echo(result.missing_in_words())
    click.echo(repr(surety_in_words(position, aim(position))))
    if below is not None:
        click.echo(repr(least_share_in_words(below, least_share)))
        for code, row in below.iterrows():
            shown = score_of(row["low"], row["high"], row["answers"])
            shown = shown if isinstance(shown, str) else number(shown)
            click.echo(f"  {code:3} {shown:>13} / {number(row['max_points']):>5}  {row['name']}")
    click.echo(
        t("Status angka: {standing}.", standing=standing_name(sheet.origin.standing))
        + (f" {sheet.origin.note}" if sheet.origin.illustrative else "")
    )


@app.command("forecast")
@click.option("--stage", required=True, help="Tahap nilai itu, misalnya self_assessment.")
@click.option("--score", required=True, help="Nilai total pada tahap itu.")
@click.option("--year", type=int, required=True, help="Tahun penghargaan.")
@click.option("--area", help="Kode wilayah: penghargaan sebelumnya dicari di fakta yang terbit.")
@click.option("--previous", help="Predikat satu putaran sebelumnya, misalnya madya atau none.")
@click.option("--verified-by", help="Siapa yang memverifikasi; bila kosong, yang bertugas tahun itu.")
@_with_instrument
@_answers_in_json
def forecast_command(
    stage: str,
    score: str,
    year: int,
    area: str | None,
    previous: str | None,
    verified_by: str | None,
    instrument: str | None,
    as_json: bool,
) -> None:
    """Prakirakan penghargaan dari sebuah nilai: peluang tiap predikat."""
    from kla_analysis.analysis.forecast import forecast
    from kla_analysis.instrument.instrument import load_instrument
    from kla_analysis.presenting.forecasting import forecast_record, forecast_told

    rules = load_instrument(instrument, year=year)
    told = forecast(_score(score), stage, rules, year=year, area=area, previous=previous, verified_by=verified_by)
    if as_json:
        _print_json(forecast_record(told, rules))
        return
    click.echo(repr(forecast_told(told, rules)))


# Without this, click would read the minus of a negative score as an option.
@app.command(context_settings={"ignore_unknown_options": True})
@click.argument("score", metavar="NILAI")
@_with_instrument
@_answers_in_json
def band(score: str, instrument: str | None, as_json: bool) -> None:
    """Sebutkan predikat sebuah nilai total."""
    from kla_analysis.instrument.instrument import load_instrument

    ladder = load_instrument(instrument).ladder
    placement = ladder.place(_score(score))
    if as_json:
        _print_json({**_placement_record(placement), "total": placement.score})
    else:
        _echo_placement(placement, ladder)


@app.command()
@click.argument("file", type=_FILE, metavar="[BERKAS]", required=False)
@click.option("--reference", is_flag=True, help="Periksa lembar rujukan.")
@_with_instrument
@_answers_in_json
def audit(file: Path | None, reference: bool, instrument: str | None, as_json: bool) -> None:
    """Periksa angka tercetak sebuah lembar.

    Maksimum dan nilai tercetak dibandingkan dengan jumlah di bawahnya, di setiap tingkat.
    """
    from kla_analysis.evidence.areas import REFERENCE_CODE
    from kla_analysis.evidence.assessment import find_sheet, list_rounds, rules_of
    from kla_analysis.evidence.audit import audit as run_audit
    from kla_analysis.instrument.instrument import level_name
    from kla_analysis.presenting.wording import audit_in_words

    if reference == (file is not None):
        raise ParameterError(
            t("Sebutkan satu lembar."), advice=t("Tulis kla audit BERKAS, atau kla audit --reference.")
        )
    path = file or find_sheet(REFERENCE_CODE, int(list_rounds(REFERENCE_CODE)["award_year"].max()))
    rules = rules_of(path, instrument)
    sheet = _any_sheet(path, rules)
    found = run_audit(sheet, rules)
    if as_json:
        rows = found.rows.reset_index().astype(object)
        _print_json(
            {
                "file": found.shown,
                "totals": found.totals,
                "maxima": found.maxima,
                "adds_up": found.adds_up,
                "indicators_that_do_not_add_up": list(found.indicators_that_do_not_add_up),
                "components_that_do_not_add_up": list(found.components_that_do_not_add_up),
                "rows": rows.where(rows.notna(), None).to_dict("records"),
            }
        )
        return
    click.echo(repr(audit_in_words(found, own=sheet.area_code != REFERENCE_CODE)))
    for (level, code), row in found.rows[~found.rows["adds_up"]].iterrows():
        click.echo(
            "  "
            + t(
                "{code} ({level}): maksimum {pm} tercetak, {sm} dihitung; nilai {ps} tercetak, {ss} dihitung, "
                "{qs} dari jawaban; {stake} poin dipertaruhkan",
                code=code,
                level=t("total") if level == "total" else level_name(level),
                stake=number(row["at_stake"]),
                pm=number(row["printed_max"]),
                sm=number(row["summed_max"]),
                ps=number(row["printed_score"]),
                ss=number(row["summed_score"]),
                qs=number(row["questions_score"]),
            )
        )


@app.command()
@click.argument("scenarios", nargs=-1, metavar="[SKENARIO]...")
@click.option("--area", help="Kode wilayah.  [default: 63.10]")
@click.option("--year", type=int, help="Tahun penghargaan.  [default: 2022]")
@click.option("--stage", help="Tahap penilaian; bila kosong, tahap terakhir yang ada.")
@click.option("--assessment", type=_FILE, help="Lembar nilai sendiri (CSV).")
@click.option("--target", help="Predikat yang dituju; bila kosong, yang berikutnya.")
@click.option(
    "--goal", help="points: poin terbanyak; target: biaya termurah; certainty: biaya termurah yang cukup pasti."
)
@click.option("--budget", help="Pagu seluruhnya, misalnya “600 juta”.")
@click.option("--certainty", type=float, help="Peluang yang diminta, misalnya 0.8.")
@click.option("--retention", type=float, help="Bagian nilai mandiri yang bertahan.")
@click.option("--catalogue", help="Katalog kegiatan: nama di data/actions, atau folder.")
@click.option("--cost", help="Biaya yang dipakai: low, likely, atau high.")
@click.option("--acceptance", help="Penerimaan verifikator: full, low, likely, atau high.")
@click.option("--agency", "agencies", multiple=True, help="Pagu perangkat daerah: “Dinkes=200 juta”.")
@click.option("--source", "funding_sources", multiple=True, help="Pagu sumber dana: “APBD=1 miliar”.")
@click.option("--spend-year", "years", multiple=True, help="Pagu tahun anggaran: “2026=400 juta”.")
@click.option("--component", "components", multiple=True, help="Poin sedikitnya: “K2=100”.")
@click.option("--must", multiple=True, help="Kegiatan yang wajib ada.")
@click.option("--must-not", multiple=True, help="Kegiatan yang tidak boleh ada.")
@click.option("--either-or", multiple=True, help="Paling banyak satu dari: “A01,A02”.")
@click.option("--exactly-one", multiple=True, help="Tepat satu dari: “A01,A02”.")
@click.option(
    "--budgets", multiple=True, help="Anggaran yang mungkin turun dan bobotnya, untuk urutannya: “600 juta=0,3”."
)
@click.option("--time-limit", type=float, help="Detik untuk mencari.")
@click.option("--compare", metavar="SKENARIO", help="Bandingkan dengan skenario lain.")
@click.option("--save", type=_FILE, help="Simpan skenario ini (YAML).")
@_answers_in_json
def plan(
    scenarios: tuple[str, ...],
    compare: str | None,
    save: Path | None,
    assessment: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Cari rencana kegiatan terbaik.

    SKENARIO: nama di data/scenarios atau berkas YAML; beberapa skenario ditumpuk. Pilihan di bawah ini
    mengganti isinya. Tanpa apa pun: biaya termurah menuju predikat berikutnya.
    """
    from kla_analysis.analysis.position import open_position
    from kla_analysis.planning.scenario import check_scenario, load_scenario, read_budgets, stack
    from kla_analysis.planning.simulation import Simulator, difference
    from kla_analysis.presenting.plan_wording import difference_in_words, plan_in_words, plan_lines, plan_note

    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("agencies", "funding_sources", "years", "components"):
        if name in given:
            given[name] = dict(_pair(text) for text in given[name])
    for name in ("either_or", "exactly_one"):
        if name in given:
            given[name] = [[code.strip() for code in group.split(",")] for group in given[name]]
    if "budgets" in given:
        given["budgets"] = read_budgets(";".join(given["budgets"]))
    asked = stack([load_scenario(name) for name in scenarios])
    asked = check_scenario({**asked.model_dump(exclude_unset=True), **given})
    position = open_position(
        asked.area or "63.10", asked.year or 2022, stage=asked.stage or None, assessment=assessment
    )
    simulator = Simulator(position)
    answer = simulator.run(asked)
    other = simulator.run(load_scenario(compare)) if compare else None
    if save:
        try:
            save.write_text(asked.to_yaml(), encoding="utf-8", newline="\n")
        except OSError as error:
            raise OutputError(
                t("{path} tidak dapat ditulis: {why}.", path=save, why=error.strerror or error),
                advice=t("Pilih berkas lain."),
            ) from error
    if as_json:
        record = answer.record()
        if other is not None:
            record["compared_with"] = other.record()
            record["difference"] = difference(answer, other).reset_index().to_dict("records")
        _print_json(record)
    else:
        click.echo(repr(plan_in_words(answer)))
        click.echo(plan_note(answer))
        for line in plan_lines(answer):
            click.echo("  " + line)
        if other is not None:
            click.echo(repr(difference_in_words(answer, other)))
        if save:
            click.echo(t("Skenario disimpan di {path}.", path=save))
    if answer.plan.status == "infeasible":
        raise click.exceptions.Exit(1)


@app.command("app")
@click.option("--area", default="63.10", show_default=True, help="Kode wilayah.")
@click.option("--year", type=int, default=2022, show_default=True, help="Tahun penghargaan.")
@click.option("--target", default="", help="Predikat yang dituju; bila kosong, yang berikutnya.")
@click.option("--assessment", type=_FILE, help="Lembar nilai sendiri (CSV).")
@click.option("--scenario", default="", help="Skenario untuk mulai: nama di data/scenarios atau berkas.")
@click.option("--port", type=click.IntRange(1, 65535), default=8866, show_default=True, help="Port di mesin ini.")
@click.option("--no-browser", is_flag=True, help="Jangan buka peramban.")
@click.option(
    "--idle", type=click.IntRange(1), default=600, show_default=True, help="Detik sampai tab yang ditutup diakhiri."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan.")
@_lang_option
def app_command(
    area: str, year: int, target: str, assessment: Path | None, scenario: str, port: int, no_browser: bool, idle: int
) -> None:
    """Buka simulasi anggaran di peramban (Ctrl+C untuk menutup)."""
    from kla_analysis.reporting.app import serve
    from kla_analysis.reporting.parameters import check_parameters

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
    serve(parameters, port=port, browser=not no_browser, idle=idle, say=_telling(said))


@app.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8867, show_default=True, help="Port di mesin ini.")
@click.option("--no-browser", is_flag=True, help="Jangan buka peramban.")
@click.option(
    "--idle", type=click.IntRange(1), default=600, show_default=True, help="Detik sampai tab yang ditutup diakhiri."
)
@click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan.")
@_lang_option
def start(port: int, no_browser: bool, idle: int) -> None:
    """Buka beranda di peramban: periksa data, buat laporan, coba anggaran (Ctrl+C untuk menutup)."""
    from kla_analysis.reporting.app import serve_launcher

    said = t("Beranda di {address} (Ctrl+C untuk menutup).")
    serve_launcher(port=port, browser=not no_browser, idle=idle, say=_telling(said))


def _telling(said: str) -> Callable[[str], None]:
    """Return a function that says where a server is, once it is there."""
    return lambda address: click.echo(said.format(address=address), err=True)


@app.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8888, show_default=True, help="Port di mesin ini.")
@click.option("--no-browser", is_flag=True, help="Jangan buka peramban.")
@click.option("--folder", type=_FILE, help="Folder yang dibuka; bila kosong, salinan kerja di samping laporan.")
@click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan.")
@_lang_option
def lab(port: int, no_browser: bool, folder: Path | None) -> None:
    """Buka salinan kerja notebook di JupyterLab (Ctrl+C untuk menutup); yang asli dipakai laporan."""
    from kla_analysis.reporting.app import open_lab
    from kla_analysis.reporting.notebooks import keep_copy, working_copy

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
    open_lab(port=port, browser=not no_browser, folder=folder, say=_telling(said))


@app.command()
@click.option("--out", type=_FILE, required=True, help="Folder baru untuk salinannya.")
@_answers_in_json
def notebooks(out: Path, as_json: bool) -> None:
    """Salin notebook untuk dijelajahi, dalam bahasa yang dipilih."""
    from kla_analysis.reporting.notebooks import write_copy

    files = write_copy(out)
    if as_json:
        _print_json({"lang": current_language(), "files": [str(path) for path in files]})
    else:
        click.echo(t("Ditulis: {files}.", files=", ".join(path.name for path in files)))


@app.group()
@_lang_option
def actions() -> None:
    """Katalog kegiatan: buat contoh isian, atau periksa."""


@actions.command()
@click.argument("folder", type=_FILE)
@_with_instrument
@_answers_in_json
def template(folder: Path, instrument: str | None, as_json: bool) -> None:
    """Tulis katalog kecil yang sah, untuk diisi kegiatan daerah Anda."""
    from kla_analysis.instrument.instrument import load_instrument
    from kla_analysis.planning.actions import write_template

    files = write_template(folder, load_instrument(instrument))
    if as_json:
        _print_json({"files": [str(path) for path in files]})
    else:
        click.echo(t("Ditulis: {files}.", files=", ".join(path.name for path in files)))
        click.echo(t("Isi actions.csv dan answers.csv, lalu: kla actions check {folder}", folder=folder))


@actions.command("check")
@click.argument("catalogue", default="contoh")
@_with_instrument
@_answers_in_json
def check_actions(catalogue: str, instrument: str | None, as_json: bool) -> None:
    """Periksa katalog; semua yang salah disebut sekaligus."""
    from kla_analysis.instrument.instrument import load_instrument, standing_name
    from kla_analysis.planning.actions import instrument_of, load_catalogue

    rules = load_instrument(instrument or instrument_of(catalogue))
    found = load_catalogue(catalogue, rules)
    counts = {"actions": len(found.actions), "answers": len(found.answers)}
    if as_json:
        _print_json({"id": found.id, **counts, "cost_likely": int(found.actions["cost_likely"].sum())})
    else:
        click.echo(
            t(
                "{title}: {actions} kegiatan, {answers} jawaban, biaya {cost}. Status: {standing}.",
                title=found.title,
                cost=money(found.actions["cost_likely"].sum()),
                standing=standing_name(found.standing),
                **counts,
            )
        )


@app.command()
@_answers_in_json
def check(as_json: bool) -> None:
    """Periksa lingkungan dan data."""
    from kla_analysis.reporting.doctor import examine

    findings = examine()
    if as_json:
        _print_json({"ok": all(f.ok for f in findings), "findings": [f.__dict__ for f in findings]})
    else:
        for finding in findings:
            click.echo(f"{'✓' if finding.ok else '✗'} {finding.name}: {finding.detail}")
            if finding.advice:
                click.echo(f"    → {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(max(finding.exit_code for finding in findings))


def _pair(text: str) -> tuple[str, str]:
    """Split “Dinkes=200 juta” into its name and value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(
            t("“{text}” tidak dimengerti.", text=text), advice=t("Tulis nama=nilai, misalnya “Dinkes=200 juta”.")
        )
    return name.strip(), value.strip()


def _score(text: str) -> float:
    """Read a score that a person typed: decimal point or decimal comma, never a guess."""
    cleaned = text.strip()
    if re.fullmatch(r"-?\d{1,3}\.\d{3}", cleaned):
        raise ParameterError(
            t("“{text}” bermakna ganda: ribuan atau desimal?", text=text),
            advice=t("Tulis tanpa pemisah ribuan, misalnya 1000 atau 650.5."),
        )
    try:
        # Python alone would read 7_0 as 70.
        return float(re.sub(r"^(-?\d+),(\d+)$", r"\1.\2", cleaned).replace("_", "?"))
    except ValueError:
        raise ParameterError(
            t("“{text}” bukan angka.", text=text), advice=t("Tulis nilai total seperti 650.5 atau 650,5.")
        ) from None


def _below_record(below: Any) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            **{name: row[name] for name in ("low", "high", "max_points", "short")},
            "certain": bool(row["certain"]),
        }
        for code, row in below.iterrows()
    ]


def _placement_record(placement: Any) -> dict[str, Any]:
    return {
        "predicate": placement.predicate,
        "in_gap": placement.in_gap,
        "at_disputed_bound": placement.at_disputed_bound,
        "points_to_next": placement.points_to_next,
        "next_predicate": placement.next_predicate,
        "remarks": list(placement.remarks),
    }


def _position_record(position: Any, target: str) -> dict[str, Any]:
    ladder = position.instrument.ladder
    gap = ladder.points_to(target, position.span)
    return {
        **_placement_record(ladder.place(position.span.low)),
        "total": position.span.low if position.span.is_exact else None,
        "total_low": position.span.low,
        "total_high": position.span.high,
        "target": target,
        "points_to_target_low": gap.low,
        "points_to_target_high": gap.high,
        "illustrative": position.illustrative,
        "standing": position.standing,
    }


def _echo_placement(placement: Any, ladder: Any) -> None:
    click.echo(t("{score} poin: {name}", score=ladder.written(placement.score), name=placement.name))
    if placement.points_to_next is not None:
        click.echo(
            t(
                "Kurang {points} poin ke {next}.",
                points=number(placement.points_to_next, beside=(0,)),
                next=placement.next_name,
            )
        )
    for remark in placement.remarks:
        click.echo("! " + remark)


def _print_json(record: dict[str, Any]) -> None:
    # Escaped to ASCII, so that it arrives whole on a terminal of any code page.
    click.echo(json.dumps(record, indent=2, default=float))


def _fail(error: KlaError, as_json: bool) -> int:
    if as_json:
        _print_json(
            {
                "error": error.what,
                "advice": error.advice,
                "exit_code": error.exit_code,
                "problems": [problem.as_record() for problem in error.problems],
            }
        )
    else:
        click.echo(str(error), err=True)
    return error.exit_code


def _usage_in_words(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        return t("Pilihan “{name}” tidak dikenal.", name=error.option_name)
    if isinstance(error, click.MissingParameter):
        name = error.param.opts[-1] if isinstance(error.param, click.Option) else error.param.make_metavar(error.ctx)
        return t("“{name}” belum diisi.", name=name)
    if isinstance(error, click.BadParameter):
        return t(
            "Nilai untuk “{name}” tidak dapat dipakai: {why}",
            why=_wanted(error.param.type),
            name=error.param.opts[-1] if error.param else "",
        )
    if isinstance(error, click.BadOptionUsage):
        return t("Pilihan “{name}” kurang nilainya, atau diberi nilai padahal tidak perlu.", name=error.option_name)
    if (wrong := _unknown_command(error)) is not None:
        return t("Perintah “{name}” tidak ada.", name=wrong)
    # click names what is left over in brackets at the end of its own sentence.
    if left := re.search(r"\((.+)\)\W*$", error.message):
        return t("Terlalu banyak isian: {names}.", names=left[1])
    return t("Perintah tidak lengkap.")


def _wanted(kind: click.ParamType) -> str:
    """Say what an option takes."""
    if isinstance(kind, click.IntRange):
        if kind.max is None:
            return t("isi bilangan bulat, sedikitnya {min}.", min=kind.min)
        return t("isi bilangan bulat dari {min} sampai {max}.", min=kind.min, max=kind.max)
    return t("isi bilangan bulat.") if kind is click.INT else t("isi angka, misalnya 0.8.")


def _unknown_command(error: click.UsageError) -> str | None:
    """Return the name of a command that does not exist, if that is what went wrong."""
    if error.ctx is None or error.ctx.command is not app:
        return None
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    return words[0] if words and words[0] not in app.commands else None


def _usage_advice(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        options = [name for param in error.ctx.command.params for name in param.opts]
        if near := nearest(error.option_name, options):
            return t("Mungkin maksud Anda “{name}”?", name=near[0])
    if (wrong := _unknown_command(error)) is not None:
        return did_you_mean(wrong, app.commands)
    path = error.ctx.command_path if error.ctx is not None else "kla"
    return t("Lihat {command} --help.", command=path)


# --- schedules ------------------------------------------------------------------------------------


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
@_lang_option
def schedule() -> None:
    """Jadwal: laporan yang dibuat sendiri, dari satu berkas TOML."""


@schedule.command("example")
@_lang_option
def schedule_example() -> None:
    """Tulis contoh berkas jadwal ke layar."""
    from kla_analysis.reporting.schedule import example

    click.echo(example(), nl=False)


@schedule.command("print")
@click.argument("file", type=_FILE)
@click.option("--cron", "kind", flag_value="cron", help="Baris untuk crontab.")
@click.option("--systemd", "kind", flag_value="systemd", help="Unit service dan timer.")
@click.option("--windows", "kind", flag_value="windows", help="XML untuk Task Scheduler.")
@click.option("--out", type=_FILE, help="Tulis berkasnya ke folder ini; bila kosong, ke layar.")
@click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan.")
@_lang_option
def schedule_print(file: Path, kind: str | None, out: Path | None) -> None:
    """Cetak apa yang perlu dipasang agar jadwal FILE berjalan sendiri."""
    from kla_analysis.reporting import timers
    from kla_analysis.reporting.schedule import check, load_schedule

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
            t("{path} tidak dapat ditulis: {why}.", path=out, why=error.strerror or error),
            advice=t("Pilih folder lain."),
        ) from error
    click.echo(timers.installation(plan, kind), err=True)


@schedule.command("run")
@click.argument("file", type=_FILE)
@_answers_in_json
def schedule_run(file: Path, as_json: bool) -> None:
    """Buat laporan jadwal FILE yang belum ada atau sudah berubah, dan kabarkan yang gagal."""
    from kla_analysis.reporting import schedule as schedules

    try:
        plan = schedules.load_schedule(file)
    except KlaError as error:
        if problem := schedules.refused(file, error):
            click.echo(problem, err=True)
        raise
    schedules.accepted(plan)
    done = schedules.run(plan, say=lambda line: None if as_json else click.echo(line))
    if as_json:
        _print_json(
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
@click.option("--sheets", type=_FILE, help="Folder lembar nilai: <wilayah>/<tahun>-<tahap>.csv.")
@click.option("--out", help="Folder atau alamat semua laporan; bila kosong, reports/.")
@click.option("--jobs", type=click.IntRange(1), help="Berapa laporan sekaligus; bila kosong, sebanyak inti prosesor.")
@click.option("--only-failed", is_flag=True, help="Hanya yang gagal atau terhenti pada kali terakhir.")
@click.option("--dask", metavar="ALAMAT", default="", help="Penjadwal dask.distributed yang mengerjakannya.")
@_runs_reports
@_answers_in_json
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

    from kla_analysis.reporting.batch import ALL, plan_jobs, read_areas, run_batch
    from kla_analysis.reporting.failure import Failure

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
        **_run_options(options),
    )
    _mail(
        [
            Failure(one.parameters, one.exit_code, f"{one.why} {one.advice}".strip(), Path(one.folder))
            for one in done.outcomes
            if one.status == "failed"
        ]
    )
    if as_json:
        _print_json(
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


@app.command()
@click.argument("folder", type=_FILE)
@click.option("--areas", default="all", show_default=True, help="all, kode dipisah koma, atau berkas berisi kode.")
@click.option("--year", type=int, default=2025, show_default=True, help="Tahun penghargaan.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Benih undian.")
@_with_instrument
@_answers_in_json
def synthetic(folder: Path, areas: str, year: int, seed: int, instrument: str | None, as_json: bool) -> None:
    """Tulis lembar sintetis untuk uji coba.

    Nilainya diundi komputer, bukan nilai daerah mana pun; setiap laporan dari lembar ini menyebutnya.
    Pakai: kla batch --sheets FOLDER --year TAHUN.
    """
    from kla_analysis.evidence.synthetic import write_synthetic
    from kla_analysis.instrument.instrument import load_instrument
    from kla_analysis.reporting.batch import read_areas

    try:
        paths = write_synthetic(
            folder, load_instrument(instrument, year=year), year=year, seed=seed, areas=read_areas(areas)
        )
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder, why=error.strerror or error),
            advice=t("Pilih folder lain."),
        ) from error
    if as_json:
        _print_json({"folder": str(folder), "sheets": len(paths)})
    else:
        click.echo(t("{count} lembar sintetis ditulis di {folder}.", count=len(paths), folder=folder))


# --- people's sheets ------------------------------------------------------------------------------


def _any_sheet(file: Path, rules: Any) -> Any:
    """Load a tidy sheet, or a district's own workbook straight from where it lies."""
    from kla_analysis.evidence.assessment import is_tidy, load_assessment
    from kla_analysis.evidence.intake.sheet import read_sheet

    return load_assessment(file, rules) if is_tidy(file) else read_sheet(file, instrument=rules.id).assessment()


@app.command("import")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--area", default="", help="Kode wilayah, bila lembar tidak menyebutnya.")
@click.option("--year", type=click.IntRange(2011, 2100), help="Tahun penghargaan, bila lembar tidak menyebutnya.")
@click.option("--stage", default="", help="Tahap penilaian; juga memilih kolom nilainya. all: semua tahap sekaligus.")
@click.option("--column", default="", help="Judul atau huruf kolom nilai, bila ada beberapa.")
@click.option("--sheet", default="", help="Lembar kerja yang dibaca, bila beberapa memuat kode yang sama.")
@click.option("--instrument", help="Instrumen; bila kosong, dicari dari maksimum yang tercetak.")
@click.option(
    "--out", type=_FILE, help="Berkas CSV hasil; bila kosong, data/assessments/<wilayah>/<tahun>-<tahap>.csv."
)
@click.option("--replace", "replace_old", is_flag=True, help="Ganti penilaian yang sudah ada.")
@click.option("--allow-personal", is_flag=True, help="Baca walau ada data pribadi (tidak ikut ke hasil).")
@_answers_in_json
def import_command(files: tuple[Path, ...], out: Path | None, replace_old: bool, as_json: bool, **about: Any) -> None:
    """Impor lembar milik daerah: Excel, CSV, ODS, atau tabel HTML.

    Hasilnya lembar nilai yang rapi dengan daftar semua perbaikan, atau daftar apa yang harus diperbaiki dan di
    sel mana. Berkas aslinya tidak pernah diubah.
    """
    from kla_analysis.evidence.intake.child import Reader
    from kla_analysis.evidence.intake.guard import sheets_among
    from kla_analysis.reporting.imports import import_file

    paths, notes = sheets_among(files)
    if not paths:
        raise ParameterError(t("Tidak ada berkas yang dapat dibaca."), advice=" ".join(notes))
    records: list[dict[str, Any]] = []
    refusals: list[KlaError] = []
    for note in notes:
        click.echo("! " + note, err=True)
    with Reader() as reader:
        for path in paths:
            try:
                done = import_file(path, out=out, replace_old=replace_old, reader=reader, **about)
            except KlaError as error:
                if len(paths) == 1:
                    raise
                refusals.append(error)
                records.append({"file": path.name, "error": error.what, "advice": error.advice,
                                "problems": [problem.as_record() for problem in error.problems]})  # fmt: skip
                if not as_json:
                    click.echo(str(error), err=True)
                continue
            records.append(done.record())
            if not as_json:
                for line in done.lines():
                    click.echo(line)
    if as_json:
        _print_json(records[0] if len(paths) == 1 else {"files": records, "notes": notes})
    if refusals:
        raise click.exceptions.Exit(max(error.exit_code for error in refusals))


@app.command("template")
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--year", type=click.IntRange(2011, 2100), required=True, help="Tahun penghargaan.")
@click.option("--stage", default="", help="Tahap penilaian; bila kosong, nilai mandiri.")
@click.option("--out", type=_FILE, help="Berkas .xlsx; bila kosong, lembar-<wilayah>-<tahun>.xlsx di folder ini.")
@_with_instrument
@_answers_in_json
def template_command(area: str, year: int, stage: str, out: Path | None, instrument: str | None, as_json: bool) -> None:
    """Tulis lembar isian Excel untuk satu daerah dan tahun."""
    from kla_analysis.reporting.imports import write_template_sheet

    path = write_template_sheet(area, year, stage=stage, instrument=instrument, out=out)
    if as_json:
        _print_json({"file": str(path)})
    else:
        click.echo(t("Ditulis: {path}. Isi kolom Nilai, lalu: kla import {name}", path=path, name=path.name))
