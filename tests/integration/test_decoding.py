"""A photo that kills its decoder costs that photo, and nothing else."""

import os
import signal
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from PIL import Image

from wreckid.model.evidence import Box, EvidenceError
from wreckid.model.preprocessing import InputSpec
from wreckid.serving.doors.decoding import Decoders, _context
from wreckid.serving.intake import NamedBytes, by_page
from wreckid.serving.sight import see

MakePhoto = Callable[..., bytes]
SPEC = InputSpec(size=64, mean=(0, 0, 0), std=(1, 1, 1), resize="squash")
GIB = 2**30


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    decoders = Decoders(1, 3 * GIB, 60)
    yield decoders
    decoders.close()


def test_a_photo_is_seen_elsewhere_as_here(decoders: Decoders, photo: MakePhoto) -> None:
    one = NamedBytes("a.jpg", photo("red"))
    here, there = see(one, SPEC), decoders.see(one, SPEC)
    assert there.record == here.record
    assert here.sight is not None and there.sight is not None
    assert (there.sight.array == here.sight.array).all()
    assert there.sight.picture == here.sight.picture


def test_pages_are_told_and_seen_elsewhere_as_here(decoders: Decoders) -> None:
    file = BytesIO()
    red, blue = (Image.new("RGB", (80, 60), colour) for colour in ("red", "blue"))
    red.save(file, "TIFF", save_all=True, append_images=[blue])
    scan = NamedBytes("scan.tif", file.getvalue())
    pages = decoders.by_page(scan)
    assert pages == by_page(scan) and len(pages) == 2
    for page, colour in zip(pages, ((255, 0, 0), (0, 0, 255)), strict=True):
        here, there = see(page, SPEC), decoders.see(page, SPEC)
        assert there.record == here.record
        assert there.sight is not None and there.sight.picture.getpixel((9, 9)) == colour


def test_a_file_whose_pages_take_too_long_to_count_is_one_photo() -> None:
    hasty = Decoders(1, 3 * GIB, 0)
    scan = NamedBytes("scan.tif", b"II*\0\x08\0\0\0\0\0")
    assert hasty.by_page(scan) == (scan,)
    hasty.close()


def test_a_wrong_box_is_told(decoders: Decoders, photo: MakePhoto) -> None:
    box = Box(photo=1, left=900, top=0, right=950, bottom=50)
    with pytest.raises(EvidenceError, match="photo 1"):
        decoders.see(NamedBytes("a.jpg", photo()), SPEC, box)


def test_a_decoder_that_was_killed_starts_again(decoders: Decoders, photo: MakePhoto) -> None:
    assert decoders.work()
    decoder = decoders._idle.get()
    os.kill(decoder._process.pid, signal.SIGKILL)
    decoder._process.join()
    decoders._idle.put(decoder)
    assert decoders.see(NamedBytes("a.jpg", photo()), SPEC).record.failure is not None
    assert decoders.see(NamedBytes("a.jpg", photo()), SPEC).record.failure is None


@pytest.mark.parametrize("refusal", [BlockingIOError(11, "Try again"), EOFError()])
def test_a_decoder_that_could_not_start_starts_with_the_next_photo(
    photo: MakePhoto, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    def refused(_: object) -> None:
        raise refusal

    one, fresh = NamedBytes("a.jpg", photo()), Decoders(1, 3 * GIB, 60)
    with monkeypatch.context() as patched:
        patched.setattr(_context().Process, "start", refused)
        failures = [fresh.see(one, SPEC).record.failure for _ in range(2)]
    assert [failure and failure.code for failure in failures] == ["unreadable"] * 2
    assert fresh.see(one, SPEC).record.failure is None
    fresh.close()


def test_a_photo_that_takes_too_long_is_given_up(decoders: Decoders, photo: MakePhoto) -> None:
    hasty = Decoders(1, 3 * GIB, 0)
    seen = hasty.see(NamedBytes("slow.jpg", photo()), SPEC)
    assert seen.record.failure is not None and seen.record.failure.code == "too-large"
    assert seen.record.sha256 == see(NamedBytes("slow.jpg", photo()), SPEC).record.sha256
    hasty.close()


def test_a_photo_that_computes_too_long_is_given_up(photo: MakePhoto) -> None:
    hasty = Decoders(1, 3 * GIB, 0.1)
    file = BytesIO()
    grey = Image.new("L", (7000, 7000))
    grey.save(file, "WEBP", quality=1, method=0)
    failures = [hasty.see(NamedBytes("big.webp", file.getvalue()), SPEC).record.failure]
    hasty.close()
    assert [one and one.code for one in failures] == ["too-large"]


def test_a_photo_that_needs_too_much_memory_is_given_up(photo: MakePhoto) -> None:
    file = BytesIO()
    Image.new("I;16", (5000, 5000)).save(file, "PNG", compress_level=1)
    tight = Decoders(1, GIB // 2, 60)
    deep = tight.see(NamedBytes("deep.png", file.getvalue()), SPEC).record.failure
    small = tight.see(NamedBytes("a.jpg", photo()), SPEC).record.failure
    tight.close()
    assert deep is not None and deep.code == "too-large"
    assert small is None
