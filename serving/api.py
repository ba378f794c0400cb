"""The HTTP service: the API under /v1 and the page at /."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, FastAPI, File, Form, HTTPException, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData

from wreckid.datasets.catalogue import Catalogue, UavType, catalogue
from wreckid.datasets.errors import first_problem
from wreckid.model.evidence import Evidence, EvidenceError, read_evidence
from wreckid.model.release import Manifest, Release
from wreckid.serving.classifier import Classifier
from wreckid.serving.form import evidence_of
from wreckid.serving.guard import BodyLimit, SecurityHeaders
from wreckid.serving.intake import MOST_BYTES, NamedBytes, by_page
from wreckid.serving.page import STATIC, Page
from wreckid.serving.result import ModelIdentity, Result, Sighting

MOST_PHOTOS = 16
FORM_OVERHEAD = 2**20
"""Bytes of a request that are not photos."""

PHOTO_COUNT = f"Send 1 to {MOST_PHOTOS} photos of one wreck."
PAGE_COUNT = f"{PHOTO_COUNT} Each page of a TIFF file is one."
SEND_PHOTOS = f"{PHOTO_COUNT[:-1]}, as files in the form field `photos`."
TOO_LARGE = (
    f"A photo may have {MOST_BYTES // 2**20} MiB and a request {MOST_PHOTOS} photos:"
    " keep the originals and send fewer or smaller copies."
)

EXAMINE_FIRST = "The photos' result is missing or damaged: examine the photos again."

Uploads = Annotated[list[UploadFile], File(description=SEND_PHOTOS)]
PageUploads = Annotated[list[UploadFile] | None, File()]
EvidenceJson = Annotated[
    str | None, Form(description="What is known besides the photos: `Evidence` as JSON.")
]


async def _fields(request: Request) -> FormData:
    """The form as it came, photos aside."""
    return await request.form()


Fields = Annotated[FormData, Depends(_fields)]


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


class Weighing(Sighting):
    """What the photos showed, as in a result, and the evidence to weigh it with."""

    evidence: Evidence = Evidence()


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
    app.add_exception_handler(EvidenceError, _wrong_evidence)
    _add_api(app, classifier)
    _add_catalogue(app, classifier.catalogue, release.manifest)
    _add_page(app, classifier)
    return app


def _add_api(app: FastAPI, classifier: Classifier) -> None:
    @app.post("/v1/classify")
    def classify(photos: Uploads, evidence: EvidenceJson = None) -> Result:
        """Judge 1 to 16 photos of one wreck; a photo that cannot be read is a row that says why."""
        return classifier.classify(_received(photos), read_evidence(evidence or "{}"))

    @app.post("/v1/weigh")
    def weigh(weighing: Weighing) -> Result:
        """Weigh other evidence with what photos showed before; takes parts of a result."""
        return classifier.weigher.weigh(weighing, weighing.evidence)

    @app.get("/v1/evidence")
    def evidence() -> dict[str, Any]:
        """The JSON Schema of `Evidence`."""
        return Evidence.model_json_schema()

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
    def result(fields: Fields, photos: PageUploads = None) -> HTMLResponse:
        try:
            evidence = evidence_of(fields)
            received = _received(photos or []) if photos or not evidence.speaks else []
            seen = classifier.examine(received, evidence)
        except HTTPException as problem:
            return HTMLResponse(page.form(problem.detail), problem.status_code)
        except EvidenceError as problem:
            return HTMLResponse(page.form(str(problem)), 422)
        return HTMLResponse(page.result(seen.result, seen.views))

    @app.post("/weigh", include_in_schema=False)
    def weigh(fields: Fields) -> HTMLResponse:
        try:
            sighting = Sighting.model_validate_json(str(fields.get("sighting")))
            weighed = classifier.weigher.weigh(sighting, evidence_of(fields))
        except ValidationError:
            return HTMLResponse(page.form(EXAMINE_FIRST), 422)
        except EvidenceError as problem:
            return HTMLResponse(page.form(str(problem)), 422)
        return HTMLResponse(page.result(weighed))


def _received(photos: Sequence[UploadFile]) -> list[NamedBytes]:
    """The bytes of the photos.

    Raises:
        HTTPException: 422 for too few or too many, 413 for one that is too large.
    """
    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise HTTPException(422, PHOTO_COUNT)
    if any((photo.size or 0) > MOST_BYTES for photo in photos):
        raise HTTPException(413, TOO_LARGE)
    files = (NamedBytes(_name(photo), photo.file.read()) for photo in photos)
    pages = [page for file in files for page in by_page(file)]
    if len(pages) > MOST_PHOTOS:
        raise HTTPException(422, PAGE_COUNT)
    return pages


def _name(photo: UploadFile) -> str:
    """The file's name, with the quotes that forms escape (HTML standard, multipart/form-data)."""
    return (photo.filename or "photo").replace("%22", '"')


def _not_understood(request: Request, error: Exception) -> Response:
    if request.url.path == "/v1/weigh" and isinstance(error, RequestValidationError):
        sentence = first_problem(error.errors()).removeprefix("body.") + "."
        return JSONResponse({"detail": sentence}, 422)
    return JSONResponse({"detail": SEND_PHOTOS}, 422)


def _wrong_evidence(request: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 422)
