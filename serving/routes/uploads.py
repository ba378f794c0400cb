"""What requests carry: photos, evidence, and forms."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, File, Form, Request, UploadFile
from starlette.datastructures import FormData

from wreckid.serving.doors.problems import RefusalError
from wreckid.serving.intake import NamedBytes
from wreckid.serving.settings import MIB, Settings

PHOTO_FIELD = "Photos of one wreck, as files in the form field `photos`."

Uploads = Annotated[list[UploadFile], File(description=PHOTO_FIELD)]
PageUploads = Annotated[list[UploadFile] | None, File()]
EvidenceJson = Annotated[
    str | None, Form(description="What is known besides the photos: `Evidence` as JSON.")
]

ByPage = Callable[[NamedBytes], Sequence[NamedBytes]]
"""A file as its pages."""

T = TypeVar("T")


async def _fields(request: Request) -> FormData:
    """The form as it came, photos aside."""
    return await request.form()


Fields = Annotated[FormData, Depends(_fields)]


class Crew:
    """Threads that judge: few, so that photos in memory are few, whoever else asks for what."""

    def __init__(self, settings: Settings) -> None:
        self._limit = CapacityLimiter(2 * settings.decoders)

    async def do(self, work: Callable[[], T]) -> T:
        """Do something in one of the threads, once there is one."""
        return await to_thread.run_sync(work, limiter=self._limit)


class Intake:
    """Takes in the photos of a request, within the limits."""

    def __init__(self, settings: Settings, by_page: ByPage) -> None:
        self._by_page = by_page
        self._most = settings.photos
        self._most_bytes = settings.photo_mib * MIB
        self.count = f"Send 1 to {settings.photos} photos of one wreck."
        self.pages = f"{self.count} Each page of a TIFF file is one."
        self.where = f"{self.count[:-1]}, as files in the form field `photos`."
        self.too_large = (
            f"A photo may have {settings.photo_mib} MiB and a request {settings.request_mib} MiB:"
            " keep the originals and send fewer or smaller copies."
        )

    def check(self, photos: Sequence[UploadFile]) -> None:
        """See whether photos are within the limits, by what is known of them.

        Raises:
            RefusalError: 422 for too few or too many, 413 for one that is too large.
        """
        if not 1 <= len(photos) <= self._most:
            raise RefusalError(422, self.count)
        if any((photo.size or 0) > self._most_bytes for photo in photos):
            raise RefusalError(413, self.too_large)

    def read(self, photos: Sequence[UploadFile]) -> list[NamedBytes]:
        """The bytes of the photos; each page of a TIFF file is one.

        Raises:
            RefusalError: 422 for too many pages.
        """
        files = (NamedBytes(name_of(photo), photo.file.read()) for photo in photos)
        pages = [page for file in files for page in self._by_page(file)]
        if len(pages) > self._most:
            raise RefusalError(422, self.pages)
        return pages


def name_of(photo: UploadFile) -> str:
    """The file's name, with the quotes that forms escape (HTML standard, multipart/form-data).

    What no Unicode text may hold, as odd charsets bring it, becomes a question mark.
    """
    name = (photo.filename or "photo").replace("%22", '"')
    return name.encode(errors="replace").decode()
