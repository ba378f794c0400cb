"""The log of a store: appended in the transaction of the change that it tells of."""

import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from wreckid.serving.custody import GENESIS, Entry, log_line, read_line, sha256, to_json
from wreckid.serving.store.item import Event
from wreckid.serving.store.tables import bodies, log

NO_ITEM = ""
"""Stands in the place of the item in lines that tell of none."""


def append(
    connection: Connection, about: Mapping[str, str], event: str, who: str, body: Mapping[str, Any]
) -> int:
    """Add a line that vouches for a body by its hash.

    A salt keeps a hash from telling anything of a body that was deleted.

    Args:
        connection: of the transaction that makes the change.
        about: the id of the `item` or of the `job` that it happens to.
        event: what happens.
        who: makes it happen.
        body: all that is told of it.

    Returns:
        The number of the line.
    """
    text = to_json({**body, "salt": secrets.token_hex(16)})
    number, previous = _end(connection)
    facts = {**about, "who": who, "body_sha256": sha256(text)}
    line = log_line(number, event, facts, previous)
    item = about.get("item", NO_ITEM)
    connection.execute(insert(log).values(number=number, item=item, line=line.decode()))
    connection.execute(insert(bodies).values(number=number, body=text.decode()))
    return number


def entries(connection: Connection, item: str) -> list[tuple[Entry, str | None]]:
    """The lines that tell of an item, each with its body as it is kept, None for one deleted."""
    found = connection.execute(
        select(log.c.line, bodies.c.body)
        .join_from(log, bodies, log.c.number == bodies.c.number, isouter=True)
        .where(log.c.item == item)
        .order_by(log.c.number)
    )
    return [(json.loads(line), body) for line, body in found]


def events(connection: Connection, item: str) -> list[Event]:
    """The history of an item; empty for one that never was."""
    return [_event(entry, body) for entry, body in entries(connection, item)]


def lines(connection: Connection, item: str | None = None) -> Iterator[bytes]:
    """The lines of the log, or those of one item."""
    wanted = select(log.c.line).order_by(log.c.number)
    if item is not None:
        wanted = wanted.where(log.c.item == item)
    return (line.encode() for line in connection.execute(wanted).scalars())


def head(connection: Connection) -> str:
    """The hash of the last line, to be noted elsewhere."""
    return _end(connection)[1]


def forget(connection: Connection, item: str) -> None:
    """Delete the bodies of an item; the lines stay."""
    numbers = select(log.c.number).where(log.c.item == item)
    connection.execute(delete(bodies).where(bodies.c.number.in_(numbers)))


def _end(connection: Connection) -> tuple[int, str]:
    """The number of the next line, and the hash of the last."""
    last = connection.execute(select(log.c.line).order_by(log.c.number.desc()).limit(1)).scalar()
    entry = None if last is None else read_line(last.encode())
    return (0, GENESIS) if entry is None else (entry["number"] + 1, entry["hash"])


def _event(entry: Mapping[str, Any], body: str | None) -> Event:
    return Event(
        number=entry["number"],
        time=datetime.fromisoformat(entry["time"]),
        name=entry["event"],
        who=entry["who"],
        body=None if body is None else json.loads(body),
    )
