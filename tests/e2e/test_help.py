"""No verb goes undocumented."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

import wreckid.model
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


@every_verb
def test_the_readme_mentions_every_verb(verb: str) -> None:
    assert f"wreckid {verb}" in README.read_text(encoding="utf-8")
