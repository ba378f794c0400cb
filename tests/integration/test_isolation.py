import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Finished

FOREIGN = ("torch", "timm", "torchvision", "mitsuba", "trimesh", "scipy", "ray", "wreckid.training")


def loaded_by(module: str) -> set[str]:
    """All that a fresh process has loaded once it has imported a module."""
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    return loaded


@pytest.mark.parametrize("door", ["wreckid.serving.api", "wreckid.serving.cli"])
def test_serving_imports_nothing_of_training(door: str) -> None:
    assert not loaded_by(door) & set(FOREIGN)


@pytest.mark.parametrize("door", ["wreckid.serving.api", "wreckid.serving.client"])
def test_what_only_a_store_needs_is_not_imported(door: str) -> None:
    assert not loaded_by(door) & {"sqlalchemy", "alembic", "psycopg"}


def test_an_evidence_folder_needs_no_web_framework() -> None:
    assert not loaded_by("wreckid.serving.folder") & {"starlette", "fastapi", "uvicorn"}


def test_the_command_line_starts_light() -> None:
    heavy = {"onnxruntime", "fastapi", "uvicorn", "PIL", "numpy"}
    assert not loaded_by("wreckid.serving.cli") & heavy


@pytest.mark.parametrize("verb", ["batch", "render"])
def test_a_cluster_without_its_library_says_what_to_install(
    verb: str, wreckid: Callable[..., "Finished"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "wreckid.datasets.cluster", raising=False)
    asked = [tmp_path] if verb == "batch" else ["--count", "1"]
    done = wreckid(verb, *asked, "--out", tmp_path / "out", "--engine", "ray")
    assert done.code == 2 and done.err.count("\n") == 1
    assert "ray is missing" in done.err and 'pip install "wreckid[cluster]"' in done.err
    assert not (tmp_path / "out").exists()
