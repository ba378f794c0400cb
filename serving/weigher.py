"""From what the photos show and the investigator's evidence to the result; keeps nothing."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.datasets.priors import Prior, priors
from wreckid.model.confidence import prediction_set, ranking
from wreckid.model.evidence import Evidence, EvidenceError
from wreckid.model.release import Manifest, Release
from wreckid.model.settling import settle
from wreckid.model.verdict import Grounds, Verdict, decide
from wreckid.model.weighing import Piece as WeighedPiece
from wreckid.model.weighing import Weighed, unseen, weigh
from wreckid.serving.candidates import candidate, labels
from wreckid.serving.result import (
    LEAD,
    SAFETY,
    Answer,
    Candidate,
    ModelIdentity,
    Moved,
    Piece,
    PredictionSet,
    Question,
    Result,
    Sighting,
)
from wreckid.serving.words import movement

LEADING = 5
"""Candidates that are shown."""
TOLERATED = 1e-6
"""How far probabilities that are sent back may add up to something else than 1."""

DISAGREE = (
    "The photos disagree with each other: check that all of them show the same wreck,"
    " or examine them one by one."
)
UNEXPLAINED = "No type of the catalogue explains this evidence: {observed}. Check it."

Array = npt.NDArray[np.float64]


class Weigher:
    """The classes and rules of a release and the catalogue; may be shared by threads."""

    def __init__(self, release: Release, catalogue: Catalogue) -> None:
        """Look up the classes of a release.

        Raises:
            CatalogueError: a class of the release is not in the catalogue.
        """
        self.manifest: Manifest = release.manifest
        self.catalogue = catalogue
        self.identity = ModelIdentity(
            name=release.manifest.name, version=release.manifest.version, sha256=release.sha256
        )
        self.labels = labels(release.manifest.classes, catalogue)
        self._shown = tuple(candidate(label, 0.0, catalogue) for label in self.labels)
        self._types = tuple(catalogue.types.get(name) for name in release.manifest.classes)

    def weigh(self, sighting: Sighting, evidence: Evidence) -> Result:
        """The result of an item.

        Raises:
            EvidenceError: the prior or the probabilities are none of this release.
        """
        image = self._image(sighting)
        start = unseen(self._types) if image is None else image
        weighed = weigh(start, self._types, evidence, prior_of(evidence))
        posterior = None if image is None and not weighed.moved else weighed.posterior
        candidates = () if posterior is None else self._candidates(posterior)
        image_candidates = () if image is None else self._candidates(image)
        return Result(
            photos=sighting.photos,
            image_candidates=image_candidates,
            candidates=candidates,
            image_probabilities=sighting.image_probabilities,
            probabilities=None if posterior is None else self.named(posterior),
            evidence=evidence,
            pieces=tuple(self._piece(one, candidates, image_candidates) for one in weighed.pieces),
            agreement=sighting.agreement,
            prediction_set=None if image is None else self._prediction_set(image),
            out_of_catalogue=sighting.out_of_catalogue,
            verdict=self._verdict(weighed, sighting, evidence),
            would_settle=() if posterior is None else self._questions(posterior, evidence),
            model=self.identity,
            notices=(SAFETY, LEAD, *_warnings(sighting, weighed)),
        )

    def ranked(self, probabilities: Array) -> tuple[int, ...]:
        """The places of the types among the classes, the most probable type first."""
        return tuple(
            index for index in ranking(probabilities) if self.labels[index].id != NOT_A_UAV
        )

    def named(self, probabilities: Array) -> dict[str, float]:
        """Probabilities[C] by class."""
        return dict(zip(self.manifest.classes, probabilities.tolist(), strict=True))

    def _image(self, sighting: Sighting) -> Array | None:
        named = sighting.image_probabilities
        if named is None:
            return None
        if set(named) != set(self.manifest.classes):
            raise EvidenceError("image_probabilities must name each class of the release once.")
        image = np.array([named[name] for name in self.manifest.classes])
        if not (image.min() > 0 and image.max() < 1 and abs(image.sum() - 1) < TOLERATED):
            raise EvidenceError("image_probabilities must lie between 0 and 1 and add up to 1.")
        return image

    def _candidates(self, probabilities: Array) -> tuple[Candidate, ...]:
        return tuple(
            self._shown[index].model_copy(update={"confidence": float(probabilities[index])})
            for index in self.ranked(probabilities)[:LEADING]
        )

    def _piece(self, piece: WeighedPiece, *shown: Sequence[Candidate]) -> Piece:
        """A piece of evidence with what it moved of the candidates that are shown."""
        names = {one.type: one.name for candidates in shown for one in candidates}
        log_odds = self.named(piece.log_odds)
        return Piece(
            field=piece.field,
            observed=piece.observed,
            explained=piece.explained,
            moved=tuple(
                Moved(
                    type=type_,
                    name=name,
                    log_odds=log_odds[type_],
                    words=movement(log_odds[type_], name),
                )
                for type_, name in names.items()
            ),
        )

    def _prediction_set(self, image: Array) -> PredictionSet:
        rule = self.manifest.prediction_set
        admitted = prediction_set(image, rule.quantile)
        return PredictionSet(
            coverage=rule.coverage, types=tuple(self.labels[index].id for index in admitted)
        )

    def _verdict(self, weighed: Weighed, sighting: Sighting, evidence: Evidence) -> Verdict:
        grounds = Grounds(
            photos=sighting.image_probabilities is not None,
            evidence=evidence.speaks,
            outside=sighting.out_of_catalogue is not None and sighting.out_of_catalogue.outside,
            unexplained=not weighed.explained,
            moved=self.named(weighed.log_odds),
        )
        return decide(weighed.posterior.tolist(), self.labels, grounds, self.manifest.verdict)

    def _questions(self, posterior: Array, evidence: Evidence) -> tuple[Question, ...]:
        return tuple(
            Question(
                fact=one.fact,
                ask=one.ask,
                answers=tuple(Answer(value=a.value, types=a.types) for a in one.answers),
                gain=one.gain,
            )
            for one in settle(posterior.tolist(), self._types, evidence)
        )


def prior_of(evidence: Evidence) -> Prior | None:
    """The prior that the evidence names, if any.

    Raises:
        EvidenceError: there is no such prior.
    """
    if evidence.prior is None:
        return None
    if evidence.prior not in priors():
        known = ", ".join(priors())
        raise EvidenceError(f"evidence.prior: there is no prior {evidence.prior}, but {known}.")
    return priors()[evidence.prior]


def _warnings(sighting: Sighting, weighed: Weighed) -> Iterator[str]:
    if sighting.agreement is not None and sighting.agreement.disagree:
        yield DISAGREE
    for piece in weighed.pieces:
        if not piece.explained:
            yield UNEXPLAINED.format(observed=piece.observed)
