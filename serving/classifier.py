"""From the photos of one item and the evidence to its result: the whole way, in one direction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.model.confidence import OUTSIDE, probabilities
from wreckid.model.evidence import NOTHING, Evidence
from wreckid.model.evidence import Box as GivenBox
from wreckid.model.looking import Box, Gaze
from wreckid.model.outputs import Outputs, stacked
from wreckid.model.pooling import DISAGREEMENT, disagreement, effective, pool, shares
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import Release
from wreckid.serving.duplicates import first_copies
from wreckid.serving.engine import Engine
from wreckid.serving.intake import NamedBytes
from wreckid.serving.result import Agreement, OutOfCatalogue, Part, PhotoRecord, Result, Sighting
from wreckid.serving.sight import Seen, Sight, see
from wreckid.serving.weigher import Weigher

See = Callable[[NamedBytes, InputSpec, GivenBox | None], Seen]
"""A photo, or a box of it, as the network takes it."""
Watch = Callable[[Result], object]
"""Is told of results."""

TOGETHER = 4
"""Most photos that the network takes at once: what it works on then stays in a core's cache."""


@dataclass(frozen=True)
class Look:
    """What the network says of one photo.

    Attributes:
        picture: what was looked at, upright RGB, made small.
        fingerprint: how the whole photo looks, by `duplicates.fingerprint`.
        outputs: of the network, for a batch of one.
    """

    picture: Image.Image
    fingerprint: str
    outputs: Outputs


@dataclass(frozen=True)
class Observation:
    """The record of a photo; `look` is None for one that could not be read."""

    record: PhotoRecord
    look: Look | None


@dataclass(frozen=True)
class View:
    """Where in a photo the network saw the leading candidate.

    Attributes:
        name: the photo's label.
        picture: what was looked at, upright RGB, made small.
        fingerprint: how the whole photo looks, by `duplicates.fingerprint`.
        evidence: [h, w] over the picture, in logits above the mean of all classes.
    """

    name: str
    picture: Image.Image
    fingerprint: str
    evidence: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Examination:
    """All that came of an item.

    Attributes:
        result: what is answered.
        views: one of each photo that could be read.
    """

    result: Result
    views: tuple[View, ...]


class Classifier:
    """A release and the catalogue, ready to judge items; may be shared by threads."""

    def __init__(
        self,
        release: Release,
        catalogue: Catalogue,
        see: See = see,
        watch: Watch = lambda result: None,
    ) -> None:
        """Load the network of a release.

        Args:
            release: whose network to load.
            catalogue: what there is to recognise.
            see: prepares a photo, here or in another process.
            watch: told of every result of photos.

        Raises:
            ReleaseError: the network cannot be loaded.
            CatalogueError: a class of the release is not in the catalogue.
        """
        self.weigher = Weigher(release, catalogue)
        self.release = release
        self.manifest = release.manifest
        self.catalogue = catalogue
        self.identity = self.weigher.identity
        self._engine = Engine(release)
        self._gaze = Gaze(
            self._engine.run,
            self.manifest.input,
            self.manifest.classes.index(NOT_A_UAV),
            self.manifest.second_look,
        )
        self._see = see
        self._watch = watch

    def watched_by(self, watch: Watch) -> "Classifier":
        """This classifier for a place whose results are told to another."""
        other = copy(self)
        other._watch = watch
        return other

    def classify(self, photos: Sequence[NamedBytes], evidence: Evidence = NOTHING) -> Result:
        """Judge the photos of one item, with what else is known of it.

        Raises:
            EvidenceError: the evidence does not fit the photos.
        """
        return self.examine(photos, evidence).result

    def examine(self, photos: Sequence[NamedBytes], evidence: Evidence = NOTHING) -> Examination:
        """Judge the photos of one item, and show where the network looked.

        Raises:
            EvidenceError: the evidence does not fit the photos.
        """
        return self.judge(list(self.observe(self._seen(photos, evidence))), evidence)

    def see(self, photo: NamedBytes, box: GivenBox | None = None) -> Seen:
        """A photo, or a box of it, as the network takes it.

        Raises:
            EvidenceError: the box is not in the photo.
        """
        return self._see(photo, self.manifest.input, box)

    def observe(self, seen: Iterable[Seen]) -> Iterator[Observation]:
        """What the network says of each photo, in order; of a bad one, only its record."""
        remaining = iter(seen)
        while together := list(islice(remaining, TOGETHER)):
            yield from self._observed_together(together)

    def run(self, batch: npt.NDArray[np.float32]) -> Outputs:
        """Run the network alone, on prepared photos, float32[N, 3, H, W]."""
        return self._engine.run(batch)

    def judge(
        self, observations: Sequence[Observation], evidence: Evidence = NOTHING
    ) -> Examination:
        """Judge one item by what was observed in its photos, and what else is known of it."""
        sighting, views = self._sighting(observations)
        result = self.weigher.weigh(sighting, evidence)
        self._watch(result)
        return Examination(result, views)

    def _seen(self, photos: Sequence[NamedBytes], evidence: Evidence) -> Iterator[Seen]:
        """Each photo, or its box, as the network takes it."""
        evidence.refuse_boxes_beyond(len(photos))
        return (self.see(photo, evidence.box(number)) for number, photo in enumerate(photos, 1))

    def _observed_together(self, seen: Sequence[Seen]) -> Iterator[Observation]:
        """Show several photos to the network at once."""
        sights = [one.sight for one in seen if one.sight is not None]
        answers = self._gaze.look(
            [sight.array for sight in sights], [sight.picture for sight in sights]
        )
        for one in seen:
            if one.sight is None:
                yield Observation(one.record, None)
            else:
                yield _observation(one.record, one.sight, *next(answers))

    def _sighting(self, observations: Sequence[Observation]) -> tuple[Sighting, tuple[View, ...]]:
        """What the photos show, and where."""
        records = [one.record for one in observations]
        usable = [(one.record, one.look) for one in observations if one.look is not None]
        if not usable:
            return Sighting(photos=tuple(records)), ()
        outputs = stacked([look.outputs for _, look in usable])
        copies = _copies(usable)
        each = probabilities(outputs.logits, self.manifest.temperature)
        image = pool(each, copies)
        sighting = Sighting(
            photos=_with_copies(records, [record for record, _ in usable], copies),
            image_probabilities=self.weigher.named(image),
            out_of_catalogue=self._out_of_catalogue(outputs, copies),
            agreement=self._agreement(each, copies),
        )
        where = _evidence(outputs, self.weigher.ranked(image)[0])
        views = [
            View(record.name, look.picture, look.fingerprint, place)
            for (record, look), place in zip(usable, where, strict=True)
        ]
        return sighting, tuple(views)

    def _out_of_catalogue(self, outputs: Outputs, copies: Sequence[int]) -> OutOfCatalogue:
        """The mean score of the photos, copies counted once, against the release's threshold."""
        rule = self.manifest.out_of_catalogue
        each = OUTSIDE[rule.score](outputs.logits, self.manifest.temperature)
        score = float(shares(copies) @ each)
        return OutOfCatalogue(score=score, threshold=rule.threshold, outside=score > rule.threshold)

    def _agreement(self, each: npt.NDArray[np.float64], copies: Sequence[int]) -> Agreement:
        distinct, apart = len(set(copies)), disagreement(each, copies)
        return Agreement(
            distinct=distinct,
            weight=effective(distinct),
            disagreement=apart,
            disagree=apart > DISAGREEMENT,
            leaders=tuple(self.manifest.classes[self.weigher.ranked(row)[0]] for row in each),
        )


def _observation(
    record: PhotoRecord, sight: Sight, outputs: Outputs, box: Box | None
) -> Observation:
    look = Look(sight.picture, sight.fingerprint, outputs)
    if box is None:
        return Observation(record, look)
    left, top, right, bottom = (round(edge) for edge in sight.in_photo(box))
    part = Part(left=left, top=top, right=right, bottom=bottom)
    return Observation(record.model_copy(update={"part": part}), look)


def _copies(usable: Sequence[tuple[PhotoRecord, Look]]) -> tuple[int, ...]:
    return first_copies(
        [f"{record.sha256} {record.page}" for record, _ in usable],
        [look.fingerprint for _, look in usable],
    )


def _with_copies(
    records: Sequence[PhotoRecord], usable: Sequence[PhotoRecord], copies: Sequence[int]
) -> tuple[PhotoRecord, ...]:
    """The records, those of copies with the name of what they copy."""
    names = {
        id(record): usable[first].name
        for index, (record, first) in enumerate(zip(usable, copies, strict=True))
        if first != index
    }
    return tuple(record.model_copy(update={"copy_of": names.get(id(record))}) for record in records)


def _evidence(outputs: Outputs, leader: int) -> npt.NDArray[np.float32]:
    """[N, h, w]: what speaks for one class more than for the others; softmax sees only that."""
    above_mean = outputs.class_map[:, leader] - outputs.class_map.mean(axis=1)
    return np.asarray(above_mean, np.float32)
