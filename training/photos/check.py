"""Look at every photo of a set, and tell what may be wrong with it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import track

from wreckid.model.confidence import probabilities
from wreckid.serving.camera import camera_data
from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import read_photo
from wreckid.serving.overlay import address
from wreckid.serving.sight import see
from wreckid.training.photos import findings
from wreckid.training.photos.findings import Finding, Seen, Sights
from wreckid.training.photos.lettering import words
from wreckid.training.photos.looks import looks
from wreckid.training.photos.photoset import PhotoRow, read_index, read_sides

FINDINGS = "check.json"
THUMBNAIL = 160
"""Longest side of a thumbnail in pixels."""


@dataclass(frozen=True)
class Checked:
    """A set, what was seen in its photos, and what may be wrong, the gravest first."""

    rows: tuple[PhotoRow, ...]
    sights: Sights
    findings: tuple[Finding, ...]


def check(place: Path, classifier: Classifier) -> Checked:
    """Check a set and, where it was split, its sides; writes what was found to `check.json`.

    Raises:
        PhotosError: the folder holds no set.
    """
    rows, sides = read_index(place), read_sides(place)
    sights = {
        row: seen
        for row in track(rows, "Looking", console=Console(stderr=True))
        if (seen := _seen(place, row, classifier)) is not None
    }
    changed = [row for row in rows if row not in sights]
    found = (
        *(Finding("changed", (row.file,), f"{row.file} ({row.received})") for row in changed),
        *findings.of_catalogue(rows, classifier.catalogue),
        *findings.of_changes(rows, sides),
        *findings.of_sides(sides),
        *findings.of_copies(rows),
        *findings.of_labels(sights, classifier.manifest.classes),
        *findings.of_text(sights, classifier.catalogue),
        *findings.of_pixels(sights),
        *findings.of_balance(rows),
    )
    _write(place, found)
    return Checked(rows, sights, found)


def _seen(place: Path, row: PhotoRow, classifier: Classifier) -> Seen | None:
    """What a photo shows; None for one that is not what was imported."""
    photo = read_photo(place / row.file, row.file)
    if not isinstance(photo.data, bytes) or hashlib.sha256(photo.data).hexdigest() != row.sha256:
        return None
    (observation,) = classifier.observe([see(photo, classifier.manifest.input)])
    record, look = observation.record, observation.look
    if look is None:
        return None
    size = (record.width or 0, record.height or 0)
    return Seen(
        looks(look.picture, size, record.format or "", camera_data(photo.data)),
        words(look.picture),
        probabilities(look.outputs.logits, classifier.manifest.temperature)[0],
        _thumbnail(look.picture),
    )


def _thumbnail(picture: Image.Image) -> str:
    small = picture.copy()
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    return address(small, "JPEG", quality=70)


def _write(place: Path, found: Sequence[Finding]) -> None:
    rows = [asdict(finding) for finding in found]
    text = json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    (place / FINDINGS).write_text(text, encoding="utf-8")
