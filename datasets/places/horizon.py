"""What closes the view: tree lines, houses, walls of a hall."""

import numpy as np
import numpy.typing as npt
import trimesh

from wreckid.datasets.colour import hue
from wreckid.datasets.places.painted import Painted, copies, in_one_colour, joined

Array = npt.NDArray[np.float64]
Rng = np.random.Generator


def trees(radius: float, rng: Rng) -> Painted:
    """A jagged belt of trees far away, with gaps."""
    count = 240
    turn = np.linspace(0, 2 * np.pi, count)
    far = rng.uniform(50, 200) * (1 + 0.3 * np.sin(turn + rng.uniform(0, 6)))
    height = rng.uniform(3, 10) * (0.6 + 0.4 * rng.random(count))
    height *= np.clip(0.7 + np.sin(rng.integers(1, 4) * turn + rng.uniform(0, 6)), 0, 1)
    ring = np.stack([np.cos(turn), np.sin(turn)], axis=1) * far[:, None]
    foot, crown = np.column_stack([ring, np.full(count, -2)]), np.column_stack([ring, height])
    green = hue(("#3f4a2c", "#4d5233", "#56503c", "#5c6150")[rng.integers(4)])
    tone = rng.uniform(0.6, 1.2, (count, 1))
    return Painted(
        np.concatenate([foot, crown]),
        _strip(count),
        np.concatenate([0.5 * green * tone, green * tone]),
        np.tile(np.column_stack([-ring / far[:, None], np.full(count, 0.5)]), (2, 1)),
    )


def _strip(count: int) -> npt.NDArray[np.int64]:
    """Triangles between a lower and an upper row of points."""
    left = np.arange(count - 1)
    quads = np.stack([left, left + 1, left + 1 + count, left + count], axis=1)
    return np.asarray(trimesh.geometry.triangulate_quads(quads), np.int64)


def forest(radius: float, rng: Rng) -> Painted:
    """Trunks around, before a dark belt."""
    count = int(rng.uniform(20, 70))
    trunk = trimesh.creation.cylinder(1, 1, sections=7)
    trunk.vertices[:, 2] += 0.5
    turn, far = rng.uniform(0, 2 * np.pi, count), rng.uniform(1.8, 14, count) * (radius + 1)
    feet = np.column_stack([np.cos(turn) * far, np.sin(turn) * far, np.full(count, -0.3)])
    thick = rng.uniform(0.06, 0.22, count)
    sizes = np.stack([thick, thick, rng.uniform(8, 16, count)], axis=1)
    bark = hue(("#5a4e42", "#6e6458", "#8f8a80", "#4a3e33")[rng.integers(4)])
    trunks = copies(in_one_colour(trunk, bark), feet, sizes, turn, rng.uniform(0.6, 1.3, count))
    return joined([trunks, trees(radius, rng)])


def houses(radius: float, rng: Rng) -> Painted:
    """Blocks with windows and roofs at some distance, and trees behind."""
    blocks = [_house(radius, rng) for _ in range(rng.integers(1, 6))]
    return joined([*blocks, trees(radius, rng)])


def _house(radius: float, rng: Rng) -> Painted:
    width, depth, floors = rng.uniform(8, 30), rng.uniform(8, 14), int(rng.integers(1, 6))
    height = 3.0 * floors
    wall = hue(("#b5aa98", "#9c9488", "#a8806a", "#c4bba8", "#8a8c8c")[rng.integers(5)])
    body = trimesh.creation.box((width, depth, height)).apply_translation([0, 0, height / 2 - 0.5])
    roof = trimesh.creation.box((width + 0.6, depth + 0.6, 0.5))
    roof.apply_translation([0, 0, height - 0.3])
    pane = trimesh.creation.box((1.2, depth + 0.1, 1.4))
    columns = np.arange(2.0, width - 1, 3) - width / 2
    x, z = (axis.ravel() for axis in np.meshgrid(columns, 3.0 * np.arange(floors) + 1))
    feet = np.column_stack([x, np.zeros(len(x)), z])
    even = np.ones(len(x))
    panes = copies(in_one_colour(pane, hue("#2c3138")), feet, even, 0 * even, even)
    house = joined([in_one_colour(body, wall), in_one_colour(roof, hue("#5a4a42")), panes])
    turn, far = rng.uniform(0, 2 * np.pi), 14 * radius + rng.uniform(15, 60)
    return house.moved(far * np.array([np.cos(turn), np.sin(turn)]), rng.uniform(0, np.pi))


def walls(radius: float, rng: Rng) -> Painted:
    """The walls of a hall with a plinth, pillars and bright windows; the roof lets light in."""
    width, depth = 2 * (14 * radius + 1) * rng.uniform(1, 1.5, 2)
    height = max(3.0, 0.12 * width)
    tone = hue(("#b8b4a8", "#9aa39c", "#8c8f94", "#c9c4b4", "#7f7a70")[rng.integers(5)])
    plinth = hue(("#5f6a66", "#6b665e", "#4f5a6a")[rng.integers(3)])
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1.0]]) * [width / 2, depth / 2]
    rows = [(-0.5, 0.12 * height, plinth), (0.12 * height, height, tone)]
    sides = [_wall(corners, low, high, colour) for low, high, colour in rows]
    pillar = trimesh.creation.box((0.03 * width, 0.03 * width, height))
    pillar.apply_translation([0, 0, height / 2])
    along = np.linspace(0, 4, 21)[:-1]
    places = np.stack([np.interp(along, np.arange(5), corners[:, axis]) for axis in (0, 1)], axis=1)
    feet = np.column_stack([places, np.zeros(20)])
    even = np.ones(20)
    pillars = copies(in_one_colour(pillar, 0.7 * tone), feet, even, 0 * even, even)
    return joined([*sides, pillars])


def _wall(corners: Array, low: float, high: float, colour: Array) -> Painted:
    """Four sides from one height to another."""
    count = len(corners)
    feet, tops = (np.column_stack([corners, np.full(count, z)]) for z in (low, high))
    corners_of_faces = np.concatenate([feet, tops])[_strip(count)]
    edge, other = np.diff(corners_of_faces, axis=1).swapaxes(0, 1)
    normal = np.cross(edge, other)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return Painted(
        corners_of_faces.reshape(-1, 3),
        np.arange(corners_of_faces.size // 3).reshape(-1, 3),
        np.broadcast_to(colour, (corners_of_faces.size // 3, 3)),
        np.repeat(normal, 3, axis=0),
    )


HORIZONS = {"trees": trees, "forest": forest, "houses": houses, "walls": walls}
