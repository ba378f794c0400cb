from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.result import LEAD, SAFETY
from wreckid.serving.settings import MIB, Settings

MakePhoto = Callable[..., bytes]


def uploads(count: int, data: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("photos", (f"{index}.jpg", data)) for index in range(count)]


def test_the_result_has_the_fields_that_others_rely_on(
    client: TestClient, release: Release, photo: MakePhoto
) -> None:
    result = client.post("/v1/classify", files=uploads(1, photo("red"))).json()
    assert result["format_version"] == "1.4"
    assert (
        result["candidates"][0].items() >= {"type": "shahed-136", "family": "delta-pusher"}.items()
    )
    assert 0.8 < result["image_candidates"][0]["confidence"] < 0.9
    assert set(result["verdict"]) == {"level", "id", "reason", "rule"}
    assert result["model"] == {"name": "tiny", "version": "0.0.1", "sha256": release.sha256}
    assert result["notices"] == [SAFETY, LEAD]
    assert result["prediction_set"] == {"coverage": 0.9, "types": ["shahed-136", "shahed-131"]}


def test_sixteen_photos_are_one_item(client: TestClient, photo: MakePhoto) -> None:
    answer = client.post("/v1/classify", files=uploads(16, photo("red")))
    assert len(answer.json()["photos"]) == 16


@pytest.mark.parametrize("path", ["/v1/classify", "/"])
def test_seventeen_photos_are_refused(client: TestClient, photo: MakePhoto, path: str) -> None:
    answer = client.post(path, files=uploads(17, photo("red")))
    assert answer.status_code == 422
    assert "Send 1 to 16 photos of one wreck" in answer.text


def test_a_photo_over_the_limit_is_refused(limited: TestClient) -> None:
    answer = limited.post("/v1/classify", files=uploads(1, b"x" * (MIB + 1)))
    assert answer.status_code == 413
    assert "A photo may have 1 MiB" in answer.json()["detail"]


@pytest.mark.parametrize(
    "request_",
    [{}, {"data": {"photos": "a string"}}, {"files": {"other": ("a.jpg", b"abc")}}],
)
def test_what_is_no_photo_field_is_refused_with_a_sentence(
    client: TestClient, request_: dict[str, object]
) -> None:
    answer = client.post("/v1/classify", **request_)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert "as files in the form field `photos`." in answer.json()["detail"]


@pytest.mark.parametrize(
    "request_",
    [
        {"json": {"photos": ["/etc/passwd"]}},
        {"content": b"abc", "headers": {"content-type": "image/jpeg"}},
    ],
)
def test_what_is_no_form_is_refused(client: TestClient, request_: dict[str, object]) -> None:
    answer = client.post("/v1/classify", **request_)  # type: ignore[arg-type]
    assert answer.status_code == 415
    assert "multipart/form-data" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_broken_form_is_refused(client: TestClient, kind: str) -> None:
    answer = client.post("/v1/classify", content=b"garbage", headers={"content-type": kind})
    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)


def test_only_unreadable_photos_still_get_an_answer(client: TestClient) -> None:
    answer = client.post("/v1/classify", files=uploads(2, b"nothing"))
    assert answer.status_code == 200
    assert answer.json()["verdict"]["rule"] == "no-usable-photo"
    assert all(photo["failure"] for photo in answer.json()["photos"])


def test_a_name_is_a_label_and_never_a_path(client: TestClient) -> None:
    result = client.post("/v1/classify", files={"photos": ("/etc/hostname", b"")}).json()
    assert result["photos"][0]["name"] == "/etc/hostname"
    assert result["photos"][0]["failure"]["code"] == "empty"


def test_the_types_are_listed(client: TestClient) -> None:
    entries = {entry["id"]: entry for entry in client.get("/v1/types").json()}
    assert set(entries) == set(catalogue().types)
    assert entries["orlan-10"]["recognised"] and not entries["mq-9"]["recognised"]


def test_a_type_tells_its_facts_without_its_geometry(client: TestClient) -> None:
    uav = client.get("/v1/types/shahed-136").json()
    assert uav["facts"]["wingspan_m"]["value"] == 2.5
    assert uav["facts"]["wingspan_m"]["sourced"] is True
    assert "geometry" not in uav


def test_an_unknown_type_is_not_found(client: TestClient) -> None:
    answer = client.get("/v1/types/ghost")
    assert answer.status_code == 404
    assert "/v1/types" in answer.json()["detail"]


def test_the_model_tells_what_it_is(client: TestClient, release: Release) -> None:
    model = client.get("/v1/model").json()
    assert model["sha256"] == release.sha256
    assert model["manifest"]["classes"] == list(release.manifest.classes)


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize("path", ["/redoc", "/static/../base.html", "/static/%2e%2e/x"])
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.fixture(scope="module")
def limited(release: Release) -> Iterator[TestClient]:
    """A service that takes photos of 1 MiB, and 2 MiB a request."""
    with TestClient(create_app(release, Settings(photo_mib=1, request_mib=2))) as client:
        yield client


def test_a_body_that_announces_too_much_is_refused(limited: TestClient) -> None:
    answer = limited.post("/v1/classify", files=uploads(3, b"x" * MIB))
    assert answer.status_code == 413
    assert "a request 2 MiB" in answer.json()["detail"]


def test_a_body_that_grows_too_large_is_refused(limited: TestClient) -> None:
    start = b'--x\r\nContent-Disposition: form-data; name="photos"; filename="a"\r\n\r\n'
    answer = limited.post(
        "/v1/classify",
        content=iter([start, *[b"x" * MIB] * 3, b"\r\n--x--\r\n"]),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 413


def test_a_small_body_passes_the_limit(limited: TestClient) -> None:
    assert limited.post("/v1/classify", files=uploads(1, b"x")).status_code == 200


def test_every_refusal_is_described(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for operation in methods.values():
            refusals = {code: one for code, one in operation["responses"].items() if code > "3"}
            assert {"401", "403"} <= set(refusals), path
            for one in refusals.values():
                (media_type,) = one["content"]
                assert media_type == "application/problem+json"
    assert set(described["components"]["schemas"]) >= {"Problem", "Result"}
