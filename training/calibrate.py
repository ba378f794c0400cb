"""Fit what turns logits into confidence: temperature, prediction sets, thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss
from torch.utils.data import ConcatDataset, DataLoader

from wreckid.model.confidence import energy, probabilities
from wreckid.model.network import WreckNetwork
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import OutOfCatalogueRule, PredictionSetRule
from wreckid.model.verdict import Thresholds
from wreckid.training.data import EvaluationSet, LabelledPhoto, TrainingSet

Array = npt.NDArray[np.float64]

COVERAGE = 0.9
"""Share of items whose prediction set holds the right class."""
ACCEPTED = 0.95
"""Share of catalogue items whose energy stays below the out-of-catalogue threshold."""
POLICY = Thresholds(type=0.6, family=0.6, uav=0.8, not_a_uav=0.6)
"""The probability that each verdict needs; a matter of policy, not of fit."""


@dataclass(frozen=True)
class Calibration:
    """What is fitted, as it stands in a release's manifest."""

    temperature: float
    prediction_set: PredictionSetRule
    out_of_catalogue: OutOfCatalogueRule
    verdict: Thresholds


def calibrate(
    network: WreckNetwork,
    photos: Sequence[LabelledPhoto],
    classes: Sequence[str],
    spec: InputSpec,
    seed: int,
) -> Calibration:
    """Fit on held-out pictures, once as they are and once corrupted as in training."""
    torch.manual_seed(seed)
    as_they_are, corrupted = (
        prepare(photos, classes, spec) for prepare in (EvaluationSet, TrainingSet)
    )
    both: ConcatDataset[tuple[torch.Tensor, int]] = ConcatDataset([as_they_are, corrupted])
    logits, labels = predict(network, both)
    temperature = fit_temperature(logits, labels)
    right = probabilities(logits, temperature)[np.arange(len(labels)), labels]
    threshold = float(np.quantile(energy(logits, temperature), ACCEPTED))
    return Calibration(
        temperature,
        PredictionSetRule(coverage=COVERAGE, quantile=conformal_quantile(1 - right, COVERAGE)),
        OutOfCatalogueRule(score="energy", threshold=threshold),
        POLICY,
    )


@torch.inference_mode()
def predict(
    network: WreckNetwork, pictures: torch.utils.data.Dataset[tuple[torch.Tensor, int]]
) -> tuple[Array, npt.NDArray[np.int64]]:
    """Logits float[N, C] and labels int[N] of a set of pictures."""
    batches = [(network(x).logits.numpy(), y) for x, y in DataLoader(pictures, 64)]
    logits = np.concatenate([values for values, _ in batches]).astype(np.float64)
    return logits, np.concatenate([np.asarray(labels) for _, labels in batches])


def fit_temperature(logits: Array, labels: npt.NDArray[np.int64]) -> float:
    """The temperature of least log-loss (Guo et al., 2017), between 0.05 and 20."""

    def loss(log_temperature: float) -> float:
        shares = probabilities(logits, float(np.exp(log_temperature)))
        return float(log_loss(labels, shares, labels=np.arange(logits.shape[1])))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def conformal_quantile(scores: Array, coverage: float) -> float:
    """The split-conformal quantile of calibration scores (Vovk et al., 2005)."""
    level = min(1.0, np.ceil((len(scores) + 1) * coverage) / len(scores))
    return float(np.quantile(scores, level, method="higher"))
