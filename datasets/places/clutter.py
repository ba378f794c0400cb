"""Things that lie around and are no UAV: confusers on crash sites, and clutter beside a wreck.

Lengths in metres, ground at z = 0.
"""

from collections.abc import Callable

import numpy as np
import trimesh
from trimesh.transformations import random_rotation_matrix, rotation_matrix

from wreckid.datasets.airframes.airframe import Part, loft, whole
from wreckid.datasets.airframes.wreckage import Wreck, bounds, crumple, moved_to, settled
from wreckid.datasets.geometry import Paint
from wreckid.datasets.noise import SmoothNoise

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


def _lathed(x: list[float], radii: list[float], sections: int = 24) -> trimesh.Trimesh:
    """A body of revolution about the x axis."""
    turn = np.linspace(0, 2 * np.pi, sections, endpoint=False)
    circle = np.stack([0 * turn, np.cos(turn), np.sin(turn)], axis=1)
    stations = np.array(x)[:, None, None] * np.array([1.0, 0, 0])
    return loft(circle * np.array(radii)[:, None, None] + stations)


def rocket(rng: Rng) -> trimesh.Trimesh:
    """A rocket body with a nozzle and, at times, fins; the nose gone or there."""
    radius, length = rng.uniform(0.06, 0.15), rng.uniform(0.8, 3)
    nose = [0.01, 0.6 * radius] if rng.random() < 0.5 else [0.9 * radius, radius]
    tube = _lathed(
        [0, 0.1 * length, 0.2 * length, 0.95 * length, 0.96 * length, length],
        [*nose, radius, radius, 0.6 * radius, 0.8 * radius],
    )
    span = radius * rng.uniform(1.5, 3)
    fin = trimesh.creation.box((0.12 * length, 2 * span, 0.006))
    fin.apply_translation([0.9 * length, 0, 0])
    other = fin.copy()
    other.apply_transform(rotation_matrix(np.pi / 2, [1, 0, 0]))
    return trimesh.util.concatenate([tube, fin, other] if rng.random() < 0.5 else [tube])


def shard(rng: Rng) -> trimesh.Trimesh:
    """A torn piece of a shell's or tank's wall."""
    radius, length = rng.uniform(0.06, 0.5), rng.uniform(0.1, 0.8)
    turn = np.linspace(0, rng.uniform(0.8, 2.5), 14)
    outer = np.stack([0 * turn, radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    inner = outer[::-1] * [1, 0.93, 0.93]
    ring = np.concatenate([outer, inner])
    ends = rng.uniform(0, 0.25 * length, (2, 14))
    ragged = np.concatenate([ends, ends[:, ::-1]], axis=1)[..., None] * np.array([1.0, 0, 0])
    return loft(np.stack([ring + ragged[0], ring - ragged[1] + [length, 0, 0]]))


def solar_panel(rng: Rng) -> trimesh.Trimesh:
    """A framed panel, on the ground or leaning."""
    width, length = rng.uniform(0.6, 1.1), rng.uniform(1, 2)
    pane = trimesh.creation.box((length, width, 0.02))
    bars = [
        trimesh.creation.box((0.02, width, 0.03)).apply_translation([x, 0, 0.005])
        for x in np.linspace(-0.5, 0.5, 7) * length
    ]
    mesh = trimesh.util.concatenate([pane, *bars])
    mesh.apply_transform(rotation_matrix(rng.choice([0, 0.5]), [1, 0, 0]))
    return mesh


def kite(rng: Rng) -> trimesh.Trimesh:
    """A kite: a thin cambered rhombus or delta on two sticks, with a tail."""
    span, length, delta = rng.uniform(0.6, 2), rng.uniform(0.6, 1.4), rng.random() < 0.5
    widest = 0.95 if delta else 0.35
    x = np.array([0, widest, 1]) * length
    half = np.array([0.005, 0.5, 0.005 if not delta else 0.3]) * span
    across = np.linspace(-1, 1, 9)
    top = np.stack(np.broadcast_arrays(x[:, None], half[:, None] * across, 0.1 * across**2), axis=2)
    sail = loft(np.concatenate([top, top[:, ::-1] - [0, 0, 0.004]], axis=1))
    stick = trimesh.creation.cylinder(0.006, segment=[[0, 0, 0], [length, 0, 0]], sections=6)
    tail = trimesh.creation.box((length * rng.uniform(0.5, 2), 0.04, 0.004))
    tail.apply_translation([length + tail.extents[0] / 2, 0, 0])
    return trimesh.util.concatenate([sail, stick, tail])


def boat(rng: Rng) -> trimesh.Trimesh:
    """A model boat: hull, deckhouse and mast."""
    length = rng.uniform(0.5, 1.4)
    beam, depth = length * rng.uniform(0.2, 0.3), length * 0.14
    turn = np.linspace(0, np.pi, 12)
    half = np.stack([0 * turn, np.cos(turn), -np.sin(turn)], axis=1)
    shares = np.array([0.8, 1, 1, 0.7, 0.05])
    x = length * np.array([0, 0.2, 0.5, 0.8, 1])
    rings = half * [0, beam / 2, depth] * shares[:, None, None]
    hull = loft(rings + x[:, None, None] * np.array([1.0, 0, 0]))
    house = trimesh.creation.box((0.3 * length, 0.5 * beam, 0.12 * length))
    house.apply_translation([0.4 * length, 0, 0.06 * length])
    mast = trimesh.creation.cylinder(
        0.008, segment=[[0.45 * length, 0, 0], [0.45 * length, 0, 0.4]]
    )
    return trimesh.util.concatenate([hull, house, mast])


def light_aircraft_part(rng: Rng) -> trimesh.Trimesh:
    """The outer wing or the tail of a manned aircraft, with ribs showing at the root."""
    chord, span = rng.uniform(0.9, 1.6), rng.uniform(1.2, 3.5)
    turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    thick = 0.07 * np.sin(turn) * (1.1 + np.cos(turn - np.pi)) ** 0.8
    section = np.stack([0.5 * np.cos(turn), 0 * turn, thick], axis=1)
    size = chord * np.array([1, 1, rng.uniform(0.6, 1), rng.uniform(0.4, 0.7)])
    y = span * np.array([0, 0.05, 0.85, 1])
    wing = loft(section * size[:, None, None] + y[:, None, None] * np.array([0, 1.0, 0]))
    spar = trimesh.creation.box((0.06 * chord, 0.5, 0.08 * chord)).apply_translation([0, -0.2, 0])
    return trimesh.util.concatenate([wing, spar])


def exhaust(rng: Rng) -> trimesh.Trimesh:
    """A silencer between bent pipes."""
    length, radius = rng.uniform(0.4, 0.7), rng.uniform(0.07, 0.13)
    can = _lathed([0, 0.05, length, length + 0.05], [0.025, radius, radius, 0.025])
    bend = np.array([[0, 0, 0], [-0.3, 0, 0.02], [-0.6, 0.15, 0.05], [-0.9, 0.15, 0]])
    pipes = [
        trimesh.creation.cylinder(0.025, segment=ends, sections=10)
        for ends in np.stack([bend[:-1], bend[1:]], axis=1)
    ]
    tail = trimesh.creation.cylinder(
        0.025, segment=[[length, 0, 0], [length + 0.4, 0, 0]], sections=10
    )
    return trimesh.util.concatenate([can, *pipes, tail])


def bumper(rng: Rng) -> trimesh.Trimesh:
    """A bumper or strip of bodywork, curved in plan."""
    width = rng.uniform(1.2, 1.8)
    y = np.linspace(-0.5, 0.5, 15) * width
    profile = np.array([[0, 0, 0], [0.06, 0, 0.05], [0.06, 0, 0.2], [0, 0, 0.25], [0.05, 0, 0.12]])
    bow = np.column_stack([-0.8 * y**2 / width, y, 0 * y])
    return loft(profile + bow[:, None])


def engine_block(rng: Rng) -> trimesh.Trimesh:
    """A car's engine: a block with a head, a sump, pulleys and pipes."""
    size = rng.uniform(0.35, 0.6)
    boxes = (
        ((1, 0.6, 0.6), (0, 0, 0)),
        ((0.9, 0.45, 0.25), (0, 0, 0.4)),
        ((0.7, 0.4, 0.25), (0, 0, -0.4)),
    )
    pieces = [
        trimesh.creation.box(np.array(box) * size).apply_translation(np.array(at) * size)
        for box, at in boxes
    ]
    for y, z in ((0, -0.15), (0.2, 0.2), (-0.15, 0.1)):
        wheel = trimesh.creation.cylinder(rng.uniform(0.1, 0.2) * size, 0.1 * size, sections=18)
        wheel.apply_transform(rotation_matrix(np.pi / 2, [0, 1, 0]))
        pieces.append(wheel.apply_translation([0.55 * size, y * size, z * size]))
    ducts = [
        trimesh.creation.cylinder(
            0.06 * size, segment=[[x, 0.3 * size, 0.2 * size], [x, 0.6 * size, 0]]
        )
        for x in np.linspace(-0.35, 0.35, 4) * size
    ]
    mesh = trimesh.util.concatenate([*pieces, *ducts])
    mesh.unmerge_vertices()
    return mesh


def ladder(rng: Rng) -> trimesh.Trimesh:
    """A ladder or a section of lattice, as in halls and on building sites."""
    length, width = rng.uniform(1.5, 4), rng.uniform(0.3, 0.5)
    rails = [
        trimesh.creation.box((length, 0.03, 0.06)).apply_translation([length / 2, y, 0])
        for y in (-width / 2, width / 2)
    ]
    rungs = [
        trimesh.creation.cylinder(
            0.015, segment=[[x, -width / 2, 0], [x, width / 2, 0]], sections=8
        )
        for x in np.arange(0.2, length, 0.3)
    ]
    return trimesh.util.concatenate([*rails, *rungs])


def trolley(rng: Rng) -> trimesh.Trimesh:
    """A bench, trolley or rack: boards on legs."""
    length, width, height = rng.uniform(0.6, 1.8), rng.uniform(0.4, 0.8), rng.uniform(0.4, 1)
    boards = [
        trimesh.creation.box((length, width, 0.04)).apply_translation([0, 0, share * height])
        for share in ((1,), (0.3, 1))[rng.integers(2)]
    ]
    legs = [
        trimesh.creation.box((0.04, 0.04, height)).apply_translation(
            [x * length, y * width, height / 2]
        )
        for x in (-0.47, 0.47)
        for y in (-0.45, 0.45)
    ]
    mesh = trimesh.util.concatenate([*boards, *legs])
    mesh.unmerge_vertices()
    return mesh


def bicycle(rng: Rng) -> trimesh.Trimesh:
    """Two wheels and a frame."""
    wheels = []
    for x in (-0.5, 0.5):
        tyre = trimesh.creation.torus(0.33, 0.02, 32, 8)
        tyre.apply_transform(rotation_matrix(np.pi / 2, [1, 0, 0]))
        wheels.append(tyre.apply_translation([x, 0, 0.35]))
    joints = {"rear": (-0.5, 0.35), "seat": (-0.2, 0.85), "crank": (-0.05, 0.35)}
    joints |= {"head": (0.33, 0.8), "front": (0.5, 0.35), "bar": (0.3, 1.0)}
    tubes = (
        "rear seat",
        "rear crank",
        "seat crank",
        "seat head",
        "crank head",
        "head front",
        "head bar",
    )
    frame = [
        trimesh.creation.cylinder(
            0.016, segment=[[x, 0, z] for x, z in (joints[end] for end in tube.split())], sections=8
        )
        for tube in tubes
    ]
    bar = trimesh.creation.cylinder(0.014, segment=[[0.3, -0.28, 1], [0.3, 0.28, 1]], sections=8)
    return trimesh.util.concatenate([*wheels, *frame, bar])


Make = Callable[[Rng], trimesh.Trimesh]

THINGS: dict[Make, tuple[Paint, ...]] = {
    pipe: ("metal", "dark", "accent"),
    sheet: ("metal", "skin", "accent"),
    crate: ("wood", "dark", "skin"),
    drum: ("accent", "dark", "metal"),
    wheel: ("rubber",),
    rock: ("wood", "dark"),
    rocket: ("metal", "skin", "dark"),
    shard: ("metal", "dark"),
    solar_panel: ("glass", "dark"),
    kite: ("skin", "accent"),
    boat: ("skin", "accent", "wood"),
    light_aircraft_part: ("skin", "metal"),
    exhaust: ("metal", "dark"),
    bumper: ("skin", "dark", "accent"),
    engine_block: ("metal", "dark"),
    ladder: ("metal", "wood"),
    trolley: ("metal", "wood"),
    bicycle: ("accent", "dark", "metal"),
}
"""What each thing is painted or made of."""
NOTHING = "nothing"
"""The damage of an empty place."""
UPRIGHT = (crate, wheel, engine_block, trolley, bicycle, solar_panel, bumper)


def thing(rng: Rng) -> Part:
    """One random thing, lying or standing on the ground at the origin."""
    make = tuple(THINGS)[rng.integers(len(THINGS))]
    mesh = make(rng)
    turn = (
        random_rotation_matrix(rng.random(3))
        if make in (rock, shard)
        else rotation_matrix(rng.uniform(0, 2 * np.pi), [0, 0, 1])
    )
    mesh.apply_transform(turn)
    if make not in UPRIGHT:
        mesh.apply_transform(rotation_matrix(rng.normal(0, 0.15), [1, 0, 0]))
    paints = THINGS[make]
    paint = paints[rng.integers(len(paints))]
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
    """Things around a wreck, none of them larger than it, mostly behind or beside it."""
    low, high = bounds(wreck.parts)
    centre, reach = (low + high)[:2] / 2, float(np.hypot(*(high - low)[:2])) / 2
    placed: list[Part] = []
    for part in (thing(rng) for _ in range(rng.integers(1, 4))):
        size = float(np.ptp(part.mesh.bounds, axis=0).max())
        turn, distance = rng.uniform(0, 2 * np.pi), size / 2 + reach * rng.uniform(0.8, 2)
        place = centre + distance * np.array([np.cos(turn), np.sin(turn)])
        if size < 2 * reach:
            placed += moved_to((part,), place)
    return tuple(placed)
