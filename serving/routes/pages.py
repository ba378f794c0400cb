"""The page that judges photos and keeps nothing."""

from collections.abc import Sequence

from fastapi import APIRouter, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from wreckid.model.evidence import NOTHING, Evidence, EvidenceError
from wreckid.serving.classifier import Classifier, Examination
from wreckid.serving.doors.problems import RefusalError
from wreckid.serving.form import evidence_of, on_first_pages
from wreckid.serving.page import Page
from wreckid.serving.result import Sighting
from wreckid.serving.routes.uploads import Crew, Fields, Intake, PageUploads

NOTHING_SENT = "Choose at least one photo, or give what was measured or seen."
EXAMINE_FIRST = "The photos' result is missing or damaged: examine the photos again."


def router(page: Page, classifier: Classifier, intake: Intake, crew: Crew) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    def examined(files: Sequence[UploadFile], evidence: Evidence) -> Examination:
        photos = intake.read(files)
        return classifier.examine(photos, on_first_pages(evidence, photos))

    @routes.get("/")
    def form(request: Request) -> HTMLResponse:
        return page.form(request)

    @routes.post("/")
    async def result(request: Request, fields: Fields, photos: PageUploads = None) -> HTMLResponse:
        try:
            evidence = evidence_of(fields)
            if photos:
                intake.check(photos)
            elif not evidence.speaks:
                raise RefusalError(422, NOTHING_SENT)
            seen = await crew.do(lambda: examined(photos or [], evidence))
        except RefusalError as problem:
            return page.form(request, fields, problem.detail, problem.status)
        except EvidenceError as problem:
            return page.form(request, fields, str(problem), 422)
        return page.result(request, seen.result, fields, seen.views)

    @routes.post("/weigh")
    def weigh(request: Request, fields: Fields) -> HTMLResponse:
        evidence, problem = _heard(fields)
        try:
            sighting = Sighting.model_validate_json(str(fields.get("sighting")))
            weighed = classifier.weigher.weigh(sighting, evidence)
        except ValidationError:
            return page.form(request, fields, EXAMINE_FIRST, 422)
        except EvidenceError as error:
            return page.form(request, fields, str(error), 422)
        return page.result(request, weighed, fields, problem=problem)

    return routes


def _heard(fields: FormData) -> tuple[Evidence, str]:
    """The evidence of a form; or none, and why it is refused."""
    try:
        return evidence_of(fields), ""
    except EvidenceError as problem:
        return NOTHING, str(problem)
