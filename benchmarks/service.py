"""What `wreckid serve` holds, beside a plain FastAPI endpoint and LitServe over the same network.

Each cell is a fresh server and a number of clients that send photo after photo; who is refused
comes again when told to. `--memory` measures instead whether the service grows.
"""

import argparse
import asyncio
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
from made import jpeg, noise
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from wreckid.model.release import Release, read_release, shipped_release

PATH = "/v1/classify"
SIZES = {"12 megapixels": (4000, 3000), "1024 px": (1024, 768)}
SMALL = (320, 240)
"""Pixels of the photos that memory is measured with."""
CLIENTS = (1, 8, 64, 256)
MEMORY_CLIENTS, MEMORY_STEPS = 8, 10
WARM_S, READY_S, END_S = 1, 300, 5
REFUSED = (429, 503)
UNFINISHED, BROKEN = 0, -1
"""Instead of a status: the cell ended first; there was no answer."""


@dataclass(frozen=True)
class Server:
    """How a server is started, its port to be added."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


class SilentError(Exception):
    """A server does not answer; the sentence ends in what it said last."""


@dataclass(frozen=True)
class Upload:
    """A photo as a whole request."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, order=True)
class Answer:
    """How long a request took so far, and what came of it."""

    seconds: float
    status: int


@dataclass(frozen=True)
class Cell:
    """The answers that some clients had from a server."""

    answers: tuple[Answer, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Photos judged a second."""
        return len(self._of(200)) / self.seconds

    def wait(self, share: float) -> str:
        """Milliseconds within which a share of the accepted requests was answered."""
        waits = sorted(self._of(200, UNFINISHED))
        if not waits:
            return "–"
        found = waits[math.ceil(share * len(waits)) - 1]
        return f"{'> ' if found.status == UNFINISHED else ''}{1000 * found.seconds:.0f}"

    @property
    def refused(self) -> float:
        """The share of all requests that was refused."""
        return len(self._of(*REFUSED)) / max(len(self.answers), 1)

    @property
    def failed(self) -> int:
        """Requests with a wrong answer or none."""
        return len(self.answers) - len(self._of(200, UNFINISHED, *REFUSED))

    def _of(self, *statuses: int) -> list[Answer]:
        return [one for one in self.answers if one.status in statuses]


def upload(size: tuple[int, int]) -> Upload:
    """A request with a photo of that width and height."""
    photo = jpeg(noise(size))
    made = httpx2.Request("POST", "http://made", files={"photos": ("a.jpg", photo)})
    return Upload(made.read(), {"Content-Type": made.headers["Content-Type"]})


@contextmanager
def running(server: Server, probe: Upload) -> Iterator[tuple[str, psutil.Process]]:
    """A server that has answered once, at its address, ended with all its processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [*server.command, str(port)],
            env=os.environ | server.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}{PATH}"
            if not _answers(process, address, probe):
                log.seek(0)
                last = log.read().decode(errors="replace").strip().rpartition("\n")[-1]
                raise SilentError(f"{server.name} does not answer: {last}")
            yield address, psutil.Process(process.pid)
        finally:
            _end(process)


def _answers(process: "subprocess.Popen[bytes]", address: str, probe: Upload) -> bool:
    """Whether a server judges a photo before patience ends."""
    until = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < until:
        try:
            answer = httpx2.post(
                address, content=probe.body, headers=probe.headers, timeout=READY_S
            )
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return answer.status_code == 200
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


async def load(address: str, sent: Upload, clients: int, seconds: float) -> Cell:
    """What clients are answered who send a photo again and again for some seconds."""
    answers: list[Answer] = []
    until = asyncio.get_running_loop().time() + seconds
    async with _door() as http, asyncio.TaskGroup() as team:
        for _ in range(clients):
            team.create_task(_come_again(http, address, sent, until, answers))
    return Cell(tuple(answers), seconds)


async def _come_again(
    http: httpx2.AsyncClient, address: str, sent: Upload, until: float, answers: list[Answer]
) -> None:
    clock = asyncio.get_running_loop().time
    while (start := clock()) < until:
        status, pause = UNFINISHED, 0.0
        try:
            async with asyncio.timeout_at(until):
                answer = await http.post(address, content=sent.body, headers=sent.headers)
            status, pause = answer.status_code, float(answer.headers.get("Retry-After", 0))
        except TimeoutError:
            pass
        except httpx2.TransportError:
            status, pause = BROKEN, 1.0
        answers.append(Answer(clock() - start, status))
        await asyncio.sleep(min(pause, max(until - clock(), 0)))


def _door() -> httpx2.AsyncClient:
    """A client with as many connections as it takes, and all the time."""
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    return httpx2.AsyncClient(timeout=None, limits=limits)


async def send(address: str, sent: Upload, requests: int) -> None:
    """Send a photo many times, a few at once; each must be judged."""
    left = iter(range(requests))

    async def one_of_few(http: httpx2.AsyncClient) -> None:
        for _ in left:
            answer = await http.post(address, content=sent.body, headers=sent.headers)
            answer.raise_for_status()

    async with _door() as http, asyncio.TaskGroup() as team:
        for _ in range(MEMORY_CLIENTS):
            team.create_task(one_of_few(http))


def measure_load(servers: Sequence[Server], seconds: float) -> Table:
    """Throughput and latency of each server, by the size of the photos and the clients."""
    columns = ("Photos", "Clients", "Server", "Judged/s", "Times plain")
    table = Table(*columns, "Median ms", "p99 ms", "Refused", "Failed", box=box.MARKDOWN)
    uploads = {name: upload(size) for name, size in SIZES.items()}
    cells = [(photos, clients) for photos in SIZES for clients in CLIENTS]
    for photos, clients in track(cells, console=Console(stderr=True)):
        plain = 0.0
        for server in servers:
            try:
                with running(server, uploads[photos]) as (address, _):
                    asyncio.run(load(address, uploads[photos], os.cpu_count() or 1, WARM_S))
                    cell = asyncio.run(load(address, uploads[photos], clients, seconds))
            except SilentError as error:
                table.add_row(photos, str(clients), str(error))
                continue
            plain = cell.rate if server is servers[0] else plain
            table.add_row(photos, str(clients), server.name, *_figures(cell, plain))
    return table


def _figures(cell: Cell, plain: float) -> tuple[str, ...]:
    return (
        f"{cell.rate:.1f}",
        f"{cell.rate / plain:.1f}" if plain else "–",
        cell.wait(0.5),
        cell.wait(0.99),
        f"{cell.refused:.0%}",
        str(cell.failed),
    )


def measure_memory(server: Server, requests: int) -> Table:
    """Resident memory of all processes of a server, as requests go by."""
    table = Table("Requests", "Processes", "Resident MiB", box=box.MARKDOWN)
    sent = upload(SMALL)
    with running(server, sent) as (address, process):
        for step in track(range(MEMORY_STEPS + 1), console=Console(stderr=True)):
            if step:
                asyncio.run(send(address, sent, requests // MEMORY_STEPS))
            family = [process, *process.children(recursive=True)]
            resident = sum(one.memory_info().rss for one in family) / 2**20
            done = step * (requests // MEMORY_STEPS)
            table.add_row(str(done), str(len(family)), f"{resident:.0f}")
    return table


def wreckid_serve(release: Release) -> Server:
    """The service as it is installed."""
    wreckid = str(Path(sys.executable).with_name("wreckid"))
    command = (wreckid, "serve", "--release", str(release.folder), "--port")
    return Server("wreckid serve", command)


def rival(name: str, release: Release, path: str = "") -> Server:
    """A server of `rivals.py`, with more libraries from a folder."""
    script = str(Path(__file__).with_name("rivals.py"))
    command = (sys.executable, script, name, str(release.folder))
    return Server(name, command, {"PYTHONPATH": path} if path else {})


def install(requirement: str, folder: str) -> None:
    """Try to install a library into a folder, for this run alone; a server without it says so."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, requirement)
    subprocess.run(pip, check=False, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, help="a release folder; the shipped one by default")
    parser.add_argument("--seconds", type=float, default=8, help="of each cell")
    parser.add_argument(
        "--memory", type=int, nargs="?", const=20_000, metavar="REQUESTS", help="measure memory"
    )
    given = parser.parse_args()
    release = shipped_release() if given.release is None else read_release(given.release)
    ours, screen = wreckid_serve(release), Console(width=120)
    screen.print(f"{release.manifest.name}, {os.cpu_count()} cores")
    if given.memory is not None:
        screen.print(measure_memory(ours, given.memory))
        return
    with tempfile.TemporaryDirectory() as folder:
        install("litserve", folder)
        servers = [rival("plain", release), rival("litserve", release, folder), ours]
        screen.print(measure_load(servers, given.seconds))


if __name__ == "__main__":
    main()
