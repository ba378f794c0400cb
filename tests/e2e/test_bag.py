"""A run leaves as a bag that stands on its own."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import bagit
import pytest

from wreckid.model.release import Release

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]


@pytest.fixture
def case(wreckid: Wreckid, release: Release, photo: Callable[..., bytes], tmp_path: Path) -> Path:
    """A folder with `evidence` and its sealed run in `out`."""
    (tmp_path / "evidence/deep").mkdir(parents=True)
    (tmp_path / "evidence/deep/a.jpg").write_bytes(photo("red"))
    (tmp_path / "evidence/b.txt").write_bytes(b"note")
    command = ["batch", tmp_path / "evidence", "--out", tmp_path / "out"]
    assert wreckid(*command, "--release", release.folder).code == 0
    return tmp_path


def bagged(wreckid: Wreckid, case: Path) -> "Finished":
    return wreckid("bag", case / "out", case / "bag", "--evidence", case / "evidence")


def test_a_bag_is_valid_and_verifies_by_itself(wreckid: Wreckid, case: Path) -> None:
    done = bagged(wreckid, case)
    assert done.code == 0
    bag = bagit.Bag(str(case / "bag"))
    bag.validate()
    assert bag.info["Source-Run-Seal"] in done.out
    data = case / "bag/data"
    assert wreckid("verify", data / "run", "--evidence", data / "evidence").code == 0


@pytest.mark.parametrize("kind", ["zip", "txt", "csv"])
def test_a_source_that_is_a_file_is_in_the_bag_and_verifies(
    wreckid: Wreckid, release: Release, case: Path, kind: str
) -> None:
    source = write_source(case / f"evidence/source.{kind}")
    run, data = case / "second", case / "bag/data"
    assert wreckid("batch", source, "--out", run, "--release", release.folder).code == 0
    assert wreckid("bag", run, case / "bag", "--evidence", source).code == 0
    for place in (data / "evidence", data / "evidence" / source.name):
        done = wreckid("verify", data / "run", "--evidence", place)
        assert done.code == 0, done.out
    (data / "evidence" / source.name).unlink()
    done = wreckid("verify", data / "run", "--evidence", data / "evidence")
    assert done.code == 1 and f"{source.name} is missing.\n" in done.out


def test_an_archive_by_another_name_is_the_same_evidence(
    wreckid: Wreckid, release: Release, case: Path
) -> None:
    source = write_source(case / "evidence/source.zip")
    run, data = case / "second", case / "bag/data"
    wreckid("batch", source, "--out", run, "--release", release.folder)
    renamed = source.rename(case / "renamed.zip")
    source.write_bytes(b"another")
    done = wreckid("replay", run, "--evidence", renamed, "--release", release.folder)
    assert done.code == 0, done.out
    assert wreckid("bag", run, case / "bag", "--evidence", renamed).code == 0
    assert wreckid("verify", data / "run", "--evidence", data / "evidence").code == 0


def write_source(source: Path) -> Path:
    """An archive, a list or a table of the photo in the folder beside it."""
    if source.suffix == ".zip":
        with zipfile.ZipFile(source, "w") as archive:
            archive.write(source.parent / "deep/a.jpg", "deep/a.jpg")
    else:
        source.write_text(
            {".txt": "deep/a.jpg\n", ".csv": "photo,item\ndeep/a.jpg,1\n"}[source.suffix]
        )
    return source


def test_what_was_changed_is_not_bagged(wreckid: Wreckid, case: Path) -> None:
    (case / "evidence/b.txt").write_bytes(b"Note")
    done = bagged(wreckid, case)
    assert done.code == 2
    assert done.err == "The run is not as it was sealed: photo b.txt was changed.\n"
    assert not (case / "bag").exists()


def test_a_bag_is_not_overwritten(wreckid: Wreckid, case: Path) -> None:
    (case / "bag").mkdir()
    done = bagged(wreckid, case)
    assert done.code == 2 and "name a new folder" in done.err
    assert list((case / "bag").iterdir()) == []


@pytest.mark.parametrize("place", ["out", "evidence/deep"])
def test_a_bag_does_not_hold_itself(wreckid: Wreckid, case: Path, place: str) -> None:
    bag = case / place / "bag"
    done = wreckid("bag", case / "out", bag, "--evidence", case / "evidence")
    assert done.code == 2
    assert done.err.count("\n") == 1 and "name another folder" in done.err
    assert not bag.exists()


def test_photos_outside_of_a_list_are_not_bagged(
    wreckid: Wreckid, release: Release, photo: Callable[..., bytes], tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(photo("red"))
    (tmp_path / "lists").mkdir()
    source = tmp_path / "lists/list.txt"
    source.write_text("../a.jpg\n")
    wreckid("batch", source, "--out", tmp_path / "out", "--release", release.folder)
    done = wreckid("bag", tmp_path / "out", tmp_path / "bag", "--evidence", source)
    assert done.code == 2 and "../a.jpg lies outside" in done.err
