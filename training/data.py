"""Labelled pictures: manifests, index files and folders, as rows and as training samples."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms import v2

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.datasets.errors import SetupError
from wreckid.datasets.rendered import MANIFEST, UNFINISHED, read_rows
from wreckid.model.looking import Box
from wreckid.model.preprocessing import Failure, InputSpec, Photo, decode, to_array
from wreckid.serving.intake import read_photo
from wreckid.serving.sight import decoded_side
from wreckid.serving.source import files_below
from wreckid.training.augmentation import approached, augmentation
from wreckid.training.photos.labels import Labels
from wreckid.training.photos.photoset import INDEX, read_table, refuse_gaps


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
        incident: what photos of one wreck have in common, with its name or number; else empty.
    """

    file: Path
    label: str
    group: str
    box: Box | None = None
    incident: str = ""

    @property
    def witness_of(self) -> str:
        """The incident; a photo of which none is known stands by itself."""
        return self.incident or str(self.file)


Photos = tuple[LabelledPhoto, ...]


def read_data(place: Path) -> Photos:
    """Read a rendered set, a folder with an index CSV, or a folder whose sub-folders are labels.

    Where an index says that a photo shows no UAV, that is its label. Photos in folders lie at any
    depth below their label; hidden files and links stay out. A sub-folder may bear any name of a
    type; one that means no single type is a label as it stands.

    Raises:
        DataError: nothing of the three is there, or its list lacks something.
        PhotosError: the index cannot be read, or a row lacks its file or label.
    """
    if (place / MANIFEST).is_file():
        return _from_manifest(place)
    if (place / INDEX).is_file():
        return _from_index(place)
    return _from_folders(place)


def manifest_rows(place: Path) -> list[dict[str, Any]]:
    """The rows of a rendered set, one a picture.

    Raises:
        DataError: the folder is no rendered set, or one that was stopped.
        SetupError: its manifest is damaged.
    """
    file = place / MANIFEST
    if (place / UNFINISHED).exists():
        raise DataError(f"{place} was stopped: repeat the command that renders it.")
    if not file.is_file():
        raise DataError(f"{place} holds no {MANIFEST}: name a rendered set.")
    return read_rows(file, file.read_bytes().splitlines())


def index_rows(place: Path) -> list[dict[str, str]]:
    """The rows of a folder with an index CSV, one a picture.

    Raises:
        DataError: the index lacks a column.
        PhotosError: it cannot be read, or a row lacks its file or label.
    """
    table = place / INDEX
    rows = read_table(table)
    if not {"file", "label"} <= rows[0].keys():
        raise DataError(f"{table} needs the columns file and label.")
    refuse_gaps(table, rows, ("file", "label"))
    return rows


def _from_manifest(place: Path) -> Photos:
    rows = manifest_rows(place)
    for number, row in enumerate(rows, start=1):
        if not {"file", "type", "damage"} <= row.keys():
            raise DataError(
                f"{place / MANIFEST}, line {number} tells no file, type or damage:"
                " render the set again."
            )
    return tuple(
        LabelledPhoto(place / row["file"], row["type"], row["damage"], _box(row), _wreck(row))
        for row in rows
    )


def _box(row: dict[str, Any]) -> Box | None:
    left, top, right, bottom = row.get("box") or (0, 0, 0, 0)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _wreck(row: dict[str, Any]) -> str:
    return f"wreck {row['wreck']}" if "wreck" in row else ""


def _from_index(place: Path) -> Photos:
    return tuple(
        LabelledPhoto(
            place / row["file"],
            NOT_A_UAV if row.get("kind") == NOT_A_UAV else row["label"],
            row.get("condition", ""),
            incident=row.get("incident", ""),
        )
        for row in index_rows(place)
    )


def _from_folders(place: Path) -> Photos:
    found = [file for file in files_below(place) if file.parent != place]
    if not found:
        raise DataError(
            f"{place} holds no pictures: name a rendered set, a folder with {INDEX}"
            " (columns file, label), or a folder whose sub-folders are labels."
        )
    labels = Labels(catalogue())
    return tuple(_in_folder(file, file.relative_to(place).parts[:-1], labels) for file in found)


def _in_folder(file: Path, folders: Sequence[str], labels: Labels) -> LabelledPhoto:
    """A photo below TYPE/INCIDENT, or right below TYPE."""
    name, incident = folders[0], "/".join(folders[:2]) if len(folders) > 1 else ""
    return LabelledPhoto(file, labels.identifier(name) or name, "", incident=incident)


def data_hash(place: Path) -> str:
    """Hash of a data set's manifest or index, else of names and sizes; sha256 in hexadecimal."""
    for name in (MANIFEST, INDEX):
        if (place / name).is_file():
            return hashlib.sha256((place / name).read_bytes()).hexdigest()
    files = (photo.file for photo in read_data(place))
    listed = "\n".join(f"{file.stat().st_size} {file.relative_to(place)}" for file in files)
    return hashlib.sha256(listed.encode(errors="surrogateescape")).hexdigest()


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
        picture = read_picture(photo.file, self._spec.size)
        image = v2.functional.pil_to_tensor(picture.image)
        box = photo.box and _scaled(photo.box, picture.image.width / picture.width)
        return self._augment(approached(image, box)), self._index[photo.label]


def _scaled(box: Box, factor: float) -> Box:
    """A box in a picture that was decoded smaller than it is."""
    left, top, right, bottom = (side * factor for side in box)
    return int(left), int(top), math.ceil(right), math.ceil(bottom)
