import math
from typing import Any

import pytest

from wreckid.model.evidence import Box, Evidence, EvidenceError, Length, read_evidence


def test_everything_is_unknown_by_default() -> None:
    evidence = read_evidence({})
    assert evidence == Evidence()
    assert not evidence.speaks
    assert not Evidence(boxes=(Box.model_validate("1:0,0,50,50"),)).speaks


@pytest.mark.parametrize(
    ("words", "metres", "tolerance", "measures"),
    [
        ("3 m", 3.0, 0.1, "unknown"),
        ("120cm", 1.2, 0.1, "unknown"),
        ("wingspan=3,1 m ±5%", 3.1, 0.05, "wingspan"),
        ("Airframe = 300 cm +-20 %", 3.0, 0.2, "airframe"),
        ("fragment=10 ft", 3.048, 0.1, "fragment"),
        ("fuselage=1000mm +/-1%", 1.0, 0.01, "fuselage"),
        ("40 in", 1.016, 0.1, "unknown"),
        ("2.500 m", 2.5, 0.1, "unknown"),
        ("12,500 m", 12.5, 0.1, "unknown"),
        ("12500 mm", 12.5, 0.1, "unknown"),
        ("1234,5 mm", 1.2345, 0.1, "unknown"),
        ("1234.567 mm", 1.234567, 0.1, "unknown"),
        ("125,25 cm", 1.2525, 0.1, "unknown"),
    ],
)
def test_a_length_reads_from_words(
    words: str, metres: float, tolerance: float, measures: str
) -> None:
    length = Length.model_validate(words)
    assert length.metres == pytest.approx(metres)
    assert length.tolerance == pytest.approx(tolerance)
    assert length.measures == measures


def test_a_box_reads_from_words() -> None:
    box = Box.model_validate("2:10,20.5,300,400")
    assert (box.photo, box.left, box.top, box.right, box.bottom) == (2, 10, 20.5, 300, 400)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"lengths": ["-3 m"]}, "lengths.0.value"),
    ({"lengths": ["3 km"]}, "lengths.0.unit"),
    ({"lengths": ["3000 m"]}, "lengths.0: 3000 m is not between"),
    ({"lengths": ["nan m"]}, "lengths.0.value"),
    ({"lengths": [{"value": math.nan}]}, "lengths.0.value"),
    ({"lengths": [{"value": math.inf}]}, "lengths.0.value"),
    ({"lengths": ["1.2.3 m"]}, "lengths.0.value"),
    ({"lengths": ["12,500 mm"]}, "lengths.0: “12,500 mm” may be read in two ways"),
    ({"lengths": ["airframe=+12.500 MM"]}, "write 12500 mm or 12.5 mm"),
    ({"lengths": ["wingspan=1,200 cm ±5%"]}, "write 1200 cm or 1.2 cm"),
    ({"lengths": ["3 m ±90%"]}, "lengths.0.tolerance"),
    ({"lengths": ["about three metres"]}, "lengths.0"),
    ({"lengths": ["nose=3 m"]}, "lengths.0.measures"),
    ({"lengths": ["airframe=3 m", "airframe=1 m"]}, "lengths: airframe is given twice"),
    ({"lengths": ["airframe=1 m", "fuselage=3 m"]}, "the fuselage is longer"),
    ({"lengths": ["airframe=1 m", "wingspan=2 m", "fragment=5 m"]}, "the fragment is longer"),
    ({"wing": "round"}, "wing"),
    ({"engines": 0}, "engines"),
    ({"engines": "two"}, "engines"),
    ({"propeller_blades": -1}, "propeller_blades"),
    ({"propeller_blades": 3, "propulsion": "jet"}, "propulsion jet contradicts propeller_blades"),
    ({"wing": "none", "wing_position": "high"}, "wing none contradicts wing_position"),
    ({"wing": "none", "tip_fins": "up"}, "wing none contradicts tip_fins"),
    ({"tail": "tip fins", "tip_fins": "none"}, "tail tip fins contradicts tip_fins"),
    ({"colour": "pink"}, "colour"),
    ({"text": [" "]}, "text.0"),
    ({"text": ["x" * 121]}, "text.0"),
    ({"boxes": ["1:10,10,5,20"]}, "boxes.0"),
    ({"boxes": ["everything"]}, "boxes.0"),
    ({"boxes": ["1:0,0,50,50", "1:0,0,60,60"]}, "boxes: photo 1 is given twice"),
    ({"weight": 3}, "weight"),
]


@pytest.mark.parametrize(("given", "named"), BAD)
def test_a_bad_value_is_one_sentence_that_names_the_field(
    given: dict[str, Any], named: str
) -> None:
    with pytest.raises(EvidenceError) as refused:
        read_evidence(given)
    sentence = str(refused.value)
    assert sentence.startswith("evidence") and sentence.endswith(".")
    assert named in sentence
    assert "\n" not in sentence


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(EvidenceError, match="evidence"):
        read_evidence("{")


def test_a_fuselage_may_be_a_little_longer_within_its_tolerance() -> None:
    assert read_evidence({"lengths": ["airframe=3 m", "fuselage=3.2 m"]}).speaks


def test_evidence_reads_back_from_its_json() -> None:
    evidence = read_evidence({"lengths": ["3 m"], "text": ["Герань"], "boxes": ["1:0,0,50,50"]})
    assert read_evidence(evidence.model_dump_json()) == evidence
