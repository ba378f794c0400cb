"""Parts of an airframe -> a wreck: broken, bent, burnt, scattered, incomplete parts.

A small grammar: operations on parts (`tearing.cut`, `crumple`, `posed`, `settled`, `scattered`,
`without`) and, built from them, the damages of `DAMAGES`. Each takes the generator it may use.
The ground is z = 0; lengths in metres, angles in radians.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from trimesh.transformations import euler_matrix, translation_matrix

from wreckid.datasets.airframes.airframe import Part
from wreckid.datasets.airframes.tearing import cut
from wreckid.datasets.geometry import PartKind
from wreckid.datasets.noise import SmoothNoise

Array = npt.NDArray[np.float64]
Parts = tuple[Part, ...]
Rng = np.random.Generator

FRAGILE: frozenset[PartKind] = frozenset({"propeller", "antenna", "gear", "strut", "turret"})
"""Kinds that break off first."""
SINGLE: frozenset[PartKind] = frozenset({"wing", "tail", "fin", "boom", "engine", "fuselage"})
"""Kinds that are recovered alone and still say something about the type."""


@dataclass(frozen=True)
class Wreck:
    """What lies there: parts in place, the damage that made it, and how much of it burnt."""

    parts: Parts
    damage: str
    burnt: float = 0.0


def crumple(parts: Parts, amount: float, rng: Rng) -> Parts:
    """Buckle skins by a smooth displacement; `amount` is a share of each part's size."""
    return tuple(_crumpled(part, amount, rng) for part in parts)


def _crumpled(part: Part, amount: float, rng: Rng) -> Part:
    size = float(np.ptp(part.mesh.bounds, axis=0).max())
    noises = [SmoothNoise(rng, wavelength=size * 0.35) for _ in range(3)]
    return part.reshaped(
        lambda points: points + amount * size * np.stack([noise(points) for noise in noises], 1)
    )


def without(parts: Parts, kinds: Iterable[PartKind], chance: float, rng: Rng) -> Parts:
    """Lose each part of some kinds with a chance, but never all parts."""
    kept = tuple(part for part in parts if part.kind not in kinds or rng.random() > chance)
    return kept or parts


def posed(parts: Parts, *, roll: float = 0, pitch: float = 0, yaw: float = 0) -> Parts:
    """Turn parts together about their common centre; positive pitch puts the nose down."""
    centre = bounds(parts).mean(axis=0)
    turn = euler_matrix(roll, -pitch, yaw, "sxyz")
    transform = translation_matrix(centre) @ turn @ translation_matrix(-centre)
    return tuple(part.moved(transform) for part in parts)


def settled(parts: Parts, sunk: float = 0.0) -> Parts:
    """Put parts together on the ground, `sunk` metres deep."""
    low = bounds(parts)[0, 2]
    return tuple(part.moved(translation_matrix([0, 0, -low - sunk])) for part in parts)


def moved_to(parts: Parts, place: Array) -> Parts:
    """Move parts together so that their common centre stands above a place on the ground."""
    shift = np.append(place - bounds(parts).mean(axis=0)[:2], 0)
    return tuple(part.moved(translation_matrix(shift)) for part in parts)


def scattered(groups: Sequence[Parts], spread: float, rng: Rng) -> Parts:
    """Throw groups of parts apart: each keeps its place, plus a random way and turn."""
    return tuple(part for group in groups for part in _thrown(group, spread, rng))


def _thrown(group: Parts, spread: float, rng: Rng) -> Parts:
    place = bounds(group).mean(axis=0)[:2] + rng.normal(0, spread, 2)
    over = np.pi if rng.random() < 0.25 else 0.0
    turned = posed(group, roll=over + rng.normal(0, 0.15), yaw=rng.normal(0, 0.8))
    return moved_to(settled(turned, sunk=_height(turned) * rng.uniform(0, 0.12)), place)


def bounds(parts: Sequence[Part]) -> Array:
    """Lower and upper corner of the box around parts, float[2, 3]."""
    corners = np.array([part.mesh.bounds for part in parts])
    return np.stack([corners[:, 0].min(axis=0), corners[:, 1].max(axis=0)])


def _height(parts: Sequence[Part]) -> float:
    return float(np.ptp(bounds(parts), axis=0)[2])


def _size(parts: Sequence[Part]) -> float:
    return float(np.ptp(bounds(parts), axis=0).max())


def intact(parts: Parts, rng: Rng) -> Wreck:
    """Whole, standing on its gear, belly or a stand."""
    stand = rng.uniform(0.1, 0.6) * _size(parts) if rng.random() < 0.3 else 0.0
    tilted = posed(parts, roll=rng.normal(0, 0.03), pitch=rng.normal(0, 0.05))
    return Wreck(settled(tilted, sunk=-stand), "intact")


def airborne(parts: Parts, rng: Rng) -> Wreck:
    """Whole and flying."""
    tilted = posed(parts, roll=rng.normal(0, 0.3), pitch=rng.normal(0, 0.2))
    return Wreck(settled(tilted, sunk=-_size(parts) * 3), "airborne")


def belly_landed(parts: Parts, rng: Rng) -> Wreck:
    """Down on its belly or back: fragile parts lost, skins buckled."""
    left = crumple(without(parts, FRAGILE, 0.5, rng), rng.uniform(0, 0.008), rng)
    over = np.pi if rng.random() < 0.2 else 0.0
    lying = posed(left, roll=over + rng.normal(0, 0.08), pitch=rng.normal(0, 0.06))
    return Wreck(settled(lying, sunk=_height(lying) * rng.uniform(0, 0.1)), "belly-landed")


def nose_in(parts: Parts, rng: Rng) -> Wreck:
    """Stuck in the ground nose first."""
    left = crumple(without(parts, FRAGILE, 0.3, rng), rng.uniform(0.003, 0.015), rng)
    steep = posed(left, pitch=rng.uniform(0.35, 1.3), roll=rng.normal(0, 0.4))
    return Wreck(settled(steep, sunk=_height(steep) * rng.uniform(0.1, 0.3)), "nose-in")


def wings_torn(parts: Parts, rng: Rng) -> Wreck:
    """Wings broken off between root and tip, the outer pieces lying near or gone."""
    hull: list[Part] = []
    pieces: list[Parts] = []
    for part in crumple(without(parts, FRAGILE, 0.5, rng), rng.uniform(0.002, 0.01), rng):
        if part.kind != "wing" or rng.random() < 0.3:
            hull.append(part)
            continue
        inner, *outer = _torn_across(part, rng)
        hull.append(inner)
        pieces += [(piece,) for piece in outer if rng.random() < 0.7]
    lying = settled(posed(tuple(hull), roll=rng.normal(0, 0.12), pitch=rng.normal(0, 0.08)))
    return Wreck(lying + scattered(pieces, _size(parts) * 0.15, rng), "wings-torn")


def _torn_across(part: Part, rng: Rng) -> Parts:
    """Broken across its longer horizontal way, the piece that is nearer to the middle first.

    To that of the whole airframe, however the wreck is turned by now.
    """
    low, high = part.mesh.bounds
    axis = int(np.argmax((high - low)[:2]))
    normal = np.eye(3)[axis]
    origin = low + (high - low) * rng.uniform(0.2, 0.8)
    pieces = cut(part, origin, normal, rng)
    return tuple(sorted(pieces, key=lambda piece: abs(piece.home[:, 1].mean())))


def broken_up(parts: Parts, rng: Rng) -> Wreck:
    """Broken in flight: fuselage and surfaces in pieces, scattered, some missing."""
    left = crumple(without(parts, FRAGILE, 0.6, rng), rng.uniform(0.005, 0.02), rng)
    pieces: list[Parts] = []
    for part in left:
        large = part.kind in {"fuselage", "wing", "boom"}
        broken = _torn_across(part, rng) if large and rng.random() < 0.7 else (part,)
        pieces += [(piece,) for piece in broken if rng.random() < 0.85]
    return Wreck(scattered(pieces or [left], _size(parts) * 0.12, rng), "broken-up")


def burnt_out(parts: Parts, rng: Rng) -> Wreck:
    """Torn and burnt: what is left is warped and black with soot."""
    torn = wings_torn(parts, rng)
    warped = crumple(torn.parts, rng.uniform(0.008, 0.02), rng)
    return Wreck(without(warped, SINGLE, 0.15, rng), "burnt-out", burnt=rng.uniform(0.4, 1.0))


def single_part(parts: Parts, rng: Rng) -> Wreck:
    """One recovered part, whole or torn, lying alone."""
    telling = [part for part in parts if part.kind in SINGLE] or list(parts)
    part = telling[rng.integers(len(telling))]
    piece = _torn_across(part, rng)[0] if rng.random() < 0.5 else part
    lying = posed((piece,), roll=rng.normal(0, 0.5), pitch=rng.normal(0, 0.2))
    return Wreck(settled(crumple(lying, rng.uniform(0, 0.01), rng)), "single-part")


def laid_out(parts: Parts, rng: Rng) -> Wreck:
    """Pieces in rows on a floor, as investigators lay them out, the largest first."""
    torn = [piece for part in parts for piece in _maybe_torn(part, rng) if rng.random() < 0.9]
    pieces = sorted(torn or parts, key=lambda piece: -_size((piece,)))
    row_length = 1.2 * _size(parts)
    placed: list[Part] = []
    x = y = depth = 0.0
    for piece in pieces:
        turned = settled(posed((piece,), yaw=rng.normal(0, 0.15)))
        width, length = (float(v) for v in np.ptp(bounds(turned), axis=0)[[1, 0]])
        if y + width > row_length and y > 0:
            x, y, depth = x + depth, 0.0, 0.0
        placed += moved_to(turned, np.array([x + length / 2, y + width / 2]))
        y, depth = y + width * 1.1, max(depth, length * 1.1)
    return Wreck(tuple(placed), "laid-out")


def _maybe_torn(part: Part, rng: Rng) -> Parts:
    large = part.kind in {"fuselage", "wing", "boom"}
    return _torn_across(part, rng) if large and rng.random() < 0.4 else (part,)


DAMAGES: dict[str, Callable[[Parts, Rng], Wreck]] = {
    "intact": intact,
    "airborne": airborne,
    "belly-landed": belly_landed,
    "nose-in": nose_in,
    "wings-torn": wings_torn,
    "broken-up": broken_up,
    "burnt-out": burnt_out,
    "single-part": single_part,
    "laid-out": laid_out,
}


def wrecked(parts: Parts, damage: str, rng: Rng) -> Wreck:
    """Apply a damage of `DAMAGES`."""
    return DAMAGES[damage](parts, rng)
