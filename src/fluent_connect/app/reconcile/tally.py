"""Counts what a reconcile finds, and keeps what mends it on disk: memory stays flat."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Self

import msgspec

from fluent_connect.app.reconcile.finding import DRIFT, Class, Finding
from fluent_connect.app.replay.frozen import Item

_ITEM = msgspec.json.Decoder(Item)


class Tally:
    """What was found so far: by class and field; creates, updates, orders that would start."""

    def __init__(self) -> None:
        self.classes: Counter[Class] = Counter()
        self.fields: Counter[str] = Counter()
        self.creates = 0
        self.updates = 0
        self.deactivations = 0
        self.starts = 0

    def count(self, found: Finding, *, mended: bool) -> None:
        """Count one finding; mended: a message for it is among what would be put."""
        self.classes[found.class_] += 1
        for each in found.held:
            self.fields.update(f"{each.entity} {_plain(one.field)}" for one in each.differences)
        if not mended:
            return
        if found.class_ == "missing":
            self.creates += 1
            self.starts += found.type_id == "order"
        elif found.class_ == "extra":
            self.deactivations += 1
        else:
            self.updates += 1

    @property
    def seen(self) -> int:
        """Return how many resources were looked at."""
        return self.classes.total()

    @property
    def drift(self) -> int:
        """Return how many of them are not alike on both sides."""
        return sum(self.classes[each] for each in DRIFT)

    @property
    def unknown(self) -> int:
        """Return of how many nobody could find out."""
        return self.classes["unknown"]


class Spool:
    """Messages that wait to be put, in a file that nobody else sees."""

    def __init__(self) -> None:
        self.count = 0
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Forget the messages."""
        self._file.close()

    def add(self, item: Item) -> None:
        """Keep one more."""
        self._file.write(msgspec.json.encode(item) + b"\n")
        self.count += 1

    def __iter__(self) -> Iterator[Item]:
        self._file.seek(0)
        for line in self._file:
            yield _ITEM.decode(line)


def _plain(field: str) -> str:
    """Return a field without what tells one resource from another."""
    return "categories" if field.startswith("categories[") else field
