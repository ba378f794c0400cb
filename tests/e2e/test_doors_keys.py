"""Who may come in: keys, roles, log-in, and requests that other sites' pages send."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.doors.callers import needed
from wreckid.serving.doors.keys import ROLES, Keys, Role
from wreckid.serving.doors.limits import Shares
from wreckid.serving.routes.login import local_path
from wreckid.serving.settings import Settings

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
MakePhoto = Callable[..., bytes]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def keys(store: Path) -> dict[Role, str]:
    """A key of each role."""
    return {role: Keys(store).create(f"{role}er", role) for role in ROLES}


@pytest.fixture(scope="module")
def service(release: Release, store: Path, keys: dict[Role, str]) -> Iterator[TestClient]:
    """A service with keys, asked without any."""
    with TestClient(create_app(release, Settings(store=store)), follow_redirects=False) as client:
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize("path", ["/v1/types", "/v1/nothing", "/openapi.json", "/metrics"])
def test_programs_without_a_key_are_told_so(service: TestClient, path: str) -> None:
    answer = service.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_keys_that_go_missing_open_no_door(release: Release, tmp_path: Path) -> None:
    key = Keys(tmp_path).create("Chief", "admin")
    with TestClient(create_app(release, Settings(store=tmp_path))) as client:
        assert client.get("/v1/types").status_code == 401
        (tmp_path / "keys.json").unlink()
        assert client.get("/v1/types").status_code == 401
        assert client.get("/v1/types", headers=bearer(key)).status_code == 200


def test_only_an_admin_says_until_when_an_item_is_kept(
    service: TestClient, keys: dict[Role, str]
) -> None:
    made = service.post("/v1/items", json={"name": "Field 7"}, headers=bearer(keys["work"]))
    item, ended = made.json()["id"], {"delete_after": "2000-01-01"}
    told: dict[Role, int] = {"read": 403, "work": 403, "admin": 200}
    for role, status in told.items():
        answer = service.put(f"/v1/items/{item}/retention", json=ended, headers=bearer(keys[role]))
        assert answer.status_code == status


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_people_without_a_key_are_led_to_the_log_in(service: TestClient, method: str) -> None:
    answer = service.request(method, "/")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/login", "/static/style.css"])
def test_some_doors_are_open(service: TestClient, path: str) -> None:
    assert service.get(path).status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_what_it_may(
    service: TestClient, keys: dict[Role, str], role: Role, photo: MakePhoto
) -> None:
    head = bearer(keys[role])
    assert service.get("/v1/types", headers=head).status_code == 200
    answer = service.post("/v1/classify", files={"photos": photo()}, headers=head)
    assert answer.status_code == (403 if role == "read" else 200)


@given(key=st.text(max_size=90))
def test_no_made_up_key_opens(keys: dict[Role, str], store: Path, key: str) -> None:
    assert Keys(store).ring.holder(key) is None


def test_a_key_with_another_secret_does_not_open(
    service: TestClient, keys: dict[Role, str]
) -> None:
    wrong = keys["admin"][:-1] + ("0" if keys["admin"][-1] != "0" else "1")
    assert service.get("/v1/types", headers=bearer(wrong)).status_code == 401


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_keys_are_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".keys.json.draft").write_text("left by a key that was never made")
    fsync, modes = os.fsync, list[int]()

    def watched(opened: int) -> None:
        modes.append(os.fstat(opened).st_mode)
        fsync(opened)

    monkeypatch.setattr(os, "fsync", watched)
    Keys(tmp_path).create("Chief", "admin")
    modes.append((tmp_path / "keys.json").stat().st_mode)
    assert {stat.S_IMODE(mode) for mode in modes if stat.S_ISREG(mode)} == {0o600}


def test_keys_are_made_listed_and_revoked(
    wreckid: Wreckid, service: TestClient, store: Path
) -> None:
    key = wreckid("keys", "create", "Aigerim", "--role", "read", "--store", store).out.strip()
    assert key not in (store / "keys.json").read_text()
    assert service.get("/v1/types", headers=bearer(key)).status_code == 200
    listed = wreckid("keys", "list", "--store", store).out
    assert re.search(r"^\w{8}  read .* holds  Aigerim$", listed, re.MULTILINE)
    key_id = key.split("_")[1]
    assert wreckid("keys", "revoke", key_id, "--store", store).code == 0
    assert service.get("/v1/types", headers=bearer(key)).status_code == 401
    assert "revoked" in wreckid("keys", "list", "--store", store).out
    assert wreckid("keys", "revoke", key_id, "--store", store).code == 2


@pytest.fixture
def visitor(release: Release, store: Path, keys: dict[Role, str]) -> TestClient:
    """Someone who logged in on the page, over TLS."""
    app = create_app(release, Settings(store=store))
    client = TestClient(app, "https://wrecks.example", follow_redirects=False)
    answer = client.post("/login", data={"key": keys["work"], "next": "/"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-wreckid=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert keys["work"] not in cookie
    return client


def test_a_log_in_opens_the_page_until_the_log_out(visitor: TestClient) -> None:
    assert "Log out worker" in visitor.get("/").text
    assert visitor.get("/v1/types").status_code == 200
    visitor.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert visitor.get("/").status_code == 303


def test_a_wrong_key_does_not_log_in(service: TestClient) -> None:
    answer = service.post("/login", data={"key": "wk_1_2", "next": "/"})
    assert answer.status_code == 401
    assert "No such key holds" in answer.text and "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_log_in_does_not_speak_for_other_sites(
    visitor: TestClient, headers: dict[str, str]
) -> None:
    assert visitor.post("/weigh", headers=headers).status_code == 403


def test_the_page_itself_is_believed(visitor: TestClient) -> None:
    for head in ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://wrecks.example"}):
        assert visitor.post("/weigh", headers=head).status_code == 422


def test_another_site_cannot_use_a_machine_that_serves_itself(client: TestClient) -> None:
    answer = client.post("/weigh", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_revoked_key_ends_its_log_ins(
    visitor: TestClient, store: Path, keys: dict[Role, str]
) -> None:
    Keys(store).revoke(keys["work"].split("_")[1])
    try:
        assert visitor.get("/").status_code == 303
    finally:
        keys["work"] = Keys(store).create("worker", "work")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "wrecks.example"])
def test_no_other_machine_is_served_without_keys(
    wreckid: Wreckid, host: str, tmp_path: Path
) -> None:
    for store in ([], ["--store", tmp_path]):
        done = wreckid("serve", "--host", host, *store)
        assert done.code == 2
        assert "wreckid keys create" in done.err


@given(method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), path=st.text().map("/v1/".__add__))
def test_whatever_is_not_opened_is_closed(method: str, path: str) -> None:
    assert needed(method, path) is not None


@given(st.text())
def test_a_log_in_leads_nowhere_else(address: str) -> None:
    path = local_path(address)
    assert path.startswith("/") and not path.startswith(("//", "/\\"))


@given(per_minute=st.integers(1, 100), waits=st.lists(st.floats(0, 100), min_size=1, max_size=300))
def test_a_key_never_gets_more_than_its_share(per_minute: int, waits: list[float]) -> None:
    now = 0.0
    shares = Shares(per_minute, lambda: now)
    taken = 0
    for wait in waits:
        now += wait
        taken += shares.take("one") == 0
    assert taken <= per_minute * (1 + now / 60) + 1e-6
    now += shares.take("one")
    assert shares.take("one") == 0 or shares.take("other") == 0


def test_a_key_that_asks_too_often_is_told_when_to_come_back(
    release: Release, store: Path, keys: dict[Role, str]
) -> None:
    app = create_app(release, Settings(store=store, per_minute=2))
    client = TestClient(app, headers=bearer(keys["work"]))
    answers = [client.post("/v1/weigh", json={"photos": []}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    assert client.get("/v1/types").status_code == 200
