"""The command `wreckid`; what is heavy is imported inside the verb that needs it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wreckid.datasets.errors import SetupError
from wreckid.serving import options, workshop

if TYPE_CHECKING:
    from wreckid.datasets.catalogue import UavType
    from wreckid.model.release import Release
    from wreckid.serving.classifier import Classifier

NO_PHOTO_READ = 1
WRONG_USE = 2

app = typer.Typer(
    name="wreckid",
    help="Suggest which type of UAV a wreck came from. A lead for investigators, no more.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(workshop.app)

ReleaseFolder = Annotated[
    Path | None,
    typer.Option("--release", help="A release folder; the shipped one by default."),
]
ExistingFolder = Annotated[
    Path, typer.Argument(help="A folder of photos.", exists=True, file_okay=False)
]
ExistingFiles = Annotated[
    list[Path] | None, typer.Argument(help="Photos of one wreck.", exists=True, dir_okay=False)
]


@app.command()
def classify(
    context: typer.Context,
    photos: ExistingFiles = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    release: ReleaseFolder = None,
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
    from wreckid.serving.intake import read_photo

    evidence = options.evidence_of(context.params)
    if not photos and not evidence.speaks:
        raise typer.BadParameter("Name at least one photo, or give what was measured or seen.")
    classifier = _classifier(release)
    result = classifier.classify(
        [read_photo(photo, photo.name) for photo in photos or []], evidence
    )
    if as_json:
        typer.echo(result.model_dump_json(indent=2))
    else:
        from rich.console import Console

        from wreckid.serving.tables import result_view

        Console().print(result_view(result, classifier.catalogue))
    if photos and all(photo.failure for photo in result.photos):
        raise typer.Exit(NO_PHOTO_READ)


@app.command()
def batch(
    folder: ExistingFolder,
    out: Annotated[Path, typer.Option(help="Where results.jsonl and results.csv go.")],
    items: Annotated[bool, typer.Option("--items", help="Each sub-folder is one wreck.")] = False,
    release: ReleaseFolder = None,
) -> None:
    """Judge every photo below a folder, each as a wreck of its own."""
    from rich.console import Console
    from rich.progress import track

    from wreckid.serving.folder import classify_items, folder_items, photo_items

    if out.resolve() == folder.resolve():
        raise typer.BadParameter("--out must be another folder than that of the photos.")
    classifier = _classifier(release)
    found = folder_items(folder, out) if items else photo_items(folder, out)
    progress = track(found, "Classifying", console=Console(stderr=True))
    summary = classify_items(folder, progress, classifier, out)
    typer.echo(
        f"{summary.items} items, {summary.photos} photos, {summary.unreadable} unreadable: {out}"
    )
    if summary.photos == summary.unreadable:
        raise typer.Exit(NO_PHOTO_READ)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    release: ReleaseFolder = None,
) -> None:
    """Serve the page and the API."""
    import uvicorn

    from wreckid.serving.api import create_app

    uvicorn.run(create_app(_release(release)), host=host, port=port)


@app.command()
def types(
    uav_id: Annotated[str | None, typer.Argument(metavar="ID", help="One type.")] = None,
    three_view: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the type into a PNG file.")
    ] = None,
) -> None:
    """List the types of the catalogue, or show one."""
    from rich.console import Console

    from wreckid.datasets.catalogue import catalogue
    from wreckid.serving.tables import type_view, types_view

    if uav_id is None:
        if three_view is not None:
            raise typer.BadParameter("Name the type to draw: wreckid types ID --three-view PNG.")
        Console().print(types_view(catalogue()))
    elif three_view is not None:
        _draw(_type(uav_id), three_view)
    else:
        Console().print(type_view(_type(uav_id), catalogue()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an expected failure is one sentence on stderr."""
    try:
        app(args=arguments)
    except SetupError as error:
        _stop(str(error))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("wreckid"):
            raise
        install = f'{sys.executable} -m pip install "wreckid[train]"'
        _stop(f"{error.name} is missing; this installs it: {install}")


def _stop(sentence: str) -> None:
    typer.echo(sentence, err=True)
    sys.exit(WRONG_USE)


def _release(folder: Path | None) -> "Release":
    from wreckid.model.release import read_release, shipped_release

    return shipped_release() if folder is None else read_release(folder)


def _classifier(folder: Path | None) -> "Classifier":
    from wreckid.datasets.catalogue import catalogue
    from wreckid.serving.classifier import Classifier

    return Classifier(_release(folder), catalogue())


def _type(uav_id: str) -> "UavType":
    from wreckid.datasets.catalogue import catalogue

    if uav_id not in catalogue().types:
        raise typer.BadParameter(f"There is no type {uav_id}: `wreckid types` lists them.")
    return catalogue().types[uav_id]


def _draw(uav: "UavType", file: Path) -> None:
    if file.suffix.lower() != ".png":
        raise typer.BadParameter(f"{file} must end in .png.")
    from wreckid.datasets.threeview import three_view

    three_view(uav).save(file)
    typer.echo(f"{uav.name}: {file}")
