"""Decisions flow back: what people decided in a service becomes a set of labelled photos."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from tests.e2e.test_items import add, make
from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]


@pytest.fixture
def store(release: Release, photo: MakePhoto, tmp_path: Path) -> Path:
    """Four decided items, of which one names a family only, and one that is still open."""
    place = tmp_path / "store"
    decisions = [
        ("Agreed", "red", {"level": "type", "id": "shahed-136"}),
        ("Doubted", "red", {"level": "type", "id": "orlan-10"}),
        ("Nothing", "grey", {"level": "not-a-uav"}),
        ("Vague", "green", {"level": "family", "id": "twin-boom-pusher"}),
        ("Open", "green", None),
    ]
    with TestClient(create_app(release, Settings(store=place))) as desk:
        for name, colour, decision in decisions:
            item = make(desk, name=name)
            add(desk, item, photo(colour), photo(colour, (500, 300)))
            if decision is not None:
                said = decision | {"reason": f"Seen at {name}."}
                assert desk.post(f"/v1/items/{item}/decision", json=said).status_code == 200
    return place


def table(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / "decisions.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_decisions_become_photos_the_least_believed_first(
    store: Path, tmp_path: Path, wreckid: Wreckid, photo: MakePhoto
) -> None:
    done = wreckid("photos", "decided", store, "--out", tmp_path / "review")
    assert done.code == 0, done.err
    assert "6 photos of 3 decided items" in done.out
    assert "1 decided items name no type, and were left out" in done.out
    rows = list(table(tmp_path / "review"))
    assert [row["type"] for row in rows][0:2] == ["orlan-10", "orlan-10"]
    assert rows[-1]["type"] == "shahed-136"
    assert {row["incident"].split(" (")[0] for row in rows} == {"Agreed", "Doubted", "Nothing"}
    first = rows[0]["notes"]
    assert first.startswith("local, 20") and "Seen at Doubted." in first
    assert "photos alone: shahed-136 " in first
    originals = [(tmp_path / "review" / row["photo"]).read_bytes() for row in rows[:2]]
    assert originals == [photo("red"), photo("red", (500, 300))]
    assert wreckid("verify", store).code == 0


def test_after_review_they_are_imported(store: Path, tmp_path: Path, wreckid: Wreckid) -> None:
    wreckid("photos", "decided", store, "--out", tmp_path / "review")
    done = wreckid("photos", "import", tmp_path / "review/decisions.csv", "--out", tmp_path / "set")
    assert done.code == 0, done.err
    assert "6 photos of 3 types" in done.out


def test_what_cannot_be_handed_on_is_said(store: Path, tmp_path: Path, wreckid: Wreckid) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/kept.txt").write_text("kept")
    empty = tmp_path / "empty"
    empty.mkdir()
    for place, out, said in (
        (store, tmp_path / "full", "is not empty: choose another --out"),
        (empty, tmp_path / "out", "is no store of a service"),
    ):
        done = wreckid("photos", "decided", place, "--out", out)
        assert (done.code, done.err.count("\n")) == (2, 1)
        assert said in done.err
    assert not list(empty.iterdir())
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["kept.txt"]


def test_decided_items_without_photos_are_left_out(
    store: Path, release: Release, tmp_path: Path, wreckid: Wreckid
) -> None:
    decide_without_photos(store, release)
    done = wreckid("photos", "decided", store, "--out", tmp_path / "review")
    assert (done.code, done.err) == (0, "")
    assert "6 photos of 3 decided items" in done.out


def test_a_store_whose_decided_items_have_no_photos_hands_nothing_on(
    release: Release, tmp_path: Path, wreckid: Wreckid
) -> None:
    decide_without_photos(tmp_path / "store", release)
    done = wreckid("photos", "decided", tmp_path / "store", "--out", tmp_path / "review")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "No item of the store has photos and a decision" in done.err


def decide_without_photos(store: Path, release: Release) -> None:
    with TestClient(create_app(release, Settings(store=store))) as desk:
        said = {"level": "type", "id": "orlan-10", "reason": "Told by a witness."}
        place = f"/v1/items/{make(desk, name='Told')}/decision"
        assert desk.post(place, json=said).status_code == 200


def test_a_lost_original_is_told_before_anything_is_copied(
    store: Path, tmp_path: Path, wreckid: Wreckid, photo: MakePhoto
) -> None:
    name = hashlib.sha256(photo("grey")).hexdigest()
    (store / "uploads" / name[:2] / name).unlink()
    done = wreckid("photos", "decided", store, "--out", tmp_path / "review")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith("0.jpg of item ") and "is lost: bring" in done.err
    assert not (tmp_path / "review").exists()
