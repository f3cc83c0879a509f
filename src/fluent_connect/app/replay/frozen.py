"""A selection of messages that stays as it was made, in a file beside the store."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from fluent_connect.model.errors import ConfigError
from fluent_connect.model.message import Message

_FOLDER = "replays"
_CANCELLED = ".cancelled"


class NoSelectionError(ConfigError):
    """There is no selection of that name, or it was cancelled."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is to be put, as it will be put.

    origin: the ct-queue parcel that the first one came from, if its bytes are still kept.
    """

    message: Message
    origin: str | None = None
    ordered: bool = False


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What a selection is: how it is called, when and how it was made, and how many there are."""

    run: str
    at: float
    what: str
    count: int
    rate: float


_item = msgspec.json.Decoder(Item)
_head = msgspec.json.Decoder(Head)
_encode = msgspec.json.encode


def new_run(now: float | None = None) -> str:
    """Return a name for a selection: the time, so that names sort as they were made."""
    moment = time.time() if now is None else now
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(moment)) + f"-{int(moment * 1000) % 1000:03d}"


def freeze(folder: Path, head: Head, items: Iterable[Item]) -> Path:
    """Keep a selection; return once it would survive a crash."""
    path = _path(folder, head.run)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        file.write(_encode(head) + b"\n")
        for item in items:
            file.write(_encode(item) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
    return path


def head_of(folder: Path, run: str) -> Head:
    """Return what a selection is. Raise NoSelectionError if there is none that may go on."""
    path = _path(folder, run)
    if path.with_suffix(_CANCELLED).exists():
        raise NoSelectionError(f"replay {run} was cancelled")
    if not path.exists():
        known = ", ".join(sorted(each.stem for each in path.parent.glob("*.jsonl"))) or "none"
        raise NoSelectionError(f"there is no replay {run!r} (there are: {known})")
    with path.open("rb") as file:
        return _head.decode(file.readline())


def items_of(folder: Path, run: str) -> Iterator[Item]:
    """Yield the messages of a selection, one by one, in their order."""
    with _path(folder, run).open("rb") as file:
        file.readline()
        for line in file:
            yield _item.decode(line)


def cancel(folder: Path, run: str) -> Head:
    """Have a selection never go on again; what was put already stays put."""
    head = head_of(folder, run)
    path = _path(folder, run)
    path.rename(path.with_suffix(_CANCELLED))
    return head


def is_cancelled(folder: Path, run: str) -> bool:
    """Say whether somebody cancelled it meanwhile."""
    return not _path(folder, run).exists()


def _path(folder: Path, run: str) -> Path:
    return folder / _FOLDER / f"{Path(run).name}.jsonl"
