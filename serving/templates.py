"""The house's way with HTML templates: escaped, strict, with the same words everywhere."""

from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.verdict import percent
from wreckid.serving.result import LEAD, SAFETY
from wreckid.serving.words import headline, name_of


def templates(folder: Path, catalogue: Catalogue) -> Environment:
    """The templates of a folder, with filters for names, headlines and percentages."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "name_of": partial(name_of, catalogue=catalogue),
        "headline": partial(headline, catalogue=catalogue),
    }
    environment.globals |= {"safety": SAFETY, "lead": LEAD}
    return environment
