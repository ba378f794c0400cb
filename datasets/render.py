"""Many labelled pictures: seeded, resumable, with a manifest of one JSON line a picture.

The same seed gives the same pictures whatever the number of workers, since each picture draws
all its chances from its own generator, seeded by the set's seed and the picture's number. Whatever
else decides them is written down beside the manifest, so that a set goes on only as it began.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from wreckid.datasets.airframes.airframe import Part, build, extents
from wreckid.datasets.airframes.variation import varied
from wreckid.datasets.airframes.wreckage import Wreck, posed, wrecked
from wreckid.datasets.alone import alone
from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.datasets.errors import SetupError
from wreckid.datasets.geometry import Geometry, Scheme
from wreckid.datasets.pictures.light import refuse_unreadable_skies
from wreckid.datasets.pictures.photograph import annotated, developed, jpeg, random_development
from wreckid.datasets.pictures.scene import Prop, Shot, shoot
from wreckid.datasets.pictures.sketch import Model, sketched
from wreckid.datasets.pictures.threads import one_thread
from wreckid.datasets.places.clutter import confusers, empty_place
from wreckid.datasets.places.surroundings import Surroundings, refuse_unreadable_backgrounds
from wreckid.datasets.rendered import LOCK, MANIFEST, SETTINGS, UNFINISHED, read_rows
from wreckid.datasets.spread import Engine, on_processes

Rng = np.random.Generator

VERSION = 11
"""Of the renderer: pictures of one seed may differ between versions."""

SHARES = {
    "intact": 0.22,
    "airborne": 0.08,
    "belly-landed": 0.08,
    "nose-in": 0.12,
    "wings-torn": 0.12,
    "broken-up": 0.16,
    "burnt-out": 0.08,
    "single-part": 0.04,
    "laid-out": 0.10,
}
"""How often each damage is drawn."""
NEGATIVES = 0.15
"""Share of pictures without a UAV."""
EMPTY = 0.4
"""Share of those that show nothing but the place."""
ODD_COLOURS = 0.2
"""Share of wrecks in a colour that the catalogue does not list."""


@dataclass(frozen=True)
class Subject:
    """A type as the renderer needs it."""

    id: str
    family: str
    geometry: Geometry


@dataclass(frozen=True)
class RenderJob:
    """What to draw, in what surroundings, and where to put it.

    Attributes:
        subjects: the types to draw.
        around: real pictures to set scenes in.
        seed: of the set.
        pixels: side of each picture.
        out: folder of the set.
        views: consecutive pictures that show the same wreck, each in surroundings of its own.
        quick: whether to sketch by single rays rather than to trace light.
        damages: how often each damage is drawn; the shares need not add up to 1.
    """

    subjects: tuple[Subject, ...]
    around: Surroundings
    seed: int
    pixels: int
    out: Path
    views: int = 1
    quick: bool = False
    damages: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))


@dataclass(frozen=True)
class Find:
    """What a picture shows: a type or none, its colours and its true size in metres."""

    subject: Subject | None
    wreck: Wreck
    scheme: Scheme
    length_m: float | None
    wingspan_m: float | None


@dataclass(frozen=True)
class Rendered:
    """A picture and its truth.

    Attributes:
        row: of the manifest; it names both files.
        picture: a JPEG file.
        mask: a PNG file, where the picture shows the wreck.
    """

    row: dict[str, Any]
    picture: bytes
    mask: bytes


class RenderError(SetupError):
    """The set cannot be rendered as asked; the message says what to do."""


def subjects(catalogue: Catalogue, only: Sequence[str] | None = None) -> tuple[Subject, ...]:
    """The types of a catalogue that can be drawn, all or only some.

    Raises:
        RenderError: one that was asked for cannot be drawn.
    """
    drawn = {
        uav.id: Subject(uav.id, uav.family, uav.geometry)
        for uav in catalogue.types.values()
        if uav.geometry is not None
    }
    missing = [name for name in only or () if name not in drawn]
    if missing:
        raise RenderError(f"The catalogue has no type {missing[0]} with a geometry to be drawn.")
    return tuple(one for name, one in drawn.items() if not only or name in only)


def render(job: RenderJob, count: int, engine: Engine = on_processes) -> Iterator[dict[str, Any]]:
    """Render pictures 0 to `count`, going on where an earlier run stopped.

    Args:
        job: what to draw, and where to put it.
        count: pictures of the finished set.
        engine: where they are drawn; their files are written here.

    Yields:
        The manifest's row of each picture, those of earlier runs first.

    Raises:
        RenderError: the folder holds another set.
        SetupError: it holds a damaged one or is being rendered to, or a picture around it cannot be
            read.
    """
    refuse_unreadable_backgrounds(job.around)
    refuse_unreadable_skies(job.around)
    job.out.mkdir(parents=True, exist_ok=True)
    with alone(job.out / LOCK, f"Another command is rendering to {job.out}: wait for it to end."):
        done = _begun(job)
        yield from done[:count]
        yield from _drawn(job, range(len(done), count), engine)


def _drawn(job: RenderJob, numbers: range, engine: Engine) -> Iterator[dict[str, Any]]:
    todo = _by_wreck(numbers, job.views)
    (job.out / UNFINISHED).touch()
    with (job.out / MANIFEST).open("a", encoding="utf-8") as manifest:
        for wreck in engine(partial(_at_work, job), todo):
            rows = [_kept(job.out, rendered) for rendered in wreck]
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            manifest.write("".join(lines))
            manifest.flush()
            yield from rows
    (job.out / UNFINISHED).unlink()


def _by_wreck(numbers: range, views: int) -> list[list[int]]:
    """Numbers of pictures, apart for each wreck."""
    return [list(group) for _, group in groupby(numbers, lambda number: number // views)]


def render_one(job: RenderJob, number: int) -> dict[str, Any]:
    """Render one picture to its file and return its row."""
    return _kept(job.out, render_wreck(job, [number])[0])


def _at_work(job: RenderJob, numbers: Sequence[int]) -> list[Rendered]:
    one_thread()
    return render_wreck(job, numbers)


def render_wreck(job: RenderJob, numbers: Sequence[int]) -> list[Rendered]:
    """Render pictures of one wreck."""
    wreck = numbers[0] // job.views
    rng = np.random.default_rng([job.seed, wreck])
    find = _find(job, rng)
    take = _camera(job, find, rng)
    pictures = []
    for number in numbers:
        view = number % job.views
        chance = np.random.default_rng([job.seed, wreck, view]) if view else rng
        pictures.append(_taken(job, find, number, take(chance), chance))
    return pictures


def _camera(job: RenderJob, find: Find, rng: Rng) -> Callable[[Rng], Shot]:
    """What takes one picture of a find after another."""
    if job.quick:
        model = Model.of(find.wreck, find.scheme, rng)
        return partial(sketched, model, job.around, job.pixels)
    prop = Prop.of(find.wreck, find.scheme, rng)
    return partial(shoot, prop, job.around, job.pixels)


def _taken(job: RenderJob, find: Find, number: int, shot: Shot, rng: Rng) -> Rendered:
    """Develop a shot and say what it shows."""
    settings = random_development(rng)
    image = annotated(developed(shot.light, settings, rng), rng)
    row = {
        "file": f"pictures/{number:06d}.jpg",
        "mask": f"masks/{number:06d}.png",
        "wreck": number // job.views,
        "type": find.subject.id if find.subject else NOT_A_UAV,
        "family": find.subject.family if find.subject else NOT_A_UAV,
        "scheme": find.scheme.name,
        "damage": find.wreck.damage,
        "length_m": find.length_m,
        "wingspan_m": find.wingspan_m,
        "box": shot.sight.box,
        "covers": round(float(shot.sight.mask.mean()), 4),
        "parts": shot.sight.parts,
        **shot.truth,
        **_told(job),
    }
    return Rendered(row, jpeg(image, settings.quality), _png(shot.sight.mask))


def _kept(out: Path, rendered: Rendered) -> dict[str, Any]:
    """Write both files of a picture below a folder and return its row."""
    _save(out / rendered.row["file"], rendered.picture)
    _save(out / rendered.row["mask"], rendered.mask)
    return rendered.row


def _save(file: Path, data: bytes) -> None:
    """Write a file so that it is there as a whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(data)
    part.replace(file)


def _png(mask: npt.NDArray[np.bool_]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()


def _begun(job: RenderJob) -> list[dict[str, Any]]:
    """Whole rows of an earlier run; a line torn by a kill is cut off the manifest.

    Where there are none, the set begins with its settings.
    """
    manifest = job.out / MANIFEST
    lines = manifest.read_bytes().splitlines(keepends=True) if manifest.exists() else []
    whole = [line for line in lines if line.endswith(b"\n")]
    rows = read_rows(manifest, whole)
    if not rows:
        _save(job.out / SETTINGS, _settings(job))
    elif not _is_of(job, rows):
        raise RenderError(f"{job.out} holds another set of pictures: choose another --out.")
    if len(whole) < len(lines):
        manifest.write_bytes(b"".join(whole))
    return rows


def _is_of(job: RenderJob, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a set is the one that is asked for, by its rows and, if there, its settings."""
    settings = job.out / SETTINGS
    expected = ({"wreck": number // job.views, **_told(job)} for number in range(len(rows)))
    told = all(one.items() <= row.items() for one, row in zip(expected, rows, strict=True))
    return told and (not settings.exists() or settings.read_bytes() == _settings(job))


def _told(job: RenderJob) -> dict[str, Any]:
    """What every row tells of its set."""
    return {"quick": job.quick, "pixels": job.pixels, "seed": job.seed, "renderer": VERSION}


def _settings(job: RenderJob) -> bytes:
    """All that decides the pictures of a set but their number, as JSON."""
    settings = {
        "subjects": {
            one.id: _sha256(one.geometry.model_dump_json().encode()) for one in job.subjects
        },
        "backgrounds": _hashes(job.around.backgrounds),
        "lights": _hashes(job.around.lights),
        "damages": dict(job.damages),
        "views": job.views,
        **_told(job),
    }
    return json.dumps(settings, ensure_ascii=False, indent=1).encode() + b"\n"


def _hashes(files: Sequence[Path]) -> dict[str, str]:
    """The hash of each file by its name, wherever it lies."""
    return {file.name: _sha256(file.read_bytes()) for file in files}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _find(job: RenderJob, rng: Rng) -> Find:
    """Something to draw, by chance."""
    if rng.random() < NEGATIVES:
        place = empty_place if rng.random() < EMPTY else confusers
        return Find(None, place(rng), _odd_scheme(rng), None, None)
    subject = job.subjects[int(rng.integers(len(job.subjects)))]
    damages, shares = list(job.damages), np.array(list(job.damages.values()))
    damage = damages[rng.choice(len(damages), p=shares / shares.sum())]
    parts = _stretched(subject.geometry, rng)
    length, wingspan = (round(metres, 3) for metres in extents(parts))
    turned = posed(parts, yaw=rng.uniform(0, 2 * np.pi))
    scheme = _scheme(subject.geometry, rng)
    return Find(subject, wrecked(turned, damage, rng), scheme, length, wingspan)


def _stretched(geometry: Geometry, rng: Rng) -> tuple[Part, ...]:
    """The airframe with dimensions off by a few per cent, as published ones are."""
    scale = np.diag([*np.exp(rng.normal(0, 0.025, 3)), 1.0])
    return tuple(part.moved(scale) for part in varied(_airframe(geometry), rng))


_airframe = lru_cache(maxsize=64)(build)


def _scheme(geometry: Geometry, rng: Rng) -> Scheme:
    if rng.random() < ODD_COLOURS:
        return _odd_scheme(rng)
    weights = np.array([scheme.weight for scheme in geometry.schemes])
    return geometry.schemes[rng.choice(len(weights), p=weights / weights.sum())]


def _odd_scheme(rng: Rng) -> Scheme:
    """White, grey, green, sand, black or anything, with a related accent."""
    value = rng.uniform(20, 235)
    skin = np.clip(value + rng.normal(0, 18, 3), 0, 255)
    accent = np.clip(skin * rng.uniform(0.5, 1.4) + rng.normal(0, 15, 3), 0, 255)
    as_hex = ["#" + "".join(f"{int(c):02x}" for c in colour) for colour in (skin, accent)]
    return Scheme(name="odd", skin=as_hex[0], accent=as_hex[1])
