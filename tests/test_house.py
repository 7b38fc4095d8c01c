"""The house: what the README, the environment files and the tree promise is so."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import types
import zipfile

import pytest
import yaml
from bench.measure import LONGEST, MOST_COMPLEX, functions
from conftest import ROOT
from packaging.specifiers import SpecifierSet

from kla_analysis.cli import kit

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Where conda-forge calls a package by another name.
CONDA_NAMES = {
    "jupyter-client": "jupyter_client",
    "jupyter-server": "jupyter_server",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
    "seaborn": "seaborn-base",
}


def tracked() -> list[str]:
    """The files in git; none where there is no git or no checkout, as in a downloaded archive."""
    command = ["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", "ls-files"]
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return said.stdout.split("\n")[:-1]


def split(requirement: str) -> tuple[str, str]:
    name = re.match(r"[A-Za-z0-9_.-]+?(?=[<>=!~]|$)", requirement)[0]
    return name, requirement[len(name) :]


def test_conda_and_pip_ask_for_the_same():
    pip = {CONDA_NAMES.get(name, name): bounds for name, bounds in map(split, REQUIREMENTS)}
    *listed, by_pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert by_pip["pip"].pop() == "-e ."
    conda = dict(map(split, [*listed, *by_pip["pip"]]))
    assert conda.pop("python") == PROJECT["project"]["requires-python"]
    conda.pop("pip")
    assert conda == pip


LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, set[str]]:
    """The versions of every package that a lock names: one, or one for each kind of machine."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9_.-]+)==([^\s;]+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_every_pin_and_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text.replace("index-", "")
    entries = [entry for entry in re.split(r"\n(?=\S)", text.strip()) if not entry.startswith("#")]
    assert len(entries) > 100
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_what_runs_is_locked_alone_and_with_what_tests_need():
    runs, tests = map(pins, LOCKS)
    assert {split(requirement)[0] for requirement in PROJECT["project"]["dependencies"]} <= runs.keys()
    assert {split(requirement)[0] for requirement in REQUIREMENTS} <= tests.keys()
    assert not {"pytest", "mypy", "ruff", "playwright"} & runs.keys()
    assert {name: tests[name] for name in runs} == runs


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_lies_within_its_range(lock):
    ranges = {split(requirement)[0]: SpecifierSet(split(requirement)[1]) for requirement in REQUIREMENTS}
    known = pins(lock)
    assert not [name for name in known.keys() & ranges if not all(version in ranges[name] for version in known[name])]


def test_no_package_asks_for_the_same_licence_in_return():
    """Nothing that is installed is under the GPL or AGPL alone: districts may hand the tool on as they like."""
    locked = pins("requirements-dev.lock")
    for package in importlib.metadata.distributions():
        about = package.metadata
        names = [about.get("License-Expression") or "", *(about.get_all("Classifier") or [])]
        licences = [name for name in names if "icense" in name or "GPL" in name]
        if re.sub(r"[-_.]+", "-", about["Name"]).lower() in locked and any("GPL" in name for name in licences):
            assert any("LGPL" in name or "GPL" not in name for name in licences if "OSI Approved ::" in name), about[
                "Name"
            ]


def test_the_trees_are_true():
    """Otherwise: make tree."""
    spec = importlib.util.spec_from_file_location("tree", ROOT / "docs/tree.py")
    tree = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tree)
    assert f"```text\n{tree.short()}\n```" in README
    assert (ROOT / tree.WHOLE).read_text(encoding="utf-8") == tree.whole()
    assert not [line for line in tree.whole().splitlines() if line.endswith(".py")]  # every file says what it is


def test_every_command_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) <= targets
    assert set(re.findall(r"^\.PHONY: (\S+)", makefile, re.MULTILINE)) == targets
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in said for target in targets)


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "docs/panduan.md", "docs/metode.md", "docs/operasi.md"]
)
def test_a_guide_names_only_what_is_there(name):
    """Files that it links, targets of make, commands and options of kla."""
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = link.partition("#")
        assert (path.parent / file).exists(), link
        assert file or anchor in anchors, link
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)
    asked = re.findall(r"(?:`|^ *)kla ([^`#\n]*)", text, re.MULTILINE)
    assert asked or name == "docs/metode.md"
    for words in asked:
        here, options = kit.app, set()
        for word in words.split():
            here = getattr(here, "commands", {}).get(word, here)
            options |= {word.strip(",;").split("=")[0]} if word.startswith("--") else set()
        assert here is not kit.app or options, words
        known = {option for parameter in here.params for option in parameter.opts} | {"--help"}
        assert options <= known, words


def test_imports_go_one_way():
    said = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def test_functions_stay_short_and_simple():
    found = list(functions())
    assert not [one.place for one in found if one.lines > LONGEST]
    assert not [one.place for one in found if one.complexity > MOST_COMPLEX]


def test_no_empty_module():
    modules = [path for folder in ("kla_analysis", "tests") for path in (ROOT / folder).rglob("*.py")]
    assert modules
    assert not [path for path in modules if not path.read_text(encoding="utf-8").strip()]


def test_no_file_names_a_folder_of_somebodys_machine():
    place = re.compile(rb"(?<![\w./-])/(?:root|home|Users|work|tmp|mnt)/\w|\b[A-Z]:\\Users")
    assert not [name for name in tracked() if place.search((ROOT / name).read_bytes())]


def test_the_wheel_holds_every_file_of_the_library(tmp_path):
    pytest.importorskip("hatchling", reason="the build tool is not part of the conda environment")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    library = [
        path for path in (ROOT / "kla_analysis").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    wanted = {path.relative_to(ROOT).as_posix() for path in library}
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_shop_window_opens():
    import kla_analysis as kla

    for name in kla.__all__:
        assert ">>>" in getattr(kla, name).__doc__, f"help(kla.{name}) shows no example"
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "notebooks").glob("*.ipynb"))
    asked = set(re.findall(r"kla\.(\w+)", written)) | set(
        re.findall(r"\w+", " ".join(re.findall(r"from kla_analysis import ([\w, ]+)", written)))
    )
    assert asked <= set(kla.__all__)
    assert set(kla.__all__) - asked <= {"DataError", "KlaError", "ParameterError", "find_area"}


def test_completion_lists_what_a_room_shows():
    import kla_analysis as kla

    rooms = [name for name in kla.__all__ if isinstance(getattr(kla, name), types.ModuleType)]
    assert {"charts", "tables", "wording", "explorer", "planner", "meeting", "method"} == set(rooms)
    for name in rooms:
        room = getattr(kla, name)
        assert dir(room) == sorted(room.__all__)
        assert all(callable(getattr(room, one)) for one in room.__all__)
    drawn = (
        "agencies award_total board components cuts evidence flow history indicator_heatmap kept_shares ladder moves own_rounds "
        "pareto plan_difference province said_and_came tornado waterfall"
    )
    assert dir(kla.charts) == drawn.split()


@pytest.mark.parametrize(
    ("asked", "slow"),
    [
        ("kla_analysis", ("pandas", "matplotlib", "papermill")),
        ("kla_analysis.report.build, papermill", ("lark", "filelock")),
        ("kla_analysis.app.server, kla_analysis.app.serve, voila.app, jupyterlab.labapp", ("lark", "matplotlib")),
    ],
)
def test_nothing_slow_is_imported_for_nothing(asked, slow):
    code = f"import {asked}, sys; print([one for one in {slow} if one in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_doctests():
    said = subprocess.run(
        # One does all its work when it is imported, the other is imported by papermill alone.
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--doctest-modules",
            "-p",
            "no:cacheprovider",
            "kla_analysis",
            *(f"--ignore=kla_analysis/report/{name}.py" for name in ("preload", "engine")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout
