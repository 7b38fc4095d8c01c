"""`make strings`: collect every text for users and bring each language's catalogue up to date.

Texts stand in calls of `t("…")`, in the help of the command, in the markdown of the notebooks and in the
titles of the scenarios that ship with the project. A new text arrives in the catalogue without a
translation; a text that is gone leaves it.
"""

from __future__ import annotations

import ast
import inspect
import io
from collections.abc import Iterator
from pathlib import Path

import click
import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from kla_analysis.cli.kit import app
from kla_analysis.language import DOMAIN, LANGUAGES, catalogue_path
from kla_analysis.project import Project, find_project
from kla_analysis.report.notebooks import texts

_HEADER = """\
# Texts of kla_analysis; `make strings` keeps them up to date.
msgid ""
msgstr ""
"Project-Id-Version: kla_analysis\\n"
"Language: {lang}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
_LIBRARY = Path(__file__).parent.parent


def collect(project: Project) -> Catalog:
    """Return a catalogue of every text for users, without translations, in the order of the files."""
    found = Catalog(domain=DOMAIN, project="kla_analysis", fuzzy=False)
    for message, place in (*_library(), *_command(), *_notebooks(project), *_scenarios(project)):
        found.add(message, locations=[(place, 0)], flags=["python-brace-format"] if "{" in message else ())
    return found


def update(lang: str, template: Catalog) -> Catalog:
    """Return the catalogue of a language with exactly the texts of the template; new ones are not translated yet."""
    path = catalogue_path(lang)
    known = {}
    if path.is_file():
        with path.open("rb") as file:
            known = {message.id: message for message in read_po(file, locale=lang)}
    catalogue = Catalog(locale=lang, domain=DOMAIN, fuzzy=False)
    for message in template:
        if message.id:
            before = known.get(message.id)
            flags = {*message.flags, *(before.flags & {"fuzzy"} if before else ())}
            catalogue.add(message.id, before.string if before else "", locations=message.locations, flags=flags)
    return catalogue


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue so that the same texts give the same file: without times, tools and line numbers."""
    text = io.BytesIO()
    write_po(text, catalogue, width=110, omit_header=True, include_lineno=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_HEADER.format(lang=catalogue.locale).encode() + text.getvalue())


def open_texts(catalogue: Catalog) -> list[str]:
    """Return the texts that a translator still has to look at: without a translation, or fuzzy."""
    return [str(message.id) for message in catalogue if message.id and (not message.string or message.fuzzy)]


def main() -> None:
    """Update the catalogue of every language but that of the source, and say what is left to translate."""
    template = collect(find_project())
    for lang in LANGUAGES[1:]:
        catalogue = update(lang, template)
        path = catalogue_path(lang)
        write(catalogue, path)
        left = open_texts(catalogue)
        click.echo(f"{lang}: {len(catalogue)} teks, {len(left)} belum diterjemahkan ({path.name})")
        for text in left:
            click.echo(f"  {text[:100]!r}")


def _library() -> Iterator[tuple[str, str]]:
    """Find every `t("…")` in the code; also inside of f-strings, which Babel's own extractor passes over."""
    for path in sorted(_LIBRARY.rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            said = call.args[0] if isinstance(call.func, ast.Name) and call.func.id == "t" else None
            if isinstance(said, ast.Constant):
                yield str(said.value), path.relative_to(_LIBRARY.parent).as_posix()


def _command() -> Iterator[tuple[str, str]]:
    """Walk the command: what each command and each option says of itself."""
    waiting: list[click.Command] = [app]
    while waiting:
        command = waiting.pop(0)
        waiting += command.commands.values() if isinstance(command, click.Group) else ()
        said = [inspect.cleandoc(command.help or "")]
        for param in command.params:
            said += filter(None, (getattr(param, "help", None), param.metavar))
        yield from ((text, "kla_analysis/cli.py") for text in said)


def _notebooks(project: Project) -> Iterator[tuple[str, str]]:
    for path in project.working_notebooks():
        if path.stem == "beranda":  # says everything in both languages itself
            continue
        yield from ((text, f"notebooks/{path.name}") for text in texts(path))


def _scenarios(project: Project) -> Iterator[tuple[str, str]]:
    for path in sorted((project.data / "scenarios").glob("*.yaml")):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        yield from ((said[name], f"data/scenarios/{path.name}") for name in ("title", "note") if name in said)


if __name__ == "__main__":
    main()
