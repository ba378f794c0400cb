"""What a run will judge: its items in order, fixed before the first photo is read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

from wreckid.serving.item import Item
from wreckid.serving.sheet import read_table
from wreckid.serving.source import Listing, Place, Reader, list_photos

ItemRule = Literal["photo", "folder", "table"]
"""What makes an item: each photo, each sub-folder, or what a table says."""


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
        return Plan(source.parent, "table", read_table(source), {})
    listing = _listing(source, leave_out)
    items = folder_items(listing) if by_folder else photo_items(listing)
    return Plan(listing.root, "folder" if by_folder else "photo", items, listing.left_out)


def photo_items(listing: Listing) -> tuple[Item, ...]:
    """Each file as an item of its own; its pages, if it has several, are its photos."""
    groups = groupby(listing.places, key=lambda place: replace(place, page=None))
    return tuple(Item(whole.name, tuple(places)) for whole, places in groups)


def folder_items(listing: Listing) -> tuple[Item, ...]:
    """Each direct sub-folder as one item; a photo beside them is an item of its own."""
    groups = groupby(listing.places, key=lambda place: place.name.split("/")[0])
    return tuple(Item(name, tuple(places)) for name, places in groups)


def _listing(source: Path, leave_out: Path) -> Listing:
    if source.suffix.lower() != ".txt" or source.is_dir():
        return list_photos(source, leave_out)
    names = source.read_text(encoding="utf-8-sig", errors="surrogateescape").splitlines()
    places = (Place(name, name) for name in names if name.strip())
    return Listing(source.parent, tuple(Reader(source.parent).by_page(places)))
