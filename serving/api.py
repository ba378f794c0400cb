"""The HTTP service, put together: doors outside, routes inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response

from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.errors import first_problem
from wreckid.model.evidence import EvidenceError
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.doors.callers import Doors
from wreckid.serving.doors.decoding import Decoders
from wreckid.serving.doors.headers import SECURITY_HEADERS, SecurityHeaders
from wreckid.serving.doors.keys import Keys
from wreckid.serving.doors.limits import BodyLimit, Most, WorkLimit
from wreckid.serving.doors.metrics import Metrics
from wreckid.serving.doors.problems import (
    EXAMPLES,
    Problem,
    RefusalError,
    described,
    not_kept,
    problem,
    refusal,
    request_id,
)
from wreckid.serving.doors.requests import HEADER, Requests
from wreckid.serving.doors.text import FORM_TYPES, only_text
from wreckid.serving.lifetime import Lifetime
from wreckid.serving.page import STATIC, Page
from wreckid.serving.routes import inference, judging, login, pages, reference, status, types
from wreckid.serving.routes.uploads import Crew, Intake
from wreckid.serving.settings import MIB, Settings

if TYPE_CHECKING:
    from wreckid.serving.store.items import Items
    from wreckid.serving.store.jobs import Jobs

JSON_TYPES = ("application/json",)
FILES = "Send one zip archive, or photos, as multipart/form-data, in the form field `files`."


class Service(FastAPI):
    """A FastAPI application whose description knows problems."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI description."""
        described: dict[str, Any] = super().openapi()
        described["components"]["schemas"].setdefault("Problem", Problem.model_json_schema())
        return described


@dataclass(frozen=True)
class Rooms:
    """What routes share."""

    settings: Settings
    classifier: Classifier
    page: Page
    intake: Intake
    crew: Crew
    metrics: Metrics


def create_app(release: Release, settings: Settings | None = None) -> FastAPI:
    """The service of one release.

    Raises:
        ReleaseError: the network cannot be loaded.
        CatalogueError: a class of the release is not in the catalogue.
        SetupError: the store cannot be used.
    """
    settings = settings or Settings()
    decoders = Decoders(settings.decoders, settings.decoder_mib * MIB, settings.decode_s)
    metrics = Metrics()
    classifier = Classifier(release, catalogue(), decoders.see, metrics.judged)
    lifetime = Lifetime(last=[decoders.close])
    app = Service(
        title="wreckid",
        docs_url=None,
        redoc_url=None,
        lifespan=lifetime,
        dependencies=[Depends(HTTPBearer(auto_error=False)), Depends(only_text)],
        responses=described(401, 403),
    )
    rooms = Rooms(
        settings,
        classifier,
        Page(classifier.identity, classifier.catalogue, settings),
        Intake(settings, decoders.by_page),
        Crew(settings),
        metrics,
    )
    checks = {"the decoding of photos": decoders.work}
    if settings.store is not None:
        items, jobs = _add_store(app, rooms, settings.store)
        lifetime.first.append(jobs.start)
        lifetime.hourly += [items.delete_due, items.uploads.sweep, jobs.sweep]
        lifetime.last[:0] = [jobs.end, items.close]
        checks |= {"the database": items.database.answers, "the work on jobs": jobs.works}
    _add_routes(app, rooms, checks)
    _add_refusals(app, rooms.intake)
    _add_doors(app, rooms)
    return app


def _add_routes(app: FastAPI, rooms: Rooms, checks: Mapping[str, status.Check]) -> None:
    classifier = rooms.classifier
    app.include_router(judging.router(classifier, rooms.intake, rooms.crew))
    app.include_router(inference.router(classifier, rooms.crew))
    app.include_router(types.router(classifier.catalogue, classifier.manifest))
    app.include_router(pages.router(rooms.page, classifier, rooms.intake, rooms.crew))
    app.include_router(status.router(checks, rooms.crew, rooms.metrics))
    app.include_router(reference.router(rooms.page))
    reference.mount_assets(app)
    app.mount("/static", StaticFiles(directory=STATIC))


def _add_store(app: FastAPI, rooms: Rooms, store: Path) -> "tuple[Items, Jobs]":
    """What lasts; its libraries are imported only by a service that keeps something."""
    from wreckid.serving.routes import casework
    from wreckid.serving.routes import items as items_api
    from wreckid.serving.routes import jobs as jobs_api
    from wreckid.serving.store.desk import Desk
    from wreckid.serving.store.items import Items
    from wreckid.serving.store.jobs import Jobs

    database = rooms.settings.database
    items = Items(store, database.get_secret_value() if database else None)
    desk = Desk(items, rooms.classifier.watched_by(rooms.metrics.looked_at))
    app.include_router(login.router(rooms.page, Keys(store)))
    app.include_router(items_api.router(desk, rooms.intake, rooms.crew, rooms.settings))
    app.include_router(casework.router(rooms.page, desk, rooms.intake, rooms.crew, rooms.settings))
    jobs = Jobs(store, rooms.classifier, items.database)
    app.include_router(jobs_api.router(jobs, rooms.crew))
    app.include_router(jobs_api.pages(rooms.page, jobs, rooms.crew))
    items_api.add_refusals(app)
    jobs_api.add_refusals(app)
    return items, jobs


def _add_doors(app: FastAPI, rooms: Rooms) -> None:
    """From the innermost to the outermost, which a request meets first."""
    settings = rooms.settings
    photos = Most(settings.request_mib * MIB, settings.upload_s, rooms.intake.too_large)
    app.add_middleware(BodyLimit, photos=photos)
    app.add_middleware(WorkLimit, at_once=settings.at_once, per_minute=settings.per_minute)
    app.add_middleware(Doors, keys=Keys(settings.store) if settings.store else None)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Requests, metrics=rooms.metrics)


def _add_refusals(app: FastAPI, intake: Intake) -> None:
    """Every refusal and failure is a problem that says what to do."""

    @app.exception_handler(RefusalError)
    def refused(request: Request, error: RefusalError) -> Response:
        return refusal(request.scope, error)

    @app.exception_handler(HTTPException)
    def not_served(request: Request, error: HTTPException) -> Response:
        if error.status_code == 400 and error.__cause__ is not None:
            return _unread(request, error.__cause__)
        return problem(request.scope, error.status_code, error.detail, error.headers)

    @app.exception_handler(EvidenceError)
    def wrong_evidence(request: Request, error: EvidenceError) -> Response:
        return problem(request.scope, 422, str(error))

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, error: RequestValidationError) -> Response:
        if not _takes_form(request):
            if not _has_type(request, JSON_TYPES):
                return problem(request.scope, 415, "Send JSON.")
            return problem(request.scope, 422, _first(error))
        field = _field(error)
        if not _has_type(request, FORM_TYPES):
            return problem(request.scope, 415, FILES if field == "files" else EXAMPLES[415])
        known = {"photos": intake.where, "files": FILES}
        return problem(request.scope, 422, known.get(field) or _first(error))

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        """Answer from outside of the doors, with the headers that they would have added."""
        named = {HEADER: request_id(request.scope) or ""}
        return problem(request.scope, 500, EXAMPLES[500], SECURITY_HEADERS | named)


def _unread(request: Request, cause: BaseException) -> Response:
    """Why a body could not be taken in: the disk is full, or it is not what it says it is."""
    if isinstance(cause, OSError):
        return not_kept(request.scope, cause)
    if _takes_form(request):
        return problem(request.scope, 400, EXAMPLES[400])
    return problem(request.scope, 422, "The body is no text: send JSON in UTF-8.")


def _takes_form(request: Request) -> bool:
    body = getattr(request.scope.get("route"), "body_field", None)
    return body is not None and isinstance(body.field_info, Form)


def _has_type(request: Request, types: tuple[str, ...]) -> bool:
    """Whether a body has one of some media types; one that says nothing may."""
    return request.headers.get("content-type", types[0]).lower().startswith(types)


def _field(error: RequestValidationError) -> str:
    """The field of a form that the first problem is of."""
    return str(error.errors()[0]["loc"][1])


def _first(error: RequestValidationError) -> str:
    """The first problem of a body as one sentence that names the field."""
    found = error.errors()[0]
    return first_problem([found | {"loc": found["loc"][1:] or found["loc"]}]) + "."
