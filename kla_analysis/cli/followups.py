"""Commands about what meetings decide and what is handed over: followup, handover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kla_analysis.cli.kit import FILE, answers_in_json, app, lang_option, print_json
from kla_analysis.language import t


@app.group()
@lang_option
def followup() -> None:
    """Keputusan rapat: siapa mengerjakan apa, kapan, dan menjadi apa."""


def _about_what_is_done(command: Any) -> Any:
    """Options of what only a finished decision has."""
    for option in (
        click.option("--points-accepted", help="Nilai pertanyaan sesudahnya, seperti diterima verifikator."),
        click.option("--points-claimed", help="Nilai pertanyaan sesudahnya, seperti diajukan."),
        click.option("--done-on", help="Tanggal selesai."),
    ):
        command = option(command)
    return command


def _about_decision(command: Any) -> Any:
    for option in (
        click.option("--spent", help="Yang sudah dipakai, misalnya “75 juta”."),
        click.option("--result", help="Apa jadinya; alasan bila dibatalkan."),
        click.option("--action", "action_code", help="Kode kegiatan di katalog."),
        click.option("--question", "question_code", help="Kode pertanyaan."),
        click.option("--due", help="Tenggat, misalnya 30/11/2026."),
        click.option("--agency", help="Perangkat daerah atau mitra; kantor, bukan orang."),
        click.option("--what", help="Apa yang diputuskan."),
        click.option("--cluster", "component_code", help="Kode komponen rapatnya; kosong untuk semua."),
        click.option("--decided-on", help="Tanggal rapat; bila kosong, hari ini."),
        click.option("--area", required=True, help="Kode wilayah."),
    ):
        command = option(command)
    return command


@followup.command("list")
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--state", type=click.Choice(["overdue", "open", "done", "dropped"]), help="Hanya yang begini.")
@answers_in_json
def list_decisions(area: str, state: str | None, as_json: bool) -> None:
    """Daftar keputusan, yang lewat tenggat lebih dulu."""
    from kla_analysis.evidence.areas import find_area
    from kla_analysis.evidence.followup import became, load_followup, state_name
    from kla_analysis.showing.followup import decision_lines, decisions_in_words

    table = became(load_followup(find_area(area).code))
    if state:
        table = table[table["status"] == state]
    if as_json:
        print_json({"decisions": table.astype(object).where(table.notna(), None).to_dict("records")})
        return
    if state and table.empty:
        click.echo(t("Tidak ada keputusan yang {state}.", state=state_name(state)))
        return
    click.echo(repr(decisions_in_words(table)))
    for line in decision_lines(table):
        click.echo("  " + line)


@followup.command("add")
@_about_decision
@click.option("--year", type=click.IntRange(2011, 2100), required=True, help="Tahun penghargaan lembar yang dibahas.")
@answers_in_json
def add(area: str, year: int, as_json: bool, **about: Any) -> None:
    """Catat satu keputusan."""
    import datetime

    from kla_analysis.evidence.areas import find_area
    from kla_analysis.evidence.followup import add_decision

    values = {"decided_on": datetime.date.today().isoformat(), **_given(about), "award_year": year}
    code = add_decision(find_area(area).code, **values)
    _tell({"code": code}, as_json, t("Dicatat: {code}.", code=code))


@followup.command("change")
@click.argument("code")
@_about_decision
@_about_what_is_done
@click.option("--state", type=click.Choice(["open", "done", "dropped"]), help="Keadaannya sekarang.")
@answers_in_json
def change(code: str, area: str, as_json: bool, **about: Any) -> None:
    """Ubah satu keputusan, atau buka lagi."""
    from kla_analysis.evidence.areas import find_area
    from kla_analysis.evidence.followup import change_decision

    change_decision(find_area(area).code, code, **_given(about))
    _tell({"code": code}, as_json, t("Diubah: {code}.", code=code))


@followup.command("done")
@click.argument("code")
@_about_decision
@_about_what_is_done
@answers_in_json
def done(code: str, area: str, as_json: bool, **about: Any) -> None:
    """Tandai satu keputusan selesai, dengan biaya dan nilainya bila sudah diketahui."""
    import datetime

    from kla_analysis.evidence.areas import find_area
    from kla_analysis.evidence.followup import DONE, change_decision

    values = {"done_on": datetime.date.today().isoformat(), **_given(about), "state": DONE}
    change_decision(find_area(area).code, code, **values)
    _tell({"code": code}, as_json, t("Selesai: {code}.", code=code))


@followup.command()
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--year", type=click.IntRange(2011, 2100), required=True, help="Tahun penghargaan keputusan yang baru.")
@click.option("--out", type=FILE, help="Berkas .xlsx; bila kosong, tindak-lanjut-<wilayah>.xlsx di folder ini.")
@answers_in_json
def export(area: str, year: int, out: Path | None, as_json: bool) -> None:
    """Tulis semua keputusan sebagai buku kerja Excel dengan daftar pilihan."""
    from kla_analysis.showing.followup import write_followup_workbook

    path = write_followup_workbook(area, year, out=out)
    said = t(
        "Ditulis: {path}. Sesudah diisi: kla followup import {name} --area {area}", path=path, name=path.name, area=area
    )
    _tell({"file": str(path)}, as_json, said)


@followup.command("import")
@click.argument("file", type=FILE)
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--theirs", is_flag=True, help="Bila satu keputusan diubah di dua tempat, isi berkas yang berlaku.")
@answers_in_json
def import_decisions(file: Path, area: str, theirs: bool, as_json: bool) -> None:
    """Baca kembali buku kerja keputusan; yang tidak ada di dalamnya tetap."""
    from kla_analysis.evidence.areas import find_area
    from kla_analysis.evidence.followup import read_followup, save_followup

    code = find_area(area).code
    merged = read_followup(code, file, theirs=theirs)
    save_followup(code, merged.table)
    found = {name: list(getattr(merged, name)) for name in ("added", "changed", "kept")}
    words = {"added": t("Baru"), "changed": t("Diubah"), "kept": t("Tidak ada di berkas, tetap")}
    _tell(found, as_json, ". ".join(f"{words[name]}: {', '.join(codes) or '–'}" for name, codes in found.items()) + ".")


@app.command()
@click.option("--area", required=True, help="Kode wilayah.")
@click.option("--year", type=int, required=True, help="Tahun penghargaan.")
@click.option("--stage", default="", help="Tahap penilaian; bila kosong, tahap terakhir yang ada.")
@click.option("--assessment", type=FILE, help="Lembar nilai sendiri (CSV).")
@click.option("--out", type=FILE, help="Berkas .pdf; bila kosong, serah-terima-<wilayah>-<tahun>.pdf di folder ini.")
@answers_in_json
def handover(area: str, year: int, stage: str, assessment: Path | None, out: Path | None, as_json: bool) -> None:
    """Tulis berkas serah terima: riwayat, bukti, keputusan, pemegang, berkas, dan asumsi dalam satu PDF."""
    from kla_analysis.report.handover import write_handover

    path = write_handover(area, year, stage=stage, assessment=assessment, out=out)
    _tell({"file": str(path)}, as_json, t("Ditulis: {path}.", path=path))


def _given(about: dict[str, Any]) -> dict[str, Any]:
    """Return what was said of a decision, by column."""
    from kla_analysis.evidence.followup import read_value

    found = {"spent_rupiah" if name == "spent" else name: value for name, value in about.items() if value is not None}
    return {name: read_value(name, value) for name, value in found.items()}


def _tell(record: dict[str, Any], as_json: bool, said: str) -> None:
    if as_json:
        print_json(record)
    else:
        click.echo(said)
