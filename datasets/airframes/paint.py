"""The colour of each part under a scheme."""

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.geometry import Scheme

PAINTS = {
    "dark": "#33363a",
    "metal": "#9aa0a6",
    "glass": "#27323d",
    "wood": "#a9803f",
    "rubber": "#222222",
    "carbon": "#2b2b2e",
}
"""Colours of the paints that no scheme sets."""


def colour_of(part: Part, scheme: Scheme) -> str:
    """The colour of a part under a scheme, as `#rrggbb`."""
    scheme_colours = {"skin": scheme.skin, "accent": scheme.accent}
    return scheme_colours.get(part.paint) or PAINTS[part.paint]
