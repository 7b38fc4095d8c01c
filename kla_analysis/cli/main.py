"""The command `kla` from its start to its exit code: language, signals, errors in words."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from click.types import OptionHelpExtra

from kla_analysis import terminal
from kla_analysis.cli import followups, plans, reports, scores, serving, sheets  # noqa: F401  (they register their commands)
from kla_analysis.cli.kit import app, print_json
from kla_analysis.errors import (
    KernelError,
    KlaError,
    OutputError,
    ParameterError,
    call_as_command,
    did_you_mean,
    nearest,
)
from kla_analysis.files import SCARCE, why_not
from kla_analysis.language import LANGUAGES, VARIABLE, t, use_language

#: The signals by which a process is asked to end, beside Ctrl+C.
_ASKED = [getattr(signal, name) for name in ("SIGTERM", "SIGBREAK", "SIGHUP") if hasattr(signal, name)]


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
                t(
                    "Proses ini hanya diberi {granted} MB memori, perlu {least} MB.",
                    granted=granted // 2**20,
                    least=_LEAST // 2**20,
                ),
                advice=t("Longgarkan batasnya (ulimit -v), lalu ulangi."),
            )


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
            t("{path} tidak dapat dibuka atau ditulis: {why}.", path=name, why=why_not(error)),
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
    command.help = t(inspect.cleandoc(command.help or ""))
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
            param.help = t(param.help or "")
            if param.required:
                param.get_help_extra = partial(_required, param.get_help_extra)  # type: ignore[method-assign]
        if param.metavar:
            param.metavar = t(param.metavar)
        elif not getattr(param, "is_flag", False):
            param.metavar = kinds.get(param.type.name)
    if isinstance(command, click.Group):
        command.subcommand_metavar = t("PERINTAH [ISIAN]...")
        for below in command.commands.values():
            _speak(below)


def _required(extra: Callable[[click.Context], OptionHelpExtra], context: click.Context) -> OptionHelpExtra:
    """Say in the language in force that an option must be given."""
    return {**extra(context), "required": t("wajib")}


def _fail(error: KlaError, as_json: bool) -> int:
    if as_json:
        print_json(
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
        param, context = error.param, error.ctx
        asked = "" if param is None or context is None else param.make_metavar(context)
        name = param.opts[-1] if isinstance(param, click.Option) else asked
        return t("“{name}” belum diisi.", name=name)
    if isinstance(error, click.BadParameter):
        return t(
            "Nilai untuk “{name}” tidak dapat dipakai: {why}",
            why=_wanted(error.param) if error.param else error.message,
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


def _wanted(option: click.Parameter) -> str:
    """Say what an option takes."""
    kind = option.type
    if isinstance(kind, click.IntRange):
        if kind.max is None:
            return t("isi bilangan bulat, sedikitnya {min}.", min=kind.min)
        return t("isi bilangan bulat dari {min} sampai {max}.", min=kind.min, max=kind.max)
    if isinstance(kind, click.Choice):
        return t("pilih {names}.", names=t(" atau ").join(kind.choices))
    if isinstance(kind, click.DateTime):
        return t("isi tanggal, misalnya 2025-03-31.")
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
