"""The verbs of engineers: render, train, evaluate, compare; all need the `train` extra."""

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wreckid.datasets.spread import EngineName

if TYPE_CHECKING:
    from wreckid.datasets.spread import Engine

app = typer.Typer()

Folder = Annotated[
    Path,
    typer.Argument(
        help="A rendered set, a set of photos, or a folder of labels.",
        exists=True,
        file_okay=False,
    ),
]
Backgrounds = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Real photos (JPEG) without UAVs."),
]
Lights = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Environment maps (EXR).")
]


@app.command()
def render(
    count: Annotated[int, typer.Option(min=1, help="Pictures in the finished set.")],
    out: Annotated[Path, typer.Option(help="Folder of the set; an unfinished one goes on.")],
    size: Annotated[int, typer.Option(min=32, max=2048, help="Side in pixels.")] = 224,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other pictures.")] = 0,
    views: Annotated[int, typer.Option(min=1, help="Pictures of each wreck.")] = 1,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Sketch wrecks before photos: rougher, many times faster."),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Draw only this type; repeatable."),
    ] = None,
    engine: Annotated[
        EngineName, typer.Option(help="Draw on this machine or on a Ray cluster.")
    ] = "local",
    backgrounds: Backgrounds = None,
    lights: Lights = None,
    sheet: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A contact sheet of the first pictures.")
    ] = None,
) -> None:
    """Render labelled pictures of wrecks from the catalogue."""
    from rich.progress import track

    from wreckid.datasets.catalogue import catalogue
    from wreckid.datasets.contact import SHOWN, contact_sheet
    from wreckid.datasets.errors import refuse_unless_drawable
    from wreckid.datasets.places.surroundings import Surroundings
    from wreckid.datasets.render import RenderJob, subjects
    from wreckid.datasets.render import render as render_pictures

    if sheet is not None:
        refuse_unless_drawable(sheet, ".png", ".jpg", ".jpeg")
    around = Surroundings(_files(backgrounds, ".jpg", ".jpeg"), _files(lights, ".exr"))
    drawn = subjects(catalogue(), only)
    job = RenderJob(drawn, around, seed, size, out, views, quick)
    rows = iter(track(render_pictures(job, count, _engine(engine)), "Rendering", total=count))
    first = list(islice(rows, SHOWN))
    pictures = len(first) + sum(1 for _ in rows)
    if sheet is not None:
        contact_sheet(out, first).save(sheet)
    typer.echo(f"{pictures} pictures: {out}")


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
    config: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="A YAML file.")
    ] = None,
    from_release: Annotated[
        str | None, typer.Option(help="Folder of a release to go on from, without CONFIG.")
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A set of your own photos to learn."),
    ] = None,
    renders: Annotated[
        Path, typer.Option(file_okay=False, help="Rendered sets train and heldout, mixed in.")
    ] = Path("renders"),
) -> None:
    """Fine-tune a network as a configuration says, or a release on your own photos."""
    from wreckid.training.config import TrainConfig
    from wreckid.training.finetune import finetune

    if config and not from_release and not photos:
        settings = TrainConfig.read(config)
    elif from_release and photos and not config:
        from wreckid.model.release import find_release
        from wreckid.training.ownphotos import gentle_config

        settings = gentle_config(find_release(from_release), photos, renders)
    else:
        raise typer.BadParameter("Name a CONFIG, or both --from-release and --photos.")
    run = finetune(settings, out)
    typer.echo(f"{len(run.classes)} classes from {run.pictures} pictures: {out}")


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Folder of a release.")],
    second: Annotated[str, typer.Argument(metavar="B", help="Another release.")],
    data: Folder,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Say whether release B names more photos rightly than A, photo by photo."""
    from wreckid.datasets.catalogue import catalogue
    from wreckid.model.release import find_release
    from wreckid.serving.classifier import Classifier
    from wreckid.training.compare import compare as compared

    releases = (find_release(first), find_release(second))
    ours, theirs = (Classifier(release, catalogue()) for release in releases)
    comparison = compared(ours, theirs, data)
    if as_json:
        typer.echo(json.dumps(comparison.as_json(), indent=1, ensure_ascii=False))
    else:
        from rich.console import Console

        Console().print(comparison.view())


@app.command()
def evaluate(
    release: Annotated[str, typer.Argument(help="Folder of a release.")],
    data: Folder,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for figures.json and report.html.")
    ] = None,
    corruptions: Annotated[
        bool, typer.Option(help="Judge again under six corruptions at five levels.")
    ] = False,
) -> None:
    """Print the figures of a release on labelled photos as JSON, or write them with a report."""
    from wreckid.datasets.catalogue import catalogue
    from wreckid.model.release import find_release
    from wreckid.serving.classifier import Classifier
    from wreckid.training.judging.figures import evaluate as evaluated
    from wreckid.training.judging.report import write_evaluation

    classifier = Classifier(find_release(release), catalogue())
    evaluation = evaluated(classifier, data, corruptions)
    if out is None:
        typer.echo(json.dumps(evaluation.figures, indent=1, ensure_ascii=False))
    else:
        typer.echo(f"Report: {write_evaluation(out, evaluation, classifier)}")


def _engine(name: EngineName) -> "Engine":
    if name == "local":
        from wreckid.datasets.spread import on_processes

        return on_processes
    from wreckid.datasets.cluster import join, on_cluster

    join()
    return on_cluster


def _files(folder: Path | None, *endings: str) -> tuple[Path, ...]:
    """The files right in a folder whose names end so, in small letters or capitals."""
    if folder is None:
        return ()
    files = [file for file in folder.absolute().iterdir() if file.suffix.lower() in endings]
    if not files:
        raise typer.BadParameter(
            f"{folder} holds no file that ends in {' or '.join(endings)}: name another folder."
        )
    return tuple(sorted(files))
