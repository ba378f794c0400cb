"""The database: SQLite beside the uploads, or PostgreSQL by URL; one writer at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wreckid.datasets.errors import SetupError

FILE, JOBS = "store.sqlite", "jobs"
"""Where SQLite and the jobs lie in the folder of a store."""
MIGRATIONS = Path(__file__).with_name("migrations")
WAIT_S = 10
"""How long a writer waits for another."""
PURGE_S = 1
"""How long writers wait for readers of what was deleted."""
LOCK = 0x77726563
"""The advisory lock that writers of one PostgreSQL database take."""
UNREACHABLE = (DBAPIError, PoolTimeoutError)
"""What a database raises that cannot be reached, or has no room or no time for a writer."""


def must_be_there(folder: Path, url: str | None) -> None:
    """Refuse to look into a database that looking would only make.

    Args:
        folder: of a store.
        url: of another database, if the store has one.

    Raises:
        SetupError: the store keeps no database of its own, and no other is named.
    """
    if url is None and not (folder / FILE).is_file():
        raise SetupError(f"{folder} holds no {FILE}: name its database with --database.")


class Database:
    """A database with all migrations done; may be shared by threads and replicas."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """Open it, and make or bring up to date its tables.

        Args:
            folder: where SQLite keeps its file.
            url: of another database, as SQLAlchemy takes it.

        Raises:
            SetupError: it cannot be opened.
        """
        try:
            self._engine = _engine(url or f"sqlite:///{folder / FILE}")
            self._readers = _readers(self._engine)
            with self.writing() as connection:
                _migrate(connection)
        except (ArgumentError, DBAPIError) as error:
            raise SetupError(f"The database cannot be opened: {error.args[0]}.") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database."""
        with self._readers.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer can overlap."""
        engine = self._engine.execution_options(writing=True)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
                connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield connection

    def purge(self) -> None:
        """Let SQLite's log of writes hold nothing that was deleted; later, if readers hold it."""
        if self._engine.dialect.name == "sqlite":
            file = self._engine.url.database or ":memory:"
            with (
                suppress(sqlite3.OperationalError),
                closing(sqlite3.connect(file, timeout=PURGE_S)) as connection,
            ):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def answers(self) -> bool:
        """Whether the database can be reached."""
        try:
            with self.reading() as connection:
                return bool(connection.execute(select(1)).scalar())
        except UNREACHABLE:
            return False

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def _engine(url: str) -> Engine:
    driver = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(driver, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _calm)
        event.listen(engine, "begin", _begin)
    return engine


def _readers(engine: Engine) -> Engine:
    """Transactions that see one state throughout; PostgreSQL has to be asked for that."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine


def _calm(connection: Any, _: object) -> None:
    """Transactions as asked for, not as Python's driver guesses; readers never wait for writers."""
    connection.isolation_level = None
    for setting in (
        "journal_mode = wal",
        "synchronous = full",
        "foreign_keys = on",
        "secure_delete = on",
    ):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(f"PRAGMA busy_timeout = {WAIT_S * 1000}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
