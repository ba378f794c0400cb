"""Rendered sets: repeatable to the byte, resumable, and open to new types."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mitsuba as mi
import numpy as np
import psutil
import pytest
import yaml
from PIL import Image

from wreckid.datasets import catalogue as catalogue_module
from wreckid.datasets.airframes.airframe import build, extents
from wreckid.datasets.airframes.threeview import three_view
from wreckid.datasets.airframes.wreckage import DAMAGES
from wreckid.datasets.catalogue import NOT_A_UAV, catalogue, read_catalogue
from wreckid.datasets.geometry import Scheme
from wreckid.datasets.pictures.camera import Camera, aimed
from wreckid.datasets.pictures.scene import Prop, shoot
from wreckid.datasets.pictures.threads import a_second_thread, one_thread
from wreckid.datasets.places.clutter import NOTHING, empty_place
from wreckid.datasets.places.surroundings import Surroundings
from wreckid.datasets.render import (
    SHARES,
    RenderError,
    RenderJob,
    render,
    render_one,
    subjects,
)
from wreckid.datasets.rendered import LOCK, MANIFEST, SETTINGS, UNFINISHED
from wreckid.datasets.spread import on_processes

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
Row = dict[str, Any]

COUNT, PIXELS, SEED = 6, 48, 11


def job(out: Path, **changes: Any) -> RenderJob:
    wanted: dict[str, Any] = {
        "subjects": subjects(catalogue()),
        "around": Surroundings(),
        "seed": SEED,
        "pixels": PIXELS,
        "out": out,
    }
    return RenderJob(**wanted | changes)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """A set of one worker, and the rows that were yielded."""
    out = tmp_path_factory.mktemp("rendered")
    return out, list(render(job(out), COUNT, partial(on_processes, workers=1)))


def test_a_row_tells_what_the_picture_shows(rendered: tuple[Path, list[Row]]) -> None:
    out, rows = rendered
    assert [json.loads(line) for line in (out / MANIFEST).read_text().splitlines()] == rows
    assert [row["file"] for row in rows] == [f"pictures/{n:06d}.jpg" for n in range(COUNT)]
    files = {row[key] for row in rows for key in ("file", "mask")}
    assert set(contents(out)) - {LOCK} == {MANIFEST, SETTINGS, *files}
    for row in rows:
        assert (row["seed"], row["pixels"]) == (SEED, PIXELS)
        assert_sight_fits(out, row)
        assert row["setting"] in {"ground", "sky"} and row["camera"]["distance_m"] > 0
        if row["type"] == NOT_A_UAV:
            assert row["family"] == NOT_A_UAV and row["damage"] in {"confusers", NOTHING}
            assert row["length_m"] is None and row["wingspan_m"] is None
        else:
            assert row["family"] == catalogue().types[row["type"]].family
            assert row["damage"] in DAMAGES
            facts = catalogue().types[row["type"]].facts
            assert facts.wingspan_m is not None
            assert row["wingspan_m"] == pytest.approx(facts.wingspan_m.value, rel=0.15)
            assert row["length_m"] > 0


def assert_sight_fits(out: Path, row: Row) -> None:
    """Mask, box and parts of a row tell the same story."""
    with Image.open(out / row["mask"]) as image:
        mask = np.asarray(image)
    assert mask.shape == (PIXELS, PIXELS)
    assert row["covers"] == pytest.approx(mask.mean(), abs=1e-4)
    if row["damage"] == NOTHING:
        assert (row["box"], row["parts"], row["covers"]) == ([], {}, 0)
        return
    left, top, right, bottom = row["box"]
    assert mask[top:bottom, left:right].sum() == mask.sum() > 0
    assert (
        mask[:, [left, right - 1]].any(axis=0).all() and mask[[top, bottom - 1]].any(axis=1).all()
    )
    assert row["parts"] and all(0 < share <= 1 for share in row["parts"].values())


def test_the_pictures_are_photos_of_something(rendered: tuple[Path, list[Row]]) -> None:
    out, rows = rendered
    for row in rows:
        with Image.open(out / row["file"]) as picture:
            assert (picture.format, picture.mode) == ("JPEG", "RGB")
            assert picture.size == (PIXELS, PIXELS)
            assert np.asarray(picture).std() > 3


def test_two_workers_render_the_same_bytes(
    rendered: tuple[Path, list[Row]], tmp_path: Path
) -> None:
    rows = list(render(job(tmp_path), COUNT, partial(on_processes, workers=2)))
    assert rows == rendered[1]
    assert contents(tmp_path) == contents(rendered[0])


def test_a_killed_run_is_finished_by_the_same_command(
    rendered: tuple[Path, list[Row]], tmp_path: Path, wreckid: Wreckid
) -> None:
    out = shutil.copytree(rendered[0], tmp_path / "killed")
    lines = (out / MANIFEST).read_bytes().splitlines(keepends=True)
    (out / MANIFEST).write_bytes(b"".join(lines[:3]) + lines[3][:40])
    for number in (4, 5):
        (out / f"pictures/{number:06d}.jpg").unlink()
    (out / "pictures/000004.part").write_bytes(b"half a picture")
    done = wreckid(
        *("render", "--count", str(COUNT), "--size", str(PIXELS)),
        *("--seed", str(SEED), "--out", out),
    )
    assert done.code == 0, done.err
    assert f"{COUNT} pictures: {out}" in done.out
    assert contents(out) == contents(rendered[0])


def test_a_killed_run_leaves_no_process_behind(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("wreckid")), "render", "--count", "9999"]
    command += ["--size", str(PIXELS), "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 60
        while not (tmp_path / "pictures").is_dir() and time.monotonic() < deadline:
            time.sleep(0.1)
        workers = psutil.Process(run.pid).children(recursive=True)
        run.kill()
    assert workers
    assert (tmp_path / UNFINISHED).exists()
    _, left = psutil.wait_procs(workers, timeout=20)
    assert left == []


def test_a_sheet_shows_the_pictures(
    rendered: tuple[Path, list[Row]], tmp_path: Path, wreckid: Wreckid
) -> None:
    done = wreckid(
        *("render", "--count", str(COUNT), "--size", str(PIXELS)),
        *("--seed", str(SEED), "--out", rendered[0], "--sheet", tmp_path / "sheet.png"),
    )
    assert done.code == 0, done.err
    with Image.open(tmp_path / "sheet.png") as sheet:
        side = sheet.width // 6
        tile = sheet.crop((0, 0, side, side)).resize((PIXELS, PIXELS))
    with Image.open(rendered[0] / rendered[1][0]["file"]) as first:
        difference = np.asarray(tile, float) - np.asarray(first, float)
    assert abs(difference).mean() < 12


def test_a_finished_set_is_left_alone(rendered: tuple[Path, list[Row]]) -> None:
    before = contents(rendered[0])
    assert list(render(job(rendered[0]), 2)) == rendered[1][:2]
    assert contents(rendered[0]) == before


def test_one_picture_is_the_same_alone(rendered: tuple[Path, list[Row]], tmp_path: Path) -> None:
    row = render_one(job(tmp_path), 3)
    assert row == rendered[1][3]
    for file in (row["file"], row["mask"]):
        assert (tmp_path / file).read_bytes() == (rendered[0] / file).read_bytes()


@pytest.mark.parametrize("change", [{"seed": SEED + 1}, {"pixels": 64}])
def test_a_folder_of_another_set_is_refused(
    rendered: tuple[Path, list[Row]], change: dict[str, int]
) -> None:
    before = contents(rendered[0])
    with pytest.raises(RenderError, match="another set of pictures: choose another --out"):
        list(render(job(rendered[0], **change), COUNT))
    assert contents(rendered[0]) == before


def test_another_seed_is_refused_in_one_sentence(
    rendered: tuple[Path, list[Row]], wreckid: Wreckid
) -> None:
    done = wreckid("render", "--count", "6", "--size", "48", "--seed", "12", "--out", rendered[0])
    assert done.code == 2
    assert done.err.count("\n") == 1 and "choose another --out" in done.err


def test_views_show_one_wreck_in_other_surroundings(
    rendered: tuple[Path, list[Row]], tmp_path: Path
) -> None:
    out, rows = rendered
    (tmp_path / "pictures").mkdir()
    several = [render_one(job(tmp_path, views=2), number) for number in range(4)]
    assert [row["wreck"] for row in several] == [0, 0, 1, 1]
    same = ("type", "scheme", "damage", "length_m", "wingspan_m")
    for first, second in (several[:2], several[2:]):
        assert [first[key] for key in same] == [second[key] for key in same]
        assert first["camera"] != second["camera"]
    for number, row in enumerate(several[::2]):
        alone = (out / rows[number]["file"]).read_bytes()
        assert (tmp_path / row["file"]).read_bytes() == alone


def test_a_set_with_other_views_is_refused(rendered: tuple[Path, list[Row]]) -> None:
    with pytest.raises(RenderError, match="another set"):
        list(render(job(rendered[0], views=2), COUNT))


def test_every_damage_is_drawn_at_times() -> None:
    assert set(SHARES) == set(DAMAGES)
    assert all(share > 0 for share in SHARES.values())


def test_only_the_damages_of_a_job_are_drawn(tmp_path: Path) -> None:
    wanted = {"nose-in": 1.0, "burnt-out": 3.0}
    drawn = job(tmp_path, pixels=32, quick=True, damages=wanted)
    found = {render_one(drawn, number)["damage"] for number in range(12)}
    assert found & set(SHARES) == set(wanted)


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    """A green photo and a sky of even light."""
    Image.new("RGB", (80, 60), (30, 200, 30)).save(tmp_path / "meadow.jpg")
    sky = np.full((8, 16, 3), 0.5, np.float32)
    with a_second_thread():
        mi.Bitmap(sky).write(str(tmp_path / "dome.exr"))
    return Surroundings((tmp_path / "meadow.jpg",), (tmp_path / "dome.exr",))


def test_real_photos_and_skies_are_used(surroundings: Surroundings, tmp_path: Path) -> None:
    one_thread()
    (tmp_path / "pictures").mkdir()
    rows = [
        render_one(job(tmp_path, around=surroundings, pixels=32, seed=5), number)
        for number in range(12)
    ]
    assert {"backdrop", "ground"} <= {row["setting"] for row in rows}
    assert "dome" in {row["light"] for row in rows}
    for row in rows:
        if row["setting"] == "backdrop":
            with Image.open(tmp_path / row["file"]) as picture:
                red, green, blue = np.median(np.asarray(picture), axis=(0, 1))
                assert green > max(red, blue)


def test_an_empty_place_shows_no_wreck() -> None:
    wreck = empty_place(np.random.default_rng(1))
    scheme = Scheme(name="red", skin="#ff0000", accent="#ff0000")
    shots = []
    for damage in (NOTHING, "confusers"):
        rng = np.random.default_rng(8)
        prop = Prop.of(replace(wreck, damage=damage), scheme, rng)
        shots.append(shoot(prop, Surroundings(), 32, rng).light)
    without_wreck, with_wreck = shots
    assert not np.allclose(without_wreck, with_wreck)


def test_a_camera_sees_its_target_in_the_middle() -> None:
    camera = Camera(np.array([4.0, 3, 2]), np.array([1.0, 1, 0]), np.array([0, 0, 1.0]), fov=40)
    right_and_up = camera.project(np.array([[1.0, 1, 0], [1.0, 1, 0.3]]))
    assert right_and_up[0] == pytest.approx([0.5, 0.5])
    assert right_and_up[1, 1] < 0.5


def test_some_pictures_are_taken_from_so_near_that_the_wreck_is_cut_off() -> None:
    geometry = catalogue().types["orlan-10"].geometry
    assert geometry is not None
    parts = build(geometry)
    points = np.concatenate([part.mesh.vertices for part in parts])
    cameras = [aimed(parts, "sky", np.random.default_rng(seed)) for seed in range(300)]
    across = np.array([np.ptp(camera.project(points), axis=0).max() for camera in cameras])
    assert 0.15 < (across > 1.2).mean() < 0.35
    assert across.min() > 0.2


@pytest.fixture
def enlarged(tmp_path: Path) -> Path:
    """The catalogue's families and confusers, and one made-up type in one file."""
    shipped = Path(catalogue_module.__file__).with_name("catalogue")
    folder = tmp_path / "catalogue"
    folder.mkdir()
    for name in ("families.yaml", "confusers.yaml"):
        shutil.copy(shipped / name, folder)
    (folder / "paper-dart.yaml").write_text(yaml.safe_dump(PAPER_DART, allow_unicode=True))
    return folder


PAPER_DART: dict[str, Any] = {
    "id": "paper-dart",
    "name": "Paper dart",
    "aliases": ["Бумажный самолётик"],
    "maker": "a child",
    "country": "everywhere",
    "roles": ["test"],
    "family": "flying-wing",
    "facts": {"length_m": {"value": 2.0}, "wingspan_m": {"value": 1.5}},
    "geometry": {
        "schemes": [{"name": "white", "skin": "#f0f0f0", "accent": "#c03030"}],
        "parts": [
            {
                "shape": "body",
                "name": "keel",
                "kind": "fuselage",
                "sections": [[0, 0.02, 0.02, 0], [1, 0.2, 0.2, 0], [2, 0.1, 0.1, 0]],
            },
            {
                "shape": "surface",
                "name": "wing",
                "kind": "wing",
                "mirror": True,
                "sections": [[0.5, 0, 0, 1.4], [1.5, 0.75, 0, 0.4]],
            },
            {"shape": "propeller", "name": "propeller", "at": [2.05, 0, 0], "diameter": 0.4},
        ],
    },
}


def test_a_type_is_added_by_one_file(enlarged: Path, tmp_path: Path) -> None:
    made = read_catalogue(enlarged)
    dart = made.types["paper-dart"]
    assert dart.geometry is not None
    parts = build(dart.geometry)
    assert [part.name for part in parts] == ["keel", "right wing", "left wing", "propeller"]
    assert np.array(extents(parts)) == pytest.approx([2.0, 1.5], rel=0.01)
    assert np.asarray(three_view(dart).convert("L")).min() < 100
    (tmp_path / "pictures").mkdir()
    only = job(tmp_path, subjects=subjects(made), pixels=32)
    shown = [render_one(only, number) for number in range(3)]
    assert "paper-dart" in {row["type"] for row in shown} <= {"paper-dart", NOT_A_UAV}
    drawn = next(row for row in shown if row["type"] == "paper-dart")
    assert drawn["family"] == "flying-wing"
    assert re.fullmatch(r"pictures/\d{6}\.jpg", drawn["file"])
    with Image.open(tmp_path / drawn["file"]) as picture:
        assert picture.size == (32, 32)
