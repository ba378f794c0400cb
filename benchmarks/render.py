"""Pictures a second of `wreckid render`, whole process, beside one worker and an empty picture.

The empty picture is what Mitsuba itself needs for a plain ground under an even sky with the same
sensor: the rest of the time goes to the wreck, its surroundings and the denoiser.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import mitsuba as mi
import numpy as np
from rich.console import Console
from rich.table import Table

from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.pictures.camera import Camera, sensor
from wreckid.datasets.pictures.threads import one_thread
from wreckid.datasets.places.surroundings import Surroundings
from wreckid.datasets.render import RenderJob, render, subjects
from wreckid.datasets.spread import on_processes


def whole_process(count: int, pixels: int, *options: str) -> float:
    """Pictures a second of the command, from its start to its end."""
    wreckid = Path(sys.executable).with_name("wreckid")
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        subprocess.run(
            [
                *(str(wreckid), "render", *options, "--out", out),
                *("--count", str(count), "--size", str(pixels)),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return count / (time.perf_counter() - start)


def one_worker(count: int, pixels: int) -> float:
    """Pictures a second of one worker, from its first picture to its last."""
    with tempfile.TemporaryDirectory() as out:
        job = RenderJob(subjects(catalogue()), Surroundings(), 0, pixels, Path(out))
        rows = render(job, count + 1, partial(on_processes, workers=1))
        next(rows)
        start = time.perf_counter()
        return sum(1 for _ in rows) / (time.perf_counter() - start)


def empty_picture(count: int, pixels: int) -> float:
    """Pictures a second of a plain under an even sky in this process."""
    one_thread()
    camera = Camera(np.array([3.0, 0, 1]), np.zeros(3), np.array([0, 0, 1.0]), 40)
    scene = mi.load_dict(
        {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": 3},
            "sensor": sensor(camera, pixels),
            "sky": {"type": "constant"},
            "plain": {"type": "rectangle", "to_world": mi.ScalarTransform4f().scale(400)},
        }
    )
    start = time.perf_counter()
    for seed in range(count):
        np.asarray(mi.render(scene, seed=seed))
    return count / (time.perf_counter() - start)


def main() -> None:
    """Print the rates and what they are to the first."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=64)
    options.add_argument("--size", type=int, default=256)
    wanted = options.parse_args()
    rates = {
        f"wreckid render, {os.cpu_count()} workers": whole_process(wanted.count, wanted.size),
        "the same with --views 4": whole_process(wanted.count, wanted.size, "--views", "4"),
        "the same with --quick --views 8": whole_process(
            8 * wanted.count, wanted.size, "--quick", "--views", "8"
        ),
        "one worker, started": one_worker(wanted.count, wanted.size),
        "empty picture, Mitsuba alone": empty_picture(wanted.count, wanted.size),
    }
    first = next(iter(rates.values()))
    table = Table("", f"pictures of {wanted.size} px a second", "ratio")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:.2f}", f"{rate / first:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
