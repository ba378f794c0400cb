"""What a service is told: by options, environment (`WRECKID_…`) and file, in this order."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from wreckid.datasets.errors import SetupError, first_problem

MIB = 2**20


class Settings(BaseSettings):
    """The settings of a service."""

    model_config = SettingsConfigDict(env_prefix="WRECKID_", frozen=True, extra="forbid")

    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on.")] = 8000
    release: Annotated[
        str | None, Field(description="Folder of a release; the shipped one by default.")
    ] = None
    store: Annotated[
        Path | None,
        Field(description="Folder of keys, items and uploads; without one nothing is kept."),
    ] = None
    database: Annotated[
        SecretStr | None,
        Field(description="URL of a PostgreSQL database; SQLite in the store by default."),
    ] = None
    keep_days: Annotated[
        int | None,
        Field(ge=1, le=36500, description="Days that new items are kept; no end by default."),
    ] = None
    proxies: Annotated[
        str, Field(description="Addresses of proxies that are believed whom they speak for.")
    ] = "127.0.0.1"
    end_s: Annotated[
        int, Field(ge=0, description="Seconds that requests at work get when the service ends.")
    ] = 30
    photos: Annotated[int, Field(ge=1, le=1000, description="Most photos of a request.")] = 16
    photo_mib: Annotated[int, Field(ge=1, le=64, description="Most MiB of a photo.")] = 64
    request_mib: Annotated[int, Field(ge=1, le=4096, description="Most MiB of a request.")] = 256
    upload_s: Annotated[
        float, Field(gt=0, description="Most seconds that a request may take to come in.")
    ] = 300
    decoders: Annotated[
        int, Field(ge=1, le=256, description="Processes that decode photos; one a core by default.")
    ] = os.cpu_count() or 1
    decoder_mib: Annotated[
        int, Field(ge=512, description="Most MiB of memory of a decoding process.")
    ] = 3072
    decode_s: Annotated[
        float, Field(gt=0, description="Most seconds of computing to decode a photo.")
    ] = 20
    at_once: Annotated[
        int, Field(ge=1, description="Requests at work at once; more are refused with 503.")
    ] = 64
    per_minute: Annotated[
        int, Field(ge=1, description="Working requests a minute of a key; more get 429.")
    ] = 600

    def last_day(self) -> date | None:
        """The last day that an item made today is kept."""
        today = datetime.now(UTC).date()
        return None if self.keep_days is None else today + timedelta(days=self.keep_days)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options first, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(file: Path | None = None, **options: Any) -> Settings:
    """The settings in force.

    Args:
        file: a TOML file.
        options: given by name; None where not given.

    Raises:
        SetupError: a setting is unknown or wrong; the sentence names it.
    """

    class WithFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        given = {name: value for name, value in options.items() if value is not None}
        return Settings.model_construct(**dict(WithFile(**given)))
    except ValidationError as error:
        raise SetupError(f"The setting {first_problem(error.errors())}.") from error
    except (OSError, ValueError) as error:
        raise SetupError(f"{file} cannot be read as settings in TOML ({error}).") from error
