"""What a length and several views add: figures on a rendered set whose true lengths are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.datasets.rendered import MANIFEST
from wreckid.model.evidence import Evidence, Length
from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import read_photo
from wreckid.training.data import DataError, manifest_rows
from wreckid.training.judging.intervals import proportion
from wreckid.training.judging.judged import posterior
from wreckid.training.judging.measures import calibration_error, of_types

ERROR = 0.10
"""Standard error of a length that is measured on a wreck, as a share of it."""
VIEWS = 4
"""Photos of one wreck that are pooled."""
NOTHING = Evidence()


@dataclass(frozen=True)
class Wreck:
    """A rendered wreck: its views, its type, and the length of its whole airframe in metres."""

    views: tuple[Path, ...]
    label: str
    length_m: float | None


@dataclass(frozen=True)
class Judged:
    """The right type of an item and the probability of every candidate, float[C]."""

    label: int
    posterior: npt.NDArray[np.float64]


def gains(classifier: Classifier, place: Path, seed: int) -> dict[str, Any]:
    """Figures with and without a length, and for one view and for several.

    The length is that of the whole airframe with an error of 10 per cent added. Views are counted
    where a wreck has enough of them; without any such wreck those figures have a count of 0.

    Args:
        classifier: the release to judge.
        place: a rendered set; its rows tell `wreck` and `length_m`.
        seed: of the errors added to lengths.

    Raises:
        DataError: the set is no rendered set, or its rows tell no wreck and no length.
    """
    rng = np.random.default_rng(seed)
    wrecks = [(wreck, _measured(wreck, rng)) for wreck in read_wrecks(place)]
    singles = [(one, evidence) for one, evidence in wrecks if one.label != NOT_A_UAV]
    several = [(one, evidence) for one, evidence in singles if len(one.views) >= VIEWS]
    return {
        "one_view": _compare(classifier, singles, 1),
        "one_of_several_views": _compare(classifier, several, 1),
        "several_views": _compare(classifier, several, VIEWS),
    }


def read_wrecks(place: Path) -> tuple[Wreck, ...]:
    """The wrecks of a rendered set, each with its views in the order of the manifest.

    Raises:
        DataError: the set is no rendered set, or its rows tell no wreck and no length.
    """
    rows = manifest_rows(place)
    if any(not {"wreck", "length_m"} <= row.keys() for row in rows):
        raise DataError(f"{place / MANIFEST} tells no wreck or length_m: render the set again.")
    groups: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row["wreck"], []).append(row)
    return tuple(_wreck(place, group) for group in groups.values())


def _wreck(place: Path, rows: Sequence[dict[str, Any]]) -> Wreck:
    views = tuple(place / row["file"] for row in rows)
    return Wreck(views, rows[0]["type"], rows[0]["length_m"])


def _measured(wreck: Wreck, rng: np.random.Generator) -> Evidence:
    """The length as an investigator would have measured it."""
    if wreck.length_m is None:
        return NOTHING
    value = wreck.length_m * max(1 + rng.normal(0, ERROR), 0.5)
    return Evidence(lengths=(Length(value=value, tolerance=ERROR, measures="airframe"),))


def _compare(
    classifier: Classifier, wrecks: Iterable[tuple[Wreck, Evidence]], views: int
) -> dict[str, Any]:
    """Figures of so many views of each wreck, from the photos alone and with the length."""
    classes = classifier.manifest.classes
    alone, measured = [], []
    for wreck, evidence in wrecks:
        if wreck.label not in classes:
            continue
        files = wreck.views[:views]
        seen = classifier.classify([read_photo(file, file.name) for file in files])
        label = classes.index(wreck.label)
        alone.append(Judged(label, of_types(posterior(seen, classes, files[0]), classes)))
        weighed = classifier.weigher.weigh(seen.sighting, evidence)
        measured.append(Judged(label, of_types(posterior(weighed, classes, files[0]), classes)))
    return {"photos": figures(alone), "with_length": figures(measured)}


def figures(judged: Sequence[Judged]) -> dict[str, Any]:
    """Top-1 with its interval, log-loss and expected calibration error."""
    right = np.array([one.posterior.argmax() == one.label for one in judged], np.bool_)
    top1 = proportion(right.tolist())
    if not judged:
        return {"top1": top1}
    chosen = np.array([one.posterior[one.label] for one in judged])
    confidence = np.array([one.posterior.max() for one in judged])
    return {
        "top1": top1,
        "log_loss": round(float(-np.log(chosen).mean()), 4),
        "ece": round(calibration_error(confidence, right), 4),
    }
