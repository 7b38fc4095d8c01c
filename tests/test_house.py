"""The house: what the README, the environment files and the tree promise is so."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
#: Where conda-forge calls a package by another name.
CONDA_NAMES = {
    "jupyter-server": "jupyter_server",
    "matplotlib": "matplotlib-base",
    "pandera": "pandera-pandas",
    "seaborn": "seaborn-base",
}


def tracked() -> list[str]:
    said = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return said.stdout.split("\n")[:-1]


def split(requirement: str) -> tuple[str, str]:
    name = re.match(r"[A-Za-z0-9_.-]+?(?=[<>=!~]|$)", requirement)[0]
    return name, requirement[len(name) :]


def test_conda_and_pip_ask_for_the_same():
    wanted = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["dev"]
    pip = {CONDA_NAMES.get(name, name): bounds for name, bounds in map(split, wanted)}
    listed = [
        item for item in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"] if isinstance(item, str)
    ]
    conda = dict(map(split, listed))
    assert conda.pop("python") == PROJECT["project"]["requires-python"]
    conda.pop("pip")
    assert conda == pip


def test_the_lock_has_a_hash_for_every_pin_and_no_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "index" not in lock.replace("index-", "")
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) > 100
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    locked = {re.split(r"==", entry)[0].strip().lower() for entry in entries}
    for requirement in PROJECT["project"]["dependencies"]:
        assert split(requirement)[0].lower() in locked


def test_the_readmes_tree_is_true():
    tree = re.search(r"## The tree\s+```text\n(.*?)```", README, re.DOTALL)[1]
    listed, folder = set(), ""
    for line in tree.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = name if name.endswith("/") else ""
            listed.add(name)
        else:
            listed.add(folder + name)
    missing = [name for name in listed if not (ROOT / name).exists()]
    assert not missing
    for name in tracked():
        top = name.split("/")[0] + ("/" if "/" in name else "")
        assert {name, top} & {*listed, "README.md"}, f"{name} is not in the README's tree"
        if (name.startswith("kla_analysis/") and name.endswith(".py")) or name.startswith("notebooks/"):
            assert name in listed, f"{name} is not in the README's tree"


def test_every_command_of_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README)) <= targets
    assert set(re.findall(r"^\.PHONY: (\S+)", makefile, re.MULTILINE)) == targets
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target} " in said for target in targets)


def test_imports_go_one_way():
    said = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("name", [name for name in tracked() if name.endswith(".py")])
def test_no_empty_module(name):
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_the_shop_window_opens():
    import kla_analysis as kla

    for name in kla.__all__:
        assert getattr(kla, name).__doc__


def test_nothing_slow_is_imported_for_nothing():
    code = "import kla_analysis, sys; print([m for m in ('pandas', 'matplotlib', 'papermill') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_doctests():
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--doctest-modules", "-p", "no:cacheprovider", "kla_analysis"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stdout
