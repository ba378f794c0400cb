"""What a run learns from: full scenes, sketches, photos of one's own, and how they are mixed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from wreckid.model.preprocessing import InputSpec
from wreckid.training.config import TrainConfig
from wreckid.training.data import Photos, TrainingSet, read_data
from wreckid.training.loop import Epoch, Mix
from wreckid.training.ownphotos import by_type


@dataclass(frozen=True)
class Material:
    """The pictures of a run.

    Attributes:
        scenes: rendered in full.
        sketches: rendered quickly, for all epochs but the last.
        photos: of one's own.
        config: how they are mixed.
    """

    scenes: Photos
    sketches: Photos
    photos: Photos
    config: TrainConfig

    @classmethod
    def read(cls, config: TrainConfig) -> Self:
        """Read the sets that a configuration names.

        Raises:
            DataError: one cannot be read.
        """
        sketches = read_data(config.sketches) if config.sketches else ()
        photos = read_data(config.photos) if config.photos else ()
        return cls(read_data(config.train), sketches, photos, config)

    @property
    def all(self) -> Photos:
        """Every picture."""
        return (*self.scenes, *self.sketches, *self.photos)

    def epochs(self, classes: Sequence[str], specs: Sequence[InputSpec]) -> tuple[Epoch, ...]:
        """The epochs at the sizes of the specs, the last one without sketches."""
        last = Material(self.scenes, (), self.photos, self.config)
        return (*self._alike(classes, specs[:-1]), *last._alike(classes, specs[-1:]))

    def _alike(self, classes: Sequence[str], specs: Sequence[InputSpec]) -> Iterator[Epoch]:
        pictures, mix = self.all, self._mix()
        return (Epoch(TrainingSet(pictures, classes, spec), mix) for spec in specs)

    def _mix(self) -> Mix | None:
        """As the configuration says; none where there are only scenes."""
        if not self.sketches and not self.photos:
            return None
        shares = list(self._shares())
        return Mix(shares, self.config.epoch_pictures or len(shares))

    def _shares(self) -> Iterator[float]:
        """How often each picture is drawn."""
        rendered = 1 - self.config.photo_share if self.photos else 1.0
        sketched = rendered * self.config.sketch_share if self.sketches else 0.0
        yield from [(rendered - sketched) / len(self.scenes)] * len(self.scenes)
        yield from [sketched / (len(self.sketches) or 1)] * len(self.sketches)
        yield from [self.config.photo_share * share for share in by_type(self.photos)]
