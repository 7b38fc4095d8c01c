"""The build: one report, made in a folder aside by a process of its own that the runner started.

Nothing here publishes anything: the runner looks at what is there, and does it.
"""

from __future__ import annotations

import contextlib
import datetime
import gc
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import nbformat
from pydantic import BaseModel, ConfigDict

from kla_analysis.analysis import uncertainty
from kla_analysis.analysis.position import Position
from kla_analysis.analysis.target import aim
from kla_analysis.errors import KernelError, KlaError, NotebookError, OutputError
from kla_analysis.evidence.areas import zone_of
from kla_analysis.files import why_not
from kla_analysis.instrument.glossary import load_glossary
from kla_analysis.language import local, moment, number, percent, t
from kla_analysis.project import find_project
from kla_analysis.report import changes, exports, html, pages, processes, results
from kla_analysis.report.manifest import Manifest, facts
from kla_analysis.report.notebooks import changed_here, read_notebook
from kla_analysis.report.parameters import ALL_CLUSTERS, ReportParameters, begin, declared_values
from kla_analysis.report.store import place_at
from kla_analysis.showing import losses, scorecard, summary
from kla_analysis.showing.figure import for_phones
from kla_analysis.showing.records import Record

if TYPE_CHECKING:
    from nbformat import NotebookNode


#: Under this name papermill knows the engine that runs cells in the process that asks.
ENGINE = "kla"


class Job(BaseModel):
    """What the runner wants built.

    Attributes:
        staging: the folder to build in.
        temporary: a folder for what is needed for a while; the runner removes it.
        facts: what the report is made from, as far as the runner knows it beforehand.
        previous: where the last report about the same stands, if there is one.
        memory_mb: what one process may take.
        at_once: how many notebooks run at once.
        fork: give each notebook a forked process of its own.
        environment: of whoever asks.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameters: ReportParameters
    staging: Path
    temporary: Path
    facts: Manifest
    previous: str
    memory_mb: int
    at_once: int
    fork: bool
    environment: dict[str, str]


def main(line: Connection) -> None:
    """Build the report that whoever started this process asks for over the line, and say there how it goes.

    Once all is said this process waits to be ended, with all that it has started.
    """
    with contextlib.suppress(AttributeError, PermissionError):
        os.setsid()
    try:
        line.send(("ready", {}))
        job = Job(**line.recv())
    except (OSError, EOFError):
        return
    os.environ.clear()
    os.environ.update(job.environment)
    tempfile.tempdir = str(job.temporary)
    _hush(job.temporary / processes.PRINTED)
    with contextlib.suppress(AttributeError):  # Windows
        time.tzset()
    with contextlib.suppress(OSError, EOFError):  # nobody listens any more
        line.send(_built(line, job))
        line.recv()
    _abandon(job)


def _built(line: Connection, job: Job) -> tuple[str, dict[str, Any]]:
    """Build the report; return what is to be said about it."""
    if not job.fork:
        threading.Thread(target=_watch, args=(line, job), daemon=True).start()
    try:
        _limit_memory(job.memory_mb)
        return "built", _build(job, line)
    except processes.Gone:
        return _abandon(job)
    except processes.Failed as failed:
        return "failed", failed.told
    except Exception as error:
        return "failed", _told(_failure(error, job))


def _failure(error: Exception, job: Job, notebook: str = "") -> KlaError:
    """Put into words what went wrong."""
    if isinstance(error, KlaError):
        return error
    if isinstance(error, MemoryError):
        failure: KlaError = _out_of_memory(job, notebook)
    elif isinstance(error, OSError):
        failure = OutputError(
            t("Laporan tidak dapat ditulis: {why}.", why=why_not(error)),
            advice=t("Periksa izin dan sisa ruang cakram, atau pilih folder lain dengan --out."),
        )
    else:
        failure = KlaError(
            t("Kesalahan dalam program: {what}.", what=repr(error)), advice=t("Lihat reports/kla.jsonl.")
        )
    failure.__cause__ = error
    return failure


def _told(failure: KlaError) -> dict[str, Any]:
    return {
        "exit_code": failure.exit_code,
        "what": failure.what,
        "advice": failure.advice,
        "problems": [problem.__dict__ for problem in failure.problems],
        "trace": "".join(traceback.format_exception(failure.__cause__ or failure))[-4000:],
    }


def rehearse(parameters: ReportParameters) -> None:
    """Do once what every first page does once: rules read, fonts found, templates compiled."""
    position = begin(**parameters.model_dump())
    sources = _sources()
    frame = _frame(facts(parameters, find_project()), position, parameters, sources)
    html.index_page(_summary(position, [], None), frame)
    for file, notebook in sources.items():
        html.notebook_page(notebook, frame, file)
    uncertainty.drawn((uncertainty.NORMAL,) * (len(position.instrument.components) + 1))
    scorecard.components(position.components, position)._repr_mimebundle_()
    scorecard.indicator_heatmap(position.indicators, position)._repr_mimebundle_()


def _build(job: Job, line: Connection) -> dict[str, Any]:
    """Write all files of the report into the staging folder, and return what the manifest must know of them."""
    # Nearly all that is made lives until this process ends; looking for garbage costs an eighth of the documents.
    gc.disable()
    parameters = job.parameters
    position = begin(**parameters.model_dump())
    sources = _sources()
    frame = _frame(job.facts, position, parameters, sources)
    os.environ["JUPYTER_RUNTIME_DIR"] = os.path.join(job.temporary, "runtime")
    os.chdir(find_project().root)
    # The one that works longest says so: it begins first, so that it does not run alone at the end.
    files = {f"{Path(file).stem}.ipynb": file for file in sources}
    order = sorted(files, key=lambda name: not html.about(sources[files[name]]).get("first", False))

    def tell(event: str, **values: Any) -> None:
        line.send((event, values))

    def page(name: str, tell: processes.Tell) -> tuple[str, list[Record]]:
        file = files[name]
        tell("page", at=order.index(name) + 1, all=len(order), title=frame.titles[file])
        began, used = time.monotonic(), _used()
        try:
            notebook = _execute(sources[file], name, job, tell, aim(position))
            text, shown = html.notebook_page(notebook, frame, file), pages.blocks(notebook)
        except Exception as error:
            raise processes.Failed(_told(_failure(error, job, name))) from error
        now = _used()
        tell(
            "done",
            notebook=name,
            file=file,
            seconds=round(time.monotonic() - began, 2),
            images=sum(block["kind"] == "figure" for block in shown),
            peak_mb=round(now["peak_mb"]),
            cpu_seconds=round(now["cpu_seconds"] - used["cpu_seconds"], 2),
        )
        return text, shown

    with warnings.catch_warnings(), for_phones():
        warnings.simplefilter("ignore")
        if job.fork:
            made = processes.each(page, order, at_once=job.at_once, tell=tell, line=line)
            # No process is forked any more, so a thread may watch.
            threading.Thread(target=_watch, args=(line, job), daemon=True).start()
        else:
            made = {name: page(name, tell) for name in order}
    shown = {file: made[name][1] for name, file in files.items()}
    texts = {file: made[name][0] for name, file in files.items()}
    written, record = _files(job, position, frame, shown, texts)
    for file, content in written.items():
        (job.staging / file).write_bytes(content)
    sheet = position.assessment
    return {
        "files": sorted(written),
        "figures": figures(position, record["plan"]) | {"beside": results.beside_others(position, record)},
        "instrument": position.instrument.id,
        "assessment": {"file": sheet.shown, "sha256": sheet.sha256} if sheet else None,
        **_used(),
    }


def _files(
    job: Job, position: Position, frame: html.Frame, shown: dict[str, list[Record]], texts: dict[str, str]
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return the files of a report by name, and its results.

    Args:
        shown: the blocks of the notebooks' pages, by file; `texts` are these pages as HTML.
    """
    shown, texts = dict(shown), dict(texts)
    found = [block for blocks in shown.values() for block in blocks]
    record = results.results_of(job.parameters, position, pages.values(found))
    changed = changes.compare(changes.last_report(place_at(job.previous, find_project())), record, job.facts)
    sheets = {f"{sheet['id']}.html": sheet for sheet in pages.sheets(found)}
    titles = {file: t("Lembar rapat: {name}", name=sheet["title"]) for file, sheet in sheets.items()}
    answered = {file: html.answered(asked, shown[file]) for file, asked in frame.questions.items()}
    leads = {**frame.leads, html.CHANGES: " ".join(changes.in_words(changed).paragraphs)}
    frame = replace(frame, sheets=titles, leads=leads, questions=answered)
    shown[html.INDEX] = _summary(position, found, record["plan"])
    shown[html.CHANGES] = changes.blocks(changed)
    texts[html.INDEX] = html.index_page(shown[html.INDEX], frame, exports.downloads())
    alone = {html.CHANGES: shown[html.CHANGES]} | {file: [pages.alone(one)] for file, one in sheets.items()}
    texts |= {file: html.part_page(blocks, frame, file) for file, blocks in alone.items()}
    listed = {title: table.record() for title, table in losses.every_question(position).items()}
    texts[html.QUESTIONS] = html.questions_page(listed, frame)
    # Nothing changed: on paper that is left out, so that an equal report is an equal document.
    told = {
        file: shown[file] for file in frame.titles if file in shown and (file != html.CHANGES or not changed.nothing)
    }
    files = {file: text.encode() for file, text in texts.items()}
    files |= exports.all_documents(position, told, frame, record)
    files[changes.FILE] = results.as_json(changed.record())
    return files, record


def _sources() -> dict[str, NotebookNode]:
    """Return the notebooks that are pages of the report, by the file of the page, in the order of their chapters."""
    found = {f"{path.stem}.html": read_notebook(path) for path in find_project().report_notebooks()}
    return {
        file: found[file]
        for file in sorted(found, key=lambda file: html.chapter(found[file]))
        if html.chapter(found[file])
    }


def _execute(source: NotebookNode, name: str, job: Job, tell: processes.Tell, target: str) -> NotebookNode:
    """Run one notebook of a report that leads to a target, and return it with its results."""
    import papermill

    path, output = job.temporary / f"in-{name}", job.temporary / name
    nbformat.write(html.unattended(source), path)
    try:
        return papermill.execute_notebook(
            str(path),
            str(output),
            parameters=declared_values(job.parameters, find_project().notebooks / name, target=target),
            engine_name=ENGINE,
            progress_bar=False,
            log_output=False,
            request_save_on_cell_execute=False,
            on_cell_start=lambda cell, cell_index: tell("cell", notebook=name, cell=cell_index),
        )
    except papermill.PapermillExecutionError as error:
        if "MemoryError" in error.ename:
            failure: KlaError = _out_of_memory(job, name)
        else:
            failure = NotebookError(
                t(
                    "Sel {cell} di {notebook} gagal: {name}: {value}",
                    cell=error.exec_count,
                    notebook=name,
                    name=error.ename,
                    value=_first_line(error.evalue),
                ),
                advice=t(
                    "Notebook yang gagal disimpan di {path}; buka untuk melihat rinciannya.", path=kept(job, output)
                ),
            )
        raise failure from error


def figures(position: Position, plan: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the numbers at the top of a report as plain values (points, rupiah)."""
    ladder, span = position.instrument.ladder, position.span
    gap = ladder.points_to(aim(position), span)
    placed = ladder.place(span.low)
    return {
        "area": position.area.name,
        "stage": position.stage,
        "total_low": span.low,
        "total_high": span.high,
        "unknown": position.unknown_points,
        "unanswered": len(position.roll_up.unanswered) if position.roll_up else 0,
        "predicate": placed.name,
        "predicate_high": ladder.place(span.high).name,
        "printed_contradicts": bool(position.contradictions),
        "bounds": ladder.bounds,
        "target": ladder.name(aim(position)),
        "in_gap": placed.in_gap,
        "plan_cost": plan["cost"] if plan else None,
        "example_costs": bool(plan and plan["catalogue"]["example"]),
        "gap_low": gap.low,
        "gap_high": gap.high,
        "standing": position.standing,
        "note": position.illustration,
        "synthetic": position.illustrative and position.sheet.origin.synthetic,
    }


def _used() -> dict[str, float]:
    """Return what this process has used: peak memory (MiB) and CPU seconds."""
    try:
        import resource
    except ImportError:
        return {"peak_mb": 0.0, "cpu_seconds": time.process_time()}
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "cpu_seconds": time.process_time()}


def kept(job: Job, path: Path) -> str:
    """Keep the notebook that failed, so that somebody can open it, and return where."""
    project = find_project()
    if not path.is_file():
        return "–"
    folder = project.reports / "gagal"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{job.parameters.slug}-{path.name}"
    shutil.copyfile(path, target)
    return project.shown(target)


def _out_of_memory(job: Job, name: str = "") -> KernelError:
    return KernelError(
        t(
            "{notebook} perlu lebih dari {limit} MB memori.",
            notebook=name or t("Laporan ini"),
            limit=number(job.memory_mb),
        ),
        advice=t("Periksa sel yang memuat data, atau naikkan batas dengan --memory."),
    )


def _limit_memory(megabytes: int) -> None:
    """Limit what this process and every kernel it starts may take, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        if megabytes and sys.platform == "linux":
            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 1024 * 1024, hard))


def _summary(position: Position, found: list[Record], plan: Mapping[str, Any] | None) -> list[Record]:
    """Return the blocks of the first page, from what the notebooks have drawn and solved already.

    Args:
        found: the blocks of the notebooks.
        plan: the plan's record; None where there is none.
    """
    target = aim(position)
    words = [
        summary.standing_in_words(position, target).record(),
        {**summary.surety_in_words(position, target).record(), "above": t("Seberapa pasti")},
    ]
    blocks: list[Record] = [
        {"kind": "key_figures", "figures": summary.key_figures(position, target, plan)},
        {"kind": "beside", "words": words, "figure": pages.drawn(summary.picture(position, target), found)},
    ]
    if position.roll_up is not None:
        weakest = {
            **summary.weakest_table(position).record(),
            "above": t("Yang paling banyak hilang, dan siapa pemiliknya"),
        }
        todo = {**summary.plan_in_brief(position, plan).record(), "above": t("Yang dikerjakan, dan berapa biayanya")}
        blocks += [weakest, todo, summary.costs_in_words(position, plan).record()]
    decide = {**summary.decisions_table(position, plan).record(), "above": t("Yang perlu diputuskan sekarang")}
    return [*blocks, decide]


def _frame(
    made_from: Manifest, position: Position, parameters: ReportParameters, sources: dict[str, NotebookNode]
) -> html.Frame:
    when, zone = datetime.datetime.fromisoformat(made_from.created), zone_of(position.area.code)
    heads = {file: html.heading_of(notebook) for file, notebook in sources.items()}
    aims = summary.title(position, parameters.target)
    own = {html.INDEX: t("Ringkasan"), html.CHANGES: t("Perubahan"), html.QUESTIONS: t("Semua pertanyaan")}
    titles = {html.INDEX: f"{own[html.INDEX]}: {aims}"}
    before = [file for file, notebook in sources.items() if html.chapter(notebook) < html.CHANGES_CHAPTER]
    titles |= {file: heads[file] for file in before}
    titles[html.CHANGES] = t("Perubahan: apa yang berbeda dari laporan sebelumnya")
    titles |= heads
    count = len(position.instrument.questions)
    titles[html.QUESTIONS] = t("Semua pertanyaan: {count} butir dan yang menjawabnya", count=count)
    leads = {
        html.QUESTIONS: t("Setiap pertanyaan instrumen dengan nilainya, maksimumnya, dan instansi yang menjawabnya.")
    }
    return html.Frame(
        area=position.area.name,
        year=parameters.year,
        titles=titles,
        about=aims,
        made=local(when, zone).date(),
        short={file: html.short(sources[file]) if file in sources else own[file] for file in titles},
        questions={file: html.about(notebook).get("questions", {}) for file, notebook in sources.items()},
        leads=leads,
        terms=dict(load_glossary(position.instrument)["name"]) if html.GLOSSARY in sources else {},
        illustrative=position.illustration,
        colophon=_colophon(made_from, position),
        version=version("kla-analysis"),
        stamp=moment(when, zone),
        translation=parameters.translation,
    )


def _colophon(made_from: Manifest, position: Position) -> dict[str, str]:
    sheet = position.assessment
    changed = ", ".join(changed_here())
    return {
        **({t("Notebook diubah di sini"): changed} if changed else {}),
        t("Yang diminta"): "; ".join(_asked(made_from.parameters, position)),
        t("Instrumen"): f"{position.instrument.id}: {position.instrument.title}",
        t("Lembar nilai"): f"{sheet.shown} (sha256 {sheet.sha256[:16]}…)" if sheet else t("tidak ada"),
        t("Aturan"): t("sha256 {hash}…", hash=made_from.inputs["instrument"][:16]),
        t("Arti status"): t(
            "terbit = tertulis di sumbernya; sekunder = dari salinan tidak resmi yang hitungannya cocok; turunan = "
            "dihitung dari keduanya; asumsi = dari kami; menurut pembuatnya = tertulis di berkasnya, belum diperiksa pihak lain; "
            "ilustratif = contoh, bukan nilai daerah ini."
        ),
        t("Dibuat oleh"): f"kla_analysis {version('kla-analysis')}, Python {made_from.versions['python']}",
    }


def _asked(given: Mapping[str, Any], position: Position) -> list[str]:
    """Say in words what the report was asked for; as plain values it stands in the manifest."""
    rules, kept, least = position.instrument, given["retention"], given["least_share"]
    said = {
        t("daerah"): f"{position.area.name} ({position.area.code})",
        t("putaran"): str(given["year"]),
        t("tahap"): rules.stage(given["stage"] or position.stage).name,
        t("target"): rules.ladder.name(given["target"]) if given["target"] else t("predikat berikutnya"),
        t("bagian yang bertahan"): percent(kept) if kept else t("dari kasus yang terbit"),
        t("rencana"): given["scenario"] or t("biaya termurah menuju target"),
        t("nilai minimum tiap indikator"): percent(least) if least else t("tidak diperiksa"),
    }
    if given["cluster"] != ALL_CLUSTERS:
        said[t("komponen")] = rules.component(given["cluster"]).name
    return [f"{name}: {value}" for name, value in said.items()]


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


def _hush(said: Path) -> None:
    """Let what libraries print go into a file, of which the runner shows the end when something goes wrong."""
    with said.open("ab", buffering=0) as file:
        for standard in (1, 2):
            os.dup2(file.fileno(), standard)


def _watch(line: Connection, job: Job) -> None:
    """End with whoever started us."""
    with contextlib.suppress(OSError, EOFError):
        line.poll(None)
    _abandon(job)


def _abandon(job: Job) -> NoReturn:
    """End with all that was started, and leave nothing: nobody waits for this report any more."""
    import psutil

    for folder in (job.temporary, job.staging):
        shutil.rmtree(folder, ignore_errors=True)
    processes.end_tree(psutil.Process())
    os._exit(1)
