"""A three-view drawing of a type: top, front and side at one scale, beside its facts."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw, ImageFont

from wreckid.datasets.airframes.airframe import Part, build, extents
from wreckid.datasets.airframes.paint import colour_of
from wreckid.datasets.catalogue import CatalogueError, Fact, UavType
from wreckid.datasets.geometry import Scheme

PANEL = 520
"""Side of one view in pixels."""
MARGIN = 36
OVERSAMPLING = 2

Array = npt.NDArray[np.float64]

VIEWS: dict[str, tuple[Array, Array, Array]] = {
    "top": (np.array([0, 1.0, 0]), np.array([-1.0, 0, 0]), np.array([0, 0, 1.0])),
    "front": (np.array([0, 1.0, 0]), np.array([0, 0, 1.0]), np.array([-1.0, 0, 0])),
    "side": (np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([0, -1.0, 0])),
}
"""Right, up and towards the viewer, in airframe axes."""


def three_view(uav: UavType) -> Image.Image:
    """Draw a type in its first colour scheme.

    Raises:
        CatalogueError: the type has no geometry.
    """
    if uav.geometry is None:
        raise CatalogueError(f"{uav.id} has no geometry, so there is nothing to draw.")
    parts = build(uav.geometry)
    bounds = np.array([part.mesh.bounds for part in parts])
    low, high = bounds.min(axis=(0, 1)), bounds.max(axis=(0, 1))
    scale = (PANEL - 2 * MARGIN) * OVERSAMPLING / float((high - low).max())
    sheet = Image.new("RGB", (2 * PANEL, 2 * PANEL), "white")
    places = {"top": (0, 0), "front": (0, PANEL), "side": (PANEL, PANEL)}
    for view, place in places.items():
        drawing = _view(parts, uav.geometry.schemes[0], view, (low + high) / 2, scale)
        sheet.paste(drawing.resize((PANEL, PANEL), Image.Resampling.LANCZOS), place)
    _captions(ImageDraw.Draw(sheet), uav, extents(parts))
    return sheet


def _view(
    parts: Sequence[Part], scheme: Scheme, view: str, centre: Array, scale: float
) -> Image.Image:
    """Faces from far to near, shaded by their slope to the viewer."""
    right, up, towards = VIEWS[view]
    size = PANEL * OVERSAMPLING
    canvas = Image.new("RGB", (size, size), "white")
    pen = ImageDraw.Draw(canvas)
    faces = [
        (triangle @ towards, triangle, normal, colour_of(part, scheme))
        for part in parts
        for triangle, normal in zip(
            part.mesh.triangles - centre, part.mesh.face_normals, strict=True
        )
    ]
    for _, triangle, normal, colour in sorted(faces, key=lambda face: float(face[0].mean())):
        across = size / 2 + scale * (triangle @ right)
        down = size / 2 - scale * (triangle @ up)
        light = 0.45 + 0.55 * abs(float(normal @ towards))
        fill = tuple(round(min(255, 40 + 0.85 * c) * light) for c in ImageColor.getrgb(colour)[:3])
        pen.polygon([*zip(across, down, strict=True)], fill=fill)
    return canvas


def _captions(pen: ImageDraw.ImageDraw, uav: UavType, built: tuple[float, float]) -> None:
    title, text = ImageFont.load_default(26), ImageFont.load_default(16)
    pen.text((PANEL + MARGIN, MARGIN), uav.name, fill="black", font=title)
    lines = [f"length {_metres(uav.facts.length_m)}, drawn {built[0]:.2f} m"]
    lines += [f"wingspan {_metres(uav.facts.wingspan_m)}, drawn {built[1]:.2f} m"]
    facts = {
        name: fact for name, fact in uav.facts.known().items() if isinstance(fact.value, str | int)
    }
    lines += [f"{name.replace('_', ' ')}: {fact.value}" for name, fact in facts.items()]
    for row, line in enumerate(lines):
        pen.text((PANEL + MARGIN, 2 * MARGIN + 24 * (row + 1)), line[:58], fill="black", font=text)


def _metres(fact: Fact[float] | None) -> str:
    return "unknown" if fact is None else f"{fact.value:.2f} m"
