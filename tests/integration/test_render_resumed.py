"""A set goes on only as it began, in the hands of one command, and says what is in its way."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mitsuba as mi
import numpy as np
import pytest
from PIL import Image

from tests.integration.test_render import contents, job
from wreckid.datasets.catalogue import catalogue
from wreckid.datasets.pictures.threads import a_second_thread
from wreckid.datasets.places.surroundings import Surroundings
from wreckid.datasets.render import RenderError, RenderJob, Subject, render, subjects
from wreckid.datasets.rendered import LOCK, MANIFEST, SETTINGS

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

COUNT = 3
TYPES = ("orlan-10", "mq-9")


def sketch(out: Path, around: Surroundings | None = None, **changes: Any) -> RenderJob:
    wanted: dict[str, Any] = {
        "subjects": subjects(catalogue(), TYPES),
        "around": around or Surroundings(),
        "pixels": 32,
        "quick": True,
    }
    return job(out, **wanted | changes)


def write_sky(file: Path) -> None:
    """An environment map of noise."""
    with a_second_thread():
        values = np.random.default_rng(0).random((32, 64, 3), np.float32)
        mi.Bitmap(values).write(str(file))


def drawn(job: RenderJob, count: int = COUNT) -> list[dict[str, Any]]:
    return list(render(job, count, map))


@pytest.fixture(scope="module")
def meadow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("photos") / "meadow.jpg"
    Image.new("RGB", (40, 40), (30, 200, 30)).save(file)
    return file


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, meadow: Path) -> Path:
    """A finished set, sketched before a photo."""
    out = tmp_path_factory.mktemp("whole")
    drawn(sketch(out, Surroundings((meadow,))))
    return out


@pytest.fixture
def begun(whole: Path, tmp_path: Path) -> Path:
    """The same set, stopped after its first picture."""
    out = shutil.copytree(whole, tmp_path / "begun")
    lines = (out / MANIFEST).read_bytes().splitlines(keepends=True)
    (out / MANIFEST).write_bytes(lines[0] + lines[1][:40])
    return out


def slimmer(subject: Subject) -> Subject:
    """The same type under the same id, with a part less."""
    fewer = subject.geometry.model_copy(update={"parts": subject.geometry.parts[:-1]})
    return replace(subject, geometry=fewer)


OTHERS: list[dict[str, Any]] = [
    {"subjects": subjects(catalogue(), TYPES[:1])},
    {"subjects": tuple(map(slimmer, subjects(catalogue(), TYPES)))},
    {"around": Surroundings()},
    {"damages": {"intact": 1.0}},
]


@pytest.mark.parametrize("change", OTHERS, ids=["only", "catalogue", "backgrounds", "damages"])
def test_a_set_goes_on_only_with_what_it_began_with(
    begun: Path, meadow: Path, change: dict[str, Any]
) -> None:
    before = contents(begun)
    with pytest.raises(RenderError, match="another set of pictures: choose another --out"):
        drawn(sketch(begun, **{"around": Surroundings((meadow,))} | change))
    assert contents(begun) == before


def test_another_photo_of_the_same_name_is_another_surrounding(begun: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (200, 30, 30)).save(tmp_path / "meadow.jpg")
    with pytest.raises(RenderError, match="another set"):
        drawn(sketch(begun, Surroundings((tmp_path / "meadow.jpg",))))


def test_other_lights_are_another_set(tmp_path: Path) -> None:
    write_sky(tmp_path / "dome.exr")
    out = tmp_path / "set"
    drawn(sketch(out), 1)
    with pytest.raises(RenderError, match="another set"):
        drawn(sketch(out, Surroundings(lights=(tmp_path / "dome.exr",))), 2)


def test_the_same_photos_may_lie_elsewhere(
    begun: Path, whole: Path, meadow: Path, tmp_path: Path
) -> None:
    shutil.copy(meadow, tmp_path)
    drawn(sketch(begun, Surroundings((tmp_path / meadow.name,))))
    assert contents(begun) == contents(whole)


def test_a_set_without_settings_goes_on_by_what_its_rows_tell(begun: Path, meadow: Path) -> None:
    (begun / SETTINGS).unlink()
    with pytest.raises(RenderError, match="another set"):
        drawn(sketch(begun, Surroundings((meadow,)), seed=4))
    assert len(drawn(sketch(begun, Surroundings((meadow,))))) == COUNT
    assert not (begun / SETTINGS).exists()


def test_a_set_that_was_stopped_before_its_first_picture_begins_anew(
    begun: Path, tmp_path: Path
) -> None:
    (begun / MANIFEST).unlink()
    drawn(sketch(begun))
    drawn(sketch(tmp_path / "anew"))
    for name in (MANIFEST, SETTINGS):
        assert (begun / name).read_bytes() == (tmp_path / "anew" / name).read_bytes()


def test_two_commands_do_not_render_into_one_folder(
    begun: Path, meadow: Path, wreckid: Wreckid
) -> None:
    first = render(sketch(begun, Surroundings((meadow,))), COUNT, map)
    next(first)
    done = wreckid("render", "--count", "3", "--quick", "--size", "32", "--out", begun)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"Another command is rendering to {begun}: wait for it to end." in done.err
    assert len(list(first)) == COUNT - 1
    lines = (begun / MANIFEST).read_text().splitlines()
    assert [json.loads(line)["wreck"] for line in lines] == [0, 1, 2]
    assert len(drawn(sketch(begun, Surroundings((meadow,))))) == COUNT


@pytest.mark.parametrize("line", [b"no JSON", b"5", b"\xff\xfe\x00"])
def test_a_line_that_is_no_row_is_named_in_one_sentence(
    begun: Path, wreckid: Wreckid, line: bytes
) -> None:
    with (begun / MANIFEST).open("ab") as manifest:
        manifest.write(b"\n")  # Ends the line that the kill tore.
    lines = (begun / MANIFEST).read_bytes().splitlines(keepends=True)
    (begun / MANIFEST).write_bytes(lines[0] + line + b"\n")
    done = wreckid("render", "--count", "3", "--quick", "--size", "32", "--out", begun)
    assert done.code == 2
    assert done.err.count("\n") == 1 and "manifest.jsonl, line 2 is no row: cut" in done.err


def test_rows_of_something_else_are_another_set(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"image": "a.jpg", "label": "orlan-10"}\n')
    with pytest.raises(RenderError, match="another set"):
        drawn(sketch(tmp_path))
    assert set(contents(tmp_path)) - {LOCK} == {MANIFEST}


@pytest.mark.parametrize("names", [("A.JPG", "b.jpeg", "notes.txt"), ("a.jpg", "b.JPEG")])
def test_photos_are_found_whatever_the_case_of_their_names(
    tmp_path: Path, wreckid: Wreckid, meadow: Path, names: tuple[str, ...]
) -> None:
    for folder in ("photos", "skies"):
        (tmp_path / folder).mkdir()
    for name in names:
        shutil.copy(meadow, tmp_path / "photos" / name)
    write_sky(tmp_path / "skies/dome.EXR")
    done = wreckid(
        *("render", "--count", "1", "--quick", "--size", "32", "--out", tmp_path / "out"),
        *("--backgrounds", tmp_path / "photos", "--lights", tmp_path / "skies"),
    )
    assert done.code == 0, done.err
    told = json.loads((tmp_path / "out" / SETTINGS).read_text())
    assert list(told["backgrounds"]) == [name for name in names if name != "notes.txt"]
    assert list(told["lights"]) == ["dome.EXR"]


@pytest.mark.parametrize("option", ["--backgrounds", "--lights"])
def test_a_folder_without_a_picture_of_the_kind_is_refused(
    tmp_path: Path, wreckid: Wreckid, option: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/notes.md").touch()
    done = wreckid("render", "--count", "1", "--out", tmp_path / "out", option, tmp_path / "empty")
    assert done.code == 2
    assert "holds no file that ends in" in " ".join(done.err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", [b"abc", b"", "half"])
def test_a_background_that_cannot_be_read_is_named_before_the_first_picture(
    tmp_path: Path, wreckid: Wreckid, meadow: Path, data: bytes | str
) -> None:
    whole = meadow.read_bytes()
    (tmp_path / "photos").mkdir()
    shutil.copy(meadow, tmp_path / "photos/a.jpg")
    bad = whole[: len(whole) // 2] if isinstance(data, str) else data
    (tmp_path / "photos/b.jpg").write_bytes(bad)
    done = wreckid(
        *("render", "--count", "1", "--quick", "--size", "32", "--out", tmp_path / "out"),
        *("--backgrounds", tmp_path / "photos"),
    )
    assert done.code == 2
    assert done.err.count("\n") == 1 and "b.jpg is no photo that can be read: take" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [0, 5, 2000])
def test_a_sky_that_cannot_be_read_is_named_before_the_first_picture(
    tmp_path: Path, wreckid: Wreckid, kept: int
) -> None:
    (tmp_path / "skies").mkdir()
    bad = tmp_path / "skies/b.exr"
    write_sky(bad)
    bad.write_bytes(bad.read_bytes()[:kept])
    done = wreckid(
        *("render", "--count", "1", "--size", "32", "--out", tmp_path / "out"),
        *("--lights", tmp_path / "skies"),
    )
    assert done.code == 2
    assert done.err.count("\n") == 1 and "b.exr is no environment map that can be" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("sheet", "reason"),
    [("sheet.xyz", "must end in .png or .jpg"), ("gone/sheet.png", "make it first")],
)
def test_a_sheet_that_cannot_be_written_is_told_before_the_first_picture(
    tmp_path: Path, wreckid: Wreckid, sheet: str, reason: str
) -> None:
    done = wreckid(
        *("render", "--count", "1", "--quick", "--out", tmp_path / "out"),
        *("--sheet", tmp_path / sheet),
    )
    assert done.code == 2
    assert done.err.count("\n") == 1 and reason in done.err
    assert not (tmp_path / "out").exists()
