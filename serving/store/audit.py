"""What was changed, added or removed in a store behind its back, by name."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from wreckid.serving.custody import breaks, read_line, sha256
from wreckid.serving.store import ledger
from wreckid.serving.store.database import JOBS, Database, must_be_there
from wreckid.serving.store.item import DELETED, Item, fold
from wreckid.serving.store.items import line_of
from wreckid.serving.store.tables import items, log, photos
from wreckid.serving.store.uploads import Uploads


def verify_store(folder: Path, url: str | None = None) -> tuple[list[str], str]:
    """Every difference between a store and its log, a sentence each, and the log's last hash.

    Args:
        folder: of the uploads, and of the database unless it is elsewhere.
        url: of another database.

    Raises:
        SetupError: there is none, or it cannot be opened.
    """
    must_be_there(folder, url)
    database, uploads = Database(folder, url), Uploads(folder)
    try:
        with database.reading() as connection:
            found = [*_differences(connection, uploads), *_job_differences(connection, folder)]
            return found, ledger.head(connection)
    finally:
        database.close()


def _differences(connection: Connection, uploads: Uploads) -> Iterator[str]:
    broken = list(breaks(ledger.lines(connection))) or list(_moved(connection))
    yield from broken
    if broken:
        return
    listed = {row.id: dict(row._mapping) for row in connection.execute(select(items))}
    yield from _body_differences(connection, ledger.NO_ITEM)
    told = select(log.c.item).where(log.c.item != ledger.NO_ITEM).distinct()
    for item_id in connection.execute(told).scalars().all():
        changed = list(_body_differences(connection, item_id))
        yield from changed
        line = listed.pop(item_id, None)
        if not changed:
            history = ledger.events(connection, item_id)
            item = fold(item_id, history)
            follows = {"opened": history[0].number, **line_of(item)}
            yield from _line_differences(item_id, follows, line)
            yield from _photo_differences(connection, item)
            yield from _upload_differences(item, uploads)
    yield from (f"item {item_id} was added" for item_id in listed)


def _moved(connection: Connection) -> Iterator[str]:
    """Lines that are kept at another number or item than the one that they tell of."""
    for number, item_id, line in connection.execute(select(log).order_by(log.c.number)):
        entry = json.loads(line)
        if (number, item_id) != (entry["number"], entry.get("item", ledger.NO_ITEM)):
            yield f"log line {entry['number'] + 1} was moved to another number or item"


def _body_differences(connection: Connection, item_id: str) -> Iterator[str]:
    """Bodies that are not what the log vouches for; those of a deleted item may be gone."""
    entries = ledger.entries(connection, item_id)
    deleted = bool(entries) and entries[-1][0]["event"] == DELETED
    for entry, body in entries:
        subject = f"job {entry['job']}" if "job" in entry else f"item {item_id}"
        name = f"what log line {entry['number'] + 1} tells of {subject}"
        if body is None and (not deleted or entry["event"] == DELETED):
            yield f"{name} is missing"
        elif body is not None and sha256(body.encode()) != entry["body_sha256"]:
            yield f"{name} was changed"
        elif body is not None and deleted and entry["event"] != DELETED:
            yield f"{name} was not deleted"


def _job_differences(connection: Connection, folder: Path) -> Iterator[str]:
    """Jobs that are there although they were deleted."""
    for line in ledger.lines(connection, ledger.NO_ITEM):
        job = (read_line(line) or {}).get("job")
        if job is not None and (folder / JOBS / job).exists():
            yield f"job {job} was deleted and is still there"


def _line_differences(
    item_id: str, follows: Mapping[str, Any], line: Mapping[str, Any] | None
) -> Iterator[str]:
    """What the list says, if it is something else than what follows from the log."""
    if line is None:
        yield f"item {item_id} is missing from the list"
    elif differing := [name for name, value in follows.items() if line[name] != value]:
        yield f"the list says something else of item {item_id}: {', '.join(differing)}"


def _photo_differences(connection: Connection, item: Item) -> Iterator[str]:
    wanted = select(photos.c.number, photos.c.sha256).where(photos.c.item == item.id)
    has = {(row.number, row.sha256) for row in connection.execute(wanted)}
    if has != {(photo.number, photo.sha256) for photo in item.photos}:
        yield f"the list of the photos of item {item.id} was changed"


def _upload_differences(item: Item, uploads: Uploads) -> Iterator[str]:
    for photo in item.photos:
        if what := uploads.difference(photo.sha256):
            yield f"photo {photo.number} of item {item.id} ({photo.sha256}) {what}"
