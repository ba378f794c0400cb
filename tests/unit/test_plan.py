from pathlib import Path

import pytest

from wreckid.serving.plan import folder_items, photo_items
from wreckid.serving.rows import safe_cell
from wreckid.serving.source import list_photos


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    for name in ("b/2.jpg", "b/1.jpg", "a/deep/3.jpg", "loose.jpg", ".hidden/x.jpg", "a/.DS_Store"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    return tmp_path


def test_each_visible_file_is_an_item_in_order(evidence: Path) -> None:
    names = [item.name for item in photo_items(list_photos(evidence, evidence / "out"))]
    assert names == ["a/deep/3.jpg", "b/1.jpg", "b/2.jpg", "loose.jpg"]


def test_each_sub_folder_is_an_item_and_nothing_is_lost(evidence: Path) -> None:
    items = {
        item.name: len(item.photos)
        for item in folder_items(list_photos(evidence, evidence / "out"))
    }
    assert items == {"a": 1, "b": 2, "loose.jpg": 1}


def test_own_results_are_not_evidence(evidence: Path) -> None:
    names = [item.name for item in photo_items(list_photos(evidence, evidence / "b"))]
    assert names == ["a/deep/3.jpg", "loose.jpg"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"


def test_ordinary_cells_stay() -> None:
    assert [safe_cell(cell) for cell in ("a=b", -0.5, 3, "")] == ["a=b", -0.5, 3, ""]
