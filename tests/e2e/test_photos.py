"""A team's own photos through the doors: imported, checked, split, and what was planted found."""

import csv
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFilter

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.training.photos import check as checking
from wreckid.training.photos.intake import import_photos
from wreckid.training.photos.photoset import PhotoRow, read_index, read_sides, write_index

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

COLOURS = {
    "Shahed 136": (225, 25, 25),
    "orlan-10": (25, 225, 25),
    "DJI Phantom": (25, 25, 225),
}
IDS = {"Shahed 136": "shahed-136", "orlan-10": "orlan-10", "DJI Phantom": "dji-phantom"}


def textured(colour: Sequence[int], seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture of its own that the tiny release takes for its colour's type."""
    rng = np.random.default_rng(seed)
    blobs = Image.fromarray(rng.integers(0, 2, (12, 16), np.uint8) * 255).resize(size)
    light = np.asarray(blobs, np.float32)[:, :, None] / 255 - 0.5
    grain = rng.normal(0, 12, (size[1], size[0], 1))
    pixels = np.array(colour, np.float32) + 60 * light + grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def taken_with_a_camera() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera"
    exif[ExifTags.Base.DateTime] = "2024:05:01 12:00:00"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return exif


def save(picture: Image.Image, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.save(file, exif=taken_with_a_camera(), quality=92)
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos as a team keeps them: three types, four incidents each, two photos of each."""
    place = tmp_path / "ours"
    for one, (name, colour) in enumerate(COLOURS.items()):
        for number in range(8):
            incident = f"2024-0{number // 2 + 1} {name}"
            picture = textured(colour, 100 * one + number)
            save(picture, place / name / incident / f"{number}.jpg")
    return place


@pytest.fixture
def imported(wreckid: Wreckid, folder: Path, tmp_path: Path) -> Path:
    done = wreckid("photos", "import", folder, "--out", tmp_path / "set")
    assert done.code == 0, done.err
    assert done.out == f"24 photos of 3 types: {tmp_path / 'set'}\n"
    return tmp_path / "set"


@pytest.fixture
def check(
    wreckid: Wreckid, release: Release, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., "tuple[Finished, list[dict[str, Any]]]"]:
    """Checks a set without reading words, and gives what was found."""
    monkeypatch.setattr(checking, "words", lambda picture: "")

    def run(place: Path) -> "tuple[Finished, list[dict[str, Any]]]":
        done = wreckid("photos", "check", place, "--release", release.folder)
        assert done.code in (0, 1), done.err
        return done, json.loads((place / "check.json").read_text(encoding="utf-8"))

    return run


def of_kind(findings: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in findings if one["kind"] == kind]


def altered(place: Path, change: Callable[[PhotoRow], PhotoRow]) -> None:
    write_index(place, [change(row) for row in read_index(place)])


def test_photos_are_kept_to_the_byte_with_labels_made_one(imported: Path, folder: Path) -> None:
    rows = read_index(imported)
    assert {row.label for row in rows} == {"shahed-136", "orlan-10", "dji-phantom"}
    for row in rows:
        name, incident, _ = row.received.split("/")
        assert (row.label, row.incident, row.source) == (IDS[name], incident, incident)
        assert (imported / row.file).read_bytes() == (folder / row.received).read_bytes()
        assert len(row.sha256) == 64 and len(row.looks) == 64


def test_camera_date_and_place_go_to_a_side_file(imported: Path) -> None:
    lines = (imported / "camera.jsonl").read_text(encoding="utf-8").splitlines()
    tags = [json.loads(line)["tags"] for line in lines]
    assert len(tags) == 24
    assert tags[0]["DateTime"] == "2024:05:01 12:00:00" and tags[0]["GPSLatitudeRef"] == "N"
    assert "2024:05:01" not in (imported / "index.csv").read_text(encoding="utf-8")


def test_a_table_keeps_source_licence_and_notes(wreckid: Wreckid, tmp_path: Path) -> None:
    save(textured((225, 25, 25), 1), tmp_path / "a.jpg")
    (tmp_path / "list.csv").write_text(
        "photo,type,incident,source,licence,notes,condition\n"
        "a.jpg,Герань-2,Odesa,press,CC BY 4.0,seen by two,burnt\n",
        encoding="utf-8",
    )
    done = wreckid("photos", "import", tmp_path / "list.csv", "--out", tmp_path / "set")
    assert done.code == 0, done.err
    (row,) = read_index(tmp_path / "set")
    assert (row.label, row.incident, row.source) == ("shahed-136", "Odesa", "press")
    assert (row.licence, row.notes, row.condition) == ("CC BY 4.0", "seen by two", "burnt")


def test_a_folder_of_sources_names_them(wreckid: Wreckid, tmp_path: Path) -> None:
    save(textured((225, 25, 25), 1), tmp_path / "in/orlan-10/Odesa/press/deep/a.jpg")
    wreckid("photos", "import", tmp_path / "in", "--out", tmp_path / "set")
    (row,) = read_index(tmp_path / "set")
    assert (row.incident, row.source) == ("Odesa", "press")


def test_an_import_that_failed_or_was_stopped_leaves_nothing_in_its_way(
    wreckid: Wreckid, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    (tmp_path / "list.csv").write_text("photo,type,incident,source\na.jpg,orlan-10,x,y\n")
    assert wreckid("photos", "import", tmp_path / "list.csv", "--out", place / "set").code == 2
    assert list(place.iterdir()) == []
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("wreckid.training.photos.intake.write_index", stopped)
        import_photos(folder, place / "set", catalogue())
    assert list(place.iterdir()) == []
    assert wreckid("photos", "import", folder, "--out", place / "set").code == 0
    assert [file.name for file in place.iterdir()] == ["set"]
    assert len(list((place / "set/photos").iterdir())) == 24


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_names_of_any_bytes_and_any_ending_are_taken(wreckid: Wreckid, tmp_path: Path) -> None:
    place = tmp_path / "in/orlan-10" / os.fsdecode(b"Kyj\xefv")
    save(textured((225, 25, 25), 1), place / "a.jpg").rename(place / "=photo.été")
    done = wreckid("photos", "import", tmp_path / "in", "--out", tmp_path / "set")
    assert done.code == 0, done.err
    (row,) = read_index(tmp_path / "set")
    assert (row.file, row.incident) == ("photos/000000.jpeg", "Kyj�v")


def test_unreadable_files_are_told_and_the_others_kept(
    wreckid: Wreckid, folder: Path, tmp_path: Path
) -> None:
    (folder / "orlan-10/notes").mkdir()
    (folder / "orlan-10/notes/a.txt").write_text("found at the field")
    done = wreckid("photos", "import", folder, "--out", tmp_path / "set")
    assert done.code == 0
    assert "Left out: orlan-10/notes/a.txt: The file is not a photo" in done.out
    told = (tmp_path / "set/unreadable.csv").read_text(encoding="utf-8")
    (row,) = csv.DictReader(told.splitlines())
    assert row["received"] == "orlan-10/notes/a.txt"
    assert len(read_index(tmp_path / "set")) == 24


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Shahid-137/Odesa/a.jpg", "“Shahid-137” (did you mean shahed-13"),
        ("zzzzzz/Odesa/a.jpg", "“zzzzzz”:"),
        ("orlan-10/a.jpg", "in no incident's folder, orlan-10/a.jpg for one"),
    ],
)
def test_what_is_unclear_is_refused_and_nothing_written(
    wreckid: Wreckid, tmp_path: Path, name: str, reason: str
) -> None:
    save(textured((9, 9, 9), 1), tmp_path / "in" / name)
    done = wreckid("photos", "import", tmp_path / "in", "--out", tmp_path / "set")
    assert done.code == 2
    assert reason in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("photo,type,incident\na.jpg,orlan-10,Odesa\n", "row 2 lacks source"),
        ("photo,type,incident,source\na.jpg,orlan-10,,press\n", "row 2 lacks incident"),
        ("photo,type,incident,source,mood\na.jpg,orlan-10,x,y,z\n", "the column mood"),
        ("photo,type,incident,source\n", "holds no photos"),
        ("photo,type,incident,source\na.jpg,orlan-10,x,y\n", "None of the 1 photos"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    wreckid: Wreckid, tmp_path: Path, table: str, reason: str
) -> None:
    (tmp_path / "list.csv").write_text(table)
    done = wreckid("photos", "import", tmp_path / "list.csv", "--out", tmp_path / "set")
    assert done.code == 2 and reason in done.err


def test_a_set_is_never_written_over(wreckid: Wreckid, imported: Path, folder: Path) -> None:
    before = (imported / "index.csv").read_bytes()
    done = wreckid("photos", "import", folder, "--out", imported)
    assert done.code == 2 and "is not empty" in done.err
    assert (imported / "index.csv").read_bytes() == before


def test_a_clean_set_gives_nothing_to_find(
    check: Callable[..., Any], imported: Path, wreckid: Wreckid
) -> None:
    assert wreckid("photos", "split", imported).code == 0
    done, findings = check(imported)
    assert (done.code, findings) == (0, [])
    assert done.out.startswith("Nothing was found.\n")
    page = (imported / "check.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 24 and "://" not in page


def test_a_planted_leak_is_found(
    check: Callable[..., Any], imported: Path, wreckid: Wreckid
) -> None:
    wreckid("photos", "split", imported)
    sides = read_sides(imported)
    moved, *stay = sides["test"]
    partner = next(row for row in stay if row.incident == moved.incident)
    write_index(imported / "test", stay)
    write_index(imported / "train", [*sides["train"], moved])
    done, findings = check(imported)
    assert done.code == 1
    leaks = of_kind(findings, "leak")
    assert [one for one in leaks if one["sentence"].startswith(f"the incident {moved.incident} is")]
    assert all("in train and in test" in one["sentence"] for one in leaks)
    assert partner.received in leaks[0]["sentence"] and moved.received in leaks[0]["sentence"]


def test_a_planted_swapped_label_is_found(check: Callable[..., Any], imported: Path) -> None:
    swapped = next(row for row in read_index(imported) if row.label == "orlan-10")
    altered(
        imported,
        lambda row: PhotoRow(**vars(row) | {"label": "shahed-136"}) if row == swapped else row,
    )
    _, findings = check(imported)
    (doubt,) = of_kind(findings, "label")
    assert doubt["files"] == [swapped.file]
    assert "labelled shahed-136, the release takes it for orlan-10" in doubt["sentence"]


def test_planted_duplicates_are_found_also_across_labels(
    check: Callable[..., Any], wreckid: Wreckid, folder: Path, tmp_path: Path
) -> None:
    original = folder / "orlan-10/2024-01 orlan-10/0.jpg"
    (folder / "orlan-10/copy").mkdir()
    (folder / "orlan-10/copy/same.jpg").write_bytes(original.read_bytes())
    with Image.open(original) as photo:
        smaller = photo.resize((280, 210))
    save(smaller, folder / "Shahed 136/repost/smaller.jpg")
    wreckid("photos", "import", folder, "--out", tmp_path / "set")
    done, findings = check(tmp_path / "set")
    assert done.code == 1
    names = {row.file: row.received for row in read_index(tmp_path / "set")}
    found = {kind: of_kind(findings, kind) for kind in ("copy", "look-alike", "contradiction")}
    both = ["orlan-10/2024-01 orlan-10/0.jpg", "orlan-10/copy/same.jpg"]
    assert [sorted(names[file] for file in one["files"]) for one in found["copy"]] == [both]
    everything = sorted([*both, "Shahed 136/repost/smaller.jpg"])
    for kind in ("look-alike", "contradiction"):
        assert [sorted(names[file] for file in one["files"]) for one in found[kind]] == [everything]
    assert "labelled orlan-10 and shahed-136" in found["contradiction"][0]["sentence"]


def test_a_label_mistyped_in_the_index_is_found_and_so_is_the_older_split(
    check: Callable[..., Any], imported: Path, wreckid: Wreckid
) -> None:
    wreckid("photos", "split", imported)
    first, *_ = read_index(imported)
    altered(
        imported,
        lambda row: PhotoRow(**vars(row) | {"label": "shahed136"}) if row == first else row,
    )
    done, findings = check(imported)
    assert done.code == 1
    (unknown,) = of_kind(findings, "unknown")
    assert unknown["files"] == [first.file] and "“shahed136”" in unknown["sentence"]
    assert {file for one in of_kind(findings, "stale") for file in one["files"]} == {first.file}


def test_a_photo_that_was_changed_or_lost_is_found(
    check: Callable[..., Any], imported: Path
) -> None:
    lost, changed, *_ = read_index(imported)
    (imported / lost.file).unlink()
    save(textured((5, 5, 5), 77), imported / changed.file)
    done, findings = check(imported)
    assert done.code == 1
    found = [one["files"][0] for one in of_kind(findings, "changed")]
    assert found == [lost.file, changed.file]


def test_poor_photos_are_found(
    check: Callable[..., Any], wreckid: Wreckid, folder: Path, tmp_path: Path
) -> None:
    red, place = COLOURS["Shahed 136"], folder / "Shahed 136/poor"
    blurred = textured(red, 50).filter(ImageFilter.GaussianBlur(9))
    save(blurred, place / "blurred.jpg")
    save(textured(red, 51, (150, 110)), place / "tiny.jpg")
    textured(red, 52).save(place / "screen.png")
    barred = Image.new("RGB", (320, 480))
    barred.paste(textured(red, 53), (0, 120))
    barred.save(place / "barred.jpg")
    wreckid("photos", "import", folder, "--out", tmp_path / "set")
    _, findings = check(tmp_path / "set")
    names = {row.file: Path(row.received).name for row in read_index(tmp_path / "set")}
    for kind, expected in (
        ("blurred", {"blurred.jpg"}),
        ("tiny", {"tiny.jpg"}),
        ("screenshot", {"screen.png", "barred.jpg"}),
    ):
        assert {names[one["files"][0]] for one in of_kind(findings, kind)} == expected, kind


@pytest.mark.parametrize(
    ("text", "says"),
    [("SHAHED-136 downed", "gives the label away"), ("an Orlan-10", "speaks for orlan-10")],
)
def test_words_that_name_a_type_are_found(
    check: Callable[..., Any],
    imported: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    says: str,
) -> None:
    shahed = next(row for row in read_index(imported) if row.label == "shahed-136")
    write_index(imported, [shahed])
    monkeypatch.setattr(checking, "words", lambda picture: text)
    _, findings = check(imported)
    (found,) = of_kind(findings, "text")
    assert says in found["sentence"] and found["files"] == [shahed.file]


def test_types_with_few_photos_are_told(check: Callable[..., Any], imported: Path) -> None:
    rows = read_index(imported)
    first = [row for row in rows if row.label == "orlan-10"][:2]
    write_index(imported, [*(row for row in rows if row.label != "orlan-10"), *first])
    _, findings = check(imported)
    assert [one["sentence"] for one in of_kind(findings, "balance")] == [
        "orlan-10 has 1 incidents, three are needed to train, calibrate and test"
    ]


def test_a_split_leaves_three_sets_that_other_verbs_read(
    wreckid: Wreckid, imported: Path, release: Release
) -> None:
    done = wreckid("photos", "split", imported)
    assert done.code == 0 and done.out.count(" photos of 3 types: ") == 3
    sides = read_sides(imported)
    assert sum(len(rows) for rows in sides.values()) == 24
    figures = json.loads(wreckid("evaluate", release.folder, imported / "test").out)
    assert figures["catalogue"]["top1"]["count"] == len(sides["test"])
    assert figures["catalogue"]["top1"]["value"] == 1


@pytest.mark.parametrize("missing", ["--photos", "--from-release"])
def test_training_wants_a_release_and_photos(
    wreckid: Wreckid, imported: Path, missing: str
) -> None:
    given = {"--photos": imported, "--from-release": "wreckid-pair"}
    arguments = [part for name, value in given.items() if name != missing for part in (name, value)]
    done = wreckid("train", *arguments, "--out", imported / "run")
    assert done.code == 2 and "both --from-release and --photos" in done.err


def test_what_is_no_set_is_refused(wreckid: Wreckid, folder: Path) -> None:
    for verb in ("check", "split"):
        done = wreckid("photos", verb, folder)
        assert done.code == 2 and "make one with wreckid photos import" in done.err
