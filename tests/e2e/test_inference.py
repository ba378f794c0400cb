"""Open Inference Protocol v2 gives what the classifier's network gives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from wreckid.model.preprocessing import Photo, decode, to_array
from wreckid.model.release import Release

MakePhoto = Callable[..., bytes]
INFER = "/v2/models/tiny/infer"


def tensor(batch: np.ndarray[Any, Any], **changes: Any) -> dict[str, Any]:
    data = batch.ravel().tolist()
    one = {"name": "images", "shape": list(batch.shape), "datatype": "FP32", "data": data}
    return {"id": "7", "inputs": [one | changes]}


@pytest.fixture
def batch(release: Release, photo: MakePhoto) -> np.ndarray[Any, Any]:
    spec = release.manifest.input
    decoded = decode(photo("red"), spec.size)
    assert isinstance(decoded, Photo)
    return to_array(decoded.image, spec)[None]


def test_the_model_describes_itself(client: TestClient, release: Release) -> None:
    (name,) = client.get("/v2").json()["models"]
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/0.0.1"):
        told = client.get(path).json()
        assert told["inputs"] == [{"name": "images", "datatype": "FP32", "shape": [-1, 3, 64, 64]}]
        assert told["classes"] == list(release.manifest.classes)
        assert client.get(f"{path}/ready").status_code == 200
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert client.get(path).status_code == 200


def test_inference_agrees_with_classification(
    client: TestClient, batch: np.ndarray[Any, Any], photo: MakePhoto
) -> None:
    answer = client.post(INFER, json=tensor(batch)).json()
    outputs = {one["name"]: one for one in answer["outputs"]}
    assert (answer["model_name"], answer["id"]) == ("tiny", "7")
    assert outputs["logits"]["shape"] == outputs["probabilities"]["shape"] == [1, 5]
    result = client.post("/v1/classify", files={"photos": photo("red")}).json()
    expected = list(result["image_probabilities"].values())
    assert outputs["probabilities"]["data"] == pytest.approx(expected, abs=2e-3)


def test_outputs_are_given_as_asked(client: TestClient, batch: np.ndarray[Any, Any]) -> None:
    request = tensor(np.repeat(batch, 2, axis=0)) | {"outputs": [{"name": "class_map"}]}
    (one,) = client.post(INFER, json=request).json()["outputs"]
    assert one["shape"] == [2, 5, 4, 4] and len(one["data"]) == 160


@pytest.mark.parametrize(
    ("path", "change", "status"),
    [
        ("/v2/models/other/infer", {}, 404),
        ("/v2/models/tiny/versions/9/infer", {}, 404),
        (INFER, {"name": "pixels"}, 422),
        (INFER, {"shape": [1, 3, 64, 63]}, 422),
        (INFER, {"shape": [3, 64, 64]}, 422),
        (INFER, {"data": ["a"]}, 422),
        (INFER, {"data": [10**400]}, 422),
        (INFER, {"data": [[1], [1, 2]]}, 422),
        (INFER, {"datatype": "BYTES"}, 422),
    ],
)
def test_what_does_not_fit_is_refused(
    client: TestClient, batch: np.ndarray[Any, Any], path: str, change: dict[str, Any], status: int
) -> None:
    answer = client.post(path, json=tensor(batch, **change))
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")


def test_an_unknown_output_is_refused(client: TestClient, batch: np.ndarray[Any, Any]) -> None:
    request = tensor(batch) | {"outputs": [{"name": "boxes"}]}
    assert "but logits" in client.post(INFER, json=request).json()["detail"]


def test_each_output_is_given_once(client: TestClient, batch: np.ndarray[Any, Any]) -> None:
    request = tensor(batch) | {"outputs": [{"name": "logits"}, {"name": "class_map"}] * 1000}
    answer = client.post(INFER, json=request)
    assert answer.status_code == 422 and "logits is asked for twice" in answer.json()["detail"]


def test_numbers_that_are_none_are_refused(client: TestClient, batch: np.ndarray[Any, Any]) -> None:
    data = [1e39, *batch.ravel().tolist()[1:]]
    assert client.post(INFER, json=tensor(batch, data=data)).status_code == 422
