import hashlib
from pathlib import Path

import pytest

from wreckid.model.preprocessing import Failure
from wreckid.serving import intake
from wreckid.serving.intake import NamedBytes, label, read_photo


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


def test_a_label_keeps_letters_and_drops_what_steers_a_terminal() -> None:
    assert label("Обломок 🚁 <b>.jpg") == "Обломок 🚁 <b>.jpg"
    assert label("a\x1b[31m\n\udcff.jpg") == "a�[31m��.jpg"
