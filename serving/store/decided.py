"""What people decided on items, as a table of labelled photos that `photos import` takes."""

import csv
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.datasets.errors import SetupError, refuse_unless_empty
from wreckid.serving.store.export import archive_names, files_of, lost
from wreckid.serving.store.item import Item, Said
from wreckid.serving.store.items import Items
from wreckid.serving.store.uploads import Uploads

TABLE = "decisions.csv"


@dataclass(frozen=True)
class DecidedPhoto:
    """A photo of a decided item, by the columns of the table.

    Attributes:
        photo: its copy, relative to the table.
        type: what the decision says it shows.
        incident: the item.
        source: the item as well, since a store does not know who took a photo.
        notes: who decided when and why, and what the photos alone had said.
    """

    photo: str
    type: str
    incident: str
    source: str
    notes: str


@dataclass(frozen=True)
class Handed:
    """What came of handing decisions on.

    Attributes:
        photos: in the table.
        items: that they belong to.
        doubted: items of which the photos alone had said something else; they come first.
        vague: decided items that name no type, which are left out as those without photos are.
    """

    photos: int
    items: int
    doubted: int
    vague: int


def hand_on(items: Items, out: Path) -> Handed:
    """Copy the photos of decided items and write their table, the least believed first.

    Raises:
        SetupError: the folder is not empty, nothing with a photo is decided, or an original is
            lost.
    """
    refuse_unless_empty(out)
    decided = [(item, said) for item in _all(items) if item.photos and (said := item.decision)]
    named = sorted((one for one in decided if _label(one[1])), key=lambda one: _believed(*one))
    if not named:
        raise SetupError(
            "No item of the store has photos and a decision that names a type or not-a-uav."
        )
    _refuse_losses([item for item, _ in named], items.uploads)
    rows = [row for item, said in named for row in _rows(item, said, items, out)]
    with (out / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(asdict(rows[0])))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    doubted = sum(_leader(_seen(item)) != _label(said) for item, said in named)
    return Handed(len(rows), len(named), doubted, len(decided) - len(named))


def _all(items: Items) -> Iterator[Item]:
    before: int | None = None
    while True:
        lines, before = items.page(100, before)
        yield from (items.get(line.id) for line in lines)
        if before is None:
            return


def _refuse_losses(decided: Sequence[Item], uploads: Uploads) -> None:
    """See that each original is there, before the first is copied.

    Raises:
        SetupError: one is not.
    """
    for item in decided:
        for photo in lost(item.photos, uploads):
            raise SetupError(
                f"{photo.label} of item {item.id} is lost: bring the uploads back from a copy"
                " of the store; `wreckid verify` names all that it lost."
            )


def _label(said: Said) -> str | None:
    """The class that a decision names, if it names one."""
    if said.statement.level == NOT_A_UAV:
        return NOT_A_UAV
    return said.statement.id if said.statement.level == "type" else None


def _seen(item: Item) -> Mapping[str, float]:
    """What the photos alone said; empty where none could be judged."""
    return (item.result and item.result.image_probabilities) or {}


def _leader(seen: Mapping[str, float]) -> str | None:
    return max(seen, key=seen.__getitem__) if seen else None


def _believed(item: Item, said: Said) -> float:
    """The probability of what was decided, from the photos alone."""
    return _seen(item).get(_label(said) or "", 0.0)


def _rows(item: Item, said: Said, items: Items, out: Path) -> Iterator[DecidedPhoto]:
    photos = files_of(item.photos)
    for name, photo in zip(_names(item, archive_names(photos)), photos, strict=True):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(items.uploads.place(photo.sha256), out / name)
        incident = f"{item.name} ({item.id})"
        yield DecidedPhoto(name, str(_label(said)), incident, incident, _notes(item, said))


def _names(item: Item, names: Iterator[str]) -> Sequence[str]:
    return [f"{item.id}/{Path(name).name}" for name in names]


def _notes(item: Item, said: Said) -> str:
    seen = _seen(item)
    leader = _leader(seen)
    this = _believed(item, said)
    model = f"{leader} {seen[leader]:.0%}, this {this:.0%}" if leader else "nothing"
    return f"{said.who}, {said.time.date()}: {said.statement.reason} | photos alone: {model}"
