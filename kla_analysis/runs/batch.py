"""The batch: many areas, resumed where they stopped, on this machine or on a Dask cluster.

What is done is read from the reports themselves, from their manifests; what failed, from the log. So a
batch that was cut off needs nothing but the same command again.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from kla_analysis.errors import KernelError, ParameterError, Problem
from kla_analysis.evidence.areas import load_areas, near_codes
from kla_analysis.evidence.published import load_results
from kla_analysis.files import is_plain, read_plain
from kla_analysis.instrument.instrument import load_instrument
from kla_analysis.language import moment, number, t
from kla_analysis.project import Project, find_project
from kla_analysis.report import html
from kla_analysis.report.manifest import badge_in_words, doubts_in_words, predicate_in_words, total_in_words
from kla_analysis.report.parameters import ALL_CLUSTERS, ReportParameters, check_parameters
from kla_analysis.report.store import Place, locked, place_at, put, writing
from kla_analysis.runs.runner import LOG, Limits, Outcome, Progress, Supervisor
from kla_analysis.runs.side_by_side import side_by_side
from kla_analysis.showing.excel import sheet_of, workbook
from kla_analysis.showing.plan import money_column
from kla_analysis.showing.table import Column, Table

#: The word for every district and city.
ALL = "all"
#: Exit code: some reports are there, others are not; the same command again does the rest.
PARTLY = 8


@dataclass(frozen=True)
class Job:
    """One report of a batch: what it is about, and where it goes, from the root of the batch."""

    parameters: ReportParameters
    area: str
    province: str
    path: str


@dataclass(frozen=True)
class BatchRun:
    """How a batch went.

    Attributes:
        outcomes: one per report, in the order of the jobs.
        without_data: areas and years of which nothing is known, where every area was asked for.
        index, workbook: addresses of the table of all reports; empty when there is none.
    """

    outcomes: tuple[Outcome, ...]
    without_data: tuple[Job, ...]
    index: str
    workbook: str
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """How many reports were done, unchanged, failed and stopped."""
        return {
            status: sum(outcome.status == status for outcome in self.outcomes)
            for status in ("done", "unchanged", "failed", "stopped")
        }

    @property
    def exit_code(self) -> int:
        """0 when all are there, 8 when some are, else that of what all failed of."""
        failed = [outcome.exit_code for outcome in self.outcomes if outcome.status in ("failed", "stopped")]
        if not failed:
            return 0
        return failed[0] if len(set(failed)) == 1 and len(failed) == len(self.outcomes) else PARTLY


def read_areas(text: str) -> list[str]:
    """Return the area codes that `--areas` names: `all`, codes with commas between them, or a file.

    A file holds one code a line, at its beginning; a header, empty lines and lines with # do not count.

    Raises:
        ParameterError: with every code that is unknown.
    """
    known = load_areas()
    districts = list(known.index[known["kind"] != "provinsi"])
    if text == ALL:
        return districts
    path = Path(text)
    lines: list[tuple[int | None, str]] = [(None, part) for part in text.split(",")]
    if path.suffix in (".txt", ".csv") or is_plain(path):
        try:
            raw = read_plain(path).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ParameterError(
                t("Daftar wilayah {file} tidak dapat dibaca: {why}.", file=path.name, why=error),
                advice=t("Tulis satu kode wilayah per baris, sebagai teks UTF-8."),
            ) from None
        lines = [*enumerate(raw.splitlines(), start=1)]
    found, problems = [], []
    for row, line in lines:
        code = re.split(r"[,;\t#]", line, maxsplit=1)[0].strip().strip("\"'")
        if not code or (row == 1 and not code[0].isdigit()):
            continue
        code = f"{code[:2]}.{code[2:]}" if re.fullmatch(r"\d{4}", code) else code
        if code in districts:
            found.append(code)
        else:
            file = path.name if row else None
            problems.append(Problem(t("kode ini tidak ada"), _area_advice(code, districts), file, row, value=code))
    if problems:
        raise ParameterError(t("Daftar wilayah ditolak."), problems=problems, advice=t("Lihat data/areas.csv."))
    if not found:
        raise ParameterError(
            t("Daftar wilayah kosong: tidak ada satu pun kode di dalamnya."),
            advice=t("Tulis all, kode dipisah koma (63.10,63.01), atau berkas dengan satu kode per baris."),
        )
    return list(dict.fromkeys(found))


def _area_advice(code: str, districts: Sequence[str]) -> str:
    near = near_codes(code, districts)
    return t("Mungkin maksud Anda {codes}?", codes=t(" atau ").join(near)) if near else t("Lihat data/areas.csv.")


def plan_jobs(
    areas: Sequence[str],
    *,
    years: Sequence[int],
    targets: Sequence[str] = ("",),
    clusters: Sequence[str] = (ALL_CLUSTERS,),
    sheets: Path | None = None,
    **same: Any,
) -> list[Job]:
    """Return one job per area, year, target and cluster.

    Args:
        sheets: a folder with `<area>/<year>-<stage>.csv`, in place of the project's own.
        same: the parameters that all have.

    Raises:
        ParameterError: a parameter is refused.
    """
    known = load_areas()
    jobs = []
    for year, target, cluster in itertools.product(years, targets, clusters):
        asked = {"year": year, "target": target, "cluster": cluster, **same}
        stage = asked.get("stage", "")
        order = [known.code for known in load_instrument(year=year).stages] if sheets else []
        # What differs from the first asked for stands in the name, so that two reports never share a folder.
        differs = [v for v, usual in ((target, targets[0]), (cluster, ALL_CLUSTERS), (stage, "")) if v != usual]
        for area in areas:
            sheet = _sheet_of(area, year, stage, sheets, order) if sheets else ""
            parameters = check_parameters({**asked, "area": area, "assessment": sheet})
            path = f"{area}/{'-'.join(map(str, (year, *differs)))}"
            jobs.append(Job(parameters, known.loc[area, "name"], known.loc[area, "province"], path))
    return sorted(dict.fromkeys(jobs), key=lambda job: job.path)


def job_of(parameters: ReportParameters) -> Job:
    """Return the job of one report, at `<area>/<year>`."""
    known = load_areas().loc[parameters.area]
    return Job(parameters, known["name"], known["province"], f"{parameters.area}/{parameters.year}")


def run_batch(
    jobs: Sequence[Job],
    *,
    out: str | Path | None = None,
    workers: int = 1,
    only_failed: bool = False,
    skip_without_data: bool = False,
    dask: str = "",
    progress: Progress = lambda line: None,
    force: bool = False,
    limits: Limits = Limits(),  # noqa: B008
) -> BatchRun:
    """Make many reports; those whose inputs have not changed are left as they are.

    Args:
        out: folder or address of all reports; the project's `reports/` when not given.
        workers: how many are made at once on this machine.
        only_failed: only those that failed or were stopped when they were last run.
        skip_without_data: leave out areas of which nothing is known, instead of failing on them.
        dask: address of a scheduler of dask.distributed; its workers then make the reports.

    Raises:
        LockedError: another batch is writing there.
        OutputError: nothing can be written there.
    """
    began = time.monotonic()
    project = find_project()
    root = str(out or project.reports)
    with writing(root), locked(_lock_of(root, project), place_at(root, project).shown):
        nothing = _without_data(jobs, project) if skip_without_data else set()
        wanted = [job for job in jobs if job not in nothing]
        places = {job: place_at(f"{root}/{job.path}", project) for job in wanted}
        if only_failed:
            last = _last_status(project)
            wanted = [job for job in wanted if last.get(places[job].folder) in ("failed", "stopped")]
        supervisor = Supervisor(project, progress=lambda line: None, force=force, limits=limits)
        pairs = [(job.parameters, places[job]) for job in wanted]
        if dask:
            running = _on_cluster(dask, pairs, project, force=force, limits=limits)
        else:
            running = supervisor.run_all(pairs, workers)
        by_parameters = {job.parameters: job for job in wanted}
        outcomes = {}
        told = _Told(len(wanted), progress)
        with contextlib.closing(running):
            for outcome in running:
                job = by_parameters[outcome.parameters]
                outcomes[job] = outcome
                told.tell(job, outcome)
        ordered = tuple(outcomes[job] for job in wanted)
        index, workbook = _summaries(jobs, places, outcomes, root, project)
    return BatchRun(
        ordered, tuple(sorted(nothing, key=lambda job: job.path)), index, workbook, time.monotonic() - began
    )


class _Told:
    """Tells how far the batch is, and how long it will take."""

    def __init__(self, count: int, progress: Progress) -> None:
        self._count, self._progress = count, progress
        self._began, self._at, self._made = time.monotonic(), 0, 0

    def tell(self, job: Job, outcome: Outcome) -> None:
        self._at += 1
        self._made += outcome.status != "unchanged"
        if outcome.status == "unchanged":
            return
        what = {"done": t("selesai"), "failed": t("GAGAL"), "stopped": t("dihentikan")}[outcome.status]
        line = t(
            "[{at}/{all}] {area} {year}: {what} ({seconds} detik)",
            at=self._at,
            all=self._count,
            area=job.area,
            year=job.parameters.year,
            what=what,
            seconds=number(outcome.seconds, decimals=1),
        )
        if outcome.status == "failed":
            line += f" – {outcome.why}"
        left = (time.monotonic() - self._began) / self._made * (self._count - self._at)
        if self._at < self._count:
            line += t(", sisa kira-kira {left}", left=_duration(left))
        self._progress(line)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return t("{n} detik", n=number(seconds, decimals=0))
    if seconds < 5400:
        return t("{n} menit", n=number(seconds / 60, decimals=0))
    return t("{n} jam", n=number(seconds / 3600, decimals=1))


def _sheet_of(area: str, year: int, stage: str, sheets: Path, order: Sequence[str]) -> str:
    """Return the sheet of an area and year in a folder of sheets, the one of the latest stage; empty when none."""
    found = {path.stem.partition("-")[2]: path for path in (sheets / area).glob(f"{year}-*.csv")}
    stages = [code for code in order if code in found and stage in ("", code)]
    return str(found[stages[-1]].resolve()) if stages else ""


def _without_data(jobs: Sequence[Job], project: Project) -> set[Job]:
    """Return the jobs about an area and year of which nothing is known: no sheet, no published result."""
    results = load_results(data=project.data)
    published = set(zip(results["area_code"], results["award_year"], strict=True))
    return {
        job
        for job in jobs
        if not job.parameters.assessment
        and (job.parameters.area, job.parameters.year) not in published
        and not any((project.data / "assessments" / job.parameters.area).glob(f"{job.parameters.year}-*.csv"))
    }


def _lock_of(root: str, project: Project) -> Path:
    name = re.sub(r"[^A-Za-z0-9]+", "-", root)[-80:] if "://" in root else ""
    return (project.reports if name else Path(root)) / f".batch{name}.lock"


def _last_status(project: Project) -> dict[str, str]:
    """Return how every report went when it was last run, by the place that the log names."""
    last = {}
    try:
        lines = (project.reports / LOG).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            record = json.loads(line)
            last[record["report"]] = record["status"]
        except (ValueError, KeyError, TypeError):
            continue  # cut off in the middle
    return last


def _on_cluster(
    address: str, jobs: Sequence[tuple[ReportParameters, Place]], project: Project, **options: Any
) -> Generator[Outcome]:
    """Have the workers of a Dask cluster make the reports.

    A worker makes a report as this machine would: with a lock, a child on a leash, and a manifest at the
    end. So a report that is given to a second worker, because the first was lost, is not made twice.

    Raises:
        ParameterError: dask.distributed is not installed.
        KernelError: no scheduler answers there.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise ParameterError(
            t("dask.distributed tidak terpasang."), advice=t("Pasang dengan: pip install 'kla-analysis[dask]'.")
        ) from None
    try:
        client = Client(address, timeout=5, set_as_default=False)
    except (OSError, ValueError) as error:
        raise KernelError(
            t("Penjadwal Dask di {address} tidak menjawab: {why}.", address=address, why=error),
            advice=t("Jalankan dask scheduler dan dask worker, lalu sebutkan alamatnya dengan --dask."),
        ) from None
    with client:
        folders = {name: str(getattr(project, name)) for name in ("root", "data", "reports", "notebooks")}
        asked = [(parameters.model_dump(), place.folder, folders, options) for parameters, place in jobs]
        futures = client.map(_make, asked, pure=False, retries=2)
        by_key = {future.key: job for future, job in zip(futures, jobs, strict=True)}
        for future in as_completed(futures, loop=client.loop):
            parameters, place = by_key[future.key]
            if future.status == "finished":
                yield Outcome(parameters=parameters, **future.result())
            else:
                lost = KernelError(t("Pekerja Dask hilang: {why}.", why=future.exception()), advice=t("Jalankan lagi."))
                yield Outcome(
                    parameters,
                    "failed",
                    place.folder,
                    place.index,
                    lost.what,
                    lost.advice,
                    lost.exit_code,
                    error=lost,
                )


def _make(asked: tuple[dict[str, Any], str, dict[str, str], dict[str, Any]]) -> dict[str, Any]:
    """Make one report on a worker of the cluster; only plain values come back."""
    parameters, address, folders, options = asked
    project = Project(**{name: Path(path) for name, path in folders.items()})
    outcome = Supervisor(project, **options).run(ReportParameters(**parameters), place_at(address, project))
    return {
        each.name: getattr(outcome, each.name) for each in fields(outcome) if each.name not in ("parameters", "error")
    }


def _summaries(
    jobs: Sequence[Job], places: dict[Job, Place], outcomes: dict[Job, Outcome], root: str, project: Project
) -> tuple[str, str]:
    """Write the page and the workbook that list all reports, from what stands in their manifests."""
    rows = [_row(job, places.get(job), outcomes.get(job)) for job in jobs]
    frame = pd.DataFrame(rows, columns=list(_row(jobs[0], None, None))) if jobs else pd.DataFrame()
    title = t("Laporan KLA: {count} daerah", count=number(len({job.parameters.area for job in jobs})))
    borrowed = sum(bool(row["badge"]) for row in rows)
    remark = (
        t(
            "{count} dari {all} lembar bukan nilai daerahnya sendiri: ilustratif atau sintetis.",
            count=number(borrowed),
            all=number(sum(bool(row["link"]) for row in rows)),
        )
        if borrowed
        else ""
    )
    counted = Counter(row["predicate"] for row in rows if row["predicate"])
    lead = "; ".join(f"{name} {number(count)}" for name, count in counted.most_common())
    lead = t("Predikat menurut lembar: {counts}.", counts=lead) if lead else ""
    beside = [table.record() for table in side_by_side(rows)]
    page = html.national_page(title, lead, remark, rows, beside, made=moment(datetime.datetime.now(datetime.UTC)))
    words = [said for said in (lead, remark, t("Dibuat oleh kla_analysis.")) if said]
    book = workbook(title, words, {}, [sheet_of(one, t("Ringkasan")) for one in (_table(frame).record(), *beside)])
    return (
        put(root, "index.html", page.encode(), project),
        put(root, "ringkasan.xlsx", book, project),
    )


def _row(job: Job, place: Place | None, outcome: Outcome | None) -> dict[str, Any]:
    """Gather what the table of all reports says about one of them."""
    made = place.manifest() if place is not None else None
    figures = made.figures if made is not None else {}
    failed = outcome is not None and outcome.status in ("failed", "stopped")
    status = t("tanpa data") if place is None else t("gagal") if failed else t("ada") if made else t("belum dibuat")
    return {
        "code": job.parameters.area,
        "area": job.area,
        "province": job.province,
        "year": job.parameters.year,
        "target": figures.get("target", job.parameters.target),
        "predicate": predicate_in_words(figures) if figures else None,
        "total": total_in_words(figures),
        "gap": total_in_words(figures, "gap"),
        "doubts": " ".join(doubts_in_words(figures)),
        "total_low": figures.get("total_low"),
        "total_high": figures.get("total_high"),
        "unknown": figures.get("unknown"),
        "gap_high": figures.get("gap_high"),
        "cost": figures.get("plan_cost"),
        "status": status,
        "why": f"{outcome.why} {outcome.advice}".strip() if outcome is not None and failed else "",
        "link": f"{job.path}/index.html" if made is not None else "",
        "badge": badge_in_words(figures),
        "costs": t("KATALOG CONTOH") if figures.get("example_costs") else "",
        "beside": figures.get("beside", {}),
    }


def _table(frame: pd.DataFrame) -> Table:
    columns = (
        Column("code", t("Kode")),
        Column("area", t("Daerah")),
        Column("province", t("Provinsi")),
        Column("year", t("Tahun"), write=str),
        Column("target", t("Target")),
        Column("predicate", t("Predikat")),
        Column("total_low", t("Nilai, sedikitnya (poin)"), "number"),
        Column("total_high", t("Nilai, sebanyaknya (poin)"), "number"),
        Column("unknown", t("Belum diketahui (poin)"), "number"),
        Column("gap_high", t("Jarak ke target, paling jauh (poin)"), "number"),
        Column("status", t("Status")),
        Column("doubts", t("Catatan")),
        Column("why", t("Sebab")),
        Column("badge", t("Lembar")),
        money_column("cost", t("Biaya rencana")),
        Column("costs", t("Biaya menurut")),
    )
    return Table(t("Semua laporan"), columns, frame, source=t("Sumber: manifes setiap laporan."))
