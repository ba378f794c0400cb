"""What a run or a release was made with."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import Self

from wreckid.model.release import read_release
from wreckid.training.config import TrainConfig
from wreckid.training.data import data_hashes

CODE = Path(__file__).resolve().parents[1]
LEARNING = ("torch", "torchvision", "timm", "mitsuba", "numpy", "pillow")
"""The libraries that weights depend on."""
RELEASING = ("onnx", "onnxruntime", "mapie", "scipy", "scikit-learn", "torchmetrics")
"""The libraries that the figures of a release depend on besides."""
OWN_PHOTOS = "own photos"
"""What labelled photos are called among the data of a run."""
TEACHER = "teacher"
"""What a release that taught is called there, with its number."""


@dataclass(frozen=True)
class Provenance:
    """What a run was made with when it began.

    Attributes:
        commit: of the code, or `unknown`.
        data: hash of each set that it learns from or checks on, by its name; of each teacher;
            and of the photos that releases had learnt from which it goes on from or is taught by.
        libraries: version of each library that weights depend on, and of Python.
    """

    commit: str
    data: Mapping[str, str]
    libraries: Mapping[str, str]

    @classmethod
    def now(cls, config: TrainConfig) -> Self:
        """As code, libraries and the sets of a configuration are at this moment."""
        python = {"python": platform.python_version()}
        places = {
            "train": config.train,
            "sketches": config.sketches,
            OWN_PHOTOS: config.photos,
            "heldout": config.heldout,
        }
        data = data_hashes(places) | _handed_on(config)
        return cls(_commit(), data, python | versions(LEARNING))


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """The version of each library that is installed here."""
    return {name: version(name) for name in libraries}


def _handed_on(config: TrainConfig) -> dict[str, str]:
    """The hash of each teacher, and of each set of photos that the releases had learnt from."""
    data = {}
    for role, folders in (("start", config.from_releases), (TEACHER, config.teachers)):
        for number, folder in enumerate(folders, start=1):
            release = read_release(folder)
            if role == TEACHER:
                data[f"{role} {number}"] = release.sha256
            for name, sha256 in release.manifest.training.data.items():
                if name.startswith(OWN_PHOTOS):
                    data[f"{name} of {role} {number}"] = sha256
    return data


def _commit() -> str:
    """The commit of the code, where it is run from a checkout."""
    if which("git") is None or not (CODE / ".git").exists():
        return "unknown"
    asked = ["git", "-C", str(CODE), "describe", "--always", "--dirty", "--abbrev=12"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
