"""The network of a release behind a server as it is first written; `service.py` measures beside it.

Both servers decode the whole photo with Pillow, prepare it as timm does and run eager torch.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from wreckid.model.release import Release, read_release

try:
    from litserve import LitAPI
except ImportError:
    LitAPI = object

PATH = "/v1/classify"
Judge = Callable[[IO[bytes]], dict[str, float]]


def judge_of(release: Release) -> Judge:
    """A photo → the confidence of each class, by timm's recipe."""
    import timm.data
    import torch
    from PIL import Image
    from safetensors.torch import load_file

    from wreckid.model.network import create_network

    classes, spec = release.manifest.classes, release.manifest.input
    network = create_network(release.manifest.architecture, len(classes))
    weights = load_file(release.weights)
    network.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    network.eval()
    transform = timm.data.create_transform(
        (3, spec.size, spec.size), mean=spec.mean, std=spec.std, interpolation="bicubic"
    )

    def judge(file: IO[bytes]) -> dict[str, float]:
        with torch.inference_mode():
            image = transform(Image.open(file).convert("RGB"))
            confidences = torch.softmax(network(image[None]).logits, dim=1)[0]
        return dict(zip(classes, confidences.tolist(), strict=True))

    return judge


def serve_plainly(release: Release, port: int) -> None:
    """One FastAPI endpoint."""
    import uvicorn
    from fastapi import FastAPI, UploadFile

    app, judge = FastAPI(), judge_of(release)

    @app.post(PATH)
    def classify(photos: UploadFile) -> dict[str, float]:
        return judge(photos.file)

    uvicorn.run(app, port=port, log_level="warning")


class Api(LitAPI):  # type: ignore[misc]
    """LitServe's view of a photo; its workers find the class in this module by name."""

    def __init__(self, release: Release) -> None:
        super().__init__(api_path=PATH)
        self.release = release

    def setup(self, device: str) -> None:
        """Load the network; there is a worker a core, so each has one thread."""
        import torch

        torch.set_num_threads(1)
        self.judge = judge_of(self.release)

    def decode_request(self, request):  # type: ignore[no-untyped-def]
        """The file of a form; LitServe would take an annotation for that of the body."""
        file: IO[bytes] = request["photos"].file
        return file

    def predict(self, photo: IO[bytes]) -> dict[str, float]:
        """Judge it."""
        return self.judge(photo)

    def encode_response(self, answer: dict[str, float]) -> dict[str, float]:
        """The answer is JSON as it is."""
        return answer


def serve_by_litserve(release: Release, port: int) -> None:
    """LitServe with a worker a core and no end of patience."""
    from litserve import LitServer

    server = LitServer(
        Api(release), accelerator="cpu", workers_per_device=os.cpu_count(), timeout=False
    )
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")


RIVALS = {"plain": serve_plainly, "litserve": serve_by_litserve}

if __name__ == "__main__":
    rival, folder, port = sys.argv[1:]
    RIVALS[rival](read_release(Path(folder)), int(port))
