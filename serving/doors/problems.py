"""Answers that refuse or fail: `application/problem+json` (RFC 9457), with what to do."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
RETRY_S = 5
LATER = "The store cannot be reached or written to; nothing was lost. Try again in"

EXAMPLES: Mapping[int, str] = {
    400: "The form is broken: send it as multipart/form-data.",
    401: "Send a key: `Authorization: Bearer KEY`; `wreckid keys create` makes one.",
    403: "This needs a key with the role `work`.",
    404: "There is no such item: GET /v1/items lists them.",
    408: "The request took longer than 300 s to come in: send fewer or smaller photos.",
    409: "The item was changed since you read it: read it again.",
    413: "A photo may have 64 MiB and a request 16 photos: send fewer or smaller copies.",
    415: "Send photos as multipart/form-data, in the form field `photos`.",
    422: "evidence.lengths.0: 3000 m is not between 1 cm and 60 m.",
    429: "This key may send 600 requests a minute: try again in 2 s.",
    500: "Something went wrong here: tell the operator the request id.",
    503: "The service is busy: try again in 5 s.",
}

logger = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was not answered, and what to do."""

    model_config = ConfigDict(frozen=True)

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One sentence that says what to do.")
    request_id: str | None = Field(default=None, description="To be told to the operator.")


class RefusalError(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}


def problem(
    scope: Scope, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that tells a problem."""
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, request_id=request_id(scope)
    )
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


def refusal(scope: Scope, refused: RefusalError) -> Response:
    """The answer to a refused request."""
    return problem(scope, refused.status, refused.detail, refused.headers)


def not_kept(scope: Scope, cause: object) -> Response:
    """The answer where a disk or a database fails; the operator is told why, by the log."""
    logger.error("What was sent cannot be kept: %s", cause)
    return refusal(scope, RefusalError(503, f"{LATER} {RETRY_S} s.", RETRY_S))


def request_id(scope: Scope) -> str | None:
    """The id that the request was given as it came in."""
    found: str | None = scope.get("state", {}).get("request_id")
    return found


def described(*codes: int) -> dict[int | str, dict[str, Any]]:
    """Problems that a route may answer with, for its OpenAPI description."""
    return {code: _described(code) for code in codes}


def _described(code: int) -> dict[str, Any]:
    phrase = HTTPStatus(code).phrase
    example = Problem(title=phrase, status=code, detail=EXAMPLES[code], request_id="5c2f0b1e")
    schema = {"$ref": "#/components/schemas/Problem"}
    content = {MEDIA_TYPE: {"schema": schema, "example": example.model_dump()}}
    return {"description": phrase, "content": content}
