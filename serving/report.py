"""A run as pages for people: one front page, and parts where there are many items.

Every page stands alone: its style and its script are inside, it loads nothing, and it can be
read on paper and without the script.
"""

import hashlib
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markupsafe import Markup

from wreckid.model.verdict import Level, Verdict
from wreckid.serving.classifier import Classifier
from wreckid.serving.custody import Entry, write_whole
from wreckid.serving.duplicates import alike, same
from wreckid.serving.intake import label
from wreckid.serving.result import LEAST_MOVED, PhotoRecord
from wreckid.serving.rows import Counts
from wreckid.serving.sight import with_margin
from wreckid.serving.templates import templates
from wreckid.serving.words import NOTHING_MOVED, headline

FRONT = "report.html"
PARTS = "report"
"""The folder of the parts."""
PART = 100
"""Items on a page; a run of no more has the front page only."""
MOST_LINES = 10_000
"""Longest table on the front page; the parts of a longer run have tables of their own."""
MOST_LISTED = 500
"""Most groups of duplicates and most failures that are listed."""

LEVELS: dict[Level, str] = {
    "type": "Point to a type",
    "family": "Point to a family",
    "uav": "A UAV, type unknown",
    "not-a-uav": "Probably not a UAV",
    "insufficient": "Cannot be told",
}

TEMPLATES = Path(__file__).with_name("pages") / "report"

Object = dict[str, Any]


@dataclass(frozen=True)
class Contents:
    """What a report is made from.

    Attributes:
        counts: what became of the items.
        rows: JSON Lines, the results.
        pictures: JSON Lines, what is shown of each item.
        cameras: JSON Lines, what photos say of their cameras; None to leave that out.
        opened: the first line of the run's log.
        classifier: what judged.
    """

    counts: Counts
    rows: Path
    pictures: Path
    cameras: Path | None
    opened: Entry
    classifier: Classifier

    @property
    def parted(self) -> bool:
        """Whether the items have pages of their own."""
        return int(self.opened["planned"]["items"]) > PART


class Shown(NamedTuple):
    """One item as a page shows it; its row as it was written, which is quicker than its model."""

    number: int
    row: Object
    pictures: Sequence[Object]
    cameras: Sequence[Object]


class Line(NamedTuple):
    """One item in a table."""

    number: int
    item: str
    level: str
    headline: str
    leader: str
    confidence: float
    photos: int
    unreadable: int
    href: str


class Witness(NamedTuple):
    """One photo among those that may be the same."""

    item: str
    photo: str
    bytes: str
    looks: str


@dataclass
class Overview:
    """What the front page says of all items.

    Attributes:
        lines: the first items, no more than fit into a table.
        failed: item, photo and sentence of the first failures.
        failures: how many photos failed, by reason.
        witnesses: all photos.
    """

    lines: list[Line] = field(default_factory=list)
    failed: list[tuple[str, str, str]] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    witnesses: list[Witness] = field(default_factory=list)


def write_report(out: Path, contents: Contents) -> list[str]:
    """Write the pages of a run; their names below `out`."""
    pages, overview, names, alone = _Pages(contents), Overview(), list[str](), list[Shown]()
    for part in _by_part(_shown(contents)):
        pages.note(overview, part)
        if contents.parted:
            names.append(_part(part[0].number))
            (out / PARTS).mkdir(exist_ok=True)
            write_whole(out / names[-1], [pages.part(part)])
        else:
            alone = part
    write_whole(out / FRONT, [pages.front(overview, alone, names)])
    return [FRONT, *names]


def _by_part(shown: Iterator[Shown]) -> Iterator[list[Shown]]:
    return iter(lambda: list(islice(shown, PART)), [])


def _part(number: int) -> str:
    return f"{PARTS}/items-{number // PART + 1:05}.html"


class _Pages:
    """The templates, for one run."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self._catalogue = contents.classifier.catalogue
        self._templates = templates(TEMPLATES, self._catalogue)
        self._templates.filters |= {
            "headline": self._headline,
            "label": label,
            "view_box": lambda photo: view_box(PhotoRecord.model_validate(photo)),
        }
        self._templates.globals |= _inlined() | {
            "level_words": LEVELS,
            "opened": contents.opened,
            "model": contents.classifier.identity,
            "least_moved": LEAST_MOVED,
            "nothing_moved": NOTHING_MOVED,
        }

    def front(self, overview: Overview, shown: Sequence[Shown], parts: Sequence[str]) -> bytes:
        """The front page, with all items where they are few."""
        witnesses = overview.witnesses
        return self._render(
            "front.html",
            shown=shown,
            parts=parts,
            overview=overview,
            counts=self.contents.counts,
            most_listed=MOST_LISTED,
            copies=_groups(witnesses, same([one.bytes for one in witnesses])),
            reposts=_groups(witnesses, alike([one.looks for one in witnesses])),
            card=_card(self.contents.classifier),
        )

    def part(self, shown: Sequence[Shown]) -> bytes:
        """A page of items."""
        lines = [self._line(one.number, one.row, "") for one in shown]
        return self._render("part.html", shown=shown, lines=lines)

    def _headline(self, verdict: Object) -> str:
        return headline(Verdict.model_validate(verdict), self._catalogue)

    def _render(self, template: str, **values: object) -> bytes:
        return self._templates.get_template(template).render(**values).encode()

    def note(self, overview: Overview, shown: Sequence[Shown]) -> None:
        """Add items to what the front page says."""
        for one in shown:
            failures = list(_failures(one.row))
            overview.witnesses += _witnesses(one)
            overview.failures.update(failure["code"] for _, failure in failures)
            if len(overview.failed) < MOST_LISTED:
                overview.failed += [
                    (one.row["item"], photo, failure["message"]) for photo, failure in failures
                ]
            if one.number < MOST_LINES:
                page = _part(one.number) if self.contents.parted else ""
                overview.lines.append(self._line(one.number, one.row, page))

    def _line(self, number: int, row: Object, page: str) -> Line:
        leader: Object = next(iter(row["candidates"]), {"name": "", "confidence": 0.0})
        return Line(
            number,
            row["item"],
            row["verdict"]["level"],
            self._headline(row["verdict"]),
            leader["name"],
            leader["confidence"],
            len(row["photos"]),
            len(list(_failures(row))),
            f"{page}#item-{number + 1}",
        )


def view_box(photo: PhotoRecord) -> str:
    """What the picture of a photo shows of it, all or a box with its margin, in words of SVG."""
    width, height = photo.width or 0, photo.height or 0
    whole = (0.0, 0.0, width, height)
    left, top, right, bottom = with_margin(photo.box, width, height) if photo.box else whole
    return f"{left:g} {top:g} {right - left:g} {bottom - top:g}"


def _shown(contents: Contents) -> Iterator[Shown]:
    cameras = _objects(contents.cameras) if contents.cameras else None
    pairs = zip(_objects(contents.rows), _objects(contents.pictures), strict=True)
    for number, (row, pictures) in enumerate(pairs):
        tags = next(cameras)["photos"] if cameras else []
        yield Shown(number, row, pictures["pictures"], tags)


def _witnesses(shown: Shown) -> Iterator[Witness]:
    looks = {one["photo"]: one["looks"] for one in shown.pictures}
    item = shown.row["item"]
    readable = ((n, one) for n, one in enumerate(shown.row["photos"]) if not one["failure"])
    for index, photo in readable:
        bytes_ = f"{photo['sha256']} {photo['page']}" if photo["sha256"] else ""
        yield Witness(item, photo["name"], bytes_, looks.get(index, ""))


def _groups(witnesses: Sequence[Witness], groups: Iterable[list[int]]) -> list[list[Witness]]:
    return [[witnesses[index] for index in group] for group in groups]


def _failures(row: Object) -> Iterator[tuple[str, Object]]:
    """Name and failure of each photo that could not be used."""
    return ((photo["name"], photo["failure"]) for photo in row["photos"] if photo["failure"])


def _objects(file: Path) -> Iterator[Object]:
    with file.open("rb") as lines:
        for line in lines:
            yield json.loads(line)


def _card(classifier: Classifier) -> Markup:
    """The model card, its Markdown as HTML and any HTML in it as text."""
    text = classifier.release.card.read_text(encoding="utf-8")
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


def _inlined() -> dict[str, Markup]:
    """Style and script, and their hashes for a policy that lets nothing else in."""
    style, script = (
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    return {"style": Markup(style), "script": Markup(script), "policy": Markup(policy)}


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{b64encode(digest).decode()}'"
