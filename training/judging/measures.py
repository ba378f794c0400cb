"""What is counted over photos: pure functions on arrays of N photos and C classes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score, roc_curve
from sklearn.metrics import log_loss as mean_log_loss
from torchmetrics.functional.classification import binary_calibration_error

from wreckid.datasets.catalogue import NOT_A_UAV

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BINS = 15
"""Of the expected calibration error, equally wide."""


def of_types(posterior: Floats, classes: Sequence[str]) -> Floats:
    """The probabilities of candidates alone, posterior[..., C] with 0 for `not-a-uav`."""
    return np.where(np.array(classes) == NOT_A_UAV, 0.0, posterior)


def among_first(posterior: Floats, labels: Ints, count: int) -> Flags:
    """Whether the right class is among the most probable, bool[N], for posterior[N, C]."""
    leading = np.argsort(-posterior, axis=1, kind="stable")[:, :count]
    return np.asarray((leading == labels[:, None]).any(axis=1))


def macro_f1(posterior: Floats, labels: Ints) -> float:
    """Mean F1 of the classes that occur, each counted alike."""
    occurring = np.unique(labels)
    guesses = posterior.argmax(axis=1)
    return float(f1_score(labels, guesses, labels=occurring, average="macro", zero_division=0))


def log_loss(posterior: Floats, labels: Ints) -> float:
    """Mean negative logarithm of the right class's probability."""
    return float(mean_log_loss(labels, posterior, labels=np.arange(posterior.shape[1])))


def brier(posterior: Floats, labels: Ints) -> float:
    """Mean squared error over all classes, between 0 and 2 (Brier, 1950)."""
    classes = np.arange(posterior.shape[1])
    return float(brier_score_loss(labels, posterior, labels=classes, scale_by_half=False))


def calibration_error(confidence: Floats, right: Flags) -> float:
    """Expected calibration error over equally wide bins (Naeini et al., 2015)."""
    error = binary_calibration_error(
        torch.from_numpy(confidence.copy()), torch.from_numpy(right.copy()).long(), n_bins=BINS
    )
    return float(error)


def risks(confidence: Floats, right: Flags) -> Floats:
    """Share of wrong answers among the 1, 2, ... N surest ones (El-Yaniv and Wiener, 2010)."""
    surest = np.argsort(-confidence, kind="stable")
    return np.asarray(np.cumsum(~right[surest]) / np.arange(1, len(right) + 1))


def area_under_risks(confidence: Floats, right: Flags) -> float:
    """AURC: the mean risk over all coverages (Geifman et al., 2019); lower is better."""
    return float(risks(confidence, right).mean())


def accuracy_at(coverage: float, confidence: Floats, right: Flags) -> Flags:
    """Whether each of the surest photos, so large a share of all, is right; bool[M]."""
    surest = np.argsort(-confidence, kind="stable")
    return right[surest[: int(np.ceil(coverage * len(right)))]]


def separation(inside: Floats, outside: Floats) -> float:
    """AUROC: how often a photo from outside has the higher score of two."""
    return float(roc_auc_score(*_told_apart(inside, outside)))


def false_alarms(inside: Floats, outside: Floats) -> float:
    """FPR95: share of inside photos above the score that 95 % of outside ones reach."""
    alarms, found, _ = roc_curve(*_told_apart(inside, outside), drop_intermediate=False)
    return float(alarms[np.argmax(found >= 0.95)])


def _told_apart(inside: Floats, outside: Floats) -> tuple[Ints, Floats]:
    truth = np.repeat(np.array([0, 1]), [len(inside), len(outside)])
    return truth, np.concatenate([inside, outside])
