"""How well five scores tell UAVs outside the catalogue: `outside.py FIT INSIDE OUTSIDE`.

Energy, GEN, ViM, KNN and Mahalanobis distance as pytorch-ood has them, with AUROC and FPR95. The
last three are fitted on the embeddings of the pictures in FIT. `wreckid release` uses the score
that `training/calibrate.py` names.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import safetensors.torch
import torch
from pytorch_ood.detector import GEN, KNN, EnergyBased, Mahalanobis, ViM
from torch import Tensor

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.preprocessing import to_array
from wreckid.model.release import Release, read_release, shipped_release
from wreckid.serving.engine import Engine
from wreckid.training.data import LabelledPhoto, read_data, read_picture
from wreckid.training.judging.measures import false_alarms, separation

TOGETHER = 32
NEIGHBOURS = 10
PRINCIPAL = 256
"""Dimensions that ViM takes for what is known."""


class Seen(NamedTuple):
    """Logits float[N, C] and embeddings float[N, D] of pictures, with their labels."""

    logits: Tensor
    embedding: Tensor
    labels: tuple[str, ...]


Score = Callable[[Seen], Tensor]


def look(release: Release, photos: tuple[LabelledPhoto, ...]) -> Seen:
    engine, spec = Engine(release), release.manifest.input
    runs = []
    for start in range(0, len(photos), TOGETHER):
        images = (read_picture(one.file, spec.size).image for one in photos[start:][:TOGETHER])
        runs.append(engine.run(np.stack([to_array(image, spec) for image in images])))
    return Seen(
        torch.from_numpy(np.concatenate([run.logits for run in runs])),
        torch.from_numpy(np.concatenate([run.embedding for run in runs])),
        tuple(photo.label for photo in photos),
    )


def scores(release: Release, fit: Seen) -> dict[str, Score]:
    manifest = release.manifest
    head = safetensors.torch.load_file(release.weights)
    names = sorted(set(fit.labels))
    labels = torch.tensor([names.index(label) for label in fit.labels])
    vim = ViM(None, PRINCIPAL, head["head.weight"].float(), head["head.bias"].float())
    fitted = [
        one.fit_features(fit.embedding, labels)
        for one in (vim, KNN(None, NEIGHBOURS), Mahalanobis(None))
    ]
    scaled = manifest.temperature
    return {
        "energy": lambda seen: EnergyBased.score(seen.logits, scaled),
        "GEN": lambda seen: GEN.score(seen.logits / scaled),
        **{type(one).__name__: _of_embedding(one.predict_features) for one in fitted},
    }


def _of_embedding(score: Callable[[Tensor], Tensor]) -> Score:
    return lambda seen: score(seen.embedding)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, words in (
        ("fit", "Pictures that the release was trained on."),
        ("inside", "Held-out pictures of its types."),
        ("outside", "Pictures of other UAVs."),
    ):
        parser.add_argument(name, type=Path, help=words)
    parser.add_argument("--release", type=Path, help="A release folder; the shipped one if unset.")
    parser.add_argument("--most", type=int, default=2400, help="Most pictures of FIT.")
    asked = parser.parse_args()
    release = read_release(asked.release) if asked.release else shipped_release()
    known = tuple(one for one in read_data(asked.inside) if one.label != NOT_A_UAV)
    fit = look(release, read_data(asked.fit)[: asked.most])
    inside, outside = look(release, known), look(release, read_data(asked.outside))
    print(f"{len(known)} pictures inside, {len(outside.labels)} outside; AUROC, FPR95")
    for name, score in scores(release, fit).items():
        told = _array(score(inside)), _array(score(outside))
        print(f"{name:12} {separation(*told):.3f} {false_alarms(*told):.3f}")


def _array(values: Tensor) -> npt.NDArray[np.float64]:
    return np.asarray(values.numpy(), np.float64)


if __name__ == "__main__":
    main()
