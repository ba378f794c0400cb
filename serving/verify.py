"""What was changed, added, removed or moved in a run and its evidence, by name."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from wreckid.datasets.errors import SetupError
from wreckid.model.preprocessing import Failure
from wreckid.serving.custody import LOG, Entry, breaks, read_line, sha256, sha256_of_file, tells
from wreckid.serving.folder import JUDGED, OPENED, PLAN, RESULTS, SEALED, TABLE
from wreckid.serving.intake import label
from wreckid.serving.item import read_plan
from wreckid.serving.plan import Plan, make_plan
from wreckid.serving.provenance import code_version
from wreckid.serving.report import PARTS
from wreckid.serving.rows import read_rows, table_header, table_line
from wreckid.serving.source import Place, Reader

Named = tuple[str, str]
"""What something is called, and its hash."""

FACTS: Mapping[str, Mapping[str, Any]] = {
    OPENED: {
        "source": str,
        "source_sha256": str | None,
        "planned": dict,
        "configuration": dict,
        "configuration_sha256": str,
    },
    JUDGED: {"rows": list},
    SEALED: {"files": dict},
}
"""What the line of an event tells of a run, and of what kind it is."""


def verify(out: Path, evidence: Path | None = None) -> Iterator[str]:
    """Every difference between a run and its log, a sentence each.

    Args:
        out: the folder of the run.
        evidence: its photos, where they lie now; not looked at by default.

    Raises:
        SetupError: the folder holds no log.
    """
    broken = list(_log_breaks(out))
    yield from broken
    entries = list(read_log(out))
    records = [row for entry in entries if entry["event"] == JUDGED for row in entry["rows"]]
    if not broken:
        yield from _row_differences(out, records)
        yield from _plan_differences(out, entries[0])
        yield from _table_differences(out, entries[0])
    if entries and entries[-1]["event"] == SEALED:
        yield from _file_differences(out, entries[-1]["files"])
    if evidence is not None and not broken:
        source = source_now(entries[0], evidence)
        yield from _source_differences(entries[0], source)
        yield from _evidence_differences(out, records, source)


def seal_of(out: Path) -> str:
    """The hash of the last line of a run's log: the seal of a run that is as it was sealed."""
    return str(list(read_log(out))[-1]["hash"])


def read_log(out: Path) -> Iterator[Entry]:
    """The lines of a run's log that are as they were written.

    Raises:
        SetupError: there is no log.
    """
    return (entry for line in _log_lines(out) if (entry := _read(line)))


def source_now(opened: Entry, evidence: Path) -> Path:
    """Where the source of a run lies now; one that was a file is found in a folder by its name."""
    was_file = opened["source_sha256"] is not None
    return evidence / Path(opened["source"]).name if was_file and evidence.is_dir() else evidence


def reader_of(source: Path) -> Reader:
    """Reads the photos of a source, whatever an archive was called when it was listed."""
    return Reader(source) if source.is_dir() else Reader(source.parent, source)


def differences(kept: Sequence[Named], found: Sequence[Named]) -> Iterator[str]:
    """How a sequence differs from what was kept of it: names and what happened to them."""
    known, present = {hash_ for _, hash_ in kept}, Counter(hash_ for _, hash_ in found)
    changed = {
        place
        for place, ((_, before), (_, now)) in enumerate(zip(kept, found, strict=False))
        if before not in present and now not in known
    }
    for place, (name, hash_) in enumerate(kept):
        if hash_ not in present:
            yield f"{name} was changed" if place in changed else f"{name} is missing"
    left = Counter(hash_ for _, hash_ in kept)
    for place, (name, hash_) in enumerate(found):
        left[hash_] -= 1
        if left[hash_] < 0 and place not in changed:
            yield f"{name} was added"
    yield from _moves(kept, found)


def _moves(kept: Sequence[Named], found: Sequence[Named]) -> Iterator[str]:
    """What is in another order, where nothing is missing or added."""
    if Counter(hash_ for _, hash_ in kept) != Counter(hash_ for _, hash_ in found):
        return
    for (before, expected), (_, now) in zip(kept, found, strict=True):
        if expected != now:
            yield f"{before} was moved"


def _log_lines(out: Path) -> Iterator[bytes]:
    if not (out / LOG).is_file():
        raise SetupError(f"{out} holds no {LOG}: name the folder of a run.")
    with (out / LOG).open("rb") as lines:
        yield from lines


def _read(line: bytes) -> Entry | None:
    entry = read_line(line)
    return entry if entry and tells(entry, FACTS.get(entry["event"], {})) else None


def _log_breaks(out: Path) -> Iterator[str]:
    yield from breaks(_log_lines(out), _read)
    events = [entry["event"] for entry in read_log(out)]
    if events[:1] != [OPENED]:
        yield "the log does not begin with the opening of the run"
    if SEALED not in events:
        yield "the log has no closing record: the run was not finished, or the log was cut"
    elif events[-1] != SEALED:
        yield "the log goes on after its closing record"


def _row_differences(out: Path, records: Sequence[dict[str, Any]]) -> Iterator[str]:
    kept = [(_row_name(place, row["item"]), row["row"]) for place, row in enumerate(records)]
    yield from differences(kept, _named_lines(RESULTS, _lines(out / RESULTS)))


def _row_name(place: int, item: str) -> str:
    return f"{RESULTS}, line {place + 1} ({item})"


def _plan_differences(out: Path, opened: Entry) -> Iterator[str]:
    if not (out / PLAN).is_file():
        yield f"{PLAN} is missing"
    elif sha256_of_file(out / PLAN) != opened["planned"]["sha256"]:
        yield f"{PLAN} was changed"


def _file_differences(out: Path, files: dict[str, str]) -> Iterator[str]:
    for name, expected in files.items():
        if not (out / name).is_file():
            yield f"{name} is missing"
        elif sha256_of_file(out / name) != expected:
            yield f"{name} was changed"
    for page in sorted((out / PARTS).glob("*")):
        if f"{PARTS}/{page.name}" not in files:
            yield f"{PARTS}/{label(page.name)} was added"


def _table_differences(out: Path, opened: Entry) -> Iterator[str]:
    """Rows of the table that do not follow from the results, by the code that made both."""
    if opened["configuration"]["code_version"] != code_version():
        return
    try:
        lines = chain([table_header()], map(table_line, read_rows(out / RESULTS)))
        expected = _named_lines(TABLE, lines)
    except (OSError, SetupError):  # The results are altered too, and are named by themselves.
        return
    yield from differences(expected, _named_lines(TABLE, _lines(out / TABLE)))


def _named_lines(name: str, lines: Iterable[bytes]) -> list[Named]:
    return [(f"{name}, line {place}", sha256(line)) for place, line in enumerate(lines, start=1)]


def _lines(file: Path) -> Iterator[bytes]:
    if file.is_file():
        with file.open("rb") as lines:
            yield from lines


def _source_differences(opened: Entry, source: Path) -> Iterator[str]:
    """An archive, a list or a table is evidence itself."""
    if opened["source_sha256"] is None:
        return
    if not source.is_file():
        yield f"{label(source.name)} is missing"
    elif sha256_of_file(source) != opened["source_sha256"]:
        yield f"{label(source.name)} was changed"


def _evidence_differences(
    out: Path, records: Sequence[dict[str, Any]], source: Path
) -> Iterator[str]:
    try:
        places = [place for item in read_plan(out / PLAN) for place in item.photos]
    except (OSError, SetupError):
        return  # The plan is altered, and named by itself.
    hashes = [sha256_ for record in records for sha256_ in record["photos"]]
    reader = reader_of(source)
    for place, expected in zip(places, hashes, strict=False):
        yield from _photo_difference(place, expected, reader)
    if source.exists():
        yield from _additions(places, make_plan(source.resolve(), by_folder=False, leave_out=out))


def _additions(known: Iterable[Place], now: Plan) -> Iterator[str]:
    """Photos that were not there; an archive may be called otherwise now."""
    before = {replace(place, file="") for place in known}
    for place in (place for item in now.items for place in item.photos):
        if replace(place, file="") not in before:
            yield f"photo {label(place.name, place.page)} was added"


def _photo_difference(place: Place, expected: str | None, reader: Reader) -> Iterator[str]:
    photo = reader.read(place)
    failure = photo.data.code if isinstance(photo.data, Failure) else None
    now = sha256(photo.data) if isinstance(photo.data, bytes) else photo.sha256
    never_hashed = expected is None and failure == "too-large"  # In archives, by older runs.
    if now == expected or never_hashed:
        return
    gone = failure == "missing"
    yield f"photo {label(place.name, place.page)} {'is missing' if gone else 'was changed'}"
