"""Items judged on a Ray cluster: the same rows in the same order as in one process.

Every node must reach the photos and the release at the same paths. A chunk whose node is lost is
judged again on another.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

import ray

from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.errors import SetupError
from wreckid.model.release import read_release
from wreckid.serving.classifier import Classifier
from wreckid.serving.item import Item
from wreckid.serving.pipeline import Judge, Judged, in_order
from wreckid.serving.source import Reader

ADDRESS = "RAY_ADDRESS"
"""Names the cluster; without it Ray starts one on this machine."""


def judge_on_cluster(judge: Judge, items: Iterable[Item]) -> Iterator[list[Judged]]:
    """Judge chunks on all cores of the cluster.

    Raises:
        SetupError: the cluster does not answer.
    """
    _join()
    told = (judge.classifier.release.folder, judge.reader.root)
    stamps = (judge.configuration_sha256, judge.code_version)
    cores = int(ray.cluster_resources().get("CPU", 1))
    task = ray.remote(max_retries=-1)(_judged)  # Again and again, while there are nodes.
    yield from in_order(lambda chunk: task.remote(chunk, *told, *stamps), ray.get, items, cores)


def _join() -> None:
    address = os.environ.get(ADDRESS)
    try:
        ray.init(address, ignore_reinit_error=True, log_to_driver=False)
    except ConnectionError as error:
        raise SetupError(
            f"No Ray cluster answers at {address}: start it, or correct {ADDRESS}."
        ) from error


def _judged(
    chunk: Sequence[Item], release: Path, root: Path, configuration_sha256: str, code_version: str
) -> list[Judged]:
    judge = Judge(_classifier(release), Reader(root), configuration_sha256, code_version)
    return judge.judge(chunk)


@cache
def _classifier(release: Path) -> Classifier:
    return Classifier(read_release(release), catalogue())
