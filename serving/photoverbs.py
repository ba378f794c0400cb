"""The verbs for a team's own labelled photos.

`check` and `split` need the `train` extra, `decided` needs `service`.
"""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wreckid.datasets.errors import SetupError

if TYPE_CHECKING:
    from wreckid.training.photos.findings import Finding

MOST_LINES = 5
"""Findings of a kind that are printed; the page has all."""
TO_BE_MENDED = 1

app = typer.Typer(
    help="Take in, check and split your own labelled photos; hand on those of decided items.",
    no_args_is_help=True,
)

PhotoSet = Annotated[
    Path, typer.Argument(metavar="SET", help="A set of photos.", exists=True, file_okay=False)
]


@app.command("import")
def import_(
    origin: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|CSV",
            help="Photos as TYPE/INCIDENT/photo or TYPE/INCIDENT/SOURCE/photo; or a table with the"
            " columns photo, type, incident, source and, if wanted, condition, licence, notes.",
            exists=True,
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="SET", help="Folder of the new set.")],
) -> None:
    """Copy labelled photos into a set; labels may be any names that the catalogue knows."""
    from wreckid.datasets.catalogue import catalogue
    from wreckid.training.photos.intake import import_photos

    taken = import_photos(origin, out, catalogue())
    for name, reason in taken.unreadable:
        typer.echo(f"Left out: {name}: {reason}")
    types = len({row.label for row in taken.rows})
    typer.echo(f"{len(taken.rows)} photos of {types} types: {out}")


@app.command()
def decided(
    store: Annotated[
        Path,
        typer.Argument(metavar="STORE", help="A service's store.", exists=True, file_okay=False),
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="For the photos and their table.")],
    database: Annotated[
        str | None,
        typer.Option(envvar="WRECKID_DATABASE", help="URL of the store's PostgreSQL database."),
    ] = None,
) -> None:
    """Hand on what people decided in a service: photos and a table to review and then import."""
    from wreckid.serving.store.database import must_be_there
    from wreckid.serving.store.decided import TABLE, hand_on
    from wreckid.serving.store.items import Items
    from wreckid.serving.store.uploads import is_store

    if not is_store(store):
        raise SetupError(f"{store} is no store of a service: name the folder of serve --store.")
    must_be_there(store, database)
    with closing(Items(store, database)) as items:
        handed = hand_on(items, out)
    typer.echo(f"{handed.photos} photos of {handed.items} decided items: {out / TABLE}")
    typer.echo(f"Of {handed.doubted} items the photos alone had said otherwise; they come first.")
    if handed.vague:
        typer.echo(f"{handed.vague} decided items name no type, and were left out.")


@app.command()
def check(
    place: PhotoSet,
    release: Annotated[
        str | None,
        typer.Option(help="Folder of the release that doubts labels; the shipped one by default."),
    ] = None,
) -> None:
    """Look for leaks, copies, likely label errors and poor photos; write a page to look through."""
    from wreckid.datasets.catalogue import catalogue
    from wreckid.model.release import find_release
    from wreckid.serving.classifier import Classifier
    from wreckid.training.photos.check import check as check_set
    from wreckid.training.photos.findings import MISTAKES
    from wreckid.training.photos.page import write_page

    checked = check_set(place, Classifier(find_release(release), catalogue()))
    _tell(checked.findings)
    typer.echo(f"All photos: {write_page(place, checked, catalogue())}")
    if any(finding.kind in MISTAKES for finding in checked.findings):
        raise typer.Exit(TO_BE_MENDED)


@app.command()
def split(
    place: PhotoSet,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="Another seed, another split.")] = 0,
    rare_to_train: Annotated[
        bool,
        typer.Option("--rare-to-train", help="Types without three incidents go to training alone."),
    ] = False,
) -> None:
    """Part a set into train, calibration and test with nothing in common between them."""
    from wreckid.training.photos.photoset import read_index
    from wreckid.training.photos.split import split_set

    sides = split_set(place, read_index(place), rare_to_train, seed)
    for side, rows in sides.items():
        types = len({row.label for row in rows})
        typer.echo(f"{len(rows)} photos of {types} types: {place / side}")


def _tell(findings: "tuple[Finding, ...]") -> None:
    from wreckid.training.photos.findings import HEADINGS

    counts = Counter(finding.kind for finding in findings)
    for kind, count in counts.items():
        typer.echo(f"{HEADINGS[kind]}: {count}")
        told = [finding.sentence for finding in findings if finding.kind == kind]
        for sentence in told[:MOST_LINES]:
            typer.echo(f"  {sentence}")
        if count > MOST_LINES:
            typer.echo(f"  and {count - MOST_LINES} more on the page")
    if not findings:
        typer.echo("Nothing was found.")
