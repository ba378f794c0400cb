"""The pages of items; each form leads back to the page of its item, and none needs a script."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from wreckid.datasets.errors import first_problem
from wreckid.model.evidence import EvidenceError
from wreckid.serving.doors.problems import RefusalError
from wreckid.serving.form import evidence_of
from wreckid.serving.overlay import Shown
from wreckid.serving.page import UNTOUCHED, Page, typed
from wreckid.serving.routes.items import Who
from wreckid.serving.routes.uploads import Crew, Fields, Intake, PageUploads
from wreckid.serving.settings import Settings
from wreckid.serving.store.desk import Desk
from wreckid.serving.store.item import Author, Item, Reason, Statement
from wreckid.serving.store.items import ConflictError, NoItemError
from wreckid.serving.store.views import NewItem, Retention

PAGE = 50
GONE = "There is no such item, or it was deleted."
MINUTE = {"Cache-Control": "private, max-age=60"}
NO_PROBLEM = ("", 200)

Number = Annotated[int, Path(ge=1, le=1000)]
"""Of a photo of an item."""


class Casework:
    """Shows items, and does what their forms ask for."""

    def __init__(self, page: Page, desk: Desk, crew: Crew, settings: Settings) -> None:
        self._page = page
        self._desk = desk
        self._crew = crew
        self._settings = settings

    def overview(
        self, request: Request, before: int | None = None, problem: str = "", status: int = 200
    ) -> HTMLResponse:
        """The list of items."""
        items, following = self._desk.items.page(PAGE, before)
        return self._page.show(
            request,
            "items.html",
            status,
            records=items,
            following=following,
            problem=problem,
            last_day=self._settings.last_day(),
        )

    def item(
        self,
        request: Request,
        who: Who,
        item_id: str,
        problem: tuple[str, int] = NO_PROBLEM,
        fields: FormData = UNTOUCHED,
    ) -> HTMLResponse:
        """The page of an item, with evidence as it was typed where it could not be kept."""
        try:
            item = self._desk.items.get(item_id)
        except NoItemError:
            return self.overview(request, problem=GONE, status=404)
        withheld = item.withheld_from(who.name)
        shown = self._shown(item, withheld)
        result = None if withheld else item.result
        parts = {"result": None} if result is None else self._page.parts_of(result, shown)
        return self._page.show(
            request,
            "item.html",
            problem[1],
            **parts | {"evidence": item.evidence},
            item=item,
            shown=shown,
            withheld=withheld,
            current=self._desk.is_current(item),
            typed=typed(fields),
            history=self._desk.items.history(item_id),
            problem=problem[0],
        )

    async def work(
        self,
        request: Request,
        who: Who,
        item_id: str,
        do: Callable[[], object],
        fields: FormData = UNTOUCHED,
    ) -> Response:
        """Do something with an item, and show what it is then, or why it could not be done."""
        problem = await self._crew.do(lambda: _problem(do))
        if problem is None:
            return RedirectResponse(f"/items/{item_id}", 303)
        return await self._crew.do(lambda: self.item(request, who, item_id, problem, fields))

    def _shown(self, item: Item, withheld: bool) -> list[Shown]:
        """The pictures of an item; without class maps where the result is withheld."""
        pictured = self._desk.items.pictured(item.id)
        at = f"/items/{item.id}"
        return [
            Shown(
                photo.label,
                f"{at}/pictures/{photo.number}?{item.judged}",
                "" if withheld else f"{at}/maps/{photo.number}?{item.judged}",
            )
            for photo in item.photos
            if photo.number in pictured
        ]


def router(page: Page, desk: Desk, intake: Intake, crew: Crew, settings: Settings) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False, prefix="/items")
    casework = Casework(page, desk, crew, settings)
    _add_pages(routes, casework, desk)
    _add_forms(routes, casework, desk, intake)
    return routes


def _add_pages(routes: APIRouter, casework: Casework, desk: Desk) -> None:
    @routes.get("")
    def overview(
        request: Request, before: Annotated[int | None, Query(ge=0, le=2**62)] = None
    ) -> HTMLResponse:
        return casework.overview(request, before)

    @routes.post("")
    def create(request: Request, fields: Fields, who: Who) -> Response:
        try:
            new = NewItem.model_validate(_given(fields, "name", "blind", "delete_after"))
        except ValidationError as error:
            return casework.overview(request, problem=_sentence(error), status=422)
        item = desk.items.create(Author(who.name), new.name, new.blind, new.delete_after)
        return RedirectResponse(f"/items/{item.id}", 303)

    @routes.get("/{item_id}")
    def item(request: Request, item_id: str, who: Who) -> HTMLResponse:
        return casework.item(request, who, item_id)

    @routes.get("/{item_id}/pictures/{number}")
    def picture(item_id: str, number: Number) -> Response:
        found = desk.items.picture(item_id, number)
        return Response(status_code=404) if found is None else _webp(found.picture)

    @routes.get("/{item_id}/maps/{number}")
    def map_(item_id: str, number: Number, who: Who) -> Response:
        found = desk.items.picture(item_id, number)
        withheld = found is None or desk.withheld(item_id, who.name)
        return Response(status_code=404) if withheld or not found else _webp(found.map)


def _add_forms(routes: APIRouter, casework: Casework, desk: Desk, intake: Intake) -> None:
    @routes.post("/{item_id}/photos")
    async def add_photos(
        request: Request, item_id: str, who: Who, photos: PageUploads = None
    ) -> Response:
        def add() -> None:
            intake.check(photos or [])
            desk.add_photos(Author(who.name), item_id, intake.read(photos or []))

        return await casework.work(request, who, item_id, add)

    @routes.post("/{item_id}/evidence")
    async def give(request: Request, item_id: str, fields: Fields, who: Who) -> Response:
        def keep() -> None:
            version = TypeAdapter(int).validate_python(fields.get("version"))
            desk.give_evidence(Author(who.name), item_id, evidence_of(fields), version)

        return await casework.work(request, who, item_id, keep, fields)

    @routes.post("/{item_id}/judge")
    async def judge(request: Request, item_id: str, who: Who) -> Response:
        return await casework.work(
            request,
            who,
            item_id,
            lambda: desk.judge_again(Author(who.name), desk.items.get(item_id)),
        )

    @routes.post("/{item_id}/answer")
    async def answer(request: Request, item_id: str, fields: Fields, who: Who) -> Response:
        return await casework.work(
            request,
            who,
            item_id,
            lambda: desk.items.answer(Author(who.name), item_id, _stated(fields)),
        )

    @routes.post("/{item_id}/decision")
    async def decide(request: Request, item_id: str, fields: Fields, who: Who) -> Response:
        return await casework.work(
            request,
            who,
            item_id,
            lambda: desk.items.decide(Author(who.name), item_id, _stated(fields)),
        )

    @routes.post("/{item_id}/retention")
    async def retain(request: Request, item_id: str, fields: Fields, who: Who) -> Response:
        def keep() -> None:
            day = fields.get("delete_after") or None
            until = Retention.model_validate({"delete_after": day}).delete_after
            desk.items.retain(Author(who.name), item_id, until)

        return await casework.work(request, who, item_id, keep)

    @routes.post("/{item_id}/delete")
    async def delete(request: Request, item_id: str, fields: Fields, who: Who) -> Response:
        def drop() -> None:
            reason = TypeAdapter(Reason).validate_python(fields.get("reason"))
            desk.items.delete(Author(who.name), item_id, reason)

        answer = await casework.work(request, who, item_id, drop)
        return RedirectResponse("/items", 303) if answer.status_code == 303 else answer


def _problem(do: Callable[[], object]) -> tuple[str, int] | None:
    """Why something could not be done and the status that says so; None once it is done."""
    try:
        do()
    except RefusalError as error:
        return error.detail, error.status
    except ConflictError as error:
        return str(error), 409
    except EvidenceError as error:
        return str(error), 422
    except ValidationError as error:
        return _sentence(error), 422
    except NoItemError:
        return GONE, 404
    return None


def _sentence(error: ValidationError) -> str:
    """The first problem of a form."""
    return first_problem(error.errors()).replace("_", " ") + "."


def _stated(fields: FormData) -> Statement:
    level, _, named = str(fields.get("statement", "")).partition(":")
    given = {"level": level, "id": named or None, "reason": fields.get("reason", "")}
    return Statement.model_validate(given)


def _given(fields: FormData, *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names if fields.get(name)}


def _webp(data: bytes) -> Response:
    return Response(data, media_type="image/webp", headers=MINUTE)
