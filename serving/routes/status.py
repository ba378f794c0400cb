"""Whether the service is up, and whether it can work."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from wreckid.serving.doors.problems import RefusalError, described
from wreckid.serving.routes.uploads import Crew

Check = Callable[[], bool]
"""Tries something that work needs; may take a moment."""


class Status(BaseModel):
    """Whether the service is up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: str


def router(checks: Mapping[str, Check], crew: Crew) -> APIRouter:
    """The routes; the service is ready when all checks hold, each named by what it checks."""
    routes = APIRouter(tags=["status"])

    @routes.get("/healthz")
    async def health() -> Status:
        """The process answers."""
        return Status(status="ok")

    @routes.get("/readyz", responses=described(503))
    async def ready() -> Status:
        """The release is loaded, photos are decoded, and what is kept can be reached."""
        failing = await crew.do(lambda: [name for name, holds in checks.items() if not holds()])
        if failing:
            raise RefusalError(503, f"Not ready: {', '.join(failing)}.", retry_after_s=5)
        return Status(status="ready")

    return routes
