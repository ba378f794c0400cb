"""What is in a release, for the terminal of whoever was handed it."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from wreckid.datasets.catalogue import NOT_A_UAV, OWN_TYPES, Catalogue
from wreckid.model.release import Release


def release_view(release: Release, catalogue: Catalogue) -> RenderableType:
    """A verified release: its files, what it knows, what it was made from, its card."""
    facts = release.manifest
    strange = [name for name in facts.classes if name != NOT_A_UAV and name not in catalogue.types]
    return Group(
        Text(f"{facts.name} {facts.version}", style="bold"),
        Text(f"Every file is as the manifest names it. sha256 {release.sha256}"),
        _files(release),
        *(Text(line) for line in _made_from(release)),
        Text(f"Types: {', '.join(facts.classes)}"),
        *([Text(_missing(strange), style="yellow")] if strange else []),
        Markdown(release.card.read_text(encoding="utf-8")),
    )


def _files(release: Release) -> Table:
    table = Table("File", "Bytes", "sha256")
    for name, digest in sorted(release.manifest.files.items()):
        table.add_row(name, str((release.folder / name).stat().st_size), digest)
    return table


def _made_from(release: Release) -> Iterator[str]:
    training, start = release.manifest.training, release.manifest.starting_weights
    yield f"Trained on {training.pictures} pictures, none of them inside; code {training.commit}"
    yield f"Starting weights: {start.name}, {start.licence}"
    for name, digest in training.data.items():
        yield f"Data {name}: sha256 {digest}"


def _missing(types: list[str]) -> str:
    return (
        f"The catalogue here lacks {', '.join(types)}: ask for the files of these types, put them"
        f" into a folder, and name it in the variable {OWN_TYPES}."
    )
