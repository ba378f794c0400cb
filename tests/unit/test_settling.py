import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import UavType, catalogue
from wreckid.model.evidence import Evidence, read_evidence
from wreckid.model.settling import DIMENSIONS, settle
from wreckid.model.weighing import weigh

TYPES = (catalogue().types["orlan-10"], catalogue().types["orlan-30"], None)


def test_the_span_is_asked_with_the_values_that_tell_them_apart() -> None:
    questions = {one.fact: one for one in settle([0.5, 0.4, 0.1], TYPES, Evidence())}
    answers = [(one.value, one.types) for one in questions["wingspan_m"].answers]
    assert answers == [("3.1 m", ("orlan-10",)), ("3.9 m", ("orlan-30",))]


def test_what_is_the_same_for_all_leaders_is_not_asked() -> None:
    asked = {one.fact for one in settle([0.5, 0.4, 0.1], TYPES, Evidence())}
    assert asked <= {
        name
        for name, fact in TYPES[0].facts.known().items()
        if getattr(TYPES[1].facts, name).value != fact.value
    }


EVERY = tuple(catalogue().types.values())


@given(st.lists(st.sampled_from(EVERY), min_size=2, max_size=4, unique_by=lambda uav: uav.id))
def test_each_answer_raises_its_types_over_those_of_every_other(leaders: list[UavType]) -> None:
    shares = np.full(len(leaders), 1 / len(leaders))
    for question in settle(shares.tolist(), leaders, Evidence()):
        for answer in question.answers:
            number = re.match(r"[\d.]+", answer.value)
            given = (
                {"lengths": [f"{DIMENSIONS[question.fact]}={number[0]} m ±5%"]}
                if number and question.fact in DIMENSIONS
                else {question.fact: number[0] if number else answer.value}
            )
            moved = weigh(shares, leaders, read_evidence(given)).log_odds
            told = {uav.id: log for uav, log in zip(leaders, moved, strict=True)}
            own = max(told[name] for name in answer.types)
            assert all(
                own > told[name]
                for other in question.answers
                if other is not answer
                for name in other.types
            )


def test_what_was_measured_is_not_asked_again() -> None:
    evidence = read_evidence({"lengths": ["wingspan=3.1 m"]})
    asked = [one.fact for one in settle([0.5, 0.4, 0.1], TYPES, evidence)]
    assert "wingspan_m" not in asked and "length_m" in asked


def test_a_lone_leader_needs_nothing_settled() -> None:
    assert settle([0.96, 0.01, 0.03], TYPES, Evidence()) == ()


def test_the_more_telling_question_comes_first() -> None:
    questions = settle([0.5, 0.4, 0.1], TYPES, Evidence())
    gains = [one.gain for one in questions]
    assert gains == sorted(gains, reverse=True)
