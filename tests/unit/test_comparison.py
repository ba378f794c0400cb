"""What tells leading types apart."""

import pytest

from wreckid.serving.comparison import Row


@pytest.mark.parametrize(
    ("values", "differs"),
    [
        (("piston", "piston"), False),
        (("piston", "unknown"), False),
        (("unknown", "piston", "piston"), False),
        (("piston", "electric"), True),
        (("piston", "unknown", "electric"), True),
    ],
)
def test_what_is_unknown_of_a_type_tells_it_from_none(
    values: tuple[str, ...], differs: bool
) -> None:
    assert Row("Propulsion", values).differs == differs
