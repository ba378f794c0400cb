from wreckid.datasets.catalogue import Facts
from wreckid.serving.facts import ReadableFact, readable


def test_facts_read_as_words_with_units_and_ranges() -> None:
    facts = Facts.model_validate(
        {
            "length_m": {"value": 3.5, "sources": ["a"], "range": [3.0, 3.5]},
            "propeller_blades": {"value": 2},
            "materials": {"value": ["plywood", "foam"]},
        }
    )
    assert readable(facts) == (
        ReadableFact(name="Length", value="3.5 m (sources say 3 to 3.5 m)", sourced=True),
        ReadableFact(name="Propeller blades", value="2", sourced=False),
        ReadableFact(name="Materials", value="plywood; foam", sourced=False),
    )
