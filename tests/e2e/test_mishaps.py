"""What breaks while the service is at work costs what was in its hands, and nothing else."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release, ReleaseFacts, write_release
from wreckid.serving import folder
from wreckid.serving.api import create_app
from wreckid.serving.classifier import Classifier
from wreckid.serving.folder import Run, Wanted
from wreckid.serving.settings import Settings
from wreckid.serving.store.jobs import ENDED

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]

KILLED_AT_WORK = """
import os, signal, sys
from pathlib import Path
from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import find_release
from wreckid.serving.classifier import Classifier
from wreckid.serving.store import jobs
from wreckid.serving.store.database import Database

def save(place, job, kept=jobs._save):
    kept(place, job)
    if 0 < job.done < job.items:
        os.kill(os.getpid(), signal.SIGKILL)

jobs._save = save
store = Path(sys.argv[1])
classifier = Classifier(find_release(sys.argv[2]), catalogue())
jobs.Jobs(store, classifier, Database(store))._work()
"""
"""A service's worker that dies by its own hand amid its first job."""


@pytest.fixture
def service(release: Release, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(release, Settings(store=tmp_path, decoders=1))) as service:
        yield service


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_decoder_killed_amid_a_request_costs_one_photo(
    service: TestClient, photo: MakePhoto
) -> None:
    others = set(multiprocessing.active_children())
    files = [("photos", (f"{name}.jpg", photo("red"))) for name in "abc"]
    assert service.get("/readyz").status_code == 200
    (decoder,) = set(multiprocessing.active_children()) - others
    assert decoder.pid is not None
    os.kill(decoder.pid, signal.SIGSTOP)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(service.post, "/v1/classify", files=files)
        while "wreckid_requests_at_work 2.0" not in service.get("/metrics").text:
            time.sleep(0.01)
        os.kill(decoder.pid, signal.SIGKILL)
        photos = waiting.result().json()["photos"]
    failures = [one["failure"] and one["failure"]["code"] for one in photos]
    assert failures == ["unreadable", None, None]
    assert service.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    ("path", "field", "broken"),
    [
        ("/v1/classify", "photos", "SpooledTemporaryFile.write"),
        ("/", "photos", "SpooledTemporaryFile.write"),
        ("/v1/jobs", "files", "SpooledTemporaryFile.write"),
        ("/v1/jobs", "files", "os.fsync"),
    ],
)
def test_a_full_disk_is_told_and_leaves_nothing_half_done(
    service: TestClient,
    photo: MakePhoto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    field: str,
    broken: str,
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    files = {field: ("a.jpg", photo("red"))}
    with monkeypatch.context() as patched:
        target, _, method = broken.rpartition(".")
        patched.setattr({"os": os}.get(target, SpooledTemporaryFile), method, full)
        answer = service.post(path, files=files)
    assert answer.status_code == 503 and "retry-after" in answer.headers
    assert list((tmp_path / "jobs").iterdir()) == []
    assert service.post(path, files=files).status_code in (200, 202)


def test_a_job_waits_for_room_on_the_disk(
    service: TestClient, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = [OSError(28, "No space left on device")] * 2

    def open_run(wanted: Wanted, classifier: Classifier) -> AbstractContextManager[Run]:
        if full:
            raise full.pop()
        return folder.open_run(wanted, classifier)

    monkeypatch.setattr("wreckid.serving.store.jobs.LOOK_S", 0.01)
    monkeypatch.setattr("wreckid.serving.store.jobs.open_run", open_run)
    job_id = service.post("/v1/jobs", files={"files": ("a.jpg", photo("red"))}).json()["id"]
    while (job := service.get(f"/v1/jobs/{job_id}").json())["state"] not in ENDED:
        time.sleep(0.05)
    assert (job["state"], job["done"], full) == ("done", 1, [])


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("version", ["0.0.1", "0.0.2"])
def test_a_job_killed_midway_judges_each_photo_once_by_one_release(
    version: str,
    release: Release,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
    tmp_path: Path,
    photo: MakePhoto,
    wreckid: Wreckid,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"{number:04} {number}.jpg" for number in range(1, 31)]
    settings = Settings(store=tmp_path)
    with monkeypatch.context() as idle:
        idle.setattr("wreckid.serving.store.jobs.Jobs.start", lambda self: None)
        with TestClient(create_app(release, settings)) as service:
            sent = [("files", (name[5:], photo("red", (40, 40)))) for name in names]
            job_id = service.post("/v1/jobs", files=sent).json()["id"]
    command = [sys.executable, "-c", KILLED_AT_WORK, str(tmp_path), str(release.folder)]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -signal.SIGKILL
    place = tmp_path / "jobs" / job_id
    before = (place / "run" / "results.jsonl").read_text()
    following = write_release(tmp_path / "release", facts(version=version), files)
    with TestClient(create_app(following, settings)) as service:
        while (job := service.get(f"/v1/jobs/{job_id}").json())["state"] not in ENDED:
            time.sleep(0.05)
        after = service.get(f"/v1/jobs/{job_id}/results.jsonl").text
    rows = [json.loads(line) for line in after.splitlines()]
    assert 0 < before.count("\n") < 30
    assert after.startswith(before) == (version == release.manifest.version)
    assert [row["item"] for row in rows] == names
    assert {row["model"]["version"] for row in rows} == {version}
    assert (job["done"], job["photos"]) == (30, 30)
    done = wreckid("verify", place / "run", "--evidence", place / "source.zip")
    assert done.code == 0, done.out
