"""Who and what stands around a find: people, tape, a scale, a fence, a car."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import trimesh
from trimesh.transformations import rotation_matrix

from wreckid.datasets.airframes.airframe import loft
from wreckid.datasets.colour import hue
from wreckid.datasets.places.painted import Painted, copies, in_one_colour, joined
from wreckid.datasets.places.scatter import Plot

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

JACKETS = ("#4b5238", "#5d5f45", "#2d3138", "#1f2a44", "#6b6250", "#8a7d5c", "#c8d820", "#d86020")
"""Olive, field grey, black, police blue, brown, khaki, high-visibility yellow and orange."""
TROUSERS = ("#4b5238", "#3a3d33", "#22252b", "#2b3448", "#5c5442", "#7d7355")
HEADGEAR = ("#3d432f", "#22252b", "#5a4632", "#2a2018", "#b8a888", "#8a8f94")
SKINS = ("#c89a7c", "#b98a6b", "#d8ab90", "#9a6e52")


def person(rng: Rng) -> Painted:
    """A dressed figure that stands or bends over, facing +x, feet at z = 0."""
    height, bend = rng.uniform(1.6, 1.9), rng.uniform(0, 0.25) + 0.6 * (rng.random() < 0.25)
    stride, reach = rng.uniform(-0.25, 0.25), rng.uniform(-0.3, 0.9)
    hip = np.array([0, 0, 0.52])
    spine = np.array([np.sin(bend), 0, np.cos(bend)])
    neck, crown = hip + 0.31 * spine, hip + 0.41 * spine
    jacket, trousers, boots = (hue(_one(rng, names)) for names in (JACKETS, TROUSERS, ("#2a2420",)))
    skin, cap = hue(_one(rng, SKINS)), hue(_one(rng, HEADGEAR))
    pieces = [
        _limb(hip - 0.02 * spine, neck, (0.085, 0.105), jacket, flat=0.62),
        _limb(neck - 0.01 * spine, crown - 0.03 * spine, (0.03, 0.03), skin),
        _ball(crown, (0.042, 0.042, 0.058), skin),
        _ball(crown + _by(0, 0, 0.018), (0.049, 0.047, 0.05), cap),
    ]
    for side in (-1, 1):
        foot = np.array([side * 0.45 * stride, side * 0.06, 0.02])
        knee = (foot + hip) / 2 + _by(0.03, 0, 0)
        shoulder = neck - 0.02 * spine + _by(0, side * 0.1, 0)
        elbow = shoulder + _by(0.05 + 0.1 * reach, side * 0.03, -0.16)
        hand = elbow + _by(0.04 + 0.1 * reach, -side * 0.01, -0.13 + 0.08 * reach)
        pieces += [
            _limb(hip + _by(0, side * 0.05, 0), knee, (0.052, 0.038), trousers),
            _limb(knee, foot, (0.04, 0.03), trousers),
            _limb(foot - _by(0.03, 0, 0.005), foot + _by(0.09, 0, -0.005), (0.028, 0.022), boots),
            _limb(shoulder, elbow, (0.036, 0.03), jacket),
            _limb(elbow, hand, (0.03, 0.023), jacket),
            _ball(hand, (0.022, 0.018, 0.03), skin),
        ]
    whole = joined(pieces)
    return Painted(whole.vertices * height, whole.faces, whole.colours, whole.normals)


def _by(x: float, y: float, z: float) -> Array:
    """A way in shares of the height."""
    return np.array([x, y, z])


def _limb(
    start: Array, end: Array, radii: tuple[float, float], colour: Array, flat: float = 1
) -> Painted:
    """A tapered limb with rounded ends; `flat` squeezes it from front to back."""
    axis = (end - start) / np.linalg.norm(end - start)
    front = np.cross([0, 1.0, 0], axis)
    front /= np.linalg.norm(front)
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    ring = np.outer(flat * np.cos(turn), front) + np.outer(np.sin(turn), np.cross(axis, front))
    along = np.array([0, 0.08, 0.5, 0.92, 1.0])
    radius = np.interp(along, [0, 1], radii) * [0.6, 1, 1, 1, 0.6]
    middle = start + along[:, None] * (end - start)
    return in_one_colour(loft(ring * radius[:, None, None] + middle[:, None]), colour)


def _ball(centre: Array, radii: tuple[float, float, float], colour: Array) -> Painted:
    ball = trimesh.creation.icosphere(2)
    return Painted(
        ball.vertices * radii + centre,
        ball.faces,
        np.broadcast_to(colour, ball.vertices.shape),
        ball.vertices,
    )


def car(rng: Rng) -> Painted:
    """A car or van with glass and wheels, along x."""
    length, width, van = rng.uniform(4, 5), rng.uniform(1.7, 2), rng.random() < 0.4
    roof = 2.1 if van else rng.uniform(1.4, 1.7)
    paint = hue(_one(rng, ("#c8cacc", "#2b2d30", "#6a6f52", "#8a2a24", "#2f4a74", "#d8d4c8")))
    nose = 0.1 if van else 0.28
    outline = np.array(
        [[0, 0.35], [0, 0.9], [nose, 1.0], [nose + 0.13, roof], [0.92, roof], [1, 0.95], [1, 0.35]]
    ) * [length, 1]
    hull = _slab(outline, width)
    glass = np.array(
        [[nose + 0.02, 1.02], [nose + 0.13, roof - 0.1], [0.9, roof - 0.1], [0.95, 1.02]]
    ) * [length, 1]
    tyre = trimesh.creation.cylinder(0.33, 0.22, sections=16)
    tyre.apply_transform(rotation_matrix(np.pi / 2, [1, 0, 0]))
    places = np.array([[x, y, 0.33] for x in (0.18, 0.8) for y in (-0.46, 0.46)])
    even = np.ones(4)
    wheels = copies(
        in_one_colour(tyre, hue("#1c1c1c")), places * [length, width, 1], even, 0 * even, even
    )
    windows = in_one_colour(_slab(glass, width + 0.02), hue("#20262c"))
    whole = joined([in_one_colour(hull, paint), windows, wheels])
    return whole.moved(np.array([-length / 2, 0]))


def _slab(outline: Array, width: float) -> trimesh.Trimesh:
    """A profile of x and z, drawn out along y."""
    sides = [np.insert(outline, 1, y, axis=1) for y in (-width / 2, width / 2)]
    return loft(np.stack(sides))


def fence(rng: Rng) -> Painted:
    """Posts and rails, or boards, or concrete panels, along x."""
    length, height = rng.uniform(8, 40), rng.uniform(1, 2.2)
    gap, bar = ((2.5, 0.06), (0.14, 0.1), (2.0, 1.97))[rng.integers(3)]
    count = int(length / gap)
    post = trimesh.creation.box((bar, 0.04, height)).apply_translation([0, 0, height / 2])
    colour = hue(_one(rng, ("#6b5d4a", "#8d8a84", "#5a6a58", "#a8a295", "#4a4d50")))
    even = np.ones(count)
    feet = np.column_stack([gap * np.arange(count) - length / 2, 0 * even, 0 * even])
    posts = copies(in_one_colour(post, colour), feet, even, 0 * even, rng.uniform(0.8, 1.1, count))
    rail = trimesh.creation.box((length, 0.03, 0.05))
    rails = [
        in_one_colour(rail.copy().apply_translation([0, 0.03, share * height]), 0.9 * colour)
        for share in (0.3, 0.6, 0.9)
    ]
    return joined([posts, *rails])


def barrier_tape(rng: Rng) -> Painted:
    """Striped tape between stakes, along x."""
    stripes, pitch = 40, 0.15
    x = np.arange(2 * stripes + 1) * pitch / 2
    x -= x.mean()
    sag = 0.9 - 0.12 * np.cos(2 * np.pi * x / 3)
    first, second = (("#c02820", "#e8e6e0"), ("#e0c020", "#202020"))[rng.integers(2)]
    tape = _ribbon(np.column_stack([x, 0 * x, sag]), np.array([0, 0, 0.075]), (first, second))
    stake = trimesh.creation.box((0.03, 0.03, 1.05)).apply_translation([0, 0, 0.5])
    feet = np.column_stack([np.array([-3.0, 0, 3]), np.zeros((3, 2))])
    even = np.ones(3)
    return joined([tape, copies(in_one_colour(stake, hue("#6b5d4a")), feet, even, 0 * even, even)])


def scale_bar(length: float) -> Painted:
    """A ruler of black and white blocks that lies on the ground, along x."""
    x = np.linspace(-length / 2, length / 2, 11)
    points = np.column_stack([x, 0 * x, 0 * x + 0.012])
    return _ribbon(points, np.array([0, 0.06 * length, 0]), ("#e8e8e4", "#181818"))


def tape_measure(length: float) -> Painted:
    """A yellow tape with a dark mark now and then, pulled out along x."""
    x = np.linspace(-length / 2, length / 2, 61)
    points = np.column_stack([x, 0.01 * length * np.sin(6 * x / length), 0 * x + 0.015])
    colours = ("#d8b820",) * 5 + ("#3a3418",)
    return _ribbon(points, np.array([0, 0.019, 0]), colours)


def _ribbon(points: Array, across: Array, colours: tuple[str, ...]) -> Painted:
    """A band along points, each panel in the next colour."""
    panels = len(points) - 1
    corners = np.stack([points[:-1], points[1:], points[1:] + across, points[:-1] + across], axis=1)
    quads = np.arange(4 * panels).reshape(-1, 4)
    palette = np.array([hue(colours[panel % len(colours)]) for panel in range(panels)])
    normal = np.cross([1.0, 0, 0], across)
    return Painted(
        corners.reshape(-1, 3),
        np.asarray(trimesh.geometry.triangulate_quads(quads), np.int64),
        np.repeat(palette, 4, axis=0),
        np.tile(normal / np.linalg.norm(normal), (4 * panels, 1)),
    )


NEAR: tuple[tuple[Callable[[Rng], Painted], float, int, float], ...] = (
    (person, 0.18, 3, 0.4),
    (car, 0.08, 1, 3.5),
    (fence, 0.1, 1, 4),
    (barrier_tape, 0.06, 2, 1),
)
"""What may stand there, its chance, the most of it, and how far from the wreck's edge in metres."""
MEASURED = 0.08
"""Share of finds with a scale beside them."""


def bystanders(plot: Plot, rng: Rng) -> list[Painted]:
    """What stands around one find, mostly nothing; nothing that is so close that it hides it."""
    there = [
        _stood(make(rng), plot, apart, rng)
        for make, chance, most, apart in NEAR
        if rng.random() < chance
        for _ in range(rng.integers(1, most + 1))
    ]
    return [*there, _measure(plot, rng)] if rng.random() < MEASURED else there


def _stood(thing: Painted, plot: Plot, apart: float, rng: Rng) -> Painted:
    """Put down beside the wreck; people and cars often face it, fences lie across."""
    turn, far = rng.uniform(0, 2 * np.pi), plot.radius + apart + rng.exponential(apart)
    across = np.pi / 2 if np.ptp(thing.vertices[:, 0]) > 2 else 0.0
    facing = turn + np.pi + across + rng.normal(0, 0.4)
    return thing.moved(plot.centre + far * np.array([np.cos(turn), np.sin(turn)]), facing)


def _measure(plot: Plot, rng: Rng) -> Painted:
    """A scale bar or a tape at the foot of the wreck."""
    length = rng.uniform(0.6, 1.6) * plot.radius
    make = scale_bar if rng.random() < 0.5 else tape_measure
    turn = rng.uniform(0, 2 * np.pi)
    place = plot.centre + rng.uniform(0.5, 0.9) * plot.radius * np.array(
        [np.cos(turn), np.sin(turn)]
    )
    rise = float(plot.height(place[None])[0])
    return make(length).moved(np.array([*place, rise]), turn + np.pi / 2)


def _one(rng: Rng, names: tuple[str, ...]) -> str:
    return names[rng.integers(len(names))]
