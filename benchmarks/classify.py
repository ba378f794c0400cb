"""Time of one 12-megapixel photo: `wreckid classify` cold, the service warm, Pillow beside them."""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from fastapi.testclient import TestClient
from made import PHONE, jpeg, noise
from PIL import Image
from rich.console import Console
from rich.table import Table

from wreckid.model.release import Release, read_release, shipped_release
from wreckid.serving.api import create_app
from wreckid.serving.engine import Engine

COLD_RUNS, WARM_RUNS = 7, 30


def median_ms(action: Callable[[], object], runs: int) -> float:
    """Median wall time of an action in milliseconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure(release: Release, data: bytes, photo: Path) -> dict[str, float]:
    """Milliseconds of each way, the reference first."""
    wreckid = Path(sys.executable).with_name("wreckid")
    engine, side = Engine(release), release.manifest.input.size
    array = np.zeros((1, 3, side, side), np.float32)
    command = [str(part) for part in (wreckid, "classify", photo, "--release", release.folder)]
    with TestClient(create_app(release)) as client:
        upload = {"photos": ("photo.jpg", data)}
        client.post("/v1/classify", files=upload).raise_for_status()
        return {
            "Pillow, full decode": median_ms(lambda: Image.open(BytesIO(data)).load(), WARM_RUNS),
            "the network, one array": median_ms(lambda: engine.run(array), WARM_RUNS),
            "python -c pass": median_ms(
                lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), COLD_RUNS
            ),
            "wreckid classify, cold": median_ms(
                lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), COLD_RUNS
            ),
            "POST /v1/classify, warm": median_ms(
                lambda: client.post("/v1/classify", files=upload), WARM_RUNS
            ),
            "POST / (the page), warm": median_ms(lambda: client.post("/", files=upload), WARM_RUNS),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, help="a release folder; the shipped one by default")
    folder = parser.parse_args().release
    release = shipped_release() if folder is None else read_release(folder)
    data = jpeg(noise(PHONE))
    with tempfile.TemporaryDirectory() as place:
        photo = Path(place) / "photo.jpg"
        photo.write_bytes(data)
        times = measure(release, data, photo)
    reference = times["Pillow, full decode"]
    title = f"{release.manifest.name}, one 12-megapixel JPEG of {len(data) / 1e6:.1f} MB"
    table = Table("What", "Median ms", "Times the reference", title=title)
    for what, milliseconds in times.items():
        table.add_row(what, f"{milliseconds:.1f}", f"{milliseconds / reference:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
