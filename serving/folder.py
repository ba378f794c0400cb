"""A folder of photos to results: one row an item, in an order that never changes."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Protocol

from wreckid.serving.intake import NamedBytes, label, read_photo
from wreckid.serving.result import Result

RESULTS_JSONL = "results.jsonl"
RESULTS_CSV = "results.csv"
RANKS = (1, 2, 3)
"""Candidates that the table holds."""
COLUMNS = (
    "item",
    "photos",
    "unreadable",
    "verdict_level",
    "verdict_id",
    "verdict_rule",
    "verdict_reason",
    *(f"{field}_{rank}" for rank in RANKS for field in ("candidate", "confidence")),
    "failures",
    "sha256",
    "model",
    "model_sha256",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


class Judge(Protocol):
    """What turns the photos of an item into a result."""

    def classify(self, photos: Sequence[NamedBytes]) -> Result:
        """Judge the photos of one item."""


@dataclass(frozen=True)
class Item:
    """One wreck in a folder.

    Attributes:
        name: the path of its photo or sub-folder below the folder.
        photos: its files, relative to the folder.
    """

    name: str
    photos: tuple[Path, ...]


@dataclass(frozen=True)
class Summary:
    """What became of a folder."""

    items: int = 0
    photos: int = 0
    unreadable: int = 0

    def plus(self, result: Result) -> "Summary":
        """This summary with one more item."""
        return Summary(
            self.items + 1,
            self.photos + len(result.photos),
            self.unreadable + _unreadable(result),
        )


def photo_items(folder: Path, leave_out: Path) -> tuple[Item, ...]:
    """Each file below a folder as an item of its own, but for hidden ones and those left out."""
    return tuple(Item(file.as_posix(), (file,)) for file in _files(folder, leave_out))


def folder_items(folder: Path, leave_out: Path) -> tuple[Item, ...]:
    """Each direct sub-folder as one item; a file beside them is an item of its own."""
    groups = groupby(_files(folder, leave_out), key=lambda file: file.parts[0])
    return tuple(Item(name, tuple(files)) for name, files in groups)


def classify_items(folder: Path, items: Iterable[Item], judge: Judge, out: Path) -> Summary:
    """Judge items one by one and write `results.jsonl` and `results.csv` as they come."""
    out.mkdir(parents=True, exist_ok=True)
    summary = Summary()
    with (
        (out / RESULTS_JSONL).open("w", encoding="utf-8") as lines,
        (out / RESULTS_CSV).open("w", encoding="utf-8", newline="") as table,
    ):
        rows = csv.writer(table)
        rows.writerow(COLUMNS)
        for item in items:
            result = judge.classify(_read(folder, item))
            lines.write(_line(item, result))
            rows.writerow([safe_cell(cell) for cell in _row(item, result)])
            summary = summary.plus(result)
    return summary


def safe_cell(value: str | int | float) -> str | int | float:
    """A cell that no spreadsheet runs as a formula (OWASP, CSV injection)."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _files(folder: Path, leave_out: Path) -> list[Path]:
    """Every file below a folder, relative to it, sorted; hidden names stay out."""
    return sorted(_walk(folder, leave_out.resolve()), key=lambda file: file.parts)


def _walk(folder: Path, leave_out: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        below = Path(place)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and (below / name).resolve() != leave_out
        ]
        yield from (
            (below / name).relative_to(folder) for name in files if not name.startswith(".")
        )


def _read(folder: Path, item: Item) -> list[NamedBytes]:
    return [read_photo(folder / photo, photo.as_posix()) for photo in item.photos]


def _line(item: Item, result: Result) -> str:
    row = {"item": label(item.name), **result.model_dump(mode="json")}
    return json.dumps(row, ensure_ascii=False) + "\n"


def _row(item: Item, result: Result) -> list[str | int | float]:
    leaders: list[str | int | float] = []
    for rank in RANKS:
        found = result.candidates[rank - 1 : rank]
        leaders += [found[0].type, round(found[0].confidence, 4)] if found else ["", ""]
    return [
        label(item.name),
        len(result.photos),
        _unreadable(result),
        result.verdict.level,
        result.verdict.id or "",
        result.verdict.rule,
        result.verdict.reason,
        *leaders,
        " | ".join(
            f"{photo.name}: {photo.failure.message}" for photo in result.photos if photo.failure
        ),
        " ".join(photo.sha256 or "" for photo in result.photos),
        f"{result.model.name} {result.model.version}",
        result.model.sha256,
    ]


def _unreadable(result: Result) -> int:
    return sum(photo.failure is not None for photo in result.photos)
