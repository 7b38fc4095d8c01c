"""Two languages: a catalogue that is whole and fresh, the same figures, and no word of the other language."""

import csv
import json
import re
import string

import nbformat
import pytest
import yaml
from babel.messages.pofile import read_po
from conftest import ROOT, run_kla
from nbclient import NotebookClient

import kla_analysis as kla
from kla_analysis.language import (
    LANGUAGES,
    catalogue_path,
    chosen_form,
    current_language,
    language,
    money,
    number,
    plural_forms,
    t,
    use_language,
)
from kla_analysis.locale.update import collect, open_texts, update
from kla_analysis.project import find_project

TRANSLATED = LANGUAGES[1:]


def catalogue(lang):
    with catalogue_path(lang).open("rb") as file:
        return read_po(file, locale=lang)


def placeholders(text):
    """The named values of a text, each once: English may need one twice, for the word that bends with it."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.fixture(scope="module")
def template():
    return collect(find_project())


@pytest.mark.parametrize("lang", TRANSLATED)
def test_the_catalogue_holds_what_the_source_says_today(lang, template):
    """Otherwise: make strings."""
    assert {message.id for message in catalogue(lang)} == {message.id for message in template}
    assert open_texts(update(lang, template)) == []


@pytest.mark.parametrize("lang", TRANSLATED)
def test_a_translation_has_the_same_values_and_the_same_edges(lang):
    for message in catalogue(lang):
        if not message.id:
            continue
        if "{" in message.id:
            assert placeholders(message.string) == placeholders(message.id), message.id
        for edge in (r"^\s*", r"\s*$", r"^(#+ |[-*] )?", r"[:…?]?$"):
            assert re.search(edge, message.string)[0] == re.search(edge, message.id)[0], message.id


def test_a_text_inside_of_an_f_string_is_collected_too(template):
    assert "bawaan" in {message.id for message in template}


def test_a_new_text_arrives_open_and_one_that_is_gone_leaves(template):
    template = collect(find_project())
    template.delete("Anggaran")
    template.add("Teks yang baru")
    new = update("en", template)
    assert open_texts(new) == ["Teks yang baru"]
    assert "Anggaran" not in new


def test_a_word_bends_with_its_number():
    with language("en"):
        assert t("{points} poin", points="1") == "1 point"
        assert t("{points} poin", points="2") == "2 points"
        assert t("{points} poin", points="1–2") == "1–2 points"


def test_a_language_may_have_more_than_two_forms():
    """Polish has four, Arabic six: whatever CLDR says, written in its order."""
    assert plural_forms("ar") == ("zero", "one", "two", "few", "many", "other")
    arabic = [chosen_form("zotfmh", count, "ar") for count in (0, 1, 2, 3, 11, 100, 1.5)]
    assert arabic == ["z", "o", "t", "f", "m", "h", "h"]
    assert [chosen_form("ofmh", count, "pl") for count in (1, 2, 5, 12, 22, "1,5")] == ["o", "f", "m", "m", "f", "h"]


@pytest.mark.parametrize("lang", TRANSLATED)
def test_every_bent_word_has_all_the_forms_of_its_language(lang):
    bent = [
        spec
        for message in catalogue(lang)
        for _, _, spec, _ in string.Formatter().parse(message.string or "")
        if "|" in (spec or "")
    ]
    assert bent
    assert {len(spec.split("|")) for spec in bent} == {len(plural_forms(lang))}


def test_numbers_and_money_are_written_as_each_reader_writes_them():
    written = {}
    for lang in LANGUAGES:
        with language(lang):
            written[lang] = (number(1234.5), money(1_234_567_890), money(1_200_000_000), money(75_500))
    assert written["id"] == ("1.234,5", "Rp1,23 miliar", "Rp1,2 miliar", "Rp75.500")
    assert written["en"] == ("1,234.5", "Rp1.23 billion", "Rp1.2 billion", "Rp75,500")


def test_a_language_holds_for_its_block_and_else_for_the_process():
    assert current_language() == "id"
    with language("en"):
        use_language("id")
        assert current_language() == "id"
        use_language("en")
        with language("id"):
            assert current_language() == "id"
        assert current_language() == "en"
    assert current_language() == "id"
    with pytest.raises(ValueError, match="fr"):
        use_language("fr")


def indonesian() -> set[str]:
    """Words that only the Indonesian texts hold: those that no English text, name or address needs."""
    texts = {"id": [], "en": [], "both": []}
    for message in catalogue("en"):
        texts["id"].append(message.id or "")
        texts["en"].append(message.string)
    for path in sorted((ROOT / "data").rglob("*.csv")):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            for column, cell in row.items():
                lang = column.rpartition("_")[2]
                official = lang not in LANGUAGES or (path.name, column) == ("agencies.csv", "name_id")
                texts["both" if official else lang].append(cell or "")
    for path in sorted((ROOT / "data").rglob("*.yaml")):
        _gather(yaml.safe_load(path.read_text(encoding="utf-8")), texts)
    words = {lang: {word for text in said for word in words_of(text)} for lang, said in texts.items()}
    return words["id"] - words["en"] - words["both"]


def _gather(value, texts):
    if isinstance(value, dict):
        if "citation" in value and isinstance(value["title"], str):  # the name of a law
            texts["both"].append(value["title"])
        for name, inner in value.items():
            texts[name].append(inner) if name in ("id", "en") and isinstance(inner, str) else _gather(inner, texts)
    elif isinstance(value, list):
        for inner in value:
            _gather(inner, texts)


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", re.sub(r"\{[^}]*\}|\S+[/_.]\S+", " ", text).lower()))


COMMANDS = [
    [],
    ["report"],
    ["score"],
    ["band"],
    ["audit"],
    ["plan"],
    ["app"],
    ["notebooks"],
    ["actions"],
    ["actions", "template"],
    ["actions", "check"],
    ["check"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_speaks_english_alone(command):
    said = run_kla(*command, "--help", "--lang", "en")
    assert said.returncode == 0
    assert words_of(said.stdout) & indonesian() == set()
    assert said.stdout.startswith("Usage: kla")


@pytest.mark.parametrize(
    ("arguments", "id_words", "en_words"),
    [
        (["band", "700.7"], "tanpa pembulatan ke atas", "never rounded up"),
        (["band", "1000.01"], "Nilai total harus angka antara 0 dan 1.000", "between 0 and 1,000"),
        (["report", "--target", "nindia"], "Mungkin maksud Anda “nindya”?", "Did you mean “nindya”?"),
        (["report", "--year", "dua ribu"], "isi bilangan bulat", "give a whole number"),
        (["app", "--port", "0"], "bilangan bulat dari 1 sampai 65535", "a whole number from 1 to 65535"),
        (["band", "1", "2", "3"], "Terlalu banyak isian: 2 3", "Too many arguments: 2 3"),
        (["score"], "“BERKAS” belum diisi", "“FILE” is missing"),
        (["band", "1", "--lang", "jv"], "Pilihan yang ada: id, en", "The choices are: id, en"),
        (["reprt"], "Perintah “reprt” tidak ada", "There is no command “reprt”"),
        (["report", "--area"], "kurang nilainya", "lacks its value"),
        (["score", "data/assessments/63.10/2022-final.csv"], "650,5 dari 1.000", "650.5 of 1,000"),
        (["audit", "--reference"], "770,36 menurut angka tercetak", "770.36 as printed"),
        (["actions", "check"], "48 kegiatan", "48 actions"),
    ],
)
def test_the_command_answers_in_the_language_of_its_reader(arguments, id_words, en_words):
    for lang, words in (("id", id_words), ("en", en_words)):
        said = run_kla(*arguments, KLA_LANG=lang)
        assert words in said.stdout + said.stderr
        if lang == "en":
            assert words_of(said.stdout + said.stderr) & indonesian() <= {"dua", "ribu"}


def test_the_option_goes_before_the_environment():
    assert "points: Madya" in run_kla("band", "650", "--lang=en", KLA_LANG="id").stdout
    assert "poin: Madya" in run_kla("--lang", "id", "band", "650", KLA_LANG="en").stdout


def test_a_copy_of_the_notebooks_in_english_runs_and_holds_the_same_code(tmp_path):
    folder = tmp_path / "notebooks"
    said = run_kla("notebooks", "--lang", "en", "--out", str(folder))
    assert said.returncode == 0, said.stderr
    originals = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert {path.name for path in originals} <= {path.name for path in folder.iterdir()}
    foreign = indonesian()
    for path in originals:
        own, copy = nbformat.read(path, 4).cells, nbformat.read(folder / path.name, 4).cells
        (chosen,) = [cell for cell in copy if "injected-parameters" in cell.metadata.get("tags", ())]
        assert 'lang = "en"' in chosen.source
        copy.remove(chosen)
        assert [cell.cell_type for cell in copy] == [cell.cell_type for cell in own]
        for before, after in zip(own, copy, strict=True):
            if before.cell_type == "markdown":
                assert words_of(after.source) & foreign == set()
                assert [line[:2] for line in after.source.splitlines() if line.startswith(("#", "- "))] == [
                    line[:2] for line in before.source.splitlines() if line.startswith(("#", "- "))
                ]
            else:
                assert re.sub("#.*", "", after.source) == re.sub("#.*", "", before.source)
    done = NotebookClient(nbformat.read(folder / originals[0].name, 4), kernel_name="python3").execute(
        cwd=str(tmp_path)
    )
    shown = " ".join(output.data["text/html"] for cell in done.cells for output in cell.get("outputs", ()))
    assert "Distance to Nindya" in shown
    assert words_of(re.sub("<[^>]*>", " ", shown)) & foreign == set()
    assert run_kla("notebooks", "--lang", "en", "--out", str(folder)).returncode == 2  # nothing of the reader's is lost


def test_names_in_data_hold_the_same_figures():
    for path in sorted((ROOT / "data").rglob("*.csv")):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            for column in row.keys() & {"name_en", "label_en", "role_en", "note_en"}:
                own = row[column.replace("_en", "_id")]
                assert re.findall(r"\d+", row[column]) == re.findall(r"\d+", own), (path.name, own)
                assert bool(row[column]) == bool(own)


def test_the_app_speaks_the_language_of_its_notebook_in_its_threads_too():
    use_language("en")
    try:
        app = kla.planner.try_out(kla.open_position("63.10", 2022), kla.Scenario(), "nindya")
        app.climbing.join()
        app.typed.value = "12,5"
        said, foreign = list(texts_of(app.widget)), indonesian()
    finally:
        use_language("id")
    shown = " ".join(said)
    for words in (
        "least cost to the target",
        "Rp600 million (example costs) for 5 actions",
        "Did you mean 12,5 million",
        "By component",
    ):
        assert words in shown
    # Scenarios are chosen by the names of their files.
    assert {word for text in said if "-" not in text or " " in text for word in words_of(text)} & foreign == set()


def texts_of(widget):
    """Every text that a widget, and all within it, shows or says to a screen reader."""
    for name in ("description", "placeholder", "tooltip", "value", "titles", "_options_labels"):
        found = getattr(widget, name, None)
        for text in (found,) if isinstance(found, str) else found or () if isinstance(found, tuple) else ():
            yield re.sub(r"<style.*?</style>|<svg.*?>|<[^>]*>|data:\S+", " ", str(text), flags=re.DOTALL)
            yield from re.findall(r'(?:alt|aria-label|title)="([^"]*)"', str(text))
    for within in getattr(widget, "children", ()):
        yield from texts_of(within)


def test_data_that_users_write_needs_no_second_language(tmp_path):
    folder = tmp_path / "katalog"
    assert run_kla("actions", "template", str(folder)).returncode == 0
    table = list(csv.reader((folder / "actions.csv").read_text(encoding="utf-8").splitlines()))
    at = table[0].index("name_en")
    text = "\n".join(",".join(cell for n, cell in enumerate(row) if n != at) for row in table)
    (folder / "actions.csv").write_text(text + "\n", encoding="utf-8")
    said = json.loads(run_kla("actions", "check", str(folder), "--lang", "en", "--json").stdout)
    assert said["actions"] == len(table) - 1
