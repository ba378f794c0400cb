"""Folders over HTTP: judged in the background, gone on with after a restart."""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from filelock import FileLock

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings
from wreckid.serving.store.jobs import Jobs

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]


@pytest.fixture
def service(release: Release, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        yield service


def archive(members: dict[str, bytes]) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return file.getvalue()


def ended(service: TestClient, job_id: str) -> dict[str, Any]:
    for _ in range(1200):
        job = dict(service.get(f"/v1/jobs/{job_id}").json())
        if job["state"] in ("done", "failed"):
            return job
        time.sleep(0.05)
    raise AssertionError("never ended")


def test_an_archive_becomes_a_sealed_run(
    service: TestClient, photo: MakePhoto, wreckid: Wreckid, tmp_path: Path
) -> None:
    small = {name: photo(name, (64, 64)) for name in ("red", "green")}
    members = {"one/a.jpg": small["red"], "one/b.jpg": small["red"], "two/c.jpg": small["green"]}
    sent = service.post(
        "/v1/jobs",
        files={"files": ("case.zip", archive(members | {"two/bad.jpg": b"?"}))},
        data={"name": "Case 7", "by_folder": "true"},
    )
    assert sent.status_code == 202 and sent.json()["state"] == "waiting"
    job_id = sent.json()["id"]
    job = ended(service, job_id)
    assert (job["state"], job["items"], job["photos"], job["unreadable"]) == ("done", 2, 4, 1)
    at = f"/v1/jobs/{job_id}"
    rows = [json.loads(line) for line in service.get(f"{at}/results.jsonl").text.splitlines()]
    assert [row["item"] for row in rows] == ["one", "two"]
    assert service.get(f"{at}/results.csv").text.count("\n") == 3
    with ZipFile(BytesIO(service.get(f"{at}/run.zip").content)) as run:
        assert {"report.html", "log.jsonl", "results.jsonl"} <= set(run.namelist())
        assert job["seal"].encode() in run.read("log.jsonl").splitlines()[-1]
    folder = tmp_path / "jobs" / job_id
    done = wreckid("verify", folder / "run", "--evidence", folder / "source.zip")
    assert done.code == 0, done.out
    told = service.get(f"{at}/events").text
    assert told.startswith("event: progress\ndata: {") and '"state":"done"' in told
    page = service.get(f"/jobs/{job_id}").text
    assert "Case 7" in page and "http-equiv" not in page
    report = service.get(f"/jobs/{job_id}/report.html")
    assert report.headers["content-security-policy"].startswith("sandbox")
    assert "<script" in report.text


def test_many_photos_are_a_job_too(service: TestClient, photo: MakePhoto) -> None:
    names = ["a.jpg", "a.jpg", "../../up.jpg"]
    files = [("files", (name, photo("red", (64, 64)))) for name in names]
    job = ended(service, service.post("/v1/jobs", files=files).json()["id"])
    assert (job["state"], job["items"]) == ("done", 3)


@pytest.mark.parametrize(
    ("request_", "status", "told"),
    [
        ({"data": {"name": "Case 7"}}, 422, "in the form field `files`."),
        ({"files": {"photos": ("a.jpg", b"?")}}, 422, "in the form field `files`."),
        ({}, 422, "in the form field `files`."),
        ({"json": {}}, 415, "in the form field `files`."),
        ({"files": {"files": ("a.jpg", b"?")}, "data": {"by_folder": "?"}}, 422, "by_folder: "),
    ],
)
def test_a_wrong_form_names_its_field(
    service: TestClient, request_: dict[str, Any], status: int, told: str
) -> None:
    answer = service.post("/v1/jobs", **request_)
    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_what_is_no_archive_is_a_job_of_one_unreadable_photo(service: TestClient) -> None:
    sent = service.post("/v1/jobs", files={"files": ("case.zip", b"PK nothing")})
    job = ended(service, sent.json()["id"])
    assert (job["state"], job["items"], job["unreadable"]) == ("done", 1, 1)


def test_a_job_goes_on_after_a_restart(
    release: Release, tmp_path: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as stopped:
        stopped.setattr(Jobs, "start", lambda self: None)
        with TestClient(create_app(release, Settings(store=tmp_path))) as service:
            files = [("files", (f"{n}.jpg", photo("red", (64, 64)))) for n in range(3)]
            job_id = service.post("/v1/jobs", files=files).json()["id"]
            assert service.get(f"/v1/jobs/{job_id}/results.csv").status_code == 404
            assert 'http-equiv="refresh"' in service.get(f"/jobs/{job_id}").text
    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        assert ended(service, job_id)["done"] == 3


def test_jobs_go_on_when_their_disk_is_back(
    release: Release,
    tmp_path: Path,
    photo: MakePhoto,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("wreckid.serving.store.jobs.LOOK_S", 0.01)
    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        away = (tmp_path / "jobs").rename(tmp_path / "away")
        time.sleep(0.5)
        away.rename(tmp_path / "jobs")
        sent = service.post("/v1/jobs", files={"files": ("a.jpg", photo("red", (64, 64)))})
        assert ended(service, sent.json()["id"])["state"] == "done"
    assert "The jobs could not be looked through." in caplog.text


def test_a_job_that_cannot_be_read_stops_no_other(
    release: Release, tmp_path: Path, photo: MakePhoto, caplog: pytest.LogCaptureFixture
) -> None:
    for job_id, record in {"0": "", "1": '{"format": 2}'}.items():
        (tmp_path / "jobs" / job_id).mkdir(parents=True)
        (tmp_path / "jobs" / job_id / "job.json").write_text(record)
    (tmp_path / "jobs" / "README").write_text("No job.")
    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        sent = service.post("/v1/jobs", files={"files": ("a.jpg", photo("red", (64, 64)))})
        job = ended(service, sent.json()["id"])
        assert job["state"] == "done"
        assert service.get("/v1/jobs").json()["jobs"] == [job]
        why = {"reason": "Case closed"}
        for refused in (
            service.delete("/v1/jobs/0", params=why),
            *(service.get(f"/v1/jobs/0{path}") for path in ("", "/events", "/results.csv")),
        ):
            assert refused.status_code == 409
            assert refused.json()["detail"] in caplog.text


def test_a_job_whose_files_cannot_be_opened_stops_no_other(
    release: Release, tmp_path: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [("files", ("a.jpg", photo("red", (64, 64))))]
    with monkeypatch.context() as stopped:
        stopped.setattr(Jobs, "start", lambda self: None)
        with TestClient(create_app(release, Settings(store=tmp_path))) as service:
            first, second = (service.post("/v1/jobs", files=files).json()["id"] for _ in "ab")
    first, second = sorted([first, second])
    (tmp_path / "jobs" / "0" / "job.json").mkdir(parents=True)
    (tmp_path / "jobs" / f".{first}.lock").mkdir()
    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        assert ended(service, second)["state"] == "done"
        assert service.get(f"/v1/jobs/{first}").json()["state"] == "waiting"


def test_jobs_are_listed_and_deleted(
    service: TestClient, photo: MakePhoto, tmp_path: Path, wreckid: Wreckid
) -> None:
    made = [
        service.post("/v1/jobs", files={"files": ("a.jpg", photo("red", (64, 64)))}).json()["id"]
        for _ in range(3)
    ]
    first = service.get("/v1/jobs", params={"limit": 2}).json()
    second = service.get("/v1/jobs", params={"limit": 2, "before": first["next"]}).json()
    listed = [job["id"] for job in first["jobs"] + second["jobs"]]
    assert sorted(listed) == sorted(made) and second["next"] is None
    assert service.delete(f"/v1/jobs/{made[0]}").status_code == 422
    for job_id in made:
        ended(service, job_id)
        why = {"reason": "Case closed"}
        while service.delete(f"/v1/jobs/{job_id}", params=why).status_code == 409:
            time.sleep(0.05)
    assert [one for one in (tmp_path / "jobs").iterdir() if one.is_dir()] == []
    for path in (made[0], "..", "%2e%2e", "a/b", "a" * 300):
        assert service.get(f"/v1/jobs/{path}").status_code == 404
    assert service.get("/v1/items").json()["items"] == []
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        told = [json.loads(line) for (line,) in database.execute("SELECT line FROM log")]
        bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM bodies")]
    assert [(one["event"], one["job"], one["who"]) for one in told] == [
        ("job-deleted", job_id, "local") for job_id in made
    ]
    assert {(one["reason"], one["photos"]) for one in bodies} == {("Case closed", 1)}
    assert all(len(one["seal"]) == 64 for one in bodies)
    assert wreckid("verify", tmp_path).code == 0


def test_a_job_that_ends_while_it_is_deleted_leaves_its_seal(
    release: Release, tmp_path: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "start", lambda self: None)
    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        job = service.post("/v1/jobs", files={"files": ("a.jpg", photo())}).json()

        def outrun(lock: Path, timeout: int) -> FileLock:
            ended = job | {"state": "done", "photos": 1, "seal": "5ea1"}
            (tmp_path / "jobs" / job["id"] / "job.json").write_text(json.dumps(ended))
            return FileLock(lock, timeout)

        monkeypatch.setattr("wreckid.serving.store.jobs.FileLock", outrun)
        assert service.delete(f"/v1/jobs/{job['id']}?reason=Done").status_code == 204
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        ((body,),) = database.execute("SELECT body FROM bodies")
    assert (json.loads(body)["photos"], json.loads(body)["seal"]) == (1, "5ea1")


@pytest.mark.skipif(os.name != "posix", reason="folders are not settled elsewhere")
def test_a_job_that_is_taken_in_is_on_the_disk_with_its_name(
    release: Release, tmp_path: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Jobs, "start", lambda self: None)
    fsync, settled = os.fsync, set[tuple[int, bool]]()

    def watched(opened: int) -> None:
        named = any(one.name[0] != "." for one in (tmp_path / "jobs").iterdir())
        settled.add((os.fstat(opened).st_ino, named))
        fsync(opened)

    with TestClient(create_app(release, Settings(store=tmp_path))) as service:
        monkeypatch.setattr(os, "fsync", watched)
        job_id = service.post("/v1/jobs", files={"files": ("a.jpg", photo())}).json()["id"]
    jobs = tmp_path / "jobs"
    assert {((jobs / job_id).stat().st_ino, False), (jobs.stat().st_ino, True)} <= settled


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE bodies SET body = replace(body, 'closed', 'open')", "was changed"),
        ("DELETE FROM log", "is missing"),
    ],
)
def test_a_deletion_that_was_altered_shows(
    service: TestClient,
    photo: MakePhoto,
    tmp_path: Path,
    wreckid: Wreckid,
    change: str,
    found: str,
) -> None:
    job_id = service.post("/v1/jobs", files={"files": ("a.jpg", photo())}).json()["id"]
    ended(service, job_id)
    at, why = f"/v1/jobs/{job_id}", {"reason": "Case closed"}
    while service.delete(at, params=why).status_code == 409:
        time.sleep(0.05)
    service.post("/v1/items", json={"name": "Field 7"})
    assert wreckid("verify", tmp_path).code == 0
    (tmp_path / at.removeprefix("/v1/")).mkdir()
    assert "is still there" in wreckid("verify", tmp_path).out
    with sqlite3.connect(tmp_path / "store.sqlite") as database:
        database.execute(change + " WHERE number = 0")
    assert found in wreckid("verify", tmp_path).out


def test_the_page_sends_a_folder(service: TestClient, photo: MakePhoto) -> None:
    sent = service.post("/jobs", files={"files": ("<b>a</b>.jpg", photo("red", (64, 64)))})
    assert sent.url.path.startswith("/jobs/") and "&lt;b&gt;a" in sent.text
    assert service.get("/jobs").status_code == 200
    assert service.post("/jobs", data={"name": "x"}).status_code == 422
