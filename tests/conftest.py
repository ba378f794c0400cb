"""A tiny release without torch, strange photos made on the spot, and the doors to try them at."""

import logging
import os
import shutil
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import (
    CARD,
    METRICS,
    NETWORK,
    WEIGHTS,
    OutOfCatalogueRule,
    PredictionSetRule,
    Release,
    ReleaseFacts,
    StartingWeights,
    Training,
    write_release,
)
from wreckid.model.verdict import Thresholds
from wreckid.serving.api import create_app
from wreckid.serving.cli import main

settings.register_profile("laws", deadline=None)
settings.load_profile("laws")  # No example may fail because the machine is busy.

SIDE, CELLS = 64, 4
CLASSES = ("shahed-136", "shahed-131", "orlan-10", "dji-phantom", NOT_A_UAV)
COLOURS = np.array([[8, -4, -4], [6, -4, -4], [-4, 8, -4], [-4, -4, 8], [0.5, 0.5, 0.5]])
"""Red speaks for shahed-136 and less for shahed-131, green for orlan-10, blue for dji-phantom."""
BIAS = np.array([0.0, 0.0, 0.0, 0.0, 1.0])

RED, GREEN, BLUE, GREY = (230, 20, 20), (20, 230, 20), (20, 20, 230), (128, 128, 128)


def tiny_network(weight: npt.ArrayLike = COLOURS) -> bytes:
    """ONNX: mean colour of 4 x 4 cells, then a linear class map, its mean plus bias as logits."""
    kernel = SIDE // CELLS
    weights = np.asarray(weight, np.float32).reshape(len(CLASSES), 3, 1, 1)
    bias = BIAS.astype(np.float32)
    nodes = [
        helper.make_node(
            "AveragePool", ["images"], ["cells"], kernel_shape=[kernel] * 2, strides=[kernel] * 2
        ),
        helper.make_node("Conv", ["cells", "weights"], ["class_map"]),
        helper.make_node("ReduceMean", ["class_map", "axes"], ["means"], keepdims=0),
        helper.make_node("Add", ["means", "bias"], ["logits"]),
        helper.make_node("ReduceMean", ["cells", "axes"], ["embedding"], keepdims=0),
    ]
    count = len(CLASSES)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [_tensor("images", ["n", 3, SIDE, SIDE])],
        [
            _tensor("logits", ["n", count]),
            _tensor("embedding", ["n", 3]),
            _tensor("class_map", ["n", count, CELLS, CELLS]),
        ],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _tensor(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def tiny_facts(**changes: Any) -> ReleaseFacts:
    facts: dict[str, Any] = {
        "name": "tiny",
        "version": "0.0.1",
        "architecture": "tiny",
        "input": InputSpec(size=SIDE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), resize="squash"),
        "classes": CLASSES,
        "families": catalogue().families_of(CLASSES),
        "temperature": 1.0,
        "prediction_set": PredictionSetRule(coverage=0.9, quantile=0.9),
        "out_of_catalogue": OutOfCatalogueRule(score="energy", threshold=-1.7),
        "verdict": Thresholds(type=0.8, family=0.8, uav=0.6, not_a_uav=0.9),
        "training": Training(commit="0" * 40, seed=1, pictures=0, data={}, libraries={}, config={}),
        "starting_weights": StartingWeights(name="none", licence="none"),
    }
    return ReleaseFacts(**facts | changes)


def tiny_files() -> dict[str, bytes]:
    return {WEIGHTS: b"", NETWORK: tiny_network(), METRICS: b"{}", CARD: b"# tiny\n"}


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of five classes that looks at colours only."""
    return write_release(tmp_path_factory.mktemp("release"), tiny_facts(), tiny_files())


@pytest.fixture
def facts() -> Callable[..., ReleaseFacts]:
    """The facts of the tiny release, with changes."""
    return tiny_facts


@pytest.fixture
def files() -> dict[str, bytes]:
    """The files of the tiny release."""
    return tiny_files()


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (300, 240)) -> Image.Image:
    return Image.new("RGB", size, colour)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(scope="session")
def photo() -> Callable[..., bytes]:
    """Encodes a plain photo of one colour."""

    def make(colour: str = "red", size: tuple[int, int] = (300, 240), kind: str = "JPEG") -> bytes:
        return encoded(picture(NAMED[colour], size), kind)

    return make


NAMED = {"red": RED, "green": GREEN, "blue": BLUE, "grey": GREY}


@dataclass(frozen=True)
class Strange:
    """Strange input, and what must come of it: a failure code, or a size and a leading type."""

    name: str
    data: bytes
    failure: str | None = None
    size: tuple[int, int] | None = None
    leader: str | None = None


def png_bomb(side: int = 30_000) -> bytes:
    """A valid PNG of side x side black pixels in a few hundred kilobytes."""
    packer = zlib.compressobj(1)
    row = bytes(1 + (side + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture(RED, (300, 240)), exif=exif)


def _deep() -> bytes:
    return encoded(Image.fromarray(np.full((240, 300), 32_768, np.uint16)), "PNG")


def _seen(name: str, data: bytes, leader: str = "shahed-136") -> Strange:
    return Strange(name, data, size=(300, 240), leader=leader)


STRANGE: dict[str, Callable[[], Strange]] = {
    "truncated": lambda: Strange("cut.jpg", encoded(picture(RED))[:-200], "truncated"),
    "empty": lambda: Strange("empty.jpg", b"", "empty"),
    "not an image": lambda: Strange("notes.jpg", b"found at the field " * 50, "not-an-image"),
    "1 x 1": lambda: Strange("dot.png", encoded(picture(RED, (1, 1)), "PNG"), "too-small"),
    "bomb": lambda: Strange("bomb.png", png_bomb(), "too-large"),
    "CMYK": lambda: _seen("cmyk.jpg", encoded(picture(RED).convert("CMYK"))),
    "16-bit": lambda: _seen("deep.png", _deep(), "not-a-uav"),
    "palette": lambda: _seen("palette.png", encoded(picture(RED).quantize(8), "PNG")),
    "EXIF-rotated": lambda: Strange("turned.jpg", _turned(), None, (240, 300), "shahed-136"),
    "animated": lambda: _seen(
        "moving.gif",
        encoded(picture(RED), "GIF", save_all=True, append_images=[picture(GREEN)]),
    ),
    "HEIC": lambda: _seen("phone.heic", encoded(picture(RED), "HEIF")),
    "strange name": lambda: _seen("'<b>🚁\" & =1+1;.jpg", encoded(picture(RED))),
}


@pytest.fixture(scope="session", params=list(STRANGE))
def strange(request: pytest.FixtureRequest) -> Strange:
    """Each kind of strange input in turn."""
    return STRANGE[request.param]()


@pytest.fixture(scope="session")
def client(release: Release) -> Iterator[TestClient]:
    """The service of the tiny release; an unhandled error fails the test."""
    with TestClient(create_app(release)) as client:
        yield client


@contextmanager
def _listening(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def listening() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """Lets a service listen, and tells its address."""
    return _listening


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.skip("Chromium is not installed")
    sandbox = os.name != "posix" or os.geteuid() != 0
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, chromium_sandbox=sandbox) as browser,
    ):
        yield browser


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def wreckid(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Finished]]:
    """Runs `wreckid` with arguments, in this process, and leaves logging as it was."""
    monkeypatch.setenv("COLUMNS", "200")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: str | Path) -> Finished:
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Finished(int(stop.value.code or 0), out, err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
