"""From judged photos to figures: a tree of numbers with intervals and the counts behind them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.confidence import leading_family
from wreckid.serving.classifier import Classifier
from wreckid.training.data import LabelledPhoto, data_hash, read_data
from wreckid.training.judging.corruptions import CORRUPTIONS, LEVELS
from wreckid.training.judging.intervals import bootstrapped, if_confidence_held, proportion
from wreckid.training.judging.judged import Harm, Judged, judge
from wreckid.training.judging.measures import (
    Flags,
    Floats,
    Ints,
    accuracy_at,
    among_first,
    area_under_risks,
    brier,
    calibration_error,
    false_alarms,
    log_loss,
    macro_f1,
    of_types,
    separation,
)

HOPELESS = "single-part"
"""The damage that leaves a rendered wreck as one loose part, which may tell nothing."""
UAV_STATED = ("type", "family", "uav")
"""The verdicts that say that there is a UAV."""

Figures = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """Figures of a release on a data set, and the judged photos behind them."""

    figures: Figures
    judged: Sequence[Judged]


@dataclass(frozen=True)
class Table:
    """Judged photos whose right answer is a class: posterior[N, C] and labels[N]."""

    posterior: Floats
    labels: Ints
    families: Sequence[str]

    @property
    def confidence(self) -> Floats:
        """The probability of each photo's leading class."""
        return np.asarray(self.posterior.max(axis=1))

    @property
    def right(self) -> Flags:
        """Whether the leading class of each photo is the right one."""
        return among_first(self.posterior, self.labels, 1)


def evaluate(classifier: Classifier, place: Path, corruptions: bool = False) -> Evaluation:
    """Judge a data set and count.

    Args:
        classifier: the release.
        place: a rendered set, a folder with an index, or a folder whose sub-folders are labels.
        corruptions: whether to judge it again after each corruption at each level.

    Raises:
        DataError: the set is empty or a photo cannot be read.
    """
    photos = read_data(place)
    judged = judge(classifier, photos)
    counted = {"sha256": data_hash(place), "photos": len(judged), **figures(judged, classifier)}
    if corruptions:
        counted["corruptions"] = corrupted_figures(classifier, photos)
    return Evaluation(counted, judged)


def figures(judged: Sequence[Judged], classifier: Classifier) -> Figures:
    """All figures of judged photos: of catalogue types, of no UAV and of other UAVs apart.

    Every label that is no class counts as another UAV; those labels are told, as a misspelt one is
    among them.

    What a type's name is worth to who does not know whether the UAV is in the catalogue is counted
    over both kinds of UAV.

    Log-loss, Brier score, calibration error, prediction sets and risk-coverage are over all
    photos whose right answer is a class, `not-a-uav` among them.
    """
    types = set(classifier.manifest.classes) - {NOT_A_UAV}
    known = [one for one in judged if one.photo.label in types]
    nothing = [one for one in judged if one.photo.label == NOT_A_UAV]
    others = [one for one in judged if one.photo.label not in types | {NOT_A_UAV}]
    return {
        "catalogue": {
            **ranking(known, classifier),
            **_confidence([*known, *nothing], classifier),
            **_named(known, classifier),
            "without_fragments": ranking(
                [one for one in known if one.photo.group != HOPELESS], classifier
            ),
            "by_type": _by(known, lambda one: one.photo.label, classifier),
            "by_group": _by(known, lambda one: one.photo.group, classifier),
        },
        "not_a_uav": {
            **_stated(nothing),
            **_told_apart(
                [1 - of_a_uav(one, classifier) for one in known],
                [1 - of_a_uav(one, classifier) for one in nothing],
            ),
            "by_group": _stated_by_group(nothing),
        },
        "other_uav": {
            **_stated(others),
            "labels": dict(sorted(Counter(one.photo.label for one in others).items())),
            **_told_apart([outside(one) for one in known], [outside(one) for one in others]),
        },
        "any_uav": {"types_right": _types_right([*known, *others])},
    }


def corrupted_figures(classifier: Classifier, photos: Sequence[LabelledPhoto]) -> Figures:
    """Figures after each corruption, one list of five levels each."""
    return {
        kind: [
            {"level": level, **_harmed(judge(classifier, photos, Harm(kind, level)), classifier)}
            for level in LEVELS
        ]
        for kind in CORRUPTIONS
    }


def ranking(judged: Sequence[Judged], classifier: Classifier) -> Figures:
    """How often the right type is first or among three candidates, and the right family first."""
    table = tabled(judged, classifier)
    candidates = of_types(table.posterior, classifier.manifest.classes)
    led, _ = leading_family(candidates, table.families)
    return {
        "top1": proportion(among_first(candidates, table.labels, 1)),
        "top3": proportion(among_first(candidates, table.labels, 3)),
        "family": proportion(led == np.array(table.families)[table.labels]),
    }


def tabled(judged: Sequence[Judged], classifier: Classifier) -> Table:
    """Photos whose labels are classes of the release, as arrays."""
    classes, families = classifier.manifest.classes, classifier.manifest.families
    rows = [one.posterior for one in judged]
    posterior = np.stack(rows) if rows else np.empty((0, len(classes)))
    labels = np.array([classes.index(one.photo.label) for one in judged], np.int64)
    return Table(posterior, labels, families)


def _confidence(judged: Sequence[Judged], classifier: Classifier) -> Figures:
    """What the probabilities are worth."""
    if not judged:
        return {}
    table = tabled(judged, classifier)
    sets = [one.result.prediction_set for one in judged]
    types = [found.types if found else () for found in sets]
    sizes = np.array([len(found) for found in types], np.float64)
    return {
        "macro_f1": bootstrapped(macro_f1, table.posterior, table.labels),
        "log_loss": bootstrapped(log_loss, table.posterior, table.labels),
        "brier": bootstrapped(brier, table.posterior, table.labels),
        "ece": bootstrapped(calibration_error, table.confidence, table.right),
        "ece_if_confidence_held": if_confidence_held(calibration_error, table.confidence),
        "aurc": bootstrapped(area_under_risks, table.confidence, table.right),
        "accuracy_at_50": proportion(accuracy_at(0.5, table.confidence, table.right)),
        "accuracy_at_80": proportion(accuracy_at(0.8, table.confidence, table.right)),
        "set_coverage": proportion(
            one.photo.label in found for one, found in zip(judged, types, strict=True)
        ),
        "set_size": bootstrapped(np.mean, sizes),
    }


def _named(judged: Sequence[Judged], classifier: Classifier) -> Figures:
    """The verdicts as shown, and how often the type or family that they name is the right one."""
    family_of = dict(zip(classifier.manifest.classes, classifier.manifest.families, strict=True))
    said = [(one.result.verdict, one.photo.label) for one in judged]
    return {
        **_stated(judged),
        "types_right": _types_right(judged),
        "families_right": proportion(
            v.id == family_of[label] for v, label in said if v.level == "family"
        ),
    }


def _types_right(judged: Sequence[Judged]) -> Figures:
    """How often the type that is named is the right one."""
    said = [(one.result.verdict, one.photo.label) for one in judged]
    return proportion(verdict.id == label for verdict, label in said if verdict.level == "type")


def _stated(judged: Sequence[Judged]) -> Figures:
    """The verdicts as shown, and how often one of them says that there is a UAV, or names one."""
    levels = [one.result.verdict.level for one in judged]
    return {
        "photos": len(judged),
        "verdicts": dict(sorted(Counter(levels).items())),
        "stated_uav": proportion(level in UAV_STATED for level in levels),
        "named_type": proportion(level == "type" for level in levels),
    }


def _stated_by_group(judged: Sequence[Judged]) -> Figures:
    return {name: _stated(members) for name, members in _groups(judged, _group).items()}


def _told_apart(inside: Sequence[float], outside: Sequence[float]) -> Figures:
    """How well a score separates photos of catalogue types from others."""
    samples = np.array(inside, np.float64), np.array(outside, np.float64)
    return {
        "auroc": bootstrapped(separation, *samples, paired=False),
        "fpr95": bootstrapped(false_alarms, *samples, paired=False),
    }


def of_a_uav(one: Judged, classifier: Classifier) -> float:
    """The probability that a photo shows a UAV."""
    return float(1 - one.posterior[classifier.manifest.classes.index(NOT_A_UAV)])


def outside(one: Judged) -> float:
    """The out-of-catalogue score of a photo."""
    found = one.result.out_of_catalogue
    return found.score if found else float("nan")


def _harmed(judged: Sequence[Judged], classifier: Classifier) -> Figures:
    """The short form of figures, for photos after a corruption."""
    types = set(classifier.manifest.classes) - {NOT_A_UAV}
    known = [one for one in judged if one.photo.label in types]
    nothing = [one for one in judged if one.photo.label == NOT_A_UAV]
    table = tabled([*known, *nothing], classifier)
    return {
        **ranking(known, classifier),
        "ece": calibration_error(table.confidence, table.right) if len(table.labels) else None,
        "stated_uav": _stated(nothing)["stated_uav"],
    }


def _by(judged: Sequence[Judged], key: Callable[[Judged], str], classifier: Classifier) -> Figures:
    return {name: ranking(members, classifier) for name, members in _groups(judged, key).items()}


def _groups(judged: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(key(one), []).append(one)
    return dict(sorted(groups.items()))


def _group(one: Judged) -> str:
    return one.photo.group
