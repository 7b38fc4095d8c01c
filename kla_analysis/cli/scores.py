"""Commands that ask about a sheet or a score: score, forecast, band, audit, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kla_analysis.cli.kit import (
    FILE,
    answers_in_json,
    any_sheet,
    app,
    below_record,
    echo_placement,
    placement_record,
    print_json,
    score_of_text,
    with_instrument,
    with_least_share,
)
from kla_analysis.errors import ParameterError
from kla_analysis.language import number, t

if TYPE_CHECKING:
    import pandas as pd

    from kla_analysis.analysis.position import Position
    from kla_analysis.analysis.scoring import MissingPolicy
    from kla_analysis.evidence.assessment import Assessment


@app.command()
@click.argument("file", type=FILE, metavar="BERKAS")
@with_instrument
@click.option("--missing", default="range", show_default=True, help="Jawaban kosong: range, zero, atau refuse.")
@with_least_share
@answers_in_json
def score(file: Path, instrument: str | None, missing: MissingPolicy, least_share: float, as_json: bool) -> None:
    """Hitung nilai total dan predikat sebuah lembar."""
    from kla_analysis.analysis.conditions import below_share
    from kla_analysis.analysis.position import open_position
    from kla_analysis.evidence.assessment import load_assessment, rules_of

    rules = rules_of(file, instrument)
    sheet = load_assessment(file, rules)
    # The report's own position: the same file gives the same numbers everywhere.
    position = open_position(
        sheet.area_code, sheet.award_year, stage=sheet.stage, assessment=file, instrument=rules.id, missing=missing
    )
    below = below_share(position.rolled, least_share) if least_share else None
    if as_json:
        print_json(
            {
                **_score_record(position, sheet),
                **({"below_least_share": below_record(below)} if below is not None else {}),
            }
        )
    else:
        _echo_score(position, sheet, below, least_share)


def _score_record(position: Position, sheet: Assessment) -> dict[str, Any]:
    from kla_analysis.report.results import forecast_of

    result = position.rolled
    return {
        **placement_record(result.placement),
        "total": result.total.low if result.total.is_exact else None,
        "total_low": result.total.low,
        "total_high": result.total.high,
        "area_code": sheet.area_code,
        "award_year": sheet.award_year,
        "stage": sheet.stage,
        "instrument": position.instrument.id,
        "standing": sheet.origin.standing,
        "illustrative": sheet.origin.illustrative,
        "missing_policy": result.missing_policy,
        "missing": list(result.missing),
        "unknown_points": result.unknown_points,
        "components": {code: row["low"] if row["answers"] else None for code, row in result.components.iterrows()},
        "components_high": result.components["high"].to_dict(),
        "forecast": forecast_of(position),
    }


def _echo_score(position: Position, sheet: Assessment, below: pd.DataFrame | None, least_share: float) -> None:
    from kla_analysis.analysis.target import aim
    from kla_analysis.instrument.instrument import standing_name
    from kla_analysis.showing.summary import surety_in_words
    from kla_analysis.showing.target import least_share_in_words

    rules, result = position.instrument, position.rolled
    click.echo(f"{sheet.shown}: {sheet.area_code}, {sheet.award_year}, {rules.stage(sheet.stage).name}, {rules.id}")
    _echo_points(result.components)
    total = rules.ladder.written(result.total)
    click.echo(t("Total {total} dari {maximum}", total=total, maximum=number(rules.ladder.max_total)))
    if not result.total.is_exact:
        click.echo(t("Bila yang kosong tidak bernilai:"))
    echo_placement(result.placement, rules.ladder)
    if not result.total.is_exact:
        click.echo(
            t("Bila semua butir kosong terjawab penuh: {name}.", name=rules.ladder.place(result.total.high).name)
        )
    click.echo(result.missing_in_words())
    click.echo(repr(surety_in_words(position, aim(position))))
    if below is not None:
        click.echo(repr(least_share_in_words(below, least_share)))
        _echo_points(below)
    click.echo(
        t("Status angka: {standing}.", standing=standing_name(sheet.origin.standing))
        + (f" {sheet.origin.note}" if sheet.origin.illustrative else "")
    )


def _echo_points(lines: pd.DataFrame) -> None:
    """Print what each component or indicator has of its maximum."""
    from kla_analysis.showing.table import score_of

    for code, row in lines.iterrows():
        shown = score_of(row["low"], row["high"], row["answers"])
        shown = shown if isinstance(shown, str) else number(shown)
        click.echo(f"  {code:3} {shown:>13} / {number(row['max_points']):>5}  {row['name']}")


@app.command("forecast")
@click.option("--stage", required=True, help="Tahap nilai itu, misalnya self_assessment.")
@click.option("--score", required=True, help="Nilai total pada tahap itu.")
@click.option("--year", type=int, required=True, help="Tahun penghargaan.")
@click.option("--area", help="Kode wilayah: penghargaan sebelumnya dicari di fakta yang terbit.")
@click.option("--previous", help="Predikat satu putaran sebelumnya, misalnya madya atau none.")
@click.option("--verified-by", help="Siapa yang memverifikasi; bila kosong, yang bertugas tahun itu.")
@with_instrument
@answers_in_json
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
    from kla_analysis.showing.forecast import forecast_record, forecast_told

    rules = load_instrument(instrument, year=year)
    told = forecast(
        score_of_text(score), stage, rules, year=year, area=area, previous=previous, verified_by=verified_by
    )
    if as_json:
        print_json(forecast_record(told, rules))
        return
    click.echo(repr(forecast_told(told, rules)))


# Without this, click would read the minus of a negative score as an option.
@app.command(context_settings={"ignore_unknown_options": True})
@click.argument("score", metavar="NILAI")
@with_instrument
@answers_in_json
def band(score: str, instrument: str | None, as_json: bool) -> None:
    """Sebutkan predikat sebuah nilai total."""
    from kla_analysis.instrument.instrument import load_instrument

    ladder = load_instrument(instrument).ladder
    placement = ladder.place(score_of_text(score))
    if as_json:
        print_json({**placement_record(placement), "total": placement.score})
    else:
        echo_placement(placement, ladder)


@app.command()
@click.argument("file", type=FILE, metavar="[BERKAS]", required=False)
@click.option("--reference", is_flag=True, help="Periksa lembar rujukan.")
@click.option("--area", default="", help="Kode wilayah, bila lembar tidak menyebutnya.")
@click.option("--year", type=click.IntRange(2011, 2100), help="Tahun penghargaan, bila lembar tidak menyebutnya.")
@click.option("--stage", default="", help="Tahap penilaian; juga memilih kolom nilainya.")
@with_instrument
@answers_in_json
def audit(file: Path | None, reference: bool, instrument: str | None, as_json: bool, **about: Any) -> None:
    """Periksa angka tercetak sebuah lembar.

    Maksimum dan nilai tercetak dibandingkan dengan jumlah di bawahnya, di setiap tingkat.
    """
    from kla_analysis.evidence.areas import REFERENCE_CODE
    from kla_analysis.evidence.assessment import find_sheet, list_rounds, rules_of
    from kla_analysis.evidence.audit import audit as run_audit
    from kla_analysis.instrument.instrument import level_name
    from kla_analysis.showing.quality import audit_in_words

    path = file or find_sheet(REFERENCE_CODE, int(list_rounds(REFERENCE_CODE)["award_year"].max()))
    if path is None or reference == (file is not None):
        raise ParameterError(
            t("Sebutkan satu lembar."), advice=t("Tulis kla audit BERKAS, atau kla audit --reference.")
        )
    rules = rules_of(path, instrument)
    sheet = any_sheet(path, rules, **about)
    found = run_audit(sheet, rules)
    if as_json:
        rows = found.rows.reset_index().astype(object)
        print_json(
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
@answers_in_json
def check(as_json: bool) -> None:
    """Periksa lingkungan dan data."""
    from kla_analysis.cli.doctor import examine

    findings = examine()
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "findings": [f.__dict__ for f in findings]})
    else:
        for finding in findings:
            click.echo(f"{'✓' if finding.ok else '✗'} {finding.name}: {finding.detail}")
            if finding.advice:
                click.echo(f"    → {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(max(finding.exit_code for finding in findings))
