"""What senders have published, kept in the data folder: a restart asks nobody to return."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import structlog

from fluent_connect.ingest.verify.published import Published
from fluent_connect.model.errors import MalformedError

FILE = "published.json"
_LARGEST = 64 * 1024 * 1024


class _Keys(msgspec.Struct, frozen=True):
    body: bytes
    fetched: float


class _Kept(msgspec.Struct, frozen=True):
    certificates: Mapping[str, bytes] = {}
    key_sets: Mapping[str, _Keys] = {}


class Remembered:
    """The file of a data folder in which keys and certificates outlive the process.

    It proves no more than the folder does: whoever may write there owns the store as well. A file
    that cannot be read or written is told of, and costs a fetch after the next start.
    """

    def __init__(
        self, folder: Path, published: Published, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._path = folder / FILE
        self._published = published
        self._one = asyncio.Lock()
        self._told = False
        self._log = structlog.get_logger("fluent_connect")

    def recall(self) -> None:
        """Trust again what was trusted: certificates that hold, key sets that a door asks for."""
        try:
            kept = msgspec.json.decode(_read(self._path), type=_Kept)
            for url, text in kept.certificates.items():
                self._published.certificates.take(url, text)
            self._published.certificates.drop_ended(self._clock())
            for url, keys in kept.key_sets.items():
                if url in self._published.key_sets:
                    self._published.key_sets[url].take(keys.body, keys.fetched)
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, MalformedError) as error:
            self._complain("read", error)

    async def keep(self) -> None:
        """Write down all that is known, or leave the file as it was."""
        published = self._published
        kept = _Kept(
            published.certificates.known,
            {
                url: _Keys(each.body, each.fetched)
                for url, each in published.key_sets.items()
                if each.fetched is not None
            },
        )
        try:
            async with self._one:
                await asyncio.to_thread(_replace, self._path, msgspec.json.encode(kept))
        except OSError as error:
            self._complain("written", error)

    def _complain(self, what: str, error: Exception) -> None:
        if self._told:
            return
        self._told = True
        self._log.warning(
            f"keys of doors could not be {what}", file=str(self._path), why=str(error)
        )


def _read(path: Path) -> bytes:
    """Return what the file holds. Raise MalformedError if that cannot be ours, or OSError."""
    if path.stat().st_size > _LARGEST:
        raise MalformedError("too large")
    return path.read_bytes()


def _replace(path: Path, body: bytes) -> None:
    """Write the file so that a crash leaves the old one or the new one. Raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(number, "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
