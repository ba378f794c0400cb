"""Sentences and words that are made in English outside the templates and shown on the page.

They are the messages that `pybabel extract` finds here. Most are taken from where they are made;
those that are put together there stand here once more, with `{places}` for what differs.
"""

from collections.abc import Iterator
from typing import Any

from wreckid.datasets.catalogue import catalogue
from wreckid.model.forms import ERRORS
from wreckid.model.lengths import MEASURES
from wreckid.model.preprocessing import SENTENCES as FAILURES
from wreckid.model.settling import ASK
from wreckid.model.verdict import NO_USABLE_PHOTO
from wreckid.serving.candidates import NOT_A_UAV_NAME
from wreckid.serving.choices import choices
from wreckid.serving.facts import readable
from wreckid.serving.result import LEAD, SAFETY
from wreckid.serving.tree import A_UAV_NAME
from wreckid.serving.weigher import DISAGREE, UNEXPLAINED
from wreckid.serving.words import (
    CREDENTIALS,
    FAR,
    FLAGS,
    HEADLINES,
    LOWERS,
    NOTHING_MOVED,
    RAISES,
    STATEMENTS,
    STEPS,
)

SAID = {"name", "family", "seen", "observed", "measures", "problem", "contradiction"}
"""Places that hold words of the house, which are said too; all others hold what is as it is."""

VERDICTS = (
    *(
        f"{witnesses} {{name}} more than any other type, with a confidence of {{percent}}."
        " Check the parts listed before relying on it."
        for witnesses in (
            "The photos resemble",
            "Photos and evidence point to",
            "Against the evidence, the photos resemble",
            "The evidence points to",
        )
    ),
    "No single type is sure enough, but the types of the family “{family}” together reach"
    " {percent}.",
    "The object is probably a UAV ({percent}), type unknown: no type or family stands out.",
    "The object is probably a UAV ({percent}), type unknown: it looks like nothing in the"
    " catalogue.",
    "The object is probably a UAV ({percent}), type unknown: no type of the catalogue explains all"
    " of the evidence, so check the measurements.",
    "The photos resemble debris that does not come from a UAV ({percent}).",
    "No type of the catalogue explains all of the evidence, so check the measurements.",
    "No photo could be used, and what was measured or seen fits several types. Photos, a length or"
    " words on the wreck may help.",
    "The leading type, {name}, reaches only {percent}; that it is a UAV at all, {uav}. More"
    " photos, closer and from other sides, may help.",
    NO_USABLE_PHOTO.reason,
)
OBSERVED = (
    *(f"{field.replace('_', ' ')}: {{seen}}" for field in (*ERRORS, "colour")),
    "{length} ± {tolerance} ({measures})",
    "text: “{text}”",
    "part: {part}",
    "prior: {prior}, version {version}",
)
VALUES = (
    "{low} to {high} m",
    "{value} (sources say {low} to {high})",
    "unknown",
)
EVIDENCE_PROBLEMS = (
    "evidence.{field}: {problem}.",
    "evidence: {problem}.",
    "{contradiction}: correct one of them, or leave it unknown",
    "lengths: the fuselage is longer than the whole airframe",
    "lengths: the fragment is longer than the whole wreck",
    "wing none contradicts wing_position",
    "wing none contradicts tip_fins",
    "tail tip fins contradicts tip_fins none",
    "propulsion jet contradicts propeller_blades",
    "{length} is not between 1 cm and 60 m",
    "{measure} is given twice: give the longest",
    "there is no photo {number}",
    "the box of photo {number} has fewer than {least} pixels on a side within the {width} ×"
    " {height} of the upright photo",
)
FORM_PROBLEMS = (
    "name: {problem}.",
    "reason: {problem}.",
    "delete after: {problem}.",
    "Input should be a valid number, unable to parse string as a number",
    "Input should be greater than {limit}",
    "Input should be greater than or equal to {limit}",
    "Input should be less than or equal to {limit}",
    "Field required",
    "String should have at least 1 character",
    "String should have at most {limit} characters",
)
REFUSALS = (
    "Send 1 to {most} photos of one wreck.",
    "Send 1 to {most} photos of one wreck. Each page of a TIFF file is one.",
    "A photo may have {photo} MiB and a request {request} MiB:"
    " keep the originals and send fewer or smaller copies.",
    "Choose at least one photo, or give what was measured or seen.",
    "The photos' result is missing or damaged: examine the photos again.",
    "No such key holds. Ask whoever runs this service for one.",
    "There is no such item, or it was deleted.",
    "An item may have {most} photos: make another item.",
    "A photo was deleted meanwhile: send the photos again.",
    "The item was changed meanwhile: look at it, and try again.",
    "The model's answer was open to you already: decide instead.",
    "This item is worked on blind: give your own answer first.",
    "Choose an archive.",
    "Something went wrong here: tell the operator the id of the job.",
)
STATES = (
    *("open", "decided", "waiting", "running", "done", "failed"),
    *("created", "photos added", "evidence given", "judged", "answered", "retention set"),
)
"""Of items and jobs; what happened to items."""
GROUPS = ("No type", "Families", "Types")


def sentences() -> tuple[str, ...]:
    """All of them, each once."""
    made = (
        *(SAFETY, LEAD, DISAGREE, UNEXPLAINED, A_UAV_NAME, NOT_A_UAV_NAME, NOTHING_MOVED),
        *HEADLINES.values(),
        *STATEMENTS.values(),
        *FLAGS.values(),
        *CREDENTIALS.values(),
        *VERDICTS,
        *ASK.values(),
        *_movements(),
        *OBSERVED,
        *MEASURES.values(),
        *_choices(),
        *_catalogued(),
        *VALUES,
        *EVIDENCE_PROBLEMS,
        *FORM_PROBLEMS,
        *FAILURES.values(),
        *REFUSALS,
        *STATES,
        *GROUPS,
    )
    return tuple(one for one in dict.fromkeys(made) if one != "{name}")


def extract(*_: Any, **__: Any) -> Iterator[tuple[int, None, str, list[str]]]:
    """Give Babel the sentences as messages (its interface for extraction methods)."""
    return ((1, None, sentence, []) for sentence in sentences())


def _movements() -> Iterator[str]:
    """Each way and length that evidence moves a candidate."""
    for words in (*(words for _, words in STEPS), FAR):
        yield from (words.format(way=way, name="{name}") for way in (RAISES, LOWERS))


def _choices() -> Iterator[str]:
    """What the form offers, in words."""
    offered = (value for name, values in choices().items() if name != "prior" for value in values)
    return (value for value in offered if isinstance(value, str))


def _catalogued() -> Iterator[str]:
    """Names of families, of facts and of what is no UAV, and colours."""
    known = catalogue()
    yield from (family.name for family in known.families.values())
    yield from (confuser.name.lower() for confuser in known.confusers.values())
    for uav in known.types.values():
        yield from (fact.name for fact in readable(uav.facts))
        yield from uav.facts.colours.value if uav.facts.colours else ()
