"""Runs that go well and runs that go wrong: each with its exit code, nothing half written, nothing left running."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import fsspec
import pytest
from conftest import ROOT
from pypdf import PdfReader

from kla_analysis.errors import KernelError, ParameterError
from kla_analysis.project import Project
from kla_analysis.report import processes, store
from kla_analysis.report.manifest import Manifest, hash_of_program, read_manifest
from kla_analysis.report.parameters import check_parameters
from kla_analysis.runs.runner import Limits

REPORT = ("report", "--area", "63.10", "--year", "2022")
PICTURE = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3])\nplt.title('garis')\nplt.show()"


def manifest(mini, place="63.10/2022") -> Manifest:
    return read_manifest((mini.reports / place / "manifest.json").read_bytes())


def test_forked_and_spawned_reports_are_the_same_and_so_are_two_runs(mini):
    mini.notebook(
        "charts.components(case.components, case)",
        "tables.component_table(case.components, case)",
        "print('a'); print('b')",
        PICTURE,
    )
    mini.notebook("import numpy\nnumpy.random.rand(3)", "{'satu', 'dua', 'tiga'}", name="20_uji")
    mini.run()
    mini.run(force=True)  # the first report has nothing to compare itself with
    forked, pages = mini.files(), manifest(mini).reports
    assert [page.images for page in pages] == [2, 0]  # pyplot's own picture too, which is easily lost without a word
    for method in ("forkserver", "spawn"):  # the second is all that Windows and macOS have
        assert mini.run(force=True, method=method).status == "done"
        assert mini.files() == forked


def test_an_unchanged_report_is_not_made_again_and_a_changed_one_says_why(mini):
    def why(**options):
        done = mini.run(**options)
        return "" if done.status == "unchanged" else done.why

    assert why() == "laporan belum ada"
    assert why() == ""
    sheet = mini.root / "data/assessments/63.10/2022-final.csv"
    sheet.write_text(sheet.read_text().replace(",1.1,10.11,", ",1.1,10.1,"))
    assert why() == "lembar nilai berubah"
    mini.notebook("wording.headline(case, case.target)")
    assert why() == "notebook berubah"
    assert why(force=True) == "diminta"
    assert why(target="utama") == "parameter berubah"
    assert why(target="utama") == ""
    assert why() == "parameter berubah"
    (mini.root / "data/scenarios/nindya-termurah.yaml").unlink()
    assert why() == ""  # no scenario was asked for
    (mini.root / "data/published/stage_scores.origin.yaml").write_text("title: lain\n")
    (mini.root / "data/actions/contoh/origin.yaml").open("a").write("# lain\n")
    assert why() == "hasil terbit berubah; katalog kegiatan berubah"
    (mini.reports / "63.10/2022/index.html").write_text("rusak")
    assert why() == "berkas laporan hilang atau berubah"
    assert why() == ""


def test_nothing_is_started_for_a_report_that_stands(mini, monkeypatch):
    assert mini.run().status == "done"
    for name in ("prepare", "start"):
        monkeypatch.setattr(processes, name, lambda *given: pytest.fail("a process was started"))
    assert mini.run().status == "unchanged"


def test_a_report_in_both_languages_leads_from_each_page_to_its_twin(mini):
    here, there = mini.reports / "63.10/2022", mini.reports / "63.10/2022-en"
    for status in ("done", "unchanged"):
        assert mini.run(also_in="en").status == status
    for folder, lang, words in ((here, "id", "English"), (there, "en", "Bahasa Indonesia")):
        pages = sorted(path.name for path in folder.glob("*.html"))
        assert pages == sorted(path.name for path in here.glob("*.html"))
        for page in pages:
            text = (folder / page).read_text(encoding="utf-8")
            twin, name = re.search(r'class="kla-tongue[^>]*><a href="([^"]+)"[^>]*>([^<]+)</a>', text).groups()
            assert f'<html lang="{lang}">' in text
            assert (name, (folder / twin).resolve()) == (words, ((there, here)[folder == there] / page).resolve())
    mini.run()
    assert "kla-tongue" not in (here / "index.html").read_text(encoding="utf-8").partition("<body")[2]
    with pytest.raises(ParameterError, match="en:2022-en"):
        check_parameters({"translation": "en:../../etc"})


def test_a_manifest_that_can_not_be_trusted_is_made_anew(mini):
    mini.run()
    path = mini.reports / "63.10/2022/manifest.json"
    whole = manifest(mini)
    for content in (None, "{rusak", '{"outputs": {"index.html": "0"}}'):
        path.unlink()
        if content is not None:
            path.write_text(content)
        assert mini.run().why == "laporan belum ada"
        assert manifest(mini).outputs.keys() == whole.outputs.keys()


@pytest.mark.long
def test_whatever_the_machine_speaks_the_files_are_the_same(mini):
    mini.run()
    mini.run(force=True)  # the first report has nothing to compare itself with
    first = mini.files()
    for environment in (
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "TZ": "Asia/Jayapura"},
        {"LANG": "tr_TR.UTF-8", "TZ": "UTC", "PYTHONIOENCODING": "cp1252"},
    ):
        running = mini.start(*REPORT, "--force", **environment)
        running.communicate(timeout=240)
        assert running.returncode == 0
        assert mini.files() == first


@pytest.mark.long
def test_whatever_the_clock_on_the_wall_says_the_files_are_the_same(mini, tmp_path):
    assert shutil.which("cc"), "a C compiler is needed: sudo apt install gcc libc6-dev"
    clock = tmp_path / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", clock, Path(__file__).parent / "clock.c", "-ldl"], check=True)
    mini.notebook(
        "from kla_analysis import tables\nanswer = kla.plan_for(case, kla.open_scenario(''), 'nindya')",
        "tables.cut_table(answer.cuts, answer)",
        "tables.core_table(answer.core, answer)",
    )
    mini.run()
    mini.run(force=True)  # the first report has nothing to compare itself with
    first = without_the_day(mini.files())

    def within_the_run(when: str) -> str:
        return str(round(datetime.fromisoformat(when).timestamp() - time.time() - 3))

    clocks = (
        {"CLOCK_JUMPS": "1"},
        {"CLOCK_SHIFT": within_the_run("2026-12-31T16:00:00+00:00"), "TZ": "Asia/Makassar"},
        {"CLOCK_SHIFT": within_the_run("2027-03-28T01:00:00+00:00"), "TZ": "Europe/Berlin"},
        {"CLOCK_SHIFT": within_the_run("2027-10-31T01:00:00+00:00"), "TZ": "Europe/Berlin"},
    )
    for environment in clocks:
        running = mini.start(*REPORT, "--force", LD_PRELOAD=str(clock), **environment)
        _, said = running.communicate(timeout=240)
        assert running.returncode == 0, said.decode()
        assert without_the_day(mini.files()) == first


def without_the_day(files: dict[str, bytes]) -> dict[str, object]:
    """The files, of PDF and slides what is read: they bear the day on which they were made, and nothing else may differ."""
    found: dict[str, object] = dict(files)
    for name in files:
        if name.endswith(".pdf"):
            pages = PdfReader(io.BytesIO(files[name])).pages
            found[name] = [re.sub(r"\d{1,2} \w+ 20\d\d", "", page.extract_text()) for page in pages]
        elif name.endswith(".pptx"):
            parts = zipfile.ZipFile(io.BytesIO(files[name]))
            said = {part: re.findall(rb"<a:t>(.*?)</a:t>", parts.read(part)) for part in parts.namelist()}
            found[name] = {part: re.sub(rb"\d{1,2} \w+ 20\d\d", b"", b"\n".join(text)) for part, text in said.items()}
    return found


@pytest.mark.long
def test_notebooks_take_turns_where_other_reports_use_the_processors(mini):
    for name in ("10_uji", "11_uji", "12_uji"):
        mini.notebook(
            f"import pathlib, time\nbegan = time.time()\ntime.sleep(1)\n"
            f"pathlib.Path({str(mini.root)!r}, '{name}.txt').write_text(f'{{began}} {{time.time()}}')",
            name=name,
        )
    (code,) = mini.synthetic(1)
    processors = os.cpu_count()
    for jobs, alone in ((processors, True), (1, processors == 1)):
        assert mini.run_batch([code], workers=jobs, force=True).exit_code == 0
        times = sorted([float(each) for each in path.read_text().split()] for path in mini.root.glob("*.txt"))
        assert len(times) == 3
        assert all(end <= began for (_, end), (began, _) in itertools.pairwise(times)) is alone


def test_too_long_in_all_ends_the_whole_tree(mini):
    mini.notebook("import subprocess\nsubprocess.Popen(['sleep', '600']).wait()")
    done = mini.kla(*REPORT, "--timeout", "6")
    assert done.returncode == 5
    assert "6 detik" in done.stderr
    assert mini.gone(5)
    assert not mini.left_over()


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_cell_that_takes_too_long_ends_the_report(mini, method):
    mini.notebook("import time\ntime.sleep(600)")
    with pytest.raises(KernelError, match="10_uji"):
        mini.run(method=method, limits=Limits(cell=3))
    assert not mini.left_over()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_asked_to_stop(mini, number, code):
    mini.notebook("import time\ntime.sleep(600)")
    running = mini.start(*REPORT)
    mini.wait_for(
        lambda: len(mini.processes()) >= 5
    )  # the command, its fork server and tracker, the report, the notebook
    running.send_signal(number)
    _, said = running.communicate(timeout=10)
    assert running.returncode == code
    assert b"Dihentikan" in said
    assert b"Traceback" not in said
    assert "dihentikan" in (mini.reports / "kla.log").read_text()
    assert mini.gone(5)
    assert not mini.left_over()


def in_a_room_of_its_own(mini, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount file systems, and cut itself off from the network, for itself alone."""
    kla = f"{shlex.quote(sys.executable)} -c 'from kla_analysis.cli import main; main()'"
    return subprocess.run(
        [
            "unshare",
            *([] if os.getuid() == 0 else ["--map-root-user"]),
            "--mount",
            "--net",
            "sh",
            "-c",
            f'kla() {{ {kla} "$@"; }}\nip link set lo up 2>/dev/null\n{script}',
        ],
        cwd=ROOT,
        env={**os.environ, **mini.environment()},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_network_a_full_disk_and_a_folder_that_is_read_only(mini):
    """All three in one room, whose only network is its own loopback."""
    mini.reports.mkdir()
    place = shlex.quote(str(mini.reports))
    done = in_a_room_of_its_own(
        mini,
        f"mount -t tmpfs -o size=2M tmpfs {place} || exit 99\n"
        f"kla {shlex.join(REPORT)}; echo first=$?\n"
        f"cksum {place}/63.10/2022/*\n"
        f"head -c 1200k /dev/zero > {place}/penuh\n"
        f"kla {shlex.join(REPORT)} --force; echo full=$?\n"
        f"cksum {place}/63.10/2022/*\n"
        f"find {place} -name '.*building*'\n"
        f"mount -o remount,ro {place} || exit 98\n"
        f"kla {shlex.join(REPORT)} --force; echo readonly=$?\n",
    )
    lines = done.stdout.splitlines()
    assert "first=0" in lines, done.stderr
    assert "full=6" in lines
    assert "readonly=6" in lines
    sums = [line for line in lines if line[0].isdigit()]
    assert len(sums) == 22  # four pages, their documents, what changed, the manifest: twice
    assert sums[:11] == sums[11:]
    assert not [line for line in lines if "building" in line]
    assert "Traceback" not in done.stderr


def test_a_program_that_changes_while_it_runs_is_another_one(tmp_path):
    program = tmp_path / "program" / "bagian"
    program.mkdir(parents=True)
    (program / "a.py").write_text("satu")
    first = hash_of_program(program.parent)
    (program / "__pycache__").mkdir()
    (program / "__pycache__" / "a.pyc").write_text("apa saja")
    assert hash_of_program(program.parent) == first
    (program / "a.py").write_text("dua, lebih panjang")
    changed = hash_of_program(program.parent)
    (program / "b.py").write_text("")
    assert len({first, changed, hash_of_program(program.parent)}) == 3


def publisher(folder: Path) -> Callable[[str], str]:
    """Return a function that publishes a report of one page."""
    place = store.place_at(folder, Project(folder.parent, folder.parent, folder.parent, folder.parent))

    def publish(text: str) -> str:
        outputs = {"index.html": store.sha256(text.encode())}
        with place.held(), place.staging() as staging:
            (staging / "index.html").write_text(text)
            made = Manifest(parameters={}, inputs={}, versions={}, created="", outputs=outputs)
            return place.publish(staging, made)

    return publish


def test_a_report_that_somebody_has_open_is_left_and_the_new_one_stands_beside_it(tmp_path, monkeypatch):
    """As on Windows, where an open file holds its folder."""
    publish = publisher(tmp_path / "2022")
    assert publish("lama").endswith("2022/index.html")
    really = os.replace

    def refuse(source, target):
        if str(source) == str(tmp_path / "2022"):
            raise PermissionError(13, "in use")
        really(source, target)

    monkeypatch.setattr(store.os, "replace", refuse)
    assert publish("baru").endswith("2022 (2)/index.html")
    assert (tmp_path / "2022/index.html").read_text() == "lama"
    assert (tmp_path / "2022 (2)/index.html").read_text() == "baru"


@pytest.mark.parametrize("left", ["before", "between", "after"])
def test_what_a_cut_off_move_left_is_put_right(tmp_path, left):
    """A kill before, between and after the two renames loses nothing, not even what people added."""
    publish = publisher(tmp_path / "2022")
    publish("lama")
    (tmp_path / "2022/catatan.txt").write_text("milik saya")
    if left == "before":
        shutil.copytree(tmp_path / "2022", tmp_path / ".2022.building-x")
    else:
        os.replace(tmp_path / "2022", tmp_path / ".2022.old-1")
        if left == "after":
            shutil.copytree(tmp_path / ".2022.old-1", tmp_path / "2022", ignore=shutil.ignore_patterns("catatan.txt"))
    publish("baru")
    assert (tmp_path / "2022/index.html").read_text() == "baru"
    assert (tmp_path / "2022/catatan.txt").read_text() == "milik saya"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".2022.lock", "2022"]


def test_the_lock_says_who_holds_it(mini):
    mini.notebook("import time\ntime.sleep(600)")
    running = mini.start(*REPORT)
    try:
        mini.wait_for(lambda: (mini.reports / "63.10/.2022.lock").is_file() and len(mini.processes()) >= 3)
        second = mini.kla(*REPORT)
        assert second.returncode == 7
        assert f"nomor {running.pid}" in second.stderr
    finally:
        running.kill()
        running.communicate()
    assert mini.gone(5)
    mini.notebook("1 + 1")
    assert mini.kla(*REPORT).returncode == 0  # the lock of the dead one is no lock
    assert not mini.left_over()


def test_any_address_of_fsspec(mini):
    files = fsspec.filesystem("memory")
    assert mini.run(out="memory://kla/63.10").status == "done"
    assert mini.run(out="memory://kla/63.10").status == "unchanged"
    there = {path.rpartition("/")[2] for path in files.ls("/kla/63.10", detail=False)}
    documents = {"laporan.pdf", "ringkasan.pdf", "rapat.pptx", "laporan.xlsx", "results.json", "changes.json"}
    assert there == {"10_uji.html", "index.html", "perubahan.html", "pertanyaan.html", "manifest.json", *documents}
    made = read_manifest(files.cat_file("/kla/63.10/manifest.json"))
    for name, digest in made.outputs.items():
        assert store.sha256(files.cat_file(f"/kla/63.10/{name}")) == digest
    files.rm_file("/kla/63.10/index.html")
    assert mini.run(out="memory://kla/63.10").status == "done"
    assert mini.run(out=f"file://{mini.root}/lain").status == "done"
    assert (mini.root / "lain/manifest.json").is_file()


def test_an_address_of_no_known_kind(mini):
    done = mini.kla(*REPORT, "--out", "awan://laporan")
    assert done.returncode == 2
    assert "awan" in done.stderr


def test_the_log_for_machines(mini):
    mini.notebook("1 / 0")
    assert mini.kla(*REPORT).returncode == 4
    (line,) = (mini.reports / "kla.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    assert (record["status"], record["exit_code"], record["area"]) == ("failed", 4, "63.10")
    assert "ZeroDivisionError" in record["trace"]
