"""The page: a form, and a result in words, rendered on the server."""

from collections.abc import Sequence
from pathlib import Path

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.evidence import Evidence
from wreckid.serving.classifier import View
from wreckid.serving.comparison import comparison
from wreckid.serving.form import LENGTH_ROWS, choices, measures, units
from wreckid.serving.overlay import show
from wreckid.serving.result import ModelIdentity, Result
from wreckid.serving.templates import templates
from wreckid.serving.tree import tree
from wreckid.serving.words import NOTHING_MOVED

PAGES = Path(__file__).with_name("pages")
STATIC = PAGES / "static"

FLAGS = {
    "small": "few pixels, a weak witness",
    "dark": "dark, a weak witness",
}


class Page:
    """The templates, for one release and the catalogue."""

    def __init__(self, model: ModelIdentity, catalogue: Catalogue, most_photos: int) -> None:
        self._templates = templates(PAGES, catalogue)
        self._templates.globals |= {
            "confusers": [one.name.lower() for one in catalogue.confusers.values()],
            "model": model,
            "most_photos": most_photos,
            "choices": choices(),
            "units": units(),
            "measures": measures(),
            "length_rows": LENGTH_ROWS,
            "nothing_moved": NOTHING_MOVED,
            "parts": _parts(catalogue),
        }
        self._catalogue = catalogue

    def form(self, problem: str = "") -> str:
        """The start page, with what went wrong last time, if anything."""
        return self._templates.get_template("form.html").render(
            problem=problem, evidence=Evidence()
        )

    def result(self, result: Result, views: Sequence[View] = ()) -> str:
        """The result of one item; without views for one whose photos are no longer here."""
        return self._templates.get_template("result.html").render(
            result=result,
            evidence=result.evidence,
            sighting=result.sighting.model_dump_json(),
            photos=show(views),
            tree=tree(result, self._catalogue),
            comparison=comparison(result, self._catalogue),
            flags=FLAGS,
        )


def _parts(catalogue: Catalogue) -> list[str]:
    """Every part that the catalogue lists, to choose from."""
    facts = (uav.facts.surviving_parts for uav in catalogue.types.values())
    return sorted({part for fact in facts if fact for part in fact.value})
