import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wreckid.model.looking import NARROWEST, WIDEST, Box
from wreckid.training.augmentation import approached

SIDE = 120


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.integers(0, SIDE - 1)), draw(st.integers(0, SIDE - 1))
    right, bottom = draw(st.integers(left + 1, SIDE)), draw(st.integers(top + 1, SIDE))
    return left, top, right, bottom


def numbered() -> torch.Tensor:
    """An image whose pixels say their row and column."""
    steps = torch.arange(SIDE, dtype=torch.uint8)
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([rows, columns, torch.zeros_like(rows)])


@given(boxes(), st.integers(0, 2**32 - 1))
def test_nothing_of_the_wreck_is_cut_off(box: Box, seed: int) -> None:
    torch.manual_seed(seed)
    part = approached(numbered(), box)
    (top, left), (bottom, right) = part[:2, 0, 0].tolist(), part[:2, -1, -1].tolist()
    assert left <= box[0] and top <= box[1] and right >= box[2] - 1 and bottom >= box[3] - 1


@given(boxes(), st.integers(0, 2**32 - 1))
def test_a_part_has_the_shape_of_a_photo(box: Box, seed: int) -> None:
    torch.manual_seed(seed)
    height, width = approached(numbered(), box).shape[1:]
    assert NARROWEST * height <= width <= WIDEST * height or SIDE in (height, width)


def test_without_a_box_the_whole_picture_is_taken() -> None:
    assert torch.equal(approached(numbered(), None), numbered())


def test_parts_differ_from_time_to_time() -> None:
    torch.manual_seed(1)
    shapes = {tuple(approached(numbered(), (50, 50, 60, 70)).shape) for _ in range(8)}
    assert len(shapes) > 4


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_part(seed: int) -> None:
    parts = []
    for _ in range(2):
        torch.manual_seed(seed)
        parts.append(approached(numbered(), (10, 20, 60, 70)))
    assert torch.equal(*parts)
