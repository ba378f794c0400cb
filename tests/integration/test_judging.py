"""A made folder of labelled photos, judged by a release that looks at colours only."""

import csv
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from wreckid.datasets.catalogue import catalogue
from wreckid.model.release import Release
from wreckid.serving.classifier import Classifier
from wreckid.training.data import DataError, read_data
from wreckid.training.judging.figures import Evaluation, evaluate
from wreckid.training.judging.report import confusions, page

if TYPE_CHECKING:
    from tests.conftest import Finished

MakePhoto = Callable[..., bytes]
Wreckid = Callable[..., "Finished"]

ROWS = (
    ("a.jpg", "red", "shahed-136", "catalogue", "intact"),
    ("b.jpg", "red", "shahed-136", "catalogue", "crashed"),
    ("c.jpg", "green", "orlan-10", "catalogue", "intact"),
    ("d.jpg", "blue", "orlan-10", "catalogue", "crashed"),
    ("e.jpg", "red", "shahed-131", "catalogue", "single-part"),
    ("f.jpg", "grey", "street", "not-a-uav", "everyday"),
    ("g.jpg", "red", "bus <&> tram", "not-a-uav", "vehicle"),
    ("h.jpg", "blue", "ghost-9", "other-uav", "intact"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photo: MakePhoto) -> Path:
    """Photos with an index that tells the kind of each."""
    place = tmp_path_factory.mktemp("photos")
    with (place / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label", "kind", "condition"))
        for name, colour, label, kind, condition in ROWS:
            (place / name).write_bytes(photo(colour))
            writer.writerow((name, label, kind, condition))
    return place


@pytest.fixture(scope="module")
def classifier(release: Release) -> Classifier:
    return Classifier(release, catalogue())


@pytest.fixture(scope="module")
def evaluation(classifier: Classifier, folder: Path) -> Evaluation:
    return evaluate(classifier, folder)


def test_the_index_tells_what_shows_no_uav(folder: Path) -> None:
    labels = [photo.label for photo in read_data(folder)]
    assert labels.count("not-a-uav") == 2
    assert labels[-1] == "ghost-9"


def test_an_index_from_a_spreadsheet_tells_it_too(folder: Path, tmp_path: Path) -> None:
    """A byte order mark, and rows that end with their last full cell."""
    text = "label,file,kind\nstreet,f.jpg,not-a-uav\norlan-10,c.jpg\n"
    (tmp_path / "index.csv").write_text(text, encoding="utf-8-sig")
    assert [photo.label for photo in read_data(tmp_path)] == ["not-a-uav", "orlan-10"]


def test_known_types_no_uav_and_other_uavs_are_counted_apart(evaluation: Evaluation) -> None:
    figures = evaluation.figures
    known = figures["catalogue"]
    assert (figures["photos"], known["photos"]) == (8, 5)
    assert (figures["not_a_uav"]["photos"], figures["other_uav"]["photos"]) == (2, 1)
    assert known["top1"]["value"] == 0.6
    assert known["top3"]["value"] >= 0.8
    assert known["family"]["value"] == 0.8
    assert known["by_type"]["orlan-10"]["top1"]["value"] == 0.5
    assert known["by_group"]["intact"]["top1"]["value"] == 1
    assert known["without_fragments"]["top1"]["count"] == 4
    assert sum(known["verdicts"].values()) == 5


def test_what_is_stated_of_photos_without_a_uav_is_counted(evaluation: Evaluation) -> None:
    nothing = evaluation.figures["not_a_uav"]
    assert nothing["stated_uav"]["value"] == 0.5
    assert nothing["by_group"]["vehicle"]["stated_uav"]["value"] == 1
    assert nothing["by_group"]["everyday"]["stated_uav"]["value"] == 0
    assert 0.5 < nothing["auroc"]["value"] < 1
    assert evaluation.figures["other_uav"]["auroc"]["count"] == 6


def test_every_interval_holds_its_figure(evaluation: Evaluation) -> None:
    known = evaluation.figures["catalogue"]
    for name in ("macro_f1", "log_loss", "brier", "aurc", "accuracy_at_50", "set_coverage"):
        figure = known[name]
        assert figure["low"] <= figure["value"] <= figure["high"], name
        assert figure["count"] in (4, 7)
    assert 0 <= known["ece"]["value"] <= 1


def test_corruptions_are_judged_at_every_level(
    classifier: Classifier, folder: Path, tmp_path: Path
) -> None:
    """Colours alone survive what hides no colour, and not being put behind something."""
    small = tmp_path / "small" / "orlan-10"
    small.mkdir(parents=True)
    (small / "a.jpg").write_bytes((folder / "c.jpg").read_bytes())
    found = evaluate(classifier, small.parent, corruptions=True).figures["corruptions"]
    assert set(found) == {"jpeg", "blur", "dark", "crop", "rescale", "occlusion"}
    for levels in found.values():
        assert [one["level"] for one in levels] == [1, 2, 3, 4, 5]
    assert [one["top1"]["value"] for one in found["blur"]] == [1] * 5
    assert found["dark"][-1]["top1"]["value"] == 0


def test_a_photo_as_small_as_may_be_is_judged_under_every_corruption(
    classifier: Classifier, tmp_path: Path
) -> None:
    (tmp_path / "orlan-10").mkdir()
    Image.new("RGB", (32, 48), "lime").save(tmp_path / "orlan-10" / "a.png")
    found = evaluate(classifier, tmp_path, corruptions=True).figures["corruptions"]
    assert [one["top1"] for one in found["crop"]] == [found["crop"][0]["top1"]] * 5
    assert found["crop"][0]["top1"]["value"] == 1


class Reader(HTMLParser):
    """Everything that a page would load, and how its tags nest."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_report_stands_alone_and_shows_the_worst_mistakes(
    evaluation: Evaluation, classifier: Classifier
) -> None:
    html = page(evaluation, classifier)
    reader = Reader()
    reader.feed(html)
    assert reader.tags.count("svg") >= 6
    assert not {"script", "link", "iframe"} & set(reader.tags)
    assert reader.loaded and all(one.startswith("data:image/jpeg") for one in reader.loaded)
    assert not re.search(r"url\(|@import|https?://", html)
    assert "nan" not in re.findall(r'(?:x|y|points|width|height)="([^"]*)"', html)
    assert html.count("<figcaption><strong>") == 4
    assert "d.jpg" in html and "ghost-9" in html and "a.jpg" not in html


def test_the_report_shows_a_set_without_any_known_type(
    classifier: Classifier, photo: MakePhoto, tmp_path: Path
) -> None:
    (tmp_path / "<b>ghost").mkdir()
    (tmp_path / "<b>ghost" / "a.jpg").write_bytes(photo("blue"))
    html = page(evaluate(classifier, tmp_path), classifier)
    assert "<b>ghost" not in html and "&lt;b&gt;ghost" in html


def test_labels_that_are_no_class_are_named_with_their_photos(
    classifier: Classifier, photo: MakePhoto, tmp_path: Path
) -> None:
    for name in ("Orlan-10/a.jpg", "Orlam-10/b.jpg", "Orlam-10/c.jpg", "ghost-9/d.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photo("green"))
    evaluation = evaluate(classifier, tmp_path)
    assert evaluation.figures["catalogue"]["top1"]["count"] == 1
    assert evaluation.figures["other_uav"]["labels"] == {"Orlam-10": 2, "ghost-9": 1}
    assert "count as other UAVs: Orlam-10 (2), ghost-9 (1)." in page(evaluation, classifier)


def test_what_is_taken_for_what_is_listed(evaluation: Evaluation, classifier: Classifier) -> None:
    assert set(confusions(evaluation.judged, classifier)) == {
        ("orlan-10", "dji-phantom", 1),
        ("shahed-131", "shahed-136", 1),
        ("not-a-uav", "shahed-136", 1),
    }


def test_the_command_writes_figures_and_page(
    wreckid: Wreckid, release: Release, folder: Path, evaluation: Evaluation, tmp_path: Path
) -> None:
    done = wreckid("evaluate", release.folder, folder, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert f"Report: {tmp_path / 'out/report.html'}" in done.out
    written: dict[str, Any] = json.loads((tmp_path / "out/figures.json").read_text())
    assert written == evaluation.figures
    assert (tmp_path / "out/report.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("a", r"a\.jpg cannot be read"),
        ("ac", r"a\.jpg, [^ ]+c\.jpg cannot be read"),
        ("acdefgh", r"(, [^ ]+\.jpg){4} and 2 more cannot be read"),
    ],
)
def test_photos_that_cannot_be_read_are_told_at_once(
    classifier: Classifier, photo: MakePhoto, tmp_path: Path, broken: str, told: str
) -> None:
    (tmp_path / "orlan-10").mkdir()
    (tmp_path / "orlan-10" / "b.jpg").write_bytes(photo("green"))
    for name in broken:
        (tmp_path / "orlan-10" / f"{name}.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=told) as refusal:
        evaluate(classifier, tmp_path)
    assert str(refusal.value).count(".jpg") == min(len(broken), 5)
