"""What fits confidence and what measures a release are apart."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.training.split import split_heldout


@given(wrecks=st.lists(st.integers(0, 9), min_size=2, max_size=40), told=st.booleans())
def test_each_picture_is_on_one_side_with_all_of_its_wreck(
    tmp_path_factory: pytest.TempPathFactory, wrecks: list[int], told: bool
) -> None:
    place = tmp_path_factory.mktemp("set")
    rows = [
        {"file": f"{number}.jpg", "type": "orlan-10", "damage": "intact"}
        | ({"wreck": wreck} if told else {})
        for number, wreck in enumerate(wrecks)
    ]
    (place / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    split = split_heldout(place, None)
    names = sorted(int(photo.file.stem) for photo in (*split.fitting, *split.measuring))
    assert names == list(range(len(wrecks)))
    sides = [{photo.incident for photo in side} for side in (split.fitting, split.measuring)]
    if told:
        assert not sides[0] & sides[1]
        assert abs(len(sides[0]) - len(sides[1])) <= 1
    else:
        assert abs(len(split.fitting) - len(split.measuring)) <= 1
