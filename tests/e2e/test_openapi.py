"""Whatever is sent to an address of the API, the answer is one that its description names."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import ASGIClient, get_client
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from wreckid.model.release import Release
from wreckid.serving.api import create_app
from wreckid.serving.settings import Settings

MakePhoto = Callable[..., bytes]
EXAMPLES = 20
"""Requests to each address, a half of them wrong on purpose."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def service(release: Release, tmp_path: Path) -> Iterator[ASGIClient]:
    """A service that keeps items, without keys."""
    app: Any = create_app(release, Settings(store=tmp_path))
    with get_client(app) as service:
        yield service


@pytest.fixture
def known(service: ASGIClient, photo: MakePhoto) -> dict[str, Any]:
    """What there is at the addresses with a place to fill in."""
    item = service.post("/v1/items", json={"name": "Field 7"}).json()["id"]
    service.post(f"/v1/items/{item}/photos", files={"photos": photo("red")})
    job = service.post("/v1/jobs", files={"files": photo("red")}).json()["id"]
    service.get(f"/v1/jobs/{job}/events")
    there = {"item_id": item, "job_id": job, "number": 1, "uav_id": "mq-9"}
    return there | {"name": "tiny", "version": "0.0.1"}


def test_every_answer_is_one_that_is_described(
    service: ASGIClient, known: dict[str, Any], subtests: pytest.Subtests
) -> None:
    api = schemathesis.openapi.from_asgi("/openapi.json", service.app)
    operations = [found.ok() for found in api.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 30
    for operation in sorted(operations, key=lambda one: one.method == "delete"):
        there = {name: value for name, value in known.items() if f"{{{name}}}" in operation.path}
        right = operation.as_strategy(path_parameters=there)
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @settings(
            max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
        )
        @given(case=st.one_of(right, wrong))
        def answered(case: Any) -> None:
            case.call_and_validate(session=service, checks=CHECKS)

        with subtests.test(operation.label):
            answered()
