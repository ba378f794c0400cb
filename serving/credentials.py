"""Content credentials (C2PA) of a photo, where `c2pa-python` is installed."""

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import Any, Literal

from PIL import Image

Credentials = Literal["absent", "valid", "invalid"]
"""Valid: signed, and unchanged since. That says nothing of who signed."""

LABEL = b"c2pa"
"""What every manifest store is labelled with, in any format."""
OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
"""What a file says must not make this machine talk to others."""


def credentials(data: bytes) -> Credentials | None:
    """Whether a photo carries a manifest that holds; None where that cannot be checked."""
    if find_spec("c2pa") is None:
        return None
    if not _may_carry(data):  # Looking closer only to find none costs a sixth of decoding a photo.
        return "absent"
    import c2pa

    try:
        reader = c2pa.Reader.try_create(None, BytesIO(data), context=_offline())
    except c2pa.C2paError:  # A manifest that cannot be read.
        return "invalid"
    if reader is None:
        return "absent"
    with reader:
        return "invalid" if reader.get_validation_state() == "Invalid" else "valid"


def _may_carry(data: bytes) -> bool:
    """Whether the label is anywhere that a manifest may be: in a JPEG, before the picture."""
    try:
        with Image.open(BytesIO(data), formats=("JPEG",)) as image:
            segments: list[tuple[str, bytes]] = getattr(image, "applist", [])
    except (OSError, Image.DecompressionBombError):
        return LABEL in data
    return any(LABEL in body for _, body in segments)


@cache
def _offline() -> Any:
    import c2pa

    return c2pa.Context(c2pa.Settings.from_dict(OFFLINE))
