"""Whether the service is up, whether it can work, and what it counted."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, ConfigDict

from wreckid.serving.doors.metrics import Metrics
from wreckid.serving.doors.problems import RefusalError, described
from wreckid.serving.routes.uploads import Crew

Check = Callable[[], bool]
"""Tries something that work needs; may take a moment."""


class Status(BaseModel):
    """Whether the service is up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: str


def router(checks: Mapping[str, Check], crew: Crew, metrics: Metrics) -> APIRouter:
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

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def counts() -> PlainTextResponse:
        """What was counted, for Prometheus."""
        return PlainTextResponse(metrics.told(), media_type=CONTENT_TYPE_LATEST)

    return routes
