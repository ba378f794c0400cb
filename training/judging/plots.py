"""Plots as inline SVG; colours and type come from the page's style."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_curve

from wreckid.training.judging.measures import Flags, Floats, risks

Figure = Mapping[str, float]

SIDE = 320
"""Of a square plot, in its own units."""
WIDE = 820
"""Width of a list of bars or intervals."""
NAMES = 270
"""Room for names at the left of such a list."""
NUMBERS = 150
"""Room for numbers at its right."""
ROW = 22
BINS = 10
EDGE = 16
"""Room above and at the right of a square plot."""
QUARTERS = ("0%", "25%", "50%", "75%", "100%")


@dataclass(frozen=True)
class Frame:
    """A square plot with axes from 0 to 1; `steps` are what is written along the lower one."""

    across: str
    up: str
    steps: Sequence[str] = QUARTERS
    margin: int = 44

    def x(self, value: float) -> float:
        """The place of a value on the horizontal axis."""
        return round(self.margin + value * (SIDE - self.margin - EDGE), 1)

    def y(self, value: float) -> float:
        """The place of a value on the vertical axis."""
        return round(SIDE - self.margin - value * (SIDE - self.margin - EDGE), 1)

    def drawn(self, inside: Iterable[str], says: str) -> Markup:
        """The plot with its axes, its grid and what is inside."""
        grid = [*self._columns(), *self._rows()]
        middle = (SIDE + self.margin) / 2 - 6
        words = [
            _text(middle, SIDE - 6, self.across, "axis middle"),
            f'<g transform="rotate(-90 12 {middle})">',
            _text(12, middle, self.up, "axis middle"),
            "</g>",
        ]
        return _svg(SIDE, SIDE, [*grid, *words, *inside], says)

    def _columns(self) -> Iterator[str]:
        for place, words in enumerate(self.steps):
            x = self.x(place / (len(self.steps) - 1))
            yield _line((x, self.y(0)), (x, self.y(1)), "grid")
            yield _text(x, self.y(0) + 14, words, "tick middle")

    def _rows(self) -> Iterator[str]:
        for place, words in enumerate(QUARTERS):
            y = self.y(place / (len(QUARTERS) - 1))
            yield _line((self.x(0), y), (self.x(1), y), "grid")
            yield _text(self.x(0) - 5, y + 3, words, "tick end")

    def curve(self, across: Sequence[float], up: Sequence[float], style: str) -> str:
        """A line through points."""
        points = " ".join(f"{self.x(x)},{self.y(y)}" for x, y in zip(across, up, strict=True))
        return f'<polyline class="{style}" points="{points}"/>'


def reliability(confidence: Floats, right: Flags) -> Markup:
    """How often answers of each confidence are right; the bars say how many there are."""
    frame = Frame("confidence", "right")
    shares, means = calibration_curve(right, confidence, n_bins=BINS)
    counts, edges = np.histogram(confidence, BINS, (0, 1))
    bars = [
        _bar(frame, low, high, count / counts.max())
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    dots = [
        f'<circle class="dot" cx="{frame.x(mean)}" cy="{frame.y(share)}" r="4"/>'
        for mean, share in zip(means, shares, strict=True)
    ]
    ideal = _line((frame.x(0), frame.y(0)), (frame.x(1), frame.y(1)), "ideal")
    line = frame.curve(means, shares, "line")
    return frame.drawn([*bars, ideal, line, *dots], "Share of right answers by confidence")


def coverage(confidence: Floats, right: Flags) -> Markup:
    """Accuracy among the surest share of the photos."""
    frame = Frame("answered, the surest first", "right among them")
    error = risks(confidence, right)
    answered = np.arange(1, len(error) + 1) / len(error)
    line = frame.curve(answered.tolist(), (1 - error).tolist(), "line")
    return frame.drawn([line], "Accuracy by coverage")


def roc(inside: Floats, outside: Floats) -> Markup:
    """How many from outside are found for how many false alarms."""
    frame = Frame("false alarms", "found")
    truth = np.repeat([0, 1], [len(inside), len(outside)])
    alarms, found, _ = roc_curve(truth, np.concatenate([inside, outside]))
    chance = _line((frame.x(0), frame.y(0)), (frame.x(1), frame.y(1)), "ideal")
    return frame.drawn([chance, frame.curve(alarms, found, "line")], "ROC curve")


def harms(levels: Sequence[Mapping[str, Any]], unharmed: Mapping[str, Any]) -> Markup:
    """The share of first candidates, and of those among three, by level of a corruption."""
    places = range(len(levels) + 1)
    frame = Frame("level", "right", [str(level) for level in places])
    across = [level / len(levels) for level in places]
    lines = [
        frame.curve(across, [one[name]["value"] for one in (unharmed, *levels)], style)
        for name, style in (("top3", "line second"), ("top1", "line"))
    ]
    return frame.drawn(lines, "Share of right answers by level")


def shares(rows: Sequence[tuple[str, Mapping[str, Figure]]]) -> Markup:
    """A line a row: the share of first candidates with its interval, and of those among three."""
    parts = [part for place, (name, one) in enumerate(rows) for part in _share(place, name, one)]
    ticks = [
        _line((_along(tick), 0), (_along(tick), len(rows) * ROW), "grid")
        for tick in (0, 0.25, 0.5, 0.75, 1)
    ]
    return _svg(WIDE, len(rows) * ROW, [*ticks, *parts], "Shares of right answers")


def verdicts(rows: Sequence[tuple[str, Mapping[str, int]]], order: Sequence[str]) -> Markup:
    """A bar a row, cut by verdict."""
    parts = [
        part
        for place, (name, counts) in enumerate(rows)
        for part in _cut(place, name, counts, order)
    ]
    return _svg(WIDE, len(rows) * ROW, parts, "Verdicts")


def _share(place: int, name: str, one: Mapping[str, Figure]) -> list[str]:
    first, three, middle = one["top1"], one["top3"], place * ROW + ROW / 2
    words = f"{first['value']:.0%}, {three['value']:.0%} of {first['count']}"
    return [
        _text(NAMES - 10, middle + 4, name, "name end"),
        _line((_along(first["low"]), middle), (_along(first["high"]), middle), "whisker"),
        f'<circle class="hollow" cx="{_along(three["value"])}" cy="{middle}" r="4"/>',
        f'<circle class="dot" cx="{_along(first["value"])}" cy="{middle}" r="4.5"/>',
        _text(WIDE - NUMBERS + 14, middle + 4, words, "name"),
    ]


def _cut(place: int, name: str, counts: Mapping[str, int], order: Sequence[str]) -> list[str]:
    total, left, top = sum(counts.values()), 0.0, place * ROW
    parts = [
        _text(NAMES - 10, top + ROW / 2 + 4, name, "name end"),
        _text(WIDE - NUMBERS + 14, top + ROW / 2 + 4, f"{total} photos", "name"),
    ]
    for level in order:
        share = counts.get(level, 0) / total if total else 0
        width = round(_along(left + share) - _along(left), 1)
        said = f"<title>{counts.get(level, 0)} {level}</title>"
        parts.append(
            f'<rect class="level-{level}" x="{_along(left)}" y="{top + 3}" width="{width}"'
            f' height="{ROW - 6}">{said}</rect>'
        )
        left += share
    return parts


def _along(share: float) -> float:
    return round(NAMES + share * (WIDE - NAMES - NUMBERS), 1)


def _bar(frame: Frame, low: float, high: float, height: float) -> str:
    top, width = frame.y(height * 0.4), frame.x(high) - frame.x(low) - 1
    return (
        f'<rect class="count" x="{frame.x(low)}" y="{top}" width="{width:.1f}"'
        f' height="{frame.y(0) - top:.1f}"/>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], style: str) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(x: float, y: float, words: str, style: str) -> str:
    return f'<text class="{style}" x="{x}" y="{y}">{escape(words)}</text>'


def _svg(width: int, height: int, parts: Iterable[str], says: str) -> Markup:
    return Markup(
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(says)}">'
        f"{''.join(parts)}</svg>"
    )
