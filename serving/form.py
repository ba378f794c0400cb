"""The page's form: its fields as evidence."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import FormData

from wreckid.model.evidence import Evidence, read_evidence
from wreckid.serving.choices import choices
from wreckid.serving.intake import NamedBytes

LENGTH_FIELDS = ("value", "unit", "tolerance", "measures")
LENGTH_ROWS = 3
"""Lengths that the form has room for; more, where more are known."""
MANY = ("text", "part", "box")
"""Fields that may come several times."""


def evidence_of(form: FormData) -> Evidence:
    """The evidence that a form holds; an empty field is unknown.

    Raises:
        EvidenceError: a value is wrong; the sentence names its field.
    """
    given: dict[str, Any] = {name: form[name] for name in choices() if form.get(name)}
    given["lengths"] = _lengths(form)
    given["text"], given["part"], given["boxes"] = (_filled(form, name) for name in MANY)
    return read_evidence(given)


def on_first_pages(evidence: Evidence, photos: Sequence[NamedBytes]) -> Evidence:
    """Boxes as a form numbers them, by file, on the first page of each file.

    Args:
        evidence: as the form tells it.
        photos: the pages of its files, in order.

    Raises:
        EvidenceError: a box is on a file that is not there.
    """
    first = _first_pages(photos)
    evidence.refuse_boxes_beyond(len(first))
    boxes = [box.model_copy(update={"photo": first[box.photo - 1]}) for box in evidence.boxes]
    return evidence.model_copy(update={"boxes": tuple(boxes)})


def _first_pages(photos: Sequence[NamedBytes]) -> list[int]:
    """The number of each page with which a file begins, from 1."""
    before = [None, *photos]
    return [
        number
        for number, (last, photo) in enumerate(zip(before, photos, strict=False), start=1)
        if last is None or not _goes_on(last, photo)
    ]


def _goes_on(last: NamedBytes, photo: NamedBytes) -> bool:
    if last.page is None or photo.page is None:
        return False
    return last.name == photo.name and last.page < photo.page


def _lengths(form: FormData) -> list[dict[str, Any]]:
    columns = [form.getlist(f"length_{name}") for name in LENGTH_FIELDS]
    rows = [dict(zip(LENGTH_FIELDS, row, strict=True)) for row in zip(*columns, strict=False)]
    return [row | _share(row["tolerance"]) for row in rows if str(row["value"]).strip()]


def _share(percent: Any) -> dict[str, Any]:
    """A tolerance in per cent as a share; what is no number is left to be refused."""
    try:
        return {"tolerance": float(percent) / 100}
    except (TypeError, ValueError):
        return {"tolerance": percent}


def _filled(form: FormData, name: str) -> list[str]:
    values = (str(value).strip() for value in form.getlist(name))
    return [value for value in values if value]
