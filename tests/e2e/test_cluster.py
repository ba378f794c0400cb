"""A run on a Ray cluster of two nodes ends as one in a single process, though a node is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.folder import COMMITTED, PLAN, Wanted, open_run
from wreckid.serving.verify import verify

Cluster = pytest.importorskip("ray.cluster_utils", reason="needs the extra cluster").Cluster
MakePhoto = Callable[..., bytes]
SMALL = 80 * 2**20
"""Bytes of shared memory of a node, the least that Ray takes."""


@pytest.fixture
def cluster() -> Iterator[Any]:
    head = {"num_cpus": 1, "object_store_memory": SMALL, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def in_one_process(evidence: Path, out: Path, release: Release) -> None:
    with open_run(Wanted(evidence, out), Classifier(release, catalogue())) as run:
        run.go_on(lambda row: None, lambda: False)
        run.seal()


@pytest.mark.filterwarnings("ignore")
def test_a_run_on_two_nodes_survives_the_loss_of_one(
    cluster: Any, release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    for number in range(160):
        colour = ("red", "green", "blue", "grey")[number % 4]
        (evidence / f"{number:03}.jpg").write_bytes(photo(colour, (60 + number, 50)))
    other = cluster.add_node(num_cpus=1, object_store_memory=SMALL)
    cluster.wait_for_nodes()
    command = [str(Path(sys.executable).with_name("wreckid")), "batch", str(evidence)]
    command += ["--out", str(tmp_path / "out"), "--release", str(release.folder)]
    command += ["--engine", "ray", "--progress", "json"]
    address = os.environ | {"RAY_ADDRESS": cluster.address}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=address, text=True) as run:
        assert run.stderr is not None
        first = next(line for line in run.stderr if line.startswith("{"))
        assert json.loads(first)["done"] < 160
        cluster.remove_node(other, allow_graceful=False)
        for _ in run.stderr:
            pass
    assert run.returncode == 0
    in_one_process(evidence, tmp_path / "whole", release)
    for name in (PLAN, *COMMITTED):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert list(verify(tmp_path / "out", evidence)) == []
