"""The page: a form, and a result in words, rendered on the server."""

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.verdict import percent
from wreckid.serving.classifier import Examination
from wreckid.serving.overlay import show
from wreckid.serving.result import LEAD, SAFETY, ModelIdentity
from wreckid.serving.words import headline, name_of

PAGES = Path(__file__).with_name("pages")
STATIC = PAGES / "static"

FLAGS = {
    "small": "few pixels, a weak witness",
    "dark": "dark, a weak witness",
}


class Page:
    """The templates, for one release and the catalogue."""

    def __init__(self, model: ModelIdentity, catalogue: Catalogue, most_photos: int) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(PAGES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "percent": percent,
            "name_of": partial(name_of, catalogue=catalogue),
            "headline": partial(headline, catalogue=catalogue),
        }
        self._templates.globals |= {
            "confusers": [one.name.lower() for one in catalogue.confusers.values()],
            "safety": SAFETY,
            "lead": LEAD,
            "model": model,
            "most_photos": most_photos,
        }

    def form(self, problem: str = "") -> str:
        """The start page, with what went wrong last time, if anything."""
        return self._templates.get_template("form.html").render(problem=problem)

    def result(self, examination: Examination) -> str:
        """The result of one item."""
        return self._templates.get_template("result.html").render(
            result=examination.result,
            photos=show(examination.views),
            flags=FLAGS,
        )
