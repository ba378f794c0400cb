"""Words on the wreck, and parts identified by hand, against the catalogue's words."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from anyascii import anyascii
from rapidfuzz import fuzz

from wreckid.datasets.catalogue import UavType
from wreckid.model.likelihood import STRONGEST, Likelihood

STEM = float(np.log(20))
"""What a name without its number speaks, in log-odds: `Geran` for `Geran-2`."""
PART = float(np.log(5))
"""What a part identified by hand speaks, in log-odds: parts are shared between types."""
SIMILAR = 85
"""Similarity, of 100, at which a word is a spelling variant of a name."""
SAME_PART = 85
"""Similarity, of 100, at which words mean a part of the catalogue."""
SHORTEST = 3
"""Fewest letters of a name that is looked for."""
LONG_ENOUGH = 6
"""Fewest letters of a name of which spelling variants are looked for."""
MOST_WORDS = 4
"""Words that a name may be spread over."""

STENCIL = re.compile(r"\b(?:[A-ZА-ЯЁІЇЄҐ0-9]{3,}|[А-Яа-яЁёІіЇїЄєҐґ]{3,})(?:-\d+)?\b")
"""Words of the catalogue's markings that stand on the wreck as they are written."""


def text_likelihood(text: str, types: Sequence[UavType | None]) -> Likelihood:
    """Words on the wreck under each class: strong, but not absolute, since decals lie.

    They are looked for among names, aliases and stencils, whatever the script and with spelling
    variants. Words that are no name of a type say nothing against it.
    """
    log = np.array([_match(text, uav) if uav else 0.0 for uav in types])
    return Likelihood("text", f"text: “{text}”", log, np.zeros(len(types)), neutral=0.0)


def part_likelihood(part: str, types: Sequence[UavType | None]) -> Likelihood:
    """A part identified by hand under each class: some speak for the types that list it."""
    found = [uav is not None and _lists(part, uav) for uav in types]
    log = np.where(found, PART, 0.0)
    return Likelihood("part", f"part: {part}", log, np.zeros(len(types)), neutral=0.0)


def plain(text: str) -> str:
    """Small Latin letters and digits only, whatever the script: `Герань-2` is `geran2`."""
    composed = unicodedata.normalize("NFKC", text)
    return re.sub(r"[^a-z0-9]", "", anyascii(composed).casefold())


def names(uav: UavType) -> frozenset[str]:
    """The names, aliases and stencils of a type, in plain letters."""
    markings = uav.facts.markings.value if uav.facts.markings else ()
    stencils = [found for marking in markings for found in STENCIL.findall(marking)]
    written = [*re.split(r"[/()]", uav.name), *uav.aliases, *stencils]
    return _plain_names(tuple(written))


@lru_cache(maxsize=1024)
def _plain_names(written: tuple[str, ...]) -> frozenset[str]:
    return frozenset(one for one in map(plain, written) if len(one) >= SHORTEST)


def _match(text: str, uav: UavType) -> float:
    """The strongest match of any words in the text with any name of the type."""
    read, written = windows(text), names(uav)
    stems = frozenset(_stem(name) for name in written if _stem(name) != name)
    return max(_strength(read, written - stems, STRONGEST), _strength(read, stems, STEM))


def windows(text: str) -> frozenset[str]:
    """Each run of up to `MOST_WORDS` words of a text, in plain letters."""
    words = [word for word in map(plain, re.findall(r"\w+", text)) if word]
    return frozenset(
        "".join(words[start : start + count])
        for start in range(len(words))
        for count in range(1, MOST_WORDS + 1)
    )


def _stem(name: str) -> str:
    stem = re.sub(r"\d+[a-z]?$", "", name)
    return stem if len(stem) > SHORTEST else name


def _strength(read: frozenset[str], wanted: frozenset[str], exact: float) -> float:
    """`exact` for a name itself, half of it for a spelling variant."""
    if read & wanted:
        return exact
    long = [name for name in wanted if len(name) >= LONG_ENOUGH]
    similar = any(fuzz.ratio(one, name) >= SIMILAR for one in read for name in long)
    return exact / 2 if similar else 0.0


def _lists(part: str, uav: UavType) -> bool:
    parts = uav.facts.surviving_parts.value if uav.facts.surviving_parts else ()
    return any(
        fuzz.token_set_ratio(part.casefold(), listed.casefold()) >= SAME_PART for listed in parts
    )
