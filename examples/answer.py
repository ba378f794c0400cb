"""Say what the tool makes of each find: `python examples/answer.py [RELEASE]`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console

from wreckid.datasets.catalogue import catalogue
from wreckid.model.evidence import Evidence
from wreckid.model.release import read_release, shipped_release
from wreckid.serving.result import Result, Sighting
from wreckid.serving.tables import result_view
from wreckid.serving.weigher import Weigher

HERE = Path(__file__).parent
ANSWERS = HERE / "answers"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Claim(_Frozen):
    """What someone said that a find was; never shown to the tool."""

    says: str
    by: str
    url: Annotated[str, Field(pattern=r"^https?://")]


class Find(_Frozen):
    """A find: what was observed, the same as evidence, and apart from it what others claim."""

    id: str
    date: str
    place: str
    observed: tuple[str, ...]
    evidence: Evidence
    claims: tuple[Claim, ...]


def finds() -> tuple[Find, ...]:
    """Every find of this folder, by id."""
    files = sorted(HERE.glob("*.yaml"))
    return tuple(Find.model_validate(_read(file)) for file in files)


def answer(find: Find, weigher: Weigher) -> Result:
    """What the tool says of a find, from the evidence alone."""
    return weigher.weigh(Sighting(photos=()), find.evidence)


def main(release: Path | None = None) -> None:
    """Print and write the answer to each find."""
    weigher = Weigher(read_release(release) if release else shipped_release(), catalogue())
    ANSWERS.mkdir(exist_ok=True)
    for find in finds():
        result = answer(find, weigher)
        (ANSWERS / f"{find.id}.json").write_text(result.model_dump_json(indent=2) + "\n")
        console = Console()
        console.rule(f"{find.id}: {'; '.join(find.observed)}")
        console.print(result_view(result, weigher.catalogue))


def _read(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
