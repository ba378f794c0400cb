"""An evaluation as files: its figures as JSON, and one page for people that loads nothing."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from markupsafe import Markup

import wreckid.serving
from wreckid.datasets.catalogue import NOT_A_UAV, Catalogue
from wreckid.serving.classifier import Classifier
from wreckid.serving.report import LEVELS
from wreckid.serving.templates import templates
from wreckid.serving.words import headline, name_of
from wreckid.training.data import read_picture
from wreckid.training.judging import plots
from wreckid.training.judging.figures import Evaluation, Figures, of_a_uav, outside, tabled
from wreckid.training.judging.judged import Judged

FIGURES = "figures.json"
PAGE = "report.html"
MOST_MISTAKES = 24
MOST_CONFUSIONS = 20
THUMBNAIL = 224
"""Longest side in pixels."""

HERE = Path(__file__).parent
HOUSE_STYLE = Path(wreckid.serving.__file__).parent / "pages" / "report" / "report.css"


@dataclass(frozen=True)
class Mistake:
    """A photo with a wrong answer, as the page shows it."""

    picture: str
    name: str
    truth: str
    guess: str
    confidence: float
    said: str


def write_evaluation(folder: Path, evaluation: Evaluation, classifier: Classifier) -> Path:
    """Write figures and page; the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(evaluation.figures, indent=1, ensure_ascii=False)
    (folder / FIGURES).write_text(text + "\n", encoding="utf-8")
    (folder / PAGE).write_text(page(evaluation, classifier), encoding="utf-8")
    return folder / PAGE


def page(evaluation: Evaluation, classifier: Classifier) -> str:
    """The report as one HTML page."""
    environment = templates(HERE, classifier.catalogue)
    style = HOUSE_STYLE.read_text(encoding="utf-8") + (HERE / "report.css").read_text("utf-8")
    return environment.get_template("report.html").render(
        style=Markup(style),
        model=classifier.identity,
        figures=evaluation.figures,
        level_words=LEVELS,
        plots=dict(_plots(evaluation, classifier)),
        confusions=confusions(evaluation.judged, classifier),
        mistakes=list(_mistakes(evaluation.judged, classifier)),
    )


def confusions(judged: Sequence[Judged], classifier: Classifier) -> list[tuple[str, str, int]]:
    """What was taken for what by the first candidate, and how often, the most frequent first."""
    pairs = Counter(
        (one.photo.label, _leader(one, classifier)) for one in _of_classes(judged, classifier)
    )
    wrong = [(label, guess, count) for (label, guess), count in pairs.items() if label != guess]
    return sorted(wrong, key=lambda one: (-one[2], one))[:MOST_CONFUSIONS]


def _plots(evaluation: Evaluation, classifier: Classifier) -> Iterator[tuple[str, Markup]]:
    figures, catalogue = evaluation.figures, classifier.catalogue
    known = figures["catalogue"]
    yield "verdicts", plots.verdicts(_verdict_rows(figures), list(LEVELS))
    table = tabled(_of_classes(evaluation.judged, classifier), classifier)
    if len(table.labels):
        yield "reliability", plots.reliability(table.confidence, table.right)
        yield "coverage", plots.coverage(table.confidence, table.right)
    if known["by_type"]:
        yield "by_type", plots.shares(_by_share(known["by_type"], catalogue))
        yield "by_group", plots.shares([(n or "unstated", f) for n, f in known["by_group"].items()])
    yield from _roc_plots(evaluation.judged, classifier)
    if known["top1"]["count"]:
        for kind, levels in figures.get("corruptions", {}).items():
            yield f"harm {kind}", plots.harms(levels, known)


def _roc_plots(judged: Sequence[Judged], classifier: Classifier) -> Iterator[tuple[str, Markup]]:
    types = set(classifier.manifest.classes) - {NOT_A_UAV}
    known = [one for one in judged if one.photo.label in types]
    nothing = [one for one in judged if one.photo.label == NOT_A_UAV]
    others = [one for one in judged if one.photo.label not in types | {NOT_A_UAV}]
    if known and nothing:
        inside, out = ([1 - of_a_uav(one, classifier) for one in part] for part in (known, nothing))
        yield "roc no UAV", plots.roc(np.array(inside), np.array(out))
    if known and others:
        inside, out = ([outside(one) for one in part] for part in (known, others))
        yield "roc other UAVs", plots.roc(np.array(inside), np.array(out))


def _verdict_rows(figures: Figures) -> list[tuple[str, dict[str, int]]]:
    names = {"catalogue": "a known type", "other_uav": "another UAV", "not_a_uav": "no UAV"}
    return [(words, figures[name]["verdicts"]) for name, words in names.items()]


def _by_share(figures: Figures, catalogue: Catalogue) -> list[tuple[str, Figures]]:
    rows = [(name_of(type_, catalogue), one) for type_, one in figures.items()]
    return sorted(rows, key=lambda row: (-row[1]["top1"]["value"], -row[1]["top3"]["value"]))


def _of_classes(judged: Sequence[Judged], classifier: Classifier) -> list[Judged]:
    return [one for one in judged if one.photo.label in classifier.manifest.classes]


def _leader(one: Judged, classifier: Classifier) -> str:
    return classifier.manifest.classes[int(one.posterior.argmax())]


def _mistakes(judged: Sequence[Judged], classifier: Classifier) -> Iterator[Mistake]:
    """The surest wrong answers, other UAVs that are taken for a type among them."""
    wrong = [one for one in judged if _leader(one, classifier) != one.photo.label]
    wrong.sort(key=lambda one: -one.posterior.max())
    for one in wrong[:MOST_MISTAKES]:
        yield Mistake(
            _thumbnail(one.photo.file),
            one.photo.file.name,
            _named(one.photo.label, classifier.catalogue),
            name_of(_leader(one, classifier), classifier.catalogue),
            float(one.posterior.max()),
            headline(one.result.verdict, classifier.catalogue),
        )


def _named(label: str, catalogue: Catalogue) -> str:
    known = label in catalogue.types or label == NOT_A_UAV
    return name_of(label, catalogue) if known else label


def _thumbnail(file: Path) -> str:
    image = read_picture(file, THUMBNAIL).image
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    data = BytesIO()
    image.save(data, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{b64encode(data.getvalue()).decode()}"
