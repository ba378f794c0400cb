"""The verbs for the catalogue's types: show them, and check the file of a new one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wreckid.datasets.errors import refuse_unless_drawable
from wreckid.serving.verbgroup import VerbGroup

if TYPE_CHECKING:
    from wreckid.datasets.catalogue import UavType


def _drawable(file: Path | None) -> Path | None:
    if file is not None:
        refuse_unless_drawable(file, ".png")
    return file


ThreeView = Annotated[
    Path | None,
    typer.Option(metavar="PNG", callback=_drawable, help="Draw the type into a PNG file."),
]


class _Types(VerbGroup):
    default = "show"


app = typer.Typer(
    cls=_Types, help="List the types or show one: `wreckid types [ID]`; check a new one."
)


@app.command()
def show(
    uav_id: Annotated[str | None, typer.Argument(metavar="ID", help="One type.")] = None,
    three_view: ThreeView = None,
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


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A YAML file.", exists=True, dir_okay=False)],
    three_view: ThreeView = None,
) -> None:
    """Say whether the file of a new type can be used, and what it still lacks."""
    from wreckid.datasets.catalogue import catalogue
    from wreckid.datasets.newtype import check_type

    uav, remarks = check_type(file, catalogue())
    for remark in remarks:
        typer.echo(remark)
    typer.echo(f"{uav.name} can be used: {file}")
    if three_view is not None:
        _draw(uav, three_view)


def _type(uav_id: str) -> "UavType":
    from wreckid.datasets.catalogue import catalogue

    if uav_id not in catalogue().types:
        raise typer.BadParameter(f"There is no type {uav_id}: `wreckid types` lists them.")
    return catalogue().types[uav_id]


def _draw(uav: "UavType", file: Path) -> None:
    from wreckid.datasets.airframes.threeview import three_view

    three_view(uav).save(file)
    typer.echo(f"{uav.name}: {file}")
