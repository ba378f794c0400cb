"""What lies and grows on a ground: grass, straw, stones, bricks, twigs, leaves."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.colour import hue
from wreckid.datasets.places.painted import Painted, copies, in_one_colour, joined

Array = npt.NDArray[np.float64]
Rng = np.random.Generator


@dataclass(frozen=True)
class Plot:
    """The ground around a wreck.

    Attributes:
        centre: of the wreck, float[2].
        radius: half the diagonal of the wreck's box seen from above, in metres.
        top: height of the wreck in metres.
        height: of the ground at float[N, 2] places, float[N].
    """

    centre: Array
    radius: float
    top: float
    height: Callable[[Array], Array]

    def places(self, count: int, spread: float, rng: Rng) -> Array:
        """Feet float[N, 3] on the ground, densest at the centre, `spread` in radii."""
        flat = self.centre + rng.normal(0, spread * self.radius, (count, 2))
        return np.column_stack([flat, self.height(flat)])

    def tall(self, metres: float) -> float:
        """A height that does not hide the wreck."""
        return min(metres, 0.4 * self.top + 0.03)

    def wide(self, metres: float) -> float:
        """A size that is small beside the wreck, so that no camera gets into it."""
        return min(metres, 0.3 * self.radius)


Scatter = Callable[[Plot, Rng], Painted]


def grass(plot: Plot, rng: Rng) -> Painted:
    """Tufts of fresh and withered blades, close to the wreck and over its edge."""
    tufts, blades = int(rng.uniform(100, 380)), 12
    feet = np.repeat(plot.places(tufts, rng.uniform(0.7, 1.3), rng), blades, axis=0)
    height = plot.tall(rng.uniform(0.05, 0.4))
    feet[:, :2] += rng.normal(0, 0.25 * height + 0.01, (len(feet), 2))
    green, dry = (
        hue(_one(rng, "#5f7330", "#6f8038", "#4d6328")),
        hue(_one(rng, "#a8985a", "#8f8250")),
    )
    share = (
        rng.beta(0.6, 0.6, (tufts, 1)) if rng.random() < 0.7 else rng.uniform(0.8, 1, (tufts, 1))
    )
    colour = np.repeat(green + (dry - green) * share, blades, axis=0)
    return _blades(feet, height, colour, 0.35, rng)


def dry_grass(plot: Plot, rng: Rng) -> Painted:
    """A few withered tufts."""
    tufts, blades = int(rng.uniform(15, 120)), 14
    feet = np.repeat(plot.places(tufts, 1.4, rng), blades, axis=0)
    height = plot.tall(rng.uniform(0.08, 0.5))
    feet[:, :2] += rng.normal(0, 0.15 * height + 0.01, (len(feet), 2))
    straw = np.broadcast_to(hue(_one(rng, "#b3a46c", "#a08e5a", "#c2b283")), feet.shape)
    return _blades(feet, height, straw, 0.35, rng)


def straw(plot: Plot, rng: Rng) -> Painted:
    """Cut stalks in rows."""
    feet = plot.places(int(rng.uniform(1500, 4000)), 1.1, rng)
    apart, turn = 0.18, rng.uniform(0, np.pi)
    across = np.array([np.cos(turn), np.sin(turn)])
    along = feet[:, :2] @ across
    shift = np.round(along / apart) * apart + rng.normal(0, 0.015, len(feet)) - along
    feet[:, :2] += shift[:, None] * across
    colour = np.broadcast_to(hue(_one(rng, "#c9b478", "#b59c5e", "#a8925c")), feet.shape)
    return _blades(feet, plot.tall(rng.uniform(0.06, 0.2)), colour, 0.12, rng)


def _blades(feet: Array, height: float, colour: Array, lean: float, rng: Rng) -> Painted:
    """One bent blade of three triangles a foot, lit like the ground that it grows on."""
    count = len(feet)
    tall = height * rng.uniform(0.35, 1, (count, 1))
    bow = np.column_stack([rng.normal(0, lean, (count, 2)) * tall, np.zeros(count)])
    turn = rng.uniform(0, np.pi, count)
    side = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(count)])
    side *= np.clip(0.02 * tall, 0.0015, 0.006)
    rise = np.array([0, 0, 1.0])
    knee, tip = feet + 0.35 * bow + 0.6 * tall * rise, feet + bow + tall * rise
    low = feet - 0.02 * rise
    vertices = np.stack([low - side, low + side, knee - 0.8 * side, knee + 0.8 * side, tip], axis=1)
    blade = np.array([[0, 1, 3], [0, 3, 2], [2, 3, 4]])
    shade = np.array([0.55, 0.55, 0.9, 0.9, 1.15])[:, None]
    colours = colour[:, None] * rng.uniform(0.6, 1.3, (count, 1, 1)) * shade
    normals = np.broadcast_to([0, 0, 1.0], (count * 5, 3))
    faces = (blade + 5 * np.arange(count)[:, None, None]).reshape(-1, 3)
    return Painted(vertices.reshape(-1, 3), faces, colours.reshape(-1, 3), normals)


def stones(plot: Plot, rng: Rng) -> Painted:
    """Stones, mostly small."""
    return _lumps(plot, int(rng.uniform(10, 160)), (0.008, 0.05), _one(rng, *GREYS), rng)


def clods(plot: Plot, rng: Rng) -> Painted:
    """Lumps of earth."""
    earth = _one(rng, "#54432f", "#3f3428", "#6d5840")
    return _lumps(plot, int(rng.uniform(80, 350)), (0.015, 0.07), earth, rng)


def snow_lumps(plot: Plot, rng: Rng) -> Painted:
    """Snow thrown up."""
    return _lumps(plot, int(rng.uniform(0, 120)) + 1, (0.01, 0.05), "#e6eaf0", rng)


GREYS = ("#8d867c", "#777068", "#a39a8c", "#6b6a68")


def _lumps(plot: Plot, count: int, radii: tuple[float, float], colour: str, rng: Rng) -> Painted:
    ball = trimesh.creation.icosphere(0)
    ball.vertices *= rng.uniform(0.7, 1.15, (len(ball.vertices), 1))
    smallest, largest = (plot.wide(radius) for radius in radii)
    size = smallest + (largest - smallest) * rng.beta(0.8, 3, count)
    sizes = size[:, None] * rng.uniform(0.6, 1.3, (count, 3)) * [1, 1, 0.8]
    return copies(
        in_one_colour(ball, hue(colour)),
        plot.places(count, rng.uniform(0.8, 1.4), rng),
        sizes,
        rng.uniform(0, 2 * np.pi, count),
        rng.uniform(0.6, 1.3, count),
    )


def blocks(plot: Plot, rng: Rng) -> Painted:
    """Broken bricks and lumps of concrete, some large."""
    count = int(rng.uniform(40, 260))
    brick = trimesh.creation.box(np.array([1, 0.48, 0.26]) * plot.wide(0.25))
    brick.vertices *= rng.uniform(0.75, 1.1, (8, 3))
    clay = _one(rng, "#96604a", "#a87058", "#b5aea0", "#b8ad98")
    bricks = _tumbled(brick, clay, plot, np.ones((count, 3)), rng)
    lump = trimesh.creation.box((1, 0.8, 0.6))
    lump.vertices *= rng.uniform(0.6, 1.2, (8, 3))
    few = int(rng.uniform(10, 60))
    sizes = plot.wide(0.9) * (0.05 + rng.beta(0.8, 3, (few, 1))) * rng.uniform(0.5, 1, (few, 3))
    return joined([bricks, _tumbled(lump, _one(rng, *GREYS), plot, sizes, rng)])


def _tumbled(mesh: trimesh.Trimesh, colour: str, plot: Plot, sizes: Array, rng: Rng) -> Painted:
    """Copies in three postures, since copies turn about the vertical alone."""
    postures = []
    for share in np.array_split(np.arange(len(sizes)), 3):
        tilted = mesh.copy()
        tilted.apply_transform(trimesh.transformations.random_rotation_matrix(rng.random(3)))
        postures.append(
            copies(
                in_one_colour(tilted, hue(colour)),
                plot.places(len(share), 1.3, rng),
                sizes[share],
                rng.uniform(0, 2 * np.pi, len(share)),
                rng.uniform(0.55, 1.25, len(share)),
            )
        )
    return joined(postures)


def twigs(plot: Plot, rng: Rng) -> Painted:
    """Twigs and small branches on the ground."""
    count = int(rng.uniform(20, 160))
    stick = trimesh.creation.cylinder(1, 1, sections=5)
    stick.vertices = stick.vertices[:, [2, 0, 1]]
    stick.vertices[:, 2] += 0.5
    length = rng.uniform(0.08, 0.25, count) * rng.choice([1, 1, 1, 3], count)
    thick = length * rng.uniform(0.012, 0.03, count)
    return copies(
        in_one_colour(stick, hue(_one(rng, "#5c4a38", "#7a6850", "#4a4038"))),
        plot.places(count, 1.1, rng),
        np.stack([length, thick, thick], axis=1),
        rng.uniform(0, 2 * np.pi, count),
        rng.uniform(0.6, 1.4, count),
    )


LEAVES = ("#8a6236", "#a87c40", "#6e5232", "#b5934a", "#7d5a3a")


def leaves(plot: Plot, rng: Rng) -> Painted:
    """Curled fallen leaves, some on the wreck's edge."""
    count = int(rng.uniform(200, 1500))
    half = np.array([[0, 0, 0.15], [0.5, 0.3, 0.3], [1, 0, 0.35], [0.5, -0.3, 0.25]])
    leaf = Painted(
        half, np.array([[0, 2, 1], [0, 3, 2]]), np.ones((4, 3)), np.tile([0, 0, 1.0], (4, 1))
    )
    palette = np.array([hue(colour) for colour in LEAVES])
    return copies(
        leaf,
        plot.places(count, 1.2, rng),
        rng.uniform(0.03, 0.1, count),
        rng.uniform(0, 2 * np.pi, count),
        palette[rng.integers(len(palette), size=count)] * rng.uniform(0.6, 1.3, (count, 1)),
    )


def markings(plot: Plot, rng: Rng) -> Painted:
    """A painted line on a road, worn."""
    turn, apart = rng.uniform(0, np.pi), rng.uniform(-1, 1) * plot.radius
    dash = rng.random() < 0.5
    starts = np.arange(-60, 60, 4.0)
    length = 2.5 if dash else 4.0
    strip = Painted(
        np.array([[0, -0.06, 0], [1, -0.06, 0], [1, 0.06, 0], [0, 0.06, 0]]) * [length, 1, 1],
        np.array([[0, 1, 2], [0, 2, 3]]),
        np.broadcast_to(hue(_one(rng, "#c9c8c0", "#b8b6ac", "#b59a4a")), (4, 3)),
        np.tile([0, 0, 1.0], (4, 1)),
    )
    count = len(starts)
    along = np.column_stack([starts, np.full(count, apart), np.full(count, 0.004)])
    row = copies(strip, along, np.ones(count), np.zeros(count), rng.uniform(0.75, 1, count))
    return row.moved(plot.centre, turn)


def litter(plot: Plot, rng: Rng) -> Painted:
    """Crumbs, offcuts and scraps on a floor."""
    return _lumps(plot, int(rng.uniform(0, 60)) + 1, (0.004, 0.02), _one(rng, *GREYS, *LEAVES), rng)


def _one(rng: Rng, *names: str) -> str:
    return names[rng.integers(len(names))]
