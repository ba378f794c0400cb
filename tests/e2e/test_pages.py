"""Each page of a TIFF file is a photo of the same item, at every door."""

import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from wreckid.model.preprocessing import MOST_PAGES, pages
from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
RED, GREEN, BLUE = (230, 20, 20), (20, 230, 20), (20, 20, 230)


def tiff(*colours: tuple[int, int, int], side: int = 60) -> bytes:
    """A TIFF file with a plain page of each colour."""
    first, *others = (Image.new("RGB", (side + 20, side), colour) for colour in colours)
    file = BytesIO()
    first.save(file, "TIFF", save_all=True, append_images=others)
    return file.getvalue()


@pytest.fixture
def batch(wreckid: Wreckid, release: Release, tmp_path: Path) -> Callable[..., list[Any]]:
    def run(source: Path, *options: str) -> list[Any]:
        out = tmp_path / "out"
        done = wreckid("batch", source, "--out", out, *options, "--release", release.folder)
        assert done.code == 0, done.err
        assert wreckid("verify", out, "--evidence", source).code == 0
        assert wreckid("replay", out, "--release", release.folder).code == 0
        return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]

    return run


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence"
    folder.mkdir()
    return folder


def test_pages_of_a_file_are_photos_of_one_item(
    batch: Callable[..., list[Any]], evidence: Path, wreckid: Wreckid, tmp_path: Path
) -> None:
    (evidence / "one.TIFF").write_bytes(tiff(BLUE))
    (evidence / "scan.tif").write_bytes(tiff(RED, GREEN, RED))
    with zipfile.ZipFile(evidence / "z.zip", "w") as archive:
        archive.writestr("scan.tif", tiff(GREEN, RED))
    one, scan, zipped = batch(evidence)
    assert [row["item"] for row in (one, scan, zipped)] == [
        "one.TIFF",
        "scan.tif",
        "z.zip/scan.tif",
    ]
    assert [photo["name"] for photo in scan["photos"]] == [f"scan.tif, page {n}" for n in (1, 2, 3)]
    assert [photo["page"] for photo in (*one["photos"], *scan["photos"])] == [None, 1, 2, 3]
    assert len({photo["sha256"] for photo in scan["photos"]}) == 1
    assert scan["agreement"]["distinct"] == 3
    assert scan["agreement"]["leaders"] == ["shahed-136", "orlan-10", "shahed-136"]
    assert zipped["agreement"]["leaders"] == ["orlan-10", "shahed-136"]
    assert "None were found." in (tmp_path / "out/report.html").read_text()
    (evidence / "scan.tif").write_bytes(tiff(RED, GREEN, BLUE))
    done = wreckid("verify", tmp_path / "out", "--evidence", evidence)
    assert "photo scan.tif, page 3 was changed." in done.out


def test_pages_join_the_photos_of_their_folder_or_table(
    batch: Callable[..., list[Any]], evidence: Path, tmp_path: Path
) -> None:
    (evidence / "site").mkdir()
    (evidence / "site/a.tif").write_bytes(tiff(RED, GREEN))
    (evidence / "site/b.tif").write_bytes(tiff(BLUE, side=100))
    (row,) = batch(evidence, "--items")
    assert [photo["page"] for photo in row["photos"]] == [1, 2, None]
    (tmp_path / "out").rename(tmp_path / "before")
    table = evidence / "finds.csv"
    table.write_text('photo,item,box\nsite/a.tif,x,\nsite/b.tif,x,"10,10,60,60"\n')
    (row,) = batch(table)
    assert [photo["box"] and photo["box"]["photo"] for photo in row["photos"]] == [None, None, 3]


def test_pages_are_told_by_what_a_file_holds_and_not_by_its_name(
    batch: Callable[..., list[Any]], evidence: Path, photo: Callable[..., bytes]
) -> None:
    (evidence / "scan.jpg").write_bytes(tiff(RED, GREEN))
    (evidence / "photo.tif").write_bytes(photo("red"))
    with zipfile.ZipFile(evidence / "z.zip", "w") as archive:
        archive.writestr("scan", tiff(GREEN, RED))
    named, scan, zipped = batch(evidence)
    pages = [[photo["page"] for photo in row["photos"]] for row in (named, scan, zipped)]
    assert pages == [[None], [1, 2], [1, 2]]


def test_the_other_doors_see_the_pages_too(
    client: TestClient, wreckid: Wreckid, release: Release, tmp_path: Path
) -> None:
    (tmp_path / "scan.tif").write_bytes(tiff(RED, GREEN))
    done = wreckid("classify", tmp_path / "scan.tif", "--json", "--release", release.folder)
    upload = {"photos": ("scan.tif", tiff(RED, GREEN))}
    answer = client.post("/v1/classify", files=upload)
    assert json.loads(done.out) == answer.json()
    assert [photo["page"] for photo in answer.json()["photos"]] == [1, 2]
    many = client.post("/v1/classify", files={"photos": ("scan.tif", tiff(*[RED] * 17))})
    assert many.status_code == 422 and "Each page of a TIFF file is one" in many.json()["detail"]


def test_pages_beyond_the_limit_are_a_row_that_says_so(
    batch: Callable[..., list[Any]], evidence: Path
) -> None:
    (evidence / "long.tif").write_bytes(tiff(*[RED] * (MOST_PAGES + 9), side=32))
    (row,) = batch(evidence)
    assert len(row["photos"]) == MOST_PAGES + 1
    failures = [photo["failure"] and photo["failure"]["code"] for photo in row["photos"]]
    assert failures == [None] * MOST_PAGES + ["too-many-pages"]


def test_a_page_that_shows_another_made_small_is_no_photo() -> None:
    file = BytesIO()
    whole = Image.new("RGB", (80, 60), RED)
    small = whole.resize((40, 30))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    whole.save(file, "TIFF", save_all=True, append_images=[small, whole.rotate(90)])
    assert pages(file) == (0, 2)


@pytest.mark.parametrize("data", [b"", b"II*\0", b"II*\0\x08\0\0\0\xff" * 9, b"\xff\xd8\xff"])
def test_what_is_no_tiff_has_one_page(data: bytes) -> None:
    assert pages(BytesIO(data)) == (0,)


def test_a_box_that_was_drawn_on_a_file_is_on_its_first_page(
    release: Release, tmp_path: Path
) -> None:
    """A browser knows files, not pages."""
    photo = BytesIO()
    Image.new("RGB", (200, 100), RED).save(photo, "JPEG")
    files = [
        ("photos", ("scan.tif", tiff(RED, GREEN))),
        ("photos", ("late.jpg", photo.getvalue())),
    ]
    with TestClient(create_app(release, Settings(store=tmp_path))) as desk:
        page = desk.post("/", files=files, data={"box": "2:100,20,180,80"})
        assert page.status_code == 200
        assert "late.jpg" in page.text
        boxed = page.text[page.text.index("late.jpg") :]
        assert "only the box was looked at" in boxed
        assert "only the box was looked at" not in page.text[: page.text.index("late.jpg")]
        beyond = desk.post("/", files=files, data={"box": "3:0,0,50,50"})
    assert beyond.status_code == 422 and "there is no photo 3" in beyond.text
