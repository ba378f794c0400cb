"""Words are read from pixels."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from wreckid.datasets.catalogue import catalogue
from wreckid.training.photos.lettering import types_named, words


def test_a_caption_is_read_and_names_its_type() -> None:
    noise = np.random.default_rng(1).normal(110, 12, (200, 320, 3)).clip(0, 255)
    photo = Image.fromarray(noise.astype(np.uint8))
    draw = ImageDraw.Draw(photo)
    font = ImageFont.load_default(26)
    draw.text((20, 150), "Orlan-10 shot down", "white", font, stroke_width=2, stroke_fill="black")
    assert types_named(words(photo), catalogue())[0] == "orlan-10"


def test_a_picture_without_words_names_nothing() -> None:
    plain = Image.new("RGB", (160, 120), (90, 120, 60))
    assert words(plain) == ""
    assert types_named("found near the village", catalogue()) == ()
