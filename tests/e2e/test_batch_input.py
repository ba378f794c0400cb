"""What a run takes in: folders, archives, lists, tables; any names, any bytes."""

import csv
import hashlib
import json
import os
import random
import stat
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest
from PIL import Image, ImageCms

from wreckid.model.preprocessing import Failure
from wreckid.model.release import Release
from wreckid.serving.intake import NamedBytes, read_photo

if TYPE_CHECKING:
    from tests.conftest import Finished

MakePhoto = Callable[..., bytes]
Batch = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def batch(wreckid: Callable[..., "Finished"], release: Release, tmp_path: Path) -> Batch:
    """Runs a source and gives its rows; `code` is what it must exit with."""

    def run(source: Path, *options: str, code: int = 0) -> list[dict[str, Any]]:
        out = tmp_path / "out"
        done = wreckid("batch", source, "--out", out, *options, "--release", release.folder)
        assert done.code == code, done.err
        assert wreckid("verify", out, "--evidence", source).code == 0
        return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]

    return run


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    return folder


def items(rows: list[dict[str, Any]]) -> list[str]:
    return [row["item"] for row in rows]


def codes(rows: list[dict[str, Any]]) -> list[str | None]:
    photos = [photo for row in rows for photo in row["photos"]]
    return [photo["failure"] and photo["failure"]["code"] for photo in photos]


def leaders(rows: list[dict[str, Any]]) -> list[str]:
    return [max(row["probabilities"], key=row["probabilities"].get) for row in rows]


def zipped(members: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def opening(tmp_path: Path) -> dict[str, Any]:
    with (tmp_path / "out/log.jsonl").open() as log:
        return dict(json.loads(log.readline()))


def test_archives_are_read_in_place(batch: Batch, evidence: Path, photo: MakePhoto) -> None:
    members = {"b/2.jpg": photo("blue"), "a.jpg": photo("red"), "__MACOSX/._a.jpg": b"x"}
    (evidence / "phone.ZIP").write_bytes(zipped(members | {"../../up.jpg": photo("green")}))
    (evidence / "last.jpg").write_bytes(photo("grey"))
    (evidence / "torn.zip").write_bytes(zipped(members)[:-40])
    rows = batch(evidence)
    assert items(rows) == [
        "last.jpg",
        "phone.ZIP/../../up.jpg",
        "phone.ZIP/a.jpg",
        "phone.ZIP/b/2.jpg",
        "torn.zip",
    ]
    assert leaders(rows[:4]) == ["not-a-uav", "orlan-10", "shahed-136", "dji-phantom"]
    assert codes(rows) == [None, None, None, None, "not-an-image"]
    assert sorted(file.name for file in evidence.iterdir()) == [
        "last.jpg",
        "phone.ZIP",
        "torn.zip",
    ]


def test_an_archive_alone_is_a_source(batch: Batch, evidence: Path, photo: MakePhoto) -> None:
    archive = evidence / "case.zip"
    archive.write_bytes(zipped({"x/1.jpg": photo("red"), "x/2.jpg": photo("red"), "y": b""}))
    rows = batch(archive, "--items")
    assert [(row["item"], len(row["photos"])) for row in rows] == [("x", 2), ("y", 1)]


def test_members_that_cannot_be_read_are_rows(
    batch: Batch, evidence: Path, photo: MakePhoto
) -> None:
    data = zipped({"bad.jpg": photo("red"), "good.jpg": photo("red")})
    damaged = bytearray(data)
    damaged[60] ^= 255
    locked = bytearray(data)
    for place in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        locked[place] |= 1
    (evidence / "damaged.zip").write_bytes(damaged)
    (evidence / "locked.zip").write_bytes(locked)
    assert codes(batch(evidence)) == ["unreadable", None, "unreadable", None]


def test_a_list_names_photos_in_its_order(
    batch: Batch, evidence: Path, photo: MakePhoto, tmp_path: Path
) -> None:
    (evidence / "b.jpg").write_bytes(photo("blue"))
    (tmp_path / "a.jpg").write_bytes(photo("red"))
    (tmp_path / "list.txt").write_text("evidence/b.jpg\n\ngone.jpg\na.jpg\nevidence\n")
    rows = batch(tmp_path / "list.txt")
    assert items(rows) == ["evidence/b.jpg", "gone.jpg", "a.jpg", "evidence"]
    assert codes(rows) == [None, "missing", None, "unreadable"]


def test_a_table_says_which_photo_belongs_to_which_item(
    batch: Batch, evidence: Path, photo: MakePhoto, tmp_path: Path
) -> None:
    for name, colour in {"1": "red", "2": "red", "3": "blue"}.items():
        (evidence / f"{name}.jpg").write_bytes(photo(colour))
    table = evidence / "finds.csv"
    table.write_text(
        "\ufeffphoto,item,length_m,note\n3.jpg,Поле 7,,\n1.jpg,wing,2.5,=1+1\n2.jpg,wing,2.5,\n"
    )
    rows = batch(table)
    assert [(row["item"], len(row["photos"])) for row in rows] == [("Поле 7", 1), ("wing", 2)]
    assert rows[1]["measurements"] == {"length_m": "2.5", "note": "=1+1"}
    with (tmp_path / "out/results.csv").open(encoding="utf-8-sig", newline="") as lines:
        cells = [row["measurements"] for row in csv.DictReader(lines)]
    assert cells == ["", '{"length_m": "2.5", "note": "=1+1"}']


@pytest.mark.parametrize(
    ("table", "named"),
    [
        ("photo,thing\na.jpg,x\n", "needs a photo and an item"),
        ("photo,item\na.jpg\n", "line 2"),
        ("photo,item,length_m\na.jpg,x,1\nb.jpg,x,2\n", "line 3, column length_m: the same item"),
        ("photo,item,text,Text\na.jpg,x,1,2\n", "two columns text"),
        ("photo,item\na.jpg,x,1\n", "no more cells"),
    ],
)
def test_a_table_that_says_too_little_is_refused(
    wreckid: Callable[..., "Finished"], release: Release, tmp_path: Path, table: str, named: str
) -> None:
    (tmp_path / "t.csv").write_text(table)
    command = ["batch", tmp_path / "t.csv", "--out", tmp_path / "out"]
    done = wreckid(*command, "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and named in done.err


def test_names_of_any_bytes_are_kept_apart(batch: Batch, evidence: Path, photo: MakePhoto) -> None:
    names = [b"\xff.jpg", b"\xfe.jpg", "Обломок 🚁.jpg".encode(), b"new\nline.jpg", b" '\"<i>&.jpg"]
    for name in names:
        (evidence / os.fsdecode(name)).write_bytes(photo("red"))
    rows = batch(evidence)
    assert leaders(rows) == ["shahed-136"] * 5
    assert sorted(items(rows)) == sorted(
        ["�.jpg", "�.jpg", "Обломок 🚁.jpg", "new�line.jpg", " '\"<i>&.jpg"]
    )


def test_links_pipes_and_hidden_files_stay_out_and_are_counted(
    batch: Batch, evidence: Path, photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/s.jpg").write_bytes(photo("blue"))
    (evidence / "out of it").symlink_to(tmp_path / "secret")
    (evidence / "loop").symlink_to(evidence)
    (evidence / "s.jpg").symlink_to(tmp_path / "secret/s.jpg")
    (evidence / ".hidden.jpg").write_bytes(photo("red"))
    (evidence / "Thumbs.db").write_bytes(b"hidden by Windows")
    os.mkfifo(evidence / "pipe.jpg")
    (evidence / "a.jpg").write_bytes(photo("red"))
    assert items(batch(evidence)) == ["a.jpg"]
    assert opening(tmp_path)["left_out"] == {"hidden": 2, "link": 3, "no ordinary file": 1}
    report = (tmp_path / "out/report.html").read_text()
    assert "3 link" in report and "2 hidden" in report


def test_a_listed_pipe_does_not_hang(batch: Batch, evidence: Path) -> None:
    os.mkfifo(evidence / "pipe.jpg")
    (evidence / "list.txt").write_text("pipe.jpg\n")
    assert codes(batch(evidence / "list.txt", code=1)) == ["unreadable"]


def test_folders_of_any_depth(batch: Batch, evidence: Path, photo: MakePhoto) -> None:
    """Deeper than Python's recursion goes, so it is also taken down step by step."""
    folders = [evidence]
    for _ in range(1050):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    (folders[-1] / "a.jpg").write_bytes(photo("red"))
    try:
        assert items(batch(evidence)) == ["d/" * 1050 + "a.jpg"]
    finally:
        (folders[-1] / "a.jpg").unlink()
        for folder in reversed(folders):
            folder.rmdir()


def test_a_file_that_changes_while_it_is_read_is_named(
    evidence: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = evidence / "a.jpg"
    file.write_bytes(photo("red"))
    fstat = os.fstat

    def grown(number: int) -> os.stat_result:
        found = fstat(number)
        with file.open("ab") as stream:
            stream.write(b"x")
        return found

    monkeypatch.setattr(os, "fstat", grown)
    failure = read_photo(file, "a.jpg").data
    assert getattr(failure, "code", None) == "changing"


def test_a_film_that_changes_after_the_run_is_named(
    batch: Batch,
    evidence: Path,
    wreckid: Callable[..., "Finished"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wreckid.serving.intake.MOST_BYTES", 100)
    (evidence / "film.mov").write_bytes(bytes(500))
    assert codes(batch(evidence, code=1)) == ["too-large"]
    (evidence / "film.mov").write_bytes(bytes(499) + b"1")
    done = wreckid("verify", tmp_path / "out", "--evidence", evidence)
    assert done.out == "photo film.mov was changed.\n"


def test_a_film_in_an_archive_that_changes_after_the_run_is_named(
    batch: Batch,
    evidence: Path,
    wreckid: Callable[..., "Finished"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wreckid.serving.source.MOST_BYTES", 100)
    (evidence / "phone.zip").write_bytes(zipped({"film.mov": bytes(500)}))
    rows = batch(evidence, code=1)
    assert codes(rows) == ["too-large"]
    assert rows[0]["photos"][0]["sha256"] == hashlib.sha256(bytes(500)).hexdigest()
    (evidence / "phone.zip").write_bytes(zipped({"film.mov": bytes(499) + b"1"}))
    done = wreckid("verify", tmp_path / "out", "--evidence", evidence)
    assert done.out == "photo phone.zip/film.mov was changed.\n"


def test_runs_from_before_films_in_archives_were_hashed_accuse_nobody(
    batch: Batch,
    evidence: Path,
    wreckid: Callable[..., "Finished"],
    release: Release,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unhashed(_: object, name: str) -> NamedBytes:
        return NamedBytes(name, Failure("too-large"))

    monkeypatch.setattr("wreckid.serving.source.MOST_BYTES", 100)
    (evidence / "phone.zip").write_bytes(zipped({"film.mov": bytes(500)}))
    with monkeypatch.context() as before:
        before.setattr("wreckid.serving.source.too_large", unhashed)
        assert batch(evidence, code=1)[0]["photos"][0]["sha256"] is None
    assert wreckid("verify", tmp_path / "out", "--evidence", evidence).code == 0
    assert wreckid("replay", tmp_path / "out", "--release", release.folder).code == 0


@pytest.mark.parametrize("alone", [False, True])
def test_hidden_members_of_archives_are_counted(
    batch: Batch, evidence: Path, photo: MakePhoto, tmp_path: Path, alone: bool
) -> None:
    members = {"a.jpg": photo("red"), "__MACOSX/._a.jpg": b"x", ".secret/b.jpg": photo("red")}
    archive = evidence / "phone.zip"
    archive.write_bytes(zipped(members))
    assert len(batch(archive if alone else evidence)) == 1
    assert opening(tmp_path)["left_out"] == {"hidden": 2}


def test_originals_are_not_touched(batch: Batch, evidence: Path, photo: MakePhoto) -> None:
    file = evidence / "a.jpg"
    file.write_bytes(photo("red"))
    os.utime(file, (1_000_000_000, 1_000_000_000))
    file.chmod(stat.S_IRUSR)
    before = file.stat()
    batch(evidence)
    after = file.stat()
    assert (after.st_mtime_ns, after.st_mode, after.st_size, after.st_atime_ns) == (
        before.st_mtime_ns,
        before.st_mode,
        before.st_size,
        before.st_atime_ns,
    )


def test_camera_data_stays_in_a_side_file_unless_asked_for(
    batch: Batch, evidence: Path, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SpyCam<b>"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (50.0, 27.0, 1.0)
    Image.new("RGB", (90, 80), "red").save(evidence / "a.jpg", exif=exif)
    batch(evidence)
    camera = json.loads((tmp_path / "out/camera.jsonl").read_text())
    assert camera["photos"][0]["Make"] == "SpyCam<b>"
    assert camera["photos"][0]["GPSLatitude"] == [50.0, 27.0, 1.0]
    for name in ("report.html", "results.jsonl", "results.csv"):
        assert "SpyCam" not in (tmp_path / "out" / name).read_text()
    (tmp_path / "out").rename(tmp_path / "before")
    batch(evidence, "--cameras")
    assert "Make SpyCam&lt;b&gt;" in (tmp_path / "out/report.html").read_text()


def test_rows_follow_the_published_schema(
    batch: Batch, evidence: Path, photo: MakePhoto, tmp_path: Path
) -> None:
    (evidence / "a.jpg").write_bytes(photo("red"))
    (evidence / "b.jpg").write_bytes(b"")
    rows = batch(evidence)
    schema = json.loads((tmp_path / "out/results.schema.json").read_text())
    for row in rows:
        jsonschema.validate(row, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(rows[0] | {"item": 3}, schema)
    assert rows[0]["configuration_sha256"] == opening(tmp_path)["configuration_sha256"]


def test_progress_for_scripts(
    wreckid: Callable[..., "Finished"],
    release: Release,
    evidence: Path,
    photo: MakePhoto,
    tmp_path: Path,
) -> None:
    (evidence / "a.jpg").write_bytes(photo("red"))
    errors = {}
    for style in ("quiet", "json"):
        options = ["--progress", style, "--release", release.folder]
        errors[style] = wreckid("batch", evidence, "--out", tmp_path / style, *options).err
    assert errors["quiet"] == ""
    (state,) = map(json.loads, errors["json"].splitlines())
    assert (state["done"], state["total"], state["verdicts"]) == (1, 1, {"type": 1})
    assert state["seconds_left"] == 0 and state["unreadable"] == 0


SUFFIXES = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "TIFF": "tif",
    "BMP": "bmp",
    "GIF": "gif",
    "HEIF": "heic",
    "AVIF": "avif",
    "MPO": "mpo",
}
MODES = {
    "PNG": ("1", "L", "LA", "P", "RGBA", "I;16"),
    "TIFF": ("1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"),
    "JPEG": ("L", "CMYK", "YCbCr"),
    "WEBP": ("L", "RGBA"),
    "BMP": ("1", "L", "P"),
    "GIF": ("1", "L", "P"),
}


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def oddities(bomb: bytes) -> Iterator[tuple[str, bytes]]:
    """Hostile and odd files, each with a name of its own."""
    noise = np.random.default_rng(3).integers(0, 255, (48, 64, 3), np.uint8)
    plain = Image.fromarray(noise)
    good = {kind: saved(plain, kind) for kind in SUFFIXES}
    for kind, data in good.items():
        for tenth in range(1, 10):
            yield f"cut-{tenth}-{kind}.{SUFFIXES[kind]}", data[: len(data) * tenth // 10]
        for seed in range(8):
            hurt = bytearray(data)
            for place in random.Random(seed).sample(range(len(data)), 4):
                hurt[place] ^= 0x55
            yield f"hurt-{seed}-{kind}.{SUFFIXES[kind]}", bytes(hurt)
        yield f"as-{kind}.exe", data
        yield f"as-{kind}.{'png' if kind == 'JPEG' else 'jpg'}", data
        yield f"tail-{kind}.jpg", data + b"<script>alert(1)</script>" * 40
    for kind, modes in MODES.items():
        for mode in modes:
            yield f"mode-{kind}-{mode.replace(';', '')}", saved(plain.convert(mode), kind)
    for orientation in (0, *range(1, 10), 65535):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"turned-{orientation}.jpg", saved(plain, "JPEG", exif=exif)
    for number, block in enumerate(
        (b"", b"MM", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff" * 9)
    ):
        yield f"exif-{number}.jpg", saved(plain, "JPEG", exif=b"Exif\0\0" + block)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for number, icc in enumerate((profile, profile[:50], b"none" * 999)):
        yield f"profile-{number}.jpg", saved(plain, "JPEG", icc_profile=icc)
    pages = [plain.rotate(90 * turn) for turn in range(3)]
    for kind in ("TIFF", "GIF", "WEBP", "PNG"):
        yield f"pages-{kind}", saved(plain, kind, save_all=True, append_images=pages)
    yield "endless.gif", saved(plain, "GIF", save_all=True, append_images=pages, loop=0)
    for size in ((1, 1), (31, 400), (32, 32), (1, 5000), (5000, 33)):
        yield f"size-{size[0]}x{size[1]}.png", saved(plain.resize(size), "PNG")
    yield "bomb.png", bomb
    for name, data in {
        "nothing": b"",
        "null": bytes(500),
        "page.html": b"<html><script>alert(1)</script></html>",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "paper.pdf": b"%PDF-1.7\n" + bytes(100),
        "program.exe": b"MZ" + bytes(300),
        "soi.jpg": b"\xff\xd8",
        "soi-eoi.jpg": b"\xff\xd8\xff\xd9",
        "gif-head.gif": b"GIF89a" + b"\xff" * 6,
        "riff.webp": b"RIFF\xff\xff\xff\xffWEBP",
        "ftyp.heic": b"\0\0\0\x18ftypheic" + bytes(20),
    }.items():
        yield name, data


def test_every_hostile_or_odd_file_is_a_row(batch: Batch, evidence: Path) -> None:
    named = dict(oddities(saved(Image.new("1", (20_000, 20_000)), "PNG")))
    assert len(named) >= 200
    for name, data in named.items():
        (evidence / name).write_bytes(data)
    rows = batch(evidence)
    assert sorted(items(rows)) == sorted(named)
    reasons = {row["item"]: codes([row])[0] for row in rows}
    assert codes([row for row in rows if row["item"] == "pages-TIFF"]) == [None] * 4
    assert reasons["bomb.png"] == "too-large"
    assert reasons["nothing"] == "empty"
    assert reasons["page.html"] == reasons["program.exe"] == "not-an-image"
    assert reasons["size-1x1.png"] == reasons["size-31x400.png"] == "too-small"
    assert all(reasons[name] for name in named if name.startswith(("cut-1-", "cut-2-")))
    fine = ("as-", "tail-", "mode-", "turned-", "profile-", "exif-", "pages-", "endless")
    assert {name: reasons[name] for name in named if name.startswith(fine)} == {
        name: None for name in named if name.startswith(fine)
    }


def test_packing_without_a_bound_on_what_comes_out_is_not_opened(
    batch: Batch, evidence: Path, photo: MakePhoto
) -> None:
    """A kilobyte of bzip2 may hold gigabytes, whatever length the archive says."""
    with zipfile.ZipFile(evidence / "phone.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.jpg", photo("red"))
        archive.writestr("b.jpg", photo("red"), zipfile.ZIP_DEFLATED)
    rows = {row["item"]: row["photos"][0] for row in batch(evidence)}
    assert rows["phone.zip/a.jpg"]["failure"]["code"] == "unreadable"
    assert not rows["phone.zip/b.jpg"].get("failure")


def test_what_has_no_name_in_an_archive_is_counted_and_the_rest_judged(
    batch: Batch, evidence: Path, photo: MakePhoto, tmp_path: Path
) -> None:
    with zipfile.ZipFile(evidence / "odd.zip", "w") as archive:
        archive.writestr("a.jpg", photo("red"))
        archive.writestr("x", photo("red"))
        archive.filelist[1].filename = ""
    (evidence / "b.jpg").write_bytes(photo("red"))
    rows = batch(evidence)
    assert items(rows) == ["b.jpg", "odd.zip/a.jpg"]
    assert codes(rows) == [None, None]
    assert opening(tmp_path)["left_out"] == {"no name": 1}


def test_an_archive_whose_files_overlap_is_one_row(
    batch: Batch, evidence: Path, photo: MakePhoto
) -> None:
    """Kilobytes could hold thousands of photos."""
    with zipfile.ZipFile(evidence / "phone.zip", "w") as archive:
        archive.writestr("a.jpg", photo("red"))
        archive.filelist += archive.filelist * 9
    (evidence / "b.jpg").write_bytes(photo("red"))
    rows = batch(evidence)
    assert items(rows) == ["b.jpg", "phone.zip"]
    assert codes(rows) == [None, "not-an-image"]


def test_an_archive_alone_whose_files_overlap_is_refused(
    wreckid: Callable[..., "Finished"], release: Release, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "phone.zip", "w") as archive:
        archive.writestr("a.jpg", b"")
        archive.filelist += archive.filelist
    command = ["batch", tmp_path / "phone.zip", "--out", tmp_path / "out"]
    done = wreckid(*command, "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and "is not a zip archive that can be read" in done.err
