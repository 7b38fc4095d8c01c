"""What all commands share: help in the reader's language, common options, records for machines."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from kla_analysis.errors import ParameterError
from kla_analysis.language import LANGUAGES, number, t

FILE = click.Path(path_type=Path)


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
lang_option = click.option("--lang", type=click.Choice(LANGUAGES), expose_value=False, help="Bahasa keluaran.")


def answers_in_json(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all commands share."""
    for option in (
        lang_option,
        click.option("--debug", is_flag=True, expose_value=False, help="Tunjukkan jejak kesalahan."),
        click.option("--json", "as_json", is_flag=True, help="Keluaran JSON untuk mesin."),
    ):
        command = option(command)
    return command


def runs_reports(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of everything that runs notebooks."""
    for option in (
        click.option("--memory", type=click.IntRange(512), default=4096, show_default=True, help="MB per proses."),
        click.option("--timeout", type=click.IntRange(1), default=3600, show_default=True, help="Detik per laporan."),
        click.option("--cell-timeout", type=click.IntRange(1), default=600, show_default=True, help="Detik per sel."),
        click.option("--force", is_flag=True, help="Buat lagi, walaupun tidak ada yang berubah."),
    ):
        command = option(command)
    return command


def run_options(given: dict[str, Any]) -> dict[str, Any]:
    """Turn those options into what the runner takes."""
    from kla_analysis.runs.runner import Limits

    limits = Limits(cell=given["cell_timeout"], total=given["timeout"], memory_mb=given["memory"])
    return {"force": given["force"], "limits": limits}


def mail(failures: list[Any]) -> None:
    """Tell the failure list, where the environment names one."""
    from kla_analysis.runs.notices import mail_about

    problem = mail_about(failures)
    if problem:
        click.echo(problem, err=True)


with_instrument = functools.partial(
    click.option, "--instrument", help="Instrumen (folder di data/instruments); bila kosong, yang berlaku."
)()
with_least_share = functools.partial(
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
@lang_option
def app() -> None:
    """Kabupaten/Kota Layak Anak: dari lembar nilai ke predikat, kelemahan, dan jarak ke target."""


def telling(said: str) -> Callable[[str], None]:
    """Return a function that says where a server is, once it is there."""
    return lambda address: click.echo(said.format(address=address), err=True)


def pair(text: str) -> tuple[str, str]:
    """Split “Dinkes=200 juta” into its name and value."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(
            t("“{text}” tidak dimengerti.", text=text), advice=t("Tulis nama=nilai, misalnya “Dinkes=200 juta”.")
        )
    return name.strip(), value.strip()


def score_of_text(text: str) -> float:
    """Read a score that a person typed: decimal point or decimal comma, never a guess."""
    cleaned = text.strip()
    if re.fullmatch(r"-?\d{1,3}[.,]\d{3}", cleaned):
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


def below_record(below: Any) -> list[dict[str, Any]]:
    """Return indicators below their minimum share as plain records."""
    return [
        {
            "code": code,
            **{name: row[name] for name in ("low", "high", "max_points", "short")},
            "certain": bool(row["certain"]),
        }
        for code, row in below.iterrows()
    ]


def placement_record(placement: Any) -> dict[str, Any]:
    """Return a placement on the ladder as a plain record."""
    return {
        "predicate": placement.predicate,
        "in_gap": placement.in_gap,
        "at_disputed_bound": placement.at_disputed_bound,
        "points_to_next": placement.points_to_next,
        "next_predicate": placement.next_predicate,
        "remarks": list(placement.remarks),
    }


def position_record(position: Any, target: str) -> dict[str, Any]:
    """Return a position as a plain record."""
    ladder = position.instrument.ladder
    gap = ladder.points_to(target, position.span)
    return {
        **placement_record(ladder.place(position.span.low)),
        "total": position.span.low if position.span.is_exact else None,
        "total_low": position.span.low,
        "total_high": position.span.high,
        "target": target,
        "points_to_target_low": gap.low,
        "points_to_target_high": gap.high,
        "illustrative": position.illustrative,
        "standing": position.standing,
    }


def echo_placement(placement: Any, ladder: Any) -> None:
    """Print a predicate with what has to be known of it."""
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


def print_json(record: dict[str, Any]) -> None:
    # Escaped to ASCII, so that it arrives whole on a terminal of any code page.
    """Print a record for machines."""
    click.echo(json.dumps(record, indent=2, default=float))


def any_sheet(file: Path, rules: Any, **about: Any) -> Any:
    """Load a tidy sheet, or a district's own workbook straight from where it lies; `about` as for `read_sheet`."""
    from kla_analysis.evidence.assessment import is_tidy, load_assessment
    from kla_analysis.evidence.intake.sheet import read_sheet

    return (
        load_assessment(file, rules) if is_tidy(file) else read_sheet(file, instrument=rules.id, **about).assessment()
    )
