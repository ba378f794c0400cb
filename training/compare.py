"""Two releases on the same photos: is one better, or can the difference be chance?"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from scipy.stats import binomtest

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.confidence import ranking
from wreckid.model.pooling import effective
from wreckid.serving.classifier import Classifier
from wreckid.training.data import DataError, LabelledPhoto, read_data
from wreckid.training.judging.judged import Judged, judge
from wreckid.training.judging.measures import of_types

Outcome = Literal["better", "worse", "not distinguishable"]
Hits = npt.NDArray[np.bool_]

UNLIKELY = 0.05


@dataclass(frozen=True)
class Difference:
    """How two releases do on the same photos.

    Attributes:
        photos: how many.
        weight: how many independent photos they are worth.
        first: share that release A names rightly.
        second: share that release B names rightly.
        difference: B less A.
        low: lower end of its 95 % interval.
        high: upper end.
        chance: how likely so uneven a count of incidents for and against B is by chance alone.
    """

    photos: int
    weight: float
    first: float
    second: float
    difference: float
    low: float
    high: float
    chance: float

    @property
    def outcome(self) -> Outcome:
        """B against A; told apart by an interval without zero that chance does not explain."""
        if self.rests_on_few or not self._leaves_out_zero:
            return "not distinguishable"
        return "better" if self.low > 0 else "worse"

    @property
    def rests_on_few(self) -> bool:
        """Whether the interval leaves out zero, and chance explains the incidents all the same."""
        return self.chance > UNLIKELY and self._leaves_out_zero

    @property
    def _leaves_out_zero(self) -> bool:
        return not self.low <= 0 <= self.high


@dataclass(frozen=True)
class Comparison:
    """All figures of a comparison; `top1` decides, the others are for looking into."""

    first: str
    second: str
    left_out: int
    top1: Difference
    top3: Difference
    by_type: dict[str, Difference]

    @property
    def sentence(self) -> str:
        """What came out, in words."""
        top1 = self.top1
        change = f"{100 * top1.difference:+.1f} points ({_points(top1)})"
        basis = f"first candidate right, {top1.photos} photos worth {top1.weight:.1f} independent"
        verdict = {
            "better": f"{self.second} is better than {self.first}",
            "worse": f"{self.second} is worse than {self.first}",
            "not distinguishable": f"{self.second} and {self.first} are not distinguishable",
        }
        return f"{verdict[top1.outcome]}: {change}; {basis}."

    def as_json(self) -> dict[str, Any]:
        """All figures, for programs."""
        return {"outcome": self.top1.outcome, "sentence": self.sentence, **asdict(self)}

    def view(self) -> RenderableType:
        """All figures, for a terminal."""
        table = Table("", "Photos", "A", "B", "B less A, points", "B is")
        rows = {"first candidate": self.top1, "among three": self.top3, **self.by_type}
        for name, one in rows.items():
            shares = f"{one.first:.1%}", f"{one.second:.1%}"
            change = f"{100 * one.difference:+.1f} ({_points(one)})"
            table.add_row(name, str(one.photos), *shares, change, one.outcome)
        return Group(Text(self.sentence, style="bold"), table, *map(Text, self._remarks()))

    def _remarks(self) -> Iterator[str]:
        yield "The first line decides. Of 20 types that are the same, one will seem to differ."
        if self.top1.rests_on_few:
            yield (
                "Its interval leaves out zero, but too few incidents stand behind it: a count of"
                f" them so uneven comes about by chance in {self.top1.chance:.0%} of cases."
            )
        if self.left_out:
            yield f"{self.left_out} photos show types that neither release knows: left out."


def compare(first: Classifier, second: Classifier, place: Path) -> Comparison:
    """Compare two releases on a data set that neither was trained on.

    A type that only one release knows counts: the other cannot name it. Photos of one incident,
    where the set tells them, count as correlated.

    Raises:
        DataError: a photo cannot be read, or neither release knows any of the types.
    """
    everything = read_data(place)
    known = set(first.manifest.classes) | set(second.manifest.classes)
    photos = [photo for photo in everything if photo.label in known]
    if not photos:
        raise DataError(f"{place} shows no type that either release knows.")
    where = np.array([photo.witness_of for photo in photos])
    labels = np.array([photo.label for photo in photos])
    ours, theirs = _ranks(first, photos), _ranks(second, photos)
    return Comparison(
        first=f"A, {first.manifest.name} {first.manifest.version}",
        second=f"B, {second.manifest.name} {second.manifest.version}",
        left_out=len(everything) - len(photos),
        top1=difference(ours < 1, theirs < 1, where),
        top3=difference(ours < 3, theirs < 3, where),
        by_type=_by_type(ours < 1, theirs < 1, where, labels),
    )


def difference(first: Hits, second: Hits, incidents: npt.NDArray[np.str_]) -> Difference:
    """The difference of two paired shares, bool[N] each, with an interval of 95 %.

    Newcombe (1998), method 10, from Wilson intervals of both shares and their correlation. The
    photos of an incident count as correlated witnesses (Kish, 1965), as they do in an item. For
    few photos that is too sure of itself, so an exact sign test over incidents must agree.
    """
    _, numbers, sizes = np.unique(incidents, return_inverse=True, return_counts=True)
    weight = float(sum(effective(int(size)) for size in sizes))
    p, q = float(first.mean()), float(second.mean())
    (p_low, p_high), (q_low, q_high) = _wilson(p, weight), _wilson(q, weight)
    phi = _correlation(first, second, weight)

    def reach(below: float, above: float) -> float:
        return float(np.sqrt(max(below**2 - 2 * phi * below * above + above**2, 0.0)))

    change = q - p
    low = change - reach(q - q_low, p_high - p)
    high = change + reach(q_high - q, p - p_low)
    gains = np.bincount(numbers, second.astype(np.float64) - first)
    chance = _sign_test(gains)
    return Difference(len(first), weight, p, q, change, max(low, -1.0), min(high, 1.0), chance)


def _sign_test(gains: npt.NDArray[Any]) -> float:
    """Two-sided, exact, over the incidents on which one release does better than the other."""
    won, lost = int((gains > 0).sum()), int((gains < 0).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else 1.0


def _by_type(
    first: Hits,
    second: Hits,
    incidents: npt.NDArray[np.str_],
    labels: npt.NDArray[np.str_],
) -> dict[str, Difference]:
    each = {str(label): labels == label for label in np.unique(labels)}
    return {
        label: difference(first[own], second[own], incidents[own]) for label, own in each.items()
    }


def _wilson(share: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927), also for counts that are no whole numbers."""
    z = NormalDist().inv_cdf(0.975)
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return float(centre - half), float(centre + half)


def _correlation(first: Hits, second: Hits, weight: float) -> float:
    """Phi of two rows of hits, corrected for continuity as Newcombe does."""
    scale = weight / len(first)
    both, neither = ((first & second).sum() * scale, (~first & ~second).sum() * scale)
    one, other = ((first & ~second).sum() * scale, (~first & second).sum() * scale)
    below = np.sqrt((both + one) * (other + neither) * (both + other) * (one + neither))
    above = both * neither - one * other
    if below == 0:
        return 0.0
    return float((max(above - weight / 2, 0.0) if above > 0 else above) / below)


def _ranks(release: Classifier, photos: Sequence[LabelledPhoto]) -> npt.NDArray[np.int64]:
    """How many classes a release puts before the right one, int[N]; all, if it lacks that one."""
    return np.array([_rank(one, release.manifest.classes) for one in judge(release, photos)])


def _rank(judged: Judged, classes: Sequence[str]) -> int:
    if judged.photo.label not in classes:
        return len(classes)
    label, posterior = judged.photo.label, judged.posterior
    rivals = posterior if label == NOT_A_UAV else of_types(posterior, classes)
    return ranking(rivals).index(classes.index(label))


def _points(one: Difference) -> str:
    return f"{100 * one.low:+.1f} to {100 * one.high:+.1f}"
