"""API keys: made, kept as hashes in one file, revoked.

A key is 256 random bits, so that a plain SHA-256 of it is safe to keep: there is nothing to guess.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wreckid.datasets.errors import SetupError
from wreckid.serving.custody import write_whole

FILE = "keys.json"
MARK = "wk"
"""What keys begin with, so that people and scanners of leaks know one."""

Role = Literal["read", "work", "admin"]
ROLES: tuple[Role, ...] = ("read", "work", "admin")
"""Each may all that those before it may."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Key(_Frozen):
    """A key as it is kept."""

    id: str
    name: str = Field(description="Whose it is: what logs and histories call its holder.")
    role: Role
    sha256: str = Field(description="Of the whole key.")
    created: datetime
    revoked: datetime | None = None


class KeyRing(_Frozen):
    """The contents of a key file."""

    secret: str = Field(default_factory=lambda: secrets.token_hex(32), description="Of sessions.")
    keys: tuple[Key, ...] = ()

    def find(self, key_id: str) -> Key | None:
        """A key that holds, by its id."""
        return next((key for key in self.keys if key.id == key_id and key.revoked is None), None)

    def holder(self, presented: str) -> Key | None:
        """The key that was presented, if it holds."""
        found = self.find(presented.split("_")[1]) if presented.count("_") == 2 else None
        right = found is not None and hmac.compare_digest(found.sha256, _hash(presented))
        return found if right else None


class Keys:
    """The keys of a service; changes by the command line show at the next request."""

    def __init__(self, store: Path) -> None:
        self._file = store / FILE
        self._stamp: tuple[int, int] | None = None
        self._ring = KeyRing()

    @property
    def ring(self) -> KeyRing:
        """The keys as the file has them now; a file that goes missing opens no door.

        Raises:
            SetupError: the file cannot be read.
        """
        stamp = self._now()
        if stamp is not None and stamp != self._stamp:
            self._ring, self._stamp = self._read(), stamp
        return self._ring

    def create(self, name: str, role: Role) -> str:
        """Make a key; it is told once and kept as a hash."""
        key_id = secrets.token_hex(4)
        key = f"{MARK}_{key_id}_{secrets.token_hex(32)}"
        made = Key(id=key_id, name=name, role=role, sha256=_hash(key), created=datetime.now(UTC))
        with self._alone():
            ring = self._read()
            self._write(ring.model_copy(update={"keys": (*ring.keys, made)}))
        return key

    def revoke(self, key_id: str) -> None:
        """Let a key hold no longer; its name stays, for the histories that mention it.

        Raises:
            SetupError: no key that holds has this id.
        """
        with self._alone():
            ring = self._read()
            found = ring.find(key_id)
            if found is None:
                raise SetupError(f"No key {key_id} holds: `wreckid keys list` shows them.")
            ended = found.model_copy(update={"revoked": datetime.now(UTC)})
            kept = tuple(ended if key is found else key for key in ring.keys)
            self._write(ring.model_copy(update={"keys": kept}))

    def _alone(self) -> FileLock:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileLock(self._file.with_suffix(".lock"), timeout=10)

    def _now(self) -> tuple[int, int] | None:
        try:
            state = self._file.stat()
        except FileNotFoundError:
            return None
        return state.st_mtime_ns, state.st_ino

    def _read(self) -> KeyRing:
        try:
            return KeyRing.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return KeyRing()
        except (OSError, ValidationError) as error:
            raise SetupError(f"{self._file} cannot be read as a file of keys.") from error

    def _write(self, ring: KeyRing) -> None:
        write_whole(self._file, [ring.model_dump_json(indent=1).encode()], mode=0o600)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
