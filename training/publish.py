"""A training run -> a release: calibrate, export, prove, measure, write down."""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.datasets.rendered import MANIFEST
from wreckid.model.looking import Gaze
from wreckid.model.network import WreckNetwork
from wreckid.model.outputs import Outputs
from wreckid.model.preprocessing import to_array
from wreckid.model.release import (
    CARD,
    METRICS,
    NAME,
    NETWORK,
    WEIGHTS,
    Release,
    ReleaseError,
    ReleaseFacts,
    Training,
    holds_release,
    write_release,
)
from wreckid.serving.classifier import Classifier
from wreckid.training.calibrate import SECOND_LOOK, Calibration, Sample, calibrate, sample
from wreckid.training.card import Shares, card, is_change_log, noted
from wreckid.training.config import PLACES
from wreckid.training.data import (
    DataError,
    LabelledPhoto,
    data_hash,
    data_hashes,
    manifest_rows,
    read_data,
    read_picture,
)
from wreckid.training.environment import OWN_PHOTOS, RELEASING, TEACHER, versions
from wreckid.training.export import halved, onnx_bytes, parity, weights_bytes
from wreckid.training.judging.figures import evaluate, figures
from wreckid.training.judging.judged import judge
from wreckid.training.material import Material
from wreckid.training.run import Run
from wreckid.training.split import Split, refuse_seen, split_heldout

PARITY_PICTURES = 200
CHANGES = "CHANGELOG.md"
"""What changed from release to release, beside their folders."""


@dataclass(frozen=True)
class Publication:
    """What a release is called, where it goes, and the pictures it is fitted and measured on.

    Attributes:
        name: of the release and of its folder.
        version: of the release.
        folder: where releases lie.
        heldout: rendered set to measure on; without one, half of the run's held-out pictures
            fit confidence and the other half measure it.
        photos: real photos to measure on, if any.
        fitting: other real photos, to fit confidence on if they are enough.
        size: input side in pixels, which may be larger than what the network learnt at, since
            random crops show wrecks larger there (FixRes, Touvron et al., 2019); None for that.
    """

    name: str
    version: str
    folder: Path
    heldout: Path | None = None
    photos: Path | None = None
    fitting: Path | None = None
    size: int | None = None


def publish(run: Run, wanted: Publication) -> Release:
    """Make a release of a run, and note it among the changes beside it.

    A run on photos of one's own is calibrated on those set aside for it if they are enough.

    Raises:
        ExportError: the exported network differs from the trained one.
        DataError: a data set cannot be read, is too small, or shares pictures with another.
        ReleaseError: the release cannot be written, or one of its name is there.
    """
    place = _new_place(wanted)
    _refuse_changed_photos(run)
    if wanted.size is not None:
        run = replace(run, input=run.input.model_copy(update={"size": wanted.size}))
    split = split_heldout(run.config.heldout, wanted.heldout)
    network = halved(run.network())
    fitting = _sample(run, split, wanted.fitting or run.config.calibration)
    photos = read_data(wanted.photos) if wanted.photos else ()
    material = Material.read(run.config)
    refuse_seen([*split.measuring, *photos], [*material.all, *fitting.pictures])
    calibration = calibrate(_gaze(run, network), fitting, run.classes, run.config.seed)
    onnx = onnx_bytes(network, run.input.size)
    proving = [*split.measuring, *split.fitting][:PARITY_PICTURES]
    gap = parity(network, onnx, _arrays(run, proving))
    facts = _facts(run, wanted, calibration)
    files = {WEIGHTS: weights_bytes(network), NETWORK: onnx, METRICS: b"", CARD: b""}
    proof = {"parity": gap, "parity_pictures": len(proving)}
    metrics = {**proof, **_measure(facts, files, split, wanted.photos)}
    files[METRICS] = (json.dumps(metrics, indent=1, ensure_ascii=False) + "\n").encode()
    files[CARD] = card(facts, metrics, _shares(run, material)).encode()
    release = write_release(place, facts, files)
    _note(wanted.folder / CHANGES, facts, metrics)
    return release


def _new_place(wanted: Publication) -> Path:
    """The folder of the release; what people rely on is never written over."""
    if not re.match(NAME, wanted.name):
        raise ReleaseError(f"{wanted.name!r} is no name: use letters, digits, `_`, `.` and `-`.")
    place, changes = wanted.folder / wanted.name, wanted.folder / CHANGES
    if holds_release(place):
        raise ReleaseError(f"{place} holds a release: give this one another --name or --out.")
    if not is_change_log(_text(changes)):
        raise ReleaseError(f"{changes} tells of other changes than models': choose another --out.")
    return place


def _refuse_changed_photos(run: Run) -> None:
    """Photos that a run learnt from tell which may not measure it only as they were.

    Raises:
        DataError: they have changed.
    """
    photos, then = run.config.photos, run.provenance.data.get(OWN_PHOTOS)
    if photos is not None and then is not None and data_hash(photos) != then:
        raise DataError(
            f"{photos} has changed since it was learnt from: put it back or train anew."
        )


def _gaze(run: Run, network: WreckNetwork) -> Gaze:
    return Gaze(partial(_said, network), run.input, run.classes.index(NOT_A_UAV), SECOND_LOOK)


@torch.inference_mode()
def _said(network: WreckNetwork, batch: npt.NDArray[np.float32]) -> Outputs:
    return Outputs(*(part.numpy() for part in network(torch.from_numpy(batch))))


def _sample(run: Run, split: Split, photos: Path | None) -> Sample:
    real = read_data(photos) if photos else ()
    return sample(split.fitting, real, run.classes)


def _arrays(run: Run, photos: Sequence[LabelledPhoto]) -> npt.NDArray[np.float32]:
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
        second_look=SECOND_LOOK,
        temperature=calibration.temperature,
        prediction_set=calibration.prediction_set,
        out_of_catalogue=calibration.out_of_catalogue,
        verdict=calibration.verdict,
        calibration=calibration.facts,
        training=Training(
            commit=run.provenance.commit,
            seed=run.config.seed,
            pictures=run.pictures,
            data=_data(run, wanted),
            libraries={**run.provenance.libraries, **versions(RELEASING)},
            config=run.config.model_dump(mode="json", exclude=set(PLACES)),
        ),
        starting_weights=run.starting_weights,
    )


def _data(run: Run, wanted: Publication) -> dict[str, str]:
    """The hash of each data set that had a part in the release.

    What the run learnt from is as it was then; what the release reads, as it is now.
    """
    read_now = {
        "heldout": run.config.heldout,
        "measuring": wanted.heldout,
        "photos": wanted.photos,
        "fitting": wanted.fitting or run.config.calibration,
    }
    return {**run.provenance.data, **data_hashes(read_now)}


def _measure(
    facts: ReleaseFacts, files: Mapping[str, bytes], split: Split, photos: Path | None
) -> dict[str, Any]:
    """Figures of the release as it would be served, from a copy that has no figures yet."""
    with tempfile.TemporaryDirectory() as folder:
        classifier = Classifier(write_release(Path(folder), facts, files), catalogue())
        judged = judge(classifier, split.measuring)
        heldout = {"sha256": split.sha256, "photos": len(judged), **figures(judged, classifier)}
        metrics: dict[str, Any] = {"heldout": heldout}
        if photos is not None:
            metrics["photos"] = evaluate(classifier, photos).figures
    return metrics


def _shares(run: Run, material: Material) -> Shares:
    rendered = (run.config.train / MANIFEST).is_file()
    settings = [row.get("setting") for row in manifest_rows(run.config.train)] if rendered else []
    data = run.provenance.data
    return Shares(
        scenes=len(material.scenes) if rendered else 0,
        backdrops=settings.count("backdrop"),
        sketches=len(material.sketches),
        own_photos=len(material.photos) + (0 if rendered else len(material.scenes)),
        photos_before=any(name.startswith(f"{OWN_PHOTOS} of ") for name in data),
        teachers=[sha256 for name, sha256 in data.items() if name.startswith(TEACHER)],
    )


def _note(file: Path, facts: ReleaseFacts, metrics: Mapping[str, Any]) -> None:
    file.write_text(noted(_text(file), facts, metrics), encoding="utf-8")


def _text(file: Path) -> str:
    """The text of a file, empty if there is none."""
    return file.read_text(encoding="utf-8") if file.is_file() else ""
