import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wreckid.datasets import catalogue as module
from wreckid.datasets.catalogue import (
    NOT_A_UAV,
    CatalogueError,
    Fact,
    UavType,
    catalogue,
    read_catalogue,
    read_type,
)
from wreckid.model.forms import agrees

FOLDER = Path(module.__file__).with_name("catalogue")
ASKED_FOR = [
    "shahed-136",
    "shahed-131",
    "gerbera",
    "sagem-crecerelle",
    "banshee-300-400",
    "orlan-10",
    "orlan-30",
    "uj-22",
    "zala-lancet-3",
    "zala-421-16e",
    "supercam-s350",
    "zala-kub",
    "eleron-3",
    "inokhodets-orion",
    "mq-9",
    "rq-4",
    "forpost",
    "mohajer-6",
    "bayraktar-tb2",
    "an-196-liutyi",
    "mugin-5-pro",
    "rq-7",
    "scaneagle",
    "rq-11",
    "switchblade-300",
    "leleka-100",
    "molniya-2",
    "aeroprakt-a22-uav",
    "uj-26-bober",
    "tu-141",
    "tu-143",
    "dji-mavic-3",
    "dji-matrice-300",
    "dji-phantom",
    "fpv-quad",
]
CHECKED_ON_A_WRECK = [
    "wingspan_m",
    "wing",
    "wing_position",
    "tail",
    "propulsion",
    "propulsion_position",
    "engines",
    "landing_gear",
    "materials",
    "colours",
    "surviving_parts",
]
LENGTH_UNKNOWN = {"supercam-s350"}
TYPES = sorted(catalogue().types)

Entry = dict[str, Any]


def entry() -> Entry:
    """The smallest entry that is valid."""
    return {
        "id": "made-up",
        "name": "Made-up",
        "aliases": ["Выдумка"],
        "maker": "nobody",
        "country": "nowhere",
        "roles": ["none"],
        "family": "delta-pusher",
        "facts": {"length_m": {"value": 2.0, "sources": ["page"]}},
        "sources": {"page": {"url": "https://example.org/a", "states": "length 2 m"}},
    }


def folder_of(place: Path, *entries: Entry) -> Path:
    """A catalogue of some entries beside the families and confusers of the shipped one."""
    for name in ("families.yaml", "confusers.yaml"):
        (place / name).write_bytes((FOLDER / name).read_bytes())
    for one in entries:
        text = yaml.safe_dump(one, allow_unicode=True)
        (place / f"{one['id']}.yaml").write_text(text, encoding="utf-8")
    return place


def test_every_type_that_was_asked_for_is_there() -> None:
    assert len(set(ASKED_FOR)) == 35
    assert set(ASKED_FOR) <= catalogue().types.keys()


@pytest.mark.parametrize("identifier", TYPES)
def test_a_type_is_named_in_both_scripts(identifier: str) -> None:
    uav = catalogue().types[identifier]
    names = " ".join((uav.name, *uav.aliases))
    assert re.search("[A-Za-z]", names)
    assert re.search("[Ѐ-ӿ]", names)
    assert uav.maker and uav.country and uav.roles


@pytest.mark.parametrize("identifier", TYPES)
def test_a_type_says_what_to_check_and_what_it_is_mistaken_for(identifier: str) -> None:
    uav = catalogue().types[identifier]
    known = uav.facts.known()
    assert set(CHECKED_ON_A_WRECK) <= known.keys()
    assert ("length_m" in known) == (identifier not in LENGTH_UNKNOWN)
    assert all(fact.value not in ("", ()) for fact in known.values())
    assert uav.look_alikes
    assert all(other.id != uav.id and other.how_to_tell for other in uav.look_alikes)
    assert uav.family in catalogue().families


@pytest.mark.parametrize("identifier", TYPES)
def test_sourced_facts_and_sources_belong_together(identifier: str) -> None:
    uav = catalogue().types[identifier]
    cited = {key for fact in uav.facts.known().values() for key in fact.sources}
    assert cited <= uav.sources.keys()
    assert all(fact.sourced == bool(fact.sources) for fact in uav.facts.known().values())


@pytest.mark.parametrize("identifier", TYPES)
def test_a_range_of_sources_holds_the_value(identifier: str) -> None:
    for fact in catalogue().types[identifier].facts.known().values():
        if fact.range is not None:
            low, high = fact.range
            assert low <= fact.value <= high


@pytest.mark.parametrize(
    ("identifier", "name", "seen"),
    [("mq-9", "propeller_blades", 4), ("mq-9", "wingspan_m", 24.1)],
)
def test_a_variant_that_the_notes_tell_of_is_within_the_fact(
    identifier: str, name: str, seen: float
) -> None:
    assert agrees(seen, getattr(catalogue().types[identifier].facts, name))


@pytest.mark.parametrize("identifier", TYPES)
def test_a_look_alike_of_the_same_layout_has_the_same_forms(identifier: str) -> None:
    types = catalogue().types
    for other in types[identifier].look_alikes:
        if "same layout" in other.how_to_tell:
            for name in ("wing", "wing_position", "tail"):
                forms = {getattr(types[one].facts, name).value for one in (identifier, other.id)}
                assert len(forms) == 1, name


def test_the_catalogue_keeps_sourced_and_general_knowledge_apart() -> None:
    facts = [fact for uav in catalogue().types.values() for fact in uav.facts.known().values()]
    assert {fact.sourced for fact in facts} == {True, False}


def test_every_family_has_members() -> None:
    assert {uav.family for uav in catalogue().types.values()} == set(catalogue().families)


@given(st.lists(st.text(min_size=1), max_size=4))
def test_a_fact_is_sourced_where_any_source_states_it(sources: list[str]) -> None:
    assert Fact(value=1.0, sources=tuple(sources)).sourced == (len(sources) > 0)


@given(st.lists(st.sampled_from([*TYPES, NOT_A_UAV])))
def test_families_follow_the_classes(classes: list[str]) -> None:
    families = catalogue().families_of(tuple(classes))
    assert len(families) == len(classes)
    for name, family in zip(classes, families, strict=True):
        assert family == (NOT_A_UAV if name == NOT_A_UAV else catalogue().types[name].family)


def test_a_class_that_is_no_type_is_refused() -> None:
    with pytest.raises(CatalogueError, match="ghost"):
        catalogue().families_of(("shahed-136", "ghost"))


def test_a_valid_entry_is_read(tmp_path: Path) -> None:
    made = read_catalogue(folder_of(tmp_path, entry())).types["made-up"]
    assert made.aliases == ("Выдумка",)
    assert made.facts.length_m == Fact(value=2.0, sources=("page",))
    assert made.geometry is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"facts": {"length_m": {"value": 2.0, "sources": ["rumour"]}}}, "unknown sources: rumour"),
        ({"facts": {"length_m": {"value": -2.0}}}, "length_m"),
        ({"facts": {"wing": {"value": "biplane"}}}, "wing"),
        ({"facts": {"payload_kg": {"value": 50}}}, "payload_kg"),
        ({"surprise": 1}, "surprise"),
        ({"id": "Made Up"}, "id"),
        ({"name": None}, "name"),
        ({"sources": {"page": {"url": "page 12", "states": "length"}}}, "url"),
        ({"geometry": {"schemes": [], "parts": []}}, "geometry"),
        ({"name": " "}, "name"),
        ({"facts": {"length_m": {"value": 2.0, "range": [3, 4]}}}, "facts.length_m: the range"),
        ({"facts": {"length_m": {"value": 2.0, "range": [3, 1]}}}, "facts.length_m: the range"),
        ({"facts": {"engines": {"value": 2, "range": [1, float("inf")]}}}, "a finite number"),
        ({"facts": {"wing": {"value": "delta", "range": [1, 2]}}}, "only a number has a range"),
    ],
)
def test_an_invalid_entry_is_refused_by_file_and_field(
    tmp_path: Path, change: Entry, reason: str
) -> None:
    folder = folder_of(tmp_path)
    text = yaml.safe_dump(entry() | change, allow_unicode=True)
    (folder / "made-up.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"made-up\.yaml is not a valid type") as refusal:
        read_catalogue(folder)
    assert reason in str(refusal.value)


def test_no_type_is_called_not_a_uav(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, entry() | {"id": NOT_A_UAV})
    with pytest.raises(CatalogueError, match=r"not-a-uav\.yaml .* id: .* choose another id\.$"):
        read_catalogue(folder)


@pytest.mark.parametrize("text", ["", "[1, 2]", "id: [", "id: made-up"])
def test_a_file_that_is_no_entry_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "made-up.yaml"
    file.write_text(text)
    with pytest.raises(CatalogueError, match=r"made-up\.yaml is not a valid type"):
        read_type(file)


def test_a_file_must_bear_the_name_of_its_type(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text(yaml.safe_dump(entry()))
    with pytest.raises(CatalogueError, match=r"other\.yaml .* rename it to made-up\.yaml"):
        read_type(file)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"family": "biplanes"}, "made-up: unknown family biplanes"),
        (
            {"look_alikes": [{"id": "ghost", "how_to_tell": "it is not there"}]},
            "made-up: unknown look-alike ghost",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused(tmp_path: Path, change: Entry, reason: str) -> None:
    with pytest.raises(CatalogueError, match=reason):
        read_catalogue(folder_of(tmp_path, entry() | change))


@pytest.mark.parametrize("name", ["families.yaml", "confusers.yaml"])
@pytest.mark.parametrize("text", ["- {id: only-an-id}", "- [", "not a list", None])
def test_a_shared_file_that_is_broken_or_missing_is_refused(
    tmp_path: Path, name: str, text: str | None
) -> None:
    folder = folder_of(tmp_path, entry())
    (folder / name).unlink()
    if text is not None:
        (folder / name).write_text(text)
    with pytest.raises(CatalogueError, match=rf"^{re.escape(name)} is not a valid [^\n]*\.$"):
        read_catalogue(folder)


def test_an_entry_reads_back_from_what_it_says() -> None:
    for uav in catalogue().types.values():
        said = uav.model_dump()
        for fact in said["facts"].values():
            if fact is not None:
                del fact["sourced"]
        assert UavType.model_validate(said) == uav
