"""Where items are worked on: what is given is kept first, and then judged."""

from collections.abc import Mapping, Sequence

from wreckid.model.evidence import Evidence
from wreckid.serving.classifier import Classifier, View
from wreckid.serving.intake import NamedBytes
from wreckid.serving.overlay import OVERLAY_SIDE, WEBP, encoded, overlay
from wreckid.serving.result import Result
from wreckid.serving.store.item import Author, Item
from wreckid.serving.store.items import Items, NoItemError, Picture, Upload

Judged = tuple[Result, Mapping[int, Picture] | None]
"""A result, and the pictures by number of the photo; None where they stay as they were."""


class Desk:
    """The items of a store and the classifier that judges them; may be shared by threads."""

    def __init__(self, items: Items, classifier: Classifier) -> None:
        self.items = items
        self._classifier = classifier

    def add_photos(self, author: Author, item_id: str, photos: Sequence[NamedBytes]) -> Item:
        """Keep photos, add them to an item, and judge it.

        Raises:
            NoItemError: there is no such item.
            ConflictError: it would have too many photos.
        """
        self.items.get(item_id)
        kept = [
            Upload(photo.name, self.items.uploads.keep(photo.data), len(photo.data), _page(photo))
            for photo in photos
            if isinstance(photo.data, bytes)
        ]
        return self.judged(author, self.items.add_photos(author, item_id, kept))

    def give_evidence(
        self, author: Author, item_id: str, evidence: Evidence, version: int | None = None
    ) -> Item:
        """Give an item other evidence, and judge it; evidence that cannot be used is not kept.

        Raises:
            NoItemError: there is no such item.
            ConflictError: the item was changed since that version.
            EvidenceError: the evidence cannot be used.
        """
        before = self.items.get(item_id)
        judged = self._judge(before, evidence)
        after = self.items.give_evidence(author, item_id, evidence, version)
        if after.photos == before.photos:
            after = self.items.judged(author, after, *judged)
        return self.judged(author, after)

    def judged(self, author: Author, item: Item) -> Item:
        """The item with a result for what it is now."""
        while item.stale:
            item = self.judge_again(author, item)
        return item

    def judge_again(self, author: Author, item: Item) -> Item:
        """The item with a result by the release that answers now."""
        return self.items.judged(author, item, *self._judge(item, item.evidence))

    def withheld(self, item_id: str, name: str) -> bool:
        """Whether someone is to answer before they see the model's answer."""
        try:
            return self.items.get(item_id).withheld_from(name)
        except NoItemError:
            return False

    def is_current(self, item: Item) -> bool:
        """Whether the result, if any, is of the item as it is and by the release of now."""
        return not item.stale and (item.result is None or self._judged_it(item.result))

    def _judged_it(self, result: Result) -> bool:
        return result.model == self._classifier.identity

    def _judge(self, item: Item, evidence: Evidence) -> Judged:
        result = item.result
        if result is not None and self._shows_the_same(item, evidence):
            return self._classifier.weigher.weigh(result.sighting, evidence), None
        seen = self._classifier.examine(self.items.originals(item), evidence)
        return seen.result, _pictures(seen.result, seen.views)

    def _shows_the_same(self, item: Item, evidence: Evidence) -> bool:
        """Whether the photos would show again what the last result says that they show."""
        result = item.result
        return (
            result is not None
            and self._judged_it(result)
            and not any(one.failure for one in result.photos)
            and [(one.name, one.sha256) for one in result.photos]
            == [(one.label, one.sha256) for one in item.photos]
            and result.evidence.boxes == evidence.boxes
        )


def _page(photo: NamedBytes) -> int | None:
    return None if photo.page is None else photo.page + 1


def _pictures(result: Result, views: Sequence[View]) -> dict[int, Picture]:
    """What pages show of each photo that could be read."""
    peak = max((float(view.evidence.max()) for view in views), default=0.0)
    readable = [n for n, photo in enumerate(result.photos, 1) if photo.failure is None]
    return {
        number: Picture(
            encoded(view.picture, "WEBP", **WEBP),
            encoded(overlay(view.evidence, peak, OVERLAY_SIDE), "WEBP", **WEBP),
        )
        for number, view in zip(readable, views, strict=True)
    }
