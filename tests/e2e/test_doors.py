"""The same photo gives the same answer at every door, however strange it is."""

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import markupsafe
import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.model.verdict import percent

if TYPE_CHECKING:
    from tests.conftest import Finished, Strange

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]
Door = Callable[["Strange"], dict[str, Any]]


@pytest.fixture(params=["api", "classify", "batch"])
def door(
    request: pytest.FixtureRequest,
    client: TestClient,
    wreckid: Wreckid,
    release: Release,
    tmp_path: Path,
) -> Door:
    """Each door that answers with a result, as a function of one photo."""

    def api(strange: "Strange") -> dict[str, Any]:
        answer = client.post("/v1/classify", files={"photos": (strange.name, strange.data)})
        assert answer.status_code == 200
        return dict(answer.json())

    def save(strange: "Strange") -> Path:
        folder = tmp_path / "evidence"
        folder.mkdir()
        (folder / strange.name).write_bytes(strange.data)
        return folder / strange.name

    def classify(strange: "Strange") -> dict[str, Any]:
        done = wreckid("classify", save(strange), "--json", "--release", release.folder)
        assert done.code == (1 if strange.failure else 0)
        return dict(json.loads(done.out))

    def batch(strange: "Strange") -> dict[str, Any]:
        folder, out = save(strange).parent, tmp_path / "out"
        done = wreckid("batch", folder, "--out", out, "--release", release.folder)
        assert done.code == (1 if strange.failure else 0)
        (line,) = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
        row = dict(json.loads(line))
        assert row.pop("item") == strange.name
        return row

    doors: dict[str, Door] = {"api": api, "classify": classify, "batch": batch}
    return doors[request.param]


def test_strange_input_is_read_right_or_has_a_reason(door: Door, strange: "Strange") -> None:
    result = door(strange)
    (photo,) = result["photos"]
    assert photo["name"] == strange.name
    assert len(photo["sha256"]) == 64
    if strange.failure:
        assert photo["failure"]["code"] == strange.failure
        assert result["verdict"]["level"] == "insufficient"
        assert result["candidates"] == []
    else:
        assert photo["failure"] is None
        assert (photo["width"], photo["height"]) == strange.size
        assert max(result["probabilities"], key=result["probabilities"].get) == strange.leader


def test_the_page_reads_strange_input_or_gives_the_reason(
    client: TestClient, strange: "Strange"
) -> None:
    answer = client.post("/", files={"photos": (strange.name, strange.data)})
    assert answer.status_code == 200
    assert str(markupsafe.escape(strange.name)) in answer.text
    assert "<b>🚁" not in answer.text
    assert ("Not used." in answer.text) == bool(strange.failure)
    assert ("I cannot tell" in answer.text) == (strange.leader != "shahed-136")


def test_strange_input_takes_nothing_from_a_good_photo(
    client: TestClient, strange: "Strange", photo: MakePhoto
) -> None:
    good = photo("green")
    files = [("photos", (strange.name, strange.data)), ("photos", ("good.jpg", good))]
    result = client.post("/v1/classify", files=files).json()
    assert [one["name"] for one in result["photos"]] == [strange.name, "good.jpg"]
    assert result["photos"][1]["failure"] is None
    if strange.failure:
        assert result["candidates"][0]["type"] == "orlan-10"


def test_all_doors_rank_alike(
    client: TestClient, wreckid: Wreckid, release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    file = tmp_path / "wreck.jpg"
    file.write_bytes(photo("grey"))
    upload = {"photos": ("wreck.jpg", file.read_bytes())}
    api = client.post("/v1/classify", files=upload).json()
    cli = json.loads(wreckid("classify", file, "--json", "--release", release.folder).out)
    page = client.post("/", files=upload).text
    assert api == cli
    places = [page.index(f"<b>{escape(one['name'])}</b><span") for one in api["candidates"]]
    assert len(places) == 4
    assert places == sorted(places)


def test_no_uav_is_no_candidate_but_told_beside_them(
    client: TestClient, wreckid: Wreckid, release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    file = tmp_path / "grey.jpg"
    file.write_bytes(photo("grey"))
    result = client.post("/v1/classify", files={"photos": ("grey.jpg", file.read_bytes())}).json()
    assert max(result["probabilities"], key=result["probabilities"].get) == "not-a-uav"
    assert "not-a-uav" not in [one["type"] for one in result["candidates"]]
    said = wreckid("classify", file, "--release", release.folder).out
    (line,) = [line for line in said.splitlines() if line.startswith("│ Not a UAV")]
    assert percent(result["probabilities"]["not-a-uav"]) in line
