"""Photos of one's own: how they are mixed with renders, and what a set that was split is for."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import pytest

from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import ReleaseFacts, write_release
from wreckid.training.config import TrainConfig
from wreckid.training.data import LabelledPhoto
from wreckid.training.material import Material
from wreckid.training.ownphotos import gentle_config


def sums(shares: Sequence[float], *counts: int) -> list[float]:
    """The sum of shares over consecutive pictures, so many at a time."""
    ends = accumulate(counts)
    return [sum(shares[end - count : end]) for end, count in zip(ends, counts, strict=True)]


def test_scenes_sketches_and_photos_are_drawn_at_the_wanted_shares() -> None:
    material = Material(
        scenes=(LabelledPhoto(Path("r"), "orlan-10", ""),) * 200,
        sketches=(LabelledPhoto(Path("s"), "orlan-10", ""),) * 100,
        photos=(LabelledPhoto(Path("p"), "orlan-10", ""),) * 9
        + (LabelledPhoto(Path("q"), "shahed-136", ""),),
        config=TrainConfig.model_validate(
            {
                "train": "t",
                "heldout": "h",
                "photo_share": 0.4,
                "sketch_share": 0.75,
                "epoch_pictures": 50,
            }
        ),
    )
    specs = [
        InputSpec(size=size, mean=(0, 0, 0), std=(1, 1, 1), resize="squash")
        for size in (32, 32, 64)
    ]
    *early, last = (epoch.mix for epoch in material.epochs(("orlan-10", "shahed-136"), specs))
    for mix in early:
        assert mix is not None and mix.drawn == 50
        assert sums(mix.shares, 200, 100, 9, 1) == pytest.approx([0.15, 0.45, 0.3, 0.1])
    assert last is not None and last.drawn == 50
    assert sums(last.shares, 200, 9, 1) == pytest.approx([0.6, 0.3, 0.1])


@pytest.mark.parametrize("is_split", [True, False])
def test_a_set_that_was_split_keeps_its_test_photos_out(
    tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes], is_split: bool
) -> None:
    release = write_release(tmp_path / "release", facts(), files)
    ours = tmp_path / "set"
    if is_split:
        (ours / "train").mkdir(parents=True)
        (ours / "train/index.csv").touch()
    config = gentle_config(release, ours, tmp_path / "renders")
    assert config.photos == (ours / "train" if is_split else ours)
    assert config.calibration == (ours / "calibration" if is_split else None)
    assert (config.train, config.size) == (tmp_path / "renders/train", 64)
