"""What a release says of itself to people: its card, and its entry among the changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wreckid.model.release import ReleaseFacts

HEADING = "# Changes of the model"


@dataclass(frozen=True)
class Shares:
    """Numbers of the pictures that were trained on.

    Attributes:
        scenes: rendered in full.
        backdrops: those of them that stand before a real photo.
        sketches: rendered quickly.
        own_photos: labelled photos.
        photos_before: whether releases that it goes on from, or that taught it, learnt from
            labelled photos.
        teachers: hashes of the releases that taught it.
    """

    scenes: int
    backdrops: int
    sketches: int
    own_photos: int
    photos_before: bool
    teachers: Sequence[str]


def card(facts: ReleaseFacts, metrics: Mapping[str, Any], shares: Shares) -> str:
    """The card, in Markdown.

    Args:
        facts: what the release is.
        metrics: what it scores.
        shares: what it was trained on.
    """
    return _rendered("card.md.jinja", facts=facts, metrics=metrics, shares=shares)


def is_change_log(text: str) -> bool:
    """Whether a text holds the changes of models, or nothing yet."""
    return not text or text.startswith(HEADING)


def noted(before: str, facts: ReleaseFacts, metrics: Mapping[str, Any]) -> str:
    """The changes with an entry of this release on top, in place of any that it had before."""
    title = f"## {facts.name} {facts.version}"
    entries = before.removeprefix(HEADING).split("\n## ")[1:]
    others = [f"## {entry.strip()}" for entry in entries]
    kept = [entry for entry in others if entry.splitlines()[0] != title]
    entry = _rendered("entry.md.jinja", title=title, facts=facts, metrics=metrics)
    return "\n\n".join([HEADING, entry.strip(), *kept]) + "\n"


def _rendered(template: str, **values: object) -> str:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    templates.filters |= {"share": share, "number": number}
    return templates.get_template(template).render(**values)


def share(figure: Mapping[str, float]) -> str:
    """`71.4 % (58.2 to 81.8, 54 photos)`."""
    if not figure["count"]:
        return "no photos"
    value, low, high = (100 * figure[key] for key in ("value", "low", "high"))
    photos = "1 photo" if figure["count"] == 1 else f"{figure['count']} photos"
    return f"{value:.1f} % ({low:.1f} to {high:.1f}, {photos})"


def number(figure: Mapping[str, float]) -> str:
    """`2.11 (1.98 to 2.25)`."""
    if not figure["count"]:
        return "no photos"
    return "{value:.2f} ({low:.2f} to {high:.2f})".format(**figure)
