"""What one piece of evidence says of each type: a vector of log-likelihoods."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

STRONGEST = float(np.log(100))
"""The most that one piece can speak, in log-odds: facts of the catalogue may be wrong too."""


@dataclass(frozen=True)
class Likelihood:
    """One piece of evidence under each class.

    Attributes:
        field: the field of the evidence that it comes from.
        observed: what was observed, in words.
        log: float[C], log-likelihoods up to a constant; NaN where the catalogue does not know.
        misfit: float[C], how badly the class explains the piece on its own, 0 for well.
        neutral: log-likelihood under a class of which nothing is known; None for the mean over
            the types that are known, as the photos weigh them.
    """

    field: str
    observed: str
    log: Array
    misfit: Array
    neutral: float | None = None

    def log_odds(self, image: Array) -> Array:
        """Float[C]: log-likelihood against that of a class of which nothing is known.

        With the mean as neutral, a piece alone moves probability only among the types whose fact
        is known: that of every other class, `not-a-uav` too, stays as it was. Several pieces also
        tell whether they fit one type: what nothing is known of has them by chance.

        Args:
            image: float[C], probabilities from the photos.
        """
        known = ~np.isnan(self.log)
        if not known.any():
            return np.zeros_like(image)
        neutral = _mean(self.log[known], image[known]) if self.neutral is None else self.neutral
        return np.where(known, self.log - neutral, 0.0)


def _mean(log: Array, weights: Array) -> float:
    """Log of the weighted mean of likelihoods."""
    return float(np.logaddexp.reduce(log + np.log(weights)) - np.log(weights.sum()))
