import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.training.data import DataError
from wreckid.training.gains import gains

MakePhoto = Callable[..., bytes]


def write_set(folder: Path, rows: list[dict[str, Any]], photo: MakePhoto) -> Path:
    folder.mkdir()
    for number, row in enumerate(rows):
        row["file"] = f"{number}.jpg"
        (folder / row["file"]).write_bytes(photo(row.pop("colour")))
    lines = [json.dumps(row) for row in rows]
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def view(wreck: int, label: str, length: float | None, colour: str) -> dict[str, Any]:
    return {"wreck": wreck, "type": label, "length_m": length, "colour": colour}


def test_a_length_and_views_lift_what_they_should(
    release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    """Red photos always look like a Shahed-136; a 131 is told from it by its length alone."""
    rows = [
        *(view(1, "shahed-131", 2.3, "red") for _ in range(4)),
        view(2, "orlan-10", 1.9, "blue"),
        *(view(2, "orlan-10", 1.9, "green") for _ in range(3)),
        view(3, "shahed-136", 3.5, "red"),
        view(4, "not-a-uav", None, "grey"),
    ]
    place = write_set(tmp_path / "set", rows, photo)
    found = gains(Classifier(release, catalogue()), place, seed=1)
    one, several = found["one_view"], found["several_views"]
    assert one["photos"]["top1"]["count"] == 3
    assert one["photos"]["top1"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert one["with_length"]["top1"]["value"] > one["photos"]["top1"]["value"]
    assert several["photos"]["top1"]["count"] == 2
    assert found["one_of_several_views"]["photos"]["top1"]["value"] == 0
    assert several["photos"]["top1"]["value"] == 0.5
    assert several["with_length"]["top1"]["value"] == 1
    assert one["with_length"]["log_loss"] < one["photos"]["log_loss"]


def test_a_set_without_views_says_so_with_a_count_of_0(
    release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    place = write_set(tmp_path / "set", [view(1, "orlan-10", 1.9, "green")], photo)
    found = gains(Classifier(release, catalogue()), place, seed=1)
    assert found["several_views"]["photos"]["top1"] == {"count": 0}


def test_a_set_that_tells_no_length_is_refused(
    release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    place = write_set(tmp_path / "set", [{"type": "orlan-10", "colour": "green"}], photo)
    with pytest.raises(DataError, match="render the set again"):
        gains(Classifier(release, catalogue()), place, seed=1)
    with pytest.raises(DataError, match="name a rendered set"):
        gains(Classifier(release, catalogue()), tmp_path, seed=1)
