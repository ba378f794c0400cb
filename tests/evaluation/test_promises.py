"""The shipped release keeps what its metrics say, and the floors that are written down.

On `datasets/heldout`, and on the labelled real photos that WRECKID_PHOTOS names.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from onnx import numpy_helper

from wreckid.datasets import catalogue as rooms
from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import (
    CARD,
    METRICS,
    NETWORK,
    WEIGHTS,
    Release,
    ReleaseFacts,
    shipped_release,
    write_release,
)
from wreckid.serving.classifier import Classifier
from wreckid.training.data import data_hash, read_data
from wreckid.training.judging.figures import figures
from wreckid.training.judging.judged import judge

HELDOUT = Path(rooms.__file__).parent / "heldout"
FLOORS = yaml.safe_load(Path(__file__).with_name("floors.yaml").read_text(encoding="utf-8"))
PLACES = {"heldout": HELDOUT, "photos": Path(os.environ.get("WRECKID_PHOTOS", "unset"))}
SHARES = ("top1", "top3", "family")
TOLERANCE = 0.02
"""Between two machines, on the very pictures of the metrics."""
FEW = 100
"""Pictures that are enough to find out weak weights."""
MANY = round(1 / TOLERANCE)
"""Pictures of which one moves a share by no more than the tolerance: floors of fewer are held
against intervals."""
NOISE = 5
"""Standard deviation of what is added to the head's weights, in theirs."""


def here(name: str) -> Path:
    if name == "photos" and "WRECKID_PHOTOS" not in os.environ:
        pytest.skip("WRECKID_PHOTOS names no photos")
    return PLACES[name]


def known_figures(release: Release, place: Path, most: int | None = None) -> dict[str, Any]:
    classifier = Classifier(release, catalogue())
    judged = judge(classifier, read_data(place)[:most])
    return dict(figures(judged, classifier)["catalogue"])


def shortfalls(found: dict[str, Any], stated: dict[str, Any], same: bool) -> Iterator[str]:
    """What falls short of the release's own metrics.

    On the same pictures figures must agree; on others their intervals must overlap.
    """
    for name in SHARES:
        least = stated[name]["value"] - TOLERANCE if same else stated[name]["low"]
        reached = found[name]["value" if same else "high"]
        if reached < least:
            yield f"{name} reaches {reached}, not {least}"


def below_floors(found: dict[str, Any], floors: dict[str, Any]) -> Iterator[str]:
    """What lies beyond its floor; of few pictures, what does with its whole interval."""
    for name, floor in floors["at_least"].items():
        reached = end(found[name], "high")
        if reached < floor:
            yield f"{name} reaches {reached}, not {floor}"
    for name, ceiling in floors["at_most"].items():
        kept = end(found[name], "low")
        if kept > ceiling:
            yield f"{name} is {kept} or more, above {ceiling}"


def end(figure: dict[str, float], of_few: str) -> float:
    return figure["value" if figure["count"] >= MANY else of_few]


def stated_metrics(release: Release) -> dict[str, Any]:
    return dict(json.loads(release.metrics.read_text(encoding="utf-8")))


def weakened(release: Release, folder: Path) -> Release:
    """The release with its head's weights drowned in noise, as careless training leaves it."""
    model = onnx.load_from_string(release.network.read_bytes())
    classes = len(release.manifest.classes)
    rng = np.random.default_rng(1)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.shape[:1] == (classes,) and values.ndim > 1:
            noisy = values + rng.normal(0, NOISE * values.std(), values.shape)
            tensor.CopyFrom(numpy_helper.from_array(noisy.astype(values.dtype), tensor.name))
    facts = ReleaseFacts(**release.manifest.model_dump(exclude={"files"}))
    files = {
        WEIGHTS: b"",
        NETWORK: bytes(model.SerializeToString()),
        METRICS: release.metrics.read_bytes(),
        CARD: b"",
    }
    return write_release(folder, facts, files)


@pytest.mark.parametrize("name", PLACES)
def test_the_shipped_release_keeps_its_promises(name: str) -> None:
    place, release = here(name), shipped_release()
    stated = stated_metrics(release)[name]
    found = known_figures(release, place)
    same = stated.get("sha256") == data_hash(place)
    assert same or name == "photos"
    assert list(shortfalls(found, stated["catalogue"], same)) == []
    assert list(below_floors(found, FLOORS[name])) == []


def test_on_the_same_pictures_a_release_may_not_fall_short_of_its_metrics() -> None:
    stated = stated_metrics(shipped_release())["heldout"]["catalogue"]
    worse = {name: stated[name] | {"value": stated[name]["value"] - 0.03} for name in SHARES}
    assert not list(shortfalls(stated, stated, same=True))
    assert len(list(shortfalls(worse, stated, same=True))) == len(SHARES)
    assert not list(shortfalls(worse, stated, same=False))


def test_a_floor_is_held_against_the_interval_of_few_pictures() -> None:
    floors = {"at_least": {"top1": 0.5}, "at_most": {}}
    figure = {"value": 0.48, "low": 0.3, "high": 0.66}
    assert not list(below_floors({"top1": figure | {"count": 25}}, floors))
    assert list(below_floors({"top1": figure | {"count": MANY}}, floors))
    assert list(below_floors({"top1": figure | {"count": 25, "high": 0.49}}, floors))


def test_weaker_weights_are_found_out(tmp_path: Path) -> None:
    place, release = here("heldout"), shipped_release()
    weak = weakened(release, tmp_path)
    stated = stated_metrics(release)["heldout"]["catalogue"]
    found = known_figures(weak, place, FEW)
    assert list(shortfalls(found, stated, same=False))
    assert list(below_floors(found, FLOORS["heldout"]))
