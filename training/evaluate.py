"""Judge a release on labelled photos, exactly as the service would answer."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from scipy.stats import binomtest

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import read_photo
from wreckid.serving.result import Result
from wreckid.training.data import DataError, LabelledPhoto, data_hash, read_data

BINS = 15
"""Of the expected calibration error, equally wide."""


@dataclass(frozen=True)
class Judged:
    """A labelled photo and what the release said of it; `posterior` is float[C]."""

    photo: LabelledPhoto
    result: Result
    posterior: npt.NDArray[np.float64]


def evaluate(classifier: Classifier, place: Path) -> dict[str, Any]:
    """Figures of a release on a data set, with Wilson intervals of 95 %.

    Photos of catalogue types, of other UAVs and of no UAV are reported apart.

    Raises:
        DataError: the set is empty or a photo cannot be read.
    """
    judged = judge(classifier, read_data(place))
    return {"sha256": data_hash(place), "photos": len(judged), **figures(judged, classifier)}


def judge(classifier: Classifier, photos: Sequence[LabelledPhoto]) -> list[Judged]:
    """What the release says of each photo.

    Raises:
        DataError: a photo cannot be read.
    """
    classes = classifier.manifest.classes
    judged = []
    for photo in track(photos, "Judging", console=Console(stderr=True)):
        result = classifier.classify([read_photo(photo.file, photo.file.name)])
        judged.append(Judged(photo, result, posterior(result, classes, photo.file)))
    return judged


def posterior(result: Result, classes: Sequence[str], file: Path) -> npt.NDArray[np.float64]:
    """The probability of every class, float[C], in the result of one file.

    Raises:
        DataError: the file could not be read.
    """
    if result.probabilities is None:
        raise DataError(f"{file} cannot be read: mend it or take it out of the set.")
    return np.array([result.probabilities[name] for name in classes])


def figures(judged: Sequence[Judged], classifier: Classifier) -> dict[str, Any]:
    """All figures of judged photos, those of catalogue types also by type and by group."""
    types = set(classifier.manifest.classes) - {NOT_A_UAV}
    known = [one for one in judged if one.photo.label in types]
    nothing = [one for one in judged if one.photo.label == NOT_A_UAV]
    others = [one for one in judged if one.photo.label not in types | {NOT_A_UAV}]
    classes, families = classifier.manifest.classes, classifier.manifest.families
    return {
        "catalogue": {
            **_ranking(known, classes, families),
            **_calibration([*known, *nothing], classes),
            "verdicts": _verdicts(known),
            "by_type": _by(known, lambda one: one.photo.label, classes, families),
            "by_group": _by(known, lambda one: one.photo.group, classes, families),
        },
        "not_a_uav": {"photos": len(nothing), "verdicts": _verdicts(nothing)},
        "other_uav": {"photos": len(others), "verdicts": _verdicts(others)},
    }


def proportion(hits: Iterable[bool]) -> dict[str, float]:
    """A share with its Wilson interval of 95 % (Wilson, 1927) and the count behind it."""
    flags = list(hits)
    if not flags:
        return {"count": 0}
    low, high = binomtest(sum(flags), len(flags)).proportion_ci(0.95, method="wilson")
    share = sum(flags) / len(flags)
    return {
        "value": round(share, 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "count": len(flags),
    }


def calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over equally wide bins (Naeini et al., 2015)."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidence[place == index].sum() - right[place == index].sum()) for index in range(BINS)
    ]
    return float(sum(gaps) / len(confidence))


def _ranking(
    judged: Sequence[Judged], classes: Sequence[str], families: Sequence[str]
) -> dict[str, Any]:
    family_of = dict(zip(classes, families, strict=True))
    ranked = [[classes[index] for index in np.argsort(-one.posterior)] for one in judged]
    labels = [one.photo.label for one in judged]
    return {
        "top1": proportion(r[0] == label for r, label in zip(ranked, labels, strict=True)),
        "top3": proportion(label in r[:3] for r, label in zip(ranked, labels, strict=True)),
        "family": proportion(
            _leading_family(one.posterior, families) == family_of[one.photo.label] for one in judged
        ),
    }


def _leading_family(posterior: npt.NDArray[np.float64], families: Sequence[str]) -> str:
    shares: Counter[str] = Counter()
    for family, share in zip(families, posterior.tolist(), strict=True):
        shares[family] += share
    return shares.most_common(1)[0][0]


def _calibration(judged: Sequence[Judged], classes: Sequence[str]) -> dict[str, float]:
    if not judged:
        return {}
    posterior = np.stack([one.posterior for one in judged])
    labels = np.array([classes.index(one.photo.label) for one in judged])
    truth = np.eye(len(classes))[labels]
    right = posterior.argmax(axis=1) == labels
    sets = [one.result.prediction_set.types for one in judged if one.result.prediction_set]
    held = [one.photo.label in types for one, types in zip(judged, sets, strict=True)]
    chosen = np.maximum(posterior[np.arange(len(labels)), labels], 1e-12)
    return {
        "log_loss": round(float(-np.log(chosen).mean()), 4),
        "brier": round(float(((posterior - truth) ** 2).sum(axis=1).mean()), 4),
        "ece": round(calibration_error(posterior.max(axis=1), right), 4),
        "set_coverage": round(float(np.mean(held)), 4),
        "set_size": round(float(np.mean([len(types) for types in sets])), 2),
    }


def _verdicts(judged: Sequence[Judged]) -> dict[str, int]:
    return dict(sorted(Counter(one.result.verdict.level for one in judged).items()))


def _by(
    judged: Sequence[Judged],
    key: Callable[[Judged], str],
    classes: Sequence[str],
    families: Sequence[str],
) -> dict[str, Any]:
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(key(one), []).append(one)
    return {name: _ranking(members, classes, families) for name, members in sorted(groups.items())}
