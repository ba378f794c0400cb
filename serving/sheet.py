"""A table of items (.csv): which photo belongs to which item, and what is known of it.

A row is a photo. Its columns are `photo`, `item`, those of the evidence, named as the options of
the command line or the fields of the API are, and any others, which are passed through as they
stand.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from wreckid.datasets.errors import SetupError
from wreckid.model.evidence import Evidence, EvidenceError, read_evidence
from wreckid.serving.item import Item
from wreckid.serving.source import Place, Reader
from wreckid.serving.weigher import prior_of

PHOTO, ITEM = "photo", "item"
"""The columns that a table must have."""
NAMED = {"length": "lengths", "box": "boxes"}
"""Columns that hold one of what a field of the evidence holds several of."""
EVIDENCE: Mapping[str, str] = NAMED | {
    name.replace("_", "-"): name for name in Evidence.model_fields if name not in NAMED.values()
}
"""The field of the evidence that each column tells."""
ALSO = {field: column for column, field in NAMED.items()} | {"color": "colour"}
"""The column that is meant by another name."""
MANY = ("lengths", "text", "part")
"""Fields of which a cell may hold several, and rows may add some."""
SEPARATOR = ";"
EDGES = ("left", "top", "right", "bottom")


class Cell(NamedTuple):
    """A cell that is not empty, and where it stands."""

    table: Path
    line: int
    column: str
    value: str

    def refused(self, why: str) -> SetupError:
        """The error that names the cell."""
        return SetupError(f"{self.table}, line {self.line}, column {self.column}: {why}")


@dataclass
class _Draft:
    """An item as far as the table was read."""

    line: int
    reader: Reader
    photos: list[Place] = field(default_factory=list)
    measurements: dict[str, str] = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)

    def add(self, photo: str, cells: Iterator[Cell]) -> None:
        """Add a row."""
        first = len(self.photos) + 1
        self.photos += self.reader.by_page([Place(photo, photo)])
        for cell in cells:
            name = EVIDENCE.get(cell.column)
            if name is None:
                _set_once(self.measurements, cell.column, cell.value, cell)
            elif name == "boxes":
                self.given.setdefault(name, []).extend(_checked(cell, name, [_box(cell, first)]))
            elif name in MANY:
                self._add_new(name, _checked(cell, name, _parts(cell.value)))
            else:
                _set_once(self.given, name, _checked(cell, name, cell.value), cell)

    def _add_new(self, name: str, values: list[str]) -> None:
        known = self.given.setdefault(name, [])
        known += [value for value in values if value not in known]


def read_table(table: Path) -> tuple[Item, ...]:
    """The items of a table, in the order of their first rows.

    Raises:
        SetupError: the table cannot be read, says too little, or a value is wrong; the sentence
            names the line and the column.
    """
    drafts, reader = dict[str, _Draft](), Reader(table.parent)
    for line, row in _rows(table):
        name, photo = row.pop(ITEM, ""), row.pop(PHOTO, "")
        if not name or not photo or None in row:
            raise SetupError(f"{table}, line {line}: needs a {PHOTO} and an {ITEM}, no more cells.")
        cells = (Cell(table, line, column, value) for column, value in row.items() if value)
        drafts.setdefault(name, _Draft(line, reader)).add(photo, cells)
    return tuple(_item(table, name, draft) for name, draft in drafts.items())


def _item(table: Path, name: str, draft: _Draft) -> Item:
    try:
        evidence = read_evidence(draft.given)
    except EvidenceError as error:
        raise SetupError(f"{table}, line {draft.line}, {ITEM} {name}: {error}") from error
    return Item(name, tuple(draft.photos), draft.measurements, evidence)


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the number of its line; columns of evidence under their own names."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, restval="", strict=True)
            rows.fieldnames = _columns(table, rows.fieldnames or ())
            for row in rows:
                yield rows.line_num, row
    except (OSError, ValueError, csv.Error) as error:
        raise SetupError(f"{table} cannot be read as a table in UTF-8 ({error}).") from error


def _columns(table: Path, heads: Iterator[str] | Any) -> list[str]:
    names = [_column(head) for head in heads]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SetupError(f"{table}, line 1: there are two columns {twice}: keep one.")
    return names


def _column(head: str) -> str:
    """The column that a head means, with spaces, `_` or `-` between words; others as they stand."""
    plain = re.sub(r"[\s_-]+", "-", head.strip().lower())
    name = ALSO.get(plain, plain)
    return name if name in {PHOTO, ITEM, *EVIDENCE} else head


def _box(cell: Cell, photo: int) -> dict[str, Any]:
    """A box by its edges, in the photo of the row, on the first of its pages."""
    edges = cell.value.split(",")
    if len(edges) != len(EDGES):
        raise cell.refused(f"“{cell.value}” is not LEFT,TOP,RIGHT,BOTTOM, such as 10,20,300,400.")
    return {"photo": photo, **dict(zip(EDGES, edges, strict=True))}


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(SEPARATOR) if part.strip()]


def _checked(cell: Cell, name: str, value: Any) -> Any:
    """A value that the evidence may hold."""
    try:
        prior_of(read_evidence({name: value}))
    except EvidenceError as error:
        raise cell.refused(str(error).partition(": ")[2]) from error
    return value


def _set_once(known: dict[str, Any], name: str, value: Any, cell: Cell) -> None:
    if known.setdefault(name, value) != value:
        raise cell.refused(f"the same item has “{known[name]}” on an earlier line: keep one.")
