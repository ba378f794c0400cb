"""Items over HTTP: made, worked on, decided, exported, deleted."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from wreckid.model.evidence import Evidence
from wreckid.serving.doors.callers import Caller, caller_of
from wreckid.serving.doors.problems import EXAMPLES, RefusalError, described, not_kept, problem
from wreckid.serving.routes.uploads import Crew, Intake, Uploads
from wreckid.serving.settings import Settings
from wreckid.serving.store.database import UNREACHABLE
from wreckid.serving.store.desk import Desk
from wreckid.serving.store.export import export
from wreckid.serving.store.item import (
    ANSWERED,
    JUDGED,
    Author,
    Item,
    Reason,
    Statement,
)
from wreckid.serving.store.items import ConflictError, NoItemError
from wreckid.serving.store.views import ItemPage, ItemView, NewItem, Retention, Told

IN_MEMORY = 16 * 2**20
"""Bytes of an export that are held in memory; the rest goes through a file."""
PIECE = 2**18
TELLING = (JUDGED, ANSWERED)
"""Events that tell what one is not to see before one's own answer."""
BYTES, ZIP = "application/octet-stream", "application/zip"


IdempotencyKey = Annotated[
    str | None,
    Header(max_length=200, description="A repeated request with the same key has no new effect."),
]


def _who(request: Request) -> Caller:
    caller = caller_of(request)
    if caller is None:
        raise RefusalError(401, "Send a key.")
    return caller


Who = Annotated[Caller, Depends(_who)]


def _author(who: Who, idempotency_key: IdempotencyKey = None) -> Author:
    return Author(who.name, idempotency_key)


By = Annotated[Author, Depends(_author)]


def view(item: Item, caller: Caller, desk: Desk) -> ItemView:
    """An item, as someone may see it."""
    withheld = item.withheld_from(caller.name)
    hidden: dict[str, Any] = {"result": None, "answers": ()} if withheld else {}
    shown = {name: getattr(item, name) for name in ItemView.model_fields if hasattr(item, name)}
    return ItemView.model_construct(
        **shown | hidden, withheld=withheld, current=desk.is_current(item)
    )


def router(desk: Desk, intake: Intake, crew: Crew, settings: Settings) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["items"], prefix="/v1/items")
    _add_items(routes, desk, settings)
    _add_work(routes, desk, intake, crew)
    _add_files(routes, desk, crew)
    return routes


def add_refusals(app: FastAPI) -> None:
    """What the store cannot do, as problems."""

    @app.exception_handler(NoItemError)
    def no_item(request: Request, error: NoItemError) -> Response:
        return problem(request.scope, 404, EXAMPLES[404])

    @app.exception_handler(ConflictError)
    def conflict(request: Request, error: ConflictError) -> Response:
        return problem(request.scope, 409, str(error))

    def not_written(request: Request, error: Exception) -> Response:
        return not_kept(request.scope, getattr(error, "orig", error))

    for failure in (*UNREACHABLE, OSError):
        app.add_exception_handler(failure, not_written)


def _add_items(routes: APIRouter, desk: Desk, settings: Settings) -> None:
    @routes.post("", status_code=201, responses=described(408, 413, 415, 422, 429, 503))
    def create(new: NewItem, who: Who, by: By) -> ItemView:
        """Make an item."""
        until = new.delete_after or settings.last_day()
        return view(desk.items.create(by, new.name, new.blind, until), who, desk)

    @routes.get("", responses=described(422, 503))
    def page(
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    ) -> ItemPage:
        """List the items, the newest first; `next` of a page is `before` of the one after."""
        items, following = desk.items.page(limit, before)
        return ItemPage(items=tuple(items), next=following)

    @routes.get("/{item_id}", responses=described(404, 422, 503))
    def get(item_id: str, who: Who) -> ItemView:
        """An item as it is."""
        return view(desk.items.get(item_id), who, desk)

    @routes.get("/{item_id}/history", responses=described(404, 422, 503))
    def history(item_id: str, who: Who) -> list[Told]:
        """All that happened to an item, also to one that was deleted."""
        withheld = desk.withheld(item_id, who.name)
        return [
            Told(
                number=event.number,
                time=event.time,
                event=event.name,
                who=event.who,
                body=None
                if event.body is None or (withheld and event.name in TELLING)
                else dict(event.body),
            )
            for event in desk.items.history(item_id)
        ]

    @routes.put("/{item_id}/retention", responses=described(404, 408, 413, 415, 422, 429, 503))
    def retain(item_id: str, retention: Retention, who: Who) -> ItemView:
        """Say until when an item is kept."""
        return view(desk.items.retain(Author(who.name), item_id, retention.delete_after), who, desk)

    @routes.delete("/{item_id}", status_code=204, responses=described(404, 422, 429, 503))
    def delete(item_id: str, who: Who, reason: Annotated[Reason, Query()]) -> None:
        """Delete an item and its originals; that it was, and who deleted it, stays in the log."""
        desk.items.delete(Author(who.name), item_id, reason)


def _add_work(routes: APIRouter, desk: Desk, intake: Intake, crew: Crew) -> None:
    @routes.post(
        "/{item_id}/photos", responses=described(400, 404, 408, 409, 413, 415, 422, 429, 503)
    )
    async def add_photos(item_id: str, photos: Uploads, who: Who, by: By) -> ItemView:
        """Add photos; the originals are kept, and the item is judged anew."""
        intake.check(photos)
        item = await crew.do(lambda: desk.add_photos(by, item_id, intake.read(photos)))
        return view(item, who, desk)

    @routes.put("/{item_id}/evidence", responses=described(404, 408, 409, 413, 415, 422, 429, 503))
    async def give_evidence(
        item_id: str,
        evidence: Evidence,
        who: Who,
        version: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    ) -> ItemView:
        """Replace the evidence; with `version`, only if it is still that of the item."""
        item = await crew.do(
            lambda: desk.give_evidence(Author(who.name), item_id, evidence, version)
        )
        return view(item, who, desk)

    @routes.post("/{item_id}/judge", responses=described(404, 422, 429, 503))
    async def judge(item_id: str, who: Who) -> ItemView:
        """Judge the item again, by the release that answers now."""
        author = Author(who.name)
        item = await crew.do(lambda: desk.judge_again(author, desk.items.get(item_id)))
        return view(item, who, desk)

    @routes.post("/{item_id}/answer", responses=described(404, 408, 409, 413, 415, 422, 429, 503))
    def answer(item_id: str, statement: Statement, who: Who, by: By) -> ItemView:
        """Give your own answer to an item that is worked on blind; then you see the model's."""
        return view(desk.items.answer(by, item_id, statement), who, desk)

    @routes.post("/{item_id}/decision", responses=described(404, 408, 409, 413, 415, 422, 429, 503))
    def decide(item_id: str, statement: Statement, who: Who, by: By) -> ItemView:
        """Write down what is decided, and why; an earlier decision stays in the history."""
        return view(desk.items.decide(by, item_id, statement), who, desk)


def _add_files(routes: APIRouter, desk: Desk, crew: Crew) -> None:
    @routes.get(
        "/{item_id}/photos/{number}",
        response_class=Response,
        responses={200: {"content": {BYTES: {}}}, **described(404, 422, 503)},
    )
    def original(item_id: str, number: int) -> Response:
        """A photo as it was received."""
        photo = next((one for one in desk.items.get(item_id).photos if one.number == number), None)
        data = None if photo is None else desk.items.uploads.read(photo.sha256)
        if not isinstance(data, bytes):
            raise RefusalError(404, "There is no such photo.")
        return Response(data, media_type=BYTES, headers={"Content-Disposition": "attachment"})

    @routes.get(
        "/{item_id}/export",
        response_class=StreamingResponse,
        responses={200: {"content": {ZIP: {}}}, **described(404, 409, 422, 503)},
    )
    async def archive(item_id: str, who: Who) -> StreamingResponse:
        """The item as a zip archive: originals, result, history, its lines of the log."""
        file = await crew.do(lambda: _exported(desk, item_id, who.name))
        name = f'attachment; filename="wreck-{item_id}.zip"'
        return StreamingResponse(
            pieces(file), media_type=ZIP, headers={"Content-Disposition": name}
        )


def _exported(desk: Desk, item_id: str, name: str) -> IO[bytes]:
    item = desk.items.get(item_id)
    if item.withheld_from(name):
        raise ConflictError("This item is worked on blind: give your own answer first.")
    file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - `pieces` closes it.
    try:
        export(desk.items, item, file)
    except BaseException:
        file.close()
        raise
    return file


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """A file piece by piece, closed at the end."""
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
