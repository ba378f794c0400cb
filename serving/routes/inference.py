"""Open Inference Protocol v2: the network alone, arrays in and out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from wreckid.model.confidence import probabilities
from wreckid.model.release import Manifest
from wreckid.serving.classifier import Classifier
from wreckid.serving.doors.problems import RefusalError, described
from wreckid.serving.routes.status import Status
from wreckid.serving.routes.uploads import Crew

PLATFORM = "onnx"
IMAGES = "images"
OUTPUTS = ("logits", "probabilities", "embedding", "class_map")
MOST_IMAGES = 16
"""Most images of a request; bounds its memory."""
NO_MODEL = "There is no such model: GET /v2 names the one that is there."

Array = npt.NDArray[np.floating[Any]]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)


class Server(_Message):
    """What answers."""

    name: str = "wreckid"
    version: str
    extensions: tuple[str, ...] = ()
    models: tuple[str, ...]


class TensorMetadata(_Message):
    """A tensor that goes in or comes out."""

    name: str
    datatype: Literal["FP32"] = "FP32"
    shape: tuple[int, ...] = Field(description="-1 for any number.")


class ModelMetadata(_Message):
    """A model, what it takes in and gives out."""

    name: str
    versions: tuple[str, ...]
    platform: str = PLATFORM
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]
    classes: tuple[str, ...] = Field(description="Of logits and probabilities, in order.")


class Tensor(_Message):
    """Numbers, row by row or nested."""

    name: str
    shape: tuple[Annotated[int, Field(ge=0)], ...]
    datatype: Literal["FP32"] = "FP32"
    data: list[Any]


class Wanted(_Message):
    """An output that is asked for."""

    name: str


class InferenceRequest(_Message):
    """Images as `model.preprocessing` prepares them."""

    id: str | None = None
    inputs: Annotated[tuple[Tensor, ...], Field(min_length=1, max_length=1)]
    outputs: tuple[Wanted, ...] = Field(
        default=(Wanted(name="logits"), Wanted(name="probabilities")),
        description=f"{', '.join(OUTPUTS)}; each once.",
    )


class InferenceResponse(_Message):
    """What the network says."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: tuple[Tensor, ...]


def router(classifier: Classifier, crew: Crew) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=["inference"], prefix="/v2")
    manifest = classifier.manifest
    _add_health(routes, manifest)
    models = "/models/{name}", "/models/{name}/versions/{version}"

    def describe(name: str, version: str | None = None) -> ModelMetadata:
        """What the model takes in and gives out."""
        _check(name, version, manifest)
        return _metadata(manifest)

    def ready(name: str, version: str | None = None) -> Status:
        """The model is loaded."""
        _check(name, version, manifest)
        return Status(status="ready")

    async def infer(
        name: str, request: InferenceRequest, version: str | None = None
    ) -> InferenceResponse:
        """Run the network on prepared images."""
        _check(name, version, manifest)
        names = _names(request.outputs)
        batch = _batch(request.inputs[0], manifest)
        found = await crew.do(lambda: _outputs(classifier, batch))
        return InferenceResponse(
            model_name=manifest.name,
            model_version=manifest.version,
            id=request.id,
            outputs=tuple(_tensor(name, found[name]) for name in names),
        )

    for path in models:
        routes.get(path, responses=described(404, 422))(describe)
        routes.get(f"{path}/ready", responses=described(404, 422))(ready)
        routes.post(f"{path}/infer", responses=described(404, 408, 413, 415, 422, 429, 503))(infer)
    return routes


def _add_health(routes: APIRouter, manifest: Manifest) -> None:
    @routes.get("")
    def server() -> Server:
        """What answers, and its model."""
        return Server(version=manifest.version, models=(manifest.name,))

    @routes.get("/health/live")
    def live() -> Status:
        """The process answers."""
        return Status(status="live")

    @routes.get("/health/ready")
    def ready() -> Status:
        """The model is loaded, which it is before the service listens."""
        return Status(status="ready")


def _check(name: str, version: str | None, manifest: Manifest) -> None:
    if name != manifest.name or version not in (None, manifest.version):
        raise RefusalError(404, NO_MODEL)


def _metadata(manifest: Manifest) -> ModelMetadata:
    count, side = len(manifest.classes), manifest.input.size
    return ModelMetadata(
        name=manifest.name,
        versions=(manifest.version,),
        inputs=(TensorMetadata(name=IMAGES, shape=(-1, 3, side, side)),),
        outputs=(
            TensorMetadata(name="logits", shape=(-1, count)),
            TensorMetadata(name="probabilities", shape=(-1, count)),
            TensorMetadata(name="embedding", shape=(-1, -1)),
            TensorMetadata(name="class_map", shape=(-1, count, -1, -1)),
        ),
        classes=manifest.classes,
    )


def _names(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """The outputs that are asked for: those that there are, each once."""
    times = Counter(one.name for one in wanted)
    for name, asked in times.items():
        if name not in OUTPUTS:
            raise RefusalError(422, f"There is no output {name}, but {', '.join(OUTPUTS)}.")
        if asked > 1:
            raise RefusalError(422, f"The output {name} is asked for twice: ask once.")
    return tuple(times)


def _batch(tensor: Tensor, manifest: Manifest) -> npt.NDArray[np.float32]:
    side = manifest.input.size
    expected = f"float32[1 to {MOST_IMAGES}, 3, {side}, {side}]"
    if tensor.name != IMAGES:
        raise RefusalError(422, f"There is no input {tensor.name}, but {IMAGES}: {expected}.")
    try:
        with np.errstate(over="ignore"):
            batch = np.asarray(tensor.data, np.float32).reshape(tensor.shape)
    except (OverflowError, TypeError, ValueError) as error:
        raise RefusalError(
            422, f"The data do not fill their shape; expected {expected}."
        ) from error
    if batch.shape[1:] != (3, side, side) or not 1 <= len(batch) <= MOST_IMAGES:
        raise RefusalError(422, f"Got {list(batch.shape)}, expected {expected}.")
    if not np.isfinite(batch).all():
        raise RefusalError(422, "The data hold what is no finite number.")
    return batch


def _outputs(classifier: Classifier, batch: npt.NDArray[np.float32]) -> Mapping[str, Array]:
    outputs = classifier.run(batch)
    return {
        "logits": outputs.logits,
        "probabilities": probabilities(outputs.logits, classifier.manifest.temperature),
        "embedding": outputs.embedding,
        "class_map": outputs.class_map,
    }


def _tensor(name: str, values: Array) -> Tensor:
    return Tensor(name=name, shape=values.shape, data=values.ravel().tolist())
