import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import NOT_A_UAV
from wreckid.model.verdict import Grounds, Label, Thresholds, decide, percent

LABELS = (
    Label("shahed-136", "Shahed-136", "delta-pusher", "Delta"),
    Label("shahed-131", "Shahed-131", "delta-pusher", "Delta"),
    Label("orlan-10", "Orlan-10", "conventional-tractor", "Straight wing"),
    Label(NOT_A_UAV, "Not a UAV", NOT_A_UAV, "Not a UAV"),
)
THRESHOLDS = Thresholds(type=0.6, family=0.7, uav=0.8, not_a_uav=0.5)


@pytest.mark.parametrize(
    ("probabilities", "outside", "level", "identifier", "rule"),
    [
        ([0.7, 0.1, 0.1, 0.1], False, "type", "shahed-136", "type-reached"),
        ([0.4, 0.35, 0.15, 0.1], False, "family", "delta-pusher", "family-reached"),
        ([0.4, 0.2, 0.3, 0.1], False, "uav", None, "uav-reached"),
        ([0.7, 0.1, 0.1, 0.1], True, "uav", None, "uav-out-of-catalogue"),
        ([0.2, 0.1, 0.1, 0.6], False, "not-a-uav", NOT_A_UAV, "not-a-uav-reached"),
        ([0.2, 0.1, 0.1, 0.6], True, "not-a-uav", NOT_A_UAV, "not-a-uav-reached"),
        ([0.3, 0.1, 0.2, 0.4], False, "insufficient", None, "nothing-reached"),
        ([0.6, 0.2, 0.1, 0.1], False, "type", "shahed-136", "type-reached"),
    ],
)
def test_the_verdict_says_the_most_that_is_allowed(
    probabilities: list[float], outside: bool, level: str, identifier: str | None, rule: str
) -> None:
    verdict = decide(probabilities, LABELS, Grounds(outside=outside), THRESHOLDS)
    assert (verdict.level, verdict.id, verdict.rule) == (level, identifier, rule)


def test_the_reason_names_the_leader_and_its_number() -> None:
    verdict = decide([0.7, 0.1, 0.1, 0.1], LABELS, Grounds(), THRESHOLDS)
    assert "Shahed-136" in verdict.reason
    assert "70%" in verdict.reason


@pytest.mark.parametrize(
    ("moved", "begins"),
    [
        ({}, "The photos resemble"),
        ({"shahed-136": 0.05, "orlan-10": 3.0}, "The photos resemble"),
        ({"shahed-136": 0.5}, "Photos and evidence point to"),
        ({"shahed-136": -0.5}, "Against the evidence, the photos resemble"),
    ],
)
def test_the_reason_names_who_points_to_the_type(moved: dict[str, float], begins: str) -> None:
    verdict = decide([0.7, 0.1, 0.1, 0.1], LABELS, Grounds(evidence=True, moved=moved), THRESHOLDS)
    assert verdict.reason.startswith(f"{begins} Shahed-136")


def test_silence_names_the_leading_type_even_where_no_uav_is_likelier() -> None:
    verdict = decide([0.3, 0.1, 0.2, 0.4], LABELS, Grounds(), THRESHOLDS)
    assert "Shahed-136, reaches only 30%; that it is a UAV at all, 60%" in verdict.reason


def test_not_a_uav_is_never_a_type() -> None:
    strict = Thresholds(type=0.3, family=1, uav=1, not_a_uav=1)
    verdict = decide([0.1, 0.1, 0.1, 0.7], LABELS, Grounds(), strict)
    assert verdict.level == "insufficient"


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4), st.booleans())
def test_outside_the_catalogue_no_type_or_family_is_named(
    weights: list[float], outside: bool
) -> None:
    probabilities = [weight / sum(weights) for weight in weights]
    verdict = decide(probabilities, LABELS, Grounds(outside=outside), THRESHOLDS)
    assert verdict.reason.endswith(".")
    if outside:
        assert verdict.level in {"uav", "not-a-uav", "insufficient"}


def test_a_percentage_claims_no_certainty() -> None:
    assert [percent(value) for value in (0.0, 0.004, 0.834, 0.9999, 1.0)] == [
        "<1%",
        "<1%",
        "83%",
        ">99%",
        ">99%",
    ]


@pytest.mark.parametrize(
    ("probabilities", "grounds", "level", "rule"),
    [
        ([0.7, 0.1, 0.1, 0.1], Grounds(photos=False, evidence=True), "type", "type-reached"),
        ([0.4, 0.4, 0.1, 0.1], Grounds(photos=False, evidence=True), "family", "family-reached"),
        (
            [0.3, 0.2, 0.4, 0.1],
            Grounds(photos=False, evidence=True),
            "insufficient",
            "little-evidence",
        ),
        (
            [0.1, 0.1, 0.1, 0.7],
            Grounds(photos=False, evidence=True),
            "insufficient",
            "little-evidence",
        ),
        ([0.1, 0.1, 0.1, 0.7], Grounds(photos=False), "insufficient", "no-usable-photo"),
        (
            [0.7, 0.1, 0.1, 0.1],
            Grounds(evidence=True, unexplained=True),
            "uav",
            "uav-evidence-unexplained",
        ),
        (
            [0.7, 0.1, 0.1, 0.1],
            Grounds(photos=False, evidence=True, unexplained=True),
            "insufficient",
            "evidence-unexplained",
        ),
    ],
)
def test_the_verdict_rests_on_its_grounds(
    probabilities: list[float], grounds: Grounds, level: str, rule: str
) -> None:
    verdict = decide(probabilities, LABELS, grounds, THRESHOLDS)
    assert (verdict.level, verdict.rule) == (level, rule)
    assert verdict.reason.endswith(".")


@given(
    st.lists(st.floats(0.001, 1), min_size=4, max_size=4),
    st.lists(st.floats(0.5, 1), min_size=4, max_size=4),
)
def test_no_statement_is_made_below_its_threshold(
    weights: list[float], thresholds: list[float]
) -> None:
    first, second, third, none = (weight / sum(weights) for weight in weights)
    names = ("type", "family", "uav", "not_a_uav")
    rule = Thresholds(**dict(zip(names, thresholds, strict=True)))
    verdict = decide([first, second, third, none], LABELS, Grounds(), rule)
    stated = {
        "type": max(first, second, third),
        "family": max(first + second, third),
        "uav": 1 - none,
        "not-a-uav": none,
    }
    if verdict.level != "insufficient":
        needed = dict(zip(stated, thresholds, strict=True))[verdict.level]
        assert stated[verdict.level] >= needed - 1e-12
    else:
        assert all(p < t + 1e-12 for p, t in zip(stated.values(), thresholds, strict=True))
