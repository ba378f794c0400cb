"""The HTTP service, put together: doors outside, routes inside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Lifespan

from wreckid.datasets.catalogue import catalogue
from wreckid.model.evidence import EvidenceError
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.doors.callers import Doors
from wreckid.serving.doors.decoding import Decoders
from wreckid.serving.doors.headers import SecurityHeaders
from wreckid.serving.doors.keys import Keys
from wreckid.serving.doors.limits import BodyLimit, WorkLimit
from wreckid.serving.doors.problems import (
    EXAMPLES,
    Problem,
    RefusalError,
    described,
    problem,
    refusal,
)
from wreckid.serving.doors.requests import RequestIds
from wreckid.serving.page import STATIC, Page
from wreckid.serving.routes import judging, login, pages, status, types
from wreckid.serving.routes.uploads import Crew, Intake
from wreckid.serving.settings import MIB, Settings

FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
JSON_TYPES = ("application/json",)


class Service(FastAPI):
    """A FastAPI application whose description knows problems."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description."""
        described: dict[str, Any] = super().openapi()
        described["components"]["schemas"].setdefault("Problem", Problem.model_json_schema())
        return described


def create_app(release: Release, settings: Settings | None = None) -> FastAPI:
    """The service of one release.

    Raises:
        ReleaseError: the network cannot be loaded.
        CatalogueError: a class of the release is not in the catalogue.
        SetupError: the store cannot be used.
    """
    settings = settings or Settings()
    decoders = Decoders(settings.decoders, settings.decoder_mib * MIB, settings.decode_s)
    classifier = Classifier(release, catalogue(), decoders.see)
    keys = Keys(settings.store) if settings.store else None
    intake, crew = Intake(settings), Crew(settings)
    app = Service(
        title="wreckid",
        docs_url=None,
        redoc_url=None,
        lifespan=_closing(decoders),
        dependencies=[Depends(HTTPBearer(auto_error=False))],
        responses=described(401, 403),
    )
    _add_doors(app, settings, intake, keys)
    _add_refusals(app, intake)
    page = Page(classifier.identity, classifier.catalogue, settings)
    app.include_router(judging.router(classifier, intake, crew))
    app.include_router(types.router(classifier.catalogue, release.manifest))
    app.include_router(status.router({"decoding of photos": decoders.work}, crew))
    app.include_router(pages.router(page, classifier, intake, crew))
    if keys is not None:
        app.include_router(login.router(page, keys))
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def _closing(decoders: Decoders) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await to_thread.run_sync(decoders.close)

    return lifespan


def _add_doors(app: FastAPI, settings: Settings, intake: Intake, keys: Keys | None) -> None:
    """From the innermost to the outermost, which a request meets first."""
    app.add_middleware(
        BodyLimit,
        most_bytes=settings.request_mib * MIB,
        most_s=settings.upload_s,
        sentence=intake.too_large,
    )
    app.add_middleware(WorkLimit, at_once=settings.at_once, per_minute=settings.per_minute)
    app.add_middleware(Doors, keys=keys)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)


def _add_refusals(app: FastAPI, intake: Intake) -> None:
    """Every refusal and failure is a problem that says what to do."""

    @app.exception_handler(RefusalError)
    def refused(request: Request, error: RefusalError) -> Response:
        return refusal(request.scope, error)

    @app.exception_handler(HTTPException)
    def not_served(request: Request, error: HTTPException) -> Response:
        return problem(request.scope, error.status_code, error.detail, error.headers)

    @app.exception_handler(EvidenceError)
    def wrong_evidence(request: Request, error: EvidenceError) -> Response:
        return problem(request.scope, 422, str(error))

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, error: RequestValidationError) -> Response:
        form = _takes_form(request)
        if not _has_type(request, FORM_TYPES if form else JSON_TYPES):
            return problem(request.scope, 415, EXAMPLES[415] if form else "Send JSON.")
        return problem(request.scope, 422, intake.where if form else _first(error))

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        return problem(request.scope, 500, EXAMPLES[500])


def _takes_form(request: Request) -> bool:
    body = getattr(request.scope.get("route"), "body_field", None)
    return body is not None and isinstance(body.field_info, Form)


def _has_type(request: Request, types: tuple[str, ...]) -> bool:
    """Whether a body has one of some media types; one that says nothing may."""
    return request.headers.get("content-type", types[0]).lower().startswith(types)


def _first(error: RequestValidationError) -> str:
    """The first problem of a JSON body as one sentence that names the field."""
    found = error.errors()[0]
    place = ".".join(str(step) for step in found["loc"][1:])
    return f"{place or 'body'}: {found['msg'].removeprefix('Value error, ')}."
