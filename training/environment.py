"""What a run or a release was made with."""

import platform
from importlib.metadata import version

LIBRARIES = ("torch", "torchvision", "timm", "onnx", "onnxruntime", "mitsuba", "numpy", "pillow")


def libraries() -> dict[str, str]:
    """The version of each library that figures depend on, and of Python."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}
