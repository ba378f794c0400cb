from collections.abc import Callable
from typing import Any

from wreckid.model.release import ReleaseFacts
from wreckid.training.card import noted, number, share

FIGURE = {"value": 0.714, "low": 0.582, "high": 0.818, "count": 54}
METRICS: dict[str, Any] = {
    "heldout": {"catalogue": {"top1": FIGURE, "top3": FIGURE, "family": FIGURE}}
}


def test_figures_read_with_their_intervals() -> None:
    assert share(FIGURE) == "71.4 % (58.2 to 81.8, 54 photos)"
    assert number(FIGURE) == "0.71 (0.58 to 0.82)"
    assert share({"count": 0}) == number({"count": 0}) == "no photos"


def test_a_release_is_noted_on_top_and_once(facts: Callable[..., ReleaseFacts]) -> None:
    first = noted("", facts(), METRICS)
    assert first.startswith("# Changes of the model\n\n## tiny 0.0.1\n\n- ")
    assert "71.4 % (58.2 to 81.8, 54 photos)" in first
    assert "Real photos" not in first
    second = noted(first, facts(version="0.0.2"), {**METRICS, "photos": METRICS["heldout"]})
    assert second.index("## tiny 0.0.2") < second.index("## tiny 0.0.1")
    assert "Real photos" in second
    assert noted(second, facts(version="0.0.1"), METRICS).count("## tiny") == 2
    assert second.endswith(first.removeprefix("# Changes of the model\n\n"))
