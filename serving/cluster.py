"""Items judged on a Ray cluster: the same rows in the same order as in one process.

Every node reads the photos itself, so it needs them, and the release, at the same paths. What a
node cannot read is tried here before it counts as a failure.
"""

import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import tee
from pathlib import Path

from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.cluster import on_cluster
from wreckid.datasets.errors import SetupError
from wreckid.model.release import read_release
from wreckid.serving.classifier import Classifier
from wreckid.serving.custody import canonical_sha256
from wreckid.serving.item import Item
from wreckid.serving.pipeline import Judge, Judged, chunks, judge_here
from wreckid.serving.provenance import foundations
from wreckid.serving.source import Reader


def judge_on_cluster(judge: Judge, items: Iterable[Item]) -> Iterator[list[Judged]]:
    """Judge chunks on all cores of the cluster that was joined.

    Raises:
        SetupError: a node differs from this machine, or work was lost again and again.
    """
    asked, sent = tee(chunks(items))
    for chunk, judged in zip(asked, on_cluster(Orders.of(judge), sent), strict=True):
        yield from judge_here(judge, chunk) if _unread(judged) else [judged]


@dataclass(frozen=True)
class Orders:
    """What a node makes its judge from, once; it then judges chunk after chunk.

    Attributes:
        release: folder of the release.
        root: of the source of the photos.
        configuration_sha256: stamped on every row.
        code_version: stamped on every row.
        foundations: hash of all that answers follow from; it must be the same there.
    """

    release: Path
    root: Path
    configuration_sha256: str
    code_version: str
    foundations: str

    @classmethod
    def of(cls, judge: Judge) -> "Orders":
        """Orders to judge as a judge of this machine does."""
        return cls(
            judge.classifier.release.folder.resolve(),
            judge.reader.root,
            judge.configuration_sha256,
            judge.code_version,
            _foundations(judge.classifier),
        )

    def __call__(self, chunk: Sequence[Item]) -> list[Judged]:
        """Judge a chunk of items.

        Raises:
            SetupError: the node lacks photos or release, or has others.
        """
        return self._judge.judge(chunk)

    @cached_property
    def _judge(self) -> Judge:
        if not self.root.is_dir():
            raise SetupError(
                f"{platform.node()} does not see {self.root}:"
                " every node needs the photos at the same path."
            )
        classifier = Classifier(read_release(self.release), catalogue())
        if _foundations(classifier) != self.foundations:
            raise SetupError(
                f"{platform.node()} has another release, catalogue, wreckid or library:"
                " install the same on every node."
            )
        return Judge(classifier, Reader(self.root), self.configuration_sha256, self.code_version)


def _foundations(classifier: Classifier) -> str:
    known = classifier.catalogue.model_dump(mode="json")
    return canonical_sha256({"catalogue": known, **foundations(classifier.identity)})


def _unread(judged: Sequence[Judged]) -> bool:
    """Whether the bytes of some photo were not had."""
    return any(photo.sha256 is None for one in judged for photo in one.row.photos)
