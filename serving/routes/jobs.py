"""Jobs over HTTP: an archive in, progress as events, a sealed run out; with pages."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated

from anyio import current_time, sleep, to_thread
from fastapi import APIRouter, FastAPI, File, Form, Query, Request, UploadFile
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from pydantic import BaseModel, ConfigDict, Field

from wreckid.serving.doors.problems import described, problem
from wreckid.serving.folder import RESULTS, TABLE
from wreckid.serving.page import Page
from wreckid.serving.report import FRONT, PARTS
from wreckid.serving.routes.items import ZIP, Who, pieces
from wreckid.serving.routes.uploads import Crew, name_of
from wreckid.serving.store.item import ItemName, Reason
from wreckid.serving.store.jobs import Job, JobError, Jobs, NoJobError, archive_run

STREAM_S = 25
"""How long events are sent before a client is to ask again; bounds how long an end waits."""
EVENTS = "text/event-stream"
SANDBOX = "sandbox allow-scripts; frame-ancestors 'none'"
"""A report brings its own policy; it is shown as if from no site at all."""
NO_JOB = "There is no such job, or it has no results yet: GET /v1/jobs lists them."


class JobPage(BaseModel):
    """Jobs, the newest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jobs: tuple[Job, ...]
    next: str | None = Field(description="`before` of the next page; null on the last.")


def router(jobs: Jobs, crew: Crew) -> APIRouter:
    """The routes for programs."""
    routes = APIRouter(tags=["jobs"], prefix="/v1/jobs")
    _add_jobs(routes, jobs, crew)
    _add_results(routes, jobs, crew)
    return routes


def add_refusals(app: FastAPI) -> None:
    """What the jobs cannot do, as problems."""

    @app.exception_handler(NoJobError)
    def no_job(request: Request, error: NoJobError) -> Response:
        return problem(request.scope, 404, NO_JOB)

    @app.exception_handler(JobError)
    def cannot(request: Request, error: JobError) -> Response:
        return problem(request.scope, 409, str(error))


def _add_jobs(routes: APIRouter, jobs: Jobs, crew: Crew) -> None:
    @routes.post("", status_code=202, responses=described(400, 408, 413, 415, 422, 429, 503))
    async def submit(
        who: Who,
        files: Annotated[list[UploadFile], File(description="One zip archive, or photos.")],
        name: Annotated[ItemName, Form(description="For people.")] = "Photos",
        by_folder: Annotated[
            bool, Form(description="Each folder is one item, instead of each photo.")
        ] = False,
    ) -> Job:
        """Take in an archive or photos, and judge them in the background."""
        named = [(name_of(file), file.file) for file in files]
        return await crew.do(lambda: jobs.submit(who.name, name, by_folder, named))

    @routes.get("", responses=described(422))
    def page(
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        before: Annotated[str | None, Query(max_length=40)] = None,
    ) -> JobPage:
        """List the jobs, the newest first; `next` of a page is `before` of the one after."""
        found, following = jobs.page(limit, before)
        return JobPage(jobs=tuple(found), next=following)

    @routes.get("/{job_id}", responses=described(404, 409, 422))
    def get(job_id: str) -> Job:
        """How far a job is."""
        return jobs.get(job_id)

    @routes.delete("/{job_id}", status_code=204, responses=described(404, 409, 422, 429, 503))
    def delete(job_id: str, who: Who, reason: Annotated[Reason, Query()]) -> None:
        """Delete a job with its archive and results; that it was stays in the log."""
        jobs.delete(who.name, job_id, reason)


def _add_results(routes: APIRouter, jobs: Jobs, crew: Crew) -> None:
    @routes.get(
        "/{job_id}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {EVENTS: {}}}, **described(404, 409, 422)},
    )
    async def events(job_id: str) -> StreamingResponse:
        """How far a job is, as server-sent events `progress`; the last one is of its end."""
        first = await to_thread.run_sync(jobs.get, job_id)
        stream = _progress(jobs, first)
        return StreamingResponse(stream, media_type=EVENTS, headers={"Cache-Control": "no-cache"})

    @routes.get(
        "/{job_id}/results.jsonl", response_class=FileResponse, responses=described(404, 409)
    )
    def rows(job_id: str) -> FileResponse:
        """A result an item, as JSON Lines."""
        return FileResponse(jobs.run_folder(job_id) / RESULTS, media_type="application/jsonl")

    @routes.get("/{job_id}/results.csv", response_class=FileResponse, responses=described(404, 409))
    def table(job_id: str) -> FileResponse:
        """A row an item, for spreadsheets."""
        return FileResponse(jobs.run_folder(job_id) / TABLE, media_type="text/csv; charset=utf-8")

    @routes.get(
        "/{job_id}/run.zip", response_class=StreamingResponse, responses=described(404, 409)
    )
    async def run(job_id: str) -> StreamingResponse:
        """The whole sealed run, as `wreckid batch` writes it."""
        folder = await to_thread.run_sync(jobs.run_folder, job_id)
        file = await crew.do(lambda: _archived(folder))
        name = f'attachment; filename="run-{job_id}.zip"'
        return StreamingResponse(
            pieces(file), media_type=ZIP, headers={"Content-Disposition": name}
        )


def pages(page: Page, jobs: Jobs, crew: Crew) -> APIRouter:
    """The routes for people."""
    routes = APIRouter(include_in_schema=False, prefix="/jobs")

    @routes.get("")
    def overview(
        request: Request, before: Annotated[str | None, Query(max_length=40)] = None
    ) -> HTMLResponse:
        found, following = jobs.page(50, before)
        return page.show(request, "jobs.html", records=found, following=following, problem="")

    @routes.post("")
    async def submit(
        request: Request,
        who: Who,
        files: Annotated[list[UploadFile] | None, File()] = None,
        name: Annotated[str, Form()] = "",
        by_folder: Annotated[bool, Form()] = False,
    ) -> Response:
        named = [(name_of(file), file.file) for file in files or []]
        if not named:
            found, following = await to_thread.run_sync(jobs.page, 50)
            told = {"records": found, "following": following, "problem": "Choose an archive."}
            return page.show(request, "jobs.html", 422, **told)
        title = name.strip()[:200] or named[0][0][:200]
        job = await crew.do(lambda: jobs.submit(who.name, title, by_folder, named))
        return RedirectResponse(f"/jobs/{job.id}", 303)

    @routes.get("/{job_id}")
    def job(request: Request, job_id: str) -> HTMLResponse:
        return page.show(request, "job.html", job=jobs.get(job_id))

    @routes.get("/{job_id}/report.html")
    def front(job_id: str) -> FileResponse:
        return _report(jobs.run_folder(job_id) / FRONT)

    @routes.get("/{job_id}/report/{part}")
    def part(job_id: str, part: str) -> FileResponse:
        known = {one.name: one for one in (jobs.run_folder(job_id) / PARTS).glob("*.html")}
        if part not in known:
            raise NoJobError
        return _report(known[part])

    return routes


async def _progress(jobs: Jobs, job: Job) -> AsyncIterator[str]:
    """Events of a job, one at first and one a change."""
    until, told = current_time() + STREAM_S, None
    while True:
        if job != told:
            yield f"event: progress\ndata: {job.model_dump_json()}\n\n"
            told = job
        if job.ended or current_time() > until:
            return
        await sleep(1)
        job = await to_thread.run_sync(jobs.get, job.id)


def _report(file: Path) -> FileResponse:
    return FileResponse(
        file, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": SANDBOX}
    )


def _archived(run: Path) -> IO[bytes]:
    file: IO[bytes] = SpooledTemporaryFile(2**24)  # noqa: SIM115 - `pieces` closes it.
    archive_run(run, file)
    return file
