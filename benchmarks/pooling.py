"""How far several views of one wreck are independent witnesses: `pooling.py SET [--release DIR]`.

For each correlation between the errors of two photos, what the pooled probabilities of four views
are worth on a rendered set that the release has not seen.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.pooling import CORRELATION, pool
from wreckid.model.release import find_release
from wreckid.serving.classifier import Classifier
from wreckid.serving.intake import read_photo
from wreckid.training.gains import VIEWS, Judged, figures, read_wrecks
from wreckid.training.judging.judged import posterior
from wreckid.training.judging.measures import of_types

CORRELATIONS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
Array = npt.NDArray[np.float64]


def witnesses(classifier: Classifier, place: Path) -> list[tuple[int, Array]]:
    """For each wreck with enough views its class, and what each view says, float[VIEWS, C]."""
    classes = classifier.manifest.classes
    found = []
    for wreck in read_wrecks(place):
        views = wreck.views[:VIEWS]
        if len(views) == VIEWS and wreck.label in classes and wreck.label != NOT_A_UAV:
            answers = [classifier.classify([read_photo(view, view.name)]) for view in views]
            rows = [posterior(answer, classes, views[0]) for answer in answers]
            found.append((classes.index(wreck.label), np.stack(rows)))
    return found


def main() -> None:
    """Print a line for each correlation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", type=Path, help="Rendered with --views 4, unseen by the release.")
    parser.add_argument("--release", help="A release's name or folder; the shipped one if unset.")
    asked = parser.parse_args()
    classifier = Classifier(find_release(asked.release), catalogue())
    wrecks, classes = witnesses(classifier, asked.set), classifier.manifest.classes
    table = Table("correlation", "first candidate", "log-loss", "calibration error")
    for correlation in CORRELATIONS:
        pooled = [(label, pool(views, range(VIEWS), correlation)) for label, views in wrecks]
        found = figures([Judged(label, of_types(row, classes)) for label, row in pooled])
        mark = " (used)" if correlation == CORRELATION else ""
        table.add_row(
            f"{correlation}{mark}",
            "{value:.1%} ({low:.1%} to {high:.1%})".format(**found["top1"]),
            f"{found['log_loss']:.3f}",
            f"{found['ece']:.3f}",
        )
    Console().print(f"{len(wrecks)} wrecks, {VIEWS} views each")
    Console().print(table)


if __name__ == "__main__":
    main()
