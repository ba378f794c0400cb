"""A run judged again, compared within tolerance."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from wreckid.datasets.errors import SetupError
from wreckid.serving.classifier import Classifier
from wreckid.serving.folder import OPENED, PLAN, RESULTS
from wreckid.serving.item import read_plan
from wreckid.serving.pipeline import Judge, judge_here
from wreckid.serving.result import PhotoRecord
from wreckid.serving.rows import Row, read_rows
from wreckid.serving.verify import read_log, reader_of, source_now

TOLERANCE = 1e-3
"""Largest difference of a confidence that machines and libraries may make."""


def replay(out: Path, evidence: Path | None, classifier: Classifier) -> Iterator[str]:
    """What comes out differently, a sentence an item.

    Args:
        out: the folder of the run.
        evidence: its photos, where they lie now; where they lay then by default.
        classifier: the same model as then.

    Raises:
        SetupError: the folder holds no run, or not all of it; or another model is given.
    """
    opened = next(read_log(out), None)
    if opened is None or opened["event"] != OPENED:
        raise SetupError(f"The log in {out} was altered: `wreckid verify` names where.")
    if opened["configuration"]["model"] != classifier.identity.model_dump():
        raise SetupError(f"{out} was judged by another model: name its release with --release DIR.")
    for name in (PLAN, RESULTS):
        if not (out / name).is_file():
            raise SetupError(f"{out / name} is missing: bring it back from a copy of the run.")
    source = source_now(opened, evidence or Path(opened["source"]))
    judge = Judge(classifier, reader_of(source), opened["configuration_sha256"], "replay")
    rows = read_rows(out / RESULTS)
    for judged in chain.from_iterable(judge_here(judge, read_plan(out / PLAN))):
        yield from _differences(next(rows, None), judged.row)
    yield from (f"{row.item}: the plan does not hold it" for row in rows)


def _differences(before: Row | None, after: Row) -> Iterator[str]:
    if before is None:
        yield f"{after.item}: the results have no row of it"
    elif not _same_photos(before, after):
        yield f"{before.item}: the photos are not those that were judged"
    elif (before.verdict.level, before.verdict.id) != (after.verdict.level, after.verdict.id):
        yield (
            f"{before.item}: the verdict was {before.verdict.level} {before.verdict.id or ''}"
            f" and is {after.verdict.level} {after.verdict.id or ''}"
        )
    elif (largest := _largest_difference(before, after)) > TOLERANCE:
        yield f"{before.item}: a confidence differs by {largest:.4f}"


def _same_photos(before: Row, after: Row) -> bool:
    return len(before.photos) == len(after.photos) and all(map(_same, before.photos, after.photos))


def _same(before: PhotoRecord, after: PhotoRecord) -> bool:
    """Older runs hold no hash of what is too large in an archive."""
    never_hashed = before.sha256 is None and before.failure == after.failure
    return before.sha256 == after.sha256 or never_hashed


def _largest_difference(before: Row, after: Row) -> float:
    """Over all candidates; one that is not among the other's leaders counts as 0 there."""
    first = {one.type: one.confidence for one in before.candidates}
    second = {one.type: one.confidence for one in after.candidates}
    shared = first.keys() & second.keys()
    if not shared and (first or second):
        return 1.0
    return max((abs(first[one] - second[one]) for one in shared), default=0.0)
