"""A trained model as shipped: written once, every hash verified at every load."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.datasets.errors import SetupError, first_problem
from wreckid.model.confidence import OutsideScore
from wreckid.model.looking import SecondLook
from wreckid.model.preprocessing import InputSpec
from wreckid.model.verdict import Probability, Thresholds

MANIFEST = "manifest.json"
WEIGHTS = "weights.safetensors"
NETWORK = "network.onnx"
METRICS = "metrics.json"
CARD = "CARD.md"
FILES = frozenset({WEIGHTS, NETWORK, METRICS, CARD})
"""What lies beside the manifest."""

NAME = r"^[\w.-]+$"
"""Names of releases, which are those of their folders."""
RELEASED = Path(__file__).with_name("released")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReleaseError(SetupError):
    """A release cannot be used as it stands; the message says what to do."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PredictionSetRule(_Frozen):
    """The calibrated prediction set: its coverage, and the largest score 1 - p it admits."""

    coverage: Probability
    quantile: float


class OutOfCatalogueRule(_Frozen):
    """An item whose score is above the threshold looks like nothing in the catalogue."""

    score: OutsideScore
    threshold: float


class CalibrationFacts(_Frozen):
    """What the temperature, the prediction sets and the thresholds were fitted on."""

    source: Literal["renders", "photos"]
    pictures: int
    photos_offered: int = Field(description="Real photos at hand, whether they were enough or not.")
    uncertified: tuple[str, ...] = Field(
        description="Thresholds for which no value could be shown to keep its promise; "
        "the strictest one stands in."
    )


class Training(_Frozen):
    """What the network was made from."""

    commit: str
    seed: int
    pictures: int = Field(description="Pictures trained on.")
    data: Mapping[str, Sha256] = Field(description="Hash of each data manifest, by its name.")
    libraries: Mapping[str, str] = Field(description="Version of each library, by its name.")
    config: Mapping[str, Any]


class StartingWeights(_Frozen):
    """The pretrained weights that training started from."""

    name: str
    licence: str


class ReleaseFacts(_Frozen):
    """Everything that the manifest says, but for the hashes of the files."""

    name: Annotated[str, Field(pattern=NAME)]
    version: str
    format_version: Literal[1] = 1
    architecture: str = Field(description="Name in timm, or several with `+` between them.")
    input: InputSpec
    classes: tuple[str, ...] = Field(description="Types and `not-a-uav`, as the network orders.")
    families: tuple[str, ...] = Field(description="The family of each class.")
    second_look: SecondLook | None = Field(
        default=None, description="Null where each photo is looked at once."
    )
    temperature: Annotated[float, Field(gt=0)]
    prediction_set: PredictionSetRule
    out_of_catalogue: OutOfCatalogueRule
    verdict: Thresholds
    calibration: CalibrationFacts | None = Field(
        default=None, description="Null in releases that do not tell."
    )
    training: Training
    starting_weights: StartingWeights

    @model_validator(mode="after")
    def _classes_agree(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is named twice")
        if NOT_A_UAV not in self.classes or len(self.classes) < 2:
            raise ValueError(f"classes must hold {NOT_A_UAV} and at least one type")
        if len(self.families) != len(self.classes):
            raise ValueError(f"{len(self.classes)} classes but {len(self.families)} families")
        return self


class Manifest(ReleaseFacts):
    """The facts of a release and the sha256 of each of its files, by name."""

    files: Mapping[str, Sha256]

    @model_validator(mode="after")
    def _files_complete(self) -> Self:
        if set(self.files) != FILES:
            raise ValueError(f"files must be {', '.join(sorted(FILES))}")
        return self


@dataclass(frozen=True)
class Release:
    """A verified release.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        sha256: hash of the manifest's bytes; it covers every file.
    """

    folder: Path
    manifest: Manifest
    sha256: str

    @property
    def weights(self) -> Path:
        """The weights, as safetensors."""
        return self.folder / WEIGHTS

    @property
    def network(self) -> Path:
        """The network, as ONNX: `images` in; `logits`, `embedding`, `class_map` out."""
        return self.folder / NETWORK

    @property
    def metrics(self) -> Path:
        """What the release scores, as JSON."""
        return self.folder / METRICS

    @property
    def card(self) -> Path:
        """The model card, as Markdown."""
        return self.folder / CARD


def write_release(folder: Path, facts: ReleaseFacts, files: Mapping[str, bytes]) -> Release:
    """Write a release and read it back; the manifest comes last, so half a release is none.

    Args:
        folder: made if missing.
        facts: the manifest without its hashes.
        files: the content of each file beside the manifest, by name.

    Raises:
        ReleaseError: a file is missing or is not one of a release.
    """
    hashes = {name: _sha256(content) for name, content in sorted(files.items())}
    try:
        manifest = Manifest(**facts.model_dump(), files=hashes)
    except ValidationError as error:
        raise ReleaseError(
            f"The release cannot be written: {first_problem(error.errors())}."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return read_release(folder)


def holds_release(folder: Path) -> bool:
    """Whether a folder is that of a release, whole or altered."""
    return (folder / MANIFEST).is_file()


def read_release(folder: Path) -> Release:
    """Read a release and verify the hash of each of its files.

    Raises:
        ReleaseError: something is missing, invalid or altered.
    """
    content = _read(folder / MANIFEST)
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ReleaseError(
            f"{folder / MANIFEST} is not a manifest of format 1 ({first_problem(error.errors())}):"
            " use a release made for this version of wreckid."
        ) from error
    for name, expected in manifest.files.items():
        if _sha256(_read(folder / name)) != expected:
            raise ReleaseError(
                f"{folder / name} is not the file that the manifest names:"
                " it was damaged or altered, so fetch the release again."
            )
    return Release(folder, manifest, _sha256(content))


def shipped_release() -> Release:
    """The release that comes with the package.

    Raises:
        ReleaseError: there is none, there are several, or it cannot be read.
    """
    folders = sorted(file.parent for file in RELEASED.glob(f"*/{MANIFEST}"))
    if len(folders) != 1:
        raise ReleaseError(
            f"Expected one release below {RELEASED} and found {len(folders)}:"
            " name a release with --release NAME."
        )
    return read_release(folders[0])


def find_release(name: str | None) -> Release:
    """The release of a name, beside the shipped one or in a folder; without a name, the shipped.

    Raises:
        ReleaseError: there is none, or it cannot be read.
    """
    if name is None:
        return shipped_release()
    beside = RELEASED / name
    return read_release(beside if holds_release(beside) else Path(name))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ReleaseError(
            f"{file} cannot be read ({error.strerror}): name a complete release folder."
        ) from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
