"""Words on the wreck, and parts identified by hand, against the catalogue's words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from anyascii import anyascii
from rapidfuzz import fuzz

from wreckid.datasets.catalogue import UavType
from wreckid.model.likelihood import STRONGEST, Likelihood

STEM = float(np.log(20))
"""What a stencil speaks, or a name without its number, in log-odds: `Geran` for `Geran-2`."""
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

GENERIC = frozenset(
    (
        *("cage", "danger", "dron", "drone", "fuel", "gps", "item", "izdelie", "izdeliye", "jet"),
        *("opasno", "product", "rescue", "rtk", "serial", "step", "target", "toplivo", "warning"),
    )
)
"""Words in plain letters that stand on machines of many kinds. Alone or with a number they are no
stencil of a type, no name without its number, and no variant of a name."""

TWINS = str.maketrans("АВЕЁІЇКМНОРСТУХЈЅ", "ABEEIIKMHOPCTYXJS")
"""Cyrillic capitals, and the Latin ones that look the same."""

STENCIL = re.compile(r"\b(?:[A-ZА-ЯЁІЇЄҐ0-9]{3,}|[А-Яа-яЁёІіЇїЄєҐґ]{3,})(?:-\d+)?\b")
"""Words of the catalogue's markings that stand on the wreck as they are written."""


NOTHING_TOLD = (frozenset[str](), frozenset[str]())
"""Names and hints of what is no type."""


class Window(NamedTuple):
    """Words of a text that follow each other, from `first` to before `end`, in plain letters."""

    first: int
    end: int
    spellings: frozenset[str]

    def overlaps(self, other: "Window") -> bool:
        """Whether the two share a word."""
        return self.first < other.end and other.first < self.end

    def within(self, other: "Window") -> bool:
        """Whether the other holds all these words and more."""
        wider = other.end - other.first > self.end - self.first
        return wider and other.first <= self.first and self.end <= other.end


def text_likelihood(text: str, types: Sequence[UavType | None]) -> Likelihood:
    """Words on the wreck under each class: strong, but not absolute, since decals lie.

    They are looked for among names, aliases and stencils, whatever the script and with spelling
    variants. The longest name counts: `Orlan` says nothing within `Orlan-30`, and what names one
    type is no variant of another's name. Words that are no name of a type say nothing against it.
    """
    read = windows(text)
    told = [(names(uav), hints(uav)) if uav else NOTHING_TOLD for uav in types]
    every_name, every_hint = (frozenset[str]().union(*one) for one in zip(*told, strict=True))
    found = [one for one in read if one.spellings & every_name]
    whole = _spelt(one for one in read if not any(map(one.within, found)))
    loose = _spelt(one for one in read if not any(map(one.overlaps, found)))
    read_hints = whole & every_hint
    log = np.array(
        [_match(whole, loose, own, hinted | _begun(read_hints, own)) for own, hinted in told]
    )
    return Likelihood("text", f"text: “{text}”", log, np.zeros(len(types)), neutral=0.0)


def text_likelihoods(texts: Iterable[str], types: Sequence[UavType | None]) -> Iterator[Likelihood]:
    """Words in several places: a name counts once, however often and in whatever script it stands.

    Each says what it adds to those before it; together they say what the strongest says.
    """
    heard = np.zeros(len(types))
    for text in texts:
        one = text_likelihood(text, types)
        louder = np.maximum(heard, one.log)
        yield replace(one, log=louder - heard)
        heard = louder


def part_likelihoods(parts: Iterable[str], types: Sequence[UavType | None]) -> Iterator[Likelihood]:
    """Parts identified by hand: each speaks once for the types that list it."""
    counted: set[tuple[int, str]] = set()
    for part in parts:
        listed = {(at, one) for at, uav in enumerate(types) if uav for one in _listed(part, uav)}
        found = {at for at, _ in listed - counted}
        log = np.array([PART if at in found else 0.0 for at in range(len(types))])
        yield Likelihood("part", f"part: {part}", log, np.zeros(len(types)), neutral=0.0)
        counted |= listed


def plain(text: str) -> str:
    """Small Latin letters and digits only, whatever the script: `Герань-2` is `geran2`."""
    composed = unicodedata.normalize("NFKC", text)
    return re.sub(r"[^a-z0-9]", "", anyascii(composed).casefold())


def spellings(text: str) -> frozenset[str]:
    """A text in plain letters, by sound and by looks: `ВР-2` is `vr2` and `bp2`.

    By looks, a letter of the other script within a word makes no difference.
    """
    return frozenset((plain(text), plain(text.upper().translate(TWINS))))


def names(uav: UavType) -> frozenset[str]:
    """The identifier, names and aliases of a type, in plain letters."""
    alternatives = re.sub(r"\(.*?\)", "", uav.name).split(" / ")
    return _telling((uav.id, *alternatives, *uav.aliases))


def hints(uav: UavType) -> frozenset[str]:
    """The stencils of a type, and its names without their numbers, in plain letters."""
    markings = uav.facts.markings.value if uav.facts.markings else ()
    stencils = [found for marking in markings for found in STENCIL.findall(marking)]
    told = _telling((*stencils, *map(_stem, names(uav))))
    return frozenset(one for one in told - names(uav) if not _generic(one))


@lru_cache(maxsize=1024)
def _telling(written: tuple[str, ...]) -> frozenset[str]:
    """Their spellings that are long enough, but for bare numbers."""
    spelt = frozenset[str]().union(*map(spellings, written))
    return frozenset(one for one in spelt if len(one) >= SHORTEST and not one.isdecimal())


def _generic(word: str) -> bool:
    return re.sub(r"\d", "", word) in GENERIC


def windows(text: str) -> tuple[Window, ...]:
    """Each run of up to `MOST_WORDS` words of a text."""
    words = [word for word in re.findall(r"\w+", text) if plain(word)]
    return tuple(
        Window(first, end, spellings("".join(words[first:end])))
        for first in range(len(words))
        for end in range(first + 1, min(first + MOST_WORDS, len(words)) + 1)
    )


def _spelt(read: Iterable[Window]) -> frozenset[str]:
    return frozenset[str]().union(*(one.spellings for one in read))


def _begun(read_hints: frozenset[str], own: frozenset[str]) -> frozenset[str]:
    """What hints at any type and begins a name of this one, such as its maker's name."""
    return frozenset(hint for hint in read_hints if any(name.startswith(hint) for name in own))


def _match(
    whole: frozenset[str], loose: frozenset[str], own: frozenset[str], hinted: frozenset[str]
) -> float:
    """The strongest match of any words in the text with a type.

    Args:
        whole: words that are no part of a longer name.
        loose: words that are no part of any name; these alone may be spelling variants.
        own: names of the type.
        hinted: what hints at it.
    """
    known = ((own, STRONGEST), (hinted, STEM))
    exact = [speaks for wanted, speaks in known if whole & wanted]
    variants = [speaks / 2 for wanted, speaks in known if _similar(loose, wanted)]
    return max((*exact, *variants), default=0.0)


def _stem(name: str) -> str:
    stem = re.sub(r"\d+[a-z]?$", "", name)
    return stem if len(stem) > SHORTEST else name


def _similar(read: frozenset[str], wanted: frozenset[str]) -> bool:
    long = [name for name in wanted if len(name) >= LONG_ENOUGH]
    telling = [one for one in read if not _generic(one)]
    return any(fuzz.ratio(one, name) >= SIMILAR for one in telling for name in long)


def _listed(part: str, uav: UavType) -> Iterator[str]:
    """The parts that a type lists and the words mean."""
    parts = uav.facts.surviving_parts.value if uav.facts.surviving_parts else ()
    for listed in parts:
        if fuzz.token_set_ratio(part.casefold(), listed.casefold()) >= SAME_PART:
            yield listed
