"""The columns of scores: which of several is meant, by the stage, year or name that somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass

from kla_analysis.errors import DataError, called, did_you_mean, given
from kla_analysis.evidence.intake.grid import NUMBER, PERCENT, TEXT, Cell, Grid, clean, column_name, words_of
from kla_analysis.evidence.intake.header import Header, ScoreColumn, in_percent
from kla_analysis.evidence.intake.repairs import NOTED, Repairs
from kla_analysis.language import t

#: What is asked for to get every stage of a sheet at once.
EVERY_STAGE = "all"


@dataclass(frozen=True)
class Wanted:
    """Which column of scores somebody asks for: by stage (or all of them), by year, by its title or letter."""

    stage: str = ""
    year: int = 0
    column: str = ""


def choose_scores(grid: Grid, header: Header, repairs: Repairs, wanted: Wanted) -> list[ScoreColumn]:
    """Choose the columns of scores to read; what can not be decided is asked by the names of the columns.

    A column without any figure, or with nothing but percentages, is none; of two that say the same one is read.
    """
    if wanted.column:
        return _by_name(grid, header, wanted)
    columns = _likely(grid, header, wanted.year)
    if wanted.stage == EVERY_STAGE:
        return _of_every_stage(grid, header, columns, repairs)
    if wanted.stage:
        of_stage = [one for one in columns if one.stage == wanted.stage]
        columns = of_stage or [one for one in columns if not one.stage]
        if not columns:
            reason = t("tidak ada kolom nilai untuk tahap {stage}", stage=wanted.stage)
            advice = t(
                "Pilih kolomnya dengan {column}, atau sebutkan tahap yang ada di lembar ini.", column=called("column")
            )
            repairs.refuse(grid.name, (header.last, 0), _titles(header.scores), reason, advice)
            return []
    columns = _different(grid, header, columns)
    if len(columns) == 1 and columns[0].sure:
        return columns
    if len(columns) == 1 and len(header.scores) == 1:
        (one,) = columns
        reason, advice = in_percent(one.title) or (
            t("belum tentu kolom nilai: judulnya berisi kata yang tidak dikenal"),
            t("Bila benar ini nilainya, sebutkan {column} “{title}”.", title=one.title, column=called("column")),
        )
        repairs.refuse(grid.name, (header.last, one.at), one.title, reason, advice)
        return []
    repairs.refuse(
        grid.name, (header.last, 0), _titles(columns), t("lebih dari satu kolom nilai"), _how_to_choose(columns)
    )
    return []


def _likely(grid: Grid, header: Header, year: int) -> list[ScoreColumn]:
    """Return the columns with figures and known words, where there are any; of a year, where one is asked for."""
    columns = [one for one in header.scores if _has_figures(grid, header, one.at)] or list(header.scores)
    columns = [one for one in columns if one.sure] or columns
    if not year:
        return columns
    return [one for one in columns if one.year == year] or [one for one in columns if not one.year] or columns


def _how_to_choose(columns: list[ScoreColumn]) -> str:
    """Say by what the columns can be told apart: their stages, their years, else their titles."""
    title = columns[0].title
    stages = sorted({one.stage for one in columns if one.stage})
    if len(stages) > 1 or (stages and len(columns) > len(stages)):
        return t(
            "Sebutkan tahapnya dengan {stage} ({stages}), semuanya dengan {stage} {every}, atau satu kolom dengan {column} “{title}”.",
            stages=", ".join(given("stage", one) for one in stages),
            every=given("stage", EVERY_STAGE),
            title=title,
            stage=called("stage"),
            column=called("column"),
        )
    if len({one.year for one in columns}) > 1:
        return t(
            "Sebutkan tahunnya dengan {year}, atau satu kolom dengan {column} “{title}”.",
            title=title,
            year=called("year"),
            column=called("column"),
        )
    return t("Pilih satu dengan {column}, misalnya {column} “{title}”.", title=title, column=called("column"))


def _by_name(grid: Grid, header: Header, wanted: Wanted) -> list[ScoreColumn]:
    """Return the column of this title or letter."""
    for at, title in header.titles.items():
        if words_of(title) == words_of(wanted.column) or clean(wanted.column).upper() == column_name(at):
            known = next((one for one in header.scores if one.at == at), ScoreColumn(at, title))
            return [known]
    raise DataError(
        t("Kolom “{name}” tidak ada di lembar “{sheet}”.", name=wanted.column, sheet=grid.name),
        advice=did_you_mean(wanted.column, [title for title in header.titles.values() if title]),
    )


def _of_every_stage(grid: Grid, header: Header, columns: list[ScoreColumn], repairs: Repairs) -> list[ScoreColumn]:
    named = [one for one in columns if one.stage]
    if len({(one.stage, one.year) for one in named}) < len(named):
        reason = t("dua kolom nilai untuk tahap yang sama")
        repairs.refuse(
            grid.name,
            (header.last, 0),
            _titles(named),
            reason,
            t("Pilih satu dengan {column}.", column=called("column")),
        )
        return []
    if named:
        for one in columns:
            if not one.stage:
                repairs.add(NOTED, grid.name, (0, one.at), one.title, "", t("kolom nilai tanpa tahap, tidak dibaca"))
        return named
    return columns if len(columns) == 1 else []


def _has_figures(grid: Grid, header: Header, at: int) -> bool:
    """Whether a column holds figures that can be points."""
    return any(_is_figure(cells[at]) for cells in _below(grid, header) if at in cells)


def _is_figure(cell: Cell) -> bool:
    text = clean(cell.text)
    if cell.kind == PERCENT or text.endswith("%"):
        return False
    return cell.kind != TEXT or any(character.isdigit() for character in text)


def _different(grid: Grid, header: Header, columns: list[ScoreColumn]) -> list[ScoreColumn]:
    """Leave one of the columns that say the same."""
    seen: dict[tuple[float | str | None, ...], ScoreColumn] = {}
    for one in columns:
        values = tuple(_value(cells.get(one.at)) for cells in _below(grid, header))
        seen.setdefault(values, one)
    return list(seen.values())


def _value(cell: Cell | None) -> float | str | None:
    if cell is None:
        return None
    return float(cell.text) if cell.kind == NUMBER else clean(cell.text)


def _below(grid: Grid, header: Header) -> list[dict[int, Cell]]:
    return [cells for row, cells in grid.rows.items() if header.last < row < header.end]


def _titles(columns: tuple[ScoreColumn, ...] | list[ScoreColumn]) -> str:
    return ", ".join(f"{column_name(one.at)} “{one.title}”" for one in columns)
