"""The HTTP service: the API under /v1 and the page at /."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import FastAPI, File, HTTPException, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict

from wreckid.datasets.catalogue import Catalogue, UavType, catalogue
from wreckid.model.release import Manifest, Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.guard import BodyLimit, SecurityHeaders
from wreckid.serving.intake import MOST_BYTES, NamedBytes
from wreckid.serving.page import STATIC, Page
from wreckid.serving.result import ModelIdentity, Result

MOST_PHOTOS = 16
FORM_OVERHEAD = 2**20
"""Bytes of a request that are not photos."""

PHOTO_COUNT = f"Send 1 to {MOST_PHOTOS} photos of one wreck."
SEND_PHOTOS = f"{PHOTO_COUNT[:-1]}, as files in the form field `photos`."
TOO_LARGE = (
    f"A photo may have {MOST_BYTES // 2**20} MiB and a request {MOST_PHOTOS} photos:"
    " keep the originals and send fewer or smaller copies."
)

Uploads = Annotated[list[UploadFile], File(description=SEND_PHOTOS)]
PageUploads = Annotated[list[UploadFile] | None, File()]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TypeEntry(_Frozen):
    """A line of the list of types."""

    id: str
    name: str
    family: str
    country: str
    recognised: bool


class ModelDescription(ModelIdentity):
    """The release that answers, and what it says of itself."""

    manifest: Manifest


class Status(_Frozen):
    """Whether the service is up."""

    status: str


def create_app(release: Release) -> FastAPI:
    """The service of one release.

    Raises:
        ReleaseError: the network cannot be loaded.
        CatalogueError: a class of the release is not in the catalogue.
    """
    classifier = Classifier(release, catalogue())
    app = FastAPI(title="wreckid", docs_url=None, redoc_url=None)
    app.add_middleware(
        BodyLimit, most_bytes=MOST_PHOTOS * MOST_BYTES + FORM_OVERHEAD, sentence=TOO_LARGE
    )
    app.add_middleware(SecurityHeaders)
    app.add_exception_handler(RequestValidationError, _not_understood)
    _add_api(app, classifier)
    _add_catalogue(app, classifier.catalogue, release.manifest)
    _add_page(app, classifier)
    return app


def _add_api(app: FastAPI, classifier: Classifier) -> None:
    @app.post("/v1/classify")
    def classify(photos: Uploads) -> Result:
        """Judge 1 to 16 photos of one wreck; a photo that cannot be read is a row that says why."""
        return classifier.classify(_received(photos))

    @app.get("/v1/model")
    def model() -> ModelDescription:
        """The release that answers."""
        return ModelDescription(**classifier.identity.model_dump(), manifest=classifier.manifest)

    @app.get("/healthz")
    def health() -> Status:
        """The process answers."""
        return Status(status="ok")

    @app.get("/readyz")
    def ready() -> Status:
        """The release is loaded, which it is before the service listens."""
        return Status(status="ready")


def _add_catalogue(app: FastAPI, catalogue: Catalogue, manifest: Manifest) -> None:
    @app.get("/v1/types")
    def types() -> list[TypeEntry]:
        """All types of the catalogue; `recognised` where the release knows them."""
        return [
            TypeEntry(
                id=uav.id,
                name=uav.name,
                family=uav.family,
                country=uav.country,
                recognised=uav.id in manifest.classes,
            )
            for uav in catalogue.types.values()
        ]

    @app.get("/v1/types/{uav_id}", response_model_exclude={"geometry"})
    def type_(uav_id: str) -> UavType:
        """One type: names, facts with sources, look-alikes."""
        if uav_id not in catalogue.types:
            raise HTTPException(404, "The catalogue has no such type: GET /v1/types lists them.")
        return catalogue.types[uav_id]


def _add_page(app: FastAPI, classifier: Classifier) -> None:
    page = Page(classifier.identity, classifier.catalogue, MOST_PHOTOS)
    app.mount("/static", StaticFiles(directory=STATIC))

    @app.get("/", include_in_schema=False)
    def form() -> HTMLResponse:
        return HTMLResponse(page.form())

    @app.post("/", include_in_schema=False)
    def result(photos: PageUploads = None) -> HTMLResponse:
        try:
            received = _received(photos or [])
        except HTTPException as problem:
            return HTMLResponse(page.form(problem.detail), problem.status_code)
        return HTMLResponse(page.result(classifier.examine(received)))


def _received(photos: Sequence[UploadFile]) -> list[NamedBytes]:
    """The bytes of the photos.

    Raises:
        HTTPException: 422 for too few or too many, 413 for one that is too large.
    """
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise HTTPException(422, PHOTO_COUNT)
    if any((photo.size or 0) > MOST_BYTES for photo in photos):
        raise HTTPException(413, TOO_LARGE)
    return [NamedBytes(_name(photo), photo.file.read()) for photo in photos]


def _name(photo: UploadFile) -> str:
    """The file's name, with the quotes that forms escape (HTML standard, multipart/form-data)."""
    return (photo.filename or "photo").replace("%22", '"')


def _not_understood(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": SEND_PHOTOS}, 422)
