"""The one schema of a report's parameters: for the command, the notebooks and the unattended run.

Checked before any kernel starts: papermill itself only warns of an unknown parameter and runs on.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from kla_analysis.errors import ParameterError, Problem, did_you_mean
from kla_analysis.evidence.assessment import sheet_and_rules
from kla_analysis.instrument.instrument import AWARD_YEARS, load_instrument
from kla_analysis.language import LANGUAGES, current_language, t, use_language
from kla_analysis.planning.scenario import is_file, names, open_scenario

if TYPE_CHECKING:
    from kla_analysis.analysis.position import Position


#: Every component, where one could be named.
ALL_CLUSTERS = "all"


class ReportParameters(BaseModel):
    """What a report is about. The names and defaults are those of the notebooks' first cell."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, strict=True)

    area: str = Field(default="63.10", description="kode wilayah bertitik, misalnya 63.10")
    year: int = Field(default=2022, ge=AWARD_YEARS[0], le=AWARD_YEARS[-1], description="tahun penghargaan")
    assessment: str = Field(default="", description="lembar nilai sendiri; kosong = lembar proyek")
    stage: str = Field(default="", description="tahap penilaian; kosong = tahap terakhir yang ada")
    target: str = Field(
        default="", description="predikat yang dituju; kosong = yang berikutnya di atas predikat sekarang"
    )
    cluster: str = Field(default=ALL_CLUSTERS, description="satu komponen (misalnya K2) atau all")
    lang: str = Field(default="id", description="bahasa laporan")
    translation: str = Field(
        default="", description="folder di sebelahnya yang memuat laporan ini dalam bahasa lain, misalnya en:2022-en"
    )
    retention: float = Field(
        default=0.0, ge=0, le=1, description="bagian nilai yang bertahan sampai penghargaan; 0: dari kasus yang terbit"
    )
    scenario: str = Field(default="", description="skenario anggaran (data/scenarios atau berkas), dipisah koma")
    least_share: float = Field(
        default=0.0, ge=0, le=1, description="bagian terkecil dari maksimum tiap indikator; 0: tidak diperiksa"
    )

    @property
    def slug(self) -> str:
        """A name for files: area and year, nothing in it that a file system would mind."""
        return f"{re.sub(r'[^A-Za-z0-9.-]', '_', self.area)}-{self.year}"

    @field_validator("area")
    @classmethod
    def _with_dot(cls, value: str) -> str:
        value = value.strip("\"'")  # of whom a shell left the quotes
        if len(value) == 4 and value.isdigit():
            return f"{value[:2]}.{value[2:]}"
        return value

    @field_validator("assessment", "scenario", mode="before")
    @classmethod
    def _of_a_path(cls, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    @field_validator("translation")
    @classmethod
    def _beside(cls, value: str) -> str:
        lang, _, folder = value.partition(":")
        if value and (lang not in LANGUAGES or not folder.strip(".") or re.search(r"[/\\\x00-\x1f]", folder)):
            raise PydanticCustomError("folder", "{value}", {"value": value})
        return value

    @field_validator("stage", "target", "cluster", "lang")
    @classmethod
    def _in_the_instrument(cls, value: str, info: ValidationInfo) -> str:
        """Take a code in any case; what it stands for here is how the instrument writes it."""
        if value == "" and info.field_name in ("stage", "target"):
            return value
        choices = list(LANGUAGES) if info.field_name == "lang" else _choices(info.data)[str(info.field_name)]
        written = {choice.casefold(): choice for choice in choices}
        if value.casefold() not in written:
            raise PydanticCustomError("choice", "{choices}", {"choices": ", ".join(choices)})
        return written[value.casefold()]


def _choices(values: dict[str, Any]) -> dict[str, list[str]]:
    """Return what the instrument of the round allows for the parameters that name a part of it."""
    if "year" in values:
        _, instrument = sheet_and_rules(values.get("area", ""), values["year"], assessment=values.get("assessment"))
    else:  # the year itself is refused
        instrument = load_instrument()
    return {
        "stage": [stage.code for stage in instrument.stages],
        "target": [band.code for band in instrument.ladder.bands],
        "cluster": [ALL_CLUSTERS, *instrument.components.index],
    }


def check_parameters(values: dict[str, Any]) -> ReportParameters:
    """Check parameters; all that is wrong is told at once.

    Raises:
        ParameterError: unknown, misspelt, of the wrong type or out of range; with the nearest valid name.
    """
    try:
        return ReportParameters(**values)
    except ValidationError as error:
        problems = [_in_words({**item}) for item in error.errors()]
    raise ParameterError(t("Parameter ditolak."), problems=problems)


def from_anywhere(parameters: ReportParameters) -> ReportParameters:
    """Return the parameters with whole addresses: who makes the report may start in another folder."""
    sheet = str(Path(parameters.assessment).resolve()) if parameters.assessment else ""
    scenarios = [str(Path(name).resolve()) if is_file(name) else name for name in names(parameters.scenario)]
    return parameters.model_copy(update={"assessment": sheet, "scenario": ",".join(scenarios)})


def declared_values(parameters: ReportParameters, notebook: Path, *, target: str = "") -> dict[str, Any]:
    """Return the parameters that a notebook declares; papermill would pass on those that it does not know.

    Args:
        target: what the report leads to, for the notebooks that do not read the scenario which may say so.
    """
    from papermill import inspect_notebook

    declared = inspect_notebook(str(notebook))
    values = from_anywhere(parameters).model_dump()
    if target and "scenario" not in declared:
        values["target"] = target
    return {name: value for name, value in values.items() if name in declared}


def open(  # as gzip.open and Image.open: read as kla.open
    area: str,
    year: int,
    *,
    stage: str = "",
    assessment: str | Path = "",
    target: str = "",
    retention: float = 0.0,
    cluster: str = ALL_CLUSTERS,
    scenario: str | Path = "",
    lang: str = "",
    **unknown: Any,
) -> Position:
    """Open a case: one area in one round, with all that is known of it, checked.

    Args:
        area: code as text, such as "63.10"; a number would lose its last digit.
        year: award year.
        stage: stage of the round; the latest one known when empty.
        assessment: a sheet of your own (CSV); the project's when empty.
        target: the predicate that is aimed for, in any case; the next one above today's when empty.
        retention: share of the score that stays until the award; 0 to learn it from published cases.
        cluster: one component, or "all"; checked here, used by what takes it.
        scenario: scenarios by name or file, with commas between them; what they aim for is the target.
        lang: language of texts from here on; as it is when empty.

    Returns:
        A `Position`: `questions`, `indicators`, `components`, `agencies`, `totals` and `history` are plain tables.

    Raises:
        ParameterError: a parameter is unknown, of the wrong type or out of range, with the nearest valid one; or
            nothing is known of that area and year.
        DataError: the sheet is refused.

    >>> import kla_analysis as kla
    >>> case = kla.open("63.10", 2022, target="Nindya")
    >>> case.components["lost_points"].sum().round(2)
    np.float64(349.5)
    """
    return begin(
        area=area,
        year=year,
        stage=stage,
        assessment=assessment,
        target=target,
        retention=retention,
        cluster=cluster,
        scenario=scenario,
        lang=lang or current_language(),
        **unknown,
    )


def begin(**parameters: Any) -> Position:
    """Open what a report is about: check its parameters, set its language, gather the facts, settle the target.

    Args:
        parameters: those of `ReportParameters`.

    Raises:
        ParameterError: a parameter is refused, or nothing is known of that area and year.
        DataError: the sheet is refused, or the area's record of decisions.
    """
    from kla_analysis.analysis.position import open_position
    from kla_analysis.analysis.target import aim
    from kla_analysis.evidence.followup import load_followup

    checked = check_parameters(parameters)
    use_language(checked.lang)
    scenario = open_scenario(checked.scenario)  # refused before anything is run
    if checked.target and scenario.target and checked.target != scenario.target:
        raise ParameterError(
            t("Laporan menuju {target}, skenarionya menuju {other}.", target=checked.target, other=scenario.target),
            advice=t("Samakan target, atau kosongkan target laporan."),
        )
    position = open_position(
        checked.area, checked.year, stage=checked.stage or None, assessment=checked.assessment or None
    )
    load_followup(position.area.code)  # what was decided is refused before anything is run, too
    position = replace(position, kept_share=checked.retention or None)
    return replace(position, target=aim(position, checked.target or scenario.target))


def _in_words(item: dict[str, Any]) -> Problem:
    """Put one of pydantic's findings into words."""
    name = str(item["loc"][0])
    value = str(item["input"])
    field = ReportParameters.model_fields.get(name)
    if field is None:
        return Problem(t("parameter ini tidak ada"), did_you_mean(name, ReportParameters.model_fields), column=name)
    if item["type"] == "choice":
        choices = item["ctx"]["choices"].split(", ")
        return Problem(t("pilihan ini tidak ada"), did_you_mean(value, choices), column=name, value=value)
    advice = {
        "int_type": t("Isi dengan bilangan bulat tanpa tanda kutip, misalnya 2022."),
        "string_type": t(
            'Tulis sebagai teks di antara tanda kutip, misalnya area = "63.10"; dengan papermill: -r area 63.10'
        ),
        "greater_than_equal": t("Tahun penghargaan mulai 2011."),
        "less_than_equal": t("Tahun penghargaan paling akhir 2100."),
        "float_type": t("Isi dengan angka, misalnya 0.72."),
    }.get(item["type"], field.description or "")
    if name == "retention":
        advice = t("Isi angka di antara 0 dan 1; 0 berarti dipelajari dari kasus yang terbit.")
    if name == "least_share":
        advice = t("Isi angka di antara 0 dan 1, misalnya 0.5; 0 berarti tidak diperiksa.")
    return Problem(t("nilai ini tidak dapat dipakai"), advice, column=name, value=value)
