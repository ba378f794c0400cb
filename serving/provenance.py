"""Who ran what: the person, the machine, the command, and the code that decides."""

import getpass
import importlib.metadata
import platform
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wreckid.serving.custody import canonical_sha256, sha256_of_file
from wreckid.serving.result import ModelIdentity

LIBRARIES = ("numpy", "onnxruntime", "pillow", "pillow-heif")
"""The libraries that touch pixels or numbers."""

CODE = Path(__file__).resolve().parents[1]
ROOMS = ("datasets", "model", "serving")


OPTIONAL = {"c2pa": "c2pa-python"}
"""Modules that add to what a result says where they are installed, and their packages."""


@cache
def code_version() -> str:
    """The package's version and a hash of its code and catalogue, so that edits show."""
    files = sorted(
        file for room in ROOMS for kind in ("*.py", "*.yaml") for file in (CODE / room).rglob(kind)
    )
    hashes = {file.relative_to(CODE).as_posix(): sha256_of_file(file) for file in files}
    return f"{importlib.metadata.version('wreckid')}+{canonical_sha256(hashes)[:16]}"


def libraries() -> dict[str, str]:
    """The version of each library that touches pixels or numbers, and of Python."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **versions, **_optional()}


def foundations(model: ModelIdentity) -> dict[str, Any]:
    """What answers follow from: the model, the code and the libraries."""
    return {
        "model": model.model_dump(),
        "code_version": code_version(),
        "libraries": libraries(),
    }


def _optional() -> dict[str, str]:
    return {
        package: importlib.metadata.version(package)
        for module, package in OPTIONAL.items()
        if find_spec(module)
    }


def actor() -> dict[str, Any]:
    """Who runs this, where, and with which command."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # A container's user may have no name.
        user = "unknown"
    command = [_printable(argument) for argument in sys.argv]
    return {"user": user, "host": platform.node(), "command": command}


def _printable(argument: str) -> str:
    return argument.encode(errors="backslashreplace").decode()
