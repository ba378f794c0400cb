"""A run and its evidence as one BagIt bag (RFC 8493), fit to be handed over and kept."""

import shutil
from pathlib import Path

import bagit

from wreckid.datasets.errors import SetupError
from wreckid.serving.folder import PLAN
from wreckid.serving.item import read_plan
from wreckid.serving.verify import read_log, reader_of, seal_of, source_now, verify

RUN, EVIDENCE = "run", "evidence"
"""Where a bag's data holds each."""


def make_bag(out: Path, evidence: Path, bag: Path) -> str:
    """Copy a sealed run, its source and the files of its photos into a new bag; the run's seal.

    Args:
        out: the folder of the run.
        evidence: its photos, where they lie now.
        bag: a folder that is made.

    Raises:
        SetupError: something differs from what was sealed, the bag exists or would lie in what
            is copied, or a list names photos outside of its own folder.
    """
    if difference := next(verify(out, evidence), None):
        raise SetupError(f"The run is not as it was sealed: {difference}.")
    if bag.exists():
        raise SetupError(f"{bag} exists: name a new folder.")
    opened = next(read_log(out))
    source = source_now(opened, evidence)
    for place in (out, source):
        if bag.resolve().is_relative_to(place.resolve()):
            raise SetupError(f"{bag} lies in {place}, which it is to hold: name another folder.")
    for file in _files(out):
        _copy(reader_of(source).root / file, bag / EVIDENCE / file)
    _copy(source, bag / EVIDENCE / Path(opened["source"]).name)
    shutil.copytree(out, bag / RUN, ignore=shutil.ignore_patterns(".*"))
    seal = seal_of(out)
    bagit.make_bag(str(bag), {"Source-Run-Seal": seal}, checksums=["sha256"])
    return seal


def _files(out: Path) -> list[Path]:
    """The files and archives that a run's photos lie in, relative to its source."""
    files = {Path(place.file) for item in read_plan(out / PLAN) for place in item.photos}
    for file in files:
        if file.is_absolute() or ".." in file.parts:
            raise SetupError(f"{file} lies outside of the list's folder, so it cannot be bagged.")
    return sorted(files)


def _copy(file: Path, target: Path) -> None:
    """Copy a file; one that was missing in the run is missing in the bag."""
    if file.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)
