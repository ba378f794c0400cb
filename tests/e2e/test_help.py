"""No verb goes undocumented."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

import wreckid.model
from wreckid.datasets.priors import priors
from wreckid.serving.cli import app

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
README = Path(wreckid.model.__file__).parent.parent / "README.md"
every_verb = pytest.mark.parametrize("verb", sorted(COMMANDS))


def test_the_verbs_of_the_plan_are_there() -> None:
    serving = {"classify", "batch", "serve", "types"}
    assert serving | {"render", "train", "release", "evaluate"} <= set(COMMANDS)


@every_verb
def test_the_list_of_verbs_has_a_sentence_for_each(wreckid: Wreckid, verb: str) -> None:
    done = wreckid("--help")
    assert done.code == 0
    assert re.search(rf"^\W*{verb} +[A-Z][^.]+\.", done.out, re.MULTILINE)


@every_verb
def test_every_verb_explains_itself(wreckid: Wreckid, verb: str) -> None:
    done = wreckid(verb, "--help")
    assert done.code == 0
    assert re.search(rf"Usage: \S+ {verb} ", done.out)
    assert re.search(r"^ [A-Z].*\.\s*$", done.out, re.MULTILINE)


@every_verb
def test_every_option_says_what_it_is_for(verb: str) -> None:
    options = [one for one in COMMANDS[verb].params if one.param_type_name == "option"]
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("group", ["photos", "release", "types"])
def test_verbs_of_a_group_explain_themselves(wreckid: Wreckid, group: str) -> None:
    for verb, command in COMMANDS[group].commands.items():
        done = wreckid(group, verb, "--help")
        assert done.code == 0
        assert re.search(r"^ [A-Z].*\.\s*$", done.out, re.MULTILINE)
        options = [one for one in command.params if one.param_type_name == "option"]
        assert [one.name for one in options if not one.help] == []


def test_the_help_of_releases_and_photos_names_all_that_they_do(wreckid: Wreckid) -> None:
    assert "wreckid release RUN" in wreckid("release", "--help").out
    assert "decided items" in wreckid("--help").out


def test_the_help_names_every_prior() -> None:
    prior = next(one for one in COMMANDS["classify"].params if one.name == "prior")
    assert [one for one in priors() if one not in prior.help] == []


@every_verb
def test_options_that_may_be_repeated_say_so(verb: str) -> None:
    options = [one for one in COMMANDS[verb].params if one.param_type_name == "option"]
    assert [one.name for one in options if one.multiple and "repeatable" not in one.help] == []


@pytest.mark.parametrize(
    ("verb", "told"),
    [("verify", "without it no photo is checked"), ("replay", "by default where they lay")],
)
def test_the_help_says_what_happens_without_the_photos_of_a_run(verb: str, told: str) -> None:
    evidence = next(one for one in COMMANDS[verb].params if one.name == "evidence")
    assert told in evidence.help


@every_verb
def test_the_readme_mentions_every_verb(verb: str) -> None:
    assert f"wreckid {verb}" in README.read_text(encoding="utf-8")
