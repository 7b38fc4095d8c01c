"""What an adversary tried, kind by kind: files that are none, names that are patterns, links, words that are orders."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, run_kla

from kla_analysis.errors import DataError, KlaError, ParameterError
from kla_analysis.evidence.areas import find_area
from kla_analysis.files import read_plain
from kla_analysis.planning.scenario import check_scenario, load_scenario
from kla_analysis.project import find_project
from kla_analysis.report import store
from kla_analysis.report.manifest import Manifest, facts, read_manifest, why_stale
from kla_analysis.report.parameters import ReportParameters

SHEET = ROOT / "data/assessments/63.10/2022-final.csv"
MARKS = "lembar [1] (a*b?).csv"


# --- only plain files of bounded size, from every door ------------------------------------------------


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes to: who opens it for reading waits for ever."""
    os.mkfifo(tmp_path / "pipa.csv")
    return tmp_path / "pipa.csv"


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """Ten gigabytes that take no room on the disk."""
    path = tmp_path / "besar.csv"
    with path.open("wb") as file:
        file.truncate(10 * 2**30)
    return path


def doors(file: Path, folder: Path) -> dict[str, list[str]]:
    """Every command that is given a file, given this one."""
    sheet = folder / "lembar.csv"
    shutil.copy(SHEET, sheet)
    (folder / "lembar.origin.yaml").unlink(missing_ok=True)
    (folder / "lembar.origin.yaml").symlink_to(file)
    named = {suffix: folder / f"nama{suffix}" for suffix in (".csv", ".yaml", ".toml", ".txt")}
    for path in named.values():
        path.unlink(missing_ok=True)
        path.symlink_to(file)
    catalogue = folder / "katalog"
    catalogue.mkdir(exist_ok=True)
    for name in ("actions.csv", "answers.csv"):
        (catalogue / name).unlink(missing_ok=True)
        (catalogue / name).symlink_to(file)
    return {
        "score": ["score", str(file)],
        "score, with a name": ["score", str(named[".csv"])],
        "beside a sheet": ["score", str(sheet)],
        "audit": ["audit", str(file)],
        "import": ["import", str(file)],
        "report": ["report", "--area", "63.10", "--assessment", str(file)],
        "scenario": ["plan", str(named[".yaml"])],
        "scenario of a report": ["report", "--area", "63.10", "--scenario", str(named[".yaml"])],
        "catalogue": ["plan", "--catalogue", str(catalogue)],
        "check of a catalogue": ["actions", "check", str(catalogue)],
        "schedule": ["schedule", "run", str(named[".toml"])],
        "areas": ["batch", "--areas", str(named[".txt"])],
    }


def test_no_door_opens_what_is_no_plain_file_of_bearable_size(pipe, huge, tmp_path):
    """In words, at once, whatever it is; all doors in one process, which may take 1 GB."""
    kinds = ["/dev/zero", "/proc/self/environ", "/proc/kmsg", "/dev/tty", pipe, huge, tmp_path]
    asked = {}
    for number, kind in enumerate(kinds):
        folder = tmp_path / f"pintu-{number}"
        folder.mkdir()
        asked |= {f"{door}: {kind}": words for door, words in doors(Path(kind), folder).items()}
    script = (
        "import json, resource, sys\nfrom kla_analysis.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))\n"
        "for name, words in json.loads(sys.argv[1]).items():\n"
        "    sys.argv[1:] = words\n"
        "    try:\n        main()\n    except SystemExit as end:\n        print('>>', name, end.code, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "KLA_REPORTS": str(tmp_path / "reports")},
    )
    told = [line[3:].rpartition(" ") for line in done.stdout.splitlines() if line.startswith(">>")]
    codes = {name: int(code) for name, _, code in told}
    assert set(codes) == set(asked), done.stderr
    assert set(codes.values()) <= {2, 3}, codes
    assert "Traceback" not in done.stderr
    assert "PATH=" not in done.stdout + done.stderr  # nothing of what stands in it is told


def test_a_file_that_grows_while_it_is_read_is_refused():
    with pytest.raises(DataError, match="bertambah selagi dibaca"):
        read_plain(Path("/proc/self/status"))


def test_only_the_known_files_of_a_catalogue_count(tmp_path):
    """A scenario that calls a whole disk its catalogue is answered at once: nothing else in that folder is read."""
    scenario = tmp_path / "skenario.yaml"
    scenario.write_text("catalogue: /\n")
    began = time.process_time()
    facts(ReportParameters(scenario=str(scenario)), find_project())
    assert time.process_time() - began < 5
    done = run_kla("plan", str(scenario))
    assert done.returncode == 3
    assert "actions.csv" in done.stderr


# --- names are names, no patterns -------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of a district's own: a sheet with all that stands beside it, a scenario, a catalogue."""
    folder = tmp_path / "milik [kami]"
    folder.mkdir()
    shutil.copy(SHEET, folder / MARKS)
    for beside in ("printed.csv", "repairs.csv", "origin.yaml"):
        (folder / MARKS).with_suffix(f".{beside}").write_text("a,b\n1,2\n")
    shutil.copytree(ROOT / "data/actions/contoh", folder / "katalog")
    (folder / "skenario.yaml").write_text("budget: 600 juta\ncatalogue: katalog\n")
    return folder


def what_is_stale(own: Path, change) -> list[str]:
    about = ReportParameters(assessment=str(own / MARKS), scenario=str(own / "skenario.yaml"))
    before = facts(about, find_project())
    change()
    return why_stale(before, facts(about, find_project()))


@pytest.mark.parametrize(
    ("name", "stale"),
    [
        (MARKS, ["lembar nilai berubah"]),
        (MARKS.replace(".csv", ".printed.csv"), ["lembar nilai berubah"]),
        (MARKS.replace(".csv", ".repairs.csv"), ["lembar nilai berubah"]),
        (MARKS.replace(".csv", ".origin.yaml"), ["lembar nilai berubah"]),
        ("skenario.yaml", ["skenario berubah"]),
        ("katalog/actions.csv", ["skenario berubah"]),
        ("katalog/answers.csv", ["skenario berubah"]),
        ("katalog/origin.yaml", ["skenario berubah"]),
        ("katalog/laporan rapat.docx", []),
        ("laporan.csv", []),
        ("lembar 1 (aab).csv", []),
        (MARKS.replace(".csv", ".pdf"), []),
    ],
)
def test_a_report_is_stale_when_what_it_is_made_from_changed_and_only_then(own, name, stale):
    def append():
        with (own / name).open("a") as file:
            file.write("\n#")

    assert what_is_stale(own, append) == stale
    if stale and name != MARKS:
        assert what_is_stale(own, (own / name).unlink) == stale  # gone is another than there


def test_a_catalogue_in_the_project_makes_its_scenarios_stale(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("KLA_HOME", str(tmp_path))
    about = ReportParameters(scenario="nindya-termurah")
    before = facts(about, find_project())
    with (tmp_path / "data/scenarios/nindya-termurah.yaml").open("a") as file:
        file.write("\n#")
    assert why_stale(before, facts(about, find_project())) == ["skenario berubah"]


def test_the_folder_of_a_sheet_is_not_walked(own):
    """It may be a temporary folder that all programs use: its other folders vanish, loop, or are closed."""
    deep = own / "lain"
    deep.mkdir()
    (deep / "lingkaran").symlink_to(own)
    opened = []

    def watch(event: str, arguments: tuple) -> None:
        if watching and event in ("os.listdir", "os.scandir"):
            opened.append(str(arguments[0]))

    watching = True
    sys.addaudithook(watch)
    facts(ReportParameters(assessment=str(own / MARKS)), find_project())
    watching = False
    assert opened
    assert not [path for path in opened if not Path(path).is_relative_to(ROOT)]


# --- where a report goes ----------------------------------------------------------------------------------


def published(folder: Path, text: str) -> str:
    project = find_project()
    place = store.place_at(folder, project)
    with place.held(), place.staging() as staging:
        (staging / "index.html").write_text(text)
        outputs = {"index.html": store.sha256(text.encode())}
        return place.publish(staging, Manifest(parameters={}, inputs={}, versions={}, created="", outputs=outputs))


@pytest.mark.parametrize("links", [1, 3])
def test_out_may_be_a_link(tmp_path, links):
    """The folder that it leads to gets the report, keeps its place and what people put there; the link stays a link."""
    target = tmp_path / "cakram" / "laporan [2022]"
    target.mkdir(parents=True)
    out = tmp_path / "pintasan"
    out.symlink_to(target)
    for number in range(1, links):
        further = tmp_path / f"pintasan-{number}"
        further.symlink_to(out)
        out = further
    for text in ("satu", "dua", "tiga"):
        published(out, text)
        assert out.is_symlink()
        assert (target / "index.html").read_text() == text
        (target / "catatan.txt").write_text("milik saya")
    assert (target / "catatan.txt").read_text() == "milik saya"
    assert sorted(path.name for path in target.parent.iterdir()) == [".laporan [2022].lock", target.name]


def test_a_link_to_nowhere_and_a_circle(tmp_path):
    (tmp_path / "baru").symlink_to(tmp_path / "belum-ada")
    published(tmp_path / "baru", "satu")
    assert (tmp_path / "belum-ada/index.html").is_file()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(KlaError):
        published(tmp_path / "a", "satu")


@pytest.mark.parametrize("name", ["2022 [akhir]", "20*", "???", "a{b,c}"])
def test_what_a_cut_off_run_left_is_cleared_whatever_the_folder_is_called(tmp_path, name):
    out = tmp_path / name
    published(out, "satu")
    stranger = tmp_path / ".2022 a.building-x"
    stranger.mkdir()
    (tmp_path / f".{name}.building-x").mkdir()
    os.replace(out, tmp_path / f".{name}.old-7")
    published(out, "dua")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f".{name}.lock", stranger.name, name])


@pytest.mark.parametrize(
    "name", ["../../rahasia.txt", "/etc/passwd", "a/b.html", "..", "", "C:x", "a\\b", ".ssh", "a\nb"]
)
def test_a_manifest_that_names_anything_but_plain_names_is_none(name):
    whole = Manifest(parameters={}, inputs={}, versions={}, created="", outputs={"index.html": "0"})
    assert read_manifest(whole.text().encode()) == whole
    assert (
        read_manifest(whole.text().replace("index.html", name.replace("\\", "\\\\").replace("\n", "\\n")).encode())
        is None
    )


# --- what is said in a terminal -----------------------------------------------------------------------------


ORDERS = "\x1b]0;judul\x07\x1b[2J\x9b31m\x08\x08\r\u202eterbalik"


def test_nothing_gives_the_terminal_orders(tmp_path, sheet):
    """From data, names of files, arguments and variables: what comes out is text, whatever went in."""
    text = sheet((",1.1,10.11,", f',1.1,"{ORDERS}",')).read_text(encoding="utf-8")
    named = tmp_path / f"lembar{ORDERS}.csv"
    named.write_text(text, encoding="utf-8")
    scenario = tmp_path / f"{ORDERS}.yaml"
    scenario.write_text(f'title: "{ORDERS.encode("unicode_escape").decode()}"\ngoal: "\\e[2J"\n')
    for words in (
        ["score", str(named)],
        ["import", str(named)],
        ["score", f"tidak-ada{ORDERS}"],
        ["plan", str(scenario)],
        ["report", "--area", ORDERS],
        ["report", "--target", ORDERS],
        [ORDERS],
        ["plan", "--agency", f"{ORDERS}=1"],
        ["report", "--out", str(tmp_path / ORDERS), "--scenario", ORDERS],
        ["actions", "check", ORDERS],
    ):
        done = subprocess.run(
            [sys.executable, "-c", "from kla_analysis.cli import main; main()", *words],
            cwd=ROOT,
            capture_output=True,
            env={**os.environ, "KLA_REPORTS": str(tmp_path / "reports"), "PYTHONIOENCODING": "utf-8"},
            timeout=100,
        )
        said = (done.stdout + done.stderr).decode()
        assert said.strip()
        assert done.returncode in (2, 3), said
        assert "Traceback" not in said
        assert not [letter for letter in said if letter in ORDERS and not letter.isprintable()], repr(said)


# --- a machine that has not enough, or is set up wrong ----------------------------------------------------------


def in_a_shell(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kla = f"{sys.executable} -c 'from kla_analysis.cli import main; main()'"
    return subprocess.run(
        ["sh", "-c", f'kla() {{ {kla} "$@"; }}\n{script}'],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("kla band 700 > /dev/full", 6, "ruang penyimpanan penuh"),
        ("kla band 700 --json > /dev/full", 6, "ruang penyimpanan penuh"),
        ("kla --help > /dev/full", 6, "ruang penyimpanan penuh"),
        ("kla band > /dev/full 2> /dev/full", 2, ""),
        ("kla schedule example >&-", 0, ""),
        ("kla schedule example | true; exit 0", 0, ""),
        ("PYTHONOPTIMIZE=2 kla band 700", 2, "PYTHONOPTIMIZE"),
        ("PYTHONOPTIMIZE=1 kla band 700", 0, ""),
        ('d=$(mktemp -d); cd "$d"; rmdir "$d"; KLA_HOME=$OLDPWD kla band 700', 2, "Folder kerja ini sudah tidak ada"),
        ("ulimit -n 5; kla score data/assessments/63.10/2022-final.csv", None, "kekurangan"),
        ("ulimit -v 200000; kla score data/assessments/63.10/2022-final.csv", 5, "195 MB"),
        ("KLA_DATA=/tidak/ada kla band 700", 3, "KLA_DATA"),
        ("KLA_DATA=/dev/null kla band 700", 3, "KLA_DATA"),
        ("KLA_HOME=/tidak/ada kla band 700", 3, "KLA_HOME"),
        ("KLA_LANG=xx kla band 700", 2, "xx"),
        ("KLA_REPORTS=/dev/null kla report --area 63.10 --year 2022", 6, "tidak dapat ditulis"),
        ("KLA_REPORTS=/dev/null kla start --no-browser --port 18898", 6, "tidak dapat ditulis"),
        ("kla score " + "x" * 5000 + ".csv", 3, ""),
        ("kla plan " + "x" * 5000, 2, "tidak ada"),
        ("kla plan --catalogue " + "x" * 5000, 2, "tidak ada"),
        ("kla batch --areas " + ",".join(["63.99"] * 900), 2, "kode ini tidak ada"),
    ],
)
def test_it_ends_in_words_and_with_the_right_exit_code(script, code, words):
    done = in_a_shell(f'OLDPWD="{ROOT}"\n{script}')
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert words in done.stderr
    # With so few files that nothing can be opened the answer may come in time all the same.
    assert done.returncode == code or (code is None and done.returncode in (0, 5)), done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_obeyed_while_a_solver_works(number):
    """A solver returns to Python, which hears signals, only when it is done: here after two minutes."""
    script = """
import highspy, numpy as np, sys
from kla_analysis import cli
def solve(**_):
    solver, chance = highspy.Highs(), np.random.default_rng(1)
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", 120.0)
    rows = chance.integers(1, 1000, (120, 60))
    for at in range(60):
        solver.addVar(0, 1)
        solver.changeColCost(at, -float(chance.integers(1, 1000)))
        solver.changeColIntegrality(at, highspy.HighsVarType.kInteger)
    for row in rows:
        solver.addRow(-1e30, float(row.sum() // 2), 60, np.arange(60, dtype=np.int32), row.astype(float))
    print("now", flush=True)
    solver.run()
cli.app.commands["check"].callback = solve
sys.argv[1:] = ["check"]
cli.main()
"""
    running = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout.readline() == b"now\n"
    running.send_signal(number)
    _, said = running.communicate(timeout=10)
    assert running.returncode == 128 + number
    assert b"Traceback" not in said


# --- names of areas and agencies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["report", "--area"], ["batch", "--areas"], ["template", "--year", "2025", "--area"]]
)
def test_63_1_is_never_63_71(words, tmp_path):
    """A spreadsheet that takes 63.10 for a number leaves 63.1; 63.71 is a city far from there."""
    done = run_kla(*words, "63.1", KLA_REPORTS=str(tmp_path))
    assert done.returncode == 2
    assert "63.10" in done.stderr
    assert "63.01" in done.stderr
    assert "63.71" not in done.stderr


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("99.99", set()),
        ("00.00", set()),
        ("12.34", set()),
        ("London", set()),
        ("Jakarta", set()),
        ("Kota X", set()),
        ("36.10", {"63.10", "36.01"}),
        ("Tanah Bumbuu", {"63.10"}),
        ("Bandng", {"32.04", "32.73"}),
        ("Bandung", {"32.04", "32.73"}),
    ],
)
def test_only_likely_areas_are_suggested(said, meant):
    with pytest.raises(KlaError) as refused:
        find_area(said)
    assert set(re.findall(r"\d\d\.\d\d", refused.value.advice)) - {"63.10"} == meant - {"63.10"}
    assert ("Tanah Bumbu" in refused.value.advice) == ("63.10" in meant)


@pytest.mark.parametrize("name", ["Dinkes", "dinkes", "DINAS KESEHATAN", " Dinas  Kesehatan "])
def test_an_agency_is_found_by_its_full_name_and_in_any_case(name, tmp_path):
    scenario = tmp_path / "s.yaml"
    scenario.write_text(f'agencies: {{"{name}": "200 juta"}}\n')
    assert load_scenario(scenario).agencies == {"Dinkes": 200_000_000}
    assert check_scenario({"agencies": {name: "200 juta"}}).agencies == {"Dinkes": 200_000_000}


def test_an_agency_named_twice_has_one_ceiling():
    with pytest.raises(ParameterError, match="dua kali"):
        check_scenario({"agencies": {"Dinkes": "1 juta", "Dinas Kesehatan": "2 juta"}})
