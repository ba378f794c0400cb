"""Fit what turns logits into confidence: temperature, prediction sets, thresholds.

What is fitted here are promises about pictures like those it is fitted on. Prediction sets hold
the right class as often as stated (split conformal prediction, Vovk et al., 2005). A threshold is
the most permissive one that can be shown to keep its promises, each with 90 % confidence (Learn
then Test, Angelopoulos et al., 2022); where none can, the strictest one stands in.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np
import numpy.typing as npt
from mapie.conformity_scores import LACConformityScore
from mapie.risk_control import BinaryClassificationController
from PIL import Image
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.confidence import OUTSIDE, OutsideScore, leading_family, probabilities
from wreckid.model.looking import Gaze, SecondLook
from wreckid.model.outputs import stacked
from wreckid.model.preprocessing import InputSpec, to_array
from wreckid.model.release import CalibrationFacts, OutOfCatalogueRule, PredictionSetRule
from wreckid.model.verdict import Thresholds
from wreckid.serving.sight import decoded_side, small
from wreckid.training.data import DataError, LabelledPhoto, read_picture
from wreckid.training.judging.corruptions import corrupted_at_random
from wreckid.training.judging.measures import among_first, of_types

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

COVERAGE = 0.9
"""Share of items whose prediction set holds the right class."""
ACCEPTED = 0.95
"""Share of items that do not look as if they were outside the catalogue."""
OUTSIDE_SCORE: OutsideScore = "gen"
"""Chosen by measurement: benchmarks/outside.py."""
SECOND_LOOK = SecondLook(probability=0.99, largest=0.5, mirrored=True)
"""Chosen by measurement: docs/experiments.md."""
CONFIDENCE = 0.9
"""That a fitted threshold keeps its promise."""


@dataclass(frozen=True)
class Promise:
    """What a threshold is to keep.

    Attributes:
        risk: as MAPIE names it.
        level: the least precision or the largest risk.
        tried: thresholds.
        order: how MAPIE corrects for trying several.
    """

    risk: str
    level: float
    tried: Floats
    order: str


RIGHT = Promise("precision", 0.8, np.linspace(0.5, 0.95, 10), "bonferroni_holm")
"""So large a share of what is named is right."""
STRICTEST = 0.99
"""The threshold of a statement for which none is shown to keep its promises."""
RARE = Promise("fpr", 0.05, np.linspace(STRICTEST, 0.5, 50), "fixed_sequence")
"""At most so large a share of pictures of which the statement is wrong get it."""

LEAST = 10
"""Fewest pictures of UAVs that anything can be fitted on."""
ENOUGH = 300
"""Real photos from which on confidence is fitted on them, and not on renders."""
ENOUGH_OF_A_KIND = ceil(log(1 - CONFIDENCE) / log(1 - RARE.level))
"""As many of them with a UAV and without one: fewer never show that something is rare."""


@dataclass(frozen=True)
class Calibration:
    """What is fitted, as it stands in a release's manifest."""

    temperature: float
    prediction_set: PredictionSetRule
    out_of_catalogue: OutOfCatalogueRule
    verdict: Thresholds
    facts: CalibrationFacts


@dataclass(frozen=True)
class Sample:
    """Pictures that are like those to come: real photos as they are, or corrupted renders."""

    pictures: tuple[LabelledPhoto, ...]
    real: bool
    photos_offered: int


def sample(
    renders: Sequence[LabelledPhoto], photos: Sequence[LabelledPhoto], classes: Sequence[str]
) -> Sample:
    """What confidence is fitted on: real photos of the network's classes if they are enough.

    Raises:
        DataError: there are too few of UAVs.
    """
    known = tuple(photo for photo in photos if photo.label in classes)
    fewer = min(_of_uavs(known), len(known) - _of_uavs(known))
    real = len(known) >= ENOUGH and fewer >= ENOUGH_OF_A_KIND
    chosen = known if real else tuple(renders)
    if (count := _of_uavs(chosen)) < LEAST:
        raise DataError(f"Confidence cannot be fitted on {count} pictures of UAVs: render more.")
    return Sample(chosen, real, len(known))


def _of_uavs(pictures: Sequence[LabelledPhoto]) -> int:
    return sum(picture.label != NOT_A_UAV for picture in pictures)


def calibrate(gaze: Gaze, fitting: Sample, classes: Sequence[str], seed: int) -> Calibration:
    """Fit on pictures that were not trained on; renders are corrupted at random, photos not.

    Args:
        gaze: gives the logits.
        fitting: the pictures.
        classes: of the network, in its order.
        seed: of the corruptions.
    """
    families = catalogue().families_of(tuple(classes))
    logits, labels = predict(gaze, fitting, classes, seed)
    temperature = fit_temperature(logits, labels)
    posterior = probabilities(logits, temperature)
    thresholds, uncertified = fit_thresholds(posterior, labels, classes, families)
    scores = OUTSIDE[OUTSIDE_SCORE](logits, temperature)[labels != classes.index(NOT_A_UAV)]
    return Calibration(
        temperature,
        PredictionSetRule(coverage=COVERAGE, quantile=conformal_quantile(posterior, labels)),
        OutOfCatalogueRule(score=OUTSIDE_SCORE, threshold=float(np.quantile(scores, ACCEPTED))),
        thresholds,
        CalibrationFacts(
            source="photos" if fitting.real else "renders",
            pictures=len(fitting.pictures),
            photos_offered=fitting.photos_offered,
            uncertified=uncertified,
        ),
    )


def predict(gaze: Gaze, fitting: Sample, classes: Sequence[str], seed: int) -> tuple[Floats, Ints]:
    """Logits float[N, C] and labels int[N] of pictures, looked at as the service looks."""
    numbers = {name: number for number, name in enumerate(classes)}
    images = (_image(fitting, number, gaze.spec, seed) for number in range(len(fitting.pictures)))
    outputs = [next(gaze.look([to_array(image, gaze.spec)], [small(image)]))[0] for image in images]
    labels = np.array([numbers[photo.label] for photo in fitting.pictures])
    return stacked(outputs).logits.astype(np.float64), labels


def _image(fitting: Sample, number: int, spec: InputSpec, seed: int) -> Image.Image:
    image = read_picture(fitting.pictures[number].file, decoded_side(spec)).image
    if fitting.real:
        return image
    return corrupted_at_random(image, np.random.default_rng([seed, number]))


def fit_temperature(logits: Floats, labels: Ints) -> float:
    """The temperature of least log-loss (Guo et al., 2017), between 0.05 and 20."""

    def loss(log_temperature: float) -> float:
        shares = probabilities(logits, float(np.exp(log_temperature)))
        return float(log_loss(labels, shares, labels=np.arange(logits.shape[1])))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(found.x))


def conformal_quantile(posterior: Floats, labels: Ints) -> float:
    """The largest score 1 - p that a prediction set admits, from posterior[N, C]."""
    rule = LACConformityScore()
    scores = rule.get_conformity_scores(labels, posterior, y_enc=labels)
    (quantile,) = rule.get_conformity_score_quantiles(scores, np.array([1 - COVERAGE]), "prefit")
    return float(quantile)


def fit_thresholds(
    posterior: Floats, labels: Ints, classes: Sequence[str], families: Sequence[str]
) -> tuple[Thresholds, tuple[str, ...]]:
    """The probability that each verdict needs, and for which of them no promise could be shown.

    Types and families are to be named rightly, and hardly ever where there is no UAV; "a UAV"
    is hardly ever to be said of something else, nor "not a UAV" of a UAV. The leading family is
    to be right wherever it reaches its threshold, also where a type of it is named instead.
    """
    none = classes.index(NOT_A_UAV)
    no_uav, is_uav = posterior[:, none], labels != none
    types = of_types(posterior, classes)
    type_, of_type = types.max(axis=1), among_first(types, labels, 1)
    led, family = leading_family(posterior, families)
    of_family = led == np.array(families)[labels]
    wanted = {
        "type": ((RIGHT, type_, of_type), (RARE, type_, is_uav)),
        "family": ((RIGHT, family, of_family), (RARE, family, is_uav)),
        "uav": ((RARE, 1 - no_uav, is_uav),),
        "not_a_uav": ((RARE, no_uav, ~is_uav),),
    }
    kept = {
        name: min(set.intersection(*(_keeping(*one) for one in promises)), default=None)
        for name, promises in wanted.items()
    }
    fitted = {name: STRICTEST if value is None else value for name, value in kept.items()}
    return Thresholds(**fitted), tuple(name for name, value in kept.items() if value is None)


def _keeping(promise: Promise, probability: Floats, right: Flags) -> set[float]:
    """The thresholds that are shown to keep a promise.

    What is rare above a threshold is rare above a higher one; what is right need not be, so that
    two promises of a statement are kept only where each is.

    Args:
        promise: what is to be kept.
        probability: float[N], of the statement, one a picture.
        right: bool[N], whether the statement is right.
    """
    if not right.any() or (promise is RARE and right.all()):
        return set()
    controller = BinaryClassificationController(
        lambda p: np.column_stack([1 - p, p]),
        promise.risk,
        promise.level,
        confidence_level=CONFIDENCE,
        list_predict_params=promise.tried,
        fwer_method=promise.order,
    )
    with warnings.catch_warnings(action="ignore"):  # It warns where no threshold is found.
        controller.calibrate(probability, right.astype(int))
    return {round(float(found), 2) for found in controller.valid_predict_params}
