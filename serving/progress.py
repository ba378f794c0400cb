"""How far a run has come: a bar for people, JSON lines for scripts, or nothing."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from wreckid.serving.rows import Counts, Row

Style = Literal["bar", "json", "quiet"]
Watch = Callable[[Row], None]

EVERY_S = 1.0
"""Least seconds between two lines of JSON."""


@contextmanager
def progress(style: Style, done: int, total: int) -> Iterator[Watch]:
    """Show on stderr how a run of `total` items goes on from `done`."""
    if style == "bar":
        with _bar(done, total) as watch:
            yield watch
    elif style == "json":
        yield _JsonLines(done, total)
    else:
        yield lambda row: None


@contextmanager
def _bar(done: int, total: int) -> Iterator[Watch]:
    counts, start = Counts(), time.monotonic()
    columns = (
        TextColumn("Classifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[found]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("", completed=done, total=total, found="")

        def watch(row: Row) -> None:
            counts.add(row)
            bar.update(task, advance=1, found=_words(counts, time.monotonic() - start))

        yield watch


def _words(counts: Counts, seconds: float) -> str:
    verdicts = ", ".join(f"{count} {level}" for level, count in counts.verdicts.most_common())
    rate = counts.photos / max(seconds, 1e-9)
    return f"{rate:.0f} photos/s; {verdicts}; {counts.unreadable} unreadable"


class _JsonLines:
    """Writes a line of JSON now and then, and for the last item."""

    def __init__(self, done: int, total: int) -> None:
        self._counts, self._done, self._total = Counts(), done, total
        self._start = self._next = time.monotonic()

    def __call__(self, row: Row) -> None:
        self._counts.add(row)
        done, now = self._done + self._counts.items, time.monotonic()
        if now >= self._next or done == self._total:
            self._next = now + EVERY_S
            print(json.dumps(self._state(done, now - self._start)), file=sys.stderr, flush=True)

    def _state(self, done: int, seconds: float) -> dict[str, object]:
        items_a_second = self._counts.items / max(seconds, 1e-9)
        return {
            "done": done,
            "total": self._total,
            "photos_per_s": round(self._counts.photos / max(seconds, 1e-9), 2),
            "seconds_left": round((self._total - done) / items_a_second, 1),
            "verdicts": dict(self._counts.verdicts),
            "unreadable": self._counts.unreadable,
        }
