import numpy as np
import pytest
import trimesh

from wreckid.datasets.airframes.airframe import AROUND, Part, aerofoil, build, extents, loft
from wreckid.datasets.airframes.threeview import three_view
from wreckid.datasets.catalogue import CatalogueError, UavType, catalogue
from wreckid.datasets.geometry import Body, Geometry, Propeller, Rod, Surface, Wheel
from wreckid.model.forms import agrees

DRAWN = [uav for uav in catalogue().types.values() if uav.geometry is not None]
FLUSH = {"belly keel", "landing pad", "nose airbag bay", "rear airbag bay"}
"""What a type lands on that lies along its hull: on a wreck, nobody calls it landing gear."""
every_type = pytest.mark.parametrize("uav", DRAWN, ids=[uav.id for uav in DRAWN])


def parts_of(uav: UavType) -> tuple[Part, ...]:
    assert uav.geometry is not None
    return build(uav.geometry)


def welded(mesh: trimesh.Trimesh) -> trimesh.Trimesh:
    """A copy without the doubled points at its caps."""
    mesh = mesh.copy()
    mesh.merge_vertices()
    mesh.update_faces(mesh.nondegenerate_faces())
    return mesh


def test_every_type_is_drawn() -> None:
    assert {uav.id for uav in DRAWN} == set(catalogue().types)


@every_type
def test_the_airframe_has_the_published_dimensions(uav: UavType) -> None:
    length, wingspan = extents(parts_of(uav))
    if uav.facts.length_m is not None:
        assert length == pytest.approx(uav.facts.length_m.value, rel=0.01)
    assert uav.facts.wingspan_m is not None
    assert wingspan == pytest.approx(uav.facts.wingspan_m.value, rel=0.01)


@every_type
def test_every_part_is_closed_and_turned_outwards(uav: UavType) -> None:
    for part in parts_of(uav):
        assert np.isfinite(part.mesh.vertices).all(), part.name
        mesh = welded(part.mesh)
        assert mesh.is_watertight, part.name
        assert mesh.volume > 0, part.name


@every_type
def test_mirrored_parts_are_mirror_images(uav: UavType) -> None:
    parts = {part.name: part for part in parts_of(uav)}
    pairs = [
        (part, parts[f"right {name.removeprefix('left ')}"])
        for name, part in parts.items()
        if name.startswith("left ")
    ]
    assert uav.geometry is not None
    assert len(pairs) == sum(spec.mirror for spec in uav.geometry.parts)
    for left, right in pairs:
        assert (left.kind, left.paint) == (right.kind, right.paint)
        assert right.mesh.vertices == pytest.approx(left.mesh.vertices * [1, -1, 1])
        assert right.mesh.volume == pytest.approx(left.mesh.volume)


@every_type
def test_part_names_are_one_of_a_kind(uav: UavType) -> None:
    names = [part.name for part in parts_of(uav)]
    assert len(set(names)) == len(names)


@every_type
def test_engines_and_propellers_are_drawn_as_the_facts_say(uav: UavType) -> None:
    assert uav.geometry is not None and uav.facts.engines is not None
    propellers = [part for part in uav.geometry.parts if isinstance(part, Propeller)]
    if uav.facts.propulsion is not None and uav.facts.propulsion.value == "jet":
        assert propellers == []
    else:
        assert sum(1 + part.mirror for part in propellers) == uav.facts.engines.value
    blades = uav.facts.propeller_blades
    assert blades is None or all(agrees(part.blades, blades) for part in propellers)
    assert blades is None or (blades.value == 0) == (propellers == [])


@every_type
def test_the_landing_gear_is_drawn_as_the_facts_say(uav: UavType) -> None:
    assert uav.geometry is not None and uav.facts.landing_gear is not None
    gear = [part for part in uav.geometry.parts if part.kind == "gear" and part.name not in FLUSH]
    wheels = any(isinstance(part, Wheel) for part in gear)
    drawn = {"wheels"} if wheels else {"skids", "legs"} if gear else {"none"}
    assert uav.facts.landing_gear.value in drawn


def test_a_loft_through_squares_is_the_box_it_bounds() -> None:
    square = np.array([[0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1.0]])
    forwards = square + np.array([0.0, 0.5, 2.0])[:, None, None] * [1, 0, 0]
    for rings in (forwards, forwards[::-1], forwards[:, ::-1]):
        box = loft(rings)
        assert box.volume == pytest.approx(2)
        assert box.area == pytest.approx(2 * 1 + 4 * 2)
        assert welded(box).is_watertight


def test_an_aerofoil_is_thin_at_its_ends_and_as_thick_as_it_says() -> None:
    section = aerofoil(400)
    assert section[:, 0].min() == pytest.approx(0, abs=1e-12)
    assert section[:, 0].max() == pytest.approx(1)
    assert np.ptp(section[:, 1]) == pytest.approx(1, rel=0.01)
    ends = np.isclose(section[:, 0], 0) | np.isclose(section[:, 0], 1)
    assert section[ends, 1] == pytest.approx(np.zeros(ends.sum()), abs=1e-3)


def test_a_square_tube_holds_more_than_a_round_one() -> None:
    def tube(squareness: float) -> float:
        body = Body(
            shape="body",
            name="tube",
            kind="fuselage",
            squareness=squareness,
            smooth=False,
            sections=((0, 1, 1, 0), (4, 1, 1, 0)),
        )
        return float(built(body).mesh.volume)

    polygon = AROUND / 2 * np.sin(2 * np.pi / AROUND) * 0.25 * 4
    assert tube(2) == pytest.approx(polygon)
    assert tube(2) < tube(4) < tube(12) < 4


def built(spec: Body | Surface | Rod) -> Part:
    geometry = Geometry.model_validate(
        {
            "parts": [spec.model_dump()],
            "schemes": [{"name": "any", "skin": "#ffffff", "accent": "#000000"}],
        }
    )
    (part,) = build(geometry)
    return part


def test_a_surface_spans_its_sections() -> None:
    wing = Surface(
        shape="surface",
        name="wing",
        kind="wing",
        thickness=0.12,
        sections=((1.0, 0.0, 0.0, 1.0), (1.5, 3.0, 0.3, 0.5)),
    )
    low, high = built(wing).mesh.bounds
    assert (low[0], high[0]) == (pytest.approx(1), pytest.approx(2))
    assert (low[1], high[1]) == (pytest.approx(0, abs=0.01), pytest.approx(3, abs=0.01))


def test_a_rod_reaches_from_end_to_end() -> None:
    rod = Rod(shape="rod", name="arm", kind="arm", start=(0, 0, 0), end=(3, 0, 4), diameter=0.02)
    mesh = built(rod).mesh
    along = mesh.vertices @ [0.6, 0, 0.8]
    assert (along.min(), along.max()) == (pytest.approx(0, abs=1e-9), pytest.approx(5))


def test_propellers_and_antennas_do_not_count_as_length() -> None:
    parts = parts_of(catalogue().types["shahed-136"])
    measured = tuple(part for part in parts if part.kind not in {"propeller", "antenna"})
    assert extents(parts) == extents(measured)
    with_propeller = max(part.mesh.bounds[1, 0] for part in parts)
    assert with_propeller > max(part.mesh.bounds[1, 0] for part in measured)


@pytest.mark.parametrize("identifier", ["orlan-10", "fpv-quad"])
def test_a_three_view_shows_three_views(identifier: str) -> None:
    sheet = np.asarray(three_view(catalogue().types[identifier]).convert("L"))
    half = sheet.shape[0] // 2
    views = {"top": sheet[:half, :half], "front": sheet[half:, :half], "side": sheet[half:, half:]}
    inked = {name: float((view < 250).mean()) for name, view in views.items()}
    assert all(0.003 < share < 0.6 for share in inked.values())
    assert inked["top"] > inked["front"]


def test_a_type_known_from_photos_alone_cannot_be_drawn() -> None:
    bare = catalogue().types["shahed-136"].model_copy(update={"geometry": None})
    with pytest.raises(CatalogueError, match="shahed-136 has no geometry"):
        three_view(bare)
