"""The page that judges photos and keeps nothing."""

from collections.abc import Sequence

from fastapi import APIRouter, UploadFile
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.requests import Request

from wreckid.model.evidence import Evidence, EvidenceError
from wreckid.serving.classifier import Classifier, Examination
from wreckid.serving.doors.problems import RefusalError
from wreckid.serving.form import evidence_of, on_first_pages
from wreckid.serving.page import Page
from wreckid.serving.result import Sighting
from wreckid.serving.routes.uploads import Crew, Fields, Intake, PageUploads

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
            if photos or not evidence.speaks:
                intake.check(photos or [])
            seen = await crew.do(lambda: examined(photos or [], evidence))
        except RefusalError as problem:
            return page.form(request, problem.detail, problem.status)
        except EvidenceError as problem:
            return page.form(request, str(problem), 422)
        return page.result(request, seen.result, seen.views)

    @routes.post("/weigh")
    def weigh(request: Request, fields: Fields) -> HTMLResponse:
        try:
            sighting = Sighting.model_validate_json(str(fields.get("sighting")))
            weighed = classifier.weigher.weigh(sighting, evidence_of(fields))
        except ValidationError:
            return page.form(request, EXAMINE_FIRST, 422)
        except EvidenceError as problem:
            return page.form(request, str(problem), 422)
        return page.result(request, weighed)

    return routes
