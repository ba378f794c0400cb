import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from wreckid.datasets.errors import SetupError
from wreckid.datasets.rendered import UNFINISHED
from wreckid.model.preprocessing import InputSpec
from wreckid.serving.intake import read_photo
from wreckid.serving.sight import see
from wreckid.training.data import (
    DataError,
    EvaluationSet,
    LabelledPhoto,
    TrainingSet,
    data_hash,
    read_data,
    read_picture,
)

MakePhoto = Callable[..., bytes]

SPEC = InputSpec(size=64, mean=(0.5, 0.4, 0.3), std=(0.5, 0.6, 0.7), resize="squash")
CLASSES = ("orlan-10", "shahed-136", "not-a-uav")


@pytest.fixture
def rendered(tmp_path: Path, photo: MakePhoto) -> Path:
    """Two pictures with a manifest as the renderer writes it."""
    rows = [
        {"file": "pictures/0.jpg", "type": "shahed-136", "damage": "intact", "seed": 1},
        {"file": "pictures/1.jpg", "type": "not-a-uav", "damage": "confusers", "seed": 1},
    ]
    (tmp_path / "pictures").mkdir()
    for row, colour in zip(rows, ("red", "blue"), strict=True):
        (tmp_path / str(row["file"])).write_bytes(photo(colour))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "manifest.jsonl").write_text(lines)
    return tmp_path


@pytest.fixture
def indexed(tmp_path: Path, photo: MakePhoto) -> Path:
    (tmp_path / "a.jpg").write_bytes(photo("red"))
    text = "file,label,condition,licence\na.jpg,orlan-10,crashed,CC0\n"
    (tmp_path / "index.csv").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def sorted_by_label(tmp_path: Path, photo: MakePhoto) -> Path:
    for name in ("shahed-136/b.jpg", "orlan-10/a.jpg", "orlan-10/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photo("red"))
    return tmp_path


def test_a_rendered_set_is_read_by_its_manifest(rendered: Path) -> None:
    assert read_data(rendered) == (
        LabelledPhoto(rendered / "pictures/0.jpg", "shahed-136", "intact"),
        LabelledPhoto(rendered / "pictures/1.jpg", "not-a-uav", "confusers"),
    )


def test_an_index_names_files_labels_and_conditions(indexed: Path) -> None:
    assert read_data(indexed) == (LabelledPhoto(indexed / "a.jpg", "orlan-10", "crashed"),)


def test_an_index_may_know_no_conditions(indexed: Path) -> None:
    (indexed / "index.csv").write_text("label,file\norlan-10,a.jpg\n")
    assert read_data(indexed) == (LabelledPhoto(indexed / "a.jpg", "orlan-10", ""),)


def test_sub_folders_are_labels(sorted_by_label: Path) -> None:
    found = [(photo.label, photo.file.name) for photo in read_data(sorted_by_label)]
    assert found == [("orlan-10", "a.jpg"), ("orlan-10", "c.jpg"), ("shahed-136", "b.jpg")]


def test_photos_lie_at_any_depth_below_their_label(sorted_by_label: Path, photo: MakePhoto) -> None:
    """As `photos import` asks for them; what systems hide in folders is no photo."""
    (sorted_by_label / "orlan-10/Odesa/press").mkdir(parents=True)
    (sorted_by_label / "orlan-10/Odesa/press/d.jpg").write_bytes(photo("green"))
    for name in (".DS_Store", "orlan-10/.DS_Store", "orlan-10/Thumbs.db", "shahed-136/._b.jpg"):
        (sorted_by_label / name).write_bytes(b"hidden")
    found = [(photo.label, photo.file.name) for photo in read_data(sorted_by_label)]
    assert sorted(found) == [
        ("orlan-10", "a.jpg"),
        ("orlan-10", "c.jpg"),
        ("orlan-10", "d.jpg"),
        ("shahed-136", "b.jpg"),
    ]


def test_a_sub_folder_may_bear_any_name_of_a_type(tmp_path: Path, photo: MakePhoto) -> None:
    for name in ("Orlan-10", "Герань-2", "Not a UAV", "Orlam-10"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(photo("red"))
    labels = {photo.file.parent.name: photo.label for photo in read_data(tmp_path)}
    assert labels == {
        "Orlan-10": "orlan-10",
        "Герань-2": "shahed-136",
        "Not a UAV": "not-a-uav",
        "Orlam-10": "Orlam-10",
    }


def test_photos_of_one_wreck_are_known_as_such(rendered: Path) -> None:
    assert len({one.witness_of for one in read_data(rendered)}) == 2
    rows = [
        json.loads(row) | {"wreck": 7}
        for row in (rendered / "manifest.jsonl").read_text().splitlines()
    ]
    (rendered / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert {one.witness_of for one in read_data(rendered)} == {"wreck 7"}


def test_a_folder_below_a_label_is_an_incident(sorted_by_label: Path, photo: MakePhoto) -> None:
    for name in ("d.jpg", "press/e.jpg"):
        (sorted_by_label / "orlan-10/Odesa" / name).parent.mkdir(parents=True, exist_ok=True)
        (sorted_by_label / "orlan-10/Odesa" / name).write_bytes(photo("green"))
    found = {one.file.name: one.incident for one in read_data(sorted_by_label)}
    assert (found["d.jpg"], found["e.jpg"]) == ("orlan-10/Odesa", "orlan-10/Odesa")
    assert (found["a.jpg"], found["b.jpg"]) == ("", "")


def test_a_folder_of_nothing_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no pictures: name a rendered set") as refusal:
        read_data(tmp_path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("condition", ["crashed", ""])
def test_an_index_is_read_as_spreadsheets_write_it(indexed: Path, condition: str) -> None:
    """A byte order mark, spaces around cells, and a row that ends with its last full cell."""
    text = f"file,label ,condition\r\na.jpg, orlan-10,{condition}".rstrip(",")
    (indexed / "index.csv").write_text(text, encoding="utf-8-sig", newline="")
    assert read_data(indexed) == (LabelledPhoto(indexed / "a.jpg", "orlan-10", condition),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "holds no photos"),
        (b"file,label\n", "holds no photos"),
        (b"name,type\na.jpg,orlan-10\n", "needs the columns file and label"),
        (b"file,label\na.jpg,orlan-10\nb.jpg,\n", "row 3 lacks label: fill it in"),
        (b"label,file\norlan-10\n", "row 2 lacks file: fill it in"),
        (b"file,label\na.jpg,G\xe9ran\n", "save it as CSV in UTF-8"),
    ],
)
def test_an_index_that_says_too_little_is_refused(indexed: Path, text: bytes, reason: str) -> None:
    (indexed / "index.csv").write_bytes(text)
    with pytest.raises(SetupError, match=rf"index\.csv.* {reason}\.$"):
        read_data(indexed)


@pytest.mark.parametrize("lacking", ["file", "type", "damage"])
def test_a_manifest_that_says_too_little_is_refused(rendered: Path, lacking: str) -> None:
    manifest = rendered / "manifest.jsonl"
    first, second = map(json.loads, manifest.read_text().splitlines())
    del second[lacking]
    manifest.write_text(f"{json.dumps(first)}\n{json.dumps(second)}\n")
    with pytest.raises(DataError, match=r"manifest\.jsonl, line 2 tells no file, type or damage"):
        read_data(rendered)


@pytest.mark.parametrize("line", [b'{"file": "pictures/2.', b"5\n", b"\n", b"\xff\xfe\x00\n"])
def test_a_torn_or_damaged_manifest_is_refused(rendered: Path, line: bytes) -> None:
    with (rendered / "manifest.jsonl").open("ab") as manifest:
        manifest.write(line)
    with pytest.raises(SetupError, match=r"manifest\.jsonl, line 3 is no row: cut .* renders the"):
        read_data(rendered)


@pytest.mark.parametrize("data", [b"", b"not a picture", None])
def test_a_picture_that_is_broken_or_missing_is_refused(tmp_path: Path, data: bytes | None) -> None:
    file = tmp_path / "broken.jpg"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(DataError, match=r"broken\.jpg"):
        read_picture(file, 64)


def test_a_set_that_was_stopped_is_refused(rendered: Path) -> None:
    (rendered / UNFINISHED).touch()
    with pytest.raises(DataError, match="was stopped: repeat the command"):
        read_data(rendered)


def test_the_hash_follows_what_the_set_says(rendered: Path) -> None:
    before = data_hash(rendered)
    assert data_hash(rendered) == before
    manifest = rendered / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("intact", "airborne"))
    assert data_hash(rendered) != before


def test_the_hash_of_folders_follows_their_files(sorted_by_label: Path) -> None:
    before = data_hash(sorted_by_label)
    (sorted_by_label / "orlan-10/c.jpg").rename(sorted_by_label / "shahed-136/c.jpg")
    assert data_hash(sorted_by_label) != before


def test_pictures_are_prepared_exactly_as_the_service_prepares_photos(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 500, 3), np.uint8)
    file = tmp_path / "a.jpg"
    Image.fromarray(noise).save(file)
    array, index = EvaluationSet([LabelledPhoto(file, "not-a-uav", "")], CLASSES, SPEC)[0]
    seen = see(read_photo(file, "a.jpg"), SPEC).sight
    assert seen is not None
    assert index == CLASSES.index("not-a-uav")
    assert (array.numpy() == seen.array).all()


def test_training_pictures_vary_and_repeat_for_a_seed(rendered: Path) -> None:
    pictures = TrainingSet(read_data(rendered), CLASSES, SPEC)
    torch.manual_seed(4)
    first, again = pictures[0][0], pictures[0][0]
    torch.manual_seed(4)
    repeated, index = pictures[0]
    assert (first.shape, first.dtype) == ((3, 64, 64), torch.float32)
    assert index == CLASSES.index("shahed-136")
    assert torch.equal(first, repeated)
    assert not torch.equal(first, again)
    assert len(pictures) == 2


def test_what_is_approached_is_the_wreck_however_small_the_picture_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wreckid.training.data.augmentation", lambda _: lambda image: image)
    picture = Image.new("RGB", (640, 640), "white")
    picture.paste("black", (480, 400, 560, 480))
    picture.save(tmp_path / "large.jpg", quality=95)
    photo = LabelledPhoto(tmp_path / "large.jpg", "orlan-10", "", (480, 400, 560, 480))
    torch.manual_seed(1)
    parts = [TrainingSet([photo], CLASSES, SPEC)[0][0] for _ in range(20)]
    whole = max(parts, key=torch.numel)
    assert whole.shape[1] < 320
    dark = [int((part.float().mean(0) < 128).sum()) for part in parts]
    assert min(dark) > 0.9 * max(dark)
    assert len({tuple(part.shape) for part in parts}) > 5
