"""What a form offers to choose from."""

from collections.abc import Mapping
from typing import Any, get_args

from wreckid.datasets.priors import priors
from wreckid.model.evidence import Colour, Evidence, Measure, Unit
from wreckid.model.forms import ERRORS
from wreckid.model.lengths import MEASURES

COUNTS: Mapping[str, range] = {"engines": range(1, 13), "propeller_blades": range(9)}


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


def _choices(name: str) -> tuple[Any, ...]:
    if name in COUNTS:
        return tuple(COUNTS[name])
    literal, _ = get_args(Evidence.model_fields[name].annotation)
    return get_args(literal)
