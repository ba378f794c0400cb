"""Priors: how common types are taken to be somewhere; off unless asked for by name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wreckid.datasets.catalogue import CatalogueError, Identifier, Source

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


def read_prior(file: Path) -> Prior:
    """Read a prior from its YAML file.

    Raises:
        CatalogueError: the file is no YAML or breaks the schema.
    """
    try:
        return Prior.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise CatalogueError(f"{file.name} is not a valid prior: {error}") from error


@cache
def priors() -> Mapping[str, Prior]:
    """The priors that come with the package, by id."""
    files = sorted(Path(__file__).with_name("priors").glob("*.yaml"))
    return {prior.id: prior for prior in map(read_prior, files)}
