"""The laws of evidence, over the whole catalogue."""

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import Fact, catalogue
from wreckid.datasets.priors import priors
from wreckid.model.evidence import Evidence, Length, Measure, read_evidence
from wreckid.model.forms import ERRORS, UNSOURCED, form_likelihood
from wreckid.model.lengths import dimension, length_likelihood
from wreckid.model.pooling import floored, pool
from wreckid.model.weighing import unseen, weigh

Array = npt.NDArray[np.float64]

TYPES = (*catalogue().types.values(), None)
IDS = [*catalogue().types, "not-a-uav"]

images = st.lists(st.floats(0, 1), min_size=len(TYPES), max_size=len(TYPES)).filter(
    lambda weights: sum(weights) > 0.01
)
metres = st.floats(0.05, 50)
tolerances = st.floats(0.01, 0.5)
measures = st.sampled_from(["airframe", "fuselage", "wingspan", "fragment", "unknown"])
evidences = st.builds(
    Evidence,
    lengths=st.lists(
        st.builds(Length, value=metres, tolerance=tolerances, measures=measures),
        max_size=1,
    ).map(tuple),
    wing=st.sampled_from([None, "delta", "straight", "tandem"]),
    tail=st.sampled_from([None, "v-tail", "conventional"]),
    propulsion=st.sampled_from([None, "piston", "electric", "rotary"]),
    engines=st.sampled_from([None, 1, 2, 4, 12]),
    landing_gear=st.sampled_from([None, "none", "wheels"]),
    colour=st.sampled_from([None, "white", "black", "orange"]),
    text=st.lists(
        st.sampled_from(["Герань-2", "ОРЛАН 10", "Insitu", "осторожно", "DJI"]),
        max_size=3,
        unique=True,
    ).map(tuple),
    part=st.sampled_from([(), ("parachute",), ("flat-four two-stroke engine",)]),
)


def distribution(weights: list[float]) -> Array:
    return floored(np.array(weights) / sum(weights))


def share(posterior: Array, name: str) -> float:
    return float(posterior[IDS.index(name)])


def a_length(value: float, tolerance: float, measure: Measure) -> Evidence:
    return Evidence(lengths=(Length(value=value, tolerance=tolerance, measures=measure),))


@given(images)
def test_no_evidence_changes_nothing(weights: list[float]) -> None:
    image = distribution(weights)
    weighed = weigh(image, TYPES, Evidence())
    assert (weighed.posterior == image).all()
    assert weighed.pieces == () and weighed.explained


@given(images, evidences)
def test_probabilities_add_up_and_claim_no_certainty(
    weights: list[float], evidence: Evidence
) -> None:
    posterior = weigh(distribution(weights), TYPES, evidence).posterior
    assert posterior.sum() == pytest.approx(1)
    assert posterior.min() > 0
    assert posterior.max() < 1


@given(images, st.permutations(["Герань", "ОРЛАН 10", "DJI"]), st.permutations([0, 1, 2]))
def test_the_order_of_the_evidence_does_not_matter(
    weights: list[float], texts: list[str], order: list[int]
) -> None:
    lengths = ["airframe=2 m", "wingspan=3.1 m", "fragment=1 m"]
    one = read_evidence({"lengths": lengths, "text": sorted(texts)})
    other = read_evidence({"lengths": [lengths[index] for index in order], "text": texts})
    image = distribution(weights)
    assert weigh(image, TYPES, one).posterior == pytest.approx(
        weigh(image, TYPES, other).posterior, rel=1e-9
    )


@given(images, st.floats(0.05, 50), tolerances, st.sampled_from(["fragment", "unknown"]))
def test_a_fragment_never_speaks_against_a_longer_type(
    weights: list[float], value: float, tolerance: float, measure: Measure
) -> None:
    (piece,) = weigh(distribution(weights), TYPES, a_length(value, tolerance, measure)).pieces
    for uav, moved in zip(TYPES, piece.log_odds, strict=True):
        known = [f.value for f in (uav.facts.length_m, uav.facts.wingspan_m) if f] if uav else []
        if known and max(known) >= value:
            assert moved >= -1e-9


@given(images, metres, tolerances, tolerances, measures)
def test_a_wider_tolerance_never_sharpens_the_result(
    weights: list[float], value: float, one: float, other: float, measure: Measure
) -> None:
    """The type that fits best gains no odds against any other, and no order is turned."""
    narrow, wide = sorted((one, other))
    image = distribution(weights)
    (tight,) = weigh(image, TYPES, a_length(value, narrow, measure)).pieces
    (loose,) = weigh(image, TYPES, a_length(value, wide, measure)).pieces
    known = ~np.isnan(length_likelihood(Length(value=value, measures=measure), TYPES).log)
    before, after = tight.log_odds[known], loose.log_odds[known]
    assert (after.max() - after <= before.max() - before + 1e-9).all()
    assert after[np.argmax(before)] == pytest.approx(after.max())


@given(metres, tolerances, tolerances, measures)
def test_a_wider_tolerance_never_makes_even_photos_more_certain(
    value: float, one: float, other: float, measure: Measure
) -> None:
    narrow, wide = sorted((one, other))
    even = np.full(len(TYPES), 1 / len(TYPES))
    tight = weigh(even, TYPES, a_length(value, narrow, measure)).posterior
    loose = weigh(even, TYPES, a_length(value, wide, measure)).posterior
    assert loose.max() <= tight.max() + 1e-9


@given(images, metres, tolerances, st.sampled_from(["airframe", "fuselage", "wingspan"]))
def test_a_type_of_unknown_dimensions_is_neither_favoured_nor_punished(
    weights: list[float], value: float, tolerance: float, measure: Measure
) -> None:
    nameless = [
        uav and uav.model_copy(update={"facts": uav.facts.model_copy(update={"length_m": None})})
        for uav in TYPES
        if uav is None or uav.id == "orlan-10"
    ]
    types = (*TYPES[:-1], *nameless)
    image = distribution([*weights[:-1], *weights[-1:] * 2])
    unknown = [len(TYPES) - 1, len(TYPES)]
    weighed = weigh(image, types, a_length(value, tolerance, measure))
    if measure == "wingspan":
        unknown = unknown[1:]
    assert weighed.pieces[0].log_odds[unknown] == pytest.approx(0)
    assert weighed.posterior[unknown] == pytest.approx(image[unknown])


@given(images, evidences)
def test_pieces_add_up_in_log_odds(weights: list[float], evidence: Evidence) -> None:
    image = distribution(weights)
    weighed = weigh(image, TYPES, evidence)
    total = np.sum([piece.log_odds for piece in weighed.pieces], axis=0)
    assume(weighed.pieces and np.abs(total).max() < 10)
    moved = np.log(weighed.posterior) - np.log(image)
    assert moved - moved[-1] == pytest.approx(total - total[-1], abs=1e-6)


@given(images, st.floats(0.05, 50))
def test_a_whole_length_says_nothing_on_whether_it_is_a_uav(
    weights: list[float], value: float
) -> None:
    image = distribution(weights)
    posterior = weigh(image, TYPES, a_length(value, 0.1, "airframe")).posterior
    assert posterior[-1] == pytest.approx(image[-1])


def test_pieces_that_agree_on_a_type_speak_for_a_uav_and_pieces_that_none_has_against() -> None:
    given = {"lengths": ["airframe=3.5 m", "wingspan=2.5 m"], "wing": "delta"}
    agreed = weigh(unseen(TYPES), TYPES, read_evidence(given)).posterior
    strange = read_evidence({"wing": "straight", "tail": "tip fins", "engines": 4})
    assert agreed[-1] < unseen(TYPES)[-1] < weigh(unseen(TYPES), TYPES, strange).posterior[-1]


@pytest.mark.parametrize("name", ["sagem-crecerelle", "orlan-10", "shahed-136"])
def test_a_whole_object_of_120_cm_is_none_of_the_types_that_were_claimed(name: str) -> None:
    image = np.full(len(TYPES), 0.2 / (len(TYPES) - 1))
    image[IDS.index(name)] = 0.8
    image[-1] = 0.2 / (len(TYPES) - 1)
    posterior = weigh(image, TYPES, a_length(1.2, 0.1, "airframe")).posterior
    assert share(posterior, name) < 0.5


@pytest.mark.parametrize(
    ("observed", "leader"),
    [
        ({"lengths": ["airframe=3.5 m"], "wing": "delta", "tip_fins": "up and down"}, "shahed-136"),
        ({"lengths": ["wingspan=39.9 m ±3%"]}, "rq-4"),
        ({"lengths": ["wingspan=3.1 m ±3%", "airframe=1.9 m ±3%"]}, "orlan-10"),
        ({"propulsion": "turboprop"}, "mq-9"),
        ({"wing": "cruciform"}, "zala-lancet-3"),
        ({"wing": "canard"}, "uj-26-bober"),
        ({"engines": 2}, "molniya-2"),
        ({"text": ["GERAN-2"]}, "shahed-136"),
        ({"text": ["герань 1"]}, "shahed-131"),
        ({"text": ["Крессерель"]}, "sagem-crecerelle"),
        ({"text": ["Insitu ScanEgle"]}, "scaneagle"),
        ({"text": ["HASSELBLAD"]}, "dji-mavic-3"),
        ({"part": ["Canon DSLR"]}, "orlan-10"),
    ],
)
def test_evidence_alone_points_to_the_type_that_it_describes(
    observed: dict[str, Any], leader: str
) -> None:
    posterior = weigh(unseen(TYPES), TYPES, read_evidence(observed)).posterior
    assert IDS[int(np.argmax(posterior[:-1]))] == leader


def odds(observed: dict[str, Any], name: str) -> float:
    """What a piece speaks for a type against `not-a-uav`, in log-odds."""
    (piece,) = weigh(unseen(TYPES), TYPES, read_evidence(observed)).pieces
    return float(piece.log_odds[IDS.index(name)])


def test_even_when_everything_agrees_nothing_is_certain() -> None:
    sure = np.zeros((16, len(TYPES)))
    sure[:, IDS.index("shahed-136")] = 1
    everything = read_evidence(
        {
            "lengths": ["airframe=3.5 m ±1%", "wingspan=2.5 m ±1%"],
            "wing": "delta",
            "tail": "tip fins",
            "tip_fins": "up and down",
            "propulsion": "piston",
            "propulsion_position": "rear",
            "text": ["Герань-2", "Shahed-136", "Geran-2", "Geranium-2"] * 2,
            "part": ["nose cone", "flat-four two-stroke engine with propeller hub"] * 4,
        }
    )
    posterior = weigh(pool(sure, range(16)), TYPES, everything).posterior
    assert posterior.max() < 1 and posterior.min() > 0


@given(st.integers(10, 500).map(lambda tenths: f"{tenths / 10:g}"))
def test_a_tolerance_is_told_as_it_was_given(percent: str) -> None:
    length = Length.model_validate(f"wingspan=3.1 m ±{percent}%")
    assert length_likelihood(length, TYPES).observed == f"3.1 m ± {percent}% (wingspan)"


def test_a_fuselage_may_be_shorter_than_the_airframe_but_not_by_any_length() -> None:
    fits, short = (
        length_likelihood(Length(value=value, tolerance=0.05, measures="fuselage"), TYPES).misfit
        for value in (1.4, 0.8)
    )
    assert fits[IDS.index("orlan-10")] == 0
    assert short[IDS.index("orlan-10")] > 1


def test_any_value_that_sources_state_fits() -> None:
    span = length_likelihood(Length(value=1.9, tolerance=0.05, measures="wingspan"), TYPES).misfit
    assert span[IDS.index("gerbera")] == 0
    blades = [form_likelihood("propeller_blades", n, TYPES).misfit for n in (2, 3, 4)]
    assert [bool(one[IDS.index("fpv-quad")]) for one in blades] == [False, False, True]


def test_a_form_is_wrong_as_often_as_is_stated() -> None:
    tip_fins = odds({"tail": "tip fins"}, "shahed-136") - odds({"tail": "tip fins"}, "orlan-10")
    error, unsourced = ERRORS["tail"], ERRORS["tail"] + UNSOURCED
    assert tip_fins == pytest.approx(np.log((1 - error) / unsourced))


def test_a_spelling_variant_speaks_less_than_the_name() -> None:
    right, near = (odds({"text": [text]}, "gerbera") for text in ("Гербера", "Герберра"))
    assert right > near > 0


def test_a_number_tells_types_of_one_name_apart() -> None:
    for text, one, other in (("Орлан-10", "orlan-10", "orlan-30"), ("ТУ 141", "tu-141", "tu-143")):
        assert odds({"text": [text]}, one) > odds({"text": [text]}, other)


@given(st.lists(st.sampled_from(["Orlan-10", "ORLAN 10", "Орлан-10"]), min_size=1, max_size=8))
def test_a_name_counts_once_however_often_it_stands_there(texts: list[str]) -> None:
    once = weigh(unseen(TYPES), TYPES, Evidence(text=("Orlan-10",))).posterior
    again = weigh(unseen(TYPES), TYPES, Evidence(text=tuple(texts))).posterior
    assert again == pytest.approx(once)


def test_a_part_counts_once_and_another_part_of_the_type_counts_too() -> None:
    once, again, other = (
        weigh(unseen(TYPES), TYPES, Evidence(part=parts)).log_odds[IDS.index("orlan-10")]
        for parts in (
            ("Canon DSLR",),
            ("Canon DSLR", "canon dslr", "DSLR (Canon)"),
            ("Canon DSLR", "parachute"),
        )
    )
    assert 0 < once == again < other


def test_words_that_are_no_name_move_nothing() -> None:
    for text in ("do not touch", "Не торкатися", "18358", "Z"):
        (piece,) = weigh(unseen(TYPES), TYPES, Evidence(text=(text,))).pieces
        assert not piece.log_odds.any()


def test_a_decal_does_not_decide_alone() -> None:
    image = np.full(len(TYPES), 0.001)
    image[IDS.index("orlan-10")] = 1 - 0.001 * (len(TYPES) - 1)
    posterior = weigh(image, TYPES, Evidence(text=("Bayraktar TB2",))).posterior
    assert share(posterior, "orlan-10") > share(posterior, "bayraktar-tb2")


def test_a_colour_speaks_less_than_a_form() -> None:
    colour = weigh(unseen(TYPES), TYPES, Evidence(colour="orange")).pieces[0].log_odds
    wing = weigh(unseen(TYPES), TYPES, Evidence(wing="tandem")).pieces[0].log_odds
    assert 0 < colour.max() < wing.max()


@pytest.mark.parametrize(
    ("observed", "explained"),
    [
        ({"lengths": ["airframe=3 m"]}, True),
        ({"lengths": ["airframe=50 m ±5%"]}, False),
        ({"lengths": ["fragment=50 m ±2%"]}, False),
        ({"lengths": ["fragment=0.1 m"]}, True),
        ({"engines": 12}, False),
        ({"colour": "yellow"}, True),
    ],
)
def test_a_piece_that_no_type_explains_is_said_to_be_so(
    observed: dict[str, Any], explained: bool
) -> None:
    (piece,) = weigh(unseen(TYPES), TYPES, read_evidence(observed)).pieces
    assert piece.explained == explained


def test_pieces_that_only_together_fit_no_type_are_unexplained_together() -> None:
    odd = {
        "lengths": ["airframe=14 m ±5%"],
        "wing": "cruciform",
        "propulsion": "electric",
        "tail": "inverted v-tail",
    }
    weighed = weigh(unseen(TYPES), TYPES, read_evidence(odd))
    assert all(piece.explained for piece in weighed.pieces)
    assert not weighed.explained


def test_a_prior_moves_only_what_it_names_and_only_when_asked() -> None:
    prior = priors()["russian-range"]
    image = np.full(len(TYPES), 1 / len(TYPES))
    assert weigh(image, TYPES, Evidence()).posterior == pytest.approx(image)
    posterior = weigh(image, TYPES, Evidence(prior="russian-range"), prior).posterior
    assert share(posterior, "orlan-10") == pytest.approx(3 * share(posterior, "mq-9"))
    assert posterior[-1] == pytest.approx(image[-1])


@given(st.floats(0.1, 20), st.floats(1, 1.5))
def test_a_dimension_is_wider_where_sources_disagree_or_are_missing(
    value: float, ratio: float
) -> None:
    def width(fact: Fact[float]) -> float:
        low, high = dimension(fact) or (np.nan, np.nan)
        assert low <= value <= high
        return high / low

    sourced = width(Fact[float](value=value, sources=("a",)))
    assert sourced < width(Fact[float](value=value))
    disputed = Fact[float](value=value, sources=("a",), range=(value, value * ratio))
    assert width(disputed) >= sourced


def test_every_prior_names_types_of_the_catalogue() -> None:
    named = itertools.chain.from_iterable(prior.weights for prior in priors().values())
    assert set(named) <= set(catalogue().types)
