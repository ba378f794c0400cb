"""Sketches: quick pictures that keep every promise of a rendered set."""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.integration.test_render import contents, job
from wreckid.datasets.airframes.dressing import Coat
from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.datasets.pictures.skin import Skin, Sun
from wreckid.datasets.places.surroundings import Surroundings
from wreckid.datasets.render import RenderError, render, render_one
from wreckid.datasets.rendered import MANIFEST
from wreckid.datasets.spread import on_processes

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
Row = dict[str, Any]

COUNT, PIXELS, SEED, VIEWS = 7, 48, 21, 3
QUICK: dict[str, Any] = {"quick": True, "views": VIEWS, "seed": SEED}


@pytest.fixture(scope="module")
def sketches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """A set of one worker, and its rows."""
    out = tmp_path_factory.mktemp("sketches")
    return out, list(render(job(out, **QUICK), COUNT, partial(on_processes, workers=1)))


def test_a_row_tells_what_the_sketch_shows(sketches: tuple[Path, list[Row]]) -> None:
    out, rows = sketches
    assert [json.loads(line) for line in (out / MANIFEST).read_text().splitlines()] == rows
    assert [row["wreck"] for row in rows] == [0, 0, 0, 1, 1, 1, 2]
    assert any(row["type"] != NOT_A_UAV for row in rows)
    for row in rows:
        assert (row["quick"], row["setting"], row["parts"]) == (True, "sketch", None)
        with Image.open(out / row["mask"]) as image:
            mask = np.asarray(image)
        assert row["covers"] == pytest.approx(mask.mean(), abs=1e-4)
        if row["box"]:
            left, top, right, bottom = row["box"]
            assert mask[top:bottom, left:right].sum() == mask.sum() > 0
        with Image.open(out / row["file"]) as picture:
            assert picture.size == (PIXELS, PIXELS) and np.asarray(picture).std() > 3


def test_views_show_one_wreck_from_several_sides(sketches: tuple[Path, list[Row]]) -> None:
    rows = sketches[1]
    for wreck in (rows[:3], rows[3:6]):
        for key in ("type", "scheme", "damage", "length_m"):
            assert len({row[key] for row in wreck}) == 1
        assert len({json.dumps(row["camera"]) for row in wreck}) == VIEWS


def test_two_workers_sketch_the_same_bytes(
    sketches: tuple[Path, list[Row]], tmp_path: Path
) -> None:
    assert (
        list(render(job(tmp_path, **QUICK), COUNT, partial(on_processes, workers=2))) == sketches[1]
    )
    assert contents(tmp_path) == contents(sketches[0])


@pytest.mark.parametrize("left", [2, 3, 5])
def test_a_set_killed_between_views_is_finished(
    sketches: tuple[Path, list[Row]], tmp_path: Path, wreckid: Wreckid, left: int
) -> None:
    out = shutil.copytree(sketches[0], tmp_path / "killed")
    lines = (out / MANIFEST).read_bytes().splitlines(keepends=True)
    (out / MANIFEST).write_bytes(b"".join(lines[:left]))
    (out / f"pictures/{left:06d}.jpg").unlink()
    done = wreckid(
        *("render", "--quick", "--views", str(VIEWS), "--count", str(COUNT)),
        *("--size", str(PIXELS), "--seed", str(SEED), "--out", out),
    )
    assert done.code == 0, done.err
    assert contents(out) == contents(sketches[0])


def test_one_sketch_is_the_same_alone(sketches: tuple[Path, list[Row]], tmp_path: Path) -> None:
    row = render_one(job(tmp_path, **QUICK), 4)
    assert row == sketches[1][4]
    assert (tmp_path / row["file"]).read_bytes() == (sketches[0] / row["file"]).read_bytes()


def test_scenes_do_not_go_into_a_set_of_sketches(sketches: tuple[Path, list[Row]]) -> None:
    with pytest.raises(RenderError, match="another set of pictures: choose another --out"):
        list(render(job(sketches[0], **QUICK | {"quick": False}), COUNT))


def test_a_sketch_stands_before_a_photo_that_was_given(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    photo = tmp_path / "photos/orange.jpg"
    Image.new("RGB", (80, 80), (250, 120, 10)).save(photo, quality=95)
    around = Surroundings(backgrounds=(photo,))
    row = render_one(job(tmp_path / "set", around=around, **QUICK | {"views": 1}), 5)
    with Image.open(tmp_path / "set" / row["file"]) as picture:
        red, _, blue = np.median(np.asarray(picture).reshape(-1, 3), axis=0)
    assert red > blue + 60


def plate(height: float, side: float, colour: float) -> Coat:
    """A level square that faces up."""
    mesh = trimesh.creation.box((side, side, 1e-3))
    mesh.apply_translation([0, 0, height])
    return Coat("skin", mesh, np.full((len(mesh.vertices), 3), colour))


NOON = Sun(np.array([0, 0, 1.0]), 1.0, np.full(3, 0.5), np.full(3, 0.1))


def seen_from_the_side(skin: Skin) -> np.ndarray[Any, Any]:
    """Light of the lower plate's middle, looked at from beside and above, float[3]."""
    eye = np.array([3.0, 0, 1.0])
    ways = np.array([[0, 0, 0.0]]) - eye
    meeting, face, places = skin.surfaces.met(eye, ways)
    assert meeting.tolist() == [0]
    return np.asarray(skin.light(face, places, ways, NOON)[0])


def test_what_lies_in_shadow_is_lit_by_the_sky_alone() -> None:
    bare = Skin((plate(0, 2, 0.5),), (), np.random.default_rng(1))
    covered = Skin((plate(0, 2, 0.5),), (plate(4, 2, 0.5),), np.random.default_rng(1))
    assert (seen_from_the_side(covered) < seen_from_the_side(bare) - 0.4).all()
    assert (seen_from_the_side(covered) > 0.2).all()


@given(st.floats(0.02, 0.9), st.floats(0.02, 0.9))
@settings(max_examples=20, deadline=None)
def test_a_lighter_paint_sends_more_light(first: float, second: float) -> None:
    lights = [
        seen_from_the_side(Skin((plate(0, 2, colour),), (), np.random.default_rng(1))).mean()
        for colour in (first, second)
    ]
    assert (lights[0] - lights[1]) * (first - second) >= 0
    assert lights[0] - lights[1] == pytest.approx(1.5 * (first - second), abs=1e-5)
