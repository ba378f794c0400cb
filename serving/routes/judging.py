"""Photos and evidence to results, and what there is to know of the model; nothing is kept."""

from typing import Any

from fastapi import APIRouter

from wreckid.model.evidence import Evidence, read_evidence
from wreckid.model.release import Manifest
from wreckid.serving.classifier import Classifier
from wreckid.serving.doors.problems import described
from wreckid.serving.result import ModelIdentity, Result, Sighting
from wreckid.serving.routes.uploads import Crew, EvidenceJson, Intake, Uploads


class ModelDescription(ModelIdentity):
    """The release that answers, and what it says of itself."""

    manifest: Manifest


class Weighing(Sighting):
    """What the photos showed, as in a result, and the evidence to weigh it with."""

    evidence: Evidence = Evidence()


def router(classifier: Classifier, intake: Intake, crew: Crew) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["judging"])

    @routes.post("/v1/classify", responses=described(400, 408, 413, 415, 422, 429, 503))
    async def classify(photos: Uploads, evidence: EvidenceJson = None) -> Result:
        """Judge photos of one wreck; a photo that cannot be read is a row that says why."""
        intake.check(photos)
        given = read_evidence(evidence or "{}")
        return await crew.do(lambda: classifier.classify(intake.read(photos), given))

    @routes.post("/v1/weigh", responses=described(408, 413, 415, 422, 429, 503))
    def weigh(weighing: Weighing) -> Result:
        """Weigh other evidence with what photos showed before; takes parts of a result."""
        return classifier.weigher.weigh(weighing, weighing.evidence)

    @routes.get("/v1/evidence")
    def evidence() -> dict[str, Any]:
        """The JSON Schema of `Evidence`."""
        return Evidence.model_json_schema()

    @routes.get("/v1/model")
    def model() -> ModelDescription:
        """The release that answers."""
        return ModelDescription(**classifier.identity.model_dump(), manifest=classifier.manifest)

    return routes
