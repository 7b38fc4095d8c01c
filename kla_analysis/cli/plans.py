"""Commands about plans and their catalogues: plan, actions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kla_analysis.cli.kit import FILE, answers_in_json, app, lang_option, pair, print_json, with_instrument
from kla_analysis.errors import OutputError, ParameterError
from kla_analysis.files import why_not
from kla_analysis.language import money, t
from kla_analysis.reading import refuse_existing

if TYPE_CHECKING:
    from kla_analysis.planning.scenario import Scenario
    from kla_analysis.planning.simulation import Simulation


@app.command()
@click.argument("scenarios", nargs=-1, metavar="[SKENARIO]...")
@click.option("--area", help="Kode wilayah.  [default: 63.10]")
@click.option("--year", type=int, help="Tahun penghargaan.  [default: 2022]")
@click.option("--stage", help="Tahap penilaian; bila kosong, tahap terakhir yang ada.")
@click.option("--assessment", type=FILE, help="Lembar nilai sendiri (CSV).")
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
@click.option("--save", type=FILE, help="Simpan skenario ini (YAML).")
@answers_in_json
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
    from kla_analysis.planning.scenario import load_scenario
    from kla_analysis.planning.simulation import Simulator, difference

    if save:
        refuse_existing(save, "save")
    asked = _asked(scenarios, options)
    position = open_position(
        asked.area or "63.10", asked.year or 2022, stage=asked.stage or None, assessment=assessment
    )
    simulator = Simulator(position)
    answer = simulator.run(asked)
    other = simulator.run(load_scenario(compare)) if compare else None
    if save:
        _save(asked, save)
    if as_json:
        record = answer.record()
        if other is not None:
            record["compared_with"] = other.record()
            record["difference"] = difference(answer, other).reset_index().to_dict("records")
        print_json(record)
    else:
        _echo_plan(answer, other)
        if save:
            click.echo(t("Skenario disimpan di {path}.", path=save))
    if answer.plan.status == "infeasible":
        raise click.exceptions.Exit(1)


def _asked(scenarios: tuple[str, ...], options: dict[str, Any]) -> Scenario:
    """Return the scenarios one upon the other, and the options that were given upon them all."""
    from kla_analysis.planning.scenario import check_scenario, load_scenario, read_budgets, stack

    given = {name: value for name, value in options.items() if value not in (None, ())}
    for name in ("agencies", "funding_sources", "years", "components"):
        if name in given:
            given[name] = dict(pair(text) for text in given[name])
    for name in ("either_or", "exactly_one"):
        if name in given:
            given[name] = [[code.strip() for code in group.split(",")] for group in given[name]]
    if "budgets" in given:
        given["budgets"] = read_budgets(";".join(given["budgets"]))
    stacked = stack([load_scenario(name) for name in scenarios]).model_dump(exclude_unset=True)
    # Who says how sure asks for certainty; with another goal of this command the two contradict each other.
    if "certainty" in given and given.setdefault("goal", "certainty") != "certainty":
        raise ParameterError(
            t("--certainty hanya untuk --goal certainty, bukan {goal}.", goal=given["goal"]),
            advice=t("Hapus salah satu."),
        )
    return check_scenario({**stacked, **given})


def _save(scenario: Scenario, path: Path) -> None:
    try:
        path.write_text(scenario.to_yaml(), encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=path, why=why_not(error)),
            advice=t("Pilih berkas lain."),
        ) from error


def _echo_plan(answer: Simulation, other: Simulation | None) -> None:
    from kla_analysis.showing.plan import difference_in_words, plan_in_words, plan_lines, plan_note

    click.echo(repr(plan_in_words(answer)))
    click.echo(plan_note(answer))
    for line in plan_lines(answer):
        click.echo("  " + line)
    if other is not None:
        click.echo(repr(difference_in_words(answer, other)))


@app.group()
@lang_option
def actions() -> None:
    """Katalog kegiatan: buat contoh isian, atau periksa."""


@actions.command()
@click.argument("folder", type=FILE)
@with_instrument
@answers_in_json
def template(folder: Path, instrument: str | None, as_json: bool) -> None:
    """Tulis katalog kecil yang sah, untuk diisi kegiatan daerah Anda."""
    from kla_analysis.instrument.instrument import load_instrument
    from kla_analysis.planning.actions import write_template

    files = write_template(folder, load_instrument(instrument))
    if as_json:
        print_json({"files": [str(path) for path in files]})
    else:
        click.echo(t("Ditulis: {files}.", files=", ".join(path.name for path in files)))
        click.echo(t("Isi actions.csv dan answers.csv, lalu: kla actions check {folder}", folder=folder))


@actions.command("check")
@click.argument("catalogue", default="contoh")
@with_instrument
@answers_in_json
def check_actions(catalogue: str, instrument: str | None, as_json: bool) -> None:
    """Periksa katalog; semua yang salah disebut sekaligus."""
    from kla_analysis.instrument.instrument import load_instrument, standing_name
    from kla_analysis.planning.actions import instrument_of, load_catalogue

    rules = load_instrument(instrument or instrument_of(catalogue))
    found = load_catalogue(catalogue, rules)
    counts = {"actions": len(found.actions), "answers": len(found.answers)}
    if as_json:
        print_json({"id": found.id, **counts, "cost_likely": int(found.actions["cost_likely"].sum())})
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
