"""Which language a page speaks: as chosen on it, else as the browser asks, else English."""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response

from wreckid.serving.translation import ENGLISH, LANGUAGES

CHOICE = "language"
"""The query parameter of a choice, and the cookie that keeps it."""
KEPT_S = 365 * 24 * 3600
"""How long a choice is kept."""


def language_of(request: Request) -> str:
    """The language to answer a request in."""
    asked = _accepted(request.headers.get("accept-language", ""))
    wanted = (request.query_params.get(CHOICE, ""), request.cookies.get(CHOICE, ""), *asked)
    return next((one for one in wanted if one in LANGUAGES), ENGLISH)


def mark(answer: Response, request: Request, language: str) -> None:
    """Let an answer tell its language and what decided it, and keep a choice."""
    answer.headers["Content-Language"] = language
    answer.headers.append("Vary", "Accept-Language, Cookie")
    if request.query_params.get(CHOICE) == language:
        answer.set_cookie(
            CHOICE,
            language,
            max_age=KEPT_S,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )


def _accepted(header: str) -> Iterator[str]:
    """The languages that a browser accepts without their regions, the best first (RFC 9110)."""
    weighed = [_weighed(part) for part in header.split(",")]
    best = sorted((one for one in weighed if 0 < one[0] <= 1), key=lambda one: -one[0])
    return (tag.split("-")[0] for _, tag in best)


def _weighed(part: str) -> tuple[float, str]:
    """A part of `Accept-Language`: its weight, 0 for one that cannot be read, and its tag."""
    tag, _, weight = part.replace(" ", "").lower().partition(";q=")
    try:
        return float(weight or 1), tag
    except ValueError:
        return 0.0, tag
