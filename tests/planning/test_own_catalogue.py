"""An own catalogue: an action is changed in the form of the app, read as strictly as any, saved whole, and taken back."""

import shutil

import pytest
from conftest import ROOT

import kla_analysis as kla
from kla_analysis.app.own_actions import OwnActions
from kla_analysis.errors import OutputError, ParameterError
from kla_analysis.planning import drafts
from kla_analysis.planning.actions import FILES, load_catalogue
from kla_analysis.planning.scenario import Scenario

TYPED = {
    "name_id": "Rumah singgah",
    "cost_low": "70 juta",
    "cost_likely": "80 juta",
    "cost_high": "Rp90.000.000",
    "chance_low": "60",
    "chance_likely": "80%",
    "chance_high": "0,95",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "data", tmp_path / "data", ignore=shutil.ignore_patterns("sendiri*"))
    monkeypatch.setenv("KLA_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def form(home, instrument):
    """The form as the app has it: what is saved is offered next."""
    form = OwnActions(instrument, lambda name: form.offer(name, load_catalogue(name, instrument)))
    form.offer("", load_catalogue("", instrument))
    return form


def fill(form: OwnActions, *questions: str, **values: str) -> None:
    for name, value in values.items():
        form.fields[name].value = value
    if questions:
        form.questions.value = list(questions)


def errors(form: OwnActions) -> dict[str, str]:
    return {name: error.value for name, error in form._errors.items() if "<p>" in error.value}


def test_every_field_says_what_is_wrong_with_it_and_nothing_is_written(form, home):
    form.save.click()
    assert set(errors(form)) == {"name_id", "question_code", *kla_columns()}
    fill(form, "1.2a", **TYPED, year="2009")
    fill(form, cost_low="85 juta", chance_high="1")
    form.save.click()
    assert set(errors(form)) == {"chance_high"}
    fill(form, chance_high="95%")
    form.save.click()  # what only the reading of a catalogue knows stands at its field, too
    assert set(errors(form)) == {"cost_low", "year"}
    assert "“Biaya rendah” lebih besar dari “Biaya biasa”" in errors(form)["cost_low"]
    fill(form, cost_low="70 juta", year="2026")
    form.folder.value = "../luar"
    form.save.click()
    assert set(errors(form)) == {"catalogue"}
    assert not list((home / "data/actions").glob("sendiri*"))


def kla_columns() -> set[str]:
    return {f"{kind}_{size}" for kind in ("cost", "chance") for size in ("low", "likely", "high")}


def test_a_new_action_is_planned_with_changed_and_taken_back(form, home, instrument):
    folder = home / "data/actions/sendiri"
    example = {name: (home / "data/actions/contoh" / name).read_bytes() for name in FILES if name != "costs.csv"}
    fill(form, "1.2a", "8.3", **TYPED)
    form.save.click()
    assert not errors(form), form.message.value
    position = kla.open_position("63.10", 2022)
    answer = kla.simulate(position, Scenario(catalogue="sendiri", must=("X01",)))
    assert answer.model.catalogue.actions.loc["X01", "cost_high"] == 90_000_000
    assert answer.model.catalogue.example  # the others are still those of the example, and the page says so
    assert "Diubah dengan tangan: X01" in answer.model.catalogue.note
    assert kla.simulate(position).model.catalogue.id == "contoh"  # nobody plans with it unasked
    # Chances that were left alone stay as they are, question by question; a name that was not changed keeps its languages.
    before = form._answers("A17")
    form.action.value = "A17"
    fill(form, cost_low="40 juta", cost_likely="45 juta")
    saved = {path.name: path.read_bytes() for path in folder.iterdir()}
    form.save.click()
    assert form.catalogue.actions.loc["A17", "cost_likely"] == 45_000_000
    assert form._answers("A17")["chance_likely"].tolist() == before["chance_likely"].tolist()
    of = [
        next(line for line in text.decode().splitlines() if line.startswith("A17,")).split(",")[:3]
        for text in (example["actions.csv"], (folder / "actions.csv").read_bytes())
    ]
    assert of[0] == of[1]
    form.undo.click()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == saved
    form.undo.click()
    assert not folder.exists()
    assert form.catalogue.id == "contoh"
    assert all((home / "data/actions/contoh" / name).read_bytes() == content for name, content in example.items())
    assert sorted(path.name for path in (home / "data").iterdir()) == sorted(
        path.name for path in (ROOT / "data").iterdir()
    )


def test_another_catalogue_of_that_name_is_not_written_over(form, home, instrument):
    fill(form, "1.2a", **TYPED)
    form.save.click()
    form.offer("", load_catalogue("", instrument))  # somebody starts once more from the example
    fill(form, "1.2a", **TYPED)
    form.save.click()
    assert "sudah ada" in errors(form)["catalogue"]
    with pytest.raises(ParameterError):
        load_catalogue("sendiri-lain", instrument)
    form.folder.value = "Lain"
    form.save.click()
    assert load_catalogue("sendiri-lain", instrument).actions.loc["X01", "name"] == "Rumah singgah"


def test_where_it_can_not_be_written_what_was_there_stays(home, form, monkeypatch):
    fill(form, "1.2a", **TYPED)
    form.save.click()
    folder = home / "data/actions/sendiri"
    saved = {path.name: path.read_bytes() for path in folder.iterdir()}
    replace = drafts.os.replace

    def full(source, target):
        if str(source).endswith("new"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(drafts.os, "replace", full)
    with pytest.raises(OutputError, match="tidak dapat ditulis"):
        drafts.put_files(folder, {"actions.csv": b"x"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == saved
