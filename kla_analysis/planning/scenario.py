"""A scenario: what is asked of the planner, in one schema for the file, the notebook, the app and the command.

What a scenario leaves out it takes from the defaults, so that small scenarios can be stacked: one
sets a budget, another the ceilings of the agencies. Two that say different things about one matter
are refused.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kla_analysis.errors import DataError, ParameterError, Problem, did_you_mean
from kla_analysis.files import read_plain
from kla_analysis.instrument.instrument import known_instruments, load_instrument
from kla_analysis.language import number, read_money, t
from kla_analysis.planning.model import Limits
from kla_analysis.project import find_project

#: Bytes; a scenario is a page of text.
_LARGEST = 100_000


class Weighted(BaseModel):
    """A budget that may come, and how likely it is. Money in whole rupiah or as people write it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    budget: int = Field(ge=0)
    weight: float

    @field_validator("budget", mode="before")
    @classmethod
    def _budget(cls, value: Any) -> Any:
        return _money(value)

    @field_validator("weight")
    @classmethod
    def _weight(cls, value: float) -> float:
        if not 0 <= value <= 1:
            raise PydanticCustomError("words", "{why}", {"why": t("Isi bobot di antara 0 dan 1.")})
        return value


class Scenario(BaseModel):
    """One question to the planner. Money in whole rupiah or as people write it (“600 juta”).

    Empty area, year, stage and target mean those of the report; retention 0 means learnt from the
    published pairs; an empty catalogue is the project's own that answers the instrument.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    title: str = Field(default="", max_length=120)
    note: str = Field(default="", max_length=1000)
    area: str = ""
    year: int = 0
    stage: str = ""
    target: str = ""
    catalogue: str = ""
    goal: Literal["points", "target", "certainty"] = "target"
    budget: int | None = None
    certainty: float = Field(default=0.8, gt=0, lt=1)
    retention: float = Field(default=0.0, ge=0, le=1)
    cost: Literal["low", "likely", "high"] = "likely"
    acceptance: Literal["full", "low", "likely", "high"] = "full"
    agencies: dict[str, int] = Field(default_factory=dict)
    funding_sources: dict[str, int] = Field(default_factory=dict)
    years: dict[int, int] = Field(default_factory=dict)
    components: dict[str, float] = Field(default_factory=dict)
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    either_or: tuple[tuple[str, ...], ...] = ()
    exactly_one: tuple[tuple[str, ...], ...] = ()
    budgets: tuple[Weighted, ...] = ()
    time_limit: float = Field(default=10.0, gt=0, le=3600)

    @field_validator("budget", mode="before")
    @classmethod
    def _budget(cls, value: Any) -> Any:
        return None if value is None else _money(value)

    @field_validator("agencies", "funding_sources", "years", mode="before")
    @classmethod
    def _ceilings(cls, value: Any) -> Any:
        return {name: _money(money) for name, money in value.items()} if isinstance(value, dict) else value

    @field_validator("agencies")
    @classmethod
    def _agencies(cls, value: dict[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for name, money in value.items():
            code = _agency_code(name)
            if found.setdefault(code, money) != money:
                why = t("{name} disebut dua kali dengan pagu yang berbeda.", name=code)
                raise PydanticCustomError("words", "{why}", {"why": why})
        return found

    @field_validator("area", mode="before")
    @classmethod
    def _area(cls, value: Any) -> Any:
        # YAML reads an unquoted 63.10 as the number 63.1: which area was meant is lost.
        if isinstance(value, float):
            raise PydanticCustomError("words", "{why}", {"why": t('Tulis di antara tanda kutip: "63.10".')})
        return str(value) if isinstance(value, int) else value

    @field_validator("components")
    @classmethod
    def _least(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        if any(not 0 <= points < math.inf for points in value.values()):
            raise PydanticCustomError("words", "{why}", {"why": t("Isi poin, 0 atau lebih.")})
        return value

    @field_validator("either_or", "exactly_one")
    @classmethod
    def _several(cls, value: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        alone = [codes for codes in value if len(set(codes)) < 2]
        if alone:
            said = ", ".join("; ".join(codes) or "–" for codes in alone)
            why = t("Sekelompok berisi sedikitnya dua kegiatan; ini hanya satu: {codes}.", codes=said)
            raise PydanticCustomError("words", "{why}", {"why": why})
        return value

    @field_validator("budgets")
    @classmethod
    def _add_up(cls, value: tuple[Weighted, ...]) -> tuple[Weighted, ...]:
        summed = round(sum(each.weight for each in value), 6)
        problems = []
        if value and summed != 1:
            problems.append(t("Jumlah bobotnya {summed}, seharusnya 1.", summed=number(summed, decimals=4)))
        if len({each.budget for each in value}) < len(value):
            problems.append(t("Satu anggaran hanya sekali."))
        if problems:
            raise PydanticCustomError("words", "{why}", {"why": " ".join(problems)})
        return tuple(sorted(value, key=lambda each: each.budget))

    @model_validator(mode="after")
    def _not_both(self) -> Scenario:
        both = sorted(set(self.must) & set(self.must_not))
        if both:
            why = t("{codes} wajib dan dilarang sekaligus.", codes=", ".join(both))
            raise PydanticCustomError("words", "{why}", {"why": why})
        return self

    @property
    def limits(self) -> Limits:
        """What a plan must respect."""
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})

    def to_yaml(self) -> str:
        """Write the scenario as a file that reads back the same; what is at its default is left out."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        return yaml.safe_dump(said, allow_unicode=True, sort_keys=False) if said else "{}\n"


def _agency_code(name: str) -> str:
    """Return the code of an agency as the newest instrument that knows it writes it; a name that none knows as it is."""
    for instrument in reversed(known_instruments()):
        rules = load_instrument(instrument)
        if (code := rules.agency_code(name)) in rules.agencies.index:
            return code
    return name


def _money(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        raise PydanticCustomError("words", "{why}", {"why": t("Tulis jumlah uang, misalnya 600 juta.")})
    try:
        return read_money(int(value) if isinstance(value, float) and value.is_integer() else str(value))
    except ValueError as error:
        raise PydanticCustomError("words", "{why}", {"why": str(error)}) from None


def check_scenario(values: dict[str, Any], *, shown: str | None = None) -> Scenario:
    """Check the values of a scenario; all that is wrong is told at once.

    Args:
        shown: the file that they come from.

    Raises:
        DataError: the values stand in a file. ParameterError: they were typed.
    """
    try:
        return Scenario(**values)
    except ValidationError as error:
        problems = [_in_words(item, shown) for item in error.errors()]
    if shown:
        raise DataError(t("Skenario {file} ditolak.", file=shown), problems=problems)
    raise ParameterError(t("Skenario ditolak."), problems=problems)


def read_budgets(text: str) -> list[dict[str, str]]:
    """Read budgets that may come as people type them; what is no budget or no weight the scenario refuses.

    >>> read_budgets("300 juta=0,4; 600 juta=0,6")
    [{'budget': '300 juta', 'weight': '0.4'}, {'budget': '600 juta', 'weight': '0.6'}]
    """
    pairs = (each.partition("=") for each in text.split(";") if each.strip())
    return [{"budget": name.strip(), "weight": weight.strip().replace(",", ".")} for name, _, weight in pairs]


def budgets_in_words(budgets: Iterable[Weighted]) -> str:
    """Write budgets that may come so that `read_budgets` reads the same.

    >>> budgets_in_words([Weighted(budget="600 juta", weight=0.6)])
    '600000000=0,6'
    """
    return "; ".join(f"{each.budget}={each.weight:g}".replace(".", ",") for each in budgets)


def load_scenario(name: str | Path, *, data: Path | None = None) -> Scenario:
    """Load a scenario: the name of a file under `data/scenarios/`, or the address of one.

    Raises:
        ParameterError: there is no such scenario.
        DataError: the file is refused, with every problem.
    """
    folder = (data or find_project().data) / "scenarios"
    path = place_of(name, folder.parent)
    if not os.path.exists(path):
        known = sorted(each.stem for each in folder.glob("*.yaml"))
        raise ParameterError(t("Skenario “{name}” tidak ada.", name=name), advice=did_you_mean(str(name), known))
    shown = find_project().shown(path)
    scenario = read_scenario(read_plain(path, shown=shown, most=_LARGEST), shown=shown)
    # A catalogue that lies beside the file is found from wherever the file is read.
    beside = path.parent / scenario.catalogue
    if "catalogue" in scenario.model_fields_set and os.path.isdir(beside):
        return scenario.model_copy(update={"catalogue": str(beside.resolve())})
    return scenario


def names(text: str) -> list[str]:
    """Return the scenarios that a parameter names, names or addresses with commas between them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def is_file(name: str | Path) -> bool:
    """Whether a scenario is named by the address of a file, not by its name under `data/scenarios/`."""
    return Path(name).suffix in {".yaml", ".yml"}


def place_of(name: str | Path, data: Path) -> Path:
    """Return the file of a scenario; it need not exist."""
    return Path(name) if is_file(name) else data / "scenarios" / f"{name}.yaml"


def open_scenario(named: str = "", *, data: Path | None = None) -> Scenario:
    """Load the scenarios of a parameter: names or addresses with commas between them, stacked; none is the default.

    Raises:
        ParameterError, DataError: as `load_scenario` and `stack`.

    >>> open_scenario("nindya-termurah").target
    'nindya'
    """
    return stack([load_scenario(name, data=data) for name in names(named)])


def read_scenario(content: bytes, *, shown: str) -> Scenario:
    """Read the text of a scenario file.

    Raises:
        DataError: it is no YAML, no table of names and values, or a value is refused.
    """
    try:
        values = _Strict(content.decode("utf-8-sig")).get_single_data()
    except UnicodeDecodeError:
        raise DataError(t("{file} bukan teks UTF-8.", file=shown), advice=t("Simpan ulang sebagai UTF-8.")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = t("baris {row}", row=mark.line + 1) if mark else t("tempat yang tidak diketahui")
        raise DataError(
            t("{file} bukan YAML yang sah: {where}.", file=shown, where=where),
            advice=t("Satu baris satu hal, misalnya “budget: 600 juta”; satu nama hanya sekali."),
        ) from None
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise DataError(
            t("{file} tidak berisi nama dan nilai.", file=shown), advice=t("Tulis misalnya “budget: 600 juta”.")
        )
    return check_scenario(values, shown=shown)


def stack(scenarios: Sequence[Scenario]) -> Scenario:
    """Lay scenarios on one another: each adds what it says.

    Ceilings and decisions are gathered; titles are strung together.

    Raises:
        ParameterError: two say different things about one matter; every conflict is named.
    """
    gathered: dict[str, Any] = {}
    conflicts = []
    for scenario in scenarios:
        for name in scenario.model_fields_set:
            value = getattr(scenario, name)
            if name not in gathered:
                gathered[name] = value
            elif name in {"title", "note"}:
                gathered[name] = " + ".join(filter(None, (gathered[name], value)))
            elif isinstance(value, dict):
                for key in value.keys() & gathered[name].keys():
                    if value[key] != gathered[name][key]:
                        conflicts.append(
                            Problem(
                                _two(gathered[name][key], value[key]), t("Pilih salah satu."), column=f"{name}.{key}"
                            )
                        )
                gathered[name] = gathered[name] | value
            elif isinstance(value, tuple) and name != "budgets":
                gathered[name] = tuple(dict.fromkeys((*gathered[name], *value)))
            elif gathered[name] != value:
                conflicts.append(Problem(_two(gathered[name], value), t("Pilih salah satu."), column=name))
    if conflicts:
        raise ParameterError(t("Skenario-skenario ini bertentangan."), problems=conflicts)
    return check_scenario(gathered)


def _two(one: object, other: object) -> str:
    return t("“{one}” dan “{other}”", one=one, other=other)


class _Strict(yaml.SafeLoader):
    """YAML in which a name that stands twice is a mistake and not the last one's win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        if any(not isinstance(name, str | int | float) for name in names) or len(set(names)) < len(names):
            raise yaml.constructor.ConstructorError(None, None, "a name stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _in_words(item: Mapping[str, Any], shown: str | None) -> Problem:
    """Put one of pydantic's findings into words."""
    place = ".".join(str(part) for part in item["loc"]) or None
    if item["type"] == "extra_forbidden":
        return Problem(
            t("nama ini tidak dikenal"), did_you_mean(str(item["loc"][0]), Scenario.model_fields), shown, column=place
        )
    value = None if isinstance(item["input"], dict | list | tuple | Scenario) else str(item["input"])
    if item["type"] == "words":
        return Problem(t("tidak dapat dipakai"), item["ctx"]["why"], shown, column=place, value=value)
    if item["type"] == "literal_error":
        choices = [text.strip(" '") for text in item["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return Problem(
            t("pilihan ini tidak ada"), did_you_mean(str(item["input"]), choices), shown, column=place, value=value
        )
    advice = {
        "int_parsing": t("Isi dengan bilangan bulat."),
        "int_type": t("Isi dengan bilangan bulat."),
        "float_parsing": t("Isi dengan angka, misalnya 0.8."),
        "float_type": t("Isi dengan angka, misalnya 0.8."),
        "string_type": t("Isi dengan teks."),
        "dict_type": t("Tulis nama dan jumlah, misalnya “Dinkes: 200 juta”."),
        "tuple_type": t("Tulis daftar, misalnya [A01, A02]."),
    }.get(item["type"])
    if advice is None:
        advice = {
            "certainty": t("Isi angka di antara 0 dan 1, misalnya 0.8."),
            "retention": t("Isi angka di antara 0 dan 1; 0 berarti dipelajari dari kasus yang terbit."),
            "time_limit": t("Isi detik, paling banyak 3600."),
        }.get(place or "", t("Lihat data/README.md."))
    return Problem(t("nilai ini tidak dapat dipakai"), advice, shown, column=place, value=value)
