"""What the tool says of real finds: behaviour is pinned, not a hoped-for name."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from wreckid.datasets.catalogue import NOT_A_UAV, catalogue
from wreckid.model.evidence import Evidence, read_evidence
from wreckid.model.release import ReleaseFacts, write_release
from wreckid.model.verdict import Thresholds
from wreckid.serving.result import Result, Sighting
from wreckid.serving.weigher import Weigher

SCRIPT = Path(__file__).parents[2] / "examples" / "answer.py"
CLASSES = (*catalogue().types, NOT_A_UAV)
POLICY = Thresholds(type=0.6, family=0.6, uav=0.8, not_a_uav=0.6)
CLAIMED = ("sagem-crecerelle", "orlan-10", "shahed-136")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("examples_answer", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


EXAMPLES = load()
FINDS = {find.id: find for find in EXAMPLES.finds()}


@pytest.fixture(scope="module")
def weigher(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Weigher:
    """Every type of the catalogue and the thresholds of a release; the network is never run."""
    conftest = request.config.pluginmanager.getplugin(
        str(Path(__file__).parents[1] / "conftest.py")
    )
    families = catalogue().families_of(CLASSES)
    facts: ReleaseFacts = conftest.tiny_facts(classes=CLASSES, families=families, verdict=POLICY)
    release = write_release(tmp_path_factory.mktemp("whole"), facts, conftest.tiny_files())
    return Weigher(release, catalogue())


@pytest.fixture
def say(weigher: Weigher) -> Callable[[str], Result]:
    """What the tool says of a find."""

    def of(name: str) -> Result:
        result = EXAMPLES.answer(FINDS[name], weigher)
        assert isinstance(result, Result)
        return result

    return of


def share(result: Result, name: str) -> float:
    assert result.probabilities is not None
    return result.probabilities[name]


def test_facts_and_claims_are_kept_apart() -> None:
    for find in FINDS.values():
        assert find.observed and find.claims
        told = find.evidence.model_dump_json().casefold()
        assert not any(claim.says.casefold() in told for claim in find.claims)
        assert find.evidence.prior is None


def test_a_white_object_of_120_cm_stays_insufficient(say: Callable[[str], Result]) -> None:
    result = say("uyaly-2025-02-18")
    assert result.verdict.level == "insufficient"
    assert max(share(result, name) for name in catalogue().types) < 0.1


def test_a_whole_object_of_120_cm_cannot_be_what_was_claimed(weigher: Weigher) -> None:
    whole = read_evidence({"lengths": ["airframe=120 cm"], "colour": "white"})
    fragment = read_evidence({"lengths": ["fragment=120 cm"], "colour": "white"})
    as_whole = weigher.weigh(Sighting(photos=()), whole)
    as_fragment = weigher.weigh(Sighting(photos=()), fragment)
    assert as_whole.verdict.level == as_fragment.verdict.level == "insufficient"
    for name in CLAIMED:
        assert share(as_whole, name) < share(as_fragment, name) / 5
        assert share(as_whole, name) < 0.01


def test_a_black_object_of_3_m_with_geran_on_it_ranks_the_geran_types_first(
    say: Callable[[str], Result],
) -> None:
    result = say("atameken-2025-03-18")
    assert {one.type for one in result.candidates[:2]} == {"shahed-136", "shahed-131"}
    assert (result.verdict.level, result.verdict.id) in {
        ("family", "delta-pusher"),
        ("type", "shahed-136"),
    }
    assert result.would_settle


@pytest.mark.parametrize("place", ["uzunkol", "abdolla", "kamysty"])
def test_fragments_without_a_size_stay_insufficient(
    say: Callable[[str], Result], place: str
) -> None:
    result = say(f"zhanibek-{place}-2025-03")
    assert result.verdict.level == "insufficient"
    assert result.candidates == ()


@pytest.mark.parametrize("name", ["mangystau-2025-06-19", "qyzyltal-2025-10-23"])
def test_a_colour_or_a_warning_names_nothing(say: Callable[[str], Result], name: str) -> None:
    result = say(name)
    assert max((one.confidence for one in result.candidates[1:]), default=0) < 0.05
    assert (result.verdict.level, result.verdict.rule) == ("insufficient", "little-evidence")


def test_the_answers_are_printed_and_written(
    weigher: Weigher,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(EXAMPLES, "ANSWERS", tmp_path / "answers")
    monkeypatch.setattr(EXAMPLES, "Weigher", lambda *_: weigher)
    monkeypatch.setattr(EXAMPLES, "shipped_release", lambda: None)
    EXAMPLES.main()
    printed = capsys.readouterr().out
    for name, find in FINDS.items():
        assert name in printed
        written = Result.model_validate_json((tmp_path / f"answers/{name}.json").read_text())
        assert written.evidence == find.evidence
    assert FINDS["zhanibek-kamysty-2025-03"].evidence == Evidence()
