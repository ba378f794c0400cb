"""Message files are whole, and the sentences that the code makes are found in them."""

import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from babel.messages.frontend import CommandLineInterface
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import catalogue
from wreckid.model.evidence import Evidence, EvidenceError, read_evidence
from wreckid.model.settling import settle
from wreckid.model.verdict import Grounds, Thresholds, Verdict, decide
from wreckid.model.weighing import unseen, weigh
from wreckid.serving import translation as module
from wreckid.serving.candidates import labels
from wreckid.serving.choices import choices
from wreckid.serving.translation import (
    ENGLISH,
    LANGUAGES,
    PLACE,
    message_file,
    translation,
)
from wreckid.serving.words import headline, movement, statement

ROOM = Path(module.__file__).parent
TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]
TYPES = tuple(catalogue().types.values())
CLASSES = (*catalogue().types, "not-a-uav")
LABELS = labels(CLASSES, catalogue())
NAMES = {label.name for label in LABELS if label.id != "not-a-uav"}
LATIN = re.compile(r"[A-Za-z]{3}")

Places = tuple[set[str], set[str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    """The messages that templates and sentences hold."""
    file = tmp_path_factory.mktemp("messages") / "wreckid.pot"
    mapping = ROOM.parent / "pyproject.toml"
    command = ["pybabel", "-q", "extract", "--mapping", mapping, "--output", file, ROOM]
    CommandLineInterface().run([str(word) for word in command])  # type: ignore[no-untyped-call]
    return polib.pofile(str(file))


def places(text: str) -> Places:
    return set(PLACE.findall(text)), set(re.findall(r"%(?!\(\w+\)s).?|%\(\w+\)s", text))


def told(entry: polib.POEntry) -> Iterator[str]:
    yield from entry.msgstr_plural.values() if entry.msgid_plural else (entry.msgstr,)


@pytest.mark.parametrize("language", TRANSLATED)
def test_each_language_has_every_message_and_no_other(language: str, found: polib.POFile) -> None:
    messages = polib.pofile(str(message_file(language)))
    assert len(found) > 300
    assert {one.msgid for one in messages} == {one.msgid for one in found}
    assert not messages.fuzzy_entries() and not messages.obsolete_entries()
    assert messages.metadata["Language"] == language
    assert [one.msgid for one in messages if not all(text.strip() for text in told(one))] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_places_of_their_message_and_no_markup(language: str) -> None:
    for entry in polib.pofile(str(message_file(language))):
        for text in told(entry):
            assert places(text) == places(entry.msgid_plural or entry.msgid), entry.msgid
            assert not set("<>&") & set(text), entry.msgid
            assert text[0].isspace() == entry.msgid[0].isspace(), entry.msgid


def is_said(sentence: str, *kept: str) -> bool:
    """Whether a sentence is said in each language, with what is kept and without other Latin."""
    for language in TRANSLATED:
        said = translation(language).say(sentence)
        if any(one not in said for one in kept):
            return False
        for one in sorted((*kept, *NAMES), key=len, reverse=True):
            said = said.replace(one, "")
        if said == sentence or LATIN.search(said):
            return False
    return True


@given(
    st.lists(st.floats(0.001, 1), min_size=len(CLASSES), max_size=len(CLASSES)),
    st.builds(Grounds, st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    st.builds(Thresholds, **{name: st.floats(0, 1) for name in Thresholds.model_fields}),
)
def test_every_verdict_is_said(weights: list[float], grounds: Grounds, limits: Thresholds) -> None:
    shares = [weight**6 for weight in weights]
    verdict = decide([one / sum(shares) for one in shares], LABELS, grounds, limits)
    assert is_said(verdict.reason, *re.findall(r"[<>]?\d+%", verdict.reason))
    assert is_said(headline(verdict, catalogue()))
    if verdict.level != "type":
        assert is_said(statement(verdict, catalogue()))


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("unexplained", [False, True])
def test_a_sure_verdict_of_each_level_is_said(outside: bool, unexplained: bool) -> None:
    grounds = Grounds(True, True, outside, unexplained)
    limits = Thresholds(type=0.5, family=0.5, uav=0.5, not_a_uav=0.5)
    leads = [[0.99 if at == one else 0.01 / len(CLASSES) for at in CLASSES] for one in CLASSES]
    verdicts = [decide(lead, LABELS, grounds, limits) for lead in leads]
    assert {one.level for one in verdicts} > {"not-a-uav"}
    assert all(is_said(one.reason) and is_said(headline(one, catalogue())) for one in verdicts)


def test_every_piece_of_evidence_is_said() -> None:
    types = (*TYPES, None)
    fields = {name: values for name, values in choices().items() if name != "prior"}
    given = [{name: value} for name, values in fields.items() for value in values]
    given += [{"lengths": [f"{measure}=3 m ±5%"]} for measure in ("airframe", "fragment")]
    for one in given:
        (piece,) = weigh(unseen(types), types, read_evidence(one)).pieces
        assert is_said(piece.observed), piece.observed
    for field in ("text", "part"):
        (piece,) = weigh(unseen(types), types, read_evidence({field: ["wing: delta"]})).pieces
        assert is_said(piece.observed, "wing: delta")


@given(st.floats(-5, 5))
def test_every_movement_is_said(log_odds: float) -> None:
    assert is_said(movement(log_odds, "Orlan-10"), "Orlan-10")
    assert is_said(movement(log_odds, "Not a UAV"))


@given(st.sets(st.sampled_from(range(len(TYPES))), min_size=2, max_size=4))
def test_every_question_is_said(leaders: set[int]) -> None:
    shares = [1 / len(leaders) if at in leaders else 0.0 for at in range(len(TYPES))]
    for question in settle(shares, TYPES, Evidence()):
        assert is_said(question.ask)
        for answer in question.answers:
            number = re.sub(r"\D", "", answer.value)
            assert number or is_said(answer.value), answer.value


@pytest.mark.parametrize(
    "wrong",
    [
        {"lengths": ["wingspan=3000 m"]},
        {"lengths": ["wingspan=3 m", "wingspan=4 m"]},
        {"lengths": [{"value": "long", "unit": "m"}]},
        {"lengths": [{"value": -1, "unit": "m"}]},
        {"lengths": [{"value": 1, "unit": "m", "tolerance": 0.9}]},
        {"lengths": [{"value": 1, "unit": "m", "tolerance": 0}]},
        {"lengths": ["airframe=2 m ±1%", "fuselage=4 m ±1%"]},
        {"lengths": ["airframe=2 m ±1%", "wingspan=2 m ±1%", "fragment=4 m ±1%"]},
        {"wing": "none", "wing_position": "high"},
        {"wing": "none", "tip_fins": "up"},
        {"tail": "tip fins", "tip_fins": "none"},
        {"propulsion": "jet", "propeller_blades": 2},
        {"text": ["x" * 121]},
    ],
)
def test_every_refusal_of_the_form_is_said(wrong: dict[str, object]) -> None:
    with pytest.raises(EvidenceError) as refused:
        read_evidence(wrong)
    for language in TRANSLATED:
        said = translation(language).say(str(refused.value))
        assert not re.search(r"[a-z]{2} [a-z]{2}", said), said


@given(st.text(max_size=700))
def test_what_is_no_sentence_of_the_house_stays_as_it_is(text: str) -> None:
    assert translation(ENGLISH).say(text) == text
    assert translation("ru").say(f"¤{text}¤") == f"¤{text}¤"


def test_the_closest_sentence_is_said() -> None:
    family = Verdict(level="family", id="multirotor", reason="", rule="family-reached")
    assert headline(family, catalogue()).startswith("Points to the family")
    assert translation("ru").say(headline(family, catalogue())).count("Мультикоптер") == 1
