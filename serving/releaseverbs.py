"""The verbs for releases: make one of a run, and say what is in one."""

from pathlib import Path
from typing import Annotated

import typer

from wreckid.serving.verbgroup import VerbGroup


class _Release(VerbGroup):
    default = "make"


app = typer.Typer(
    cls=_Release, help="Make a release: `wreckid release RUN …`, or say what is in one."
)


@app.command()
def make(
    run: Annotated[Path, typer.Argument(help="A run.", exists=True, file_okay=False)],
    name: Annotated[str, typer.Option(help="Name of the release.")],
    version: Annotated[str, typer.Option(help="Version of the release.")],
    out: Annotated[Path, typer.Option(help="Folder of releases.")] = Path("releases"),
    heldout: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Rendered set to measure on; else half of the run's held-out pictures.",
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Labelled real photos to measure on."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Other labelled real photos, to fit confidence on if they are enough.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=32, max=1024, help="Input side in pixels; by default that of the last epoch."
        ),
    ] = None,
) -> None:
    """Calibrate, export and measure a run, and write it down as a release."""
    from wreckid.training.publish import Publication, publish
    from wreckid.training.run import read_run

    wanted = Publication(name, version, out, heldout, photos, calibration, size)
    typer.echo(f"Released: {publish(read_run(run), wanted).folder}")


@app.command()
def inspect(
    release: Annotated[
        str, typer.Argument(help="Folder of a release; the shipped one also by its name.")
    ],
) -> None:
    """Verify every file of a release and say what is in it and what it was made from."""
    from rich.console import Console

    from wreckid.datasets.catalogue import catalogue
    from wreckid.model.release import find_release
    from wreckid.serving.inspection import release_view

    Console().print(release_view(find_release(release), catalogue()))
