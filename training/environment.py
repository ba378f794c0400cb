"""What a run or a release was made with."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

from wreckid.training.config import TrainConfig
from wreckid.training.data import data_hashes

LEARNING = ("torch", "torchvision", "timm", "mitsuba", "numpy", "pillow")
"""The libraries that weights depend on."""
RELEASING = ("onnx", "onnxruntime", "mapie", "scipy", "scikit-learn", "torchmetrics")
"""The libraries that the figures of a release depend on besides."""


@dataclass(frozen=True)
class Provenance:
    """What a run was made with when it began.

    Attributes:
        commit: of the code, or `unknown`.
        data: hash of each set that it learns from or checks on, by its name.
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
            "own photos": config.photos,
            "heldout": config.heldout,
        }
        return cls(_commit(), data_hashes(places), python | versions(LEARNING))


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """The version of each library that is installed here."""
    return {name: version(name) for name in libraries}


def _commit() -> str:
    """The commit of the code, where it is run from a checkout."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"
