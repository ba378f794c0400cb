"""The catalogue: what there is to recognise, one YAML file a type."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    computed_field,
    model_validator,
)

from wreckid.datasets.errors import SetupError, first_problem
from wreckid.datasets.geometry import Geometry

NOT_A_UAV = "not-a-uav"
OWN_TYPES = "WRECKID_TYPES"
"""The variable that names a folder with files of types that the package lacks."""

Value = TypeVar("Value")
Made = TypeVar("Made")
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Metres = Annotated[float, Field(gt=0, lt=100)]

WingForm = Literal[
    "straight", "swept", "delta", "flying wing", "cruciform", "tandem", "canard", "none"
]
WingPosition = Literal["high", "mid", "low", "parasol", "none"]
TailForm = Literal[
    "conventional",
    "t-tail",
    "v-tail",
    "inverted v-tail",
    "twin fins",
    "cruciform",
    "tip fins",
    "single fin",
    "none",
]
TipFins = Literal["none", "up", "down", "up and down"]
PropulsionKind = Literal["piston", "rotary", "electric", "turboprop", "jet"]
PropulsionPosition = Literal["nose", "rear", "wing", "arms", "inside"]
LandingGear = Literal["none", "wheels", "skids", "legs"]


class CatalogueError(SetupError):
    """The catalogue cannot be used as it stands; the message says which file and why."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Fact(_Frozen, Generic[Value]):
    """One value and the sources that state it; `sourced` is false for general knowledge."""

    value: Value
    sources: tuple[str, ...] = Field(default=(), description="Keys of the type's `sources`.")
    range: tuple[float, float] | None = Field(
        default=None, description="Smallest and largest value stated, where sources disagree."
    )

    @model_validator(mode="after")
    def _range_holds_value(self) -> Self:
        if self.range is None:
            return self
        if not isinstance(self.value, int | float):
            raise ValueError("only a number has a range")
        low, high = self.range
        if not low <= self.value <= high:
            raise ValueError(f"the range {low:g} to {high:g} does not hold the value {self.value}")
        return self

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sourced(self) -> bool:
        """Whether any source states the value."""
        return bool(self.sources)


class Source(_Frozen):
    """A public page and what it states."""

    url: Annotated[str, Field(pattern=r"^https?://")]
    states: str


class LookAlike(_Frozen):
    """A type that is taken for this one, and how to tell them apart on the wreck."""

    id: Identifier
    how_to_tell: str


class Facts(_Frozen):
    """What an investigator can check on a wreck; lengths in metres, None where unknown.

    Dimensions are those of the airframe ready to fly, without propeller blades and antennas.
    """

    length_m: Fact[Metres] | None = None
    wingspan_m: Fact[Metres] | None = None
    wing: Fact[WingForm] | None = None
    wing_position: Fact[WingPosition] | None = None
    tail: Fact[TailForm] | None = None
    tip_fins: Fact[TipFins] | None = None
    fuselage: Fact[str] | None = None
    propulsion: Fact[PropulsionKind] | None = None
    propulsion_position: Fact[PropulsionPosition] | None = None
    engines: Fact[Annotated[int, Field(ge=1, le=12)]] | None = None
    propeller_blades: Fact[Annotated[int, Field(ge=0, le=8)]] | None = None
    landing_gear: Fact[LandingGear] | None = None
    materials: Fact[tuple[str, ...]] | None = None
    colours: Fact[tuple[str, ...]] | None = None
    surviving_parts: Fact[tuple[str, ...]] | None = None
    markings: Fact[tuple[str, ...]] | None = None

    def known(self) -> dict[str, Fact[Any]]:
        """The facts that have a value, by name, in the order of the schema."""
        named = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: fact for name, fact in named if fact is not None}


def _no_verdict(identifier: str) -> str:
    if identifier == NOT_A_UAV:
        raise ValueError(f"{NOT_A_UAV} is said of what is no UAV: choose another id")
    return identifier


class UavType(_Frozen):
    """An entry of the catalogue."""

    id: Annotated[Identifier, AfterValidator(_no_verdict)]
    name: Name
    aliases: tuple[str, ...] = Field(description="Other names, in Latin and Cyrillic script.")
    maker: str
    country: str
    roles: tuple[str, ...]
    family: Identifier
    facts: Facts
    look_alikes: tuple[LookAlike, ...] = ()
    sources: Mapping[str, Source] = Field(default_factory=dict)
    notes: str = ""
    geometry: Geometry | None = Field(
        default=None, description="None for a type known from photos alone."
    )

    @model_validator(mode="after")
    def _refers_rightly(self) -> Self:
        if any(other.id == self.id for other in self.look_alikes):
            raise ValueError("look_alikes names the type itself")
        for name, fact in self.facts.known().items():
            missing = sorted(set(fact.sources) - set(self.sources))
            if missing:
                raise ValueError(f"facts.{name} names unknown sources: {', '.join(missing)}")
        return self


class Family(_Frozen):
    """Types that share a layout and are hard to tell apart when broken."""

    id: Identifier
    name: str
    description: str


class Confuser(_Frozen):
    """Something found on crash sites that is not a UAV."""

    id: Identifier
    name: str
    why: str


class Catalogue(_Frozen):
    """All types, families and confusers, each by identifier in alphabetical order."""

    types: Mapping[str, UavType]
    families: Mapping[str, Family]
    confusers: Mapping[str, Confuser]

    @model_validator(mode="after")
    def _references_exist(self) -> Self:
        for uav in self.types.values():
            if uav.family not in self.families:
                raise ValueError(f"{uav.id}: unknown family {uav.family}")
            for other in uav.look_alikes:
                if other.id not in self.types:
                    raise ValueError(f"{uav.id}: unknown look-alike {other.id}")
        return self

    def families_of(self, classes: tuple[str, ...]) -> tuple[str, ...]:
        """The family of each class; `not-a-uav` is a family of its own.

        Raises:
            CatalogueError: a class is not in the catalogue.
        """
        unknown = [name for name in classes if name != NOT_A_UAV and name not in self.types]
        if unknown:
            raise CatalogueError(
                f"The catalogue has no type {', '.join(unknown)}: put the file of each into the"
                f" folder that the variable {OWN_TYPES} names."
            )
        return tuple(
            NOT_A_UAV if name == NOT_A_UAV else self.types[name].family for name in classes
        )


_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader where PyYAML has it: ten times faster, and every cold start waits for it."""


def _read_yaml(file: Path) -> Any:
    with file.open(encoding="utf-8") as stream:
        return yaml.load(stream, _YAML_LOADER)


def read_valid(file: Path, kind: str, validate: Callable[[Any], Made]) -> Made:
    """Read what a YAML file holds.

    Args:
        file: YAML in UTF-8.
        kind: what it is to hold, in a word or two.
        validate: makes it of plain values.

    Raises:
        CatalogueError: the file cannot be read, is no YAML, or breaks the schema.
    """
    try:
        return validate(_read_yaml(file))
    except ValidationError as error:
        reason = _problems(error)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
    raise CatalogueError(f"{file.name} is not a valid {kind}: {reason}.")


def read_type(file: Path) -> UavType:
    """Read one type from its YAML file.

    Raises:
        CatalogueError: the file is no YAML, breaks the schema, or is not named after its id.
    """
    uav = read_valid(file, "type", UavType.model_validate)
    if file.name != f"{uav.id}.yaml":
        raise CatalogueError(f"{file.name} holds the type {uav.id}: rename it to {uav.id}.yaml.")
    return uav


def _problems(error: ValidationError) -> str:
    """Each field that is wrong, and why, in one line."""
    return "; ".join(first_problem([problem]) for problem in error.errors())


def _read_shared(file: Path, entries: TypeAdapter[Any]) -> dict[str, Any]:
    """The entries of `families.yaml` or `confusers.yaml` by identifier."""
    read = read_valid(file, f"list of {file.stem}", entries.validate_python)
    return {entry.id: entry for entry in read}


def read_catalogue(folder: Path) -> Catalogue:
    """Read a folder with one file a type beside `families.yaml` and `confusers.yaml`.

    Raises:
        CatalogueError: a file is invalid or refers to something that does not exist.
    """
    shared: dict[str, TypeAdapter[Any]] = {
        "families.yaml": TypeAdapter(list[Family]),
        "confusers.yaml": TypeAdapter(list[Confuser]),
    }
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    types = [read_type(folder / name) for name in names if name not in shared]
    entries: dict[str, Any] = {
        name.removesuffix(".yaml"): _read_shared(folder / name, listed)
        for name, listed in shared.items()
    }
    return _agreeing(types={uav.id: uav for uav in types}, **entries)


def _agreeing(**entries: Any) -> Catalogue:
    """A catalogue whose entries refer to each other rightly."""
    try:
        return Catalogue(**entries)
    except ValidationError as error:
        raise CatalogueError(f"The catalogue contradicts itself: {_problems(error)}.") from error


def extended(known: Catalogue, own: Iterable[UavType]) -> Catalogue:
    """A catalogue with types of one's own beside those it has.

    Raises:
        CatalogueError: a type is there already, or refers to something that does not exist.
    """
    added = {uav.id: uav for uav in own}
    taken = sorted(added.keys() & known.types.keys())
    if taken:
        raise CatalogueError(f"The catalogue has a type {taken[0]} already: choose another id.")
    types = dict(sorted({**known.types, **added}.items()))
    return _agreeing(types=types, families=known.families, confusers=known.confusers)


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the package, and the types in the folder `WRECKID_TYPES`.

    Raises:
        CatalogueError: a file is invalid or refers to something that does not exist.
    """
    shipped = read_catalogue(Path(__file__).with_name("catalogue"))
    own = os.environ.get(OWN_TYPES)
    if not own:
        return shipped
    if not Path(own).is_dir():
        raise CatalogueError(f"{OWN_TYPES} names {own}, which is no folder: mend or unset it.")
    files = [file for file in Path(own).iterdir() if file.suffix.lower() in {".yaml", ".yml"}]
    return extended(shipped, map(read_type, sorted(files)))
