"""A part of a photo that is looked at twice, at every door."""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from wreckid.datasets.catalogue import catalogue
from wreckid.model.evidence import read_evidence
from wreckid.model.looking import SecondLook
from wreckid.model.release import Release, ReleaseFacts, write_release
from wreckid.serving.api import create_app
from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import NamedBytes

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

PART = {"left": 0, "top": 0, "right": 400, "bottom": 300}


@pytest.fixture(scope="module")
def corner() -> bytes:
    """Grey, with red in the upper left quarter."""
    image = Image.new("RGB", (800, 600), (128, 128, 128))
    image.paste((230, 20, 20), (0, 0, 400, 300))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def twice(tmp_path: Path, facts: Callable[..., ReleaseFacts], files: dict[str, bytes]) -> Release:
    """The tiny release, told to look twice."""
    rule = SecondLook(probability=0.99, largest=0.5)
    return write_release(tmp_path / "twice", facts(second_look=rule), files)


def test_the_part_is_looked_at_again_and_recorded(
    release: Release, twice: Release, corner: bytes
) -> None:
    photos = [NamedBytes("a.png", corner)]
    once, again = (Classifier(one, catalogue()).classify(photos) for one in (release, twice))
    assert once.photos[0].part is None
    assert again.photos[0].part is not None
    assert again.photos[0].part.model_dump() == PART
    assert again.candidates[0].type == once.candidates[0].type == "shahed-136"
    assert again.candidates[0].confidence > once.candidates[0].confidence + 0.1


def test_a_part_of_a_box_is_told_in_pixels_of_the_photo(twice: Release, corner: bytes) -> None:
    evidence = read_evidence({"boxes": ["1:200,100,700,600"]})
    result = Classifier(twice, catalogue()).classify([NamedBytes("a.png", corner)], evidence)
    part = result.photos[0].part
    assert part is not None
    edges = (part.left, part.top, part.right, part.bottom)
    assert edges == pytest.approx((150, 50, 450, 325), abs=2)


def test_nothing_is_looked_at_twice_where_a_uav_fills_the_photo(
    twice: Release, photo: Callable[..., bytes]
) -> None:
    result = Classifier(twice, catalogue()).classify([NamedBytes("a.jpg", photo("red"))])
    assert result.photos[0].part is None


def test_the_api_tells_the_part(twice: Release, corner: bytes) -> None:
    with TestClient(create_app(twice)) as client:
        answer = client.post("/v1/classify", files={"photos": ("a.png", corner)})
    assert answer.json()["photos"][0]["part"] == PART


def test_the_page_frames_the_part(twice: Release, corner: bytes) -> None:
    with TestClient(create_app(twice)) as client:
        page = client.post("/", files={"photos": ("a.png", corner)}).text
    assert 'viewBox="0 0 800 600"' in page
    assert '<rect x="0" y="0" width="400" height="300"/>' in page
    assert "the part that shows a UAV was looked at twice" in page


BOXED = re.compile(
    r'viewBox="150 50 600 550" preserveAspectRatio="none"[^<]*<rect x="(\d+)" y="(\d+)"'
    r' width="(\d+)" height="(\d+)"/>'
)
"""What a picture shows of a photo in which a box from 200, 100 to 700, 600 was drawn."""


def test_the_part_of_a_box_is_framed_on_page_and_report(
    wreckid: Wreckid, twice: Release, corner: bytes, tmp_path: Path
) -> None:
    box, run = "200,100,700,600", tmp_path / "run"
    (tmp_path / "a.png").write_bytes(corner)
    (tmp_path / "finds.csv").write_text(f'photo,item,box\na.png,wing,"{box}"\n')
    done = wreckid("batch", tmp_path / "finds.csv", "--out", run, "--release", twice.folder)
    assert done.code == 0, done.err
    with TestClient(create_app(twice)) as client:
        files = {"photos": ("a.png", corner)}
        page = client.post("/", files=files, data={"box": f"1:{box}"}).text
    for shown in (page, (run / "report.html").read_text()):
        framed = BOXED.search(shown)
        assert framed is not None
        assert [int(edge) for edge in framed.groups()] == pytest.approx([150, 50, 300, 275], abs=2)


def test_the_report_frames_the_part(
    wreckid: Wreckid, twice: Release, corner: bytes, tmp_path: Path
) -> None:
    photos, run = tmp_path / "photos", tmp_path / "run"
    photos.mkdir()
    (photos / "a.png").write_bytes(corner)
    done = wreckid("batch", photos, "--out", run, "--release", twice.folder)
    assert done.code == 0, done.err
    report = "".join(file.read_text() for file in [run / "report.html", *run.glob("report/*.html")])
    assert '<rect x="0" y="0" width="400" height="300"/>' in report
    assert "looked at twice: 0, 0 to 400, 300" in report
    again = wreckid("replay", run, "--release", twice.folder)
    assert again.code == 0, again.err
