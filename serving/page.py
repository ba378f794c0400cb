"""The page: a form, and a result in words, rendered on the server."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse

from wreckid.datasets.catalogue import Catalogue
from wreckid.model.evidence import Evidence, Length
from wreckid.model.verdict import Level
from wreckid.serving.choices import choices, measures, units
from wreckid.serving.classifier import View
from wreckid.serving.comparison import comparison
from wreckid.serving.doors.callers import caller_of
from wreckid.serving.form import LENGTH_ROWS
from wreckid.serving.language import language_of, mark
from wreckid.serving.overlay import Shown, show
from wreckid.serving.report import view_box
from wreckid.serving.result import ModelIdentity, Result
from wreckid.serving.settings import Settings
from wreckid.serving.templates import templates
from wreckid.serving.translation import LANGUAGES, translation
from wreckid.serving.tree import tree
from wreckid.serving.words import CREDENTIALS, FLAGS, NOTHING_MOVED, STATEMENTS, statement

PAGES = Path(__file__).with_name("pages")
STATIC = PAGES / "static"
UNTOUCHED = FormData()
"""A form into which nothing was typed."""


class Page:
    """The templates, for one release, the catalogue and the settings of a service."""

    def __init__(self, model: ModelIdentity, catalogue: Catalogue, settings: Settings) -> None:
        self._catalogue = catalogue
        shown = {
            "confusers": [one.name.lower() for one in catalogue.confusers.values()],
            "model": model,
            "settings": settings,
            "choices": choices(),
            "units": units(),
            "measures": measures(),
            "length_rows": LENGTH_ROWS,
            "nothing_moved": NOTHING_MOVED,
            "parts": _parts(catalogue),
            "statements": _statements(catalogue),
            "languages": LANGUAGES,
            "flags": FLAGS,
            "credentials": CREDENTIALS,
        }
        self._templates = {language: self._speaking(language, shown) for language in LANGUAGES}

    def show(self, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template, shown to whoever asks in their language."""
        language = language_of(request)
        template = self._templates[language].get_template(name)
        answer = HTMLResponse(template.render(caller=caller_of(request), **values), status)
        mark(answer, request, language)
        return answer

    def login(
        self, request: Request, following: str, problem: str = "", status: int = 200
    ) -> HTMLResponse:
        """The page that asks for a key, and leads on to where one wanted to go."""
        return self.show(request, "login.html", status, following=following, problem=problem)

    def form(
        self, request: Request, fields: FormData = UNTOUCHED, problem: str = "", status: int = 200
    ) -> HTMLResponse:
        """The start page, with what was typed last time and what was wrong with it, if anything."""
        return self.show(request, "form.html", status, fields=typed(fields), problem=problem)

    def result(
        self,
        request: Request,
        result: Result,
        fields: FormData,
        views: Sequence[View] = (),
        problem: str = "",
    ) -> HTMLResponse:
        """The result of one item.

        Args:
            request: who asks, and in which language.
            result: what to show.
            fields: the form as it was typed.
            views: of its photos; none where they are no longer here.
            problem: why what was typed is not in the result, if it is not.
        """
        parts = self.parts_of(result, show(views))
        status = 422 if problem else 200
        return self.show(
            request, "result.html", status, **parts, fields=typed(fields), problem=problem
        )

    def parts_of(self, result: Result, photos: Sequence[Shown]) -> dict[str, Any]:
        """What the templates show of a result."""
        return {
            "result": result,
            "sighting": result.sighting.model_dump_json(),
            "photos": photos,
            "tree": tree(result, self._catalogue),
            "comparison": comparison(result, self._catalogue),
        }

    def _speaking(self, language: str, shown: Mapping[str, Any]) -> Environment:
        """The templates in one language."""
        voice = translation(language)
        environment = templates(PAGES, self._catalogue, language)
        environment.globals |= shown
        environment.filters |= {
            "moment": _moment,
            "fields": _fields,
            "view_box": view_box,
            "statement": lambda said: voice.say(statement(said, self._catalogue)),
        }
        return environment


def _statements(catalogue: Catalogue) -> dict[str, dict[str, str]]:
    """What a person may say that a wreck is: values of the form and names, by group."""
    coarse: tuple[Level, ...] = ("uav", "not-a-uav", "insufficient")
    types = sorted(catalogue.types.values(), key=lambda uav: uav.name)
    families = sorted(catalogue.families.items(), key=lambda family: family[1].name)
    return {
        "No type": {level: STATEMENTS[level] for level in coarse},
        "Families": {f"family:{name}": family.name for name, family in families},
        "Types": {f"type:{uav.id}": uav.name for uav in types},
    }


def typed(fields: FormData) -> FormData:
    """The words of a form, not its files."""
    return FormData(
        [(name, value) for name, value in fields.multi_items() if isinstance(value, str)]
    )


def _fields(evidence: Evidence) -> FormData:
    """Evidence as the form would hold it."""
    chosen = evidence.model_dump(include=set(choices()), exclude_none=True)
    words = {"text": evidence.text, "part": evidence.part}
    return FormData(
        [
            *((name, str(value)) for name, value in chosen.items()),
            *(pair for one in evidence.lengths for pair in _length(one)),
            *((name, one) for name, several in words.items() for one in several),
        ]
    )


def _length(length: Length) -> Iterator[tuple[str, str]]:
    yield "length_value", f"{length.value:g}"
    yield "length_unit", length.unit
    yield "length_tolerance", f"{100 * length.tolerance:g}"
    yield "length_measures", length.measures


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _parts(catalogue: Catalogue) -> list[str]:
    """Every part that the catalogue lists, to choose from."""
    facts = (uav.facts.surviving_parts for uav in catalogue.types.values())
    return sorted({part for fact in facts if fact for part in fact.value})
