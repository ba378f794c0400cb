"""Text that no file or database can hold is refused before anything is done with it."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings

JSON = {"Content-Type": "application/json"}
ODD = {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"}
ALIKE = '"distinct": 1, "weight": 1, "disagreement": 0, "disagree": false, "leaders": ["WRONG"]'


@pytest.fixture(scope="module")
def service(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(store=tmp_path_factory.mktemp("store"))
    with TestClient(create_app(release, settings)) as service:
        yield service


@pytest.fixture(scope="module")
def item(service: TestClient) -> str:
    return str(service.post("/v1/items", json={"name": "Field 7"}).json()["id"])


def refused(service: TestClient, method: str, path: str, body: str, head: dict[str, str]) -> bool:
    answer = service.request(method, path, content=body.encode(), headers=head)
    return answer.status_code == 422 and "leave it out" in answer.json()["detail"]


@pytest.mark.parametrize("wrong", [r"\ud800", r"\udfff\ud800", r"a\u0000b"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/weigh", '{"photos": [{"name": "WRONG", "sha256": null}]}'),
        ("POST", "/v1/weigh", '{"photos": [], "agreement": {' + ALIKE + "}}"),
        ("POST", "/v1/weigh", '{"photos": [], "evidence": {"boxes": ["WRONG"]}}'),
        ("POST", "/v1/weigh", '{"photos": [], "WRONG": 1}'),
        ("POST", "/v1/items", '{"name": "WRONG"}'),
        ("PUT", "/v1/items/ITEM/evidence", '{"lengths": ["WRONG"]}'),
        ("POST", "/v1/items/ITEM/decision", '{"level": "type", "id": "WRONG", "reason": "x"}'),
        (
            "POST",
            "/v2/models/tiny/infer",
            '{"inputs": [{"name": "WRONG", "shape": [1], "datatype": "FP32", "data": [1]}]}',
        ),
    ],
)
def test_json_that_holds_no_text_is_refused(
    service: TestClient, item: str, method: str, path: str, body: str, wrong: str
) -> None:
    before = service.get("/v1/items").json()
    assert refused(service, method, path.replace("ITEM", item), body.replace("WRONG", wrong), JSON)
    assert service.get("/v1/items").json() == before


@pytest.mark.parametrize("wrong", [r"\ud800", r"\x00"])
@pytest.mark.parametrize(
    "path", ["/", "/weigh", "/login", "/items", "/items/ITEM/evidence", "/items/ITEM/decision"]
)
def test_a_form_that_holds_no_text_is_refused(
    service: TestClient, item: str, path: str, wrong: str
) -> None:
    body = f'--x\r\nContent-Disposition: form-data; name="box"\r\n\r\n{wrong}\r\n--x--\r\n'
    assert refused(service, "POST", path.replace("ITEM", item), body, ODD)


def test_text_of_any_script_is_kept(service: TestClient) -> None:
    body = r'{"name": "\ud83d\ude81 Жаңа \\ud800"}'
    made = service.post("/v1/items", content=body.encode(), headers=JSON)
    assert made.json()["name"] == "🚁 Жаңа \\ud800"


def test_what_is_nested_too_deep_is_refused(service: TestClient) -> None:
    for depth in (300, 900, 100_000):
        body = '{"photos": ' + "[" * depth + "]" * depth + "}"
        assert service.post("/v1/weigh", content=body, headers=JSON).status_code == 422
