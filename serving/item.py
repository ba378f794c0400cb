"""One wreck of a run: its photos and what is known of it, in memory and as a line of the plan."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wreckid.model.evidence import NOTHING, Evidence
from wreckid.serving.custody import altered, to_json
from wreckid.serving.source import Place


@dataclass(frozen=True)
class Item:
    """One wreck.

    Attributes:
        name: the path of its photo or sub-folder, or its name in a table.
        photos: where its photos lie.
        measurements: what else a table says of it, by column, as it stands there.
        evidence: what was measured or seen, by the table.
    """

    name: str
    photos: tuple[Place, ...]
    measurements: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence = NOTHING


def plan_lines(items: Iterable[Item]) -> Iterator[bytes]:
    """A plan as JSON Lines; names of any bytes survive."""
    return (to_json(_fields(item)) + b"\n" for item in items)


def read_plan(file: Path) -> Iterator[Item]:
    """The items of a written plan, one by one.

    Raises:
        SetupError: a line is no item.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                item = _read(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise altered(file, number) from error
            yield item


def _read(fields: dict[str, Any]) -> Item:
    photos = tuple(Place(**place) for place in fields["photos"])
    evidence = Evidence.model_validate(fields["evidence"]) if fields["evidence"] else NOTHING
    return Item(fields["name"], photos, fields["measurements"], evidence)


def _fields(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "photos": [vars(place) for place in item.photos],
        "measurements": dict(item.measurements),
        "evidence": item.evidence.model_dump(mode="json", exclude_defaults=True),
    }
