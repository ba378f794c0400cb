"""A training run -> a release: calibrate, export, prove, measure, write down."""

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wreckid.datasets.catalogue import catalogue
from wreckid.model.preprocessing import to_array
from wreckid.model.release import (
    CARD,
    METRICS,
    NETWORK,
    WEIGHTS,
    Release,
    ReleaseFacts,
    Training,
    write_release,
)
from wreckid.serving.classifier import Classifier
from wreckid.training.calibrate import Calibration, calibrate
from wreckid.training.config import PLACES, TrainConfig
from wreckid.training.data import (
    MANIFEST,
    LabelledPhoto,
    data_hash,
    manifest_rows,
    read_data,
    read_picture,
)
from wreckid.training.evaluate import evaluate, figures, judge
from wreckid.training.export import halved, onnx_bytes, parity, weights_bytes
from wreckid.training.finetune import Run

LIBRARIES = ("torch", "torchvision", "timm", "onnx", "onnxruntime", "mitsuba", "numpy", "pillow")
PARITY_PICTURES = 200


@dataclass(frozen=True)
class Publication:
    """What a release is called, where it goes, and the real photos it is measured on, if any."""

    name: str
    version: str
    folder: Path
    photos: Path | None


def publish(run: Run, wanted: Publication) -> Release:
    """Make a release of a run; half of the held-out pictures calibrate it, the rest measure it.

    A run on photos of one's own is calibrated on those set aside for it as well.

    Raises:
        ExportError: the exported network differs from the trained one.
        DataError: a data set cannot be read.
        ReleaseError: the release cannot be written.
    """
    heldout = read_data(run.config.heldout)
    own = read_data(run.config.calibration) if run.config.calibration else ()
    fitting, measuring = (*heldout[::2], *own), heldout[1::2]
    network = halved(run.network())
    calibration = calibrate(network, fitting, run.classes, run.input, run.config.seed)
    onnx = onnx_bytes(network, run.input.size)
    gap = parity(network, onnx, _arrays(run, measuring[:PARITY_PICTURES]))
    facts = _facts(run, wanted, calibration)
    files = {WEIGHTS: weights_bytes(network), NETWORK: onnx, METRICS: b"", CARD: b""}
    metrics = {"parity": gap, **_measure(facts, files, measuring, wanted.photos)}
    files[METRICS] = (json.dumps(metrics, indent=1, ensure_ascii=False) + "\n").encode()
    files[CARD] = _card(
        facts,
        metrics,
        heldout_renders=len(fitting) - len(own),
        own_photos=len(read_data(run.config.photos)) if run.config.photos else 0,
        calibration_photos=len(own),
        backdrops=_backdrops(run.config.train),
    ).encode()
    return write_release(wanted.folder / wanted.name, facts, files)


def _arrays(run: Run, photos: Sequence[LabelledPhoto]) -> np.ndarray[Any, np.dtype[np.float32]]:
    images = (read_picture(photo.file, run.input.size).image for photo in photos)
    return np.stack([to_array(image, run.input) for image in images])


def _facts(run: Run, wanted: Publication, calibration: Calibration) -> ReleaseFacts:
    return ReleaseFacts(
        name=wanted.name,
        version=wanted.version,
        architecture=run.config.architecture,
        input=run.input,
        classes=run.classes,
        families=catalogue().families_of(run.classes),
        temperature=calibration.temperature,
        prediction_set=calibration.prediction_set,
        out_of_catalogue=calibration.out_of_catalogue,
        verdict=calibration.verdict,
        training=Training(
            commit=_commit(),
            seed=run.config.seed,
            pictures=run.pictures,
            data=_hashes(run.config),
            libraries={name: version(name) for name in LIBRARIES},
            config=run.config.model_dump(mode="json", exclude=set(PLACES)),
        ),
        starting_weights=run.starting_weights,
    )


def _hashes(config: TrainConfig) -> dict[str, str]:
    """Of each data set that the run used, by what it was used for."""
    sets = (name for name in PLACES if name != "from_release" and getattr(config, name))
    return {name: data_hash(getattr(config, name)) for name in sets}


def _commit() -> str:
    """The commit of the code, where it is run from a checkout."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


def _measure(
    facts: ReleaseFacts,
    files: Mapping[str, bytes],
    heldout: Sequence[LabelledPhoto],
    photos: Path | None,
) -> dict[str, Any]:
    """Figures of the release as it would be served, from a copy that has no figures yet."""
    with tempfile.TemporaryDirectory() as folder:
        classifier = Classifier(write_release(Path(folder), facts, files), catalogue())
        metrics: dict[str, Any] = {"heldout": figures(judge(classifier, heldout), classifier)}
        if photos is not None:
            metrics["photos"] = evaluate(classifier, photos)
    return metrics


def _backdrops(place: Path) -> int:
    """Rendered pictures that stand before a real photo."""
    rows = manifest_rows(place) if (place / MANIFEST).is_file() else []
    return sum(row.get("setting") == "backdrop" for row in rows)


def _card(facts: ReleaseFacts, metrics: Mapping[str, Any], **counts: int) -> str:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    templates.filters["share"] = _share
    return templates.get_template("card.md.jinja").render(facts=facts, metrics=metrics, **counts)


def _share(figure: Mapping[str, float]) -> str:
    """`71.4 % (58.2 to 81.8, 54 photos)`."""
    if not figure["count"]:
        return "no photos"
    value, low, high = (100 * figure[key] for key in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f}, {figure['count']} photos)"
