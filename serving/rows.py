"""A result as a line of JSON and as a row of a table."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.serving.custody import altered, to_json
from wreckid.serving.result import Candidate, Result

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
    "uav_probability",
    *(f"{field}_{rank}" for rank in RANKS for field in ("candidate", "confidence")),
    "photos_alone",
    "photos_alone_confidence",
    "failures",
    "evidence",
    "measurements",
    "sha256",
    "model",
    "model_sha256",
    "configuration_sha256",
    "code_version",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV injection)."""
SPREADSHEET_MARK = "\ufeff"
"""Tells spreadsheets that a table is in UTF-8."""

Cell = str | int | float


class Row(Result):
    """The result of one item of a run, with what it was made by."""

    item: str
    measurements: Mapping[str, str] = Field(description="As the table of items states them.")
    configuration_sha256: str = Field(description="Of the configuration in the run's log.")
    code_version: str

    @property
    def unreadable(self) -> int:
        """How many of its photos could not be read."""
        return sum(photo.failure is not None for photo in self.photos)


@dataclass
class Counts:
    """What became of a run so far."""

    items: int = 0
    photos: int = 0
    unreadable: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of_json(cls, counts: Mapping[str, Any]) -> Self:
        """The counts that `as_json` gave."""
        return cls(**{**counts, "verdicts": Counter(counts["verdicts"])})

    def add(self, row: Row) -> None:
        """Count one more item."""
        self.items += 1
        self.photos += len(row.photos)
        self.unreadable += row.unreadable
        self.verdicts[row.verdict.level] += 1

    def as_json(self) -> dict[str, object]:
        """The counts by name."""
        return {**vars(self), "verdicts": dict(self.verdicts)}


def row_line(row: Row) -> bytes:
    """A row as a line of JSON, its item first."""
    fields = {"item": row.item, **row.model_dump(mode="json", exclude={"item"})}
    return to_json(fields) + b"\n"


def read_rows(file: Path) -> Iterator[Row]:
    """The rows of `results.jsonl`, one by one.

    Raises:
        SetupError: a line is no row.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = Row.model_validate_json(line)
            except ValidationError as error:
                raise altered(file, number) from error
            yield row


def schema() -> bytes:
    """The JSON Schema of a line of `results.jsonl`."""
    return json.dumps(Row.model_json_schema(mode="serialization"), indent=1).encode() + b"\n"


def table_header() -> bytes:
    """The first line of a table in CSV that opens right in spreadsheets."""
    return SPREADSHEET_MARK.encode() + _csv_line(COLUMNS)


def table_line(row: Row) -> bytes:
    """A row as a line of CSV."""
    return _csv_line([safe_cell(cell) for cell in _cells(row)])


def safe_cell(value: Cell) -> Cell:
    """A cell that no spreadsheet runs as a formula."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def _csv_line(cells: Iterable[Cell]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _cells(row: Row) -> list[Cell]:
    return [
        row.item,
        len(row.photos),
        row.unreadable,
        row.verdict.level,
        row.verdict.id or "",
        row.verdict.rule,
        row.verdict.reason,
        "" if row.probabilities is None else round(1 - row.probabilities[NOT_A_UAV], 4),
        *(cell for rank in RANKS for cell in _leader(row.candidates, rank)),
        *_leader(row.image_candidates, 1),
        " | ".join(
            f"{photo.name}: {photo.failure.message}" for photo in row.photos if photo.failure
        ),
        _json(row.evidence.model_dump(mode="json", exclude_defaults=True)),
        _json(row.measurements),
        " ".join(photo.sha256 or "" for photo in row.photos),
        f"{row.model.name} {row.model.version}",
        row.model.sha256,
        row.configuration_sha256,
        row.code_version,
    ]


def _json(known: Mapping[str, Any]) -> str:
    return json.dumps(known, ensure_ascii=False) if known else ""


def _leader(candidates: Sequence[Candidate], rank: int) -> tuple[Cell, Cell]:
    """The candidate of a rank with its confidence; empty where there is none."""
    found = candidates[rank - 1 : rank]
    return (found[0].type, round(found[0].confidence, 4)) if found else ("", "")
