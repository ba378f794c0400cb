"""Folders over HTTP: an archive is kept, judged as `wreckid batch` would, and gone on with."""

import logging
import os
import re
import secrets
import shutil
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wreckid.datasets.errors import SetupError
from wreckid.serving.classifier import Classifier
from wreckid.serving.custody import settle, write_whole
from wreckid.serving.folder import AnotherRunError, Run, Wanted, open_run
from wreckid.serving.store import ledger
from wreckid.serving.store.database import JOBS, Database
from wreckid.serving.store.uploads import left_behind

STATE, SOURCE, RUN = "job.json", "source.zip", "run"
ID = re.compile("[0-9A-Za-z-]{1,40}")
DELETED = "job-deleted"
"""The event in the log of the store."""
FAILED = "Something went wrong here: tell the operator the id of the job."
LOOK_S = 30
"""How often a replica looks for jobs that another one left."""

logger = logging.getLogger(__name__)

JobState = Literal["waiting", "running", "done", "failed"]
ENDED: tuple[JobState, ...] = ("done", "failed")


class Job(BaseModel):
    """An archive that is judged, and how far."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    created: datetime
    created_by: str
    by_folder: bool = Field(description="Each folder of the archive is one item, not each photo.")
    state: JobState = "waiting"
    items: int = 0
    done: int = 0
    photos: int = Field(default=0, description="Judged so far.")
    unreadable: int = 0
    verdicts: Mapping[str, int] = Field(default_factory=dict)
    problem: str | None = None
    seal: str | None = Field(default=None, description="Hash of the last line of the run's log.")

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state in ENDED


class NoJobError(Exception):
    """There is no such job."""


class JobError(SetupError):
    """A job cannot be read or deleted as it is; the sentence says what to do."""


class Jobs:
    """The jobs of a store, and the thread that does one after the other."""

    def __init__(self, store: Path, classifier: Classifier, database: Database) -> None:
        self._folder = store / JOBS
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._classifier = classifier
        self._database = database
        self._ending, self._news = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin to work, first on what was left."""
        self._thread.start()

    def works(self) -> bool:
        """Whether jobs are still taken up."""
        return self._thread.is_alive()

    def end(self) -> None:
        """Stop at the next safe moment; the same job goes on when a service starts again."""
        self._ending.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join()

    def submit(
        self, who: str, name: str, by_folder: bool, files: Sequence[tuple[str, IO[bytes]]]
    ) -> Job:
        """Take in an archive, or photos; once this returns, they are on the disk.

        Args:
            who: submits it.
            name: for people.
            by_folder: each folder of the archive is one item, instead of each photo.
            files: one zip archive, or photos, with their names.
        """
        now = datetime.now(UTC)
        job_id = f"{now:%Y%m%d%H%M%S}-{secrets.token_hex(4)}"
        job = Job(id=job_id, name=name, created=now, created_by=who, by_folder=by_folder)
        draft = self._folder / f".{job_id}"
        draft.mkdir(mode=0o700)
        try:
            _keep(draft / SOURCE, files)
            _save(draft, job)
            draft.rename(self._folder / job_id)
            settle(self._folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._news.set()
        return job

    def get(self, job_id: str) -> Job:
        """A job as it is.

        Raises:
            NoJobError: there is none.
            JobError: its record is not as it was written.
        """
        try:
            return Job.model_validate_json((self._place(job_id) / STATE).read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NoJobError from error
        except ValidationError as error:
            told = f"The job {job_id} cannot be read: restore or remove its folder."
            raise JobError(told) from error

    def page(self, limit: int, before: str | None = None) -> tuple[list[Job], str | None]:
        """Jobs, the newest first, and where the next page begins."""
        ids = [job_id for job_id in reversed(self._ids()) if before is None or job_id < before]
        shown = list(self._known(ids[:limit]))
        return shown, ids[limit - 1] if len(ids) > limit else None

    def delete(self, who: str, job_id: str, reason: str) -> None:
        """Delete a job with its archive and results; the log of the store tells of it first.

        Raises:
            NoJobError: there is none.
            JobError: it cannot be read, or is being worked on.
        """
        self.get(job_id)
        with self._alone(job_id) as alone:
            if not alone:
                raise JobError("The job is being worked on: wait for its end.")
            job = self.get(job_id)
            with self._database.writing() as connection:
                body = {"reason": reason, "photos": job.photos, "seal": job.seal}
                ledger.append(connection, {"job": job_id}, DELETED, who, body)
            gone = self._place(job_id).rename(self._folder / f".{job_id}")
            shutil.rmtree(gone)

    def sweep(self) -> None:
        """Delete folders of jobs that were never taken in whole, or not deleted whole."""
        for folder in filter(left_behind, self._folder.glob(".*/")):
            shutil.rmtree(folder, ignore_errors=True)

    def run_folder(self, job_id: str) -> Path:
        """Where the run of a job lies.

        Raises:
            NoJobError: there is no such job, or it has no results yet.
        """
        if self.get(job_id).state != "done":
            raise NoJobError
        return self._place(job_id) / RUN

    def _place(self, job_id: str) -> Path:
        """The folder of a job; ids that are none lead nowhere."""
        if not ID.fullmatch(job_id):
            raise NoJobError
        return self._folder / job_id

    @contextmanager
    def _alone(self, job_id: str) -> Iterator[bool]:
        """Whether no other replica works on a job."""
        try:
            with FileLock(self._folder / f".{job_id}.lock", timeout=0):
                yield True
        except Timeout:
            yield False

    def _ids(self) -> list[str]:
        return sorted(one.name for one in self._folder.iterdir() if one.name[0] != ".")

    def _known(self, ids: Sequence[str]) -> Iterator[Job]:
        """The jobs of some ids, but for those deleted meanwhile and those that cannot be read."""
        for job_id in ids:
            try:
                yield self.get(job_id)
            except NoJobError:
                continue
            except JobError as error:
                logger.error("%s", error)

    def _work(self) -> None:
        while not self._ending.is_set():
            self._news.clear()
            with _survived("The jobs could not be looked through."):
                self._look_through()
            self._news.wait(LOOK_S)

    def _look_through(self) -> None:
        """Go on with each job that has not ended; one that cannot be stops no other."""
        for job_id in self._ids():
            with _survived(f"The job {job_id} could not be gone on with."), suppress(NoJobError):
                if not self._ending.is_set() and not self.get(job_id).ended:
                    self._do(job_id)

    def _do(self, job_id: str) -> None:
        """Go on with a job, unless another replica does; whatever fails is told of the job.

        Raises:
            NoJobError: it was deleted meanwhile.
        """
        with self._alone(job_id) as alone:
            job = self.get(job_id)
            if not alone or job.ended:
                return
            try:
                self._go_on(job)
            except AnotherRunError:  # By another release or version, and not given out yet.
                shutil.rmtree(self._place(job_id) / RUN)
                self._news.set()
            except SetupError as error:
                self._fail(job, str(error))
            except OSError:
                logger.exception("The job %s waits for a disk that can be written to.", job_id)
            except Exception:
                logger.exception("The job %s failed.", job_id)
                self._fail(job, FAILED)

    def _fail(self, job: Job, problem: str) -> None:
        failed = {"state": "failed", "problem": problem}
        _save(self._place(job.id), job.model_copy(update=failed))

    def _go_on(self, waiting: Job) -> None:
        place, job = self._place(waiting.id), waiting.model_copy(update={"state": "running"})
        wanted = Wanted(place / SOURCE, place / RUN, job.by_folder)
        with open_run(wanted, self._classifier) as run:

            def stop() -> bool:
                _save(place, _progress(job, run))
                return self._ending.is_set()

            if not run.sealed:
                run.go_on(lambda row: None, stop)
            if run.done < run.planned:
                return
            if not run.sealed:
                run.seal()
            ended = {"state": "done", "seal": run.log.head}
            _save(place, _progress(job, run).model_copy(update=ended))


@contextmanager
def _survived(what: str) -> Iterator[None]:
    """Log an unexpected failure, so that the thread outlives it and tries again later."""
    try:
        yield
    except Exception:
        logger.exception(what)


def archive_run(run: Path, file: IO[bytes]) -> None:
    """Write a zip archive of a run."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(run.rglob("*")):
            if one.is_file() and not one.name.startswith("."):
                archive.write(one, one.relative_to(run))


def _progress(job: Job, run: Run) -> Job:
    counts = run.counts
    return job.model_copy(
        update={
            "items": run.planned,
            "done": run.done,
            "photos": counts.photos,
            "unreadable": counts.unreadable,
            "verdicts": dict(counts.verdicts),
        }
    )


def _save(place: Path, job: Job) -> None:
    write_whole(place / STATE, [job.model_dump_json(indent=1).encode()])


def _keep(target: Path, files: Sequence[tuple[str, IO[bytes]]]) -> None:
    """Keep an archive as it came, or pack photos into one, and wait until the disk has it."""
    with target.open("xb") as stream:
        if len(files) == 1 and zipfile.is_zipfile(files[0][1]):
            files[0][1].seek(0)
            shutil.copyfileobj(files[0][1], stream)
        else:
            _pack(stream, files)
        stream.flush()
        os.fsync(stream.fileno())


def _pack(stream: IO[bytes], files: Sequence[tuple[str, IO[bytes]]]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, photo) in enumerate(files, 1):
            photo.seek(0)
            entry = zipfile.ZipInfo(f"{number:04} {name.replace('/', ' ')}")
            with archive.open(entry, "w") as packed:
                shutil.copyfileobj(photo, packed)
