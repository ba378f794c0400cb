"""Pages of items withstand odd addresses and lost types; what is withheld is told nowhere else."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings

MakePhoto = Callable[..., bytes]
Judged = Callable[..., str]


@pytest.fixture
def desk(release: Release, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(release, Settings(store=tmp_path))) as desk:
        yield desk


@pytest.fixture
def judged(desk: TestClient, photo: MakePhoto) -> Judged:
    """Makes an item with a photo, and tells its id."""

    def make(blind: bool = False) -> str:
        item = str(desk.post("/v1/items", json={"name": "Field 7", "blind": blind}).json()["id"])
        assert desk.post(f"/v1/items/{item}/photos", files={"photos": photo()}).status_code == 200
        return item

    return make


@pytest.mark.parametrize("kind", ["pictures", "maps"])
@pytest.mark.parametrize("number", ["0", "-1", "65", str(10**10), str(10**20), "one"])
def test_a_picture_that_is_not_there_is_told(
    desk: TestClient, judged: Judged, kind: str, number: str
) -> None:
    at = f"/items/{judged()}/{kind}"
    assert desk.get(f"{at}/1").status_code == 200
    assert desk.get(f"{at}/{number}").status_code in (404, 422)


@pytest.mark.parametrize("lost", ["shahed-136", "shahed-131"])
def test_a_type_that_the_catalogue_lost_stands_for_itself(
    desk: TestClient, judged: Judged, tmp_path: Path, lost: str
) -> None:
    item = judged()
    assert "our-own-type" not in desk.get(f"/items/{item}").text
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as store, store:
        store.execute(f"UPDATE bodies SET body = replace(body, '{lost}', 'our-own-type')")
    page = desk.get(f"/items/{item}")
    assert page.status_code == 200
    assert "our-own-type" in page.text


def test_metrics_do_not_tell_what_is_withheld(
    desk: TestClient, judged: Judged, photo: MakePhoto
) -> None:
    desk.post("/v1/classify", files={"photos": photo("green")})

    def counted(name: str) -> list[str]:
        return [line for line in desk.get("/metrics").text.splitlines() if line.startswith(name)]

    before = counted("wreckid_verdicts_total")
    assert before
    judged(blind=True)
    assert counted("wreckid_verdicts_total") == before
    assert counted("wreckid_photos_total") == ['wreckid_photos_total{failure="none"} 2.0']
