"""The house's way with HTML templates: escaped, strict, with the same words everywhere."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.verdict import percent
from wreckid.serving.result import LEAD, SAFETY
from wreckid.serving.translation import ENGLISH, translation
from wreckid.serving.words import headline, name_of


def templates(folder: Path, catalogue: Catalogue, language: str = ENGLISH) -> Environment:
    """The templates of a folder, with filters for names, headlines and percentages."""
    voice = translation(language)
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": percent,
        "name_of": lambda identifier: voice.say(name_of(identifier, catalogue)),
        "headline": lambda verdict: voice.say(headline(verdict, catalogue)),
    }
    environment.globals |= {"safety": voice.say(SAFETY), "lead": voice.say(LEAD)}
    voice.teach(environment)
    return environment
