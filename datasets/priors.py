"""Priors: how common types are taken to be somewhere; off unless asked for by name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from wreckid.datasets.catalogue import (
    Catalogue,
    CatalogueError,
    Identifier,
    Source,
    catalogue,
    read_valid,
)

Weight = Annotated[float, Field(ge=0.01, le=100)]


class Prior(BaseModel):
    """A file of `datasets/priors`: edit it, and raise its version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    description: str
    source: Source
    weights: Mapping[Identifier, Weight] = Field(
        description="How many times as common as a type that is not named, by type."
    )


def read_prior(file: Path, known: Catalogue) -> Prior:
    """Read a prior from its YAML file.

    Raises:
        CatalogueError: the file cannot be read, is no YAML, breaks the schema, or names a type
            that the catalogue lacks.
    """
    prior = read_valid(file, "prior", Prior.model_validate)
    unknown = sorted(prior.weights.keys() - known.types.keys())
    if unknown:
        raise CatalogueError(
            f"{file.name} weighs {', '.join(unknown)}, which the catalogue lacks:"
            " correct it, or take it out."
        )
    return prior


@cache
def priors() -> Mapping[str, Prior]:
    """The priors that come with the package, by id.

    Raises:
        CatalogueError: a file is invalid or names a type that the catalogue lacks.
    """
    files = sorted(Path(__file__).with_name("priors").glob("*.yaml"))
    read = [read_prior(file, catalogue()) for file in files]
    return {prior.id: prior for prior in read}
