"""Items: each change checked, written and logged in one transaction."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from wreckid.datasets.errors import SetupError
from wreckid.model.evidence import Evidence
from wreckid.serving.result import Result
from wreckid.serving.store import item as events
from wreckid.serving.store import ledger
from wreckid.serving.store.database import Database
from wreckid.serving.store.item import Author, Item, KeptPhoto, Statement, fold
from wreckid.serving.store.tables import items, photos, pictures
from wreckid.serving.store.uploads import KeptPhotos, Uploads
from wreckid.serving.store.views import ItemLine

MOST_PHOTOS = 64
"""Photos that an item may have."""
ID_DIGITS = 16
NUL = "\0"
"""Stands in no id, and PostgreSQL cannot even be asked for it."""
RETENTION = Author("retention")
"""Who deletes what is due."""


class NoItemError(Exception):
    """There is no such item, or no longer."""


class ConflictError(Exception):
    """The change does not fit what the item is by now; the sentence says why."""


@dataclass(frozen=True)
class Upload:
    """A photo that is kept already, to be added to an item; pages count from 1."""

    name: str
    sha256: str
    size: int
    page: int | None = None


@dataclass(frozen=True)
class Picture:
    """What pages show of a photo, WebP."""

    picture: bytes
    map: bytes


Change = Callable[[Item], Mapping[str, Any]]
"""What is to happen to an item as it is now: the body of an event."""


class Items:
    """The items of a store; may be shared by threads and replicas."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """Open a store, or make one.

        Args:
            folder: of the uploads, and of the database unless it is elsewhere.
            url: of another database.

        Raises:
            SetupError: it cannot be opened.
        """
        try:
            self.uploads = Uploads(folder)
        except OSError as error:
            raise SetupError(f"{folder} cannot be written to: choose another store.") from error
        self.database = Database(folder, url)

    def create(
        self, author: Author, name: str, blind: bool, delete_after: date | None = None
    ) -> Item:
        """A new item; the same one for a repeated request."""
        once = author.once(events.CREATED)
        item_id = (once or secrets.token_hex())[:ID_DIGITS]
        body = {"name": name, "blind": blind, "delete_after": _day(delete_after)}
        with self.database.writing() as connection:
            if once and ledger.events(connection, item_id):
                return _present(connection, item_id)
            number = ledger.append(connection, {"item": item_id}, events.CREATED, author.name, body)
            item = fold(item_id, ledger.events(connection, item_id))
            connection.execute(insert(items).values(opened=number, **line_of(item)))
        return item

    def get(self, item_id: str) -> Item:
        """An item as it is.

        Raises:
            NoItemError: it never was, or was deleted.
        """
        with self.database.reading() as connection:
            return _present(connection, item_id)

    def page(self, limit: int, before: int | None = None) -> tuple[list[ItemLine], int | None]:
        """Items, the newest first, and where the next page begins."""
        wanted = select(items).where(items.c.state != "deleted").order_by(items.c.opened.desc())
        if before is not None:
            wanted = wanted.where(items.c.opened < before)
        with self.database.reading() as connection:
            found = connection.execute(wanted.limit(limit + 1)).all()
        shown = [ItemLine(**_without(row, "opened", "blind")) for row in found[:limit]]
        return shown, found[limit - 1].opened if len(found) > limit else None

    def add_photos(self, author: Author, item_id: str, added: Sequence[Upload]) -> Item:
        """Add photos that are kept already.

        Raises:
            NoItemError: there is no such item.
            ConflictError: it would have too many photos, or one was deleted meanwhile.
        """

        def change(item: Item) -> Mapping[str, Any]:
            if len(item.photos) + len(added) > MOST_PHOTOS:
                raise ConflictError(f"An item may have {MOST_PHOTOS} photos: make another item.")
            if not all(self.uploads.holds(one.sha256) for one in added):
                raise ConflictError("A photo was deleted meanwhile: send the photos again.")
            numbered = enumerate(added, len(item.photos) + 1)
            return {"photos": [_kept(number, one) for number, one in numbered]}

        return self._change(author, item_id, events.PHOTOS, change)

    def give_evidence(
        self, author: Author, item_id: str, evidence: Evidence, version: int | None = None
    ) -> Item:
        """Replace the evidence.

        Args:
            author: gives it.
            item_id: of which item.
            evidence: all of it.
            version: of the item that it was meant for; any if None.

        Raises:
            NoItemError: there is no such item.
            ConflictError: the evidence was changed since that version.
            EvidenceError: a box is on a photo that is not there.
        """

        def change(item: Item) -> Mapping[str, Any]:
            if version is not None and item.due > version:
                raise ConflictError("The item was changed meanwhile: look at it, and try again.")
            evidence.refuse_boxes_beyond(len(item.photos))
            return {"evidence": evidence.model_dump(mode="json")}

        return self._change(author, item_id, events.EVIDENCE, change)

    def judged(
        self, author: Author, item: Item, result: Result, shown: Mapping[int, Picture] | None
    ) -> Item:
        """Note the result for an item as it was; one that changed since keeps its last one.

        Args:
            author: had it judged.
            item: what was judged.
            result: what came of it.
            shown: pictures by the number of the photo; None to leave them as they are.
        """
        body = {"of": item.due, "result": result.model_dump(mode="json")}
        with self.database.writing() as connection:
            now = _present(connection, item.id)
            if now.due != item.due:
                return now
            if shown is not None:
                _show(connection, item.id, shown)
            return _write(connection, author, item.id, events.JUDGED, body)

    def answer(self, author: Author, item_id: str, statement: Statement) -> Item:
        """Note what someone says before they see what the model says.

        Raises:
            NoItemError: there is no such item.
            ConflictError: they may have seen it already.
        """

        def change(item: Item) -> Mapping[str, Any]:
            if not item.withheld_from(author.name):
                raise ConflictError("The model's answer was open to you already: decide instead.")
            return {"statement": statement.model_dump()}

        return self._change(author, item_id, events.ANSWERED, change)

    def decide(self, author: Author, item_id: str, statement: Statement) -> Item:
        """Note what is decided, and why; the last decision stands.

        Raises:
            NoItemError: there is no such item.
            ConflictError: they are to answer first.
        """

        def change(item: Item) -> Mapping[str, Any]:
            if item.withheld_from(author.name):
                raise ConflictError("This item is worked on blind: give your own answer first.")
            return {"statement": statement.model_dump()}

        return self._change(author, item_id, events.DECIDED, change)

    def retain(self, author: Author, item_id: str, delete_after: date | None) -> Item:
        """Say until when an item is kept; None for as long as nobody deletes it.

        Raises:
            NoItemError: there is no such item.
        """
        body = {"delete_after": _day(delete_after)}
        return self._change(author, item_id, events.RETENTION, lambda item: body)

    def delete(self, author: Author, item_id: str, reason: str) -> None:
        """Delete an item: its words, results and originals go, the lines of the log stay.

        Raises:
            NoItemError: there is no such item.
        """
        with self.database.writing() as connection:
            item = _present(connection, item_id)
            _erase(connection, author, item, reason)
        self.database.purge()
        self._drop(item)

    def delete_due(self, today: date | None = None) -> int:
        """Delete the items that are kept until a day before today; how many."""
        today = today or datetime.now(UTC).date()
        wanted = select(items.c.id).where(items.c.delete_after < today)
        with self.database.reading() as connection:
            due = connection.execute(wanted).scalars().all()
        deleted = [item_id for item_id in due if self._delete_if_due(item_id, today)]
        self.database.purge()
        return len(deleted)

    def history(self, item_id: str) -> list[events.Event]:
        """All that happened to an item, also to one that was deleted.

        Raises:
            NoItemError: it never was.
        """
        with self.database.reading() as connection:
            return _events(connection, item_id)

    def lines(self, item_id: str) -> list[bytes]:
        """The lines of the log that tell of an item."""
        with self.database.reading() as connection:
            return list(ledger.lines(connection, item_id))

    def picture(self, item_id: str, number: int) -> Picture | None:
        """What pages show of a photo, once it was judged."""
        if NUL in item_id:
            return None
        wanted = select(pictures).where(pictures.c.item == item_id, pictures.c.number == number)
        with self.database.reading() as connection:
            found = connection.execute(wanted).one_or_none()
        return None if found is None else Picture(found.picture, found.map)

    def pictured(self, item_id: str) -> set[int]:
        """The numbers of the photos that there are pictures of."""
        with self.database.reading() as connection:
            wanted = select(pictures.c.number).where(pictures.c.item == item_id)
            return set(connection.execute(wanted).scalars())

    def originals(self, item: Item) -> KeptPhotos:
        """The photos of an item."""
        kept = [(photo.name, photo.sha256, photo.place) for photo in item.photos]
        return KeptPhotos(self.uploads, kept)

    def close(self) -> None:
        """Give back what is held."""
        self.database.close()

    def _change(self, author: Author, item_id: str, event: str, change: Change) -> Item:
        """Change an item, unless this is a request that it has seen."""
        once = author.once(event)
        with self.database.writing() as connection:
            item = _present(connection, item_id)
            if once in item.requests:
                return item
            body = {**change(item), **({"once": once} if once else {})}
            return _write(connection, author, item_id, event, body)

    def _delete_if_due(self, item_id: str, today: date) -> bool:
        """Whether an item was still due, and deleted; it may have changed since it was found."""
        try:
            with self.database.writing() as connection:
                item = _present(connection, item_id)
                if item.delete_after is None or item.delete_after >= today:
                    return False
                _erase(connection, RETENTION, item, "It was to be kept no longer.")
        except NoItemError:
            return False
        self._drop(item)
        return True

    def _drop(self, item: Item) -> None:
        """Delete uploads that no item has; under the lock, so that none is added meanwhile."""
        with self.database.writing() as connection:
            for hash_ in {photo.sha256 for photo in item.photos}:
                if not connection.execute(
                    select(exists().where(photos.c.sha256 == hash_))
                ).scalar():
                    self.uploads.drop(hash_)


def line_of(item: Item) -> dict[str, Any]:
    """What the table of items says of one."""
    return {
        "id": item.id,
        "version": item.version,
        "name": item.name,
        "blind": item.blind,
        "state": item.state,
        "photos": len(item.photos),
        "delete_after": item.delete_after,
    }


def _write(
    connection: Connection, author: Author, item_id: str, event: str, body: Mapping[str, Any]
) -> Item:
    """Log a change, and bring the tables to what follows from it."""
    ledger.append(connection, {"item": item_id}, event, author.name, body)
    item = fold(item_id, ledger.events(connection, item_id))
    connection.execute(update(items).where(items.c.id == item_id).values(line_of(item)))
    if event == events.PHOTOS:
        added = item.photos[-len(body["photos"]) :]
        rows = [{"item": item_id, "number": one.number, "sha256": one.sha256} for one in added]
        connection.execute(insert(photos), rows)
    return item


def _erase(connection: Connection, author: Author, item: Item, reason: str) -> None:
    """Log that an item is deleted, and delete all that the tables hold of it."""
    ledger.forget(connection, item.id)
    for table in (pictures, photos):
        connection.execute(delete(table).where(table.c.item == item.id))
    body = {"reason": reason, "photos": len(item.photos)}
    _write(connection, author, item.id, events.DELETED, body)


def _present(connection: Connection, item_id: str) -> Item:
    item = fold(item_id, _events(connection, item_id))
    if item.state == "deleted":
        raise NoItemError
    return item


def _events(connection: Connection, item_id: str) -> list[events.Event]:
    found = [] if NUL in item_id else ledger.events(connection, item_id)
    if not found:
        raise NoItemError
    return found


def _show(connection: Connection, item_id: str, shown: Mapping[int, Picture]) -> None:
    connection.execute(delete(pictures).where(pictures.c.item == item_id))
    for number, one in shown.items():
        connection.execute(
            insert(pictures).values(item=item_id, number=number, picture=one.picture, map=one.map)
        )


def _kept(number: int, upload: Upload) -> dict[str, Any]:
    photo = KeptPhoto(
        number=number,
        name=upload.name,
        sha256=upload.sha256,
        bytes=upload.size,
        page=upload.page,
    )
    return photo.model_dump(exclude_none=True)


def _without(row: Row[Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in names}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
