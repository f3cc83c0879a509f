"""Lets operations on the catalogue that are asked for at the same time share requests.

Nobody waits for others to come: what is asked for while requests are under way goes with the next.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
import structlog

from fluent_connect.clients.fluent.prepared import Operation, encode
from fluent_connect.clients.fluent.touched import Key, of_mutation
from fluent_connect.clients.trace import Trace

_PATIENCE = 100
"""Shared requests that must succeed before a limit that proved too high is raised again."""


class BatchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How many operations share a request, and how many requests are under way at once.

    most:       operations in one request; 1: each goes by itself.
    parallel:   requests under way for one retailer.
    complexity: of one request, as `document.py` counts it (Fluent takes 11,111).
    size:       bytes of one request (Fluent takes 2 MB).
    """

    most: int = 20
    parallel: int = 16
    complexity: int = 10_000
    size: int = 1_000_000


class Asked:
    """One operation of one message, that waits for its answer.

    alone: sends it by itself, as if there were no batches.
    """

    __slots__ = (
        "alone",
        "by_itself",
        "future",
        "makes",
        "needs",
        "operation",
        "size",
        "trace",
        "values",
        "weight",
    )

    def __init__(
        self,
        operation: Operation,
        variables: Mapping[str, object],
        trace: Trace,
        alone: Callable[[], Awaitable[Any]],
    ) -> None:
        part = operation.part
        self.operation = operation
        self.trace = trace
        self.alone = alone
        self.by_itself = part is None
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.values = {name: encode(value) for name, value in variables.items()}
        self.size = len(operation.text) + sum(map(len, self.values.values()))
        self.weight = part.weight(variables) if part else 0
        self.makes: Key | None = None
        self.needs: frozenset[Key] = frozenset()
        if part is not None and part.kind == "mutation":
            given = variables["input"]
            if isinstance(given, Mapping):
                self.makes, self.needs = of_mutation(operation.name, given)

    @property
    def creates(self) -> bool:
        """Say whether it makes something: what it came to must not be guessed."""
        return self.operation.name.startswith("create")

    def tell(self, result: object) -> None:
        """Hand the answer, or the error, to whoever waits for it."""
        if self.future.done():
            return
        if isinstance(result, BaseException):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Results(msgspec.Struct):
    """What came of a shared request: a value or an error each; `ALONE`: ask again by itself.

    too_much: it was refused for being too large, so that fewer should share the next one.
    """

    values: Sequence[object]
    too_much: bool = False


ALONE = object()
Share = Callable[[Sequence[Asked]], Awaitable[Results]]


class Batcher:
    """Sends what is asked for, in as few requests as there is need for.

    Only operations of one name share a request. Mutations that make what others of them need, or
    that are about one entity, never do, nor is one sent before what it needs is made, if that is
    asked for as well: whether Fluent carries them out one after the other is not documented.
    """

    def __init__(self, share: Share, settings: BatchSettings, timeout: float) -> None:
        self._share = share
        self._settings = settings
        self._least_lease = 2 * timeout
        self._most = settings.most
        self._good = 0
        self._waiting: list[Asked] = []
        self._making: Counter[Key] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self._called = False

    async def ask(self, asked: Asked) -> Any:
        """Return the answer to one operation, or raise its error."""
        self._waiting.append(asked)
        self._call()
        return await asked.future

    def close(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()

    def _call(self) -> None:
        """Look at what waits as soon as all have asked who run at this moment."""
        if not self._called and self._waiting:
            self._called = True
            asyncio.get_running_loop().call_soon(self._send_what_waits)

    def _send_what_waits(self) -> None:
        self._called = False
        while self._waiting and len(self._under_way) < self._settings.parallel:
            members = self._next()
            if not members:
                return
            self._making.update(each.makes for each in members if each.makes)
            task = asyncio.get_running_loop().create_task(self._send(members))
            self._under_way.add(task)

    def _next(self) -> list[Asked]:
        """Take those out of the queue that go with the next request: the first, and its like."""
        waiting = [each for each in self._waiting if not each.future.done()]
        coming = {each.makes for each in waiting if each.makes and each.creates}
        chosen = _Chosen(self._settings, self._most, self._least_lease)
        self._waiting = [
            each for each in waiting if self._is_held(each, coming) or not chosen.takes(each)
        ]
        if not chosen.members and self._waiting and not self._under_way:
            # They need each other: Fluent shall say what is wrong with that.
            chosen.takes(self._waiting.pop(0))
        return chosen.members

    def _is_held(self, asked: Asked, coming: AbstractSet[Key]) -> bool:
        """Say whether what it needs, or what it is about, is being written or waits to be made."""
        making = self._making
        if asked.makes is None or not (making or coming):
            return False
        return asked.makes in making or any(
            key in making or (key in coming and key != asked.makes) for key in asked.needs
        )

    async def _send(self, members: list[Asked]) -> None:
        try:
            if len(members) == 1:
                await _by_itself(members[0])
            else:
                await self._send_together(members)
        except asyncio.CancelledError:
            for each in members:
                each.future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - a bug belongs to those who wait
            for each in members:
                each.tell(error)
        finally:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - a coroutine runs in one
            self._under_way.discard(task)
            for each in members:
                if each.makes:
                    self._made(each.makes)
            self._call()

    def _made(self, key: Key) -> None:
        self._making[key] -= 1
        if not self._making[key]:
            del self._making[key]

    async def _send_together(self, members: list[Asked]) -> None:
        results = await self._share(members)
        again: list[Asked] = []
        for asked, result in zip(members, results.values, strict=True):
            if result is ALONE:
                asked.by_itself = True
                again.append(asked)
            else:
                asked.tell(result)
        self._waiting[:0] = again
        self._learn(len(members), too_much=results.too_much)

    def _learn(self, count: int, *, too_much: bool) -> None:
        """Let fewer share a request after one that was too much, and more again by and by."""
        if too_much:
            self._good, self._most = 0, max(1, min(self._most, count) // 2)
            structlog.get_logger(__name__).warning(
                "fluent refused a shared request", operations=count, next=self._most
            )
        elif self._most < self._settings.most:
            self._good += 1
            if self._good >= _PATIENCE:
                self._good, self._most = 0, min(self._most * 2, self._settings.most)


class _Chosen:
    """Collects the members of one request."""

    def __init__(self, settings: BatchSettings, most: int, least_lease: float) -> None:
        self.members: list[Asked] = []
        self._settings = settings
        self._most = most
        self._least_lease = least_lease
        self._weight = 1
        self._size = 0
        self._made: set[Key] = set()
        self._needed: set[Key] = set()
        self._full = False

    def takes(self, asked: Asked) -> bool:
        """Take it in if it may be the first, or go with the others."""
        if self._full or (self.members and not self._suits(asked)):
            return False
        self.members.append(asked)
        self._weight += asked.weight
        self._size += asked.size
        self._needed |= asked.needs
        if asked.makes:
            self._made.add(asked.makes)
        self._full = self._is_alone(asked) or len(self.members) >= self._most
        return True

    def _is_alone(self, asked: Asked) -> bool:
        """Say whether it goes by itself: it must, or it is of a message that has little time."""
        lease = asked.trace.lease
        return asked.by_itself or (lease is not None and lease.left() < self._least_lease)

    def _suits(self, asked: Asked) -> bool:
        settings = self._settings
        return (
            asked.operation is self.members[0].operation
            and self._weight + asked.weight <= settings.complexity
            and self._size + asked.size <= settings.size
            and not (asked.makes in self._made or asked.makes in self._needed)
            and self._made.isdisjoint(asked.needs)
            and not self._is_alone(asked)
        )


async def _by_itself(asked: Asked) -> None:
    """Have one operation sent as if there were no batches, and tell what came of it."""
    try:
        asked.tell(await asked.alone())
    except Exception as error:  # noqa: BLE001 - whoever waits gets it
        asked.tell(error)
