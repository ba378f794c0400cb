"""The log-in of the page: a key for a cookie."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request

from wreckid.serving.doors.callers import SESSION_S, cookie_name, sealed
from wreckid.serving.doors.keys import Keys
from wreckid.serving.page import Page
from wreckid.serving.routes.uploads import Fields

NO_SUCH_KEY = "No such key holds. Ask whoever runs this service for one."
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def router(page: Page, keys: Keys) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/login")
    def form(request: Request) -> HTMLResponse:
        return page.login(request, local_path(request.query_params.get("next", "/")))

    @routes.post("/login")
    def login(request: Request, fields: Fields) -> Response:
        following = local_path(str(fields.get("next", "/")))
        ring = keys.ring
        key = ring.holder(str(fields.get("key", "")).strip())
        if key is None:
            return page.login(request, following, NO_SUCH_KEY, 401)
        answer = RedirectResponse(following, 303)
        answer.set_cookie(
            cookie_name(request),
            sealed(key, ring.secret),
            max_age=SESSION_S,
            secure=request.url.hostname not in LOOPBACK or request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return answer

    @routes.post("/logout")
    def logout(request: Request) -> Response:
        answer = RedirectResponse("/login", 303)
        secure = request.url.scheme == "https"
        answer.delete_cookie(cookie_name(request), secure=secure, httponly=True, samesite="lax")
        return answer

    return routes


def local_path(address: str) -> str:
    """An address on this service, whatever was asked for."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and "\n" not in address
    return address if safe else "/"
