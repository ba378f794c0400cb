import csv
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release, ReleaseFacts, write_release

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]
SAFETY = "Wreckage can be explosive: do not touch it, keep away, call the emergency services."


@pytest.fixture
def evidence(tmp_path: Path, photo: MakePhoto) -> Path:
    """Two wrecks: one of two photos, one of a photo and a text file."""
    folder = tmp_path / "evidence"
    for name, data in {
        "first/a.jpg": photo("red"),
        "first/b.jpg": photo("red"),
        "second/c.jpg": photo("blue"),
        "second/=note.txt": b"found on Tuesday",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "results.csv").open(encoding="utf-8-sig", newline="") as table:
        return list(csv.DictReader(table))


def test_the_table_shows_safety_verdict_candidates_and_checks(
    wreckid: Wreckid, release: Release, evidence: Path
) -> None:
    done = wreckid("classify", evidence / "first/a.jpg", "--release", release.folder)
    assert done.code == 0
    assert done.out.startswith(SAFETY)
    assert "Points to Shahed-136 / Geran-2" in done.out
    assert "83%" in done.out
    assert "Wingspan" in done.out and "Not to confuse with" in done.out
    assert "not an identification" in done.out
    assert release.sha256[:16] in done.out


def test_photos_of_one_call_are_one_item(
    wreckid: Wreckid, release: Release, evidence: Path
) -> None:
    photos = [evidence / "first/a.jpg", evidence / "second/=note.txt"]
    done = wreckid("classify", *photos, "--json", "--release", release.folder)
    assert done.code == 0
    result = json.loads(done.out)
    assert [bool(photo["failure"]) for photo in result["photos"]] == [False, True]
    assert result["candidates"][0]["type"] == "shahed-136"


def test_an_unreadable_photo_is_a_sentence_in_the_table(
    wreckid: Wreckid, release: Release, evidence: Path
) -> None:
    done = wreckid("classify", evidence / "second/=note.txt", "--release", release.folder)
    assert done.code == 1
    assert "=note.txt: The file is not a photo" in done.out
    assert "I cannot tell" in done.out


def test_batch_judges_each_photo_and_loses_none(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = wreckid("batch", evidence, "--out", out, "--release", release.folder)
    assert done.code == 0
    assert "4 items, 4 photos, 1 unreadable" in done.out
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    names = ["first/a.jpg", "first/b.jpg", "second/=note.txt", "second/c.jpg"]
    assert [line["item"] for line in lines] == names == [row["item"] for row in rows(out)]
    assert [line["photos"][0]["name"] for line in lines] == names
    table = rows(out)
    assert (table[0]["candidate_1"], table[0]["verdict_level"]) == ("shahed-136", "type")
    assert table[3]["verdict_id"] == "dji-phantom"
    assert table[2]["unreadable"] == "1" and "not a photo" in table[2]["failures"]
    assert table[0]["model_sha256"] == release.sha256


def test_batch_with_items_judges_each_sub_folder(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = wreckid("batch", evidence, "--out", out, "--items", "--release", release.folder)
    assert done.code == 0
    table = rows(out)
    assert [(row["item"], row["photos"]) for row in table] == [("first", "2"), ("second", "2")]
    assert table[1]["candidate_1"] == "dji-phantom"


def test_the_table_runs_no_formula(
    wreckid: Wreckid, release: Release, tmp_path: Path, photo: MakePhoto
) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "=HYPERLINK(1).jpg").write_bytes(photo("red"))
    wreckid("batch", folder, "--out", tmp_path / "out", "--release", release.folder)
    assert rows(tmp_path / "out")[0]["item"] == "'=HYPERLINK(1).jpg"


def test_batch_repeats_itself_to_the_byte(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    outs = [tmp_path / "one", tmp_path / "two"]
    for out in outs:
        wreckid("batch", evidence, "--out", out, "--release", release.folder)
    for name in ("results.jsonl", "results.csv"):
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()


def test_batch_of_nothing_readable_says_so(
    wreckid: Wreckid, release: Release, tmp_path: Path
) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    done = wreckid("batch", folder, "--out", tmp_path / "out", "--release", release.folder)
    assert done.code == 1
    assert "0 items" in done.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["classify"],
        ["classify", "missing.jpg"],
        ["batch", "missing", "--out", "out"],
        ["batch", ".", "--out", "."],
        ["types", "ghost"],
        ["types", "--three-view", "out.png"],
        ["types", "shahed-136", "--three-view", "out.exe"],
        ["fly"],
    ],
)
def test_wrong_use_exits_with_2(wreckid: Wreckid, arguments: list[str]) -> None:
    done = wreckid(*arguments)
    assert done.code == 2
    assert done.out == "" and done.err


@pytest.mark.parametrize("out", ["taken", "taken/deeper"])
def test_a_file_where_a_folder_is_needed_is_told_in_one_sentence(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path, out: str
) -> None:
    (tmp_path / "taken").write_text("mine")
    done = wreckid("batch", evidence, "--out", tmp_path / out, "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and f"{tmp_path / out}: " in done.err
    assert "name another place" in done.err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_full_disk_is_told_in_one_sentence(
    wreckid: Wreckid,
    release: Release,
    evidence: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    command = ["batch", evidence, "--out", tmp_path / "out", "--progress", "quiet"]
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        done = wreckid(*command, "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and "make room there and repeat" in done.err
    assert wreckid(*command, "--release", release.folder).code == 0


def test_a_tampered_release_is_refused_in_one_sentence(
    wreckid: Wreckid,
    tmp_path: Path,
    facts: Callable[..., ReleaseFacts],
    files: dict[str, bytes],
    evidence: Path,
) -> None:
    tampered = write_release(tmp_path / "tampered", facts(), files)
    tampered.card.write_text("# better than it is\n")
    done = wreckid("classify", evidence / "first/a.jpg", "--release", tampered.folder)
    assert done.code == 2
    assert done.out == ""
    assert done.err.count("\n") == 1 and "fetch the release again" in done.err


def test_serve_listens_where_it_is_told(
    wreckid: Wreckid, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: served.update(options, app=app))
    done = wreckid("serve", "--port", "8123", "--release", release.folder)
    assert done.code == 0
    with TestClient(served["app"], base_url="http://127.0.0.1:8123") as client:
        assert client.get("/v1/model").json()["sha256"] == release.sha256
    assert (served["host"], served["port"]) == ("127.0.0.1", 8123)


def test_the_version_is_the_one_that_runs_note(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    wreckid("batch", evidence, "--out", tmp_path / "out", "--release", release.folder)
    opened = json.loads((tmp_path / "out/log.jsonl").read_text().splitlines()[0])
    done = wreckid("--version")
    assert (done.code, done.out) == (0, f"wreckid {opened['configuration']['code_version']}\n")


def test_types_lists_the_catalogue(wreckid: Wreckid) -> None:
    done = wreckid("types")
    assert done.code == 0
    assert all(identifier in done.out for identifier in catalogue().types)


def test_a_type_shows_its_facts(wreckid: Wreckid) -> None:
    done = wreckid("types", "shahed-136")
    assert "Герань-2" in done.out
    assert "Wingspan" in done.out and "(no source)" in done.out


def test_a_missing_extra_names_its_command(
    wreckid: Wreckid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "wreckid.datasets.airframes.threeview", raising=False)
    monkeypatch.delitem(sys.modules, "wreckid.datasets.airframes.airframe", raising=False)
    monkeypatch.setitem(sys.modules, "trimesh", None)
    done = wreckid("types", "shahed-136", "--three-view", tmp_path / "out.png")
    assert done.code == 2
    install = f'{sys.executable} -m pip install "wreckid[train]"'
    assert done.err == f"trimesh is missing; this installs it: {install}\n"


def test_a_type_is_drawn(wreckid: Wreckid, tmp_path: Path) -> None:
    done = wreckid("types", "shahed-136", "--three-view", tmp_path / "out.png")
    assert done.code == 0
    with Image.open(tmp_path / "out.png") as drawing:
        assert min(drawing.size) > 500


def test_the_installed_command_answers() -> None:
    command = Path(sys.executable).with_name("wreckid")
    done = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert all(verb in done.stdout for verb in ("classify", "batch", "serve", "types"))
