"""Photos decoded in processes of their own: one that kills its decoder costs that one photo."""

import multiprocessing
import signal
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from wreckid.model.evidence import Box, EvidenceError
from wreckid.model.preprocessing import Failure, InputSpec
from wreckid.serving.intake import NamedBytes, by_page, may_have_pages
from wreckid.serving.sight import Seen, see, unseen

if sys.platform != "win32":
    import resource

MODULE = "wreckid.serving.sight"

PROBE = b"BM" + struct.pack("<IIIIiiHHIIiiII", 3126, 0, 54, 40, 32, 32, 1, 24, 0, 3072, 1, 1, 0, 0)
PROBE += bytes(3072)
"""The smallest photo that is taken: a black bitmap of 32 x 32."""
ANY = InputSpec(size=32, mean=(0, 0, 0), std=(1, 1, 1), resize="squash")

PATIENCE = 10
"""How many times the computing time of a photo may pass until it is given up."""
OUT_OF_TIME = -27
"""The exit code of a process that the system ended for its computing time (SIGPROF)."""

Task = tuple[Any, ...]
"""A function of a module, and what it is given."""


class Decoders:
    """A fixed number of decoding processes, each with limits; may be shared by threads."""

    def __init__(self, count: int, most_bytes: int, most_s: float) -> None:
        """Start nothing yet: each process starts with its first photo.

        Args:
            count: of processes.
            most_bytes: of memory a process may have.
            most_s: of computing that a photo may take; its process is ended then.
        """
        self._count = count
        self._idle: SimpleQueue[_Decoder] = SimpleQueue()
        for _ in range(count):
            self._idle.put(_Decoder(most_bytes, most_s))

    def see(self, photo: NamedBytes, spec: InputSpec, box: Box | None = None) -> Seen:
        """As `sight.see`, elsewhere; waits for a process that is free.

        Raises:
            EvidenceError: the box is not in the photo.
        """
        seen = self._done((see, photo, spec, box))
        return unseen(photo, seen) if isinstance(seen, Failure) else seen

    def by_page(self, photo: NamedBytes) -> tuple[NamedBytes, ...]:
        """As `intake.by_page`, elsewhere; a file that kills its decoder is left as it is."""
        if not may_have_pages(photo):
            return (photo,)
        paged = self._done((by_page, photo))
        return (photo,) if isinstance(paged, Failure) else paged

    def work(self) -> bool:
        """Whether a photo can be decoded."""
        return self.see(NamedBytes("probe", PROBE), ANY).sight is not None

    def close(self) -> None:
        """End the processes once they are idle."""
        for _ in range(self._count):
            self._idle.get().end()

    def _done(self, task: Task) -> Any:
        decoder = self._idle.get()
        try:
            answer = decoder.do(task)
        finally:
            self._idle.put(decoder)
        if isinstance(answer, EvidenceError):
            raise answer
        return answer


class _Decoder:
    """One process, started when it is needed and again after it died."""

    def __init__(self, most_bytes: int, most_s: float) -> None:
        self._most_bytes = most_bytes
        self._most_s = most_s
        self._pipe: Connection | None = None
        self._process: Any = None

    def do(self, task: Task) -> Any:
        """Do a task with a photo; a process that fails or is too slow is a failure of the photo."""
        try:
            pipe = self._pipe or self._start()
        except (EOFError, OSError):
            return Failure("unreadable")
        try:
            pipe.send(task)
            if pipe.poll(self._most_s * PATIENCE):
                return pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            if self._process.exitcode != OUT_OF_TIME:
                self.end()
                return Failure("unreadable")
        self.end()
        return Failure("too-large")

    def end(self) -> None:
        """Kill the process, if any; it holds nothing that is worth keeping."""
        if self._pipe is not None:
            self._pipe.close()
            self._process.kill()
            self._process.join()
        self._pipe = self._process = None

    def _start(self) -> Connection:
        """Start a process; one that the system refuses (EOFError, OSError) leaves nothing open."""
        context = _context()
        ours: Connection
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work, args=(theirs, self._most_bytes, self._most_s), name="decoder", daemon=True
        )
        try:
            with theirs:
                process.start()
        except (EOFError, OSError):
            ours.close()
            raise
        self._pipe, self._process = ours, process
        with suppress(EOFError, OSError):  # What died at its start fails with its first photo.
            ours.recv()
        return ours


def _context() -> Any:
    """Processes that start clean: the service has threads, which a plain fork would break."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([MODULE])
    return context


def _work(pipe: Connection, most_bytes: int, most_s: float) -> None:
    """Say that it is ready, and answer task by task until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service: it ends its own.
    _limit_memory(most_bytes)
    with suppress(EOFError, OSError):
        pipe.send(None)
        while True:
            task: Task = pipe.recv()
            _limit_time(most_s)
            pipe.send(_answer(*task))


def _answer(do: Callable[..., Any], *given: Any) -> Any:
    try:
        return do(*given)
    except EvidenceError as error:
        return error
    except MemoryError:
        return Failure("too-large")


def _limit_memory(most_bytes: int) -> None:
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(most_s: float) -> None:
    """End the process once it has computed for some seconds more, however busy the machine."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, most_s)
