"""A wreck, ground, sky and camera -> linear light on a square sensor (Mitsuba 3, `scalar_rgb`).

World axes: z up, ground at z = 0, lengths in metres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np
import numpy.typing as npt
import trimesh
from PIL import Image, ImageColor

from wreckid.datasets.airframe import Part
from wreckid.datasets.clutter import beside
from wreckid.datasets.geometry import Paint, Scheme
from wreckid.datasets.noise import SmoothNoise
from wreckid.datasets.photograph import linear, luminance
from wreckid.datasets.threeview import colour_of
from wreckid.datasets.wreckage import Wreck, bounds

mi.set_variant("scalar_rgb")

Array = npt.NDArray[np.float64]
Rng = np.random.Generator

SAMPLES = 10
"""Light paths a pixel; the noise left is less than a phone's."""
GROUND_CELLS = 48
ROUGHNESS: dict[Paint, tuple[float, float]] = {
    "skin": (0.25, 0.8),
    "accent": (0.25, 0.8),
    "dark": (0.3, 0.8),
    "metal": (0.2, 0.5),
    "glass": (0.05, 0.15),
    "wood": (0.4, 0.8),
    "rubber": (0.6, 0.9),
    "carbon": (0.2, 0.5),
}
SOILS = ("#6b5a45", "#8a7a5c", "#57603a", "#6f7f45", "#9a9186", "#4b4a47", "#e4e6ea", "#b8a27c")
"""Earth, steppe, grass, concrete, asphalt, snow, sand."""
SOOT = np.array([0.012, 0.011, 0.010])


@dataclass(frozen=True)
class Surroundings:
    """Real pictures to set scenes in; either may be empty."""

    backgrounds: tuple[Path, ...] = ()
    lights: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Shot:
    """Linear light float32[H, W, 3] and what is known of how it came about."""

    light: npt.NDArray[np.float32]
    truth: dict[str, Any]


@dataclass(frozen=True)
class Camera:
    """A pinhole that looks from one point to another."""

    eye: Array
    target: Array
    up: Array
    fov: float

    def project(self, points: Array) -> Array:
        """Picture co-ordinates in 0..1, right and down, of float[N, 3] points in front of it."""
        forward = _unit(self.target - self.eye)
        right = _unit(np.cross(forward, self.up))
        down = np.cross(forward, right)
        seen = points - self.eye
        depth = np.maximum(seen @ forward, 1e-3)
        plane = np.stack([seen @ right, seen @ down], axis=1) / depth[:, None]
        return np.asarray(0.5 + plane / (2 * np.tan(np.radians(self.fov) / 2)))


def two_threads() -> None:
    """Keep Mitsuba to two threads a process; with one, its reader of EXR files waits for ever."""
    dr.set_thread_count(2)


def shoot(wreck: Wreck, scheme: Scheme, around: Surroundings, pixels: int, rng: Rng) -> Shot:
    """Set a wreck in random surroundings and take one picture of it."""
    setting = _setting(wreck, around, rng)
    camera = _aimed(wreck.parts, setting, rng)
    light_source, light_name = _light(around, rng)
    soil = _soil(rng)
    scene: dict[str, Any] = {
        "type": "scene",
        "integrator": {"type": "path", "max_depth": 3, "hide_emitters": setting == "backdrop"},
        "sensor": _sensor(camera, pixels),
        **light_source,
        **_objects(wreck, scheme, soil, setting, rng),
    }
    if setting == "ground":
        scene |= _ground(wreck, soil, around, rng)
    seed = int(rng.integers(2**31))
    rendered = np.asarray(mi.render(mi.load_dict(scene, parallel=False), seed=seed))
    light = _over_backdrop(rendered, around, rng) if setting == "backdrop" else rendered[..., :3]
    truth = {
        "setting": setting,
        "light": light_name,
        "box": _box(camera, wreck.parts, pixels),
        "camera": {"distance_m": round(float(np.linalg.norm(camera.eye - camera.target)), 3)},
    }
    return Shot(np.ascontiguousarray(light, np.float32), truth)


def _setting(wreck: Wreck, around: Surroundings, rng: Rng) -> str:
    if wreck.damage == "airborne":
        return "backdrop" if around.backgrounds and rng.random() < 0.6 else "sky"
    return "backdrop" if around.backgrounds and rng.random() < 0.4 else "ground"


def _aimed(parts: Sequence[Part], setting: str, rng: Rng) -> Camera:
    """A camera from a likely side that fills a random share of its picture with the wreck."""
    corners = np.concatenate([part.mesh.vertices for part in parts])
    low, high = bounds(parts)
    centre, size = (low + high) / 2, float(np.linalg.norm(high - low))
    turn, rise = rng.uniform(0, 2 * np.pi), _elevation(setting, rng)
    direction = np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])
    lean = rng.normal(0, 0.1)
    side = np.array([-np.sin(turn), np.cos(turn), 0])
    up = np.array([0, 0, 1.0]) * np.cos(lean) + side * np.sin(lean)
    fov = float(rng.uniform(18, 65))
    distance, fill = size * 1.5 / np.tan(np.radians(fov) / 2), rng.uniform(0.5, 1.15)
    for _ in range(3):
        camera = Camera(centre + direction * distance, centre, up, fov)
        distance *= float(np.ptp(camera.project(corners), axis=0).max()) / fill
    eye = centre + direction * distance
    if setting == "ground":
        eye[2] = max(eye[2], 0.08 * size)
    target = centre + rng.normal(0, 0.06, 3) * size
    return Camera(eye, target, up, fov)


def _elevation(setting: str, rng: Rng) -> float:
    """Angle of the camera above the horizon in radians."""
    if setting == "sky":
        return float(np.radians(rng.uniform(-80, 10)))
    if setting == "backdrop":
        return float(np.radians(np.clip(rng.normal(15, 22), -45, 80)))
    low = rng.random() < 0.75
    return float(np.radians(rng.uniform(3, 40) if low else rng.uniform(40, 85)))


def _sensor(camera: Camera, pixels: int) -> dict[str, Any]:
    look = mi.ScalarTransform4f().look_at(
        camera.eye.tolist(), camera.target.tolist(), camera.up.tolist()
    )
    return {
        "type": "perspective",
        "fov": camera.fov,
        "near_clip": 0.01,
        "far_clip": 5000.0,
        "to_world": look,
        "film": {
            "type": "hdrfilm",
            "width": pixels,
            "height": pixels,
            "pixel_format": "rgba",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "independent", "sample_count": SAMPLES},
    }


def _light(around: Surroundings, rng: Rng) -> tuple[dict[str, Any], str]:
    """Emitters and their name: a real sky, a clear or an overcast one, or a lamp at dusk."""
    choice = rng.random()
    if around.lights and choice < 0.5:
        file = around.lights[rng.integers(len(around.lights))]
        turn = mi.ScalarTransform4f().rotate([0, 0, 1], float(rng.uniform(0, 360)))
        upright = turn.rotate([1, 0, 0], 90)
        return {"sky": {"type": "envmap", "filename": str(file), "to_world": upright}}, file.stem
    if choice < 0.8:
        rise, turn_ = np.radians(rng.uniform(6, 75)), rng.uniform(0, 2 * np.pi)
        sun = [np.cos(rise) * np.cos(turn_), np.cos(rise) * np.sin(turn_), np.sin(rise)]
        turbidity = float(rng.uniform(2, 8))
        sky = {"type": "sunsky", "sun_direction": sun, "turbidity": turbidity}
        return {"sky": sky}, "clear"
    grey = {"type": "constant", "radiance": float(rng.uniform(0.6, 1.0))}
    if choice < 0.93:
        side = _unit(rng.normal(size=3) * [1, 1, 0] - [0, 0, rng.uniform(0.5, 2)])
        lamp = {
            "type": "directional",
            "direction": side.tolist(),
            "irradiance": float(rng.uniform(0, 2)),
        }
        return {"sky": grey, "lamp": lamp}, "overcast"
    dusk = {"type": "constant", "radiance": 0.05}
    side = _unit(rng.normal(size=3) * [1, 1, 0.1] - [0, 0, 0.6])
    lamp = {"type": "directional", "direction": side.tolist(), "irradiance": 2.0}
    return {"sky": dusk, "lamp": lamp}, "lamp"


def _soil(rng: Rng) -> Array:
    """Linear colour of the ground, float[3]."""
    colour = ImageColor.getrgb(SOILS[rng.integers(len(SOILS))])
    return linear(np.array(colour[:3]) / 255) * rng.uniform(0.6, 1.2)


def _objects(wreck: Wreck, scheme: Scheme, soil: Array, setting: str, rng: Rng) -> dict[str, Any]:
    """Wreck and clutter, one mesh a paint."""
    painted = [(part, scheme, wreck.burnt) for part in wreck.parts]
    if setting == "ground" and rng.random() < 0.35:
        painted += [(part, _any_scheme(rng), 0.0) for part in beside(wreck, rng)]
    dirt = _Dirt(wreck, soil, rng)
    fading = np.exp(rng.normal(0, 0.06, 3))
    meshes: dict[Paint, list[tuple[trimesh.Trimesh, Array]]] = {}
    for part, colours, burnt in painted:
        base = linear(np.array(ImageColor.getrgb(colour_of(part, colours))[:3]) / 255)
        shaded = dirt.on(part.mesh, base * fading * np.exp(rng.normal(0, 0.06)), burnt)
        meshes.setdefault(part.paint, []).append((part.mesh, shaded))
    return {
        f"paint-{paint}": _mesh(
            trimesh.util.concatenate([mesh for mesh, _ in pieces]),
            np.concatenate([colour for _, colour in pieces]),
            _material(paint, rng),
        )
        for paint, pieces in meshes.items()
    }


def _any_scheme(rng: Rng) -> Scheme:
    skin, accent = (f"#{value:06x}" for value in rng.integers(0, 2**24, 2))
    return Scheme(name="any", skin=skin, accent=accent)


class _Dirt:
    """Soil and soot on skins, more of both near the ground and the fire."""

    def __init__(self, wreck: Wreck, soil: Array, rng: Rng) -> None:
        size = float(np.ptp(bounds(wreck.parts), axis=0).max())
        self._fine = SmoothNoise(rng, wavelength=size * 0.05)
        self._coarse = SmoothNoise(rng, wavelength=size * 0.4)
        self._soil = soil
        self._amount = rng.uniform(0, 0.5) * (rng.random() < 0.7)

    def on(self, mesh: trimesh.Trimesh, base: Array, burnt: float) -> Array:
        """Linear colours at the vertices, float[V, 3]."""
        fine, coarse = self._fine(mesh.vertices), self._coarse(mesh.vertices)
        soiled = np.clip(self._amount * (0.5 + 0.5 * fine + 0.3 * coarse), 0, 0.9)[:, None]
        sooted = np.clip(burnt * (1.2 + 0.5 * coarse + 0.3 * fine), 0, 0.97)[:, None]
        colour = (1 - soiled) * np.clip(base * (1 + 0.06 * fine)[:, None], 0, 0.9)
        colour = colour + soiled * self._soil
        return np.asarray((1 - sooted * (burnt > 0)) * colour + sooted * (burnt > 0) * SOOT)


def _material(paint: Paint, rng: Rng) -> dict[str, Any]:
    return {
        "type": "twosided",
        "material": {
            "type": "principled",
            "base_color": {"type": "mesh_attribute", "name": "vertex_color"},
            "roughness": float(rng.uniform(*ROUGHNESS[paint])),
            "metallic": 0.8 if paint == "metal" else 0.0,
            "specular": 0.5,
        },
    }


def _mesh(
    mesh: trimesh.Trimesh,
    colours: Array,
    material: dict[str, Any],
    texcoords: Array | None = None,
) -> Any:
    """A Mitsuba shape with linear colours float[V, 3] and texture co-ordinates float[V, 2]."""
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(material)
    shape: Any = mi.Mesh(
        "mesh",
        len(mesh.vertices),
        len(mesh.faces),
        has_vertex_normals=True,
        has_vertex_texcoords=texcoords is not None,
        props=properties,
    )
    shape.add_attribute("vertex_color", 3, colours.astype(np.float32).ravel())
    values = mi.traverse(shape)
    values["vertex_positions"] = np.asarray(mesh.vertices, np.float32).ravel()
    values["vertex_normals"] = np.asarray(mesh.vertex_normals, np.float32).ravel()
    values["faces"] = np.asarray(mesh.faces, np.uint32).ravel()
    if texcoords is not None:
        values["vertex_texcoords"] = texcoords.astype(np.float32).ravel()
    values.update()
    return shape


def _ground(wreck: Wreck, soil: Array, around: Surroundings, rng: Rng) -> dict[str, Any]:
    """Relief with a photo or noise on it near the wreck, a plain beyond, and tufts of grass."""
    low, high = bounds(wreck.parts)
    centre, reach = (low + high)[:2] / 2, 2.5 * float(np.linalg.norm((high - low)[:2])) + 1
    to_world = mi.ScalarTransform4f().translate([*centre.tolist(), -0.03 * reach])
    plain = {
        "type": "rectangle",
        "to_world": to_world.scale([400, 400, 1]),
        "bsdf": {"type": "diffuse", "reflectance": {"type": "rgb", "value": soil.tolist()}},
    }
    parts = {"plain": plain, "relief": _relief(centre, reach, soil, around, rng)}
    if rng.random() < 0.45:
        parts["grass"] = _grass(centre, reach, float(high[2]), rng)
    return parts


def _relief(centre: Array, reach: float, soil: Array, around: Surroundings, rng: Rng) -> Any:
    steps = np.linspace(-1, 1, GROUND_CELLS)
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
    bump = SmoothNoise(rng, wavelength=reach * 0.5, dimensions=2)
    edge = np.clip((1 - np.maximum(abs(x), abs(y))) * 5, 0, 1)
    places = np.stack([x, y], axis=1) * reach
    z = 0.008 * reach * rng.uniform(0, 1.5) * (bump(places) - 1) - 0.03 * reach * (1 - edge)
    faces = trimesh.geometry.triangulate_quads(_grid_quads(GROUND_CELLS))
    mesh = trimesh.Trimesh(np.column_stack([places + centre, z]), faces, process=False)
    fine = SmoothNoise(rng, wavelength=reach * 0.1, dimensions=2)
    shade = np.clip(soil * (1 + 0.2 * fine(places))[:, None], 0.005, 0.95)
    photographed = bool(around.backgrounds) and rng.random() < 0.6
    texture = (
        _photo_texture(around, soil, rng)
        if photographed
        else {"type": "mesh_attribute", "name": "vertex_color"}
    )
    material = {"type": "twosided", "material": {"type": "diffuse", "reflectance": texture}}
    return _mesh(mesh, shade, material, places / reach * rng.uniform(0.5, 3))


def _grid_quads(cells: int) -> npt.NDArray[np.int64]:
    corner = (np.arange(cells - 1)[:, None] * cells + np.arange(cells - 1)).ravel()
    return np.stack([corner, corner + 1, corner + cells + 1, corner + cells], axis=1)


def _photo_texture(around: Surroundings, soil: Array, rng: Rng) -> dict[str, Any]:
    """A patch of a real photo, drawn towards the colour of the soil."""
    pixels = linear(np.asarray(_background(around, 256, rng), np.float64) / 255)
    mixed = 0.5 * pixels + 0.5 * soil * pixels.mean(axis=2, keepdims=True) / pixels.mean()
    bitmap = mi.Bitmap(np.clip(mixed, 0.002, 0.95).astype(np.float32))
    return {"type": "bitmap", "bitmap": bitmap, "wrap_mode": "mirror", "raw": True}


def _grass(centre: Array, reach: float, top: float, rng: Rng) -> Any:
    """Blades of grass or stubble around and, thinly, over the wreck."""
    count = int(rng.uniform(500, 3000))
    foot = centre + rng.uniform(-0.6, 0.6, (count, 2)) * reach
    height = rng.uniform(0.3, 1.0, count) * min(rng.uniform(0.04, 0.35), 0.6 * top + 0.02)
    lean = rng.normal(0, 0.35, (count, 2)) * height[:, None]
    width = rng.normal(0, 1, (count, 2)) * 0.02 * height[:, None]
    ground = np.zeros(count)
    blades = np.stack(
        [
            np.column_stack([foot - width, ground]),
            np.column_stack([foot + width, ground]),
            np.column_stack([foot + lean, height]),
        ],
        axis=1,
    )
    mesh = trimesh.Trimesh(
        blades.reshape(-1, 3), np.arange(3 * count).reshape(-1, 3), process=False
    )
    colour = linear(
        np.array(ImageColor.getrgb(str(rng.choice(["#5d6b2f", "#9a8a52", "#7a7044"])))) / 255
    )
    shade = np.repeat(colour * rng.uniform(0.6, 1.3, (count, 1)), 3, axis=0)
    return _mesh(mesh, shade, _material("wood", rng))


def _background(around: Surroundings, pixels: int, rng: Rng) -> Image.Image:
    """A random square of a random background photo, at most four times enlarged."""
    with Image.open(around.backgrounds[rng.integers(len(around.backgrounds))]) as photo:
        image = photo.convert("RGB")
    side = int(min(image.size) * rng.uniform(0.35, 1))
    left, top = (int(rng.integers(0, extent - side + 1)) for extent in image.size)
    square = image.resize((pixels, pixels), box=(left, top, left + side, top + side))
    return square.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else square


def _over_backdrop(
    rendered: npt.NDArray[np.float32], around: Surroundings, rng: Rng
) -> npt.NDArray[np.float32]:
    """Lay the wreck over a photo, with its own light brought to that of the photo."""
    photo = _background(around, rendered.shape[0], rng)
    behind = linear(np.asarray(photo, np.float64) / 255).astype(np.float32)
    alpha = np.clip(rendered[..., 3:], 0, 1)
    wreck = rendered[..., :3]
    bright = float(luminance(wreck).sum() / (alpha.sum() + 1e-3)) + 1e-6
    wanted = float(luminance(behind).mean()) * np.exp(rng.normal(0, 0.4))
    gain = np.clip(wanted / bright, 0.35 / bright * 0.2, 0.8 / bright)
    return np.asarray(wreck * gain + behind * (1 - alpha), np.float32)


def _box(camera: Camera, parts: Sequence[Part], pixels: int) -> list[int]:
    """Left, top, right, bottom of the wreck in pixels, cut at the picture's edge."""
    seen = camera.project(np.concatenate([part.mesh.vertices for part in parts]))
    corners = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
    return [int(v) for v in np.clip(corners * pixels, 0, pixels).round()]


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))
