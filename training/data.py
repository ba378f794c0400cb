"""Labelled pictures: manifests, index files and folders, as rows and as training samples."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import v2

from wreckid.datasets.errors import SetupError
from wreckid.datasets.rendered import MANIFEST, UNFINISHED
from wreckid.model.looking import Box
from wreckid.model.preprocessing import Failure, InputSpec, Photo, decode, to_array
from wreckid.serving.intake import read_photo
from wreckid.serving.sight import decoded_side
from wreckid.training.augmentation import approached, augmentation
from wreckid.training.photos.photoset import INDEX


class DataError(SetupError):
    """The pictures cannot be used; the message says what to do."""


@dataclass(frozen=True)
class LabelledPhoto:
    """A picture and what is known of it.

    Attributes:
        file: where it is.
        label: a type, or `not-a-uav`.
        group: a damage, condition or kind to report by.
        box: left, top, right, bottom of what it shows of a wreck, in its pixels.
    """

    file: Path
    label: str
    group: str
    box: Box | None = None


def read_data(place: Path) -> tuple[LabelledPhoto, ...]:
    """Read a rendered set, a folder with an index CSV, or a folder whose sub-folders are labels.

    Raises:
        DataError: nothing of the three is there, or its list cannot be read.
    """
    if (place / MANIFEST).is_file():
        return _from_manifest(place)
    if (place / INDEX).is_file():
        return _from_index(place)
    found = sorted(file for file in place.glob("*/*") if file.is_file())
    if not found:
        raise DataError(
            f"{place} holds no pictures: name a rendered set, a folder with {INDEX}"
            " (columns file, label), or a folder whose sub-folders are labels."
        )
    return tuple(LabelledPhoto(file, file.parent.name, "") for file in found)


def manifest_rows(place: Path) -> list[dict[str, Any]]:
    """The rows of a rendered set, one a picture.

    Raises:
        DataError: the folder is no rendered set, or one that was stopped.
    """
    file = place / MANIFEST
    if (place / UNFINISHED).exists():
        raise DataError(f"{place} was stopped: repeat the command that renders it.")
    if not file.is_file():
        raise DataError(f"{place} holds no {MANIFEST}: name a rendered set.")
    try:
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    except json.JSONDecodeError as error:
        raise DataError(f"{file} breaks off: render the set to its end.") from error


def _from_manifest(place: Path) -> tuple[LabelledPhoto, ...]:
    return tuple(
        LabelledPhoto(place / row["file"], row["type"], row["damage"], _box(row))
        for row in manifest_rows(place)
    )


def _box(row: dict[str, Any]) -> Box | None:
    left, top, right, bottom = row.get("box") or (0, 0, 0, 0)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _from_index(place: Path) -> tuple[LabelledPhoto, ...]:
    with (place / INDEX).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"file", "label"} <= rows[0].keys():
        raise DataError(f"{place / INDEX} needs the columns file and label.")
    return tuple(
        LabelledPhoto(place / row["file"], row["label"], row.get("condition", "")) for row in rows
    )


def data_hash(place: Path) -> str:
    """Hash of a data set's manifest or index, sha256 in hexadecimal."""
    for name in (MANIFEST, INDEX):
        if (place / name).is_file():
            return hashlib.sha256((place / name).read_bytes()).hexdigest()
    names = "\n".join(str(photo.file.relative_to(place)) for photo in read_data(place))
    return hashlib.sha256(names.encode()).hexdigest()


def data_hashes(places: Mapping[str, Path | None]) -> dict[str, str]:
    """The hash of each data set that is there, by its name."""
    return {name: data_hash(place) for name, place in places.items() if place is not None}


def read_picture(file: Path, size: int) -> Photo:
    """Decode a picture that must be readable.

    Raises:
        DataError: it is not.
    """
    data = read_photo(file, file.name).data
    photo = data if isinstance(data, Failure) else decode(data, at_least=size)
    if isinstance(photo, Failure):
        raise DataError(f"{file}: {photo.message}")
    return photo


class EvaluationSet(Dataset[tuple[Tensor, int]]):
    """Pictures prepared exactly as the service prepares them, with the index of their label."""

    def __init__(
        self, photos: Sequence[LabelledPhoto], classes: Sequence[str], spec: InputSpec
    ) -> None:
        self._photos, self._spec = photos, spec
        self._index = {name: index for index, name in enumerate(classes)}

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        photo = self._photos[index]
        image = read_picture(photo.file, decoded_side(self._spec)).image
        return torch.from_numpy(to_array(image, self._spec)), self._index[photo.label]


class TrainingSet(EvaluationSet):
    """Pictures approached, cropped, mirrored, recoloured, blurred and partly hidden at random."""

    def __init__(
        self, photos: Sequence[LabelledPhoto], classes: Sequence[str], spec: InputSpec
    ) -> None:
        super().__init__(photos, classes, spec)
        self._augment = augmentation(spec)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        photo = self._photos[index]
        image = v2.functional.pil_to_tensor(read_picture(photo.file, self._spec.size).image)
        return self._augment(approached(image, photo.box)), self._index[photo.label]
