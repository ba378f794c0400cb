"""Items over HTTP and on the page: they last, they tell their history, and tampering shows."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import Connection

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.custody import read_line
from wreckid.serving.doors.keys import Keys
from wreckid.serving.settings import Settings
from wreckid.serving.store.item import Author
from wreckid.serving.store.items import Items

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]
RED = {"level": "type", "id": "shahed-136", "reason": "Nose fuze and wing tips match."}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def desk(release: Release, store: Path) -> Iterator[TestClient]:
    """A service that keeps items, for whoever sits at its machine."""
    with TestClient(create_app(release, Settings(store=store))) as client:
        yield client


def make(desk: TestClient, **facts: Any) -> str:
    answer = desk.post("/v1/items", json={"name": "Field 7"} | facts)
    assert answer.status_code == 201
    return str(answer.json()["id"])


def add(desk: TestClient, item: str, *photos: bytes) -> dict[str, Any]:
    files = [("photos", (f"{n}.jpg", photo)) for n, photo in enumerate(photos)]
    answer = desk.post(f"/v1/items/{item}/photos", files=files)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_what_broke_off_is_swept_and_nothing_else(
    release: Release, store: Path, photo: MakePhoto
) -> None:
    with TestClient(create_app(release, Settings(store=store))) as desk:
        add(desk, make(desk), photo("red"))
    kept = sorted(store.rglob("uploads/*/*"))
    unknown = kept[0].with_name("f" * 64)
    upload, job = kept[0].with_name(".draft"), store / "jobs" / ".draft"
    fresh = kept[0].with_name(".fresh")
    job.mkdir()
    (job / "source.zip").write_bytes(b"half")
    for file in (unknown, upload, fresh):
        file.write_bytes(b"half")
    for one in (*kept, unknown, upload, job):
        os.utime(one, (1_000_000_000, 1_000_000_000))
    with TestClient(create_app(release, Settings(store=store))):
        until = time.monotonic() + 20
        while (upload.exists() or job.exists()) and time.monotonic() < until:
            time.sleep(0.05)
    assert not upload.exists() and not job.exists()
    assert sorted(store.rglob("uploads/*/*")) == sorted([*kept, unknown, fresh])


def test_an_item_is_worked_on(desk: TestClient, photo: MakePhoto) -> None:
    item = make(desk)
    assert desk.get(f"/v1/items/{item}").json()["result"] is None
    first = add(desk, item, photo("red"))
    assert first["result"]["candidates"][0]["type"] == "shahed-136"
    second = add(desk, item, photo("green"))
    assert [one["number"] for one in second["photos"]] == [1, 2]
    assert second["result"]["agreement"]["distinct"] == 2
    stateless = desk.post(
        "/v1/classify",
        files=[("photos", ("0.jpg", photo("red"))), ("photos", ("0.jpg", photo("green")))],
    ).json()
    assert second["result"] == stateless
    weighed = desk.put(f"/v1/items/{item}/evidence", json={"colour": "black"}).json()
    assert weighed["result"]["evidence"]["colour"] == "black"
    assert weighed["version"] > second["version"]
    decided = desk.post(f"/v1/items/{item}/decision", json=RED).json()
    assert decided["state"] == "decided"
    assert decided["decisions"][0]["statement"] == RED
    assert decided["decisions"][0]["who"] == "local"


def test_pages_of_a_file_are_photos_of_the_item(
    desk: TestClient, photo: MakePhoto, store: Path, wreckid: Wreckid
) -> None:
    item = make(desk)
    file = BytesIO()
    red, green = (Image.open(BytesIO(photo(colour))) for colour in ("red", "green"))
    red.save(file, "TIFF", save_all=True, append_images=[green])
    upload = {"photos": ("scan.tif", file.getvalue())}
    added = desk.post(f"/v1/items/{item}/photos", files=upload).json()
    assert [(one["number"], one["page"]) for one in added["photos"]] == [(1, 1), (2, 2)]
    assert added["result"] == desk.post("/v1/classify", files=upload).json()
    boxed = {"boxes": ["2:0,0,100,100"]}
    seen = desk.put(f"/v1/items/{item}/evidence", json=boxed).json()["result"]
    assert seen["agreement"]["leaders"] == ["shahed-136", "orlan-10"]
    for number in (1, 2):
        original = desk.get(f"/v1/items/{item}/photos/{number}")
        assert original.content == file.getvalue()
        assert desk.get(f"/items/{item}/pictures/{number}").status_code == 200
    with ZipFile(BytesIO(desk.get(f"/v1/items/{item}/export").content)) as archive:
        kept = [name for name in archive.namelist() if name.startswith("photos/")]
        assert [archive.read(name) for name in kept] == [file.getvalue()]
    assert wreckid("verify", store).code == 0


def test_items_outlast_the_service(
    release: Release, store: Path, photo: MakePhoto, desk: TestClient
) -> None:
    item = make(desk)
    before = add(desk, item, photo("red"))
    with TestClient(create_app(release, Settings(store=store))) as again:
        assert again.get(f"/v1/items/{item}").json() == before
        original = again.get(f"/v1/items/{item}/photos/1")
    assert original.content == photo("red")
    assert original.headers["content-disposition"] == "attachment"


def test_items_are_listed_page_by_page(desk: TestClient) -> None:
    made = [make(desk, name=f"Find {n}") for n in range(5)]
    found, before = [], None
    while True:
        page = desk.get("/v1/items", params={"limit": 2} | ({"before": before} if before else {}))
        found += [one["id"] for one in page.json()["items"]]
        before = page.json()["next"]
        if before is None:
            break
    assert found == made[::-1]


def test_what_does_not_fit_is_refused_and_nothing_is_kept(
    desk: TestClient, photo: MakePhoto
) -> None:
    item = make(desk)
    version = add(desk, item, photo("red"))["version"]
    at = f"/v1/items/{item}"
    box = {"boxes": ["1:900,900,950,950"]}
    refused = [
        (desk.put(f"{at}/evidence", json={"lengths": ["3000 m"]}), 422),
        (desk.put(f"{at}/evidence", json={"prior": "nowhere"}), 422),
        (desk.put(f"{at}/evidence", json=box), 422),
        (desk.put(f"{at}/evidence?version=0", json={"colour": "red"}), 409),
        (desk.post(f"{at}/decision", json={**RED, "id": "ghost"}), 422),
        (desk.post(f"{at}/decision", json={**RED, "reason": " "}), 422),
        (desk.post(f"{at}/decision", json={"level": "uav", "id": "mq-9", "reason": "x"}), 422),
        (desk.post(f"{at}/answer", json=RED), 409),
        (desk.delete(at), 422),
        (desk.get("/v1/items/nothing"), 404),
        (desk.get(f"{at}/photos/2"), 404),
        (desk.post("/v1/items", json={"name": ""}), 422),
        (desk.post("/v1/items", json={"name": "Field\0"}), 422),
        (desk.post("/v1/items/nothing/photos", files={"photos": photo()}), 404),
    ]
    for answer, status in refused:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].endswith(".")
    assert desk.get(at).json()["version"] == version


def test_an_item_holds_no_more_photos_than_it_may(desk: TestClient, photo: MakePhoto) -> None:
    item, red = make(desk), photo("red", (32, 32))
    for _ in range(4):
        add(desk, item, *[red] * 16)
    answer = desk.post(f"/v1/items/{item}/photos", files={"photos": red})
    assert answer.status_code == 409


@pytest.fixture
def team(release: Release, store: Path) -> Iterator[dict[str, TestClient]]:
    """People with keys of one service."""
    app = create_app(release, Settings(store=store))
    keys = {"Aigerim": "work", "Bek": "work", "Chief": "admin", "Reader": "read"}
    with TestClient(app):
        yield {
            name: TestClient(
                app,
                headers={"Authorization": f"Bearer {Keys(store).create(name, role)}"},  # type: ignore[arg-type]
            )
            for name, role in keys.items()
        }


def test_blind_work_hides_the_model_until_one_has_answered(
    team: dict[str, TestClient], photo: MakePhoto
) -> None:
    item = make(team["Aigerim"], blind=True)
    seen = add(team["Aigerim"], item, photo("red"))
    assert seen["withheld"] and seen["result"] is None
    at = f"/v1/items/{item}"
    for hidden in (f"{at}/history", at, f"/items/{item}"):
        text = team["Aigerim"].get(hidden).text
        assert "candidates" not in text and 'class="map"' not in text
    assert team["Aigerim"].get(f"{at}/export").status_code == 409
    assert team["Aigerim"].get(f"/items/{item}/maps/1").status_code == 404
    assert team["Aigerim"].post(f"{at}/decision", json=RED).status_code == 409
    mine = {"level": "family", "id": "delta-pusher", "reason": "A delta with a propeller."}
    opened = team["Aigerim"].post(f"{at}/answer", json=mine).json()
    assert opened["result"]["candidates"][0]["type"] == "shahed-136"
    assert opened["answers"][0]["statement"] == mine
    other = team["Bek"].get(at).json()
    assert other["withheld"] and other["result"] is None and other["answers"] == []
    team["Aigerim"].post(f"{at}/decision", json=RED)
    assert team["Bek"].get(at).json()["result"] is not None


def test_only_an_admin_deletes_and_the_log_remembers(
    team: dict[str, TestClient], photo: MakePhoto, store: Path, wreckid: Wreckid
) -> None:
    kept, gone = make(team["Bek"]), make(team["Bek"], name="Secret place")
    add(team["Bek"], kept, photo("red"))
    add(team["Bek"], gone, photo("red"), photo("blue"))
    assert len(list((store / "uploads").rglob("*"))) == 2 + len({*_folders(store)})
    at = f"/v1/items/{gone}"
    assert team["Bek"].delete(at, params={"reason": "x"}).status_code == 403
    assert team["Chief"].delete(at, params={"reason": "Case closed"}).status_code == 204
    assert team["Chief"].get(at).status_code == 404
    told = team["Reader"].get(f"{at}/history").json()
    assert [one["event"] for one in told][-1] == "deleted"
    assert [one["body"] for one in told[:-1]] == [None] * (len(told) - 1)
    assert told[-1]["who"] == "Chief" and told[-1]["body"]["reason"] == "Case closed"
    assert team["Reader"].get(f"/v1/items/{kept}/photos/1").content == photo("red")
    assert sum(file.is_file() for file in (store / "uploads").rglob("*")) == 1
    assert b"Secret place" not in _database(store)
    assert wreckid("verify", store).code == 0


def _folders(store: Path) -> list[Path]:
    return [folder for folder in (store / "uploads").iterdir() if folder.is_dir()]


def _database(store: Path) -> bytes:
    with sqlite3.connect(store / "store.sqlite") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return "\n".join(sqlite3.connect(store / "store.sqlite").iterdump()).encode()


def test_what_is_due_is_deleted(release: Release, store: Path, wreckid: Wreckid) -> None:
    app = create_app(release, Settings(store=store, keep_days=30))
    with TestClient(app) as desk:
        old, new = make(desk, delete_after="2020-01-01"), make(desk)
        assert desk.get(f"/v1/items/{new}").json()["delete_after"] > "2020"
        later = make(desk, delete_after="2020-01-01")
        changed = desk.put(f"/v1/items/{later}/retention", json={"delete_after": None})
        assert changed.json()["delete_after"] is None
    with TestClient(create_app(release, Settings(store=store))) as desk:
        while desk.get(f"/v1/items/{old}").status_code == 200:
            pass
        assert desk.get(f"/v1/items/{new}").status_code == 200
        assert desk.get(f"/v1/items/{later}").status_code == 200
        assert desk.get(f"/v1/items/{old}/history").json()[-1]["who"] == "retention"
    assert wreckid("verify", store).code == 0


def test_what_changed_since_it_was_found_due_is_left(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, chief = Items(store), Author("Chief")
    kept, gone, due = (items.create(chief, "Field", False, date(2020, 1, 1)).id for _ in range(3))
    reading = items.database.reading

    @contextmanager
    def outrun() -> Iterator[Connection]:
        with reading() as connection:
            yield connection
        monkeypatch.undo()
        items.retain(chief, kept, date(2099, 1, 1))
        items.delete(chief, gone, "Case closed")

    monkeypatch.setattr(items.database, "reading", outrun)
    assert items.delete_due() == 1
    assert items.get(kept).state == "open"
    assert [items.history(one)[-1].who for one in (gone, due)] == ["Chief", "retention"]
    items.close()


def secret(desk: TestClient, photo: MakePhoto) -> str:
    """An item, each of whose words is a secret."""
    item = make(desk, name="Secret place")
    desk.post(f"/v1/items/{item}/photos", files={"photos": ("Secret.jpg", photo("red"))})
    desk.post(f"/v1/items/{item}/decision", json={**RED, "reason": "Secret reason"})
    return item


def is_told(store: Path, words: bytes) -> bool:
    """Whether any byte of a store tells some words."""
    return any(words in file.read_bytes() for file in store.rglob("*") if file.is_file())


def test_no_file_holds_the_words_of_a_deleted_item(
    desk: TestClient, photo: MakePhoto, store: Path
) -> None:
    item = secret(desk, photo)
    assert is_told(store, b"Secret")
    assert desk.delete(f"/v1/items/{item}?reason=Done").status_code == 204
    assert not is_told(store, b"Secret")


def test_words_that_a_reader_holds_go_with_the_next_chores(
    desk: TestClient, photo: MakePhoto, store: Path
) -> None:
    item = secret(desk, photo)
    with closing(sqlite3.connect(store / "store.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM items").fetchall()
        assert desk.delete(f"/v1/items/{item}?reason=Done").status_code == 204
        assert is_told(store, b"Secret")
    with closing(Items(store)) as items:
        items.delete_due()
    assert not is_told(store, b"Secret")


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_a_new_store_is_open_to_its_owner_alone(release: Release, tmp_path: Path) -> None:
    store = tmp_path / "srv" / "store"
    create_app(release, Settings(store=store))
    assert store.stat().st_mode & 0o777 == 0o700


def original(store: Path) -> Path:
    """Where the only original of a store lies."""
    (file,) = (file for file in (store / "uploads").rglob("*") if file.is_file())
    return file


@pytest.fixture
def item_of_a_lost_photo(desk: TestClient, photo: MakePhoto, store: Path) -> str:
    """An item of one photo, `photo("red")`, whose original is no longer there."""
    item = make(desk)
    add(desk, item, photo("red"))
    original(store).unlink()
    return item


def test_a_photo_that_is_back_is_looked_at_when_asked(
    desk: TestClient, photo: MakePhoto, item_of_a_lost_photo: str
) -> None:
    item = item_of_a_lost_photo
    seen = add(desk, item, photo("green"))["result"]
    assert seen["photos"][0]["failure"]["code"] == "missing"
    add(desk, make(desk), photo("red"))
    again = desk.post(f"/v1/items/{item}/judge").json()["result"]
    assert [one["failure"] for one in again["photos"]] == [None, None]


def test_a_whole_copy_replaces_a_damaged_original(
    desk: TestClient, photo: MakePhoto, store: Path, wreckid: Wreckid
) -> None:
    first, second = make(desk), make(desk)
    add(desk, first, photo("red"))
    file = original(store)
    file.chmod(0o600)
    file.write_bytes(photo("red")[:100])
    assert add(desk, second, photo("red"))["result"]["photos"][0]["failure"] is None
    for item in (first, second):
        assert desk.get(f"/v1/items/{item}/photos/1").content == photo("red")
    assert wreckid("verify", store).code == 0


def test_an_export_says_which_original_is_lost(
    desk: TestClient, photo: MakePhoto, item_of_a_lost_photo: str
) -> None:
    item = item_of_a_lost_photo
    lost = desk.get(f"/v1/items/{item}/export")
    assert lost.status_code == 409
    assert "photo 1" in lost.json()["detail"] and "retry-after" not in lost.headers
    add(desk, make(desk), photo("red"))
    assert desk.get(f"/v1/items/{item}/export").status_code == 200


def test_an_item_is_exported_whole(desk: TestClient, photo: MakePhoto) -> None:
    item = make(desk, name="../../etc")
    data = {"photos": ("../../x.JPG", photo("red"))}
    desk.post(f"/v1/items/{item}/photos", files=data)
    answer = desk.get(f"/v1/items/{item}/export")
    with ZipFile(BytesIO(answer.content)) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("photos/"))
        assert name.startswith("photos/001-") and name.endswith(".jpg")
        assert archive.read(name) == photo("red")
        assert json.loads(archive.read("item.json"))["id"] == item
        lines = archive.read("log.jsonl").splitlines(keepends=True)
        told = [json.loads(line) for line in archive.read("history.jsonl").splitlines()]
    entries = [read_line(line) for line in lines]
    assert [entry["event"] for entry in entries if entry] == [one["event"] for one in told]


TAMPERING = {
    "UPDATE bodies SET body = replace(body, 'Field', 'Fjeld')": "was changed",
    "DELETE FROM bodies WHERE number = 1": "is missing",
    "DELETE FROM log WHERE number = 1": "is missing",
    "UPDATE log SET line = replace(line, 'local', 'other') WHERE number = 1": "was changed",
    "UPDATE items SET name = 'Another'": "the list says something else",
    "UPDATE items SET opened = 99": "the list says something else",
    "INSERT INTO items SELECT 'x', 99, 0, '', 0, 'open', 0, NULL": "item x was added",
    "UPDATE photos SET sha256 = 'x'": "list of the photos",
    "UPDATE log SET item = ''": "log line 1 was moved",
    "UPDATE log SET item = 'x'; UPDATE items SET id = 'x'; UPDATE photos SET item = 'x'": (
        "log line 1 was moved"
    ),
    "UPDATE log SET number = number + 9; UPDATE bodies SET number = number + 9": (
        "log line 1 was moved"
    ),
}


@pytest.mark.parametrize("change", TAMPERING)
def test_tampering_shows(
    desk: TestClient, photo: MakePhoto, store: Path, wreckid: Wreckid, change: str
) -> None:
    add(desk, make(desk), photo("red", (32, 32)))
    good = wreckid("verify", store)
    assert good.code == 0 and "its last line is" in good.out
    with sqlite3.connect(store / "store.sqlite") as connection:
        connection.executescript(change)
    found = wreckid("verify", store)
    assert found.code == 1
    assert TAMPERING[change] in found.out


def test_a_changed_or_lost_original_shows(
    desk: TestClient, photo: MakePhoto, store: Path, wreckid: Wreckid
) -> None:
    add(desk, make(desk), photo("red", (32, 32)))
    (file,) = (file for file in (store / "uploads").rglob("*") if file.is_file())
    file.chmod(0o600)
    file.write_bytes(b"forged")
    assert "was changed" in wreckid("verify", store).out
    file.unlink()
    assert "is missing" in wreckid("verify", store).out


def test_a_store_without_its_database_is_not_called_well(
    desk: TestClient, photo: MakePhoto, store: Path, wreckid: Wreckid, tmp_path: Path
) -> None:
    add(desk, make(desk), photo("red", (32, 32)))
    moved = Path(shutil.copytree(store, tmp_path / "elsewhere"))
    for file in moved.glob("store.sqlite*"):
        file.unlink()
    done = wreckid("verify", moved)
    assert done.code == 2
    assert "holds no store.sqlite: name its database with --database" in done.err
    assert not (moved / "store.sqlite").exists()


def test_the_page_does_all_of_it_without_script(desk: TestClient, photo: MakePhoto) -> None:
    made = desk.post("/items", data={"name": "<b>Field</b> & co", "blind": "1"})
    at = made.url.path
    assert "&lt;b&gt;Field&lt;/b&gt; &amp; co" in made.text and "<b>Field" not in made.text
    added = desk.post(f"{at}/photos", files={"photos": ("a.jpg", photo("red"))})
    assert "Your own answer first" in added.text and "Points to" not in added.text
    seen = desk.post(f"{at}/answer", data={"statement": "uav", "reason": "A motor."})
    assert "Points to Shahed-136" in seen.text and "A motor." in seen.text
    assert desk.get(f"{at}/maps/1").headers["content-type"] == "image/webp"
    weighed = desk.post(f"{at}/evidence", data={"colour": "black", "version": "99"})
    assert '<option value="black" selected>' in weighed.text
    decided = desk.post(f"{at}/decision", data={"statement": "type:mq-9", "reason": "Sure."})
    assert "local decided on" in decided.text
    wrong = desk.post(f"{at}/decision", data={"statement": "type:mq-9", "reason": ""})
    assert wrong.status_code == 422 and 'role="alert"' in wrong.text
    late = desk.post(f"{at}/evidence", data={"colour": "red", "version": "0"})
    assert late.status_code == 409 and "changed meanwhile" in late.text
    assert "Field" in desk.get("/items").text
    gone = desk.post(f"{at}/delete", data={"reason": "Done."})
    assert gone.url.path == "/items" and "There are none yet." in gone.text
    assert desk.get(at).status_code == 404


def test_a_box_stays_when_other_evidence_changes(desk: TestClient, photo: MakePhoto) -> None:
    item = make(desk)
    add(desk, item, photo("red"))
    desk.put(f"/v1/items/{item}/evidence", json={"boxes": ["1:20,10,280,230"]})
    page = desk.get(f"/items/{item}").text
    assert 'name="box" value="1:20.0,10.0,280.0,230.0"' in page


def test_a_file_name_that_is_no_text_breaks_no_item(desk: TestClient, photo: MakePhoto) -> None:
    item = make(desk)
    head = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="\\ud800.jpg"\r\n\r\n'
    kind = "multipart/form-data; boundary=x; charset=unicode_escape"
    answer = desk.post(
        f"/v1/items/{item}/photos",
        content=head + photo("red", (32, 32)) + b"\r\n--x--\r\n",
        headers={"Content-Type": kind},
    )
    assert answer.status_code == 200
    assert desk.get(f"/v1/items/{item}").json()["photos"][0]["name"].endswith("?.jpg")


def test_what_a_program_told_stays_when_a_person_tells_more(
    desk: TestClient, photo: MakePhoto
) -> None:
    item = make(desk)
    add(desk, item, photo("red"))
    told = {"wingspan": 2.5, "fuselage": 2, "airframe": 3.5, "fragment": 0.4}
    lengths = [{"value": value, "measures": measures} for measures, value in told.items()]
    desk.put(f"/v1/items/{item}/evidence", json={"lengths": lengths, "engines": 10})
    form = desk.get(f"/items/{item}").text
    assert [value for value in told.values() if f'value="{value:g}"' in form] == [*told.values()]
    assert '<option value="10" selected>' in form


def test_a_full_disk_loses_nothing(
    desk: TestClient, photo: MakePhoto, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = make(desk)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("wreckid.serving.store.uploads.os.fsync", full)
        answer = desk.post(f"/v1/items/{item}/photos", files={"photos": photo()})
    assert answer.status_code == 503 and "retry-after" in answer.headers
    assert not [file for file in (store / "uploads").rglob("*") if file.is_file()]
    assert add(desk, item, photo("red"))["photos"][0]["number"] == 1


def test_a_locked_database_is_told_and_waited_for(
    release: Release, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wreckid.serving.store.database.WAIT_S", 1)
    with TestClient(create_app(release, Settings(store=store))) as desk:
        item = make(desk)
        other = sqlite3.connect(store / "store.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert desk.get(f"/v1/items/{item}").status_code == 200
        refused = desk.post(f"/v1/items/{item}/decision", json=RED)
        other.execute("ROLLBACK")
        other.close()
        assert refused.status_code == 503 and "nothing was lost" in refused.json()["detail"]
        assert desk.post(f"/v1/items/{item}/decision", json=RED).status_code == 200


def test_an_item_whose_judging_broke_off_is_judged_when_asked(
    release: Release, store: Path, photo: MakePhoto, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(release, Settings(store=store))
    with TestClient(app, raise_server_exceptions=False) as desk:
        item = make(desk)
        with monkeypatch.context() as broken:
            broken.setattr("wreckid.serving.classifier.Classifier.examine", None)
            failed = desk.post(f"/v1/items/{item}/photos", files={"photos": photo("red")})
        assert failed.status_code == 500
        assert failed.json()["request_id"]
        kept = desk.get(f"/v1/items/{item}").json()
        assert len(kept["photos"]) == 1 and not kept["current"] and kept["result"] is None
        assert "Judge again" in desk.get(f"/items/{item}").text
        judged = desk.post(f"/v1/items/{item}/judge").json()
        assert judged["current"] and judged["result"]["candidates"][0]["type"] == "shahed-136"


def test_evidence_that_cannot_be_kept_is_still_in_the_form(desk: TestClient) -> None:
    item = make(desk)
    version = desk.get(f"/v1/items/{item}").json()["version"]
    typed = {"version": version, "wing": "none", "wing_position": "high", "text": "GERAN-2"}
    refused = desk.post(f"/items/{item}/evidence", data=typed)
    assert refused.status_code == 422 and "contradicts" in refused.text
    assert 'value="GERAN-2"' in refused.text and '<option value="high" selected>' in refused.text
    assert desk.get(f"/v1/items/{item}").json()["evidence"]["text"] == []
