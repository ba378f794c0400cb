"""Items to judged items, in order, with all cores busy and no more memory for more photos.

A chunk of items goes the whole way in one worker thread: the decoders, hashes and the network
all let other threads run. Chunks depend on the plan alone, so that a run that was interrupted
gives the network the same batches as one that was not.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from wreckid.datasets.spread import on_pool
from wreckid.model.evidence import Box, EvidenceError
from wreckid.model.preprocessing import Failure
from wreckid.serving.camera import Tags, camera_data
from wreckid.serving.classifier import Classifier, Examination
from wreckid.serving.intake import NamedBytes, label
from wreckid.serving.item import Item
from wreckid.serving.pictures import Picture, picture
from wreckid.serving.rows import Row
from wreckid.serving.sight import Seen, unseen
from wreckid.serving.source import Reader

WORKERS = os.cpu_count() or 1
CHUNK = 8
"""Fewest photos that are judged and committed together, but for the last."""


@dataclass(frozen=True)
class Judged:
    """One item of a run, judged.

    Attributes:
        row: its result.
        pictures: one of each photo that could be read.
        cameras: what each photo says of its camera; empty where nothing.
    """

    row: Row
    pictures: tuple[Picture, ...]
    cameras: tuple[Tags, ...]


@dataclass(frozen=True)
class Judge:
    """What judges items, and what it stamps on every row."""

    classifier: Classifier
    reader: Reader
    configuration_sha256: str
    code_version: str

    def judge(self, items: Sequence[Item]) -> list[Judged]:
        """Judge a chunk of items; their photos share the batches of the network."""
        cameras: list[Tags] = []
        observations = self.classifier.observe(self._seen(items, cameras))
        judged = []
        for item in items:
            seen = list(islice(observations, len(item.photos)))
            tags, cameras[: len(seen)] = cameras[: len(seen)], []
            judged.append(self._judged(item, self.classifier.judge(seen, item.evidence), tags))
        return judged

    def _seen(self, items: Sequence[Item], cameras: list[Tags]) -> Iterator[Seen]:
        """Read photos one by one as they are asked for, noting what they say of their cameras."""
        for item in items:
            for number, place in enumerate(item.photos, 1):
                photo = self.reader.read(place)
                cameras.append(camera_data(photo.data) if isinstance(photo.data, bytes) else {})
                yield self._see(photo, item.evidence.box(number))

    def _see(self, photo: NamedBytes, box: Box | None) -> Seen:
        try:
            return self.classifier.see(photo, box)
        except EvidenceError:
            return unseen(photo, Failure("box-outside"))

    def _judged(self, item: Item, examination: Examination, cameras: Sequence[Tags]) -> Judged:
        row = Row.model_construct(  # All of it was checked when it was made.
            **dict(examination.result),
            item=label(item.name),
            measurements=item.measurements,
            configuration_sha256=self.configuration_sha256,
            code_version=self.code_version,
        )
        return Judged(row, _pictures(examination), tuple(cameras))


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Consecutive items that together have enough photos."""
    chunk: list[Item] = []
    for item in items:
        chunk.append(item)
        if sum(len(one.photos) for one in chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


Judging = Callable[[Judge, Iterable[Item]], Iterator[list[Judged]]]
"""Judges items chunk by chunk and in order, on this machine or on others."""


def judge_here(judge: Judge, items: Iterable[Item]) -> Iterator[list[Judged]]:
    """Judge chunks with all cores of this machine."""
    # Filters of warnings are shared by threads, so they are set once, outside of them.
    with warnings.catch_warnings(action="ignore"):
        yield from on_pool(ThreadPoolExecutor(WORKERS), WORKERS, judge.judge, chunks(items))


def _pictures(examination: Examination) -> tuple[Picture, ...]:
    """Views belong to the photos that could be read, in their order."""
    views = examination.views
    peak = max((float(view.evidence.max()) for view in views), default=0.0)
    readable = [
        number for number, photo in enumerate(examination.result.photos) if not photo.failure
    ]
    return tuple(picture(number, view, peak) for number, view in zip(readable, views, strict=True))
