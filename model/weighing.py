"""Evidence and photos together: a posterior, and what each piece moved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from wreckid.datasets.catalogue import UavType
from wreckid.datasets.priors import Prior
from wreckid.model.evidence import Evidence
from wreckid.model.forms import ERRORS, colour_likelihood, form_likelihood
from wreckid.model.inscriptions import part_likelihoods, text_likelihoods
from wreckid.model.lengths import length_likelihood
from wreckid.model.likelihood import STRONGEST, Array, Likelihood

MOST_TOGETHER = 10.0
"""The most that all pieces together speak for or against a class, in log-odds."""
MISFIT = 1.0
"""From here on a type does not explain a piece: another form, a length off by 1.4 errors."""
NO_PHOTO_NO_UAV = 0.5
"""Probability of `not-a-uav` before anything is known of an item without photos."""


@dataclass(frozen=True)
class Piece:
    """A piece of evidence and what it moved.

    Attributes:
        field: the field of the evidence that it comes from.
        observed: what was observed, in words.
        log_odds: float[C], by how much it moved each class against one of which nothing is known.
        explained: whether any type explains it.
    """

    field: str
    observed: str
    log_odds: Array
    explained: bool


@dataclass(frozen=True)
class Weighed:
    """What photos and evidence come to.

    Attributes:
        posterior: float[C].
        log_odds: float[C], by how much all pieces together moved each class.
        pieces: what moved it.
        explained: whether any type explains all pieces together, with misfits that add up to less
            than a hundred to one.
    """

    posterior: Array
    log_odds: Array
    pieces: tuple[Piece, ...]
    explained: bool

    @property
    def moved(self) -> bool:
        """Whether any piece moved anything."""
        return any(piece.log_odds.any() for piece in self.pieces)


def weigh(
    image: Array, types: Sequence[UavType | None], evidence: Evidence, prior: Prior | None = None
) -> Weighed:
    """Combine what the photos show with the evidence: logarithms of likelihoods are added.

    Args:
        image: float[C], probabilities from the photos, none of them 0 or 1.
        types: one a class; None for `not-a-uav`.
        evidence: what was measured or seen; without any, the image's probabilities come back.
        prior: how common types are taken to be, if asked for.
    """
    likelihoods = tuple(_likelihoods(types, evidence, prior))
    if not likelihoods:
        return Weighed(image, np.zeros_like(image), (), True)
    log_odds = [one.log_odds(image) for one in likelihoods]
    pieces = tuple(
        Piece(one.field, one.observed, moved, bool(one.misfit.min() < MISFIT))
        for one, moved in zip(likelihoods, log_odds, strict=True)
    )
    total = np.clip(np.sum(log_odds, axis=0), -MOST_TOGETHER, MOST_TOGETHER)
    log = np.log(image) + total
    posterior = np.exp(log - np.logaddexp.reduce(log))
    together = np.sum([one.misfit for one in likelihoods], axis=0)
    return Weighed(posterior, total, pieces, bool(together.min() < STRONGEST))


def unseen(types: Sequence[UavType | None]) -> Array:
    """Probabilities[C] of an item of which there is no photo: every type alike."""
    known = sum(uav is not None for uav in types)
    share = (1 - NO_PHOTO_NO_UAV) / known
    return np.array([NO_PHOTO_NO_UAV if uav is None else share for uav in types])


def _likelihoods(
    types: Sequence[UavType | None], evidence: Evidence, prior: Prior | None
) -> Iterator[Likelihood]:
    for length in evidence.lengths:
        yield length_likelihood(length, types)
    for name in ERRORS:
        seen = getattr(evidence, name)
        if seen is not None:
            yield form_likelihood(name, seen, types)
    if evidence.colour is not None:
        yield colour_likelihood(evidence.colour, types)
    yield from text_likelihoods(evidence.text, types)
    yield from part_likelihoods(evidence.part, types)
    if prior is not None:
        yield _prior_likelihood(prior, types)


def _prior_likelihood(prior: Prior, types: Sequence[UavType | None]) -> Likelihood:
    log = [np.log(prior.weights.get(uav.id, 1.0)) if uav else np.nan for uav in types]
    observed = f"prior: {prior.id}, version {prior.version}"
    return Likelihood("prior", observed, np.array(log), np.zeros(len(types)))
