"""Words on the wreck, over the names of the whole catalogue."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets.catalogue import UavType, catalogue
from wreckid.model.inscriptions import STEM, TWINS, names, spellings, text_likelihood
from wreckid.model.likelihood import STRONGEST

TYPES = tuple(catalogue().types.values())

GENERIC = (
    *("JET A-1", "JET", "FUEL", "ТОПЛИВО", "NO STEP", "RESCUE", "DANGER", "WARNING 2", "ОПАСНО"),
    *("CAGE 1ABC2", "CAGE", "RTK", "300 RTK", "GPS", "SERIAL NO 136", "P/N 421-16", "TARGET"),
    *("ИЗДЕЛИЕ", "Izdeliye 7", "ITEM", "PRODUCT 4", "DRONE", "дрон", "ROTAX 912", "MADE IN CHINA"),
    *("300", "136", "238", "10", "2110", "9450", "18358"),
)


def written(uav: UavType) -> Iterator[str]:
    """The names of a type as the catalogue lists them."""
    yield from (uav.id, uav.name, *uav.name.split(" / "), *uav.aliases)


NAMES = [(uav, name) for uav in TYPES for name in written(uav)]


def raised(text: str) -> dict[str, float]:
    """What a text speaks for each type for which it speaks, in log-odds."""
    log = text_likelihood(text, TYPES).log
    return {uav.id: float(one) for uav, one in zip(TYPES, log, strict=True) if one}


@pytest.mark.parametrize(("uav", "name"), NAMES, ids=[name for _, name in NAMES])
def test_each_name_of_a_type_raises_it_most(uav: UavType, name: str) -> None:
    found = raised(name)
    assert found.pop(uav.id) == STRONGEST
    sharing = {other.id for other in TYPES if spellings(name) & names(other)}
    assert all(found[other] <= STEM for other in found.keys() - sharing)


@given(st.sampled_from([name.upper() for _, name in NAMES]), st.data())
def test_letters_that_look_the_same_make_no_difference(name: str, data: st.DataObject) -> None:
    latin = {chr(cyrillic): chr(twin) for cyrillic, twin in TWINS.items()}
    cyrillic = {twin: letter for letter, twin in latin.items()}
    twins = [latin.get(letter) or cyrillic.get(letter) or letter for letter in name]
    mixed = "".join(data.draw(st.sampled_from(pair)) for pair in zip(name, twins, strict=True))
    for uav in TYPES:
        if raised(name).get(uav.id) == STRONGEST:
            assert raised(mixed)[uav.id] == STRONGEST


@pytest.mark.parametrize("text", GENERIC)
def test_what_stands_on_many_machines_moves_no_type_at_all(text: str) -> None:
    assert raised(text) == {}


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("MQ-9", "mq-9"),
        ("RQ-4", "rq-4"),
        ("RQ-11", "rq-11"),
        ("Shahed-131", "shahed-131"),
        ("Орлан-30", "orlan-30"),
        ("Switchblade 300", "switchblade-300"),
        ("x switchblade 300 x", "switchblade-300"),
        ("DANGER Герань-2 18358", "shahed-136"),
        ("F\u0420-1", "fp-1"),
        ("ОРЛ\u0041Н-10", "orlan-10"),
    ],
)
def test_a_name_speaks_for_its_type_and_no_other(text: str, only: str) -> None:
    assert raised(text) == {only: STRONGEST}


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("Герань", {"shahed-131", "shahed-136", "shahed-238"}),
        ("ORLAN", {"orlan-10", "orlan-30"}),
        ("ЗАЛА", {"zala-421-16e", "zala-kub", "zala-lancet-3"}),
        ("DJI", {"dji-matrice-300", "dji-mavic-3", "dji-phantom"}),
        ("HASSELBLAD", {"dji-mavic-3"}),
    ],
)
def test_a_stencil_or_a_name_without_its_number_speaks_less(text: str, types: set[str]) -> None:
    assert raised(text) == dict.fromkeys(types, STEM)


@given(st.text(max_size=60))
def test_one_piece_speaks_at_most_a_hundred_to_one(text: str) -> None:
    log = text_likelihood(text, TYPES).log
    assert (log >= 0).all() and (log <= np.log(100)).all()
