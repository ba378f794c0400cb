import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from wreckid.model import release as module
from wreckid.model.release import (
    CARD,
    MANIFEST,
    NETWORK,
    Release,
    ReleaseError,
    ReleaseFacts,
    read_release,
    shipped_release,
    write_release,
)

MakeFacts = Callable[..., ReleaseFacts]


@pytest.fixture
def written(tmp_path: Path, facts: MakeFacts, files: dict[str, bytes]) -> Release:
    return write_release(tmp_path / "tiny", facts(), files)


def test_what_is_written_is_read(written: Release, facts: MakeFacts) -> None:
    assert read_release(written.folder) == written
    assert written.manifest.classes == facts().classes
    assert written.card.read_text() == "# tiny\n"
    assert written.network.is_file() and written.weights.is_file() and written.metrics.is_file()


@pytest.mark.parametrize("name", [NETWORK, CARD, "weights.safetensors", "metrics.json"])
def test_an_altered_file_is_refused(written: Release, name: str) -> None:
    with (written.folder / name).open("ab") as file:
        file.write(b"!")
    with pytest.raises(ReleaseError, match=f"{name} is not the file that the manifest names"):
        read_release(written.folder)


def test_a_missing_file_is_refused(written: Release) -> None:
    written.network.unlink()
    with pytest.raises(ReleaseError, match=r"network\.onnx cannot be read"):
        read_release(written.folder)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="name a complete release folder"):
        read_release(tmp_path / "nowhere")


def test_the_hash_covers_the_manifest(written: Release) -> None:
    file = written.folder / MANIFEST
    file.write_text(file.read_text().replace('"seed": 1', '"seed": 2'))
    assert read_release(written.folder).sha256 != written.sha256


@pytest.mark.parametrize(
    "change",
    [
        {"format_version": 2},
        {"surprise": 1},
        {"temperature": 0},
        {"classes": ["shahed-136"]},
        {"families": ["delta-pusher"]},
        {"files": {"../../etc/passwd": "0" * 64}},
    ],
)
def test_an_invalid_manifest_is_refused_in_one_sentence(
    written: Release, change: dict[str, object]
) -> None:
    file = written.folder / MANIFEST
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ReleaseError, match="is not a manifest of format 1") as refusal:
        read_release(written.folder)
    assert "\n" not in str(refusal.value)


def test_a_manifest_that_is_no_json_is_refused(written: Release) -> None:
    (written.folder / MANIFEST).write_text("{")
    with pytest.raises(ReleaseError, match="is not a manifest"):
        read_release(written.folder)


def test_an_incomplete_release_is_not_written(
    tmp_path: Path, facts: MakeFacts, files: dict[str, bytes]
) -> None:
    del files[CARD]
    with pytest.raises(ReleaseError, match=r"CARD\.md"):
        write_release(tmp_path / "half", facts(), files)
    assert not (tmp_path / "half").exists()


def test_facts_that_contradict_themselves_are_refused(facts: MakeFacts) -> None:
    with pytest.raises(ValidationError, match="not-a-uav"):
        facts(classes=("shahed-136", "orlan-10"), families=("a", "b"))
    with pytest.raises(ValidationError, match="named twice"):
        facts(classes=("not-a-uav", "not-a-uav"), families=("a", "b"))


def test_the_one_shipped_release_is_found(
    written: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RELEASED", written.folder.parent)
    assert shipped_release() == written


def test_no_shipped_release_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RELEASED", tmp_path)
    with pytest.raises(ReleaseError, match="--release NAME"):
        shipped_release()
