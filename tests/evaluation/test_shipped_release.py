"""The release that is shipped: these tests fail as long as there is none in model/released."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.datasets.pictures.threads import one_thread
from wreckid.datasets.places.surroundings import Surroundings
from wreckid.datasets.render import RenderJob, render_one, subjects
from wreckid.model.network import create_network
from wreckid.model.preprocessing import to_array
from wreckid.model.release import Release, shipped_release
from wreckid.serving.classifier import Classifier
from wreckid.serving.engine import Engine
from wreckid.training.data import LabelledPhoto, read_picture
from wreckid.training.judging.figures import figures
from wreckid.training.judging.judged import judge

MOST_BYTES = 40_000_000
UNSEEN_SEED = 424_242
"""Neither trained nor measured on."""
PICTURES = 20
SHARE = re.compile(r"(\d+\.\d) % \((\d+\.\d) to (\d+\.\d), (\d+) photos\)")

TRAINED = re.compile(r"Trained on (\d+) rendered scenes(?: and (\d+) quick sketches)?")


@pytest.fixture(scope="module")
def shipped() -> Release:
    """Verified, with every hash, by reading it."""
    return shipped_release()


@pytest.fixture(scope="module")
def metrics(shipped: Release) -> dict[str, Any]:
    return dict(json.loads(shipped.metrics.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def made_set(tmp_path_factory: pytest.TempPathFactory) -> tuple[LabelledPhoto, ...]:
    """A few renders of a seed that no release has seen, without real backgrounds or skies."""
    one_thread()
    folder = tmp_path_factory.mktemp("made")
    (folder / "pictures").mkdir()
    job = RenderJob(subjects(catalogue()), Surroundings(), UNSEEN_SEED, 160, folder)
    rows = (render_one(job, number) for number in range(PICTURES))
    return tuple(LabelledPhoto(folder / row["file"], row["type"], row["damage"]) for row in rows)


def numbers(value: Any) -> Iterator[float]:
    """Every number in a tree of figures."""
    if isinstance(value, dict):
        for part in value.values():
            yield from numbers(part)
    elif isinstance(value, int | float):
        yield value


def test_its_classes_are_types_of_the_catalogue_and_no_uav(shipped: Release) -> None:
    assert set(shipped.manifest.classes) <= {*catalogue().types, NOT_A_UAV}
    assert shipped.manifest.families == catalogue().families_of(shipped.manifest.classes)


def test_it_is_small_enough_to_ship(shipped: Release) -> None:
    files = [file for file in shipped.folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {"manifest.json", *shipped.manifest.files}
    assert sum(file.stat().st_size for file in files) <= MOST_BYTES


def test_it_tells_nothing_of_the_machine_that_made_it(shipped: Release) -> None:
    told = b"".join(file.read_bytes() for file in shipped.folder.iterdir())
    assert not any(one in told for one in (b"stack_trace", b"site-packages", b"/home/", b"/work/"))


def test_it_says_what_it_was_made_from(shipped: Release) -> None:
    training = shipped.manifest.training
    assert training.pictures > 1000
    assert {"train", "heldout"} <= training.data.keys()
    assert training.data["train"] != training.data["heldout"]
    assert re.search(r"[0-9a-f]{7,}", training.commit)
    assert {"torch", "timm", "onnx", "onnxruntime"} <= training.libraries.keys()
    assert shipped.manifest.starting_weights.licence == "Apache-2.0"


def test_its_onnx_says_what_its_weights_say(
    shipped: Release, made_set: tuple[LabelledPhoto, ...]
) -> None:
    manifest = shipped.manifest
    network = create_network(manifest.architecture, len(manifest.classes))
    weights = safetensors.torch.load_file(shipped.weights)
    network.load_state_dict(
        {name: v.float() if v.is_floating_point() else v for name, v in weights.items()}
    )
    images = (read_picture(photo.file, manifest.input.size).image for photo in made_set[:6])
    batch = np.stack([to_array(image, manifest.input) for image in images])
    served = Engine(shipped).run(batch)
    with torch.inference_mode():
        trained = network.eval()(torch.from_numpy(batch))
    for name in ("logits", "embedding", "class_map"):
        expected = getattr(trained, name).numpy()
        assert getattr(served, name) == pytest.approx(expected, abs=1e-3), name
    exact = served.class_map.mean(axis=(2, 3)) + network.head.bias.detach().numpy()
    assert exact == pytest.approx(served.logits, abs=1e-3)


def test_it_knows_renders_it_never_saw_better_than_chance(
    shipped: Release, made_set: tuple[LabelledPhoto, ...]
) -> None:
    classifier = Classifier(shipped, catalogue())
    found = figures(judge(classifier, made_set), classifier)
    known = found["catalogue"]
    assert known["top1"]["count"] + found["not_a_uav"]["photos"] == PICTURES
    assert known["top3"]["low"] > 3 / len(shipped.manifest.classes)
    assert known["top1"]["value"] <= known["top3"]["value"]


def test_its_metrics_are_counted_and_bounded(shipped: Release, metrics: dict[str, Any]) -> None:
    types = set(shipped.manifest.classes) - {NOT_A_UAV}
    assert metrics["parity"] <= 1e-3
    assert {"heldout", "photos"} <= metrics.keys()
    assert all(np.isfinite(value) for value in numbers(metrics))
    for part in (metrics["heldout"], metrics["photos"]):
        known = part["catalogue"]
        for name in ("top1", "top3", "family"):
            figure = known[name]
            assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
            assert figure["count"] == sum(known["verdicts"].values()) > 0
        assert sum(one["top1"]["count"] for one in known["by_type"].values()) == figure["count"]
        assert sum(part["other_uav"]["verdicts"].values()) == part["other_uav"]["photos"]
    assert set(metrics["heldout"]["catalogue"]["by_type"]) == types


def test_its_card_says_what_its_metrics_say(shipped: Release, metrics: dict[str, Any]) -> None:
    card = shipped.card.read_text(encoding="utf-8")
    manifest = shipped.manifest
    assert card.startswith(f"# {manifest.name} {manifest.version}\n")
    assert f"which of {len(manifest.classes) - 1} UAV types" in card
    counts = TRAINED.search(card)
    assert counts and sum(map(int, counts.groups("0"))) == manifest.training.pictures
    assert manifest.starting_weights.name in card and manifest.training.commit in card
    stated = SHARE.findall(card)
    for part in (metrics["heldout"], metrics["photos"]):
        for name in ("top1", "top3", "family"):
            figure = part["catalogue"][name]
            shares = tuple(f"{100 * figure[key]:.1f}" for key in ("value", "low", "high"))
            assert (*shares, str(figure["count"])) in stated


def test_it_lies_in_a_folder_of_its_name(shipped: Release) -> None:
    assert shipped.folder.name == shipped.manifest.name
