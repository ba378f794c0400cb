from base64 import b64decode
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.serving.classifier import View
from wreckid.serving.overlay import STRONGEST, Shown, show


def view(evidence: npt.ArrayLike) -> View:
    return View("a.jpg", Image.new("RGB", (480, 360)), "", np.array(evidence, np.float32))


def opacity(shown: Shown) -> npt.NDArray[np.uint8]:
    data = b64decode(shown.overlay.removeprefix("data:image/webp;base64,"))
    return np.asarray(Image.open(BytesIO(data)).convert("RGBA"))[..., 3]


def test_the_overlay_is_opaque_where_the_evidence_is() -> None:
    values = opacity(show([view([[4, -2], [0, 0]])])[0])
    half = len(values) // 2
    assert values[0, 0] > STRONGEST * 0.9
    assert values[:half, half + 8 :].max() < STRONGEST / 2
    assert values[-1, -1] == 0


def test_photos_of_one_item_share_a_scale() -> None:
    strong, weak = show([view([[8, 8], [8, 8]]), view([[1, 1], [1, 1]])])
    assert opacity(weak).max() < opacity(strong).min() / 4


def test_evidence_against_shows_nothing() -> None:
    assert opacity(show([view([[-1, -2], [-3, -4]])])[0]).max() == 0
