"""Figures with the uncertainty that a finite number of photos leaves."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, bootstrap

LEVEL = 0.95
"""Of every interval."""
RESAMPLES = 400
"""Enough for ends of intervals that are shown with two digits."""
SEED = 1

Statistic = Callable[..., float]


def proportion(hits: Iterable[bool]) -> dict[str, float]:
    """A share with its Wilson interval of 95 % (Wilson, 1927) and the count behind it."""
    flags = [bool(hit) for hit in hits]
    if not flags:
        return {"count": 0}
    share = binomtest(sum(flags), len(flags))
    low, high = share.proportion_ci(LEVEL, method="wilson")
    return _figure(share.statistic, low, high, len(flags))


def bootstrapped(
    statistic: Statistic, *samples: npt.NDArray[Any], paired: bool = True
) -> dict[str, float]:
    """A statistic with its bootstrap interval of 95 % and the count behind it.

    Percentiles of the statistic over resampled photos (Efron, 1979).

    Args:
        statistic: a function of as many arrays as there are samples.
        samples: arrays [N, ...] whose rows are photos.
        paired: whether the same rows of all samples are the same photos; if not, each sample
            holds photos of its own.
    """
    drawn = samples[:1] if paired else samples
    count = sum(len(sample) for sample in drawn)
    if not all(len(sample) for sample in drawn):
        return {"count": 0}
    value = statistic(*samples)
    if min(len(sample) for sample in drawn) < 2:
        return _figure(value, value, value, count)

    def resampled(*rows: npt.NDArray[np.int64]) -> float:
        chosen = rows * len(samples) if paired else rows
        return statistic(*(sample[row] for sample, row in zip(samples, chosen, strict=True)))

    interval = bootstrap(
        [np.arange(len(sample)) for sample in drawn],
        resampled,
        n_resamples=RESAMPLES,
        vectorized=False,
        method="percentile",
        confidence_level=LEVEL,
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return _figure(value, interval.low, interval.high, count)


def if_confidence_held(
    statistic: Statistic, confidence: npt.NDArray[np.float64]
) -> dict[str, float]:
    """What chance alone makes of a statistic of confidence and rightness; its mean and 95 %.

    Consistency resampling (Bröcker and Smith, 2007): answers are drawn to be right exactly as
    often as their confidence says.

    Args:
        statistic: a function of confidence and rightness, bool[N].
        confidence: float[N], one a photo.
    """
    if not len(confidence):
        return {"count": 0}
    draws = np.random.default_rng(SEED).random((RESAMPLES, len(confidence))) < confidence
    values = np.array([statistic(confidence, right) for right in draws])
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return _figure(float(values.mean()), low, high, len(confidence))


def _figure(value: float, low: float, high: float, count: int) -> dict[str, float]:
    return {
        "value": round(float(value), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "count": count,
    }
