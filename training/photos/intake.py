"""Labelled photos as people keep them -> a set: bytes kept, labels made one, the rest told."""

import csv
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from wreckid.datasets.catalogue import Catalogue
from wreckid.datasets.errors import refuse_unless_empty
from wreckid.model.preprocessing import Failure, decode
from wreckid.serving.camera import Tags, camera_data
from wreckid.serving.duplicates import fingerprint
from wreckid.serving.intake import NamedBytes, label
from wreckid.serving.sight import PICTURE_SIDE
from wreckid.training.photos.labels import Labels
from wreckid.training.photos.listing import Labelled, list_labelled
from wreckid.training.photos.photoset import INDEX, PICTURES, PhotoRow, PhotosError, write_index

CAMERAS = "camera.jsonl"
"""What photos say of camera, date and place; the index holds none of it."""
UNREADABLE = "unreadable.csv"
"""Photos that stayed out, and why."""


@dataclass(frozen=True)
class Taken:
    """What came of an import: the set's rows, and the names of unreadable photos with reasons."""

    rows: tuple[PhotoRow, ...]
    unreadable: tuple[tuple[str, str], ...]


def import_photos(origin: Path, out: Path, catalogue: Catalogue) -> Taken:
    """Copy labelled photos into a new set, which is there whole or not at all.

    Args:
        origin: a folder or archive of TYPE/INCIDENT/photo or TYPE/INCIDENT/SOURCE/photo, or a
            table (.csv) with the columns photo, type, incident, source and, where wanted,
            condition, licence, notes; its paths are relative to it.
        out: the folder of the set.
        catalogue: names the types.

    Raises:
        SetupError: the folder is not empty.
        PhotosError: a label, incident or source is missing or unclear, or no photo can be read.
    """
    refuse_unless_empty(out)
    reader, listed = list_labelled(origin)
    identifiers = Labels(catalogue).identifiers(one.type for one in listed)
    with _new_folder(out) as begun:
        rows, cameras, unreadable = list[PhotoRow](), list[Tags](), list[tuple[str, str]]()
        for number, one in enumerate(listed):
            photo = _readable(reader.read(one.place))
            if isinstance(photo, Failure):
                unreadable.append((label(one.place.name), photo.message))
                continue
            file = f"{PICTURES}/{number:06d}{photo.suffix}"
            (begun / file).write_bytes(photo.data)
            rows.append(_row(file, one, identifiers[one.type], photo))
            cameras.append({"file": file, "tags": camera_data(photo.data)})
        if not rows:
            raise PhotosError(f"None of the {len(listed)} photos of {origin} can be read.")
        _write_beside(begun, cameras, unreadable)
        write_index(begun, rows)
    return Taken(tuple(rows), tuple(unreadable))


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder for a set, all of which goes where it belongs once it is whole, the index last."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=".importing-") as work:
        begun = Path(work)
        (begun / PICTURES).mkdir()
        yield begun
        out.mkdir(exist_ok=True)
        for part in sorted(begun.iterdir(), key=lambda part: part.name == INDEX):
            part.rename(out / part.name)


@dataclass(frozen=True)
class _Readable:
    """The bytes of a photo that can be decoded, and how it looks."""

    data: bytes
    suffix: str
    looks: str


def _readable(photo: NamedBytes) -> _Readable | Failure:
    if isinstance(photo.data, Failure):
        return photo.data
    decoded = decode(photo.data, at_least=PICTURE_SIDE)
    if isinstance(decoded, Failure):
        return decoded
    decoded.image.thumbnail((PICTURE_SIDE, PICTURE_SIDE))
    return _Readable(photo.data, f".{decoded.format.lower()}", fingerprint(decoded.image))


def _row(file: str, one: Labelled, identifier: str, photo: _Readable) -> PhotoRow:
    return PhotoRow(
        file=file,
        label=identifier,
        condition=one.condition,
        incident=one.incident,
        source=one.source,
        licence=one.licence,
        notes=one.notes,
        received=label(one.place.name),
        sha256=hashlib.sha256(photo.data).hexdigest(),
        looks=photo.looks,
    )


def _write_beside(out: Path, cameras: list[Tags], unreadable: list[tuple[str, str]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in cameras)
    (out / CAMERAS).write_text("".join(lines), encoding="utf-8")
    if unreadable:
        with (out / UNREADABLE).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("received", "reason"), *unreadable])
