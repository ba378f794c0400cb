"""Text that no file or database can hold is refused, wherever it stands in a body."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from starlette.requests import Request

from wreckid.serving.doors.callers import SAFE
from wreckid.serving.doors.problems import RefusalError

FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
NO_TEXT = "The text holds half of a character (a lone surrogate) or NUL: leave it out."
TELLING = (str, dict, list, tuple)
"""What may hold words, unlike the numbers of a tensor."""
SPOILT = re.compile("[\x00\ud800-\udfff]")


async def only_text(request: Request) -> None:
    """Look through the words of a form or of JSON, before a route works with them.

    Raises:
        RefusalError: 422 for a surrogate or a NUL among them.
    """
    if request.method not in SAFE and any(map(SPOILT.search, _words(await _sent(request)))):
        raise RefusalError(422, NO_TEXT)


async def _sent(request: Request) -> object:
    kind = request.headers.get("content-type", "").lower()
    if kind.startswith(FORM_TYPES):
        return (await request.form()).multi_items()
    if "json" in kind:
        with suppress(ValueError, RecursionError):  # The route says what is wrong with it.
            return await request.json()
    return None


def _words(sent: object) -> Iterator[str]:
    """All words, level by level: a body may be nested deeper than calls may be."""
    level = [sent]
    while level:
        yield from (one for one in level if isinstance(one, str))
        level = [inner for one in level for inner in _within(one) if isinstance(inner, TELLING)]


def _within(one: object) -> Iterable[object]:
    if isinstance(one, dict):
        return chain(one, one.values())
    return one if isinstance(one, list | tuple) else ()
