"""Evidence as options of the command line; the words are those of the API and the page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from wreckid.model.evidence import Evidence

PANEL = "Evidence: what was measured or seen"


def _option(flag: str, metavar: str, help_: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help_, rich_help_panel=PANEL)


Words = list[str] | None
Word = str | None

Lengths = Annotated[
    Words,
    _option(
        "--length",
        "[MEASURES=]LENGTH",
        "A length, such as 'wingspan=3.1 m ±5%'. Measures airframe, fuselage, wingspan, fragment"
        " or, by default, unknown; units mm, cm, m, in, ft; ±10% by default; repeatable.",
    ),
]
Wing = Annotated[
    Word,
    _option(
        "--wing",
        "FORM",
        "Planform: straight, swept, delta, flying wing, cruciform, tandem, canard, none",
    ),
]
WingPosition = Annotated[Word, _option("--wing-position", "PLACE", "high, mid, low, parasol, none")]
Tail = Annotated[
    Word,
    _option(
        "--tail",
        "FORM",
        "conventional, t-tail, v-tail, inverted v-tail, twin fins, cruciform, tip fins,"
        " single fin, none",
    ),
]
TipFins = Annotated[Word, _option("--tip-fins", "FORM", "none, up, down, up and down")]
Propulsion = Annotated[
    Word, _option("--propulsion", "KIND", "piston, rotary, electric, turboprop, jet")
]
PropulsionPosition = Annotated[
    Word, _option("--propulsion-position", "PLACE", "nose, rear, wing, arms, inside")
]
Engines = Annotated[Word, _option("--engines", "N", "Engines or motors.")]
PropellerBlades = Annotated[Word, _option("--propeller-blades", "N", "Blades of one propeller.")]
LandingGear = Annotated[Word, _option("--landing-gear", "KIND", "none, wheels, skids, legs")]
Colour = Annotated[
    Word,
    _option(
        "--colour",
        "COLOUR",
        "white, grey, black, green, sand, brown, orange, red, yellow, blue, metal",
    ),
]
Text = Annotated[Words, _option("--text", "TEXT", "Words on the wreck, in any script; repeatable.")]
Part = Annotated[
    Words, _option("--part", "PART", "A part identified by hand, in words; repeatable.")
]
Boxes = Annotated[
    Words,
    _option(
        "--box",
        "PHOTO:LEFT,TOP,RIGHT,BOTTOM",
        "Where the wreck is, in pixels of the upright photo; photos count from 1; repeatable.",
    ),
]
Prior = Annotated[
    Word,
    _option("--prior", "ID", "How common types are taken to be: russian-range; off if unset."),
]


def evidence_of(parameters: Mapping[str, Any]) -> "Evidence":
    """The evidence among the parameters of a command.

    Raises:
        EvidenceError: a value is wrong; the sentence names its field.
    """
    from wreckid.model.evidence import Evidence, read_evidence

    fields = Evidence.model_fields
    given = {name: value for name, value in parameters.items() if name in fields and value}
    return read_evidence(given)
