"""Kinds of ground: which soil, pattern, relief and scatter go together."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import mitsuba as mi
import numpy as np
import numpy.typing as npt

from wreckid.datasets.colour import hue
from wreckid.datasets.places import scatter, texture
from wreckid.datasets.places.scatter import Scatter
from wreckid.datasets.places.texture import Pattern

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

SOILS = {"earth": "#5b4a38", "sand": "#b8a27c", "dust": "#9a9186", "snow": "#e4e6ea"}
"""What a wreck is dirtied with."""
SIDES = (1.0, 4.0, 12.0)
"""Sides of tiles in metres."""
VARIANTS = 8
"""Tiles of each pattern and side."""


@dataclass(frozen=True)
class Terrain:
    """A kind of ground.

    Attributes:
        soil: the key of its soil.
        pattern: what it looks like from above.
        share: how often it is drawn, beside the other kinds.
        relief: height of its waves, as a share of the wreck's size.
        scatter: what may lie and grow on it, each with its chance.
        horizon: what closes the view.
    """

    soil: str
    pattern: Pattern
    share: float
    relief: float
    scatter: tuple[tuple[Scatter, float], ...]
    horizon: Literal["open", "trees", "forest", "houses", "walls"] = "open"


GREEN, WITHERED, STONES = (scatter.grass, 1.0), (scatter.dry_grass, 0.5), (scatter.stones, 0.4)
TERRAINS = (
    Terrain("earth", texture.meadow, 2.4, 0.02, (GREEN, WITHERED), "trees"),
    Terrain("earth", texture.stubble, 1.0, 0.015, ((scatter.straw, 1.0),), "trees"),
    Terrain("earth", texture.ploughed, 1.0, 0.02, ((scatter.clods, 1.0), WITHERED), "trees"),
    Terrain(
        "earth", texture.forest, 1.0, 0.02, ((scatter.leaves, 1.0), (scatter.twigs, 0.9)), "forest"
    ),
    Terrain("earth", texture.mud, 1.2, 0.015, (STONES, WITHERED, (scatter.grass, 0.4)), "houses"),
    Terrain("sand", texture.sand, 0.7, 0.02, (STONES, (scatter.dry_grass, 0.3))),
    Terrain("sand", texture.steppe, 1.2, 0.015, (STONES, (scatter.dry_grass, 0.9))),
    Terrain("snow", texture.snow, 1.2, 0.02, ((scatter.snow_lumps, 0.6), WITHERED), "trees"),
    Terrain(
        "dust", texture.asphalt, 1.3, 0, ((scatter.litter, 0.5), (scatter.markings, 0.4)), "houses"
    ),
    Terrain("dust", texture.concrete, 1.0, 0, ((scatter.litter, 0.6),), "houses"),
    Terrain("dust", texture.rubble, 1.0, 0.015, ((scatter.blocks, 1.0), STONES), "houses"),
    Terrain("dust", texture.tiles, 0.7, 0, ((scatter.litter, 0.4),), "walls"),
    Terrain("dust", texture.boards, 0.5, 0, ((scatter.litter, 0.4),), "walls"),
    Terrain("dust", texture.concrete, 0.7, 0, ((scatter.litter, 0.5),), "walls"),
)


def random_soil(rng: Rng) -> Array:
    """Linear colour of what a wreck is dirtied with, float[3]."""
    soil = _drawn(TERRAINS, rng).soil
    return hue(SOILS[soil]) * rng.uniform(0.85, 1.15)


def soil_named(colour: Array) -> str:
    """The key of the soil whose colour this is."""
    apart = {name: np.abs(np.log(hue(value) / colour)).sum() for name, value in SOILS.items()}
    return min(apart, key=lambda name: float(apart[name]))


def terrain_of(soil: Array, rng: Rng) -> Terrain:
    """A kind of ground that goes with a soil."""
    name = soil_named(soil)
    return _drawn(tuple(terrain for terrain in TERRAINS if terrain.soil == name), rng)


def _drawn(terrains: tuple[Terrain, ...], rng: Rng) -> Terrain:
    shares = np.array([terrain.share for terrain in terrains])
    return terrains[rng.choice(len(terrains), p=shares / shares.sum())]


@dataclass(frozen=True)
class Surface:
    """How a ground is drawn: its material, the side of its tile in metres, its mean colour."""

    material: dict[str, Any]
    side: float
    colour: Array


def surface(pattern: Pattern, radius: float, rng: Rng) -> Surface:
    """One of the pattern's tiles, of a side that suits a wreck of this radius in metres."""
    side = min(SIDES, key=lambda metres: abs(np.log(metres / (2.5 * radius))))
    return _surface(pattern, side, int(rng.integers(VARIANTS)))


@lru_cache(maxsize=len(SIDES) * VARIANTS * len(TERRAINS))
def _surface(pattern: Pattern, side: float, variant: int) -> Surface:
    """Tiles are kept, since making one takes longer than the rest of the ground."""
    seed = [int(side), variant, *pattern.__name__.encode()]
    tile = pattern(np.random.default_rng(seed), side)
    return Surface(
        _material(_bitmap(tile.colour), _bitmap(tile.height[..., None])),
        side,
        tile.colour.mean(axis=(0, 1)),
    )


def _material(colour: dict[str, Any], height: dict[str, Any]) -> dict[str, Any]:
    """A matt surface with bumps."""
    matt = {"type": "diffuse", "reflectance": colour}
    bumpy = {"type": "bumpmap", "arbitrary": height, "scale": 1.0, "bsdf": matt}
    return {"type": "twosided", "material": mi.load_dict(bumpy)}


def _bitmap(values: Array) -> dict[str, Any]:
    bitmap = mi.Bitmap(values.astype(np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "raw": True, "format": "fp16"}
