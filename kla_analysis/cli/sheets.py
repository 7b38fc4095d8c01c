"""Commands that read and write sheets: import, template, worksheets, collect, synthetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kla_analysis.cli.kit import FILE, answers_in_json, app, print_json, with_instrument
from kla_analysis.errors import KlaError, OutputError, ParameterError
from kla_analysis.files import why_not
from kla_analysis.language import t


@app.command()
@click.argument("folder", type=FILE)
@click.option("--areas", default="all", show_default=True, help="all, kode dipisah koma, atau berkas berisi kode.")
@click.option("--year", type=int, default=2025, show_default=True, help="Tahun penghargaan.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Benih undian.")
@with_instrument
@answers_in_json
def synthetic(folder: Path, areas: str, year: int, seed: int, instrument: str | None, as_json: bool) -> None:
    """Tulis lembar sintetis untuk uji coba.

    Nilainya diundi komputer, bukan nilai daerah mana pun; setiap laporan dari lembar ini menyebutnya.
    Pakai: kla batch --sheets FOLDER --year TAHUN.
    """
    from kla_analysis.evidence.synthetic import write_synthetic
    from kla_analysis.instrument.instrument import load_instrument
    from kla_analysis.runs.batch import read_areas

    try:
        paths = write_synthetic(
            folder, load_instrument(instrument, year=year), year=year, seed=seed, areas=read_areas(areas)
        )
    except OSError as error:
        raise OutputError(
            t("{path} tidak dapat ditulis: {why}.", path=folder, why=why_not(error)),
            advice=t("Pilih folder lain."),
        ) from error
    if as_json:
        print_json({"folder": str(folder), "sheets": len(paths)})
    else:
        click.echo(t("{count} lembar sintetis ditulis di {folder}.", count=len(paths), folder=folder))


@app.command("import")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="BERKAS...")
@click.option("--area", default="", help="Kode wilayah, bila lembar tidak menyebutnya.")
@click.option("--year", type=click.IntRange(2011, 2100), help="Tahun penghargaan, bila lembar tidak menyebutnya.")
@click.option("--stage", default="", help="Tahap penilaian; juga memilih kolom nilainya. all: semua tahap sekaligus.")
@click.option("--column", default="", help="Judul atau huruf kolom nilai, bila ada beberapa.")
@click.option("--sheet", default="", help="Lembar kerja yang dibaca, bila beberapa memuat kode yang sama.")
@click.option("--instrument", help="Instrumen; bila kosong, dicari dari maksimum yang tercetak.")
@click.option("--out", type=FILE, help="Berkas CSV hasil; bila kosong, data/assessments/<wilayah>/<tahun>-<tahap>.csv.")
@click.option("--replace", "replace_old", is_flag=True, help="Ganti penilaian yang sudah ada.")
@click.option("--allow-personal", is_flag=True, help="Baca walau ada data pribadi (tidak ikut ke hasil).")
@answers_in_json
def import_command(files: tuple[Path, ...], out: Path | None, replace_old: bool, as_json: bool, **about: Any) -> None:
    """Impor lembar milik daerah: Excel, CSV, ODS, atau tabel HTML.

    Hasilnya lembar nilai yang rapi dengan daftar semua perbaikan, atau daftar apa yang harus diperbaiki dan di
    sel mana. Berkas aslinya tidak pernah diubah.
    """
    from kla_analysis.evidence.intake.child import Reader
    from kla_analysis.evidence.intake.guard import sheets_among
    from kla_analysis.showing.imports import import_file

    paths, notes = sheets_among(files)
    if not paths:
        raise ParameterError(t("Tidak ada berkas yang dapat dibaca."), advice=" ".join(notes))
    records: list[dict[str, Any]] = []
    refusals: list[KlaError] = []
    keep = [*paths]
    for note in notes:
        click.echo("! " + note, err=True)
    with Reader() as reader:
        for path in paths:
            try:
                done = import_file(path, out=out, replace_old=replace_old, keep=keep, reader=reader, **about)
            except KlaError as error:
                if len(paths) == 1:
                    raise
                refusals.append(error)
                records.append(
                    {
                        "file": path.name,
                        "error": error.what,
                        "advice": error.advice,
                        "problems": [problem.as_record() for problem in error.problems],
                    }
                )
                if not as_json:
                    click.echo(str(error), err=True)
                continue
            keep += done.files
            records.append(done.record())
            if not as_json:
                for line in done.lines():
                    click.echo(line)
    if as_json:
        print_json(records[0] if len(paths) == 1 else {"files": records, "notes": notes})
    if refusals:
        raise click.exceptions.Exit(max(error.exit_code for error in refusals))


@app.command("template")
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--year", type=click.IntRange(2011, 2100), required=True, help="Tahun penghargaan.")
@click.option("--stage", default="", help="Tahap penilaian; bila kosong, nilai mandiri.")
@click.option("--out", type=FILE, help="Berkas .xlsx; bila kosong, lembar-<wilayah>-<tahun>.xlsx di folder ini.")
@with_instrument
@answers_in_json
def template_command(area: str, year: int, stage: str, out: Path | None, instrument: str | None, as_json: bool) -> None:
    """Tulis lembar isian Excel untuk satu daerah dan tahun."""
    from kla_analysis.showing.imports import write_template_sheet

    path = write_template_sheet(area, year, stage=stage, instrument=instrument, out=out)
    if as_json:
        print_json({"file": str(path)})
    else:
        # As it is typed: a name with spaces between quotes.
        name = f'"{path}"' if " " in str(path) else str(path)
        click.echo(t("Ditulis: {path}. Isi kolom Nilai, lalu: kla import {name}", path=path, name=name))


_subdistricts = click.option(
    "--subdistricts", default="", help="Nama kecamatan dipisah koma, atau berkas .txt dengan satu nama per baris."
)


def _names_in(text: str) -> list[str]:
    """Return the names that an option lists, or that stand in the file that it names."""
    from kla_analysis.files import read_plain

    path = Path(text)
    if text.casefold().endswith(".txt"):
        try:
            return read_plain(path, most=1 << 20).decode("utf-8-sig", "replace").splitlines()
        except FileNotFoundError:
            raise ParameterError(
                t("Berkas {file} tidak ada.", file=path.name), advice=t("Periksa nama dan foldernya.")
            ) from None
    return text.split(",")


@app.command("worksheets")
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--year", type=click.IntRange(2011, 2100), required=True, help="Tahun penghargaan.")
@click.option("--out", type=FILE, required=True, help="Folder untuk lembar kerja.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="Tenggat, seperti 2025-03-31.")
@_subdistricts
@click.option("--replace", "replace_old", is_flag=True, help="Ganti lembar yang sudah ada.")
@with_instrument
@answers_in_json
def worksheets_command(
    area: str,
    year: int,
    out: Path,
    due: Any,
    subdistricts: str,
    replace_old: bool,
    instrument: str | None,
    as_json: bool,
) -> None:
    """Tulis lembar kerja: satu buku kerja per lembaga, pertanyaannya saja.

    Di sampingnya jawaban putaran lalu dan nilai maksimal. Sesudah diisi: kla collect FOLDER.
    """
    from kla_analysis.evidence.worksheets import open_round
    from kla_analysis.showing.worksheets import write_worksheets

    own = open_round(
        area,
        year,
        instrument=instrument,
        due=due.date().isoformat() if due else "",
        subdistricts=_names_in(subdistricts),
    )
    written = write_worksheets(own, out, replace_old=replace_old)
    if as_json:
        print_json(
            {
                "folder": str(out),
                "files": [
                    {
                        "kind": unit.kind,
                        "unit": unit.code,
                        "name": unit.name,
                        "file": str(path),
                        "questions": len(own.questions_of(unit)),
                    }
                    for unit, path in written
                ],
            }
        )
        return
    for unit, path in written:
        click.echo(t("{file}: {count} pertanyaan", file=path.name, count=len(own.questions_of(unit))))
    click.echo(
        t(
            "{count} lembar kerja ditulis di {folder}. Sesudah kembali: kla collect FOLDER --area {area} --year {year}",
            count=len(written),
            folder=out,
            area=own.area.code,
            year=year,
        )
    )


@app.command("collect")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FOLDER...")
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--year", type=click.IntRange(2011, 2100), required=True, help="Tahun penghargaan.")
@click.option("--due", type=click.DateTime(["%Y-%m-%d"]), help="Tenggat; bila kosong, yang tertulis di tiap lembar.")
@_subdistricts
@click.option(
    "--rule",
    type=click.Choice(["none", "lead"]),
    help="Bila nilai dua lembaga berbeda: none dikosongkan (mula-mula begitu), lead menurut pengampu; bila kosong, seperti "
    "pengumpulan sebelumnya.",
)
@click.option("--out", type=FILE, help="Berkas CSV hasil; bila kosong, data/assessments/<wilayah>/<tahun>-<tahap>.csv.")
@click.option("--table", type=FILE, help="Tulis juga tabel penyerahan: .xlsx, .csv, atau .json.")
@click.option("--replace", "replace_old", is_flag=True, help="Ganti penilaian yang bukan hasil kumpulan.")
@with_instrument
@answers_in_json
def collect_command(
    files: tuple[Path, ...],
    area: str,
    year: int,
    due: Any,
    subdistricts: str,
    rule: str | None,
    out: Path | None,
    table: Path | None,
    replace_old: bool,
    instrument: str | None,
    as_json: bool,
) -> None:
    """Kumpulkan lembar kerja yang kembali menjadi satu penilaian.

    Boleh diulang: yang sudah diambil tidak hilang, yang baru ditambahkan, urutannya tidak berpengaruh.
    """
    from kla_analysis.evidence.collect import collect
    from kla_analysis.evidence.intake.guard import sheets_among
    from kla_analysis.evidence.worksheets import open_round
    from kla_analysis.showing.collection import (
        collected_lines,
        collected_record,
        refuse_to_write_over,
        write_collection,
    )

    missing = [path.name for path in files if not path.exists()]
    if missing:
        raise ParameterError(t("{names} tidak ada.", names=", ".join(missing)), advice=t("Periksa nama dan foldernya."))
    paths, notes = sheets_among(files)
    own = open_round(
        area,
        year,
        instrument=instrument,
        due=due.date().isoformat() if due else "",
        subdistricts=_names_in(subdistricts),
        out=out,
    )
    if table is not None:
        refuse_to_write_over(table, own, paths)
    found = collect(paths, own, out=out, rule=rule or "", replace_old=replace_old)
    if table is not None:
        write_collection(found, table)
    for note in notes:
        click.echo("! " + note, err=True)
    if as_json:
        print_json(collected_record(found))
    else:
        for line in collected_lines(found):
            click.echo(line)
    if found.refused:
        # Partly done where something came in; else everything was refused.
        raise click.exceptions.Exit(8 if len(found.frame) else 3)
