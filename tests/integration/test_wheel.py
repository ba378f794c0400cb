"""What is in the tree is in the wheel, under `wreckid`, and nothing else is."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import wreckid.model

ROOT = Path(wreckid.model.__file__).parent.parent
ROOMS = ("model", "training", "serving", "datasets")


def tree() -> list[str]:
    """Files of the checkout that git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted({name for name in listed.stdout.split("\0") if (ROOT / name).is_file()})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the tree, so that the tree stays clean."""
    place = tmp_path_factory.mktemp("wheel")
    for name in tree():
        (place / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, place / "tree" / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    command += ["--outdir", str(place), str(place / "tree")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = place.glob("*.whl")
    return built


HELDOUT = "wreckid/datasets/heldout/"
"""Pictures for the tests of the tree alone."""


@pytest.fixture(scope="module")
def packed(wheel: Path) -> set[str]:
    """The names of the files in the wheel."""
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_the_rooms_are_whole_in_the_wheel(packed: set[str]) -> None:
    rooms = {f"wreckid/{name}" for name in tree() if name.split("/")[0] in ROOMS}
    kinds = {Path(name).suffix for name in rooms}
    assert {".py", ".yaml", ".jinja", ".html", ".css", ".js", ".svg"} <= kinds
    left_out = {name for name in rooms - packed if not name.startswith(HELDOUT)}
    assert sorted(left_out) == []
    assert not any(name.startswith(HELDOUT) for name in packed)


def test_the_wheel_holds_nothing_else(packed: set[str]) -> None:
    beside = {name for name in packed if name.split("/")[0] != "wreckid"}
    assert all(name.split("/")[0].endswith(".dist-info") for name in beside)
    inside = {name.removeprefix("wreckid/") for name in packed - beside}
    assert sorted(inside - set(tree())) == []


def test_the_licence_and_the_command_come_along(wheel: Path, packed: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in packed)
    (entry_points,) = (name for name in packed if name.endswith("entry_points.txt"))
    with ZipFile(wheel) as archive:
        assert "wreckid = wreckid.serving.cli:main" in archive.read(entry_points).decode()


def test_the_unpacked_wheel_works_by_itself(wheel: Path, tmp_path: Path) -> None:
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "from wreckid.datasets import catalogue; from wreckid.serving import cli\n"
        "print(catalogue.__file__, cli.__file__, len(catalogue.catalogue().types), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    *files, count = done.stdout.split()
    assert all(Path(file).is_relative_to(tmp_path) for file in files)
    assert int(count) >= 35
