"""A run that is killed goes on to the same end as one that is not."""

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.custody import GENESIS, LOG, log_line
from wreckid.serving.folder import (
    BEFORE_THE_LOG,
    COMMITTED,
    PLAN,
    RESULTS,
    SCHEMA,
    TABLE,
    Wanted,
    open_run,
)
from wreckid.serving.verify import verify

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]
SAME = (PLAN, *COMMITTED, SCHEMA)
"""The files that hold no times."""
KILLS = 20


def make_photos(folder: Path, photo: MakePhoto, count: int) -> Path:
    for number in range(count):
        colour = ("red", "green", "blue", "grey")[number % 4]
        file = folder / f"day{number % 7}/{number:04}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(photo(colour, (50 + number % 90, 40)) if number % 11 else b"torn")
    return folder


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory, photo: MakePhoto) -> Path:
    return make_photos(tmp_path_factory.mktemp("few"), photo, 100)


@pytest.fixture(scope="module")
def judge(release: Release) -> Classifier:
    return Classifier(release, catalogue())


def go(evidence: Path, out: Path, judge: Classifier, stop_after: int | None = None) -> bool:
    """Go on with a run and seal it, or stop; whether it was sealed."""
    judged = 0

    def watch(row: object) -> None:
        nonlocal judged
        judged += 1

    with open_run(Wanted(evidence, out), judge) as run:
        run.go_on(watch, lambda: stop_after is not None and judged >= stop_after)
        if run.done == run.planned:
            run.seal()
        return run.sealed


@pytest.fixture(scope="module")
def whole(
    evidence: Path, judge: Classifier, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The files of a run that nothing disturbed."""
    out = tmp_path_factory.mktemp("whole")
    assert go(evidence, out, judge)
    return {name: (out / name).read_bytes() for name in SAME}


def files(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in SAME}


def test_killed_at_20_random_moments_the_end_is_the_same(
    release: Release, photo: MakePhoto, judge: Classifier, tmp_path: Path
) -> None:
    evidence = make_photos(tmp_path / "evidence", photo, 600)
    chance = random.Random(6)
    command = [str(Path(sys.executable).with_name("wreckid")), "batch", str(evidence)]
    command += ["--out", str(tmp_path / "out"), "--release", str(release.folder)]
    command += ["--progress", "json"]
    for number in range(KILLS):
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as run:
            assert run.stderr is not None
            if number % 4:
                run.stderr.readline()
                wait = chance.uniform(0, 0.05)
            else:
                wait = chance.uniform(0, 0.6)
            killer = threading.Timer(wait, run.kill)
            killer.start()
            run.wait()
            killer.cancel()
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert go(evidence, tmp_path / "whole", judge)
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert list(verify(tmp_path / "out", evidence)) == []


@pytest.mark.parametrize("seed", range(20))
def test_after_a_power_cut_the_end_is_the_same(
    evidence: Path, judge: Classifier, whole: dict[str, bytes], tmp_path: Path, seed: int
) -> None:
    """The log ends anywhere, in a line too; other files may have more than it vouches for."""
    chance, out = random.Random(seed), tmp_path / "out"
    go(evidence, out, judge)
    log = (out / "log.jsonl").read_bytes()
    kept = log[: chance.randrange(len(log))]
    (out / "log.jsonl").write_bytes(kept + bytes(chance.choice((0, 0, 7))))
    committed = [
        json.loads(line) for line in kept.splitlines(keepends=True) if line.endswith(b"\n")
    ]
    ends = next((one["ends"] for one in reversed(committed) if "ends" in one), None)
    for name in COMMITTED:
        content = (out / name).read_bytes()
        least = ends[name] if ends else 0
        (out / name).write_bytes(content[: chance.randrange(least, len(content) + 1)])
    if not committed:
        for file in out.iterdir():
            if file.name not in BEFORE_THE_LOG:
                file.unlink()
    assert go(evidence, out, judge)
    assert files(out) == whole
    assert list(verify(out, evidence)) == []


def test_photos_that_come_later_do_not_change_a_run(
    evidence: Path, judge: Classifier, whole: dict[str, bytes], tmp_path: Path
) -> None:
    copy = shutil.copytree(evidence, tmp_path / "evidence")
    assert not go(copy, tmp_path / "out", judge, stop_after=20)
    (copy / "day0/late.jpg").write_bytes(b"")
    assert go(copy, tmp_path / "out", judge)
    assert files(tmp_path / "out")[RESULTS] == whole[RESULTS]
    assert list(verify(tmp_path / "out", copy)) == ["photo day0/late.jpg was added"]


def test_a_photo_that_vanishes_is_a_row(
    evidence: Path, judge: Classifier, whole: dict[str, bytes], tmp_path: Path
) -> None:
    copy = shutil.copytree(evidence, tmp_path / "evidence")
    assert not go(copy, tmp_path / "out", judge, stop_after=20)
    (copy / "day6/0097.jpg").unlink()
    assert go(copy, tmp_path / "out", judge)
    before, after = whole[RESULTS].splitlines(), files(tmp_path / "out")[RESULTS].splitlines()
    assert after[:-1] == before[:-1]
    last = json.loads(after[-1])
    assert last["item"] == "day6/0097.jpg"
    assert last["photos"][0]["failure"]["code"] == "missing"


def test_a_sealed_run_stays_as_it_is(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    command = ["batch", evidence, "--out", tmp_path, "--release", release.folder]
    first = wreckid(*command)
    log = (tmp_path / "log.jsonl").read_bytes()
    second = wreckid(*command)
    assert (first.code, second.code) == (0, 0)
    assert first.out == second.out
    assert (tmp_path / "log.jsonl").read_bytes() == log


def test_another_run_is_refused(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    command = ["batch", evidence, "--out", tmp_path, "--release", release.folder]
    wreckid(*command)
    done = wreckid(*command, "--items")
    assert done.code == 2
    assert done.err.count("\n") == 1 and "another run; different: by_folder" in done.err


@pytest.mark.parametrize("name", COMMITTED)
def test_results_altered_while_a_run_stood_still_are_not_gone_on_with(
    evidence: Path, judge: Classifier, wreckid: Wreckid, release: Release, tmp_path: Path, name: str
) -> None:
    go(evidence, tmp_path, judge, stop_after=20)
    alter(tmp_path / name)
    done = wreckid("batch", evidence, "--out", tmp_path, "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and f"{name} was altered" in done.err


@pytest.mark.parametrize("name", COMMITTED)
def test_results_altered_while_a_run_went_on_are_named(
    evidence: Path, judge: Classifier, wreckid: Wreckid, tmp_path: Path, name: str
) -> None:
    with open_run(Wanted(evidence, tmp_path), judge) as run:
        run.go_on(lambda row: None, lambda: False)
        alter(tmp_path / name)
        run.seal()
    done = wreckid("verify", tmp_path)
    assert done.code == 1 and f"{name} was changed.\n" in done.out


def test_runs_from_before_hashes_were_logged_go_on_and_their_table_is_compared(
    evidence: Path, judge: Classifier, wreckid: Wreckid, tmp_path: Path
) -> None:
    go(evidence, tmp_path, judge, stop_after=20)
    without_hashes(tmp_path / LOG)
    alter(tmp_path / TABLE)
    assert go(evidence, tmp_path, judge)
    done = wreckid("verify", tmp_path)
    assert (done.code, done.out) == (1, "results.csv, line 2 was changed.\n")


def alter(file: Path) -> None:
    """Change one letter of the first item's name, and not the length."""
    content = file.read_bytes()
    assert b"day0/0000" in content
    file.write_bytes(content.replace(b"day0/0000", b"day9/0000", 1))


def without_hashes(log: Path) -> None:
    """Write a log anew as it was written before its lines held hashes of files."""
    lines, head = list[bytes](), GENESIS
    for line in log.read_bytes().splitlines():
        facts = json.loads(line)
        number, event = facts["number"], facts["event"]
        for name in ("number", "time", "event", "previous", "hash", "hashes"):
            facts.pop(name, None)
        lines.append(log_line(number, event, facts, head))
        head = json.loads(lines[-1])["hash"]
    log.write_bytes(b"".join(lines))


@pytest.mark.parametrize("kind", ["zip", "txt", "csv"])
def test_a_source_that_was_replaced_is_not_gone_on_with(
    evidence: Path, judge: Classifier, wreckid: Wreckid, release: Release, tmp_path: Path, kind: str
) -> None:
    copy = shutil.copytree(evidence, tmp_path / "evidence")
    names = [file.relative_to(copy).as_posix() for file in sorted(copy.rglob("*.jpg"))]
    source = copy / f"source.{kind}"
    write_source(source, names)
    assert not go(source, tmp_path / "out", judge, stop_after=20)
    write_source(source, names[::-1])
    done = wreckid("batch", source, "--out", tmp_path / "out", "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and "was changed since the run began" in done.err


def write_source(source: Path, names: list[str]) -> None:
    """An archive, a list or a table of the photos beside it."""
    if source.suffix == ".zip":
        with zipfile.ZipFile(source, "w") as archive:
            for name in names:
                archive.write(source.parent / name, name)
    elif source.suffix == ".txt":
        source.write_text("\n".join(names))
    else:
        lines = (f"{name},{number}" for number, name in enumerate(names))
        source.write_text("\n".join(["photo,item", *lines]))


@pytest.mark.parametrize("name", [RESULTS, SCHEMA, "report.html", "photo.jpg"])
def test_a_folder_that_holds_something_else_is_not_written_to(
    wreckid: Wreckid, release: Release, photo: MakePhoto, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(photo("red"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    (tmp_path / "out/log.jsonl").write_text("mine, too\n")
    done = wreckid("batch", tmp_path, "--out", tmp_path / "out", "--release", release.folder)
    assert done.code == 2
    assert done.err.count("\n") == 1 and f"holds {name}, which no log vouches for" in done.err
    kept = {file.name: file.read_text() for file in (tmp_path / "out").iterdir()}
    assert kept == {name: "mine", "log.jsonl": "mine, too\n"}


def test_a_run_that_was_stopped_before_its_log_began_begins_again(
    wreckid: Wreckid, release: Release, evidence: Path, tmp_path: Path
) -> None:
    for name in BEFORE_THE_LOG:
        (tmp_path / name).touch()
    done = wreckid("batch", evidence, "--out", tmp_path, "--release", release.folder)
    assert done.code == 0, done.err
    assert wreckid("verify", tmp_path, "--evidence", evidence).code == 0


def test_an_altered_run_is_not_gone_on_with(
    evidence: Path, judge: Classifier, wreckid: Wreckid, release: Release, tmp_path: Path
) -> None:
    go(evidence, tmp_path, judge, stop_after=20)
    log = (tmp_path / "log.jsonl").read_bytes()
    (tmp_path / "log.jsonl").write_bytes(log.replace(b'"number": 1', b'"number": 7'))
    done = wreckid("batch", evidence, "--out", tmp_path, "--release", release.folder)
    assert done.code == 2 and "was altered" in done.err


def test_two_runs_do_not_write_to_one_folder(
    wreckid: Wreckid, release: Release, evidence: Path, judge: Classifier, tmp_path: Path
) -> None:
    with open_run(Wanted(evidence, tmp_path), judge):
        done = wreckid("batch", evidence, "--out", tmp_path, "--release", release.folder)
    assert done.code == 2 and "wait for it to end" in done.err


def test_ctrl_c_ends_cleanly_and_the_same_command_goes_on(
    release: Release, photo: MakePhoto, tmp_path: Path
) -> None:
    evidence = make_photos(tmp_path / "evidence", photo, 700)
    command = [str(Path(sys.executable).with_name("wreckid")), "batch", str(evidence)]
    command += ["--out", str(tmp_path / "out"), "--release", str(release.folder)]
    command += ["--progress", "json"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        first = json.loads(run.stderr.readline())
        run.send_signal(signal.SIGINT)
        out, err = run.communicate()
    assert first["total"] == 700
    assert run.returncode == 130
    assert "repeat to go on" in out and "Traceback" not in err
    log = (tmp_path / "out/log.jsonl").read_text().splitlines()
    assert json.loads(log[-1])["event"] == "interrupted"
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0 and "700 items" in done.stdout
    assert list(verify(tmp_path / "out", evidence)) == []


def test_an_empty_run_that_was_killed_before_its_report_ends_as_one_that_was_not(
    judge: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    evidence = tmp_path / "evidence"
    evidence.mkdir()
    with monkeypatch.context() as before, pytest.raises(KeyboardInterrupt):
        before.setattr("wreckid.serving.folder.write_report", killed)
        go(evidence, tmp_path / "out", judge)
    assert go(evidence, tmp_path / "out", judge)
    assert go(evidence, tmp_path / "whole", judge)
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    assert list(verify(tmp_path / "out", evidence)) == []
