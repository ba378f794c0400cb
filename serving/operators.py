"""The verbs of those who run the service: serve, keys."""

import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wreckid.datasets.errors import SetupError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from wreckid.serving.settings import Settings

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Addresses that only this machine itself can reach."""

BOUND = ("host", "port", "proxies", "end_s")
"""Settings that hold for as long as the process does."""

app = typer.Typer()
keys = typer.Typer(no_args_is_help=True)
app.add_typer(keys, name="keys", help="Make, list and revoke the keys of a service.")

Store = Annotated[
    Path, typer.Option(envvar="WRECKID_STORE", help="Folder of the service's keys and items.")
]
OptionalFolder = Annotated[
    Path | None,
    typer.Option(help="Folder of keys, items and uploads; without one nothing is kept."),
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8000.")] = None,
    release: Annotated[
        str | None, typer.Option(help="Folder of a release; the shipped one by default.")
    ] = None,
    store: OptionalFolder = None,
    settings: Annotated[
        Path | None, typer.Option(help="Settings in TOML.", exists=True, dir_okay=False)
    ] = None,
    show_settings: Annotated[
        bool, typer.Option("--show-settings", help="Print the settings in force, and end.")
    ] = False,
) -> None:
    """Serve the page and the API."""
    from wreckid.serving.settings import read_settings

    def read() -> "Settings":
        return read_settings(settings, host=host, port=port, release=release, store=store)

    chosen = read()
    if show_settings:
        typer.echo(chosen.model_dump_json(indent=2))
        return
    _refuse_taken(chosen.host, chosen.port)
    import uvicorn

    from wreckid.serving.handover import Handover
    from wreckid.serving.logs import log_as_json

    bound = {name: getattr(chosen, name) for name in BOUND}
    service = Handover(lambda: _service(read().model_copy(update=bound)))
    log_as_json()
    typer.echo(f"wreckid serves http://{chosen.host}:{chosen.port}; Ctrl-C ends it.")
    uvicorn.run(
        service,
        host=chosen.host,
        port=chosen.port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=chosen.proxies,
        timeout_graceful_shutdown=chosen.end_s,
    )


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Whose it is, as logs and histories say it.")],
    store: Store,
    role: Annotated[
        Literal["read", "work", "admin"],
        typer.Option(help="read: look; work: judge and change items; admin: delete as well."),
    ] = "work",
) -> None:
    """Make a key and print it, this once."""
    from wreckid.serving.doors.keys import Keys

    typer.echo(Keys(store).create(name, role))


@keys.command("list")
def list_keys(store: Store) -> None:
    """List the keys, by id; the keys themselves are kept nowhere."""
    from wreckid.serving.doors.keys import Keys

    for key in Keys(store).ring.keys:
        state = f"revoked {key.revoked:%Y-%m-%d}" if key.revoked else "holds"
        typer.echo(f"{key.id}  {key.role:5}  {key.created:%Y-%m-%d}  {state}  {key.name}")


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `wreckid keys list` shows it.")],
    store: Store,
) -> None:
    """Let a key, and every log-in with it, hold no longer."""
    from wreckid.serving.doors.keys import Keys

    Keys(store).revoke(key_id)
    typer.echo(f"{key_id} is revoked.")


def _refuse_taken(host: str, port: int) -> None:
    """See that no other program listens there.

    Raises:
        SetupError: one does.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SetupError(f"Port {port} is taken: name another with --port.") from error


def _service(settings: "Settings") -> "FastAPI":
    """The service, closed to other machines unless there are keys.

    Raises:
        SetupError: it is to listen elsewhere, and there are no keys.
    """
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from wreckid.model.release import find_release
    from wreckid.serving.api import create_app
    from wreckid.serving.doors.keys import Keys

    keyed = settings.store is not None and bool(Keys(settings.store).ring.keys)
    if not keyed and settings.host not in LOOPBACK:
        raise SetupError(
            f"{settings.host} can be reached by others, and there are no keys: make one with"
            " `wreckid keys create NAME --store DIR` and serve with --store DIR."
        )
    service = create_app(find_release(settings.release), settings)
    if not keyed:  # A foreign page may not reach this machine under a name of its own.
        names = [f"[{name}]" if ":" in name else name for name in LOOPBACK]
        service.add_middleware(TrustedHostMiddleware, allowed_hosts=names)
    return service
