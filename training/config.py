"""What a training run is told, read from YAML."""

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from wreckid.datasets.errors import SetupError, first_problem

Rate = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]

PLACES = ("train", "sketches", "heldout", "from_releases", "teachers", "photos", "calibration")
"""The fields that are folders, or several of them."""
SIDE_STEP = 16
"""Input sides on the way to the last are multiples of so many pixels."""


class ConfigError(SetupError):
    """The configuration cannot be used; the message names the field."""


class TrainConfig(BaseModel):
    """A fine-tune from pretrained weights on labelled pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: Path = Field(description="Folder of rendered pictures with their manifest.")
    heldout: Path = Field(description="The same, of other seeds, never trained on.")
    sketches: Path | None = Field(
        None, description="Quick pictures, to be learnt from in all epochs but the last."
    )
    sketch_share: Rate = Field(0.7, description="Share of sketches among the rendered pictures.")
    from_releases: tuple[Path, ...] = Field(
        (),
        description="Folder of a release to go on from, instead of ImageNet weights; or one for"
        " each of the backbones that stand side by side.",
    )
    release_share: Share = Field(
        0.0, description="Share of the releases' weights in the finished ones (WiSE-FT)."
    )
    teachers: tuple[Path, ...] = Field(
        (), description="Folders of releases whose answers together are learnt beside the labels."
    )
    teacher_share: Rate = Field(0.5, description="Share of their answers in what is learnt.")
    photos: Path | None = Field(
        None, description="Labelled photos of one's own, to be mixed with the rendered pictures."
    )
    calibration: Path | None = Field(
        None, description="Other photos of one's own, to calibrate on instead of renders if enough."
    )
    photo_share: Rate = Field(0.5, description="Share of photos among what is trained on.")
    epoch_pictures: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Pictures an epoch of a mix, drawn anew each time; as many as there are."
    )
    architecture: str = Field(
        "tf_efficientnet_lite0", description="Name in timm, or several with `+` between them."
    )
    size: Annotated[int, Field(ge=32, le=1024, description="Input side in pixels.")] = 224
    epochs: Annotated[int, Field(ge=1)] = 6
    early_size: Annotated[int, Field(ge=32, le=1024)] | None = Field(
        None, description="Input side in the first epoch; it grows to that of the last."
    )
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Rate = Field(3e-4, description="Peak for the last stage of the backbone, AdamW.")
    head_factor: Annotated[float, Field(gt=0)] = Field(
        5.0, description="Factor from that rate to that of the head, which starts at random."
    )
    layer_decay: Annotated[float, Field(gt=0, le=1)] = Field(
        0.9, description="Factor from one stage's rate to that of the stage before it."
    )
    weight_decay: Share = 0.02
    warmup: Share = Field(0.05, description="Share of the steps that warm up.")
    label_smoothing: Share = 0.1
    drop_rate: Share = 0.2
    frozen_stages: Annotated[int, Field(ge=0)] = Field(
        2, description="First stages of the backbone that keep their pretrained weights."
    )
    batch_statistics: Literal["pretrained", "trained"] = Field(
        "pretrained", description="Whether batch norms of the trained stages follow the pictures."
    )
    family_weight: Annotated[float, Field(ge=0)] = Field(
        0.0, description="Weight of the family's cross-entropy beside that of the type."
    )
    averaging: Share = Field(0.995, description="Decay of the moving average of the weights.")
    workers: Annotated[int, Field(ge=0)] = Field(1, description="Processes that read pictures.")
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    @model_validator(mode="after")
    def _has_what_it_shares(self) -> Self:
        if self.release_share and not self.from_releases:
            raise ValueError("release_share needs from_releases")
        return self

    @property
    def sizes(self) -> tuple[int, ...]:
        """Input side in each epoch, growing evenly (progressive learning, Tan and Le, 2021)."""
        if self.early_size is None:
            return (self.size,) * self.epochs
        sides = np.linspace(self.early_size, self.size, self.epochs)[:-1]
        return (*(SIDE_STEP * round(side / SIDE_STEP) for side in sides), self.size)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read a YAML file; its paths are relative to the file.

        Raises:
            ConfigError: the file cannot be read or a field is wrong.
        """
        try:
            config = cls.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(f"{file} cannot be read: {error}") from error
        except ValidationError as error:
            raise ConfigError(f"{file}: {first_problem(error.errors())}.") from error
        named = {name: getattr(config, name) for name in PLACES}
        places = {name: _beside(file, place) for name, place in named.items() if place}
        return config.model_copy(update=places)


def _beside(file: Path, place: Path | tuple[Path, ...]) -> Path | tuple[Path, ...]:
    if isinstance(place, Path):
        return file.parent / place
    return tuple(file.parent / one for one in place)
