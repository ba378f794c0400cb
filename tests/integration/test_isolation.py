import subprocess
import sys

import pytest

FOREIGN = ("torch", "timm", "torchvision", "mitsuba", "trimesh", "scipy", "wreckid.training")


@pytest.mark.parametrize("door", ["wreckid.serving.api", "wreckid.serving.cli"])
def test_serving_imports_nothing_of_training(door: str) -> None:
    code = f"import sys, {door}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert door in loaded
    assert not loaded & set(FOREIGN)


@pytest.mark.parametrize("door", ["wreckid.serving.api", "wreckid.serving.client"])
def test_what_only_a_store_needs_is_not_imported(door: str) -> None:
    code = f"import sys, {door}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"sqlalchemy", "alembic", "psycopg"}


def test_the_command_line_starts_light() -> None:
    code = "import sys, wreckid.serving.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"onnxruntime", "fastapi", "uvicorn", "PIL", "numpy"}
