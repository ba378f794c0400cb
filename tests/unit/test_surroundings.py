"""Real photos as backgrounds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from wreckid.datasets.places.surroundings import Surroundings, background

TURNS = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}
"""How a photo lies in its file, by the orientation that its EXIF data tells."""


@pytest.mark.parametrize("orientation", TURNS)
def test_a_background_stands_as_it_was_taken(tmp_path: Path, orientation: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (30, 50, 3), np.uint8)
    upright, turned = tmp_path / "upright.png", tmp_path / "turned.png"
    Image.fromarray(pixels).save(upright)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(pixels).transpose(TURNS[orientation]).save(turned, exif=exif)
    one, other = (
        np.asarray(background(Surroundings((file,)), 16, np.random.default_rng(2)))
        for file in (upright, turned)
    )
    assert (one == other).all()
