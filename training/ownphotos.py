"""Going on from a release with few photos of one's own, mixed with rendered pictures.

The rendered pictures keep alive what the release knows (rehearsal, Robins, 1995).
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from wreckid.model.release import Release
from wreckid.training.config import TrainConfig
from wreckid.training.data import LabelledPhoto
from wreckid.training.photos.photoset import INDEX

GENTLE = {
    "epochs": 4,
    "epoch_pictures": 3000,
    "head_factor": 2.0,
    "frozen_stages": 0,
    "release_share": 0.5,
}
"""What suits few photos (docs/experiments.md): a head that need not hurry, first stages that get
used to another camera, weights halfway between the release and what was learnt, and 12,000
pictures, which take minutes on 2 cores."""


def gentle_config(release: Release, photos: Path, renders: Path) -> TrainConfig:
    """How to go on from a release with photos.

    Args:
        release: where the weights start.
        photos: a set; of one that was split, the sides train and calibration.
        renders: a folder with the rendered sets train and heldout.
    """
    is_split = (photos / "train" / INDEX).is_file()
    return TrainConfig.model_validate(
        {
            "train": renders / "train",
            "heldout": renders / "heldout",
            "from_releases": [release.folder],
            "photos": photos / "train" if is_split else photos,
            "calibration": photos / "calibration" if is_split else None,
            "architecture": release.manifest.architecture,
            "size": release.manifest.input.size,
            **GENTLE,
        }
    )


def by_type(photos: Sequence[LabelledPhoto]) -> list[float]:
    """How often each photo is drawn, with a sum of 1.

    Photos of a type are drawn in proportion to the square root of their number (Mahajan et al.,
    2018), so that a single photo is neither lost nor learnt by heart.
    """
    counts = Counter(photo.label for photo in photos)
    total = sum(count**0.5 for count in counts.values())
    return [counts[photo.label] ** -0.5 / total for photo in photos]
