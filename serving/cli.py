"""The command `wreckid`; what is heavy is imported inside the verb that needs it."""

import errno
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wreckid.datasets.errors import SetupError
from wreckid.datasets.spread import EngineName
from wreckid.serving import operators, options, photoverbs, releaseverbs, typeverbs, workshop

if TYPE_CHECKING:
    from wreckid.model.evidence import Evidence as KnownEvidence
    from wreckid.serving.classifier import Classifier
    from wreckid.serving.intake import NamedBytes
    from wreckid.serving.pipeline import Judging
    from wreckid.serving.result import Result

NO_PHOTO_READ = 1
DIFFERENT = 1
WRONG_USE = 2
INTERRUPTED = 130

EXTRAS = {
    "alembic": "service",
    "bagit": "bag",
    "psycopg": "service",
    "ray": "cluster",
    "sqlalchemy": "service",
}
"""The extra that brings a library, where it is not `train`."""

ROOM = "make room there and repeat"
RIGHTS = "get the right to use it, or name another place"
OTHER_NAME = "name another place"
REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: ROOM,
    errno.EDQUOT: ROOM,
    errno.EACCES: RIGHTS,
    errno.EPERM: RIGHTS,
    errno.EROFS: RIGHTS,
    errno.EEXIST: OTHER_NAME,
    errno.EISDIR: OTHER_NAME,
    errno.ENOTDIR: OTHER_NAME,
    errno.ENAMETOOLONG: OTHER_NAME,
}
"""What to do where the system refuses; any other refusal is a fault of ours."""

app = typer.Typer(
    name="wreckid",
    help="Suggest which type of UAV a wreck came from. A lead for investigators, no more.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(operators.app)
app.add_typer(workshop.app)
app.add_typer(releaseverbs.app, name="release")
app.add_typer(photoverbs.app, name="photos")
app.add_typer(typeverbs.app, name="types")

ReleaseName = Annotated[
    str | None,
    typer.Option("--release", help="Folder of a release; the shipped one by default."),
]
Source = Annotated[
    Path,
    typer.Argument(
        help="A folder; a zip archive; a list (.txt) with a path a line; or a table (.csv) with"
        " the columns photo and item, and any measurements.",
        exists=True,
    ),
]
RunFolder = Annotated[
    Path, typer.Argument(help="The folder of a run.", exists=True, file_okay=False)
]
ProgressStyle = Literal["bar", "json", "quiet"]
ExistingFiles = Annotated[
    list[Path] | None, typer.Argument(help="Photos of one wreck.", exists=True, dir_okay=False)
]


def _tell_version(asked: bool) -> None:
    if asked:
        from wreckid.serving.provenance import code_version

        typer.echo(f"wreckid {code_version()}")
        raise typer.Exit


@app.callback()
def before_verbs(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_tell_version,
            is_eager=True,
            help="Print the version, as runs note it, and end.",
        ),
    ] = False,
) -> None:
    """Take the options that need no verb."""


@app.command()
def classify(
    context: typer.Context,
    photos: ExistingFiles = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    release: ReleaseName = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask this service instead of judging here.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(envvar="WRECKID_KEY", help="Of the service; better as WRECKID_KEY."),
    ] = None,
    lengths: options.Lengths = None,
    wing: options.Wing = None,
    wing_position: options.WingPosition = None,
    tail: options.Tail = None,
    tip_fins: options.TipFins = None,
    propulsion: options.Propulsion = None,
    propulsion_position: options.PropulsionPosition = None,
    engines: options.Engines = None,
    propeller_blades: options.PropellerBlades = None,
    landing_gear: options.LandingGear = None,
    colour: options.Colour = None,
    text: options.Text = None,
    part: options.Part = None,
    boxes: options.Boxes = None,
    prior: options.Prior = None,
) -> None:
    """Judge photos of one wreck, what was measured or seen on it, or both."""
    from wreckid.serving.intake import by_page, read_photo

    evidence = options.evidence_of(context.params)
    if not photos and not evidence.speaks:
        raise typer.BadParameter("Name at least one photo, or give what was measured or seen.")
    received = [read_photo(photo, photo.name) for photo in photos or []]
    if server is None:
        pages = [page for file in received for page in by_page(file)]
        result = _classifier(release).classify(pages, evidence)
    else:
        result = _asked(server, key, received, evidence)
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        from rich.console import Console

        from wreckid.datasets.catalogue import catalogue
        from wreckid.serving.tables import result_view

        Console().print(result_view(result, catalogue()))
    if photos and all(photo.failure for photo in result.photos):
        raise typer.Exit(NO_PHOTO_READ)


@app.command()
def batch(
    source: Source,
    out: Annotated[Path, typer.Option(help="Folder of the run; an unfinished one goes on.")],
    items: Annotated[bool, typer.Option("--items", help="Each sub-folder is one wreck.")] = False,
    cameras: Annotated[
        bool, typer.Option("--cameras", help="Show camera, time and place in the report.")
    ] = False,
    engine: Annotated[
        EngineName, typer.Option(help="Judge on this machine or on a Ray cluster.")
    ] = "local",
    show: Annotated[ProgressStyle, typer.Option("--progress", help="On stderr.")] = "bar",
    release: ReleaseName = None,
) -> None:
    """Judge every photo below a folder, each as a wreck of its own, and seal the run."""
    from wreckid.serving.folder import Wanted, open_run
    from wreckid.serving.interrupt import asked_to_stop
    from wreckid.serving.progress import progress

    if out.resolve() == source.resolve():
        raise typer.BadParameter("--out must be another folder than that of the photos.")
    wanted, judging = Wanted(source, out, items, cameras), _judging(engine)
    with open_run(wanted, _classifier(release)) as run, asked_to_stop() as stop:
        if not run.sealed:
            with progress(show, run.done, run.planned) as watch:
                run.go_on(watch, stop, judging)
            if run.done < run.planned:
                typer.echo(f"Stopped after {run.done} of {run.planned} items: repeat to go on.")
                raise typer.Exit(INTERRUPTED)
            run.seal()
        counts = run.counts
        typer.echo(
            f"{counts.items} items, {counts.photos} photos, {counts.unreadable} unreadable: {out}"
        )
        typer.echo(f"Seal, to be noted elsewhere: {run.log.head}")
    if counts.photos == counts.unreadable:
        raise typer.Exit(NO_PHOTO_READ)


@app.command()
def verify(
    out: Annotated[
        Path, typer.Argument(help="The folder of a run or a store.", exists=True, file_okay=False)
    ],
    evidence: Annotated[
        Path | None,
        typer.Option(
            help="The photos of the run, where they lie now; without it no photo is checked.",
            exists=True,
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(envvar="WRECKID_DATABASE", help="URL of a store's PostgreSQL database."),
    ] = None,
) -> None:
    """Name every photo, row and log line of a run or a store that was changed behind its back."""
    from wreckid.serving.store.uploads import is_store

    if is_store(out):
        from wreckid.serving.store.audit import verify_store

        found, head = verify_store(out, database)
        _end_at_differences(found)
        typer.echo(f"{out} is as its log tells; its last line is {head}.")
        return
    from wreckid.serving.verify import seal_of
    from wreckid.serving.verify import verify as differences

    _end_at_differences(differences(out, evidence))
    typer.echo(f"{out} is as it was sealed; its seal is {seal_of(out)}.")


@app.command()
def replay(
    out: RunFolder,
    evidence: Annotated[
        Path | None,
        typer.Option(
            help="The photos of the run, where they lie now; by default where they lay.",
            exists=True,
        ),
    ] = None,
    release: ReleaseName = None,
) -> None:
    """Judge the photos of a run again and name every item that gets another answer."""
    from wreckid.serving.replay import replay as differences

    _end_at_differences(differences(out, evidence, _classifier(release)))
    typer.echo(f"{out} gives the same answers again.")


@app.command()
def bag(
    out: RunFolder,
    target: Annotated[Path, typer.Argument(metavar="BAG", help="A new folder.")],
    evidence: Annotated[
        Path, typer.Option(help="The photos of the run, where they lie now.", exists=True)
    ],
) -> None:
    """Copy a sealed run and its photos into a BagIt bag, to be handed over."""
    from wreckid.serving.bag import make_bag

    typer.echo(f"{target}: seal {make_bag(out, evidence, target)}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an expected failure is one sentence on stderr."""
    try:
        app(args=arguments, prog_name="wreckid")
    except SetupError as error:
        _stop(str(error))
    except OSError as error:
        remedy = REMEDIES.get(error.errno or 0)
        if remedy is None:
            raise
        _stop(f"{_place(error)}: {error.strerror}: {remedy}.")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("wreckid"):
            raise
        extra = EXTRAS.get(error.name, "train")
        install = f'{sys.executable} -m pip install "wreckid[{extra}]"'
        _stop(f"{error.name} is missing; this installs it: {install}")


def _place(error: OSError) -> str:
    """Where the system refused; it does not say which file had no more room."""
    return "The disk" if error.filename is None else os.fsdecode(error.filename)


def _end_at_differences(differences: Iterable[str]) -> None:
    """Print what differs, a sentence a line, and end there if anything does."""
    same = True
    for sentence in differences:
        same = False
        typer.echo(f"{sentence}.")
    if not same:
        raise typer.Exit(DIFFERENT)


def _stop(sentence: str) -> None:
    typer.echo(sentence, err=True)
    sys.exit(WRONG_USE)


def _classifier(name: str | None) -> "Classifier":
    from wreckid.datasets.catalogue import catalogue
    from wreckid.model.release import find_release
    from wreckid.serving.classifier import Classifier

    return Classifier(find_release(name), catalogue())


def _judging(engine: EngineName) -> "Judging":
    if engine == "local":
        from wreckid.serving.pipeline import judge_here

        return judge_here
    from wreckid.datasets.cluster import join
    from wreckid.serving.cluster import judge_on_cluster

    join()
    return judge_on_cluster


def _asked(
    server: str, key: str | None, photos: "Sequence[NamedBytes]", evidence: "KnownEvidence"
) -> "Result":
    """The result that a service gives; without photos there is only evidence to weigh."""
    from wreckid.serving.client import Client
    from wreckid.serving.result import Sighting

    with Client(server, key) as client:
        if photos:
            return client.classify(photos, evidence)
        return client.weigh(Sighting(photos=()), evidence)
