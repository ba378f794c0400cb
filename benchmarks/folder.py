"""Photos a second of `wreckid batch`, whole process, against timm's recipe and the bound.

The recipe is that of timm's `inference.py` as a plain loop: decode the whole photo, resize, run
the same network in torch, batch by batch. The bound is what the cores could do if a photo were
decoded and put through the network and nothing else. Core time a photo, of all threads and
processes, says the same where other work on the machine takes the wall clock away.

With `--memory COUNT` instead: the most memory of whole runs, to the seal, over 1,000 small
photos and over COUNT.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from made import PHONE, jpeg, noise
from PIL import Image
from rich.console import Console
from rich.table import Table

from wreckid.model.preprocessing import Photo, decode, to_array
from wreckid.model.release import Release, read_release, shipped_release
from wreckid.serving.classifier import TOGETHER
from wreckid.serving.engine import Engine

BATCH = 16
SAMPLE = 2 * BATCH
"""Photos that the bound is measured on."""


def make_photos(folder: Path, count: int) -> None:
    """Write distinct photos as a phone takes them."""
    large = np.asarray(noise(PHONE))
    for number in range(count):
        photo = Image.fromarray(np.roll(large, 16 * number, axis=1))
        (folder / f"{number:05}.jpg").write_bytes(jpeg(photo))


def make_small_photos(folder: Path, numbers: range) -> None:
    """Write small JPEGs, none of which looks like another."""
    for number in numbers:
        patches = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        photo = Image.fromarray(patches).resize((320, 240), Image.Resampling.BICUBIC)
        (folder / f"{number:06}.jpg").write_bytes(jpeg(photo))


@dataclass(frozen=True)
class Cost:
    """What a photo costs: seconds of wall clock, and of all cores together."""

    wall: float
    cores: float


def cost(command: list[str], count: int) -> Cost:
    """What each of `count` photos costs in a command that must succeed."""
    start, before = time.perf_counter(), _core_seconds()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Cost((time.perf_counter() - start) / count, (_core_seconds() - before) / count)


def _core_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def core_seconds_a_photo(photos: list[Path], release: Release) -> float:
    """Time of all cores for decoding a photo, plus that of the network for one, alone."""
    spec, engine = release.manifest.input, Engine(release)
    files = [photo.read_bytes() for photo in photos]
    start = time.process_time()
    decoded = [decode(data, spec.size) for data in files]
    decoding = time.process_time() - start
    arrays = [to_array(one.image, spec) for one in decoded if isinstance(one, Photo)]
    engine.run(np.stack(arrays[:TOGETHER]))
    start = time.process_time()
    for first in range(0, len(arrays), TOGETHER):
        engine.run(np.stack(arrays[first : first + TOGETHER]))
    return (decoding + time.process_time() - start) / len(files)


def plain_loop(folder: Path, release: Release) -> None:
    """timm's recipe for a folder, over the network of a release."""
    import timm.data
    import torch
    from safetensors.torch import load_file

    from wreckid.model.network import create_network

    network = create_network(release.manifest.architecture, len(release.manifest.classes))
    weights = load_file(release.weights)
    network.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    spec = release.manifest.input
    transform = timm.data.create_transform(
        (3, spec.size, spec.size), mean=spec.mean, std=spec.std, interpolation="bicubic"
    )
    network.eval()
    with torch.inference_mode():
        for batch in batches(sorted(folder.iterdir())):
            images = [transform(Image.open(photo).convert("RGB")) for photo in batch]
            torch.softmax(network(torch.stack(images)).logits, dim=1).topk(5)


def batches(photos: list[Path]) -> Iterator[list[Path]]:
    """Photos in batches."""
    remaining = iter(photos)
    return iter(lambda: list(islice(remaining, BATCH)), [])


def cost_of_batch(folder: Path, count: int, release: Release) -> Cost:
    """What `wreckid batch` costs for each of `count` photos, from its start to the seal."""
    wreckid = [str(Path(sys.executable).with_name("wreckid")), "batch", str(folder)]
    with tempfile.TemporaryDirectory() as out:
        command = [*wreckid, "--out", out, "--release", str(release.folder), "--progress", "quiet"]
        return cost(command, count)


def most_memory() -> float:
    """MiB of the largest process that was started from here."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def measure_memory(folder: Path, count: int, release: Release) -> None:
    """Run over few photos and over many, and print the most memory of each run."""
    table = Table("Photos", "Photos/s", "MiB", title=f"{release.manifest.name}, small JPEGs")
    there = 0
    for wanted in (1000, count):
        make_small_photos(folder, range(there, wanted))
        there = wanted
        one = cost_of_batch(folder, wanted, release)
        table.add_row(str(wanted), f"{1 / one.wall:.1f}", f"{most_memory():.0f}")
    Console().print(table)


def measure(folder: Path, count: int, release: Release) -> None:
    """Measure both ways and the bound in this run, and print them as a table."""
    make_photos(folder, count)
    ours = cost_of_batch(folder, count, release)
    memory = most_memory()
    loop = [sys.executable, __file__, "--release", str(release.folder), "--loop", str(folder)]
    theirs = cost(loop, count)
    cores = os.cpu_count() or 1
    least = core_seconds_a_photo(sorted(folder.iterdir())[:SAMPLE], release)
    bound = Cost(least / cores, least)
    title = f"{release.manifest.name}, {count} JPEGs of 12 megapixels, {cores} cores"
    heads = (
        "What",
        "Photos/s",
        "Times the loop",
        "Of the bound",
        "Core ms a photo",
        "Of the bound",
    )
    table = Table(*heads, title=title)
    for what, one in {
        "timm's recipe, plain loop": theirs,
        "wreckid batch": ours,
        "bound: decode and network alone": bound,
    }.items():
        table.add_row(
            what,
            f"{1 / one.wall:.1f}",
            f"{theirs.wall / one.wall:.2f}",
            f"{bound.wall / one.wall:.0%}",
            f"{1000 * one.cores:.1f}",
            f"{bound.cores / one.cores:.0%}",
        )
    Console().print(table, f"Most memory of wreckid batch: {memory:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, help="a release folder; the shipped one by default")
    parser.add_argument("--count", type=int, default=240, help="photos")
    parser.add_argument("--loop", type=Path, help="run the plain loop over a folder, no more")
    parser.add_argument("--memory", type=int, help="run over so many small photos instead")
    given = parser.parse_args()
    release = shipped_release() if given.release is None else read_release(given.release)
    if given.loop is not None:
        plain_loop(given.loop, release)
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.memory is not None:
            measure_memory(Path(folder), given.memory, release)
        else:
            measure(Path(folder), given.count, release)


if __name__ == "__main__":
    main()
