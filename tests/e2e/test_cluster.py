"""A run and a rendered set on two nodes are as on one machine, though a node is lost on the way."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.errors import SetupError
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.folder import COMMITTED, PLAN, SCHEMA, Wanted, open_run
from wreckid.serving.item import Item
from wreckid.serving.pipeline import Judge, judge_here
from wreckid.serving.source import Place, Reader
from wreckid.serving.verify import verify

if TYPE_CHECKING:
    from tests.conftest import Finished

ray = pytest.importorskip("ray", reason="needs the extra cluster")
pytestmark = pytest.mark.filterwarnings("ignore")  # Of Ray itself.

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]

PHOTOS = 240
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
HEAD = {
    "include_dashboard": False,
    "include_log_monitor": False,
    "no_monitor": True,  # Of the autoscaler.
    "_system_config": {
        "worker_niceness": 0,  # Else 15: beside other work, workers would hardly run.
        "health_check_initial_delay_ms": 0,
        "health_check_period_ms": 500,  # A node that is gone is missed after five of these.
    },
}


@contextmanager
def patience() -> Iterator[None]:
    """Ray gives a node 30 seconds to start, which a machine with much else to do may exceed."""
    try:
        yield
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        pytest.skip(f"Ray did not start a node here: {error}")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of one node, which `other` makes two."""
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        with patience():
            cluster = Cluster(initialize_head=True, head_node_args=NODE | HEAD)
        patch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
        cluster.shutdown()


@pytest.fixture
def other(cluster: Any) -> Any:
    """A second node, which may be lost."""
    if not cluster.worker_nodes:
        with patience():
            cluster.add_node(**NODE)
    (node,) = cluster.worker_nodes
    return node


@pytest.fixture
def joined(cluster: Any) -> Iterator[None]:
    """This process has joined the cluster."""
    from wreckid.datasets.cluster import join

    join()
    yield
    ray.shutdown()


def test_a_set_drawn_on_two_nodes_has_the_same_bytes(
    other: Any, wreckid: Wreckid, tmp_path: Path
) -> None:
    from tests.integration.test_render import contents
    from wreckid.datasets.places.surroundings import Surroundings
    from wreckid.datasets.render import RenderJob, render, subjects

    done = wreckid(
        *("render", "--engine", "ray", "--quick", "--views", "2", "--count", "8"),
        *("--size", "32", "--seed", "3", "--out", tmp_path / "cluster"),
    )
    ray.shutdown()
    assert done.code == 0, done.err
    drawn = subjects(catalogue())
    job = RenderJob(drawn, Surroundings(), 3, 32, tmp_path / "here", views=2, quick=True)
    assert len(list(render(job, 8, map))) == 8
    assert contents(tmp_path / "cluster") == contents(tmp_path / "here")


def test_what_a_lost_node_did_and_was_doing_is_done_again(
    cluster: Any, other: Any, joined: None, tmp_path: Path
) -> None:
    """The other node dies with a finished result that nobody fetched, and amid its next input."""
    from wreckid.datasets.cluster import on_cluster

    doomed, lost = other.node_id, tmp_path / "lost"

    def result(number: int) -> bytes:
        return bytes([number]) * 200_000  # So large that it stays on its node until it is fetched.

    def work(number: int) -> bytes:
        here = ray.get_runtime_context().get_node_id() == doomed
        if here:
            (tmp_path / f"{number}").touch()
        while not lost.exists() and (not here or len(list(tmp_path.iterdir())) > 1):
            time.sleep(0.02)
        return result(number)

    with ThreadPoolExecutor(1) as thread:
        results = thread.submit(lambda: list(on_cluster(work, range(12))))
        while len(list(tmp_path.iterdir())) < 2 and not results.done():
            time.sleep(0.02)
        cluster.remove_node(other, allow_graceful=False)
        lost.touch()
        assert results.result() == [result(number) for number in range(12)]


def test_what_goes_wrong_on_a_node_is_said_here(joined: None) -> None:
    from wreckid.datasets.cluster import on_cluster

    def fail(number: int) -> None:
        raise SetupError(f"{number} cannot be done.")

    with pytest.raises(SetupError, match=r"^7 cannot be done\.$"):
        list(on_cluster(fail, [7]))


def test_what_fails_by_a_fault_of_ray_is_tried_again(joined: None, tmp_path: Path) -> None:
    from ray.exceptions import RaySystemError

    from wreckid.datasets.cluster import on_cluster

    tried = tmp_path / "tried"

    def fail_once(number: int) -> int:
        if not tried.exists():
            tried.touch()
            raise RaySystemError("Broken pipe")
        return number

    assert list(on_cluster(fail_once, [7])) == [7]


def test_a_fault_of_ray_that_stays_is_told(joined: None) -> None:
    from ray.exceptions import RaySystemError

    from wreckid.datasets.cluster import on_cluster

    def fail(number: int) -> None:
        raise RaySystemError("Broken pipe")

    with pytest.raises(SetupError, match=r"lost the same work .*\(RaySystemError\)"):
        list(on_cluster(fail, [7]))


def make_photos(folder: Path, photo: MakePhoto) -> Path:
    for number in range(PHOTOS):
        colour = ("red", "green", "blue", "grey")[number % 4]
        file = folder / f"day{number % 7}/{number:04}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photo(colour, (50 + number % 90, 40)) if number % 11 else b"torn")
    return folder


def go(evidence: Path, out: Path, release: Release, most: int = PHOTOS) -> None:
    """Judge at least so many photos in this process, and seal the run after the last."""
    seen: list[object] = []
    with open_run(Wanted(evidence, out), Classifier(release, catalogue())) as run:
        run.go_on(seen.append, lambda: len(seen) >= most)
        if run.done == run.planned:
            run.seal()


def committed(out: Path) -> int:
    lines = (out / "log.jsonl").read_text().splitlines()
    return sum(len(json.loads(line).get("rows", ())) for line in lines)


def test_a_run_begun_here_goes_on_there_and_loses_a_node(
    cluster: Any, other: Any, release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    evidence, out = make_photos(tmp_path / "evidence", photo), tmp_path / "out"
    go(evidence, out, release, most=20)
    command = [str(Path(sys.executable).with_name("wreckid")), "batch", str(evidence)]
    command += ["--out", str(out), "--release", str(release.folder)]
    command += ["--engine", "ray", "--progress", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        told = [run.stderr.readline()]
        cluster.remove_node(other, allow_graceful=False)
        assert 20 < committed(out) < PHOTOS
        told += run.stderr.readlines()
    assert run.returncode == 0, "".join(told)
    assert [json.loads(line)["total"] for line in told] == [PHOTOS] * len(told)
    go(evidence, tmp_path / "whole", release)
    for name in (PLAN, *COMMITTED, SCHEMA):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert list(verify(out, evidence)) == []


@pytest.mark.parametrize("verb", ["batch", "render"])
@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere.invalid:6379", "what?"])
def test_a_cluster_that_does_not_answer_is_named(
    wreckid: Wreckid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, verb: str
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    asked = [tmp_path] if verb == "batch" else ["--count", "1"]
    done = wreckid(verb, *asked, "--out", tmp_path / "out", "--engine", "ray")
    assert done.code == 2 and done.err.count("\n") == 1
    assert f"No Ray cluster answers at {address}: start it, or correct RAY_ADDRESS." in done.err


@pytest.fixture
def judge(release: Release, photo: MakePhoto, tmp_path: Path) -> Judge:
    """A judge of one photo, `red.jpg`."""
    (tmp_path / "red.jpg").write_bytes(photo("red"))
    return Judge(Classifier(release, catalogue()), Reader(tmp_path), "0" * 64, "1")


RED = [Item("red.jpg", (Place("red.jpg", "red.jpg"),))]


def test_a_node_judges_as_the_machine_that_asks(judge: Judge) -> None:
    from wreckid.serving.cluster import Orders

    assert [one.row for one in Orders.of(judge)(RED)] == [one.row for one in judge.judge(RED)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"root": Path("/nowhere")}, "does not see /nowhere: every node needs the photos"),
        ({"release": Path("/nowhere")}, "/nowhere"),
        ({"foundations": "0" * 64}, "install the same on every node"),
    ],
)
def test_a_node_that_differs_judges_nothing(
    judge: Judge, change: dict[str, Any], sentence: str
) -> None:
    from wreckid.serving.cluster import Orders

    with pytest.raises(SetupError, match=sentence):
        replace(Orders.of(judge), **change)(RED)


def test_what_a_node_cannot_read_is_judged_here(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wreckid.serving import cluster

    elsewhere = replace(judge, reader=Reader(tmp_path / "empty"))
    monkeypatch.setattr(cluster, "on_cluster", lambda _, chunks: map(elsewhere.judge, chunks))
    (ours,), (theirs,) = judge_here(judge, RED), cluster.judge_on_cluster(judge, RED)
    assert ours[0].row == theirs[0].row and theirs[0].row.photos[0].failure is None
