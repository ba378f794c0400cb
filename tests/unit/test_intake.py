import hashlib
import os
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from wreckid.model.preprocessing import Failure
from wreckid.serving import intake
from wreckid.serving.intake import NamedBytes, begins_as_tiff, by_page, label, read_photo


def test_a_photo_is_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"abc")
    assert read_photo(file, "wreck/a.jpg") == NamedBytes("wreck/a.jpg", b"abc")


def test_what_cannot_be_opened_carries_its_failure(tmp_path: Path) -> None:
    assert read_photo(tmp_path, "folder").data == Failure("unreadable")
    assert read_photo(tmp_path / "gone.jpg", "gone.jpg").data == Failure("missing")


def test_a_file_over_the_limit_is_hashed_and_not_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_BYTES", 2)
    file = tmp_path / "film.mov"
    file.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert read_photo(file, "film.mov") == NamedBytes("film.mov", Failure("too-large"), digest)


def test_a_photo_behind_its_thumbnail_is_the_one_that_is_looked_at() -> None:
    photo, thumbnail = Image.new("RGB", (80, 60), "red"), Image.new("RGB", (40, 30), "blue")
    photo.encoderinfo = {"tiffinfo": {}}
    reduced = {int(ExifTags.Base.NewSubfileType): 1}
    file = BytesIO()
    thumbnail.save(file, "TIFF", save_all=True, append_images=[photo], tiffinfo=reduced)
    scan = NamedBytes("scan.tif", file.getvalue())
    assert by_page(scan) == (replace(scan, page=1),)


def test_a_file_of_one_picture_is_as_it_is() -> None:
    file = BytesIO()
    Image.new("RGB", (80, 60), "red").save(file, "TIFF")
    scan = NamedBytes("scan.tif", file.getvalue())
    assert by_page(scan) == (scan,)


@pytest.mark.parametrize(
    ("data", "tiff"),
    [(b"II*\0", True), (b"MM\0*", True), (b"\xff\xd8\xff", False), (b"I", False), (b"", False)],
)
def test_a_tiff_file_is_told_by_its_beginning(tmp_path: Path, data: bytes, tiff: bool) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(data)
    assert begins_as_tiff(file) == tiff


def test_what_cannot_be_opened_does_not_begin_as_tiff(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("gone.tif", "\0.tif", ".", "pipe"):
        assert not begins_as_tiff(tmp_path / name)


def test_a_label_keeps_letters_and_drops_what_steers_a_terminal() -> None:
    assert label("Обломок 🚁 <b>.jpg") == "Обломок 🚁 <b>.jpg"
    assert label("a\x1b[31m\n\udcff.jpg") == "a�[31m��.jpg"
