"""The verbs of engineers: render, train, release, evaluate; all need the `train` extra."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

Folder = Annotated[Path, typer.Argument(exists=True, file_okay=False)]
Backgrounds = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Real photos (JPEG) without UAVs."),
]
Lights = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Environment maps (EXR).")
]
Photos = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Labelled real photos to measure on."),
]

Heldout = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Rendered set to measure on; else half of the run's held-out pictures.",
    ),
]
Fitting = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Other labelled real photos, to fit confidence on if they are enough.",
    ),
]


@app.command()
def render(
    count: Annotated[int, typer.Option(min=1, help="Pictures in the finished set.")],
    out: Annotated[Path, typer.Option(help="Folder of the set; an unfinished one goes on.")],
    size: Annotated[int, typer.Option(min=32, max=2048, help="Side in pixels.")] = 224,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other pictures.")] = 0,
    views: Annotated[int, typer.Option(min=1, help="Pictures of each wreck.")] = 1,
    backgrounds: Backgrounds = None,
    lights: Lights = None,
    sheet: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A contact sheet of the first pictures.")
    ] = None,
) -> None:
    """Render labelled pictures of wrecks from the catalogue."""
    from rich.progress import track

    from wreckid.datasets.catalogue import catalogue
    from wreckid.datasets.contact import contact_sheet
    from wreckid.datasets.render import RenderJob, subjects
    from wreckid.datasets.render import render as render_pictures
    from wreckid.datasets.surroundings import Surroundings

    around = Surroundings(_files(backgrounds, "*.jpg"), _files(lights, "*.exr"))
    job = RenderJob(subjects(catalogue()), around, seed, size, out, views)
    rows = list(track(render_pictures(job, count), "Rendering", total=count))
    if sheet is not None:
        contact_sheet(out, rows).save(sheet)
    typer.echo(f"{len(rows)} pictures: {out}")


@app.command()
def train(
    config: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A YAML file.")],
    out: Annotated[Path, typer.Option(help="Folder of the run.")],
) -> None:
    """Fine-tune a network as a configuration says."""
    from wreckid.training.config import TrainConfig
    from wreckid.training.finetune import finetune

    run = finetune(TrainConfig.read(config), out)
    typer.echo(f"{len(run.classes)} classes from {run.pictures} pictures: {out}")


@app.command()
def release(
    run: Folder,
    name: Annotated[str, typer.Option(help="Name of the release.")],
    version: Annotated[str, typer.Option(help="Version of the release.")],
    out: Annotated[Path | None, typer.Option(help="Where; beside the shipped one.")] = None,
    heldout: Heldout = None,
    photos: Photos = None,
    calibration: Fitting = None,
) -> None:
    """Calibrate, export and measure a run, and write it down as a release."""
    from wreckid.model.release import RELEASED
    from wreckid.training.finetune import read_run
    from wreckid.training.publish import Publication, publish

    wanted = Publication(name, version, out or RELEASED, heldout, photos, calibration)
    typer.echo(f"Released: {publish(read_run(run), wanted).folder}")


@app.command()
def evaluate(
    release: Folder,
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
    from wreckid.model.release import read_release
    from wreckid.serving.classifier import Classifier
    from wreckid.training.judging.figures import evaluate as evaluated
    from wreckid.training.judging.report import write_evaluation

    classifier = Classifier(read_release(release), catalogue())
    evaluation = evaluated(classifier, data, corruptions)
    if out is None:
        typer.echo(json.dumps(evaluation.figures, indent=1, ensure_ascii=False))
    else:
        typer.echo(f"Report: {write_evaluation(out, evaluation, classifier)}")


def _files(folder: Path | None, pattern: str) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(pattern))) if folder else ()
