"""From the photos of one item to its result: the whole way, in one direction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.confidence import energy, pool, prediction_set, probabilities, ranking
from wreckid.model.release import Release
from wreckid.model.verdict import NO_USABLE_PHOTO, decide
from wreckid.serving.candidates import candidate, labels
from wreckid.serving.engine import Engine, Outputs, stacked, unstacked
from wreckid.serving.intake import NamedBytes
from wreckid.serving.result import (
    ModelIdentity,
    OutOfCatalogue,
    PhotoRecord,
    PredictionSet,
    Result,
)
from wreckid.serving.sight import Seen, see

LEADING = 5
"""Candidates that are shown."""

TOGETHER = 16
"""Most photos that the network takes at once; bounds the memory of a long item."""


@dataclass(frozen=True)
class Sighting:
    """What the network says of one photo, and the photo made small."""

    picture: Image.Image
    outputs: Outputs


@dataclass(frozen=True)
class Observation:
    """The record of a photo; `sighting` is None for one that could not be read."""

    record: PhotoRecord
    sighting: Sighting | None


@dataclass(frozen=True)
class View:
    """Where in a photo the network saw the leading candidate.

    Attributes:
        name: the photo's label.
        picture: upright RGB, made small.
        evidence: [h, w] over the whole photo, in logits above the mean of all classes.
    """

    name: str
    picture: Image.Image
    evidence: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Examination:
    """All that came of an item.

    Attributes:
        result: what is answered.
        views: one of each photo that could be read.
        posterior: the confidence of every class, [C]; None where no photo could be read.
    """

    result: Result
    views: tuple[View, ...]
    posterior: npt.NDArray[np.float64] | None


class Classifier:
    """A release and the catalogue, ready to judge items; may be shared by threads."""

    def __init__(self, release: Release, catalogue: Catalogue) -> None:
        """Load the network of a release.

        Raises:
            ReleaseError: the network cannot be loaded.
            CatalogueError: a class of the release is not in the catalogue.
        """
        self.release = release
        self.manifest = release.manifest
        self.catalogue = catalogue
        self.identity = ModelIdentity(
            name=release.manifest.name, version=release.manifest.version, sha256=release.sha256
        )
        self._labels = labels(release.manifest.classes, catalogue)
        self._engine = Engine(release)

    def classify(self, photos: Sequence[NamedBytes]) -> Result:
        """Judge the photos of one item."""
        return self.examine(photos).result

    def examine(self, photos: Sequence[NamedBytes]) -> Examination:
        """Judge the photos of one item, and show where the network looked."""
        return self.judge(list(self.observe(photos)))

    def observe(self, photos: Iterable[NamedBytes]) -> Iterator[Observation]:
        """What the network says of each photo, in order; of a bad one, only its record."""
        remaining = iter(photos)
        while seen := [see(photo, self.manifest.input) for photo in islice(remaining, TOGETHER)]:
            yield from self._observe_together(seen)

    def judge(self, observations: Sequence[Observation]) -> Examination:
        """Judge one item by what was observed in its photos."""
        records = tuple(one.record for one in observations)
        usable = [(one.record.name, one.sighting) for one in observations if one.sighting]
        if not usable:
            return Examination(self._nothing_usable(records), (), None)
        outputs = stacked([sighting.outputs for _, sighting in usable])
        posterior = pool(probabilities(outputs.logits, self.manifest.temperature))
        evidence = _evidence(outputs, ranking(posterior)[0])
        views = tuple(
            View(name, sighting.picture, where)
            for (name, sighting), where in zip(usable, evidence, strict=True)
        )
        return Examination(self._result(records, outputs, posterior), views, posterior)

    def _observe_together(self, seen: Sequence[Seen]) -> Iterator[Observation]:
        """Run the network once for several photos."""
        sights = [one.sight for one in seen if one.sight is not None]
        rows: Iterator[Outputs] = iter(())
        if sights:
            rows = unstacked(self._engine.run(np.stack([sight.array for sight in sights])))
        for one in seen:
            sighting = None if one.sight is None else Sighting(one.sight.picture, next(rows))
            yield Observation(one.record, sighting)

    def _result(
        self,
        records: tuple[PhotoRecord, ...],
        outputs: Outputs,
        posterior: npt.NDArray[np.float64],
    ) -> Result:
        candidates = tuple(
            candidate(self._labels[index], float(posterior[index]), self.catalogue)
            for index in ranking(posterior)[:LEADING]
        )
        strangeness = self._out_of_catalogue(outputs)
        return Result(
            photos=records,
            image_candidates=candidates,
            candidates=candidates,
            prediction_set=self._prediction_set(posterior),
            out_of_catalogue=strangeness,
            verdict=decide(
                posterior.tolist(), self._labels, strangeness.outside, self.manifest.verdict
            ),
            model=self.identity,
        )

    def _nothing_usable(self, records: tuple[PhotoRecord, ...]) -> Result:
        return Result(photos=records, verdict=NO_USABLE_PHOTO, model=self.identity)

    def _prediction_set(self, posterior: npt.NDArray[np.float64]) -> PredictionSet:
        rule = self.manifest.prediction_set
        admitted = prediction_set(posterior, rule.quantile)
        return PredictionSet(
            coverage=rule.coverage, types=tuple(self._labels[index].id for index in admitted)
        )

    def _out_of_catalogue(self, outputs: Outputs) -> OutOfCatalogue:
        """The mean energy of the photos against the release's threshold."""
        threshold = self.manifest.out_of_catalogue.threshold
        score = float(energy(outputs.logits, self.manifest.temperature).mean())
        return OutOfCatalogue(score=score, threshold=threshold, outside=score > threshold)


def _evidence(outputs: Outputs, leader: int) -> npt.NDArray[np.float32]:
    """[N, h, w]: what speaks for one class more than for the others; softmax sees only that."""
    above_mean = outputs.class_map[:, leader] - outputs.class_map.mean(axis=1)
    return np.asarray(above_mean, np.float32)
