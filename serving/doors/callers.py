"""Who asks, and whether they may: by key, by the cookie of a log-in, or alone on this machine."""

from dataclasses import dataclass
from urllib.parse import quote

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from wreckid.serving.doors.keys import ROLES, Key, Keys, Role
from wreckid.serving.doors.problems import EXAMPLES, problem

COOKIE = "wreckid"
SESSION_S = 12 * 3600
"""How long a log-in holds."""

PROGRAMS = ("/v1/", "/v2", "/metrics", "/openapi.json")
"""Where programs ask: they are told 401, people are led to the log-in."""
OPEN = ("/healthz", "/readyz", "/login", "/static/", "/v2/health/")
"""Where anyone may ask."""
SAFE = ("GET", "HEAD", "OPTIONS")
ENDING = ("/delete", "/retention")
"""Where items end, now or on a day."""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        name: as logs and histories call them.
        role: what they may do.
        key: the id of their key; None without keys.
        by_cookie: whether they logged in on the page.
    """

    name: str
    role: Role
    key: str | None = None
    by_cookie: bool = False

    def may(self, role: Role) -> bool:
        """Whether a role is within theirs."""
        return ROLES.index(role) <= ROLES.index(self.role)


ALONE = Caller("local", "admin")
"""Whoever sits at a machine that serves itself alone."""


def needed(method: str, path: str) -> Role | None:
    """The role that a request needs; None where anyone may ask. Closed unless opened here."""
    if path.startswith(OPEN):
        return None
    if method in SAFE or path == "/logout":
        return "read"
    return "admin" if method == "DELETE" or path.endswith(ENDING) else "work"


class Doors:
    """Lets in who may, and notes who it is; without keys everyone is `ALONE`."""

    def __init__(self, app: ASGIApp, keys: Keys | None) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or say why not before any of its body is read."""
        if scope["type"] == "http":
            caller = self._caller(scope)
            scope.setdefault("state", {})["caller"] = caller
            await (_refused(scope, caller) or self._app)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller | None:
        if self._keys is None or not self._keys.ring.keys:
            return ALONE
        ring, request = self._keys.ring, Request(scope)
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return _as_caller(ring.holder(presented.strip()), by_cookie=False)
        key_id = opened(request.cookies.get(cookie_name(request), ""), ring.secret)
        return _as_caller(ring.find(key_id), by_cookie=True) if key_id else None


def foreign(scope: Scope, caller: Caller | None) -> bool:
    """Whether a request that changes something comes from another site's page (CSRF).

    Browsers say where a request comes from (Fetch Metadata; Origin in old ones). Programs say
    nothing, and are believed unless a browser's cookie speaks for them.
    """
    if scope["method"] in SAFE:
        return False
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    if origin is not None:
        return origin.partition("://")[2] != headers.get("host")
    return caller is not None and caller.by_cookie


def sealed(key: Key, secret: str) -> str:
    """The cookie of who logged in with a key."""
    return _sealer(secret).dumps(key.id)


def opened(cookie: str, secret: str) -> str | None:
    """The id of the key that a cookie was made for; None for one that does not hold."""
    try:
        return str(_sealer(secret).loads(cookie, max_age=SESSION_S))
    except BadSignature:
        return None


def cookie_name(request: Request) -> str:
    """Over TLS the name binds the cookie to this host alone (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


def caller_of(request: Request) -> Caller | None:
    """Who asks."""
    found: Caller | None = request.state.caller
    return found


def _as_caller(key: Key | None, by_cookie: bool) -> Caller | None:
    return None if key is None else Caller(key.name, key.role, key.id, by_cookie)


def _sealer(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="session")


def _refused(scope: Scope, caller: Caller | None) -> ASGIApp | None:
    """Why a caller may not come in, if so."""
    role = needed(scope["method"], scope["path"])
    if role is not None and caller is None:
        return _nobody(scope)
    if role is not None and caller is not None and not caller.may(role):
        return problem(scope, 403, f"This needs a key with the role `{role}`.")
    if foreign(scope, caller):
        return problem(scope, 403, "This was sent from the page of another site.")
    return None


def _nobody(scope: Scope) -> ASGIApp:
    if scope["path"].startswith(PROGRAMS):
        return problem(scope, 401, EXAMPLES[401], {"WWW-Authenticate": "Bearer"})
    following = quote(scope["path"]) if scope["method"] in SAFE else "/"
    return RedirectResponse(f"/login?next={following}", 303)
