"""Patterns of grounds as tiles that repeat without a seam, made of noise alone.

A pattern takes a generator and the side of its tile in metres.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from wreckid.datasets.colour import hue

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

PIXELS = 256
"""Side of a tile."""


@dataclass(frozen=True)
class Tile:
    """Linear colour float[PIXELS, PIXELS, 3] and height in metres float[PIXELS, PIXELS]."""

    colour: Array
    height: Array


Pattern = Callable[[Rng, float], Tile]


def fractal(rng: Rng, slope: float, stretch: float = 1) -> Array:
    """Noise of power 1/f^(2 slope), of zero mean and unit variance, longer along x by `stretch`.

    The longest waves are weak, since they would show that the tile repeats.
    """
    down, across = np.fft.fftfreq(PIXELS)[:, None], np.fft.rfftfreq(PIXELS)[None]
    frequency = np.hypot(down, across * stretch) * PIXELS
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(PIXELS, PIXELS))) / np.maximum(frequency, 4) ** slope
    noise = np.fft.irfft2(spectrum)
    return np.asarray((noise - noise.mean()) / noise.std())


def cells(rng: Rng, count: int) -> tuple[npt.NDArray[np.int64], Array]:
    """The nearest of random points, and how much farther the next one is, as share of the tile."""
    points = rng.random((count, 2))
    rows, columns = np.indices((PIXELS, PIXELS))
    swayed = np.stack([rows, columns], axis=2) / PIXELS
    swayed += 0.15 / np.sqrt(count) * np.stack([fractal(rng, 1.2) for _ in range(2)], axis=2)
    distance, nearest = cKDTree(points, boxsize=1).query(swayed % 1, k=2)
    return nearest[..., 0], distance[..., 1] - distance[..., 0]


def mixed(first: Array, second: Array, share: Array) -> Array:
    """The first colour where the share is 0, the second where it is 1."""
    weight = np.clip(share, 0, 1)[..., None]
    return np.asarray(first * (1 - weight) + second * weight)


def _shaded(colour: Array, light: Array) -> Array:
    return np.clip(colour * np.clip(light, 0.1, 2)[..., None], 0.004, 0.92)


def _any(rng: Rng, *names: str) -> Array:
    """One of some colours, a little off."""
    return hue(names[rng.integers(len(names))]) * np.exp(
        rng.normal(0, 0.15) + rng.normal(0, 0.03, 3)
    )


def _teeth(repeats: int) -> Array:
    """From 0 to 1 along the rows, so many times, float[PIXELS, 1]."""
    return (np.arange(PIXELS)[:, None] / PIXELS * max(repeats, 1)) % 1


def meadow(rng: Rng, metres: float) -> Tile:
    """Short grass in patches of fresh and dry."""
    fine, coarse = fractal(rng, 0.5), fractal(rng, 1.7)
    green = _any(rng, "#55682b", "#6a7a35", "#46582a", "#7c7d40")
    dry = _any(rng, "#a39555", "#8d8147", "#6b5d3d")
    colour = mixed(green, dry, 0.35 + 0.35 * coarse + 0.12 * fine)
    return Tile(_shaded(colour, 1 + 0.28 * fine), 0.006 * fine + 0.02 * coarse)


def stubble(rng: Rng, metres: float) -> Tile:
    """Cut straw in rows on earth."""
    fine, coarse = fractal(rng, 0.6, stretch=0.15), fractal(rng, 1.5)
    row = np.cos(2 * np.pi * _teeth(round(metres / 0.18)) + 0.5 * coarse)
    straw, earth = _any(rng, "#b59c5e", "#c4b078", "#9c8753"), _any(rng, "#5f4d38", "#76644a")
    colour = mixed(earth, straw, 0.5 + 0.3 * row + 0.35 * fine)
    return Tile(_shaded(colour, 1 + 0.15 * fine), 0.01 * row + 0.006 * fine)


def snow(rng: Rng, metres: float) -> Tile:
    """Drifts, at times with the tracks of a vehicle."""
    fine, coarse = fractal(rng, 0.8), fractal(rng, 1.8)
    tracks = _tracks(metres) if rng.random() < 0.4 else np.zeros((PIXELS, PIXELS))
    thin = np.clip(0.6 * coarse - rng.uniform(0.3, 1.8), 0, 1) + 0.45 * tracks
    colour = mixed(_any(rng, "#e8ebf0", "#dfe4ec"), _any(rng, "#7a6a55", "#8a8478"), thin)
    height = 0.015 * coarse + 0.002 * fine - 0.03 * tracks
    return Tile(_shaded(colour, 1 + 0.03 * fine), height)


def _tracks(metres: float) -> Array:
    """Two ruts with a tread, 1 where pressed down."""
    along, across = np.indices((PIXELS, PIXELS)) / PIXELS
    rut = np.zeros((PIXELS, PIXELS))
    for middle in (0.3, 0.3 + min(1.5 / metres, 0.4)):
        rut += abs(across - middle) * metres < 0.11
    tread = 0.7 + 0.3 * np.sign(np.sin(2 * np.pi * along * round(metres / 0.06)))
    return np.asarray(rut * tread)


def asphalt(rng: Rng, metres: float) -> Tile:
    """Grit, stains and a net of cracks."""
    fine, coarse = fractal(rng, 0.15), fractal(rng, 1.7)
    _, gap = cells(rng, int(rng.integers(3, 14)))
    crack = np.clip(1 - gap * PIXELS / 2.5, 0, 1) * (fractal(rng, 1.4) > rng.uniform(-1, 1.5))
    grey = _any(rng, "#55544f", "#6e6c66", "#3f3f3f", "#837f78")
    colour = mixed(grey, 0.25 * grey, 0.9 * crack + 0.3 * np.clip(coarse - 1, 0, 1))
    return Tile(_shaded(colour, 1 + 0.16 * fine + 0.1 * coarse), 0.001 * fine - 0.01 * crack)


def concrete(rng: Rng, metres: float) -> Tile:
    """Slabs with joints, stains and hair cracks."""
    fine, coarse = fractal(rng, 0.5), fractal(rng, 1.6)
    tone, joint = _slabs(rng, max(1, round(metres / rng.uniform(1, 3))), metres, 0.02)
    _, gap = cells(rng, 6)
    crack = np.clip(1 - gap * PIXELS / 1.5, 0, 1) * (coarse > 0.7)
    grey = _any(rng, "#a8a39a", "#8f8b84", "#b5aea0", "#7d7a74")
    colour = mixed(grey, 0.3 * grey, 0.8 * joint + 0.6 * crack)
    light = 1 + 0.08 * fine + 0.14 * coarse + 0.1 * tone
    return Tile(_shaded(colour, light), 0.0008 * fine - 0.008 * joint)


def tiles(rng: Rng, metres: float) -> Tile:
    """Square tiles of one or two colours with dark joints."""
    count = 2 * max(1, round(metres / rng.uniform(0.4, 1.2)))
    tone, joint = _slabs(rng, count, metres, 0.008)
    first, second = _any(rng, "#b8b0a2", "#cfcac0", "#8a6a52", "#7f8a8c"), _any(rng, "#6b6560")
    place = np.indices((PIXELS, PIXELS)) * count // PIXELS
    chequered = (place.sum(axis=0) % 2) * (rng.random() < 0.3)
    colour = mixed(mixed(first, second, chequered), hue("#4a4642"), 0.85 * joint)
    light = 1 + 0.05 * tone + 0.06 * fractal(rng, 1.5) + 0.02 * fractal(rng, 0.3)
    return Tile(_shaded(colour, light), -0.002 * joint)


def _slabs(rng: Rng, count: int, metres: float, joint_m: float) -> tuple[Array, Array]:
    """A random tone of each of count x count slabs, and 1 in the joints."""
    place = np.indices((PIXELS, PIXELS)) / PIXELS * count
    row, column = place.astype(int)
    tone = rng.normal(size=(count, count))[row, column]
    edge = np.minimum(place % 1, 1 - place % 1).min(axis=0) * metres / count
    return tone, np.clip(1.5 - edge / max(joint_m, metres / PIXELS), 0, 1)


def boards(rng: Rng, metres: float) -> Tile:
    """Planks with grain."""
    count = max(2, round(metres / rng.uniform(0.09, 0.2)))
    place = _teeth(count)
    plank = np.broadcast_to(np.arange(PIXELS)[:, None] * count // PIXELS, (PIXELS, PIXELS))
    tone, grain = rng.normal(size=count)[plank], fractal(rng, 0.9, stretch=12)
    gap = np.clip(1.4 - np.minimum(place, 1 - place) * PIXELS / count, 0, 1)
    wood = _any(rng, "#8a6a45", "#a5855a", "#6d5138", "#9a938a")
    light = (1 + 0.14 * tone + 0.14 * grain + 0.06 * fractal(rng, 1.6)) * (1 - 0.8 * gap)
    return Tile(_shaded(np.broadcast_to(wood, (PIXELS, PIXELS, 3)), light), -0.004 * gap + 0 * tone)


def rubble(rng: Rng, metres: float) -> Tile:
    """Broken brick and concrete in dust."""
    count = int(np.clip((metres / 0.1) ** 2, 60, 900))
    nearest, gap = cells(rng, count)
    palette = np.array([hue(c) for c in ("#9a9288", "#b7b0a4", "#8c5a45", "#6d675f", "#a06c52")])
    piece = palette[rng.choice(5, count, p=[0.35, 0.25, 0.15, 0.15, 0.1])]
    piece = piece * rng.uniform(0.6, 1.2, (count, 1))
    dust = _any(rng, "#a49b8d", "#8f8678")
    raised = np.clip(gap * np.sqrt(count) * 3, 0, 1) * rng.uniform(0.2, 1, count)[nearest]
    colour = mixed(dust, piece[nearest], 0.35 + 0.5 * raised + 0.3 * fractal(rng, 1.3))
    fine = fractal(rng, 0.4)
    height = min(0.03, metres / np.sqrt(count) / 3) * raised + 0.002 * fine
    return Tile(_shaded(colour, 0.75 + 0.3 * raised + 0.1 * fine), height)


def forest(rng: Rng, metres: float) -> Tile:
    """Fallen leaves and needles, moss here and there."""
    count = int(np.clip((metres / 0.06) ** 2, 200, 1800))
    nearest, gap = cells(rng, count)
    palette = np.array([hue(c) for c in ("#7a5a38", "#96703f", "#5c4630", "#a5814f", "#6b5b40")])
    leaf = palette[rng.integers(5, size=count)] * rng.uniform(0.6, 1.25, (count, 1))
    edge = np.clip(gap * np.sqrt(count) * 4, 0, 1)
    moss = 0.8 * fractal(rng, 1.6) - rng.uniform(0.3, 2)
    colour = mixed(leaf[nearest], _any(rng, "#4f5a2c", "#5f6a38"), moss)
    light = 0.5 + 0.5 * edge + 0.15 * fractal(rng, 0.5) + 0.15 * fractal(rng, 1.5)
    return Tile(_shaded(colour, light), 0.008 * edge)


def sand(rng: Rng, metres: float) -> Tile:
    """Sand with ripples of the wind and footprints blown over."""
    fine, coarse = fractal(rng, 0.3), fractal(rng, 1.8)
    ripple = np.sin(2 * np.pi * _teeth(round(metres / rng.uniform(0.1, 0.3))) + 1.3 * coarse)
    strength = rng.uniform(0, 1)
    colour = np.broadcast_to(_any(rng, "#c2a878", "#b39a6d", "#d1bc92"), (PIXELS, PIXELS, 3))
    light = 1 + 0.06 * fine + 0.08 * coarse + 0.04 * strength * ripple
    return Tile(_shaded(colour, light), 0.006 * strength * ripple + 0.02 * coarse + 0.001 * fine)


def steppe(rng: Rng, metres: float) -> Tile:
    """Dry earth with sparse withered grass, at times cracked by drought."""
    fine, coarse = fractal(rng, 0.5), fractal(rng, 1.5)
    _, gap = cells(rng, int(np.clip((metres / 0.15) ** 2, 30, 700)))
    crack = np.clip(1 - gap * PIXELS / 2, 0, 1) * (rng.random() < 0.3) * (coarse < 0.3)
    earth, grass = _any(rng, "#a38c66", "#8d7857", "#b5a07a"), _any(rng, "#8f8a55", "#b3a56f")
    colour = mixed(mixed(earth, grass, 0.5 * coarse + 0.2 * fine), 0.3 * earth, 0.8 * crack)
    return Tile(_shaded(colour, 1 + 0.16 * fine), 0.004 * fine + 0.02 * coarse - 0.008 * crack)


def ploughed(rng: Rng, metres: float) -> Tile:
    """Furrows and clods."""
    fine, coarse = fractal(rng, 0.7), fractal(rng, 1.4)
    furrow = np.cos(2 * np.pi * _teeth(round(metres / rng.uniform(0.3, 0.5))) + 0.7 * coarse)
    earth = _any(rng, "#54432f", "#3f3428", "#6d5840", "#4a4038")
    light = 0.9 + 0.2 * furrow + 0.25 * fine + 0.1 * coarse
    return Tile(
        _shaded(np.broadcast_to(earth, (PIXELS, PIXELS, 3)), light),
        0.04 * furrow + 0.012 * fine + 0.01 * coarse,
    )


def mud(rng: Rng, metres: float) -> Tile:
    """Bare trodden earth with stones and dull patches."""
    fine, coarse = fractal(rng, 0.6), fractal(rng, 1.7)
    nearest, gap = cells(rng, 250)
    stone = np.clip(gap * 60, 0, 1) * (rng.random(250) < rng.uniform(0, 0.25))[nearest]
    earth = _any(rng, "#6b5a45", "#57493a", "#7d6b50")
    colour = mixed(earth, _any(rng, "#8d867c", "#777068"), 0.8 * stone)
    return Tile(_shaded(colour, 1 + 0.2 * fine + 0.15 * coarse), 0.01 * coarse + 0.01 * stone)
