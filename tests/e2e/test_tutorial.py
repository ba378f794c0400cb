"""The tutorial works as it is written, on fewer and smaller pictures."""

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient

import wreckid.model
from wreckid.datasets.catalogue import OWN_TYPES, catalogue
from wreckid.model.release import find_release
from wreckid.serving.api import create_app
from wreckid.training import ownphotos

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

TUTORIAL = Path(wreckid.model.__file__).parent.parent / "docs/tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SMALL = {
    "--count 2000": "--count 4",
    "--count 400": "--count 24",
    "--count 160": "--count 28",
    "--size 224": "--size 40",
    "--size 320": "--size 72",
}


def small(text: str) -> str:
    """Commands with fewer and smaller pictures."""
    return re.sub("|".join(SMALL), lambda found: SMALL[found[0]], text)


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, with the variable of own types as it was before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(OWN_TYPES, raising=False)
    monkeypatch.setitem(ownphotos.GENTLE, "epochs", 1)
    monkeypatch.setitem(ownphotos.GENTLE, "epoch_pictures", 8)
    yield tmp_path
    catalogue.cache_clear()


def test_the_tutorial_works_from_top_to_bottom(
    empty_folder: Path, wreckid: Wreckid, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, list[str]] = {}

    def shell(line: str) -> None:
        word, *arguments = shlex.split(line)
        if word == "export":
            monkeypatch.setenv(*arguments[0].split("=", 1))
            catalogue.cache_clear()
        elif arguments[0] == "serve":
            with TestClient(create_app(find_release(arguments[2]))) as client:
                assert client.get("/v1/model").json()["name"] == "ours"
        else:
            done = wreckid(*arguments)
            assert done.code == 0, f"{line}\n{done.out}\n{done.err}"
            said.setdefault(" ".join(arguments[:2]), []).append(done.out)

    for kind, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind == "sh":
            for line in small(text).splitlines():
                shell(line)
        elif kind == "python":
            exec(compile(text, "tutorial", "exec"), {})
        elif kind == "yaml":
            file = empty_folder / text.splitlines()[0].removeprefix("# ")
            file.parent.mkdir()
            file.write_text(text, encoding="utf-8")
        else:
            assert kind == "text"

    assert "Zefir-3 can be used" in said["types check"][0]
    assert "28 photos of" in said["photos import"][0]
    assert " is in train" not in said["photos check"][1]
    for comparison in said["compare wreckid-pair"]:
        assert re.match(r"B, ours 1\.0\.0 (and|is) ", comparison)
    (inspected,) = said["release inspect"]
    assert "zefir-3" in inspected and "labelled photos, which are not part" in inspected
    assert {file.name for file in (empty_folder / "releases/ours").iterdir()} == {
        "CARD.md",
        "manifest.json",
        "metrics.json",
        "network.onnx",
        "weights.safetensors",
    }
