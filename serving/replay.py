"""A run judged again, compared within tolerance."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.datasets.errors import SetupError
from wreckid.serving.classifier import Classifier
from wreckid.serving.folder import OPENED, PLAN, RESULTS
from wreckid.serving.item import read_plan
from wreckid.serving.pipeline import Judge, judge_here
from wreckid.serving.result import Candidate, PhotoRecord
from wreckid.serving.rows import Row, read_rows
from wreckid.serving.verify import read_log, reader_of, source_now

TOLERANCE = 1e-3
"""Largest difference of a confidence that machines and libraries may make."""

FIRST = "first candidate"
"""Stands for whichever type leads."""


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
    elif _not_ruled_out(before) != _not_ruled_out(after):
        yield f"{before.item}: the types that cannot be ruled out were others"
    elif (largest := _largest_difference(before, after)) > TOLERANCE:
        yield f"{before.item}: a confidence differs by {largest:.4f}"


def _same_photos(before: Row, after: Row) -> bool:
    return len(before.photos) == len(after.photos) and all(map(_same, before.photos, after.photos))


def _same(before: PhotoRecord, after: PhotoRecord) -> bool:
    """Older runs hold no hash of what is too large in an archive."""
    never_hashed = before.sha256 is None and before.failure == after.failure
    return before.sha256 == after.sha256 or never_hashed


def _not_ruled_out(row: Row) -> frozenset[str]:
    return frozenset(row.prediction_set.types if row.prediction_set else ())


def _largest_difference(before: Row, after: Row) -> float:
    """Over all classes and candidates, from the photos alone and with the evidence."""
    return max(
        _apart(before.image_probabilities or {}, after.image_probabilities or {}),
        _apart(before.probabilities or {}, after.probabilities or {}),
        _apart(
            _shown(before.image_candidates, after.image_probabilities),
            _shown(after.image_candidates, after.image_probabilities),
        ),
        _apart(
            _shown(before.candidates, after.probabilities),
            _shown(after.candidates, after.probabilities),
        ),
    )


def _apart(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """The largest difference; what is missing on one side counts as 0 there."""
    names = before.keys() | after.keys()
    return max((abs(before.get(name, 0) - after.get(name, 0)) for name in names), default=0)


def _shown(
    candidates: Sequence[Candidate], probabilities: Mapping[str, float] | None
) -> dict[str, float]:
    """The confidence of the first candidate, of all of them, and of the classes besides.

    Types that are as probable as each other may lead in turn, and be shown in turn.
    """
    types = {one.type: one.confidence for one in candidates}
    first = next((one.confidence for one in candidates if one.type != NOT_A_UAV), 0.0)
    return {**(probabilities or {}), **types, FIRST: first}
