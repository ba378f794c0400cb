"""Every change to a sealed run or its evidence is found and named."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.custody import write_whole
from wreckid.serving.folder import Wanted, open_run

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]
COLOURS = ("red", "green", "blue", "grey")
PHOTOS = 40


@pytest.fixture(scope="module")
def sealed(release: Release, photo: MakePhoto, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `evidence` and its sealed run in `out`."""
    place = tmp_path_factory.mktemp("sealed")
    (place / "evidence/site").mkdir(parents=True)
    for number in range(PHOTOS):
        data = photo(COLOURS[number % 4], (60 + number, 50))
        (place / f"evidence/site/{number:02}.jpg").write_bytes(data)
    wanted = Wanted(place / "evidence", place / "out")
    with open_run(wanted, Classifier(release, catalogue())) as run:
        run.go_on(lambda row: None, lambda: False)
        run.seal()
    return place


@pytest.fixture
def case(sealed: Path, tmp_path: Path) -> Path:
    """A copy of the sealed run and its evidence, to be tampered with."""
    return shutil.copytree(sealed, tmp_path / "case")


Tamper = Callable[[Path], None]


def flip(name: str, find: str | None = None) -> Tamper:
    """Change one byte of a file: the one after `find`, or the middle one."""

    def tamper(case: Path) -> None:
        data = bytearray((case / name).read_bytes())
        found = None if find is None else re.search(find.encode(), data)
        place = len(data) // 2 if found is None else found.end()
        data[place] ^= 1
        (case / name).write_bytes(data)

    return tamper


def bytes_of(name: str, change: Callable[[bytes], bytes]) -> Tamper:
    def tamper(case: Path) -> None:
        (case / name).write_bytes(change((case / name).read_bytes()))

    return tamper


def lines(name: str, change: Callable[[list[bytes]], list[bytes]]) -> Tamper:
    def tamper(case: Path) -> None:
        before = (case / name).read_bytes().splitlines(keepends=True)
        (case / name).write_bytes(b"".join(change(before)))

    return tamper


def swap(first: int, second: int) -> Callable[[list[bytes]], list[bytes]]:
    def change(all_lines: list[bytes]) -> list[bytes]:
        all_lines[first], all_lines[second] = all_lines[second], all_lines[first]
        return all_lines

    return change


def without(number: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda all_lines: all_lines[:number] + all_lines[number:][1:]


def doubled(number: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda all_lines: [*all_lines[:number], all_lines[number], *all_lines[number:]]


def swap_photos(case: Path) -> None:
    first, second = case / "evidence/site/03.jpg", case / "evidence/site/04.jpg"
    first_bytes = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(first_bytes)


def rename(case: Path) -> None:
    (case / "evidence/site/05.jpg").rename(case / "evidence/site/05b.jpg")


def forge(case: Path) -> None:
    """Add a line that looks right but for the chain."""
    log = case / "out/log.jsonl"
    entry = json.loads(log.read_bytes().splitlines()[-1]) | {"event": "resumed"}
    with log.open("ab") as stream:
        stream.write(json.dumps(entry).encode() + b"\n")


def second_line(content: Callable[[dict[str, Any]], object]) -> Tamper:
    """Write other content into the second line of the log, with the right hash of it."""

    def change(log: list[bytes]) -> list[bytes]:
        entry = json.loads(log[1])
        del entry["hash"]
        told = content(entry)
        body = told if isinstance(told, bytes) else json.dumps(told).encode()[:-1]
        sealed = body + b', "hash": "' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'
        return [log[0], sealed, *log[2:]]

    return lines(LOG, change)


def without_fact(name: str) -> Tamper:
    return second_line(lambda entry: {key: entry[key] for key in entry if key != name})


LOG, ROWS, TABLE, PHOTO = "out/log.jsonl", "out/results.jsonl", "out/results.csv", "evidence/site/"
TAMPERINGS: dict[str, tuple[Tamper, str]] = {
    "photo, one byte": (flip(f"{PHOTO}07.jpg"), "photo site/07.jpg was changed"),
    "photo, last byte": (
        bytes_of(f"{PHOTO}08.jpg", lambda data: data[:-1]),
        "photo site/08.jpg was changed",
    ),
    "photo emptied": (
        bytes_of(f"{PHOTO}09.jpg", lambda data: b""),
        "photo site/09.jpg was changed",
    ),
    "photo removed": (
        lambda case: (case / f"{PHOTO}10.jpg").unlink(),
        "photo site/10.jpg is missing",
    ),
    "photo added": (
        lambda case: (case / f"{PHOTO}new.jpg").touch(),
        "photo site/new.jpg was added",
    ),
    "photos swapped": (swap_photos, "photo site/03.jpg was changed"),
    "photo renamed": (rename, "photo site/05b.jpg was added"),
    "row, one byte": (flip(ROWS, 'site/20.*?confidence": 0.'), "site/20.jpg) was changed"),
    "row, its item": (flip(ROWS, "site/0"), "line 1 (site/00.jpg) was changed"),
    "row, last byte": (lines(ROWS, lambda rows: [*rows[:-1], rows[-1][:-1]]), "line 40 (site/39"),
    "first row removed": (lines(ROWS, without(0)), "line 1 (site/00.jpg) is missing"),
    "last row removed": (lines(ROWS, without(39)), "line 40 (site/39.jpg) is missing"),
    "row doubled": (lines(ROWS, doubled(4)), "results.jsonl, line 6 was added"),
    "row added": (lines(ROWS, lambda rows: [*rows, b"{}\n"]), "results.jsonl, line 41 was added"),
    "rows swapped": (lines(ROWS, swap(2, 30)), "line 3 (site/02.jpg) was moved"),
    "rows removed": (lambda case: (case / ROWS).unlink(), "results.jsonl is missing"),
    "table, one byte": (flip(TABLE, "site/11"), "results.csv, line 13 was changed"),
    "table, its header": (flip(TABLE, "verdict_"), "results.csv, line 1 was changed"),
    "table row removed": (lines(TABLE, without(5)), "results.csv, line 6 is missing"),
    "table rows swapped": (lines(TABLE, swap(5, 6)), "results.csv, line 6 was moved"),
    "table row added": (lines(TABLE, lambda rows: [*rows, b"x\r\n"]), "line 42 was added"),
    "log, its opening": (flip(LOG, '"host": "'), "log line 1 was changed"),
    "log, a time": (flip(LOG, '"number": 1, "time": "'), "log line 2 was changed"),
    "log, a photo's hash": (flip(LOG, 'site/20.jpg", "photos": ."'), "log line 4 was changed"),
    "log, a line's hash": (flip(LOG, '"hash": "'), "log line 1 was changed"),
    "log, the seal": (flip(LOG, '"sealed".*?"user": "'), "log line 7 was changed"),
    "log, last byte": (lines(LOG, lambda log: [*log[:-1], log[-1][:-1]]), "log line 7 was changed"),
    "log, first line removed": (lines(LOG, without(0)), "log line 1 is missing"),
    "log line removed": (lines(LOG, without(2)), "log line 3 is missing"),
    "log, seal removed": (lines(LOG, without(6)), "no closing record"),
    "log lines swapped": (lines(LOG, swap(1, 2)), "log line 2 is missing"),
    "log line doubled": (lines(LOG, doubled(1)), "log line 3 was added or moved"),
    "log line forged": (forge, "log line 8 was changed"),
    "log line no JSON": (second_line(lambda _: b"garbage"), "log line 2 was changed"),
    "log line too deep": (second_line(lambda _: b"[" * 100_000), "log line 2 was changed"),
    "log line no object": (second_line(lambda _: b'["'), "log line 2 was changed"),
    "log line, number no number": (
        second_line(lambda entry: entry | {"number": "x"}),
        "log line 2 was changed",
    ),
    **{
        f"log line without {name}": (without_fact(name), "log line 2 was changed")
        for name in ("number", "event", "previous", "rows")
    },
    "plan, one byte": (flip("out/plan.jsonl"), "plan.jsonl was changed"),
    "pictures, one byte": (flip("out/pictures.jsonl"), "pictures.jsonl was changed"),
    "camera data, one byte": (flip("out/camera.jsonl"), "camera.jsonl was changed"),
    "report, one byte": (flip("out/report.html"), "report.html was changed"),
    "report removed": (lambda case: (case / "out/report.html").unlink(), "report.html is missing"),
    "schema, one byte": (flip("out/results.schema.json"), "results.schema.json was changed"),
}


def test_there_are_at_least_30_ways_to_tamper() -> None:
    assert len(TAMPERINGS) >= 30


@pytest.mark.parametrize("kind", list(TAMPERINGS))
def test_tampering_is_found_and_named(wreckid: Wreckid, case: Path, kind: str) -> None:
    tamper, named = TAMPERINGS[kind]
    tamper(case)
    done = wreckid("verify", case / "out", "--evidence", case / "evidence")
    assert done.code == 1
    assert named in done.out


def test_what_is_as_it_was_verifies(wreckid: Wreckid, case: Path) -> None:
    done = wreckid("verify", case / "out", "--evidence", case / "evidence")
    assert (done.code, done.err) == (0, "")
    seal = json.loads((case / LOG).read_bytes().splitlines()[-1])["hash"]
    assert done.out == f"{case / 'out'} is as it was sealed; its seal is {seal}.\n"


def test_added_pages_of_any_name_are_named(wreckid: Wreckid, case: Path) -> None:
    (case / "out/report").mkdir()
    (case / "out/report" / os.fsdecode(b"\x1b[2J\xff.html")).touch()
    done = wreckid("verify", case / "out")
    assert (done.code, done.out) == (1, "report/�[2J�.html was added.\n")


def test_one_change_accuses_nothing_else(wreckid: Wreckid, case: Path) -> None:
    flip(f"{PHOTO}07.jpg")(case)
    done = wreckid("verify", case / "out", "--evidence", case / "evidence")
    assert done.out == "photo site/07.jpg was changed.\n"


def test_a_folder_without_a_run_is_no_run(
    wreckid: Wreckid, release: Release, tmp_path: Path
) -> None:
    for verb in ("verify", "replay"):
        options = ["--release", release.folder] if verb == "replay" else []
        done = wreckid(verb, tmp_path, *options)
        assert done.code == 2
        assert done.err.count("\n") == 1 and "name the folder of a run" in done.err


def test_replay_gives_the_same_answers(wreckid: Wreckid, release: Release, case: Path) -> None:
    done = wreckid(
        "replay", case / "out", "--evidence", case / "evidence", "--release", release.folder
    )
    assert done.code == 0
    assert "the same answers" in done.out


def test_replay_names_items_without_a_row(wreckid: Wreckid, release: Release, case: Path) -> None:
    lines(ROWS, lambda rows: rows[:-2])(case)
    command = ["replay", case / "out", "--evidence", case / "evidence"]
    done = wreckid(*command, "--release", release.folder)
    assert done.code == 1
    assert done.out == (
        "site/38.jpg: the results have no row of it.\nsite/39.jpg: the results have no row of it.\n"
    )


@pytest.mark.parametrize("name", ["plan.jsonl", "results.jsonl"])
def test_a_run_without_its_files_is_not_replayed(
    wreckid: Wreckid, release: Release, case: Path, name: str
) -> None:
    (case / "out" / name).unlink()
    done = wreckid("replay", case / "out", "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and f"{name} is missing" in done.err


@pytest.mark.parametrize("name", ["plan.jsonl", "results.jsonl"])
@pytest.mark.parametrize("line", ["{", "{}", "[]", '{"photos": 1}'])
def test_a_run_with_a_line_that_is_none_is_not_replayed(
    wreckid: Wreckid, release: Release, case: Path, name: str, line: str
) -> None:
    lines(f"out/{name}", lambda rows: [*rows[:1], f"{line}\n".encode(), *rows[2:]])(case)
    command = ["replay", case / "out", "--evidence", case / "evidence"]
    done = wreckid(*command, "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and f"{name} was altered in line 2" in done.err


def test_replay_names_rows_without_an_item(wreckid: Wreckid, release: Release, case: Path) -> None:
    lines("out/plan.jsonl", lambda items: items[:-1])(case)
    command = ["replay", case / "out", "--evidence", case / "evidence"]
    done = wreckid(*command, "--release", release.folder)
    assert (done.code, done.out) == (1, "site/39.jpg: the plan does not hold it.\n")


def test_replay_names_items_that_differ(wreckid: Wreckid, release: Release, case: Path) -> None:
    rows = (case / ROWS).read_text().splitlines(keepends=True)
    forged = json.loads(rows[2])
    forged["candidates"][0]["confidence"] -= 0.1
    forged_verdict = json.loads(rows[6])
    forged_verdict["verdict"]["id"] = "orlan-10"
    rows[2], rows[6] = json.dumps(forged) + "\n", json.dumps(forged_verdict) + "\n"
    (case / ROWS).write_text("".join(rows))
    swap_photos(case)
    done = wreckid(
        "replay", case / "out", "--evidence", case / "evidence", "--release", release.folder
    )
    assert done.code == 1
    named = [line.split(":")[0] for line in done.out.splitlines()]
    assert named == ["site/02.jpg", "site/03.jpg", "site/04.jpg", "site/06.jpg"]


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a class": lambda row: row["probabilities"].update({"orlan-10": 0.9}),
    "a class of the photos alone": lambda row: row["image_probabilities"].pop("shahed-136"),
    "all classes": lambda row: row.update(probabilities=None),
    "the first candidate": lambda row: row["candidates"].pop(0),
    "the order of candidates": lambda row: row["candidates"].reverse(),
    "a candidate that is none": lambda row: row["candidates"][1].update(type="forged"),
    "a later candidate": lambda row: row["candidates"][2].update(confidence=0.99),
    "candidates of the photos alone": lambda row: row.update(image_candidates=[]),
    "the prediction set": lambda row: row["prediction_set"]["types"].append("forged"),
    "no prediction set": lambda row: row.update(prediction_set=None),
}


@pytest.mark.parametrize("kind", list(FORGERIES))
def test_replay_names_a_row_that_was_forged_anywhere(
    wreckid: Wreckid, release: Release, case: Path, kind: str
) -> None:
    def forged(rows: list[bytes]) -> list[bytes]:
        row = json.loads(rows[0])
        FORGERIES[kind](row)
        return [json.dumps(row).encode() + b"\n", *rows[1:]]

    lines(ROWS, forged)(case)
    command = ["replay", case / "out", "--evidence", case / "evidence"]
    done = wreckid(*command, "--release", release.folder)
    assert done.code == 1
    assert [line.split(":")[0] for line in done.out.splitlines()] == ["site/00.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="folders are synced on POSIX alone")
def test_the_new_name_of_a_file_is_on_the_disk_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[tuple[int, bytes]]()
    file = tmp_path / "plan"
    file.write_bytes(b"old")
    monkeypatch.setattr(
        os, "fsync", lambda opened: synced.append((os.fstat(opened).st_ino, file.read_bytes()))
    )
    write_whole(file, [b"new"])
    assert synced[-1] == (tmp_path.stat().st_ino, b"new")
