"""A run as it lies in its folder: record, log, curves, weights."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import safetensors.torch
from pydantic import ValidationError
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from wreckid.model.network import WreckNetwork, create_network
from wreckid.model.preprocessing import InputSpec
from wreckid.model.release import WEIGHTS, StartingWeights
from wreckid.serving.custody import write_whole
from wreckid.training.checkpoint import CHECKPOINT
from wreckid.training.config import TrainConfig
from wreckid.training.data import DataError
from wreckid.training.environment import Provenance

RECORD = "run.json"
CURVES = "curves.csv"
LOG = "run.log"


@dataclass(frozen=True)
class Run:
    """A training run and its folder; two are the same whatever they were made with."""

    folder: Path
    config: TrainConfig
    classes: tuple[str, ...]
    input: InputSpec
    starting_weights: StartingWeights
    pictures: int
    provenance: Provenance = field(compare=False)

    def begin(self) -> None:
        """Write down what is to be done, or see that it is what was begun.

        Raises:
            DataError: the folder holds a run of another configuration or of other pictures.
        """
        begun = (self.folder / CHECKPOINT).is_file()
        if begun:
            self._refuse_unless_same(_recorded(self.folder))
        else:
            self._record()
        self._log(f"{'Going on' if begun else 'Beginning'}: {self.pictures} pictures")

    def keep(self, row: Mapping[str, float], finished: nn.Module) -> None:
        """Keep the finished weights of an epoch and its row of the curves.

        The row comes after the weights: what it counts is there.
        """
        weights = {name: value.contiguous() for name, value in finished.state_dict().items()}
        write_whole(self.folder / WEIGHTS, [safetensors.torch.save(weights)])
        curves = self.folder / CURVES
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, list(row))
        writer.writeheader()
        writer.writerows([*_rows_before(curves, row["epoch"]), row])
        write_whole(curves, [table.getvalue().encode()])
        with SummaryWriter(str(self.folder)) as board:
            for name in ("loss", "heldout_top1"):
                board.add_scalar(name, row[name], int(row["epoch"]))
        self._log(in_words(row, self.config.epochs))

    def network(self) -> WreckNetwork:
        """The trained network, ready to judge."""
        network = create_network(self.config.architecture, len(self.classes))
        network.load_state_dict(safetensors.torch.load_file(self.folder / WEIGHTS))
        return network.eval()

    def _record(self) -> None:
        record = {
            "config": self.config.model_dump(mode="json"),
            "classes": self.classes,
            "input": self.input.model_dump(),
            "starting_weights": self.starting_weights.model_dump(),
            "pictures": self.pictures,
            "provenance": asdict(self.provenance),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / RECORD, [(json.dumps(record, indent=2) + "\n").encode()])

    def _refuse_unless_same(self, begun: "Run") -> None:
        before, now = begun.provenance.data, self.provenance.data
        changed = [name for name, sha256 in before.items() if now.get(name, sha256) != sha256]
        if changed:
            raise DataError(
                f"{self.folder} was begun with other pictures ({', '.join(changed)}):"
                " put those back or choose another --out."
            )
        if begun != self:
            raise DataError(f"{self.folder} holds another run: choose another --out.")

    def _log(self, sentence: str) -> None:
        with (self.folder / LOG).open("a", encoding="utf-8") as stream:
            stream.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {sentence}\n")


def in_words(row: Mapping[str, float], epochs: int) -> str:
    """A row of the curves as a sentence."""
    return (
        f"Epoch {row['epoch']:.0f} of {epochs}: loss {row['loss']:.2f},"
        f" first candidate right on {row['heldout_top1']:.1%} of held-out pictures"
    )


def read_run(folder: Path) -> Run:
    """Read the record of a run that came to its end.

    Raises:
        DataError: the folder holds none, or one that was stopped.
    """
    if not (folder / RECORD).is_file() or not (folder / WEIGHTS).is_file():
        raise DataError(f"{folder} holds no finished run: make one with wreckid train.")
    run = _recorded(folder)
    done = len(_rows_before(folder / CURVES, epoch=run.config.epochs + 1))
    if done < run.config.epochs:
        raise DataError(
            f"{folder} was stopped after {done} of {run.config.epochs} epochs:"
            " repeat the command that began it."
        )
    return run


def _recorded(folder: Path) -> Run:
    """The run of a folder, made with what is here now if its record does not tell.

    Raises:
        DataError: it was recorded by a version that knew other settings.
    """
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    try:
        config = TrainConfig.model_validate(record["config"])
    except ValidationError as error:
        raise DataError(
            f"{folder} was begun by another version of wreckid: go on with that one, or begin"
            " another run."
        ) from error
    return Run(
        folder,
        config,
        tuple(record["classes"]),
        InputSpec.model_validate(record["input"]),
        StartingWeights.model_validate(record["starting_weights"]),
        record["pictures"],
        Provenance(**record["provenance"]) if "provenance" in record else Provenance.now(config),
    )


def _rows_before(file: Path, epoch: float) -> list[dict[str, str]]:
    if not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if float(row["epoch"]) < epoch]
