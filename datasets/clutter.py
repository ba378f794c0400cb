"""Things that lie around and are no UAV: confusers on crash sites, and clutter beside a wreck.

Lengths in metres, ground at z = 0.
"""

from collections.abc import Callable

import numpy as np
import trimesh
from trimesh.transformations import random_rotation_matrix, rotation_matrix, translation_matrix

from wreckid.datasets.airframe import Part, loft, whole
from wreckid.datasets.geometry import Paint
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.wreckage import Wreck, bounds, crumple, moved_to, settled

Rng = np.random.Generator


def pipe(rng: Rng) -> trimesh.Trimesh:
    """A pipe or pole, often bent."""
    length, radius = rng.uniform(0.5, 4), rng.uniform(0.015, 0.15)
    mesh = trimesh.creation.annulus(radius * 0.85, radius, length, sections=20)
    mesh = mesh.subdivide_to_size(max(length / 8, radius))
    sag = rng.uniform(-0.3, 0.3) * length
    mesh.vertices[:, 0] += sag * (mesh.vertices[:, 2] / length) ** 2
    mesh.apply_transform(rotation_matrix(np.pi / 2, [0, 1, 0]))
    return mesh


def sheet(rng: Rng) -> trimesh.Trimesh:
    """A bent or corrugated sheet of metal."""
    width, length = rng.uniform(0.4, 2.5, 2)
    mesh = trimesh.creation.box((length, width, 0.004)).subdivide().subdivide().subdivide()
    waves = SmoothNoise(rng, wavelength=length, dimensions=2)
    ribs = 0.015 * np.sin(mesh.vertices[:, 1] * rng.uniform(20, 80)) * (rng.random() < 0.5)
    mesh.vertices[:, 2] += rng.uniform(0.02, 0.1) * length * waves(mesh.vertices[:, :2]) + ribs
    return mesh


def crate(rng: Rng) -> trimesh.Trimesh:
    """A box, crate or housing."""
    mesh = trimesh.creation.box(rng.uniform(0.15, 1.5, 3))
    mesh.unmerge_vertices()
    return mesh


def drum(rng: Rng) -> trimesh.Trimesh:
    """A drum, canister or rocket section."""
    radius, length = rng.uniform(0.08, 0.5), rng.uniform(0.3, 3)
    taper = rng.uniform(0.3, 1)
    turn = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.zeros(24), np.cos(turn), np.sin(turn)], axis=1)
    radii = radius * np.array([taper, 1, 1, 1, rng.uniform(0.4, 1)])
    x = length * np.array([0, 0.15, 0.5, 0.8, 1])
    return loft(circle * radii[:, None, None] + x[:, None, None] * np.array([1.0, 0, 0]))


def wheel(rng: Rng) -> trimesh.Trimesh:
    """A tyre or wheel rim."""
    radius = rng.uniform(0.15, 0.5)
    mesh = trimesh.creation.torus(radius, radius * rng.uniform(0.15, 0.35), 28, 14)
    mesh.apply_transform(rotation_matrix(rng.choice([0, np.pi / 2]), [1, 0, 0]))
    return mesh


def rock(rng: Rng) -> trimesh.Trimesh:
    """A stone or lump of concrete."""
    mesh = trimesh.creation.icosphere(3)
    noise = SmoothNoise(rng, wavelength=2)
    mesh.vertices *= (1 + 0.25 * noise(mesh.vertices))[:, None]
    mesh.apply_scale(rng.uniform(0.05, 0.6) * rng.uniform(0.5, 1, 3))
    return mesh


def vehicle(rng: Rng) -> trimesh.Trimesh:
    """A car, van or ground robot in outline: hull, cabin, wheels."""
    length, width, height = rng.uniform(1.2, 5), rng.uniform(0.7, 2), rng.uniform(0.4, 1.1)
    radius = height * rng.uniform(0.3, 0.5)
    hull = trimesh.creation.box((length, width, height))
    cabin = trimesh.creation.box((length * rng.uniform(0.3, 0.7), width * 0.85, height * 0.8))
    cabin.apply_translation([length * rng.uniform(-0.1, 0.15), 0, height * 0.85])
    wheels = [
        trimesh.creation.cylinder(
            radius, width * 0.15, transform=rotation_matrix(np.pi / 2, [1, 0, 0])
        ).apply_translation([x, y, -height / 2])
        for x in np.linspace(-0.35, 0.35, rng.integers(2, 5)) * length
        for y in (-width / 2, width / 2)
    ]
    mesh = trimesh.util.concatenate([hull, cabin, *wheels])
    mesh.unmerge_vertices()
    return mesh


def person(rng: Rng) -> trimesh.Trimesh:
    """A standing figure in outline, to hide things behind."""
    height = rng.uniform(1.6, 1.9)
    trunk = trimesh.creation.capsule(height * 0.32, height * 0.11)
    trunk.apply_translation([0, 0, height * 0.5])
    head = trimesh.creation.icosphere(2, height * 0.065).apply_translation([0, 0, height * 0.96])
    limbs = [
        trimesh.creation.cylinder(
            height * size, segment=[[0, y, height * top], [0, y * spread, height * low]]
        )
        for y, spread, top, low, size in (
            (0.09, 1.4, 0.48, 0, 0.045),
            (-0.09, 1.4, 0.48, 0, 0.045),
            (0.2, 1.5, 0.8, 0.45, 0.035),
            (-0.2, 1.5, 0.8, 0.45, 0.035),
        )
    ]
    return trimesh.util.concatenate([trunk, head, *limbs])


THINGS: tuple[Callable[[Rng], trimesh.Trimesh], ...] = (
    pipe,
    sheet,
    crate,
    drum,
    wheel,
    rock,
    vehicle,
    person,
)
NOTHING = "nothing"
"""The damage of an empty place."""
UPRIGHT = (crate, wheel, vehicle, person)
PAINTS: tuple[Paint, ...] = ("skin", "accent", "dark", "metal", "wood", "rubber")


def thing(rng: Rng) -> Part:
    """One random thing, lying or standing on the ground at the origin."""
    make = THINGS[rng.integers(len(THINGS))]
    mesh = make(rng)
    turn = (
        rotation_matrix(rng.uniform(0, 2 * np.pi), [0, 0, 1])
        if make in UPRIGHT
        else random_rotation_matrix(rng.random(3))
        if make is rock
        else rotation_matrix(rng.normal(0, 0.2), [1, 0, 0])
    )
    mesh.apply_transform(turn)
    paint = PAINTS[rng.integers(len(PAINTS))]
    return settled((whole(make.__name__, "strut", paint, mesh),))[0]


def confusers(rng: Rng) -> Wreck:
    """A heap of things that is no UAV."""
    parts = [
        crumple(moved_to((thing(rng),), rng.normal(0, 0.8, 2)), rng.choice([0.0, 0.01]), rng)[0]
        for _ in range(rng.integers(1, 6))
    ]
    return Wreck(tuple(parts), "confusers", burnt=rng.uniform(0.3, 1) * (rng.random() < 0.15))


def empty_place(rng: Rng) -> Wreck:
    """A place where something could lie: the camera frames it, but nothing of it is drawn."""
    return Wreck(confusers(rng).parts, NOTHING)


def beside(wreck: Wreck, rng: Rng) -> tuple[Part, ...]:
    """Things around a wreck, mostly behind or beside it."""
    low, high = bounds(wreck.parts)
    centre, reach = (low + high)[:2] / 2, float(np.hypot(*(high - low)[:2])) / 2
    placed = []
    for _ in range(rng.integers(1, 4)):
        turn, distance = rng.uniform(0, 2 * np.pi), reach * rng.uniform(1.0, 2.2)
        place = centre + distance * np.array([np.cos(turn), np.sin(turn)])
        placed.append(thing(rng).moved(translation_matrix([*place, 0])))
    return tuple(placed)
