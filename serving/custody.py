"""The log of a run: append-only, each line chained by SHA-256 to the one before.

A line is a JSON object whose last field is the hash of all bytes before it, which include the
hash of the previous line. Changing, removing, adding or moving a line breaks the chain. Who can
rewrite the whole log can make a new chain: keep the last hash, the seal, somewhere else.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from wreckid.datasets.errors import SetupError

LOG = "log.jsonl"
GENESIS = "0" * 64
"""What the first line names as the hash before it."""

Entry = dict[str, Any]
"""A line of the log: number, time (UTC), event, facts of the event, previous, hash."""
EVERY: Mapping[str, type] = {"number": int, "event": str, "previous": str}
"""What each line tells, and of what kind it is."""


class CustodyLog:
    """A log that is open for more lines.

    Attributes:
        first: its first line, if any.
        latest: the latest line of each event, by event.
        last: its last line, if any.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.first: Entry | None = None
        self.last: Entry | None = None
        self.latest: dict[str, Entry] = {}

    @classmethod
    def recover(cls, file: Path) -> tuple[Self, int]:
        """Open a log, new or cut short by a kill.

        Returns:
            The log, and how many bytes of a last line that never was whole were dropped.

        Raises:
            SetupError: a line before the last does not hold.
        """
        log, kept, size = cls(file), 0, file.stat().st_size if file.exists() else 0
        with file.open("ab+") as lines:
            lines.seek(0)
            for line in lines:
                entry = read_line(line)
                if entry is None or not log._follows(entry):
                    if next(lines, None) is not None:
                        raise SetupError(f"{file} was altered: `wreckid verify` names where.")
                    break
                log._note(entry)
                kept += len(line)
        truncate(file, kept)
        return log, size - kept

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return str(self.last["hash"]) if self.last else GENESIS

    def append(self, event: str, **facts: object) -> None:
        """Add a line and wait until the disk has it."""
        line = log_line(self._next, event, facts, self.head)
        append(self._file, line)
        self._note(json.loads(line))

    @property
    def _next(self) -> int:
        return int(self.last["number"]) + 1 if self.last else 0

    def _follows(self, entry: Entry) -> bool:
        return bool(entry["number"] == self._next and entry["previous"] == self.head)

    def _note(self, entry: Entry) -> None:
        self.first = self.first or entry
        self.last = self.latest[entry["event"]] = entry


def read_line(line: bytes) -> Entry | None:
    """A line of a log with its line break; None where it is not what was written."""
    body, mark, _ = line.rpartition(b', "hash": "')
    if not mark or line != _hashed(body):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and tells(entry, EVERY) else None


def tells(entry: Entry, facts: Mapping[str, Any]) -> bool:
    """Whether a line holds facts, by name, each of its kind."""
    return all(isinstance(entry.get(name, ...), kind) for name, kind in facts.items())


def log_line(number: int, event: str, facts: Mapping[str, object], previous: str) -> bytes:
    """A line of a log, as of now, with its line break."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = {"number": number, "time": time, "event": event, **facts, "previous": previous}
    return _hashed(to_json(entry)[:-1])


def breaks(
    lines: Iterable[bytes], read: Callable[[bytes], Entry | None] = read_line
) -> Iterator[str]:
    """What is wrong with the chain, a sentence for each broken link.

    Args:
        lines: of the log.
        read: reads a line; None where it is not what was written.
    """
    previous, expected = GENESIS, 0
    for position, line in enumerate(lines):
        entry = read(line)
        if entry is None:
            yield f"log line {position + 1} was changed"
            previous, expected = "", expected + 1
            continue
        number = int(entry["number"])
        if number > expected:
            yield f"log line {expected + 1} is missing" + (
                "" if number == expected + 1 else f", and all up to line {number}"
            )
        elif number < expected:
            yield f"log line {position + 1} was added or moved: it says that it is {number + 1}"
        elif previous and entry["previous"] != previous:
            yield f"log line {position + 1} does not follow the line before it"
        previous, expected = str(entry["hash"]), number + 1


def altered(file: Path, line: int) -> SetupError:
    """What is wrong with a file of a run that cannot be read from a line on, counted from 1."""
    return SetupError(f"{file} was altered in line {line}: bring it back from a copy of the run.")


def to_json(value: object) -> bytes:
    """A value as JSON; what is no Unicode in the name of a file becomes a JSON escape."""
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace")


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(file: Path) -> str:
    """SHA-256 of a file of any size, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_sha256(value: object) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode())


def append(file: Path, content: bytes) -> None:
    """Append to a file and wait until the disk has it."""
    with file.open("ab") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def truncate(file: Path, size: int) -> None:
    """Cut a file to a number of bytes."""
    with file.open("r+b") as stream:
        stream.truncate(size)
        os.fsync(stream.fileno())


def write_whole(file: Path, parts: Iterable[bytes], mode: int = 0o666) -> None:
    """Write a file and wait until the disk has it; after a kill it is whole, or as before.

    Args:
        file: what to write or to replace.
        parts: its content.
        mode: who may read and write it, less what the process masks.
    """
    draft = file.with_name(draft_name(file.name))
    draft.unlink(missing_ok=True)
    draft.touch(mode)
    with draft.open("wb") as stream:
        stream.writelines(parts)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    settle(file.parent)


def settle(folder: Path) -> None:
    """Wait until the disk has the names in a folder as well."""
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def draft_name(name: str) -> str:
    """What a file is called while it is written."""
    return f".{name}.draft"


def _hashed(body: bytes) -> bytes:
    return body + b', "hash": "' + sha256(body).encode() + b'"}\n'
