"""What a run will judge: its items in order, fixed before the first photo is read."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Literal

from wreckid.datasets.errors import SetupError
from wreckid.serving.custody import to_json
from wreckid.serving.source import Listing, Place, list_photos

ItemRule = Literal["photo", "folder", "table"]
"""What makes an item: each photo, each sub-folder, or what a table says."""

PHOTO, ITEM = "photo", "item"
"""The columns that a table of items must have; all others are measurements."""


@dataclass(frozen=True)
class Item:
    """One wreck.

    Attributes:
        name: the path of its photo or sub-folder, or its name in a table.
        photos: where its photos lie.
        measurements: what a table says of it, by column, as it stands there.
    """

    name: str
    photos: tuple[Place, ...]
    measurements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The items of a run, and how many names stayed out, by reason."""

    root: Path
    rule: ItemRule
    items: tuple[Item, ...]
    left_out: Mapping[str, int]

    @property
    def photos(self) -> int:
        """How many photos the items have."""
        return sum(len(item.photos) for item in self.items)


def make_plan(source: Path, by_folder: bool, leave_out: Path) -> Plan:
    """Plan a folder, a zip archive, a list (.txt, a path a line) or a table of items (.csv).

    Args:
        source: the paths in a list or table are relative to its own folder.
        by_folder: each direct sub-folder is one item, instead of each photo.
        leave_out: a folder that is no evidence.

    Raises:
        SetupError: the source cannot be read or says too little.
    """
    if source.suffix.lower() == ".csv" and source.is_file():
        return Plan(source.parent, "table", _table_items(source), {})
    listing = _listing(source, leave_out)
    items = folder_items(listing) if by_folder else photo_items(listing)
    return Plan(listing.root, "folder" if by_folder else "photo", items, listing.left_out)


def photo_items(listing: Listing) -> tuple[Item, ...]:
    """Each photo as an item of its own."""
    return tuple(Item(place.name, (place,)) for place in listing.places)


def folder_items(listing: Listing) -> tuple[Item, ...]:
    """Each direct sub-folder as one item; a photo beside them is an item of its own."""
    groups = groupby(listing.places, key=lambda place: place.name.split("/")[0])
    return tuple(Item(name, tuple(places)) for name, places in groups)


def plan_lines(items: Iterable[Item]) -> Iterator[bytes]:
    """A plan as JSON Lines; names of any bytes survive."""
    return (to_json(asdict(item)) + b"\n" for item in items)


def read_plan(file: Path) -> Iterator[Item]:
    """The items of a written plan, one by one."""
    with file.open("rb") as lines:
        for line in lines:
            item = json.loads(line)
            photos = tuple(Place(**place) for place in item["photos"])
            yield Item(item["name"], photos, item["measurements"])


def _listing(source: Path, leave_out: Path) -> Listing:
    if source.suffix.lower() != ".txt" or source.is_dir():
        return list_photos(source, leave_out)
    names = source.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
    return Listing(source.parent, tuple(Place(name, name) for name in names if name.strip()))


def _table_items(table: Path) -> tuple[Item, ...]:
    """Items in the order of their first rows."""
    photos: dict[str, list[Place]] = {}
    measurements: dict[str, dict[str, str]] = {}
    for row in _rows(table):
        name, photo = row.pop(ITEM), row.pop(PHOTO)
        photos.setdefault(name, []).append(Place(photo, photo))
        stated = measurements.setdefault(name, {})
        for column, value in row.items():
            if value and stated.setdefault(column, value) != value:
                raise SetupError(f"{table} gives {name} two values of {column}: keep one.")
    return tuple(Item(name, tuple(places), measurements[name]) for name, places in photos.items())


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval="", strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise SetupError(f"{table} cannot be read as a table in UTF-8 ({error}).") from error
    for number, row in enumerate(rows, start=2):
        if not row.get(PHOTO) or not row.get(ITEM) or None in row:
            raise SetupError(
                f"{table}, row {number}: needs a {PHOTO} and an {ITEM}, no more cells."
            )
    return rows
