"""The catalogue: which types there are, and what is known of them."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from wreckid.datasets.catalogue import Catalogue, UavType
from wreckid.model.release import Manifest
from wreckid.serving.doors.problems import RefusalError, described


class TypeEntry(BaseModel):
    """A line of the list of types."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    family: str
    country: str
    recognised: bool


def router(catalogue: Catalogue, manifest: Manifest) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["catalogue"])

    @routes.get("/v1/types")
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

    @routes.get(
        "/v1/types/{uav_id}", response_model_exclude={"geometry"}, responses=described(404, 422)
    )
    def type_(uav_id: str) -> UavType:
        """One type: names, facts with sources, look-alikes."""
        if uav_id not in catalogue.types:
            raise RefusalError(404, "The catalogue has no such type: GET /v1/types lists them.")
        return catalogue.types[uav_id]

    return routes
