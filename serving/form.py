"""The page's form: its fields as evidence, and what they may hold."""

from collections.abc import Mapping
from typing import Any, get_args

from starlette.datastructures import FormData

from wreckid.datasets.priors import priors
from wreckid.model.evidence import Colour, Evidence, Measure, Unit, read_evidence
from wreckid.model.forms import ERRORS
from wreckid.model.lengths import MEASURES

LENGTH_FIELDS = ("value", "unit", "tolerance", "measures")
LENGTH_ROWS = 3
"""Lengths that the form has room for."""
MANY = ("text", "part", "box")
"""Fields that may come several times."""
COUNTS: Mapping[str, range] = {"engines": range(1, 9), "propeller_blades": range(9)}


def choices() -> dict[str, tuple[Any, ...]]:
    """What each field that is chosen from a list may hold."""
    return {name: _choices(name) for name in ERRORS} | {
        "colour": get_args(Colour),
        "prior": tuple(priors()),
    }


def units() -> tuple[str, ...]:
    """The units of lengths, metres first."""
    return tuple(sorted(get_args(Unit), key=lambda unit: unit != "m"))


def measures() -> dict[Measure, str]:
    """What a length may measure, in words."""
    return dict(MEASURES)


def evidence_of(form: FormData) -> Evidence:
    """The evidence that a form holds; an empty field is unknown.

    Raises:
        EvidenceError: a value is wrong; the sentence names its field.
    """
    given: dict[str, Any] = {name: form[name] for name in choices() if form.get(name)}
    given["lengths"] = _lengths(form)
    given["text"], given["part"], given["boxes"] = (_filled(form, name) for name in MANY)
    return read_evidence(given)


def _choices(name: str) -> tuple[Any, ...]:
    if name in COUNTS:
        return tuple(COUNTS[name])
    literal, _ = get_args(Evidence.model_fields[name].annotation)
    return get_args(literal)


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
