"""A set of labelled photos as it lies in its folder: photos, and a table of what is known of them.

`index.csv` is the manifest: a spreadsheet opens it, and labels may be put right there.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal, get_args

from wreckid.datasets.errors import SetupError

INDEX = "index.csv"
PICTURES = "photos"

Side = Literal["train", "calibration", "test"]
SIDES: tuple[Side, ...] = get_args(Side)
"""What a set is split into, each a folder with an index of its own."""


class PhotosError(SetupError):
    """The photos cannot be used as they stand; the message says what to do."""


@dataclass(frozen=True)
class PhotoRow:
    """A labelled photo.

    Attributes:
        file: its path, relative to the index.
        label: a type of the catalogue, or `not-a-uav`.
        condition: what state the wreck is in, to report by; may be empty.
        incident: where and when; photos of one incident are never parted.
        source: who took or published it; photos of one source are never parted.
        licence: under which it may be used.
        notes: anything else.
        received: its name as received.
        sha256: of its bytes as received.
        looks: its PDQ hash in hexadecimal; empty for one too plain to tell.
    """

    file: str
    label: str
    condition: str
    incident: str
    source: str
    licence: str
    notes: str
    received: str
    sha256: str
    looks: str


COLUMNS = tuple(field.name for field in fields(PhotoRow))


def write_index(place: Path, rows: Iterable[PhotoRow]) -> None:
    """Write the table of a set."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / INDEX).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_index(place: Path) -> tuple[PhotoRow, ...]:
    """Read the table of a set.

    Raises:
        PhotosError: the folder is no imported set, or its table lacks something.
    """
    table = place / INDEX
    if not table.is_file():
        raise PhotosError(f"{place} is no set of photos: make one with wreckid photos import.")
    rows = read_table(table)
    missing = [name for name in COLUMNS if name not in rows[0]]
    if missing:
        raise PhotosError(f"{table} lacks {', '.join(missing)}: import the photos again.")
    refuse_gaps(table, rows, ("file", "label", "incident", "source"))
    return tuple(PhotoRow(**{name: row[name] for name in COLUMNS}) for row in rows)


def read_sides(place: Path) -> dict[Side, tuple[PhotoRow, ...]]:
    """The sides of a set that was split; empty for one that was not.

    Raises:
        PhotosError: the table of a side lacks something.
    """
    return {side: read_index(place / side) for side in SIDES if (place / side / INDEX).is_file()}


def read_table(table: Path) -> list[dict[str, str]]:
    """The rows of a CSV file in UTF-8, each by its columns, spaces around cells cut off.

    Raises:
        PhotosError: it cannot be read, is empty, or has a row with too many cells.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, restval="", strict=True))
    except (OSError, ValueError, csv.Error) as error:
        raise PhotosError(f"{table} cannot be read ({error}): save it as CSV in UTF-8.") from error
    for number, row in enumerate(rows, start=2):
        if None in row:
            raise PhotosError(f"{table}, row {number} has more cells than there are columns.")
    if not rows:
        raise PhotosError(f"{table} holds no photos.")
    return [{name.strip(): cell.strip() for name, cell in row.items()} for row in rows]


def refuse_gaps(table: Path, rows: Iterable[Mapping[str, str]], needed: Sequence[str]) -> None:
    """See that each row of a table tells all that is needed.

    Raises:
        PhotosError: a row does not.
    """
    for number, row in enumerate(rows, start=2):
        empty = [name for name in needed if not row.get(name)]
        if empty:
            raise PhotosError(f"{table}, row {number} lacks {', '.join(empty)}: fill it in.")
