"""The API described for people, to be tried out; nothing is loaded from elsewhere."""

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from starlette.requests import Request
from starlette.staticfiles import StaticFiles

from wreckid.serving.page import Page

ASSETS = ("fastapi_offline", "static")
"""The package and the folder in it that hold Swagger UI."""


def router(page: Page) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    def docs(request: Request) -> HTMLResponse:
        return page.show(request, "docs.html")

    return routes


def mount_assets(app: FastAPI) -> None:
    """Serve what the page loads."""
    app.mount("/static/docs", StaticFiles(packages=[ASSETS]))
