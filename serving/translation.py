"""The page in one language: messages of templates, and sentences that were made in English.

Results, refusals and stored items hold English sentences, which are contracts. A page knows them
by their wording, with places for what differs, and says them in its language.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

import polib
from jinja2 import Environment
from markupsafe import Markup, escape

from wreckid.serving.sentences import SAID, sentences

LANGUAGES: Mapping[str, str] = {
    "en": "English",
    "ru": "Русский",
    "kk": "Қазақша",
    "uk": "Українська",
}
"""The languages of the page by ISO 639 code, each under its own name."""
ENGLISH = "en"
LOCALE = Path(__file__).with_name("locale")
PLACE = re.compile(r"\{(\w+)\}")
LONGEST = 600
"""Characters of the longest sentence that is looked for: longer ones only cost time."""
WORD = re.compile(r"[A-Za-z]{2}")


class Translation:
    """What there is to say in one language; whatever is not translated stays English."""

    def __init__(self, language: str, messages: NullTranslations, known: Iterable[str]) -> None:
        """Make ready to speak.

        Args:
            language: its code.
            messages: by the English message.
            known: sentences that are made elsewhere, with `{places}` for what differs.
        """
        said = {sentence: messages.gettext(sentence) for sentence in known}
        self.language = language
        self._messages = messages
        self._plain = {known: told for known, told in said.items() if not PLACE.search(known)}
        self._shaped = [
            (_shape(known), told) for known, told in _closest_first(said) if PLACE.search(known)
        ]

    def say(self, sentence: str) -> str:
        """A sentence that was made in English, in this language."""
        if sentence in self._plain or len(sentence) > LONGEST:
            return self._plain.get(sentence, sentence)
        for shape, told in self._shaped:
            if found := shape.fullmatch(sentence):
                return self._filled(told, found.groupdict())
        return sentence

    def tell(self, words: str) -> Markup:
        """Words of the catalogue, one after the other; what stays English is marked as such."""
        return Markup("; ").join(self._told(word) for word in words.split("; "))

    def teach(self, templates: Environment) -> None:
        """Let templates speak this language; markup in a message is shown, not obeyed."""
        templates.add_extension("jinja2.ext.i18n")
        templates.install_gettext_callables(  # type: ignore[attr-defined]
            lambda message: escape(self._messages.gettext(message)),
            lambda one, many, count: escape(self._messages.ngettext(one, many, count)),
            newstyle=True,
        )
        templates.filters |= {"say": self.say, "tell": self.tell}
        templates.globals["language"] = self.language

    def _filled(self, told: str, values: dict[str, str]) -> str:
        """A sentence with its values; of those only words of the house are said, too."""

        def value(place: re.Match[str]) -> str:
            name = place[1]
            found = values.get(name, place[0])
            return self.say(found) if name in SAID else found

        return PLACE.sub(value, told)

    def _told(self, word: str) -> Markup:
        said = self.say(word)
        if said != word or self.language == ENGLISH or not WORD.search(word):
            return escape(said)
        return Markup('<span lang="en">{}</span>').format(word)


@cache
def translation(language: str) -> Translation:
    """The page in one of `LANGUAGES`."""
    if language == ENGLISH:
        return Translation(ENGLISH, NullTranslations(), ())
    messages = polib.pofile(str(message_file(language)))
    return Translation(language, GNUTranslations(BytesIO(messages.to_binary())), sentences())


def message_file(language: str) -> Path:
    """Where the messages of a language are."""
    return LOCALE / language / "LC_MESSAGES" / "wreckid.po"


def _shape(sentence: str) -> re.Pattern[str]:
    """What a sentence looks like, whatever stands in its places."""
    steps = PLACE.split(sentence)
    shape = "".join(
        f"(?P<{step}>.+?)" if number % 2 else re.escape(step) for number, step in enumerate(steps)
    )
    return re.compile(shape, re.DOTALL)


def _closest_first(said: dict[str, str]) -> list[tuple[str, str]]:
    """Sentences with more words of their own come before those with fewer."""
    return sorted(said.items(), key=lambda pair: -len(PLACE.sub("", pair[0])))
