"""An evidence folder to a sealed run: fixed plan, committed chunks, derived files, seal.

A chunk counts once the log has its line. Its rows are on the disk before that, and the line says
how long each file is then, and its hash: after a kill, whatever lies beyond is cut off and judged
again, and what lies before must be as it was written.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from wreckid.datasets.alone import alone
from wreckid.datasets.errors import SetupError
from wreckid.serving import custody
from wreckid.serving.classifier import Classifier
from wreckid.serving.custody import LOG, CustodyLog, Entry, canonical_sha256, to_json
from wreckid.serving.intake import label
from wreckid.serving.item import Item, plan_lines, read_plan
from wreckid.serving.pipeline import Judge, Judged, Judging, judge_here
from wreckid.serving.plan import ItemRule, Plan, make_plan
from wreckid.serving.provenance import actor, foundations
from wreckid.serving.report import Contents, write_report
from wreckid.serving.rows import Counts, Row, row_line, schema, table_header, table_line
from wreckid.serving.source import Reader

PLAN = "plan.jsonl"
RESULTS = "results.jsonl"
TABLE = "results.csv"
SCHEMA = "results.schema.json"
PICTURES = "pictures.jsonl"
CAMERAS = "camera.jsonl"
COMMITTED = (RESULTS, TABLE, PICTURES, CAMERAS)
"""The files that grow with the log, a line an item."""

LOCK = ".lock"
BEFORE_THE_LOG = (LOCK, LOG, PLAN, custody.draft_name(PLAN))
"""What a run that is killed before its log has a line may leave."""

OPENED, RESUMED, JUDGED, INTERRUPTED, SEALED = (
    "opened",
    "resumed",
    "judged",
    "interrupted",
    "sealed",
)
"""The events of the log."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        source: a folder, a zip archive, a list or a table.
        out: the folder of the run.
        by_folder: each direct sub-folder is one item.
        cameras: whether the report shows what photos say of camera, place and time.
    """

    source: Path
    out: Path
    by_folder: bool = False
    cameras: bool = False


Written = Mapping[str, "hashlib._Hash"]
"""The hash of each committed file, which grows as the file does."""


class Run:
    """A run on disk, new or gone on with."""

    def __init__(
        self, out: Path, classifier: Classifier, log: CustodyLog, opened: Entry, written: Written
    ) -> None:
        self.log = log
        self.planned = int(opened["planned"]["items"])
        self.counts = (
            Counts.of_json(log.latest[JUDGED]["counts"]) if JUDGED in log.latest else Counts()
        )
        self._out = out
        self._classifier = classifier
        self._opened = opened
        self._written = written

    @property
    def sealed(self) -> bool:
        """Whether the run has its closing record."""
        return SEALED in self.log.latest

    @property
    def done(self) -> int:
        """How many items are committed."""
        return self.counts.items

    def go_on(
        self,
        watch: Callable[[Row], None],
        stop: Callable[[], bool],
        judging: Judging = judge_here,
    ) -> None:
        """Judge what is left and commit it chunk by chunk.

        Args:
            watch: told of every row as it is committed.
            stop: asked after every chunk whether to stop there.
            judging: where chunks are judged; the same comes of it everywhere.
        """
        judge = Judge(
            self._classifier,
            Reader(Path(self._opened["root"])),
            self._opened["configuration_sha256"],
            self._opened["configuration"]["code_version"],
        )
        for chunk in judging(judge, self._left()):
            self._commit(chunk)
            for judged in chunk:
                watch(judged.row)
            if stop():
                self.log.append(INTERRUPTED, who=actor())
                return

    def seal(self) -> None:
        """Write what is derived from the committed files, and the closing record."""
        if not self._begun:
            self._commit([])
        custody.write_whole(self._out / SCHEMA, [schema()])
        pages = write_report(self._out, self._contents())
        others = {name: custody.sha256_of_file(self._out / name) for name in (PLAN, SCHEMA, *pages)}
        files = others | _hashes(self._written)
        self.log.append(SEALED, who=actor(), counts=self.counts.as_json(), files=files)

    @property
    def _begun(self) -> bool:
        """Whether anything is committed, be it that there are no items."""
        return JUDGED in self.log.latest

    def _left(self) -> Iterator[Item]:
        return islice(read_plan(self._out / PLAN), self.done, None)

    def _commit(self, chunk: Sequence[Judged]) -> None:
        lines = [_lines(judged) for judged in chunk]
        heads = {} if self._begun else {TABLE: table_header()}
        for name in COMMITTED:
            content = heads.get(name, b"") + b"".join(line[name] for line in lines)
            custody.append(self._out / name, content)
            self._written[name].update(content)
        for judged in chunk:
            self.counts.add(judged.row)
        self.log.append(
            JUDGED,
            counts=self.counts.as_json(),
            rows=[_record(one.row, line[RESULTS]) for one, line in zip(chunk, lines, strict=True)],
            ends={name: (self._out / name).stat().st_size for name in COMMITTED},
            hashes=_hashes(self._written),
        )

    def _contents(self) -> Contents:
        return Contents(
            self.counts,
            self._out / RESULTS,
            self._out / PICTURES,
            self._out / CAMERAS if self._opened["cameras_in_report"] else None,
            self._opened,
            self._classifier,
        )


@contextmanager
def open_run(wanted: Wanted, classifier: Classifier) -> Iterator[Run]:
    """Open a run in its folder: a new one, or the same one to go on with.

    Raises:
        SetupError: the source cannot be listed; or the folder holds something else, another run,
            one that was altered, or one that is going on.
    """
    _refuse_what_is_not_ours(wanted.out)
    wanted.out.mkdir(parents=True, exist_ok=True)
    with alone(wanted.out / LOCK, f"Another run is writing to {wanted.out}: wait for it to end."):
        log, dropped = CustodyLog.recover(wanted.out / LOG)
        if log.first is None:
            opened = _begin(wanted, classifier, log)
            written = _written(wanted.out)
        else:
            opened = log.first
            _check_same(opened, wanted, classifier)
            _cut_to_commits(wanted.out, log)
            written = _written(wanted.out)
            _check_written(wanted.out, log, written)
            if SEALED not in log.latest:
                log.append(RESUMED, who=actor(), dropped_bytes=dropped)
        yield Run(wanted.out, classifier, log, opened, written)


class AnotherRunError(SetupError):
    """A folder holds the run of another source, model or code."""


def configuration(rule: ItemRule, classifier: Classifier) -> dict[str, Any]:
    """All that decides what a photo gets."""
    return {"items": rule, **foundations(classifier.identity)}


def _refuse_what_is_not_ours(out: Path) -> None:
    """Refuse a folder with files that no log of a run vouches for: they may be evidence."""
    if not out.is_dir() or _has_log(out):
        return
    others = sorted(one.name for one in out.iterdir() if one.name not in BEFORE_THE_LOG)
    if others:
        raise SetupError(
            f"{out} holds {label(others[0])}, which no log vouches for: choose another folder."
        )


def _has_log(out: Path) -> bool:
    file = out / LOG
    if not file.is_file():
        return False
    with file.open("rb") as lines:
        first = custody.read_line(lines.readline())
    return first is not None and first["event"] == OPENED


def _begin(wanted: Wanted, classifier: Classifier, log: CustodyLog) -> Entry:
    plan = make_plan(wanted.source.resolve(), wanted.by_folder, wanted.out)
    custody.write_whole(wanted.out / PLAN, plan_lines(plan.items))
    decides = configuration(plan.rule, classifier)
    log.append(OPENED, **_asked(wanted), **_found(wanted, plan), **_deciding(decides))
    assert log.first is not None
    return log.first


def _asked(wanted: Wanted) -> dict[str, Any]:
    return {
        "format_version": "1.0",
        "who": actor(),
        "source": str(wanted.source.resolve()),
        "by_folder": wanted.by_folder,
        "cameras_in_report": wanted.cameras,
    }


def _found(wanted: Wanted, plan: Plan) -> dict[str, Any]:
    planned = {
        "items": len(plan.items),
        "photos": plan.photos,
        "sha256": custody.sha256_of_file(wanted.out / PLAN),
    }
    return {
        "source_sha256": _source_sha256(wanted.source),
        "root": str(plan.root),
        "planned": planned,
        "left_out": dict(plan.left_out),
    }


def _source_sha256(source: Path) -> str | None:
    """The hash of an archive, a list or a table; a folder has none."""
    return custody.sha256_of_file(source) if source.is_file() else None


def _deciding(decides: Mapping[str, Any]) -> dict[str, Any]:
    return {"configuration": decides, "configuration_sha256": canonical_sha256(decides)}


def _check_same(opened: Entry, wanted: Wanted, classifier: Classifier) -> None:
    """Refuse to go on with a run of another source, model or code."""
    asked, decides = _asked(wanted), configuration(opened["configuration"]["items"], classifier)
    differing = [
        *(name for name in asked if name != "who" and asked[name] != opened[name]),
        *(name for name in decides if decides[name] != opened["configuration"].get(name)),
    ]
    if differing:
        raise AnotherRunError(
            f"{wanted.out} holds another run; different: {', '.join(differing)}."
            " Repeat the command that began it, or choose another folder."
        )
    if custody.sha256_of_file(wanted.out / PLAN) != opened["planned"]["sha256"]:
        raise SetupError(f"{wanted.out / PLAN} was altered: start a new run in another folder.")
    if _source_sha256(wanted.source) != opened["source_sha256"]:
        raise SetupError(
            f"{wanted.source} was changed since the run began: bring back what it was,"
            " or start a new run in another folder."
        )


def _cut_to_commits(out: Path, log: CustodyLog) -> None:
    """Drop what was written after the last line of the log."""
    ends = log.latest[JUDGED]["ends"] if JUDGED in log.latest else dict.fromkeys(COMMITTED, 0)
    for name, end in ends.items():
        file = out / name
        size = file.stat().st_size if file.exists() else 0
        if size < end:
            raise SetupError(f"{file} is shorter than the log says: `wreckid verify` names where.")
        if size > end and SEALED not in log.latest:
            custody.truncate(file, end)


def _written(out: Path) -> Written:
    """What was written so far, read once."""
    return {name: _hash_of(out / name) for name in COMMITTED}


def _hash_of(file: Path) -> "hashlib._Hash":
    if not file.exists():
        return hashlib.sha256()
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256")


def _check_written(out: Path, log: CustodyLog, written: Written) -> None:
    """Refuse to go on from files that are not as the log says; old logs do not say."""
    for name, expected in log.latest.get(JUDGED, {}).get("hashes", {}).items():
        if written[name].hexdigest() != expected:
            raise SetupError(f"{out / name} was altered: start a new run in another folder.")


def _hashes(written: Written) -> dict[str, str]:
    return {name: hash_.hexdigest() for name, hash_ in written.items()}


def _lines(judged: Judged) -> dict[str, bytes]:
    """What an item adds to each file."""
    item = judged.row.item
    pictures = [picture._asdict() for picture in judged.pictures]
    return {
        RESULTS: row_line(judged.row),
        TABLE: table_line(judged.row),
        PICTURES: to_json({"item": item, "pictures": pictures}) + b"\n",
        CAMERAS: to_json({"item": item, "photos": judged.cameras}) + b"\n",
    }


def _record(row: Row, line: bytes) -> dict[str, Any]:
    """What the log says of an item: hashes of its photos as received, and of its row."""
    return {
        "item": row.item,
        "photos": [photo.sha256 for photo in row.photos],
        "row": custody.sha256(line),
    }
