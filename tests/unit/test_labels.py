"""What people call a type means its identifier."""

import pytest

from wreckid.datasets.catalogue import NOT_A_UAV, UavType, catalogue
from wreckid.training.photos.labels import Labels
from wreckid.training.photos.photoset import PhotosError

LABELS = Labels(catalogue())


@pytest.mark.parametrize("uav", catalogue().types.values(), ids=list(catalogue().types))
def test_an_identifier_means_its_type(uav: UavType) -> None:
    assert LABELS.identifiers([uav.id]) == {uav.id: uav.id}


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("SHAHED 136", "shahed-136"),
        ("Geran-2", "shahed-136"),
        ("Герань-2", "shahed-136"),
        ("орлан 10", "orlan-10"),
        ("Not a UAV", NOT_A_UAV),
    ],
)
def test_any_spelling_of_a_name_will_do(name: str, identifier: str) -> None:
    assert LABELS.identifiers([name, name]) == {name: identifier}


@pytest.mark.parametrize("name", ["", "???", "Boeing 747"])
def test_other_names_mean_nothing(name: str) -> None:
    with pytest.raises(PhotosError, match="knows no single type"):
        LABELS.identifiers([name])


def test_all_unclear_names_are_told_at_once() -> None:
    with pytest.raises(PhotosError, match=r"“orlan-11” \(did you mean .*orlan-10.*“qqqq”"):
        LABELS.identifiers(["orlan-11", "qqqq", "orlan-10"])
