"""A checked set as one page to look through; it loads nothing."""

from collections import Counter
from pathlib import Path

from markupsafe import Markup

from wreckid.datasets.catalogue import Catalogue
from wreckid.serving.report import TEMPLATES
from wreckid.serving.templates import templates
from wreckid.training.photos.check import Checked
from wreckid.training.photos.findings import HEADINGS, MISTAKES

PAGE = "check.html"


def write_page(place: Path, checked: Checked, catalogue: Catalogue) -> Path:
    """Write the page of a set into its folder: what may be wrong first, then every photo."""
    labels = Counter(row.label for row in checked.rows)
    page = (
        templates(Path(__file__).parent, catalogue)
        .get_template(PAGE)
        .render(
            style=Markup((TEMPLATES / "report.css").read_text(encoding="utf-8")),
            checked=checked,
            by_kind={
                kind: [one for one in checked.findings if one.kind == kind] for kind in HEADINGS
            },
            by_label={
                label: [row for row in checked.rows if row.label == label]
                for label, _ in labels.most_common()
            },
            thumbnails={row.file: seen.thumbnail for row, seen in checked.sights.items()},
            headings=HEADINGS,
            mistakes=MISTAKES,
        )
    )
    (place / PAGE).write_text(page, encoding="utf-8")
    return place / PAGE
