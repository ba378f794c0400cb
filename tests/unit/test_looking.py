from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wreckid.model.looking import NARROWEST, WIDEST, Gaze, SecondLook, in_shape, part, together
from wreckid.model.outputs import Array, Outputs
from wreckid.model.preprocessing import InputSpec, to_array

SIDE = 32
SPEC = InputSpec(size=SIDE, mean=(0, 0, 0), std=(1, 1, 1), resize="squash")
NONE = 2
RULE = SecondLook(probability=0.9, largest=0.5)
MIRRORED = SecondLook(probability=0.9, largest=0.5, mirrored=True)
GRID = 8


def said(warm: Sequence[tuple[int, int]]) -> Outputs:
    """Outputs of one photo that shows a UAV of the first class at places, row and column."""
    class_map = np.zeros((1, 3, GRID, GRID), np.float32)
    class_map[:, NONE] = 4
    for row, column in warm:
        class_map[0, :, row, column] = (6, 0, 0)
    return Outputs(class_map.mean((2, 3)), np.zeros((1, 5), np.float32), class_map)


def sees_red(batch: Array) -> Outputs:
    """A network that takes red places for a UAV."""
    count = len(batch)
    cells = batch.reshape(count, 3, GRID, SIDE // GRID, GRID, SIDE // GRID).mean((3, 5))
    red = cells[:, 0] - cells[:, 1]
    class_map = np.stack([8 * red, 0 * red, 4 - 4 * red], axis=1).astype(np.float32)
    return Outputs(class_map.mean((2, 3)), cells.mean((2, 3)).astype(np.float32), class_map)


def photo(box: tuple[int, int, int, int] | None, size: tuple[int, int] = (256, 128)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    if box:
        image.paste("red", box)
    return image


def looked(image: Image.Image, second: SecondLook | None) -> Outputs:
    ((outputs, _),) = Gaze(sees_red, SPEC, NONE, second).look([to_array(image, SPEC)], [image])
    return outputs


def test_the_part_surrounds_the_places_that_show_a_uav() -> None:
    assert part(said([(2, 1), (4, 3)]), NONE, RULE, (800, 400)) == (100, 100, 400, 250)


def test_places_of_no_uav_are_no_part() -> None:
    assert part(said([]), NONE, RULE, (800, 400)) is None


def test_a_part_as_large_as_the_photo_is_not_worth_a_look() -> None:
    everywhere = [(row, column) for row in range(GRID) for column in range(GRID)]
    assert part(said(everywhere), NONE, RULE, (800, 400)) == (0, 0, 800, 400)
    assert part(said([(0, 0), (3, 7)]), NONE, RULE, (800, 400)) == (0, 0, 800, 400)
    assert part(said([(0, 0), (3, 6)]), NONE, RULE, (800, 400)) == (0, 0, 700, 292)


def test_a_bias_counts_at_every_place() -> None:
    sure = said([(2, 1)])
    bias = np.array([0, 0, 4], np.float32)
    doubtful = Outputs(sure.logits + bias, sure.embedding, sure.class_map)
    assert part(sure, NONE, RULE, (800, 400)) is not None
    assert part(doubtful, NONE, RULE, (800, 400)) is None


def test_a_small_uav_is_surer_at_the_second_look() -> None:
    image = photo((0, 0, 64, 48))
    once, twice = looked(image, None), looked(image, RULE)
    assert once.logits.argmax() == NONE
    assert twice.logits.argmax() == 0
    assert (twice.class_map == once.class_map).all()


@pytest.mark.parametrize("box", [None, (0, 0, 256, 128)])
def test_where_there_is_no_part_one_look_is_all(box: tuple[int, int, int, int] | None) -> None:
    once, twice = looked(photo(box), None), looked(photo(box), RULE)
    assert (twice.logits == once.logits).all()
    assert (twice.embedding == once.embedding).all()


def sees_red_on_the_left(batch: Array) -> Outputs:
    """The same network, blind on its right side."""
    seen = sees_red(batch).class_map.copy()
    seen[..., GRID // 2 :] = 0
    return Outputs(seen.mean((2, 3)), seen.mean((1, 3)), seen)


def test_a_uav_that_fills_the_photo_is_looked_at_mirrored() -> None:
    image = photo((0, 0, 128, 128))
    whole = to_array(image, SPEC)
    ((outputs, box),) = Gaze(sees_red_on_the_left, SPEC, NONE, MIRRORED).look([whole], [image])
    one, other = (sees_red_on_the_left(view[None]) for view in (whole, whole[..., ::-1]))
    assert box is None
    assert outputs.logits == pytest.approx((one.logits + other.logits) / 2)
    assert outputs.embedding == pytest.approx((one.embedding + other.embedding) / 2)
    assert outputs.class_map == pytest.approx(one.class_map)


def test_where_no_uav_is_seen_one_look_is_all() -> None:
    once, mirrored = looked(photo(None), None), looked(photo(None), MIRRORED)
    assert mirrored.logits.tolist() == once.logits.tolist()


def test_where_a_part_is_looked_at_no_mirror_is() -> None:
    image = photo((0, 0, 64, 48))
    assert looked(image, MIRRORED).logits.tolist() == looked(image, RULE).logits.tolist()


def test_photos_beside_others_are_answered_as_alone() -> None:
    images = [photo((0, 0, 64, 48)), photo(None), photo((128, 64, 192, 112))]
    wholes = [to_array(image, SPEC) for image in images]
    beside = list(Gaze(sees_red_on_the_left, SPEC, NONE, MIRRORED).look(wholes, images))
    for image, whole, (outputs, _) in zip(images, wholes, beside, strict=True):
        ((alone, _),) = Gaze(sees_red_on_the_left, SPEC, NONE, MIRRORED).look([whole], [image])
        assert outputs.logits == pytest.approx(alone.logits)


def test_both_looks_count_alike() -> None:
    first, second = said([(1, 1)]), said([(2, 2), (3, 3)])
    both = together(first, second)
    assert both.logits == pytest.approx((first.logits + second.logits) / 2)
    assert both.logits.dtype == np.float32


@given(st.data(), st.integers(1, 2000), st.integers(1, 2000))
def test_a_box_grows_into_the_shape_of_a_photo(
    data: st.DataObject, width: int, height: int
) -> None:
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    right = data.draw(st.integers(left + 1, width))
    bottom = data.draw(st.integers(top + 1, height))
    grown = in_shape((left, top, right, bottom), (width, height))
    assert 0 <= grown[0] <= left < right <= grown[2] <= width
    assert 0 <= grown[1] <= top < bottom <= grown[3] <= height
    across, down = grown[2] - grown[0], grown[3] - grown[1]
    assert across >= NARROWEST * down or across == width
    assert across <= WIDEST * down + 1 or down == height
