"""What the files of priors say, and how a wrong one is refused."""

from pathlib import Path

import pytest

from wreckid.datasets.catalogue import CatalogueError, catalogue
from wreckid.datasets.priors import priors, read_prior

PRIOR = """
id: somewhere
version: 1
description: a made-up place
source: {url: "https://example.org", states: nothing}
weights: {shahed-136: 3}
"""


def test_every_type_from_russia_is_taken_to_be_common_beside_its_test_ranges() -> None:
    russian = {uav.id for uav in catalogue().types.values() if "Russia" in uav.country}
    assert russian <= priors()["russian-range"].weights.keys()
    assert "shahed-238" in priors()["russian-range"].weights


def test_a_prior_is_read(tmp_path: Path) -> None:
    (tmp_path / "somewhere.yaml").write_text(PRIOR)
    assert read_prior(tmp_path / "somewhere.yaml", catalogue()).weights == {"shahed-136": 3}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("id: somewhere\n", "is not a valid prior: version: Field required; "),
        ("id: [\n", "is not a valid prior: while parsing"),
        (PRIOR.replace("136: 3", "136: 1000"), "weights.shahed-136: "),
        (PRIOR.replace("shahed-136", "shahed-137"), "weighs shahed-137, which the catalogue lacks"),
        (None, "is not a valid prior: [Errno 2]"),
    ],
)
def test_a_wrong_prior_is_refused_in_one_sentence(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    file = tmp_path / "somewhere.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(CatalogueError, match=r"^somewhere\.yaml [^\n]*\.$") as refusal:
        read_prior(file, catalogue())
    assert reason in str(refusal.value)
