"""An item as a zip archive: the originals, the item, and its lines of the log with their bodies."""

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from wreckid.serving.store.item import Event, Item, KeptPhoto
from wreckid.serving.store.items import ConflictError, Items
from wreckid.serving.store.uploads import Uploads

README = """The originals are in photos/, untouched; their names begin with their number.
item.json      the item as it was when this was exported
history.jsonl  all that happened to it
log.jsonl      its lines of the log of the store: each names the SHA-256 of what it tells of, and
               ends in the SHA-256 of its own bytes before that
"""


def export(items: Items, item: Item, file: IO[bytes]) -> None:
    """Write the archive of an item.

    Raises:
        ConflictError: originals are lost.
    """
    originals = files_of(item.photos)
    _refuse_lost(items, originals)
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        archive.writestr("item.json", item.model_dump_json(indent=1))
        archive.writestr("history.jsonl", "".join(_told(items.history(item.id))))
        archive.writestr("log.jsonl", b"".join(items.lines(item.id)))
        for name, photo in zip(archive_names(originals), originals, strict=True):
            archive.write(items.uploads.place(photo.sha256), name, ZIP_STORED)


def files_of(photos: Sequence[KeptPhoto]) -> list[KeptPhoto]:
    """One photo for each original: of a file with several pages, the first."""
    files = {
        photo.number if photo.page is None else (photo.name, photo.sha256): photo
        for photo in reversed(photos)
    }
    return sorted(files.values(), key=lambda photo: photo.number)


def archive_names(photos: Sequence[KeptPhoto]) -> Iterator[str]:
    """Names of photos in an archive, which no name as received can lead astray."""
    for photo in photos:
        ending = PurePosixPath(photo.name).suffix.lower()
        fit = ending if ending[1:].isascii() and ending[1:].isalnum() and len(ending) < 6 else ""
        yield f"photos/{photo.number:03}-{photo.sha256[:12]}{fit}"


def lost(photos: Sequence[KeptPhoto], uploads: Uploads) -> list[KeptPhoto]:
    """The photos whose originals are not there."""
    return [photo for photo in photos if not uploads.holds(photo.sha256)]


def _refuse_lost(items: Items, originals: Sequence[KeptPhoto]) -> None:
    missing = lost(originals, items.uploads)
    if missing:
        named = ", ".join(f"photo {photo.number} (SHA-256 {photo.sha256})" for photo in missing)
        raise ConflictError(f"The store has lost originals, bring them back from a copy: {named}.")


def _told(events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        told = {
            "number": event.number,
            "time": event.time.isoformat(),
            "event": event.name,
            "who": event.who,
            "body": event.body,
        }
        yield json.dumps(told, ensure_ascii=False) + "\n"
