"""Two releases on the same photos, and what a release says of itself when it is handed over."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from wreckid.model.release import (
    NETWORK,
    Release,
    ReleaseFacts,
    find_release,
    shipped_release,
    write_release,
)

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

LOOKS = {"shahed-136": (230, 20, 20), "orlan-10": (20, 230, 20), "dji-phantom": (20, 20, 230)}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four photos of each of three types, and one of a type that no release knows."""
    for label, colour in (LOOKS | {"ghost-9": (0, 0, 0)}).items():
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(4 if label in LOOKS else 1):
            shade = tuple(value + 5 * number for value in colour)
            photo = Image.new("RGB", (80, 60), shade)
            photo.save(tmp_path / "photos" / label / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def worse(tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes]) -> Release:
    """The tiny release with its first three classes under each other's names."""
    classes = ("orlan-10", "dji-phantom", "shahed-136", "shahed-131", "not-a-uav")
    return write_release(tmp_path / "worse", facts(name="worse", classes=classes), files)


def test_the_better_release_is_called_better(
    wreckid: Wreckid, worse: Release, release: Release, photos: Path
) -> None:
    done = wreckid("compare", worse.folder, release.folder, photos)
    assert done.code == 0, done.err
    assert "B, tiny 0.0.1 is better than A, worse 0.0.1: +" in done.out
    assert "1 photos show types that neither release knows: left out." in done.out
    told = json.loads(wreckid("compare", worse.folder, release.folder, photos, "--json").out)
    assert told["outcome"] == "better"
    assert told["top1"]["photos"] == 12 and told["top1"]["second"] == 1
    assert set(told["by_type"]) == set(LOOKS)


def test_the_other_way_round_it_is_worse(
    wreckid: Wreckid, worse: Release, release: Release, photos: Path
) -> None:
    done = wreckid("compare", release.folder, worse.folder, photos)
    assert "B, worse 0.0.1 is worse than A, tiny 0.0.1: -" in done.out


def test_the_same_release_is_not_distinguishable(
    wreckid: Wreckid, release: Release, photos: Path
) -> None:
    done = wreckid("compare", release.folder, release.folder, photos)
    assert "not distinguishable: +0.0 points" in done.out


def test_photos_of_no_known_type_are_refused(
    wreckid: Wreckid, release: Release, photos: Path
) -> None:
    for label in LOOKS:
        for file in (photos / label).iterdir():
            file.unlink()
    done = wreckid("compare", release.folder, release.folder, photos)
    assert done.code == 2 and "shows no type that either release knows" in done.err


def test_a_release_says_what_is_in_it(wreckid: Wreckid, release: Release) -> None:
    done = wreckid("release", "inspect", release.folder)
    assert done.code == 0
    assert release.sha256 in done.out and "shahed-136" in done.out
    for name, digest in release.manifest.files.items():
        assert name in done.out and digest in done.out


def test_the_shipped_release_goes_by_its_name(wreckid: Wreckid) -> None:
    name = shipped_release().manifest.name
    done = wreckid("release", "inspect", name)
    assert done.code == 0 and "Every file is as the manifest names it" in done.out
    assert find_release(name) == find_release(None)


def test_a_release_that_was_altered_is_refused(
    wreckid: Wreckid, tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes]
) -> None:
    write_release(tmp_path / "mine", facts(), files)
    (tmp_path / "mine" / NETWORK).write_bytes(b"other")
    done = wreckid("release", "inspect", tmp_path / "mine")
    assert done.code == 2 and "damaged or altered" in done.err
