"""What is said of the file of a new type."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from wreckid.datasets.catalogue import OWN_TYPES, CatalogueError, catalogue, extended, read_type
from wreckid.datasets.newtype import check_type
from wreckid.datasets.render import subjects

if TYPE_CHECKING:
    from tests.conftest import Finished

Wreckid = Callable[..., "Finished"]
Write = Callable[..., Path]

TYPE: dict[str, Any] = {
    "id": "zefir-3",
    "name": "Zefir-3",
    "aliases": ["Зефір-3"],
    "maker": "nobody",
    "country": "Nowhere",
    "roles": ["reconnaissance"],
    "family": "delta-pusher",
    "facts": {
        "length_m": {"value": 1.0, "sources": ["page"]},
        "wingspan_m": {"value": 2.0, "sources": ["page"]},
    },
    "look_alikes": [{"id": "shahed-131", "how_to_tell": "no fins"}],
    "sources": {"page": {"url": "https://example.org", "states": "size"}},
    "geometry": {
        "schemes": [{"name": "grey", "skin": "#808080", "accent": "#404040", "weight": 1}],
        "parts": [
            {
                "shape": "body",
                "name": "fuselage",
                "kind": "fuselage",
                "sections": [[0, 0.1, 0.1, 0], [1.0, 0.1, 0.1, 0]],
            },
            {
                "shape": "surface",
                "name": "wing",
                "kind": "wing",
                "mirror": True,
                "thickness": 0.1,
                "sections": [[0.3, 0, 0, 0.4], [0.4, 1.0, 0, 0.2]],
            },
        ],
    },
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the type with changes; None takes a field out."""

    def save(**changes: Any) -> Path:
        fields = {name: value for name, value in (TYPE | changes).items() if value is not None}
        (tmp_path / "zefir-3.yaml").write_text(yaml.safe_dump(fields, allow_unicode=True))
        return tmp_path / "zefir-3.yaml"

    return save


def test_a_whole_type_gets_no_remarks(write: Write) -> None:
    assert check_type(write(), catalogue()) == (read_type(write()), ())


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"geometry": None}, "can be learnt from photos alone"),
        ({"look_alikes": []}, "no look-alikes"),
        ({"aliases": ["мопед"]}, "shahed-136 is called мопед too"),
        ({"facts": {"length_m": {"value": 1.0}}}, "No source states length_m"),
        ({"facts": {"length_m": {"value": 1.0}}}, "wingspan is unknown"),
        (
            {"facts": TYPE["facts"] | {"length_m": {"value": 1.5, "sources": ["page"]}}},
            "drawn with length_m 1.00, but the fact is 1.5",
        ),
    ],
)
def test_what_a_type_lacks_is_said(write: Write, changes: dict[str, Any], remark: str) -> None:
    _, remarks = check_type(write(**changes), catalogue())
    assert any(remark in one for one in remarks)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"family": "saucer"}, "unknown family saucer"),
        ({"look_alikes": [{"id": "ghost", "how_to_tell": "x"}]}, "unknown look-alike ghost"),
        ({"look_alikes": [{"id": TYPE["id"], "how_to_tell": "x"}]}, "names the type itself"),
        ({"maker": None}, "maker: Field required"),
        ({"id": "shahed-136"}, "holds the type shahed-136"),
    ],
)
def test_a_type_that_cannot_be_used_is_refused_in_one_sentence(
    write: Write, wreckid: Wreckid, changes: dict[str, Any], reason: str
) -> None:
    done = wreckid("types", "check", write(**changes))
    assert done.code == 2
    assert reason in done.err and done.err.count("\n") == 1


BODY, WING = TYPE["geometry"]["parts"]
PROPELLER = {"shape": "propeller", "name": "propeller", "at": [0, 0, 0], "diameter": 1.0}
ANTENNA = {"shape": "block", "name": "a", "kind": "antenna", "at": [0, 0, 0], "size": [1, 1, 1]}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([BODY | {"sections": [[0, 0.1, 0.1, 0], [0, 0.1, 0.1, 0]]}], "x must rise"),
        ([BODY | {"sections": BODY["sections"][::-1]}], "x must rise from each section"),
        ([WING | {"sections": [[0.3, 0, 0, 0.4], [0.4, 0, 0, 0.2]]}], "y or z must change"),
        ([WING | {"sections": [[0.3, 0, 0, 0.4], [0.4, float("nan"), 0, 0.2]]}], "finite number"),
        ([BODY, PROPELLER | {"at": [float("inf"), 0, 0]}], "finite number"),
        ([PROPELLER, ANTENNA], "at least one part that is neither propeller nor antenna"),
        ([BODY | {"sections": [[0, 0.1, -0.1, 0], [1, 0.1, 0.1, 0]]}], "must be above 0"),
        ([WING | {"sections": [[0.3, 0, 0, 0.4], [0.4, 1, 0, 0]]}], "chord of each section must"),
        ([BODY, BODY, WING], "the name of several parts: give each its own"),
    ],
)
def test_a_geometry_that_cannot_be_built_is_refused_in_one_sentence(
    write: Write, wreckid: Wreckid, parts: list[dict[str, Any]], reason: str
) -> None:
    done = wreckid("types", "check", write(geometry=TYPE["geometry"] | {"parts": parts}))
    assert done.code == 2
    assert reason in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("drawing", "reason"),
    [("zefir.exe", "must end in .png"), ("gone/zefir.png", "make it first")],
)
@pytest.mark.parametrize("verb", ["show", "check"])
def test_a_drawing_that_cannot_be_written_is_told_before_anything_else(
    write: Write, wreckid: Wreckid, tmp_path: Path, verb: str, drawing: str, reason: str
) -> None:
    asked = ["check", write()] if verb == "check" else ["shahed-136"]
    done = wreckid("types", *asked, "--three-view", tmp_path / drawing)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err and done.err.count("\n") == 1


def test_a_type_that_is_there_already_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="has a type shahed-136 already"):
        extended(catalogue(), [catalogue().types["shahed-136"]])


def test_the_verb_says_that_a_type_can_be_used(write: Write, wreckid: Wreckid) -> None:
    done = wreckid("types", "check", write(look_alikes=[]))
    assert done.code == 0
    assert "no look-alikes" in done.out and "Zefir-3 can be used" in done.out


def test_only_types_with_a_geometry_are_drawn(wreckid: Wreckid, tmp_path: Path) -> None:
    done = wreckid("render", "--count", "1", "--only", "ghost", "--out", tmp_path / "renders")
    assert done.code == 2 and "no type ghost with a geometry" in done.err
    only = subjects(catalogue(), ["orlan-10", "shahed-136"])
    assert [one.id for one in only] == ["orlan-10", "shahed-136"]


def test_own_types_stand_beside_those_of_the_package(
    write: Write, wreckid: Wreckid, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write()
    monkeypatch.setenv(OWN_TYPES, str(tmp_path))
    catalogue.cache_clear()
    try:
        assert "Зефір-3" in wreckid("types", "zefir-3").out
        assert list(catalogue().types) == sorted(catalogue().types)
        assert wreckid("types", "check", tmp_path / "zefir-3.yaml").code == 0
        (tmp_path / "zefir-3.yaml").rename(tmp_path / "zefir-3.yml")
        catalogue.cache_clear()
        assert "rename it to zefir-3.yaml" in wreckid("types").err
        monkeypatch.setenv(OWN_TYPES, str(tmp_path / "gone"))
        catalogue.cache_clear()
        assert "names" in wreckid("types").err
    finally:
        monkeypatch.undo()
        catalogue.cache_clear()
